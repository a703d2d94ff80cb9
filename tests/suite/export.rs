//! What `export` writes, read by DuckDB and pyarrow: sums, rows and types; datasets, pipes, and what must not be left behind.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::build;
use crate::support::{note, program, root, run, run_with_input, skip, stderr, stdout, testdata, tsv};

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn capture(name: &str) -> String {
    text(&testdata(name))
}

/// Python with DuckDB and pyarrow.
fn python(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("IPFIX_INSPECT_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| PathBuf::from("python3"));
    let has_both = Command::new(&python).args(["-c", "import duckdb, pyarrow"]).stderr(Stdio::null()).status();
    if has_both.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    skip(test, "python with duckdb and pyarrow (IPFIX_INSPECT_PYTHON)");
    None
}

/// The JSON that a script prints.
fn answer(python: &Path, script: &str, args: &[&str]) -> Value {
    // DuckDB shows its progress on standard output.
    let script = format!("import duckdb\nduckdb.sql('set enable_progress_bar = false')\n{script}");
    let output = Command::new(python).env("TZ", "UTC").arg("-c").arg(script).args(args).output().expect("python starts");
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stdout(&output)))
}

fn export(args: &[&str]) {
    let output = run(&[&["export", "--quiet"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    assert_eq!(stdout(&output), "");
}

/// Exit code 2, nothing on standard output, one line on standard error that has all these words.
fn refused(args: &[&str], words: &[&str]) {
    let output = run(&[&["export"], args].concat());
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {errors}");
    assert_eq!(stdout(&output), "");
    assert_eq!(errors.trim_end().lines().count(), 1, "{errors:?}");
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in {errors:?}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut names: Vec<String> = entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The same sums, by DuckDB from Parquet and CSV and by pyarrow from Arrow, as the other decoders' in the manifest; and the same rows.
#[test]
fn sums_and_rows_of_every_capture() {
    let Some(python) = python("sums_and_rows_of_every_capture") else { return };
    let folder = scratch();
    let manifest = tsv(&testdata("MANIFEST.tsv"));
    let mut files = Vec::new();
    for row in &manifest {
        let base = text(&folder.path().join(&row["file"]));
        let input = capture(&row["file"]);
        for form in ["parquet", "arrow", "csv"] {
            export(&[&input, "-o", &format!("{base}.{form}"), "--columns", COMPARED]);
        }
        files.push(base);
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let told = answer(&python, SUMS, &files);
    let mut flows = 0;
    for (row, told) in manifest.iter().zip(told.as_array().expect("a list")) {
        let number = |name: &str| row[name].parse::<u64>().expect("a number");
        let expected = Value::from(vec![number("flows"), number("bytes"), number("packets")]);
        for form in ["parquet", "csv", "arrow"] {
            assert_eq!(told[form], expected, "{} as {form}", row["file"]);
        }
        assert_eq!(told["different_rows"], 0, "{}", row["file"]);
        flows += number("flows");
    }
    assert!(flows > 10_000, "{flows} flows");
}

const COMPARED: &str = "received,exporter,nde_version,flow_start,flow_end,duration_ms,src_addr,dst_addr,src_port,dst_port,protocol,\
                        tcp_flags,bytes,packets,next_hop,src_mac,application,applicationId,src_vlan";

/// Columns are compared as text, times as microseconds; DuckDB reads CSV as text.
const SUMS: &str = r#"
import duckdb, json, sys
import pyarrow.compute as pc, pyarrow.ipc as ipc
told = []
for base in sys.argv[1:]:
    sums = "select count(*), coalesce(sum(bytes), 0)::ubigint, coalesce(sum(packets), 0)::ubigint from "
    csv = f"read_csv('{base}.csv', all_varchar=true, header=true)"
    arrow_table = ipc.open_file(base + ".arrow").read_all()
    parquet = duckdb.sql(f"select * from '{base}.parquet'")
    times = {"received", "flow_start", "flow_end"}
    ours = [f"epoch_us({c})::varchar" if c in times else f"{c}::varchar" for c in parquet.columns]
    theirs = [f"epoch_us({c}::timestamptz)::varchar" if c in times else c for c in parquet.columns]
    named = lambda cells: ", ".join(f"coalesce({cell}, '') as {c}" for cell, c in zip(cells, parquet.columns))
    sources = [f"(select {named(ours)} from '{base}.parquet')", f"(select {named(theirs)} from {csv})", f"(select {named(ours)} from arrow_table)"]
    differ = " or ".join(f"a.{c} is distinct from b.{c}" for c in parquet.columns)
    different = [duckdb.sql(f"select count(*) from {sources[0]} a positional join {other} b where {differ}").fetchall()[0][0] for other in sources[1:]]
    total = lambda name: pc.sum(arrow_table[name]).as_py() or 0
    told.append({
        "parquet": duckdb.sql(sums + f"'{base}.parquet'").fetchall()[0],
        "csv": duckdb.sql("select count(*), coalesce(sum(bytes::ubigint), 0)::ubigint, coalesce(sum(packets::ubigint), 0)::ubigint from " + csv).fetchall()[0],
        "arrow": [arrow_table.num_rows, total("bytes"), total("packets")],
        "different_rows": sum(different),
    })
print(json.dumps(told))
"#;

/// Types as readers have them, and what the file says of itself.
#[test]
fn types_and_metadata() {
    let Some(python) = python("types_and_metadata") else { return };
    let folder = scratch();
    let base = text(&folder.path().join("x"));
    let names = "received,exporter,observation_domain,nde_version,template_id,flow_start,duration_ms,src_addr,src_port,protocol,bytes,\
                 src_mac,application,sourceIPv4Address,dataRecordsReliability,ie_60000";
    for form in ["parquet", "arrow"] {
        export(&[&capture("softflowd-v9.pcap"), "-o", &format!("{base}.{form}"), "--columns", names]);
    }
    export(&[&capture("softflowd-v9.pcap"), "-o", &format!("{base}-ns.parquet"), "--time-unit", "ns", "--addresses", "binary"]);
    let told = answer(&python, TYPES, &[&base]);
    let duckdb = [
        "TIMESTAMP WITH TIME ZONE",
        "VARCHAR",
        "UINTEGER",
        "UTINYINT",
        "USMALLINT",
        "TIMESTAMP WITH TIME ZONE",
        "BIGINT",
        "VARCHAR",
        "USMALLINT",
        "UTINYINT",
        "UBIGINT",
        "VARCHAR",
        "VARCHAR",
        "VARCHAR",
        "BOOLEAN",
        "VARCHAR",
    ];
    assert_eq!(told["duckdb"], Value::from(duckdb.to_vec()));
    let arrow = [
        "timestamp[us, tz=UTC]",
        "string",
        "uint32",
        "uint8",
        "uint16",
        "timestamp[us, tz=UTC]",
        "int64",
        "string",
        "uint16",
        "uint8",
        "uint64",
        "string",
        "string",
        "string",
        "bool",
        "string",
    ];
    assert_eq!(told["parquet"], Value::from(arrow.to_vec()));
    assert_eq!(told["arrow"], Value::from(arrow.to_vec()));
    assert_eq!(told["nanoseconds"], serde_json::json!(["timestamp[ns, tz=UTC]", "binary"]));
    // 203.0.113.2, the exporter.
    assert_eq!(told["exporter"], "cb007102");
    for form in ["parquet_metadata", "arrow_metadata"] {
        let metadata = &told[form];
        assert_eq!(metadata["ipfix-inspect.version"], env!("CARGO_PKG_VERSION"));
        let sources: Value = serde_json::from_str(metadata["ipfix-inspect.sources"].as_str().expect("text")).expect("JSON");
        assert_eq!(sources, serde_json::json!([capture("softflowd-v9.pcap")]));
        let schema: Value = serde_json::from_str(metadata["ipfix-inspect.schema"].as_str().expect("text")).expect("JSON");
        assert_eq!(schema["schema"], "ipfix-inspect/flows/1");
        assert_eq!(
            schema["columns"][10],
            serde_json::json!({"name": "bytes", "kind": "u64", "unit": "octets", "elements": [1, 231, 85, 23]})
        );
        assert_eq!(schema["columns"][13]["elements"], serde_json::json!([8]));
    }
    // Readers skip row groups by these: the smallest and largest of all rows, and the nulls.
    assert_eq!(
        told["statistics"],
        serde_json::json!({"bytes": [true, 0], "src_mac": [false, 536], "exporter": ["203.0.113.2", "203.0.113.2"]})
    );
}

const TYPES: &str = r#"
import duckdb, json, sys
import pyarrow.ipc as ipc, pyarrow.parquet as pq, pyarrow.compute as pc
base = sys.argv[1]
file = pq.ParquetFile(base + ".parquet")
table, arrow = file.read(), ipc.open_file(base + ".arrow").read_all()
ns = pq.read_table(base + "-ns.parquet")
text = lambda metadata: {k.decode(): v.decode() for k, v in metadata.items() if k.startswith(b"ipfix")}
group = file.metadata.row_group(0)
stat = {group.column(i).path_in_schema: group.column(i).statistics for i in range(group.num_columns)}
bounds = pc.min_max(table["bytes"]).as_py()
print(json.dumps({
    "duckdb": [str(t) for t in duckdb.sql(f"select * from '{base}.parquet'").types],
    "parquet": [str(t) for t in table.schema.types],
    "arrow": [str(t) for t in arrow.schema.types],
    "nanoseconds": [str(ns.schema.field("flow_start").type), str(ns.schema.field("src_addr").type)],
    "exporter": ns["exporter"][0].as_py().hex(),
    "parquet_metadata": text(table.schema.metadata or file.metadata.metadata),
    "arrow_metadata": text(arrow.schema.metadata),
    "statistics": {
        "bytes": [(stat["bytes"].min, stat["bytes"].max) == (bounds["min"], bounds["max"]), stat["bytes"].null_count],
        "src_mac": [stat["src_mac"].has_min_max, stat["src_mac"].null_count],
        "exporter": [stat["exporter"].min, stat["exporter"].max],
    },
}))
"#;

/// A generated capture of a million flows, where the generator is at hand: several row groups, dictionaries and deltas of real sizes.
#[test]
fn the_sums_that_the_generator_printed() {
    let Some(python) = python("the_sums_that_the_generator_printed") else { return };
    let generator = root().ancestors().map(|a| a.join("shared/bench/ndegen/src/main.rs")).find(|p| p.is_file());
    let Some(generator) = generator else { return note("SKIPPED the_sums_that_the_generator_printed: no generator beside the checkout") };
    let folder = scratch();
    let (ndegen, input) = (folder.path().join("ndegen"), text(&folder.path().join("mix.pcap")));
    let built = Command::new("rustc").args(["--edition", "2021", "-O", "-o"]).arg(&ndegen).arg(&generator).output();
    if !built.is_ok_and(|b| b.status.success()) {
        return note("SKIPPED the_sums_that_the_generator_printed: rustc can't build the generator");
    }
    let printed = stdout(&Command::new(&ndegen).args(["mix", "1000000", &input]).output().expect("ndegen runs"));
    let printed: Vec<u64> = printed.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let base = text(&folder.path().join("x"));
    for form in ["parquet", "arrow", "csv"] {
        export(&[&input, "-o", &format!("{base}.{form}"), "--columns", COMPARED]);
    }
    let told = &answer(&python, SUMS, &[&base])[0];
    for form in ["parquet", "arrow", "csv"] {
        assert_eq!(told[form], Value::from(printed[..3].to_vec()), "{form}");
    }
    assert_eq!(told["different_rows"], 0);
}

/// A stream into pyarrow, and through it into DuckDB; without a first pass all canonical columns are there.
#[test]
fn a_pipe_into_pyarrow() {
    let Some(python) = python("a_pipe_into_pyarrow") else { return };
    let script = r#"
import duckdb, json, sys
import pyarrow as pa
flows = pa.ipc.open_stream(sys.stdin.buffer).read_all()
print(json.dumps([flows.num_columns, duckdb.sql("select count(*), sum(bytes)::ubigint, count(distinct exporter) from flows").fetchall()]))
"#;
    for (input, columns) in [(capture("softflowd-v9.pcap"), None), ("-".to_owned(), Some(47))] {
        let file = fs::File::open(capture("softflowd-v9.pcap")).expect("it can be opened");
        let mut ours = program(&["export", &input, "-o", "-", "--format", "arrow"]);
        let mut ours = ours.stdin(file).stdout(Stdio::piped()).spawn().expect("the program starts");
        let pipe = ours.stdout.take().expect("a pipe was asked for");
        let theirs = Command::new(&python).args(["-c", script]).stdin(pipe).output().expect("python starts");
        assert_eq!(ours.wait().expect("the program ends").code(), Some(0));
        assert!(theirs.status.success(), "{}", stderr(&theirs));
        let told: Value = serde_json::from_slice(&theirs.stdout).expect("JSON");
        assert_eq!(told[1], serde_json::json!([[536, 22_661_326, 1]]));
        if let Some(columns) = columns {
            // A regular file on standard input can't be known to be read twice.
            assert_eq!(told[0], columns);
        }
    }
}

#[test]
fn compressed_text_is_read_whole() {
    let folder = scratch();
    let plain = text(&folder.path().join("x.csv"));
    export(&[&capture("softflowd-v9.pcap"), "-o", &plain]);
    let plain = fs::read(plain).expect("it is there");
    for (name, tool) in [("x.csv.gz", "gzip"), ("x.csv.zst", "zstd")] {
        let file = text(&folder.path().join(name));
        export(&[&capture("softflowd-v9.pcap"), "-o", &file]);
        match Command::new(tool).args(["-dc", &file]).output() {
            Ok(output) => assert_eq!(output.stdout, plain, "{name}"),
            Err(_) => note(&format!("SKIPPED a part of compressed_text_is_read_whole: {tool} is absent")),
        }
    }
}

/// Folders as Hive names them; the columns are in the names alone. What exporters send can't lead out of the folder.
#[test]
fn datasets() {
    let Some(python) = python("datasets") else { return };
    let folder = scratch();
    let set = text(&folder.path().join("set"));
    let inputs = [capture("softflowd-v9.pcap"), capture("fprobe-v5.pcap")];
    export(&[&inputs[0], &inputs[1], "-o", &set, "--partition-by", "date,exporter", "--rows-per-file", "100"]);
    let script = r#"
import duckdb, json, sys
import pyarrow.dataset as ds, pyarrow.parquet as pq, glob
files = glob.glob(sys.argv[1] + "/**/*.parquet", recursive=True)
all = f"read_parquet('{sys.argv[1]}/**/*.parquet', hive_partitioning=true)"
print(json.dumps({
    "rows": duckdb.sql(f"select count(*), sum(bytes)::ubigint, count(distinct exporter), count(distinct date) from {all}").fetchall()[0],
    "longest": max(pq.ParquetFile(f).metadata.num_rows for f in files),
    "inside": [c for c in ("exporter", "date", "flow_start") if c in pq.ParquetFile(files[0]).schema_arrow.names],
    "pyarrow": ds.dataset(sys.argv[1], partitioning="hive").count_rows(),
    "schemas": len({str(pq.ParquetFile(f).schema_arrow) for f in files}),
}))
"#;
    let told = answer(&python, script, &[&set]);
    assert_eq!(told["rows"][0], 536 + 327);
    assert_eq!(told["pyarrow"], 536 + 327);
    assert!(told["longest"].as_u64().expect("a number") <= 100, "{told}");
    assert_eq!(told["inside"], serde_json::json!(["flow_start"]));
    assert_eq!(told["schemas"], 1);
    assert_eq!(names(folder.path()), ["set"]);

    // The folder is kept, unless it is a dataset that is to be replaced.
    refused(&[&inputs[0], "-o", &set, "--rows-per-file", "100"], &["set", "--force"]);
    export(&[&inputs[0], "-o", &set, "--rows-per-file", "100", "--force"]);
    assert_eq!(names(Path::new(&set)).first().map(String::as_str), Some("part-00000.parquet"));
    fs::write(folder.path().join("set/notes.txt"), "mine").expect("it can be written");
    refused(&[&inputs[0], "-o", &set, "--rows-per-file", "100", "--force"], &["notes.txt"]);
    assert_eq!(names(folder.path()), ["set"]);
}

#[test]
fn hostile_values_in_names_of_folders() {
    let folder = scratch();
    let set = text(&folder.path().join("set"));
    // applicationName of 12 octets: "../../../x=%", a null byte and "ab", nothing.
    let records = "2e2e2f2e2e2f2e2e2f783d25  000061620000000000000000  000000000000000000000000";
    let message = build::ipfix_records(&[(0, 96, 12)], records);
    let output = run_with_input(
        &["export", "-", "-o", &set, "--format", "csv", "--partition-by", "application", "--columns", "nde_version"],
        &message,
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let names = names(Path::new(&set));
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.contains(&"application=..%2F..%2F..%2Fx%3D%25".to_owned()), "{names:?}");
    assert!(names.contains(&"application=__HIVE_DEFAULT_PARTITION__".to_owned()), "{names:?}");
    assert_eq!(self::names(folder.path()), ["set"]);
    let most = ["export", "-", "-o", "other", "--format", "csv", "--partition-by", "application", "--max-partitions", "2"];
    let output = program(&most).current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = output.expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(&message).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("more than 2 partitions"), "{}", stderr(&output));
    assert_eq!(self::names(folder.path()), ["set"]);
}

/// Filters and limits leave few rows of each batch: they are put together, and no row is lost or doubled.
#[test]
fn filters_limits_and_columns() {
    let Some(python) = python("filters_limits_and_columns") else { return };
    let folder = scratch();
    let base = text(&folder.path().join("x"));
    let input = capture("softflowd-v9.pcap");
    export(&[&input, "-o", &format!("{base}1.parquet"), "--filter", "proto udp and dst port 53"]);
    export(&[&input, "-o", &format!("{base}2.parquet"), "--limit", "100"]);
    export(&[&input, "-o", &format!("{base}3.parquet"), "--exclude", "bytes,IN_PKTS,received", "--columns", "canonical"]);
    export(&[&input, "-o", &format!("{base}4.parquet"), "--all-columns"]);
    export(&[&input, "-o", &format!("{base}5.parquet"), "--filter", "proto 255"]);
    let script = r#"
import json, sys
import pyarrow.parquet as pq
files = [pq.read_table(f"{sys.argv[1]}{n}.parquet") for n in range(1, 6)]
print(json.dumps([[t.num_rows for t in files], files[2].column_names, len(files[3].column_names), files[4].num_rows]))
"#;
    let told = answer(&python, script, &[&base]);
    let counted = run(&["flows", &input, "--filter", "proto udp and dst port 53", "--format", "csv", "--columns", "bytes"]);
    let wanted = stdout(&counted).lines().count() - 1;
    assert!(wanted > 0);
    assert_eq!(told[0], serde_json::json!([wanted, 100, 536, 536, 0]));
    let columns: Vec<&str> = told[1].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(columns.contains(&"flow_start") && !columns.contains(&"bytes") && !columns.contains(&"received"), "{columns:?}");
    assert!(told[2].as_u64().expect("a number") >= 48);
}

#[test]
fn what_can_not_be_written_is_said_before_the_work() {
    let folder = scratch();
    let input = capture("fprobe-v5.pcap");
    let there = text(&folder.path().join("there.parquet"));
    fs::write(&there, "mine").expect("it can be written");
    refused(&[&input, "-o", &there], &["there.parquet", "--force"]);
    assert_eq!(fs::read_to_string(&there).expect("it is there"), "mine");
    refused(&[&input, "-o", &text(&folder.path().join("no/x.parquet"))], &["no directory"]);
    refused(&[&input, "-o", "-", "--format", "parquet"], &["Parquet", "pipe", "--format arrow"]);
    refused(&[&input, "-o", "-"], &["--format"]);
    refused(&[&input, "-o", "x.txt"], &["x.txt", ".parquet"]);
    refused(&[&input, "-o", "x.parquet", "--columns", "scr_addr"], &["scr_addr", "src_addr"]);
    refused(&[&input, "-o", "x.parquet", "--exclude", "byts"], &["--exclude", "byts", "bytes"]);
    refused(&[&input, "-o", "x", "--partition-by", "exportr"], &["--partition-by", "exportr", "exporter"]);
    refused(&[&input, "-o", "x.csv.gz", "--compression", "zstd"], &["--compression"]);
    refused(&[&input, "-o", "x.csv", "--compression", "snappy"], &["--compression"]);
    refused(&[&input, "-o", "x.arrow", "--compression", "gzip"], &["zstd or lz4"]);
    refused(&[&input, "-o", "x.parquet", "--names"], &["--names"]);
    refused(&[&input, "-o", "-", "--format", "csv", "--rows-per-file", "5"], &["folder"]);
    refused(&[&input, "-o", "x.parquet", "--columns", "bytes", "--exclude", "bytes"], &["no column"]);
    if cfg!(target_os = "linux") {
        refused(&[&input, "-o", "/dev/full", "--format", "csv"], &["/dev/full", "No space left"]);
        refused(&[&input, "-o", "/dev/full", "--format", "parquet"], &["/dev/full", "No space left"]);
    }
    assert_eq!(names(folder.path()), ["there.parquet"]);
}

/// ^C in the middle: nothing stays, neither a file nor a folder, and the exit status says so.
#[cfg(unix)]
#[test]
fn an_interrupted_export_leaves_nothing() {
    let folder = scratch();
    for (name, more) in [("x.parquet", &[][..]), ("x.csv", &[]), ("set", &["--partition-by", "exporter"])] {
        let target = text(&folder.path().join(name));
        let args = [&["export", "-", "-o", &target][..], more].concat();
        let mut child = program(&args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("a pipe was asked for");
        // More than a pipe holds: when it is written, the program has read of it.
        let capture = fs::read(testdata("softflowd-v9.pcap")).expect("it can be read");
        let (head, packets) = capture.split_at(24);
        pipe.write_all(head).expect("the program reads");
        for _ in 0..12 {
            pipe.write_all(packets).expect("the program reads");
        }
        // Until its temporary output is there.
        let begun = Instant::now();
        while names(folder.path()).is_empty() && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(names(folder.path()).iter().all(|n| n.starts_with(".ipfix-inspect-")), "{:?}", names(folder.path()));
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        if !killed.is_ok_and(|status| status.success()) {
            let _ = child.kill();
            let _ = child.wait();
            return skip("an_interrupted_export_leaves_nothing", "kill");
        }
        let output = child.wait_with_output().expect("the program ends");
        drop(pipe);
        assert_eq!(output.status.code(), Some(130), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
        assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    }
}

/// What is damaged is left out and said; with --strict nothing is written.
#[test]
fn damage() {
    let folder = scratch();
    let target = text(&folder.path().join("x.parquet"));
    let input = capture("pmacct-v9-malformed-sets.pcap");
    let output = run(&["export", &input, "-o", &target, "--strict"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("--strict"));
    assert!(names(folder.path()).is_empty());
    let output = run(&["export", &input, "-o", &target]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("problems"));
    assert_eq!(names(folder.path()), ["x.parquet"]);
}

#[test]
fn options_that_a_form_has_no_use_for() {
    let folder = tempfile::tempdir().unwrap();
    let capture = testdata("softflowd-v9.pcap");
    let refused = |name: &str, more: &[&str], why: &str| {
        let path = folder.path().join(name);
        let output = run(&[&["export", capture.to_str().unwrap(), "-o", path.to_str().unwrap()], more].concat());
        assert_eq!((output.status.code(), stderr(&output)), (Some(2), format!("ipfix-inspect: {why}\n")), "{more:?}");
        assert!(!path.exists());
    };
    refused("a.csv", &["--addresses", "binary"], "--addresses: CSV and ndjson have addresses as text; this is for Parquet and Arrow");
    refused("a.ndjson.gz", &["--time-unit", "us"], "--time-unit: CSV and ndjson have times as text; this is for Parquet and Arrow");
    refused("a.parquet", &["--max-partitions", "3"], "--max-partitions: there are no partitions without --partition-by");
    refused("a", &["--max-partitions", "3", "--rows-per-file", "5"], "--max-partitions: there are no partitions without --partition-by");
}
