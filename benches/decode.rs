//! What decoding costs, stage by stage: `cargo bench`, or with a capture of one's own,
//! `IPFIX_INSPECT_BENCH=capture.pcap cargo bench`.

mod support;

use std::sync::{Arc, LazyLock};

use divan::Bencher;
use ipfix_inspect::collector::{Collector, CollectorOptions, Flow, Sink, run};
use ipfix_inspect::plan::{Canonical, Schema, SchemaBuilder};
use ipfix_inspect::summary::{HeadAndSums, Sums, head_schema, sums_schema};
use ipfix_inspect::write::{Format, RowWriter, TextPart};

static CAPTURE: LazyLock<Vec<u8>> = LazyLock::new(support::capture);
static WITH_OPTIONS: LazyLock<Vec<u8>> = LazyLock::new(support::with_options);
static STRINGS: LazyLock<Vec<u8>> = LazyLock::new(support::strings);

fn main() {
    LazyLock::force(&CAPTURE);
    LazyLock::force(&WITH_OPTIONS);
    LazyLock::force(&STRINGS);
    divan::main();
}

/// Frames, decapsulation, datagrams.
#[divan::bench]
fn input(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let mut input = support::open(&CAPTURE);
        let mut datagrams = 0;
        while let Some(batch) = input.next_batch().expect("memory can be read") {
            datagrams += batch.datagrams.len();
        }
        datagrams
    });
}

/// The first pass: templates and nothing else.
#[divan::bench]
fn look_ahead(bencher: Bencher<'_, '_>) {
    bencher.bench(|| learned(&CAPTURE, &sums_schema(false)).templates().definitions().len());
}

/// The overview's numbers, both passes.
#[divan::bench]
fn sums(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let mut sink = HeadAndSums::default();
        let collector = learned(&CAPTURE, &sums_schema(false));
        let _ = decode(&CAPTURE, collector, &Sums::new(head_schema(false)), &mut sink);
        sink.by_layout.iter().map(|s| s.bytes).sum::<u128>()
    });
}

/// All canonical columns as CSV, into nowhere, both passes.
#[divan::bench]
fn csv(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let mut b = SchemaBuilder::default();
        Canonical::ALL.iter().for_each(|c| {
            b.canonical(*c);
        });
        let schema = Arc::new(b.build());
        let mut sink = Nowhere(0);
        let _ = decode(&CAPTURE, learned(&CAPTURE, &schema), &RowWriter::new(Arc::clone(&schema), Format::Csv), &mut sink);
        sink.0
    });
}

/// The overview's numbers of records with two strings of variable length; as many octets as the other capture.
#[divan::bench]
fn sums_of_strings(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let mut sink = HeadAndSums::default();
        let collector = learned(&STRINGS, &sums_schema(false));
        let _ = decode(&STRINGS, collector, &Sums::new(head_schema(false)), &mut sink);
        sink.by_layout.iter().map(|s| s.bytes).sum::<u128>()
    });
}

/// The same records as CSV, all canonical columns and the strings.
#[divan::bench]
fn csv_of_strings(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let mut b = SchemaBuilder::default();
        Canonical::ALL.iter().for_each(|c| {
            b.canonical(*c);
        });
        for name in ["interfaceName", "userName"] {
            b.named(name).expect("an element");
        }
        let schema = Arc::new(b.build());
        let mut sink = Nowhere(0);
        let _ = decode(&STRINGS, learned(&STRINGS, &schema), &RowWriter::new(Arc::clone(&schema), Format::Csv), &mut sink);
        sink.0
    });
}

/// Interfaces of flows as numbers, to compare with [`names`].
#[divan::bench]
fn numbers(bencher: Bencher<'_, '_>) {
    bencher.bench(|| columns(&[Canonical::SrcAddr, Canonical::Bytes, Canonical::InIf, Canonical::OutIf], false));
}

/// Interfaces of flows by their names out of options data.
#[divan::bench]
fn names(bencher: Bencher<'_, '_>) {
    bencher.bench(|| columns(&[Canonical::SrcAddr, Canonical::Bytes, Canonical::InIfName, Canonical::OutIfName], false));
}

/// The same with the sampling rate, and bytes multiplied by it.
#[divan::bench]
fn names_scaled(bencher: Bencher<'_, '_>) {
    let wanted = [Canonical::SrcAddr, Canonical::Bytes, Canonical::InIfName, Canonical::OutIfName, Canonical::SamplingInterval];
    bencher.bench(|| columns(&wanted, true));
}

fn columns(wanted: &[Canonical], scaled: bool) -> usize {
    let mut b = SchemaBuilder::default();
    b.scaled(scaled);
    wanted.iter().for_each(|c| {
        b.canonical(*c);
    });
    let schema = Arc::new(b.build());
    let mut sink = Nowhere(0);
    let _ = decode(&WITH_OPTIONS, learned(&WITH_OPTIONS, &schema), &RowWriter::new(Arc::clone(&schema), Format::Csv), &mut sink);
    sink.0
}

struct Nowhere(usize);

impl Sink<TextPart> for Nowhere {
    type Error = std::convert::Infallible;

    fn absorb(&mut self, part: TextPart) -> Result<Flow, Self::Error> {
        self.0 += part.text().len();
        Ok(Flow::Continue)
    }
}

fn learned(capture: &'static [u8], schema: &Arc<Schema>) -> Collector {
    let mut collector = Collector::new(CollectorOptions::new(Arc::clone(schema)));
    let mut input = support::open(capture);
    while let Some(batch) = input.next_batch().expect("memory can be read") {
        collector.learn(&batch);
    }
    collector.rewind();
    collector
}

fn decode<D: ipfix_inspect::collector::Digest, S: Sink<D::Part>>(
    capture: &'static [u8],
    mut collector: Collector,
    digest: &D,
    sink: &mut S,
) -> Result<(), S::Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    run(
        threads,
        |give| {
            let mut input = support::open(capture);
            while let Some(batch) = input.next_batch().expect("memory can be read") {
                collector.collect(&batch, &mut |work| {
                    let _ = give(work);
                });
            }
            collector.finish(&mut |work| {
                let _ = give(work);
            });
        },
        digest,
        sink,
    )
}
