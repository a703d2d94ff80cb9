//! The names of values in place of their numbers: `TCP` for protocol 6, `Echo` for ICMP type 8, `EF` for a type of service of 184.
//!
//! A value without a name stays the number that it is. Columns of elements have the names of the element's values, canonical columns
//! those of the element that they stand for.

use crate::column::{Column, FlowBatch};
use crate::element::{self, ElementId, values};
use crate::plan::{self, Canonical, ColumnSpec, Kind, Source};

/// Whether names can stand in a column.
pub fn has_names(column: &ColumnSpec) -> bool {
    match column.source {
        Source::Canonical(canonical) => matches!(
            canonical,
            Canonical::Protocol
                | Canonical::TcpFlags
                | Canonical::IcmpType
                | Canonical::IcmpCode
                | Canonical::Tos
                | Canonical::Direction
                | Canonical::FlowEndReason
                | Canonical::ForwardingStatus
        ),
        Source::Field => {
            column.kind == Kind::U64 && element_of(&column.name).is_some_and(|id| values::value_names(id).is_some() || id.id == 6)
        }
    }
}

/// Appends the name of a value, or its number; nothing for null. `spec` is a column for which [`has_names`] holds.
pub fn write_named(out: &mut Vec<u8>, batch: &FlowBatch, spec: &ColumnSpec, column: &Column, row: usize) {
    let Some(number) = column.unsigned(row) else { return };
    let small = u8::try_from(number).ok();
    let other = |canonical| batch.canonical(canonical).and_then(|c| c.unsigned(row)).and_then(|n| u8::try_from(n).ok());
    let is_v6 = || other(Canonical::Protocol) == Some(58);
    let name = match spec.source {
        Source::Canonical(Canonical::Protocol) => small.and_then(values::protocol_name),
        Source::Canonical(Canonical::IcmpType) => {
            small.and_then(|t| if is_v6() { values::icmpv6_type_name(t) } else { values::icmp_type_name(t) })
        }
        Source::Canonical(Canonical::IcmpCode) => other(Canonical::IcmpType)
            .zip(small)
            .and_then(|(t, c)| if is_v6() { values::icmpv6_code_name(t, c) } else { values::icmp_code_name(t, c) }),
        Source::Canonical(Canonical::Direction) => small.and_then(values::direction),
        Source::Canonical(Canonical::FlowEndReason) => small.and_then(values::flow_end_reason),
        Source::Canonical(Canonical::ForwardingStatus) => small.and_then(values::forwarding_status),
        Source::Canonical(Canonical::Tos) => return write_tos(out, number),
        Source::Canonical(Canonical::TcpFlags) => return write_flags(out, number),
        Source::Canonical(_) => None,
        Source::Field => match element_of(&spec.name) {
            Some(ElementId { id: 6, .. }) => return write_flags(out, number),
            Some(id) => values::value_name(id, number),
            None => None,
        },
    };
    match name {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None => write_number(out, number),
    }
}

/// A whole column of names.
pub(super) fn named_column(batch: &FlowBatch, spec: &ColumnSpec, column: &Column) -> Column {
    let mut named = Column::new(Kind::Text);
    if let crate::column::Values::Octets(values) = &mut named.values {
        for row in 0..column.validity.len() {
            let there = column.validity.get(row);
            if there {
                write_named(&mut values.data, batch, spec, column, row);
            }
            values.seal();
            named.validity.push(there);
        }
    }
    named
}

/// The element of a column of its own; repeated ones have a number behind their name.
fn element_of(column: &str) -> Option<ElementId> {
    let known = element::by_name(column).or_else(|| element::by_name(plan::repeated(column)?.0));
    known.map(|e| e.id).filter(|id| id.id != 6 || matches!(id.pen, 0 | ElementId::REVERSE_PEN))
}

fn write_flags(out: &mut Vec<u8>, number: u64) {
    match u16::try_from(number) {
        Ok(flags) => out.extend_from_slice(values::tcp_flags_letters(flags).as_bytes()),
        Err(_) => write_number(out, number),
    }
}

/// The DiffServ code point, and behind it the mark for congestion (RFC 3168 §5) where there is one.
fn write_tos(out: &mut Vec<u8>, number: u64) {
    const CONGESTION: [&str; 4] = ["", "+ECT(1)", "+ECT(0)", "+CE"];
    match u8::try_from(number).ok().and_then(|tos| Some((values::dscp(tos >> 2)?, CONGESTION.get(usize::from(tos & 3))?))) {
        Some((name, mark)) => {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(mark.as_bytes());
        }
        None => write_number(out, number),
    }
}

fn write_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Context;
    use crate::message::{FieldSpecifier, Version};
    use crate::plan::{SchemaBuilder, compile};

    /// The names in the first row of a record of these fields.
    fn names(columns: &[&str], fields: &[(u16, u16)], record: &[u8]) -> Vec<String> {
        let mut builder = SchemaBuilder::default();
        for column in columns {
            builder.named(column).unwrap();
        }
        builder.value_names();
        let schema = std::sync::Arc::new(builder.build());
        let fields: Vec<FieldSpecifier> = fields.iter().map(|(id, length)| FieldSpecifier::element(0, *id, *length)).collect();
        let plan = compile(Version::Ipfix, &fields, &schema, &crate::element::Elements::default()).unwrap();
        let mut batch = FlowBatch::new(schema);
        batch.append(&plan, record, &Context::blank(Version::Ipfix));
        batch.finish();
        let shown = |(spec, column): (&ColumnSpec, &Column)| {
            assert!(has_names(spec), "{}", spec.name);
            let mut out = Vec::new();
            write_named(&mut out, &batch, spec, column, 0);
            String::from_utf8(out).unwrap()
        };
        batch.schema().columns().iter().zip(batch.columns()).filter(|(spec, _)| !spec.hidden).map(shown).collect()
    }

    #[test]
    fn icmp_by_the_protocol() {
        let fields = [(4, 1), (32, 2), (139, 2)];
        assert_eq!(names(&["icmp_type", "icmp_code"], &fields, &[1, 3, 3, 0, 0]), ["Destination Unreachable", "Port Unreachable"]);
        assert_eq!(names(&["icmp_type", "icmp_code"], &fields, &[58, 0, 0, 128, 0]), ["Echo Request", "0"]);
    }

    #[test]
    fn code_points_flags_and_events() {
        assert_eq!(names(&["tos"], &[(5, 1)], &[0xb8]), ["EF"]);
        assert_eq!(names(&["tos"], &[(5, 1)], &[0x2b]), ["AF11+CE"]);
        assert_eq!(names(&["tos", "ipDiffServCodePoint"], &[(195, 1)], &[10]), ["AF11", "AF11"]);
        assert_eq!(names(&["tcp_flags", "tcpControlBits"], &[(6, 1)], &[0x1b]), ["...AP.SF", "...AP.SF"]);
        assert_eq!(names(&["natEvent", "firewallEvent"], &[(230, 1), (233, 1)], &[4, 3]), ["NAT44 session create", "Flow Denied"]);
        assert_eq!(
            names(&["forwarding_status", "flow_end_reason", "direction"], &[(89, 1), (136, 1), (61, 1)], &[129, 2, 1]),
            ["Dropped: ACL deny", "active timeout", "egress"]
        );
        assert_eq!(names(&["protocol"], &[(4, 1)], &[200]), ["200"]);
    }
}
