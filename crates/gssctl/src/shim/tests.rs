mod ntlm;
mod tickets;

use super::*;
use serde_json::json;
use std::path::{Path, PathBuf};
use test_support::ticket::{NOW, TicketMaker, key};

struct Files {
    folder: tempfile::TempDir,
    maker: TicketMaker,
}

impl Files {
    fn new(maker: TicketMaker) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ccache"), maker.ccache()).unwrap();
        std::fs::write(folder.path().join("keytab"), maker.keytab()).unwrap();
        Self { folder, maker }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn initiator(&self) -> Value {
        json!({"op": "initiator", "target": "HTTP@www.example.com", "ccache": self.path("ccache"), "now": now()})
    }

    fn acceptor(&self) -> Value {
        json!({"op": "acceptor", "keytab": self.path("keytab"), "now": now()})
    }
}

fn now() -> String {
    gss::Timestamp::from_seconds(NOW).to_string()
}

fn with(mut request: Value, name: &str, value: Value) -> Value {
    request[name] = value;
    request
}

fn ask(session: &mut Session, request: &Value) -> Value {
    answer(session, request.to_string().as_bytes())
}

/// Sets both up and carries tokens until one has none; gives the last step of each.
fn converse(ours: &mut Session, theirs: &mut Session, initiator: &Value, acceptor: &Value) -> (Value, Value) {
    assert_eq!(ask(ours, initiator), json!({"ok": true}));
    assert_eq!(ask(theirs, acceptor), json!({"ok": true}));
    let (mut left, mut right) = (ask(ours, &json!({"op": "step", "token": ""})), Value::Null);
    for _ in 0..4 {
        if left["token"].is_null() {
            break;
        }
        right = ask(theirs, &json!({"op": "step", "token": left["token"]}));
        if right["token"].is_null() || left["state"] == "established" {
            break;
        }
        left = ask(ours, &json!({"op": "step", "token": right["token"]}));
    }
    (left, right)
}

fn run(initiator: &Value, acceptor: &Value) -> (Session, Session, Value, Value) {
    let (mut ours, mut theirs) = (Session::new(), Session::new());
    let (left, right) = converse(&mut ours, &mut theirs, initiator, acceptor);
    (ours, theirs, left, right)
}

#[test]
fn contexts_and_messages_in_every_framing() {
    for (framing, accepted) in [("spnego", "spnego"), ("raw", "raw"), ("spnego", "any"), ("raw", "any")] {
        let files = Files::new(TicketMaker::example());
        let (mut ours, mut theirs, left, right) = run(
            &with(files.initiator(), "framing", framing.into()),
            &with(files.acceptor(), "framing", accepted.into()),
        );
        for (step, peer) in [(&left, "HTTP/www.example.com@EXAMPLE.COM"), (&right, "alice@EXAMPLE.COM")] {
            assert_eq!(step["state"], "established", "{step}");
            assert_eq!((&step["mech"], &step["peer"]), (&json!("krb5"), &json!(peer)));
            assert_eq!(step["channel_bound"], false);
            assert!(step["flags"].as_array().unwrap().contains(&json!("mutual")), "{step}");
        }
        for conf in [true, false] {
            let token = ask(&mut ours, &json!({"op": "wrap", "data": "00ff", "conf": conf}));
            let opened = ask(&mut theirs, &with(token.clone(), "op", "unwrap".into()));
            assert_eq!(opened, json!({"data": "00ff", "conf": conf, "status": "ok"}));
            let again = ask(&mut theirs, &with(token, "op", "unwrap".into()));
            assert_eq!(again["status"], "duplicate", "{again}");
        }
        let mic = ask(&mut theirs, &json!({"op": "get_mic", "data": "0102"}));
        let verify = |data: &str| json!({"op": "verify_mic", "data": data, "token": mic["token"]});
        assert_eq!(ask(&mut ours, &verify("0102")), json!({"status": "ok"}));
        let refused = ask(&mut ours, &verify("0103"));
        assert_eq!(refused["error"]["major"], "GSS_S_BAD_MIC", "{refused}");
        let keys = [&mut ours, &mut theirs].map(|session| ask(session, &json!({"op": "session_key"})));
        assert_eq!(keys[0], keys[1]);
        assert_eq!(keys[0]["key"].as_str().unwrap().len(), 64);
        let again = ask(&mut ours, &json!({"op": "step", "token": ""}));
        assert_eq!((&again["state"], &again["error"]["code"]), (&json!("failed"), &json!("bad_request")));
        assert_eq!(ask(&mut ours, &json!({"op": "session_key"})), keys[0], "the context lives on");
    }
}

#[test]
fn without_mutual_authentication_one_token_is_enough() {
    let files = Files::new(TicketMaker::example());
    let flags = json!(["replay", "sequence", "conf", "integ"]);
    let (_, _, left, right) = run(
        &with(with(files.initiator(), "framing", "raw".into()), "flags", flags.clone()),
        &with(files.acceptor(), "framing", "raw".into()),
    );
    assert_eq!((&left["state"], &right["state"]), (&json!("established"), &json!("established")));
    assert_eq!(left["peer"], "HTTP/www.example.com@EXAMPLE.COM");
    assert!(right["token"].is_null());
    for step in [left, right] {
        assert!(!step["flags"].as_array().unwrap().contains(&json!("mutual")), "{step}");
    }
}

#[test]
fn replays_are_refused_across_acceptors_of_a_session() {
    let files = Files::new(TicketMaker::example());
    let (mut ours, mut theirs) = (Session::new(), Session::new());
    ask(&mut ours, &files.initiator());
    let token = ask(&mut ours, &json!({"op": "step", "token": ""}))["token"].clone();
    let mut step = |acceptor: Value| {
        ask(&mut theirs, &acceptor);
        ask(&mut theirs, &json!({"op": "step", "token": token}))
    };
    assert_eq!(step(files.acceptor())["state"], "established");
    let refused = step(files.acceptor());
    assert_eq!(refused["error"]["major"], "GSS_S_DUPLICATE_TOKEN", "{refused}");
    assert_eq!(refused["error"]["krb_error"], 34);
    assert_eq!(step(with(files.acceptor(), "replay_cache", false.into()))["state"], "established");
}

#[test]
fn channel_bindings_by_policy() {
    let files = Files::new(TicketMaker::example());
    for (sent, policy, expected) in [
        (Some("aa"), "verify", Some(true)),
        (Some("bb"), "verify", None),
        (None, "verify", Some(false)),
        (None, "require", None),
        (Some("bb"), "ignore", Some(false)),
    ] {
        let initiator = with(files.initiator(), "channel_bindings", json!(sent));
        let acceptor =
            with(with(files.acceptor(), "channel_bindings", "aa".into()), "cb_policy", policy.into());
        let (_, _, _, right) = run(&initiator, &acceptor);
        match expected {
            Some(bound) => assert_eq!(right["channel_bound"], bound, "{sent:?} {policy}: {right}"),
            None => assert_eq!(right["error"]["major"], "GSS_S_BAD_BINDINGS", "{sent:?} {policy}: {right}"),
        }
    }
}

#[test]
fn the_clock_and_the_skew_are_the_callers() {
    let files = Files::new(TicketMaker::example());
    let later = gss::Timestamp::from_seconds(NOW + 400).to_string();
    let acceptor = with(files.acceptor(), "now", later.into());
    let (_, _, _, right) = run(&files.initiator(), &acceptor);
    assert_eq!(right["error"]["krb_error"], 37, "{right}");
    assert!(!right["token"].is_null(), "the initiator is told: {right}");
    let (_, _, _, right) = run(&files.initiator(), &with(acceptor, "skew", 500.into()));
    assert_eq!(right["state"], "established", "{right}");
}

#[test]
fn missing_and_expired_tickets_fail_at_the_first_step() {
    let files = Files::new(TicketMaker::example());
    let mut session = Session::new();
    for (request, major, part) in [
        (with(files.initiator(), "target", "ldap@localhost".into()), "GSS_S_NO_CRED", "ldap/localhost"),
        (
            with(files.initiator(), "now", "2030-01-01T00:00:00Z".into()),
            "GSS_S_CREDENTIALS_EXPIRED",
            "expired",
        ),
    ] {
        assert_eq!(ask(&mut session, &request), json!({"ok": true}));
        let step = ask(&mut session, &json!({"op": "step"}));
        assert_eq!((&step["state"], &step["error"]["major"]), (&json!("failed"), &json!(major)));
        assert!(step["error"]["message"].as_str().unwrap().contains(part), "{step}");
    }
}

#[test]
fn rc4_has_to_be_allowed() {
    let mut maker = TicketMaker::example();
    maker.service_key = key(gss::krb5::EncType::RC4_HMAC, 1);
    maker.session_key = key(gss::krb5::EncType::RC4_HMAC, 2);
    let files = Files::new(maker);
    let (_, _, left, _) = run(&files.initiator(), &files.acceptor());
    assert_eq!(left["state"], "failed", "{left}");
    let initiator = with(files.initiator(), "allow", json!(["rc4"]));
    let (_, _, _, right) = run(&initiator, &files.acceptor());
    assert_eq!(right["state"], "failed", "{right}");
    let (_, _, left, right) = run(&initiator, &with(files.acceptor(), "allow", json!(["rc4"])));
    assert_eq!((&left["state"], &right["state"]), (&json!("established"), &json!("established")));
}

#[test]
fn anonymous_tickets_have_to_be_allowed() {
    let mut maker = TicketMaker::example();
    maker.client = "WELLKNOWN/ANONYMOUS@EXAMPLE.COM".parse().unwrap();
    maker.flags = maker.flags | krb5_asn1::TicketFlags::ANONYMOUS;
    let files = Files::new(maker);
    let (_, _, _, right) = run(&files.initiator(), &files.acceptor());
    assert_eq!(right["error"]["code"], "anonymous_ticket", "{right}");
    let (_, _, _, right) = run(&files.initiator(), &with(files.acceptor(), "allow", json!(["anonymous"])));
    assert_eq!(right["state"], "established", "{right}");
}

#[test]
fn delegated_tickets_are_reported_and_stored() {
    let mut granting =
        TicketMaker::new("alice@EXAMPLE.COM", "krbtgt/EXAMPLE.COM@EXAMPLE.COM", key(18.into(), 8));
    granting.flags = krb5_asn1::TicketFlags::FORWARDABLE;
    let files = Files::new(TicketMaker::example());
    let mut ccache = krb5_files::Ccache::new(files.maker.client.clone());
    ccache.entries = vec![files.maker.credential(), granting.credential()];
    std::fs::write(files.path("ccache"), ccache.to_bytes().unwrap()).unwrap();
    for asked in [with(files.initiator(), "delegate", true.into()), {
        with(files.initiator(), "flags", json!(["mutual", "deleg"]))
    }] {
        let (_, mut theirs, left, right) = run(&asked, &files.acceptor());
        assert_eq!(right["delegated"], "alice@EXAMPLE.COM", "{right}");
        assert!(left["flags"].as_array().unwrap().contains(&json!("deleg")), "{left}");
        let stored = json!({"op": "delegated", "ccache": files.path("stored")});
        assert_eq!(ask(&mut theirs, &stored), json!({"ok": true}));
        let read = krb5_files::Ccache::parse(&std::fs::read(files.path("stored")).unwrap()).unwrap();
        assert!(read.tgt().is_some());
    }
    let (_, mut theirs, _, right) = run(&files.initiator(), &files.acceptor());
    assert!(right.get("delegated").is_none());
    let refused = ask(&mut theirs, &json!({"op": "delegated", "ccache": files.path("stored")}));
    assert_eq!(refused["error"]["code"], "nothing_delegated");
}

#[test]
fn imported_contexts_exchange_messages() {
    let import = |role: &str| {
        json!({"op": "import_krb5", "role": role, "etype": 18, "key": "11".repeat(32), "acceptor_subkey": true,
               "send_seq": 5, "recv_seq": 5, "flags": ["sequence", "replay"]})
    };
    let (mut ours, mut theirs) = (Session::new(), Session::new());
    assert_eq!(ask(&mut ours, &import("initiator")), json!({"ok": true}));
    assert_eq!(ask(&mut theirs, &import("acceptor")), json!({"ok": true}));
    let token = ask(&mut ours, &json!({"op": "wrap", "data": "abcd"}));
    let opened = ask(&mut theirs, &with(token, "op", "unwrap".into()));
    assert_eq!(opened, json!({"data": "abcd", "conf": true, "status": "ok"}));
    assert_eq!(ask(&mut ours, &json!({"op": "session_key"})), json!({"key": "11".repeat(32)}));
    let refused = ask(&mut ours, &with(import("initiator"), "key", "11".into()));
    assert_eq!(refused["error"]["code"], "bad_request", "{refused}");
    let gone = ask(&mut ours, &json!({"op": "session_key"}));
    assert_eq!(gone["error"]["major"], "GSS_S_NO_CONTEXT", "{gone}");
}

#[test]
fn bad_requests_are_answers() {
    let files = Files::new(TicketMaker::example());
    let mut session = Session::new();
    for (request, code) in [
        (json!({"op": "step", "token": "AA=="}), "no_context"),
        (json!({"op": "wrap", "data": "00"}), "no_context"),
        (json!({"op": "wrap", "data": "0"}), "bad_request"),
        (json!({"op": "step", "token": "A"}), "bad_request"),
        (json!({"op": "dance"}), "bad_request"),
        (json!({}), "bad_request"),
        (json!([1]), "bad_request"),
        (json!({"op": "acceptor"}), "bad_request"),
        (json!({"op": "acceptor", "keytab": Path::new("/no/such/file")}), "cannot_read_file"),
        (json!({"op": "acceptor", "keytab": files.path("ccache")}), "malformed_keytab"),
        (with(files.initiator(), "ccache", json!(files.path("keytab"))), "malformed_ccache"),
        (with(files.initiator(), "target", "localhost".into()), "bad_target"),
        (with(files.initiator(), "flags", json!(["mutal"])), "bad_request"),
        (with(files.initiator(), "framing", "any".into()), "bad_request"),
        (with(files.initiator(), "mechs", json!(["krb5", "ntlm"])), "bad_request"),
        (with(files.acceptor(), "mechs", json!(["ntlm"])), "bad_request"),
        (with(files.acceptor(), "mechs", json!(["kerberos"])), "bad_request"),
        (with(files.acceptor(), "mechs", json!([])), "bad_request"),
        (with(files.acceptor(), "allow", json!(["md4"])), "bad_request"),
        (with(files.acceptor(), "now", "today".into()), "bad_request"),
        (with(files.acceptor(), "principal", "HTTP/host".into()), "bad_request"),
        (json!({"op": "ntlm_verify", "negotiate": "", "challenge": "", "authenticate": ""}), "bad_request"),
    ] {
        let answer = ask(&mut session, &request);
        assert_eq!(answer["error"]["code"], code, "{request}: {answer}");
        assert!(answer["error"]["major"].as_str().unwrap().starts_with("GSS_S_"), "{answer}");
        assert!(!answer["error"]["message"].as_str().unwrap().is_empty());
    }
}

#[test]
fn the_program_reads_lines_and_survives_garbage() {
    let mut output = Vec::new();
    let mut input: &[u8] = b"{\"op\":\"session_key\"}\n\n\xff\xfe\n{\"op\":\n{\"op\":\"session_key\"}";
    serve(&mut input, &mut output).unwrap();
    let answers: Vec<Value> = output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let codes: Vec<_> = answers.iter().map(|answer| answer["error"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["no_context", "bad_request", "bad_request", "no_context"]);
}
