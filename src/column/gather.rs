//! Brings the fields of stored records to where the steps of a plan look for them: one tight loop over the records for each field.

use crate::datagram::Take;
use crate::plan::{Gather, Move};

/// Milliseconds that are beyond any time.
const NO_TIME: u64 = u64::MAX;

/// Writes what the plan takes of the records into `out`, which is emptied first.
pub(super) fn run(gather: &Gather, body: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if gather.tail {
        with_tails(gather, body, out);
        return;
    }
    if gather.stride == 0 || gather.taken == 0 {
        return;
    }
    out.resize(body.len() / gather.stride * gather.taken, 0);
    for step in &gather.moves {
        let to = out.get_mut(step.to..).unwrap_or(&mut []).chunks_mut(gather.taken);
        let from = body.get(step.from..).unwrap_or(&[]).chunks(gather.stride);
        all(*step, from.zip(to));
    }
}

/// Records of variable length: one after the other.
fn with_tails(gather: &Gather, body: &[u8], out: &mut Vec<u8>) {
    let strings = gather.layout.widths.len() - gather.moves.len();
    let mut rest = body;
    while let Some((record, after)) = rest.split_at_checked(gather.stride) {
        let length = (0..strings).try_fold(0, |at, _| {
            let &[_, high, low] = after.get(at..)?.first_chunk()?;
            Some(at + 3 + usize::from(u16::from_be_bytes([high, low])))
        });
        let Some((tail, after)) = length.and_then(|l| after.split_at_checked(l)) else { return };
        let start = out.len();
        out.resize(start + gather.taken, 0);
        for step in &gather.moves {
            let from = record.get(step.from..).unwrap_or(&[]);
            let to = out.get_mut(start + step.to..).unwrap_or(&mut []);
            all(*step, std::iter::once((from, to)));
        }
        out.extend_from_slice(tail);
        rest = after;
    }
}

#[inline]
fn all<'a>(step: Move, cells: impl Iterator<Item = (&'a [u8], &'a mut [u8])>) {
    match (step.take, step.length) {
        (Take::Number, 1) => cells.for_each(|(from, to)| swap::<1>(from, to)),
        (Take::Number, 2) => cells.for_each(|(from, to)| swap::<2>(from, to)),
        (Take::Number, 3) => cells.for_each(|(from, to)| swap::<3>(from, to)),
        (Take::Number, 4) => cells.for_each(|(from, to)| swap::<4>(from, to)),
        (Take::Number, 6) => cells.for_each(|(from, to)| swap::<6>(from, to)),
        (Take::Number, 8) => cells.for_each(|(from, to)| swap::<8>(from, to)),
        (Take::Number, length) => each(length, cells, swap_all::<8>),
        (Take::Words, length) => each(length, cells, swap_all::<4>),
        (Take::Octets, length) => each(length, cells, |from, to| to.copy_from_slice(from)),
        (Take::Millis, _) => cells.for_each(|(from, to)| {
            if let (Some(from), Some(to)) = (from.first_chunk(), to.first_chunk_mut()) {
                let millis = u64::from_le_bytes(*from);
                *to = if millis == 0 { NO_TIME } else { millis }.to_be_bytes();
            }
        }),
        (Take::Seconds, _) => cells.for_each(|(from, to)| micros(from, to, |micros| micros / 1_000_000)),
        (Take::Micros, _) => cells.for_each(|(from, to)| micros(from, to, |micros| micros % 1_000_000)),
    }
}

/// Cells of so many octets; what a record lacks stays zero.
fn each<'a>(length: usize, cells: impl Iterator<Item = (&'a [u8], &'a mut [u8])>, take: impl Fn(&[u8], &mut [u8])) {
    for (from, to) in cells {
        if let (Some(from), Some(to)) = (from.get(..length), to.get_mut(..length)) {
            take(from, to);
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

/// Numbers of N octets one after another.
fn swap_all<const N: usize>(from: &[u8], to: &mut [u8]) {
    from.chunks_exact(N).zip(to.chunks_exact_mut(N)).for_each(|(from, to)| swap::<N>(from, to));
}

#[inline]
fn micros(from: &[u8], to: &mut [u8], part: impl Fn(u64) -> u64) {
    if let (Some(from), Some(to)) = (from.first_chunk(), to.first_chunk_mut()) {
        *to = u32::try_from(part(u64::from_le_bytes(*from))).unwrap_or(u32::MAX).to_be_bytes();
    }
}
