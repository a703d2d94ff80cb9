//! SQL and tables → rows: polars' SQL over lazy frames, run by its streaming engine on a thread of its own.
//!
//! A query is looked at before anything is decoded, over tables without rows: a mistake is told at once. Polars may panic on SQL that it
//! has not thought of; that is told as one sentence, and nothing reaches the terminal.

use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use polars::prelude::{Engine as PolarsEngine, *};
use polars::sql::SQLContext;
use sqlparser::ast::{Expr, Query, VisitMut, VisitorMut, With};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::error::{QueryError, of_polars, unknown_table};
use super::functions;
use super::gather::{FlowStore, GatherError};
use super::numbers::Whole;
use super::rewrite::{Names, rewrite};
use super::shown;
use super::statement::{Asked, Sql};
use super::stored;
use super::tables::{Table, TableSet};
use super::user_table::user_table;
use crate::dataset;

/// Batches of rows that may wait for whoever takes them.
const WAITING: usize = 4;
/// A stack for deep plans.
const STACK: usize = 32 << 20;

/// The tables that a query can ask.
#[derive(Clone, Default)]
pub struct Engine {
    tables: Vec<(String, LazyFrame)>,
    /// Tables that are there and were not made, since the query does not ask them.
    others: Vec<String>,
    /// Columns of `flows` that are there and were not decoded.
    offered: Vec<String>,
    synonyms: Vec<(String, String)>,
    /// The files that `flows` is where they lie.
    in_place: Arc<InPlace>,
}

/// Exported files that are asked where they lie.
#[derive(Debug, Default)]
struct InPlace {
    paths: Vec<PathBuf>,
    columns: Vec<String>,
}

impl InPlace {
    /// The error of a query that failed on its way: a damaged file's, if there is one, for then the SQL is not to blame.
    fn or_damage(&self, error: QueryError) -> QueryError {
        let wanted = |name: &str| self.columns.iter().any(|column| column == name);
        let damage = self.paths.iter().find_map(|path| dataset::damage(path, &wanted));
        damage.map_or(error, |damage| QueryError::of_file(damage.to_string()))
    }
}

impl Engine {
    /// No tables yet.
    pub fn new() -> Self {
        // Nobody who writes SQL can do anything about what polars will drop in its next version.
        polars::error::set_warning_function(|_, _| {});
        Self { others: Table::ALL.iter().map(|t| t.name().to_owned()).collect(), ..Self::default() }
    }

    /// Adds a user's file as a table.
    ///
    /// # Errors
    /// The file can't be read, or its name tells no form.
    pub fn user_table(&mut self, name: &str, path: &Path) -> Result<(), QueryError> {
        self.table(name, user_table(path)?);
        Ok(())
    }

    /// Adds `flows`; a store that took nothing gives it without rows.
    ///
    /// # Errors
    /// The disk is full.
    pub fn flows(&mut self, store: FlowStore) -> Result<(), GatherError> {
        self.table(Table::Flows.name(), store.into_frame()?);
        Ok(())
    }

    /// Has `flows` be exported files where they lie, without decoding them; false where that can't be. `flows` without rows has to be
    /// there: it tells the columns.
    pub fn flows_in_place(&mut self, paths: &[PathBuf]) -> bool {
        let columns = self.tables.iter().find(|(name, _)| name == Table::Flows.name()).map(|(_, frame)| frame.clone().collect_schema());
        let Some(Ok(columns)) = columns else { return false };
        let Some(frame) = stored::in_place(paths, &columns) else { return false };
        self.in_place = Arc::new(InPlace { paths: paths.to_vec(), columns: columns.iter_names().map(ToString::to_string).collect() });
        self.table(Table::Flows.name(), frame);
        true
    }

    /// Adds a table; one of that name is replaced.
    fn table(&mut self, name: &str, frame: LazyFrame) -> &mut Self {
        self.tables.retain(|(known, _)| known != name);
        self.tables.push((name.to_owned(), frame));
        self
    }

    /// Adds tables.
    pub fn tables(&mut self, set: TableSet) -> &mut Self {
        for (name, frame) in set {
            self.table(&name, frame.lazy());
        }
        self
    }

    /// Columns of `flows` that messages can offer, and other names of columns.
    pub fn columns_of_flows(&mut self, offered: Vec<String>, synonyms: Vec<(String, String)>) -> &mut Self {
        (self.offered, self.synonyms) = (offered, synonyms);
        self
    }

    /// Looks at a query over these tables without rows.
    ///
    /// # Errors
    /// There is a mistake in it.
    pub fn check(&self, sql: &Sql) -> Result<(), QueryError> {
        let answer = self.prepare(sql, true)?;
        // Networks and stretches of time are read when rows come; over none, it costs nothing to have them read now.
        quietly(|| answer.frame.clone().collect()).and_then(|r| r.map_err(|e| of_polars(&e, &self.known()))).map(|_| ())
    }

    /// Prepares the rows of a query.
    ///
    /// # Errors
    /// There is a mistake in it.
    pub fn answer(&self, sql: &Sql) -> Result<Answer, QueryError> {
        self.prepare(sql, false)
    }

    fn prepare(&self, sql: &Sql, without_rows: bool) -> Result<Answer, QueryError> {
        match &sql.asked {
            Asked::Tables => self.list(),
            Asked::Columns(table) => self.describe(table),
            Asked::Rows(query) => {
                let mut query = query.clone();
                rewrite(sql.text(), &mut query, &self.names(sql)?)?;
                self.scalars(&mut query, without_rows)?;
                let text = query.to_string();
                let (frame, schema) = self.frame(&text)?;
                Ok(Answer { frame, schema, text, in_place: Arc::clone(&self.in_place) })
            }
        }
    }

    /// The lazy frame of a query in the engine's form.
    fn frame(&self, text: &str) -> Result<(LazyFrame, SchemaRef), QueryError> {
        let mut context = SQLContext::new().with_function_registry(functions::registry());
        for (name, frame) in &self.tables {
            context.register(name, frame.clone());
        }
        let planned = quietly(|| {
            let mut frame = context.execute(text)?;
            let schema = frame.collect_schema()?;
            Ok((frame, schema))
        })?;
        planned.map_err(|e| of_polars(&e, &self.known()))
    }

    fn known(&self) -> Vec<String> {
        let mut known = self.offered.clone();
        for (_, frame) in &self.tables {
            known.extend(frame.clone().collect_schema().iter().flat_map(|s| s.iter_names().map(ToString::to_string).collect::<Vec<_>>()));
        }
        known
    }

    fn names(&self, sql: &Sql) -> Result<Names, QueryError> {
        let touched = sql.touched();
        let mut names = Names::default();
        let own = self.tables.iter().map(|(name, _)| name.clone());
        names.tables = self.others.iter().cloned().chain(own).collect();
        names.tables.sort();
        names.tables.dedup();
        for (name, frame) in self.tables.iter().filter(|(name, _)| touched.table(&name.to_ascii_lowercase())) {
            let schema = frame.clone().collect_schema().map_err(|e| of_polars(&e, &[]))?;
            for (column, dtype) in schema.iter() {
                let narrow = !matches!(dtype, DataType::Int64 | DataType::UInt64);
                let whole = dtype.is_integer().then(|| Whole { unsigned: dtype.is_unsigned_integer(), narrow });
                // A name that two tables give different types is none of them.
                let same = names.columns.get(column.as_str()).is_none_or(|before| *before == whole);
                names.columns.insert(column.to_string(), whole.filter(|_| same));
                if name != Table::Flows.name() {
                    names.offered.push(column.to_string());
                }
            }
            if name == Table::Flows.name() {
                names.offered.extend(self.offered.iter().cloned());
                names.synonyms.extend(self.synonyms.iter().cloned());
            }
        }
        let mut seen = std::collections::HashSet::new();
        names.offered.retain(|name| seen.insert(name.clone()));
        Ok(names)
    }

    fn list(&self) -> Result<Answer, QueryError> {
        let rows: Vec<(String, String)> = self
            .tables
            .iter()
            .map(|(name, frame)| {
                let schema = frame.clone().collect_schema();
                let columns: Vec<String> =
                    schema.iter().flat_map(|s| s.iter_names().map(ToString::to_string).collect::<Vec<_>>()).collect();
                (name.clone(), columns.join(", "))
            })
            .collect();
        let frame = df!("table" => rows.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), "columns" => rows.iter().map(|(_, c)| c.as_str()).collect::<Vec<_>>());
        Answer::of(frame.map_err(|e| of_polars(&e, &[]))?)
    }

    fn describe(&self, table: &str) -> Result<Answer, QueryError> {
        let Some((_, frame)) = self.tables.iter().find(|(name, _)| name.eq_ignore_ascii_case(table)) else {
            let names: Vec<String> = self.tables.iter().map(|(name, _)| name.clone()).collect();
            return Err(QueryError::new(unknown_table(table, &names)));
        };
        let schema = frame.clone().collect_schema().map_err(|e| of_polars(&e, &[]))?;
        let names: Vec<&str> = schema.iter_names().map(PlSmallStr::as_str).collect();
        let types: Vec<String> = schema.iter_values().map(type_name).collect();
        Answer::of(df!("column" => names, "type" => types).map_err(|e| of_polars(&e, &[]))?)
    }

    /// Puts the values of scalar subqueries, `(SELECT SUM(bytes) FROM flows)`, in their places: polars does not know them.
    fn scalars(&self, query: &mut Query, without_rows: bool) -> Result<(), QueryError> {
        let mut before: Option<With> = None;
        if let Some(with) = query.with.clone() {
            let mut done = With { cte_tables: Vec::new(), ..with.clone() };
            for mut cte in with.cte_tables {
                let prior = Some(done.clone()).filter(|w| !w.cte_tables.is_empty());
                self.fill(&mut cte.query, prior, without_rows)?;
                done.cte_tables.push(cte);
            }
            before = Some(done);
        }
        query.with = None;
        self.fill(query, before.clone(), without_rows)?;
        query.with = before;
        Ok(())
    }

    fn fill(&self, query: &mut Query, with: Option<With>, without_rows: bool) -> Result<(), QueryError> {
        let mut filler = Filler { engine: self, with, without_rows };
        match query.visit(&mut filler) {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(()),
        }
    }
}

/// The words of SQL for a type.
fn type_name(dtype: &DataType) -> String {
    match dtype {
        DataType::String => "text".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Datetime(_, Some(_)) => "timestamp, UTC".to_owned(),
        DataType::UInt8 => "unsigned, 8 bits".to_owned(),
        DataType::UInt16 => "unsigned, 16 bits".to_owned(),
        DataType::UInt32 => "unsigned, 32 bits".to_owned(),
        DataType::UInt64 => "unsigned, 64 bits".to_owned(),
        DataType::Int64 => "integer, 64 bits".to_owned(),
        DataType::Float64 => "float, 64 bits".to_owned(),
        other => other.to_string(),
    }
}

/// Finds scalar subqueries, the innermost first.
struct Filler<'a> {
    engine: &'a Engine,
    with: Option<With>,
    without_rows: bool,
}

impl Filler<'_> {
    fn value(&self, query: &Query) -> Result<Expr, QueryError> {
        let mut query = query.clone();
        query.with = query.with.or_else(|| self.with.clone());
        let (frame, schema) = self.engine.frame(&query.to_string())?;
        let Some((_, dtype)) = schema.iter().next().filter(|_| schema.len() == 1) else {
            return Err(QueryError::new(format!("a subquery in place of a value has to give one column, not {}", schema.len())));
        };
        let text = if self.without_rows { example(dtype) } else { scalar(frame).map_err(|e| self.engine.in_place.or_damage(e))? };
        let parsed = Parser::new(&GenericDialect).try_with_sql(&text).and_then(|mut p| p.parse_expr());
        parsed.map_err(|e| QueryError::new(format!("a subquery's value can't be used here: {e}")))
    }
}

impl VisitorMut for Filler<'_> {
    type Break = QueryError;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<QueryError> {
        if let Expr::Subquery(query) = expr {
            match self.value(query) {
                Ok(value) => *expr = Expr::Nested(Box::new(value)),
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }
}

/// A value of a type, for a look at a query without rows.
fn example(dtype: &DataType) -> String {
    match dtype {
        DataType::String => "'1'".to_owned(),
        DataType::Boolean => "TRUE".to_owned(),
        DataType::Datetime(..) => "'2000-01-01T00:00:00'".to_owned(),
        DataType::Float64 | DataType::Float32 => "1.5".to_owned(),
        _ => "1".to_owned(),
    }
}

/// The only value of a frame, as SQL writes it.
fn scalar(frame: LazyFrame) -> Result<String, QueryError> {
    let rows = quietly(|| frame.limit(2).collect_with_engine(PolarsEngine::Streaming).map(|r| r.unwrap_single()))?;
    let rows = rows.map_err(|e| of_polars(&e, &[]))?;
    if rows.height() > 1 {
        return Err(QueryError::new("a subquery in place of a value gives more than one row"));
    }
    let value = rows.columns().first().and_then(|c| c.get(0).ok());
    Ok(match value {
        None | Some(AnyValue::Null) => "NULL".to_owned(),
        Some(AnyValue::Boolean(b)) => if b { "TRUE" } else { "FALSE" }.to_owned(),
        // A float that looks like an integer has to stay one that does not.
        Some(AnyValue::Float64(f)) => format!("{f:?}"),
        Some(value) if value.is_primitive_numeric() => value.to_string(),
        Some(value) => format!("'{}'", shown::plain(&value).unwrap_or_default().trim_end_matches('Z').replace('\'', "''")),
    })
}

/// What a query will give.
pub struct Answer {
    frame: LazyFrame,
    schema: SchemaRef,
    /// The query as the engine gets it.
    text: String,
    in_place: Arc<InPlace>,
}

impl Answer {
    fn of(frame: DataFrame) -> Result<Self, QueryError> {
        let schema = frame.schema().clone();
        Ok(Self { frame: frame.lazy(), schema, text: String::new(), in_place: Arc::default() })
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The query as the engine gets it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The engine's plan.
    ///
    /// # Errors
    /// There is a mistake that shows when the plan is made better.
    pub fn plan(&self) -> Result<String, QueryError> {
        quietly(|| self.frame.describe_optimized_plan())?.map_err(|e| of_polars(&e, &[]))
    }

    /// Runs the query on a thread of its own; no more than `limit` rows are made.
    pub fn run(self, limit: Option<u32>) -> Rows {
        let (send, receive) = sync_channel::<Result<DataFrame, QueryError>>(WAITING);
        let frame = match limit {
            Some(limit) => self.frame.limit(limit),
            None => self.frame,
        };
        let work = move || {
            let to_taker = send.clone();
            let ended = quietly(|| {
                let stop = PlanCallback::new(move |batch: DataFrame| Ok(to_taker.send(Ok(batch)).is_err()));
                frame.sink_batches(stop, true, None)?.collect_with_engine(PolarsEngine::Streaming).map(|_| ())
            });
            let failed = ended.and_then(|r| r.map_err(|e| of_polars(&e, &[]))).err();
            if let Some(error) = failed {
                let _ = send.send(Err(self.in_place.or_damage(error)));
            }
        };
        // Whoever has enough goes away; the thread notices with its next batch, or ends with the program.
        let started = thread::Builder::new().stack_size(STACK).spawn(work);
        Rows { receive, failed: started.err().map(|e| QueryError::new(format!("no thread can be started: {e}"))) }
    }
}

/// The rows of a query as they come.
pub struct Rows {
    receive: Receiver<Result<DataFrame, QueryError>>,
    failed: Option<QueryError>,
}

impl Rows {
    /// The next batch; `None` after the last one. While it waits, `go_on` is asked now and then; if it says no, the rows end.
    ///
    /// # Errors
    /// The query failed on the way.
    pub fn next(&mut self, go_on: impl Fn() -> bool) -> Result<Option<DataFrame>, QueryError> {
        const NOW_AND_THEN: Duration = Duration::from_millis(50);
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        loop {
            match self.receive.recv_timeout(NOW_AND_THEN) {
                Ok(batch) => return batch.map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if go_on() => {}
                Err(RecvTimeoutError::Timeout) => return Ok(None),
            }
        }
    }
}

/// Has a panic of polars become an error, and nothing of it be seen.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, QueryError> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    done.map_err(|payload| {
        let said = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
        let said = said.and_then(|text| text.lines().next()).unwrap_or("no reason given");
        QueryError::new(format!("the engine has no answer to this SQL ({said}); put it another way"))
    })
}
