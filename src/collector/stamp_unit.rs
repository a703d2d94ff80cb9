//! The unit of LAST_SWITCHED (21) in v9 records: it shows exporters that count seconds there while their headers count milliseconds.
//!
//! FIRST_SWITCHED and LAST_SWITCHED are the header's SysUptime at the first and the last packet (RFC 3954 §8). Records are read so all the
//! same, and the evidence goes into the ledger. The first record of a few Sets of each template is looked at.

use crate::message::FieldSpecifier;
use crate::plan::Layout;

/// LAST_SWITCHED.
const LAST_SWITCHED: u16 = 21;
/// Flows are exported within this time of their last packet, in milliseconds: the longest time-outs that routers can be given.
const LATE: i64 = 3_600_000;
/// What a header may lag behind its records.
const EARLY: i64 = -60_000;
/// Sets that are looked at, and those of them that have to show it.
const LOOKS: u8 = 16;
const PROOF: u8 = 3;

/// Where a template has LAST_SWITCHED, if it has.
pub(super) fn last_switched(fields: &[FieldSpecifier]) -> Option<usize> {
    fields.iter().position(|f| f.pen == 0 && f.id == LAST_SWITCHED && f.length == 4)
}

/// What the Sets of one template have shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StampUnit {
    looks: u8,
    seconds: u8,
}

/// A stamp that is near its header only if it counts seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StampInSeconds {
    /// LAST_SWITCHED.
    pub(super) last: u32,
    /// The header's SysUptime.
    pub(super) uptime: u32,
}

impl StampUnit {
    /// True once it is settled, and no more Sets need a look.
    fn is_settled(self) -> bool {
        self.looks >= LOOKS
    }

    /// Takes the first record of the next Set; `Some` once, when several have shown seconds and none milliseconds.
    pub(super) fn step(&mut self, layout: &Layout, field: usize, body: &[u8], uptime: u32) -> Option<StampInSeconds> {
        if self.is_settled() {
            return None;
        }
        let mut cells = Vec::with_capacity(layout.widths.len());
        layout.fields(body, 0, &mut cells)?;
        let (start, length) = *cells.get(field)?;
        let last = u32::from_be_bytes(body.get(start as usize..(start + length) as usize)?.try_into().ok()?);
        self.looks = self.looks.saturating_add(1);
        let age = i64::from(uptime) - i64::from(last);
        // The difference of up-times has a sign, and both wrap.
        let as_millis = i64::from(uptime.wrapping_sub(last) as i32).abs().min(age.abs());
        let as_seconds = i64::from(uptime) - 1000 * i64::from(last);
        if last == 0 || as_millis <= 2 * LATE || !(EARLY..=LATE).contains(&as_seconds) {
            // One flow near its header in milliseconds settles it.
            self.looks = if last != 0 && as_millis <= LATE { LOOKS } else { self.looks };
            return None;
        }
        self.seconds += 1;
        if self.seconds < PROOF {
            return None;
        }
        self.looks = LOOKS;
        Some(StampInSeconds { last, uptime })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of SysUptime and LAST_SWITCHED.
    fn steps(sets: &[(u32, u32)]) -> Vec<StampInSeconds> {
        let fields = [FieldSpecifier::element(0, 1, 4), FieldSpecifier::element(0, 21, 4)];
        let (layout, field) = (Layout::of(&fields).unwrap(), last_switched(&fields).unwrap());
        let mut unit = StampUnit::default();
        let body = |last: u32| [[0; 4], last.to_be_bytes()].concat();
        sets.iter().filter_map(|(uptime, last)| unit.step(&layout, field, &body(*last), *uptime)).collect()
    }

    #[test]
    fn seconds_are_told_once() {
        // Up for a day.
        let told = steps(&[(86_400_000, 86_385), (86_460_000, 86_451), (86_520_000, 86_400), (86_580_000, 86_570)]);
        assert_eq!(told, [StampInSeconds { last: 86_400, uptime: 86_520_000 }]);
    }

    #[test]
    fn milliseconds_are_not() {
        assert_eq!(steps(&[(86_400_000, 86_385_000), (86_460_000, 86_385), (86_520_000, 86_400), (86_580_000, 86_570)]), []);
        // Long ago by either unit; a wrap in between; just booted, when both are near.
        assert_eq!(steps(&[(86_400_000, 5), (86_460_000, 5), (86_520_000, 5)]), []);
        assert_eq!(steps(&[(10_000, u32::MAX - 5_000), (20_000, 12_000), (30_000, 25_000)]), []);
        assert_eq!(steps(&[(60_000, 55), (70_000, 66), (80_000, 77)]), []);
    }
}
