//! What whole jobs of the program cost, as a user runs them: `cargo bench --bench jobs`, or with a capture of one's own,
//! `IPFIX_INSPECT_BENCH=capture.pcap cargo bench --bench jobs`. Medians of five, taken in turn; peak memory from `/proc`, where there is one.
//!
//! `IPFIX_INSPECT_YARDSTICK=program` is run with the capture as its argument in every round as well; its time is then the unit, else the
//! overview's is.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ipfix-inspect");
const ROUNDS: usize = 5;

/// The ten columns of nfdump's short CSV.
const TEN: &str = "flow_start,flow_end,duration_ms,src_addr,dst_addr,src_port,dst_port,protocol,packets,bytes";

struct Job {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    /// Removed before every run.
    output: Option<PathBuf>,
    seconds: Vec<f64>,
    peak: u64,
}

fn main() {
    // `cargo test --benches` only wants to see that it builds.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder for outputs");
    let capture = match std::env::var_os("IPFIX_INSPECT_BENCH") {
        Some(path) => PathBuf::from(path),
        None => {
            let path = folder.path().join("bench.pcap");
            std::fs::write(&path, support::capture()).expect("room for a capture");
            path
        }
    };
    let mut jobs = jobs(&capture, folder.path());
    if let Some(yardstick) = std::env::var_os("IPFIX_INSPECT_YARDSTICK") {
        jobs.insert(0, Job { program: yardstick.into(), ..job("yardstick", &capture, &[], None) });
    }
    for _ in 0..ROUNDS {
        jobs.iter_mut().for_each(Job::run);
    }
    let unit = jobs.first().map_or(1.0, Job::median);
    println!("{:<52} {:>8} {:>8} {:>8}", "job", "seconds", "times", "peak MB");
    for job in &jobs {
        let median = job.median();
        println!("{:<52} {:>8.2} {:>8.1} {:>8}", job.name, median, median / unit, job.peak / 1_000_000);
    }
}

fn jobs(capture: &Path, folder: &Path) -> Vec<Job> {
    let file = |name: &str| Some(folder.join(name));
    vec![
        job("overview", capture, &[], None),
        job("audit", capture, &["audit", "--fail-on", "never"], None),
        job("summary --by src_addr --top 10", capture, &["summary", "--by", "src_addr", "--top", "10"], None),
        job("summary", capture, &["summary"], None),
        job("export -o x.parquet", capture, &["export"], file("x.parquet")),
        job("export -o x.csv, ten columns", capture, &["export", "--columns", TEN], file("ten.csv")),
        job("export -o x.csv, all canonical columns that occur", capture, &["export", "--columns", "canonical"], file("all.csv")),
        job(
            "flows --filter 'dst port 53 and bytes > 1M' as CSV",
            capture,
            &["flows", "--filter", "dst port 53 and bytes > 1M", "--format", "csv"],
            None,
        ),
        job("conversations as CSV", capture, &["conversations", "--format", "csv"], file("conversations.csv")),
    ]
}

fn job(name: &'static str, capture: &Path, arguments: &[&str], output: Option<PathBuf>) -> Job {
    let mut arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
    arguments.push(capture.display().to_string());
    if let Some(output) = &output {
        arguments.extend(["-o".to_owned(), output.display().to_string()]);
    }
    Job { name, program: PROGRAM.into(), arguments, output, seconds: Vec::new(), peak: 0 }
}

impl Job {
    fn run(&mut self) {
        if let Some(output) = &self.output {
            let _ = std::fs::remove_file(output);
        }
        let start = Instant::now();
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let status = format!("/proc/{}/status", child.id());
        let ended = loop {
            if let Some(ended) = child.try_wait().expect("a child") {
                break ended;
            }
            self.peak = self.peak.max(peak(&status));
            std::thread::sleep(Duration::from_millis(5));
        };
        self.seconds.push(start.elapsed().as_secs_f64());
        assert!(ended.success(), "{}: ended with {ended}", self.name);
    }

    fn median(&self) -> f64 {
        let mut seconds = self.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// The largest resident memory so far, in octets.
fn peak(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
