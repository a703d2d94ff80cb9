//! Moves the times of datagrams, so that what was captured once is sent as if it were exported now.
//!
//! Everything moves by whole seconds, so that no fraction is lost where a header has none:
//! - the export time of every message by the same time that lies between its capture and its sending;
//! - absolute times in records (all elements of the dateTime types, 160 apart) by as much;
//! - where a replay is faster or slower than the capture was, that time changes on the way: the up-time in headers and up-time stamps in records
//!   (21, 22; first and last in v1, v5 and v7) move by the change, so that the exporter's boot stays one point in time; the boot time itself
//!   (160) moves as the first message does.
//!
//! Sequence numbers, durations and times relative to the export time (158, 159) stay. Records whose template was not seen keep their times,
//! and are counted.

use std::net::IpAddr;

use super::layouts::{Layouts, TimeField};
use crate::message::{Body, SetKind, Version, kind, messages};

/// Moves times; remembers the templates of the exporters.
#[derive(Clone, Debug, Default)]
pub struct Retime {
    layouts: Layouts,
    /// The seconds that the first message was moved by.
    first: Option<i64>,
    /// Data Sets whose template was not seen.
    unknown: u64,
}

/// How far a message is moved, in seconds.
#[derive(Clone, Copy)]
struct Shift {
    times: i64,
    /// How much of it is the change since the first message.
    uptime: i64,
}

impl Retime {
    /// Learns the templates of a datagram, for those that come before them.
    pub fn learn(&mut self, exporter: IpAddr, payload: &[u8]) {
        for message in messages(payload, 0).flatten() {
            self.layouts.learn(exporter, &message);
        }
    }

    /// Data Sets that kept their times, because their template was not seen.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Moves all times of a datagram by so many seconds.
    pub fn shift(&mut self, exporter: IpAddr, payload: &mut [u8], seconds: i64) {
        let shift = Shift { times: seconds, uptime: seconds - *self.first.get_or_insert(seconds) };
        let mut fixed = Vec::new();
        let mut sets = Vec::new();
        for message in messages(payload, 0).flatten() {
            self.layouts.learn(exporter, &message);
            let header = &message.header;
            fixed.push((header.version, message.offset));
            match message.body {
                Body::Records(records) => {
                    sets.extend((0..records.count).map(|n| Part::Record(records.offset + n * records.stride)));
                }
                Body::Sets(walk) => {
                    for set in walk.flatten().filter(|set| kind(header.version, set.id) == SetKind::Data) {
                        sets.push(Part::Set((exporter, header.version, header.domain, set.id), set.body_offset(), set.body.len()));
                    }
                }
            }
        }
        for (version, offset) in fixed {
            if let Some(octets) = payload.get_mut(offset..) {
                shift_header(version, octets, shift);
            }
        }
        for part in sets {
            match part {
                Part::Record(at) => {
                    // First and last, in v1, v5 and v7 alike.
                    for stamp in payload.get_mut(at + 24..at + 32).into_iter().flat_map(|octets| octets.chunks_exact_mut(4)) {
                        add_u32(stamp, shift.uptime.wrapping_mul(1000));
                    }
                }
                Part::Set(key, start, length) => match (self.layouts.get(key), payload.get_mut(start..start + length)) {
                    (Some(Some(times)), Some(body)) => times.each(body, |field, octets| shift_field(field, octets, shift)),
                    (None, _) => self.unknown += 1,
                    _ => {}
                },
            }
        }
    }
}

enum Part {
    Record(usize),
    Set(super::layouts::Key, usize, usize),
}

/// Up-time and export time of a header: see the table of `message::header`.
fn shift_header(version: Version, octets: &mut [u8], shift: Shift) {
    let (uptime, seconds) = match version {
        Version::Ipfix => (None, 4),
        Version::V1 | Version::V5 | Version::V7 | Version::V9 => (Some(4), 8),
        Version::Unstated => return,
    };
    if let Some(octets) = uptime.and_then(|at: usize| octets.get_mut(at..at + 4)) {
        add_u32(octets, shift.uptime.wrapping_mul(1000));
    }
    if let Some(octets) = octets.get_mut(seconds..seconds + 4) {
        add_u32(octets, shift.times);
    }
}

fn shift_field(field: TimeField, octets: &mut [u8], shift: Shift) {
    // 0 means that there is no time, but for up-times.
    if field != TimeField::Uptime && octets.iter().all(|octet| *octet == 0) {
        return;
    }
    match field {
        TimeField::Uptime => add_u32(octets, shift.uptime.wrapping_mul(1000)),
        TimeField::Seconds => add_u32(octets, shift.times),
        TimeField::Millis => add_u64(octets, shift.times.wrapping_mul(1000)),
        TimeField::Boot => add_u64(octets, (shift.times - shift.uptime).wrapping_mul(1000)),
        TimeField::Ntp => {
            if let Some(seconds) = octets.get_mut(..4) {
                add_u32(seconds, shift.times);
            }
        }
        TimeField::Timeval => {
            if let Some(seconds) = octets.get_mut(..8) {
                add_u64(seconds, shift.times);
            }
        }
    }
}

/// Adds to a number of four octets, which goes round at its end as up-times and NTP's seconds do.
fn add_u32(octets: &mut [u8], add: i64) {
    if let Ok(octets) = <&mut [u8; 4]>::try_from(octets) {
        let [.., a, b, c, d] = i64::from(u32::from_be_bytes(*octets)).wrapping_add(add).to_be_bytes();
        *octets = [a, b, c, d];
    }
}

fn add_u64(octets: &mut [u8], add: i64) {
    if let Ok(octets) = <&mut [u8; 8]>::try_from(octets) {
        *octets = u64::from_be_bytes(*octets).wrapping_add_signed(add).to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORTER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn be(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    #[test]
    fn v5_keeps_its_boot_where_the_pace_changes() {
        let mut first = be(&[5 << 16 | 1, 90_000, 1_000, 7, 1, 0]);
        first.extend(be(&[0, 0, 0, 0, 1, 64, 80_000, 90_000, 0, 0, 0, 0]));
        let mut second = first.clone();
        let mut retime = Retime::default();
        retime.shift(EXPORTER, &mut first, 500);
        assert_eq!(first[4..16], be(&[90_000, 1_500, 7])[..]);
        assert_eq!(first[48..56], be(&[80_000, 90_000])[..]);
        // Ten seconds later by the capture, one second later when sent.
        second[4..12].copy_from_slice(&be(&[100_000, 1_010]));
        second[48..56].copy_from_slice(&be(&[99_000, 100_000]));
        retime.shift(EXPORTER, &mut second, 491);
        assert_eq!(second[4..16], be(&[91_000, 1_501, 7])[..]);
        assert_eq!(second[48..56], be(&[90_000, 91_000])[..]);
    }

    #[test]
    fn ipfix_times_of_every_form_move() {
        // Template 256: 150 (4), 152 (8), 154 (8), 160 (8), 158 (4), 21 (4), 6871/40 unknown, variable.
        let fields: [[u8; 4]; 6] = [[0, 150, 0, 4], [0, 152, 0, 8], [0, 154, 0, 8], [0, 160, 0, 8], [0, 158, 0, 4], [0, 21, 0, 4]];
        let mut set = vec![0, 2, 0, 0, 1, 0, 0, 7];
        fields.iter().for_each(|f| set.extend(f));
        set.extend([0, 82, 255, 255]);
        set[3] = u8::try_from(set.len()).unwrap();
        let mut record = be(&[2_000]);
        record.extend(2_000_123u64.to_be_bytes());
        record.extend(be(&[2_208_990_800, 0x8000_0000]));
        record.extend(1_000_000u64.to_be_bytes());
        record.extend(be(&[250, 77]));
        record.extend([3, b'e', b't', b'h']);
        let length = record.len();
        let message = |seconds: u32, body: &[u8]| {
            let mut m = vec![0, 10];
            m.extend(u16::try_from(16 + body.len()).unwrap().to_be_bytes());
            m.extend(be(&[seconds, 9, 1]));
            m.extend(body);
            m
        };
        let mut data = vec![1, 0];
        data.extend(u16::try_from(4 + 2 * length).unwrap().to_be_bytes());
        data.extend(&record);
        data.extend(&record);
        let mut retime = Retime::default();
        let mut early = message(3_000, &data);
        retime.shift(EXPORTER, &mut early, 100);
        assert_eq!((retime.unknown(), early[16 + 4..].to_vec()), (1, data[4..].to_vec()));
        retime.learn(EXPORTER, &message(3_000, &set));
        let mut sent = message(3_000, &data);
        retime.shift(EXPORTER, &mut sent, 90);
        let mut moved = be(&[2_090]);
        moved.extend(2_090_123u64.to_be_bytes());
        moved.extend(be(&[2_208_990_890, 0x8000_0000]));
        moved.extend(1_100_000u64.to_be_bytes());
        // -10 s of up-time, below its 77 ms: it goes round.
        moved.extend(be(&[250, 4_294_957_373]));
        moved.extend([3, b'e', b't', b'h']);
        assert_eq!(sent[4..8], be(&[3_090])[..]);
        assert_eq!(sent[20..20 + length], moved[..]);
        assert_eq!(sent[20 + length..], moved[..]);
        assert_eq!(retime.unknown(), 1);
    }
}
