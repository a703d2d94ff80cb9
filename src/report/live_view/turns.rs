//! Templates that are new, and those whose verdict turns: complete, incomplete, for the target collector's profile.

use std::collections::HashMap;

use crate::audit::{LayoutAudit, LayoutName, Outcome, Profile, Verdict};
use crate::collector::SourceKey;
use crate::report::exporters::who;
use crate::report::style::Paint;
use crate::summary::Live;

/// Templates whose verdict is remembered.
const MOST_REMEMBERED: usize = 20_000;
/// Template ids that one line names.
const MOST_IDS: usize = 4;

/// The verdicts so far.
#[derive(Debug, Default)]
pub(super) struct Turns(HashMap<(SourceKey, LayoutName), Outcome>);

impl Turns {
    /// What turned, a line for those of an exporter with the same news.
    pub(super) fn take(&mut self, live: &Live) -> Vec<(Paint, String)> {
        let mut lines = Vec::new();
        let mut seen = HashMap::new();
        for e in &live.exporters {
            let Some(profile) = live.sources.get(e.source).map(|s| &s.profile) else { continue };
            let mut news: Vec<(&'static str, Paint, String, Vec<u16>)> = Vec::new();
            for layout in e.line.layouts.iter().filter(|l| l.sent) {
                let (Some(verdict), LayoutName::Template(id, content)) = (layout.verdicts.first(), layout.name) else { continue };
                let before = self.0.get(&(e.line.key, layout.name)).copied();
                if seen.len() < MOST_REMEMBERED {
                    seen.insert((e.line.key, layout.name), verdict.outcome);
                }
                let happened = match before {
                    Some(outcome) if outcome == verdict.outcome => continue,
                    Some(_) => "turns",
                    None if content > 1 => "redefined:",
                    None => "new:",
                };
                let (paint, words) = outcome_words(verdict, profile);
                match news.iter_mut().find(|n| (n.0, &n.2) == (happened, &words)) {
                    Some((.., ids)) => ids.push(id),
                    None => news.push((happened, paint, words, vec![id])),
                }
            }
            lines.extend(news.into_iter().map(|(happened, paint, words, ids)| {
                (paint, format!("{}: {} {happened} {words}", who(&e.line).replace('\u{a0}', " "), templates(&ids)))
            }));
        }
        self.0 = seen;
        lines
    }
}

/// `template 256`, `templates 256, 257, 258, 259 +3`
fn templates(ids: &[u16]) -> String {
    let named = ids.iter().take(MOST_IDS).map(u16::to_string).collect::<Vec<_>>().join(", ");
    match (ids.len(), ids.len().saturating_sub(MOST_IDS)) {
        (1, _) => format!("template {named}"),
        (_, 0) => format!("templates {named}"),
        (_, more) => format!("templates {named} +{more}"),
    }
}

/// The verdict with what is missing.
pub(super) fn outcome_words(verdict: &Verdict, profile: &Profile) -> (Paint, String) {
    match verdict.outcome {
        Outcome::Complete => (Paint::Good, "complete".to_owned()),
        Outcome::CompleteByAlternates => (Paint::Good, "complete, by alternates".to_owned()),
        Outcome::Incomplete if !verdict.version_taken => (Paint::Bad, format!("incomplete: {} does not take the version", profile.title)),
        Outcome::Incomplete => {
            let missing: Vec<&str> = verdict.missing(profile).map(|d| d.name.as_str()).collect();
            (Paint::Bad, format!("incomplete: lacks {}", missing.join(", ")))
        }
        Outcome::Unknown => {
            let open: Vec<&str> = verdict.undecided(profile).map(|d| d.name.as_str()).collect();
            (Paint::Doubtful, format!("undecided: lacks {}, and no flow told whether it is needed", open.join(", ")))
        }
        Outcome::NotApplicable(_) => (Paint::Aside, "not judged: no flows with counters".to_owned()),
    }
}

/// What to call a layout.
pub(super) fn layout_name(layout: &LayoutAudit) -> String {
    match layout.name {
        LayoutName::Fixed(version) => format!("records of {version}"),
        LayoutName::Template(id, 1) => format!("template {id}"),
        LayoutName::Template(id, content) => format!("template {id}, content {content}"),
    }
}
