//! What stands before the body.

use super::{MAX_FIELDS, ReadError};

/// The fields of a head, in order.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    fn new(parsed: &[httparse::Header<'_>]) -> Self {
        let owned = |field: &httparse::Header<'_>| (field.name.to_ascii_lowercase(), field.value.to_vec());
        Self(parsed.iter().map(owned).collect())
    }

    /// All lines of a field; the name in lower case.
    pub(crate) fn lines<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f [u8]> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_slice())
    }

    /// The members of a comma-separated field, in lower case.
    pub(crate) fn members(&self, name: &str) -> Vec<String> {
        self.lines(name)
            .flat_map(|line| line.split(|byte| *byte == b','))
            .map(|member| String::from_utf8_lossy(member.trim_ascii()).to_ascii_lowercase())
            .filter(|member| !member.is_empty())
            .collect()
    }

    /// Whether a comma-separated field has a member, given in lower case.
    pub(crate) fn has_member(&self, name: &str, wanted: &str) -> bool {
        self.members(name).iter().any(|member| member == wanted)
    }

    #[cfg(test)]
    pub(crate) fn of(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, value)| ((*name).into(), value.as_bytes().into())).collect())
    }
}

/// A request without its body.
#[derive(Debug)]
pub(crate) struct RequestHead {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Minor version: HTTP/1.0 or 1.1.
    pub(crate) minor: u8,
    pub(crate) fields: Fields,
}

impl RequestHead {
    pub(crate) fn parse(head: &[u8]) -> Result<Self, ReadError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(ReadError::Malformed("head is incomplete".into())),
            Err(httparse::Error::TooManyHeaders) => return Err(ReadError::TooManyFields),
            Err(error) => return Err(ReadError::Malformed(error.to_string())),
        }
        Ok(Self {
            method: request.method.unwrap_or_default().into(),
            target: request.path.unwrap_or_default().into(),
            minor: request.version.unwrap_or_default(),
            fields: Fields::new(request.headers),
        })
    }

    /// Whether the client will send another request on this connection, if it may.
    pub(crate) fn keeps_alive(&self) -> bool {
        if self.minor == 0 {
            self.fields.has_member("connection", "keep-alive")
        } else {
            !self.fields.has_member("connection", "close")
        }
    }
}

/// A response without its body.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Minor version: HTTP/1.0 or 1.1.
    pub(crate) minor: u8,
    pub(crate) fields: Fields,
}

impl ResponseHead {
    pub(crate) fn parse(head: &[u8]) -> Result<Self, ReadError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        match response.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(ReadError::Malformed("head is incomplete".into())),
            Err(httparse::Error::TooManyHeaders) => return Err(ReadError::TooManyFields),
            Err(error) => return Err(ReadError::Malformed(error.to_string())),
        }
        Ok(Self {
            status: response.code.unwrap_or_default(),
            reason: response.reason.unwrap_or_default().into(),
            minor: response.version.unwrap_or_default(),
            fields: Fields::new(response.headers),
        })
    }

    /// Whether the server takes another request on this connection.
    pub(crate) fn keeps_alive(&self) -> bool {
        if self.minor == 0 {
            self.fields.has_member("connection", "keep-alive")
        } else {
            !self.fields.has_member("connection", "close")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let request =
            RequestHead::parse(b"GET /a HTTP/1.1\r\nHost: h\r\nCONNECTION: a, Close\r\n\r\n").unwrap();
        assert_eq!((&request.method[..], &request.target[..], request.minor), ("GET", "/a", 1));
        assert!(!request.keeps_alive());
        assert_eq!(request.fields.lines("host").collect::<Vec<_>>(), [b"h"]);
        let response = ResponseHead::parse(b"HTTP/1.0 401 No\r\n\r\n").unwrap();
        assert_eq!((response.status, &response.reason[..]), (401, "No"));
        assert!(!response.keeps_alive());
    }

    #[test]
    fn heads_that_break_the_grammar_are_refused() {
        for head in [
            "GET\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\n",
        ] {
            assert!(matches!(RequestHead::parse(head.as_bytes()), Err(ReadError::Malformed(_))), "{head}");
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_FIELDS + 1));
        assert!(matches!(RequestHead::parse(many.as_bytes()), Err(ReadError::TooManyFields)));
    }
}
