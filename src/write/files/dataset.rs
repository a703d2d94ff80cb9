//! Flows into many files of one folder: by partitions, and by rows.
//!
//! The files are written into a folder beside the dataset's, which gets its name when all of them are whole: a reader never sees a half
//! dataset, and what fails or is interrupted leaves nothing. A bounded number of files is open at a time: with more partitions, the one
//! that was written to longest ago is ended, and its partition goes on in a further file. What waits to be put together is bounded too.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};
use thiserror::Error;

use crate::collector::{Flow, Sink};
use crate::write::target::check_space;

use super::form::Form;
use super::gather::{Gathered, first};
use super::partition::{PartitionKey, TooMany};
use super::shares::{Content, Share};

/// Files open at a time: far below what a process may have open.
const MOST_OPEN: usize = 128;
/// Rows that wait to be put together, over all files: some hundred megabytes.
const MOST_PENDING: usize = 1 << 19;
/// How the files' names begin; a folder with other files is not taken for a dataset.
const PART: &str = "part-";

/// Why a dataset can't be made.
#[derive(Debug, Error)]
pub enum DatasetError {
    /// There is something of that name.
    #[error("'{}' exists already and is not empty; --force replaces a dataset", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// There is a file of that name.
    #[error("'{}' is a file, and a dataset is a folder; name another", path.display())]
    File {
        /// The file.
        path: PathBuf,
    },
    /// What is there would be lost.
    #[error("'{}' has files that are no part of a dataset ('{}'), so it is not replaced; name another folder", path.display(), other.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// One of the files.
        other: PathBuf,
    },
    /// The folder that the dataset should be in is not there.
    #[error("'{}' can't be written: there is no directory '{}'", path.display(), directory.display())]
    NoDirectory {
        /// The folder.
        path: PathBuf,
        /// The directory.
        directory: PathBuf,
    },
    /// The system refuses.
    #[error("'{}' can't be written: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// More partitions than allowed.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

/// The folder of a dataset, which has its name only when [`DatasetTarget::commit`] was called; dropped without that, it leaves nothing.
#[derive(Debug)]
pub struct DatasetTarget {
    /// As it was typed.
    named: PathBuf,
    path: PathBuf,
    force: bool,
    beside: TempDir,
}

impl DatasetTarget {
    /// Makes a folder beside that of `path`. All that would make the output fail is looked for now, before any work is done.
    ///
    /// # Errors
    /// The directory is missing or can't be written to; there is something else of that name.
    pub fn create(path: &Path, force: bool) -> Result<Self, DatasetError> {
        // A link stays, and the folder behind it is replaced.
        let named = path.to_path_buf();
        let path = fs::canonicalize(path).unwrap_or_else(|_| named.clone());
        check(&named, force)?;
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !directory.is_dir() {
            return Err(DatasetError::NoDirectory { path: named, directory: directory.to_path_buf() });
        }
        check_space(directory).map_err(|source| DatasetError::Io { path: named.clone(), source })?;
        let mut builder = Builder::new();
        builder.prefix(".ipfix-inspect-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777));
        match builder.tempdir_in(directory) {
            Ok(beside) => Ok(Self { named, path, force, beside }),
            Err(source) => Err(DatasetError::Io { path: named, source }),
        }
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// Something of that name has come into being meanwhile, or the system refuses.
    pub fn commit(self) -> Result<(), DatasetError> {
        let Self { named, path, force, beside } = self;
        check(&named, force)?;
        let io_error = |source| DatasetError::Io { path: named.clone(), source };
        // An empty folder may be replaced by a rename; a dataset goes aside first, and comes back if the new one can't take its place.
        let aside = beside.path().with_extension("old");
        let replaces = path.exists() && fs::read_dir(&path).map_err(io_error)?.next().is_some();
        if replaces {
            fs::rename(&path, &aside).map_err(io_error)?;
        }
        if let Err(source) = fs::rename(beside.path(), &path) {
            if replaces {
                fs::rename(&aside, &path).map_err(io_error)?;
            }
            return Err(io_error(source));
        }
        // It is no temporary folder any more.
        let _ = beside.keep();
        if replaces { fs::remove_dir_all(&aside).map_err(io_error) } else { Ok(()) }
    }
}

/// Whether a dataset may take this name.
fn check(path: &Path, force: bool) -> Result<(), DatasetError> {
    let io_error = |source| DatasetError::Io { path: path.to_path_buf(), source };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(error)),
        Ok(metadata) if !metadata.is_dir() => return Err(DatasetError::File { path: path.to_path_buf() }),
        Ok(_) => {}
    }
    if fs::read_dir(path).map_err(io_error)?.next().is_none() {
        return Ok(());
    }
    if !force {
        return Err(DatasetError::Exists { path: path.to_path_buf() });
    }
    match foreign(path).map_err(io_error)? {
        Some(other) => Err(DatasetError::Foreign { path: path.to_path_buf(), other }),
        None => Ok(()),
    }
}

/// A file that no dataset of ours has.
fn foreign(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let other = match entry.file_type()? {
            kind if kind.is_dir() && name.contains('=') => foreign(&entry.path())?,
            kind if kind.is_file() && name.starts_with(PART) => None,
            _ => Some(entry.path()),
        };
        if other.is_some() {
            return Ok(other);
        }
    }
    Ok(None)
}

/// How flows become files.
#[derive(Clone, Debug)]
pub struct DatasetOptions {
    /// What the files' names end in, without the dot.
    pub extension: &'static str,
    /// Rows of a file at most; batches must have fewer.
    pub rows_per_file: Option<u64>,
    /// Rows in all at most.
    pub limit: Option<u64>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Files.
    pub files: u64,
    /// Partitions.
    pub partitions: u64,
}

/// Writes the files of a dataset.
pub struct DatasetSink<'a, F: Form> {
    form: &'a F,
    folder: PathBuf,
    /// What errors name.
    named: PathBuf,
    options: DatasetOptions,
    open: HashMap<PartitionKey, OpenFile<F>>,
    /// Files of each partition so far.
    files: HashMap<PartitionKey, u64>,
    pending: usize,
    clock: u64,
    left: Option<u64>,
    rows: u64,
}

struct OpenFile<F: Form> {
    path: PathBuf,
    file: Gathered<F, BufWriter<File>>,
    used: u64,
}

impl<'a, F: Form> DatasetSink<'a, F> {
    /// Of that form, into that target; with a limit the digest must be [`Shares::rows_only`](super::Shares::rows_only).
    pub fn new(form: &'a F, target: &DatasetTarget, options: DatasetOptions) -> Self {
        let left = options.limit;
        Self {
            form,
            folder: target.beside.path().to_path_buf(),
            named: target.named.clone(),
            options,
            open: HashMap::new(),
            files: HashMap::new(),
            pending: 0,
            clock: 0,
            left,
            rows: 0,
        }
    }

    /// Ends all files. A dataset without a flow has one file without rows, so that its columns can be read.
    ///
    /// # Errors
    /// The output's.
    pub fn finish(mut self) -> Result<Written, DatasetError> {
        if self.files.is_empty() {
            self.open(&PartitionKey::default())?;
        }
        for (_, open) in std::mem::take(&mut self.open) {
            end(self.form, open)?;
        }
        Ok(Written { rows: self.rows, files: self.files.values().sum(), partitions: self.files.len() as u64 })
    }

    fn put(&mut self, share: Share<F::Piece>) -> Result<(), DatasetError> {
        let Share { key, rows, content } = share;
        let full = |open: &OpenFile<F>| self.options.rows_per_file.is_some_and(|most| open.file.rows() + rows as u64 > most);
        if self.open.get(&key).is_some_and(full)
            && let Some(open) = self.open.remove(&key)
        {
            self.pending -= open.file.pending();
            end(self.form, open)?;
        }
        if !self.open.contains_key(&key) {
            self.open(&key)?;
        }
        self.clock += 1;
        let Some(open) = self.open.get_mut(&key) else { return Ok(()) };
        open.used = self.clock;
        let before = open.file.pending();
        open.file.take(self.form, content, rows).map_err(|source| DatasetError::Io { path: open.path.clone(), source })?;
        self.pending = self.pending - before + open.file.pending();
        self.rows += rows as u64;
        while self.pending > MOST_PENDING {
            let Some(largest) = self.open.values_mut().max_by_key(|open| open.file.pending()) else { break };
            self.pending -= largest.file.pending();
            largest.file.flush(self.form).map_err(|source| DatasetError::Io { path: largest.path.clone(), source })?;
        }
        Ok(())
    }

    /// Opens the next file of a partition.
    fn open(&mut self, key: &PartitionKey) -> Result<(), DatasetError> {
        if self.open.len() >= MOST_OPEN
            && let Some(oldest) = self.open.iter().min_by_key(|(_, open)| open.used).map(|(key, _)| key.clone())
            && let Some(open) = self.open.remove(&oldest)
        {
            self.pending -= open.file.pending();
            end(self.form, open)?;
        }
        let number = self.files.entry(key.clone()).or_default();
        let name = key.path().join(format!("{PART}{number:05}.{}", self.options.extension));
        *number += 1;
        let path = self.named.join(&name);
        let io_error = |source| DatasetError::Io { path: path.clone(), source };
        fs::create_dir_all(self.folder.join(key.path())).map_err(io_error)?;
        let file = File::create_new(self.folder.join(&name)).map_err(io_error)?;
        let file = Gathered::begin(self.form, BufWriter::new(file), F::MANY).map_err(io_error)?;
        self.open.insert(key.clone(), OpenFile { path, file, used: self.clock });
        Ok(())
    }
}

fn end<F: Form>(form: &F, open: OpenFile<F>) -> Result<(), DatasetError> {
    let io_error = |source| DatasetError::Io { path: open.path.clone(), source };
    let out = open.file.finish(form).map_err(io_error)?;
    out.into_inner().map(|_| ()).map_err(|error| io_error(error.into_error()))
}

impl<F: Form> Sink<Result<Vec<Share<F::Piece>>, TooMany>> for DatasetSink<'_, F> {
    type Error = DatasetError;

    fn absorb(&mut self, part: Result<Vec<Share<F::Piece>>, TooMany>) -> Result<Flow, DatasetError> {
        for share in part? {
            let rows = self.left.map_or(share.rows, |left| usize::try_from(left).unwrap_or(usize::MAX).min(share.rows));
            if rows > 0 {
                let content: Content<F::Piece> = first(share.content, rows);
                self.put(Share { rows, content, ..share })?;
            }
            if let Some(left) = &mut self.left {
                *left -= rows as u64;
            }
        }
        Ok(if self.left == Some(0) { Flow::Stop } else { Flow::Continue })
    }
}
