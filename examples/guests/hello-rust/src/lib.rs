//! Hello world as a `wasi:http` component.
//!
//! Its memory never grows: a call to `memory.grow` costs the host two system calls, which halves the throughput of
//! instances that live for one request. What allocates takes from a fixed arena, which the instance's end frees.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering};

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Hello;

impl Guest for Hello {
    fn handle(_request: IncomingRequest, answer: ResponseOutparam) {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().expect("a new response has its body");
        ResponseOutparam::set(answer, Ok(response));
        let stream = body.write().expect("a new body has its stream");
        // The caller may have gone away: then nobody is left to tell.
        let _ = stream.blocking_write_and_flush(b"hello");
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

wasip2::http::proxy::export!(Hello);

const ARENA_BYTES: usize = 32 * 1024;

#[repr(align(16))]
struct Arena(core::cell::UnsafeCell<[u8; ARENA_BYTES]>, AtomicUsize);

// SAFETY: a component has one thread.
unsafe impl Sync for Arena {}

#[global_allocator]
static ARENA: Arena = Arena(core::cell::UnsafeCell::new([0; ARENA_BYTES]), AtomicUsize::new(0));

// SAFETY: each allocation is a fresh range of the arena, aligned, and never handed out twice.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.1.load(Ordering::Relaxed).next_multiple_of(layout.align().max(1));
        match start.checked_add(layout.size()) {
            Some(end) if end <= ARENA_BYTES && layout.align() <= 16 => {
                self.1.store(end, Ordering::Relaxed);
                // SAFETY: `start` is inside the arena.
                unsafe { self.0.get().cast::<u8>().add(start) }
            }
            _ => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
