//! What some flows add up to: how many, packets, octets, from when to when.

/// Words that [`Counts`] take in a record of a table.
pub(super) const WORDS: usize = 5;

/// Which counters some flow has a value of: a sum of none is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known(u8);

impl Known {
    /// Neither.
    pub(super) const NONE: Self = Self(0);
    /// Packets.
    pub(super) const PACKETS: Self = Self(1);
    /// Octets.
    pub(super) const BYTES: Self = Self(2);
    /// Both.
    pub(super) const ALL: Self = Self(3);

    /// Those of either.
    #[inline(always)]
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True if packets are among them.
    pub fn packets(self) -> bool {
        self.0 & Self::PACKETS.0 != 0
    }

    /// True if octets are among them.
    pub fn bytes(self) -> bool {
        self.0 & Self::BYTES.0 != 0
    }
}

/// The place of [`Known`] in the word of the flows, which are far fewer.
const KNOWN_AT: u32 = 62;

/// The sums over some flows. A sum beyond 64 bits is held at the largest number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Flows.
    pub flows: u64,
    /// Packets; 0 where no flow says.
    packets: u64,
    /// Octets; 0 where no flow says.
    bytes: u64,
    known: Known,
    /// The earliest time of a flow, nanoseconds since 1970; [`i64::MAX`] where no flow has one.
    first: i64,
    /// The latest time of a flow; [`i64::MIN`] where no flow has one.
    last: i64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { flows: 0, packets: 0, bytes: 0, known: Known::NONE, first: i64::MAX, last: i64::MIN }
    }
}

impl Counts {
    /// Of so many flows, which have both counters. In `times` the first is not after the last; `None` where they have none.
    #[inline]
    pub(super) fn of(flows: u64, packets: u64, bytes: u64, times: Option<(i64, i64)>) -> Self {
        let (first, last) = times.unwrap_or((i64::MAX, i64::MIN));
        Self { flows, packets, bytes, known: Known::ALL, first, last }
    }

    /// The same where other counters have values; what is not known has to be 0.
    #[inline]
    pub(super) fn with_known(self, known: Known) -> Self {
        Self { known, ..self }
    }

    /// One flow, whose times are as [`super::moment::Times`] has them. A counter that is not known is 0.
    #[inline(always)]
    pub(super) fn row(packets: u64, bytes: u64, known: Known, first: i64, last: i64) -> Self {
        Self { flows: 1, packets, bytes, known, first, last }
    }

    /// Packets; `None` where no flow says.
    pub fn packets(&self) -> Option<u64> {
        self.known.packets().then_some(self.packets)
    }

    /// Octets; `None` where no flow says.
    pub fn bytes(&self) -> Option<u64> {
        self.known.bytes().then_some(self.bytes)
    }

    /// Adds other flows.
    #[inline]
    pub(super) fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.packets = self.packets.saturating_add(other.packets);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.known = self.known.or(other.known);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// When the first flow began and the last one ended, nanoseconds since 1970; `None` where no flow has a time.
    pub fn span(&self) -> Option<(i64, i64)> {
        (self.first <= self.last).then_some((self.first, self.last))
    }

    /// Bits a second, rounded down: the octets over the time from the first flow's begin to the last one's end, as nfdump has it. `None`
    /// where that is no time at all, or no flow says its octets.
    pub fn bits_per_second(&self) -> Option<u64> {
        let (first, last) = self.span()?;
        rate(self.bytes()?, 8, last.abs_diff(first))
    }

    /// The words of a record.
    #[inline]
    pub(super) fn words(&self) -> [u64; WORDS] {
        [self.flows | u64::from(self.known.0) << KNOWN_AT, self.packets, self.bytes, self.first.cast_unsigned(), self.last.cast_unsigned()]
    }

    /// From the words of a record.
    #[inline]
    pub(super) fn from_words([flows, packets, bytes, first, last]: &[u64; WORDS]) -> Self {
        let known = Known((*flows >> KNOWN_AT) as u8);
        let flows = *flows & (u64::MAX >> (u64::BITS - KNOWN_AT));
        Self { flows, packets: *packets, bytes: *bytes, known, first: first.cast_signed(), last: last.cast_signed() }
    }
}

/// `amount` times `units` over so many nanoseconds, a second.
pub(super) fn rate(amount: u64, units: u64, nanos: u64) -> Option<u64> {
    let product = u128::from(amount) * u128::from(units) * 1_000_000_000;
    product.checked_div(u128::from(nanos)).map(|rate| u64::try_from(rate).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_over_the_span_of_all_flows() {
        let second = 1_000_000_000;
        let mut counts = Counts::of(1, 10, 1_000, Some((5 * second, 6 * second)));
        assert_eq!(counts.bits_per_second(), Some(8_000));
        counts.add(&Counts::of(1, 1, 1, None));
        counts.add(&Counts::of(1, 9, 999, Some((2 * second, 2 * second))));
        assert_eq!((counts.flows, counts.packets(), counts.bytes()), (3, Some(20), Some(2_000)));
        assert_eq!(counts.span(), Some((2 * second, 6 * second)));
        assert_eq!(counts.bits_per_second(), Some(4_000));
        assert_eq!(Counts::from_words(&counts.words()), counts);
        assert_eq!(Counts::of(1, 1, 1, Some((7, 7))).bits_per_second(), None);
        assert_eq!(Counts::of(1, 1, 1, None).bits_per_second(), None);
    }

    #[test]
    fn a_sum_of_no_value_is_none() {
        let mut counts = Counts::row(0, 7, Known::BYTES, 0, 1_000_000_000);
        counts.add(&Counts::row(0, 0, Known::NONE, 0, 0));
        assert_eq!((counts.flows, counts.packets(), counts.bytes(), counts.bits_per_second()), (2, None, Some(7), Some(56)));
        assert_eq!(Counts::from_words(&counts.words()), counts);
        counts.add(&Counts::row(0, 0, Known::PACKETS, 0, 0));
        assert_eq!((counts.flows, counts.packets()), (3, Some(0)));
        assert_eq!((Counts::default().bytes(), Counts::row(0, 0, Known::PACKETS, 0, 5).bits_per_second()), (None, None));
    }

    #[test]
    fn sums_are_held_at_the_largest_number() {
        let mut counts = Counts::of(1, u64::MAX, u64::MAX - 1, None);
        counts.add(&Counts::of(1, 1, 2, None));
        assert_eq!((counts.packets(), counts.bytes()), (Some(u64::MAX), Some(u64::MAX)));
        assert_eq!(Counts::of(1, 0, u64::MAX, Some((0, 1))).bits_per_second(), Some(u64::MAX));
    }
}
