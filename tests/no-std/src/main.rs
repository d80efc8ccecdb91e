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
    use core::hint::black_box;
    use core::panic::PanicInfo;

    use gss_core::framing::{self, Framed};
    use gss_core::{SliceSink, TokenSink};

    #[panic_handler]
    fn panic(_: &PanicInfo<'_>) -> ! {
        loop {}
    }

    #[unsafe(no_mangle)]
    extern "C" fn _start() -> ! {
        frame();
        loop {}
    }

    /// A token through the frame of RFC 2743 and back.
    fn frame() {
        let mut buffer = [0; 64];
        let mut token = SliceSink::new(black_box(&mut buffer));
        black_box(token.put(b"inner")).ok();
        black_box(framing::frame_from(&mut token, 0, &gss_core::oid::KRB5)).ok();
        black_box(Framed::parse(token.as_slice()).is_ok());
    }
}
