//! Whether the counters of a file were multiplied by the sampling rates when it was written, and whether they can be now.

use crate::input::{FaultCause, TableForm};
use crate::plan::Canonical;

use super::columns::StoredColumn;
use super::faults::Faults;

/// What a file tells of its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// It has none.
    NoCounters,
    /// They were multiplied when it was written.
    Multiplied,
    /// They are as they were sent, and it has the rates.
    AsSent,
    /// It has the rates, and is text, which can't say whether the counters were multiplied by them.
    Untold,
    /// It has no rates.
    NoRates,
}

impl Scaling {
    /// Of a file with those columns; `multiplied` if its metadata says so.
    pub(super) fn of(columns: &[StoredColumn], form: TableForm, multiplied: bool) -> Self {
        let has = |canonical: Canonical| columns.iter().any(|column| column.name == canonical.name());
        match form {
            _ if !Canonical::COUNTERS.into_iter().any(has) => Self::NoCounters,
            _ if multiplied => Self::Multiplied,
            _ if !has(Canonical::SamplingInterval) => Self::NoRates,
            TableForm::Csv | TableForm::Ndjson => Self::Untold,
            TableForm::Parquet | TableForm::ArrowFile | TableForm::ArrowStream => Self::AsSent,
        }
    }

    /// True if the counters that such a file gives are multiplied, where that was asked for.
    pub fn follows(self) -> bool {
        matches!(self, Self::Multiplied | Self::AsSent | Self::Untold)
    }

    /// Notes why the counters may not be what was asked for, where multiplying was.
    pub(super) fn tell(self, name: &str, form: TableForm, faults: &Faults) {
        match self {
            Self::Untold => {
                let why = format!("{name}: {form} does not say whether its counters were multiplied before; --scale has multiplied them");
                faults.note(FaultCause::TableScale, 1, 0, why);
            }
            Self::NoRates => {
                let why = format!("{name}: has no sampling_interval: --scale has multiplied nothing in it");
                faults.note(FaultCause::TableRate, 1, 0, why);
            }
            Self::NoCounters | Self::Multiplied | Self::AsSent => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Place;
    use super::*;

    #[test]
    fn what_a_file_tells() {
        let of = |names: &[&str], form, multiplied| {
            let kind = |name: &str| Canonical::by_name(name).map(Canonical::kind).unwrap();
            let column = |name: &&str| StoredColumn { name: (*name).to_owned(), kind: kind(name), place: Place::File(0) };
            Scaling::of(&names.iter().map(column).collect::<Vec<_>>(), form, multiplied)
        };
        assert_eq!(of(&["bytes", "sampling_interval"], TableForm::Parquet, false), Scaling::AsSent);
        assert_eq!(of(&["bytes", "sampling_interval"], TableForm::Parquet, true), Scaling::Multiplied);
        assert_eq!(of(&["bytes"], TableForm::ArrowStream, true), Scaling::Multiplied);
        assert_eq!(of(&["packets_out", "sampling_interval"], TableForm::Csv, false), Scaling::Untold);
        assert_eq!(of(&["packets"], TableForm::Ndjson, false), Scaling::NoRates);
        assert_eq!(of(&["src_addr", "sampling_interval"], TableForm::Csv, false), Scaling::NoCounters);
        assert!(Scaling::Untold.follows() && !Scaling::NoRates.follows());
    }
}
