#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::gss_ntlm::wire::challenge(input));
