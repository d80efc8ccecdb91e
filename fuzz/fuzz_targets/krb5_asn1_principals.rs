#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| fuzz_targets::krb5_asn1::principal(text));
