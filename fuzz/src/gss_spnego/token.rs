//! The codec by itself.

use ::gss_spnego::wire::{Field, NegTokenInit, NegotiationToken};

/// What parses can be written, and then reads as the same and is written as the same. All that it holds lies where it
/// says.
pub fn parse(bytes: &[u8]) {
    let token = match NegotiationToken::parse(bytes) {
        Ok(token) => token,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.code().is_empty());
            return;
        }
    };
    let _ = format!("{token:?}");
    for field in fields(&token).into_iter().flatten() {
        assert_eq!(bytes.get(field.range()), Some(field.bytes));
    }
    let written = write(&token);
    let again = NegotiationToken::parse(&written).expect("what was written parses");
    assert!(contents(&again).eq(contents(&token)));
    match (&token, &again) {
        (NegotiationToken::Init(a), NegotiationToken::Init(b)) => {
            assert_eq!(a.mech_types.map(|list| list.as_der()), b.mech_types.map(|list| list.as_der()));
            assert_eq!(a.req_flags, b.req_flags);
            check_list(a);
        }
        (NegotiationToken::Resp(a), NegotiationToken::Resp(b)) => {
            assert_eq!((a.state, a.supported_mech), (b.state, b.supported_mech));
        }
        _ => panic!("the kind of token changed"),
    }
    assert_eq!(write(&again), written);
}

fn check_list(init: &NegTokenInit<'_>) {
    let Some(list) = init.mech_types else { return };
    assert!(list.iter().count() > 0);
    for mechanism in list.iter() {
        assert!(mechanism.oid().is_none_or(|oid| oid.as_bytes() == mechanism.as_bytes()));
        let _ = mechanism.to_string();
    }
}

fn write(token: &NegotiationToken<'_>) -> Vec<u8> {
    let mut output = Vec::new();
    match token {
        NegotiationToken::Init(init) => init.write(&mut output),
        NegotiationToken::Resp(resp) => resp.write(&mut output),
    }
    .expect("a Vec has room");
    output
}

fn fields<'a>(token: &NegotiationToken<'a>) -> [Option<Field<'a>>; 4] {
    match token {
        NegotiationToken::Init(init) => [
            init.mech_token,
            init.hints.and_then(|hints| hints.name),
            init.hints.and_then(|hints| hints.address),
            init.mech_list_mic,
        ],
        NegotiationToken::Resp(resp) => [resp.response_token, resp.mech_list_mic, None, None],
    }
}

fn contents<'a>(token: &NegotiationToken<'a>) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
    fields(token).into_iter().map(|field| field.map(|field| field.bytes))
}
