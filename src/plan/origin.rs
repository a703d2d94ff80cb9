//! Which elements fill a column, and in which unit it counts: what the metadata of files says of it.

use super::canonical::Canonical as C;
use super::schema::{ColumnSpec, Kind, Source, repeated};
use crate::element::{ElementId, Elements};

/// The elements that fill a column, the first that a template has before the others; none for what a message's header says, and for a
/// column of which no more is known than its name.
pub fn column_elements(column: &ColumnSpec, elements: &Elements) -> Vec<ElementId> {
    match column.source {
        Source::Canonical(canonical) => {
            let (iana, others) = canonical_elements(canonical);
            iana.iter().map(|id| ElementId::iana(*id)).chain(others.iter().copied()).collect()
        }
        Source::Field => field_element(&column.name, elements).into_iter().collect(),
    }
}

/// The unit of a column's numbers: that of its element in the registry, for canonical columns that of what they count. Times, addresses
/// and texts have none.
pub fn column_unit(column: &ColumnSpec, elements: &Elements) -> Option<&'static str> {
    match column.source {
        Source::Canonical(canonical) => match canonical {
            C::Bytes | C::BytesOut | C::BytesReverse => Some("octets"),
            C::Packets | C::PacketsOut | C::PacketsReverse | C::SamplingInterval => Some("packets"),
            C::DurationMs => Some("milliseconds"),
            C::SrcMask | C::DstMask => Some("bits"),
            _ => None,
        },
        Source::Field if matches!(column.kind, Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 | Kind::I64 | Kind::F64) => {
            let id = field_element(&column.name, elements)?;
            elements.element(id).map(|e| e.units).filter(|units| !units.is_empty())
        }
        Source::Field => None,
    }
}

/// The element of a field's column: by its name, by its numbers (`ie_513`, `pen_35632_57590`), and of a repeated one (`name_2`) too.
fn field_element(name: &str, elements: &Elements) -> Option<ElementId> {
    by_numbers(name).or_else(|| elements.by_name(name).map(|e| e.id)).or_else(|| elements.by_name(repeated(name)?.0).map(|e| e.id))
}

fn by_numbers(name: &str) -> Option<ElementId> {
    let mut parts = name.split('_');
    match (parts.next()?, parts.next()?) {
        ("ie", id) => Some(ElementId::iana(id.parse().ok()?)),
        ("pen", pen) => Some(ElementId::enterprise(pen.parse().ok()?, parts.next()?.parse().ok()?)),
        _ => None,
    }
}

/// IANA's elements of a canonical column, and those of others.
fn canonical_elements(column: C) -> (&'static [u16], &'static [ElementId]) {
    const REVERSE_BYTES: &[ElementId] = &[ElementId::reverse(1), ElementId::reverse(85)];
    const REVERSE_PACKETS: &[ElementId] = &[ElementId::reverse(2), ElementId::reverse(86)];
    // Cisco's own elements of NSEL, which early versions of the ASA send.
    const NAT_SRC_ADDR: &[ElementId] = &[ElementId::enterprise(9, 7233)];
    const NAT_DST_ADDR: &[ElementId] = &[ElementId::enterprise(9, 7234)];
    const NAT_SRC_PORT: &[ElementId] = &[ElementId::enterprise(9, 7235)];
    const NAT_DST_PORT: &[ElementId] = &[ElementId::enterprise(9, 7236)];
    match column {
        C::Received | C::Exporter | C::ObservationDomain | C::NdeVersion | C::TemplateId => (&[], &[]),
        C::FlowStart => (&[156, 154, 152, 150, 158, 22, 323, 322, 324, 325], &[]),
        C::FlowEnd => (&[157, 155, 153, 151, 159, 21, 161, 162, 323, 322, 324, 325], &[]),
        C::DurationMs => (&[], &[]),
        C::SrcAddr => (&[8, 27], &[]),
        C::DstAddr => (&[12, 28], &[]),
        C::SrcPort => (&[7, 182, 180], &[]),
        C::DstPort => (&[11, 183, 181], &[]),
        C::Protocol => (&[4], &[]),
        C::TcpFlags => (&[6], &[]),
        C::Bytes => (&[1, 231, 85, 23], &[]),
        C::Packets => (&[2, 298, 86, 24], &[]),
        C::BytesOut => (&[23], &[]),
        C::PacketsOut => (&[24], &[]),
        C::BytesReverse => (&[232], REVERSE_BYTES),
        C::PacketsReverse => (&[299], REVERSE_PACKETS),
        C::IcmpType => (&[176, 178, 32, 139, 11], &[]),
        C::IcmpCode => (&[177, 179, 32, 139, 11], &[]),
        C::Tos => (&[5, 195], &[]),
        C::InIf => (&[10, 252], &[]),
        C::OutIf => (&[14, 253], &[]),
        C::Direction => (&[61], &[]),
        C::NextHop => (&[15, 62], &[]),
        C::SrcAs => (&[16], &[]),
        C::DstAs => (&[17], &[]),
        C::SrcMask => (&[9, 29], &[]),
        C::DstMask => (&[13, 30], &[]),
        C::SrcMac => (&[56, 81], &[]),
        C::DstMac => (&[80, 57], &[]),
        C::SrcVlan => (&[58, 243], &[]),
        C::DstVlan => (&[59, 254], &[]),
        C::VrfIn => (&[234], &[]),
        C::VrfOut => (&[235], &[]),
        C::NatSrcAddr => (&[225, 281], NAT_SRC_ADDR),
        C::NatDstAddr => (&[226, 282], NAT_DST_ADDR),
        C::NatSrcPort => (&[227], NAT_SRC_PORT),
        C::NatDstPort => (&[228], NAT_DST_PORT),
        C::FlowEndReason => (&[136], &[]),
        C::ForwardingStatus => (&[89], &[]),
        C::Application => (&[96, 95], &[]),
        C::SamplingInterval => (&[34, 50, 305, 306, 309, 310, 307, 308, 311], &[]),
        C::InIfName => (&[82, 83], &[]),
        C::OutIfName => (&[82, 83], &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SchemaBuilder;

    fn told(name: &str) -> (Vec<String>, Option<&'static str>) {
        let mut builder = SchemaBuilder::default();
        builder.named(name).unwrap();
        let schema = builder.build();
        let elements = Elements::default();
        let column = &schema.columns()[0];
        (column_elements(column, &elements).iter().map(ToString::to_string).collect(), column_unit(column, &elements))
    }

    #[test]
    fn elements_and_units() {
        let told = |name| {
            let (elements, unit) = told(name);
            (elements.join(" "), unit)
        };
        assert_eq!(told("bytes"), ("1 231 85 23".to_owned(), Some("octets")));
        assert_eq!(told("bytes_reverse"), ("232 29305/1 29305/85".to_owned(), Some("octets")));
        assert_eq!(told("flow_start").1, None);
        assert_eq!(told("duration_ms"), (String::new(), Some("milliseconds")));
        assert_eq!(told("exporter"), (String::new(), None));
        assert_eq!(told("packetDeltaCount"), ("2".to_owned(), Some("packets")));
        assert_eq!(told("packetDeltaCount_2"), ("2".to_owned(), Some("packets")));
        assert_eq!(told("flowStartMilliseconds"), ("152".to_owned(), None));
        assert_eq!(told("pen_35632_57590"), ("35632/57590".to_owned(), None));
        assert_eq!(told("ie_60513"), ("60513".to_owned(), None));
    }
}
