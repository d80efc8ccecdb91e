//! What programs need to work with the KDC: keytabs and credential caches.

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
