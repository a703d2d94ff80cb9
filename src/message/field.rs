//! The Field Specifier, the one reader of it for templates, options templates, scopes and lists; and the variable-length prefix.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |E|  Information Element ident. |        Field Length           |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                      Enterprise Number (if E)                 |     RFC 7011 §3.2
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//! v9 has neither E nor the Enterprise Number: all 16 bits are the field type (RFC 3954 §5.2).

use super::set::TemplateFormat;

/// The Field Length that means: variable, each value has its own length before it (RFC 7011 §7).
pub const VARIABLE_LENGTH: u16 = 65_535;

/// What a field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A field of a data record, or a non-scope field of an options record.
    Field,
    /// An IPFIX scope field: an Information Element (RFC 7011 §3.4.2.1).
    Scope,
    /// A v9 scope field, whose id is a scope type: 1 System, 2 Interface, 3 Line Card, 4 Cache, 5 Template (RFC 3954 §6.1).
    V9Scope,
}

/// One field of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldSpecifier {
    /// The private enterprise number; 0 for IANA's elements and for all of v9.
    pub pen: u32,
    /// The element id without the enterprise bit; in v9 all 16 bits of the field type.
    pub id: u16,
    /// The length in octets; [`VARIABLE_LENGTH`] in IPFIX, and in v9 by H3C, means that each value brings its own.
    pub length: u16,
    /// What the field is for.
    pub role: Role,
}

impl FieldSpecifier {
    /// Reads one Field Specifier; `None` where the octets end before it does. The second value is what follows it.
    pub fn read(octets: &[u8], format: TemplateFormat, role: Role) -> Option<(Self, &[u8])> {
        let (&[id0, id1, length0, length1], rest) = octets.split_first_chunk::<4>()?;
        let id = u16::from_be_bytes([id0, id1]);
        let length = u16::from_be_bytes([length0, length1]);
        if format == TemplateFormat::V9 || id & 0x8000 == 0 {
            return Some((Self { pen: 0, id, length, role }, rest));
        }
        let (pen, rest) = rest.split_first_chunk::<4>()?;
        Some((Self { pen: u32::from_be_bytes(*pen), id: id & 0x7fff, length, role }, rest))
    }

    /// A field of a data record, as code makes one that no template record was read for.
    pub const fn element(pen: u32, id: u16, length: u16) -> Self {
        Self { pen, id, length, role: Role::Field }
    }

    /// Whether each value brings its own length.
    pub const fn is_variable(&self) -> bool {
        self.length == VARIABLE_LENGTH
    }
}

/// Reads the length prefix of a variable-length value: how many octets the prefix has (1 or 3), and the length it gives.
/// `None` where the octets end inside the prefix. The value itself may still be longer than what is left.
pub fn variable_length(octets: &[u8]) -> Option<(usize, usize)> {
    match octets {
        [255, high, low, ..] => Some((3, usize::from(u16::from_be_bytes([*high, *low])))),
        [255, ..] | [] => None,
        [length, ..] => Some((1, usize::from(*length))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_enterprise_bit_is_of_ipfix_alone() {
        // Field type 57590 of nProbe in v9; the reverse octetDeltaCount (29305/1) in IPFIX.
        let v9 = FieldSpecifier::read(&[0xe0, 0xf6, 0, 2, 9], TemplateFormat::V9, Role::Field).unwrap();
        assert_eq!(v9, (FieldSpecifier { pen: 0, id: 57_590, length: 2, role: Role::Field }, &[9][..]));
        let ipfix = FieldSpecifier::read(&[0x80, 1, 0, 8, 0, 0, 0x72, 0x79], TemplateFormat::Ipfix, Role::Scope).unwrap();
        assert_eq!(ipfix, (FieldSpecifier { pen: 29_305, id: 1, length: 8, role: Role::Scope }, &[][..]));
        assert_eq!(FieldSpecifier::read(&[0x80, 1, 0, 8, 0, 0, 0x72], TemplateFormat::Ipfix, Role::Field), None);
        assert_eq!(FieldSpecifier::read(&[0, 1, 0], TemplateFormat::V9, Role::Field), None);
    }

    #[test]
    fn variable_length_prefixes() {
        assert_eq!(variable_length(&[0]), Some((1, 0)));
        assert_eq!(variable_length(&[254, 1]), Some((1, 254)));
        assert_eq!(variable_length(&[255, 0, 5, 1]), Some((3, 5)));
        assert_eq!(variable_length(&[255, 255, 255]), Some((3, 65_535)));
        assert_eq!(variable_length(&[255, 0]), None);
        assert_eq!(variable_length(&[]), None);
    }
}
