//! What programs need to work with the KDC: keytabs, credential caches, configuration.

use core::fmt::Write as _;

use krb5_asn1::{Principal, TicketFlags};
use krb5_crypto::{EncType, Key};
use krb5_files::{Ccache, Credential, Keytab, KeytabEntry, Times as FileTimes};

use crate::database::{Database, Record, tgs_realm};
use crate::kdc::{State, parse};
use crate::keys::to_wire;
use crate::ticket::{Contents, Recipient, Times};
use crate::{ConfigError, Kdc, grant, pac};

impl Kdc {
    /// The keys of these accounts, all versions and enctypes, newest and best first.
    ///
    /// # Errors
    /// [`ConfigError::UnknownAccount`].
    pub fn keytab(&self, principals: &[&str]) -> Result<Keytab, ConfigError> {
        let state = self.lock();
        let mut entries = Vec::new();
        for name in principals {
            let principal = parse(name)?;
            let Some(record) = state.db.find(&principal) else {
                return Err(ConfigError::UnknownAccount { principal });
            };
            for set in &record.keys {
                let keys = set.iter().map(|key| KeytabEntry::new(principal.clone(), set.kvno, to_wire(key)));
                entries.extend(keys);
            }
        }
        Ok(Keytab::from_entries(entries))
    }

    /// A ticket for a client, without an exchange: as a ready login for tests of what comes after. It is forwardable and
    /// renewable as far as the accounts allow, and lives as long as can be.
    ///
    /// # Errors
    /// [`ConfigError::UnknownAccount`], [`ConfigError::NoKey`].
    pub fn ticket(&self, client: &str, server: &str) -> Result<Credential, ConfigError> {
        let (client, server) = (parse(client)?, parse(server)?);
        let mut state = self.lock();
        let State { db, tools } = &mut *state;
        let now = grant::whole(self.clock().now());
        issue(db, &mut *tools.rng, now, client, server)
    }

    /// A credential cache of a client with tickets for these services; the first is to be
    /// `krbtgt/REALM@REALM` where programs are to get further ones by themselves.
    ///
    /// # Errors
    /// As [`ticket`](Self::ticket).
    pub fn ccache(&self, client: &str, servers: &[&str]) -> Result<Ccache, ConfigError> {
        let mut cache = Ccache::new(parse(client)?);
        for server in servers {
            cache.entries.push(self.ticket(client, server)?);
        }
        Ok(cache)
    }

    /// A krb5.conf by which programs find this KDC. The first realm is the default one.
    #[must_use]
    pub fn krb5_conf(&self, endpoints: &Endpoints) -> String {
        let state = self.lock();
        let mut names: Vec<_> = state.db.realms().map(|realm| realm.name.as_str()).collect();
        if let Some(at) = names.iter().position(|name| Some(*name) == endpoints.default_realm.as_deref()) {
            names.swap(0, at);
        }
        let mut text = String::from("[libdefaults]\n");
        if let Some(first) = names.first() {
            let _ = writeln!(text, "    default_realm = {first}");
        }
        for setting in ["dns_lookup_kdc", "dns_lookup_realm", "dns_canonicalize_hostname", "rdns"] {
            let _ = writeln!(text, "    {setting} = false");
        }
        text.push_str("\n[realms]\n");
        for name in &names {
            let _ = writeln!(text, "    {name} = {{");
            let tags = [("kdc", &endpoints.kdc), ("kpasswd_server", &endpoints.kpasswd)];
            for (tag, address) in tags.iter().flat_map(|(tag, list)| list.iter().map(move |one| (tag, one))) {
                let _ = writeln!(text, "        {tag} = {address}");
            }
            if let Some(anchors) = &endpoints.http_anchors {
                let _ = writeln!(text, "        http_anchors = FILE:{anchors}");
            }
            text.push_str("    }\n");
        }
        text.push_str("\n[domain_realm]\n");
        for realm in state.db.realms() {
            for (host, of) in &realm.hosts {
                let _ = writeln!(text, "    {host} = {of}");
            }
        }
        text
    }
}

/// Where programs find a KDC, as krb5.conf writes it: `127.0.0.1:8888`, `https://kdc.test/KdcProxy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Where tickets are had.
    pub kdc: Vec<String>,
    /// Where passwords are changed.
    pub kpasswd: Vec<String>,
    /// A file with the certificate that HTTPS addresses show, in PEM.
    pub http_anchors: Option<String>,
    /// The realm of names without one; `None`: the first in alphabetical order.
    pub default_realm: Option<String>,
}

fn issue(
    db: &Database,
    rng: &mut dyn rand_core::CryptoRng,
    now: gss_core::Timestamp,
    client: Principal,
    server: Principal,
) -> Result<Credential, ConfigError> {
    let unknown = |principal: &Principal| ConfigError::UnknownAccount { principal: principal.clone() };
    let no_key = || ConfigError::NoKey { principal: server.clone() };
    let client_record = db.find(&client).ok_or_else(|| unknown(&client))?;
    let record = db.find(&server).ok_or_else(|| unknown(&server))?;
    let realm = db.realm(server.realm().as_bytes()).ok_or_else(|| unknown(&server))?;
    let (key, kvno) = record.ticket_key().ok_or_else(no_key)?;
    let (kdc_key, _) = db.tgs(&realm.name).and_then(Record::ticket_key).ok_or_else(no_key)?;
    let enctype: EncType = record.session_enctypes().first().copied().ok_or_else(no_key)?;
    let limits = grant::Limits::new(realm, &[client_record, record]);
    let times = Times {
        auth: now,
        start: now,
        end: now.saturating_add_seconds(limits.life),
        renew_till: Some(now.saturating_add_seconds(limits.renewable_life)),
    };
    let wanted = TicketFlags::FORWARDABLE | TicketFlags::PROXIABLE | TicketFlags::RENEWABLE;
    let mut flags = wanted.without(client_record.account.denied() | record.account.denied());
    flags = flags | TicketFlags::PRE_AUTHENT;
    let service = tgs_realm(server.name()).is_none();
    if !service {
        flags = flags | TicketFlags::INITIAL;
    }
    if record.account.ok_as_delegate {
        flags = flags | TicketFlags::OK_AS_DELEGATE;
    }
    let times =
        if flags.contains(TicketFlags::RENEWABLE) { times } else { Times { renew_till: None, ..times } };
    let session_key = Key::generate(enctype, rng).map_err(|_| no_key())?;
    let contents = Contents {
        flags,
        session_key,
        client: client.clone(),
        transited: Vec::new(),
        times,
        addresses: Vec::new(),
        authdata: Vec::new(),
    };
    let too_long = |_| ConfigError::TooLong;
    let pac = if record.account.without_pac {
        None
    } else {
        pac::for_client(realm, client_record, &client, times, None).map_err(too_long)?
    };
    let pac = if service { pac.map(pac::for_service) } else { pac };
    let to = Recipient { server: &server, key, kvno: Some(kvno), kdc_key, service };
    let ticket = contents.seal(pac.as_ref(), &to, rng).map_err(too_long)?;
    let seconds = |time: gss_core::Timestamp| u32::try_from(time.seconds().max(0)).unwrap_or(u32::MAX);
    Ok(Credential {
        client,
        key: to_wire(&contents.session_key),
        times: FileTimes {
            authtime: seconds(times.auth),
            starttime: seconds(times.start),
            endtime: seconds(times.end),
            renew_till: times.renew_till.map_or(0, seconds),
        },
        skey_mark: 0,
        flags,
        addresses: Vec::new(),
        authdata: Vec::new(),
        ticket,
        second_ticket: Vec::new(),
        server,
    })
}
