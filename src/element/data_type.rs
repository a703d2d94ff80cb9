//! The abstract data types of elements (RFC 7011 §6.1, RFC 6313 §4, RFC 9740 §5.1 for unsigned256), and the lengths they come in.

use std::fmt;
use std::str::FromStr;

/// The abstract data type of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataType {
    /// Octets without a type of their own.
    OctetArray,
    /// Unsigned integer of 1 octet.
    Unsigned8,
    /// Unsigned integer of 2 octets.
    Unsigned16,
    /// Unsigned integer of 4 octets.
    Unsigned32,
    /// Unsigned integer of 8 octets.
    Unsigned64,
    /// Unsigned integer of 32 octets: a bit map of IPv6 extension headers.
    Unsigned256,
    /// Signed integer of 1 octet.
    Signed8,
    /// Signed integer of 2 octets.
    Signed16,
    /// Signed integer of 4 octets.
    Signed32,
    /// Signed integer of 8 octets.
    Signed64,
    /// IEEE 754 number of 4 octets.
    Float32,
    /// IEEE 754 number of 8 octets; 4 by reduced-size encoding.
    Float64,
    /// 1 is true, 2 is false (RFC 7011 §6.1.5).
    Boolean,
    /// IEEE 802 address of 6 octets.
    MacAddress,
    /// UTF-8 text.
    String,
    /// Seconds since 1970 in 4 octets.
    DateTimeSeconds,
    /// Milliseconds since 1970 in 8 octets.
    DateTimeMilliseconds,
    /// NTP timestamp of 8 octets, read to the microsecond.
    DateTimeMicroseconds,
    /// NTP timestamp of 8 octets, read to the nanosecond.
    DateTimeNanoseconds,
    /// IPv4 address of 4 octets.
    Ipv4Address,
    /// IPv6 address of 16 octets.
    Ipv6Address,
    /// List of values of one element (RFC 6313 §4.5.1).
    BasicList,
    /// List of records of one template (RFC 6313 §4.5.2).
    SubTemplateList,
    /// List of records of several templates (RFC 6313 §4.5.3).
    SubTemplateMultiList,
}

/// Names as in the "IPFIX Information Element Data Types" registry.
const NAMES: [(DataType, &str); 24] = [
    (DataType::OctetArray, "octetArray"),
    (DataType::Unsigned8, "unsigned8"),
    (DataType::Unsigned16, "unsigned16"),
    (DataType::Unsigned32, "unsigned32"),
    (DataType::Unsigned64, "unsigned64"),
    (DataType::Unsigned256, "unsigned256"),
    (DataType::Signed8, "signed8"),
    (DataType::Signed16, "signed16"),
    (DataType::Signed32, "signed32"),
    (DataType::Signed64, "signed64"),
    (DataType::Float32, "float32"),
    (DataType::Float64, "float64"),
    (DataType::Boolean, "boolean"),
    (DataType::MacAddress, "macAddress"),
    (DataType::String, "string"),
    (DataType::DateTimeSeconds, "dateTimeSeconds"),
    (DataType::DateTimeMilliseconds, "dateTimeMilliseconds"),
    (DataType::DateTimeMicroseconds, "dateTimeMicroseconds"),
    (DataType::DateTimeNanoseconds, "dateTimeNanoseconds"),
    (DataType::Ipv4Address, "ipv4Address"),
    (DataType::Ipv6Address, "ipv6Address"),
    (DataType::BasicList, "basicList"),
    (DataType::SubTemplateList, "subTemplateList"),
    (DataType::SubTemplateMultiList, "subTemplateMultiList"),
];

impl DataType {
    /// All of them.
    pub(super) const ALL: [DataType; 24] = {
        let mut all = [DataType::OctetArray; 24];
        let mut at = 0;
        while at < all.len() {
            all[at] = NAMES[at].0;
            at += 1;
        }
        all
    };

    /// The name in the registry.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(data_type, _)| *data_type == self).map_or("", |(_, name)| name)
    }

    /// Octets of the full-size encoding; `None` for types that have no length of their own.
    pub fn natural_length(self) -> Option<u16> {
        match self {
            Self::Unsigned8 | Self::Signed8 | Self::Boolean => Some(1),
            Self::Unsigned16 | Self::Signed16 => Some(2),
            Self::Unsigned32 | Self::Signed32 | Self::Float32 | Self::DateTimeSeconds | Self::Ipv4Address => Some(4),
            Self::MacAddress => Some(6),
            Self::Unsigned64
            | Self::Signed64
            | Self::Float64
            | Self::DateTimeMilliseconds
            | Self::DateTimeMicroseconds
            | Self::DateTimeNanoseconds => Some(8),
            Self::Ipv6Address => Some(16),
            Self::Unsigned256 => Some(32),
            Self::OctetArray | Self::String | Self::BasicList | Self::SubTemplateList | Self::SubTemplateMultiList => None,
        }
    }

    /// Whether octets of this length can be read as this type.
    ///
    /// Integers come reduced to any shorter length (RFC 7011 §6.2), and exporters also send them longer than registered: up to
    /// 8 octets hold a value without doubt, so they are accepted; see [`exceeds_natural_length`](Self::exceeds_natural_length).
    /// A float64 may come as float32. Types without a length of their own take any, 65535 (variable length, RFC 7011 §7) too.
    /// All others have one length alone: times, addresses and booleans are not reduced.
    pub fn accepts_length(self, length: u16) -> bool {
        match self.natural_length() {
            None => true,
            Some(_) if self.is_integer() && self != Self::Unsigned256 => (1..=8).contains(&length),
            Some(natural) => match self {
                Self::Unsigned256 => (1..=natural).contains(&length),
                Self::Float64 => length == 4 || length == natural,
                _ => length == natural,
            },
        }
    }

    /// Whether a field is longer than the type's full size: readable as an integer, but no encoding that RFC 7011 §6.2 allows.
    pub fn exceeds_natural_length(self, length: u16) -> bool {
        self.natural_length().is_some_and(|natural| length > natural)
    }

    /// Signed and unsigned integers of any size.
    pub fn is_integer(self) -> bool {
        self.is_signed() || matches!(self, Self::Unsigned8 | Self::Unsigned16 | Self::Unsigned32 | Self::Unsigned64 | Self::Unsigned256)
    }

    /// Signed integers: reduced-size encoding keeps their sign in the first bit sent.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Signed8 | Self::Signed16 | Self::Signed32 | Self::Signed64)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A data type that the registry does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDataType(String);

impl fmt::Display for UnknownDataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no data type is called '{}'", self.0)
    }
}

impl std::error::Error for UnknownDataType {}

impl FromStr for DataType {
    type Err = UnknownDataType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        NAMES.iter().find(|(_, n)| *n == name).map(|(data_type, _)| *data_type).ok_or_else(|| UnknownDataType(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_both_ways() {
        assert_eq!("dateTimeMicroseconds".parse(), Ok(DataType::DateTimeMicroseconds));
        assert_eq!(DataType::Ipv6Address.to_string(), "ipv6Address");
        assert_eq!(DataType::SubTemplateMultiList.to_string(), "subTemplateMultiList");
        assert_eq!("unsigned128".parse::<DataType>().unwrap_err().to_string(), "no data type is called 'unsigned128'");
        for (data_type, name) in NAMES {
            assert_eq!(name.parse(), Ok(data_type));
            assert_eq!(data_type.name(), name);
        }
    }

    /// The lengths from 0 to 40 that a type accepts.
    fn lengths(data_type: DataType) -> Vec<u16> {
        (0..=40).filter(|n| data_type.accepts_length(*n)).collect()
    }

    #[test]
    fn integers_come_in_one_to_eight_octets() {
        for data_type in [DataType::Unsigned8, DataType::Unsigned64, DataType::Signed16, DataType::Signed64] {
            assert_eq!(lengths(data_type), [1, 2, 3, 4, 5, 6, 7, 8], "{data_type}");
        }
        assert!(DataType::Unsigned256.accepts_length(1) && DataType::Unsigned256.accepts_length(32));
        assert!(!DataType::Unsigned256.accepts_length(33) && !DataType::Unsigned256.accepts_length(0));
        // tcpControlBits in 1 octet is reduced, samplingInterval in 8 is longer than registered.
        assert!(!DataType::Unsigned16.exceeds_natural_length(1));
        assert!(!DataType::Unsigned16.exceeds_natural_length(2));
        assert!(DataType::Unsigned32.exceeds_natural_length(8));
        assert!(!DataType::String.exceeds_natural_length(900));
    }

    #[test]
    fn other_types_have_their_lengths_alone() {
        assert_eq!(lengths(DataType::Float32), [4]);
        assert_eq!(lengths(DataType::Float64), [4, 8]);
        assert_eq!(lengths(DataType::Boolean), [1]);
        assert_eq!(lengths(DataType::MacAddress), [6]);
        assert_eq!(lengths(DataType::DateTimeSeconds), [4]);
        assert_eq!(lengths(DataType::DateTimeMilliseconds), [8]);
        assert_eq!(lengths(DataType::DateTimeNanoseconds), [8]);
        assert_eq!(lengths(DataType::Ipv4Address), [4]);
        assert_eq!(lengths(DataType::Ipv6Address), [16]);
    }

    #[test]
    fn variable_length_suits_text_octets_and_lists_only() {
        let takers: Vec<&str> = NAMES.iter().filter(|(t, _)| t.accepts_length(65535)).map(|(_, name)| *name).collect();
        assert_eq!(takers, ["octetArray", "string", "basicList", "subTemplateList", "subTemplateMultiList"]);
    }
}
