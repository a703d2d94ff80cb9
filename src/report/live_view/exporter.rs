//! One exporter, looked into: its rates, its sequence numbers, its clock, its templates with what the target collector misses.

use crate::audit::LayoutAudit;
use crate::collector::Convention;
use crate::report::exporters::{in_words, who};
use crate::report::number::{Clock, counted, duration, grouped, short, size};
use crate::report::style::{Paint, Style};
use crate::report::width::wrap;
use crate::summary::{Live, LiveExporter};

use super::LiveView;
use super::lines::{Pane, Spans};
use super::panes::paint;
use super::turns::{layout_name, outcome_words};

/// Sending ports that are named.
const MOST_PORTS: usize = 8;
/// Columns of the labels.
const LABEL: usize = 10;

/// Draws the chosen exporter; says how many lines can be scrolled away.
pub(super) fn draw(view: &LiveView, live: &Live, pane: &mut Pane<'_>) -> usize {
    let Some(e) = live.exporters.iter().find(|e| Some(e.line.key) == view.chosen) else {
        pane.heading("Exporter", "");
        pane.text(Paint::Aside, "It is not among the exporters with the most flows any more.");
        return 0;
    };
    let source = live.sources.get(e.source);
    let profile = source.map_or("", |s| s.profile.title.as_str());
    pane.heading(&who(&e.line), &source.map_or_else(String::new, |s| format!("flow source {}, for {profile}", s.name)));
    let mut lines = Vec::new();
    about(view, live, e, pane.columns(), &mut lines);
    templates(live, e, pane.columns(), &mut lines);
    problems(live, e, &mut lines);
    let most = lines.len().saturating_sub(pane.room());
    lines.iter().skip(view.scrolled.min(most)).for_each(|line| pane.line(line));
    most
}

fn about(view: &LiveView, live: &Live, e: &LiveExporter, columns: usize, out: &mut Vec<Spans>) {
    let (line, track) = (&e.line, view.tracks.of(e.line.key));
    let mut say = |label, paint, text| labelled(label, paint, text, columns, out);
    say(
        "sent",
        Paint::Plain,
        format!(
            "{} ({}/s), {} ({}/s), {} ({}/s), {} packets",
            counted(line.messages, "message"),
            short(track.messages.now()),
            counted(line.sums.flows, "flow"),
            short(track.flows.now()),
            size(line.sums.bytes),
            size(track.bytes.now().into()),
            grouped(line.sums.packets)
        ),
    );
    let room = columns.saturating_sub(LABEL);
    let past = track.flows.bars(room);
    if !past.trim().is_empty() {
        // Blanks are seconds without flows: it must not be wrapped.
        out.push(vec![(format!("{:LABEL$}", "flows/s"), Paint::Aside), (past, Paint::Plain)]);
    }
    let mut say = |label, paint, text| labelled(label, paint, text, columns, out);
    let ports = line.ports.iter().take(MOST_PORTS).map(u16::to_string).collect::<Vec<_>>().join(", ");
    let more = line.ports.len().saturating_sub(MOST_PORTS);
    let ports = if more > 0 { format!("{ports} and {more} more") } else { ports };
    say("ports", Paint::Plain, ports);
    let seen = format!("first {}, last {} UTC", Clock::of(line.first_seen).full(), Clock::of(line.last_seen).full());
    match (e.silent_since, live.span) {
        (Some(since), Some((_, now))) => {
            say("seen", Paint::Bad, format!("{seen}; silent for {}", duration(whole_seconds(now.nanos().saturating_sub(since.nanos())))));
        }
        _ => say("seen", Paint::Plain, seen),
    }
    let (paint, text) = sequence(e);
    say("sequence", paint, text);
    let (paint, text) = clock(e);
    say("clock", paint, text);
    if line.options_records > 0 {
        say(
            "options",
            Paint::Plain,
            format!("{} in {}", counted(line.options_records, "record"), counted(line.options_templates, "options template")),
        );
    }
    if line.sets_without_template > 0 {
        let ids = e.uncovered.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        say("lacking", Paint::Bad, format!("{} without a template, of the ids {ids}", counted(line.sets_without_template, "Data Set")));
    }
}

/// A label, and what it is of, on as many lines as that takes.
fn labelled(label: &str, paint: Paint, text: String, columns: usize, out: &mut Vec<Spans>) {
    for (number, part) in wrap(&text.replace('\u{a0}', " "), columns.saturating_sub(LABEL), 0, 0).lines().enumerate() {
        let label = if number == 0 { label } else { "" };
        out.push(vec![(format!("{label:LABEL$}"), Paint::Aside), (part.to_owned(), paint)]);
    }
}

fn whole_seconds(nanos: i64) -> i64 {
    nanos / 1_000_000_000 * 1_000_000_000
}

/// What the sequence numbers tell.
fn sequence(e: &LiveExporter) -> (Paint, String) {
    let s = &e.line.sequence;
    let Some(convention) = s.convention else { return (Paint::Aside, "no sequence numbers that could be followed".to_owned()) };
    let told = in_words(&e.line, &Style::default());
    let paint = if s.lost > 0 { Paint::Bad } else { Paint::Plain };
    match told {
        Some(told) => (paint, format!("{told}; the numbers count {}", Convention::name(convention))),
        None => (Paint::Good, format!("nothing lost; the numbers count {}", Convention::name(convention))),
    }
}

/// How far the headers' times are from the arrival.
fn clock(e: &LiveExporter) -> (Paint, String) {
    /// Beyond it flows fall into other intervals of a collector's than they should.
    const TOLERABLE: i64 = 60_000_000_000;
    let Some([least, most]) = e.lag else { return (Paint::Aside, "no message has told a time".to_owned()) };
    let side = |lag: i64| {
        let ahead = if lag < 0 { "ahead of" } else { "behind" };
        let lag = lag.saturating_abs() / 1_000_000 * 1_000_000;
        format!("{} {ahead}", duration(lag))
    };
    let paint = if least.saturating_abs().max(most.saturating_abs()) > TOLERABLE { Paint::Doubtful } else { Paint::Good };
    let (least, most) = (side(least), side(most));
    let range = if least == most { most } else { format!("{least} to {most}") };
    (paint, format!("export times lie {range} the arrival"))
}

fn templates(live: &Live, e: &LiveExporter, columns: usize, out: &mut Vec<Spans>) {
    let Some(source) = live.sources.get(e.source) else { return };
    let words = if e.line.key.version.is_fixed() { "Records" } else { "Templates" };
    let words = format!("{words} for {} ", source.profile.title);
    let rule = "─".repeat(columns.saturating_sub(crate::report::width::width(&words)));
    out.push(vec![(words, Paint::Heading), (rule, Paint::Aside)]);
    if e.line.layouts.is_empty() {
        out.push(vec![("none yet".to_owned(), Paint::Doubtful)]);
    }
    for layout in &e.line.layouts {
        let name = layout_name(layout);
        let (paint, verdict) = layout.verdicts.first().map_or((Paint::Aside, String::new()), |v| outcome_words(v, &source.profile));
        let head = format!("{name}: {}, {}, ", counted(layout.content.fields.len() as u64, "field"), flows(layout));
        let text = format!("{head}\u{1}{verdict}").replace('\u{a0}', " ");
        // The verdict begins where the mark stands.
        let mut painted = Paint::Plain;
        for (number, part) in wrap(&text, columns, 0, 2).lines().enumerate() {
            let indent = if number == 0 { "" } else { "  " };
            let part = part.trim_start();
            match part.split_once('\u{1}') {
                Some((before, after)) => {
                    painted = paint;
                    out.push(vec![(format!("{indent}{before}"), Paint::Plain), (after.to_owned(), paint)]);
                }
                None => out.push(vec![(format!("{indent}{part}"), painted)]),
            }
        }
    }
}

fn flows(layout: &LayoutAudit) -> String {
    let kept = if layout.sent { "" } else { " (kept from an earlier run)" };
    match layout.traffic.flows {
        0 => format!("no flows yet{kept}"),
        n => format!("{}{kept}", counted(n, "flow")),
    }
}

/// The problems that this exporter was the first to have.
fn problems(live: &Live, e: &LiveExporter, out: &mut Vec<Spans>) {
    if e.line.problems == 0 {
        return;
    }
    out.push(vec![(format!("Problems: {}", grouped(e.line.problems.into())), Paint::Heading)]);
    for p in live.problems.iter().filter(|p| p.exporter == Some(e.line.key.exporter)) {
        out.push(vec![(format!("{} ", p.code), paint(p.severity)), (format!("{}: {}", p.title, p.detail), Paint::Plain)]);
    }
}
