//! What a KDC says when it says no.

use gss_core::Timestamp;
use krb5_asn1::{
    Encode, ErrorCode, KerberosString, KerberosTime, KrbError, Microseconds, NameType, Octets, PaData,
    PaDataType, Principal, PrincipalName, SeqOf,
};

/// A request that is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) text: String,
    /// METHOD-DATA that goes with it.
    pub(crate) padata: Padata,
    /// Another realm that the client is sent to (RFC 6806 section 7).
    pub(crate) client_realm: Option<String>,
}

/// What a step comes to.
pub(crate) type Outcome<T> = Result<T, Box<Refusal>>;

/// Pre-authentication data to be sent.
#[derive(Debug, Default)]
pub(crate) struct Padata(Vec<(PaDataType, Vec<u8>)>);

/// Whom a refusal is about, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parties {
    pub(crate) client: Option<Principal>,
    pub(crate) server: Option<Principal>,
}

/// A refusal with this code and a text for people.
pub(crate) fn refuse(code: ErrorCode, text: impl Into<String>) -> Box<Refusal> {
    Box::new(Refusal { code, text: text.into(), padata: Padata::default(), client_realm: None })
}

/// DER of what the KDC says. It fails for what no message can hold.
pub(crate) fn der(value: &impl Encode) -> Outcome<Vec<u8>> {
    value.to_der().map_err(|error| refuse(ErrorCode::KRB_ERR_GENERIC, error.to_string()))
}

impl Refusal {
    pub(crate) fn with_padata(mut self: Box<Self>, padata: Padata) -> Box<Self> {
        self.padata = padata;
        self
    }

    /// The KRB-ERROR, `e_data` in it. `None` if it is too long for one.
    pub(crate) fn encode(&self, parties: &Parties, now: Timestamp, e_data: Option<&[u8]>) -> Option<Vec<u8>> {
        let nobody = [KerberosString::from("krbtgt"), KerberosString::from("")];
        let (realm, sname) = match &parties.server {
            Some(server) => (server.realm(), server.name()),
            None => (KerberosString::from(""), PrincipalName::new(NameType::SRV_INST, &nobody)),
        };
        let error = KrbError {
            ctime: None,
            cusec: None,
            stime: kerberos_time(now),
            susec: micros(now),
            error_code: self.code,
            crealm: match &self.client_realm {
                Some(realm) => Some(KerberosString::from(realm.as_str())),
                None => parties.client.as_ref().map(Principal::realm),
            },
            cname: parties.client.as_ref().map(Principal::name),
            realm,
            sname,
            e_text: Some(KerberosString::from(self.text.as_str())),
            e_data: e_data.map(Octets::new),
        };
        error.to_der().ok()
    }
}

impl Padata {
    pub(crate) fn push(&mut self, padata_type: PaDataType, value: Vec<u8>) {
        self.0.push((padata_type, value));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn elements(&self) -> Vec<PaData<'_>> {
        self.0
            .iter()
            .map(|(padata_type, value)| PaData {
                padata_type: *padata_type,
                padata_value: Octets::new(value),
            })
            .collect()
    }

    /// DER of METHOD-DATA.
    pub(crate) fn encode(&self) -> Outcome<Vec<u8>> {
        der(&SeqOf::new(&self.elements()))
    }
}

/// Whole seconds of a time, as messages hold them.
pub(crate) fn kerberos_time(time: Timestamp) -> KerberosTime {
    let (first, last) = (KerberosTime::MIN.unix_seconds(), KerberosTime::MAX.unix_seconds());
    KerberosTime::from_unix(time.seconds().clamp(first, last)).unwrap_or(KerberosTime::UNIX_EPOCH)
}

/// Microseconds of a time.
pub(crate) fn micros(time: Timestamp) -> Microseconds {
    Microseconds::new(time.micros()).unwrap_or(Microseconds::MAX)
}

/// A time from a message.
pub(crate) fn timestamp(time: KerberosTime) -> Timestamp {
    Timestamp::from_seconds(time.unix_seconds())
}
