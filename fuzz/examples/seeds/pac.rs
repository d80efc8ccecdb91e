//! PACs and the buffers in them.

use ::krb5_pac::{BufferType, Pac};
use fuzz_targets::input::Output;
use test_support::vectors::load;

use crate::Seeds;

/// In the order in which `krb5_pac_content` picks them.
const KINDS: [BufferType; 8] = [
    BufferType::LOGON_INFO,
    BufferType::CLIENT_INFO,
    BufferType::UPN_DNS_INFO,
    BufferType::ATTRIBUTES,
    BufferType::REQUESTOR_SID,
    BufferType::DELEGATION_INFO,
    BufferType::DEVICE_INFO,
    BufferType::CREDENTIALS,
];

pub fn add(seeds: &mut Seeds) {
    for path in ["pac/mit-t-pac.txt", "pac/ms-pac-example.txt"] {
        for record in load(path).records_of("pac") {
            whole(seeds, &format!("{path} {}", record.name()), &record.hex("pac"));
        }
    }
    for record in load("pac/delegation-info.txt").records_of("delegation-info") {
        content(seeds, record.name(), BufferType::DELEGATION_INFO, &record.hex("buffer"));
    }
    for record in load("pac/device-info.txt").records_of("device-info") {
        content(seeds, record.name(), BufferType::DEVICE_INFO, &record.hex("buffer"));
    }
    content(seeds, "attributes", BufferType::ATTRIBUTES, &[2, 0, 0, 0, 1, 0, 0, 0]);
    let sid = ::krb5_pac::sid::well_known::BUILTIN_ADMINISTRATORS;
    content(seeds, "requestor", BufferType::REQUESTOR_SID, &sid.to_bytes());
    content(seeds, "credentials", BufferType::CREDENTIALS, &[0, 0, 0, 0, 18, 0, 0, 0, 1, 2, 3, 4]);
}

fn whole(seeds: &mut Seeds, name: &str, bytes: &[u8]) {
    seeds.add("krb5_pac_container", name, bytes);
    for buffer in Pac::parse(bytes).expect("a recorded PAC").buffers() {
        if KINDS.contains(&buffer.buffer_type) {
            content(seeds, &format!("{name} {}", buffer.buffer_type), buffer.buffer_type, buffer.content);
        }
    }
}

fn content(seeds: &mut Seeds, name: &str, buffer_type: BufferType, bytes: &[u8]) {
    let kind = KINDS.iter().position(|kind| *kind == buffer_type).expect("a kind of the target");
    let input = Output::new().byte(u8::try_from(kind).expect("few kinds")).rest(bytes).finish();
    seeds.add("krb5_pac_content", name, input);
}
