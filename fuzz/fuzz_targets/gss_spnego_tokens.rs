#![no_main]

libfuzzer_sys::fuzz_target!(|token: &[u8]| fuzz_targets::gss_spnego::token::parse(token));
