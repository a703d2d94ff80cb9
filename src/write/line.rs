//! The line of a run: what is the same in all its rows, and where the values come in between.
//!
//! Separators, names, nulls and the columns that hold one value a run are put together once for each run. So a row is a few stretches of
//! fixed text with the values between them, and a column that a template lacks costs nothing.

use crate::column::Run;
use crate::plan::Canonical;

use super::cell::{Cells, Presence, write_context};
use super::digits::{SLOT, store};
use super::quote::plain;

/// Where a column of the output comes from.
pub(super) enum Origin<'a> {
    /// From the run.
    Context(Canonical),
    /// From the values.
    Cells(Cells<'a>),
    /// From nowhere: the batch has no such column.
    Nothing,
}

/// A column of the output and what stands before each of its values.
pub(super) struct Field<'a> {
    /// In JSON, `"name":`; the separator before it is not in it.
    pub(super) label: &'a [u8],
    /// What fills it.
    pub(super) origin: Origin<'a>,
}

/// Stretches up to this length are copied as so many octets, whatever their length: a store instead of a call.
const SHORT: usize = 16;

/// The line of a run.
#[derive(Default)]
pub(super) struct Line {
    /// Fixed text, one stretch after the other; the last ends the row.
    fixed: Vec<u8>,
    steps: Vec<Step>,
    /// Steps whose values have no bound on their length.
    wide: Vec<usize>,
    /// Room that a row needs, without the wide ones.
    room: usize,
}

struct Step {
    /// Where the fixed text before the value ends.
    until: usize,
    /// The number of the column.
    field: usize,
    /// Whether some rows are null.
    nulls: bool,
}

impl Line {
    /// Sets the line up for a run.
    pub(super) fn prepare<const JSON: bool>(&mut self, fields: &[Field<'_>], run: &Run) {
        self.fixed.clear();
        self.steps.clear();
        self.wide.clear();
        if JSON {
            self.fixed.push(b'{');
        }
        for (number, field) in fields.iter().enumerate() {
            if number > 0 {
                self.fixed.push(b',');
            }
            self.fixed.extend_from_slice(field.label);
            match &field.origin {
                Origin::Context(column) => self.context::<JSON>(*column, run, fields.len()),
                Origin::Nothing => self.fixed.extend_from_slice(null::<JSON>(fields.len())),
                Origin::Cells(cells) => match cells.presence(run.start, run.rows) {
                    Presence::None => self.fixed.extend_from_slice(null::<JSON>(fields.len())),
                    presence => {
                        self.steps.push(Step { until: self.fixed.len(), field: number, nulls: presence == Presence::Some });
                        if cells.is_wide() {
                            self.wide.push(number);
                        }
                    }
                },
            }
        }
        self.fixed.extend_from_slice(if JSON { b"}\n" } else { b"\n" });
        // Short stretches are read as if they were SHORT long.
        self.fixed.extend_from_slice(&[0; SHORT]);
        self.room = self.fixed.len() + SLOT * (self.steps.len() + 1);
    }

    fn context<const JSON: bool>(&mut self, column: Canonical, run: &Run, columns: usize) {
        let text = JSON && matches!(column, Canonical::Received | Canonical::Exporter);
        if text {
            self.fixed.push(b'"');
        }
        let before = self.fixed.len();
        write_context(&mut self.fixed, column, run);
        if self.fixed.len() == before {
            self.fixed.truncate(before - usize::from(text));
            self.fixed.extend_from_slice(null::<JSON>(columns));
        } else if text {
            self.fixed.push(b'"');
        }
    }

    /// Room that the row may fill, more than its text.
    #[inline(always)]
    pub(super) fn room(&self, fields: &[Field<'_>], row: usize) -> usize {
        let mut room = self.room;
        for number in &self.wide {
            if let Origin::Cells(cells) = &fields[*number].origin {
                room += cells.wide(row);
            }
        }
        room
    }

    /// Writes a row; returns where it ends. There must be [`Line::room`].
    #[inline(always)]
    pub(super) fn write<const JSON: bool>(&self, fields: &mut [Field<'_>], out: &mut [u8], mut at: usize, row: usize) -> usize {
        let columns = fields.len();
        let mut from = 0;
        for step in &self.steps {
            at = self.stretch(out, at, from, step.until);
            from = step.until;
            if let Origin::Cells(cells) = &mut fields[step.field].origin {
                at = if step.nulls && !cells.is_there(row) {
                    plain(out, at, null::<JSON>(columns))
                } else {
                    cells.write::<JSON>(out, at, row)
                };
            }
        }
        self.stretch(out, at, from, self.fixed.len() - SHORT)
    }

    #[inline(always)]
    fn stretch(&self, out: &mut [u8], at: usize, from: usize, until: usize) -> usize {
        let length = until - from;
        match self.fixed[from..].first_chunk::<SHORT>() {
            Some(short) if length <= SHORT => store(out, at, *short),
            _ => out[at..at + length].copy_from_slice(&self.fixed[from..until]),
        }
        at + length
    }
}

/// Null. As the only cell of a CSV row it is written as `""`, as the csv crate does it: readers skip an empty line.
fn null<const JSON: bool>(columns: usize) -> &'static [u8] {
    match (JSON, columns) {
        (true, _) => b"null",
        (false, 1) => b"\"\"",
        (false, _) => b"",
    }
}
