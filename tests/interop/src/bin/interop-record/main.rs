//! Records exchanges between peers as vector files, for offline tests that replay them.
//!
//! `cargo run -p interop --bin interop-record kerberos|ntlm|preauth|all [FOLDER]` writes one file per exchange, to `flows/mit`,
//! `iakerb`, `ntlm` and `preauth` under the folder, which is `vectors` when none is named. Every realm is made anew, so that all
//! keys are random and worth nothing.
//!
//! A file's records, by `kind`:
//!
//! | kind | keys |
//! | --- | --- |
//! | `setup` | `principal` and `client` as `name@REALM`, `keytab` and (not with IAKERB) `ccache` as files in hex, `now` in RFC 3339 and `unix` of the moment the first token was made, `flags` as asked, `bindings` (application data) if any |
//! | `token` | `from` (`initiator` or `acceptor`), `token` |
//! | `context` | `key`, `etype` and `acceptor-subkey` (`yes` or `no`) of the messages, first sequence number of each side |
//! | `wrap` | `from`, `conf` (`yes` or `no`), `data`, `token` |
//! | `mic` | `from`, `data`, `token` |
//!
//! Those of NTLM have a `setup` with `user`, `domain`, `password`, `target`, `now`, `unix`, `flags` and `bindings`; the
//! records `negotiate`, `challenge` and `authenticate` with the bare `message`, besides the tokens when SPNEGO is around
//! them; and a `context` with the `session-key`.
//!
//! `preauth/encrypted-challenge.txt` has a record per KDC and enctype: what its challenge was sealed with.

extern crate alloc;

use core::fmt::Write as _;
use core::net::Ipv4Addr;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, thread};

use anyhow::{Context, Result, bail, ensure};
use interop::conversation::{Side, establish};
use interop::enctype::Enctype;
use interop::endpoint::{Acceptor, CbPolicy, Endpoint, Framing, Initiator, State};
use interop::iakerb::Login;
use interop::realm::{PASSWORD, Realm, RealmOptions, SERVICE_PRINCIPAL, USER};
use interop::{curl, peer, python, text};
use serde::Deserialize;
use serde_json::json;

mod challenge;
mod ntlm;

/// Bytes of a message's data per file line.
const LINE: usize = 48;

/// Sizes of the recorded messages.
const SIZES: &[usize] = &[0, 1, 16, 17, 100];

fn main() -> Result<()> {
    let what = env::args().nth(1).unwrap_or_default();
    let folder = env::args_os()
        .nth(2)
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors"), PathBuf::from);
    match what.as_str() {
        "kerberos" => kerberos(folder),
        "ntlm" => ntlm::record(folder),
        "preauth" => challenge::record(&folder),
        "all" => kerberos(folder.clone())
            .and_then(|()| ntlm::record(folder.clone()))
            .and_then(|()| challenge::record(&folder)),
        _ => bail!(
            "expected `kerberos`, `ntlm`, `preauth` or `all`, and a folder if it is not vectors/; got {what:?}"
        ),
    }
}

fn kerberos(folder: PathBuf) -> Result<()> {
    let source = format!(
        "MIT krb5 {} through python3-gssapi {} (Debian), by interop-record",
        version("libgssapi-krb5-2")?,
        version("python3-gssapi")?
    );
    let recorder = Recorder { folder, source };
    for enctype in Enctype::ALL {
        recorder.plain(&format!("krb5-mutual-{}", enctype.0), *enctype, Framing::Raw, &["mutual"])?;
    }
    let (aes, aes_sha2) = (Enctype::AES256_SHA1, Enctype::AES256_SHA384);
    recorder.plain("krb5-one-way-18", aes, Framing::Raw, &[])?;
    recorder.plain("krb5-one-way-20", aes_sha2, Framing::Raw, &[])?;
    recorder.plain("krb5-one-way-23", Enctype::RC4, Framing::Raw, &[])?;
    recorder.plain("krb5-delegation-18", aes, Framing::Raw, &["mutual", "deleg"])?;
    recorder.plain("krb5-dce-18", aes, Framing::Raw, &["mutual", "dce"])?;
    recorder.plain("spnego-mutual-18", aes, Framing::Spnego, &["mutual"])?;
    recorder.plain("spnego-mutual-20", aes_sha2, Framing::Spnego, &["mutual"])?;
    recorder.plain("spnego-one-way-18", aes, Framing::Spnego, &[])?;
    recorder.bound("krb5-bound-18", aes)?;
    recorder.mixed("krb5-mixed-enctypes")?;
    recorder.replayed("krb5-replayed-18", aes)?;
    recorder.iakerb("mit-login")?;
    recorder.curl("spnego-curl-18", aes)
}

struct Recorder {
    folder: PathBuf,
    source: String,
}

impl Recorder {
    fn plain(&self, name: &str, enctype: Enctype, framing: Framing, flags: &[&'static str]) -> Result<()> {
        let realm = Realm::start(&RealmOptions::single(enctype))?;
        let ccache = realm.login()?;
        let request = flags.iter().fold(Initiator::new(framing, &ccache), |request, flag| request.flag(flag));
        self.exchange(name, &realm, &request, &Acceptor::new(framing, realm.keytab()))
    }

    fn bound(&self, name: &str, enctype: Enctype) -> Result<()> {
        const CHANNEL: &[u8] = b"tls-server-end-point:a hash of the server's certificate";
        let realm = Realm::start(&RealmOptions::single(enctype))?;
        let ccache = realm.login()?;
        let request = Initiator::new(Framing::Raw, &ccache).flag("mutual").bound_to(CHANNEL);
        let acceptor = Acceptor::new(Framing::Raw, realm.keytab()).bound_to(CHANNEL, CbPolicy::Verify);
        self.exchange(name, &realm, &request, &acceptor)
    }

    /// Ticket in 20, session key in 17, acceptor's choice from the initiator's list (RFC 4537).
    fn mixed(&self, name: &str) -> Result<()> {
        let service = vec![Enctype::AES256_SHA384, Enctype::AES128_SHA1];
        let permitted = vec![Enctype::AES256_SHA1, Enctype::AES128_SHA1, Enctype::AES256_SHA384];
        let realm = Realm::start(&RealmOptions { service, permitted })?;
        let config = realm.config_for(&[Enctype::AES128_SHA1, Enctype::AES256_SHA384])?;
        let ccache = realm.kinit_with(&config, &[])?;
        realm.kvno_with(&config, &ccache, SERVICE_PRINCIPAL)?;
        let request = Initiator::new(Framing::Raw, &ccache).flag("mutual");
        self.exchange(name, &realm, &request, &Acceptor::new(Framing::Raw, realm.keytab()))
    }

    /// The same AP-REQ twice: the second time it is answered with a KRB-ERROR.
    fn replayed(&self, name: &str, enctype: Enctype) -> Result<()> {
        let realm = Realm::start(&RealmOptions::single(enctype))?;
        let ccache = realm.login()?;
        let (mut initiator, mut acceptor) = (python::start(&realm)?, python::start(&realm)?);
        let request = Initiator::new(Framing::Raw, &ccache).flag("mutual");
        let mut file = self.file(&realm, &request)?;
        initiator.initiate(&request)?;
        let first = initiator.step(b"")?.token()?.context("the first token")?;
        file.token("initiator", &first)?;
        for state in [State::Established, State::Failed] {
            acceptor.accept(&Acceptor::new(Framing::Raw, realm.keytab()))?;
            let step = acceptor.step(&first)?;
            ensure!(step.state == state, "{step:?}");
            file.token("acceptor", &step.token()?.context("the answer")?)?;
        }
        self.save(name, &file)
    }

    /// A login with a password, in which our acceptor carries the messages to the KDC.
    fn iakerb(&self, name: &str) -> Result<()> {
        let login = Login::new()?;
        let request = Initiator::iakerb(PASSWORD).flag("mutual");
        let now = text::unix_now();
        let mut ended = login.run(&request, |_| {})?;
        ended.accepted()?;
        ended.initiated()?;
        let mut file = self.header(&login.realm, &request, now)?;
        for (side, token) in &ended.tokens {
            file.token(side_name(*side), token)?;
        }
        self.save_in("iakerb", name, &file)
    }

    /// curl's first request, answered by MIT's library.
    fn curl(&self, name: &str, enctype: Enctype) -> Result<()> {
        let realm = Realm::start(&RealmOptions::single(enctype))?;
        let ccache = realm.login()?;
        let mut acceptor = python::start(&realm)?;
        acceptor.accept(&Acceptor::new(Framing::Spnego, realm.keytab()))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://localhost:{}/", listener.local_addr()?.port());
        let request = Initiator::new(Framing::Spnego, &ccache).flag("mutual");
        // curl asks for mutual authentication alone; MIT's library adds what it always offers.
        let mut file = self.file(&realm, &Initiator { flags: vec!["mutual"], ..request })?;
        file.text = file.text.replacen("source: ", &format!("source: curl {} with ", version("curl")?), 1);
        let fetched = thread::scope(|scope| {
            let client = scope.spawn(|| curl::negotiate(&realm, Some(&ccache), &[&url]));
            let (stream, _) = listener.accept()?;
            serve_once(stream, &mut acceptor, &mut file)?;
            client.join().map_err(|_| anyhow::anyhow!("curl's thread panicked"))?
        })?;
        ensure!(fetched.last()?.status == 200, "{fetched:?}");
        self.save(name, &file)
    }

    fn exchange(&self, name: &str, realm: &Realm, request: &Initiator, accept: &Acceptor) -> Result<()> {
        let (mut initiator, mut acceptor) = (python::start(realm)?, python::start(realm)?);
        initiator.initiate(request)?;
        acceptor.accept(accept)?;
        let now = text::unix_now();
        let (_, _, outcome) = establish(&mut initiator, &mut acceptor)?;
        let key = initiator.session_key()?;
        let mut messages = File::default();
        messages.messages(Side::Initiator, &mut initiator, &mut acceptor, SIZES, &[true, false])?;
        messages.messages(Side::Acceptor, &mut acceptor, &mut initiator, SIZES, &[true, false])?;
        let lucid: Lucid = initiator.ask(&json!({"op": "lucid"}))?;
        ensure!(text::hex(&key) == lucid.key, "the exported key is another one");

        let mut file = self.header(realm, request, now)?;
        for (side, token) in &outcome.tokens {
            file.token(side_name(*side), token)?;
        }
        // The initiator has sent three messages per size; the library keeps the count of the other side elsewhere.
        let sent = u64::try_from(3 * SIZES.len())?;
        writeln!(file.text, "\nname: context\nkind: context\netype: {}", lucid.etype)?;
        file.hex("key", &key)?;
        writeln!(file.text, "acceptor-subkey: {}", yes(lucid.acceptor_subkey))?;
        writeln!(file.text, "initiator-sequence: {}", lucid.send_seq - sent)?;
        writeln!(file.text, "acceptor-sequence: {}", lucid.recv_seq)?;
        file.text.push_str(&messages.text);
        self.save(name, &file)
    }

    fn file(&self, realm: &Realm, request: &Initiator) -> Result<File> {
        self.header(realm, request, text::unix_now())
    }

    fn header(&self, realm: &Realm, request: &Initiator, now: i64) -> Result<File> {
        let mut file = File::default();
        let (mech, framing) = match request.framing {
            Framing::Spnego => ("krb5", "spnego"),
            Framing::Iakerb => ("iakerb", "raw"),
            _ => ("krb5", "raw"),
        };
        writeln!(file.text, "source: {}\nkind: flow\norigin: recorded", self.source)?;
        writeln!(file.text, "mech: {mech}\nframing: {framing}")?;
        writeln!(file.text, "\nname: setup\nkind: setup\nprincipal: {SERVICE_PRINCIPAL}\nclient: {USER}")?;
        writeln!(file.text, "now: {}\nunix: {now}\nflags: {}", text::rfc3339(now), request.flags.join(" "))?;
        if let Some(bindings) = &request.channel_bindings {
            file.hex("bindings", &text::unhex(bindings)?)?;
        }
        file.hex("keytab", &fs::read(realm.keytab())?)?;
        if let Some(ccache) = &request.ccache {
            file.hex("ccache", &fs::read(ccache)?)?;
        }
        Ok(file)
    }

    fn save(&self, name: &str, file: &File) -> Result<()> {
        self.save_in("flows/mit", name, file)
    }

    fn save_in(&self, area: &str, name: &str, file: &File) -> Result<()> {
        file.save(&self.folder.join(area), name)
    }
}

#[derive(Deserialize)]
struct Lucid {
    key: String,
    etype: u16,
    acceptor_subkey: bool,
    send_seq: u64,
    recv_seq: u64,
}

#[derive(Default)]
struct File {
    text: String,
    tokens: usize,
}

impl File {
    fn token(&mut self, from: &str, token: &[u8]) -> Result<()> {
        self.tokens += 1;
        write!(self.text, "\nname: token {}\nkind: token\nfrom: {from}\n", self.tokens)?;
        self.hex("token", token)
    }

    fn messages(
        &mut self,
        side: Side,
        from: &mut Endpoint,
        to: &mut Endpoint,
        sizes: &[usize],
        confs: &[bool],
    ) -> Result<()> {
        let side = side_name(side);
        for &size in sizes {
            let data: Vec<u8> = (0..size).map(|index| u8::try_from(index % 251)).collect::<Result<_, _>>()?;
            for &conf in confs {
                let token = from.wrap(&data, conf)?;
                ensure!(to.unwrap(&token)?.data.as_deref() == Some(&data), "another message came");
                let how = if conf { "sealed" } else { "signed" };
                write!(self.text, "\nname: {side} wraps {size} bytes {how}\nkind: wrap\n")?;
                writeln!(self.text, "from: {side}\nconf: {}", yes(conf))?;
                self.hex("data", &data)?;
                self.hex("token", &token)?;
            }
            let token = from.mic(&data)?;
            ensure!(to.verify_mic(&data, &token)? == "ok", "the MIC does not verify");
            write!(self.text, "\nname: {side} signs {size} bytes\nkind: mic\nfrom: {side}\n")?;
            self.hex("data", &data)?;
            self.hex("token", &token)?;
        }
        Ok(())
    }

    fn save(&self, folder: &Path, name: &str) -> Result<()> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.txt"));
        fs::write(&path, &self.text).with_context(|| format!("write {}", path.display()))?;
        println!("{}", path.display());
        Ok(())
    }

    fn hex(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            writeln!(self.text, "{key}: \"\"")?;
            return Ok(());
        }
        let lines: Vec<_> = bytes.chunks(LINE).map(text::hex).collect();
        writeln!(self.text, "{key}: {}", lines.join("\n    "))?;
        Ok(())
    }
}

fn serve_once(mut stream: TcpStream, acceptor: &mut Endpoint, file: &mut File) -> Result<()> {
    let mut token = None;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if let Some(value) = line.strip_prefix("Authorization: Negotiate ") {
            token = Some(text::unbase64(value)?);
        }
        if line.is_empty() {
            break;
        }
    }
    let token = token.context("curl sent no token")?;
    file.token("initiator", &token)?;
    let step = acceptor.step(&token)?;
    ensure!(step.state == State::Established, "{step:?}");
    let answer = step.token()?.context("the answer")?;
    file.token("acceptor", &answer)?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nWWW-Authenticate: Negotiate {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        text::base64(&answer)
    )?;
    Ok(())
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Initiator => "initiator",
        Side::Acceptor => "acceptor",
    }
}

fn yes(fact: bool) -> &'static str {
    if fact { "yes" } else { "no" }
}

fn version(package: &str) -> Result<String> {
    peer::succeed(Command::new("dpkg-query").args(["-W", "-f", "${Version}", package]), b"")
}
