//! Structured data (RFC 6313), elements that exporters describe (RFC 5610), that users bring along, and the list of elements.
//!
//! `fixbuf-lists.pcap` was made by libfixbuf; the values are those that `tshark -V` shows, or the octets it shows where it does not
//! decode lists itself.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{corpus_for, flows, overview, run, run_with_input, stderr, stdout, testdata};

const LISTS: &str = "basicList,subTemplateList,subTemplateMultiList";

#[test]
fn lists_of_libfixbuf() {
    let rows = flows(&testdata("fixbuf-lists.pcap"), LISTS).expect("flows");
    assert_eq!(rows.len(), 120);
    // Flow 8: 03 000b 0002 03e8 03e9 03ea · 03 1001 and one record · 03 1001 000c cb007101 0000fbff 1002 001d 10 "user@example.org" ….
    let expected = json!({
        "basicList": {"semantic": "allOf", "element": "destinationTransportPort", "basicList": [1000, 1001, 1002]},
        "subTemplateList": {"semantic": "allOf", "template": 4097, "subTemplateList": [
            {"ipNextHopIPv4Address": "198.51.100.1", "bgpSourceAsNumber": 64496},
        ]},
        "subTemplateMultiList": {"semantic": "allOf", "subTemplateMultiList": [
            {"template": 4097, "records": [{"ipNextHopIPv4Address": "203.0.113.1", "bgpSourceAsNumber": 64511}]},
            {"template": 4098, "records": [{"userName": "user@example.org", "flowId": 7}]},
        ]},
    });
    assert_eq!(rows[7], expected);
    // Flow 9 has an empty basicList, two records, and a list of template 4098 without records.
    assert_eq!(rows[8]["basicList"]["basicList"], json!([]));
    assert_eq!(
        rows[8]["subTemplateList"]["subTemplateList"][1],
        json!({"ipNextHopIPv4Address": "198.51.100.2", "bgpSourceAsNumber": 64497})
    );
    assert_eq!(rows[8]["subTemplateMultiList"]["subTemplateMultiList"][1], json!({"template": 4098, "records": []}));
}

#[test]
fn lists_in_csv_and_tables_are_json_text() {
    let path = testdata("fixbuf-lists.pcap");
    let args = ["flows", path.to_str().unwrap(), "--columns", "basicList", "--limit", "2"];
    let csv = stdout(&run(&[&args[..], &["--format", "csv"]].concat()));
    assert_eq!(
        csv,
        "basicList\n\"{\"\"semantic\"\":\"\"allOf\"\",\"\"element\"\":\"\"destinationTransportPort\"\",\"\"basicList\"\":[]}\"\n\
         \"{\"\"semantic\"\":\"\"allOf\"\",\"\"element\"\":\"\"destinationTransportPort\"\",\"\"basicList\"\":[1000]}\"\n"
    );
    let table = stdout(&run(&[&args[..], &["--format", "table"]].concat()));
    // A table cuts what is long.
    assert!(table.contains(r#"{"semantic":"allOf","element":"destinat"#), "{table}");
}

#[test]
fn an_exporter_names_and_types_its_elements() {
    let columns = "pen_32473_exampleText,pen_32473_exampleCounter,pen_32473_exampleRatio,pen_32473_exampleSigned";
    let rows = flows(&testdata("fixbuf-lists.pcap"), columns).expect("flows");
    // The octets of flow 8 are 66 6c 6f 77 20 37 · 00 00 00 03 d6 17 · 40 87 98 00 00 00 00 00 · ff 91.
    let expected = json!({
        "pen_32473_exampleText": "flow 7",
        "pen_32473_exampleCounter": 251_415,
        "pen_32473_exampleRatio": 755.0,
        "pen_32473_exampleSigned": -111,
    });
    assert_eq!(rows[7], expected);
    // Asked for by number, it is the same column; a name that nobody tells is an error after all.
    let by_number = flows(&testdata("fixbuf-lists.pcap"), "pen_32473_200").expect("flows");
    assert_eq!(by_number[7], json!({"pen_32473_exampleText": "flow 7"}));
    let unknown = flows(&testdata("fixbuf-lists.pcap"), "pen_32473_other").unwrap_err();
    assert!(unknown.contains("no column or element is called 'pen_32473_other'"), "{unknown}");
}

#[test]
fn in_a_pipe_a_column_by_number_stays_octets() {
    let octets = fs::read(testdata("fixbuf-lists.pcap")).unwrap();
    let output = run_with_input(&["flows", "-", "--format", "csv", "--columns", "pen_32473_200,basicList", "--limit", "8"], &octets);
    let last = stdout(&output).lines().last().unwrap_or_default().to_owned();
    assert_eq!(
        last,
        "666c6f772037,\"{\"\"semantic\"\":\"\"allOf\"\",\"\"element\"\":\"\"destinationTransportPort\"\",\"\"basicList\"\":[1000,1001,1002]}\""
    );
}

#[test]
fn a_users_elements_win_over_what_exporters_tell() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("fixbuf-lists.pcap");
    let csv = folder.path().join("own.csv");
    fs::write(&csv, "PEN,ElementID,Name,Abstract Data Type\n32473,200,myText,octetArray\n,1,myOctets,unsigned64\n").unwrap();
    let xml = folder.path().join("own.xml");
    fs::write(
        &xml,
        "<ipfix-elements><scope><pen>32473</pen><name>own</name></scope>\
         <element><id>203</id><name>mySigned</name><dataType>unsigned16</dataType></element></ipfix-elements>",
    )
    .unwrap();
    let (csv, xml) = (csv.to_str().unwrap(), xml.to_str().unwrap());
    let args =
        ["flows", capture.to_str().unwrap(), "--format", "ndjson", "--elements", csv, "--elements", xml, "--limit", "8", "--columns"];
    let output = run(&[&args[..], &["pen_32473_myText,pen_32473_mySigned,bytes,octetDeltaCount"]].concat());
    assert_eq!(stderr(&output), "");
    let last = stdout(&output).lines().last().unwrap_or_default().to_owned();
    assert_eq!(last, r#"{"pen_32473_myText":"666c6f772037","pen_32473_mySigned":65425,"bytes":83805,"myOctets":83805}"#);
    // What is no list of elements is said before anything is read.
    let bad = folder.path().join("bad.csv");
    fs::write(&bad, "a,b\n1,2\n").unwrap();
    let output = run(&["templates", capture.to_str().unwrap(), "--elements", bad.to_str().unwrap()]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
    assert!(stderr(&output).contains("ElementID is missing"), "{}", stderr(&output));
}

/// The capture with the first of these octets replaced, and what it gives: the first flow that differs, and the problems' codes.
fn damaged(from: &[u8], to: &[u8], args: &[&str]) -> (Value, Vec<(String, u64)>) {
    let mut octets = fs::read(testdata("fixbuf-lists.pcap")).unwrap();
    let at = octets.windows(from.len()).position(|w| w == from).expect("the octets are there");
    octets[at..at + to.len()].copy_from_slice(to);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.pcap");
    fs::write(&path, octets).unwrap();
    let good = flows(&testdata("fixbuf-lists.pcap"), LISTS).unwrap();
    let path_text = path.to_str().unwrap();
    let output = run(&[&["flows", path_text, "--format", "ndjson", "--columns", LISTS][..], args].concat());
    let rows: Vec<Value> = stdout(&output).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), good.len(), "the other records are decoded");
    let first = rows.into_iter().zip(good).find(|(ours, good)| ours != good).map(|(ours, _)| ours).unwrap_or_default();
    (first, problems(&path, args))
}

fn problems(path: &Path, args: &[&str]) -> Vec<(String, u64)> {
    let output = run(&[&[path.to_str().unwrap(), "--format", "json"][..], args].concat());
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = value["problems"].as_array().unwrap().iter().filter(|p| p["code"] != "not-ip");
    list.map(|p| (p["code"].as_str().unwrap().to_owned(), p["count"].as_u64().unwrap())).collect()
}

/// The beginning of a subTemplateMultiList: allOf, template 4097, 12 octets, 203.0.113.1.
const MULTI: [u8; 9] = [3, 0x10, 1, 0, 12, 203, 0, 113, 1];

#[test]
fn a_list_with_a_wrong_length_ends_there() {
    let (row, problems) = damaged(&MULTI, &[3, 0x10, 1, 0x7f, 12], &[]);
    assert_eq!(problems, [("list-cut".to_owned(), 1)]);
    assert_eq!(
        row["subTemplateMultiList"],
        json!({"semantic": "allOf", "subTemplateMultiList": [], "undecoded": "10017f0ccb0071010000fbff10020004"})
    );
}

#[test]
fn a_list_of_an_unknown_template_keeps_its_octets() {
    let (row, problems) = damaged(&MULTI, &[3, 0x77, 1], &[]);
    assert_eq!(problems, [("list-template".to_owned(), 1)]);
    let expected = json!([{"template": 30465, "records": [], "undecoded": "cb0071010000fbff"}, {"template": 4098, "records": []}]);
    assert_eq!(row["subTemplateMultiList"]["subTemplateMultiList"], expected);
}

#[test]
fn an_unknown_semantic_is_its_number() {
    let (row, problems) = damaged(&MULTI, &[77], &[]);
    assert_eq!(problems, [("list-semantic".to_owned(), 1)]);
    assert_eq!(row["subTemplateMultiList"]["semantic"], 77);
}

#[test]
fn lists_beyond_the_bound_stay_octets() {
    let (row, problems) = damaged(&MULTI, &MULTI, &["--max-nesting", "0"]);
    assert_eq!(problems, [("list-depth".to_owned(), 360)]);
    assert_eq!(row["basicList"], "03000b0002");
}

#[test]
fn type_information_that_contradicts_the_registry_loses() {
    // The record of CERT's templateName (6871/1000: 00 00 1a d7 03 e8, type 13) says that it is an IPv4 address (18).
    let (row, problems) = damaged(&[0, 0, 0x1a, 0xd7, 3, 0xe8, 13], &[0, 0, 0x1a, 0xd7, 3, 0xe8, 18], &[]);
    assert_eq!(problems, [("element-type".to_owned(), 1)]);
    assert_eq!(row, Value::Null, "no flow differs");
}

#[test]
fn lists_of_the_corpus() {
    let Some(corpus) = corpus_for("lists_of_the_corpus") else { return };
    // YAF: addresses that its subTemplateMultiList holds, as tshark shows the octets.
    let yaf = corpus.join("captures/ipfix-yaf.pcap");
    let rows = flows(&yaf, "subTemplateMultiList").expect("flows");
    let expected = json!({"semantic": "allOf", "subTemplateMultiList": [
        {"template": 49156, "records": [{"sourceMacAddress": "00:0c:29:70:86:09", "destinationMacAddress": "00:0c:29:8d:af:c3"}]},
    ]});
    assert_eq!(rows[0]["subTemplateMultiList"], expected);
    assert_eq!(problems(&yaf, &[]), [("sequence-lost".to_owned(), 1)]);
    // ff 0123 ffff · 0a · 00 0052 ffff 01 61 02 62 63: a basicList of one basicList of names.
    let rows = flows(&corpus.join("synthetic/ipfix-structured-data.pcap"), LISTS).expect("flows");
    let nested = json!({"semantic": "undefined", "element": "basicList", "basicList": [
        {"semantic": "noneOf", "element": "interfaceName", "basicList": ["a", "bc"]},
    ]});
    assert_eq!(rows[2]["basicList"], nested);
    // 04 0190 0008 03eb0050 0191 000e 04 "eth0" 04 "eth1".
    let multi = json!({"semantic": "ordered", "subTemplateMultiList": [
        {"template": 400, "records": [{"sourceTransportPort": 1003, "destinationTransportPort": 80}]},
        {"template": 401, "records": [{"interfaceName": "eth0"}, {"interfaceName": "eth1"}]},
    ]});
    assert_eq!(rows[0]["subTemplateMultiList"], multi);
    // Ixia describes elements that the registry has; nothing contradicts.
    let ixia = overview(&corpus.join("captures/ipfix-ixia.pcap")).expect("an overview");
    assert_eq!(ixia["problems"], json!([]));
}

#[test]
fn elements_are_looked_up() {
    let text = stdout(&run(&["elements", "IN_BYTES"]));
    assert!(text.starts_with("1 octetDeltaCount\n"), "{text}");
    assert_eq!(
        stdout(&run(&["elements", "8"])),
        "8 sourceIPv4Address\n  v9 name   IPV4_SRC_ADDR\n  type      ipv4Address\n  semantics default\n  status    current\n  \
         vendor    IANA\n  says      Source IPv4 address\n  source    built-in\n"
    );
    let output = run(&["elements", "45003", "--format", "json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["schema"], &value["elements"][0]["number"]), (&json!("ipfix-inspect/elements/1"), &json!("9/12235")));
    let output = run(&["elements", "no such thing"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
}
