//! Who is at the other end of a connection, before its first byte of HTTP or TLS.
//!
//! A load balancer that does not look into the bytes says who its client is by the PROXY protocol, version 2. Only peers
//! in `trusted` are believed that; version 1, UDP and local sockets are refused. Source: HAProxy, doc/proxy-protocol.txt.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// What every header begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Most bytes behind the fixed part: addresses and what else a load balancer tells of the connection.
const MAX_BYTES: usize = 4096;

/// Why a connection does not begin as it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum HeaderFault {
    /// It ended, or could not be read.
    #[error("it ended within the header")]
    Ended(#[from] io::Error),
    /// Something else came.
    #[error("it does not begin with a header of the PROXY protocol, version 2")]
    NotOne,
    /// A header for something that we do not serve, or one that is too short or too long.
    #[error("the header of the PROXY protocol is malformed, or not for TCP")]
    Malformed,
}

/// Reads the header and nothing behind it. Gives the client's address; none when the load balancer speaks for itself.
pub(super) async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, HeaderFault> {
    let mut fixed = [0; 16];
    stream.read_exact(&mut fixed).await?;
    let length = length(&fixed)?;
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    client(&fixed, &rest)
}

/// How many bytes follow the fixed part.
fn length(fixed: &[u8; 16]) -> Result<usize, HeaderFault> {
    if !fixed.starts_with(SIGNATURE) {
        return Err(HeaderFault::NotOne);
    }
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > MAX_BYTES { Err(HeaderFault::Malformed) } else { Ok(length) }
}

fn client(fixed: &[u8; 16], rest: &[u8]) -> Result<Option<IpAddr>, HeaderFault> {
    match (fixed[12], fixed[13]) {
        // LOCAL, such as a health check; and what the load balancer itself does not know.
        (0x20, _) | (0x21, 0x00) => Ok(None),
        (0x21, 0x11) => {
            let address: [u8; 4] = rest.get(..12).and_then(first).ok_or(HeaderFault::Malformed)?;
            Ok(Some(Ipv4Addr::from(address).into()))
        }
        (0x21, 0x21) => {
            let address: [u8; 16] = rest.get(..36).and_then(first).ok_or(HeaderFault::Malformed)?;
            Ok(Some(IpAddr::from(address).to_canonical()))
        }
        _ => Err(HeaderFault::Malformed),
    }
}

fn first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

/// A header that says that `client` came; for tests.
#[cfg(test)]
pub(crate) fn header_of(client: IpAddr) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    match client {
        IpAddr::V4(address) => {
            header.extend_from_slice(&[0x21, 0x11, 0, 12]);
            header.extend_from_slice(&address.octets());
            header.extend_from_slice(&[127, 0, 0, 1, 1, 2, 3, 4]);
        }
        IpAddr::V6(address) => {
            header.extend_from_slice(&[0x21, 0x21, 0, 36]);
            header.extend_from_slice(&address.octets());
            header.extend_from_slice(&std::net::Ipv6Addr::LOCALHOST.octets());
            header.extend_from_slice(&[1, 2, 3, 4]);
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The client that a header names, and how many bytes behind it are left.
    async fn read(bytes: &[u8]) -> Result<(Option<IpAddr>, usize), String> {
        let mut rest = bytes;
        let client = read_header(&mut rest).await.map_err(|fault| fault.to_string())?;
        Ok((client, rest.len()))
    }

    fn with(header: &[u8], at: usize, byte: u8) -> Vec<u8> {
        let mut changed = header.to_vec();
        changed[at] = byte;
        changed
    }

    #[tokio::test]
    async fn a_header_is_read_to_its_end_and_not_further() {
        for text in ["192.0.2.7", "2001:db8::7"] {
            let client: IpAddr = text.parse().unwrap();
            let mut bytes = header_of(client);
            bytes.extend_from_slice(b"GET");
            assert_eq!(read(&bytes).await.unwrap(), (Some(client), 3));
            assert_eq!(read(&with(&bytes, 12, 0x20)).await.unwrap(), (None, 3), "LOCAL");
            assert_eq!(read(&with(&bytes, 13, 0x00)).await.unwrap(), (None, 3), "UNSPEC");
            // What else the load balancer tells stands behind the addresses.
            let told = with(&bytes, 15, bytes[15] + 3);
            assert_eq!(read(&told).await.unwrap(), (Some(client), 0));
        }
        let mapped = header_of("::ffff:192.0.2.7".parse::<std::net::Ipv6Addr>().unwrap().into());
        assert_eq!(read(&mapped).await.unwrap().0, Some("192.0.2.7".parse().unwrap()));
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let good = header_of("192.0.2.7".parse().unwrap());
        let http = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let first = b"PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n";
        for bytes in [&http[..], first, &with(&good, 0, 0)] {
            assert!(read(bytes).await.unwrap_err().contains("does not begin"), "{bytes:?}");
        }
        for (at, byte) in [(12, 0x11), (12, 0x22), (13, 0x12), (13, 0x31), (13, 0x21), (14, 0xff)] {
            let bytes = [with(&good, at, byte), vec![0; 70_000]].concat();
            assert!(read(&bytes).await.unwrap_err().contains("malformed"), "{at} {byte}");
        }
        for end in 0..good.len() {
            assert!(read(&good[..end]).await.unwrap_err().contains("ended"), "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200), signed: bool) {
            let bytes = if signed { [&SIGNATURE[..], &bytes].concat() } else { bytes };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(read(&bytes));
        }
    }
}
