//! How the column-wise forms, Parquet and Arrow, hold what text has no choice about: times, addresses, compression.
//!
//! # Times
//! Flow times are kept in nanoseconds. Files hold microseconds unless asked otherwise: DuckDB, pandas, ClickHouse and Spark read a UTC
//! timestamp of microseconds as such without a cast, while Spark refuses nanoseconds (an "illegal Parquet type"). A time between two
//! microseconds goes to the earlier one, so that order stays; NetFlow v5, v9 and IPFIX in milliseconds lose nothing, IPFIX's
//! microseconds (154, 155: NTP fractions) nothing that was meant, its nanoseconds (156, 157) what is below a microsecond.

/// The unit of times in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// 10⁻³ seconds.
    Millis,
    /// 10⁻⁶ seconds.
    #[default]
    Micros,
    /// 10⁻⁹ seconds: what DuckDB reads as TIMESTAMP_NS and Spark not at all.
    Nanos,
}

impl TimeUnit {
    /// Nanoseconds of a unit.
    pub(super) const fn nanos(self) -> i64 {
        match self {
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }
}

/// The form of addresses in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressForm {
    /// Dotted IPv4 and RFC 5952 IPv6, as people and other tables have them.
    #[default]
    Text,
    /// 4 or 16 octets in network order.
    Binary,
}

/// How the octets of a file are made fewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// RFC 8878.
    #[default]
    Zstd,
    /// Snappy, fast and less small.
    Snappy,
    /// LZ4: raw blocks in Parquet, frames elsewhere.
    Lz4,
    /// RFC 1952.
    Gzip,
}

/// What can be chosen about a column-wise file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColumnarOptions {
    /// How it is compressed.
    pub compression: Compression,
    /// The unit of times.
    pub times: TimeUnit,
    /// The form of addresses.
    pub addresses: AddressForm,
}
