//! What a run has come to: what was found on the way, and how the command ends.

use crate::collector::Collector;
use crate::input::{Fault, FaultCause, FileReport, Severity};

use super::options::Reading;
use super::{Ending, complain};

/// What a run leaves behind, beside what its sink made.
pub(super) struct Outcome {
    pub(super) collector: Collector,
    pub(super) reports: Vec<FileReport>,
    /// Some input could not be opened or read on; the complaint was made.
    pub(super) unreadable: bool,
    pub(super) interrupted: bool,
}

impl Outcome {
    /// How the command should end, if nothing else is to be said.
    pub(super) fn ending(&self, reading: &Reading) -> Ending {
        match () {
            () if self.interrupted => Ending::Interrupted,
            () if self.unreadable => Ending::Unreadable,
            () if reading.strict && self.has_damage() => Ending::Damage,
            () => Ending::Done,
        }
    }

    /// True if something worse than a note was found.
    pub(super) fn has_damage(&self) -> bool {
        self.collector.ledger().has_damage() || self.faults().next().is_some()
    }

    /// True if something was found that nobody has been told of.
    pub(super) fn has_untold_damage(&self) -> bool {
        self.collector.ledger().has_damage() || self.faults().any(|fault| !is_of_scale(fault))
    }

    /// Says on standard error that not everything was well, and where to look.
    pub(super) fn hint(&self, reading: &Reading) {
        if !reading.quiet && self.has_untold_damage() {
            complain(&"problems were found on the way; `ipfix-inspect FILE` shows them");
        }
    }

    /// Says, once all is written, that `--strict` ends the command badly, or else the hint.
    pub(super) fn tell(&self, reading: &Reading, ending: Ending) {
        match ending {
            Ending::Damage => complain(&"--strict: problems were found; `ipfix-inspect FILE` shows them"),
            _ => self.hint(reading),
        }
    }

    /// Says what of `--scale` did not come true, by one file for each reason.
    pub(super) fn tell_of_scale(&self) {
        for cause in [FaultCause::TableScale, FaultCause::TableRate] {
            let mut faults = self.faults().filter(|fault| fault.cause == cause);
            let Some(first) = faults.next() else { continue };
            match faults.count() {
                0 => complain(&first.detail),
                more => complain(&format!("{}; {more} more of the files too", first.detail)),
            }
        }
    }

    fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.reports.iter().flat_map(|report| &report.faults).filter(|fault| fault.cause.severity() > Severity::Note)
    }
}

/// What is wrong with numbers that look right: it is said at once.
fn is_of_scale(fault: &Fault) -> bool {
    matches!(fault.cause, FaultCause::TableScale | FaultCause::TableRate)
}
