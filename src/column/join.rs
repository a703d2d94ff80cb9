//! Joins names and rates that options data announced to the records of a Set.
//!
//! Where nothing is announced a column is not touched: it is padded with nulls later, so the join costs nothing. Neighbouring records
//! often have the same key, whose answer is kept.

use crate::plan::{Cell, NameOf, OwnRate, SamplingSources};

use super::batch::Context;
use super::convert::{float, unsigned};
use super::decode::Records;
use super::directory::{Beside, Known, Named, Rate, Sampled};
use super::values::{Column, Octets, Values};

/// The names of what a field numbers.
pub(super) fn names(column: &mut Column, records: Records<'_>, cell: Cell, of: NameOf, known: &Known) {
    let Column { values: Values::Octets(values), validity, .. } = column else { return };
    let mut last: (&[u8], Option<&str>) = (&[], None);
    for key in records.slices(cell) {
        if key != last.0 {
            last = (key, named(key, of).and_then(|what| known.name_of(what)));
        }
        validity.push(last.1.is_some());
        values.push(last.1.unwrap_or_default().as_bytes());
    }
}

/// The names of VRFs, and the numbers of those that have none.
pub(super) fn vrfs(column: &mut Column, records: Records<'_>, cell: Cell, known: Option<&Known>) {
    let Column { values: Values::Octets(values), validity, .. } = column else { return };
    for key in records.slices(cell) {
        let number = unsigned(key);
        let name = number.and_then(|n| known.and_then(|k| k.name_of(Named::Vrf(n))));
        push_name_or_number(values, name, number);
        validity.push(number.is_some());
    }
}

fn push_name_or_number(values: &mut Octets, name: Option<&str>, number: Option<u64>) {
    match (name, number) {
        (Some(name), _) => values.push(name.as_bytes()),
        (None, Some(number)) => values.push(itoa::Buffer::new().format(number).as_bytes()),
        (None, None) => values.push(&[]),
    }
}

fn named(key: &[u8], of: NameOf) -> Option<Named> {
    match of {
        NameOf::Interface => unsigned(key).map(Named::Interface),
        NameOf::Vrf => unsigned(key).map(Named::Vrf),
        NameOf::Application => Named::application(key),
    }
}

/// Finds the rate of every record of a Set; false where it is certain that none has one, and nothing was put into `rates`.
///
/// What is closest to the flow counts: the record's own rate, its sampler's, its interface's, its line card's, its template's, its
/// domain's, the header's; for records that name no sampler at last the only one announced. Sampler 0 is no sampler.
pub(super) fn rates(
    rates: &mut Vec<Option<Rate>>,
    records: Records<'_>,
    sources: &SamplingSources,
    context: &Context,
    beside: Beside<'_>,
) -> bool {
    rates.clear();
    let names_none = sources.sampler.is_none() && sources.own.is_none();
    let only = || beside.known.and_then(|k| k.only_rate).filter(|_| names_none);
    let of_all = beside.known.and_then(|k| k.rate_of_all(context.template_id)).or(beside.header_rate).or_else(only);
    let sampler = sources.sampler.filter(|_| beside.known.is_some());
    let interface = sources.interface.filter(|_| beside.known.is_some_and(Known::has_interface_rates));
    let line_card = sources.line_card.filter(|_| beside.known.is_some());
    if sources.own.is_none() && sampler.is_none() && interface.is_none() && line_card.is_none() {
        if of_all.is_some() {
            rates.resize(records.rows(), of_all);
        }
        return of_all.is_some();
    }
    rates.resize(records.rows(), None);
    if let Some(own) = sources.own {
        own_rates(rates, records, own);
    }
    let by_sampler: fn(u64) -> Sampled = Sampled::Sampler;
    for (cell, by) in [(sampler, by_sampler), (interface, Sampled::Interface), (line_card, Sampled::LineCard)] {
        let (Some(cell), Some(known)) = (cell, beside.known) else { continue };
        let mut last: (&[u8], Option<Rate>) = (&[], None);
        for (rate, key) in rates.iter_mut().zip(records.slices(cell)) {
            if rate.is_some() {
                continue;
            }
            if key != last.0 {
                last = (key, unsigned(key).and_then(|key| known.rate_of(by(key))));
            }
            *rate = last.1;
        }
    }
    if of_all.is_some() {
        rates.iter_mut().for_each(|rate| *rate = rate.or(of_all));
    }
    true
}

fn own_rates(rates: &mut [Option<Rate>], records: Records<'_>, own: OwnRate) {
    match own {
        OwnRate::Interval(cell) => {
            for (rate, interval) in rates.iter_mut().zip(records.slices(cell)) {
                *rate = unsigned(interval).and_then(Rate::one_in);
            }
        }
        OwnRate::Spaced { taken, skipped: None } => {
            for (rate, taken) in rates.iter_mut().zip(records.slices(taken)) {
                *rate = unsigned(taken).and_then(|taken| Rate::spaced(taken, None));
            }
        }
        OwnRate::Spaced { taken, skipped: Some(skipped) } => {
            for (rate, (taken, skipped)) in rates.iter_mut().zip(records.slices(taken).zip(records.slices(skipped))) {
                *rate = unsigned(taken).and_then(|taken| Rate::spaced(taken, unsigned(skipped)));
            }
        }
        OwnRate::Probability(cell) => {
            for (rate, taken) in rates.iter_mut().zip(records.slices(cell)) {
                *rate = float(taken).and_then(Rate::probability);
            }
        }
        OwnRate::Share { taken, of } => {
            for (rate, (taken, of)) in rates.iter_mut().zip(records.slices(taken).zip(records.slices(of))) {
                *rate = unsigned(taken).zip(unsigned(of)).and_then(|(taken, of)| Rate::new(taken, of));
            }
        }
    }
}

/// The rates as a column: how many packets each one stands for.
pub(super) fn intervals(column: &mut Column, rates: &[Option<Rate>]) {
    let Column { values: Values::U32(values), validity, .. } = column else { return };
    for rate in rates {
        let interval = rate.and_then(|r| u32::try_from(r.interval()).ok());
        validity.push(interval.is_some());
        values.push(interval.unwrap_or_default());
    }
}

/// Multiplies the counters of the last rows, from `before` on, by their rates. Null rows hold 0 and stay it.
pub(super) fn scale(column: &mut Column, before: usize, rates: &[Option<Rate>]) {
    let Values::U64(values) = &mut column.values else { return };
    for (value, rate) in values.iter_mut().skip(before).zip(rates) {
        if let Some(rate) = rate {
            *value = rate.scale(*value);
        }
    }
}
