use super::{Files, ask, now, run, with};
use crate::shim::Session;
use crate::shim::text::{base64, hex};
use serde_json::{Value, json};
use test_support::ticket::TicketMaker;
use test_support::vectors;

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

mod recorded {
    use super::*;

    fn message(file: &str, name: &str) -> Vec<u8> {
        let file = vectors::load(file);
        let mut records = file.records().iter();
        records.find(|record| record.name() == name).unwrap_or_else(|| panic!("{name}")).hex("message")
    }

    /// The exchange of today's clients.
    fn derived() -> [Vec<u8>; 3] {
        [
            "NEGOTIATE of a client of today",
            "NTLMv2 with time, CHALLENGE",
            "NTLMv2 with time, MIC, bindings and target name, AUTHENTICATE",
        ]
        .map(|name| message("ntlm/messages-derived.txt", name))
    }

    /// An exchange of MS-NLMP section 4.2.
    fn official(version: &str) -> [Vec<u8>; 3] {
        let [negotiate, ..] = derived();
        let [challenge, authenticate] = ["CHALLENGE", "AUTHENTICATE"]
            .map(|kind| message("ntlm/messages.txt", &format!("{version}, {kind}")));
        [negotiate, challenge, authenticate]
    }

    fn verify([negotiate, challenge, authenticate]: &[Vec<u8>; 3]) -> Value {
        json!({"op": "ntlm_verify", "negotiate": base64(negotiate), "challenge": base64(challenge),
               "authenticate": base64(authenticate), "now": "2003-06-17T10:00:05Z",
               "users": [{"user": "User", "domain": "Domain", "password": "Password"}]})
    }

    /// The bindings of the exchange: a certificate's hash of bytes 0 to 31.
    fn bindings() -> String {
        let hash: Vec<u8> = (0..32).collect();
        hex(&[&b"tls-server-end-point:"[..], &hash].concat())
    }

    #[test]
    fn an_exchange_with_everything_is_accepted() {
        let request = verify(&derived());
        let request =
            with(with(request, "channel_bindings", bindings().into()), "cb_policy", "require".into());
        let request = with(
            with(request, "target", "HTTP/server.domain.example".into()),
            "target_policy",
            "require".into(),
        );
        let answer = ask(&mut Session::new(), &request);
        assert_eq!(
            answer,
            json!({"state": "established", "token": null, "mech": "ntlm", "peer": "Domain\\User", "role": "acceptor",
                   "flags": ["replay", "sequence", "conf", "integ", "channel_bound"], "channel_bound": true,
                   "mic": true, "target": "HTTP/server.domain.example", "workstation": "COMPUTER"})
        );
        for (name, value, expected) in [
            ("channel_bindings", "aa", "bindings_mismatch"),
            ("target", "cifs/server.domain.example", "ntlm_target_mismatch"),
        ] {
            assert_eq!(code(&ask(&mut Session::new(), &with(request.clone(), name, value.into()))), expected);
        }
        let users = |user: Value| with(request.clone(), "users", json!([user]));
        let wrong = ask(&mut Session::new(), &users(json!({"user": "User", "password": "password"})));
        let unknown = ask(&mut Session::new(), &users(json!({"user": "Other", "password": "Password"})));
        assert_eq!(code(&wrong), "ntlm_logon_failed");
        assert_eq!(wrong, unknown);
        let hash = json!({"user": "User", "nt_hash": "a4f49c406510bdcab6824ee7c30fd852"});
        assert_eq!(ask(&mut Session::new(), &users(hash)), answer);
        let none = ask(&mut Session::new(), &with(request, "users", json!([])));
        assert_eq!(none["error"]["code"], "bad_request", "{none}");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let messages = derived();
        let mut session = Session::new();
        for which in 0..messages.len() {
            for place in 0..messages[which].len() {
                let mut changed = messages.clone();
                changed[which][place] ^= 0x01;
                let answer = ask(&mut session, &verify(&changed));
                assert_eq!(answer["state"], "failed", "message {which}, byte {place}: {answer}");
            }
        }
    }

    #[test]
    fn a_mic_is_missed_unless_that_is_allowed() {
        let request = verify(&official("NTLMv2"));
        assert_eq!(code(&ask(&mut Session::new(), &request)), "ntlm_mic_missing");
        let answer = ask(&mut Session::new(), &with(request, "allow", json!(["ntlm_without_mic"])));
        assert_eq!((&answer["peer"], &answer["mic"]), (&json!("Domain\\User"), &json!(false)), "{answer}");
        // The MIC of the other exchange is promised inside the proof, so it cannot be left out.
        let mut zeroed = derived();
        zeroed[2][72..88].fill(0);
        let answer = ask(&mut Session::new(), &with(verify(&zeroed), "allow", json!(["ntlm_without_mic"])));
        assert_eq!(code(&answer), "ntlm_bad_mic");
    }

    #[test]
    fn older_answers_are_refused_by_name() {
        for (version, expected) in
            [("NTLMv1", "ntlm_v1_refused"), ("NTLMv1 with client challenge", "ntlm_v1_session_refused")]
        {
            let request =
                with(verify(&official(version)), "allow", json!(["ntlm_without_mic", "keys_56_bit"]));
            assert_eq!(code(&ask(&mut Session::new(), &request)), expected);
        }
    }

    #[test]
    fn the_clock_matters_on_demand() {
        let request = |now: &str| with(verify(&derived()), "now", now.into());
        for (now, expected) in [
            ("2003-06-17T10:00:05Z", None),
            ("2003-06-17T09:59:55Z", None),
            ("2003-06-17T10:00:06Z", Some("ntlm_clock_skew")),
            ("2003-06-17T09:59:54Z", Some("ntlm_clock_skew")),
        ] {
            assert_eq!(ask(&mut Session::new(), &request(now))["state"], "established");
            let answer = ask(&mut Session::new(), &with(request(now), "skew", 5.into()));
            match expected {
                None => assert_eq!(answer["state"], "established", "{now}: {answer}"),
                Some(expected) => assert_eq!(code(&answer), expected, "{now}"),
            }
        }
    }

    #[test]
    fn messages_in_the_wrong_place_are_refused() {
        let [negotiate, challenge, authenticate] = derived();
        for messages in [
            [challenge.clone(), challenge.clone(), authenticate.clone()],
            [negotiate.clone(), negotiate.clone(), authenticate.clone()],
            [negotiate.clone(), challenge.clone(), challenge.clone()],
            [negotiate, Vec::new(), authenticate.clone()],
            [Vec::new(), challenge, authenticate], // not a datagram: the MIC is over the first message too
        ] {
            let answer = ask(&mut Session::new(), &verify(&messages));
            assert_eq!(answer["state"], "failed", "{answer}");
        }
    }

    #[test]
    fn the_context_at_hand_is_left_alone() {
        let (mut ours, mut theirs, ..) = run(&initiator(), &acceptor());
        for session in [&mut ours, &mut theirs] {
            assert_eq!(ask(session, &verify(&derived()))["state"], "established");
            assert_eq!(ask(session, &verify(&official("NTLMv1")))["state"], "failed");
        }
        assert_messages(&mut ours, &mut theirs);
    }

    #[test]
    fn our_own_exchange_can_be_verified_from_a_recording() {
        let raw = |request| with(request, "framing", "raw".into());
        let (mut ours, mut theirs) = (Session::new(), Session::new());
        ask(&mut ours, &raw(initiator()));
        ask(&mut theirs, &raw(acceptor()));
        let step = |session: &mut Session, token: &Value| {
            ask(session, &json!({"op": "step", "token": token}))["token"].clone()
        };
        let negotiate = step(&mut ours, &"".into());
        let challenge = step(&mut theirs, &negotiate);
        let authenticate = step(&mut ours, &challenge);
        let request = json!({"op": "ntlm_verify", "negotiate": negotiate, "challenge": challenge,
                             "authenticate": authenticate, "users": acceptor()["users"],
                             "target": "HTTP/server.example.com", "target_policy": "require"});
        let answer = ask(&mut Session::new(), &request);
        assert_eq!((&answer["peer"], &answer["mic"]), (&json!("EXAMPLE\\alice"), &json!(true)), "{answer}");
    }
}
