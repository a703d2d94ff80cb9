//! A flow batch as a data frame.
//!
//! Numbers and times move over without a copy, their null bits as well. Types are ones that other programs read without a cast:
//! unsigned integers as they are, times as UTC datetimes of nanoseconds, addresses and octets as text.

use std::net::{Ipv4Addr, Ipv6Addr};

use polars::prelude::*;
use polars_arrow::bitmap::Bitmap;

use crate::column::{Column as FlowColumn, FlowBatch, Run, Validity, Values};
use crate::plan::{Canonical, ColumnSpec, Kind, Source};

/// Turns a finished batch into a data frame; hidden columns are left out.
///
/// # Errors
/// Polars refuses the columns, which would be a fault of this crate.
pub fn data_frame(batch: FlowBatch) -> PolarsResult<DataFrame> {
    let schema = std::sync::Arc::clone(batch.schema());
    let rows = batch.rows();
    let (columns, runs) = batch.into_parts();
    let mut out: Vec<Column> = Vec::with_capacity(columns.len());
    for (spec, column) in schema.columns().iter().zip(columns).filter(|(spec, _)| !spec.hidden) {
        out.push(
            match spec.source {
                Source::Canonical(c) if c.is_context() => context_series(c, spec, &runs, rows),
                _ => series(spec, column),
            }?
            .into_column(),
        );
    }
    DataFrame::new(rows, out)
}

fn series(spec: &ColumnSpec, column: FlowColumn) -> PolarsResult<Series> {
    let name = PlSmallStr::from_str(&spec.name);
    let FlowColumn { kind, values, validity } = column;
    let there = |row: usize| validity.get(row);
    Ok(match (values, kind) {
        (Values::U8(v), _) => UInt8Chunked::from_vec_validity(name, v, mask(&validity)).into_series(),
        (Values::U16(v), _) => UInt16Chunked::from_vec_validity(name, v, mask(&validity)).into_series(),
        (Values::U32(v), Kind::Ipv4) => text(name, v.iter().enumerate().map(|(row, a)| there(row).then(|| Ipv4Addr::from(*a).to_string()))),
        (Values::U32(v), _) => UInt32Chunked::from_vec_validity(name, v, mask(&validity)).into_series(),
        (Values::U64(v), Kind::Mac) => text(name, v.iter().enumerate().map(|(row, mac)| there(row).then(|| mac_text(*mac)))),
        (Values::U64(v), _) => UInt64Chunked::from_vec_validity(name, v, mask(&validity)).into_series(),
        (Values::I64(v), Kind::Time) => times(Int64Chunked::from_vec_validity(name, v, mask(&validity)).into_series())?,
        (Values::I64(v), _) => Int64Chunked::from_vec_validity(name, v, mask(&validity)).into_series(),
        (Values::F64(v), _) => Float64Chunked::from_vec_validity(name, v, mask(&validity)).into_series(),
        (Values::Bool(v), _) => {
            BooleanChunked::from_iter_options(name, v.iter().enumerate().map(|(row, b)| there(row).then_some(*b))).into_series()
        }
        (Values::Address(v), kind) => text(name, v.iter().enumerate().map(|(row, a)| there(row).then(|| address_text(*a, kind)))),
        (Values::Octets(v), Kind::Text | Kind::Json) => {
            let value = |row| there(row).then(|| String::from_utf8_lossy(v.get(row)).into_owned());
            text(name, (0..validity.len()).map(value))
        }
        (Values::Octets(v), _) => {
            let hex = |octets: &[u8]| octets.iter().map(|o| format!("{o:02x}")).collect::<String>();
            text(name, (0..validity.len()).map(|row| there(row).then(|| hex(v.get(row)))))
        }
    })
}

/// A column whose value is the same for all rows of a run.
fn context_series(which: Canonical, spec: &ColumnSpec, runs: &[Run], rows: usize) -> PolarsResult<Series> {
    let name = PlSmallStr::from_str(&spec.name);
    fn spread<T: Clone>(runs: &[Run], rows: usize, value: impl Fn(&Run) -> Option<T>) -> Vec<Option<T>> {
        let mut out = Vec::with_capacity(rows);
        for run in runs {
            out.resize(out.len() + run.rows, value(run));
        }
        out
    }
    Ok(match which {
        Canonical::Received => times(Series::new(name, spread(runs, rows, |r| r.context.received.map(|t| t.nanos()))))?,
        Canonical::Exporter => Series::new(name, spread(runs, rows, |r| r.context.exporter.known_addr().map(|a| a.to_string()))),
        Canonical::ObservationDomain => Series::new(name, spread(runs, rows, |r| r.context.domain)),
        Canonical::NdeVersion => UInt8Chunked::from_iter_options(
            name,
            spread(runs, rows, |r| u8::try_from(r.context.version.number()).ok().filter(|n| *n != 0)).into_iter(),
        )
        .into_series(),
        _ => UInt16Chunked::from_iter_options(name, spread(runs, rows, |r| r.context.template_id).into_iter()).into_series(),
    })
}

fn mask(validity: &Validity) -> Option<Bitmap> {
    validity.bits().map(|bits| Bitmap::from_u8_vec(bits.to_vec(), validity.len()))
}

fn times(nanos: Series) -> PolarsResult<Series> {
    nanos.cast(&DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)))
}

fn text(name: PlSmallStr, values: impl Iterator<Item = Option<String>>) -> Series {
    StringChunked::from_iter_options(name, values).into_series()
}

fn address_text(octets: [u8; 16], kind: Kind) -> String {
    let address = Ipv6Addr::from(octets);
    match address.to_ipv4_mapped().filter(|_| kind == Kind::Address) {
        Some(v4) => v4.to_string(),
        None => address.to_string(),
    }
}

fn mac_text(mac: u64) -> String {
    let [_, _, a, b, c, d, e, f] = mac.to_be_bytes();
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::*;
    use crate::column::Context;
    use crate::datagram::{Endpoint, Origin};
    use crate::message::{FieldSpecifier, Version};
    use crate::plan::{SchemaBuilder, compile};
    use crate::time::Timestamp;

    #[test]
    fn a_set_becomes_rows() {
        let fields: Vec<FieldSpecifier> =
            [(8, 4), (1, 3), (152, 8), (56, 6)].iter().map(|(id, length)| FieldSpecifier::element(0, *id, *length)).collect();
        let mut b = SchemaBuilder::default();
        for name in ["exporter", "template_id", "src_addr", "bytes", "flow_start", "src_mac", "dst_port"] {
            b.named(name).unwrap();
        }
        let schema = Arc::new(b.build());
        let plan = compile(Version::Ipfix, &fields, &schema, &Default::default()).unwrap();
        let context = Context {
            received: None,
            exporter: Endpoint { addr: IpAddr::from([192, 0, 2, 9]), port: 1 },
            domain: Some(0),
            version: Version::Ipfix,
            template_id: Some(256),
            export_time: Timestamp::from_seconds(0),
            clock: None,
            boot: None,
            origin: Origin { file: 0, frame: 1 },
            source: 0,
            layout: 0,
        };
        let mut record = vec![10, 0, 0, 1, 1, 0, 2];
        record.extend(1_700_000_000_123u64.to_be_bytes());
        record.extend([2, 0, 0, 0, 1, 0xfe]);
        let mut batch = FlowBatch::new(schema);
        batch.append(&plan, &record.repeat(2), &context);
        batch.finish();
        let frame = data_frame(batch).unwrap();
        assert_eq!(frame.shape(), (2, 7));
        let cell = |name: &str| frame.column(name).unwrap().get(1).unwrap().to_string();
        assert_eq!(cell("exporter"), "\"192.0.2.9\"");
        assert_eq!(cell("template_id"), "256");
        assert_eq!(cell("src_addr"), "\"10.0.0.1\"");
        assert_eq!(cell("bytes"), "65538");
        assert_eq!(cell("flow_start"), "2023-11-14 22:13:20.123 UTC");
        assert_eq!(cell("src_mac"), "\"02:00:00:00:01:fe\"");
        assert_eq!(cell("dst_port"), "null");
    }
}
