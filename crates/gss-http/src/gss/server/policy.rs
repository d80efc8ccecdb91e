use super::super::Bindings;
use crate::field::Side;
use crate::legs::server::{DEFAULT_PARTIAL_LIFETIME, FailureReply};
use crate::legs::{DEFAULT_MAX_LEGS, DEFAULT_MAX_TOKEN};
use alloc::string::String;
use gss_core::BindingPolicy;

/// How long a context can be used again, in seconds, unless the caller says otherwise: as long as a ticket commonly
/// lives.
pub const DEFAULT_CONTEXT_LIFETIME: u32 = 10 * 60 * 60;

/// How many contexts a server keeps ready beside its store, unless the caller says otherwise.
pub const DEFAULT_READY_CONTEXTS: usize = 10_000;

/// What a server insists on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPolicy {
    /// As what the server authenticates. Default: [`Side::Origin`].
    pub side: Side,
    /// The protection space, in visible ASCII and spaces: a context is good in its own only. Default: none.
    pub realm: Option<String>,
    /// The kinds of channel bindings to take, and to offer on connections that have them. Default: all.
    pub bindings: Bindings,
    /// What to do with clients that bind nothing. Default: [`BindingPolicy::VerifyIfPresent`].
    ///
    /// Under [`BindingPolicy::Ignore`] a client that names no binding is not looked at; one that names one is always
    /// held to it.
    pub binding: BindingPolicy,
    /// Whether bound contexts can be used again. Default: yes.
    pub again: bool,
    /// What a refused client gets to see. Default: [`FailureReply::Bare`], which is `state=error` alone.
    pub failure: FailureReply,
    /// Whether the last token goes out in a challenge too, for clients that do not read `Authentication-Info`.
    /// Default: no.
    pub final_challenge: bool,
    /// How many tokens a client may send for one login; no more than
    /// [`MAX_TRANSCRIPT_LEGS`](crate::gss::MAX_TRANSCRIPT_LEGS) count. Default: [`DEFAULT_MAX_LEGS`].
    pub max_legs: usize,
    /// How many bytes a client's token may have. Default: [`DEFAULT_MAX_TOKEN`].
    pub max_token: usize,
    /// How many seconds a half-made context is kept, from the first token on. Default: [`DEFAULT_PARTIAL_LIFETIME`].
    pub partial_lifetime: u32,
    /// How many seconds a context can be used again, from its last token on, if the context itself does not end before
    /// that. Default: [`DEFAULT_CONTEXT_LIFETIME`].
    pub context_lifetime: u32,
    /// How many contexts the server keeps ready beside the store, so that it need not rebuild them for each request.
    /// Default: [`DEFAULT_READY_CONTEXTS`].
    pub ready_contexts: usize,
}

impl Default for ServerPolicy {
    fn default() -> Self {
        Self {
            side: Side::default(),
            realm: None,
            bindings: Bindings::ALL,
            binding: BindingPolicy::default(),
            again: true,
            failure: FailureReply::default(),
            final_challenge: false,
            max_legs: DEFAULT_MAX_LEGS,
            max_token: DEFAULT_MAX_TOKEN,
            partial_lifetime: DEFAULT_PARTIAL_LIFETIME,
            context_lifetime: DEFAULT_CONTEXT_LIFETIME,
            ready_contexts: DEFAULT_READY_CONTEXTS,
        }
    }
}
