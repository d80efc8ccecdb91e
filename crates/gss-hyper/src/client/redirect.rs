//! Redirects (RFC 9110 section 15.4).

use super::answer::drain;
use super::hop::{Head, Hop, Payload};
use super::{FinalUrl, LoginAs, Shared, Who};
use crate::deadline::Deadline;
use crate::{Body, Error, Origin};
use http::header::LOCATION;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use url::Url;

impl Shared {
    /// Sends the request, and where the responses lead to.
    pub(super) async fn follow(
        &self,
        request: Request<Body>,
        deadline: Deadline,
    ) -> Result<Response<Body>, Error> {
        let (parts, body) = request.into_parts();
        let given = parts.extensions.get::<LoginAs>();
        let first = Origin::of(&parts.uri)?;
        let mut head = Head::new(parts.method, parts.uri, parts.headers)?;
        let mut payload = Payload::new(body);
        let own = head.has_credentials();
        let mut origin = first.clone();
        let mut redirects: usize = 0;
        loop {
            let who = if own { Who::Nobody } else { self.who(given, &first, &origin) };
            let hop = Hop::new(self, &origin, who, deadline);
            let (response, lease) = hop.send(&head, &mut payload).await?;
            let Some(location) =
                location(response.status(), response.headers(), &head.url).filter(|_| self.max_redirects > 0)
            else {
                let mut response = hop.hand_out(response, lease);
                response.extensions_mut().insert(FinalUrl(head.url));
                return Ok(response);
            };
            if redirects >= self.max_redirects {
                return Err(Error::TooManyRedirects { limit: self.max_redirects });
            }
            redirects = redirects.saturating_add(1);
            let wrong = |what: String| Error::Location { host: origin.to_string(), what };
            let url: Uri = location.map_err(wrong)?;
            let next = Origin::of(&url).map_err(|error| wrong(error.to_string()))?;
            if origin.is_https() && !next.is_https() {
                return Err(Error::Downgrade { to: next.to_string() });
            }
            if !keeps_method(response.status(), &head.method) {
                let is_head = head.method == Method::HEAD;
                head.method = if is_head { Method::HEAD } else { Method::GET };
                head.without_body();
                payload = Payload::new(Body::empty());
            }
            if !payload.is_there() {
                return Err(Error::BodyNotReplayable { host: origin.to_string() });
            }
            if next != origin {
                head.without_secrets();
            }
            head.url = url;
            if drain(response).await {
                lease.give_back();
            }
            origin = next;
        }
    }
}

/// Whether the request is repeated as it is: 307 and 308, and methods other than POST with 301 and 302.
fn keeps_method(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => matches!(*method, Method::GET | Method::HEAD),
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method != Method::POST,
        _ => true,
    }
}

/// Where a response leads to, if it is a redirect. A fragment is not for the server.
fn location(status: StatusCode, fields: &HeaderMap, base: &Uri) -> Option<Result<Uri, String>> {
    let is_redirect = matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let value = fields.get(LOCATION).filter(|_| is_redirect)?;
    let resolve = || -> Result<Uri, Box<dyn core::error::Error>> {
        let mut url = Url::parse(&base.to_string())?.join(core::str::from_utf8(value.as_bytes())?)?;
        url.set_fragment(None);
        Ok(url.as_str().parse()?)
    };
    Some(resolve().map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn methods_change_as_rfc_9110_says() {
        for (status, method, kept) in [
            (301, Method::GET, true),
            (301, Method::POST, false),
            (301, Method::PUT, true),
            (302, Method::POST, false),
            (302, Method::HEAD, true),
            (303, Method::POST, false),
            (303, Method::PUT, false),
            (303, Method::HEAD, true),
            (307, Method::POST, true),
            (308, Method::POST, true),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(keeps_method(status, &method), kept, "{status} {method}");
        }
    }

    #[test]
    fn locations_are_relative_to_the_url() {
        let base: Uri = "https://a.example/x/y?z".parse().unwrap();
        let of = |status: u16, value: &'static str| {
            let mut fields = HeaderMap::new();
            fields.insert(LOCATION, HeaderValue::from_static(value));
            location(StatusCode::from_u16(status).unwrap(), &fields, &base)
        };
        for (value, url) in [
            ("w", "https://a.example/x/w"),
            ("/w#fragment", "https://a.example/w"),
            ("//b.example/", "https://b.example/"),
            ("http://b.example", "http://b.example/"),
        ] {
            assert_eq!(of(302, value).unwrap().unwrap(), url);
        }
        assert!(of(302, "http://[").unwrap().is_err());
        for status in [200, 300, 304, 401] {
            assert!(of(status, "/w").is_none(), "{status}");
        }
    }
}
