//! Any system: one datagram a call. No kernel time, no count of drops; the address it was sent to is the one that is bound.

use std::io;
use std::net::UdpSocket;

use socket2::Socket;

use super::socket_receive::{Arrival, LONGEST, SLOT, endpoint};

/// Nothing more is to be had.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare(_socket: &Socket, _v6: bool) {}

/// What calls need again and again.
#[derive(Debug)]
pub(super) struct Calls {
    whole: Vec<u8>,
    /// The same socket as the standard library has it.
    socket: Option<UdpSocket>,
}

impl Calls {
    /// How many a call may give makes no difference here.
    pub(super) fn new(_most: usize) -> Self {
        Self { whole: vec![0; LONGEST], socket: None }
    }

    /// Takes up to `wanted` datagrams into slots and `extra`; with `wait`, waits for the first one.
    pub(super) fn receive(
        &mut self,
        socket: &Socket,
        slots: &mut [u8],
        wanted: usize,
        wait: bool,
        extra: &mut Vec<u8>,
        arrivals: &mut Vec<Arrival>,
    ) -> io::Result<()> {
        let own = match self.socket.take() {
            Some(own) => own,
            None => UdpSocket::from(socket.try_clone()?),
        };
        let own = self.socket.insert(own);
        for (index, slot) in slots.chunks_exact_mut(SLOT).take(wanted).enumerate() {
            own.set_nonblocking(index > 0 || !wait)?;
            let (length, from) = match own.recv_from(&mut self.whole) {
                Ok(came) => came,
                Err(e) if index > 0 && e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            };
            let payload = self.whole.get(..length).unwrap_or(&[]);
            let beyond = match slot.get_mut(..length) {
                Some(place) => {
                    place.copy_from_slice(payload);
                    None
                }
                None => {
                    let start = extra.len();
                    extra.extend_from_slice(payload);
                    Some(start)
                }
            };
            arrivals.push(Arrival { length, beyond, from: endpoint(from), to: None, time: None, drops: None });
        }
        Ok(())
    }
}
