//! In: datagrams, from a capture or a socket. Out: the same datagrams on the network again, unchanged.
//! May use: `time`, `datagram`. Sockets are at home here.

mod batch;
mod outlet;
mod packet;
mod spoof;

pub use batch::Batch;
pub use outlet::{Counts, Outgoing, Outlet};
pub use packet::{PacketError, Packets};
pub use spoof::{SpoofError, Spoofed, Spoofer};
