//! FAST: the tunnel around the exchanges, the KDC's side (RFC 6113).

use krb5_asn1::{
    ApReq, Checksum, Decode, ErrorCode, FastArmorType, FastOptions, KrbFastArmoredRep, KrbFastFinished,
    KrbFastReq, KrbFastResponse, Octets, PaData, PaDataType, PaFxFastReply, PaFxFastRequest, Principal,
};
use krb5_crypto::{ChecksumType, Key, KeyUsage};
use zeroize::Zeroizing;

use crate::ap_req::{Authenticated, authenticate, check_times};
use crate::database::{Database, tgs_realm};
use crate::keys::to_wire;
use crate::refusal::{Outcome, Padata, Refusal, der, kerberos_time, micros, refuse};
use crate::sealed::{encrypted, open_data, seal};
use crate::turn::Turn;

/// The tunnel of one request.
pub(crate) struct Armor {
    pub(crate) key: Key,
    /// The nonce of the inner request.
    pub(crate) nonce: u32,
    /// Whether the client's name is not to be seen from outside.
    pub(crate) hides_client: bool,
}

/// A reply with a ticket, as the tunnel binds it.
pub(crate) struct Binding<'a> {
    pub(crate) strengthen_key: &'a Key,
    pub(crate) client: &'a Principal,
    /// DER of the ticket.
    pub(crate) ticket: &'a [u8],
}

/// The value of the first element of a type.
pub(crate) fn find<'a>(padata: &[PaData<'a>], padata_type: PaDataType) -> Option<&'a [u8]> {
    padata
        .iter()
        .find(|element| element.padata_type == padata_type)
        .map(|element| element.padata_value.as_bytes())
}

/// Opens the armor of an AS-REQ: the tunnel and DER of the inner [`KrbFastReq`].
pub(crate) fn enter_as(
    db: &Database,
    turn: &mut Turn<'_>,
    value: &[u8],
    outer_body: &[u8],
) -> Outcome<(Armor, Zeroizing<Vec<u8>>)> {
    let PaFxFastRequest::ArmoredData(armored) = PaFxFastRequest::from_der(value).map_err(malformed)?;
    let Some(armor) = armored.armor else {
        return Err(refuse(ErrorCode::KDC_ERR_PREAUTH_FAILED, "FAST without armor in AS-REQ"));
    };
    if armor.armor_type != FastArmorType::AP_REQUEST {
        return Err(refuse(ErrorCode::KDC_ERR_PREAUTH_FAILED, "FAST with armor of an unknown type"));
    }
    let ap_req = ApReq::from_der(armor.armor_value.as_bytes()).map_err(malformed)?;
    let occasion = turn.occasion.clone();
    let parties = turn.parties.clone();
    let client = authenticate(db, turn, &ap_req, KeyUsage::AP_REQ_AUTHENTICATOR);
    // The armor's client is not the request's.
    (turn.occasion, turn.parties) = (occasion, parties);
    let client = client?;
    check_times(db, turn, &client.ticket)?;
    if tgs_realm(client.ticket.server.name()).is_none() {
        return Err(refuse(ErrorCode::KRB_AP_ERR_NOT_US, "FAST armor for another service"));
    }
    let key = armor_key(&client)?;
    open(key, &armored, outer_body)
}

/// Opens the armor of a TGS-REQ, which the AP-REQ of PA-TGS-REQ is.
pub(crate) fn enter_tgs(
    client: &Authenticated,
    value: &[u8],
    ap_req: &[u8],
) -> Outcome<(Armor, Zeroizing<Vec<u8>>)> {
    let PaFxFastRequest::ArmoredData(armored) = PaFxFastRequest::from_der(value).map_err(malformed)?;
    if armored.armor.is_some() {
        return Err(refuse(ErrorCode::KDC_ERR_PREAUTH_FAILED, "FAST with armor of its own in TGS-REQ"));
    }
    open(armor_key(client)?, &armored, ap_req)
}

/// The armor key (RFC 6113 section 5.4.1.1).
fn armor_key(client: &Authenticated) -> Outcome<Key> {
    let subkey = client
        .subkey
        .as_ref()
        .ok_or_else(|| refuse(ErrorCode::KDC_ERR_PREAUTH_FAILED, "FAST armor without a subkey"))?;
    subkey
        .cf2(&client.ticket.contents.session_key, b"subkeyarmor", b"ticketarmor")
        .map_err(|error| refuse(ErrorCode::KRB_ERR_GENERIC, error.to_string()))
}

fn open(
    key: Key,
    armored: &krb5_asn1::KrbFastArmoredReq<'_>,
    covered: &[u8],
) -> Outcome<(Armor, Zeroizing<Vec<u8>>)> {
    let failed = |text: &str| refuse(ErrorCode::KRB_AP_ERR_MODIFIED, text);
    let checksum = ChecksumType(armored.req_checksum.cksumtype);
    let _verified = key
        .checksum_with_type(checksum, KeyUsage::FAST_REQUEST_CHECKSUM)
        .ok_or_else(|| {
            refuse(ErrorCode::KDC_ERR_POLICY, format!("FAST with an unkeyed checksum, {checksum}"))
        })?
        .verify(&[covered], armored.req_checksum.checksum.as_bytes())
        .map_err(|_| failed("checksum of FAST does not fit the outer request"))?;
    let inner = open_data(&key, KeyUsage::FAST_REQUEST, &armored.enc_fast_req)
        .ok_or_else(|| refuse(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, "FAST request does not decrypt"))?;
    let request = KrbFastReq::from_der(&inner).map_err(malformed)?;
    let nonce = request.req_body.nonce.0;
    let hides_client = request.fast_options.contains(FastOptions::HIDE_CLIENT_NAMES);
    let critical = request.fast_options.0 & FastOptions::CRITICAL.0;
    let unknown = FastOptions(critical).without(FastOptions::HIDE_CLIENT_NAMES);
    if unknown != FastOptions::NONE {
        let text = format!("FAST options {:#010x} are unknown and critical", unknown.0);
        return Err(refuse(ErrorCode::KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS, text));
    }
    Ok((Armor { key, nonce, hides_client }, inner))
}

fn malformed(error: krb5_asn1::DecodeError) -> Box<Refusal> {
    refuse(ErrorCode::KDC_ERR_PREAUTH_FAILED, format!("in FAST: {error}"))
}

impl Armor {
    /// PA-FX-FAST of a reply or an error.
    pub(crate) fn seal(
        &self,
        turn: &mut Turn<'_>,
        padata: &Padata,
        binding: Option<&Binding<'_>>,
    ) -> Outcome<Vec<u8>> {
        let strengthen_key = binding.map(|binding| to_wire(binding.strengthen_key));
        let checksum = self.key.checksum(KeyUsage::FAST_FINISHED);
        let covered = binding.map_or(&[][..], |binding| binding.ticket);
        let wrong = binding.is_some() && turn.goes_wrong(&crate::Fault::WrongFinished);
        let tag = checksum.compute_tag(&[covered, if wrong { &[0] } else { &[] }]);
        let elements = padata.elements();
        let response = KrbFastResponse {
            padata: krb5_asn1::SeqOf::new(&elements),
            strengthen_key: strengthen_key.as_ref().map(krb5_asn1::EncryptionKeyBuf::as_borrowed),
            finished: binding.map(|binding| KrbFastFinished {
                timestamp: kerberos_time(turn.now),
                usec: micros(turn.now),
                crealm: binding.client.realm(),
                cname: binding.client.name(),
                ticket_checksum: Checksum {
                    cksumtype: checksum.checksum_type().0,
                    checksum: Octets::new(tag.as_bytes()),
                },
            }),
            nonce: self.nonce.into(),
        };
        let plain = Zeroizing::new(der(&response)?);
        let cipher = seal(&self.key, KeyUsage::FAST_REPLY, &plain, turn.rng());
        let reply = KrbFastArmoredRep { enc_fast_rep: encrypted(&self.key, None, &cipher) };
        der(&PaFxFastReply::ArmoredData(reply))
    }
}

/// The KRB-ERROR for a refusal, within the tunnel if there is one (RFC 6113 section 5.4.4).
pub(crate) fn refusal(turn: &mut Turn<'_>, mut refusal: Refusal, armor: Option<&Armor>) -> Option<Vec<u8>> {
    let parties = turn.parties.clone();
    let Some(armor) = armor else {
        let e_data = if refusal.padata.is_empty() { None } else { refusal.padata.encode().ok() };
        return refusal.encode(&parties, turn.now, e_data.as_deref());
    };
    let inner = refusal.encode(&parties, turn.now, None)?;
    let mut padata = core::mem::take(&mut refusal.padata);
    padata.push(PaDataType::FX_ERROR, inner);
    let mut outer = Padata::default();
    outer.push(PaDataType::FX_FAST, armor.seal(turn, &padata, None).ok()?);
    refusal.encode(&parties, turn.now, Some(&outer.encode().ok()?))
}
