use super::*;
use gss_core::framing::frame_from;
use gss_core::oid;
use krb5_asn1::{
    ApOptions, ApReq, AuthDataType, Authenticator, Checksum, Encode, EncryptionKey, EncryptionKeyBuf,
    ErrorCode, KerberosTime, KrbError, MethodData, Microseconds, NameType, Octets, PaData, PaDataType,
    PrincipalName, Raw, UInt32,
};
use krb5_files::KeytabEntry;
use proptest::prelude::{any, proptest};
use test_support::ticket::{NOW, TicketMaker, key, seal};

fn maker() -> TicketMaker {
    let mut maker =
        TicketMaker::new("alice@TEST", "HTTP/host@TEST", key(EncType::AES256_CTS_HMAC_SHA1_96, 5));
    maker.authorization_data =
        vec![(AuthDataType::WIN2K_PAC, [1_u32, 0, 14, 0, 24, 0].map(u32::to_le_bytes).concat())];
    maker
}

fn keytab(maker: &TicketMaker) -> Keytab {
    let key = EncryptionKeyBuf::new(maker.service_key.enctype().0, maker.service_key.secret_bytes());
    Keytab::from_entries([KeytabEntry::new(maker.service.clone(), 2, key)])
}

/// An AP-REQ with GSS-API's checksum, framed.
fn ap_req(maker: &TicketMaker) -> Vec<u8> {
    let checksum = [&16_u32.to_le_bytes()[..], &[0; 16], &0x3e_u32.to_le_bytes()].concat();
    let authenticator = Authenticator {
        crealm: maker.client.realm(),
        cname: maker.client.name(),
        cksum: Some(Checksum { cksumtype: 0x8003, checksum: Octets::new(&checksum) }),
        cusec: Microseconds::new(7).unwrap(),
        ctime: KerberosTime::from_unix(NOW).unwrap(),
        subkey: Some(EncryptionKey { keytype: 18, keyvalue: Octets::new(&[0xaa; 32]) }),
        seq_number: Some(UInt32(1234)),
        authorization_data: None,
    };
    let plaintext = authenticator.to_der().unwrap();
    let sealed = seal(&maker.session_key.cipher(KeyUsage::AP_REQ_AUTHENTICATOR), &plaintext, 3);
    let ticket = maker.ticket();
    let message = ApReq {
        ap_options: ApOptions::MUTUAL_REQUIRED,
        ticket: Raw::new(&ticket).unwrap(),
        authenticator: EncryptedData { etype: 18, kvno: None, cipher: Octets::new(&sealed) },
    };
    let mut token = vec![1, 0];
    token.extend_from_slice(&message.to_der().unwrap());
    frame_from(&mut token, 0, &oid::KRB5).unwrap();
    token
}

#[test]
fn a_closed_ap_req_shows_what_is_public() {
    let text = Inspector::default().inspect(&ap_req(&maker())).to_string();
    for wanted in [
        "GSS-API token of krb5 (1.2.840.113554.1.2.2)",
        "AP-REQ",
        "ap-options: mutual-required",
        "ticket: HTTP/host@TEST",
        "aes256-cts-hmac-sha1-96, kvno 2",
        "no --keytab given",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("alice"), "{text}");
}

#[test]
fn with_the_key_ticket_and_authenticator_open() {
    let maker = maker();
    let inspector = Inspector { keytab: Some(keytab(&maker)), secrets: false };
    let text = inspector.inspect(&ap_req(&maker)).to_string();
    for wanted in [
        "opened with the key of HTTP/host@TEST, kvno 2",
        "client: alice@TEST",
        "flags: initial, pre-authent",
        "session key: aes256-cts-hmac-sha1-96 [32 bytes hidden]",
        "WIN2K_PAC (128), 24 bytes",
        "device info (14), 0 bytes at 24",
        "malformed: PAC, device info",
        "checksum: GSS-API (0x8003)",
        "mutual",
        "channel bindings: none",
        "subkey: aes256-cts-hmac-sha1-96 [32 bytes hidden]",
        "sequence number: 1234",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("aaaaaa"), "{text}");
    let open = Inspector { secrets: true, ..inspector };
    assert!(open.inspect(&ap_req(&maker)).to_string().contains(&"aa".repeat(32)));
}

#[test]
fn a_keytab_that_does_not_fit_is_told() {
    let maker = maker();
    let other = TicketMaker::new("alice@TEST", "ldap/host@TEST", key(EncType::AES256_CTS_HMAC_SHA1_96, 6));
    let inspector = Inspector { keytab: Some(keytab(&other)), secrets: false };
    let text = inspector.inspect(&ap_req(&maker)).to_string();
    assert!(
        text.contains("none of the keytab's aes256-cts-hmac-sha1-96 keys fits (ldap/host@TEST kvno 2)"),
        "{text}"
    );
}

#[test]
fn spnego_is_unwrapped() {
    // NegTokenInit of Kerberos and NTLM with an NTLM token inside, and an answer.
    let mut token = gss_spnego_init();
    let text = Inspector::default().inspect(&token).to_string();
    for wanted in
        ["SPNEGO NegTokenInit", "1.2.840.113554.1.2.2 (krb5)", "mechToken: NTLMSSP message NEGOTIATE"]
    {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    token.truncate(token.len() - 1);
    let text = Inspector::default().inspect(&token).to_string();
    assert!(text.contains("malformed"), "{text}");
    let text = Inspector::default().inspect(&[0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 2]).to_string();
    assert!(text.contains("SPNEGO NegTokenResp") && text.contains("negState: reject"), "{text}");
}

fn gss_spnego_init() -> Vec<u8> {
    let ntlm = b"NTLMSSP\0\x01\0\0\0";
    let mech_types = [&[0x30, 11, 6, 9][..], oid::KRB5.as_bytes()].concat();
    let list = [&[0xa0, 13][..], &mech_types].concat();
    let mech_token = [&[0xa2, 14, 4, 12][..], ntlm].concat();
    let fields = [list, mech_token].concat();
    let length = u8::try_from(fields.len()).unwrap();
    let mut token = [&[0xa0, length + 2, 0x30, length][..], &fields].concat();
    frame_from(&mut token, 0, &oid::SPNEGO).unwrap();
    token
}

#[test]
fn kinds_are_recognised_by_their_first_bytes() {
    let wrap = [&[5, 4, 3, 0xff, 0, 0, 0, 28][..], &9_u64.to_be_bytes(), &[1; 44]].concat();
    let mic = [&[4, 4, 1, 0xff, 0xff, 0xff, 0xff, 0xff][..], &9_u64.to_be_bytes(), &[1; 12]].concat();
    let mut old_mic = [&[1, 1, 0x11, 0, 0xff, 0xff, 0xff, 0xff][..], &[2; 16]].concat();
    frame_from(&mut old_mic, 0, &oid::KRB5).unwrap();
    let maker = maker();
    let ticket = maker.ticket();
    let part = maker.encrypted_part();
    let keytab = keytab(&maker).to_bytes().unwrap();
    let cases: [(&[u8], &str); 10] = [
        (&wrap, "Wrap token of RFC 4121, 60 bytes\n├─ flags: SentByAcceptor, Sealed"),
        (&wrap, "RRC (right rotation count): 28"),
        (&mic, "MIC token of RFC 4121"),
        (&old_mic, "SGN_ALG: HMAC MD5 of RC4"),
        (&ticket, "Ticket: HTTP/host@TEST"),
        (&part, "EncTicketPart"),
        (&keytab, "keytab, V2"),
        (b"NTLMSSP\0\x02\0\0\0", "NTLMSSP message CHALLENGE"),
        (&[0x30, 3, 2, 1, 5], "DER of no known kind"),
        (b"", "empty token"),
    ];
    for (bytes, wanted) in cases {
        let text = Inspector::default().inspect(bytes).to_string();
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

/// The `der` of a record of `vectors/asn1/derived.txt`.
fn derived(name: &str) -> Vec<u8> {
    let file = test_support::vectors::load("asn1/derived.txt");
    let record = file.records().iter().find(|record| record.name() == name);
    record.unwrap_or_else(|| panic!("no record {name}")).hex("der")
}

/// A KRB-ERROR with this error data.
fn refusal(data: &[u8]) -> Vec<u8> {
    let components = ["krbtgt".into(), "TEST".into()];
    let error = KrbError {
        ctime: None,
        cusec: None,
        stime: KerberosTime::from_unix(NOW).unwrap(),
        susec: Microseconds::new(0).unwrap(),
        error_code: ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        crealm: None,
        cname: None,
        realm: "TEST".into(),
        sname: PrincipalName::new(NameType::SRV_INST, &components),
        e_text: None,
        e_data: Some(Octets::new(data)),
    };
    error.to_der().unwrap()
}

#[test]
fn pre_authentication_data_is_told_in_words() {
    let cases = [
        (
            PaDataType::FX_FAST,
            derived("PA-FX-FAST of a TGS-REQ"),
            "request: aes256-cts-hmac-sha1-96, 6 bytes encrypted",
        ),
        (
            PaDataType::FX_FAST,
            derived("PA-FX-FAST of an AS-REQ"),
            "armor AP_REQUEST (1): no known kind of token, 6 bytes",
        ),
        (
            PaDataType::FX_FAST,
            derived("PA-FX-FAST of a reply"),
            "reply: aes256-cts-hmac-sha1-96, 6 bytes encrypted",
        ),
        (PaDataType::FX_FAST, Vec::new(), "FX_FAST (136), 0 bytes"),
        (
            PaDataType::FX_FAST,
            vec![0x30, 0],
            "malformed: PaFxFastRequest has no alternative with the tag SEQUENCE",
        ),
        (PaDataType::SPAKE, derived("PA-SPAKE support"), "support of groups: EDWARDS25519 (1), P256 (2)"),
        (
            PaDataType::SPAKE,
            derived("PA-SPAKE challenge with a second factor"),
            "second factors: NONE (1), -7",
        ),
        (PaDataType::SPAKE, derived("PA-SPAKE response"), "second factor: aes256-cts-hmac-sha1-96"),
        (PaDataType::SPAKE, derived("PA-SPAKE encdata"), "further data: aes256-cts-hmac-sha1-96"),
        (PaDataType::AUTHENTICATION_SET, derived("PA-AUTHENTICATION-SET"), "ENCRYPTED_CHALLENGE (138)"),
        (
            PaDataType::S4U_X509_USER,
            derived("PA-S4U-X509-USER"),
            "options: check-logon-hours, use-reply-key-usage",
        ),
        (PaDataType::PAC_REQUEST, derived("KERB-PA-PAC-REQUEST, not wanted"), "PAC: not wanted"),
        (PaDataType::PAC_OPTIONS, derived("PA-PAC-OPTIONS"), "claims, resource-based-constrained-delegation"),
        (PaDataType::SVR_REFERRAL_INFO, derived("PA-SVR-REFERRAL-DATA"), "realm to ask: EXAMPLE.COM"),
        (
            PaDataType::SUPPORTED_ETYPES,
            vec![0x10, 0, 1, 0],
            "supported: aes256-cts-hmac-sha1-96, fast-supported",
        ),
        (PaDataType::FX_COOKIE, b"MIT".to_vec(), "bytes: 4d4954"),
        (PaDataType::FX_ERROR, refusal(&[]), "KRB-ERROR: KDC_ERR_PREAUTH_REQUIRED (25)"),
        (PaDataType::PW_SALT, b"TESTalice".to_vec(), "salt: TESTalice"),
    ];
    for (padata_type, value, wanted) in cases {
        let method = PaData { padata_type, padata_value: Octets::new(&value) };
        let methods = MethodData::new(&[method]).to_der().unwrap();
        let text = Inspector::default().inspect(&refusal(&methods)).to_string();
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let text = Inspector::default().inspect(&refusal(&derived("KERB-ERROR-DATA, extended"))).to_string();
    assert!(text.contains("NTSTATUS: 0xc0000072"), "{text}");
    let text = Inspector::default().inspect(&derived("EncASRepPart with encrypted-pa-data")).to_string();
    assert!(text.contains("checksum of the request") && text.contains("FX_FAST (136), 0 bytes"), "{text}");
}

/// An error in an error in an error.
#[test]
fn endless_errors_end() {
    let mut message = refusal(&[]);
    for _ in 0..20 {
        let method = PaData { padata_type: PaDataType::FX_ERROR, padata_value: Octets::new(&message) };
        message = refusal(&MethodData::new(&[method]).to_der().unwrap());
    }
    let text = Inspector::default().inspect(&message).to_string();
    assert!(text.contains("nested too deep"), "{text}");
}

#[test]
fn endless_nesting_ends() {
    let mut token = vec![1, 0];
    for _ in 0..100 {
        frame_from(&mut token, 0, &oid::NEGOEX).unwrap();
    }
    let text = Inspector::default().inspect(&token).to_string();
    assert!(text.contains("nested too deep"), "{text}");
}

proptest! {
    #[test]
    fn any_bytes_become_text(bytes in any::<Vec<u8>>()) {
        assert!(!Inspector::default().inspect(&bytes).to_string().is_empty());
    }

    /// Changed and cut tokens get further in than random bytes do.
    #[test]
    fn damaged_tokens_become_text(position in 0_usize..400, value in any::<u8>(), cut in 0_usize..400) {
        let maker = maker();
        let inspector = Inspector { keytab: Some(keytab(&maker)), secrets: true };
        for mut token in [ap_req(&maker), gss_spnego_init(), maker.encrypted_part()] {
            if let Some(byte) = token.get_mut(position) {
                *byte = value;
            }
            token.truncate(token.len() - cut % token.len());
            assert!(!inspector.inspect(&token).to_string().is_empty());
        }
    }
}
