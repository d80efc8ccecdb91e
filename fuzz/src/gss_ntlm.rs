//! Oracles for `gss-ntlm`.

pub mod acceptor;
pub mod initiator;
pub mod message;
pub mod wire;

use ::gss_core::{ChannelBindings, Target, Timestamp};
use ::gss_ntlm::wire::NegotiateFlags;
use ::gss_ntlm::{Logon, MemoryUsers, ServerNames};

/// When everything happens.
pub const NOW_TIME: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// The channel of all contexts that have one.
pub const CHANNEL: ChannelBindings<'static> = ChannelBindings::new(b"fuzz");

/// What a server may say about itself in flags that nobody asked for.
const ABOUT_SERVER: NegotiateFlags = NegotiateFlags::TARGET_INFO
    .with(NegotiateFlags::TARGET_TYPE_DOMAIN)
    .with(NegotiateFlags::TARGET_TYPE_SERVER);

/// The service that clients mean.
pub fn target() -> Target<'static> {
    Target::new("HTTP", "server.example.com").expect("a target")
}

/// The server's names.
pub fn names() -> ServerNames {
    ServerNames::new("SERVER").domain("EXAMPLE").dns_computer("server.example.com").dns_domain("example.com")
}

/// Alice has a domain and Bob has none; the user of the specification's examples is there too.
pub fn users() -> MemoryUsers {
    let mut users = MemoryUsers::new();
    users.add("alice", "EXAMPLE", "correct horse");
    users.add("bob", "", "battery staple");
    users.add("User", "Domain", "Password");
    users
}

/// Alice, at her desk.
pub fn logon() -> Logon {
    Logon::with_password("alice", "EXAMPLE", "correct horse").workstation("DESK")
}
