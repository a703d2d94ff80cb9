//! The collector, fed with messages made here: what it holds, splits, refuses and counts.

use std::net::IpAddr;
use std::sync::Arc;

use super::*;
use crate::column::FlowBatch;
use crate::datagram::{Datagram, DatagramBatch, Endpoint, Origin, Transport};
use crate::plan::{Canonical, SchemaBuilder};
use crate::time::Timestamp;

fn set(id: u16, body: &[u8]) -> Vec<u8> {
    [&id.to_be_bytes()[..], &(4 + body.len() as u16).to_be_bytes(), body].concat()
}

fn template(id: u16, fields: &[(u16, u16)]) -> Vec<u8> {
    let mut body = [id.to_be_bytes(), (fields.len() as u16).to_be_bytes()].concat();
    for (element, length) in fields {
        body.extend(element.to_be_bytes());
        body.extend(length.to_be_bytes());
    }
    set(2, &body)
}

fn ipfix(sequence: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let sets = sets.concat();
    let mut message = vec![0, 10];
    message.extend((16 + sets.len() as u16).to_be_bytes());
    for word in [1_700_000_000, sequence, 7] {
        message.extend(word.to_be_bytes());
    }
    message.extend(sets);
    message
}

/// One batch of datagrams from the same port.
fn batch(transport: Transport, payloads: &[Vec<u8>]) -> DatagramBatch {
    let mut octets = Vec::new();
    let mut datagrams = Vec::new();
    for (frame, payload) in (1..).zip(payloads) {
        datagrams.push(Datagram {
            index: frame - 1,
            time: Some(Timestamp::from_seconds(1_700_000_000)),
            exporter: Endpoint { addr: IpAddr::from([192, 0, 2, 1]), port: 50_000 },
            collector: Endpoint { addr: IpAddr::from([192, 0, 2, 254]), port: 4739 },
            transport,
            origin: Origin { file: 0, frame },
            buffer: 0,
            start: octets.len() as u32,
            length: payload.len() as u32,
            missing: 0,
        });
        octets.extend(payload);
    }
    DatagramBatch { buffers: vec![Arc::new(octets)], datagrams, ..DatagramBatch::default() }
}

fn options() -> CollectorOptions {
    let mut b = SchemaBuilder::default();
    b.canonical(Canonical::SrcPort).canonical(Canonical::Bytes);
    CollectorOptions::new(Arc::new(b.build()))
}

/// Runs a collector to its end and gives the source ports of the flows, and the rows of each piece of work.
fn ports(collector: &mut Collector, batch: &DatagramBatch) -> (Vec<u64>, Vec<usize>) {
    let mut works = Vec::new();
    collector.collect(batch, &mut |work| works.push(work));
    collector.finish(&mut |work| works.push(work));
    let mut ports = Vec::new();
    for work in &works {
        let mut flows = FlowBatch::new(Arc::clone(work.schema()));
        work.decode(&mut flows);
        assert_eq!(flows.rows(), work.rows());
        let column = flows.canonical(Canonical::SrcPort).unwrap();
        ports.extend((0..flows.rows()).filter_map(|row| column.unsigned(row)));
    }
    (ports, works.iter().map(Work::rows).collect())
}

#[test]
fn a_pipe_waits_for_its_template() {
    let data = ipfix(0, &[set(256, &[0, 80, 1, 187])]);
    let late = ipfix(2, &[template(256, &[(7, 2)]), set(256, &[0, 22])]);
    let never = ipfix(3, &[set(300, &[1, 2])]);
    let mut collector = Collector::new(CollectorOptions { hold: true, ..options() });
    assert_eq!(ports(&mut collector, &batch(Transport::Udp, &[data, late, never])).0, [80, 443, 22]);
    let census = collector.census();
    assert_eq!((census.data_sets, census.data_sets_decoded, census.data_sets_without_template), (3, 2, 1));
    assert_eq!((collector.ledger().count("before-template"), collector.ledger().count("no-template")), (1, 1));
}

#[test]
fn a_file_is_looked_through_first() {
    let data = ipfix(0, &[set(256, &[0, 80])]);
    let late = ipfix(1, &[template(256, &[(7, 2)])]);
    let batch = batch(Transport::Udp, &[data, late]);
    let mut collector = Collector::new(options());
    collector.learn(&batch);
    collector.rewind();
    assert_eq!(ports(&mut collector, &batch).0, [80]);
    assert_eq!(collector.templates().definitions()[0].sets_before, 1);
}

#[test]
fn withdrawals_count_in_files_and_not_over_udp() {
    let messages =
        [ipfix(0, &[template(256, &[(7, 2)]), set(256, &[0, 80])]), ipfix(1, &[set(2, &[1, 0, 0, 0])]), ipfix(1, &[set(256, &[1, 187])])];
    let run = |transport| {
        let mut collector = Collector::new(options());
        let flows = ports(&mut collector, &batch(transport, &messages)).0;
        (flows, collector.ledger().count("withdrawal-over-udp"), collector.ledger().count("after-withdrawal"))
    };
    assert_eq!(run(Transport::Udp), (vec![80, 443], 1, 0));
    assert_eq!(run(Transport::File), (vec![80], 0, 1));
}

#[test]
fn many_fields_of_no_octets_do_not_fill_memory() {
    let mut fields = vec![(7, 1)];
    fields.resize(1_999, (8, 0));
    let payload = ipfix(0, &[template(256, &fields), set(256, &[9; 50_000])]);
    let mut collector = Collector::new(CollectorOptions { batch_cells: 1 << 20, ..options() });
    let (ports, rows) = ports(&mut collector, &batch(Transport::Udp, &[payload]));
    assert_eq!(ports.len(), 50_000);
    assert!(rows.iter().all(|rows| *rows <= (1 << 20) / 1_999), "{rows:?}");
}

#[test]
fn a_template_of_empty_records_is_refused() {
    let payload = ipfix(0, &[template(256, &[(8, 0), (12, 0)]), set(256, &[1, 2, 3, 4])]);
    let mut collector = Collector::new(options());
    assert!(ports(&mut collector, &batch(Transport::Udp, &[payload])).0.is_empty());
    assert_eq!((collector.ledger().count("template-empty"), collector.ledger().count("no-template")), (1, 1));
}

#[test]
fn exporters_beyond_the_limit_are_counted_and_left_aside() {
    let messages: Vec<Vec<u8>> = (0..3u8)
        .map(|domain| {
            let mut message = ipfix(0, &[template(256, &[(7, 2)])]);
            message[15] = domain;
            message
        })
        .collect();
    let mut collector = Collector::new(CollectorOptions { sources: 2, ..options() });
    ports(&mut collector, &batch(Transport::Udp, &messages));
    assert_eq!((collector.census().sources.len(), collector.ledger().count("exporter-limit")), (2, 1));
}

#[test]
fn one_batch_of_datagrams_in_so_many_gets_other_columns() {
    let mut b = SchemaBuilder::default();
    b.canonical(Canonical::Bytes).canonical(Canonical::SrcPort);
    let deep = Arc::new(b.build());
    let part = Some(Part { schema: Arc::clone(&deep), first: 10, every: std::num::NonZero::new(3) });
    let mut collector = Collector::new(CollectorOptions { part, ..options() });
    let record = [0, 80, 0, 0, 0, 9];
    let mut looked_at = Vec::new();
    let mut all_ports = Vec::new();
    for turn in 0..8 {
        let sets = [template(256, &[(7, 2), (1, 4)]), set(256, &record.repeat(6))];
        collector.collect(&batch(Transport::Udp, &[ipfix(turn * 6, &sets)]), &mut |work| {
            let mut flows = FlowBatch::new(Arc::clone(work.schema()));
            work.decode(&mut flows);
            looked_at.push((Arc::ptr_eq(work.schema(), &deep), flows.rows()));
            let ports = flows.canonical(Canonical::SrcPort).expect("a port");
            all_ports.extend((0..flows.rows()).map(|row| ports.unsigned(row).unwrap()));
        });
    }
    let expected = [(true, 6), (true, 6), (false, 6), (false, 6), (true, 6), (false, 6), (false, 6), (true, 6)];
    assert_eq!(looked_at, expected);
    assert_eq!(all_ports, [80; 48]);
}

#[test]
fn batches_are_filled_up_where_that_is_asked_for() {
    let message = |turn: u32| ipfix(turn * 3, &[template(256, &[(7, 2)]), set(256, &[0, 80, 0, 81, 0, 82])]);
    let rows = |fill| {
        let mut collector = Collector::new(CollectorOptions { batch_rows: 6, fill, ..options() });
        let mut rows = Vec::new();
        for turn in 0..5 {
            collector.collect(&batch(Transport::Udp, &[message(turn)]), &mut |work| rows.push(work.rows()));
        }
        collector.finish(&mut |work| rows.push(work.rows()));
        rows
    };
    assert_eq!(rows(false), [3, 3, 3, 3, 3]);
    assert_eq!(rows(true), [6, 6, 3]);
}

#[test]
fn a_head_ends_between_sets_and_not_inside_of_one() {
    // Pieces of one Set go by one plan, which is compiled for the head's columns: bytes come before the port there.
    let mut b = SchemaBuilder::default();
    b.canonical(Canonical::Bytes).canonical(Canonical::SrcPort);
    let part = Some(Part { schema: Arc::new(b.build()), first: 10, every: None });
    let record = [0, 80, 0, 0, 0, 9];
    let sets = [template(256, &[(7, 2), (1, 4)]), set(256, &record.repeat(100)), set(256, &record.repeat(5))];
    let mut collector = Collector::new(CollectorOptions { part, batch_rows: 16, ..options() });
    let (ports, rows) = ports(&mut collector, &batch(Transport::Udp, &[ipfix(0, &sets)]));
    assert_eq!(ports, vec![80; 105]);
    assert_eq!(rows, [16, 16, 16, 16, 16, 16, 4, 5]);
}

#[test]
fn every_piece_of_a_set_is_joined_with_what_the_header_says() {
    let mut message = vec![0, 5, 0, 20];
    for word in [1_000u32, 1_700_000_000, 0, 0, 0x0000_4064] {
        message.extend(word.to_be_bytes());
    }
    message.extend([0; 48 * 20]);
    let mut b = SchemaBuilder::default();
    b.canonical(Canonical::SamplingInterval);
    let schema = Arc::new(b.build());
    let mut collector = Collector::new(CollectorOptions { batch_rows: 8, ..CollectorOptions::new(Arc::clone(&schema)) });
    let mut rates = Vec::new();
    collector.collect(&batch(Transport::Udp, &[message]), &mut |work| {
        let mut flows = FlowBatch::new(Arc::clone(work.schema()));
        work.decode(&mut flows);
        let column = flows.canonical(Canonical::SamplingInterval).unwrap();
        rates.extend((0..flows.rows()).map(|row| column.unsigned(row)));
    });
    assert_eq!(rates, vec![Some(100); 20]);
}

/// The datagrams of a batch, each from the host of its number.
fn from_hosts(messages: &[(u8, Vec<u8>)]) -> DatagramBatch {
    let payloads: Vec<Vec<u8>> = messages.iter().map(|(_, payload)| payload.clone()).collect();
    let mut batch = batch(Transport::Udp, &payloads);
    for (datagram, (host, _)) in batch.datagrams.iter_mut().zip(messages) {
        datagram.exporter.addr = IpAddr::from([192, 0, 2, *host]);
    }
    batch
}

fn live(sources: usize, definitions: usize) -> Collector {
    let limits = crate::template::Limits { definitions, domains: sources, fields: 100 };
    Collector::new(CollectorOptions { ports: PortFilter::Expected, hold: true, sources, limits, ..options() })
}

#[test]
fn where_somebody_listens_the_silent_make_room_and_the_totals_stay() {
    let flows = |sequence| ipfix(sequence, &[template(256, &[(7, 2)]), set(256, &[0, 80, 0, 81])]);
    let data = |sequence| ipfix(sequence, &[set(256, &[0, 82])]);
    // Half of those that come once bring flows.
    let forged = |host: u8| if host.is_multiple_of(2) { ipfix(0, &[template(256, &[(7, 2)])]) } else { flows(0) };
    // One that stays, others that come once in between, and one that comes after all of them.
    let mut messages: Vec<(u8, Vec<u8>)> = vec![(1, flows(0))];
    for (number, host) in (0u32..).zip(100..150) {
        messages.extend([(host, forged(host)), (1, data(2 + number))]);
    }
    messages.extend([(2, flows(0)), (2, data(9))]);
    let mut collector = live(8, 6);
    let (ports, _) = ports(&mut collector, &from_hosts(&messages));
    assert_eq!(ports.len(), 52 + 25 * 2 + 3);
    let census = collector.census();
    let of = |host| census.sources.iter().find(|s| s.key.exporter == IpAddr::from([192, 0, 2, host])).map(|s| (s.messages, s.flows));
    assert_eq!([of(1), of(2), of(100), of(149)], [Some((51, 52)), Some((2, 3)), None, Some((1, 2))]);
    assert_eq!(census.sources.iter().map(|s| (s.messages, s.flows)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)), (103, 105));
    assert_eq!((census.sources.len(), census.messages.values().sum::<u64>()), (8 + 1, 103));
    // Who is gone is counted together, with the layouts that flows on their way bear the numbers of.
    let together = census.sources.iter().position(|s| s.key.exporter.is_unspecified()).unwrap() as u32;
    assert_eq!(census.sources[together as usize].messages, 52 - 8);
    assert_eq!(census.layouts.len(), 27);
    let (gone, there): (Vec<&Layout>, Vec<&Layout>) = census.layouts.iter().partition(|l| l.source == together);
    assert!(
        !gone.is_empty()
            && gone.iter().all(|l| matches!(l.kind, LayoutKind::Template(id) if collector.templates().definition(id).is_none()))
    );
    assert!(there.iter().all(|l| census.sources[l.source as usize].flows > 0));
    assert!(collector.templates().len() <= 6);
    // The last one has lost what its number says, and keeps it; nobody else lost anything.
    let late = census.sources.iter().position(|s| s.key.exporter == IpAddr::from([192, 0, 2, 2])).unwrap() as u32;
    assert_eq!((collector.sequence(late).lost, collector.sequence(together).lost, collector.lost()), (7, 0, 7));
    assert_eq!((collector.ledger().count("exporter-limit"), collector.ledger().count("template-limit")), (0, 0));
    assert_eq!((collector.ledger().count("exporter-evicted"), collector.ledger().count("template-evicted")), (44, 46));
}

#[test]
fn what_a_forgotten_session_lost_stays_in_the_totals() {
    let gap = |sequence| ipfix(sequence, &[template(256, &[(7, 2)]), set(256, &[0, 80])]);
    let mut messages: Vec<(u8, Vec<u8>)> = vec![(1, gap(0)), (1, gap(11))];
    messages.extend((100..110).map(|host| (host, gap(0))));
    // It comes again, as somebody new.
    messages.extend([(1, gap(50)), (1, gap(56))]);
    let mut collector = live(4, 100);
    ports(&mut collector, &from_hosts(&messages));
    let number = |host| collector.census().sources.iter().position(|s| s.key.exporter == IpAddr::from(host)).unwrap() as u32;
    let lost = [collector.sequence(number([192, 0, 2, 1])).lost, collector.sequence(number([0, 0, 0, 0])).lost, collector.lost()];
    assert_eq!((lost, collector.ledger().count("sequence-lost")), ([5, 10, 15], 2));
}

#[test]
fn what_waits_of_a_forgotten_exporter_is_not_counted_for_another() {
    let waits = ipfix(0, &[set(300, &[0, 80])]);
    let mut messages = vec![(1, waits)];
    messages.extend((100..110).map(|host| (host, ipfix(0, &[template(256, &[(7, 2)])]))));
    let mut collector = live(4, 100);
    ports(&mut collector, &from_hosts(&messages));
    let census = collector.census();
    let without: Vec<IpAddr> = census.sources.iter().filter(|s| s.sets_without_template > 0).map(|s| s.key.exporter).collect();
    assert_eq!((census.data_sets_without_template, without), (1, vec![IpAddr::from([0, 0, 0, 0])]));
}
