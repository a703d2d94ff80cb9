//! What a live run knows at one moment: the counts of ports, exporters, problems and of all that is done beside decoding. Everything that
//! shows a live run reads this and nothing else.

use std::sync::Arc;

use crate::audit::{LayoutAudit, Outcome, Profile, Traffic};
use crate::collector::Collector;
use crate::datagram::known;
use crate::time::Timestamp;

use super::overview::{ExporterLine, ProblemLine, exporter_line, problem_lines};
use super::talkers::Talker;

/// Exporters that are looked at closely: those with the most flows. A flood of forged ones must not slow the run.
const MOST_EXPORTERS: usize = 100;
/// Ids of Data Sets without a template that are named, for each exporter.
const MOST_UNCOVERED: usize = 20;

/// A live run at one moment. All counts are since its beginning.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// When it began, and the moment.
    pub span: Option<(Timestamp, Timestamp)>,
    /// True once nothing more comes.
    pub last: bool,
    /// Sums over everything.
    pub totals: LiveTotals,
    /// The flow sources, each with its port.
    pub sources: Vec<LiveSource>,
    /// The exporters with the most flows, those first.
    pub exporters: Vec<LiveExporter>,
    /// Exporters in all: address, version and domain.
    pub exporters_in_all: usize,
    /// The problems, worst first.
    pub problems: Vec<ProblemLine>,
    /// Queues between who receives and who takes his time.
    pub queues: Vec<LiveQueue>,
    /// Destinations that datagrams are sent on to.
    pub forwards: Vec<LiveForward>,
    /// Folders that datagrams are kept in.
    pub recorders: Vec<LiveRecorder>,
    /// Folders that flows are written into.
    pub exports: Vec<LiveExport>,
    /// The addresses with the most octets, those first; none where nobody wants to know.
    pub talkers: Vec<Talker>,
}

/// Sums over everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveTotals {
    /// Datagrams received.
    pub datagrams: u64,
    /// Octets of their payloads.
    pub octets: u64,
    /// Messages decoded.
    pub messages: u64,
    /// Flows, octets and packets decoded.
    pub sums: Traffic,
    /// Datagrams that the kernel dropped, since its receive buffers were full.
    pub kernel_drops: u64,
    /// Datagrams that were received and not decoded, since decoding was behind.
    pub queue_drops: u64,
    /// Datagrams of exporters that are not allowed.
    pub refused: u64,
    /// Units lost by the sequence numbers.
    pub lost: u64,
    /// Templates and options templates.
    pub templates: u64,
    /// Data Sets that wait for their template.
    pub sets_waiting: u64,
    /// Data Sets given up for want of one.
    pub sets_without_template: u64,
}

/// One flow source.
#[derive(Clone, Debug)]
pub struct LiveSource {
    /// Its name.
    pub name: String,
    /// The profile of its target collector.
    pub profile: Arc<Profile>,
    /// Where it listens.
    pub local: String,
    /// Sockets.
    pub sockets: usize,
    /// Octets of receive buffer that the kernel granted each.
    pub granted: usize,
    /// Datagrams received.
    pub datagrams: u64,
    /// Octets of their payloads.
    pub octets: u64,
    /// Datagrams that the kernel dropped.
    pub kernel_drops: u64,
    /// Datagrams of exporters that are not allowed.
    pub refused: u64,
    /// Addresses of those, a thousand at most.
    pub refused_exporters: usize,
    /// False once it was taken out of the configuration.
    pub open: bool,
    /// True if receiving has ended by an error.
    pub failed: bool,
}

/// One exporter.
#[derive(Clone, Debug)]
pub struct LiveExporter {
    /// What the overview would say of it.
    pub line: ExporterLine,
    /// The number of the flow source that its latest message came to.
    pub source: usize,
    /// Since when it is silent, if that is longer than usual.
    pub silent_since: Option<Timestamp>,
    /// When its messages came less what their headers say, in nanoseconds: the least and the most.
    pub lag: Option<[i64; 2]>,
    /// Ids of Data Sets that never got a template, some of them.
    pub uncovered: Vec<u16>,
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveQueue {
    /// Before what it stands.
    pub name: String,
    /// Datagrams that wait.
    pub waiting: u64,
    /// Octets of memory that they hold.
    pub octets: u64,
    /// Datagrams dropped since it was full.
    pub dropped: u64,
}

/// One destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveForward {
    /// Its name.
    pub to: String,
    /// Datagrams sent.
    pub sent: u64,
    /// Octets of their payloads.
    pub octets: u64,
    /// Datagrams dropped, since the queue before it was full.
    pub dropped: u64,
    /// Datagrams left out by the filter.
    pub filtered: u64,
    /// Datagrams that it answered nobody wants.
    pub refused: u64,
    /// Datagrams that could not be sent.
    pub failed: u64,
    /// Sessions that share a socket with others, since there are too many for one each.
    pub shared: u64,
}

/// One folder that datagrams are kept in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveRecorder {
    /// The folder.
    pub folder: String,
    /// True while nothing can be written.
    pub stopped: bool,
    /// Datagrams written.
    pub datagrams: u64,
    /// Octets written.
    pub octets: u64,
    /// Datagrams dropped, since the queue before it was full.
    pub dropped: u64,
    /// Datagrams that came while nothing could be written.
    pub lost: u64,
    /// Files that are whole.
    pub files: u64,
}

/// One folder that flows are written into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveExport {
    /// The folder.
    pub folder: String,
    /// True while nothing can be written.
    pub stopped: bool,
    /// Flows written, or on their way into the file that is open.
    pub flows: u64,
    /// Flows that could not be written.
    pub lost: u64,
    /// Files that are whole.
    pub files: u64,
}

impl Live {
    /// What the collector knows, with the sums by its numbers of layouts; ports, queues and all else are the caller's to fill in first.
    pub fn with(mut self, collector: &Collector, by_layout: &[Traffic]) -> Self {
        let census = collector.census();
        // Those that made room for others are in the totals alone.
        let named = (0u32..).zip(&census.sources).filter(|(_, s)| known(s.key.exporter).is_some());
        let mut order: Vec<(u64, u64, u32)> = named.map(|(n, s)| (s.flows, s.messages, n)).collect();
        self.exporters_in_all = census.sources.len();
        if order.len() > MOST_EXPORTERS {
            order.select_nth_unstable_by_key(MOST_EXPORTERS, |key| std::cmp::Reverse(*key));
            order.truncate(MOST_EXPORTERS);
        }
        order.sort_unstable_by_key(|(flows, messages, n)| (std::cmp::Reverse((*flows, *messages)), *n));
        self.exporters = order
            .into_iter()
            .filter_map(|(_, _, number)| {
                let own = census.sources.get(number as usize)?;
                let source = own.file as usize;
                let profile = &self.sources.get(source).or(self.sources.first())?.profile;
                Some(LiveExporter {
                    line: exporter_line(collector, number, by_layout, profile),
                    source,
                    silent_since: None,
                    lag: own.conduct.lag.map(|ends| ends.map(|(lag, _)| lag)),
                    uncovered: own.uncovered.keys().copied().take(MOST_UNCOVERED).collect(),
                })
            })
            .collect();
        by_layout.iter().for_each(|traffic| self.totals.sums.add(traffic));
        self.totals.messages = census.messages.values().sum();
        self.totals.lost = collector.lost();
        self.totals.templates = collector.templates().len() as u64;
        self.totals.sets_waiting = collector.waiting() as u64;
        self.totals.sets_without_template = census.data_sets_without_template;
        self.problems = problem_lines(&[], collector);
        self
    }
}

impl LiveExporter {
    /// What the target collector would make of its flows: the worst of the layouts that flows came by, or of all if none came; `None` before
    /// there is one. Layouts that only ICMP flows came by count where there are no others.
    pub fn outcome(&self) -> Option<Outcome> {
        let badness = |outcome: &Outcome| match outcome {
            Outcome::NotApplicable(_) => 0,
            Outcome::Complete => 1,
            Outcome::CompleteByAlternates => 2,
            Outcome::Unknown => 3,
            Outcome::Incomplete => 4,
        };
        self.judged().filter_map(|l| l.verdicts.first()).map(|v| v.outcome).max_by_key(badness)
    }

    /// The demands that some of these layouts miss, by name, each once.
    pub fn missing<'a>(&'a self, profile: &'a Profile) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for verdict in self.judged().filter_map(|l| l.verdicts.first()) {
            for demand in verdict.missing(profile) {
                if !names.contains(&demand.name.as_str()) {
                    names.push(&demand.name);
                }
            }
        }
        names
    }

    /// Those that flows came by, or all if none came. Where some carry ICMP alone, which has no ports, the others count.
    fn judged(&self) -> impl Iterator<Item = &LayoutAudit> {
        let counts = |l: &LayoutAudit| l.traffic.flows > 0 && !l.is_icmp_only();
        let (used, others) = (self.line.layouts.iter().any(|l| l.traffic.flows > 0), self.line.layouts.iter().any(counts));
        self.line.layouts.iter().filter(move |l| if others { counts(l) } else { l.traffic.flows > 0 || !used })
    }
}
