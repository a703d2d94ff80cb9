//! Files of columns that lie: octets of Parquet and Arrow files, in every codec, become 0, 127, 128 or 255. What is read then are rows that
//! were there or none: never more, never a panic, never an end of the program, nothing that takes long or much memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ipfix_inspect::column::FlowBatch;
use ipfix_inspect::dataset::{Reading, Sources, StoredFile};
use ipfix_inspect::input::{InputOptions, Location};
use ipfix_inspect::plan::{Canonical, SchemaBuilder};

use crate::support::{PROGRAM, run, stderr, stdout, testdata};

const ROWS: usize = 60;
const VALUES: [u8; 4] = [0, 127, 128, 255];
const FORMS: [(&str, &str); 10] = [
    ("zstd.parquet", "zstd"),
    ("snappy.parquet", "snappy"),
    ("lz4.parquet", "lz4"),
    ("gzip.parquet", "gzip"),
    ("none.parquet", "none"),
    ("zstd.arrow", "zstd"),
    ("lz4.arrow", "lz4"),
    ("none.arrow", "none"),
    ("zstd.arrows", "zstd"),
    ("none.arrows", "none"),
];

/// A file of so many flows with all canonical columns.
fn made(folder: &Path, name: &str, compression: &str) -> PathBuf {
    let path = folder.join(name);
    let (capture, rows) = (testdata("fprobe-v5.pcap").display().to_string(), ROWS.to_string());
    let out = path.display().to_string();
    let args = ["export", "-q", "--force", &capture, "--limit", &rows, "--columns", "canonical", "--compression", compression, "-o", &out];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    path
}

/// Reads all rows as the program does, on this thread: how many there were, and how many were told.
fn read(path: &Path) -> Result<(usize, u64), String> {
    let location = Location::Path(path.to_owned());
    let options = InputOptions::default();
    let file = StoredFile::recognise(&location, &options, &Arc::default()).map_err(|e| e.to_string())?.ok_or("no table")?;
    let mut schema = SchemaBuilder::default();
    Canonical::ALL.iter().for_each(|column| {
        schema.canonical(*column);
    });
    let schema = Arc::new(schema.build());
    let sources = Arc::new(Sources::new(0, 0));
    let reading =
        Reading { file: 0, schema: Arc::clone(&schema), batch_rows: 8_192, batch_cells: 1 << 20, sources, options: &options, scale: false };
    let mut rows = 0;
    let (report, _, ended) = file.read(&reading, &mut |work| {
        let mut batch = FlowBatch::new(Arc::clone(&schema));
        work.decode(&mut batch);
        rows += batch.rows();
        true
    });
    ended.map_err(|e| e.to_string()).map(|()| (rows, report.stored))
}

/// Sets octets one at a time: every eleventh, to the values in turn.
fn damaged(whole: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..whole.len()).step_by(11).filter_map(move |at| {
        let mut octets = whole.to_vec();
        let place = octets.get_mut(at)?;
        *place = VALUES[at / 11 % VALUES.len()];
        (octets != whole).then_some((at, octets))
    })
}

#[test]
fn every_form_with_octets_that_lie() {
    let folder = tempfile::tempdir().unwrap();
    let mut read_all = 0;
    for (name, compression) in FORMS {
        let path = made(folder.path(), name, compression);
        assert_eq!(read(&path), Ok((ROWS, ROWS as u64)), "{name}");
        let whole = fs::read(&path).unwrap();
        let began = Instant::now();
        let (mut tried, mut slowest) = (0u32, Duration::ZERO);
        for (at, octets) in damaged(&whole) {
            fs::write(&path, octets).unwrap();
            let start = Instant::now();
            if let Ok((rows, told)) = read(&path) {
                assert!(rows <= ROWS, "{name}: {rows} rows with octet {at}");
                assert!(told <= 10_000, "{name}: {told} rows are told with octet {at}");
                read_all += usize::from(rows == ROWS);
            }
            let took = start.elapsed();
            assert!(took < Duration::from_secs(5), "{name}: {took:?} with octet {at}");
            (tried, slowest) = (tried + 1, slowest.max(took));
        }
        println!("{name}: {tried} in {:?}, the slowest in {slowest:?}", began.elapsed());
        assert!(tried > 600, "{name}: only {tried}");
    }
    // Most octets are values, which nobody can tell to be wrong.
    assert!(read_all > 1_000, "{read_all}");
}

/// The program with so much address space and time as is plenty.
#[cfg(target_os = "linux")]
fn bounded(args: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 3000000; exec timeout 20 \"$0\" \"$@\"", PROGRAM]).args(args).env("NO_COLOR", "1");
    command.output().expect("sh starts")
}

/// Sets one stretch of octets to another of the same length wherever it stands.
#[cfg(target_os = "linux")]
fn set(octets: &mut [u8], from: &[u8], to: &[u8]) {
    let places: Vec<usize> = octets.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(at, _)| at).collect();
    places.into_iter().for_each(|at| octets[at..at + to.len()].copy_from_slice(to));
}

/// Has the footer of a Parquet file tell another number of rows: of the row group alone, or of all that tells one.
#[cfg(target_os = "linux")]
fn tell_rows(octets: &mut Vec<u8>, rows: u64, all: bool) {
    // A 64-bit field one behind the last, in zigzag and in groups of 7 bits.
    let told = |rows: u64| {
        let (mut out, mut rest) = (vec![0x16], rows << 1);
        while rest > 127 {
            out.push((rest & 127) as u8 | 128);
            rest >>= 7;
        }
        out.push(rest as u8);
        out
    };
    let end = octets.len() - 8;
    let start = end - u32::from_le_bytes(octets[end..end + 4].try_into().unwrap()) as usize;
    let old = told(ROWS as u64);
    let mut places: Vec<usize> = (start..end - old.len()).filter(|at| octets[*at..].starts_with(&old)).collect();
    assert!(places.len() > 20, "a number for each column: {}", places.len());
    if !all {
        places.drain(..places.len() - 1);
    }
    for at in places.into_iter().rev() {
        octets.splice(at..at + old.len(), told(rows));
    }
    let end = octets.len() - 8;
    let length = u32::try_from(end - start).unwrap();
    octets[end..end + 4].copy_from_slice(&length.to_le_bytes());
}

/// A file that was made and edited.
#[cfg(target_os = "linux")]
fn edited(folder: &Path, name: &str, compression: &str, edit: impl Fn(&mut Vec<u8>)) -> String {
    let path = made(folder, name, compression);
    let mut octets = fs::read(&path).unwrap();
    let before = octets.clone();
    edit(&mut octets);
    assert_ne!(octets, before, "{name}: there is nothing to set");
    fs::write(&path, octets).unwrap();
    path.display().to_string()
}

/// What the overview tells of a file: its only problem, and the rows that are announced.
#[cfg(target_os = "linux")]
fn only_problem(path: &str) -> (String, u64) {
    let output = bounded(&["--format", "json", path]);
    assert_eq!(output.status.code(), Some(0), "{path}: {}", stderr(&output));
    let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["problems"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found["problems"][0]["code"], "table-part");
    (found["problems"][0]["first"]["detail"].as_str().unwrap_or_default().to_owned(), found["totals"]["flows"].as_u64().unwrap())
}

/// Octets that unpack to 8 GiB, and numbers of rows that are too large by far.
#[cfg(target_os = "linux")]
#[test]
fn announced_octets_and_rows_are_not_taken_at_their_word() {
    let folder = tempfile::tempdir().unwrap();
    // Each packed buffer of 60 values of 8 octets.
    for (name, compression) in [("zstd.arrow", "zstd"), ("lz4.arrow", "lz4")] {
        let path = edited(folder.path(), name, compression, |octets| set(octets, &480u64.to_le_bytes(), &(1u64 << 33).to_le_bytes()));
        let (why, flows) = only_problem(&path);
        assert!(why.starts_with("rows 1 to 60: ") && why.ends_with(" octets can't unpack to 8589934592"), "{why}");
        assert_eq!(flows, 0);
    }
    // The rows of the batch, whose field nodes say 60: the first 60 of the file.
    for octet in [1, 127, 255] {
        let path = edited(folder.path(), "rows.arrow", "zstd", |octets| {
            let at = octets.windows(8).position(|w| w == 60u64.to_le_bytes()).unwrap();
            octets[at + 6] = octet;
        });
        let (why, _) = only_problem(&path);
        let rows = 60 + (u64::from(octet) << 48);
        assert_eq!(why, format!("record batch 1 at row 1: {rows} rows are announced, and 60 values of the first column"));
    }
    for rows in [1_000_000, 1_000_000_000_000] {
        let path = edited(folder.path(), "rows.parquet", "zstd", |octets| tell_rows(octets, rows, false));
        let (why, _) = only_problem(&path);
        assert_eq!(why, format!("row group 1 at row 1: {rows} rows are announced, and 60 values of received"));
        let output = bounded(&["query", &path, "SELECT COUNT(*) AS n FROM flows"]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(0), "n\n0\n".to_owned()));
        assert!(stderr(&output).contains("problems were found"), "{}", stderr(&output));
        // All numbers agree, and no page has that many.
        let path = edited(folder.path(), "all.parquet", "zstd", |octets| tell_rows(octets, rows, true));
        for command in [
            &["--format", "json"][..],
            &["flows", "-q", "--format", "csv"],
            &["summary", "-q"],
            &["export", "-q", "-o", "-", "--format", "csv"],
        ] {
            let output = bounded(&[command, &[&path]].concat());
            assert_eq!(output.status.code(), Some(0), "{command:?} {rows}: {}", stderr(&output));
            assert!(stdout(&output).lines().count() < 200, "{command:?}");
        }
    }
}

/// The SQL is well, and the file is not.
#[cfg(target_os = "linux")]
#[test]
fn a_query_blames_the_file_that_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    // No page can be unpacked: that shows when the engine comes to it.
    let path = edited(folder.path(), "pages.parquet", "zstd", |octets| set(octets, &[0x28, 0xb5, 0x2f, 0xfd], &[0; 4]));
    for sql in ["SELECT SUM(bytes) AS b FROM flows", "SELECT src_addr FROM flows WHERE bytes > (SELECT AVG(bytes) FROM flows)"] {
        let output = bounded(&["query", &path, sql]);
        assert_eq!(output.status.code(), Some(2), "{sql}");
        let told = stderr(&output);
        assert!(told.starts_with(&format!("ipfix-inspect: {path}: is a damaged or cut Parquet file: row group 1: ")), "{told}");
        assert!(!told.contains("SQL"), "{told}");
    }
    // A table that a user names is looked at before the engine gets it.
    let rows = edited(folder.path(), "rows.parquet", "zstd", |octets| tell_rows(octets, 1_000_000, false));
    let table = format!("mine={rows}");
    let output =
        bounded(&["query", "--table", &table, &testdata("fprobe-v5.pcap").display().to_string(), "SELECT COUNT(*) AS n FROM mine"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("rows.parquet: is a damaged or cut Parquet file: row group 1: 1000000 rows"), "{}", stderr(&output));
}
