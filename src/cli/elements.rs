//! `elements`: Information Elements by number, name or vendor.

use crate::element::search;
use crate::report;

use super::options::ElementsOptions;
use super::{Ending, Failure, print};

pub(super) fn run(options: &ElementsOptions) -> Result<Ending, Failure> {
    let elements = &options.elements;
    let found = search(elements, options.pattern.as_deref());
    if found.is_empty() {
        let pattern = options.pattern.as_deref().unwrap_or_default();
        return Err(Failure(format!("no element has the number '{pattern}', or has it in its name or its vendor's")));
    }
    let json = options.json;
    print(&if json { report::elements_json(&found, elements) } else { report::elements_text(&found, elements, &options.style) })?;
    Ok(Ending::Done)
}
