//! Where our figures and flows differ from the references', and by whose word ours are right.

/// What the program says of a file where a figure of the manifest is not the last word, and why.
pub(crate) struct Explained {
    pub(crate) file: &'static str,
    figure: &'static str,
    /// Our value; empty if any will do.
    ours: &'static str,
}

const fn explained(file: &'static str, figure: &'static str, ours: &'static str) -> Explained {
    Explained { file, figure, ours }
}

pub(crate) const EXPLAINED: &[Explained] = &[
    // Data before its template is decoded all the same (RFC 3954 §9: the collector SHOULD store it and decode it when the template has come;
    // RFC 7011 §8): the manifest counts one pass. Template 280 never comes.
    explained("captures/ipfix-netscaler-late-template.pcap", "flows", "6"),
    explained("captures/ipfix-netscaler-late-template.pcap", "sets_without_template", "2"),
    explained("captures/ipfix-netscaler-late-template.pcap", "octets", "6212"),
    explained("captures/ipfix-netscaler-late-template.pcap", "packets", "10"),
    explained("captures/v9-fortigate-542-late-template.pcap", "flows", "34"),
    explained("captures/v9-fortigate-542-late-template.pcap", "sets_without_template", "0"),
    explained("captures/v9-fortigate-542-late-template.pcap", "octets", "58984"),
    explained("captures/v9-fortigate-542-late-template.pcap", "packets", "210"),
    // The manifest has nfdump's totals, which add the OUT counters (23, 24) and multiply by the v5 sampling interval: IN alone is what
    // the field says (RFC 3954 §8).
    explained("captures/mixed-all-exporters.pcap", "octets", "152394456"),
    explained("captures/mixed-all-exporters.pcap", "packets", "142231"),
    explained("captures/mixed-v9-only.pcap", "octets", "152109567"),
    explained("captures/mixed-v9-only.pcap", "packets", "141263"),
    // tshark believes the header's Count and drops the last flow; Sets are walked by their lengths (RFC 3954 §5.1 and §5.3).
    explained("captures/softflowd-v9-ether.pcap", "octets", "117653"),
    explained("captures/softflowd-v9-ether.pcap", "packets", "320"),
    // tshark reads the last datagram by the first definition of its templates: a redefinition holds from its message on (RFC 3954 §9, RFC 7011
    // §8.1). No template here has element 1.
    explained("captures/v9-template-redefined.pcap", "octets", "0"),
    explained("synthetic/ipfix-template-changed-no-withdrawal.pcap", "octets", "3539"),
    explained("synthetic/ipfix-template-changed-no-withdrawal.pcap", "packets", "37"),
    // Withdrawals over UDP are ignored (RFC 7011 §8.4: Template Withdrawal Messages MUST NOT be sent over UDP, and a collector ignores them):
    // 3 + 2 flows by the first definition, 2 + 1 by the second.
    explained("synthetic/ipfix-template-withdrawal.pcap", "flows", "8"),
    explained("synthetic/ipfix-template-withdrawal.pcap", "octets", "16617"),
    explained("synthetic/ipfix-template-withdrawal.pcap", "packets", "171"),
    explained("synthetic/ipfix-template-withdrawal.pcap", "sets_without_template", "0"),
    // No two decoders agree on this file. A Set longer than its message is refused (RFC 7011 §3.3.2: Length is the Set's, within the
    // message), so two of tshark's five flows are not read; an Options Template whose scope count is 0 or more than its fields, and
    // a template id below 256, are refused (RFC 7011 §3.4.2.2, §3.4.1). The messages of the fifth, ninth and last datagram have a whole record each.
    explained("synthetic/ipfix-bad-lengths.pcap", "flows", "3"),
    explained("synthetic/ipfix-bad-lengths.pcap", "octets", "14000"),
    explained("synthetic/ipfix-bad-lengths.pcap", "packets", "140"),
    explained("synthetic/ipfix-bad-lengths.pcap", "template_records", "1"),
    explained("synthetic/ipfix-bad-lengths.pcap", "options_template_records", "0"),
    explained("synthetic/ipfix-bad-lengths.pcap", "sets_without_template", ""),
    // The tenth datagram has Count 0 and one whole record: read (RFC 3954 §5.1). An options template whose scope length is no multiple of
    // a specifier's four octets, and template id 200, are refused (RFC 3954 §6.1, §5.2).
    explained("synthetic/v9-bad-lengths.pcap", "flows", "3"),
    explained("synthetic/v9-bad-lengths.pcap", "octets", "1500"),
    explained("synthetic/v9-bad-lengths.pcap", "packets", "15"),
    explained("synthetic/v9-bad-lengths.pcap", "template_records", "1"),
    explained("synthetic/v9-bad-lengths.pcap", "options_template_records", "0"),
    explained("synthetic/v9-bad-lengths.pcap", "sets_without_template", ""),
    // Damaged datagrams of these two: whether one that can't be read at all counts as NDE is not for a manifest to say.
    explained("synthetic/ipfix-bad-lengths.pcap", "nde_datagrams", ""),
    explained("synthetic/v9-bad-lengths.pcap", "nde_datagrams", ""),
    // Snapshot length 200: the whole records and templates of a Set that the capture cut are given; tshark wants the Set whole. Data Sets of
    // cut templates stay without one.
    explained("linklayer/12-snaplen-200.pcap", "flows", "5"),
    explained("linklayer/12-snaplen-200.pcap", "template_records", "4"),
    explained("linklayer/12-snaplen-200.pcap", "octets", "1494"),
    explained("linklayer/12-snaplen-200.pcap", "packets", "19"),
    explained("linklayer/12-snaplen-200.pcap", "sets_without_template", ""),
    explained("linklayer/12b-snaplen-68.pcap", "sets_without_template", ""),
    // tshark gives a file up whose second message is damaged; the 67 messages around it are sound (RFC 5655: each says its length).
    explained("flowlogs/example_flows-bad-message.ipfix", "nde_datagrams", "67"),
    explained("flowlogs/example_flows-bad-message.ipfix", "flows", "3919"),
    explained("flowlogs/example_flows-bad-message.ipfix", "template_records", "8"),
    explained("flowlogs/example_flows-bad-message.ipfix", "octets", "48919008"),
    explained("flowlogs/example_flows-bad-message.ipfix", "packets", "56259"),
    // Nothing in here is NDE; tshark calls five of the datagrams so, by their port and first octets, and finds no record.
    explained("linklayer/17-not-netflow-on-2055.pcap", "nde_datagrams", "0"),
];

/// Our value where the manifest's is not the last word.
pub(crate) fn verdict(file: &str, figure: &str) -> Option<&'static str> {
    EXPLAINED.iter().find(|e| e.file == file && e.figure == figure).map(|e| e.ours)
}

/// How the times of a capture's flows relate to the expected table's.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Times {
    /// They are the same, cut to milliseconds.
    Same,
    /// tshark prints the fraction of NTP times up to a nanosecond low, and the table's cut then takes a whole millisecond.
    NanosecondLow,
    /// The table has none: the record has neither start nor end, and the observation time stands for both.
    Observed,
    /// The table counts by the boot that the first process told. From this frame on another process sends, which tells a boot so many
    /// milliseconds later (systemInitTimeMilliseconds, RFC 5102 §5.9.7, in options of its own session: RFC 7011 §8).
    LaterBoot { frame: u64, millis: i128 },
}

/// How to compare the times of a capture.
pub(crate) fn times(file: &str) -> Times {
    match file {
        "softflowd-ipfix-nano.pcap" | "softflowd-ipfix-micro.pcap" => Times::NanosecondLow,
        "softflowd-psamp.pcap" => Times::Observed,
        "restart-softflowd-ipfix.pcap" => Times::LaterBoot { frame: 26, millis: 11_844 },
        _ => Times::Same,
    }
}

/// The exporter of these is that of the capture with the same messages, one a datagram, of which the expected flows are.
pub(crate) const OTHER_EXPORTER: [&str; 2] = ["captures/ipfix-softflowd-3msg-one-datagram.pcap", "captures/v5-basic-concatenated.pcap"];

/// Columns of a capture's expected flows that say something else than ours, while the octets of their fields agree.
pub(crate) fn other_column(file: &str, column: &str) -> bool {
    match file {
        // tshark has the ports from inside a subTemplateList; the record has none (RFC 6313 §4.5.2).
        "synthetic/ipfix-structured-data.pcap" => column.ends_with("_port"),
        // The record has four starts and ends: the finest counts here, the coarsest there; and an address of 27 that is IPv4-mapped
        // (RFC 4291 §2.5.5.2) is shown as the IPv4 address that it maps.
        "synthetic/ipfix-data-types.pcap" => ["flow_start", "flow_end", "src_addr", "dst_addr"].contains(&column),
        file => column == "exporter" && OTHER_EXPORTER.contains(&file),
    }
}

/// tshark's word for an up-time stamp of 0, which is the boot (RFC 3954 §8, RFC 5102 §5.9.7).
pub(crate) const NO_UPTIME: &str = "1970-01-01T00:00:00.000000000Z";

/// True where the table's 0 means that the record has no such field: nfdump, which decoded this one, knows no other way to say so. The third
/// definition of the template has neither ports nor TCP flags.
pub(crate) fn zero_is_absent(file: &str, flow: usize) -> bool {
    file == "pyipfix-redefined-template.pcap" && (31..=45).contains(&flow)
}
