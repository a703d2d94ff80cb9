//! The words of the language: which columns they mean, and how their values are written.

use std::sync::Arc;

use crate::element::Elements;
use crate::plan::{Canonical, Kind, SchemaBuilder, Source, UnknownColumn};

/// What a test looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ColumnRef {
    Canonical(Canonical),
    /// A column that a field feeds.
    Field {
        name: String,
        kind: Kind,
    },
    /// A number made of two columns.
    Derived(Derived),
}

/// A number made of two columns: 0 where the second is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Derived {
    /// 8 · bytes · 1000 / duration_ms.
    BitsPerSecond,
    /// packets · 1000 / duration_ms.
    PacketsPerSecond,
    /// bytes / packets.
    BytesPerPacket,
}

impl Derived {
    /// What is divided, times how much, and by what.
    pub(super) fn parts(self) -> (Canonical, u64, Canonical) {
        match self {
            Self::BitsPerSecond => (Canonical::Bytes, 8_000, Canonical::DurationMs),
            Self::PacketsPerSecond => (Canonical::Packets, 1_000, Canonical::DurationMs),
            Self::BytesPerPacket => (Canonical::Bytes, 1, Canonical::Packets),
        }
    }
}

/// How a column's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Numbers up to a greatest one.
    Number(u64),
    Signed,
    Real,
    Bool,
    Protocol,
    Flags,
    Direction,
    Duration,
    Time,
    Address,
    Mac,
    Text,
    Octets,
}

impl ColumnRef {
    /// The column of a name: a canonical one, or an element's.
    pub(super) fn named(name: &str, elements: &Arc<Elements>) -> Result<Self, UnknownColumn> {
        let mut builder = SchemaBuilder::with_elements(Arc::clone(elements));
        let name = match Canonical::by_name(&name.to_ascii_lowercase()) {
            Some(column) => column.name(),
            None => name,
        };
        builder.named(name)?;
        let unknown = || UnknownColumn { name: name.to_owned(), suggestion: None };
        let spec = builder.build().columns().first().cloned().ok_or_else(unknown)?;
        Ok(match spec.source {
            Source::Canonical(column) => Self::Canonical(column),
            Source::Field => Self::Field { name: spec.name, kind: spec.kind },
        })
    }

    /// Its name in messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Canonical(c) => c.name(),
            Self::Field { name, .. } => name,
            Self::Derived(Derived::BitsPerSecond) => "bps",
            Self::Derived(Derived::PacketsPerSecond) => "pps",
            Self::Derived(Derived::BytesPerPacket) => "bpp",
        }
    }

    /// How its values are written.
    pub(super) fn form(&self) -> Form {
        match self {
            Self::Canonical(Canonical::Protocol) => Form::Protocol,
            Self::Canonical(Canonical::TcpFlags) => Form::Flags,
            Self::Canonical(Canonical::Direction) => Form::Direction,
            Self::Canonical(Canonical::DurationMs) => Form::Duration,
            Self::Canonical(c) => form_of(c.kind()),
            Self::Field { kind, .. } => form_of(*kind),
            Self::Derived(_) => Form::Number(u64::MAX),
        }
    }

    /// Adds it to a schema; where nobody asked for it, hidden.
    pub(super) fn add_to(&self, builder: &mut SchemaBuilder) {
        match self {
            Self::Canonical(column) => builder.hidden_canonical(*column),
            Self::Field { name, kind } => builder.hidden_field(name, *kind),
            Self::Derived(derived) => {
                let (over, _, under) = derived.parts();
                builder.hidden_canonical(over).hidden_canonical(under)
            }
        };
    }
}

fn form_of(kind: Kind) -> Form {
    match kind {
        Kind::U8 => Form::Number(u8::MAX.into()),
        Kind::U16 => Form::Number(u16::MAX.into()),
        Kind::U32 => Form::Number(u32::MAX.into()),
        Kind::U64 => Form::Number(u64::MAX),
        Kind::I64 => Form::Signed,
        Kind::F64 => Form::Real,
        Kind::Bool => Form::Bool,
        Kind::Time => Form::Time,
        Kind::Address | Kind::Ipv4 | Kind::Ipv6 => Form::Address,
        Kind::Mac => Form::Mac,
        Kind::Text | Kind::Json => Form::Text,
        Kind::Octets => Form::Octets,
    }
}

/// The columns of source and destination for a word that may follow `src` and `dst`.
pub(super) fn sided(word: &str) -> Option<[Canonical; 2]> {
    Some(match word {
        "ip" | "host" | "addr" | "net" => [Canonical::SrcAddr, Canonical::DstAddr],
        "port" => [Canonical::SrcPort, Canonical::DstPort],
        "as" => [Canonical::SrcAs, Canonical::DstAs],
        "mask" => [Canonical::SrcMask, Canonical::DstMask],
        "vlan" => [Canonical::SrcVlan, Canonical::DstVlan],
        "mac" => [Canonical::SrcMac, Canonical::DstMac],
        "xip" => [Canonical::NatSrcAddr, Canonical::NatDstAddr],
        "xport" => [Canonical::NatSrcPort, Canonical::NatDstPort],
        _ => return None,
    })
}

/// The column of a word of nfdump's or tcpdump's that is not a column's name.
pub(super) fn single(word: &str) -> Option<ColumnRef> {
    Some(ColumnRef::Canonical(match word {
        "proto" => Canonical::Protocol,
        "duration" => Canonical::DurationMs,
        "exporter" => Canonical::Exporter,
        "domain" => Canonical::ObservationDomain,
        "version" => Canonical::NdeVersion,
        "template" => Canonical::TemplateId,
        "icmp-type" => Canonical::IcmpType,
        "icmp-code" => Canonical::IcmpCode,
        "flowdir" => Canonical::Direction,
        "nexthop" => Canonical::NextHop,
        "app" => Canonical::Application,
        "first" => Canonical::FlowStart,
        "last" => Canonical::FlowEnd,
        "bps" => return Some(ColumnRef::Derived(Derived::BitsPerSecond)),
        "pps" => return Some(ColumnRef::Derived(Derived::PacketsPerSecond)),
        "bpp" => return Some(ColumnRef::Derived(Derived::BytesPerPacket)),
        _ => return None,
    }))
}

/// Words that begin a test, for suggestions.
pub(super) const WORDS: [&str; 39] = [
    "any",
    "src",
    "dst",
    "ip",
    "host",
    "net",
    "port",
    "as",
    "mask",
    "vlan",
    "mac",
    "xip",
    "xport",
    "in",
    "out",
    "if",
    "proto",
    "flags",
    "ipv4",
    "ipv6",
    "inet",
    "inet6",
    "bytes",
    "packets",
    "bps",
    "pps",
    "bpp",
    "duration",
    "tos",
    "dscp",
    "icmp-type",
    "icmp-code",
    "direction",
    "next",
    "router",
    "exporter",
    "first",
    "last",
    "received",
];
