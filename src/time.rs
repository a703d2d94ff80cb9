//! Every wire encoding of time, and every conversion between them.
//!
//! In: the integers of a header or a field. Out: [`Timestamp`]s. Uses nothing else of the crate.
//!
//! | encoding | RFC 7011 | element types or fields |
//! |---|---|---|
//! | seconds since 1970, 32 bits | §6.1.7 | dateTimeSeconds, the export time of v9 and IPFIX |
//! | milliseconds since 1970, 64 bits | §6.1.8 | dateTimeMilliseconds |
//! | NTP, 32 bits of seconds since 1900 and 32 of fraction | §6.1.9, §6.1.10 | dateTimeMicroseconds, dateTimeNanoseconds |
//! | seconds and microseconds, 64 bits each | none: pmacct | elements 154 and 155 of 16 octets |
//! | up-time in milliseconds, 32 bits, wraps after 49.7 days | RFC 3954 §8 | 21 and 22, v1, v5 and v7 records |
//! | microseconds before the export time | RFC 5102 | 158 and 159 |

use std::fmt;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MILLI: i64 = 1_000_000;
const NANOS_PER_MICRO: i64 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 1900-01-01 to 1970-01-01 in seconds (RFC 5905 §6).
const NTP_TO_UNIX: i64 = 2_208_988_800;
/// One NTP era: the 32 bits of seconds begin anew on 2036-02-07.
const NTP_ERA: i64 = 1 << 32;

/// A point in time: nanoseconds since 1970-01-01T00:00:00 UTC. It reaches from 1677 to 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From nanoseconds since 1970.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From seconds since 1970, as export times and dateTimeSeconds have them.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds as i64 * NANOS_PER_SECOND)
    }

    /// From a header of v1, v5 or v7: seconds since 1970 and residual nanoseconds.
    pub const fn from_seconds_and_nanos(seconds: u32, nanos: u32) -> Self {
        Self(seconds as i64 * NANOS_PER_SECOND + nanos as i64)
    }

    /// From dateTimeMilliseconds; `None` for what lies beyond 2262.
    pub fn from_millis(millis: u64) -> Option<Self> {
        i64::try_from(millis).ok()?.checked_mul(NANOS_PER_MILLI).map(Self)
    }

    /// From 64 bits of seconds and 64 of microseconds; `None` for what lies beyond 2262.
    pub fn from_timeval(seconds: u64, micros: u64) -> Option<Self> {
        let seconds = i64::try_from(seconds).ok()?.checked_mul(NANOS_PER_SECOND)?;
        let micros = i64::try_from(micros).ok()?.checked_mul(NANOS_PER_MICRO)?;
        seconds.checked_add(micros).map(Self)
    }

    /// From dateTimeNanoseconds: NTP, rounded to the nearest nanosecond. `None` for 0, which NTP defines as "no time" (RFC 5905 §6).
    ///
    /// Seconds whose top bit is clear belong to the era that begins in 2036 (RFC 4330 §3).
    pub fn from_ntp_nanos(ntp: u64) -> Option<Self> {
        Self::from_ntp(ntp, NANOS_PER_SECOND)
    }

    /// From dateTimeMicroseconds: NTP whose low 11 bits say nothing (RFC 7011 §6.1.9), rounded to the nearest microsecond.
    pub fn from_ntp_micros(ntp: u64) -> Option<Self> {
        Self::from_ntp(ntp & !0x7ff, 1_000_000)
    }

    fn from_ntp(ntp: u64, ticks_per_second: i64) -> Option<Self> {
        if ntp == 0 {
            return None;
        }
        let seconds = (ntp >> 32) as i64;
        let era = if seconds >> 31 == 0 { NTP_ERA } else { 0 };
        let fraction = (ntp & 0xffff_ffff) as i64;
        let ticks = (fraction * ticks_per_second + (1 << 31)) >> 32;
        Some(Self((seconds + era - NTP_TO_UNIX) * NANOS_PER_SECOND + ticks * (NANOS_PER_SECOND / ticks_per_second)))
    }

    /// From ISO 8601 in UTC as it is written here: `2026-11-22T20:49:11.126Z`, with up to 9 digits of fraction or none.
    /// `None` for any other form, and for what lies outside of 1677 to 2262.
    pub fn from_iso(text: &str) -> Option<Self> {
        let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let [year, month, dom] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if !(1..=9).contains(&fraction.len()) || !digits(fraction) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let day = day_number(year, month, dom);
        // A day that the month lacks comes back as one of the next month.
        if civil(day) != (u32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(dom).ok()?) {
            return None;
        }
        let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |n, digit| n * 10 + i64::from(digit - b'0'));
        let seconds = day * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second;
        let whole = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos);
        i64::try_from(whole).ok().map(Self)
    }

    /// Nanoseconds since 1970.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// This time moved by so many nanoseconds, held at the ends of what can be said.
    pub const fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// The time of an element that counts microseconds back from the export time (158, 159).
    pub const fn minus_micros(self, micros: u32) -> Self {
        Self(self.0 - micros as i64 * NANOS_PER_MICRO)
    }
}

impl fmt::Display for Timestamp {
    /// ISO 8601 in UTC with 3, 6 or 9 digits of fraction: as few as keep the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(30);
        IsoWriter::default().write(&mut text, self.0);
        f.pad(&String::from_utf8_lossy(&text))
    }
}

/// The clock by which up-time stamps become absolute: an up-time and the absolute time of the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UptimeClock {
    at: Timestamp,
    uptime_ms: u32,
}

impl UptimeClock {
    /// From a header of v1, v5, v7 or v9: its absolute time and its SysUptime in milliseconds.
    pub const fn from_header(at: Timestamp, uptime_ms: u32) -> Self {
        Self { at, uptime_ms }
    }

    /// The header's absolute time.
    pub const fn at(self) -> Timestamp {
        self.at
    }

    /// The header's up-time in milliseconds.
    pub const fn uptime_ms(self) -> u32 {
        self.uptime_ms
    }

    /// When the up-time was 0: the boot, or its last wrap.
    pub const fn zero(self) -> Timestamp {
        Timestamp(self.at.0 - self.uptime_ms as i64 * NANOS_PER_MILLI)
    }

    /// The absolute time of a stamp: header time − (SysUptime − stamp), the difference modulo 2^32 and with a sign, so that a
    /// wrap of the up-time between stamp and header, and stamps before the boot, come out right (RFC 3954 §8).
    pub const fn absolute(self, stamp_ms: u32) -> Timestamp {
        let age_ms = self.uptime_ms.wrapping_sub(stamp_ms) as i32;
        Timestamp(self.at.0 - age_ms as i64 * NANOS_PER_MILLI)
    }
}

/// The absolute time of an up-time stamp in IPFIX, whose header has no up-time: the boot (systemInitTimeMilliseconds, 160)
/// plus the stamp (RFC 5102 §5.9.7). The stamp wraps every 49.7 days; `near` (the export time) picks the turn that lies closest.
pub fn since_boot(boot: Timestamp, stamp_ms: u32, near: Timestamp) -> Timestamp {
    let first = boot.0.saturating_add(stamp_ms as i64 * NANOS_PER_MILLI);
    let turn = (1i64 << 32) * NANOS_PER_MILLI;
    let turns = near.0.saturating_sub(first).saturating_add(turn / 2).div_euclid(turn).max(0);
    Timestamp(first.saturating_add(turns.saturating_mul(turn)))
}

/// Writes times as ISO 8601 and remembers the day and second it wrote last: neighbours in a flow table mostly share them.
#[derive(Clone, Debug)]
pub struct IsoWriter {
    second: i64,
    text: [u8; 20],
}

impl Default for IsoWriter {
    fn default() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00." }
    }
}

impl IsoWriter {
    /// Appends `nanos` since 1970 as `2026-11-22T20:49:11.126Z`: 3, 6 or 9 digits of fraction, as few as keep the value.
    #[inline]
    pub fn write(&mut self, out: &mut Vec<u8>, nanos: i64) {
        let second = nanos.div_euclid(NANOS_PER_SECOND);
        let fraction = nanos.rem_euclid(NANOS_PER_SECOND) as u32;
        if second != self.second {
            self.move_to(second);
        }
        out.extend_from_slice(&self.text);
        let millis = fraction / 1_000_000;
        let mut tail = [0u8; 10];
        three_digits(&mut tail, 0, millis);
        let rest = fraction - millis * 1_000_000;
        let length = if rest == 0 {
            3
        } else {
            three_digits(&mut tail, 3, rest / 1_000);
            if rest.is_multiple_of(1_000) {
                6
            } else {
                three_digits(&mut tail, 6, rest % 1_000);
                9
            }
        };
        tail[length] = b'Z';
        out.extend_from_slice(&tail[..=length]);
    }

    fn move_to(&mut self, second: i64) {
        let day = second.div_euclid(SECONDS_PER_DAY);
        let of_day = second.rem_euclid(SECONDS_PER_DAY) as u32;
        if day != self.second.div_euclid(SECONDS_PER_DAY) {
            let (year, month, dom) = civil(day);
            three_digits(&mut self.text, 1, year % 1000);
            self.text[0] = b'0' + (year / 1000) as u8;
            two_digits(&mut self.text, 5, month);
            two_digits(&mut self.text, 8, dom);
        }
        two_digits(&mut self.text, 11, of_day / 3600);
        two_digits(&mut self.text, 14, of_day / 60 % 60);
        two_digits(&mut self.text, 17, of_day % 60);
        self.second = second;
    }
}

#[inline]
fn three_digits(text: &mut [u8], at: usize, value: u32) {
    text[at] = b'0' + (value / 100) as u8;
    text[at + 1] = b'0' + (value / 10 % 10) as u8;
    text[at + 2] = b'0' + (value % 10) as u8;
}

#[inline]
fn two_digits(text: &mut [u8], at: usize, value: u32) {
    text[at] = b'0' + (value / 10) as u8;
    text[at + 1] = b'0' + (value % 10) as u8;
}

/// Year, month and day of a day number since 1970-01-01, proleptic Gregorian; years 1677 to 2262 here.
fn civil(day: i64) -> (u32, u32, u32) {
    // Days are counted from 0000-03-01, so that the leap day is the last of its year.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let dom = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year as u32, month as u32, dom as u32)
}

/// The day number since 1970-01-01 of a date in the proleptic Gregorian calendar: the inverse of [`civil`].
fn day_number(year: i64, month: i64, dom: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + dom - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// Three numbers of so many digits each.
fn numbers(text: &str, between: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut found = [0; 3];
    for (number, width) in found.iter_mut().zip(widths) {
        let part = parts.next().filter(|p| p.len() == width && p.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(t: Timestamp) -> String {
        t.to_string()
    }

    #[test]
    fn seconds_and_milliseconds() {
        assert_eq!(iso(Timestamp::from_seconds(1_700_000_000)), "2023-11-14T22:13:20.000Z");
        assert_eq!(iso(Timestamp::from_seconds(u32::MAX)), "2106-02-07T06:28:15.000Z");
        assert_eq!(iso(Timestamp::from_millis(1_456_790_400_001).unwrap()), "2016-03-01T00:00:00.001Z");
        assert_eq!(Timestamp::from_millis(u64::MAX), None);
        assert_eq!(iso(Timestamp::from_seconds_and_nanos(951_782_400, 123_456_789)), "2000-02-29T00:00:00.123456789Z");
    }

    #[test]
    fn before_1970_and_the_ends() {
        assert_eq!(iso(Timestamp::from_nanos(-1)), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(iso(Timestamp::from_nanos(i64::MIN)), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(iso(Timestamp::from_nanos(i64::MAX)), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn iso_is_read_back() {
        let nanos = |text: &str| Timestamp::from_iso(text).map(Timestamp::nanos);
        assert_eq!(nanos("2023-11-14T22:13:20.000Z"), Some(1_700_000_000_000_000_000));
        assert_eq!(nanos("2000-02-29T00:00:00.123456789Z"), Some(951_782_400_123_456_789));
        assert_eq!(nanos("1969-12-31T23:59:59.999999999Z"), Some(-1));
        assert_eq!(nanos("2016-03-01T00:00:00Z"), Some(1_456_790_400_000_000_000));
        assert_eq!(nanos("2262-04-11T23:47:16.854775807Z"), Some(i64::MAX));
        for wrong in [
            "2262-04-11T23:47:16.854775808Z",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-11-14T24:00:00Z",
            "2023-11-14 22:13:20Z",
            "2023-11-14T22:13:20",
            "2023-11-14T22:13:20.Z",
            "2023-11-14T+2:13:20Z",
            "2023-11-14T22:13:20.0000000000Z",
            "",
        ] {
            assert_eq!(nanos(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_writer_for_many_times() {
        let mut writer = IsoWriter::default();
        let mut out = Vec::new();
        for nanos in [1_700_000_000_000_000_000, 1_700_000_000_000_001_000, 1_700_090_000_000_000_000, 0] {
            writer.write(&mut out, nanos);
            out.push(b' ');
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "2023-11-14T22:13:20.000Z 2023-11-14T22:13:20.000001Z 2023-11-15T23:13:20.000Z 1970-01-01T00:00:00.000Z "
        );
    }

    #[test]
    fn ntp_rounds_and_knows_its_eras() {
        // RFC 5905: 1970-01-01 is 2208988800 in NTP seconds; half a second is 0x80000000.
        assert_eq!(iso(Timestamp::from_ntp_nanos((2_208_988_800 << 32) | 0x8000_0000).unwrap()), "1970-01-01T00:00:00.500Z");
        // 0.000001 s is 4294.967296 units: 4294 must come out as one microsecond, not as 999 ns.
        assert_eq!(iso(Timestamp::from_ntp_micros((3_908_988_800 << 32) | (4295 + 2048)).unwrap()), "2023-11-14T22:13:20.000001Z");
        assert_eq!(iso(Timestamp::from_ntp_nanos((3_908_988_800 << 32) | 0xffff_ffff).unwrap()), "2023-11-14T22:13:21.000Z");
        assert_eq!(iso(Timestamp::from_ntp_nanos(1 << 32).unwrap()), "2036-02-07T06:28:17.000Z");
        assert_eq!(Timestamp::from_ntp_nanos(0), None);
    }

    #[test]
    fn timeval_of_pmacct() {
        assert_eq!(iso(Timestamp::from_timeval(1_700_000_000, 250_001).unwrap()), "2023-11-14T22:13:20.250001Z");
        assert_eq!(Timestamp::from_timeval(u64::MAX, 0), None);
    }

    #[test]
    fn uptime_wraps_and_goes_before_the_boot() {
        let at = Timestamp::from_seconds(1_700_000_000);
        // One second before the wrap of the header's own clock.
        let clock = UptimeClock::from_header(at, 500);
        assert_eq!(iso(clock.absolute(u32::MAX - 499)), "2023-11-14T22:13:19.000Z");
        // A stamp after the header's up-time is in the future, not 49 days back.
        assert_eq!(iso(clock.absolute(1_500)), "2023-11-14T22:13:21.000Z");
        assert_eq!(iso(clock.absolute(0)), "2023-11-14T22:13:19.500Z");
    }

    #[test]
    fn ipfix_uptime_counts_turns_from_the_boot() {
        let boot = Timestamp::from_seconds(1_700_000_000);
        assert_eq!(iso(since_boot(boot, 1_000, boot)), "2023-11-14T22:13:21.000Z");
        // 50 days after the boot the stamp is small again: one turn is 4294967.296 s.
        let near = Timestamp::from_seconds(1_700_000_000 + 50 * 86_400);
        assert_eq!(iso(since_boot(boot, 25_000_000, near)), "2024-01-03T22:12:47.296Z");
    }

    #[test]
    fn microseconds_before_the_export() {
        assert_eq!(iso(Timestamp::from_seconds(1_700_000_000).minus_micros(1)), "2023-11-14T22:13:19.999999Z");
    }
}
