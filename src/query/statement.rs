//! A text of SQL as a statement that asks and changes nothing, and what it can touch.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    DescribeAlias, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Query, Select, SelectItem, SetExpr, Statement,
    TableFactor, Visit, Visitor,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserOptions};
use sqlparser::tokenizer::{Token, Tokenizer};

use super::error::{QueryError, of_parser};

/// Functions that open files in other programs' SQL.
const FILE_FUNCTIONS: [&str; 4] = ["read_csv", "read_parquet", "read_ipc", "read_json"];

/// A statement of SQL.
#[derive(Clone, Debug)]
pub struct Sql {
    text: String,
    pub(super) asked: Asked,
    explain: bool,
    touched: Touched,
}

/// What a statement wants.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// The rows of a query.
    Rows(Box<Query>),
    /// The names of the tables: `SHOW TABLES`.
    Tables,
    /// The columns of a table: `DESCRIBE flows`.
    Columns(String),
}

/// The names that a statement has in it.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// Tables, in lower case.
    tables: BTreeSet<String>,
    /// Every word, in lower case: columns are among them.
    words: BTreeSet<String>,
    /// True if all columns of its tables are meant.
    all: bool,
}

impl Touched {
    /// True if the table is named.
    pub fn table(&self, name: &str) -> bool {
        self.tables.contains(name)
    }

    /// The tables, in lower case.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(String::as_str)
    }

    /// True if a column of that name may be meant.
    pub fn column(&self, name: &str) -> bool {
        self.all || self.words.contains(&name.to_ascii_lowercase())
    }

    /// Every word, in lower case.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// True if all columns are meant.
    pub fn all_columns(&self) -> bool {
        self.all
    }
}

impl Sql {
    /// Reads SQL.
    ///
    /// # Errors
    /// It is no SQL, not one statement, or one that does anything but ask.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut statements = parser(text).and_then(|mut p| p.parse_statements()).map_err(|error| of_parser(text, &error.to_string()))?;
        let statement = match (statements.pop(), statements.len()) {
            (Some(one), 0) => one,
            (None, _) => return Err(QueryError::new("there is no statement; ask with SELECT … FROM flows")),
            (Some(_), more) => return Err(QueryError::new(format!("one statement at a time; there are {}", more + 1))),
        };
        let (asked, explain) = asked(statement)?;
        let mut touched = match &asked {
            Asked::Rows(query) => touched(text, query)?,
            Asked::Tables => Touched { all: true, ..Touched::default() },
            Asked::Columns(table) => Touched { tables: BTreeSet::from([table.to_ascii_lowercase()]), words: BTreeSet::new(), all: true },
        };
        touched.words = words(text);
        Ok(Self { text: text.to_owned(), asked, explain, touched })
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if the plan is asked for and not the rows.
    pub fn explains(&self) -> bool {
        self.explain
    }

    /// True if rows are asked for, or their plan.
    pub fn asks_rows(&self) -> bool {
        matches!(self.asked, Asked::Rows(_))
    }

    /// The names in it.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }
}

/// The parser as polars has it, so that both understand the same.
fn parser(text: &str) -> Result<Parser<'static>, sqlparser::parser::ParserError> {
    let options = ParserOptions { trailing_commas: true, ..Default::default() };
    Parser::new(&GenericDialect).with_options(options).try_with_sql(text)
}

fn asked(statement: Statement) -> Result<(Asked, bool), QueryError> {
    match statement {
        Statement::Query(query) => Ok((Asked::Rows(query), false)),
        Statement::Explain { statement, .. } => match *statement {
            Statement::Query(query) => Ok((Asked::Rows(query), true)),
            other => Err(refused(&other)),
        },
        Statement::ExplainTable { table_name, describe_alias, .. } if !matches!(describe_alias, DescribeAlias::Explain) => {
            Ok((Asked::Columns(last_part(&table_name)), false))
        }
        Statement::ShowTables { .. } => Ok((Asked::Tables, false)),
        other => Err(refused(&other)),
    }
}

/// The tables are what was captured: they can be asked, and nothing else.
fn refused(statement: &Statement) -> QueryError {
    let text = statement.to_string();
    let verb = text.split_whitespace().next().unwrap_or("this").to_ascii_uppercase();
    QueryError::new(format!("{verb} is refused: the tables can only be asked, with SELECT, SHOW TABLES or DESCRIBE table"))
}

pub(super) fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()).unwrap_or_default()
}

fn words(text: &str) -> BTreeSet<String> {
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize().unwrap_or_default();
    let word = |token| match token {
        Token::Word(word) => Some(word.value.to_ascii_lowercase()),
        _ => None,
    };
    tokens.into_iter().filter_map(word).collect()
}

fn touched(text: &str, query: &Query) -> Result<Touched, QueryError> {
    let mut look = Look::default();
    if let ControlFlow::Break(error) = query.visit(&mut look) {
        return Err(error);
    }
    // NATURAL joins by the columns that tables share.
    let all = look.all || words(text).contains("natural");
    Ok(Touched { tables: look.tables, words: BTreeSet::new(), all })
}

/// What is looked for in a query.
#[derive(Default)]
struct Look {
    tables: BTreeSet<String>,
    all: bool,
}

impl Look {
    /// `*` of a SELECT counts if a table itself is in its FROM: what a subquery gives has its columns named in it.
    fn wildcard(&mut self, select: &Select) {
        let starred = select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
        let nothing_named = select.projection.is_empty();
        let factors = select.from.iter().flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|j| &j.relation)));
        let mut direct = factors.filter(|factor| !matches!(factor, TableFactor::Derived { .. }));
        self.all |= (starred || nothing_named) && direct.next().is_some();
    }
}

impl Visitor for Look {
    type Break = QueryError;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<QueryError> {
        self.wildcard(select);
        if select.into.is_some() {
            return ControlFlow::Break(QueryError::new("SELECT INTO is refused: the tables can only be asked"));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<QueryError> {
        match &*query.body {
            SetExpr::Table(table) => {
                self.tables.extend(table.table_name.as_ref().map(|name| name.to_ascii_lowercase()));
                self.all = true;
            }
            SetExpr::Insert(s) | SetExpr::Update(s) | SetExpr::Delete(s) | SetExpr::Merge(s) => return ControlFlow::Break(refused(s)),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<QueryError> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } => {
                let name = last_part(name).to_ascii_lowercase();
                if FILE_FUNCTIONS.contains(&name.as_str()) {
                    let why = format!("{name}(…) is refused: SQL opens no files here; --table NAME=FILE makes a file a table");
                    return ControlFlow::Break(QueryError::new(why));
                }
            }
            TableFactor::Table { name, .. } => {
                self.tables.insert(last_part(name).to_ascii_lowercase());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<QueryError> {
        if let Expr::Function(function) = expr {
            let name = last_part(&function.name).to_ascii_lowercase();
            let star =
                |arg: &FunctionArg| matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Wildcard | FunctionArgExpr::QualifiedWildcard(_)));
            let starred = match &function.args {
                FunctionArguments::List(list) => list.args.iter().any(star) && (name != "count" || list.duplicate_treatment.is_some()),
                _ => false,
            };
            self.all |= name == "columns" || starred;
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touched(sql: &str) -> (Vec<String>, bool) {
        let sql = Sql::parse(sql).unwrap();
        (sql.touched().tables().map(str::to_owned).collect(), sql.touched().all_columns())
    }

    #[test]
    fn tables_and_stars_are_found_where_they_are() {
        assert_eq!(touched("SELECT COUNT(*) FROM flows"), (vec!["flows".into()], false));
        assert_eq!(touched("SELECT * FROM Flows f"), (vec!["flows".into()], true));
        assert_eq!(
            touched("SELECT f.* FROM flows f JOIN templates t USING (template_id)"),
            (vec!["flows".into(), "templates".into()], true)
        );
        assert_eq!(touched("SELECT * FROM (SELECT bytes FROM flows) x"), (vec!["flows".into()], false));
        assert_eq!(touched("WITH x AS (SELECT bytes FROM flows) SELECT COUNT(*) FROM x"), (vec!["flows".into(), "x".into()], false));
        assert_eq!(touched("SELECT bytes FROM flows WHERE exporter IN (SELECT exporter FROM exporters)").0, ["exporters", "flows"]);
        assert_eq!(touched("SELECT COLUMNS('^src_') FROM flows"), (vec!["flows".into()], true));
        let sql = Sql::parse("select Src_Addr, \"octetDeltaCount\" from flows -- bytes\n where dst_port = 'packets'").unwrap();
        let columns = ["src_addr", "octetDeltaCount", "dst_port", "bytes", "packets"].map(|c| sql.touched().column(c));
        assert_eq!(columns, [true, true, true, false, false]);
    }

    #[test]
    fn what_does_not_ask_is_refused() {
        for (sql, verb) in [
            ("DROP TABLE flows", "DROP"),
            ("DELETE FROM flows", "DELETE"),
            ("CREATE TABLE x AS SELECT * FROM flows", "CREATE"),
            ("TRUNCATE TABLE flows", "TRUNCATE"),
            ("INSERT INTO flows VALUES (1)", "INSERT"),
            ("UPDATE flows SET bytes = 0", "UPDATE"),
            ("EXPLAIN DELETE FROM flows", "DELETE"),
        ] {
            let error = Sql::parse(sql).unwrap_err().to_string();
            assert!(error.starts_with(&format!("SQL: {verb} is refused")), "{sql}: {error}");
        }
        let error = |sql| Sql::parse(sql).unwrap_err().to_string();
        assert_eq!(error("SELECT 1; SELECT 2"), "SQL: one statement at a time; there are 2");
        assert_eq!(error("  -- nothing"), "SQL: there is no statement; ask with SELECT … FROM flows");
        assert_eq!(
            error("SELECT * FROM read_csv('/etc/passwd')"),
            "SQL: read_csv(…) is refused: SQL opens no files here; --table NAME=FILE makes a file a table"
        );
        assert_eq!(
            error("SELECT bytes\nFROM flows\nWHERE ORDER BY 1"),
            "SQL, line 3, column 13: expected end of statement, found BY\n  WHERE ORDER BY 1\n              ^"
        );
    }
}
