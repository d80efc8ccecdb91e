//! Response bodies: the inner service's, or a few bytes of our own.

use bytes::{Buf, Bytes};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of a response: what the inner service made, or a short text of the layer's.
    #[derive(Debug)]
    pub struct Body<R> {
        #[pin]
        kind: Kind<R>,
    }
}

pin_project! {
    #[project = KindProjected]
    #[derive(Debug)]
    enum Kind<R> {
        Inner { #[pin] body: R },
        Own { bytes: Option<Bytes> },
    }
}

impl<R> Body<R> {
    pub(crate) fn inner(body: R) -> Self {
        Self { kind: Kind::Inner { body } }
    }

    pub(crate) fn own(bytes: Bytes) -> Self {
        Self { kind: Kind::Own { bytes: (!bytes.is_empty()).then_some(bytes) } }
    }
}

impl<R> http_body::Body for Body<R>
where
    R: http_body::Body,
    R::Data: From<Bytes>,
{
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        match self.project().kind.project() {
            KindProjected::Inner { body } => body.poll_frame(cx),
            KindProjected::Own { bytes } => {
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes.into()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { bytes } => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { bytes } => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}

/// The longest request body that is read and thrown away, in bytes.
const MAX_DRAINED: u64 = 1024 * 1024;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Reads a request's body and throws it away, so that an HTTP/1 connection can carry the next leg, and a client that sends
/// first and reads then gets to read. One that may be longer than [`MAX_DRAINED`], or takes longer than [`DRAIN_TIME`],
/// is left alone; the connection closes then.
pub(crate) async fn drain<B: http_body::Body>(body: B) {
    if body.size_hint().upper().is_none_or(|upper| upper > MAX_DRAINED) {
        return;
    }
    let mut body = core::pin::pin!(body);
    let mut left = MAX_DRAINED;
    let read = core::future::poll_fn(|cx| {
        loop {
            match ready!(body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let found = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                    match left.checked_sub(found) {
                        Some(rest) => left = rest,
                        None => return Poll::Ready(()),
                    }
                }
                Some(Err(_)) | None => return Poll::Ready(()),
            }
        }
    });
    // Both are the same to us.
    let _ = tokio::time::timeout(DRAIN_TIME, read).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::convert::Infallible;
    use http_body::Body as _;
    use http_body_util::{BodyExt, Empty, Full};

    #[tokio::test]
    async fn both_kinds_give_their_bytes_and_say_how_many() {
        let inner: Body<Full<Bytes>> = Body::inner(Full::new(Bytes::from_static(b"theirs")));
        let own: Body<Full<Bytes>> = Body::own(Bytes::from_static(b"ours"));
        for (body, bytes) in [(inner, &b"theirs"[..]), (own, b"ours")] {
            assert!(!body.is_end_stream());
            assert_eq!(body.size_hint().exact(), Some(bytes.len() as u64));
            assert_eq!(body.collect().await.unwrap().to_bytes(), bytes);
        }
        assert!(Body::<Empty<Bytes>>::own(Bytes::new()).is_end_stream());
    }

    /// Counts what was read of it.
    struct Counted<'c>(u64, Option<u64>, &'c core::cell::Cell<u64>);

    impl http_body::Body for Counted<'_> {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.0 == 0 {
                return Poll::Ready(None);
            }
            let chunk = self.0.min(1000);
            self.0 -= chunk;
            self.2.set(self.2.get() + chunk);
            Poll::Ready(Some(Ok(Frame::data(vec![0; chunk as usize].into()))))
        }

        fn size_hint(&self) -> SizeHint {
            self.1.map_or_else(SizeHint::default, SizeHint::with_exact)
        }
    }

    /// Promises bytes and sends none.
    struct Silent;

    impl http_body::Body for Silent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(1)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_do_not_come_are_left_alone() {
        let begun = tokio::time::Instant::now();
        drain(Silent).await;
        assert_eq!(begun.elapsed(), DRAIN_TIME);
    }

    #[tokio::test]
    async fn bodies_are_drained_up_to_a_limit() {
        for (length, said, read) in [
            (0, Some(0), 0),
            (5000, Some(5000), 5000),
            (MAX_DRAINED, Some(MAX_DRAINED), MAX_DRAINED),
            (MAX_DRAINED + 1, Some(MAX_DRAINED + 1), 0),
            (5000, None, 0),
            // One that lies about its length.
            (10 * MAX_DRAINED, Some(5000), MAX_DRAINED / 1000 * 1000 + 1000),
        ] {
            let count = core::cell::Cell::new(0);
            drain(Counted(length, said, &count)).await;
            assert_eq!(count.get(), read, "{length} {said:?}");
        }
    }
}
