//! What each Observation Domain has told: templates by session, domain and id, with RFC 7011 §8's rules.
//!
//! A lookup goes in this order: the exact session's current definition; offline, the definition that this session is going to
//! send later in the file; the latest definition of the same address and domain from another port, since real exporters send
//! templates from one port and data from another; offline, one that such a port is going to send.
//!
//! Bounds: templates in all, and domains (a forged stream of datagrams can invent both). What exceeds a bound is refused and
//! counted; in a run that never ends others make room for it, see [`TemplateStore::evicting`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::datagram::Endpoint;
use crate::message::Version;

use super::event::{Event, EventKind, Events, Intervals};
use super::eviction::Eviction;
use super::history::{Definition, DefinitionId, Seen, Template};

/// Fields of all definitions together: what a hundred thousand ordinary templates have. A flood of long ones takes no more memory.
pub(super) const MOST_FIELDS_IN_ALL: usize = 4_000_000;
/// Contents of one id in its domain: each new one is held against those before.
const MOST_CONTENTS: usize = 1_000;

/// A session and an observation domain: the scope of a template id.
///
/// The receiving end is left out: an exporter that serves two collectors from one socket sends both the same templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainKey {
    /// Address and port of the sender.
    pub exporter: Endpoint,
    /// Observation domain or Source ID.
    pub domain: u32,
    /// v9 and IPFIX number their templates apart.
    pub version: Version,
}

/// How far a template reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScopeRule {
    /// The exact session alone (RFC 7011 §8).
    Session,
    /// The exact session first, then other ports of the same address and domain.
    #[default]
    Address,
    /// As `Address`, then other domains of the same address.
    AnyDomain,
}

/// Bounds on what the wire can make the store keep.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Definitions in all.
    pub definitions: usize,
    /// Sessions and domains.
    pub domains: usize,
    /// Fields of one template.
    pub fields: usize,
}

impl Default for Limits {
    /// 100,000 definitions of up to 2,000 fields in 50,000 domains: Open vSwitch sends 88 templates, the longest seen has 80 fields.
    fn default() -> Self {
        Self { definitions: 100_000, domains: 50_000, fields: 2_000 }
    }
}

/// What an arriving template did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// An id that this domain had not used.
    New(DefinitionId),
    /// The same content again.
    Refresh(DefinitionId),
    /// Other content under the same id: the old definition, the new one.
    Redefined(DefinitionId, DefinitionId),
}

impl Learned {
    /// The definition that is valid from now on.
    pub fn definition(self) -> DefinitionId {
        match self {
            Self::New(d) | Self::Refresh(d) | Self::Redefined(_, d) => d,
        }
    }
}

/// Why a template was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A record by it could be empty, so that a Set would never end.
    EmptyRecord,
    /// More fields than the bound.
    TooManyFields,
    /// More definitions than the bound.
    TooManyDefinitions,
    /// More sessions and domains than the bound.
    TooManyDomains,
}

/// How a template was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Sent by the exact session before.
    Exact,
    /// The exact session sends it later in the file.
    Later,
    /// Sent from another port of the address, or in another domain.
    Elsewhere,
}

/// The answer to a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The definition to read by.
    pub definition: DefinitionId,
    /// How it was found.
    pub found: Found,
    /// True if an earlier run alone vouches for it.
    pub kept: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    Defined(DefinitionId),
    Withdrawn,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Domain {
    pub(super) slots: HashMap<u16, Slot>,
    /// All definitions that an id ever had here, in order.
    pub(super) known: HashMap<u16, Vec<DefinitionId>>,
    /// How many those are, and their fields.
    pub(super) held: usize,
    pub(super) fields: usize,
    /// By which it is known who was heard last.
    pub(super) slot: usize,
}

/// All templates of a run.
#[derive(Clone, Debug, Default)]
pub struct TemplateStore {
    rule: ScopeRule,
    pub(super) limits: Limits,
    pub(super) definitions: Vec<Definition>,
    /// Fields of all of them.
    pub(super) fields: usize,
    pub(super) domains: HashMap<DomainKey, Domain>,
    /// The latest definition by address, domain, version and id, whatever the port.
    pub(super) by_address: HashMap<(IpAddr, u32, Version, u16), DefinitionId>,
    /// The latest definition by address, version and id, whatever port and domain.
    pub(super) by_host: HashMap<(IpAddr, Version, u16), DefinitionId>,
    /// From a first pass: what is going to be defined, first definition each.
    later_by_address: HashMap<(IpAddr, u32, Version, u16), DefinitionId>,
    later_by_host: HashMap<(IpAddr, Version, u16), DefinitionId>,
    looked_ahead: bool,
    /// What earlier runs kept, the longest unheard first.
    pub(super) kept: Vec<DefinitionId>,
    pub(super) events: Events,
    pub(super) eviction: Eviction,
}

impl TemplateStore {
    /// An empty store.
    pub fn new(rule: ScopeRule, limits: Limits) -> Self {
        Self { rule, limits, ..Self::default() }
    }

    /// Takes a template. The field list must describe at least one octet.
    ///
    /// # Errors
    /// It breaks a bound or could describe an empty record; nothing changes then.
    pub fn learn(&mut self, key: DomainKey, template: Template, seen: Seen) -> Result<Learned, Refusal> {
        let id = template.id;
        let definition = self.define(key, template)?;
        let domain = self.domains.entry(key).or_default();
        let learned = match domain.slots.insert(id, Slot::Defined(definition)) {
            Some(Slot::Defined(old)) if old == definition => Learned::Refresh(definition),
            Some(Slot::Defined(old)) => Learned::Redefined(old, definition),
            Some(Slot::Withdrawn) | None => Learned::New(definition),
        };
        let kind = match learned {
            Learned::New(_) => EventKind::Learned,
            Learned::Refresh(_) => EventKind::Refreshed,
            Learned::Redefined(old, _) => EventKind::Redefined(old),
        };
        if let Some(d) = self.definitions.get_mut(definition.index()) {
            d.returns += u64::from(d.times_sent > 0 && matches!(kind, EventKind::Redefined(_)));
            if let Some(last) = d.last_seen {
                d.intervals.add(seen.time.nanos().saturating_sub(last.time.nanos()));
            }
            d.first_seen.get_or_insert(seen);
            d.last_seen = Some(seen);
            d.times_sent += 1;
            self.events.add(Event { key, definition, kind, seen }, d.times_sent);
        }
        self.reach(key, id, definition);
        Ok(learned)
    }

    /// Finds the definition with this content among those that the id had in its domain, or makes it.
    pub(super) fn define(&mut self, key: DomainKey, template: Template) -> Result<DefinitionId, Refusal> {
        if template.fields.iter().all(|f| f.length == 0) {
            return Err(Refusal::EmptyRecord);
        }
        if template.fields.len() > self.limits.fields {
            return Err(Refusal::TooManyFields);
        }
        if !self.domains.contains_key(&key) {
            if !self.room_for_domain() {
                return Err(Refusal::TooManyDomains);
            }
            let slot = self.eviction.slot(key);
            self.domains.insert(key, Domain { slot, ..Domain::default() });
        }
        let domain = self.domains.entry(key).or_default();
        self.eviction.hear(domain.slot, false);
        let known = domain.known.entry(template.id).or_default();
        let same = known.iter().copied().find(|d| self.definitions.get(d.index()).is_some_and(|d| *d.template == template));
        if let Some(definition) = same {
            return Ok(definition);
        }
        if known.len() >= MOST_CONTENTS || !self.room_for_definition(key, template.fields.len()) {
            return Err(Refusal::TooManyDefinitions);
        }
        let id = match self.eviction.free.pop() {
            Some(gone) => gone.next_turn(),
            None => u32::try_from(self.definitions.len()).map(DefinitionId::new).map_err(|_| Refusal::TooManyDefinitions)?,
        };
        let domain = self.domains.entry(key).or_default();
        let known = domain.known.entry(template.id).or_default();
        known.push(id);
        let (version, slot) = (u32::try_from(known.len()).unwrap_or(u32::MAX), domain.slot);
        domain.held += 1;
        domain.fields += template.fields.len();
        self.fields += template.fields.len();
        let definition = Definition {
            id,
            template: Arc::new(template),
            key,
            version,
            first_seen: None,
            last_seen: None,
            times_sent: 0,
            sets: 0,
            records: 0,
            sets_before: 0,
            records_before: 0,
            first_before: None,
            intervals: Intervals::default(),
            returns: 0,
            list_uses: 0,
            kept: None,
        };
        self.eviction.belongs(id, slot);
        match self.definitions.get_mut(id.index()) {
            Some(place) => *place = definition,
            None => self.definitions.push(definition),
        }
        Ok(id)
    }

    /// Lets other ports and domains find a definition, as the latest one.
    pub(super) fn reach(&mut self, key: DomainKey, id: u16, definition: DefinitionId) {
        let addr = key.exporter.addr;
        self.by_address.insert((addr, key.domain, key.version, id), definition);
        self.by_host.insert((addr, key.version, id), definition);
    }

    /// Finds the template for a Data Set.
    pub fn lookup(&self, key: DomainKey, id: u16) -> Option<Lookup> {
        self.lookup_by(self.rule, key, id)
    }

    /// Finds the template that a Data Set would have by another rule.
    pub fn lookup_by(&self, rule: ScopeRule, key: DomainKey, id: u16) -> Option<Lookup> {
        let (definition, found) = self.find(rule, key, id)?;
        let kept = self.definition(definition).is_some_and(Definition::is_only_kept);
        Some(Lookup { definition, found, kept })
    }

    /// The rule of this store.
    pub fn rule(&self) -> ScopeRule {
        self.rule
    }

    fn find(&self, rule: ScopeRule, key: DomainKey, id: u16) -> Option<(DefinitionId, Found)> {
        let domain = self.domains.get(&key);
        match domain.and_then(|d| d.slots.get(&id)) {
            Some(Slot::Defined(definition)) => return Some((*definition, Found::Exact)),
            Some(Slot::Withdrawn) => return None,
            None => {}
        }
        if self.looked_ahead
            && let Some(definition) = domain.and_then(|d| d.known.get(&id)).and_then(|k| k.first())
        {
            return Some((*definition, Found::Later));
        }
        if rule == ScopeRule::Session {
            return None;
        }
        let address = (key.exporter.addr, key.domain, key.version, id);
        let host = (key.exporter.addr, key.version, id);
        let elsewhere = self.by_address.get(&address).or_else(|| self.later_by_address.get(&address)).or_else(|| {
            let any_domain = rule == ScopeRule::AnyDomain;
            any_domain.then(|| self.by_host.get(&host).or_else(|| self.later_by_host.get(&host))).flatten()
        });
        elsewhere.map(|definition| (*definition, Found::Elsewhere))
    }

    /// What happened to templates, in order: the first hundred thousand events, of a definition's refreshes the first hundred.
    pub fn events(&self) -> &[Event] {
        &self.events.list
    }

    /// Events beyond those.
    pub fn events_left_out(&self) -> u64 {
        self.events.left_out
    }

    /// Counts a Data Set that was read with a definition.
    pub fn used(&mut self, lookup: Lookup, records: u64, seen: Seen) {
        if let Some(d) = self.definitions.get_mut(lookup.definition.index()) {
            self.eviction.used(lookup.definition);
            d.sets += 1;
            d.records += records;
            if lookup.found == Found::Later {
                d.sets_before += 1;
                d.records_before += records;
                d.first_before.get_or_insert(seen);
            }
        }
    }

    /// Counts lists that hold records by a definition.
    pub fn named_in_lists(&mut self, definition: DefinitionId, lists: u64) {
        if let Some(d) = self.definitions.get_mut(definition.index()) {
            d.list_uses += lists;
        }
    }

    /// Ends a first pass: everything learned is now foreknowledge, and the counters begin again. What earlier runs kept is known from
    /// the first message on, as before.
    pub fn rewind(&mut self) {
        self.looked_ahead = true;
        self.events = Events::default();
        let arrives: Vec<bool> = self.definitions.iter().map(|d| d.times_sent > 0).collect();
        for definition in &mut self.definitions {
            (definition.first_seen, definition.last_seen) = (None, None);
            (definition.times_sent, definition.sets, definition.records, definition.sets_before) = (0, 0, 0, 0);
            (definition.records_before, definition.first_before, definition.returns) = (0, None, 0);
            definition.intervals = Intervals::default();
        }
        for domain in self.domains.values_mut() {
            domain.slots.clear();
        }
        self.by_address.clear();
        self.by_host.clear();
        // Definitions are in the order of their first arrival, so the first one that takes a place is the first to come.
        for (definition, arrives) in self.definitions.iter().zip(arrives) {
            if !arrives {
                continue;
            }
            let (key, id) = (definition.key, definition.template.id);
            self.later_by_address.entry((key.exporter.addr, key.domain, key.version, id)).or_insert(definition.id);
            self.later_by_host.entry((key.exporter.addr, key.version, id)).or_insert(definition.id);
        }
        self.recall();
    }

    /// One definition.
    pub fn definition(&self, id: DefinitionId) -> Option<&Definition> {
        self.definitions.get(id.index()).filter(|d| d.id == id && !d.is_gone())
    }

    /// All definitions with their numbers, in the order of their first arrival.
    pub fn all(&self) -> impl Iterator<Item = (DefinitionId, &Definition)> {
        self.definitions.iter().filter(|d| !d.is_gone()).map(|d| (d.id, d))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.definitions.len() - self.eviction.free.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All definitions in the order of their first arrival; a store that forgets has empty ones among them.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }
}

/// Removes an entry if it still stands for the definition that is gone.
pub(super) fn for_same<K: std::hash::Hash + Eq>(map: &mut HashMap<K, DefinitionId>, key: K, gone: DefinitionId) {
    if map.get(&key) == Some(&gone) {
        map.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::Origin;
    use crate::message::FieldSpecifier;
    use crate::template::{Kind, Withdrawal, Withdrawn};
    use crate::time::Timestamp;

    fn key(port: u16, domain: u32) -> DomainKey {
        DomainKey { exporter: Endpoint { addr: IpAddr::from([192, 0, 2, 1]), port }, domain, version: Version::Ipfix }
    }

    fn template(id: u16, ies: &[u16]) -> Template {
        let fields = ies.iter().map(|ie| FieldSpecifier::element(0, *ie, 4)).collect();
        Template { id, kind: Kind::Data, fields, scope_count: 0 }
    }

    fn seen(frame: u64) -> Seen {
        Seen { time: Timestamp::from_seconds(1), origin: Origin { file: 0, frame } }
    }

    fn fields_of(store: &TemplateStore, lookup: Option<Lookup>) -> Option<(Found, Vec<u16>)> {
        lookup.map(|l| (l.found, store.definition(l.definition).unwrap().template.fields.iter().map(|f| f.id).collect()))
    }

    #[test]
    fn refresh_and_redefinition() {
        let mut s = TemplateStore::default();
        let first = s.learn(key(1, 0), template(256, &[8, 12]), seen(1)).unwrap();
        assert!(matches!(first, Learned::New(_)));
        assert_eq!(s.learn(key(1, 0), template(256, &[8, 12]), seen(2)), Ok(Learned::Refresh(first.definition())));
        assert!(matches!(s.learn(key(1, 0), template(256, &[1, 2]), seen(3)), Ok(Learned::Redefined(..))));
        assert_eq!(fields_of(&s, s.lookup(key(1, 0), 256)), Some((Found::Exact, vec![1, 2])));
        assert_eq!(s.definitions().iter().map(|d| (d.version, d.times_sent)).collect::<Vec<_>>(), [(1, 2), (2, 1)]);
    }

    #[test]
    fn another_port_serves_only_where_the_own_session_has_nothing() {
        let mut s = TemplateStore::default();
        s.learn(key(1, 7), template(256, &[8]), seen(1)).unwrap();
        assert_eq!(fields_of(&s, s.lookup(key(2, 7), 256)), Some((Found::Elsewhere, vec![8])));
        assert_eq!(s.lookup(key(2, 8), 256), None);
        s.learn(key(2, 7), template(256, &[12]), seen(2)).unwrap();
        assert_eq!(fields_of(&s, s.lookup(key(2, 7), 256)), Some((Found::Exact, vec![12])));
        assert_eq!(fields_of(&s, s.lookup(key(1, 7), 256)), Some((Found::Exact, vec![8])));
    }

    #[test]
    fn scope_rules() {
        let with = |rule| {
            let mut s = TemplateStore::new(rule, Limits::default());
            s.learn(key(1, 7), template(256, &[8]), seen(1)).unwrap();
            (s.lookup(key(2, 7), 256).is_some(), s.lookup(key(2, 9), 256).is_some())
        };
        assert_eq!(with(ScopeRule::Session), (false, false));
        assert_eq!(with(ScopeRule::Address), (true, false));
        assert_eq!(with(ScopeRule::AnyDomain), (true, true));
    }

    #[test]
    fn after_a_first_pass_the_future_is_known() {
        let mut s = TemplateStore::default();
        assert_eq!(s.lookup(key(1, 0), 256), None);
        s.learn(key(1, 0), template(256, &[8]), seen(5)).unwrap();
        s.learn(key(1, 0), template(256, &[12]), seen(9)).unwrap();
        s.rewind();
        assert_eq!(fields_of(&s, s.lookup(key(1, 0), 256)), Some((Found::Later, vec![8])));
        s.learn(key(1, 0), template(256, &[8]), seen(5)).unwrap();
        assert_eq!(fields_of(&s, s.lookup(key(1, 0), 256)), Some((Found::Exact, vec![8])));
        s.learn(key(1, 0), template(256, &[12]), seen(9)).unwrap();
        assert_eq!(fields_of(&s, s.lookup(key(1, 0), 256)), Some((Found::Exact, vec![12])));
        assert_eq!(s.definitions().len(), 2);
        assert_eq!(s.definitions()[0].first_seen, Some(seen(5)));
    }

    #[test]
    fn withdrawal_removes_and_a_new_definition_revives() {
        let mut s = TemplateStore::default();
        s.learn(key(1, 0), template(256, &[8]), seen(1)).unwrap();
        s.learn(key(1, 0), template(257, &[8]), seen(1)).unwrap();
        assert_eq!(s.withdraw(key(1, 0), Withdrawal::One(256), seen(9)), Withdrawn::Removed(1));
        assert_eq!(s.withdraw(key(1, 0), Withdrawal::One(256), seen(9)), Withdrawn::Unknown);
        assert_eq!(s.lookup(key(1, 0), 256), None);
        assert_eq!(s.lookup(key(2, 0), 256), None);
        assert_eq!(s.withdraw(key(1, 0), Withdrawal::All(Kind::Data), seen(9)), Withdrawn::Removed(1));
        s.learn(key(1, 0), template(256, &[12]), seen(2)).unwrap();
        assert_eq!(fields_of(&s, s.lookup(key(1, 0), 256)), Some((Found::Exact, vec![12])));
    }

    #[test]
    fn bounds_and_empty_records() {
        let mut s = TemplateStore::new(ScopeRule::Address, Limits { definitions: 2, domains: 2, fields: 3 });
        let empty = Template { fields: vec![FieldSpecifier::element(0, 8, 0)], ..template(256, &[]) };
        assert_eq!(s.learn(key(1, 0), empty, seen(1)), Err(Refusal::EmptyRecord));
        assert_eq!(s.learn(key(1, 0), template(256, &[1, 2, 3, 4]), seen(1)), Err(Refusal::TooManyFields));
        s.learn(key(1, 0), template(256, &[8]), seen(1)).unwrap();
        s.learn(key(1, 1), template(256, &[8]), seen(1)).unwrap();
        assert_eq!(s.learn(key(1, 2), template(256, &[8]), seen(1)), Err(Refusal::TooManyDomains));
        assert_eq!(s.learn(key(1, 0), template(257, &[8]), seen(1)), Err(Refusal::TooManyDefinitions));
    }
}
