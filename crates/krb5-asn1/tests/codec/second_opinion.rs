//! A reader by other authors looks at the same bytes: whatever our decoders accept is DER to `asn1-rs` too, down to the
//! last element. So an error that `der` and we share would not go unnoticed.

use asn1_rs::{Any, FromDer};

use crate::{recode, records, strict_files};

/// Deeper than any Kerberos message nests.
const MAX_DEPTH: usize = 32;

/// Counts the elements of a run of DER; `None` when it is not one.
fn elements(mut der: &[u8], depth: usize) -> Option<usize> {
    let mut count = 0;
    while !der.is_empty() {
        let (rest, element) = Any::from_der(der).ok()?;
        count += 1;
        if element.header.is_constructed() {
            count += elements(element.data, depth.checked_sub(1)?)?;
        }
        der = rest;
    }
    Some(count)
}

#[test]
fn reference_encodings_are_read_to_the_last_element() {
    let mut all = 0;
    for record in records(&strict_files()) {
        let count = elements(&record.hex("der"), MAX_DEPTH);
        all += count.unwrap_or_else(|| panic!("{} is no DER", record.name()));
    }
    assert!(all > 500, "{all} elements in all");
}

#[test]
fn what_we_accept_of_changed_bytes_is_accepted_there() {
    let (mut accepted, mut refused) = (0, 0);
    for record in records(&strict_files()) {
        let der = record.hex("der");
        for index in 0..der.len() {
            for mask in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[index] ^= mask;
                if recode(&record.text("type"), &changed).is_err() {
                    refused += 1;
                    continue;
                }
                accepted += 1;
                assert!(
                    elements(&changed, MAX_DEPTH).is_some(),
                    "{} byte {index} ^ {mask:02x}",
                    record.name()
                );
            }
        }
    }
    // Content may change, structure may not: both happen often, or the test looks at nothing.
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}
