//! A live run as JSON, one object a line: the schema `ipfix-inspect/live/1`, described in the [module](super).

use serde::Serialize;

use crate::datagram::known;
use crate::summary::{Live, LiveExport, LiveExporter, LiveForward, LiveQueue, LiveRecorder, LiveSource, ProblemLine};

use super::json::{line, saturated};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    began: Option<String>,
    time: Option<String>,
    last: bool,
    datagrams: u64,
    octets: u64,
    messages: u64,
    flows: u64,
    bytes: u64,
    packets: u64,
    kernel_drops: u64,
    queue_drops: u64,
    refused: u64,
    lost: u64,
    templates: u64,
    sets_waiting: u64,
    sets_without_template: u64,
    period: Period,
    sources: Vec<Source<'a>>,
    exporters: Vec<Exporter<'a>>,
    exporters_in_all: usize,
    problems: Vec<Problem<'a>>,
    queues: Vec<Queue<'a>>,
    forwards: Vec<Forward<'a>>,
    recorders: Vec<Recorder<'a>>,
    exports: Vec<Export<'a>>,
}

/// What came since the object before.
#[derive(Serialize)]
struct Period {
    seconds: f64,
    messages: u64,
    flows: u64,
    bytes: u64,
    packets: u64,
}

#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    profile: &'a str,
    local: &'a str,
    sockets: usize,
    receive_buffer: usize,
    datagrams: u64,
    octets: u64,
    kernel_drops: u64,
    refused: u64,
    refused_exporters: usize,
    open: bool,
    failed: bool,
}

#[derive(Serialize)]
struct Exporter<'a> {
    source: Option<&'a str>,
    exporter: Option<String>,
    version: String,
    domain: Option<u32>,
    messages: u64,
    flows: u64,
    bytes: u64,
    packets: u64,
    lost: u64,
    reordered: u64,
    duplicates: u64,
    restarts: u64,
    templates: u64,
    options_templates: u64,
    options_records: u64,
    sets_without_template: u64,
    problems: u64,
    first_seen: String,
    last_seen: String,
    silent_since: Option<String>,
    verdict: Option<&'static str>,
    missing: Vec<&'a str>,
}

#[derive(Serialize)]
struct Problem<'a> {
    code: &'a str,
    severity: &'static str,
    count: u64,
    message: &'a str,
    first_exporter: Option<String>,
    detail: &'a str,
}

#[derive(Serialize)]
struct Queue<'a> {
    name: &'a str,
    waiting: u64,
    octets: u64,
    dropped: u64,
}

#[derive(Serialize)]
struct Forward<'a> {
    to: &'a str,
    sent: u64,
    octets: u64,
    dropped: u64,
    filtered: u64,
    refused: u64,
    failed: u64,
    shared: u64,
}

#[derive(Serialize)]
struct Recorder<'a> {
    folder: &'a str,
    stopped: bool,
    datagrams: u64,
    octets: u64,
    dropped: u64,
    lost: u64,
    files: u64,
}

#[derive(Serialize)]
struct Export<'a> {
    folder: &'a str,
    stopped: bool,
    flows: u64,
    lost: u64,
    files: u64,
}

/// One line; `before` is the moment that the line before showed.
pub fn live_json(live: &Live, before: Option<&Live>) -> String {
    let (t, past) = (&live.totals, before.map(|b| b.totals).unwrap_or_default());
    let since = before.and_then(|b| b.span).map(|(_, then)| then).or(live.span.map(|(began, _)| began));
    let nanos = live.span.zip(since).map_or(0, |((_, now), since)| now.nanos().saturating_sub(since.nanos()));
    line(&Report {
        schema: "ipfix-inspect/live/1",
        began: live.span.map(|(began, _)| began.to_string()),
        time: live.span.map(|(_, now)| now.to_string()),
        last: live.last,
        datagrams: t.datagrams,
        octets: t.octets,
        messages: t.messages,
        flows: t.sums.flows,
        bytes: saturated(t.sums.bytes),
        packets: saturated(t.sums.packets),
        kernel_drops: t.kernel_drops,
        queue_drops: t.queue_drops,
        refused: t.refused,
        lost: t.lost,
        templates: t.templates,
        sets_waiting: t.sets_waiting,
        sets_without_template: t.sets_without_template,
        period: Period {
            seconds: nanos as f64 / 1e9,
            messages: t.messages.saturating_sub(past.messages),
            flows: t.sums.flows.saturating_sub(past.sums.flows),
            bytes: saturated(t.sums.bytes.saturating_sub(past.sums.bytes)),
            packets: saturated(t.sums.packets.saturating_sub(past.sums.packets)),
        },
        sources: live.sources.iter().map(source).collect(),
        exporters: live.exporters.iter().map(|e| exporter(live, e)).collect(),
        exporters_in_all: live.exporters_in_all,
        problems: live.problems.iter().map(problem).collect(),
        queues: live.queues.iter().map(queue).collect(),
        forwards: live.forwards.iter().map(forward).collect(),
        recorders: live.recorders.iter().map(recorder).collect(),
        exports: live.exports.iter().map(export).collect(),
    })
}

fn source(s: &LiveSource) -> Source<'_> {
    Source {
        name: &s.name,
        profile: &s.profile.name,
        local: &s.local,
        sockets: s.sockets,
        receive_buffer: s.granted,
        datagrams: s.datagrams,
        octets: s.octets,
        kernel_drops: s.kernel_drops,
        refused: s.refused,
        refused_exporters: s.refused_exporters,
        open: s.open,
        failed: s.failed,
    }
}

fn exporter<'a>(live: &'a Live, e: &'a LiveExporter) -> Exporter<'a> {
    let (line, source) = (&e.line, live.sources.get(e.source));
    Exporter {
        source: source.map(|s| s.name.as_str()),
        exporter: known(line.key.exporter).map(|a| a.to_string()),
        version: line.key.version.to_string(),
        domain: line.key.domain,
        messages: line.messages,
        flows: line.sums.flows,
        bytes: saturated(line.sums.bytes),
        packets: saturated(line.sums.packets),
        lost: line.sequence.lost,
        reordered: line.sequence.reordered,
        duplicates: line.sequence.duplicates,
        restarts: line.sequence.restarts,
        templates: line.templates,
        options_templates: line.options_templates,
        options_records: line.options_records,
        sets_without_template: line.sets_without_template,
        problems: line.problems,
        first_seen: line.first_seen.to_string(),
        last_seen: line.last_seen.to_string(),
        silent_since: e.silent_since.map(|t| t.to_string()),
        verdict: e.outcome().map(|o| o.name()),
        missing: source.map(|s| e.missing(&s.profile)).unwrap_or_default(),
    }
}

fn problem(p: &ProblemLine) -> Problem<'_> {
    Problem {
        code: p.code,
        severity: p.severity.name(),
        count: p.count,
        message: p.title,
        first_exporter: p.exporter.and_then(known).map(|a| a.to_string()),
        detail: &p.detail,
    }
}

fn queue(q: &LiveQueue) -> Queue<'_> {
    Queue { name: &q.name, waiting: q.waiting, octets: q.octets, dropped: q.dropped }
}

fn forward(f: &LiveForward) -> Forward<'_> {
    Forward {
        to: &f.to,
        sent: f.sent,
        octets: f.octets,
        dropped: f.dropped,
        filtered: f.filtered,
        refused: f.refused,
        failed: f.failed,
        shared: f.shared,
    }
}

fn recorder(r: &LiveRecorder) -> Recorder<'_> {
    Recorder {
        folder: &r.folder,
        stopped: r.stopped,
        datagrams: r.datagrams,
        octets: r.octets,
        dropped: r.dropped,
        lost: r.lost,
        files: r.files,
    }
}

fn export(e: &LiveExport) -> Export<'_> {
    Export { folder: &e.folder, stopped: e.stopped, flows: e.flows, lost: e.lost, files: e.files }
}
