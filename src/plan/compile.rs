//! Template + schema → [`RecordPlan`]: which field feeds which column, and how.
//!
//! An element whose length its type can't have (an IPv4 address of 2 octets, as H3C sends 43) is no such element: it becomes a
//! column of octets under its number, and feeds no canonical column.

use super::canonical::Canonical as C;
use super::extent::Layout;
use super::list::{ListForm, SubField};
use super::schema::{Kind, Schema};
use super::steps::{Cell, Convert, IcmpSource, RecordPlan, Step, TimeForm};
use crate::element::{self, DataType, Element, ElementId, Elements};
use crate::message::{FieldSpecifier, Role, Version};

/// The pseudo enterprise number of reverse elements (RFC 5103 §6.1).
const REVERSE_PEN: u32 = 29305;
/// paddingOctets says nothing and gets no column.
const PADDING_OCTETS: ElementId = ElementId { pen: 0, id: 210 };
/// Lengths that 154 and 155 have where pmacct fills them with two 64-bit numbers.
const TIMEVAL_LENGTH: u16 = 16;

/// Compiles the fields of a template for a schema. `None` if its records could be empty.
pub fn compile(version: Version, fields: &[FieldSpecifier], schema: &Schema, elements: &Elements) -> Option<RecordPlan> {
    let layout = Layout::of(fields)?;
    let record = Record::new(version, fields, elements);
    let mut compiler = Compiler { record: &record, schema, steps: Vec::new(), fed: Vec::new() };
    compiler.canonical();
    compiler.elements();
    let joins = super::joins::joins(&record, schema);
    let steps = compiler.steps;
    let list = |f: &Field| match f.convert {
        Convert::List(form) if f.column_wanted() => Some((f.cell.field, form)),
        _ => None,
    };
    let lists = record.fields.iter().filter_map(list).collect();
    Some(RecordPlan { layout, steps, joins, lists, gather: None })
}

/// The canonical columns that a template feeds, beside those that every datagram feeds.
pub fn fed_columns(version: Version, fields: &[FieldSpecifier], elements: &Elements) -> Vec<C> {
    let schema = all_canonical();
    let record = Record::new(version, fields, elements);
    let mut compiler = Compiler { record: &record, schema: &schema, steps: Vec::new(), fed: Vec::new() };
    compiler.canonical();
    let mut touched: Vec<u16> = compiler.steps.iter().flat_map(columns_of).collect();
    touched
        .extend(super::joins::joins(&record, &schema).iter().filter(|j| super::joins::feeds_alone(j)).filter_map(super::joins::column_of));
    C::ALL.iter().copied().filter(|c| schema.canonical(*c).is_some_and(|p| touched.contains(&p))).collect()
}

/// The canonical columns that a template feeds where options data, or the header, tells what they need.
pub fn joined_columns(version: Version, fields: &[FieldSpecifier], elements: &Elements) -> Vec<C> {
    let schema = all_canonical();
    let touched: Vec<u16> =
        super::joins::joins(&Record::new(version, fields, elements), &schema).iter().filter_map(super::joins::column_of).collect();
    C::ALL.iter().copied().filter(|c| schema.canonical(*c).is_some_and(|p| touched.contains(&p))).collect()
}

/// A column for each field of a template, in wire order: what options records are shown by.
pub fn record_schema(version: Version, fields: &[FieldSpecifier], elements: &Elements) -> Schema {
    let mut builder = super::schema::SchemaBuilder::default();
    for field in Record::new(version, fields, elements).fields.iter().filter(|f| f.column_wanted()) {
        builder.field(&field.column, field.kind);
    }
    builder.build()
}

/// Name and type of every column of its own that a template's fields make: all that feed no canonical column.
pub fn element_columns(version: Version, fields: &[FieldSpecifier], elements: &Elements) -> Vec<(String, Kind)> {
    let schema = all_canonical();
    let record = Record::new(version, fields, elements);
    let mut compiler = Compiler { record: &record, schema: &schema, steps: Vec::new(), fed: Vec::new() };
    compiler.canonical();
    let fed = compiler.fed;
    record.fields.iter().filter(|f| !fed.contains(&f.cell.field) && f.column_wanted()).map(|f| (f.column.clone(), f.kind)).collect()
}

/// The column that each field of a template has of its own, whether or not it feeds a canonical one as well; `None` for padding and
/// for fields of no octets.
pub fn field_columns(version: Version, fields: &[FieldSpecifier], elements: &Elements) -> Vec<Option<String>> {
    Record::new(version, fields, elements).fields.into_iter().map(|f| f.column_wanted().then_some(f.column)).collect()
}

/// The fields of a record inside of a list: their names and conversions.
pub(super) fn list_fields(version: Version, fields: &[FieldSpecifier], elements: &Elements) -> Vec<SubField> {
    let field = |f: Field| SubField { name: f.column_wanted().then_some(f.column), how: f.convert };
    Record::new(version, fields, elements).fields.into_iter().map(field).collect()
}

fn all_canonical() -> Schema {
    let mut builder = super::schema::SchemaBuilder::default();
    C::ALL.iter().for_each(|c| {
        builder.canonical(*c);
    });
    builder.build()
}

fn columns_of(step: &Step) -> Vec<u16> {
    match *step {
        Step::Convert { column, .. }
        | Step::EitherAddress { column, .. }
        | Step::EitherNumber { column, .. }
        | Step::SinceBoot { column, .. }
        | Step::StartPlus { column, .. }
        | Step::Duration { column, .. } => vec![column],
        Step::Icmp { type_column, code_column, .. } => type_column.into_iter().chain(code_column).collect(),
    }
}

/// A field with all that the registries say of it.
pub(super) struct Field {
    pub(super) cell: Cell,
    /// The element's id after vendor numbers of v9 are resolved; `None` for fields that no element fits.
    id: Option<ElementId>,
    pub(super) kind: Kind,
    pub(super) convert: Convert,
    column: String,
    /// The column that the field had before its exporter told its name.
    by_number: Option<String>,
    padding: bool,
}

impl Field {
    fn column_wanted(&self) -> bool {
        !self.padding && self.cell.width != 0
    }
}

pub(super) struct Record {
    version: Version,
    fields: Vec<Field>,
}

impl Record {
    fn new(version: Version, specifiers: &[FieldSpecifier], elements: &Elements) -> Self {
        let mut fields: Vec<Field> = Vec::with_capacity(specifiers.len());
        let mut seen = std::collections::HashMap::<String, u32>::new();
        let mut offset = 0u32;
        for (number, specifier) in specifiers.iter().enumerate() {
            let cell = Cell { field: u16::try_from(number).unwrap_or(u16::MAX), offset, width: specifier.length };
            if specifier.length != Cell::VARIABLE {
                offset += u32::from(specifier.length);
            }
            let (element, raw) = resolve(version, specifier, elements);
            let fits = element.filter(|e| fits(e, specifier.length));
            let (kind, convert) = match fits {
                Some(e) => (Kind::of(e.data_type), conversion(e, specifier.length)),
                None if is_number(specifier) => (Kind::U64, Convert::Unsigned),
                None => (Kind::Octets, Convert::Octets),
            };
            let base = match (fits, specifier.role) {
                // A user's or an exporter's name must not stand for a canonical column.
                (Some(e), _) if C::by_name(&e.column).is_some() => element::column_name(raw),
                (Some(e), _) => e.column.clone(),
                (None, Role::V9Scope) => scope_column(specifier.id),
                (None, _) => element::column_name(raw),
            };
            let times = seen.entry(base.clone()).and_modify(|n| *n += 1).or_insert(1);
            let column = if *times == 1 { base } else { format!("{base}_{times}") };
            let padding = raw == PADDING_OCTETS && specifier.role != Role::V9Scope;
            let by_number = fits.filter(|e| elements.source(e) == "exporter").map(|e| element::column_name(e.id));
            fields.push(Field { cell, id: fits.map(|e| e.id), kind, convert, column, by_number, padding });
        }
        Self { version, fields }
    }

    /// The first field of an IANA element.
    pub(super) fn find(&self, id: u16) -> Option<&Field> {
        self.find_in(0, id)
    }

    fn find_in(&self, pen: u32, id: u16) -> Option<&Field> {
        self.fields.iter().find(|f| f.id == Some(ElementId { pen, id }) && f.cell.width != 0)
    }

    /// All fields of an IANA element, in wire order.
    pub(super) fn every(&self, id: u16) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |f| f.id == Some(ElementId { pen: 0, id }) && f.cell.width != 0)
    }

    pub(super) fn first(&self, ids: &[u16]) -> Option<&Field> {
        ids.iter().find_map(|id| self.find(*id))
    }
}

/// The element of a field, and the numbers under which it stands if no element fits.
fn resolve(version: Version, specifier: &FieldSpecifier, elements: &Elements) -> (Option<&'static Element>, ElementId) {
    let raw = ElementId { pen: specifier.pen, id: specifier.id };
    let element = match (specifier.role, version) {
        (Role::V9Scope, _) => None,
        // Stored records without a version have IPFIX's numbers.
        (_, Version::Ipfix | Version::Unstated) => elements.element(raw),
        (_, _) => elements.v9_element(specifier.id, specifier.length),
    };
    (element, raw)
}

/// A v9 scope that numbers something: an interface, a line card, a cache, a template; in as many octets as the exporter likes. The
/// System scope is an address, a name or nothing, and stays octets.
fn is_number(specifier: &FieldSpecifier) -> bool {
    specifier.role == Role::V9Scope && (2..=5).contains(&specifier.id) && (1..=8).contains(&specifier.length)
}

/// `scope_line_card`; `scope_9` for a type that RFC 3954 §6.1 does not have.
fn scope_column(scope: u16) -> String {
    match element::v9_scope_name(scope) {
        Some(name) => format!("scope_{}", name.to_ascii_lowercase().replace(' ', "_")),
        None => format!("scope_{scope}"),
    }
}

/// Can the element's type have this length? Two exceptions are known: microseconds as a pair of 64-bit numbers.
fn fits(element: &Element, length: u16) -> bool {
    if length == TIMEVAL_LENGTH && matches!(element.data_type, Some(DataType::DateTimeMicroseconds | DataType::DateTimeNanoseconds)) {
        return true;
    }
    match element.data_type {
        Some(data_type) => length == 0 || length == Cell::VARIABLE || data_type.accepts_length(length),
        None => true,
    }
}

fn conversion(element: &Element, length: u16) -> Convert {
    match (Kind::of(element.data_type), element.data_type) {
        (Kind::U64, _) => Convert::Unsigned,
        (Kind::I64, _) => Convert::Signed,
        (Kind::F64, _) => Convert::Float,
        (Kind::Bool, _) => Convert::Bool,
        (Kind::Mac, _) => Convert::Mac,
        (Kind::Text, _) => Convert::Text,
        (Kind::Ipv4, _) => Convert::Ipv4,
        (Kind::Ipv6, _) => Convert::Ipv6,
        (Kind::Time, Some(DataType::DateTimeSeconds)) => Convert::Time(TimeForm::Seconds),
        (Kind::Time, Some(DataType::DateTimeMilliseconds)) => Convert::Time(TimeForm::Millis),
        (Kind::Time, _) if length == TIMEVAL_LENGTH => Convert::Time(TimeForm::Timeval),
        (Kind::Time, Some(DataType::DateTimeNanoseconds)) => Convert::Time(TimeForm::NtpNanos),
        (Kind::Time, _) => Convert::Time(TimeForm::NtpMicros),
        (Kind::Json, Some(DataType::BasicList)) => Convert::List(ListForm::Basic),
        (Kind::Json, Some(DataType::SubTemplateList)) => Convert::List(ListForm::SubTemplate),
        (Kind::Json, _) => Convert::List(ListForm::SubTemplateMulti),
        _ => Convert::Octets,
    }
}

struct Compiler<'a> {
    record: &'a Record,
    schema: &'a Schema,
    steps: Vec<Step>,
    /// Numbers of the fields that feed a canonical column.
    fed: Vec<u16>,
}

impl Compiler<'_> {
    fn canonical(&mut self) {
        self.times();
        self.addresses();
        self.number(C::SrcPort, &[7, 182, 180]);
        self.number(C::DstPort, &[11, 183, 181]);
        self.number(C::Protocol, &[4]);
        self.number(C::TcpFlags, &[6]);
        self.number(C::Bytes, &[1, 231, 85, 23]);
        self.number(C::Packets, &[2, 298, 86, 24]);
        self.number(C::BytesOut, &[23]);
        self.number(C::PacketsOut, &[24]);
        self.reverse(C::BytesReverse, 232, [1, 85]);
        self.reverse(C::PacketsReverse, 299, [2, 86]);
        self.icmp();
        self.tos();
        self.number(C::InIf, &[10, 252]);
        self.number(C::OutIf, &[14, 253]);
        self.number(C::Direction, &[61]);
        self.number(C::SrcAs, &[16]);
        self.number(C::DstAs, &[17]);
        self.either_number(C::SrcMask, 9, 29);
        self.either_number(C::DstMask, 13, 30);
        self.plain(C::SrcMac, &[56, 81]);
        self.plain(C::DstMac, &[80, 57]);
        self.number(C::SrcVlan, &[58, 243]);
        self.number(C::DstVlan, &[59, 254]);
        self.nat_port(C::NatSrcPort, 227);
        self.nat_port(C::NatDstPort, 228);
        self.number(C::FlowEndReason, &[136]);
        self.number(C::ForwardingStatus, &[89]);
        self.plain(C::Application, &[96]);
        self.interface_names();
    }

    fn elements(&mut self) {
        for field in &self.record.fields {
            if let Some(column) = self.schema.position(&field.column).filter(|_| field.column_wanted())
                && self.schema.columns().get(usize::from(column)).is_some_and(|c| c.kind == field.kind)
            {
                self.steps.push(Step::Convert { column, cell: field.cell, how: field.convert });
            } else if let Some(name) = &field.by_number
                && let Some(column) = self.schema.position(name).filter(|_| field.column_wanted())
            {
                self.steps.push(Step::Convert { column, cell: field.cell, how: Convert::Octets });
            }
        }
    }

    fn feed(&mut self, field: &Field) {
        self.fed.push(field.cell.field);
    }

    /// An unsigned field, the first of `ids` that the template has.
    fn number(&mut self, column: C, ids: &[u16]) {
        if let Some(field) = self.record.first(ids).filter(|f| f.convert == Convert::Unsigned) {
            self.feed(field);
            self.convert(column, field.cell, Convert::Unsigned);
        }
    }

    /// A field that keeps its own conversion.
    fn plain(&mut self, column: C, ids: &[u16]) {
        if let Some(field) = self.record.first(ids).filter(|f| f.kind == column.kind()) {
            self.feed(field);
            self.convert(column, field.cell, field.convert);
        }
    }

    fn interface_names(&mut self) {
        let record = self.record;
        for (column, field) in [C::InIfName, C::OutIfName].into_iter().zip(super::joins::own_interface_names(record)) {
            if let Some(field) = field {
                self.feed(field);
                self.convert(column, field.cell, Convert::Text);
            }
        }
    }

    fn convert(&mut self, column: C, cell: Cell, how: Convert) {
        if let Some(column) = self.schema.canonical(column) {
            self.steps.push(Step::Convert { column, cell, how });
        }
    }

    fn reverse(&mut self, column: C, responder: u16, forward: [u16; 2]) {
        let record = self.record;
        let reverse = || forward.iter().find_map(|id| record.find_in(REVERSE_PEN, *id));
        if let Some(field) = record.find(responder).or_else(reverse).filter(|f| f.convert == Convert::Unsigned) {
            self.feed(field);
            self.convert(column, field.cell, Convert::Unsigned);
        }
    }

    fn either_number(&mut self, column: C, first: u16, second: u16) {
        match (self.record.find(first), self.record.find(second)) {
            (Some(a), Some(b)) => {
                self.feed(a);
                self.feed(b);
                if let Some(column) = self.schema.canonical(column) {
                    self.steps.push(Step::EitherNumber { column, first: a.cell, second: b.cell });
                }
            }
            _ => self.number(column, &[first, second]),
        }
    }

    /// Cisco's own elements of NSEL, which early versions of the ASA send in place of 225 to 228.
    fn early_nat(record: &Record, id: u16) -> Option<&Field> {
        const CISCO: u32 = 9;
        let own = [(225, 7233), (226, 7234), (227, 7235), (228, 7236)].into_iter().find(|(iana, _)| *iana == id)?.1;
        record.find_in(CISCO, own)
    }

    fn nat_port(&mut self, column: C, id: u16) {
        let record = self.record;
        if let Some(field) = record.find(id).or_else(|| Self::early_nat(record, id)).filter(|f| f.convert == Convert::Unsigned) {
            let cell = field.cell;
            self.fed.push(cell.field);
            self.convert(column, cell, Convert::Unsigned);
        }
    }

    fn addresses(&mut self) {
        let pairs = [(C::SrcAddr, 8, 27), (C::DstAddr, 12, 28), (C::NextHop, 15, 62), (C::NatSrcAddr, 225, 281), (C::NatDstAddr, 226, 282)];
        let ip_version = self.record.find(60).filter(|f| f.convert == Convert::Unsigned).map(|f| f.cell);
        for (column, v4, v6) in pairs {
            let v4 = self.record.find(v4).or_else(|| Self::early_nat(self.record, v4)).filter(|f| f.convert == Convert::Ipv4);
            let v6 = self.record.find(v6).filter(|f| f.convert == Convert::Ipv6);
            v4.into_iter().chain(v6).for_each(|f| self.feed(f));
            match (v4, v6) {
                (Some(a), Some(b)) => {
                    if let Some(column) = self.schema.canonical(column) {
                        self.steps.push(Step::EitherAddress { column, v4: a.cell, v6: b.cell, ip_version });
                    }
                }
                (Some(a), None) => self.convert(column, a.cell, Convert::Ipv4),
                (None, Some(b)) => self.convert(column, b.cell, Convert::Ipv6),
                (None, None) => {}
            }
        }
    }

    fn tos(&mut self) {
        if self.record.find(5).is_some() {
            self.number(C::Tos, &[5]);
        } else if let Some(field) = self.record.find(195) {
            // The DSCP alone fits the octet only after a shift; its own column keeps the value as sent.
            self.convert(C::Tos, field.cell, Convert::Dscp);
        }
    }

    fn times(&mut self) {
        let start = self.time(C::FlowStart, &[156, 154, 152, 150, 158, 22]);
        let end = self.time(C::FlowEnd, &[157, 155, 153, 151, 159, 21]);
        let event = self.record.first(&[323, 322, 324, 325]).filter(|_| !start && !end);
        let mut both = start && end;
        if let Some(field) = event {
            self.feed(field);
            self.convert(C::FlowStart, field.cell, field.convert);
            self.convert(C::FlowEnd, field.cell, field.convert);
            both = true;
        } else if start && !end {
            both = self.end_from_duration();
        }
        if let (true, Some(column), Some(start), Some(end)) =
            (both, self.schema.canonical(C::DurationMs), self.schema.canonical(C::FlowStart), self.schema.canonical(C::FlowEnd))
        {
            self.steps.push(Step::Duration { column, start, end });
        }
    }

    /// One of the two times of a flow; true if the template has it.
    fn time(&mut self, column: C, ids: &[u16]) -> bool {
        let Some(field) = self.record.first(ids) else { return false };
        self.feed(field);
        let boot = self.record.find(160);
        let how = match field.id.map(|e| e.id) {
            Some(21 | 22) => match (boot, self.schema.canonical(column)) {
                (Some(boot), Some(column)) => {
                    self.steps.push(Step::SinceBoot { column, stamp: field.cell, boot: boot.cell });
                    return true;
                }
                _ => Convert::Time(TimeForm::Uptime),
            },
            Some(158 | 159) => Convert::Time(TimeForm::BeforeExport),
            _ => field.convert,
        };
        self.convert(column, field.cell, how);
        true
    }

    /// flowDurationMilliseconds (161) or flowDurationMicroseconds (162) after the start.
    fn end_from_duration(&mut self) -> bool {
        let millis = self.record.find(161).map(|f| (f, 1_000_000));
        let Some((field, unit)) = millis.or_else(|| self.record.find(162).map(|f| (f, 1_000))) else { return false };
        self.feed(field);
        if let (Some(column), Some(start)) = (self.schema.canonical(C::FlowEnd), self.schema.canonical(C::FlowStart)) {
            self.steps.push(Step::StartPlus { column, start, duration: field.cell, unit });
        }
        true
    }

    fn icmp(&mut self) {
        let separate = |t: u16, c: u16| {
            let (t, c) = (self.record.find(t), self.record.find(c));
            (t.is_some() || c.is_some()).then_some((t, c))
        };
        let protocol = self.record.find(4);
        let mut v4 = None;
        let mut v6 = None;
        let mut feeds: Vec<u16> = Vec::new();
        for (slot, pair, combined) in [(&mut v4, (176, 177), 32), (&mut v6, (178, 179), 139)] {
            if let Some((t, c)) = separate(pair.0, pair.1) {
                feeds.extend(t.into_iter().chain(c).map(|f| f.cell.field));
                *slot = Some(IcmpSource::Separate(t.map(|f| f.cell), c.map(|f| f.cell)));
            } else if let Some(field) = self.record.find(combined) {
                feeds.push(field.cell.field);
                *slot = Some(IcmpSource::Combined(field.cell));
            }
        }
        // v1, v5, v7 and v9 put type and code into the destination port of ICMP flows; IPFIX has elements of its own for them.
        if v4.is_none() && v6.is_none() && self.record.version != Version::Ipfix && protocol.is_some() {
            let port = self.record.find(11).map(|f| IcmpSource::Combined(f.cell));
            (v4, v6) = (port, port);
        }
        if v4.is_none() && v6.is_none() {
            return;
        }
        self.fed.extend(feeds);
        let (type_column, code_column) = (self.schema.canonical(C::IcmpType), self.schema.canonical(C::IcmpCode));
        if type_column.is_some() || code_column.is_some() {
            self.steps.push(Step::Icmp { type_column, code_column, v4, v6, protocol: protocol.map(|f| f.cell) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::SchemaBuilder;
    use super::*;

    fn fields(list: &[(u32, u16, u16)]) -> Vec<FieldSpecifier> {
        list.iter().map(|(pen, id, length)| FieldSpecifier::element(*pen, *id, *length)).collect()
    }

    fn names(columns: &[C]) -> Vec<&'static str> {
        columns.iter().map(|c| c.name()).collect()
    }

    #[test]
    fn the_first_counter_that_the_template_has_feeds_bytes() {
        let f = fields(&[(0, 85, 8), (0, 231, 4), (0, 86, 8), (0, 23, 4)]);
        assert_eq!(names(&fed_columns(Version::Ipfix, &f, &Elements::default())), ["bytes", "packets", "bytes_out"]);
        let own: Vec<String> = element_columns(Version::Ipfix, &f, &Elements::default()).into_iter().map(|c| c.0).collect();
        assert_eq!(own, ["octetTotalCount"]);
    }

    #[test]
    fn repeated_elements_keep_every_occurrence() {
        let f = fields(&[(0, 210, 1), (0, 11, 2), (0, 90, 8), (0, 91, 1), (0, 90, 8)]);
        let own: Vec<String> = element_columns(Version::Ipfix, &f, &Elements::default()).into_iter().map(|c| c.0).collect();
        assert_eq!(own, ["mplsVpnRouteDistinguisher", "mplsTopLabelPrefixLength", "mplsVpnRouteDistinguisher_2"]);
    }

    #[test]
    fn names_of_interfaces_in_the_record() {
        let fed = |list: &[(u32, u16, u16)]| names(&fed_columns(Version::Ipfix, &fields(list), &Elements::default())).join(" ");
        // Open vSwitch: 10 82 83 14 82 83.
        assert_eq!(
            fed(&[(0, 10, 4), (0, 82, 65535), (0, 83, 65535), (0, 14, 4), (0, 82, 65535), (0, 83, 65535)]),
            "in_if out_if in_if_name out_if_name"
        );
        assert_eq!(fed(&[(0, 10, 4), (0, 14, 4), (0, 82, 16)]), "in_if out_if in_if_name");
        assert_eq!(fed(&[(0, 14, 4), (0, 82, 16)]), "out_if out_if_name");
        assert_eq!(fed(&[(0, 10, 4), (0, 83, 16)]), "in_if in_if_name");
    }

    #[test]
    fn a_length_that_the_type_can_not_have_makes_octets() {
        let own = element_columns(Version::Ipfix, &fields(&[(0, 8, 2), (0, 1, 3), (0, 60000, 4), (4711, 7, 2)]), &Elements::default());
        assert_eq!(
            own,
            [("ie_8".to_owned(), Kind::Octets), ("ie_60000".to_owned(), Kind::Octets), ("pen_4711_7".to_owned(), Kind::Octets)]
        );
    }

    #[test]
    fn start_and_duration_make_the_end() {
        let f = fields(&[(0, 152, 8), (0, 161, 4)]);
        assert_eq!(names(&fed_columns(Version::Ipfix, &f, &Elements::default())), ["flow_start", "flow_end", "duration_ms"]);
    }

    #[test]
    fn icmp_from_the_port_in_v5_but_not_in_ipfix() {
        let f = fields(&[(0, 4, 1), (0, 11, 2)]);
        assert_eq!(names(&fed_columns(Version::V5, &f, &Elements::default())), ["dst_port", "protocol", "icmp_type", "icmp_code"]);
        assert_eq!(names(&fed_columns(Version::Ipfix, &f, &Elements::default())), ["dst_port", "protocol"]);
    }

    #[test]
    fn both_addresses_go_to_one_column() {
        let f = fields(&[(0, 8, 4), (0, 27, 16), (0, 60, 1)]);
        let mut b = SchemaBuilder::default();
        b.canonical(C::SrcAddr);
        let plan = compile(Version::Ipfix, &f, &b.build(), &Elements::default()).unwrap();
        let cell = |field, offset, width| Cell { field, offset, width };
        assert_eq!(
            plan.steps,
            [Step::EitherAddress { column: 0, v4: cell(0, 0, 4), v6: cell(1, 4, 16), ip_version: Some(cell(2, 20, 1)) }]
        );
    }
}
