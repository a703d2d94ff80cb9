//! Which names and rates a template's records can be joined with.
//!
//! Their columns are fed by what options data tells, so a template alone does not say whether they will hold anything; two can be
//! filled by the record itself: a VRF without a name shows its number, and some records have their own sampling rate.

use super::canonical::Canonical as C;
use super::compile::Record;
use super::schema::Schema;
use super::steps::{Cell, Convert, JoinStep, NameOf, OwnRate, SamplingSources};

/// Counters that sampling makes smaller.
const COUNTERS: [C; 6] = [C::Bytes, C::Packets, C::BytesOut, C::PacketsOut, C::BytesReverse, C::PacketsReverse];

/// The joins of a template for a schema.
pub(super) fn joins(record: &Record, schema: &Schema) -> Vec<JoinStep> {
    let mut joins = Vec::new();
    let names: [(C, &[u16], NameOf); 4] = [
        (C::VrfIn, &[234], NameOf::Vrf),
        (C::VrfOut, &[235], NameOf::Vrf),
        (C::InIfName, &[10, 252], NameOf::Interface),
        (C::OutIfName, &[14, 253], NameOf::Interface),
    ];
    for (column, ids, of) in names {
        if let (Some(column), Some(cell)) = (schema.canonical(column), number(record, ids)) {
            joins.push(JoinStep::Name { column, cell, of });
        }
    }
    // A name in the record itself needs no join.
    if let (Some(column), Some(id), None) = (schema.canonical(C::Application), record.find(95), record.find(96)) {
        joins.push(JoinStep::Name { column, cell: id.cell, of: NameOf::Application });
    }
    let column = schema.canonical(C::SamplingInterval);
    let scaled: Vec<u16> = COUNTERS.iter().filter(|_| schema.scaled()).filter_map(|c| schema.canonical(*c)).collect();
    if column.is_some() || !scaled.is_empty() {
        let sources = SamplingSources { own: own_rate(record), sampler: number(record, &[302, 48]), interface: number(record, &[10, 252]) };
        joins.push(JoinStep::Sampling { column, scaled, sources });
    }
    joins
}

/// The column that a join feeds.
pub(super) fn column_of(join: &JoinStep) -> Option<u16> {
    match join {
        JoinStep::Name { column, .. } => Some(*column),
        JoinStep::Sampling { column, .. } => *column,
    }
}

/// True for a join that gives values without any options data.
pub(super) fn feeds_alone(join: &JoinStep) -> bool {
    match join {
        JoinStep::Name { of, .. } => *of == NameOf::Vrf,
        JoinStep::Sampling { sources, .. } => sources.own.is_some(),
    }
}

fn own_rate(record: &Record) -> Option<OwnRate> {
    let one = |id| number(record, &[id]);
    let spaced = |taken, skipped| Some(OwnRate::Spaced { taken: one(taken)?, skipped: one(skipped) });
    let interval = number(record, &[34, 50]).map(OwnRate::Interval);
    let share = || Some(OwnRate::Share { taken: one(309)?, of: one(310)? });
    interval.or_else(|| spaced(305, 306)).or_else(share).or_else(|| one(308).and_then(|_| spaced(307, 308)))
}

/// An unsigned field, the first that the template has.
fn number(record: &Record, ids: &[u16]) -> Option<Cell> {
    record.first(ids).filter(|f| f.convert == Convert::Unsigned).map(|f| f.cell)
}
