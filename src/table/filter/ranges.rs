//! Sets of numbers as ranges: one form for `=`, `<`, lists, prefixes and their opposites.

/// A whole number that ranges can be made of.
pub(super) trait Whole: Copy + Ord {
    const LEAST: Self;
    const MOST: Self;
    /// The number after it, unless it is the last.
    fn next(self) -> Option<Self>;
    /// The number before it, unless it is the first.
    fn previous(self) -> Option<Self>;
}

macro_rules! whole {
    ($($t:ty)*) => {
        $(impl Whole for $t {
            const LEAST: Self = <$t>::MIN;
            const MOST: Self = <$t>::MAX;
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }
            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }
        })*
    };
}

whole! { u64 i64 u128 }

/// Ranges in order, their ends included, none touching another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranges<T>(Vec<(T, T)>);

impl<T: Whole> Ranges<T> {
    /// The union of some ranges, each from its first to its last number; a range that ends before it begins is empty.
    pub(super) fn of(ranges: impl IntoIterator<Item = (T, T)>) -> Self {
        let mut all: Vec<(T, T)> = ranges.into_iter().filter(|(from, to)| from <= to).collect();
        all.sort_unstable();
        let mut out: Vec<(T, T)> = Vec::with_capacity(all.len());
        for (from, to) in all {
            match out.last_mut() {
                Some((_, end)) if from <= *end || end.next() == Some(from) => *end = to.max(*end),
                _ => out.push((from, to)),
            }
        }
        Self(out)
    }

    /// One number.
    pub(super) fn one(value: T) -> Self {
        Self(vec![(value, value)])
    }

    /// All that are not in it.
    pub(super) fn others(&self) -> Self {
        let mut out = Vec::with_capacity(self.0.len() + 1);
        let mut from = Some(T::LEAST);
        for (first, last) in &self.0 {
            if let (Some(from), Some(to)) = (from, first.previous())
                && from <= to
            {
                out.push((from, to));
            }
            from = last.next();
        }
        out.extend(from.map(|from| (from, T::MOST)));
        Self(out)
    }

    pub(super) fn less(value: T) -> Self {
        Self::of(value.previous().map(|end| (T::LEAST, end)))
    }

    pub(super) fn greater(value: T) -> Self {
        Self::of(value.next().map(|first| (first, T::MOST)))
    }

    /// The ranges, in order.
    pub(super) fn as_slice(&self) -> &[(T, T)] {
        &self.0
    }

    #[inline]
    pub(super) fn contains(&self, value: T) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= value);
        after > 0 && self.0[after - 1].1 >= value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn union_and_others() {
        let r = Ranges::of([(8u64, 9), (1, 3), (4, 5), (9, 20), (7, 6)]);
        assert_eq!(r.as_slice(), [(1, 5), (8, 20)]);
        assert_eq!(r.others().as_slice(), [(0, 0), (6, 7), (21, u64::MAX)]);
        assert_eq!(r.others().others(), r);
        assert_eq!(Ranges::<u64>::of([]).others().as_slice(), [(0, u64::MAX)]);
        assert_eq!(Ranges::of([(0, u64::MAX)]).others().as_slice(), []);
        let inside: Vec<u64> = (0..25).filter(|v| r.contains(*v)).collect();
        assert_eq!(inside, [1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    }

    #[test]
    fn ends_of_the_numbers() {
        assert_eq!(Ranges::less(0u64).as_slice(), []);
        assert_eq!(Ranges::greater(u64::MAX).as_slice(), []);
        assert_eq!(Ranges::greater(i64::MIN).as_slice(), [(i64::MIN + 1, i64::MAX)]);
    }
}
