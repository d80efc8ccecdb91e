//! Keytab and credential cache files.

use super::Inspector;
use super::krb5::flags;
use super::tree::{Hex, Node};
use gss_core::Timestamp;
use krb5_files::{Ccache, Credential, Keytab, KeytabEntry};

impl Inspector {
    pub(super) fn file(&self, bytes: &[u8]) -> Node {
        // Versions 1 and 2 exist of both formats; as keytab these begin with a record length.
        match (Keytab::parse(bytes), Ccache::parse(bytes)) {
            (Ok(keytab), _) => self.keytab_file(&keytab),
            (_, Ok(ccache)) => self.ccache_file(&ccache),
            (Err(as_keytab), Err(as_ccache)) => Node::new(format_args!(
                "neither a keytab ({as_keytab}) nor a credential cache ({as_ccache}), {} bytes",
                bytes.len()
            ))
            .with_field("bytes", Hex(bytes)),
        }
    }

    fn keytab_file(&self, keytab: &Keytab) -> Node {
        let node = Node::new(format_args!("keytab, {:?}", keytab.version));
        keytab.entries.iter().fold(node, |node, entry| node.with(self.keytab_entry(entry)))
    }

    fn keytab_entry(&self, entry: &KeytabEntry) -> Node {
        Node::new(&entry.principal)
            .with_field("kvno", entry.kvno)
            .with_field("written", Timestamp::from_seconds(entry.timestamp.into()))
            .with(self.key("key", entry.key.as_borrowed()))
    }

    fn ccache_file(&self, ccache: &Ccache) -> Node {
        let mut node = Node::new(format_args!("credential cache, {:?}", ccache.version))
            .with_field("default principal", &ccache.default_principal);
        for setting in ccache.config() {
            let value = String::from_utf8_lossy(setting.value);
            let about = setting.principal.map(|principal| format!(" of {principal}")).unwrap_or_default();
            node.push(Node::field("setting", format_args!("{}{about} = {value}", setting.key)));
        }
        ccache.credentials().fold(node, |node, credential| node.with(self.credential(credential)))
    }

    fn credential(&self, credential: &Credential) -> Node {
        let time = |seconds: u32| (seconds != 0).then(|| Timestamp::from_seconds(seconds.into()));
        let node = Node::new(&credential.server)
            .with_field("client", &credential.client)
            .with_optional("authenticated at", time(credential.times.authtime))
            .with_optional("starts", time(credential.times.starttime))
            .with_optional("ends", time(credential.times.endtime))
            .with_optional("renewable until", time(credential.times.renew_till))
            .with_field("flags", flags(credential.flags.0, credential.flags.names()))
            .with(self.key("session key", credential.key.as_borrowed()));
        match credential.decode_ticket() {
            Ok(ticket) => node.with(self.ticket("ticket", ticket.value()).0),
            Err(error) => node.with_field("ticket malformed", error),
        }
    }
}
