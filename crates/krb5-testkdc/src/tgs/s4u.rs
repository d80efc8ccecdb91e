//! Tickets in a user's name: S4U2Self and S4U2Proxy (MS-SFU).

use krb5_asn1::{
    Checksum, Decode, ErrorCode, KdcOptions, KerberosString, NameType, Octets, PaDataType, PaForUser,
    PaPacOptions, PaS4uX509User, PacOptions, Principal, Raw, S4uOptions, S4uUserId, SeqOf, TicketFlags,
};
use krb5_crypto::{ChecksumType, Key, KeyUsage};
use krb5_pac::PacBuilder;

use super::Request;
use super::target::{Target, is_forwardable};
use crate::ap_req::check_times;
use crate::database::{Database, Record};
use crate::pac;
use crate::refusal::{Outcome, Padata, der, refuse};
use crate::ticket::{Contents, Opened};
use crate::turn::Turn;

/// In whose name a service asks, and how it may.
pub(super) enum OnBehalf<'d> {
    /// For itself, of a user that it names (S4U2Self).
    ToSelf { service: &'d Record, user: &'d Record, name: Principal, by_x509: Option<X509User> },
    /// For another service, of a user whose ticket it shows (S4U2Proxy).
    ToProxy { service: &'d Record, evidence: Box<Opened>, pac: Option<PacBuilder>, resource_based: bool },
}

/// What answers PA-S4U-X509-USER.
pub(super) struct X509User {
    /// DER of the user ID.
    user_id: Vec<u8>,
    options: S4uOptions,
    /// The checksum of the request.
    checksum: Vec<u8>,
}

impl<'d> OnBehalf<'d> {
    pub(super) fn find(
        db: &'d Database,
        turn: &Turn<'_>,
        request: &Request<'_>,
        target: &Target<'d>,
    ) -> Outcome<Option<Self>> {
        let x509 = super::find(&request.padata, PaDataType::S4U_X509_USER);
        let for_user = super::find(&request.padata, PaDataType::FOR_USER);
        let named = match (x509, for_user) {
            (Some(value), _) => Some(x509_user(request, value)?),
            (None, Some(value)) => Some((for_user_name(request, value)?, None)),
            (None, None) => None,
        };
        if let Some((name, by_x509)) = named {
            return Self::to_self(db, turn, request, target, name, by_x509).map(Some);
        }
        if request.body.kdc_options.contains(KdcOptions::CNAME_IN_ADDL_TKT) {
            return Self::to_proxy(db, turn, request, target).map(Some);
        }
        Ok(None)
    }

    fn to_self(
        db: &'d Database,
        turn: &Turn<'_>,
        request: &Request<'_>,
        target: &Target<'d>,
        name: Principal,
        by_x509: Option<X509User>,
    ) -> Outcome<Self> {
        let unknown = |text: String| refuse(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, text);
        let held = &request.client.ticket.contents;
        let service = target.record;
        if db.find(&held.client).map(|record| &record.principal) != Some(&service.principal) {
            let text = format!("S4U2Self by {} for {}, not for itself", held.client, target.name);
            return Err(unknown(text));
        }
        let user = db
            .find_user(&name)
            .filter(|user| user.principal.realm().as_bytes() == request.realm.name.as_bytes())
            .ok_or_else(|| unknown(format!("{name} is not known here")))?;
        // An enterprise name says whom to look for, and is nobody's name.
        let (name, by_x509) = if name.name().name_type == NameType::ENTERPRISE {
            let by_x509 = by_x509.map(|asked| asked.naming(&user.principal)).transpose()?;
            (user.principal.clone(), by_x509)
        } else {
            (name, by_x509)
        };
        if user.account.locked {
            return Err(refuse(ErrorCode::KDC_ERR_CLIENT_REVOKED, format!("{name} is locked")));
        }
        if user.account.expires.is_some_and(|end| end <= turn.now) {
            return Err(refuse(ErrorCode::KDC_ERR_NAME_EXP, format!("{name} has expired")));
        }
        Ok(Self::ToSelf { service, user, name, by_x509 })
    }

    fn to_proxy(
        db: &'d Database,
        turn: &Turn<'_>,
        request: &Request<'_>,
        target: &Target<'_>,
    ) -> Outcome<Self> {
        let bad = |text: String| refuse(ErrorCode::KDC_ERR_BADOPTION, text);
        let first = request.body.additional_tickets.as_ref().and_then(SeqOf::first);
        let ticket = first.ok_or_else(|| bad("S4U2Proxy without the user's ticket".into()))?;
        let evidence = Opened::open(db, &ticket)?;
        check_times(db, turn, &evidence)?;
        let by = &request.client.ticket.contents.client;
        let service = db.find(by).ok_or_else(|| bad(format!("{by} is not of this realm")))?;
        if db.find(&evidence.server).map(|record| &record.principal) != Some(&service.principal) {
            let text = format!("user's ticket is for {}, not for {by}", evidence.server);
            return Err(refuse(ErrorCode::KDC_ERR_SERVER_NOMATCH, text));
        }
        // Without a PAC nothing shows that the service did not make the ticket itself (CVE-2020-17049).
        let pac = pac::verified(db, &evidence, true)?;
        if pac.is_none() && request.realm.pac != crate::PacStyle::None {
            return Err(bad("user's ticket without a signature of the KDC".into()));
        }
        let user = db.find(&evidence.contents.client);
        let sensitive = user.is_some_and(|user| user.account.sensitive);
        let options = super::find(&request.padata, PaDataType::PAC_OPTIONS)
            .and_then(|value| PaPacOptions::from_der(value).ok())
            .map_or(PacOptions::NONE, |options| options.flags);
        let traditional = names(&service.account.delegates_to, service, &target.record.principal)
            && is_forwardable(&evidence);
        let resource_based = options.contains(PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION)
            && names(&target.record.account.accepts_delegation_from, target.record, &service.principal);
        if sensitive || !(traditional || resource_based) {
            let user = &evidence.contents.client;
            return Err(bad(format!("{by} may not use {} in the name of {user}", target.name)));
        }
        Ok(Self::ToProxy { service, evidence: Box::new(evidence), pac, resource_based: !traditional })
    }

    /// The user's own ticket, if there is one.
    pub(super) fn evidence(&self) -> Option<&Opened> {
        match self {
            Self::ToSelf { .. } => None,
            Self::ToProxy { evidence, .. } => Some(evidence),
        }
    }

    /// In whose name the ticket is.
    pub(super) fn user(&self) -> Principal {
        match self {
            Self::ToSelf { name, .. } => name.clone(),
            Self::ToProxy { evidence, .. } => evidence.contents.client.clone(),
        }
    }

    /// What becomes of the flags.
    pub(super) fn flags(&self, flags: TicketFlags, options: KdcOptions) -> TicketFlags {
        let base = flags.without(TicketFlags::FORWARDABLE | TicketFlags::PROXIABLE);
        let forwardable = match self {
            Self::ToSelf { service, user, .. } => {
                service.account.protocol_transition
                    && !user.account.denied().contains(TicketFlags::FORWARDABLE)
                    && options.contains(KdcOptions::FORWARDABLE)
            }
            Self::ToProxy { evidence, resource_based, .. } => *resource_based || is_forwardable(evidence),
        };
        if forwardable { base | TicketFlags::FORWARDABLE } else { base }
    }

    pub(super) fn pac(
        &self,
        request: &Request<'_>,
        target: &Target<'_>,
        contents: &Contents,
    ) -> Outcome<Option<PacBuilder>> {
        match self {
            Self::ToSelf { user, name, .. } => {
                pac::for_client(request.realm, user, name, contents.times, None)
            }
            Self::ToProxy { service, evidence, pac, .. } => {
                let Some(pac) = pac.clone() else { return Ok(None) };
                let target = target.name.name().to_string();
                let bytes = evidence.pac.as_deref().unwrap_or_default();
                pac::with_delegation(pac, bytes, &target, &service.principal.to_string()).map(Some)
            }
        }
    }

    /// What tells the service that its wish was understood.
    pub(super) fn reply_padata(
        &self,
        request: &Request<'_>,
        padata: &mut Padata,
        sealed: &mut Padata,
    ) -> Outcome<()> {
        match self {
            Self::ToSelf { by_x509: Some(user), .. } => user.answer(request.client.key(), padata, sealed),
            Self::ToSelf { .. } => Ok(()),
            Self::ToProxy { resource_based, .. } => {
                if *resource_based {
                    let flags = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
                    sealed.push(PaDataType::PAC_OPTIONS, der(&PaPacOptions { flags })?);
                }
                Ok(())
            }
        }
    }
}

/// Whether a list of names, of the realm of its owner unless they say another, has this one.
fn names(list: &[String], owner: &Record, sought: &Principal) -> bool {
    let realm = owner.principal.realm();
    let parsed = list.iter().filter_map(|name| Principal::parse(name, realm.as_str()).ok());
    parsed.into_iter().any(|name| name == *sought)
}

/// The user of PA-FOR-USER, its checksum checked (MS-SFU section 2.2.1).
fn for_user_name(request: &Request<'_>, value: &[u8]) -> Outcome<Principal> {
    let wrong = |text: String| refuse(ErrorCode::KRB_AP_ERR_MODIFIED, text);
    let user = PaForUser::from_der(value).map_err(|error| wrong(format!("in PA-FOR-USER: {error}")))?;
    let name_type = user.user_name.name_type.0.to_le_bytes();
    let mut covered = vec![name_type.as_slice()];
    let components: Vec<_> = user.user_name.components().collect();
    covered.extend(components.iter().map(KerberosString::as_bytes));
    covered.push(user.user_realm.as_bytes());
    covered.push(user.auth_package.as_bytes());
    let key = &request.client.ticket.contents.session_key;
    verify_for_user(key, ChecksumType(user.cksum.cksumtype), &covered, user.cksum.checksum.as_bytes())?;
    Ok(Principal::from(user.user_name.in_realm(user.user_realm)))
}

/// The checksum is HMAC-MD5 with any key, or, from Heimdal, the session key's own. Either is keyed (CVE-2018-16860).
fn verify_for_user(key: &Key, checksum_type: ChecksumType, covered: &[&[u8]], tag: &[u8]) -> Outcome<()> {
    let usage = KeyUsage::KERB_NON_KERB_CKSUM_SALT;
    #[cfg(feature = "rc4")]
    let hmac_md5 = (checksum_type == ChecksumType::HMAC_MD5)
        .then(|| krb5_crypto::rc4_hmac::checksum_with_any_key(key, usage));
    #[cfg(not(feature = "rc4"))]
    let hmac_md5 = None;
    hmac_md5
        .or_else(|| key.checksum_with_type(checksum_type, usage))
        .ok_or_else(|| {
            let text = format!("PA-FOR-USER with a checksum of type {checksum_type}");
            refuse(ErrorCode::KRB_AP_ERR_INAPP_CKSUM, text)
        })?
        .verify(covered, tag)
        .map(|_verified| ())
        .map_err(|_| refuse(ErrorCode::KRB_AP_ERR_MODIFIED, "checksum of PA-FOR-USER is wrong"))
}

/// The user of PA-S4U-X509-USER, its checksum checked (MS-SFU section 2.2.2).
fn x509_user(request: &Request<'_>, value: &[u8]) -> Outcome<(Principal, Option<X509User>)> {
    let wrong = |text: String| refuse(ErrorCode::KRB_AP_ERR_MODIFIED, text);
    let user =
        PaS4uX509User::from_der(value).map_err(|error| wrong(format!("in PA-S4U-X509-USER: {error}")))?;
    let id: &Raw<'_, S4uUserId<'_>> = &user.user_id;
    if id.nonce != request.body.nonce {
        return Err(wrong("PA-S4U-X509-USER has another nonce than the request".into()));
    }
    let checksum_type = ChecksumType(user.checksum.cksumtype);
    let tag = user.checksum.checksum.as_bytes();
    let key = request.client.key();
    let Some(checksum) = key.checksum_with_type(checksum_type, KeyUsage::PA_S4U_X509_USER_REQUEST) else {
        let text = format!("PA-S4U-X509-USER with a checksum of type {checksum_type}");
        return Err(refuse(ErrorCode::KRB_AP_ERR_INAPP_CKSUM, text));
    };
    checksum
        .verify(&[id.as_der()], tag)
        .map(|_verified| ())
        .map_err(|_| wrong("checksum of PA-S4U-X509-USER is wrong".into()))?;
    let Some(cname) = id.cname else {
        return Err(refuse(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, "user named by a certificate alone"));
    };
    let options = S4uOptions(id.options.map_or(0, |options| options.0));
    let echo = X509User { user_id: id.as_der().to_vec(), options, checksum: tag.to_vec() };
    Ok((Principal::from(cname.in_realm(id.crealm)), Some(echo)))
}

impl X509User {
    /// With another name for the user.
    fn naming(mut self, user: &Principal) -> Outcome<Self> {
        let asked = S4uUserId::from_der(&self.user_id)
            .map_err(|error| refuse(ErrorCode::KRB_ERR_GENERIC, error.to_string()))?;
        let named = S4uUserId { cname: Some(user.name()), crealm: user.realm(), ..asked };
        self.user_id = der(&named)?;
        Ok(self)
    }

    fn answer(&self, key: &Key, padata: &mut Padata, sealed: &mut Padata) -> Outcome<()> {
        let by_reply = self.options.contains(S4uOptions::USE_REPLY_KEY_USAGE);
        let usage =
            if by_reply { KeyUsage::PA_S4U_X509_USER_REPLY } else { KeyUsage::PA_S4U_X509_USER_REQUEST };
        let checksum = key.checksum(usage);
        let tag = checksum.compute_tag(&[&self.user_id]);
        let user_id =
            Raw::new(&self.user_id).map_err(|error| refuse(ErrorCode::KRB_ERR_GENERIC, error.to_string()))?;
        let checksum =
            Checksum { cksumtype: checksum.checksum_type().0, checksum: Octets::new(tag.as_bytes()) };
        padata.push(PaDataType::S4U_X509_USER, der(&PaS4uX509User { user_id, checksum })?);
        // Under RC4 both checksums once more (MS-SFU section 2.2.2).
        if key.enctype().is_weak() {
            sealed.push(PaDataType::S4U_X509_USER, [self.checksum.as_slice(), tag.as_bytes()].concat());
        }
        Ok(())
    }
}
