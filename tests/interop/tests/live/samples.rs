//! MIT's `gss-server` and `gss-client` against one of our sides, and against MIT's library to judge the test.

use core::net::Ipv4Addr;
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use interop::endpoint::{Acceptor, Endpoint, Framing, Initiator, State};
use interop::gss_samples::{
    self, CONTEXT, Connection, DATA, ENCRYPTED, MIC, NOOP, SEND_MIC, Server, WRAPPED,
};
use interop::realm::{HOST_SERVICE, Realm, RealmOptions, USER};

use crate::Who;

const MESSAGE: &str = "a message of the samples";

#[test]
fn ours_to_gss_server() -> Result<()> {
    to_gss_server(Who::Ours)
}

#[test]
fn mit_to_gss_server() -> Result<()> {
    to_gss_server(Who::Mit)
}

#[test]
fn gss_client_to_ours() -> Result<()> {
    from_gss_client(Who::Ours)
}

#[test]
fn gss_client_to_mit() -> Result<()> {
    from_gss_client(Who::Mit)
}

fn to_gss_server(initiator: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    realm.kvno(&ccache, "host/localhost")?;
    let server = Server::start(&realm)?;
    let mut initiator = initiator.start(&realm)?;
    for framing in [Framing::Raw, Framing::Spnego] {
        let request = Initiator { target: HOST_SERVICE.into(), ..Initiator::new(framing, &ccache) };
        initiator.initiate(&request.flag("mutual"))?;
        talk_to_server(&mut initiator, server.connect()?)
            .with_context(|| format!("{framing:?}\n{}", server.log_tail()))?;
    }
    server.wait_for_log(&format!("\"{USER}\""), 2)?;
    server.wait_for_log(&format!("Received message: \"{MESSAGE}\""), 4)?;
    Ok(())
}

fn talk_to_server(initiator: &mut Endpoint, mut connection: Connection) -> Result<()> {
    let mut step = initiator.step(b"")?;
    loop {
        if let Some(token) = step.token()? {
            connection.send(CONTEXT, &token)?;
        }
        match step.state {
            State::Established => break,
            State::Failed => return Err(anyhow!("failed: {step:?}")),
            State::Continue => {
                let (flags, token) = connection.receive()?;
                ensure!(flags & CONTEXT != 0, "flags {flags:#x} on a context token");
                step = initiator.step(&token)?;
            }
        }
    }
    for (conf, flags) in [(true, ENCRYPTED), (false, 0)] {
        let token = initiator.wrap(MESSAGE.as_bytes(), conf)?;
        connection.send(DATA | WRAPPED | SEND_MIC | flags, &token)?;
        let (flags, mic) = connection.receive()?;
        ensure!(flags & MIC != 0, "flags {flags:#x} on a MIC");
        assert_eq!(initiator.verify_mic(MESSAGE.as_bytes(), &mic)?, "ok");
    }
    connection.send(NOOP, b"")
}

fn from_gss_client(acceptor: Who) -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let mut acceptor = acceptor.start(&realm)?;
    for (framing, options) in [
        (Framing::Raw, &["-seq"][..]),
        (Framing::Raw, &["-nomutual"]),
        (Framing::Raw, &["-nx", "-mcount", "3"]),
        (Framing::Spnego, &["-spnego"]),
        (Framing::Spnego, &["-spnego", "-nomutual", "-noreplay"]),
    ] {
        acceptor.accept(&Acceptor::new(framing, realm.keytab()))?;
        let output =
            serve_client(&mut acceptor, &realm, &ccache, options).with_context(|| format!("{options:?}"))?;
        assert!(output.contains("Signature verified."), "{options:?}: {output}");
    }
    Ok(())
}

fn serve_client(acceptor: &mut Endpoint, realm: &Realm, ccache: &Path, options: &[&str]) -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::scope(|scope| {
        let client = scope.spawn(|| gss_samples::greet(realm, ccache, port, options, MESSAGE));
        // A client that gives up closes its side, so that neither waits for the other.
        let served = listener
            .accept()
            .map_err(anyhow::Error::from)
            .and_then(|(stream, _)| answer_client(acceptor, Connection::new(stream)?));
        let greeted = client.join().map_err(|_| anyhow!("the client's thread panicked"))?;
        served.and(greeted)
    })
}

fn answer_client(acceptor: &mut Endpoint, mut connection: Connection) -> Result<()> {
    loop {
        let (flags, token) = connection.receive()?;
        if flags & NOOP != 0 && flags & gss_samples::CONTEXT_NEXT == 0 {
            return Ok(());
        }
        if flags & CONTEXT != 0 {
            let step = acceptor.step(&token)?;
            ensure!(step.state != State::Failed, "failed: {step:?}");
            if let Some(token) = step.token()? {
                connection.send(CONTEXT, &token)?;
            }
        } else if flags & DATA != 0 {
            let opened = acceptor.unwrap(&token)?;
            assert_eq!(opened.data.as_deref(), Some(MESSAGE.as_bytes()));
            assert_eq!(opened.conf, Some(flags & ENCRYPTED != 0));
            connection.send(MIC, &acceptor.mic(MESSAGE.as_bytes())?)?;
        }
    }
}
