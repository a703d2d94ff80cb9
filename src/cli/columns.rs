//! Which columns are decoded: from what was asked for and what occurs to a schema, for every command that decodes flows.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::collector::{Collector, CollectorOptions};
use crate::dataset::StoredColumn;
use crate::element::{self, Elements};
use crate::message::{FieldSpecifier, Version};
use crate::plan::{self, Canonical, ColumnSpec, Kind, Schema, SchemaBuilder, Source, UnknownColumn};
use crate::query::Touched;
use crate::summary::{KeyError, KeyPart};
use crate::table::Selection;

use super::Failure;
use super::filtering::{self, Wanted};
use super::options::{ColumnChoice, Reading};
use super::reading::Run;
use super::scaling;

/// The columns of the table, the first ones being those that a narrow terminal must show.
const SHORT: [Canonical; 10] = [
    Canonical::FlowStart,
    Canonical::SrcAddr,
    Canonical::SrcPort,
    Canonical::DstAddr,
    Canonical::DstPort,
    Canonical::Protocol,
    Canonical::Packets,
    Canonical::Bytes,
    Canonical::TcpFlags,
    Canonical::DurationMs,
];

/// Columns of `--columns all`: a capture made to harm could describe a hundred million.
const MOST_COLUMNS: usize = 4_096;

/// A run on its way to its columns: [`Decoding::begin`], [`Decoding::check`], outputs prepared by the command, then [`Decoding::settle`].
pub(super) struct Decoding<'a> {
    run: Run<'a>,
    collector: Collector,
}

/// A run that knows its columns and has not decoded a record yet.
pub(super) struct Settled<'a> {
    pub(super) run: Run<'a>,
    pub(super) collector: Collector,
    pub(super) schema: Arc<Schema>,
    /// The rows that the filter wants; all of them if `None`.
    pub(super) selection: Option<Selection>,
}

impl<'a> Decoding<'a> {
    /// Prepares to read the inputs.
    pub(super) fn begin(reading: &'a Reading) -> Result<Self, Failure> {
        Self::begin_with(reading, |options| options)
    }

    /// The same with other options for the collector: the size of batches.
    pub(super) fn begin_with(reading: &'a Reading, change: impl FnOnce(CollectorOptions) -> CollectorOptions) -> Result<Self, Failure> {
        let run = Run::new(reading)?;
        let collector = run.collector(change(run.collector_options(&Arc::default())))?;
        Ok(Self { run, collector })
    }

    /// True if it will be known what occurs before the first record is decoded.
    pub(super) fn looks_ahead(&self) -> bool {
        self.run.looks_ahead()
    }

    /// Unknown names in an option other than `--columns` are an error as well.
    pub(super) fn check_names(&self, option: &str, names: &[String]) -> Result<(), Failure> {
        let told_later = |name: &str| self.run.looks_ahead() && element::may_be_vendors(name);
        for name in names.iter().filter(|n| !told_later(n)) {
            column_of(name, self.collector.elements()).map_err(|e| Failure(format!("{option}: {e}")))?;
        }
        Ok(())
    }

    /// Unknown names are an error before anything is read. But a file can still tell vendors' elements (RFC 5610): whether it does is known
    /// after the first pass.
    pub(super) fn check(&self, choice: &ColumnChoice) -> Result<(), Failure> {
        if let ColumnChoice::Named(names) = choice {
            let mut builder = SchemaBuilder::with_elements(Arc::clone(self.collector.elements()));
            let stored = self.run.stored_columns();
            let told_later =
                |name: &str| self.run.looks_ahead() && element::may_be_vendors(name) || stored.iter().any(|column| column.name == name);
            for name in names.iter().filter(|n| !matches!(n.as_str(), "canonical" | "all") && !told_later(n)) {
                builder.named(name).map_err(|e| Failure(format!("--columns: {e}")))?;
            }
        }
        Ok(())
    }

    /// The same for what flows are grouped by.
    pub(super) fn check_keys(&self, option: &str, keys: &[String]) -> Result<(), Failure> {
        let builder = SchemaBuilder::with_elements(Arc::clone(self.collector.elements()));
        for text in keys {
            match KeyPart::parse(text, |name| builder.resolve(name)) {
                Err(KeyError::Unknown(error)) if self.run.looks_ahead() && element::may_be_vendors(&error.name) => {}
                Err(error) => return Err(Failure(format!("{option}: {error}"))),
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Looks ahead where the inputs can be read twice, and settles the columns: those of the choice, then what `more` adds, then what the
    /// filter looks at. With `scale` counters are multiplied by the sampling rates.
    pub(super) fn settle(
        mut self,
        choice: &ColumnChoice,
        wanted: &Wanted,
        scale: bool,
        more: impl FnOnce(&mut SchemaBuilder) -> Result<(), Failure>,
    ) -> Result<Settled<'a>, Failure> {
        if choice.follows_from_what_occurs() {
            self.run.look_ahead_for_columns(&mut self.collector);
        } else {
            self.run.look_ahead(&mut self.collector);
        }
        let elements = Arc::clone(self.collector.elements());
        let met = self.run.looks_ahead().then(|| Met::new(&self.run, &self.collector));
        let filter = wanted.told(&elements)?;
        let mut builder = SchemaBuilder::with_elements(Arc::clone(&elements));
        builder.scaled(scaling::are_multiplied(&self.run, scale));
        add(&mut builder, choice, met.as_ref(), &elements)?;
        more(&mut builder)?;
        filtering::add_columns(filter.as_ref(), &mut builder);
        let schema = Arc::new(builder.build());
        some_occur(&schema, &self.run)?;
        scaling::check(&self.run, scale, &schema)?;
        self.run.scale(scale);
        let selection = filtering::bind(filter.as_ref(), &schema);
        self.collector.set_schema(Arc::clone(&schema));
        Ok(Settled { run: self.run, collector: self.collector, schema, selection })
    }
}

/// The columns of flows that SQL can name.
pub(super) struct FlowColumns {
    /// Those that occur.
    pub(super) offered: Vec<String>,
    /// Other names of columns, in lower case.
    pub(super) synonyms: Vec<(String, String)>,
}

impl<'a> Decoding<'a> {
    /// Looks ahead, and settles the columns that SQL can touch: of those that occur the ones that it names, and others that it names and
    /// that are known, which are null. None of them if it does not touch the flows.
    pub(super) fn settle_for_sql(
        mut self,
        touched: Option<&Touched>,
        wanted: &Wanted,
        scale: bool,
        more: impl FnOnce(&mut SchemaBuilder),
    ) -> Result<(Settled<'a>, FlowColumns), Failure> {
        self.run.look_ahead_for_columns(&mut self.collector);
        let elements = Arc::clone(self.collector.elements());
        let met = self.run.looks_ahead().then(|| Met::new(&self.run, &self.collector));
        let filter = wanted.told(&elements)?;
        let mut builder = SchemaBuilder::with_elements(Arc::clone(&elements));
        let mut columns = FlowColumns { offered: Vec::new(), synonyms: Vec::new() };
        if let Some(touched) = touched {
            let occurring = occurring(met.as_ref(), &elements);
            for column in occurring.columns().iter().filter(|c| !c.hidden) {
                columns.offered.push(column.name.clone());
                match column.source {
                    _ if !touched.column(&column.name) => {}
                    Source::Canonical(canonical) => {
                        builder.canonical(canonical);
                    }
                    Source::Field => {
                        builder.field(&column.name, column.kind);
                    }
                }
            }
            // `flows` is a table here, not nProbe's element of that name.
            for word in touched.words().filter(|word| !touched.table(word)) {
                // Any name of an element will do, and what occurs nowhere is null, not unknown: a query serves many captures.
                if let Some(element) = elements.by_name(word).filter(|_| Canonical::by_name(word).is_none()) {
                    columns.synonyms.push((word.to_owned(), element.column.clone()));
                }
                let _ = builder.named(word);
            }
            // A table without columns would have no rows either: COUNT(*) needs one.
            if builder.is_empty() {
                builder.canonical(Canonical::NdeVersion);
            }
        }
        if builder.len() > MOST_COLUMNS {
            let why = format!("SELECT *: more than {MOST_COLUMNS} different elements occur; name the columns that you need");
            return Err(Failure(why));
        }
        builder.scaled(scaling::are_multiplied(&self.run, scale));
        more(&mut builder);
        filtering::add_columns(filter.as_ref(), &mut builder);
        let schema = Arc::new(builder.build());
        scaling::check(&self.run, scale, &schema)?;
        self.run.scale(scale);
        let selection = filtering::bind(filter.as_ref(), &schema);
        self.collector.set_schema(Arc::clone(&schema));
        Ok((Settled { run: self.run, collector: self.collector, schema, selection }, columns))
    }
}

/// Every column that occurs; the canonical ones where that can't be known, in a pipe. Beyond so many that no table could have them, some.
fn occurring(met: Option<&Met>, elements: &Arc<Elements>) -> Schema {
    let mut builder = SchemaBuilder::with_elements(Arc::clone(elements));
    match met {
        Some(_) => {
            let _ = all(&mut builder, met, elements);
        }
        None => canonical(&mut builder, None, elements),
    }
    builder.build()
}

impl ColumnChoice {
    /// True if a canonical column is asked for by its name.
    pub(super) fn names(&self, column: Canonical) -> bool {
        matches!(self, Self::Named(names) if names.iter().any(|name| name == column.name()))
    }

    /// True if the columns follow from what occurs.
    pub(super) fn follows_from_what_occurs(&self) -> bool {
        match self {
            Self::Short => false,
            Self::Canonical => true,
            Self::Named(names) => names.iter().any(|n| matches!(n.as_str(), "canonical" | "all")),
        }
    }
}

/// Files of exported flows that have none of the columns would give rows of nothing; those without any column have no rows.
fn some_occur(schema: &Schema, run: &Run<'_>) -> Result<(), Failure> {
    const MOST_NAMED: usize = 12;
    let stored = run.stored_columns();
    let Some(name) = run.first_stored().filter(|_| !run.has_captures()) else { return Ok(()) };
    let mut asked = schema.columns().iter().filter(|c| !c.hidden).peekable();
    let has = |name: &str| stored.iter().any(|s| s.name == name);
    let worked_out =
        |name: &str| name == Canonical::DurationMs.name() && has(Canonical::FlowStart.name()) && has(Canonical::FlowEnd.name());
    if stored.is_empty() || asked.peek().is_none() || asked.any(|c| has(&c.name) || worked_out(&c.name)) {
        return Ok(());
    }
    let names: Vec<&str> = stored.iter().map(|c| c.name.as_str()).take(MOST_NAMED).collect();
    let more = stored.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(Failure(format!("{name}: has none of the columns that are asked for; it has {}{more}; --columns names others", names.join(", "))))
}

/// The column that a user means.
pub(super) fn column_of(name: &str, elements: &Arc<Elements>) -> Result<ColumnSpec, UnknownColumn> {
    let mut builder = SchemaBuilder::with_elements(Arc::clone(elements));
    builder.named(name)?;
    let found = builder.build().columns().first().cloned();
    found.ok_or_else(|| UnknownColumn { name: name.to_owned(), suggestion: None })
}

/// What a first pass has met.
struct Met {
    /// The layouts of flows.
    layouts: Vec<(Version, Vec<FieldSpecifier>)>,
    /// The canonical columns that options data and headers can fill.
    told: Vec<Canonical>,
    /// The columns of files of exported flows.
    stored: Vec<StoredColumn>,
    /// Whether there are captures as well, or nothing at all.
    captures: bool,
}

impl Met {
    fn new(run: &Run<'_>, collector: &Collector) -> Self {
        let stored = run.stored_columns();
        let captures = run.has_captures() || stored.is_empty();
        Self { layouts: collector.layouts_met(), told: collector.columns_told(), stored, captures }
    }

    /// The kind of a column that files of exported flows have, unless captures feed it too and their registry says what it is.
    fn stored_alone(&self, name: &str) -> Option<Kind> {
        let column = self.stored.iter().find(|c| c.name == name)?;
        let unknown = || SchemaBuilder::default().named(name).is_err();
        (Canonical::by_name(name).is_none() && (!self.captures || unknown())).then_some(column.kind)
    }

    fn is_stored(&self, column: Canonical) -> bool {
        self.stored.iter().any(|c| c.name == column.name())
    }
}

/// Adds the columns of a choice where nobody can know what is going to occur.
pub(super) fn add_unseen(builder: &mut SchemaBuilder, choice: &ColumnChoice, elements: &Elements) -> Result<(), Failure> {
    add(builder, choice, None, elements)
}

/// Adds the columns of a choice; `met` is what occurs, where a first pass was possible.
fn add(builder: &mut SchemaBuilder, choice: &ColumnChoice, met: Option<&Met>, elements: &Elements) -> Result<(), Failure> {
    match choice {
        ColumnChoice::Short => SHORT.iter().for_each(|c| {
            builder.canonical(*c);
        }),
        ColumnChoice::Canonical => canonical(builder, met, elements),
        ColumnChoice::Named(names) => {
            for name in names {
                match name.as_str() {
                    "canonical" => canonical(builder, met, elements),
                    "all" => all(builder, met, elements)?,
                    name => match met.and_then(|met| met.stored_alone(name)) {
                        Some(kind) => {
                            builder.field(name, kind);
                        }
                        None => {
                            builder.named(name).map_err(|e| Failure(format!("--columns: {e}")))?;
                        }
                    },
                }
            }
        }
    }
    Ok(())
}

/// The canonical columns that occur; all of them where that can't be known, in a pipe.
fn canonical(builder: &mut SchemaBuilder, met: Option<&Met>, elements: &Elements) {
    let fed: Option<BTreeSet<Canonical>> = met.map(|met| {
        let joined = |version, fields| plan::joined_columns(version, fields, elements).into_iter().filter(|c| met.told.contains(c));
        met.layouts
            .iter()
            .flat_map(|(version, fields)| plan::fed_columns(*version, fields, elements).into_iter().chain(joined(*version, fields)))
            .collect()
    });
    for column in Canonical::ALL {
        // What every datagram says occurs wherever there are datagrams.
        let always = column.is_context() && met.is_none_or(|met| met.captures);
        if always || fed.as_ref().is_none_or(|f| f.contains(column)) || met.is_some_and(|met| met.is_stored(*column)) {
            builder.canonical(*column);
        }
    }
}

/// The canonical columns and every other element that occurs.
fn all(builder: &mut SchemaBuilder, met: Option<&Met>, elements: &Elements) -> Result<(), Failure> {
    let Some(met) = met else {
        let why = "--columns all: which elements occur is not known before the end of a pipe or a live run; name them, or read a file";
        return Err(Failure(why.to_owned()));
    };
    canonical(builder, Some(met), elements);
    for (version, fields) in &met.layouts {
        for (name, kind) in plan::element_columns(*version, fields, elements) {
            builder.field(&name, kind);
        }
    }
    for column in met.stored.iter().filter(|c| Canonical::by_name(&c.name).is_none()) {
        builder.field(&column.name, column.kind);
    }
    if builder.len() > MOST_COLUMNS {
        let why = format!("--columns all: more than {MOST_COLUMNS} different elements occur; name the columns that you need");
        return Err(Failure(why));
    }
    Ok(())
}
