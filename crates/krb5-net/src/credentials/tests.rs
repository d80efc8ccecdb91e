use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use core::time::Duration;
use std::io;

use gss_core::Diagnose as _;
use krb5_asn1::TicketFlags;
use krb5_client::Request;
use krb5_testkdc::{Clock, Kdc, Port, Realm};
use test_support::TestRng;
use tokio::sync::Semaphore;

use super::*;
use crate::cache::{CacheName, CacheOptions, MemoryCaches};
use crate::{ExchangeFuture, TransportError};

mod caches;
mod flights;
mod lifetimes;

const START: i64 = 1_700_000_000;
const CLIENT: &str = "alice@EXAMPLE.COM";
/// How long tickets last, in seconds; less than what the KDC allows.
const LIFE: u64 = 8 * 60 * 60;
const HTTP: &str = "HTTP/www.example.com@EXAMPLE.COM";

/// A KDC that can be held up and cut off, with a clock that stands.
struct World {
    kdc: Kdc,
    clock: Clock,
    /// Replies, by their first byte: AS and TGS.
    logins: AtomicUsize,
    tickets: AtomicUsize,
    requests: AtomicUsize,
    /// A request waits for a permit and takes it along.
    gate: Semaphore,
    cut_off: AtomicBool,
    panics: AtomicBool,
    seed: AtomicU64,
}

#[derive(Clone)]
struct Line(Arc<World>);

impl AsyncKdcTransport for Line {
    fn exchange<'a>(&'a self, request: &'a Request) -> ExchangeFuture<'a> {
        let world = &*self.0;
        world.requests.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            assert!(!world.panics.load(Ordering::SeqCst), "told to");
            world.gate.acquire().await.unwrap().forget();
            let silence = || TransportError::Other(io::Error::from(io::ErrorKind::TimedOut).into());
            if world.cut_off.load(Ordering::SeqCst) {
                return Err(silence());
            }
            let reply = world.kdc.answer(Port::Kdc, &request.message).ok_or_else(silence)?;
            match reply.first() {
                Some(0x6b) => world.logins.fetch_add(1, Ordering::SeqCst),
                Some(0x6d) => world.tickets.fetch_add(1, Ordering::SeqCst),
                _ => 0,
            };
            Ok(reply)
        })
    }
}

impl World {
    /// Requests pass until [`Self::close`].
    fn new() -> Arc<Self> {
        // SPAKE takes one more request, and whether it is built in other crates have a say in.
        let realm = Realm { spake: false, ..Realm::new("EXAMPLE.COM") }
            .user("alice", "secret")
            .user("bob", "other secret")
            .service("HTTP/www.example.com")
            .service("host/www.example.com");
        Self::with(Kdc::builder().realm(realm))
    }

    fn with(kdc: krb5_testkdc::KdcBuilder) -> Arc<Self> {
        let clock = Clock::manual(Timestamp::from_seconds(START));
        Arc::new(Self {
            kdc: kdc.clock(clock.clone()).seed(1).build().unwrap(),
            clock,
            logins: AtomicUsize::new(0),
            tickets: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS / 2),
            cut_off: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            seed: AtomicU64::new(1),
        })
    }

    fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self) {
        self.gate.add_permits(1000);
    }

    /// Logins and tickets given, and requests sent.
    fn counts(&self) -> (usize, usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        (count(&self.logins), count(&self.tickets), count(&self.requests))
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn builder(self: &Arc<Self>, source: CredentialsSource) -> CredentialsBuilder {
        let (clock, seeds) = (self.clock.clone(), Arc::clone(self));
        Credentials::builder(source, Line(Arc::clone(self)))
            .clock(move || clock.now())
            .rng(move || TestRng::insecure(seeds.seed.fetch_add(1, Ordering::SeqCst)))
    }

    fn alice(self: &Arc<Self>) -> Credentials {
        self.alice_with(options())
    }

    fn alice_with(self: &Arc<Self>, options: AsOptions) -> Credentials {
        let secret = Secret::password("secret");
        self.builder(CredentialsSource::Secret { options, secret }).build()
    }
}

fn options() -> AsOptions {
    AsOptions { lifetime: u32::try_from(LIFE).unwrap(), ..AsOptions::new(principal(CLIENT)) }
}

fn principal(text: &str) -> Principal {
    text.parse().unwrap()
}

/// Waits for the fetch of a ticket, if one is under way.
async fn landed(credentials: &Credentials, key: Key) {
    let landing = credentials.shared.lock().flights.get(&key).cloned();
    if let Some(landing) = landing {
        flight::outcome(landing).await;
    }
}

fn service(text: &str) -> Key {
    Key::Service(principal(text))
}

#[test]
fn credentials_go_everywhere() {
    fn everywhere<T: Send + Sync + Clone + 'static>() {}
    everywhere::<Credentials>();
    everywhere::<CredentialsError>();
}

#[tokio::test]
async fn one_login_serves_all_services_and_each_is_asked_for_once() {
    let world = World::new();
    let alice = world.alice();
    for server in [HTTP, "host/www.example.com@EXAMPLE.COM", HTTP] {
        assert_eq!(alice.ticket(&principal(server)).await.unwrap().server, principal(server));
    }
    let (logins, tickets, _) = world.counts();
    assert_eq!((logins, tickets), (1, 2));
    assert_eq!(alice.tgt().await.unwrap().client, principal(CLIENT));
}

#[tokio::test]
async fn failure_is_told_and_not_kept() {
    let world = World::new();
    let alice = world.alice();
    world.cut_off.store(true, Ordering::SeqCst);
    let error = alice.ticket(&principal(HTTP)).await.unwrap_err();
    assert!(matches!(error, CredentialsError::Transport(_)), "{error}");
    world.cut_off.store(false, Ordering::SeqCst);
    alice.ticket(&principal(HTTP)).await.unwrap();

    let error = alice.ticket(&principal("nobody/here@EXAMPLE.COM")).await.unwrap_err();
    assert!(matches!(error, CredentialsError::Tgs(_)), "{error}");
    assert_eq!(error.minor(), Some(7), "{error}");
    world.kdc.add("EXAMPLE.COM", krb5_testkdc::Account::service("nobody/here")).unwrap();
    alice.ticket(&principal("nobody/here@EXAMPLE.COM")).await.unwrap();
}

#[tokio::test]
async fn wrong_password_is_an_error_of_the_login() {
    let world = World::new();
    let (options, secret) = (options(), Secret::password("wrong"));
    let alice = world.builder(CredentialsSource::Secret { options, secret }).build();
    let error = alice.tgt().await.unwrap_err();
    assert!(
        matches!(&error, CredentialsError::As(error) if matches!(**error, krb5_client::AsError::WrongPassword(_)))
    );
}

#[tokio::test]
async fn forgotten_ticket_is_fetched_anew() {
    let world = World::new();
    let alice = world.alice();
    let old = alice.ticket(&principal(HTTP)).await.unwrap();
    alice.forget(&principal(HTTP));
    let new = alice.ticket(&principal(HTTP)).await.unwrap();
    assert_ne!(old.ticket, new.ticket);
    let (logins, tickets, _) = world.counts();
    assert_eq!((logins, tickets), (1, 2));
}

#[tokio::test]
async fn ticket_granting_tickets_of_other_realms_are_used_again() {
    let world = World::with(
        Kdc::builder()
            .realm(Realm { spake: false, ..Realm::new("A.TEST") }.user("alice", "secret"))
            .realm(Realm::new("B.TEST").service("HTTP/one.b.test").service("HTTP/two.b.test"))
            .trust("A.TEST", "B.TEST"),
    );
    let alice = world.alice_with(AsOptions::new(principal("alice@A.TEST")));
    alice.ticket(&principal("HTTP/one.b.test@B.TEST")).await.unwrap();
    let (_, first, _) = world.counts();
    assert_eq!(first, 2);
    alice.ticket(&principal("HTTP/two.b.test@B.TEST")).await.unwrap();
    assert_eq!(world.counts().1, first + 1);

    // The realms agree on a new key: the way is gone over again.
    world.kdc.remove("krbtgt/B.TEST@A.TEST").unwrap();
    world.kdc.add("A.TEST", krb5_testkdc::Account::service("krbtgt/B.TEST")).unwrap();
    alice.forget(&principal("HTTP/two.b.test@B.TEST"));
    alice.ticket(&principal("HTTP/two.b.test@B.TEST")).await.unwrap();
    assert_eq!(world.counts().1, first + 3);
}

#[tokio::test]
async fn keytab_is_read_again_for_every_login() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keytab");
    let server = "HTTP/www.example.com@EXAMPLE.COM";
    let write = || {
        let keytab = world.kdc.keytab(&[server]).unwrap();
        std::fs::write(&path, &*keytab.to_bytes().unwrap()).unwrap();
    };
    write();
    let options = AsOptions::new(principal(server));
    let source = CredentialsSource::Keytab { options, path: path.clone() };
    let web = world.builder(source).build();
    web.tgt().await.unwrap();
    world.kdc.rotate_keys(server).unwrap();
    write();
    world.advance(48 * 60 * 60);
    web.tgt().await.unwrap();
    assert_eq!(world.counts().0, 2);

    std::fs::remove_file(&path).unwrap();
    world.advance(48 * 60 * 60);
    let error = web.tgt().await.unwrap_err();
    assert!(matches!(error, CredentialsError::Keytab(_)), "{error}");
    let keytab = world.kdc.keytab(&["host/www.example.com@EXAMPLE.COM"]).unwrap();
    std::fs::write(&path, &*keytab.to_bytes().unwrap()).unwrap();
    let error = web.tgt().await.unwrap_err();
    assert!(matches!(error, CredentialsError::Secret(_)), "{error}");
}

#[tokio::test]
async fn kdcs_clock_is_learned_from_the_login() {
    let world = World::new();
    let ahead = 7200;
    let mine = world.clock.clone();
    let (options, secret) = (options(), Secret::password("secret"));
    let alice = world
        .builder(CredentialsSource::Secret { options, secret })
        .clock(move || mine.now().saturating_add_seconds(-ahead))
        .build();
    alice.ticket(&principal(HTTP)).await.unwrap();
    assert_eq!(alice.kdc_offset(), ahead);
    // By our own clock the ticket would last two hours longer than it does.
    let end = alice.tgt().await.unwrap().times.end;
    world.clock.set(end);
    alice.tgt().await.unwrap();
    assert_eq!(world.counts().0, 2);
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let world = World::new();
    let secret = Secret::password("Tr0ub4dor");
    let text = format!("{:?}", world.builder(CredentialsSource::Secret { options: options(), secret }));
    assert!(text.contains("alice") && !text.contains("Tr0ub4dor"), "{text}");
    let cache = caches::logged_in(&world, options()).await;
    let text = format!("{:?}", world.builder(CredentialsSource::Cache(cache)).build());
    assert!(text.contains("MemoryCaches") && !text.contains("ticket"), "{text}");
}
