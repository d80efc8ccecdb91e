//! `gssctl gateway` between clients and a service, with tickets of the test KDC.

extern crate alloc;

mod client;
mod command;
mod ends;
mod fields;
mod limits;
mod logins;
mod mix;
mod rules;
mod service;
mod upgrades;
mod world;
