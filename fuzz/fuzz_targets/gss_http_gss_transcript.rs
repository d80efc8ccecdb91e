#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::gss_http::gss::transcript(input));
