//! Does a template carry what Juniper STRM asks of an exporter?
//!
//! STRM's note on flow sources: FIRST_SWITCHED, LAST_SWITCHED, PROTOCOL, IPV4_SRC_ADDR, IPV4_DST_ADDR, L4_SRC_PORT, L4_DST_PORT,
//! IN_BYTES or OUT_BYTES, IN_PKTS or OUT_PKTS, and TCP_FLAGS for TCP flows only. The absolute IPFIX times and the IPv6 addresses
//! stand where the note names the v9 up-times and IPv4: plausible, but not documented, so they count apart.

use crate::audit::Traffic;
use crate::message::FieldSpecifier;

/// One line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The name in the list.
    pub name: &'static str,
    /// The elements that the list names: one is enough.
    pub elements: &'static [u16],
    /// Elements that say the same and are not in the list.
    pub alternates: &'static [u16],
    /// True for what only TCP flows need.
    pub tcp_only: bool,
}

const fn demand(name: &'static str, elements: &'static [u16], alternates: &'static [u16]) -> Demand {
    Demand { name, elements, alternates, tcp_only: false }
}

const DEMANDS: [Demand; 10] = [
    demand("FIRST_SWITCHED", &[22], &[152, 150, 154, 156, 158]),
    demand("LAST_SWITCHED", &[21], &[153, 151, 155, 157, 159]),
    demand("PROTOCOL", &[4], &[]),
    demand("IPV4_SRC_ADDR", &[8], &[27]),
    demand("IPV4_DST_ADDR", &[12], &[28]),
    demand("L4_SRC_PORT", &[7], &[]),
    demand("L4_DST_PORT", &[11], &[]),
    demand("IN_BYTES or OUT_BYTES", &[1, 23], &[]),
    demand("IN_PKTS or OUT_PKTS", &[2, 24], &[]),
    Demand { name: "TCP_FLAGS", elements: &[6], alternates: &[], tcp_only: true },
];

/// The outcome for one layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StrmVerdict {
    /// What no field of the layout gives.
    pub missing: Vec<Demand>,
    /// What only an element gives that the list does not name.
    pub alternates: Vec<(Demand, u16)>,
    /// What is missing and needed for TCP flows only, where no flow came that would tell.
    pub undecided: Vec<Demand>,
}

impl StrmVerdict {
    /// The word for machines.
    pub fn name(&self) -> &'static str {
        match self {
            Self { missing, .. } if !missing.is_empty() => "incomplete",
            Self { undecided, .. } if !undecided.is_empty() => "unknown",
            Self { alternates, .. } if !alternates.is_empty() => "complete-by-alternates",
            Self { .. } => "complete",
        }
    }
}

/// The verdict about one template of an exporter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVerdict {
    /// The template; `None` for the fixed records of v1, v5 and v7.
    pub template_id: Option<u16>,
    /// Which of the definitions of that id.
    pub definition: u32,
    /// Flows that came with it.
    pub flows: u64,
    /// True if all of them are ICMP.
    pub icmp_only: bool,
    /// The outcome.
    pub verdict: StrmVerdict,
}

/// Holds a template's fields against the list. TCP_FLAGS counts only if TCP flows came with the template.
pub fn assess(fields: &[FieldSpecifier], sums: &Traffic) -> StrmVerdict {
    let has = |id: u16| fields.iter().any(|f| f.pen == 0 && f.id == id && f.length != 0);
    let mut verdict = StrmVerdict::default();
    for demand in DEMANDS {
        if demand.elements.iter().any(|id| has(*id)) {
            continue;
        }
        if demand.tcp_only && sums.tcp == 0 {
            if sums.flows == 0 {
                verdict.undecided.push(demand);
            }
            continue;
        }
        match demand.alternates.iter().copied().find(|id| has(*id)) {
            Some(alternate) => verdict.alternates.push((demand, alternate)),
            None => verdict.missing.push(demand),
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(ids: &[u16], tcp: u64) -> StrmVerdict {
        let fields: Vec<FieldSpecifier> = ids.iter().map(|id| FieldSpecifier::element(0, *id, 4)).collect();
        assess(&fields, &Traffic { flows: 10, tcp, ..Traffic::default() })
    }

    fn names(demands: &[Demand]) -> Vec<&'static str> {
        demands.iter().map(|d| d.name).collect()
    }

    #[test]
    fn the_list_itself() {
        assert_eq!(judge(&[22, 21, 4, 8, 12, 7, 11, 23, 24, 6], 5).name(), "complete");
    }

    #[test]
    fn flags_count_for_tcp_only() {
        let without = [22, 21, 4, 8, 12, 7, 11, 1, 2];
        assert_eq!(judge(&without, 0).name(), "complete");
        assert_eq!(names(&judge(&without, 1).missing), ["TCP_FLAGS"]);
        let fields: Vec<FieldSpecifier> = without.iter().map(|id| FieldSpecifier::element(0, *id, 4)).collect();
        let unused = assess(&fields, &Traffic::default());
        assert_eq!((unused.name(), names(&unused.undecided)), ("unknown", vec!["TCP_FLAGS"]));
    }

    #[test]
    fn ipfix_times_and_ipv6_are_alternates() {
        let verdict = judge(&[152, 153, 4, 27, 28, 7, 11, 1, 2, 6], 1);
        assert_eq!(verdict.name(), "complete-by-alternates");
        let pairs: Vec<(&str, u16)> = verdict.alternates.iter().map(|(d, a)| (d.name, *a)).collect();
        assert_eq!(pairs, [("FIRST_SWITCHED", 152), ("LAST_SWITCHED", 153), ("IPV4_SRC_ADDR", 27), ("IPV4_DST_ADDR", 28)]);
    }

    #[test]
    fn totals_are_no_deltas() {
        let verdict = judge(&[150, 151, 4, 8, 12, 7, 11, 85, 86], 0);
        assert_eq!(verdict.name(), "incomplete");
        assert_eq!(names(&verdict.missing), ["IN_BYTES or OUT_BYTES", "IN_PKTS or OUT_PKTS"]);
        assert_eq!(verdict.alternates.len(), 2);
    }
}
