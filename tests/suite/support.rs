//! What the tests share: running the program, reading tables and JSON, comparing flows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ipfix_inspect::input::{Input, InputOptions};
use serde_json::Value;

/// One row of a table: the cells by their column's name.
pub(crate) type Row = BTreeMap<String, String>;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ipfix-inspect");

/// The checkout.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of `testdata/`.
pub(crate) fn testdata(name: &str) -> PathBuf {
    root().join("testdata").join(name)
}

/// The larger collection of captures, where one is at hand: it is no part of the repository.
pub(crate) fn corpus() -> Option<PathBuf> {
    std::env::var_os("IPFIX_INSPECT_CORPUS").filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// The same for a test that is nothing without it: it says so.
pub(crate) fn corpus_for(test: &str) -> Option<PathBuf> {
    let found = corpus();
    if found.is_none() {
        note(&format!("SKIPPED {test}: IPFIX_INSPECT_CORPUS is not set"));
    }
    found
}

/// True on the build server: what is absent there is a failure, not a reason to skip.
pub(crate) fn on_ci() -> bool {
    std::env::var_os("CI").is_some_and(|v| v == "true" || v == "1")
}

/// Writes a line that is seen in a passing test too: the harness holds back only what the print macros write.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Says why a test does nothing; on the build server it fails instead.
pub(crate) fn skip(test: &str, missing: &str) {
    assert!(!on_ci(), "{test} needs {missing}, which is absent");
    note(&format!("SKIPPED {test}: {missing} is absent"));
}

/// The program with arguments, no terminal, no colours.
pub(crate) fn program<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    program(args).output().expect("the program starts")
}

/// Runs the program with octets on standard input.
pub(crate) fn run_with_input<S: AsRef<std::ffi::OsStr>>(args: &[S], input: &[u8]) -> Output {
    let mut child = program(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe was asked for");
    let octets = input.to_vec();
    // The program may stop reading before the end: a broken pipe is no fault of the test.
    let writer = std::thread::spawn(move || drop(pipe.write_all(&octets)));
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8")
}

/// The overview of one file as JSON.
pub(crate) fn overview(file: &Path) -> Result<Value, String> {
    json(&["--format".as_ref(), "json".as_ref(), file.as_os_str()], "ipfix-inspect/overview/1")
}

/// The templates of one file as JSON.
pub(crate) fn templates(file: &Path) -> Result<Vec<Value>, String> {
    let value = json(&["templates".as_ref(), file.as_os_str(), "--format".as_ref(), "json".as_ref()], "ipfix-inspect/templates/1")?;
    value["templates"].as_array().cloned().ok_or_else(|| "no array 'templates'".to_owned())
}

fn json(args: &[&std::ffi::OsStr], schema: &str) -> Result<Value, String> {
    let output = run(args);
    if output.status.code() != Some(0) {
        return Err(format!("ended with {}: {}", output.status, stderr(&output).trim()));
    }
    let value: Value = serde_json::from_slice(&output.stdout).map_err(|e| format!("no JSON: {e}"))?;
    if value["schema"] == schema { Ok(value) } else { Err(format!("schema is {}, not {schema}", value["schema"])) }
}

/// The flows of one file, one object each, with the columns that are asked for.
pub(crate) fn flows(file: &Path, columns: &str) -> Result<Vec<Value>, String> {
    let output = run(&["flows".as_ref(), file.as_os_str(), "--format".as_ref(), "ndjson".as_ref(), "--columns".as_ref(), columns.as_ref()]);
    if output.status.code() != Some(0) {
        return Err(format!("flows ended with {}: {}", output.status, stderr(&output).trim()));
    }
    stdout(&output).lines().map(|line| serde_json::from_str(line).map_err(|e| format!("no JSON: {e}: {line}"))).collect()
}

/// Rows of a tab-separated table with a header.
pub(crate) fn tsv(file: &Path) -> Vec<Row> {
    read_table(file, b'\t', None, false)
}

/// Rows of a comma-separated table with a header; lines that begin with `#` are left out.
pub(crate) fn csv(file: &Path) -> Vec<Row> {
    read_table(file, b',', Some(b'#'), true)
}

fn read_table(file: &Path, delimiter: u8, comment: Option<u8>, quoting: bool) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .comment(comment)
        .quoting(quoting)
        .from_path(file)
        .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    reader.deserialize().map(|row| row.unwrap_or_else(|e| panic!("{}: {e}", file.display()))).collect()
}

/// A value as a cell: empty for null, text without its quotes.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A time with its fraction cut after the milliseconds: `2026-11-22T20:49:11.126Z`.
pub(crate) fn to_millis(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{:0<3.3}Z", fraction.trim_end_matches('Z')),
        None => time.to_owned(),
    }
}

/// Nanoseconds since 1970 of an ISO 8601 time in UTC.
pub(crate) fn nanos(time: &str) -> Option<i128> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i128>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<i128>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    // Days before the month in a common year; the leap days are counted apart.
    const BEFORE: [i128; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let past = if month > 2 { year } else { year - 1 };
    let leap_days = (past / 4 - past / 100 + past / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let days = (year - 1970) * 365 + leap_days + BEFORE.get(usize::try_from(month - 1).ok()?)? + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + fraction)
}

/// Gathers differences, so that one run shows them all.
#[derive(Default)]
pub(crate) struct Differences {
    found: Vec<String>,
    compared: usize,
}

impl Differences {
    /// Notes two values that should be equal.
    pub(crate) fn equal(&mut self, what: &str, ours: &str, theirs: &str) {
        self.compared += 1;
        if ours != theirs {
            self.found.push(format!("{what}: ours {ours:?}, expected {theirs:?}"));
        }
    }

    /// Notes something that should hold.
    pub(crate) fn holds(&mut self, what: &str, condition: bool) {
        self.compared += 1;
        if !condition {
            self.found.push(what.to_owned());
        }
    }

    /// Notes a failure.
    pub(crate) fn fail(&mut self, what: String) {
        self.compared += 1;
        self.found.push(what);
    }

    /// Ends the test: at least so many things were compared, and none differed.
    pub(crate) fn finish(self, at_least: usize) {
        let mut text = String::new();
        for line in self.found.iter().take(60) {
            let _ = writeln!(text, "  {line}");
        }
        assert!(self.found.is_empty(), "{} differences:\n{text}", self.found.len());
        assert!(self.compared >= at_least, "only {} comparisons, {at_least} were expected: is something skipped?", self.compared);
    }
}

#[test]
fn times_are_read_right() {
    assert_eq!(nanos("1970-01-01T00:00:00.000Z"), Some(0));
    assert_eq!(nanos("2000-02-29T00:00:00.123456789Z"), Some(951_782_400_123_456_789));
    assert_eq!(nanos("2023-11-14T22:13:20Z"), Some(1_700_000_000_000_000_000));
    assert_eq!(to_millis("2023-11-14T22:13:20.000999Z"), "2023-11-14T22:13:20.000Z");
}

/// Flows that a flow file gives; `None` where it is refused.
pub(crate) fn stored(octets: &[u8]) -> Option<u64> {
    let mut input = Input::from_reader("damaged", Box::new(Cursor::new(octets.to_vec())), 0, &InputOptions::default()).ok()?;
    let mut rows = 0;
    while let Some(batch) = input.next_batch().ok()? {
        for run in &batch.stored {
            let end = run.start as usize + run.length as usize;
            assert!(end <= batch.buffers[run.buffer as usize].len(), "a run goes beyond its buffer");
            rows += u64::from(run.rows);
        }
    }
    assert_eq!(rows, input.report().stored, "the report counts other flows");
    Some(rows)
}
