//! How the columns that flows are grouped by lie in the words of a key, and back.
//!
//! Values of fixed width are packed into words in the order of the columns, an address into two; a bit says that a value is null. Texts
//! follow, each with its length. A key of one column has no bit for null: such flows are counted beside the table.

use std::net::IpAddr;

use crate::column::{Column, FlowBatch, Run, Values};
use crate::plan::{Canonical, Kind, Schema, Source};

use super::groups::KeyLength;
use super::key::{KeyPart, Prefix};

/// Where a column's value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// In some bits of a word.
    Bits { word: usize, shift: u32, bits: u32 },
    /// In two words.
    Pair { word: usize },
    /// Behind the words of fixed width.
    Text,
}

/// What fills it.
#[derive(Clone, Copy, Debug)]
enum Feed {
    /// What a message says of all its records.
    Context(Canonical),
    /// A column of the batch.
    Column(usize),
}

#[derive(Clone, Debug)]
struct Placed {
    part: KeyPart,
    feed: Feed,
    shape: Shape,
    /// The word and the bit that say null.
    null: Option<(usize, u32)>,
}

/// The keys of one question, tied to the columns of a batch.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    placed: Vec<Placed>,
    /// Words of fixed width, the leading ones among them.
    words: usize,
    /// Words before the first column: the stated length, the interval.
    leading: usize,
    texts: bool,
    interval: bool,
}

impl Layout {
    /// For keys of these columns, with an interval of time before them if `interval`. Columns that the schema lacks are null.
    pub(super) fn new(parts: &[KeyPart], interval: bool, schema: &Schema) -> Self {
        let texts = parts.iter().any(|p| shape_bits(p).is_none());
        let leading = usize::from(texts) + usize::from(interval);
        let side_by_side = parts.len() > 1 || interval || texts;
        // The next free place: a word, and bits used of it from the top.
        let (mut word, mut used) = (leading, 0u32);
        let mut take = |bits: u32| {
            if used + bits > 64 {
                (word, used) = (word + 1, 0);
            }
            used += bits;
            (word, 64 - used)
        };
        let mut placed: Vec<Placed> = parts
            .iter()
            .map(|part| {
                let shape = match shape_bits(part) {
                    None => Shape::Text,
                    Some(128) => {
                        let (word, _) = take(64);
                        take(64);
                        Shape::Pair { word }
                    }
                    Some(bits) => {
                        let (word, shift) = take(bits);
                        Shape::Bits { word, shift, bits }
                    }
                };
                let feed = match part.column.source {
                    Source::Canonical(canonical) if canonical.is_context() => Feed::Context(canonical),
                    _ => Feed::Column(schema.position(&part.column.name).map_or(usize::MAX, usize::from)),
                };
                Placed { part: part.clone(), feed, shape, null: None }
            })
            .collect();
        if side_by_side {
            placed.iter_mut().for_each(|p| p.null = Some(take(1)));
        }
        let words = word + usize::from(used > 0);
        Self { placed, words, leading, texts, interval }
    }

    /// How long keys are.
    pub(super) fn length(&self) -> KeyLength {
        if self.texts { KeyLength::Stated } else { KeyLength::Words(self.words) }
    }

    /// Words of fixed width.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// True if keys have texts, so that each is to be made by [`Layout::with_texts`].
    pub(super) fn has_texts(&self) -> bool {
        self.texts
    }

    /// The word that has the interval.
    pub(super) fn interval_word(&self) -> usize {
        self.leading - 1
    }

    /// True if all rows of a run have the same key.
    pub(super) fn is_context(&self) -> bool {
        self.placed.iter().all(|p| matches!(p.feed, Feed::Context(_)))
    }

    /// The rows that have no key at all, where it has a single column and no bit for null: true for those that have a value.
    pub(super) fn presence<'a>(&self, batch: &'a FlowBatch) -> Presence<'a> {
        match self.placed.as_slice() {
            [Placed { null: None, feed: Feed::Column(at), .. }] => match batch.columns().get(*at) {
                Some(column) if column.validity.nulls() == 0 => Presence::All,
                Some(column) if column.validity.nulls() == column.validity.len() => Presence::None,
                Some(column) => Presence::Some(&column.validity),
                None => Presence::None,
            },
            _ => Presence::All,
        }
    }

    /// True if all columns are null in all rows.
    pub(super) fn is_null(&self, batch: &FlowBatch) -> bool {
        self.placed.iter().all(|p| match p.feed {
            Feed::Context(_) => false,
            Feed::Column(at) => batch.columns().get(at).is_none_or(|c| c.validity.nulls() == c.validity.len()),
        })
    }

    /// The key whose columns are all null; false if there is none.
    pub(super) fn null_key(&self, key: &mut Vec<u64>) -> bool {
        key.clear();
        key.resize(self.words, 0);
        for placed in &self.placed {
            let Some((word, bit)) = placed.null else { return false };
            key[word] |= 1 << bit;
        }
        if self.texts {
            // No length is that of no octets.
            key.resize(self.words + self.placed.iter().filter(|p| p.shape == Shape::Text).count(), 0);
            key[0] = key.len() as u64;
        }
        true
    }

    /// Fills in the words of fixed width of all rows, row by row.
    pub(super) fn encode(&self, batch: &FlowBatch, keys: &mut Vec<u64>) {
        keys.clear();
        keys.resize(batch.rows() * self.words, 0);
        for placed in &self.placed {
            match placed.feed {
                Feed::Context(canonical) => {
                    for run in batch.runs() {
                        let range = run.start * self.words..(run.start + run.rows) * self.words;
                        if let Some(keys) = keys.get_mut(range) {
                            self.context(placed, canonical, run, keys);
                        }
                    }
                }
                Feed::Column(at) => self.column(placed, batch.columns().get(at), keys),
            }
        }
    }

    /// The key of a run; `None` where its only column is null.
    pub(super) fn of_run(&self, run: &Run, key: &mut Vec<u64>) -> bool {
        key.clear();
        key.resize(self.words, 0);
        let mut there = true;
        for placed in &self.placed {
            if let Feed::Context(canonical) = placed.feed {
                there &= self.context(placed, canonical, run, key) || placed.null.is_some();
            }
        }
        there
    }

    /// Puts what a run says into the keys of its rows; false for null.
    fn context(&self, placed: &Placed, canonical: Canonical, run: &Run, keys: &mut [u64]) -> bool {
        let value = context_value(canonical, run).map(|value| match placed.part.prefix {
            Some(prefix) => network(value, prefix, false),
            None => value,
        });
        for key in keys.chunks_exact_mut(self.words.max(1)) {
            match (value, placed.shape, placed.null) {
                (Some(value), Shape::Bits { word, shift, .. }, _) => key[word] |= (value as u64) << shift,
                (Some(value), Shape::Pair { word }, _) => (key[word], key[word + 1]) = ((value >> 64) as u64, value as u64),
                (None, _, Some((word, bit))) => key[word] |= 1 << bit,
                _ => {}
            }
        }
        value.is_some()
    }

    fn column(&self, placed: &Placed, column: Option<&Column>, keys: &mut [u64]) {
        let stride = self.words;
        let Some(column) = column else {
            if let Some((word, bit)) = placed.null {
                keys.chunks_exact_mut(stride).for_each(|key| key[word] |= 1 << bit);
            }
            return;
        };
        let prefix = placed.part.prefix;
        match (placed.shape, &column.values) {
            (Shape::Bits { word, shift, .. }, values) => match values {
                Values::U8(v) => narrow(keys, stride, word, shift, v.iter().map(|v| u64::from(*v))),
                Values::U16(v) => narrow(keys, stride, word, shift, v.iter().map(|v| u64::from(*v))),
                Values::U32(v) => match prefix {
                    Some(prefix) => narrow(keys, stride, word, shift, v.iter().map(|v| u64::from(*v & mask_v4(prefix.v4)))),
                    None => narrow(keys, stride, word, shift, v.iter().map(|v| u64::from(*v))),
                },
                Values::U64(v) => narrow(keys, stride, word, shift, v.iter().copied()),
                Values::I64(v) => narrow(keys, stride, word, shift, v.iter().map(|v| ordered(*v))),
                Values::F64(v) => narrow(keys, stride, word, shift, v.iter().map(|v| ordered_float(*v))),
                Values::Bool(v) => narrow(keys, stride, word, shift, v.iter().map(|v| u64::from(*v))),
                Values::Address(_) | Values::Octets(_) => {}
            },
            (Shape::Pair { word }, Values::Address(v)) => {
                let v6_only = column.kind == Kind::Ipv6;
                match prefix {
                    Some(prefix) => wide(keys, stride, word, v.iter().map(|v| network(u128::from_be_bytes(*v), prefix, v6_only))),
                    None => wide(keys, stride, word, v.iter().map(|v| u128::from_be_bytes(*v))),
                }
            }
            _ => {}
        }
        if let Some((word, bit)) = placed.null
            && column.validity.nulls() > 0
        {
            for (row, key) in keys.chunks_exact_mut(stride).enumerate() {
                key[word] |= u64::from(!column.validity.get(row)) << bit;
            }
        }
    }

    /// The whole key of a row that has texts: its words of fixed width, then the texts.
    pub(super) fn with_texts(&self, batch: &FlowBatch, row: usize, fixed: &[u64], key: &mut Vec<u64>) {
        key.clear();
        key.extend_from_slice(fixed);
        for placed in self.placed.iter().filter(|p| p.shape == Shape::Text) {
            let text = match placed.feed {
                Feed::Column(at) => match batch.columns().get(at).map(|c| &c.values) {
                    Some(Values::Octets(v)) => v.get(row),
                    _ => &[],
                },
                Feed::Context(_) => &[],
            };
            key.push(text.len() as u64);
            let (whole, rest) = text.as_chunks::<8>();
            key.extend(whole.iter().map(|octets| u64::from_be_bytes(*octets)));
            if !rest.is_empty() {
                let mut last = [0; 8];
                last[..rest.len()].copy_from_slice(rest);
                key.push(u64::from_be_bytes(last));
            }
        }
        let length = key.len() as u64;
        if let Some(first) = key.first_mut() {
            *first = length;
        }
    }

    /// The interval of a key.
    pub(super) fn interval(&self, key: &[u64]) -> Option<i64> {
        let word = key.get(self.leading.checked_sub(1)?)?;
        self.interval.then(|| unordered(*word))
    }

    /// Appends the values of a key to columns, one for each part; all are null without a key.
    pub(super) fn decode(&self, key: Option<&[u64]>, columns: &mut [Column]) {
        let mut texts = key.and_then(|key| key.get(self.words..)).unwrap_or(&[]);
        for (placed, column) in self.placed.iter().zip(columns) {
            let null = |key: &[u64]| placed.null.is_some_and(|(word, bit)| key[word] >> bit & 1 == 1);
            let there = key.is_some_and(|key| !null(key));
            column.validity.push(there);
            let value = match (key, placed.shape) {
                (Some(key), Shape::Bits { word, shift, bits }) => u128::from(key[word] >> shift & (u64::MAX >> (64 - bits))),
                (Some(key), Shape::Pair { word }) => u128::from(key[word]) << 64 | u128::from(key[word + 1]),
                _ => 0,
            };
            match &mut column.values {
                Values::U8(v) => v.push(value as u8),
                Values::U16(v) => v.push(value as u16),
                Values::U32(v) => v.push(value as u32),
                Values::U64(v) => v.push(value as u64),
                Values::I64(v) => v.push(if there { unordered(value as u64) } else { 0 }),
                Values::F64(v) => v.push(if there { unordered_float(value as u64) } else { 0.0 }),
                Values::Bool(v) => v.push(value != 0),
                Values::Address(v) => v.push(value.to_be_bytes()),
                Values::Octets(v) => match (placed.shape, placed.part.prefix) {
                    (Shape::Text, _) => {
                        let length = texts.first().map_or(0, |length| *length as usize);
                        let words = texts.get(1..=length.div_ceil(8)).unwrap_or(&[]);
                        let octets: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
                        v.push(octets.get(..length).unwrap_or(&[]));
                        texts = texts.get(1 + words.len()..).unwrap_or(&[]);
                    }
                    (_, Some(prefix)) if there => v.push(network_text(value, prefix, placed.part.column.kind).as_bytes()),
                    _ => v.push(&[]),
                },
            }
        }
    }
}

/// Which rows have a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Presence<'a> {
    /// All of them.
    All,
    /// None of them.
    None,
    /// Those that are valid here.
    Some(&'a crate::column::Validity),
}

/// Bits of a part's values; `None` for those of any length.
fn shape_bits(part: &KeyPart) -> Option<u32> {
    Some(match part.column.kind {
        Kind::Bool => 1,
        Kind::U8 => 8,
        Kind::U16 => 16,
        Kind::U32 | Kind::Ipv4 => 32,
        Kind::Mac => 48,
        Kind::U64 | Kind::I64 | Kind::F64 | Kind::Time => 64,
        Kind::Address | Kind::Ipv6 => 128,
        Kind::Text | Kind::Octets | Kind::Json => return None,
    })
}

#[inline(always)]
fn narrow(keys: &mut [u64], stride: usize, word: usize, shift: u32, values: impl Iterator<Item = u64>) {
    if stride == 1 {
        keys.iter_mut().zip(values).for_each(|(key, value)| *key |= value << shift);
        return;
    }
    keys.chunks_exact_mut(stride).zip(values).for_each(|(key, value)| key[word] |= value << shift);
}

#[inline(always)]
fn wide(keys: &mut [u64], stride: usize, word: usize, values: impl Iterator<Item = u128>) {
    let words = |value: u128| [(value >> 64) as u64, value as u64];
    if stride == 2 {
        keys.as_chunks_mut::<2>().0.iter_mut().zip(values).for_each(|(key, value)| *key = words(value));
        return;
    }
    keys.chunks_exact_mut(stride).zip(values).for_each(|(key, value)| [key[word], key[word + 1]] = words(value));
}

/// What a run says, as a number; addresses as IPv6.
fn context_value(column: Canonical, run: &Run) -> Option<u128> {
    let context = &run.context;
    match column {
        Canonical::Received => context.received.map(|t| u128::from(ordered(t.nanos()))),
        Canonical::Exporter => context.exporter.known_addr().map(|address| match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            IpAddr::V6(v6) => v6.to_bits(),
        }),
        Canonical::ObservationDomain => context.domain.map(u128::from),
        Canonical::NdeVersion => Some(u128::from(context.version.number())).filter(|n| *n != 0),
        Canonical::TemplateId => context.template_id.map(u128::from),
        _ => None,
    }
}

/// Numbers with a sign in the order of numbers without one.
pub(super) fn ordered(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

fn unordered(word: u64) -> i64 {
    (word ^ (1 << 63)).cast_signed()
}

/// The same for floating point; both zeros are one value, and so is every not-a-number.
fn ordered_float(value: f64) -> u64 {
    let one_nan = if value.is_nan() { f64::NAN } else { value };
    // Adding zero makes -0 a 0.
    let bits = (one_nan + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn unordered_float(word: u64) -> f64 {
    f64::from_bits(if word >> 63 == 1 { word & !(1 << 63) } else { !word })
}

fn mask_v4(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

fn mask_v6(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

/// True for IPv4 in its mapped form.
fn is_v4(address: u128) -> bool {
    address >> 32 == 0xffff
}

/// The network of an address.
#[inline(always)]
fn network(address: u128, prefix: Prefix, v6_only: bool) -> u128 {
    if is_v4(address) && !v6_only { address & (u128::MAX << 32 | u128::from(mask_v4(prefix.v4))) } else { address & mask_v6(prefix.v6) }
}

/// `10.0.0.0/8`, `2001:db8::/64`.
fn network_text(value: u128, prefix: Prefix, kind: Kind) -> String {
    let v4 = |bits: u32| format!("{}/{}", std::net::Ipv4Addr::from_bits(bits), prefix.v4);
    match kind {
        Kind::Ipv4 => v4(value as u32),
        Kind::Address if is_v4(value) => v4(value as u32),
        _ => format!("{}/{}", std::net::Ipv6Addr::from_bits(value), prefix.v6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_the_order_of_values() {
        let numbers = [i64::MIN, -5, -1, 0, 1, i64::MAX];
        assert!(numbers.map(ordered).is_sorted());
        assert_eq!(numbers.map(|n| unordered(ordered(n))), numbers);
        let floats = [f64::NEG_INFINITY, -1.5, -f64::MIN_POSITIVE, 0.0, 1e-300, 2.0, f64::INFINITY];
        assert!(floats.map(ordered_float).is_sorted());
        assert_eq!(floats.map(|n| unordered_float(ordered_float(n))), floats);
        assert_eq!(ordered_float(-0.0), ordered_float(0.0));
        assert_eq!(ordered_float(f64::NAN), ordered_float(-f64::NAN));
        assert!(unordered_float(ordered_float(f64::NAN)).is_nan());
    }

    #[test]
    fn networks_of_every_length() {
        let text = |address: &str, v4: u8, v6: u8| {
            let prefix = Prefix { v4, v6 };
            let octets = match address.parse::<IpAddr>().unwrap() {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
                IpAddr::V6(v6) => v6.to_bits(),
            };
            network_text(network(octets, prefix, false), prefix, Kind::Address)
        };
        // By Python's ipaddress.
        assert_eq!(text("10.20.255.7", 0, 0), "0.0.0.0/0");
        assert_eq!(text("10.20.255.7", 13, 0), "10.16.0.0/13");
        assert_eq!(text("10.20.255.7", 31, 0), "10.20.255.6/31");
        assert_eq!(text("10.20.255.7", 32, 0), "10.20.255.7/32");
        assert_eq!(text("2001:db8:ffff:fff7::9", 0, 0), "::/0");
        assert_eq!(text("2001:db8:ffff:fff7::9", 0, 45), "2001:db8:fff8::/45");
        assert_eq!(text("2001:db8:ffff:fff7::9", 0, 62), "2001:db8:ffff:fff4::/62");
        assert_eq!(text("2001:db8:ffff:fff7::9", 0, 127), "2001:db8:ffff:fff7::8/127");
        assert_eq!(text("2001:db8:ffff:fff7::9", 0, 128), "2001:db8:ffff:fff7::9/128");
        // An element of IPv6 addresses alone shows a mapped one as what it is.
        let prefix = Prefix { v4: 8, v6: 104 };
        let mapped = std::net::Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().to_bits();
        assert_eq!(network_text(network(mapped, prefix, true), prefix, Kind::Ipv6), "::ffff:192.0.0.0/104");
    }
}
