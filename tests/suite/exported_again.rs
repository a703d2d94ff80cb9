//! Flows that were exported, and are read, added up and exported once more: counters are multiplied once, and nothing is lost.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::dataset::{exported, text};
use crate::support::{run, stderr, stdout, testdata};

/// The sums of TCP: packets and octets.
fn of_tcp(paths: &[&Path], more: &[&str]) -> Result<(String, String), String> {
    let paths: Vec<&str> = paths.iter().map(|p| text(p)).collect();
    let output = run(&[&["summary", "--by", "protocol", "--filter", "proto tcp", "--format", "csv"], more, &paths].concat());
    match output.status.code() {
        Some(0) => Ok((stdout(&output).lines().nth(1).unwrap().split(',').skip(2).take(2).collect::<Vec<_>>().join(" "), stderr(&output))),
        _ => Err(stderr(&output)),
    }
}

/// softflowd says 1 in 10: TCP has 1,970 packets and 2,175,461 octets as they were sent.
#[test]
fn counters_are_multiplied_once() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("softflowd-v5-sampled.pcap");
    let at = |name: &str| folder.path().join(name);
    let (sent, multiplied) = ("1970 2175461", "19700 21754610");
    assert_eq!(of_tcp(&[&capture], &[]), Ok((sent.to_owned(), String::new())));
    assert_eq!(of_tcp(&[&capture], &["--scale"]), Ok((multiplied.to_owned(), String::new())));
    exported(&capture, &at("raw.parquet"), &[]);
    for form in ["parquet", "arrow", "arrows"] {
        // Once, and again, with and without the option.
        let (one, two, three) = (at(&format!("one.{form}")), at(&format!("two.{form}")), at(&format!("three.{form}")));
        exported(&capture, &one, &["--scale"]);
        exported(&one, &two, &[]);
        exported(&two, &three, &["--scale"]);
        for path in [&one, &two, &three] {
            for scale in [&[][..], &["--scale"]] {
                assert_eq!(of_tcp(&[path], scale), Ok((multiplied.to_owned(), String::new())), "{} {scale:?}", path.display());
            }
        }
    }
    let one = at("one.parquet");
    let told: Value = serde_json::from_slice(&run(&["--format", "json", text(&one)]).stdout).unwrap();
    assert_eq!(told["totals"]["scaled"], true);
    assert!(stdout(&run(&[text(&one)])).contains("Bytes and packets are multiplied by the sampling rates.\n"));
    let told: Value = serde_json::from_slice(&run(&["summary", "--format", "json", text(&one)]).stdout).unwrap();
    assert_eq!(told["scaled"], true);
    // Multiplied counters and others are not added up.
    for other in [&capture, &at("raw.parquet")] {
        let refused = format!("ipfix-inspect: {} holds multiplied counters, {} does not; add --scale\n", one.display(), other.display());
        let inputs = [text(&one), text(other)];
        let target = at("mixed.parquet");
        for command in [
            &["summary"][..],
            &["flows"],
            &["conversations"],
            &["query"],
            &["export", "-o", text(&target)],
            &["flows", "--columns", "src_addr", "--filter", "bytes > 100"],
        ] {
            let sql: &[&str] = if command == ["query"] { &["SELECT SUM(bytes) FROM flows"] } else { &[] };
            let output = run(&[command, &inputs, sql].concat());
            assert_eq!((output.status.code(), stderr(&output)), (Some(2), refused.clone()), "{command:?}");
        }
        assert!(!target.exists());
        assert_eq!(run(&[&["flows", "--columns", "src_addr"], &inputs[..]].concat()).status.code(), Some(0));
        assert_eq!(of_tcp(&[&one, other], &["--scale"]), Ok(("39400 43509220".to_owned(), String::new())));
    }
}

#[test]
fn text_with_multiplied_counters_has_no_rates() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("softflowd-v5-sampled.pcap");
    let at = |name: &str| folder.path().join(name);
    exported(&capture, &at("one.parquet"), &["--scale"]);
    for (form, says) in [("csv", "CSV"), ("ndjson", "ndjson")] {
        let (multiplied, again, raw, named) =
            (at(&format!("m.{form}")), at(&format!("a.{form}")), at(&format!("r.{form}")), at(&format!("n.{form}")));
        exported(&capture, &multiplied, &["--scale"]);
        exported(&at("one.parquet"), &again, &[]);
        exported(&capture, &raw, &[]);
        exported(&capture, &named, &["--scale", "--columns", "protocol,bytes,packets,sampling_interval"]);
        for path in [&multiplied, &again] {
            assert!(!fs::read_to_string(path).unwrap().contains("sampling_interval"));
            let why = format!("ipfix-inspect: {}: has no sampling_interval: --scale has multiplied nothing in it\n", path.display());
            assert_eq!(of_tcp(&[path], &["--scale"]), Ok(("19700 21754610".to_owned(), why)));
            let told: Value = serde_json::from_slice(&run(&["summary", "--scale", "--format", "json", text(path)]).stdout).unwrap();
            assert_eq!(told["scaled"], false, "nothing can be multiplied");
        }
        for (path, sums) in [(&raw, "19700 21754610"), (&named, "197000 217546100")] {
            let (found, why) = of_tcp(&[path], &["--scale"]).unwrap();
            assert_eq!(found, sums);
            assert_eq!(
                why,
                format!(
                    "ipfix-inspect: {}: {says} does not say whether its counters were multiplied before; --scale has multiplied them\n",
                    path.display()
                )
            );
            assert_eq!(run(&["summary", "--scale", "--strict", text(path)]).status.code(), Some(1));
        }
    }
    let parquet = at("no-rates.parquet");
    exported(&capture, &parquet, &["--exclude", "sampling_interval"]);
    let (found, why) = of_tcp(&[&parquet], &["--scale"]).unwrap();
    assert_eq!((found.as_str(), why.contains("has no sampling_interval")), ("1970 2175461", true));
    // What nothing was multiplied in is not marked as multiplied.
    exported(&parquet, &at("again.parquet"), &["--scale"]);
    let told: Value = serde_json::from_slice(&run(&["--format", "json", text(&at("again.parquet"))]).stdout).unwrap();
    assert_eq!(told["totals"]["scaled"], false);
}

#[test]
fn partitions_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let long = "x".repeat(5_000);
    let rows =
        format!("src_addr,application\n10.0.0.1,{long}\n10.0.0.2,\"\"\n10.0.0.3,__HIVE_DEFAULT_PARTITION__\n10.0.0.4,\n10.0.0.5,a/b\n");
    fs::write(at("a.csv"), &rows).unwrap();
    for form in ["csv", "parquet", "arrow", "ndjson"] {
        let dataset = at(&format!("by-{form}"));
        exported(&at("a.csv"), &dataset, &["--format", form, "--partition-by", "application"]);
        let output = run(&["flows", "-q", "--format", "csv", "--columns", "src_addr,application", text(&dataset)]);
        let mut found: Vec<String> = stdout(&output).lines().skip(1).map(str::to_owned).collect();
        found.sort();
        assert_eq!(found, rows.lines().skip(1).collect::<Vec<_>>(), "{form}");
    }
    // Numbers and addresses fit a name, and are in it alone.
    exported(&at("a.csv"), &at("by-source"), &["--format", "csv", "--partition-by", "src_addr"]);
    assert_eq!(fs::read_to_string(at("by-source/src_addr=10.0.0.5/part-00000.csv")).unwrap(), "application\na/b\n");
    // The earliest time of all.
    fs::write(at("old.csv"), "flow_start,src_addr,bytes\n1677-09-21T00:12:43.200Z,10.0.0.1,5\n").unwrap();
    exported(&at("old.csv"), &at("old"), &["--format", "csv", "--partition-by", "date,hour"]);
    assert!(at("old/date=1677-09-21/hour=00/part-00000.csv").exists());
}

#[test]
fn ndjson_of_no_flows_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let capture = testdata("no-template-softflowd-ipfix.pcap");
    for name in ["a.ndjson", "b.ndjson.gz", "c.jsonl"] {
        exported(&capture, &at(name), &[]);
        assert_eq!(fs::metadata(at(name)).unwrap().len(), 0);
        let target = at(&format!("{name}.csv"));
        exported(&at(name), &target, &[]);
        assert_eq!(fs::read_to_string(&target).unwrap(), "received,exporter,observation_domain,nde_version,template_id\n");
        let sums = run(&["summary", "--by", "protocol", "--format", "csv", text(&at(name))]);
        assert_eq!((sums.status.code(), stdout(&sums).as_str()), (Some(0), "protocol,flows,packets,bytes,bps,first,last\n"));
        assert_eq!(run(&[text(&at(name))]).status.code(), Some(0));
    }
    fs::write(at("empty.pcap"), "").unwrap();
    assert!(stderr(&run(&[text(&at("empty.pcap"))])).contains("is empty (0 octets)"));
}

#[test]
fn another_version_s_description_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    exported(&testdata("softflowd-v9.pcap"), &path, &[]);
    let mut octets = fs::read(&path).unwrap();
    let name = b"ipfix-inspect/flows/1";
    let places: Vec<usize> = octets.windows(name.len()).enumerate().filter(|(_, w)| w == name).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| octets[at + name.len() - 1] = b'2');
    fs::write(&path, octets).unwrap();
    let output = run(&["flows", text(&path)]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "its columns are described as ipfix-inspect/flows/2, and this version of ipfix-inspect knows ipfix-inspect/flows/1";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}
