//! What a server says about itself.

use crate::Unfit;
use alloc::borrow::ToOwned;
use alloc::string::String;

/// What a Redis server says about itself in `INFO`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// Its version.
    pub version: Option<String>,
    /// What it calls itself from start to end.
    pub run_id: Option<String>,
    /// What it does when memory runs short.
    pub eviction: Eviction,
}

/// Whether a server drops entries when memory runs short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Eviction {
    /// It does not say.
    #[default]
    Unknown,
    /// Never: it has no `maxmemory`, or refuses to take more.
    Never,
    /// It does, by this `maxmemory-policy`.
    Policy(String),
}

impl Server {
    /// Reads the answer to `INFO`.
    pub(crate) fn parse(info: &str) -> Self {
        let field = |name: &str| {
            let mut lines = info.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(found, _)| *found == name).map(|(_, value)| value.trim().to_owned())
        };
        let eviction = match (field("maxmemory").as_deref(), field("maxmemory_policy")) {
            (Some("0"), _) => Eviction::Never,
            (_, Some(policy)) if policy == "noeviction" => Eviction::Never,
            (_, Some(policy)) => Eviction::Policy(policy),
            (_, None) => Eviction::Unknown,
        };
        Self { version: field("redis_version"), run_id: field("run_id"), eviction }
    }

    pub(crate) fn keeps_entries(&self) -> Result<(), Unfit> {
        match &self.eviction {
            Eviction::Never => Ok(()),
            Eviction::Policy(policy) => Err(Unfit::Evicts { policy: policy.clone() }),
            Eviction::Unknown => Err(Unfit::EvictionUnknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_is_read() {
        let server = Server::parse(
            "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n\r\n# Memory\r\nmaxmemory:0\r\n",
        );
        assert_eq!((server.version.as_deref(), server.run_id.as_deref()), (Some("7.0.15"), Some("abc")));
        assert_eq!(server.eviction, Eviction::Never);
        assert_eq!(Server::parse("nothing of ours"), Server::default());
    }

    #[test]
    fn only_a_server_that_drops_nothing_keeps_entries() {
        for (info, expected) in [
            ("maxmemory:0\r\nmaxmemory_policy:allkeys-lru", Ok(())),
            ("maxmemory:1000\r\nmaxmemory_policy:noeviction", Ok(())),
            ("maxmemory_policy:noeviction", Ok(())),
            (
                "maxmemory:1000\r\nmaxmemory_policy:volatile-ttl",
                Err(Unfit::Evicts { policy: "volatile-ttl".into() }),
            ),
            ("maxmemory_policy:allkeys-lru", Err(Unfit::Evicts { policy: "allkeys-lru".into() })),
            ("maxmemory:1000", Err(Unfit::EvictionUnknown)),
            ("", Err(Unfit::EvictionUnknown)),
        ] {
            assert_eq!(Server::parse(info).keeps_entries(), expected, "{info:?}");
        }
    }
}
