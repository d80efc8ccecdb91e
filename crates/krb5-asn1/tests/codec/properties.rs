//! Round trips of made-up values.

use krb5_asn1::*;
use proptest::prelude::*;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..200)
}

fn time() -> impl Strategy<Value = KerberosTime> {
    (KerberosTime::MIN.unix_seconds()..=KerberosTime::MAX.unix_seconds())
        .prop_map(|seconds| KerberosTime::from_unix(seconds).unwrap())
}

fn micros() -> impl Strategy<Value = Microseconds> {
    (0..=999_999u32).prop_map(|value| Microseconds::new(value).unwrap())
}

fn components() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..4)
}

fn round_trip<'a, T>(value: &T, buffer: &'a mut Vec<u8>) -> T
where
    T: Encode + Decode<'a, Error = DecodeError>,
{
    value.encode_to_vec(buffer).unwrap();
    assert_eq!(value.encoded_len().map(u32::from), Ok(buffer.len() as u32));
    T::from_der(buffer).unwrap()
}

proptest! {
    #[test]
    fn times(time in time()) {
        prop_assert_eq!(KerberosTime::parse(&time.to_text()), Some(time));
        prop_assert_eq!(round_trip(&time, &mut Vec::new()), time);
    }

    #[test]
    fn scalars(n in any::<u32>(), code in any::<i32>(), flags in any::<u32>(), micros in micros()) {
        prop_assert_eq!(round_trip(&UInt32(n), &mut Vec::new()), UInt32(n));
        prop_assert_eq!(round_trip(&ErrorCode(code), &mut Vec::new()), ErrorCode(code));
        prop_assert_eq!(round_trip(&TicketFlags(flags), &mut Vec::new()), TicketFlags(flags));
        prop_assert_eq!(round_trip(&micros, &mut Vec::new()), micros);
    }

    #[test]
    fn encrypted_data(etype in any::<i32>(), kvno in any::<Option<u32>>(), cipher in bytes()) {
        let data = EncryptedData { etype, kvno: kvno.map(UInt32), cipher: Octets::new(&cipher) };
        let mut der = Vec::new();
        prop_assert_eq!(round_trip(&data, &mut der), data);
    }

    #[test]
    fn authenticators(
        realm in bytes(),
        name in components(),
        name_type in any::<i32>(),
        (ctime, cusec) in (time(), micros()),
        cksum in any::<Option<(i32, Vec<u8>)>>(),
        key in any::<Option<(i32, [u8; 32])>>(),
        seq in any::<Option<u32>>(),
        authdata in prop::option::of(prop::collection::vec((any::<i32>(), bytes()), 0..4)),
    ) {
        let name: Vec<_> = name.iter().map(|c| KerberosString::new(c)).collect();
        let authdata: Option<Vec<_>> = authdata.as_ref().map(|elements| {
            let element = |(ad_type, data): &'_ (i32, Vec<u8>)| (AuthDataType(*ad_type), data.clone());
            elements.iter().map(element).collect()
        });
        let authdata: Option<Vec<_>> = authdata.as_ref().map(|elements| {
            elements.iter().map(|(ad_type, data)| AuthDataElement { ad_type: *ad_type, ad_data: Octets::new(data) }).collect()
        });
        let authenticator = Authenticator {
            crealm: KerberosString::new(&realm),
            cname: PrincipalName::new(NameType(name_type), &name),
            cksum: cksum.as_ref().map(|(cksumtype, value)| Checksum { cksumtype: *cksumtype, checksum: Octets::new(value) }),
            cusec,
            ctime,
            subkey: key.as_ref().map(|(keytype, value)| EncryptionKey { keytype: *keytype, keyvalue: Octets::new(value) }),
            seq_number: seq.map(UInt32),
            authorization_data: authdata.as_ref().map(|elements| SeqOf::new(elements)),
        };
        let mut der = Vec::new();
        let decoded = round_trip(&authenticator, &mut der);
        prop_assert_eq!(decoded.cname.name_type, NameType(name_type));
        prop_assert_eq!(decoded.cname, authenticator.cname);
        prop_assert_eq!(decoded.authorization_data, authenticator.authorization_data);
        prop_assert_eq!(decoded.subkey.map(|k| k.keyvalue.as_bytes().to_vec()), key.map(|(_, value)| value.to_vec()));
        prop_assert_eq!(decoded.to_der().unwrap(), authenticator.to_der().unwrap());
    }

    #[test]
    fn fast_responses(
        padata in prop::collection::vec((any::<i32>(), bytes()), 0..4),
        key in any::<Option<(i32, [u8; 32])>>(),
        finished in prop::option::of((time(), micros(), bytes(), components(), any::<(i32, [u8; 12])>())),
        nonce in any::<u32>(),
    ) {
        let padata: Vec<_> = padata.iter().map(|(kind, value)| PaData { padata_type: PaDataType(*kind), padata_value: Octets::new(value) }).collect();
        let name: Vec<_> = finished.iter().flat_map(|(_, _, _, name, _)| name).map(|c| KerberosString::new(c)).collect();
        let response = KrbFastResponse {
            padata: SeqOf::new(&padata),
            strengthen_key: key.as_ref().map(|(keytype, value)| EncryptionKey { keytype: *keytype, keyvalue: Octets::new(value) }),
            finished: finished.as_ref().map(|(timestamp, usec, realm, _, (cksumtype, value))| KrbFastFinished {
                timestamp: *timestamp,
                usec: *usec,
                crealm: KerberosString::new(realm),
                cname: PrincipalName::new(NameType::UNKNOWN, &name),
                ticket_checksum: Checksum { cksumtype: *cksumtype, checksum: Octets::new(value) },
            }),
            nonce: UInt32(nonce),
        };
        let mut der = Vec::new();
        let decoded = round_trip(&response, &mut der);
        prop_assert_eq!(decoded.padata, response.padata);
        prop_assert_eq!(decoded.finished, response.finished);
        prop_assert_eq!(decoded.nonce, response.nonce);
        prop_assert_eq!(decoded.strengthen_key.map(|k| k.keyvalue), response.strengthen_key.map(|k| k.keyvalue));
    }

    #[test]
    fn spake_messages(
        groups in prop::collection::vec(any::<i32>(), 0..6),
        factors in prop::collection::vec(any::<(i32, Option<Vec<u8>>)>(), 0..4),
        (etype, pubkey, cipher) in (any::<i32>(), bytes(), bytes()),
    ) {
        let groups: Vec<_> = groups.into_iter().map(SpakeGroup).collect();
        let factors: Vec<_> = factors.iter().map(|(kind, data)| SpakeSecondFactor {
            factor_type: SpakeFactorType(*kind),
            data: data.as_ref().map(|data| Octets::new(data)),
        }).collect();
        let sealed = EncryptedData { etype, kvno: None, cipher: Octets::new(&cipher) };
        let pubkey = Octets::new(&pubkey);
        for message in [
            PaSpake::Support(SpakeSupport { groups: SeqOf::new(&groups) }),
            PaSpake::Challenge(SpakeChallenge { group: SpakeGroup(etype), pubkey, factors: SeqOf::new(&factors) }),
            PaSpake::Response(SpakeResponse { pubkey, factor: sealed }),
            PaSpake::EncData(sealed),
        ] {
            let mut der = Vec::new();
            prop_assert_eq!(round_trip(&message, &mut der), message);
        }
    }

    #[test]
    fn little_endian_data(word in any::<u32>(), status in any::<u32>(), flags in any::<u32>()) {
        prop_assert_eq!(SupportedEnctypes::from_bytes(&word.to_le_bytes()), Some(SupportedEnctypes(word)));
        prop_assert_eq!(SupportedEnctypes(word).to_bytes(), word.to_le_bytes());
        let error = KerbExtError { status, flags };
        prop_assert_eq!(KerbExtError::from_bytes(&error.to_bytes()), Some(error));
    }

    #[test]
    fn principals(name in prop::collection::vec(".{0,12}", 1..4), realm in ".{0,12}") {
        let principal = Principal::from_components(NameType::PRINCIPAL, &name, &realm).unwrap();
        prop_assert_eq!(principal.to_string().parse(), Ok(principal.clone()));
        prop_assert_eq!(Principal::from(principal.as_borrowed()), principal);
    }

    #[test]
    fn principal_text_never_panics(text in "[a@/\\\\tn0é]{0,20}") {
        if let Ok(principal) = text.parse::<Principal>() {
            prop_assert_eq!(principal.to_string().parse(), Ok(principal));
        }
    }

    #[test]
    fn any_bytes_never_panic(der in bytes()) {
        for name in ["Ticket", "ApReq", "Authenticator", "KrbError", "EncAsRepPart", "MethodData", "KrbCred", "PaSpake", "PaFxFastRequest", "KrbFastResponse", "PaS4uX509User"] {
            let _ = crate::recode(name, &der);
        }
    }
}
