//! What is meant by the arguments of `summary`.

use std::path::PathBuf;

use crate::cli::Failure;
use crate::cli::args::{CommonArgs, CountAt, OrderArg, SummaryArgs, SummaryFormat};
use crate::cli::filtering::Wanted;
use crate::plan::Canonical;
use crate::report::{ByteUnits, Display, Style};
use crate::summary::{KeyPart, Order, Place};

use super::{Reading, Shown, display, reading, style, table_width};

/// A summary.
#[derive(Clone, Debug)]
pub(in crate::cli) struct SummaryOptions {
    pub(in crate::cli) reading: Reading,
    pub(in crate::cli) asked: Asked,
    pub(in crate::cli) order: Order,
    pub(in crate::cli) top: usize,
    pub(in crate::cli) every: Option<i64>,
    pub(in crate::cli) place: Place,
    pub(in crate::cli) filter: Wanted,
    pub(in crate::cli) filter_text: Option<String>,
    pub(in crate::cli) scale: bool,
    pub(in crate::cli) names: bool,
    pub(in crate::cli) max_groups: Option<usize>,
    pub(in crate::cli) format: SummaryFormat,
    pub(in crate::cli) output: Option<PathBuf>,
    pub(in crate::cli) force: bool,
    pub(in crate::cli) style: Style,
    pub(in crate::cli) blocks: bool,
    pub(in crate::cli) display: Display,
}

/// What flows are added up by.
#[derive(Clone, Debug)]
pub(in crate::cli) enum Asked {
    /// The page.
    Page,
    /// Time alone.
    Intervals,
    /// These columns, as they were typed.
    By(Vec<String>),
}

/// What the page groups flows by.
pub(in crate::cli) fn page_tables() -> [Vec<KeyPart>; 6] {
    [
        &[Canonical::SrcAddr][..],
        &[Canonical::DstAddr],
        &[Canonical::Protocol, Canonical::DstPort],
        &[Canonical::Application],
        &[Canonical::Protocol],
        &[Canonical::Exporter],
    ]
    .map(|columns| columns.iter().map(|column| KeyPart::canonical(*column)).collect())
}

/// What the arguments of `summary` mean.
pub(in crate::cli) fn summary(args: &SummaryArgs, common: &CommonArgs) -> Result<SummaryOptions, Failure> {
    const PAGE_TOP: usize = 5;
    const TOP: usize = 10;
    let by: Vec<String> = args.by.iter().map(|by| by.trim().to_owned()).collect();
    if by.iter().any(String::is_empty) {
        return Err(Failure("--by: expected names of columns, separated by commas, such as src_addr,dst_port".to_owned()));
    }
    if let Some(twice) = by.iter().enumerate().find(|(at, name)| by[..*at].contains(name)) {
        return Err(Failure(format!("--by: '{}' is there twice", twice.1)));
    }
    let asked = match (by.is_empty(), args.every) {
        (false, _) => Asked::By(by),
        (true, Some(_)) => Asked::Intervals,
        (true, None) => Asked::Page,
    };
    if args.top == Some(0) {
        return Err(Failure("--top 0: nothing would be shown; expected a number from 1 on".to_owned()));
    }
    if args.max_groups == Some(0) {
        return Err(Failure("--max-groups 0: expected a number from 1 on".to_owned()));
    }
    if matches!(asked, Asked::Intervals) && args.top.is_some() {
        return Err(Failure("--top: the intervals are all shown; say what to group by with --by".to_owned()));
    }
    if args.count_at != CountAt::Spread && args.every.is_none() && !matches!(asked, Asked::Page) {
        return Err(Failure("--count-at: there are no intervals of time without --every".to_owned()));
    }
    let format = form(args)?;
    if format == SummaryFormat::Csv && matches!(asked, Asked::Page) {
        return Err(Failure("CSV holds one table: say which, with --by or --every; JSON and Markdown hold the whole page".to_owned()));
    }
    let shown = match format {
        SummaryFormat::Table | SummaryFormat::Markdown => Shown::ForPeople(ByteUnits::Si),
        SummaryFormat::Csv => Shown::Csv,
        SummaryFormat::Json => Shown::ForPrograms("JSON"),
    };
    if format == SummaryFormat::Markdown && args.display.no_headers {
        return Err(Failure("--no-headers: a table in Markdown has to have a header".to_owned()));
    }
    let display = display(&args.display, shown)?;
    let reading = reading(&args.files, common)?;
    let (style, blocks) = match args.output {
        // A file has no width and no colors.
        Some(_) => (Style { width: 100, color: false }, true),
        None => {
            let width = if matches!(asked, Asked::Page) { style(common).width } else { table_width() };
            (Style { width, ..style(common) }, has_blocks())
        }
    };
    Ok(SummaryOptions {
        filter: Wanted::new(args.filter.filter.as_deref(), &reading.elements)?,
        filter_text: args.filter.filter.clone(),
        reading,
        top: args.top.unwrap_or(if matches!(asked, Asked::Page) { PAGE_TOP } else { TOP }),
        asked,
        order: match args.order {
            OrderArg::Bytes => Order::Bytes,
            OrderArg::Packets => Order::Packets,
            OrderArg::Flows => Order::Flows,
            OrderArg::Bps => Order::Bps,
        },
        every: args.every,
        place: match args.count_at {
            CountAt::Spread => Place::Spread,
            CountAt::Start => Place::Start,
            CountAt::End => Place::End,
            CountAt::Received => Place::Received,
        },
        scale: args.scale,
        names: args.names || matches!(format, SummaryFormat::Table | SummaryFormat::Markdown),
        max_groups: args.max_groups,
        format,
        output: args.output.clone(),
        force: args.force,
        style,
        blocks,
        display,
    })
}

fn form(args: &SummaryArgs) -> Result<SummaryFormat, Failure> {
    let path = match (args.format, &args.output) {
        (Some(format), _) => return Ok(format),
        (None, None) => return Ok(SummaryFormat::Table),
        (None, Some(path)) => path,
    };
    match path.extension().and_then(|e| e.to_str()) {
        Some("csv") => Ok(SummaryFormat::Csv),
        Some("json") => Ok(SummaryFormat::Json),
        Some("md" | "markdown") => Ok(SummaryFormat::Markdown),
        Some("txt") => Ok(SummaryFormat::Table),
        _ => {
            let name = path.display();
            Err(Failure(format!("{name}: its name tells no form; end it in .csv, .json, .md or .txt, or say --format")))
        }
    }
}

/// Whether block characters can be shown: not where the locale names another character set than UTF-8, or a terminal is a dumb one.
fn has_blocks() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let utf8 = locale.is_none_or(|locale| {
        let upper = locale.to_ascii_uppercase();
        upper.contains("UTF-8") || upper.contains("UTF8")
    });
    utf8 && set("TERM").is_none_or(|term| term != "dumb")
}
