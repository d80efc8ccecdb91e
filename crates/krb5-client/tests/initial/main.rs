//! The AS exchange against a KDC that each test can bend.

mod downgrade;
mod fast;
mod flows;
mod hostile;
mod kdc;
mod mechanism;
mod refusals;
#[cfg(feature = "spake")]
mod spake;
