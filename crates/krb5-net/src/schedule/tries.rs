//! The ways of asking each server.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use krb5_files::config::Transport;

use crate::{Endpoint, KdcAddress, Reason, Via};

/// Which transports a round uses, and which first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    UdpFirst,
    UdpLast,
    NoUdp,
    OnlyUdp,
}

/// A server and what its host's name came to.
pub(super) struct Server {
    pub(super) address: KdcAddress,
    pub(super) ips: Ips,
}

pub(super) enum Ips {
    Unknown,
    Known(Vec<IpAddr>),
    Failed(String),
}

/// One way of asking one server.
pub(super) struct Try {
    pub(super) server: usize,
    pub(super) endpoint: Endpoint,
    /// Whether it waits until all servers have been asked by the transport that comes first.
    pub(super) deferred: bool,
    pub(super) state: State,
}

pub(super) enum State {
    Fresh,
    Asked {
        since: Duration,
        sent: u32,
        connected: Option<Duration>,
    },
    Over(Reason),
    /// Given up since another way turned out to be needed; not worth telling of.
    Dropped,
}

impl Server {
    /// Addresses need no look-up.
    pub(super) fn new(address: KdcAddress) -> Self {
        let ips = match address.host_name() {
            None => Ips::Known(Vec::new()),
            Some(host) => host.parse().map_or(Ips::Unknown, |ip| Ips::Known(vec![ip])),
        };
        Self { address, ips }
    }
}

impl Try {
    pub(super) const fn is_live(&self) -> bool {
        matches!(self.state, State::Asked { .. })
    }
}

impl Round {
    /// All ways of asking a server in this round: by the transport that comes first at each address, then by the other.
    pub(super) fn tries(self, server: usize, address: &KdcAddress, ips: &[IpAddr]) -> Vec<Try> {
        let new = |via, address, deferred| Try {
            server,
            endpoint: Endpoint { via, address },
            deferred,
            state: State::Fresh,
        };
        let at = |via, port, deferred| {
            ips.iter().map(move |ip| new(via, Some(SocketAddr::new(*ip, port)), deferred))
        };
        match *address {
            KdcAddress::Socket { .. } if self == Self::OnlyUdp => Vec::new(),
            KdcAddress::Socket { .. } => vec![new(Via::Socket, None, false)],
            KdcAddress::Https { .. } if self == Self::OnlyUdp => Vec::new(),
            KdcAddress::Https { port, .. } => at(Via::Https, port, false).collect(),
            KdcAddress::Host { transport, port, .. } => {
                let (udp, tcp) = (transport != Transport::Tcp, transport != Transport::Udp);
                let udp = |deferred| at(Via::Udp, port, deferred).filter(move |_| udp);
                let tcp = |deferred| at(Via::Tcp, port, deferred).filter(move |_| tcp);
                match self {
                    Self::UdpFirst => udp(false).chain(tcp(true)).collect(),
                    Self::UdpLast => tcp(false).chain(udp(true)).collect(),
                    Self::NoUdp => tcp(false).collect(),
                    Self::OnlyUdp => udp(false).collect(),
                }
            }
        }
    }
}
