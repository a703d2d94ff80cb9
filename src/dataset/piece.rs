//! A piece of a file of columns: some rows of a row group or a record batch, of which each column is decoded once, by the worker that needs
//! it first, while others decode the next ones. Batches are cut out of it; the last one takes it along.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use polars_arrow::array::Array;

use crate::collector::StoredRows;
use crate::column::{Column, FlowBatch};
use crate::input::FaultCause;

use super::array::{self, Rows};
use super::assemble::Layout;
use super::faults::{Faults, Tally};

/// Cells that are decoded at once, about: with 30 columns half a row group of 256k rows.
const MOST_CELLS: usize = 4 << 20;
/// Rows that are decoded at once, at least.
const LEAST_ROWS: usize = 8_192;

/// The values of a column in one or more arrays, one after the other.
pub(super) type Arrays = Vec<Box<dyn Array>>;

/// Where a piece's columns come from. It is asked on the workers.
pub(super) trait Columns: Send + Sync {
    /// Decodes the column of that target, of the piece's rows alone; with it may come others, by the numbers of their targets.
    fn decode(&self, target: usize) -> Result<Vec<(usize, Arrays)>, String>;
    /// True if one call brings all columns.
    fn together(&self) -> bool;
}

/// What all pieces of a file share.
#[derive(Debug)]
pub(super) struct ColumnFile {
    pub(super) layout: Layout,
    pub(super) faults: Arc<Faults>,
}

/// Some rows of a file.
pub(super) struct Piece {
    file: Arc<ColumnFile>,
    source: Box<dyn Columns>,
    rows: usize,
    /// The number in the file of the first row, from 1.
    first: u64,
    claimed: Vec<AtomicBool>,
    decoded: Vec<OnceLock<Option<Arrays>>>,
    /// True once a failure was told.
    failed: AtomicBool,
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Piece").field("first", &self.first).field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Rows of a piece that are decoded at once.
pub(super) fn rows_at_once(targets: usize) -> usize {
    (MOST_CELLS / targets.max(1)).max(LEAST_ROWS)
}

impl Piece {
    /// Rows of a file from that number on.
    pub(super) fn new(file: Arc<ColumnFile>, source: Box<dyn Columns>, first: u64, rows: usize) -> Arc<Self> {
        let targets = file.layout.targets.len();
        Arc::new(Self {
            file,
            source,
            rows,
            first,
            claimed: (0..targets).map(|_| AtomicBool::new(false)).collect(),
            decoded: (0..targets).map(|_| OnceLock::new()).collect(),
            failed: AtomicBool::new(false),
        })
    }

    /// The batches that it is read in, of so many rows. They end when a column can't be decoded: the piece may announce more rows than any
    /// file has.
    pub(super) fn batches(self: &Arc<Self>, most: usize) -> impl Iterator<Item = Arc<dyn StoredRows>> {
        let (piece, asked) = (Arc::clone(self), Arc::clone(self));
        let whole = move |_: &usize| !asked.failed.load(Ordering::Relaxed);
        (0..self.rows).step_by(most).take_while(whole).enumerate().map(move |(number, start)| {
            let rows = most.min(piece.rows - start);
            Arc::new(PieceRows { piece: Arc::clone(&piece), start, rows, number }) as Arc<dyn StoredRows>
        })
    }

    /// Sees to it that all columns are there; workers begin at different ones.
    fn complete(&self, begin: usize) -> bool {
        let targets = self.decoded.len();
        for at in (0..targets).map(|at| (at + begin) % targets) {
            let claim = if self.source.together() { 0 } else { at };
            if !self.claimed.get(claim).is_none_or(|claimed| claimed.swap(true, Ordering::Relaxed)) {
                self.decode(at);
            }
        }
        self.decoded.iter().all(|column| column.wait().is_some())
    }

    fn decode(&self, at: usize) {
        let mut missing: Vec<usize> = if self.source.together() { (0..self.decoded.len()).collect() } else { vec![at] };
        match self.source.decode(at) {
            Ok(found) => {
                for (target, arrays) in found {
                    let rows = arrays.iter().fold(0usize, |rows, array| rows.saturating_add(array.len()));
                    let arrays = (rows == self.rows).then_some(arrays);
                    if arrays.is_none() {
                        self.fail(target, &format!("{rows} values where {} rows are announced", self.rows));
                    }
                    missing.retain(|m| *m != target);
                    self.settle(target, arrays);
                }
            }
            Err(why) => self.fail(at, &why),
        }
        missing.into_iter().for_each(|target| self.settle(target, None));
    }

    fn settle(&self, target: usize, arrays: Option<Arrays>) {
        if let Some(place) = self.decoded.get(target) {
            let _ = place.set(arrays);
        }
    }

    fn fail(&self, target: usize, why: &str) {
        if !self.failed.swap(true, Ordering::Relaxed) {
            let name = self.file.layout.targets.get(target).map(|t| t.name.as_str()).unwrap_or_default();
            let last = self.first.saturating_add(self.rows as u64) - 1;
            self.file.faults.note(FaultCause::TablePart, 1, self.first, format!("rows {} to {last}: {name}: {why}", self.first));
        }
    }
}

/// Rows of a piece that become a batch.
#[derive(Debug)]
struct PieceRows {
    piece: Arc<Piece>,
    start: usize,
    rows: usize,
    number: usize,
}

impl StoredRows for PieceRows {
    fn rows(&self) -> usize {
        self.rows
    }

    fn load(&self, batch: &mut FlowBatch) {
        let piece = &self.piece;
        let layout = &piece.file.layout;
        if !layout.targets.is_empty() && !piece.complete(self.number) {
            return;
        }
        let mut tally = Tally::default();
        layout.fill(batch, |columns| {
            for (number, column) in columns.iter_mut().enumerate() {
                let arrays = piece.decoded.get(number).and_then(OnceLock::get).and_then(Option::as_ref);
                let name = layout.targets.get(number).map(|t| t.name.as_str()).unwrap_or_default();
                self.append(column, arrays.map_or(&[], Vec::as_slice), name, &mut tally);
            }
            self.rows
        });
        tally.tell(&piece.file.faults);
    }
}

impl PieceRows {
    fn append(&self, column: &mut Column, arrays: &[Box<dyn Array>], name: &str, tally: &mut Tally) {
        let (mut skip, mut left, mut number) = (self.start, self.rows, self.piece.first + self.start as u64);
        for array in arrays {
            if skip >= array.len() {
                skip -= array.len();
                continue;
            }
            let count = left.min(array.len() - skip);
            array::append(column, Rows { array: array.as_ref(), from: skip, count, number, name }, tally);
            (skip, left, number) = (0, left - count, number + count as u64);
            if left == 0 {
                break;
            }
        }
    }
}
