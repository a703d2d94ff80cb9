//! `templates`: every template with its fields and its history, what happened to them, what differs between them.

use crate::report;
use crate::summary::{self, HeadAndSums, Sums, head_schema, sums_schema, template_lines};

use super::options::{Reading, TemplatesOptions, TemplatesView};
use super::outcome::Outcome;
use super::reading::Run;
use super::{Ending, Failure, complain, print};

pub(super) fn run(options: &TemplatesOptions) -> Result<Ending, Failure> {
    let before = match &options.view {
        TemplatesView::Before(reading) => {
            let before = read(reading)?;
            if before.reports.is_empty() {
                return Ok(before.ending(reading));
            }
            Some(before)
        }
        _ => None,
    };
    let outcome = read(&options.reading)?;
    if outcome.reports.is_empty() {
        return Ok(outcome.ending(&options.reading));
    }
    print(&show(options, before.as_ref(), &outcome))?;
    if options.reading.strict && outcome.has_damage() {
        complain(&"--strict: problems were found; `ipfix-inspect FILE` shows them");
    }
    Ok(outcome.ending(&options.reading))
}

fn read(reading: &Reading) -> Result<Outcome, Failure> {
    let mut run = Run::new(reading)?;
    let mut collector = run.collector(run.collector_options(&sums_schema(false)))?;
    run.look_ahead(&mut collector);
    run.needs_captures("templates")?;
    run.decode(collector, &Sums::new(head_schema(false)), &mut HeadAndSums::default())
}

fn show(options: &TemplatesOptions, before: Option<&Outcome>, outcome: &Outcome) -> String {
    let (json, style) = (options.json, &options.style);
    let (store, elements) = (outcome.collector.templates(), outcome.collector.elements());
    let comparisons = match (&options.view, before) {
        (TemplatesView::Versions, _) => summary::between_versions(store.definitions(), elements),
        (TemplatesView::Exporters, _) => summary::between_exporters(store.definitions(), elements),
        (TemplatesView::Before(_), Some(before)) => {
            summary::between_captures(before.collector.templates().definitions(), store.definitions(), elements)
        }
        (TemplatesView::History, _) => {
            let (list, left_out) = (summary::histories(&outcome.collector), store.events_left_out());
            return if json { report::history_json(&list, left_out) } else { report::history_text(&list, left_out, style) };
        }
        (TemplatesView::List | TemplatesView::Before(_), _) => {
            let lines = template_lines(store.definitions(), elements);
            let files: Vec<String> = outcome.reports.iter().map(|r| r.name.clone()).collect();
            let kept_from = options.reading.kept.as_ref().map(|(path, _)| path.display().to_string());
            let kept_from = kept_from.as_deref();
            return if json { report::templates_json(&lines, &files, kept_from) } else { report::templates_text(&lines, kept_from, style) };
        }
    };
    if json { report::diff_json(&comparisons) } else { report::diff_text(&comparisons, style) }
}
