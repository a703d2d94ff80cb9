//! Batches divided by the files that they go to.

use crate::collector::Digest;
use crate::column::FlowBatch;

use super::form::Form;
use super::partition::{PartitionKey, Partitioning, TooMany};

/// What one batch has for one file.
#[derive(Debug)]
pub struct Share<P> {
    /// The file's partition; none without partitions.
    pub key: PartitionKey,
    /// Rows.
    pub rows: usize,
    /// The rows.
    pub content: Content<P>,
}

/// Rows on their way to a file.
#[derive(Debug)]
pub enum Content<P> {
    /// Encoded.
    Piece(P),
    /// Few rows that are to be put together with others.
    Rows(Box<FlowBatch>),
}

/// Divides batches, and encodes what is large enough.
#[derive(Debug)]
pub struct Shares<'a, F> {
    form: &'a F,
    partitioning: Option<Partitioning>,
    rows_only: bool,
}

impl<'a, F: Form> Shares<'a, F> {
    /// Of that form, by those partitions.
    pub fn new(form: &'a F, partitioning: Option<Partitioning>) -> Self {
        Self { form, partitioning, rows_only: false }
    }

    /// Leaves all encoding to the sink, which can cut rows but not what is encoded: for a limit on rows.
    pub fn rows_only(self, rows_only: bool) -> Self {
        Self { rows_only, ..self }
    }

    fn share(&self, key: PartitionKey, batch: &FlowBatch) -> Share<F::Piece> {
        let rows = batch.rows();
        let content = match rows >= F::FEW && !self.rows_only {
            true => Content::Piece(self.form.encode(batch)),
            false => Content::Rows(Box::new(batch.clone())),
        };
        Share { key, rows, content }
    }
}

impl<F: Form> Digest for Shares<'_, F> {
    type Part = Result<Vec<Share<F::Piece>>, TooMany>;

    fn under_way(&self) -> usize {
        F::UNDER_WAY
    }

    fn digest(&self, batch: &FlowBatch) -> Self::Part {
        if batch.rows() == 0 {
            return Ok(Vec::new());
        }
        let Some(partitioning) = &self.partitioning else {
            return Ok(vec![self.share(PartitionKey::default(), batch)]);
        };
        let mut parts = partitioning.divide(batch)?;
        if let [(key, _)] = &mut parts[..] {
            return Ok(vec![self.share(std::mem::take(key), batch)]);
        }
        Ok(parts.into_iter().map(|(key, rows)| self.share(key, &batch.take(&rows))).collect())
    }
}
