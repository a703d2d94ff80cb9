//! Summaries of hand-made flows, in every form.

use std::sync::Arc;

use crate::collector::Digest;
use crate::column::{Context, FlowBatch};
use crate::datagram::Endpoint;
use crate::message::{FieldSpecifier, Version};
use crate::plan::{Schema, SchemaBuilder, compile};
use crate::report::{ByteUnits, Display, Style, Zone};
use crate::summary::{Answers, KeyPart, Order, Place, Question, Questions, Tally};
use crate::time::Timestamp;

use super::*;

/// 2023-11-14T22:13:20Z, in milliseconds.
const T: u64 = 1_700_000_000_000;

/// What is asked: columns to group by, how many groups, intervals.
fn questions(by: &[&str], top: usize, every_seconds: Option<i64>) -> Questions {
    let parts = by.iter().map(|text| KeyPart::parse(text, |name| SchemaBuilder::default().resolve(name)).unwrap()).collect::<Vec<_>>();
    let tables = if by.is_empty() { Vec::new() } else { vec![Question { by: parts, order: Order::Bytes, top }] };
    Questions {
        series: tables.is_empty(),
        tables,
        every: every_seconds.map(|s| s * 1_000_000_000),
        place: Place::Spread,
        names: false,
        max_groups: None,
        workers: 1,
    }
}

/// Flows of two exporters. The first sends source (8), destination port (11), protocol (4), interface (10), octets (1), packets (2), start and
/// end (152, 153); the second sends IPv6 sources (27) and octets alone, and no times.
fn answers(questions: Questions) -> Answers {
    let mut builder = SchemaBuilder::default();
    questions.columns(&mut builder);
    let schema: Arc<Schema> = Arc::new(builder.build());
    let tally = Tally::new(questions, &schema);
    let fields = |list: &[(u16, u16)]| list.iter().map(|(id, length)| FieldSpecifier::element(0, *id, *length)).collect::<Vec<_>>();
    let plan = |list: &[(u16, u16)]| compile(Version::Ipfix, &fields(list), &schema, &Default::default()).unwrap();
    let full = plan(&[(8, 4), (11, 2), (4, 1), (10, 4), (1, 4), (2, 4), (152, 8), (153, 8)]);
    let v6 = plan(&[(27, 16), (1, 4)]);
    let mut body = Vec::new();
    let mut flow = |source: [u8; 4], port: u16, protocol: u8, interface: u32, bytes: u32, packets: u32, from: u64, to: u64| {
        body.extend(source);
        body.extend(port.to_be_bytes());
        body.push(protocol);
        body.extend([interface, bytes, packets].into_iter().flat_map(u32::to_be_bytes));
        body.extend([T + from, T + to].into_iter().flat_map(u64::to_be_bytes));
    };
    flow([10, 0, 0, 1], 443, 6, 1, 1_000_000, 1_000, 0, 20_000);
    flow([10, 0, 0, 2], 53, 17, 1, 100, 1, 5_000, 5_000);
    flow([10, 0, 1, 1], 443, 6, 2, 4_000, 10, 7_500, 12_500);
    flow([10, 0, 0, 1], 443, 6, 1, 500_000, 500, 30_000, 30_000);
    let mut others = Vec::new();
    for last in [1u8, 2] {
        others.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        others.extend(2_000u32.to_be_bytes());
    }
    let of = |address: &str| Context {
        exporter: Endpoint { addr: address.parse().unwrap(), port: 2055 },
        received: Timestamp::from_millis(T + 14_000),
        ..Context::blank(Version::Ipfix)
    };
    let mut batch = FlowBatch::new(Arc::clone(&schema));
    batch.append(&full, &body, &of("192.0.2.1"));
    batch.append(&v6, &others, &of("192.0.2.2"));
    batch.finish();
    tally.digest(&batch).unwrap();
    tally.finish().unwrap()
}

fn view(display: Display) -> SummaryView {
    SummaryView {
        files: vec!["a.pcap".to_owned()],
        scaled: false,
        filter: Some("any".to_owned()),
        names: true,
        blocks: true,
        style: Style { width: 120, color: false },
        display,
    }
}

fn si() -> Display {
    Display { bytes: ByteUnits::Si, ..Display::default() }
}

fn csv_of(by: &[&str], top: usize, every: Option<i64>) -> String {
    let view = SummaryView { names: false, ..view(Display::default()) };
    String::from_utf8(summary_csv(&answers(questions(by, top, every)), &view)).unwrap()
}

#[test]
fn groups_by_an_address() {
    // Flows without times are of the moment in which they were received. What has no time between first and last has no rate.
    let expected = "\
src_addr,flows,packets,bytes,bps,first,last
10.0.0.1,2,1500,1500000,400000,2023-11-14T22:13:20.000Z,2023-11-14T22:13:50.000Z
10.0.1.1,1,10,4000,6400,2023-11-14T22:13:27.500Z,2023-11-14T22:13:32.500Z
2001:db8::1,1,,2000,,2023-11-14T22:13:34.000Z,2023-11-14T22:13:34.000Z
2001:db8::2,1,,2000,,2023-11-14T22:13:34.000Z,2023-11-14T22:13:34.000Z
10.0.0.2,1,1,100,,2023-11-14T22:13:25.000Z,2023-11-14T22:13:25.000Z
";
    assert_eq!(csv_of(&["src_addr"], 9, None), expected);
    assert_eq!(csv_of(&["src_addr"], 2, None), expected.lines().take(3).map(|line| format!("{line}\n")).collect::<String>());
}

#[test]
fn flows_without_a_value_are_a_group() {
    let sums = |by: &[&str]| {
        let text = csv_of(by, 9, None);
        text.lines().skip(1).map(|line| line.split(',').take(by.len() + 3).collect::<Vec<_>>().join(",")).collect::<Vec<_>>()
    };
    assert_eq!(sums(&["dst_port"]), ["443,3,1510,1504000", ",2,,4000", "53,1,1,100"]);
    assert_eq!(sums(&["protocol", "dst_port", "in_if"]), ["6,443,1,2,1500,1500000", ",,,2,,4000", "6,443,2,1,10,4000", "17,53,1,1,1,100"]);
    // A column that no flow has; and one of text.
    assert_eq!(sums(&["next_hop"]), [",6,1511,1508100"]);
    assert_eq!(sums(&["application"]), [",6,1511,1508100"]);
    assert_eq!(sums(&["application", "dst_port"]), [",443,3,1510,1504000", ",,2,,4000", ",53,1,1,100"]);
}

#[test]
fn what_a_message_says_groups_as_well() {
    let text = csv_of(&["exporter"], 9, None);
    let rows: Vec<&str> = text.lines().skip(1).map(|line| line.split_once(",2023").map_or(line, |(sums, _)| sums)).collect();
    assert_eq!(rows, ["192.0.2.1,4,1511,1504100,401093", "192.0.2.2,2,,4000,"]);
    let text = csv_of(&["in_if", "exporter", "observation_domain"], 1, None);
    assert!(
        text.starts_with("in_if,exporter,observation_domain,flows,packets,bytes,bps,first,last\n1,192.0.2.1,,3,1501,1500100,"),
        "{text}"
    );
}

#[test]
fn networks_of_both_families() {
    let text = csv_of(&["src_net/23/127", "src_net/30"], 9, None);
    let rows: Vec<&str> = text.lines().map(|line| line.rsplitn(4, ',').last().unwrap_or_default()).collect();
    assert_eq!(
        rows,
        [
            "src_net/23/127,src_net/30,flows,packets,bytes",
            "10.0.0.0/23,10.0.0.0/30,3,1501,1500100",
            "10.0.0.0/23,10.0.1.0/30,1,10,4000",
            "2001:db8::/127,2001:db8::/64,1,,2000",
            "2001:db8::2/127,2001:db8::/64,1,,2000",
        ]
    );
}

#[test]
fn intervals() {
    // The first flow lasts 20 s and counts half in each; the third one lies half before and half after 22:13:30.
    let expected = "\
interval,flows,packets,bytes,bps
2023-11-14T22:13:20.000Z,3,506,502100,401680
2023-11-14T22:13:30.000Z,2,505,506000,404800
2023-11-14T22:13:40.000Z,0,0,0,0
2023-11-14T22:13:50.000Z,1,500,500000,400000
";
    assert_eq!(csv_of(&[], 9, Some(10)), expected);
    let expected = "\
interval,protocol,flows,packets,bytes,bps
2023-11-14T22:13:20.000Z,6,2,505,502000,401600
2023-11-14T22:13:20.000Z,17,1,1,100,80
2023-11-14T22:13:30.000Z,6,0,505,502000,401600
2023-11-14T22:13:30.000Z,,2,,4000,3200
2023-11-14T22:13:50.000Z,6,1,500,500000,400000
";
    assert_eq!(csv_of(&["protocol"], 9, Some(10)), expected);
}

#[test]
fn a_table_for_people() {
    let told = summary_text(&answers(questions(&["protocol", "dst_port"], 2, None)), &view(si()), false);
    let expected = "\
protocol  dst_port  flows  packets   bytes  % bytes   bit/s  first                    last
TCP            443      3    1,510  1.5 MB     99.7  401.1k  2023-11-14 22:13:20.000  2023-11-14 22:13:50.000
(none)      (none)      2        –  4.0 kB     0.27       –  2023-11-14 22:13:34.000  2023-11-14 22:13:34.000
2 of 3 ports, with 99.9 % of the bytes
";
    assert_eq!(told, expected);
    let narrow = SummaryView {
        style: Style { width: 60, color: false },
        display: Display { zone: Zone::by_name("Europe/Berlin").unwrap(), ..Display::default() },
        ..view(si())
    };
    let expected = "\
interval             src_addr  flows    bytes    bit/s
2023-11-14 23:13:20  10.0.0.1      1  500,000  400,000
2023-11-14 23:13:30  10.0.0.1      0  500,000  400,000
2023-11-14 23:13:50  10.0.0.1      1  500,000  400,000
times in Europe/Berlin (+01:00)
";
    assert_eq!(summary_text(&answers(questions(&["src_addr"], 1, Some(10))), &narrow, false), expected);
    let bare = SummaryView { display: Display { headers: false, ..si() }, ..view(si()) };
    // The interfaces have no names, so there is no column of them.
    let named = Questions { names: true, ..questions(&["in_if"], 1, None) };
    let told = summary_text(&answers(named), &bare, false);
    assert_eq!(told, "1  3  1,501  1.5 MB  99.5  400.0k  2023-11-14 22:13:20.000  2023-11-14 22:13:50.000\n");
}

#[test]
fn a_page() {
    let mut asked = questions(&["src_addr"], 1, None);
    asked.series = true;
    asked.tables.push(Question {
        by: vec![KeyPart::parse("application", |n| SchemaBuilder::default().resolve(n)).unwrap()],
        order: Order::Bytes,
        top: 5,
    });
    let answers = answers(asked);
    // No flow has an application, so that table is not there.
    let expected = "\
6 flows, 1.5 MB, 1,511 packets
2023-11-14 22:13:20 – 22:13:50 UTC (30 s)
402.2 kbit/s, 50 packets/s, 0.2 flows/s

Bits a second, 1 s a column
  4.0M │                              █
       │                              █
       │                              █
  2.0M │                              █
       │                              █
       │▅▅▅▅▅▅▅▅▅▅▅▅▅▅▆▅▅▅▅▅          █
     0 └───────────────────────────────
        22:13:20    22:13:32
";
    let narrow = || SummaryView { style: Style { width: 44, color: false }, ..view(si()) };
    let told = summary_text(&answers, &narrow(), true);
    assert!(told.starts_with(expected), "{told}");
    assert!(told.ends_with("1 of 5 sources, with 99.4 % of the bytes\n") && !told.contains("application"), "{told}");
    let ascii = SummaryView { blocks: false, ..narrow() };
    let told = summary_text(&answers, &ascii, true);
    let picture: String = told.lines().skip(4).take(8).map(|line| format!("{line}\n")).collect();
    assert!(picture.is_ascii() && picture.contains("  4.0M |") && picture.contains("     0 +-----"), "{picture}");
}

#[test]
fn markdown() {
    let told = summary_markdown(&answers(questions(&["src_net/24"], 1, None)), &view(si()), false);
    let expected = "\
| src\\_net/24 | flows | packets | bytes | % bytes | bit/s | first | last |
| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |
| 10.0.0.0/24 | 3 | 1,501 | 1.5 MB | 99.5 | 400.0k | 2023-11-14 22:13:20.000 | 2023-11-14 22:13:50.000 |

1 of 3 networks, with 99.4 % of the bytes
";
    assert_eq!(told, expected);
}

#[test]
fn json() {
    let report: serde_json::Value = serde_json::from_str(&summary_json(&answers(questions(&["protocol"], 2, None)), &view(si()))).unwrap();
    assert_eq!(report["schema"], "ipfix-inspect/summary/1");
    assert_eq!(report["filter"], "any");
    let totals = serde_json::json!({
        "flows": 6, "packets": 1511, "bytes": 1_508_100, "packets_reverse": null, "bytes_reverse": null, "bps": 402_160,
        "first": "2023-11-14T22:13:20.000Z", "last": "2023-11-14T22:13:50.000Z"
    });
    assert_eq!(report["totals"], totals);
    let table = serde_json::json!({
        "by": ["protocol"], "order": "bytes", "seconds": null, "groups": 3, "temporary_files": false,
        "rows": [
            { "protocol": "TCP", "flows": 3, "packets": 1510, "bytes": 1_504_000, "bps": 401_066,
              "first": "2023-11-14T22:13:20.000Z", "last": "2023-11-14T22:13:50.000Z" },
            { "protocol": null, "flows": 2, "packets": null, "bytes": 4000, "bps": null,
              "first": "2023-11-14T22:13:34.000Z", "last": "2023-11-14T22:13:34.000Z" },
        ]
    });
    assert_eq!(report["tables"][0], table);
    assert!(report["series"].is_null());
}

/// Flows of which none says its packets, and one its octets.
#[test]
fn a_counter_that_no_flow_says_is_not_0() {
    let ask = |every| {
        let mut asked = questions(&["protocol"], 2, every);
        asked.series = true;
        let mut builder = SchemaBuilder::default();
        asked.columns(&mut builder);
        let schema: Arc<Schema> = Arc::new(builder.build());
        let tally = Tally::new(asked, &schema);
        for (fields, records) in
            [(&[(4, 1), (150, 4)][..], &[6u8, 0x65, 0x53, 0xf1, 0, 17, 0x65, 0x53, 0xf1, 0][..]), (&[(4, 1), (1, 1)], &[17, 0])]
        {
            let fields: Vec<FieldSpecifier> = fields.iter().map(|(id, length)| FieldSpecifier::element(0, *id, *length)).collect();
            let plan = compile(Version::Ipfix, &fields, &schema, &Default::default()).unwrap();
            let mut batch = FlowBatch::new(Arc::clone(&schema));
            let received = Timestamp::from_millis(T + 1_000);
            batch.append(&plan, records, &Context { received, ..Context::blank(Version::Ipfix) });
            batch.finish();
            tally.digest(&batch).unwrap();
        }
        tally.finish().unwrap()
    };
    let csv = |answers: &Answers| String::from_utf8(summary_csv(answers, &SummaryView { names: false, ..view(si()) })).unwrap();
    let first = |text: String| text.lines().map(|line| line.split(',').take(5).collect::<Vec<_>>().join(",")).collect::<Vec<_>>();
    // A sum of 0 octets is one, and comes before none.
    assert_eq!(first(csv(&ask(None))), ["protocol,flows,packets,bytes,bps", "17,2,,0,0", "6,1,,,"]);
    let report: serde_json::Value = serde_json::from_str(&summary_json(&ask(Some(1)), &view(si()))).unwrap();
    assert_eq!((&report["totals"]["packets"], &report["totals"]["bytes"]), (&serde_json::Value::Null, &serde_json::json!(0)));
    let interval = &report["series"]["intervals"][0];
    assert_eq!((&interval["packets"], &interval["bytes"]), (&serde_json::Value::Null, &serde_json::json!(0)));
    let told = summary_text(&ask(None), &view(si()), true);
    assert!(told.starts_with("3 flows, 0 B, packets unknown\n"), "{told}");
    let told = summary_text(&ask(None), &view(si()), false);
    assert!(told.lines().any(|line| line.split_whitespace().take(4).eq(["TCP", "1", "–", "–"])), "{told}");
    let told = summary_markdown(&ask(None), &view(si()), true);
    assert!(told.contains("- Packets: unknown\n") && told.contains("| TCP | 1 | – | – |  | – |"), "{told}");
}
