//! Structs built from the sample values of the reference encodings must give exactly those bytes, and the
//! bytes must decode to those values.

use krb5_asn1::*;

use crate::{encode, reference};

const REALM: &str = "ATHENA.MIT.EDU";
const FLAGS: u32 = 0xfedc_ba98;
const NONCE: UInt32 = UInt32(42);
const SEQ: UInt32 = UInt32(17);

struct Sample {
    components: [KerberosString<'static>; 2],
    addresses: [HostAddress<'static>; 2],
    authdata: [AuthDataElement<'static>; 2],
    padata: [PaData<'static>; 2],
    ticket: Vec<u8>,
}

impl Sample {
    fn new() -> Self {
        let address = HostAddress { addr_type: AddressType::IPV4, address: Octets::new(&[18, 208, 0, 35]) };
        let element = AuthDataElement { ad_type: AuthDataType(1), ad_data: Octets::new(b"foobar") };
        let padata = PaData { padata_type: PaDataType(13), padata_value: Octets::new(b"pa-data") };
        Self {
            components: ["hftsai".into(), "extra".into()],
            addresses: [address; 2],
            authdata: [element; 2],
            padata: [padata; 2],
            ticket: reference("ticket"),
        }
    }

    fn name(&self) -> PrincipalName<'_> {
        PrincipalName::new(NameType::PRINCIPAL, &self.components)
    }

    fn ticket(&self) -> Raw<'_, Ticket<'_>> {
        Raw::new(&self.ticket).unwrap()
    }

    fn request<'a>(&'a self, kdc_options: KdcOptions, tickets: &'a [Raw<'a, Ticket<'a>>]) -> KdcReqBody<'a> {
        KdcReqBody {
            kdc_options,
            cname: Some(self.name()),
            realm: realm(),
            sname: Some(self.name()),
            from: Some(time()),
            till: time(),
            rtime: Some(time()),
            nonce: NONCE,
            etype: SeqOf::new(&[0, 1]),
            addresses: Some(SeqOf::new(&self.addresses)),
            enc_authorization_data: Some(sealed()),
            additional_tickets: Some(SeqOf::new(tickets)),
        }
    }

    fn address(&self) -> HostAddress<'_> {
        self.addresses[0]
    }
}

fn time() -> KerberosTime {
    KerberosTime::from_unix(771_228_197).unwrap()
}

fn usec() -> Microseconds {
    Microseconds::new(123_456).unwrap()
}

fn realm() -> KerberosString<'static> {
    REALM.into()
}

fn key() -> EncryptionKey<'static> {
    EncryptionKey { keytype: 1, keyvalue: Octets::new(b"12345678") }
}

fn cksum() -> Checksum<'static> {
    Checksum { cksumtype: 1, checksum: Octets::new(b"1234") }
}

fn sealed() -> EncryptedData<'static> {
    EncryptedData { etype: 0, kvno: Some(UInt32(5)), cipher: Octets::new(b"krbASN.1 test message") }
}

#[test]
fn tickets() {
    let s = Sample::new();
    same!("ticket", Ticket { realm: realm(), sname: s.name(), enc_part: sealed() });
    same!("keyblock", key());
    let full = EncTicketPart {
        flags: TicketFlags(FLAGS),
        key: key(),
        crealm: realm(),
        cname: s.name(),
        transited: TransitedEncoding {
            tr_type: TransitedType::DOMAIN_X500_COMPRESS,
            contents: Octets::new(b"EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS."),
        },
        authtime: time(),
        starttime: Some(time()),
        endtime: time(),
        renew_till: Some(time()),
        caddr: Some(SeqOf::new(&s.addresses)),
        authorization_data: Some(SeqOf::new(&s.authdata)),
    };
    same!("enc_tkt_part", full);
}

#[test]
fn ap_exchange() {
    let s = Sample::new();
    let full = Authenticator {
        crealm: realm(),
        cname: s.name(),
        cksum: Some(cksum()),
        cusec: usec(),
        ctime: time(),
        subkey: Some(key()),
        seq_number: Some(SEQ),
        authorization_data: Some(SeqOf::new(&s.authdata)),
    };
    same!("authenticator", full);
    same!(
        "authenticator(optionals empty)",
        Authenticator { cksum: None, subkey: None, seq_number: None, authorization_data: None, ..full }
    );
    same!("ap_req", ApReq { ap_options: ApOptions(FLAGS), ticket: s.ticket(), authenticator: sealed() });
    same!("ap_rep", ApRep { enc_part: sealed() });
    let part = EncApRepPart { ctime: time(), cusec: usec(), subkey: Some(key()), seq_number: Some(SEQ) };
    same!("ap_rep_enc_part", part);
    same!("ap_rep_enc_part(optionals NULL)", EncApRepPart { subkey: None, seq_number: None, ..part });
}

#[test]
fn kdc_exchanges() {
    let s = Sample::new();
    let tickets = [s.ticket(), s.ticket()];
    // MIT's test clears ENC_TKT_IN_SKEY where it sends the additional tickets.
    let body = s.request(KdcOptions(FLAGS).without(KdcOptions::ENC_TKT_IN_SKEY), &tickets);
    same!("kdc_req_body", body);
    let der = encode(&body);
    let req_body = Raw::new(&der).unwrap();
    let padata = Some(SeqOf::new(&s.padata));
    assert_eq!(encode(&AsReq { padata, req_body }), reference("as_req"));
    assert_eq!(encode(&TgsReq { padata, req_body }), reference("tgs_req"));
    same!(
        "as_rep",
        AsRep { padata, crealm: realm(), cname: s.name(), ticket: s.ticket(), enc_part: sealed() }
    );
    same!(
        "tgs_rep(optionals NULL)",
        TgsRep { padata: None, crealm: realm(), cname: s.name(), ticket: s.ticket(), enc_part: sealed() }
    );
}

#[test]
fn kdc_reply_parts() {
    let s = Sample::new();
    let last_req = [LastReqEntry { lr_type: LastReqType(-5), lr_value: time() }; 2];
    let part = EncKdcRepPart {
        key: key(),
        last_req: SeqOf::new(&last_req),
        nonce: NONCE,
        key_expiration: Some(time()),
        flags: TicketFlags(FLAGS),
        authtime: time(),
        starttime: Some(time()),
        endtime: time(),
        renew_till: Some(time()),
        srealm: realm(),
        sname: s.name(),
        caddr: Some(SeqOf::new(&s.addresses)),
        encrypted_pa_data: None,
    };
    same!("enc_kdc_rep_part", EncTgsRepPart(part));
    assert_eq!(encode(&EncAsRepPart(part))[1..], encode(&EncTgsRepPart(part))[1..]);
    assert_eq!(encode(&EncAsRepPart(part))[0], 0x79);
}

#[test]
fn safe_priv_and_cred() {
    let s = Sample::new();
    let user_data = Octets::new(b"krb5data");
    let body = KrbSafeBody {
        user_data,
        timestamp: Some(time()),
        usec: Some(usec()),
        seq_number: Some(SEQ),
        s_address: s.address(),
        r_address: Some(s.address()),
    };
    let der = encode(&body);
    same!("safe", KrbSafe { safe_body: Raw::new(&der).unwrap(), cksum: cksum() });
    same!("priv", KrbPriv { enc_part: sealed() });
    same!(
        "enc_priv_part",
        EncKrbPrivPart {
            user_data,
            timestamp: Some(time()),
            usec: Some(usec()),
            seq_number: Some(SEQ),
            s_address: s.address(),
            r_address: Some(s.address()),
        }
    );
    let tickets = [s.ticket(), s.ticket()];
    same!("cred", KrbCred { tickets: SeqOf::new(&tickets), enc_part: sealed() });
    let info = KrbCredInfo {
        key: key(),
        prealm: Some(realm()),
        pname: Some(s.name()),
        flags: Some(TicketFlags(FLAGS)),
        authtime: Some(time()),
        starttime: Some(time()),
        endtime: Some(time()),
        renew_till: Some(time()),
        srealm: Some(realm()),
        sname: Some(s.name()),
        caddr: Some(SeqOf::new(&s.addresses)),
    };
    let infos = [info, info];
    same!(
        "enc_cred_part",
        EncKrbCredPart {
            ticket_info: SeqOf::new(&infos),
            nonce: Some(NONCE),
            timestamp: Some(time()),
            usec: Some(usec()),
            s_address: Some(s.address()),
            r_address: Some(s.address()),
        }
    );
}

#[test]
fn errors() {
    let s = Sample::new();
    let full = KrbError {
        ctime: Some(time()),
        cusec: Some(usec()),
        stime: time(),
        susec: usec(),
        error_code: ErrorCode::KRB_ERR_GENERIC,
        crealm: Some(realm()),
        cname: Some(s.name()),
        realm: realm(),
        sname: s.name(),
        e_text: Some("krb5data".into()),
        e_data: Some(Octets::new(b"krb5data")),
    };
    same!("error", full);
    same!(
        "error(optionals NULL)",
        KrbError { ctime: None, crealm: None, cname: None, e_text: None, e_data: None, ..full }
    );
}

#[test]
fn data_within_messages() {
    let s = Sample::new();
    same!("authorization_data", AuthorizationData::new(&s.authdata));
    same!("padata_sequence", MethodData::new(&s.padata));
    same!("padata_sequence(empty)", MethodData::EMPTY);
    let entry = |etype, salt: Option<&'static str>, params: &'static str| EtypeInfo2Entry {
        etype,
        salt: salt.map(Into::into),
        s2kparams: Some(Octets::new(params.as_bytes())),
    };
    let entries = [
        entry(0, Some("Morton's #0"), "s2k: 0"),
        entry(1, None, "s2k: 1"),
        entry(2, Some("Morton's #2"), "s2k: 2"),
    ];
    same!("etype_info2", EtypeInfo2::new(&entries));
    let old =
        |etype, salt: Option<&'static str>| EtypeInfoEntry { etype, salt: salt.map(|s| s.as_bytes().into()) };
    let entries = [old(0, Some("Morton's #0")), old(1, None), old(2, Some("Morton's #2"))];
    same!("etype_info", EtypeInfo::new(&entries));
    same!("pa_enc_ts", PaEncTsEnc { patimestamp: time(), pausec: Some(usec()) });
    same!("pa_enc_ts (no usec)", PaEncTsEnc { patimestamp: time(), pausec: None });
    let typed =
        TypedDataElement { data_type: PaDataType::SAM_RESPONSE, data_value: Some(Octets::new(b"pa-data")) };
    let typed = [typed, typed];
    same!("typed_data", TypedData::new(&typed));
    same!(
        "pa_for_user",
        PaForUser {
            user_name: s.name(),
            user_realm: realm(),
            cksum: cksum(),
            auth_package: "krb5data".into()
        }
    );
}

#[test]
fn authorization_data_of_the_kdc() {
    let s = Sample::new();
    let der = encode(&AuthorizationData::new(&s.authdata));
    same!(
        "ad_kdcissued",
        AdKdcIssued {
            ad_checksum: cksum(),
            i_realm: Some(realm()),
            i_sname: Some(s.name()),
            elements: Raw::new(&der).unwrap()
        }
    );
    let der = reference("cammac");
    let cammac = AdCammac::from_der(&der).unwrap();
    let elements: Vec<_> = cammac.elements.iter().map(|e| (e.ad_type.0, e.ad_data.as_bytes())).collect();
    assert_eq!(elements, [(1, &b"ad1"[..]), (2, b"ad2")]);
    let verifier = cammac.kdc_verifier.unwrap();
    assert_eq!(
        (verifier.identifier, verifier.kvno, verifier.enctype),
        (Some(s.name()), Some(UInt32(5)), Some(16))
    );
    assert_eq!(verifier.mac, Checksum { cksumtype: 1, checksum: Octets::new(b"cksumkdc") });
    assert!(cammac.svc_verifier.is_some_and(|v| v.mac.checksum.as_bytes() == b"cksumsvc"));
    assert!(cammac.other_verifiers.is_some_and(|others| !others.is_empty()));
}

/// As MIT krb5 1.20 sends it (`vectors/iakerb/mit-login.txt`, the first token).
#[test]
fn old_proxy_header_has_the_realm_in_octets() {
    let der = *b"\x30\x10\xa1\x0e\x04\x0cINTEROP.TEST";
    let header = OldIakerbHeader { target_realm: Octets::new(b"INTEROP.TEST"), cookie: None };
    assert_eq!(OldIakerbHeader::from_der(&der), Ok(header));
    assert_eq!(header.to_der().unwrap(), der);
    assert!(IakerbHeader::from_der(&der).is_err());
    let new = IakerbHeader { target_realm: Utf8::new("INTEROP.TEST"), cookie: None }.to_der().unwrap();
    assert!(OldIakerbHeader::from_der(&new).is_err());
}

#[test]
fn proxied_exchanges() {
    same!(
        "iakerb_header",
        IakerbHeader { target_realm: Utf8::new("krb5data"), cookie: Some(Octets::new(b"krb5data")) }
    );
    same!("iakerb_finished", IakerbFinished { gss_mic: cksum() });
    let s = Sample::new();
    let tickets = [s.ticket(), s.ticket()];
    let body = encode(&s.request(KdcOptions(FLAGS), &tickets));
    let request = encode(&AsReq { padata: Some(SeqOf::new(&s.padata)), req_body: Raw::new(&body).unwrap() });
    same!(
        "kkdcp_message",
        KdcProxyMessage {
            kerb_message: Octets::new(&request),
            target_domain: Some("krb5data".into()),
            dclocator_hint: None,
        }
    );
}
