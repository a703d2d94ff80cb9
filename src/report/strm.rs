//! The overview's verdict: would Juniper STRM take what each exporter sends?

use std::collections::HashMap;

use crate::element::{self, ElementId};
use crate::summary::{Demand, ExporterLine, Overview, StrmVerdict, TemplateVerdict};

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
        let verdicts = verdicts(exporter, style);
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
    style.section("For Juniper STRM: do the templates carry what it needs?", &out)
}

/// What is to be said of an exporter's layouts, those with the same verdict together.
fn verdicts(exporter: &ExporterLine, style: &Style) -> Vec<String> {
    if exporter.strm.is_empty() {
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
    let (used, unused): (Vec<&TemplateVerdict>, Vec<&TemplateVerdict>) = exporter.strm.iter().partition(|v| v.flows > 0);
    let judged = if used.is_empty() { &unused } else { &used };
    let mut groups: Vec<Vec<&TemplateVerdict>> = Vec::new();
    for v in judged {
        let same = |o: &TemplateVerdict| (&o.verdict, o.icmp_only) == (&v.verdict, v.icmp_only);
        match groups.iter_mut().find(|g| g.first().is_some_and(|first| same(first))) {
            Some(members) => members.push(v),
            None => groups.push(vec![v]),
        }
    }
    let mut lines: Vec<String> = groups.iter().map(|members| group(members, style)).collect();
    if !used.is_empty()
        && let Some(ids) = templates(&unused)
    {
        lines.push(format!("{ids}: no flow came with {}", if unused.len() > 1 { "them" } else { "it" }));
    }
    lines
}

/// What is to be said of layouts with the same verdict.
fn group(members: &[&TemplateVerdict], style: &Style) -> String {
    let Some(first) = members.first() else { return String::new() };
    let several = members.len() > 1;
    let them = if several { "them" } else { "it" };
    let mut text = verdict(&first.verdict, several, style);
    if first.icmp_only && !first.verdict.missing.is_empty() {
        text.push_str(&format!("; only ICMP flows use {them}"));
    }
    if first.flows == 0 {
        text.push_str(&format!("; no flow came with {them}"));
    }
    match templates(members) {
        Some(ids) => format!("{ids}: {text}"),
        None => text,
    }
}

/// `templates 1024, 2048`; nothing for the fixed records.
fn templates(members: &[&TemplateVerdict]) -> Option<String> {
    members.first()?;
    let mut ids: Vec<String> = Vec::new();
    for v in members {
        let id = v.template_id?;
        let several = members.iter().filter(|o| o.template_id == v.template_id).count() > 1;
        let text = if v.definition == 1 && !several { id.to_string() } else { format!("{id} (definition\u{a0}{})", v.definition) };
        ids.push(text);
    }
    let more = ids.len().saturating_sub(MOST_IDS);
    ids.truncate(MOST_IDS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("template{}\u{a0}{}{more}", if members.len() == 1 { "" } else { "s" }, ids.join(", ")))
}

fn verdict(verdict: &StrmVerdict, several: bool, style: &Style) -> String {
    let demands = |list: &[Demand]| {
        let texts: Vec<String> = list
            .iter()
            .map(|d| {
                let ids: Vec<String> = d.elements.iter().map(u16::to_string).collect();
                format!("{}\u{a0}({})", name(d), ids.join("\u{a0}or\u{a0}"))
            })
            .collect();
        texts.join(", ")
    };
    let mut text = if verdict.missing.is_empty() {
        style.paint(Paint::Good, "complete")
    } else {
        format!("{} {}", style.paint(Paint::Bad, if several { "lack" } else { "lacks" }), demands(&verdict.missing))
    };
    if !verdict.alternates.is_empty() {
        let pairs: Vec<String> =
            verdict.alternates.iter().map(|(demand, id)| format!("{}\u{a0}({id}) for\u{a0}{}", element_name(*id), name(demand))).collect();
        text.push_str(&format!(
            "{} alternates STRM's note does not name: {}",
            if verdict.missing.is_empty() { ", with" } else { "; has" },
            pairs.join(", ")
        ));
    }
    if !verdict.undecided.is_empty() {
        text.push_str(&format!("; TCP flows would lack {}", demands(&verdict.undecided)));
    }
    text
}

/// The demand's name on one line.
fn name(demand: &Demand) -> String {
    demand.name.replace(' ', "\u{a0}")
}

/// IANA's name of an element.
pub(super) fn element_name(id: u16) -> &'static str {
    element::element(ElementId::iana(id)).map_or("?", |e| e.name)
}
