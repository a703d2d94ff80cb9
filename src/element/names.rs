//! Elements by the names and numbers that people write.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Element, ElementId, registry, v9};

/// IANA's elements, which most names mean: the vendors' files stay unread then.
static IANA: LazyLock<Names> = LazyLock::new(|| names(registry::all().take_while(|e| e.id.pen == 0)));
static OTHERS: LazyLock<Names> = LazyLock::new(|| names(registry::all().filter(|e| e.id.pen != 0).chain(v9::all())));

type Names = HashMap<String, &'static Element>;

/// Columns' names and NetFlow v9 names; a column's own name counts before another element's v9 name.
fn names(elements: impl Iterator<Item = &'static Element> + Clone) -> Names {
    let mut names: Names = elements.clone().map(|e| (e.column.to_ascii_lowercase(), e)).collect();
    for element in elements {
        if let Some(name) = element.v9_name {
            names.entry(name.to_ascii_lowercase()).or_insert(element);
        }
    }
    names
}

/// The element that a user means, case ignored: a column's name (`octetDeltaCount`, `cisco_applicationHttpHost`,
/// `reverseOctetDeltaCount`), a NetFlow v9 name (`IN_BYTES`), numbers (`8`, `9/12235`, a v9 number such as `45003`), or the name
/// of a column that holds an element by its numbers (`ie_8`, `pen_9_12235`).
pub fn by_name(name: &str) -> Option<&'static Element> {
    if let Some(id) = written_id(name) {
        return registry::element(id).or_else(|| v9_by_number(id));
    }
    let name = name.to_ascii_lowercase();
    IANA.get(&name).or_else(|| OTHERS.get(&name)).copied()
}

/// Whether a name begins as the columns of a vendor's elements do: `pen_32473_`, `cisco_`. An exporter may tell such ones.
pub fn may_be_vendors(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    match lower.strip_prefix("pen_").and_then(|rest| rest.split_once('_')) {
        Some((pen, rest)) => number::<u32>(pen).is_some() && !rest.is_empty(),
        None => registry::slugs().any(|slug| lower.strip_prefix(slug).is_some_and(|rest| rest.starts_with('_'))),
    }
}

/// A v9 number that IPFIX can't have: its element whatever the length.
fn v9_by_number(id: ElementId) -> Option<&'static Element> {
    (id.pen == 0 && id.id > 0x7fff).then(|| v9::v9_element(id.id, u16::MAX)).flatten()
}

/// Numbers as written: `8`, `ie_8`, `9/12235`, `pen_9_12235`.
pub(super) fn written_id(text: &str) -> Option<ElementId> {
    let lower = text.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("pen_") {
        let (pen, id) = rest.split_once('_')?;
        return Some(ElementId { pen: number(pen)?, id: number(id)? });
    }
    if let Some((pen, id)) = lower.split_once('/') {
        return Some(ElementId { pen: number(pen)?, id: number(id)? });
    }
    number(lower.strip_prefix("ie_").unwrap_or(&lower)).map(ElementId::iana)
}

/// Digits alone: no sign, no blank.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
