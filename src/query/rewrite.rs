//! A query as the engine has to get it: named columns ([`naming`](super::naming)), names spelled as the tables spell them, times that
//! can be compared, and arithmetic that can't wrap around.
//!
//! - SQL's names know no case, the engine's do; an element may be named as its vendor does (`IN_BYTES`).
//! - Times are compared with texts, and a `TIMESTAMP '…'` is one: the engine knows no other way for times with a time zone.
//! - Whole numbers are added, subtracted, multiplied and summed up as 64-bit ones with a sign ([`numbers`](super::numbers)):
//!   `src_port - 1024` would wrap else, in 16 bits.
//! - ORDER BY puts nulls last, where it does not say.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Cte, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, OrderByKind, Query, Select, SelectItem, TableAlias, TableFactor, TypedString, Value, ValueWithSpan, Visit, VisitMut,
    Visitor, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::error::{QueryError, and_there_are, unknown_table};
use super::naming::name_columns;
use super::numbers::{Numbers, Whole, cast, is_narrow, is_small, to_wide};
use super::statement::last_part;
use crate::plan;

/// What the tables of a query have.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Names of all tables, those that the query does not touch as well.
    pub(super) tables: Vec<String>,
    /// The columns of the tables that the query touches, and what those are that hold whole numbers.
    pub(super) columns: BTreeMap<String, Option<Whole>>,
    /// Other names of columns, in lower case.
    pub(super) synonyms: BTreeMap<String, String>,
    /// Columns that a message offers: all of those tables, decoded or not.
    pub(super) offered: Vec<String>,
}

/// Brings a query into the engine's form.
pub(super) fn rewrite(sql: &str, query: &mut Query, names: &Names) -> Result<(), QueryError> {
    name_columns(query)?;
    let mut given = Given::default();
    let _ = Visit::visit(&*query, &mut given);
    // First of all the tables: without them no column is known.
    let mut tables = TableSpeller { sql, names, given: &given };
    if let ControlFlow::Break(error) = VisitMut::visit(query, &mut tables) {
        return Err(error);
    }
    let numbers = Numbers::new(names, &given.columns);
    let mut rewriter = Rewriter { sql, names, given: &given, tables, numbers, asked: Vec::new(), is_exists: false };
    match VisitMut::visit(query, &mut rewriter) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Names that the query itself gives.
#[derive(Default)]
struct Given {
    /// Of tables: CTEs and aliases.
    tables: BTreeSet<String>,
    /// Of columns, with what they stand for where that is one expression.
    columns: BTreeMap<String, Vec<Expr>>,
}

impl Given {
    fn alias(&mut self, alias: &TableAlias) {
        self.tables.insert(alias.name.value.clone());
        // Of a table with one column, `UNNEST(…) AS x`, the name is the column's as well.
        self.columns.entry(alias.name.value.clone()).or_default();
        for column in &alias.columns {
            self.columns.entry(column.name.value.clone()).or_default();
        }
    }
}

impl Visitor for Given {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for Cte { alias, .. } in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.alias(alias);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            match item {
                SelectItem::ExprWithAlias { expr, alias } => self.columns.entry(alias.value.clone()).or_default().push(expr.clone()),
                // A column of a table: it gives no new name.
                SelectItem::UnnamedExpr(_) => {}
                SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
                    if let Some(sqlparser::ast::RenameSelectItem::Single(one)) = &options.opt_rename {
                        self.columns.entry(one.alias.value.clone()).or_default();
                    }
                    if let Some(sqlparser::ast::RenameSelectItem::Multiple(all)) = &options.opt_rename {
                        all.iter().for_each(|one| {
                            self.columns.entry(one.alias.value.clone()).or_default();
                        });
                    }
                }
                SelectItem::ExprWithAliases { .. } => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let alias = match factor {
            TableFactor::Table { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => alias.as_ref(),
            _ => None,
        };
        alias.into_iter().for_each(|alias| self.alias(alias));
        ControlFlow::Continue(())
    }
}

pub(super) fn arguments(function: &Function) -> impl Iterator<Item = &Expr> {
    let list = match &function.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}

fn arguments_mut(function: &mut Function) -> Vec<&mut Expr> {
    let list = match &mut function.args {
        FunctionArguments::List(list) => list.args.as_mut_slice(),
        _ => &mut [],
    };
    let expr = |arg| match arg {
        &mut FunctionArg::Unnamed(FunctionArgExpr::Expr(ref mut expr)) => Some(expr),
        _ => None,
    };
    list.iter_mut().filter_map(expr).collect()
}

fn is_one_of(function: &Function, names: &[&str]) -> bool {
    let name = last_part(&function.name);
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// The argument of a function that has one.
fn only_argument(function: &Function) -> Option<Expr> {
    let mut given = arguments(function);
    let first = given.next().cloned();
    first.filter(|_| given.next().is_none())
}

/// A column as its table spells it.
pub(super) fn spelled<'a>(name: &str, names: &'a Names) -> Option<&'a str> {
    if let Some((exact, _)) = names.columns.get_key_value(name) {
        return Some(exact);
    }
    let same = names.columns.keys().find(|column| column.eq_ignore_ascii_case(name));
    same.or_else(|| names.synonyms.get(&name.to_ascii_lowercase())).map(String::as_str)
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// The comparison that says the same with its sides swapped.
fn turned(op: &BinaryOperator) -> BinaryOperator {
    use BinaryOperator::{Gt, GtEq, Lt, LtEq};
    match op {
        Lt => Gt,
        LtEq => GtEq,
        Gt => Lt,
        GtEq => LtEq,
        other => other.clone(),
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(_), .. }))
}

/// Makes a text of what is written as a time, or a day of it where days are compared. `other` is what it is compared with.
fn compare_times(other: &Expr, expr: &mut Expr) {
    let text = match expr {
        Expr::TypedString(TypedString { data_type: DataType::Timestamp(..) | DataType::Datetime(_) | DataType::Date, value, .. }) => {
            value.value.clone().into_string()
        }
        Expr::Cast { expr: inner, data_type: DataType::Timestamp(..) | DataType::Datetime(_) | DataType::Date, .. } => match &**inner {
            Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text.clone()),
            _ => None,
        },
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) if looks_like_time(text) => Some(text.clone()),
        _ => None,
    };
    let Some(text) = text else { return };
    let text = text.trim().trim_end_matches(['Z', 'z']).to_owned();
    let is_day = matches!(other, Expr::Cast { data_type: DataType::Date, .. });
    let value = Expr::value(Value::SingleQuotedString(text));
    *expr = if is_day { day(value) } else { value };
}

/// `2026-11-22`, and what may follow it in ISO 8601.
fn looks_like_time(text: &str) -> bool {
    let octets = text.trim().as_bytes();
    octets.len() >= 10 && octets.iter().take(10).enumerate().all(|(at, o)| if at == 4 || at == 7 { *o == b'-' } else { o.is_ascii_digit() })
}

/// `DATE('…')`: the engine has no days as plain texts.
fn day(text: Expr) -> Expr {
    let call = format!("DATE({text})");
    let parsed = Parser::new(&GenericDialect).try_with_sql(&call).and_then(|mut p| p.parse_expr());
    parsed.unwrap_or(text)
}

/// Spells tables as they are called; one that is not there is an error.
struct TableSpeller<'a> {
    sql: &'a str,
    names: &'a Names,
    given: &'a Given,
}

impl TableSpeller<'_> {
    fn table(&self, ident: &mut Ident) -> Result<(), QueryError> {
        if self.given.tables.contains(&ident.value) {
            return Ok(());
        }
        let known = self.names.tables.iter().chain(&self.given.tables).find(|name| name.eq_ignore_ascii_case(&ident.value));
        match known {
            Some(name) => ident.value = name.clone(),
            None => {
                let at = ident.span.start;
                let message = unknown_table(&ident.value, &self.names.tables);
                return Err(QueryError::at(self.sql, at.line, at.column, ident.value.chars().count(), message));
            }
        }
        Ok(())
    }
}

impl VisitorMut for TableSpeller<'_> {
    type Break = QueryError;

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<QueryError> {
        if let Some(ObjectNamePart::Identifier(ident)) = relation.0.last_mut()
            && let Err(error) = self.table(ident)
        {
            return ControlFlow::Break(error);
        }
        ControlFlow::Continue(())
    }
}

/// A SELECT as those within it see it.
struct Frame {
    /// The names of its tables, in lower case.
    tables: BTreeSet<String>,
    /// True if the engine knows how it looks at the query around it.
    is_exists: bool,
}

struct Rewriter<'a> {
    sql: &'a str,
    names: &'a Names,
    given: &'a Given,
    tables: TableSpeller<'a>,
    numbers: Numbers<'a>,
    /// The SELECTs that are being looked at, the outermost first.
    asked: Vec<Frame>,
    /// True if the next SELECT is that of an EXISTS.
    is_exists: bool,
}

impl Rewriter<'_> {
    /// Spells a column as its table does; one that nobody has is an error.
    fn column(&self, ident: &mut Ident) -> Result<(), QueryError> {
        if self.given.columns.contains_key(&ident.value) {
            return Ok(());
        }
        if let Some(name) = spelled(&ident.value, self.names) {
            ident.value = name.to_owned();
            return Ok(());
        }
        if let Some(name) = self.given.columns.keys().find(|name| name.eq_ignore_ascii_case(&ident.value)) {
            ident.value = name.clone();
            return Ok(());
        }
        let mut known = self.names.offered.clone();
        known.extend(self.given.columns.keys().cloned());
        let complaint = format!("no column '{}' in these tables", ident.value);
        let near = plan::nearest(&ident.value, known.iter().map(String::as_str));
        let message = if ident.quote_style == Some('"') {
            format!("{complaint} (a text stands in single quotes: '…')")
        } else {
            and_there_are(&complaint, near, &self.names.offered.join(", "))
        };
        let at = ident.span.start;
        Err(QueryError::at(self.sql, at.line, at.column, ident.value.chars().count(), message))
    }

    /// Refuses what belongs to the query around a subquery: the engine would take it for something of its own.
    fn is_at_hand(&self, table: &Ident) -> Result<(), QueryError> {
        let name = table.value.to_ascii_lowercase();
        let Some((inner, outer)) = self.asked.split_last() else { return Ok(()) };
        let is_around = |frame: &Frame| frame.tables.contains(&name);
        if is_around(inner) || !outer.iter().any(is_around) || inner.is_exists && outer.last().is_some_and(is_around) {
            return Ok(());
        }
        let at = table.span.start;
        let message = format!(
            "'{}' is a table of the query around this subquery, which can't be looked at from here; JOIN a subquery that groups instead",
            table.value
        );
        Err(QueryError::at(self.sql, at.line, at.column, table.value.chars().count(), message))
    }
}

/// The names by which a SELECT knows its tables, in lower case.
fn tables_of(select: &Select) -> BTreeSet<String> {
    fn add(factor: &TableFactor, names: &mut BTreeSet<String>) {
        let alias = match factor {
            TableFactor::Table { name, alias, .. } => {
                names.insert(alias.as_ref().map_or_else(|| last_part(name).to_ascii_lowercase(), |a| a.name.value.to_ascii_lowercase()));
                return;
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                add(&table_with_joins.relation, names);
                table_with_joins.joins.iter().for_each(|join| add(&join.relation, names));
                alias
            }
            TableFactor::Derived { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. } => alias,
            _ => return,
        };
        names.extend(alias.as_ref().map(|a| a.name.value.to_ascii_lowercase()));
    }
    let mut names = BTreeSet::new();
    for from in &select.from {
        add(&from.relation, &mut names);
        from.joins.iter().for_each(|join| add(&join.relation, &mut names));
    }
    names
}

impl VisitorMut for Rewriter<'_> {
    type Break = QueryError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<QueryError> {
        if let Some(OrderByKind::Expressions(terms)) = query.order_by.as_mut().map(|order| &mut order.kind) {
            for term in terms {
                term.options.nulls_first.get_or_insert(false);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<QueryError> {
        self.asked.push(Frame { tables: tables_of(select), is_exists: std::mem::take(&mut self.is_exists) });
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<QueryError> {
        self.asked.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<QueryError> {
        // The engine knows no exponents.
        if let Value::Number(text, _) = &mut value.value
            && text.contains(['e', 'E'])
            && let Ok(number) = text.parse::<f64>()
        {
            *text = if number.fract() == 0.0 { format!("{number}.0") } else { number.to_string() };
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<QueryError> {
        self.is_exists |= matches!(expr, Expr::Exists { .. });
        let checked = match expr {
            Expr::Identifier(ident) => self.column(ident),
            Expr::CompoundIdentifier(parts) => match parts.as_mut_slice() {
                [table, column] => self.is_at_hand(table).and_then(|()| self.tables.table(table)).and_then(|()| self.column(column)),
                _ => Ok(()),
            },
            _ => Ok(()),
        };
        match checked {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<QueryError> {
        use BinaryOperator::{Minus, Modulo, Multiply, Plus};
        match expr {
            Expr::BinaryOp { left, op: Plus | Minus | Multiply | Modulo, right } => {
                self.numbers.widen_both(left, right);
            }
            Expr::BinaryOp { left, op, right } if is_comparison(op) => {
                compare_times(left, right);
                compare_times(right, left);
                // The engine takes a text for a time on the right alone.
                if is_text(left) && !is_text(right) {
                    std::mem::swap(left, right);
                    *op = turned(op);
                }
            }
            Expr::Between { expr, low, high, .. } => {
                compare_times(expr, low);
                compare_times(expr, high);
            }
            Expr::InList { expr, list, .. } => list.iter_mut().for_each(|value| compare_times(expr, value)),
            Expr::UnaryOp { op: sqlparser::ast::UnaryOperator::Minus, expr } => self.numbers.widen(expr),
            Expr::Extract { field, .. } if is_small(field) => to_wide(expr),
            Expr::Cast { data_type, .. } if is_narrow(data_type) => *data_type = DataType::BigInt(None),
            Expr::Function(function) if is_one_of(function, &["sum", "total"]) => {
                if let [summed] = arguments_mut(function).as_mut_slice() {
                    self.numbers.widen_sum(summed);
                }
            }
            // The engine reckons powers in the width of the base, and takes the base of a logarithm last.
            Expr::Function(function) if is_one_of(function, &["power", "pow"]) => {
                if let Some(base) = arguments_mut(function).into_iter().next() {
                    *base = cast(std::mem::replace(base, Expr::value(Value::Null)), DataType::Double(ExactNumberInfo::None));
                }
            }
            Expr::Function(function) if is_one_of(function, &["log"]) => {
                if let [base, number] = arguments_mut(function).as_mut_slice() {
                    std::mem::swap(*base, *number);
                }
            }
            Expr::Function(function) if is_one_of(function, &["date"]) => {
                // The engine's DATE reads texts alone.
                if let Some(time) = only_argument(function).filter(|time| !is_text(time)) {
                    *expr = cast(time, DataType::Date);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::statement::{Asked, Sql};
    use super::*;

    fn rewritten(sql: &str) -> Result<String, String> {
        let names = Names {
            tables: vec!["flows".into(), "exporters".into()],
            columns: [("src_addr", 0), ("bytes", 64), ("packets", 64), ("octetDeltaCount", 64), ("duration_ms", -64), ("src_as", 32)]
                .map(|(name, bits)| (name.to_owned(), (bits != 0).then_some(Whole { unsigned: bits > 0, narrow: bits == 32 })))
                .into(),
            synonyms: [("in_bytes".to_owned(), "octetDeltaCount".to_owned())].into(),
            offered: vec!["src_addr".into(), "bytes".into()],
        };
        let parsed = Sql::parse(sql).unwrap();
        let Asked::Rows(mut query) = parsed.asked else { panic!("no rows") };
        rewrite(sql, &mut query, &names).map_err(|e| e.to_string())?;
        Ok(query.to_string())
    }

    #[test]
    fn names_are_spelled_and_given() {
        assert_eq!(rewritten("select SRC_ADDR, In_Bytes from FLOWS").unwrap(), "SELECT src_addr, octetDeltaCount FROM flows");
        assert_eq!(
            rewritten("SELECT F.bytes FROM flows f ORDER BY Total").unwrap_err().lines().next(),
            Some("SQL, line 1, column 38: no column 'Total' in these tables; there are: src_addr, bytes")
        );
    }

    #[test]
    fn times_are_compared_as_texts() {
        for (from, to) in [
            ("t > TIMESTAMP '2026-11-22 10:00:00'", "t > '2026-11-22 10:00:00'"),
            ("'2026-11-22T10:00:00Z' <= t", "t >= '2026-11-22T10:00:00'"),
            ("t BETWEEN CAST('2026-11-22' AS TIMESTAMP) AND DATE '2026-11-23'", "t BETWEEN '2026-11-22' AND '2026-11-23'"),
            ("DATE(t) = '2026-11-22'", "CAST(t AS DATE) = DATE('2026-11-22')"),
            ("src_addr = '2001:db8::1'", "src_addr = '2001:db8::1'"),
            ("bytes > 1.5e6", "bytes > 1500000.0"),
        ] {
            let sql = |condition| format!("SELECT 1 AS one FROM (SELECT bytes, src_addr, 1 AS t FROM flows) AS x WHERE {condition}");
            assert_eq!(rewritten(&sql(from)).unwrap(), sql(to));
        }
    }

    #[test]
    fn unsigned_numbers_do_not_wrap() {
        assert_eq!(
            rewritten("SELECT bytes - packets AS d, duration_ms * 2 AS e, bytes / 2 AS f FROM flows").unwrap(),
            "SELECT CAST(bytes AS BIGINT) - CAST(packets AS BIGINT) AS d, duration_ms * 2 AS e, bytes / 2 AS f FROM flows"
        );
        assert_eq!(
            rewritten("SELECT s - 1 AS x FROM (SELECT SUM(bytes) AS s FROM flows) AS t").unwrap(),
            "SELECT CAST(s AS BIGINT) - 1 AS x FROM (SELECT SUM(bytes) AS s FROM flows) AS t"
        );
        assert_eq!(rewritten("SELECT -COUNT(*) AS x FROM flows").unwrap(), "SELECT -CAST(COUNT(*) AS BIGINT) AS x FROM flows");
        for (from, to) in [
            ("SUM(bytes)", "SUM(bytes)"),
            ("SUM(src_as)", "SUM(CAST(src_as AS BIGINT))"),
            ("SUM(CASE WHEN bytes > 1 THEN 5 ELSE 0 END)", "SUM(CAST(CASE WHEN bytes > 1 THEN 5 ELSE 0 END AS BIGINT))"),
            ("SUM(CASE WHEN bytes > 1 THEN 0.5 ELSE 0 END)", "SUM(CASE WHEN bytes > 1 THEN 0.5 ELSE 0 END)"),
            ("EXTRACT(HOUR FROM t) * 60", "CAST(EXTRACT(HOUR FROM t) AS BIGINT) * 60"),
            ("CAST(bytes AS INTEGER) * 2", "CAST(bytes AS BIGINT) * 2"),
            ("4000000 * 1000", "CAST(4000000 AS BIGINT) * 1000"),
            ("POWER(src_as, 2)", "POWER(CAST(src_as AS DOUBLE), 2)"),
            ("LOG(2, bytes)", "LOG(bytes, 2)"),
        ] {
            let sql = |expr| format!("SELECT {expr} AS x FROM (SELECT bytes, src_as, 'x' AS t FROM flows) AS y");
            assert_eq!(rewritten(&sql(from)).unwrap(), sql(to));
        }
    }

    #[test]
    fn nulls_come_last() {
        assert_eq!(
            rewritten("SELECT bytes FROM flows ORDER BY bytes DESC, packets ASC NULLS FIRST").unwrap(),
            "SELECT bytes FROM flows ORDER BY bytes DESC NULLS LAST, packets ASC NULLS FIRST"
        );
    }

    #[test]
    fn a_subquery_sees_its_own_tables_alone() {
        for wrong in [
            "SELECT bytes FROM flows WHERE bytes > (SELECT AVG(g.bytes) FROM flows g WHERE g.src_addr = flows.src_addr)",
            "SELECT bytes FROM flows f WHERE src_addr IN (SELECT g.src_addr FROM flows g WHERE g.bytes = F.bytes)",
        ] {
            let error = rewritten(wrong).unwrap_err();
            assert!(error.contains("is a table of the query around this subquery"), "{wrong}: {error}");
        }
        for right in [
            "SELECT f.bytes FROM flows AS f JOIN (SELECT g.bytes FROM flows AS g) AS h ON h.bytes = f.bytes ORDER BY f.bytes ASC NULLS LAST",
            "SELECT f.bytes FROM flows AS f WHERE NOT EXISTS (SELECT g.bytes FROM flows AS g WHERE g.bytes = f.bytes)",
            "SELECT flows.bytes FROM flows WHERE flows.bytes > (SELECT AVG(flows.bytes) AS a FROM flows)",
        ] {
            assert_eq!(rewritten(right).unwrap(), right);
        }
    }

    #[test]
    fn mistakes_have_a_place() {
        assert_eq!(
            rewritten("SELECT src_adr\nFROM flows").unwrap_err(),
            "SQL, line 1, column 8: no column 'src_adr' in these tables; did you mean 'src_addr'? There are: src_addr, bytes\n  \
             SELECT src_adr\n         ^^^^^^^"
        );
        assert_eq!(
            rewritten("SELECT 1 FROM flow").unwrap_err(),
            "SQL, line 1, column 15: no table 'flow'; did you mean 'flows'? There are: flows, exporters\n  \
             SELECT 1 FROM flow\n                ^^^^"
        );
        assert_eq!(
            rewritten("SELECT x FROM flow").unwrap_err().lines().next().unwrap(),
            "SQL, line 1, column 15: no table 'flow'; did you mean 'flows'? There are: flows, exporters",
            "the table comes before its columns"
        );
        assert_eq!(
            rewritten("SELECT bytes FROM flows WHERE src_addr = \"10.0.0.1\"").unwrap_err().lines().next().unwrap(),
            "SQL, line 1, column 42: no column '10.0.0.1' in these tables (a text stands in single quotes: '…')"
        );
    }
}
