//! Who gets in, and what the service gets to know of them.

use crate::client::{LogIn, empty, get, negotiate, negotiate_bound, tls};
use crate::service::Service;
use crate::world::{DOMAIN, Site, World, bind};
use alloc::sync::Arc;
use gss::ntlm::Logon;
use gss::{ChannelBindings, Env, Handshake, Initiator, Step, Target, Timestamp};
use gss_http::{HeaderValue, Scheme};
use gss_hyper::{Hosts, KerberosLogin, LoggedIn};
use http::Request;
use krb5_client::{AsOptions, Secret};
use krb5_net::TransportError;
use krb5_net::credentials::{Credentials, CredentialsSource};
use krb5_testkdc::Port;
use std::{fs, io};

#[tokio::test(flavor = "multi_thread")]
async fn a_login_comes_to_the_service_as_a_field() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let refused = world.client.send(get("/page")).await;
    assert_eq!((refused.status, refused.lines("www-authenticate")), (401, vec!["Negotiate"]));
    assert_eq!(service.requests(), 0);

    let alice = world.site.credentials("alice");
    let seen = world.client.send(get("/page?a=b").log_in(&alice)).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    assert!(seen.text.starts_with("GET /page?a=b\n"), "{}", seen.text);
    assert_eq!(seen.field("x-remote-user"), ["alice@EXAMPLE.TEST"]);
    assert_eq!(seen.field("authorization"), [""; 0]);
    assert_eq!(seen.lines("x-service"), ["here"]);
    // The server proves itself too, and speaks for itself.
    assert!(seen.lines("www-authenticate")[0].starts_with("Negotiate "), "{seen:?}");
    assert_eq!(seen.lines("persistent-auth"), ["false"]);
    assert_eq!(world.log(), ["- GET /page 401", "alice@EXAMPLE.TEST GET /page 200"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_spoken_with_clients() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let (alice, bob) = (world.site.credentials("alice"), world.site.credentials("bob"));
    let mut client = world.client.http2().await;
    assert_eq!(client.send(get("/")).await.status, 401);
    for (user, name) in [(&alice, "alice@EXAMPLE.TEST"), (&bob, "bob@EXAMPLE.TEST")] {
        let seen = client.send(get("/").log_in(user)).await;
        assert_eq!(seen.field("x-remote-user"), [name]);
        assert_eq!(seen.field("host"), ["localhost"]);
        assert_eq!(seen.field("via"), ["2.0 gssctl"]);
    }
    assert_eq!(client.send(get("/")).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_sids() {
    let service = Service::start().await;
    let options = ["--user-header", "X-User", "--mechanism-header", "X-Mechanism", "--sids-header", "X-SIDs"];
    let world = World::start(service.address, &options).await;
    let seen = world.client.send(get("/").log_in(&world.site.credentials("alice"))).await;
    assert_eq!(seen.field("x-user"), ["alice@EXAMPLE.TEST"]);
    assert_eq!(seen.field("x-mechanism"), ["krb5"]);
    let sids: Vec<_> = seen.field("x-sids")[0].split(',').collect();
    assert_eq!(sids[0], format!("{DOMAIN}-1104"));
    assert!(sids.contains(&format!("{DOMAIN}-1200").as_str()), "{sids:?}");
    assert_eq!(seen.field("x-remote-user"), [""; 0]);

    let seen = world.client.send(get("/").log_in(&world.site.credentials("björn"))).await;
    assert_eq!(seen.field("x-user"), ["bj%C3%B6rn@EXAMPLE.TEST"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_good_once() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let login = negotiate(&world.site.credentials("alice"));
    assert_eq!(world.client.send(get("/").header("authorization", &login)).await.status, 200);
    assert_eq!(world.client.send(get("/").header("authorization", &login)).await.status, 401);
    for nonsense in ["Negotiate", "Negotiate !", "Negotiate YIIB", "Basic eDp5"] {
        let seen = world.client.send(get("/").header("authorization", nonsense)).await;
        assert!(matches!(seen.status, 400 | 401), "{nonsense}: {seen:?}");
    }
    assert_eq!(service.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_its_certificate_is_bound_to() {
    let service = Service::start().await;
    let channel = b"tls-server-end-point:the hash of its certificate";
    let hex: String = channel.iter().map(|byte| format!("{byte:02x}")).collect();
    let options = ["--plain", "--cb-policy", "require", "--channel-bindings", &hex];
    let world = World::start(service.address, &options).await;
    let alice = world.site.credentials("alice");
    for (bindings, status) in
        [(&channel[..], 200), (b"tls-server-end-point:the hash of another one....", 401)]
    {
        let login = negotiate_bound(&alice, &ChannelBindings::new(bindings));
        let seen = world.client.send(get("/").header("authorization", login)).await;
        assert_eq!(seen.status, status);
    }
    assert_eq!(world.client.send(get("/").log_in(&alice)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_spare_browsers_further_logins() {
    let service = Service::start().await;
    let site = Site::new();
    fs::write(site.path("session"), [7; 32]).unwrap();
    let key = site.path("session").display().to_string();
    let world = World::at(site, service.address, &["--session-cookie-key", &key]).await;
    let seen = world.client.send(get("/").log_in(&world.site.credentials("alice"))).await;
    let cookie = seen.lines("set-cookie")[0].split(';').next().unwrap().to_owned();
    let both = format!("theirs=1; {cookie}");
    let seen = world.client.send(get("/").header("cookie", &both)).await;
    assert_eq!(seen.field("x-remote-user"), ["alice@EXAMPLE.TEST"]);
    // Whoever has it is alice.
    assert_eq!(seen.field("cookie"), ["theirs=1"]);
    let forged = cookie.replace("gss-session=A", "gss-session=B");
    assert_eq!(world.client.send(get("/").header("cookie", forged)).await.status, 401);
}

/// Our own client logs in once, and signs what follows.
#[tokio::test(flavor = "multi_thread")]
async fn the_scheme_gss_is_offered_for_an_origin() {
    let service = Service::start().await;
    for options in [
        &["--origin", "https://localhost"][..],
        &["--origin", "https://localhost", "--scheme", "gss,negotiate"],
    ] {
        let world = World::start(service.address, options).await;
        let refused = world.client.send(get("/")).await;
        let schemes = refused.lines("www-authenticate").into_iter().filter_map(|line| line.split(' ').next());
        let preferred = options.len() > 2;
        assert_eq!(
            schemes.collect::<Vec<_>>(),
            if preferred { ["GSS", "Negotiate"] } else { ["Negotiate", "GSS"] }
        );

        let kdc = Arc::clone(&world.site.kdc);
        let ask = move |request: &krb5_client::Request| {
            let silence = || TransportError::Other(io::Error::from(io::ErrorKind::TimedOut).into());
            kdc.answer(Port::Kdc, &request.message).ok_or_else(silence)
        };
        let options = AsOptions::new("alice@EXAMPLE.TEST".parse().unwrap());
        let source = CredentialsSource::Secret { options, secret: Secret::password("secret") };
        let login = KerberosLogin::new("alice", Credentials::builder(source, ask).build());
        let client = gss_hyper::Client::builder()
            .tls(tls(&world.site.certificate))
            .resolve("localhost", [world.address])
            .login(login, Hosts::new(["localhost"]).unwrap())
            .gss_scheme()
            .build()
            .unwrap();
        let mut pages = Vec::new();
        for path in ["", "a", "b?c=d"] {
            let url = format!("https://localhost/{path}");
            let response =
                client.request(Request::get(url).body(gss_hyper::Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.extensions().get::<LoggedIn>().unwrap().scheme(), "GSS");
            pages.push(response.into_body().bytes(1 << 16).await.unwrap());
        }
        for page in pages {
            assert!(
                String::from_utf8_lossy(&page).contains("x-remote-user: alice@EXAMPLE.TEST\n"),
                "{page:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ntlm_holds_for_a_connection() {
    let service = Service::start().await;
    let site = Site::new();
    fs::write(site.path("users"), "EXAMPLE:carol:correct horse\nEXAMPLE:dave:battery\n").unwrap();
    let users = site.path("users").display().to_string();
    let options = ["--ntlm-users", &users, "--scheme", "negotiate,ntlm", "--allow-ntlm", "example\\Carol"];
    let world = World::at(site, service.address, &options).await;
    for (user, password, status) in
        [("carol", "correct horse", 200), ("carol", "wrong", 401), ("dave", "battery", 403)]
    {
        let mut connection = world.client.http1().await;
        let target = Target::new("HTTP", "localhost").unwrap();
        let logon = Arc::new(Logon::with_password(user, "EXAMPLE", password).target(&target));
        let (mut token, mut initiator) = (Vec::new(), Initiator::ntlm(logon).raw());
        let seen = loop {
            let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
            let mut output = Vec::new();
            let step =
                initiator.step(&mut token, &mut output, &mut Env::new(Timestamp::now(), &mut rng)).unwrap();
            let login = HeaderValue::token(Scheme::Ntlm, &output).into_string();
            let response = connection.open(get("/").header("authorization", login), empty()).await;
            let seen = crate::client::Seen::of(response).await;
            let Step::Continue(next) = step else { break seen };
            let challenge = seen.lines("www-authenticate")[0].strip_prefix("NTLM ").unwrap();
            token.clear();
            gss_http::legs::decode_token(challenge, 1 << 16, &mut token).unwrap();
            initiator = next;
        };
        assert_eq!(seen.status, status, "{user}");
        if status == 200 {
            // The connection is hers from now on.
            assert_eq!(seen.field("x-remote-user"), ["EXAMPLE\\carol"]);
            assert_eq!(connection.send(get("/")).await.field("x-remote-user"), ["EXAMPLE\\carol"]);
        }
    }
}

#[tokio::test]
async fn options_that_do_not_fit_together_are_explained() {
    let site = Site::new();
    fs::write(site.path("short"), "short").unwrap();
    let short = site.path("short").display().to_string();
    fs::write(site.path("users"), "EXAMPLE:carol:correct horse\n:dave:battery\n").unwrap();
    let users = site.path("users").display().to_string();
    for (options, said) in [
        (&["--scheme", "gss,negotiate"][..], "--origin"),
        (&["--scheme", "gss", "--origin", "https://localhost"], "list negotiate"),
        (&["--origin", "localhost"], "https://www.example.com"),
        (&["--scheme", "ntlm"], "with_ntlm"),
        (&["--plain", "--scheme", "ntlm"], "leave ntlm or --plain out"),
        (&["--ntlm-users", &users, "--allow-ntlm", "EXAMPLE\\*"], "\"DAVE\" of --ntlm-users has no domain"),
        (
            &["--ntlm-users", &users, "--allow-ntlm", "\\dave", "--allow-ntlm", "EXAMPLE\\carol"],
            "DOMAIN:user",
        ),
        (&["--plain", "--channel-bindings", "00"], "tls-server-end-point"),
        (&["--session-cookie-key", &short], "5 bytes, expected 32"),
        (&["--user-header", "Host"], "X-Remote-User"),
        (&["--user-header", "X-A", "--sids-header", "x_a"], "two things"),
        (&["--upgrade", "h2c"], "carries HTTP"),
        (&["--upstream", "localhost:80"], "expected one like http://"),
        (&["--upstream", "https://localhost", "--upstream-cacert", "/no/such"], "/no/such"),
        (&["--allow-principal", "alice"], "alice@EXAMPLE.COM"),
        (&["--allow-sid", "alice"], "S-1-5-21"),
        (&["--health-path", "healthz"], "/healthz"),
        (&["--redis", "redis+unix:///no/such/socket"], "--redis"),
        (&["--redis-key", &short], "--redis"),
    ] {
        let error = bind(&site, ([127, 0, 0, 1], 9).into(), options).await.expect_err(said);
        assert!(error.contains(said), "{options:?}: {error}");
    }
    // Neither TLS, nor without by name.
    let arguments = site.arguments(([127, 0, 0, 1], 9).into(), &["--plain"]);
    let arguments = arguments.iter().filter(|argument| *argument != "--plain");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_gssctl")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--tls-cert"), "{output:?}");
}
