//! Handshakes that MIT recorded.

use krb5_crypto::{EncType, Key};
use krb5_files::Keytab;
use test_support::vectors::{Record, VectorFile, load, root};

/// One file of `vectors/flows/mit`.
pub struct Flow {
    /// The file's name without its ending.
    pub name: String,
    file: VectorFile,
}

/// All of them.
pub fn all() -> Vec<Flow> {
    let folder = std::fs::read_dir(root().join("flows/mit")).expect("recordings");
    let mut names: Vec<String> =
        folder.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
        .into_iter()
        .map(|name| Flow {
            file: load(&format!("flows/mit/{name}")),
            name: name.trim_end_matches(".txt").to_owned(),
        })
        .collect()
}

impl Flow {
    /// Records of a kind.
    pub fn records<'f>(&'f self, kind: &'f str) -> impl Iterator<Item = &'f Record> {
        self.file.records().iter().filter(move |record| record.get("kind") == Some(kind))
    }

    /// Tokens of one side, in order.
    pub fn tokens(&self, from: &str) -> Vec<Vec<u8>> {
        self.records("token").filter(|it| it.text("from") == from).map(|it| it.hex("token")).collect()
    }

    /// When it was recorded.
    pub fn now(&self) -> u32 {
        u32::try_from(self.setup().int("unix")).expect("before 2106")
    }

    /// The keys of the service.
    pub fn service_keys(&self) -> Vec<Key> {
        let keytab = Keytab::parse(&self.setup().hex("keytab")).expect("a keytab");
        let service = self.setup().text("principal");
        let keys = keytab.entries.iter().filter(|entry| entry.principal.to_string() == service);
        keys.map(|entry| Key::new(EncType(entry.key.keytype()), entry.key.keyvalue()).expect("a key"))
            .collect()
    }

    /// Keytab and credential cache.
    pub fn files(&self) -> [(&'static str, Vec<u8>); 2] {
        ["keytab", "ccache"].map(|kind| (kind, self.setup().hex(kind)))
    }

    fn setup(&self) -> &Record {
        self.records("setup").next().expect("a setup")
    }

    /// Whether SPNEGO is around.
    pub fn is_spnego(&self) -> bool {
        self.name.starts_with("spnego")
    }
}
