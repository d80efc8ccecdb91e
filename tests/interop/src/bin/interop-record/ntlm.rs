//! Exchanges of NTLM.

use core::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use interop::conversation::{Side, establish};
use interop::endpoint::{Acceptor, CbPolicy, Endpoint, Framing, Initiator, User};
use interop::ldap::Client;
use interop::origin::{self, Role};
use interop::samba::{self, Controller};
use interop::site::Site;
use interop::{curl, peer, python, text, venv};

use super::{File, side_name, version};

/// gss-ntlmssp takes no empty messages.
const SIZES: &[usize] = &[1, 16, 17, 100];
const CHANNEL: &[u8] = b"tls-server-end-point:a hash of the server's certificate";
const SIGNED: &[&str] = &["integ"];
const SEALED: &[&str] = &["integ", "conf"];

pub(super) fn record(folder: PathBuf) -> Result<()> {
    let mut site = Site::new()?;
    site.with_ntlm()?;
    let user = User::new(samba::DOMAIN, "alice", "Correct horse 9 battery");
    let controller = Controller::start(&site, core::slice::from_ref(&user))?;
    Recorder { folder: folder.join("ntlm"), site, user, controller }.all()
}

struct Recorder {
    folder: PathBuf,
    // Before the site, in whose folder it works.
    controller: Controller,
    site: Site,
    user: User,
}

/// A peer, and the text that names it in a file's source.
type Peer = (Endpoint, String);

impl Recorder {
    fn all(&self) -> Result<()> {
        let mut mit = (python::start(&self.site)?, format!("gss-ntlmssp {}", version("gss-ntlmssp")?));
        let mut pyspnego = (python::pyspnego(&self.site)?, format!("pyspnego {}", pypi("pyspnego")?));
        let mut impacket = (python::impacket(&self.site)?, format!("impacket {}", pypi("impacket")?));
        let samba = format!("ntlm_auth of Samba {}", version("winbind")?);
        let mut client = (self.controller.ntlm_auth(&self.site)?, samba.clone());
        let mut server = (self.controller.ntlm_auth(&self.site)?, samba);
        for framing in [Framing::Raw, Framing::Spnego] {
            let framed = if framing == Framing::Raw { "raw" } else { "spnego" };
            for (flags, how) in [(SIGNED, "signed"), (SEALED, "sealed")] {
                let request = self.request(framing, flags);
                self.exchange(&format!("gss-ntlmssp-{framed}-{how}"), &request, &mut mit, &mut pyspnego)?;
                self.exchange(&format!("pyspnego-{framed}-{how}"), &request, &mut pyspnego, &mut mit)?;
            }
            let request = self.request(framing, SEALED);
            let versioned = self.request(framing, SEALED).flag("version");
            self.exchange(&format!("impacket-{framed}-sealed"), &versioned, &mut impacket, &mut mit)?;
            self.exchange(
                &format!("impacket-{framed}-without-version"),
                &request,
                &mut impacket,
                &mut server,
            )?;
            self.exchange(&format!("samba-{framed}-sealed"), &request, &mut client, &mut server)?;
        }
        let bound = self.request(Framing::Spnego, SIGNED).bound_to(CHANNEL);
        self.exchange("pyspnego-spnego-bound", &bound, &mut pyspnego, &mut mit)?;
        let bound = self.request(Framing::Raw, SIGNED).bound_to(CHANNEL);
        self.exchange("gss-ntlmssp-raw-bound", &bound, &mut mit, &mut pyspnego)?;
        let bare = self.request(Framing::Raw, &[]);
        self.exchange("gss-ntlmssp-raw-bare", &bare, &mut mit, &mut pyspnego)?;
        self.exchange("pyspnego-raw-bare", &bare, &mut pyspnego.clone_of(&self.site)?, &mut pyspnego)?;
        self.directory("gss-ntlmssp-directory-sealed", &mut mit)?;
        self.directory("pyspnego-directory-sealed", &mut pyspnego)?;
        self.curl("curl-raw", &mut pyspnego)
    }

    fn request(&self, framing: Framing, flags: &[&'static str]) -> Initiator {
        Initiator::ntlm(framing, &self.user).flags(flags)
    }

    fn exchange(
        &self,
        name: &str,
        request: &Initiator,
        initiator: &mut Peer,
        acceptor: &mut Peer,
    ) -> Result<()> {
        let mut accept = Acceptor::ntlm(request.framing, core::slice::from_ref(&self.user));
        if request.channel_bindings.is_some() {
            accept = accept.bound_to(CHANNEL, CbPolicy::Verify);
        }
        let now = text::unix_now();
        let mut file = self.header(&format!("{} to {}", initiator.1, acceptor.1), request, now)?;
        let (left, right) = (&mut initiator.0, &mut acceptor.0);
        left.initiate(request)?;
        right.accept(&accept)?;
        let (_, _, outcome) = establish(left, right).with_context(|| name.to_owned())?;
        file.tokens_of(&outcome.tokens)?;
        let key = right.session_key()?;
        ensure!(key == left.session_key()?, "{name}: each has a key of its own");
        file.context(&key)?;
        let messages = initiator.exchanges_messages() && acceptor.exchanges_messages();
        let (left, right) = (&mut initiator.0, &mut acceptor.0);
        if messages && !request.flags.is_empty() {
            file.messages(Side::Initiator, left, right, SIZES, &[true])?;
            file.messages(Side::Acceptor, right, left, SIZES, &[true])?;
        }
        self.save(name, &file)
    }

    /// A bind at Samba's directory.
    fn directory(&self, name: &str, initiator: &mut Peer) -> Result<()> {
        let request = self.request(Framing::Spnego, SEALED).to("ldap@dc1");
        let now = text::unix_now();
        let source = format!("{} to the LDAP server of Samba {}", initiator.1, version("samba")?);
        let mut file = self.header(&source, &request, now)?;
        initiator.0.initiate(&request)?;
        let bound = Client::connect(self.controller.ldap())?.bind(&mut initiator.0)?;
        ensure!(bound.result == 0, "{bound:?}");
        file.tokens_of(&by_turns(bound.tokens))?;
        file.context(&initiator.0.session_key()?)?;
        self.save(name, &file)
    }

    /// curl's scheme `NTLM`.
    fn curl(&self, name: &str, acceptor: &mut Peer) -> Result<()> {
        let request = self.request(Framing::Raw, &[]);
        acceptor.0.accept(&Acceptor::ntlm(Framing::Raw, core::slice::from_ref(&self.user)))?;
        let now = text::unix_now();
        let mut file = self.header(&format!("curl {} to {}", version("curl")?, acceptor.1), &request, now)?;
        let (fetched, served) = origin::serve(&mut acceptor.0, "NTLM", Role::Server, |url| {
            curl::ntlm(&self.site, &self.user, &[url])
        })?;
        ensure!(fetched.last()?.status == 200, "{fetched:?}");
        file.tokens_of(&by_turns(served.tokens))?;
        file.context(&acceptor.0.session_key()?)?;
        self.save(name, &file)
    }

    fn header(&self, source: &str, request: &Initiator, now: i64) -> Result<File> {
        let framing = if request.framing == Framing::Raw { "raw" } else { "spnego" };
        let mut file = File::default();
        let User { user, domain, password, .. } = &self.user;
        let password = password.as_deref().context("a user with a password")?;
        writeln!(file.text, "source: {source}, by interop-record\nkind: flow\norigin: recorded")?;
        writeln!(file.text, "mech: ntlm\nframing: {framing}")?;
        writeln!(file.text, "\nname: setup\nkind: setup\nuser: {user}\ndomain: {domain}")?;
        writeln!(file.text, "password: \"{password}\"\ntarget: {}", request.target)?;
        writeln!(
            file.text,
            "now: {}\nunix: {now}\nflags: \"{}\"",
            text::rfc3339(now),
            request.flags.join(" ")
        )?;
        if let Some(bindings) = &request.channel_bindings {
            file.hex("bindings", &text::unhex(bindings)?)?;
        }
        Ok(file)
    }

    fn save(&self, name: &str, file: &File) -> Result<()> {
        file.save(&self.folder, &format!("recorded-{name}"))
    }
}

impl File {
    /// The bare messages, and the tokens when they are others.
    fn tokens_of(&mut self, tokens: &[(Side, Vec<u8>)]) -> Result<()> {
        let mut kinds = ["negotiate", "challenge", "authenticate"].into_iter();
        for (side, token) in tokens {
            let message = bare(token);
            if let Some(message) = message {
                let kind = kinds.next().context("more messages than NTLM has")?;
                write!(self.text, "\nname: {kind}\nkind: {kind}\n")?;
                self.hex("message", message)?;
            }
            if message != Some(token) {
                self.token(side_name(*side), token)?;
            }
        }
        ensure!(kinds.next().is_none(), "a message is missing");
        Ok(())
    }

    fn context(&mut self, key: &[u8]) -> Result<()> {
        write!(self.text, "\nname: context\nkind: context\n")?;
        self.hex("session-key", key)
    }
}

trait Speaks {
    fn exchanges_messages(&self) -> bool;
    fn clone_of(&self, site: &Site) -> Result<Peer>;
}

impl Speaks for Peer {
    fn exchanges_messages(&self) -> bool {
        !self.1.contains("ntlm_auth")
    }

    /// Another pyspnego.
    fn clone_of(&self, site: &Site) -> Result<Peer> {
        Ok((python::pyspnego(site)?, self.1.clone()))
    }
}

/// The NTLM message of a token, which may be in an OCTET STRING of SPNEGO.
fn bare(token: &[u8]) -> Option<&[u8]> {
    let start = token.windows(8).position(|window| window == b"NTLMSSP\0")?;
    let length = match *token.get(..start)? {
        [] => return Some(token),
        [.., 0x04, 0x82, high, low] => usize::from(high) << 8 | usize::from(low),
        [.., 0x04, 0x81, length] | [.., 0x04, length] => usize::from(length),
        _ => return None,
    };
    token.get(start..start + length)
}

fn by_turns(tokens: Vec<Vec<u8>>) -> Vec<(Side, Vec<u8>)> {
    let sides = [Side::Initiator, Side::Acceptor].into_iter().cycle();
    sides.zip(tokens).collect()
}

/// The version of a package of PyPI.
fn pypi(package: &str) -> Result<String> {
    let query = format!("import importlib.metadata; print(importlib.metadata.version({package:?}))");
    let version = peer::succeed(Command::new(venv::python()?).args(["-I", "-c", &query]), b"")?;
    Ok(format!("{} (PyPI)", version.trim_end()))
}
