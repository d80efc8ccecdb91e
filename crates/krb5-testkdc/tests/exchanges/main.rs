//! The KDC asked by hand, one message at a time.

mod as_exchange;
mod client;
mod exports;
mod fast;
mod faults;
mod hostile;
mod kpasswd;
mod pac;
mod realms;
mod refusals;
mod s4u;
mod spake;
mod tgs;
