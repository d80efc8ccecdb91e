//! Session cookies around the layer.

use crate::support::{
    get, guard, kerberos, login, login_anonymous, login_delegating, plain, send, ticket, tls,
};
use alloc::sync::Arc;
use bytes::Bytes;
use core::sync::atomic::{AtomicI64, Ordering};
use gss::krb5::replay::MemoryReplayCache;
use gss::krb5::{self, Allow, service_keys};
use gss::{AcceptorConfig, Timestamp};
use gss_tower::{Authenticated, AuthenticationLayer, Forbidden, Manner, SameSite, SessionKey, Sessions};
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use tower_layer::Layer;

fn key(number: u8) -> SessionKey {
    SessionKey::from([number; 32])
}

fn layer(sessions: Sessions) -> AuthenticationLayer {
    AuthenticationLayer::builder(kerberos()).sessions(sessions).build().unwrap()
}

/// Name and value of the cookie that a response sets.
fn cookie(seen: &crate::support::Seen) -> Option<String> {
    let lines = seen.lines("set-cookie");
    lines.first().map(|line| line.split(';').next().unwrap().to_owned())
}

#[tokio::test]
async fn anonymous_tickets_are_of_nobody() {
    let keys = || service_keys(&ticket("alice").keytab()).unwrap();
    let config = |allow| {
        AcceptorConfig::krb5(krb5::AcceptorConfig::new(keys(), MemoryReplayCache::new()).allow(allow))
    };
    for (allow, status, text) in
        [(Allow::NOTHING, 401, None), (Allow::ANONYMOUS, 200, Some("\"\" true false"))]
    {
        let layer =
            AuthenticationLayer::builder(config(allow)).sessions(Sessions::new(key(1))).build().unwrap();
        let service = layer.layer(tower::service_fn(async |request: Request<Full<Bytes>>| {
            let who = request.extensions().get::<Authenticated>().unwrap();
            let krb5 = who.krb5_principal().is_some();
            let text = format!("{:?} {} {krb5}", who.principal(), who.is_anonymous());
            Ok::<_, core::convert::Infallible>(Response::new(Full::new(Bytes::from(text))))
        }));
        let request = get("/").header("authorization", login_anonymous().value);
        let seen = send(&service, request, Some(&tls(1).0)).await;
        assert_eq!(seen.status, status, "{seen:?}");
        assert_eq!(cookie(&seen), None);
        if let Some(text) = text {
            assert_eq!(seen.text, text);
        }
    }
}

#[tokio::test]
async fn a_login_begins_a_session() {
    let layer = layer(Sessions::new(key(1)));
    let service = guard(&layer);
    let (connection, _) = tls(1);
    let seen =
        send(&service, get("/").header("authorization", login("alice").value), Some(&connection)).await;
    let [set] = seen.lines("set-cookie")[..] else { panic!("{seen:?}") };
    assert!(set.starts_with("__Host-gss-session="), "{set}");
    assert!(set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{set}");
    assert!(set.contains("; Max-Age=28800;"), "{set}");
    assert_eq!(seen.lines("cache-control"), ["private"]);
    assert!(seen.head.headers.get("set-cookie").unwrap().is_sensitive());

    let cookie = cookie(&seen).unwrap();
    let (other, _) = tls(2);
    for cookies in [cookie.clone(), format!("a=b; {cookie}; c=d")] {
        let seen = send(&service, get("/").header("cookie", cookies), Some(&other)).await;
        assert_eq!(seen.text, "alice@EXAMPLE.COM \"session\"");
        assert_eq!(seen.lines("cache-control"), ["private"]);
        // No new one for using it.
        assert!(seen.lines("set-cookie").is_empty());
    }
    // Credentials count more.
    let request = get("/").header("cookie", &cookie).header("authorization", login("bob").value);
    assert_eq!(send(&service, request, Some(&connection)).await.text, "bob@EXAMPLE.COM \"login\"");
    let request = get("/").header("cookie", &cookie).header("authorization", "Negotiate YWJj");
    assert_eq!(send(&service, request, Some(&connection)).await.status, 401);
    let counted = layer.counters().snapshot();
    assert_eq!((counted.sessions_begun, counted.sessions_used, counted.logins()), (2, 2, 2));
}

#[tokio::test]
async fn shared_caches_do_not_get_the_cookie() {
    let layer = layer(Sessions::new(key(1)).always_https());
    for (said, sent) in [
        (&[][..], &["private"][..]),
        (&["public, max-age=3600"], &["private"]),
        (&["max-age=3600", "public"], &["private"]),
        (&["private=\"X-Mine\", max-age=60"], &["private"]),
        (&["x-private, no-store-x, no-cache"], &["private"]),
        (&["public, x=\"a, no-store, b\""], &["private"]),
        (&["public, x=\"\\\", no-store, b\""], &["private"]),
        (&["public, x=\"a, no-store"], &["private"]),
        // What is as strict stays.
        (&["max-age=60, Private"], &["max-age=60, Private"]),
        (&["no-cache=\"Set-Cookie\" ,\tNO-STORE"], &["no-cache=\"Set-Cookie\" ,\tNO-STORE"]),
        (&["max-age=60", "private"], &["max-age=60", "private"]),
    ] {
        let service = layer.layer(tower::service_fn(move |_: Request<Full<Bytes>>| {
            let mut response = Response::new(Full::<Bytes>::default());
            for line in said {
                response.headers_mut().append("cache-control", HeaderValue::from_static(line));
            }
            async move { Ok(response) }
        }));
        let seen = send(&service, get("/").header("authorization", login("alice").value), None).await;
        assert_eq!((seen.lines("cache-control"), seen.lines("set-cookie").len()), (sent.to_vec(), 1));
        // A login without a cookie leaves the field to the service.
        let request = get("/").header("authorization", login_delegating("alice").value);
        let seen = send(&service, request, None).await;
        assert_eq!((seen.lines("cache-control"), seen.lines("set-cookie").len()), (said.to_vec(), 0));
    }
}

#[tokio::test]
async fn cookies_go_over_https_only() {
    let layer_of = |sessions| layer(sessions);
    let service = guard(&layer_of(Sessions::new(key(1))));
    let (https, _) = tls(1);
    let seen = send(&service, get("/").header("authorization", login("alice").value), Some(&https)).await;
    let cookie = cookie(&seen).unwrap();
    for connection in [None, Some(plain())] {
        let request = get("/").header("authorization", login("alice").value);
        let seen = send(&service, request, connection.as_ref()).await;
        assert!(seen.status == 200 && seen.lines("set-cookie").is_empty());
        let seen = send(&service, get("/").header("cookie", &cookie), connection.as_ref()).await;
        assert_eq!(seen.status, 401);
    }
    // Unless TLS ends in front of us.
    let service = guard(&layer_of(Sessions::new(key(1)).always_https()));
    let seen = send(&service, get("/").header("cookie", &cookie), None).await;
    assert_eq!(seen.text, "alice@EXAMPLE.COM \"session\"");
}

#[tokio::test]
async fn logins_that_failed_or_were_forbidden_begin_none() {
    let rule = |who: &Authenticated, _: &Parts| {
        let no = who.principal() == "bob@EXAMPLE.COM";
        async move { if no { Err(Forbidden::new("not bob")) } else { Ok(()) } }
    };
    let builder = AuthenticationLayer::builder(kerberos()).sessions(Sessions::new(key(1)).always_https());
    let layer = builder.authorize(rule).build().unwrap();
    let service = guard(&layer);
    for (request, status) in [
        (get("/").header("authorization", login("bob").value), 403),
        (get("/401").header("authorization", login("alice").value), 401),
        (get("/").header("authorization", "Negotiate YWJj"), 401),
        (get("/").header("authorization", login_delegating("alice").value), 200),
    ] {
        let seen = send(&service, request, None).await;
        assert_eq!((seen.status, seen.lines("set-cookie").len()), (status, 0));
    }
}

#[tokio::test]
async fn sessions_end_and_can_be_ended() {
    let now = Arc::new(AtomicI64::new(Timestamp::now().seconds()));
    let clock = Arc::clone(&now);
    let sessions = Sessions::new(key(1)).lifetime(600).same_site(SameSite::Lax).always_https();
    let ended = Arc::new(std::sync::Mutex::new(Vec::new()));
    let list = Arc::clone(&ended);
    let rule = move |who: &Authenticated, _: &Parts| {
        let gone = matches!(who.manner(), Manner::Session(id) if list.lock().unwrap().contains(&id));
        list.lock().unwrap().extend(match who.manner() {
            Manner::Session(id) => Some(id),
            _ => None,
        });
        async move { if gone { Err(Forbidden::new("logged out")) } else { Ok(()) } }
    };
    let builder = AuthenticationLayer::builder(kerberos()).sessions(sessions).authorize(rule);
    let builder = builder.clock(move || Timestamp::from_seconds(clock.load(Ordering::Relaxed)));
    let service = guard(&builder.build().unwrap());
    let seen = send(&service, get("/").header("authorization", login("alice").value), None).await;
    let cookie = cookie(&seen).unwrap();
    assert!(
        seen.lines("set-cookie")[0].contains("Max-Age=600") && seen.lines("set-cookie")[0].ends_with("Lax")
    );
    let ask = || send(&service, get("/").header("cookie", &cookie), None);
    now.fetch_add(599, Ordering::Relaxed);
    assert_eq!(ask().await.status, 200);
    // The hook noted the session as ended at its first use.
    assert_eq!(ask().await.status, 403);
    now.fetch_add(1, Ordering::Relaxed);
    assert_eq!(ask().await.status, 401);
    assert!(Sessions::end().to_str().unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn the_login_of_a_connection_counts_more_than_a_cookie() {
    let builder = AuthenticationLayer::builder(crate::support::kerberos_and_ntlm());
    let builder =
        builder.policy(crate::support::both_schemes()).sessions(Sessions::new(key(1)).always_https());
    let service = guard(&builder.build().unwrap());
    let seen = send(&service, get("/").header("authorization", login("bob").value), None).await;
    let cookie = cookie(&seen).unwrap();
    let connection = plain();
    let seen = crate::support::log_in(&service, &connection, gss_http::Scheme::Ntlm, "alice").await;
    assert!(cookie != self::cookie(&seen).unwrap());
    let seen = send(&service, get("/").header("cookie", &cookie), Some(&connection)).await;
    assert_eq!(seen.text, "EXAMPLE\\alice \"connection\"");
    // NTLM users have sessions too.
    let seen = crate::support::log_in(&service, &connection, gss_http::Scheme::Ntlm, "alice").await;
    let own = self::cookie(&seen).unwrap();
    let seen = send(&service, get("/").header("cookie", own), None).await;
    assert_eq!(seen.text, "EXAMPLE\\alice \"session\"");
}
