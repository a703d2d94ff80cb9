//! What the codes of findings mean: one in full, all as a list, or JSON, the schema `ipfix-inspect/findings/1` of the [module](super).

use serde::Serialize;

use crate::audit::FindingKind;

use super::json::pretty;
use super::style::{Paint, Style};
use super::width::wrap;

/// One kind in full.
pub fn finding_text(kind: &FindingKind, style: &Style) -> String {
    let mut out = format!("{} ({})\n", style.paint(Paint::Heading, kind.code), kind.severity.name());
    out.push_str(&wrap(&format!("{}.", kind.title.trim_end_matches('.')), style.width, 2, 2));
    out.push_str(&wrap(kind.explanation, style.width, 2, 2));
    out.push_str(&wrap(&format!("→ {}", consequence(kind)), style.width, 2, 4));
    out
}

/// A line for each kind.
pub fn findings_text(kinds: &[FindingKind], style: &Style) -> String {
    let longest = kinds.iter().map(|k| k.code.len()).max().unwrap_or(0);
    kinds
        .iter()
        .map(|k| {
            let code = format!("{:<longest$}", k.code).replace(' ', "\u{a0}");
            wrap(&format!("{code}  {}: {}", k.severity.name(), k.title.trim_end_matches('.')), style.width, 0, longest + 2)
        })
        .collect()
}

fn consequence(kind: &FindingKind) -> String {
    let text = kind.consequence.replace("{collector}", "the collector");
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    findings: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: &'static str,
    title: &'a str,
    explanation: &'a str,
    consequence: String,
}

/// Kinds for programs.
pub fn findings_json(kinds: &[FindingKind]) -> String {
    let line = |k: &FindingKind| Line {
        code: k.code,
        severity: k.severity.name(),
        title: k.title,
        explanation: k.explanation,
        consequence: consequence(k),
    };
    pretty(&Report { schema: "ipfix-inspect/findings/1", findings: kinds.iter().map(line).collect() })
}
