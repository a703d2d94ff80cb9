//! The overview of a small run, made by hand: two exporters, hostile names, one problem of each weight.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::audit::{Layout, LayoutAudit, LayoutName, Traffic, judge, profile};
use crate::collector::{Convention, OtherScope, SequenceReport, Severity, SourceKey};
use crate::column::{Context, FlowBatch};
use crate::datagram::{Endpoint, Origin};
use crate::element::Elements;
use crate::input::{Compression, Container, FileReport};
use crate::message::{FieldSpecifier, Version};
use crate::plan::{compile, fixed_template};
use crate::summary::{ExporterLine, FileLine, Overview, ProblemLine, Totals, head_schema};
use crate::template::{Kind, ScopeRule, Template};
use crate::time::{Timestamp, UptimeClock};

use super::*;

const NOON: u32 = 1_700_000_000;

pub(super) fn at(seconds: u32) -> Timestamp {
    Timestamp::from_seconds(NOON + seconds)
}

pub(super) fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A v5 record: 192.0.2.10 to 198.51.100.20, two minutes of up-time at its first packet.
fn v5_record(ports: [u16; 2], packets: u32, octets: u32, flags: u8, protocol: u8) -> Vec<u8> {
    let mut r = vec![192, 0, 2, 10, 198, 51, 100, 20, 0, 0, 0, 0, 0, 1, 0, 2];
    for word in [packets, octets, 120_000, 121_500] {
        r.extend(word.to_be_bytes());
    }
    ports.iter().for_each(|p| r.extend(p.to_be_bytes()));
    r.extend([0, flags, protocol, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
    r
}

fn head() -> FlowBatch {
    let schema = head_schema(false);
    let mut batch = FlowBatch::new(std::sync::Arc::clone(&schema));
    let plan = compile(Version::V5, &fixed_template(Version::V5, 48), &schema, &Default::default()).unwrap();
    let context = Context {
        received: Some(at(0)),
        exporter: Endpoint { addr: addr("203.0.113.1"), port: 50_000 },
        domain: Some(0),
        version: Version::V5,
        template_id: None,
        export_time: at(0),
        clock: Some(UptimeClock::from_header(at(0), 130_000)),
        boot: None,
        origin: Origin { file: 0, frame: 1 },
        source: 0,
        layout: 0,
    };
    let mut body = v5_record([43_210, 443], 12, 3_456_789, 0x1b, 6);
    body.extend(v5_record([0, 0x0303], 1, 56, 0, 1));
    batch.append(&plan, &body, &context);
    batch.finish();
    batch
}

pub(super) fn exporter(address: &str, version: Version, domain: u32, sums: Traffic) -> ExporterLine {
    ExporterLine {
        key: SourceKey { exporter: addr(address), version, domain: Some(domain) },
        ports: vec![50_000],
        messages: 3,
        templates: 0,
        template_records: 0,
        options_templates: 0,
        options_template_records: 0,
        sums,
        options_records: 0,
        sets_without_template: 0,
        other_scopes: BTreeMap::new(),
        sets_by_kept_template: 0,
        sequence: SequenceReport::default(),
        problems: 0,
        first_seen: at(0),
        last_seen: at(112),
        sampling: crate::collector::SourceSampling::default(),
        layouts: Vec::new(),
    }
}

pub(super) fn layout(id: Option<u16>, ids: &[u16], traffic: Traffic) -> LayoutAudit {
    let fields: Vec<FieldSpecifier> = ids.iter().map(|id| FieldSpecifier::element(0, *id, 4)).collect();
    let content = Template { id: id.unwrap_or(0), kind: Kind::Data, fields, scope_count: 0 };
    let judged = Layout { version: Version::V9, kind: Kind::Data, fields: &content.fields, traffic: &traffic, sampled: false };
    let verdicts = vec![judge(&profile("strm").unwrap(), &judged, &Elements::default())];
    let name = id.map_or(LayoutName::Fixed(Version::V5), |id| LayoutName::Template(id, 1));
    LayoutAudit { name, content: Arc::new(content), definitions: Vec::new(), sent: true, traffic, verdicts }
}

fn file() -> FileReport {
    FileReport {
        name: "cap\u{202e}.pcap".to_owned(),
        stored: 0,
        container: Container::Pcap { big_endian: false, nanoseconds: false, modified: false },
        compression: Some(Compression::Gzip),
        inner_compression: None,
        link_types: vec!["EN10MB".to_owned()],
        octets: 12_345,
        frames: 8,
        datagrams: 7,
        tcp_messages: 0,
        first: Some(at(0)),
        last: Some(at(112)),
        faults: Vec::new(),
    }
}

fn sample() -> Overview {
    let messages = BTreeMap::from([(Version::V5, 3), (Version::V9, 3)]);
    let fixed = Traffic { flows: 2, bytes: 3_456_845, packets: 13, tcp: 1, icmp: 1 };
    let other = Traffic { flows: 5, bytes: 280, packets: 5, tcp: 0, icmp: 5 };
    let both = Traffic { flows: 7, bytes: 3_457_125, packets: 18, tcp: 1, icmp: 6 };
    let mut v5 = exporter("203.0.113.1", Version::V5, 0, fixed);
    v5.layouts = vec![layout(None, &[22, 21, 4, 8, 12, 7, 11, 1, 2, 6], fixed)];
    v5.sequence = SequenceReport { convention: Some(Convention::Flows), lost: 1204, restarts: 1, ..SequenceReport::default() };
    let mut v9 = exporter("2001:db8::9", Version::V9, 7, other);
    v9.layouts = vec![
        layout(Some(256), &[22, 21, 4, 8, 12, 1, 2], other),
        layout(Some(257), &[150, 21, 4, 27, 12, 7, 11, 1, 2], Traffic::default()),
    ];
    v9.sequence = SequenceReport { convention: Some(Convention::Flows), deviates: true, duplicates: 2, ..SequenceReport::default() };
    (v9.templates, v9.options_templates, v9.options_records, v9.problems) = (2, 1, 4, 1);
    Overview {
        files: vec![FileLine { report: file(), nde_datagrams: 6, messages: messages.clone() }],
        exporters: vec![v5, v9],
        problems: vec![
            ProblemLine {
                code: "no-template",
                severity: Severity::Error,
                title: "Data Sets whose template was never seen could not be decoded",
                count: 1000,
                file: 0,
                frame: 4,
                exporter: Some(addr("2001:db8::9")),
                domain: Some(7),
                offset: Some(20),
                detail: "no template 300 \x1b[2J".to_owned(),
            },
            ProblemLine {
                code: "not-ip",
                severity: Severity::Note,
                title: "Frames carry no IP (ARP, spanning tree and others)",
                count: 1,
                file: 0,
                frame: 8,
                exporter: None,
                domain: None,
                offset: None,
                detail: "frame 8: ethertype 0x0806".to_owned(),
            },
        ],
        totals: Totals {
            frames: 8,
            datagrams: 7,
            nde_datagrams: 6,
            messages,
            sums: both,
            options_records: 4,
            lost: 1204,
            ..Totals::default()
        },
        scaled: false,
        profile: profile("strm").unwrap(),
        head: vec![head()],
        columns: None,
    }
}

fn style(width: usize) -> Style {
    Style { width, color: false }
}

#[test]
fn on_80_columns() {
    let expected = "\
cap\\u{202e}.pcap: pcap, little-endian, microseconds, gzip, 12.3 kB; 8 frames,
  7 datagrams; NDE messages: 3 v5, 3 v9; 2023-11-14 22:13:20 – 22:15:12 UTC
  (1 min 52 s)

Exporters
exporter     version  domain  messages  templates  flows   bytes   lost
203.0.113.1  v5            0         3          -      2  3.5 MB  1,204
2001:db8::9  v9            7         3       2 +1      5   280 B      0
Not shown for lack of room: last seen, first seen, options, packets, problems.
Totals: 7 flows, 3,457,125 bytes (3.5 MB), 18 packets, 4 options records.
By sequence numbers:
  203.0.113.1 v5: 1,204 flows lost, 1 restart
  2001:db8::9 v9 domain 7: 2 messages came twice (it counts flows before the
    message, which is not what RFC 3954 §5.1 says)

For Juniper STRM: do the templates carry what it needs?
203.0.113.1 v5: complete
2001:db8::9 v9 domain 7:
  template 256: lacks L4_SRC_PORT (7), L4_DST_PORT (11); only ICMP flows use it
  template 257: no flow came with it

The first 2 of 7 flows, 2023-11-14 UTC
start    proto source             destination            flags    pkts bytes
22:13:10 TCP   192.0.2.10:43210 → 198.51.100.20:443      ...AP.SF   12  3.5M
22:13:10 ICMP  192.0.2.10       → 198.51.100.20 type 3/3             1    56

Problems
error: 1,000 × Data Sets whose template was never seen could not be decoded
  [no-template]
  first: frame 4, 2001:db8::9, domain 7, octet 20: no template 300 \\x1b[2J
note: 1 × frames carry no IP (ARP, spanning tree and others) (first: frame 8:
  ethertype 0x0806) [not-ip]
";
    assert_eq!(overview_text(&sample(), &style(80)), expected);
}

#[test]
fn on_200_columns() {
    let expected = "\
cap\\u{202e}.pcap: pcap, little-endian, microseconds, gzip, 12.3 kB; 8 frames, 7 datagrams; NDE messages: 3 v5, 3 v9; 2023-11-14 22:13:20 – 22:15:12 UTC (1 min 52 s)

Exporters
exporter     port   version  domain  messages  templates  flows  options      bytes  packets   lost  problems  first seen           last seen
203.0.113.1  50000  v5            0         3          -      2        0  3,456,845       13  1,204         0  2023-11-14 22:13:20  2023-11-14 22:15:12
2001:db8::9  50000  v9            7         3       2 +1      5        4        280        5      0         1  2023-11-14 22:13:20  2023-11-14 22:15:12
Totals: 7 flows, 3,457,125 bytes (3.5 MB), 18 packets, 4 options records.
By sequence numbers:
  203.0.113.1 v5: 1,204 flows lost, 1 restart
  2001:db8::9 v9 domain 7: 2 messages came twice (it counts flows before the message, which is not what RFC 3954 §5.1 says)

For Juniper STRM: do the templates carry what it needs?
203.0.113.1 v5: complete
2001:db8::9 v9 domain 7:
  template 256: lacks L4_SRC_PORT (7), L4_DST_PORT (11); only ICMP flows use it
  template 257: no flow came with it

The first 2 of 7 flows, times in UTC
start                    duration  proto  source               destination             flags     packets      bytes
2023-11-14 22:13:10.000   1.500 s  TCP    192.0.2.10:43210  →  198.51.100.20:443       ...AP.SF       12  3,456,789
2023-11-14 22:13:10.000   1.500 s  ICMP   192.0.2.10        →  198.51.100.20 type 3/3                  1         56

Problems
error: 1,000 × Data Sets whose template was never seen could not be decoded [no-template]
  first: frame 4, 2001:db8::9, domain 7, octet 20: no template 300 \\x1b[2J
note: 1 × frames carry no IP (ARP, spanning tree and others) (first: frame 8: ethertype 0x0806) [not-ip]
";
    assert_eq!(overview_text(&sample(), &style(200)), expected);
}

#[test]
fn what_another_template_scope_would_decode() {
    let mut overview = sample();
    let found = |sets, ports: &[u16], template_ports: &[u16], domains: &[u32]| OtherScope {
        sets,
        ports: ports.iter().copied().collect(),
        template_ports: template_ports.iter().copied().collect(),
        template_domains: domains.iter().copied().collect(),
    };
    overview.totals.sets_by_kept_template = 5;
    overview.exporters[1].other_scopes = BTreeMap::from([
        (ScopeRule::Address, found(12, &[50_000], &[40_000, 40_001], &[7])),
        (ScopeRule::AnyDomain, found(1_312, &[50_000], &[50_000], &[0, 1, 2, 3, 4, 5, 7])),
    ]);
    let expected = "\
Totals: 7 flows, 3,457,125 bytes (3.5 MB), 18 packets, 4 options records; 5 Data Sets read with kept templates.
By sequence numbers:
  203.0.113.1 v5: 1,204 flows lost, 1 restart
  2001:db8::9 v9 domain 7: 2 messages came twice (it counts flows before the message, which is not what RFC 3954 §5.1 says)
2001:db8::9 v9 domain 7: 12 Data Sets without a template would be decoded with --template-scope address (templates come from ports 40000, 40001, data from port 50000)
2001:db8::9 v9 domain 7: 1,312 Data Sets without a template would be decoded with --template-scope any-domain (templates come in domains 0, 1, 2, 3, 4, …, data in domain 7)
";
    assert!(overview_text(&overview, &style(200)).contains(expected), "{}", overview_text(&overview, &style(200)));
    let json: serde_json::Value = serde_json::from_str(&overview_json(&overview)).unwrap();
    assert_eq!(
        json["exporters"][1]["other_scopes"][0],
        serde_json::json!({
            "template_scope": "address", "sets": 12, "ports": [50_000], "template_ports": [40_000, 40_001], "template_domains": [7]
        })
    );
    assert_eq!((&json["exporters"][0]["other_scopes"], &json["totals"]["sets_by_kept_template"]), (&serde_json::json!([]), &5.into()));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in 40..220 {
        for line in overview_text(&sample(), &style(width)).lines() {
            assert!(line.chars().count() <= width || !line.trim().contains(' '), "{width}: {line}");
        }
    }
}

#[test]
fn color_changes_nothing_but_color() {
    let colored = overview_text(&sample(), &Style { width: 80, color: true });
    assert!(colored.contains("\x1b[31merror\x1b[0m: 1,000 × Data Sets") && colored.contains("\x1b[32mcomplete\x1b[0m"));
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, overview_text(&sample(), &style(80)));
}

#[test]
fn without_nde_it_says_what_to_try() {
    let mut overview = sample();
    overview.totals.messages.clear();
    overview.exporters.clear();
    overview.head.clear();
    overview.files[0].messages.clear();
    overview.problems.remove(0);
    let expected = "\
cap\\u{202e}.pcap: pcap, little-endian, microseconds, gzip, 12.3 kB; 8 frames,
  7 datagrams; no NDE; 2023-11-14 22:13:20 – 22:15:12 UTC (1 min 52 s)

No NetFlow or IPFIX in this capture.
There are 7 datagrams, but none holds NetFlow v1, v5, v7, v9 or IPFIX.

What was there
note: 1 × frames carry no IP (ARP, spanning tree and others) (first: frame 8:
  ethertype 0x0806) [not-ip]

If you know the port N that the exporter sends to, --port N explains every
datagram to that port.
";
    assert_eq!(overview_text(&overview, &style(80)), expected);
}

#[test]
fn many_exporters_share_the_lines_of_their_verdicts() {
    let mut overview = sample();
    let first = overview.exporters[0].clone();
    overview.exporters = (1..=25u8)
        .map(|n| ExporterLine { key: SourceKey { exporter: IpAddr::from([192, 0, 2, n]), ..first.key }, ..first.clone() })
        .collect();
    overview.exporters[7].layouts = vec![layout(None, &[22, 21, 4, 8, 12, 7, 11, 1, 2], first.sums)];
    let text = overview_text(&overview, &style(80));
    assert!(text.contains("\n192.0.2.1 v5 … and 23 more: complete\n192.0.2.8 v5: lacks TCP_FLAGS (6)\n"), "{text}");
    assert!(text.contains("\n  192.0.2.10 v5: 1,204 flows lost, 1 restart\n  … and 15 more exporters"), "{text}");
}

#[test]
fn few_exporters_are_all_named() {
    let mut overview = sample();
    let mut third = overview.exporters[0].clone();
    third.key.exporter = addr("203.0.113.3");
    overview.exporters.push(third);
    let text = overview_text(&overview, &style(80));
    assert!(text.contains("\n203.0.113.1 v5, 203.0.113.3 v5: complete\n2001:db8::9 v9 domain 7:\n  template 256: lacks"), "{text}");
}

#[test]
fn alternates_are_named() {
    let mut overview = sample();
    overview.exporters[1].layouts.remove(0);
    let text = overview_text(&overview, &style(80));
    let expected = "\
2001:db8::9 v9 domain 7: template 257: complete, with alternates that its
  document does not name: flowStartSeconds (150) for FIRST_SWITCHED,
  sourceIPv6Address (27) for IPV4_SRC_ADDR; TCP flows would lack TCP_FLAGS (6);
  no flow came with it
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn json_has_the_same_facts() {
    let text = overview_json(&sample());
    assert!(text.ends_with("}\n"));
    // The mark that turns the direction of text must not reach a terminal even here.
    assert!(text.contains("\"path\": \"cap\\u202e.pcap\""));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["schema"], "ipfix-inspect/overview/1");
    assert_eq!(json["files"][0]["messages"], serde_json::json!({"v5": 3, "v9": 3}));
    assert_eq!(json["files"][0]["compression"], "gzip");
    assert_eq!(json["files"][0]["last"], "2023-11-14T22:15:12.000Z");
    assert_eq!(json["totals"]["bytes"], 3_457_125);
    let v9 = &json["exporters"][1];
    assert_eq!((&v9["version"], &v9["domain"], &v9["duplicates"]), (&"v9".into(), &7.into(), &2.into()));
    assert_eq!(v9["sequence"], "flows before the message");
    assert_eq!(v9["strm"][0]["missing"], serde_json::json!(["L4_SRC_PORT", "L4_DST_PORT"]));
    assert_eq!(
        v9["strm"][1]["alternates"],
        serde_json::json!([
            {"for": "FIRST_SWITCHED", "element": 150, "name": "flowStartSeconds"},
            {"for": "IPV4_SRC_ADDR", "element": 27, "name": "sourceIPv6Address"},
        ])
    );
    assert_eq!(
        json["problems"][0]["first"],
        serde_json::json!({
            "file": "cap\u{202e}.pcap", "frame": 4, "exporter": "2001:db8::9", "domain": 7, "offset": 20, "detail": "no template 300 \x1b[2J"
        })
    );
    assert_eq!(
        json["flows"][1],
        serde_json::json!({
            "received": "2023-11-14T22:13:20.000Z", "exporter": "203.0.113.1", "observation_domain": 0, "nde_version": 5,
            "flow_start": "2023-11-14T22:13:10.000Z", "flow_end": "2023-11-14T22:13:11.500Z", "duration_ms": 1500,
            "src_addr": "192.0.2.10", "dst_addr": "198.51.100.20", "src_port": 0, "dst_port": 771, "protocol": 1, "tcp_flags": 0,
            "bytes": 56, "packets": 1, "icmp_type": 3, "icmp_code": 3, "tos": 0, "in_if": 1, "out_if": 2, "next_hop": "0.0.0.0",
            "src_as": 0, "dst_as": 0, "src_mask": 24, "dst_mask": 24
        })
    );
}
