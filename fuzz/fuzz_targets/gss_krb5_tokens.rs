#![no_main]

libfuzzer_sys::fuzz_target!(|token: &[u8]| fuzz_targets::gss_krb5::token::parse(token));
