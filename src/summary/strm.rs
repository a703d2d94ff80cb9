//! Does a template carry what Juniper STRM asks of an exporter?
//!
//! STRM's note on flow sources: FIRST_SWITCHED, LAST_SWITCHED, PROTOCOL, IPV4_SRC_ADDR, IPV4_DST_ADDR, L4_SRC_PORT, L4_DST_PORT,
//! IN_BYTES or OUT_BYTES, IN_PKTS or OUT_PKTS, and TCP_FLAGS for TCP flows only. The absolute IPFIX times and the IPv6 addresses
//! stand where the note names the v9 up-times and IPv4: plausible, but not documented, so they count apart.

use crate::message::FieldSpecifier;

use super::totals::LayoutSums;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrmVerdict {
    /// All that is asked for.
    Complete,
    /// All, but some only by elements that the list does not name: what is asked, what is there.
    ByAlternates(Vec<(Demand, u16)>),
    /// Something is missing.
    Incomplete(Vec<Demand>),
}

impl StrmVerdict {
    /// The word for machines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ByAlternates(_) => "complete-by-alternates",
            Self::Incomplete(_) => "incomplete",
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
pub fn assess(fields: &[FieldSpecifier], sums: &LayoutSums) -> StrmVerdict {
    let has = |id: u16| fields.iter().any(|f| f.pen == 0 && f.id == id && f.length != 0);
    let mut alternates = Vec::new();
    let mut missing = Vec::new();
    for demand in DEMANDS {
        if demand.elements.iter().any(|id| has(*id)) || (demand.tcp_only && sums.tcp == 0) {
            continue;
        }
        match demand.alternates.iter().copied().find(|id| has(*id)) {
            Some(alternate) => alternates.push((demand, alternate)),
            None => missing.push(demand),
        }
    }
    match (missing.is_empty(), alternates.is_empty()) {
        (true, true) => StrmVerdict::Complete,
        (true, false) => StrmVerdict::ByAlternates(alternates),
        (false, _) => StrmVerdict::Incomplete(missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(ids: &[u16], tcp: u64) -> StrmVerdict {
        let fields: Vec<FieldSpecifier> = ids.iter().map(|id| FieldSpecifier::element(0, *id, 4)).collect();
        assess(&fields, &LayoutSums { flows: 10, tcp, ..LayoutSums::default() })
    }

    #[test]
    fn the_list_itself() {
        assert_eq!(judge(&[22, 21, 4, 8, 12, 7, 11, 23, 24, 6], 5), StrmVerdict::Complete);
    }

    #[test]
    fn flags_count_for_tcp_only() {
        let without = [22, 21, 4, 8, 12, 7, 11, 1, 2];
        assert_eq!(judge(&without, 0), StrmVerdict::Complete);
        let StrmVerdict::Incomplete(missing) = judge(&without, 1) else { panic!("flags are missing") };
        assert_eq!(missing.iter().map(|d| d.name).collect::<Vec<_>>(), ["TCP_FLAGS"]);
    }

    #[test]
    fn ipfix_times_and_ipv6_are_alternates() {
        let StrmVerdict::ByAlternates(list) = judge(&[152, 153, 4, 27, 28, 7, 11, 1, 2, 6], 1) else { panic!("alternates") };
        assert_eq!(
            list.iter().map(|(d, a)| (d.name, *a)).collect::<Vec<_>>(),
            [("FIRST_SWITCHED", 152), ("LAST_SWITCHED", 153), ("IPV4_SRC_ADDR", 27), ("IPV4_DST_ADDR", 28)]
        );
    }

    #[test]
    fn totals_are_no_deltas() {
        let StrmVerdict::Incomplete(missing) = judge(&[150, 151, 4, 8, 12, 7, 11, 85, 86], 0) else { panic!("counters") };
        assert_eq!(missing.iter().map(|d| d.name).collect::<Vec<_>>(), ["IN_BYTES or OUT_BYTES", "IN_PKTS or OUT_PKTS"]);
    }
}
