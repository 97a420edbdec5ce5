//! Functions that are processes, run for real: launcher, sandbox, Runtime API, bootstraps.
//!
//! The launcher is this test program itself: see [`the_launcher_is_this_program_with_a_socket_as_its_input`].

mod fixture;
mod lifecycle;
mod native;
mod node;
mod python;
mod walls;

use std::os::fd::AsFd;

/// Started by a runtime under test as its launcher, becomes one; started by the test harness, does nothing.
#[test]
fn the_launcher_is_this_program_with_a_socket_as_its_input() {
    let stdin = std::io::stdin();
    if rustix::net::sockopt::socket_type(stdin.as_fd()) == Ok(rustix::net::SocketType::SEQPACKET) {
        runtime::launcher_main();
    }
}
