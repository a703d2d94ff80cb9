//! Arrow arrays to columns of flows: numbers of any width that holds the value, times of any unit, addresses as text or octets.
//!
//! | kind | arrays that are read |
//! |---|---|
//! | unsigned, signed, floating | integers, floats and decimals without a fraction, text |
//! | time | timestamps of any unit, text |
//! | addresses, MAC | text; 4, 16 or 6 octets |
//! | octets | hexadecimal text; octets as they are |
//! | text, JSON | text, numbers |
//!
//! A value that does not fit is null and counted. Dictionaries of text are read as what they stand for.

use polars_arrow::array::{
    Array, BinaryArray, BinaryViewArray, BooleanArray, DictionaryArray, DictionaryKey, FixedSizeBinaryArray, PrimitiveArray, Utf8Array,
    Utf8ViewArray,
};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::datatypes::{ArrowDataType as D, IntegerType, TimeUnit};
use polars_arrow::types::NativeType;

use crate::column::{Column, Validity, Values};
use crate::plan::Kind;

use super::faults::{Tally, shown};
use super::{cell, decimal};

/// Rows of an array on their way into a column.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) array: &'a dyn Array,
    /// The first of them.
    pub(super) from: usize,
    /// How many.
    pub(super) count: usize,
    /// The number in the file of the first of them, from 1.
    pub(super) number: u64,
    /// The column's name.
    pub(super) name: &'a str,
}

/// The kind of a column that no registry knows; `None` for types that are not read.
pub(super) fn natural_kind(dtype: &D) -> Option<Kind> {
    Some(match dtype {
        D::Boolean => Kind::Bool,
        D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => Kind::U64,
        D::Int8 | D::Int16 | D::Int32 | D::Int64 => Kind::I64,
        D::Float32 | D::Float64 | D::Decimal(..) => Kind::F64,
        D::Timestamp(..) => Kind::Time,
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => Kind::Octets,
        D::Utf8 | D::LargeUtf8 | D::Utf8View => Kind::Text,
        D::Dictionary(_, values, _) => natural_kind(values).filter(|kind| matches!(kind, Kind::Text | Kind::Octets))?,
        _ => return None,
    })
}

/// Whether values of that type can be read as that kind.
pub(super) fn is_read(kind: Kind, dtype: &D) -> bool {
    let Some(natural) = natural_kind(dtype) else { return *dtype == D::Null };
    match natural {
        Kind::Text => true,
        Kind::Octets => matches!(kind, Kind::Address | Kind::Ipv4 | Kind::Ipv6 | Kind::Mac | Kind::Octets | Kind::Text | Kind::Json),
        Kind::Time => matches!(kind, Kind::Time | Kind::Text),
        Kind::Bool => matches!(kind, Kind::Bool | Kind::Text),
        // Addresses and times as bare numbers would be guesses.
        _ => matches!(kind, Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 | Kind::I64 | Kind::F64 | Kind::Text),
    }
}

/// Appends rows to a column.
pub(super) fn append(column: &mut Column, rows: Rows<'_>, tally: &mut Tally) {
    let before = column.validity.len();
    match rows.array.dtype() {
        D::UInt8 => whole::<u8>(column, rows, tally),
        D::UInt16 => whole::<u16>(column, rows, tally),
        D::UInt32 => whole::<u32>(column, rows, tally),
        D::UInt64 => whole::<u64>(column, rows, tally),
        D::Int8 => whole::<i8>(column, rows, tally),
        D::Int16 => whole::<i16>(column, rows, tally),
        D::Int32 => whole::<i32>(column, rows, tally),
        D::Int64 => whole::<i64>(column, rows, tally),
        D::Float32 => whole::<f32>(column, rows, tally),
        D::Float64 => whole::<f64>(column, rows, tally),
        D::Timestamp(unit, _) => times(column, rows, nanos_of(*unit), tally),
        D::Decimal(_, scale) => decimal::append(column, rows, *scale, tally),
        D::Boolean => booleans(column, rows),
        dtype => strings(column, rows, dtype, tally),
    }
    // What could not be read at all is null.
    column.pad(before + rows.count);
}

/// A number of an array.
trait Number: NativeType {
    fn unsigned(self) -> Option<u64>;
    fn signed(self) -> Option<i64>;
    fn float(self) -> f64;
    fn text(self) -> String;
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Number for $t {
            fn unsigned(self) -> Option<u64> { self.try_into().ok() }
            fn signed(self) -> Option<i64> { self.try_into().ok() }
            fn float(self) -> f64 { self as f64 }
            fn text(self) -> String { self.to_string() }
        }
    )*};
}
integers!(u8 u16 u32 u64 i8 i16 i32 i64);

macro_rules! floats {
    ($($t:ty)*) => {$(
        impl Number for $t {
            fn unsigned(self) -> Option<u64> {
                // 2^64 itself does not fit, and is the first float that does not.
                (self.fract() == 0.0 && (0.0..18_446_744_073_709_551_616.0).contains(&f64::from(self))).then_some(self as u64)
            }
            fn signed(self) -> Option<i64> {
                (self.fract() == 0.0 && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&f64::from(self))).then_some(self as i64)
            }
            fn float(self) -> f64 { f64::from(self) }
            fn text(self) -> String { format!("{self:?}") }
        }
    )*};
}
floats!(f32 f64);

fn whole<T: Number>(column: &mut Column, rows: Rows<'_>, tally: &mut Tally) {
    let Some(array) = rows.array.as_any().downcast_ref::<PrimitiveArray<T>>() else { return };
    let Some(values) = array.values().get(rows.from..rows.from + rows.count) else { return };
    let mut sink = Sink { validity: &mut column.validity, nulls: array.validity(), rows, kind: column.kind, tally };
    match &mut column.values {
        // Times and addresses as bare numbers are not read.
        Values::U8(v) => sink.take(v, values, |n| n.unsigned().and_then(|n| n.try_into().ok())),
        Values::U16(v) => sink.take(v, values, |n| n.unsigned().and_then(|n| n.try_into().ok())),
        Values::U32(v) if column.kind == Kind::U32 => sink.take(v, values, |n| n.unsigned().and_then(|n| n.try_into().ok())),
        Values::U64(v) if column.kind == Kind::U64 => sink.take(v, values, Number::unsigned),
        Values::I64(v) if column.kind == Kind::I64 => sink.take(v, values, Number::signed),
        Values::F64(v) => sink.take(v, values, |n| Some(n.float())),
        Values::Octets(v) if column.kind == Kind::Text => {
            for (at, value) in values.iter().enumerate() {
                let there = sink.is_there(at);
                v.push(if there { value.text() } else { String::new() }.as_bytes());
                sink.validity.push(there);
            }
        }
        _ => {}
    }
}

/// Where numbers go.
struct Sink<'a, 'r> {
    validity: &'a mut Validity,
    nulls: Option<&'a Bitmap>,
    rows: Rows<'r>,
    kind: Kind,
    tally: &'a mut Tally,
}

impl Sink<'_, '_> {
    fn is_there(&self, at: usize) -> bool {
        self.nulls.is_none_or(|bits| bits.get_bit(self.rows.from + at))
    }

    fn take<T: Number, U: Copy + Default>(&mut self, out: &mut Vec<U>, values: &[T], convert: impl Fn(T) -> Option<U>) {
        if self.nulls.is_none_or(|bits| bits.unset_bits() == 0) {
            let before = out.len();
            out.extend(values.iter().map_while(|value| convert(*value)));
            let fit = out.len() - before;
            self.validity.extend(fit, true);
            if fit < values.len() {
                self.one_by_one(out, values, fit, convert);
            }
        } else {
            self.one_by_one(out, values, 0, convert);
        }
    }

    fn one_by_one<T: Number, U: Copy + Default>(&mut self, out: &mut Vec<U>, values: &[T], skip: usize, convert: impl Fn(T) -> Option<U>) {
        for (at, value) in values.iter().enumerate().skip(skip) {
            let there = self.is_there(at);
            let converted = if there { convert(*value) } else { None };
            if there && converted.is_none() {
                let (number, name, kind) = (self.rows.number + at as u64, self.rows.name, self.kind.name());
                self.tally.add(number, || format!("row {number}: {name}: {} is no {kind}", value.text()));
            }
            self.validity.push(converted.is_some());
            out.push(converted.unwrap_or_default());
        }
    }
}

fn nanos_of(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

fn times(column: &mut Column, rows: Rows<'_>, unit: i64, tally: &mut Tally) {
    let Some(array) = rows.array.as_any().downcast_ref::<PrimitiveArray<i64>>() else { return };
    let Some(values) = array.values().get(rows.from..rows.from + rows.count) else { return };
    let mut sink = Sink { validity: &mut column.validity, nulls: array.validity(), rows, kind: column.kind, tally };
    match &mut column.values {
        Values::I64(v) => sink.take(v, values, |n| n.checked_mul(unit)),
        Values::Octets(v) => {
            for (at, value) in values.iter().enumerate() {
                let time = value.checked_mul(unit).filter(|_| sink.is_there(at)).map(crate::time::Timestamp::from_nanos);
                v.push(time.map(|t| t.to_string()).unwrap_or_default().as_bytes());
                sink.validity.push(time.is_some());
            }
        }
        _ => {}
    }
}

fn booleans(column: &mut Column, rows: Rows<'_>) {
    let Some(array) = rows.array.as_any().downcast_ref::<BooleanArray>() else { return };
    for at in rows.from..(rows.from + rows.count).min(array.len()) {
        match array.get(at) {
            Some(true) => cell::push(column, b"true"),
            Some(false) => cell::push(column, b"false"),
            None => {
                cell::push_null(column);
                true
            }
        };
    }
}

/// Arrays of text or octets, whatever their layout.
trait Strings: Array {
    const BINARY: bool;
    fn at(&self, at: usize) -> &[u8];
    /// A number that equal values alone have in this array; 0 where there is none.
    fn name(&self, at: usize) -> u128;
}

macro_rules! layouts {
    ($($array:ty: $binary:literal, $octets:expr, $name:expr;)*) => {$(
        impl Strings for $array {
            const BINARY: bool = $binary;
            fn at(&self, at: usize) -> &[u8] {
                $octets(self.value(at))
            }
            fn name(&self, at: usize) -> u128 {
                $name(self, at)
            }
        }
    )*};
}
layouts! {
    Utf8ViewArray: false, str::as_bytes, |array: &Self, at: usize| array.views().get(at).map_or(0, |view| view.as_u128());
    Utf8Array<i32>: false, str::as_bytes, |_: &Self, _: usize| 0;
    Utf8Array<i64>: false, str::as_bytes, |_: &Self, _: usize| 0;
    BinaryViewArray: true, std::convert::identity, |array: &Self, at: usize| array.views().get(at).map_or(0, |view| view.as_u128());
    BinaryArray<i32>: true, std::convert::identity, |_: &Self, _: usize| 0;
    BinaryArray<i64>: true, std::convert::identity, |_: &Self, _: usize| 0;
    FixedSizeBinaryArray: true, std::convert::identity, |_: &Self, _: usize| 0;
}

fn strings(column: &mut Column, rows: Rows<'_>, dtype: &D, tally: &mut Tally) {
    let any = rows.array.as_any();
    match dtype {
        D::Utf8View => rows_of(any.downcast_ref::<Utf8ViewArray>(), column, rows, tally),
        D::Utf8 => rows_of(any.downcast_ref::<Utf8Array<i32>>(), column, rows, tally),
        D::LargeUtf8 => rows_of(any.downcast_ref::<Utf8Array<i64>>(), column, rows, tally),
        D::BinaryView => rows_of(any.downcast_ref::<BinaryViewArray>(), column, rows, tally),
        D::Binary => rows_of(any.downcast_ref::<BinaryArray<i32>>(), column, rows, tally),
        D::LargeBinary => rows_of(any.downcast_ref::<BinaryArray<i64>>(), column, rows, tally),
        D::FixedSizeBinary(_) => rows_of(any.downcast_ref::<FixedSizeBinaryArray>(), column, rows, tally),
        D::Dictionary(key, ..) => match key {
            IntegerType::Int8 => dictionary::<i8>(column, rows, tally),
            IntegerType::Int16 => dictionary::<i16>(column, rows, tally),
            IntegerType::Int32 => dictionary::<i32>(column, rows, tally),
            IntegerType::Int64 => dictionary::<i64>(column, rows, tally),
            IntegerType::UInt8 => dictionary::<u8>(column, rows, tally),
            IntegerType::UInt16 => dictionary::<u16>(column, rows, tally),
            IntegerType::UInt32 => dictionary::<u32>(column, rows, tally),
            IntegerType::UInt64 => dictionary::<u64>(column, rows, tally),
            IntegerType::Int128 | IntegerType::UInt128 => {}
        },
        _ => {}
    }
}

fn rows_of<A: Strings>(array: Option<&A>, column: &mut Column, rows: Rows<'_>, tally: &mut Tally) {
    let Some(array) = array else { return };
    match array.validity() {
        None => texts(column, rows, A::BINARY, |at| Some(array.at(at)), |at| array.name(at), tally),
        Some(bits) => texts(column, rows, A::BINARY, |at| bits.get_bit(at).then(|| array.at(at)), |at| array.name(at), tally),
    }
}

/// Rows of a dictionary: each value is looked up in the array of what the keys stand for.
fn dictionary<K: DictionaryKey>(column: &mut Column, rows: Rows<'_>, tally: &mut Tally) {
    let Some(array) = rows.array.as_any().downcast_ref::<DictionaryArray<K>>() else { return };
    let values = array.values().as_any();
    match array.values().dtype() {
        D::Utf8View => keys_of(values.downcast_ref::<Utf8ViewArray>(), array, column, rows, tally),
        D::Utf8 => keys_of(values.downcast_ref::<Utf8Array<i32>>(), array, column, rows, tally),
        D::LargeUtf8 => keys_of(values.downcast_ref::<Utf8Array<i64>>(), array, column, rows, tally),
        D::BinaryView => keys_of(values.downcast_ref::<BinaryViewArray>(), array, column, rows, tally),
        D::Binary => keys_of(values.downcast_ref::<BinaryArray<i32>>(), array, column, rows, tally),
        D::LargeBinary => keys_of(values.downcast_ref::<BinaryArray<i64>>(), array, column, rows, tally),
        _ => {}
    }
}

fn keys_of<A: Strings, K: DictionaryKey>(
    values: Option<&A>,
    keys: &DictionaryArray<K>,
    column: &mut Column,
    rows: Rows<'_>,
    tally: &mut Tally,
) {
    let Some(values) = values else { return };
    let key = |at: usize| keys.is_valid(at).then(|| keys.key_value(at)).filter(|key| *key < values.len() && values.is_valid(*key));
    let name = |at: usize| key(at).map_or(0, |key| key as u128 + 1);
    texts(column, rows, A::BINARY, |at| key(at).map(|key| values.at(key)), name, tally);
}

/// Appends texts or octets; `name` gives a number that is the same for the same value alone, or 0.
fn texts<'a>(
    column: &mut Column,
    rows: Rows<'_>,
    binary: bool,
    value: impl Fn(usize) -> Option<&'a [u8]>,
    name: impl Fn(usize) -> u128,
    tally: &mut Tally,
) {
    let kind = column.kind;
    let mut bad = |at: usize, value: &[u8]| {
        let (number, column) = (rows.number + (at - rows.from) as u64, rows.name);
        tally.add(number, || format!("row {number}: {column}: {} is no {}", shown(value), kind.name()));
    };
    let range = rows.from..(rows.from + rows.count).min(rows.array.len());
    if let (Kind::Address, Values::Address(out)) = (kind, &mut column.values) {
        let mut met = Met::default();
        for at in range {
            let text = value(at);
            let address = text.and_then(|text| met.address(name(at), text, binary));
            if let (Some(text), None) = (text, address) {
                bad(at, text);
            }
            column.validity.push(address.is_some());
            out.push(address.unwrap_or_default());
        }
        return;
    }
    for at in range {
        match value(at) {
            None => cell::push_null(column),
            Some(octets) if binary => {
                if !push_octets(column, octets) {
                    bad(at, octets);
                }
            }
            Some(text) => {
                if !cell::push(column, text) {
                    bad(at, text);
                }
            }
        }
    }
}

/// Addresses that were met in an array, by what is the same for the same text: they come again and again, and a table of views or keys
/// tells so without a look at the text.
struct Met {
    slots: Vec<(u128, [u8; 16])>,
}

impl Default for Met {
    fn default() -> Self {
        Self { slots: vec![(0, [0; 16]); 1 << Self::BITS] }
    }
}

impl Met {
    const BITS: u32 = 9;

    /// The address that a text, or octets, stand for; `name` is 0 where nothing tells the same from the other.
    #[inline]
    fn address(&mut self, name: u128, text: &[u8], binary: bool) -> Option<[u8; 16]> {
        let mixed = ((name ^ (name >> 64)) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = self.slots.get_mut((mixed >> (64 - Self::BITS)) as usize)?;
        if name != 0 && slot.0 == name {
            return Some(slot.1);
        }
        let address = (if binary { octets_address(text) } else { None }).or_else(|| cell::address(text))?;
        *slot = (name, address);
        Some(address)
    }
}

/// 4 octets are IPv4, in the mapped form; 16 are IPv6, or IPv4 in that form.
fn octets_address(octets: &[u8]) -> Option<[u8; 16]> {
    match octets.len() {
        4 => octets.try_into().ok().map(|v4: [u8; 4]| std::net::Ipv4Addr::from(v4).to_ipv6_mapped().octets()),
        16 => octets.try_into().ok(),
        _ => None,
    }
}

/// Appends a value that stands there as octets; text in octets is read as text.
fn push_octets(column: &mut Column, octets: &[u8]) -> bool {
    let done = match (&mut column.values, column.kind, octets) {
        (Values::Octets(v), _, _) => {
            v.push(octets);
            true
        }
        (Values::U32(v), Kind::Ipv4, [a, b, c, d]) => {
            v.push(u32::from_be_bytes([*a, *b, *c, *d]));
            true
        }
        (Values::U64(v), Kind::Mac, [a, b, c, d, e, f]) => {
            v.push(u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]));
            true
        }
        (Values::Address(v), Kind::Ipv6, _) => octets.try_into().map(|address| v.push(address)).is_ok(),
        _ => false,
    };
    if !done {
        return cell::push(column, octets);
    }
    column.validity.push(true);
    true
}
