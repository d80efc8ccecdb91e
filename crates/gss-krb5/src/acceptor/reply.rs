//! What an acceptor sends: AP-REP, or KRB-ERROR.

use super::request::Request;
use super::{AcceptorConfig, AcceptorError};
use crate::tail::Tail;
use crate::ticket::kerberos_time;
use crate::token::{Framing, TokenId};
use gss_core::{Env, SinkFull, TokenSink};
use krb5_asn1::{
    ApRep, EncApRepPart, EncryptedData, EncryptionKey, KerberosString, KrbError, NameType, Octets,
    PrincipalName, UInt32,
};
use krb5_crypto::{EncType, Key, KeyUsage};

/// Room for an AP-REP while it is built, in bytes.
const AP_REP_ROOM: usize = 512;

/// The enctype of the acceptor's subkey: the initiator's first offer that we have (RFC 4537 section 4), else that of
/// its own key. Weak ones are passed over, for tokens of RFC 4757 use no acceptor subkey.
pub(super) fn choose_subkey(request: &Request) -> Option<EncType> {
    let own = request.initiator_key.enctype();
    request.offered.iter().copied().chain([own]).find(|enctype| enctype.uses_cfx())
}

/// The first bytes of an AP-REP's ciphertext. The confounder is random, so that no other AP-REP has the same.
pub(super) type CipherHead = [u8; 16];

/// Appends the AP-REP token.
pub(super) fn put_ap_rep(
    request: &Request,
    subkey: Option<&Key>,
    sequence: u32,
    framing: Framing,
    output: &mut dyn TokenSink,
    env: &mut Env<'_>,
) -> Result<CipherHead, AcceptorError> {
    let mut tail = Tail::new(output, AP_REP_ROOM);
    tail.append_der(&EncApRepPart {
        ctime: request.ctime,
        cusec: request.cusec,
        subkey: subkey
            .map(|key| EncryptionKey { keytype: key.enctype().0, keyvalue: Octets::new(key.secret_bytes()) }),
        seq_number: Some(UInt32(sequence)),
    })?;
    let etype = request.session_key.enctype().0;
    tail.encrypt(&request.session_key.cipher(KeyUsage::AP_REP), env.rng)?;
    let head = tail.as_slice().first_chunk().copied().unwrap_or_default();
    tail.enclose(|cipher, pass| {
        pass.der(&ApRep { enc_part: EncryptedData { etype, kvno: None, cipher: Octets::new(cipher) } })
    })?;
    frame(&mut tail, TokenId::AP_REP, framing)?;
    tail.finish();
    Ok(head)
}

/// Appends a KRB-ERROR token for errors that have a Kerberos code. When there is no room for it, none is sent.
pub(super) fn put_krb_error(
    error: &AcceptorError,
    framing: Framing,
    config: &AcceptorConfig,
    output: &mut dyn TokenSink,
    env: &Env<'_>,
) {
    let Some(code) = error.krb_error() else { return };
    let Some((stime, susec)) = kerberos_time(env.now) else { return };
    // Names that the ticket gave are not repeated to whoever sent it; the service's own are known anyway.
    let service = config.keys().iter().next().map(crate::keys::ServiceKey::service);
    let unnamed = PrincipalName::new(NameType::UNKNOWN, &[]);
    let message = KrbError {
        ctime: None,
        cusec: None,
        stime,
        susec,
        error_code: code,
        crealm: None,
        cname: None,
        realm: service.map_or(KerberosString::new(b""), |service| service.realm()),
        sname: service.map_or(unnamed, |service| service.name()),
        e_text: None,
        e_data: None,
    };
    let mut tail = Tail::new(output, AP_REP_ROOM);
    // On failure the tail takes back what it wrote, and nothing is sent.
    let written = tail.append_der(&message).and_then(|()| frame(&mut tail, TokenId::KRB_ERROR, framing));
    if written.is_ok() {
        tail.finish();
    }
}

fn frame(tail: &mut Tail<'_>, id: TokenId, framing: Framing) -> Result<(), SinkFull> {
    match framing {
        Framing::Gss(mechanism) => {
            tail.prepend(&id.0)?;
            tail.frame(&mechanism)
        }
        Framing::Bare => Ok(()),
    }
}
