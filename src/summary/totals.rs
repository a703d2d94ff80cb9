//! Sums over all flows, by exporter and record layout, and the first flows whole.

use std::convert::Infallible;
use std::sync::Arc;

use crate::audit::Traffic;
use crate::collector::{Digest, Flow, Sink};
use crate::column::FlowBatch;
use crate::plan::{Canonical, Schema, SchemaBuilder};

/// The columns that the sums need; `scaled` has counters multiplied by the sampling rate.
pub fn sums_schema(scaled: bool) -> Arc<Schema> {
    let mut b = SchemaBuilder::default();
    b.scaled(scaled);
    Traffic::columns(&mut b);
    Arc::new(b.build())
}

/// The columns of the first flows: all canonical ones, counters multiplied as those of the sums.
pub fn head_schema(scaled: bool) -> Arc<Schema> {
    let mut b = SchemaBuilder::default();
    b.scaled(scaled);
    for column in Canonical::ALL {
        b.canonical(*column);
    }
    Arc::new(b.build())
}

/// Adds up batches; those of the head's schema are kept whole as well.
#[derive(Debug)]
pub struct Sums {
    head: Arc<Schema>,
}

impl Sums {
    /// `head` is the schema of the batches to keep.
    pub fn new(head: Arc<Schema>) -> Self {
        Self { head }
    }
}

/// What a batch adds.
#[derive(Debug)]
pub struct SumsPart {
    by_layout: Vec<(u32, Traffic)>,
    head: Option<FlowBatch>,
}

impl Digest for Sums {
    type Part = SumsPart;

    fn digest(&self, batch: &FlowBatch) -> SumsPart {
        SumsPart { by_layout: Traffic::by_layout(batch), head: Arc::ptr_eq(batch.schema(), &self.head).then(|| batch.clone()) }
    }
}

/// The sums of a run, and its first batches.
#[derive(Debug, Default)]
pub struct HeadAndSums {
    /// By the collector's number of the layout.
    pub by_layout: Vec<Traffic>,
    /// The batches with the first flows.
    pub head: Vec<FlowBatch>,
}

impl Sink<SumsPart> for HeadAndSums {
    type Error = Infallible;

    fn absorb(&mut self, part: SumsPart) -> Result<Flow, Infallible> {
        Traffic::add_to(&mut self.by_layout, part.by_layout);
        self.head.extend(part.head);
        Ok(Flow::Continue)
    }
}
