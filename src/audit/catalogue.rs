//! Every kind of finding: code, weight, one sentence, how it is decided, what follows for the collector.

use crate::collector::{self, Severity};
use crate::input::FaultCause;

use super::finding::FindingKind;

macro_rules! kinds {
    ($($name:ident $severity:ident $code:literal $title:literal $explanation:literal $consequence:literal;)*) => {
        $(pub(super) const $name: FindingKind = FindingKind {
            code: $code, severity: Severity::$severity, title: $title, explanation: $explanation, consequence: $consequence,
        };)*
        /// The kinds that an audit makes itself; the problems of decoding come under their own codes.
        pub const KINDS: &[FindingKind] = &[$($name),*];
    };
}

kinds! {
    NO_NDE Error "no-nde" "The input has no NetFlow and no IPFIX"
        "No datagram was recognised as NDE: version, header, counts and lengths have to agree. The export may go to another interface, another port, or not at all; sFlow is named where it was seen."
        "Nothing of this input reaches {collector}.";
    NO_TEMPLATES Error "no-templates" "Data came, and not one template"
        "v9 and IPFIX data can't be read without the templates that the exporter sends now and then. The capture may be shorter than the refresh interval: capture for longer, or use --templates with what an earlier capture showed."
        "{collector} sees no flows until the next refresh; if there is none, never.";
    NO_FLOWS Warning "no-flows" "NDE came, and not one flow could be decoded"
        "There are messages, but no Data Record that describes a flow: only templates or options, or data without a template."
        "{collector} has nothing to show.";
    MISSING_ELEMENT Error "missing-element" "A template lacks what the collector requires"
        "The profile's document names elements that a template must have, and no field of this template gives one of them. A field of length 0 gives nothing; the reverse of an element does not stand for it. TCP flags count only if TCP flows came with the template."
        "{collector} drops these flows, or shows them without what is missing.";
    VERSION_NOT_TAKEN Error "version-not-taken" "The collector does not take this version"
        "The profile's document lists the versions that the collector reads."
        "{collector} drops the messages whole.";
    ALTERNATE_ELEMENT Note "alternate-element" "Required fields are given only by elements that the document does not name"
        "The elements say the same, as the absolute times of IPFIX do in place of up-time stamps, but the collector's document does not list them: neither a pass nor a fail."
        "{collector} probably takes these flows; its document does not promise it.";
    RECOMMENDED_MISSING Note "recommended-missing" "A template lacks what the collector recommends"
        "The profile marks elements that make flows better without being required."
        "{collector} takes the flows and shows less.";
    VERDICT_UNKNOWN Note "verdict-unknown" "Nothing can be said of a template without its flows"
        "A requirement holds for some flows only (TCP flags for TCP), and no flow came with the template that would tell."
        "Capture for longer to see what {collector} will make of it.";
    TEMPLATE_NEVER_SEEN Error "template-never-seen" "Data Sets whose template never came"
        "The exporter sends data under a Set id for which no template came from the same address and domain, before or after. A capture that is shorter than the refresh interval shows the same: look at how long the data was seen."
        "{collector} drops these flows without a word.";
    TEMPLATE_LATE Warning "template-late" "Data came before its template"
        "In this capture the first Data Set is older than the first arrival of its template. It was decoded all the same, with the template that came later."
        "{collector} drops what comes before the template: after each restart of it, up to a refresh interval.";
    REFRESH_TOO_LONG Warning "refresh-too-long" "Templates are refreshed too seldom"
        "The longest measured interval between two arrivals of the template is over the limit (--refresh-limit, 10 minutes by default). RFC 7011 section 8.4 has templates over UDP repeated; a datagram with the template may be lost too."
        "After a restart or a lost datagram {collector} is blind for as long.";
    REFRESH_ABSENT Warning "refresh-absent" "A template was not refreshed while its data went on"
        "The template came once, and its data goes on for longer than the limit (--refresh-limit, 10 minutes by default)."
        "After a restart {collector} may never decode these flows.";
    TEMPLATE_REDEFINED Warning "template-redefined" "A template id was given other fields"
        "Over UDP the messages of both meanings may cross, and a collector that keeps the first meaning reads nonsense from then on. The fields that changed are listed."
        "{collector} must follow the change; older collectors decode by the first template until they are restarted.";
    TEMPLATE_CONFLICT Error "template-conflict" "Two meanings of one template id alternate"
        "The id returned to an earlier content at least twice, or two sessions of one address and domain use it for different contents at the same time: mostly two exporters behind one address (NAT, a load balancer, two processes), or two templates configured with one id."
        "{collector}, which tells exporters apart by address, decodes flows of one with the template of the other: wrong numbers.";
    TEMPLATE_UNUSED Note "template-unused" "No data came with a template"
        "The template was announced, and no Data Record used it while the capture lasted: mostly a cache without traffic (IPv6, MPLS)."
        "None.";
    WITHDRAWAL_OVER_UDP Warning "withdrawal-over-udp" "Templates were withdrawn over UDP"
        "RFC 7011 section 8.4 forbids withdrawals over UDP; they are ignored here."
        "A collector that follows them drops the flows until the next refresh.";
    OPTIONS_MISSING Warning "options-missing" "Flows name a sampler, and no options data tells its rate"
        "samplerId (48) or selectorId (302) stands in the flows; the options template that maps it to an interval never came, or has no record for it."
        "{collector} shows the sampled volume as if it were all: too low by the sampling rate.";
    SAMPLING_UNANNOUNCED Note "sampling-unannounced" "Nothing tells whether the exporter samples"
        "No header, no field and no options data says anything of a sampling rate."
        "If it samples all the same, {collector} shows volumes that are too low by the rate.";
    SEQUENCE_LOST Warning "sequence-lost" "Data was lost between the exporter and the capture"
        "The sequence numbers have gaps that no later message filled. What the numbers count depends on the version and on the exporter, and is said."
        "{collector} misses these flows as well, if they were lost before the capture point; its volumes are too low.";
    EXPORTER_RESTARTED Note "exporter-restarted" "The exporter began anew"
        "The sequence began anew, or the boot time by the header moved."
        "Templates have to come again before {collector} decodes on.";
    MESSAGES_REORDERED Note "messages-reordered" "Messages arrived after later ones"
        "The sequence numbers step back and the gap is filled: several paths, or several capture points."
        "A collector that checks sequence numbers reports losses that are none.";
    MESSAGES_DUPLICATED Note "messages-duplicated" "Messages arrived twice"
        "The same sequence number came again: a mirror port that shows both directions, or two capture points."
        "If {collector} gets them twice as well, its volumes are doubled.";
    CLOCK_SKEW Warning "clock-skew" "The exporter's clock is off"
        "The export time of messages and the capture's time differ by more than --time-limit all the time, so it is no delay on the way."
        "{collector} files the flows under the wrong time; searches over the last minutes show nothing.";
    UPTIME_WRAP Warning "uptime-wrap" "Stamps from before a wrap of the up-time"
        "First or last of flows lie before the zero of the header's up-time, which wraps every 49.7 days. QRadar corrects such a stamp only if it exceeds the up-time by more than 86,400,000 ms. The times here are right."
        "{collector} may show flows 49.7 days off.";
    COUNT_WRONG Note "count-wrong" "The header's Count is not the number of records"
        "RFC 3954 section 5.1: Count is the number of records of all FlowSets of a message. Some exporters count FlowSets, or neither. It is not needed to decode."
        "A collector that believes it stops early and loses flows.";
    PADDING_ODD Note "padding-odd" "Octets behind the last record of Sets are not zero"
        "RFC 7011 section 3.3.1 has padding as zeros. They are left aside."
        "None for a collector that follows lengths.";
    LENGTH_ODD Warning "length-odd" "A field's length does not fit its element"
        "A counter may be sent in fewer octets than registered (RFC 7011 section 6.2), an address, a MAC address or a time may not."
        "{collector} skips the field, or reads a wrong value.";
    ELEMENT_REPEATED Note "element-repeated" "A template has an element more than once"
        "It is legal. The first occurrence feeds the canonical column here; every one is a column of its own."
        "A collector that keeps the last one shows another value.";
    ELEMENT_DEPRECATED Note "element-deprecated" "A template uses elements that their registry has given up"
        "IANA's registry marks them deprecated or obsolete."
        "Newer collectors may ignore them.";
    ELEMENT_UNKNOWN Note "element-unknown" "A template uses elements that no registry lists"
        "They stay as octets under their numbers; --elements FILE names them."
        "{collector} ignores them.";
    DATAGRAM_LARGE Warning "datagram-large" "Datagrams are larger than an Ethernet MTU leaves room for"
        "The UDP payload exceeds 1,472 octets, so the datagram is sent in fragments on a path with an MTU of 1,500."
        "One lost fragment loses all flows of the datagram; some firewalls drop fragments.";
    DATAGRAM_FRAGMENTED Warning "datagram-fragmented" "Datagrams arrived in fragments"
        "They were put together here where all fragments are in the capture."
        "One lost fragment loses all flows of the datagram; some firewalls drop fragments.";
    OVERFLOW_ADDRESS Warning "overflow-address" "Flows with the addresses 127.0.0.4 or 127.0.0.5"
        "QRadar puts these where its licence for flows a minute ends. In an exporter's own flows they should not be."
        "In {collector} they can't be told from its own overflow records.";
    PEAK_FLOWS Note "peak-flows" "The busiest minute of an exporter"
        "Flows that arrived in one minute by the capture's clock. QRadar and STRM limit flows a minute by licence and hardware."
        "Compare it with the licence of {collector}.";
    VALUE_ALWAYS_ZERO Warning "value-always-zero" "A field is there, and its value is always zero"
        "Of the flows that were looked at, 20 or more, every value of the field is 0, for a field that zero makes useless."
        "{collector} takes the template and shows nothing useful.";
    VALUE_CONSTANT Note "value-constant" "A field always has the same value"
        "Of the flows that were looked at, 100 or more, every value of the field is the same."
        "Mostly none; for ports and addresses of a whole network it hints at a wrong configuration.";
    IN_OUT_EQUAL Warning "in-out-equal" "IN and OUT counters are equal"
        "Both are there and equal in nine of ten flows or more (20 or more flows): the exporter repeats one counter in both."
        "A collector that adds them doubles the volume.";
    END_BEFORE_START Warning "end-before-start" "Flows end before they start"
        "By the times of the record, wraps of the up-time taken into account."
        "{collector} drops such flows, or shows absurd durations.";
    TIME_OFF Warning "time-off" "Flow times are far from the time of their arrival"
        "The flow's end and the capture of its datagram are further apart than --time-limit (an hour by default): wrong clocks, local time in place of UTC, a wrong base."
        "{collector} files the flows under the wrong time.";
    COUNTER_IMPLAUSIBLE Warning "counter-implausible" "Counters that can't be"
        "More octets than the packets can hold, more than 800 Gbit/s, octets without packets, or a counter of 2^31 or more in one flow."
        "Sums and top lists in {collector} are led by wrong numbers; signed 32-bit counters overflow.";
    PROTOCOL_ZERO Error "protocol-zero" "The protocol is always 0"
        "The field is there and 0 in every flow (20 or more) that was looked at."
        "{collector} can't tell TCP from UDP: ports and applications are lost.";
    INTERFACES_ZERO Note "interfaces-zero" "Input and output interface are always 0"
        "Both fields are there and 0 in every flow (20 or more) that was looked at: probes have no interfaces, routers do."
        "{collector} can't show traffic by interface.";
    TCP_FLAGS_ZERO Warning "tcp-flags-zero" "TCP flags are always 0"
        "TCP flows (20 or more) that were looked at all have 0 flags: hardware that does not see them, or a sampled cache."
        "{collector} can't see who began a connection, nor scans.";
}

/// What is known of a code: an audit's own, or a problem of decoding.
pub fn kind(code: &str) -> Option<FindingKind> {
    all().into_iter().find(|k| k.code == code)
}

/// All kinds: an audit's own, then the problems of decoding by code. Where both have a code, the audit's words hold.
pub fn all() -> Vec<FindingKind> {
    let mut out = KINDS.to_vec();
    let inputs = FaultCause::ALL.iter().map(|c| problem(c.code(), c.severity(), c.description()));
    let causes = collector::causes().map(|c| problem(c.code, c.severity, c.title));
    let mut problems: Vec<FindingKind> = inputs.chain(causes).collect();
    problems.sort_by_key(|k| k.code);
    problems.dedup_by_key(|k| k.code);
    problems.retain(|p| KINDS.iter().all(|k| k.code != p.code));
    out.extend(problems);
    out
}

/// A problem of decoding as a kind of finding.
pub(super) fn problem(code: &'static str, severity: Severity, title: &'static str) -> FindingKind {
    let consequence = match severity {
        Severity::Note => "Mostly none.",
        Severity::Warning => "A collector may lose what is damaged.",
        Severity::Error => "What is damaged is lost to {collector} as well.",
    };
    FindingKind { code, severity, title, explanation: "A problem of decoding; the overview gives its first example.", consequence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_said_in_sentences() {
        let mut codes: Vec<&str> = all().iter().map(|k| k.code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert_eq!(KINDS.len(), 43);
        for k in KINDS {
            assert!(k.code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", k.code);
            assert!(k.explanation.ends_with('.') && k.consequence.ends_with('.') && !k.title.ends_with('.'), "{}", k.code);
        }
        assert!(kind("record-cut").is_some() && kind("fragment-incomplete").is_some() && kind("nothing").is_none());
    }
}
