//! What can be chosen about decoding.

use std::num::NonZero;
use std::sync::Arc;

use crate::element::Elements;
use crate::plan::Schema;
use crate::template::{Limits, PendingLimits, ScopeRule};

use super::admission::Admission;

/// Lists in lists: exporters in use nest three deep (YAF's DNS records in a list of several templates), and 8 leaves room.
const DEFAULT_NESTING: u8 = 8;

/// Which datagrams are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PortFilter {
    /// Any port: NDE is recognised by its content.
    #[default]
    Any,
    /// Any port, since somebody listens on them for NDE alone; what arrives there and is no NDE is a problem.
    Expected,
    /// Only these ports of the receiving end; what arrives there and is no NDE is a problem.
    Only(Vec<u16>),
}

/// Which Data Records are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Records {
    /// Flows, into batches of the schema that is asked for.
    #[default]
    Flows,
    /// Options records, each Set of them into a batch of its template's own schema.
    Options,
}

/// Other columns for a part of the rows: an overview shows the first flows whole and sums up the rest, an audit looks closer at some.
#[derive(Clone, Debug)]
pub struct Part {
    /// The columns.
    pub schema: Arc<Schema>,
    /// The first rows, about: it ends with the Set that reaches them.
    pub first: usize,
    /// After those, the rows of one batch of datagrams in so many; of none if `None`.
    pub every: Option<NonZero<usize>>,
}

/// The options of a [`Collector`](super::Collector).
#[derive(Clone, Debug)]
pub struct CollectorOptions {
    /// The columns to decode.
    pub schema: Arc<Schema>,
    /// Other columns for a part of the rows.
    pub part: Option<Part>,
    /// Which records.
    pub records: Records,
    /// Which ports.
    pub ports: PortFilter,
    /// Which exporters and versions; what is not let in is counted as a problem and not looked at.
    pub admission: Admission,
    /// How far templates reach.
    pub scope: ScopeRule,
    /// Bounds on templates.
    pub limits: Limits,
    /// True to hold Data Sets until their template comes: where there is no first pass.
    pub hold: bool,
    /// Bounds on held Sets.
    pub pending: PendingLimits,
    /// Rows of a batch, about. Some thousand: the columns of a batch then stay in the processor's cache from decoding to writing.
    pub batch_rows: usize,
    /// Cells of a batch, about: with very many columns, or templates of very many fields, a batch has fewer rows. It bounds memory
    /// against templates of thousands of fields that take no room in a record.
    pub batch_cells: usize,
    /// Octets of the Data Sets of a batch, about: with long records a batch has fewer rows.
    pub batch_octets: usize,
    /// True to fill batches up over the end of what is read at a time: for large batches that nobody waits for.
    pub fill: bool,
    /// The elements: the built-in ones, and a user's over them. What exporters tell comes on top.
    pub elements: Arc<Elements>,
    /// Lists of structured data (RFC 6313) that may lie one in the other; beyond, they stay octets.
    pub nesting: u8,
    /// Exporters (address, version, domain) and sessions that are told apart. What comes from further ones is counted and left aside; where
    /// somebody listens, they take the place of those that were silent for longest.
    pub sources: usize,
}

impl CollectorOptions {
    /// True for a run that never ends, since somebody listens: at the limits, what was silent for longest makes room. A file is read to its end
    /// and its figures are of all of it, so there what exceeds a limit is left aside.
    pub(super) fn makes_room(&self) -> bool {
        self.ports == PortFilter::Expected
    }

    /// The defaults for a schema.
    pub fn new(schema: Arc<Schema>) -> Self {
        Self {
            schema,
            part: None,
            records: Records::Flows,
            ports: PortFilter::Any,
            admission: Admission::default(),
            scope: ScopeRule::default(),
            limits: Limits::default(),
            hold: false,
            pending: PendingLimits::default(),
            batch_rows: 8_192,
            batch_cells: 4 << 20,
            batch_octets: 24 << 20,
            fill: false,
            elements: Arc::default(),
            nesting: DEFAULT_NESTING,
            sources: 50_000,
        }
    }
}
