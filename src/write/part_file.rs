//! A file that is being written while a run goes on: it has `.part` behind its name until it is whole. What a killed run leaves keeps that name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::time::Timestamp;

/// A file that is being written.
#[derive(Debug)]
pub struct PartFile {
    /// The file, open for writing.
    pub file: File,
    part: PathBuf,
    whole: PathBuf,
}

impl PartFile {
    /// Makes a new one in a folder, called by what it is for and when it begins; names in their order are files in theirs.
    ///
    /// # Errors
    /// The system's.
    pub fn create(folder: &Path, stem: &str, began: Timestamp, extension: &str) -> io::Result<Self> {
        let time = began.to_string();
        // 20261128T003000Z
        let time: String = time.split('.').next().unwrap_or_default().chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
        for number in 0..1_000u32 {
            let again = if number == 0 { String::new() } else { format!("_{number:03}") };
            let whole = folder.join(format!("{stem}-{time}Z{again}.{extension}"));
            let part = folder.join(format!("{stem}-{time}Z{again}.{extension}.part"));
            if whole.exists() {
                continue;
            }
            match OpenOptions::new().write(true).create_new(true).open(&part) {
                Ok(file) => return Ok(Self { file, part, whole }),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }

    /// The name that it gets when it is whole.
    pub fn whole(&self) -> &Path {
        &self.whole
    }

    /// Gives it its name, and says which.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(self) -> io::Result<PathBuf> {
        drop(self.file);
        fs::rename(&self.part, &self.whole)?;
        Ok(self.whole)
    }

    /// Takes it away, where there is nothing in it.
    pub fn discard(self) {
        drop(self.file);
        let _ = fs::remove_file(&self.part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_taken_get_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let began = Timestamp::from_iso("2026-11-28T00:31:12.5Z").unwrap();
        let create = || PartFile::create(folder.path(), "x", began, "pcapng").unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(name(&create().finish().unwrap()), "x-20261128T003112Z.pcapng");
        let second = create();
        assert_eq!(name(second.whole()), "x-20261128T003112Z_001.pcapng");
        assert!(folder.path().join("x-20261128T003112Z_001.pcapng.part").exists() && !second.whole().exists());
        second.discard();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
