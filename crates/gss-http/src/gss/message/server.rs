use super::client::context;
use super::{ParamError, ParamErrorKind, Writer, bytes, name};
use crate::challenge::{Params, Value};
use crate::gss::{Bindings, ContextId};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::TlsBinding;

/// What a server says: in a challenge, or in `Authentication-Info`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ServerMessage {
    /// The protection space.
    pub realm: Option<String>,
    /// The kinds of bindings that the server takes.
    pub bindings: Bindings,
    /// The context: to be continued, or to be used again.
    pub context: Option<ContextId>,
    /// How the login goes; `None` where none was tried.
    pub state: Option<State>,
    /// A token for the client.
    pub token: Option<Vec<u8>>,
    /// The context that the client used is not there (any more): begin again.
    pub stale: bool,
}

/// How a login goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The client's next token is needed.
    Continue,
    /// The client is who it says.
    Complete,
    /// The client is refused.
    Error,
}

impl State {
    const ALL: [Self; 3] = [Self::Continue, Self::Complete, Self::Error];

    const fn word(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Complete => "complete",
            Self::Error => "error",
        }
    }
}

impl ServerMessage {
    /// Reads the parameters of a challenge or of `Authentication-Info`. Those that are not known are ignored, and so
    /// are bindings that are not.
    ///
    /// # Errors
    /// [`ParamError`].
    pub fn parse(params: Params<'_>, max_token: usize) -> Result<Self, ParamError> {
        let not_text = ParamError { param: name::REALM, kind: ParamErrorKind::NotAscii };
        let realm = params.find(name::REALM).map(|realm| String::from_utf8(realm.bytes().collect()));
        Ok(Self {
            realm: realm.transpose().map_err(|_| not_text)?,
            bindings: params.find(name::BINDING).map_or(Bindings::NONE, bindings),
            context: params.find(name::CONTEXT).map(context).transpose()?,
            state: params.find(name::STATE).map(state).transpose()?,
            token: params.find(name::DATA).map(|data| bytes(name::DATA, data, max_token)).transpose()?,
            stale: params.find(name::STALE).is_some_and(|stale| stale.is_ignoring_case("true")),
        })
    }

    /// The message as a challenge, with the scheme in front.
    #[must_use]
    pub fn to_challenge(&self) -> String {
        self.write(Writer::scheme())
    }

    /// The message as `Authentication-Info` has it, without a scheme.
    #[must_use]
    pub fn to_info(&self) -> String {
        self.write(Writer::bare())
    }

    fn write(&self, mut text: Writer) -> String {
        if let Some(realm) = &self.realm {
            text.quoted(name::REALM, realm);
        }
        if self.bindings != Bindings::NONE {
            let mut names = String::new();
            for kind in self.bindings.iter() {
                if !names.is_empty() {
                    names.push(' ');
                }
                names.push_str(kind.name());
            }
            text.quoted(name::BINDING, &names);
        }
        if let Some(context) = &self.context {
            text.token(name::CONTEXT, context.as_str());
        }
        if let Some(state) = self.state {
            text.token(name::STATE, state.word());
        }
        if let Some(token) = &self.token {
            text.base64(name::DATA, token);
        }
        if self.stale {
            text.token(name::STALE, "true");
        }
        text.finish()
    }
}

/// The token's length, not the token.
impl fmt::Debug for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerMessage")
            .field("realm", &self.realm)
            .field("bindings", &self.bindings)
            .field("context", &self.context)
            .field("state", &self.state)
            .field("token", &self.token.as_ref().map(Vec::len))
            .field("stale", &self.stale)
            .finish()
    }
}

fn state(value: Value<'_>) -> Result<State, ParamError> {
    let error = ParamError { param: name::STATE, kind: ParamErrorKind::UnknownWord };
    State::ALL.into_iter().find(|state| value.is_ignoring_case(state.word())).ok_or(error)
}

fn bindings(value: Value<'_>) -> Bindings {
    let text: Vec<u8> = value.bytes().collect();
    let known = |word: &[u8]| TlsBinding::ALL.into_iter().find(|kind| kind.name().as_bytes() == word);
    text.split(|byte| *byte == b' ').filter_map(known).fold(Bindings::NONE, Bindings::with)
}
