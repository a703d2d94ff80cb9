//! What an exporter's options data has announced of its interfaces, VRFs, applications and samplers: read by workers, never changed by them.

use std::collections::HashMap;
use std::sync::Arc;

use super::convert::unsigned;
use crate::plan::ListTemplates;

/// Names and rates of one directory; what comes beyond it is left out. More than any router has interfaces or applications.
const MOST_ENTRIES: usize = 100_000;

/// One packet of so many was looked at: `of` packets passed for every `taken`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    of: u64,
    taken: u64,
}

impl Rate {
    /// So many packets taken of so many that passed (309 and 310). `None` where that is no rate: exporters send 0 for what they don't know.
    pub fn new(taken: u64, of: u64) -> Option<Self> {
        (taken > 0 && of >= taken).then_some(Self { of, taken })
    }

    /// One packet in so many (34, 50, the header of v5).
    pub fn one_in(of: u64) -> Option<Self> {
        Self::new(1, of)
    }

    /// So many packets taken, then so many skipped (305 and 306, 307 and 308). Without the number skipped the first one is the interval,
    /// as exporters use 305 that send no 306.
    pub fn spaced(taken: u64, skipped: Option<u64>) -> Option<Self> {
        match skipped {
            Some(skipped) => Self::new(taken, taken.checked_add(skipped)?),
            None => Self::one_in(taken),
        }
    }

    /// One packet taken with that probability (311), in millionths of a packet.
    pub fn probability(taken: f64) -> Option<Self> {
        const TAKEN: u64 = 1_000_000;
        const MOST: f64 = 1e18;
        let of = (1e6 / taken).round();
        // A whole number between these bounds loses nothing on its way to an integer. Not a number is in no range.
        if taken > 0.0 && taken <= 1.0 && of <= MOST { Self::new(TAKEN, of as u64) } else { None }
    }

    /// How many packets were taken, of how many that passed.
    pub fn taken_of(self) -> (u64, u64) {
        (self.taken, self.of)
    }

    /// How many packets each one stands for, to the nearest whole number.
    pub fn interval(self) -> u64 {
        self.of / self.taken + u64::from(self.of % self.taken >= self.taken.div_ceil(2).max(1))
    }

    /// A counter multiplied by the rate, to the nearest whole number; at most the largest one.
    pub fn scale(self, counter: u64) -> u64 {
        let (of, taken) = (u128::from(self.of), u128::from(self.taken));
        u64::try_from((u128::from(counter) * of + taken / 2) / taken).unwrap_or(u64::MAX)
    }
}

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// An interface, by its SNMP index.
    Interface(u64),
    /// A VRF.
    Vrf(u64),
    /// An application: the classification engine, and the selector however long it is sent (RFC 6759 §4).
    Application(u8, u64),
}

impl Named {
    /// The application of an applicationId (95): the engine's octet, then the selector. Longer selectors than 64 bits are no key.
    pub fn application(id: &[u8]) -> Option<Self> {
        let (engine, selector) = id.split_first()?;
        Some(Self::Application(*engine, unsigned(selector)?))
    }
}

/// What a rate holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sampled {
    /// All flows of the domain.
    All,
    /// Flows with that samplerId (48) or selectorId (302).
    Sampler(u64),
    /// Flows that came in by that interface.
    Interface(u64),
    /// Flows of that template.
    Template(u64),
    /// Flows of that line card.
    LineCard(u64),
}

/// The names and rates that one session, domain or address has announced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    names: HashMap<Named, Arc<str>>,
    rates: HashMap<Sampled, Rate>,
    /// True once an interface has a rate of its own.
    interface_rates: bool,
}

impl Directory {
    /// Notes a name; true if that changes anything.
    pub fn name(&mut self, what: Named, name: &str) -> bool {
        if self.names.get(&what).is_some_and(|known| **known == *name) || self.is_full(self.names.contains_key(&what)) {
            return false;
        }
        self.names.insert(what, name.into());
        true
    }

    /// Notes a rate; true if that changes anything.
    pub fn rate(&mut self, what: Sampled, rate: Rate) -> bool {
        if self.is_full(self.rates.contains_key(&what)) {
            return false;
        }
        self.interface_rates |= matches!(what, Sampled::Interface(_));
        self.rates.insert(what, rate) != Some(rate)
    }

    /// The name of something.
    pub fn name_of(&self, what: Named) -> Option<&str> {
        self.names.get(&what).map(|name| &**name)
    }

    /// The rate that was announced for exactly this.
    pub fn rate_of(&self, what: Sampled) -> Option<Rate> {
        self.rates.get(&what).copied()
    }

    /// All that has a name.
    pub fn named(&self) -> impl Iterator<Item = Named> + '_ {
        self.names.keys().copied()
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = (Named, &str)> + '_ {
        self.names.iter().map(|(what, name)| (*what, &**name))
    }

    /// All rates.
    pub fn rates(&self) -> impl Iterator<Item = (Sampled, Rate)> + '_ {
        self.rates.iter().map(|(what, rate)| (*what, *rate))
    }

    fn is_full(&self, replaces: bool) -> bool {
        !replaces && self.names.len() + self.rates.len() >= MOST_ENTRIES
    }
}

/// The directories that hold for the flows of one session and domain, the closest first.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The closest first.
    pub levels: Vec<Arc<Directory>>,
    /// The rate of flows that name nothing which could have one: where their domain has announced one sampler and no other rate, or the
    /// same rate for all its line cards.
    pub only_rate: Option<Rate>,
}

impl Known {
    /// The name of something.
    pub fn name_of(&self, what: Named) -> Option<&str> {
        self.levels.iter().find_map(|d| d.name_of(what))
    }

    /// The rate that was announced for exactly this.
    pub fn rate_of(&self, what: Sampled) -> Option<Rate> {
        self.levels.iter().find_map(|d| d.rate_of(what))
    }

    /// The rate of a template's flows, or else of all flows of the domain.
    pub fn rate_of_all(&self, template: Option<u16>) -> Option<Rate> {
        template.and_then(|id| self.rate_of(Sampled::Template(id.into()))).or_else(|| self.rate_of(Sampled::All))
    }

    /// True if interfaces have rates of their own.
    pub fn has_interface_rates(&self) -> bool {
        self.levels.iter().any(|d| d.interface_rates)
    }
}

/// What is known of a Set's records that stands neither in them nor in their template.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// What options data has announced.
    pub known: Option<&'a Known>,
    /// The rate in the message's header, as v5 has it.
    pub header_rate: Option<Rate>,
    /// The templates that the Set's lists name (RFC 6313).
    pub lists: Option<&'a ListTemplates>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_in_all_forms() {
        assert_eq!(Rate::one_in(0), None);
        assert_eq!(Rate::one_in(512).unwrap().interval(), 512);
        assert_eq!(Rate::spaced(1, Some(999)).unwrap().interval(), 1000);
        assert_eq!(Rate::spaced(100, None).unwrap().interval(), 100);
        assert_eq!(Rate::new(3, 2), None);
        // Two of five: 2.5.
        let rate = Rate::spaced(2, Some(3)).unwrap();
        assert_eq!((rate.interval(), rate.scale(10), rate.scale(3)), (3, 25, 8));
        assert_eq!(Rate::new(3, 4).unwrap().interval(), 1);
        assert_eq!(Rate::one_in(1000).unwrap().scale(u64::MAX), u64::MAX);
    }

    #[test]
    fn rates_by_probability() {
        let interval = |p: f64| Rate::probability(p).map(Rate::interval);
        assert_eq!([interval(0.001), interval(1.0), interval(0.4)], [Some(1000), Some(1), Some(3)]);
        assert_eq!(Rate::probability(0.4).unwrap().scale(10), 25);
        // 0.01 in 32 bits is a little less, which no counter of usual size shows.
        assert_eq!(Rate::probability(f64::from(0.01_f32)).unwrap().scale(12_345), 1_234_500);
        assert_eq!([0.0, -0.5, 1.5, f64::NAN, f64::INFINITY, 1e-300].map(interval), [None; 6]);
    }

    #[test]
    fn an_application_is_the_same_in_three_octets_and_in_four() {
        assert_eq!(Named::application(&[13, 0, 0, 53]), Named::application(&[13, 0, 53]));
        assert_eq!(Named::application(&[13, 0, 0, 53]), Some(Named::Application(13, 53)));
        assert_eq!(Named::application(&[]), None);
    }
}
