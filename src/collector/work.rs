//! Work for the decoders: Data Sets with the plans to read them by, or rows that were decoded before.

use std::fmt;
use std::sync::Arc;

use crate::column::{Beside, Context, FlowBatch, Known, Rate};
use crate::plan::{ListTemplates, RecordPlan, Schema};

/// Rows of flows that were decoded before and lie somewhere as a table.
pub trait StoredRows: fmt::Debug + Send + Sync {
    /// How many there are, or more if some turn out to be damaged.
    fn rows(&self) -> usize;
    /// Brings them into an empty batch.
    fn load(&self, batch: &mut FlowBatch);
}

/// Data Sets in the order of the capture, about a batch of them, with the octets they lie in.
#[derive(Clone, Debug)]
pub struct Work {
    schema: Arc<Schema>,
    buffers: Vec<Arc<Vec<u8>>>,
    sets: Vec<DataSet>,
    rows: usize,
    /// What options data had announced, each state of it once.
    known: Vec<Arc<Known>>,
    /// What is known beside the Sets that come next.
    beside: (Option<u32>, Option<Rate>),
    octets: usize,
    list_octets: usize,
    /// In place of Sets.
    stored: Option<Arc<dyn StoredRows>>,
}

#[derive(Clone, Debug)]
struct DataSet {
    plan: Arc<RecordPlan>,
    buffer: u32,
    start: u32,
    length: u32,
    context: Context,
    /// The number in [`Work::known`].
    known: Option<u32>,
    header_rate: Option<Rate>,
    /// The templates that the Set's lists name; `None` where it has no lists.
    lists: Option<Arc<ListTemplates>>,
}

impl Work {
    /// No work yet, for batches of that schema.
    pub(super) fn new(schema: Arc<Schema>) -> Self {
        Self {
            schema,
            buffers: Vec::new(),
            sets: Vec::new(),
            rows: 0,
            known: Vec::new(),
            beside: (None, None),
            octets: 0,
            list_octets: 0,
            stored: None,
        }
    }

    /// Rows that lie somewhere as a table, for batches of that schema.
    pub fn stored(schema: Arc<Schema>, rows: Arc<dyn StoredRows>) -> Self {
        Self { rows: rows.rows(), stored: Some(rows), ..Self::new(schema) }
    }

    /// Empty work for the same columns, with the same known beside the Sets that come next.
    pub(super) fn next(&self) -> Self {
        let (known, header_rate) = self.beside;
        let mut next = Self::new(Arc::clone(&self.schema));
        next.beside(known.and_then(|k| self.known.get(k as usize)).map(Arc::clone), header_rate);
        next
    }

    /// Puts in a buffer and says its number.
    pub(super) fn buffer(&mut self, octets: &Arc<Vec<u8>>) -> u32 {
        if let Some(known) = self.buffers.iter().rposition(|b| Arc::ptr_eq(b, octets)) {
            return known as u32;
        }
        self.buffers.push(Arc::clone(octets));
        (self.buffers.len() - 1) as u32
    }

    /// Says what is known beside the records of the Sets that are put in from now on.
    pub(super) fn beside(&mut self, known: Option<Arc<Known>>, header_rate: Option<Rate>) {
        let number = known.map(|known| {
            let at = self.known.iter().rposition(|k| Arc::ptr_eq(k, &known)).unwrap_or_else(|| {
                self.known.push(known);
                self.known.len() - 1
            });
            at as u32
        });
        self.beside = (number, header_rate);
    }

    /// Puts in a Set: where its records lie in a buffer, and how many there are.
    pub(super) fn push(&mut self, plan: Arc<RecordPlan>, buffer: u32, start: u32, length: u32, rows: usize, context: Context) {
        let (known, header_rate) = self.beside;
        self.sets.push(DataSet { plan, buffer, start, length, context, known, header_rate, lists: None });
        self.rows += rows;
        self.octets += length as usize;
    }

    /// Gives the Set put in last the templates that its lists name.
    pub(super) fn with_lists(&mut self, lists: Arc<ListTemplates>) {
        if let Some(set) = self.sets.last_mut() {
            self.list_octets += set.length as usize;
            set.lists = Some(lists);
        }
    }

    /// Octets of all that the Sets lie in, which may be far more: packets of others.
    pub(super) fn held(&self) -> usize {
        self.buffers.iter().map(|buffer| buffer.capacity()).sum()
    }

    /// Octets of all Sets.
    pub(super) fn octets(&self) -> usize {
        self.octets
    }

    /// Octets of the Sets that hold lists.
    pub(super) fn list_octets(&self) -> usize {
        self.list_octets
    }

    /// The columns to decode into.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Rows that the Sets hold together.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// True if there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.stored.is_none()
    }

    /// Decodes all Sets into an empty batch of the same schema.
    pub fn decode(&self, batch: &mut FlowBatch) {
        if let Some(rows) = &self.stored {
            rows.load(batch);
        }
        for set in &self.sets {
            let start = set.start as usize;
            let octets = self.buffers.get(set.buffer as usize).and_then(|b| b.get(start..start + set.length as usize));
            let known = set.known.and_then(|k| self.known.get(k as usize)).map(|k| &**k);
            let beside = Beside { known, header_rate: set.header_rate, lists: set.lists.as_deref() };
            batch.append_beside(&set.plan, octets.unwrap_or(&[]), &set.context, beside);
        }
        batch.finish();
    }
}
