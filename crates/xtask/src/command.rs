//! Running programs, with the command line shown first so that a person can repeat it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::workspace::Workspace;

/// A command line under construction, to run in the workspace's root folder.
#[derive(Debug)]
pub(crate) struct Cmd {
    inner: Command,
    shown: String,
}

impl Cmd {
    pub(crate) fn new(workspace: &Workspace, line: &str) -> Self {
        Self::within(&workspace.root, line)
    }

    /// `line` is split at white space; arguments that hold white space are added with [`Cmd::arg`].
    pub(crate) fn within(folder: &Path, line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut inner = Command::new(words.next().unwrap_or_default());
        inner.args(words).current_dir(folder);
        Self { inner, shown: line.to_owned() }
    }

    /// A program by its path.
    pub(crate) fn program(workspace: &Workspace, path: &Path) -> Self {
        let mut inner = Command::new(path);
        inner.current_dir(&workspace.root);
        Self { inner, shown: path.display().to_string() }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<str>) -> Self {
        self.inner.arg(arg.as_ref());
        self.shown.push(' ');
        self.shown.push_str(arg.as_ref());
        self
    }

    pub(crate) fn args<S: AsRef<str>>(self, args: impl IntoIterator<Item = S>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, key: &str, value: &str) -> Self {
        self.inner.env(key, value);
        self.shown = format!("{key}={value} {}", self.shown);
        self
    }

    /// Runs with our own output streams; fails unless the program succeeds.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        println!("$ {}", self.shown);
        let status = self.inner.status().with_context(|| format!("cannot start `{}`", self.shown))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.shown);
        }
        Ok(())
    }

    /// Runs silently and returns what the program printed; on failure its messages are in the error.
    pub(crate) fn read(mut self) -> anyhow::Result<String> {
        let output = self.inner.output().with_context(|| format!("cannot start `{}`", self.shown))?;
        if !output.status.success() {
            let messages = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed ({}): {}", self.shown, output.status, messages.trim());
        }
        String::from_utf8(output.stdout).with_context(|| format!("output of `{}`", self.shown))
    }

    /// Whether the program is there and succeeds.
    pub(crate) fn succeeds(mut self) -> bool {
        self.inner.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// The command for a caller that manages the process itself.
    pub(crate) fn into_inner(self) -> Command {
        println!("$ {}", self.shown);
        self.inner
    }
}
