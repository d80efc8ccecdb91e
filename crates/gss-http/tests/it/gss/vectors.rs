//! The bytes that are signed.

use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_http::gss::{Binding, Nonce, RequestParts};
use test_support::vectors;

#[test]
fn signed_messages() {
    for record in vectors::load("http-gss/signed-messages.txt").records_of("signed-message") {
        let data = record.hex("binding-data");
        let (kind, channel) = match &record.hex("binding")[..] {
            b"tls-exporter" => {
                let exported: [u8; 32] = data.try_into().expect("32 bytes");
                (TlsBinding::Exporter, TlsChannel::none().with_exporter(exported))
            }
            _ => (TlsBinding::ServerEndPoint, TlsChannel::none().with_end_point(data)),
        };
        let (method, origin, target) = (record.text("method"), record.text("origin"), record.text("target"));
        let digest = record.opt_hex("content-digest");
        let parts = RequestParts {
            method: &method,
            origin: &origin,
            target: &target,
            content_digest: digest.as_deref(),
            channel: &channel,
        };
        let nonce = Nonce::new(record.int("nonce").cast_unsigned()).expect("a nonce");
        let binding = Binding::of(&channel, kind).next().expect("a binding");
        let signed = parts.signed_message(nonce, &binding).expect("no NUL");
        assert_eq!(signed, record.hex("signed"), "{}", record.name());
    }
}
