//! Does what the schedule says, with sockets.

use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::net::IpAddr;
use core::pin::Pin;
use core::task::Poll;

use krb5_client::Request;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::Instant;

use crate::event::Event;
use crate::schedule::{AttemptId, Schedule, Step, Verdict};
use crate::trust::Tls;
use crate::{Attempt, Endpoint, KdcAddress, Reason, Via};

mod https;
mod stream;
mod udp;

/// Longest answer that is taken over a connection: as much as MIT krb5 takes.
pub(crate) const MAX_REPLY: usize = 1 << 20;

/// What is needed to ask servers.
pub(crate) struct Asker<'a> {
    /// The request.
    pub(crate) request: &'a Request,
    /// When it was handed over.
    pub(crate) began: Instant,
    /// How HTTPS servers are recognised.
    pub(crate) tls: &'a Tls,
    /// Whom to tell what happens.
    pub(crate) observe: &'a (dyn Fn(&Event<'_>) + Send + Sync),
}

/// An answer and the number of the server that gave it.
pub(crate) struct Answer {
    pub(crate) server: usize,
    pub(crate) bytes: Vec<u8>,
}

/// A connection, or what stands for one.
enum Connection {
    Udp(Arc<UdpSocket>),
    Tcp(TcpStream),
    #[cfg(unix)]
    Socket(tokio::net::UnixStream),
}

/// What a job came to.
enum Done {
    Resolved(usize, Result<Vec<IpAddr>, String>),
    Connected(AttemptId, Result<Connection, Reason>),
    Received(AttemptId, Result<Vec<u8>, Reason>),
}

type Job<'a> = Pin<Box<dyn Future<Output = Done> + Send + 'a>>;

impl<'a> Asker<'a> {
    /// Asks until there is an answer or the schedule gives up.
    pub(crate) async fn ask(&self, mut schedule: Schedule) -> Result<Answer, Vec<Attempt>> {
        let mut running = Running::default();
        loop {
            match schedule.poll(self.began.elapsed()) {
                Step::Resolve(server) => {
                    let host = schedule.server(server).and_then(KdcAddress::host_name).map(str::to_owned);
                    running.start(None, async move { Done::Resolved(server, resolve(host).await) });
                }
                Step::Open(id) => {
                    let Some((server, endpoint)) = schedule.target(id) else { continue };
                    (self.observe)(&Event::Asking { server, endpoint, times: 1 });
                    let path = socket_path(server);
                    running.start(Some(id), async move {
                        Done::Connected(id, self.connect(endpoint, path).await)
                    });
                }
                Step::Resend(id) => {
                    let Some((server, endpoint)) = schedule.target(id) else { continue };
                    (self.observe)(&Event::Asking { server, endpoint, times: schedule.times_sent(id) });
                    if let Err(reason) = running.resend(id, &self.request.message) {
                        self.failed(&mut schedule, id, reason);
                    }
                }
                Step::Wait(until) => {
                    let until = self.began + until;
                    let Ok(done) = tokio::time::timeout_at(until, running.next()).await else { continue };
                    if let Some(answer) = self.report(&mut schedule, &mut running, done) {
                        return Ok(answer);
                    }
                    running.retain(|id| schedule.is_live(id));
                }
                Step::GiveUp => return Err(schedule.into_attempts(self.began.elapsed())),
            }
        }
    }

    /// Tells the schedule what happened, and starts what follows from it.
    fn report<'r>(
        &'r self,
        schedule: &mut Schedule,
        running: &mut Running<'r>,
        done: Done,
    ) -> Option<Answer> {
        match done {
            Done::Resolved(server, addresses) => {
                if let (Err(text), Some(server)) = (&addresses, schedule.server(server)) {
                    let reason = Reason::NoAddress { text: text.clone() };
                    (self.observe)(&Event::Failed { server, endpoint: None, reason: &reason });
                }
                schedule.resolved(server, addresses);
            }
            Done::Connected(id, Ok(connection)) => {
                if !matches!(connection, Connection::Udp(_)) {
                    schedule.connected(id, self.began.elapsed());
                }
                self.listen(schedule, running, id, connection);
            }
            Done::Connected(id, Err(reason)) | Done::Received(id, Err(reason)) => {
                self.failed(schedule, id, reason);
            }
            Done::Received(id, Ok(bytes)) => {
                let verdict = schedule.received(id, &bytes);
                let (server, endpoint) = schedule.target(id)?;
                match verdict {
                    Verdict::Answer => {
                        let (len, elapsed) = (bytes.len(), self.began.elapsed());
                        (self.observe)(&Event::Answered { server, endpoint, len, elapsed });
                        return Some(Answer { server: schedule.server_of(id)?, bytes });
                    }
                    Verdict::Ignored => {
                        let socket = running.socket(id)?;
                        self.listen(schedule, running, id, Connection::Udp(socket));
                    }
                    Verdict::Refused => {
                        if let Some(reason) = schedule.reason(id) {
                            (self.observe)(&Event::Failed { server, endpoint: Some(endpoint), reason });
                        }
                    }
                }
            }
        }
        None
    }

    fn failed(&self, schedule: &mut Schedule, id: AttemptId, reason: Reason) {
        if let Some((server, endpoint)) = schedule.target(id) {
            (self.observe)(&Event::Failed { server, endpoint: Some(endpoint), reason: &reason });
        }
        schedule.failed(id, reason);
    }

    /// Connects. By UDP the request is sent at once.
    async fn connect(&self, endpoint: Endpoint, path: Option<String>) -> Result<Connection, Reason> {
        match (endpoint.via, endpoint.address, path) {
            (Via::Udp, Some(address), _) => udp::open(address, &self.request.message)
                .await
                .map(|socket| Connection::Udp(Arc::new(socket))),
            (Via::Tcp | Via::Https, Some(address), _) => {
                TcpStream::connect(address).await.map(Connection::Tcp).map_err(|error| Reason::io(&error))
            }
            #[cfg(unix)]
            (Via::Socket, _, Some(path)) => tokio::net::UnixStream::connect(path)
                .await
                .map(Connection::Socket)
                .map_err(|error| Reason::io(&error)),
            _ => Err(Reason::NoWay),
        }
    }

    /// Waits for what comes over a connection, after the request has been sent over it.
    fn listen<'r>(
        &'r self,
        schedule: &Schedule,
        running: &mut Running<'r>,
        id: AttemptId,
        connection: Connection,
    ) {
        let message = &self.request.message;
        match connection {
            Connection::Udp(socket) => {
                running.keep_socket(id, &socket);
                running.start(Some(id), async move { Done::Received(id, udp::receive(&socket).await) });
            }
            Connection::Tcp(stream) => match schedule.target(id) {
                Some((KdcAddress::Https { host, port, path }, _)) => {
                    let target = https::Target { host: host.clone(), port: *port, path: path.clone() };
                    running.start(Some(id), async move {
                        Done::Received(id, https::ask(stream, &target, self.tls, self.request).await)
                    });
                }
                _ => running
                    .start(Some(id), async move { Done::Received(id, stream::ask(stream, message).await) }),
            },
            #[cfg(unix)]
            Connection::Socket(stream) => {
                running
                    .start(Some(id), async move { Done::Received(id, stream::ask(stream, message).await) });
            }
        }
    }
}

fn socket_path(server: &KdcAddress) -> Option<String> {
    match server {
        KdcAddress::Socket { path } => Some(path.clone()),
        _ => None,
    }
}

/// The addresses of a host by the system's resolver, which knows of more than DNS.
async fn resolve(host: Option<String>) -> Result<Vec<IpAddr>, String> {
    let host = host.unwrap_or_default();
    // Nobody else is to be asked where this machine is (RFC 6761 section 6.3).
    let host = if host.eq_ignore_ascii_case("localhost.") { "localhost" } else { host.as_str() };
    let mut found = tokio::net::lookup_host((host, 0)).await;
    // A dot at the end, as names from DNS have it, keeps the system from adding its own domains; but its file of hosts
    // knows names without it only.
    if let (Err(_), Some(host)) = (&found, host.strip_suffix('.')) {
        found = tokio::net::lookup_host((host, 0)).await;
    }
    let found = found.map_err(|error| error.to_string())?;
    let mut ips: Vec<IpAddr> = Vec::new();
    for address in found {
        if !ips.contains(&address.ip()) {
            ips.push(address.ip());
        }
    }
    Ok(ips)
}

/// The jobs under way. They run inside the future that waits for them, so that dropping it ends them all.
#[derive(Default)]
struct Running<'a> {
    jobs: Vec<(Option<AttemptId>, Job<'a>)>,
    sockets: Vec<(AttemptId, Arc<UdpSocket>)>,
}

impl<'a> Running<'a> {
    fn start(&mut self, id: Option<AttemptId>, job: impl Future<Output = Done> + Send + 'a) {
        self.jobs.push((id, Box::pin(job)));
    }

    /// Waits until one of the jobs is done; for ever if there is none.
    fn next(&mut self) -> impl Future<Output = Done> + Send + '_ {
        poll_fn(|context| {
            for index in 0..self.jobs.len() {
                if let Poll::Ready(done) = self.jobs[index].1.as_mut().poll(context) {
                    drop(self.jobs.swap_remove(index));
                    return Poll::Ready(done);
                }
            }
            Poll::Pending
        })
    }

    /// Ends the jobs of attempts that are of no use any more.
    fn retain(&mut self, is_live: impl Fn(AttemptId) -> bool) {
        self.jobs.retain(|(id, _)| id.is_none_or(&is_live));
        self.sockets.retain(|(id, _)| is_live(*id));
    }

    fn keep_socket(&mut self, id: AttemptId, socket: &Arc<UdpSocket>) {
        if self.socket(id).is_none() {
            self.sockets.push((id, Arc::clone(socket)));
        }
    }

    fn socket(&self, id: AttemptId) -> Option<Arc<UdpSocket>> {
        self.sockets.iter().find(|(of, _)| *of == id).map(|(_, socket)| Arc::clone(socket))
    }

    /// Sends the request again. A full send buffer is a datagram lost on the way.
    fn resend(&self, id: AttemptId, message: &[u8]) -> Result<(), Reason> {
        match self.socket(id).map(|socket| socket.try_send(message)) {
            Some(Err(error)) if error.kind() != std::io::ErrorKind::WouldBlock => Err(Reason::io(&error)),
            _ => Ok(()),
        }
    }
}
