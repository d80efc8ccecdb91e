//! Oracles for `gss-core`.

use ::gss_core::Target;
use ::gss_core::framing::{Framed, frame_from};
use ::gss_core::reader::Reader;

/// A framed token that is taken apart and put together again is the same token: the reader takes exactly the one
/// encoding that the writer makes.
pub fn framing(token: &[u8]) {
    elements(Reader::new(token), token.len());
    target(token);
    let framed = match Framed::parse(token) {
        Ok(framed) => framed,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(&token[framed.inner_offset..], framed.inner);
    let mut again = framed.inner.to_vec();
    frame_from(&mut again, 0, &framed.mechanism).expect("a Vec has room");
    assert_eq!(again, token);
}

/// A reader never goes back, stays within its element, and knows where it is.
fn elements(mut reader: Reader<'_>, end: usize) {
    while let Some(tag) = reader.peek() {
        let before = reader;
        match reader.der_element(tag) {
            Ok(content) => {
                assert!(reader.offset() > before.offset());
                assert_eq!(reader.offset() + reader.remaining(), end);
                assert_eq!(content.offset() + content.remaining(), reader.offset());
            }
            Err(error) => {
                assert!(error.offset <= end, "{error}");
                return;
            }
        }
    }
    assert!(reader.finish().is_ok());
}

/// The name of a target can be printed and read again.
fn target(text: &[u8]) {
    let Ok(text) = core::str::from_utf8(text) else { return };
    if let Ok(target) = Target::parse(text) {
        let printed = target.to_string();
        assert_eq!(Target::parse(&printed).expect("what is printed parses"), target);
    }
}
