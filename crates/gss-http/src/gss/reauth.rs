//! What is signed when a context is used again, by the client, and checked by the server.

use super::{Binding, Nonce};
use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::TlsChannel;

/// What begins the signed message: no MIC over anything else is one over this.
const LABEL: &[u8] = b"http-gss-reauth";

/// The parts of a request that the MIC covers. Both sides have to take them from the request as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    /// The method, `GET` for instance.
    pub method: &'a str,
    /// Scheme, host in lower case and port of the server: `https://www.example.com:443`, with the port even where it is
    /// the scheme's own. For [`Side::Proxy`](crate::Side::Proxy) those of the proxy. A server takes them from its own
    /// configuration, or checks that they are its own: `Host` says what the client likes.
    pub origin: &'a str,
    /// The request target (RFC 9112 section 3.2); on HTTP/2 and HTTP/3 what is in `:path`.
    pub target: &'a str,
    /// The value of the `Content-Digest` field (RFC 9530), several lines joined by `, `; `None` without one. The body is
    /// covered only if there is one, and if the server compares it with the body.
    pub content_digest: Option<&'a [u8]>,
    /// What is known about the TLS connection.
    pub channel: &'a TlsChannel,
}

impl RequestParts<'_> {
    /// Refuses parts that would shift the ones behind them in the signed message.
    pub(super) fn check(&self) -> Result<(), NulInRequest> {
        let parts = [
            ("method", self.method.as_bytes()),
            ("origin", self.origin.as_bytes()),
            ("request target", self.target.as_bytes()),
            ("Content-Digest", self.content_digest.unwrap_or_default()),
        ];
        match parts.into_iter().find(|(_, value)| value.contains(&0)) {
            Some((part, _)) => Err(NulInRequest { part }),
            None => Ok(()),
        }
    }

    /// The bytes that are signed:
    ///
    /// ```text
    /// "http-gss-reauth" NUL method NUL origin NUL request-target NUL nonce NUL binding NUL content-digest
    /// ```
    /// with the nonce in decimal digits, the binding's data as it is, and nothing for a `Content-Digest` that is not
    /// there. No two requests have the same: only the binding's data may have NUL in it, and its length is fixed by
    /// its kind and the server's certificate.
    ///
    /// # Errors
    /// [`NulInRequest`].
    pub fn signed_message(&self, nonce: Nonce, binding: &Binding) -> Result<Vec<u8>, NulInRequest> {
        use core::fmt::Write;

        self.check()?;
        let mut digits = alloc::string::String::new();
        // Writing to a String does not fail.
        let _ = write!(digits, "{nonce}");
        let parts: [&[u8]; 7] = [
            LABEL,
            self.method.as_bytes(),
            self.origin.as_bytes(),
            self.target.as_bytes(),
            digits.as_bytes(),
            binding.data(),
            self.content_digest.unwrap_or_default(),
        ];
        Ok(parts.join(&0))
    }
}

/// A part of the request has a NUL byte, which no request may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NulInRequest {
    /// The part.
    pub part: &'static str,
}

impl fmt::Display for NulInRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has a NUL byte, expected none", self.part)
    }
}

impl core::error::Error for NulInRequest {}
