//! Replay cache and context store on Redis, for services on several machines.

#![forbid(unsafe_code)]
