//! Initiators that get their tickets from the test KDC, over its sockets.

use super::*;
use alloc::sync::Arc;
use gss::Timestamp;
use gss::krb5::{EncType, TicketFlags};
use krb5_testkdc::serve::{Running, Server};
use krb5_testkdc::{Account, Clock, Kdc, Realm};

const USER: &str = "alice@EXAMPLE.TEST";
const SERVICE: &str = "HTTP/www.example.test@EXAMPLE.TEST";
const GRANTING: &str = "krbtgt/EXAMPLE.TEST@EXAMPLE.TEST";
const DAY: u32 = 86_400;
const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;
/// `KDC_ERR_ETYPE_NOSUPP` of RFC 4120 section 7.5.9.
const ETYPE_NOSUPP: i32 = 14;

/// A realm whose clock stands at [`NOW`].
struct World {
    folder: tempfile::TempDir,
    kdc: Arc<Kdc>,
    running: Running,
}

impl World {
    fn new() -> Self {
        let realm = Realm { max_life: 2 * DAY, ..Realm::new("EXAMPLE.TEST") }
            .user("alice", "secret")
            .user("bob", "secret")
            .account(Account { locked: true, ..Account::user("carol", "secret") })
            .service("HTTP/www.example.test");
        let clock = Clock::manual(Timestamp::from_seconds(NOW));
        let kdc = Arc::new(Kdc::builder().realm(realm).clock(clock).build().unwrap());
        let running = Server::for_kdc(Arc::clone(&kdc)).start().unwrap();
        let world = Self { folder: tempfile::tempdir().unwrap(), kdc, running };
        for (name, principal) in [("keytab", SERVICE), ("alice", USER)] {
            let keytab = world.kdc.keytab(&[principal]).unwrap();
            std::fs::write(world.path(name), keytab.to_bytes().unwrap()).unwrap();
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn address(&self) -> String {
        self.running.addresses().kdc.to_string()
    }

    /// A credential cache of alice's.
    fn ccache(&self, servers: &[&str]) -> PathBuf {
        let path = self.path("ccache");
        std::fs::write(&path, self.kdc.ccache(USER, servers).unwrap().to_bytes().unwrap()).unwrap();
        path
    }

    fn bare(&self) -> Value {
        json!({"op": "initiator", "target": "HTTP@www.example.test", "now": now(), "kdc": self.address()})
    }

    fn initiator(&self) -> Value {
        with(with(self.bare(), "principal", USER.into()), "password", "secret".into())
    }

    fn acceptor(&self) -> Value {
        json!({"op": "acceptor", "framing": "any", "keytab": self.path("keytab"), "now": now()})
    }

    #[track_caller]
    fn establish(&self, initiator: &Value) -> (Session, Session, Value) {
        let (ours, theirs, left, right) = run(initiator, &self.acceptor());
        for (step, peer) in [(&left, SERVICE), (&right, USER)] {
            assert_eq!((&step["state"], &step["peer"]), (&json!("established"), &json!(peer)), "{step}");
        }
        (ours, theirs, right)
    }

    /// The flags of the ticket that the acceptor was handed.
    #[track_caller]
    fn delegated(&self, initiator: &Value) -> TicketFlags {
        let (_, mut theirs, right) = self.establish(&with(initiator.clone(), "delegate", true.into()));
        assert_eq!(right["delegated"], USER, "{right}");
        let stored = json!({"op": "delegated", "ccache": self.path("stored")});
        assert_eq!(ask(&mut theirs, &stored), json!({"ok": true}));
        let stored = krb5_files::Ccache::parse(&std::fs::read(self.path("stored")).unwrap()).unwrap();
        gss::krb5::Credential::try_from(stored.tgt().unwrap()).unwrap().flags
    }

    /// What is wrong with the request.
    #[track_caller]
    fn refuse(&self, initiator: &Value) -> Value {
        let mut session = Session::new();
        let answer = ask(&mut session, initiator);
        assert!(answer["error"].is_object(), "{initiator}: {answer}");
        let step = ask(&mut session, &json!({"op": "step"}));
        assert_eq!(step["error"]["code"], "no_context", "nothing is left: {step}");
        answer["error"].clone()
    }
}

#[test]
fn a_password_or_a_keytab_is_enough() {
    let world = World::new();
    let keytab = with(with(world.bare(), "principal", USER.into()), "keytab", json!(world.path("alice")));
    for initiator in [world.initiator(), keytab] {
        for framing in ["raw", "spnego"] {
            let (mut ours, mut theirs, _) =
                world.establish(&with(initiator.clone(), "framing", framing.into()));
            let token = ask(&mut ours, &json!({"op": "wrap", "data": "00ff"}));
            let opened = ask(&mut theirs, &with(token, "op", "unwrap".into()));
            assert_eq!(opened, json!({"data": "00ff", "conf": true, "status": "ok"}));
        }
    }
}

#[test]
fn kdcs_come_alone_or_in_a_list_and_by_every_way() {
    let world = World::new();
    std::fs::write(world.path("ca.pem"), world.running.ca_pem()).unwrap();
    let address = world.address();
    let proxy = world.running.addresses().proxy_url();
    for kdc in
        [json!(format!("tcp/{address}")), json!([address]), json!(["127.0.0.1:1", address]), json!(proxy)]
    {
        let initiator = with(world.initiator(), "kdc", kdc);
        world.establish(&with(initiator, "kdc_cacert", json!(world.path("ca.pem"))));
    }
}

#[test]
fn enctypes_and_armor_are_the_callers() {
    let world = World::new();
    let only = Account { enctypes: Some(vec![AES256]), ..Account::user("new", "secret") };
    world.kdc.add("EXAMPLE.TEST", only).unwrap();
    let new = with(world.initiator(), "principal", "new@EXAMPLE.TEST".into());
    let refused = world.refuse(&with(new.clone(), "enctypes", json!(["aes128-cts-hmac-sha1-96"])));
    assert_eq!(refused["krb_error"], ETYPE_NOSUPP, "{refused}");
    for enctypes in [json!(["18"]), json!(["aes128-cts-hmac-sha1-96", "aes256-cts-hmac-sha1-96"])] {
        let (mut session, request) = (Session::new(), with(new.clone(), "enctypes", enctypes));
        assert_eq!(ask(&mut session, &request), json!({"ok": true}));
    }
    let unknown = world.refuse(&with(new, "enctypes", json!(["rot13"])));
    assert_eq!(unknown["code"], "bad_request", "{unknown}");

    let armor = world.kdc.ccache("bob@EXAMPLE.TEST", &[GRANTING]).unwrap();
    std::fs::write(world.path("armor"), armor.to_bytes().unwrap()).unwrap();
    world.establish(&with(world.initiator(), "fast_ccache", json!(world.path("armor"))));
    let missing = world.refuse(&with(world.initiator(), "fast_ccache", json!(world.path("keytab"))));
    assert_eq!(missing["major"], "GSS_S_DEFECTIVE_CREDENTIAL", "{missing}");
}

#[test]
fn rc4_is_asked_for_where_it_is_allowed() {
    let world = World::new();
    let only = Account { enctypes: Some(vec![EncType::RC4_HMAC]), ..Account::user("old", "secret") };
    world.kdc.add("EXAMPLE.TEST", only).unwrap();
    let old = with(world.initiator(), "principal", "old@EXAMPLE.TEST".into());
    let refused = world.refuse(&old);
    assert_eq!(refused["krb_error"], ETYPE_NOSUPP, "{refused}");
    let mut session = Session::new();
    assert_eq!(ask(&mut session, &with(old, "allow", json!(["rc4"]))), json!({"ok": true}));
}

/// The end of a ticket is asked for as a time: a day from now. A KDC that asks for nothing does not tell its own time
/// before.
#[test]
fn the_clock_is_the_callers_towards_kdcs_too() {
    let world = World::new();
    world.kdc.edit(USER, |alice| alice.requires_preauth = false).unwrap();
    for behind in [0, 120] {
        let time = |seconds| Timestamp::from_seconds(NOW - behind + seconds).to_string();
        let initiator = with(world.initiator(), "now", time(0).into());
        let (_, _, left, _) = run(&initiator, &world.acceptor());
        assert_eq!(
            (&left["state"], &left["expires"]),
            (&json!("established"), &json!(time(DAY.into()))),
            "{left}"
        );
    }
}

#[test]
fn what_the_kdc_says_is_the_answer() {
    let world = World::new();
    let initiator = world.initiator();
    for (request, code, krb_error, part) in [
        (with(initiator.clone(), "password", "wrong".into()), "wrong_password", 24, "password"),
        (with(initiator.clone(), "principal", "nobody@EXAMPLE.TEST".into()), "client_unknown", 6, "nobody"),
        (with(initiator.clone(), "principal", "carol@EXAMPLE.TEST".into()), "client_revoked", 18, "carol"),
        (with(initiator, "target", "HTTP@elsewhere.test".into()), "service_unknown", 7, "elsewhere"),
    ] {
        let error = world.refuse(&request);
        assert_eq!((&error["code"], &error["krb_error"]), (&json!(code), &json!(krb_error)), "{error}");
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
        assert!(error["major"].as_str().unwrap().starts_with("GSS_S_"), "{error}");
    }
}

#[test]
fn a_kdc_that_is_not_there_is_told() {
    let world = World::new();
    // Nobody listens at port 1.
    let request = with(with(world.initiator(), "kdc", "127.0.0.1:1".into()), "kdc_timeout", 5.into());
    let error = world.refuse(&request);
    assert_eq!(error["code"], "kdc_unreachable", "{error}");
    assert!(error["message"].as_str().unwrap().contains("127.0.0.1:1"), "{error}");
    let cached = with(request, "ccache", json!(world.ccache(&[GRANTING])));
    let mut cached = cached.as_object().unwrap().clone();
    cached.remove("principal");
    assert_eq!(world.refuse(&cached.into())["code"], "kdc_unreachable");
}

#[test]
fn a_cache_with_a_ticket_granting_ticket_is_enough() {
    let world = World::new();
    let cached = with(world.bare(), "ccache", json!(world.ccache(&[GRANTING])));
    let before = std::fs::read(world.path("ccache")).unwrap();
    world.establish(&cached);
    assert_eq!(std::fs::read(world.path("ccache")).unwrap(), before, "the cache stays as it is");
    let refused = world.refuse(&with(cached.clone(), "target", "HTTP@elsewhere.test".into()));
    assert_eq!(refused["krb_error"], 7, "{refused}");

    // A ticket that is there is used, whether or not the KDC would give one.
    let both = with(cached, "ccache", json!(world.ccache(&[GRANTING, SERVICE])));
    let _ = world.kdc.take_history();
    world.establish(&both);
    assert_eq!(world.kdc.take_history().len(), 0);
}

#[test]
fn a_forwarded_ticket_is_delegated_where_a_kdc_is_named() {
    let world = World::new();
    assert!(world.delegated(&world.initiator()).contains(TicketFlags::FORWARDED));
    let mut cached = with(world.bare(), "ccache", json!(world.ccache(&[GRANTING, SERVICE])));
    assert!(world.delegated(&cached).contains(TicketFlags::FORWARDED));
    cached.as_object_mut().unwrap().remove("kdc");
    assert!(!world.delegated(&cached).contains(TicketFlags::FORWARDED), "nobody forwards it");

    let denied = Account { sensitive: true, ..Account::user("dora", "secret") };
    world.kdc.add("EXAMPLE.TEST", denied).unwrap();
    let dora = with(world.initiator(), "principal", "dora@EXAMPLE.TEST".into());
    let (_, _, left, right) = run(&with(dora, "delegate", true.into()), &world.acceptor());
    assert_eq!(left["state"], "established", "{left}");
    assert!(right.get("delegated").is_none(), "{right}");
}

#[test]
fn kerberos_and_ntlm_share_the_password() {
    let world = World::new();
    let both = with(with(world.initiator(), "mechs", json!(["krb5", "ntlm"])), "user", "alice".into());
    let (_, _, right) = world.establish(&both);
    assert_eq!(right["mech"], "krb5");
    let acceptor =
        json!({"op": "acceptor", "mechs": ["ntlm"], "users": [{"user": "alice", "password": "secret"}]});
    let (_, _, left, right) = run(&both, &with(acceptor, "now", now().into()));
    assert_eq!((&left["state"], &right["mech"]), (&json!("established"), &json!("ntlm")), "{left} {right}");
}

#[test]
fn requests_for_tickets_have_to_make_sense() {
    let world = World::new();
    let initiator = world.initiator();
    for (request, code) in [
        (with(world.bare(), "principal", USER.into()), "bad_request"),
        (with(initiator.clone(), "ccache", json!(world.ccache(&[GRANTING]))), "bad_request"),
        (with(initiator.clone(), "kdc", 88.into()), "bad_request"),
        (with(initiator.clone(), "kdc_timeout", 0.into()), "bad_request"),
        (with(initiator.clone(), "principal", "alice@EXAMPLE@TEST".into()), "bad_request"),
        (with(initiator.clone(), "kdc_cacert", json!(world.path("missing"))), "bad_request"),
        (with(initiator.clone(), "keytab", json!(world.path("missing"))), "cannot_read_file"),
        (with(initiator.clone(), "keytab", json!(world.ccache(&[GRANTING]))), "malformed_keytab"),
        (with(initiator.clone(), "keytab", json!(world.path("keytab"))), "not_in_keytab"),
        (with(initiator, "kdc", "127.0.0.1:many".into()), "kdc_address_port"),
    ] {
        let error = world.refuse(&request);
        assert_eq!(error["code"], code, "{request}: {error}");
    }
}
