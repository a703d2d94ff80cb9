//! Histories and comparisons of templates, as text and as JSON: `ipfix-inspect/template-history/1` and `ipfix-inspect/template-diff/1` of
//! the [module](super).

use serde::Serialize;

use crate::datagram::known;
use crate::summary::{Comparison, IdHistory, Step};
use crate::template::EventKind;

use super::escape::escape;
use super::exporters::UNKNOWN_EXPORTER;
use super::json::pretty;
use super::number::{Clock, duration};
use super::style::{Paint, Style};
use super::width::wrap;

/// What happened to each template, in order.
pub fn history_text(list: &[IdHistory], left_out: u64, style: &Style) -> String {
    if list.is_empty() {
        return "No templates: v1, v5 and v7 have none, and no v9 or IPFIX template was seen.\n".to_owned();
    }
    let mut sections: Vec<String> = list.iter().map(|h| one(h, style)).collect();
    if left_out > 0 {
        sections.push(format!("{left_out} further events are not shown; the counts of `ipfix-inspect templates` have them.\n"));
    }
    sections.join("\n")
}

fn one(history: &IdHistory, style: &Style) -> String {
    let key = &history.key;
    let exporter = key.exporter.known_addr().map_or_else(|| UNKNOWN_EXPORTER.to_owned(), |_| key.exporter.to_string());
    let heading = style.paint(Paint::Heading, &format!("template {}", history.id));
    let mut out = wrap(&format!("{heading}, {exporter} {} domain\u{a0}{}", key.version, key.domain), style.width, 0, 2);
    let unit = if key.exporter.known_addr().is_some() { "frame" } else { "message" };
    for step in &history.steps {
        let at = format!("{} {unit} {}", Clock::of(step.first.time).full(), step.first.origin.frame);
        out.push_str(&wrap(&format!("{at}: {}", what(step)), style.width, 2, 4));
        for change in &step.changes {
            out.push_str(&format!("      {}\n", style.paint(paint(change), &escape(change))));
        }
    }
    out
}

fn what(step: &Step) -> String {
    match step.kind {
        EventKind::Learned => format!("learned, {} fields", step.fields),
        EventKind::Refreshed => {
            let i = step.intervals;
            let (least, most) = (duration(i.least), duration(i.most));
            let apart = if least == most { format!("{most} apart") } else { format!("{least} to {most} apart") };
            let times = if step.count == 1 { "once".to_owned() } else { format!("{} times", step.count) };
            format!("refreshed {times}, the last {}; {apart}", Clock::of(step.last.time).full())
        }
        EventKind::Redefined(_) => format!("other fields, {} now:", step.fields),
        EventKind::Withdrawn => "withdrawn".to_owned(),
        EventKind::WithdrawalIgnored => "a withdrawal over UDP, ignored (RFC 7011 section 8.4)".to_owned(),
    }
}

fn paint(change: &str) -> Paint {
    match change.chars().next() {
        Some('+') => Paint::Good,
        Some('-') => Paint::Bad,
        _ => Paint::Doubtful,
    }
}

/// What differs.
pub fn diff_text(list: &[Comparison], style: &Style) -> String {
    if list.is_empty() {
        return "Nothing to compare: no template id has two contents there.\n".to_owned();
    }
    let (same, other): (Vec<&Comparison>, Vec<&Comparison>) = list.iter().partition(|c| c.changes.is_empty());
    let mut out: Vec<String> = other
        .iter()
        .map(|c| {
            let heading = style.paint(Paint::Heading, &format!("template {}", c.id));
            let mut text = wrap(&format!("{heading}: {} → {}", c.old, c.new), style.width, 0, 2);
            c.changes.iter().for_each(|change| text.push_str(&format!("  {}\n", style.paint(paint(change), &escape(change)))));
            text
        })
        .collect();
    if !same.is_empty() {
        let ids: Vec<String> = same.iter().map(|c| c.id.to_string()).collect();
        out.push(wrap(&format!("Without a difference: {}.", ids.join(", ")), style.width, 0, 2));
    }
    out.join("\n")
}

#[derive(Serialize)]
struct History<'a> {
    schema: &'static str,
    templates: Vec<Id<'a>>,
    events_left_out: u64,
}

#[derive(Serialize)]
struct Id<'a> {
    exporter: Option<String>,
    port: Option<u16>,
    version: String,
    domain: u32,
    id: u16,
    events: Vec<Event<'a>>,
}

#[derive(Serialize)]
struct Event<'a> {
    event: &'static str,
    first_time: String,
    first_frame: u64,
    last_time: String,
    count: u64,
    fields: usize,
    changes: &'a [String],
    shortest_interval_ns: Option<i64>,
    longest_interval_ns: Option<i64>,
}

/// The histories for programs.
pub fn history_json(list: &[IdHistory], left_out: u64) -> String {
    let event = |s: &'_ Step| -> (&'static str, Option<(i64, i64)>) {
        let name = match s.kind {
            EventKind::Learned => "learned",
            EventKind::Refreshed => "refreshed",
            EventKind::Redefined(_) => "redefined",
            EventKind::Withdrawn => "withdrawn",
            EventKind::WithdrawalIgnored => "withdrawal-ignored",
        };
        (name, (s.kind == EventKind::Refreshed).then_some((s.intervals.least, s.intervals.most)))
    };
    let templates = list
        .iter()
        .map(|h| Id {
            exporter: known(h.key.exporter.addr).map(|a| a.to_string()),
            port: known(h.key.exporter.addr).map(|_| h.key.exporter.port),
            version: h.key.version.to_string(),
            domain: h.key.domain,
            id: h.id,
            events: h
                .steps
                .iter()
                .map(|s| {
                    let (name, interval) = event(s);
                    Event {
                        event: name,
                        first_time: s.first.time.to_string(),
                        first_frame: s.first.origin.frame,
                        last_time: s.last.time.to_string(),
                        count: s.count,
                        fields: s.fields,
                        changes: &s.changes,
                        shortest_interval_ns: interval.map(|(least, _)| least),
                        longest_interval_ns: interval.map(|(_, most)| most),
                    }
                })
                .collect(),
        })
        .collect();
    pretty(&History { schema: "ipfix-inspect/template-history/1", templates, events_left_out: left_out })
}

#[derive(Serialize)]
struct Diff<'a> {
    schema: &'static str,
    comparisons: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct Pair<'a> {
    id: u16,
    old: &'a str,
    new: &'a str,
    changes: &'a [String],
}

/// The comparisons for programs.
pub fn diff_json(list: &[Comparison]) -> String {
    let comparisons = list.iter().map(|c| Pair { id: c.id, old: &c.old, new: &c.new, changes: &c.changes }).collect();
    pretty(&Diff { schema: "ipfix-inspect/template-diff/1", comparisons })
}
