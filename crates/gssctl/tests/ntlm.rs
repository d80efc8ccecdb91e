//! `serve` and `fetch` against each other, with NTLM.

use clap::Parser;
use core::net::SocketAddr;
use gss::ntlm::{self, MemoryUsers, ServerNames};
use gss::{AcceptorConfig, Framing};
use gssctl::{fetch, serve};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

#[derive(Parser)]
struct Fetch {
    #[command(flatten)]
    arguments: fetch::Arguments,
}

struct World {
    folder: tempfile::TempDir,
    address: SocketAddr,
}

impl World {
    fn new() -> Self {
        let mut users = MemoryUsers::new();
        users.add("alice", "EXAMPLE", "correct horse");
        let config = AcceptorConfig::ntlm(ntlm::AcceptorConfig::new(ServerNames::new("SERVER"), users));
        let server =
            serve::Server::bind(([127, 0, 0, 1], 0).into(), config.framing(Framing::SpnegoOrRaw)).unwrap();
        let address = server.address().unwrap();
        thread::spawn(move || server.run());
        Self { folder: tempfile::tempdir().unwrap(), address }
    }

    fn fetch(&self, password: &str, arguments: &[&str]) -> Result<(u16, String), String> {
        let file = self.folder.path().join("password");
        std::fs::write(&file, format!("{password}\nnot this\n")).unwrap();
        let url = format!("http://localhost:{}/", self.address.port());
        let file = file.to_str().unwrap();
        let all =
            [&["fetch", "--user", "EXAMPLE\\alice", "--password-file", file], arguments, &[&url]].concat();
        let parsed = Fetch::try_parse_from(all).map_err(|error| error.to_string())?;
        let mut page = Vec::new();
        let status = fetch::fetch(&parsed.arguments, &mut page).map_err(|error| format!("{error:#}"))?;
        Ok((status, String::from_utf8(page).unwrap()))
    }
}

#[test]
fn the_page_says_who_came() {
    let world = World::new();
    for arguments in [&["--unproven"][..], &["--unproven", "-v", "--raw"]] {
        let (status, page) = world.fetch("correct horse", arguments).unwrap();
        assert_eq!(status, 200);
        assert!(page.contains("You are EXAMPLE\\alice") && page.contains("ntlm"), "{page}");
    }
}

#[test]
fn ntlm_proves_nothing_about_the_server() {
    let error = World::new().fetch("correct horse", &[]).unwrap_err();
    assert!(error.contains("NTLM does not tell") && error.contains("--unproven"), "{error}");
}

#[test]
fn a_wrong_password_is_refused() {
    let error = World::new().fetch("wrong", &["--unproven"]).unwrap_err();
    assert!(error.contains("401"), "{error}");
}

#[test]
fn a_password_needs_a_user() {
    let error = Fetch::try_parse_from(["fetch", "--password-file", "x", "http://localhost/"]).err().unwrap();
    assert!(error.to_string().contains("--user"), "{error}");
}

/// Both schemes are offered, each in a line of its own, Negotiate first.
#[test]
fn clients_that_know_no_spnego_are_offered_ntlm() {
    let world = World::new();
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let offered: Vec<_> = answer.lines().filter(|line| line.starts_with("WWW-Authenticate")).collect();
    assert_eq!(offered, ["WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM"]);
}
