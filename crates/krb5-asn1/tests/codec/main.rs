//! Every codec against recorded bytes, broken bytes and made-up values.

use krb5_asn1::{
    AdCammac, AdKdcIssued, ApRep, ApReq, AsRep, AsReq, AuthDataElement, Authenticator, DecodeError,
    EncApRepPart, EncAsRepPart, EncKrbCredPart, EncKrbPrivPart, EncTgsRepPart, EncTicketPart, Encode,
    EncryptedData, EncryptionKey, EtypeInfo2Entry, EtypeInfoEntry, IakerbFinished, IakerbHeader,
    KdcProxyMessage, KdcReqBody, KrbCred, KrbError, KrbPriv, KrbSafe, Message, Owned, PaData, PaEncTsEnc,
    PaForUser, SeqOf, TgsRep, TgsReq, Ticket, TypedDataElement,
};

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
        "AdCammac" => as_type::<AdCammac<'static>>(der),
        "AdKdcIssued" => as_type::<AdKdcIssued<'static>>(der),
        "ApRep" => as_type::<ApRep<'static>>(der),
        "ApReq" => as_type::<ApReq<'static>>(der),
        "AsRep" => as_type::<AsRep<'static>>(der),
        "AsReq" => as_type::<AsReq<'static>>(der),
        "Authenticator" => as_type::<Authenticator<'static>>(der),
        "AuthorizationData" => as_type::<SeqOf<'static, AuthDataElement<'static>>>(der),
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
        "KrbCred" => as_type::<KrbCred<'static>>(der),
        "KrbError" => as_type::<KrbError<'static>>(der),
        "KrbPriv" => as_type::<KrbPriv<'static>>(der),
        "KrbSafe" => as_type::<KrbSafe<'static>>(der),
        "MethodData" => as_type::<SeqOf<'static, PaData<'static>>>(der),
        "PaEncTsEnc" => as_type::<PaEncTsEnc>(der),
        "PaForUser" => as_type::<PaForUser<'static>>(der),
        "TgsRep" => as_type::<TgsRep<'static>>(der),
        "TgsReq" => as_type::<TgsReq<'static>>(der),
        "Ticket" => as_type::<Ticket<'static>>(der),
        "TypedData" => as_type::<SeqOf<'static, TypedDataElement<'static>>>(der),
        other => panic!("no type of the name {other}"),
    }
}

/// The bytes of a record of `vectors/asn1/mit-reference.txt`.
fn reference(name: &str) -> Vec<u8> {
    let file = test_support::vectors::load("asn1/mit-reference.txt");
    let record = file.records().iter().find(|record| record.name() == name);
    record.unwrap_or_else(|| panic!("no record {name}")).hex("der")
}
