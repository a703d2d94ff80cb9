//! The audit: every kind of finding provoked by a small change to an exporter that has none of them, the forms of the report, exit codes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ipfix_inspect::audit::KINDS;
use serde_json::Value;

use crate::build::{EXPORT, Field, ipfix, set, template, v9, v9_options_template};
use crate::support::{run, run_with_input, stdout, testdata};

/// One flow of the exporter: TCP, both interfaces, times within the minute before the export.
struct Flow {
    src: u32,
    protocol: u8,
    flags: u8,
    bytes: u32,
    packets: u32,
    first: u32,
    last: u32,
    interfaces: [u16; 2],
}

fn flow(n: usize) -> Flow {
    let n = n as u32;
    Flow {
        src: 0x0a00_0000 + n,
        protocol: 6,
        flags: 0x1b,
        bytes: 1_000 + 13 * n,
        packets: 5 + n % 3,
        first: 900_000 + n,
        last: 900_500 + n,
        interfaces: [1 + (n % 2) as u16, 3],
    }
}

const FIELDS: [Field; 12] = [
    (0, 8, 4),
    (0, 12, 4),
    (0, 7, 2),
    (0, 11, 2),
    (0, 4, 1),
    (0, 6, 1),
    (0, 1, 4),
    (0, 2, 4),
    (0, 22, 4),
    (0, 21, 4),
    (0, 10, 2),
    (0, 14, 2),
];

fn octets(f: &Flow) -> Vec<u8> {
    let dst = 0xc000_0200 + f.src % 200;
    let mut out = [f.src.to_be_bytes(), dst.to_be_bytes()].concat();
    out.extend([(1_000 + f.src % 60_000) as u16, 443].iter().flat_map(|p| p.to_be_bytes()));
    out.extend([f.protocol, f.flags]);
    out.extend([f.bytes, f.packets, f.first, f.last].iter().flat_map(|v| v.to_be_bytes()));
    out.extend(f.interfaces.iter().flat_map(|i| i.to_be_bytes()));
    out
}

fn data(change: impl Fn(&mut Flow)) -> Vec<u8> {
    let records: Vec<u8> = (1..=30)
        .flat_map(|n| {
            let mut f = flow(n);
            change(&mut f);
            octets(&f)
        })
        .collect();
    set(256, &records)
}

/// A message with a Count that is the number of its records.
fn counted(mut message: Vec<u8>, count: u16) -> Vec<u8> {
    message[2..4].copy_from_slice(&count.to_be_bytes());
    message
}

/// A datagram: seconds after [`EXPORT`], the exporter's last octet, its port, the payload.
type Sent = (u32, u8, u16, Vec<u8>);

/// A capture of raw IPv4 packets (link type 101) to port 2055.
fn pcap(sent: &[Sent]) -> Vec<u8> {
    let mut out: Vec<u8> = [0xa1b2_c3d4u32, 0x0002_0004, 0, 0, 65_535, 101].iter().flat_map(|w| w.to_be_bytes()).collect();
    for (after, host, port, payload) in sent {
        let length = 28 + payload.len() as u32;
        out.extend([EXPORT + after, 10_000, length, length].iter().flat_map(|w| w.to_be_bytes()));
        out.extend([0x45, 0]);
        out.extend((length as u16).to_be_bytes());
        out.extend([0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, *host, 192, 0, 2, 254]);
        out.extend([*port, 2_055, 8 + payload.len() as u16, 0].iter().flat_map(|w| w.to_be_bytes()));
        out.extend(payload);
    }
    out
}

/// The exporter without faults: a template, an options template and its record, thirty flows; a minute later the same again.
fn faultless() -> Vec<Sent> {
    let sampler = v9_options_template(300, &[(1, 4)], &[(305, 4), (306, 4)]);
    let rate = set(300, &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9]);
    let first = v9(1, 1_000_000, 0, &[template(9, 256, &FIELDS), sampler.clone(), rate.clone(), data(|_| {})]);
    let second = v9(
        2,
        1_060_000,
        60,
        &[template(9, 256, &FIELDS), sampler, rate, data(|f| (f.first, f.last) = (f.first + 60_000, f.last + 60_000))],
    );
    vec![(0, 1, 5_000, counted(first, 33)), (60, 1, 5_000, counted(second, 33))]
}

/// One message of that exporter: its Sets, with the Count of its records.
fn message(sets: &[Vec<u8>], count: u16) -> Sent {
    (0, 1, 5_000, counted(v9(1, 1_000_000, 0, sets), count))
}

fn audit(capture: &[u8], more: &[&str]) -> Value {
    let args = [&["audit", "-", "--format", "json", "--quiet", "--fail-on", "never"], more].concat();
    let output = run_with_input(&args, capture);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

fn codes(sent: &[Sent]) -> BTreeSet<String> {
    codes_of(&audit(&pcap(sent), &[]))
}

fn codes_of(report: &Value) -> BTreeSet<String> {
    report["findings"].as_array().into_iter().flatten().filter_map(|f| f["code"].as_str()).map(str::to_owned).collect()
}

/// What the faultless exporter has: none of the kinds but the figure of its busiest minute.
#[test]
fn a_faultless_exporter_has_no_finding() {
    assert_eq!(codes(&faultless()), BTreeSet::from(["peak-flows".to_owned()]));
    assert!(!codes(&[(0, 1, 5_000, b"no export at all".to_vec())]).contains("peak-flows"));
}

/// Each kind by its code, with datagrams that provoke it. The faultless exporter shows every one of them silent.
#[test]
fn every_kind_is_provoked() {
    let base = || template(9, 256, &FIELDS);
    let one = |set: Vec<u8>| vec![message(&[base(), set], 31)];
    let with_fields = |fields: &[Field], record: &[u8]| vec![message(&[template(9, 256, fields), set(256, &record.repeat(30))], 31)];
    let without = |element: u16| FIELDS.iter().copied().filter(|f| f.1 != element).collect::<Vec<Field>>();
    let long = |n: u32| vec![(n, 1, 5_000, counted(v9(2, 1_000_000 + 1_000 * n, n, &[data(|_| {})]), 30))];
    let then = |mut first: Vec<Sent>, more: Vec<Sent>| {
        first.extend(more);
        first
    };
    let ipfix_of = |sets: &[Vec<u8>]| (0, 1, 5_000, ipfix(0, sets));
    let ipfix_fields: Vec<Field> = FIELDS
        .iter()
        .map(|f| match f.1 {
            22 => (0, 150, 4),
            21 => (0, 151, 4),
            _ => *f,
        })
        .collect();
    let mut other = FIELDS;
    other.swap(0, 1);
    let from = |host: u8, port: u16, after: u32, sequence: u32, fields: &[Field]| {
        (after, host, port, counted(v9(sequence, 1_000_000 + 1_000 * after, after, &[template(9, 256, fields)]), 1))
    };
    let nine = |n: u16| [FIELDS.to_vec(), vec![(0, n, 4)]].concat();
    let flow_and = |extra: &[u8]| [octets(&flow(1)), extra.to_vec()].concat();
    let cases: Vec<(&str, Vec<Sent>)> = vec![
        ("no-nde", vec![(0, 1, 5_000, b"<134>not an export".to_vec())]),
        ("no-templates", vec![message(&[data(|_| {})], 30)]),
        ("no-flows", vec![message(&[base()], 1)]),
        ("missing-element", with_fields(&without(12), &[octets(&flow(1))[..4].to_vec(), octets(&flow(1))[8..].to_vec()].concat())),
        ("alternate-element", vec![ipfix_of(&[template(10, 256, &ipfix_fields), data(|f| (f.first, f.last) = (EXPORT - 9, EXPORT - 8))])]),
        ("verdict-unknown", vec![message(&[template(9, 256, &without(6))], 1)]),
        ("template-never-seen", one(set(777, &[1; 30]))),
        ("template-late", then(vec![message(&[data(|_| {})], 30)], vec![from(1, 5_000, 5, 2, &FIELDS)])),
        ("refresh-too-long", then(faultless(), vec![from(1, 5_000, 3_000, 3, &FIELDS)])),
        ("refresh-absent", then(one(data(|_| {})), long(1_200))),
        ("template-redefined", then(faultless(), vec![from(1, 5_000, 61, 3, &other)])),
        ("template-conflict", (0..6).map(|n| from(1, 5_000, n, n, if n % 2 == 0 { &FIELDS } else { &other })).collect()),
        ("template-unused", then(faultless(), vec![(61, 1, 5_000, counted(v9(3, 1_061_000, 61, &[template(9, 257, &FIELDS)]), 1))])),
        ("withdrawal-over-udp", vec![ipfix_of(&[template(10, 256, &ipfix_fields)]), ipfix_of(&[set(2, &[1, 0, 0, 0])])]),
        ("options-missing", with_fields(&nine(48), &flow_and(&[0, 0, 0, 5]))),
        ("sampling-unannounced", one(data(|_| {}))),
        ("sequence-lost", then(faultless(), vec![(61, 1, 5_000, counted(v9(9, 1_061_000, 61, &[data(|_| {})]), 30))])),
        ("exporter-restarted", then(faultless(), vec![(61, 1, 5_000, counted(v9(0, 500, 61, &[base()]), 1))])),
        (
            "messages-reordered",
            [1, 2, 4, 3, 5].iter().map(|n| (*n, 1, 5_000, counted(v9(*n, 1_000_000 + 1_000 * n, *n, &[base()]), 1))).collect(),
        ),
        (
            "messages-duplicated",
            [1, 2, 2, 3].iter().map(|n| (*n, 1, 5_000, counted(v9(*n, 1_000_000 + 1_000 * n, *n, &[base()]), 1))).collect(),
        ),
        ("clock-skew", faultless().into_iter().map(|(after, h, p, m)| (after + 90_000, h, p, m)).collect()),
        ("uptime-wrap", one(data(|f| f.first = u32::MAX - 5_000))),
        ("count-wrong", vec![message(&[base(), data(|_| {})], 2)]),
        ("padding-odd", one(set(256, &flow_and(&[1, 2, 3])))),
        (
            "length-odd",
            with_fields(&[without(8), vec![(0, 8, 8)]].concat(), &[octets(&flow(1))[4..].to_vec(), vec![10, 0, 0, 1, 0, 0, 0, 0]].concat()),
        ),
        ("element-repeated", with_fields(&nine(1), &flow_and(&[0, 0, 4, 0]))),
        ("element-deprecated", with_fields(&nine(34), &flow_and(&[0, 0, 0, 1]))),
        ("element-unknown", with_fields(&nine(30_000), &flow_and(&[9, 9, 9, 9]))),
        ("datagram-large", one(set(256, &octets(&flow(1)).repeat(60)))),
        ("overflow-address", one(data(|f| f.src = 0x7f00_0004))),
        ("peak-flows", one(data(|_| {}))),
        ("value-always-zero", one(data(|f| f.bytes = 0))),
        ("in-out-equal", with_fields(&[nine(23), vec![(0, 24, 4)]].concat(), &flow_and(&[0, 0, 3, 245, 0, 0, 0, 6]))),
        ("end-before-start", one(data(|f| f.last = f.first - 10))),
        ("time-off", one(data(|f| (f.first, f.last) = (f.first + 9_000_000, f.last + 9_000_000)))),
        ("counter-implausible", one(data(|f| f.bytes = 0x9000_0000))),
        ("protocol-zero", one(data(|f| f.protocol = 0))),
        ("interfaces-zero", one(data(|f| f.interfaces = [0, 0]))),
        ("tcp-flags-zero", one(data(|f| f.flags = 0))),
    ];
    let mut missed = Vec::new();
    for (code, sent) in &cases {
        if !codes(sent).contains(*code) {
            missed.push(format!("{code}: {:?}", codes(sent)));
        }
    }
    assert!(missed.is_empty(), "not provoked:\n{}", missed.join("\n"));
    // Those that need another profile, a hundred flows, or fragments.
    let ipfix_capture = pcap(&[ipfix_of(&[template(10, 256, &ipfix_fields), data(|f| (f.first, f.last) = (EXPORT - 9, EXPORT - 8))])]);
    let by = |capture: &[u8], profile: &str| codes_of(&audit(capture, &["--profile", profile]));
    assert!(
        by(&ipfix_capture, "firepower").contains("version-not-taken")
            && !by(&pcap(&faultless()), "firepower").contains("version-not-taken")
    );
    let no_ports = with_fields(&without(7), &[octets(&flow(1))[..8].to_vec(), octets(&flow(1))[10..].to_vec()].concat());
    assert!(by(&pcap(&no_ports), "akvorado").contains("recommended-missing"));
    assert!(!by(&pcap(&faultless()), "akvorado").contains("recommended-missing"));
    let same_source: Vec<Sent> =
        (1..=4).map(|n| (n, 1, 5_000, counted(v9(n, 1_000_000 + 1_000 * n, n, &[base(), data(|f| f.src = 9)]), 31))).collect();
    assert!(codes(&same_source).contains("value-constant"));
    let fragments = std::fs::read(testdata("fragments-softflowd-v9.pcap")).expect("the capture can be read");
    assert!(codes_of(&audit(&fragments, &[])).contains("datagram-fragmented"));
    let others = ["version-not-taken", "recommended-missing", "value-constant", "datagram-fragmented"];
    let tested: BTreeSet<&str> = cases.iter().map(|(code, _)| *code).chain(others).collect();
    let kinds: BTreeSet<&str> = KINDS.iter().map(|k| k.code).collect();
    assert_eq!(tested, kinds, "a kind without a test, or a test without a kind");
}

#[test]
fn exit_codes_and_forms() {
    let bad = testdata("softflowd-ipfix.pcap");
    let bad = bad.to_str().expect("UTF-8");
    let code = |args: &[&str]| run(args).status.code();
    assert_eq!(code(&["audit", bad]), Some(1));
    assert_eq!(code(&["audit", bad, "--fail-on", "never"]), Some(0));
    assert_eq!(code(&["audit", bad, "--profile", "goflow2"]), Some(0));
    assert_eq!(code(&["audit", bad, "--profile", "nobody"]), Some(2));
    assert_eq!(code(&["audit", bad, "--platform", "nothing"]), Some(2));
    assert_eq!(code(&["audit", "/nowhere.pcap"]), Some(2));
    let folder = tempfile::tempdir().expect("a folder");
    for (name, begins) in
        [("a.html", "<!DOCTYPE html>"), ("a.md", "# Will"), ("a.json", "{"), ("a.sarif", "{"), ("a.xml", "<?xml"), ("a.txt", "Juniper")]
    {
        let file: PathBuf = folder.path().join(name);
        assert_eq!(code(&["audit", bad, "-o", file.to_str().expect("UTF-8")]), Some(1), "{name}");
        assert!(std::fs::read_to_string(&file).expect("a report").starts_with(begins), "{name}");
    }
    assert_eq!(code(&["audit", bad, "-o", folder.path().join("a.html").to_str().expect("UTF-8")]), Some(2), "an existing file stays");
    let profile = folder.path().join("own.toml");
    std::fs::write(
        &profile,
        "name = \"own\"\ntitle = \"Own\"\n[source]\ndocument = \"d\"\ndate = \"2026\"\n[[demand]]\nname = \"x\"\nany = [\"nonsense\"]\n",
    )
    .expect("a file");
    let refused = run(&["audit", bad, "--profile", profile.to_str().expect("UTF-8")]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.status.code() == Some(2) && told.contains("own.toml, line 8, column 8: no registry has an element 'nonsense'"),
        "{told}"
    );
}

#[test]
fn the_verdict_and_the_hint_of_a_failing_exporter() {
    let file = testdata("softflowd-ipfix.pcap");
    let report: Value = serde_json::from_str(&stdout(&run(&["audit", file.to_str().expect("UTF-8"), "--format", "json"]))).expect("JSON");
    let exporter = &report["exporters"][0];
    assert_eq!(exporter["platform"]["id"], "softflowd");
    assert_eq!(exporter["verdicts"][0]["verdict"], "incomplete");
    assert_eq!(exporter["verdicts"][0]["message"], "16 of 536 flows lack L4_SRC_PORT, L4_DST_PORT");
    let finding = &report["findings"][0];
    assert_eq!((&finding["code"], &finding["template_id"]), (&Value::from("missing-element"), &Value::from(1025)));
    assert!(finding["hint"].as_str().is_some_and(|h| h.contains("softflowd -T full")), "{finding}");
    let sum: u64 = report["octets"]["classes"].as_array().into_iter().flatten().filter_map(|c| c["octets"].as_u64()).sum();
    assert_eq!(Some(sum), report["octets"]["total"].as_u64());
}

/// Names from the wire in every form: an unknown sampler can't bring any, but names of files and of a profile of one's own can.
#[test]
fn hostile_names_are_escaped_and_nothing_comes_from_outside() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = folder.path().join("<script>alert(1) \u{202e}x|y.pcap");
    std::fs::copy(testdata("softflowd-ipfix.pcap"), &capture).expect("a copy");
    let profile = folder.path().join("p.toml");
    std::fs::write(
        &profile,
        "name = \"p\"\ntitle = \"<img src=x onerror=alert(2)> & \\\"q\\\"\"\n[source]\ndocument = \"<b>\"\ndate = \"2026\"\n[[demand]]\nname = \"<i>'\"\nany = [\"27\"]\n",
    )
    .expect("a file");
    let form = |form: &str| {
        let args = ["audit", capture.to_str().expect("UTF-8"), "--profile", profile.to_str().expect("UTF-8"), "--format", form];
        stdout(&run(&args))
    };
    let html = form("html");
    for outside in ["http:", "https:", "@import", "url(", "<link", "<script", "<img", "<b>", "<i>'"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)") && !html.contains('\u{202e}'), "{}", &html[..4_000.min(html.len())]);
    let markdown = form("markdown");
    assert!(!markdown.contains("<script") && !markdown.contains("<img") && !markdown.contains('\u{202e}'), "{markdown}");
    let junit = form("junit");
    let document = roxmltree::Document::parse(&junit).expect("XML");
    let failures = document.descendants().filter(|n| n.has_tag_name("failure")).count();
    assert_eq!(document.root_element().attribute("failures"), Some(failures.to_string().as_str()));
    assert!(failures > 0);
    let sarif: Value = serde_json::from_str(&form("sarif")).expect("JSON");
    assert_eq!((&sarif["version"], &sarif["runs"][0]["tool"]["driver"]["name"]), (&Value::from("2.1.0"), &Value::from("ipfix-inspect")));
    let uri = sarif["runs"][0]["artifacts"][0]["location"]["uri"].as_str().expect("a URI");
    assert!(uri.ends_with("%3Cscript%3Ealert%281%29%20%E2%80%AEx%7Cy.pcap"), "{uri}");
    for result in sarif["runs"][0]["results"].as_array().expect("results") {
        let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
}

/// What the exporters of the larger collection are, by its own list, and what their templates are taken for.
#[test]
fn platforms_are_recognised_or_left_open() {
    let Some(corpus) = crate::support::corpus_for("platforms_are_recognised_or_left_open") else { return };
    for (file, platform) in [
        ("ipfix-juniper-mx240.pcap", "junos"),
        ("ipfix-mikrotik.pcap", "mikrotik"),
        ("ipfix-netscaler.pcap", "netscaler"),
        ("ipfix-softflowd.pcap", "softflowd"),
        ("ipfix-viptela.pcap", "cisco-sd-wan"),
        ("ipfix-vmware-vds.pcap", "vmware-vds"),
        ("ipfix-yaf.pcap", "yaf"),
        ("pmacctd-v9.pcap", "pmacct"),
        ("v9-cisco-1941.pcap", "cisco-flexible-netflow"),
        ("v9-cisco-asa-1.pcap", "cisco-asa"),
        ("v9-cisco-asr1001x.pcap", "cisco-flexible-netflow"),
        ("v9-cisco-nbar.pcap", "cisco-flexible-netflow"),
        ("v9-cisco-wlc.pcap", "cisco-wlc"),
        ("v9-cisco-wlc-8510.pcap", "cisco-wlc"),
        ("v9-fortigate-542.pcap", "fortios"),
        ("v9-h3c.pcap", "h3c"),
        ("v9-huawei.pcap", "huawei"),
        ("v9-iptnetflow-reduced.pcap", "ipt-netflow"),
        ("v9-juniper-srx.pcap", "junos"),
        ("v9-nprobe.pcap", "nprobe"),
        ("v9-paloalto-panos.pcap", "palo-alto"),
        ("v9-cisco-aci.pcap", ""),
    ] {
        let capture = std::fs::read(corpus.join("captures").join(file)).expect("the capture can be read");
        let report = audit(&capture, &[]);
        let found: BTreeSet<&str> =
            report["exporters"].as_array().into_iter().flatten().filter_map(|e| e["platform"]["id"].as_str()).collect();
        assert_eq!(found, BTreeSet::from_iter(Some(platform).filter(|p| !p.is_empty())), "{file}");
    }
}

#[test]
fn codes_are_explained() {
    let text = stdout(&run(&["explain", "missing-element"]));
    assert!(text.starts_with("missing-element (error)\n") && text.contains("reverse of an element"), "{text}");
    assert!(stdout(&run(&["explain", "[record-cut]"])).starts_with("record-cut (warning)\n"));
    assert!(stdout(&run(&["explain"])).lines().count() > 100);
    let unknown = run(&["explain", "mising-element"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean 'missing-element'?"));
}
