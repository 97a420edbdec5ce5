//! The way from functions to the outside: which addresses they may reach, and connections to them.
//!
//! Components come here with their outgoing requests, processes through the gateway's proxy.
//!
//! Always true: an address is judged after its name was resolved, and the connection goes to the very address that was
//! judged, so a name that changes its mind in between gains nothing. A name that has one forbidden address is
//! forbidden.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::options::Egress;

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// The instance metadata service of EC2 under IPv6 (EC2's documentation, 2026-11-24): not link-local, unlike
/// 169.254.169.254.
const METADATA_SIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Why a function does not reach the outside. The texts are shown to the function.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("functions may not reach the outside here: the server runs with --function-egress none")]
    Closed,
    #[error(
        "{host} is an address of the platform's own machine, of the local link or of no machine: functions may not reach it"
    )]
    Forbidden { host: String },
    #[error("cannot find the address of {host}")]
    Unknown { host: String },
    #[error("cannot connect to {host}")]
    Unreachable { host: String },
}

/// Connects to `host` (a name or an address, in brackets or not) if the server's switch and the rule allow it.
pub async fn connect(switch: Egress, host: &str, port: u16) -> Result<TcpStream, Refused> {
    if switch == Egress::None {
        return Err(Refused::Closed);
    }
    reach(host, port, is_forbidden).await
}

/// Connects to `host` for the platform itself: this machine too, but not the local link with its metadata services.
pub async fn connect_nearby(host: &str, port: u16) -> Result<TcpStream, Refused> {
    reach(host, port, |address| match plain(address) {
        IpAddr::V4(four) => is_special_four(four) && !four.is_loopback(),
        IpAddr::V6(six) => is_special_six(six) && !six.is_loopback(),
    })
    .await
}

async fn reach(host: &str, port: u16, is_forbidden: fn(IpAddr) -> bool) -> Result<TcpStream, Refused> {
    let addresses = resolve(host, port).await?;
    if addresses.iter().any(|address| is_forbidden(address.ip())) {
        return Err(Refused::Forbidden { host: host.to_owned() });
    }
    for address in addresses.into_iter().take(ADDRESSES_MAX) {
        if let Ok(Ok(stream)) = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(Refused::Unreachable { host: host.to_owned() })
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Refused> {
    let unknown = || Refused::Unknown { host: host.to_owned() };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = timeout(RESOLVE_TIMEOUT, lookup_host((bare, port))).await;
    let addresses: Vec<SocketAddr> = found.map_err(|_| unknown())?.map_err(|_| unknown())?.collect();
    match addresses.is_empty() {
        true => Err(unknown()),
        false => Ok(addresses),
    }
}

/// Loopback and the machine's other addresses, the local link with its metadata services, and what is nobody's address.
fn is_forbidden(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(four) if is_special_four(four) => true,
        IpAddr::V6(six) if is_special_six(six) => true,
        address => is_ours(address),
    }
}

/// The IPv4 address inside an IPv6 one, where there is one: mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`, of old),
/// or translated by NAT64 (`64:ff9b::a.b.c.d`).
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address.to_canonical() else { return address.to_canonical() };
    let [.., a, b, c, d] = six.octets();
    match six.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => address,
        [0, 0, 0, 0, 0, 0, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Ipv4Addr::new(a, b, c, d).into(),
        _ => address,
    }
}

fn is_special_four(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.octets()[0] == 0
}

fn is_special_six(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || address == METADATA_SIX
}

/// Whether this machine has the address: the system lets a socket be bound to its own addresses and to no other.
fn is_ours(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_and_of_no_machine_are_forbidden() {
        for text in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::169.254.169.254",
        ] {
            assert!(is_forbidden(text.parse().expect("an address")), "{text} was allowed");
        }
    }

    #[test]
    fn addresses_elsewhere_are_allowed() {
        for text in ["192.0.2.7", "198.51.100.1", "10.255.255.254", "2001:db8::1", "64:ff9b::c000:207"] {
            assert!(!is_forbidden(text.parse().expect("an address")), "{text} was refused");
        }
    }

    #[tokio::test]
    async fn a_refusal_says_what_refused() {
        for (switch, host, expected) in [
            (Egress::None, "192.0.2.7", "the server runs with --function-egress none"),
            (Egress::Open, "localhost", "localhost is an address of the platform's own machine"),
            (Egress::Open, "[::ffff:127.0.0.1]", "[::ffff:127.0.0.1] is an address of the platform's own machine"),
            (Egress::Open, "not a name", "cannot find the address of not a name"),
        ] {
            let refused = connect(switch, host, 1).await.expect_err(host).to_string();
            assert!(refused.contains(expected), "{host}: {refused}");
        }
    }
}
