//! What the reader of a table chose: the time zone, the units of octets, whether there are titles.

use crate::element;
use crate::plan::{self, Canonical, ColumnSpec, Kind, Source};

use super::number::{binary_size, grouped, size};
use super::zone::Zone;

/// How octets are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteUnits {
    /// Powers of 1000: `1.2 GB`.
    Si,
    /// Powers of 1024: `1.1 GiB`.
    Iec,
    /// The exact number.
    #[default]
    Raw,
}

impl ByteUnits {
    /// Octets in these units; exact ones with commas between thousands.
    pub fn text(self, octets: u128) -> String {
        match self {
            Self::Si => size(octets).replace('\u{a0}', " "),
            Self::Iec => binary_size(octets).replace('\u{a0}', " "),
            Self::Raw => grouped(octets),
        }
    }
}

/// What the reader of a table chose. It holds for what people look at: machine formats stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// The zone of times.
    pub zone: Zone,
    /// The units of octets.
    pub bytes: ByteUnits,
    /// Whether columns have titles.
    pub headers: bool,
}

impl Default for Display {
    fn default() -> Self {
        Self { zone: Zone::Utc, bytes: ByteUnits::Raw, headers: true }
    }
}

/// True for a column of octets: a canonical one, or one of an element whose registry says so.
pub(super) fn counts_octets(column: &ColumnSpec) -> bool {
    match column.source {
        Source::Canonical(canonical) => matches!(canonical, Canonical::Bytes | Canonical::BytesOut | Canonical::BytesReverse),
        // Of conversations.
        Source::Field if matches!(column.name.as_str(), "client_bytes" | "server_bytes") => true,
        Source::Field => {
            let element = element::by_name(&column.name).or_else(|| element::by_name(plan::repeated(&column.name)?.0));
            column.kind == Kind::U64 && element.is_some_and(|e| e.units == "octets")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SchemaBuilder;

    #[test]
    fn units() {
        let texts = |octets| [ByteUnits::Si, ByteUnits::Iec, ByteUnits::Raw].map(|units| units.text(octets));
        assert_eq!(texts(1_234_567_890), ["1.2 GB", "1.1 GiB", "1,234,567,890"]);
        assert_eq!(texts(1_000), ["1.0 kB", "1000 B", "1,000"]);
        assert_eq!(texts(1_048_575), ["1.0 MB", "1.0 MiB", "1,048,575"]);
        assert_eq!(texts(1_047_552), ["1.0 MB", "1023.0 KiB", "1,047,552"]);
        assert_eq!(texts(0), ["0 B", "0 B", "0"]);
    }

    #[test]
    fn which_columns_count_octets() {
        let mut builder = SchemaBuilder::default();
        let octets = ["bytes", "bytes_reverse", "octetDeltaCount", "octetDeltaCount_2", "initiatorOctets", "layer2OctetDeltaCount"];
        for name in octets.iter().chain(&["packets", "src_port", "packetDeltaCount", "octetDeltaSumOfSquares", "ie_1"]) {
            builder.named(name).unwrap();
        }
        let schema = builder.build();
        let found: Vec<&str> = schema.columns().iter().filter(|c| counts_octets(c)).map(|c| c.name.as_str()).collect();
        assert_eq!(found, octets);
    }
}
