//! What a collector would make of one template.

use super::profile::Group;

/// The outcome for one layout by one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// All that is required is there, by elements that the document names.
    Complete,
    /// All is there, some of it only by elements that the document does not name.
    CompleteByAlternates,
    /// Something required is missing, or the version is not taken.
    Incomplete,
    /// A condition could not be decided: no flow came that would tell.
    Unknown,
    /// There is nothing to judge.
    NotApplicable(Reason),
}

/// Why there is nothing to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// An options template: facts about the exporter, no flows.
    Options,
    /// An event template without counters (firewall and NAT events).
    Events,
}

impl Outcome {
    /// The word for machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::CompleteByAlternates => "complete-by-alternates",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
            Self::NotApplicable(_) => "not-applicable",
        }
    }
}

/// The verdict of one profile on one layout. Numbers are indices into the profile's demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// False if the collector does not take the version.
    pub version_taken: bool,
    /// What became of each demand, in the profile's order.
    pub judgements: Vec<Judgement>,
}

/// What became of one demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// An element that the document names gives it.
    Met(Group),
    /// Only elements that the document does not name give it.
    Plausible(Group),
    /// Nothing gives it.
    Missing,
    /// Nothing gives it, and no flow came that would tell whether it matters.
    Undecided,
    /// Nothing gives it, and no flow needs it: no TCP flows, no sampling.
    NotNeeded,
}
