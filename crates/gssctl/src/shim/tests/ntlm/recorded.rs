//! Recorded exchanges, judged without state.

use super::{acceptor, ask, assert_messages, code, initiator, run, with};
use crate::shim::Session;
use crate::shim::text::{base64, hex};
use serde_json::{Value, json};
use test_support::vectors;

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
    let [challenge, authenticate] =
        ["CHALLENGE", "AUTHENTICATE"].map(|kind| message("ntlm/messages.txt", &format!("{version}, {kind}")));
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
    let request = with(with(request, "channel_bindings", bindings().into()), "cb_policy", "require".into());
    let request =
        with(with(request, "target", "HTTP/server.domain.example".into()), "target_policy", "require".into());
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
        let request = with(verify(&official(version)), "allow", json!(["ntlm_without_mic", "keys_56_bit"]));
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
