//! Which fields of requests and responses go on, and which are our own.

use super::identity::Naming;
use core::net::{IpAddr, SocketAddr};
use gss_tower::SESSION_COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};

/// What a request came by.
pub(super) struct Origin<'r> {
    pub(super) peer: Option<SocketAddr>,
    pub(super) https: bool,
    pub(super) version: Version,
    /// The host that the client asked for.
    pub(super) host: &'r HeaderValue,
}

/// A name as services see it that know fields as variables: in CGI and its heirs, `X-Remote-User` and `X_Remote_User` are
/// one; some take further characters for the same.
pub(super) fn fold(name: &HeaderName) -> String {
    let fold = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' };
    name.as_str().chars().map(fold).collect()
}

/// Makes the fields of a client's request those of ours to the service. `Host`, and who the client is, are not among them.
pub(super) fn of_request(headers: &mut HeaderMap, naming: &Naming, origin: &Origin<'_>) {
    let named = named_by_connection(headers);
    // The body is sent as it came: chunked, or with this length, and never both.
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    remove(headers, |name| {
        let folded = fold(name);
        is_of_one_hop(name, &named)
            || (chunked && name == header::CONTENT_LENGTH)
            // `Proxy` becomes HTTP_PROXY where fields are variables.
            || folded == "proxy"
            || name == header::AUTHORIZATION
            || is_respelled(name, &folded)
            || naming.reserves(&folded)
            || (!naming.trust_forwarded && says_where_from(&folded))
    });
    remove_session_cookie(headers);
    add_origin(headers, origin);
    append_to(headers, header::VIA, &format!("{} gssctl", version(origin.version)));
}

/// Makes the fields of a service's response those of ours to the client.
pub(super) fn of_response(headers: &mut HeaderMap, status: StatusCode) {
    let named = named_by_connection(headers);
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    // The service's own challenges are passed on; all else that is about logins is for us to say.
    let challenge = status == StatusCode::UNAUTHORIZED;
    remove(headers, |name| {
        is_of_one_hop(name, &named)
            || (chunked && name == header::CONTENT_LENGTH)
            || (!challenge && matches!(name.as_str(), "www-authenticate" | "authentication-info"))
            || name == "persistent-auth"
    });
    remove_lines(headers, &header::SET_COOKIE, |line| {
        let name = line.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.trim_ascii() == SESSION_COOKIE.as_bytes()
    });
}

/// Whether a field is about the connection, and no other (RFC 9110 section 7.6.1).
fn is_of_one_hop(name: &HeaderName, named: &[HeaderName]) -> bool {
    is_always_of_one_hop(name.as_str()) || named.contains(name)
}

fn is_always_of_one_hop(name: &str) -> bool {
    let fixed = matches!(
        name,
        "connection" | "http2-settings" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade"
    );
    fixed || name.starts_with("proxy-")
}

/// Whether a service may take a field for one that says where a message ends, what it is, or what is for one hop, while to
/// us it is another. Names of one word, such as `Host`, have no other spelling.
fn is_respelled(name: &HeaderName, folded: &str) -> bool {
    let special = is_always_of_one_hop(folded) || matches!(folded, "content-length" | "content-type");
    special && name.as_str() != folded
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let lines = headers.get_all(header::CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

/// `Forwarded` (RFC 7239), and what there was before it.
fn says_where_from(folded: &str) -> bool {
    matches!(folded, "forwarded" | "x-real-ip") || folded.starts_with("x-forwarded-")
}

fn remove(headers: &mut HeaderMap, is: impl Fn(&HeaderName) -> bool) {
    let names: Vec<_> = headers.keys().filter(|name| is(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// Removes some of a field's lines.
fn remove_lines(headers: &mut HeaderMap, name: &HeaderName, is: impl Fn(&[u8]) -> bool) {
    if headers.get_all(name).iter().any(|line| is(line.as_bytes())) {
        let lines: Vec<_> =
            headers.get_all(name).iter().filter(|line| !is(line.as_bytes())).cloned().collect();
        headers.remove(name);
        for line in lines {
            headers.append(name.clone(), line);
        }
    }
}

/// Whoever has the cookie is its user, so that the service does not get it.
fn remove_session_cookie(headers: &mut HeaderMap) {
    let is_ours = |pair: &&[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.trim_ascii() == SESSION_COOKIE.as_bytes()
    };
    let lines: Vec<_> = headers.get_all(header::COOKIE).iter().cloned().collect();
    let pairs = |line: &HeaderValue| line.as_bytes().split(|byte| *byte == b';').any(|pair| is_ours(&pair));
    if !lines.iter().any(pairs) {
        return;
    }
    headers.remove(header::COOKIE);
    for line in lines {
        let kept = line.as_bytes().split(|byte| *byte == b';').filter(|pair| !is_ours(pair));
        let kept =
            kept.map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty()).collect::<Vec<_>>().join(&b"; "[..]);
        // A part of a value is one.
        if let Ok(line) = HeaderValue::from_bytes(&kept)
            && !kept.is_empty()
        {
            headers.append(header::COOKIE, line);
        }
    }
}

/// Says where the request comes from. What is there still was said by a proxy that is trusted.
fn add_origin(headers: &mut HeaderMap, origin: &Origin<'_>) {
    let scheme = if origin.https { "https" } else { "http" };
    let mut forwarded = Vec::new();
    if let Some(peer) = origin.peer {
        let address = peer.ip().to_canonical();
        append_to(headers, HeaderName::from_static("x-forwarded-for"), &address.to_string());
        forwarded.push(match address {
            IpAddr::V4(address) => format!("for={address}"),
            IpAddr::V6(address) => format!("for=\"[{address}]\""),
        });
    }
    if let Ok(host) = origin.host.to_str() {
        forwarded.push(format!("host=\"{host}\""));
    }
    forwarded.push(format!("proto={scheme}"));
    append_to(headers, header::FORWARDED, &forwarded.join(";"));
    for (name, value) in
        [("x-forwarded-host", origin.host.clone()), ("x-forwarded-proto", HeaderValue::from_static(scheme))]
    {
        headers.entry(name).or_insert(value);
    }
}

/// Adds a member to a list, which is one line then: not everybody reads more.
fn append_to(headers: &mut HeaderMap, name: HeaderName, member: &str) {
    let mut value = Vec::new();
    for line in headers.get_all(&name) {
        value.extend_from_slice(line.as_bytes());
        value.extend_from_slice(b", ");
    }
    value.extend_from_slice(member.as_bytes());
    // Lines of fields and visible ASCII make one.
    if let Ok(value) = HeaderValue::from_bytes(&value) {
        headers.insert(name, value);
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2.0",
        Version::HTTP_3 => "3.0",
        _ => "1.1",
    }
}

#[cfg(test)]
mod tests;
