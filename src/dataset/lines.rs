//! Text cut into stretches of whole rows, which the workers read: a row ends with a line break that is not inside of quotes. Where a quote has
//! no end, the row ends with its line all the same, so that the next ones are not lost.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use crate::collector::StoredRows;
use crate::column::FlowBatch;
use crate::input::{FaultCause, TableForm};

use super::assemble::Layout;
use super::faults::{Faults, Tally};
use super::{csv_rows, ndjson};

/// Octets of a stretch, about: some thousand rows.
const STRETCH: usize = 512 << 10;
/// Rows that are mostly wanted of a stretch.
const USUAL_ROWS: usize = 8_192;
/// Stretches that are read as one where more rows are wanted: 16 MiB.
const MOST_STRETCHES: usize = 32;
/// A row longer than this is no row.
const LONGEST: usize = 64 << 20;

/// Whole rows of text.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) octets: Vec<u8>,
    /// The number of the first row, from 1.
    pub(super) first: u64,
    /// Rows, blank lines among them.
    pub(super) rows: usize,
}

/// Cuts what a reader gives.
pub(super) struct Cutter {
    reader: Box<dyn Read + Send>,
    quotes: bool,
    rest: Vec<u8>,
    next: u64,
    ended: bool,
    failed: Option<io::Error>,
}

/// Why there are no more rows.
#[derive(Debug)]
pub(super) enum CutError {
    /// The reader's.
    Read(io::Error),
    /// The row with that number has no end.
    Endless(u64),
}

impl Cutter {
    /// For a form of text.
    pub(super) fn new(reader: Box<dyn Read + Send>, form: TableForm) -> Self {
        Self { reader, quotes: form == TableForm::Csv, rest: Vec::new(), next: 1, ended: false, failed: None }
    }

    /// The names of the columns: of CSV in its first row, which is not counted; of ndjson in the first rows.
    pub(super) fn names(&mut self) -> Result<Vec<String>, CutError> {
        if self.quotes {
            return Ok(self.header()?.map(|line| csv_rows::names(&line)).unwrap_or_default());
        }
        if self.rest.is_empty() && !self.ended {
            self.more(STRETCH)?;
        }
        if self.rest.is_empty() {
            self.failure()?;
        }
        Ok(ndjson::names(&self.rest))
    }

    /// The first row, without its line break: it is not counted. `None` at the end.
    fn header(&mut self) -> Result<Option<Vec<u8>>, CutError> {
        loop {
            let end = match row_end(&self.rest, 0, self.quotes) {
                Some(end) => end,
                None if self.ended => {
                    self.failure()?;
                    self.broken().unwrap_or(self.rest.len())
                }
                None => match self.more(STRETCH)? {
                    Some(end) => end,
                    None => continue,
                },
            };
            let rest = self.rest.split_off(end);
            let mut line = std::mem::replace(&mut self.rest, rest);
            if line.is_empty() {
                return Ok(None);
            }
            line.pop_if(|octet| *octet == b'\n');
            return Ok(Some(line));
        }
    }

    /// The next rows, so many at most; `None` at the end. What a reader gave before it failed comes first, then its error.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<Stretch>, CutError> {
        // Whoever wants more rows at once than usual gets more text at once.
        let wanted = STRETCH * most.div_ceil(USUAL_ROWS).min(MOST_STRETCHES);
        loop {
            if (self.ended || self.rest.len() >= wanted)
                && let Some((end, rows)) = ends(&self.rest, self.quotes, most)
            {
                return Ok(Some(self.stretch(end, rows)));
            }
            if self.ended {
                self.failure()?;
                // A last row without a line break, or one in which a quote has no end.
                let end = self.broken().unwrap_or(self.rest.len());
                return Ok((end > 0).then(|| self.stretch(end, 1)));
            }
            if let Some(end) = self.more(wanted)? {
                return Ok(Some(self.stretch(end, 1)));
            }
        }
    }

    /// The error that ended the reading; the row that it cut is left out.
    fn failure(&mut self) -> Result<(), CutError> {
        match self.failed.take() {
            Some(error) => {
                self.rest.clear();
                Err(CutError::Read(error))
            }
            None => Ok(()),
        }
    }

    fn stretch(&mut self, end: usize, rows: usize) -> Stretch {
        let rest = self.rest.split_off(end);
        let octets = std::mem::replace(&mut self.rest, rest);
        let first = self.next;
        self.next += rows as u64;
        Stretch { octets, first, rows }
    }

    /// Where the first line ends of a row that has no end: a quote is missing in it, and the rows behind it are whole.
    fn broken(&self) -> Option<usize> {
        row_end(&self.rest, 0, false)
    }

    /// Reads on. Where there is more than a row can have already, tells where the line ends that is taken for one.
    fn more(&mut self, wanted: usize) -> Result<Option<usize>, CutError> {
        if self.rest.len() > LONGEST {
            return self.broken().map(Some).ok_or(CutError::Endless(self.next));
        }
        // A row longer than all that is wanted doubles it.
        let missing = wanted.checked_sub(self.rest.len()).filter(|m| *m > 0).unwrap_or(self.rest.len());
        match self.reader.by_ref().take(missing as u64).read_to_end(&mut self.rest) {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) => (self.ended, self.failed) = (true, Some(error)),
        }
        Ok(None)
    }
}

/// Where the row ends that begins here, behind its line break.
fn row_end(text: &[u8], start: usize, quotes: bool) -> Option<usize> {
    if quotes {
        return csv_rows::row_end(text, start);
    }
    text.get(start..)?.iter().position(|octet| *octet == b'\n').map(|length| start + length + 1)
}

/// Where the last whole row ends, of so many at most, and how many whole rows there are.
fn ends(text: &[u8], quotes: bool, most: usize) -> Option<(usize, usize)> {
    let quotes = quotes && text.contains(&b'"');
    if !quotes {
        let last = text.iter().rposition(|octet| *octet == b'\n')?;
        let rows = text.iter().filter(|octet| **octet == b'\n').count();
        if rows <= most {
            return Some((last + 1, rows));
        }
    }
    let (mut end, mut rows) = (0, 0);
    while rows < most
        && let Some(next) = row_end(text, end, quotes)
    {
        (end, rows) = (next, rows + 1);
    }
    (rows > 0).then_some((end, rows))
}

/// What all stretches of a file share.
#[derive(Debug)]
pub(super) struct TextFile {
    pub(super) form: TableForm,
    pub(super) layout: Layout,
    /// Columns of the file: cells of a row.
    pub(super) width: usize,
    /// For each column of the file, the number of its target.
    pub(super) targets: Vec<Option<usize>>,
    pub(super) faults: Arc<Faults>,
    /// The names of the columns, where rows name them.
    pub(super) names: Vec<String>,
    /// Names in rows that are none of the columns.
    pub(super) late: Mutex<HashSet<String>>,
}

impl TextFile {
    /// For a file of these columns.
    pub(super) fn new(form: TableForm, layout: Layout, names: Vec<String>, faults: Arc<Faults>) -> Self {
        let width = names.len();
        let mut targets = vec![None; width];
        for (number, target) in layout.targets.iter().enumerate() {
            if let Some(place) = targets.get_mut(target.column) {
                *place = Some(number);
            }
        }
        Self { form, layout, width, targets, faults, names, late: Mutex::default() }
    }
}

/// A stretch that waits to be read.
#[derive(Debug)]
pub(super) struct TextRows {
    pub(super) file: Arc<TextFile>,
    pub(super) stretch: Stretch,
}

/// Rows that were left out, and the first of them.
#[derive(Debug, Default)]
pub(super) struct BadRows {
    count: u64,
    first: Option<(u64, String)>,
}

impl BadRows {
    /// Counts one.
    pub(super) fn add(&mut self, row: u64, why: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(|| (row, why()));
    }
}

impl StoredRows for TextRows {
    fn rows(&self) -> usize {
        self.stretch.rows
    }

    fn load(&self, batch: &mut FlowBatch) {
        let (mut values, mut rows) = (Tally::default(), BadRows::default());
        let file = &self.file;
        file.layout.fill(batch, |columns| match file.form {
            TableForm::Ndjson => ndjson::read(file, &self.stretch, columns, &mut values, &mut rows),
            _ => csv_rows::read(file, &self.stretch, columns, &mut values, &mut rows),
        });
        values.tell(&file.faults);
        if let Some((row, why)) = rows.first {
            file.faults.note(FaultCause::TableRow, rows.count, row, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &'static [u8], form: TableForm) -> Vec<(u64, usize, String)> {
        let mut cutter = Cutter::new(Box::new(text), form);
        let mut out = Vec::new();
        while let Some(s) = cutter.next(USUAL_ROWS).unwrap() {
            out.push((s.first, s.rows, String::from_utf8(s.octets).unwrap()));
        }
        out
    }

    #[test]
    fn rows_end_outside_of_quotes() {
        assert_eq!(ends(b"a,b\n1,2\n3", true, 9), Some((8, 2)));
        assert_eq!(ends(b"\"a\nb\",2\n\"3\n4", true, 9), Some((8, 1)));
        assert_eq!(ends(b"\"a\nb\",2\n\"3\n4", false, 9), Some((11, 3)));
        assert_eq!(ends(b"abc", true, 9), None);
        // A quote within a cell is a sign like others, and opens nothing.
        assert_eq!(ends(b"1,a\"b\n2,c\n3,\"d\ne\"\"\nf\"\n", true, 9), Some((22, 3)));
        assert_eq!(ends(b"1,\"a\"b\"\n2,c\n", true, 9), Some((12, 2)));
        assert_eq!(ends(b"1,a\n2,\"c\"\n3\n", true, 2), Some((10, 2)));
        assert_eq!(
            cut(b"1,2\n3,\"4\n5,6\n7,\"\"", TableForm::Csv),
            [(1, 1, "1,2\n".into()), (2, 1, "3,\"4\n".into()), (3, 1, "5,6\n".into()), (4, 1, "7,\"\"".into())]
        );
        assert_eq!(cut(b"1\n2\n3", TableForm::Csv), [(1, 2, "1\n2\n".into()), (3, 1, "3".into())]);
        assert_eq!(cut(b"", TableForm::Csv), []);
    }

    #[test]
    fn a_header_and_long_text() {
        let mut text = b"x,\"a\nb\"\r\n".to_vec();
        for n in 0..200_000 {
            text.extend_from_slice(format!("{n},\"line\n{n}\"\n").as_bytes());
        }
        let total = text.len();
        let mut cutter = Cutter::new(Box::new(io::Cursor::new(text)), TableForm::Csv);
        let header = cutter.header().unwrap().unwrap();
        assert_eq!(header, b"x,\"a\nb\"\r");
        let (mut rows, mut octets, mut next) = (0, header.len() + 1, 1);
        while let Some(s) = cutter.next(USUAL_ROWS).unwrap() {
            assert_eq!(s.first, next);
            assert!(s.octets.ends_with(b"\"\n") && s.octets.len() < 2 * STRETCH);
            (rows, octets, next) = (rows + s.rows, octets + s.octets.len(), next + s.rows as u64);
        }
        assert_eq!((rows, octets), (200_000, total));
    }

    #[test]
    fn a_quote_without_end() {
        let mut text = b"1\n\"".to_vec();
        text.resize(LONGEST + STRETCH, b'x');
        let mut cutter = Cutter::new(Box::new(io::Cursor::new(text)), TableForm::Csv);
        assert_eq!(cutter.next(USUAL_ROWS).unwrap().map(|s| s.rows), Some(1));
        assert!(matches!(cutter.next(USUAL_ROWS), Err(CutError::Endless(2))));
        // Where there are lines behind it, it costs its own alone.
        let mut text = b"1\n\"2\n".to_vec();
        text.resize(LONGEST + STRETCH, b'3');
        text.extend_from_slice(b"\n4\n");
        let mut cutter = Cutter::new(Box::new(io::Cursor::new(text)), TableForm::Csv);
        let rows: Vec<_> = std::iter::from_fn(|| cutter.next(USUAL_ROWS).unwrap().map(|s| (s.first, s.rows, s.octets.len()))).collect();
        assert_eq!(rows, [(1, 1, 2), (2, 1, 3), (3, 2, LONGEST + STRETCH - 2)]);
    }

    #[test]
    fn what_came_before_an_error_is_given() {
        struct Failing(usize);
        impl Read for Failing {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 1 {
                    return Err(io::Error::other("gone"));
                }
                buf[..6].copy_from_slice(b"1\n2\n3,");
                Ok(6)
            }
        }
        let mut cutter = Cutter::new(Box::new(Failing(0)), TableForm::Csv);
        assert_eq!(cutter.next(USUAL_ROWS).unwrap().map(|s| (s.rows, s.octets)), Some((2, b"1\n2\n".to_vec())));
        assert!(matches!(cutter.next(USUAL_ROWS), Err(CutError::Read(_))));
    }
}
