//! Messages that real exporters sent, with expectations written by hand from their octets.

use super::build::hex;
use super::*;

/// softflowd 1.1.0, v1, one record.
pub(super) const SOFTFLOWD_V1: &str = "
    00010001000060e66b0355940ab96450c000020ac0000214000000000007000700000004000000f000001a380000263ce3821e6100000600
    0200000000000000";
/// softflowd 1.1.0 with -s 10, v5, two records.
pub(super) const SOFTFLOWD_V5: &str = "
    00050002000079aa6b03559a0a414e20000000700000400ac000020bc0000214000000000007000700000002000000680000335600003358
    89c01f90001006000000000000000000c0000214c000020b0000000000070007000000040000177000003356000033581f9089c000100600
    0000000000000000";
/// fprobe 1.1, v7, one record.
pub(super) const FPROBE_V7: &str = "
    000700013e8013886b035598000816500000014400000000c000020ac0000214000000000003000400000014000006903e7fbfba3e7fe6fa
    0008000000000100000000000000000000000000";
/// scapy, v9: six options templates, one for each scope type and one with two scope fields.
pub(super) const SCAPY_V9_OPTIONS: &str = "
    00090006ffffec786b0349c00000000000000100000100200101000400100001000400220004002300010024000200250002000000010018
    010200040008000200040052001000530020000000010020010300040010000100040030000100310001003200040054000c00000001001c
    01040004000c00010004005f000400600018005e00370000000100180105000400080001000400ea000400ec002000000001001c01060008
    0008000200040003000200290004002a00040000";
/// python3-ipfix: a withdrawal of template 300.
pub(super) const PYIPFIX_WITHDRAWAL: &str = "
    000a00186b0356350000001e0000303900020008012c0000";
/// libfixbuf 2.4.1: an RFC 5610 options template, without padding.
pub(super) const FIXBUF_OPTIONS: &str = "
    000a003e6b03563a0000000000001e610003002e100400090002015a0004012f000201530001015800010159000201560008015700080155
    ffff0154ffff";
/// Open vSwitch 3.1: an options template of three fields in a Set of 18 octets.
pub(super) const OVS_OPTIONS: &str = "
    000a00226b0355da00000001000000000003001201ce000200010090000400a70008";
/// pmacct 1.7.7: one data Set with a variable-length label.
pub(super) const PMACCT_IPFIX: &str = "
    000a00806b035594000001810000004d04000070000001a205062d33000001a2050605f30000000000000690000000000000001404000000
    640000000000c000020ac00002141c1c000008000000010000fde90000fdea02005e00011002005e00022000000000000000000001000000
    00000000640a746f2d73657276657200";
/// softflowd 1.1.0, v9: one data record of template 2048, IPv6.
pub(super) const SOFTFLOWD_V9: &str = "
    0009000100006f3a6b03559700000016000000000800004820010db800010000000000000000001020010db8000100000000000000000020
    00002bc1000033c4000000f00000000300000007000000070001945a1e61060206000000";

fn only(payload: &[u8]) -> Message<'_> {
    let mut all = messages(payload, 0);
    let message = all.next().unwrap().unwrap();
    assert!(all.next().is_none());
    assert_eq!((message.offset, message.length), (0, payload.len()));
    message
}

fn sets<'a>(message: &Message<'a>) -> Vec<Set<'a>> {
    let Body::Sets(sets) = &message.body else { panic!("no Sets") };
    sets.clone().map(Result::unwrap).collect()
}

fn templates(message: &Message<'_>) -> Vec<TemplateRecord> {
    sets(message).iter().flat_map(|set| template_records(set, kind(message.header.version, set.id))).map(Result::unwrap).collect()
}

fn records<'a>(message: &Message<'a>) -> Records<'a> {
    let Body::Records(records) = &message.body else { panic!("no records") };
    *records
}

#[test]
fn v1_of_softflowd() {
    let payload = hex(SOFTFLOWD_V1);
    let message = only(&payload);
    let header = message.header;
    assert_eq!(
        (header.version, header.count, header.uptime_ms, header.sequence, header.domain),
        (Version::V1, Some(1), Some(24_806), None, 0)
    );
    assert_eq!(header.export_time.to_string(), "2026-11-22T20:50:28.179922Z");
    // LAST of the record is 9788 ms.
    assert_eq!(header.clock.unwrap().absolute(9_788).to_string(), "2026-11-22T20:50:13.161922Z");
    let r = records(&message);
    assert_eq!((r.count, r.stride, r.offset, r.fault), (1, 48, 16, None));
    assert_eq!(r.octets[..8], [192, 0, 2, 10, 192, 0, 2, 20]);
}

#[test]
fn v5_of_softflowd_with_sampling() {
    let payload = hex(SOFTFLOWD_V5);
    let message = only(&payload);
    let header = message.header;
    assert_eq!((header.version, header.count, header.sequence, header.domain), (Version::V5, Some(2), Some(112), 0));
    assert_eq!(header.sampling, Some(Sampling { mode: 1, interval: 10 }));
    let r = records(&message);
    assert_eq!((r.count, r.stride, r.offset, r.octets.len(), r.fault), (2, 48, 24, 96, None));
}

#[test]
fn v7_of_fprobe() {
    let payload = hex(FPROBE_V7);
    let message = only(&payload);
    let header = message.header;
    assert_eq!((header.version, header.count, header.sequence, header.sampling), (Version::V7, Some(1), Some(324), None));
    let r = records(&message);
    assert_eq!((r.count, r.stride, r.offset, r.fault), (1, 52, 24, None));
}

#[test]
fn v9_options_templates_of_all_scopes() {
    let payload = hex(SCAPY_V9_OPTIONS);
    let message = only(&payload);
    assert_eq!((message.header.version, message.header.count, message.header.domain), (Version::V9, Some(6), 256));
    assert_eq!((message.header.uptime_ms, message.header.sequence), (Some(4_294_962_296), Some(0)));
    let sets = sets(&message);
    let extents: Vec<_> = sets.iter().map(|s| (s.id, s.offset, s.declared)).collect();
    assert_eq!(extents, [(1, 20, 28), (1, 52, 20), (1, 76, 28), (1, 108, 24), (1, 136, 20), (1, 160, 24)]);
    let found = templates(&message);
    let short: Vec<_> = found.iter().map(|t| (t.id, t.offset, t.scope_count, t.fields.len(), t.shortest())).collect();
    assert_eq!(
        short,
        [(257, 24, 1, 5, 13), (258, 56, 1, 3, 52), (259, 80, 1, 5, 22), (260, 112, 1, 4, 87), (261, 140, 1, 3, 40), (262, 164, 2, 4, 14)]
    );
    assert!(found.iter().all(|t| t.kind == TemplateKind::Options));
    let field = |id, length, role| FieldSpecifier { pen: 0, id, length, role };
    // Interface and Line Card, then exportedMessageTotalCount and exportedFlowRecordTotalCount.
    assert_eq!(
        found[5].fields,
        [field(2, 4, Role::V9Scope), field(3, 2, Role::V9Scope), field(41, 4, Role::Field), field(42, 4, Role::Field)]
    );
}

#[test]
fn ipfix_withdrawal_of_one_template() {
    let payload = hex(PYIPFIX_WITHDRAWAL);
    let message = only(&payload);
    let header = message.header;
    assert_eq!((header.version, header.count, header.uptime_ms, header.clock), (Version::Ipfix, None, None, None));
    assert_eq!((header.sequence, header.domain), (Some(30), 12_345));
    assert_eq!(header.export_time.to_string(), "2026-11-22T20:53:09.000Z");
    let expected = TemplateRecord { id: 300, offset: 20, octets: 4, kind: TemplateKind::Withdrawal, fields: vec![], scope_count: 0 };
    assert_eq!(templates(&message), [expected]);
}

#[test]
fn ipfix_options_template_of_libfixbuf() {
    let payload = hex(FIXBUF_OPTIONS);
    let found = templates(&only(&payload));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].kind, found[0].scope_count), (4_100, TemplateKind::Options, 2));
    let fields: Vec<_> = found[0].fields.iter().map(|f| (f.pen, f.id, f.length, f.role)).collect();
    assert_eq!(
        fields,
        [
            (0, 346, 4, Role::Scope),
            (0, 303, 2, Role::Scope),
            (0, 339, 1, Role::Field),
            (0, 344, 1, Role::Field),
            (0, 345, 2, Role::Field),
            (0, 342, 8, Role::Field),
            (0, 343, 8, Role::Field),
            (0, 341, 65_535, Role::Field),
            (0, 340, 65_535, Role::Field),
        ]
    );
    assert_eq!(found[0].shortest(), 28);
}

#[test]
fn ipfix_options_template_of_open_vswitch() {
    let payload = hex(OVS_OPTIONS);
    let message = only(&payload);
    assert_eq!(sets(&message), [Set { id: 3, offset: 16, body: &payload[20..34], declared: 14 }]);
    let found = templates(&message);
    assert_eq!((found.len(), found[0].id, found[0].scope_count, found[0].shortest()), (1, 462, 1, 12));
}

#[test]
fn data_sets_of_pmacct_and_softflowd() {
    let payload = hex(PMACCT_IPFIX);
    let message = only(&payload);
    assert_eq!(sets(&message), [Set { id: 1_024, offset: 16, body: &payload[20..], declared: 108 }]);
    // The label "to-server" with its NUL is the last field.
    assert_eq!(variable_length(&payload[117..]), Some((1, 10)));

    let payload = hex(SOFTFLOWD_V9);
    let message = only(&payload);
    assert_eq!((message.header.count, message.header.sequence, message.header.domain), (Some(1), Some(22), 0));
    assert_eq!(sets(&message), [Set { id: 2_048, offset: 20, body: &payload[24..], declared: 68 }]);
}

#[test]
fn all_are_recognised_by_their_content() {
    let expected = [
        (SOFTFLOWD_V1, Version::V1),
        (SOFTFLOWD_V5, Version::V5),
        (FPROBE_V7, Version::V7),
        (SCAPY_V9_OPTIONS, Version::V9),
        (SOFTFLOWD_V9, Version::V9),
        (PYIPFIX_WITHDRAWAL, Version::Ipfix),
        (FIXBUF_OPTIONS, Version::Ipfix),
        (OVS_OPTIONS, Version::Ipfix),
        (PMACCT_IPFIX, Version::Ipfix),
    ];
    for (literal, version) in expected {
        let payload = hex(literal);
        assert_eq!(recognise(&payload, 0, Trust::Strict), Ok(version));
        // A snapshot length of 68 leaves 26 octets of a datagram.
        if payload.len() > 26 {
            assert_eq!(recognise(&payload[..26], payload.len() - 26, Trust::Strict), Ok(version));
        }
    }
}
