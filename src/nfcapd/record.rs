//! One flow record of nfdump 1.7, taken apart.

use super::shape::{self, Piece, Take};

/// The parts of a record, by type.
pub(super) type Parts<'a> = [&'a [u8]; shape::TYPES];

/// Parts that are not read: how many, and the type of the last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unknown {
    pub(super) count: u64,
    pub(super) kind: usize,
}

/// What the header of a record says.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHeader {
    pub(super) elements: u16,
    pub(super) engine: u16,
    pub(super) exporter: u16,
    pub(super) version: u8,
}

impl RecordHeader {
    /// Octets of the header.
    pub(super) const LENGTH: usize = 12;

    pub(super) fn read(record: &[u8]) -> Option<Self> {
        let &[_, _, _, _, e0, e1, engine_type, engine_id, x0, x1, _, version] = record.first_chunk()?;
        Some(Self {
            elements: u16::from_le_bytes([e0, e1]),
            engine: u16::from_be_bytes([engine_type, engine_id]),
            exporter: u16::from_le_bytes([x0, x1]),
            version,
        })
    }
}

/// The shape of a record, with its parts put in their places; `unknown` counts those of other types. An error says what is wrong.
pub(super) fn take_apart<'a>(record: &'a [u8], count: u16, parts: &mut Parts<'a>, unknown: &mut Unknown) -> Result<u64, String> {
    let mut rest = record.get(RecordHeader::LENGTH..).unwrap_or(&[]);
    let mut shape = 0u64;
    for number in 1..=count {
        let Some(&[t0, t1, l0, l1]) = rest.first_chunk() else {
            return Err(format!("element {number} of {count} begins beyond the record"));
        };
        let (kind, length) = (usize::from(u16::from_le_bytes([t0, t1])), usize::from(u16::from_le_bytes([l0, l1])));
        let Some((element, after)) = (length >= 4).then(|| rest.split_at_checked(length)).flatten() else {
            return Err(format!("element {number} of {count}, type {kind}, says {length} octets; the record has {} more", rest.len()));
        };
        rest = after;
        let data = element.get(4..).unwrap_or(&[]);
        match (parts.get_mut(kind), LEAST.get(kind)) {
            (Some(part), Some(least)) if *least > 0 => {
                if data.len() < usize::from(*least) {
                    return Err(format!("element {number}, type {kind}, has {} octets of {least}", data.len()));
                }
                *part = data;
                shape |= 1 << kind;
            }
            _ => *unknown = Unknown { count: unknown.count + 1, kind },
        }
    }
    Ok(shape | details(shape, parts))
}

/// Octets that each part has at least; 0 for those that are not read.
const LEAST: [u16; shape::TYPES] = [0, 48, 8, 32, 12, 24, 8, 8, 4, 16, 4, 16, 4, 16, 40, 32, 8, 24, 0, 15, 8, 32, 4, 24, 66, 21, 8, 1];

/// What the values add to the shape: zeros that stand for nothing, lengths.
fn details(shape: u64, parts: &Parts<'_>) -> u64 {
    let mut details = 0;
    let [_, generic, ..] = parts;
    if let Some((first, rest)) = generic.split_first_chunk::<8>() {
        details |= if *first == [0; 8] { shape::NO_FIRST } else { 0 };
        details |= if rest.first_chunk() == Some(&[0; 8]) { shape::NO_LAST } else { 0 };
        details |= if matches!(generic.get(44), Some(1 | 58)) { shape::ICMP } else { 0 };
    }
    if shape >> shape::MPLS & 1 == 1 {
        let labels = parts.get(shape::MPLS).map_or(0, |m| m.chunks(4).take(10).take_while(|l| l.iter().any(|b| *b != 0)).count());
        details |= u64::try_from(labels).unwrap_or(0) << shape::LABELS;
    }
    if shape >> shape::MAC & 1 == 1 {
        for (number, mac) in parts.get(shape::MAC).map_or(&[][..], |m| m).chunks(8).take(4).enumerate() {
            details |= if mac.iter().all(|b| *b == 0) { shape::NO_MAC << number } else { 0 };
        }
    }
    if shape >> shape::NBAR & 1 == 1 {
        let length = parts.get(shape::NBAR).map_or(0, |n| n.len().min(255));
        details |= u64::try_from(length).unwrap_or(0) << shape::APPLICATION;
    }
    details
}

/// Writes a record anew, in the order of its pieces, which take `length` octets.
pub(super) fn rewrite(pieces: &[Piece], length: usize, parts: &Parts<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + length, 0);
    let mut room = out.get_mut(start..).unwrap_or(&mut []);
    for piece in pieces {
        let length = usize::from(piece.length);
        let Some((to, rest)) = std::mem::take(&mut room).split_at_mut_checked(length) else { return };
        room = rest;
        let from = parts.get(piece.part).and_then(|p| p.get(piece.offset..)).unwrap_or(&[]);
        take_over(piece.take, from, to);
    }
}

/// Writes the octets of one piece; what a part lacks stays zero.
#[inline]
fn take_over(take: Take, from: &[u8], to: &mut [u8]) {
    match (take, to.len()) {
        (Take::Number, 1) => swap::<1>(from, to),
        (Take::Number, 2) => swap::<2>(from, to),
        (Take::Number, 4) => swap::<4>(from, to),
        (Take::Number, 8) => swap::<8>(from, to),
        (Take::Number, _) => to.chunks_mut(8).zip(from.chunks(8)).for_each(|(to, from)| reverse(from, to)),
        (Take::Words, _) => to.chunks_mut(4).zip(from.chunks(4)).for_each(|(to, from)| reverse(from, to)),
        (Take::Octets, _) => {
            if let Some(from) = from.get(..to.len()) {
                to.copy_from_slice(from);
            }
        }
        (Take::Seconds | Take::Micros, _) => {
            let micros = from.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
            let number = if take == Take::Seconds { micros / 1_000_000 } else { micros % 1_000_000 };
            if let Some(to) = to.first_chunk_mut() {
                *to = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
            }
        }
    }
}

/// A number whose width is known beforehand.
#[inline]
fn swap<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(from), Some(to)) = (from.first_chunk::<N>(), to.first_chunk_mut::<N>()) {
        *to = *from;
        to.reverse();
    }
}

/// The low octets of a number, the highest first.
fn reverse(from: &[u8], to: &mut [u8]) {
    let low = from.get(..to.len()).unwrap_or(&[]);
    to.iter_mut().zip(low.iter().rev()).for_each(|(to, from)| *to = *from);
}
