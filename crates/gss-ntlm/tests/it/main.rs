//! Both roles of NTLM against each other, and what must not get through.

extern crate alloc;

mod attacks;
mod flows;
mod forge;
mod properties;
mod recorded;
mod world;
