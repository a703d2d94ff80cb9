//! One JSON object a line (RFC 8259) as `write` has them. The names in the first lines are the columns, since other writers leave out what is
//! null; members of names that come later are passed over, and told.
//!
//! A value goes from the line into its column; only strings with escapes are made anew. Lists, which are JSON, stay as they are.

use std::collections::HashSet;
use std::sync::PoisonError;

use serde::de::IgnoredAny;

use crate::column::Column;
use crate::input::FaultCause;
use crate::plan::Kind;

use super::cell;
use super::faults::{Tally, shown};
use super::lines::{BadRows, Stretch, TextFile};

/// Lines whose names are the columns.
const MOST_LINES: usize = 500;
/// Names beyond them that are told apart.
const MOST_LATE: usize = 1_000;

/// The names in the first lines of a text, each once, but for one that the first line has twice. Of a line that is cut off or damaged they are
/// those of the members that are whole.
pub(super) fn names(text: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    for (number, line) in text.split(|octet| *octet == b'\n').take(MOST_LINES).enumerate() {
        let _ = members(line, |name, _| {
            if known.insert(name.to_owned()) || number == 0 {
                names.push(name.to_owned());
            }
        });
    }
    names
}

/// Reads whole rows into the columns of their targets; returns how many.
pub(super) fn read(file: &TextFile, stretch: &Stretch, columns: &mut [Column], values: &mut Tally, rows: &mut BadRows) -> usize {
    let targets = &file.layout.targets;
    let (mut number, mut read) = (stretch.first, 0);
    let mut scratch = String::new();
    let mut found: Vec<Option<(usize, usize)>> = vec![None; targets.len()];
    let mut late = HashSet::new();
    for line in stretch.octets.split(|octet| *octet == b'\n') {
        let this = number;
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        found.fill(None);
        // Lines have their members in the same order mostly: the next column is looked at first.
        let mut next = 0;
        let whole = members(line, |name, place| {
            let Some(column) = (next..file.names.len()).chain(0..next).find(|at| file.names.get(*at).is_some_and(|n| n == name)) else {
                if late.len() < MOST_LATE && !late.contains(name) {
                    late.insert(name.to_owned());
                    tell_late(file, this, name);
                }
                return;
            };
            next = column + 1;
            let target = file.targets.get(column).copied().flatten();
            if let Some(slot) = target.and_then(|target| found.get_mut(target)) {
                *slot = Some(place);
            }
        });
        if whole.is_none() || !is_json(line) {
            rows.add(this, || format!("row {this}: no JSON object: {}", shown(line)));
            continue;
        }
        for ((place, column), target) in found.iter().zip(columns.iter_mut()).zip(targets) {
            let value = place.and_then(|(start, end)| line.get(start..end)).unwrap_or(b"null");
            if !push(column, value, &mut scratch) {
                values.add(this, || format!("row {this}: {}: {} is no {}", target.name, shown(value), target.kind.name()));
            }
        }
        read += 1;
    }
    read
}

/// Tells of a name that no earlier line had, once for the file.
fn tell_late(file: &TextFile, row: u64, name: &str) {
    let mut late = file.late.lock().unwrap_or_else(PoisonError::into_inner);
    if late.len() < MOST_LATE && late.insert(name.to_owned()) {
        let why = format!("{name}: not read: the first row with it is {row}, and columns are those of the first {MOST_LINES}");
        file.faults.note(FaultCause::TableColumn, 1, row, why);
    }
}

fn push(column: &mut Column, value: &[u8], scratch: &mut String) -> bool {
    if value == b"null" {
        cell::push_null(column);
        return true;
    }
    if column.kind == Kind::Json {
        return match json_in_text(value) {
            Some(text) => cell::push(column, text.as_bytes()),
            None => cell::push(column, value),
        };
    }
    let [b'"', text @ .., b'"'] = value else { return cell::push(column, value) };
    if !text.contains(&b'\\') {
        return cell::push(column, text);
    }
    match serde_json::from_slice::<String>(value) {
        Ok(text) => {
            *scratch = text;
            cell::push(column, scratch.as_bytes())
        }
        Err(_) => {
            cell::push_null(column);
            false
        }
    }
}

/// A list or object that stands in a string, as programs write it that have no type for it.
fn json_in_text(value: &[u8]) -> Option<String> {
    if value.first() != Some(&b'"') {
        return None;
    }
    let text = serde_json::from_slice::<String>(value).ok()?;
    (text.starts_with(['{', '[']) && is_json(text.as_bytes())).then_some(text)
}

/// Lists are handed on as they are, and strings without escapes too: so the line must be JSON as a whole.
fn is_json(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// Calls with each member's name and the place of its value; `None` if the line is no object, after the members that are whole.
fn members(line: &[u8], mut each: impl FnMut(&str, (usize, usize))) -> Option<()> {
    let mut at = blank(line, 0);
    if line.get(at) != Some(&b'{') {
        return None;
    }
    at = blank(line, at + 1);
    if line.get(at) == Some(&b'}') {
        return Some(());
    }
    loop {
        let end = string(line, at)?;
        let name: std::borrow::Cow<'_, str> = match line.get(at + 1..end - 1)? {
            plain if !plain.contains(&b'\\') => std::str::from_utf8(plain).ok()?.into(),
            _ => serde_json::from_slice::<String>(line.get(at..end)?).ok()?.into(),
        };
        at = blank(line, end);
        if line.get(at) != Some(&b':') {
            return None;
        }
        let start = blank(line, at + 1);
        let end = value(line, start)?;
        at = blank(line, end);
        let more = match line.get(at)? {
            b',' => true,
            b'}' => false,
            _ => return None,
        };
        each(&name, (start, end));
        if !more {
            return Some(());
        }
        at = blank(line, at + 1);
    }
}

fn blank(line: &[u8], mut at: usize) -> usize {
    while line.get(at).is_some_and(|octet| matches!(octet, b' ' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

/// Where a string ends that begins here.
fn string(line: &[u8], start: usize) -> Option<usize> {
    if line.get(start) != Some(&b'"') {
        return None;
    }
    let mut at = start + 1;
    loop {
        match line.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Where a value ends that begins here.
fn value(line: &[u8], start: usize) -> Option<usize> {
    match line.get(start)? {
        b'"' => string(line, start),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0usize, start);
            loop {
                match line.get(at)? {
                    b'"' => at = string(line, at)?,
                    b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
                    b'}' | b']' => {
                        (depth, at) = (depth.checked_sub(1)?, at + 1);
                        if depth == 0 {
                            return Some(at);
                        }
                    }
                    _ => at += 1,
                }
            }
        }
        _ => {
            let rest = line.get(start..)?;
            let length = rest.iter().position(|octet| matches!(octet, b',' | b'}' | b' ' | b'\t' | b'\r')).unwrap_or(rest.len());
            (length > 0).then_some(start + length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Option<Vec<(String, String)>> {
        let mut out = Vec::new();
        members(line.as_bytes(), |name, (start, end)| out.push((name.to_owned(), line[start..end].to_owned())))?;
        Some(out)
    }

    #[test]
    fn json_in_a_string_is_json() {
        assert_eq!(json_in_text(br#""{\"a\":[1]}""#).as_deref(), Some(r#"{"a":[1]}"#));
        assert_eq!(json_in_text(br#""[1,2]""#).as_deref(), Some("[1,2]"));
        for other in [r#""{a""#, r#"{"a":1}"#, r#""a""#, "1", r#""""#] {
            assert_eq!(json_in_text(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn members_of_a_line() {
        let owned = |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>());
        assert_eq!(parts(r#"{"a":1,"b":"x,}","c":null}"#), owned(&[("a", "1"), ("b", r#""x,}""#), ("c", "null")]));
        assert_eq!(parts(r#" { "a" : [1,{"x":"]"}] , "b\"" : -1.5 }"#), owned(&[("a", r#"[1,{"x":"]"}]"#), ("b\"", "-1.5")]));
        assert_eq!(parts("{}"), Some(Vec::new()));
        for wrong in ["", "[1]", "{", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1"#, r#"{"a":"x}"#, r#"{a:1}"#, r#"{"a":[1}"#, "1"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
        assert_eq!(names(br#"{"src_addr":"10.0.0.1","dst_"#), ["src_addr"]);
        assert_eq!(names(b"{\"a\":1,\"a\":2}\n\nx\n{\"b\":1,\"a\":3}\n{\"c\":{\"d\":1},\"b\":4,\"e"), ["a", "a", "b", "c"]);
        let mut long = "{\"a\":1}\n".repeat(MOST_LINES);
        long.push_str("{\"b\":1}\n");
        assert_eq!(names(long.as_bytes()), ["a"]);
    }
}
