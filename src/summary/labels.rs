//! Names of interfaces, to be shown beside their numbers.

use std::net::IpAddr;

use hashbrown::HashMap;

use crate::column::{FlowBatch, Values};
use crate::plan::Canonical;

/// Interfaces whose names are kept: more than any network has.
const MOST: usize = 100_000;

/// An interface: its exporter, where that tells interfaces apart, and its number.
pub(super) type Interface = (Option<IpAddr>, u64);

/// The names of one column of interfaces.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    number: Canonical,
    name: Canonical,
    by_exporter: bool,
    /// `None` where flows give an interface different names.
    names: HashMap<Interface, Option<Box<[u8]>>>,
}

impl Labels {
    /// The column of names that belongs to a column of numbers.
    pub(super) fn column(number: Canonical) -> Option<Canonical> {
        match number {
            Canonical::InIf => Some(Canonical::InIfName),
            Canonical::OutIf => Some(Canonical::OutIfName),
            _ => None,
        }
    }

    /// None yet; with `by_exporter`, interfaces of the same number at different exporters are different ones.
    pub(super) fn new(number: Canonical, name: Canonical, by_exporter: bool) -> Self {
        Self { number, name, by_exporter, names: HashMap::new() }
    }

    /// Takes the names of a batch.
    pub(super) fn read(&mut self, batch: &FlowBatch) {
        let (Some(numbers), Some(names)) = (batch.canonical(self.number), batch.canonical(self.name)) else { return };
        let Values::Octets(texts) = &names.values else { return };
        if names.validity.nulls() == names.validity.len() {
            return;
        }
        for run in batch.runs() {
            let exporter = if self.by_exporter { run.context.exporter.known_addr() } else { None };
            // Neighbours mostly share their interface.
            let mut last: Option<(u64, &[u8])> = None;
            for row in (run.start..run.start + run.rows).filter(|row| names.validity.get(*row)) {
                let Some(number) = numbers.unsigned(row) else { continue };
                let text = texts.get(row);
                if last != Some((number, text)) {
                    last = Some((number, text));
                    self.take((exporter, number), Some(text));
                }
            }
        }
    }

    fn take(&mut self, interface: Interface, text: Option<&[u8]>) {
        let is_full = self.names.len() >= MOST;
        match self.names.get_mut(&interface) {
            Some(known) => {
                if known.as_deref() != text {
                    *known = None;
                }
            }
            None if is_full => {}
            None => {
                self.names.insert(interface, text.map(Into::into));
            }
        }
    }

    /// Adds the names that another worker met.
    pub(super) fn merge(&mut self, other: Self) {
        for (interface, name) in other.names {
            self.take(interface, name.as_deref());
        }
    }

    /// The name of an interface; `None` where flows give it none, or several.
    pub(super) fn name(&self, interface: Interface) -> Option<&[u8]> {
        self.names.get(&interface)?.as_deref()
    }

    /// Whether interfaces are told apart by their exporters.
    pub(super) fn is_by_exporter(&self) -> bool {
        self.by_exporter
    }
}
