//! The fields of templates: lengths, repetitions, elements that nobody knows or nobody should use.

use crate::element::{DataType, Element, ElementId, Status};
use crate::message::{FieldSpecifier, Role, Version};

use super::super::catalogue::{ELEMENT_DEPRECATED, ELEMENT_REPEATED, ELEMENT_UNKNOWN, LENGTH_ODD};
use super::super::finding::Finding;
use super::super::outcome::{ExporterAudit, LayoutAudit};
use super::{Material, element_text};

pub(super) fn look(material: &Material<'_>, exporter: &ExporterAudit, out: &mut Vec<Finding>) {
    for layout in exporter.layouts.iter().filter(|l| l.template().is_some()) {
        one(material, exporter, layout, out);
    }
}

fn one(material: &Material<'_>, exporter: &ExporterAudit, layout: &LayoutAudit, out: &mut Vec<Finding>) {
    let elements = material.collector.elements();
    let known = |f: &FieldSpecifier| match exporter.key.version {
        Version::Ipfix => elements.element(ElementId { pen: f.pen, id: f.id }),
        _ => elements.v9_element(f.id, f.length),
    };
    let fields = || layout.content.fields.iter().filter(|f| f.role == Role::Field);
    let (mut odd, mut repeated, mut deprecated, mut unknown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, field) in fields().enumerate() {
        let id = ElementId { pen: field.pen, id: field.id };
        let earlier = fields().take(at).filter(|f| (f.pen, f.id) == (field.pen, field.id)).count();
        // 210 is paddingOctets: it may stand anywhere and as often as it likes.
        if earlier == 1 && id != ElementId::iana(210) {
            repeated.push(element_text(id));
        }
        match known(field) {
            Some(element) => {
                if !fits(element, field) {
                    odd.push(format!("{} in {} octets", element_text(element.id), field.length));
                }
                if element.status != Status::Current && earlier == 0 {
                    deprecated.push(element_text(element.id));
                }
            }
            None if earlier == 0 => unknown.push(id.to_string()),
            None => {}
        }
    }
    for (kind, list, what) in [
        (LENGTH_ODD, odd, "lengths that do not fit"),
        (ELEMENT_REPEATED, repeated, "repeated elements"),
        (ELEMENT_DEPRECATED, deprecated, "deprecated elements"),
        (ELEMENT_UNKNOWN, unknown, "elements that no registry lists"),
    ] {
        if !list.is_empty() {
            out.push(material.of_layout(kind, (exporter, layout), format!("{what}: {}.", list.join(", ")), Vec::new()));
        }
    }
}

/// Does a length make sense for the element's type? Numbers may be shorter than registered (RFC 7011 §6.2), the rest may not.
fn fits(element: &Element, field: &FieldSpecifier) -> bool {
    if field.is_variable() || field.length == 0 {
        return true;
    }
    let length = field.length;
    match element.data_type {
        Some(DataType::Unsigned8 | DataType::Unsigned16 | DataType::Unsigned32 | DataType::Unsigned64) => length <= 8,
        Some(DataType::Signed8 | DataType::Signed16 | DataType::Signed32 | DataType::Signed64) => length <= 8,
        Some(DataType::Float32 | DataType::Float64) => matches!(length, 4 | 8),
        Some(DataType::Boolean) => length == 1,
        Some(DataType::MacAddress) => length == 6,
        Some(DataType::Ipv4Address) => length == 4,
        Some(DataType::Ipv6Address) => length == 16,
        Some(DataType::DateTimeSeconds) => length == 4,
        Some(DataType::DateTimeMilliseconds | DataType::DateTimeMicroseconds | DataType::DateTimeNanoseconds) => length == 8,
        _ => true,
    }
}
