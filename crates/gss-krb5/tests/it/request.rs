//! What our initiator puts into its request.

use crate::forge::unframed;
use crate::world::{AES128, AES256, CLIENT, SERVICE, initiator, maker, now_plus, principal, step, waiting};
use alloc::sync::Arc;
use gss_core::bindings::BindingDigest;
use gss_core::{ChannelBindings, ContextFlags, Timestamp};
use gss_krb5::authdata::AuthenticatorData;
use gss_krb5::checksum::GssChecksum;
use gss_krb5::{Initiator, MAX_OFFERED_ENCTYPES, ServiceTicket};
use krb5_asn1::{ApOptions, ApReq, Authenticator, Decode};
use krb5_crypto::{ChecksumType, EncType, KeyUsage};

/// Reads the authenticator of a bare AP-REQ made for [`maker`]'s ticket.
fn read<R>(message: &[u8], look: impl FnOnce(ApReq<'_>, Authenticator<'_>) -> R) -> R {
    let request = ApReq::from_der(message).unwrap();
    assert_eq!(request.ticket.as_der(), maker(AES256).ticket(), "the ticket is handed on byte for byte");
    assert_eq!((request.authenticator.etype, request.authenticator.kvno), (AES256.0, None));
    let mut cipher = request.authenticator.cipher.as_bytes().to_vec();
    let key = maker(AES256).session_key.cipher(KeyUsage::AP_REQ_AUTHENTICATOR);
    let plain = key.decrypt_in_place(&mut cipher).unwrap();
    look(request, Authenticator::from_der(plain).unwrap())
}

fn framed(initiator: Initiator<Arc<ServiceTicket>>) -> Vec<u8> {
    let (_, token) = step(initiator, b"", now_plus(0));
    unframed(&token).1.to_vec()
}

#[test]
fn by_default() {
    read(&framed(initiator(AES256)), |request, authenticator| {
        assert_eq!(request.ap_options, ApOptions::MUTUAL_REQUIRED);
        assert_eq!(principal(CLIENT), authenticator.cname.in_realm(authenticator.crealm));
        assert_eq!(principal(SERVICE), request.ticket.sname.in_realm(request.ticket.realm));
        let time = (authenticator.ctime.unix_seconds(), authenticator.cusec.get());
        assert_eq!(time, (now_plus(0).seconds(), 0));
        let subkey = authenticator.subkey.unwrap();
        assert_eq!((EncType(subkey.keytype), subkey.keyvalue.as_bytes().len()), (AES256, 32));
        assert_ne!(subkey.keyvalue.as_bytes(), maker(AES256).session_key.secret_bytes());
        assert!(u32::from(authenticator.seq_number.unwrap()) < 1 << 30);
        let checksum = authenticator.cksum.unwrap();
        assert_eq!(ChecksumType(checksum.cksumtype), ChecksumType::GSS);
        // 16, sixteen zeros, MUTUAL | REPLAY | SEQUENCE | CONF | INTEG.
        let mut expected = [0; 24];
        (expected[0], expected[20]) = (16, 0x3e);
        assert_eq!(checksum.checksum.as_bytes(), expected);
        let data = AuthenticatorData::read(authenticator.authorization_data).unwrap();
        assert_eq!(&*data.etypes, [18, 17, 20, 19].map(EncType));
        assert!(!data.channel_binding_required && !data.unverified_target_name);
    });
}

#[test]
fn flags_and_options() {
    for (asked, flags, options) in [
        (ContextFlags::NONE, ContextFlags::INTEGRITY, ApOptions::default()),
        (ContextFlags::MUTUAL, ContextFlags::INTEGRITY | ContextFlags::MUTUAL, ApOptions::MUTUAL_REQUIRED),
        (ContextFlags::DELEGATION | ContextFlags::ANONYMOUS, ContextFlags::INTEGRITY, ApOptions::default()),
        (ContextFlags::from_bits(!0x1003), ContextFlags::from_bits(0x603c), ApOptions::default()),
    ] {
        read(&framed(initiator(AES256).flags(asked)), |request, authenticator| {
            assert_eq!(request.ap_options, options, "{asked}");
            let checksum = authenticator.cksum.unwrap().checksum;
            assert_eq!(GssChecksum::parse(checksum.as_bytes()).unwrap().flags, flags, "{asked}");
        });
    }
    let (_, bare) = waiting(initiator(AES256).flags(ContextFlags::DCE_STYLE), now_plus(0));
    read(&bare, |request, authenticator| {
        assert_eq!(request.ap_options, ApOptions::MUTUAL_REQUIRED);
        let checksum = authenticator.cksum.unwrap().checksum;
        let expected = ContextFlags::DCE_STYLE | ContextFlags::MUTUAL | ContextFlags::INTEGRITY;
        assert_eq!(GssChecksum::parse(checksum.as_bytes()).unwrap().flags, expected);
    });
}

#[test]
fn bindings_are_sent_and_announced() {
    let bindings = ChannelBindings::tls_exporter(&[7; 32]);
    read(&framed(initiator(AES256).channel_bindings(&bindings)), |_, authenticator| {
        let checksum = authenticator.cksum.unwrap().checksum;
        let sent = GssChecksum::parse(checksum.as_bytes()).unwrap().bindings;
        assert_eq!(sent, BindingDigest::of(&bindings));
        let data = AuthenticatorData::read(authenticator.authorization_data).unwrap();
        assert!(data.channel_binding_required);
        assert_eq!(data.etypes.len(), 4);
    });
}

#[test]
fn offered_enctypes() {
    for offered in [&[][..], &[AES128], &[EncType(1); MAX_OFFERED_ENCTYPES], &[AES128; 20]] {
        read(&framed(initiator(AES256).offer_enctypes(offered)), |_, authenticator| {
            let data = authenticator.authorization_data;
            assert_eq!(data.is_none(), offered.is_empty());
            let known = AuthenticatorData::read(data).unwrap().etypes.len();
            let expected = offered.iter().filter(|enctype| enctype.is_supported()).count();
            assert_eq!(known, expected.min(MAX_OFFERED_ENCTYPES));
        });
    }
}

#[test]
fn the_time_goes_out_to_the_microsecond() {
    let now = Timestamp::new(now_plus(0).seconds(), 999_999).unwrap();
    let (_, token) = step(initiator(AES256), b"", now);
    read(unframed(&token).1, |_, authenticator| {
        let time = (authenticator.ctime.unix_seconds(), authenticator.cusec.get());
        assert_eq!(time, (now.seconds(), 999_999));
    });
}
