use super::*;

/// What the filter returns for a call, by an interpreter of the few steps that it is made of.
fn check(number: u32, arguments: [u64; 2]) -> u32 {
    let mut data = [0; 64];
    data[..4].copy_from_slice(&number.to_le_bytes());
    data[4..8].copy_from_slice(&ARCHITECTURE.to_le_bytes());
    data[16..24].copy_from_slice(&arguments[0].to_le_bytes());
    data[24..32].copy_from_slice(&arguments[1].to_le_bytes());
    let (filter, mut at, mut loaded) = (program(&rules()), 0, 0);
    loop {
        let step = filter[at];
        at += 1;
        let taken = match step.code {
            LOAD => {
                let offset = step.k as usize;
                loaded = u32::from_le_bytes(data[offset..offset + 4].try_into().expect("four bytes"));
                continue;
            }
            RETURN => return step.k,
            IF_EQUAL => loaded == step.k,
            IF_AT_LEAST => loaded >= step.k,
            IF_ANY_BIT => loaded & step.k != 0,
            other => panic!("unknown step {other}"),
        };
        at += usize::from(if taken { step.jt } else { step.jf });
    }
}

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NOT_PERMITTED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const NOT_IMPLEMENTED: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

#[test]
fn every_rule_is_found_and_every_other_call_allowed() {
    let ruled: Vec<u32> = rules().iter().map(|(number, _)| *number).collect();
    for number in 0..=KNOWN_MAX {
        let allowed = check(number, [0, 0]) == ALLOW;
        let decided_by_argument = [libc::SYS_clone, libc::SYS_ioctl, libc::SYS_personality]
            .iter()
            .any(|conditional| *conditional as u32 == number);
        assert_eq!(allowed, !ruled.contains(&number) || decided_by_argument, "call {number}");
    }
}

#[test]
fn arguments_decide_as_32_bit_integers() {
    let high = 1 << 32;
    let rows = [
        (libc::SYS_clone, [libc::SIGCHLD as u64, 0], ALLOW),
        (libc::SYS_clone, [libc::CLONE_NEWUSER as u64, 0], NOT_PERMITTED),
        (libc::SYS_clone, [high | libc::CLONE_NEWNET as u64, 0], NOT_PERMITTED),
        (libc::SYS_socket, [libc::AF_INET6 as u64, 0], ALLOW),
        (libc::SYS_socket, [libc::AF_NETLINK as u64, 0], ALLOW),
        (libc::SYS_socket, [libc::AF_VSOCK as u64, 0], NOT_PERMITTED),
        (libc::SYS_socket, [high | libc::AF_PACKET as u64, 0], NOT_PERMITTED),
        (libc::SYS_ioctl, [0, libc::FIONREAD], ALLOW),
        (libc::SYS_ioctl, [0, high | libc::TIOCSTI], NOT_PERMITTED),
        (libc::SYS_personality, [0xffff_ffff, 0], ALLOW),
        (libc::SYS_personality, [0x4_0000, 0], NOT_PERMITTED),
        (libc::SYS_clone3, [0, 0], NOT_IMPLEMENTED),
    ];
    for (number, arguments, expected) in rows {
        assert_eq!(check(number as u32, arguments), expected, "{number} {arguments:?}");
    }
}

#[test]
fn calls_that_nobody_has_looked_at_are_not_implemented() {
    for number in [KNOWN_MAX + 1, 0x4000_0000, u32::MAX] {
        assert_eq!(check(number, [0, 0]), NOT_IMPLEMENTED, "{number:#x}");
    }
}
