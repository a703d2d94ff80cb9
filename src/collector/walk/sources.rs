//! Who exports: streams, sources, layouts, and what their sequence numbers tell.

use super::super::uptime_rate::InSeconds;
use super::*;

impl Collector {
    /// What the sequence numbers of an exporter tell: the sums over its sessions, and what the numbers of the largest count.
    pub fn sequence(&self, source: u32) -> SequenceReport {
        let mut sum = self.turnover.sequence(source);
        for stream in self.stream_list.iter().filter(|s| s.source == source && self.is_of(source, &s.source_key())) {
            sum.add(&stream.sequence.report());
        }
        sum
    }

    /// Units lost by the sequence numbers of all exporters.
    pub fn lost(&self) -> u64 {
        self.turnover.lost() + self.stream_list.iter().map(|s| s.sequence.report().lost).sum::<u64>()
    }

    pub(super) fn stream(&mut self, datagram: &Datagram, version: Version, domain: u32) -> Option<usize> {
        let key = StreamKey { exporter: datagram.exporter, collector: datagram.collector, version, domain };
        if let Some(stream) = self.streams.get(&key).copied() {
            self.heard_again(stream);
            return Some(stream);
        }
        if self.stream_list.len() >= self.options.sources && !self.options.makes_room() {
            return None;
        }
        let source = self.source(source_key(datagram.exporter.addr, version, domain));
        let stream = Stream {
            key,
            source,
            messages: 1,
            sequence: Sequence::new(version),
            uptime_rate: UptimeRate::default(),
            domain_key: domain_key(datagram, version, domain),
        };
        let slot = self.put_stream(stream, datagram);
        self.streams.insert(key, slot);
        Some(slot)
    }

    pub(super) fn seen(&mut self, source: u32, datagram: &Datagram, time: Timestamp) {
        let port = datagram.exporter.port;
        let Some(source) = self.census.sources.get_mut(source as usize) else { return };
        if source.messages == 0 {
            (source.first_seen, source.last_seen) = (time, time);
        }
        source.messages += 1;
        source.file = datagram.origin.file;
        source.first_seen = source.first_seen.min(time);
        source.last_seen = source.last_seen.max(time);
        // 0 is no port: a flow log does not tell one.
        if port != 0 && !source.ports.contains(&port) && source.ports.len() < MOST_PORTS {
            source.ports.push(port);
        }
    }

    /// Notes an up-time that counts seconds.
    pub(super) fn note_uptime(&mut self, at: At<'_>, uptime: u32) {
        let Some(stream) = self.stream_list.get_mut(at.stream) else { return };
        if let Some(InSeconds { rise, seconds, messages }) = stream.uptime_rate.step(at.context.export_time, uptime) {
            self.problem(causes::UPTIME_SECONDS, place(at, None), Some(at.source), || {
                format!("it rose by {rise} in {seconds} s of export time ({messages} messages), where milliseconds rise by 1000 a second")
            });
        }
    }

    pub(super) fn layout(&mut self, source: u32, kind: LayoutKind) -> u32 {
        if let Some(layout) = self.layouts.get(&(source, kind)) {
            return *layout;
        }
        self.new_layout(source, kind)
    }

    pub(super) fn add_flows(&mut self, source: u32, flows: u64) {
        if let Some(source) = self.census.sources.get_mut(source as usize) {
            source.flows += flows;
        }
    }

    pub(super) fn note_losses(&mut self) {
        for index in 0..self.stream_list.len() {
            let Some(stream) = self.stream_list.get(index) else { continue };
            self.note_loss(stream.sequence.report(), stream.source, stream.source_key());
        }
    }

    /// Tells what a session has lost.
    pub(super) fn note_loss(&mut self, report: SequenceReport, source: u32, key: SourceKey) {
        if report.lost > 0 {
            let first = crate::datagram::Origin { file: 0, frame: 0 };
            let here = Place { origin: first, exporter: Some(key.exporter), domain: key.domain, offset: None };
            let what = report.convention.map_or("units", |c| c.name());
            let source = self.is_of(source, &key).then_some(source);
            self.problem(causes::SEQUENCE_LOST, here, source, || format!("{} lost; the sequence counts {what}", report.lost));
        }
    }
}
