//! The answer to a challenge (MS-NLMP 3.1.5.1.2), written where it is sent from.

use super::{InitiatorError, Options, Transport};
use crate::context::Agreed;
use crate::logon::{Identity, LogonRef};
use crate::secret::{NtlmV2Hash, SessionKey};
use crate::wire::{
    AuthenticateMessage, AvFlags, AvId, AvPairs, ChallengeMessage, FileTime, NegotiateFlags, PayloadWriter,
    authenticate_slot as slot, put_av_pair, put_av_text, put_utf16,
};
use gss_core::bindings::BindingDigest;
use gss_core::{BindingOutcome, CryptoRng, Env, Role, Timestamp, TokenSink};
use zeroize::Zeroizing;

/// Answers the challenge in `input`.
pub(super) fn answer(
    logon: &LogonRef<'_>,
    options: &Options,
    negotiate: Option<&[u8]>,
    input: &[u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Result<Agreed, InitiatorError> {
    let challenge = Checked::new(ChallengeMessage::parse(input)?, options)?;
    let start = output.len();
    let (user, domain, v2_hash) = match logon.identity {
        Identity::User { user: "", .. } => return Err(InitiatorError::EmptyUser),
        Identity::User { user, domain, v2_hash } => (user, domain, v2_hash),
        Identity::Anonymous => return anonymous(logon, options, &challenge, output),
    };
    let flags = challenge.agreed;
    let mut writer = PayloadWriter::new(output, slot::HEADER_LEN)?;
    write_name(&mut writer, slot::DOMAIN.at, domain)?;
    write_name(&mut writer, slot::USER.at, user)?;
    write_name(&mut writer, slot::WORKSTATION.at, logon.workstation)?;
    let Random { client_challenge, key: exported } = Random::draw(env.rng);
    let proof = Proof { logon, options, challenge: &challenge, client_challenge, v2_hash };
    let key_exchange_key = proof.write(&mut writer, env.now)?;
    let key = if flags.contains(NegotiateFlags::KEY_EXCHANGE) {
        let mut encrypted = *exported.secret_bytes();
        key_exchange_key.exchange(&mut encrypted);
        let field = writer.begin();
        writer.sink().put(&encrypted)?;
        writer.end(field, slot::SESSION_KEY.at)?;
        exported
    } else {
        writer.empty(slot::SESSION_KEY.at)?;
        key_exchange_key
    };
    write_header(&mut writer, flags, options)?;
    let message = output.as_mut_slice().get_mut(start..).unwrap_or_default();
    let mic = key.mic(&[negotiate.unwrap_or_default(), input, message]);
    let place = message.get_mut(AuthenticateMessage::MIC_OFFSET..slot::HEADER_LEN);
    place.unwrap_or_default().copy_from_slice(&mic);
    let binding = match options.bindings {
        BindingDigest::NONE => BindingOutcome::Absent,
        _ => BindingOutcome::Bound,
    };
    Ok(Agreed { role: Role::Initiator, flags, anonymous: false, binding, mic: true, key })
}

/// A challenge that grants what was asked for.
struct Checked<'a> {
    message: ChallengeMessage<'a>,
    agreed: NegotiateFlags,
}

impl<'a> Checked<'a> {
    fn new(message: ChallengeMessage<'a>, options: &Options) -> Result<Self, InitiatorError> {
        let requested = options.requested();
        let granted = message.flags & requested;
        let mut required = NegotiateFlags::UNICODE | NegotiateFlags::EXTENDED_SESSION_SECURITY;
        let protection = options.required();
        if protection != NegotiateFlags::NONE {
            required = required.with(protection);
            if !(options.weak_keys && granted.contains(NegotiateFlags::KEY_56)) {
                required = required.with(NegotiateFlags::KEY_128);
            }
        }
        if !granted.contains(required) {
            return Err(InitiatorError::NotGranted { missing: required.without(granted) });
        }
        let datagram = message.flags.contains(NegotiateFlags::DATAGRAM);
        if datagram != (options.transport == Transport::Datagram) {
            return Err(InitiatorError::Transport { datagram });
        }
        let named = |id| message.target_info.is_some_and(|pairs| pairs.get(id).is_some());
        if protection != NegotiateFlags::NONE
            && !(named(AvId::NB_COMPUTER_NAME) && named(AvId::NB_DOMAIN_NAME))
        {
            return Err(InitiatorError::ServerNamesMissing);
        }
        // What the server says about itself is repeated, as Windows does.
        let about_server = NegotiateFlags::TARGET_INFO
            | NegotiateFlags::TARGET_TYPE_DOMAIN
            | NegotiateFlags::TARGET_TYPE_SERVER;
        Ok(Self { agreed: granted | (message.flags & about_server), message })
    }
}

/// What the responses are made from.
struct Proof<'a> {
    logon: &'a LogonRef<'a>,
    options: &'a Options,
    challenge: &'a Checked<'a>,
    client_challenge: [u8; 8],
    v2_hash: &'a NtlmV2Hash,
}

impl Proof<'_> {
    /// Writes both responses and returns the `KeyExchangeKey`, which is the `SessionBaseKey` (MS-NLMP 3.3.2, 3.4.5.1).
    fn write(&self, writer: &mut PayloadWriter<'_>, now: Timestamp) -> Result<SessionKey, InitiatorError> {
        let server_challenge = &self.challenge.message.server_challenge;
        let server_time = self.challenge.message.target_info.and_then(|pairs| pairs.timestamp());

        let field = writer.begin();
        // A server that tells the time does not look at the LM response (MS-NLMP 3.1.5.1.2).
        let lm_response = match server_time {
            Some(_) => [0; 24],
            None => self.v2_hash.lm_v2(server_challenge, &self.client_challenge),
        };
        writer.sink().put(&lm_response)?;
        writer.end(field, slot::LM_RESPONSE.at)?;

        let field = writer.begin();
        let start = writer.sink().len();
        let time = server_time.unwrap_or_else(|| FileTime::from_timestamp(now));
        let sink = writer.sink();
        sink.put(&[0; PROOF_LEN])?;
        sink.put(&[1, 1, 0, 0, 0, 0, 0, 0])?;
        sink.put(&time.0.to_le_bytes())?;
        sink.put(&self.client_challenge)?;
        sink.put(&[0; 4])?;
        self.write_av_pairs(sink)?;
        sink.put(&[0; 4])?;
        let response = sink.as_mut_slice().get_mut(start..).unwrap_or_default();
        let (place, blob) = response.split_at_mut_checked(PROOF_LEN).unwrap_or_default();
        let (proof, key) = self.v2_hash.respond(server_challenge, blob);
        place.copy_from_slice(&proof);
        writer.end(field, slot::NT_RESPONSE.at)?;
        Ok(key)
    }

    /// The server's attributes, and after them ours. Whatever the server says in our place is left out.
    fn write_av_pairs(&self, sink: &mut dyn TokenSink) -> Result<(), InitiatorError> {
        let pairs = self.challenge.message.target_info;
        let ours = [AvId::FLAGS, AvId::TARGET_NAME, AvId::CHANNEL_BINDINGS];
        let theirs = pairs.iter().flat_map(AvPairs::iter).filter(|pair| !ours.contains(&pair.id));
        for pair in theirs {
            put_av_pair(sink, pair.id, pair.value)?;
        }
        let mut flags = pairs.map_or(AvFlags::NONE, |pairs| pairs.flags()).with(AvFlags::MIC_PRESENT);
        // A relay that could say this for us would get past the check of our target.
        flags = flags.without(AvFlags::UNTRUSTED_SPN);
        if self.options.untrusted_target {
            flags = flags.with(AvFlags::UNTRUSTED_SPN);
        }
        put_av_pair(sink, AvId::FLAGS, &flags.bits().to_le_bytes())?;
        // Zeros would say the same as nothing, but some servers take them for bindings.
        if self.options.bindings != BindingDigest::NONE {
            put_av_pair(sink, AvId::CHANNEL_BINDINGS, &self.options.bindings.0)?;
        }
        if let Some(target) = self.logon.target {
            put_av_text(sink, AvId::TARGET_NAME, target)?;
        }
        Ok(put_av_pair(sink, AvId::EOL, &[])?)
    }
}

/// Bytes of an `NTProofStr`.
const PROOF_LEN: usize = 16;

/// An anonymous logon (MS-NLMP 3.1.5.1.2): no user, an LM response of one zero byte, and no key, so that there is
/// nothing to protect messages with.
fn anonymous(
    logon: &LogonRef<'_>,
    options: &Options,
    challenge: &Checked<'_>,
    output: &mut dyn TokenSink,
) -> Result<Agreed, InitiatorError> {
    let keyed = NegotiateFlags::SIGN | NegotiateFlags::SEAL | NegotiateFlags::KEY_EXCHANGE;
    let flags = challenge.agreed.without(keyed).with(NegotiateFlags::ANONYMOUS);
    let mut writer = PayloadWriter::new(output, slot::HEADER_LEN_WITHOUT_MIC)?;
    write_name(&mut writer, slot::DOMAIN.at, "")?;
    write_name(&mut writer, slot::USER.at, "")?;
    write_name(&mut writer, slot::WORKSTATION.at, logon.workstation)?;
    let field = writer.begin();
    writer.sink().put(&[0])?;
    writer.end(field, slot::LM_RESPONSE.at)?;
    writer.empty(slot::NT_RESPONSE.at)?;
    writer.empty(slot::SESSION_KEY.at)?;
    write_header(&mut writer, flags, options)?;
    Ok(Agreed {
        role: Role::Initiator,
        flags,
        anonymous: true,
        binding: BindingOutcome::Absent,
        mic: false,
        key: SessionKey::from_bytes([0; 16]),
    })
}

fn write_name(writer: &mut PayloadWriter<'_>, at: usize, name: &str) -> Result<(), InitiatorError> {
    let field = writer.begin();
    put_utf16(writer.sink(), name)?;
    Ok(writer.end(field, at)?)
}

fn write_header(
    writer: &mut PayloadWriter<'_>,
    flags: NegotiateFlags,
    options: &Options,
) -> Result<(), InitiatorError> {
    writer.fixed(0, b"NTLMSSP\0\x03\0\0\0")?;
    writer.fixed(slot::FLAGS_AT, &flags.bits().to_le_bytes())?;
    if flags.contains(NegotiateFlags::VERSION) {
        writer.fixed(slot::VERSION_AT, &options.version.to_bytes())?;
    }
    Ok(())
}

/// What an answer has of randomness.
struct Random {
    client_challenge: [u8; 8],
    key: SessionKey,
}

impl Random {
    /// All at once: a source outside the program costs as much for one byte as for all.
    fn draw(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 24]);
        rng.fill_bytes(&mut *bytes);
        let [c0, c1, c2, c3, c4, c5, c6, c7, key @ ..] = *bytes;
        Self { client_challenge: [c0, c1, c2, c3, c4, c5, c6, c7], key: SessionKey::from_bytes(key) }
    }
}
