//! What one exporter counted of a conversation, with both directions.

use super::flows::{Flow, Reverse};

/// One direction: the flows of it added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Octets; see [`Way::bytes`].
    pub(super) bytes: u64,
    pub(super) packets: u64,
    /// First packet, nanoseconds since 1970.
    pub first: i64,
    /// Last packet.
    pub last: i64,
    /// Flows added up; 0 where nothing was seen of this direction.
    pub flows: u32,
    /// Flows left out, since they told of the same packets again.
    pub folded: u32,
    /// Input interface of its first flow; 0 where it is not known.
    pub in_if: u32,
    /// Output interface of its first flow; 0 where it is not known.
    pub out_if: u32,
    pub(super) flags: u16,
    pub(super) known: Known,
    /// A part of the latest flow's times and counters, by which its repetition is known.
    latest: u32,
}

/// Which counters some flow had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(u8);

impl Known {
    const BYTES: u8 = 1;
    const PACKETS: u8 = 2;
    const FLAGS: u8 = 4;
    /// Not a counter: whether the flows were counted on the way out.
    const EGRESS: u8 = 8;

    fn of(bytes: bool, packets: bool, flags: bool, egress: bool) -> Self {
        let marks = [(bytes, Self::BYTES), (packets, Self::PACKETS), (flags, Self::FLAGS), (egress, Self::EGRESS)];
        Self(marks.into_iter().fold(0, |all, (is, mark)| all | (u8::from(is) * mark)))
    }

    fn has(self, what: u8) -> bool {
        self.0 & what != 0
    }
}

impl Default for Way {
    fn default() -> Self {
        Self::NONE
    }
}

impl Way {
    /// Nothing seen.
    pub(super) const NONE: Self = Self {
        bytes: 0,
        packets: 0,
        first: i64::MAX,
        last: i64::MIN,
        flows: 0,
        folded: 0,
        in_if: 0,
        out_if: 0,
        flags: 0,
        known: Known(0),
        latest: 0,
    };

    /// True if flows of this direction were seen.
    pub fn is_there(&self) -> bool {
        self.flows > 0
    }

    /// Octets; `None` where no flow counts them.
    pub fn bytes(&self) -> Option<u64> {
        self.known.has(Known::BYTES).then_some(self.bytes)
    }

    /// Packets; `None` where no flow counts them.
    pub fn packets(&self) -> Option<u64> {
        self.known.has(Known::PACKETS).then_some(self.packets)
    }

    /// TCP flags, all of them ORed; `None` where no flow tells them.
    pub fn flags(&self) -> Option<u16> {
        self.known.has(Known::FLAGS).then_some(self.flags)
    }

    /// True if its flows were counted on the way out.
    pub(super) fn is_egress(&self) -> bool {
        self.known.has(Known::EGRESS)
    }

    /// Whether flows counted there can be added up: there are none yet, or they were counted at the same side.
    #[inline]
    fn goes_with(&self, egress: bool) -> bool {
        self.flows == 0 || self.is_egress() == egress
    }

    /// The forward direction of a flow.
    #[inline]
    pub(super) fn forward(flow: &Flow) -> Self {
        Self::counted(flow, (flow.bytes, flow.packets, flow.flags), (flow.in_if, flow.out_if))
    }

    /// The other direction of a flow that holds both.
    pub(super) fn reverse(flow: &Flow, reverse: &Reverse) -> Self {
        Self::counted(flow, (reverse.bytes, reverse.packets, reverse.flags), (flow.out_if, flow.in_if))
    }

    #[inline]
    fn counted(flow: &Flow, (bytes, packets, flags): (Option<u64>, Option<u64>, Option<u16>), (in_if, out_if): (u32, u32)) -> Self {
        let known = Known::of(bytes.is_some(), packets.is_some(), flags.is_some(), flow.egress);
        let (bytes, packets, flags) = (bytes.unwrap_or(0), packets.unwrap_or(0), flags.unwrap_or(0));
        let (first, last) = (flow.first, flow.last);
        let latest = if flow.timed { mark([first as u64, last as u64, bytes, packets]) } else { 0 };
        Self { bytes, packets, first, last, flows: 1, folded: 0, in_if, out_if, flags, known, latest }
    }

    /// Adds the next flow. With `fold`, one that has the times and counters of the one before is left out: it is the
    /// same record once more, since a flow cache does not hold two such flows of one key.
    #[inline]
    pub(super) fn take(&mut self, next: &Self, fold: bool) {
        if fold && next.latest != 0 && next.latest == self.latest {
            self.folded = self.folded.saturating_add(1);
            return;
        }
        self.add(next);
        self.latest = next.latest;
    }

    /// Adds another part of this direction.
    pub(super) fn add(&mut self, other: &Self) {
        if other.flows > 0 && (other.first, other.in_if, other.out_if) < (self.first, self.in_if, self.out_if) {
            (self.in_if, self.out_if) = (other.in_if, other.out_if);
        }
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.packets = self.packets.saturating_add(other.packets);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.flows = self.flows.saturating_add(other.flows);
        self.folded = self.folded.saturating_add(other.folded);
        self.flags |= other.flags;
        self.known = Known(self.known.0 | other.known.0);
    }
}

/// 32 bits that two different flows are unlikely to share; never 0.
#[inline]
fn mark(words: [u64; 4]) -> u32 {
    let mixed = words.iter().fold(0x9e37_79b9_7f4a_7c15_u64, |mixed, word| {
        let product = u128::from(mixed ^ word) * 0xff51_afd7_ed55_8ccd_u128;
        (product >> 64) as u64 ^ product as u64
    });
    (mixed >> 32) as u32 | 1
}

/// What the flows themselves say of who began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Told {
    #[default]
    Nothing,
    /// The end, by its side of the key, asked, in ICMP, and the other one answered.
    Asked(u8),
    /// A biflow's direction (RFC 5103 §6.3).
    Record(u8),
}

/// What one exporter counted, flows that touch each other within the window. Of a direction that it counts on the way in and on the way out
/// there are two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strand {
    /// By the side of the key that sent.
    pub(super) ways: [Way; 2],
    /// The exporter's number in the run.
    pub(super) exporter: u32,
    pub(super) told: Told,
}

impl Strand {
    /// A strand of one flow.
    #[inline]
    pub(super) fn of(flow: &Flow, reverse: Option<&Reverse>, exporter: u32) -> Self {
        let mut strand = Self { ways: [Way::NONE; 2], exporter, told: Told::Nothing };
        strand.take(flow, reverse, false);
        strand
    }

    /// True if the flow belongs to the strand.
    #[inline]
    pub(super) fn wants(&self, flow: &Flow, exporter: u32, window: i64) -> bool {
        let side = usize::from(flow.side & 1);
        let counted = self.ways[side].goes_with(flow.egress) && (!flow.biflow || self.ways[1 - side].goes_with(flow.egress));
        self.exporter == exporter && counted && self.touches(flow.first, flow.last, window)
    }

    /// True if what another strand of the exporter counted can be added up with this.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        self.ways.iter().zip(&other.ways).all(|(own, other)| other.flows == 0 || own.goes_with(other.is_egress()))
    }

    /// Adds a flow that the strand wants.
    #[inline]
    pub(super) fn take(&mut self, flow: &Flow, reverse: Option<&Reverse>, fold: bool) {
        let side = usize::from(flow.side & 1);
        let (own, other) = (flow.side & 1, 1 - (flow.side & 1));
        self.ways[side].take(&Way::forward(flow), fold);
        if let Some(reverse) = reverse {
            self.ways[1 - side].take(&Way::reverse(flow, reverse), fold);
            if let Some(source_began) = reverse.source_began {
                self.told = Told::Record(if source_began { own } else { other });
            }
        }
        if flow.key.icmp_type().is_some() {
            self.told = Told::Asked(if flow.answer { other } else { own });
        }
    }

    /// Adds a strand that turned out to belong to this one.
    pub(super) fn join(&mut self, other: &Self) {
        for (way, more) in self.ways.iter_mut().zip(&other.ways) {
            way.add(more);
        }
        if self.told == Told::Nothing {
            self.told = other.told;
        }
    }

    /// The first packet of both directions.
    pub(super) fn first(&self) -> i64 {
        self.ways[0].first.min(self.ways[1].first)
    }

    /// The last packet of both directions.
    pub(super) fn last(&self) -> i64 {
        self.ways[0].last.max(self.ways[1].last)
    }

    /// True if not more than `window` lies between the strand and a stretch of time.
    #[inline]
    pub(super) fn touches(&self, first: i64, last: i64, window: i64) -> bool {
        first.saturating_sub(window) <= self.last() && self.first() <= last.saturating_add(window)
    }
}
