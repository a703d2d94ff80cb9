//! The tables that a query can ask, beside the flows: what a run has counted, as data frames.
//!
//! Columns that say whose a row is are called as in `flows` (`exporter`, `nde_version`, `observation_domain`, `template_id`), so that
//! tables join with `USING`.

mod build;
mod exporters;
mod fields;
mod problems;
mod templates;

use polars::prelude::{DataFrame, PolarsResult};

use crate::audit::Traffic;
use crate::collector::{Collector, LayoutKind};
use crate::summary::Overview;
use crate::template::DefinitionId;

pub(super) use build::{Build, time_of};

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// One row a flow.
    Flows,
    /// One row an exporter: address, version, domain.
    Exporters,
    /// One row a content of a template.
    Templates,
    /// One row a field of a template.
    Fields,
    /// One row a kind of problem.
    Problems,
    /// One row a value of options data.
    Options,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Flows, Self::Exporters, Self::Templates, Self::Fields, Self::Problems, Self::Options];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Exporters => "exporters",
            Self::Templates => "templates",
            Self::Fields => "fields",
            Self::Problems => "problems",
            Self::Options => "options",
        }
    }
}

/// A table with its rows: its name, and the frame.
pub type TableSet = Vec<(String, DataFrame)>;

/// What a run has counted.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Exporters and problems.
    pub overview: &'a Overview,
    /// Templates.
    pub collector: &'a Collector,
    /// The sums of the flows, by the collector's number of the layout.
    pub by_layout: &'a [Traffic],
}

impl Facts<'_> {
    /// The tables `exporters`, `templates`, `fields` and `problems`.
    ///
    /// # Errors
    /// Polars refuses the columns, which would be a fault of this crate.
    pub fn tables(&self) -> PolarsResult<TableSet> {
        let overview = self.overview;
        let files: Vec<&str> = overview.files.iter().map(|f| f.report.name.as_str()).collect();
        Ok(vec![
            (Table::Exporters.name().to_owned(), exporters::frame(&overview.exporters, overview.totals.last)?),
            (Table::Templates.name().to_owned(), templates::frame(self.collector, |id| self.traffic(id))?),
            (Table::Fields.name().to_owned(), fields::frame(self.collector)?),
            (Table::Problems.name().to_owned(), problems::frame(&overview.problems, &files)?),
        ])
    }

    fn traffic(&self, id: DefinitionId) -> Traffic {
        let mut sum = Traffic::default();
        let layouts = &self.collector.census().layouts;
        let own = layouts.iter().zip(self.by_layout).filter(|(layout, _)| layout.kind == LayoutKind::Template(id));
        own.for_each(|(_, traffic)| sum.add(traffic));
        sum
    }
}

/// The same tables without rows, for a look at a query before anything is decoded.
///
/// # Errors
/// As [`Facts::tables`].
pub fn empty_tables(collector: &Collector) -> PolarsResult<TableSet> {
    Ok(vec![
        (Table::Exporters.name().to_owned(), exporters::frame(&[], None)?),
        (Table::Templates.name().to_owned(), templates::frame(collector, |_| Traffic::default())?.head(Some(0))),
        (Table::Fields.name().to_owned(), fields::frame(collector)?.head(Some(0))),
        (Table::Problems.name().to_owned(), problems::frame(&[], &[])?),
    ])
}
