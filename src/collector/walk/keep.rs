//! From run to run: beginning with what an earlier one knew, and giving out what this one knows.

use super::*;
use crate::collector::{KeepError, Kept, KeptFacts};

impl Collector {
    /// Begins with what an earlier run knew; to be called before the first datagram. Its templates are valid until their session sends others;
    /// what this run's options data tells comes before what was kept.
    ///
    /// # Errors
    /// It breaks a bound. The collector is of no use then.
    pub fn keep(&mut self, kept: &Kept) -> Result<(), KeepError> {
        self.store.keep(&kept.templates).map_err(|(kept, refusal)| KeepError::Template { id: kept.template.id, key: kept.key, refusal })?;
        for template in kept.templates.iter().map(|k| &k.template).filter(|t| t.kind == Kind::Options) {
            self.met.options_template(template);
        }
        for facts in &kept.facts {
            if let Some(boot) = facts.boot {
                self.facts.keep(facts.key, boot);
            }
            self.announced.keep(facts.key, &facts.directory);
        }
        if !kept.elements.is_empty() {
            let elements = Arc::make_mut(&mut self.elements);
            for described in &kept.elements {
                // What contradicts the registries loses, as it does when an exporter tells it.
                if elements.take(described.clone()) == Told::TooMany {
                    return Err(KeepError::Elements);
                }
            }
        }
        Ok(())
    }

    /// What this run knows now: the templates that are valid, and what options data told, what earlier runs knew included.
    pub fn kept(&self) -> Kept {
        let mut directories = self.announced.told();
        let mut facts: Vec<KeptFacts> = self
            .facts
            .told()
            .map(|(key, boot)| KeptFacts { key, boot: Some(boot), directory: directories.remove(&key).unwrap_or_default() })
            .collect();
        facts.extend(directories.into_iter().map(|(key, directory)| KeptFacts { key, boot: None, directory }));
        facts.retain(|f| f.key.exporter.known_addr().is_some());
        facts.sort_by_key(|f| f.key);
        Kept { templates: self.store.valid(), facts, elements: self.elements.told() }
    }
}
