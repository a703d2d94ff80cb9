//! Templates that outlive a run: those valid at its end are given out as plain values, and the next run begins with them.
//!
//! A kept template stands as if its session and domain had sent it before the first message. So it is valid until the session sends
//! other content under its id (RFC 7011 §8.1: what was announced last counts, also where a first pass knows what will come), and the
//! rules of scope let other
//! ports and domains of the address find it as any other. It does not count as sent in this run.

use super::history::{Definition, DefinitionId, KeptHistory, KeptTemplate};
use super::store::{Refusal, Slot, TemplateStore};

impl TemplateStore {
    /// Begins with what an earlier run kept; to be called before anything is learned. Of several contents of one id in one domain
    /// the last one heard of is valid.
    ///
    /// # Errors
    /// One of them breaks a bound or could describe an empty record; which one, and why. Those before it stay.
    pub fn keep<'a>(&mut self, kept: &'a [KeptTemplate]) -> Result<(), (&'a KeptTemplate, Refusal)> {
        let mut in_order: Vec<&KeptTemplate> = kept.iter().collect();
        in_order.sort_by_key(|k| k.history.last_seen);
        for kept in in_order {
            let definition = self.define(kept.key, kept.template.clone()).map_err(|refusal| (kept, refusal))?;
            if let Some(d) = self.definitions.get_mut(definition.index()) {
                d.kept = Some(kept.history);
                // An earlier run vouches for it, whether or not it has been heard yet.
                self.eviction.used(definition);
            }
            self.kept.push(definition);
        }
        self.recall();
        Ok(())
    }

    /// The templates valid now, by session, domain and id. Those of flow logs are left out: a file is a session of its own
    /// (RFC 5655), and nothing says whose it is. So are layouts that no exporter sent.
    pub fn valid(&self) -> Vec<KeptTemplate> {
        let defined = self.domains.values().flat_map(|d| d.slots.values()).filter_map(|slot| match slot {
            Slot::Defined(definition) => self.definition(*definition),
            Slot::Withdrawn => None,
        });
        let known = defined.filter(|d| d.key.exporter.known_addr().is_some() && d.template.was_sent());
        let mut templates: Vec<KeptTemplate> = known.filter_map(kept).collect();
        templates.sort_by_key(|k| (k.key, k.template.id));
        templates
    }

    /// Puts what was kept into its place, as if it had just been sent.
    pub(super) fn recall(&mut self) {
        let places: Vec<(DefinitionId, _, u16)> =
            self.kept.iter().filter_map(|id| self.definition(*id).map(|d| (*id, d.key, d.template.id))).collect();
        for (definition, key, id) in places {
            self.domains.entry(key).or_default().slots.insert(id, Slot::Defined(definition));
            self.reach(key, id, definition);
        }
    }
}

/// A definition as the next run is to have it: its history goes on over all runs.
fn kept(d: &Definition) -> Option<KeptTemplate> {
    let first_seen = d.kept.map(|k| k.first_seen).or(d.first_seen.map(|s| s.time))?;
    let last_seen = d.last_seen.map(|s| s.time).or(d.kept.map(|k| k.last_seen))?;
    let times_sent = d.kept.map_or(0, |k| k.times_sent).saturating_add(d.times_sent);
    Some(KeptTemplate {
        key: d.key,
        template: (*d.template).clone(),
        history: KeptHistory { first_seen: first_seen.min(last_seen), last_seen: last_seen.max(first_seen), times_sent },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::{Endpoint, Origin};
    use crate::message::{FieldSpecifier, Version};
    use crate::template::{DomainKey, Found, Kind, Limits, ScopeRule, Seen, Template, Withdrawal};
    use crate::time::Timestamp;

    fn key(port: u16, domain: u32) -> DomainKey {
        DomainKey { exporter: Endpoint { addr: [192, 0, 2, 1].into(), port }, domain, version: Version::Ipfix }
    }

    fn template(id: u16, element: u16) -> Template {
        Template { id, kind: Kind::Data, fields: vec![FieldSpecifier::element(0, element, 4)], scope_count: 0 }
    }

    fn kept(port: u16, id: u16, element: u16, seconds: u32) -> KeptTemplate {
        let (first_seen, last_seen) = (Timestamp::from_seconds(1), Timestamp::from_seconds(seconds));
        KeptTemplate { key: key(port, 0), template: template(id, element), history: KeptHistory { first_seen, last_seen, times_sent: 3 } }
    }

    fn seen(seconds: u32) -> Seen {
        Seen { time: Timestamp::from_seconds(seconds), origin: Origin { file: 0, frame: 1 } }
    }

    /// How the template was found, whether an earlier run alone vouches for it, and its element.
    fn found(s: &TemplateStore, key: DomainKey, id: u16) -> Option<(Found, bool, u16)> {
        s.lookup(key, id).map(|l| (l.found, l.kept, s.definition(l.definition).unwrap().template.fields[0].id))
    }

    #[test]
    fn valid_until_the_session_sends_another() {
        let mut s = TemplateStore::default();
        s.keep(&[kept(1, 256, 8, 9)]).unwrap();
        assert_eq!(found(&s, key(1, 0), 256), Some((Found::Exact, true, 8)));
        // A first pass that meets another content changes nothing: what was announced last is valid.
        s.learn(key(1, 0), template(256, 12), seen(20)).unwrap();
        s.rewind();
        assert_eq!(found(&s, key(1, 0), 256), Some((Found::Exact, true, 8)));
        s.learn(key(1, 0), template(256, 12), seen(20)).unwrap();
        assert_eq!(found(&s, key(1, 0), 256), Some((Found::Exact, false, 12)));
        let valid = s.valid();
        assert_eq!((valid.len(), &valid[0].template), (1, &template(256, 12)));
        assert_eq!((valid[0].history.first_seen, valid[0].history.times_sent), (Timestamp::from_seconds(20), 1));
    }

    #[test]
    fn a_refresh_goes_on_with_the_history() {
        let mut s = TemplateStore::default();
        s.keep(&[kept(1, 256, 8, 9)]).unwrap();
        s.learn(key(1, 0), template(256, 8), seen(20)).unwrap();
        assert_eq!(found(&s, key(1, 0), 256), Some((Found::Exact, false, 8)));
        let history = s.valid()[0].history;
        assert_eq!((history.first_seen, history.last_seen), (Timestamp::from_seconds(1), Timestamp::from_seconds(20)));
        assert_eq!((history.times_sent, s.definitions()[0].times_sent), (4, 1));
    }

    #[test]
    fn another_port_finds_what_was_heard_last() {
        let mut s = TemplateStore::default();
        s.keep(&[kept(2, 256, 12, 20), kept(1, 256, 8, 9)]).unwrap();
        assert_eq!(found(&s, key(3, 0), 256), Some((Found::Elsewhere, true, 12)));
        assert_eq!(found(&s, key(1, 0), 256), Some((Found::Exact, true, 8)));
        // What the session itself is going to send comes before what another port sent in an earlier run.
        s.learn(key(3, 0), template(256, 7), seen(30)).unwrap();
        s.rewind();
        assert_eq!(found(&s, key(3, 0), 256), Some((Found::Later, false, 7)));
        assert_eq!(found(&s, key(4, 0), 256), Some((Found::Elsewhere, true, 12)));
        let mut alone = TemplateStore::new(ScopeRule::Session, Limits::default());
        alone.keep(&[kept(1, 256, 8, 9)]).unwrap();
        assert_eq!(found(&alone, key(3, 0), 256), None);
    }

    #[test]
    fn withdrawn_ones_and_those_of_files_are_not_kept() {
        let mut s = TemplateStore::default();
        s.keep(&[kept(1, 256, 8, 9), kept(1, 257, 8, 9)]).unwrap();
        s.withdraw(key(1, 0), Withdrawal::One(256), seen(9));
        let file = DomainKey { exporter: Endpoint::UNKNOWN, ..key(0, 0) };
        s.learn(file, template(300, 8), seen(20)).unwrap();
        assert_eq!(s.valid(), [kept(1, 257, 8, 9)]);
        // A second pass begins with them all again.
        s.rewind();
        assert_eq!(found(&s, key(1, 0), 256), Some((Found::Exact, true, 8)));
    }

    #[test]
    fn bounds_hold_for_them_too() {
        let limits = Limits { definitions: 1, ..Limits::default() };
        let mut s = TemplateStore::new(ScopeRule::Address, limits);
        assert_eq!(s.keep(&[kept(1, 256, 8, 9), kept(1, 257, 8, 10)]), Err((&kept(1, 257, 8, 10), Refusal::TooManyDefinitions)));
    }
}
