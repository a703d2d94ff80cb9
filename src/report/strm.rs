//! The overview's verdict: would Juniper STRM take what each exporter sends?

use crate::element::{self, ElementId};
use crate::summary::{Demand, ExporterLine, Overview, StrmVerdict, TemplateVerdict};

use super::exporters::who;
use super::number::grouped;
use super::style::{Paint, Style};
use super::width::wrap;

/// With more exporters than this, those of one verdict share a line.
const MOST_LINES: usize = 20;
/// Template ids named of those that share a verdict.
const MOST_IDS: usize = 6;

/// A line for each exporter and verdict.
pub(super) fn strm(overview: &Overview, style: &Style) -> String {
    let mut lines: Vec<(Vec<&ExporterLine>, Vec<String>)> = Vec::new();
    for exporter in &overview.exporters {
        let verdicts = verdicts(exporter, style);
        let same = lines.iter_mut().find(|(_, other)| overview.exporters.len() > MOST_LINES && *other == verdicts);
        match same {
            Some((exporters, _)) => exporters.push(exporter),
            None => lines.push((vec![exporter], verdicts)),
        }
    }
    let mut out = String::new();
    for (exporters, verdicts) in lines {
        let Some(first) = exporters.first() else { continue };
        let name = match exporters.len() {
            1 => who(first),
            n => format!("{} … and {} more", who(first), grouped((n - 1) as u128)),
        };
        out.push_str(&wrap(&format!("{name}: {}", verdicts.join("; ")), style.width, 0, 2));
    }
    style.section("For Juniper STRM", &out)
}

/// What is to be said of an exporter's layouts, those with the same verdict together.
fn verdicts(exporter: &ExporterLine, style: &Style) -> Vec<String> {
    if exporter.strm.is_empty() {
        let text = if exporter.sets_without_template > 0 { "no template was seen, so nothing can be said" } else { "no flows and no template of flows" };
        return vec![style.paint(Paint::Doubtful, text)];
    }
    let mut groups: Vec<(&TemplateVerdict, Vec<&TemplateVerdict>)> = Vec::new();
    for v in &exporter.strm {
        let same = |o: &TemplateVerdict| (&o.verdict, o.flows > 0, o.icmp_only) == (&v.verdict, v.flows > 0, v.icmp_only);
        match groups.iter_mut().find(|(first, _)| same(first)) {
            Some((_, members)) => members.push(v),
            None => groups.push((v, vec![v])),
        }
    }
    groups
        .iter()
        .map(|(first, members)| {
            let mut text = verdict(&first.verdict, style);
            if first.icmp_only && matches!(first.verdict, StrmVerdict::Incomplete(_)) {
                text.push_str(", but only ICMP flows use it");
            }
            if first.flows == 0 {
                text.push_str(" (no flow came with it)");
            }
            match templates(members) {
                Some(ids) => format!("{ids}: {text}"),
                None => text,
            }
        })
        .collect()
}

/// `templates 1024, 2048`; nothing for the fixed records.
fn templates(members: &[&TemplateVerdict]) -> Option<String> {
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
    Some(format!("template{} {}{more}", if members.len() == 1 { "" } else { "s" }, ids.join(", ")))
}

fn verdict(verdict: &StrmVerdict, style: &Style) -> String {
    match verdict {
        StrmVerdict::Complete => style.paint(Paint::Good, "complete"),
        StrmVerdict::ByAlternates(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(demand, id)| format!("{}\u{a0}({id}) for\u{a0}{}", element_name(*id), name(demand))).collect();
            format!("{}, with alternates that STRM's note does not name: {}", style.paint(Paint::Good, "complete"), pairs.join(", "))
        }
        StrmVerdict::Incomplete(missing) => {
            let missing: Vec<String> = missing
                .iter()
                .map(|d| {
                    let ids: Vec<String> = d.elements.iter().map(u16::to_string).collect();
                    format!("{}\u{a0}({})", name(d), ids.join("\u{a0}or\u{a0}"))
                })
                .collect();
            format!("{} {}", style.paint(Paint::Bad, "lacks"), missing.join(", "))
        }
    }
}

/// The demand's name on one line.
fn name(demand: &Demand) -> String {
    demand.name.replace(' ', "\u{a0}")
}

/// IANA's name of an element.
pub(super) fn element_name(id: u16) -> &'static str {
    element::element(ElementId::iana(id)).map_or("?", |e| e.name)
}
