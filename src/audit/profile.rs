//! What a collector asks of the templates it takes flows by.

use std::fmt;

use crate::element::ElementId;
use crate::message::Version;

/// The requirements of one collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name for `--profile`: lower case, digits and hyphens.
    pub name: String,
    /// The collector, as people call it.
    pub title: String,
    /// By whose word.
    pub source: ProfileSource,
    /// The versions that it takes; all of them if empty.
    pub versions: Vec<Version>,
    /// What it asks, in the order of its document.
    pub demands: Vec<Demand>,
    /// What else a user should know of it, a sentence each.
    pub notes: Vec<String>,
}

/// The document that a profile follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileSource {
    /// Its title.
    pub document: String,
    /// Where it is found, if it is public.
    pub url: Option<String>,
    /// When it was published or looked at: a year, a month or a day (ISO 8601).
    pub date: String,
}

/// One line of a profile: one of several groups of elements must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What it is for, in the document's words.
    pub name: String,
    /// One of these is enough; the document names them.
    pub any: Vec<Group>,
    /// These say the same, but the document does not name them: plausible, and neither a pass nor a fail.
    pub plausible: Vec<Group>,
    /// When it matters.
    pub when: Condition,
    /// Whether flows are lost or useless without it.
    pub need: Need,
}

/// Elements that are needed together: mostly one; `231+232` is two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group(pub Vec<ElementId>);

impl fmt::Display for Group {
    /// `8`, `9/12235`, `231+232`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(ElementId::to_string).collect();
        f.write_str(&parts.join("+"))
    }
}

/// When a demand matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// For all flows.
    Always,
    /// For TCP flows alone.
    Tcp,
    /// For exporters that sample.
    Sampled,
    /// For v9 and IPFIX, whose templates can be chosen; the records of v1, v5 and v7 are taken as they are.
    Template,
}

/// How much a demand matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Without it flows are lost or useless.
    Required,
    /// It makes flows better.
    Recommended,
}
