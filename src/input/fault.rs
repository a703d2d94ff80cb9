//! What can be wrong with a file or a frame: every cause has a code, a sentence and a weight, and is counted with its first example.

use crate::datagram::Origin;

/// How much a fault or a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is wrong: frames that hold no export, datagrams that were put together.
    Note,
    /// Something malformed or cut: a frame or a datagram is lost or incomplete.
    Warning,
    /// The file is damaged: what follows is lost.
    Error,
}

impl Severity {
    /// The word for output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! causes {
    ($($name:ident $severity:ident $code:literal $text:literal)*) => {
        /// The cause of a fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultCause {
            $(#[doc = $text] $name,)*
        }

        impl FaultCause {
            /// All causes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// A stable name, for machines.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// One sentence, for people.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How much it matters.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

causes! {
    FileCut Error "file-cut" "The file ends inside a frame, block or message; it was cut off, or is still being written."
    RecordLength Error "record-length" "A record header claims an impossible length; the rest of the file can't be read."
    BlockLength Error "block-length" "A pcapng block has an impossible length; the rest of the file can't be read."
    SectionDamaged Error "section-damaged" "A pcapng section header can't be read; the rest of the file can't be read."
    CompressionCut Error "compression-cut" "The compressed data ends early; what came before was read."
    CompressionDamaged Error "compression-damaged" "The compressed data is damaged; what came before was read."
    FlowBlock Error "flow-block" "A block of a flow file is damaged and was skipped."
    FlowRecord Warning "flow-record" "A record of a flow file contradicts itself and was skipped."
    FlowPart Note "flow-part" "Records of a flow file have parts that are not read."
    TablePart Error "table-part" "A part of a file of exported flows can't be read and was skipped."
    TableRow Warning "table-row" "Lines of a file of exported flows are malformed and were skipped."
    TableValue Warning "table-value" "Values in a file of exported flows don't fit their column and count as missing."
    TableColumn Note "table-column" "Columns of a file of exported flows have a type that is not read."
    TableColumnLost Warning "table-column-lost" "Columns of flows have a type that is not read: their values count as missing."
    TableScale Warning "table-scale" "Text does not say whether its counters were multiplied by the sampling rates before; --scale has multiplied them."
    TableRate Warning "table-rate" "Exported flows have no sampling_interval: --scale has multiplied nothing."
    BlockMalformed Warning "block-malformed" "A pcapng block contradicts itself and was skipped."
    BlockTooLarge Warning "block-too-large" "A pcapng packet block is larger than any frame and was skipped."
    InterfaceUnknown Warning "interface-unknown" "A packet names an interface that the file does not describe."
    TimeOutOfRange Note "time-out-of-range" "A frame's time lies outside 1677 to 2262 and counts as unknown."
    LinkTypeUnsupported Warning "link-type-unsupported" "Frames have a link type that can't be opened."
    LinkHeader Warning "link-header" "A frame is too short for its link-layer header, or the header is malformed."
    TagLimit Warning "tag-limit" "A frame carries more VLAN tags or MPLS labels than are followed."
    FrameCut Warning "frame-cut" "The capture kept only the beginning of frames (snapshot length); datagrams are incomplete."
    HeadersCut Warning "headers-cut" "The capture kept too little of frames (snapshot length) to see a datagram."
    NotIp Note "not-ip" "Frames carry no IP (ARP, spanning tree and others)."
    OtherProtocol Note "other-protocol" "IP packets carry neither UDP nor TCP."
    IpHeader Warning "ip-header" "An IP header is malformed."
    IpExtension Warning "ip-extension" "An IPv6 extension header is malformed, or there are too many."
    IpLengthZero Note "ip-length-zero" "IP packets say length 0, as with segmentation offload on the capturing host; the frame's length was used."
    IpLengthBeyond Warning "ip-length-beyond" "IP packets claim more octets than their frame had."
    TunnelHeader Warning "tunnel-header" "A tunnel header (GRE, VXLAN, ERSPAN) is malformed."
    TunnelLimit Warning "tunnel-limit" "Packets lie in more tunnels than are followed."
    Reassembled Note "reassembled" "Fragmented datagrams were put together."
    FragmentDuplicate Note "fragment-duplicate" "Fragments came more than once."
    FragmentOverlap Warning "fragment-overlap" "Fragments overlap; the octets that came first were kept."
    FragmentMalformed Warning "fragment-malformed" "Fragments have an impossible offset or length."
    FragmentIncomplete Warning "fragment-incomplete" "Fragmented datagrams never became whole: fragments are missing in the capture."
    FragmentEvicted Warning "fragment-evicted" "Fragmented datagrams were given up because too many were unfinished at a time."
    UdpHeader Warning "udp-header" "An IP packet is too short for its UDP header."
    UdpLengthZero Note "udp-length-zero" "UDP datagrams say length 0; the IP packet's length was used."
    UdpLengthShort Warning "udp-length-short" "A UDP length is smaller than its header; the datagram was refused."
    UdpLengthBeyond Warning "udp-length-beyond" "A UDP length goes beyond its IP packet; what is there was read."
    TcpHeader Warning "tcp-header" "A TCP header is malformed."
    TcpNoData Note "tcp-no-data" "TCP segments without data."
    TcpOther Note "tcp-other" "TCP segments that are not IPFIX."
    TcpRetransmission Note "tcp-retransmission" "Segments of IPFIX streams that came again."
    TcpGap Warning "tcp-gap" "Octets of an IPFIX stream over TCP are missing in the capture."
    TcpOutOfSync Warning "tcp-out-of-sync" "An IPFIX stream over TCP goes on with what is no message; it is read on from the next segment that begins with one."
    TcpMessageCut Warning "tcp-message-cut" "An IPFIX stream over TCP ends or breaks inside a message."
    TcpEvicted Warning "tcp-evicted" "IPFIX streams over TCP were given up because too many were open at a time."
    LogOutOfSync Warning "log-out-of-sync" "A flow log goes on with what is no message; it is read on from where the next one begins."
    LogPadding Note "log-padding" "Zeros lie between the messages of a flow log."
    LogV9Extent Note "log-extent-guessed" "NetFlow v9 messages say no length: in a flow log each is taken to reach up to the header that follows one of its Sets."
}

/// One cause, how often it occurred, and the first example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The cause.
    pub cause: FaultCause,
    /// How often.
    pub count: u64,
    /// Where it occurred first.
    pub first: Origin,
    /// The first example: what, where, how much was needed and how much was there.
    pub detail: String,
}

/// The faults of one input: a table by cause, so that counting costs nothing and only the first example makes words.
#[derive(Debug)]
pub(super) struct FaultLog {
    slots: [u64; FaultCause::ALL.len()],
    firsts: Vec<Fault>,
}

impl Default for FaultLog {
    fn default() -> Self {
        Self { slots: [0; FaultCause::ALL.len()], firsts: Vec::new() }
    }
}

impl FaultLog {
    /// Counts a fault; `detail` is asked for the first of its cause only.
    pub(super) fn note(&mut self, cause: FaultCause, at: Origin, detail: impl FnOnce() -> String) {
        self.note_many(cause, 1, at, detail);
    }

    /// Counts so many at once.
    pub(super) fn note_many(&mut self, cause: FaultCause, count: u64, at: Origin, detail: impl FnOnce() -> String) {
        let Some(slot) = self.slots.get_mut(cause as usize) else { return };
        let first = *slot == 0;
        *slot += count;
        if first {
            self.firsts.push(Fault { cause, count: 1, first: at, detail: detail() });
        }
    }

    /// Brings a list that this log has filled before up to date.
    pub(super) fn fill(&self, list: &mut Vec<Fault>) {
        list.extend(self.firsts.iter().skip(list.len()).cloned());
        for fault in list {
            fault.count = self.slots.get(fault.cause as usize).copied().unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab() {
        let mut codes: Vec<_> = FaultCause::ALL.iter().map(|c| c.code()).collect();
        assert!(codes.iter().all(|c| c.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 54);
        assert!(FaultCause::ALL.iter().all(|c| c.description().ends_with('.')));
    }

    #[test]
    fn first_example_is_kept_and_counts_grow() {
        let mut log = FaultLog::default();
        let mut list = Vec::new();
        log.note(FaultCause::NotIp, Origin { file: 0, frame: 7 }, || "ethertype 0x0806".into());
        log.fill(&mut list);
        log.note(FaultCause::NotIp, Origin { file: 0, frame: 8 }, || "other".into());
        log.note(FaultCause::FileCut, Origin { file: 0, frame: 9 }, || "cut".into());
        log.fill(&mut list);
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].count, list[0].first.frame, list[0].detail.as_str()), (2, 7, "ethertype 0x0806"));
        assert_eq!((list[1].cause.code(), list[1].cause.severity()), ("file-cut", Severity::Error));
    }
}
