//! `templates`: every template with its fields and its history.

use crate::report;
use crate::summary::{HeadAndSums, Sums, head_schema, sums_schema, template_lines};

use super::options::TemplatesOptions;
use super::reading::Run;
use super::{Ending, Failure, complain, print};

pub(super) fn run(options: &TemplatesOptions) -> Result<Ending, Failure> {
    let mut run = Run::new(&options.reading)?;
    let mut collector = run.collector(run.collector_options(&sums_schema(false)))?;
    run.look_ahead(&mut collector);
    let outcome = run.decode(collector, &Sums::new(head_schema(false)), &mut HeadAndSums::default())?;
    if outcome.reports.is_empty() {
        return Ok(outcome.ending(&options.reading));
    }
    let lines = template_lines(outcome.collector.templates().definitions(), outcome.collector.elements());
    let files: Vec<String> = outcome.reports.iter().map(|r| r.name.clone()).collect();
    let kept_from = options.reading.kept.as_ref().map(|(path, _)| path.display().to_string());
    let (kept_from, style) = (kept_from.as_deref(), &options.style);
    let json = options.json;
    print(&if json { report::templates_json(&lines, &files, kept_from) } else { report::templates_text(&lines, kept_from, style) })?;
    if options.reading.strict && outcome.has_damage() {
        complain(&"--strict: problems were found; `ipfix-inspect FILE` shows them");
    }
    Ok(outcome.ending(&options.reading))
}
