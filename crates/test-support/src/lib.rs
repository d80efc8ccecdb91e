//! Pair harness, virtual clock, deterministic randomness and vector loader for tests
