//! A realm for servers: tickets of a user for one service, and requests that log in with them.

use crate::ours::FLAGS;
use alloc::sync::Arc;
use anyhow::{Context as _, Result, bail};
use gss::krb5::{Credentials, ServiceTicket};
use gss::{AcceptorConfig, Initiator};
use gss_core::bindings::TlsChannel;
use gss_core::{ContextFlags, Env, Handshake as _, Step, Timestamp};
use gss_http::gss::client::{Client, ClientPolicy, Exchange};
use gss_http::gss::{Binding, RequestParts};
use gss_http::{HeaderValue, Scheme};
use gss_krb5::replay::{MemoryReplayCache, ReplayCache as _, ReplayEntry};
use krb5_crypto::EncType;
use krb5_testkdc::{Kdc, Realm};
use rand_core::{Rng as _, UnwrapErr};

const REALM: &str = "EXAMPLE.COM";
const SERVICE: &str = "HTTP/www.example.com";
const HOST: &str = "www.example.com";

/// Who logs in.
pub(crate) const USER: &str = "alice@EXAMPLE.COM";
/// Somebody else, to see that servers tell the two apart.
pub(crate) const OTHER_USER: &str = "bob@EXAMPLE.COM";

/// The server as clients of the scheme `GSS` know it.
pub(crate) const ORIGIN: &str = "http://www.example.com";
/// The same with its port, as it is signed.
const SIGNED_ORIGIN: &str = "http://www.example.com:80";

const REPLAY_CAPACITY: usize = 1 << 20;

/// Where everybody may go without a login.
pub(crate) const OPEN: &str = "/open";

/// The hash of a certificate. There is no TLS: the server is told that this certificate is at a TLS terminator.
pub(crate) const END_POINT: [u8; 32] = [0x5a; 32];

/// The service's keys, and tickets for it.
pub(crate) struct Site {
    pub(crate) keytab: Vec<u8>,
    ticket: Arc<ServiceTicket>,
    other_ticket: Arc<ServiceTicket>,
}

impl Site {
    /// A realm of aes256-sha1, which is what clients prefer; its tickets have a PAC.
    pub(crate) fn new() -> Result<Self> {
        let mut realm = Realm::new(REALM);
        realm.enctypes = vec![EncType::AES256_CTS_HMAC_SHA1_96];
        let kdc = Kdc::new(realm.user("alice", "secret").user("bob", "secret").service(SERVICE))?;
        let service = format!("{SERVICE}@{REALM}");
        let ticket = |user| {
            let credentials = Credentials::from_ccache(&kdc.ccache(user, &[&service])?.to_bytes()?)?;
            credentials.tickets().first().map(Arc::clone).context("a cache without a ticket")
        };
        Ok(Self {
            keytab: kdc.keytab(&[&service])?.to_bytes()?.to_vec(),
            ticket: ticket(USER)?,
            other_ticket: ticket(OTHER_USER)?,
        })
    }

    fn initiator(&self) -> Initiator {
        Initiator::with_ticket(Arc::clone(&self.ticket)).flags(FLAGS)
    }

    /// The first token of a login, as credentials of `Negotiate`, and who waits for the answer.
    pub(crate) fn negotiate(&self) -> Result<(String, Initiator)> {
        begin(self.initiator())
    }

    /// The same by another user.
    pub(crate) fn negotiate_as_other(&self) -> Result<(String, Initiator)> {
        begin(Initiator::with_ticket(Arc::clone(&self.other_ticket)).flags(FLAGS))
    }

    /// The first token of a login that takes another leg (DCE style).
    pub(crate) fn negotiate_in_three_legs(&self) -> Result<(String, Initiator)> {
        begin(self.initiator().flags(FLAGS.with(ContextFlags::DCE_STYLE)))
    }

    /// The first credentials of `GSS`, bound to the server's certificate, and who waits for the answer.
    pub(crate) fn gss(&self) -> Result<(String, Exchange<Initiator>)> {
        self.gss_with(FLAGS)
    }

    /// The same for a login that takes another leg (DCE style).
    pub(crate) fn gss_in_three_legs(&self) -> Result<(String, Exchange<Initiator>)> {
        self.gss_with(FLAGS.with(ContextFlags::DCE_STYLE))
    }

    fn gss_with(&self, flags: ContextFlags) -> Result<(String, Exchange<Initiator>)> {
        let channel = channel();
        let binding = Binding::of(&channel, gss_core::bindings::TlsBinding::ServerEndPoint).next();
        let binding = binding.context("the channel has no end point")?;
        let initiator = self.initiator().flags(flags).channel_bindings(&binding.channel_bindings());
        let client = Client::new(initiator, Some(binding), SIGNED_ORIGIN, ClientPolicy::default());
        let (field, exchange) = with_env(|env| client.begin(env))?;
        Ok((field.value.into_string(), exchange))
    }
}

/// An acceptor's configuration. Its replay cache has room for all logins of a run, which are far more in some minutes than
/// the default is made for, and is as one that has been in use for a while: its memory is there.
pub(crate) fn acceptor(keytab: &[u8]) -> Result<AcceptorConfig> {
    let cache = MemoryReplayCache::with_capacity(REPLAY_CAPACITY);
    let now = Timestamp::now();
    let mut rng = UnwrapErr(getrandom::SysRng);
    // Entries of an hour ago, which make room for some of now; each part of the cache has to see one.
    for (time, count) in [(now.saturating_add_seconds(-3600), REPLAY_CAPACITY / 2), (now, 1000)] {
        for _ in 0..count {
            let mut digest = [0; ReplayEntry::DIGEST_LEN];
            rng.fill_bytes(&mut digest);
            let entry = ReplayEntry::with_keep_until(digest, time.saturating_add_seconds(1));
            let _ = cache.check_and_insert(&entry, time)?;
        }
    }
    Ok(AcceptorConfig::from_keytab_with(keytab, cache)?)
}

/// The TLS channel that logins of `GSS` are bound to.
pub(crate) fn channel() -> TlsChannel {
    TlsChannel::none().with_end_point(END_POINT)
}

/// What a MIC covers of a request to `/`.
pub(crate) fn parts(channel: &TlsChannel) -> RequestParts<'_> {
    RequestParts { method: "GET", origin: SIGNED_ORIGIN, target: "/", content_digest: None, channel }
}

fn begin(initiator: Initiator) -> Result<(String, Initiator)> {
    let mut token = Vec::new();
    match with_env(|env| initiator.step(&mut [], &mut token, env))? {
        Step::Continue(next) => Ok((HeaderValue::token(Scheme::Negotiate, &token).into_string(), next)),
        Step::Done(_) => bail!("our initiator wants no answer"),
    }
}

/// Runs something at the time that it is now, with randomness from the operating system.
pub(crate) fn with_env<R>(work: impl FnOnce(&mut Env<'_>) -> R) -> R {
    let mut rng = UnwrapErr(getrandom::SysRng);
    work(&mut Env::new(Timestamp::now(), &mut rng))
}

/// A request with these credentials, if any.
pub(crate) fn request(target: &str, credentials: Option<&str>) -> Vec<u8> {
    let credentials = credentials.map(|text| format!("Authorization: {text}\r\n")).unwrap_or_default();
    format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\n{credentials}\r\n").into_bytes()
}
