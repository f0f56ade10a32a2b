//! Where operator and workers listen for probes, metrics and each other.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

/// Listens on an address. `[::]` takes connections by IPv6 and IPv4, and on a node without IPv6 by IPv4 alone.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(_) if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        listener => listener,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

    use tokio::net::TcpStream;

    use super::listen;

    #[tokio::test]
    async fn all_addresses_include_those_of_ipv4() {
        let listener = listen((Ipv6Addr::UNSPECIFIED, 0).into()).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok());
        // A machine without IPv6 has no such address to connect to.
        if tokio::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.is_ok() {
            assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.is_ok());
        }
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_had_is_an_error() {
        let first = listen((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let taken: SocketAddr = first.local_addr().unwrap();
        assert_eq!(listen(taken).await.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    }
}
