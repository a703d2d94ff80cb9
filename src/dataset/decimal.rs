//! Decimal numbers of an Arrow array: DuckDB and Spark make them of sums and of `DECIMAL` columns, mostly with a fraction of nothing.

use polars_arrow::array::{Array, PrimitiveArray};

use crate::column::Column;

use super::array::Rows;
use super::cell;
use super::faults::Tally;

/// Appends decimal numbers: their digits, of which the last `scale` are the fraction.
pub(super) fn append(column: &mut Column, rows: Rows<'_>, scale: usize, tally: &mut Tally) {
    let Some(array) = rows.array.as_any().downcast_ref::<PrimitiveArray<i128>>() else { return };
    for at in rows.from..(rows.from + rows.count).min(array.len()) {
        let Some(digits) = array.is_valid(at).then(|| array.value(at)) else {
            cell::push_null(column);
            continue;
        };
        let text = decimal(digits, scale);
        if !cell::push(column, text.as_bytes()) {
            let (number, name, kind) = (rows.number + (at - rows.from) as u64, rows.name, column.kind.name());
            tally.add(number, || format!("row {number}: {name}: {text} is no {kind}"));
        }
    }
}

/// `12.5` for 1250 of scale 2, `12` for 1200.
fn decimal(digits: i128, scale: usize) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use polars_arrow::datatypes::ArrowDataType;

    use super::super::array;
    use super::super::faults::Faults;
    use super::*;
    use crate::column::Values;
    use crate::plan::Kind;

    #[test]
    fn decimals_are_whole_numbers_where_they_can_be() {
        let shown = [(1_250, 2), (1_200, 2), (5, 2), (-5, 1), (0, 4), (7, 0), (i128::MAX, 0)].map(|(digits, scale)| decimal(digits, scale));
        assert_eq!(shown, ["12.5", "12", "0.05", "-0.5", "0", "7", "170141183460469231731687303715884105727"]);
        let array = PrimitiveArray::<i128>::from([Some(300), None, Some(350), Some(-100)]).to(ArrowDataType::Decimal(18, 2));
        let rows = Rows { array: &array, from: 0, count: 4, number: 1, name: "packets" };
        let (mut column, mut tally) = (Column::new(Kind::U64), Tally::default());
        array::append(&mut column, rows, &mut tally);
        assert_eq!((&column.values, column.validity.nulls()), (&Values::U64(vec![3, 0, 0, 0]), 3));
        let faults = Faults::new(0);
        tally.tell(&faults);
        let told: Vec<(u64, String)> = faults.list().into_iter().map(|f| (f.count, f.detail)).collect();
        assert_eq!(told, [(2, "row 3: packets: 3.5 is no u64".to_owned())]);
    }
}
