//! The file that an output goes into: written beside its name, renamed when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};
use thiserror::Error;

/// Why an output file can't be made.
#[derive(Debug, Error)]
pub enum TargetError {
    /// There is a file of that name.
    #[error("'{}' exists already; --force replaces it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A directory has that name.
    #[error("'{}' is a directory; name a file in it", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The directory that the file should be in is not there.
    #[error("'{}' can't be written: there is no directory '{}'", path.display(), directory.display())]
    NoDirectory {
        /// The file.
        path: PathBuf,
        /// The directory.
        directory: PathBuf,
    },
    /// The system refuses.
    #[error("'{}' can't be written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// An output file that has its name only when [`TargetFile::commit`] was called; dropped without that, it leaves nothing behind and
/// an older file of its name as it was.
///
/// A link is followed, so that the file behind it is replaced and not the link. A device or a named pipe (`/dev/null`) can't be
/// renamed over: it is written to directly and needs no `force`.
#[derive(Debug)]
pub struct TargetFile {
    path: PathBuf,
    force: bool,
    out: Out,
}

#[derive(Debug)]
enum Out {
    Beside(BufWriter<NamedTempFile>),
    Direct(BufWriter<File>),
}

impl TargetFile {
    /// Opens a temporary file in the directory of `path`. All that would make the output fail is looked for now, before any work is done.
    ///
    /// # Errors
    /// The directory is missing or can't be written to; the file exists and `force` is false.
    pub fn create(path: &Path, force: bool) -> Result<Self, TargetError> {
        let named = path.to_path_buf();
        let io_error = |source| TargetError::Io { path: path.to_path_buf(), source };
        let path = fs::canonicalize(path).unwrap_or(named.clone());
        let existing = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => return Err(TargetError::Directory { path: named }),
            Ok(metadata) if !metadata.is_file() => {
                let file = File::options().write(true).open(&path).map_err(io_error)?;
                return Ok(Self { path: named, force, out: Out::Direct(BufWriter::new(file)) });
            }
            Ok(_) if !force => return Err(TargetError::Exists { path: named }),
            Ok(metadata) => Some(metadata.permissions()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(io_error(error)),
        };
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !directory.is_dir() {
            return Err(TargetError::NoDirectory { path: named, directory: directory.to_path_buf() });
        }
        check_space(directory).map_err(io_error)?;
        let file = beside(directory, existing).map_err(io_error)?;
        Ok(Self { path, force, out: Out::Beside(BufWriter::new(file)) })
    }

    /// Flushes and gives the file its name.
    ///
    /// # Errors
    /// The disk is full, or a file of that name has come into being meanwhile and `force` is false.
    pub fn commit(self) -> Result<(), TargetError> {
        let Self { path, force, out } = self;
        let io_error = |source| TargetError::Io { path: path.clone(), source };
        let file = match out {
            Out::Direct(mut file) => return file.flush().map_err(io_error),
            Out::Beside(file) => file.into_inner().map_err(|e| io_error(e.into_error()))?,
        };
        let named = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        match named {
            Ok(_) => Ok(()),
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists && !force => Err(TargetError::Exists { path }),
            Err(e) => Err(io_error(e.error)),
        }
    }
}

impl Write for TargetFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Beside(out) => out.write(octets),
            Out::Direct(out) => out.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Beside(out) => out.flush(),
            Out::Direct(out) => out.flush(),
        }
    }
}

/// A file system without a free block fails now, and not after all the work. What can't be found out is no error.
pub(super) fn check_space(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Ok(about) = nix::sys::statvfs::statvfs(directory)
        && about.blocks() > 0
        && about.blocks_available() == 0
    {
        return Err(ErrorKind::StorageFull.into());
    }
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

/// A temporary file with the permissions of the file it will replace, or those of any new file: the crate's default is for the owner alone.
fn beside(directory: &Path, permissions: Option<fs::Permissions>) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".ipfix-inspect-").suffix(".part");
    #[cfg(unix)]
    let new = Some(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    #[cfg(not(unix))]
    let new = None;
    if let Some(new) = new {
        // The process's umask is taken off.
        builder.permissions(new);
    }
    let file = builder.tempfile_in(directory)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    Ok(file)
}
