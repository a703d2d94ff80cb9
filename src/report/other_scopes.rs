//! What another rule of scope would have decoded: said where Data Sets were left without a template.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::collector::OtherScope;
use crate::summary::{ExporterLine, Overview};
use crate::template::ScopeRule;

use super::exporters::who;
use super::number::{counted, grouped};
use super::style::Style;
use super::width::wrap;

/// Lines at most.
const MOST_LINES: usize = 10;
/// Ports and domains that are listed.
const MOST_LISTED: usize = 5;

/// The rule as `--template-scope` takes it.
pub(super) fn rule_name(rule: ScopeRule) -> &'static str {
    match rule {
        ScopeRule::Session => "session",
        ScopeRule::Address => "address",
        ScopeRule::AnyDomain => "any-domain",
    }
}

/// The lines, one for each exporter and rule; empty where no other rule has more templates.
pub(super) fn other_scopes(overview: &Overview, style: &Style) -> String {
    let lines: Vec<String> =
        overview.exporters.iter().flat_map(|e| e.other_scopes.iter().map(|(rule, found)| line(e, *rule, found))).collect();
    let mut out = String::new();
    for line in lines.iter().take(MOST_LINES) {
        out.push_str(&wrap(line, style.width, 0, 2));
    }
    if lines.len() > MOST_LINES {
        let more = grouped((lines.len() - MOST_LINES) as u128);
        out.push_str(&wrap(&format!("… and {more} more such lines; --format json has all."), style.width, 2, 4));
    }
    out
}

fn line(e: &ExporterLine, rule: ScopeRule, found: &OtherScope) -> String {
    let own = e.key.domain.unwrap_or_default();
    let elsewhere: BTreeSet<u32> = found.template_domains.iter().copied().filter(|domain| *domain != own).collect();
    let why = if elsewhere.is_empty() {
        format!("templates come from {}, data from {}", listed("port", &found.template_ports), listed("port", &found.ports))
    } else {
        format!("templates come in {}, data in domain\u{a0}{own}", listed("domain", &elsewhere))
    };
    let sets = counted(found.sets, "Data\u{a0}Set");
    format!("{}: {sets} without a template would be decoded with --template-scope\u{a0}{} ({why})", who(e), rule_name(rule))
}

/// `port 1` or `ports 1, 2, 3, …`
fn listed<T: Display>(what: &str, numbers: &BTreeSet<T>) -> String {
    let first: Vec<String> = numbers.iter().take(MOST_LISTED).map(ToString::to_string).collect();
    let (plural, more) = (if numbers.len() > 1 { "s" } else { "" }, if numbers.len() > MOST_LISTED { ", …" } else { "" });
    format!("{what}{plural}\u{a0}{}{more}", first.join(", "))
}
