//! In: datagrams, from a capture or a socket. Out: the same datagrams on the network again, unchanged.
//! May use: `time`, `datagram`. Sockets are at home here.

mod batch;
mod packet;
mod spoof;

pub use batch::Batch;
pub use packet::{PacketError, Packets};
pub use spoof::{SpoofError, Spoofed, Spoofer, is_too_large};
