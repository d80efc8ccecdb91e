//! From a key to a service ticket in one exchange.

use core::convert::Infallible;

use super::kdc::{AES256, Asked, HOUR, at, key_of, krb_error, principal};
use gss_core::{Diagnose, Env};
use krb5_asn1::{
    AsRep, AsReq, Decode, EncAsRepPart, EncKdcRepPart, Encode, EncryptedData, EncryptionKey, ErrorCode,
    KerberosTime, Octets, Raw, SeqOf, Ticket, TicketFlags,
};
use krb5_client::{
    AsOptions, Login, LoginError, LoginOutcome, Policy, Request, RunError, Secret, TgsOptions, run,
};
use krb5_crypto::{Key, KeyUsage};
use test_support::TestRng;
use test_support::ticket::{NOW, TicketMaker, key, seal};

fn users_key() -> Key {
    key(AES256, 50)
}

/// The answer of a KDC that wants no pre-authentication, and whose clock says `now`.
fn initial(request: &AsReq<'_>, now: i64) -> Vec<u8> {
    let time = |seconds| KerberosTime::from_unix(seconds).unwrap();
    let body = request.req_body.value();
    let server = principal("krbtgt/A@A");
    let mut maker = TicketMaker::new("alice@A", "krbtgt/A@A", key_of(&server));
    maker.end_time = now + HOUR;
    let ticket = maker.ticket();
    let part = EncAsRepPart(EncKdcRepPart {
        key: EncryptionKey {
            keytype: maker.session_key.enctype().0,
            keyvalue: Octets::new(maker.session_key.secret_bytes()),
        },
        last_req: SeqOf::EMPTY,
        nonce: body.nonce,
        key_expiration: None,
        flags: TicketFlags::INITIAL,
        authtime: time(now),
        starttime: None,
        endtime: time(now + HOUR),
        renew_till: None,
        srealm: server.realm(),
        sname: server.name(),
        caddr: None,
        encrypted_pa_data: None,
    });
    let cipher = seal(&users_key().cipher(KeyUsage::AS_REP), &part.to_der().unwrap(), 9);
    let reply = AsRep {
        padata: None,
        crealm: body.realm,
        cname: body.cname.unwrap(),
        ticket: Raw::<Ticket<'_>>::new(&ticket).unwrap(),
        enc_part: EncryptedData { etype: AES256.0, kvno: None, cipher: Octets::new(&cipher) },
    };
    reply.to_der().unwrap()
}

fn login(
    policy: &Policy,
    clock: i64,
    mut kdc: impl FnMut(Asked) -> Vec<u8>,
) -> Result<LoginOutcome, LoginError> {
    let mut rng = TestRng::insecure(3);
    let options = AsOptions::new(principal("alice@A"));
    let secret = Secret::keys([users_key()]);
    let service = principal("HTTP/www.a@");
    let env = &mut Env::new(at(NOW), &mut rng);
    let exchange = Login::new(policy, options, secret, service, TgsOptions::default(), env)?;
    let mut transport = |request: &Request| -> Result<Vec<u8>, Infallible> {
        Ok(match AsReq::from_der(&request.message) {
            Ok(first) => initial(&first, clock),
            Err(_) => kdc(Asked::read(request)),
        })
    };
    run(exchange, &mut transport, &mut || at(NOW), &mut rng).map_err(|error| match error {
        RunError::Exchange(error) => error,
        RunError::Transport(never) => match never {},
    })
}

#[test]
fn both_tickets_come_out() {
    let outcome = login(&Policy::default(), NOW, |asked| asked.reply().encode()).unwrap();
    assert_eq!(outcome.initial.credential.server, principal("krbtgt/A@A"));
    assert_eq!(outcome.service.credential.server, principal("HTTP/www.a@A"));
    assert_eq!(outcome.service.credential.client, principal("alice@A"));
}

#[test]
fn the_clock_of_the_first_exchange_is_that_of_the_second() {
    let outcome = login(&Policy::default(), NOW + 1000, |asked| {
        assert_eq!(asked.ctime, NOW + 1000);
        let mut reply = asked.reply();
        reply.start = NOW + 1000;
        reply.encode()
    });
    assert_eq!(outcome.unwrap().service.kdc_offset, 1000);
    let policy = Policy { follow_kdc_clock: false, skew: 2000, ..Policy::default() };
    let outcome = login(&policy, NOW + 1000, |asked| {
        assert_eq!(asked.ctime, NOW);
        asked.reply().encode()
    });
    assert_eq!(outcome.unwrap().service.kdc_offset, 0);
}

#[test]
fn errors_of_both_exchanges_come_out() {
    let refused =
        login(&Policy::default(), NOW, |asked| asked.refuse(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN));
    let error = refused.unwrap_err();
    assert_eq!((error.code(), error.minor()), ("service_unknown", Some(7)));
    assert!(matches!(error, LoginError::Tgs(_)));

    let mut rng = TestRng::insecure(3);
    let options = AsOptions::new(principal("nobody@A"));
    let env = &mut Env::new(at(NOW), &mut rng);
    let service = principal("HTTP/www.a@");
    let secret = Secret::keys([users_key()]);
    let exchange =
        Login::new(&Policy::default(), options, secret, service, TgsOptions::default(), env).unwrap();
    let unknown = krb_error(&principal("krbtgt/A@A"), ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, NOW, None);
    let error = super::kdc::finish(exchange, &unknown).unwrap_err();
    assert_eq!(error.code(), "client_unknown");
    assert!(matches!(error, LoginError::As(_)));
}
