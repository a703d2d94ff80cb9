//! Profiles of collectors: a list, one in full, or JSON, the schema `ipfix-inspect/profiles/1` of the [module](super).

use std::sync::Arc;

use serde::Serialize;

use crate::audit::{Condition, Group, Need, Profile};

use super::escape::escape;
use super::grid::{Grid, numbers, words};
use super::json::pretty;
use super::strm::element_name;
use super::style::{Paint, Style};
use super::width::wrap;

/// A line for each profile.
pub fn profiles_text(list: &[Arc<Profile>], style: &Style) -> String {
    let columns =
        vec![words("profile", 0), words("collector", 0), words("versions", 0), numbers("asks", 0), words("source", 1), words("date", 2)];
    let mut grid = Grid::new(columns);
    for p in list {
        let plain = |text: String| (escape(&text).into_owned(), Paint::Plain);
        grid.row(vec![
            plain(p.name.clone()),
            plain(p.title.clone()),
            plain(versions(p)),
            plain(p.demands.len().to_string()),
            plain(p.source.document.clone()),
            plain(p.source.date.clone()),
        ]);
    }
    grid.fit(style.width);
    let all = grid.render(style);
    format!("{all}\n`ipfix-inspect profiles NAME` shows one; `ipfix-inspect audit --profile NAME FILE` asks it.\n")
}

/// One profile with all it asks.
pub fn profile_text(profile: &Profile, style: &Style) -> String {
    let heading = style.paint(Paint::Heading, &format!("{}: {}", profile.name, escape(&profile.title)));
    let source = &profile.source;
    let url = source.url.as_ref().map(|u| format!(" <{u}>")).unwrap_or_default();
    let mut out = format!("{heading}\n");
    out.push_str(&wrap(&escape(&format!("Source: {}{url}, {}", source.document, source.date)), style.width, 0, 2));
    out.push_str(&format!("Versions: {}\n\n", versions(profile)));
    let mut grid = Grid::new(vec![
        words("asks for", 0),
        words("one of", 0),
        words("names", 1),
        words("alternates", 0),
        words("when", 0),
        words("need", 0),
    ]);
    for d in &profile.demands {
        let plain = |text: String| (escape(&text).into_owned(), Paint::Plain);
        grid.row(vec![
            plain(d.name.clone()),
            plain(groups(&d.any)),
            plain(d.any.iter().map(names).collect::<Vec<_>>().join(", ")),
            plain(groups(&d.plausible)),
            plain(when(d.when).to_owned()),
            plain(need(d.need).to_owned()),
        ]);
    }
    if !profile.demands.is_empty() {
        grid.fit(style.width);
        out.push_str(&grid.render(style));
    }
    if profile.demands.iter().any(|d| !d.plausible.is_empty()) {
        out.push_str(&wrap("Alternates say the same, but the document does not name them.", style.width, 0, 0));
    }
    for note in &profile.notes {
        out.push_str(&wrap(&escape(note), style.width, 0, 0));
    }
    out
}

fn versions(profile: &Profile) -> String {
    match profile.versions.as_slice() {
        [] => "all".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// `1, 85, 231+232`.
fn groups(groups: &[Group]) -> String {
    groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn names(group: &Group) -> String {
    group.0.iter().map(|id| element_name(*id)).collect::<Vec<_>>().join(" and ")
}

fn when(condition: Condition) -> &'static str {
    match condition {
        Condition::Always => "always",
        Condition::Tcp => "TCP flows",
        Condition::Sampled => "sampled",
        Condition::Template => "v9 and IPFIX",
    }
}

fn need(need: Need) -> &'static str {
    match need {
        Need::Required => "required",
        Need::Recommended => "recommended",
    }
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    profiles: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    title: &'a str,
    document: &'a str,
    url: Option<&'a str>,
    date: &'a str,
    versions: Vec<String>,
    demands: Vec<DemandLine<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct DemandLine<'a> {
    name: &'a str,
    any: Vec<String>,
    plausible: Vec<String>,
    when: &'static str,
    need: &'static str,
}

/// Profiles for programs.
pub fn profiles_json(list: &[Arc<Profile>]) -> String {
    fn texts(groups: &[Group]) -> Vec<String> {
        groups.iter().map(ToString::to_string).collect()
    }
    let profiles = list
        .iter()
        .map(|p| Line {
            name: &p.name,
            title: &p.title,
            document: &p.source.document,
            url: p.source.url.as_deref(),
            date: &p.source.date,
            versions: p.versions.iter().map(ToString::to_string).collect(),
            demands: p
                .demands
                .iter()
                .map(|d| DemandLine {
                    name: &d.name,
                    any: texts(&d.any),
                    plausible: texts(&d.plausible),
                    when: match d.when {
                        Condition::Always => "always",
                        Condition::Tcp => "tcp",
                        Condition::Sampled => "sampled",
                        Condition::Template => "template",
                    },
                    need: need(d.need),
                })
                .collect(),
            notes: &p.notes,
        })
        .collect();
    pretty(&Report { schema: "ipfix-inspect/profiles/1", profiles })
}
