//! The way from functions to the outside: which addresses they may reach, and connections to them.
//!
//! Always true: an address is judged after its name was resolved, and the connection goes to the very address that was
//! judged, so a name that changes its mind in between gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket};

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

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

/// Connects to `host` (a name or an address) unless it is forbidden.
pub async fn connect(host: &str, port: u16) -> Result<TcpStream, Refused> {
    let addresses = resolve(host, port).await?;
    for address in &addresses {
        if is_forbidden(address.ip()).await {
            return Err(Refused::Forbidden { host: host.to_owned() });
        }
    }
    for address in addresses {
        if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(Refused::Unreachable { host: host.to_owned() })
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Refused> {
    let unknown = || Refused::Unknown { host: host.to_owned() };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::time::timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((bare, port))).await;
    let addresses: Vec<SocketAddr> =
        found.map_err(|_| unknown())?.map_err(|_| unknown())?.take(ADDRESSES_MAX).collect();
    match addresses.is_empty() {
        true => Err(unknown()),
        false => Ok(addresses),
    }
}

async fn is_forbidden(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(four) if is_special_four(four) => true,
        IpAddr::V6(six) if is_special_six(six) => true,
        address => is_ours(address).await,
    }
}

/// The IPv4 address inside an IPv6 one, where there is one: mapped (`::ffff:a.b.c.d`), or translated by NAT64 (`64:ff9b::/96`).
fn plain(address: IpAddr) -> IpAddr {
    let canonical = address.to_canonical();
    match canonical {
        IpAddr::V6(six) if six.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = six.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other,
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
    address.is_loopback() || address.is_unspecified() || address.is_multicast() || address.is_unicast_link_local()
}

/// Whether this machine has the address: the system lets a socket be bound to its own addresses and to no other.
async fn is_ours(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_forbidden;

    #[tokio::test]
    async fn addresses_of_this_machine_and_of_no_machine_are_forbidden() {
        let forbidden = [
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
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
        ];
        for text in forbidden {
            assert!(is_forbidden(text.parse().expect("an address")).await, "{text} was allowed");
        }
        for text in ["192.0.2.7", "198.51.100.1", "2001:db8::1", "64:ff9b::c000:207"] {
            assert!(!is_forbidden(text.parse().expect("an address")).await, "{text} was refused");
        }
    }
}
