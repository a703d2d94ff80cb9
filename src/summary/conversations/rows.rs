//! Conversations as a batch of typed columns, so that all that shows or writes flows does so with conversations.

use std::sync::Arc;

use crate::column::{Column, Context, FlowBatch, Run, Values};
use crate::element::values;
use crate::message::Version;
use crate::plan::{Kind, Schema, SchemaBuilder};

use super::began::Began;
use super::settle::{Across, Conversation};
use super::strand::Way;

macro_rules! columns {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal $kind:ident,)*) => {
        /// A column of the table of conversations, in the table's order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ConversationColumn {
            $($(#[doc = $doc])* $variant,)*
        }

        impl ConversationColumn {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The column's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One line on what the column holds.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_ascii(),)* }
            }

            fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }
        }
    };
}

columns! {
    /// first packet of both directions
    First "first" Time,
    /// last packet of both directions
    Last "last" Time,
    /// last less first, in milliseconds
    DurationMs "duration_ms" I64,
    /// address of the end that began
    ClientAddr "client_addr" Address,
    /// its port; null for ICMP
    ClientPort "client_port" U16,
    /// address of the other end
    ServerAddr "server_addr" Address,
    /// its port, which tells the service; null for ICMP
    ServerPort "server_port" U16,
    /// IP protocol number
    Protocol "protocol" U8,
    /// ICMP type; the request's, where there are two
    IcmpType "icmp_type" U8,
    /// `both` or `one-way`
    Ways "ways" Text,
    /// octets that the client sent; null where its direction was not seen or has no counter
    ClientBytes "client_bytes" U64,
    /// octets that the server sent
    ServerBytes "server_bytes" U64,
    /// packets that the client sent
    ClientPackets "client_packets" U64,
    /// packets that the server sent
    ServerPackets "server_packets" U64,
    /// TCP flags that the client sent, all of them ORed
    ClientFlags "client_flags" U16,
    /// TCP flags that the server sent
    ServerFlags "server_flags" U16,
    /// flows of the client's direction
    ClientFlows "client_flows" U64,
    /// flows of the server's direction
    ServerFlows "server_flows" U64,
    /// flows left out as counted twice
    Folded "folded" U64,
    /// by what it was decided who is the client: `flags`, `type`, `record`, `time`, `port`; null where nothing tells
    Began "began" Text,
    /// where the two directions were seen apart, at other `interfaces` or `exporters`; of a one-way conversation: where the other one is
    Across "across" Text,
    /// addresses of the exporters, the first that saw it in front
    Exporters "exporters" Text,
    /// first packet of the client
    ClientFirst "client_first" Time,
    /// last packet of the client
    ClientLast "client_last" Time,
    /// first packet of the server
    ServerFirst "server_first" Time,
    /// last packet of the server
    ServerLast "server_last" Time,
    /// input interface of the client's first flow
    ClientInIf "client_in_if" U32,
    /// output interface of the client's first flow
    ClientOutIf "client_out_if" U32,
    /// input interface of the server's first flow
    ServerInIf "server_in_if" U32,
    /// output interface of the server's first flow
    ServerOutIf "server_out_if" U32,
}

impl ConversationColumn {
    /// The columns that fit a terminal, the first ones being those that a narrow one must show.
    pub const SHORT: [Self; 16] = [
        Self::First,
        Self::ClientAddr,
        Self::ClientPort,
        Self::ServerAddr,
        Self::ServerPort,
        Self::Protocol,
        Self::ClientBytes,
        Self::ServerBytes,
        Self::Began,
        Self::ClientPackets,
        Self::ServerPackets,
        Self::DurationMs,
        Self::Across,
        Self::ClientFlags,
        Self::ServerFlags,
        Self::IcmpType,
    ];

    /// The column of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.name() == name)
    }
}

/// Makes batches of conversations.
#[derive(Clone, Debug)]
pub struct ConversationRows {
    columns: Vec<ConversationColumn>,
    names: bool,
    schema: Arc<Schema>,
}

impl ConversationRows {
    /// For these columns; with `names`, protocols and ICMP types by their names and TCP flags as letters.
    pub fn new(columns: &[ConversationColumn], names: bool) -> Self {
        let mut builder = SchemaBuilder::default();
        let mut own = Vec::with_capacity(columns.len());
        for column in columns {
            if !own.contains(column) {
                own.push(*column);
                builder.field(column.name(), if names && has_names(*column) { Kind::Text } else { column.kind() });
            }
        }
        Self { columns: own, names, schema: Arc::new(builder.build()) }
    }

    /// The columns of the batches.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The conversations as rows, in their order.
    pub fn batch(&self, conversations: &[Conversation]) -> FlowBatch {
        let columns = self.columns.iter().map(|c| self.column(*c, conversations)).collect();
        let rows = conversations.len();
        let runs = if rows > 0 { vec![Run { start: 0, rows, context: Context::blank(Version::Ipfix) }] } else { Vec::new() };
        FlowBatch::from_parts(Arc::clone(&self.schema), columns, runs)
    }

    fn column(&self, column: ConversationColumn, all: &[Conversation]) -> Column {
        use ConversationColumn as C;
        let there = |way: &Way| way.is_there();
        let client = |c: &Conversation| Some(c.from_client).filter(there);
        let server = |c: &Conversation| Some(c.from_server).filter(there);
        let interface = |number: u32| Some(number).filter(|n| *n != 0);
        match column {
            C::First => times(all, |c| Some(c.first())),
            C::Last => times(all, |c| Some(c.last())),
            C::ClientFirst => times(all, |c| client(c).map(|w| w.first)),
            C::ClientLast => times(all, |c| client(c).map(|w| w.last)),
            C::ServerFirst => times(all, |c| server(c).map(|w| w.first)),
            C::ServerLast => times(all, |c| server(c).map(|w| w.last)),
            C::DurationMs => filled(Kind::I64, all, Values::I64, |c| Some(c.last().saturating_sub(c.first()) / 1_000_000)),
            C::ClientAddr => filled(Kind::Address, all, Values::Address, |c| Some(c.client)),
            C::ServerAddr => filled(Kind::Address, all, Values::Address, |c| Some(c.server)),
            C::ClientPort => filled(Kind::U16, all, Values::U16, |c| c.client_port),
            C::ServerPort => filled(Kind::U16, all, Values::U16, |c| c.server_port),
            C::Protocol if self.names => text(all, |c, out| c.protocol.is_some_and(|p| named(out, values::protocol_name(p), p))),
            C::Protocol => filled(Kind::U8, all, Values::U8, |c| c.protocol),
            C::IcmpType if self.names => text(all, |c, out| {
                let name = |t| if c.protocol == Some(58) { values::icmpv6_type_name(t) } else { values::icmp_type_name(t) };
                c.icmp_type.is_some_and(|t| named(out, name(t), t))
            }),
            C::IcmpType => filled(Kind::U8, all, Values::U8, |c| c.icmp_type),
            C::Ways => text(all, |c, out| word(out, Some(if c.is_both() { "both" } else { "one-way" }))),
            C::Began => text(all, |c, out| word(out, c.began.map(Began::name))),
            C::Across => text(all, |c, out| word(out, c.across.map(Across::name))),
            C::Exporters => text(all, exporters),
            C::ClientBytes => numbers(all, |c| c.from_client.bytes()),
            C::ServerBytes => numbers(all, |c| c.from_server.bytes()),
            C::ClientPackets => numbers(all, |c| c.from_client.packets()),
            C::ServerPackets => numbers(all, |c| c.from_server.packets()),
            C::ClientFlags if self.names => text(all, |c, out| flags(out, c, &c.from_client)),
            C::ServerFlags if self.names => text(all, |c, out| flags(out, c, &c.from_server)),
            C::ClientFlags => filled(Kind::U16, all, Values::U16, |c| c.from_client.flags()),
            C::ServerFlags => filled(Kind::U16, all, Values::U16, |c| c.from_server.flags()),
            C::ClientFlows => numbers(all, |c| Some(c.from_client.flows.into())),
            C::ServerFlows => numbers(all, |c| Some(c.from_server.flows.into())),
            C::Folded => numbers(all, |c| Some(c.folded())),
            C::ClientInIf => filled(Kind::U32, all, Values::U32, |c| interface(c.from_client.in_if)),
            C::ClientOutIf => filled(Kind::U32, all, Values::U32, |c| interface(c.from_client.out_if)),
            C::ServerInIf => filled(Kind::U32, all, Values::U32, |c| interface(c.from_server.in_if)),
            C::ServerOutIf => filled(Kind::U32, all, Values::U32, |c| interface(c.from_server.out_if)),
        }
    }
}

fn has_names(column: ConversationColumn) -> bool {
    use ConversationColumn as C;
    matches!(column, C::Protocol | C::IcmpType | C::ClientFlags | C::ServerFlags)
}

fn filled<T: Copy + Default>(
    kind: Kind,
    all: &[Conversation],
    values: fn(Vec<T>) -> Values,
    value: impl Fn(&Conversation) -> Option<T>,
) -> Column {
    let mut column = Column::new(kind);
    let mut cells = Vec::with_capacity(all.len());
    for conversation in all {
        let cell = value(conversation);
        column.validity.push(cell.is_some());
        cells.push(cell.unwrap_or_default());
    }
    column.values = values(cells);
    column
}

fn times(all: &[Conversation], time: impl Fn(&Conversation) -> Option<i64>) -> Column {
    filled(Kind::Time, all, Values::I64, time)
}

fn numbers(all: &[Conversation], number: impl Fn(&Conversation) -> Option<u64>) -> Column {
    filled(Kind::U64, all, Values::U64, number)
}

/// `write` appends a cell and says whether there is one.
fn text(all: &[Conversation], write: impl Fn(&Conversation, &mut Vec<u8>) -> bool) -> Column {
    let mut column = Column::new(Kind::Text);
    if let Values::Octets(cells) = &mut column.values {
        for conversation in all {
            column.validity.push(write(conversation, &mut cells.data));
            cells.seal();
        }
    }
    column
}

fn word(out: &mut Vec<u8>, word: Option<&str>) -> bool {
    out.extend_from_slice(word.unwrap_or_default().as_bytes());
    word.is_some()
}

fn named(out: &mut Vec<u8>, name: Option<&str>, number: u8) -> bool {
    match name {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None => out.extend_from_slice(number.to_string().as_bytes()),
    }
    true
}

/// Letters, for TCP alone: exporters send a 0 for everything else.
fn flags(out: &mut Vec<u8>, conversation: &Conversation, way: &Way) -> bool {
    let flags = way.flags().filter(|flags| conversation.protocol == Some(6) || *flags != 0);
    if let Some(flags) = flags {
        out.extend_from_slice(values::tcp_flags_letters(flags).as_bytes());
    }
    flags.is_some()
}

fn exporters(conversation: &Conversation, out: &mut Vec<u8>) -> bool {
    let all = conversation.exporter.iter().chain(&conversation.more_exporters);
    for (number, exporter) in all.enumerate() {
        if number > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(exporter.to_string().as_bytes());
    }
    conversation.exporter.is_some()
}
