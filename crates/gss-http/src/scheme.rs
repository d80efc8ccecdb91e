//! The schemes whose credentials are tokens of GSS-API, one for each leg: `Negotiate` (RFC 4559) and `NTLM` (MS-NTHT).
//!
//! `NTLM` is legacy. It does not prove who the server is, a password that is not long falls to whoever recorded one
//! login, and it can be relayed to another server unless both sides check the channel. It also belongs to a connection,
//! which HTTP does not know (RFC 9110 section 16.4.2): behind a proxy that mixes connections, one user gets the rights
//! of another. So no side speaks it unless the caller lists it in [`Schemes`].

use crate::base64;
use crate::legs::{Offer, OfferError};
use core::fmt;
use gss_core::{SinkFull, TokenSink};

/// An authentication scheme with tokens of GSS-API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Scheme {
    /// `Negotiate` (RFC 4559): SPNEGO, or a mechanism's own tokens.
    #[default]
    Negotiate,
    /// `NTLM` (MS-NTHT): NTLM's three messages as they are.
    Ntlm,
}

impl Scheme {
    /// The name as one writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Negotiate => "Negotiate",
            Self::Ntlm => "NTLM",
        }
    }

    /// The scheme of this name. Case does not matter (RFC 9110 section 11.1).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Negotiate, Self::Ntlm].into_iter().find(|scheme| scheme.name().eq_ignore_ascii_case(name))
    }

    /// Appends the scheme's name, then a space and the base64 of `token` unless it is empty.
    ///
    /// # Errors
    /// [`SinkFull`] when it does not fit; part of it may have been written.
    pub fn write_token(self, token: &[u8], output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        output.put(self.name().as_bytes())?;
        if token.is_empty() {
            return Ok(());
        }
        output.put(b" ")?;
        base64::encode(token, output)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The schemes that a caller lists, best first: at least one, none twice. Default: [`Scheme::Negotiate`] alone.
///
/// ```
/// use gss_http::{Scheme, Schemes};
///
/// let listed = Schemes::only(Scheme::Negotiate).then(Scheme::Ntlm);
/// assert_eq!(listed.preferred(["Basic realm=x", "NTLM"])?, Some(Scheme::Ntlm));
/// assert_eq!(Schemes::default().preferred(["Basic realm=x", "NTLM"])?, None);
/// # Ok::<(), gss_http::legs::OfferError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Schemes {
    first: Scheme,
    second: Option<Scheme>,
}

impl Schemes {
    /// This scheme and no other.
    #[must_use]
    pub const fn only(scheme: Scheme) -> Self {
        Self { first: scheme, second: None }
    }

    /// The same list with one more scheme at its end. One that is listed keeps its place.
    #[must_use]
    pub fn then(self, scheme: Scheme) -> Self {
        if self.contains(scheme) { self } else { Self { second: Some(scheme), ..self } }
    }

    /// Whether the scheme is listed.
    #[must_use]
    pub fn contains(self, scheme: Scheme) -> bool {
        self.iter().any(|listed| listed == scheme)
    }

    /// The schemes, best first.
    pub fn iter(self) -> impl Iterator<Item = Scheme> {
        core::iter::once(self.first).chain(self.second)
    }

    /// For a client: the best of these schemes that the challenges of a response offer; `None` when they offer none.
    /// Make the initiator for that scheme, and name it in [`ClientPolicy::scheme`](crate::legs::client::ClientPolicy).
    ///
    /// # Errors
    /// [`OfferError`]. Two challenges of one scheme that differ do not lead to a lesser scheme; lines that break the
    /// grammar matter only where no listed scheme is found.
    pub fn preferred<'a, V, I>(self, lines: I) -> Result<Option<Scheme>, OfferError>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        I: IntoIterator<Item = &'a V> + Clone,
    {
        let mut broken = None;
        for scheme in self.iter() {
            match Offer::find(scheme, lines.clone()) {
                Ok(Offer::Absent) => {}
                Ok(_) => return Ok(Some(scheme)),
                Err(OfferError::Field(error)) => broken = Some(error),
                Err(error) => return Err(error),
            }
        }
        broken.map_or(Ok(None), |error| Err(OfferError::Field(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for (name, scheme) in [
            ("Negotiate", Some(Scheme::Negotiate)),
            ("nEGOTIATE", Some(Scheme::Negotiate)),
            ("NTLM", Some(Scheme::Ntlm)),
            ("ntlm", Some(Scheme::Ntlm)),
            ("NTLM2", None),
            ("Nego2", None),
            ("", None),
        ] {
            assert_eq!(Scheme::parse(name), scheme, "{name}");
        }
    }

    #[test]
    fn lists_keep_their_order_and_have_nothing_twice() {
        let both = [Scheme::Negotiate, Scheme::Ntlm];
        assert!(Schemes::default().iter().eq([Scheme::Negotiate]));
        assert!(Schemes::only(Scheme::Negotiate).then(Scheme::Ntlm).iter().eq(both));
        assert!(Schemes::only(Scheme::Ntlm).then(Scheme::Negotiate).iter().eq(both.into_iter().rev()));
        assert!(Schemes::only(Scheme::Ntlm).then(Scheme::Ntlm).iter().eq([Scheme::Ntlm]));
        let full = Schemes::only(Scheme::Ntlm).then(Scheme::Negotiate).then(Scheme::Negotiate);
        assert!(full.iter().eq(both.into_iter().rev()));
    }

    #[test]
    fn only_listed_schemes_are_preferred() {
        let negotiate = Schemes::default();
        let ntlm = Schemes::only(Scheme::Ntlm);
        let both = negotiate.then(Scheme::Ntlm);
        let reverse = ntlm.then(Scheme::Negotiate);
        for (lines, found) in [
            (&["NTLM", "Negotiate"][..], ["Negotiate", "NTLM", "Negotiate", "NTLM"]),
            (&["Negotiate"], ["Negotiate", "none", "Negotiate", "Negotiate"]),
            (&["Basic realm=\"Negotiate\", ntlm"], ["none", "NTLM", "NTLM", "NTLM"]),
            (&["Basic realm=x"], ["none"; 4]),
            (&[], ["none"; 4]),
            // Broken lines are in nobody's way who finds a scheme.
            (&["Basic realm=\"x", "NTLM"], ["unclosed_quote", "NTLM", "NTLM", "NTLM"]),
            // A preferred scheme that is unclear is no reason to fall back.
            (
                &["Negotiate abcd", "Negotiate", "NTLM"],
                ["ambiguous_challenge", "NTLM", "ambiguous_challenge", "NTLM"],
            ),
        ] {
            for (schemes, expected) in [negotiate, ntlm, both, reverse].into_iter().zip(found) {
                let word = match schemes.preferred(lines) {
                    Ok(Some(scheme)) => scheme.name(),
                    Ok(None) => "none",
                    Err(error) => error.code(),
                };
                assert_eq!(word, expected, "{lines:?} {schemes:?}");
            }
        }
    }
}
