//! Times since 1970 that stand where NTP times belong: elements 154 to 157 filled with plain seconds, milliseconds and the like.
//!
//! RFC 7011 §6.1.9 and §6.1.10 have NTP's 32 bits of seconds since 1900 and 32 of fraction; read so, a plain number lands decades away. It
//! is read so all the same, and the evidence goes into the ledger. One record a template is looked at, the first that has such a time.

use std::fmt;

use crate::message::FieldSpecifier;
use crate::plan::Layout;
use crate::time::Timestamp;

/// flowStartMicroseconds, flowEndMicroseconds, flowStartNanoseconds, flowEndNanoseconds.
const NTP_ELEMENTS: std::ops::RangeInclusive<u16> = 154..=157;
const DAY: u64 = 86_400_000_000_000;
const TEN_YEARS: u64 = 3_652 * DAY;

/// The fields of a template that hold NTP times: their numbers and their elements.
#[derive(Clone, Debug, Default)]
pub(super) struct NtpFields(Vec<(usize, u16)>);

/// A number of which only one reading is near the time of export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlainEpoch {
    element: u16,
    value: u64,
    as_ntp: Timestamp,
    unit: &'static str,
    as_plain: Timestamp,
}

impl NtpFields {
    /// Finds them.
    pub(super) fn of(fields: &[FieldSpecifier]) -> Self {
        let is_ntp = |f: &FieldSpecifier| f.pen == 0 && f.length == 8 && NTP_ELEMENTS.contains(&f.id);
        Self(fields.iter().enumerate().filter(|(_, f)| is_ntp(f)).map(|(number, f)| (number, f.id)).collect())
    }

    /// True if there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks at the first record of a Set: `None` where it has no such time, else whether one is a plain number.
    pub(super) fn look(&self, layout: &Layout, body: &[u8], export: Timestamp) -> Option<Option<PlainEpoch>> {
        let mut positions = Vec::with_capacity(layout.widths.len());
        layout.fields(body, 0, &mut positions)?;
        let mut seen = None;
        for (number, element) in &self.0 {
            let cell = positions.get(*number).and_then(|(start, length)| body.get(*start as usize..(*start + *length) as usize));
            let value = cell.and_then(|c| c.try_into().ok()).map_or(0, u64::from_be_bytes);
            let Some(as_ntp) = Timestamp::from_ntp_nanos(value) else { continue };
            let near = |time: &Timestamp| time.nanos().abs_diff(export.nanos()) <= DAY;
            let plain = readings(value).into_iter().find_map(|(unit, time)| Some((unit, time.filter(near)?)));
            let far = as_ntp.nanos().abs_diff(export.nanos()) > TEN_YEARS;
            seen = Some(plain.filter(|_| far).map(|(unit, as_plain)| PlainEpoch { element: *element, value, as_ntp, unit, as_plain }));
            if let Some(Some(_)) = seen {
                break;
            }
        }
        seen
    }
}

/// The ways in which 64 bits are filled with a time since 1970.
fn readings(value: u64) -> [(&'static str, Option<Timestamp>); 5] {
    let counted = |per_second: u64| Timestamp::from_timeval(value / per_second, value % per_second * 1_000_000 / per_second);
    [
        ("seconds", counted(1)),
        ("milliseconds", counted(1_000)),
        ("microseconds", counted(1_000_000)),
        ("nanoseconds", counted(1_000_000_000)),
        ("seconds in the upper 32 bits", Timestamp::from_timeval(value >> 32, 0)),
    ]
}

impl fmt::Display for PlainEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { element, value, as_ntp, unit, as_plain } = self;
        write!(f, "element {element} has {value:#018x}, which is {as_ntp} as NTP and {as_plain} as {unit} since 1970")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14T22:13:20Z.
    const EXPORT: u32 = 1_700_000_000;

    fn look(value: u64) -> Option<Option<String>> {
        let fields = [FieldSpecifier::element(0, 8, 4), FieldSpecifier::element(0, 156, 8)];
        let body = [&[192, 0, 2, 1][..], &value.to_be_bytes()].concat();
        let seen = NtpFields::of(&fields).look(&Layout::of(&fields).unwrap(), &body, Timestamp::from_seconds(EXPORT));
        seen.map(|plain| plain.map(|p| p.to_string()))
    }

    #[test]
    fn what_lies_near_the_export_is_found() {
        let told = |value| look(value).unwrap().unwrap();
        assert_eq!(
            told(1_699_999_990),
            "element 156 has 0x000000006553f0f6, which is 2036-02-07T06:28:16.395812092Z as NTP and 2023-11-14T22:13:10.000Z as seconds since 1970"
        );
        assert!(told(1_699_999_990_123).ends_with("2023-11-14T22:13:10.123Z as milliseconds since 1970"));
        assert!(told(1_699_999_990_123_000).ends_with("2023-11-14T22:13:10.123Z as microseconds since 1970"));
        assert!(told(1_699_999_990_123_000_000).ends_with("2023-11-14T22:13:10.123Z as nanoseconds since 1970"));
        assert!(told(1_699_999_990 << 32).ends_with("2023-11-14T22:13:10.000Z as seconds in the upper 32 bits since 1970"));
    }

    #[test]
    fn ntp_is_ntp_and_zero_is_nothing() {
        // 1,699,999,990 s and the 2,208,988,800 s from 1900 to 1970 (RFC 5905 §6).
        assert_eq!(look(3_908_988_790 << 32), Some(None));
        // Neither reading is near: nothing is claimed.
        assert_eq!(look(1_600_000_000), Some(None));
        assert_eq!(look(0), None);
    }
}
