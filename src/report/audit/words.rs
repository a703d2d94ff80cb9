//! What every form of the report says: names, symbols, verdicts, places.

use super::super::exporters::exporter_name;
use super::super::number::grouped;
use crate::audit::{Audit, Evidence, ExporterAudit, Finding, Judgement, LayoutAudit, LayoutName, Outcome, Profile, Reason};
use crate::collector::{OctetClass, SourceKey};
use crate::template::Kind;

/// `192.0.2.1 v9 domain 7`.
pub(super) fn who(key: SourceKey) -> String {
    let name = exporter_name(key.exporter);
    match key.domain {
        Some(domain) => format!("{name} {} domain {domain}", key.version),
        None => format!("{name} {}", key.version),
    }
}

/// `template 256`, `template 256 (definition 2)`, `v5 records`.
pub(super) fn layout_name(name: LayoutName) -> String {
    match name {
        LayoutName::Fixed(version) => format!("{version} records"),
        LayoutName::Template(id, 1) => format!("template {id}"),
        LayoutName::Template(id, content) => format!("template {id} (definition {content})"),
    }
}

/// A sign for each judgement, and its word.
pub(super) fn sign(judgement: &Judgement) -> (&'static str, &'static str) {
    match judgement {
        Judgement::Met(_) => ("✓", "there"),
        Judgement::Plausible(_) => ("~", "by an alternate that the document does not name"),
        Judgement::Missing => ("✗", "missing"),
        Judgement::Undecided => ("?", "missing, and no flow came that would tell whether it matters"),
        Judgement::NotNeeded => ("·", "missing, and not needed by these flows"),
    }
}

/// All signs, for a legend.
pub(super) const LEGEND: &str =
    "✓ there   ~ by an alternate that the document does not name   ✗ missing   ? can't be told   · not needed by these flows";

/// The words for an outcome.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::CompleteByAlternates => "complete by alternates",
        Outcome::Incomplete => "incomplete",
        Outcome::Unknown => "unknown",
        Outcome::NotApplicable(Reason::Options) => "options",
        Outcome::NotApplicable(Reason::Events) => "events without counters",
    }
}

/// The layouts of an exporter that describe flows.
pub(super) fn flow_layouts(exporter: &ExporterAudit) -> impl Iterator<Item = &LayoutAudit> {
    exporter.layouts.iter().filter(|l| l.content.kind == Kind::Data)
}

/// How an exporter does by a profile: the outcome that counts, and one sentence.
pub(super) fn verdict(exporter: &ExporterAudit, profile: &Profile, at: usize) -> (Outcome, String) {
    let layouts: Vec<(&LayoutAudit, Outcome)> = flow_layouts(exporter).filter_map(|l| Some((l, l.verdicts.get(at)?.outcome))).collect();
    if layouts.is_empty() {
        return (Outcome::Unknown, "no template for flows was seen, so nothing can be said".to_owned());
    }
    // What no flow came with matters only where no flow came at all.
    let used: Vec<&(&LayoutAudit, Outcome)> = layouts.iter().filter(|(l, _)| l.traffic.flows > 0).collect();
    let judged = if used.is_empty() { layouts.iter().collect() } else { used };
    let worst = [Outcome::Incomplete, Outcome::Unknown, Outcome::CompleteByAlternates, Outcome::Complete];
    let found = worst.into_iter().find(|o| judged.iter().any(|(_, own)| own == o)).unwrap_or(Outcome::NotApplicable(Reason::Events));
    let flows: u64 = judged.iter().filter(|(_, own)| *own == found).map(|(l, _)| l.traffic.flows).sum();
    let of = format!("{} of {} flows", grouped(flows.into()), grouped(exporter.traffic.flows.into()));
    let names = |is: &dyn Fn(&LayoutAudit) -> Vec<String>| {
        let mut all: Vec<String> = judged.iter().filter(|(_, own)| *own == found).flat_map(|(l, _)| is(l)).collect();
        let mut seen = Vec::new();
        all.retain(|n| {
            !seen.contains(n) && {
                seen.push(n.clone());
                true
            }
        });
        all.join(", ")
    };
    let text = match found {
        Outcome::Incomplete if judged.iter().any(|(l, _)| l.verdicts.get(at).is_some_and(|v| !v.version_taken)) => {
            format!("{} does not take {}", profile.title, exporter.key.version)
        }
        Outcome::Incomplete => {
            let of_layout = |l: &LayoutAudit| -> Vec<String> {
                l.verdicts.get(at).map(|v| v.missing(profile).map(|d| d.name.clone()).collect()).unwrap_or_default()
            };
            let mut lists: Vec<Vec<String>> = judged.iter().filter(|(_, own)| *own == found).map(|(l, _)| of_layout(l)).collect();
            lists.dedup();
            let some = if lists.len() > 1 { "one or more of " } else { "" };
            format!("{of} lack {some}{}", names(&of_layout))
        }
        Outcome::Unknown => "no flow came that would tell".to_owned(),
        Outcome::CompleteByAlternates => {
            let by = names(&|l| {
                let Some(v) = l.verdicts.get(at) else { return Vec::new() };
                v.alternates(profile).map(|(d, group)| format!("{group} for {}", d.name)).collect()
            });
            format!("{of} by alternates that its document does not name: {by}")
        }
        Outcome::Complete => of,
        Outcome::NotApplicable(_) => "events without counters, no flows".to_owned(),
    };
    (found, text)
}

/// `frame 12, octet 20`; with the file where there are several. A flow log has messages in place of frames.
pub(super) fn place(evidence: &Evidence, audit: &Audit) -> Option<String> {
    let origin = evidence.origin.filter(|o| o.frame > 0)?;
    let mut text = format!("frame {}", origin.frame);
    if audit.files.len() > 1
        && let Some(file) = audit.files.get(origin.file as usize)
    {
        text = format!("{file}, {text}");
    }
    if let Some(offset) = evidence.offset {
        text.push_str(&format!(", octet {offset}"));
    }
    Some(text)
}

/// The classes of octets that occur, with their share in a thousand; the shares add up to a thousand.
pub(super) fn octets(audit: &Audit) -> Vec<(OctetClass, u64, u64)> {
    let total = audit.octets.total();
    let mut lines: Vec<(OctetClass, u64, u64)> =
        OctetClass::ALL.iter().map(|c| (*c, audit.octets.count(*c), 0)).filter(|(_, octets, _)| *octets > 0).collect();
    let mut left = 1_000;
    for (_, octets, share) in &mut lines {
        *share = u64::try_from(u128::from(*octets) * 1_000 / u128::from(total.max(1))).unwrap_or(0);
        left -= *share;
    }
    // What rounding left over goes to the largest remainders.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(u128::from(lines[*i].1) * 1_000 % u128::from(total.max(1))));
    for i in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        lines[i].2 += 1;
    }
    lines
}

/// `12.3 %` of a share in a thousand.
pub(super) fn share(thousandths: u64) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// What is not all of the flows whose values were looked at.
pub(super) fn looked_at(audit: &Audit) -> Option<String> {
    let (part, whole) = (audit.looked_at, audit.traffic.flows);
    (part < whole).then(|| {
        format!(
            "The values of {} of {} flows were looked at: the first million, then one batch in sixteen (--all-content: all).",
            grouped(part.into()),
            grouped(whole.into())
        )
    })
}

/// Findings that say the same of several layouts, as one: the sentence, and the findings.
pub(super) fn grouped_findings<'a>(findings: &[&'a Finding]) -> Vec<(String, Vec<&'a Finding>)> {
    let mut groups: Vec<Vec<&'a Finding>> = Vec::new();
    for f in findings {
        let same = |o: &Finding| {
            !f.about.is_empty()
                && (f.kind.code, f.subject.exporter, &f.subject.profile, &f.statement, &f.hint)
                    == (o.kind.code, o.subject.exporter, &o.subject.profile, &o.statement, &o.hint)
        };
        match groups.iter_mut().find(|g| g.first().is_some_and(|first| same(first))) {
            Some(group) => group.push(f),
            None => groups.push(vec![f]),
        }
    }
    groups.into_iter().map(|g| (sentence(&g), g)).collect()
}

/// `Templates 256, 257 of 192.0.2.1 v9 domain 0: …`.
fn sentence(group: &[&Finding]) -> String {
    const MOST_IDS: usize = 12;
    let Some(first) = group.first() else { return String::new() };
    if group.len() == 1 {
        return first.sentence();
    }
    let ids: Vec<String> = group
        .iter()
        .take(MOST_IDS)
        .map(|f| match (f.subject.template_id, f.subject.definition) {
            (Some(id), Some(content)) if content > 1 => format!("{id} (definition {content})"),
            (Some(id), _) => id.to_string(),
            _ => "?".to_owned(),
        })
        .collect();
    let more = if group.len() > MOST_IDS { format!(" and {} more", group.len() - MOST_IDS) } else { String::new() };
    let exporter = first.subject.exporter.map(who).unwrap_or_default();
    format!("Templates {}{more} of {exporter}: {}", ids.join(", "), first.statement)
}

/// The evidence of a group; where it is of several, each piece names its template.
pub(super) fn evidence(group: &[&Finding], audit: &Audit) -> Vec<String> {
    let mut out = Vec::new();
    for f in group {
        let name = match f.subject.template_id.filter(|_| group.len() > 1) {
            Some(id) => format!("template {id}: "),
            None => String::new(),
        };
        for e in &f.evidence {
            let at = place(e, audit).map(|p| format!("{p}: ")).unwrap_or_default();
            out.push(format!("{name}{at}{}", e.what));
        }
    }
    out
}
