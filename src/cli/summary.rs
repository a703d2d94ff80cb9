//! `summary`: what flows add up to, by any columns and over time.

use std::io::Write;

use crate::report::{SummaryView, summary_csv, summary_json, summary_markdown, summary_text};
use crate::summary::{Answers, KeyPart, Question, Questions, Tally, TallySink};
use crate::write::TargetFile;

use super::args::SummaryFormat;
use super::columns::Decoding;
use super::options::{Asked, ColumnChoice, SummaryOptions, page_tables};
use super::{Ending, Failure, complain, print};

pub(super) fn run(options: &SummaryOptions) -> Result<Ending, Failure> {
    let decoding = Decoding::begin(&options.reading)?;
    if let Asked::By(by) = &options.asked {
        decoding.check_keys("--by", by)?;
    }
    let target = match &options.output {
        Some(path) => Some(TargetFile::create(path, options.force).map_err(Failure::of)?),
        None => None,
    };
    let mut questions = None;
    let settled = decoding.settle(&ColumnChoice::Named(Vec::new()), &options.filter, options.scale, |builder| {
        let by = match &options.asked {
            Asked::Page => page_tables().to_vec(),
            Asked::Intervals => Vec::new(),
            Asked::By(by) => {
                let part = |text: &String| KeyPart::parse(text, |name| builder.resolve(name));
                vec![by.iter().map(part).collect::<Result<_, _>>().map_err(|e| Failure(format!("--by: {e}")))?]
            }
        };
        let asked = ask(options, by);
        asked.columns(builder);
        questions = Some(asked);
        Ok(())
    })?;
    let scaled = settled.schema.scaled();
    let tally = Tally::new(questions.unwrap_or_else(|| ask(options, Vec::new())), &settled.schema);
    let digest = crate::table::Filtered::new(&tally, settled.selection);
    let outcome = settled.run.decode(settled.collector, &digest, &mut TallySink)?;
    let ending = outcome.ending(&options.reading);
    if outcome.reports.is_empty() {
        return Ok(ending);
    }
    if target.is_some() && matches!(ending, Ending::Interrupted | Ending::Damage) {
        complain(&match ending {
            Ending::Interrupted => "interrupted, so no output was written",
            _ => "--strict: problems were found, so no output was written; `ipfix-inspect FILE` shows them",
        });
        return Ok(ending);
    }
    let answers = tally.finish().map_err(Failure::of)?;
    let view = SummaryView {
        files: outcome.reports.iter().map(|report| report.name.clone()).collect(),
        scaled,
        filter: options.filter_text.clone(),
        names: options.names,
        blocks: options.blocks,
        style: options.style.clone(),
        display: options.display.clone(),
    };
    let text = text(&answers, &view, options);
    match target {
        Some(mut target) => {
            target.write_all(text.as_bytes()).map_err(Failure::of)?;
            target.commit().map_err(Failure::of)?;
        }
        None => print(&text)?,
    }
    outcome.tell(&options.reading, ending);
    Ok(ending)
}

fn ask(options: &SummaryOptions, by: Vec<Vec<KeyPart>>) -> Questions {
    Questions {
        tables: by.into_iter().map(|by| Question { by, order: options.order, top: options.top }).collect(),
        series: !matches!(options.asked, Asked::By(_)),
        every: options.every,
        place: options.place,
        names: options.names,
        max_groups: options.max_groups,
        workers: options.reading.threads,
    }
}

fn text(answers: &Answers, view: &SummaryView, options: &SummaryOptions) -> String {
    let page = matches!(options.asked, Asked::Page);
    match options.format {
        SummaryFormat::Table => summary_text(answers, view, page),
        SummaryFormat::Markdown => summary_markdown(answers, view, page),
        SummaryFormat::Json => summary_json(answers, view),
        // Text that is no UTF-8 stands as `\xNN` in a batch already.
        SummaryFormat::Csv => String::from_utf8_lossy(&summary_csv(answers, view)).into_owned(),
    }
}
