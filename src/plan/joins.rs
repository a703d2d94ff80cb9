//! Which names and rates a template's records can be joined with.
//!
//! Their columns are fed by what options data tells, so a template alone does not say whether they will hold anything; two can be
//! filled by the record itself: a VRF without a name shows its number, and some records have their own sampling rate.

use super::canonical::Canonical as C;
use super::compile::{Field, Record};
use super::schema::Schema;
use super::steps::{Cell, Convert, JoinStep, NameOf, OwnRate, SamplingSources};

/// The joins of a template for a schema.
pub(super) fn joins(record: &Record, schema: &Schema) -> Vec<JoinStep> {
    let mut joins = Vec::new();
    let names: [(C, &[u16], NameOf); 4] = [
        (C::VrfIn, &[234], NameOf::Vrf),
        (C::VrfOut, &[235], NameOf::Vrf),
        (C::InIfName, &[10, 252], NameOf::Interface),
        (C::OutIfName, &[14, 253], NameOf::Interface),
    ];
    let told = own_interface_names(record);
    let told = |column: C| match column {
        C::InIfName => told[0].is_some(),
        C::OutIfName => told[1].is_some(),
        _ => false,
    };
    // A name in the record itself needs no join.
    for (column, ids, of) in names.into_iter().filter(|(column, ..)| !told(*column)) {
        if let (Some(column), Some(cell)) = (schema.canonical(column), number(record, ids)) {
            joins.push(JoinStep::Name { column, cell, of });
        }
    }
    if let (Some(column), Some(id), None) = (schema.canonical(C::Application), record.find(95), record.find(96)) {
        joins.push(JoinStep::Name { column, cell: id.cell, of: NameOf::Application });
    }
    let column = schema.canonical(C::SamplingInterval);
    let scaled: Vec<u16> = C::COUNTERS.iter().filter(|_| schema.scaled()).filter_map(|c| schema.canonical(*c)).collect();
    if column.is_some() || !scaled.is_empty() {
        let sources = SamplingSources {
            own: own_rate(record),
            sampler: number(record, &[302, 48]),
            interface: number(record, &[10, 252]),
            line_card: number(record, &[141]),
        };
        joins.push(JoinStep::Sampling { column, scaled, sources });
    }
    joins
}

/// The fields that name the input and the output interface of a record: interfaceName (82), else interfaceDescription (83).
///
/// No RFC says which of the two is named. Open vSwitch has a name behind each of both interfaces, so a second name is the output's; a
/// first one is the input's, but for templates that have the output interface alone.
pub(super) fn own_interface_names(record: &Record) -> [Option<&Field>; 2] {
    let is_text = |f: &&Field| f.convert == Convert::Text;
    let nth = |n: usize| [82, 83].into_iter().find_map(|id| record.every(id).filter(is_text).nth(n));
    let output_alone = record.first(&[10, 252]).is_none() && record.first(&[14, 253]).is_some();
    if output_alone { [None, nth(0)] } else { [nth(0), nth(1)] }
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
    let probability = || record.find(311).filter(|f| f.convert == Convert::Float).map(|f| OwnRate::Probability(f.cell));
    interval.or_else(|| spaced(305, 306)).or_else(share).or_else(|| one(308).and_then(|_| spaced(307, 308))).or_else(probability)
}

/// An unsigned field, the first that the template has.
fn number(record: &Record, ids: &[u16]) -> Option<Cell> {
    record.first(ids).filter(|f| f.convert == Convert::Unsigned).map(|f| f.cell)
}
