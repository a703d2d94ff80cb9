//! Datagrams that the kernel dropped, as it says at any time: `SO_RXQ_OVFL` tells only with the next datagram, and after a flood there may be
//! none for long.
//!
//! `/proc/net/udp` and `udp6` have a line for each socket; the tenth word is its inode, the last counts the drops since it was made:
//!
//! ```text
//!    sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
//!   713: 00000000:0807 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 17
//! ```

use std::collections::HashMap;

use socket2::Socket;

/// Drops by the inode of a socket, of all UDP sockets that this system tells; empty where it tells none.
pub fn kernel_drops() -> HashMap<u64, u64> {
    let tables = ["/proc/net/udp", "/proc/net/udp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    tables.iter().flat_map(|table| drops_in(table)).collect()
}

fn drops_in(table: &str) -> impl Iterator<Item = (u64, u64)> {
    table.lines().skip(1).filter_map(of_line)
}

fn of_line(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_ascii_whitespace();
    let inode = words.nth(9)?.parse().ok()?;
    Some((inode, words.last()?.parse().ok()?))
}

/// The inode of a socket, where there is one: `/proc/self/fd/7` is a link to `socket:[12345]`.
#[cfg(target_os = "linux")]
pub(super) fn inode(socket: &Socket) -> Option<u64> {
    use std::os::fd::AsRawFd;
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Not told here.
#[cfg(not(target_os = "linux"))]
pub(super) fn inode(_socket: &Socket) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inodes_and_drops() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            \x20 713: 00000000:0807 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 17\n\
            \x20 714: 0100007F:0807 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12346 2 0000000000000000 4\n\
            a line that is none\n";
        assert_eq!(drops_in(table).collect::<Vec<_>>(), [(12345, 17), (12346, 4)]);
        assert_eq!(drops_in("").count(), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_buffer_drops_and_the_table_tells() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = socket.local_addr().unwrap();
        let socket = Socket::from(socket);
        socket.set_recv_buffer_size(4_096).unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            sender.send_to(&[0; 1_000], to).unwrap();
        }
        let drops = kernel_drops().get(&inode(&socket).unwrap()).copied().unwrap_or(0);
        assert!((50..100).contains(&drops), "{drops}");
    }
}
