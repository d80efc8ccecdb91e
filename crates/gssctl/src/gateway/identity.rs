//! Who the client is, as the service reads it in header fields.

use super::fields::fold;
use anyhow::{Result, bail};
use gss_tower::Authenticated;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The options about what the service gets to know.
#[derive(Debug, clap::Args)]
#[group(id = "identity")]
#[command(next_help_heading = "What the service gets to know")]
pub(super) struct Arguments {
    /// Field with the client's name: name@REALM (Kerberos) or DOMAIN\user (NTLM), percent-encoded; whatever clients
    /// send under this name is removed
    #[arg(long, value_name = "FIELD", default_value = "X-Remote-User", value_parser = parse_field)]
    user_header: HeaderName,
    /// Field with the mechanism of the login: krb5 or ntlm
    #[arg(long, value_name = "FIELD", value_parser = parse_field)]
    mechanism_header: Option<HeaderName>,
    /// Field with the client's SIDs, between commas, its own first; empty without a Windows domain
    #[arg(long, value_name = "FIELD", value_parser = parse_field)]
    sids_header: Option<HeaderName>,
    /// Field that is removed from requests, because the service would believe it
    #[arg(long, value_name = "FIELD", value_parser = parse_any_field)]
    drop_header: Vec<HeaderName>,
    /// Keep what requests say in Forwarded and X-Forwarded-*, and add to it; for a gateway behind a proxy that sets them
    #[arg(long)]
    trust_forwarded: bool,
    /// Send the service its own name in Host, in place of the one that the client asked for
    #[arg(long)]
    upstream_host: bool,
}

/// What the service gets to know, and by which fields.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    user: HeaderName,
    mechanism: Option<HeaderName>,
    sids: Option<HeaderName>,
    /// Folded names that clients must not use.
    reserved: Vec<String>,
    pub(super) trust_forwarded: bool,
    pub(super) upstream_host: bool,
}

/// Fields that have another job on the way to the service.
const TAKEN: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

fn parse_any_field(text: &str) -> Result<HeaderName> {
    match text.parse() {
        Ok(name) => Ok(name),
        Err(_) => bail!("{text:?} is no name of a field, expected one like X-Remote-User"),
    }
}

fn parse_field(text: &str) -> Result<HeaderName> {
    let name = parse_any_field(text)?;
    if TAKEN.contains(&fold(&name).as_str()) || fold(&name).starts_with("proxy-") {
        bail!("{text} has another meaning in HTTP, expected a name like X-Remote-User");
    }
    Ok(name)
}

impl Naming {
    /// # Errors
    /// Two fields have one name.
    pub(super) fn new(arguments: &Arguments) -> Result<Self> {
        let Arguments {
            user_header,
            mechanism_header,
            sids_header,
            drop_header,
            trust_forwarded,
            upstream_host,
        } = arguments;
        let mut reserved = Vec::new();
        for name in [Some(user_header), mechanism_header.as_ref(), sids_header.as_ref()].into_iter().flatten()
        {
            if reserved.contains(&fold(name)) {
                bail!("{name} is named for two things; services may take - and _ for the same");
            }
            reserved.push(fold(name));
        }
        reserved.extend(drop_header.iter().map(fold));
        Ok(Self {
            user: user_header.clone(),
            mechanism: mechanism_header.clone(),
            sids: sids_header.clone(),
            reserved,
            trust_forwarded: *trust_forwarded,
            upstream_host: *upstream_host,
        })
    }

    /// Whether a service may take a field of this folded name for one of ours.
    pub(super) fn reserves(&self, folded: &str) -> bool {
        self.reserved.iter().any(|name| name == folded)
    }

    /// Adds what the service gets to know of the client. Of somebody who logged on as nobody that is no name at all.
    pub(super) fn describe(&self, who: &Authenticated, headers: &mut HeaderMap) {
        let mut insert = |name: &HeaderName, value: String| {
            // The value is visible ASCII.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        if !who.is_anonymous() {
            insert(&self.user, name(who));
        }
        if let Some(mechanism) = &self.mechanism {
            insert(mechanism, who.mechanism_name().into());
        }
        if let Some(sids) = &self.sids {
            let all: Vec<_> = who.sids().iter().map(ToString::to_string).collect();
            insert(sids, all.join(","));
        }
    }
}

/// The client's name: `name@REALM` of Kerberos, `DOMAIN\user` of NTLM, `-` for nobody in particular.
///
/// Bytes of UTF-8 that are not visible ASCII, and `%`, `"`, `,` and `;`, which separate things in fields, are
/// percent-encoded. So is the backslash in a name of Kerberos: where there is one, the name is of NTLM.
pub(super) fn name(who: &Authenticated) -> String {
    let mut out = String::new();
    if let Some(principal) = who.krb5_principal() {
        encode(&principal.to_string(), &mut out);
    } else if let Some((domain, user)) = who.ntlm_account() {
        encode(domain, &mut out);
        out.push('\\');
        encode(user, &mut out);
    } else {
        out.push('-');
    }
    out
}

fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"%\",;\\".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from(HEX[usize::from(half & 15)]);
            out.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &str) -> String {
        let mut out = String::new();
        encode(text, &mut out);
        out
    }

    #[test]
    fn names_are_visible_ascii() {
        for (text, field) in [
            ("alice@EXAMPLE.COM", "alice@EXAMPLE.COM"),
            ("HTTP/www.example.com@EXAMPLE.COM", "HTTP/www.example.com@EXAMPLE.COM"),
            ("björn@EXAMPLE.COM", "bj%C3%B6rn@EXAMPLE.COM"),
            ("a b,c;d%20\"\\@R", "a%20b%2Cc%3Bd%2520%22%5C@R"),
            ("a\r\nX-Remote-User: root@R", "a%0D%0AX-Remote-User:%20root@R"),
            ("", ""),
        ] {
            assert_eq!(encoded(text), field);
        }
    }

    fn decoded(text: &str) -> Vec<u8> {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            let mut digit = || char::from(bytes.next().unwrap()).to_digit(16).unwrap() as u8;
            out.push(if byte == b'%' { digit() << 4 | digit() } else { byte });
        }
        out
    }

    proptest! {
        #[test]
        fn names_come_back(text: String) {
            let field = encoded(&text);
            prop_assert!(field.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(decoded(&field), text.as_bytes());
        }
    }

    #[test]
    fn fields_with_another_job_are_not_taken() {
        for text in ["Host", "content_length", "X-Forwarded-For", "Proxy-User", "Via", "a b", ""] {
            assert!(parse_field(text).unwrap_err().to_string().contains("X-Remote-User"), "{text}");
        }
        for text in ["X-Forwarded-User", "Remote-User", "X_User"] {
            assert!(parse_field(text).is_ok(), "{text}");
        }
    }
}
