//! When a file that is being written ends and the next one begins, and whether there is room for it.

use std::path::Path;

use crate::config::Rotation;
use crate::time::Timestamp;

/// The time at which a file that began then has to end.
pub fn end_of(rotation: &Rotation, began: Timestamp) -> Option<Timestamp> {
    let every = i64::try_from(rotation.every?.as_nanos()).ok().filter(|every| *every > 0)?;
    let began = began.nanos();
    let end = if rotation.aligned { (began.div_euclid(every) + 1).saturating_mul(every) } else { began.saturating_add(every) };
    Some(Timestamp::from_nanos(end))
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
}
