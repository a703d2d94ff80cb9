//! The overview's verdict: would the collector take what each exporter sends?

use std::collections::HashMap;

use crate::audit::{Demand, Group, LayoutAudit, Outcome, Profile, Reason, Verdict};
use crate::element::{self, ElementId};
use crate::summary::{ExporterLine, Overview};

use super::exporters::who;
use super::number::grouped;
use super::style::{Paint, Style};
use super::width::wrap;

/// Exporters named of those that share a verdict, where there are more than [`MOST_NAMED`] in all.
const FEW_NAMED: usize = 1;
/// Exporters up to which each is named.
const MOST_NAMED: usize = 20;
/// Lines of the section.
const MOST_LINES: usize = 100;
/// Template ids named of those that share a verdict.
const MOST_IDS: usize = 6;

/// A line for each exporter; those of the same verdict share one, since it may be long.
pub(super) fn strm(overview: &Overview, style: &Style) -> String {
    let mut lines: Vec<(Vec<&ExporterLine>, Vec<String>)> = Vec::new();
    let mut line_of: HashMap<Vec<String>, usize> = HashMap::new();
    for exporter in &overview.exporters {
        let verdicts = verdicts(exporter, &overview.profile, style);
        let line = *line_of.entry(verdicts).or_insert_with_key(|verdicts| {
            lines.push((Vec::new(), verdicts.clone()));
            lines.len() - 1
        });
        if let Some((exporters, _)) = lines.get_mut(line) {
            exporters.push(exporter);
        }
    }
    let mut out = String::new();
    let more = lines.len().saturating_sub(MOST_LINES);
    for (exporters, verdicts) in lines.into_iter().take(MOST_LINES) {
        let named = if overview.exporters.len() > MOST_NAMED { FEW_NAMED } else { MOST_NAMED };
        let mut name = exporters.iter().take(named).map(|e| who(e)).collect::<Vec<_>>().join(", ");
        if exporters.len() > named {
            name.push_str(&format!(" …\u{a0}and\u{a0}{}\u{a0}more", grouped((exporters.len() - named) as u128)));
        }
        match verdicts.as_slice() {
            [one] => out.push_str(&wrap(&format!("{name}: {one}"), style.width, 0, 2)),
            several => {
                out.push_str(&wrap(&format!("{name}:"), style.width, 0, 2));
                several.iter().for_each(|verdict| out.push_str(&wrap(verdict, style.width, 2, 4)));
            }
        }
    }
    if more > 0 {
        out.push_str(&wrap(&format!("… and {} more verdicts; --format json has all.", grouped(more as u128)), style.width, 0, 2));
    }
    style.section(&format!("For {}: do the templates carry what it needs?", overview.profile.title), &out)
}

/// What is to be said of an exporter's layouts, those with the same verdict together.
pub(super) fn verdicts(exporter: &ExporterLine, profile: &Profile, style: &Style) -> Vec<String> {
    if exporter.layouts.is_empty() {
        let text = if exporter.sets_without_template > 0 {
            "no template was seen, so nothing can be said"
        } else if exporter.sums.flows > 0 {
            "a flow file keeps the flows and not the templates they came by, so nothing can be said"
        } else {
            "sent neither flows nor a template for flows"
        };
        return vec![style.paint(Paint::Doubtful, text)];
    }
    // What no flow came with matters only where no flow came at all.
    let (used, unused): (Vec<&LayoutAudit>, Vec<&LayoutAudit>) = exporter.layouts.iter().partition(|l| l.traffic.flows > 0);
    let judged = if used.is_empty() { &unused } else { &used };
    let mut groups: Vec<Vec<&LayoutAudit>> = Vec::new();
    for layout in judged {
        let same = |o: &LayoutAudit| (o.verdicts.first(), o.is_icmp_only()) == (layout.verdicts.first(), layout.is_icmp_only());
        match groups.iter_mut().find(|g| g.first().is_some_and(|first| same(first))) {
            Some(members) => members.push(layout),
            None => groups.push(vec![layout]),
        }
    }
    let mut lines: Vec<String> = groups.iter().map(|members| group(members, profile, style)).collect();
    if !used.is_empty()
        && let Some(ids) = templates(&unused)
    {
        lines.push(format!("{ids}: no flow came with {}", if unused.len() > 1 { "them" } else { "it" }));
    }
    lines
}

/// What is to be said of layouts with the same verdict.
fn group(members: &[&LayoutAudit], profile: &Profile, style: &Style) -> String {
    let Some((first, of_first)) = members.first().and_then(|l| l.verdicts.first().map(|v| (l, v))) else { return String::new() };
    let several = members.len() > 1;
    let them = if several { "them" } else { "it" };
    let mut text = verdict(of_first, profile, several, style);
    if first.is_icmp_only() && of_first.outcome == Outcome::Incomplete {
        text.push_str(&format!("; only ICMP flows use {them}"));
    }
    if first.traffic.flows == 0 {
        text.push_str(&format!("; no flow came with {them}"));
    }
    match templates(members) {
        Some(ids) => format!("{ids}: {text}"),
        None => text,
    }
}

/// `templates 1024, 2048`; nothing for the fixed records.
fn templates(members: &[&LayoutAudit]) -> Option<String> {
    members.first()?;
    let mut ids: Vec<String> = Vec::new();
    for layout in members {
        let (id, content) = layout.template()?;
        let several = members.iter().filter(|o| o.template().is_some_and(|(other, _)| other == id)).count() > 1;
        ids.push(if content == 1 && !several { id.to_string() } else { format!("{id} (definition\u{a0}{content})") });
    }
    let more = ids.len().saturating_sub(MOST_IDS);
    ids.truncate(MOST_IDS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("template{}\u{a0}{}{more}", if members.len() == 1 { "" } else { "s" }, ids.join(", ")))
}

fn verdict(verdict: &Verdict, profile: &Profile, several: bool, style: &Style) -> String {
    let title = &profile.title;
    match verdict.outcome {
        Outcome::NotApplicable(Reason::Events) => {
            let what = if several { "event records without counters, no flows" } else { "an event record without counters, no flow" };
            return style.paint(Paint::Doubtful, what);
        }
        Outcome::NotApplicable(Reason::Options) => return "options".to_owned(),
        _ if !verdict.version_taken => return style.paint(Paint::Bad, &format!("{title} does not take this version")),
        _ => {}
    }
    let demands = |list: Vec<&Demand>| list.into_iter().map(named).collect::<Vec<_>>().join(", ");
    let missing: Vec<&Demand> = verdict.missing(profile).collect();
    let complete = missing.is_empty();
    let mut text = if complete {
        style.paint(Paint::Good, "complete")
    } else {
        format!("{} {}", style.paint(Paint::Bad, if several { "lack" } else { "lacks" }), demands(missing))
    };
    let pairs: Vec<String> =
        verdict.alternates(profile).map(|(demand, group)| format!("{} for\u{a0}{}", elements(group), name(demand))).collect();
    if !pairs.is_empty() {
        let with = if complete { ", with" } else { "; has" };
        text.push_str(&format!("{with} alternates that its document does not name: {}", pairs.join(", ")));
    }
    let undecided: Vec<&Demand> = verdict.undecided(profile).collect();
    if !undecided.is_empty() {
        text.push_str(&format!("; TCP flows would lack {}", demands(undecided)));
    }
    text
}

/// `L4_SRC_PORT (7)`.
fn named(demand: &Demand) -> String {
    let groups: Vec<String> = demand.any.iter().map(|g| g.to_string()).collect();
    format!("{}\u{a0}({})", name(demand), groups.join("\u{a0}or\u{a0}"))
}

/// `flowStartSeconds (150)`.
fn elements(group: &Group) -> String {
    group.0.iter().map(|id| format!("{}\u{a0}({id})", element_name(*id))).collect::<Vec<_>>().join("\u{a0}and\u{a0}")
}

/// The demand's name on one line.
fn name(demand: &Demand) -> String {
    demand.name.replace(' ', "\u{a0}")
}

/// The registries' name of an element.
pub(super) fn element_name(id: ElementId) -> &'static str {
    element::element(id).map_or("?", |e| e.name)
}
