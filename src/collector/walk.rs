//! The collector: walks messages, keeps templates, counts everything, and hands Data Sets on with their plans.
//!
//! It touches headers only; the records of flows are read by whoever decodes the [`Work`] it gives out.

mod batching;
mod data_sets;
mod eviction;
mod keep;
mod look_ahead;
mod parted;
mod sources;
mod stored;
mod told_facts;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::column::{Context, Known, Rate, Sampled, unsigned_of};
use crate::datagram::{Datagram, DatagramBatch, Endpoint, Transport};
use crate::element::{Elements, Told};
use crate::message::{self, Body, Malformed, Message, Set, SetKind, TemplateFamily, TemplateKind, Trust, Version};
use crate::plan::{self, Canonical, ListTemplates, RecordPlan, Schema, Step as PlanStep, TimeForm};
use crate::template::{
    Definition, DefinitionId, DomainKey, Found, HeldSet, Kind, Learned, Lookup, Pending, Refusal, ScopeRule, Seen, Template, TemplateStore,
    Withdrawal, Withdrawn,
};
use crate::time::Timestamp;

use super::admission::Refused;
use super::announced::{Announced, Announcement};
use super::causes;
use super::census::{Census, Layout, LayoutKind, Source, SourceKey};
use super::facts::Facts;
use super::ledger::{Cause, Ledger, Place, Problem, Severity};
use super::lists::{Lists, of_fault};
use super::octets::{OctetClass, OctetLedger};
use super::options::{CollectorOptions, PortFilter, Records};
use super::plain_epoch::NtpFields;
use super::sequence::{Sequence, SequenceReport, Step};
use super::stamp_unit::{self, StampInSeconds, StampUnit};
use super::told::{self, TypeFields};
use super::uptime_rate::UptimeRate;
use super::work::Work;

/// Ports that exporters send to by custom or by IANA's list: what arrives there should be NDE.
const EXPORT_PORTS: [u16; 6] = [2055, 2056, 4739, 9555, 9995, 9996];
/// Ports remembered of one exporter, for the table.
const MOST_PORTS: usize = 100;
/// Octets of a Set's header (RFC 7011 §3.3.2).
const SET_HEADER: usize = 4;
/// Octets that follow the last record and still pass as padding to 4 or 8 (RFC 7011 §3.3.1).
const MOST_PADDING: usize = 7;
/// Fields of compiled plans that are kept: beyond it all are compiled anew when they are needed.
const MOST_PLANNED_FIELDS: usize = 500_000;
/// Ids of Data Sets without a template that are remembered, over all exporters.
const MOST_UNCOVERED_IDS: usize = 100_000;
/// Octets of Sets with lists in a batch: as JSON text they may be some fifty times as long.
const MOST_LIST_OCTETS: usize = 4 << 20;
/// Octets of the input that work may hold while it is filled up: a row group of flows lies in some twenty million octets, where they are
/// not between the packets of others.
const MOST_HELD_OCTETS: usize = 48 << 20;

/// The one decoder's front: see the [module](super).
pub struct Collector {
    options: CollectorOptions,
    store: TemplateStore,
    facts: Facts,
    announced: Announced,
    elements: Arc<Elements>,
    lists: Lists,
    ledger: Ledger,
    octets: OctetLedger,
    census: Census,
    pending: Pending<Context>,
    /// Sessions that have sent NDE: exporter's address and the receiving end.
    trusted: HashSet<(IpAddr, Endpoint)>,
    streams: HashMap<StreamKey, usize>,
    stream_list: Vec<Stream>,
    sources: HashMap<SourceKey, u32>,
    turnover: eviction::Turnover,
    layouts: HashMap<(u32, LayoutKind), u32>,
    plans: Plans,
    work: Work,
    parted: parted::Parted,
    lost_noted: bool,
    /// Templates of whose NTP times one was seen.
    ntp_seen: HashSet<DefinitionId>,
    /// What the Sets of templates with LAST_SWITCHED have shown of its unit.
    stamp_units: HashMap<DefinitionId, StampUnit>,
    /// What a first pass has met: fixed records, and ids of Data Sets.
    met: Met,
    /// Ids without a template that are remembered, over all exporters.
    uncovered_ids: usize,
    /// The elements of stored flows, by number.
    stored_templates: Vec<Vec<message::FieldSpecifier>>,
    met_stored: stored::Met,
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

impl Met {
    /// Notes what options records by a template are going to tell.
    fn options_template(&mut self, template: &Template) {
        self.facts |= Facts::boot_field(&template.fields).is_some() || Announcement::of(&template.fields).is_some();
        self.types |= TypeFields::of(&template.fields).is_some();
    }
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
    key: StreamKey,
    source: u32,
    messages: u64,
    sequence: Sequence,
    uptime_rate: UptimeRate,
    domain_key: DomainKey,
}

/// Compiled layouts for the schema in use.
#[derive(Default)]
struct Plans {
    /// Options templates with the columns of their own.
    options: HashMap<DefinitionId, (Arc<Schema>, Arc<RecordPlan>)>,
    by_definition: Vec<Option<Plan>>,
    /// Fields of those that are compiled.
    fields: usize,
    fixed: Vec<(Version, usize, Plan)>,
    stored: stored::StoredPlans,
}

#[derive(Clone)]
struct Plan {
    plan: Arc<RecordPlan>,
    options: bool,
    boot_field: Option<usize>,
    types: Option<TypeFields>,
    needs_boot: bool,
    announcement: Option<Arc<Announcement>>,
    /// Where data records have NTP times.
    ntp_fields: Arc<NtpFields>,
    /// Where data records of v9 have LAST_SWITCHED.
    last_switched: Option<usize>,
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
            ntp_fields: Arc::new(if options { NtpFields::default() } else { NtpFields::of(&template.fields) }),
            last_switched: if options || version != Version::V9 { None } else { stamp_unit::last_switched(&template.fields) },
            sampler_field: if options { None } else { iana(&[302]).or_else(|| iana(&[48])) },
            tells_rate: !options && iana(&[34, 50, 305, 308, 309, 311]).is_some(),
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
    templates: u32,
    sets: u32,
    unknown: bool,
}

impl Collector {
    /// A collector that has seen nothing.
    pub fn new(options: CollectorOptions) -> Self {
        let parted = parted::Parted::new(options.part.clone());
        let store = TemplateStore::new(options.scope, options.limits);
        Self {
            store: if options.makes_room() { store.evicting() } else { store },
            facts: Facts::default(),
            announced: Announced::default(),
            elements: Arc::clone(&options.elements),
            lists: Lists::default(),
            ledger: Ledger::default(),
            octets: OctetLedger::default(),
            census: Census::default(),
            pending: Pending::new(options.pending),
            trusted: HashSet::new(),
            streams: HashMap::new(),
            stream_list: Vec::new(),
            sources: HashMap::new(),
            turnover: eviction::Turnover::new(options.sources),
            layouts: HashMap::new(),
            plans: Plans::default(),
            work: Work::new(Arc::clone(parted.schema(&options.schema))),
            parted,
            lost_noted: false,
            ntp_seen: HashSet::new(),
            stamp_units: HashMap::new(),
            met: Met::default(),
            uncovered_ids: 0,
            stored_templates: Vec::new(),
            met_stored: stored::Met::default(),
            options,
        }
    }

    /// Chooses the columns anew, after a first pass has shown which there are.
    pub fn set_schema(&mut self, schema: Arc<Schema>) {
        self.options.schema = Arc::clone(&schema);
        self.parted = parted::Parted::default();
        self.plans = Plans::default();
        self.work = Work::new(schema);
    }

    /// Takes datagrams, and gives out the work that is complete.
    pub fn collect(&mut self, batch: &DatagramBatch, emit: &mut dyn FnMut(Work)) {
        for datagram in &batch.datagrams {
            self.datagram(batch, datagram, emit);
        }
        self.collect_stored(batch, emit);
        if !self.options.fill || self.work.held() >= MOST_HELD_OCTETS {
            self.flush(emit);
        }
    }

    /// Remembers what problems are new, by exporter and cause, for [`Collector::new_problems`].
    pub fn watch_problems(&mut self) {
        self.ledger.watch();
    }

    /// The problems since the last time, worst first, and how many more there were; empty unless [`Collector::watch_problems`] was called.
    pub fn new_problems(&mut self) -> (Vec<Problem>, u64) {
        self.ledger.take_recent()
    }

    /// Gives up the Sets that have waited too long for their template by now; for an input that may bring nothing for long.
    pub fn expire(&mut self, now: Timestamp) {
        for dropped in self.pending.expire(now) {
            self.without_template(&dropped, dropped.body.len(), None, causes::HELD_TOO_LONG);
        }
    }

    /// Work without a row: it wakes a sink that has something to do at a certain time.
    pub fn nothing(&self) -> Work {
        Work::new(Arc::clone(&self.options.schema))
    }

    /// Sets that wait for their template.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Ends the input: what still waits for a template is given up, and the last work is given out.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Work)) {
        for set in self.pending.drain() {
            self.without_template(&set, set.body.len(), None, causes::NO_TEMPLATE);
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

    /// Rows and cells of a batch, about.
    pub fn batch_size(&self) -> (usize, usize) {
        (self.options.batch_rows, self.options.batch_cells)
    }

    /// All problems.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What became of every octet.
    pub fn octets(&self) -> &OctetLedger {
        &self.octets
    }

    /// All templates.
    pub fn templates(&self) -> &TemplateStore {
        &self.store
    }

    /// The elements: those of the options, and what exporters have told so far.
    pub fn elements(&self) -> &Arc<Elements> {
        &self.elements
    }

    fn datagram(&mut self, batch: &DatagramBatch, datagram: &Datagram, emit: &mut dyn FnMut(Work)) {
        let payload = batch.payload(datagram);
        if !self.port_wanted(datagram) {
            if Version::of(payload).is_some() {
                self.census.left_aside(datagram.collector.port);
            }
            return;
        }
        if let Some(refused) = self.options.admission.refuses(datagram, payload) {
            let place = Place { origin: datagram.origin, exporter: Some(datagram.exporter.addr), domain: None, offset: None };
            self.refuse(refused, place, 1);
            return;
        }
        self.census.datagrams += 1;
        self.octets.begin();
        self.payload(batch, datagram, payload, emit);
        let here = Place { origin: datagram.origin, exporter: Some(datagram.exporter.addr), domain: None, offset: None };
        self.octets.end(payload, here, datagram.missing > 0);
    }

    fn payload(&mut self, batch: &DatagramBatch, datagram: &Datagram, payload: &[u8], emit: &mut dyn FnMut(Work)) {
        let missing = datagram.missing as usize;
        if let Err(why) = message::recognise(payload, missing, self.trust(datagram)) {
            let place = Place { origin: datagram.origin, exporter: Some(datagram.exporter.addr), domain: None, offset: None };
            let named = self.options.ports != PortFilter::Any || datagram.transport == Transport::File;
            let expected = named || EXPORT_PORTS.contains(&datagram.collector.port);
            let cause = if expected { causes::of_not_nde(&why) } else { causes::OTHER_UDP };
            self.ledger.add(cause, place, || format!("to {}: {why}", datagram.collector));
            self.octets.miss(OctetClass::NotNde, Place { offset: Some(0), ..place }, payload.len());
            return;
        }
        let Some(buffer) = batch.buffers.get(datagram.buffer as usize) else { return };
        self.trust_now(datagram);
        self.census.nde_datagrams += 1;
        *self.census.nde_by_file.entry(datagram.origin.file).or_default() += 1;
        for message in message::messages(payload, missing) {
            match message {
                Ok(message) => self.message(datagram, buffer, message, payload.len(), emit),
                Err(fault) => {
                    let place = Place { origin: datagram.origin, exporter: Some(datagram.exporter.addr), domain: None, offset: None };
                    self.malformed(fault, place, None);
                }
            }
        }
    }

    fn message(
        &mut self,
        datagram: &Datagram,
        buffer: &Arc<Vec<u8>>,
        message: Message<'_>,
        payload_octets: usize,
        emit: &mut dyn FnMut(Work),
    ) {
        let header = message.header;
        let version = header.version;
        self.octets.add(OctetClass::MessageHeader, version.header_length());
        *self.census.messages.entry(version).or_default() += 1;
        *self.census.messages_by_file.entry((datagram.origin.file, version)).or_default() += 1;
        let Some(stream) = self.stream(datagram, version, header.domain) else {
            let place =
                Place { origin: datagram.origin, exporter: Some(datagram.exporter.addr), domain: Some(header.domain), offset: None };
            let most = self.options.sources;
            self.ledger.add(causes::SOURCE_LIMIT, place, || format!("more than {most} exporters and sessions"));
            self.octets.rest_is(OctetClass::Refused, None);
            return;
        };
        let (source, key) =
            self.stream_list.get(stream).map_or((0, domain_key(datagram, version, header.domain)), |s| (s.source, s.domain_key));
        let time = datagram.time.unwrap_or(header.export_time);
        self.seen(source, datagram, time);
        let context = Context {
            received: datagram.time,
            exporter: datagram.exporter,
            domain: source_key(datagram.exporter.addr, version, header.domain).domain,
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
        if let Some(uptime) = header.uptime_ms {
            self.note_uptime(at, uptime);
        }
        if let Some(source) = self.census.sources.get_mut(source as usize) {
            source.conduct.message(&header, datagram.time, payload_octets, at.seen);
        }
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
        if tally.flows > 0 {
            self.heard_flows(at);
        }
        if let Some(source) = self.census.sources.get_mut(source as usize) {
            source.conduct.flows(tally.flows.into(), time);
            if let (Version::V9, Some(said), false) = (version, header.count, tally.unknown) {
                let records = tally.flows.saturating_add(tally.options).saturating_add(tally.templates);
                source.conduct.counts.step(said.into(), records, tally.sets, at.seen);
            }
        }
        if let (Some(sequence), Some(stream)) = (header.sequence, self.stream_list.get_mut(at.stream)) {
            let known = |n: u32| (!tally.unknown).then_some(n);
            stream.sequence.step(Step {
                sequence,
                flows: known(tally.flows),
                records: known(tally.flows.saturating_add(tally.options)),
                boot_ms: header.uptime_ms.map(|up| header.export_time.nanos() / 1_000_000 - i64::from(up)),
                seen: at.seen,
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
        self.octets.add(OctetClass::Flow, records.octets.len());
        let Some(plan) = self.fixed_plan(at.context.version, records.stride) else { return };
        let layout = self.layout(at.source, LayoutKind::Fixed(at.context.version));
        self.census.active(layout, rows as u64, at.seen);
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
        self.octets.add(OctetClass::SetHeader, set.body_offset() - set.offset);
        tally.sets += 1;
        match message::kind(at.context.version, set.id) {
            SetKind::Data => self.data_set(at, set, tally, emit),
            SetKind::Reserved => {
                tally.unknown = true;
                let (id, octets) = (set.id, set.declared);
                let here = place(at, Some(set.offset));
                self.problem(causes::SET_RESERVED, here, Some(at.source), || format!("Set {id} of {octets} octets"));
                self.octets.miss(OctetClass::Refused, here, set.body.len());
            }
            kind => self.template_set(at, set, kind, tally, emit),
        }
    }

    fn template_set(&mut self, at: At<'_>, set: &Set<'_>, kind: SetKind, tally: &mut Tally, emit: &mut dyn FnMut(Work)) {
        let options = matches!(kind, SetKind::OptionsTemplate(_));
        let class = if options { OctetClass::OptionsTemplate } else { OctetClass::Template };
        let mut read = 0;
        let mut fault_at = None;
        for record in message::template_records(set, kind).with_most_fields(self.options.limits.fields) {
            match record {
                Ok(record) => {
                    read += record.octets;
                    tally.templates += 1;
                    self.octets.add(class, record.octets);
                    self.template_record(at, record, emit);
                }
                Err(fault) => {
                    fault_at.get_or_insert(fault.offset);
                    if fault.cause != message::Cause::CutByCapture {
                        self.malformed(fault, place(at, Some(fault.offset)), Some(at.source));
                    }
                }
            }
        }
        let rest = set.body.len() - read;
        let behind = place(at, Some(fault_at.unwrap_or(set.body_offset() + read)));
        if set.body.len() < set.declared {
            self.octets.miss(OctetClass::Truncated, behind, rest);
        } else if fault_at.is_some() {
            self.octets.miss(OctetClass::Refused, behind, rest);
        } else {
            self.octets.padding(set.body.get(read..).unwrap_or(&[]), behind);
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
                self.store.ignore_withdrawal(at.key, withdrawal, at.seen);
            } else if self.store.withdraw(at.key, withdrawal, at.seen) == Withdrawn::Unknown {
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
                self.forget_evicted(here);
                if let Learned::Redefined(old, _) = learned {
                    let kept = self.store.definition(old).is_some_and(Definition::is_only_kept);
                    self.problem(causes::TEMPLATE_REDEFINED, here, Some(at.source), || {
                        let before = if kept { " than the kept template" } else { "" };
                        format!("template {id} has other fields{before} from here on")
                    });
                }
                if !self.pending.is_empty() && !matches!(learned, Learned::Refresh(_)) {
                    self.release(at.key, id, emit);
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
        self.octets.rest_by(fault.cause, fault.offset);
        self.problem(causes::of_malformed(fault.cause), place, source, || fault.to_string());
    }

    /// A flow log does not tell ports: what is in it was received by somebody who wanted it.
    fn port_wanted(&self, datagram: &Datagram) -> bool {
        match &self.options.ports {
            PortFilter::Any | PortFilter::Expected => true,
            PortFilter::Only(ports) => datagram.transport == Transport::File || ports.contains(&datagram.collector.port),
        }
    }

    /// Remembers that a session sends NDE, where that matters. Forged addresses must not fill the memory.
    fn trust_now(&mut self, datagram: &Datagram) {
        let session = (datagram.exporter.addr, datagram.collector);
        if self.options.ports == PortFilter::Any && (self.trusted.len() < self.options.sources || self.trusted.contains(&session)) {
            self.trusted.insert(session);
        }
    }

    /// Counts what the flow source does not let in.
    fn refuse(&mut self, refused: Refused, place: Place, count: u64) {
        match refused {
            Refused::Exporter => {
                self.ledger.add_many(causes::EXPORTER_NOT_ALLOWED, count, place, || "it is on no list of allowed exporters".to_owned())
            }
            Refused::Version(version) => {
                self.ledger.add_many(causes::TYPE_NOT_TAKEN, count, place, || format!("{version} is no type of the flow source"))
            }
        }
    }

    fn trust(&self, datagram: &Datagram) -> Trust {
        let named = self.options.ports != PortFilter::Any || datagram.transport == Transport::File;
        let known = named || self.trusted.contains(&(datagram.exporter.addr, datagram.collector));
        if known { Trust::Lenient } else { Trust::Strict }
    }
}

/// An exporter's key. v1 and v7 have no domain.
fn source_key(exporter: IpAddr, version: Version, domain: u32) -> SourceKey {
    let has_domain = matches!(version, Version::V5 | Version::V9 | Version::Ipfix);
    SourceKey { exporter, version, domain: has_domain.then_some(domain) }
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
