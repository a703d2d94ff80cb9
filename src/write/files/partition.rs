//! Which partition a flow belongs to: the folders of a dataset as Hive names them, `date=2026-11-22/exporter=192.0.2.1`.
//!
//! `date` and `hour` are those of flow_start, and where a flow has none those of the datagram, in UTC. Null, and text without a letter, is
//! `__HIVE_DEFAULT_PARTITION__`. Values come from the wire: what a file system or a reader could take for something else (`/`, `%`,
//! `=`, control characters, letters beyond ASCII) stands as `%2F`, as Hive and Spark write it, and a value that is too long for a name is
//! cut and ends in a number made of all of it. So a name may not tell all of a text, and columns of text belong into the files as well.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use crate::column::{FlowBatch, Values};
use crate::plan::{Canonical, Schema, Source};
use crate::write::cell::{write_cell, write_context};

/// What stands for no value in a folder's name, as Hive began it.
pub const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";
/// Octets of a value in a folder's name; file systems take 255 for all of it.
const LONGEST: usize = 160;
const NANOS_PER_HOUR: i64 = 3_600_000_000_000;

/// The folders of a partition; none without partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey(Arc<str>);

impl PartitionKey {
    /// As a path.
    pub fn path(&self) -> PathBuf {
        self.0.split('/').collect()
    }
}

/// There are more partitions than allowed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there are more than {most} partitions; --partition-by columns with fewer values, or raise --max-partitions")]
pub struct TooMany {
    most: usize,
}

/// What one part of a partition's name is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Date,
    Hour,
    Context(Canonical),
    Column(usize),
}

/// Divides batches by the values of some columns.
#[derive(Debug)]
pub struct Partitioning {
    parts: Vec<(String, Part)>,
    start: Option<usize>,
    known: Mutex<HashSet<PartitionKey>>,
    most: usize,
}

impl Partitioning {
    /// Names that are no columns: a flow's date and hour.
    pub const DERIVED: [&'static str; 2] = ["date", "hour"];

    /// By columns of a schema, which may be hidden ones, and by `date` and `hour`, which need flow_start in it; `None` if one is missing.
    pub fn new(names: &[String], schema: &Schema, most: usize) -> Option<Self> {
        let part = |name: &String| {
            let part = match name.as_str() {
                "date" => Part::Date,
                "hour" => Part::Hour,
                name => {
                    let at = usize::from(schema.position(name)?);
                    match schema.columns().get(at)?.source {
                        Source::Canonical(c) if c.is_context() => Part::Context(c),
                        _ => Part::Column(at),
                    }
                }
            };
            Some((name.clone(), part))
        };
        let parts = names.iter().map(part).collect::<Option<Vec<_>>>()?;
        Some(Self { parts, start: schema.canonical(Canonical::FlowStart).map(usize::from), known: Mutex::default(), most })
    }

    /// The partitions of a batch, each with the numbers of its rows in order.
    pub(super) fn divide(&self, batch: &FlowBatch) -> Result<Vec<(PartitionKey, Vec<u32>)>, TooMany> {
        let mut numbers = vec![0u32; batch.rows()];
        let mut names = vec![String::new()];
        for (name, part) in &self.parts {
            self.refine(batch, name, *part, &mut numbers, &mut names);
        }
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
        (0u32..).zip(&numbers).for_each(|(row, number)| rows[*number as usize].push(row));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let divided = names.into_iter().map(|name| PartitionKey(name.into())).zip(rows).collect::<Vec<_>>();
        for (key, _) in &divided {
            if !known.contains(key) {
                known.insert(key.clone());
            }
        }
        if known.len() > self.most { Err(TooMany { most: self.most }) } else { Ok(divided) }
    }

    /// Divides the partitions so far by one part more.
    fn refine(&self, batch: &FlowBatch, name: &str, part: Part, numbers: &mut [u32], names: &mut Vec<String>) {
        let mut found: HashMap<(u32, Vec<u8>), u32> = HashMap::new();
        let mut finer: Vec<String> = Vec::new();
        let mut text = Vec::new();
        let mut last: Option<(u32, i64, u32)> = None;
        let mut last_text: (u32, Vec<u8>, u32) = (u32::MAX, Vec::new(), 0);
        for run in batch.runs() {
            if let Part::Context(column) = part {
                text.clear();
                write_context(&mut text, column, run);
            }
            for (row, place) in numbers.iter_mut().enumerate().skip(run.start).take(run.rows) {
                let before = *place;
                let hours = match part {
                    Part::Date | Part::Hour => {
                        let hours = self.time(batch, row).or(run.context.received.map(|t| t.nanos())).map(|t| t.div_euclid(NANOS_PER_HOUR));
                        // Most flows have the hour of the one before.
                        if let (Some(hours), Some((number, known, now))) = (hours, last)
                            && (number, known) == (before, hours)
                        {
                            *place = now;
                            continue;
                        }
                        text.clear();
                        if let Some(hours) = hours {
                            write_hours(&mut text, part, hours);
                        }
                        hours
                    }
                    Part::Column(at) => {
                        text.clear();
                        if let Some(column) = batch.columns().get(at) {
                            write_cell(&mut text, column, row);
                        }
                        None
                    }
                    Part::Context(_) => None,
                };
                if last_text.0 == before && last_text.1 == text {
                    *place = last_text.2;
                    continue;
                }
                let number = match found.get(&(before, text.clone())) {
                    Some(number) => *number,
                    None => {
                        let number = finer.len() as u32;
                        let above = names.get(before as usize).map(String::as_str).unwrap_or_default();
                        finer.push(format!("{above}{}{}", if above.is_empty() { "" } else { "/" }, folder(name, &text)));
                        found.insert((before, text.clone()), number);
                        number
                    }
                };
                last = hours.map(|hours| (before, hours, number));
                last_text = (before, text.clone(), number);
                *place = number;
            }
        }
        *names = finer;
    }

    fn time(&self, batch: &FlowBatch, row: usize) -> Option<i64> {
        let column = batch.columns().get(self.start?)?;
        match &column.values {
            Values::I64(values) if column.validity.get(row) => values.get(row).copied(),
            _ => None,
        }
    }
}

fn write_hours(out: &mut Vec<u8>, part: Part, hours: i64) {
    if part == Part::Hour {
        let hour = hours.rem_euclid(24) as u8;
        out.extend_from_slice(&[b'0' + hour / 10, b'0' + hour % 10]);
    } else {
        let mut iso = Vec::new();
        crate::time::IsoWriter::default().write(&mut iso, hours.saturating_mul(NANOS_PER_HOUR));
        // Up to the letter T.
        out.extend(iso.into_iter().take_while(|octet| *octet != b'T'));
    }
}

/// One folder's name.
fn folder(name: &str, value: &[u8]) -> String {
    let mut folder = String::new();
    escape(&mut folder, name.as_bytes());
    folder.push('=');
    let before = folder.len();
    if value.is_empty() {
        folder.push_str(NO_VALUE);
    } else {
        escape(&mut folder, value);
    }
    if folder.len() - before > LONGEST {
        let mut hasher = DefaultHasher::new();
        hasher.write(value);
        // Not in the middle of an escape.
        let mut end = before + LONGEST - 17;
        while folder.as_bytes()[end - 2..end].contains(&b'%') {
            end -= 1;
        }
        folder.truncate(end);
        let _ = write!(folder, "~{:016x}", hasher.finish());
    }
    folder
}

/// Letters, digits and some harmless signs stay, all else becomes `%` and two digits.
fn escape(out: &mut String, text: &[u8]) {
    for octet in text {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'+' | b',' | b'@' => out.push(char::from(*octet)),
            octet => {
                let _ = write!(out, "%{octet:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_hostile_values() {
        assert_eq!(folder("exporter", b"192.0.2.1"), "exporter=192.0.2.1");
        assert_eq!(folder("exporter", b"2001:db8::1"), "exporter=2001%3Adb8%3A%3A1");
        assert_eq!(folder("application", b"../../etc/passwd"), "application=..%2F..%2Fetc%2Fpasswd");
        assert_eq!(folder("application", b""), "application=__HIVE_DEFAULT_PARTITION__");
        assert_eq!(folder("application", b"a=b%\n\xc3\xbc "), "application=a%3Db%25%0A%C3%BC%20");
        let long = folder("application", &[b'x'; 5_000]);
        assert_eq!(long.len(), "application=".len() + 160);
        assert_ne!(long, folder("application", &[b'x'; 5_001]));
        let escaped = folder("application", &[b'/'; 5_000]);
        assert!(escaped.len() <= "application=".len() + 160 && escaped.contains("%2F~"), "{escaped}");
    }

    #[test]
    fn dates_and_hours() {
        let shown = |part, nanos: i64| {
            let mut out = Vec::new();
            write_hours(&mut out, part, nanos.div_euclid(NANOS_PER_HOUR));
            String::from_utf8(out).unwrap()
        };
        let time = 1_795_312_799_999_999_999;
        assert_eq!((shown(Part::Date, time), shown(Part::Hour, time)), ("2026-11-22".to_owned(), "01".to_owned()));
        assert_eq!((shown(Part::Date, -1), shown(Part::Hour, -1)), ("1969-12-31".to_owned(), "23".to_owned()));
        // The first hour of all lies in part before the earliest time.
        assert_eq!((shown(Part::Date, i64::MIN), shown(Part::Hour, i64::MIN)), ("1677-09-21".to_owned(), "00".to_owned()));
        assert_eq!((shown(Part::Date, i64::MAX), shown(Part::Hour, i64::MAX)), ("2262-04-11".to_owned(), "23".to_owned()));
    }
}
