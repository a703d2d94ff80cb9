//! The overview's list of problems: each cause once, with its first example; notes last.

use crate::collector::Severity;
use crate::summary::{Overview, ProblemLine};

use super::escape::escape;
use super::exporters::exporter_name;
use super::number::grouped;
use super::style::{Paint, Style};
use super::width::wrap;

/// The section under its heading.
pub(super) fn problems(overview: &Overview, heading: &str, style: &Style) -> String {
    if overview.problems.is_empty() {
        return format!("{}\n", style.paint(Paint::Good, "No problems."));
    }
    let (notes, worse): (Vec<&ProblemLine>, Vec<&ProblemLine>) = overview.problems.iter().partition(|p| p.severity == Severity::Note);
    let mut out = String::new();
    for problem in &worse {
        let paint = if problem.severity == Severity::Error { Paint::Bad } else { Paint::Doubtful };
        let line = format!("{}: {} [{}]", style.paint(paint, problem.severity.name()), title(problem), problem.code);
        out.push_str(&wrap(&line, style.width, 0, 2));
        let example = example(overview, problem);
        if !example.is_empty() {
            out.push_str(&wrap(&format!("first: {example}"), style.width, 2, 4));
        }
    }
    for note in &notes {
        let example = example(overview, note);
        let first = if example.is_empty() { String::new() } else { format!(" (first: {example})") };
        let line = format!("{}: {}{first} [{}]", style.paint(Paint::Aside, note.severity.name()), title(note), note.code);
        out.push_str(&wrap(&line, style.width, 0, 2));
    }
    if worse.is_empty() && heading == "Problems" {
        return format!("{}\n{out}", style.paint(Paint::Good, "No problems."));
    }
    style.section(heading, &out)
}

/// `12 × Data Sets whose template was never seen`: titles speak of one or of many, so the count stands apart.
fn title(problem: &ProblemLine) -> String {
    let mut text = problem.title.to_owned();
    if let Some(first) = text.get(..1).map(str::to_lowercase)
        && starts_like_a_word(&text)
    {
        text.replace_range(..1, &first);
    }
    format!("{}\u{a0}× {text}", grouped(problem.count.into()))
}

/// True for `Frames carry`, false for `IP packets` and `Data Sets`: abbreviations and terms keep their capitals.
fn starts_like_a_word(text: &str) -> bool {
    let mut words = text.split(' ');
    let first = words.next().unwrap_or_default();
    let capitals = |w: &str| w.chars().next().is_some_and(char::is_uppercase);
    first.chars().skip(1).all(|c| c.is_lowercase() || c == '-') && !words.next().is_some_and(capitals)
}

/// Where and what the first time: file (if there are several), frame, exporter, domain, octet, detail.
fn example(overview: &Overview, problem: &ProblemLine) -> String {
    let mut place = Vec::new();
    let file = overview.files.get(problem.file as usize);
    let unit = file.map_or("frame", |file| file.report.container.unit());
    if overview.files.len() > 1
        && let Some(file) = file
    {
        place.push(escape(&file.report.name).replace(' ', "\u{a0}"));
    }
    if problem.frame > 0 {
        place.push(format!("{unit}\u{a0}{}", problem.frame));
    }
    if let Some(exporter) = problem.exporter {
        place.push(exporter_name(exporter));
    }
    if let Some(domain) = problem.domain {
        place.push(format!("domain\u{a0}{domain}"));
    }
    if let Some(offset) = problem.offset {
        place.push(format!("octet\u{a0}{offset}"));
    }
    let place = place.join(", ");
    // The inputs' details begin with the frame.
    let frame = format!("{unit} {}: ", problem.frame);
    let detail = escape(problem.detail.strip_prefix(&frame).unwrap_or(&problem.detail));
    match (place.is_empty(), detail.is_empty()) {
        (_, true) => place,
        (true, false) => detail.into_owned(),
        (false, false) => format!("{place}: {detail}"),
    }
}
