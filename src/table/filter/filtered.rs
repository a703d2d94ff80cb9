//! A digest that sees only the flows that a filter wants.

use crate::collector::Digest;
use crate::column::FlowBatch;

use super::evaluate::Selection;

/// Another digest behind a filter; without one it sees everything.
#[derive(Debug)]
pub struct Filtered<'a, D> {
    inner: &'a D,
    selection: Option<Selection>,
}

impl<'a, D> Filtered<'a, D> {
    /// The digest behind that selection.
    pub fn new(inner: &'a D, selection: Option<Selection>) -> Self {
        Self { inner, selection }
    }
}

impl<D: Digest> Digest for Filtered<'_, D> {
    type Part = D::Part;

    fn prepare(&self, batch: &mut FlowBatch) {
        if let Some(selection) = &self.selection {
            batch.keep(&selection.select(batch));
        }
        self.inner.prepare(batch);
    }

    fn under_way(&self) -> usize {
        self.inner.under_way()
    }

    fn digest(&self, batch: &FlowBatch) -> D::Part {
        self.inner.digest(batch)
    }
}
