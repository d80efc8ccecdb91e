//! Tokens as a peer might make them, written by hand and not by the code under test.

/// An element with a length in the shortest form.
pub(crate) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match content.len() {
        len @ 0..0x80 => element.push(len as u8),
        len @ 0x80..0x100 => element.extend([0x81, len as u8]),
        len => element.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    element.extend(content);
    element
}

/// A field with its explicit tag.
pub(crate) fn tagged(number: u8, tag: u8, content: &[u8]) -> Vec<u8> {
    der(0xa0 | number, &der(tag, content))
}

pub(crate) fn framed(content: &[u8]) -> Vec<u8> {
    der(0x60, &[&[6, 6, 0x2b, 6, 1, 5, 5, 2], content].concat())
}

/// A framed `NegTokenInit` of these fields.
pub(crate) fn init(fields: &[Vec<u8>]) -> Vec<u8> {
    framed(&der(0xa0, &der(0x30, &fields.concat())))
}

/// A `NegTokenResp` of these fields.
pub(crate) fn resp(fields: &[Vec<u8>]) -> Vec<u8> {
    der(0xa1, &der(0x30, &fields.concat()))
}

pub(crate) fn state(value: u8) -> Vec<u8> {
    tagged(0, 0x0a, &[value])
}

pub(crate) fn supported(mechanism: &gss_core::Oid) -> Vec<u8> {
    tagged(1, 6, mechanism.as_bytes())
}

pub(crate) fn token(bytes: &[u8]) -> Vec<u8> {
    tagged(2, 4, bytes)
}

pub(crate) fn mic(bytes: &[u8]) -> Vec<u8> {
    tagged(3, 4, bytes)
}

/// DER of a list of mechanisms.
pub(crate) fn list(mechanisms: &[gss_core::Oid]) -> Vec<u8> {
    der(0x30, &mechanisms.iter().flat_map(|mechanism| der(6, mechanism.as_bytes())).collect::<Vec<_>>())
}

/// The field of a list of mechanisms.
pub(crate) fn types(mechanisms: &[gss_core::Oid]) -> Vec<u8> {
    der(0xa0, &list(mechanisms))
}
