//! The initiator, and any reply to its AP-REQ.

use super::{NOW_TIME, held, maker};
use crate::input::{Input, check_error, rng};
use crate::krb5_crypto::ENCTYPES;
use ::gss_core::{ContextFlags, Env, Handshake, SecurityContext, Step, Timestamp, oid};
use ::gss_krb5::token::TokenId;
use ::gss_krb5::{Initiator, ServiceTicket};
use ::krb5_asn1::{ApRep, Decode, EncApRepPart, Encode, EncryptedData, Octets};
use ::krb5_crypto::KeyUsage;
use test_support::ticket::seal;

/// An initiator that wants mutual authentication takes an AP-REP only if it returns the time of the request: as a
/// whole token, or as the plaintext of one.
pub fn reply(input: &[u8]) {
    let mut input = Input::new(input);
    let choices = input.byte();
    let enctype = *input.pick(ENCTYPES);
    let (framed, raw) = (choices & 2 == 0, choices & 4 != 0);
    let mut flags = ContextFlags::MUTUAL | ContextFlags::REPLAY;
    if choices & 1 != 0 {
        flags |= ContextFlags::DCE_STYLE;
    }
    let mut initiator = Initiator::new(held(&maker(enctype, enctype))).flags(flags);
    let weak = choices & 8 != 0;
    if weak {
        initiator = initiator.allow_weak_enctypes();
    }
    let mut rng = rng();
    let now = Timestamp::new(NOW_TIME.seconds(), input.u32() % 1_000_000).expect("within a second");
    let mut env = Env::new(now, &mut rng);
    let mut request = Vec::new();
    let waiting = match initiator.step(&mut [], &mut request, &mut env) {
        Ok(Step::Continue(waiting)) => waiting,
        Ok(Step::Done(_)) => panic!("established without a reply"),
        Err(error) => return assert!(enctype.is_weak() && !weak, "{error}"),
    };

    let content = input.rest();
    let reply = if raw { content.to_vec() } else { ap_rep(&held(&maker(enctype, enctype)), content, framed) };
    let mut output = b"kept".to_vec();
    match waiting.step(&mut reply.clone(), &mut output, &mut env) {
        Ok(Step::Done(mut context)) => {
            assert_eq!(
                output.len() > 4,
                flags.contains(ContextFlags::DCE_STYLE),
                "a third leg in DCE style only"
            );
            assert!(context.facts().flags.contains(ContextFlags::MUTUAL));
            assert!(context.facts().peer.is_some());
            assert!(weak || !context.secret_message_key().enctype().is_weak());
            if !raw {
                let part = EncApRepPart::from_der(content).expect("what was accepted decodes");
                assert_eq!(part.ctime.unix_seconds(), now.seconds());
                assert_eq!(part.cusec.get(), now.micros());
            }
            context.sealer().get_mic(b"message", &mut output).expect("a fresh context has numbers left");
        }
        Ok(Step::Continue(_)) => panic!("there is no second reply"),
        Err(error) => {
            assert_eq!(output, b"kept");
            check_error(&error);
        }
    }
}

/// An AP-REP with this plaintext.
fn ap_rep(ticket: &ServiceTicket, part: &[u8], framed: bool) -> Vec<u8> {
    let key = &ticket.session_key;
    let sealed = seal(&key.cipher(KeyUsage::AP_REP), part, 3);
    let enc_part = EncryptedData { etype: key.enctype().0, kvno: None, cipher: Octets::new(&sealed) };
    let mut token = ApRep { enc_part }.to_der().expect("a reply encodes");
    if framed {
        token.splice(0..0, TokenId::AP_REP.0);
        ::gss_core::framing::frame_from(&mut token, 0, &oid::KRB5).expect("a Vec has room");
    }
    token
}
