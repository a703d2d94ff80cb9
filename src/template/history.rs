//! One definition of a template, and what has happened to it.

use std::sync::Arc;

use crate::datagram::Origin;
use crate::message::FieldSpecifier;
use crate::time::Timestamp;

use super::event::Intervals;
use super::store::DomainKey;

/// The number of a definition in its store: small, dense, and good as an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId {
    index: u32,
    /// How many had the same index before and were forgotten: who still has the number of one finds nothing.
    turn: u32,
}

impl DefinitionId {
    /// No definition has it.
    pub const NONE: Self = Self { index: u32::MAX, turn: u32::MAX };

    pub(super) fn new(index: u32) -> Self {
        Self { index, turn: 0 }
    }

    /// The number for the next one at the same index.
    pub(super) fn next_turn(self) -> Self {
        Self { turn: self.turn.wrapping_add(1), ..self }
    }

    /// The number as an index, from 0.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

/// What a template describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Flows.
    Data,
    /// Options: facts about the exporter, by scope.
    Options,
}

/// The content of a Template Record or an Options Template Record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    /// Its id, 256 or above.
    pub id: u16,
    /// Flows or options.
    pub kind: Kind,
    /// The fields in wire order, scope fields first.
    pub fields: Vec<FieldSpecifier>,
    /// How many of the fields are scope fields.
    pub scope_count: usize,
}

impl Template {
    /// True for a template that an exporter sent; false for a layout that stands among the templates under an id that none can have.
    pub fn was_sent(&self) -> bool {
        self.id >= 256
    }
}

/// A moment of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The capture's time, else the message's export time.
    pub time: Timestamp,
    /// File and frame.
    pub origin: Origin,
}

/// A template that an earlier run knew at its end, and when and how often it had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTemplate {
    /// The session and domain that sent it.
    pub key: DomainKey,
    /// The content.
    pub template: Template,
    /// First and last arrival, over all runs.
    pub history: KeptHistory,
}

/// What earlier runs know of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptHistory {
    /// First arrival.
    pub first_seen: Timestamp,
    /// Last arrival.
    pub last_seen: Timestamp,
    /// Arrivals in all.
    pub times_sent: u64,
}

/// One definition: an id may have several in the course of time.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its number.
    pub id: DefinitionId,
    /// The content.
    pub template: Arc<Template>,
    /// The session and domain that sent it.
    pub key: DomainKey,
    /// 1 for the first content that this id had in its domain, 2 for the next.
    pub version: u32,
    /// First arrival; `None` until a second pass has come to it.
    pub first_seen: Option<Seen>,
    /// Last arrival, refreshes counted.
    pub last_seen: Option<Seen>,
    /// Arrivals in all.
    pub times_sent: u64,
    /// Data Sets read with it.
    pub sets: u64,
    /// Data Records read with it.
    pub records: u64,
    /// Data Sets read with it that came before it.
    pub sets_before: u64,
    /// Data Records of those.
    pub records_before: u64,
    /// The first of those.
    pub first_before: Option<Seen>,
    /// How far apart its arrivals lie.
    pub intervals: Intervals,
    /// Times that it came back after the id had had another content.
    pub returns: u64,
    /// Lists (RFC 6313) that hold records by it, lists in lists counted too.
    pub list_uses: u64,
    /// What earlier runs know of it; the counts above are this run's alone.
    pub kept: Option<KeptHistory>,
}

impl Definition {
    /// True for one that was forgotten: no template has the id 0.
    pub(super) fn is_gone(&self) -> bool {
        self.template.id == 0
    }

    /// True while an earlier run alone vouches for it: this one has not met it.
    pub fn is_only_kept(&self) -> bool {
        self.kept.is_some() && self.times_sent == 0
    }
}
