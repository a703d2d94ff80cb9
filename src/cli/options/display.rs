//! What is meant by the display options.

use crate::cli::Failure;
use crate::cli::args::{BytesUnit, DisplayArgs};
use crate::report::{ByteUnits, Display, Zone};

/// What a command writes, as far as the display options may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Shown {
    /// Tables and pages for people; octets are in these units where nobody chooses.
    ForPeople(ByteUnits),
    /// CSV, which has titles to leave out.
    Csv,
    /// Another format for programs, by its name.
    ForPrograms(&'static str),
}

/// What the arguments mean for that kind of output. An option that could change nothing is an error: who asks for local times and gets
/// UTC should be told.
pub(in crate::cli) fn display(args: &DisplayArgs, shown: Shown) -> Result<Display, Failure> {
    let (units, format) = match shown {
        Shown::ForPeople(units) => (units, None),
        Shown::Csv => (ByteUnits::Raw, Some("CSV")),
        Shown::ForPrograms(format) => (ByteUnits::Raw, Some(format)),
    };
    if let Some(format) = format {
        if args.time_zone.as_deref().is_some_and(|zone| !zone.eq_ignore_ascii_case("utc")) {
            return Err(Failure(format!("--time-zone: times in {format} are always in UTC; the option is for tables")));
        }
        if args.bytes.is_some_and(|units| units != BytesUnit::Raw) {
            return Err(Failure(format!("--bytes: numbers in {format} are always exact; the option is for tables")));
        }
        if args.no_headers && shown != Shown::Csv {
            return Err(Failure(format!("--no-headers: {format} has no header; the option is for tables and CSV")));
        }
    }
    Ok(Display {
        zone: args.time_zone.as_deref().map_or(Ok(Zone::Utc), zone)?,
        bytes: args.bytes.map_or(units, |units| match units {
            BytesUnit::Si => ByteUnits::Si,
            BytesUnit::Iec => ByteUnits::Iec,
            BytesUnit::Raw => ByteUnits::Raw,
        }),
        headers: !args.no_headers,
    })
}

fn zone(name: &str) -> Result<Zone, Failure> {
    if !name.eq_ignore_ascii_case("local") {
        return Zone::by_name(name).map_err(|e| Failure(format!("--time-zone: {e}")));
    }
    // As everywhere on a POSIX system, TZ wins over the system's own setting.
    let set = std::env::var("TZ").ok().map(|tz| tz.trim_start_matches(':').to_owned()).filter(|tz| !tz.is_empty());
    let local = set.or_else(|| iana_time_zone::get_timezone().ok());
    let known = local.as_deref().and_then(|name| Zone::by_name(name).ok());
    known.ok_or_else(|| {
        let what = local.map_or_else(|| "is not known".to_owned(), |name| format!("'{name}' is not in the IANA database"));
        Failure(format!("--time-zone local: the zone of this system {what}; name one, such as Europe/Berlin"))
    })
}
