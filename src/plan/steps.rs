//! What a compiled template says to do, column by column.

use super::extent::Layout;
use super::gather::Gather;
use super::list::ListForm;

/// Where a field lies in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its number in the template, from 0.
    pub field: u16,
    /// Octets before it in a record of constant length; meaningless where the layout is variable.
    pub offset: u32,
    /// Its octets; [`Cell::VARIABLE`] where each record says.
    pub width: u16,
}

impl Cell {
    /// The length that stands for "variable" in a Field Specifier (RFC 7011 §7).
    pub const VARIABLE: u16 = u16::MAX;
}

/// The wire form of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// NTP with microseconds of resolution.
    NtpMicros,
    /// NTP with nanoseconds of resolution.
    NtpNanos,
    /// 64 bits of seconds and 64 of microseconds since 1970, as pmacct fills 154 and 155.
    Timeval,
    /// Milliseconds of up-time, by the header's clock or the boot time known of the exporter.
    Uptime,
    /// Microseconds before the export time.
    BeforeExport,
}

/// How the octets of a cell become a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convert {
    /// An unsigned integer of any width (RFC 7011 §6.2).
    Unsigned,
    /// An unsigned integer of which the column has the value times four: a DSCP in a type of service octet.
    Dscp,
    /// A signed integer of any width.
    Signed,
    /// IEEE 754 in 4 or 8 octets.
    Float,
    /// 1 is true, 2 is false (RFC 7011 §6.1.5).
    Bool,
    /// Six octets.
    Mac,
    /// Four octets, into an address column or an IPv4 one.
    Ipv4,
    /// Sixteen octets, into an address column or an IPv6 one.
    Ipv6,
    /// Text without the NULs that fill it up.
    Text,
    /// The octets themselves.
    Octets,
    /// A point in time.
    Time(TimeForm),
    /// A list of values or records, as JSON text (RFC 6313).
    List(ListForm),
}

/// Where ICMP type and code come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpSource {
    /// Type · 256 + code in one field.
    Combined(Cell),
    /// Two fields, of which one may be absent.
    Separate(Option<Cell>, Option<Cell>),
}

impl IcmpSource {
    fn cells_mut(&mut self) -> Vec<&mut Cell> {
        match self {
            Self::Combined(cell) => vec![cell],
            Self::Separate(t, c) => t.iter_mut().chain(c).collect(),
        }
    }
}

/// One step: it appends a value or a null for every record of a Set to its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One field into one column.
    Convert {
        /// The column.
        column: u16,
        /// The field.
        cell: Cell,
        /// The conversion.
        how: Convert,
    },
    /// Two address fields into one column: the one that the IP version names, else the one that is not zero.
    EitherAddress {
        /// The column.
        column: u16,
        /// The IPv4 field.
        v4: Cell,
        /// The IPv6 field.
        v6: Cell,
        /// ipVersion (60), where the template has it.
        ip_version: Option<Cell>,
    },
    /// Two unsigned fields into one column: the first that is not zero.
    EitherNumber {
        /// The column.
        column: u16,
        /// The field that counts first.
        first: Cell,
        /// The field that counts where the first is zero.
        second: Cell,
    },
    /// An up-time stamp and the boot time of the same record.
    SinceBoot {
        /// The column.
        column: u16,
        /// Milliseconds of up-time.
        stamp: Cell,
        /// systemInitTimeMilliseconds.
        boot: Cell,
    },
    /// The start, already in its column, plus a duration.
    StartPlus {
        /// The column.
        column: u16,
        /// The column of the start.
        start: u16,
        /// The duration.
        duration: Cell,
        /// Nanoseconds in one unit of it.
        unit: i64,
    },
    /// ICMP type and code, for ICMP flows alone.
    Icmp {
        /// The column of types.
        type_column: Option<u16>,
        /// The column of codes.
        code_column: Option<u16>,
        /// For ICMP.
        v4: Option<IcmpSource>,
        /// For ICMPv6.
        v6: Option<IcmpSource>,
        /// The protocol; without it every record is taken for ICMP.
        protocol: Option<Cell>,
    },
    /// End less start in milliseconds, both already in their columns.
    Duration {
        /// The column.
        column: u16,
        /// The column of the start.
        start: u16,
        /// The column of the end.
        end: u16,
    },
}

impl Step {
    /// The fields that it reads.
    pub(super) fn cells_mut(&mut self) -> Vec<&mut Cell> {
        match self {
            Self::Convert { cell, .. } => vec![cell],
            Self::EitherAddress { v4, v6, ip_version, .. } => [v4, v6].into_iter().chain(ip_version).collect(),
            Self::EitherNumber { first, second, .. } => vec![first, second],
            Self::SinceBoot { stamp, boot, .. } => vec![stamp, boot],
            Self::StartPlus { duration, .. } => vec![duration],
            Self::Icmp { v4, v6, protocol, .. } => v4.iter_mut().chain(v6).flat_map(IcmpSource::cells_mut).chain(protocol).collect(),
            Self::Duration { .. } => Vec::new(),
        }
    }
}

/// A template, compiled for a schema.
#[derive(Clone, Debug)]
pub struct RecordPlan {
    /// The extent of the records.
    pub layout: Layout,
    /// The steps, in an order in which each finds the columns that it needs.
    pub steps: Vec<Step>,
    /// What is done after the steps: joining names and rates that the records themselves don't have.
    pub joins: Vec<JoinStep>,
    /// The fields that hold lists, by number; whether or not a column is fed by them.
    pub lists: Vec<(u16, ListForm)>,
    /// What has to be done first with records that are stored in a layout of their own: the steps find what it makes.
    pub gather: Option<Gather>,
}

impl RecordPlan {
    /// The layout that the steps see.
    pub fn seen(&self) -> &Layout {
        self.gather.as_ref().map_or(&self.layout, |g| &g.layout)
    }
}

/// What a number names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameOf {
    /// An interface.
    Interface,
    /// A VRF; one without a name is shown by its number.
    Vrf,
    /// An application.
    Application,
}

/// The fields of a record that give its sampling rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnRate {
    /// One packet in so many: 34, 50.
    Interval(Cell),
    /// So many packets (305) or microseconds (307) taken, then so many skipped (306, 308).
    Spaced {
        /// How many are taken.
        taken: Cell,
        /// How many are skipped; where the template does not say, the first is the interval.
        skipped: Option<Cell>,
    },
    /// So many (309) of so many (310).
    Share {
        /// How many are taken.
        taken: Cell,
        /// Of how many.
        of: Cell,
    },
    /// The probability with which a packet is taken: 311.
    Probability(Cell),
}

/// By which fields of a record its sampling rate is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamplingSources {
    /// The record says it.
    pub own: Option<OwnRate>,
    /// The sampler: 302, 48.
    pub sampler: Option<Cell>,
    /// The input interface.
    pub interface: Option<Cell>,
    /// The line card: 141.
    pub line_card: Option<Cell>,
}

impl OwnRate {
    fn cells_mut(&mut self) -> Vec<&mut Cell> {
        match self {
            Self::Interval(cell) | Self::Probability(cell) => vec![cell],
            Self::Spaced { taken, skipped } => std::iter::once(taken).chain(skipped).collect(),
            Self::Share { taken, of } => vec![taken, of],
        }
    }
}

impl JoinStep {
    /// The fields that it reads.
    pub(super) fn cells_mut(&mut self) -> Vec<&mut Cell> {
        match self {
            Self::Name { cell, .. } => vec![cell],
            Self::Sampling { sources: SamplingSources { own, sampler, interface, line_card }, .. } => {
                own.iter_mut().flat_map(OwnRate::cells_mut).chain(sampler).chain(interface).chain(line_card).collect()
            }
        }
    }
}

/// A step that needs what options data or the message's header told. It comes after all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinStep {
    /// The name of what a field numbers.
    Name {
        /// The column.
        column: u16,
        /// The field.
        cell: Cell,
        /// What it numbers.
        of: NameOf,
    },
    /// The rate at which the flow was sampled.
    Sampling {
        /// The column of it.
        column: Option<u16>,
        /// The columns of counters to multiply by it.
        scaled: Vec<u16>,
        /// Where the rate comes from.
        sources: SamplingSources,
    },
}
