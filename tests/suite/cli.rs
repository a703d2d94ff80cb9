//! Exit codes, streams, output files and the README's commands.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{PROGRAM, program, root, run, run_with_input, skip, stderr, stdout, testdata};

/// A folder of a test's own, taken away at the end.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn path(name: &str) -> String {
    testdata(name).to_string_lossy().into_owned()
}

/// Exit code 2, nothing on standard output, one line on standard error that has all these words.
fn refused(output: &Output, words: &[&str]) {
    let errors = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert_eq!(stdout(output), "", "something on standard output");
    assert_eq!(errors.trim_end().lines().count(), 1, "not one line: {errors:?}");
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in {errors:?}");
    }
}

#[test]
fn help_and_version() {
    for args in [&["--help"][..], &["flows", "--help"], &["templates", "--help"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(stdout(&output).contains("Usage:"), "{args:?}");
        assert_eq!(stderr(&output), "", "{args:?}");
    }
    assert!(stdout(&run(&["--help"])).contains("templates"));
    assert_eq!(stdout(&run(&["--version"])).trim(), concat!("ipfix-inspect ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn usage_errors_end_with_2() {
    for args in [&[][..], &["--no-such-option"], &["flows"], &["flows", "--format", "xml", "x.pcap"], &["--port", "high", "x.pcap"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
        assert_ne!(stderr(&output), "", "{args:?}");
    }
}

#[test]
fn overview_as_text() {
    let output = run(&[path("softflowd-v9.pcap")]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
    let text = stdout(&output);
    for word in ["203.0.113.2", "536", "v9"] {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "colours without a terminal");
}

#[test]
fn an_overview_fits_80_columns() {
    let output = program(&[path("mixed-one-address.pcap")]).env("COLUMNS", "80").output().expect("the program starts");
    let text = stdout(&output);
    // Paths are as long as they are; tables and sentences are not.
    let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 80 && !l.contains("testdata")).collect();
    assert!(long.is_empty(), "longer than 80 columns:\n{}", long.join("\n"));
}

#[test]
fn standard_input() {
    let octets = fs::read(testdata("softflowd-v9.pcap")).expect("the capture can be read");
    let columns = ["--columns", "received,exporter,template_id,flow_start,flow_end,src_addr,dst_addr,src_port,dst_port,bytes,packets"];
    let piped = run_with_input(&[&["flows", "-", "--format", "csv"][..], &columns].concat(), &octets);
    let named = run(&[&["flows", &path("softflowd-v9.pcap"), "--format", "csv"][..], &columns].concat());
    assert_eq!(piped.status.code(), Some(0), "{}", stderr(&piped));
    assert_eq!(stdout(&piped).lines().count(), 537);
    assert!(stdout(&piped) == stdout(&named), "the flows of a pipe differ from those of the file");
    // Which columns occur can't be known before the end of a pipe: without --columns it has all canonical ones.
    let all = run_with_input(&["flows", "-", "--format", "csv", "--limit", "1"], &octets);
    assert_eq!(stdout(&all).lines().next().map(|header| header.split(',').count()), Some(47));
}

#[test]
fn several_files_one_after_the_other() {
    let both = run(&["flows", &path("fprobe-v5.pcap"), &path("softflowd-v9.pcap"), "--format", "ndjson"]);
    assert_eq!(stdout(&both).lines().count(), 327 + 536);
    let limited = run(&["flows", &path("fprobe-v5.pcap"), &path("softflowd-v9.pcap"), "--format", "ndjson", "--limit", "330"]);
    assert_eq!(stdout(&limited).lines().count(), 330);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    for format in ["csv", "ndjson", "table"] {
        let file = path("mixed-one-address.pcap");
        // More than a pipe holds, so that the program is still writing when the reader leaves.
        let args = ["flows", file.as_str(), file.as_str(), file.as_str(), "--format", format];
        let mut child = program(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe was asked for"));
        let mut line = String::new();
        reader.read_line(&mut line).expect("a first line");
        drop(reader);
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(output.status.code(), Some(0), "{format}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{format}");
    }
}

#[test]
fn output_files_appear_whole_and_are_kept() {
    let folder = scratch();
    let target = folder.path().join("flows.csv");
    let target = target.to_string_lossy().into_owned();
    let args = ["flows", &path("fprobe-v5.pcap"), "--format", "csv", "-o", &target];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    assert_eq!(fs::read_to_string(&target).expect("the file is there").lines().count(), 328);

    fs::write(&target, "mine").expect("the file can be written");
    refused(&run(&args), &["flows.csv", "--force"]);
    assert_eq!(fs::read_to_string(&target).expect("the file is there"), "mine");

    let output = run(&[&args[..], &["--force"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&target).expect("the file is there").lines().count(), 328);
    assert_eq!(names(&folder), ["flows.csv"]);
}

#[test]
fn no_partial_file_where_the_input_fails() {
    let folder = scratch();
    let target = folder.path().join("flows.csv").to_string_lossy().into_owned();
    let missing = folder.path().join("absent.pcap").to_string_lossy().into_owned();
    refused(&run(&["flows", &missing, "--format", "csv", "-o", &target]), &["absent.pcap"]);
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));

    let nowhere = folder.path().join("no-such-folder/flows.csv").to_string_lossy().into_owned();
    refused(&run(&["flows", &path("fprobe-v5.pcap"), "--format", "csv", "-o", &nowhere]), &["no-such-folder"]);
}

fn names(folder: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).expect("the folder can be read");
    let mut names: Vec<String> = entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_is_no_capture_is_named() {
    let folder = scratch();
    let file = |name: &str, octets: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, octets).expect("the file can be written");
        path.to_string_lossy().into_owned()
    };
    refused(&run(&[file("empty.pcap", b"")]), &["empty.pcap", "empty"]);
    refused(&run(&[file("text.pcap", b"No.     Time  Source\n1 0.000 192.0.2.1\n")]), &["text.pcap"]);
    refused(&run(&[file("garbage.pcap", &[0xa7; 3000])]), &["garbage.pcap"]);
    refused(&run(&[file("zip.pcap", b"PK\x03\x04\x14\0\0\0\x08\0")]), &["zip.pcap", "ZIP"]);
    refused(&run(&[folder.path().to_string_lossy().into_owned()]), &["directory"]);
    refused(&run(&[folder.path().join("absent.pcap").to_string_lossy().into_owned()]), &["absent.pcap"]);
}

#[test]
fn a_good_file_beside_a_bad_one() {
    let folder = scratch();
    let missing = folder.path().join("absent.pcap").to_string_lossy().into_owned();
    let output = run(&[path("fprobe-v5.pcap"), missing]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output).trim_end().lines().count(), 1, "{}", stderr(&output));
}

#[test]
fn strict_makes_damage_fatal() {
    let sound = run(&["--strict", &path("fprobe-v5.pcap")]);
    assert_eq!(sound.status.code(), Some(0), "{}", stderr(&sound));
    let damaged = run(&["--strict", &path("pmacct-v9-malformed-sets.pcap")]);
    assert_eq!(damaged.status.code(), Some(1), "{}", stderr(&damaged));
    let lenient = run(&[path("pmacct-v9-malformed-sets.pcap")]);
    assert_eq!(lenient.status.code(), Some(0), "{}", stderr(&lenient));
}

#[test]
fn a_capture_cut_in_the_middle_gives_what_is_there() {
    let octets = fs::read(testdata("fprobe-v5.pcap")).expect("the capture can be read");
    // The last of the twelve datagrams, with 27 flows, is cut.
    let output = run_with_input(&["flows", "-", "--format", "ndjson"], &octets[..octets.len() - 100]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).lines().count() >= 300, "{}", stdout(&output).lines().count());
    assert_ne!(stderr(&output), "", "the cut is not mentioned");
}

#[test]
fn what_arrives_at_a_port_is_explained() {
    let output = run(&["--port", "2055", &path("not-nde-sflow.pcap")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for word in ["not NDE", "sFlow", "20"] {
        assert!(text.contains(word), "{word:?} is not in:\n{text}");
    }
}

#[test]
fn other_ports_are_left_out() {
    let output = run(&["flows", &path("softflowd-v9.pcap"), "--port", "9995", "--format", "ndjson"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    let output = run(&["flows", &path("softflowd-v9.pcap"), "--port", "9995,2055", "--format", "ndjson"]);
    assert_eq!(stdout(&output).lines().count(), 536);
}

#[test]
fn unknown_columns_are_named_with_a_suggestion() {
    let file = path("fprobe-v5.pcap");
    refused(&run(&["flows", &file, "--columns", "src_adr,bytes"]), &["src_adr", "src_addr"]);
    refused(&run(&["flows", &file, "--columns", "zzz"]), &["zzz"]);
}

#[test]
fn csv_as_the_rfc_says() {
    let output = run(&["flows", &path("pyipfix-varlen.pcap"), "--format", "csv", "--columns", "all"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let width = reader.headers().expect("a header").len();
    assert!(width > 15, "{width} columns");
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows of equal width");
    assert_eq!(rows.len(), 96);
    // Cells with commas and line breaks come back whole: the made-up flows have both.
    for mark in [",", "\n"] {
        assert!(rows.iter().flatten().any(|cell| cell.contains(mark)), "no cell with {mark:?}");
    }
}

#[test]
fn a_terminal_gets_no_control_characters() {
    for args in [&["templates"][..], &[]] {
        let output = run(&[args, &[&path("pyipfix-varlen.pcap")]].concat());
        assert!(!stdout(&output).contains('\x1b'), "{args:?}");
    }
    let output = run(&["flows", &path("pyipfix-varlen.pcap"), "--format", "table", "--columns", "all"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).chars().all(|c| c == '\n' || !c.is_control()), "control characters in the table");
}

/// ^C: 130, and neither the output file nor a part of it is left.
#[test]
#[cfg(unix)]
fn an_interrupt_ends_with_130() {
    let folder = scratch();
    let target = folder.path().join("flows.csv").to_string_lossy().into_owned();
    let octets = fs::read(testdata("fprobe-v5.pcap")).expect("the capture can be read");
    let mut command = program(&["flows", "-", "--format", "csv", "-o", &target]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe was asked for");
    pipe.write_all(&octets).expect("the program reads");
    // It waits for more, since the pipe stays open.
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().expect("the state can be asked").is_none(), "ended before the interrupt");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    if !sent.is_ok_and(|status| status.success()) {
        let _ = child.kill();
        return skip("an_interrupt_ends_with_130", "kill");
    }
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the state can be asked") {
            break status;
        }
        if since.elapsed() > Duration::from_secs(10) {
            let _ = child.kill();
            panic!("still running ten seconds after the interrupt");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    drop(pipe);
    let mut errors = String::new();
    let _ = child.stderr.take().map(|mut e| e.read_to_string(&mut errors));
    assert_eq!(status.code(), Some(130), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    let left = names(&folder);
    assert!(left.iter().all(|name| name == "flows.csv"), "left over: {left:?}");
}

/// The commands of the README, as they stand there: `ipfix-inspect …` in blocks of `sh`, `bash`, `console` or without a language, run in a
/// folder that has `testdata/` and a capture under every name of a `.pcap` or `.pcapng` that the command speaks of.
#[test]
fn the_readme_tells_the_truth() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md is there");
    let folder = scratch();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).expect("a folder");
    link(&PathBuf::from(PROGRAM), &bin.join("ipfix-inspect"));
    link(&root().join("testdata"), &folder.path().join("testdata"));
    let path_variable =
        std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())));
    let path_variable = path_variable.expect("a PATH");
    let commands = commands(&readme);
    assert!(commands.len() >= 3, "only {} commands of the program in README.md", commands.len());
    for command in commands {
        for word in command.split_whitespace().filter(|w| w.ends_with(".pcap") || w.ends_with(".pcapng")) {
            let file = folder.path().join(word);
            if !file.exists() && !word.contains('/') && !word.contains('*') {
                fs::copy(testdata("softflowd-v9.pcap"), file).expect("a copy");
            }
        }
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .env("PATH", &path_variable)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .expect("sh starts");
        assert_eq!(output.status.code(), Some(0), "{command}: {}", stderr(&output));
    }
}

/// The program's own commands in the README's code blocks; those of cargo, git and the system are for the reader.
fn commands(readme: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut language = None;
    let mut continued = String::new();
    for line in readme.lines() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            language = if language.is_some() { None } else { Some(fence.trim().to_owned()) };
            continue;
        }
        if !language.as_deref().is_some_and(|l| ["sh", "bash", "console", ""].contains(&l)) {
            continue;
        }
        let line = line.trim().trim_start_matches("$ ");
        match line.strip_suffix('\\') {
            Some(begun) => continued.push_str(begun),
            None => {
                let whole = std::mem::take(&mut continued) + line;
                // `cargo run` with its options up to `--` is the program that is already built.
                let whole = match whole.strip_prefix("cargo run").and_then(|rest| rest.split_once(" -- ")) {
                    Some((_, arguments)) => format!("ipfix-inspect {arguments}"),
                    None => whole.replace("target/release/ipfix-inspect", "ipfix-inspect").trim_start_matches("./").to_owned(),
                };
                if whole.split_whitespace().any(|word| word == "ipfix-inspect") && !whole.starts_with("cargo") && !whole.starts_with('#') {
                    commands.push(whole);
                }
            }
        }
    }
    commands
}

#[test]
fn commands_are_found_in_a_readme() {
    let text = "```sh\ncargo run --release -- testdata/a.pcap\ncargo test --release\n```\ntext\n```console\n$ ipfix-inspect flows a.pcap \\\n    --limit 1\nno command\n```\n```rust\nipfix-inspect b\n```\n";
    assert_eq!(commands(text), ["ipfix-inspect testdata/a.pcap", "ipfix-inspect flows a.pcap --limit 1"]);
}

#[cfg(unix)]
fn link(from: &std::path::Path, to: &std::path::Path) {
    std::os::unix::fs::symlink(from, to).expect("a link");
}

#[cfg(not(unix))]
fn link(from: &std::path::Path, to: &std::path::Path) {
    if from.is_dir() {
        fs::create_dir(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            link(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to.with_extension(from.extension().unwrap_or_default())).expect("a copy");
    }
}
