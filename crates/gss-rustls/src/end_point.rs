//! The hash of a certificate, made as its signature was.

use crate::EndPointError;
use alloc::string::ToString;
use alloc::vec::Vec;
use asn1_rs::{Any, FromDer, Oid, Sequence, oid};
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

/// The hash of a server's certificate that its channel binding has: without the prefix `tls-server-end-point:`.
///
/// The hash is that of the certificate's own signature, SHA-256 in place of MD5 and SHA-1. With RSASSA-PSS it is the
/// one that the parameters name for the content, whatever they name for the masks. `None` where the signature has no
/// hash of its own, as Ed25519, Ed448 and ML-DSA: RFC 5929 section 4.1 leaves the binding undefined there.
///
/// # Errors
/// [`EndPointError`]: this is no certificate, or it is signed in a way that is not known here.
pub fn server_end_point(certificate: &CertificateDer<'_>) -> Result<Option<Vec<u8>>, EndPointError> {
    Ok(signature_hash(certificate)?.of(certificate))
}

/// What to hash a certificate with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    /// Also in place of MD5 and SHA-1.
    Sha256,
    Sha384,
    Sha512,
    Sha512Of224,
    Sha512Of256,
    None,
}

impl Hash {
    fn of(self, certificate: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Self::Sha224 => Sha224::digest(certificate).to_vec(),
            Self::Sha256 => Sha256::digest(certificate).to_vec(),
            Self::Sha384 => Sha384::digest(certificate).to_vec(),
            Self::Sha512 => Sha512::digest(certificate).to_vec(),
            Self::Sha512Of224 => Sha512_224::digest(certificate).to_vec(),
            Self::Sha512Of256 => Sha512_256::digest(certificate).to_vec(),
            Self::None => return None,
        })
    }
}

/// The hash of the algorithm that the certificate is signed with: the second of its three parts (RFC 5280 section 4.1).
fn signature_hash(certificate: &[u8]) -> Result<Hash, EndPointError> {
    let no = |part| move |_| EndPointError::NotACertificate { part };
    let (behind, certificate) = Sequence::from_der(certificate).map_err(no("SEQUENCE"))?;
    if !behind.is_empty() {
        return Err(EndPointError::NotACertificate { part: "end after SEQUENCE" });
    }
    let (rest, _) = Sequence::from_der(&certificate.content).map_err(no("tbsCertificate"))?;
    let (_, algorithm) = Sequence::from_der(rest).map_err(no("signatureAlgorithm"))?;
    let (parameters, oid) = Oid::from_der(&algorithm.content).map_err(no("OID of signatureAlgorithm"))?;
    if oid == RSASSA_PSS { pss_hash(parameters) } else { find(&SIGNATURES, &oid) }
}

/// The hash of RSASSA-PSS-params: `[0] AlgorithmIdentifier DEFAULT sha1` (RFC 4055 section 3.1).
fn pss_hash(parameters: &[u8]) -> Result<Hash, EndPointError> {
    let no = |_| EndPointError::NotACertificate { part: "parameters of RSASSA-PSS" };
    let (_, parameters) = Sequence::from_der(parameters).map_err(no)?;
    if parameters.content.first() != Some(&0xa0) {
        return Ok(Hash::Sha256);
    }
    let (_, tagged) = Any::from_der(&parameters.content).map_err(no)?;
    let (_, algorithm) = Sequence::from_der(tagged.data).map_err(no)?;
    let (_, oid) = Oid::from_der(&algorithm.content).map_err(no)?;
    find(&HASHES, &oid)
}

fn find(table: &[(Oid<'static>, Hash)], oid: &Oid<'_>) -> Result<Hash, EndPointError> {
    let found = table.iter().find(|(known, _)| known == oid).map(|(_, hash)| *hash);
    found.ok_or_else(|| EndPointError::UnknownAlgorithm { oid: oid.to_string() })
}

const RSASSA_PSS: Oid<'static> = oid!(1.2.840.113549.1.1.10);

const SIGNATURES: [(Oid<'static>, Hash); 22] = [
    // RSA PKCS #1 v1.5 (RFC 8017 appendix A.2.4), with MD5 and SHA-1 first.
    (oid!(1.2.840.113549.1.1.4), Hash::Sha256),
    (oid!(1.2.840.113549.1.1.5), Hash::Sha256),
    (oid!(1.2.840.113549.1.1.14), Hash::Sha224),
    (oid!(1.2.840.113549.1.1.11), Hash::Sha256),
    (oid!(1.2.840.113549.1.1.12), Hash::Sha384),
    (oid!(1.2.840.113549.1.1.13), Hash::Sha512),
    (oid!(1.2.840.113549.1.1.15), Hash::Sha512Of224),
    (oid!(1.2.840.113549.1.1.16), Hash::Sha512Of256),
    // ECDSA (RFC 5758 section 3.2), with SHA-1 first.
    (oid!(1.2.840.10045.4.1), Hash::Sha256),
    (oid!(1.2.840.10045.4.3.1), Hash::Sha224),
    (oid!(1.2.840.10045.4.3.2), Hash::Sha256),
    (oid!(1.2.840.10045.4.3.3), Hash::Sha384),
    (oid!(1.2.840.10045.4.3.4), Hash::Sha512),
    // DSA (RFC 5758 section 3.1), with SHA-1 first.
    (oid!(1.2.840.10040.4.3), Hash::Sha256),
    (oid!(2.16.840.1.101.3.4.3.1), Hash::Sha224),
    (oid!(2.16.840.1.101.3.4.3.2), Hash::Sha256),
    // Ed25519 and Ed448 (RFC 8410), ML-DSA-44, -65 and -87 (RFC 9881): none.
    (oid!(1.3.101.112), Hash::None),
    (oid!(1.3.101.113), Hash::None),
    (oid!(2.16.840.1.101.3.4.3.17), Hash::None),
    (oid!(2.16.840.1.101.3.4.3.18), Hash::None),
    (oid!(2.16.840.1.101.3.4.3.19), Hash::None),
    // RSA with SHA-1, the older name of OIW.
    (oid!(1.3.14.3.2.29), Hash::Sha256),
];

const HASHES: [(Oid<'static>, Hash); 8] = [
    (oid!(1.2.840.113549.2.5), Hash::Sha256), // MD5
    (oid!(1.3.14.3.2.26), Hash::Sha256),      // SHA-1
    (oid!(2.16.840.1.101.3.4.2.1), Hash::Sha256),
    (oid!(2.16.840.1.101.3.4.2.2), Hash::Sha384),
    (oid!(2.16.840.1.101.3.4.2.3), Hash::Sha512),
    (oid!(2.16.840.1.101.3.4.2.4), Hash::Sha224),
    (oid!(2.16.840.1.101.3.4.2.5), Hash::Sha512Of224),
    (oid!(2.16.840.1.101.3.4.2.6), Hash::Sha512Of256),
];

#[cfg(test)]
mod tests;
