//! `serve` and `fetch` against each other, with a ticket made for the occasion.

use clap::Parser;
use core::net::SocketAddr;
use gss::krb5::pac::{ClientInfo, FileTime, GroupMembership, List, LogonInfo, PacBuilder, SigningKeys};
use gss::{AcceptableBindings, AcceptorConfig, BindingPolicy, Framing, Timestamp};
use gssctl::tls::ServerTls;
use gssctl::{fetch, serve};
use krb5_asn1::AuthDataType;
use rustls::pki_types::PrivateKeyDer;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use test_support::ticket::TicketMaker;

#[derive(Parser)]
struct Fetch {
    #[command(flatten)]
    arguments: fetch::Arguments,
}

/// What `gssctl fetch` with these arguments comes to: status and page, or the error as a person reads it.
fn run(arguments: &[&str]) -> Result<(u16, String), String> {
    let arguments =
        Fetch::try_parse_from([&["fetch"], arguments].concat()).map_err(|error| error.to_string())?;
    let mut page = Vec::new();
    let status = fetch::fetch(&arguments.arguments, &mut page).map_err(|error| format!("{error:#}"))?;
    Ok((status, String::from_utf8(page).unwrap()))
}

struct World {
    folder: tempfile::TempDir,
    address: SocketAddr,
}

impl World {
    /// A server, and a ticket of `client` for it, of which the server has the key.
    fn new(client: &str) -> Self {
        Self::of(&maker(client))
    }

    /// The same with this ticket.
    fn of(maker: &TicketMaker) -> Self {
        let config = AcceptorConfig::from_keytab(&maker.keytab()).unwrap().framing(Framing::SpnegoOrRaw);
        let server = serve::Server::bind(([127, 0, 0, 1], 0).into(), config).unwrap();
        let address = server.address().unwrap();
        thread::spawn(move || server.run());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ccache"), maker.ccache()).unwrap();
        Self { folder, address }
    }

    /// The same over https. The folder has the server's certificate in `ca.pem`.
    fn with_tls(client: &str, policy: BindingPolicy) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let tls = ServerTls::new(vec![cert.der().clone()], key).unwrap();
        let maker = maker(client);
        let bindings: Vec<_> = tls.channel_bindings().collect();
        let acceptable = AcceptableBindings { policy, any_of: &bindings };
        let config = AcceptorConfig::from_keytab(&maker.keytab()).unwrap();
        let config = config.channel_bindings(&acceptable).unwrap();
        let server = serve::Server::bind(([127, 0, 0, 1], 0).into(), config).unwrap().tls(tls);
        let address = server.address().unwrap();
        thread::spawn(move || server.run());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ccache"), maker.ccache()).unwrap();
        std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
        Self { folder, address }
    }

    fn ccache(&self) -> String {
        self.folder.path().join("ccache").to_str().unwrap().into()
    }

    fn url(&self) -> String {
        format!("http://localhost:{}/", self.address.port())
    }

    fn fetch(&self, arguments: &[&str]) -> Result<(u16, String), String> {
        run(&[&["--ccache", &self.ccache()], arguments, &[&self.url()]].concat())
    }
}

fn maker(client: &str) -> TicketMaker {
    let now = Timestamp::now().seconds();
    let mut maker = TicketMaker { client: client.parse().unwrap(), ..TicketMaker::example() };
    maker.service = "HTTP/localhost@EXAMPLE.COM".parse().unwrap();
    (maker.auth_time, maker.start_time, maker.end_time) = (now - 60, Some(now - 60), now + 3600);
    maker
}

#[test]
fn the_page_says_who_came() {
    let world = World::new("alice@EXAMPLE.COM");
    for arguments in [&[][..], &["-v"], &["--raw"]] {
        let (status, page) = world.fetch(arguments).unwrap();
        assert_eq!(status, 200);
        assert!(page.contains("You are alice@EXAMPLE.COM"), "{page}");
        assert!(page.contains("mutual"), "{page}");
    }
}

#[test]
fn the_page_says_what_the_clients_domain_says() {
    let mut maker = maker("alice@EXAMPLE.COM");
    let groups = [GroupMembership::new(513), GroupMembership::new(1105)];
    let logon = LogonInfo {
        effective_name: "alice".into(),
        logon_domain_name: "<EXAMPLE>".into(),
        logon_domain_id: Some("S-1-5-21-1-2-3".parse().unwrap()),
        user_id: 1104,
        primary_group_id: 513,
        groups: List::from(&groups),
        ..LogonInfo::default()
    };
    let client = ClientInfo { auth_time: FileTime::from_unix(maker.auth_time), name: "alice".into() };
    let minimal = PacBuilder::minimal(&client).unwrap();
    let full = minimal.clone().logon_info(&logon).unwrap();
    let keys = SigningKeys::new(&maker.service_key, &maker.service_key);
    let [minimal, full] = [minimal, full].map(|pac| pac.sign(&keys).unwrap());

    maker.authorization_data = vec![(AuthDataType::WIN2K_PAC, full)];
    let (_, page) = World::of(&maker).fetch(&[]).unwrap();
    for row in [
        "<th>Domain account</th><td>&lt;EXAMPLE&gt;\\alice</td>",
        "<th>User SID</th><td>S-1-5-21-1-2-3-1104</td>",
        "<th>Group SIDs</th><td>S-1-5-21-1-2-3-513, S-1-5-21-1-2-3-1105</td>",
    ] {
        assert!(page.contains(row), "{row}: {page}");
    }

    maker.authorization_data = vec![(AuthDataType::WIN2K_PAC, minimal)];
    let (_, page) = World::of(&maker).fetch(&[]).unwrap();
    assert!(page.contains("<th>PAC</th><td>names the client, and says nothing else</td>"), "{page}");
    maker.authorization_data.clear();
    let (_, page) = World::of(&maker).fetch(&[]).unwrap();
    assert!(!page.contains("PAC") && !page.contains("SID"), "{page}");
}

#[test]
fn over_https_the_context_is_bound_to_the_certificate() {
    let world = World::with_tls("alice@EXAMPLE.COM", BindingPolicy::Require);
    let authority = world.folder.path().join("ca.pem");
    let url = world.url().replace("http:", "https:");
    let arguments = ["--ccache", &world.ccache(), "--cacert", authority.to_str().unwrap(), &url];
    let (status, page) = run(&arguments).unwrap();
    assert_eq!(status, 200);
    assert!(page.contains("<th>Bound to the channel</th><td>yes</td>"), "{page}");
}

#[test]
fn an_unknown_authority_is_not_believed() {
    let world = World::with_tls("alice@EXAMPLE.COM", BindingPolicy::Ignore);
    let other = World::with_tls("alice@EXAMPLE.COM", BindingPolicy::Ignore);
    let authority = other.folder.path().join("ca.pem");
    let url = world.url().replace("http:", "https:");
    let arguments = ["--ccache", &world.ccache(), "--cacert", authority.to_str().unwrap(), &url];
    let error = run(&arguments).unwrap_err();
    assert!(error.contains("no TLS with https://localhost") && error.contains("--cacert"), "{error}");
}

#[test]
fn names_are_not_markup() {
    let world = World::new("<b>alice</b>@EXAMPLE.COM");
    let (_, page) = world.fetch(&[]).unwrap();
    assert!(page.contains("&lt;b&gt;") && !page.contains("<b>"), "{page}");
}

#[test]
fn a_ticket_for_another_service_is_not_sent() {
    let error = World::new("alice@EXAMPLE.COM").fetch(&["--service", "ldap"]).unwrap_err();
    assert!(
        error.contains("no ticket for ldap/localhost") && error.contains("kvno ldap/localhost"),
        "{error}"
    );
}

#[test]
fn a_ticket_for_another_key_is_refused() {
    let world = World::new("alice@EXAMPLE.COM");
    let mut other = maker("alice@EXAMPLE.COM");
    other.service_key = test_support::ticket::key(18.into(), 77);
    std::fs::write(world.ccache(), other.ccache()).unwrap();
    let error = world.fetch(&[]).unwrap_err();
    assert!(error.contains("401") && error.contains("refused"), "{error}");
}

#[test]
fn mistakes_on_the_command_line_are_explained() {
    let error = run(&["ftp://localhost/"]).unwrap_err();
    assert!(error.contains("not an http or https URL"), "{error}");
    let error = run(&["--ccache", "/no/such/file", "http://localhost/"]).unwrap_err();
    assert!(error.contains("no credential cache FILE:/no/such/file"), "{error}");
}

/// A server that gives the same answer to everybody.
fn answering(answers: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in answers {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap() == 0 {
                    return;
                }
                request.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

fn fetch_from(address: SocketAddr, arguments: &[&str]) -> Result<(u16, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let ccache: PathBuf = folder.path().join("ccache");
    std::fs::write(&ccache, maker("alice@EXAMPLE.COM").ccache()).unwrap();
    let url = format!("http://localhost:{}/", address.port());
    run(&[&["--ccache", ccache.to_str().unwrap()], arguments, &[&url]].concat())
}

const CHALLENGE: &str = "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 4\r\n\r\nnope";
const PAGE: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n";

#[test]
fn servers_that_prove_nothing_are_not_believed() {
    let error = fetch_from(answering(&[CHALLENGE, PAGE]), &[]).unwrap_err();
    assert!(error.contains("proves its identity"), "{error}");
    let error = fetch_from(answering(&[PAGE]), &[]).unwrap_err();
    assert!(error.contains("asks for no credentials"), "{error}");
    let believed = Ok((200, "page".to_owned()));
    assert_eq!(fetch_from(answering(&[CHALLENGE, PAGE]), &["--unproven"]), believed);
    assert_eq!(fetch_from(answering(&[PAGE]), &["--unproven"]), believed);
}

#[test]
fn servers_without_negotiate_are_named() {
    const BASIC: &str = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n";
    let error = fetch_from(answering(&[BASIC]), &[]).unwrap_err();
    assert!(error.contains("does not offer Negotiate"), "{error}");
}

/// Sends bytes and gives all that comes until the server closes.
fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn requests_that_make_no_sense_get_an_answer() {
    let address = World::new("alice@EXAMPLE.COM").address;
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200));
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "401 Unauthorized"),
        ("nonsense\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nAuthorization: Negotiate\r\n\r\n", "401 Unauthorized"),
        ("GET / HTTP/1.1\r\nAuthorization: Negotiate !!\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nAuthorization: Negotiate YIIB\r\n\r\n", "401 Unauthorized"),
        ("GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Bad Request"),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", "413 Content Too Large"),
        (&long, "431 Request Header Fields Too Large"),
        (&many, "431 Request Header Fields Too Large"),
    ] {
        let answer = raw(address, request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{status}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[test]
fn bodies_are_not_taken_for_requests() {
    let address = World::new("alice@EXAMPLE.COM").address;
    let inner = "GET /inner HTTP/1.1\r\n\r\n";
    let length = inner.len();
    let chunked =
        format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{inner}\r\n0\r\n\r\n");
    let counted = format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{inner}");
    let answer = raw(address, format!("{chunked}{counted}HEAD / HTTP/1.1\r\n\r\n").as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 401").count(), 3, "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "the answer to HEAD has no body: {answer}");
}
