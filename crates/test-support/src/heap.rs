//! How often the heap is asked, for tests and benchmarks that promise to do without.
//!
//! ```
//! use test_support::heap::{self, Counting};
//!
//! #[global_allocator]
//! static ALLOCATOR: Counting = Counting;
//!
//! let (requests, boxed) = heap::requests_of(|| Box::new(7));
//! assert_eq!((requests, *boxed), (1, 7));
//! heap::none("adding", || 1 + 1);
//! ```

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

/// The system's allocator, counting the requests of each thread.
#[derive(Debug)]
pub struct Counting;

std::thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
}

/// Requests for memory that this thread has made so far; releases do not count. Stays 0 unless [`Counting`] is the
/// program's allocator.
pub fn requests() -> u64 {
    REQUESTS.get()
}

/// Bytes that this thread has asked for, less those that it has given back; what the allocator adds does not count. A
/// program with one thread holds so many. Stays 0 unless [`Counting`] is the program's allocator.
pub fn held() -> i64 {
    HELD.get()
}

/// The requests that `work` makes on this thread, and what it gives.
pub fn requests_of<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let before = requests();
    let result = work();
    (requests() - before, result)
}

/// Runs `work` and sees that it asks the heap for nothing.
///
/// # Panics
/// If it does.
#[track_caller]
pub fn none<R>(what: &str, work: impl FnOnce() -> R) -> R {
    let (requests, result) = requests_of(work);
    assert_eq!(requests, 0, "requests to the heap: {what}");
    result
}

fn count(size: usize) {
    // Neither of the two allocates nor has a destructor, so they are there at any point of a thread's life.
    REQUESTS.set(REQUESTS.get() + 1);
    hold(size);
}

fn hold(size: usize) {
    // No layout is larger than `isize::MAX`.
    HELD.set(HELD.get().wrapping_add(size as i64));
}

fn release(size: usize) {
    HELD.set(HELD.get().wrapping_sub(size as i64));
}

// SAFETY: all methods pass their arguments to `System`, which upholds the trait's contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller upholds the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        release(layout.size());
        // SAFETY: the caller upholds the contract of `realloc`, and `pointer` came from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        release(layout.size());
        // SAFETY: the caller upholds the contract of `dealloc`, and `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
