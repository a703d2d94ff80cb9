//! What a collector would make of one template.

use crate::element::{ElementId, Elements};
use crate::message::{FieldSpecifier, Role, Version};
use crate::template::Kind;

use super::profile::{Condition, Demand, Group, Need, Profile};
use super::traffic::Traffic;

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

impl Verdict {
    /// The demands of which it holds, in the profile's order.
    pub fn demands<'a>(&'a self, profile: &'a Profile, is: impl Fn(&Judgement) -> bool + 'a) -> impl Iterator<Item = &'a Demand> {
        profile.demands.iter().zip(&self.judgements).filter(move |(_, j)| is(j)).map(|(d, _)| d)
    }

    /// What is required and missing.
    pub fn missing<'a>(&'a self, profile: &'a Profile) -> impl Iterator<Item = &'a Demand> {
        self.demands(profile, |j| *j == Judgement::Missing).filter(|d| d.need == Need::Required)
    }

    /// What is required, missing, and perhaps not needed.
    pub fn undecided<'a>(&'a self, profile: &'a Profile) -> impl Iterator<Item = &'a Demand> {
        self.demands(profile, |j| *j == Judgement::Undecided).filter(|d| d.need == Need::Required)
    }

    /// What is required and given only by elements that the document does not name, with those.
    pub fn alternates<'a>(&'a self, profile: &'a Profile) -> impl Iterator<Item = (&'a Demand, &'a Group)> {
        profile.demands.iter().zip(&self.judgements).filter(|(d, _)| d.need == Need::Required).filter_map(|(d, j)| match j {
            Judgement::Plausible(group) => Some((d, group)),
            _ => None,
        })
    }
}

/// A layout as a profile looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// Version of its messages.
    pub version: Version,
    /// Flows or options.
    pub kind: Kind,
    /// Its fields: a template's, or those that fixed records amount to.
    pub fields: &'a [FieldSpecifier],
    /// The flows that came by it.
    pub traffic: &'a Traffic,
    /// True if its exporter is known to sample.
    pub sampled: bool,
}

/// Octets and packets in any form: what has none of them, and an event, reports that something happened and no traffic.
const COUNTERS: [u16; 12] = [1, 2, 23, 24, 85, 86, 231, 232, 298, 299, 352, 353];
/// natEvent, firewallEvent, and the latter in early NSEL: v9's 40005, which is 7237 of Cisco's own.
const EVENTS: [ElementId; 4] = [ElementId::iana(230), ElementId::iana(233), ElementId::iana(40_005), ElementId::enterprise(9, 7_237)];

/// The verdict of a profile on a layout.
///
/// A field of length 0 carries nothing, so it does not count; nor does the reverse of an element for the element. What only TCP flows
/// need counts once a TCP flow came, what only sampled exporters need once the exporter is known to sample, what only templates need for v9 and IPFIX.
pub fn judge(profile: &Profile, layout: &Layout<'_>, elements: &Elements) -> Verdict {
    let present = present(layout, elements);
    let has = |group: &&Group| group.0.iter().all(|id| present.contains(id));
    let needed = |condition| match condition {
        Condition::Always => Some(true),
        Condition::Tcp if layout.traffic.flows == 0 => None,
        Condition::Tcp => Some(layout.traffic.tcp > 0),
        Condition::Sampled => Some(layout.sampled),
        Condition::Template => Some(matches!(layout.version, Version::V9 | Version::Ipfix)),
    };
    let judgements: Vec<Judgement> = profile
        .demands
        .iter()
        .map(|demand| match (demand.any.iter().find(has), demand.plausible.iter().find(has), needed(demand.when)) {
            (Some(group), ..) => Judgement::Met(group.clone()),
            (None, Some(group), _) => Judgement::Plausible(group.clone()),
            (None, None, Some(true)) => Judgement::Missing,
            (None, None, None) => Judgement::Undecided,
            (None, None, Some(false)) => Judgement::NotNeeded,
        })
        .collect();
    let version_taken = profile.versions.is_empty() || profile.versions.contains(&layout.version);
    let required = |is: fn(&Judgement) -> bool| profile.demands.iter().zip(&judgements).any(|(d, j)| d.need == Need::Required && is(j));
    let outcome = if layout.kind == Kind::Options {
        Outcome::NotApplicable(Reason::Options)
    } else if is_event(&present) {
        Outcome::NotApplicable(Reason::Events)
    } else if !version_taken || required(|j| *j == Judgement::Missing) {
        Outcome::Incomplete
    } else if required(|j| *j == Judgement::Undecided) {
        Outcome::Unknown
    } else if required(|j| matches!(j, Judgement::Plausible(_))) {
        Outcome::CompleteByAlternates
    } else {
        Outcome::Complete
    };
    Verdict { outcome, version_taken, judgements }
}

/// The elements that a layout carries, under their IPFIX numbers.
fn present(layout: &Layout<'_>, elements: &Elements) -> Vec<ElementId> {
    let fields = layout.fields.iter().filter(|f| f.length != 0 && f.role == Role::Field);
    let id = |f: &FieldSpecifier| match layout.version {
        Version::Ipfix => ElementId { pen: f.pen, id: f.id },
        _ => elements.v9_element(f.id, f.length).map_or(ElementId::iana(f.id), |e| e.id),
    };
    fields.map(id).collect()
}

fn is_event(present: &[ElementId]) -> bool {
    let counts = |e: &ElementId| e.pen == 0 && COUNTERS.contains(&e.id);
    present.iter().any(|e| EVENTS.contains(e)) && !present.iter().any(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::profile;

    fn judged(name: &str, version: Version, ids: &[u16], traffic: Traffic, sampled: bool) -> Verdict {
        let fields: Vec<FieldSpecifier> = ids.iter().map(|id| FieldSpecifier::element(0, *id, 4)).collect();
        let layout = Layout { version, kind: Kind::Data, fields: &fields, traffic: &traffic, sampled };
        judge(&profile(name).unwrap(), &layout, &Elements::default())
    }

    fn strm(ids: &[u16], tcp: u64) -> Verdict {
        judged("strm", Version::V9, ids, Traffic { flows: 10, tcp, ..Traffic::default() }, false)
    }

    fn names<'a>(demands: impl Iterator<Item = &'a Demand>) -> Vec<String> {
        demands.map(|d| d.name.clone()).collect()
    }

    #[test]
    fn the_list_itself() {
        assert_eq!(strm(&[22, 21, 4, 8, 12, 7, 11, 23, 24, 6], 5).outcome, Outcome::Complete);
    }

    #[test]
    fn flags_count_for_tcp_only() {
        let profile = profile("strm").unwrap();
        let without = [22, 21, 4, 8, 12, 7, 11, 1, 2];
        assert_eq!(strm(&without, 0).outcome, Outcome::Complete);
        assert_eq!(names(strm(&without, 1).missing(&profile)), ["TCP_FLAGS"]);
        let unused = judged("strm", Version::V9, &without, Traffic::default(), false);
        assert_eq!((unused.outcome, names(unused.undecided(&profile))), (Outcome::Unknown, vec!["TCP_FLAGS".to_owned()]));
    }

    #[test]
    fn ipfix_times_and_ipv6_are_alternates() {
        let profile = profile("strm").unwrap();
        let verdict = strm(&[152, 153, 4, 27, 28, 7, 11, 1, 2, 6], 1);
        assert_eq!(verdict.outcome, Outcome::CompleteByAlternates);
        let pairs: Vec<(&str, u16)> = verdict.alternates(&profile).map(|(d, g)| (d.name.as_str(), g.0[0].id)).collect();
        assert_eq!(pairs, [("FIRST_SWITCHED", 152), ("LAST_SWITCHED", 153), ("IPV4_SRC_ADDR", 27), ("IPV4_DST_ADDR", 28)]);
    }

    #[test]
    fn totals_are_no_deltas() {
        let profile = profile("strm").unwrap();
        let verdict = strm(&[150, 151, 4, 8, 12, 7, 11, 85, 86], 0);
        assert_eq!(verdict.outcome, Outcome::Incomplete);
        assert_eq!(names(verdict.missing(&profile)), ["IN_BYTES or OUT_BYTES", "IN_PKTS or OUT_PKTS"]);
        assert_eq!(verdict.alternates(&profile).count(), 2);
    }

    #[test]
    fn versions_that_are_not_taken() {
        let all = [1, 2, 4, 6, 7, 8, 11, 12, 21, 22, 27, 28];
        let flows = Traffic { flows: 1, ..Traffic::default() };
        assert_eq!(judged("firepower", Version::V9, &all, flows, false).outcome, Outcome::Complete);
        let ipfix = judged("firepower", Version::Ipfix, &all, flows, false);
        assert_eq!((ipfix.outcome, ipfix.version_taken), (Outcome::Incomplete, false));
    }

    #[test]
    fn fixed_records_are_taken_as_they_are() {
        let flows = Traffic { flows: 1, ..Traffic::default() };
        let ipv4 = [1, 2, 4, 6, 7, 8, 11, 12, 21, 22];
        assert_eq!(judged("firepower", Version::V5, &ipv4, flows, false).outcome, Outcome::Complete);
        let v9 = judged("firepower", Version::V9, &ipv4, flows, false);
        assert_eq!(names(v9.missing(&profile("firepower").unwrap())), ["source IPv6 address", "destination IPv6 address"]);
    }

    #[test]
    fn sampled_exporters_must_say_so() {
        let ids = [4, 8, 12, 10, 1];
        let flows = Traffic { flows: 1, ..Traffic::default() };
        assert_eq!(judged("solarwinds", Version::V9, &ids, flows, false).outcome, Outcome::Complete);
        assert_eq!(judged("solarwinds", Version::V9, &ids, flows, true).outcome, Outcome::Incomplete);
        assert_eq!(judged("solarwinds", Version::V9, &[4, 8, 12, 10, 1, 34, 35], flows, true).outcome, Outcome::Complete);
    }

    #[test]
    fn groups_are_needed_whole() {
        let ids = [8, 12, 7, 11, 4, 10, 14];
        let flows = Traffic { flows: 1, ..Traffic::default() };
        let with = |more: &[u16]| judged("netflow-logic", Version::Ipfix, &[&ids, more].concat(), flows, false).outcome;
        assert_eq!(with(&[231, 232, 298, 299]), Outcome::Complete);
        assert_eq!(with(&[231, 298]), Outcome::Incomplete);
        assert_eq!(with(&[1, 86]), Outcome::Complete);
    }

    #[test]
    fn options_and_events_are_not_judged() {
        let event = judged("strm", Version::V9, &[148, 8, 7, 12, 11, 4, 233, 323], Traffic::default(), false);
        assert_eq!(event.outcome, Outcome::NotApplicable(Reason::Events));
        // Early NSEL: 33000 is 9/232, which is no counter.
        let early = judged("strm", Version::V9, &[8, 7, 12, 11, 4, 40_005, 33_000, 323], Traffic::default(), false);
        assert_eq!(early.outcome, Outcome::NotApplicable(Reason::Events));
        let counted = judged("strm", Version::V9, &[148, 8, 7, 12, 11, 4, 233, 323, 231], Traffic::default(), false);
        assert_eq!(counted.outcome, Outcome::Incomplete);
        let fields = [FieldSpecifier::element(0, 34, 4)];
        let layout = Layout { version: Version::V9, kind: Kind::Options, fields: &fields, traffic: &Traffic::default(), sampled: false };
        assert_eq!(judge(&profile("strm").unwrap(), &layout, &Elements::default()).outcome, Outcome::NotApplicable(Reason::Options));
    }

    #[test]
    fn empty_fields_and_reverse_elements_do_not_count() {
        let ids = [22, 21, 4, 8, 12, 7, 11, 2, 6];
        let mut fields: Vec<FieldSpecifier> = ids.iter().map(|id| FieldSpecifier::element(0, *id, 4)).collect();
        fields.extend([FieldSpecifier::element(0, 1, 0), FieldSpecifier::element(29_305, 1, 8)]);
        let traffic = Traffic { flows: 1, tcp: 1, ..Traffic::default() };
        let layout = Layout { version: Version::Ipfix, kind: Kind::Data, fields: &fields, traffic: &traffic, sampled: false };
        let profile = profile("strm").unwrap();
        assert_eq!(names(judge(&profile, &layout, &Elements::default()).missing(&profile)), ["IN_BYTES or OUT_BYTES"]);
    }
}
