//! Exchanges with a KDC: left alone, and answered in its place.

use fuzz_targets::input::Output;
use fuzz_targets::krb5_client::forge::{ERROR, IN_TUNNEL, OTHER_NAME, RAW, REPLY, TAMPERED};
use fuzz_targets::krb5_client::{initial, ticket};
use fuzz_targets::krb5_testkdc::KINDS;
use krb5_asn1::{
    Checksum, EncApRepPart, EncAsRepPart, EncKdcRepPart, EncKrbPrivPart, EncTgsRepPart, Encode,
    EncryptionKey, ErrorCode, EtypeInfo2Entry, HostAddress, KerberosTime, KrbFastFinished, KrbFastResponse,
    LastReqEntry, LastReqType, MethodData, Microseconds, Octets, PaData, PaDataType, Principal, SeqOf,
    TicketFlags, UInt32,
};
use test_support::ticket::NOW;
use test_support::vectors::load;

use crate::Seeds;

pub fn add(seeds: &mut Seeds) {
    initial(seeds);
    tickets(seeds);
    passwords(seeds);
    requests(seeds);
}

/// As many honest answers as any exchange needs.
fn honest(input: Output) -> Output {
    (0..8).fold(input, |input, _| input.byte(TAMPERED).byte(0))
}

fn initial(seeds: &mut Seeds) {
    let target = "krb5_client_as";
    let plain = 0;
    for (name, choices) in [
        ("plain", plain),
        ("canonicalize", initial::CANONICALIZE),
        ("fast", initial::ARMOR),
        ("hidden", initial::ARMOR | initial::HIDE_CLIENT),
        ("at once", initial::PREAUTH_AT_ONCE),
        ("renewable service", initial::RENEWABLE | initial::SERVICE | initial::OWN_CLOCK),
    ] {
        seeds.add(target, &format!("honest {name}"), honest(Output::new().byte(choices)).finish());
        let tampered = Output::new().byte(choices).byte(TAMPERED).byte(0);
        let tampered = tampered.byte(TAMPERED).byte(1).u16(30).byte(1);
        seeds.add(target, &format!("tampered {name}"), honest(tampered).finish());
    }

    let server = "krbtgt/A.TEST@A.TEST";
    let reply = |input: Output| input.byte(REPLY).byte(0).chunk(b"").chunk(&part(server, false));
    seeds.add(target, "reply", reply(Output::new().byte(plain)).finish());
    let other = Output::new().byte(initial::CANONICALIZE).byte(REPLY | OTHER_NAME).byte(0).chunk(b"");
    seeds.add(target, "reply to other", other.chunk(&part(server, false)).chunk(b"carol@A.TEST").finish());
    let tunnelled = Output::new().byte(initial::ARMOR).byte(REPLY | IN_TUNNEL).byte(0).chunk(b"");
    seeds.add(target, "reply in tunnel", tunnelled.chunk(&part(server, false)).chunk(&response()).finish());

    let entry = EtypeInfo2Entry { etype: 18, salt: Some("salt".into()), s2kparams: None };
    let info = SeqOf::new(&[entry]).to_der().expect("a short list encodes");
    let offers = padata(&[(PaDataType::ETYPE_INFO2, &info), (PaDataType::ENC_TIMESTAMP, b"")]);
    let asked = || error(Output::new().byte(plain), ErrorCode::KDC_ERR_PREAUTH_REQUIRED, 0, "", &offers);
    seeds.add(target, "timestamp", reply(asked()).finish());
    seeds.add(target, "skew", reply(error(asked(), ErrorCode::KRB_AP_ERR_SKEW, 700, "", &[])).finish());
    let referred =
        error(Output::new().byte(initial::CANONICALIZE), ErrorCode::KDC_ERR_WRONG_REALM, 0, "B.TEST", &[]);
    seeds.add(target, "referral", honest(referred).finish());
    for record in load("crypto/rfc9588-spake.txt").records_of("spake") {
        let offers =
            padata(&[(PaDataType::ETYPE_INFO2, &info), (PaDataType::SPAKE, &record.hex("challenge"))]);
        let unasked = error(Output::new().byte(plain), ErrorCode::KDC_ERR_PREAUTH_REQUIRED, 0, "", &offers);
        seeds.add(target, &format!("challenge {}", record.name()), reply(unasked).finish());
    }
    seeds.add(target, "raw", Output::new().byte(plain).byte(RAW).chunk(b"\x7e\x00").finish());
}

fn tickets(seeds: &mut Seeds) {
    let target = "krb5_client_tgs";
    for (index, goal) in ticket::GOALS.iter().enumerate() {
        for (name, choices) in [("", 0), ("fast", ticket::FAST)] {
            let head = || Output::new().byte(u8::try_from(index).expect("few goals")).byte(choices);
            seeds.add(target, &format!("honest {goal:?} {name}"), honest(head()).finish());
            let tampered = head().byte(TAMPERED).byte(1).u16(40).byte(1);
            seeds.add(target, &format!("tampered {goal:?} {name}"), honest(tampered).finish());
        }
    }
    let head = |choices| Output::new().byte(0).byte(choices);
    let near = "HTTP/www.a.test@A.TEST";
    let reply = |input: Output, server| input.byte(REPLY).byte(0).chunk(b"").chunk(&part(server, true));
    seeds.add(target, "reply", reply(head(0), near).finish());
    let tunnelled = head(ticket::FAST).byte(REPLY | IN_TUNNEL).byte(0).chunk(b"").chunk(&part(near, true));
    seeds.add(target, "reply in tunnel", tunnelled.chunk(&response()).finish());
    let far = reply(Output::new().byte(1).byte(0), "krbtgt/B.TEST@A.TEST");
    seeds.add(target, "referral", reply(far, "HTTP/www.b.test@B.TEST").finish());
    let loops = reply(Output::new().byte(2).byte(0), "krbtgt/B.TEST@A.TEST");
    seeds.add(target, "loop", reply(loops, "krbtgt/A.TEST@B.TEST").finish());
    let unknown = error(Output::new().byte(1).byte(0), ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, 0, "", &[]);
    seeds.add(target, "refused", honest(unknown).finish());
    seeds.add(target, "skew", honest(error(head(0), ErrorCode::KRB_AP_ERR_SKEW, 700, "", &[])).finish());
}

fn passwords(seeds: &mut Seeds) {
    let target = "krb5_client_password";
    for (name, set) in [("change", 0), ("set", 1)] {
        seeds.add(target, &format!("honest {name}"), honest(Output::new().byte(set)).finish());
        let tampered = Output::new().byte(set).byte(TAMPERED).byte(1).u16(3).byte(1);
        seeds.add(target, &format!("tampered {name}"), tampered.finish());
    }
    let ap = EncApRepPart { ctime: time(0), cusec: micros(), subkey: None, seq_number: Some(UInt32(9)) };
    let ap = ap.to_der().expect("a short message encodes");
    for (name, data) in [("done", &b"\0\0"[..]), ("done with text", b"\0\0well"), ("too weak", b"\0\x04no")] {
        let private = EncKrbPrivPart {
            user_data: Octets::new(data),
            timestamp: None,
            usec: None,
            seq_number: Some(UInt32(9)),
            s_address: HostAddress {
                addr_type: krb5_asn1::AddressType::IPV4,
                address: Octets::new(&[127, 0, 0, 1]),
            },
            r_address: None,
        };
        let private = private.to_der().expect("a short message encodes");
        let input = Output::new().byte(0).byte(REPLY).u16(1).chunk(&ap).chunk(&private);
        seeds.add(target, name, input.finish());
    }
    seeds.add(target, "error", Output::new().byte(0).byte(ERROR).u16(1).chunk(b"\x7e\x00").finish());
}

fn requests(seeds: &mut Seeds) {
    let target = "krb5_testkdc_requests";
    let mut all = Output::new();
    for (index, kind) in KINDS.iter().enumerate().skip(2) {
        let index = u8::try_from(index).expect("few kinds");
        seeds.add(target, &format!("honest {kind:?}"), Output::new().byte(index).byte(0).finish());
        let changed = Output::new().byte(index).byte(1).u16(60).byte(1);
        seeds.add(target, &format!("changed {kind:?}"), changed.finish());
        all = all.byte(index).byte(0);
    }
    seeds.add(target, "one after the other", all.finish());
    seeds.add(target, "raw", Output::new().byte(0).chunk(b"\x6a\x02\x30\x00").byte(0).finish());
    seeds.add(target, "raw password", Output::new().byte(1).chunk(&[0, 6, 0, 1, 0, 0]).byte(0).finish());
}

/// A KRB-ERROR, with the KDC's clock so many seconds ahead.
fn error(input: Output, code: ErrorCode, ahead: u16, realm: &str, data: &[u8]) -> Output {
    let code = u8::try_from(code.0).expect("one of the common ones");
    input.byte(ERROR).byte(code).u16(ahead).chunk(realm.as_bytes()).chunk(data)
}

/// What the KDC tells the client about a ticket for `server`.
fn part(server: &str, is_tgs: bool) -> Vec<u8> {
    let server: Principal = server.parse().expect("a name of ours");
    let last = [LastReqEntry { lr_type: LastReqType::NONE, lr_value: time(0) }];
    let part = EncKdcRepPart {
        key: EncryptionKey { keytype: 18, keyvalue: Octets::new(&[7; 32]) },
        last_req: SeqOf::new(&last),
        nonce: UInt32(0),
        key_expiration: None,
        flags: TicketFlags::FORWARDABLE,
        authtime: time(0),
        starttime: None,
        endtime: time(3600),
        renew_till: None,
        srealm: server.realm(),
        sname: server.name(),
        caddr: None,
        encrypted_pa_data: None,
    };
    let der = if is_tgs { EncTgsRepPart(part).to_der() } else { EncAsRepPart(part).to_der() };
    der.expect("a part encodes")
}

/// What a KDC says inside the tunnel; the checksum is none, which under `cfg(fuzzing)` does.
fn response() -> Vec<u8> {
    let client: Principal = fuzz_targets::krb5_client::CLIENT.parse().expect("a name of ours");
    let finished = KrbFastFinished {
        timestamp: time(0),
        usec: micros(),
        crealm: client.realm(),
        cname: client.name(),
        ticket_checksum: Checksum { cksumtype: 16, checksum: Octets::new(&[0; 12]) },
    };
    let response = KrbFastResponse {
        padata: SeqOf::EMPTY,
        strengthen_key: None,
        finished: Some(finished),
        nonce: UInt32(0),
    };
    response.to_der().expect("a response encodes")
}

fn padata(list: &[(PaDataType, &[u8])]) -> Vec<u8> {
    let list: Vec<_> = list
        .iter()
        .map(|(padata_type, value)| PaData { padata_type: *padata_type, padata_value: Octets::new(value) })
        .collect();
    MethodData::new(&list).to_der().expect("a short list encodes")
}

fn time(after: i64) -> KerberosTime {
    KerberosTime::from_unix(NOW + after).expect("a time of our century")
}

fn micros() -> Microseconds {
    Microseconds::new(0).expect("none")
}
