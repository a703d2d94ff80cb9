//! Templates kept from run to run, and what another rule of scope would decode.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::captures::COLUMNS;
use crate::support::{Differences, cell, csv, run, run_with_input, stderr, stdout, testdata, to_millis};

/// A folder of a test's own, and a file in it.
fn scratch(name: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name).to_string_lossy().into_owned();
    (folder, file)
}

fn path(name: &str) -> String {
    testdata(name).to_string_lossy().into_owned()
}

fn totals(capture: &str, args: &[&str]) -> Value {
    let output = run(&[&[capture, "--format", "json"][..], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Keeps the templates of a capture.
fn save(capture: &str, file: &str) {
    let output = run(&[path(capture).as_str(), "--save-templates", file]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

fn refused(output: &Output, words: &[&str]) {
    let errors = stderr(output);
    assert_eq!((output.status.code(), stdout(output).as_str()), (Some(2), ""), "{errors}");
    assert_eq!(errors.trim_end().lines().count(), 1, "not one line: {errors:?}");
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in {errors:?}");
    }
}

/// The capture is `softflowd-ipfix` from frame 4 to 14, where no template is; tshark has decoded the whole one. The times stand on a boot
/// that only an options record of frame 1 tells.
#[test]
fn a_capture_without_templates_is_decoded_with_kept_ones() {
    let (_folder, kept) = scratch("kept.json");
    save("softflowd-ipfix.pcap", &kept);
    let capture = path("no-template-softflowd-ipfix.pcap");
    let output = run(&["flows", &capture, "--format", "ndjson", "--columns", COLUMNS, "--templates", &kept]);
    assert_eq!(stderr(&output), "");
    let ours: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut theirs = csv(&testdata("expected/softflowd-ipfix.csv"));
    theirs.retain(|row| (4..=14).contains(&row["frame"].parse::<u32>().unwrap()));
    assert_eq!((ours.len(), theirs.len()), (309, 309));
    let mut differences = Differences::default();
    for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        for (column, expected) in [
            ("src_addr", "src"),
            ("dst_addr", "dst"),
            ("src_port", "sport"),
            ("dst_port", "dport"),
            ("protocol", "protocol"),
            ("packets", "packets"),
            ("bytes", "bytes"),
            ("tcp_flags", "tcp_flags"),
            ("template_id", "template_id"),
        ] {
            let absent = ours[column].is_null() && theirs[expected] == "0";
            differences.equal(&format!("flow {number} {column}"), &cell(&ours[column]), if absent { "" } else { &theirs[expected] });
        }
        for (column, expected) in [("flow_start", "start"), ("flow_end", "end")] {
            differences.equal(&format!("flow {number} {column}"), &to_millis(&cell(&ours[column])), &theirs[expected]);
        }
    }
    differences.finish(309 * 11);
    let overview = totals(&capture, &["--templates", &kept]);
    let t = &overview["totals"];
    assert_eq!((&t["sets_by_kept_template"], &t["sets_without_template"], &t["templates"]), (&json!(71), &json!(0), &json!(0)));
    assert_eq!(overview["problems"], json!([]));
    // From a pipe nothing waits for its template.
    let piped = run_with_input(&["-", "--format", "json", "--templates", &kept], &fs::read(&capture).unwrap());
    let piped: Value = serde_json::from_slice(&piped.stdout).unwrap();
    assert_eq!((&piped["totals"]["flows"], &piped["totals"]["sets_by_kept_template"]), (&json!(309), &json!(71)));
}

#[test]
fn kept_templates_are_listed_as_such() {
    let (_folder, kept) = scratch("kept.json");
    save("softflowd-ipfix.pcap", &kept);
    let capture = path("no-template-softflowd-ipfix.pcap");
    let text = stdout(&run(&["templates", &capture, "--templates", &kept]));
    assert!(text.contains("never sent in what was read") && text.contains(&kept), "{text}");
    let output = run(&["templates", &capture, "--templates", &kept, "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["kept_from"], kept.as_str());
    // By tshark, `softflowd-ipfix` has template 1024 in its frames 1 and 18; the Data Sets of this capture are 35 of 71.
    let t = &json["templates"][1];
    assert_eq!((&t["id"], &t["times_sent"], &t["first_seen"], &t["sets"]), (&json!(1024), &json!(0), &Value::Null, &json!(35)));
    assert_eq!(
        t["kept"],
        json!({"first_seen": "2026-11-22T20:49:51.786385Z", "last_seen": "2026-11-22T20:49:51.786615Z", "times_sent": 2})
    );
}

/// The same file, run after run: what a run does not meet stays, what it meets is brought up to date.
#[test]
fn one_file_goes_on_from_run_to_run() {
    let (_folder, kept) = scratch("kept.json");
    save("softflowd-ipfix.pcap", &kept);
    let first = fs::read_to_string(&kept).unwrap();
    let again = |capture: &str| {
        let output = run(&[path(capture).as_str(), "--templates", &kept, "--save-templates", &kept]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        fs::read_to_string(&kept).unwrap()
    };
    assert_eq!(again("no-template-softflowd-ipfix.pcap"), first);
    let store: Value = serde_json::from_str(&again("fixbuf-lists.pcap")).unwrap();
    // Five of softflowd, five of libfixbuf, which describes its elements too.
    assert_eq!(store["templates"].as_array().unwrap().len(), 10);
    let element = store["elements"].as_array().unwrap().iter().find(|e| e["id"] == 200).unwrap();
    assert_eq!((&element["pen"], &element["name"], &element["type"]), (&json!(32_473), &json!("exampleText"), &json!("string")));
    let listed = stdout(&run(&["elements", "exampleText", "--templates", &kept]));
    assert!(listed.starts_with("32473/200 pen_32473_exampleText\n") && listed.contains("source    exporter\n"), "{listed}");
    refused(&run(&["elements", "8", "--save-templates", &kept]), &["reads no captures"]);
    let named = run(&["flows", &path("fixbuf-lists.pcap"), "--columns", "pen_32473_exampleText", "--templates", &kept, "--limit", "1"]);
    assert_eq!(named.status.code(), Some(0), "{}", stderr(&named));
}

/// `pyipfix-redefined-template` gives id 300 three meanings over UDP; the last one is valid at the end (the withdrawal between does not count over UDP).
#[test]
fn the_last_definition_is_kept_and_holds_until_another_comes() {
    let (_folder, kept) = scratch("kept.json");
    save("pyipfix-redefined-template.pcap", &kept);
    let store: Value = serde_json::from_str(&fs::read_to_string(&kept).unwrap()).unwrap();
    assert_eq!(store["templates"].as_array().unwrap().len(), 1);
    assert_eq!(store["templates"][0]["fields"].as_array().unwrap().len(), 7);
    // Read again with it: the capture's first template supersedes the kept one before any data, so the flows are the same.
    let capture = path("pyipfix-redefined-template.pcap");
    let flows = |args: &[&str]| stdout(&run(&[&["flows", &capture, "--format", "csv"][..], args].concat()));
    assert!(flows(&["--templates", &kept]) == flows(&[]), "a kept template has changed flows behind a newer one");
    let redefined = |args: &[&str]| {
        let overview = totals(&capture, args);
        let problem = overview["problems"].as_array().unwrap().iter().find(|p| p["code"] == "template-redefined").cloned().unwrap();
        (problem["count"].as_u64().unwrap(), problem["first"]["detail"].as_str().unwrap().to_owned())
    };
    assert_eq!(redefined(&[]), (2, "template 300 has other fields from here on".to_owned()));
    assert_eq!(redefined(&["--templates", &kept]), (3, "template 300 has other fields than the kept template from here on".to_owned()));
}

#[test]
fn no_other_file_is_replaced() {
    let (folder, kept) = scratch("kept.json");
    let capture = path("softflowd-ipfix.pcap");
    fs::write(&kept, "{\"schema\": \"ipfix-inspect/overview/1\"}").unwrap();
    refused(&run(&[&capture, "--save-templates", &kept]), &["kept.json", "no template file", "name another"]);
    assert_eq!(fs::read_to_string(&kept).unwrap(), "{\"schema\": \"ipfix-inspect/overview/1\"}");
    let copy = folder.path().join("a.pcap");
    fs::copy(&capture, &copy).unwrap();
    refused(&run(&[&capture, "--save-templates", copy.to_str().unwrap()]), &["a.pcap", "no template file"]);
    // An empty one has nothing to lose.
    fs::write(&kept, "").unwrap();
    save("softflowd-ipfix.pcap", &kept);
    assert!(fs::read_to_string(&kept).unwrap().starts_with("{\n  \"schema\": \"ipfix-inspect/template-store/1\""));
    // --strict and damage: the file stays as it was.
    let before = fs::read_to_string(&kept).unwrap();
    let output = run(&[path("pmacct-v9-malformed-sets.pcap").as_str(), "--strict", "--save-templates", &kept]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&kept).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "something was left beside it");
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let (_folder, kept) = scratch("kept.json");
    let capture = path("no-template-softflowd-ipfix.pcap");
    refused(&run(&[&capture, "--templates", "/no/such/file"]), &["--templates", "/no/such/file"]);
    for (text, words) in [
        ("templates\n", &["line 1 column 2", "--save-templates"][..]),
        ("{\"schema\": \"ipfix-inspect/template-store/2\"}", &["template-store/2", "expected \"ipfix-inspect/template-store/1\""]),
    ] {
        fs::write(&kept, text).unwrap();
        refused(&run(&[&capture, "--templates", &kept]), &[&["kept.json"], words].concat());
    }
    fs::remove_file(&kept).unwrap();
    save("softflowd-ipfix.pcap", &kept);
    refused(&run(&[&capture, "--templates", &kept, "--max-templates", "4"]), &["kept.json", "more templates than the limit"]);
    refused(&run(&[&capture, "--templates", &kept, "--max-fields", "15"]), &["template 1024 of 203.0.113.2:37894", "more fields"]);
}

/// `late-softflowd-v9.pcap`, changed where data is alone: tshark shows 70 Data Sets outside of frame 7, which has all templates.
fn changed(folder: &Path, change: impl Fn(&mut [u8])) -> PathBuf {
    let mut octets = fs::read(testdata("late-softflowd-v9.pcap")).unwrap();
    let mut at = 24;
    let mut frame = 1;
    while at < octets.len() {
        let length = u32::from_le_bytes(octets[at + 8..at + 12].try_into().unwrap()) as usize;
        if frame != 7 {
            change(&mut octets[at + 16..at + 16 + length]);
        }
        at += 16 + length;
        frame += 1;
    }
    assert_eq!(frame, 14);
    let file = folder.join("changed.pcap");
    fs::write(&file, octets).unwrap();
    file
}

#[test]
fn the_overview_says_which_scope_would_decode_more() {
    let folder = tempfile::tempdir().unwrap();
    // Ethernet, IPv4 and UDP are 42 octets; the Source ID stands at 16 of the v9 header.
    let file = changed(folder.path(), |frame| frame[61] = 9);
    let capture = file.to_str().unwrap();
    let overview = totals(capture, &[]);
    assert_eq!(overview["totals"]["sets_without_template"], 70);
    let data = overview["exporters"].as_array().unwrap().iter().find(|e| e["domain"] == 9).unwrap();
    assert_eq!(
        data["other_scopes"],
        json!([{"template_scope": "any-domain", "sets": 70, "ports": [39_028], "template_ports": [39_028], "template_domains": [0]}])
    );
    let expected = "203.0.113.2 v9 domain 9: 70 Data Sets without a template would be decoded with --template-scope any-domain \
                    (templates come in domain 0, data in domain 9)";
    let text = stdout(&run(&[capture])).replace("\n  ", " ");
    assert!(text.contains(expected), "{text}");
    // It is true.
    let other = totals(capture, &["--template-scope", "any-domain"]);
    assert_eq!((&other["totals"]["sets_without_template"], &other["totals"]["flows"]), (&json!(0), &json!(250)));
    assert_eq!(other["exporters"][1]["other_scopes"], json!([]));
}

#[test]
fn the_overview_says_when_another_port_has_the_templates() {
    let folder = tempfile::tempdir().unwrap();
    let file = changed(folder.path(), |frame| frame[34..36].copy_from_slice(&40_000u16.to_be_bytes()));
    let capture = file.to_str().unwrap();
    let session = ["--template-scope", "session"];
    let overview = totals(capture, &session);
    assert_eq!(overview["totals"]["sets_without_template"], 70);
    let found =
        |scope: &str| json!({"template_scope": scope, "sets": 70, "ports": [40_000], "template_ports": [39_028], "template_domains": [0]});
    assert_eq!(overview["exporters"][0]["other_scopes"], json!([found("address"), found("any-domain")]));
    let text = stdout(&run(&[capture, "--template-scope", "session"])).replace("\n  ", " ");
    assert!(text.contains("--template-scope address (templates come from port 39028, data from port 40000)"), "{text}");
    assert_eq!(totals(capture, &[])["totals"]["flows"], 250);
    // From a pipe, Sets that waited in vain are counted the same.
    let piped = run_with_input(&["-", "--format", "json", "--template-scope", "session"], &fs::read(&file).unwrap());
    let piped: Value = serde_json::from_slice(&piped.stdout).unwrap();
    assert_eq!(piped["exporters"], overview["exporters"]);
}

/// libfixbuf's source makes 120 lists of template 4097 with one record in a subTemplateMultiList and 80 in a subTemplateList, and 60 of 4098.
#[test]
fn templates_of_lists_are_used_there() {
    let file = testdata("fixbuf-lists.pcap");
    let uses: Vec<Value> =
        crate::support::templates(&file).unwrap().iter().map(|t| json!([t["id"], t["records"], t["list_uses"]])).collect();
    assert_eq!(json!(uses[..3]), json!([[4096, 120, 0], [4097, 0, 200], [4098, 0, 60]]));
    let text = stdout(&run(&["templates", file.to_str().unwrap()]));
    assert!(text.contains("; used in 200 lists") && !text.contains("no record came with it"), "{text}");
}

#[test]
fn quoted_patterns_are_expanded() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    for (from, to) in [("fprobe-v5.pcap", "one.pcap"), ("fprobe-v7.pcap", "b/two.pcap"), ("softflowd-v9.pcap", ".hidden.pcap")] {
        fs::copy(testdata(from), folder.path().join(to)).unwrap();
    }
    fs::copy(testdata("softflowd-v9.pcap"), folder.path().join("[x].pcap")).unwrap();
    let flows = |pattern: &str, args: &[&str]| {
        let pattern = folder.path().join(pattern).to_string_lossy().into_owned();
        totals(&pattern, args)["totals"]["flows"].as_u64().unwrap()
    };
    // Flows by the manifest: 327 of each fprobe, 536 of softflowd.
    assert_eq!(flows("one*.pcap", &[]), 327);
    assert_eq!(flows("*.pcap", &[]), 327 + 536);
    assert_eq!(flows("**/*.pcap", &[]), 2 * 327 + 536);
    assert_eq!(flows("b*", &["-r"]), 327);
    assert_eq!(flows("**/[bt]*", &["-r"]), 327);
    assert_eq!(flows("[x].pcap", &[]), 536, "a file that is there is no pattern");
    let refuse = |pattern: &str, word: &str| refused(&run(&[folder.path().join(pattern).to_str().unwrap()]), &[pattern, word]);
    refuse("*.pcapng", "no file matches this pattern");
    refuse("b*", "-r reads what is in them");
    refuse("***", "no pattern");
}
