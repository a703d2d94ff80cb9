//! What happened to templates in time, and what differs between two contents, ready to be shown.

use std::collections::BTreeMap;

use crate::collector::Collector;
use crate::element::Elements;
use crate::message::{FieldSpecifier, Version};
use crate::template::{Change, Definition, DomainKey, EventKind, Intervals, Seen, Template, diff};

use super::templates::field_name;

/// The history of one template id in its domain.
#[derive(Clone, Debug)]
pub struct IdHistory {
    /// The session and domain.
    pub key: DomainKey,
    /// The id.
    pub id: u16,
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// One thing that happened; arrivals of the same content in a row are one.
#[derive(Clone, Debug)]
pub struct Step {
    /// What.
    pub kind: EventKind,
    /// When and where, the first time.
    pub first: Seen,
    /// The last time of a row.
    pub last: Seen,
    /// How often.
    pub count: u64,
    /// For a new content: how many fields it has.
    pub fields: usize,
    /// For a redefinition: what changed, a phrase each.
    pub changes: Vec<String>,
    /// For refreshes: how far apart they lie.
    pub intervals: Intervals,
}

/// The histories by exporter, domain, version and id.
pub fn histories(collector: &Collector) -> Vec<IdHistory> {
    let store = collector.templates();
    let mut by_id: BTreeMap<(DomainKey, u16), Vec<Step>> = BTreeMap::new();
    for event in store.events() {
        let Some(definition) = store.definition(event.definition).filter(|d| d.template.was_sent()) else { continue };
        let steps = by_id.entry((event.key, definition.template.id)).or_default();
        let row = event.kind == EventKind::Refreshed;
        if let Some(last) = steps.last_mut().filter(|s| row && s.kind == EventKind::Refreshed) {
            (last.last, last.count) = (event.seen, last.count + 1);
            continue;
        }
        let changes = match event.kind {
            EventKind::Redefined(old) => store
                .definition(old)
                .map_or_else(Vec::new, |old| changes(event.key.version, &old.template, &definition.template, collector.elements())),
            _ => Vec::new(),
        };
        steps.push(Step {
            kind: event.kind,
            first: event.seen,
            last: event.seen,
            count: 1,
            fields: definition.template.fields.len(),
            changes,
            intervals: if row { definition.intervals } else { Intervals::default() },
        });
    }
    by_id.into_iter().map(|((key, id), steps)| IdHistory { key, id, steps }).collect()
}

/// Two contents side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What the older or first one is.
    pub old: String,
    /// What the other is.
    pub new: String,
    /// The template id.
    pub id: u16,
    /// What differs, a phrase each; empty if nothing does.
    pub changes: Vec<String>,
}

/// The contents of each id in its domain, one against the next.
pub fn between_versions(definitions: &[Definition], elements: &Elements) -> Vec<Comparison> {
    let mut by_id: BTreeMap<(DomainKey, u16), Vec<&Definition>> = BTreeMap::new();
    definitions.iter().filter(|d| d.template.was_sent()).for_each(|d| by_id.entry((d.key, d.template.id)).or_default().push(d));
    let mut out = Vec::new();
    for ((key, id), list) in by_id {
        for [old, new] in list.windows(2).filter_map(|pair| <&[_; 2]>::try_from(pair).ok()) {
            let name = |d: &Definition| format!("{}, definition {}", who(&key), d.version);
            out.push(Comparison {
                old: name(old),
                new: name(new),
                id,
                changes: changes(key.version, &old.template, &new.template, elements),
            });
        }
    }
    out
}

/// The contents of the same id and version from different sessions and domains, each against the first.
pub fn between_exporters(definitions: &[Definition], elements: &Elements) -> Vec<Comparison> {
    let mut by_id: BTreeMap<(Version, u16), Vec<&Definition>> = BTreeMap::new();
    definitions.iter().filter(|d| d.template.was_sent()).for_each(|d| by_id.entry((d.key.version, d.template.id)).or_default().push(d));
    let mut out = Vec::new();
    for ((version, id), list) in by_id {
        let Some((first, rest)) = list.split_first() else { continue };
        for other in rest.iter().filter(|o| o.key != first.key) {
            let changes = changes(version, &first.template, &other.template, elements);
            out.push(Comparison { old: who(&first.key), new: who(&other.key), id, changes });
        }
    }
    out
}

/// The last content of each id before and after: of the same address, domain and version, whatever the port.
pub fn between_captures(before: &[Definition], after: &[Definition], elements: &Elements) -> Vec<Comparison> {
    fn last(definitions: &[Definition]) -> BTreeMap<(std::net::IpAddr, Version, u32, u16), &Definition> {
        definitions
            .iter()
            .filter(|d| d.template.was_sent())
            .map(|d| ((d.key.exporter.addr, d.key.version, d.key.domain, d.template.id), d))
            .collect()
    }
    let (before, after) = (last(before), last(after));
    let mut out = Vec::new();
    for (key, old) in &before {
        let changes = match after.get(key) {
            Some(new) => changes(key.1, &old.template, &new.template, elements),
            None => vec!["gone".to_owned()],
        };
        out.push(Comparison { old: format!("{}, before", who(&old.key)), new: "after".to_owned(), id: key.3, changes });
    }
    for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(key)) {
        let fields = format!("new, {} fields", new.template.fields.len());
        out.push(Comparison { old: format!("{}, before", who(&new.key)), new: "after".to_owned(), id: key.3, changes: vec![fields] });
    }
    out
}

fn who(key: &DomainKey) -> String {
    let exporter = key.exporter.known_addr().map_or_else(|| "file".to_owned(), |_| key.exporter.to_string());
    format!("{exporter} {} domain {}", key.version, key.domain)
}

/// `+ 6 tcpControlBits (1 octet)`, `- …`, `~ 1 octetDeltaCount: 4 octets, now 8`, `> 12 destinationIPv4Address: place 2, now 5`.
fn changes(version: Version, old: &Template, new: &Template, elements: &Elements) -> Vec<String> {
    let name = |f: &FieldSpecifier| {
        let number = if f.pen == 0 { f.id.to_string() } else { format!("{}/{}", f.pen, f.id) };
        match field_name(version, f, elements) {
            Some(name) => format!("{number} {name}"),
            None => number,
        }
    };
    let octets = |f: &FieldSpecifier| match f.length {
        _ if f.is_variable() => "variable length".to_owned(),
        1 => "1 octet".to_owned(),
        n => format!("{n} octets"),
    };
    diff(old, new)
        .iter()
        .map(|change| match change {
            Change::Added(_, f) => format!("+ {} ({})", name(f), octets(f)),
            Change::Removed(_, f) => format!("- {} ({})", name(f), octets(f)),
            Change::Resized(_, before, f) => format!("~ {}: {}, now {}", name(f), octets(before), octets(f)),
            Change::Moved(from, to, f) => format!("> {}: place {}, now {}", name(f), from + 1, to + 1),
        })
        .collect()
}
