//! In: datagrams, from a capture or a socket. Out: the same datagrams on the network again, unchanged or with their times moved.
//! May use: `time`, `datagram`, `element`, `message`, `plan` (where fields lie in records). Sockets and the clock are at home here.
//!
//! [`Batch`] sends many datagrams with few system calls, [`Spoofer`] sends them under the addresses of their exporters; [`Replay`] keeps a
//! pace over either.

mod batch;
mod foreknown;
mod layouts;
mod outlet;
mod pace;
mod packet;
mod replay;
mod retime;
mod spoof;

pub use batch::Batch;
pub use foreknown::Foreknown;
pub use outlet::{Counts, Outgoing, Outlet};
pub use pace::Pace;
pub use packet::{PacketError, Packets};
pub use replay::{Captured, Replay, ReplayOptions};
pub use retime::Retime;
pub use spoof::{SpoofError, Spoofed, Spoofer};
