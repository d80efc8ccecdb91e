//! Writes `fuzz/seeds/` from `vectors/` and from handshakes of our own: `cargo run --example seeds` in `fuzz/`.
//!
//! The output is the same each time. Files whose name begins with `found-` are inputs that once broke something; they
//! are kept by hand and left alone.

mod codec;
mod flow;
mod http;
mod kdc;
mod krb5;
mod message;
mod ntlm;
mod pac;
mod spnego;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() -> io::Result<()> {
    let mut seeds = Seeds::default();
    codec::add(&mut seeds);
    kdc::add(&mut seeds);
    krb5::add(&mut seeds);
    message::add(&mut seeds);
    ntlm::add(&mut seeds);
    pac::add(&mut seeds);
    spnego::add(&mut seeds);
    http::add(&mut seeds);
    seeds.write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds"))
}

/// Inputs by target and name.
#[derive(Default)]
struct Seeds(BTreeMap<(String, String), Vec<u8>>);

impl Seeds {
    /// Adds an input. Its name says what it is.
    fn add(&mut self, target: &str, name: &str, input: impl Into<Vec<u8>>) {
        let name: String = name
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' })
            .collect();
        let name = name.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
        let before = self.0.insert((target.to_owned(), name), input.into());
        assert!(before.is_none(), "{target} has two seeds of one name");
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let mut bytes = 0;
        let folders: std::collections::BTreeSet<PathBuf> =
            self.0.keys().map(|(target, _)| folder.join(target)).collect();
        for folder in folders {
            fs::create_dir_all(&folder)?;
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if !entry.file_name().to_string_lossy().starts_with("found-") {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        for ((target, name), input) in &self.0 {
            bytes += input.len();
            fs::write(folder.join(target).join(name), input)?;
        }
        println!("{} seeds, {bytes} bytes", self.0.len());
        Ok(())
    }
}
