//! Which rows of a batch a filter wants: one pass over a column for each test.

use regex::bytes::Regex;

use crate::column::{Column, FlowBatch, Octets, Run, Values};
use crate::plan::{Canonical, Kind, Schema};

use super::grammar::{Check, Expr};
use super::ranges::Ranges;
use super::token::Op;
use super::value;
use super::words::{ColumnRef, Derived};

/// A filter that knows where its columns lie.
#[derive(Clone, Debug)]
pub struct Selection {
    root: Node,
}

#[derive(Clone, Debug)]
enum Node {
    Any,
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Test(Place, Check),
}

/// Where a test's values are.
#[derive(Clone, Debug)]
enum Place {
    Column(usize),
    /// The same for all rows of a run.
    Context(Canonical),
    Derived {
        over: usize,
        times: u64,
        under: usize,
    },
    /// No column of the batch: no row has a value.
    Nowhere,
}

impl Selection {
    pub(super) fn new(expr: &Expr, schema: &Schema) -> Self {
        Self { root: Node::new(expr, schema) }
    }

    /// A mark for each row of the batch: true for those that are wanted.
    pub fn select(&self, batch: &FlowBatch) -> Vec<bool> {
        self.root.marks(batch)
    }
}

impl Node {
    fn new(expr: &Expr, schema: &Schema) -> Self {
        match expr {
            Expr::Any => Self::Any,
            Expr::Not(inner) => Self::Not(Box::new(Self::new(inner, schema))),
            Expr::And(all) => Self::And(all.iter().map(|e| Self::new(e, schema)).collect()),
            Expr::Or(all) => Self::Or(all.iter().map(|e| Self::new(e, schema)).collect()),
            Expr::Test(column, check) => Self::Test(Place::of(column, schema), check.clone()),
        }
    }

    fn marks(&self, batch: &FlowBatch) -> Vec<bool> {
        match self {
            Self::Any => vec![true; batch.rows()],
            Self::Not(inner) => {
                let mut marks = inner.marks(batch);
                marks.iter_mut().for_each(|m| *m = !*m);
                marks
            }
            Self::And(all) => join(all, batch, true),
            Self::Or(all) => join(all, batch, false),
            Self::Test(place, check) => test(place, check, batch),
        }
    }
}

/// All of some nodes, or any of them; what is decided for every row is not looked at further.
fn join(nodes: &[Node], batch: &FlowBatch, all: bool) -> Vec<bool> {
    let mut marks = vec![all; batch.rows()];
    for node in nodes {
        if marks.iter().all(|m| *m != all) {
            break;
        }
        for (mark, other) in marks.iter_mut().zip(node.marks(batch)) {
            *mark = if all { *mark & other } else { *mark | other };
        }
    }
    marks
}

impl Place {
    fn of(column: &ColumnRef, schema: &Schema) -> Self {
        let canonical = |c: Canonical| schema.canonical(c).map(usize::from);
        match column {
            ColumnRef::Canonical(c) if c.is_context() => Self::Context(*c),
            ColumnRef::Canonical(c) => canonical(*c).map_or(Self::Nowhere, Self::Column),
            ColumnRef::Field { name, .. } => schema.position(name).map_or(Self::Nowhere, |p| Self::Column(p.into())),
            ColumnRef::Derived(derived) => Self::derived(*derived, canonical).unwrap_or(Self::Nowhere),
        }
    }

    fn derived(derived: Derived, position: impl Fn(Canonical) -> Option<usize>) -> Option<Self> {
        let (over, times, under) = derived.parts();
        Some(Self::Derived { over: position(over)?, times, under: position(under)? })
    }
}

fn test(place: &Place, check: &Check, batch: &FlowBatch) -> Vec<bool> {
    let column = |at: &usize| batch.columns().get(*at);
    match place {
        Place::Column(at) => column(at).map_or_else(|| vec![false; batch.rows()], |c| in_column(c, check)),
        Place::Context(which) => in_runs(*which, check, batch),
        Place::Derived { over, times, under } => match (column(over), column(under), check) {
            (Some(over), Some(under), Check::Unsigned(ranges)) => {
                (0..batch.rows()).map(|row| quotient(over, *times, under, row).is_some_and(|q| ranges.contains(q))).collect()
            }
            (Some(over), Some(under), Check::Exists) => (0..batch.rows()).map(|row| quotient(over, 1, under, row).is_some()).collect(),
            _ => vec![false; batch.rows()],
        },
        Place::Nowhere => vec![false; batch.rows()],
    }
}

/// One value by another; 0 where there is nothing to divide by, as nfdump has it.
fn quotient(over: &Column, times: u64, under: &Column, row: usize) -> Option<u64> {
    let under = match &under.values {
        Values::I64(v) if under.validity.get(row) => v.get(row).map(|v| u64::try_from(*v).unwrap_or(0)),
        _ => under.unsigned(row),
    }?;
    let over = u128::from(over.unsigned(row)?) * u128::from(times);
    Some(over.checked_div(under.into()).map_or(0, |q| u64::try_from(q).unwrap_or(u64::MAX)))
}

fn in_column(column: &Column, check: &Check) -> Vec<bool> {
    let mut marks = match (check, &column.values) {
        (Check::Exists, _) => vec![true; column.validity.len()],
        (Check::Unsigned(r), Values::U8(v)) => within(v.iter().map(|v| u64::from(*v)), r),
        (Check::Unsigned(r), Values::U16(v)) => within(v.iter().map(|v| u64::from(*v)), r),
        (Check::Unsigned(r), Values::U32(v)) => within(v.iter().map(|v| u64::from(*v)), r),
        (Check::Unsigned(r), Values::U64(v)) => within(v.iter().copied(), r),
        (Check::Bits { mask, set }, Values::U8(v)) => v.iter().map(|v| u64::from(*v) & mask == *set).collect(),
        (Check::Bits { mask, set }, Values::U16(v)) => v.iter().map(|v| u64::from(*v) & mask == *set).collect(),
        (Check::Signed(r), Values::I64(v)) => within(v.iter().copied(), r),
        (Check::Real(op, bound), Values::F64(v)) => v.iter().map(|v| compare(*op, *v, *bound)).collect(),
        (Check::Bool(wanted), Values::Bool(v)) => v.iter().map(|v| v == wanted).collect(),
        (Check::Address(r), Values::Address(v)) => within(v.iter().map(|v| value::octets(*v)), r),
        (Check::Address(r), Values::U32(v)) if column.kind == Kind::Ipv4 => {
            within(v.iter().map(|v| value::octets(std::net::Ipv4Addr::from(*v).to_ipv6_mapped().octets())), r)
        }
        (Check::Octets { any, wanted }, Values::Octets(v)) => {
            (0..column.validity.len()).map(|row| any.iter().any(|a| a == v.get(row)) == *wanted).collect()
        }
        (Check::Matches { regex, wanted }, Values::Octets(v)) => matches(v, column.validity.len(), regex, *wanted),
        _ => vec![false; column.validity.len()],
    };
    if column.validity.nulls() > 0 {
        marks.iter_mut().enumerate().for_each(|(row, mark)| *mark &= column.validity.get(row));
    }
    marks
}

/// The usual cases are one range and few: they need no search.
fn within<T: super::ranges::Whole>(values: impl Iterator<Item = T>, ranges: &Ranges<T>) -> Vec<bool> {
    match *ranges.as_slice() {
        [(from, to)] => values.map(|v| from <= v && v <= to).collect(),
        [(a, b), (c, d)] => values.map(|v| (a <= v && v <= b) | (c <= v && v <= d)).collect(),
        _ => values.map(|v| ranges.contains(v)).collect(),
    }
}

/// Values that come in rows are looked at once for each change.
fn matches(values: &Octets, rows: usize, regex: &Regex, wanted: bool) -> Vec<bool> {
    let mut last: Option<(&[u8], bool)> = None;
    let mut one = |row| {
        let value = values.get(row);
        match last {
            Some((before, mark)) if before == value => mark,
            _ => {
                let mark = regex.is_match(value) == wanted;
                last = Some((value, mark));
                mark
            }
        }
    };
    (0..rows).map(&mut one).collect()
}

fn in_runs(which: Canonical, check: &Check, batch: &FlowBatch) -> Vec<bool> {
    let mut marks = Vec::with_capacity(batch.rows());
    for run in batch.runs() {
        marks.resize(marks.len() + run.rows, in_run(which, check, run));
    }
    marks
}

fn in_run(which: Canonical, check: &Check, run: &Run) -> bool {
    let context = &run.context;
    let number = match which {
        Canonical::Received => {
            return match (check, context.received) {
                (Check::Signed(ranges), Some(t)) => ranges.contains(t.nanos()),
                (check, received) => matches!(check, Check::Exists) && received.is_some(),
            };
        }
        Canonical::Exporter => {
            let address = context.exporter.known_addr().map(|a| match a {
                std::net::IpAddr::V4(a) => a.to_ipv6_mapped(),
                std::net::IpAddr::V6(a) => a,
            });
            return match (check, address) {
                (Check::Address(ranges), Some(a)) => ranges.contains(value::octets(a.octets())),
                (check, address) => matches!(check, Check::Exists) && address.is_some(),
            };
        }
        Canonical::ObservationDomain => context.domain.map(u64::from),
        Canonical::NdeVersion => Some(u64::from(context.version.number())).filter(|n| *n != 0),
        _ => context.template_id.map(u64::from),
    };
    match (check, number) {
        (Check::Unsigned(ranges), Some(n)) => ranges.contains(n),
        (check, number) => matches!(check, Check::Exists) && number.is_some(),
    }
}

fn compare(op: Op, value: f64, bound: f64) -> bool {
    match op {
        Op::NotEqual => value != bound,
        Op::Less => value < bound,
        Op::AtMost => value <= bound,
        Op::Greater => value > bound,
        Op::AtLeast => value >= bound,
        Op::Equal | Op::In | Op::Matches | Op::MatchesNot => value == bound,
    }
}
