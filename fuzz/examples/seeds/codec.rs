//! Parsers: what they take is in the vectors.

use crate::{Seeds, flow};
use ::krb5_crypto::EncType;
use fuzz_targets::input::Output;
use fuzz_targets::{krb5_asn1, krb5_crypto};
use krb5_crypto::enctype_index;
use test_support::vectors::{Record, load};

pub fn add(seeds: &mut Seeds) {
    framing(seeds);
    messages(seeds);
    files(seeds);
    configurations(seeds);
    ciphertexts(seeds);
    passwords(seeds);
    spake(seeds);
    for (name, text) in [
        ("user", "alice@EXAMPLE.COM"),
        ("service", "HTTP/www.example.com@EXAMPLE.COM"),
        ("tgs", "krbtgt/A@B"),
        ("escapes", r"a\/b\@c\\d\n\t\b\0/e@R"),
        ("no-realm", "alice"),
        ("not-ascii", "ä/€@Ö"),
    ] {
        seeds.add("krb5_asn1_principals", name, text);
    }
}

fn framing(seeds: &mut Seeds) {
    for (name, content) in [("empty", &b""[..]), ("long-length", &[0; 200])] {
        let mut token = content.to_vec();
        gss_core::framing::frame_from(&mut token, 0, &gss_core::oid::KRB5).expect("a Vec has room");
        seeds.add("gss_core_framing", name, token);
    }
    seeds.add("gss_core_framing", "target", "HTTP@www.example.com");
    for flow in flow::all() {
        let tokens = [("initiator", flow.tokens("initiator")), ("acceptor", flow.tokens("acceptor"))];
        for (side, tokens) in tokens {
            for (number, token) in tokens.into_iter().enumerate() {
                let name = format!("{} {side} {number}", flow.name);
                if flow.name.ends_with("mutual-18") {
                    seeds.add("gss_core_framing", &name, token.clone());
                }
                let parser = if flow.is_spnego() { "gss_spnego_tokens" } else { "gss_krb5_tokens" };
                seeds.add(parser, &name, token.clone());
                seeds.add("gssctl_inspect", &name, token);
            }
        }
        if flow.name.ends_with("mutual-18") || flow.name.ends_with("mutual-23") {
            let records = flow.records("wrap").chain(flow.records("mic"));
            for record in records.filter(|record| record.hex("data").len() == 1) {
                seeds.add("gssctl_inspect", &format!("{} {}", flow.name, record.name()), record.hex("token"));
            }
        }
    }
}

fn messages(seeds: &mut Seeds) {
    for path in ["asn1/mit-reference.txt", "asn1/lenient.txt", "asn1/derived.txt", "asn1/spake.txt"] {
        for (number, record) in load(path).records().iter().enumerate() {
            let (kind, der) = (record.text("type"), record.hex("der"));
            let index = krb5_asn1::TYPES.iter().position(|(name, _)| *name == kind);
            let index = index.unwrap_or_else(|| panic!("no type of the name {kind}"));
            let input = Output::new().byte(u8::try_from(index).expect("few types")).rest(&der).finish();
            // Some differ in signs only.
            seeds.add("krb5_asn1_messages", &format!("{} {number}", record.name()), input);
            seeds.add("gssctl_inspect", &format!("message {} {number}", record.name()), der);
        }
    }
}

fn files(seeds: &mut Seeds) {
    for path in ["files/keytab.txt", "files/keytab-v1.txt", "files/ccache.txt"] {
        for record in load(path).records() {
            let name = format!("{path} {}", record.name());
            seeds.add("krb5_files", &name, record.hex("file"));
        }
    }
    for record in load("files/ccache-mit.txt").records() {
        let file = ["header", "princ", "cred1", "cred2"].map(|part| record.hex(part)).concat();
        seeds.add("krb5_files", &format!("mit {}", record.name()), file.clone());
        seeds.add("gssctl_inspect", &format!("ccache {}", record.name()), file);
    }
    for flow in flow::all().into_iter().filter(|flow| flow.name == "krb5-delegation-18") {
        for (kind, file) in flow.files() {
            seeds.add("krb5_files", &format!("{} {kind}", flow.name), file.clone());
            seeds.add("gssctl_inspect", &format!("{} {kind}", flow.name), file);
        }
    }
}

/// The files of a record as a list; files of hosts as what another file includes, twice.
fn configurations(seeds: &mut Seeds) {
    let text = |record: &Record, key: &str| record.all(key).join(&b'\n');
    for record in load("files/config/grammar.txt").records() {
        let files = ["line", "second", "third"].map(|key| text(record, key));
        let input = Output::new().byte(1).chunk(&files[0]).chunk(&files[1]).chunk(&files[2]);
        seeds.add("krb5_files_config", record.name(), input.finish());
    }
    for record in load("files/config/hosts.txt").records() {
        let file = text(record, "line");
        let including = Output::new().byte(0).chunk(b"include 2\nincludedir d\n").chunk(&file).chunk(&file);
        seeds.add("krb5_files_config", record.name(), including.finish());
    }
}

fn ciphertexts(seeds: &mut Seeds) {
    for path in ["mit-encryption", "recorded-rc4-encryption", "rfc6803-encryption", "rfc8009-encryption"] {
        for record in load(&format!("crypto/{path}.txt")).records() {
            let input = Output::new()
                .byte(enctype_index(enctype(record)))
                .chunk(&record.hex("key"))
                .u32(u32::try_from(record.int("usage")).expect("a usage"))
                .byte(3)
                .byte(5)
                .rest(&record.hex("ciphertext"))
                .finish();
            seeds.add("krb5_crypto_messages", &format!("{path} {}", record.name()), input);
        }
    }
}

fn passwords(seeds: &mut Seeds) {
    for path in ["rfc3962", "rfc6803", "rfc8009", "rc4"] {
        for (number, record) in load(&format!("crypto/{path}-string-to-key.txt")).records().iter().enumerate()
        {
            let mut input = Output::new().byte(enctype_index(enctype(record)));
            input = match record.get("iterations") {
                Some(_) => {
                    let count = u32::try_from(record.int("iterations")).expect("a count");
                    input.byte(1).chunk(&count.to_be_bytes())
                }
                None => input.byte(0),
            };
            let salt = record.opt_hex("salt").unwrap_or_default();
            let input = input.chunk(&salt).chunk(&record.hex("password")).rest(&record.hex("key"));
            seeds.add("krb5_crypto_keys", &format!("{path} {} {number}", record.name()), input.finish());
        }
    }
}

/// The public values of the specification, with the private ones that belong to them; then some that are refused.
fn spake(seeds: &mut Seeds) {
    let file = load("crypto/rfc9588-spake.txt");
    for record in file.records_of("spake") {
        let group = u8::try_from(record.int("group") - 1).expect("one of two");
        let head = || {
            let input =
                Output::new().byte(group).byte(enctype_index(enctype(record))).chunk(&record.hex("key"));
            let input = input.chunk(&record.hex("x")).chunk(&record.hex("y"));
            let input = input.chunk(&record.opt_hex("support").unwrap_or_default());
            input.chunk(&record.hex("challenge")).chunk(&record.hex("body"))
        };
        for value in ["S", "T"] {
            let name = format!("{} {value}", record.name());
            seeds.add("krb5_crypto_spake", &name, head().rest(&record.hex(value)).finish());
        }
        let mut order_1 = vec![0; record.hex("S").len()];
        order_1[0] = 1;
        seeds.add("krb5_crypto_spake", &format!("{} refused", record.name()), head().rest(&order_1).finish());
    }
}

fn enctype(record: &Record) -> EncType {
    EncType(i32::try_from(record.int("enctype")).expect("an enctype"))
}
