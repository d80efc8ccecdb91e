//! Both roles of NTLM against each other, and what must not get through.

mod flows;
mod recorded;
mod world;
