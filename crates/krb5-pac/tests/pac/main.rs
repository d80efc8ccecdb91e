//! Recorded and built PACs.
