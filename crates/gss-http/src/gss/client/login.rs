use super::{Session, Setting};
use crate::gss::binding::can_be_used_again;
use crate::gss::{Binding, ContextId};
use crate::legs::client::ServerProof;
use core::fmt;
use gss_core::SecurityContext;

/// A login that succeeded.
pub struct Login<C> {
    /// The context.
    pub context: C,
    /// Whether the server proved who it is.
    pub server: ServerProof,
    again: Option<(ContextId, Binding)>,
    setting: Setting,
}

impl<C: SecurityContext> Login<C> {
    /// `id` is what the server calls the context.
    pub(super) fn new(context: C, id: Option<ContextId>, setting: Setting) -> Self {
        let again = id.zip(setting.binding.clone()).filter(|_| can_be_used_again(&context));
        Self { server: ServerProof::of(&context), context, again, setting }
    }

    /// Whether further requests can go without a login.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        self.again.is_some()
    }

    /// The session that signs further requests; `None` where the server gave the context no name, or the context is not
    /// bound to its channel, signs nothing, or is NTLM's.
    #[must_use]
    pub fn into_session(self) -> Option<Session<C::Sealer>> {
        let (id, binding) = self.again?;
        let expires = self.context.facts().expires;
        let (sealer, _) = self.context.split();
        Some(Session::new(id, binding, self.setting, expires, sealer))
    }
}

impl<C: SecurityContext> fmt::Debug for Login<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("context", &self.context.facts())
            .field("server", &self.server)
            .field("can_go_on", &self.can_go_on())
            .finish_non_exhaustive()
    }
}
