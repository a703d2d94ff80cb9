//! Which rows get other columns than the rest.

use std::sync::Arc;

use crate::plan::Schema;

use super::super::options::Part;
use super::Plans;

/// Where the run is with its part, and the plans that are not in use.
#[derive(Default)]
pub(super) struct Parted {
    part: Option<Part>,
    /// True while rows go into the part's columns.
    inside: bool,
    /// Rows given out in the part's columns.
    rows: usize,
    /// True once the first rows were given out.
    begun: bool,
    /// Turns since the first rows.
    turns: usize,
    /// The plans for the columns that are not in use.
    others: Plans,
}

impl Parted {
    pub(super) fn new(part: Option<Part>) -> Self {
        Self { inside: part.is_some(), part, ..Self::default() }
    }

    /// The columns in use, `rest` outside the part.
    pub(super) fn schema<'a>(&'a self, rest: &'a Arc<Schema>) -> &'a Arc<Schema> {
        match &self.part {
            Some(part) if self.inside => &part.schema,
            _ => rest,
        }
    }

    /// True if the first rows are complete with so many that wait.
    pub(super) fn ends(&self, waiting: usize) -> bool {
        !self.begun && self.part.as_ref().is_some_and(|p| self.rows + waiting >= p.first)
    }

    /// Counts rows that are given out.
    pub(super) fn given(&mut self, rows: usize) {
        if self.inside {
            self.rows += rows;
        }
    }

    /// Decides on the columns of what comes next, and changes the plans with them.
    pub(super) fn turn(&mut self, plans: &mut Plans) {
        let Some(part) = self.part.as_ref().filter(|p| self.rows >= p.first) else { return };
        self.turns += usize::from(std::mem::replace(&mut self.begun, true));
        let inside = self.turns > 0 && part.every.is_some_and(|n| self.turns.is_multiple_of(n.get()));
        if inside != self.inside {
            self.inside = inside;
            std::mem::swap(plans, &mut self.others);
        }
        if part.every.is_none() {
            (self.part, self.others) = (None, Plans::default());
        }
    }
}
