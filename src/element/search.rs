//! Elements that a person looks for: by number, by name or a part of it, by NetFlow v9 name, by vendor.

use super::{Element, Elements, names, v9};

/// The elements that a pattern means, the exact ones first, then by number; all of them without a pattern.
///
/// A pattern is a number (`8`, `ie_8`, a v9 number such as `45003`), numbers with an enterprise's (`9/12235`, `pen_9_12235`), an
/// enterprise number alone (`9/`), or a part of a name, column, NetFlow v9 name or vendor's name; case is ignored.
pub fn search(elements: &Elements, pattern: Option<&str>) -> Vec<&'static Element> {
    let all = elements.all();
    let Some(pattern) = pattern.map(str::trim).filter(|p| !p.is_empty()) else { return all };
    if let Some(id) = names::written_id(pattern) {
        let mut found: Vec<&'static Element> = all.into_iter().filter(|e| e.id == id).collect();
        // A v9 number can be an element that IPFIX knows by other numbers, one for each vendor that uses it.
        for element in v9::elements(id.id).filter(|_| id.pen == 0) {
            if !found.iter().any(|e| e.id == element.id && e.column == element.column) {
                found.push(element);
            }
        }
        return found;
    }
    if let Some(pen) = pattern.strip_suffix('/').and_then(|p| p.parse::<u32>().ok()) {
        return all.into_iter().filter(|e| e.id.pen == pen).collect();
    }
    let pattern = pattern.to_ascii_lowercase();
    let texts =
        |e: &Element| [Some(e.name), Some(e.column.as_str()), e.v9_name, e.vendor].map(|t| t.unwrap_or_default().to_ascii_lowercase());
    let mut found: Vec<&'static Element> = all.into_iter().filter(|e| texts(e).iter().any(|t| t.contains(&pattern))).collect();
    // The sort is stable: by number among the exact ones, and among the others.
    found.sort_by_key(|e| !texts(e).contains(&pattern));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str) -> Vec<String> {
        search(&Elements::default(), Some(pattern)).iter().map(|e| format!("{} {}", e.id, e.column)).collect()
    }

    #[test]
    fn by_number() {
        assert_eq!(found("8"), ["8 sourceIPv4Address"]);
        assert_eq!(found("ie_1"), ["1 octetDeltaCount"]);
        assert_eq!(found("9/12235"), ["9/12235 cisco_applicationHttpHost"]);
        assert_eq!(found("45003"), ["9/12235 cisco_applicationHttpHost"]);
        assert_eq!(found("65"), ["65 fortinet_FLOW_FLAGS"]);
        assert_eq!(found("29305/1"), ["29305/1 reverseOctetDeltaCount"]);
        assert!(found("999999/1").is_empty());
    }

    #[test]
    fn by_name_exact_ones_first() {
        assert_eq!(found("in_bytes")[0], "1 octetDeltaCount");
        assert_eq!(
            found("basiclist"),
            ["291 basicList", "496 srhSegmentIPv6BasicList", "29305/291 reverseBasicList", "29305/496 reverseSrhSegmentIPv6BasicList"]
        );
        assert_eq!(found("IPNextHopIPv4"), ["15 ipNextHopIPv4Address", "29305/15 reverseIpNextHopIPv4Address"]);
        assert!(found("no such element").is_empty());
    }

    #[test]
    fn by_vendor() {
        assert_eq!(found("2636/"), ["2636/137 juniper_commonPropertiesId"]);
        assert!(found("gigamon").len() >= 67);
        assert!(search(&Elements::default(), None).len() > 3000);
    }
}
