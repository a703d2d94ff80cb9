//! The profiles that the program carries.

use std::sync::{Arc, LazyLock};

use crate::element::Elements;

use super::profile::Profile;
use super::profile_file::read_profile;

macro_rules! files {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("profiles/", $name, ".toml")))),*] };
}

/// The default comes first, the others by name.
const FILES: [(&str, &str); 11] = files! {
    "strm" "akvorado" "firepower" "goflow2" "kentik" "netflow-logic" "nfdump" "qradar" "secure-workload" "silk" "solarwinds"
};

/// All of them, the default first.
pub fn profiles() -> &'static [Arc<Profile>] {
    static ALL: LazyLock<Vec<Arc<Profile>>> = LazyLock::new(|| FILES.iter().filter_map(|(name, text)| read(name, text)).collect());
    &ALL
}

/// The profile of that name.
pub fn profile(name: &str) -> Option<Arc<Profile>> {
    // Reading one file is quick; the overview needs no more than its own.
    FILES.iter().find(|(own, _)| *own == name).and_then(|(name, text)| read(name, text))
}

fn read(name: &str, text: &str) -> Option<Arc<Profile>> {
    read_profile(text, name, &Elements::default()).ok().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_can_be_read() {
        for (name, text) in FILES {
            let profile = read_profile(text, name, &Elements::default()).unwrap();
            assert_eq!(profile.name, name);
            assert!(!profile.source.document.is_empty(), "{name}");
        }
        assert_eq!(profiles().len(), FILES.len());
        assert_eq!(profiles()[0].name, "strm");
        assert!(profile("qradar").is_some() && profile("nobody").is_none());
    }
}
