//! An LDAP client (RFC 4511) whose SASL bind an [`Endpoint`] does, and whose messages it then protects.
//!
//! Just enough: one bind with GSS-SPNEGO, one search for a base object. After a bind with integrity each side sends
//! wrapped messages, each with its length in four bytes in front (RFC 4422 section 3.7).

use core::net::SocketAddrV4;
use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail, ensure};

use crate::endpoint::{Endpoint, State, Step};
use crate::peer::PATIENCE;

/// Tags of RFC 4511.
mod tag {
    pub(super) const INTEGER: u8 = 0x02;
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const OCTET_STRING: u8 = 0x04;
    pub(super) const ENUMERATED: u8 = 0x0a;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const BIND_REQUEST: u8 = 0x60;
    pub(super) const BIND_RESPONSE: u8 = 0x61;
    pub(super) const SASL: u8 = 0xa3;
    pub(super) const SERVER_CREDENTIALS: u8 = 0x87;
    pub(super) const SEARCH_REQUEST: u8 = 0x63;
    pub(super) const SEARCH_ENTRY: u8 = 0x64;
    pub(super) const SEARCH_DONE: u8 = 0x65;
    pub(super) const PRESENT: u8 = 0x87;
}

/// Result codes of RFC 4511 section 4.1.9.
const SUCCESS: u8 = 0;
const SASL_BIND_IN_PROGRESS: u8 = 14;

/// What protects messages after the bind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protection {
    /// Nothing.
    None,
    /// A signature. Samba's directory seals all the same when it is NTLM that signs, and expects that.
    Signed,
    /// Encryption and a signature.
    Sealed,
}

/// How a bind went.
#[derive(Debug)]
pub struct Bound {
    /// The server's result code, 0 for success.
    pub result: u8,
    /// What the server says about a failure.
    pub message: String,
    /// The initiator's last step.
    pub step: Step,
    /// The tokens, the client's first, in turn.
    pub tokens: Vec<Vec<u8>>,
}

/// A connection to a directory.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    messages: u8,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn connect(address: SocketAddrV4) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, messages: 0 })
    }

    /// Binds with SASL mechanism GSS-SPNEGO, with the tokens of an endpoint that has been made an initiator. A
    /// server that refuses is a result, and so is an initiator that does.
    ///
    /// # Errors
    /// The connection breaks, or the server answers something else.
    pub fn bind(&mut self, initiator: &mut Endpoint) -> Result<Bound> {
        let mut tokens = Vec::new();
        let mut step = initiator.step(b"")?;
        loop {
            let Some(token) = step.token()?.filter(|_| step.state != State::Failed) else {
                ensure!(step.state == State::Failed, "the initiator waits, and has no token: {step:?}");
                return Ok(Bound { result: SASL_BIND_IN_PROGRESS, message: String::new(), step, tokens });
            };
            let sasl = element(
                tag::SASL,
                &[element(tag::OCTET_STRING, b"GSS-SPNEGO"), element(tag::OCTET_STRING, &token)].concat(),
            );
            let version_and_name = [element(tag::INTEGER, &[3]), element(tag::OCTET_STRING, b"")].concat();
            tokens.push(token);
            let request = self.message(&element(tag::BIND_REQUEST, &[version_and_name, sasl].concat()));
            self.stream.write_all(&request)?;
            let answer = self.read_clear()?;
            let mut fields = operation(&answer, tag::BIND_RESPONSE)?;
            let result = *fields.take(tag::ENUMERATED)?.first().context("a result code")?;
            let _matched = fields.take(tag::OCTET_STRING)?;
            let message = String::from_utf8_lossy(fields.take(tag::OCTET_STRING)?).into_owned();
            let credentials = fields.take(tag::SERVER_CREDENTIALS).map(<[u8]>::to_vec).ok();
            if ![SUCCESS, SASL_BIND_IN_PROGRESS].contains(&result) {
                return Ok(Bound { result, message, step, tokens });
            }
            if let Some(token) = &credentials {
                tokens.push(token.clone());
                if step.state == State::Continue {
                    step = initiator.step(token)?;
                }
            }
            if result != SASL_BIND_IN_PROGRESS || credentials.is_none() {
                return Ok(Bound { result, message, step, tokens });
            }
        }
    }

    /// Reads one attribute of an object; `None` when the object lacks it.
    ///
    /// # Errors
    /// The server refuses, a message does not open, or the connection breaks.
    pub fn read(
        &mut self,
        endpoint: &mut Endpoint,
        protection: Protection,
        object: &str,
        attribute: &str,
    ) -> Result<Option<Vec<u8>>> {
        let search = [
            element(tag::OCTET_STRING, object.as_bytes()),
            // The object itself, aliases as they are, no limits, values too.
            element(tag::ENUMERATED, &[0]),
            element(tag::ENUMERATED, &[0]),
            element(tag::INTEGER, &[0]),
            element(tag::INTEGER, &[0]),
            element(tag::BOOLEAN, &[0]),
            element(tag::PRESENT, b"objectClass"),
            element(tag::SEQUENCE, &element(tag::OCTET_STRING, attribute.as_bytes())),
        ];
        let request = self.message(&element(tag::SEARCH_REQUEST, &search.concat()));
        match protection {
            Protection::None => self.stream.write_all(&request)?,
            Protection::Signed | Protection::Sealed => {
                let token = endpoint.wrap(&request, true)?;
                self.stream.write_all(&u32::try_from(token.len())?.to_be_bytes())?;
                self.stream.write_all(&token)?;
            }
        }
        let (mut value, mut pending) = (None, Vec::new());
        loop {
            if pending.is_empty() {
                pending = match protection {
                    Protection::None => self.read_clear()?,
                    Protection::Signed | Protection::Sealed => self.read_wrapped(endpoint, protection)?,
                };
            }
            let mut rest = Fields(&pending);
            let message = rest.whole(tag::SEQUENCE)?.to_vec();
            pending = rest.0.to_vec();
            if let Ok(mut entry) = operation(&message, tag::SEARCH_ENTRY) {
                value = attribute_value(&mut entry)?;
                continue;
            }
            let mut fields = operation(&message, tag::SEARCH_DONE)?;
            let result = fields.take(tag::ENUMERATED)?.first().copied();
            let _matched = fields.take(tag::OCTET_STRING)?;
            let said = String::from_utf8_lossy(fields.take(tag::OCTET_STRING)?).into_owned();
            ensure!(result == Some(SUCCESS), "the search ends with {result:?}: {said}");
            return Ok(value);
        }
    }

    fn message(&mut self, operation: &[u8]) -> Vec<u8> {
        self.messages += 1;
        element(tag::SEQUENCE, &[&element(tag::INTEGER, &[self.messages]), operation].concat())
    }

    /// One message that nothing protects.
    fn read_clear(&mut self) -> Result<Vec<u8>> {
        let mut message = vec![0; 2];
        self.stream.read_exact(&mut message).context("the server's answer")?;
        let length = match usize::from(message[1]) {
            short @ 0..=0x7f => short,
            long => {
                let count = long & 0x7f;
                ensure!((1..=4).contains(&count), "a length in {count} bytes");
                let mut bytes = vec![0; count];
                self.stream.read_exact(&mut bytes)?;
                message.extend_from_slice(&bytes);
                bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
            }
        };
        let start = message.len();
        ensure!(length < 1 << 24, "an answer of {length} bytes");
        message.resize(start + length, 0);
        self.stream.read_exact(&mut message[start..])?;
        Ok(message)
    }

    /// The messages of one protected buffer.
    fn read_wrapped(&mut self, endpoint: &mut Endpoint, protection: Protection) -> Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).context("the server's wrapped answer")?;
        let length = usize::try_from(u32::from_be_bytes(length))?;
        ensure!(length < 1 << 24, "a buffer of {length} bytes");
        let mut token = vec![0; length];
        self.stream.read_exact(&mut token)?;
        let opened = endpoint.unwrap(&token)?;
        ensure!(opened.status == "ok", "{opened:?}");
        ensure!(protection == Protection::Signed || opened.conf == Some(true), "not sealed: {opened:?}");
        opened.data.context("no data")
    }
}

/// BER elements one after the other.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    /// The content of the next element, which must have this tag.
    fn take(&mut self, tag: u8) -> Result<&'b [u8]> {
        let whole = self.whole(tag)?;
        let start = if whole[1] < 0x80 { 2 } else { 2 + usize::from(whole[1] & 0x7f) };
        Ok(&whole[start..])
    }

    /// The next element with its tag and length.
    fn whole(&mut self, tag: u8) -> Result<&'b [u8]> {
        let [found, first, rest @ ..] = self.0 else { bail!("no element, expected tag {tag:#x}") };
        ensure!(*found == tag, "tag {found:#x}, expected {tag:#x}");
        let count = if *first < 0x80 { 0 } else { usize::from(first & 0x7f) };
        let digits = rest.get(..count).context("a truncated length")?;
        let length = match count {
            0 => usize::from(*first),
            _ => digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        let end = 2 + count + length;
        let whole = self.0.get(..end).with_context(|| format!("an element of {end} bytes is truncated"))?;
        self.0 = &self.0[end..];
        Ok(whole)
    }
}

/// The fields of a message's operation, which must have this tag.
fn operation(message: &[u8], tag: u8) -> Result<Fields<'_>> {
    let mut fields = Fields(Fields(message).take(tag::SEQUENCE)?);
    let _id = fields.take(tag::INTEGER)?;
    Ok(Fields(fields.take(tag)?))
}

/// The first value of an entry's first attribute.
fn attribute_value(entry: &mut Fields<'_>) -> Result<Option<Vec<u8>>> {
    let _name = entry.take(tag::OCTET_STRING)?;
    let mut attributes = Fields(entry.take(tag::SEQUENCE)?);
    if attributes.0.is_empty() {
        return Ok(None);
    }
    let mut attribute = Fields(attributes.take(tag::SEQUENCE)?);
    let _kind = attribute.take(tag::OCTET_STRING)?;
    let mut values = Fields(attribute.take(0x31)?);
    Ok(Some(values.take(tag::OCTET_STRING)?.to_vec()))
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len();
    if length < 0x80 {
        bytes.push(u8::try_from(length).unwrap_or_default());
    } else {
        bytes.push(0x84);
        bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_as_written() {
        let long = element(tag::OCTET_STRING, &[7; 300]);
        let both = [element(tag::INTEGER, &[1]), long].concat();
        let mut fields = Fields(&both);
        assert_eq!(fields.take(tag::INTEGER).unwrap(), [1]);
        assert_eq!(fields.take(tag::OCTET_STRING).unwrap(), [7; 300]);
        assert!(fields.take(tag::OCTET_STRING).is_err(), "none is left");
    }

    #[test]
    fn truncated_and_unexpected_elements_are_errors() {
        assert!(Fields(&[tag::INTEGER, 2, 1]).take(tag::INTEGER).is_err());
        assert!(Fields(&[tag::INTEGER, 0x82, 1]).take(tag::INTEGER).is_err());
        assert!(Fields(&[tag::INTEGER, 1, 1]).take(tag::OCTET_STRING).is_err());
    }
}
