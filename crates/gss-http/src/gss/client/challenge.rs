use crate::challenge::{Authorization, Credentials, FieldError, challenges};
use crate::gss::{Binding, Bindings, NAME, ParamError, ServerMessage};
use crate::legs::DEFAULT_MAX_TOKEN;
use alloc::vec::Vec;
use core::fmt;
use gss_core::Diagnose;
use gss_core::bindings::TlsChannel;

/// A server's challenge of the scheme: what a client has to know before it makes its initiator.
#[derive(Clone, Debug)]
pub struct Challenge(pub(super) ServerMessage);

impl Challenge {
    /// Finds the challenge among those in the lines of [`Side::challenge_field`](crate::Side::challenge_field), whatever
    /// other schemes are there; `None` without one. One that occurs twice in the same words counts once. Lines that
    /// break the grammar matter only where the scheme is not found.
    ///
    /// # Errors
    /// [`ChallengeError`].
    pub fn find<'a, V, I>(lines: I) -> Result<Option<Self>, ChallengeError>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        I: IntoIterator<Item = &'a V>,
    {
        Ok(find(lines, DEFAULT_MAX_TOKEN)?.map(Self))
    }

    /// The protection space.
    #[must_use]
    pub fn realm(&self) -> Option<&str> {
        self.0.realm.as_deref()
    }

    /// The kinds of channel bindings that the server takes.
    #[must_use]
    pub fn bindings(&self) -> Bindings {
        self.0.bindings
    }

    /// Whether the server has forgotten a context that we used, so that a new login may succeed.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.0.stale
    }

    /// The binding to use on a channel: the strongest of those that the server takes and the channel has. `None` means
    /// that nothing protects the login from being relayed: over TLS, a client that does not have to put up with that
    /// should not log in.
    #[must_use]
    pub fn choose(&self, channel: &TlsChannel) -> Option<Binding> {
        self.0.bindings.iter().find_map(|kind| Binding::of(channel, kind).next())
    }
}

/// What a response says about the scheme cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeError {
    /// It says two things that differ.
    Ambiguous,
    /// A field breaks the grammar.
    Field(FieldError),
    /// A parameter is malformed.
    Param(ParamError),
    /// The scheme has token68 data, where it has parameters.
    Token68,
}

impl ChallengeError {
    /// The rule as one stable word in snake case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous_challenge",
            Self::Field(error) => error.code(),
            Self::Param(error) => error.code(),
            Self::Token68 => "gss_token68",
        }
    }
}

impl fmt::Display for ChallengeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous => f.write_str("server says two things about GSS that differ, expected one"),
            Self::Field(error) => error.fmt(f),
            Self::Param(error) => write!(f, "server's {error}"),
            Self::Token68 => f.write_str("challenge of GSS has token68 data, expected parameters"),
        }
    }
}

impl core::error::Error for ChallengeError {}

pub(super) fn find<'a, V, I>(lines: I, max_token: usize) -> Result<Option<ServerMessage>, ChallengeError>
where
    V: AsRef<[u8]> + ?Sized + 'a,
    I: IntoIterator<Item = &'a V>,
{
    let mut found = None;
    let mut broken = None;
    for challenge in challenges(lines) {
        let message = match challenge {
            Ok(challenge) if challenge.is(NAME) => match challenge.credentials {
                Credentials::None => ServerMessage::default(),
                Credentials::Params(params) => {
                    ServerMessage::parse(params, max_token).map_err(ChallengeError::Param)?
                }
                Credentials::Token68(_) => return Err(ChallengeError::Token68),
            },
            Ok(_) => continue,
            Err(error) => {
                broken = broken.or(Some(error));
                continue;
            }
        };
        if found.as_ref().is_some_and(|found| *found != message) {
            return Err(ChallengeError::Ambiguous);
        }
        found = Some(message);
    }
    match broken {
        Some(error) if found.is_none() => Err(ChallengeError::Field(error)),
        _ => Ok(found),
    }
}

/// Reads `Authentication-Info` or its twin: a list of parameters (RFC 9110 section 11.6.3). `None` without a line.
pub(super) fn info<'a, V, I>(lines: I, max_token: usize) -> Result<Option<ServerMessage>, ChallengeError>
where
    V: AsRef<[u8]> + ?Sized + 'a,
    I: IntoIterator<Item = &'a V>,
{
    // With the scheme in front it has the grammar of credentials. What is too long is refused there.
    let mut text = Vec::from(NAME);
    let mut separator: &[u8] = b" ";
    for line in lines {
        text.extend_from_slice(separator);
        text.extend_from_slice(line.as_ref());
        separator = b", ";
    }
    if text.len() == NAME.len() {
        return Ok(None);
    }
    let found = Authorization::parse(&text).map_err(ChallengeError::Field)?;
    match found.credentials {
        Credentials::None => Ok(Some(ServerMessage::default())),
        Credentials::Params(params) => {
            ServerMessage::parse(params, max_token).map(Some).map_err(ChallengeError::Param)
        }
        Credentials::Token68(_) => Err(ChallengeError::Token68),
    }
}
