//! Who may have what: the application's own rule.

use crate::authenticated::Authenticated;
use core::fmt;
use core::pin::Pin;
use http::request::Parts;

/// Decides about requests whose client was authenticated. It is asked for each request, whatever proved the client's
/// identity. What it refuses gets 403 with the reason as text.
///
/// A closure is enough where the decision's future borrows nothing; clones of [`Authenticated`] are cheap.
///
/// ```
/// use gss_tower::{Authenticated, Authorize, Forbidden};
/// use http::request::Parts;
///
/// fn rule() -> impl Authorize {
///     |who: &Authenticated, _: &Parts| {
///         let allowed = who.krb5_principal().is_some_and(|principal| principal.to_string() == "alice@EXAMPLE.COM");
///         async move { if allowed { Ok(()) } else { Err(Forbidden::new("this is for alice")) } }
///     }
/// }
/// # let _ = rule();
/// ```
pub trait Authorize: Send + Sync + 'static {
    /// Whether the request may go on.
    fn authorize<'r>(
        &'r self,
        who: &'r Authenticated,
        request: &'r Parts,
    ) -> Pin<Box<dyn Future<Output = Result<(), Forbidden>> + Send + 'r>>;
}

impl<F, D> Authorize for F
where
    F: Fn(&Authenticated, &Parts) -> D + Send + Sync + 'static,
    D: Future<Output = Result<(), Forbidden>> + Send + 'static,
{
    fn authorize<'r>(
        &'r self,
        who: &'r Authenticated,
        request: &'r Parts,
    ) -> Pin<Box<dyn Future<Output = Result<(), Forbidden>> + Send + 'r>> {
        Box::pin(self(who, request))
    }
}

/// The client is known and may not do that.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Forbidden {
    reason: String,
}

impl Forbidden {
    /// For this reason, which the client gets to read.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason.is_empty() { f.write_str("forbidden") } else { f.write_str(&self.reason) }
    }
}

impl core::error::Error for Forbidden {}
