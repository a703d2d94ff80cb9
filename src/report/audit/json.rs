//! The report for programs: the schema `ipfix-inspect/audit/1` of the [module](crate::report).

use serde::Serialize;

use super::super::json::{pretty, saturated};
use crate::audit::{Audit, Evidence, ExporterAudit, Finding, Judgement, LayoutAudit, Profile, Subject, TimelineRow, Traffic};
use crate::collector::{OctetClass, SourceKey, Undecoded};
use crate::datagram::known;
use crate::template::{EventKind, Kind};

use super::words::verdict;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    files: &'a [String],
    first: Option<String>,
    last: Option<String>,
    messages: u64,
    traffic: Sums,
    looked_at: u64,
    profiles: Vec<ProfileLine<'a>>,
    exporters: Vec<Exporter<'a>>,
    findings: Vec<FindingLine<'a>>,
    octets: Octets<'a>,
    timeline: Vec<Row>,
}

#[derive(Serialize)]
struct Sums {
    flows: u64,
    bytes: u64,
    packets: u64,
    tcp: u64,
    icmp: u64,
}

#[derive(Serialize)]
struct ProfileLine<'a> {
    name: &'a str,
    title: &'a str,
    demands: Vec<&'a str>,
}

#[derive(Serialize)]
struct Who {
    exporter: Option<String>,
    version: String,
    domain: Option<u32>,
}

#[derive(Serialize)]
struct Exporter<'a> {
    #[serde(flatten)]
    who: Who,
    ports: &'a [u16],
    messages: u64,
    first_seen: String,
    last_seen: String,
    traffic: Sums,
    platform: Option<Platform<'a>>,
    verdicts: Vec<Overall<'a>>,
    layouts: Vec<Layout<'a>>,
}

#[derive(Serialize)]
struct Platform<'a> {
    id: &'a str,
    title: &'a str,
    evidence: Option<&'a str>,
}

#[derive(Serialize)]
struct Overall<'a> {
    profile: &'a str,
    verdict: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Layout<'a> {
    template_id: Option<u16>,
    definition: Option<u32>,
    kind: &'static str,
    sent: bool,
    traffic: Sums,
    fields: usize,
    verdicts: Vec<VerdictLine<'a>>,
}

#[derive(Serialize)]
struct VerdictLine<'a> {
    profile: &'a str,
    verdict: &'static str,
    version_taken: bool,
    demands: Vec<DemandLine<'a>>,
}

#[derive(Serialize)]
struct DemandLine<'a> {
    name: &'a str,
    judgement: &'static str,
    by: Option<String>,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    code: &'a str,
    severity: &'static str,
    title: &'a str,
    #[serde(flatten)]
    subject: SubjectLine<'a>,
    statement: String,
    evidence: Vec<EvidenceLine<'a>>,
    consequence: &'a str,
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct SubjectLine<'a> {
    exporter: Option<String>,
    version: Option<String>,
    domain: Option<u32>,
    template_id: Option<u16>,
    definition: Option<u32>,
    profile: Option<&'a str>,
}

#[derive(Serialize)]
struct EvidenceLine<'a> {
    file: Option<&'a str>,
    frame: Option<u64>,
    offset: Option<usize>,
    what: &'a str,
}

#[derive(Serialize)]
struct Octets<'a> {
    total: u64,
    classes: Vec<Class>,
    undecoded: Vec<Place<'a>>,
    more_undecoded: u64,
}

#[derive(Serialize)]
struct Class {
    class: &'static str,
    octets: u64,
    decoded: bool,
}

#[derive(Serialize)]
struct Place<'a> {
    class: &'static str,
    file: Option<&'a str>,
    frame: u64,
    offset: Option<usize>,
    octets: usize,
    exporter: Option<String>,
    domain: Option<u32>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    who: Who,
    template_id: Option<u16>,
    definition: Option<u32>,
    marks: Vec<Mark>,
    data: Vec<Stretch>,
}

#[derive(Serialize)]
struct Mark {
    time: String,
    event: &'static str,
}

#[derive(Serialize)]
struct Stretch {
    from: String,
    to: String,
    records: u64,
}

/// The report as JSON.
pub fn audit_json(audit: &Audit) -> String {
    let demands = |p: &'_ Profile| -> Vec<String> { p.demands.iter().map(|d| d.name.clone()).collect() };
    let names: Vec<Vec<String>> = audit.profiles.iter().map(|p| demands(p)).collect();
    pretty(&Report {
        schema: "ipfix-inspect/audit/1",
        files: &audit.files,
        first: audit.span.map(|(first, _)| first.to_string()),
        last: audit.span.map(|(_, last)| last.to_string()),
        messages: audit.messages,
        traffic: sums(&audit.traffic),
        looked_at: audit.looked_at,
        profiles: audit
            .profiles
            .iter()
            .zip(&names)
            .map(|(p, names)| ProfileLine { name: &p.name, title: &p.title, demands: names.iter().map(String::as_str).collect() })
            .collect(),
        exporters: audit.exporters.iter().map(|e| exporter(audit, e)).collect(),
        findings: audit.findings.iter().map(|f| finding(audit, f)).collect(),
        octets: Octets {
            total: audit.octets.total(),
            classes: OctetClass::ALL
                .iter()
                .map(|c| Class { class: c.code(), octets: audit.octets.count(*c), decoded: c.is_decoded() })
                .collect(),
            undecoded: audit.octets.undecoded().iter().map(|u| undecoded(audit, u)).collect(),
            more_undecoded: audit.octets.more_undecoded(),
        },
        timeline: audit.timeline.iter().map(row).collect(),
    })
}

fn sums(t: &Traffic) -> Sums {
    Sums { flows: t.flows, bytes: saturated(t.bytes), packets: saturated(t.packets), tcp: t.tcp, icmp: t.icmp }
}

fn who(key: SourceKey) -> Who {
    Who { exporter: known(key.exporter).map(|a| a.to_string()), version: key.version.to_string(), domain: key.domain }
}

fn exporter<'a>(audit: &'a Audit, e: &'a ExporterAudit) -> Exporter<'a> {
    Exporter {
        who: who(e.key),
        ports: &e.ports,
        messages: e.messages,
        first_seen: e.first_seen.to_string(),
        last_seen: e.last_seen.to_string(),
        traffic: sums(&e.traffic),
        platform: e.platform.as_ref().map(|g| Platform { id: g.family.id, title: &g.family.title, evidence: g.evidence.as_deref() }),
        verdicts: audit
            .profiles
            .iter()
            .enumerate()
            .map(|(at, p)| {
                let (outcome, message) = verdict(e, p, at);
                Overall { profile: &p.name, verdict: outcome.name(), message }
            })
            .collect(),
        layouts: e.layouts.iter().map(|l| layout(audit, l)).collect(),
    }
}

fn layout<'a>(audit: &'a Audit, l: &'a LayoutAudit) -> Layout<'a> {
    Layout {
        template_id: l.template().map(|(id, _)| id),
        definition: l.template().map(|(_, content)| content),
        kind: if l.content.kind == Kind::Options { "options" } else { "data" },
        sent: l.sent,
        traffic: sums(&l.traffic),
        fields: l.content.fields.len(),
        verdicts: audit
            .profiles
            .iter()
            .zip(&l.verdicts)
            .map(|(p, v)| VerdictLine {
                profile: &p.name,
                verdict: v.outcome.name(),
                version_taken: v.version_taken,
                demands: p.demands.iter().zip(&v.judgements).map(|(d, j)| demand(&d.name, j)).collect(),
            })
            .collect(),
    }
}

fn demand<'a>(name: &'a str, judgement: &Judgement) -> DemandLine<'a> {
    let (word, by) = match judgement {
        Judgement::Met(group) => ("met", Some(group.to_string())),
        Judgement::Plausible(group) => ("plausible", Some(group.to_string())),
        Judgement::Missing => ("missing", None),
        Judgement::Undecided => ("undecided", None),
        Judgement::NotNeeded => ("not-needed", None),
    };
    DemandLine { name, judgement: word, by }
}

fn finding<'a>(audit: &'a Audit, f: &'a Finding) -> FindingLine<'a> {
    FindingLine {
        code: f.kind.code,
        severity: f.kind.severity.name(),
        title: f.kind.title,
        subject: subject(&f.subject),
        statement: f.sentence(),
        evidence: f.evidence.iter().map(|e| evidence(audit, e)).collect(),
        consequence: &f.consequence,
        hint: f.hint.as_deref(),
    }
}

fn subject(s: &Subject) -> SubjectLine<'_> {
    SubjectLine {
        exporter: s.exporter.and_then(|k| known(k.exporter)).map(|a| a.to_string()),
        version: s.exporter.map(|k| k.version.to_string()),
        domain: s.exporter.and_then(|k| k.domain),
        template_id: s.template_id,
        definition: s.definition,
        profile: s.profile.as_deref(),
    }
}

fn evidence<'a>(audit: &'a Audit, e: &'a Evidence) -> EvidenceLine<'a> {
    let origin = e.origin.filter(|o| o.frame > 0);
    EvidenceLine {
        file: origin.and_then(|o| audit.files.get(o.file as usize)).map(String::as_str),
        frame: origin.map(|o| o.frame),
        offset: e.offset,
        what: &e.what,
    }
}

fn undecoded<'a>(audit: &'a Audit, u: &Undecoded) -> Place<'a> {
    Place {
        class: u.class.code(),
        file: audit.files.get(u.place.origin.file as usize).map(String::as_str),
        frame: u.place.origin.frame,
        offset: u.place.offset,
        octets: u.octets,
        exporter: u.place.exporter.and_then(known).map(|a| a.to_string()),
        domain: u.place.domain,
    }
}

fn row(row: &TimelineRow) -> Row {
    let template = match row.layout {
        crate::audit::LayoutName::Fixed(_) => None,
        crate::audit::LayoutName::Template(id, content) => Some((id, content)),
    };
    Row {
        who: who(row.exporter),
        template_id: template.map(|(id, _)| id),
        definition: template.map(|(_, content)| content),
        marks: row.marks.iter().map(|(time, kind)| Mark { time: time.to_string(), event: event(*kind) }).collect(),
        data: row.data.iter().map(|(from, to, n)| Stretch { from: from.to_string(), to: to.to_string(), records: *n }).collect(),
    }
}

/// The word for an event.
pub(super) fn event(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Learned => "learned",
        EventKind::Refreshed => "refreshed",
        EventKind::Redefined(_) => "redefined",
        EventKind::Withdrawn => "withdrawn",
        EventKind::WithdrawalIgnored => "withdrawal-ignored",
    }
}
