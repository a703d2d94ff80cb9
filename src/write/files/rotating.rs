//! Flows into files of one folder that follow each other while a run goes on: one at a time, or one for each partition. Each gets its name when it
//! is whole; when that is, the caller says.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::form::Form;
use super::gather::Gathered;
use super::partition::{PartitionKey, TooMany};
use super::shares::Share;
use crate::time::Timestamp;
use crate::write::PartFile;

/// Files open at a time: far below what a process may have open.
const MOST_OPEN: usize = 128;
/// Rows that wait to be put together in a file: a live run has its memory for other things than large row groups.
const MANY: usize = 1 << 17;
/// Rows that wait to be put together, over all files: a hundred megabytes.
const MOST_PENDING: usize = 1 << 18;

/// Writes files that follow each other.
pub struct RotatingSink<F: Form> {
    form: F,
    folder: PathBuf,
    stem: String,
    extension: &'static str,
    open: HashMap<PartitionKey, Open<F>>,
    octets: Arc<AtomicU64>,
    pending: usize,
    clock: u64,
    files: u64,
    rows: u64,
    gone: u64,
}

struct Open<F: Form> {
    part: PartFile,
    file: Gathered<F, BufWriter<Counted>>,
    used: u64,
}

/// A file, and the octets of all files that are open, of which its own are taken back when it is closed.
struct Counted {
    file: File,
    written: u64,
    octets: Arc<AtomicU64>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.octets.fetch_sub(self.written, Ordering::Relaxed);
    }
}

impl Write for Counted {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.file.write(octets)?;
        self.written += written as u64;
        self.octets.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<F: Form> RotatingSink<F> {
    /// Files of that form in a folder that is there; names begin with `stem`. Pieces may be encoded by another form of the same make.
    pub fn new(form: F, folder: PathBuf, stem: String, extension: &'static str) -> Self {
        let (open, octets) = (HashMap::new(), Arc::default());
        Self { form, folder, stem, extension, open, octets, pending: 0, clock: 0, files: 0, rows: 0, gone: 0 }
    }

    /// Octets written to the files that are open.
    pub fn octets(&self) -> u64 {
        self.octets.load(Ordering::Relaxed)
    }

    /// Files that are whole.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// Rows in files that are whole or still open.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows that were in files which could not be made whole.
    pub fn gone(&self) -> u64 {
        self.gone
    }

    /// True if nothing is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes what a batch has; files that begin are called by `now`.
    ///
    /// # Errors
    /// The system's, or too many partitions.
    pub fn put(&mut self, part: Result<Vec<Share<F::Piece>>, TooMany>, now: Timestamp) -> io::Result<()> {
        for Share { key, rows, content } in part.map_err(io::Error::other)? {
            if !self.open.contains_key(&key) {
                self.begin(&key, now)?;
            }
            self.clock += 1;
            let Some(open) = self.open.get_mut(&key) else { continue };
            open.used = self.clock;
            let before = open.file.pending();
            self.rows += rows as u64;
            open.file.take(&self.form, content, rows)?;
            self.pending = self.pending - before + open.file.pending();
            while self.pending > MOST_PENDING {
                let Some(largest) = self.open.values_mut().max_by_key(|open| open.file.pending()) else { break };
                self.pending -= largest.file.pending();
                largest.file.flush(&self.form)?;
            }
        }
        Ok(())
    }

    /// Makes all files whole; the next rows begin new ones.
    ///
    /// # Errors
    /// The first of the system's. A file that can't be made whole is taken away.
    pub fn rotate(&mut self) -> io::Result<()> {
        self.pending = 0;
        let mut ended = Ok(());
        for open in std::mem::take(&mut self.open).into_values() {
            ended = ended.and(self.end(open));
        }
        ended
    }

    /// Takes all files away that are not whole.
    pub fn discard(&mut self) {
        self.pending = 0;
        for open in std::mem::take(&mut self.open).into_values() {
            self.lose(open.file.rows());
            open.part.discard();
        }
    }

    fn lose(&mut self, rows: u64) {
        self.rows -= rows;
        self.gone += rows;
    }

    fn end(&mut self, open: Open<F>) -> io::Result<()> {
        let rows = open.file.rows();
        let whole = open.file.finish(&self.form).and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error));
        match whole {
            Ok(_) => {
                let named = open.part.finish().map(|_| self.files += 1);
                if named.is_err() {
                    self.lose(rows);
                }
                named
            }
            Err(error) => {
                self.lose(rows);
                open.part.discard();
                Err(error)
            }
        }
    }

    fn begin(&mut self, key: &PartitionKey, now: Timestamp) -> io::Result<()> {
        if self.open.len() >= MOST_OPEN
            && let Some(oldest) = self.open.iter().min_by_key(|(_, open)| open.used).map(|(key, _)| key.clone())
            && let Some(open) = self.open.remove(&oldest)
        {
            self.pending -= open.file.pending();
            self.end(open)?;
        }
        let folder = self.folder.join(key.path());
        fs::create_dir_all(&folder)?;
        let part = PartFile::create(&folder, &self.stem, now, self.extension)?;
        let counted = Counted { file: part.file.try_clone()?, written: 0, octets: Arc::clone(&self.octets) };
        let file = Gathered::begin(&self.form, BufWriter::with_capacity(1 << 18, counted), F::MANY.min(MANY))?;
        self.open.insert(key.clone(), Open { part, file, used: self.clock });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::collector::Digest;
    use crate::column::{Column, Context, FlowBatch, Run, Values};
    use crate::message::Version;
    use crate::plan::{Canonical, Kind, SchemaBuilder};
    use crate::write::{Compression, Format, Partitioning, Shares, TextFiles};

    #[test]
    fn octets_are_those_of_the_files_that_are_open() {
        let mut schema = SchemaBuilder::default();
        schema.canonical(Canonical::SrcPort);
        let schema = Arc::new(schema.build());
        let form = TextFiles::new(Arc::clone(&schema), Format::Csv, false, Compression::None);
        let folder = tempfile::tempdir().unwrap();
        let partitioning = Partitioning::new(&["src_port".to_owned()], &schema, 1_000);
        let shares = Shares::new(&form, partitioning);
        let mut sink = RotatingSink::new(form.clone(), folder.path().to_owned(), "flows".to_owned(), "csv");
        let put = |sink: &mut RotatingSink<TextFiles>, ports: Vec<u16>| {
            let rows = ports.len();
            let mut column = Column { values: Values::U16(ports), ..Column::new(Kind::U16) };
            column.validity.extend(rows, true);
            let runs = vec![Run { start: 0, rows, context: Context::blank(Version::V9) }];
            let batch = FlowBatch::from_parts(Arc::clone(&schema), vec![column], runs);
            sink.put(shares.digest(&batch), Timestamp::from_nanos(0)).unwrap();
        };
        put(&mut sink, (1_000..1_200).collect());
        assert_eq!((sink.files(), sink.rows()), (200 - MOST_OPEN as u64, 200));
        // What an open file holds is not written yet, so that nothing counts for it; what was written of the others counts no more.
        assert_eq!(sink.octets(), 0);
        sink.rotate().unwrap();
        assert_eq!((sink.files(), sink.octets()), (200, 0));
        // More than waits for being written: a header of 9 octets and lines of 5.
        put(&mut sink, vec![1_000; 60_000]);
        assert_eq!(sink.octets(), 300_009);
        put(&mut sink, (2_000..2_127).collect());
        assert_eq!((sink.files(), sink.octets()), (200, 300_009));
        put(&mut sink, vec![3_000]);
        assert_eq!((sink.files(), sink.octets()), (201, 0), "the file that was written to longest ago is whole");
    }
}
