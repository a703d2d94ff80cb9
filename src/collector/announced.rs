//! What options data announces of names and rates: read out of its records into directories, which flows are joined with.
//!
//! A flow sees what its own session and domain announced, then what the same domain announced from another port, then what the address
//! announced in other domains: there names and samplers alone, since a rate for all flows holds for its domain. At each of these what
//! was announced before the flow counts first, then what a first pass found later. What an earlier run knew comes last.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::column::{Directory, Known, Named, Rate, Sampled, float_of, text_of, unsigned_of};
use crate::message::{FieldSpecifier, Role, Version};
use crate::plan::{Canonical, Layout};
use crate::template::DomainKey;

/// Sessions, domains and addresses that have a directory; those of further ones are not kept.
const MOST_DIRECTORIES: usize = 100_000;
/// Octets kept of a name.
const LONGEST_NAME: usize = 1024;

/// What a field of an options record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Say {
    Interface,
    InterfaceName,
    InterfaceDescription,
    Vrf,
    VrfName,
    Application,
    ApplicationName,
    Sampler,
    Template,
    Interval,
    Taken,
    Skipped,
    TimeTaken,
    TimeSkipped,
    Size,
    Population,
    Probability,
    LineCard,
}

/// The fields of an options template that announce something.
#[derive(Clone, Debug)]
pub(super) struct Announcement {
    fields: Vec<(Say, usize)>,
}

impl Announcement {
    /// Finds them; `None` where the template announces nothing that flows can be joined with.
    pub(super) fn of(fields: &[FieldSpecifier]) -> Option<Self> {
        let mut found: Vec<(Say, usize)> = Vec::new();
        for (number, field) in fields.iter().enumerate().filter(|(_, f)| f.length != 0) {
            if let Some(say) = say(field).filter(|say| found.iter().all(|(known, _)| known != say)) {
                found.push((say, number));
            }
        }
        let has = |say: Say| found.iter().any(|(known, _)| *known == say);
        let names = has(Say::Interface) && (has(Say::InterfaceName) || has(Say::InterfaceDescription))
            || has(Say::Vrf) && has(Say::VrfName)
            || has(Say::Application) && has(Say::ApplicationName);
        let rates = has(Say::Probability)
            || has(Say::Interval)
            || has(Say::Taken)
            || has(Say::TimeTaken) && has(Say::TimeSkipped)
            || has(Say::Size) && has(Say::Population);
        (names || rates).then_some(Self { fields: found })
    }

    /// Reads every record of a Set.
    fn read(&self, layout: &Layout, body: &[u8], mut each: impl FnMut(Fact<'_>)) {
        let mut positions = Vec::new();
        let mut name = Vec::new();
        let mut at = 0usize;
        while let Some(rest) = body.get(at..).filter(|r| r.len() >= layout.shortest as usize) {
            positions.clear();
            let Some(length) = layout.fields(rest, 0, &mut positions) else { break };
            let cell = |say: Say| {
                let (_, number) = self.fields.iter().find(|(known, _)| *known == say)?;
                let (start, length) = positions.get(*number)?;
                rest.get(*start as usize..(*start + *length) as usize)
            };
            let number = |say: Say| cell(say).and_then(unsigned_of);
            let mut named = |what: Option<Named>, names: &[Say]| {
                let Some(what) = what else { return };
                for say in names {
                    name.clear();
                    text_of(cell(*say).unwrap_or_default(), &mut name);
                    let text = String::from_utf8_lossy(name.get(..LONGEST_NAME).unwrap_or(&name));
                    if !text.trim().is_empty() {
                        each(Fact::Name(what, text.trim()));
                        return;
                    }
                }
            };
            named(number(Say::Interface).map(Named::Interface), &[Say::InterfaceName, Say::InterfaceDescription]);
            named(number(Say::Vrf).map(Named::Vrf), &[Say::VrfName]);
            named(cell(Say::Application).and_then(Named::application), &[Say::ApplicationName]);
            if let Some(rate) = rate(&number).or_else(|| cell(Say::Probability).and_then(float_of).and_then(Rate::probability)) {
                let what = number(Say::Sampler)
                    .map(Sampled::Sampler)
                    .or_else(|| number(Say::Interface).map(Sampled::Interface))
                    .or_else(|| number(Say::Template).map(Sampled::Template))
                    .or_else(|| number(Say::LineCard).map(Sampled::LineCard));
                each(Fact::Rate(what.unwrap_or(Sampled::All), rate));
            }
            at += length as usize;
        }
    }
}

enum Fact<'a> {
    Name(Named, &'a str),
    Rate(Sampled, Rate),
}

fn say(field: &FieldSpecifier) -> Option<Say> {
    if field.role == Role::V9Scope {
        return match field.id {
            2 => Some(Say::Interface),
            3 => Some(Say::LineCard),
            5 => Some(Say::Template),
            _ => None,
        };
    }
    Some(match (field.pen, field.id) {
        (0, 10 | 14 | 252 | 253) => Say::Interface,
        (0, 82) => Say::InterfaceName,
        (0, 83) => Say::InterfaceDescription,
        (0, 234 | 235) => Say::Vrf,
        (0, 236) => Say::VrfName,
        (0, 95) => Say::Application,
        (0, 96) => Say::ApplicationName,
        (0, 48 | 302) => Say::Sampler,
        (0, 141) => Say::LineCard,
        (0, 145) => Say::Template,
        (0, 34 | 50) => Say::Interval,
        (0, 305) => Say::Taken,
        (0, 306) => Say::Skipped,
        (0, 307) => Say::TimeTaken,
        (0, 308) => Say::TimeSkipped,
        (0, 309) => Say::Size,
        (0, 310) => Say::Population,
        (0, 311) => Say::Probability,
        _ => return None,
    })
}

/// The rate of an options record by whole numbers, whichever way it says it.
fn rate(number: &impl Fn(Say) -> Option<u64>) -> Option<Rate> {
    number(Say::Interval)
        .and_then(Rate::one_in)
        .or_else(|| Rate::spaced(number(Say::Taken)?, number(Say::Skipped)))
        .or_else(|| Rate::new(number(Say::Size)?, number(Say::Population)?))
        .or_else(|| Rate::spaced(number(Say::TimeTaken)?, Some(number(Say::TimeSkipped)?)))
}

/// True for a rate that says nothing of the address's other domains.
fn is_of_domain(what: Sampled) -> bool {
    matches!(what, Sampled::All | Sampled::Template(_))
}

/// Whose directory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Level {
    Session(DomainKey),
    Domain(IpAddr, u32, Version),
    Address(IpAddr),
}

impl Level {
    fn all(key: DomainKey) -> [Self; 3] {
        let addr = key.exporter.addr;
        [Self::Session(key), Self::Domain(addr, key.domain, key.version), Self::Address(addr)]
    }
}

/// All directories of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Announced {
    now: HashMap<Level, Arc<Directory>>,
    /// What a first pass has found first.
    later: HashMap<Level, Arc<Directory>>,
    /// What an earlier run knew.
    kept: HashMap<Level, Arc<Directory>>,
    /// Which of them hold for whom, until something changes.
    known: HashMap<DomainKey, Option<Arc<Known>>>,
}

impl Announced {
    /// True if nothing was announced at all.
    pub(super) fn is_empty(&self) -> bool {
        self.now.is_empty() && self.later.is_empty() && self.kept.is_empty()
    }

    /// Reads the records of an options Set, and gives the rates that it tells. `keep_first` leaves what was told before.
    pub(super) fn learn(
        &mut self,
        key: DomainKey,
        announcement: &Announcement,
        layout: &Layout,
        body: &[u8],
        keep_first: bool,
        mut rates: impl FnMut(Sampled, Rate),
    ) {
        let mut changed = false;
        let now = &mut self.now;
        announcement.read(layout, body, |fact| {
            if let Fact::Rate(what, rate) = fact {
                rates(what, rate);
            }
            for level in Level::all(key) {
                let of_domain = matches!(fact, Fact::Rate(what, _) if is_of_domain(what));
                if of_domain && matches!(level, Level::Address(_)) || !now.contains_key(&level) && now.len() >= MOST_DIRECTORIES {
                    continue;
                }
                let directory = now.entry(level).or_default();
                // A refresh must not copy what the workers hold.
                let news = match fact {
                    Fact::Name(what, name) => directory.name_of(what).is_none_or(|known| !keep_first && known != name),
                    Fact::Rate(what, rate) => directory.rate_of(what).is_none_or(|known| !keep_first && known != rate),
                };
                if news {
                    let directory = Arc::make_mut(directory);
                    changed |= match fact {
                        Fact::Name(what, name) => directory.name(what, name),
                        Fact::Rate(what, rate) => directory.rate(what, rate),
                    };
                }
            }
        });
        if changed {
            self.known.clear();
        }
    }

    /// Forgets what a session and domain told. What its address and domain told serves other sessions too: it goes where room is short.
    pub(super) fn forget(&mut self, key: DomainKey) {
        let short = self.now.len() > MOST_DIRECTORIES / 2;
        for level in Level::all(key) {
            if short || level == Level::Session(key) {
                self.now.remove(&level);
            }
        }
        self.known.remove(&key);
    }

    /// Forgets what was put together for a session that is heard no more.
    pub(super) fn unheard(&mut self, key: DomainKey) {
        self.known.remove(&key);
    }

    /// What holds for the flows of a session and domain; `None` where that is nothing.
    pub(super) fn known(&mut self, key: DomainKey) -> Option<Arc<Known>> {
        if self.is_empty() {
            return None;
        }
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let of_run = Level::all(key).into_iter().flat_map(|level| [self.now.get(&level), self.later.get(&level)]);
        let before = Level::all(key).into_iter().map(|level| self.kept.get(&level));
        let levels: Vec<Arc<Directory>> = of_run.chain(before).flatten().cloned().collect();
        let only_rate = self.only_rate(key);
        let known = (!levels.is_empty()).then(|| Arc::new(Known { levels, only_rate }));
        self.known.insert(key, known.clone());
        known
    }

    /// The rate of a domain that has announced one sampler and no other rate, or the same rate for all its line cards.
    fn only_rate(&self, key: DomainKey) -> Option<Rate> {
        let level = Level::Domain(key.exporter.addr, key.domain, key.version);
        let of_run = || [self.now.get(&level), self.later.get(&level)].into_iter().flatten().flat_map(|d| d.rates());
        let before = self.kept.get(&level).filter(|_| of_run().next().is_none());
        let mut rates = of_run().chain(before.into_iter().flat_map(|d| d.rates()));
        let (what, rate) = rates.next()?;
        let only = match what {
            Sampled::Sampler(_) => rates.all(|(other, _)| other == what),
            Sampled::LineCard(_) => rates.all(|(other, same)| matches!(other, Sampled::LineCard(_)) && same == rate),
            Sampled::All | Sampled::Interface(_) | Sampled::Template(_) => false,
        };
        only.then_some(rate)
    }

    /// Takes what an earlier run knew of a session.
    pub(super) fn keep(&mut self, key: DomainKey, told: &Directory) {
        for level in Level::all(key) {
            if !self.kept.contains_key(&level) && self.kept.len() >= MOST_DIRECTORIES {
                continue;
            }
            let directory = Arc::make_mut(self.kept.entry(level).or_default());
            for (what, name) in told.names() {
                directory.name(what, name);
            }
            for (what, rate) in told.rates() {
                if !(is_of_domain(what) && matches!(level, Level::Address(_))) {
                    directory.rate(what, rate);
                }
            }
        }
        self.known.clear();
    }

    /// What sessions have told, in this run or before.
    pub(super) fn told(&self) -> HashMap<DomainKey, Directory> {
        let mut told: HashMap<DomainKey, Directory> = HashMap::new();
        for (level, directory) in self.kept.iter().chain(&self.now) {
            if let Level::Session(key) = level {
                let into = told.entry(*key).or_default();
                directory.names().for_each(|(what, name)| _ = into.name(what, name));
                directory.rates().for_each(|(what, rate)| _ = into.rate(what, rate));
            }
        }
        told
    }

    /// Ends a first pass.
    pub(super) fn rewind(&mut self) {
        self.later = std::mem::take(&mut self.now);
        self.known.clear();
    }

    /// The canonical columns that what was announced can fill.
    pub(super) fn columns(&self) -> Vec<Canonical> {
        let directories = || self.now.values().chain(self.later.values()).chain(self.kept.values());
        let named = |test: fn(Named) -> bool| directories().any(|d| d.named().any(test));
        let mut columns = Vec::new();
        if named(|n| matches!(n, Named::Interface(_))) {
            columns.extend([Canonical::InIfName, Canonical::OutIfName]);
        }
        if named(|n| matches!(n, Named::Application(..))) {
            columns.push(Canonical::Application);
        }
        if directories().any(|d| d.rates().next().is_some()) {
            columns.push(Canonical::SamplingInterval);
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::Endpoint;

    fn key(port: u16, domain: u32) -> DomainKey {
        let exporter = Endpoint { addr: "192.0.2.1".parse().unwrap(), port };
        DomainKey { exporter, domain, version: Version::V9 }
    }

    fn learn(announced: &mut Announced, key: DomainKey, fields: &[FieldSpecifier], body: &[u8], keep_first: bool) {
        let announcement = Announcement::of(fields).unwrap();
        announced.learn(key, &announcement, &Layout::of(fields).unwrap(), body, keep_first, |_, _| {});
    }

    fn interface_names() -> [FieldSpecifier; 2] {
        let scope = FieldSpecifier { pen: 0, id: 2, length: 2, role: Role::V9Scope };
        [scope, FieldSpecifier::element(0, 82, 4)]
    }

    #[test]
    fn what_was_told_before_counts_and_then_what_comes_later() {
        let mut announced = Announced::default();
        learn(&mut announced, key(1, 5), &interface_names(), b"\0\x01eth0\0\x01eth1\0\x02lan\0", true);
        announced.rewind();
        let name = |a: &mut Announced, k, n| a.known(k).and_then(|known| known.name_of(Named::Interface(n)).map(str::to_owned));
        assert_eq!(name(&mut announced, key(1, 5), 1).as_deref(), Some("eth0"));
        assert_eq!(name(&mut announced, key(1, 5), 2).as_deref(), Some("lan"));
        learn(&mut announced, key(1, 5), &interface_names(), b"\0\x01eth1", false);
        assert_eq!(name(&mut announced, key(1, 5), 1).as_deref(), Some("eth1"));
        // Another port, another domain of the address; never another address.
        assert_eq!(name(&mut announced, key(2, 5), 1).as_deref(), Some("eth1"));
        assert_eq!(name(&mut announced, key(2, 6), 1).as_deref(), Some("eth1"));
        let mut other = key(1, 5);
        other.exporter.addr = "192.0.2.2".parse().unwrap();
        assert!(announced.known(other).is_none());
    }

    #[test]
    fn what_an_earlier_run_knew_comes_last() {
        let mut told = Directory::default();
        told.name(Named::Interface(1), "old");
        told.name(Named::Interface(9), "gone");
        told.rate(Sampled::All, Rate::one_in(50).unwrap());
        let mut announced = Announced::default();
        announced.keep(key(1, 5), &told);
        let name = |a: &mut Announced, k, n| a.known(k).and_then(|known| known.name_of(Named::Interface(n)).map(str::to_owned));
        let rate = |a: &mut Announced, k| a.known(k).and_then(|known| known.rate_of(Sampled::All)).map(Rate::interval);
        assert_eq!((name(&mut announced, key(1, 5), 1).as_deref(), rate(&mut announced, key(2, 5))), (Some("old"), Some(50)));
        assert_eq!((name(&mut announced, key(1, 6), 1).as_deref(), rate(&mut announced, key(1, 6))), (Some("old"), None));
        // Another port of this run comes before the own session of an earlier one.
        learn(&mut announced, key(2, 5), &interface_names(), b"\0\x01eth0", true);
        announced.rewind();
        assert_eq!(name(&mut announced, key(1, 5), 1).as_deref(), Some("eth0"));
        assert_eq!(name(&mut announced, key(1, 5), 9).as_deref(), Some("gone"));
        // What is told again replaces what was kept; the rest goes on.
        learn(&mut announced, key(1, 5), &interface_names(), b"\0\x01eth1", false);
        let told = announced.told().remove(&key(1, 5)).unwrap();
        assert_eq!((told.name_of(Named::Interface(1)), told.name_of(Named::Interface(9))), (Some("eth1"), Some("gone")));
    }

    #[test]
    fn a_rate_for_all_flows_stays_in_its_domain() {
        let mut announced = Announced::default();
        let fields = [FieldSpecifier { pen: 0, id: 1, length: 3, role: Role::V9Scope }, FieldSpecifier::element(0, 34, 4)];
        learn(&mut announced, key(1, 5), &fields, &[0, 0, 0, 0, 0, 0, 100], false);
        let rate = |a: &mut Announced, k| a.known(k).and_then(|known| known.rate_of(Sampled::All)).map(Rate::interval);
        assert_eq!(rate(&mut announced, key(2, 5)), Some(100));
        assert_eq!(rate(&mut announced, key(1, 6)), None);
        // A rate of 0 says nothing, and takes nothing back.
        learn(&mut announced, key(1, 5), &fields, &[0; 7], false);
        assert_eq!(rate(&mut announced, key(1, 5)), Some(100));
    }

    #[test]
    fn templates_without_a_key_or_a_name_announce_nothing() {
        let scope = |id, length| FieldSpecifier { pen: 0, id, length, role: Role::V9Scope };
        assert!(Announcement::of(&[scope(1, 4), FieldSpecifier::element(0, 82, 16)]).is_none());
        assert!(Announcement::of(&[scope(2, 0), FieldSpecifier::element(0, 82, 16)]).is_none());
        assert!(Announcement::of(&[scope(2, 4), FieldSpecifier::element(0, 41, 4)]).is_none());
        assert!(Announcement::of(&[scope(1, 0), FieldSpecifier::element(0, 305, 2)]).is_some());
    }

    /// Records that lie about their lengths end the Set, and what came before them counts.
    #[test]
    fn a_cut_record_ends_the_reading() {
        let fields = [FieldSpecifier { pen: 0, id: 10, length: 1, role: Role::Scope }, FieldSpecifier::element(0, 82, 65_535)];
        let mut announced = Announced::default();
        learn(&mut announced, key(1, 1), &fields, &[7, 2, b'e', b'0', 8, 200, b'x'], false);
        let known = announced.known(key(1, 1)).unwrap();
        assert_eq!(known.name_of(Named::Interface(7)), Some("e0"));
        assert_eq!(known.name_of(Named::Interface(8)), None);
    }
}
