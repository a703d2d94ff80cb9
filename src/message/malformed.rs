//! What is wrong with octets that claim to be NDE: the part, where it is, how much was needed and there, and by whose word.

use std::fmt;

/// Why a part was refused. The codes are stable: output and tests name causes by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The datagram ends inside a message header.
    HeaderShort,
    /// The version field is none of 1, 5, 7, 9 and 10.
    VersionUnsupported,
    /// An IPFIX Length smaller than the header (RFC 7011 §3.1).
    MessageLengthBelowHeader,
    /// An IPFIX Length that goes beyond the datagram (RFC 7011 §3.1).
    MessageBeyondDatagram,
    /// A v1, v5 or v7 header announces more records than arrived.
    RecordsShort,
    /// A v1, v5 or v7 header announces no record at all.
    CountZero,
    /// Octets behind the last message of a datagram that are neither a message nor zero.
    TrailingOctets,
    /// A Set length smaller than its header of four octets (RFC 3954 §5.2, RFC 7011 §3.3.2).
    SetLengthBelowHeader,
    /// A Set that goes beyond its message.
    SetBeyondMessage,
    /// A template record that goes beyond its Set.
    TemplateBeyondSet,
    /// A template record for an id below 256 (RFC 3954 §5.2, RFC 7011 §3.4.1).
    TemplateIdReserved,
    /// A v9 template record without a field; only IPFIX knows withdrawals.
    TemplateWithoutFields,
    /// A template record with more fields than the caller allows.
    TooManyFields,
    /// An IPFIX options template with a Scope Field Count of 0 (RFC 7011 §3.4.2.2).
    ScopeCountZero,
    /// An IPFIX options template with more scope fields than fields (RFC 7011 §3.4.2.2).
    ScopeCountAboveFields,
    /// A v9 options template whose lengths are not whole Field Specifiers of four octets (RFC 3954 §6.1).
    OptionsLengthUneven,
    /// Whole on the wire, but the snapshot length of the capture cut it off.
    CutByCapture,
}

impl Cause {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::HeaderShort,
        Self::VersionUnsupported,
        Self::MessageLengthBelowHeader,
        Self::MessageBeyondDatagram,
        Self::RecordsShort,
        Self::CountZero,
        Self::TrailingOctets,
        Self::SetLengthBelowHeader,
        Self::SetBeyondMessage,
        Self::TemplateBeyondSet,
        Self::TemplateIdReserved,
        Self::TemplateWithoutFields,
        Self::TooManyFields,
        Self::ScopeCountZero,
        Self::ScopeCountAboveFields,
        Self::OptionsLengthUneven,
        Self::CutByCapture,
    ];

    /// The stable name of the cause.
    pub const fn code(self) -> &'static str {
        match self {
            Self::HeaderShort => "header-short",
            Self::VersionUnsupported => "version-unsupported",
            Self::MessageLengthBelowHeader => "message-length-below-header",
            Self::MessageBeyondDatagram => "message-beyond-datagram",
            Self::RecordsShort => "records-short",
            Self::CountZero => "count-zero",
            Self::TrailingOctets => "trailing-octets",
            Self::SetLengthBelowHeader => "set-length-below-header",
            Self::SetBeyondMessage => "set-beyond-message",
            Self::TemplateBeyondSet => "template-beyond-set",
            Self::TemplateIdReserved => "template-id-reserved",
            Self::TemplateWithoutFields => "template-without-fields",
            Self::TooManyFields => "too-many-fields",
            Self::ScopeCountZero => "scope-count-zero",
            Self::ScopeCountAboveFields => "scope-count-above-fields",
            Self::OptionsLengthUneven => "options-length-uneven",
            Self::CutByCapture => "cut-by-capture",
        }
    }

    /// The cause in a few words, as the heading of a group of problems.
    pub const fn description(self) -> &'static str {
        match self {
            Self::HeaderShort => "the datagram ends inside a message header",
            Self::VersionUnsupported => "the version is not one of 1, 5, 7, 9 and 10",
            Self::MessageLengthBelowHeader => "the message's Length is smaller than its header",
            Self::MessageBeyondDatagram => "the message's Length goes beyond the datagram",
            Self::RecordsShort => "the header announces more records than arrived",
            Self::CountZero => "the header announces no records",
            Self::TrailingOctets => "octets follow the last message that are no message",
            Self::SetLengthBelowHeader => "a Set's length is smaller than its header",
            Self::SetBeyondMessage => "a Set goes beyond its message",
            Self::TemplateBeyondSet => "a template record goes beyond its Set",
            Self::TemplateIdReserved => "a template record uses an id below 256",
            Self::TemplateWithoutFields => "a template record has no fields",
            Self::TooManyFields => "a template record has more fields than the limit",
            Self::ScopeCountZero => "an options template has no scope field",
            Self::ScopeCountAboveFields => "an options template has more scope fields than fields",
            Self::OptionsLengthUneven => "an options template's lengths are no multiples of 4",
            Self::CutByCapture => "the capture's snapshot length cut it off",
        }
    }
}

/// The part that is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A message header.
    Header,
    /// A message.
    Message,
    /// The records of a v1, v5 or v7 message.
    Records,
    /// The Set with this id.
    Set(u16),
    /// A Set of which not even the header is there.
    SetHeader,
    /// The template record for this id.
    TemplateRecord(u16),
    /// What follows the last message.
    Trailer,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("message header"),
            Self::Message => f.write_str("message"),
            Self::Records => f.write_str("records"),
            Self::Set(id) => write!(f, "Set {id}"),
            Self::SetHeader => f.write_str("Set header"),
            Self::TemplateRecord(id) => write!(f, "template record {id}"),
            Self::Trailer => f.write_str("trailer"),
        }
    }
}

/// By whose word there is no more: whose length set the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// The length of the UDP payload.
    Datagram,
    /// The snapshot length of the capture.
    Capture,
    /// The Length field of the IPFIX message.
    Message,
    /// The length field of the Set.
    Set,
    /// The rules of the format, or a limit that the caller gave.
    Rule,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Datagram => "the datagram",
            Self::Capture => "the capture",
            Self::Message => "the message",
            Self::Set => "the Set",
            Self::Rule => "the format",
        })
    }
}

/// One fault. It ends the smallest thing around it (record, Set, message, datagram); what was read before it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Malformed {
    /// What is wrong.
    pub cause: Cause,
    /// With which part.
    pub part: Part,
    /// Where that part begins, in octets from the start of the payload.
    pub offset: usize,
    /// How much was needed: octets, but the allowed number where the cause is about an id or a count.
    pub needed: usize,
    /// How much there was, in the same unit.
    pub had: usize,
    /// Which length set the limit.
    pub limit: Limit,
}

impl fmt::Display for Malformed {
    /// One sentence: the part, where, how much, by whose word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, part, offset, needed, had, limit } = self;
        let needs = if *part == Part::Records { "need" } else { "needs" };
        write!(f, "{part} at octet {offset}")?;
        match cause {
            Cause::HeaderShort | Cause::SetBeyondMessage | Cause::TemplateBeyondSet => {
                write!(f, " {needs} {needed} octets, {limit} has {had} left")
            }
            Cause::MessageBeyondDatagram => write!(f, " says it has {needed} octets, {limit} has {had} left"),
            Cause::RecordsShort => write!(f, " {needs} {needed} octets by the header's count, {limit} has {had} left"),
            Cause::CutByCapture => write!(f, " {needs} {needed} octets, the capture kept {had}"),
            Cause::MessageLengthBelowHeader | Cause::SetLengthBelowHeader => {
                write!(f, " says it has {had} octets, its header alone has {needed}")
            }
            Cause::VersionUnsupported => write!(f, " has version {had}, which is not one of 1, 5, 7, 9 and 10"),
            Cause::CountZero => write!(f, ": the header's count is 0, {had} octets follow"),
            Cause::TrailingOctets => write!(f, ": {had} octets follow the last message and are no message"),
            Cause::TemplateIdReserved => write!(f, " defines id {had}, the lowest allowed is {needed}"),
            Cause::TemplateWithoutFields => f.write_str(" has no fields"),
            Cause::TooManyFields => write!(f, " has {had} fields, the limit is {needed}"),
            Cause::ScopeCountZero => f.write_str(" has no scope field, an options template needs one"),
            Cause::ScopeCountAboveFields => write!(f, " has {needed} scope fields among {had} fields"),
            Cause::OptionsLengthUneven => write!(f, " has a scope or option length of {had} octets, no multiple of {needed}"),
        }
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_one_sentence() {
        let beyond =
            Malformed { cause: Cause::SetBeyondMessage, part: Part::Set(0), offset: 392, needed: 41541, had: 1000, limit: Limit::Message };
        assert_eq!(beyond.to_string(), "Set 0 at octet 392 needs 41541 octets, the message has 1000 left");
        let reserved = Malformed {
            cause: Cause::TemplateIdReserved,
            part: Part::TemplateRecord(200),
            offset: 24,
            needed: 256,
            had: 200,
            limit: Limit::Rule,
        };
        assert_eq!(reserved.to_string(), "template record 200 at octet 24 defines id 200, the lowest allowed is 256");
    }
}
