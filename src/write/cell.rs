//! One value as text: what a column's kind looks like in every output.
//!
//! | kind | text |
//! |---|---|
//! | integers | decimal |
//! | floats | the shortest digits that read back the same; `NaN`, `inf`, `-inf` |
//! | booleans | `true`, `false` |
//! | times | ISO 8601, UTC |
//! | addresses | dotted IPv4, RFC 5952 IPv6; an IPv6 element shows a mapped address as `::ffff:192.0.2.1` |
//! | MAC addresses | `00:00:5e:00:53:01` |
//! | text | as it is, quoted where the form of output needs it |
//! | octets | hexadecimal digits, lower case |
//! | lists | JSON text; in JSON, as it is |
//! | null | nothing |

use std::io::Write;
use std::net::IpAddr;

use crate::column::{Column, Octets, Run, Validity, Values};
use crate::plan::{Canonical, Kind};
use crate::time::IsoWriter;

use super::address::{either, hex, ipv4, ipv6, mac};
use super::digits::{SLOT, octet, signed, store, unsigned};
use super::quote;

/// Appends one value of a column; nothing for null. Text is not quoted, and what an exporter put into it is not made safe for a terminal.
pub fn write_cell(out: &mut Vec<u8>, column: &Column, row: usize) {
    let mut cells = Cells::of(column);
    if !cells.is_there(row) {
        return;
    }
    if let Shape::Text(octets) | Shape::Json(octets) = cells.shape {
        out.extend_from_slice(octets.get(row));
        return;
    }
    let at = out.len();
    out.resize(at + SLOT + cells.wide(row), 0);
    let end = cells.write::<false>(out, at, row);
    out.truncate(end);
}

/// Appends what a run says of a column for which [`Canonical::is_context`] holds; nothing for null and for other columns.
pub fn write_context(out: &mut Vec<u8>, column: Canonical, run: &Run) {
    let at = out.len();
    out.resize(at + SLOT, 0);
    let context = &run.context;
    let end = match column {
        Canonical::Received => {
            out.truncate(at);
            if let Some(time) = context.received {
                IsoWriter::default().write(out, time.nanos());
            }
            return;
        }
        Canonical::NdeVersion if context.version.number() == 0 => at,
        Canonical::Exporter => match context.exporter.known_addr() {
            Some(IpAddr::V4(v4)) => either(out, at, &v4.to_ipv6_mapped().octets()),
            Some(IpAddr::V6(v6)) => either(out, at, &v6.octets()),
            None => at,
        },
        Canonical::ObservationDomain => context.domain.map_or(at, |domain| unsigned(out, at, u64::from(domain))),
        Canonical::NdeVersion => unsigned(out, at, u64::from(context.version.number())),
        Canonical::TemplateId => context.template_id.map_or(at, |id| unsigned(out, at, u64::from(id))),
        _ => at,
    };
    out.truncate(end);
}

/// The values of a column, its kind looked up once: what a line is written from.
pub(super) struct Cells<'a> {
    shape: Shape<'a>,
    validity: &'a Validity,
    rows: usize,
}

/// A kind and its values.
enum Shape<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
    I64(&'a [i64]),
    F64(&'a [f64]),
    Bool(&'a [bool]),
    Time(&'a [i64], Iso),
    Address(&'a [[u8; 16]]),
    Ipv4(&'a [u32]),
    Ipv6(&'a [[u8; 16]]),
    Mac(&'a [u64]),
    Text(&'a Octets),
    Octets(&'a Octets),
    Json(&'a Octets),
}

/// Which rows of a run have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// All of them.
    All,
    /// None of them.
    None,
    /// Some.
    Some,
}

impl<'a> Cells<'a> {
    /// The values of a column. One whose values don't suit its kind has none.
    pub(super) fn of(column: &'a Column) -> Self {
        let shape = match (column.kind, &column.values) {
            (Kind::U8, Values::U8(v)) => Shape::U8(v),
            (Kind::U16, Values::U16(v)) => Shape::U16(v),
            (Kind::U32, Values::U32(v)) => Shape::U32(v),
            (Kind::U64, Values::U64(v)) => Shape::U64(v),
            (Kind::I64, Values::I64(v)) => Shape::I64(v),
            (Kind::F64, Values::F64(v)) => Shape::F64(v),
            (Kind::Bool, Values::Bool(v)) => Shape::Bool(v),
            (Kind::Time, Values::I64(v)) => Shape::Time(v, Iso::default()),
            (Kind::Address, Values::Address(v)) => Shape::Address(v),
            (Kind::Ipv4, Values::U32(v)) => Shape::Ipv4(v),
            (Kind::Ipv6, Values::Address(v)) => Shape::Ipv6(v),
            (Kind::Mac, Values::U64(v)) => Shape::Mac(v),
            (Kind::Text, Values::Octets(v)) => Shape::Text(v),
            (Kind::Octets, Values::Octets(v)) => Shape::Octets(v),
            (Kind::Json, Values::Octets(v)) => Shape::Json(v),
            _ => Shape::U8(&[]),
        };
        let mut cells = Self { shape, validity: &column.validity, rows: 0 };
        cells.rows = cells.values().min(column.validity.len());
        cells
    }

    fn values(&self) -> usize {
        match &self.shape {
            Shape::U8(v) => v.len(),
            Shape::U16(v) => v.len(),
            Shape::U32(v) | Shape::Ipv4(v) => v.len(),
            Shape::U64(v) | Shape::Mac(v) => v.len(),
            Shape::I64(v) | Shape::Time(v, _) => v.len(),
            Shape::F64(v) => v.len(),
            Shape::Bool(v) => v.len(),
            Shape::Address(v) | Shape::Ipv6(v) => v.len(),
            Shape::Text(v) | Shape::Octets(v) | Shape::Json(v) => v.offsets.len().saturating_sub(1),
        }
    }

    /// Is there a value in this row?
    #[inline(always)]
    pub(super) fn is_there(&self, row: usize) -> bool {
        row < self.rows && self.validity.get(row)
    }

    /// Which of these rows have a value.
    pub(super) fn presence(&self, start: usize, rows: usize) -> Presence {
        if start + rows > self.rows {
            return if start >= self.rows { Presence::None } else { Presence::Some };
        }
        let Some(bits) = self.validity.bits() else { return Presence::All };
        if self.validity.nulls() == self.validity.len() {
            return Presence::None;
        }
        let (mut row, end, mut all, mut none) = (start, start + rows, true, true);
        while row < end {
            let (octet, first) = (bits.get(row / 8).copied().unwrap_or(0), row % 8);
            let count = (8 - first).min(end - row);
            let wanted = (0xff_u8 >> (8 - count)) << first;
            all &= octet & wanted == wanted;
            none &= octet & wanted == 0;
            row += count;
        }
        match (all, none) {
            (true, _) => Presence::All,
            (_, true) => Presence::None,
            _ => Presence::Some,
        }
    }

    /// True for values without a bound on their length.
    pub(super) fn is_wide(&self) -> bool {
        matches!(self.shape, Shape::Text(_) | Shape::Octets(_) | Shape::Json(_))
    }

    /// Room that this row's value may need beyond [`SLOT`].
    pub(super) fn wide(&self, row: usize) -> usize {
        match &self.shape {
            Shape::Text(v) | Shape::Octets(v) | Shape::Json(v) => quote::room(v.get(row).len()),
            _ => 0,
        }
    }

    /// Writes the value of a row that is there, as CSV or JSON has it; returns where it ends. It may fill [`SLOT`] octets behind `at`,
    /// or as many as [`Cells::wide`] says.
    #[inline(always)]
    pub(super) fn write<const JSON: bool>(&mut self, out: &mut [u8], at: usize, row: usize) -> usize {
        match &mut self.shape {
            Shape::U8(v) => octet(out, at, v[row]),
            Shape::U16(v) => unsigned(out, at, u64::from(v[row])),
            Shape::U32(v) => unsigned(out, at, u64::from(v[row])),
            Shape::U64(v) => unsigned(out, at, v[row]),
            Shape::I64(v) => signed(out, at, v[row]),
            Shape::F64(v) => float::<JSON>(out, at, v[row]),
            Shape::Bool(v) => boolean(out, at, v[row]),
            Shape::Time(v, iso) => quoted::<JSON>(out, at, |out, at| iso.write(out, at, v[row])),
            Shape::Address(v) => quoted::<JSON>(out, at, |out, at| either(out, at, &v[row])),
            Shape::Ipv4(v) => quoted::<JSON>(out, at, |out, at| ipv4(out, at, v[row].to_be_bytes())),
            Shape::Ipv6(v) => quoted::<JSON>(out, at, |out, at| ipv6(out, at, &v[row])),
            Shape::Mac(v) => quoted::<JSON>(out, at, |out, at| mac(out, at, v[row])),
            Shape::Text(v) if JSON => quote::json(out, at, v.get(row)),
            Shape::Text(v) => quote::csv(out, at, v.get(row)),
            Shape::Json(v) if JSON => quote::plain(out, at, v.get(row)),
            Shape::Json(v) => quote::csv(out, at, v.get(row)),
            Shape::Octets(v) if JSON || !v.get(row).is_empty() => quoted::<JSON>(out, at, |out, at| hex(out, at, v.get(row))),
            Shape::Octets(_) => quote::csv(out, at, &[]),
        }
    }
}

/// What is a string in JSON and needs no quotes in CSV.
#[inline(always)]
fn quoted<const JSON: bool>(out: &mut [u8], at: usize, write: impl FnOnce(&mut [u8], usize) -> usize) -> usize {
    if !JSON {
        return write(out, at);
    }
    store(out, at, *b"\"");
    let end = write(out, at + 1);
    store(out, end, *b"\"");
    end + 1
}

fn float<const JSON: bool>(out: &mut [u8], at: usize, value: f64) -> usize {
    let digits = |out: &mut [u8], at: usize| {
        let mut rest = &mut out[at..];
        let before = rest.len();
        // At most 24 octets, as `-2.2250738585072014e-308`: there is room.
        let _ = write!(rest, "{value:?}");
        at + before - rest.len()
    };
    if value.is_finite() { digits(out, at) } else { quoted::<JSON>(out, at, digits) }
}

fn boolean(out: &mut [u8], at: usize, value: bool) -> usize {
    store(out, at, if value { *b"true " } else { *b"false" });
    at + if value { 4 } else { 5 }
}

/// The times of one column: neighbours share their second, and often are equal.
#[derive(Default)]
struct Iso {
    writer: IsoWriter,
    text: Vec<u8>,
}

impl Iso {
    #[inline(always)]
    fn write(&mut self, out: &mut [u8], at: usize, nanos: i64) -> usize {
        self.text.clear();
        self.writer.write(&mut self.text, nanos);
        let end = at + self.text.len();
        // 24 to 30 octets: two stores that overlap.
        if let (Some(first), Some(last)) = (self.text.first_chunk::<16>(), self.text.last_chunk::<16>()) {
            store(out, at, *first);
            store(out, end - last.len(), *last);
        }
        end
    }
}
