//! Values of columns that stand in a file's path, one folder each: `date=2026-11-22/exporter=192.0.2.1/part-0.parquet`, as Hive began it.
//!
//! Signs that a path can't hold stand as `%3A`; `__HIVE_DEFAULT_PARTITION__` is null. `date`, `hour` and their like follow from a time of
//! the flow, which is in the file: they are no columns here.

use std::path::Path;

use crate::write::NO_VALUE;

/// Parts of a time.
const OF_TIME: [&str; 6] = ["date", "year", "month", "day", "hour", "minute"];

/// True for a folder's name that gives a column its value.
pub fn is_partition(folder: &str) -> bool {
    key_value(folder).is_some()
}

/// The columns that a path gives, from the outermost folder on.
pub(super) fn columns(path: &Path) -> Vec<(String, Option<String>)> {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let pairs = folders.filter_map(|folder| key_value(folder.as_os_str().to_str()?));
    let pairs = pairs.filter(|(key, _)| !OF_TIME.contains(&key.as_str()));
    pairs.map(|(key, value)| (key, (value != NO_VALUE).then_some(value))).collect()
}

fn key_value(folder: &str) -> Option<(String, String)> {
    let (key, value) = folder.split_once('=')?;
    let is_name = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !key.as_bytes()[0].is_ascii_digit();
    is_name.then(|| (key.to_owned(), unescaped(value)))
}

/// `%3A` is a colon (RFC 3986 §2.1); what is no such escape stays as it is.
fn unescaped(value: &str) -> String {
    let octets = value.as_bytes();
    let mut out = Vec::with_capacity(octets.len());
    let mut at = 0;
    while let Some(octet) = octets.get(at) {
        let digits = octets.get(at + 1..at + 3).and_then(|d| std::str::from_utf8(d).ok());
        match digits.filter(|_| *octet == b'%').and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(escaped) => {
                out.push(escaped);
                at += 3;
            }
            None => {
                out.push(*octet);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_columns() {
        let path = Path::new("/data/date=2026-11-22/exporter=2001%3Adb8%3A%3A1/vrf_in=__HIVE_DEFAULT_PARTITION__/a=b.parquet");
        assert_eq!(columns(path), [("exporter".into(), Some("2001:db8::1".into())), ("vrf_in".into(), None)]);
        assert_eq!(columns(Path::new("part-0.parquet")), []);
        assert!(is_partition("hour=07") && !is_partition("captures") && !is_partition("=x") && !is_partition("7=x"));
        assert_eq!(unescaped("100%, 50%2"), "100%, 50%2");
    }
}
