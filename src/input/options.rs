//! What can be said about an input before it is opened: where it lies, and the limits that hold while it is read.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// Where a capture is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file, a named pipe or a device.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

impl From<&str> for Location {
    /// `-` is standard input, as usual; a file of that name is `./-`.
    fn from(text: &str) -> Self {
        if text == "-" { Self::Stdin } else { Self::Path(PathBuf::from(text)) }
    }
}

impl From<PathBuf> for Location {
    /// `-` is standard input, as usual; a file of that name is `./-`.
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::Path(path) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// The limits of an input, and where it tells of its progress.
#[derive(Clone, Debug)]
pub struct InputOptions {
    /// Octets of the file read so far, before decompression: what a progress bar compares with the file's size.
    pub progress: Option<Arc<AtomicU64>>,
    /// Set to true from outside, it ends an input that waits for more, a pipe or a device, as if that had ended.
    pub stop: Option<Arc<AtomicBool>>,
    /// Octets read at once, which is also the size of a batch's first buffer. A larger frame makes its own chunk larger.
    pub chunk_octets: usize,
    /// Octets that may wait in unfinished fragmented datagrams; beyond it the oldest are given up.
    pub fragment_octets: usize,
    /// Nanoseconds of capture time after which an unfinished datagram is given up. RFC 8200 §4.5 allows 60 s; the halves of an
    /// identification space of 16 bits come sooner around on a busy exporter.
    pub fragment_age: i64,
    /// How many tunnels around the export are opened, one in the other.
    pub tunnel_levels: u8,
    /// How many directions of TCP connections are followed at a time; beyond it the one unused longest is given up.
    pub tcp_streams: usize,
    /// Octets that may wait in all TCP streams for missing segments and unfinished messages.
    pub tcp_octets: usize,
}

impl Default for InputOptions {
    fn default() -> Self {
        Self {
            progress: None,
            stop: None,
            chunk_octets: 4 << 20,
            fragment_octets: 16 << 20,
            fragment_age: 30_000_000_000,
            tunnel_levels: 4,
            tcp_streams: 1024,
            tcp_octets: 16 << 20,
        }
    }
}
