//! The log on standard error, and what keeps it short: a line for each exporter and cause at once, then no more than one a minute for it, and
//! no more than some in all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use tracing::Level;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::collector::{Problem, Severity};
use crate::report::escape;
use crate::time::Timestamp;

use super::log_lines::LogLines;

/// The same exporter and cause again, not before this.
const AGAIN: Duration = Duration::from_secs(60);
/// Lines in one stretch of [`STRETCH`].
const MOST_LINES: u32 = 20;
const STRETCH: Duration = Duration::from_secs(10);
/// Exporters and causes that are remembered; beyond it the memory begins anew.
const MOST_REMEMBERED: usize = 10_000;

/// The system's clock.
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Times as all else shows them.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, out: &mut Writer<'_>) -> std::fmt::Result {
        let millis = now().nanos() / 1_000_000 * 1_000_000;
        write!(out, "{}", Timestamp::from_nanos(millis))
    }
}

/// Begins to write the log to standard error; `quiet` leaves out what is no warning.
pub fn start_log(quiet: bool, color: bool) {
    let level = if quiet { Level::WARN } else { Level::INFO };
    // A second start changes nothing: tests in one process.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_ansi(color)
        .with_target(false)
        .with_timer(Clock)
        .try_init();
}

/// Begins to collect the log for whoever shows it in another place.
pub fn start_log_in(lines: &LogLines, quiet: bool) {
    let level = if quiet { Level::WARN } else { Level::INFO };
    // A second start changes nothing: tests in one process.
    let _ = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_max_level(level)
        .with_ansi(false)
        .with_level(false)
        .with_target(false)
        .without_time()
        .try_init();
}

/// Tells problems, not too often.
#[derive(Debug)]
pub struct ProblemLog {
    told: HashMap<(Option<IpAddr>, &'static str), (Instant, u64)>,
    stretch: Instant,
    lines: u32,
    left_out: u64,
}

impl Default for ProblemLog {
    fn default() -> Self {
        Self { told: HashMap::new(), stretch: Instant::now(), lines: 0, left_out: 0 }
    }
}

impl ProblemLog {
    /// Tells those that are new, and counts the others for their next line. `more` came beyond what could be told apart.
    pub fn tell(&mut self, problems: &[Problem], more: u64) {
        for line in self.lines(problems, more, Instant::now()) {
            match line {
                (Severity::Error, line) => tracing::error!("{line}"),
                (Severity::Warning, line) => tracing::warn!("{line}"),
                (Severity::Note, line) => tracing::info!("{line}"),
            }
        }
    }

    /// True if there is room for one more line about something else; it counts as one.
    pub fn has_room(&mut self) -> bool {
        let room = self.lines < MOST_LINES;
        if room {
            self.lines += 1;
        } else {
            self.left_out += 1;
        }
        room
    }

    fn lines(&mut self, problems: &[Problem], more: u64, now: Instant) -> Vec<(Severity, String)> {
        let mut out = Vec::new();
        if now.duration_since(self.stretch) >= STRETCH {
            if self.left_out > 0 {
                out.push((
                    Severity::Warning,
                    format!("{} more problems and silences were not told one by one; the summary counts all", self.left_out),
                ));
            }
            (self.stretch, self.lines, self.left_out) = (now, 0, 0);
        }
        self.left_out += more;
        if self.told.len() > MOST_REMEMBERED {
            self.told.clear();
        }
        for problem in problems {
            let key = (problem.first.exporter, problem.cause.code);
            if let Some((last, since)) = self.told.get_mut(&key)
                && now.duration_since(*last) < AGAIN
            {
                *since += problem.count;
                continue;
            }
            if self.lines >= MOST_LINES {
                self.left_out += problem.count;
                continue;
            }
            self.lines += 1;
            let (_, before) = self.told.insert(key, (now, 0)).unwrap_or((now, 0));
            out.push((problem.cause.severity, line(problem, before + problem.count)));
        }
        out
    }
}

fn line(problem: &Problem, count: u64) -> String {
    let who = problem.first.exporter.map_or_else(String::new, |addr| format!("{addr}: "));
    let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
    format!("{who}{}: {}{times}", problem.cause.code, escape(&problem.detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::{Cause, Place};
    use crate::datagram::Origin;

    fn problem(exporter: u32, count: u64) -> Problem {
        let first = Place { origin: Origin { file: 0, frame: 1 }, exporter: Some(IpAddr::V4(exporter.into())), domain: None, offset: None };
        let cause = Cause { code: "no-template", severity: Severity::Error, title: "t" };
        Problem { cause, count, first, detail: "Set 300\x1b[31m".into() }
    }

    #[test]
    fn once_a_minute_for_each_and_twenty_in_all() {
        let mut log = ProblemLog::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let texts = |lines: Vec<(Severity, String)>| lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>();
        assert_eq!(texts(log.lines(&[problem(1, 1)], 0, at(0))), ["0.0.0.1: no-template: Set 300\\x1b[31m"]);
        assert!(log.lines(&[problem(1, 5)], 0, at(30)).is_empty());
        assert_eq!(texts(log.lines(&[problem(1, 2)], 0, at(61))), ["0.0.0.1: no-template: Set 300\\x1b[31m (7 times)"]);
        let flood: Vec<Problem> = (100..400).map(|n| problem(n, 2)).collect();
        assert_eq!(log.lines(&flood, 1_000, at(80)).len(), 20);
        assert!(log.lines(&flood, 0, at(81)).is_empty());
        let after = texts(log.lines(&[], 0, at(91)));
        assert_eq!(after, ["2120 more problems and silences were not told one by one; the summary counts all"]);
        assert_eq!((0..30).filter(|_| log.has_room()).count(), 20);
    }
}
