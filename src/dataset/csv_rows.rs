//! Comma-separated values (RFC 4180) as `write` has them: a header, null as an empty cell, empty text as `""`.
//!
//! The csv crate does not tell `""` from an empty cell, and makes a string of each; here a cell goes from the line into its column.

use crate::column::Column;

use super::cell;
use super::faults::{Tally, shown};
use super::lines::{BadRows, Stretch, TextFile};

/// A cell of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    start: usize,
    end: usize,
    form: CellForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CellForm {
    Plain,
    /// In quotes, which are not within its bounds.
    Quoted,
    /// In quotes, and with doubled ones.
    Doubled,
    /// In quotes, of which the second one is missing: it ends with its line.
    Open,
    /// The same, or the second one is beyond the text.
    Unclosed,
}

/// The names in a header line.
pub(super) fn names(line: &[u8]) -> Vec<String> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let mut cells = Vec::new();
    row(line, 0, &mut cells);
    cells.iter().map(|c| String::from_utf8_lossy(text(line, c, &mut Vec::new())).into_owned()).collect()
}

/// The names that the first octets of a file hold whole.
pub(super) fn first_names(head: &[u8]) -> Vec<String> {
    let whole = head.contains(&b'\n');
    let line = head.split(|octet| *octet == b'\n').next().unwrap_or(&[]);
    if !line.iter().all(|octet| (b' '..0x7f).contains(octet) || matches!(octet, b'\r' | 0xef | 0xbb | 0xbf)) {
        return Vec::new();
    }
    let mut names = names(line);
    if !whole && names.len() > 1 {
        names.pop();
    }
    names
}

/// Reads whole rows into the columns of their targets; returns how many.
pub(super) fn read(file: &TextFile, stretch: &Stretch, columns: &mut [Column], values: &mut Tally, rows: &mut BadRows) -> usize {
    let octets = &stretch.octets;
    let mut cells: Vec<Cell> = Vec::with_capacity(file.width);
    let mut scratch = Vec::new();
    let (mut at, mut number, mut read) = (0, stretch.first, 0);
    while at < octets.len() {
        let start = at;
        cells.clear();
        at = row(octets, at, &mut cells);
        let this = number;
        number += 1;
        if cells.last().is_some_and(|cell| matches!(cell.form, CellForm::Open | CellForm::Unclosed)) {
            rows.add(this, || format!("row {this}: a quote has no end"));
            continue;
        }
        if cells.len() != file.width {
            // A blank line is none; with one column it is a null that somebody else has written.
            if !(cells.len() == 1 && cells.iter().all(|c| c.start == c.end && c.form == CellForm::Plain)) {
                rows.add(this, || format!("row {this}: {} cells where the header has {}", cells.len(), file.width));
            }
            continue;
        }
        if file.width == 1 && octets.get(start) == Some(&b'\n') {
            continue;
        }
        for (cell, target) in cells.iter().zip(&file.targets) {
            let Some(column) = target.and_then(|t| columns.get_mut(t)) else { continue };
            // As the only cell of a row, null is written as `""`.
            if cell.start == cell.end && (cell.form == CellForm::Plain || file.width == 1) {
                cell::push_null(column);
                continue;
            }
            let text = text(octets, cell, &mut scratch);
            if !cell::push(column, text) {
                let name = target.and_then(|t| file.layout.targets.get(t)).map(|t| t.name.as_str()).unwrap_or_default();
                let kind = column.kind;
                values.add(this, || format!("row {this}: {name}: {} is no {}", shown(text), kind.name()));
            }
        }
        read += 1;
    }
    read
}

/// Splits a row; returns where the next one begins.
fn row(octets: &[u8], mut at: usize, cells: &mut Vec<Cell>) -> usize {
    loop {
        let (cell, end) = cell_at(octets, at);
        cells.push(cell);
        match octets.get(end) {
            Some(b',') => at = end + 1,
            Some(_) => return end + 1,
            None => return end,
        }
    }
}

/// Where the row ends that begins here, behind its line break; `None` if that is not there.
pub(super) fn row_end(octets: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let (cell, end) = cell_at(octets, at);
        at = end + 1;
        if cell.form == CellForm::Unclosed {
            return None;
        }
        if *octets.get(end)? == b'\n' {
            return Some(at);
        }
    }
}

/// A cell, and where it ends. A quote opens a cell at its start alone; anywhere else in a cell it is a sign like others.
fn cell_at(octets: &[u8], at: usize) -> (Cell, usize) {
    if octets.get(at) == Some(&b'"') { quoted(octets, at + 1) } else { plain(octets, at) }
}

/// A cell without quotes, and where it ends.
fn plain(octets: &[u8], start: usize) -> (Cell, usize) {
    let rest = octets.get(start..).unwrap_or(&[]);
    let end = start + rest.iter().position(|octet| matches!(octet, b',' | b'\n')).unwrap_or(rest.len());
    let at_line_end = octets.get(end) != Some(&b',');
    let cut = usize::from(at_line_end && end > start && octets.get(end - 1) == Some(&b'\r'));
    (Cell { start, end: end - cut, form: CellForm::Plain }, end)
}

/// A cell in quotes, which began before `start`, and where it ends. What stands behind the closing quote is left out; where the cell has more
/// than a line by then, that quote opens a later cell, and the one that closes this is missing: it ends with its line.
fn quoted(octets: &[u8], start: usize) -> (Cell, usize) {
    let mut form = CellForm::Quoted;
    let mut at = start;
    loop {
        match octets.get(at) {
            Some(b'"') if octets.get(at + 1) == Some(&b'"') => {
                form = CellForm::Doubled;
                at += 2;
            }
            Some(b'"') => {
                let apart = octets.get(at + 1).is_none_or(|octet| matches!(octet, b',' | b'\n' | b'\r'));
                let end = if apart { at } else { line_end(octets, start) };
                if end < at {
                    return (Cell { start, end, form: CellForm::Open }, end);
                }
                break;
            }
            None => {
                let end = line_end(octets, start);
                return (Cell { start, end, form: CellForm::Unclosed }, end);
            }
            Some(_) => at += 1,
        }
    }
    let rest = octets.get(at..).unwrap_or(&[]);
    let end = at + rest.iter().position(|octet| matches!(octet, b',' | b'\n')).unwrap_or(rest.len());
    (Cell { start, end: at, form }, end)
}

/// Where the line ends, before its line break.
fn line_end(octets: &[u8], start: usize) -> usize {
    let rest = octets.get(start..).unwrap_or(&[]);
    start + rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len())
}

/// The text of a cell.
fn text<'a>(octets: &'a [u8], cell: &Cell, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let text = octets.get(cell.start..cell.end).unwrap_or(&[]);
    if cell.form != CellForm::Doubled {
        return text;
    }
    scratch.clear();
    let mut second = false;
    for octet in text {
        second = *octet == b'"' && !second;
        if !second {
            scratch.push(*octet);
        }
    }
    scratch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<(String, CellForm)> {
        let mut cells = Vec::new();
        row(line.as_bytes(), 0, &mut cells);
        cells.iter().map(|c| (String::from_utf8_lossy(text(line.as_bytes(), c, &mut Vec::new())).into_owned(), c.form)).collect()
    }

    #[test]
    fn cells_of_a_row() {
        use CellForm::{Doubled, Open, Plain, Quoted, Unclosed};
        let owned = |cells: &[(&str, CellForm)]| cells.iter().map(|(t, f)| ((*t).to_owned(), *f)).collect::<Vec<_>>();
        assert_eq!(split("a,,b\n"), owned(&[("a", Plain), ("", Plain), ("b", Plain)]));
        assert_eq!(split("a,\"\",\r\nnext"), owned(&[("a", Plain), ("", Quoted), ("", Plain)]));
        assert_eq!(split("\"x,\ny\",\"say \"\"hi\"\"\""), owned(&[("x,\ny", Quoted), ("say \"hi\"", Doubled)]));
        assert_eq!(split("\"\"\"\",1"), owned(&[("\"", Doubled), ("1", Plain)]));
        assert_eq!(split("\"open"), owned(&[("open", Unclosed)]));
        assert_eq!(split("\"a\"b,c"), owned(&[("a", Quoted), ("c", Plain)]));
        assert_eq!(split("a\"b,\"c\"\"\n"), owned(&[("a\"b", Plain), ("c\"\"", Unclosed)]));
        assert_eq!(split("a,\"b\nc,\"d\"\n"), owned(&[("a", Plain), ("b", Open)]));
        assert_eq!(split("a,\"b\nc\"\r\n"), owned(&[("a", Plain), ("b\nc", Quoted)]));
        assert_eq!(split(""), owned(&[("", Plain)]));
    }

    #[test]
    fn names_of_a_header() {
        assert_eq!(names(b"\xef\xbb\xbfa,\"b \"\"c\"\"\"\r"), ["a", "b \"c\""]);
        assert_eq!(first_names(b"src_addr,dst_ad"), ["src_addr"]);
        assert_eq!(first_names(b"src_addr,dst_addr\n1"), ["src_addr", "dst_addr"]);
        assert!(first_names(b"\xd4\xc3\xb2\xa1,x\n").is_empty());
    }
}
