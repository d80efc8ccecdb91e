#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| fuzz_targets::krb5_files::parse(file));
