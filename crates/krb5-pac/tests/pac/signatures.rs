//! The four signatures, on recorded tickets and under attack.

use gss_core::Diagnose;
use krb5_asn1::{AuthDataElement, AuthDataType, Decode, EncTicketPart, Encode, Octets, SeqOf, TicketFlags};
use krb5_crypto::{ChecksumType, EncType, Key, KeyUsage};
use krb5_pac::signature::SignatureFault;
use krb5_pac::{
    BufferType, Pac, PacBuilder, PacErrorKind, SignatureKind, SigningKeys, TicketError, Verdict, Verdicts,
    VerifyingKeys, without_pac,
};

use crate::build::key;
use crate::samples::client;
use crate::support::{Opened, tickets};

const NAMES: [(SignatureKind, &str); 4] = [
    (SignatureKind::Ticket, "ticket"),
    (SignatureKind::Full, "full"),
    (SignatureKind::Server, "server"),
    (SignatureKind::Kdc, "kdc"),
];

fn verify(ticket: &Opened, pac: &[u8], covered: &[u8]) -> Verdicts {
    let keys = VerifyingKeys { server: Some(&ticket.key), kdc: Some(&ticket.kdc_key), ticket: Some(covered) };
    Pac::parse(pac).unwrap().verify(&keys)
}

#[test]
fn signatures_of_real_kdcs_verify() {
    for (ticket, ..) in tickets() {
        let verdicts = verify(&ticket, &ticket.pac, &ticket.covered());
        for (kind, name) in NAMES {
            let verdict = verdicts.of(kind);
            let as_stated =
                if ticket.has(name) { verdict.is_verified() } else { matches!(verdict, Verdict::Missing) };
            assert!(as_stated, "{kind} of {}: {verdict:?}", ticket.name);
        }
    }
}

#[cfg(feature = "rc4")]
#[test]
fn signatures_of_windows_server_2003_verify() {
    let file = test_support::vectors::load("pac/mit-t-pac.txt");
    let record = file.records_of("pac").find(|record| record.get("kdc_key").is_some()).unwrap();
    let server = crate::support::key(record, "enctype", "key");
    let kdc = crate::support::key(record, "kdc_enctype", "kdc_key");
    let pac = record.hex("pac");
    let keys = VerifyingKeys { server: Some(&server), kdc: Some(&kdc), ticket: None };
    let verdicts = Pac::parse(&pac).unwrap().verify(&keys);
    assert!(verdicts.server.is_verified() && verdicts.kdc.is_verified(), "{verdicts:?}");
    assert!(matches!((verdicts.ticket, verdicts.full), (Verdict::Missing, Verdict::Missing)), "{verdicts:?}");
}

/// The bytes of a signature in a PAC.
fn range(pac: &[u8], kind: SignatureKind) -> core::ops::Range<usize> {
    let pac = Pac::parse(pac).unwrap();
    let Some(buffer) = pac.buffer(kind.buffer_type()) else { return 0..0 };
    let start = buffer.offset + 4;
    start..start + pac.signature(kind).unwrap().unwrap().bytes.len()
}

/// Logon info, client, requestor and all else are covered by server and full signature, whatever byte is changed.
#[test]
fn each_byte_is_covered_as_specified() {
    for (ticket, ..) in tickets() {
        let (mut pac, covered) = (ticket.pac.clone(), ticket.covered());
        let [ticket_at, full, server, kdc] = NAMES.map(|(kind, _)| range(&pac, kind));
        for i in 0..pac.len() {
            pac[i] ^= 0x10;
            if Pac::parse(&pac).is_ok() {
                let verdicts = verify(&ticket, &pac, &covered);
                let context = format!("byte {i} of {}: {verdicts:?}", ticket.name);
                assert_eq!(verdicts.server.is_verified(), kdc.contains(&i), "{context}");
                if ticket.has("full") {
                    let verified = server.contains(&i) || kdc.contains(&i);
                    assert_eq!(verdicts.full.is_verified(), verified, "{context}");
                }
                for (verdict, own) in
                    [(verdicts.kdc, &kdc), (verdicts.ticket, &ticket_at), (verdicts.full, &full)]
                {
                    assert!(!own.contains(&i) || !verdict.is_verified(), "{context}");
                }
                // The KDC signature covers the server signature and nothing else (CVE-2022-37967).
                assert!(!server.contains(&i) || !verdicts.kdc.is_verified(), "{context}");
            }
            pac[i] ^= 0x10;
        }
    }
}

/// CVE-2020-17049: a service that made its ticket forwardable with its own key.
#[test]
fn the_ticket_signature_covers_the_tickets_flags() {
    let mut seen = 0;
    for (ticket, ..) in tickets() {
        if !ticket.has("ticket") {
            continue;
        }
        let part = EncTicketPart::from_der(&ticket.part).unwrap();
        let flags = TicketFlags(part.flags.0 ^ TicketFlags::FORWARDABLE.0);
        let changed = without_pac(&EncTicketPart { flags, ..part }).unwrap();
        let verdict = verify(&ticket, &ticket.pac, &changed).ticket;
        let enctype = ticket.kdc_key.enctype();
        assert_eq!(verdict.fault(), Some(SignatureFault::Mismatch { enctype }), "{}", ticket.name);
        seen += 1;
    }
    assert!(seen >= 3);
}

fn element(ad_type: AuthDataType, data: &[u8]) -> AuthDataElement<'_> {
    AuthDataElement { ad_type, ad_data: Octets::new(data) }
}

#[test]
fn the_pac_is_found_where_kdcs_put_it() {
    let (ticket, ..) = tickets().swap_remove(0);
    let part = EncTicketPart::from_der(&ticket.part).unwrap();
    let with = |elements: &[AuthDataElement<'_>]| {
        without_pac(&EncTicketPart { authorization_data: Some(SeqOf::new(elements)), ..part })
            .map(|der| der.to_vec())
    };
    let (pac, other) = (element(AuthDataType::WIN2K_PAC, b"pac"), element(AuthDataType(141), b"other"));
    let zero = element(AuthDataType::WIN2K_PAC, &[0]);
    let wrap = |elements: &[AuthDataElement<'_>]| SeqOf::new(elements).to_der().unwrap();
    let (inner, without) = (wrap(&[other, pac, other]), wrap(&[other, zero, other]));
    let unrelated = wrap(&[other]);

    let relevant = |der| element(AuthDataType::IF_RELEVANT, der);
    let expected = |elements: &[AuthDataElement<'_>]| {
        EncTicketPart { authorization_data: Some(SeqOf::new(elements)), ..part }.to_der().unwrap()
    };
    assert_eq!(
        with(&[relevant(&unrelated), relevant(&inner), other]),
        Ok(expected(&[relevant(&unrelated), relevant(&without), other]))
    );
    assert_eq!(with(&[other, pac]), Ok(expected(&[other, zero])));

    assert_eq!(with(&[other]), Err(TicketError::PacCount { seen: 0 }));
    assert_eq!(with(&[pac, relevant(&inner)]), Err(TicketError::PacCount { seen: 2 }));
    assert!(matches!(with(&[relevant(b"no DER")]), Err(TicketError::AuthData(_))));
    let none = without_pac(&EncTicketPart { authorization_data: None, ..part });
    assert_eq!(none.err(), Some(TicketError::PacCount { seen: 0 }));
    assert_eq!(TicketError::PacCount { seen: 2 }.to_string(), "ticket with 2 PACs, expected one");
}

#[test]
fn without_a_key_nothing_is_checked() {
    let (server, kdc) = (key(EncType(18), 1), key(EncType(18), 2));
    let keys = SigningKeys::new(&server, &kdc).with_ticket(b"ticket");
    let bytes = PacBuilder::minimal(&client()).unwrap().sign(&keys).unwrap();
    let pac = Pac::parse(&bytes).unwrap();
    let none = pac.verify(&VerifyingKeys::default());
    for kind in SignatureKind::ALL {
        assert!(matches!(none.of(kind), Verdict::NotChecked), "{kind}");
    }
    let service = pac.verify(&VerifyingKeys { server: Some(&server), ..VerifyingKeys::default() });
    assert!(service.server.is_verified());
    assert!(matches!(service.kdc, Verdict::NotChecked));
    // The KDC's key without the ticket.
    let no_ticket = pac.verify(&VerifyingKeys { server: None, kdc: Some(&kdc), ticket: None });
    assert!(no_ticket.kdc.is_verified() && no_ticket.full.is_verified());
    assert!(matches!((no_ticket.server, no_ticket.ticket), (Verdict::NotChecked, Verdict::NotChecked)));
    // The wrong keys.
    let swapped =
        pac.verify(&VerifyingKeys { server: Some(&kdc), kdc: Some(&server), ticket: Some(b"ticket") });
    for kind in SignatureKind::ALL {
        let fault = swapped.of(kind).fault().unwrap();
        assert_eq!(fault, SignatureFault::Mismatch { enctype: EncType(18) }, "{kind}");
        assert_eq!(fault.code(), "pac_signature_mismatch");
    }
}

#[test]
fn every_enctype_signs() {
    for enctype in
        [17, 18, 19, 20, 23, 25, 26].map(EncType).into_iter().filter(|enctype| enctype.is_supported())
    {
        let (server, kdc) = (key(enctype, 1), key(EncType(20), 2));
        let keys = SigningKeys::new(&server, &kdc).with_ticket(b"ticket");
        let bytes = PacBuilder::minimal(&client()).unwrap().sign(&keys).unwrap();
        let keys = VerifyingKeys { server: Some(&server), kdc: Some(&kdc), ticket: Some(b"ticket") };
        let verdicts = Pac::parse(&bytes).unwrap().verify(&keys);
        assert!(
            SignatureKind::ALL.iter().all(|kind| verdicts.of(*kind).is_verified()),
            "{enctype}: {verdicts:?}"
        );
    }
}

/// A PAC with these contents of server and KDC signature.
fn with_signatures(server: &[u8], kdc: &[u8]) -> Vec<u8> {
    let builder = PacBuilder::minimal(&client()).unwrap();
    let builder = builder.buffer(BufferType::SERVER_SIGNATURE, server.to_vec());
    builder.buffer(BufferType::KDC_SIGNATURE, kdc.to_vec()).to_bytes().unwrap()
}

fn signature(checksum_type: i32, len: usize) -> Vec<u8> {
    let mut buffer = checksum_type.to_le_bytes().to_vec();
    buffer.resize(4 + len, 0);
    buffer
}

#[test]
fn a_signature_is_of_its_keys_type() {
    let aes = key(EncType(18), 1);
    let keys = VerifyingKeys { server: Some(&aes), kdc: Some(&aes), ticket: None };
    let good = signature(16, 12);
    for (seen, len) in [(12, 20), (15, 12), (17, 16), (18, 16), (19, 16), (20, 24), (-138, 16)] {
        let seen_type = ChecksumType(seen);
        let fault = Some(SignatureFault::Type { seen: seen_type, expected: Some(ChecksumType(16)) });
        let pac = with_signatures(&signature(seen, len), &signature(seen, len));
        let verdicts = Pac::parse(&pac).unwrap().verify(&keys);
        assert_eq!((verdicts.server.fault(), verdicts.kdc.fault()), (fault, fault), "{seen}");
    }
    // Types that anybody can make, or that nobody knows (CVE-2014-6324).
    for seen in [0, 1, 2, 7, 14, -137, 0x8003, 99].map(ChecksumType) {
        let pac = with_signatures(&signature(seen.0, 16), &good);
        let pac = Pac::parse(&pac).unwrap();
        let error = pac.signature(SignatureKind::Server).unwrap_err();
        assert_eq!(error.kind, PacErrorKind::SignatureType { seen });
        let verdicts = pac.verify(&keys);
        assert_eq!(verdicts.server.fault(), Some(SignatureFault::Malformed(error)));
        // What it covers cannot be read.
        assert_eq!(verdicts.kdc.fault(), Some(SignatureFault::Malformed(error)));
    }
}

/// What MS14-068 was about: HMAC-MD5 is right for the bytes of any key.
#[cfg(feature = "rc4")]
#[test]
fn hmac_md5_under_an_aes_key_is_refused_although_it_fits() {
    let aes = Key::new(EncType(17), &[7; 16]).unwrap();
    let rc4 = Key::new(EncType::RC4_HMAC, &[7; 16]).unwrap();
    let bytes = PacBuilder::minimal(&client()).unwrap().sign(&SigningKeys::new(&rc4, &rc4)).unwrap();
    let pac = Pac::parse(&bytes).unwrap();
    let verify = |key| pac.verify(&VerifyingKeys { server: Some(key), kdc: Some(key), ticket: None });
    assert!(verify(&rc4).server.is_verified());
    let fault = SignatureFault::Type { seen: ChecksumType::HMAC_MD5, expected: Some(ChecksumType(15)) };
    let verdicts = verify(&aes);
    assert_eq!((verdicts.server.fault(), verdicts.kdc.fault()), (Some(fault), Some(fault)));
    assert_eq!(fault.code(), "pac_signature_key_type");
}

#[test]
fn a_signature_buffer_holds_a_signature_and_perhaps_a_number() {
    let whole = signature(16, 12);
    let parse = |server: &[u8]| {
        let pac = with_signatures(server, &whole);
        let signature = Pac::parse(&pac).unwrap().signature(SignatureKind::Server);
        signature.map(|signature| signature.unwrap().rodc_id).map_err(|error| error.kind)
    };
    for len in 0..16 {
        assert!(matches!(parse(&whole[..len]), Err(PacErrorKind::Truncated { .. })), "{len}");
    }
    let with = |tail: &[u8]| [&whole, tail].concat();
    assert_eq!(parse(&whole), Ok(None));
    assert_eq!(parse(&with(&[0x34, 0x12])), Ok(Some(0x1234)));
    assert_eq!(parse(&with(&[1])), Err(PacErrorKind::Truncated { needed: 2, available: 1 }));
    assert_eq!(parse(&with(&[1, 2, 3])), Err(PacErrorKind::TrailingData { excess: 1 }));
}

#[test]
fn missing_signatures_are_missing() {
    let (server, kdc) = (key(EncType(18), 1), key(EncType(18), 2));
    let keys = VerifyingKeys { server: Some(&server), kdc: Some(&kdc), ticket: Some(b"") };
    let signed = PacBuilder::minimal(&client()).unwrap().sign(&SigningKeys::new(&server, &kdc)).unwrap();
    let builder = PacBuilder::from_pac(&Pac::parse(&signed).unwrap());
    let without = |kind: SignatureKind| builder.clone().without(kind.buffer_type()).to_bytes().unwrap();

    let no_server = without(SignatureKind::Server);
    let verdicts = Pac::parse(&no_server).unwrap().verify(&keys);
    // The KDC signature is there, and what it covers is not.
    assert!(matches!((verdicts.server, verdicts.kdc), (Verdict::Missing, Verdict::Missing)), "{verdicts:?}");
    let no_kdc = without(SignatureKind::Kdc);
    let verdicts = Pac::parse(&no_kdc).unwrap().verify(&keys);
    assert!(matches!(verdicts.kdc, Verdict::Missing));
    // The table has changed.
    assert!(verdicts.server.fault().is_some());
}

/// The proof that the two holes are where they should be: the signature made by hand.
#[test]
fn the_server_signature_is_over_zeros() {
    let (server, kdc) = (key(EncType(20), 1), key(EncType(18), 2));
    let signed = PacBuilder::minimal(&client()).unwrap().sign(&SigningKeys::new(&server, &kdc)).unwrap();
    let mut zeroed = signed.clone();
    let at = range(&signed, SignatureKind::Server);
    zeroed[at.clone()].fill(0);
    zeroed[range(&signed, SignatureKind::Kdc)].fill(0);
    let tag = server.checksum(KeyUsage::KERB_NON_KERB_CKSUM_SALT).compute_tag(&[&zeroed]);
    assert_eq!(&signed[at], tag.as_bytes());
}
