//! Numbers, sizes, durations and times as people read them.

use crate::time::Timestamp;

/// An exact number with commas between thousands.
pub(super) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 flow`, `1,204 flows`. `one` takes an s for the plural.
pub(super) fn counted(number: u64, one: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{}\u{a0}{one}{s}", grouped(number.into()))
}

/// A size with one decimal in steps of a thousand, and the unit after a no-break space: `1.2 GB`.
pub(super) fn size(octets: u128) -> String {
    let (number, prefix) = scaled(octets);
    format!("{number}\u{a0}{prefix}B")
}

/// The same in steps of 1024: `1.1 GiB`.
pub(super) fn binary_size(octets: u128) -> String {
    const PREFIXES: [&str; 10] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi", "Ri", "Qi"];
    let (mut tenths, mut prefix) = (octets.saturating_mul(10), "");
    for (next, larger) in (1u32..).zip(PREFIXES) {
        if tenths < 10_240 {
            break;
        }
        let unit = 1u128 << (10 * next);
        // Rounded to tenths before the step is chosen, so that there is no 1024.0 KiB.
        let (whole, rest) = (octets / unit, octets % unit);
        tenths = whole.saturating_mul(10).saturating_add((rest.saturating_mul(10) + unit / 2) / unit);
        prefix = larger;
    }
    if prefix.is_empty() {
        return format!("{octets}\u{a0}B");
    }
    format!("{}.{}\u{a0}{prefix}B", tenths / 10, tenths % 10)
}

/// A number in few columns: `999`, `1.2k`, `34.5M`.
pub(super) fn short(number: u64) -> String {
    let (number, prefix) = scaled(number.into());
    format!("{number}{prefix}")
}

fn scaled(number: u128) -> (String, &'static str) {
    const PREFIXES: [&str; 10] = ["k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"];
    if number < 1000 {
        return (number.to_string(), "");
    }
    let mut unit = 1000u128;
    for prefix in PREFIXES {
        // Rounded before the step is chosen, so that there is no 1000.0 kB.
        let tenths = (number / (unit / 1000)).saturating_add(50) / 100;
        if tenths < 10_000 || prefix == "Q" {
            return (format!("{}.{}", tenths / 10, tenths % 10), prefix);
        }
        unit *= 1000;
    }
    (number.to_string(), "")
}

/// A stretch of time, in two units at most: `0.412 s`, `1 min 52 s`, `3 d 4 h`.
pub(super) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let millis = nanos.unsigned_abs() / 1_000_000;
    let (seconds, rest) = (millis / 1000, millis % 1000);
    match seconds {
        0..60 if rest == 0 => format!("{sign}{seconds}\u{a0}s"),
        0..60 => format!("{sign}{seconds}.{rest:03}\u{a0}s"),
        60..3600 => format!("{sign}{}\u{a0}min\u{a0}{}\u{a0}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{sign}{}\u{a0}h\u{a0}{}\u{a0}min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{sign}{}\u{a0}d\u{a0}{}\u{a0}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Day and clock of a time in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// `2026-11-22`
    pub(super) day: String,
    /// `20:49:11`
    pub(super) seconds: String,
    /// `20:49:11.126`
    pub(super) millis: String,
}

impl Clock {
    /// Takes a time apart.
    pub(super) fn of(time: Timestamp) -> Self {
        let text = time.to_string();
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
        Self { day: part(0, 10), seconds: part(11, 19), millis: part(11, 23) }
    }

    /// `2026-11-22 20:49:11`
    pub(super) fn full(&self) -> String {
        format!("{} {}", self.day, self.seconds)
    }
}

/// `2026-11-22 20:49:11 – 20:51:03 UTC (1 min 52 s)`: the day of the end only where it is another one.
pub(super) fn span(first: Timestamp, last: Timestamp) -> String {
    let (from, to) = (Clock::of(first), Clock::of(last));
    let end = match (from.day == to.day, from.seconds == to.seconds) {
        (true, true) => String::new(),
        (true, false) => format!("\u{a0}– {}", to.seconds),
        (false, _) => format!("\u{a0}– {}", to.full()),
    };
    format!("{}{end} UTC ({})", from.full(), duration(last.nanos().saturating_sub(first.nanos())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers() {
        assert_eq!([grouped(0), grouped(999), grouped(1000), grouped(12_345_678)], ["0", "999", "1,000", "12,345,678"]);
        assert_eq!([counted(1, "flow"), counted(1204, "flow")], ["1\u{a0}flow", "1,204\u{a0}flows"]);
    }

    #[test]
    fn sizes_round_before_the_unit_is_chosen() {
        let sizes = [0, 999, 1000, 1_250, 999_949, 999_950, 1_234_567_890].map(size).map(|s| s.replace('\u{a0}', " "));
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.3 kB", "999.9 kB", "1.0 MB", "1.2 GB"]);
        assert_eq!(short(34_512_000), "34.5M");
        assert_eq!(size(u128::MAX), "340282366.9\u{a0}QB");
    }

    #[test]
    fn durations_in_two_units() {
        const S: i64 = 1_000_000_000;
        let texts = [0, S / 2, 112 * S, 3_700 * S, 273_600 * S, -S].map(duration).map(|s| s.replace('\u{a0}', " "));
        assert_eq!(texts, ["0 s", "0.500 s", "1 min 52 s", "1 h 1 min", "3 d 4 h", "-1 s"]);
    }

    #[test]
    fn spans_name_the_day_once() {
        let from = Timestamp::from_seconds(1_700_000_000);
        let text = |seconds: u32| span(from, Timestamp::from_seconds(seconds)).replace('\u{a0}', " ");
        assert_eq!(text(1_700_000_000), "2023-11-14 22:13:20 UTC (0 s)");
        assert_eq!(text(1_700_000_112), "2023-11-14 22:13:20 – 22:15:12 UTC (1 min 52 s)");
        assert_eq!(text(1_700_090_000), "2023-11-14 22:13:20 – 2023-11-15 23:13:20 UTC (1 d 1 h)");
    }
}
