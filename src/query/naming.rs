//! The first step of a rewrite: every column of a result gets a name, ORDER BY names one of them, and what the engine would answer
//! wrongly is refused.
//!
//! - `SUM(bytes)` without `AS` is called `SUM(bytes)`.
//! - `ORDER BY SUM(bytes)` means the column of that expression; where the result has none, the query is put into another one that sorts.
//! - An aggregate of an aggregate, a window beside GROUP BY, an aggregate in WHERE, a column that stands beside aggregates without
//!   GROUP BY: other databases refuse some and compute others; the engine gives numbers that nobody means.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, GroupByExpr, Ident, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, Visit, VisitMut, Visitor, VisitorMut,
    WindowType,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::error::QueryError;
use super::statement::last_part;

/// Functions of many rows.
const AGGREGATES: [&str; 31] = [
    "array_agg",
    "avg",
    "corr",
    "count",
    "covar",
    "covar_pop",
    "covar_samp",
    "first",
    "group_concat",
    "last",
    "listagg",
    "max",
    "median",
    "min",
    "quantile_cont",
    "quantile_disc",
    "stddev",
    "stddev_samp",
    "stdev",
    "stdev_samp",
    "string_agg",
    "sum",
    "total",
    "var",
    "var_samp",
    "variance",
    "bit_and_agg",
    "bit_or_agg",
    "any_value",
    "mode",
    "approx_count_distinct",
];

/// Names the columns of every SELECT in a query.
pub(super) fn name_columns(query: &mut Query) -> Result<(), QueryError> {
    match VisitMut::visit(query, &mut Naming { ordered: 0 }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Naming {
    /// Columns made for an order so far.
    ordered: usize,
}

impl VisitorMut for Naming {
    type Break = QueryError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<QueryError> {
        match self.order(query) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<QueryError> {
        match check(select) {
            Ok(()) => {
                name_items(select);
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Naming {
    /// Has ORDER BY name columns of the result.
    fn order(&mut self, query: &mut Query) -> Result<(), QueryError> {
        let SetExpr::Select(select) = &mut *query.body else { return Ok(()) };
        check(select)?;
        name_items(select);
        let Some(OrderBy { kind: OrderByKind::Expressions(terms), .. }) = &mut query.order_by else { return Ok(()) };
        let names = output_names(select);
        let mut added = false;
        for term in terms {
            if matches!(term.expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_)) {
                continue;
            }
            let text = term.expr.to_string();
            let same = select.projection.iter().find_map(|item| match item {
                SelectItem::ExprWithAlias { expr, alias } if expr.to_string().eq_ignore_ascii_case(&text) => Some(alias.clone()),
                _ => None,
            });
            if let Some(alias) = same {
                term.expr = Expr::Identifier(quoted(&alias.value));
            } else if names.is_some() && has_aggregate(&term.expr) {
                self.ordered += 1;
                let alias = quoted(&format!("__order_{}", self.ordered));
                let expr = std::mem::replace(&mut term.expr, Expr::Identifier(alias.clone()));
                select.projection.push(SelectItem::ExprWithAlias { expr, alias });
                added = true;
            }
        }
        match names.filter(|_| added) {
            Some(names) => {
                let names: Vec<String> = names.iter().map(|name| quoted(name).to_string()).collect();
                let outer = format!("SELECT {} FROM ({select}) AS __ordered", names.join(", "));
                let parsed = Parser::new(&GenericDialect).try_with_sql(&outer).and_then(|mut p| p.parse_query());
                query.body = parsed.map_err(|e| QueryError::new(format!("this ORDER BY can't be read: {e}")))?.body;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// The names of a SELECT's columns; `None` if it has a `*`.
fn output_names(select: &Select) -> Option<Vec<String>> {
    let name = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(ident)) => Some(ident.value.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(|p| p.value.clone()),
        _ => None,
    };
    select.projection.iter().map(name).collect()
}

fn name_items(select: &mut Select) {
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) && !makes_several(expr) {
            let alias = quoted(&expr.to_string());
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
    }
}

fn quoted(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

/// True for what makes several columns, which can't have one name.
fn makes_several(expr: &Expr) -> bool {
    finds(expr, |e| match e {
        Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => true,
        Expr::Function(function) => last_part(&function.name).eq_ignore_ascii_case("columns"),
        _ => false,
    })
}

/// Is there such an expression in it? Subqueries are questions of their own.
fn finds(within: &Expr, wanted: impl Fn(&Expr) -> bool) -> bool {
    struct Find<F> {
        wanted: F,
        queries: usize,
    }
    impl<F: Fn(&Expr) -> bool> Visitor for Find<F> {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.queries += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.queries -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if self.queries == 0 && (self.wanted)(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    Visit::visit(within, &mut Find { wanted, queries: 0 }).is_break()
}

fn is_aggregate(function: &Function) -> bool {
    AGGREGATES.contains(&last_part(&function.name).to_ascii_lowercase().as_str())
}

fn has_aggregate(expr: &Expr) -> bool {
    finds(expr, |e| matches!(e, Expr::Function(f) if is_aggregate(f) && f.over.is_none()))
}

fn has_window(expr: &Expr) -> bool {
    finds(expr, |e| matches!(e, Expr::Function(f) if f.over.is_some()))
}

/// Refuses what the engine would answer wrongly.
fn check(select: &Select) -> Result<(), QueryError> {
    if select.projection.is_empty() && select.flavor == sqlparser::ast::SelectFlavor::Standard {
        return Err(QueryError::new("SELECT has no columns; SELECT * has all"));
    }
    let items: Vec<&Expr> = select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        })
        .collect();
    let nested = |expr: &Expr| finds(expr, |outer| matches!(outer, Expr::Function(f) if is_aggregate(f) && inner_aggregate(f)));
    if items.iter().any(|e| nested(e)) {
        return Err(QueryError::new(
            "an aggregate of an aggregate; group first and aggregate that: WITH t AS (SELECT …, COUNT(*) AS n … GROUP BY …) SELECT …, SUM(n) FROM t",
        ));
    }
    let sum_of_none = |e: &Expr| matches!(e, Expr::Function(f) if ["sum", "total"].iter().any(|n| last_part(&f.name).eq_ignore_ascii_case(n)) && is_constant(f));
    if items.iter().any(|e| finds(e, sum_of_none)) {
        return Err(QueryError::new("a sum of something that is the same in every row; COUNT(*) counts rows, and can be multiplied"));
    }
    if items.iter().any(|e| finds(e, |e| matches!(e, Expr::Function(f) if is_aggregate(f) && !moves(f) && is_ordered(f)))) {
        return Err(QueryError::new("of windows with ORDER BY only SUM, MIN, MAX and COUNT are known, and ROW_NUMBER and ranks"));
    }
    let unknown = |e: &Expr| match e {
        Expr::Tuple(_) => Some("rows of several values, (a, b), are not known; name each of them"),
        Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_) => {
            Some("ROLLUP, CUBE and GROUPING SETS are not known; UNION ALL of several GROUP BYs is")
        }
        _ => None,
    };
    let grouped_by: &[Expr] = match &select.group_by {
        GroupByExpr::Expressions(exprs, _) => exprs,
        GroupByExpr::All(_) => &[],
    };
    for expr in items.iter().copied().chain(&select.selection).chain(&select.having).chain(grouped_by) {
        if let Some(why) = found(expr, unknown) {
            return Err(QueryError::new(why));
        }
    }
    if select.selection.as_ref().is_some_and(has_aggregate) {
        return Err(QueryError::new("WHERE looks at one row at a time and knows no aggregates; HAVING, behind GROUP BY, does"));
    }
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(exprs, _) if exprs.is_empty());
    if grouped && items.iter().any(|e| has_window(e)) {
        return Err(QueryError::new(
            "a window (OVER) beside GROUP BY; group first: WITH t AS (SELECT … GROUP BY …) SELECT …, RANK() OVER (…) FROM t",
        ));
    }
    let aggregates = items.iter().filter(|e| has_aggregate(e)).count();
    let starred = select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    if starred && !grouped && aggregates > 0 {
        return Err(QueryError::new("* has values a row and stands beside aggregates of all rows; name what is wanted and GROUP BY it"));
    }
    let lonely = items
        .iter()
        .find(|e| !has_aggregate(e) && !has_window(e) && finds(e, |e| matches!(e, Expr::Identifier(_) | Expr::CompoundIdentifier(_))));
    if let Some(lonely) = lonely.filter(|_| !grouped && aggregates > 0) {
        return Err(QueryError::new(format!(
            "'{lonely}' has a value a row and stands beside aggregates of all rows; GROUP BY {lonely}, or aggregate it"
        )));
    }
    Ok(())
}

/// Are its arguments the same for every row?
fn is_constant(function: &Function) -> bool {
    let names_a_column = |e: &Expr| matches!(e, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    super::rewrite::arguments(function).all(|argument| !finds(argument, names_a_column))
}

/// Aggregates that the engine knows from the beginning of an ordered window up to each row.
fn moves(function: &Function) -> bool {
    ["sum", "total", "min", "max", "count", "first", "last"].iter().any(|name| last_part(&function.name).eq_ignore_ascii_case(name))
}

fn is_ordered(function: &Function) -> bool {
    matches!(&function.over, Some(WindowType::WindowSpec(window)) if !window.order_by.is_empty())
}

/// What is to be said of the first such expression in it.
fn found(within: &Expr, what: impl Fn(&Expr) -> Option<&'static str>) -> Option<&'static str> {
    let said = std::cell::Cell::new(None);
    finds(within, |e| {
        said.set(said.get().or(what(e)));
        said.get().is_some()
    });
    said.get()
}

/// Is there an aggregate in the arguments of a function?
fn inner_aggregate(function: &Function) -> bool {
    super::rewrite::arguments(function).any(|argument| finds(argument, |e| matches!(e, Expr::Function(f) if is_aggregate(f))))
}

#[cfg(test)]
mod tests {
    use super::super::statement::{Asked, Sql};
    use super::*;

    fn named(sql: &str) -> Result<String, String> {
        let Asked::Rows(mut query) = Sql::parse(sql).unwrap().asked else { panic!("no rows") };
        name_columns(&mut query).map_err(|e| e.to_string())?;
        Ok(query.to_string())
    }

    #[test]
    fn results_have_names_and_orders_use_them() {
        assert_eq!(named("SELECT SUM(bytes) FROM flows").unwrap(), "SELECT SUM(bytes) AS \"SUM(bytes)\" FROM flows");
        assert_eq!(
            named("SELECT a, sum(bytes) FROM flows GROUP BY a ORDER BY SUM(bytes) DESC").unwrap(),
            "SELECT a, sum(bytes) AS \"sum(bytes)\" FROM flows GROUP BY a ORDER BY \"sum(bytes)\" DESC"
        );
        assert_eq!(
            named("SELECT a FROM flows GROUP BY a ORDER BY SUM(bytes) DESC LIMIT 3").unwrap(),
            "SELECT \"a\" FROM (SELECT a, SUM(bytes) AS \"__order_1\" FROM flows GROUP BY a) AS __ordered ORDER BY \"__order_1\" DESC LIMIT 3"
        );
        assert_eq!(named("SELECT COLUMNS('^b') FROM flows").unwrap(), "SELECT COLUMNS('^b') FROM flows");
    }

    #[test]
    fn what_would_be_answered_wrongly_is_refused() {
        for (sql, begins) in [
            ("SELECT protocol, SUM(COUNT(*)) OVER () FROM flows GROUP BY protocol", "SQL: an aggregate of an aggregate"),
            ("SELECT protocol, RANK() OVER (ORDER BY protocol) FROM flows GROUP BY protocol", "SQL: a window (OVER) beside GROUP BY"),
            ("SELECT bytes FROM flows WHERE COUNT(*) > 1", "SQL: WHERE looks at one row at a time"),
            ("SELECT src_addr, SUM(bytes) FROM flows", "SQL: 'src_addr' has a value a row"),
            ("SELECT *, COUNT(*) FROM flows", "SQL: * has values a row"),
            ("SELECT FROM flows", "SQL: SELECT has no columns"),
            ("SELECT SUM(1) FROM flows", "SQL: a sum of something that is the same in every row"),
            ("SELECT AVG(bytes) OVER (ORDER BY bytes) FROM flows", "SQL: of windows with ORDER BY only SUM"),
            ("SELECT bytes FROM flows WHERE (src_port, dst_port) IN (SELECT 1, 2)", "SQL: rows of several values"),
            ("SELECT protocol FROM flows GROUP BY ROLLUP (protocol)", "SQL: ROLLUP, CUBE"),
        ] {
            let error = named(sql).unwrap_err();
            assert!(error.starts_with(begins), "{sql}: {error}");
        }
        for fine in [
            "SELECT bytes, SUM(bytes) OVER () FROM flows",
            "SELECT SUM(bytes) / (SELECT SUM(bytes) FROM flows) FROM flows",
            "SELECT src_addr, SUM(bytes), 1 FROM flows GROUP BY src_addr",
            "SELECT SUM(bytes), 'all' FROM flows",
        ] {
            assert!(named(fine).is_ok(), "{fine}");
        }
    }
}
