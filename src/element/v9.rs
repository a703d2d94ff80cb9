//! NetFlow v9 field types (RFC 3954 §8): IANA's numbers, and those that vendors took without an enterprise number.
//!
//! v9 has no enterprise bit: all 16 bits are the number. Some vendors map their IPFIX elements to numbers above 32767 by a rule of
//! their own; a few use low numbers for something else than IANA does. `v9-private.csv` lists both.

use std::sync::LazyLock;

use serde::Deserialize;

use super::definition::vendor_column;
use super::embedded::{data_type, rows, stated};
use super::{Element, ElementId, Status, registry};

static PRIVATE: LazyLock<Vec<Private>> = LazyLock::new(|| {
    let rows: Vec<Row> = rows(include_str!("v9-private.csv"));
    let mut private: Vec<Private> = rows.iter().map(Row::private).collect();
    private.sort_by_key(|p| (p.number, p.evidence));
    private
});

/// The last number that can be an IPFIX element without an enterprise number.
const LAST_IANA: u16 = 0x7fff;

/// The element of a NetFlow v9 field type that comes in this length.
///
/// The number means what IANA says, except in a length in which only a vendor's other use of it was seen (43 in 2 octets is no
/// address). A private number means what its one vendor says; where several use it, those whose lengths or type fit, a listed
/// number before one that follows from a rule; if they still disagree, or the meaning is not known, `None`: unknown is better
/// than wrong. The element has its IPFIX numbers where it has any (45003 is 9/12235), else PEN 0 and the v9 number.
pub fn v9_element(number: u16, length: u16) -> Option<&'static Element> {
    let candidates = candidates(number);
    if number > LAST_IANA {
        return choose(candidates, length);
    }
    match registry::iana(number) {
        Some(_) if candidates.iter().any(|p| p.lengths.contains(&length)) => choose_fitting(candidates, length),
        Some(element) => Some(element),
        None => choose_fitting(candidates, length),
    }
}

/// The NetFlow v9 name of a field type, whatever its length: `IN_BYTES`, `NF_F_INGRESS_ACL_ID`.
pub fn v9_name(number: u16) -> Option<&'static str> {
    if let Some(element) = registry::iana(number) {
        return element.v9_name;
    }
    let element = one_element(candidates(number).iter())?;
    element.v9_name.or((element.id.pen == 0).then_some(element.name))
}

/// The element of a v9 number that has no enterprise number, where IPFIX does not mean anything else by it.
pub(super) fn element(id: ElementId) -> Option<&'static Element> {
    let private = candidates(id.id).iter().find(|p| p.own.is_some())?;
    private.own.as_ref().filter(|_| id.id > LAST_IANA || private.in_ipfix)
}

/// Every element that has no enterprise number.
pub(super) fn all() -> impl Iterator<Item = &'static Element> + Clone {
    PRIVATE.iter().filter_map(|p| p.own.as_ref())
}

/// Every element that some vendor means by a v9 number.
pub(super) fn elements(number: u16) -> impl Iterator<Item = &'static Element> {
    candidates(number).iter().filter_map(Private::element)
}

/// The number of every row.
#[cfg(test)]
pub(super) fn numbers() -> impl Iterator<Item = u16> {
    PRIVATE.iter().map(|p| p.number)
}

fn candidates(number: u16) -> &'static [Private] {
    let start = PRIVATE.partition_point(|p| p.number < number);
    let end = PRIVATE.partition_point(|p| p.number <= number);
    PRIVATE.get(start..end).unwrap_or(&[])
}

/// One candidate is it, whatever the length; several must fit.
fn choose(candidates: &'static [Private], length: u16) -> Option<&'static Element> {
    match candidates {
        [only] => only.element(),
        several => choose_fitting(several, length),
    }
}

fn choose_fitting(candidates: &'static [Private], length: u16) -> Option<&'static Element> {
    let fitting = || candidates.iter().filter(move |p| p.fits(length));
    let best = fitting().map(|p| p.evidence).min()?;
    one_element(fitting().filter(|p| p.evidence == best))
}

/// The element of all these candidates, if they agree on one.
fn one_element(mut candidates: impl Iterator<Item = &'static Private>) -> Option<&'static Element> {
    let first = candidates.next()?.element()?;
    candidates.all(|p| p.element().is_some_and(|e| e.name == first.name)).then_some(first)
}

/// How a v9 number is known; what is listed counts before what follows from a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    Explicit,
    Derived,
}

/// One vendor's use of a v9 number.
struct Private {
    number: u16,
    /// Lengths seen in templates; empty where none was.
    lengths: Vec<u16>,
    /// The same element in IPFIX.
    ipfix: Option<ElementId>,
    /// The element itself, where IPFIX has none; neither where its meaning is not known.
    own: Option<Element>,
    evidence: Evidence,
    /// IPFIX uses the number too.
    in_ipfix: bool,
}

impl Private {
    fn element(&'static self) -> Option<&'static Element> {
        self.own.as_ref().or_else(|| registry::element(self.ipfix?))
    }

    /// Whether the length is one that was seen or, where none was, one that the type takes.
    fn fits(&'static self, length: u16) -> bool {
        if !self.lengths.is_empty() {
            return self.lengths.contains(&length);
        }
        self.element().and_then(|e| e.data_type).is_none_or(|t| t.accepts_length(length))
    }
}

/// A row of `v9-private.csv`.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "elementId")]
    number: u16,
    slug: &'static str,
    vendor: &'static str,
    name: &'static str,
    #[serde(rename = "dataType")]
    data_type: &'static str,
    semantics: &'static str,
    units: &'static str,
    lengths: &'static str,
    pen: Option<u32>,
    #[serde(rename = "ipfixId")]
    ipfix_id: Option<u16>,
    evidence: &'static str,
    #[serde(rename = "inIpfix")]
    in_ipfix: &'static str,
    description: &'static str,
}

impl Row {
    fn private(&self) -> Private {
        Private {
            number: self.number,
            lengths: self.lengths.split('/').filter_map(|n| n.parse().ok()).collect(),
            ipfix: self.pen.zip(self.ipfix_id).map(|(pen, id)| ElementId { pen, id }),
            own: (!self.name.is_empty()).then(|| self.element()),
            evidence: if self.evidence == "explicit" { Evidence::Explicit } else { Evidence::Derived },
            in_ipfix: self.in_ipfix == "yes",
        }
    }

    fn element(&self) -> Element {
        Element {
            id: ElementId::iana(self.number),
            name: self.name,
            column: vendor_column(self.slug, self.name),
            data_type: data_type(self.data_type),
            semantics: self.semantics,
            units: self.units,
            status: Status::Current,
            reversible: false,
            v9_name: None,
            vendor: stated(self.vendor),
            description: self.description,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Row = Row {
        number: 40000,
        slug: "vendor",
        vendor: "Vendor",
        name: "",
        data_type: "",
        semantics: "",
        units: "",
        lengths: "",
        pen: None,
        ipfix_id: None,
        evidence: "explicit",
        in_ipfix: "no",
        description: "",
    };

    /// What several vendors' uses of one number make of a length.
    fn chosen(rows: &[Row], length: u16) -> Option<&'static str> {
        let candidates: Vec<Private> = rows.iter().map(Row::private).collect();
        choose(Vec::leak(candidates), length).map(|e| e.name)
    }

    #[test]
    fn one_candidate_is_it_whatever_the_length() {
        let only = [Row { name: "a", data_type: "unsigned32", lengths: "4", ..ANY }];
        assert_eq!(chosen(&only, 4), Some("a"));
        assert_eq!(chosen(&only, 40), Some("a"));
        assert_eq!(chosen(&[], 4), None);
    }

    #[test]
    fn lengths_and_types_tell_candidates_apart() {
        let rows = [
            Row { name: "counter", data_type: "unsigned32", ..ANY },
            Row { name: "address", data_type: "ipv6Address", lengths: "16", ..ANY },
        ];
        assert_eq!(chosen(&rows, 4), Some("counter"));
        assert_eq!(chosen(&rows, 16), Some("address"));
        assert_eq!(chosen(&rows, 20), None);
    }

    #[test]
    fn what_is_listed_counts_before_what_follows_from_a_rule() {
        let rows = [
            Row { name: "derived", data_type: "unsigned32", evidence: "derived", ..ANY },
            Row { name: "listed", data_type: "unsigned16", ..ANY },
        ];
        assert_eq!(chosen(&rows, 4), Some("listed"));
    }

    #[test]
    fn candidates_that_disagree_are_unknown() {
        let rows = [Row { name: "a", data_type: "unsigned32", ..ANY }, Row { name: "b", data_type: "unsigned32", ..ANY }];
        assert_eq!(chosen(&rows, 4), None);
        let agreeing = [Row { name: "a", slug: "one", ..ANY }, Row { name: "a", slug: "two", ..ANY }];
        assert_eq!(chosen(&agreeing, 4), Some("a"));
    }

    #[test]
    fn an_element_of_ipfix_is_taken_from_its_vendor() {
        let rows = [Row { pen: Some(9), ipfix_id: Some(12235), evidence: "derived", ..ANY }];
        assert_eq!(chosen(&rows, 65535), Some("applicationHttpHost"));
    }
}
