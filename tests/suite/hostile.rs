//! Damaged input: every file of `testdata/` cut and with octets flipped, the larger collection too where it is at hand.
//!
//! Whatever comes in, the program ends by itself, with 0 or 2 and a line on standard error at most, and decodes no more than there is. Most versions
//! go through the library in this process, where a panic ends the test; some through the program.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipfix_inspect::collector::{Collector, CollectorOptions, OctetClass, Work};
use ipfix_inspect::column::FlowBatch;
use ipfix_inspect::datagram::DatagramBatch;
use ipfix_inspect::input::{Input, InputOptions};
use ipfix_inspect::plan::{Canonical, Schema, SchemaBuilder};
use serde_json::Value;

use crate::support::{corpus, note, run_with_input, stderr, testdata, tsv};

/// What a damaged input may do to what is decoded.
#[derive(Debug, Default)]
struct Summary {
    datagrams: u64,
    nde_datagrams: u64,
    flows: u64,
    options_records: u64,
}

/// How thoroughly a file is damaged.
struct Effort {
    /// Files up to so many octets are cut at each octet.
    each_octet: usize,
    /// Cuts of a larger file.
    cuts: usize,
    /// Versions with flipped octets.
    flips: u64,
}

/// xorshift64*: the same numbers on every machine and in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Calls `run` with every damaged version of some octets and holds its answer against what there is; returns how many versions there were.
fn damage<F: FnMut(&[u8]) -> Summary>(what: &str, octets: &[u8], effort: &Effort, mut run: F) -> usize {
    let stride = if octets.len() <= effort.each_octet { 1 } else { (octets.len() / effort.cuts.max(1)).max(1) };
    let mut versions = 0;
    for length in (0..octets.len()).step_by(stride) {
        versions += 1;
        plausible(&format!("{what} cut to {length}"), length, &run(&octets[..length]));
    }
    for seed in 1..=if octets.is_empty() { 0 } else { effort.flips } {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut flipped = octets.to_vec();
        // From one octet to one in two hundred, the container's headers and lengths among them.
        for _ in 0..=random.below(octets.len() / 200) {
            let at = random.below(octets.len());
            flipped[at] ^= 1 << random.below(8);
            if random.below(4) == 0 {
                flipped[at] = [0x00, 0xff, 0x7f, 0x80][random.below(4)];
            }
        }
        versions += 1;
        plausible(&format!("{what} with flips of seed {seed}"), flipped.len(), &run(&flipped));
    }
    versions
}

/// No more comes out than is in: a datagram has a header around it, a record one octet at least.
fn plausible(what: &str, length: usize, summary: &Summary) {
    let length = length as u64;
    assert!(summary.datagrams * 16 <= length, "{what}: {summary:?} of {length} octets");
    assert!(summary.nde_datagrams <= summary.datagrams, "{what}: {summary:?}");
    assert!(summary.flows + summary.options_records <= length, "{what}: {summary:?} of {length} octets");
}

/// The captures of `testdata/`, the small ones first.
fn captures() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = tsv(&testdata("MANIFEST.tsv")).iter().map(|row| testdata(&row["file"])).collect();
    files.sort_by_key(|file| std::fs::metadata(file).map(|m| m.len()).unwrap_or(0));
    files
}

/// The files of some folders of the larger collection that are small enough.
fn corpus_files(folders: &[&str], limit: u64) -> Vec<PathBuf> {
    let Some(corpus) = corpus() else { return Vec::new() };
    let mut files: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(corpus.join(folder)).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| std::fs::metadata(file).is_ok_and(|m| m.is_file() && m.len() <= limit))
        .collect();
    files.sort();
    files
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// All canonical columns, and elements of every type.
fn schema() -> Arc<Schema> {
    let mut builder = SchemaBuilder::default();
    for column in Canonical::ALL {
        builder.canonical(*column);
    }
    for element in [
        "octetDeltaCount",
        "applicationName",
        "interfaceName",
        "interfaceName_2",
        "mplsTopLabelStackSection",
        "dataLinkFrameSection",
        "observationTimeMicroseconds",
        "flowStartNanoseconds",
        "sourceIPv6Address",
        "sourceMacAddress",
        "dataRecordsReliability",
        "basicList",
        "subTemplateMultiList",
        "samplingProbability",
        "ie_513",
    ] {
        builder.named(element).expect("a column's name");
    }
    Arc::new(builder.build())
}

/// The datagrams of a capture; small chunks, so that frames are carried over from one to the next. `None` if it is no capture.
fn datagrams(octets: &[u8]) -> Option<Vec<DatagramBatch>> {
    let options = InputOptions { chunk_octets: 8 << 10, ..InputOptions::default() };
    let mut input = Input::from_reader("damaged", Box::new(Cursor::new(octets.to_vec())), 0, &options).ok()?;
    let mut batches = Vec::new();
    while let Ok(Some(batch)) = input.next_batch() {
        batches.push(batch);
    }
    let report = input.report();
    let handed_on: usize = batches.iter().map(|batch| batch.datagrams.len()).sum();
    assert_eq!(handed_on as u64, report.datagrams + report.tcp_messages, "datagrams do not add up");
    Some(batches)
}

/// Both passes over damaged input, every record decoded, and the collector's counts held against what was decoded.
fn through_the_library(octets: &[u8], schema: &Arc<Schema>) -> Summary {
    let Some(batches) = datagrams(octets) else {
        return Summary::default();
    };
    let mut collector = Collector::new(CollectorOptions::new(Arc::clone(schema)));
    batches.iter().for_each(|batch| collector.learn(batch));
    collector.rewind();
    collect(&mut collector, &batches)
}

fn collect(collector: &mut Collector, batches: &[DatagramBatch]) -> Summary {
    let mut rows = 0;
    let before = collector.census().flows();
    let mut decode = |work: Work| {
        let mut batch = FlowBatch::new(Arc::clone(work.schema()));
        work.decode(&mut batch);
        assert_eq!(batch.rows(), work.rows(), "rows of a batch");
        rows += batch.rows() as u64;
    };
    batches.iter().for_each(|batch| collector.collect(batch, &mut decode));
    collector.finish(&mut decode);
    let census = collector.census();
    assert_eq!(rows, census.flows() - before, "flows counted and flows decoded");
    assert!(census.data_sets_decoded + census.data_sets_without_template <= census.data_sets, "Data Sets do not add up");
    let octets = collector.octets();
    assert_eq!(OctetClass::ALL.iter().map(|c| octets.count(*c)).sum::<u64>(), octets.total(), "octets do not add up");
    Summary {
        datagrams: census.datagrams,
        nde_datagrams: census.nde_datagrams,
        flows: census.flows(),
        options_records: census.options_records(),
    }
}

#[test]
fn damaged_captures_through_the_library() {
    let schema = schema();
    let effort = Effort { each_octet: 10_000, cuts: 1_500, flips: 400 };
    let mut versions = 0;
    for file in captures() {
        let octets = std::fs::read(&file).expect("the capture can be read");
        versions += damage(&name(&file), &octets, &effort, |damaged| through_the_library(damaged, &schema));
    }
    assert!(versions > 44 * 1_500, "{versions} versions");
    // The corpus has damage of its own, in small files: these are cut at each octet.
    let effort = Effort { each_octet: 12_000, cuts: 300, flips: 100 };
    for file in corpus_files(&["linklayer", "synthetic", "containers", "flowlogs"], 60_000) {
        let octets = std::fs::read(&file).expect("the capture can be read");
        versions += damage(&name(&file), &octets, &effort, |damaged| through_the_library(damaged, &schema));
    }
    note(&format!("{versions} damaged captures"));
}

/// Damage upon damage for one collector, whose templates come from whatever was readable before, and which holds Sets for templates to come.
#[test]
fn a_collector_outlives_damaged_input() {
    let schema = schema();
    let effort = Effort { each_octet: 0, cuts: 20, flips: 20 };
    let options = CollectorOptions { hold: true, ..CollectorOptions::new(schema) };
    let mut collector = Collector::new(options);
    for file in captures() {
        let octets = std::fs::read(&file).expect("the capture can be read");
        damage(&name(&file), &octets, &effort, |damaged| {
            let before = (collector.census().datagrams, collector.census().nde_datagrams, collector.census().options_records());
            let total = match datagrams(damaged) {
                Some(batches) => collect(&mut collector, &batches),
                None => return Summary::default(),
            };
            Summary {
                datagrams: total.datagrams - before.0,
                nde_datagrams: total.nde_datagrams - before.1,
                // Held Sets of an earlier version may be decoded now: flows are not bounded by these octets.
                flows: 0,
                options_records: total.options_records.saturating_sub(before.2).min(damaged.len() as u64),
            }
        });
    }
    assert!(collector.census().flows() > 100_000, "{}", collector.census().flows());
}

/// Damaged input through the program itself, from standard input: how it ends, what it says, and that its figures add up.
fn through_the_program(octets: &[u8]) -> Summary {
    let output = run_with_input(&["-", "--format", "json"], octets);
    let errors = stderr(&output);
    match output.status.code() {
        Some(0) => {
            let overview: Value = serde_json::from_slice(&output.stdout).expect("the overview is JSON");
            let total = |name: &str| overview["totals"][name].as_u64().unwrap_or_else(|| panic!("no total {name}"));
            let summary = Summary {
                datagrams: total("datagrams"),
                nde_datagrams: total("nde_datagrams"),
                flows: total("flows"),
                options_records: total("options_records"),
            };
            let by_exporter: u64 = overview["exporters"].as_array().into_iter().flatten().filter_map(|e| e["flows"].as_u64()).sum();
            assert_eq!(by_exporter, summary.flows, "flows by exporter do not add up to the total");
            summary
        }
        Some(2) => {
            assert_eq!(errors.lines().count(), 1, "not one line: {errors:?}");
            Summary::default()
        }
        other => panic!("ended with {other:?}, {} octets: {errors}", octets.len()),
    }
}

#[test]
fn damaged_captures_through_the_program() {
    let effort = Effort { each_octet: 0, cuts: 4, flips: 3 };
    let mut versions = 0;
    for file in captures() {
        let octets = std::fs::read(&file).expect("the capture can be read");
        versions += damage(&name(&file), &octets, &effort, through_the_program);
    }
    assert!(versions >= 44 * 7, "{versions} versions");
    for file in corpus_files(&["linklayer", "synthetic", "containers", "flowlogs"], 60_000) {
        let octets = std::fs::read(&file).expect("the capture can be read");
        versions += damage(&name(&file), &octets, &effort, through_the_program);
    }
    note(&format!("{versions} damaged captures"));
}

/// The first capture header of all, and every length of it.
#[test]
fn a_header_cut_at_each_octet() {
    let octets = std::fs::read(testdata("softflowd-ipfix-proto-level.pcap")).expect("the capture can be read");
    let effort = Effort { each_octet: 200, cuts: 0, flips: 0 };
    assert_eq!(damage("head of softflowd-ipfix-proto-level.pcap", &octets[..120], &effort, through_the_program), 120);
    let octets = std::fs::read(testdata("softflowd-ipfix-over-ipv6.pcapng")).expect("the capture can be read");
    assert_eq!(damage("head of softflowd-ipfix-over-ipv6.pcapng", &octets[..200], &effort, through_the_program), 200);
}
