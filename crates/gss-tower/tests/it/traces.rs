//! What a log says, and what it must not.

use crate::support::{get, guard, kerberos, login, send};
use alloc::sync::Arc;
use gss_tower::AuthenticationLayer;
use std::io;
use std::sync::Mutex;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn logs_have_names_and_codes_and_no_tokens() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .finish();
    let _here = tracing::subscriber::set_default(subscriber);
    let service = guard(&AuthenticationLayer::new(kerberos()));
    let begun = login("alice");
    let answer = send(&service, get("/").header("authorization", &begun.value), None).await;
    send(&service, get("/").header("authorization", &begun.value), None).await;
    send(&service, get("/").header("authorization", "Basic c2VjcmV0OnNlY3JldA=="), None).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in [
        "authentication{scheme=\"Negotiate\" outcome=\"login\" mechanism=\"krb5\" principal=\"alice@EXAMPLE.COM\"}",
        "INFO",
        "code=\"replay",
        "logged in",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    // Neither ours nor the client's, nor what is somebody else's password.
    let ours = answer.challenges()[0].strip_prefix("Negotiate ").unwrap();
    for secret in [&begun.value[20..60], &ours[..40], "c2VjcmV0", "Basic"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
