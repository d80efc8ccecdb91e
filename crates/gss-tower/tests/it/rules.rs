//! What is let in, what is not, and what is said.

use crate::support::{
    Begun, Seen, both_schemes, get, guard, h2, kerberos, kerberos_and_ntlm, login, login_bound,
    login_delegating, login_of_domain, plain, send, tls,
};
use gss::{BindingPolicy, Step};
use gss_http::{FailureReply, Scheme, Schemes, ServerPolicy};
use gss_tower::{
    Authenticated, AuthenticationLayer, BuildError, Forbidden, GssScheme, Http11Required, Page, Requirement,
};
use http::Version;
use http::request::Parts;

fn authorization(begun: &Begun) -> http::request::Builder {
    get("/").header("authorization", &begun.value)
}

#[track_caller]
fn refused(seen: &Seen, status: u16, challenges: &[&str]) {
    assert_eq!((seen.status, seen.challenges()), (status, challenges.to_vec()), "{seen:?}");
}

#[tokio::test]
async fn who_has_no_credentials_is_asked_for_them() {
    let layer = AuthenticationLayer::new(kerberos());
    let service = guard(&layer);
    for request in [get("/"), h2(get("/")), get("/").header("authorization", "Basic eDp5")] {
        let seen = send(&service, request, Some(&plain())).await;
        refused(&seen, 401, &["Negotiate"]);
        assert_eq!(seen.lines("cache-control"), ["no-store"]);
        assert!(seen.text.starts_with("Log in with Negotiate"), "{}", seen.text);
    }
    assert_eq!(layer.counters().snapshot().challenges, 3);
}

#[tokio::test]
async fn one_login_on_each_version_with_a_token_for_the_client() {
    let layer = AuthenticationLayer::new(kerberos());
    let service = guard(&layer);
    for (version, connection) in [
        (Version::HTTP_11, Some(plain())),
        (Version::HTTP_2, Some(plain())),
        (Version::HTTP_3, Some(plain())),
        (Version::HTTP_11, None),
        (Version::HTTP_2, None),
    ] {
        let begun = login("alice");
        let seen = send(&service, authorization(&begun).version(version), connection.as_ref()).await;
        assert_eq!((seen.status, seen.text.as_str()), (200, "alice@EXAMPLE.COM \"login\""));
        assert_eq!(seen.lines("persistent-auth"), ["false"]);
        let value = seen.head.headers.get("www-authenticate").unwrap();
        assert!(value.is_sensitive());
        // The client is satisfied: the server proved itself.
        assert!(matches!(begun.go_on(&seen).next, Step::Done(_)));
        // The login was for one request.
        let again = send(&service, get("/").version(version), connection.as_ref()).await;
        refused(&again, 401, &["Negotiate"]);
    }
    let counted = layer.counters().snapshot();
    assert_eq!((counted.logins_krb5, counted.logins(), counted.live, counted.half_open), (5, 5, 0, 0));
}

#[tokio::test]
async fn the_token_goes_with_every_status_but_401() {
    let service = guard(&AuthenticationLayer::new(kerberos()));
    for path in ["/200", "/204", "/302", "/403", "/404", "/500"] {
        let begun = login("alice");
        let seen = send(&service, get(path).header("authorization", &begun.value), None).await;
        assert!(seen.token(Scheme::Negotiate).is_some(), "{path}");
    }
    let seen = send(&service, get("/401").header("authorization", &login("alice").value), None).await;
    assert_eq!(
        (seen.status, seen.challenges().len(), seen.text.as_str()),
        (401, 0, "alice@EXAMPLE.COM \"login\"")
    );
}

#[tokio::test]
async fn malformed_credentials_are_refused_with_the_reason() {
    let layer = AuthenticationLayer::new(kerberos());
    let service = guard(&layer);
    let token = login("alice").value;
    let long = format!("Negotiate {}", "A".repeat(100_000));
    for (lines, status, code) in [
        (vec![token.as_str(), token.as_str()], 400, "repeated_field"),
        (vec!["Negotiate ****"], 400, "missing_value"),
        (vec!["Negotiate YQ"], 400, "base64"),
        (vec!["Negotiate a=b"], 400, "unexpected_params"),
        (vec![long.as_str()], 431, "too_long"),
        (vec!["Negotiate"], 401, "missing_token"),
        (vec!["Negotiate YWJjZA=="], 401, ""),
        (vec!["Negotiate oQMKAQE="], 401, "nothing_to_continue"),
    ] {
        let request = lines.iter().fold(get("/"), |request, line| request.header("authorization", *line));
        let before = layer.counters().snapshot();
        let seen = send(&service, request, Some(&plain())).await;
        assert_eq!(seen.status, status, "{lines:?} {seen:?}");
        assert_eq!(seen.challenges().is_empty(), status != 401);
        assert!(!seen.text.is_empty() && seen.lines("cache-control") == ["no-store"]);
        let after = layer.counters().snapshot();
        assert_eq!(after.rejects(), before.rejects() + 1);
        let new = after.rejected.iter().find(|(code, count)| before.rejected.get(*code) != Some(count));
        assert!(new.unwrap().0.contains(code), "{lines:?} {new:?}");
    }
}

#[tokio::test]
async fn why_a_mechanism_refuses_is_for_the_log() {
    let service = guard(&AuthenticationLayer::new(kerberos()));
    let begun = login("alice");
    let first = send(&service, authorization(&begun), None).await;
    assert_eq!(first.status, 200);
    // Replayed.
    let seen = send(&service, authorization(&begun), None).await;
    refused(&seen, 401, &["Negotiate"]);
    assert!(!seen.text.contains("refused"), "{}", seen.text);
}

#[tokio::test]
async fn error_tokens_are_sent_on_request() {
    let policy = ServerPolicy { failure: FailureReply::ErrorToken, ..ServerPolicy::default() };
    let layer = AuthenticationLayer::builder(kerberos()).policy(policy).build().unwrap();
    let service = guard(&layer);
    let begun = login("alice");
    assert_eq!(send(&service, authorization(&begun), None).await.status, 200);
    let seen = send(&service, authorization(&begun), None).await;
    assert!(seen.status == 401 && seen.token(Scheme::Negotiate).is_some(), "{seen:?}");
}

#[tokio::test]
async fn paths_can_be_open_or_optional() {
    let rule = |parts: &Parts| match parts.uri.path() {
        "/open" => Requirement::None,
        "/optional" | "/401" => Requirement::Optional,
        _ => Requirement::Required,
    };
    let layer = AuthenticationLayer::builder(kerberos()).requirement(rule).build().unwrap();
    let service = guard(&layer);
    for (path, token, status, text) in [
        ("/open", None, 200, "nobody"),
        ("/open", Some(login("alice").value), 200, "nobody"),
        ("/open", Some("Negotiate x".into()), 200, "nobody"),
        ("/optional", None, 200, "nobody"),
        ("/optional", Some("Bearer x".into()), 200, "nobody"),
        ("/optional", Some(login("alice").value), 200, "alice@EXAMPLE.COM \"login\""),
        ("/other", None, 401, "Log in"),
    ] {
        let request =
            token.into_iter().fold(get(path), |request, value| request.header("authorization", value));
        let seen = send(&service, request, Some(&plain())).await;
        assert_eq!(seen.status, status, "{path}");
        assert!(seen.text.starts_with(text), "{path} {}", seen.text);
    }
    // What is refused is not let in as nobody.
    let seen = send(&service, get("/optional").header("authorization", "Negotiate YWJjZA=="), None).await;
    assert_eq!(seen.status, 401);
    // A service that wants to know after all gets its 401 completed.
    let seen = send(&service, get("/401"), None).await;
    refused(&seen, 401, &["Negotiate"]);
    assert_eq!(seen.text, "nobody");
    assert_eq!(layer.counters().snapshot().anonymous, 3);
}

/// What an outer layer said is not passed on as what this one says.
#[tokio::test]
async fn nobody_is_not_somebody_that_another_layer_knew() {
    let inner =
        AuthenticationLayer::builder(kerberos()).requirement(|_| Requirement::Optional).build().unwrap();
    let outer = AuthenticationLayer::new(kerberos());
    let service = tower_layer::Layer::layer(&outer, {
        // The inner one does not get to see the credentials.
        let inner = guard(&inner);
        tower::service_fn(move |mut request: http::Request<http_body_util::Full<bytes::Bytes>>| {
            request.headers_mut().remove("authorization");
            tower::ServiceExt::oneshot(inner.clone(), request)
        })
    });
    let seen = send(&service, authorization(&login("alice")), None).await;
    assert_eq!((seen.status, seen.text.as_str()), (200, "nobody"));
}

#[tokio::test]
async fn the_hook_decides_who_may_have_what() {
    let rule = |who: &Authenticated, parts: &Parts| {
        let (who, path) = (who.clone(), parts.uri.path().to_owned());
        async move {
            tokio::task::yield_now().await;
            if path == "/" && who.principal() != "alice@EXAMPLE.COM" {
                return Err(Forbidden::new("only alice may have that"));
            }
            Ok(())
        }
    };
    let layer = AuthenticationLayer::builder(kerberos()).authorize(rule).build().unwrap();
    let service = guard(&layer);
    assert_eq!(send(&service, authorization(&login("alice")), None).await.status, 200);
    let begun = login("bob");
    let seen = send(&service, authorization(&begun), None).await;
    assert_eq!((seen.status, seen.text.as_str()), (403, "only alice may have that\n"));
    // The client was authenticated, and knows that it asked the right server.
    assert!(matches!(begun.go_on(&seen).next, Step::Done(_)));
    let seen = send(&service, get("/other").header("authorization", login("bob").value), None).await;
    assert_eq!(seen.status, 200);
    assert_eq!(layer.counters().snapshot().forbidden, 1);
}

#[tokio::test]
async fn the_page_is_the_callers() {
    let page =
        |parts: &Parts, reason: Option<&str>| Page::html(format!("<p>{} {reason:?}", parts.uri.path()));
    let layer = AuthenticationLayer::builder(kerberos()).page(page).build().unwrap();
    let service = guard(&layer);
    let seen = send(&service, get("/x"), None).await;
    assert_eq!((seen.status, seen.text.as_str()), (401, "<p>/x None"));
    assert_eq!(seen.lines("content-type"), ["text/html; charset=utf-8"]);
    let seen = send(&service, get("/x").header("authorization", "Negotiate"), None).await;
    assert!(seen.text.contains("without a token"), "{}", seen.text);
}

#[tokio::test]
async fn bindings_are_those_of_the_connection_and_of_terminators() {
    let require = |builder: gss_tower::Builder| builder.bindings(BindingPolicy::Require).build().unwrap();
    let layer = require(AuthenticationLayer::builder(kerberos()).end_point([7; 32]));
    let service = guard(&layer);
    let (ours, channel) = tls(1);
    let (_, other) = tls(2);
    let terminator = gss_core::bindings::TlsChannel::none().with_end_point([7; 32]);
    let stranger = gss_core::bindings::TlsChannel::none().with_end_point([8; 32]);
    for (bindings, connection, status) in [
        (channel.bindings().next(), Some(&ours), 200),
        (channel.bindings().nth(1), Some(&ours), 200),
        (other.bindings().next(), Some(&ours), 401),
        (terminator.bindings().next(), Some(&ours), 200),
        (terminator.bindings().next(), Some(&plain()), 200),
        (terminator.bindings().next(), None, 200),
        (stranger.bindings().next(), Some(&ours), 401),
        (channel.bindings().next(), None, 401),
        (None, Some(&ours), 401),
    ] {
        let begun = bindings.map_or_else(|| login("alice"), |bindings| login_bound("alice", &bindings));
        let seen = send(&service, authorization(&begun), connection).await;
        assert_eq!(seen.status, status, "{bindings:?}");
    }
    let counted = layer.counters().snapshot();
    assert_eq!(counted.rejects(), 4, "{counted:?}");
}

#[tokio::test]
async fn the_facts_of_a_login_reach_the_service() {
    let layer = AuthenticationLayer::new(kerberos());
    let (connection, channel) = tls(1);
    let seen = alloc::sync::Arc::new(std::sync::Mutex::new(None));
    let slot = alloc::sync::Arc::clone(&seen);
    let service = tower_layer::Layer::layer(
        &layer,
        tower::service_fn(move |request: http::Request<http_body_util::Full<bytes::Bytes>>| {
            *slot.lock().unwrap() = request.extensions().get::<Authenticated>().cloned();
            crate::support::echo(request)
        }),
    );
    let bound = login_bound("alice", &channel.bindings().next().unwrap());
    assert_eq!(send(&service, authorization(&bound), Some(&connection)).await.status, 200);
    let who = seen.lock().unwrap().take().unwrap();
    assert!(who.is_channel_bound() && who.delegated().is_empty() && who.ntlm_account().is_none());
    assert_eq!(who.krb5_principal().unwrap().to_string(), "alice@EXAMPLE.COM");
    assert!(who.flags().contains(gss::ContextFlags::MUTUAL) && who.expires().is_some());
    assert_eq!((who.mechanism_name(), who.sids().len(), who.user_sid()), ("krb5", 0, None));

    let delegating = login_delegating("bob");
    assert_eq!(send(&service, authorization(&delegating), Some(&connection)).await.status, 200);
    let who = seen.lock().unwrap().take().unwrap();
    let [tgt] = who.delegated() else { panic!("{who:?}") };
    assert_eq!(
        (tgt.client.to_string(), tgt.server.to_string()),
        ("bob@EXAMPLE.COM".into(), "krbtgt/EXAMPLE.COM@EXAMPLE.COM".into())
    );
    assert!(!who.is_channel_bound());
    assert!(format!("{who:?}").ends_with("delegated: 1 }"), "{who:?}");
}

#[tokio::test]
async fn sids_come_from_the_ticket_and_last_through_a_session() {
    let accounting: gss::krb5::pac::Sid = "S-1-5-21-1-2-3-1105".parse().unwrap();
    let rule = move |who: &Authenticated, _: &Parts| {
        let user = who.user_sid().map(|sid| sid.to_string());
        let allowed = who.has_sid(&accounting) && user.as_deref() == Some("S-1-5-21-1-2-3-1104");
        async move { if allowed { Ok(()) } else { Err(Forbidden::default()) } }
    };
    let sessions = gss_tower::Sessions::new(gss_tower::SessionKey::from([1; 32])).always_https();
    let layer = AuthenticationLayer::builder(kerberos()).authorize(rule).sessions(sessions).build().unwrap();
    let service = guard(&layer);
    for (begun, status) in [
        (login("alice"), 403),
        (login_of_domain("alice", 1104, &[513]), 403),
        (login_of_domain("alice", 1103, &[513, 1105]), 403),
        (login_of_domain("alice", 1104, &[513, 1105]), 200),
    ] {
        let seen = send(&service, authorization(&begun), None).await;
        assert_eq!(seen.status, status, "{seen:?}");
        if status == 200 {
            let cookie = seen.lines("set-cookie")[0].split(';').next().unwrap().to_owned();
            let seen = send(&service, get("/").header("cookie", cookie), None).await;
            assert_eq!(seen.text, "alice@EXAMPLE.COM \"session\"");
        }
    }
}

#[tokio::test]
async fn ntlm_is_not_for_connections_that_others_share() {
    let layer = AuthenticationLayer::builder(kerberos_and_ntlm()).policy(both_schemes()).build().unwrap();
    let service = guard(&layer);
    let value = crate::support::ntlm(Scheme::Ntlm, "alice").value;
    let inside = crate::support::ntlm(Scheme::Negotiate, "alice").value;
    for value in [&value, &inside] {
        let via = get("/").header("authorization", value).header("via", "1.1 proxy");
        let connection = plain();
        let seen = send(&service, via, Some(&connection)).await;
        refused(&seen, 401, &["Negotiate"]);
        assert!(seen.text.contains("Via"), "{}", seen.text);
        // And the connection counts as the proxy's for good.
        let seen = send(&service, get("/").header("authorization", value), Some(&connection)).await;
        refused(&seen, 401, &["Negotiate"]);
        // Nor without a connection.
        refused(&send(&service, get("/").header("authorization", value), None).await, 401, &["Negotiate"]);

        let seen = send(&service, h2(get("/").header("authorization", value)), Some(&plain())).await;
        refused(&seen, 401, &["Negotiate"]);
        assert!(seen.head.extensions.get::<Http11Required>().is_some());
        assert!(seen.text.contains("HTTP/1.1 is required"), "{}", seen.text);
    }
    // One that came through a proxy which says nothing.
    let builder = AuthenticationLayer::builder(kerberos_and_ntlm()).policy(both_schemes()).behind_proxy();
    let seen =
        send(&guard(&builder.build().unwrap()), get("/").header("authorization", value), Some(&plain()))
            .await;
    refused(&seen, 401, &["Negotiate"]);
}

#[tokio::test]
async fn ntlm_alone_asks_for_http_1() {
    let policy = ServerPolicy { schemes: Schemes::only(Scheme::Ntlm), ..ServerPolicy::default() };
    let layer = AuthenticationLayer::builder(kerberos_and_ntlm()).policy(policy).build().unwrap();
    let service = guard(&layer);
    refused(&send(&service, get("/"), Some(&plain())).await, 401, &["NTLM"]);
    let seen = send(&service, h2(get("/")), Some(&plain())).await;
    refused(&seen, 403, &[]);
    assert!(seen.head.extensions.get::<Http11Required>().is_some());
    // Without a connection HTTP/1.1 does not help.
    let seen = send(&service, h2(get("/")), None).await;
    refused(&seen, 403, &[]);
    assert!(seen.head.extensions.get::<Http11Required>().is_none());
}

/// Somebody who sends NTLM where there is none need not come again over HTTP/1.1.
#[tokio::test]
async fn a_server_without_ntlm_asks_nobody_to_come_again() {
    let service = guard(&AuthenticationLayer::new(kerberos()));
    let value = crate::support::ntlm(Scheme::Negotiate, "alice").value;
    let seen = send(&service, h2(get("/").header("authorization", value)), Some(&plain())).await;
    assert_eq!(seen.status, 401);
    assert!(seen.head.extensions.get::<Http11Required>().is_none());
}

#[test]
fn layers_that_cannot_work_are_not_built() {
    let ntlm = AuthenticationLayer::builder(kerberos()).policy(both_schemes());
    assert_eq!(ntlm.build().unwrap_err(), BuildError::NtlmNotConfigured);
    let mut many = AuthenticationLayer::builder(kerberos());
    for number in 0..7 {
        many = many.end_point([number; 32]);
    }
    assert_eq!(many.build().unwrap_err(), BuildError::TooManyEndPoints { found: 7, limit: 6 });
    let origin = AuthenticationLayer::builder(kerberos()).gss(GssScheme::new("www.example.com"));
    assert_eq!(origin.build().unwrap_err(), BuildError::Origin { found: "www.example.com".into() });
}

#[tokio::test]
async fn proxies_have_their_own_fields_and_status() {
    let policy = ServerPolicy { side: gss_http::Side::Proxy, ..ServerPolicy::default() };
    let layer = AuthenticationLayer::builder(kerberos()).policy(policy).build().unwrap();
    let service = guard(&layer);
    let seen = send(&service, get("/").header("authorization", login("alice").value), None).await;
    assert_eq!((seen.status, seen.lines("proxy-authenticate")), (407, vec!["Negotiate"]));
    let seen = send(&service, get("/").header("proxy-authorization", login("alice").value), None).await;
    assert_eq!(seen.text, "alice@EXAMPLE.COM \"login\"");
    assert_eq!(seen.lines("proxy-authenticate").len(), 1);
}
