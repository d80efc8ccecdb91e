//! The sockets alone: the stock clients ask MIT's KDC through them.

use core::net::SocketAddrV4;

use anyhow::{Context as _, Result, ensure};
use interop::kdc::client::{Client, Maker};
use interop::kdc::mit::Mit;
use interop::kdc::{self, Account, Address, Directory, Kdc as _};
use interop::site::Site;
use interop::{java, testkdc};
use krb5_testkdc::Port;
use krb5_testkdc::serve::{Running, Server, Via};

const REALM: &str = "BEHIND.TEST";
const USER: &str = "alice@BEHIND.TEST";
const PASSWORD: &str = "Correct horse 9 battery";
const NEW_PASSWORD: &str = "Wrong horse 8 accumulator";
const SERVICE: &str = "HTTP/localhost@BEHIND.TEST";

/// Asks the servers of a realm.
fn relay(Address { kdc, kpasswd, .. }: Address) -> impl Fn(Port, &[u8]) -> Option<Vec<u8>> {
    move |port, request| {
        // MIT's password server takes TCP as well as its KDC.
        let server: SocketAddrV4 = match port {
            Port::Kdc => kdc,
            Port::Kpasswd => kpasswd,
        };
        kdc::tcp(server, request).ok()
    }
}

/// MIT's servers, and ours before them.
fn start(site: &Site) -> Result<(Mit, Running)> {
    let directory = Directory::new(&[REALM])?;
    let mit = Mit::start(site, &directory, REALM)?;
    mit.add(&Account::user("alice", PASSWORD))?;
    mit.add(&Account::service("HTTP/localhost"))?;
    let running = Server::new(REALM, relay(directory.address(REALM)?.clone())).start()?;
    Ok((mit, running))
}

#[test]
fn tickets() -> Result<()> {
    let site = Site::new()?;
    let (mit, running) = start(&site)?;
    for maker in [Maker::Mit, Maker::Heimdal] {
        for &via in testkdc::ways(maker) {
            let case = || format!("{maker:?} {via:?}\n{}", mit.logs());
            let client = testkdc::client(maker, &site, &running, via, "")?;
            let ccache = client.kinit(USER, PASSWORD, &[]).with_context(case)?;
            client.ticket(&ccache, &[], SERVICE).with_context(case)?;
            let listed = client.klist(&ccache)?;
            ensure!(listed.contains(SERVICE), "{listed}");
        }
    }
    Ok(())
}

#[test]
fn java_gets_tickets() -> Result<()> {
    let site = Site::new()?;
    let (mit, running) = start(&site)?;
    for via in [Via::Udp, Via::Tcp] {
        let config = site.fresh_path("java.conf");
        std::fs::write(&config, testkdc::config(&site, &running, via)?.to_string())?;
        let secret = java::Secret::Password(PASSWORD);
        let tickets = java::login(&site, &config, USER, secret, SERVICE)?;
        let tickets = tickets.map_err(|said| anyhow::anyhow!("{via:?} {said:?}\n{}", mit.logs()))?;
        let services: Vec<_> = tickets.iter().map(|ticket| ticket.service.as_str()).collect();
        ensure!(services.contains(&SERVICE), "{tickets:?}");
    }
    Ok(())
}

#[test]
fn password_changes() -> Result<()> {
    let site = Site::new()?;
    let (mit, running) = start(&site)?;
    let (mut old, mut new) = (PASSWORD, NEW_PASSWORD);
    for via in [Via::Udp, Via::Tcp, Via::Https] {
        let client = testkdc::client(Maker::Mit, &site, &running, via, "")?;
        change(&client, old, new).with_context(|| format!("{via:?}\n{}", mit.logs()))?;
        client.kinit(USER, new, &[]).with_context(|| format!("{via:?}\n{}", mit.logs()))?;
        (old, new) = (new, old);
    }
    Ok(())
}

fn change(client: &Client<'_>, old: &str, new: &str) -> Result<String> {
    let typed = format!("{old}\n{new}\n{new}\n");
    interop::peer::succeed(client.command("kpasswd")?.arg(USER), typed.as_bytes())
}
