//! The columns of a flow batch: their names, types and origin, fixed before the first record is decoded.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;

use super::canonical::Canonical;
use crate::element::{DataType, Element, Elements};

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 8 bits, unsigned.
    U8,
    /// 16 bits, unsigned.
    U16,
    /// 32 bits, unsigned.
    U32,
    /// 64 bits, unsigned: all unsigned elements outside the canonical columns, whatever their width on the wire.
    U64,
    /// 64 bits, signed.
    I64,
    /// Floating point.
    F64,
    /// True or false.
    Bool,
    /// Nanoseconds since 1970, UTC.
    Time,
    /// An IPv4 or IPv6 address in 16 octets; IPv4 in its mapped form `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
    Address,
    /// An IPv4 address, 32 bits.
    Ipv4,
    /// An IPv6 address in 16 octets.
    Ipv6,
    /// A MAC address in the low 48 bits.
    Mac,
    /// Text; octets that are no UTF-8 stand in it as `\xNN`.
    Text,
    /// Octets as they were on the wire.
    Octets,
    /// JSON text: a list of structured data (RFC 6313).
    Json,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::I64,
        Self::F64,
        Self::Bool,
        Self::Time,
        Self::Address,
        Self::Ipv4,
        Self::Ipv6,
        Self::Mac,
        Self::Text,
        Self::Octets,
        Self::Json,
    ];

    /// Its name in the metadata of files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F64 => "f64",
            Self::Bool => "bool",
            Self::Time => "time",
            Self::Address => "address",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Mac => "mac",
            Self::Text => "text",
            Self::Octets => "octets",
            Self::Json => "json",
        }
    }

    /// The kind of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The column type for an abstract data type of RFC 7011 §6.1; what has no type stays octets.
    pub fn of(data_type: Option<DataType>) -> Self {
        use DataType::*;
        match data_type {
            Some(Unsigned8 | Unsigned16 | Unsigned32 | Unsigned64) => Self::U64,
            Some(Signed8 | Signed16 | Signed32 | Signed64) => Self::I64,
            Some(Float32 | Float64) => Self::F64,
            Some(Boolean) => Self::Bool,
            Some(MacAddress) => Self::Mac,
            Some(String) => Self::Text,
            Some(DateTimeSeconds | DateTimeMilliseconds | DateTimeMicroseconds | DateTimeNanoseconds) => Self::Time,
            Some(Ipv4Address) => Self::Ipv4,
            Some(Ipv6Address) => Self::Ipv6,
            Some(BasicList | SubTemplateList | SubTemplateMultiList) => Self::Json,
            _ => Self::Octets,
        }
    }
}

/// What fills a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One of the canonical columns.
    Canonical(Canonical),
    /// A field of the record, found by the column's name.
    Field,
}

/// One column.
#[derive(Clone, Debug)]
pub struct ColumnSpec {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub kind: Kind,
    /// What fills it.
    pub source: Source,
    /// True for a column that is only needed to compute another one; sinks leave it out.
    pub hidden: bool,
}

/// The columns of a flow batch, in order.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    columns: Vec<ColumnSpec>,
    by_name: HashMap<String, u16>,
    scaled: bool,
}

impl Schema {
    /// True if counters are to be multiplied by the sampling rate.
    pub fn scaled(&self) -> bool {
        self.scaled
    }

    /// All columns, the hidden ones last.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    /// The position of the column of that name.
    pub fn position(&self, name: &str) -> Option<u16> {
        self.by_name.get(name).copied()
    }

    /// True if a counter that sampling rates apply to is among the columns.
    pub fn has_counters(&self) -> bool {
        Canonical::COUNTERS.into_iter().any(|counter| self.canonical(counter).is_some())
    }

    /// The position of a canonical column.
    pub fn canonical(&self, column: Canonical) -> Option<u16> {
        self.position(column.name())
    }
}

/// A name that is neither a canonical column nor an element.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("no column or element is called '{name}'{}", suggestion.as_ref().map(|s| format!("; did you mean '{s}'?")).unwrap_or_default())]
pub struct UnknownColumn {
    /// What was asked for.
    pub name: String,
    /// A name that resembles it.
    pub suggestion: Option<String>,
}

/// Puts a schema together, each column once, in the order of the calls.
#[derive(Clone, Debug, Default)]
pub struct SchemaBuilder {
    schema: Schema,
    elements: Arc<Elements>,
}

impl SchemaBuilder {
    /// A builder that knows these elements; the default one knows the built-in ones.
    pub fn with_elements(elements: Arc<Elements>) -> Self {
        Self { schema: Schema::default(), elements }
    }

    /// The elements that names are looked up in.
    pub fn elements(&self) -> &Arc<Elements> {
        &self.elements
    }

    /// Adds a canonical column.
    pub fn canonical(&mut self, column: Canonical) -> &mut Self {
        self.push(column.name(), column.kind(), Source::Canonical(column), false)
    }

    /// Adds a column that a field of some template feeds.
    pub fn field(&mut self, name: &str, kind: Kind) -> &mut Self {
        self.push(name, kind, Source::Field, false)
    }

    /// Adds a canonical column that only something else looks at; a column that is there stays as it is.
    pub fn hidden_canonical(&mut self, column: Canonical) -> &mut Self {
        self.push(column.name(), column.kind(), Source::Canonical(column), true)
    }

    /// The same for a column that a field feeds.
    pub fn hidden_field(&mut self, name: &str, kind: Kind) -> &mut Self {
        self.push(name, kind, Source::Field, true)
    }

    /// Adds what the user named: a canonical column, an element by any of its names, or `name_2` for a repeated one.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn named(&mut self, name: &str) -> Result<&mut Self, UnknownColumn> {
        if let Some(column) = Canonical::by_name(name) {
            return Ok(self.canonical(column));
        }
        if let Some(element) = self.elements.by_name(name) {
            return Ok(self.element(&element.column, element));
        }
        if let Some((base, number)) = repeated(name).filter(|(_, number)| *number >= 2)
            && let Some(element) = self.elements.by_name(base)
        {
            return Ok(self.element(&format!("{}_{number}", element.column), element));
        }
        if is_unlisted(name) {
            return Ok(self.field(name, Kind::Octets));
        }
        Err(UnknownColumn { name: name.to_owned(), suggestion: resembling(name) })
    }

    /// Takes a column out; one that others are computed from comes back as a hidden one when the schema is built.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        if self.schema.by_name.contains_key(name) {
            let columns = std::mem::take(&mut self.schema.columns);
            self.schema.by_name.clear();
            for column in columns.into_iter().filter(|c| c.name != name) {
                self.push(&column.name, column.kind, column.source, column.hidden);
            }
        }
        self
    }

    /// Adds a column of another schema that only something else looks at.
    pub fn hidden(&mut self, column: &ColumnSpec) -> &mut Self {
        self.push(&column.name, column.kind, column.source, true)
    }

    /// Adds a column of another schema.
    pub fn visible(&mut self, column: &ColumnSpec) -> &mut Self {
        self.push(&column.name, column.kind, column.source, false)
    }

    /// The column that a name means for [`SchemaBuilder::named`], without adding it.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn resolve(&self, name: &str) -> Result<ColumnSpec, UnknownColumn> {
        let mut one = Self::with_elements(Arc::clone(&self.elements));
        one.named(name)?;
        let unknown = || UnknownColumn { name: name.to_owned(), suggestion: None };
        one.schema.columns.pop().ok_or_else(unknown)
    }

    /// Columns so far.
    pub fn len(&self) -> usize {
        self.schema.columns.len()
    }

    /// True for no columns.
    pub fn is_empty(&self) -> bool {
        self.schema.columns.is_empty()
    }

    fn element(&mut self, column: &str, element: &Element) -> &mut Self {
        self.field(column, Kind::of(element.data_type))
    }

    fn push(&mut self, name: &str, kind: Kind, source: Source, hidden: bool) -> &mut Self {
        let next = u16::try_from(self.schema.columns.len()).unwrap_or(u16::MAX);
        if next < u16::MAX && !self.schema.by_name.contains_key(name) {
            self.schema.by_name.insert(name.to_owned(), next);
            self.schema.columns.push(ColumnSpec { name: name.to_owned(), kind, source, hidden });
        }
        self
    }

    /// Has the counters multiplied by the sampling rate, or left as they were sent.
    pub fn scaled(&mut self, scaled: bool) -> &mut Self {
        self.schema.scaled = scaled;
        self
    }

    /// True if counters are multiplied by the sampling rate.
    pub fn is_scaled(&self) -> bool {
        self.schema.scaled
    }

    /// Adds what the names of values depend on: an ICMP type has its name by the protocol, a code by its type as well.
    pub fn value_names(&mut self) -> &mut Self {
        if self.schema.canonical(Canonical::IcmpCode).is_some() {
            self.hidden_canonical(Canonical::IcmpType);
        }
        if self.schema.canonical(Canonical::IcmpType).is_some() {
            self.hidden_canonical(Canonical::Protocol);
        }
        self
    }

    /// The schema, with hidden columns for what others are computed from: a duration needs start and end, an end may need the start.
    pub fn build(mut self) -> Schema {
        if self.schema.canonical(Canonical::DurationMs).is_some() {
            self.hidden_canonical(Canonical::FlowEnd);
        }
        if self.schema.canonical(Canonical::FlowEnd).is_some() {
            self.hidden_canonical(Canonical::FlowStart);
        }
        self.schema
    }
}

/// The name and the number of a column `name_2`, of an element that a record has more than once.
pub fn repeated(column: &str) -> Option<(&str, u16)> {
    let (base, digits) = column.rsplit_once('_')?;
    Some((base, digits.parse().ok()?))
}

/// `ie_513` or `pen_35632_57590`: fields without an entry in the registries are columns under their numbers.
pub fn is_unlisted(name: &str) -> bool {
    let number = |s: &str| s.parse::<u32>().is_ok();
    let mut parts = name.split('_');
    match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("ie"), Some(id), occurrence, None, None) => number(id) && occurrence.is_none_or(number),
        (Some("pen"), Some(pen), Some(id), occurrence, None) => number(pen) && number(id) && occurrence.is_none_or(number),
        _ => false,
    }
}

/// The canonical column that shares most with a mistyped name.
fn resembling(name: &str) -> Option<String> {
    nearest(name, Canonical::ALL.iter().map(|c| c.name())).map(str::to_owned)
}

/// The word that a mistyped one may have been: the fewest edits, at most a third of its letters.
pub fn nearest<'a>(name: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    words
        .into_iter()
        .map(|word| (edits(&lower, &word.to_ascii_lowercase()), word))
        .filter(|(distance, word)| *distance * 3 <= word.len().max(3))
        .min()
        .map(|(_, word)| word)
}

/// Levenshtein distance in bytes: enough for names that are ASCII.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (y, above) in b.bytes().zip(row.iter().skip(1)) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(x != y));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_sorts() {
        let mut b = SchemaBuilder::default();
        for name in ["src_addr", "octetDeltaCount", "IN_BYTES", "interfaceName_2", "ie_60513", "pen_35632_57590", "bytes"] {
            b.named(name).unwrap();
        }
        let schema = b.build();
        let names: Vec<&str> = schema.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["src_addr", "octetDeltaCount", "interfaceName_2", "ie_60513", "pen_35632_57590", "bytes"]);
        assert_eq!(schema.columns()[2].kind, Kind::Text);
    }

    #[test]
    fn kinds_by_their_names() {
        for (name, kind) in [("u8", Kind::U8), ("time", Kind::Time), ("ipv6", Kind::Ipv6), ("json", Kind::Json)] {
            assert_eq!((kind.name(), Kind::by_name(name)), (name, Some(kind)));
        }
        assert!(Kind::ALL.into_iter().all(|kind| Kind::by_name(kind.name()) == Some(kind)));
        assert_eq!(Kind::by_name("U8"), None);
    }

    #[test]
    fn a_mistyped_name_gets_a_suggestion() {
        let error = SchemaBuilder::default().named("scr_addr").unwrap_err();
        assert_eq!(error.to_string(), "no column or element is called 'scr_addr'; did you mean 'src_addr'?");
        assert_eq!(SchemaBuilder::default().named("quux").unwrap_err().suggestion, None);
    }

    #[test]
    fn a_column_that_is_taken_out_may_still_be_needed() {
        let mut b = SchemaBuilder::default();
        b.canonical(Canonical::FlowEnd).canonical(Canonical::DurationMs).canonical(Canonical::Bytes).remove("flow_end").remove("bytes");
        let schema = b.build();
        let seen: Vec<(&str, bool)> = schema.columns().iter().map(|c| (c.name.as_str(), c.hidden)).collect();
        assert_eq!(seen, [("duration_ms", false), ("flow_end", true), ("flow_start", true)]);
        assert_eq!(schema.position("duration_ms"), Some(0));
    }

    #[test]
    fn a_duration_brings_start_and_end_along() {
        let mut b = SchemaBuilder::default();
        b.canonical(Canonical::DurationMs);
        let schema = b.build();
        let seen: Vec<(&str, bool)> = schema.columns().iter().map(|c| (c.name.as_str(), c.hidden)).collect();
        assert_eq!(seen, [("duration_ms", false), ("flow_end", true), ("flow_start", true)]);
    }
}
