//! What is written is read by polars, which shares no code with the encoders.

use std::io::Cursor;
use std::net::IpAddr;
use std::sync::Arc;

use polars::prelude::*;

use super::*;
use crate::collector::Digest;
use crate::column::{Column as Values_, Context, FlowBatch, Octets, Run, Values};
use crate::datagram::Endpoint;
use crate::message::Version;
use crate::plan::{Schema, SchemaBuilder};
use crate::time::Timestamp;
use crate::write::{AddressForm, ColumnarOptions, Compression, Provenance, TimeUnit as Unit};

/// Rows of the batches: more than a page of each encoding, and no multiple of eight.
const ROWS: usize = 300_003;

/// A batch whose values are known by their row; every third row is null, and stretches of rows are.
fn batch() -> FlowBatch {
    let names = [
        "received",
        "exporter",
        "observation_domain",
        "nde_version",
        "template_id",
        "flow_start",
        "src_addr",
        "dst_addr",
        "src_port",
        "protocol",
        "bytes",
        "packets",
        "src_mac",
        "application",
        "destinationTransportPort",
        "sourceIPv4Address",
        "ie_60000",
        "hostLongitude",
        "dataRecordsReliability",
        "ingressInterfaceAttr",
        "next_hop",
    ];
    let mut builder = SchemaBuilder::default();
    for name in names.into_iter().filter(|n| !matches!(*n, "hostLongitude" | "ingressInterfaceAttr")) {
        builder.named(name).unwrap();
    }
    builder.field("aFloat", crate::plan::Kind::F64).field("aSigned", crate::plan::Kind::I64).field("aList", crate::plan::Kind::Json);
    let schema: Arc<Schema> = Arc::new(builder.build());
    let columns = schema.columns().iter().map(|spec| {
        let mut column = Values_::new(spec.kind);
        if spec.source == crate::plan::Source::Canonical(crate::plan::Canonical::NextHop) {
            column.pad(ROWS);
            return column;
        }
        if matches!(spec.source, crate::plan::Source::Canonical(c) if c.is_context()) {
            return column;
        }
        for row in 0..ROWS {
            column.validity.push(there(row));
        }
        fill(&mut column.values);
        column
    });
    let columns = columns.collect();
    let runs = (0..ROWS.div_ceil(20)).map(|n| {
        let context = Context {
            received: (n % 7 > 0).then(|| Timestamp::from_nanos(NANOS + n as i64 * 1_000_999)),
            exporter: Endpoint { addr: IpAddr::from([192, 0, 2, (n % 3) as u8]), port: 2055 },
            domain: Some(u32::MAX - (n % 2) as u32),
            template_id: Some(256 + (n % 300) as u16),
            ..Context::blank(Version::Ipfix)
        };
        Run { start: 20 * n, rows: 20.min(ROWS - 20 * n), context }
    });
    FlowBatch::from_parts(schema, columns, runs.collect())
}

const NANOS: i64 = 1_700_000_000_123_456_789;

fn there(row: usize) -> bool {
    !row.is_multiple_of(3) && row % 1000 < 900
}

/// Few different values in the first, many in the second, by the row.
fn few(row: usize) -> u64 {
    (row % 97) as u64
}

fn many(row: usize) -> u64 {
    (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn fill(values: &mut Values) {
    let rows = 0..ROWS;
    match values {
        Values::U8(v) => v.extend(rows.map(|r| few(r) as u8)),
        Values::U16(v) => v.extend(rows.map(|r| many(r) as u16)),
        Values::U32(v) => v.extend(rows.map(|r| many(r) as u32)),
        Values::U64(v) => v.extend(rows.map(many)),
        Values::I64(v) => v.extend(rows.map(|r| NANOS + (many(r) >> 30) as i64)),
        Values::F64(v) => v.extend(rows.map(|r| r as f64 - 0.5)),
        Values::Bool(v) => v.extend(rows.map(|r| many(r) & 1 == 1)),
        Values::Address(v) => v.extend(rows.map(address)),
        Values::Octets(v) => {
            for row in rows {
                v.push(format!("name {}", few(row)).as_bytes());
            }
        }
    }
}

fn address(row: usize) -> [u8; 16] {
    match row % 2 {
        0 => std::net::Ipv4Addr::from(many(row % 9_000) as u32).to_ipv6_mapped().octets(),
        _ => std::net::Ipv6Addr::from(0x2001_0db8 << 96 | u128::from(many(row))).octets(),
    }
}

fn written(batch: &FlowBatch, options: ColumnarOptions) -> Vec<u8> {
    let form = ParquetForm::new(Arc::clone(batch.schema()), options);
    let provenance = Provenance { sources: vec!["a.pcap".to_owned()], ..Provenance::default() };
    let mut sink = ParquetSink::new(Vec::new(), &form, &provenance);
    sink.write(form.digest(batch)).unwrap();
    sink.write(form.digest(batch)).unwrap();
    assert_eq!(sink.rows(), 2 * ROWS as u64);
    sink.finish().unwrap()
}

fn read(file: Vec<u8>) -> DataFrame {
    ParquetReader::new(Cursor::new(file)).finish().unwrap()
}

#[test]
fn every_kind_comes_back() {
    for compression in [Compression::Zstd, Compression::Snappy, Compression::Lz4, Compression::Gzip, Compression::None] {
        let frame = read(written(&batch(), ColumnarOptions { compression, ..ColumnarOptions::default() }));
        assert_eq!(frame.height(), 2 * ROWS);
        let row = |name: &str, row: usize| frame.column(name).unwrap().get(row).unwrap().into_static();
        for n in [0, 1, 2, 7, 8, 898, 899, 900, 131_071, 131_072, 262_145, ROWS - 2, ROWS - 1] {
            for at in [n, ROWS + n] {
                let value = |v: AnyValue<'static>| if there(n) { v } else { AnyValue::Null };
                let text = |t: String| value(AnyValue::StringOwned(t.into()));
                assert_eq!(row("src_port", at), value(AnyValue::UInt16(many(n) as u16)), "{n}");
                assert_eq!(row("protocol", at), value(AnyValue::UInt8(few(n) as u8)));
                assert_eq!(row("bytes", at), value(AnyValue::UInt64(many(n))));
                assert_eq!(row("aSigned", at), value(AnyValue::Int64(NANOS + (many(n) >> 30) as i64)));
                assert_eq!(row("aFloat", at), value(AnyValue::Float64(n as f64 - 0.5)));
                assert_eq!(row("dataRecordsReliability", at), value(AnyValue::Boolean(many(n) & 1 == 1)));
                let shown = std::net::Ipv6Addr::from(address(n));
                assert_eq!(row("src_addr", at), text(shown.to_ipv4_mapped().map_or(shown.to_string(), |v4| v4.to_string())));
                assert_eq!(row("sourceIPv4Address", at), text(std::net::Ipv4Addr::from(many(n) as u32).to_string()));
                assert_eq!(row("application", at), text(format!("name {}", few(n))));
                assert_eq!(row("aList", at), text(format!("name {}", few(n))));
                let hex: String = format!("name {}", few(n)).bytes().map(|o| format!("{o:02x}")).collect();
                assert_eq!(row("ie_60000", at), text(hex));
                assert_eq!(row("next_hop", at), AnyValue::Null);
                let run = n / 20;
                assert_eq!(row("exporter", at), AnyValue::StringOwned(format!("192.0.2.{}", run % 3).into()));
                assert_eq!(row("observation_domain", at), AnyValue::UInt32(u32::MAX - (run % 2) as u32));
                assert_eq!(row("nde_version", at), AnyValue::UInt8(10));
                assert_eq!(row("template_id", at), AnyValue::UInt16(256 + (run % 300) as u16));
                let micros = |nanos: i64| AnyValue::DatetimeOwned(nanos / 1000, TimeUnit::Microseconds, Some(Arc::new(TimeZone::UTC)));
                let received = if run % 7 > 0 { micros(NANOS + run as i64 * 1_000_999) } else { AnyValue::Null };
                assert_eq!(row("received", at), received);
                assert_eq!(row("flow_start", at), value(micros(NANOS + (many(n) >> 30) as i64)));
            }
        }
    }
}

#[test]
fn nanoseconds_and_binary_addresses() {
    let options = ColumnarOptions { times: Unit::Nanos, addresses: AddressForm::Binary, ..ColumnarOptions::default() };
    let frame = read(written(&batch(), options));
    let row = |name: &str, row: usize| frame.column(name).unwrap().get(row).unwrap().into_static();
    assert_eq!(row("src_addr", 1), AnyValue::BinaryOwned(address(1).to_vec()));
    assert_eq!(row("src_addr", 2), AnyValue::BinaryOwned((many(2) as u32).to_be_bytes().to_vec()));
    assert_eq!(row("exporter", 20), AnyValue::BinaryOwned(vec![192, 0, 2, 1]));
    let nanos = AnyValue::DatetimeOwned(NANOS + (many(4) >> 30) as i64, TimeUnit::Nanoseconds, Some(Arc::new(TimeZone::UTC)));
    assert_eq!(row("flow_start", 4), nanos);
}

/// Text that begins with a name is cut into pages; long values too.
#[test]
fn long_texts() {
    let mut builder = SchemaBuilder::default();
    builder.named("application").unwrap();
    let mut text = Octets::default();
    (0..5_000u32).for_each(|row| text.push("x".repeat(row as usize).as_bytes()));
    let mut column = Values_::new(crate::plan::Kind::Text);
    (column.values, column.validity) = (Values::Octets(text), Default::default());
    column.validity.extend(5_000, true);
    let runs = vec![Run { start: 0, rows: 5_000, context: Context::blank(Version::V9) }];
    let batch = FlowBatch::from_parts(Arc::new(builder.build()), vec![column], runs);
    let form = ParquetForm::new(Arc::clone(batch.schema()), ColumnarOptions::default());
    let mut sink = ParquetSink::new(Vec::new(), &form, &Provenance::default());
    sink.write(form.digest(&batch)).unwrap();
    let frame = read(sink.finish().unwrap());
    let lengths = frame.column("application").unwrap().str().unwrap().str_len_bytes();
    assert!(lengths.iter().enumerate().all(|(row, length)| length == Some(row as u32)));
}

#[test]
fn a_file_without_rows_has_its_columns() {
    let form = ParquetForm::new(Arc::clone(batch().schema()), ColumnarOptions::default());
    let sink = ParquetSink::new(Vec::new(), &form, &Provenance::default());
    let frame = read(sink.finish().unwrap());
    assert_eq!(frame.height(), 0);
    assert_eq!(frame.column("bytes").unwrap().dtype(), &DataType::UInt64);
}

#[test]
fn an_output_that_fails_says_why() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(octets.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(octets.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let form = ParquetForm::new(Arc::clone(batch().schema()), ColumnarOptions::default());
    let mut sink = ParquetSink::new(Full(100_000), &form, &Provenance::default());
    assert_eq!(sink.write(form.digest(&batch())).unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}
