//! A live run as text: a line of sums, a table of exporters, what is wrong.

use crate::audit::{Outcome, Profile};
use crate::summary::{Live, LiveExporter};

use super::escape::escape;
use super::exporters::{exporter_name, who};
use super::grid::{Grid, numbers, words};
use super::number::{Clock, counted, duration, grouped, short, size};
use super::strm::verdicts;
use super::style::{Paint, Style};
use super::width::wrap;

/// Exporters that a summary shows.
const MOST_EXPORTERS: usize = 20;
/// Problems that a summary shows.
const MOST_PROBLEMS: usize = 5;
const NANOS_PER_SECOND: f64 = 1e9;

/// The summary of a period; `before` is the moment that the one before showed.
pub fn live_text(live: &Live, before: Option<&Live>, style: &Style) -> String {
    let style = &Style { width: style.width.max(40), ..style.clone() };
    let mut out = head(live, before, style);
    out.push_str(&exporters(live, before, style));
    out.push_str(&beside(live, style));
    out.push_str(&problems(live, style));
    if live.last {
        out.push_str(&at_the_end(live, style));
    }
    out
}

/// Seconds that passed since the moment before, or since the beginning.
fn seconds(live: &Live, before: Option<&Live>) -> f64 {
    let Some((began, now)) = live.span else { return 0.0 };
    let since = before.and_then(|b| b.span).map_or(began, |(_, then)| then);
    now.nanos().saturating_sub(since.nanos()) as f64 / NANOS_PER_SECOND
}

/// `1.2k/s`: so many more in so many seconds.
fn rate(more: u64, seconds: f64) -> String {
    let rate = if seconds > 0.0 { (more as f64 / seconds).round() } else { 0.0 };
    format!("{}/s", short(rate as u64))
}

fn head(live: &Live, before: Option<&Live>, style: &Style) -> String {
    let (t, seconds) = (&live.totals, seconds(live, before));
    let past = before.map(|b| b.totals).unwrap_or_default();
    let clock = live.span.map_or_else(String::new, |(_, now)| Clock::of(now).full());
    let what = if live.last { "In all" } else { "So far" };
    let mut line = format!("{} {what}: ", style.paint(Paint::Heading, &clock.replace(' ', "\u{a0}")));
    let parts = [
        format!("{}\u{a0}({})", counted(t.messages, "message"), rate(t.messages - past.messages.min(t.messages), seconds)),
        format!("{}\u{a0}({})", counted(t.sums.flows, "flow"), rate(t.sums.flows - past.sums.flows.min(t.sums.flows), seconds)),
        size(t.sums.bytes),
        format!("{}\u{a0}packets", grouped(t.sums.packets)),
    ];
    line.push_str(&parts.join(", "));
    for (number, what) in
        [(t.kernel_drops, "dropped by the kernel"), (t.queue_drops, "dropped undecoded"), (t.refused, "of exporters not allowed")]
    {
        if number > 0 {
            line.push_str(&style.paint(Paint::Bad, &format!("; {}\u{a0}{what}", counted(number, "datagram"))));
        }
    }
    if t.kernel_drops == 0 && t.queue_drops == 0 {
        line.push_str("; no\u{a0}drops");
    }
    if t.sets_waiting > 0 {
        line.push_str(&format!("; {}\u{a0}waiting for a template", counted(t.sets_waiting, "Data\u{a0}Set")));
    }
    for s in live.sources.iter().filter(|s| s.failed) {
        line.push_str(&style.paint(Paint::Bad, &format!("; RECEIVING HAS ENDED on {} {}", escape(&s.name), s.local)));
    }
    wrap(&line, style.width, 0, 2)
}

fn exporters(live: &Live, before: Option<&Live>, style: &Style) -> String {
    if live.exporters.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new(vec![
        words("exporter", 0),
        words("source", 4),
        words("version", 1),
        numbers("domain", 2),
        numbers("messages", 3),
        numbers("flows", 0),
        numbers("flows/s", 1),
        numbers("bytes", 1),
        numbers("lost", 0),
        numbers("templates", 5),
        numbers("problems", 4),
        words("verdict", 0),
    ]);
    let seconds = seconds(live, before);
    for e in live.exporters.iter().take(MOST_EXPORTERS) {
        let line = &e.line;
        let past = before.and_then(|b| b.exporters.iter().find(|o| o.line.key == line.key)).map_or(0, |o| o.line.sums.flows);
        let plain = |text: String| (text, Paint::Plain);
        let bad = |n: u64, paint| (grouped(n.into()), if n > 0 { paint } else { Paint::Plain });
        let source = live.sources.get(e.source);
        grid.row(vec![
            plain(exporter_name(line.key.exporter)),
            plain(source.map(|s| escape(&s.name).into_owned()).unwrap_or_default()),
            plain(line.key.version.to_string()),
            plain(line.key.domain.map_or_else(|| "-".to_owned(), |d| d.to_string())),
            plain(grouped(line.messages.into())),
            plain(grouped(line.sums.flows.into())),
            plain(rate(line.sums.flows.saturating_sub(past), seconds)),
            plain(size(line.sums.bytes)),
            bad(line.sequence.lost, Paint::Bad),
            plain(if line.key.version.is_fixed() { "-".to_owned() } else { grouped((line.templates + line.options_templates).into()) }),
            bad(line.problems, Paint::Doubtful),
            verdict(live, e, source.map(|s| &*s.profile)),
        ]);
    }
    if live.sources.len() < 2 {
        let names: Vec<&str> = live.sources.iter().map(|s| s.name.as_str()).collect();
        grid = grid.without("source", &names);
    }
    grid.fit(style.width);
    let mut out = grid.render(style);
    let more = live.exporters_in_all.saturating_sub(MOST_EXPORTERS);
    if more > 0 {
        out.push_str(&wrap(&style.paint(Paint::Aside, &format!("and {} more with fewer flows", grouped(more as u128))), style.width, 0, 0));
    }
    out
}

/// A few words: the whole verdict is said at the end.
pub(super) fn verdict(live: &Live, e: &LiveExporter, profile: Option<&Profile>) -> (String, Paint) {
    if let (Some(since), Some((_, now))) = (e.silent_since, live.span) {
        return (format!("silent for {}", duration(now.nanos().saturating_sub(since.nanos()) / 1_000_000_000 * 1_000_000_000)), Paint::Bad);
    }
    match e.outcome() {
        None if e.line.sets_without_template > 0 || live.totals.sets_waiting > 0 => ("no template yet".to_owned(), Paint::Doubtful),
        None => (String::new(), Paint::Plain),
        Some(Outcome::Complete) => ("complete".to_owned(), Paint::Good),
        Some(Outcome::CompleteByAlternates) => ("complete, by alternates".to_owned(), Paint::Good),
        Some(Outcome::Unknown) => ("depends on TCP".to_owned(), Paint::Doubtful),
        Some(Outcome::NotApplicable(_)) => ("no flows".to_owned(), Paint::Doubtful),
        Some(Outcome::Incomplete) => match profile.map(|p| e.missing(p)).unwrap_or_default().as_slice() {
            [] => ("version not taken".to_owned(), Paint::Bad),
            [one] => (format!("lacks {one}"), Paint::Bad),
            [one, more @ ..] => (format!("lacks {one} +{}", more.len()), Paint::Bad),
        },
    }
}

/// Ports that lost something, destinations, folders.
fn beside(live: &Live, style: &Style) -> String {
    let mut out = String::new();
    let mut say = |paint, text: String| out.push_str(&wrap(&style.paint(paint, &text), style.width, 0, 2));
    for s in live.sources.iter().filter(|s| s.kernel_drops + s.refused > 0) {
        let name = escape(&s.name);
        if s.kernel_drops > 0 {
            let granted = size(s.granted as u128);
            let drops = counted(s.kernel_drops, "datagram");
            say(Paint::Bad, format!("{name}: the kernel dropped {drops} on {}: its receive buffer of {granted} was full", s.local));
        }
        if s.refused > 0 {
            let from = counted(s.refused_exporters as u64, "address");
            let from = from.replace("addresss", "addresses");
            say(Paint::Doubtful, format!("{name}: {} from {from} not allowed", counted(s.refused, "datagram")));
        }
    }
    for f in &live.forwards {
        let mut text = format!("forwarded to {}: {}", escape(&f.to), counted(f.sent, "datagram"));
        for (number, what) in [(f.dropped, "dropped"), (f.refused, "refused there"), (f.failed, "could not be sent")] {
            if number > 0 {
                text.push_str(&format!(", {}\u{a0}{what}", grouped(number.into())));
            }
        }
        say(if f.dropped + f.refused + f.failed > 0 { Paint::Doubtful } else { Paint::Plain }, text);
    }
    for r in &live.recorders {
        let files = counted(r.files, "whole file");
        let mut text =
            format!("recorded in {}: {} in {}, {files}", escape(&r.folder), counted(r.datagrams, "datagram"), size(r.octets.into()));
        if r.dropped + r.lost > 0 {
            text.push_str(&format!(", {}\u{a0}not", counted(r.dropped + r.lost, "datagram")));
        }
        let text = if r.stopped { format!("RECORDING HAS STOPPED. {text}") } else { text };
        say(if r.stopped { Paint::Bad } else { Paint::Plain }, text);
    }
    for e in &live.exports {
        let mut text = format!("exported to {}: {}, {}", escape(&e.folder), counted(e.flows, "flow"), counted(e.files, "whole file"));
        if e.lost > 0 {
            text.push_str(&format!(", {}\u{a0}lost", counted(e.lost, "flow")));
        }
        let text = if e.stopped { format!("EXPORTING HAS STOPPED. {text}") } else { text };
        out.push_str(&wrap(&style.paint(if e.stopped { Paint::Bad } else { Paint::Plain }, &text), style.width, 0, 2));
    }
    out
}

fn problems(live: &Live, style: &Style) -> String {
    let mut out = String::new();
    for p in live.problems.iter().take(MOST_PROBLEMS) {
        let who = p.exporter.map_or_else(String::new, |addr| format!(", first from {addr}"));
        let paint = match p.severity {
            crate::collector::Severity::Error => Paint::Bad,
            crate::collector::Severity::Warning => Paint::Doubtful,
            crate::collector::Severity::Note => Paint::Aside,
        };
        let line = format!("{}: {}\u{a0}× {}{who} [{}]", style.paint(paint, p.severity.name()), grouped(p.count.into()), p.title, p.code);
        out.push_str(&wrap(&line, style.width, 0, 2));
    }
    let more = live.problems.len().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        out.push_str(&wrap(&style.paint(Paint::Aside, &format!("and {more} more kinds of problems")), style.width, 0, 2));
    }
    out
}

/// The whole verdict for each exporter.
fn at_the_end(live: &Live, style: &Style) -> String {
    let mut out = String::new();
    for e in live.exporters.iter().take(MOST_EXPORTERS) {
        let Some(source) = live.sources.get(e.source) else { continue };
        let said = verdicts(&e.line, &source.profile, style);
        out.push_str(&wrap(&format!("{} for {}: {}", who(&e.line), source.profile.title, said.join("; ")), style.width, 0, 2));
    }
    out
}
