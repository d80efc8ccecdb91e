//! How replies travel: as they should, or badly.

use alloc::vec::Vec;

use super::framing;
use super::handler::Reply;
use crate::DeliveryFault;

/// What is no tag of any Kerberos message, nor a length that would fit.
const GARBAGE: u8 = 0xa5;

/// The bytes on a stream, and whether it ends with them. `None`: nothing, and the stream stays open.
pub(super) fn on_stream(Reply { message, fault }: Reply) -> Option<(Vec<u8>, bool)> {
    match fault {
        None | Some(DeliveryFault::Late(_) | DeliveryFault::TooBig) => {
            Some((framing::frame(&message)?, false))
        }
        Some(DeliveryFault::Silent) => None,
        Some(DeliveryFault::Closed) => Some((Vec::new(), true)),
        // The length is that of the whole.
        Some(DeliveryFault::Cut) => {
            let mut bytes = framing::frame(&message)?;
            bytes.truncate(bytes.len() - message.len().div_ceil(2));
            Some((bytes, true))
        }
        Some(DeliveryFault::Prefix(length)) => Some((framing::frame_with(length, &message), true)),
        Some(DeliveryFault::Garbage) => Some((framing::frame(&garbage(&message))?, false)),
    }
}

/// The datagram; `None`: no datagram. `too_big` makes the one that sends the client to TCP.
pub(super) fn in_datagram(
    Reply { mut message, fault }: Reply,
    limit: usize,
    too_big: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    match fault {
        // Nothing is closed where nothing was open.
        Some(DeliveryFault::Silent | DeliveryFault::Closed) => None,
        Some(DeliveryFault::TooBig) => too_big(&message),
        _ if message.len() > limit => too_big(&message),
        // A datagram has no length in front.
        None | Some(DeliveryFault::Late(_) | DeliveryFault::Prefix(_)) => Some(message),
        Some(DeliveryFault::Cut) => {
            message.truncate(message.len() / 2);
            Some(message)
        }
        Some(DeliveryFault::Garbage) => Some(garbage(&message)),
    }
}

fn garbage(reply: &[u8]) -> Vec<u8> {
    alloc::vec![GARBAGE; reply.len()]
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    const REPLY: [u8; 5] = [1, 2, 3, 4, 5];

    fn stream(fault: impl Into<Option<DeliveryFault>>) -> Option<(Vec<u8>, bool)> {
        on_stream(Reply { message: REPLY.into(), fault: fault.into() })
    }

    fn datagram(fault: impl Into<Option<DeliveryFault>>, limit: usize) -> Option<Vec<u8>> {
        let reply = Reply { message: REPLY.into(), fault: fault.into() };
        in_datagram(reply, limit, |_| Some(b"too big".to_vec()))
    }

    #[test]
    fn streams() {
        let whole = Some((vec![0, 0, 0, 5, 1, 2, 3, 4, 5], false));
        assert_eq!(stream(None), whole);
        assert_eq!(stream(DeliveryFault::Late(Duration::from_secs(1))), whole);
        assert_eq!(stream(DeliveryFault::TooBig), whole);
        assert_eq!(stream(DeliveryFault::Silent), None);
        assert_eq!(stream(DeliveryFault::Closed), Some((vec![], true)));
        assert_eq!(stream(DeliveryFault::Cut), Some((vec![0, 0, 0, 5, 1, 2], true)));
        assert_eq!(
            stream(DeliveryFault::Prefix(0x7fff_ffff)),
            Some((vec![0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5], true))
        );
        assert_eq!(
            stream(DeliveryFault::Garbage),
            Some((vec![0, 0, 0, 5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5], false))
        );
    }

    #[test]
    fn datagrams() {
        assert_eq!(datagram(None, 5), Some(REPLY.to_vec()));
        assert_eq!(datagram(None, 4), Some(b"too big".to_vec()));
        assert_eq!(datagram(DeliveryFault::Late(Duration::ZERO), 5), Some(REPLY.to_vec()));
        assert_eq!(datagram(DeliveryFault::Silent, 5), None);
        assert_eq!(datagram(DeliveryFault::Closed, 5), None);
        assert_eq!(datagram(DeliveryFault::Cut, 5), Some(vec![1, 2]));
        assert_eq!(datagram(DeliveryFault::Prefix(0), 5), Some(REPLY.to_vec()));
        assert_eq!(datagram(DeliveryFault::Garbage, 5), Some(vec![0xa5; 5]));
        assert_eq!(datagram(DeliveryFault::TooBig, 5), Some(b"too big".to_vec()));
    }
}
