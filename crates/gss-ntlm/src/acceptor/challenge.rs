//! CHALLENGE (MS-NLMP 3.2.5.1.1).

use super::config::{AcceptorConfig, Allow};
use super::error::AcceptorError;
use super::request::Exchange;
use crate::initiator::VERSION;
use crate::wire::{
    AvId, AvPairs, ChallengeMessage, Charset, FileTime, NegotiateFlags, NegotiateMessage, Text, put_av_pair,
};
use alloc::vec::Vec;
use gss_core::{Env, TokenSink};

/// Answers the NEGOTIATE in `input`, which is empty for datagrams.
pub(super) fn write(
    config: &AcceptorConfig,
    input: &[u8],
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Result<Exchange, AcceptorError> {
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
    let names = config.written_names()?;
    let mut server_challenge = [0; 8];
    env.rng.fill_bytes(&mut server_challenge);
    let charset = charset(flags);
    let target_name = match charset {
        Charset::Unicode => names.target.as_slice(),
        // A name that OEM cannot express is told among the attributes only.
        Charset::Oem => names.target_oem.as_deref().unwrap_or_default().as_bytes(),
    };
    let mut attributes = Vec::with_capacity(names.attributes.len().saturating_add(TIME_AND_END));
    attributes.extend_from_slice(&names.attributes);
    put_av_pair(&mut attributes, AvId::TIMESTAMP, &FileTime::from_timestamp(env.now).0.to_le_bytes())?;
    put_av_pair(&mut attributes, AvId::EOL, &[])?;
    let start = output.len();
    let message = ChallengeMessage {
        flags: flags | names.target_type | NegotiateFlags::TARGET_INFO,
        target_name: Some(Text::own(target_name, charset)),
        server_challenge,
        target_info: Some(AvPairs::own(&attributes)),
        version: flags.contains(NegotiateFlags::VERSION).then_some(VERSION),
    };
    message.write(output)?;
    let written = output.as_slice().get(start..).unwrap_or_default();
    let messages = [input, written].concat();
    Ok(Exchange { messages, flags: message.flags, server_challenge, attributes: Some(attributes) })
}

/// Bytes of the last two attributes.
const TIME_AND_END: usize = 16;

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
