//! The commands that ask KDCs, against the test KDC over its sockets.

extern crate alloc;

use alloc::sync::Arc;
use krb5_testkdc::serve::{Running, Server, Via};
use krb5_testkdc::{Account, Kdc, Realm};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

struct World {
    folder: tempfile::TempDir,
    kdc: Arc<Kdc>,
    running: Running,
}

impl World {
    fn new() -> Self {
        Self::via(Via::Udp)
    }

    fn via(via: Via) -> Self {
        let realm = Realm::new("EXAMPLE.TEST")
            .user("alice", "secret")
            .user("bob", "secret")
            .account(Account { locked: true, ..Account::user("carol", "secret") })
            .account(Account { must_change_password: true, ..Account::user("dave", "secret") })
            .account(Account { administrator: true, ..Account::user("root", "secret") })
            .service("HTTP/localhost")
            .service("HTTP/www.example.test");
        let kdc = Arc::new(Kdc::new(realm).unwrap());
        let running = Server::for_kdc(Arc::clone(&kdc)).start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = running.client_config(via).host(".example.test", "EXAMPLE.TEST");
        config.write_to(folder.path()).unwrap();
        std::fs::write(folder.path().join("secret"), "secret\n").unwrap();
        std::fs::write(folder.path().join("changed"), "changed\n").unwrap();
        let keytab = kdc.keytab(&["alice@EXAMPLE.TEST"]).unwrap();
        std::fs::write(folder.path().join("keytab"), keytab.to_bytes().unwrap()).unwrap();
        Self { folder, kdc, running }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gssctl"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("KRB5_CONFIG", self.path("krb5.conf"))
            .env("KRB5CCNAME", format!("FILE:{}", self.path("tickets").display()))
            .env("KRB5_KTNAME", self.path("keytab"))
            .stdin(Stdio::null());
        command
    }

    /// What the command prints; it has to succeed.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text(output.stdout)
    }

    /// What the command says is wrong; it has to fail.
    #[track_caller]
    fn fail(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}: {} {}", text(stdout), text(stderr));
        text(stderr)
    }

    fn kinit(&self, arguments: &[&str]) -> String {
        self.run(&[&["kinit", "--password-file", "secret"], arguments].concat())
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn tickets_are_got_listed_and_destroyed() {
    let world = World::new();
    let said = world.kinit(&["alice"]);
    assert!(said.contains("ticket of alice@EXAMPLE.TEST for krbtgt/EXAMPLE.TEST@EXAMPLE.TEST"), "{said}");
    let said = world.run(&["kvno", "HTTP/www.example.test", "HTTP/localhost@EXAMPLE.TEST"]);
    assert_eq!(said.matches("kvno = 1").count(), 2, "{said}");
    let listed = world.run(&["klist"]);
    assert!(listed.contains("Default principal: alice@EXAMPLE.TEST"), "{listed}");
    assert!(listed.contains("HTTP/www.example.test@EXAMPLE.TEST"), "{listed}");
    // A second time the cache has them.
    world.kdc.remove("HTTP/localhost@EXAMPLE.TEST").unwrap();
    world.run(&["kvno", "HTTP/localhost@EXAMPLE.TEST"]);
    let refused = world.fail(&["kvno", "--no-cache", "HTTP/localhost@EXAMPLE.TEST"]);
    assert!(refused.contains("HTTP/localhost"), "{refused}");
    world.run(&["kdestroy"]);
    let error = world.fail(&["klist"]);
    assert!(error.contains("there is no credential cache"), "{error}");
}

#[test]
fn every_way_leads_to_the_kdc() {
    for via in [Via::Udp, Via::Tcp, Via::Https] {
        let world = World::via(via);
        world.kinit(&["alice"]);
        world.run(&["kvno", "HTTP/www.example.test"]);
    }
}

/// The realm that `--kdc` is for is the one of the cache's client.
#[test]
fn a_named_kdc_needs_no_default_realm() {
    let world = World::new();
    world.kinit(&["alice"]);
    std::fs::write(world.path("empty.conf"), "[libdefaults]\n").unwrap();
    let kdc = world.running.addresses().kdc.to_string();
    let mut command = world.command(&["kvno", "--kdc", &kdc, "HTTP/www.example.test@EXAMPLE.TEST"]);
    let output = command.env("KRB5_CONFIG", world.path("empty.conf")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_keytab_stands_in_for_the_password() {
    let world = World::new();
    let said = world.run(&["kinit", "-k"]);
    assert!(said.contains("ticket of alice@EXAMPLE.TEST"), "{said}");
    world.run(&["kinit", "-k", "-t", "keytab", "alice"]);
    let error = world.fail(&["kinit", "-k", "-t", "keytab", "bob"]);
    assert!(error.contains("bob@EXAMPLE.TEST") && error.contains("alice@EXAMPLE.TEST"), "{error}");
}

#[test]
fn tickets_are_renewed() {
    let world = World::new();
    let said = world.kinit(&["-l", "1h", "-r", "2d", "alice"]);
    assert!(said.contains("renewable for"), "{said}");
    let said = world.run(&["kinit", "-R"]);
    assert!(said.contains("ticket of alice@EXAMPLE.TEST"), "{said}");
    world.kinit(&["alice"]);
    let error = world.fail(&["kinit", "-R"]);
    assert!(error.contains("RENEWABLE"), "{error}");
}

#[test]
fn an_older_ticket_is_the_armor() {
    let world = World::new();
    world.kinit(&["-c", "FILE:armor", "bob"]);
    world.kinit(&["-T", "FILE:armor", "alice"]);
    world.run(&["kvno", "--fast", "HTTP/www.example.test"]);
}

#[test]
fn passwords_are_changed_and_set() {
    let world = World::new();
    let change = ["kpasswd", "--password-file", "secret", "--new-password-file", "changed"];
    let said = world.run(&[&change[..], &["alice"]].concat());
    assert!(said.contains("the password of alice@EXAMPLE.TEST is changed"), "{said}");
    let error = world.fail(&["kinit", "--password-file", "secret", "alice"]);
    assert!(error.contains("password"), "{error}");
    world.run(&["kinit", "--password-file", "changed", "alice"]);
    // One that has expired can still be changed.
    let error = world.fail(&["kinit", "--password-file", "secret", "dave"]);
    assert!(error.contains("expired"), "{error}");
    world.run(&[&change[..], &["dave"]].concat());
    world.run(&[&change[..], &["--set-for", "bob", "root"]].concat());
    world.run(&["kinit", "--password-file", "changed", "bob"]);
}

#[test]
fn each_refusal_says_what_to_try() {
    let world = World::new();
    let error =
        |arguments: &[&str]| world.fail(&[&["kinit", "--password-file", "changed"], arguments].concat());
    let wrong = error(&["alice"]);
    assert!(wrong.contains("password"), "{wrong}");
    let unknown = error(&["nobody"]);
    assert!(unknown.contains("nobody@EXAMPLE.TEST"), "{unknown}");
    let locked = error(&["carol"]);
    assert!(locked.contains("locked") || locked.contains("revoked"), "{locked}");
    let silent = error(&["--timeout", "1", "--kdc", "127.0.0.1:1", "alice"]);
    assert!(silent.contains("127.0.0.1:1"), "{silent}");
    world.kinit(&["alice"]);
    let service = world.fail(&["kvno", "HTTP/elsewhere.example.test"]);
    assert!(service.contains("HTTP/elsewhere.example.test"), "{service}");
}

/// `fetch` gets the service ticket by itself, and delegates a forwarded one.
#[test]
fn pages_are_fetched_with_nothing_but_a_ticket_granting_ticket() {
    let world = World::new();
    let keytab = world.kdc.keytab(&["HTTP/localhost@EXAMPLE.TEST"]).unwrap();
    let config = gss::AcceptorConfig::from_keytab(&keytab.to_bytes().unwrap()).unwrap();
    let server = gssctl::serve::Server::bind(([127, 0, 0, 1], 0).into(), config).unwrap().quiet();
    let url = format!("http://localhost:{}/", server.address().unwrap().port());
    std::thread::spawn(move || server.run());
    world.kinit(&["-f", "alice"]);
    let page = world.run(&["fetch", &url]);
    assert!(page.contains("You are alice@EXAMPLE.TEST"), "{page}");
    assert!(world.run(&["klist"]).contains("HTTP/localhost@EXAMPLE.TEST"));
    let page = world.run(&["fetch", "--delegate", &url]);
    assert!(page.contains("<th>Delegated tickets</th><td>1</td>"), "{page}");
    world.kinit(&["alice"]);
    let error = world.fail(&["fetch", "--delegate", &url]);
    assert!(error.contains("kinit -f"), "{error}");
}

#[test]
fn the_demonstration_works() {
    let folder = tempfile::tempdir().unwrap();
    for verbose in [&[][..], &["-v"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gssctl"));
        command.args(["demo", "--listen", "127.0.0.1:0"]).args(verbose).current_dir(folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let told = text(output.stdout);
        for line in [
            "-> AS-REQ",
            "<- AS-REP",
            "-> TGS-REQ",
            "< 401 Unauthorized",
            "< 200 OK",
            "the server proved to be HTTP/localhost@EXAMPLE.COM",
            "You are alice@EXAMPLE.COM",
            "Bound to the channel: yes",
            "User SID: S-1-5-21-",
            "all together",
        ] {
            assert!(told.contains(line), "{line}: {told}");
        }
        assert_eq!(told.contains("opened with the key of"), !verbose.is_empty(), "{told}");
    }
}

/// A program that runs until it is killed.
struct Started(std::process::Child);

impl Drop for Started {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_kdc_leaves_what_programs_need() {
    use std::io::{BufRead as _, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let realm = folder.path().join("realm");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gssctl"));
    command.args([
        "kdc",
        "--realm",
        "OTHER.TEST",
        "--user",
        "alice:secret",
        "--service",
        "HTTP/host.other.test",
    ]);
    command.args(["--log-in", "alice", "--pac", "domain"]).arg(&realm).stdout(Stdio::piped());
    let mut started = Started(command.spawn().unwrap());
    let lines = BufReader::new(started.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<_> = lines.take(3).collect();
    assert!(told[0].starts_with("realm OTHER.TEST: KDC 127.0.0.1:"), "{told:?}");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gssctl"));
        let cache = format!("FILE:{}", realm.join("tickets").display());
        let output = command
            .args(arguments)
            .env("KRB5_CONFIG", realm.join("krb5.conf"))
            .env("KRB5CCNAME", cache)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        text(output.stdout)
    };
    assert!(run(&["klist"]).contains("HTTP/host.other.test@OTHER.TEST"));
    assert!(run(&["klist", path(&realm.join("keytab"))]).contains("HTTP/host.other.test@OTHER.TEST"));
    assert!(run(&["kvno", "--no-cache", "HTTP/host.other.test"]).contains("kvno = 1"));
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
