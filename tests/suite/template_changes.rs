//! What happened to templates, and what differs between them; the fields are those that tshark prints for the same frames.

use serde_json::Value;

use crate::support::{run, stdout, testdata};

fn json(args: &[&str]) -> Value {
    let output = run(&[&["templates", "--format", "json"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn file(name: &str) -> String {
    testdata(name).to_str().expect("UTF-8").to_owned()
}

#[test]
fn redefinitions_and_a_withdrawal_over_udp() {
    let report = json(&[&file("pyipfix-redefined-template.pcap"), "--history"]);
    let events = report["templates"][0]["events"].as_array().expect("events");
    let told: Vec<(&str, u64, u64)> = events
        .iter()
        .map(|e| (e["event"].as_str().unwrap_or_default(), e["first_frame"].as_u64().unwrap_or(0), e["fields"].as_u64().unwrap_or(0)))
        .collect();
    assert_eq!(told, [("learned", 1, 10), ("redefined", 2, 11), ("withdrawal-ignored", 4, 11), ("redefined", 5, 7)]);
    let changes = events[3]["changes"].as_array().expect("changes");
    assert!(changes.contains(&Value::from("- 96 applicationName (variable length)")), "{changes:?}");
    assert!(changes.contains(&Value::from("~ 1 octetDeltaCount: 4 octets, now 8 octets")), "{changes:?}");
}

#[test]
fn refreshes_are_counted_and_measured() {
    let report = json(&[&file("restart-pmacct-v9-redefined.pcap"), "--history"]);
    let events = report["templates"][0]["events"].as_array().expect("events");
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!((&events[1]["event"], &events[1]["count"]), (&Value::from("refreshed"), &Value::from(5)));
    assert!(events[1]["longest_interval_ns"].as_i64() >= events[1]["shortest_interval_ns"].as_i64());
}

#[test]
fn before_and_after_a_change() {
    let report = json(&[&file("softflowd-ipfix.pcap"), "--diff-with", &file("softflowd-ipfix-nano.pcap")]);
    let pairs = report["comparisons"].as_array().expect("comparisons");
    let of = |id: u64| pairs.iter().find(|p| p["id"] == id).map(|p| p["changes"].clone()).unwrap_or_default();
    let times = serde_json::json!([
        "+ 22 flowStartSysUpTime (4 octets)",
        "+ 21 flowEndSysUpTime (4 octets)",
        "- 156 flowStartNanoseconds (8 octets)",
        "- 157 flowEndNanoseconds (8 octets)"
    ]);
    assert_eq!((of(1024), of(2049), of(256)), (times.clone(), times, serde_json::json!([])));
    let same = stdout(&run(&["templates", &file("softflowd-v9.pcap"), "--diff-with", &file("softflowd-v9.pcap")]));
    assert!(same.starts_with("Without a difference: "), "{same}");
}

#[test]
fn between_exporters_and_versions() {
    let versions = json(&[&file("pyipfix-redefined-template.pcap"), "--diff", "versions"]);
    assert_eq!(versions["comparisons"].as_array().map(Vec::len), Some(2));
    let exporters = json(&[&file("restart-pmacct-v9-redefined.pcap"), "--diff", "exporters"]);
    let first = &exporters["comparisons"][0];
    assert_eq!(first["id"], 1024);
    assert!(first["changes"].as_array().is_some_and(|c| c.contains(&Value::from("+ 56 sourceMacAddress (6 octets)"))), "{first}");
}
