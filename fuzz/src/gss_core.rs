//! Oracles for `gss-core`.

use gss_core::framing::{Framed, frame_from};

/// A framed token that is taken apart and put together again is the same token: the reader takes exactly the one
/// encoding that the writer makes.
pub fn framing(token: &[u8]) {
    let Ok(framed) = Framed::parse(token) else { return };
    assert_eq!(&token[framed.inner_offset..], framed.inner);
    let mut again = framed.inner.to_vec();
    frame_from(&mut again, 0, &framed.mechanism).expect("a Vec has room");
    assert_eq!(again, token);
}
