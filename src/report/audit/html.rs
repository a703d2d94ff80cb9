//! The report as one HTML file that refers to nothing outside of it: matrix, findings, a picture of the time, a bar of octets.
//!
//! The template escapes all that it is given; characters that would turn or hide text are escaped before.

use minijinja::Environment;
use serde::Serialize;

use super::super::escape::escape;
use super::super::number::{Clock, counted, grouped, span};
use crate::audit::{Audit, Finding, Need, Outcome, Profile, TimelineRow};
use crate::collector::{OctetClass, Severity};

use super::json::event;
use super::words::{LEGEND, evidence, flow_layouts, grouped_findings, layout_name, looked_at, octets, outcome, share, sign, verdict, who};

const TEMPLATE: &str = include_str!("report.html");
/// Rows of the picture: so many fit a printed page.
const MOST_ROWS: usize = 40;
/// Marks of a row.
const MOST_MARKS: usize = 200;
/// Width of the picture, and of its labels.
const WIDTH: f64 = 1_140.0;
const LABELS: f64 = 300.0;
const ROW: usize = 28;

#[derive(Serialize)]
struct Page {
    program: &'static str,
    files: Vec<String>,
    span: Option<String>,
    messages: String,
    flows: String,
    looked_at: Option<String>,
    legend: String,
    profiles: Vec<ProfilePart>,
    findings: Vec<FindingPart>,
    notes: Vec<FindingPart>,
    timeline: Timeline,
    octets: Vec<OctetPart>,
    octets_total: String,
    undecoded: Vec<String>,
    undecoded_count: String,
}

#[derive(Serialize)]
struct ProfilePart {
    title: String,
    document: String,
    date: String,
    verdicts: Vec<VerdictPart>,
    demands: Vec<DemandPart>,
    rows: Vec<RowPart>,
}

#[derive(Serialize)]
struct VerdictPart {
    exporter: String,
    class: &'static str,
    word: &'static str,
    text: String,
    platform: Option<String>,
}

#[derive(Serialize)]
struct DemandPart {
    name: String,
    title: String,
}

#[derive(Serialize)]
struct RowPart {
    name: String,
    flows: String,
    cells: Vec<Cell>,
    class: &'static str,
    word: &'static str,
}

#[derive(Serialize)]
struct Cell {
    class: &'static str,
    sign: &'static str,
    title: String,
}

#[derive(Serialize)]
struct FindingPart {
    class: &'static str,
    severity: &'static str,
    code: &'static str,
    statement: String,
    consequence: String,
    hint: Option<String>,
    lines: Option<String>,
    evidence: Vec<String>,
}

#[derive(Default, Serialize)]
struct Timeline {
    width: f64,
    height: usize,
    ticks: Vec<Tick>,
    rows: Vec<TimeRow>,
    more: usize,
}

#[derive(Serialize)]
struct Tick {
    x: f64,
    label: String,
}

#[derive(Serialize)]
struct TimeRow {
    y: usize,
    name: String,
    data: Vec<DataPart>,
    marks: Vec<MarkPart>,
}

#[derive(Serialize)]
struct DataPart {
    x: f64,
    width: f64,
    opacity: f64,
    title: String,
}

#[derive(Serialize)]
struct MarkPart {
    x: f64,
    class: &'static str,
    title: String,
}

#[derive(Serialize)]
struct OctetPart {
    title: &'static str,
    octets: String,
    share: String,
    percent: f64,
    color: &'static str,
}

/// The report as HTML.
///
/// # Errors
/// The template can't be filled, which would be a fault of this crate.
pub fn audit_html(audit: &Audit) -> Result<String, String> {
    let mut environment = Environment::new();
    // The name's ending has everything escaped for HTML.
    environment.add_template("report.html", TEMPLATE).map_err(|e| e.to_string())?;
    let template = environment.get_template("report.html").map_err(|e| e.to_string())?;
    template.render(page(audit)).map_err(|e| e.to_string())
}

fn page(audit: &Audit) -> Page {
    let (notes, findings): (Vec<&Finding>, Vec<&Finding>) = audit.findings.iter().partition(|f| f.kind.severity == Severity::Note);
    let undecoded = audit.octets.undecoded();
    Page {
        program: env!("CARGO_PKG_VERSION"),
        files: audit.files.iter().map(|f| plain(f)).collect(),
        span: audit.span.map(|(first, last)| span(first, last)),
        messages: grouped(audit.messages.into()),
        flows: grouped(audit.traffic.flows.into()),
        looked_at: looked_at(audit),
        legend: LEGEND.replace("   ", ", "),
        profiles: audit.profiles.iter().enumerate().map(|(at, p)| profile(audit, p, at)).collect(),
        findings: parts(audit, &findings),
        notes: parts(audit, &notes),
        timeline: timeline(audit),
        octets: octets(audit)
            .into_iter()
            .map(|(class, count, thousandths)| octet(class, count, thousandths, audit.octets.total()))
            .collect(),
        octets_total: grouped(audit.octets.total().into()),
        undecoded: undecoded
            .iter()
            .take(100)
            .map(|u| {
                let offset = u.place.offset.map(|o| format!(", octet {o}")).unwrap_or_default();
                format!("frame {}{offset}: {} octets {}", u.place.origin.frame, grouped(u.octets as u128), u.class.title())
            })
            .collect(),
        undecoded_count: counted(undecoded.len() as u64 + audit.octets.more_undecoded(), "place"),
    }
}

fn plain(text: &str) -> String {
    escape(text).into_owned()
}

fn class(found: Outcome) -> &'static str {
    match found {
        Outcome::Complete => "good",
        Outcome::Incomplete => "bad",
        Outcome::CompleteByAlternates | Outcome::Unknown => "doubt",
        Outcome::NotApplicable(_) => "dim",
    }
}

fn profile(audit: &Audit, profile: &Profile, at: usize) -> ProfilePart {
    let verdicts = audit.exporters.iter().map(|e| {
        let (found, text) = verdict(e, profile, at);
        let platform = e.platform.as_ref().map(|g| match &g.evidence {
            Some(evidence) => format!("Platform: {}, a guess: {}", g.family.title, plain(evidence)),
            None => format!("Platform: {}", g.family.title),
        });
        VerdictPart { exporter: who(e.key), class: class(found), word: outcome(found), text: plain(&text), platform }
    });
    let several = audit.exporters.len() > 1;
    let layouts = audit.exporters.iter().flat_map(|e| flow_layouts(e).map(move |l| (e, l)));
    let rows = layouts.filter_map(|(e, l)| {
        let v = l.verdicts.get(at)?;
        let name = if several { format!("{}, {}", who(e.key), layout_name(l.name)) } else { layout_name(l.name) };
        let cells = v.judgements.iter().zip(&profile.demands).map(|(j, d)| {
            let (sign, word) = sign(j);
            // What is only recommended does not stand out as what is required.
            let class = if d.need == Need::Recommended && sign == "✗" { "undecided" } else { cell_class(sign) };
            Cell { class, sign, title: plain(&format!("{}: {word}", d.name)) }
        });
        Some(RowPart {
            name,
            flows: grouped(l.traffic.flows.into()),
            cells: cells.collect(),
            class: class(v.outcome),
            word: outcome(v.outcome),
        })
    });
    let demand = |d: &crate::audit::Demand| {
        let groups: Vec<String> = d.any.iter().map(ToString::to_string).collect();
        DemandPart { name: plain(&d.name), title: plain(&format!("{}: {}", d.name, groups.join(" or "))) }
    };
    let (used, idle): (Vec<RowPart>, Vec<RowPart>) = rows.partition(|r| r.flows != "0");
    let rows = if used.is_empty() { idle } else { used };
    ProfilePart {
        title: plain(&profile.title),
        document: plain(&profile.source.document),
        date: plain(&profile.source.date),
        verdicts: verdicts.collect(),
        demands: profile.demands.iter().map(demand).collect(),
        rows: if profile.demands.is_empty() { Vec::new() } else { rows },
    }
}

fn cell_class(sign: &str) -> &'static str {
    match sign {
        "✓" => "met",
        "~" => "plausible",
        "✗" => "missing",
        "?" => "undecided",
        _ => "not-needed",
    }
}

fn parts(audit: &Audit, findings: &[&Finding]) -> Vec<FindingPart> {
    grouped_findings(findings).iter().filter_map(|(sentence, group)| Some(finding(audit, sentence, group, group.first()?))).collect()
}

fn finding(audit: &Audit, sentence: &str, group: &[&Finding], f: &Finding) -> FindingPart {
    let class = match f.kind.severity {
        Severity::Error => "bad",
        Severity::Warning => "doubt",
        Severity::Note => "info",
    };
    let (hint, lines) = match f.hint.as_deref().map(|h| h.split_once('\n').unwrap_or((h, ""))) {
        Some((first, "")) => (Some(plain(first)), None),
        Some((first, rest)) => (Some(plain(first)), Some(rest.lines().map(plain).collect::<Vec<_>>().join("\n"))),
        None => (None, None),
    };
    FindingPart {
        class,
        severity: f.kind.severity.name(),
        code: f.kind.code,
        statement: plain(sentence),
        consequence: plain(&f.consequence),
        hint,
        lines,
        evidence: evidence(group, audit).iter().map(|line| plain(line)).collect(),
    }
}

fn timeline(audit: &Audit) -> Timeline {
    let ends = audit
        .timeline
        .iter()
        .flat_map(|r| r.data.iter().flat_map(|(from, to, _)| [from.nanos(), to.nanos()]).chain(r.marks.iter().map(|(t, _)| t.nanos())));
    let (Some(first), Some(last)) = (ends.clone().min(), ends.max()) else { return Timeline::default() };
    let length = (last - first).max(1) as f64;
    let x = |nanos: i64| {
        let place = LABELS + 10.0 + (nanos.saturating_sub(first)) as f64 / length * (WIDTH - LABELS - 40.0);
        (place * 10.0).round() / 10.0
    };
    // What has data comes first where not all have room.
    let mut order: Vec<&TimelineRow> = audit.timeline.iter().collect();
    if order.len() > MOST_ROWS {
        order.sort_by_key(|r| r.data.is_empty());
    }
    let rows: Vec<TimeRow> = order.into_iter().take(MOST_ROWS).enumerate().map(|(n, r)| time_row(audit, r, 20 + n * ROW, &x)).collect();
    let height = 20 + rows.len() * ROW + 30;
    let ticks = (0..=4).map(|n| {
        let nanos = first.saturating_add((length / 4.0 * f64::from(n)) as i64);
        let clock = Clock::of(crate::time::Timestamp::from_nanos(nanos));
        let label = if n == 0 { format!("{} {}", clock.day, clock.seconds) } else { clock.seconds };
        Tick { x: x(nanos), label }
    });
    Timeline { width: WIDTH, height, ticks: ticks.collect(), more: audit.timeline.len() - rows.len(), rows }
}

fn time_row(audit: &Audit, row: &TimelineRow, y: usize, x: &impl Fn(i64) -> f64) -> TimeRow {
    let densest = row.data.iter().map(|(_, _, n)| *n).max().unwrap_or(1).max(1) as f64;
    let data = row.data.iter().map(|(from, to, records)| DataPart {
        x: x(from.nanos()),
        width: (((x(to.nanos()) - x(from.nanos())).max(1.5)) * 10.0).round() / 10.0,
        opacity: (((*records as f64 / densest).sqrt() * 0.75 + 0.25) * 100.0).round() / 100.0,
        title: format!("{from}: {} records", grouped((*records).into())),
    });
    let marks = row.marks.iter().take(MOST_MARKS).map(|(time, kind)| MarkPart {
        x: x(time.nanos()),
        class: event(*kind),
        title: format!("{time}: {}", event(*kind)),
    });
    let name =
        if audit.exporters.len() > 1 { format!("{}, {}", who(row.exporter), layout_name(row.layout)) } else { layout_name(row.layout) };
    TimeRow { y, name, data: data.collect(), marks: marks.collect() }
}

fn octet(class: OctetClass, octets: u64, thousandths: u64, total: u64) -> OctetPart {
    let color = match class {
        OctetClass::MessageHeader => "#6b7f99",
        OctetClass::SetHeader => "#8fa1b8",
        OctetClass::Template => "#3f8f6b",
        OctetClass::OptionsTemplate => "#62b38c",
        OctetClass::Options => "#8fd0b0",
        OctetClass::Flow => "#3d7fc4",
        OctetClass::PaddingZero => "#b9bfc6",
        OctetClass::PaddingOther => "#c9b458",
        OctetClass::NoTemplate => "#c22f2f",
        OctetClass::Truncated => "#d9822b",
        OctetClass::Refused => "#8e3b8e",
        OctetClass::BeyondCount => "#e0a24a",
        OctetClass::NotNde => "#7a7a7a",
    };
    let percent = (octets as f64 / total.max(1) as f64 * 1e4).round() / 100.0;
    OctetPart { title: class.title(), octets: grouped(octets.into()), share: share(thousandths), percent, color }
}
