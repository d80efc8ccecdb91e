#![no_main]

libfuzzer_sys::fuzz_target!(|token: &[u8]| fuzz_targets::gssctl::inspect(token));
