//! The report for a ticket: GitHub's Markdown, with names from the wire escaped.

use super::super::escape::escape;
use super::super::number::{grouped, span};
use crate::audit::{Audit, Finding};
use crate::collector::Severity;

use super::words::{LEGEND, evidence, flow_layouts, grouped_findings, layout_name, looked_at, octets, outcome, share, sign, verdict, who};

/// The report as Markdown.
pub fn audit_markdown(audit: &Audit) -> String {
    let mut out = String::from("# Will the collector take these flows?\n\n");
    let files: Vec<String> = audit.files.iter().map(|f| safe(f)).collect();
    let times = audit.span.map(|(first, last)| format!(", {}", span(first, last))).unwrap_or_default();
    out.push_str(&format!(
        "{}{times}: {} messages, {} flows.\n",
        files.join(", "),
        grouped(audit.messages.into()),
        grouped(audit.traffic.flows.into())
    ));
    for (at, profile) in audit.profiles.iter().enumerate() {
        out.push_str(&format!("\n## {}\n\n", safe(&profile.title)));
        if audit.exporters.is_empty() {
            out.push_str("No exporter was seen, so nothing can be said.\n");
        }
        for exporter in &audit.exporters {
            let (found, text) = verdict(exporter, profile, at);
            let platform =
                exporter.platform.as_ref().map(|g| format!(" ({}{})", g.family.title, if g.evidence.is_some() { "?" } else { "" }));
            out.push_str(&format!("- {}{}: **{}**: {}\n", who(exporter.key), platform.unwrap_or_default(), outcome(found), safe(&text)));
        }
        let rows: Vec<String> = audit
            .exporters
            .iter()
            .flat_map(|e| flow_layouts(e).map(move |l| (e, l)))
            .filter_map(|(e, l)| {
                let v = l.verdicts.get(at)?;
                let signs: Vec<&str> = v.judgements.iter().map(|j| sign(j).0).collect();
                let flows = grouped(l.traffic.flows.into());
                Some(format!("| {} | {} | {flows} | {} | {} |\n", who(e.key), layout_name(l.name), signs.join(" | "), outcome(v.outcome)))
            })
            .collect();
        if !rows.is_empty() && !profile.demands.is_empty() {
            let names: Vec<String> = profile.demands.iter().map(|d| safe(&d.name)).collect();
            out.push_str(&format!("\n| exporter | template | flows | {} | verdict |\n", names.join(" | ")));
            out.push_str(&format!("|---|---|---:|{}---|\n", ":---:|".repeat(names.len())));
            rows.iter().for_each(|r| out.push_str(r));
            out.push_str(&format!("\n{}\n", LEGEND.replace("   ", ", ")));
        }
    }
    let (notes, worse): (Vec<&Finding>, Vec<&Finding>) = audit.findings.iter().partition(|f| f.kind.severity == Severity::Note);
    out.push_str("\n## Findings\n");
    if audit.findings.is_empty() {
        out.push_str("\nNone.\n");
    }
    for (sentence, group) in grouped_findings(&worse) {
        let Some(f) = group.first() else { continue };
        out.push_str(&format!("\n### {}: {}\n\n", f.kind.severity.name(), safe(&sentence)));
        let evidence = evidence(&group, audit);
        evidence.iter().for_each(|line| out.push_str(&format!("- {}\n", safe(line))));
        if !evidence.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("{} `{}`\n", safe(&f.consequence), f.kind.code));
        if let Some(hint) = &f.hint {
            let (first, lines) = hint.split_once('\n').unwrap_or((hint, ""));
            out.push_str(&format!("\n{}\n", safe(first)));
            if !lines.is_empty() {
                out.push_str(&format!("\n```\n{}\n```\n", lines.lines().map(|l| escape(l).into_owned()).collect::<Vec<_>>().join("\n")));
            }
        }
    }
    if !notes.is_empty() {
        out.push_str("\n### Notes\n\n");
        for (sentence, group) in grouped_findings(&notes) {
            out.push_str(&format!("- {} `{}`\n", safe(&sentence), group.first().map_or("", |f| f.kind.code)));
        }
    }
    if audit.octets.total() > 0 {
        out.push_str("\n## What became of every octet\n\n| UDP payload | octets | share |\n|---|---:|---:|\n");
        for (class, count, thousandths) in octets(audit) {
            out.push_str(&format!("| {} | {} | {} |\n", class.title(), grouped(count.into()), share(thousandths)));
        }
        out.push_str(&format!("| all | {} | 100.0 % |\n", grouped(audit.octets.total().into())));
    }
    if let Some(part) = looked_at(audit) {
        out.push_str(&format!("\n{part}\n"));
    }
    out
}

/// Text that means nothing to Markdown or HTML.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
