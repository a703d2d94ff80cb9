//! The elements of one run: the built-in registries, and over them what a user's file and the exporters themselves say.
//!
//! A user's file wins over the built-in registries; those win over what exporters tell of their elements (RFC 5610), which so can
//! name and type only what no registry knows, or give a type to an element whose registry has none.
//!
//! What is added stays in memory for the program's life, as the built-in tables do: a file is read once, and what exporters tell is
//! bounded by [`Elements::with_most_told`].

use std::collections::HashMap;

use super::definition::{safe, vendor_column};
use super::{DataType, Element, ElementId, Status, column_name, names, registry, v9, values};

/// informationElementDataType (RFC 5610 §3.1).
const DATA_TYPE: ElementId = ElementId::iana(339);
/// informationElementSemantics (RFC 5610 §3.2).
const SEMANTICS: ElementId = ElementId::iana(344);
/// informationElementUnits (RFC 5610 §3.3).
const UNITS: ElementId = ElementId::iana(345);
/// Letters kept of a name that an exporter tells; the longest registered name has 51.
const MOST_LETTERS: usize = 80;

/// An element as a file or an exporter describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its numbers.
    pub id: ElementId,
    /// Its name; empty where none is given.
    pub name: String,
    /// Its type.
    pub data_type: Option<DataType>,
    /// Its semantics; empty where not stated.
    pub semantics: String,
    /// Its units; empty where it has none.
    pub units: String,
    /// Whether it is still meant to be used.
    pub status: Status,
    /// What it says.
    pub description: String,
}

/// The values of an RFC 5610 record, as sent; `None` where its template lacks the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeRecord {
    /// privateEnterpriseNumber (346); 0 where the record has none.
    pub pen: u32,
    /// informationElementId (303).
    pub id: u16,
    /// informationElementDataType (339).
    pub data_type: Option<u64>,
    /// informationElementSemantics (344).
    pub semantics: Option<u64>,
    /// informationElementUnits (345).
    pub units: Option<u64>,
    /// informationElementName (341).
    pub name: Option<String>,
    /// informationElementDescription (340).
    pub description: Option<String>,
    /// informationElementRangeBegin and End (342, 343): 0 and 0 is no range.
    pub range: Option<(u64, u64)>,
}

/// What became of an exporter's description of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is used from now on.
    New,
    /// It says what is known already.
    Known,
    /// It names a known element otherwise; the known name stays.
    OtherName(String),
    /// It gives a known element another type; the known type stays.
    OtherType(String),
    /// There are as many told elements as may be.
    TooMany,
}

/// The elements of a run.
#[derive(Clone, Debug)]
pub struct Elements {
    user: HashMap<ElementId, &'static Element>,
    told: HashMap<ElementId, &'static Element>,
    /// By column and, where the column has a vendor before it, by name: lower case.
    names: HashMap<String, &'static Element>,
    most_told: usize,
}

impl Default for Elements {
    /// The built-in registries alone, with room for 10,000 elements that exporters tell: libfixbuf tells its 500, so do its kin.
    fn default() -> Self {
        Self { user: HashMap::new(), told: HashMap::new(), names: HashMap::new(), most_told: 10_000 }
    }
}

impl Elements {
    /// The same with another bound on what exporters may tell.
    pub fn with_most_told(mut self, most: usize) -> Self {
        self.most_told = most;
        self
    }

    /// Adds what a user's file says; it wins over everything, and over what an earlier file said.
    pub fn add(&mut self, described: impl IntoIterator<Item = Description>) {
        for description in described {
            let id = description.id;
            let made = self.make(description, None);
            self.user.insert(id, made);
            self.name(made);
        }
    }

    /// Takes what an exporter tells of an element.
    pub fn tell(&mut self, record: &TypeRecord) -> Told {
        self.take(description(record))
    }

    /// Takes what an exporter told an earlier run of an element, as [`Elements::told`] gave it.
    pub fn take(&mut self, described: Description) -> Told {
        let id = described.id;
        if self.user.contains_key(&id) {
            // The user has decided.
            return Told::Known;
        }
        let Some(known) = self.element(id) else {
            if described.name.is_empty() && described.data_type.is_none() {
                return Told::Known;
            }
            return self.keep(described, None);
        };
        let kind = |t: DataType| (t.is_integer(), t.is_signed(), if t.is_integer() { None } else { Some(t) });
        match (known.data_type, described.data_type) {
            (Some(a), Some(b)) if kind(a) != kind(b) => {
                Told::OtherType(format!("{id} {} is {}, and the exporter says {}", known.name, a.name(), b.name()))
            }
            (None, Some(_)) => self.keep(described, Some(known)),
            _ if !described.name.is_empty() && !described.name.eq_ignore_ascii_case(known.name) => {
                Told::OtherName(format!("{id} is {}, and the exporter says {}", known.name, described.name))
            }
            _ => Told::Known,
        }
    }

    /// The element of these numbers, as IPFIX uses them.
    pub fn element(&self, id: ElementId) -> Option<&'static Element> {
        self.added(id).or_else(|| registry::element(id))
    }

    /// The element of a NetFlow v9 field type that comes in this length; see [`v9_element`](super::v9_element).
    pub fn v9_element(&self, number: u16, length: u16) -> Option<&'static Element> {
        if let Some(own) = self.user.get(&ElementId::iana(number)) {
            return Some(own);
        }
        let element = v9::v9_element(number, length)?;
        Some(self.user.get(&element.id).copied().unwrap_or(element))
    }

    /// The element that a user means; see [`by_name`](super::by_name).
    pub fn by_name(&self, name: &str) -> Option<&'static Element> {
        if let Some(id) = names::written_id(name).filter(|id| self.added(*id).is_some()) {
            return self.added(id);
        }
        if let Some(element) = self.names.get(&name.to_ascii_lowercase()) {
            return Some(element);
        }
        let element = names::by_name(name)?;
        Some(self.added(element.id).unwrap_or(element))
    }

    /// Every element, by number; those of NetFlow v9 without a number in IPFIX last.
    pub fn all(&self) -> Vec<&'static Element> {
        let mut list: Vec<&'static Element> = registry::all().filter(|e| self.added(e.id).is_none()).collect();
        list.extend(self.user.values().chain(self.told.iter().filter(|(id, _)| !self.user.contains_key(id)).map(|(_, e)| e)));
        list.sort_by_key(|e| e.id);
        list.extend(v9::all());
        list
    }

    /// The elements that exporters have told, by number.
    pub fn told(&self) -> Vec<Description> {
        let described = |e: &&'static Element| Description {
            id: e.id,
            name: e.name.to_owned(),
            data_type: e.data_type,
            semantics: e.semantics.to_owned(),
            units: e.units.to_owned(),
            status: e.status,
            description: e.description.to_owned(),
        };
        let mut told: Vec<Description> = self.told.values().map(described).collect();
        told.sort_by_key(|d| d.id);
        told
    }

    /// Whether that element comes from a user's file, from an exporter or from a built-in registry.
    pub fn source(&self, element: &Element) -> &'static str {
        let is = |e: Option<&&'static Element>| e.is_some_and(|e| std::ptr::eq(*e, element));
        match () {
            () if is(self.user.get(&element.id)) => "file",
            () if is(self.told.get(&element.id)) => "exporter",
            () => "built-in",
        }
    }

    fn added(&self, id: ElementId) -> Option<&'static Element> {
        self.user.get(&id).or_else(|| self.told.get(&id)).copied()
    }

    fn keep(&mut self, described: Description, known: Option<&'static Element>) -> Told {
        if self.told.len() >= self.most_told {
            return Told::TooMany;
        }
        let id = described.id;
        let made = self.make(described, known);
        self.told.insert(id, made);
        self.name(made);
        Told::New
    }

    fn name(&mut self, element: &'static Element) {
        self.names.insert(element.column.to_ascii_lowercase(), element);
    }

    /// An element of a description; where a registry knows it but not its type, all but the type stays the registry's.
    fn make(&self, described: Description, known: Option<&'static Element>) -> &'static Element {
        let Description { id, name, data_type, semantics, units, status, description } = described;
        if let Some(known) = known {
            return Box::leak(Box::new(Element { data_type, ..known.clone() }));
        }
        let built_in = registry::element(id);
        let column = self.column(id, &name);
        Box::leak(Box::new(Element {
            id,
            name: String::leak(if name.is_empty() { column_name(id) } else { name }),
            column,
            data_type,
            semantics: String::leak(semantics),
            units: String::leak(units),
            status,
            reversible: false,
            v9_name: built_in.and_then(|e| e.v9_name),
            vendor: registry::vendor(id.pen).filter(|_| id.pen != 0),
            description: String::leak(description),
        }))
    }

    /// `name` for IANA's, `vendor_name` or `pen_32473_name`; with the number behind it where another element has that column.
    fn column(&self, id: ElementId, name: &str) -> String {
        if name.is_empty() {
            return column_name(id);
        }
        // Digits alone would be another element's number: pen_32473_200.
        let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name.to_owned() };
        let column = match (id.pen, registry::slug(id.pen)) {
            (0, _) => safe(&name),
            (_, Some(slug)) => vendor_column(slug, &name),
            (pen, None) => format!("pen_{pen}_{}", safe(&name)),
        };
        let taken = self.names.get(&column.to_ascii_lowercase()).copied().or_else(|| names::by_name(&column));
        if taken.is_some_and(|e| e.id != id) { format!("{column}_{}", id.id) } else { column }
    }
}

/// An RFC 5610 record in the words of the registries.
fn description(record: &TypeRecord) -> Description {
    let word = |id, value: Option<u64>| value.and_then(|v| values::value_name(id, v)).unwrap_or_default();
    let text = |t: &Option<String>| t.as_deref().unwrap_or_default().trim().to_owned();
    let mut says = text(&record.description);
    if let Some((begin, end)) = record.range.filter(|r| *r != (0, 0)) {
        says = format!("{says}{}{begin} to {end}", if says.is_empty() { "" } else { "; " });
    }
    let units = word(UNITS, record.units);
    Description {
        id: ElementId { pen: record.pen, id: record.id },
        name: text(&record.name).chars().take(MOST_LETTERS).collect(),
        data_type: word(DATA_TYPE, record.data_type).parse().ok(),
        semantics: word(SEMANTICS, record.semantics).to_owned(),
        units: if units == "none" { String::new() } else { units.to_owned() },
        status: Status::Current,
        description: says,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pen: u32, id: u16, name: &str, data_type: u64) -> TypeRecord {
        TypeRecord { pen, id, name: Some(name.to_owned()), data_type: Some(data_type), ..TypeRecord::default() }
    }

    fn described(pen: u32, id: u16, name: &str, data_type: DataType) -> Description {
        let (semantics, units, description) = (String::new(), String::new(), String::new());
        let id = ElementId { pen, id };
        Description { id, name: name.to_owned(), data_type: Some(data_type), semantics, units, status: Status::Current, description }
    }

    #[test]
    fn what_exporters_tell_is_used_where_no_registry_knows() {
        let mut e = Elements::default();
        assert_eq!(e.tell(&told(32473, 200, "exampleText", 13)), Told::New);
        assert_eq!(e.tell(&told(32473, 200, "exampleText", 13)), Told::Known);
        let text = e.element(ElementId::enterprise(32473, 200)).unwrap();
        assert_eq!((text.column.as_str(), text.data_type), ("pen_32473_exampleText", Some(DataType::String)));
        assert_eq!(e.by_name("PEN_32473_EXAMPLETEXT"), Some(text));
        assert_eq!(e.by_name("pen_32473_200"), Some(text));
        assert_eq!(e.source(text), "exporter");
        // An exporter with a vendor's numbers that the registry lacks: the vendor's short name.
        assert_eq!(e.tell(&told(9, 65_000, "own thing", 4)), Told::New);
        assert_eq!(e.element(ElementId::enterprise(9, 65_000)).unwrap().column, "cisco_own_thing");
    }

    #[test]
    fn a_contradiction_of_the_registry_loses() {
        let mut e = Elements::default();
        assert_eq!(e.tell(&told(0, 8, "sourceIPv4Address", 18)), Told::Known);
        assert!(matches!(e.tell(&told(0, 8, "sourceIPv4Address", 13)), Told::OtherType(_)));
        assert!(matches!(e.tell(&told(0, 8, "where", 18)), Told::OtherName(_)));
        assert_eq!(e.element(ElementId::iana(8)).unwrap().name, "sourceIPv4Address");
    }

    #[test]
    fn a_users_file_wins_over_all() {
        let mut e = Elements::default();
        e.add([described(0, 1, "myOctets", DataType::Unsigned64), described(32473, 200, "mine", DataType::String)]);
        assert_eq!(e.element(ElementId::iana(1)).unwrap().column, "myOctets");
        assert_eq!(e.v9_element(1, 4).unwrap().column, "myOctets");
        assert_eq!(e.by_name("octetDeltaCount").unwrap().column, "myOctets");
        assert_eq!(e.tell(&told(32473, 200, "theirs", 4)), Told::Known);
        assert_eq!(e.element(ElementId::enterprise(32473, 200)).unwrap().column, "pen_32473_mine");
        // A name that another element has gets the number behind it.
        e.add([described(0, 700, "sourceIPv4Address", DataType::String)]);
        assert_eq!(e.element(ElementId::iana(700)).unwrap().column, "sourceIPv4Address_700");
    }

    #[test]
    fn names_from_the_wire_can_not_pose_as_others() {
        let mut e = Elements::default().with_most_told(2);
        assert_eq!(e.tell(&told(32473, 1, "200", 13)), Told::New);
        assert_eq!(e.element(ElementId::enterprise(32473, 1)).unwrap().column, "pen_32473__200");
        assert_eq!(e.tell(&told(32473, 2, "a\u{1b}[31m, \"b\"", 13)), Told::New);
        assert_eq!(e.element(ElementId::enterprise(32473, 2)).unwrap().column, "pen_32473_a__31m___b_");
        assert_eq!(e.tell(&told(32473, 3, "c", 13)), Told::TooMany);
    }
}
