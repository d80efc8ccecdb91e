//! `gssctl gateway` as curl and a service in Python see it.

use anyhow::{Result, ensure};
use interop::gateway::{Gateway, Service};
use interop::web::{ALICE, BOB, Scheme, WWW, World};
use interop::{curl, redis};

struct Guarded {
    world: World,
    service: Service,
}

impl Guarded {
    fn new() -> Result<Self> {
        let world = World::start()?;
        Ok(Self { service: Service::start(&world)?, world })
    }

    fn gateway(&self, options: &[&str]) -> Result<Gateway> {
        Gateway::start(&self.world, &self.world.keytab(WWW)?, &self.service, options)
    }

    /// Fetches the page with curl.
    fn curl(&self, gateway: &Gateway, user: Option<&str>, more: &[&str]) -> Result<curl::Fetched> {
        let ccache = user.map(|user| self.world.login(user)).transpose()?;
        let arguments = self.world.target(Scheme::Https, gateway.port()).curl_arguments();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        curl::negotiate(&self.world, ccache.as_deref(), &arguments)
    }
}

/// The lines of a page about a field.
fn variable<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let lines = page.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(found, _)| *found == name).map(|(_, value)| value).collect()
}

#[test]
fn the_service_sees_who_curl_logged_in_as() -> Result<()> {
    let guarded = Guarded::new()?;
    let gateway = guarded.gateway(&[])?;
    for (user, http) in [(ALICE, "--http1.1"), (BOB, "--http2")] {
        let fetched = guarded.curl(&gateway, Some(user), &[http])?;
        ensure!(fetched.last()?.status == 200, "{fetched:?}\n{}", gateway.log_tail());
        ensure!(variable(&fetched.body, "HTTP_X_REMOTE_USER") == [user], "{}", fetched.body);
        ensure!(variable(&fetched.body, "HTTP_AUTHORIZATION").is_empty(), "{}", fetched.body);
        ensure!(fetched.last()?.negotiate_token()?.is_some(), "the gateway proves itself: {fetched:?}");
    }
    let refused = guarded.curl(&gateway, None, &[])?;
    ensure!(refused.last()?.status == 401 && !refused.body.contains("HTTP_"), "{refused:?}");
    Ok(())
}

/// Fields are variables to the service, whatever stands between the words of their names.
#[test]
fn curl_does_not_say_who_it_is() -> Result<()> {
    let guarded = Guarded::new()?;
    let gateway = guarded.gateway(&[])?;
    let fields = ["X-Remote-User: root", "X_Remote_User: root", "x-remote_user: root", "X.Remote.User: root"];
    let fields: Vec<_> = fields.iter().flat_map(|field| ["-H", field]).collect();
    let fetched = guarded.curl(&gateway, Some(BOB), &fields)?;
    ensure!(variable(&fetched.body, "HTTP_X_REMOTE_USER") == [BOB], "{}", fetched.body);
    ensure!(!fetched.body.contains("root"), "{}", fetched.body);
    Ok(())
}

#[test]
fn curl_is_let_in_by_name_only() -> Result<()> {
    let guarded = Guarded::new()?;
    let gateway = guarded.gateway(&["--allow-principal", ALICE, "--health-path", "/healthz"])?;
    for (user, status) in [(ALICE, 200), (BOB, 403)] {
        let fetched = guarded.curl(&gateway, Some(user), &[])?;
        ensure!(fetched.last()?.status == status, "{fetched:?}\n{}", gateway.log_tail());
    }
    let target = guarded.world.target(Scheme::Https, gateway.port());
    let mut arguments = target.curl_arguments();
    if let Some(url) = arguments.last_mut() {
        url.push_str("healthz");
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    ensure!(curl::plain(guarded.world.site(), &arguments)?.last()?.status == 200);
    Ok(())
}

#[test]
fn curl_posts_what_comes_back() -> Result<()> {
    let guarded = Guarded::new()?;
    let gateway = guarded.gateway(&[])?;
    let body = "0123456789".repeat(10_000);
    let file = guarded.world.site().fresh_path("body");
    std::fs::write(&file, &body)?;
    let data = format!("@{}", file.display());
    let fetched = guarded.curl(&gateway, Some(ALICE), &["--data-binary", &data])?;
    ensure!(fetched.last()?.status == 200 && fetched.body == body, "{}", gateway.log_tail());
    Ok(())
}

/// curl 7.88 takes what comes after the change of protocols for a body.
#[test]
fn curl_changes_to_websocket() -> Result<()> {
    let guarded = Guarded::new()?;
    let gateway = guarded.gateway(&[])?;
    let fields = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    let mut more: Vec<_> = fields.iter().flat_map(|field| ["-H", field]).collect();
    more.extend(["-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "--http1.1"]);
    let fetched = guarded.curl(&gateway, Some(ALICE), &more)?;
    ensure!(fetched.last()?.status == 101, "{fetched:?}\n{}", gateway.log_tail());
    // What RFC 6455 section 1.3 has for this key.
    let accept: Vec<_> = fetched.last()?.values("sec-websocket-accept").collect();
    ensure!(accept == ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], "{fetched:?}");
    ensure!(fetched.body.contains(&format!("hello {ALICE}")), "{fetched:?}");
    Ok(())
}

/// Two gateways with one memory; without it, nobody is let in.
#[test]
fn gateways_share_redis() -> Result<()> {
    let guarded = Guarded::new()?;
    let mut redis = redis::Server::start(guarded.world.site(), &[])?;
    let url = redis.url();
    let options = ["--redis", &url, "--redis-first-use"];
    let gateways = [guarded.gateway(&options)?, guarded.gateway(&options)?];
    for gateway in &gateways {
        let fetched = guarded.curl(gateway, Some(ALICE), &[])?;
        ensure!(
            variable(&fetched.body, "HTTP_X_REMOTE_USER") == [ALICE],
            "{fetched:?}\n{}",
            gateway.log_tail()
        );
    }
    redis.kill();
    for gateway in &gateways {
        let fetched = guarded.curl(gateway, Some(ALICE), &[])?;
        ensure!(fetched.last()?.status != 200 && !fetched.body.contains("HTTP_"), "{fetched:?}");
        ensure!(
            gateway.log_tail().contains("Redis") || gateway.log_tail().contains("redis"),
            "{}",
            gateway.log_tail()
        );
    }
    Ok(())
}
