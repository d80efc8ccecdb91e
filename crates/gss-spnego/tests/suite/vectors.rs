//! Tokens of the specifications, and recordings of other implementations.

use crate::pair::{acceptor, complete, go_on, initiator};
use crate::scripted::Script;
use gss_core::{Oid, oid};
use gss_spnego::wire::{NegotiationToken, is_framed};
use test_support::vectors;

#[test]
fn tokens_read_as_the_specifications_say_and_write_back() {
    for record in vectors::load("spnego/tokens.txt").records() {
        let bytes = record.hex("token");
        assert_eq!(u8::from(is_framed(&bytes)), record.int("framed") as u8, "{}", record.name());
        let (names, state, token, mic, hint) = match NegotiationToken::parse(&bytes).unwrap() {
            NegotiationToken::Init(init) => {
                let list = init.mech_types.unwrap();
                assert_eq!(list.as_der(), record.hex("mech-list"), "{}", record.name());
                let mut again = Vec::new();
                init.write(&mut again).unwrap();
                assert_eq!(again, bytes, "{}", record.name());
                let hint = init.hints.and_then(|hints| hints.name).map(|name| name.bytes.to_vec());
                (list.iter().collect(), None, init.mech_token, init.mech_list_mic, hint)
            }
            NegotiationToken::Resp(resp) => {
                let mut again = Vec::new();
                resp.write(&mut again).unwrap();
                assert_eq!(again, bytes, "{}", record.name());
                let names = Vec::from_iter(resp.supported_mech);
                (names, resp.state, resp.response_token, resp.mech_list_mic, None)
            }
        };
        let names: Vec<_> = names.iter().map(|name| name.oid().unwrap().to_string()).collect();
        let expected = record.get("mechanisms").map(|_| record.text("mechanisms")).unwrap_or_default();
        assert_eq!(names.join(" "), expected, "{}", record.name());
        assert_eq!(state.map(|state| state.to_string()).as_deref(), record.get("state"), "{}", record.name());
        assert_eq!(token.map(|it| it.bytes.to_vec()), record.opt_hex("mech-token"), "{}", record.name());
        assert_eq!(mic.map(|it| it.bytes.to_vec()), record.opt_hex("mic"), "{}", record.name());
        assert_eq!(hint, record.opt_hex("hint-name"), "{}", record.name());
    }
}

#[test]
fn names_of_mechanisms_are_those_of_the_specifications() {
    for record in vectors::load("spnego/mechanisms.txt").records() {
        let name = Oid::new(&record.text("oid")).unwrap();
        let der = record.hex("der");
        assert_eq!(der[0..2], [6, name.as_bytes().len() as u8]);
        assert_eq!(der[2..], *name.as_bytes(), "{}", record.name());
        assert_eq!(
            oid::mechanism_name(&name),
            record.get("known-as").map(|_| record.text("known-as")).as_deref()
        );
    }
}

/// Around the recorded tokens of Kerberos, both of our sides write the very bytes that MIT krb5 wrote.
#[test]
fn recorded_negotiations_come_out_byte_for_byte() {
    for file in ["mutual-18", "mutual-20", "one-way-18", "curl-18"] {
        let file = vectors::load(&format!("flows/mit/spnego-{file}.txt"));
        let tokens: Vec<_> = file.records_of("token").map(|record| record.hex("token")).collect();
        let [init, reply] = &tokens[..] else { panic!("{} tokens", tokens.len()) };
        let inner: Vec<_> = tokens.iter().filter_map(|token| mechanism_token(token)).collect();
        let script = Script { recorded: Some(inner.leak()), ..Script::krb5(2) };
        let script = Script { tokens: script.recorded.unwrap().len() as u8, ..script };

        let (left, ours) = go_on(initiator(&[script]), b"");
        assert_eq!(&ours, init);
        let (context, nothing) = complete(left, reply);
        assert_eq!((context.mic().name(), nothing.len()), ("not_required", 0));

        let (context, ours) = complete(acceptor(&[script]), init);
        assert_eq!(context.mic().name(), "not_required");
        assert_eq!(&ours, reply);
    }
}

fn mechanism_token(token: &[u8]) -> Option<Vec<u8>> {
    let field = match NegotiationToken::parse(token).unwrap() {
        NegotiationToken::Init(init) => init.mech_token,
        NegotiationToken::Resp(resp) => resp.response_token,
    };
    field.map(|field| field.bytes.to_vec())
}
