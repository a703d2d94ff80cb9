//! What is meant by the arguments of `conversations`.

use std::path::PathBuf;

use crate::cli::Failure;
use crate::cli::args::{CommonArgs, ConversationsArgs, ConversationsFormat, DeduplicateBy, OrderBy, WaysShown};
use crate::cli::filtering::Wanted;
use crate::plan;
use crate::report::{ByteUnits, Display, Style};
use crate::summary::conversations::{ConversationColumn, Deduplicate, Order, PairingOptions, Rules};
use crate::write::Format;

use super::{Reading, Shown, display, reading, style, table_width};

/// The longest time that conversations may stay open: beyond it no exporter keeps a flow.
const LONGEST_HORIZON: i64 = 30 * 86_400 * 1_000_000_000;
/// Conversations that are put in order where nobody says how many.
const MOST_IN_ORDER: u64 = 100_000;

/// The form of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum ConversationsForm {
    Table,
    Text(Format),
    /// No rows: the summary alone.
    Nothing,
}

/// The conversations.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ConversationsOptions {
    pub(in crate::cli) reading: Reading,
    pub(in crate::cli) pairing: PairingOptions,
    pub(in crate::cli) form: ConversationsForm,
    /// Whether standard output gets the summary, and as JSON.
    pub(in crate::cli) summary: Option<bool>,
    pub(in crate::cli) columns: Vec<ConversationColumn>,
    pub(in crate::cli) filter: Wanted,
    /// Only conversations with both directions, or only those without.
    pub(in crate::cli) both: Option<bool>,
    pub(in crate::cli) order: Option<Order>,
    pub(in crate::cli) limit: u64,
    pub(in crate::cli) names: bool,
    pub(in crate::cli) scale: bool,
    pub(in crate::cli) output: Option<PathBuf>,
    pub(in crate::cli) force: bool,
    /// The table's.
    pub(in crate::cli) style: Style,
    /// The summary's, which is wrapped.
    pub(in crate::cli) page: Style,
    pub(in crate::cli) display: Display,
}

/// What the arguments of `conversations` mean.
pub(in crate::cli) fn conversations(args: &ConversationsArgs, common: &CommonArgs) -> Result<ConversationsOptions, Failure> {
    let form = form(args)?;
    let json = args.format == Some(ConversationsFormat::Json);
    // A table has it below its rows.
    let summary = (args.summary || json).then_some(json);
    if !(0..=LONGEST_HORIZON).contains(&args.horizon) {
        return Err(Failure("--horizon: at most 30d; give the longest active timeout of the exporters".to_owned()));
    }
    if args.max_open == 0 {
        return Err(Failure("--max-open 0: one conversation at least has to be open".to_owned()));
    }
    let shown = match (form, json) {
        (ConversationsForm::Text(Format::Csv), _) => Shown::Csv,
        (ConversationsForm::Text(Format::Ndjson), _) => Shown::ForPrograms("ndjson"),
        (_, true) => Shown::ForPrograms("JSON"),
        _ => Shown::ForPeople(ByteUnits::Raw),
    };
    let display = display(&args.display, shown)?;
    let columns = columns(args, form)?;
    let reading = reading(&args.files, common)?;
    let asymmetric = reading.is_asymmetric();
    // A file has no width and no colors.
    let in_file = args.output.is_some();
    let page = style(common);
    Ok(ConversationsOptions {
        filter: Wanted::new(args.filter.filter.as_deref(), &reading.elements)?,
        reading,
        pairing: PairingOptions {
            rules: Rules {
                window: args.window,
                asymmetric: args.asymmetric || asymmetric,
                deduplicate: match args.deduplicate {
                    DeduplicateBy::Source => Deduplicate::Source,
                    DeduplicateBy::Record => Deduplicate::Record,
                    DeduplicateBy::None => Deduplicate::None,
                },
            },
            horizon: args.horizon,
            most: args.max_open,
        },
        form,
        summary,
        columns,
        both: args.ways.map(|w| w == WaysShown::Both),
        order: args.order.map(|order| match order {
            OrderBy::First => Order::First,
            OrderBy::Last => Order::Last,
            OrderBy::Bytes => Order::Bytes,
            OrderBy::Packets => Order::Packets,
            OrderBy::Flows => Order::Flows,
            OrderBy::Duration => Order::Duration,
        }),
        limit: args.limit.unwrap_or(if args.order.is_some() { MOST_IN_ORDER } else { u64::MAX }),
        names: args.names || form == ConversationsForm::Table,
        scale: args.scale,
        output: args.output.clone(),
        force: args.force,
        style: if in_file { Style { width: 100_000, color: false } } else { Style { width: table_width(), ..page.clone() } },
        page,
        display,
    })
}

fn form(args: &ConversationsArgs) -> Result<ConversationsForm, Failure> {
    use ConversationsForm as Form;
    if args.output.is_none() && args.summary {
        return match args.format {
            None | Some(ConversationsFormat::Table | ConversationsFormat::Json) => Ok(Form::Nothing),
            Some(_) => {
                Err(Failure("--summary: it is a table or --format json; for the rows in a file and the summary, add -o FILE".to_owned()))
            }
        };
    }
    let by_name = |path: &PathBuf| match path.extension().and_then(|e| e.to_str()) {
        Some("csv") => Ok(Form::Text(Format::Csv)),
        Some("ndjson" | "jsonl" | "json") => Ok(Form::Text(Format::Ndjson)),
        Some("txt") => Ok(Form::Table),
        _ => Err(Failure(format!("{}: its name tells no form; end it in .csv or .ndjson, or say --format", path.display()))),
    };
    match (args.format, &args.output) {
        (Some(ConversationsFormat::Table), _) | (None, None) => Ok(Form::Table),
        (Some(ConversationsFormat::Csv), _) => Ok(Form::Text(Format::Csv)),
        (Some(ConversationsFormat::Ndjson), _) => Ok(Form::Text(Format::Ndjson)),
        (Some(ConversationsFormat::Json), Some(path)) if args.summary => by_name(path),
        (Some(ConversationsFormat::Json), _) => {
            Err(Failure("--format json: it is the form of --summary; conversations are lines of JSON with --format ndjson".to_owned()))
        }
        (None, Some(path)) => by_name(path),
    }
}

fn columns(args: &ConversationsArgs, form: ConversationsForm) -> Result<Vec<ConversationColumn>, Failure> {
    if args.columns.is_empty() {
        return Ok(match form {
            ConversationsForm::Table => ConversationColumn::SHORT.to_vec(),
            _ => ConversationColumn::ALL.to_vec(),
        });
    }
    let mut columns = Vec::new();
    for name in args.columns.iter().map(|c| c.trim()) {
        if name == "all" {
            columns.extend_from_slice(ConversationColumn::ALL);
        } else if let Some(column) = ConversationColumn::by_name(name) {
            columns.push(column);
        } else {
            let near = plan::nearest(name, ConversationColumn::ALL.iter().map(|c| c.name()));
            let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
            return Err(Failure(format!("--columns: conversations have no column '{name}'{near}")));
        }
    }
    Ok(columns)
}
