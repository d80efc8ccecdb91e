//! Exchanges of the specification, and one derived from them with everything in it, played back to the acceptor.

mod peers;

use crate::world::bindings;
use gss_core::{
    BindingOutcome, BindingPolicy, ChannelBindings, Diagnose, Env, Handshake, SecurityContext, Step, Target,
    Timestamp,
};
use gss_ntlm::{Acceptor, AcceptorConfig, Allow, MemoryUsers, ServerNames};
use test_support::TestRng;
use test_support::vectors;

fn users() -> MemoryUsers {
    let mut users = MemoryUsers::new();
    users.add("User", "Domain", "Password");
    users
}

fn message(file: &str, name: &str) -> Vec<u8> {
    let file = vectors::load(file);
    file.records()
        .iter()
        .find(|record| record.name() == name)
        .unwrap_or_else(|| panic!("{name}"))
        .hex("message")
}

fn verify(
    [negotiate, challenge, authenticate]: [&[u8]; 3],
    config: &AcceptorConfig,
) -> Result<(String, BindingOutcome, Vec<u8>), &'static str> {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(0), &mut rng);
    let acceptor = Acceptor::resumed(config, negotiate, challenge).map_err(|error| error.code())?;
    match acceptor.step(&mut authenticate.to_vec(), &mut Vec::new(), &mut env) {
        Ok(Step::Done(context)) => {
            let facts = context.facts();
            let name = facts.peer.map(ToString::to_string).unwrap_or_default();
            Ok((name, facts.binding, context.secret_session_key().unwrap().to_vec()))
        }
        Ok(Step::Continue(_)) => panic!("nothing is left to come"),
        Err(error) => Err(error.code()),
    }
}

fn config() -> AcceptorConfig {
    AcceptorConfig::new(ServerNames::new("Server"), users())
}

fn derived() -> [Vec<u8>; 3] {
    [
        "NEGOTIATE of a client of today",
        "NTLMv2 with time, CHALLENGE",
        "NTLMv2 with time, MIC, bindings and target name, AUTHENTICATE",
    ]
    .map(|name| message("ntlm/messages-derived.txt", name))
}

/// RandomSessionKey of MS-NLMP 4.2.1.
const KEY: [u8; 16] = [0x55; 16];

#[test]
fn an_exchange_with_everything_is_accepted() {
    let hash: Vec<u8> = (0..32).collect();
    let ours = ChannelBindings::tls_server_end_point(&hash);
    let target = Target::new("HTTP", "server.domain.example").unwrap();
    let config = config()
        .channel_bindings(bindings(BindingPolicy::Require, &[ours]))
        .accept_target(&target)
        .target_policy(BindingPolicy::Require);
    let [negotiate, challenge, authenticate] = derived();
    let verdict = verify([&negotiate, &challenge, &authenticate], &config);
    assert_eq!(verdict, Ok(("Domain\\User".into(), BindingOutcome::Bound, KEY.to_vec())));
}

#[test]
fn every_changed_byte_of_it_is_noticed() {
    let messages = derived();
    for which in 0..messages.len() {
        for place in 0..messages[which].len() {
            let mut changed = messages.clone();
            changed[which][place] ^= 0x40;
            let [negotiate, challenge, authenticate] = &changed;
            let verdict = verify([negotiate, challenge, authenticate], &config());
            assert!(verdict.is_err(), "message {which}, byte {place}: {verdict:?}");
        }
    }
}

#[test]
fn the_example_of_the_specification_has_no_mic() {
    let challenge = message("ntlm/messages.txt", "NTLMv2, CHALLENGE");
    let authenticate = message("ntlm/messages.txt", "NTLMv2, AUTHENTICATE");
    let [negotiate, ..] = derived();
    let messages = [&negotiate[..], &challenge, &authenticate];
    assert_eq!(verify(messages, &config()), Err("ntlm_mic_missing"));
    let verdict = verify(messages, &config().allow(Allow::WITHOUT_MIC));
    assert_eq!(verdict.map(|(name, _, key)| (name, key)), Ok(("Domain\\User".into(), KEY.to_vec())));
}

#[test]
fn older_responses_are_refused_by_name() {
    let [negotiate, ..] = derived();
    for (version, code) in
        [("NTLMv1", "ntlm_v1_refused"), ("NTLMv1 with client challenge", "ntlm_v1_session_refused")]
    {
        let challenge = message("ntlm/messages.txt", &format!("{version}, CHALLENGE"));
        let authenticate = message("ntlm/messages.txt", &format!("{version}, AUTHENTICATE"));
        let verdict = verify([&negotiate, &challenge, &authenticate], &config().allow(Allow::WITHOUT_MIC));
        assert_eq!(verdict, Err(code), "{version}");
    }
}
