//! Messages that lie: every length and count, every cut, flips, random octets. The walk ends, stays inside, invents nothing.

use super::build::{Build, hex, words};
use super::real;
use super::*;

/// What a walk over everything in a payload saw.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    messages: usize,
    records: usize,
    sets: Vec<(u16, usize, usize)>,
    templates: Vec<u16>,
    faults: Vec<&'static str>,
}

/// Walks everything, and holds what must hold for any octets at all.
fn walk(payload: &[u8], missing: usize) -> Seen {
    let mut seen = Seen::default();
    let mut at = 0;
    for message in messages(payload, missing) {
        let message = match message {
            Ok(message) => message,
            Err(fault) => {
                seen.faults.push(fault.cause.code());
                assert!(fault.offset <= payload.len() && !fault.to_string().is_empty());
                continue;
            }
        };
        assert_eq!(message.offset, at);
        assert!(message.length >= 16);
        at += message.length;
        assert!(at <= payload.len());
        seen.messages += 1;
        match message.body {
            Body::Records(r) => {
                assert_eq!(r.octets.len(), r.count * r.stride);
                assert_eq!(payload.get(r.offset..r.offset + r.octets.len()), Some(r.octets));
                seen.records += r.count;
                seen.faults.extend(r.fault.map(|fault| fault.cause.code()));
            }
            Body::Sets(sets) => {
                let mut set_at = message.offset + message.header.version.header_length();
                for set in sets {
                    match set {
                        Ok(set) => {
                            assert_eq!(set.offset, set_at);
                            assert_eq!(payload.get(set.body_offset()..set.body_offset() + set.body.len()), Some(set.body));
                            assert!(set.body.len() == set.declared || missing > 0);
                            set_at = set.body_offset() + set.body.len();
                            assert!(set_at <= at);
                            seen.sets.push((set.id, set.offset, set.body.len()));
                            walk_templates(&set, kind(message.header.version, set.id), &mut seen);
                        }
                        Err(fault) => seen.faults.push(fault.cause.code()),
                    }
                }
            }
        }
    }
    seen
}

fn walk_templates(set: &Set<'_>, kind: SetKind, seen: &mut Seen) {
    let mut at = set.body_offset();
    let mut octets = 0;
    for record in template_records(set, kind) {
        match record {
            Ok(record) => {
                assert!(record.offset >= at && record.fields.len() * 4 + 4 <= set.body.len());
                assert!(record.scope_count <= record.fields.len());
                let withdraws = matches!(record.kind, TemplateKind::Withdrawal | TemplateKind::WithdrawAll(_));
                assert_eq!(record.fields.is_empty(), withdraws);
                at = record.offset + 4;
                octets += 4 + record.fields.len() * 4;
                seen.templates.push(record.id);
            }
            Err(fault) => {
                assert!(fault.offset >= at);
                seen.faults.push(fault.cause.code());
            }
        }
    }
    assert!(octets <= set.body.len());
}

fn faults(payload: &[u8]) -> Vec<&'static str> {
    walk(payload, 0).faults
}

/// Template 256 of two fields, and one with an enterprise field for IPFIX.
fn template(id: u16) -> Vec<u8> {
    words(&[id, 2, 8, 4, 1, 8])
}

#[test]
fn sets_that_lie_about_their_length() {
    let good = || Build::v9(1, 0).set(256, &[1; 12]);
    for length in [1, 2, 3] {
        let seen = walk(&good().set_that_says(257, length, &[2; 40]).done(), 0);
        assert_eq!((seen.sets, seen.faults), (vec![(256, 20, 12)], vec!["set-length-below-header"]), "{length}");
    }
    let seen = walk(&good().set_that_says(0, 41_541, &[2; 40]).set(256, &[1; 12]).done(), 0);
    assert_eq!((seen.sets, seen.faults), (vec![(256, 20, 12)], vec!["set-beyond-message"]));
    // One octet too long.
    assert_eq!(faults(&good().set_that_says(256, 17, &[2; 12]).done()), ["set-beyond-message"]);
    // Length 0 with data behind it; with zeros behind it, it is a zero-filled tail.
    assert_eq!(faults(&good().set_that_says(256, 0, &[2; 12]).done()), ["set-length-below-header"]);
    assert_eq!(faults(&good().set_that_says(0, 0, &[2; 12]).done()), ["set-length-below-header"]);
    assert_eq!(faults(&good().raw(&[0; 1220]).done()), [""; 0]);
    assert_eq!(faults(&good().raw(&[9, 9, 9]).done()), [""; 0]);
    assert_eq!(faults(&good().set_that_says(256, 4, &[]).done()), [""; 0]);
}

#[test]
fn ipfix_lengths_that_lie() {
    let message = || Build::ipfix(1).set(2, &template(256)).set(256, &[1; 12]);
    assert_eq!(walk(&message().done(), 0).sets, [(2, 16, 12), (256, 32, 12)]);
    // Beyond the datagram: what is whole is given, then one fault.
    let seen = walk(&message().done_that_says(300), 0);
    assert_eq!((seen.sets.len(), seen.templates, seen.faults), (2, vec![256], vec!["message-beyond-datagram"]));
    // The same with a Set that would fit into the Length: refused, one fault.
    let seen = walk(&message().set_that_says(256, 40, &[3; 8]).done_that_says(300), 0);
    assert_eq!((seen.sets.len(), seen.faults), (2, vec!["message-beyond-datagram"]));
    // Below the datagram: the Set that crosses the end is refused, the rest is no message.
    let seen = walk(&message().done_that_says(40), 0);
    assert_eq!((seen.sets.len(), seen.faults), (1, vec!["set-beyond-message", "trailing-octets"]));
    for length in [0, 8, 15] {
        let seen = walk(&message().done_that_says(length), 0);
        assert_eq!((seen.messages, seen.faults), (0, vec!["message-length-below-header"]));
    }
    // A header alone is a message without Sets.
    assert_eq!(walk(&Build::ipfix(1).done(), 0), Seen { messages: 1, ..Seen::default() });
}

#[test]
fn several_messages_in_one_datagram() {
    let one = Build::ipfix(1).set(256, &[1; 12]).done();
    let three = [one.clone(), one.clone(), one.clone()].concat();
    let seen = walk(&three, 0);
    assert_eq!((seen.messages, seen.sets), (3, vec![(256, 16, 12), (256, 48, 12), (256, 80, 12)]));
    assert_eq!(faults(&[three.clone(), vec![0; 7]].concat()), [""; 0]);
    assert_eq!(faults(&[three, vec![0, 10, 0]].concat()), ["trailing-octets"]);

    let v5 = |count, records| Build::fixed(Version::V5, count, records).done();
    let seen = walk(&[v5(2, 2), v5(1, 1), v5(3, 3)].concat(), 0);
    assert_eq!((seen.messages, seen.records, seen.faults), (3, 6, vec![]));
    // A v9 header behind a v5 message is no message of the same exporter.
    let seen = walk(&[v5(2, 2), Build::v9(0, 0).set(256, &[1; 12]).done()].concat(), 0);
    assert_eq!((seen.messages, seen.faults), (1, vec!["trailing-octets"]));
}

#[test]
fn fixed_counts_that_lie() {
    for version in [Version::V1, Version::V5, Version::V7] {
        let of = |count, records| walk(&Build::fixed(version, count, records).done(), 0);
        assert_eq!((of(3, 3).records, of(3, 3).faults), (3, vec![]));
        assert_eq!((of(4, 3).records, of(4, 3).faults), (3, vec!["records-short"]));
        assert_eq!((of(55_582, 3).records, of(55_582, 3).faults), (3, vec!["records-short"]));
        assert_eq!((of(2, 3).records, of(2, 3).faults), (2, vec!["trailing-octets"]));
        assert_eq!((of(0, 3).records, of(0, 3).faults), (0, vec!["count-zero", "trailing-octets"]));
        assert_eq!((of(1, 0).records, of(1, 0).faults), (0, vec!["records-short"]));
    }
}

#[test]
fn template_records_that_lie() {
    let v9 = |id, body: &[u16]| walk(&Build::v9(1, 0).set(id, &words(body)).done(), 0);
    let ipfix = |id, body: &[u16]| walk(&Build::ipfix(1).set(id, &words(body)).done(), 0);
    let none: Vec<u16> = vec![];
    // More fields than the Set has: nothing of it, and nothing behind it.
    assert_eq!((v9(0, &[256, 3, 8, 4, 1, 8]).templates, v9(0, &[256, 3, 8, 4, 1, 8]).faults), (none, vec!["template-beyond-set"]));
    assert_eq!(ipfix(2, &[256, 65_535, 8, 4, 1, 8]).faults, ["template-beyond-set"]);
    // The enterprise number of the last field is missing.
    assert_eq!(ipfix(2, &[256, 2, 8, 4, 0x8001, 8]).faults, ["template-beyond-set"]);
    assert_eq!(ipfix(2, &[256, 2, 8, 4, 0x8001, 8, 0, 29_305]).templates, [256]);
    // An id below 256 is refused, the next record is read.
    let seen = v9(0, &[200, 1, 8, 4, 256, 1, 8, 4]);
    assert_eq!((seen.templates, seen.faults), (vec![256], vec!["template-id-reserved"]));
    let seen = ipfix(2, &[255, 1, 0x8008, 4, 0, 9, 256, 1, 8, 4]);
    assert_eq!((seen.templates, seen.faults), (vec![256], vec!["template-id-reserved"]));
    // No fields: refused in v9, a withdrawal in IPFIX.
    let seen = v9(0, &[256, 0, 257, 1, 8, 4]);
    assert_eq!((seen.templates, seen.faults), (vec![257], vec!["template-without-fields"]));
    assert_eq!(ipfix(2, &[256, 0, 257, 0, 2, 0]).templates, [256, 257, 2]);
    assert_eq!(ipfix(3, &[3, 0]).templates, [3]);
    assert_eq!(ipfix(3, &[2, 0]).faults, ["template-id-reserved"]);
    // Scope counts of IPFIX.
    let seen = ipfix(3, &[256, 1, 0, 8, 4, 257, 1, 2, 8, 4, 258, 1, 1, 8, 4]);
    assert_eq!((seen.templates, seen.faults), (vec![258], vec!["scope-count-zero", "scope-count-above-fields"]));
    // Lengths of v9: 6 and 4 octets, the next record begins ten octets on.
    let seen = v9(1, &[256, 6, 4, 1, 4, 1, 4, 1, 257, 4, 4, 1, 4, 41, 4]);
    assert_eq!((seen.templates, seen.faults), (vec![257], vec!["options-length-uneven"]));
    // Padding: three octets of anything, or zeros.
    assert_eq!(walk(&Build::v9(1, 0).set(0, &[&template(256)[..], &[1, 2, 3]].concat()).done(), 0).faults, [""; 0]);
    assert_eq!(walk(&Build::v9(1, 0).set(0, &[&template(256)[..], &[0; 31]].concat()).done(), 0).templates, [256]);
    // v9's Sets inside IPFIX: the top bit is part of the id.
    assert_eq!(ipfix(0, &[256, 1, 0x8008, 4]).templates, [256]);
}

#[test]
fn withdrawals_name_their_family() {
    let payload = Build::ipfix(1).set(2, &words(&[2, 0, 300, 0])).set(3, &words(&[3, 0])).done();
    let mut kinds = Vec::new();
    for message in messages(&payload, 0) {
        let Body::Sets(sets) = message.unwrap().body else { panic!() };
        for set in sets.map(Result::unwrap) {
            kinds.extend(template_records(&set, kind(Version::Ipfix, set.id)).map(|record| record.unwrap().kind));
        }
    }
    assert_eq!(
        kinds,
        [TemplateKind::WithdrawAll(TemplateFamily::Data), TemplateKind::Withdrawal, TemplateKind::WithdrawAll(TemplateFamily::Options)]
    );
}

#[test]
fn a_limit_on_fields_refuses_the_record_alone() {
    let body = words(&[256, 3, 8, 4, 12, 4, 1, 8, 257, 2, 8, 4, 1, 8]);
    let set = Set { id: 0, offset: 20, body: &body, declared: body.len() };
    let mut records = template_records(&set, SetKind::Template(TemplateFormat::V9)).with_most_fields(2);
    let fault = records.next().unwrap().unwrap_err();
    assert_eq!((fault.cause.code(), fault.needed, fault.had, fault.offset), ("too-many-fields", 2, 3, 24));
    assert_eq!(records.next().unwrap().unwrap().id, 257);
    assert_eq!(records.next(), None);
}

#[test]
fn the_capture_cut_it() {
    let whole = Build::ipfix(1).set(2, &[template(256), template(257)].concat()).set(256, &[1; 24]).done();
    let cut = |length: usize| walk(&whole[..length], whole.len() - length);
    // Inside the data Set: its first octets are given, then the fault.
    assert_eq!(cut(50).sets, [(2, 16, 24), (256, 44, 2)]);
    assert_eq!((cut(50).templates, cut(50).faults), (vec![256, 257], vec!["cut-by-capture"]));
    // Inside a Set header, and between two Sets.
    assert_eq!((cut(46).sets, cut(46).faults), (vec![(2, 16, 24)], vec!["cut-by-capture"]));
    assert_eq!((cut(44).sets, cut(44).faults), (vec![(2, 16, 24)], vec!["cut-by-capture"]));
    // Inside the second template record: the first is whole; one fault, not two.
    assert_eq!((cut(40).templates, cut(40).faults), (vec![256], vec!["cut-by-capture"]));
    assert_eq!((cut(10).messages, cut(10).faults), (0, vec!["cut-by-capture"]));
    // A Set that would go beyond the whole datagram is the exporter's fault.
    let lie = Build::v9(1, 0).set_that_says(256, 60, &[1; 50]).done();
    assert_eq!(walk(&lie[..40], 34).faults, ["set-beyond-message"]);
    assert_eq!(walk(&lie[..40], 40).faults, ["cut-by-capture"]);
}

/// All kinds of messages, built and real.
fn samples() -> Vec<Vec<u8>> {
    let mut samples: Vec<_> = [
        real::SOFTFLOWD_V1,
        real::SOFTFLOWD_V5,
        real::FPROBE_V7,
        real::SCAPY_V9_OPTIONS,
        real::SOFTFLOWD_V9,
        real::PYIPFIX_WITHDRAWAL,
        real::FIXBUF_OPTIONS,
        real::OVS_OPTIONS,
        real::PMACCT_IPFIX,
    ]
    .map(hex)
    .to_vec();
    samples.push(Build::v9(2, 0).set(0, &template(256)).set(256, &[1; 24]).raw(&[0; 40]).done());
    samples.push(Build::ipfix(1).set(3, &words(&[256, 2, 1, 0x8008, 4, 0, 9, 1, 8])).set(256, &[1; 24]).set(0, &template(257)).done());
    samples.push([Build::fixed(Version::V5, 2, 2).done(), Build::fixed(Version::V5, 1, 1).done()].concat());
    samples
}

#[test]
fn cut_at_every_octet() {
    for sample in samples() {
        let whole = walk(&sample, 0);
        assert_eq!(whole.faults, [""; 0]);
        for length in 0..sample.len() {
            for missing in [0, sample.len() - length, 1] {
                let seen = walk(&sample[..length], missing);
                assert!(seen.records <= whole.records && seen.templates.len() <= whole.templates.len());
                assert!(whole.templates.starts_with(&seen.templates));
                let _ = recognise(&sample[..length], missing, Trust::Lenient);
                // A cut is never silent where the capture made it, but for the zero-filled tail.
                if missing == sample.len() - length && !sample.ends_with(&[0; 40]) && whole.messages == 1 {
                    assert_eq!(seen.faults, ["cut-by-capture"], "{length} of {}", sample.len());
                }
            }
        }
    }
}

/// A splitmix64 generator: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }
}

#[test]
fn flipped_octets() {
    let mut random = Random(2055);
    for sample in samples() {
        for _ in 0..4_000 {
            let mut payload = sample.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(payload.len());
                payload[at] = match random.below(4) {
                    0 => 0,
                    1 => 255,
                    2 => payload[at] ^ (1 << random.below(8)),
                    _ => random.next() as u8,
                };
            }
            let missing = random.below(3) * random.below(100);
            walk(&payload, missing);
            let _ = recognise(&payload, missing, Trust::Strict);
        }
    }
}

#[test]
fn random_octets_are_not_nde() {
    const TRIES: usize = 2_000_000;
    let mut random = Random(4739);
    let pool: Vec<u8> = std::iter::repeat_with(|| random.next().to_le_bytes()).take(1 << 20).flatten().collect();
    let mut payload = [0; 1500];
    let mut taken = [0; 4];
    for _ in 0..TRIES {
        let length = 20 + random.below(1481);
        let from = random.below(pool.len() - length);
        payload[..length].copy_from_slice(&pool[from..from + length]);
        let version = random.below(4);
        payload[..2].copy_from_slice(&[0, [1, 5, 9, 10][version]]);
        taken[version] += usize::from(recognise(&payload[..length], 0, Trust::Strict).is_ok());
    }
    println!("random payloads taken for v1, v5, v9, IPFIX: {taken:?} of {TRIES}");
    assert!(taken.iter().sum::<usize>() < TRIES / 100_000, "{taken:?}");
}
