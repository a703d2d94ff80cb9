//! Flows of a live run into files that follow each other: what the workers make of a batch, and when its files are whole.

use std::time::{Duration, Instant};

use crate::collector::Digest;
use crate::column::FlowBatch;
use crate::config::Rotation;
use crate::plan::Schema;
use crate::relay::{end_of, now};
use crate::summary::LiveExport;
use crate::time::Timestamp;
use crate::write::{Form, ParquetFiles, Partitioning, RotatingSink, Share, Shares, TextFiles, TooMany};

use super::super::options::ListenExport;

/// Partitions at most: files of a folder for each.
const MOST_PARTITIONS: usize = 10_000;
/// How long nothing is tried after the disk was full.
const PAUSE: Duration = Duration::from_secs(5);

/// The form of the files.
pub(super) enum ExportFiles {
    Parquet(ParquetFiles),
    Text(TextFiles),
}

/// What the workers make of a batch.
pub(super) enum ExportDigest<'a> {
    Parquet(Shares<'a, ParquetFiles>),
    Text(Shares<'a, TextFiles>),
}

type Shared<F> = Result<Vec<Share<<F as Form>::Piece>>, TooMany>;

/// What a batch has for the files.
pub(super) enum ExportPart {
    Parquet(Shared<ParquetFiles>),
    Text(Shared<TextFiles>),
}

impl<'a> ExportDigest<'a> {
    pub(super) fn new(files: &'a ExportFiles, options: &ListenExport, schema: &Schema) -> Self {
        let partitioning =
            (!options.partition_by.is_empty()).then(|| Partitioning::new(&options.partition_by, schema, MOST_PARTITIONS)).flatten();
        match files {
            ExportFiles::Parquet(form) => Self::Parquet(Shares::new(form, partitioning)),
            ExportFiles::Text(form) => Self::Text(Shares::new(form, partitioning)),
        }
    }

    pub(super) fn digest(&self, batch: &FlowBatch) -> ExportPart {
        match self {
            Self::Parquet(shares) => ExportPart::Parquet(shares.digest(batch)),
            Self::Text(shares) => ExportPart::Text(shares.digest(batch)),
        }
    }
}

/// Writes the files.
pub(super) struct Exporter<'a> {
    sink: Sink<'a>,
    rotation: Rotation,
    /// When the files that are open end.
    end: Option<Timestamp>,
    /// Nothing is tried before, after a failure.
    pause: Option<Instant>,
    pub(super) counts: LiveExport,
}

enum Sink<'a> {
    Parquet(RotatingSink<'a, ParquetFiles>),
    Text(RotatingSink<'a, TextFiles>),
}

impl<'a> Exporter<'a> {
    pub(super) fn new(files: &'a ExportFiles, options: &ListenExport) -> Self {
        let (folder, stem) = (options.folder.clone(), options.stem.clone());
        let sink = match files {
            ExportFiles::Parquet(form) => Sink::Parquet(RotatingSink::new(form, folder, stem, "parquet")),
            ExportFiles::Text(form) => Sink::Text(RotatingSink::new(form, folder, stem, "csv")),
        };
        let counts = LiveExport { folder: options.folder.display().to_string(), ..LiveExport::default() };
        Self { sink, rotation: options.rotation, end: None, pause: None, counts }
    }

    /// Takes what a batch has, and ends files whose time has come.
    pub(super) fn put(&mut self, part: ExportPart, rows: u64) {
        let time = now();
        let long = self.rotation.octets.is_some_and(|most| self.octets() >= most);
        if long || self.end.is_some_and(|end| time >= end) {
            self.rotate();
        }
        if rows == 0 {
            return;
        }
        if self.pause.is_some_and(|until| Instant::now() < until) {
            self.counts.lost += rows;
            return;
        }
        let put = match (&mut self.sink, part) {
            (Sink::Parquet(sink), ExportPart::Parquet(part)) => sink.put(part, time),
            (Sink::Text(sink), ExportPart::Text(part)) => sink.put(part, time),
            _ => Ok(()),
        };
        match put {
            Ok(()) => {
                self.counts.flows += rows;
                if self.end.is_none() {
                    self.end = end_of(&self.rotation, time);
                }
                self.pause = None;
                if std::mem::take(&mut self.counts.stopped) {
                    tracing::warn!(folder = %self.counts.folder, "exporting goes on");
                }
            }
            Err(error) => self.fail(&error, rows),
        }
    }

    /// Makes what is open whole.
    pub(super) fn rotate(&mut self) {
        self.end = None;
        let ended = match &mut self.sink {
            Sink::Parquet(sink) => (sink.rotate(), sink.files()),
            Sink::Text(sink) => (sink.rotate(), sink.files()),
        };
        self.counts.files = ended.1;
        if let Err(error) = ended.0 {
            self.fail(&error, 0);
        }
    }

    fn octets(&self) -> u64 {
        match &self.sink {
            Sink::Parquet(sink) => sink.octets(),
            Sink::Text(sink) => sink.octets(),
        }
    }

    fn fail(&mut self, error: &std::io::Error, rows: u64) {
        match &mut self.sink {
            Sink::Parquet(sink) => sink.discard(),
            Sink::Text(sink) => sink.discard(),
        }
        self.counts.lost += rows;
        (self.end, self.pause) = (None, Some(Instant::now() + PAUSE));
        if !std::mem::replace(&mut self.counts.stopped, true) {
            tracing::error!(folder = %self.counts.folder, "EXPORTING HAS STOPPED, and the file that was open is gone: {error}");
        }
    }
}
