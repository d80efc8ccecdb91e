//! Where names of servers come from.

use core::fmt;

/// Where the names of a realm's servers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program named them.
    Program,
    /// A line of a configuration file.
    File {
        /// The file.
        file: String,
        /// The line of the first server, from 1.
        line: u32,
    },
    /// Records in DNS.
    Dns {
        /// Their type: `URI` or `SRV`.
        kind: &'static str,
        /// The name that has them.
        name: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => f.write_str("the program"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Dns { kind, name } => write!(f, "{kind} records of {name}"),
        }
    }
}
