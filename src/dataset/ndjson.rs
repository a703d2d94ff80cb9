//! One JSON object a line (RFC 8259) as `write` has them. The names of the first line are the columns; members of other names are passed over.
//!
//! A value goes from the line into its column; only strings with escapes are made anew. Lists, which are JSON, stay as they are.

use serde::de::IgnoredAny;

use crate::column::Column;
use crate::plan::Kind;

use super::cell;
use super::faults::{Tally, shown};
use super::lines::{BadRows, Stretch, TextFile};

/// The names in a line; `None` if it is no JSON object.
pub(super) fn names(line: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    members(line, |name, _| names.push(name.to_owned()))?;
    Some(names)
}

/// The names that the first octets of a file hold whole.
pub(super) fn first_names(head: &[u8]) -> Vec<String> {
    let line = head.split(|octet| *octet == b'\n').next().unwrap_or(&[]);
    let mut names = Vec::new();
    // A line that is cut off ends in the middle of a member: those before are whole.
    let _ = members(line, |name, _| names.push(name.to_owned()));
    names
}

/// Reads whole rows into the columns of their targets; returns how many.
pub(super) fn read(file: &TextFile, stretch: &Stretch, columns: &mut [Column], values: &mut Tally, rows: &mut BadRows) -> usize {
    let targets = &file.layout.targets;
    let (mut number, mut read) = (stretch.first, 0);
    let mut scratch = String::new();
    let mut found: Vec<Option<(usize, usize)>> = vec![None; targets.len()];
    for line in stretch.octets.split(|octet| *octet == b'\n') {
        let this = number;
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        found.fill(None);
        // Lines have their members in the same order mostly: the next target is looked at first.
        let mut next = 0;
        let whole = members(line, |name, place| {
            let at = (next..targets.len()).chain(0..next).find(|t| targets.get(*t).is_some_and(|t| t.name == name));
            if let Some(slot) = at.and_then(|at| found.get_mut(at)) {
                *slot = Some(place);
                next = at.map_or(0, |at| at + 1);
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

fn push(column: &mut Column, value: &[u8], scratch: &mut String) -> bool {
    if value == b"null" {
        cell::push_null(column);
        return true;
    }
    if column.kind == Kind::Json {
        return cell::push(column, value);
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
    fn members_of_a_line() {
        let owned = |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>());
        assert_eq!(parts(r#"{"a":1,"b":"x,}","c":null}"#), owned(&[("a", "1"), ("b", r#""x,}""#), ("c", "null")]));
        assert_eq!(parts(r#" { "a" : [1,{"x":"]"}] , "b\"" : -1.5 }"#), owned(&[("a", r#"[1,{"x":"]"}]"#), ("b\"", "-1.5")]));
        assert_eq!(parts("{}"), Some(Vec::new()));
        for wrong in ["", "[1]", "{", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1"#, r#"{"a":"x}"#, r#"{a:1}"#, r#"{"a":[1}"#, "1"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
        assert_eq!(first_names(br#"{"src_addr":"10.0.0.1","dst_"#), ["src_addr"]);
    }
}
