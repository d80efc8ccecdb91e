//! NTLM against real peers, and the peers against each other.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `peers` | peers only: proves that the harness works |
//! | `contexts` | both roles, raw and SPNEGO, every kind of protection, messages of many sizes |
//! | `bindings` | channel bindings equal, different and absent under each policy |
//! | `rejects` | wrong password, unknown user, no MIC, wrong service |
//! | `variants` | what has to be allowed by name: no MIC, 56 bits, nobody; and datagrams |
//! | `reselection` | SPNEGO with Kerberos first and NTLM after it |
//! | `directory` | our initiator at Samba's LDAP server, signed and sealed |
//! | `http` | curl at `gssctl serve`, `gssctl fetch` at the harness's server |
//! | `domain` | `gssctl serve` with the users whom winbind knows |

mod bindings;
mod contexts;
mod directory;
mod domain;
mod http;
mod peers;
mod rejects;
mod reselection;
mod variants;

use anyhow::{Context, Result, ensure};
use interop::endpoint::{Endpoint, User};
use interop::samba::{self, Controller};
use interop::site::Site;
use interop::{gssctl, python};

/// Whose implementation plays a side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Party {
    /// `gssctl shim`
    Ours,
    /// gss-ntlmssp under MIT's library
    GssNtlmssp,
    /// pyspnego
    Pyspnego,
    /// impacket, a client
    Impacket,
    /// Samba's `ntlm_auth`, which exchanges no messages
    NtlmAuth,
}

/// Where the parties of a test meet.
struct Stage {
    // Before the site, in whose folder it works.
    controller: Option<Controller>,
    site: Site,
    user: User,
}

impl Stage {
    /// With NTLM in MIT's library.
    fn new() -> Result<Self> {
        let mut site = Site::new()?;
        site.with_ntlm()?;
        // Samba wants a password of several kinds of characters.
        let user = User::new(samba::DOMAIN, "alice", "Correct horse 9 battery");
        Ok(Self { controller: None, site, user })
    }

    /// With a Samba domain controller as well.
    fn with_samba() -> Result<Self> {
        let mut stage = Self::new()?;
        stage.controller = Some(Controller::start(&stage.site, stage.users())?);
        Ok(stage)
    }

    fn controller(&self) -> Result<&Controller> {
        self.controller.as_ref().context("this test starts no Samba")
    }

    fn start(&self, party: Party) -> Result<Endpoint> {
        match party {
            Party::Ours => gssctl::shim(&self.site),
            Party::GssNtlmssp => python::start(&self.site),
            Party::Pyspnego => python::pyspnego(&self.site),
            Party::Impacket => python::impacket(&self.site),
            Party::NtlmAuth => self.controller()?.ntlm_auth(&self.site),
        }
    }

    fn users(&self) -> &[User] {
        core::slice::from_ref(&self.user)
    }
}

/// Messages of these sizes both ways. gss-ntlmssp takes no empty ones.
fn messages(left: &mut Endpoint, right: &mut Endpoint, sizes: &[usize], conf: &[bool]) -> Result<()> {
    for &size in sizes {
        one_way(left, right, size, conf).with_context(|| format!("{size} bytes to the acceptor"))?;
        one_way(right, left, size, conf).with_context(|| format!("{size} bytes to the initiator"))?;
    }
    Ok(())
}

fn one_way(from: &mut Endpoint, to: &mut Endpoint, size: usize, conf: &[bool]) -> Result<()> {
    let message: Vec<_> =
        (0..size).map(|index| u8::try_from((index * 7 + size) % 251)).collect::<Result<_, _>>()?;
    for &conf in conf {
        let opened = to.unwrap(&from.wrap(&message, conf)?).with_context(|| format!("conf: {conf}"))?;
        assert_eq!(opened.status, "ok");
        ensure!(opened.data.as_deref() == Some(&message), "another message came, conf: {conf}");
    }
    assert_eq!(to.verify_mic(&message, &from.mic(&message)?).context("MIC")?, "ok");
    Ok(())
}
