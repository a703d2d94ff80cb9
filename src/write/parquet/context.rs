//! The columns of which a message says one value for all its records: a dictionary, and an index a run of rows.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use crate::column::{Run, Validity};
use crate::plan::Canonical;
use crate::write::address::{either, shortest};
use crate::write::columnar::{AddressForm, ColumnarOptions};
use crate::write::digits::SLOT;

use super::bits::{index_runs, indices, levels};
use super::chunk::{Chunk, Coding, PageOctets, Plain, TextBounds, byte_array, plain};

/// Rows of a run that make an index with its length shorter than an index for each row.
const ROWS_OF_A_RUN: usize = 8;

/// Encodes a column for which [`Canonical::is_context`] holds.
pub(super) fn encode(column: Canonical, runs: &[Run], rows: usize, options: ColumnarOptions) -> Chunk {
    let unit = options.times.nanos();
    match column {
        Canonical::Received => numbers(runs, rows, |run| run.context.received.map(|t| t.nanos().div_euclid(unit)), |v| v),
        Canonical::ObservationDomain => numbers(runs, rows, |run| run.context.domain, u32::cast_signed),
        Canonical::NdeVersion => {
            let version = |run: &Run| Some(run.context.version.number()).filter(|n| (1..=u16::from(u8::MAX)).contains(n));
            numbers(runs, rows, version, i32::from)
        }
        Canonical::TemplateId => numbers(runs, rows, |run| run.context.template_id, i32::from),
        _ => exporters(runs, rows, options),
    }
}

fn numbers<T: Copy + Ord + Hash, P: Plain>(
    runs: &[Run],
    rows: usize,
    value: impl Fn(&Run) -> Option<T>,
    physical: impl Fn(T) -> P,
) -> Chunk {
    let numbered = Numbered::new(runs, rows, value);
    let mut dictionary = Vec::new();
    numbered.distinct.iter().for_each(|value| physical(*value).put(&mut dictionary));
    let (least, most) = (numbered.distinct.iter().min(), numbered.distinct.iter().max());
    let bounds = least.zip(most).map(|(least, most)| (plain(physical(*least)), plain(physical(*most))));
    numbered.chunk(dictionary, bounds)
}

fn exporters(runs: &[Run], rows: usize, options: ColumnarOptions) -> Chunk {
    let numbered = Numbered::new(runs, rows, |run| run.context.exporter.known_addr());
    let mut dictionary = Vec::new();
    let mut bounds = TextBounds::default();
    for address in &numbered.distinct {
        let octets = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        let mut text = [0; SLOT];
        let value = match options.addresses {
            AddressForm::Binary => shortest(&octets),
            AddressForm::Text => {
                let length = either(&mut text, 0, &octets);
                &text[..length]
            }
        };
        byte_array(&mut dictionary, value);
        bounds.see(value);
    }
    numbered.chunk(dictionary, bounds.owned())
}

/// Runs by the numbers of their values.
struct Numbered<T> {
    distinct: Vec<T>,
    validity: Validity,
    /// How many rows have the value of that number; nulls are left out.
    runs: Vec<(usize, u32)>,
}

impl<T: Copy + Eq + Hash> Numbered<T> {
    fn new(runs: &[Run], rows: usize, value: impl Fn(&Run) -> Option<T>) -> Self {
        let mut numbered = Self { distinct: Vec::new(), validity: Validity::default(), runs: Vec::with_capacity(runs.len()) };
        let mut known: HashMap<T, u32> = HashMap::new();
        for run in runs {
            let value = value(run);
            numbered.validity.extend(run.rows, value.is_some());
            let Some(value) = value else { continue };
            let number = *known.entry(value).or_insert_with(|| {
                numbered.distinct.push(value);
                (numbered.distinct.len() - 1) as u32
            });
            match numbered.runs.last_mut() {
                Some((rows, last)) if *last == number => *rows += run.rows,
                _ => numbered.runs.push((run.rows, number)),
            }
        }
        numbered.validity.extend(rows.saturating_sub(numbered.validity.len()), false);
        numbered
    }

    fn chunk(self, dictionary: Vec<u8>, bounds: Option<(Vec<u8>, Vec<u8>)>) -> Chunk {
        let rows = self.validity.len();
        let most = self.distinct.len().saturating_sub(1) as u32;
        let mut octets = Vec::new();
        levels(&mut octets, &self.validity, 0..rows);
        if self.distinct.is_empty() {
            let page = PageOctets { octets, rows, nulls: rows };
            return Chunk { dictionary: None, coding: Coding::Plain, pages: vec![page], bounds };
        }
        if self.runs.len() * ROWS_OF_A_RUN > rows {
            let keys: Vec<u32> = self.runs.iter().flat_map(|(rows, key)| std::iter::repeat_n(*key, *rows)).collect();
            indices(&mut octets, &keys, most);
        } else {
            index_runs(&mut octets, self.runs.into_iter(), most);
        }
        let page = PageOctets { octets, rows, nulls: self.validity.nulls() };
        Chunk { dictionary: Some((dictionary, self.distinct.len())), coding: Coding::Dictionary, pages: vec![page], bounds }
    }
}
