use crate::decode::{Spelling, tree};
use crate::inspect::Inspector;
use base64ct::{Base64, Encoding};
use gss_core::framing::frame_from;
use gss_core::oid;
use gss_ntlm::wire::{AvFlags, NegotiateFlags, Version};
use proptest::prelude::{any, proptest};
use std::sync::LazyLock;
use test_support::vectors::{self, VectorFile};

fn shown(bytes: &[u8]) -> String {
    Inspector::default().inspect(bytes).to_string()
}

fn message(file: &str, name: &str) -> Vec<u8> {
    let file = vectors::load(file);
    let mut records = file.records().iter();
    records.find(|record| record.name() == name).unwrap_or_else(|| panic!("{name}")).hex("message")
}

/// An AUTHENTICATE with everything: user, MIC, all attributes.
fn full() -> Vec<u8> {
    message("ntlm/messages-derived.txt", "NTLMv2 with time, MIC, bindings and target name, AUTHENTICATE")
}

const FILES: [&str; 2] = ["ntlm/messages.txt", "ntlm/messages-derived.txt"];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn put(message: &mut [u8], at: usize, bytes: &[u8]) {
    message[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Where the attribute begins in the message.
fn find(message: &[u8], bytes: &[u8]) -> usize {
    message.windows(bytes.len()).position(|window| window == bytes).unwrap()
}

#[test]
fn all_that_the_vectors_say_is_shown() {
    let mut seen = 0;
    let files = FILES.map(vectors::load);
    for record in files.iter().flat_map(VectorFile::records) {
        let text = shown(&record.hex("message"));
        assert!(!text.contains("malformed"), "{}: {text}", record.name());
        let kind = record.get("kind").unwrap().to_ascii_uppercase();
        assert!(text.starts_with(&format!("NTLMSSP message {kind}, ")), "{text}");
        let flags = u32::from_str_radix(record.get("flags").unwrap(), 16).unwrap();
        assert!(text.contains(&format!(": {flags:#010x}\n")), "{text}");
        for flag in NegotiateFlags::from_bits(flags).names() {
            assert!(text.contains(&format!("─ {flag}: ")), "{flag}: {text}");
        }
        for key in
            ["version", "server-challenge", "session-key", "mic", "proof", "client-challenge", "bindings"]
        {
            if let Some(value) = record.get(key).filter(|value| *value != "-") {
                seen += 1;
                assert!(text.contains(value.trim_matches('"')), "{key}: {text}");
            }
        }
        let names = ["target-name", "domain", "user", "workstation", "nb-domain", "dns-computer", "target"];
        for key in names {
            if let Some(value) = record.get(key).filter(|value| *value != "-") {
                seen += 1;
                assert!(text.contains(value), "{key}: {text}");
            }
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn the_kind_of_answer_is_named_and_judged() {
    for (name, wanted, broken) in [
        ("NTLMv1, AUTHENTICATE", "answer: NTLMv1\n", true),
        ("NTLMv1 with client challenge, AUTHENTICATE", "answer: NTLM2 session", true),
        ("NTLMv2, AUTHENTICATE", "answer: NTLMv2\n", false),
    ] {
        let text = shown(&message("ntlm/messages.txt", name));
        assert!(text.contains(wanted), "{wanted}: {text}");
        assert_eq!(text.contains("warning: broken"), broken, "{text}");
        assert!(text.contains("MIC: no place for one in the header"), "{text}");
    }
    let mut message = full();
    put(&mut message, 20, &[0; 2]); // no NT response
    assert!(shown(&message).contains("answer: LM\n"));
    put(&mut message, 12, &[0; 2]); // no LM response either
    assert!(shown(&message).contains("warning: a user is named, and nothing proves the password"));
    put(&mut message, 36, &[0; 2]); // no user
    assert!(shown(&message).contains("answer: anonymous"));
    put(&mut message, 12, &[5]);
    let text = shown(&message);
    assert!(text.contains("answer: malformed: LM response of 5 bytes at byte 124"), "{text}");
}

#[test]
fn an_answer_of_today_is_taken_apart() {
    let text = shown(&full());
    for wanted in [
        "NTLMSSP message AUTHENTICATE, 422 bytes\n",
        "DomainName: \"Domain\", 12 bytes at 88\n",
        "UserName: \"User\", 8 bytes at 100\n",
        "Workstation: \"COMPUTER\", 16 bytes at 108\n",
        "LmChallengeResponse: 24 bytes at 124\n",
        "zeros: no LM response",
        "NtChallengeResponse: 258 bytes at 148\n",
        "versions: 1 and 1\n",
        "time: 2003-06-17T10:00:00Z\n",
        "attributes, 214 bytes at 192\n",
        "MsvAvNbDomainName at 192: \"Domain\"\n",
        "MsvAvTimestamp at 302: 2003-06-17T10:00:00Z\n",
        "MsvAvFlags at 314: 0x00000002\n",
        "mic_present: AUTHENTICATE has a MIC over all three messages\n",
        "MsvAvChannelBindings at 322: MD5 8f1214c9c9cab8dc3bf866da9aba57a7\n",
        "MsvAvTargetName at 342: \"HTTP/server.domain.example\"\n",
        "MsvAvEOL at 398\n",
        "4 bytes behind the attributes at 402: 00000000\n",
        "EncryptedRandomSessionKey: 16 bytes at 406\n",
        "NegotiateFlags at 60: 0xe28a8233\n",
        "unicode: names are in UTF-16\n",
        "MIC at 72: 8d46a363e5e295975d6b789c95ba95b5\n",
        "MsvAvFlags promises it\n",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("warning"), "{text}");
}

#[test]
fn mic_and_promise_that_disagree_are_told() {
    let zero = {
        let mut message = full();
        put(&mut message, 72, &[0; 16]);
        message
    };
    let text = shown(&zero);
    assert!(text.contains("warning: it is zero: somebody removed it"), "{text}");
    let flags_at = find(&full(), &[6, 0, 4, 0, 2]) + 4;
    let mut unpromised = full();
    put(&mut unpromised, flags_at, &AvFlags::NONE.bits().to_le_bytes());
    let text = shown(&unpromised);
    assert!(text.contains("does not promise it") && text.contains("warning: nobody checks it"), "{text}");
    put(&mut unpromised, 72, &[0; 16]);
    let text = shown(&unpromised);
    assert!(text.contains("does not promise one") && text.contains("warning: without a MIC"), "{text}");
    // The header ends where the first field begins.
    let mut without_place = full();
    put(&mut without_place, 32, &80_u32.to_le_bytes());
    let text = shown(&without_place);
    assert!(
        text.contains("no place for one") && text.contains("it is not there: somebody removed it"),
        "{text}"
    );
    let mut key_first = full();
    put(&mut key_first, 56, &72_u32.to_le_bytes());
    assert!(shown(&key_first).contains("no place for one"));
}

#[test]
fn short_forms_show_what_they_have() {
    let text = shown(b"NTLMSSP\0\x01\0\0\0\x02\x02\0\0");
    assert!(text.starts_with("NTLMSSP message NEGOTIATE, 16 bytes\n") && text.contains("oem: "), "{text}");
    let names =
        [&b"NTLMSSP\0\x01\0\0\0\x02\x10\0\0"[..], &[4, 0, 4, 0, 36, 0, 0, 0, 4, 0, 9, 0, 32, 0, 0, 0]]
            .concat();
    let text = shown(&[&names[..], b"HOSTDOM\xe9"].concat());
    for wanted in [
        "malformed: NTLM message: DomainName: byte 0xe9 ",
        "DomainName: \"DOM\\xe9\", 4 bytes at 36\n",
        "Workstation: \"HOST\", 4 bytes at 32, room for 9\n",
        "does not count: oem_workstation_supplied is not set",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    // Of clients before Windows 2000: five fields, no flags.
    let mut old = b"NTLMSSP\0\x03\0\0\0".to_vec();
    for (length, offset) in [(24_u16, 59_u32), (0, 52), (3, 52), (4, 55), (0, 0)] {
        old.extend([length, length].map(u16::to_le_bytes).concat());
        old.extend(offset.to_le_bytes());
    }
    old.extend(b"DOMUSER");
    old.extend([0xa5; 24]);
    let text = shown(&old);
    for wanted in ["AUTHENTICATE, 83 bytes\n", "\"USER\"", "answer: LM\n", "warning: broken", "no flags: "] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let version = Version::from_bytes([10, 0, 0x61, 0x58, 0, 0, 0, 15]).to_string();
    let negotiate = message("ntlm/messages-derived.txt", "NEGOTIATE of a client of today");
    assert!(shown(&negotiate).contains(&version));
    assert!(!shown(&negotiate[..39]).contains(&version));
    // A name lies where the version would be.
    let mut named = negotiate;
    named[13] |= 0x10; // oem_domain_supplied
    put(&mut named, 16, &[8, 0, 8, 0, 32, 0, 0, 0]);
    put(&mut named, 32, b"LONGNAME");
    let text = shown(&named);
    assert!(text.contains("\"LONGNAME\", 8 bytes at 32") && !text.contains("Version at"), "{text}");
}

#[test]
fn broken_messages_show_what_they_have_and_what_is_wrong() {
    let mut outside = full();
    put(&mut outside, 40, &u32::MAX.to_le_bytes());
    let text = shown(&outside);
    for wanted in [
        "AUTHENTICATE, 422 bytes, malformed: NTLM message: UserName of 8 bytes at byte 4294967295 ",
        "UserName: 8 bytes at 4294967295, not inside the message\n",
        "Workstation: \"COMPUTER\"",
        "NTProofStr: 7732b569403939428364c5f05278f29f",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let mut in_header = message("ntlm/messages.txt", "NTLMv2, CHALLENGE");
    put(&mut in_header, 16, &[10]);
    let text = shown(&in_header);
    for wanted in
        ["malformed: NTLM message: TargetName", "12 bytes at 10\n", "\"Domain\"", "Version at 48: 6.0.6000"]
    {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let mut twice = full();
    let at = find(&twice, &[10, 0, 16, 0]);
    put(&mut twice, at, &[7, 0]);
    let text = shown(&twice);
    assert!(text.contains("malformed: ") && text.contains("MsvAvTargetName"), "{text}");
    let text = shown(&full()[..100]);
    assert!(text.contains("malformed") && text.contains("answer: cannot be told"), "{text}");
    let text = shown(b"NTLMSSP\0\x04\0\0\0");
    assert!(text.contains("NTLMSSP message of unknown type, 12 bytes, malformed"), "{text}");
}

#[test]
fn messages_are_found_in_header_fields_and_in_spnego() {
    let negotiate = message("ntlm/messages-derived.txt", "NEGOTIATE of a client of today");
    let challenge = message("ntlm/messages.txt", "NTLMv2, CHALLENGE");
    let decode =
        |input: &str| tree(&Inspector::default(), input.as_bytes(), Spelling::Auto).unwrap().to_string();
    let base64 = Base64::encode_string(&challenge);
    for input in [
        base64.clone(),
        hex(&challenge),
        format!("NTLM {base64}"),
        format!("Negotiate {base64}"),
        format!("WWW-Authenticate: NTLM {base64}\r\n"),
        format!("< Proxy-Authenticate: Negotiate {base64}"),
    ] {
        let text = decode(&input);
        assert!(text.contains("NTLMSSP message CHALLENGE, 104 bytes\n"), "{input}: {text}");
    }
    let text = decode("NTLM TlRMTVNTUAABAAAAMoII4gAAAAAoAAAAAAAAACgAAAAKAGFYAAAADw==");
    assert!(text.starts_with("NTLM\n") && text.contains("NTLMSSP message NEGOTIATE, 40 bytes"), "{text}");
    let init = {
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let mechanism = [&[6, 10][..], oid::NTLMSSP.as_bytes()].concat();
        let list = [&[0xa0, 14, 0x30, 12][..], &mechanism].concat();
        let token = [&[0xa2, length(&negotiate) + 2, 4, length(&negotiate)][..], &negotiate].concat();
        let fields = [list, token].concat();
        let mut init = [&[0xa0, length(&fields) + 2, 0x30, length(&fields)][..], &fields].concat();
        frame_from(&mut init, 0, &oid::SPNEGO).unwrap();
        init
    };
    let text = shown(&init);
    assert!(text.contains("mechToken: NTLMSSP message NEGOTIATE, 40 bytes"), "{text}");
    let resp = {
        let length = u8::try_from(challenge.len()).unwrap();
        let token = [&[0xa2, length + 2, 4, length][..], &challenge].concat();
        let mic = [&[0xa3, 18, 4, 16, 1, 0, 0, 0][..], &[0xab; 8], &[0; 4]].concat();
        let fields = [&[0xa0, 3, 0x0a, 1, 1][..], &token, &mic].concat();
        let length = u8::try_from(fields.len()).unwrap();
        [&[0xa1, 0x81, length + 3, 0x30, 0x81, length][..], &fields].concat()
    };
    let text = shown(&resp);
    assert!(text.contains("responseToken: NTLMSSP message CHALLENGE, 104 bytes"), "{text}");
    assert!(text.contains("mechListMIC: NTLM MIC, 16 bytes"), "{text}");
}

#[test]
fn signatures_are_recognised() {
    let mic = [&[1, 0, 0, 0][..], &[0xab; 8], &[7, 0, 0, 0]].concat();
    let text = shown(&mic);
    for wanted in ["NTLM MIC, 16 bytes\n", "checksum: abababababababab\n", "sequence number: 7\n"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("warning"), "{text}");
    let wrapped = shown(&[&mic[..], b"sealed"].concat());
    assert!(
        wrapped.contains("NTLM wrapped message, 22 bytes") && wrapped.contains("6 bytes at 16"),
        "{wrapped}"
    );
    let empty = shown(&[&[1, 0, 0, 0][..], &[0; 12]].concat());
    assert!(empty.contains("warning: an empty signature"), "{empty}");
    let cut = shown(&mic[..15]);
    assert!(cut.contains("NTLM signature, malformed") && cut.contains("byte"), "{cut}");
}

proptest! {
    #[test]
    fn damaged_messages_become_text(position in 0_usize..422, value in any::<u8>(), cut in 0_usize..422) {
        static MESSAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
            let files = FILES.map(vectors::load);
            files.iter().flat_map(VectorFile::records).map(|record| record.hex("message")).collect()
        });
        for message in &*MESSAGES {
            let mut message = message.clone();
            if let Some(byte) = message.get_mut(position) {
                *byte = value;
            }
            message.truncate(message.len() - cut % message.len());
            assert!(!shown(&message).is_empty());
        }
    }
}
