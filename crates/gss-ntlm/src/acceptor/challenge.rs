//! CHALLENGE (MS-NLMP 3.2.5.1.1).

use super::config::{AcceptorConfig, Allow};
use super::error::AcceptorError;
use crate::initiator::VERSION;
use crate::wire::{
    AvId, AvPairs, ChallengeMessage, Charset, FileTime, NegotiateFlags, NegotiateMessage, Text, put_av_pair,
    put_av_text, put_utf16,
};
use alloc::vec::Vec;
use gss_core::{Env, TokenSink};

/// Answers the NEGOTIATE in `input`, which is empty for datagrams. Returns what it wrote.
pub(super) fn write(
    config: &AcceptorConfig,
    input: &[u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Result<Vec<u8>, AcceptorError> {
    let requested = if config.is_datagram() {
        if !input.is_empty() {
            return Err(AcceptorError::NegotiateInDatagram { length: input.len() });
        }
        NegotiateFlags::UNICODE
            | NegotiateFlags::EXTENDED_SESSION_SECURITY
            | NegotiateFlags::DATAGRAM
            | GRANTED
    } else {
        NegotiateMessage::parse(input)?.flags.without(NegotiateFlags::DATAGRAM)
    };
    let flags = grant(config, requested)?;
    let names = config.names();
    let mut target_info = Vec::with_capacity(ROOM);
    for (id, name) in names.pairs() {
        put_av_text(&mut target_info, id, name)?;
    }
    put_av_pair(&mut target_info, AvId::TIMESTAMP, &FileTime::from_timestamp(env.now).0.to_le_bytes())?;
    put_av_pair(&mut target_info, AvId::EOL, &[])?;
    let mut server_challenge = [0; 8];
    env.rng.fill_bytes(&mut server_challenge);
    let (kind, name) = match names.domain_name() {
        Some(domain) => (NegotiateFlags::TARGET_TYPE_DOMAIN, domain),
        None => (NegotiateFlags::TARGET_TYPE_SERVER, names.computer()),
    };
    let charset = charset(flags);
    let mut target_name = Vec::with_capacity(ROOM);
    match charset {
        Charset::Unicode => put_utf16(&mut target_name, name)?,
        // A name that OEM cannot express is told among the attributes only.
        Charset::Oem if name.is_ascii() => target_name.extend_from_slice(name.as_bytes()),
        Charset::Oem => {}
    }
    let start = output.len();
    let message = ChallengeMessage {
        flags: flags | kind | NegotiateFlags::TARGET_INFO,
        target_name: Some(Text::parse(&target_name, charset, 0).map_err(AcceptorError::OwnName)?),
        server_challenge,
        target_info: Some(AvPairs::parse(&target_info, 0).map_err(AcceptorError::OwnAttributes)?),
        version: flags.contains(NegotiateFlags::VERSION).then_some(VERSION),
    };
    message.write(output)?;
    Ok(Vec::from(output.as_slice().get(start..).unwrap_or_default()))
}

/// Bytes that most names, and attributes of a server, have room in.
const ROOM: usize = 256;

/// What is granted to who asks for it, besides the charset.
const GRANTED: NegotiateFlags = NegotiateFlags::from_bits(
    NegotiateFlags::SIGN.bits()
        | NegotiateFlags::SEAL.bits()
        | NegotiateFlags::DATAGRAM.bits()
        | NegotiateFlags::EXTENDED_SESSION_SECURITY.bits()
        | NegotiateFlags::IDENTIFY.bits()
        | NegotiateFlags::VERSION.bits()
        | NegotiateFlags::KEY_128.bits()
        | NegotiateFlags::KEY_56.bits()
        | NegotiateFlags::KEY_EXCHANGE.bits(),
);

fn grant(config: &AcceptorConfig, requested: NegotiateFlags) -> Result<NegotiateFlags, AcceptorError> {
    check_strength(config, requested)?;
    let charset = match charset(requested) {
        Charset::Unicode => NegotiateFlags::UNICODE,
        Charset::Oem => NegotiateFlags::OEM,
    };
    let always = NegotiateFlags::REQUEST_TARGET | NegotiateFlags::NTLM | NegotiateFlags::ALWAYS_SIGN;
    Ok((requested & GRANTED) | always | charset)
}

/// Unicode unless the other side knows OEM only.
pub(super) fn charset(flags: NegotiateFlags) -> Charset {
    if flags.contains(NegotiateFlags::UNICODE) { Charset::Unicode } else { Charset::Oem }
}

/// Refuses sessions without extended security, and keys that are too short to protect messages with.
pub(super) fn check_strength(config: &AcceptorConfig, flags: NegotiateFlags) -> Result<(), AcceptorError> {
    if !flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY) {
        return Err(AcceptorError::NoExtendedSessionSecurity);
    }
    let protects = flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL);
    let short = config.allows(Allow::KEYS_OF_56_BITS) && flags.contains(NegotiateFlags::KEY_56);
    if protects && !flags.contains(NegotiateFlags::KEY_128) && !short {
        return Err(AcceptorError::ShortKeys { flags });
    }
    Ok(())
}
