//! Which expressions are whole numbers, and how wide the engine would compute them: sums, differences and products of narrow or unsigned
//! ones wrap around there, so they are cast to 64 bits with a sign first.

use std::collections::BTreeMap;

use sqlparser::ast::{BinaryOperator, CastKind, DataType, DateTimeField, Expr, Function, UnaryOperator, Value, ValueWithSpan};

use super::rewrite::{Names, arguments, spelled};
use super::statement::last_part;

/// A whole number as the engine holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) unsigned: bool,
    /// Of fewer than 64 bits.
    pub(super) narrow: bool,
}

const WIDE: Whole = Whole { unsigned: false, narrow: false };
const NARROW: Whole = Whole { unsigned: false, narrow: true };
const NARROW_UNSIGNED: Whole = Whole { unsigned: true, narrow: true };

impl Whole {
    /// What holds values of both.
    fn and(self, other: Self) -> Self {
        Self { unsigned: self.unsigned || other.unsigned, narrow: self.narrow || other.narrow }
    }
}

/// Names of columns, and of expressions that the query names, whose values are whole numbers.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    names: &'a Names,
    known: BTreeMap<String, Whole>,
}

impl<'a> Numbers<'a> {
    /// `given` are the names that the query itself gives, with what they stand for.
    pub(super) fn new(names: &'a Names, given: &BTreeMap<String, Vec<Expr>>) -> Self {
        let known = names.columns.iter().filter_map(|(name, whole)| Some((name.clone(), (*whole)?))).collect();
        let mut own = Self { names, known };
        // A name can stand for another one: each turn goes one step further.
        loop {
            let is_new = |name: &String| !own.known.contains_key(name) && !names.columns.contains_key(name);
            let more: Vec<(String, Whole)> = given
                .iter()
                .filter(|(name, _)| is_new(name))
                .filter_map(|(name, exprs)| Some((name.clone(), own.all(exprs.iter())?)))
                .collect();
            if more.is_empty() {
                return own;
            }
            own.known.extend(more);
        }
    }

    /// What an expression is; `None` for what is no whole number, or not known to be one.
    pub(super) fn of(&self, expr: &Expr) -> Option<Whole> {
        use BinaryOperator::{BitwiseAnd, BitwiseOr, Minus, Modulo, Multiply, Plus};
        match expr {
            Expr::Identifier(ident) => self.named(&ident.value),
            Expr::CompoundIdentifier(parts) => self.named(&parts.last()?.value),
            Expr::Nested(inner) => self.of(inner),
            Expr::Value(_) => is_whole_literal(expr).then_some(NARROW),
            Expr::Extract { field, .. } => is_small(field).then_some(WIDE),
            Expr::Cast { data_type, .. } => match data_type {
                DataType::BigInt(_) | DataType::Int8(_) => Some(WIDE),
                DataType::BigIntUnsigned(_) => Some(Whole { unsigned: true, narrow: false }),
                narrow => is_narrow(narrow).then_some(WIDE),
            },
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => self.of(expr),
            Expr::BinaryOp { left, op: BitwiseAnd | BitwiseOr, right } => match (self.of(left), self.of(right)) {
                (Some(left), Some(right)) => Some(left.and(right)),
                (one, other) => one.or(other),
            },
            // By then both are as wide as they can be.
            Expr::BinaryOp { left, op: Plus | Minus | Multiply | Modulo, right } => self.of(left).and(self.of(right)).map(|_| WIDE),
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|when| &when.result).chain(else_result.as_deref());
                self.all(results.filter(|result| !matches!(result, Expr::Value(ValueWithSpan { value: Value::Null, .. }))))
            }
            Expr::Function(function) => self.of_function(function),
            _ => None,
        }
    }

    fn of_function(&self, function: &Function) -> Option<Whole> {
        match last_part(&function.name).to_ascii_lowercase().as_str() {
            "count" | "length" | "ip_version" => Some(NARROW_UNSIGNED),
            "sum" | "total" => self.all(arguments(function)).map(|whole| if whole.narrow { WIDE } else { whole }),
            "min" | "max" | "first" | "last" | "first_value" | "last_value" | "lag" | "lead" | "coalesce" | "ifnull" | "nullif"
            | "least" | "greatest" | "abs" => self.all(arguments(function)),
            _ => None,
        }
    }

    /// What holds all of them; `None` if there are none, or one is no whole number.
    fn all<'e>(&self, mut exprs: impl Iterator<Item = &'e Expr>) -> Option<Whole> {
        let first = self.of(exprs.next()?)?;
        exprs.try_fold(first, |all, expr| Some(all.and(self.of(expr)?)))
    }

    fn named(&self, name: &str) -> Option<Whole> {
        self.known.get(spelled(name, self.names).unwrap_or(name)).copied()
    }

    /// Casts what is added, subtracted or multiplied, or negated: what is unsigned or narrow would wrap around.
    pub(super) fn widen(&self, operand: &mut Expr) {
        if self.of(operand).is_some_and(|whole| whole.unsigned || whole.narrow) && !is_whole_literal(operand) {
            to_wide(operand);
        }
    }

    /// The same for two: of literals alone one has to be wide.
    pub(super) fn widen_both(&self, left: &mut Expr, right: &mut Expr) {
        if is_whole_literal(left) && is_whole_literal(right) {
            to_wide(left);
        }
        self.widen(left);
        self.widen(right);
    }

    /// Casts what is summed up: the engine sums 32 bits in 32 bits.
    pub(super) fn widen_sum(&self, summed: &mut Expr) {
        if self.of(summed).is_some_and(|whole| whole.narrow) {
            to_wide(summed);
        }
    }
}

fn is_whole_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) if text.bytes().all(|b| b.is_ascii_digit()))
}

/// Types of fewer than 64 bits: the engine reckons in them.
pub(super) fn is_narrow(data_type: &DataType) -> bool {
    use DataType::{
        Int, Int2, Int2Unsigned, Int4, Int4Unsigned, IntUnsigned, Integer, IntegerUnsigned, MediumInt, MediumIntUnsigned, SmallInt,
        SmallIntUnsigned, TinyInt, TinyIntUnsigned, USmallInt, UTinyInt,
    };
    matches!(
        data_type,
        Int(_)
            | Int2(_)
            | Int4(_)
            | Integer(_)
            | MediumInt(_)
            | SmallInt(_)
            | TinyInt(_)
            | Int2Unsigned(_)
            | Int4Unsigned(_)
            | IntUnsigned(_)
            | IntegerUnsigned(_)
            | MediumIntUnsigned(_)
            | SmallIntUnsigned(_)
            | TinyIntUnsigned(_)
            | USmallInt
            | UTinyInt
    )
}

/// Parts of a time that the engine gives in 8 to 32 bits.
pub(super) fn is_small(field: &DateTimeField) -> bool {
    use DateTimeField::{
        Century, Date, Day, DayOfWeek, DayOfYear, Decade, Dow, Doy, Hour, IsoWeek, Isodow, Isoyear, Millennium, Minute, Month, Quarter,
        Second, Week, Year,
    };
    matches!(
        field,
        Century
            | Date
            | Day
            | DayOfWeek
            | DayOfYear
            | Decade
            | Dow
            | Doy
            | Hour
            | Isodow
            | IsoWeek
            | Isoyear
            | Millennium
            | Minute
            | Month
            | Quarter
            | Second
            | Week(_)
            | Year
    )
}

/// Casts to 64 bits with a sign.
pub(super) fn to_wide(expr: &mut Expr) {
    let inner = std::mem::replace(expr, Expr::value(Value::Null));
    *expr = cast(inner, DataType::BigInt(None));
}

pub(super) fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}
