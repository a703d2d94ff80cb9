//! What some flows add up to: how many, packets, octets, from when to when.

/// Words that [`Counts`] take in a record of a table.
pub(super) const WORDS: usize = 5;

/// The sums over some flows. A sum beyond 64 bits is held at the largest number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Flows.
    pub flows: u64,
    /// Packets.
    pub packets: u64,
    /// Octets.
    pub bytes: u64,
    /// The earliest time of a flow, nanoseconds since 1970; [`i64::MAX`] where no flow has one.
    first: i64,
    /// The latest time of a flow; [`i64::MIN`] where no flow has one.
    last: i64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { flows: 0, packets: 0, bytes: 0, first: i64::MAX, last: i64::MIN }
    }
}

impl Counts {
    /// Of so many flows. In `times` the first is not after the last; `None` where they have none.
    #[inline]
    pub(super) fn of(flows: u64, packets: u64, bytes: u64, times: Option<(i64, i64)>) -> Self {
        let (first, last) = times.unwrap_or((i64::MAX, i64::MIN));
        Self { flows, packets, bytes, first, last }
    }

    /// One flow, whose times are as [`super::moment::Times`] has them.
    #[inline(always)]
    pub(super) fn row(packets: u64, bytes: u64, first: i64, last: i64) -> Self {
        Self { flows: 1, packets, bytes, first, last }
    }

    /// Adds other flows.
    #[inline]
    pub(super) fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.packets = self.packets.saturating_add(other.packets);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// When the first flow began and the last one ended, nanoseconds since 1970; `None` where no flow has a time.
    pub fn span(&self) -> Option<(i64, i64)> {
        (self.first <= self.last).then_some((self.first, self.last))
    }

    /// Bits a second, rounded down: the octets over the time from the first flow's begin to the last one's end, as nfdump has it. `None`
    /// where that is no time at all.
    pub fn bits_per_second(&self) -> Option<u64> {
        let (first, last) = self.span()?;
        rate(self.bytes, 8, last.abs_diff(first))
    }

    /// The words of a record.
    #[inline]
    pub(super) fn words(&self) -> [u64; WORDS] {
        [self.flows, self.packets, self.bytes, self.first.cast_unsigned(), self.last.cast_unsigned()]
    }

    /// From the words of a record.
    #[inline]
    pub(super) fn from_words([flows, packets, bytes, first, last]: &[u64; WORDS]) -> Self {
        Self { flows: *flows, packets: *packets, bytes: *bytes, first: first.cast_signed(), last: last.cast_signed() }
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
        assert_eq!((counts.flows, counts.packets, counts.bytes, counts.span()), (3, 20, 2_000, Some((2 * second, 6 * second))));
        assert_eq!(counts.bits_per_second(), Some(4_000));
        assert_eq!(Counts::from_words(&counts.words()), counts);
        assert_eq!(Counts::of(1, 1, 1, Some((7, 7))).bits_per_second(), None);
        assert_eq!(Counts::of(1, 1, 1, None).bits_per_second(), None);
    }

    #[test]
    fn sums_are_held_at_the_largest_number() {
        let mut counts = Counts::of(1, u64::MAX, u64::MAX - 1, None);
        counts.add(&Counts::of(1, 1, 2, None));
        assert_eq!((counts.packets, counts.bytes), (u64::MAX, u64::MAX));
        assert_eq!(Counts::of(1, 0, u64::MAX, Some((0, 1))).bits_per_second(), Some(u64::MAX));
    }
}
