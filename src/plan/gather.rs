//! Plans for stored records, which lie in a layout of their own: only the fields that some step reads are brought into the order and the
//! octet order of a Data Record, and then the steps are those of all records.

use std::collections::BTreeMap;

use super::compile::compile;
use super::extent::Layout;
use super::schema::Schema;
use super::steps::{Cell, RecordPlan};
use crate::datagram::{StoredField, StoredLayout, Take};
use crate::element::Elements;
use crate::message::{FieldSpecifier, Version};

/// How the fields of stored records become those that the steps of a plan see.
#[derive(Clone, Debug)]
pub struct Gather {
    /// Octets of a stored record before those of variable length.
    pub stride: usize,
    /// True if fields of variable length stand behind them.
    pub tail: bool,
    /// The fields that are taken.
    pub moves: Vec<Move>,
    /// Octets of all of them.
    pub taken: usize,
    /// The layout of what is made: constant records of the taken fields, or the taken ones with the fields of variable length behind them.
    pub layout: Layout,
}

/// One field, from a stored record to where the steps look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it is.
    pub from: usize,
    /// Where it goes.
    pub to: usize,
    /// Its octets there.
    pub length: usize,
    /// How.
    pub take: Take,
}

/// The fields of a Data Record that holds what stored records hold.
pub fn stored_template(layout: &StoredLayout) -> Vec<FieldSpecifier> {
    layout.fields.iter().map(|f| FieldSpecifier::element(f.pen, f.id, f.length)).collect()
}

/// Compiles a layout of stored records for a schema. Numbers of elements are IPFIX's; ICMP's type and code are in the destination port,
/// as in the versions before it. `None` if the records are empty.
pub fn compile_stored(layout: &StoredLayout, schema: &Schema, elements: &Elements) -> Option<RecordPlan> {
    let mut plan = compile(Version::Unstated, &stored_template(layout), schema, elements)?;
    let constant = |f: &&StoredField| f.length != Cell::VARIABLE;
    let strings = layout.fields.iter().filter(|f| !constant(f)).count();
    let tail = vec![Cell::VARIABLE; strings];
    let mut moves = Vec::new();
    let mut taken = 0;
    // Field by number: its new number and offset.
    let mut places = BTreeMap::new();
    let joins = plan.joins.iter_mut().flat_map(|j| j.cells_mut());
    let mut cells: Vec<&mut Cell> = plan.steps.iter_mut().flat_map(|s| s.cells_mut()).chain(joins).collect();
    cells.sort_by_key(|c| c.field);
    for cell in &cells {
        let Some(field) = layout.fields.get(usize::from(cell.field)).filter(constant) else { continue };
        if let std::collections::btree_map::Entry::Vacant(e) = places.entry(cell.field) {
            e.insert((moves.len(), taken));
            let length = usize::from(field.length);
            moves.push(Move { from: usize::from(field.offset), to: taken, length, take: field.take });
            taken += length;
        }
    }
    let first_string = layout.fields.len() - strings;
    for cell in cells {
        let (number, offset) = match places.get(&cell.field) {
            Some(place) => *place,
            None => (moves.len() + usize::from(cell.field).saturating_sub(first_string), 0),
        };
        (cell.field, cell.offset) = (u16::try_from(number).unwrap_or(u16::MAX), u32::try_from(offset).unwrap_or(u32::MAX));
    }
    let stride = usize::try_from(layout.stride).unwrap_or(0);
    let widths = moves.iter().map(|m| u16::try_from(m.length).unwrap_or(0)).chain(tail.iter().copied()).collect();
    plan.layout = Layout::of_widths(std::iter::once(u16::try_from(stride).unwrap_or(0)).chain(tail).collect())?;
    // Where no step reads anything the records are counted all the same.
    let seen = if taken == 0 && strings == 0 { plan.layout.clone() } else { Layout::of_widths(widths)? };
    let taken = if taken == 0 && strings == 0 { stride } else { taken };
    plan.gather = Some(Gather { stride, tail: strings > 0, moves, taken, layout: seen });
    Some(plan)
}
