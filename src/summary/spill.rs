//! Groups that don't fit memory: written to temporary files, parted by their hash, so that each file can be added up by itself.
//!
//! The files have no names: whatever ends the program, nothing stays behind.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, Write};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use super::counts::{Counts, WORDS};
use super::groups::{Groups, KeyLength};

/// Bits of the hash that choose a file.
const BITS: u32 = 6;
/// Files of one level.
const FILES: usize = 1 << BITS;
/// The bit of the hash above those that the first level looks at: the table's own index uses the lowest and the uppermost ones.
const TOP: u32 = 56;
/// Levels: a file whose groups don't fit memory is parted by the next bits.
pub(super) const LEVELS: u32 = 4;

/// Why groups could not be put aside.
#[derive(Debug, Error)]
#[error("there are more groups than memory is meant for, and they can't be written to a temporary file in '{}': {source}; set TMPDIR to a folder with room, or raise --max-groups", std::env::temp_dir().display())]
pub struct SpillError {
    #[from]
    source: io::Error,
}

/// The files of one level.
#[derive(Debug)]
pub(super) struct Spill {
    level: u32,
    files: Vec<Mutex<BufWriter<File>>>,
}

impl Spill {
    /// Empty files.
    pub(super) fn new(level: u32) -> Result<Self, SpillError> {
        let files = (0..FILES).map(|_| tempfile::tempfile().map(|file| Mutex::new(BufWriter::with_capacity(1 << 15, file))));
        Ok(Self { level, files: files.collect::<io::Result<_>>()? })
    }

    /// Writes all groups of a table and empties it.
    pub(super) fn put(&self, groups: &mut Groups) -> Result<(), SpillError> {
        let mut parts: Vec<Vec<u8>> = vec![Vec::new(); FILES];
        const ENOUGH: usize = 1 << 16;
        let mixer = groups.mixer();
        for (key, counts) in groups.iter() {
            let place = place(mixer.hash(key), self.level);
            let part = &mut parts[place];
            key.iter().chain(&counts.words()).for_each(|word| part.extend_from_slice(&word.to_ne_bytes()));
            if part.len() >= ENOUGH {
                self.write(place, part)?;
                part.clear();
            }
        }
        for (place, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            self.write(place, part)?;
        }
        groups.clear();
        Ok(())
    }

    fn write(&self, place: usize, octets: &[u8]) -> Result<(), SpillError> {
        Ok(self.files[place].lock().unwrap_or_else(PoisonError::into_inner).write_all(octets)?)
    }

    /// The files, one after the other, to be read from their beginning.
    pub(super) fn into_parts(self) -> impl Iterator<Item = Result<Part, SpillError>> {
        self.files.into_iter().map(|file| {
            let mut file =
                file.into_inner().unwrap_or_else(PoisonError::into_inner).into_inner().map_err(io::IntoInnerError::into_error)?;
            file.rewind()?;
            Ok(Part(BufReader::with_capacity(1 << 18, file)))
        })
    }
}

/// The number of the file for a hash.
fn place(hash: u64, level: u32) -> usize {
    (hash >> (TOP - BITS * (level + 1))) as usize & (FILES - 1)
}

/// One file.
pub(super) struct Part(BufReader<File>);

impl Part {
    /// Reads every group, one after the other; a group may come several times.
    pub(super) fn each(
        &mut self,
        length: KeyLength,
        mut take: impl FnMut(&[u64], &Counts) -> Result<(), SpillError>,
    ) -> Result<(), SpillError> {
        let mut record: Vec<u64> = Vec::new();
        loop {
            record.clear();
            let words = match length {
                KeyLength::Words(words) => words,
                KeyLength::Stated => match self.word()? {
                    None => return Ok(()),
                    Some(first) => {
                        record.push(first);
                        first as usize
                    }
                },
            };
            while record.len() < words + WORDS {
                match self.word()? {
                    Some(word) => record.push(word),
                    None if record.is_empty() => return Ok(()),
                    None => return Err(SpillError::from(io::Error::from(ErrorKind::UnexpectedEof))),
                }
            }
            if let (key, Some(counts)) = (&record[..words], record[words..].first_chunk::<WORDS>()) {
                take(key, &Counts::from_words(counts))?;
            }
        }
    }

    fn word(&mut self) -> Result<Option<u64>, SpillError> {
        let mut octets = [0; 8];
        match self.0.read_exact(&mut octets) {
            Ok(()) => Ok(Some(u64::from_ne_bytes(octets))),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
