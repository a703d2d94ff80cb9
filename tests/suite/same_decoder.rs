//! One decoder: a capture that is read and the same datagrams sent over loopback give the same rows, for every version.

use serde_json::Value;

use crate::live::{Listener, Sender, payloads};
use crate::support::{self, Differences, testdata};

/// Everything but when and from whom, and names, of which a file that is read twice knows more.
const COLUMNS: &str = "observation_domain,nde_version,template_id,flow_start,flow_end,duration_ms,src_addr,dst_addr,src_port,dst_port,protocol,\
    tcp_flags,bytes,packets,bytes_out,packets_out,bytes_reverse,packets_reverse,icmp_type,icmp_code,tos,in_if,out_if,direction,next_hop,src_as,\
    dst_as,src_mask,dst_mask,src_mac,dst_mac,src_vlan,dst_vlan,nat_src_addr,nat_dst_addr,nat_src_port,nat_dst_port,flow_end_reason,\
    forwarding_status";

/// Captures, more columns, and whether data comes before its template: then it waits, and rows come in another order.
const CAPTURES: [(&str, &str, bool); 18] = [
    ("softflowd-v1-wrapped-uptime.pcap", "", false),
    ("fprobe-v5.pcap", "", false),
    ("ovs-v5.pcap", "", false),
    ("softflowd-v5-sampled.pcap", "sampling_interval", false),
    ("fprobe-v7.pcap", "", false),
    ("softflowd-v9.pcap", "", false),
    ("pmacct-v9-as.pcap", "", false),
    ("pmacct-v9-malformed-sets.pcap", "", false),
    ("late-softflowd-v9.pcap", "", true),
    ("loadbalanced-softflowd-v9.pcap", "", true),
    ("softflowd-ipfix.pcap", "", false),
    ("softflowd-ipfix-bidir-milli.pcap", "", false),
    ("softflowd-ipfix-over-ipv6.pcapng", "", false),
    ("ovs-ipfix-nocache-over-ipv6.pcap", "", false),
    ("late-pmacct-ipfix-label.pcap", "", true),
    ("pyipfix-varlen.pcap", "applicationName", false),
    ("pyipfix-redefined-template.pcap", "", false),
    ("mixed-one-address.pcap", "", true),
];

#[test]
fn a_capture_and_the_same_datagrams_over_loopback() {
    let mut differences = Differences::default();
    let mut rows = 0;
    for (name, more, waits) in CAPTURES {
        let columns = if more.is_empty() { COLUMNS.to_owned() } else { format!("{COLUMNS},{more}") };
        let file = testdata(name);
        let offline = support::flows(&file, &columns).unwrap_or_else(|e| panic!("{name}: {e}"));
        let listener = Listener::start(&["--format", "ndjson", "--columns", &columns]);
        Sender::new(listener.ports[0]).send_all(&payloads(&file));
        let ended = listener.stop();
        let live: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect();
        differences.equal(&format!("{name}: rows"), &live.len().to_string(), &offline.len().to_string());
        let text = |rows: Vec<Value>| rows.iter().map(Value::to_string).collect::<Vec<_>>();
        let (mut live, mut offline) = (text(live), text(offline));
        if waits {
            live.sort();
            offline.sort();
        }
        for (number, (live, offline)) in live.iter().zip(&offline).enumerate() {
            differences.equal(&format!("{name}: row {number}"), live, offline);
        }
        rows += offline.len();
    }
    assert!(rows > 1_000, "{rows}");
    differences.finish(rows);
}

#[test]
fn one_line_comes_at_once() {
    let listener = Listener::start(&["--format", "csv", "--columns", "src_addr,bytes"]);
    let all = payloads(&testdata("fprobe-v5.pcap"));
    let mut sender = Sender::new(listener.ports[0]);
    let began = std::time::Instant::now();
    sender.send(all[0].0, &all[0].1);
    listener.wait("a line", |l| l.output().lines().count() > 1);
    // A second is promised; a build machine may be slow on top of it.
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    let ended = listener.stop();
    assert_eq!(ended.stdout.lines().next(), Some("src_addr,bytes"));
}

#[test]
fn several_sockets_on_a_port_get_every_session_whole() {
    let listener = Listener::start(&["--format", "ndjson", "--columns", COLUMNS, "--sockets", "4"]);
    let file = testdata("mixed-one-address.pcap");
    Sender::new(listener.ports[0]).send_all(&payloads(&file));
    let ended = listener.stop();
    let offline = support::flows(&file, COLUMNS).unwrap();
    assert_eq!(ended.stdout.lines().count(), offline.len());
}
