//! The elements of IANA and of the vendors, by number, and the reverse elements that follow from them.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

use super::definition::{safe, vendor_column};
use super::embedded::{data_type, rows, stated};
use super::{Element, ElementId, Status, v9};

/// The files of `enterprise/`: the enterprise number, then the short name that begins the columns' names.
macro_rules! enterprise_files {
    ($($pen:literal $slug:literal,)*) => {
        [$(EnterpriseFile {
            pen: $pen,
            slug: $slug,
            text: include_str!(concat!("enterprise/", $pen, "-", $slug, ".csv")),
            elements: OnceLock::new(),
        },)*]
    };
}

static ENTERPRISES: [EnterpriseFile; 30] = enterprise_files! {
    9 "cisco",
    637 "nokia",
    2011 "huawei",
    2636 "juniper",
    3054 "ixia",
    5951 "netscaler",
    6871 "cert",
    6876 "vmware",
    8057 "cesnet",
    9789 "sophos",
    10704 "barracuda",
    12276 "f5",
    12326 "barracuda_misassigned",
    13745 "plixer",
    15397 "procera",
    16982 "masaryk",
    21373 "netfilter",
    23867 "silverpeak",
    26866 "gigamon",
    32622 "cace",
    33610 "boundary",
    35632 "ntop",
    39499 "flowmon",
    41916 "viptela",
    42359 "versa",
    43874 "pmacct",
    45346 "velocloud",
    47729 "niagara",
    56506 "antrea",
    4294967295 "nfdump",
};

static IANA: LazyLock<Vec<Element>> = LazyLock::new(|| {
    let rows: Vec<Row> = rows(include_str!("iana.csv"));
    rows.iter().map(|row| row.element(ElementId::iana(row.id), safe(row.name), None)).collect()
});

static REVERSE: LazyLock<Vec<Element>> = LazyLock::new(|| {
    IANA.iter().filter(|e| e.reversible).map(|e| reverse_of(e, ElementId::reverse(e.id.id), vendor(ElementId::REVERSE_PEN), "")).collect()
});

static VENDORS: LazyLock<HashMap<u32, &'static str>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Row {
        pen: u32,
        vendor: &'static str,
    }
    let rows: Vec<Row> = rows(include_str!("pen.csv"));
    rows.iter().map(|row| (row.pen, row.vendor)).collect()
});

/// CERT's number, whose reverse elements lie under it too.
const CERT_PEN: u32 = 6871;
/// What CERT adds to an element's number for its reverse.
const CERT_REVERSE: u16 = 0x4000;

/// The element of these numbers, as IPFIX uses them.
///
/// Beside IANA's and the vendors' it knows the reverse of IANA's elements (PEN 29305, RFC 5103 §6.1) and of CERT's. Under PEN 0 and
/// above 32767, which IPFIX can't send, lie the NetFlow v9 elements that have no enterprise number; see [`v9_element`](super::v9_element).
pub fn element(id: ElementId) -> Option<&'static Element> {
    match id.pen {
        0 => iana(id.id).or_else(|| v9::element(id)),
        ElementId::REVERSE_PEN => find(&REVERSE, id),
        pen => find(ENTERPRISES.iter().find(|file| file.pen == pen)?.elements(), id),
    }
}

/// An element of IANA's.
pub(super) fn iana(id: u16) -> Option<&'static Element> {
    find(&IANA, ElementId::iana(id))
}

/// The name of the vendor that holds an enterprise number.
pub fn vendor(pen: u32) -> Option<&'static str> {
    VENDORS.get(&pen).copied()
}

/// The short name that begins the columns of a vendor's elements.
pub(super) fn slug(pen: u32) -> Option<&'static str> {
    ENTERPRISES.iter().find(|file| file.pen == pen).map(|file| file.slug)
}

/// The short names of all vendors with a file here.
pub(super) fn slugs() -> impl Iterator<Item = &'static str> {
    ENTERPRISES.iter().map(|file| file.slug)
}

/// Every element that has a number here, IANA's first.
pub(super) fn all() -> impl Iterator<Item = &'static Element> + Clone {
    IANA.iter().chain(REVERSE.iter()).chain(ENTERPRISES.iter().flat_map(|file| file.elements()))
}

fn find(elements: &'static [Element], id: ElementId) -> Option<&'static Element> {
    elements.binary_search_by_key(&id, |e| e.id).ok().and_then(|at| elements.get(at))
}

/// One file of `enterprise/`, read when its first element is asked for.
struct EnterpriseFile {
    pen: u32,
    slug: &'static str,
    text: &'static str,
    elements: OnceLock<Vec<Element>>,
}

impl EnterpriseFile {
    /// The file's elements in the order of their numbers.
    fn elements(&'static self) -> &'static [Element] {
        self.elements.get_or_init(|| {
            let vendor = vendor(self.pen);
            let rows: Vec<Row> = rows(self.text);
            let mut elements: Vec<Element> = rows
                .iter()
                .map(|row| row.element(ElementId::enterprise(self.pen, row.id), vendor_column(self.slug, row.name), vendor))
                .collect();
            if self.pen == CERT_PEN {
                self.add_cert_reverse(&mut elements);
            }
            elements.sort_by_key(|e| e.id);
            distinguish(&mut elements);
            elements
        })
    }

    /// The reverse elements that follow from CERT's rule; those that its registry lists keep what it says of them.
    fn add_cert_reverse(&self, elements: &mut Vec<Element>) {
        let derived: Vec<Element> = elements
            .iter()
            .filter(|e| e.reversible)
            .map(|e| reverse_of(e, ElementId::enterprise(self.pen, e.id.id | CERT_REVERSE), e.vendor, self.slug))
            .filter(|reverse| elements.iter().all(|e| e.id != reverse.id))
            .collect();
        elements.extend(derived);
    }
}

/// Adds the number to the column's name of an element whose vendor used the name before, for a lower number.
fn distinguish(elements: &mut [Element]) {
    let mut taken = std::collections::HashSet::new();
    for element in elements {
        if !taken.insert(element.column.to_ascii_lowercase()) {
            element.column = format!("{}_{}", element.column, element.id.id);
            taken.insert(element.column.to_ascii_lowercase());
        }
    }
}

/// The element that says the same of the other direction: `reverse` and the name (RFC 5103 §6.2), nothing else changed.
fn reverse_of(element: &Element, id: ElementId, vendor: Option<&'static str>, slug: &str) -> Element {
    let mut letters = element.name.chars();
    let capital = letters.next().map(|c| c.to_ascii_uppercase());
    let name: &'static str = String::leak("reverse".chars().chain(capital).chain(letters).collect());
    let column = if slug.is_empty() { safe(name) } else { vendor_column(slug, name) };
    Element { id, name, column, vendor, v9_name: None, reversible: false, ..element.clone() }
}

/// A row of `iana.csv` and of the files in `enterprise/`.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "elementId")]
    id: u16,
    name: &'static str,
    #[serde(rename = "dataType")]
    data_type: &'static str,
    semantics: &'static str,
    units: &'static str,
    status: &'static str,
    reversible: &'static str,
    #[serde(rename = "netflow_v9_name")]
    v9_name: &'static str,
    description: &'static str,
}

impl Row {
    fn element(&self, id: ElementId, column: String, vendor: Option<&'static str>) -> Element {
        Element {
            id,
            name: self.name,
            column,
            data_type: data_type(self.data_type),
            semantics: self.semantics,
            units: self.units,
            status: match self.status {
                "deprecated" => Status::Deprecated,
                "obsolete" => Status::Obsolete,
                _ => Status::Current,
            },
            reversible: self.reversible == "yes",
            v9_name: stated(self.v9_name),
            vendor,
            description: self.description,
        }
    }
}
