//! What a flow source keeps of what it receives: datagrams in captures, flows in files, and when a new file is begun.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Keeps every datagram as received, in captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where the captures go; from the folder of the configuration file.
    pub directory: PathBuf,
    /// When a new one is begun.
    pub rotate: Rotation,
    /// How they are compressed.
    pub compression: Compression,
}

/// The compression of captures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// None.
    #[default]
    None,
    /// zstd.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Zstd => "zstd",
        })
    }
}

/// Writes flows into files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Where the files go; from the folder of the configuration file.
    pub directory: PathBuf,
    /// Their form.
    pub format: ExportFormat,
    /// When a new one is begun.
    pub rotate: Rotation,
}

/// The form of exported files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportFormat {
    /// Apache Parquet.
    #[default]
    Parquet,
    /// RFC 4180.
    Csv,
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        })
    }
}

/// When a file ends and the next one begins: after a time, at a size, or at whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// So long after it was begun.
    pub every: Option<Duration>,
    /// At about so many octets.
    pub octets: Option<u64>,
    /// Not so long after it was begun, but when the clock (UTC) is at a multiple of `every`.
    pub aligned: bool,
}

impl Rotation {
    /// Of captures, unless said otherwise: an hour or a gigabyte, which other programs open with ease.
    pub const RECORD: Self = Self { every: Some(Duration::from_secs(3_600)), octets: Some(1_000_000_000), aligned: false };
    /// Of exported flows, unless said otherwise: five minutes or a gigabyte, so that what the end of a Parquet file tells of its row groups
    /// stays small in memory.
    pub const EXPORT: Self = Self { every: Some(Duration::from_secs(300)), octets: Some(1_000_000_000), aligned: false };
}

const EXPECTED: &str = "expected a time, a size, both, or a time that is aligned to the clock: '5m', '100MB', '1h,1GB', '5m,aligned'";

/// Units of time and of size, the larger ones first.
const UNITS: [(&str, Unit); 11] = [
    ("TB", Unit::Octets(1_000_000_000_000)),
    ("GB", Unit::Octets(1_000_000_000)),
    ("MB", Unit::Octets(1_000_000)),
    ("kB", Unit::Octets(1_000)),
    ("GiB", Unit::Octets(1 << 30)),
    ("MiB", Unit::Octets(1 << 20)),
    ("KiB", Unit::Octets(1 << 10)),
    ("d", Unit::Seconds(86_400)),
    ("h", Unit::Seconds(3_600)),
    ("m", Unit::Seconds(60)),
    ("s", Unit::Seconds(1)),
];

/// What a unit counts.
#[derive(Clone, Copy)]
enum Unit {
    Octets(u64),
    Seconds(u64),
}

impl std::str::FromStr for Rotation {
    type Err = String;

    /// Reads `5m`, `100MB`, `5m,aligned`, `5m,100MB`; `aligned` alone is `5m,aligned`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' tells no rotation: {EXPECTED}");
        let mut rotation = Self { every: None, octets: None, aligned: false };
        for part in text.split(',').map(str::trim) {
            match amount(part) {
                _ if part == "aligned" && !rotation.aligned => rotation.aligned = true,
                Some((n, Unit::Octets(size))) if rotation.octets.is_none() => {
                    rotation.octets = Some(n.checked_mul(size).ok_or_else(wrong)?);
                }
                Some((n, Unit::Seconds(seconds))) if rotation.every.is_none() => {
                    rotation.every = Some(Duration::from_secs(n.checked_mul(seconds).ok_or_else(wrong)?));
                }
                _ => return Err(wrong()),
            }
        }
        if rotation.aligned && rotation.every.is_none() {
            rotation.every = Self::EXPORT.every;
        }
        Ok(rotation)
    }
}

/// A whole number that is not 0, and a unit.
fn amount(part: &str) -> Option<(u64, Unit)> {
    let digits = part.find(|c: char| !c.is_ascii_digit())?;
    let (number, word) = part.split_at_checked(digits)?;
    let word = word.trim_start();
    let (_, unit) = UNITS.iter().find(|(name, unit)| match unit {
        Unit::Octets(_) => name.eq_ignore_ascii_case(word),
        Unit::Seconds(_) => *name == word,
    })?;
    number.parse().ok().filter(|n| *n > 0).map(|n| (n, *unit))
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(every) = self.every {
            let seconds = every.as_secs();
            let fits = |size: u64| seconds > 0 && seconds % size == 0;
            let time = UNITS.iter().find_map(|(name, unit)| match unit {
                Unit::Seconds(size) if fits(*size) => Some(format!("{}{name}", seconds / size)),
                _ => None,
            });
            parts.push(time.unwrap_or_else(|| format!("{seconds}s")));
        }
        if let Some(octets) = self.octets {
            let size = UNITS.iter().find_map(|(name, unit)| match unit {
                Unit::Octets(size) if octets % size == 0 => Some(format!("{}{name}", octets / size)),
                _ => None,
            });
            parts.push(size.unwrap_or_else(|| format!("{octets}")));
        }
        if self.aligned {
            parts.push("aligned".to_owned());
        }
        f.write_str(&parts.join(","))
    }
}
