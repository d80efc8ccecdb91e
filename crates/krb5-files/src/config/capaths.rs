//! Paths between realms: `[capaths]`, and the hierarchy of names without it.

use alloc::{vec, vec::Vec};

use super::{Config, Found};

impl Config {
    /// The realms between two realms by `[capaths]`, in order; empty where they are stated to be neighbours (`.`).
    /// `None` where nothing is stated.
    #[must_use]
    pub fn capath(&self, client: &str, server: &str) -> Option<Vec<Found<'_>>> {
        let mut between = self.values(&["capaths", client, server]);
        if between.first()?.value.starts_with('.') {
            between.clear();
        }
        for found in &mut between {
            found.value = found.value.split([' ', '\t']).next().unwrap_or_default();
        }
        Some(between)
    }

    /// The realms that a client walks: its own, those between by [`capath`](Self::capath) or none, and the server's.
    /// The KDCs' referrals do the rest.
    #[must_use]
    pub fn realm_path<'a>(&'a self, client: &'a str, server: &'a str) -> Vec<&'a str> {
        let between = self.capath(client, server).unwrap_or_default();
        let between = between.into_iter().map(|found| found.value);
        [client].into_iter().chain(between).chain([server]).collect()
    }

    /// The realms that a ticket may have come through: those of [`capath`](Self::capath) if it states any, and else
    /// [those of the hierarchy](hierarchical_path). Both ends are part of it. Empty if both are the same realm.
    #[must_use]
    pub fn trusted_path<'a>(&'a self, client: &'a str, server: &'a str) -> Vec<&'a str> {
        if client == server {
            return Vec::new();
        }
        match self.capath(client, server) {
            Some(_) => self.realm_path(client, server),
            None => hierarchical_path(client, server),
        }
    }
}

/// The path between two realms by the dots of their names: up from the client to the longest common end, and down to
/// the server (RFC 4120 section 1.2). Without a common end it goes up to the last component, and down from there.
///
/// ```
/// use krb5_files::config::hierarchical_path;
///
/// let path = hierarchical_path("A.EAST.EXAMPLE.COM", "WEST.EXAMPLE.COM");
/// assert_eq!(path, ["A.EAST.EXAMPLE.COM", "EAST.EXAMPLE.COM", "EXAMPLE.COM", "WEST.EXAMPLE.COM"]);
/// ```
#[must_use]
pub fn hierarchical_path<'a>(client: &'a str, server: &'a str) -> Vec<&'a str> {
    let mut up = ends(client);
    let mut down = ends(server);
    let common = up.iter().rev().zip(down.iter().rev()).take_while(|(a, b)| a == b).count();
    // The common end is walked through once.
    up.truncate(up.len().saturating_sub(common.saturating_sub(1)));
    down.truncate(down.len().saturating_sub(common));
    up.into_iter().chain(down.into_iter().rev()).collect()
}

/// The name, and what is left behind each of its dots but one at the end.
fn ends(name: &str) -> Vec<&str> {
    let mut ends = vec![name];
    let behind = |(dot, _): (usize, &str)| name.get(dot.saturating_add(1)..).filter(|end| !end.is_empty());
    ends.extend(name.match_indices('.').filter_map(behind));
    ends
}
