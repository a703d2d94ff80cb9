//! What all JSON reports share: pretty printing, safe to show in a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::message::Version;

use super::escape::is_dangerous;

/// Pretty-printed with one newline at the end. Characters that a terminal would obey stand as `\u` escapes, which mean the same.
pub fn pretty(report: &impl Serialize) -> String {
    // Nothing here can fail: keys are strings and no serializer of ours returns an error.
    safe(&serde_json::to_string_pretty(report).unwrap_or_default())
}

/// The same on one line.
pub(super) fn line(report: &impl Serialize) -> String {
    safe(&serde_json::to_string(report).unwrap_or_default())
}

fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c == '\n' || !is_dangerous(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out.push('\n');
    out
}

/// Counts by version as an object: `{"v5": 1, "IPFIX": 2}`.
pub(super) fn by_version<S: Serializer>(counts: &BTreeMap<Version, u64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(version, count)| (version.to_string(), count)))
}

/// A sum as JSON readers can hold it.
pub(super) fn saturated(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_as_escapes() {
        assert_eq!(
            pretty(&["\x1b[31m", "\u{9b}\u{202e}\u{e0041}", "é"]),
            "[\n  \"\\u001b[31m\",\n  \"\\u009b\\u202e\\udb40\\udc41\",\n  \"é\"\n]\n"
        );
    }
}
