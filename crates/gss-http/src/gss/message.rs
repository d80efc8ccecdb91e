//! The parameters of the scheme, as each side sends them.

mod client;
mod error;
mod server;

pub use self::client::{ClientMessage, MAX_MIC, UnknownBinding};
pub use self::error::{ParamError, ParamErrorKind};
pub use self::server::{ServerMessage, State};

use super::NAME;
use crate::base64;
use crate::challenge::Value;
use crate::legs::{TokenError, decode_token};
use alloc::string::String;
use alloc::vec::Vec;

/// The names of the parameters.
pub(super) mod name {
    pub(in crate::gss) const BINDING: &str = "cb";
    pub(in crate::gss) const CONTEXT: &str = "ctx";
    pub(in crate::gss) const DATA: &str = "data";
    pub(in crate::gss) const MIC: &str = "mic";
    pub(in crate::gss) const NONCE: &str = "nonce";
    pub(in crate::gss) const REALM: &str = "realm";
    pub(in crate::gss) const STALE: &str = "stale";
    pub(in crate::gss) const STATE: &str = "state";
}

/// The bytes of a parameter in base64, written as a token or in quotes.
fn bytes(name: &'static str, value: Value<'_>, limit: usize) -> Result<Vec<u8>, ParamError> {
    let error = |kind| ParamError { param: name, kind };
    // What is too long is refused before it is copied.
    let characters = value.as_written().len();
    if characters / 4 > limit {
        let found = (characters / 4).saturating_mul(3);
        return Err(error(ParamErrorKind::Base64(TokenError::TooLong { found, limit })));
    }
    let text: Vec<u8> = value.bytes().collect();
    let text = core::str::from_utf8(&text).map_err(|_| error(ParamErrorKind::NotAscii))?;
    let mut bytes = Vec::new();
    decode_token(text, limit, &mut bytes).map_err(|kind| error(ParamErrorKind::Base64(kind)))?;
    if bytes.is_empty() { Err(error(ParamErrorKind::Empty)) } else { Ok(bytes) }
}

/// Writes parameters, with the scheme in front or without.
struct Writer {
    text: String,
    separator: &'static str,
}

impl Writer {
    /// Credentials or a challenge.
    fn scheme() -> Self {
        Self { text: String::from(NAME), separator: " " }
    }

    /// What `Authentication-Info` has.
    fn bare() -> Self {
        Self { text: String::new(), separator: "" }
    }

    fn begin(&mut self, name: &str) {
        self.text.push_str(self.separator);
        self.text.push_str(name);
        self.text.push('=');
        self.separator = ", ";
    }

    fn token(&mut self, name: &str, value: &str) {
        self.begin(name);
        self.text.push_str(value);
    }

    /// Quotes a value. What is neither visible ASCII nor a space is left out: only a realm can have that.
    fn quoted(&mut self, name: &str, value: &str) {
        self.begin(name);
        self.text.push('"');
        for character in value.chars() {
            if matches!(character, '"' | '\\') {
                self.text.push('\\');
            }
            if character == ' ' || character.is_ascii_graphic() {
                self.text.push(character);
            }
        }
        self.text.push('"');
    }

    fn base64(&mut self, name: &str, value: &[u8]) {
        let mut text = Vec::new();
        // A vector is never full, and what is written is ASCII: neither error occurs.
        if base64::encode(value, &mut text).is_err() {
            text.clear();
        }
        self.begin(name);
        self.text.push('"');
        self.text.push_str(core::str::from_utf8(&text).unwrap_or_default());
        self.text.push('"');
    }

    fn finish(self) -> String {
        self.text
    }
}
