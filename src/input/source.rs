//! From a location to a stream of plain octets: opened, counted for the progress bar, unpacked.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::compression::Compression;
use super::error::InputError;
use super::options::{InputOptions, Location};
use super::pipe::Pipe;

/// How much of the beginning is looked at: enough for every magic number and for telling text.
const HEAD: usize = 512;

/// How much of an input is waited for before it is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// As much as is looked at, or all there is.
    Full,
    /// What the first read gives.
    First,
}

/// An opened input: its plain octets, whatever is in them.
pub struct Source {
    /// Its plain octets, from the first.
    pub reader: Box<dyn Read + Send>,
    /// The first of them, at most 512.
    pub head: Vec<u8>,
    /// The compression around it, and a second one inside.
    pub compression: [Option<Compression>; 2],
    /// Set when the system refused to read: then an error of `reader` is no damage of the file.
    pub refused: Arc<AtomicBool>,
    /// More may come later: what is there is to be used at once.
    pub live: bool,
}

impl Source {
    /// Opens a location and looks through at most two layers of compression.
    ///
    /// # Errors
    /// It can't be opened or read.
    pub fn open(location: &Location, options: &InputOptions) -> Result<Self, InputError> {
        let name = location.to_string();
        let mut live = *location == Location::Stdin;
        let raw: Box<dyn Read + Send> = match location {
            Location::Stdin => Box::new(Pipe::new(Box::new(io::stdin()), options.stop.clone())),
            Location::Path(path) => {
                let open = |source| InputError::Open { name: name.clone(), source };
                let file = File::open(path).map_err(open)?;
                let kind = file.metadata().map_err(open)?;
                if kind.is_dir() {
                    return Err(InputError::Directory { name });
                }
                live = !kind.is_file();
                if live { Box::new(Pipe::new(Box::new(file), options.stop.clone())) } else { Box::new(file) }
            }
        };
        // A pipe may bring its first octets one by one: what it is shows when some have come.
        Ok(Self { live, ..Self::layers(name, raw, options.progress.clone(), Head::Full)? })
    }

    /// Looks through the compression of what a reader gives.
    pub(super) fn layers(
        name: String,
        raw: Box<dyn Read + Send>,
        progress: Option<Arc<AtomicU64>>,
        look: Head,
    ) -> Result<Self, InputError> {
        let refused = Arc::new(AtomicBool::new(false));
        let mut reader: Box<dyn Read + Send> = Box::new(Counted { raw, progress, refused: Arc::clone(&refused) });
        let mut compression: [Option<Compression>; 2] = [None; 2];
        let mut layer = 0usize;
        loop {
            let mut replay = Replay::peek(reader, look);
            if refused.load(Ordering::Relaxed) {
                let source = replay.then.take().unwrap_or_else(|| io::Error::other("unknown error"));
                return Err(InputError::Read { name, source });
            }
            let packing = layer.checked_sub(1).and_then(|outer| compression.get(outer).copied().flatten());
            if let (Some(packing), true, Some(error)) = (packing, replay.head.is_empty(), &replay.then) {
                return Err(InputError::NothingUnpacked { name, compression: packing.to_string(), what: error.to_string() });
            }
            let head = replay.head.clone();
            let Some(found) = Compression::of(&head) else {
                return Ok(Self { reader: Box::new(replay), head, compression, refused, live: false });
            };
            let Some(slot) = compression.get_mut(layer) else {
                let [outer, inner] = compression.map(|c| c.map(|c| c.to_string()).unwrap_or_default());
                return Err(InputError::NotACapture {
                    name,
                    found: format!("{found} data in {inner} data in {outer} data"),
                    hint: "unpack it first".into(),
                });
            };
            *slot = Some(found);
            layer += 1;
            reader = found.unpack(Box::new(replay)).map_err(|source| InputError::Read { name: name.clone(), source })?;
        }
    }
}

/// The octets as the system gives them.
struct Counted {
    raw: Box<dyn Read + Send>,
    progress: Option<Arc<AtomicU64>>,
    refused: Arc<AtomicBool>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.raw.read(buf) {
                Ok(n) => {
                    if let Some(progress) = &self.progress {
                        progress.fetch_add(u64::try_from(n).unwrap_or(0), Ordering::Relaxed);
                    }
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.refused.store(true, Ordering::Relaxed);
                    return Err(e);
                }
            }
        }
    }
}

/// A reader whose beginning was looked at: gives that again, then the error that came with it, then the rest.
struct Replay {
    head: Vec<u8>,
    given: usize,
    then: Option<io::Error>,
    rest: Box<dyn Read + Send>,
}

impl Replay {
    fn peek(mut rest: Box<dyn Read + Send>, look: Head) -> Self {
        let mut head = vec![0; HEAD];
        let mut filled = 0;
        let mut then = None;
        while let Some(room) = head.get_mut(filled..).filter(|room| !room.is_empty()) {
            match rest.read(room) {
                Ok(0) => break,
                Ok(n) => {
                    filled += n;
                    if look == Head::First {
                        break;
                    }
                }
                Err(e) => {
                    then = Some(e);
                    break;
                }
            }
        }
        head.truncate(filled);
        Self { head, given: 0, then, rest }
    }
}

impl Read for Replay {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let ready = self.head.get(self.given..).unwrap_or(&[]);
        if !ready.is_empty() {
            let n = ready.len().min(buf.len());
            if let (Some(to), Some(from)) = (buf.get_mut(..n), ready.get(..n)) {
                to.copy_from_slice(from);
            }
            self.given += n;
            return Ok(n);
        }
        match self.then.take() {
            Some(error) => Err(error),
            None => self.rest.read(buf),
        }
    }
}
