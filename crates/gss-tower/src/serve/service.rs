//! The service of one connection, as hyper wants it.

use super::BoxError;
use super::activity::{Activity, Running};
use crate::connection::Connection;
use crate::reply::Http11Required;
use alloc::sync::Arc;
use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};
use http::{Request, Response, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower_service::Service;

/// Gives each request its connection.
#[derive(Clone)]
pub(super) struct PerConnection<S> {
    pub(super) service: S,
    pub(super) connection: Connection,
    pub(super) activity: Arc<Activity>,
    pub(super) max_requests: Option<u64>,
}

impl<S, R> hyper::service::Service<Request<Incoming>> for PerConnection<S>
where
    S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    R: Send + 'static,
{
    type Response = Response<Tracked<R>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let running = self.activity.begin(self.max_requests);
        let version = request.version();
        request.extensions_mut().insert(self.connection.clone());
        let mut service = self.service.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
            let response = service.call(request).await.map_err(Into::into)?;
            if version == Version::HTTP_2 && response.extensions().get::<Http11Required>().is_some() {
                return Err(Reset(h2::Reason::HTTP_1_1_REQUIRED.into()).into());
            }
            Ok(response.map(|body| Tracked { body, _running: running }))
        })
    }
}

/// Tells hyper the reason for a reset: it looks for it among the causes.
#[derive(Debug)]
struct Reset(h2::Error);

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HTTP/1.1 is required")
    }
}

impl core::error::Error for Reset {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.0)
    }
}

pin_project! {
    /// A body that keeps its request running.
    pub(super) struct Tracked<R> {
        #[pin]
        body: R,
        _running: Running,
    }
}

impl<R: http_body::Body> http_body::Body for Tracked<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
