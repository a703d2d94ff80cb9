//! The time zone in which tables show times; files and JSON stay in UTC.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use thiserror::Error;

use crate::plan::nearest;
use crate::time::{IsoWriter, Timestamp};

/// A time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// Coordinated Universal Time, in which everything is kept.
    #[default]
    Utc,
    /// A zone of the IANA database, with its changes of offset.
    Named(Tz),
}

/// A name that is no time zone's.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("no time zone is called '{name}'; {}expected UTC, local or a name of the IANA database, such as Europe/Berlin",
    suggestion.map(|s| format!("did you mean '{s}'? ")).unwrap_or_default())]
pub struct UnknownZone {
    /// What was asked for.
    pub name: String,
    /// A zone whose name resembles it.
    pub suggestion: Option<&'static str>,
}

impl Zone {
    /// The zone of that name, in upper or lower case.
    ///
    /// # Errors
    /// There is none.
    pub fn by_name(name: &str) -> Result<Self, UnknownZone> {
        const UTC: [&str; 4] = ["UTC", "Etc/UTC", "Z", "Zulu"];
        if UTC.iter().any(|utc| utc.eq_ignore_ascii_case(name)) {
            return Ok(Self::Utc);
        }
        let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let city = |zone: &&'static str| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name));
        match chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name)) {
            Some(zone) => Ok(Self::Named(*zone)),
            None => Err(UnknownZone { name: name.to_owned(), suggestion: names().find(city).or_else(|| nearest(name, names())) }),
        }
    }

    /// `UTC`, `Europe/Berlin`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utc => "UTC",
            Self::Named(zone) => zone.name(),
        }
    }

    /// Appends a time as ISO 8601: with `Z` in UTC, with the offset that holds then in other zones, `2026-11-22T21:49:11.126+01:00`.
    pub(super) fn write(self, out: &mut Vec<u8>, nanos: i64) {
        let Self::Named(zone) = self else {
            IsoWriter::default().write(out, nanos);
            return;
        };
        let offset = offset(zone, nanos);
        // The same instant, as if the zone's clock were UTC: the digits are the local ones.
        IsoWriter::default().write(out, nanos.saturating_add(i64::from(offset) * 1_000_000_000));
        out.pop();
        let minutes = offset.unsigned_abs() / 60;
        let sign = if offset < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60).as_bytes());
    }

    /// A time whose digits are those of this zone's clock; for texts that say elsewhere which zone they are in.
    pub(super) fn local(self, time: Timestamp) -> Timestamp {
        match self {
            Self::Utc => time,
            Self::Named(zone) => time.plus_nanos(i64::from(offset(zone, time.nanos())) * 1_000_000_000),
        }
    }

    /// What a text calls the zone at that time: `UTC`, `Europe/Berlin (+01:00)`.
    pub(super) fn label(self, time: Timestamp) -> String {
        match self {
            Self::Utc => "UTC".to_owned(),
            Self::Named(zone) => {
                let offset = offset(zone, time.nanos());
                let minutes = offset.unsigned_abs() / 60;
                format!("{} ({}{:02}:{:02})", zone.name(), if offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
            }
        }
    }
}

/// Seconds that a zone's clock is before UTC at a time.
fn offset(zone: Tz, nanos: i64) -> i32 {
    zone.offset_from_utc_datetime(&DateTime::from_timestamp_nanos(nanos).naive_utc()).fix().local_minus_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &str, time: &str) -> String {
        let mut out = Vec::new();
        Zone::by_name(zone).unwrap().write(&mut out, Timestamp::from_iso(time).unwrap().nanos());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn offsets_change_with_the_season() {
        assert_eq!(shown("Europe/Berlin", "2026-11-22T20:49:11.126Z"), "2026-11-22T21:49:11.126+01:00");
        assert_eq!(shown("europe/berlin", "2026-10-25T00:59:59.999Z"), "2026-10-25T02:59:59.999+02:00");
        assert_eq!(shown("Europe/Berlin", "2026-10-25T01:00:00.000Z"), "2026-10-25T02:00:00.000+01:00");
        assert_eq!(shown("America/St_Johns", "2026-01-01T00:00:00.000Z"), "2025-12-31T20:30:00.000-03:30");
        assert_eq!(shown("utc", "2026-01-01T00:00:00.000Z"), "2026-01-01T00:00:00.000Z");
    }

    #[test]
    fn labels() {
        let winter = Timestamp::from_iso("2026-01-01T00:00:00Z").unwrap();
        assert_eq!(Zone::by_name("Asia/Kolkata").unwrap().label(winter), "Asia/Kolkata (+05:30)");
        assert_eq!(Zone::by_name("Etc/UTC").unwrap().label(winter), "UTC");
        assert_eq!(Zone::by_name("Asia/Kolkata").unwrap().local(winter).to_string(), "2026-01-01T05:30:00.000Z");
    }

    #[test]
    fn a_wrong_name_is_told_a_right_one() {
        let told = |name: &str| Zone::by_name(name).unwrap_err().to_string();
        let rest = "expected UTC, local or a name of the IANA database, such as Europe/Berlin";
        assert_eq!(told("Europe/Berlinn"), format!("no time zone is called 'Europe/Berlinn'; did you mean 'Europe/Berlin'? {rest}"));
        assert_eq!(told("berlin"), format!("no time zone is called 'berlin'; did you mean 'Europe/Berlin'? {rest}"));
        assert_eq!(told("qqqqqqqqqqqq"), format!("no time zone is called 'qqqqqqqqqqqq'; {rest}"));
    }
}
