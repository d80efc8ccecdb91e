//! Contexts that come about, and what both sides know then.

use crate::world::{CLIENT, ENCTYPES, SERVICE, acceptor, config, initiator};
use gss_core::{BindingOutcome, ContextFlags, PrfKey, Protection, Role, SecurityContext, SequenceStatus};
use gss_krb5::Allow;
use krb5_crypto::EncType;
use test_support::Pair;

const ONE_WAY: ContextFlags = ContextFlags::REPLAY
    .with(ContextFlags::SEQUENCE)
    .with(ContextFlags::CONFIDENTIALITY)
    .with(ContextFlags::INTEGRITY);
const MUTUAL: ContextFlags = ONE_WAY.with(ContextFlags::MUTUAL);
const DCE: ContextFlags = MUTUAL.with(ContextFlags::DCE_STYLE);

#[test]
fn every_enctype_and_style_gives_a_context_that_carries_messages() {
    for &enctype in ENCTYPES {
        for (flags, legs) in [(ONE_WAY, 1), (MUTUAL, 2), (DCE, 3)] {
            for offer in [&[][..], &[enctype], &[EncType::AES256_CTS_HMAC_SHA384_192]] {
                let initiator = initiator(enctype).flags(flags).offer_enctypes(offer).allow_weak_enctypes();
                let acceptor = acceptor(config(enctype).allow(Allow::WEAK_ENCTYPES));
                let mut pair = Pair::default();
                let run = pair.run(initiator, acceptor);
                assert_eq!(run.tokens.len(), legs, "{enctype} {flags}");
                let (mut client, mut server) = run.established();

                let (ours, theirs) = (client.facts(), server.facts());
                assert_eq!((ours.role, theirs.role), (Role::Initiator, Role::Acceptor));
                assert_eq!((ours.flags, theirs.flags), (flags, flags), "{enctype}");
                assert_eq!(ours.expires, theirs.expires);
                assert_eq!(theirs.peer.unwrap().to_string(), CLIENT);
                assert_eq!(theirs.local.unwrap().to_string(), SERVICE);
                assert_eq!(ours.local.unwrap().to_string(), CLIENT);
                let peer = ours.peer.map(ToString::to_string);
                assert_eq!(peer.as_deref(), (legs > 1).then_some(SERVICE), "a name only with proof");
                assert_eq!(theirs.binding, BindingOutcome::NotChecked);
                assert_eq!(client.secret_session_key(), server.secret_session_key());
                let negotiated = if legs > 1 { offer.first().copied().unwrap_or(enctype) } else { enctype };
                assert_eq!(client.secret_message_key().enctype(), negotiated);

                // Debug builds encrypt some megabytes a second: one long message for each enctype will do.
                let long = if legs == 2 && offer.is_empty() { 65_536 } else { 100 };
                exchange(&mut pair, &mut client, &mut server, long);
                exchange(&mut pair, &mut server, &mut client, long);
                for which in [PrfKey::Full, PrfKey::Partial] {
                    let mut bytes = [[0; 100]; 2];
                    client.prf(which, b"input", &mut bytes[0]).unwrap();
                    server.prf(which, b"input", &mut bytes[1]).unwrap();
                    assert_eq!(bytes[0], bytes[1]);
                    assert_ne!(bytes[0], [0; 100]);
                }
            }
        }
    }
}

/// Sends messages one way, the last of them of length `long`.
fn exchange(
    pair: &mut Pair<'_>,
    from: &mut impl SecurityContext,
    to: &mut impl SecurityContext,
    long: usize,
) {
    for protection in [Protection::Integrity, Protection::Confidentiality] {
        for len in [0, 1, 15, 16, 17, long] {
            let message = vec![0x5a; len];
            let mut token = Vec::new();
            from.sealer().wrap(protection, &message, &mut token, pair.env(Role::Initiator).rng).unwrap();
            let opened = to.opener().unwrap(&mut token).unwrap();
            assert_eq!((&*opened.message, opened.protection), (&*message, protection));
            assert_eq!(opened.sequence, SequenceStatus::Ok);
            let mut mic = Vec::new();
            from.sealer().get_mic(&message, &mut mic).unwrap();
            assert_eq!(to.opener().verify_mic(&message, &mic), Ok(SequenceStatus::Ok));
        }
    }
}
