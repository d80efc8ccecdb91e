//! The stock clients of a KDC: MIT's and Heimdal's `kinit` and what goes with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Directory;
use crate::enctype::Enctype;
use crate::peer;
use crate::site::Site;
use crate::{heimdal, packages};

/// Whose programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Maker {
    /// MIT krb5's.
    Mit,
    /// Heimdal's.
    Heimdal,
}

/// The programs of one maker, under a krb5.conf.
#[derive(Debug)]
pub struct Client<'s> {
    maker: Maker,
    site: &'s Site,
    config: PathBuf,
}

impl<'s> Client<'s> {
    /// Programs that know the realms of a directory.
    ///
    /// # Errors
    /// The krb5.conf cannot be written.
    pub fn new(maker: Maker, site: &'s Site, directory: &Directory, realm: &str) -> Result<Self> {
        Self::with_profile(maker, site, &directory.profile(realm, Enctype::ALL))
    }

    /// Programs under a krb5.conf.
    ///
    /// # Errors
    /// The krb5.conf cannot be written.
    pub fn with_profile(maker: Maker, site: &'s Site, profile: &str) -> Result<Self> {
        let config = site.fresh_path("client.conf");
        fs::write(&config, profile)?;
        Ok(Self { maker, site, config })
    }

    /// A program under the krb5.conf.
    ///
    /// # Errors
    /// It is missing.
    pub fn command(&self, program: &str) -> Result<Command> {
        let mut command = match self.maker {
            Maker::Mit => self.site.command(packages::find(program)?),
            Maker::Heimdal => heimdal::command(self.site, program)?,
        };
        command.env("KRB5_CONFIG", &self.config);
        Ok(command)
    }

    /// Logs in with a password, into a new FILE ccache.
    ///
    /// # Errors
    /// `kinit` is missing or fails.
    pub fn kinit(&self, principal: &str, password: &str, options: &[&str]) -> Result<PathBuf> {
        let ccache = self.site.fresh_path("ccache");
        let mut command = self.command("kinit")?;
        command.arg("-c").arg(&ccache).args(options);
        if self.maker == Maker::Heimdal {
            command.arg("--password-file=STDIN");
        }
        peer::succeed(command.arg(principal), format!("{password}\n").as_bytes())?;
        Ok(ccache)
    }

    /// Fetches a service ticket into a ccache, with `kvno` or `kgetcred`.
    ///
    /// # Errors
    /// It is missing or fails.
    pub fn ticket(&self, ccache: &Path, options: &[&str], service: &str) -> Result<()> {
        let mut command = match self.maker {
            Maker::Mit => self.command("kvno")?,
            Maker::Heimdal => self.command("kgetcred")?,
        };
        peer::succeed(command.arg("-c").arg(ccache).args(options).arg(service), b"").map(drop)
    }

    /// What MIT's `klist` says of a ccache.
    ///
    /// # Errors
    /// `klist` is missing or fails.
    pub fn klist(&self, ccache: &Path) -> Result<String> {
        let mut command = self.site.command(packages::find("klist")?);
        peer::succeed(command.args(["-f", "-e", "-C"]).arg(ccache), b"")
    }
}
