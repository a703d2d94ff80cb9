//! The report as JUnit XML: a suite an exporter, a case a template by profile and a case a finding, for CI systems.

use std::fmt::Write;

use super::super::escape::escape;
use crate::audit::{Audit, Finding, Outcome};
use crate::collector::Severity;

use super::words::{flow_layouts, layout_name, outcome, place, who};

/// A case: its class, its name, why it failed if it did.
struct Case {
    class: String,
    name: String,
    failure: Option<(String, String)>,
}

/// The report as JUnit XML. What is worse than a warning fails, and warnings too if `strict`.
pub fn audit_junit(audit: &Audit, strict: bool) -> String {
    let mut suites: Vec<(String, Vec<Case>)> = vec![("input".to_owned(), of_findings(audit, None, strict))];
    for exporter in &audit.exporters {
        let name = who(exporter.key);
        let mut cases = Vec::new();
        for (at, profile) in audit.profiles.iter().enumerate() {
            for layout in flow_layouts(exporter) {
                let Some(verdict) = layout.verdicts.get(at) else { continue };
                let idle = layout.traffic.flows == 0 && exporter.traffic.flows > 0;
                let failure = (verdict.outcome == Outcome::Incomplete && !idle).then(|| {
                    let missing: Vec<String> = verdict.missing(profile).map(|d| d.name.clone()).collect();
                    let why =
                        if verdict.version_taken { format!("lacks {}", missing.join(", ")) } else { "its version is not taken".to_owned() };
                    (outcome(verdict.outcome).to_owned(), why)
                });
                cases.push(Case { class: profile.name.clone(), name: layout_name(layout.name), failure });
            }
        }
        cases.extend(of_findings(audit, Some(exporter.key), strict));
        suites.push((name, cases));
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = |cases: &[Case]| (cases.len(), cases.iter().filter(|c| c.failure.is_some()).count());
    let (tests, failures) = suites.iter().map(|(_, c)| count(c)).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    let _ = writeln!(out, "<testsuites name=\"ipfix-inspect audit\" tests=\"{tests}\" failures=\"{failures}\">");
    for (name, cases) in &suites {
        let (tests, failures) = count(cases);
        let _ = writeln!(out, "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\">", xml(name));
        for case in cases {
            let head = format!("    <testcase classname=\"{}\" name=\"{}\"", xml(&case.class), xml(&case.name));
            match &case.failure {
                None => _ = writeln!(out, "{head}/>"),
                Some((kind, text)) => {
                    let first = text.lines().next().unwrap_or_default();
                    let _ = writeln!(out, "{head}>");
                    let _ = writeln!(out, "      <failure type=\"{}\" message=\"{}\">{}</failure>", xml(kind), xml(first), xml(text));
                    let _ = writeln!(out, "    </testcase>");
                }
            }
        }
        let _ = writeln!(out, "  </testsuite>");
    }
    out.push_str("</testsuites>\n");
    out
}

/// The findings about an exporter, or those about none. What lacks a field is a case of its template already.
fn of_findings(audit: &Audit, exporter: Option<crate::collector::SourceKey>, strict: bool) -> Vec<Case> {
    let fails = |f: &Finding| f.kind.severity == Severity::Error || (strict && f.kind.severity == Severity::Warning);
    let own =
        audit.findings.iter().filter(|f| f.subject.exporter == exporter && !matches!(f.kind.code, "missing-element" | "version-not-taken"));
    own.map(|f| {
        let mut text = f.sentence();
        for e in &f.evidence {
            let at = place(e, audit).map(|p| format!("{p}: ")).unwrap_or_default();
            text.push_str(&format!("\n{at}{}", e.what));
        }
        text.push_str(&format!("\n{}", f.consequence));
        let subject = f.subject.template_id.map(|id| format!("template {id}: ")).unwrap_or_default();
        Case {
            class: f.kind.code.to_owned(),
            name: format!("{subject}{}", f.kind.title),
            failure: fails(f).then(|| (f.kind.severity.name().to_owned(), text)),
        }
    })
    .collect()
}

/// Text for an attribute or between tags; what XML 1.0 can't hold is escaped before.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split('\n') {
        if !out.is_empty() {
            out.push_str("&#10;");
        }
        for c in escape(line).chars() {
            match c {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&apos;"),
                c => out.push(c),
            }
        }
    }
    out
}
