use super::{ParamError, ParamErrorKind, Writer, bytes, name};
use crate::challenge::{Params, Value};
use crate::gss::{ContextId, Nonce};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::TlsBinding;
use zeroize::Zeroizing;

/// How many bytes a MIC may have. Those of Kerberos have 28 to 40.
pub const MAX_MIC: usize = 1024;

/// A word in `cb` that names no kind of binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownBinding;

/// Credentials of the scheme.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// A token of a login.
    Login {
        /// The half-made context that it continues; `None` for the first token.
        context: Option<ContextId>,
        /// The token. Taken apart where it lies, so it is wiped.
        token: Zeroizing<Vec<u8>>,
        /// The kind of binding that the client uses.
        binding: Option<Result<TlsBinding, UnknownBinding>>,
    },
    /// A proof that the client has an established context.
    Again {
        /// The context.
        context: ContextId,
        /// The number of this use.
        nonce: Nonce,
        /// The MIC over the [request](crate::gss::RequestParts::signed_message).
        mic: Vec<u8>,
        /// The kind of binding that the client uses.
        binding: Option<Result<TlsBinding, UnknownBinding>>,
    },
}

impl ClientMessage {
    /// Reads the parameters of credentials. Those that are not known are ignored.
    ///
    /// # Errors
    /// [`ParamError`].
    pub fn parse(params: Params<'_>, max_token: usize) -> Result<Self, ParamError> {
        let [context, binding, nonce, mic, data] =
            params.find_each([name::CONTEXT, name::BINDING, name::NONCE, name::MIC, name::DATA]);
        let context = context.map(self::context).transpose()?;
        let binding = binding.map(self::binding);
        let nonce = nonce.map(self::nonce).transpose()?;
        if let Some(data) = data {
            if nonce.is_some() || mic.is_some() {
                return Err(ParamError::misplaced(name::DATA));
            }
            let token = Zeroizing::new(bytes(name::DATA, data, max_token)?);
            return Ok(Self::Login { context, token, binding });
        }
        let mic = mic.map(|mic| bytes(name::MIC, mic, MAX_MIC)).transpose()?;
        match (context, nonce, mic) {
            (Some(context), Some(nonce), Some(mic)) => Ok(Self::Again { context, nonce, mic, binding }),
            (_, None, None) => Err(ParamError::missing(name::DATA)),
            (None, ..) => Err(ParamError::missing(name::CONTEXT)),
            (_, None, _) => Err(ParamError::missing(name::NONCE)),
            (_, _, None) => Err(ParamError::missing(name::MIC)),
        }
    }

    /// The credentials as one writes them.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = Writer::scheme();
        let binding = match self {
            Self::Login { context, token, binding } => {
                if let Some(context) = context {
                    text.token(name::CONTEXT, context.as_str());
                }
                text.base64(name::DATA, token);
                binding
            }
            Self::Again { context, nonce, mic, binding } => {
                text.token(name::CONTEXT, context.as_str());
                text.token(name::NONCE, &nonce.to_string());
                text.base64(name::MIC, mic);
                binding
            }
        };
        if let Some(Ok(binding)) = binding {
            text.quoted(name::BINDING, binding.name());
        }
        text.finish()
    }
}

/// What it is for, and of which context: the rest may be secret.
impl fmt::Debug for ClientMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login { context, token, .. } => write!(f, "Login({context:?}, [{} bytes])", token.len()),
            Self::Again { context, nonce, .. } => write!(f, "Again({context:?}, {nonce})"),
        }
    }
}

pub(super) fn context(value: Value<'_>) -> Result<ContextId, ParamError> {
    let error = ParamError { param: name::CONTEXT, kind: ParamErrorKind::NotAnId };
    ContextId::of_param(value).map_err(|_| error)
}

fn binding(value: Value<'_>) -> Result<TlsBinding, UnknownBinding> {
    TlsBinding::ALL.into_iter().find(|kind| value.is(kind.name())).ok_or(UnknownBinding)
}

/// Digits without a sign and without zeros in front: each nonce has one text.
fn nonce(value: Value<'_>) -> Result<Nonce, ParamError> {
    let error = ParamError { param: name::NONCE, kind: ParamErrorKind::NotANonce };
    let mut number: u64 = 0;
    for (place, byte) in value.bytes().enumerate() {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9).ok_or(error)?;
        if (place == 0 && digit == 0) || place >= 16 {
            return Err(error);
        }
        number = number.saturating_mul(10).saturating_add(u64::from(digit));
    }
    Nonce::new(number).ok_or(error)
}
