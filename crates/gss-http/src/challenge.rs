//! The grammar of HTTP authentication fields (RFC 9110 section 11), without a heap.
//!
//! ```text
//! WWW-Authenticate = #challenge
//! challenge        = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
//! Authorization    = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
//! auth-param       = token BWS "=" BWS ( token / quoted-string )
//! token68          = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
//! ```
//! The comma that separates challenges also separates the parameters of one challenge. What decides is the start of
//! an element: `name = value` is a parameter of the challenge in front, anything else begins a new one. Each field
//! line is read by itself; a challenge does not run over into the next line.
//!
//! ```
//! use gss_http::challenge::{Credentials, challenges};
//!
//! let lines = [r#"Basic realm="a, Negotiate b", Negotiate"#, "NTLM TlRMTVNTUAA="];
//! let found: Result<Vec<_>, _> = challenges(lines).collect();
//! let found = found?;
//! assert_eq!(found.iter().map(|challenge| challenge.scheme).collect::<Vec<_>>(), ["Basic", "Negotiate", "NTLM"]);
//! assert!(matches!(found[0].credentials, Credentials::Params(params) if params.find("Realm").is_some()));
//! assert!(matches!(found[1].credentials, Credentials::None));
//! assert!(matches!(found[2].credentials, Credentials::Token68("TlRMTVNTUAA=")));
//! # Ok::<(), gss_http::challenge::FieldError>(())
//! ```

mod authorization;
mod error;
mod param;
mod scan;

pub use self::authorization::Authorization;
pub use self::error::{FieldError, FieldErrorKind};
pub use self::param::{Param, Params, Value};

use self::scan::{Cursor, Element, ElementKind};
use core::fmt;
use gss_core::{SinkFull, TokenSink};

/// How many bytes all lines of one field may have together. Base64 of a token of 96 KiB fits.
pub const MAX_FIELD_BYTES: usize = 128 * 1024;
/// How many challenges the lines of one field may hold together.
pub const MAX_CHALLENGES: usize = 64;
/// How many parameters one challenge may have.
pub const MAX_PARAMS: usize = 32;

/// One challenge of a server or proxy.
#[derive(Clone, Copy, Debug)]
pub struct Challenge<'a> {
    /// The scheme as written; compare it with [`is`](Self::is).
    pub scheme: &'a str,
    /// What comes with it.
    pub credentials: Credentials<'a>,
}

impl Challenge<'_> {
    /// Whether the challenge is of this scheme. Case does not matter (RFC 9110 section 11.1).
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Appends the challenge as one would write it: one space behind the scheme, none around `=`.
    ///
    /// # Errors
    /// [`SinkFull`] when it does not fit; part of it may have been written.
    pub fn write_to(&self, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        write(self.scheme, self.credentials, output)
    }
}

/// What stands behind a scheme.
#[derive(Clone, Copy)]
pub enum Credentials<'a> {
    /// Nothing.
    None,
    /// Data in the alphabet of token68, mostly base64.
    Token68(&'a str),
    /// Parameters, none of them twice.
    Params(Params<'a>),
}

/// Hides the data: it may be secret.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Token68(data) => write!(f, "Token68([{} bytes])", data.len()),
            Self::Params(params) => f.debug_tuple("Params").field(params).finish(),
        }
    }
}

/// The challenges in the lines of one `WWW-Authenticate` or `Proxy-Authenticate` field, in order.
///
/// The lines are anything that gives bytes: `["Negotiate"]`, or what a header map returns for all values of a name.
pub fn challenges<'a, V, I>(lines: I) -> Challenges<'a, I::IntoIter>
where
    V: AsRef<[u8]> + ?Sized + 'a,
    I: IntoIterator<Item = &'a V>,
{
    Challenges { lines: lines.into_iter(), line: 0, current: None, bytes: 0, count: 0, exhausted: false }
}

/// Iterator over challenges; made by [`challenges`].
///
/// After a challenge that breaks a rule (a duplicate parameter, say) the next one follows. After a byte that the
/// grammar does not have, or a quote that is not closed, nothing more is taken from that line, since it is not known
/// where text ends and grammar begins; the next line follows. Over a limit, the iterator ends.
#[derive(Clone, Debug)]
#[must_use]
pub struct Challenges<'a, L> {
    lines: L,
    line: usize, // number of lines begun
    current: Option<Cursor<'a>>,
    bytes: usize,
    count: usize,
    exhausted: bool,
}

impl<'a, V, L> Iterator for Challenges<'a, L>
where
    V: AsRef<[u8]> + ?Sized + 'a,
    L: Iterator<Item = &'a V>,
{
    type Item = Result<Challenge<'a>, FieldError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.exhausted {
            let Some(mut cursor) = self.current.take() else {
                let line = self.lines.next()?.as_ref();
                self.line = self.line.saturating_add(1);
                self.bytes = self.bytes.saturating_add(line.len());
                if self.bytes > MAX_FIELD_BYTES {
                    self.exhausted = true;
                    return Some(Err(self.error(0, FieldErrorKind::FieldTooLong { found: self.bytes })));
                }
                self.current = Some(Cursor::new(line));
                continue;
            };
            match cursor.element() {
                Ok(None) => {}
                Ok(Some(first)) if self.count == MAX_CHALLENGES => {
                    self.exhausted = true;
                    return Some(Err(self.error(first.start, FieldErrorKind::TooManyChallenges)));
                }
                Ok(Some(first)) => {
                    self.count = self.count.saturating_add(1);
                    return Some(self.gather(first, cursor));
                }
                Err(malformed) => return Some(Err(self.error(malformed.offset, malformed.kind))),
            }
        }
        None
    }
}

impl<'a, L> Challenges<'a, L> {
    /// Takes all elements that belong to the challenge which begins with `first`.
    fn gather(&mut self, first: Element<'a>, mut cursor: Cursor<'a>) -> Result<Challenge<'a>, FieldError> {
        let mut draft = Draft::begin(first);
        loop {
            let before = cursor;
            match cursor.element() {
                Ok(None) => break,
                Ok(Some(Element { kind: ElementKind::Param(param), start, end })) => {
                    draft.add(param, start, end);
                }
                Ok(Some(Element { kind: ElementKind::Token68, start, .. })) => {
                    draft.fail(start, FieldErrorKind::Token68Mixed);
                }
                Err(malformed) if malformed.is_param => {
                    return Err(self.error(malformed.offset, malformed.kind));
                }
                // The next challenge begins here, well-formed or not.
                Ok(Some(_)) | Err(_) => {
                    self.current = Some(before);
                    break;
                }
            }
        }
        draft.finish(cursor.line()).map_err(|(offset, kind)| self.error(offset, kind))
    }

    fn error(&self, offset: usize, kind: FieldErrorKind) -> FieldError {
        FieldError { line: self.line.saturating_sub(1), offset, kind }
    }
}

/// A challenge while its elements come in.
struct Draft<'a> {
    scheme: &'a str,
    data: Option<&'a str>,
    names: [&'a str; MAX_PARAMS],
    params: usize,
    start: usize,
    end: usize,
    failed: Option<(usize, FieldErrorKind)>, // the first rule broken
}

impl<'a> Draft<'a> {
    fn begin(first: Element<'a>) -> Self {
        let mut draft = Self {
            scheme: "",
            data: None,
            names: [""; MAX_PARAMS],
            params: 0,
            start: first.start,
            end: first.end,
            failed: None,
        };
        match first.kind {
            ElementKind::Scheme(scheme) => draft.scheme = scheme,
            ElementKind::SchemeToken68(scheme, data) => {
                draft.scheme = scheme;
                draft.data = Some(data);
            }
            ElementKind::SchemeParam(scheme, param) => {
                draft.scheme = scheme;
                draft.add(param, first.start, first.end);
            }
            ElementKind::Param(_) => draft.fail(first.start, FieldErrorKind::ParamWithoutScheme),
            ElementKind::Token68 => draft.fail(first.start, FieldErrorKind::Token68WithoutScheme),
        }
        draft
    }

    fn add(&mut self, param: Param<'a>, start: usize, end: usize) {
        self.end = end;
        if self.data.is_some() {
            return self.fail(start, FieldErrorKind::Token68Mixed);
        }
        if self.names.iter().take(self.params).any(|name| name.eq_ignore_ascii_case(param.name)) {
            return self.fail(start, FieldErrorKind::DuplicateParam);
        }
        match self.names.get_mut(self.params) {
            Some(name) => {
                *name = param.name;
                self.params = self.params.saturating_add(1);
            }
            None => self.fail(start, FieldErrorKind::TooManyParams),
        }
    }

    fn fail(&mut self, offset: usize, kind: FieldErrorKind) {
        self.failed.get_or_insert((offset, kind));
    }

    fn finish(self, line: &'a [u8]) -> Result<Challenge<'a>, (usize, FieldErrorKind)> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let credentials = match (self.data, self.params) {
            (Some(data), _) => Credentials::Token68(data),
            (None, 0) => Credentials::None,
            (None, _) => Credentials::Params(
                line.get(self.start..self.end).map_or(Params::none(), Params::of_challenge),
            ),
        };
        Ok(Challenge { scheme: self.scheme, credentials })
    }
}

fn write(scheme: &str, credentials: Credentials<'_>, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
    output.put(scheme.as_bytes())?;
    match credentials {
        Credentials::None => Ok(()),
        Credentials::Token68(data) => {
            output.put(b" ")?;
            output.put(data.as_bytes())
        }
        Credentials::Params(params) => {
            let mut separator: &[u8] = b" ";
            for param in params {
                output.put(separator)?;
                param::write(param, output)?;
                separator = b", ";
            }
            Ok(())
        }
    }
}

/// Whether a comma-separated list of tokens has this member. Case does not matter.
pub(crate) fn list_has<'a, V>(lines: impl IntoIterator<Item = &'a V>, member: &str) -> bool
where
    V: AsRef<[u8]> + ?Sized + 'a,
{
    lines
        .into_iter()
        .flat_map(|line| line.as_ref().split(|byte| *byte == b','))
        .any(|element| trim(element).eq_ignore_ascii_case(member.as_bytes()))
}

/// Without white space at both ends.
pub(crate) fn trim(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|byte| !scan::is_space(*byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !scan::is_space(*byte)).map_or(start, |at| at.saturating_add(1));
    value.get(start..end).unwrap_or_default()
}
