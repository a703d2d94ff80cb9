//! In: Template Records with the session, domain and moment they came in. Out: the template by which a Data Set is to be read.
//! Also the history of every template: definitions, refreshes, redefinitions, withdrawals, uses; and what one run keeps for the next.
//! May use: `time`, `recency`, `datagram`, `message`.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

mod diff;
mod event;
mod eviction;
mod history;
mod kept;
mod pending;
mod store;
mod withdrawal;

pub use diff::{Change, diff};
pub use event::{Event, EventKind, Intervals};
pub use eviction::Evicted;
pub use history::{Definition, DefinitionId, KeptHistory, KeptTemplate, Kind, Seen, Template};
pub use pending::{HeldSet, Pending, PendingLimits};
pub use store::{DomainKey, Found, Learned, Limits, Lookup, Refusal, ScopeRule, TemplateStore};
pub use withdrawal::{Withdrawal, Withdrawn};
