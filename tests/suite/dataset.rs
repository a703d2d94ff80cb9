//! Flows that were exported and are read again: the same rows as from the capture, whatever the form; files of other programs; damage.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Differences, corpus_for, overview, program, root, run, run_with_input, skip, stderr, stdout, testdata};

/// The forms that hold all that a capture has: times in nanoseconds.
const FORMS: [(&str, &[&str]); 6] = [
    ("x.parquet", &["--time-unit", "ns"]),
    ("binary.parquet", &["--time-unit", "ns", "--addresses", "binary", "--compression", "snappy"]),
    ("x.arrow", &["--time-unit", "ns"]),
    ("x.arrows", &["--time-unit", "ns", "--addresses", "binary"]),
    ("x.csv.zst", &[]),
    ("x.ndjson.gz", &[]),
];

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path of UTF-8")
}

/// All columns of the flows as CSV.
fn rows(paths: &[&Path], more: &[&str]) -> Result<String, String> {
    let paths: Vec<&str> = paths.iter().map(|p| text(p)).collect();
    let output = run(&[&["flows", "-q", "--format", "csv", "--columns", "all"], more, &paths].concat());
    match output.status.code() {
        Some(0) => Ok(stdout(&output)),
        _ => Err(stderr(&output)),
    }
}

fn export(from: &Path, to: &Path, more: &[&str]) -> Output {
    run(&[&["export", "-q", text(from), "-o", text(to)], more].concat())
}

/// Exports, and nothing is wrong.
pub(crate) fn exported(from: &Path, to: &Path, more: &[&str]) {
    let output = export(from, to, more);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn captures(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).filter(|p| p.is_file()).collect();
    files.retain(|p| !p.extension().is_some_and(|e| matches!(e.to_str(), Some("md" | "tsv" | "py" | "txt"))));
    files.sort();
    files
}

fn come_back(files: &[PathBuf], forms: &[(&str, &[&str])], differences: &mut Differences) {
    for file in files {
        // Captures without flows, and those that are refused, have nothing to export.
        let Ok(expected) = rows(&[file], &[]) else { continue };
        if expected.lines().count() < 2 {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        for (name, more) in forms {
            let path = folder.path().join(name);
            exported(file, &path, more);
            match rows(&[&path], &[]) {
                Ok(again) => differences.holds(&format!("{} as {name}", file.display()), again == expected),
                Err(why) => differences.fail(format!("{} as {name}: {why}", file.display())),
            }
        }
    }
}

#[test]
fn every_capture_comes_back() {
    let mut differences = Differences::default();
    come_back(&captures(&root().join("testdata")), &FORMS, &mut differences);
    differences.finish(40 * FORMS.len());
}

#[test]
fn every_capture_of_the_corpus_comes_back() {
    let Some(corpus) = corpus_for("every_capture_of_the_corpus_comes_back") else { return };
    let mut differences = Differences::default();
    for folder in ["captures", "datagrams", "flowlogs", "synthetic"] {
        come_back(&captures(&corpus.join(folder)), &[FORMS[0], FORMS[4]], &mut differences);
    }
    differences.finish(200);
}

#[test]
fn filters_limits_rates_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("pmacct-v9-l2-sampled.pcap");
    let stored: Vec<PathBuf> = ["a.parquet", "a.csv", "a.ndjson", "a.arrow"].iter().map(|name| folder.path().join(name)).collect();
    stored.iter().for_each(|path| exported(&capture, path, &[]));
    let questions: [&[&str]; 8] = [
        &["--filter", "proto udp and dst port 53"],
        &["--filter", "src net 192.0.2.0/24 and not bytes > 100"],
        &["--filter", "exporter 203.0.113.2 or src mac exists"],
        &["--limit", "7"],
        &["--scale"],
        &["--names"],
        &["--columns", "duration_ms,src_addr,template_id"],
        &["--filter", "protocol = 99"],
    ];
    let mut differences = Differences::default();
    for question in questions {
        let columns: &[&str] = if question.contains(&"--columns") { &[] } else { &["--columns", "canonical"] };
        let ask = |path: &Path| stdout(&run(&[&["flows", "-q", "--format", "csv", text(path)], columns, question].concat()));
        let expected = ask(&capture);
        differences.holds("there is a header", expected.contains("src_addr"));
        for path in &stored {
            differences.equal(&format!("{question:?} of {}", path.display()), &ask(path), &expected);
        }
    }
    differences.finish(8 * 5);
}

#[test]
fn scaled_counters_are_not_scaled_twice_by_a_rate_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    fs::write(&path, "src_addr,bytes,packets,sampling_interval\n10.0.0.1,100,1,512\n10.0.0.2,100,1,\n10.0.0.3,,1,0\n").unwrap();
    let columns = "src_addr,bytes,packets,sampling_interval";
    let output = run(&["flows", "--scale", "--format", "csv", "--columns", columns, text(&path)]);
    assert_eq!(stdout(&output), "src_addr,bytes,packets,sampling_interval\n10.0.0.1,51200,512,512\n10.0.0.2,100,1,\n10.0.0.3,,1,0\n");
    // The rate is read also where it is no column.
    let output = run(&["flows", "--scale", "--format", "csv", "--columns", "bytes", text(&path)]);
    assert_eq!(stdout(&output), "bytes\n51200\n100\n\"\"\n");
    assert_eq!(
        stderr(&output),
        format!(
            "ipfix-inspect: {}: CSV does not say whether its counters were multiplied before; --scale has multiplied them\n",
            path.display()
        )
    );
}

#[test]
fn folders_of_partitions() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("mixed-one-address.pcap");
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[1..].sort();
        lines
    };
    let expected = sorted(rows(&[&capture], &[]).unwrap());
    assert!(expected.len() > 20);
    let dataset = folder.path().join("by-exporter");
    exported(
        &capture,
        &dataset,
        &["--format", "parquet", "--time-unit", "ns", "--partition-by", "date,exporter,nde_version", "--rows-per-file", "10"],
    );
    assert_eq!(sorted(rows(&[&dataset], &[]).unwrap()), sorted_columns(&expected, &rows(&[&dataset], &[]).unwrap()));
    // A pattern, a folder within, and -r mean the same.
    let pattern = format!("{}/date=*/*/*/*.parquet", dataset.display());
    let recursive = format!("{}/**/*.parquet", dataset.display());
    let whole = sorted(rows(&[&dataset], &[]).unwrap());
    assert_eq!(sorted(rows(&[Path::new(&pattern)], &[]).unwrap()), whole);
    assert_eq!(sorted(rows(&[Path::new(&recursive)], &[]).unwrap()), whole);
    assert_eq!(sorted(rows(&[folder.path()], &["-r"]).unwrap()), whole);
    // Without partitions the order of rows is that of the capture, with more than ten files too.
    let numbered = folder.path().join("numbered");
    exported(&capture, &numbered, &["--format", "csv", "--rows-per-file", "2"]);
    assert!(fs::read_dir(&numbered).unwrap().count() > 10);
    assert_eq!(rows(&[&numbered], &[]).unwrap(), rows(&[&capture], &[]).unwrap());
}

/// The rows with their columns in the order of another table.
fn sorted_columns(lines: &[String], like: &str) -> Vec<String> {
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let from = cells(&lines[0]);
    let order: Vec<usize> = cells(like.lines().next().unwrap())
        .iter()
        .map(|name| from.iter().position(|f| f == name).unwrap_or_else(|| panic!("{name}")))
        .collect();
    assert_eq!(order.len(), from.len(), "a column is missing");
    let mut out: Vec<String> = lines
        .iter()
        .map(|line| {
            let c = cells(line);
            order.iter().map(|o| c[*o].clone()).collect::<Vec<_>>().join(",")
        })
        .collect();
    out[1..].sort();
    out
}

#[test]
fn pipes_and_mixtures() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("softflowd-v9.pcap");
    let expected = rows(&[&capture], &[]).unwrap();
    for form in ["arrow", "csv", "ndjson"] {
        let piped = run(&["export", text(&capture), "-o", "-", "--format", form, "--columns", "all"]);
        assert_eq!(piped.status.code(), Some(0), "{form}: {}", stderr(&piped));
        let output = run_with_input(&["flows", "-", "--format", "csv", "--columns", "all"], &piped.stdout);
        // Arrow has microseconds, which are all that this exporter sends.
        assert_eq!(stdout(&output), expected, "{form}");
    }
    let parquet = folder.path().join("a.parquet");
    exported(&capture, &parquet, &[]);
    let output = run_with_input(&["flows", "-"], &fs::read(&parquet).unwrap());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("standard input: is Parquet, which can't be read from a pipe"), "{}", stderr(&output));
    // Flows of captures come first, then those of files.
    let both = rows(&[&parquet, &capture], &[]).unwrap();
    let lines: Vec<&str> = expected.lines().collect();
    let doubled = [&lines[..], &lines[1..]].concat();
    assert_eq!(both.lines().collect::<Vec<_>>(), doubled);
}

#[test]
fn the_overview_of_exported_flows() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("pmacct-ipfix-custom.pcap");
    let path = folder.path().join("flows.parquet");
    exported(&capture, &path, &[]);
    let found = overview(&path).unwrap();
    assert_eq!(found["files"][0]["container"], "exported flows, Parquet");
    assert_eq!((&found["totals"]["flows"], &found["totals"]["bytes"]), (&Value::from(132), &Value::from(37_728)));
    let exporter = &found["exporters"][0];
    assert_eq!((&exporter["exporter"], &exporter["version"], &exporter["packets"]), (&"203.0.113.2".into(), &"IPFIX".into(), &197.into()));
    assert_eq!(exporter["first_seen"], "2026-11-22T20:50:16.210584Z");
    assert_eq!(found["problems"], Value::Array(Vec::new()));
    assert_eq!(found["flows"].as_array().map(Vec::len), Some(10));
    let column = |name: &str| found["columns"].as_array().unwrap().iter().find(|c| c["name"] == name).cloned();
    assert_eq!(column("bytes").unwrap()["values"], 132);
    assert_eq!(column("pen_43874_900").unwrap()["kind"], "octets");
    let shown = stdout(&run(&[text(&path)]));
    assert!(shown.contains("203.0.113.2  IPFIX      132  37.7 kB      197"), "{shown}");
    assert!(!shown.contains("templates") && !shown.contains("STRM"), "{shown}");
    for command in [&["templates"][..], &["options"], &["audit"]] {
        let output = run(&[command, &[text(&path)]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("holds exported flows and no"), "{}", stderr(&output));
    }
    let output = run(&[text(&path), text(&capture)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("name them apart"), "{}", stderr(&output));
}

#[test]
fn tables_of_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let refused = |path: &Path, words: &[&str]| {
        let output = run(&["flows", text(path)]);
        assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
        words.iter().for_each(|word| assert!(stderr(&output).contains(word), "{word}: {}", stderr(&output)));
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    };
    refused(&file("nfdump.csv", "ts,te,sa,da,sp,dp\n1,2,3,4,5,6\n"), &["holds no flows", "found: ts, te, sa, da, sp, dp", "src_addr"]);
    refused(&file("twice.csv", "src_addr,bytes,src_addr\n"), &["has the column 'src_addr' twice"]);
    refused(&file("cut.parquet", "PAR1 and nothing else"), &["is a damaged or cut Parquet file", "copy or export it again"]);
    refused(&file("cut.arrow", "ARROW1\0\0"), &["is a damaged or cut Arrow IPC file"]);
    // It has flows, but nothing that the table shows.
    refused(
        &file("few.csv", "exporter,template_id\n192.0.2.1,256\n"),
        &["has none of the columns that are asked for; it has exporter, template_id"],
    );
    let output = run(&["flows", "--format", "csv", text(&folder.path().join("few.csv"))]);
    assert_eq!(stdout(&output), "exporter,template_id\n192.0.2.1,256\n");
}

#[test]
fn malformed_text_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    let text_of = "src_addr,dst_port,bytes,application\r\n10.0.0.1,53,100,\"a,\"\"b\"\"\nc\"\r\n10.0.0.2,66000,1,\n\nboo,1,2,x\n1,2\n10.0.0.3,1,2,3,4\n10.0.0.4,,5,\"\"";
    fs::write(&path, text_of).unwrap();
    let output = run(&["flows", "--format", "csv", text(&path)]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        stdout(&output),
        "src_addr,dst_port,bytes,application\n10.0.0.1,53,100,\"a,\"\"b\"\"\nc\"\n10.0.0.2,,1,\n,1,2,x\n10.0.0.4,,5,\"\"\n"
    );
    let problems = overview(&path).unwrap()["problems"].as_array().cloned().unwrap();
    let told: Vec<(&str, u64, &str)> = problems
        .iter()
        .map(|p| (p["code"].as_str().unwrap(), p["count"].as_u64().unwrap(), p["first"]["detail"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("table-row", 2, "row 5: 2 cells where the header has 4"), ("table-value", 2, "row 2: dst_port: \"66000\" is no u16"),]
    );
    assert_eq!(run(&["flows", "--strict", text(&path)]).status.code(), Some(1));
    let path = folder.path().join("flows.ndjson");
    fs::write(
        &path,
        "{\"src_addr\":\"10.0.0.1\",\"bytes\":1,\"basicList\":[1,\"x\"]}\n{\"bytes\":2}\nno\n{\"bytes\":\"3\",\"src_addr\":7}\n",
    )
    .unwrap();
    let output = run(&["flows", "--format", "ndjson", "--columns", "all", text(&path)]);
    let lines: Vec<Value> = stdout(&output).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.iter().map(|l| l["bytes"].clone()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((&lines[0]["src_addr"], &lines[1]["src_addr"], &lines[2]["src_addr"]), (&"10.0.0.1".into(), &Value::Null, &Value::Null));
}

#[test]
fn a_stray_quote_costs_its_row_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quotes.csv");
    let many: String = (0..20_000).map(|n| format!("10.0.0.2,1,x{n}\n")).collect();
    // Within a cell it is a sign like others; where it opens a cell and has no end, the row is lost, and told.
    fs::write(&path, format!("src_addr,bytes,application\n10.0.0.1,7,a\"b\n{many}10.0.0.3,1,\"open\n{many}10.0.0.4,2,\"q\"\"\nr\"\n"))
        .unwrap();
    let output = run(&["summary", "-q", "--by", "src_addr", "--format", "csv", text(&path)]);
    let found: Vec<Vec<String>> = stdout(&output).lines().map(|l| l.split(',').map(str::to_owned).collect()).collect();
    let row = |addr: &str| found.iter().find(|row| row[0] == addr).map(|row| row[1].clone());
    let counts = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map(row);
    assert_eq!(counts, [Some("1".into()), Some("40000".into()), None, Some("1".into())], "{}", stdout(&output));
    let overview = overview(&path).unwrap();
    let problem = &overview["problems"][0];
    assert_eq!((&problem["code"], &problem["count"]), (&"table-row".into(), &1.into()));
    assert_eq!(problem["first"]["detail"], "row 20002: a quote has no end");
    let shown = stdout(&run(&[text(&path)]));
    assert!(shown.lines().next().is_some_and(|l| l.contains("40,003 flow records")), "{shown}");
    let output = run(&["flows", "--format", "csv", "--filter", "not src addr 10.0.0.2", text(&path)]);
    assert_eq!(stdout(&output), "src_addr,bytes,application\n10.0.0.1,7,\"a\"\"b\"\n10.0.0.4,2,\"q\"\"\nr\"\n");
}

#[test]
fn members_that_the_first_line_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse.ndjson");
    let first = "{\"src_addr\":\"10.0.0.1\",\"bytes\":5}\n";
    fs::write(&path, format!("{first}{{\"dst_port\":443,\"packets\":3,\"src_addr\":\"10.0.0.2\"}}\n")).unwrap();
    let csv = |path: &Path| stdout(&run(&["flows", "--format", "csv", "--columns", "src_addr,bytes,dst_port,packets", text(path)]));
    assert_eq!(csv(&path), "src_addr,bytes,dst_port,packets\n10.0.0.1,5,,\n10.0.0.2,,443,3\n");
    assert_eq!(overview(&path).unwrap()["problems"], Value::Array(Vec::new()));
    // Beyond the first 500 lines a column is no more added, and that is told, once.
    fs::write(&path, format!("{}{}", first.repeat(600), "{\"src_addr\":\"10.0.0.2\",\"dst_port\":443}\n".repeat(2))).unwrap();
    let found = overview(&path).unwrap();
    assert_eq!(found["totals"]["flows"], 602);
    let problem = &found["problems"][0];
    assert_eq!((&problem["code"], &problem["count"]), (&"table-column".into(), &1.into()));
    assert!(
        problem["first"]["detail"].as_str().is_some_and(|d| d.starts_with("dst_port: not read: the first row with it is 601")),
        "{problem}"
    );
}

#[test]
fn lists_that_others_put_into_strings() {
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.ndjson");
    exported(&testdata("fixbuf-lists.pcap"), &ours, &["--columns", "basicList"]);
    let lists = fs::read_to_string(&ours).unwrap();
    let theirs = folder.path().join("theirs.ndjson");
    // As DuckDB writes a column of texts.
    let escaped = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        format!("{{\"basicList\":{}}}\n", Value::from(value["basicList"].to_string()))
    };
    fs::write(&theirs, lists.lines().map(escaped).collect::<String>()).unwrap();
    let again = |path: &Path| rows(&[path], &[]).unwrap();
    assert!(fs::read_to_string(&theirs).unwrap().contains("\\\"semantic\\\""));
    assert_eq!(again(&theirs), again(&ours));
}

/// Every cut and many flipped octets: an error or counted problems, never a panic, never rows that were not there.
#[test]
fn damaged_files_of_columns() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("softflowd-v9.pcap");
    let most = rows(&[&capture], &[]).unwrap().lines().count();
    let mut tried = 0;
    for name in ["a.parquet", "a.arrow", "a.arrows"] {
        let path = folder.path().join(name);
        exported(&capture, &path, &["--columns", "flow_start,src_addr,bytes,exporter"]);
        let whole = fs::read(&path).unwrap();
        let mut damaged: Vec<Vec<u8>> = (0..whole.len()).step_by(whole.len() / 40 + 1).map(|at| whole[..at].to_vec()).collect();
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..60 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let mut octets = whole.clone();
            let at = usize::try_from(seed >> 16).unwrap() % octets.len();
            octets[at] ^= 1 << (seed % 8);
            damaged.push(octets);
        }
        for octets in damaged {
            let path = folder.path().join(format!("damaged-{name}"));
            fs::write(&path, octets).unwrap();
            let output = program(&["flows", "--format", "csv", text(&path)]).output().unwrap();
            tried += 1;
            assert!(matches!(output.status.code(), Some(0 | 2)), "{name}: {:?}: {}", output.status, stderr(&output));
            assert!(!stderr(&output).contains("panicked"), "{name}: {}", stderr(&output));
            let rows = String::from_utf8_lossy(&output.stdout).lines().count();
            assert!(rows <= most, "{name}: {rows} rows of {most}");
        }
    }
    assert!(tried > 250, "only {tried}");
}

/// Files that pyarrow and DuckDB make of our CSV.
#[test]
fn files_of_other_programs() {
    let Some(python) = std::env::var_os("IPFIX_INSPECT_PYTHON") else { return skip("files_of_other_programs", "IPFIX_INSPECT_PYTHON") };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("made");
    fs::create_dir(&out).unwrap();
    let csv = folder.path().join("flows.csv");
    exported(&testdata("pmacct-ipfix-custom.pcap"), &csv, &[]);
    let expected = fs::read_to_string(&csv).unwrap();
    let script = root().join("tests/suite/make-datasets.py");
    let made = Command::new(python).arg(script).arg(&csv).arg(&out).output().expect("Python starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut differences = Differences::default();
    for name in [
        "pyarrow.parquet",
        "pyarrow-small-groups.parquet",
        "pyarrow-v1.parquet",
        "pyarrow-dictionary.parquet",
        "pyarrow.arrow",
        "pyarrow-zstd.arrow",
        "pyarrow.arrows",
        "pandas-floats.parquet",
        "duckdb.parquet",
        "duckdb-decimals.parquet",
        "duckdb.csv",
        "hive",
    ] {
        match rows(&[&out.join(name)], &[]) {
            Ok(again) => differences.equal(name, &again, &expected),
            Err(why) => differences.fail(format!("{name}: {why}")),
        }
    }
    differences.finish(12);
    let output = run(&["flows", text(&out.join("unread.parquet")), "--format", "csv", "--columns", "all"]);
    assert_eq!(stdout(&output), "src_addr,note\n10.0.0.1,x\n");
    let found = overview(&out.join("unread.parquet")).unwrap();
    assert_eq!(found["problems"][0]["code"], "table-column");
    // A counter in a form that is not read is missing, not 0.
    let output = run(&["summary", text(&out.join("lost.parquet")), "--by", "protocol", "--format", "csv"]);
    assert_eq!(stdout(&output), "protocol,flows,packets,bytes,bps,first,last\n17,1,,4,,,\n6,2,,3,,,\n");
    assert!(stderr(&output).contains("problems were found on the way"), "{}", stderr(&output));
    let found = overview(&out.join("lost.parquet")).unwrap();
    assert_eq!(found["problems"][0]["code"], "table-column-lost");
    assert_eq!(found["problems"][0]["severity"], "warning");
}
