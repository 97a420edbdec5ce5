//! Which addresses outside Nought a function may reach.
//!
//! Names are resolved first and the addresses judged, and the connection goes to the address that was judged: a name
//! cannot change its mind in between.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use tokio::net::{TcpStream, lookup_host};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the name could not be resolved: {0}")]
    Name(io::Error),
    /// Every address of the name is one that functions may not reach.
    #[error("functions may not reach this address")]
    Address,
    #[error("connecting failed: {0}")]
    Connect(io::Error),
}

/// Connects to the first address of `host` that may be reached and answers.
pub(crate) async fn connect(host: &str, port: u16) -> Result<TcpStream, Refused> {
    let addresses: Vec<SocketAddr> = lookup_host((host, port)).await.map_err(Refused::Name)?.collect();
    let mut refused = Refused::Address;
    for address in addresses.into_iter().filter(|address| reachable(address.ip())) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = Refused::Connect(error),
        }
    }
    Err(refused)
}

/// Loopback, link-local (the host's metadata services) and the host's own addresses are out of bounds, and what is
/// nobody's address.
pub(crate) fn reachable(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => reachable_v4(address) && !is_own(address.into()),
        IpAddr::V6(address) => reachable_v6(address) && !is_own(address.into()),
    }
}

fn reachable_v4(address: Ipv4Addr) -> bool {
    let this_network = address.octets()[0] == 0;
    !(this_network
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast())
}

fn reachable_v6(address: Ipv6Addr) -> bool {
    // IPv4 addresses in IPv6 clothes: `::a.b.c.d` (deprecated) and NAT64's `64:ff9b::a.b.c.d`.
    let [.., seventh, eighth] = address.segments();
    let embedded = Ipv4Addr::from((u32::from(seventh) << 16) | u32::from(eighth));
    let embeds = matches!(address.segments(), [0, 0, 0, 0, 0, 0, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _]);
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || embeds && !reachable_v4(embedded))
}

/// A socket can be bound to the host's own addresses only.
fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_reach_the_outside_and_not_the_host() {
        for (address, expected) in [
            ("203.0.113.7", true),
            ("10.255.255.254", true),
            ("2001:db8::7", true),
            ("127.0.0.1", false),
            ("127.8.8.8", false),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("169.254.169.254", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("::ffff:127.0.0.1", false),
            ("::127.0.0.1", false),
            ("64:ff9b::169.254.169.254", false),
        ] {
            let parsed: IpAddr = address.parse().expect("the case is an address");
            assert_eq!(reachable(parsed), expected, "{address}");
        }
    }
}
