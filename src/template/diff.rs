//! What differs between two contents of a template, field by field.

use crate::message::FieldSpecifier;

use super::history::Template;

/// One difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A field that only the new one has, with its place in it.
    Added(usize, FieldSpecifier),
    /// A field that only the old one has, with its place in it.
    Removed(usize, FieldSpecifier),
    /// The same element in another length: place in the new one, old field, new field.
    Resized(usize, FieldSpecifier, FieldSpecifier),
    /// The same field at another place: old place, new place.
    Moved(usize, usize, FieldSpecifier),
}

/// The differences in the order of the new content, what is gone last. Places count from 0.
///
/// A field counts as moved only where it is out of order among those that both have.
pub fn diff(old: &Template, new: &Template) -> Vec<Change> {
    let same = |a: &FieldSpecifier, b: &FieldSpecifier| (a.pen, a.id, a.role) == (b.pen, b.id, b.role);
    let mut left: Vec<Option<&FieldSpecifier>> = old.fields.iter().map(Some).collect();
    // The old place of each new field: repeated elements pair in order.
    let from: Vec<Option<usize>> = new
        .fields
        .iter()
        .map(|field| {
            let at = left.iter().position(|o| o.is_some_and(|o| same(o, field)))?;
            left.get_mut(at)?.take();
            Some(at)
        })
        .collect();
    let mut out = Vec::new();
    let mut highest = None;
    for (place, (field, from)) in new.fields.iter().zip(&from).enumerate() {
        let Some(at) = from else {
            out.push(Change::Added(place, *field));
            continue;
        };
        if highest.is_some_and(|h| *at < h) {
            out.push(Change::Moved(*at, place, *field));
        }
        highest = Some(highest.map_or(*at, |h: usize| h.max(*at)));
        if let Some(before) = old.fields.get(*at).filter(|o| o.length != field.length) {
            out.push(Change::Resized(place, *before, *field));
        }
    }
    out.extend(left.iter().enumerate().filter_map(|(at, gone)| gone.map(|f| Change::Removed(at, *f))));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Kind;

    fn template(fields: &[(u16, u16)]) -> Template {
        let fields = fields.iter().map(|(id, length)| FieldSpecifier::element(0, *id, *length)).collect();
        Template { id: 256, kind: Kind::Data, fields, scope_count: 0 }
    }

    #[test]
    fn every_kind_of_change() {
        let field = |id, length| FieldSpecifier::element(0, id, length);
        let old = template(&[(8, 4), (12, 4), (1, 4), (2, 4), (7, 2)]);
        let new = template(&[(12, 4), (8, 4), (1, 8), (7, 2), (6, 1)]);
        assert_eq!(
            diff(&old, &new),
            [
                Change::Moved(0, 1, field(8, 4)),
                Change::Resized(2, field(1, 4), field(1, 8)),
                Change::Added(4, field(6, 1)),
                Change::Removed(3, field(2, 4)),
            ]
        );
        assert_eq!(diff(&old, &old), []);
    }

    #[test]
    fn repeated_elements_pair_in_order() {
        let old = template(&[(4, 1), (4, 1), (5, 1)]);
        let new = template(&[(4, 1), (5, 1)]);
        assert_eq!(diff(&old, &new), [Change::Removed(1, FieldSpecifier::element(0, 4, 1))]);
    }
}
