//! The codec: every rule broken once, round trips, truncation and mutation.

use crate::peer::{der, framed, init, mic, resp, state, supported, tagged, token, types};
use gss_core::{ContextFlags, SinkFull, SliceSink, oid};
use gss_spnego::wire::{
    Field, MechType, MechTypeList, NegHints, NegState, NegTokenInit, NegTokenResp, NegotiationToken,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn parse(token: &[u8]) -> Result<NegotiationToken<'_>, &'static str> {
    NegotiationToken::parse(token).map_err(|error| {
        assert!(error.to_string().starts_with("SPNEGO token: "));
        error.code()
    })
}

fn parse_init(token: &[u8]) -> NegTokenInit<'_> {
    match parse(token) {
        Ok(NegotiationToken::Init(init)) => init,
        other => panic!("{other:?}"),
    }
}

fn parse_resp(token: &[u8]) -> NegTokenResp<'_> {
    match parse(token) {
        Ok(NegotiationToken::Resp(resp)) => resp,
        other => panic!("{other:?}"),
    }
}

fn full_init() -> Vec<u8> {
    init(&[types(&[oid::KRB5, oid::NTLMSSP]), tagged(1, 3, &[1, 0x62]), token(b"token"), mic(b"mic")])
}

fn full_resp() -> Vec<u8> {
    resp(&[state(3), supported(&oid::KRB5), token(b"token"), mic(b"mic")])
}

#[test]
fn all_fields_are_found_where_they_lie() {
    let bytes = full_init();
    let init = parse_init(&bytes);
    assert_eq!(
        init.mech_types.unwrap().iter().map(|it| it.oid().unwrap()).collect::<Vec<_>>(),
        [oid::KRB5, oid::NTLMSSP]
    );
    let flags = ContextFlags::MUTUAL | ContextFlags::REPLAY | ContextFlags::INTEGRITY;
    assert_eq!(init.req_flags.unwrap().flags(), flags);
    assert_eq!(&bytes[init.mech_token.unwrap().range()], b"token");
    assert_eq!(&bytes[init.mech_list_mic.unwrap().range()], b"mic");
    assert!(init.hints.is_none());

    let bytes = framed(&full_resp());
    let resp = parse_resp(&bytes);
    assert_eq!(resp.state, Some(NegState::REQUEST_MIC));
    assert_eq!(resp.supported_mech.unwrap().oid(), Some(oid::KRB5));
    assert_eq!(&bytes[resp.response_token.unwrap().range()], b"token");
    assert_eq!(&bytes[resp.mech_list_mic.unwrap().range()], b"mic");
}

#[test]
fn the_type_of_field_3_tells_hints_from_mic() {
    let hints = der(0xa3, &der(0x30, &[tagged(0, 0x1b, b"name"), tagged(1, 4, b"address")].concat()));
    let bytes = init(&[types(&[oid::KRB5]), hints.clone(), tagged(4, 4, b"mic")]);
    let parsed = parse_init(&bytes);
    assert_eq!(parsed.hints.unwrap().name.unwrap().bytes, b"name");
    assert_eq!(parsed.hints.unwrap().address.unwrap().bytes, b"address");
    assert_eq!(parsed.mech_list_mic.unwrap().bytes, b"mic");
    let mut again = Vec::new();
    parsed.write(&mut again).unwrap();
    assert_eq!(again, bytes);

    let bytes = init(&[types(&[oid::KRB5]), tagged(4, 4, b"mic")]);
    assert_eq!(parse_init(&bytes).mech_list_mic.unwrap().bytes, b"mic");
    let both = init(&[types(&[oid::KRB5]), mic(b"mic"), tagged(4, 4, b"mic")]);
    assert_eq!(parse(&both).unwrap_err(), "two_mics");
    // NegTokenInit2 may go without a list.
    assert!(parse_init(&init(&[hints])).mech_types.is_none());
}

#[test]
fn fields_of_later_versions_are_skipped() {
    let later = [tagged(6, 4, b"new"), vec![0xbf, 0x81, 0x01, 1, 0], vec![5, 0]].concat();
    parse_resp(&resp(&[state(0), later.clone()]));
    parse_init(&init(&[types(&[oid::KRB5]), later]));
    let sixteen = [5, 0].repeat(16);
    parse_resp(&resp(&[state(0), sixteen.clone()]));
    assert_eq!(parse(&resp(&[state(0), sixteen, vec![5, 0]])).unwrap_err(), "too_many_extensions");
    for broken in [&[0xa6][..], &[0xa6, 5, 1], &[0xbf], &[0xbf, 0x81], &[0xa6, 0x80, 0, 0]] {
        assert_eq!(parse(&resp(&[state(0), broken.to_vec()])).unwrap_err(), "malformed_token");
    }
}

#[test]
fn each_rule_broken_once() {
    let krb5 = || types(&[oid::KRB5]);
    let no_oid = |content: &[u8]| init(&[der(0xa0, &der(0x30, &der(6, content)))]);
    let extra = |mut token: Vec<u8>| {
        token.push(0);
        token
    };
    for (what, token, code) in [
        ("nothing", vec![], "malformed_token"),
        ("another choice", vec![0xa2, 0], "unknown_token"),
        ("no sequence", der(0xa1, &[]), "malformed_token"),
        ("a set", der(0xa1, &der(0x31, &[])), "malformed_token"),
        ("data behind", extra(full_resp()), "malformed_token"),
        ("data behind the frame", extra(full_init()), "malformed_frame"),
        ("data in the frame", framed(&extra(full_resp())), "malformed_token"),
        ("data behind the sequence", der(0xa1, &extra(der(0x30, &[]))), "malformed_token"),
        ("data behind a value", resp(&[der(0xa0, &[0x0a, 1, 0, 0])]), "malformed_token"),
        ("an empty field", resp(&[der(0xa2, &[])]), "malformed_token"),
        (
            "another frame",
            der(0x60, &[&der(6, oid::KRB5.as_bytes())[..], &full_resp()].concat()),
            "framed_for_other_mechanism",
        ),
        ("frame in frame", framed(&framed(&full_resp())), "unknown_token"),
        ("length too long", vec![0xa1, 0x81, 2, 0x30, 0], "malformed_token"),
        ("indefinite length", vec![0xa1, 0x80, 0x30, 0x80, 0, 0, 0, 0], "malformed_token"),
        ("integer for state", resp(&[tagged(0, 2, &[0])]), "malformed_token"),
        ("empty state", resp(&[tagged(0, 0x0a, &[])]), "malformed_state"),
        ("wide state", resp(&[tagged(0, 0x0a, &[0, 1])]), "malformed_state"),
        ("sequence for mechanism", resp(&[tagged(1, 0x30, &[])]), "malformed_token"),
        ("empty mechanism", resp(&[tagged(1, 6, &[])]), "malformed_oid"),
        ("null token", resp(&[der(0xa2, &[5, 0])]), "malformed_token"),
        ("constructed token", resp(&[tagged(2, 0x24, &[4, 0])]), "malformed_token"),
        ("null MIC", resp(&[der(0xa3, &[5, 0])]), "malformed_token"),
        ("token before state", resp(&[token(b"x"), state(0)]), "field_order"),
        ("MIC before token", resp(&[mic(b"x"), token(b"x")]), "field_order"),
        ("token twice", resp(&[token(b"x"), token(b"x")]), "field_order"),
        ("MIC twice", resp(&[mic(b"x"), mic(b"x")]), "field_order"),
        ("MIC behind an extension", resp(&[tagged(6, 4, b"x"), mic(b"x")]), "field_order"),
        ("list twice", init(&[krb5(), krb5()]), "field_order"),
        ("MIC in field 4 twice", init(&[krb5(), tagged(4, 4, b"x"), tagged(4, 4, b"x")]), "field_order"),
        ("empty list", init(&[der(0xa0, &[0x30, 0])]), "empty_mech_list"),
        ("list of numbers", init(&[der(0xa0, &der(0x30, &[2, 1, 1]))]), "malformed_token"),
        ("one name, no list", init(&[tagged(0, 6, oid::KRB5.as_bytes())]), "malformed_token"),
        ("empty name", no_oid(&[]), "malformed_oid"),
        ("unfinished name", no_oid(&[0x2a, 0x86]), "malformed_oid"),
        ("padded name", no_oid(&[0x2a, 0x80, 1]), "malformed_oid"),
        ("name that begins padded", no_oid(&[0x80, 1]), "malformed_oid"),
        ("flags without count", init(&[krb5(), tagged(1, 3, &[])]), "malformed_req_flags"),
        ("flags with 8 unused bits", init(&[krb5(), tagged(1, 3, &[8, 0])]), "malformed_req_flags"),
        ("unused bits of nothing", init(&[krb5(), tagged(1, 3, &[1])]), "malformed_req_flags"),
        ("very many flags", init(&[krb5(), tagged(1, 3, &[0; 6])]), "malformed_req_flags"),
        ("flags as octets", init(&[krb5(), tagged(1, 4, &[0, 0])]), "malformed_token"),
        ("hints of another type", init(&[krb5(), tagged(3, 0x1b, b"x")]), "malformed_token"),
        ("hint name as octets", init(&[krb5(), tagged(3, 0x30, &tagged(0, 4, b"x"))]), "malformed_token"),
    ] {
        assert_eq!(parse(&token).map(|_| "parsed").unwrap_or_else(|code| code), code, "{what}");
    }
}

#[test]
fn every_truncation_is_an_error() {
    for token in [full_init(), full_resp(), framed(&full_resp())] {
        assert!(parse(&token).is_ok());
        for len in 0..token.len() {
            assert!(parse(&token[..len]).is_err(), "{len}");
        }
    }
}

#[test]
fn every_single_byte_may_be_anything() {
    for token in [full_init(), full_resp()] {
        for at in 0..token.len() {
            for value in 0..=255 {
                let mut changed = token.clone();
                changed[at] = value;
                if let Ok(parsed) = NegotiationToken::parse(&changed) {
                    // What parses can be looked at and written.
                    let _ = format!("{parsed:?}");
                    rewrite(&parsed);
                }
            }
        }
    }
}

#[test]
fn unknown_states_survive() {
    for value in 0..=255 {
        let bytes = resp(&[state(value)]);
        let parsed = parse(&bytes).unwrap();
        assert_eq!(rewrite(&parsed), bytes);
    }
    assert_eq!(NegState(9).to_string(), "negState 9");
    assert_eq!(NegState::REQUEST_MIC.to_string(), "request-mic");
}

#[test]
fn a_full_buffer_keeps_what_it_had() {
    let bytes = full_resp();
    let NegotiationToken::Resp(resp) = parse(&bytes).unwrap() else { unreachable!() };
    for room in 1..=bytes.len() {
        let mut buffer = vec![0; room];
        let mut sink = SliceSink::new(&mut buffer);
        gss_core::TokenSink::put(&mut sink, b"x").unwrap();
        assert!(matches!(resp.write(&mut sink), Err(SinkFull { .. })));
        assert_eq!(sink.into_written(), b"x");
    }
}

#[test]
fn errors_name_the_place() {
    let error = NegotiationToken::parse(&resp(&[token(b"x"), state(0)])).unwrap_err();
    assert_eq!(error.to_string(), "SPNEGO token: field [0] at byte 9 is out of order or there twice");
    let error = NegotiationToken::parse(&framed(&resp(&[der(0xa2, &[5, 0])]))).unwrap_err();
    assert_eq!(error.to_string(), "SPNEGO token: tag 0x05 where 0x04 was expected at byte 16");
}

fn rewrite(token: &NegotiationToken<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    match token {
        NegotiationToken::Init(init) => init.write(&mut bytes).unwrap(),
        NegotiationToken::Resp(resp) => resp.write(&mut bytes).unwrap(),
    }
    bytes
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    vec((any::<u8>().prop_map(|it| it & 0x7f), 0..3_usize), 1..6).prop_map(|arcs| {
        arcs.into_iter().flat_map(|(last, more)| [vec![0x81; more], vec![last]].concat()).collect()
    })
}

fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    option::of(prop_oneof![vec(any::<u8>(), 0..300), Just(vec![0x5a; 70_000])])
}

proptest! {
    #[test]
    fn init_round_trips(
        names in vec(name(), 1..20),
        flags in option::of((0..8_u8, vec(any::<u8>(), 1..5))),
        token in bytes(),
        hints in option::of((bytes(), bytes())),
        mic in bytes(),
    ) {
        let list = der(0x30, &names.iter().flat_map(|name| der(6, name)).collect::<Vec<_>>());
        let flags = flags.map(|(unused, bits)| init(&[tagged(1, 3, &[&[unused], &bits[..]].concat())]));
        let value = NegTokenInit {
            mech_types: Some(MechTypeList::parse(&list).unwrap()),
            req_flags: flags.as_deref().and_then(|token| parse_init(token).req_flags),
            mech_token: token.as_deref().map(Field::new),
            hints: hints.as_ref().map(|(name, address)| NegHints {
                name: name.as_deref().map(Field::new),
                address: address.as_deref().map(Field::new),
            }),
            mech_list_mic: mic.as_deref().map(Field::new),
        };
        let mut written = Vec::new();
        value.write(&mut written).unwrap();
        let parsed = parse_init(&written);
        prop_assert_eq!(parsed.mech_types, value.mech_types);
        prop_assert_eq!(parsed.mech_types.unwrap().iter().map(|it| it.as_bytes().to_vec()).collect::<Vec<_>>(), names);
        prop_assert_eq!(parsed.req_flags, value.req_flags);
        prop_assert_eq!(parsed.mech_token.map(|it| it.bytes), token.as_deref());
        prop_assert_eq!(parsed.mech_list_mic.map(|it| it.bytes), mic.as_deref());
        let parsed_hints = parsed.hints.map(|hints| {
            (hints.name.map(|it| it.bytes.to_vec()), hints.address.map(|it| it.bytes.to_vec()))
        });
        prop_assert_eq!(parsed_hints, hints);
    }

    #[test]
    fn resp_round_trips(state in option::of(any::<u8>()), name in option::of(name()), token in bytes(), mic in bytes()) {
        let name = name.map(|name| resp(&[tagged(1, 6, &name)]));
        let value = NegTokenResp {
            state: state.map(NegState),
            supported_mech: name.as_deref().and_then(|token| parse_resp(token).supported_mech),
            response_token: token.as_deref().map(Field::new),
            mech_list_mic: mic.as_deref().map(Field::new),
        };
        let mut written = Vec::new();
        value.write(&mut written).unwrap();
        let parsed = parse_resp(&written);
        prop_assert_eq!(parsed.state, value.state);
        prop_assert_eq!(parsed.supported_mech, value.supported_mech);
        prop_assert_eq!(parsed.response_token.map(|it| it.bytes), token.as_deref());
        prop_assert_eq!(parsed.mech_list_mic.map(|it| it.bytes), mic.as_deref());
    }

    #[test]
    fn noise_never_panics(noise in vec(any::<u8>(), 0..64), first in prop_oneof![Just(0x60_u8), Just(0xa0), Just(0xa1)]) {
        let _ = NegotiationToken::parse(&noise);
        let _ = NegotiationToken::parse(&der(first, &noise));
        let _ = NegotiationToken::parse(&der(first, &der(0x30, &noise)));
        let _ = MechTypeList::parse(&noise);
    }
}

#[test]
fn a_name_can_be_made_of_an_oid() {
    let name = MechType::from(&oid::NTLMSSP);
    assert_eq!((name.oid(), name.to_string()), (Some(oid::NTLMSSP), "1.3.6.1.4.1.311.2.2.10".into()));
}
