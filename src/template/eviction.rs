//! Room for new sessions and domains in a run that never ends: those that were silent for longest go, first those whose templates no data
//! was ever read with, as forged ones are.
//!
//! A session that sends many templates pushes out itself alone: with a sixteenth of the room in use it gets no more of it.

use std::sync::Arc;

use super::history::{DefinitionId, Kind, Template};
use super::store::{DomainKey, MOST_FIELDS_IN_ALL, TemplateStore, for_same};
use crate::recency::Recency;

/// The share of the bounds that one session and domain may use once all is in use.
const MOST_OF_ONE: usize = 16;

/// A session and domain whose templates are forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evicted {
    /// Who.
    pub key: DomainKey,
    /// What it had.
    pub definitions: Vec<DefinitionId>,
}

/// Who was heard last, and what is free again.
#[derive(Clone, Debug, Default)]
pub(super) struct Eviction {
    /// `None` where nothing is ever forgotten.
    recency: Option<Recency>,
    /// The domains by their slots.
    keys: Vec<DomainKey>,
    free_slots: Vec<usize>,
    /// The slot of each definition's domain.
    slots: Vec<usize>,
    /// Definitions whose numbers are to be used again.
    pub(super) free: Vec<DefinitionId>,
    evicted: Vec<Evicted>,
}

impl Eviction {
    /// A slot for a domain that is new.
    pub(super) fn slot(&mut self, key: DomainKey) -> usize {
        if self.recency.is_none() {
            return 0;
        }
        let slot = self.free_slots.pop().unwrap_or(self.keys.len());
        match self.keys.get_mut(slot) {
            Some(place) => *place = key,
            None => self.keys.push(key),
        }
        self.hear(slot, false);
        slot
    }

    /// Notes whose a definition is.
    pub(super) fn belongs(&mut self, id: DefinitionId, slot: usize) {
        if self.recency.is_some() {
            self.slots.resize(self.slots.len().max(id.index() + 1), 0);
            if let Some(place) = self.slots.get_mut(id.index()) {
                *place = slot;
            }
        }
    }

    /// Data was read with a definition: its domain is no invention.
    pub(super) fn used(&mut self, id: DefinitionId) {
        if let Some(slot) = self.slots.get(id.index()).copied() {
            self.hear(slot, true);
        }
    }

    /// A domain is heard; `proven` once data was read with its templates.
    pub(super) fn hear(&mut self, slot: usize, proven: bool) {
        if let Some(recency) = &mut self.recency {
            recency.hear(slot, proven);
        }
    }
}

impl TemplateStore {
    /// The same store for a run that never ends: what exceeds a bound pushes out those that were silent for longest.
    #[must_use]
    pub fn evicting(mut self) -> Self {
        self.eviction.recency = Some(Recency::new(self.limits.domains));
        self
    }

    /// Whose templates have been forgotten since this was asked last.
    pub fn take_evicted(&mut self) -> Vec<Evicted> {
        std::mem::take(&mut self.eviction.evicted)
    }

    /// Forgets others until there is room for one more domain; false if there is none to be had.
    pub(super) fn room_for_domain(&mut self) -> bool {
        while self.domains.len() >= self.limits.domains {
            if !self.evict(None) {
                return false;
            }
        }
        true
    }

    /// Forgets others until there is room for one more definition of a domain; false if there is none to be had.
    pub(super) fn room_for_definition(&mut self, key: DomainKey, fields: usize) -> bool {
        while self.len() >= self.limits.definitions || self.fields + fields > MOST_FIELDS_IN_ALL {
            let Some(domain) = self.domains.get(&key) else { return false };
            let too_many = domain.held * MOST_OF_ONE >= self.limits.definitions || domain.fields * MOST_OF_ONE >= MOST_FIELDS_IN_ALL;
            let slot = domain.slot;
            if too_many || !self.evict(Some(slot)) {
                return false;
            }
        }
        true
    }

    fn evict(&mut self, but: Option<usize>) -> bool {
        let Some(recency) = &mut self.eviction.recency else { return false };
        let Some(slot) = recency.most_silent(but) else { return false };
        recency.forget(slot);
        self.eviction.free_slots.push(slot);
        let Some(key) = self.eviction.keys.get(slot).copied() else { return false };
        let Some(domain) = self.domains.remove(&key) else { return false };
        let nothing = Arc::new(Template { id: 0, kind: Kind::Data, fields: Vec::new(), scope_count: 0 });
        let definitions: Vec<DefinitionId> = domain.known.into_values().flatten().collect();
        for id in &definitions {
            let Some(definition) = self.definitions.get_mut(id.index()) else { continue };
            let template = std::mem::replace(&mut definition.template, Arc::clone(&nothing));
            (definition.times_sent, definition.kept) = (0, None);
            self.fields -= template.fields.len();
            let addr = key.exporter.addr;
            for_same(&mut self.by_address, (addr, key.domain, key.version, template.id), *id);
            for_same(&mut self.by_host, (addr, key.version, template.id), *id);
        }
        self.eviction.free.extend(&definitions);
        self.eviction.evicted.push(Evicted { key, definitions });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::{Endpoint, Origin};
    use crate::message::{FieldSpecifier, Version};
    use crate::template::{Limits, Refusal, ScopeRule, Seen};
    use crate::time::Timestamp;

    fn key(host: u8) -> DomainKey {
        DomainKey { exporter: Endpoint { addr: [192, 0, 2, host].into(), port: 9 }, domain: 0, version: Version::Ipfix }
    }

    fn template(id: u16, ie: u16) -> Template {
        Template { id, kind: Kind::Data, fields: vec![FieldSpecifier::element(0, ie, 4)], scope_count: 0 }
    }

    const SEEN: Seen = Seen { time: Timestamp::from_nanos(1), origin: Origin { file: 0, frame: 1 } };

    fn store(definitions: usize, domains: usize) -> TemplateStore {
        TemplateStore::new(ScopeRule::Address, Limits { definitions, domains, fields: 10 }).evicting()
    }

    #[test]
    fn the_silent_go_and_their_numbers_do_not_come_back() {
        let mut s = store(100, 4);
        let first = s.learn(key(1), template(256, 8), SEEN).unwrap().definition();
        let lookup = s.lookup(key(1), 256).unwrap();
        s.used(lookup, 1, SEEN);
        let forged = s.learn(key(100), template(256, 9), SEEN).unwrap().definition();
        for host in 101..120 {
            s.learn(key(host), template(256, 9), SEEN).unwrap();
        }
        assert_eq!((s.len(), s.lookup(key(1), 256).map(|l| l.definition)), (4, Some(first)));
        assert_eq!((s.lookup(key(100), 256), s.definition(forged).is_none()), (None, true));
        let evicted = s.take_evicted();
        assert_eq!((evicted.len(), evicted[0].clone()), (17, Evicted { key: key(100), definitions: vec![forged] }));
        assert!(s.all().all(|(id, d)| s.definition(id).is_some_and(|same| same.key == d.key) && d.template.was_sent()));
        // Once it is silent for longest among those that have proven themselves, it goes as well.
        for host in 1..=4 {
            s.learn(key(host), template(256, 8), SEEN).unwrap();
            let lookup = s.lookup(key(host), 256).unwrap();
            s.used(lookup, 1, SEEN);
        }
        s.learn(key(5), template(256, 8), SEEN).unwrap();
        assert_eq!([1, 2, 5].map(|host| s.lookup(key(host), 256).is_some()), [false, true, true]);
    }

    #[test]
    fn one_domain_pushes_out_itself_alone() {
        let mut s = store(32, 100);
        (1..=20).for_each(|host| assert!(s.learn(key(host), template(256, 8), SEEN).is_ok()));
        let taken = (0..100).filter(|n| s.learn(key(50), template(300 + n, 8), SEEN).is_ok()).count();
        assert_eq!((taken, s.len()), (12, 32));
        assert_eq!(s.learn(key(50), template(1_000, 8), SEEN), Err(Refusal::TooManyDefinitions));
        assert!((1..=20).all(|host| s.lookup(key(host), 256).is_some()));
        // Somebody else still gets room.
        assert!(s.learn(key(60), template(256, 8), SEEN).is_ok());
        assert!((s.len() <= 32) && s.lookup(key(60), 256).is_some());
    }
}
