//! When a file that is being written ends and the next one begins, and how files are called meanwhile and then.
//!
//! A file has `.part` behind its name until it is whole. What a killed run leaves keeps that name, and can be read as far as it goes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Rotation;
use crate::time::Timestamp;

/// The time at which a file that began then has to end.
pub(super) fn end_of(rotation: &Rotation, began: Timestamp) -> Option<Timestamp> {
    let every = i64::try_from(rotation.every?.as_nanos()).ok().filter(|every| *every > 0)?;
    let began = began.nanos();
    let end = if rotation.aligned { (began.div_euclid(every) + 1).saturating_mul(every) } else { began.saturating_add(every) };
    Some(Timestamp::from_nanos(end))
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct PartFile {
    pub(super) file: File,
    part: PathBuf,
    whole: PathBuf,
}

impl PartFile {
    /// Makes a new one in a folder, called by what it is for and when it begins.
    pub(super) fn create(folder: &Path, stem: &str, began: Timestamp, extension: &str) -> io::Result<Self> {
        let time = began.to_string();
        // 20261128T003000Z
        let time: String = time.split('.').next().unwrap_or_default().chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
        for number in 0..1_000u32 {
            let again = if number == 0 { String::new() } else { format!("-{number}") };
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
    pub(super) fn whole(&self) -> &Path {
        &self.whole
    }

    /// Gives it its name.
    pub(super) fn finish(self) -> io::Result<PathBuf> {
        drop(self.file);
        fs::rename(&self.part, &self.whole)?;
        Ok(self.whole)
    }

    /// Takes it away, where there is nothing in it.
    pub(super) fn discard(self) {
        drop(self.file);
        let _ = fs::remove_file(&self.part);
    }
}

/// Octets that are free in a folder for whoever is no superuser, and octets in all; `None` where the system does not tell.
#[cfg(unix)]
pub(super) fn space(folder: &Path) -> Option<(u64, u64)> {
    let told = nix::sys::statvfs::statvfs(folder).ok()?;
    let unit = told.fragment_size();
    #[allow(clippy::useless_conversion, reason = "the width differs between systems")]
    Some((u64::from(told.blocks_available()).saturating_mul(unit), u64::from(told.blocks()).saturating_mul(unit)))
}

/// Not told here.
#[cfg(not(unix))]
pub(super) fn space(_folder: &Path) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_by_the_clock_or_by_the_beginning() {
        let began = Timestamp::from_iso("2026-11-28T00:31:12Z").unwrap();
        let end = |text: &str| end_of(&text.parse().unwrap(), began).map(|t| t.to_string());
        assert_eq!(end("5m").as_deref(), Some("2026-11-28T00:36:12.000Z"));
        assert_eq!(end("5m,aligned").as_deref(), Some("2026-11-28T00:35:00.000Z"));
        assert_eq!(end("7MB"), None);
    }

    #[test]
    fn names_that_are_taken_get_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let began = Timestamp::from_iso("2026-11-28T00:31:12.5Z").unwrap();
        let create = || PartFile::create(folder.path(), "x", began, "pcapng").unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(name(&create().finish().unwrap()), "x-20261128T003112Z.pcapng");
        let second = create();
        assert_eq!(name(second.whole()), "x-20261128T003112Z-1.pcapng");
        assert!(folder.path().join("x-20261128T003112Z-1.pcapng.part").exists() && !second.whole().exists());
        second.discard();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
