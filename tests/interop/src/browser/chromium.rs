//! Chromium, which writes the document to its standard output.

use std::fs;

use anyhow::Result;
use serde_json::{Value, json};

use super::{HOSTS, Visit};
use crate::peer;
use crate::web::PROXY;

pub(super) fn visit(visit: &Visit<'_>) -> Result<String> {
    let profile = visit.site.fresh_path("chromium");
    fs::create_dir(&profile)?;
    fs::write(profile.join("Local State"), settings(visit).to_string())?;
    let (mut command, home) = visit.command("chromium")?;
    let database = home.join(".pki/nssdb");
    fs::create_dir_all(&database)?;
    visit.trust(&database)?;

    // Root has no sandbox.
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    command.args(["--no-first-run", "--disable-background-networking", "--disable-component-update"]);
    command.args(["--disable-sync", "--disable-extensions", "--window-size=800,600"]);
    command.arg(format!("--user-data-dir={}", profile.display()));
    let rules: Vec<_> = HOSTS.iter().map(|host| format!("MAP {host} 127.0.0.1")).collect();
    command.arg(format!("--host-resolver-rules={}", rules.join(",")));
    let setup = visit.setup;
    if !setup.allowed.is_empty() {
        command.arg(format!("--auth-server-allowlist={}", setup.allowed.join(",")));
    }
    match setup.proxy {
        Some(port) => command.arg(format!("--proxy-server=http://{PROXY}:{port}")),
        None => command.arg("--no-proxy-server"),
    };
    command.arg("--dump-dom").arg(format!("--screenshot={}", visit.screenshot.display()));
    peer::succeed(command.arg(visit.target.url()), b"")
}

/// Settings for which there is no option. By its default Chromium makes the service's name from what DNS calls the host,
/// which is the address here. And it loads the GSS library only in a network process without a sandbox, which it starts
/// when it has seen the first challenge of its life, too late for that one.
fn settings(visit: &Visit<'_>) -> Value {
    json!({
        "auth": {
            "disable_negotiate_cname_lookup": true,
            "negotiate_delegate_whitelist": visit.setup.delegated.join(","),
        },
        "net": { "received_http_auth_negotiate_headers": true },
    })
}
