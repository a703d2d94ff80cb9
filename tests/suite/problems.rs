//! Every problem worse than a note that the larger collection shows, with its reason; and every element there that has no name.
//!
//! A problem that is not in the table is either a fault of the decoder, to be mended, or one of the exporter, to be explained here.

use std::collections::BTreeSet;

use crate::corpus::files;
use crate::support::{Differences, cell, overview, templates};
use crate::wire::Types;

/// A problem, the files that show it, and what is the matter with them.
struct Reason {
    code: &'static str,
    /// Files of the collection, or folders that end in a slash.
    files: &'static [&'static str],
    /// Why, for the reader; the RFC's section where it is the octets that are wrong.
    why: &'static str,
}

const fn reason(code: &'static str, files: &'static [&'static str], why: &'static str) -> Reason {
    Reason { code, files, why }
}

const REASONS: &[Reason] = &[
    reason(
        "no-template",
        &[
            "datagrams/",
            "captures/ipfix-netscaler.pcap",
            "captures/ipfix-netscaler-late-template.pcap",
            "captures/ipfix-netscaler-no-template.pcap",
            "captures/v9-iptnetflow-reduced.pcap",
            "captures/mixed-all-exporters.pcap",
            "captures/mixed-ipfix-only.pcap",
            "captures/mixed-v9-only.pcap",
            "flowlogs/netscaler.ipfix",
        ],
        "no datagram of the sample has the template: NetScaler's 280, ipt-netflow's 259, and whatever a single datagram uses (RFC 7011 §8)",
    ),
    reason("no-template", &["linklayer/12-snaplen-200.pcap", "linklayer/12b-snaplen-68.pcap"], "the capture cut the template Set off"),
    reason(
        "sequence-lost",
        &[
            "captures/ipfix-barracuda.pcap",
            "captures/ipfix-mikrotik.pcap",
            "captures/ipfix-netscaler.pcap",
            "captures/ipfix-netscaler-late-template.pcap",
            "captures/ipfix-nokia-bras.pcap",
            "captures/ipfix-procera.pcap",
            "captures/ipfix-vmware-vds.pcap",
            "captures/ipfix-yaf.pcap",
            "captures/mixed-all-exporters.pcap",
            "captures/mixed-ipfix-only.pcap",
            "captures/mixed-v9-only.pcap",
            "captures/v9-asr9k-options.pcap",
            "captures/v9-asr9k.pcap",
            "captures/v9-cisco-nbar.pcap",
            "captures/v9-fortigate-542.pcap",
            "captures/v9-h3c-varstring.pcap",
            "captures/v9-huawei.pcap",
            "captures/v9-layer2segmentid.pcap",
            "captures/v9-macaddr.pcap",
            "captures/v9-paloalto-81-zerofill.pcap",
            "captures/v9-paloalto-panos.pcap",
            "captures/v9-same-domain-two-ports.pcap",
            "captures/v9-streamcore.pcap",
            "captures/v9-template-redefined.pcap",
            "captures/v9-three-domains-one-socket.pcap",
            "captures/v9-ubnt-edgerouter.pcap",
            "flowlogs/mikrotik.ipfix",
            "flowlogs/netscaler.ipfix",
            "flowlogs/vmware-vds.ipfix",
            "flowlogs/yaf.ipfix",
            "linklayer/",
        ],
        "a template and some data were picked out of a longer export: the numbers between them are on no wire (RFC 7011 §3.1, RFC 3954 §5.1)",
    ),
    reason(
        "sequence-lost",
        &[
            "flowlogs/example_flows.ipfix",
            "flowlogs/example_flows.ipfix.gz",
            "flowlogs/example_flows-cut.ipfix",
            "flowlogs/example_flows-bad-message.ipfix",
        ],
        "the exporter counts 0, 59, 0, 60: its third message begins anew, and the fourth is one further than the second (RFC 7011 §3.1)",
    ),
    reason(
        "sequence-lost",
        &[
            "synthetic/ipfix-sequence.pcap",
            "synthetic/v5-uptime-wrap-and-sampling.pcap",
            "synthetic/v9-bad-lengths.pcap",
            "synthetic/v9-sequence.pcap",
        ],
        "made with gaps: 102 to 108, 1003 to 1033, 8 to 10, 11 to 15",
    ),
    reason(
        "records-short",
        &["captures/v5-count-garbage-1.pcap", "captures/v5-count-garbage-2.pcap"],
        "the header has Count 55582, and 163, before 30 records",
    ),
    reason("withdrawal-over-udp", &["synthetic/ipfix-template-withdrawal.pcap"], "frames 3 and on withdraw over UDP (RFC 7011 §8.4)"),
    reason("set-length-below-header", BAD_LENGTHS, "Set length 0 (RFC 7011 §3.3.2, RFC 3954 §5.3)"),
    reason("set-beyond-message", BAD_LENGTHS, "Set length 400, and 500, with some 50 octets left (RFC 7011 §3.3.2)"),
    reason("set-reserved", BAD_LENGTHS, "Set ids 5 and 42 (RFC 7011 §3.3.2: 4 to 255 are reserved)"),
    reason("template-beyond-set", BAD_LENGTHS, "Field Counts of 500 and 200 (RFC 7011 §3.4.1)"),
    reason("template-id-reserved", BAD_LENGTHS, "template ids 255 and 200 (RFC 7011 §3.4.1: from 256 on)"),
    reason("message-beyond-datagram", &BAD_LENGTHS_OF_IPFIX, "Length 300 (RFC 7011 §3.1)"),
    reason("message-length-below-header", &BAD_LENGTHS_OF_IPFIX, "Length 8 (RFC 7011 §3.1)"),
    reason("scope-count-zero", &BAD_LENGTHS_OF_IPFIX, "Scope Field Count 0 (RFC 7011 §3.4.2.2: MUST NOT be zero)"),
    reason("scope-count-above-fields", &BAD_LENGTHS_OF_IPFIX, "Scope Field Count 3 (RFC 7011 §3.4.2.2)"),
    reason("header-short", &BAD_LENGTHS_OF_V9, "a datagram of 14 octets"),
    reason("options-length-uneven", &BAD_LENGTHS_OF_V9, "an Option Scope Length that is no multiple of 4 (RFC 3954 §6.1)"),
    reason("log-out-of-sync", &["flowlogs/example_flows-bad-message.ipfix"], "its second message is damaged"),
    reason(
        "file-cut",
        &[
            "flowlogs/example_flows-cut.ipfix",
            "linklayer/13-cut-in-packet.pcap",
            "linklayer/13b-cut-in-record-header.pcap",
            "linklayer/13c-cut.pcapng",
        ],
        "the files end inside a message or a packet",
    ),
    reason("record-length", &["linklayer/13d-insane-length.pcap"], "a packet header of an impossible length"),
    reason("compression-cut", &["linklayer/11g-base-truncated.pcap.gz"], "the compressed file ends early"),
    reason("cut-by-capture", &["linklayer/12-snaplen-200.pcap", "linklayer/12b-snaplen-68.pcap"], "snapshot lengths of 200 and 68"),
    reason("frame-cut", &["linklayer/12-snaplen-200.pcap", "linklayer/12b-snaplen-68.pcap"], "snapshot lengths of 200 and 68"),
    reason("fragment-incomplete", &["linklayer/08e-ipv4-fragment-missing.pcap"], "one fragment was left out"),
    reason("link-type-unsupported", &["linklayer/19-unsupported-linktype-147.pcap"], "link type USER0 has no definition"),
    reason("not-nde-too-short", &NOT_NDE, "DNS and others on port 2055"),
    reason("not-nde-version", &NOT_NDE, "DNS and others on port 2055"),
    reason("not-nde-version-8", &NOT_NDE, "NetFlow v8"),
    reason("not-nde-implausible", &NOT_NDE, "five octets of a header, and nothing that bears it out"),
];

const BAD_LENGTHS: &[&str] = &["synthetic/ipfix-bad-lengths.pcap", "synthetic/v9-bad-lengths.pcap"];
const BAD_LENGTHS_OF_IPFIX: [&str; 1] = ["synthetic/ipfix-bad-lengths.pcap"];
const BAD_LENGTHS_OF_V9: [&str; 1] = ["synthetic/v9-bad-lengths.pcap"];
const NOT_NDE: [&str; 1] = ["linklayer/17-not-netflow-on-2055.pcap"];

/// Files that are refused whole: nothing is in them, or nothing that could be NDE.
const REFUSED: [&str; 4] = [
    "linklayer/18b-zero-bytes.pcap",
    "containers/err-eof.bin",
    "datagrams/netflow5_test_invalid01.dat",
    "datagrams/netflow5_test_invalid02.dat",
];

const FOLDERS: [&str; 6] = ["captures", "datagrams", "flowlogs", "linklayer", "synthetic", "containers"];

#[test]
fn every_problem_of_the_corpus_is_explained() {
    let Some(files) = files("every_problem_of_the_corpus_is_explained", &FOLDERS) else { return };
    let mut differences = Differences::default();
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (name, path, row) in files.iter().filter(|(name, ..)| !REFUSED.contains(&name.as_str())) {
        let problems = match overview(path) {
            Ok(overview) => overview["problems"].as_array().cloned().unwrap_or_default(),
            Err(error) => {
                differences.fail(format!("{name}: {error}"));
                continue;
            }
        };
        for problem in problems.iter().filter(|p| p["severity"] != "note") {
            let code = cell(&problem["code"]);
            let of = |file: &&&str| name == *file || file.ends_with('/') && name.starts_with(**file);
            let found = REASONS.iter().filter(|r| r.code == code).find_map(|r| r.files.iter().find(of).map(|file| (r, *file)));
            differences.holds(&format!("{name}: {code} has no explanation: {}", problem["first"]["detail"]), found.is_some());
            used.extend(found.map(|(r, file)| (r.code, file)));
            // A datagram alone lacks as many templates as the collection's own count says.
            if code == "no-template" && name.starts_with("datagrams/") {
                differences.equal(&format!("{name} {code}"), &cell(&problem["count"]), &row["sets_without_template"]);
            }
        }
    }
    for r in REASONS {
        for file in r.files {
            differences.holds(&format!("{file} shows no {}: {}", r.code, r.why), used.contains(&(r.code, *file)));
        }
    }
    differences.finish(300);
}

/// Fields that are shown by their number although a registry has it, since their length says that they are something else: H3C's 43
/// and Huawei's 232 of 2 octets in v9 are no address and no counter of the responder.
const OTHER_MEANING: [(&str, u64, u64); 2] = [("v9", 43, 2), ("v9", 232, 2)];

#[test]
fn no_element_without_a_name_is_in_a_registry() {
    let Some(files) = files("no_element_without_a_name_is_in_a_registry", &["captures", "datagrams", "flowlogs", "synthetic"]) else {
        return;
    };
    let types = Types::read();
    let (mut differences, mut fields) = (Differences::default(), 0);
    let mut met: BTreeSet<&(&str, u64, u64)> = BTreeSet::new();
    for (name, path, _) in files.iter().filter(|(name, ..)| !REFUSED.contains(&name.as_str())) {
        let Ok(templates) = templates(path) else {
            differences.fail(format!("{name}: no templates"));
            continue;
        };
        for template in &templates {
            for field in template["fields"].as_array().into_iter().flatten() {
                fields += 1;
                if !field["name"].is_null() {
                    continue;
                }
                let (version, pen, id) = (cell(&template["version"]), field["pen"].as_u64().unwrap(), field["id"].as_u64().unwrap());
                let length = field["length"].as_u64().unwrap();
                let other = OTHER_MEANING.iter().find(|(v, i, l)| (*v, *i, *l) == (version.as_str(), id, length));
                met.extend(other);
                differences.holds(
                    &format!("{name}: {version} {pen}/{id} of {length} octets is shown by its number"),
                    // 0 is reserved: it is no element.
                    other.is_some() || (pen, id) == (0, 0) || types.of(pen, id).is_empty(),
                );
            }
        }
    }
    differences.equal("fields with another meaning", &met.len().to_string(), &OTHER_MEANING.len().to_string());
    differences.holds(&format!("only {fields} fields of templates"), fields > 8_000);
    differences.finish(10);
}
