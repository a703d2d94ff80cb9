//! What exporters do against the standard: decoded by the standard all the same, and told with the evidence.

use serde_json::json;

use crate::build::{flows_in, ipfix, ipfix_records, octets, options_template, problems_in, set, template, v9};
use crate::support::{corpus_for, overview, run_with_input, stdout};

/// Built as SonicWall sends it: three messages within five seconds, whose up-time rises by five. 480 and 490 of the first flow are 20 and 10
/// units before the header's 500, which are milliseconds by RFC 3954 §8.
#[test]
fn an_uptime_in_seconds() {
    let fields = [(0, 22, 4), (0, 21, 4), (0, 1, 4)];
    let data = |record: &str| set(256, &octets(record));
    let messages = [
        v9(1, 500, 0, &[template(9, 256, &fields), data("000001e0 000001ea 00000064")]),
        v9(2, 502, 2, &[data("000001e0 000001ea 00000064")]),
        v9(3, 505, 5, &[data("000001e0 000001ea 00000064")]),
    ];
    let (severity, count, detail) = problems_in(&messages)["uptime-in-seconds"].clone();
    assert_eq!((severity.as_str(), count), ("warning", 1));
    assert_eq!(detail, "it rose by 5 in 5 s of export time (3 messages), where milliseconds rise by 1000 a second");
    let flows = flows_in(&messages, "flow_start,flow_end,duration_ms", &[]);
    assert_eq!(flows[0], json!({"flow_start": "2023-11-14T22:13:19.980Z", "flow_end": "2023-11-14T22:13:19.990Z", "duration_ms": 10}));
}

#[test]
fn an_uptime_in_milliseconds() {
    let messages = [v9(1, 500, 0, &[]), v9(2, 2_500, 2, &[]), v9(3, 5_500, 5, &[])];
    assert!(!problems_in(&messages).contains_key("uptime-in-seconds"));
}

/// Up for a day by the headers, whose up-time rises by 60,000 a minute; records whose LAST_SWITCHED is 15 to 20 seconds before that only if
/// it counts seconds. As milliseconds, which it is read as, it is a day ago.
#[test]
fn stamps_in_seconds() {
    let fields = [(0, 22, 4), (0, 21, 4), (0, 1, 4)];
    let data = |record: &str| set(256, &octets(record));
    let messages = [
        v9(1, 86_400_000, 0, &[template(9, 256, &fields), data("00015170 00015171 00000064")]),
        v9(2, 86_460_000, 60, &[data("000151a8 000151a9 00000064")]),
        v9(3, 86_520_000, 120, &[data("000151e9 000151e9 00000064")]),
    ];
    let (severity, count, detail) = problems_in(&messages)["stamps-in-seconds"].clone();
    assert_eq!((severity.as_str(), count), ("warning", 1));
    assert_eq!(detail, "LAST_SWITCHED 86505 at an up-time of 86520000: 86433 s before it as milliseconds, 15 s as seconds");
    // 86,385 ms after the boot, by the standard.
    assert_eq!(flows_in(&messages, "flow_end", &[])[0], json!({"flow_end": "2023-11-13T22:14:46.385Z"}));
    let sound = [
        v9(1, 86_400_000, 0, &[template(9, 256, &fields), data("05265c00 052621a8 00000064")]),
        v9(2, 86_460_000, 60, &[data("000151a8 000151a9 00000064")]),
        v9(3, 86_520_000, 120, &[data("000151e9 000151e9 00000064")]),
    ];
    assert!(!problems_in(&sound).contains_key("stamps-in-seconds"));
}

/// 1,699,999,990,123 ms since 1970 in a field of NTP: the octets are decoded as RFC 7011 §6.1.9 says, which is in 2036.
#[test]
fn plain_epoch_where_ntp_belongs() {
    let plain = ipfix_records(&[(0, 154, 8), (0, 155, 8)], "0000018bcfe5416b 0000018bcfe5416b");
    let problem = &problems_in(std::slice::from_ref(&plain))["plain-epoch-as-ntp"];
    assert_eq!((problem.0.as_str(), problem.1), ("warning", 1));
    assert!(problem.2.contains("2023-11-14T22:13:10.") && problem.2.ends_with("as milliseconds since 1970"), "{}", problem.2);
    assert!(flows_in(&[plain], "flow_start", &[])[0]["flow_start"].as_str().unwrap().starts_with("2036-02-07T06:34:51"));
    let sound = ipfix_records(&[(0, 154, 8), (0, 155, 8)], "e8fe6f8080000000 e8fe6f8080000000");
    assert!(!problems_in(std::slice::from_ref(&sound)).contains_key("plain-epoch-as-ntp"));
    assert_eq!(flows_in(&[sound], "flow_start", &[]), [json!({"flow_start": "2023-11-14T22:13:20.500Z"})]);
}

/// Real exporters of the collection that fill NTP fields, and up-times of every kind: none is accused.
#[test]
fn nobody_is_accused_without_evidence() {
    let Some(corpus) = corpus_for("nobody_is_accused_without_evidence") else { return };
    let names =
        ["softflowd-ipfix-micro", "softflowd-ipfix-nano", "ipfix-netscaler", "softflowd-v9", "v9-cisco-asa-2", "nfreplay-v9", "fprobe-v5"];
    for name in names {
        let overview = overview(&corpus.join("captures").join(name).with_extension("pcap")).expect("an overview");
        let codes: Vec<&str> = overview["problems"].as_array().into_iter().flatten().filter_map(|p| p["code"].as_str()).collect();
        assert!(["uptime-in-seconds", "stamps-in-seconds", "plain-epoch-as-ntp"].iter().all(|c| !codes.contains(c)), "{name}: {codes:?}");
    }
}

/// MikroTik sends 21 and 22 in IPFIX without a boot time: no time, and a problem that says why.
#[test]
fn uptime_stamps_without_a_boot() {
    let messages = [ipfix_records(&[(0, 22, 4), (0, 21, 4)], "00001000 00002000")];
    assert_eq!(
        flows_in(&messages, "flow_start,flow_end,flowStartSysUpTime", &[]),
        [json!({"flow_start": null, "flow_end": null, "flowStartSysUpTime": 4096})]
    );
    assert_eq!(problems_in(&messages)["uptime-without-boot"].1, 1);
    let Some(corpus) = corpus_for("half of uptime_stamps_without_a_boot") else { return };
    let overview = overview(&corpus.join("captures/ipfix-mikrotik.pcap")).expect("an overview");
    assert!(overview["problems"].as_array().unwrap().iter().any(|p| p["code"] == "uptime-without-boot"));
}

/// The list is that of flow 8 of `fixbuf-lists.pcap`, made by libfixbuf: 03 000b 0002 03e8 03e9 03ea, all of three destination ports.
#[test]
fn lists_in_options_records() {
    let fields = [(0, 144, 4), (0, 291, 65_535)];
    let record = "00000001 0b 03 000b 0002 03e8 03e9 03ea";
    let tables = |record: &str| {
        let message = ipfix(0, &[options_template(300, 1, &fields), set(300, &octets(record))]);
        let output = run_with_input(&["options", "-", "--format", "json", "--quiet"], &message);
        serde_json::from_str::<serde_json::Value>(&stdout(&output)).unwrap()["tables"].clone()
    };
    assert_eq!(
        tables(record)[0]["records"][0]["basicList"],
        json!({"semantic": "allOf", "element": "destinationTransportPort", "basicList": [1000, 1001, 1002]})
    );
    // A list that lies about its length is read as far as it goes, and told.
    let cut = "00000001 0a 03 000b 0002 03e8 03e9 03";
    let message = ipfix(0, &[options_template(300, 1, &fields), set(300, &octets(cut))]);
    assert_eq!(problems_in(&[message])["list-cut"].2, "record 1 of the Set: the last 1 octets of a basicList are no whole value or record");
}
