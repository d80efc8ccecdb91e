//! What clients and the service may take of the gateway's time and memory.

use crate::text::{parse_duration, parse_size};
use core::time::Duration;
use gss_tower::serve::Limits;

/// How long a connection to the service waits for the next request. Shorter than with which services close them (5 seconds
/// are common), since a request that meets with that is lost if it cannot be repeated.
pub(super) const UPSTREAM_IDLE: Duration = Duration::from_secs(4);

/// How many connections to the service wait for requests.
pub(super) const UPSTREAM_MAX_IDLE: usize = 64;

/// The options about limits.
#[derive(Debug, clap::Args)]
#[group(id = "limits")]
#[command(next_help_heading = "Limits")]
pub(super) struct Arguments {
    /// Connections of clients at a time, WebSockets included; more have to wait
    #[arg(long, value_name = "COUNT", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// Longest body of a request, in bytes, or like 64K, 100M, 2G; bodies are not kept, but passed on as they come
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = parse_size)]
    max_body: u64,
    /// How long a client may take for the head of a request
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    header_timeout: u32,
    /// How long a client may pause in a request's body, or in reading a response
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    client_timeout: u32,
    /// How long a connection to the service may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    connect_timeout: u32,
    /// How long the service may take for a response, and pause in it
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_duration)]
    upstream_timeout: u32,
    /// How long nothing may go over a WebSocket before it is closed
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    tunnel_timeout: u32,
}

impl Arguments {
    pub(super) const fn max_body(&self) -> u64 {
        self.max_body
    }

    pub(super) fn client(&self) -> Duration {
        seconds(self.client_timeout)
    }

    pub(super) fn connect(&self) -> Duration {
        seconds(self.connect_timeout)
    }

    pub(super) fn upstream(&self) -> Duration {
        seconds(self.upstream_timeout)
    }

    pub(super) fn tunnel_idle(&self) -> Duration {
        seconds(self.tunnel_timeout)
    }

    pub(super) fn of_server(&self) -> Limits {
        Limits {
            max_connections: self.max_connections.try_into().unwrap_or(usize::MAX),
            header_read: seconds(self.header_timeout),
            write: self.client(),
            ..Limits::default()
        }
    }
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}
