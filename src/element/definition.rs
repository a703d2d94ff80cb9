//! What is known of one element, and the numbers and names it goes by.

use std::fmt;

use super::DataType;

/// The numbers of an element: private enterprise number, 0 for IANA's own, and element number.
///
/// A NetFlow v9 field type without an enterprise number of its own keeps its number under PEN 0; IPFIX can't carry one
/// above 32767 there, since that bit announces an enterprise number (RFC 7011 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId {
    /// Private enterprise number; 0 is IANA.
    pub pen: u32,
    /// Element number.
    pub id: u16,
}

impl ElementId {
    /// The enterprise number under which an IANA element counts the other direction (RFC 5103 §6.1).
    pub const REVERSE_PEN: u32 = 29305;

    /// An element of IANA's.
    pub const fn iana(id: u16) -> Self {
        Self { pen: 0, id }
    }

    /// An element of a vendor's.
    pub const fn enterprise(pen: u32, id: u16) -> Self {
        Self { pen, id }
    }

    /// The reverse of an IANA element.
    pub const fn reverse(id: u16) -> Self {
        Self { pen: Self::REVERSE_PEN, id }
    }
}

impl fmt::Display for ElementId {
    /// `8`, or `9/12235` with an enterprise number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pen {
            0 => f.pad(&self.id.to_string()),
            pen => f.pad(&format!("{pen}/{}", self.id)),
        }
    }
}

/// Whether an element is still meant to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// In use, or its registry does not say.
    Current,
    /// Replaced by another element.
    Deprecated,
    /// Withdrawn by its vendor.
    Obsolete,
}

/// One Information Element, as a registry describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its numbers.
    pub id: ElementId,
    /// Its name in its registry; other registries may use the same one.
    pub name: &'static str,
    /// The name of its column: of `[A-Za-z0-9_]`, and no other element's even where case is ignored.
    pub column: String,
    /// Its abstract data type; `None` where no source establishes it.
    pub data_type: Option<DataType>,
    /// Its semantics as registered (RFC 7012 §3.2), such as `deltaCounter`; empty where not stated.
    pub semantics: &'static str,
    /// Its units as registered, such as `octets`; empty where it has none.
    pub units: &'static str,
    /// Whether it is still meant to be used.
    pub status: Status,
    /// Whether it has a reverse element: RFC 5103 §6.1 for IANA's, CERT's own list for CERT's.
    pub reversible: bool,
    /// Its name in NetFlow v9 documents.
    pub v9_name: Option<&'static str>,
    /// Who defined it; `None` for IANA's.
    pub vendor: Option<&'static str>,
    /// What it says, in a line; empty where no more is known than the name.
    pub description: &'static str,
}

/// The column's name of an element that no registry knows: `ie_513`, `pen_35632_57590`.
///
/// It holds the numbers alone, whether or not a registry knows them: for a NetFlow v9 number which a vendor uses for
/// something else, the registered name would be wrong. An element that is known has its name in [`Element::column`].
pub fn column_name(id: ElementId) -> String {
    match id.pen {
        0 => format!("ie_{}", id.id),
        pen => format!("pen_{pen}_{}", id.id),
    }
}

/// A name as a column can have it: what is not of `[A-Za-z0-9_]` becomes `_`.
pub(super) fn safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// The column's name of a vendor's element: the vendor's short name first, once.
pub(super) fn vendor_column(slug: &str, name: &str) -> String {
    let name = safe(name);
    match name.strip_prefix(slug) {
        Some(rest) if rest.starts_with('_') => name,
        _ => format!("{slug}_{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_as_people_write_them() {
        assert_eq!(ElementId::iana(8).to_string(), "8");
        assert_eq!(ElementId::enterprise(9, 12235).to_string(), "9/12235");
        assert_eq!(format!("{:>9}|", ElementId::reverse(1)), "  29305/1|");
    }

    #[test]
    fn unknown_elements_have_columns_too() {
        assert_eq!(column_name(ElementId::iana(513)), "ie_513");
        assert_eq!(column_name(ElementId::enterprise(35632, 57590)), "pen_35632_57590");
        assert_eq!(column_name(ElementId::iana(8)), "ie_8");
    }

    #[test]
    fn vendor_columns_are_safe_and_name_the_vendor_once() {
        assert_eq!(vendor_column("paloalto", "APP-ID"), "paloalto_APP_ID");
        assert_eq!(vendor_column("streamcore", "streamcore_wan_rtt"), "streamcore_wan_rtt");
        assert_eq!(vendor_column("versa", "versaAppID"), "versa_versaAppID");
    }
}
