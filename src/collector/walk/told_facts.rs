//! What options records tell of an exporter: its boot, names and rates, and elements of its own.

use super::*;

impl Collector {
    /// Reads what an options Set tells that flows need. Without `source` it is the first pass.
    pub(super) fn learn_facts(&mut self, key: DomainKey, plan: &Plan, body: &[u8], source: Option<u32>) {
        let (layout, keep_first) = (&plan.plan.layout, source.is_none());
        if let Some(field) = plan.boot_field {
            self.facts.learn(key, layout, field, body, keep_first);
        }
        if let Some(announcement) = &plan.announcement {
            let mut source = source.and_then(|s| self.census.sources.get_mut(s as usize));
            self.announced.learn(key, announcement, layout, body, keep_first, |what, rate| {
                if let Some(source) = &mut source {
                    source.sampling.tell(what, rate);
                }
            });
        }
    }

    /// Takes what an exporter tells of its elements; without a place nothing is counted.
    pub(super) fn learn_types(&mut self, types: TypeFields, plan: &RecordPlan, body: &[u8], here: Option<Place>) {
        let mut records = Vec::new();
        types.read(&plan.layout, body, |record| records.push(record));
        let mut news = false;
        for record in records {
            let told = Arc::make_mut(&mut self.elements).tell(&record);
            news |= told == Told::New;
            let Some(here) = here else { continue };
            match told {
                Told::New | Told::Known => {}
                Told::OtherName(what) => self.problem(causes::ELEMENT_NAME, here, None, || what),
                Told::OtherType(what) => self.problem(causes::ELEMENT_TYPE, here, None, || what),
                Told::TooMany => {
                    self.problem(causes::ELEMENT_LIMIT, here, None, || format!("element {} was not taken", told::numbers(&record)));
                }
            }
        }
        if news {
            self.plans = Plans::default();
            self.lists.clear();
        }
    }
}
