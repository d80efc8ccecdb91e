//! Links the heap-free parts for a machine without an operating system: `cargo xtask check no-std`.
//!
//! There is no global allocator and no libc here, so the linker refuses whatever reaches for one. The program is
//! never run; each call hides its input and result from the optimizer so that the code stays in. On hosts with an
//! operating system, where workspace-wide builds meet it, the program is empty.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(not(target_os = "none"))]
fn main() {}

#[cfg(target_os = "none")]
mod bare {
    use core::convert::Infallible;
    use core::hint::black_box;
    use core::panic::PanicInfo;

    use gss_core::framing::{self, Framed};
    use gss_core::{
        ChannelBindings, CryptoRng, Env, Handshake, Opener, Protection, Sealer, SecurityContext, SliceSink,
        Step, Timestamp, TokenSink, oid,
    };
    use gss_krb5::{ServiceTicketRef, TicketTimes};
    use gss_ntlm::{Identity, LogonRef, NtHash};
    use gss_spnego::{Initiator, Offer};
    use krb5_asn1::{KerberosString, NameType, PrincipalName, TicketFlags};
    use krb5_crypto::{EncType, Key};
    use rand_core::{TryCryptoRng, TryRng};

    #[panic_handler]
    fn panic(_: &PanicInfo<'_>) -> ! {
        loop {}
    }

    #[unsafe(no_mangle)]
    extern "C" fn _start() -> ! {
        frame();
        log_in();
        log_on();
        loop {}
    }

    /// A token through the frame of RFC 2743 and back.
    fn frame() {
        let mut buffer = [0; 64];
        let mut token = SliceSink::new(black_box(&mut buffer));
        black_box(token.put(b"inner")).ok();
        black_box(framing::frame_from(&mut token, 0, &oid::KRB5)).ok();
        black_box(Framed::parse(token.as_slice()).is_ok());
    }

    /// Logs in to a web server: SPNEGO around Kerberos, then a message each way.
    fn log_in() -> Option<()> {
        let names = [KerberosString::from("HTTP"), KerberosString::from("www.example.com")];
        let name = PrincipalName::new(NameType::SRV_HST, black_box(&names));
        let server = name.in_realm(KerberosString::from("EXAMPLE.COM"));
        let session_key = Key::new(EncType::AES256_CTS_HMAC_SHA1_96, black_box(&[7; 32])).ok()?;
        let ticket = ServiceTicketRef {
            client: server,
            server,
            session_key: &session_key,
            ticket: black_box(&[0x61]),
            flags: TicketFlags::default(),
            times: TicketTimes::default(),
        };
        let kerberos =
            gss_krb5::Initiator::new(ticket).channel_bindings(&ChannelBindings::tls_exporter(&[1; 32]));
        let initiator = Initiator::new([Offer::new(oid::KRB5, kerberos)]);

        let mut rng = black_box(Counter(1));
        let mut env = Env::new(Timestamp::from_seconds(black_box(0)), &mut rng);
        let mut request = [0; 2048];
        let mut output = SliceSink::new(&mut request);
        let Step::Continue(initiator) = initiator.step(&mut [], &mut output, &mut env).ok()? else {
            return None;
        };
        let mut header = [0; 4096];
        black_box(
            gss_http::Scheme::Negotiate.write_token(output.as_slice(), &mut SliceSink::new(&mut header)),
        )
        .ok();

        let mut reply = black_box([0; 512]);
        let Step::Done(context) =
            initiator.step(&mut reply, &mut SliceSink::new(&mut request), &mut env).ok()?
        else {
            return None;
        };
        let (mut sealer, mut opener) = context.split();
        let mut message = SliceSink::new(&mut header);
        sealer.wrap(Protection::Confidentiality, b"ping", &mut message, env.rng).ok()?;
        black_box(opener.unwrap(message.into_written()).is_ok());
        Some(())
    }

    /// Logs on with NTLM, inside SPNEGO, then a message each way.
    fn log_on() -> Option<()> {
        let nt_hash = NtHash::of_password(black_box("correct horse"));
        let v2_hash = nt_hash.v2("alice".chars(), "EXAMPLE".chars());
        let logon = LogonRef {
            identity: Identity::User { user: "alice", domain: "EXAMPLE", v2_hash: &v2_hash },
            workstation: "DEVICE",
            target: Some("HTTP/www.example.com"),
        };
        let initiator = Initiator::new([Offer::new(oid::NTLMSSP, gss_ntlm::Initiator::new(logon))]);
        let mut rng = black_box(Counter(2));
        let mut env = Env::new(Timestamp::from_seconds(black_box(0)), &mut rng);
        let mut token = [0; 2048];
        let mut step = initiator.step(&mut [], &mut SliceSink::new(&mut token), &mut env).ok()?;
        let mut challenge = black_box([0; 512]);
        let context = loop {
            match step {
                Step::Continue(next) => {
                    step = next.step(&mut challenge, &mut SliceSink::new(&mut token), &mut env).ok()?;
                }
                Step::Done(context) => break context,
            }
        };
        let (mut sealer, mut opener) = context.split();
        let mut message = SliceSink::new(&mut token);
        sealer.wrap(Protection::Confidentiality, b"ping", &mut message, env.rng).ok()?;
        black_box(opener.unwrap(message.into_written()).is_ok());
        Some(())
    }

    /// Stands in for a device's random number generator, so that there is one to link against.
    struct Counter(u64);

    impl TryRng for Counter {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            self.try_next_u64().map(|word| word as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            self.0 = self.0.wrapping_add(1);
            Ok(self.0)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            bytes.fill(self.0 as u8);
            Ok(())
        }
    }

    impl TryCryptoRng for Counter {}

    const _: fn(&mut Counter) -> &mut dyn CryptoRng = |rng| rng;
}
