//! Oracles for `krb5-asn1`.

use crate::input::Input;
use ::gss_core::reader::Reader;
use ::krb5_asn1::*;
use std::fmt::Debug;

/// Decodes and encodes one type; `None` when the bytes are none of it.
type Recode = fn(&[u8]) -> Option<Vec<u8>>;

macro_rules! types {
    ($($name:literal: $type:ty,)*) => {
        /// The types that [`message`] knows, by the first byte of its input. New ones go to the end, so that seeds
        /// stay what they are.
        pub const TYPES: &[(&str, Recode)] = &[$(($name, |der| <$type>::from_der(der).ok().map(|value| walk(&value)))),*];
    };
}

types! {
    "AdCammac": AdCammac<'_>,
    "AdKdcIssued": AdKdcIssued<'_>,
    "ApRep": ApRep<'_>,
    "ApReq": ApReq<'_>,
    "AsRep": AsRep<'_>,
    "AsReq": AsReq<'_>,
    "Authenticator": Authenticator<'_>,
    "AuthorizationData": AuthorizationData<'_>,
    "EncApRepPart": EncApRepPart<'_>,
    "EncAsRepPart": EncAsRepPart<'_>,
    "EncKrbCredPart": EncKrbCredPart<'_>,
    "EncKrbPrivPart": EncKrbPrivPart<'_>,
    "EncTgsRepPart": EncTgsRepPart<'_>,
    "EncTicketPart": EncTicketPart<'_>,
    "EncryptedData": EncryptedData<'_>,
    "EncryptionKey": EncryptionKey<'_>,
    "EtypeInfo": SeqOf<'_, EtypeInfoEntry<'_>>,
    "EtypeInfo2": SeqOf<'_, EtypeInfo2Entry<'_>>,
    "IakerbFinished": IakerbFinished<'_>,
    "IakerbHeader": IakerbHeader<'_>,
    "KdcProxyMessage": KdcProxyMessage<'_>,
    "KdcReqBody": KdcReqBody<'_>,
    "KrbCred": KrbCred<'_>,
    "KrbError": KrbError<'_>,
    "KrbPriv": KrbPriv<'_>,
    "KrbSafe": KrbSafe<'_>,
    "MethodData": SeqOf<'_, PaData<'_>>,
    "PaEncTsEnc": PaEncTsEnc,
    "PaForUser": PaForUser<'_>,
    "TgsRep": TgsRep<'_>,
    "TgsReq": TgsReq<'_>,
    "Ticket": Ticket<'_>,
    "TypedData": SeqOf<'_, TypedDataElement<'_>>,
    "AdEtypeNegotiation": AdEtypeNegotiation<'_>,
    "AdAndOr": AdAndOr<'_>,
    "AdAuthenticationIndicator": AdAuthenticationIndicator<'_>,
    "ChangePasswdData": ChangePasswdData<'_>,
    "KerbErrorData": KerbErrorData<'_>,
    "KrbFastReq": KrbFastReq<'_>,
    "KrbFastResponse": KrbFastResponse<'_>,
    "PaAuthenticationSet": PaAuthenticationSet<'_>,
    "PaFxFastReply": PaFxFastReply<'_>,
    "PaFxFastRequest": PaFxFastRequest<'_>,
    "PaPacOptions": PaPacOptions,
    "PaPacRequest": PaPacRequest,
    "PaS4uX509User": PaS4uX509User<'_>,
    "PaSpake": PaSpake<'_>,
    "PaSvrReferralData": PaSvrReferralData<'_>,
    "SpakeSecondFactor": SpakeSecondFactor<'_>,
}

/// What decodes encodes to the same bytes, unless a leniency or the padding of flags comes in; then what it encodes to
/// is stable.
pub fn message(input: &[u8]) {
    let mut input = Input::new(input);
    let (name, recode) = input.pick(TYPES);
    let der = input.rest();
    let Some(again) = recode(der) else { return };
    if again != der {
        let other_reply = matches!(*name, "EncAsRepPart" | "EncTgsRepPart") && again[0] != der[0];
        assert!(other_reply || has_lenient_value(der), "{name} is not canonical, and no leniency says why");
    }
    let third = recode(&again).expect("what was encoded decodes");
    assert_eq!(third, again, "{name} does not come to rest");
}

/// Walks all that a value can show, and encodes it.
fn walk(value: &(impl Encode + Debug)) -> Vec<u8> {
    let _ = format!("{value:?}");
    let der = value.to_der().expect("what was decoded encodes");
    assert_eq!(value.encoded_len().map(u32::from).map(|len| len as usize), Ok(der.len()));
    der
}

/// Whether there is a negative INTEGER (a UInt32 of certain peers) or a BIT STRING other than 32 whole bits.
fn has_lenient_value(der: &[u8]) -> bool {
    let mut reader = Reader::new(der);
    while let Some(tag) = reader.peek() {
        let Ok(content) = reader.der_element(tag) else { return false };
        let content = content.peek_rest();
        let found = match tag {
            0x02 => content.first().is_some_and(|first| first & 0x80 != 0),
            0x03 => content.len() != 5 || content[0] != 0,
            _ => tag & 0x20 != 0 && has_lenient_value(content),
        };
        if found {
            return true;
        }
    }
    false
}

/// A principal that is read from text prints as text that means the same; so does one made of any bytes that are
/// text.
pub fn principal(text: &[u8]) {
    let mut input = Input::new(text);
    let count = usize::from(1 + input.byte() % 3);
    let components: Vec<_> = (0..count).map(|_| input.chunk()).collect();
    if let Ok(principal) = Principal::from_components(NameType::PRINCIPAL, &components, input.rest()) {
        assert!(principal.components().map(|component| component.as_bytes()).eq(components.iter().copied()));
        let same = Principal::from(principal.as_borrowed());
        assert_eq!(same, principal);
        let printed = principal.to_string();
        if components.iter().all(|it| core::str::from_utf8(it).is_ok())
            && principal.realm().as_str().is_some()
        {
            assert_eq!(printed.parse::<Principal>().as_ref(), Ok(&principal), "{printed:?}");
        }
    }
    let Ok(text) = core::str::from_utf8(text) else { return };
    match Principal::parse(text, Some("DEFAULT")) {
        Ok(principal) => {
            let printed = principal.to_string();
            assert_eq!(printed.parse::<Principal>().as_ref(), Ok(&principal), "{printed:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
