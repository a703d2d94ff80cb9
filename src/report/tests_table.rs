//! The streaming table of flows, and the list of templates.

use std::io;
use std::sync::Arc;

use crate::collector::{Digest, Flow, Sink};
use crate::column::{Context, FlowBatch};
use crate::datagram::{Endpoint, Origin};
use crate::message::{FieldSpecifier, Role, Version};
use crate::plan::{Schema, SchemaBuilder, compile};
use crate::summary::template_lines;
use crate::template::{Definition, DomainKey, KeptHistory, Kind, Seen, Template};
use crate::time::Timestamp;

use super::*;

fn schema(names: &[&str]) -> Arc<Schema> {
    let mut b = SchemaBuilder::default();
    for name in names {
        b.named(name).unwrap();
    }
    Arc::new(b.build())
}

/// Records of sourceIPv4Address, sourceTransportPort, protocolIdentifier, octetDeltaCount, interfaceName (12 octets).
fn batch(schema: &Arc<Schema>, records: &[(u8, u16, u8, u32, &[u8; 12])]) -> FlowBatch {
    let fields = [(8, 4), (7, 2), (4, 1), (1, 4), (82, 12)].map(|(id, length)| FieldSpecifier::element(0, id, length));
    let plan = compile(Version::Ipfix, &fields, schema, &Default::default()).unwrap();
    let mut body = Vec::new();
    for (host, port, protocol, octets, name) in records {
        body.extend([10, 0, 0, *host]);
        body.extend(port.to_be_bytes());
        body.push(*protocol);
        body.extend(octets.to_be_bytes());
        body.extend(*name);
    }
    let at = Timestamp::from_seconds(1_700_000_000);
    let context = Context {
        received: None,
        exporter: Endpoint { addr: "203.0.113.1".parse().unwrap(), port: 4739 },
        domain: Some(1),
        version: Version::Ipfix,
        template_id: Some(256),
        export_time: at,
        clock: None,
        boot: None,
        origin: Origin { file: 0, frame: 1 },
        source: 0,
        layout: 0,
    };
    let mut batch = FlowBatch::new(Arc::clone(schema));
    batch.append(&plan, &body, &context);
    batch.finish();
    batch
}

fn print(schema: &Arc<Schema>, width: usize, limit: Option<u64>, batches: &[FlowBatch]) -> String {
    let table = FlowTable::new(Arc::clone(schema), Style { width, color: false });
    let mut out = Vec::new();
    let mut sink = FlowTableSink::new(&table, &mut out, limit);
    for batch in batches {
        if sink.absorb(table.digest(batch)).unwrap() == Flow::Stop {
            break;
        }
    }
    sink.finish().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn widths_come_from_the_first_batch() {
    let schema = schema(&["template_id", "src_addr", "src_port", "protocol", "bytes", "interfaceName"]);
    let first = batch(&schema, &[(1, 53, 17, 60, b"Gi0/1\0\0\0\0\0\0\0"), (254, 40_000, 250, 1_000, b"a\x1b[31m\0\0\0\0\0\0")]);
    let second = batch(&schema, &[(7, 1, 6, 4_000_000_000, b"a longer one")]);
    let expected = "\
template_id  src_addr    src_port  protocol       bytes  interfaceName
        256  10.0.0.1          53  UDP               60  Gi0/1
        256  10.0.0.254     40000  250             1000  a\\x1b[31m
";
    // The bytes of the second batch fit a column made for less only if the first leaves room: they are never cut.
    let narrow = expected.replace("     bytes", "bytes").replace("        60", "   60").replace("      1000", " 1000");
    let third = "        256  10.0.0.7           1  TCP       4000000000  a longer one\n";
    assert_eq!(print(&schema, 100, None, &[first, second]), narrow + third);
}

#[test]
fn long_texts_are_cut() {
    let schema = schema(&["interfaceName"]);
    let first = batch(&schema, &[(1, 1, 6, 1, b"Gi0/1\0\0\0\0\0\0\0")]);
    let long = "abcdefghijkl".as_bytes().first_chunk::<12>().unwrap();
    let second = batch(&schema, &[(1, 1, 6, 1, long)]);
    assert_eq!(print(&schema, 100, None, &[first.clone(), second]), "interfaceName\nGi0/1\nabcdefghijkl\n");
    let narrow = self::schema(&["flowId", "interfaceName"]);
    assert_eq!(
        print(&narrow, 100, None, &[batch(&narrow, &[(1, 1, 6, 1, b"x\0\0\0\0\0\0\0\0\0\0\0")])]),
        "flowId  interfaceName\n        x\n"
    );
}

#[test]
fn what_does_not_fit_is_said() {
    let schema = schema(&["src_addr", "src_port", "protocol", "bytes", "interfaceName"]);
    let rows = batch(&schema, &[(1, 53, 17, 60, b"Gi0/1\0\0\0\0\0\0\0")]);
    let expected = "          src_\nsrc_addr  port protocol\n10.0.0.1    53 UDP\n+2 columns: --columns, or --format csv\n";
    assert_eq!(print(&schema, 28, None, &[rows]), expected);
}

#[test]
fn on_a_narrow_terminal_the_day_is_said_once() {
    let schema = schema(&["flow_start", "flow_end", "bytes"]);
    let fields = [(150, 4), (151, 4), (1, 4)].map(|(id, length)| FieldSpecifier::element(0, id, length));
    let plan = compile(Version::Ipfix, &fields, &schema, &Default::default()).unwrap();
    let context = batch(&schema, &[(1, 1, 6, 1, &[0; 12])]).runs()[0].context;
    let mut rows = FlowBatch::new(Arc::clone(&schema));
    // 2023-11-14T23:59:50.
    let start = 1_700_006_390u32;
    let body: Vec<u8> =
        [start, start, 7, start + 5, start + 11, 8, start + 10, start + 12, 9].iter().flat_map(|w| w.to_be_bytes()).collect();
    rows.append(&plan, &body, &context);
    rows.finish();
    let wide = "\
flow_start                flow_end                  bytes
2023-11-14T23:59:50.000Z  2023-11-14T23:59:50.000Z      7
2023-11-14T23:59:55.000Z  2023-11-15T00:00:01.000Z      8
2023-11-15T00:00:00.000Z  2023-11-15T00:00:02.000Z      9
";
    assert_eq!(print(&schema, 57, None, std::slice::from_ref(&rows)), wide);
    // A time of another day than its row's is written out, and pushes the rest aside.
    let narrow = "\
flow_start
2023-11-14   flow_end     bytes
23:59:50.000 23:59:50.000     7
23:59:55.000 2023-11-15T00:00:01.000Z     8
2023-11-15
00:00:00.000 00:00:02.000     9
";
    assert_eq!(print(&schema, 56, None, &[rows]), narrow);
}

#[test]
fn the_limit_ends_within_a_batch() {
    let schema = schema(&["src_port"]);
    let rows = batch(&schema, &[(1, 1, 6, 1, &[0; 12]), (1, 2, 6, 1, &[0; 12]), (1, 3, 6, 1, &[0; 12])]);
    assert_eq!(print(&schema, 80, Some(2), &[rows.clone(), rows]), "src_port\n       1\n       2\n");
}

#[test]
fn no_rows_still_have_a_header() {
    assert_eq!(print(&schema(&["src_addr", "bytes"]), 80, None, &[]), "src_addr  bytes\n");
}

#[test]
fn a_reader_that_has_gone_ends_the_run() {
    struct Gone;
    impl io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let schema = schema(&["src_port"]);
    let table = FlowTable::new(Arc::clone(&schema), Style::default());
    let mut sink = FlowTableSink::new(&table, Gone, None);
    let part = table.digest(&batch(&schema, &[(1, 1, 6, 1, &[0; 12])]));
    assert_eq!(sink.absorb(part).unwrap(), Flow::Stop);
    sink.finish().unwrap();
}

fn definition() -> Definition {
    let mut fields: Vec<FieldSpecifier> = [(8, 4), (1, 4), (96, 65_535)].map(|(id, l)| FieldSpecifier::element(0, id, l)).to_vec();
    fields[0].role = Role::Scope;
    fields.push(FieldSpecifier::element(9, 12_235, 65_535));
    fields.push(FieldSpecifier::element(4_000_000, 5, 2));
    let seen =
        |seconds: u32, frame| Some(Seen { time: Timestamp::from_seconds(1_700_000_000 + seconds), origin: Origin { file: 0, frame } });
    Definition {
        id: crate::template::DefinitionId::NONE,
        template: Arc::new(Template { id: 256, kind: Kind::Options, fields, scope_count: 1 }),
        key: DomainKey { exporter: Endpoint { addr: "203.0.113.1".parse().unwrap(), port: 4739 }, domain: 7, version: Version::Ipfix },
        version: 2,
        first_seen: seen(0, 3),
        last_seen: seen(90, 12),
        times_sent: 4,
        sets: 2,
        records: 1500,
        sets_before: 0,
        records_before: 0,
        first_before: None,
        intervals: crate::template::Intervals::default(),
        returns: 0,
        list_uses: 0,
        kept: None,
    }
}

#[test]
fn templates_on_80_columns() {
    let expected = "\
options template 256, definition 2, 203.0.113.1:4739 IPFIX domain 7
  5 fields, records of variable length; sent 4 times, first 2023-11-14 22:13:20
    (frame 3), last 2023-11-14 22:14:50; 1,500 records in 2 Sets
         id  name                         length         v9 name
          8  sourceIPv4Address                 4  scope  IPV4_SRC_ADDR
          1  octetDeltaCount                   4         IN_BYTES
         96  applicationName            variable         APPLICATION_NAME
    9/12235  cisco_applicationHttpHost  variable
  4000000/5  not in any registry               2
";
    assert_eq!(templates_text(&template_lines(&[definition()], &Default::default()), None, &Style::default()), expected);
}

/// The second line, which tells the history.
fn history(definition: Definition) -> String {
    let style = Style { width: 400, color: false };
    let text = templates_text(&template_lines(&[definition], &Default::default()), Some("kept\x1b.json"), &style);
    text.lines().nth(1).unwrap().trim().to_owned()
}

#[test]
fn a_kept_template_is_not_said_to_have_been_sent() {
    let at = |seconds: u32| Timestamp::from_seconds(1_600_000_000 + seconds);
    let kept = Some(KeptHistory { first_seen: at(0), last_seen: at(60), times_sent: 2 });
    let unsent = Definition { kept, first_seen: None, last_seen: None, times_sent: 0, ..definition() };
    let fields = "5 fields, records of variable length";
    let from = "from kept\\x1b.json, sent 2 times until 2020-09-13 12:27:40";
    assert_eq!(history(unsent), format!("{fields}; never sent in what was read; {from}; 1,500 records in 2 Sets"));
    let sent = "sent 4 times, first 2023-11-14 22:13:20 (frame\u{a0}3), last 2023-11-14 22:14:50";
    let both = history(Definition { kept, ..definition() });
    assert_eq!(both.replace('\u{a0}', " "), format!("{fields}; {sent}; {from}; 1,500 records in 2 Sets").replace('\u{a0}', " "));
}

#[test]
fn a_template_of_lists_is_used_there() {
    let used = |records, list_uses| history(Definition { records, list_uses, ..definition() });
    assert!(used(0, 0).ends_with("; no record came with it"));
    assert!(used(0, 1).ends_with("; used in 1 list"));
    assert!(used(7, 1_200).ends_with("; 7 records in 2 Sets, and used in 1,200 lists"));
}

#[test]
fn no_templates() {
    assert_eq!(
        templates_text(&[], None, &Style::default()),
        "No templates: v1, v5 and v7 have none, and no v9 or IPFIX template was seen.\n"
    );
}

#[test]
fn templates_as_json() {
    let json: serde_json::Value =
        serde_json::from_str(&templates_json(&template_lines(&[definition()], &Default::default()), &["a.pcap".to_owned()], None)).unwrap();
    assert_eq!(json["schema"], "ipfix-inspect/templates/1");
    let t = &json["templates"][0];
    assert_eq!((&t["kind"], &t["first_file"], &t["first_frame"]), (&"options".into(), &"a.pcap".into(), &3.into()));
    assert_eq!((&t["last_seen"], &t["records"]), (&"2023-11-14T22:14:50.000Z".into(), &1500.into()));
    assert_eq!(
        t["fields"][0],
        serde_json::json!({
            "id": 8, "pen": 0, "name": "sourceIPv4Address", "column": "sourceIPv4Address", "v9_name": "IPV4_SRC_ADDR", "vendor": null, "length": 4, "scope": true
        })
    );
    assert_eq!((&t["fields"][3]["length"], &t["fields"][3]["pen"]), (&"variable".into(), &9.into()));
    assert_eq!(t["fields"][4]["name"], serde_json::Value::Null);
}

#[test]
fn zones_units_and_titles_are_the_readers_choice() {
    let schema = schema(&["flow_start", "received", "bytes", "octetDeltaCount"]);
    let fields = [(150, 4), (1, 4)].map(|(id, length)| FieldSpecifier::element(0, id, length));
    let plan = compile(Version::Ipfix, &fields, &schema, &Default::default()).unwrap();
    // 2026-10-25T00:59:59Z and a second later: the night in which Berlin's clocks go back.
    let body = [1_792_889_999u32.to_be_bytes(), 1_500u32.to_be_bytes(), 1_792_890_000u32.to_be_bytes(), 999u32.to_be_bytes()].concat();
    let received = Some(Timestamp::from_seconds(1_792_890_001));
    let mut batch = FlowBatch::new(Arc::clone(&schema));
    batch.append(&plan, &body, &Context { received, ..Context::blank(Version::Ipfix) });
    batch.finish();
    let print = |width: usize, display: Display| {
        let table = FlowTable::new(Arc::clone(&schema), Style { width, color: false }).with_display(display);
        let mut out = Vec::new();
        let mut sink = FlowTableSink::new(&table, &mut out, None);
        sink.absorb(table.digest(&batch)).unwrap();
        sink.finish().unwrap();
        String::from_utf8(out).unwrap()
    };
    let berlin = Zone::by_name("Europe/Berlin").unwrap();
    let expected = "\
flow_start                     received                        bytes  octetDeltaCount
2026-10-25T02:59:59.000+02:00  2026-10-25T02:00:01.000+01:00  1.5 kB           1.5 kB
2026-10-25T02:00:00.000+01:00  2026-10-25T02:00:01.000+01:00   999 B            999 B
";
    assert_eq!(print(200, Display { zone: berlin, bytes: ByteUnits::Si, headers: true }), expected);
    // The widths are those of times on one day with one offset.
    let expected = "\
flow_start   received       bytes octetDeltaCount
2026-10-25 +02:00
02:59:59.000 2026-10-25T02:00:01.000+01:00 1.5 KiB         1.5 KiB
2026-10-25 +01:00
02:00:00.000 02:00:01.000   999 B           999 B
";
    assert_eq!(print(70, Display { zone: berlin, bytes: ByteUnits::Iec, headers: true }), expected);
    let expected = "\
2026-10-25T00:59:59.000Z  2026-10-25T01:00:01.000Z  1500  1500
2026-10-25T01:00:00.000Z  2026-10-25T01:00:01.000Z   999   999
";
    assert_eq!(print(200, Display { headers: false, ..Display::default() }), expected);
}
