//! What all forms of files have in common.

use std::io::{self, Write};

use crate::column::FlowBatch;

/// A form of files: it encodes batches on the workers, and writes on one thread what it encoded.
pub trait Form: Sync {
    /// An encoded batch.
    type Piece: Send;
    /// A file that is being written.
    type File<W: Write>: FormFile<Self::Piece, Out = W>;
    /// Rows from which on a batch is worth a piece of its own.
    const FEW: usize;
    /// Rows that few ones are gathered up to.
    const MANY: usize;
    /// Batches under way for each worker.
    const UNDER_WAY: usize;

    /// Encodes a finished batch.
    fn encode(&self, batch: &FlowBatch) -> Self::Piece;

    /// Begins a file.
    ///
    /// # Errors
    /// The output's.
    fn begin<W: Write>(&self, out: W) -> io::Result<Self::File<W>>;
}

/// A file that is being written.
pub trait FormFile<P> {
    /// What it is written to.
    type Out;

    /// Appends what was encoded.
    ///
    /// # Errors
    /// The output's.
    fn write(&mut self, piece: P) -> io::Result<()>;

    /// Ends the file, flushes, and gives back what it was written to.
    ///
    /// # Errors
    /// The output's.
    fn finish(self) -> io::Result<Self::Out>;
}
