#![no_main]

libfuzzer_sys::fuzz_target!(|lines: &[u8]| fuzz_targets::gss_http::fields::parse(lines));
