//! AUTHENTICATE, checked (MS-NLMP 3.2.5.1.2).
//!
//! Every check ends in a value that only it can make, and no context is made without all of them.

use super::accepted::{Accepted, AccountName};
use super::challenge::{charset, check_strength};
use super::config::{AcceptorConfig, Allow, TargetChecked};
use super::error::AcceptorError;
use crate::context::{Agreed, Context};
use crate::primitive::tags_match;
use crate::secret::{NtHash, NtlmV2Hash, SessionKey};
use crate::users::{Account, Found, PassThrough, PassThroughError, UserHash};
use crate::wire::{
    AuthenticateMessage, AvFlags, AvId, AvPairs, ChallengeMessage, NegotiateFlags, NegotiateMessage,
    NtlmV2Response, ResponseKind,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;
use gss_core::bindings::{BindingCheck, BindingChecked};
use gss_core::{Role, Timestamp};
use subtle::Choice;
use zeroize::Zeroizing;

/// The first two messages, and what matters of them.
pub(super) struct Exchange {
    /// NEGOTIATE (none for datagrams) and CHALLENGE as they went over the wire, one behind the other.
    pub(super) messages: Vec<u8>,
    pub(super) flags: NegotiateFlags,
    pub(super) server_challenge: [u8; 8],
    /// The attributes of CHALLENGE, to come back in the answer.
    pub(super) attributes: Option<Vec<u8>>,
}

impl Exchange {
    /// An exchange of an earlier life.
    pub(super) fn parse(negotiate: &[u8], challenge: &[u8]) -> Result<Self, AcceptorError> {
        if !negotiate.is_empty() {
            NegotiateMessage::parse(negotiate)?;
        }
        let sent = ChallengeMessage::parse(challenge)?;
        let attributes = sent.target_info.map(|pairs| Vec::from(pairs.as_bytes()));
        Ok(Self {
            messages: [negotiate, challenge].concat(),
            flags: sent.flags,
            server_challenge: sent.server_challenge,
            attributes,
        })
    }

    /// Takes the client's answer.
    pub(super) fn accept(
        &self,
        config: &AcceptorConfig,
        bindings: &BindingCheck,
        input: &mut [u8],
        now: Timestamp,
    ) -> Result<Context<Accepted>, AcceptorError> {
        let message = AuthenticateMessage::parse(input, charset(self.flags))?;
        // What we did not grant, nobody can take.
        let flags = message.flags.map_or(self.flags, |flags| flags & self.flags);
        match ResponseKind::of(message.lm_response, message.nt_response)? {
            ResponseKind::NtlmV2 => {}
            ResponseKind::None if message.user.is_empty() => {
                return anonymous(config, bindings, &message, flags);
            }
            ResponseKind::None => return Err(AcceptorError::EmptyResponse),
            kind => return Err(AcceptorError::OldResponse { kind }),
        }
        check_strength(config, flags)?;
        if message.user.is_empty() {
            return Err(AcceptorError::EmptyUser);
        }
        // `DOMAIN\user` in one name would print, and to some directories mean, the same as in two.
        if [message.user, message.domain].iter().any(|name| name.chars().any(|c| c == '\\')) {
            return Err(AcceptorError::BackslashInName);
        }
        let response = NtlmV2Response::parse(message.nt_response, message.nt_response_offset())?;
        let echo = self.check_echo(&response.av_pairs)?;
        let (proof, base_key) = self.check_proof(config, &message, &response)?;
        let key = exported_key(flags, &message, base_key)?;
        let av = response.av_pairs;
        config.check_time(response.time.to_timestamp(), now)?;
        let bindings = bindings.check(av.channel_bindings(), false)?;
        let named = av.target_name().filter(|_| !av.flags().contains(AvFlags::UNTRUSTED_SPN));
        let target = config.check_target(named)?;
        let mut account =
            AccountName { user: message.user.to_owned_string(), domain: message.domain.to_owned_string() };
        let accepted = Accepted {
            target: named.filter(|name| !name.is_empty()).map(|name| name.to_owned_string()),
            ..Accepted::anonymous(&message, config.names())
        };
        let expected = promises_mic(&response).then_some(message.mic);
        let mic = self.check_mic(config, expected, &key, input)?;
        if matches!((&proof, &mic), (ProofChecked::WithoutDomain, MicChecked(false))) {
            account.domain.clear();
        }
        let accepted = Accepted { account: Some(account), mic: mic.0, ..accepted };
        let checks = Checks { _echo: echo, _proof: proof, _target: target, bindings, mic };
        checks.into_context(accepted, flags, key)
    }

    /// Every attribute of our challenge has to come back as it was sent: then the answer is to our challenge, and nobody
    /// changed our names on the way.
    fn check_echo(&self, received: &AvPairs<'_>) -> Result<EchoChecked, AcceptorError> {
        let sent = self.attributes.as_deref().map(AvPairs::own);
        let changed = sent.iter().flat_map(AvPairs::iter).find(|pair| {
            // The client says more in its flags than we did.
            pair.id != AvId::FLAGS && received.get(pair.id) != Some(pair.value)
        });
        match changed {
            Some(pair) => Err(AcceptorError::AttributeChanged { id: pair.id }),
            None => Ok(EchoChecked(())),
        }
    }

    /// Checks that the client knows the password. Unknown users take the same path as wrong passwords.
    fn check_proof(
        &self,
        config: &AcceptorConfig,
        message: &AuthenticateMessage<'_>,
        response: &NtlmV2Response<'_>,
    ) -> Result<(ProofChecked, SessionKey), AcceptorError> {
        let account = Account { user: message.user, domain: message.domain };
        let as_sent = |hash: &NtHash| hash.v2(message.user.chars(), message.domain.chars());
        let mut prepared = true;
        let (known, user) = match config.users().find(&account) {
            Found::Prepared(user) => (Choice::from(1), user),
            Found::Unknown => (Choice::from(0), Arc::clone(config.nobody())),
            Found::NtHash(nt_hash) => {
                prepared = false;
                (Choice::from(1), Arc::new(UserHash { v2_hash: as_sent(&nt_hash), nt_hash }))
            }
            Found::Elsewhere => return self.pass_through(config, message, account),
        };
        let check = |hash: &NtlmV2Hash| {
            let (expected, key) = hash.respond(&self.server_challenge, response.blob);
            bool::from(known & tags_match(&expected, &response.proof)).then_some(key)
        };
        // A hash that was prepared may be one without a domain. With a MIC that does not matter: it covers the domain.
        let says_domain = !prepared || message.domain.is_empty() || promises_mic(response);
        if let Some(key) = check(&user.v2_hash).filter(|_| says_domain) {
            return Ok((ProofChecked::AsSent, key));
        }
        // Whoever is refused is refused three times, with two hashes made here, known or not, prepared or not.
        let again = if prepared { as_sent(user.nt_hash()) } else { user.v2_hash.clone() };
        if let Some(key) = check(&again) {
            return Ok((ProofChecked::AsSent, key));
        }
        // Some clients leave the domain out of the hash.
        match check(&user.nt_hash().v2(message.user.chars(), iter::empty())) {
            Some(key) => Ok((ProofChecked::WithoutDomain, key)),
            None => Err(AcceptorError::LogonFailed),
        }
    }

    /// Has somebody else check it.
    fn pass_through(
        &self,
        config: &AcceptorConfig,
        message: &AuthenticateMessage<'_>,
        account: Account<'_>,
    ) -> Result<(ProofChecked, SessionKey), AcceptorError> {
        let logon = PassThrough {
            account,
            workstation: message.workstation,
            server_challenge: &self.server_challenge,
            lm_response: message.lm_response,
            nt_response: message.nt_response,
        };
        match config.users().pass_through(&logon) {
            Ok(key) => Ok((ProofChecked::AsSent, key)),
            Err(PassThroughError::Denied) => Err(AcceptorError::LogonFailed),
            Err(PassThroughError::Unavailable(reason)) => Err(AcceptorError::PassThrough { reason }),
        }
    }

    /// Checks the MIC over all three messages. Whether there has to be one is said by a flag inside the proof, which
    /// nobody can clear without the password (the lesson of CVE-2019-1040).
    fn check_mic(
        &self,
        config: &AcceptorConfig,
        expected: Option<Option<[u8; 16]>>,
        key: &SessionKey,
        message: &mut [u8],
    ) -> Result<MicChecked, AcceptorError> {
        let mic = match expected {
            Some(Some(mic)) => mic,
            Some(None) => return Err(AcceptorError::MicFieldMissing),
            None if config.allows(Allow::WITHOUT_MIC) => return Ok(MicChecked(false)),
            None => return Err(AcceptorError::MicMissing),
        };
        let end = AuthenticateMessage::MIC_OFFSET.saturating_add(mic.len());
        message.get_mut(AuthenticateMessage::MIC_OFFSET..end).unwrap_or_default().fill(0);
        if key.verify_mic(&[&self.messages, message], &mic) {
            Ok(MicChecked(true))
        } else {
            Err(AcceptorError::BadMic)
        }
    }
}

fn promises_mic(response: &NtlmV2Response<'_>) -> bool {
    response.av_pairs.flags().contains(AvFlags::MIC_PRESENT)
}

/// Lets a client in that proves nothing, if the caller wants that, and does not require what only a proof can say. There
/// is no key.
fn anonymous(
    config: &AcceptorConfig,
    bindings: &BindingCheck,
    message: &AuthenticateMessage<'_>,
    flags: NegotiateFlags,
) -> Result<Context<Accepted>, AcceptorError> {
    if !config.allows(Allow::ANONYMOUS) {
        return Err(AcceptorError::Anonymous);
    }
    let bindings = bindings.check(None, false)?;
    config.check_target(None)?;
    let agreed = Agreed {
        role: Role::Acceptor,
        flags: flags.without(NegotiateFlags::SIGN | NegotiateFlags::SEAL),
        anonymous: true,
        binding: bindings.outcome(),
        mic: false,
        key: SessionKey::from_bytes([0; 16]),
    };
    Ok(Context::new(Accepted::anonymous(message, config.names()), agreed)?)
}

/// The `ExportedSessionKey` (MS-NLMP 3.2.5.1.2).
fn exported_key(
    flags: NegotiateFlags,
    message: &AuthenticateMessage<'_>,
    base_key: SessionKey,
) -> Result<SessionKey, AcceptorError> {
    if !flags.contains(NegotiateFlags::KEY_EXCHANGE) {
        return Ok(base_key);
    }
    let encrypted = message.encrypted_session_key;
    let mut key: Zeroizing<[u8; 16]> = encrypted
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| AcceptorError::SessionKeyLength { found: encrypted.len() })?;
    base_key.exchange(&mut key);
    Ok(SessionKey::from_bytes(*key))
}

/// Proof that the answer is to our challenge.
struct EchoChecked(());

/// Proof that the client knows the password, and which names it proved with it.
#[derive(Clone, Copy)]
enum ProofChecked {
    AsSent,
    /// The user only: nothing says that the client sent this domain.
    WithoutDomain,
}

/// Proof that the MIC is right, or (`false`) may be missing.
struct MicChecked(bool);

/// All that has to be checked before a user is let in.
struct Checks {
    _echo: EchoChecked,
    _proof: ProofChecked,
    _target: TargetChecked,
    bindings: BindingChecked,
    mic: MicChecked,
}

impl Checks {
    fn into_context(
        self,
        accepted: Accepted,
        flags: NegotiateFlags,
        key: SessionKey,
    ) -> Result<Context<Accepted>, AcceptorError> {
        let agreed = Agreed {
            role: Role::Acceptor,
            flags,
            anonymous: false,
            binding: self.bindings.outcome(),
            mic: self.mic.0,
            key,
        };
        Ok(Context::new(accepted, agreed)?)
    }
}
