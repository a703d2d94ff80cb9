//! The panes below the exporters: who talks most, problems, what happened.

use std::collections::VecDeque;

use crate::collector::Severity;
use crate::report::escape::escape;
use crate::report::number::{Clock, short, size};
use crate::report::style::Paint;
use crate::report::width::wrap;
use crate::summary::Live;

use super::Event;
use super::lines::{Pane, padded};
use super::track::Tracks;

/// Rows of who talks most and of problems that are of use.
const MOST_ROWS: usize = 12;

/// Rows that the panes of who talks most and of problems can fill; there is always one, to say that there is nothing.
pub(super) fn most_rows(live: &Live) -> usize {
    (live.talkers.len() + 1).max(live.problems.len()).clamp(3, MOST_ROWS)
}

/// The addresses with the most octets, and how fast they come.
pub(super) fn talkers(tracks: &Tracks, live: &Live, pane: &mut Pane<'_>) {
    pane.heading("Top talkers", "by bytes of their flows");
    if live.talkers.is_empty() {
        return pane.text(Paint::Aside, "none yet");
    }
    const NUMBER: usize = 10;
    // Addresses are worth more than the flows.
    let numbers = if pane.columns() < 39 + 2 * NUMBER { 2 } else { 3 };
    let addr = pane.columns().saturating_sub(numbers * NUMBER).clamp(7, 39);
    let row = |who: &str, bytes: &str, rate: &str, flows: &str| {
        let numbers = [bytes, rate, flows].into_iter().take(numbers).map(|text| padded(text, NUMBER, true));
        std::iter::once(padded(who, addr, false)).chain(numbers).collect::<String>()
    };
    pane.text(Paint::Aside, row("source address", "bytes", "bytes/s", "flows"));
    for t in live.talkers.iter().take(pane.room()) {
        // What may have come unseen is worth a mark where it is more than a hundredth.
        let about = if t.unsure.saturating_mul(100) > t.bytes { "≥" } else { "" };
        pane.text(
            Paint::Plain,
            row(&t.addr.to_string(), &format!("{about}{}", size(t.bytes)), &size(tracks.talker(t.addr).into()), &short(t.flows)),
        );
    }
}

/// The paint of a severity.
pub(super) fn paint(severity: Severity) -> Paint {
    match severity {
        Severity::Error => Paint::Bad,
        Severity::Warning => Paint::Doubtful,
        Severity::Note => Paint::Aside,
    }
}

/// The problems, worst first.
pub(super) fn problems(live: &Live, pane: &mut Pane<'_>) {
    let more = live.problems.len().saturating_sub(pane.room().saturating_sub(1));
    pane.heading("Problems", &if more > 0 { format!("{more} more kinds") } else { String::new() });
    if live.problems.is_empty() {
        pane.text(Paint::Good, "none");
    }
    for p in live.problems.iter().take(pane.room()) {
        let from = p.exporter.map_or_else(String::new, |addr| format!(", first from {addr}"));
        pane.line(&[(format!("{:>6} ", short(p.count)), paint(p.severity)), (format!("{}{from}", p.title), Paint::Plain)]);
    }
}

/// What happened, the latest first.
pub(super) fn events(events: &VecDeque<Event>, pane: &mut Pane<'_>) {
    pane.heading("Events", "templates and log, the latest first");
    const CLOCK: usize = 9;
    for event in events.iter().rev() {
        if pane.room() == 0 {
            return;
        }
        let text = wrap(&escape(&event.text).replace('\u{a0}', " "), pane.columns().saturating_sub(CLOCK).max(1), 0, 2);
        for (number, line) in text.lines().enumerate() {
            let clock = if number == 0 { Clock::of(event.time).seconds } else { String::new() };
            pane.line(&[(format!("{clock:CLOCK$}"), Paint::Aside), (line.to_owned(), event.paint)]);
        }
    }
}
