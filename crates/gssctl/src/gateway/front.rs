//! What sees every request first: a line of the log for each.

use crate::inspect::tree::Printable;
use alloc::sync::Arc;
use core::pin::Pin;
use core::task::{Context, Poll};
use gss_tower::Connection;
use http::{Request, Response};
use hyper::body::Incoming;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Instant;
use tower_service::Service;

/// In the extensions of a request: what its line in the log is to say.
#[derive(Clone, Debug, Default)]
pub(super) struct Note(Arc<NoteInner>);

#[derive(Debug, Default)]
struct NoteInner {
    who: OnceLock<String>,
    reason: OnceLock<String>,
    silent: OnceLock<()>,
}

impl Note {
    /// Who sent the request, once that is proven.
    pub(super) fn who(&self, name: &str) {
        let _ = self.0.who.set(name.into());
    }

    /// Why it is answered as it is.
    pub(super) fn reason(&self, reason: String) {
        let _ = self.0.reason.set(reason);
    }

    /// It is not worth a line.
    pub(super) fn silence(&self) {
        let _ = self.0.silent.set(());
    }
}

/// Where lines of the log go.
pub(super) type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// Lines on standard error.
pub(super) fn to_stderr() -> Log {
    Arc::new(|line| eprintln!("{}", Printable(line)))
}

/// Standard error for lines that are written whole, with parts that others chose.
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(printable(line).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// A line that is one still when it is shown: all but its end is escaped where a terminal would act on it.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
    format!("{}{end}", Printable(text))
}

/// A service with a log.
#[derive(Clone)]
pub(super) struct Front<S> {
    pub(super) inner: S,
    pub(super) log: Log,
}

impl<S, R> Service<Request<Incoming>> for Front<S>
where
    S: Service<Request<Incoming>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let begun = Instant::now();
        let note = Note::default();
        request.extensions_mut().insert(note.clone());
        let peer = request.extensions().get::<Connection>().and_then(Connection::peer);
        // A query may have secrets in it.
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.inner.call(request);
        let log = Arc::clone(&self.log);
        Box::pin(async move {
            let response = response.await?;
            if note.0.silent.get().is_none() {
                let peer = peer.map_or_else(|| "-".into(), |peer| peer.to_string());
                let who = note.0.who.get().map_or("-", String::as_str);
                let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis());
                let reason = note.0.reason.get().map(|reason| format!(", {reason}")).unwrap_or_default();
                log(&format!("{peer} {who} {method} {path} {status} {ms} ms{reason}"));
            }
            Ok(response)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_do_not_write_lines_of_their_own() {
        for (line, shown) in [
            ("plain: bj\u{f6}rn\n", "plain: bj\u{f6}rn\n"),
            ("one\r\ntwo\n", "one\\r\\ntwo\n"),
            ("\n\n", "\\n\n"),
            (
                "HTTP/\u{202e}moc\u{2066}\u{61c}\u{1b}[2J\u{9b}",
                "HTTP/\\u{202e}moc\\u{2066}\\u{61c}\\u{1b}[2J\\u{9b}",
            ),
            ("", ""),
        ] {
            assert_eq!(printable(line.as_bytes()), shown);
        }
        assert_eq!(printable(b"\xff\n"), "\u{fffd}\n");
    }
}
