use crate::{EndPointError, server_end_point};
use alloc::vec::Vec;
use gss_core::bindings::MAX_ACCEPTABLE_BINDINGS;
use rustls::pki_types::CertificateDer;

/// Most certificates of one server: an acceptor compares with these and the exporter.
pub const MAX_END_POINTS: usize = MAX_ACCEPTABLE_BINDINGS - 1;

/// The hashes of all certificates that clients of a server may see: those that it shows itself, by SNI or in turn while
/// one is replaced, and those of the TLS terminators in front of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerEndPoints(Vec<Vec<u8>>);

impl ServerEndPoints {
    /// None: only the exporter can be bound to.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Those of these certificates: the server's own of each chain, not those of its authorities. One that has no
    /// binding (Ed25519) is left out.
    ///
    /// # Errors
    /// [`EndPointError`]: of a certificate, or there are more than [`MAX_END_POINTS`].
    pub fn new<'c>(
        certificates: impl IntoIterator<Item = &'c CertificateDer<'c>>,
    ) -> Result<Self, EndPointError> {
        certificates.into_iter().try_fold(Self::none(), |points, certificate| {
            match server_end_point(certificate)? {
                Some(hash) => points.with_hash(hash),
                None => Ok(points),
            }
        })
    }

    /// The same with a hash that was made elsewhere, as [`server_end_point`] makes it. One that is there already is not
    /// repeated.
    ///
    /// # Errors
    /// [`EndPointError::TooMany`] where there are [`MAX_END_POINTS`] of others.
    pub fn with_hash(mut self, hash: impl Into<Vec<u8>>) -> Result<Self, EndPointError> {
        let hash = hash.into();
        if !self.0.contains(&hash) {
            if self.0.len() >= MAX_END_POINTS {
                return Err(EndPointError::TooMany);
            }
            self.0.push(hash);
        }
        Ok(self)
    }

    /// The hashes.
    pub fn hashes(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_counted_once_and_bounded() {
        let mut points = ServerEndPoints::none();
        for byte in 0..MAX_END_POINTS {
            points = points.with_hash([byte as u8; 32]).unwrap();
        }
        points = points.with_hash([0; 32]).unwrap();
        assert_eq!(points.hashes().count(), MAX_END_POINTS);
        assert_eq!(points.with_hash([0xff; 32]), Err(EndPointError::TooMany));
    }
}
