//! A column of a row group as the pages that it is written in, not compressed yet.
//!
//! | values | encoding |
//! |---|---|
//! | what a message says of all its records | dictionary, indices as runs |
//! | whole numbers, where few are different | dictionary |
//! | other whole numbers, times | DELTA_BINARY_PACKED |
//! | addresses, text | dictionary where values repeat, else plain |
//! | floats, booleans | plain |
//!
//! Statistics are those of the whole chunk, in each of its pages: readers skip row groups by them.

use std::ops::Range;

use crate::column::{Column, Octets, Validity, Values};
use crate::plan::Kind;
use crate::write::address::{either, hex, ipv4, ipv6, mac, shortest};
use crate::write::columnar::{AddressForm, ColumnarOptions};
use crate::write::digits::SLOT;

use super::bits::{self, levels, present};
use super::delta::{self, Physical};
use super::distinct::{self, Key, Patience, Table};

/// Octets of a page's values, about, before they are compressed: what a reader has to hold at least.
const PAGE_OCTETS: usize = 1 << 20;

/// Octets of a dictionary of texts that need not save much.
const MOST_DICTIONARY_OCTETS: usize = 4 << 20;

/// Whole numbers that are not in a dictionary take about as many bits as differ between neighbours: a dictionary has to be much better.
const FEW: Patience = Patience { sample: 500, most: 250 };
/// Text is long: most dictionaries are shorter. A sample sees fewer repetitions than there are in all.
const TEXTS: Patience = Patience { sample: 970, most: 700 };

/// How values of pages are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// One after the other.
    Plain,
    /// By their numbers in the dictionary.
    Dictionary,
    /// As differences.
    Delta,
}

/// A page.
#[derive(Debug)]
pub(super) struct PageOctets {
    /// Levels, then values.
    pub(super) octets: Vec<u8>,
    /// Rows.
    pub(super) rows: usize,
    /// Those of them that are null.
    pub(super) nulls: usize,
}

/// The pages of a column.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The dictionary's values, and how many they are.
    pub(super) dictionary: Option<(Vec<u8>, usize)>,
    pub(super) coding: Coding,
    pub(super) pages: Vec<PageOctets>,
    /// The smallest and the largest value, as plain values are.
    pub(super) bounds: Option<(Vec<u8>, Vec<u8>)>,
}

/// Memory that goes from column to column.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    table: Table,
    keys: Vec<u32>,
    bytes: Vec<u8>,
    shorts: Vec<u16>,
    words: Vec<u32>,
    longs: Vec<u64>,
    times: Vec<i64>,
    addresses: Vec<[u8; 16]>,
}

/// Encodes a column of a finished batch.
pub(super) fn encode(column: &Column, options: ColumnarOptions, scratch: &mut Scratch) -> Chunk {
    let Scratch { table, keys, bytes, shorts, words, longs, times, addresses } = scratch;
    let validity = &column.validity;
    let mut tools = Tools { validity, table, keys };
    let binary = options.addresses == AddressForm::Binary;
    match (column.kind, &column.values) {
        (_, Values::U8(v)) => tools.integers::<u8, i32>(there(v, validity, bytes), |v| i32::from(*v)),
        (_, Values::U16(v)) => tools.integers::<u16, i32>(there(v, validity, shorts), |v| i32::from(*v)),
        (Kind::Ipv4, Values::U32(v)) => {
            let text = |out: &mut [u8], v: &u32| ipv4(out, 0, v.to_be_bytes());
            let octets = |out: &mut [u8], v: &u32| put(out, &v.to_be_bytes());
            let values = there(v, validity, words);
            if binary { tools.texts(values, octets) } else { tools.texts(values, text) }
        }
        (_, Values::U32(v)) => tools.integers::<u32, i32>(there(v, validity, words), |v| v.cast_signed()),
        (Kind::Mac, Values::U64(v)) => tools.texts(there(v, validity, longs), |out, v| mac(out, 0, *v)),
        (_, Values::U64(v)) => tools.integers::<u64, i64>(there(v, validity, longs), |v| v.cast_signed()),
        (Kind::Time, Values::I64(v)) => {
            let unit = options.times.nanos();
            tools.times(there(v, validity, times), |nanos| nanos.div_euclid(unit))
        }
        (_, Values::I64(v)) => tools.integers::<i64, i64>(there(v, validity, times), |v| *v),
        (_, Values::F64(v)) => tools.floats(v),
        (_, Values::Bool(v)) => tools.booleans(v),
        (kind, Values::Address(v)) => {
            let values = there(v, validity, addresses);
            match kind {
                Kind::Ipv6 if binary => tools.texts(values, |out, v| put(out, v)),
                Kind::Ipv6 => tools.texts(values, |out, v| ipv6(out, 0, v)),
                _ if binary => tools.texts(values, |out, v| put(out, shortest(v))),
                _ => tools.texts(values, |out, v| either(out, 0, v)),
            }
        }
        (Kind::Octets, Values::Octets(v)) => tools.strings(v, |out, octets| {
            let at = out.len();
            out.resize(at + 2 * octets.len(), 0);
            hex(out, at, octets);
        }),
        // Text columns hold UTF-8, and so do lists.
        (_, Values::Octets(v)) => tools.strings(v, |out, octets| out.extend_from_slice(octets)),
    }
}

fn put(out: &mut [u8], octets: &[u8]) -> usize {
    out[..octets.len()].copy_from_slice(octets);
    octets.len()
}

/// The values that are there, one after the other.
fn there<'a, T: Copy>(values: &'a [T], validity: &Validity, packed: &'a mut Vec<T>) -> &'a [T] {
    let Some(bits) = validity.bits() else { return values };
    packed.clear();
    packed.reserve(validity.len() - validity.nulls());
    let (eights, rest) = values.as_chunks::<8>();
    for (eight, octet) in eights.iter().zip(bits) {
        match octet {
            0xff => packed.extend_from_slice(eight),
            0 => {}
            octet => packed.extend(eight.iter().enumerate().filter(|(bit, _)| octet >> bit & 1 == 1).map(|(_, value)| *value)),
        }
    }
    let octet = bits.get(eights.len()).copied().unwrap_or(0);
    packed.extend(rest.iter().enumerate().filter(|(bit, _)| octet >> bit & 1 == 1).map(|(_, value)| *value));
    packed
}

struct Tools<'a> {
    validity: &'a Validity,
    table: &'a mut Table,
    keys: &'a mut Vec<u32>,
}

impl Tools<'_> {
    fn integers<T: Key + Ord, P: Physical + Plain>(&mut self, values: &[T], physical: impl Fn(&T) -> P + Copy) -> Chunk {
        let mut few = Vec::new();
        if distinct::number(self.table, values, FEW, self.keys, &mut few) {
            let mut dictionary = Vec::with_capacity(few.len() * P::OCTETS);
            few.iter().for_each(|value| physical(value).put(&mut dictionary));
            let bounds = bounds(&few).map(|(least, most)| (plain(physical(&least)), plain(physical(&most))));
            return self.by_keys(dictionary, few.len(), bounds);
        }
        let bounds = bounds(values).map(|(least, most)| (plain(physical(&least)), plain(physical(&most))));
        self.deltas(values, physical, bounds)
    }

    /// Times hardly repeat, but their neighbours are near.
    fn times(&mut self, values: &[i64], unit: impl Fn(&i64) -> i64 + Copy) -> Chunk {
        let bounds = bounds(values).map(|(least, most)| (plain(unit(&least)), plain(unit(&most))));
        self.deltas(values, unit, bounds)
    }

    fn deltas<T, P: Physical + Plain>(&mut self, values: &[T], physical: impl Fn(&T) -> P + Copy, bounds: Bounds) -> Chunk {
        let pages = self.pages(PAGE_OCTETS / P::OCTETS, |out, part| delta::encode(out, values[part].iter().map(physical)));
        Chunk { dictionary: None, coding: Coding::Delta, pages, bounds }
    }

    fn floats(&mut self, values: &[f64]) -> Chunk {
        let mut packed = Vec::new();
        let values = there(values, self.validity, &mut packed);
        let numbers = || values.iter().copied().filter(|v| !v.is_nan());
        // Not a number is in no order, and the two zeros are one (Parquet's rules for bounds of floats).
        let least = numbers().reduce(f64::min).map(|v| if v == 0.0 { -0.0 } else { v });
        let most = numbers().reduce(f64::max).map(|v| if v == 0.0 { 0.0 } else { v });
        let bounds = least.zip(most).map(|(least, most)| (least.to_le_bytes().to_vec(), most.to_le_bytes().to_vec()));
        let pages = self.pages(PAGE_OCTETS / 8, |out, part| values[part].iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes())));
        Chunk { dictionary: None, coding: Coding::Plain, pages, bounds }
    }

    fn booleans(&mut self, values: &[bool]) -> Chunk {
        let mut packed = Vec::new();
        let values = there(values, self.validity, &mut packed);
        let bounds = bounds(values).map(|(least, most)| (vec![u8::from(least)], vec![u8::from(most)]));
        let pages = self.pages(PAGE_OCTETS, |out, part| bits::pack(out, values[part].iter().map(|v| u64::from(*v)), 1));
        Chunk { dictionary: None, coding: Coding::Plain, pages, bounds }
    }

    /// Values of a bounded size that become text, or octets.
    fn texts<K: Key>(&mut self, values: &[K], write: impl Fn(&mut [u8], &K) -> usize + Copy) -> Chunk {
        let mut few = Vec::new();
        let mut bounds = TextBounds::default();
        let one = |out: &mut Vec<u8>, value: &K| {
            let mut text = [0; SLOT];
            let length = write(&mut text, value);
            byte_array(out, &text[..length]);
            length
        };
        if distinct::number(self.table, values, TEXTS, self.keys, &mut few) {
            let mut dictionary = Vec::with_capacity(few.len() * 20);
            for value in &few {
                let length = one(&mut dictionary, value);
                bounds.see(&dictionary[dictionary.len() - length..]);
            }
            return self.by_keys(dictionary, few.len(), bounds.owned());
        }
        let pages = self.pages(PAGE_OCTETS / 20, |out, part| {
            for value in &values[part] {
                let length = one(out, value);
                bounds.see(&out[out.len() - length..]);
            }
        });
        Chunk { dictionary: None, coding: Coding::Plain, pages, bounds: bounds.owned() }
    }

    fn strings(&mut self, values: &Octets, write: impl Fn(&mut Vec<u8>, &[u8]) + Copy) -> Chunk {
        let rows: Vec<&[u8]> = (0..self.validity.len()).filter(|row| self.validity.get(*row)).map(|row| values.get(row)).collect();
        let mut few = Vec::new();
        let mut bounds = TextBounds::default();
        let one = |out: &mut Vec<u8>, value: &[u8]| {
            let at = out.len();
            out.extend_from_slice(&[0; 4]);
            write(out, value);
            let length = (out.len() - at - 4) as u32;
            out[at..at + 4].copy_from_slice(&length.to_le_bytes());
            at + 4
        };
        let octets: usize = rows.iter().map(|row| row.len() + 4).sum();
        let repeats = distinct::number_slices(self.table, rows.iter().copied(), TEXTS, self.keys, &mut few);
        // Readers hold a dictionary whole.
        let different: usize = few.iter().map(|value| value.len() + 4).sum();
        if repeats && (different <= MOST_DICTIONARY_OCTETS || different * 4 <= octets) {
            let mut dictionary = Vec::new();
            for value in &few {
                let at = one(&mut dictionary, value);
                bounds.see(&dictionary[at..]);
            }
            return self.by_keys(dictionary, few.len(), bounds.owned());
        }
        let longest = rows.iter().map(|row| row.len() + 4).max().unwrap_or(4);
        // Pages by the usual length of rows, but none so long that a few long rows together would not fit one.
        let rows_per_page = (PAGE_OCTETS * rows.len() / octets.max(1)).min((1 << 29) / (2 * longest));
        let pages = self.pages(rows_per_page, |out, part| {
            for value in &rows[part] {
                let at = one(out, value);
                bounds.see(&out[at..]);
            }
        });
        Chunk { dictionary: None, coding: Coding::Plain, pages, bounds: bounds.owned() }
    }

    /// Pages of dictionary indices, which stand in `keys`.
    fn by_keys(&mut self, dictionary: Vec<u8>, distinct: usize, bounds: Bounds) -> Chunk {
        if distinct == 0 {
            let pages = self.pages(8 * PAGE_OCTETS, |_, _| {});
            return Chunk { dictionary: None, coding: Coding::Plain, pages, bounds };
        }
        let most = distinct.saturating_sub(1) as u32;
        let keys = std::mem::take(self.keys);
        let pages = self.pages(4 * PAGE_OCTETS, |out, part| bits::indices(out, &keys[part], most));
        *self.keys = keys;
        Chunk { dictionary: Some((dictionary, distinct)), coding: Coding::Dictionary, pages, bounds }
    }

    /// Pages of about so many rows; `values` appends those of a range of the values that are there.
    fn pages(&self, rows: usize, mut values: impl FnMut(&mut Vec<u8>, Range<usize>)) -> Vec<PageOctets> {
        let (all, step) = (self.validity.len(), (rows / 8).max(1) * 8);
        let (mut pages, mut from, mut first) = (Vec::new(), 0, 0);
        while from < all || pages.is_empty() {
            let to = (from + step).min(all);
            let there = present(self.validity, from..to);
            let mut octets = Vec::new();
            levels(&mut octets, self.validity, from..to);
            values(&mut octets, first..first + there);
            pages.push(PageOctets { octets, rows: to - from, nulls: to - from - there });
            (from, first) = (to, first + there);
        }
        pages
    }
}

type Bounds = Option<(Vec<u8>, Vec<u8>)>;

/// The smallest and the largest.
fn bounds<T: Copy + Ord>(values: &[T]) -> Option<(T, T)> {
    let first = *values.first()?;
    Some(values.iter().fold((first, first), |(least, most), value| (least.min(*value), most.max(*value))))
}

/// A text with its length before it.
pub(super) fn byte_array(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(&(octets.len() as u32).to_le_bytes());
    out.extend_from_slice(octets);
}

/// The first and the last text by their octets; none if they are long, for long bounds cost more than they save.
#[derive(Debug, Default)]
pub(super) struct TextBounds {
    bounds: Option<(Vec<u8>, Vec<u8>)>,
    too_long: bool,
}

impl TextBounds {
    const LONGEST: usize = 64;

    #[inline]
    pub(super) fn see(&mut self, text: &[u8]) {
        match &mut self.bounds {
            Some((least, most)) if !self.too_long => {
                if text < &least[..] {
                    self.too_long |= text.len() > Self::LONGEST;
                    least.clear();
                    least.extend_from_slice(text);
                } else if text > &most[..] {
                    self.too_long |= text.len() > Self::LONGEST;
                    most.clear();
                    most.extend_from_slice(text);
                }
            }
            Some(_) => {}
            None => {
                self.too_long = text.len() > Self::LONGEST;
                self.bounds = Some((text.to_vec(), text.to_vec()));
            }
        }
    }

    pub(super) fn owned(self) -> Bounds {
        self.bounds.filter(|_| !self.too_long)
    }
}

/// A number as Parquet's plain encoding has it.
pub(super) trait Plain {
    /// Its octets.
    const OCTETS: usize;
    /// Appends it.
    fn put(self, out: &mut Vec<u8>);
}

impl Plain for i32 {
    const OCTETS: usize = 4;

    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Plain for i64 {
    const OCTETS: usize = 8;

    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

pub(super) fn plain(number: impl Plain) -> Vec<u8> {
    let mut out = Vec::new();
    number.put(&mut out);
    out
}
