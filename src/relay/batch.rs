//! Many datagrams through one socket with few system calls: sendmmsg where there is one.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;

#[cfg(target_os = "linux")]
use std::{io::IoSlice, os::fd::AsRawFd};

#[cfg(target_os = "linux")]
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};

/// Room for the headers of one system call.
pub struct Batch {
    #[cfg(target_os = "linux")]
    headers: MultiHeaders<SockaddrStorage>,
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch").finish_non_exhaustive()
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            headers: MultiHeaders::preallocate(Self::MOST, None),
        }
    }
}

impl Batch {
    /// Datagrams that one call sends at most.
    pub const MOST: usize = 64;

    /// Sends the first of some datagrams, [`Batch::MOST`] at most, and says how many were sent: fewer if the next one could not be.
    /// `to` is where they go, each its own; `None` on a connected socket.
    ///
    /// # Errors
    /// The first could not be sent.
    pub fn send(&mut self, socket: &Socket, datagrams: &[&[u8]], to: Option<&[SocketAddr]>) -> io::Result<usize> {
        let datagrams = datagrams.get(..Self::MOST).unwrap_or(datagrams);
        if datagrams.is_empty() {
            return Ok(0);
        }
        self.send_some(socket, datagrams, to)
    }

    #[cfg(target_os = "linux")]
    fn send_some(&mut self, socket: &Socket, datagrams: &[&[u8]], to: Option<&[SocketAddr]>) -> io::Result<usize> {
        let slices: Vec<[IoSlice<'_>; 1]> = datagrams.iter().map(|d| [IoSlice::new(d)]).collect();
        let to: Vec<Option<SockaddrStorage>> = match to {
            Some(to) => to.iter().map(|to| Some(SockaddrStorage::from(*to))).collect(),
            None => vec![None; slices.len()],
        };
        let sent = sendmmsg(socket.as_raw_fd(), &mut self.headers, &slices, &to, [], MsgFlags::empty())?;
        Ok(sent.count())
    }

    #[cfg(not(target_os = "linux"))]
    fn send_some(&mut self, socket: &Socket, datagrams: &[&[u8]], to: Option<&[SocketAddr]>) -> io::Result<usize> {
        for (number, datagram) in datagrams.iter().enumerate() {
            let sent = match to.and_then(|to| to.get(number)) {
                Some(to) => socket.send_to(datagram, &(*to).into()),
                None => socket.send(datagram),
            };
            match sent {
                Ok(_) => {}
                Err(error) if number == 0 => return Err(error),
                Err(_) => return Ok(number),
            }
        }
        Ok(datagrams.len())
    }
}
