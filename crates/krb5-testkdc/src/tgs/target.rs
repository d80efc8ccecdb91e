//! Whom the ticket is for: the service asked for, or the KDC of a realm nearer to it.

use krb5_asn1::{
    ErrorCode, KdcOptions, NameType, PaDataType, Principal, PrincipalName, SeqOf, SupportedEnctypes,
    TicketFlags,
};
use krb5_crypto::EncType;

use super::Request;
use crate::ap_req::check_times;
use crate::database::{Database, Record, tgs_realm};
use crate::fault::Fault;
use crate::refusal::{Outcome, Padata, refuse};
use crate::ticket::Opened;
use crate::turn::Turn;
use crate::{PacStyle, Realm};

/// Whom the ticket is for.
pub(super) struct Target<'d> {
    pub(super) record: &'d Record,
    /// The name that the reply gives it.
    pub(super) name: Principal,
}

impl<'d> Target<'d> {
    pub(super) fn find(db: &'d Database, turn: &mut Turn<'_>, request: &Request<'_>) -> Outcome<Self> {
        let realm = request.realm;
        let Some(sname) = request.body.sname else {
            return Err(refuse(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, "a service without a name"));
        };
        let asked = Principal::from(sname.in_realm(request.body.realm));
        if tgs_realm(sname).is_none()
            && turn.goes_wrong(&Fault::ReferralLoop)
            && let Some(looped) = Self::anywhere(db, realm)
        {
            return Ok(looped);
        }
        if let Some(record) = db.find(&asked) {
            return Ok(Self { record, name: asked });
        }
        let unknown = || {
            let text = format!("{asked} is not known here, nor a realm that would know it");
            refuse(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, text)
        };
        let elsewhere = Self::realm_of(db, realm, request, sname).ok_or_else(unknown)?;
        let record = db.next_hop(&realm.name, elsewhere).ok_or_else(unknown)?;
        Ok(Self { record, name: record.principal.clone() })
    }

    /// The realm that a service not known here is in.
    fn realm_of<'r>(
        db: &'r Database,
        realm: &'r Realm,
        request: &Request<'r>,
        sname: PrincipalName<'r>,
    ) -> Option<&'r str> {
        // A realm further on: its next neighbour here is as good (RFC 4120 section 3.3.1).
        if let Some(target) = tgs_realm(sname) {
            return target.as_str();
        }
        let host = sname.components().nth(1).filter(|_| sname.name_type != NameType::ENTERPRISE);
        let host = host.and_then(|host| host.as_str());
        if let Some(named) = host.and_then(|host| realm.realm_of_host(host)) {
            return Some(named);
        }
        // Without word of it in the configuration, only clients that asked for it are sent elsewhere.
        let asked = request.body.kdc_options.contains(KdcOptions::CANONICALIZE);
        asked.then(|| db.elsewhere(sname, &realm.name))?
    }

    /// Some realm to send the client to, for a fault: the first that there is a way to.
    fn anywhere(db: &'d Database, realm: &Realm) -> Option<Self> {
        let record = db.realms().find_map(|other| db.next_hop(&realm.name, &other.name))?;
        Some(Self { record, name: record.principal.clone() })
    }

    pub(super) fn is_tgs(&self) -> bool {
        tgs_realm(self.name.name()).is_some()
    }

    /// For user-to-user, the ticket in whose session key this one is to be sealed (RFC 4120 section 3.7).
    pub(super) fn second_ticket(
        &self,
        db: &Database,
        turn: &Turn<'_>,
        request: &Request<'_>,
    ) -> Outcome<Option<Opened>> {
        if !request.body.kdc_options.contains(KdcOptions::ENC_TKT_IN_SKEY) {
            if self.record.account.user_to_user_only {
                let text = format!("{} is reached by user-to-user only", self.name);
                return Err(refuse(ErrorCode::KDC_ERR_MUST_USE_USER2USER, text));
            }
            return Ok(None);
        }
        let first = request.body.additional_tickets.as_ref().and_then(SeqOf::first);
        let Some(ticket) = first else {
            return Err(refuse(ErrorCode::KDC_ERR_BADOPTION, "user-to-user without a second ticket"));
        };
        let second = Opened::open(db, &ticket)?;
        check_times(db, turn, &second)?;
        if tgs_realm(second.server.name())
            .is_none_or(|target| target.as_bytes() != request.realm.name.as_bytes())
        {
            let text = format!("second ticket is for {}, not a ticket-granting ticket", second.server);
            return Err(refuse(ErrorCode::KDC_ERR_POLICY, text));
        }
        let owner = db.find(&second.contents.client).map(|record| &record.principal);
        if owner != Some(&self.record.principal) {
            let text = format!("second ticket is of {}, not of {}", second.contents.client, self.name);
            return Err(refuse(ErrorCode::KDC_ERR_SERVER_NOMATCH, text));
        }
        Ok(Some(second))
    }

    /// What the service understands, as domain controllers say it (MS-KILE section 3.3.5.7.8).
    pub(super) fn supported_enctypes(&self, realm: &Realm, sealed: &mut Padata) {
        if !matches!(realm.pac, PacStyle::Domain(_)) || self.is_tgs() {
            return;
        }
        let bits = [
            (EncType::RC4_HMAC, SupportedEnctypes::RC4_HMAC),
            (EncType::AES128_CTS_HMAC_SHA1_96, SupportedEnctypes::AES128_CTS_HMAC_SHA1_96),
            (EncType::AES256_CTS_HMAC_SHA1_96, SupportedEnctypes::AES256_CTS_HMAC_SHA1_96),
        ];
        let known = self.record.session_enctypes();
        let has = bits.iter().filter(|(enctype, _)| known.contains(enctype));
        let set = has.fold(SupportedEnctypes::NONE, |set, (_, bit)| set | *bit);
        sealed.push(PaDataType::SUPPORTED_ETYPES, set.to_bytes().to_vec());
    }
}

/// Whether a ticket can be handed on.
pub(super) fn is_forwardable(ticket: &Opened) -> bool {
    ticket.contents.flags.contains(TicketFlags::FORWARDABLE)
}
