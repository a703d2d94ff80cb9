//! The collector: walks messages, keeps templates, counts everything, and hands Data Sets on with their plans.
//!
//! It touches headers only; the records of flows are read by whoever decodes the [`Work`] it gives out.

mod stored;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::column::{Context, Known, Rate, Sampled, unsigned_of};
use crate::datagram::{Datagram, DatagramBatch, Endpoint, Transport};
use crate::element::{Elements, Told};
use crate::message::{self, Body, Malformed, Message, Set, SetKind, TemplateFamily, TemplateKind, Trust, Version};
use crate::plan::{self, Canonical, ListTemplates, RecordPlan, Schema, Step as PlanStep, TimeForm};
use crate::template::{
    DefinitionId, DomainKey, Found, HeldSet, Kind, Learned, Lookup, Pending, Refusal, Seen, Template, TemplateStore, Withdrawal, Withdrawn,
};
use crate::time::Timestamp;

use super::announced::{Announced, Announcement};
use super::causes;
use super::census::{Census, Layout, LayoutKind, Source, SourceKey, SourceSampling};
use super::facts::Facts;
use super::ledger::{Cause, Ledger, Place, Severity};
use super::lists::{Lists, of_fault};
use super::options::{CollectorOptions, PortFilter, Records};
use super::sequence::{Sequence, SequenceReport, Step};
use super::told::{self, TypeFields};
use super::work::Work;

/// Ports that exporters send to by custom or by IANA's list: what arrives there should be NDE.
const EXPORT_PORTS: [u16; 6] = [2055, 2056, 4739, 9555, 9995, 9996];
/// Ports remembered of one exporter, for the table.
const MOST_PORTS: usize = 100;
/// Octets that follow the last record and still pass as padding to 4 or 8 (RFC 7011 §3.3.1).
const MOST_PADDING: usize = 7;
/// Octets of Sets with lists in a batch: as JSON text they may be some fifty times as long.
const MOST_LIST_OCTETS: usize = 4 << 20;

/// The one decoder's front: see the [module](super).
pub struct Collector {
    options: CollectorOptions,
    store: TemplateStore,
    facts: Facts,
    announced: Announced,
    elements: Arc<Elements>,
    lists: Lists,
    ledger: Ledger,
    census: Census,
    pending: Pending<Context>,
    /// Sessions that have sent NDE: exporter's address and the receiving end.
    trusted: HashSet<(IpAddr, Endpoint)>,
    streams: HashMap<StreamKey, usize>,
    stream_list: Vec<Stream>,
    sources: HashMap<SourceKey, u32>,
    layouts: HashMap<(u32, LayoutKind), u32>,
    plans: Plans,
    work: Work,
    /// Rows given out in batches of the head's schema.
    head_rows: usize,
    lost_noted: bool,
    /// What a first pass has met: fixed records, and ids of Data Sets.
    met: Met,
    /// The shapes of stored flows, by number.
    shapes: Vec<u64>,
    last_stored: Option<stored::Last>,
}

#[derive(Default)]
struct Met {
    fixed: BTreeMap<Version, usize>,
    sets: HashSet<(IpAddr, Version, u16)>,
    last: Option<(IpAddr, Version, u16)>,
    /// True once an options template tells what flows need: boot times, names, rates.
    facts: bool,
    /// True once a header of v5 has a sampling interval.
    header_rates: bool,
    /// True once an options template describes elements.
    types: bool,
}

/// What one sequence of numbers belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StreamKey {
    exporter: Endpoint,
    collector: Endpoint,
    version: Version,
    domain: u32,
}

struct Stream {
    source: u32,
    sequence: Sequence,
    domain_key: DomainKey,
}

/// Compiled layouts for the schema in use.
#[derive(Default)]
struct Plans {
    /// Options templates with the columns of their own.
    options: HashMap<DefinitionId, (Arc<Schema>, Arc<RecordPlan>)>,
    by_definition: Vec<Option<Plan>>,
    fixed: Vec<(Version, usize, Plan)>,
}

#[derive(Clone)]
struct Plan {
    plan: Arc<RecordPlan>,
    options: bool,
    boot_field: Option<usize>,
    types: Option<TypeFields>,
    needs_boot: bool,
    announcement: Option<Arc<Announcement>>,
    /// Where data records name their sampler: 302 or 48.
    sampler_field: Option<usize>,
    /// Whether data records tell their rate themselves.
    tells_rate: bool,
}

impl Plan {
    fn compile(version: Version, template: &Template, schema: &Schema, elements: &Elements) -> Option<Self> {
        let plan = plan::compile(version, &template.fields, schema, elements)?;
        let options = template.kind == Kind::Options;
        let iana = |ids: &[u16]| template.fields.iter().position(|f| f.pen == 0 && f.length != 0 && ids.contains(&f.id));
        let uptime = |s: &PlanStep| matches!(s, PlanStep::Convert { how: plan::Convert::Time(TimeForm::Uptime), .. });
        Some(Self {
            options,
            announcement: options.then(|| Announcement::of(&template.fields)).flatten().map(Arc::new),
            sampler_field: if options { None } else { iana(&[302]).or_else(|| iana(&[48])) },
            tells_rate: !options && iana(&[34, 50, 305, 309]).is_some(),
            boot_field: (template.kind == Kind::Options).then(|| Facts::boot_field(&template.fields)).flatten(),
            types: (template.kind == Kind::Options).then(|| TypeFields::of(&template.fields)).flatten(),
            needs_boot: version == Version::Ipfix && plan.steps.iter().any(uptime),
            plan: Arc::new(plan),
        })
    }
}

/// Where in the input the walk is, and what the message says of all its Sets.
#[derive(Clone, Copy)]
struct At<'a> {
    datagram: &'a Datagram,
    buffer: &'a Arc<Vec<u8>>,
    stream: usize,
    source: u32,
    key: DomainKey,
    context: Context,
    seen: Seen,
}

/// Records of a message, for the sequence accounting.
#[derive(Default)]
struct Tally {
    flows: u32,
    options: u32,
    unknown: bool,
}

impl Collector {
    /// A collector that has seen nothing.
    pub fn new(options: CollectorOptions) -> Self {
        let schema = options.head.as_ref().map_or(&options.schema, |(schema, _)| schema);
        Self {
            store: TemplateStore::new(options.scope, options.limits),
            facts: Facts::default(),
            announced: Announced::default(),
            elements: Arc::clone(&options.elements),
            lists: Lists::default(),
            ledger: Ledger::default(),
            census: Census::default(),
            pending: Pending::new(options.pending),
            trusted: HashSet::new(),
            streams: HashMap::new(),
            stream_list: Vec::new(),
            sources: HashMap::new(),
            layouts: HashMap::new(),
            plans: Plans::default(),
            work: Work::new(Arc::clone(schema)),
            head_rows: 0,
            lost_noted: false,
            met: Met::default(),
            shapes: Vec::new(),
            last_stored: None,
            options,
        }
    }

    /// The first pass over files: learns templates, boot times and which sessions send NDE. Nothing is counted.
    pub fn learn(&mut self, batch: &DatagramBatch) {
        self.learn_stored(batch);
        for datagram in &batch.datagrams {
            if !self.port_wanted(datagram) {
                continue;
            }
            let payload = batch.payload(datagram);
            let Ok(version) = message::recognise(payload, datagram.missing as usize, self.trust(datagram)) else { continue };
            self.trusted.insert((datagram.exporter.addr, datagram.collector));
            if self.met.fixed.contains_key(&version) {
                self.met.header_rates |= version == Version::V5 && message::sampled_v5(payload);
                continue;
            }
            for message in message::messages(payload, datagram.missing as usize).flatten() {
                self.learn_message(datagram, message);
            }
        }
    }

    fn learn_message(&mut self, datagram: &Datagram, message: Message<'_>) {
        let version = message.header.version;
        let sets = match message.body {
            Body::Sets(sets) => sets,
            Body::Records(records) => {
                self.met.header_rates |= message.header.sampling.is_some();
                if records.count > 0 {
                    self.met.fixed.insert(version, records.stride);
                }
                return;
            }
        };
        let key = DomainKey { exporter: datagram.exporter, domain: message.header.domain, version };
        let seen = Seen { time: datagram.time.unwrap_or(message.header.export_time), origin: datagram.origin };
        for set in sets.flatten() {
            match message::kind(version, set.id) {
                SetKind::Data => {
                    let met = (key.exporter.addr, version, set.id);
                    if self.met.last.replace(met) != Some(met) {
                        self.met.sets.insert(met);
                    }
                    if (self.met.facts || self.met.types)
                        && let Some(lookup) = self.store.lookup(key, set.id)
                        && let Some(plan) = self.plan_of(lookup.definition, version)
                    {
                        self.learn_facts(key, &plan, set.body, None);
                        if let Some(types) = plan.types {
                            // What is wrong with them is told in the second pass.
                            self.learn_types(types, &plan.plan, set.body, None);
                        }
                    }
                }
                SetKind::Reserved => {}
                kind => {
                    for record in message::template_records(&set, kind).with_most_fields(self.options.limits.fields).flatten() {
                        if let Some(template) = template_of(record.kind, record.id, record.fields, record.scope_count) {
                            let tells = Facts::boot_field(&template.fields).is_some() || Announcement::of(&template.fields).is_some();
                            self.met.facts |= template.kind == Kind::Options && tells;
                            self.met.types |= template.kind == Kind::Options && TypeFields::of(&template.fields).is_some();
                            let _ = self.store.learn(key, template, seen);
                        }
                    }
                }
            }
        }
    }

    /// Ends the first pass: what it learned is foreknowledge for the second.
    pub fn rewind(&mut self) {
        self.last_stored = None;
        self.store.rewind();
        self.facts.rewind();
        self.announced.rewind();
    }

    /// The canonical columns that what options data and headers have told so far can fill.
    pub fn columns_told(&self) -> Vec<Canonical> {
        let mut columns = self.announced.columns();
        if self.met.header_rates {
            columns.push(Canonical::SamplingInterval);
        }
        columns
    }

    /// Reads what an options Set tells that flows need. Without `source` it is the first pass.
    fn learn_facts(&mut self, key: DomainKey, plan: &Plan, body: &[u8], source: Option<u32>) {
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

    /// The record layouts of flows that a first pass has met: version and fields.
    pub fn layouts_met(&self) -> Vec<(Version, Vec<message::FieldSpecifier>)> {
        let fixed = self.met.fixed.iter().map(|(version, stride)| (*version, plan::fixed_template(*version, *stride)));
        let met = |d: &&crate::template::Definition| {
            let id = d.template.id;
            d.template.kind == Kind::Data && self.met.sets.contains(&(d.key.exporter.addr, d.key.version, id))
        };
        let templates = self.store.definitions().iter().filter(met).map(|d| (d.key.version, d.template.fields.clone()));
        fixed.chain(templates).collect()
    }

    /// Chooses the columns anew, after a first pass has shown which there are.
    pub fn set_schema(&mut self, schema: Arc<Schema>) {
        self.options.schema = Arc::clone(&schema);
        self.options.head = None;
        self.plans = Plans::default();
        self.work = Work::new(schema);
    }

    /// Takes datagrams, and gives out the work that is complete.
    pub fn collect(&mut self, batch: &DatagramBatch, emit: &mut dyn FnMut(Work)) {
        for datagram in &batch.datagrams {
            self.datagram(batch, datagram, emit);
        }
        self.collect_stored(batch, emit);
        self.flush(emit);
    }

    /// Ends the input: what still waits for a template is given up, and the last work is given out.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Work)) {
        for set in self.pending.drain() {
            self.without_template(&set, causes::NO_TEMPLATE);
        }
        if !std::mem::replace(&mut self.lost_noted, true) {
            self.note_losses();
        }
        self.flush(emit);
    }

    /// The columns to decode.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.options.schema
    }

    /// All counts.
    pub fn census(&self) -> &Census {
        &self.census
    }

    /// All problems.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// All templates.
    pub fn templates(&self) -> &TemplateStore {
        &self.store
    }

    /// The elements: those of the options, and what exporters have told so far.
    pub fn elements(&self) -> &Arc<Elements> {
        &self.elements
    }

    /// What the sequence numbers of an exporter tell: the sums over its sessions, and what the numbers of the largest count.
    pub fn sequence(&self, source: u32) -> SequenceReport {
        let mut sum = SequenceReport::default();
        for stream in self.stream_list.iter().filter(|s| s.source == source) {
            let report = stream.sequence.report();
            sum.convention = sum.convention.or(report.convention);
            sum.deviates |= report.deviates;
            sum.lost += report.lost;
            sum.reordered += report.reordered;
            sum.duplicates += report.duplicates;
            sum.restarts += report.restarts;
        }
        sum
    }

    fn datagram(&mut self, batch: &DatagramBatch, datagram: &Datagram, emit: &mut dyn FnMut(Work)) {
        if !self.port_wanted(datagram) {
            return;
        }
        self.census.datagrams += 1;
        let payload = batch.payload(datagram);
        let missing = datagram.missing as usize;
        if let Err(why) = message::recognise(payload, missing, self.trust(datagram)) {
            let place = Place { origin: datagram.origin, exporter: Some(datagram.exporter.addr), domain: None, offset: None };
            let named = self.options.ports != PortFilter::Any || datagram.transport == Transport::File;
            let expected = named || EXPORT_PORTS.contains(&datagram.collector.port);
            let cause = if expected { causes::of_not_nde(&why) } else { causes::OTHER_UDP };
            self.ledger.add(cause, place, || format!("to {}: {why}", datagram.collector));
            return;
        }
        let Some(buffer) = batch.buffers.get(datagram.buffer as usize) else { return };
        self.trusted.insert((datagram.exporter.addr, datagram.collector));
        self.census.nde_datagrams += 1;
        *self.census.nde_by_file.entry(datagram.origin.file).or_default() += 1;
        for message in message::messages(payload, missing) {
            match message {
                Ok(message) => self.message(datagram, buffer, message, emit),
                Err(fault) => {
                    let place = Place { origin: datagram.origin, exporter: Some(datagram.exporter.addr), domain: None, offset: None };
                    self.malformed(fault, place, None);
                }
            }
        }
    }

    fn message(&mut self, datagram: &Datagram, buffer: &Arc<Vec<u8>>, message: Message<'_>, emit: &mut dyn FnMut(Work)) {
        let header = message.header;
        let version = header.version;
        *self.census.messages.entry(version).or_default() += 1;
        *self.census.messages_by_file.entry((datagram.origin.file, version)).or_default() += 1;
        let Some(stream) = self.stream(datagram, version, header.domain) else {
            let place =
                Place { origin: datagram.origin, exporter: Some(datagram.exporter.addr), domain: Some(header.domain), offset: None };
            let most = self.options.sources;
            self.ledger.add(causes::SOURCE_LIMIT, place, || format!("more than {most} exporters and sessions"));
            return;
        };
        let (source, key) =
            self.stream_list.get(stream).map_or((0, domain_key(datagram, version, header.domain)), |s| (s.source, s.domain_key));
        let time = datagram.time.unwrap_or(header.export_time);
        self.seen(source, datagram.exporter.port, time);
        let context = Context {
            received: datagram.time,
            exporter: datagram.exporter,
            domain: self.census.sources.get(source as usize).and_then(|s| s.key.domain),
            version,
            template_id: None,
            export_time: header.export_time,
            clock: header.clock,
            boot: None,
            origin: datagram.origin,
            source,
            layout: 0,
        };
        let at = At { datagram, buffer, stream, source, key, context, seen: Seen { time, origin: datagram.origin } };
        let mut tally = Tally::default();
        match message.body {
            Body::Records(records) => {
                let interval = header.sampling.map(|s| s.interval).filter(|i| *i > 0);
                self.fixed_records(at, records, interval, &mut tally, emit);
            }
            Body::Sets(sets) => {
                for set in sets {
                    match set {
                        Ok(set) => self.set(at, &set, &mut tally, emit),
                        Err(fault) => {
                            tally.unknown = true;
                            self.malformed(fault, place(at, Some(fault.offset)), Some(source));
                        }
                    }
                }
            }
        }
        if let (Some(sequence), Some(stream)) = (header.sequence, self.stream_list.get_mut(at.stream)) {
            let known = |n: u32| (!tally.unknown).then_some(n);
            stream.sequence.step(Step {
                sequence,
                flows: known(tally.flows),
                records: known(tally.flows.saturating_add(tally.options)),
                boot_ms: header.uptime_ms.map(|up| header.export_time.nanos() / 1_000_000 - i64::from(up)),
            });
        }
    }

    fn fixed_records(
        &mut self,
        at: At<'_>,
        records: message::Records<'_>,
        interval: Option<u16>,
        tally: &mut Tally,
        emit: &mut dyn FnMut(Work),
    ) {
        if let Some(fault) = records.fault {
            tally.unknown = fault.cause == message::Cause::CutByCapture;
            self.malformed(fault, place(at, Some(fault.offset)), Some(at.source));
        }
        let rows = records.count;
        tally.flows = u32::try_from(rows).unwrap_or(u32::MAX);
        let Some(plan) = self.fixed_plan(at.context.version, records.stride) else { return };
        let layout = self.layout(at.source, LayoutKind::Fixed(at.context.version));
        if let (Some(interval), Some(source)) = (interval, self.census.sources.get_mut(at.source as usize)) {
            source.sampling.header(interval);
        }
        self.work.beside(None, interval.and_then(|interval| Rate::one_in(interval.into())));
        self.add_flows(at.source, rows as u64);
        self.push(
            plan,
            None,
            at.buffer,
            at.datagram.start + records.offset as u32,
            records.octets.len() as u32,
            rows,
            Context { layout, ..at.context },
            emit,
        );
    }

    fn set(&mut self, at: At<'_>, set: &Set<'_>, tally: &mut Tally, emit: &mut dyn FnMut(Work)) {
        match message::kind(at.context.version, set.id) {
            SetKind::Data => self.data_set(at, set, tally, emit),
            SetKind::Reserved => {
                tally.unknown = true;
                let (id, octets) = (set.id, set.declared);
                self.problem(causes::SET_RESERVED, place(at, Some(set.offset)), Some(at.source), || format!("Set {id} of {octets} octets"));
            }
            kind => {
                for record in message::template_records(set, kind).with_most_fields(self.options.limits.fields) {
                    match record {
                        Ok(record) => self.template_record(at, record, emit),
                        Err(fault) if fault.cause == message::Cause::CutByCapture => {}
                        Err(fault) => self.malformed(fault, place(at, Some(fault.offset)), Some(at.source)),
                    }
                }
            }
        }
    }

    fn template_record(&mut self, at: At<'_>, record: message::TemplateRecord, emit: &mut dyn FnMut(Work)) {
        let (id, offset, fields) = (record.id, record.offset, record.fields.len());
        let here = place(at, Some(offset));
        let withdrawal = match record.kind {
            TemplateKind::Withdrawal => Some(Withdrawal::One(id)),
            TemplateKind::WithdrawAll(TemplateFamily::Data) => Some(Withdrawal::All(Kind::Data)),
            TemplateKind::WithdrawAll(TemplateFamily::Options) => Some(Withdrawal::All(Kind::Options)),
            TemplateKind::Data | TemplateKind::Options => None,
        };
        if let Some(withdrawal) = withdrawal {
            if at.datagram.transport == Transport::Udp {
                self.problem(causes::WITHDRAWAL_OVER_UDP, here, Some(at.source), || format!("withdrawal of {id}"));
            } else if self.store.withdraw(at.key, withdrawal) == Withdrawn::Unknown {
                self.problem(causes::WITHDRAWAL_UNKNOWN, here, Some(at.source), || format!("withdrawal of {id}"));
            }
            return;
        }
        let options = record.kind == TemplateKind::Options;
        if let Some(source) = self.census.sources.get_mut(at.source as usize) {
            *(if options { &mut source.options_template_records } else { &mut source.template_records }) += 1;
        }
        let Some(template) = template_of(record.kind, id, record.fields, record.scope_count) else { return };
        match self.store.learn(at.key, template, at.seen) {
            Ok(learned) => {
                if let Learned::Redefined(..) = learned {
                    self.problem(causes::TEMPLATE_REDEFINED, here, Some(at.source), || {
                        format!("template {id} has other fields from here on")
                    });
                }
                if !self.pending.is_empty() && !matches!(learned, Learned::Refresh(_)) {
                    self.release(id, emit);
                }
            }
            Err(refusal) => {
                let cause = match refusal {
                    Refusal::EmptyRecord => causes::TEMPLATE_EMPTY,
                    Refusal::TooManyFields => causes::TEMPLATE_FIELDS,
                    Refusal::TooManyDefinitions | Refusal::TooManyDomains => causes::TEMPLATE_LIMIT,
                };
                self.problem(cause, here, Some(at.source), || format!("template {id} with {fields} fields"));
            }
        }
    }

    fn data_set(&mut self, at: At<'_>, set: &Set<'_>, tally: &mut Tally, emit: &mut dyn FnMut(Work)) {
        self.census.data_sets += 1;
        let Some(lookup) = self.store.lookup(at.key, set.id) else {
            tally.unknown = true;
            let held = HeldSet { key: at.key, id: set.id, time: at.seen.time, body: Vec::new(), what: at.context };
            if self.options.hold {
                for dropped in self.pending.hold(HeldSet { body: set.body.to_vec(), ..held }) {
                    self.without_template(&dropped, causes::HELD_TOO_LONG);
                }
            } else {
                self.without_template(&held, causes::NO_TEMPLATE);
            }
            return;
        };
        let start = at.datagram.start + set.body_offset() as u32;
        let (flows, options) = self.decode(at.context, at.key, lookup, set.id, set.body, at.buffer, start, Some(set.offset), emit);
        tally.flows = tally.flows.saturating_add(flows);
        tally.options = tally.options.saturating_add(options);
    }

    /// Hands the records of a Set on, or reads them if they are options; says how many flows and options records there are.
    #[allow(clippy::too_many_arguments)]
    fn decode(
        &mut self,
        context: Context,
        key: DomainKey,
        lookup: Lookup,
        id: u16,
        body: &[u8],
        buffer: &Arc<Vec<u8>>,
        start: u32,
        offset: Option<usize>,
        emit: &mut dyn FnMut(Work),
    ) -> (u32, u32) {
        let Some(compiled) = self.plan_of(lookup.definition, context.version) else { return (0, 0) };
        let source = context.source;
        let here = Place { origin: context.origin, exporter: Some(context.exporter.addr), domain: context.domain, offset };
        let extent = compiled.plan.layout.extent(body);
        self.census.data_sets_decoded += 1;
        self.store.used(lookup, u64::from(extent.records));
        match lookup.found {
            Found::Exact => {}
            Found::Later => self.problem(causes::BEFORE_TEMPLATE, here, None, || format!("Set {id} comes before its template")),
            Found::Elsewhere => self.problem(causes::FROM_ELSEWHERE, here, None, || {
                format!("Set {id} from port {} has no template of its own", context.exporter.port)
            }),
        }
        let rest = body.get(extent.octets as usize..).unwrap_or(&[]);
        if extent.cut {
            self.problem(causes::RECORD_CUT, here, Some(source), || {
                format!("Set {id}: a record after {} whole ones goes beyond the last {} octets", extent.records, rest.len())
            });
        } else if rest.len() > MOST_PADDING && rest.iter().any(|b| *b != 0) {
            self.problem(causes::LEFTOVER, here, None, || format!("Set {id}: {} octets after {} records", rest.len(), extent.records));
        }
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
                self.emit_options(lookup.definition, buffer, start, extent, context, emit);
            }
            return (0, extent.records);
        }
        let boot = if compiled.needs_boot { self.facts.boot(key) } else { None };
        if compiled.needs_boot && boot.is_none() {
            self.problem(causes::UPTIME_WITHOUT_BOOT, here, None, || format!("template {id} has 21 or 22, and no record tells 160"));
        }
        let lists = (!compiled.plan.lists.is_empty()).then(|| self.check_lists(&compiled.plan, body, key, &context, here));
        let layout = self.layout(source, LayoutKind::Template(lookup.definition));
        self.add_flows(source, u64::from(extent.records));
        let context = Context { layout, template_id: Some(id), boot, ..context };
        let known = self.announced.known(key);
        if compiled.tells_rate || compiled.sampler_field.is_some() {
            self.note_sampler(&compiled, source, known.as_deref(), body);
        }
        self.work.beside(known, None);
        self.push(compiled.plan, lists, buffer, start, extent.octets, extent.records as usize, context, emit);
        (extent.records, 0)
    }

    /// Notes which sampler a Set's first record names, and whether its rate is known: the overview says where none is.
    fn note_sampler(&mut self, plan: &Plan, source: u32, known: Option<&Known>, body: &[u8]) {
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
    fn emit_options(
        &mut self,
        definition: DefinitionId,
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
        emit(work);
    }

    /// Looks through the lists of a Set, tells their faults, and gives the templates that they name.
    fn check_lists(&mut self, plan: &RecordPlan, body: &[u8], key: DomainKey, context: &Context, here: Place) -> Arc<ListTemplates> {
        let mut faults = Vec::new();
        let (store, elements, depth) = (&self.store, &self.elements, self.options.nesting);
        let templates = self.lists.check(plan, body, key, context, store, elements, depth, &mut |fault, row| faults.push((fault, row)));
        for (fault, row) in faults {
            let (cause, what) = of_fault(fault);
            self.problem(cause, here, Some(context.source), || format!("record {} of the Set: {what}", row + 1));
        }
        templates
    }

    /// Takes what an exporter tells of its elements; without a place nothing is counted.
    fn learn_types(&mut self, types: TypeFields, plan: &RecordPlan, body: &[u8], here: Option<Place>) {
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

    /// Decodes the held Sets that a new template makes readable.
    fn release(&mut self, id: u16, emit: &mut dyn FnMut(Work)) {
        let store = &self.store;
        for set in self.pending.release(id, |key| store.lookup(key, id).is_some()) {
            let Some(lookup) = self.store.lookup(set.key, id) else { continue };
            let context = set.what;
            let buffer = Arc::new(set.body);
            let here = Place { origin: context.origin, exporter: Some(context.exporter.addr), domain: context.domain, offset: None };
            self.problem(causes::BEFORE_TEMPLATE, here, None, || format!("Set {id} waited for its template"));
            self.decode(context, set.key, lookup, id, &buffer, &buffer, 0, None, emit);
        }
    }

    fn without_template(&mut self, set: &HeldSet<Context>, cause: Cause) {
        self.census.data_sets_without_template += 1;
        if let Some(source) = self.census.sources.get_mut(set.what.source as usize) {
            source.sets_without_template += 1;
        }
        let here = Place { origin: set.what.origin, exporter: Some(set.what.exporter.addr), domain: set.what.domain, offset: None };
        let id = set.id;
        let withdrawn = self.store.was_withdrawn(set.key, id);
        let cause = if withdrawn { causes::AFTER_WITHDRAWAL } else { cause };
        self.problem(cause, here, Some(set.what.source), || format!("Set {id}: no template {id} from this exporter and domain"));
    }

    #[allow(clippy::too_many_arguments)]
    fn push(
        &mut self,
        plan: Arc<RecordPlan>,
        lists: Option<Arc<ListTemplates>>,
        buffer: &Arc<Vec<u8>>,
        start: u32,
        length: u32,
        rows: usize,
        context: Context,
        emit: &mut dyn FnMut(Work),
    ) {
        if self.options.records == Records::Options {
            return;
        }
        let widest = self.work.schema().columns().len().max(plan.layout.widths.len()).max(1);
        let most = (self.options.batch_cells / widest).clamp(1, self.options.batch_rows);
        if rows > most {
            let body = buffer.get(start as usize..start as usize + length as usize).unwrap_or(&[]);
            for (at, octets, records) in plan.layout.pieces(body, u32::try_from(most).unwrap_or(u32::MAX)) {
                self.push_piece(Arc::clone(&plan), lists.clone(), buffer, start + at, octets, records as usize, most, context, emit);
            }
        } else if rows > 0 {
            self.push_piece(plan, lists, buffer, start, length, rows, most, context, emit);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn push_piece(
        &mut self,
        plan: Arc<RecordPlan>,
        lists: Option<Arc<ListTemplates>>,
        buffer: &Arc<Vec<u8>>,
        start: u32,
        length: u32,
        rows: usize,
        most: usize,
        context: Context,
        emit: &mut dyn FnMut(Work),
    ) {
        let buffer = self.work.buffer(buffer);
        self.work.push(plan, buffer, start, length, rows, context);
        if let Some(lists) = lists {
            self.work.with_lists(lists);
        }
        let head_full = self.options.head.as_ref().is_some_and(|(_, most)| self.head_rows + self.work.rows() >= *most);
        if head_full || self.work.rows() >= most || self.work.list_octets() >= MOST_LIST_OCTETS {
            self.flush(emit);
        }
    }

    /// Gives out the work so far, and leaves the head's schema once it has its rows.
    fn flush(&mut self, emit: &mut dyn FnMut(Work)) {
        if self.work.is_empty() {
            // Buffers are not kept for nothing: they are large.
            self.work = Work::new(Arc::clone(self.work.schema()));
            return;
        }
        if let Some((_, most)) = &self.options.head {
            self.head_rows += self.work.rows();
            if self.head_rows >= *most {
                self.options.head = None;
                self.plans = Plans::default();
            }
        }
        let schema = self.options.head.as_ref().map_or(&self.options.schema, |(schema, _)| schema);
        emit(std::mem::replace(&mut self.work, Work::new(Arc::clone(schema))));
    }

    fn plan_of(&mut self, definition: DefinitionId, version: Version) -> Option<Plan> {
        let index = definition.index();
        if let Some(Some(plan)) = self.plans.by_definition.get(index) {
            return Some(plan.clone());
        }
        let template = Arc::clone(&self.store.definition(definition)?.template);
        let plan = Plan::compile(version, &template, self.work.schema(), &self.elements)?;
        if self.plans.by_definition.len() <= index {
            self.plans.by_definition.resize(index + 1, None);
        }
        self.plans.by_definition[index] = Some(plan.clone());
        Some(plan)
    }

    fn fixed_plan(&mut self, version: Version, stride: usize) -> Option<Arc<RecordPlan>> {
        if let Some((_, _, plan)) = self.plans.fixed.iter().find(|(v, s, _)| (*v, *s) == (version, stride)) {
            return Some(Arc::clone(&plan.plan));
        }
        let template = Template { id: 0, kind: Kind::Data, fields: plan::fixed_template(version, stride), scope_count: 0 };
        let plan = Plan::compile(version, &template, self.work.schema(), &self.elements)?;
        self.plans.fixed.push((version, stride, plan.clone()));
        Some(plan.plan)
    }

    fn stream(&mut self, datagram: &Datagram, version: Version, domain: u32) -> Option<usize> {
        let key = StreamKey { exporter: datagram.exporter, collector: datagram.collector, version, domain };
        if let Some(stream) = self.streams.get(&key) {
            return Some(*stream);
        }
        if self.stream_list.len() >= self.options.sources {
            return None;
        }
        let has_domain = matches!(version, Version::V5 | Version::V9 | Version::Ipfix);
        let source_key = SourceKey { exporter: datagram.exporter.addr, version, domain: has_domain.then_some(domain) };
        let census = &mut self.census.sources;
        let source = *self.sources.entry(source_key).or_insert_with(|| {
            let unseen = Timestamp::from_nanos(0);
            census.push(Source {
                key: source_key,
                messages: 0,
                template_records: 0,
                options_template_records: 0,
                flows: 0,
                options_records: 0,
                sets_without_template: 0,
                problems: 0,
                first_seen: unseen,
                last_seen: unseen,
                ports: Vec::new(),
                sampling: SourceSampling::default(),
            });
            census.len() as u32 - 1
        });
        self.stream_list.push(Stream { source, sequence: Sequence::new(version), domain_key: domain_key(datagram, version, domain) });
        self.streams.insert(key, self.stream_list.len() - 1);
        Some(self.stream_list.len() - 1)
    }

    fn seen(&mut self, source: u32, port: u16, time: Timestamp) {
        let Some(source) = self.census.sources.get_mut(source as usize) else { return };
        if source.messages == 0 {
            (source.first_seen, source.last_seen) = (time, time);
        }
        source.messages += 1;
        source.first_seen = source.first_seen.min(time);
        source.last_seen = source.last_seen.max(time);
        // 0 is no port: a flow log does not tell one.
        if port != 0 && !source.ports.contains(&port) && source.ports.len() < MOST_PORTS {
            source.ports.push(port);
        }
    }

    fn layout(&mut self, source: u32, kind: LayoutKind) -> u32 {
        let layouts = &mut self.census.layouts;
        *self.layouts.entry((source, kind)).or_insert_with(|| {
            layouts.push(Layout { source, kind });
            layouts.len() as u32 - 1
        })
    }

    fn add_flows(&mut self, source: u32, flows: u64) {
        if let Some(source) = self.census.sources.get_mut(source as usize) {
            source.flows += flows;
        }
    }

    fn note_losses(&mut self) {
        for index in 0..self.stream_list.len() {
            let Some(stream) = self.stream_list.get(index) else { continue };
            let (report, source) = (stream.sequence.report(), stream.source);
            let Some(key) = self.census.sources.get(source as usize).map(|s| s.key).filter(|_| report.lost > 0) else { continue };
            let first = crate::datagram::Origin { file: 0, frame: 0 };
            let here = Place { origin: first, exporter: Some(key.exporter), domain: key.domain, offset: None };
            let what = report.convention.map_or("units", |c| c.name());
            self.problem(causes::SEQUENCE_LOST, here, Some(source), || format!("{} lost; the sequence counts {what}", report.lost));
        }
    }

    fn problem(&mut self, cause: Cause, place: Place, source: Option<u32>, detail: impl FnOnce() -> String) {
        if cause.severity > Severity::Note
            && let Some(source) = source.and_then(|s| self.census.sources.get_mut(s as usize))
        {
            source.problems += 1;
        }
        self.ledger.add(cause, place, detail);
    }

    fn malformed(&mut self, fault: Malformed, place: Place, source: Option<u32>) {
        let place = Place { offset: Some(fault.offset), ..place };
        self.problem(causes::of_malformed(fault.cause), place, source, || fault.to_string());
    }

    /// A flow log does not tell ports: what is in it was received by somebody who wanted it.
    fn port_wanted(&self, datagram: &Datagram) -> bool {
        match &self.options.ports {
            PortFilter::Any => true,
            PortFilter::Only(ports) => datagram.transport == Transport::File || ports.contains(&datagram.collector.port),
        }
    }

    fn trust(&self, datagram: &Datagram) -> Trust {
        let named = self.options.ports != PortFilter::Any || datagram.transport == Transport::File;
        let known = named || self.trusted.contains(&(datagram.exporter.addr, datagram.collector));
        if known { Trust::Lenient } else { Trust::Strict }
    }
}

fn domain_key(datagram: &Datagram, version: Version, domain: u32) -> DomainKey {
    DomainKey { exporter: datagram.exporter, domain, version }
}

fn place(at: At<'_>, offset: Option<usize>) -> Place {
    Place { origin: at.datagram.origin, exporter: Some(at.datagram.exporter.addr), domain: at.context.domain, offset }
}

fn template_of(kind: TemplateKind, id: u16, fields: Vec<message::FieldSpecifier>, scope_count: usize) -> Option<Template> {
    let kind = match kind {
        TemplateKind::Data => Kind::Data,
        TemplateKind::Options => Kind::Options,
        TemplateKind::Withdrawal | TemplateKind::WithdrawAll(_) => return None,
    };
    Some(Template { id, kind, fields, scope_count })
}
