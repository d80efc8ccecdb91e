//! Bytes that other implementations made, or that the specifications give.

use krb5_asn1::{Decode, DecodeErrorKind, der, leniency};
use test_support::vectors;

use crate::{recode, records, strict_files};

#[test]
fn decodes_and_encodes_what_others_encode() {
    for record in records(&strict_files()) {
        let der = record.hex("der");
        assert_eq!(recode(&record.text("type"), &der), Ok(der), "{}", record.name());
    }
}

#[test]
fn every_truncation_is_refused() {
    for record in records(&strict_files()) {
        let (name, der) = (record.text("type"), record.hex("der"));
        for len in 0..der.len() {
            assert!(recode(&name, &der[..len]).is_err(), "{} cut to {len} bytes", record.name());
        }
    }
}

#[test]
fn trailing_bytes_are_refused_with_their_offset() {
    for record in records(&strict_files()) {
        let mut der = record.hex("der");
        let end = der.len();
        der.extend([5, 0]);
        let error = recode(&record.text("type"), &der).unwrap_err();
        assert!(
            matches!(error.kind(), DecodeErrorKind::Der(der::ErrorKind::TrailingData { .. })),
            "{}: {error}",
            record.name()
        );
        assert_eq!(error.position(), Some(end), "{}", record.name());
    }
}

#[test]
fn no_single_byte_change_panics_and_what_passes_is_canonical() {
    for record in records(&strict_files()) {
        let (name, der) = (record.text("type"), record.hex("der"));
        for at in 0..der.len() {
            for change in [0x01, 0x04, 0x20, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[at] ^= change;
                // What decodes must mean the same after another trip; only a named leniency or the flags'
                // padding may change the bytes on the way.
                if let Ok(again) = recode(&name, &changed) {
                    assert_eq!(recode(&name, &again), Ok(again.clone()), "{} at {at}", record.name());
                }
            }
        }
    }
}

#[test]
fn each_leniency_is_shown_by_its_vector() {
    for leniency in leniency::ALL {
        let (path, name) = leniency.vector;
        let file = vectors::load(path);
        let record = file.records().iter().find(|record| record.name() == name);
        let record = record.unwrap_or_else(|| panic!("{path} lacks {name:?}, shown for {}", leniency.what));
        assert_ne!(record.hex("der"), record.hex("strict"), "{name} would be strict");
    }
    for record in vectors::load("asn1/lenient.txt").records() {
        let strict = record.hex("strict");
        assert_eq!(recode(&record.text("type"), &record.hex("der")), Ok(strict.clone()), "{}", record.name());
        assert_eq!(recode(&record.text("type"), &strict), Ok(strict), "{}", record.name());
    }
}

#[test]
fn negative_kvno_reads_as_the_same_32_bits() {
    for (name, kvno) in [("enc_data(MSB-set kvno)", 0xff00_0000), ("enc_data(kvno=-1)", 0xffff_ffff)] {
        let file = vectors::load("asn1/lenient.txt");
        let record = file.records().iter().find(|record| record.name() == name).unwrap();
        let der = record.hex("der");
        let data = krb5_asn1::EncryptedData::from_der(&der).unwrap();
        assert_eq!(data.kvno, Some(krb5_asn1::UInt32(kvno)), "{name}");
    }
}
