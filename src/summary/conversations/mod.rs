//! Conversations: the one-way flows of both directions brought together, at bounded memory, in one pass.
//!
//! In: batches of flows in the order of the capture. Out: [`Conversation`]s as they close, and a [`Tally`] of what is one-way where.
//!
//! ```text
//! FlowBatch ── workers: flows, key ──▶ PairingPart ── pairing: dealt out by key ──▶ shard ─▶ open, strand ─▶ settle, began ─▶ Conversation ── rows ──▶ FlowBatch
//!                                                                             └──▶ shard ─▶ …             └─▶ tally
//! ```
//!
//! # What belongs together
//! Two flows do if their addresses, ports and protocol are the same or reversed, and not more than the window lies between them;
//! and so does everything that hangs together by such pairs: the pieces of a long flow that the active timeout cut, and the pieces
//! of the flow back. The order in which flows arrive does not matter. Requests and replies of ICMP pair by type; other ICMP is one-way.
//! A bidirectional record (RFC 5103, or initiator and responder counters) holds both directions itself.
//!
//! Without `asymmetric`, each exporter's flows are paired alone, and a pair holds only if the interfaces agree: the input of one direction
//! is the output of the other, as far as flows name them, or both directions name the same two. The interfaces of a direction are those of
//! its first flow.
//!
//! # Times
//! A flow with one time alone is a moment; one without times is of the moment when it arrived.

mod began;
mod flows;
mod key;
mod open;
mod order;
mod pairing;
mod rows;
mod settle;
mod shard;
mod strand;
mod tally;

#[cfg(test)]
mod test_flows;
#[cfg(test)]
mod tests;

pub use began::Began;
pub use flows::{PairingDigest, PairingPart};
pub use open::Early;
pub use order::{Order, Ordered};
pub use pairing::{Pairing, PairingCounts, PairingOptions};
pub use rows::{ConversationColumn, ConversationRows};
pub use settle::{Across, Conversation, Deduplicate, Place, Rules};
pub use strand::Way;
pub use tally::{Advice, Count, ExporterShare, Places, Tally};
