//! The records of a block, one after another: runs of flows that share their form and what holds for all of them. The flows stay where
//! they are; those that can't are rewritten into a second buffer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::absent;
use super::file::Damage;
use super::form::{Form, Forms, Found};
use super::header::Layout;
use super::layout1::{self, Maps};
use super::record::{RecordHeader, Unknown};
use crate::datagram::{DatagramBatch, Origin, Shape, Stored};
use crate::time::Timestamp;

const EXPORTER_RECORD: u16 = 7;
const FLOW_RECORD: u16 = 11;
/// The last time of a flow that counts, in milliseconds: what nanoseconds in 64 bits can hold.
const LAST_MILLI: u64 = i64::MAX as u64 / 1_000_000;

/// What is known of a file from its records so far.
pub(super) struct Scan {
    layout: Layout,
    origin: Origin,
    maps: Maps,
    exporters: HashMap<u16, Exporter>,
    forms: Forms,
    converted: Vec<u8>,
    /// The earliest time of a flow less one, so that no time is the largest number; the latest.
    times: (u64, u64),
    /// Flows so far.
    pub(super) flows: u64,
}

#[derive(Clone, Copy, Debug)]
struct Exporter {
    addr: IpAddr,
    version: u32,
    id: u32,
}

/// What the flows of a run have in common, as it stands in their octets.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Common {
    form: usize,
    absent: u64,
    engine: u16,
    exporter: u16,
    version: u8,
    received: u64,
    sent_from: u128,
    rewritten: bool,
}

/// The flows of a block while they are found.
#[derive(Default)]
struct Runs {
    stored: Vec<Stored>,
    common: Option<Common>,
    /// Records that were rewritten.
    second: Vec<u8>,
    unknown: Unknown,
}

impl Scan {
    pub(super) fn new(layout: Layout, origin: Origin) -> Self {
        Self {
            layout,
            origin,
            maps: Maps::default(),
            exporters: HashMap::new(),
            forms: Forms::default(),
            converted: Vec::new(),
            times: (u64::MAX, 0),
            flows: 0,
        }
    }

    /// The earliest and the latest time of a flow.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = self.times;
        Some((Timestamp::from_millis(first.checked_add(1)?)?, Timestamp::from_millis(last)?))
    }

    /// The flows of the first `filled` octets of a block. `ended` says that the file was cut in it, which was told already.
    pub(super) fn block(
        &mut self,
        block: Arc<Vec<u8>>,
        filled: usize,
        number: u64,
        ended: bool,
        damage: &mut dyn FnMut(Damage, u64, Origin, String),
    ) -> DatagramBatch {
        let here = self.origin;
        let octets = block.get(..filled).unwrap_or(&[]);
        let mut at = 0;
        let mut runs = Runs::default();
        while at < octets.len() {
            let rest = octets.get(at..).unwrap_or(&[]);
            let &[k0, k1, l0, l1] = rest.first_chunk().unwrap_or(&[0; 4]);
            let (kind, length) = (u16::from_le_bytes([k0, k1]), usize::from(u16::from_le_bytes([l0, l1])));
            let Some(record) = rest.get(..length).filter(|r| r.len() >= 4) else {
                if !ended {
                    let left = rest.len();
                    damage(Damage::Block, 1, here, format!("block {number}: a record says {length} octets, the block has {left} more"));
                }
                break;
            };
            let done = match (self.layout, kind) {
                (Layout::Two, FLOW_RECORD) => self.flow(record, at, 0, &mut runs),
                (Layout::One, layout1::FLOW_RECORD | layout1::FLOW_RECORD_V0) => self.flow_of_layout_1(record, &mut runs),
                (Layout::One, layout1::MAP_RECORD) if !self.maps.learn(record) => Err(format!("an extension map of {length} octets")),
                (_, EXPORTER_RECORD) => {
                    runs.common = None;
                    self.exporters.extend(exporter(record));
                    Ok(())
                }
                // Samplers, statistics, idents, maps.
                _ => Ok(()),
            };
            if let Err(what) = done {
                damage(Damage::Record, 1, here, format!("block {number}: {what}"));
            }
            at += length;
        }
        let Runs { stored, second, unknown, .. } = runs;
        if unknown.count > 0 {
            damage(Damage::Unknown, unknown.count, here, format!("block {number}, {} {}", self.layout.part(), unknown.kind));
        }
        DatagramBatch { buffers: vec![block, Arc::new(second)], stored, ..DatagramBatch::default() }
    }

    fn flow_of_layout_1(&mut self, record: &[u8], runs: &mut Runs) -> Result<(), String> {
        let mut converted = std::mem::take(&mut self.converted);
        let absent = self.maps.convert(record, &mut converted, &mut runs.unknown)?;
        let start = runs.second.len();
        runs.second.extend_from_slice(&converted);
        let done = self.flow(&converted, start, absent | CONVERTED, runs);
        self.converted = converted;
        done
    }

    /// Takes a flow in. It lies at `at` of the block, or of the second buffer if `absent` says that it was converted.
    #[inline]
    fn flow(&mut self, record: &[u8], at: usize, absent: u64, runs: &mut Runs) -> Result<(), String> {
        let header = RecordHeader::read(record).ok_or_else(|| format!("a flow record of {} octets", record.len()))?;
        let start = runs.second.len();
        let (number, rewritten, at, length) = match self.forms.find(record, &header, &mut runs.second)? {
            Found::Here(form) => (form, absent & CONVERTED != 0, at, record.len()),
            Found::Rewritten(form) => (form, true, start, runs.second.len() - start),
        };
        let Some(form) = self.forms.get(number) else { return Ok(()) };
        let body = if at == start && rewritten { runs.second.get(start..).unwrap_or(&[]) } else { record };
        let generic: &[u8; 24] = body.get(form.generic..).and_then(|g| g.first_chunk()).unwrap_or(&[0; 24]);
        let [first, last, received] = numbers(generic);
        let zero = |time: u64, bit: u64| if time == 0 { bit } else { 0 };
        let absent = absent | form.absent(body) | zero(first, absent::FIRST) | zero(last, absent::LAST);
        for time in [first, last] {
            let time = if time <= LAST_MILLI { time } else { 0 };
            self.times = (self.times.0.min(time.wrapping_sub(1)), self.times.1.max(time));
        }
        runs.unknown.add(form.unknown);
        self.flows += 1;
        let RecordHeader { engine, exporter, version, .. } = header;
        let common = Common { form: number, absent, engine, exporter, version, received, sent_from: sent_from(form, body), rewritten };
        let length = u32::try_from(length).unwrap_or(0);
        match runs.stored.last_mut().filter(|run| runs.common == Some(common) && (run.start + run.length) as usize == at) {
            Some(run) => {
                run.length += length;
                run.rows += 1;
            }
            None => {
                runs.common = Some(common);
                let shape = Shape::Fields(form.layout(absent & !CONVERTED));
                let start = u32::try_from(at).unwrap_or(u32::MAX);
                let wide = form.sent_from.is_some_and(|(_, octets)| octets == 16);
                let run = Stored { shape, buffer: u32::from(rewritten), start, length, rows: 1, ..self.context(&common, wide) };
                runs.stored.push(run);
            }
        }
        Ok(())
    }

    /// What holds for a run of flows.
    fn context(&self, common: &Common, wide: bool) -> Stored {
        let exporter = self.exporters.get(&common.exporter);
        let version = match u32::from(common.version) {
            number @ (1 | 5 | 7 | 9 | 10) => number,
            _ => exporter.map_or(0, |e| e.version),
        };
        let domain = match version {
            5 => Some(u32::from(common.engine)),
            9 | 10 => exporter.map(|e| e.id),
            _ => None,
        };
        let sent_from = match u32::try_from(common.sent_from) {
            Ok(0) => None,
            Ok(v4) if !wide => Some(IpAddr::V4(Ipv4Addr::from(v4))),
            _ => Some(v6(common.sent_from)),
        };
        Stored {
            exporter: sent_from.or(exporter.map(|e| e.addr)).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            domain,
            version: u16::try_from(version).unwrap_or(0),
            received: Some(common.received).filter(|ms| *ms != 0).and_then(Timestamp::from_millis),
            clock: None,
            origin: self.origin,
            shape: Shape::Fixed,
            buffer: 0,
            start: 0,
            length: 0,
            rows: 0,
        }
    }
}

/// A bit beside those of what is absent: the record was put into the second buffer before.
const CONVERTED: u64 = 1 << 63;

#[inline]
fn numbers(octets: &[u8; 24]) -> [u64; 3] {
    let (all, _) = octets.as_chunks::<8>();
    match all {
        [a, b, c] => [u64::from_le_bytes(*a), u64::from_le_bytes(*b), u64::from_le_bytes(*c)],
        _ => [0; 3],
    }
}

/// The octets of the address that the exporter sent from, as a number; 0 where the record has none.
#[inline]
fn sent_from(form: &Form, record: &[u8]) -> u128 {
    let Some((at, octets)) = form.sent_from else { return 0 };
    let mut number = [0; 16];
    if let (Some(to), Some(from)) = (number.get_mut(..octets), record.get(at..at + octets)) {
        to.copy_from_slice(from);
    }
    u128::from_le_bytes(number)
}

/// An exporter record: type, size, version, 16 octets of address, address family, number in this file, id.
fn exporter(octets: &[u8]) -> Option<(u16, Exporter)> {
    let &[v0, v1, v2, v3] = octets.get(4..)?.first_chunk()?;
    let address: &[u8; 16] = octets.get(8..)?.first_chunk()?;
    let &[f0, f1, n0, n1, i0, i1, i2, i3] = octets.get(24..)?.first_chunk()?;
    let [_, _, _, _, _, _, _, _, d, c, b, a, ..] = *address;
    // 2 is IPv4 everywhere; IPv6 has another number on each system.
    let v4 = u16::from_le_bytes([f0, f1]) == 2;
    let addr = if v4 { IpAddr::V4(Ipv4Addr::new(a, b, c, d)) } else { v6(u128::from_le_bytes(*address)) };
    let exporter = Exporter { addr, version: u32::from_le_bytes([v0, v1, v2, v3]), id: u32::from_le_bytes([i0, i1, i2, i3]) };
    Some((u16::from_le_bytes([n0, n1]), exporter))
}

/// Two numbers of 8 octets, the higher first.
fn v6(number: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(number.rotate_left(64)))
}
