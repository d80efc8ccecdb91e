mod recorded;

use super::{Files, ask, now, run, with};
use crate::shim::Session;
use crate::shim::text::base64;
use serde_json::{Value, json};
use test_support::ticket::TicketMaker;

fn initiator() -> Value {
    json!({"op": "initiator", "mechs": ["ntlm"], "target": "HTTP@server.example.com", "user": "alice",
           "domain": "EXAMPLE", "password": "correct horse", "workstation": "DESK", "now": now()})
}

fn acceptor() -> Value {
    json!({"op": "acceptor", "mechs": ["ntlm"], "now": now(), "computer": "SERVER", "domain_name": "EXAMPLE",
           "dns_computer": "server.example.com", "dns_domain": "example.com", "dns_tree": "example.com",
           "users": [{"user": "alice", "domain": "EXAMPLE", "password": "correct horse"},
                     {"user": "bob", "nt_hash": "8846f7eaee8fb117ad06bdd830b7586c"}]})
}

/// The last answer of the acceptor.
fn verdict(initiator: &Value, acceptor: &Value) -> Value {
    run(initiator, acceptor).3
}

fn code(answer: &Value) -> &str {
    assert_eq!(answer["state"], "failed", "{answer}");
    answer["error"]["code"].as_str().unwrap()
}

/// Messages go both ways, in order, and both sides have the same key.
fn assert_messages(ours: &mut Session, theirs: &mut Session) {
    assert_messages_from(ours, theirs);
    assert_messages_from(theirs, ours);
    let keys = [ours, theirs].map(|session| ask(session, &json!({"op": "session_key"})));
    assert_eq!(keys[0]["key"].as_str().unwrap().len(), 32, "{keys:?}");
    assert_eq!(keys[0], keys[1]);
}

fn assert_messages_from(from: &mut Session, to: &mut Session) {
    for data in ["00ff", "", "0102030405"] {
        let token = ask(from, &json!({"op": "wrap", "data": data, "conf": true}));
        let opened = ask(to, &with(token, "op", "unwrap".into()));
        assert_eq!(opened, json!({"data": data, "conf": true, "status": "ok"}));
        let mic = ask(from, &json!({"op": "get_mic", "data": data}));
        let verified = ask(to, &json!({"op": "verify_mic", "data": data, "token": mic["token"]}));
        assert_eq!(verified, json!({"status": "ok"}));
    }
}

#[test]
fn contexts_and_messages_in_every_framing() {
    for (framing, accepted) in [("spnego", "spnego"), ("raw", "raw"), ("spnego", "any"), ("raw", "any")] {
        let (mut ours, mut theirs, left, right) =
            run(&with(initiator(), "framing", framing.into()), &with(acceptor(), "framing", accepted.into()));
        for (step, role, peer) in
            [(&left, "initiator", Value::Null), (&right, "acceptor", "EXAMPLE\\alice".into())]
        {
            assert_eq!(step["state"], "established", "{step}");
            assert_eq!((&step["mech"], &step["role"]), (&json!("ntlm"), &json!(role)));
            assert_eq!((&step["peer"], &step["channel_bound"]), (&peer, &json!(false)));
            assert_eq!(step["flags"], json!(["replay", "sequence", "conf", "integ"]));
        }
        assert_eq!(
            (&right["mic"], &right["target"], &right["workstation"]),
            (&json!(true), &json!("HTTP/server.example.com"), &json!("DESK"))
        );
        assert!(left.get("mic").is_none());
        assert_messages(&mut ours, &mut theirs);
    }
}

#[test]
fn a_changed_mic_is_refused() {
    let (mut ours, mut theirs, ..) = run(&initiator(), &acceptor());
    let mic = ask(&mut ours, &json!({"op": "get_mic", "data": "0102"}));
    let refused = ask(&mut theirs, &json!({"op": "verify_mic", "data": "0103", "token": mic["token"]}));
    assert_eq!(refused["error"]["major"], "GSS_S_BAD_MIC", "{refused}");
}

#[test]
fn kerberos_goes_first_and_ntlm_only_where_it_is_listed() {
    let files = Files::new(TicketMaker::example());
    let both = json!(["krb5", "ntlm"]);
    let host = "HTTP@www.example.com";
    let with_ntlm = |ccache: &str| {
        let request = with(with(initiator(), "mechs", both.clone()), "target", host.into());
        with(request, "ccache", json!(files.path(ccache)))
    };
    let accepts_both = with(with(acceptor(), "mechs", both.clone()), "keytab", json!(files.path("keytab")));
    let mech = |left: &Value, right: &Value| verdict(left, right)["mech"].clone();
    assert_eq!(mech(&with_ntlm("ccache"), &accepts_both), "krb5");
    assert_eq!(mech(&with_ntlm("ccache"), &acceptor()), "ntlm");
    assert_eq!(mech(&initiator(), &accepts_both), "ntlm");
    assert_eq!(code(&verdict(&files.initiator(), &acceptor())), "no_common_mechanism");
    assert_eq!(code(&verdict(&initiator(), &files.acceptor())), "no_common_mechanism");
    // No ticket for the target: NTLM alone is left.
    let elsewhere = with(with_ntlm("ccache"), "target", "HTTP@elsewhere.example.com".into());
    assert_eq!(mech(&elsewhere, &accepts_both), "ntlm");
    // A cache that was named and cannot be read is an error all the same.
    let answer = ask(&mut Session::new(), &with_ntlm("none"));
    assert_eq!(answer["error"]["code"], "cannot_read_file", "{answer}");
    for raw in [with_ntlm("ccache"), initiator()] {
        let (left, right) =
            (with(raw, "framing", "raw".into()), with(accepts_both.clone(), "framing", "raw".into()));
        let expected = if left["mechs"] == both { "krb5" } else { "ntlm" };
        assert_eq!(mech(&left, &right), expected);
    }
}

#[test]
fn wrong_passwords_and_unknown_users_look_alike() {
    let wrong = verdict(&with(initiator(), "password", "wrong".into()), &acceptor());
    let unknown = verdict(&with(initiator(), "user", "carol".into()), &acceptor());
    assert_eq!(code(&wrong), "ntlm_logon_failed");
    assert_eq!(wrong, unknown);
    let elsewhere = verdict(&with(initiator(), "domain", "OTHER".into()), &acceptor());
    assert_eq!(wrong, elsewhere);
}

#[test]
fn users_are_named_in_several_ways() {
    for (user, domain, password, hash, peer) in [
        ("ALICE", Some("EXAMPLE"), Some("correct horse"), None, "EXAMPLE\\ALICE"),
        ("EXAMPLE\\alice", None, Some("correct horse"), None, "EXAMPLE\\alice"),
        ("alice", None, Some("correct horse"), None, "alice"),
        ("bob", Some("ANY"), Some("password"), None, "ANY\\bob"),
        ("bob", None, None, Some("8846f7eaee8fb117ad06bdd830b7586c"), "bob"),
    ] {
        let request = json!({"op": "initiator", "mechs": ["ntlm"], "target": "HTTP/server", "user": user,
                             "domain": domain, "password": password, "nt_hash": hash, "now": now()});
        let right = verdict(&request, &acceptor());
        assert_eq!((&right["state"], &right["peer"]), (&json!("established"), &json!(peer)), "{right}");
    }
}

#[test]
fn channel_bindings_by_policy() {
    for (sent, policy, expected) in [
        (Some("aa"), "verify", Ok(true)),
        (Some("bb"), "verify", Err("bindings_mismatch")),
        (None, "verify", Ok(false)),
        (Some("aa"), "require", Ok(true)),
        (Some("bb"), "require", Err("bindings_mismatch")),
        (None, "require", Err("bindings_missing")),
        (Some("bb"), "ignore", Ok(false)),
        (None, "ignore", Ok(false)),
    ] {
        let left = with(initiator(), "channel_bindings", json!(sent));
        let right = with(with(acceptor(), "channel_bindings", "aa".into()), "cb_policy", policy.into());
        let right = verdict(&left, &right);
        match expected {
            Ok(bound) => assert_eq!(right["channel_bound"], bound, "{sent:?} {policy}: {right}"),
            Err(expected) => {
                assert_eq!(code(&right), expected, "{sent:?} {policy}");
                assert_eq!(right["error"]["major"], "GSS_S_BAD_BINDINGS");
            }
        }
    }
}

#[test]
fn the_target_by_policy() {
    for (named, policy, expected) in [
        ("HTTP/server.example.com", "verify", None),
        ("http@SERVER.example.com", "require", None),
        ("cifs/server.example.com", "verify", Some("ntlm_target_mismatch")),
        ("HTTP/other.example.com", "require", Some("ntlm_target_mismatch")),
        ("cifs/other.example.com", "ignore", None),
    ] {
        let right = with(
            with(acceptor(), "target", "HTTP/server.example.com".into()),
            "target_policy",
            policy.into(),
        );
        let right = verdict(&with(initiator(), "target", named.into()), &right);
        match expected {
            None => assert_eq!(right["state"], "established", "{named} {policy}: {right}"),
            Some(expected) => assert_eq!(code(&right), expected, "{named} {policy}"),
        }
    }
    let right = verdict(&initiator(), &with(acceptor(), "target_policy", "require".into()));
    assert_eq!(code(&right), "ntlm_target_not_configured");
}

#[test]
fn anonymous_has_to_be_allowed_on_both_sides() {
    let anonymous =
        json!({"op": "initiator", "mechs": ["ntlm"], "target": "HTTP/server", "framing": "raw", "flags": []});
    let refused = ask(&mut Session::new(), &anonymous);
    assert!(refused["error"]["message"].as_str().unwrap().contains("`user` is missing"), "{refused}");
    let anonymous = with(anonymous, "allow", json!(["anonymous"]));
    let raw = with(acceptor(), "framing", "raw".into());
    assert_eq!(code(&verdict(&anonymous, &raw)), "ntlm_anonymous");
    let (_, mut theirs, left, right) = run(&anonymous, &with(raw, "allow", json!(["anonymous"])));
    assert_eq!((&left["state"], &right["state"]), (&json!("established"), &json!("established")));
    assert_eq!((&right["peer"], &right["flags"]), (&Value::Null, &json!(["anon"])));
    let key = ask(&mut theirs, &json!({"op": "session_key"}));
    assert_eq!(key["error"]["code"], "unavailable", "{key}");
}

#[test]
fn datagrams_do_without_a_first_message() {
    let raw = |request| with(with(request, "framing", "raw".into()), "datagram", true.into());
    let (mut ours, mut theirs) = (Session::new(), Session::new());
    assert_eq!(ask(&mut ours, &raw(initiator())), json!({"ok": true}));
    assert_eq!(ask(&mut theirs, &raw(acceptor())), json!({"ok": true}));
    let nothing = ask(&mut ours, &json!({"op": "step", "token": ""}));
    assert_eq!(nothing, json!({"state": "continue", "token": null}));
    let challenge = ask(&mut theirs, &json!({"op": "step", "token": ""}));
    let left = ask(&mut ours, &json!({"op": "step", "token": challenge["token"]}));
    assert_eq!((&left["state"], &left["mech"]), (&json!("established"), &json!("ntlm")), "{left}");
    let right = ask(&mut theirs, &json!({"op": "step", "token": left["token"]}));
    assert_eq!((&right["peer"], &right["mic"]), (&json!("EXAMPLE\\alice"), &json!(true)), "{right}");
    assert_messages(&mut ours, &mut theirs);
    let tokens = ["01", "02"].map(|data| ask(&mut ours, &json!({"op": "wrap", "data": data})));
    let [late, early] = [&tokens[0], &tokens[1]].map(|token| with(token.clone(), "op", "unwrap".into()));
    assert_eq!(ask(&mut theirs, &early)["status"], "gap");
    assert_eq!(ask(&mut theirs, &late)["data"], "01");
    let again = ask(&mut ours, &json!({"op": "step", "token": ""}));
    assert_eq!(again["error"]["code"], "bad_request", "{again}");
}

#[test]
fn short_keys_have_to_be_allowed() {
    let raw = |request| with(with(request, "framing", "raw".into()), "allow", json!(["keys_56_bit"]));
    // Both can do better, so they do.
    let (mut ours, mut theirs, left, right) = run(&raw(initiator()), &raw(acceptor()));
    assert_eq!((&left["state"], &right["state"]), (&json!("established"), &json!("established")));
    assert_messages(&mut ours, &mut theirs);
    // Somebody has taken the longer ones off the first message.
    let weaken = |acceptor: &Value| {
        let (mut ours, mut theirs) = (Session::new(), Session::new());
        ask(&mut ours, &raw(initiator()));
        ask(&mut theirs, acceptor);
        let negotiate = ask(&mut ours, &json!({"op": "step", "token": ""}));
        let mut negotiate = unbase64(&negotiate["token"]);
        negotiate[15] &= !0x20;
        ask(&mut theirs, &json!({"op": "step", "token": base64(&negotiate)}))
    };
    assert_eq!(code(&weaken(&with(acceptor(), "framing", "raw".into()))), "ntlm_short_keys");
    assert_eq!(weaken(&raw(acceptor()))["state"], "continue");
}

fn unbase64(token: &Value) -> Vec<u8> {
    use base64ct::Encoding;
    base64ct::Base64::decode_vec(token.as_str().unwrap()).unwrap()
}

#[test]
fn requests_that_lack_something_are_told_what() {
    let without = |mut request: Value, name: &str| {
        request.as_object_mut().unwrap().remove(name);
        request
    };
    let only = |user: Value| with(acceptor(), "users", json!([user]));
    let ours = initiator;
    for (request, part) in [
        (without(acceptor(), "users"), "`users` is missing or empty"),
        (with(acceptor(), "users", json!([])), "`users` is missing or empty"),
        (only(json!({"user": "alice"})), "\"alice\" has no secret"),
        (only(json!({"user": "alice", "password": "x", "nt_hash": "00"})), "has both"),
        (only(json!({"user": "alice", "nt_hash": "0011"})), "has 2 bytes, expected 16"),
        (only(json!({"password": "x"})), "missing field `user`"),
        (without(ours(), "user"), "`user` is missing"),
        (without(ours(), "password"), "\"alice\" has no secret"),
        (with(ours(), "nt_hash", "00".repeat(16).into()), "has both"),
        (with(ours(), "mechs", json!(["ntlm", "krb5"])), "Kerberos goes before NTLM"),
        (with(ours(), "mechs", json!(["ntlm", "ntlm"])), "each once"),
        (with(acceptor(), "mechs", json!(["ntlm", "spnego"])), "\"spnego\" is not known"),
        (with(acceptor(), "mechs", json!([])), "`mechs` is empty"),
        (with(acceptor(), "mechs", json!(["krb5", "ntlm"])), "`keytab` is missing"),
        (with(acceptor(), "allow", json!(["ntlm_v1"])), "expected one of rc4"),
        (with(acceptor(), "target", "server".into()), "one part only"),
        (with(acceptor(), "datagram", true.into()), "`datagram` goes with framing \"raw\""),
        (with(ours(), "datagram", true.into()), "`datagram` goes with framing \"raw\""),
        (with(ours(), "allow", json!(["keys_56_bit"])), "`keys_56_bit` goes with framing \"raw\""),
    ] {
        let answer = ask(&mut Session::new(), &request);
        assert!(answer["error"]["message"].as_str().unwrap().contains(part), "{part}: {answer}");
        assert!(
            ["bad_request", "bad_target"].contains(&answer["error"]["code"].as_str().unwrap()),
            "{answer}"
        );
    }
}
