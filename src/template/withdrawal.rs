//! Templates that an exporter takes back (RFC 7011 §8.1), where the transport allows it; the history stays.

use super::event::{Event, EventKind};
use super::history::{Kind, Seen};
use super::store::{DomainKey, Slot, TemplateStore, for_same};

/// What is withdrawn (RFC 7011 §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// The template with this id, whatever its kind.
    One(u16),
    /// All templates of a kind.
    All(Kind),
}

/// What a withdrawal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// So many templates are gone.
    Removed(usize),
    /// There was no such template.
    Unknown,
}

impl TemplateStore {
    /// Forgets one template, or all of a domain, where the transport allows a withdrawal (RFC 7011 §8.1). The history stays.
    pub fn withdraw(&mut self, key: DomainKey, what: Withdrawal, seen: Seen) -> Withdrawn {
        let Some(domain) = self.domains.get_mut(&key) else { return Withdrawn::Unknown };
        let mut removed = 0;
        for (slot_id, slot) in &mut domain.slots {
            if let Slot::Defined(gone) = *slot {
                let meant = match what {
                    Withdrawal::One(id) => id == *slot_id,
                    Withdrawal::All(kind) => self.definitions.get(gone.index()).is_some_and(|d| d.template.kind == kind),
                };
                if !meant {
                    continue;
                }
                *slot = Slot::Withdrawn;
                removed += 1;
                self.events.add(Event { key, definition: gone, kind: EventKind::Withdrawn, seen }, 0);
                let addr = key.exporter.addr;
                for_same(&mut self.by_address, (addr, key.domain, key.version, *slot_id), gone);
                for_same(&mut self.by_host, (addr, key.version, *slot_id), gone);
            }
        }
        if removed == 0 { Withdrawn::Unknown } else { Withdrawn::Removed(removed) }
    }

    /// True if the session withdrew that template and has not defined it anew.
    pub fn was_withdrawn(&self, key: DomainKey, id: u16) -> bool {
        self.domains.get(&key).is_some_and(|d| matches!(d.slots.get(&id), Some(Slot::Withdrawn)))
    }

    /// Notes a withdrawal that came over UDP: nothing is forgotten.
    pub fn ignore_withdrawal(&mut self, key: DomainKey, what: Withdrawal, seen: Seen) {
        let Some(domain) = self.domains.get(&key) else { return };
        for (slot_id, slot) in &domain.slots {
            let Slot::Defined(definition) = *slot else { continue };
            let meant = match what {
                Withdrawal::One(id) => id == *slot_id,
                Withdrawal::All(kind) => self.definitions.get(definition.index()).is_some_and(|d| d.template.kind == kind),
            };
            if meant {
                self.events.add(Event { key, definition, kind: EventKind::WithdrawalIgnored, seen }, 0);
            }
        }
    }
}
