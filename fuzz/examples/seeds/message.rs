//! Per-message tokens.

use crate::{Seeds, flow};
use fuzz_targets::input::Output;
use fuzz_targets::krb5_crypto::{ENCTYPES, enctype_index};
use krb5_crypto::EncType;

/// Replay and sequence detection.
const DETECT: u8 = 3;
const DCE: u8 = 4;
const WE_ACCEPT: u8 = 8;
const ACCEPTOR_SUBKEY: u8 = 16;

pub fn add(seeds: &mut Seeds) {
    for flow in flow::all() {
        let Some(context) = flow.records("context").next() else { continue };
        for (sender, ours) in [("initiator", WE_ACCEPT), ("acceptor", 0)] {
            let mut choices = DETECT | ours;
            if context.text("acceptor-subkey") == "yes" {
                choices |= ACCEPTOR_SUBKEY;
            }
            if flow.name.contains("dce") {
                choices |= DCE;
            }
            let enctype = EncType(i32::try_from(context.int("etype")).expect("an enctype"));
            let sequence = u32::try_from(context.int(&format!("{sender}-sequence"))).expect("32 bits");
            let mut input = Output::new()
                .byte(choices)
                .byte(enctype_index(enctype))
                .chunk(&context.hex("key"))
                .u32(sequence);
            for record in flow.records("wrap").filter(|record| record.text("from") == sender).take(6) {
                input = input.byte(0).chunk(&record.hex("token"));
            }
            for record in flow.records("mic").filter(|record| record.text("from") == sender).take(3) {
                input = input.byte(1).chunk(&record.hex("data")).chunk(&record.hex("token"));
            }
            seeds.add("gss_krb5_messages", &format!("{} {sender}", flow.name), input.finish());
        }
    }
    for &enctype in ENCTYPES {
        for (style, choices) in [("plain", DETECT), ("dce", DETECT | DCE | WE_ACCEPT)] {
            let mut input = Output::new().byte(choices).byte(enctype_index(enctype)).chunk(&[7; 32]).u32(1);
            for protection in [0, 1] {
                input = input.byte(3).byte(protection).u16(28).chunk(b"rotated message");
                for layout in [0, 1] {
                    input = input.byte(5).byte(protection).byte(layout);
                    input = input.chunk(b"signed").chunk(b"first").chunk(b"and second");
                }
            }
            input = input.byte(4).chunk(b"signed message");
            input = input.byte(2).chunk(&[5; 60]).chunk(b"one").chunk(b"two").chunk(&[6; 12]);
            seeds.add("gss_krb5_messages", &format!("{style} {enctype}"), input.finish());
        }
    }
}
