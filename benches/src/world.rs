//! A realm in a folder: what both sides are given.

use alloc::sync::Arc;
use anyhow::{Context as _, Result};
use core::fmt::Write as _;
use gss_core::Timestamp;
use gss_krb5::replay::ReplayCache;
use gss_krb5::{AcceptorConfig, Allow, ServiceKeys, ServiceTicket, TicketTimes};
use krb5_asn1::{EncryptionKeyBuf, Principal};
use krb5_crypto::{EncType, Key};
use krb5_files::{Ccache, Credential, Keytab, KeytabEntry, Times};
use std::path::PathBuf;
use tempfile::TempDir;
use test_support::ticket::{TicketMaker, key};

const CLIENT: &str = "alice@EXAMPLE.COM";
pub(crate) const HOST: &str = "www.example.com";
pub(crate) const REALM: &str = "EXAMPLE.COM";
const KVNO: u32 = 2;
const HOUR: i64 = 3600;

/// The service that all tickets are for.
pub(crate) const SERVICE: &str = "HTTP/www.example.com@EXAMPLE.COM";

/// The enctypes that are measured, under short names.
pub(crate) const ENCTYPES: &[(EncType, &str)] = &[
    (EncType::AES256_CTS_HMAC_SHA1_96, "aes256-sha1"),
    (EncType::AES128_CTS_HMAC_SHA1_96, "aes128-sha1"),
    (EncType::AES128_CTS_HMAC_SHA256_128, "aes128-sha256"),
    (EncType::AES256_CTS_HMAC_SHA384_192, "aes256-sha384"),
    (EncType::RC4_HMAC, "rc4"),
];

/// A client, a service, and a ticket of the one for the other; ticket, session key and subkeys are of one enctype.
pub(crate) struct World {
    pub(crate) enctype: EncType,
    pub(crate) ticket: Arc<ServiceTicket>,
    service_key: Key,
    folder: TempDir,
}

impl World {
    pub(crate) fn new(enctype: EncType) -> Result<Self> {
        let service_key = key(enctype, 77);
        let now = Timestamp::now().seconds();
        let maker = TicketMaker {
            kvno: Some(KVNO),
            session_key: key(enctype, 78),
            auth_time: now - HOUR,
            start_time: Some(now - HOUR),
            end_time: now + 9 * HOUR,
            ..TicketMaker::new(CLIENT, SERVICE, service_key.duplicate())
        };
        let ticket = Arc::new(ServiceTicket {
            client: maker.client.clone(),
            server: maker.service.clone(),
            session_key: maker.session_key.duplicate(),
            ticket: maker.ticket(),
            flags: maker.flags,
            times: TicketTimes {
                auth: Timestamp::from_seconds(now - HOUR),
                start: Timestamp::from_seconds(now - HOUR),
                end: Timestamp::from_seconds(now + 9 * HOUR),
                renew_till: None,
            },
        });
        Ok(Self { enctype, ticket, service_key, folder: TempDir::new()? })
    }

    /// Our acceptor's configuration. The keytab has so many entries; that of [`SERVICE`] is in the middle.
    pub(crate) fn acceptor(
        &self,
        entries: usize,
        replay: impl ReplayCache + Send + Sync + 'static,
    ) -> AcceptorConfig {
        let mut keys = ServiceKeys::new();
        for (service, key) in self.keys(entries) {
            keys.add(service, KVNO, key);
        }
        AcceptorConfig::new(keys, replay).allow(Allow::WEAK_ENCTYPES)
    }

    /// The same keys as a file.
    pub(crate) fn keytab(&self, entries: usize) -> Result<String> {
        let keytab = Keytab::from_entries(
            self.keys(entries).map(|(service, key)| KeytabEntry::new(service, KVNO, key_of_file(&key))),
        );
        self.write(&format!("{entries}.keytab"), &keytab.to_bytes()?)
    }

    fn keys(&self, entries: usize) -> impl Iterator<Item = (Principal, Key)> {
        (0..entries).map(move |index| {
            if index == entries / 2 {
                return (Principal::new_service("HTTP", HOST, REALM), self.service_key.duplicate());
            }
            let name = Principal::new_service("HTTP", &format!("host{index}.example.com"), REALM);
            (name, key(self.enctype, 1000 + index as u64))
        })
    }

    /// The client's ticket as a file.
    pub(crate) fn ccache(&self) -> Result<String> {
        let ticket = &*self.ticket;
        let seconds = |time: Timestamp| u32::try_from(time.seconds()).context("a time after 2106");
        let mut ccache = Ccache::new(ticket.client.clone());
        ccache.entries.push(Credential {
            client: ticket.client.clone(),
            server: ticket.server.clone(),
            key: key_of_file(&ticket.session_key),
            times: Times {
                authtime: seconds(ticket.times.auth)?,
                starttime: seconds(ticket.times.start)?,
                endtime: seconds(ticket.times.end)?,
                renew_till: 0,
            },
            skey_mark: 0,
            flags: ticket.flags,
            addresses: Vec::new(),
            authdata: Vec::new(),
            ticket: ticket.ticket.clone(),
            second_ticket: Vec::new(),
        });
        self.write("ccache", &ccache.to_bytes()?)
    }

    /// A krb5.conf that keeps MIT's side off the network, and at this world's enctype.
    pub(crate) fn krb5_conf(&self) -> Result<PathBuf> {
        let mut text = String::from("[libdefaults]\n");
        let name = self.enctype.name().context("an enctype of this build")?;
        for (key, value) in [
            ("default_realm", REALM),
            ("permitted_enctypes", name),
            ("allow_weak_crypto", "true"),
            ("allow_rc4", "true"),
            ("dns_lookup_kdc", "false"),
            ("dns_lookup_realm", "false"),
            ("dns_canonicalize_hostname", "false"),
            ("rdns", "false"),
            ("plugin_base_dir", "/nonexistent"),
        ] {
            writeln!(text, "{key} = {value}")?;
        }
        self.write("krb5.conf", text.as_bytes())?;
        Ok(self.folder.path().join("krb5.conf"))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<String> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(format!("FILE:{}", path.display()))
    }
}

fn key_of_file(key: &Key) -> EncryptionKeyBuf {
    EncryptionKeyBuf::new(key.enctype().0, key.secret_bytes())
}
