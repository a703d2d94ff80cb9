//! Rows of every kind, as literals.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::*;
use crate::collector::Digest;
use crate::column::{Context, FlowBatch};
use crate::datagram::{Endpoint, Origin};
use crate::message::{FieldSpecifier, VARIABLE_LENGTH, Version};
use crate::plan::{self, Canonical, Schema, SchemaBuilder};
use crate::time::Timestamp;

/// What an IPFIX message of 192.0.2.1, domain 7, template 256, received 2023-11-14T22:13:20.001 says.
pub(super) fn context() -> Context {
    Context {
        received: Some(Timestamp::from_nanos(1_700_000_000_001_000_000)),
        exporter: Endpoint { addr: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), port: 4739 },
        domain: Some(7),
        version: Version::Ipfix,
        template_id: Some(256),
        export_time: Timestamp::from_seconds(1_700_000_000),
        clock: None,
        boot: None,
        origin: Origin { file: 0, frame: 1 },
        source: 0,
        layout: 0,
    }
}

pub(super) fn schema(names: &[&str]) -> Arc<Schema> {
    let mut builder = SchemaBuilder::default();
    for name in names {
        builder.named(name).unwrap();
    }
    Arc::new(builder.build())
}

/// Appends a Set with that template (element, length) to a batch.
pub(super) fn append(batch: &mut FlowBatch, template: &[(u16, u16)], body: &[u8], context: &Context) {
    let fields: Vec<FieldSpecifier> = template.iter().map(|(id, length)| FieldSpecifier::element(0, *id, *length)).collect();
    let plan = plan::compile(context.version, &fields, &Arc::clone(batch.schema()), &Default::default()).unwrap();
    batch.append(&plan, body, context);
}

fn one_set(names: &[&str], template: &[(u16, u16)], body: &[u8]) -> FlowBatch {
    let mut batch = FlowBatch::new(schema(names));
    append(&mut batch, template, body, &context());
    batch.finish();
    batch
}

fn text(batch: &FlowBatch, format: Format) -> String {
    let part = RowWriter::new(Arc::clone(batch.schema()), format).digest(batch);
    assert_eq!(part.rows(), batch.rows());
    String::from_utf8(part.text().to_vec()).unwrap()
}

const KINDS: [&str; 12] = [
    "protocol",
    "src_port",
    "src_as",
    "bytes",
    "mibObjectValueInteger",
    "absoluteError",
    "dataRecordsReliability",
    "flow_start",
    "src_addr",
    "samplerRandomInterval",
    "src_mac",
    "ie_30000",
];
const KINDS_TEMPLATE: [(u16, u16); 12] =
    [(4, 1), (7, 2), (16, 4), (1, 8), (434, 4), (320, 8), (276, 1), (152, 8), (8, 4), (50, 4), (56, 6), (30_000, 3)];

fn kinds_body() -> Vec<u8> {
    let mut body = vec![17, 0x00, 0x35, 0xff, 0xff, 0xff, 0xff];
    body.extend([0xff; 8]);
    body.extend([0xff, 0xff, 0xff, 0xfe]);
    body.extend(0.1_f64.to_be_bytes());
    body.push(1);
    body.extend(1_700_000_000_250_u64.to_be_bytes());
    body.extend([10, 0, 200, 3]);
    body.extend([0, 0, 0, 100]);
    body.extend([0x00, 0x00, 0x5e, 0x00, 0x53, 0x01]);
    body.extend([0x00, 0xab, 0xff]);
    body
}

#[test]
fn every_kind_in_csv() {
    let batch = one_set(&KINDS, &KINDS_TEMPLATE, &kinds_body());
    assert_eq!(
        text(&batch, Format::Csv),
        "17,53,4294967295,18446744073709551615,-2,0.1,true,2023-11-14T22:13:20.250Z,10.0.200.3,100,00:00:5e:00:53:01,00abff\n"
    );
}

#[test]
fn every_kind_in_json() {
    let batch = one_set(&KINDS, &KINDS_TEMPLATE, &kinds_body());
    let line = text(&batch, Format::Ndjson);
    assert_eq!(
        line,
        concat!(
            r#"{"protocol":17,"src_port":53,"src_as":4294967295,"bytes":18446744073709551615,"mibObjectValueInteger":-2,"#,
            r#""absoluteError":0.1,"dataRecordsReliability":true,"flow_start":"2023-11-14T22:13:20.250Z","src_addr":"10.0.200.3","#,
            r#""samplerRandomInterval":100,"src_mac":"00:00:5e:00:53:01","ie_30000":"00abff"}"#,
            "\n"
        )
    );
    let read: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["bytes"], 18_446_744_073_709_551_615_u64);
}

#[test]
fn addresses_by_their_kind() {
    let names = ["next_hop", "sourceIPv4Address", "destinationIPv6Address"];
    let mut body = vec![0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    body.extend([198, 51, 100, 7]);
    body.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]);
    let batch = one_set(&names, &[(62, 16), (8, 4), (28, 16)], &body);
    assert_eq!(text(&batch, Format::Csv), "2001:db8::1,198.51.100.7,::ffff:192.0.2.1\n");
    assert_eq!(
        text(&batch, Format::Ndjson),
        "{\"next_hop\":\"2001:db8::1\",\"sourceIPv4Address\":\"198.51.100.7\",\"destinationIPv6Address\":\"::ffff:192.0.2.1\"}\n"
    );
}

#[test]
fn floats_at_the_edges() {
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, -1e300, -2.2250738585072014e-308];
    let body: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
    let batch = one_set(&["protocol", "absoluteError"], &[(320, 8)], &body);
    assert_eq!(text(&batch, Format::Csv), ",NaN\n,inf\n,-inf\n,1.0\n,-1e300\n,-2.2250738585072014e-308\n");
    let json = text(&batch, Format::Ndjson);
    let lines: Vec<&str> = json.lines().collect();
    assert_eq!(lines[0], r#"{"protocol":null,"absoluteError":"NaN"}"#);
    assert_eq!(lines[2], r#"{"protocol":null,"absoluteError":"-inf"}"#);
    assert_eq!(lines[5], r#"{"protocol":null,"absoluteError":-2.2250738585072014e-308}"#);
}

#[test]
fn text_is_quoted_where_it_must_be() {
    let body = b"\x05plain\x03a,b\x08say \"hi\"\x00\x03a\nb";
    let batch = one_set(&["interfaceName", "in_if"], &[(82, VARIABLE_LENGTH)], body);
    assert_eq!(text(&batch, Format::Csv), "plain,\n\"a,b\",\n\"say \"\"hi\"\"\",\n\"\",\n\"a\nb\",\n");
    assert_eq!(text(&batch, Format::Ndjson).lines().last(), Some(r#"{"interfaceName":"a\nb","in_if":null}"#));
    let lines = text(&batch, Format::Csv);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(lines.as_bytes());
    let read: Vec<String> = reader.records().map(|r| r.unwrap()[0].to_owned()).collect();
    assert_eq!(read, ["plain", "a,b", "say \"hi\"", "", "a\nb"]);
}

#[test]
fn long_text_finds_room() {
    let mut body = vec![0xff, 0xff, 0x00];
    body.extend(vec![b'"'; 65_280]);
    let batch = one_set(&["interfaceName", "src_port"], &[(82, VARIABLE_LENGTH)], &body);
    let line = text(&batch, Format::Csv);
    assert_eq!(line.len(), 1 + 2 * 65_280 + 1 + 2);
    assert!(line.starts_with("\"\"\"\"") && line.ends_with("\"\",\n"));
}

#[test]
fn runs_with_other_templates_have_other_nulls() {
    let mut batch = FlowBatch::new(schema(&["exporter", "template_id", "src_port", "nde_version", "protocol", "duration_ms"]));
    append(&mut batch, &[(7, 2)], &[0, 80, 1, 187], &context());
    let v5 = Context { version: Version::V9, template_id: None, received: None, ..context() };
    append(&mut batch, &[(4, 1)], &[6], &v5);
    let v6 = Context { exporter: Endpoint { addr: "2001:db8::5".parse().unwrap(), port: 1 }, ..context() };
    append(&mut batch, &[(4, 1), (7, 2)], &[17, 0, 53], &v6);
    batch.finish();
    assert_eq!(text(&batch, Format::Csv), "192.0.2.1,256,80,10,,\n192.0.2.1,256,443,10,,\n192.0.2.1,,,9,6,\n2001:db8::5,256,53,10,17,\n");
    assert_eq!(
        text(&batch, Format::Ndjson).lines().nth(2),
        Some(r#"{"exporter":"192.0.2.1","template_id":null,"src_port":null,"nde_version":9,"protocol":6,"duration_ms":null}"#)
    );
}

#[test]
fn nulls_amid_the_rows_of_a_run() {
    // A time of 0 in NTP is no time (RFC 5905 §6), so the middle row is null.
    let mut body = Vec::new();
    for ntp in [3_908_988_800_u64 << 32, 0, (3_908_988_800 << 32) | 0x8000_0000] {
        body.extend(ntp.to_be_bytes());
        body.push(6);
    }
    let batch = one_set(&["flow_start", "protocol"], &[(156, 8), (4, 1)], &body);
    assert_eq!(text(&batch, Format::Csv), "2023-11-14T22:13:20.000Z,6\n,6\n2023-11-14T22:13:20.500Z,6\n");
    assert_eq!(text(&batch, Format::Ndjson).lines().nth(1), Some(r#"{"flow_start":null,"protocol":6}"#));
}

#[test]
fn all_context_columns() {
    let mut batch = FlowBatch::new(schema(&["received", "exporter", "observation_domain", "nde_version", "template_id", "protocol"]));
    append(&mut batch, &[(4, 1)], &[6, 17], &context());
    append(&mut batch, &[(4, 1)], &[1], &Context { received: None, domain: None, version: Version::V1, template_id: None, ..context() });
    batch.finish();
    assert_eq!(
        text(&batch, Format::Csv),
        "2023-11-14T22:13:20.001Z,192.0.2.1,7,10,256,6\n2023-11-14T22:13:20.001Z,192.0.2.1,7,10,256,17\n,192.0.2.1,,1,,1\n"
    );
    let json = text(&batch, Format::Ndjson);
    assert_eq!(
        json.lines().last(),
        Some(r#"{"received":null,"exporter":"192.0.2.1","observation_domain":null,"nde_version":1,"template_id":null,"protocol":1}"#)
    );
}

#[test]
fn a_lone_null_is_not_an_empty_line() {
    let mut batch = FlowBatch::new(schema(&["src_port"]));
    append(&mut batch, &[(4, 1)], &[6], &context());
    append(&mut batch, &[(7, 2)], &[0, 22], &context());
    batch.finish();
    assert_eq!(text(&batch, Format::Csv), "\"\"\n22\n");
    assert_eq!(text(&batch, Format::Ndjson), "{\"src_port\":null}\n{\"src_port\":22}\n");
}

#[test]
fn hidden_columns_stay_hidden() {
    let mut body = 1_700_000_000_000_u64.to_be_bytes().to_vec();
    body.extend(1_700_000_001_500_u64.to_be_bytes());
    let batch = one_set(&["duration_ms"], &[(152, 8), (153, 8)], &body);
    assert_eq!(batch.columns().len(), 3);
    assert_eq!(text(&batch, Format::Csv), "1500\n");
    assert_eq!(RowWriter::new(Arc::clone(batch.schema()), Format::Csv).header(), b"duration_ms\n");
    assert_eq!(RowWriter::new(Arc::clone(batch.schema()), Format::Ndjson).header(), b"");
}

#[test]
fn a_batch_of_other_columns() {
    let batch = one_set(&["src_port", "protocol"], &[(4, 1), (7, 2)], &[6, 0, 22]);
    let part = RowWriter::new(schema(&["protocol", "dst_port", "src_port"]), Format::Csv).digest(&batch);
    assert_eq!(part.text(), b"6,,22\n");
}

#[test]
fn a_buffer_is_used_again() {
    let batch = one_set(&["src_port"], &[(7, 2)], &[0, 22, 1, 187]);
    let writer = RowWriter::new(Arc::clone(batch.schema()), Format::Csv);
    let first = writer.digest(&batch).into_buffer();
    let address = first.as_ptr();
    writer.pool().give(first);
    let again = writer.digest(&batch);
    assert_eq!(again.text(), b"22\n443\n");
    assert_eq!(again.text().as_ptr(), address);
}

#[test]
fn many_rows_of_many_sizes_grow_the_buffer() {
    let mut batch = FlowBatch::new(schema(&["interfaceName"]));
    let mut expected = String::new();
    for i in 0..3_000_usize {
        let name = "x".repeat(1 + i % 200);
        let mut body = vec![u8::try_from(name.len()).unwrap()];
        body.extend(name.as_bytes());
        append(&mut batch, &[(82, VARIABLE_LENGTH)], &body, &context());
        expected.push_str(&name);
        expected.push('\n');
    }
    batch.finish();
    assert_eq!(text(&batch, Format::Csv), expected);
}

#[test]
fn single_cells() {
    let batch = one_set(&["exporter", "interfaceName", "src_port", "dst_addr"], &[(82, 3), (12, 4)], b"a,b\x0a\x00\x00\x01");
    let cell = |column: usize| {
        let mut out = b">".to_vec();
        write_cell(&mut out, &batch.columns()[column], 0);
        String::from_utf8(out).unwrap()
    };
    assert_eq!([cell(1), cell(2), cell(3)], [">a,b", ">", ">10.0.0.1"]);
    let context = |column| {
        let mut out = b">".to_vec();
        write_context(&mut out, column, &batch.runs()[0]);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(context(Canonical::Received), ">2023-11-14T22:13:20.001Z");
    assert_eq!(context(Canonical::Exporter), ">192.0.2.1");
    assert_eq!(context(Canonical::NdeVersion), ">10");
    assert_eq!(context(Canonical::SrcPort), ">");
    // A row that is not there.
    let mut out = Vec::new();
    write_cell(&mut out, &batch.columns()[3], 1);
    assert!(out.is_empty());
}
