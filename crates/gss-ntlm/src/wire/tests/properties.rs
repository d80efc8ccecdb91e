//! What holds for all messages.

use super::*;
use alloc::format;
use alloc::string::String;
use proptest::collection::vec;
use proptest::prelude::*;

fn version() -> impl Strategy<Value = Option<Version>> {
    let version = (any::<u8>(), any::<u8>(), any::<u16>(), any::<u8>());
    prop::option::of(version.prop_map(|(major, minor, build, revision)| Version {
        major,
        minor,
        build,
        revision,
    }))
}

fn name(charset: Charset) -> BoxedStrategy<String> {
    match charset {
        Charset::Unicode => "[^\0]{0,12}".boxed(),
        Charset::Oem => "[\x01-\x7f]{0,12}".boxed(),
    }
}

fn bytes_of(name: &str, charset: Charset) -> Vec<u8> {
    match charset {
        Charset::Unicode => utf16(name),
        Charset::Oem => name.as_bytes().to_vec(),
    }
}

fn charset() -> impl Strategy<Value = Charset> {
    prop_oneof![Just(Charset::Unicode), Just(Charset::Oem)]
}

/// Any flags that name this charset and no stronger one.
fn flags(charset: Charset) -> impl Strategy<Value = NegotiateFlags> {
    any::<u32>().prop_map(move |bits| {
        let flags = NegotiateFlags::from_bits(bits);
        match charset {
            Charset::Unicode => flags | NegotiateFlags::UNICODE,
            Charset::Oem => flags.without(NegotiateFlags::UNICODE) | NegotiateFlags::OEM,
        }
    })
}

/// A list of attributes with its end: text in some, anything in unknown ones.
fn target_info() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::subsequence([1_u16, 2, 3, 4, 5, 9].to_vec(), 0..=6);
    let unknown = vec((11_u16.., vec(any::<u8>(), 0..20)), 0..4);
    (known, "[^\0]{0,12}", unknown, vec(any::<u8>(), 0..6)).prop_map(|(known, text, unknown, trailing)| {
        let mut bytes = Vec::new();
        for id in known {
            put_av_text(&mut bytes, AvId(id), &text).unwrap();
        }
        for (id, value) in unknown {
            put_av_pair(&mut bytes, AvId(id), &value).unwrap();
        }
        put_av_pair(&mut bytes, AvId::EOL, &[]).unwrap();
        [bytes, trailing].concat()
    })
}

fn all_vectors() -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    each_vector(|_, message| messages.push(message.to_vec()));
    messages
}

#[derive(Debug, Clone)]
struct Parts {
    flags: NegotiateFlags,
    names: [String; 3],
    charset: Charset,
    version: Option<Version>,
    challenge: [u8; 8],
    info: Option<Vec<u8>>,
    blobs: [Vec<u8>; 3],
    mic: Option<[u8; 16]>,
}

fn parts() -> impl Strategy<Value = Parts> {
    charset().prop_flat_map(|charset| {
        (
            flags(charset),
            [name(charset), name(charset), name(charset)],
            version(),
            any::<[u8; 8]>(),
            prop::option::of(target_info()),
            [vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..90), vec(any::<u8>(), 0..17)],
            any::<Option<[u8; 16]>>(),
        )
            .prop_map(move |(flags, names, version, challenge, info, blobs, mic)| Parts {
                flags,
                names,
                charset,
                version,
                challenge,
                info,
                blobs,
                mic,
            })
    })
}

proptest! {
    #[test]
    fn challenges_are_read_as_they_were_written(parts in parts()) {
        let name = bytes_of(&parts.names[0], parts.charset);
        let message = ChallengeMessage {
            flags: parts.flags,
            target_name: Some(Text::parse(&name, parts.charset, 0).unwrap()),
            server_challenge: parts.challenge,
            target_info: parts.info.as_deref().map(|info| AvPairs::parse(info, 0).unwrap()),
            version: parts.version,
        };
        let written = written(|output| message.write(output));
        let read = ChallengeMessage::parse(&written).unwrap();
        prop_assert_eq!(read.target_name.map_or(&[][..], |name| name.as_bytes()), &name);
        prop_assert_eq!(read.server_challenge, parts.challenge);
        let info = read.target_info.map(|info| [info.as_bytes(), info.trailing()].concat());
        prop_assert_eq!(info, parts.info);
        prop_assert_eq!(read.version, parts.version);
        let follow = NegotiateFlags::TARGET_INFO | NegotiateFlags::VERSION;
        prop_assert_eq!(read.flags - follow, parts.flags - follow);
        prop_assert_eq!(super::written(|output| read.write(output)), written);
    }

    #[test]
    fn authenticates_are_read_as_they_were_written(parts in parts()) {
        let names = [0, 1, 2].map(|index| bytes_of(&parts.names[index], parts.charset));
        let [domain, user, workstation] =
            [0, 1, 2].map(|index| Text::parse(&names[index], parts.charset, 0).unwrap());
        let [lm_response, nt_response, encrypted_session_key] = [0, 1, 2].map(|index| &parts.blobs[index][..]);
        let mut message = AuthenticateMessage::new(domain, user, workstation);
        message.lm_response = lm_response;
        message.nt_response = nt_response;
        message.encrypted_session_key = encrypted_session_key;
        message.flags = Some(parts.flags);
        message.version = parts.version;
        message.mic = parts.mic;
        let written = written(|output| message.write(output));
        let read = AuthenticateMessage::parse(&written, Charset::Oem).unwrap();
        prop_assert_eq!([read.domain, read.user, read.workstation].map(|name| name.as_bytes().to_vec()), names);
        prop_assert_eq!([read.lm_response, read.nt_response, read.encrypted_session_key].map(Vec::from), parts.blobs);
        prop_assert_eq!((read.version, read.mic), (parts.version, parts.mic));
        let version = NegotiateFlags::VERSION;
        prop_assert_eq!(read.flags.map(|flags| flags - version), Some(parts.flags - version));
        prop_assert_eq!(super::written(|output| read.write(output)), written);
    }

    #[test]
    fn negotiates_are_read_as_they_were_written(parts in parts(), names in [name(Charset::Oem), name(Charset::Oem)]) {
        let [domain, workstation] = [0, 1].map(|index| {
            let name = Text::parse(names[index].as_bytes(), Charset::Oem, 0).unwrap();
            (!name.is_empty()).then_some(name)
        });
        let message = NegotiateMessage { flags: parts.flags, domain, workstation, version: parts.version };
        let written = written(|output| message.write(output));
        let read = NegotiateMessage::parse(&written).unwrap();
        prop_assert!(read.domain.is_none_or(|name| name.eq_str(&names[0])));
        prop_assert_eq!([read.domain.is_some(), read.workstation.is_some()], [domain.is_some(), workstation.is_some()]);
        prop_assert!(read.workstation.is_none_or(|name| name.eq_str(&names[1])));
        prop_assert_eq!(read.version, parts.version);
        prop_assert_eq!(super::written(|output| read.write(output)), written);
    }

    /// Whatever is changed in a message: it is read or refused, and what was read can be shown and written again.
    #[test]
    fn changed_messages_are_read_or_refused(
        message in prop::sample::select(all_vectors()),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        header in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut message = message;
        let reach = if header { message.len().min(88) } else { message.len() };
        for (at, byte) in changes {
            // Behind signature and type, so that more than these is tried.
            let at = 12 + at.index(reach - 12);
            message[at] = byte;
        }
        if let Some(cut) = cut {
            message.truncate(cut.index(message.len()));
        }
        exercise(&message);
    }

    #[test]
    fn any_bytes_are_read_or_refused(kind in 1..=3_u8, rest in vec(any::<u8>(), 0..160)) {
        let mut message = [SIGNATURE.as_slice(), &[kind, 0, 0, 0]].concat();
        message.extend_from_slice(&rest);
        exercise(&message);
        exercise(&rest);
        let _ = AvPairs::parse(&rest, 0).map(|list| format!("{list:?}"));
    }

    #[test]
    fn times_go_there_and_back(steps in 0..1_u64 << 63) {
        let time = FileTime(steps).to_timestamp().unwrap();
        prop_assert_eq!(FileTime::from_timestamp(time), FileTime(steps - steps % 10));
    }
}

/// Reads a message with all that is in it. What was read can be shown and written, and what was written is read as the
/// same message, which is written the same way.
fn exercise(bytes: &[u8]) {
    if let Ok(message) = NegotiateMessage::parse(bytes) {
        let written = written(|output| message.write(output));
        let read = NegotiateMessage::parse(&written).unwrap();
        assert_eq!(format!("{:?}", read.workstation), format!("{:?}", message.workstation));
        assert_eq!(super::written(|output| read.write(output)), written);
    }
    if let Ok(message) = ChallengeMessage::parse(bytes) {
        let written = written(|output| message.write(output));
        let read = ChallengeMessage::parse(&written).unwrap();
        assert_eq!(format!("{:?}", read.target_info), format!("{:?}", message.target_info));
        assert_eq!(super::written(|output| read.write(output)), written);
    }
    for fallback in [Charset::Unicode, Charset::Oem] {
        let Ok(message) = AuthenticateMessage::parse(bytes, fallback) else { continue };
        let written = written(|output| message.write(output));
        let read = AuthenticateMessage::parse(&written, fallback).unwrap();
        // A version that is promised and not there is not promised again.
        let mut expected = message;
        expected.flags = message.flags.map(|flags| Version::flag(message.version, flags));
        assert_eq!(format!("{read:?}"), format!("{expected:?}"));
        assert_eq!(super::written(|output| read.write(output)), written);
        let [offset, len] = [message.nt_response_offset(), message.nt_response.len()];
        assert_eq!(bytes.get(offset..offset + len), Some(message.nt_response));
        if let Ok(response) = NtlmV2Response::parse(message.nt_response, offset) {
            assert_eq!([response.proof.as_slice(), response.blob].concat(), message.nt_response);
        }
    }
}
