//! Data Sets: found their template, joined with what is known, handed on; or held until their template comes.

use super::*;

impl Collector {
    pub(super) fn data_set(&mut self, at: At<'_>, set: &Set<'_>, tally: &mut Tally, emit: &mut dyn FnMut(Work)) {
        self.census.data_sets += 1;
        let Some(lookup) = self.store.lookup(at.key, set.id) else {
            tally.unknown = true;
            let held = HeldSet { key: at.key, id: set.id, time: at.seen.time, body: Vec::new(), what: at.context };
            // Those that wait may still find their template; what is known of them until then is that they have none.
            self.octets.add(OctetClass::NoTemplate, set.body.len());
            if self.options.hold {
                for dropped in self.pending.hold(HeldSet { body: set.body.to_vec(), ..held }) {
                    self.without_template(&dropped, dropped.body.len(), None, causes::HELD_TOO_LONG);
                }
            } else {
                self.without_template(&held, set.body.len(), Some(set.offset), causes::NO_TEMPLATE);
            }
            return;
        };
        let start = at.datagram.start + set.body_offset() as u32;
        let whole = set.body.len() == set.declared;
        let (flows, options) = self.decode(at.context, at.key, lookup, set.id, set.body, at.buffer, start, Some(set.offset), whole, emit);
        tally.flows = tally.flows.saturating_add(flows);
        tally.options = tally.options.saturating_add(options);
    }

    /// Hands the records of a Set on, or reads them if they are options; says how many flows and options records there are.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn decode(
        &mut self,
        context: Context,
        key: DomainKey,
        lookup: Lookup,
        id: u16,
        body: &[u8],
        buffer: &Arc<Vec<u8>>,
        start: u32,
        offset: Option<usize>,
        whole: bool,
        emit: &mut dyn FnMut(Work),
    ) -> (u32, u32) {
        let source = self.source_of(&context);
        let context = Context { source, ..context };
        let here = Place { origin: context.origin, exporter: Some(context.exporter.addr), domain: context.domain, offset };
        let Some(compiled) = self.plan_of(lookup.definition, context.version) else {
            self.octets.miss(OctetClass::Refused, here, body.len());
            return (0, 0);
        };
        let extent = compiled.plan.layout.extent(body);
        let seen = Seen { time: context.received.unwrap_or(context.export_time), origin: context.origin };
        self.census.data_sets_decoded += 1;
        self.store.used(lookup, u64::from(extent.records), seen);
        self.octets.add(if compiled.options { OctetClass::Options } else { OctetClass::Flow }, extent.octets as usize);
        if lookup.kept
            && let Some(source) = self.census.sources.get_mut(source as usize)
        {
            source.sets_by_kept_template += 1;
        }
        match lookup.found {
            Found::Exact => {}
            Found::Later => self.problem(causes::BEFORE_TEMPLATE, here, None, || format!("Set {id} comes before its template")),
            Found::Elsewhere => self.problem(causes::FROM_ELSEWHERE, here, None, || {
                format!("Set {id} from port {} has no template of its own", context.exporter.port)
            }),
        }
        let rest = body.get(extent.octets as usize..).unwrap_or(&[]);
        let behind = Place { offset: offset.map(|o| o + SET_HEADER + extent.octets as usize), ..here };
        if !whole {
            // What the capture cut off was told already, and is not the exporter's doing.
            self.octets.miss(OctetClass::Truncated, behind, rest.len());
        } else if extent.cut {
            self.octets.miss(OctetClass::Refused, behind, rest.len());
            self.problem(causes::RECORD_CUT, here, Some(source), || {
                format!("Set {id}: a record after {} whole ones goes beyond the last {} octets", extent.records, rest.len())
            });
        } else {
            self.octets.padding(rest, behind);
            if rest.len() > MOST_PADDING && rest.iter().any(|b| *b != 0) {
                self.problem(causes::LEFTOVER, here, None, || format!("Set {id}: {} octets after {} records", rest.len(), extent.records));
            }
        }
        let has_lists = !compiled.plan.lists.is_empty();
        let lists = has_lists.then(|| self.check_lists(&compiled.plan, body, key, &context, here));
        if compiled.options {
            self.learn_facts(key, &compiled, body, Some(source));
            if let Some(types) = compiled.types {
                self.learn_types(types, &compiled.plan, body, Some(here));
            }
            if let Some(source) = self.census.sources.get_mut(source as usize) {
                source.options_records += u64::from(extent.records);
            }
            if self.options.records == Records::Options && extent.records > 0 {
                let layout = self.layout(source, LayoutKind::Template(lookup.definition));
                let context = Context { layout, template_id: Some(id), ..context };
                self.emit_options(lookup.definition, lists, buffer, start, extent, context, emit);
            }
            return (0, extent.records);
        }
        let boot = if compiled.needs_boot { self.facts.boot(key) } else { None };
        if compiled.needs_boot && boot.is_none() {
            self.problem(causes::UPTIME_WITHOUT_BOOT, here, None, || format!("template {id} has 21 or 22, and no record tells 160"));
        }
        if !compiled.ntp_fields.is_empty() && !self.ntp_seen.contains(&lookup.definition) {
            self.note_ntp(lookup.definition, &compiled, body, &context, here);
        }
        if let (Some(field), Some(clock)) = (compiled.last_switched, context.clock) {
            self.note_stamp(lookup.definition, &compiled, field, body, clock.uptime_ms(), source, here);
        }
        let layout = self.layout(source, LayoutKind::Template(lookup.definition));
        self.add_flows(source, u64::from(extent.records));
        self.census.active(layout, u64::from(extent.records), seen);
        let context = Context { layout, template_id: Some(id), boot, ..context };
        let known = self.announced.known(key);
        if compiled.tells_rate || compiled.sampler_field.is_some() {
            self.note_sampler(&compiled, source, known.as_deref(), body);
        } else if known.as_ref().is_some_and(|k| k.only_rate.is_some() && k.rate_of_all(Some(id)).is_none())
            && let Some(source) = self.census.sources.get_mut(source as usize)
        {
            source.sampling.only_rate = true;
        }
        self.work.beside(known, None);
        self.push(compiled.plan, lists, buffer, start, extent.octets, extent.records as usize, context, emit);
        (extent.records, 0)
    }

    /// Looks at the NTP times of a template's first record that has some.
    fn note_ntp(&mut self, definition: DefinitionId, plan: &Plan, body: &[u8], context: &Context, here: Place) {
        let Some(seen) = plan.ntp_fields.look(&plan.plan.layout, body, context.export_time) else { return };
        self.ntp_seen.insert(definition);
        if let Some(plain) = seen {
            self.problem(causes::PLAIN_EPOCH, here, Some(context.source), || plain.to_string());
        }
    }

    /// Notes stamps that count seconds where the header counts milliseconds.
    #[allow(clippy::too_many_arguments)]
    fn note_stamp(&mut self, definition: DefinitionId, plan: &Plan, field: usize, body: &[u8], uptime: u32, source: u32, here: Place) {
        let unit = self.stamp_units.entry(definition).or_default();
        if let Some(StampInSeconds { last, uptime }) = unit.step(&plan.plan.layout, field, body, uptime) {
            self.problem(causes::STAMPS_SECONDS, here, Some(source), || {
                let (as_millis, as_seconds) = (uptime.abs_diff(last) / 1000, i64::from(uptime) / 1000 - i64::from(last));
                format!(
                    "LAST_SWITCHED {last} at an up-time of {uptime}: {as_millis} s before it as milliseconds, {as_seconds} s as seconds"
                )
            });
        }
    }

    /// Notes which sampler a Set's first record names, and whether its rate is known: the overview says where none is.
    pub(super) fn note_sampler(&mut self, plan: &Plan, source: u32, known: Option<&Known>, body: &[u8]) {
        let Some(source) = self.census.sources.get_mut(source as usize) else { return };
        source.sampling.in_records |= plan.tells_rate;
        let Some(field) = plan.sampler_field else { return };
        let mut cells = Vec::new();
        if plan.plan.layout.fields(body, 0, &mut cells).is_none() {
            return;
        }
        let cell = cells.get(field).and_then(|(start, length)| body.get(*start as usize..(*start + *length) as usize));
        // 0 is what flows have that no sampler has seen.
        if let Some(sampler) = cell.and_then(unsigned_of).filter(|id| *id != 0) {
            source.sampling.names(sampler, known.is_some_and(|k| k.rate_of(Sampled::Sampler(sampler)).is_some()));
        }
    }

    /// Gives out an options Set, to be decoded into columns of its own.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn emit_options(
        &mut self,
        definition: DefinitionId,
        lists: Option<Arc<ListTemplates>>,
        buffer: &Arc<Vec<u8>>,
        start: u32,
        extent: plan::Extent,
        context: Context,
        emit: &mut dyn FnMut(Work),
    ) {
        if !self.plans.options.contains_key(&definition) {
            let Some(template) = self.store.definition(definition).map(|d| Arc::clone(&d.template)) else { return };
            let schema = Arc::new(plan::record_schema(context.version, &template.fields, &self.elements));
            let Some(plan) = plan::compile(context.version, &template.fields, &schema, &self.elements) else { return };
            self.plans.options.insert(definition, (schema, Arc::new(plan)));
        }
        let Some((schema, plan)) = self.plans.options.get(&definition) else { return };
        let mut work = Work::new(Arc::clone(schema));
        let octets = work.buffer(buffer);
        work.push(Arc::clone(plan), octets, start, extent.octets, extent.records as usize, context);
        if let Some(lists) = lists {
            work.with_lists(lists);
        }
        emit(work);
    }

    /// Looks through the lists of a Set, tells their faults, and gives the templates that they name.
    pub(super) fn check_lists(
        &mut self,
        plan: &RecordPlan,
        body: &[u8],
        key: DomainKey,
        context: &Context,
        here: Place,
    ) -> Arc<ListTemplates> {
        let mut faults = Vec::new();
        let (store, elements, depth) = (&self.store, &self.elements, self.options.nesting);
        let templates = self.lists.check(plan, body, key, context, store, elements, depth, &mut |fault, row| faults.push((fault, row)));
        for (definition, lists) in self.lists.take_uses() {
            self.store.named_in_lists(definition, lists);
        }
        for (fault, row) in faults {
            let (cause, what) = of_fault(fault);
            self.problem(cause, here, Some(context.source), || format!("record {} of the Set: {what}", row + 1));
        }
        templates
    }

    /// Decodes the held Sets that a new template makes readable.
    pub(super) fn release(&mut self, key: DomainKey, id: u16, emit: &mut dyn FnMut(Work)) {
        let store = &self.store;
        for set in self.pending.release(key.exporter.addr, key.version, id, |key| store.lookup(key, id).is_some()) {
            let Some(lookup) = self.store.lookup(set.key, id) else { continue };
            let buffer = Arc::new(set.body);
            let in_hand = self.octets.reopen(buffer.len());
            // It came before its template, as in a file that is read twice.
            let lookup = Lookup { found: Found::Later, ..lookup };
            self.decode(set.what, set.key, lookup, id, &buffer, &buffer, 0, None, true, emit);
            self.octets.resume(in_hand);
        }
    }

    /// The wider rules by which a Set would have a template, and who sent that one.
    fn other_scopes(&self, key: DomainKey, id: u16) -> Vec<(ScopeRule, DomainKey)> {
        let sender = |rule| Some(self.store.definition(self.store.lookup_by(rule, key, id)?.definition)?.key);
        let wider = [ScopeRule::Address, ScopeRule::AnyDomain].into_iter().filter(|rule| *rule > self.store.rule());
        wider.filter_map(|rule| Some((rule, sender(rule)?))).collect()
    }

    pub(super) fn without_template(&mut self, set: &HeldSet<Context>, octets: usize, offset: Option<usize>, cause: Cause) {
        self.census.data_sets_without_template += 1;
        let elsewhere = self.other_scopes(set.key, set.id);
        let number = self.source_of(&set.what);
        if let Some(source) = self.census.sources.get_mut(number as usize) {
            source.sets_without_template += 1;
            let room = self.uncovered_ids < MOST_UNCOVERED_IDS;
            let new = source.uncovered(set.id, octets, Seen { time: set.time, origin: set.what.origin }, room);
            self.uncovered_ids += usize::from(new);
            for (rule, sender) in elsewhere {
                source.other_scopes.entry(rule).or_default().add(set.key, sender);
            }
        }
        let here = Place { origin: set.what.origin, exporter: Some(set.what.exporter.addr), domain: set.what.domain, offset };
        let id = set.id;
        self.octets.note(OctetClass::NoTemplate, here, octets);
        let withdrawn = self.store.was_withdrawn(set.key, id);
        let cause = if withdrawn { causes::AFTER_WITHDRAWAL } else { cause };
        self.problem(cause, here, Some(number), || format!("Set {id}: no template {id} from this exporter and domain"));
    }
}
