//! Columns as Arrow arrays. Text is written into one buffer, without a string for each row.

use std::borrow::Cow;
use std::net::IpAddr;

use polars_arrow::array::{Array, BinaryArray, BooleanArray, PrimitiveArray, Utf8Array, new_null_array};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::datatypes::{ArrowDataType, TimeUnit as Unit};
use polars_arrow::offset::OffsetsBuffer;
use polars_arrow::types::NativeType;

use crate::column::{Column, Run, Validity, Values};
use crate::plan::{Canonical, Kind};
use crate::write::address::{either, hex, ipv4, ipv6, mac, shortest};
use crate::write::columnar::{AddressForm, ColumnarOptions, TimeUnit};
use crate::write::digits::SLOT;

/// The Arrow type of a kind.
pub fn arrow_type(kind: Kind, options: ColumnarOptions) -> ArrowDataType {
    match kind {
        Kind::U8 => ArrowDataType::UInt8,
        Kind::U16 => ArrowDataType::UInt16,
        Kind::U32 => ArrowDataType::UInt32,
        Kind::U64 => ArrowDataType::UInt64,
        Kind::I64 => ArrowDataType::Int64,
        Kind::F64 => ArrowDataType::Float64,
        Kind::Bool => ArrowDataType::Boolean,
        Kind::Time => {
            let unit = match options.times {
                TimeUnit::Millis => Unit::Millisecond,
                TimeUnit::Micros => Unit::Microsecond,
                TimeUnit::Nanos => Unit::Nanosecond,
            };
            ArrowDataType::Timestamp(unit, Some("UTC".into()))
        }
        Kind::Address | Kind::Ipv4 | Kind::Ipv6 if options.addresses == AddressForm::Binary => ArrowDataType::Binary,
        Kind::Address | Kind::Ipv4 | Kind::Ipv6 | Kind::Mac | Kind::Text | Kind::Octets | Kind::Json => ArrowDataType::Utf8,
    }
}

/// A column of a finished batch as an array. Numbers of a column that is given away move over without a copy.
pub fn array(column: Cow<'_, Column>, options: ColumnarOptions) -> Box<dyn Array> {
    let dtype = arrow_type(column.kind, options);
    match dtype {
        ArrowDataType::Utf8 | ArrowDataType::Binary => text_array(&column, options, dtype),
        _ => number_array(column.into_owned(), options, dtype),
    }
}

fn number_array(column: Column, options: ColumnarOptions, dtype: ArrowDataType) -> Box<dyn Array> {
    let Column { kind, values, validity } = column;
    match values {
        Values::U8(v) => numbers(dtype, v, &validity),
        Values::U16(v) => numbers(dtype, v, &validity),
        Values::U32(v) => numbers(dtype, v, &validity),
        Values::U64(v) => numbers(dtype, v, &validity),
        Values::I64(mut v) => {
            let unit = options.times.nanos();
            if kind == Kind::Time && unit != 1 {
                v.iter_mut().for_each(|nanos| *nanos = nanos.div_euclid(unit));
            }
            numbers(dtype, v, &validity)
        }
        Values::F64(v) => numbers(dtype, v, &validity),
        Values::Bool(v) => BooleanArray::new(dtype, v.iter().copied().collect::<Bitmap>(), bitmap(&validity)).boxed(),
        Values::Address(_) | Values::Octets(_) => new_null_array(dtype, validity.len()),
    }
}

fn text_array(column: &Column, options: ColumnarOptions, dtype: ArrowDataType) -> Box<dyn Array> {
    let Column { kind, values, validity } = column;
    let rows = validity.len();
    let binary = options.addresses == AddressForm::Binary;
    match (values, kind) {
        (Values::U32(v), _) if binary => texts(dtype, rows, validity, |out, row| put(out, &v[row].to_be_bytes())),
        (Values::U32(v), _) => texts(dtype, rows, validity, |out, row| ipv4(out, 0, v[row].to_be_bytes())),
        (Values::U64(v), _) => texts(dtype, rows, validity, |out, row| mac(out, 0, v[row])),
        (Values::Address(v), Kind::Ipv6) if binary => texts(dtype, rows, validity, |out, row| put(out, &v[row])),
        (Values::Address(v), Kind::Ipv6) => texts(dtype, rows, validity, |out, row| ipv6(out, 0, &v[row])),
        (Values::Address(v), _) if binary => texts(dtype, rows, validity, |out, row| put(out, shortest(&v[row]))),
        (Values::Address(v), _) => texts(dtype, rows, validity, |out, row| either(out, 0, &v[row])),
        (Values::Octets(v), Kind::Octets) => {
            let mut digits = vec![0; 2 * v.data.len()];
            hex(&mut digits, 0, &v.data);
            utf8(dtype, v.offsets.iter().map(|offset| 2 * offset.cast_signed()).collect(), digits, validity)
        }
        (Values::Octets(v), _) => utf8(dtype, v.offsets.iter().map(|offset| offset.cast_signed()).collect(), v.data.clone(), validity),
        _ => new_null_array(dtype, rows),
    }
}

/// A column for which [`Canonical::is_context`] holds.
pub fn context_array(column: Canonical, runs: &[Run], rows: usize, options: ColumnarOptions) -> Box<dyn Array> {
    let mut spread = Column::new(column.kind());
    let mut put = |run: &Run, value: Option<Value>| {
        spread.validity.extend(run.rows, value.is_some());
        let value = value.unwrap_or(Value::Number(0));
        match (&mut spread.values, value) {
            (Values::U8(v), Value::Number(n)) => v.resize(v.len() + run.rows, n as u8),
            (Values::U16(v), Value::Number(n)) => v.resize(v.len() + run.rows, n as u16),
            (Values::U32(v), Value::Number(n)) => v.resize(v.len() + run.rows, n as u32),
            (Values::I64(v), Value::Number(n)) => v.resize(v.len() + run.rows, n),
            (Values::Address(v), Value::Address(a)) => v.resize(v.len() + run.rows, a),
            (Values::Address(v), Value::Number(_)) => v.resize(v.len() + run.rows, [0; 16]),
            _ => {}
        }
    };
    for run in runs {
        let context = &run.context;
        let value = match column {
            Canonical::Received => context.received.map(|t| Value::Number(t.nanos())),
            Canonical::Exporter => context.exporter.known_addr().map(|address| match address {
                IpAddr::V4(v4) => Value::Address(v4.to_ipv6_mapped().octets()),
                IpAddr::V6(v6) => Value::Address(v6.octets()),
            }),
            Canonical::ObservationDomain => context.domain.map(|domain| Value::Number(domain.into())),
            Canonical::NdeVersion => Some(context.version.number()).filter(|n| *n != 0).map(|n| Value::Number(n.into())),
            _ => context.template_id.map(|id| Value::Number(id.into())),
        };
        put(run, value);
    }
    spread.pad(rows);
    array(Cow::Owned(spread), options)
}

#[derive(Clone, Copy)]
enum Value {
    Number(i64),
    Address([u8; 16]),
}

fn put(out: &mut [u8], octets: &[u8]) -> usize {
    out[..octets.len()].copy_from_slice(octets);
    octets.len()
}

fn bitmap(validity: &Validity) -> Option<Bitmap> {
    validity.bits().map(|bits| Bitmap::from_u8_vec(bits.to_vec(), validity.len()))
}

fn numbers<T: NativeType>(dtype: ArrowDataType, values: Vec<T>, validity: &Validity) -> Box<dyn Array> {
    PrimitiveArray::new(dtype, values.into(), bitmap(validity)).boxed()
}

/// Values of a bounded size as text, or as octets; null rows are empty.
fn texts(dtype: ArrowDataType, rows: usize, validity: &Validity, write: impl Fn(&mut [u8], usize) -> usize) -> Box<dyn Array> {
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    let (mut data, mut at) = (vec![0; rows * 16 + SLOT], 0);
    for row in 0..rows {
        if validity.get(row) {
            if data.len() - at < SLOT {
                data.resize(data.len() + data.len() / 2 + SLOT, 0);
            }
            at += write(&mut data[at..at + SLOT], row);
        }
        offsets.push(at as i32);
    }
    data.truncate(at);
    if dtype == ArrowDataType::Binary {
        return BinaryArray::<i32>::new(dtype, offset_buffer(offsets), data.into(), bitmap(validity)).boxed();
    }
    utf8(dtype, offsets, data, validity)
}

fn utf8(dtype: ArrowDataType, offsets: Vec<i32>, data: Vec<u8>, validity: &Validity) -> Box<dyn Array> {
    let is_whole = |text: &str| offsets.iter().all(|offset| text.is_char_boundary(offset.cast_unsigned() as usize));
    if data.is_ascii() || std::str::from_utf8(&data).is_ok_and(is_whole) {
        return Utf8Array::<i32>::new(dtype, offset_buffer(offsets), data.into(), bitmap(validity)).boxed();
    }
    // Text columns hold UTF-8; should one not, what is none becomes U+FFFD, value by value.
    let rows = offsets.windows(2).enumerate().map(|(row, ends)| {
        let text = data.get(ends[0].cast_unsigned() as usize..ends[1].cast_unsigned() as usize).unwrap_or_default();
        validity.get(row).then(|| String::from_utf8_lossy(text).into_owned())
    });
    Utf8Array::<i32>::from_iter(rows).boxed()
}

fn offset_buffer(offsets: Vec<i32>) -> OffsetsBuffer<i32> {
    // They only grow, and a batch has far fewer octets than 2 GiB.
    OffsetsBuffer::try_from(offsets).unwrap_or_default()
}
