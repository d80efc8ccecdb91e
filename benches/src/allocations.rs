//! How often the heap was asked.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

/// The system's allocator, counting the requests of each thread.
#[derive(Debug)]
pub struct Counting;

std::thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
}

/// Requests for memory that this thread has made so far; releases do not count. Stays 0 unless [`Counting`] is the
/// program's allocator.
pub(crate) fn requests() -> u64 {
    REQUESTS.get()
}

fn count() {
    // Neither allocates nor has a destructor, so it is there at any point of a thread's life.
    REQUESTS.set(REQUESTS.get() + 1);
}

#[expect(
    unsafe_code,
    reason = "an allocator cannot be had without; every call goes to the system's as it is"
)]
// SAFETY: all methods pass their arguments to `System`, which upholds the trait's contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `realloc`, and `pointer` came from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `dealloc`, and `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
