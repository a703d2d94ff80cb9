//! What the profiles ask and a layout does not give.

use crate::template::Kind;

use super::super::catalogue::{ALTERNATE_ELEMENT, MISSING_ELEMENT, RECOMMENDED_MISSING, VERDICT_UNKNOWN, VERSION_NOT_TAKEN};
use super::super::finding::Finding;
use super::super::outcome::{ExporterAudit, LayoutAudit};
use super::super::profile::{Demand, Need, Profile};
use super::super::verdict::{Judgement, Outcome, Verdict};
use super::{Material, count, element_text, percent, plural};

pub(super) fn look(material: &Material<'_>, exporter: &ExporterAudit, out: &mut Vec<Finding>) {
    for layout in exporter.layouts.iter().filter(|l| l.content.kind == Kind::Data) {
        for (profile, verdict) in material.profiles.iter().zip(&layout.verdicts) {
            one(material, exporter, layout, profile, verdict, out);
        }
    }
}

fn one(
    material: &Material<'_>,
    exporter: &ExporterAudit,
    layout: &LayoutAudit,
    profile: &Profile,
    verdict: &Verdict,
    out: &mut Vec<Finding>,
) {
    if matches!(verdict.outcome, Outcome::NotApplicable(_)) {
        return;
    }
    // A template that nothing came with can't lose flows: what others of the exporter carry counts.
    let idle = layout.traffic.flows == 0 && exporter.traffic.flows > 0;
    let mut add = |kind, statement, evidence| {
        let mut finding = material.of_layout(kind, (exporter, layout), statement, evidence);
        finding.subject.profile = Some(profile.name.clone());
        finding.consequence = kind.consequence.replace("{collector}", &profile.title);
        out.push(finding);
    };
    let hangs = || vec![count(hanging(exporter, layout))];
    if idle {
        return;
    }
    if !verdict.version_taken {
        return add(VERSION_NOT_TAKEN, format!("{} does not take {}.", profile.title, exporter.key.version), hangs());
    }
    let missing: Vec<&Demand> = verdict.missing(profile).collect();
    if !missing.is_empty() {
        add(MISSING_ELEMENT, format!("no {} for {}.", demands(&missing), profile.title), hangs());
    }
    let alternates: Vec<String> = verdict
        .alternates(profile)
        .map(|(demand, group)| {
            let elements: Vec<String> = group.0.iter().map(|id| element_text(*id)).collect();
            format!("{} for {}", elements.join(" and "), demand.name)
        })
        .collect();
    if !alternates.is_empty() && missing.is_empty() {
        add(ALTERNATE_ELEMENT, format!("{}, which {}'s document does not name.", alternates.join(", "), profile.title), hangs());
    }
    let recommended: Vec<&Demand> =
        verdict.demands(profile, |j| *j == Judgement::Missing).filter(|d| d.need == Need::Recommended).collect();
    if !recommended.is_empty() {
        add(RECOMMENDED_MISSING, format!("no {}, which {} recommends.", demands(&recommended), profile.title), hangs());
    }
    let undecided: Vec<&Demand> = verdict.undecided(profile).collect();
    if !undecided.is_empty() && verdict.outcome == Outcome::Unknown {
        add(VERDICT_UNKNOWN, format!("no {}, and no flow came that would tell whether it matters.", demands(&undecided)), Vec::new());
    }
}

/// `TCP_FLAGS: 6 tcpControlBits (TCP_FLAGS)`.
fn demands(list: &[&Demand]) -> String {
    let one = |d: &&Demand| {
        let groups: Vec<String> = d.any.iter().map(|g| g.0.iter().map(|id| element_text(*id)).collect::<Vec<_>>().join(" and ")).collect();
        match groups.as_slice() {
            [only] => only.clone(),
            several => several.join(" or "),
        }
    };
    list.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What hangs on a layout.
fn hanging(exporter: &ExporterAudit, layout: &LayoutAudit) -> String {
    let own = &layout.traffic;
    let share = percent(own.flows.into(), exporter.traffic.flows.into());
    format!("{} ({share} of the exporter's), {} octets, {} packets hang on it", plural(own.flows, "flow"), own.bytes, own.packets)
}
