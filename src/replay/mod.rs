//! In: the datagrams of a capture. Out: the same datagrams on the network, at a pace, unchanged or with their times moved to now.
//! May use: `time`, `datagram`, `element`, `message`, `plan` (where fields lie in records), `relay` (the ways out). It asks the clock.

mod foreknown;
mod layouts;
mod pace;
mod retime;
mod run;

pub use foreknown::Foreknown;
pub use pace::Pace;
pub use retime::Retime;
pub use run::{Captured, Replay, ReplayOptions};
