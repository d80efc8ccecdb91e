//! From what a person pastes to the bytes of a token.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};
use core::fmt;

/// How the input is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// In whatever way it looks like.
    Auto,
    /// Hex digits; white space, colons and a leading `0x` are skipped.
    Hex,
    /// Base64, of either alphabet, padded or not; white space is skipped.
    Base64,
}

/// The input, read.
#[derive(Debug, PartialEq, Eq)]
pub struct DecodedInput {
    /// The header field or scheme that was around the tokens.
    pub heading: Option<String>,
    /// The tokens.
    pub tokens: Vec<Vec<u8>>,
}

/// Why the input is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputError {
    /// There is none.
    Empty,
    /// Not hex, or an odd number of digits.
    Hex {
        /// The first byte that is not a hex digit.
        at: Option<usize>,
    },
    /// Not Base64.
    Base64 {
        /// The first byte that is not of its alphabets.
        at: Option<usize>,
    },
}

/// Schemes of HTTP authentication whose data is a token.
const SCHEMES: [&str; 5] = ["Negotiate", "NTLM", "Kerberos", "Nego2", "GSSAPI"];

/// Reads the input.
///
/// # Errors
/// It is empty, or not spelt as `spelling` says. [`Spelling::Auto`] takes everything else as it is.
pub fn read_input(input: &[u8], spelling: Spelling) -> Result<DecodedInput, InputError> {
    let one = |token| DecodedInput { heading: None, tokens: vec![token] };
    let text = core::str::from_utf8(input).ok().map(str::trim);
    match (spelling, text) {
        (_, Some("")) => Err(InputError::Empty),
        (Spelling::Hex, Some(text)) => hex(text).map(one),
        (Spelling::Hex, None) => Err(InputError::Hex { at: None }),
        (Spelling::Base64, Some(text)) => base64(text).map(one),
        (Spelling::Base64, None) => Err(InputError::Base64 { at: None }),
        (Spelling::Auto, None) => Ok(one(input.to_vec())),
        (Spelling::Auto, Some(text)) => {
            if let Some(read) = header(text) {
                return Ok(read);
            }
            // Hex digits are Base64 too, but a Base64 token of hex digits alone does not happen.
            Ok(one(hex(text).or_else(|_| base64(text)).unwrap_or_else(|_| input.to_vec())))
        }
    }
}

/// `WWW-Authenticate: Negotiate BASE64`, with the name of the field or without, maybe several lines.
fn header(text: &str) -> Option<DecodedInput> {
    let mut headings = Vec::new();
    let mut tokens = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        // curl and others mark the direction with a sign.
        let line = line.trim_start_matches(['<', '>', ' ']);
        let (name, value) = match line.split_once(':') {
            Some((name, value)) if !name.contains(' ') => (format!("{name}: "), value.trim()),
            _ => (String::new(), line),
        };
        let (scheme, data) = value.split_once(' ').unwrap_or((value, ""));
        let Some(scheme) = SCHEMES.iter().find(|known| known.eq_ignore_ascii_case(scheme)) else { continue };
        headings.push(format!("{name}{scheme}"));
        let data = data.trim();
        if data.is_empty() {
            continue;
        }
        tokens.push(base64(data).ok()?);
    }
    let heading = headings.join(", ");
    (!heading.is_empty()).then(|| DecodedInput {
        heading: Some(if tokens.is_empty() { format!("{heading} (no token)") } else { heading }),
        tokens,
    })
}

fn hex(text: &str) -> Result<Vec<u8>, InputError> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let mut digits = Vec::new();
    for (at, character) in text.char_indices() {
        match character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
            Some(digit) => digits.push(digit),
            None if character.is_whitespace() || character == ':' => {}
            None => return Err(InputError::Hex { at: Some(at) }),
        }
    }
    if digits.len() % 2 != 0 {
        return Err(InputError::Hex { at: None });
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn base64(text: &str) -> Result<Vec<u8>, InputError> {
    let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    Base64::decode_vec(&compact)
        .or_else(|_| Base64Unpadded::decode_vec(&compact))
        .or_else(|_| Base64Url::decode_vec(&compact))
        .or_else(|_| Base64UrlUnpadded::decode_vec(&compact))
        .map_err(|_| {
            let outside =
                |character: char| !character.is_ascii_alphanumeric() && !"+/-_=".contains(character);
            InputError::Base64 { at: compact.find(outside) }
        })
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no token given; expected hex, Base64, a header line or raw bytes"),
            Self::Hex { at: Some(at) } => write!(f, "not hex: character {at} is no hex digit"),
            Self::Hex { at: None } => f.write_str("not hex: odd number of digits, or bytes that are no text"),
            Self::Base64 { at: Some(at) } => write!(f, "not Base64: character {at} is not of its alphabet"),
            Self::Base64 { at: None } => {
                f.write_str("not Base64: wrong length or padding; is the token complete?")
            }
        }
    }
}

impl core::error::Error for InputError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Vec<u8>> {
        read_input(text.as_bytes(), Spelling::Auto).unwrap().tokens
    }

    #[test]
    fn spellings_are_told_apart() {
        assert_eq!(tokens("60 0a:0B\n"), [[0x60, 0x0a, 0x0b]]);
        assert_eq!(tokens("0x600a0b"), [[0x60, 0x0a, 0x0b]]);
        assert_eq!(tokens("YAoLYA=="), [[0x60, 0x0a, 0x0b, 0x60]]);
        assert_eq!(tokens("YAoLYA"), [[0x60, 0x0a, 0x0b, 0x60]]);
        assert_eq!(tokens("_-8="), [[0xff, 0xef]]);
        assert_eq!(read_input(&[0x60, 0xff], Spelling::Auto).unwrap().tokens, [[0x60, 0xff]]);
    }

    #[test]
    fn header_fields_are_taken_apart() {
        let read =
            read_input(b"< www-authenticate: negotiate YAoL\r\n< Server: x\r\n", Spelling::Auto).unwrap();
        assert_eq!(read.heading.as_deref(), Some("www-authenticate: Negotiate"));
        assert_eq!(read.tokens, [[0x60, 0x0a, 0x0b]]);
        let bare = read_input(b"WWW-Authenticate: Negotiate", Spelling::Auto).unwrap();
        assert_eq!(bare.heading.as_deref(), Some("WWW-Authenticate: Negotiate (no token)"));
        assert!(bare.tokens.is_empty());
        assert_eq!(tokens("Negotiate YAoL"), [[0x60, 0x0a, 0x0b]]);
    }

    #[test]
    fn errors_say_where() {
        let error = |text: &str, spelling| read_input(text.as_bytes(), spelling).unwrap_err();
        assert_eq!(error(" \n", Spelling::Auto), InputError::Empty);
        assert_eq!(error("60zz", Spelling::Hex), InputError::Hex { at: Some(2) });
        assert_eq!(error("600", Spelling::Hex), InputError::Hex { at: None });
        assert_eq!(error("YA%L", Spelling::Base64), InputError::Base64 { at: Some(2) });
        assert_eq!(error("YAoLY", Spelling::Base64), InputError::Base64 { at: None });
    }
}
