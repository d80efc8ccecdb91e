use super::*;
use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
use test_support::vectors;

fn certificate(algorithm: &'static SignatureAlgorithm) -> CertificateDer<'static> {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.self_signed(&key).unwrap().der().clone()
}

fn end_point(bytes: &[u8]) -> Result<Option<Vec<u8>>, EndPointError> {
    server_end_point(&CertificateDer::from(bytes))
}

#[test]
fn openssl_hashes_its_certificates_the_same_way() {
    let file = vectors::load("tls/server-end-point.txt");
    for record in file.records_of("server-end-point") {
        let found = end_point(&record.hex("certificate"));
        let expected = match record.get("unknown") {
            Some(_) => Err(EndPointError::UnknownAlgorithm { oid: record.text("unknown") }),
            None => Ok(record.opt_hex("hash")),
        };
        assert_eq!(found, expected, "{}", record.name());
    }
}

#[test]
fn the_hash_covers_the_whole_certificate() {
    let p256 = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    assert_eq!(server_end_point(&p256).unwrap().unwrap(), Sha256::digest(&p256)[..]);
    let p384 = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
    assert_eq!(server_end_point(&p384).unwrap().unwrap(), Sha384::digest(&p384)[..]);
    assert_eq!(server_end_point(&certificate(&rcgen::PKCS_ED25519)).unwrap(), None);
}

/// SEQUENCE around these bytes.
fn sequence(content: &[u8]) -> Vec<u8> {
    [&[0x30, u8::try_from(content.len()).unwrap()], content].concat()
}

/// What is left of a certificate that is read here.
fn signed_by(algorithm: &[u8]) -> Vec<u8> {
    sequence(&[sequence(&[]), sequence(algorithm)].concat())
}

#[test]
fn pss_names_its_hash_in_the_parameters() {
    // 2.16.840.1.101.3.4.2.x
    let sha = |last: u8| sequence(&[0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, last]);
    let tagged = |tag: u8, algorithm: &[u8]| {
        sequence(&[&[tag, u8::try_from(algorithm.len()).unwrap()], algorithm].concat())
    };
    assert_eq!(pss_hash(&sequence(&[])).unwrap(), Hash::Sha256);
    // Only masks are named.
    assert_eq!(pss_hash(&tagged(0xa1, &sha(3))).unwrap(), Hash::Sha256);
    for (last, hash) in [
        (1, Hash::Sha256),
        (2, Hash::Sha384),
        (3, Hash::Sha512),
        (4, Hash::Sha224),
        (5, Hash::Sha512Of224),
        (6, Hash::Sha512Of256),
    ] {
        assert_eq!(pss_hash(&tagged(0xa0, &sha(last))).unwrap(), hash);
    }
    let sha3 = EndPointError::UnknownAlgorithm { oid: "2.16.840.1.101.3.4.2.8".into() };
    assert_eq!(pss_hash(&tagged(0xa0, &sha(8))), Err(sha3));
    let broken = EndPointError::NotACertificate { part: "parameters of RSASSA-PSS" };
    for parameters in [&b""[..], b"\x05\x00", &tagged(0xa0, b""), &tagged(0xa0, b"\x30\x00")] {
        assert_eq!(pss_hash(parameters), Err(broken.clone()), "{parameters:02x?}");
    }
}

#[test]
fn post_quantum_signatures_have_no_hash_of_their_own() {
    for last in 17..20 {
        let oid = [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, last];
        assert_eq!(end_point(&signed_by(&oid)), Ok(None));
    }
}

#[test]
fn what_is_no_certificate_is_refused_with_the_part_that_is_missing() {
    let whole = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    let longer = [&whole[..], b"\0"].concat();
    let raw_public_key = sequence(&[sequence(&[6, 3, 0x2b, 0x65, 0x70]), vec![3, 1, 0]].concat());
    for (bytes, missing) in [
        (&b""[..], "SEQUENCE"),
        (b"text", "SEQUENCE"),
        (b"\x30\x80\x00\x00", "SEQUENCE"),
        (&whole[..whole.len() - 1], "SEQUENCE"),
        (&longer, "end after SEQUENCE"),
        (b"\x30\x00", "tbsCertificate"),
        (b"\x30\x02\x30\x00", "signatureAlgorithm"),
        (&raw_public_key, "signatureAlgorithm"),
        (b"\x30\x04\x30\x00\x30\x00", "OID of signatureAlgorithm"),
    ] {
        let expected = EndPointError::NotACertificate { part: missing };
        assert_eq!(end_point(bytes), Err(expected), "{bytes:02x?}");
    }
}

#[test]
fn an_algorithm_that_is_not_known_is_named() {
    let error = end_point(&signed_by(&[6, 1, 0x2a])).unwrap_err();
    assert_eq!(error, EndPointError::UnknownAlgorithm { oid: "1.2".into() });
    assert!(error.to_string().contains("signed by 1.2,") && error.to_string().contains("use tls-exporter"));
}

proptest! {
    #[test]
    fn bytes_of_any_kind_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = end_point(&bytes);
        let _ = end_point(&signed_by(&bytes));
        let _ = pss_hash(&bytes);
    }
}
