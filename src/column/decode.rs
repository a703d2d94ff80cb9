//! Runs a record plan over a Set: one tight loop over the records for each column.
//!
//! Records of constant length and widths of 1, 2, 4, 8 and 16 octets go through loops over arrays of that size; everything else
//! (odd widths, variable lengths, checked ranges) goes through slices, a little slower.

use crate::plan::{Cell, Convert, IcmpSource, JoinStep, Kind, Layout, ListTemplates, NameOf, RecordPlan, Step, TimeForm};

use super::batch::Context;
use super::convert::{self, mapped};
use super::directory::{Beside, Rate};
use super::gather;
use super::join;
use super::list::write_list;
use super::validity::Validity;
use super::values::{Column, Values};
use super::variable::Positions;

/// Memory that is used anew for each Set.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    positions: Positions,
    /// The sampling rates of a Set's records, where there are some.
    rates: Vec<Option<Rate>>,
    /// Stored records in the form that the steps see.
    gathered: Vec<u8>,
}

/// The records of one Set.
#[derive(Clone, Copy)]
pub(super) struct Records<'a> {
    body: &'a [u8],
    /// Of constant records; 0 where positions tell.
    stride: usize,
    positions: &'a Positions,
    rows: usize,
}

/// Appends the records of a Set to the columns and says how many there were. `before` rows are in the batch already.
pub(super) fn append(
    columns: &mut [Column],
    before: usize,
    plan: &RecordPlan,
    body: &[u8],
    context: &Context,
    beside: Beside<'_>,
    scratch: &mut Scratch,
) -> usize {
    let Scratch { positions, rates, gathered } = scratch;
    let body = match &plan.gather {
        Some(gather) => {
            gather::run(gather, body, gathered);
            gathered
        }
        None => body,
    };
    let records = Records::of(plan.seen(), body, positions);
    if records.rows == 0 {
        return 0;
    }
    for step in &plan.steps {
        run(columns, before, step, records, context);
    }
    for step in &plan.joins {
        join(columns, before, step, records, context, beside, rates);
    }
    if let Some(lists) = beside.lists {
        for step in &plan.steps {
            list_cells(columns, before, step, records, context, lists);
        }
    }
    records.rows
}

/// A step that needs what is known beside the records.
fn join(
    columns: &mut [Column],
    before: usize,
    step: &JoinStep,
    records: Records<'_>,
    context: &Context,
    beside: Beside<'_>,
    rates: &mut Vec<Option<Rate>>,
) {
    match step {
        JoinStep::Name { column, cell, of: NameOf::Vrf } => {
            if let Some(column) = at(columns, *column, before) {
                join::vrfs(column, records, *cell, beside.known);
            }
        }
        JoinStep::Name { column, cell, of } => {
            if let (Some(known), Some(column)) = (beside.known, columns.get_mut(usize::from(*column))) {
                column.pad(before);
                join::names(column, records, *cell, *of, known);
            }
        }
        JoinStep::Sampling { column, scaled, sources } => {
            if !join::rates(rates, records, sources, context, beside) {
                return;
            }
            if let Some(column) = column.and_then(|c| at(columns, c, before)) {
                join::intervals(column, rates);
            }
            for column in scaled {
                if let Some(column) = columns.get_mut(usize::from(*column)) {
                    join::scale(column, before, rates);
                }
            }
        }
    }
}

impl<'a> Records<'a> {
    fn of(layout: &Layout, body: &'a [u8], positions: &'a mut Positions) -> Self {
        match layout.stride {
            Some(stride) => {
                let stride = stride as usize;
                let rows = body.len() / stride;
                Self { body: &body[..rows * stride], stride, positions, rows }
            }
            None => {
                let rows = positions.walk(layout, body);
                Self { body, stride: 0, positions, rows }
            }
        }
    }

    /// How many they are.
    pub(super) fn rows(self) -> usize {
        self.rows
    }

    /// The cells of one field, as slices of whatever length.
    #[inline]
    pub(super) fn slices(self, cell: Cell) -> impl Iterator<Item = &'a [u8]> {
        let (offset, width) = (cell.offset as usize, usize::from(cell.width));
        (0..self.rows).map(move |row| {
            let (start, length) = if self.stride != 0 { (row * self.stride + offset, width) } else { self.positions.get(row, cell.field) };
            self.body.get(start..start + length).unwrap_or(&[])
        })
    }

    /// The cells of one field of constant records as arrays; `None` where the width is another.
    #[inline]
    fn arrays<const N: usize>(self, cell: Cell) -> Option<impl ExactSizeIterator<Item = [u8; N]>> {
        if self.stride == 0 || usize::from(cell.width) != N {
            return None;
        }
        let from_first = self.body.get(cell.offset as usize..)?;
        Some(from_first.chunks(self.stride).map(|record| record.first_chunk::<N>().copied().unwrap_or([0; N])))
    }
}

fn run(columns: &mut [Column], before: usize, step: &Step, records: Records<'_>, context: &Context) {
    match *step {
        Step::Convert { column, cell, how } => {
            if let Some(column) = at(columns, column, before) {
                convert_cells(column, records, cell, how, context);
            }
        }
        Step::EitherAddress { column, v4, v6, ip_version } => {
            if let Some(column) = at(columns, column, before) {
                either_address(column, records, v4, v6, ip_version);
            }
        }
        Step::EitherNumber { column, first, second } => {
            if let Some(column) = at(columns, column, before) {
                for (a, b) in records.slices(first).zip(records.slices(second)) {
                    let value = convert::unsigned(a).filter(|n| *n != 0).or(convert::unsigned(b)).or(convert::unsigned(a));
                    push_unsigned(column, value);
                }
            }
        }
        Step::SinceBoot { column, stamp, boot } => {
            if let Some(Column { values: Values::I64(values), validity, .. }) = at(columns, column, before) {
                for (stamp, boot) in records.slices(stamp).zip(records.slices(boot)) {
                    let boot = convert::time(TimeForm::Millis, boot, context).map(crate::time::Timestamp::from_nanos);
                    let own = Context { clock: None, boot, ..*context };
                    push(values, validity, convert::time(TimeForm::Uptime, stamp, &own));
                }
            }
        }
        Step::StartPlus { column, start, duration, unit } => {
            let starts = recent_times(columns, start, before);
            if let Some(Column { values: Values::I64(values), validity, .. }) = at(columns, column, before) {
                for (start, duration) in starts.into_iter().zip(records.slices(duration)) {
                    let nanos = convert::unsigned(duration).and_then(|n| i64::try_from(n).ok()).and_then(|n| n.checked_mul(unit));
                    push(values, validity, start.zip(nanos).and_then(|(s, n)| s.checked_add(n)));
                }
            }
        }
        Step::Duration { column, start, end } => duration(columns, before, column, start, end),
        Step::Icmp { type_column, code_column, v4, v6, protocol } => {
            for (column, is_type) in [(type_column, true), (code_column, false)] {
                if let Some(column) = column.and_then(|c| at(columns, c, before)) {
                    icmp(column, records, is_type, v4, v6, protocol);
                }
            }
        }
    }
}

/// Fills a column of lists; other steps are done already.
fn list_cells(columns: &mut [Column], before: usize, step: &Step, records: Records<'_>, context: &Context, lists: &ListTemplates) {
    if let Step::Convert { column, cell, how: Convert::List(form) } = *step
        && let Some(Column { values: Values::Octets(values), validity, .. }) = at(columns, column, before)
    {
        for octets in records.slices(cell) {
            validity.push(write_list(form, octets, lists, context, &mut values.data));
            values.seal();
        }
    }
}

/// The column, padded up to the rows that were there before this Set.
fn at(columns: &mut [Column], position: u16, before: usize) -> Option<&mut Column> {
    let column = columns.get_mut(usize::from(position))?;
    column.pad(before);
    Some(column)
}

fn recent_times(columns: &[Column], position: u16, before: usize) -> Vec<Option<i64>> {
    match columns.get(usize::from(position)) {
        Some(Column { values: Values::I64(values), validity, .. }) => {
            values.iter().enumerate().skip(before).map(|(row, v)| validity.get(row).then_some(*v)).collect()
        }
        _ => Vec::new(),
    }
}

fn duration(columns: &mut [Column], before: usize, column: u16, start: u16, end: u16) {
    const NANOS_PER_MILLI: i64 = 1_000_000;
    let Some(mut target) = columns.get_mut(usize::from(column)).map(|c| std::mem::replace(c, Column::new(Kind::I64))) else { return };
    target.pad(before);
    if let (Values::I64(out), Some(starts), Some(ends)) =
        (&mut target.values, columns.get(usize::from(start)), columns.get(usize::from(end)))
        && let (Values::I64(s), Values::I64(e)) = (&starts.values, &ends.values)
    {
        let rows = s.len().min(e.len());
        if starts.validity.nulls() == 0 && ends.validity.nulls() == 0 {
            out.extend(s[before..rows].iter().zip(&e[before..rows]).map(|(s, e)| e.wrapping_sub(*s) / NANOS_PER_MILLI));
            target.validity.extend(rows - before, true);
        } else {
            for row in before..rows {
                let both = starts.validity.get(row) && ends.validity.get(row);
                push(out, &mut target.validity, both.then(|| e[row].saturating_sub(s[row]) / NANOS_PER_MILLI));
            }
        }
    }
    if let Some(place) = columns.get_mut(usize::from(column)) {
        *place = target;
    }
}

#[inline]
fn push<T: Default>(values: &mut Vec<T>, validity: &mut Validity, value: Option<T>) {
    validity.push(value.is_some());
    values.push(value.unwrap_or_default());
}

fn push_unsigned(column: &mut Column, value: Option<u64>) {
    let validity = &mut column.validity;
    match &mut column.values {
        Values::U8(v) => push(v, validity, value.and_then(|n| n.try_into().ok())),
        Values::U16(v) => push(v, validity, value.and_then(|n| n.try_into().ok())),
        Values::U32(v) => push(v, validity, value.and_then(|n| n.try_into().ok())),
        Values::U64(v) => push(v, validity, value),
        _ => {}
    }
}

/// Loops over arrays of the field's width if it is one that the column's type can take without a check.
macro_rules! widen {
    ($values:ident, $validity:ident, $records:ident, $cell:ident, $($width:literal => $wire:ty),+ ; $target:ty) => {
        match $cell.width {
            $($width if $records.stride != 0 => {
                if let Some(cells) = $records.arrays::<$width>($cell) {
                    $values.extend(cells.map(|b| <$target>::from(<$wire>::from_be_bytes(b))));
                    $validity.extend($records.rows, true);
                }
            })+
            _ => for cell in $records.slices($cell) {
                push($values, $validity, convert::unsigned(cell).and_then(|n| <$target>::try_from(n).ok()));
            },
        }
    };
}

fn convert_cells(column: &mut Column, records: Records<'_>, cell: Cell, how: Convert, context: &Context) {
    let Column { values, validity, kind } = column;
    match (how, values) {
        (Convert::Unsigned, Values::U8(v)) => widen!(v, validity, records, cell, 1 => u8; u8),
        (Convert::Unsigned, Values::U16(v)) => widen!(v, validity, records, cell, 1 => u8, 2 => u16; u16),
        (Convert::Unsigned, Values::U32(v)) => widen!(v, validity, records, cell, 1 => u8, 2 => u16, 4 => u32; u32),
        (Convert::Unsigned, Values::U64(v)) => widen!(v, validity, records, cell, 1 => u8, 2 => u16, 4 => u32, 8 => u64; u64),
        (Convert::Dscp, Values::U8(v)) => {
            let shifted = |c| convert::unsigned(c).filter(|n| *n < 64).and_then(|n| u8::try_from(n << 2).ok());
            records.slices(cell).for_each(|c| push(v, validity, shifted(c)));
        }
        (Convert::Signed, Values::I64(v)) => records.slices(cell).for_each(|c| push(v, validity, convert::signed(c))),
        (Convert::Float, Values::F64(v)) => records.slices(cell).for_each(|c| push(v, validity, convert::float(c))),
        (Convert::Bool, Values::Bool(v)) => records.slices(cell).for_each(|c| push(v, validity, convert::boolean(c))),
        (Convert::Mac, Values::U64(v)) => {
            records.slices(cell).for_each(|c| push(v, validity, (c.len() == 6).then(|| convert::unsigned(c)).flatten()));
        }
        (Convert::Ipv4, Values::U32(v)) => {
            records.slices(cell).for_each(|c| push(v, validity, <[u8; 4]>::try_from(c).ok().map(u32::from_be_bytes)));
        }
        (Convert::Ipv4, Values::Address(v)) => match records.arrays::<4>(cell) {
            Some(cells) => {
                v.extend(cells.map(|b| mapped(u32::from_be_bytes(b))));
                validity.extend(records.rows, true);
            }
            None => {
                records.slices(cell).for_each(|c| push(v, validity, <[u8; 4]>::try_from(c).ok().map(|b| mapped(u32::from_be_bytes(b)))));
            }
        },
        (Convert::Ipv6, Values::Address(v)) => match records.arrays::<16>(cell) {
            Some(cells) => {
                v.extend(cells);
                validity.extend(records.rows, true);
            }
            None => records.slices(cell).for_each(|c| push(v, validity, c.try_into().ok())),
        },
        (Convert::Text, Values::Octets(v)) => {
            for c in records.slices(cell) {
                convert::text(c, &mut v.data);
                v.seal();
                validity.push(true);
            }
        }
        (Convert::Octets, Values::Octets(v)) => {
            for c in records.slices(cell) {
                v.push(c);
                validity.push(true);
            }
        }
        (Convert::Time(form), Values::I64(v)) if *kind == Kind::Time => times(v, validity, records, cell, form, context),
        // A plan compiled for another schema: the column stays null here.
        _ => {}
    }
}

fn times(values: &mut Vec<i64>, validity: &mut Validity, records: Records<'_>, cell: Cell, form: TimeForm, context: &Context) {
    const NANOS_PER_MILLI: u64 = 1_000_000;
    const LAST_MILLI: u64 = i64::MAX as u64 / NANOS_PER_MILLI;
    match (form, context.clock) {
        (TimeForm::Uptime, Some(clock)) if records.stride != 0 && cell.width == 4 => {
            if let Some(cells) = records.arrays::<4>(cell) {
                values.extend(cells.map(|b| clock.absolute(u32::from_be_bytes(b)).nanos()));
                validity.extend(records.rows, true);
            }
        }
        (TimeForm::Millis, _) if records.stride != 0 && cell.width == 8 => {
            if let Some(cells) = records.arrays::<8>(cell) {
                let before = values.len();
                values.extend(cells.map(|b| (u64::from_be_bytes(b).min(LAST_MILLI + 1).wrapping_mul(NANOS_PER_MILLI)) as i64));
                // One above the last is negative as a signed number: the only way to a value below 0 here.
                if values[before..].iter().any(|v| *v < 0) {
                    for value in &mut values[before..] {
                        validity.push(*value >= 0);
                        *value = (*value).max(0);
                    }
                } else {
                    validity.extend(records.rows, true);
                }
            }
        }
        _ => records.slices(cell).for_each(|c| push(values, validity, convert::time(form, c, context))),
    }
}

fn either_address(column: &mut Column, records: Records<'_>, v4: Cell, v6: Cell, ip_version: Option<Cell>) {
    let Values::Address(values) = &mut column.values else { return };
    let mut versions = ip_version.map(|cell| records.slices(cell));
    for (a, b) in records.slices(v4).zip(records.slices(v6)) {
        let version = versions.as_mut().and_then(Iterator::next).and_then(convert::unsigned);
        let a = <[u8; 4]>::try_from(a).ok().map(u32::from_be_bytes);
        let b = <[u8; 16]>::try_from(b).ok();
        let value = match version {
            Some(4) => a.map(mapped),
            Some(6) => b,
            _ if a.is_some_and(|a| a != 0) || b.is_none_or(|b| b == [0; 16]) => a.map(mapped).or(b),
            _ => b,
        };
        push(values, &mut column.validity, value);
    }
}

fn icmp(column: &mut Column, records: Records<'_>, is_type: bool, v4: Option<IcmpSource>, v6: Option<IcmpSource>, protocol: Option<Cell>) {
    const ICMP: u64 = 1;
    const ICMPV6: u64 = 58;
    let Values::U8(values) = &mut column.values else { return };
    let mut first = v4.map(|s| icmp_cells(records, s, is_type));
    let mut second = v6.map(|s| icmp_cells(records, s, is_type));
    let mut protocols = protocol.map(|cell| records.slices(cell));
    for _ in 0..records.rows {
        let (first, second) = (first.as_mut().and_then(Iterator::next).flatten(), second.as_mut().and_then(Iterator::next).flatten());
        let value = match protocols.as_mut().map(|p| p.next().and_then(convert::unsigned)) {
            None | Some(Some(ICMP)) => first.or(second),
            Some(Some(ICMPV6)) => second.or(first),
            Some(_) => None,
        };
        push(values, &mut column.validity, value);
    }
}

fn icmp_cells<'a>(records: Records<'a>, source: IcmpSource, is_type: bool) -> impl Iterator<Item = Option<u8>> + 'a {
    let (cell, shift) = match source {
        IcmpSource::Combined(cell) => (Some(cell), if is_type { 8 } else { 0 }),
        IcmpSource::Separate(t, c) => (if is_type { t } else { c }, 0),
    };
    let mut cells = cell.map(|cell| records.slices(cell));
    std::iter::from_fn(move || Some(cells.as_mut().and_then(Iterator::next).and_then(convert::unsigned).map(|n| (n >> shift) as u8)))
}
