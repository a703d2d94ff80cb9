//! What flows are grouped by: a column as it is, or the network of an address.

use thiserror::Error;

use crate::plan::{Canonical, ColumnSpec, Kind, Source, UnknownColumn, nearest};

/// The prefix of IPv4 networks where only IPv6's is said.
const USUAL_V4: u8 = 24;
/// The prefix of IPv6 networks where only IPv4's is said.
const USUAL_V6: u8 = 64;

/// Short names: the two sides of a flow as networks, and words of nfdump's.
const OTHER_NAMES: [(&str, Canonical); 13] = [
    ("src_net", Canonical::SrcAddr),
    ("dst_net", Canonical::DstAddr),
    ("srcip", Canonical::SrcAddr),
    ("dstip", Canonical::DstAddr),
    ("srcport", Canonical::SrcPort),
    ("dstport", Canonical::DstPort),
    ("proto", Canonical::Protocol),
    ("srcas", Canonical::SrcAs),
    ("dstas", Canonical::DstAs),
    ("inif", Canonical::InIf),
    ("outif", Canonical::OutIf),
    ("router", Canonical::Exporter),
    ("app", Canonical::Application),
];

/// How much of an address counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Bits of an IPv4 address, 0 to 32.
    pub v4: u8,
    /// Bits of an IPv6 address, 0 to 128.
    pub v6: u8,
}

/// One column to group by.
#[derive(Clone, Debug)]
pub struct KeyPart {
    /// What the result calls it: `src_addr`, `src_net/24`.
    pub name: String,
    /// The column that it is made of.
    pub column: ColumnSpec,
    /// Networks in place of addresses.
    pub prefix: Option<Prefix>,
}

/// Why flows can't be grouped by what was asked for.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// The name is unknown.
    #[error("{}", unknown(.0))]
    Unknown(UnknownColumn),
    /// A prefix length behind a column that holds no addresses.
    #[error("'{text}': {column} holds no addresses, so it has no networks; only addresses take a prefix length, as in src_net/24")]
    NoAddress {
        /// What was asked for.
        text: String,
        /// The column.
        column: String,
    },
    /// What is behind the slash is no prefix length.
    #[error("'{0}': expected a prefix length of 0 to 32 for IPv4 or to 128 for IPv6 (src_net/24, src_net/48), or both (src_net/24/48)")]
    Prefix(String),
}

fn unknown(error: &UnknownColumn) -> String {
    match nearest(&error.name, OTHER_NAMES.iter().take(2).map(|(name, _)| *name)) {
        Some(name) if error.suggestion.is_none() => {
            format!("no column or element is called '{}'; did you mean '{name}/24'?", error.name)
        }
        _ => error.to_string(),
    }
}

impl KeyPart {
    /// Reads `NAME`, `NAME/24`, `NAME/64` or `NAME/24/64`; `resolve` knows the columns. A number up to 32 is the prefix length of IPv4, one
    /// above that of IPv6; the other family is then grouped by /24 and /64. Both can be said, IPv4's first.
    ///
    /// # Errors
    /// The name is unknown, or the prefix does not suit it.
    pub fn parse(text: &str, resolve: impl Fn(&str) -> Result<ColumnSpec, UnknownColumn>) -> Result<Self, KeyError> {
        let text = text.trim();
        let (name, lengths) = text.split_once('/').map_or((text, None), |(name, lengths)| (name, Some(lengths)));
        let short = OTHER_NAMES.iter().find(|(short, _)| *short == name);
        let column = resolve(short.map_or(name, |(_, canonical)| canonical.name())).map_err(KeyError::Unknown)?;
        let is_address = matches!(column.kind, Kind::Address | Kind::Ipv4 | Kind::Ipv6);
        let prefix = match lengths {
            None if matches!(name, "src_net" | "dst_net") => Some(Prefix { v4: USUAL_V4, v6: USUAL_V6 }),
            None => None,
            Some(_) if !is_address => return Err(KeyError::NoAddress { text: text.to_owned(), column: column.name }),
            Some(lengths) => Some(prefix(lengths, column.kind).ok_or_else(|| KeyError::Prefix(text.to_owned()))?),
        };
        let name = match (prefix, short) {
            (Some(_), _) => text.to_owned(),
            _ => column.name.clone(),
        };
        Ok(Self { name, column, prefix })
    }

    /// A canonical column as it is.
    pub fn canonical(column: Canonical) -> Self {
        let spec = ColumnSpec { name: column.name().to_owned(), kind: column.kind(), source: Source::Canonical(column), hidden: false };
        Self { name: spec.name.clone(), column: spec, prefix: None }
    }

    /// The canonical column that it is, if it is one as a whole.
    pub fn is_canonical(&self) -> Option<Canonical> {
        match self.column.source {
            Source::Canonical(canonical) if self.prefix.is_none() => Some(canonical),
            _ => None,
        }
    }

    /// The type of its values in a result: networks are texts.
    pub fn kind(&self) -> Kind {
        if self.prefix.is_some() { Kind::Text } else { self.column.kind }
    }
}

/// `24`, `64` or `24/64`.
fn prefix(lengths: &str, kind: Kind) -> Option<Prefix> {
    let number = |text: &str, most: u8| text.parse::<u8>().ok().filter(|n| *n <= most && text.bytes().all(|b| b.is_ascii_digit()));
    if let Some((v4, v6)) = lengths.split_once('/') {
        return Some(Prefix { v4: number(v4, 32)?, v6: number(v6, 128)? });
    }
    let length = number(lengths, if kind == Kind::Ipv4 { 32 } else { 128 })?;
    Some(match length {
        0..=32 if kind != Kind::Ipv6 => Prefix { v4: length, v6: USUAL_V6 },
        _ => Prefix { v4: USUAL_V4, v6: length },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SchemaBuilder;

    fn parse(text: &str) -> Result<KeyPart, String> {
        KeyPart::parse(text, |name| SchemaBuilder::default().resolve(name)).map_err(|e| e.to_string())
    }

    #[test]
    fn columns_and_networks() {
        let part = |text: &str| parse(text).map(|p| (p.name, p.column.name, p.prefix.map(|p| (p.v4, p.v6)))).unwrap();
        assert_eq!(part("dst_port"), ("dst_port".into(), "dst_port".into(), None));
        assert_eq!(part(" srcip"), ("src_addr".into(), "src_addr".into(), None));
        assert_eq!(part("IN_BYTES"), ("octetDeltaCount".into(), "octetDeltaCount".into(), None));
        assert_eq!(part("src_net"), ("src_net".into(), "src_addr".into(), Some((24, 64))));
        assert_eq!(part("src_net/16"), ("src_net/16".into(), "src_addr".into(), Some((16, 64))));
        assert_eq!(part("dst_net/48"), ("dst_net/48".into(), "dst_addr".into(), Some((24, 48))));
        assert_eq!(part("next_hop/8/0"), ("next_hop/8/0".into(), "next_hop".into(), Some((8, 0))));
        assert_eq!(part("sourceIPv6Address/32"), ("sourceIPv6Address/32".into(), "sourceIPv6Address".into(), Some((24, 32))));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse("scr_addr").unwrap_err(), "no column or element is called 'scr_addr'; did you mean 'src_addr'?");
        assert_eq!(parse("srcnet/24").unwrap_err(), "no column or element is called 'srcnet'; did you mean 'src_net/24'?");
        assert_eq!(
            parse("dst_port/24").unwrap_err(),
            "'dst_port/24': dst_port holds no addresses, so it has no networks; only addresses take a prefix length, as in src_net/24"
        );
        for wrong in [
            "src_net/129",
            "src_net/",
            "src_net/x",
            "src_net/33/64",
            "src_net/24/129",
            "src_net/24/64/1",
            "sourceIPv4Address/33",
            "src_net/+4",
        ] {
            let told = parse(wrong).unwrap_err();
            assert!(told.starts_with(&format!("'{wrong}': expected a prefix length of 0 to 32")), "{told}");
        }
    }
}
