//! A flow batch as a data frame.
//!
//! Numbers and times move over without a copy, their null bits as well; text is written into one buffer a column. Types are ones that
//! other programs read without a cast: unsigned integers as they are, times as UTC datetimes of nanoseconds, addresses and octets as text.

use std::borrow::Cow;

use polars::prelude::*;

use crate::column::FlowBatch;
use crate::plan::Source;
use crate::write::{self, ColumnarOptions};

/// Turns a finished batch into a data frame; hidden columns are left out.
///
/// # Errors
/// Polars refuses the columns, which would be a fault of this crate.
pub fn data_frame(batch: FlowBatch) -> PolarsResult<DataFrame> {
    let schema = std::sync::Arc::clone(batch.schema());
    let rows = batch.rows();
    let options = ColumnarOptions { times: write::TimeUnit::Nanos, ..ColumnarOptions::default() };
    let (columns, runs) = batch.into_parts();
    let mut out: Vec<Column> = Vec::with_capacity(columns.len());
    for (spec, column) in schema.columns().iter().zip(columns).filter(|(spec, _)| !spec.hidden) {
        let array = match spec.source {
            Source::Canonical(c) if c.is_context() => write::context_array(c, &runs, rows, options),
            _ => write::array(Cow::Owned(column), options),
        };
        out.push(Series::try_from((PlSmallStr::from_str(&spec.name), array))?.into_column());
    }
    DataFrame::new(rows, out)
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
