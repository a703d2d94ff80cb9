//! `profiles`: what collectors ask of templates; and which profile a name means.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::audit::{self, Profile};
use crate::element::Elements;
use crate::plan;
use crate::report;

use super::options::ProfilesOptions;
use super::{Ending, Failure, print};

pub(super) fn run(options: &ProfilesOptions) -> Result<Ending, Failure> {
    let list = options.profile.as_ref().map_or(audit::profiles(), std::slice::from_ref);
    let text = match (&options.profile, options.json) {
        (_, true) => report::profiles_json(list),
        (Some(profile), false) => report::profile_text(profile, &options.style),
        (None, false) => report::profiles_text(list, &options.style),
    };
    print(&text)?;
    Ok(Ending::Done)
}

/// The built-in profile of a name, else the one in the file of that name.
pub(super) fn choose(name: &str, elements: &Elements) -> Result<Arc<Profile>, Failure> {
    if let Some(profile) = audit::profile(name) {
        return Ok(profile);
    }
    let is_file = Path::new(name).is_file() || name.ends_with(".toml") || name.contains(std::path::MAIN_SEPARATOR);
    if !is_file {
        let names = || audit::profiles().iter().map(|p| p.name.as_str());
        let near = plan::nearest(name, names()).map(|n| format!("did you mean '{n}'? ")).unwrap_or_default();
        let all = names().collect::<Vec<_>>().join(", ");
        return Err(Failure(format!("no profile is called '{name}'; {near}there are {all}, or name a file that ends in .toml")));
    }
    let text = fs::read_to_string(name).map_err(|e| Failure(format!("{name}: {e}")))?;
    audit::read_profile(&text, name, elements).map(Arc::new).map_err(Failure::of)
}
