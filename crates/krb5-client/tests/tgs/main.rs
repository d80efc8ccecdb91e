//! The TGS exchange and password changes against KDCs that answer by a script, right and wrong.

mod fast;
mod kdc;
mod kpasswd;
mod login;
mod referral;
mod reject;
mod s4u;
mod service;
mod single;
