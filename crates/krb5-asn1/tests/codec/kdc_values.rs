//! Structs of FAST, SPAKE, S4U and their like, built from the sample values of the derived encodings.

use krb5_asn1::*;

use crate::{encode, reference};

const ALICE: PrincipalName<'static> =
    PrincipalName::new(NameType::PRINCIPAL, &[KerberosString::new(b"alice")]);
const TGS: PrincipalName<'static> = PrincipalName::new(
    NameType::SRV_INST,
    &[KerberosString::new(b"krbtgt"), KerberosString::new(b"EXAMPLE.COM")],
);
const REALM: KerberosString<'static> = KerberosString::new(b"EXAMPLE.COM");
const NONCE: UInt32 = UInt32(0x0102_0304);
const SEALED: EncryptedData<'static> =
    EncryptedData { etype: 18, kvno: None, cipher: Octets::new(b"sealed") };
const CKSUM: Checksum<'static> =
    Checksum { cksumtype: 16, checksum: Octets::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) };
const KEY: EncryptionKey<'static> =
    EncryptionKey { keytype: 18, keyvalue: Octets::new(b" !\"#$%&'()*+,-./0123456789:;<=>?") };
const PADATA: [PaData<'static>; 2] =
    [pa(PaDataType::FX_COOKIE, b"cookie"), pa(PaDataType::REQ_ENC_PA_REP, b"")];

const fn pa(padata_type: PaDataType, value: &[u8]) -> PaData<'_> {
    PaData { padata_type, padata_value: Octets::new(value) }
}

fn now() -> KerberosTime {
    KerberosTime::parse(b"20240229120000Z").unwrap()
}

fn tomorrow() -> KerberosTime {
    KerberosTime::parse(b"20240301120000Z").unwrap()
}

fn body() -> Vec<u8> {
    encode(&KdcReqBody {
        kdc_options: KdcOptions::RENEWABLE | KdcOptions::CANONICALIZE | KdcOptions::RENEWABLE_OK,
        cname: Some(ALICE),
        realm: REALM,
        sname: Some(TGS),
        from: None,
        till: tomorrow(),
        rtime: None,
        nonce: NONCE,
        etype: SeqOf::new(&[20, 18, 17]),
        addresses: None,
        enc_authorization_data: None,
        additional_tickets: None,
    })
}

#[test]
fn fast_requests() {
    let armor = KrbFastArmor { armor_type: FastArmorType::AP_REQUEST, armor_value: Octets::new(b"AP-REQ") };
    let armored = KrbFastArmoredReq { armor: Some(armor), req_checksum: CKSUM, enc_fast_req: SEALED };
    same!("PA-FX-FAST of an AS-REQ", PaFxFastRequest::ArmoredData(armored));
    same!(
        "PA-FX-FAST of a TGS-REQ",
        PaFxFastRequest::ArmoredData(KrbFastArmoredReq { armor: None, ..armored })
    );
    let body = body();
    let request = KrbFastReq {
        fast_options: FastOptions::HIDE_CLIENT_NAMES | FastOptions::KDC_FOLLOW_REFERRALS,
        padata: SeqOf::new(&PADATA),
        req_body: Raw::new(&body).unwrap(),
    };
    same!("KrbFastReq", request);
    same!(
        "KrbFastReq without padata",
        KrbFastReq { fast_options: FastOptions::NONE, padata: SeqOf::EMPTY, ..request }
    );
    let der = reference("KrbFastReq");
    assert_eq!(KrbFastReq::from_der(&der).unwrap().req_body.as_der(), body, "the bytes that are covered");
}

#[test]
fn fast_replies() {
    same!("PA-FX-FAST of a reply", PaFxFastReply::ArmoredData(KrbFastArmoredRep { enc_fast_rep: SEALED }));
    let finished = KrbFastFinished {
        timestamp: now(),
        usec: Microseconds::new(123_456).unwrap(),
        crealm: REALM,
        cname: ALICE,
        ticket_checksum: CKSUM,
    };
    let reply = KrbFastResponse {
        padata: SeqOf::new(&PADATA),
        strengthen_key: Some(KEY),
        finished: Some(finished),
        nonce: NONCE,
    };
    same!("KrbFastResponse of a reply", reply);
    same!(
        "KrbFastResponse of an error",
        KrbFastResponse { strengthen_key: None, finished: None, nonce: UInt32(0xffff_fffe), ..reply }
    );
    let set = [
        PaAuthenticationSetElem { pa_type: PaDataType::ENCRYPTED_CHALLENGE, pa_hint: None, pa_value: None },
        PaAuthenticationSetElem {
            pa_type: PaDataType::SPAKE,
            pa_hint: Some(Octets::new(b"hint")),
            pa_value: Some(Octets::new(b"value")),
        },
    ];
    same!("PA-AUTHENTICATION-SET", PaAuthenticationSet::new(&set));
}

#[test]
fn spake() {
    let groups = [SpakeGroup::EDWARDS25519, SpakeGroup::P256];
    same!("PA-SPAKE support", PaSpake::Support(SpakeSupport { groups: SeqOf::new(&groups) }));
    let none = SpakeSecondFactor { factor_type: SpakeFactorType::NONE, data: None };
    same!("SPAKESecondFactor", none);
    let other = SpakeSecondFactor { factor_type: SpakeFactorType(-7), data: Some(Octets::new(b"challenge")) };
    let factors = [none, other];
    same!(
        "PA-SPAKE challenge with a second factor",
        PaSpake::Challenge(SpakeChallenge {
            group: SpakeGroup::P256,
            pubkey: Octets::new(b"public value of the KDC"),
            factors: SeqOf::new(&factors),
        })
    );
    let response = SpakeResponse { pubkey: Octets::new(b"public value of the client"), factor: SEALED };
    same!("PA-SPAKE response", PaSpake::Response(response));
    same!("PA-SPAKE encdata", PaSpake::EncData(SEALED));
}

/// The sizes that [`SpakeGroup`] states, seen in the RFC's own challenges.
#[test]
fn spake_public_values_have_their_group_s_length() {
    for (name, group, len) in [
        ("edwards25519 with enctype 17", SpakeGroup::EDWARDS25519, 32),
        ("p256 with enctype 18", SpakeGroup::P256, 33),
        ("p384 with enctype 18", SpakeGroup::P384, 49),
        ("p521 with enctype 18", SpakeGroup::P521, 67),
    ] {
        let support = reference(&format!("support of {name}"));
        let groups = SeqOf::new(core::slice::from_ref(&group));
        assert_eq!(PaSpake::from_der(&support), Ok(PaSpake::Support(SpakeSupport { groups })));
        let challenge = reference(&format!("challenge of {name}"));
        let Ok(PaSpake::Challenge(challenge)) = PaSpake::from_der(&challenge) else {
            panic!("no challenge: {name}")
        };
        assert_eq!((challenge.group, challenge.pubkey.as_bytes().len()), (group, len));
        let factors: Vec<_> = challenge.factors.iter().map(|factor| factor.factor_type).collect();
        assert_eq!(factors, [SpakeFactorType::NONE]);
    }
}

#[test]
fn s4u() {
    let name = [KerberosString::new(b"alice@example.com")];
    let id = S4uUserId {
        nonce: NONCE,
        cname: Some(PrincipalName::new(NameType::ENTERPRISE, &name)),
        crealm: REALM,
        subject_certificate: Some(Octets::new(b"certificate")),
        options: Some(S4uOptions::CHECK_LOGON_HOURS | S4uOptions::USE_REPLY_KEY_USAGE),
    };
    let der = encode(&id);
    same!("PA-S4U-X509-USER", PaS4uX509User { user_id: Raw::new(&der).unwrap(), checksum: CKSUM });
    let least = S4uUserId { nonce: UInt32(7), cname: None, subject_certificate: None, options: None, ..id };
    let der = encode(&least);
    same!(
        "PA-S4U-X509-USER of a realm alone",
        PaS4uX509User { user_id: Raw::new(&der).unwrap(), checksum: CKSUM }
    );
}

#[test]
fn windows() {
    same!("KERB-PA-PAC-REQUEST, wanted", PaPacRequest { include_pac: true });
    same!("KERB-PA-PAC-REQUEST, not wanted", PaPacRequest { include_pac: false });
    let flags = PacOptions::CLAIMS | PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
    same!("PA-PAC-OPTIONS", PaPacOptions { flags });
    let refused = KerbExtError { status: 0xc000_0072, flags: 1 }.to_bytes();
    same!(
        "KERB-ERROR-DATA, extended",
        KerbErrorData { data_type: KerbErrorDataType::EXTENDED, data_value: Some(Octets::new(&refused)) }
    );
    same!(
        "KERB-ERROR-DATA, skew recovery",
        KerbErrorData { data_type: KerbErrorDataType::SKEW_RECOVERY, data_value: None }
    );
    let name = ["HTTP".into(), "www.example.com".into()];
    let referral = PaSvrReferralData {
        referred_name: Some(PrincipalName::new(NameType::SRV_INST, &name)),
        referred_realm: REALM,
    };
    same!("PA-SVR-REFERRAL-DATA", referral);
    same!("PA-SVR-REFERRAL-DATA of a realm alone", PaSvrReferralData { referred_name: None, ..referral });
}

#[test]
fn passwords() {
    let full = ChangePasswdData {
        new_passwd: Octets::new("pässword".as_bytes()),
        targ_name: Some(ALICE),
        targ_realm: Some(REALM),
    };
    same!("ChangePasswdData", full);
    let own = ChangePasswdData { new_passwd: Octets::new(b""), targ_name: None, targ_realm: None };
    same!("ChangePasswdData of the sender", own);
}

#[test]
fn authorization_data() {
    let element = |ad_type, data: &'static [u8]| AuthDataElement {
        ad_type: AuthDataType(ad_type),
        ad_data: Octets::new(data),
    };
    let elements = [element(-5, b"either"), element(-6, b"or")];
    same!("AD-AND-OR", AdAndOr { condition_count: 1, elements: SeqOf::new(&elements) });
    let indicators = [Utf8::new("otp"), Utf8::new("höher")];
    same!("AD-AUTHENTICATION-INDICATOR", AdAuthenticationIndicator::new(&indicators));
}

#[test]
fn encrypted_data_of_replies() {
    let last_req =
        [LastReqEntry { lr_type: LastReqType::NONE, lr_value: KerberosTime::from_unix(0).unwrap() }];
    let checksum = encode(&CKSUM);
    let supported = SupportedEnctypes(0x1f) | SupportedEnctypes(0x0005_0000);
    let supported = supported.to_bytes();
    let padata = [
        pa(PaDataType::REQ_ENC_PA_REP, &checksum),
        pa(PaDataType::FX_FAST, b""),
        pa(PaDataType::SUPPORTED_ETYPES, &supported),
    ];
    let part = EncKdcRepPart {
        key: KEY,
        last_req: SeqOf::new(&last_req),
        nonce: NONCE,
        key_expiration: None,
        flags: TicketFlags(0x00e1_0000),
        authtime: now(),
        starttime: None,
        endtime: tomorrow(),
        renew_till: None,
        srealm: REALM,
        sname: TGS,
        caddr: None,
        encrypted_pa_data: Some(SeqOf::new(&padata)),
    };
    same!("EncASRepPart with encrypted-pa-data", EncAsRepPart(part));
    let der = reference("EncASRepPart with encrypted-pa-data");
    let EncAsRepPart(part) = EncAsRepPart::from_der(&der).unwrap();
    let found: Vec<_> = part.encrypted_pa_data.unwrap().iter().collect();
    assert_eq!(PaReqEncPaRep::from_der(found[0].padata_value.as_bytes()), Ok(CKSUM));
    let supported = SupportedEnctypes::from_bytes(found[2].padata_value.as_bytes()).unwrap();
    assert!(supported.contains(SupportedEnctypes::FAST_SUPPORTED | SupportedEnctypes::CLAIMS_SUPPORTED));
    assert!(!supported.contains(SupportedEnctypes::COMPOUND_IDENTITY_SUPPORTED));
}
