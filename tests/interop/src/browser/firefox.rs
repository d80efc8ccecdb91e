//! Firefox, driven over Marionette.

use core::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::marionette::Marionette;
use super::{HOSTS, Visit};
use crate::peer::Peer;
use crate::web::PROXY;
use crate::{port, text};

/// Keeps it from calling home, for which there is no network, and from asking questions.
const QUIET: &str = r#"
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disablePrefetch", true);
user_pref("network.prefetch-next", false);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
"#;

pub(super) fn visit(visit: &Visit<'_>) -> Result<String> {
    let profile = visit.site.fresh_path("firefox");
    fs::create_dir(&profile)?;
    visit.trust(&profile)?;
    let marionette = port::free()?;
    fs::write(profile.join("user.js"), preferences(visit, marionette)?)?;
    let (mut command, _) = visit.command("firefox")?;
    command.args(["--headless", "--no-remote", "--marionette", "--profile"]).arg(&profile);
    let mut firefox = Peer::start("firefox", &mut command, visit.site.fresh_path("firefox.log"))?;
    firefox.wait_for_port(marionette)?;
    let html = drive(visit, marionette).with_context(|| firefox.log_tail())?;
    ensure!(firefox.has_ended(), "firefox does not quit\n{}", firefox.log_tail());
    Ok(html)
}

fn drive(visit: &Visit<'_>, port: u16) -> Result<String> {
    let mut session = Marionette::connect(port)?;
    session.call("WebDriver:NewSession", json!({}))?;
    session.call("WebDriver:Navigate", json!({ "url": visit.target.url() }))?;
    let html = session.text("WebDriver:GetPageSource", json!({}))?;
    let picture = session.text("WebDriver:TakeScreenshot", json!({ "full": false }))?;
    fs::write(visit.screenshot, text::unbase64(&picture)?)?;
    session.call("Marionette:Quit", json!({ "flags": ["eForceQuit"] }))?;
    Ok(html)
}

fn preferences(visit: &Visit<'_>, marionette: u16) -> Result<String> {
    let mut text = QUIET.to_owned();
    let mut prefer = |name: &str, value: serde_json::Value| writeln!(text, "user_pref({name:?}, {value});");
    prefer("marionette.port", marionette.into())?;
    prefer("network.dns.localDomains", HOSTS.join(",").into())?;
    prefer("network.negotiate-auth.trusted-uris", visit.setup.allowed.join(",").into())?;
    prefer("network.negotiate-auth.delegation-uris", visit.setup.delegated.join(",").into())?;
    match visit.setup.proxy {
        Some(port) => {
            prefer("network.proxy.type", 1.into())?;
            for scheme in ["http", "ssl"] {
                prefer(&format!("network.proxy.{scheme}"), PROXY.into())?;
                prefer(&format!("network.proxy.{scheme}_port"), port.into())?;
            }
        }
        None => prefer("network.proxy.type", 0.into())?,
    }
    Ok(text)
}
