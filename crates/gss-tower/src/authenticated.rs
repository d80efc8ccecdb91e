//! Who sent a request, as far as the application needs to know.

use crate::session::SessionId;
use alloc::sync::Arc;
use core::fmt;
use gss::krb5::pac::{Identity, Sid};
use gss::krb5::{self, Credential, Principal};
use gss::{BindingOutcome, Context, ContextFlags, Oid, SecurityContext, Timestamp, oid};
use gss_http::gss::ContextId;

/// Who sent a request. [`AuthenticationLayer`](crate::AuthenticationLayer) puts it into the extensions of each request that
/// it lets in; a clone is the same.
///
/// It says what was proven when the client logged in, and holds no session key. It prints as the principal.
#[derive(Clone)]
pub struct Authenticated {
    known: Arc<Known>,
    manner: Manner,
    context: Option<ContextId>,
}

struct Known {
    facts: Facts,
    delegated: Vec<Credential>,
}

/// What a login proved, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) principal: String,
    pub(crate) name: Name,
    pub(crate) mechanism: Oid,
    pub(crate) flags: ContextFlags,
    pub(crate) bound: bool,
    pub(crate) user_sid: Option<Sid>,
    pub(crate) sids: Vec<Sid>,
    pub(crate) expires: Option<Timestamp>,
}

/// A principal in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Krb5(Principal),
    Ntlm { domain: String, user: String },
    Anonymous,
}

/// How a request was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Manner {
    /// By a login that ended with this request.
    Login,
    /// By a login that holds for the connection (NTLM).
    Connection,
    /// By a MIC of a context that was established before (the scheme `GSS`).
    Reauthentication,
    /// By a [session cookie](crate::Sessions).
    Session(SessionId),
}

impl Authenticated {
    /// What a context says.
    pub(crate) fn of_context(context: &Context, manner: Manner) -> Self {
        let delegated = context.delegated().iter().map(krb5::credential).collect();
        let known = Arc::new(Known { facts: Facts::of_context(context), delegated });
        Self { known, manner, context: None }
    }

    /// What a cookie says.
    pub(crate) fn of_session(facts: Facts, id: SessionId) -> Self {
        let known = Arc::new(Known { facts, delegated: Vec::new() });
        Self { known, manner: Manner::Session(id), context: None }
    }

    /// The same client, proven in this way, and the context of the scheme `GSS` that it can use again.
    pub(crate) fn proven(&self, manner: Manner, context: Option<ContextId>) -> Self {
        Self { known: Arc::clone(&self.known), manner, context }
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.known.facts
    }

    /// The principal: `name@REALM` for Kerberos, `DOMAIN\user` for NTLM, empty for a client that logged on as nobody.
    ///
    /// A user of NTLM may be called `name@domain` too: whoever gives rights to names looks at
    /// [`krb5_principal`](Self::krb5_principal) or [`ntlm_account`](Self::ntlm_account), or at [`mechanism`](Self::mechanism)
    /// beside the name.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.known.facts.principal
    }

    /// The principal of a client that logged in with Kerberos.
    #[must_use]
    pub fn krb5_principal(&self) -> Option<&Principal> {
        match &self.known.facts.name {
            Name::Krb5(principal) => Some(principal),
            Name::Ntlm { .. } | Name::Anonymous => None,
        }
    }

    /// Domain and user of a client that logged on with NTLM, as the client spells them: they are compared without
    /// regard to case.
    #[must_use]
    pub fn ntlm_account(&self) -> Option<(&str, &str)> {
        match &self.known.facts.name {
            Name::Ntlm { domain, user } => Some((domain, user)),
            Name::Krb5(_) | Name::Anonymous => None,
        }
    }

    /// Whether the client is nobody in particular, which an acceptor has to allow by name.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.known.facts.name == Name::Anonymous
    }

    /// The mechanism that did the work, below SPNEGO.
    #[must_use]
    pub fn mechanism(&self) -> Oid {
        self.known.facts.mechanism
    }

    /// The mechanism's name, like `krb5`; `other` for one that has none here.
    #[must_use]
    pub fn mechanism_name(&self) -> &'static str {
        oid::mechanism_name(&self.known.facts.mechanism).unwrap_or("other")
    }

    /// The flags of the context.
    #[must_use]
    pub fn flags(&self) -> ContextFlags {
        self.known.facts.flags
    }

    /// Whether the login was bound to the TLS connection it came by: both ends named the same channel, so that nobody
    /// was in between. A session says it of the login that it began with.
    #[must_use]
    pub fn is_channel_bound(&self) -> bool {
        self.known.facts.bound
    }

    /// The SID of the client's account, if its ticket has a verified PAC that tells.
    #[must_use]
    pub fn user_sid(&self) -> Option<Sid> {
        self.known.facts.user_sid
    }

    /// All SIDs of the client from the verified PAC of its ticket: the account's own first, then those of its groups. Empty
    /// without a PAC.
    #[must_use]
    pub fn sids(&self) -> &[Sid] {
        &self.known.facts.sids
    }

    /// Whether the client is this account, or in this group.
    #[must_use]
    pub fn has_sid(&self, sid: &Sid) -> bool {
        self.known.facts.sids.contains(sid)
    }

    /// The tickets that the client delegated, with their session keys: **secret**, and good for acting as the client. Empty
    /// when there are none, and in sessions.
    #[must_use]
    pub fn delegated(&self) -> &[Credential] {
        &self.known.delegated
    }

    /// When the authentication expires; `None` for never.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.known.facts.expires
    }

    /// The context of the scheme `GSS` that the client can use again, until
    /// [`AuthenticationLayer::log_out`](crate::AuthenticationLayer::log_out).
    #[must_use]
    pub fn context(&self) -> Option<ContextId> {
        self.context
    }

    /// How the request was authenticated.
    #[must_use]
    pub fn manner(&self) -> Manner {
        self.manner
    }
}

impl fmt::Display for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_anonymous() { f.write_str("anonymous") } else { f.write_str(self.principal()) }
    }
}

/// Counts delegated tickets and does not show them.
impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("facts", &self.known.facts)
            .field("manner", &self.manner)
            .field("delegated", &self.known.delegated.len())
            .finish()
    }
}

impl Facts {
    fn of_context(context: &Context) -> Self {
        let facts = context.facts();
        let (user_sid, sids) = sids(context);
        let name = Name::of_context(context);
        // An anonymous ticket has a name too, WELLKNOWN/ANONYMOUS, which is nobody's.
        let principal = context.peer_name().filter(|_| name != Name::Anonymous);
        Self {
            principal: principal.unwrap_or_default(),
            name,
            mechanism: facts.mechanism,
            flags: facts.flags,
            bound: facts.binding == BindingOutcome::Bound,
            user_sid,
            sids,
            expires: facts.expires,
        }
    }
}

impl Name {
    fn of_context(context: &Context) -> Self {
        if let Some(accepted) = context.krb5_accepted() {
            return match accepted.is_anonymous() {
                true => Self::Anonymous,
                false => Self::Krb5(accepted.client().clone()),
            };
        }
        #[cfg(feature = "ntlm")]
        if let Some(accepted) = context.ntlm_accepted()
            && let (Some(domain), Some(user)) = (accepted.domain(), accepted.user())
        {
            return Self::Ntlm { domain: domain.into(), user: user.into() };
        }
        Self::Anonymous
    }
}

/// The account's SID, and all of them. A PAC whose signature holds and whose content cannot be read gives none.
fn sids(context: &Context) -> (Option<Sid>, Vec<Sid>) {
    let Some(pac) = context.pac() else { return (None, Vec::new()) };
    match pac.logon_info() {
        Ok(Some(logon)) => {
            (logon.user_sid(), logon.sids().map(|identity| Identity::sid(&identity)).collect())
        }
        Ok(None) => (None, Vec::new()),
        Err(error) => {
            tracing::warn!(%error, "PAC cannot be read; its client gets no SIDs");
            (None, Vec::new())
        }
    }
}
