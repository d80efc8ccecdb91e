//! The channel binding `tls-server-end-point`: a hash of the server's certificate (RFC 5929 section 4).

use anyhow::{Context, Result, bail};
use asn1_rs::{Any, FromDer, Oid, Sequence, oid};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// What stands before the hash in the application data of the bindings.
const PREFIX: &[u8] = b"tls-server-end-point:";

/// The application data of channel bindings to a server with this certificate. `None` when the certificate's signature
/// names no hash of its own, as Ed25519: RFC 5929 leaves the binding undefined there.
///
/// # Errors
/// This is no certificate, or it is signed in a way that is not known here.
pub fn end_point(certificate: &[u8]) -> Result<Option<Vec<u8>>> {
    let hash: Vec<u8> = match signature_hash(certificate)? {
        Hash::None => return Ok(None),
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    };
    Ok(Some([PREFIX, &hash].concat()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    /// Also in place of MD5 and SHA-1.
    Sha256,
    Sha384,
    Sha512,
    None,
}

/// The hash of the algorithm that the certificate is signed with.
fn signature_hash(certificate: &[u8]) -> Result<Hash> {
    let not = "not a certificate";
    let (_, certificate) = Sequence::from_der(certificate).map_err(error).context(not)?;
    let (rest, _to_be_signed) = Any::from_der(&certificate.content).map_err(error).context(not)?;
    let (_, algorithm) = Sequence::from_der(rest).map_err(error).context(not)?;
    let (parameters, oid) = Oid::from_der(&algorithm.content).map_err(error).context(not)?;
    if oid == RSASSA_PSS {
        return pss_hash(parameters).context("RSASSA-PSS parameters of a certificate");
    }
    match ALGORITHMS.iter().find(|(known, _)| *known == oid) {
        Some((_, hash)) => Ok(*hash),
        None => bail!("certificate is signed with {oid}, whose hash is not known here"),
    }
}

/// The hash of RSASSA-PSS-params: `[0] AlgorithmIdentifier DEFAULT sha1` (RFC 4055 section 3.1).
fn pss_hash(parameters: &[u8]) -> Result<Hash> {
    let (_, parameters) = Sequence::from_der(parameters).map_err(error)?;
    if parameters.content.first() != Some(&0xa0) {
        return Ok(Hash::Sha256);
    }
    let (_, tagged) = Any::from_der(&parameters.content).map_err(error)?;
    let (_, algorithm) = Sequence::from_der(tagged.data).map_err(error)?;
    let (_, oid) = Oid::from_der(&algorithm.content).map_err(error)?;
    match HASHES.iter().find(|(known, _)| *known == oid) {
        Some((_, hash)) => Ok(*hash),
        None => bail!("hash {oid} is not known here"),
    }
}

fn error(error: asn1_rs::Err<asn1_rs::Error>) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

const RSASSA_PSS: Oid<'static> = oid!(1.2.840.113549.1.1.10);

const ALGORITHMS: [(Oid<'static>, Hash); 12] = [
    (oid!(1.2.840.113549.1.1.4), Hash::Sha256), // RSA with MD5
    (oid!(1.2.840.113549.1.1.5), Hash::Sha256), // RSA with SHA-1
    (oid!(1.2.840.113549.1.1.11), Hash::Sha256),
    (oid!(1.2.840.113549.1.1.12), Hash::Sha384),
    (oid!(1.2.840.113549.1.1.13), Hash::Sha512),
    (oid!(1.2.840.10045.4.1), Hash::Sha256), // ECDSA with SHA-1
    (oid!(1.2.840.10045.4.3.2), Hash::Sha256),
    (oid!(1.2.840.10045.4.3.3), Hash::Sha384),
    (oid!(1.2.840.10045.4.3.4), Hash::Sha512),
    (oid!(1.3.101.112), Hash::None),         // Ed25519
    (oid!(1.3.101.113), Hash::None),         // Ed448
    (oid!(1.2.840.10040.4.3), Hash::Sha256), // DSA with SHA-1
];

const HASHES: [(Oid<'static>, Hash); 5] = [
    (oid!(1.2.840.113549.2.5), Hash::Sha256),
    (oid!(1.3.14.3.2.26), Hash::Sha256),
    (oid!(2.16.840.1.101.3.4.2.1), Hash::Sha256),
    (oid!(2.16.840.1.101.3.4.2.2), Hash::Sha384),
    (oid!(2.16.840.1.101.3.4.2.3), Hash::Sha512),
];

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    fn certificate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_signature_names_the_hash() {
        for (algorithm, hash) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, Hash::Sha256),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Hash::Sha384),
            (&rcgen::PKCS_ED25519, Hash::None),
        ] {
            assert_eq!(signature_hash(&certificate(algorithm)).unwrap(), hash);
        }
    }

    #[test]
    fn the_hash_covers_the_whole_certificate() {
        let certificate = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        let bindings = end_point(&certificate).unwrap().unwrap();
        let (prefix, hash) = bindings.split_at(PREFIX.len());
        assert_eq!((prefix, hash), (PREFIX, &Sha256::digest(&certificate)[..]));
        assert_eq!(end_point(&self::certificate(&rcgen::PKCS_ED25519)).unwrap(), None);
    }

    /// SEQUENCE around these bytes.
    fn sequence(content: &[u8]) -> Vec<u8> {
        [&[0x30, u8::try_from(content.len()).unwrap()], content].concat()
    }

    #[test]
    fn pss_names_its_hash_in_the_parameters() {
        const SHA512: [u8; 11] = [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
        assert_eq!(pss_hash(&sequence(&[])).unwrap(), Hash::Sha256);
        let algorithm = sequence(&SHA512);
        let tagged = [&[0xa0, u8::try_from(algorithm.len()).unwrap()], &algorithm[..]].concat();
        assert_eq!(pss_hash(&sequence(&tagged)).unwrap(), Hash::Sha512);
        let unknown = sequence(&[&[0xa0, 5], &sequence(&[6, 1, 0x2a])[..]].concat());
        assert!(pss_hash(&unknown).unwrap_err().to_string().contains("not known"));
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bytes in [&b""[..], b"\x30\x00", b"\x30\x80\x00\x00", b"\x30\x04\x30\x00\x30\x00", b"text"] {
            assert!(end_point(bytes).is_err(), "{bytes:02x?}");
        }
        let unknown = sequence(&[sequence(&[]), sequence(&[6, 1, 0x2a])].concat());
        assert!(end_point(&unknown).unwrap_err().to_string().contains("1.2"));
    }
}
