//! Which fields of records are times, by the templates that an exporter has sent.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::element::{DataType, ElementId, element, v9_element};
use crate::message::{FieldSpecifier, Message, SetKind, Version, kind, template_records};
use crate::plan::Layout;

/// Layouts that are remembered; beyond it further ones are not, and their records keep their times.
const MOST: usize = 100_000;
/// systemInitTimeMilliseconds.
const BOOT: ElementId = ElementId::iana(160);

/// What kind of time a field holds, and in which octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeField {
    /// Milliseconds since the boot, 32 bits.
    Uptime,
    /// Seconds since 1970, 32 bits.
    Seconds,
    /// Milliseconds since 1970, 64 bits.
    Millis,
    /// The same, of the exporter's boot.
    Boot,
    /// NTP, 64 bits.
    Ntp,
    /// Seconds and microseconds since 1970, 64 bits each.
    Timeval,
}

/// The records of a template: where their times lie.
#[derive(Clone, Debug)]
pub(super) struct Times {
    layout: Layout,
    /// By the number of the field.
    fields: Vec<(usize, TimeField)>,
    found: Vec<(u32, u32)>,
}

/// Whose template it is: its sender's address, version, domain and id.
pub(super) type Key = (IpAddr, Version, u32, u16);

/// All templates met so far; `None` for one without times.
#[derive(Clone, Debug, Default)]
pub(super) struct Layouts(HashMap<Key, Option<Times>>);

impl Layouts {
    /// Learns the templates of a message.
    pub(super) fn learn(&mut self, exporter: IpAddr, message: &Message<'_>) {
        let crate::message::Body::Sets(sets) = &message.body else { return };
        let header = &message.header;
        for set in sets.clone().flatten() {
            let kind = kind(header.version, set.id);
            if matches!(kind, SetKind::Data | SetKind::Reserved) {
                continue;
            }
            for record in template_records(&set, kind).flatten().filter(|r| !r.fields.is_empty()) {
                let key = (exporter, header.version, header.domain, record.id);
                if self.0.len() < MOST || self.0.contains_key(&key) {
                    self.0.insert(key, Times::of(header.version, &record.fields));
                }
            }
        }
    }

    /// The template of a Data Set: `None` if it was never met, `Some(None)` if it has no times.
    pub(super) fn get(&mut self, key: Key) -> Option<Option<&mut Times>> {
        self.0.get_mut(&key).map(Option::as_mut)
    }
}

impl Times {
    fn of(version: Version, fields: &[FieldSpecifier]) -> Option<Self> {
        let times: Vec<(usize, TimeField)> = fields.iter().enumerate().filter_map(|(n, f)| Some((n, time_field(version, f)?))).collect();
        let layout = Layout::of(fields).filter(|_| !times.is_empty())?;
        Some(Self { layout, fields: times, found: Vec::new() })
    }

    /// Calls `each` for every time of a Set's records: what it is, and its octets.
    pub(super) fn each(&mut self, body: &mut [u8], mut each: impl FnMut(TimeField, &mut [u8])) {
        let shortest = usize::try_from(self.layout.shortest).unwrap_or(usize::MAX);
        let mut at = 0;
        while let Some(rest) = body.get_mut(at..).filter(|rest| rest.len() >= shortest) {
            self.found.clear();
            let Some(length) = self.layout.fields(rest, 0, &mut self.found) else { return };
            for (number, field) in &self.fields {
                let Some((start, length)) = self.found.get(*number).copied() else { continue };
                let range = start as usize..(start + length) as usize;
                if let Some(octets) = rest.get_mut(range) {
                    each(*field, octets);
                }
            }
            at += length as usize;
        }
    }
}

fn time_field(version: Version, field: &FieldSpecifier) -> Option<TimeField> {
    // First and last by the up-time, which their type does not tell.
    if field.pen == 0 && matches!(field.id, 21 | 22) && field.length == 4 {
        return Some(TimeField::Uptime);
    }
    let id = ElementId { pen: field.pen, id: field.id };
    let known = if version == Version::V9 { v9_element(field.id, field.length).or_else(|| element(id)) } else { element(id) };
    match (known?.data_type?, field.length) {
        (DataType::DateTimeSeconds, 4) => Some(TimeField::Seconds),
        (DataType::DateTimeMilliseconds, 8) if id == BOOT => Some(TimeField::Boot),
        (DataType::DateTimeMilliseconds, 8) => Some(TimeField::Millis),
        (DataType::DateTimeMicroseconds | DataType::DateTimeNanoseconds, 8) => Some(TimeField::Ntp),
        (DataType::DateTimeMicroseconds | DataType::DateTimeNanoseconds, 16) => Some(TimeField::Timeval),
        _ => None,
    }
}
