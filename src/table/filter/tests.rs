//! Filters as people type them: what they want, and what is said of mistakes.

use std::sync::Arc;

use super::*;
use crate::column::{Column, Context, FlowBatch, Octets, Run, Validity, Values};
use crate::message::{FieldSpecifier, Version};
use crate::plan::{self, Canonical};

fn parse(text: &str) -> Result<Filter, FilterError> {
    Filter::parse(text, &Arc::default(), &|name| match name {
        "list.txt" => Ok("# the lab\n10.0.0.0/8, 192.0.2.1\n\n2001:db8::/32 # v6\n".to_owned()),
        "bad.txt" => Ok("10.0.0.1\n10.0.0.256\n".to_owned()),
        _ => Err(format!("{name}: no such file")),
    })
}

/// A record's fields in the order of [`FLOWS`].
type Flow = ([u8; 4], [u8; 4], u16, u16, u8, u8, u32, u32, u64, u64, u16);

/// Six records of src_addr, dst_addr, ports, protocol, TCP flags, bytes, packets, first and last in milliseconds, input interface.
const FLOWS: [Flow; 6] = [
    ([10, 1, 2, 3], [192, 0, 2, 1], 51_000, 443, 6, 0x1b, 12_000_000, 9_000, 0, 2_000, 3),
    ([192, 0, 2, 1], [10, 1, 2, 3], 443, 51_000, 6, 0x12, 48_000, 60, 0, 2_000, 4),
    ([172, 16, 9, 9], [8, 8, 8, 8], 40_000, 53, 17, 0, 71, 1, 500, 500, 3),
    ([10, 255, 0, 1], [172, 16, 9, 9], 0, 2048, 1, 0, 84, 1, 1_000, 61_000, 5),
    ([10, 1, 2, 4], [10, 1, 2, 5], 8_050, 22, 6, 0x02, 60, 1, 3_000, 3_000, 0),
    ([203, 0, 113, 7], [198, 51, 100, 7], 123, 123, 17, 0, 1_000, 2, 4_000, 5_500, 3),
];

fn batch(filter: &Filter) -> FlowBatch {
    let mut builder = SchemaBuilder::default();
    builder.canonical(Canonical::SrcPort);
    filter.add_columns(&mut builder);
    let schema = Arc::new(builder.build());
    let fields: Vec<FieldSpecifier> = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (1, 4), (2, 4), (152, 8), (153, 8), (10, 2)]
        .map(|(id, n)| FieldSpecifier::element(0, id, n))
        .into();
    let plan = plan::compile(Version::Ipfix, &fields, &schema, &Elements::default()).unwrap();
    let mut octets = Vec::new();
    for (src, dst, sport, dport, proto, flags, bytes, packets, first, last, in_if) in FLOWS {
        octets.extend([src, dst].concat());
        octets.extend([sport.to_be_bytes(), dport.to_be_bytes()].concat());
        octets.extend([proto, flags]);
        octets.extend([bytes.to_be_bytes(), packets.to_be_bytes()].concat());
        octets.extend([first.to_be_bytes(), last.to_be_bytes()].concat());
        octets.extend(in_if.to_be_bytes());
    }
    let mut batch = FlowBatch::new(schema);
    batch.append(&plan, &octets, &Context::blank(Version::Ipfix));
    batch.finish();
    batch
}

/// The numbers of the flows that a filter wants.
fn wanted(text: &str) -> Vec<usize> {
    let filter = parse(text).unwrap_or_else(|e| panic!("{e}"));
    let batch = batch(&filter);
    let marks = filter.bind(batch.schema()).select(&batch);
    assert_eq!(marks.len(), FLOWS.len());
    (0..).zip(marks).filter(|(_, mark)| *mark).map(|(row, _)| row).collect()
}

#[test]
fn addresses_and_networks() {
    assert_eq!(wanted("src ip 10.1.2.3"), [0]);
    assert_eq!(wanted("host 10.1.2.3"), [0, 1]);
    assert_eq!(wanted("net 10.0.0.0/8"), [0, 1, 3, 4]);
    assert_eq!(wanted("src and dst net 10/8"), [4]);
    assert_eq!(wanted("src or dst net 10.1.2.0 255.255.255.0"), [0, 1, 4]);
    assert_eq!(wanted("ip in [172.16.0.0/12, 203.0.113.7]"), [2, 3, 5]);
    assert_eq!(wanted("dst ip in @list.txt"), [0, 1, 4]);
    assert_eq!(wanted("dst_addr != 10.0.0.0/8"), [0, 2, 3, 5]);
    assert_eq!(wanted("ip != 10.0.0.0/8"), [2, 5]);
    assert_eq!(wanted("ipv6"), [0usize; 0]);
    assert_eq!(wanted("ipv4"), [0, 1, 2, 3, 4, 5]);
    assert_eq!(wanted("sourceIPv4Address = 10.1.2.4 or IPV4_SRC_ADDR 10.1.2.3"), [0, 4]);
}

#[test]
fn ports_protocols_flags() {
    assert_eq!(wanted("dst port 443 or port 8000-8100"), [0, 4]);
    assert_eq!(wanted("port in [53 120-130]"), [2, 5]);
    assert_eq!(wanted("port != 443"), [2, 3, 4, 5]);
    assert_eq!(wanted("src port > 50000"), [0]);
    assert_eq!(wanted("proto tcp and flags S and not flags A"), [4]);
    assert_eq!(wanted("flags SA"), [0, 1]);
    assert_eq!(wanted("flags = SA"), [1]);
    assert_eq!(wanted("flags != S"), [0, 1]);
    assert_eq!(wanted("PROTO ICMP"), [3]);
    assert_eq!(wanted("proto in [icmp 17]"), [2, 3, 5]);
    assert_eq!(wanted("in if 3"), [0, 2, 5]);
}

#[test]
fn counters_times_rates() {
    assert_eq!(wanted("bytes > 10M"), [0]);
    assert_eq!(wanted("bytes >= 0.048M and bytes <= 48k"), [1]);
    assert_eq!(wanted("duration >= 2s"), [0, 1, 3]);
    assert_eq!(wanted("duration > 1.5s and duration < 1m"), [0, 1]);
    assert_eq!(wanted("duration = 1500"), [5]);
    assert_eq!(wanted("bps > 40M"), [0]);
    assert_eq!(wanted("bps = 0"), [2, 4], "nothing can be said of a flow without a duration, and nfdump says 0");
    assert_eq!(wanted("pps >= 30 and bpp > 1000"), [0]);
    assert_eq!(wanted("first before 1970-01-01T00:00:01"), [0, 1, 2]);
    assert_eq!(wanted("last after 1970-01-01T00:00:05"), [3]);
    assert_eq!(wanted("first = 1970-01-01T00:00"), [0, 1, 2, 3, 4, 5]);
    assert_eq!(wanted("last > 1970-01-01T00:01:00.999Z or first >= 1970-01-01T01:00:04+01:00"), [3, 5]);
}

#[test]
fn combinations() {
    assert_eq!(wanted("any"), [0, 1, 2, 3, 4, 5]);
    assert_eq!(wanted("not (proto tcp or proto udp)"), [3]);
    assert_eq!(wanted("! proto tcp && ! proto udp"), [3]);
    assert_eq!(wanted("proto udp or proto tcp and dst port 22"), [2, 4, 5], "'and' binds closer than 'or'");
    assert_eq!(wanted("not not proto icmp # a comment\n and src port 0"), [3]);
}

#[test]
fn a_value_that_is_not_there() {
    assert_eq!(wanted("dst as 64500"), [0usize; 0]);
    assert_eq!(wanted("not dst as 64500"), [0, 1, 2, 3, 4, 5]);
    assert_eq!(wanted("dst as != 64500"), [0usize; 0]);
    assert_eq!(wanted("dst_as exists"), [0usize; 0]);
    assert_eq!(wanted("in_if exists and in if != 3"), [1, 3, 4]);
    assert_eq!(wanted("app ~ 'x'"), [0usize; 0]);
}

#[test]
fn texts_and_octets() {
    let select = |text: &str| {
        let filter = parse(text).unwrap();
        let mut builder = SchemaBuilder::default();
        filter.add_columns(&mut builder);
        let mut values = Octets::default();
        let mut validity = Validity::default();
        for text in [Some("web"), Some("web-mail"), Some(""), None, Some("DNS")] {
            values.push(text.unwrap_or("").as_bytes());
            validity.push(text.is_some());
        }
        let column = Column { kind: plan::Kind::Text, values: Values::Octets(values), validity };
        let runs = vec![Run { start: 0, rows: 5, context: Context::blank(Version::V9) }];
        let batch = FlowBatch::from_parts(Arc::new(builder.build()), vec![column], runs);
        let marks = filter.bind(batch.schema()).select(&batch);
        (0..).zip(marks).filter(|(_, m)| *m).map(|(row, _)| row).collect::<Vec<usize>>()
    };
    assert_eq!(select("app = web"), [0]);
    assert_eq!(select("application in ['web' DNS]"), [0, 4]);
    assert_eq!(select("app ~ '^web'"), [0, 1]);
    assert_eq!(select("app ~ '(?i)dns' or app = \"\""), [2, 4]);
    assert_eq!(select("app !~ web"), [2, 4]);
    assert_eq!(select("app != web"), [1, 2, 4]);
    assert_eq!(select("not app exists"), [3]);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let told = |text: &str| {
        let error = parse(text).expect_err(text);
        (error.column(), error.message)
    };
    let says = |text: &str, column: usize, message: &str| assert_eq!(told(text), (column, message.to_owned()), "{text}");
    says("proto = 300", 9, "'300' does not fit 'protocol': expected a protocol: its name, or a number from 0 to 255");
    says("ip > 5", 6, "'src_addr' is an address: compare it with '=', '!=' or 'in'");
    says("src ip 10.1.2", 8, "'10.1.2' does not fit 'src_addr': expected an IP address or a prefix such as 10.0.0.0/8");
    says("port 53 und bytes 1", 9, "'und' is out of place: expected 'and', 'or' or the end");
    says("(port 53", 9, "the filter ends here: expected 'and', 'or' or ')'");
    says("", 1, "the filter ends here: expected a test such as 'src ip 10.1.2.3', 'port 53' or 'bytes > 10M'");
    says("port 53 and", 12, "the filter ends here: expected a test such as 'src ip 10.1.2.3', 'port 53' or 'bytes > 10M'");
    says("src bytes 5", 5, "'bytes' is out of place: expected 'ip', 'net', 'port', 'as', 'mask', 'vlan', 'mac' or 'nat'");
    says("protp tcp", 1, "'protp' is no word of the filter language, no column and no element; did you mean 'proto'?");
    says("dst_prt 53", 1, "'dst_prt' is no word of the filter language, no column and no element; did you mean 'dst_port'?");
    says("app ~ '('", 7, "no regular expression: unclosed group");
    says("bytes ~ 5", 9, "'bytes' is no text: '~' looks into names");
    says("port in 53", 9, "'53' is out of place: expected '[' and a list, or '@' and the name of a file");
    says("port in [53 x]", 13, "'x' is out of place: expected a number from 0 to 65535");
    says("ip in @nowhere", 7, "nowhere: no such file");
    says("ip in @bad.txt", 7, "bad.txt, line 2: '10.0.0.256' is out of place: expected an IP address or a prefix such as 10.0.0.0/8");
    says("port 100-50", 6, "'100-50' does not fit 'src_port': expected a number from 0 to 65535");
    says("port > 10-20", 8, "'10-20' does not fit 'src_port': expected one number, not a range");
    says("app ~ 'x", 7, "this ' is never closed");
    says("port 53 ; drop", 9, "';' has no meaning in a filter");
    says("flags Q", 7, "'Q' are no flags: expected TCP flags as letters, of F S R P A U E C, or a number");
    let deep = format!("{}any{}", "(".repeat(300), ")".repeat(300));
    assert_eq!(told(&deep).0, 201);
}

#[test]
fn the_line_with_the_mistake() {
    let error = parse("proto tcp\nand dst pört 80").unwrap_err();
    assert_eq!(
        error.to_string(),
        "filter, column 9: 'pört' is out of place: expected 'ip', 'net', 'port', 'as', 'mask', 'vlan', 'mac' or 'nat'\n  and dst pört 80\n          ^^^^"
    );
}
