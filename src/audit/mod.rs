//! In: what a run has found out of its exporters: census, templates with their history, ledgers, statistics of the values; and the
//! profiles of collectors. Out: an [`Audit`]: a verdict on every template by every profile, findings with evidence, hints.
//! May use: everything to its left (`time` … `collector`).

mod builtin;
mod catalogue;
mod content;
mod finding;
mod layouts;
mod outcome;
mod platform;
mod profile;
mod profile_file;
mod rules;
mod run;
mod traffic;
mod verdict;

pub use builtin::{profile, profiles};
pub use catalogue::{KINDS, all as finding_kinds, kind as finding_kind};
pub use content::{
    Content, ContentDigest, ContentPart, ContentSums, FieldContent, LOOKED_AT, Oddity, Seen, content_schema, traffic_schema,
};
pub use finding::{Evidence, Finding, FindingKind, Subject};
pub use layouts::{layouts, samples};
pub use outcome::{Audit, ExporterAudit, LayoutAudit, LayoutName, TimelineRow};
pub use platform::{Family, Guess, families, family};
pub use profile::{Condition, Demand, Group, Need, Profile, ProfileSource};
pub use profile_file::{ProfileError, read_profile};
pub use run::{AuditOptions, audit};
pub use traffic::Traffic;
pub use verdict::{Judgement, Layout, Outcome, Reason, Verdict, judge};
