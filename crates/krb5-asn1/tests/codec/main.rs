//! Every codec against recorded bytes, broken bytes and made-up values.

use krb5_asn1::{
    AdAndOr, AdCammac, AdKdcIssued, ApRep, ApReq, AsRep, AsReq, AuthDataElement, Authenticator,
    ChangePasswdData, DecodeError, EncApRepPart, EncAsRepPart, EncKrbCredPart, EncKrbPrivPart, EncTgsRepPart,
    EncTicketPart, Encode, EncryptedData, EncryptionKey, EtypeInfo2Entry, EtypeInfoEntry, IakerbFinished,
    IakerbHeader, KdcProxyMessage, KdcReqBody, KerbErrorData, KrbCred, KrbError, KrbFastReq, KrbFastResponse,
    KrbPriv, KrbSafe, Message, Owned, PaAuthenticationSetElem, PaData, PaEncTsEnc, PaForUser, PaFxFastReply,
    PaFxFastRequest, PaPacOptions, PaPacRequest, PaS4uX509User, PaSpake, PaSvrReferralData, SeqOf,
    SpakeSecondFactor, TgsRep, TgsReq, Ticket, TypedDataElement, Utf8,
};
use test_support::vectors::{Record, VectorFile, load};

/// Files whose records are DER that decodes and encodes to itself.
const STRICT: [&str; 3] = ["asn1/mit-reference.txt", "asn1/derived.txt", "asn1/spake.txt"];

fn strict_files() -> Vec<VectorFile> {
    STRICT.map(load).into()
}

/// Every record of these files.
fn records(files: &[VectorFile]) -> impl Iterator<Item = &Record> {
    files.iter().flat_map(VectorFile::records)
}

macro_rules! same {
    ($name:literal, $value:expr) => {{
        let value = $value;
        let der = $crate::reference($name);
        assert_eq!($crate::encode(&value), der, $name);
        fn decoded_like<'a, T: krb5_asn1::Decode<'a, Error = krb5_asn1::DecodeError>>(
            _: &T,
            der: &'a [u8],
        ) -> T {
            T::from_der(der).unwrap()
        }
        // `Debug` shows every field that is not secret.
        assert_eq!(format!("{:?}", decoded_like(&value, &der)), format!("{value:?}"), $name);
    }};
}

mod kdc_rules;
mod kdc_values;
mod principals;
mod properties;
mod reference;
mod rules;
mod second_opinion;
mod values;

/// Decodes `der` as the named type and encodes the fields again.
fn recode(name: &str, der: &[u8]) -> Result<Vec<u8>, DecodeError> {
    fn as_type<M: Message>(der: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let owned = Owned::<M>::from_der(der)?;
        assert_eq!(owned.as_der(), der);
        let view = owned.view()?;
        let bytes = view.to_der()?;
        assert_eq!(view.encoded_len().map(u32::from), Ok(bytes.len() as u32));
        Ok(bytes)
    }
    match name {
        "AdAndOr" => as_type::<AdAndOr<'static>>(der),
        "AdAuthenticationIndicator" => as_type::<SeqOf<'static, Utf8<'static>>>(der),
        "AdCammac" => as_type::<AdCammac<'static>>(der),
        "AdKdcIssued" => as_type::<AdKdcIssued<'static>>(der),
        "ApRep" => as_type::<ApRep<'static>>(der),
        "ApReq" => as_type::<ApReq<'static>>(der),
        "AsRep" => as_type::<AsRep<'static>>(der),
        "AsReq" => as_type::<AsReq<'static>>(der),
        "Authenticator" => as_type::<Authenticator<'static>>(der),
        "AuthorizationData" => as_type::<SeqOf<'static, AuthDataElement<'static>>>(der),
        "ChangePasswdData" => as_type::<ChangePasswdData<'static>>(der),
        "EncApRepPart" => as_type::<EncApRepPart<'static>>(der),
        "EncAsRepPart" => as_type::<EncAsRepPart<'static>>(der),
        "EncKrbCredPart" => as_type::<EncKrbCredPart<'static>>(der),
        "EncKrbPrivPart" => as_type::<EncKrbPrivPart<'static>>(der),
        "EncTgsRepPart" => as_type::<EncTgsRepPart<'static>>(der),
        "EncTicketPart" => as_type::<EncTicketPart<'static>>(der),
        "EncryptedData" => as_type::<EncryptedData<'static>>(der),
        "EncryptionKey" => as_type::<EncryptionKey<'static>>(der),
        "EtypeInfo" => as_type::<SeqOf<'static, EtypeInfoEntry<'static>>>(der),
        "EtypeInfo2" => as_type::<SeqOf<'static, EtypeInfo2Entry<'static>>>(der),
        "IakerbFinished" => as_type::<IakerbFinished<'static>>(der),
        "IakerbHeader" => as_type::<IakerbHeader<'static>>(der),
        "KdcProxyMessage" => as_type::<KdcProxyMessage<'static>>(der),
        "KdcReqBody" => as_type::<KdcReqBody<'static>>(der),
        "KerbErrorData" => as_type::<KerbErrorData<'static>>(der),
        "KrbCred" => as_type::<KrbCred<'static>>(der),
        "KrbError" => as_type::<KrbError<'static>>(der),
        "KrbFastReq" => as_type::<KrbFastReq<'static>>(der),
        "KrbFastResponse" => as_type::<KrbFastResponse<'static>>(der),
        "KrbPriv" => as_type::<KrbPriv<'static>>(der),
        "KrbSafe" => as_type::<KrbSafe<'static>>(der),
        "MethodData" => as_type::<SeqOf<'static, PaData<'static>>>(der),
        "PaAuthenticationSet" => as_type::<SeqOf<'static, PaAuthenticationSetElem<'static>>>(der),
        "PaEncTsEnc" => as_type::<PaEncTsEnc>(der),
        "PaForUser" => as_type::<PaForUser<'static>>(der),
        "PaFxFastReply" => as_type::<PaFxFastReply<'static>>(der),
        "PaFxFastRequest" => as_type::<PaFxFastRequest<'static>>(der),
        "PaPacOptions" => as_type::<PaPacOptions>(der),
        "PaPacRequest" => as_type::<PaPacRequest>(der),
        "PaS4uX509User" => as_type::<PaS4uX509User<'static>>(der),
        "PaSpake" => as_type::<PaSpake<'static>>(der),
        "PaSvrReferralData" => as_type::<PaSvrReferralData<'static>>(der),
        "SpakeSecondFactor" => as_type::<SpakeSecondFactor<'static>>(der),
        "TgsRep" => as_type::<TgsRep<'static>>(der),
        "TgsReq" => as_type::<TgsReq<'static>>(der),
        "Ticket" => as_type::<Ticket<'static>>(der),
        "TypedData" => as_type::<SeqOf<'static, TypedDataElement<'static>>>(der),
        other => panic!("no type of the name {other}"),
    }
}

/// The bytes of a record of the strict files.
fn reference(name: &str) -> Vec<u8> {
    let files = strict_files();
    let record = records(&files).find(|record| record.name() == name);
    record.unwrap_or_else(|| panic!("no record {name}")).hex("der")
}

/// Encodes into a buffer of exactly the length that `encoded_len` promises, as a caller without a heap does.
fn encode(value: &impl Encode) -> Vec<u8> {
    let mut buffer = vec![0; u32::from(value.encoded_len().unwrap()) as usize];
    assert_eq!(value.encode_to_slice(&mut buffer).unwrap().len(), buffer.len());
    buffer
}
