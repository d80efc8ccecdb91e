//! The rules that the checks enforce, as tables. To change a rule, change a line here.

/// A ring of ARCHITECTURE.md. Arrows point to a smaller number only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ring {
    /// Values: everyone may use them.
    Values,
    /// Mechanisms and formats.
    Mechanisms,
    /// What most programs import.
    Facade,
    /// The world outside: sockets, files, clocks, environment.
    World,
    /// Tests and tools. No published crate may use them, save as a dev-dependency.
    Internal,
}

impl Ring {
    /// Whether the rules of the inner rings hold: `no_std`, no `unsafe`, no panics, no I/O.
    pub(crate) fn is_core(self) -> bool {
        self <= Self::Facade
    }
}

/// What a crate of rings 0 to 2 needs on a machine without an operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heap {
    /// Useful without a heap; built for bare metal with no feature on.
    Free,
    /// Useful with `alloc` only.
    Needed,
}

/// One line of the ring table.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) ring: Ring,
    pub(crate) heap: Heap,
}

const fn member(name: &'static str, ring: Ring, heap: Heap) -> Member {
    Member { name, ring, heap }
}

/// Every member of the workspace. `check arrows` fails on a member that is missing here, and the other way round.
pub(crate) const MEMBERS: &[Member] = &[
    member("gss-core", Ring::Values, Heap::Free),
    member("krb5-asn1", Ring::Values, Heap::Free),
    member("krb5-crypto", Ring::Values, Heap::Free),
    member("gss-krb5", Ring::Mechanisms, Heap::Free),
    member("gss-ntlm", Ring::Mechanisms, Heap::Free),
    member("gss-spnego", Ring::Mechanisms, Heap::Free),
    member("krb5-files", Ring::Mechanisms, Heap::Needed),
    member("krb5-pac", Ring::Mechanisms, Heap::Free),
    member("krb5-client", Ring::Mechanisms, Heap::Needed),
    member("gss", Ring::Facade, Heap::Needed),
    member("gss-http", Ring::Facade, Heap::Free),
    member("krb5-net", Ring::World, Heap::Needed),
    member("krb5-testkdc", Ring::World, Heap::Needed),
    member("gss-rustls", Ring::World, Heap::Needed),
    member("gss-redis", Ring::World, Heap::Needed),
    member("gss-tower", Ring::World, Heap::Needed),
    member("gss-hyper", Ring::World, Heap::Needed),
    member("gss-reqwest", Ring::World, Heap::Needed),
    member("gssctl", Ring::World, Heap::Needed),
    member("test-support", Ring::Internal, Heap::Needed),
    member("xtask", Ring::Internal, Heap::Needed),
    member("interop", Ring::Internal, Heap::Needed),
    member("no-std-link", Ring::Internal, Heap::Free),
    member("bench-compare", Ring::Internal, Heap::Needed),
];

/// Direct arrows between two crates of one ring (0 to 2) that are allowed, each with its reason in a comment.
pub(crate) const SAME_RING: &[(&str, &str)] = &[
    // A client's tickets and keys come from caches and keytabs, and go there.
    ("krb5-client", "krb5-files"),
    // What an acceptor says about a client comes from the PAC of its ticket.
    ("gss-krb5", "krb5-pac"),
];

/// Crates of ours that the first must not reach, not even by way of others.
pub(crate) const BANNED_EDGES: &[(&str, &[&str])] = &[
    // SPNEGO knows mechanisms through the traits of gss-core only.
    ("gss-spnego", &["gss-krb5", "gss-ntlm", "krb5-asn1", "krb5-crypto"]),
    // HTTP framing carries tokens and does not look inside.
    ("gss-http", &["gss-krb5", "gss-ntlm", "gss-spnego", "krb5-asn1", "krb5-crypto"]),
    // Kerberos messages and cryptography are of use without GSS-API.
    ("krb5-asn1", &["gss-core", "krb5-crypto"]),
    ("krb5-crypto", &["gss-core", "krb5-asn1"]),
];

/// Crates of others that rings 0 to 2 must not reach, with any feature, on any target.
pub(crate) const BANNED_EXTERNAL: &[(&str, &[&str])] = &[
    ("runtimes and sockets", &["async-io", "async-std", "mio", "smol", "socket2", "tokio"]),
    (
        "HTTP",
        &[
            "actix-web",
            "axum",
            "curl",
            "h2",
            "http",
            "http-body",
            "httparse",
            "hyper",
            "hyper-util",
            "reqwest",
            "tower",
            "ureq",
        ],
    ),
    ("TLS and names", &["hickory-resolver", "native-tls", "openssl", "rustls"]),
    ("randomness is an argument", &["getrandom", "rand"]),
    ("time is an argument", &["chrono", "time"]),
    ("rings 0 to 2 return facts and do not log", &["log", "tracing"]),
    ("errors are hand-written there", &["anyhow", "thiserror"]),
    ("no C", &["bindgen", "cc", "cmake", "libgssapi", "libgssapi-sys", "pkg-config"]),
];

/// What every lib.rs of rings 0 to 2 has to say, compared without regard to white space.
pub(crate) const CORE_HEADER: &[&str] = &[
    "#![no_std]",
    "#![forbid(unsafe_code)]",
    "#![cfg_attr(
        not(test),
        deny(
            clippy::arithmetic_side_effects,
            clippy::cast_possible_truncation,
            clippy::disallowed_methods,
            clippy::expect_used,
            clippy::indexing_slicing,
            clippy::panic,
            clippy::unwrap_used
        )
    )]",
];

/// Longest source file, in lines. A longer one holds more than one thing.
pub(crate) const MAX_LINES: usize = 600;

/// Text that no source file may contain. (Written in halves, since this file is a source file too.)
pub(crate) const BANNED_TEXT: &[(&str, &str)] = &[
    (concat!("#[", "ignore"), "a test that does not run proves nothing"),
    (concat!("to", "do!("), "unfinished code does not land"),
    (concat!("unimpl", "emented!("), "unfinished code does not land"),
    (concat!("db", "g!("), "debugging output does not land"),
];

/// Folders that hold source files.
pub(crate) const SOURCE_FOLDERS: &[&str] = &["crates", "tests", "benches", "fuzz"];

/// A target without an operating system or a heap.
pub(crate) const BARE_TARGET: &str = "thumbv7em-none-eabi";
/// A target with a heap, but without sockets, clock or environment.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A target of 32 bits on which tests run, and the Debian packages that it takes to link for it.
pub(crate) const NARROW_TARGET: &str = "i686-unknown-linux-gnu";
/// See [`NARROW_TARGET`].
pub(crate) const NARROW_PACKAGES: &[&str] = &["gcc-multilib", "libc6-dev-i386"];

/// What the benchmarks compile MIT's side with, and the other server for logins over HTTP.
pub(crate) const BENCH_PACKAGES: &[&str] =
    &["apache2-bin", "gcc", "libapache2-mod-auth-gssapi", "libc6-dev", "libkrb5-dev"];

/// Feature sets that each crate of rings 0 to 2 is checked with; each is combined with every subset of the crate's
/// other features.
pub(crate) const FEATURE_BASES: &[&[&str]] = &[&[], &["alloc"], &["std"]];
/// Features that the bases already cover.
pub(crate) const BASE_FEATURES: &[&str] = &["default", "alloc", "std"];

/// The package of the interop tests.
pub(crate) const INTEROP_PACKAGE: &str = "interop";
/// Its feature that turns on the tests which need programs of other projects.
pub(crate) const INTEROP_FEATURE: &str = "live";
/// How long a fuzz target runs in the smoke test.
pub(crate) const FUZZ_SECONDS: u64 = 8;
/// The toolchain that libFuzzer's instrumentation needs.
pub(crate) const FUZZ_TOOLCHAIN: &str = "nightly";
