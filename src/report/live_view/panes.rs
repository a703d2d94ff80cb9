//! The panes below the exporters: who talks most, problems, what happened.

use std::collections::VecDeque;

use crate::collector::Severity;
use crate::report::number::{Clock, short, size};
use crate::report::style::Paint;
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
    const NUMBERS: usize = 3 * 9;
    let addr = pane.columns().saturating_sub(NUMBERS).clamp(7, 39);
    let row = |who: &str, bytes: &str, rate: &str, flows: &str| {
        [who, bytes, rate, flows].iter().zip([addr, 9, 9, 9]).map(|(t, w)| padded(t, w, w == 9)).collect::<String>()
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
    for event in events.iter().rev().take(pane.room()) {
        pane.line(&[(format!("{} ", Clock::of(event.time).seconds), Paint::Aside), (event.text.clone(), event.paint)]);
    }
}
