//! The report for a terminal: the verdict first, then who lacks what, then what was found and what to do.

use super::super::escape::escape;
use super::super::grid::{Grid, numbers, words};
use super::super::number::{counted, grouped};
use super::super::style::{Paint, Style};
use super::super::width::{width, wrap};
use crate::audit::{Audit, ExporterAudit, Finding, Outcome, Profile};
use crate::collector::Severity;

use super::words::{LEGEND, evidence, flow_layouts, grouped_findings, layout_name, looked_at, octets, outcome, share, sign, verdict, who};

/// Rows of a matrix; JSON and HTML have all.
const MOST_ROWS: usize = 60;
/// Pieces of evidence of a finding.
const MOST_EVIDENCE: usize = 3;

/// The report as text.
pub fn audit_text(audit: &Audit, style: &Style) -> String {
    let mut out = Vec::new();
    for (at, profile) in audit.profiles.iter().enumerate() {
        out.push(verdicts(audit, profile, at, style));
        out.extend(matrix(audit, profile, at, style));
    }
    out.push(findings(audit, style));
    out.push(ledger(audit, style));
    let mut text = out.join("\n");
    if let Some(part) = looked_at(audit) {
        text.push_str(&format!("\n{}", wrap(&part, style.width, 0, 0)));
    }
    text
}

fn verdicts(audit: &Audit, profile: &Profile, at: usize, style: &Style) -> String {
    let mut body = String::new();
    for exporter in &audit.exporters {
        let (found, text) = verdict(exporter, profile, at);
        let word = style.paint(paint(found), outcome(found));
        body.push_str(&wrap(&format!("{}: {word}: {}", named(exporter), escape(&text)), style.width, 0, 2));
    }
    if audit.exporters.is_empty() {
        body.push_str(&format!("{}\n", style.paint(Paint::Doubtful, "no exporter was seen, so nothing can be said")));
    }
    style.section(&format!("{}: will it take these flows?", escape(&profile.title)), &body)
}

/// `192.0.2.1 v9 domain 0 (softflowd?)`.
fn named(exporter: &ExporterAudit) -> String {
    match &exporter.platform {
        Some(guess) if guess.evidence.is_some() => format!("{} ({}?)", who(exporter.key), guess.family.title),
        Some(guess) => format!("{} ({})", who(exporter.key), guess.family.title),
        None => who(exporter.key),
    }
}

fn paint(outcome: Outcome) -> Paint {
    match outcome {
        Outcome::Complete => Paint::Good,
        Outcome::Incomplete => Paint::Bad,
        Outcome::CompleteByAlternates | Outcome::Unknown => Paint::Doubtful,
        Outcome::NotApplicable(_) => Paint::Aside,
    }
}

/// Layouts by requirements: a column of signs for each demand, whose numbers the legend explains.
fn matrix(audit: &Audit, profile: &Profile, at: usize, style: &Style) -> Option<String> {
    let rows: Vec<(String, String, Vec<String>, Outcome)> = audit
        .exporters
        .iter()
        .flat_map(|e| flow_layouts(e).map(move |l| (e, l)))
        .filter_map(|(e, l)| {
            let v = l.verdicts.get(at)?;
            let name = if audit.exporters.len() > 1 { format!("{}, {}", who(e.key), layout_name(l.name)) } else { layout_name(l.name) };
            let signs = v.judgements.iter().zip(&profile.demands).map(|(j, _)| sign(j).0.to_owned()).collect();
            Some((name, grouped(l.traffic.flows.into()), signs, v.outcome))
        })
        .collect();
    if rows.is_empty() || profile.demands.is_empty() {
        return None;
    }
    // What no flow came with matters only where no flow came at all.
    let (used, idle): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| r.1 != "0");
    let (rows, idle) = if used.is_empty() { (idle, 0) } else { (used, idle.len()) };
    let name_width = rows.iter().map(|r| width(&r.0)).max().unwrap_or(0).max("template".len());
    let flow_width = rows.iter().map(|r| r.1.len()).max().unwrap_or(0).max("flows".len());
    let cell = if profile.demands.len() > 9 { 3 } else { 2 };
    let mut body = String::new();
    let heads: String = (1..=profile.demands.len()).map(|n| format!("{n:>cell$}")).collect();
    let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(width(text)));
    body.push_str(&format!("template{}  {}flows  {heads}\n", pad("template", name_width), pad("flows", flow_width)));
    for (name, flows, signs, found) in rows.iter().take(MOST_ROWS) {
        let signs: String = signs.iter().map(|s| format!("{}{}", " ".repeat(cell - 1), style.paint(sign_paint(s), s))).collect();
        let word = style.paint(paint(*found), outcome(*found));
        body.push_str(&format!("{name}{}  {}{flows}  {signs}  {word}\n", pad(name, name_width), pad(flows, flow_width)));
    }
    if rows.len() > MOST_ROWS {
        body.push_str(&format!("… and {} more; --format json has all\n", rows.len() - MOST_ROWS));
    }
    if idle > 0 {
        body.push_str(&format!("and {}, with which no flow came\n", counted(idle as u64, "template")));
    }
    let legend: Vec<String> = (1..)
        .zip(&profile.demands)
        .map(|(n, d)| {
            let groups: Vec<String> = d.any.iter().map(ToString::to_string).collect();
            format!("{n}\u{a0}{}\u{a0}({})", escape(&d.name).replace(' ', "\u{a0}"), groups.join("\u{a0}or\u{a0}"))
        })
        .collect();
    body.push_str(&wrap(&legend.join(", "), style.width, 0, 0));
    body.push_str(&wrap(&LEGEND.replace("   ", ", "), style.width, 0, 0));
    Some(style.section(&format!("What the templates have of it ({})", escape(&profile.name)), &body))
}

fn sign_paint(sign: &str) -> Paint {
    match sign {
        "✓" => Paint::Good,
        "✗" => Paint::Bad,
        "~" | "?" => Paint::Doubtful,
        _ => Paint::Aside,
    }
}

fn findings(audit: &Audit, style: &Style) -> String {
    if audit.findings.is_empty() {
        return style.section("Findings", "none\n");
    }
    let (notes, worse): (Vec<&Finding>, Vec<&Finding>) = audit.findings.iter().partition(|f| f.kind.severity == Severity::Note);
    let mut out = Vec::new();
    if !worse.is_empty() {
        let body: Vec<String> = grouped_findings(&worse).iter().map(|(sentence, group)| full(audit, sentence, group, style)).collect();
        out.push(style.section("Findings", &body.join("\n")));
    }
    if !notes.is_empty() {
        let line = |(sentence, group): &(String, Vec<&Finding>)| {
            let code = group.first().map_or("", |f| f.kind.code);
            wrap(&format!("{} [{code}]", escape(sentence)), style.width, 0, 2)
        };
        let body: String = grouped_findings(&notes).iter().map(line).collect();
        out.push(style.section("Notes", &body));
    }
    out.push("`ipfix-inspect explain CODE` tells more of a [code].\n".to_owned());
    out.join("\n")
}

fn full(audit: &Audit, sentence: &str, group: &[&Finding], style: &Style) -> String {
    let Some(finding) = group.first() else { return String::new() };
    let paint = if finding.kind.severity == Severity::Error { Paint::Bad } else { Paint::Doubtful };
    let word = style.paint(paint, finding.kind.severity.name());
    let mut out = wrap(&format!("{word}: {} [{}]", escape(sentence), finding.kind.code), style.width, 0, 2);
    let evidence = evidence(group, audit);
    for line in evidence.iter().take(MOST_EVIDENCE) {
        out.push_str(&wrap(&escape(line), style.width, 2, 4));
    }
    if evidence.len() > MOST_EVIDENCE {
        out.push_str(&format!("  … and {} more\n", evidence.len() - MOST_EVIDENCE));
    }
    out.push_str(&wrap(&escape(&format!("→ {}", finding.consequence)), style.width, 2, 4));
    if let Some(hint) = &finding.hint {
        for (n, line) in hint.lines().enumerate() {
            // Configuration lines stay whole: they are there to be copied.
            let line = escape(line);
            if n == 0 { out.push_str(&wrap(&line, style.width, 2, 4)) } else { out.push_str(&format!("      {line}\n")) }
        }
    }
    out
}

fn ledger(audit: &Audit, style: &Style) -> String {
    let total = audit.octets.total();
    if total == 0 {
        return String::new();
    }
    let mut grid = Grid::new(vec![words("UDP payload", 0), numbers("octets", 0), numbers("share", 0)]);
    for (class, octets, thousandths) in octets(audit) {
        let paint = if class.is_decoded() { Paint::Plain } else { Paint::Doubtful };
        grid.row(vec![(class.title().to_owned(), paint), (grouped(octets.into()), Paint::Plain), (share(thousandths), Paint::Plain)]);
    }
    grid.row(vec![("all".to_owned(), Paint::Plain), (grouped(total.into()), Paint::Plain), ("100.0 %".to_owned(), Paint::Plain)]);
    let mut body = grid.render(style);
    let undecoded = audit.octets.undecoded();
    for u in undecoded.iter().take(3) {
        let exporter = u.place.exporter.and_then(crate::datagram::known).map(|a| format!(" of {a}")).unwrap_or_default();
        let offset = u.place.offset.map(|o| format!(", octet {o}")).unwrap_or_default();
        let line = format!("frame {}{offset}{exporter}: {} octets {}", u.place.origin.frame, grouped(u.octets as u128), u.class.title());
        body.push_str(&wrap(&line, style.width, 2, 4));
    }
    let more = (undecoded.len().saturating_sub(3)) as u64 + audit.octets.more_undecoded();
    if more > 0 {
        body.push_str(&wrap(
            &format!("… and {} more places; --format json has the first thousand", grouped(more.into())),
            style.width,
            2,
            4,
        ));
    }
    style.section("What became of every octet", &body)
}
