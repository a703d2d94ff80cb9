//! The octet ledger: every octet of every payload has one class, whatever comes in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipfix_inspect::collector::{Collector, CollectorOptions, OctetClass, OctetLedger};
use ipfix_inspect::input::{Input, InputOptions, Location};
use ipfix_inspect::plan::Schema;

use crate::support::{corpus_for, note, testdata};

/// The ledger of a file that is read twice, or once as from a pipe; and the octets of all its payloads.
fn ledger(file: &Path, twice: bool) -> Option<(OctetLedger, u64)> {
    let open = || Input::open(&Location::Path(file.to_owned()), 0, &InputOptions::default()).ok();
    let options = CollectorOptions { hold: !twice, ..CollectorOptions::new(Arc::new(Schema::default())) };
    let mut collector = Collector::new(options);
    if twice {
        let mut input = open()?;
        while let Ok(Some(batch)) = input.next_batch() {
            collector.learn(&batch);
        }
        collector.rewind();
    }
    let mut input = open()?;
    let mut payloads = 0;
    while let Ok(Some(batch)) = input.next_batch() {
        payloads += batch.datagrams.iter().map(|d| batch.payload(d).len() as u64).sum::<u64>();
        collector.collect(&batch, &mut |_| {});
    }
    collector.finish(&mut |_| {});
    Some((collector.octets().clone(), payloads))
}

fn adds_up(file: &Path) -> bool {
    for twice in [true, false] {
        let Some((ledger, payloads)) = ledger(file, twice) else { return false };
        let sum: u64 = OctetClass::ALL.iter().map(|c| ledger.count(*c)).sum();
        assert_eq!((sum, ledger.total()), (payloads, payloads), "{}", file.display());
        let missed: u64 = OctetClass::ALL.iter().filter(|c| !c.is_decoded()).map(|c| ledger.count(*c)).sum();
        if ledger.more_undecoded() == 0 {
            let told: usize = ledger.undecoded().iter().map(|u| u.octets).sum();
            assert_eq!(told as u64, missed, "{}: places and counts", file.display());
        }
    }
    true
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
    files.sort();
    files
}

#[test]
fn every_file_of_testdata_adds_up() {
    let read = files(&testdata("")).iter().filter(|f| adds_up(f)).count();
    assert!(read >= 44, "{read} files");
}

#[test]
fn every_file_of_the_larger_collection_adds_up() {
    let Some(corpus) = corpus_for("every_file_of_the_larger_collection_adds_up") else { return };
    let mut read = 0;
    for folder in ["captures", "containers", "datagrams", "flowlogs", "linklayer", "synthetic", "../exporters"] {
        if corpus.join(folder).is_dir() {
            read += files(&corpus.join(folder)).iter().filter(|f| adds_up(f)).count();
        }
    }
    assert!(read > 300, "{read} files");
    note(&format!("{read} files add up"));
}

/// The classes of a file that are not empty.
fn classes(file: &str) -> Vec<(&'static str, u64)> {
    let (ledger, _) = ledger(&testdata(file), true).expect("a capture");
    OctetClass::ALL.iter().map(|c| (c.code(), ledger.count(*c))).filter(|(_, octets)| *octets > 0).collect()
}

/// The totals are tshark's: the sum of udp.length less 8. v5 by hand: 12 headers of 24 octets, 327 records of 48.
#[test]
fn classes_of_captures() {
    let sum = |file: &str| classes(file).iter().map(|(_, octets)| octets).sum::<u64>();
    assert_eq!(classes("fprobe-v5.pcap"), [("message-header", 288), ("flow", 15_696)]);
    assert_eq!(sum("softflowd-v9.pcap"), 27_252);
    assert_eq!(
        classes("no-template-softflowd-ipfix.pcap"),
        [("message-header", 11 * 16), ("set-header", 71 * 4), ("no-template", 15_240 - 11 * 16 - 71 * 4)]
    );
    assert_eq!(sum("pmacct-v9-malformed-sets.pcap"), 46_204);
    let malformed = classes("pmacct-v9-malformed-sets.pcap");
    assert!(malformed.contains(&("refused", 3_004)), "{malformed:?}");
    assert_eq!(classes("not-nde-sflow.pcap"), [("not-nde", 23_968)]);
    assert_eq!(sum("scapy-ipfix-options.pcap"), 7_092);
}
