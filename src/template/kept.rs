//! Templates that outlive a run: those valid at its end are given out as plain values, and the next run begins with them.
//!
//! A kept template stands as if its session and domain had sent it before the first message. So it is valid until the session sends
//! other content under its id (RFC 7011 §8.1: what was announced last counts, also where a first pass knows what will come), and the rules of scope let other
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
