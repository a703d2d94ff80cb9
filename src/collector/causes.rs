//! The problems that the collector itself finds; malformed octets bring the causes of `message` along.

use crate::message::{self, NotNde};

use super::ledger::{Cause, Severity};

macro_rules! causes {
    ($($name:ident $severity:ident $code:literal $title:literal;)*) => {
        $(pub(super) const $name: Cause = Cause { code: $code, severity: Severity::$severity, title: $title };)*
        const OWN: &[Cause] = &[$($name),*];
    };
}

causes! {
    OTHER_UDP Note "other-udp" "datagrams that are not NDE arrived on other ports";
    EXPORTER_NOT_ALLOWED Note "exporter-not-allowed" "datagrams of exporters that the flow source does not allow were counted and not decoded";
    TYPE_NOT_TAKEN Note "type-not-taken" "datagrams of versions that the flow source does not take were counted and not decoded";
    NO_TEMPLATE Error "no-template" "Data Sets whose template was never seen could not be decoded";
    HELD_TOO_LONG Error "held-too-long" "Data Sets waited for their template until the limit and were given up";
    AFTER_WITHDRAWAL Warning "after-withdrawal" "Data Sets came after their template was withdrawn";
    BEFORE_TEMPLATE Note "before-template" "Data Sets came before their template and were decoded all the same";
    FROM_ELSEWHERE Note "template-from-elsewhere" "Data Sets were decoded with a template that came from another port or domain of the exporter";
    TEMPLATE_EMPTY Warning "template-empty" "a template whose records could be empty was refused";
    TEMPLATE_FIELDS Warning "template-fields" "a template with more fields than the limit was refused";
    TEMPLATE_LIMIT Error "template-limit" "templates beyond the limit were refused";
    TEMPLATE_REDEFINED Note "template-redefined" "a template id was given another meaning";
    WITHDRAWAL_OVER_UDP Warning "withdrawal-over-udp" "a template withdrawal over UDP was ignored (RFC 7011 section 8.4)";
    WITHDRAWAL_UNKNOWN Note "withdrawal-unknown" "a template was withdrawn that nobody had sent";
    SET_RESERVED Warning "set-reserved" "Sets with ids that no RFC gives a meaning were skipped";
    RECORD_CUT Warning "record-cut" "a Data Set ends inside a record";
    LEFTOVER Note "leftover-octets" "a Data Set has more octets after its last record than padding needs";
    UPTIME_WITHOUT_BOOT Note "uptime-without-boot" "up-time stamps in IPFIX without systemInitTimeMilliseconds (160) have no absolute time";
    UPTIME_SECONDS Warning "uptime-in-seconds" "the up-time in message headers counts seconds, not milliseconds: the times of the flows are wrong";
    STAMPS_SECONDS Warning "stamps-in-seconds" "LAST_SWITCHED of records counts seconds while the headers count milliseconds: the times of the flows are wrong";
    PLAIN_EPOCH Warning "plain-epoch-as-ntp" "NTP times (154 to 157) hold plain numbers since 1970: the times of the flows are wrong";
    LIST_CUT Warning "list-cut" "lists of structured data (RFC 6313) whose lengths are wrong were read as far as they go";
    LIST_TEMPLATE Warning "list-template" "lists of structured data name templates that were never seen; their records stay octets";
    LIST_DEPTH Warning "list-depth" "lists of structured data nested deeper than the limit stay octets";
    LIST_SEMANTIC Note "list-semantic" "lists of structured data have a semantic that no RFC gives a meaning";
    ELEMENT_NAME Note "element-name" "type information (RFC 5610) gives known elements other names; the registry's names stay";
    ELEMENT_TYPE Warning "element-type" "type information (RFC 5610) gives known elements other types; the registry's types stay";
    ELEMENT_LIMIT Warning "element-limit" "type information (RFC 5610) beyond the limit was left aside";
    SOURCE_LIMIT Error "exporter-limit" "exporters beyond the limit were left aside";
    SOURCE_EVICTED Warning "exporter-evicted" "sessions that were silent for longest made room for new ones, since more were heard than the limit";
    TEMPLATE_EVICTED Warning "template-evicted" "templates of sessions that were silent for longest made room for new ones, since there were more than the limit";
    SEQUENCE_LOST Warning "sequence-lost" "sequence numbers show that data was lost before the capture";
}

/// Every cause that a run may meet, beside the faults of inputs.
pub fn causes() -> impl Iterator<Item = Cause> {
    let refusals = [
        NotNde::TooShort { had: 0 },
        NotNde::Version { number: 8, looks_like: None },
        NotNde::Version { number: 0, looks_like: None },
        NotNde::Implausible { version: message::Version::V9, reason: message::Reason::Count, looks_like: None },
    ];
    let refused = refusals.map(|why| of_not_nde(&why));
    OWN.iter().copied().chain(message::Cause::ALL.iter().map(|cause| of_malformed(*cause))).chain(refused)
}

/// The cause of malformed octets.
pub(super) fn of_malformed(cause: message::Cause) -> Cause {
    let severity = match cause {
        message::Cause::TrailingOctets | message::Cause::CountZero => Severity::Note,
        message::Cause::SetBeyondMessage
        | message::Cause::SetLengthBelowHeader
        | message::Cause::MessageBeyondDatagram
        | message::Cause::MessageLengthBelowHeader
        | message::Cause::RecordsShort
        | message::Cause::CutByCapture
        | message::Cause::TemplateBeyondSet => Severity::Error,
        _ => Severity::Warning,
    };
    Cause { code: cause.code(), severity, title: cause.description() }
}

/// The cause for a datagram on an export port that is no NDE.
pub(super) fn of_not_nde(why: &NotNde) -> Cause {
    let title = match why {
        NotNde::TooShort { .. } => "datagrams on an export port are too short for NDE",
        NotNde::Version { number: 8, looks_like: None } => {
            "datagrams on an export port have version 8 (router-based aggregation), which is not supported"
        }
        NotNde::Version { .. } => "datagrams on an export port are not NDE",
        NotNde::Implausible { .. } => "datagrams on an export port begin like NDE but can't be it",
    };
    Cause { code: why.code(), severity: Severity::Warning, title }
}
