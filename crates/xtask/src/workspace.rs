//! What cargo knows of the workspace.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use crate::command::Cmd;

/// The workspace, read once.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
    /// The oldest Rust that the workspace promises to build with.
    pub(crate) msrv: String,
}

/// One member.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) root: PathBuf,
    pub(crate) features: Vec<String>,
    /// Names of direct dependencies, dev-dependencies left out.
    pub(crate) dependencies: Vec<String>,
    pub(crate) binaries: Vec<String>,
}

impl Workspace {
    pub(crate) fn open() -> anyhow::Result<Self> {
        // As `cargo run` sets it: two checkouts that share a target folder may run the same binary.
        let manifest =
            env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&manifest).join("../..").canonicalize()?;
        Self::at(&root)
    }

    /// The workspace whose root manifest is in `root`.
    pub(crate) fn at(root: &Path) -> anyhow::Result<Self> {
        let text = Cmd::within(root, "cargo metadata --format-version 1 --no-deps").read()?;
        let metadata: Value = serde_json::from_str(&text)?;
        let packages = array(&metadata, "packages")?;
        let msrv = packages
            .iter()
            .find_map(|package| package["rust_version"].as_str())
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            root: root.to_owned(),
            target: PathBuf::from(string(&metadata, "target_directory")?),
            packages: packages.iter().map(Package::read).collect::<anyhow::Result<_>>()?,
            msrv,
        })
    }

    pub(crate) fn package(&self, name: &str) -> anyhow::Result<&Package> {
        self.packages
            .iter()
            .find(|p| p.name == name)
            .ok_or_else(|| anyhow!("the workspace has no package {name:?}"))
    }
}

impl Package {
    fn read(package: &Value) -> anyhow::Result<Self> {
        let manifest = PathBuf::from(string(package, "manifest_path")?);
        let features =
            package["features"].as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
        let dependencies = array(package, "dependencies")?
            .iter()
            .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
            .map(|dependency| string(dependency, "name"))
            .collect::<anyhow::Result<_>>()?;
        let binaries = array(package, "targets")?
            .iter()
            .filter(|target| {
                target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"))
            })
            .map(|target| string(target, "name"))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            name: string(package, "name")?,
            root: manifest.parent().map(Path::to_owned).unwrap_or_default(),
            features,
            dependencies,
            binaries,
        })
    }
}

fn string(value: &Value, key: &str) -> anyhow::Result<String> {
    value[key].as_str().map(str::to_owned).with_context(|| format!("cargo metadata gave no {key:?}"))
}

fn array<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a [Value]> {
    value[key].as_array().map(Vec::as_slice).with_context(|| format!("cargo metadata gave no {key:?}"))
}
