//! `explain`: what the code of a finding or a problem means.

use crate::audit;
use crate::plan;
use crate::report::{self, Style};

use super::args::{ExplainArgs, ReportFormat};
use super::{Ending, Failure, print};

pub(super) fn run(args: &ExplainArgs, style: &Style) -> Result<Ending, Failure> {
    let kinds = match &args.code {
        None => audit::finding_kinds(),
        Some(code) => {
            let code = code.trim_matches(['[', ']']);
            vec![audit::finding_kind(code).ok_or_else(|| {
                let kinds = audit::finding_kinds();
                let near = plan::nearest(code, kinds.iter().map(|k| k.code)).map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                Failure(format!("no finding has the code '{code}'{near} `ipfix-inspect explain` lists them all"))
            })?]
        }
    };
    let json = args.format == ReportFormat::Json;
    print(&match (json, args.code.is_some()) {
        (true, _) => report::findings_json(&kinds),
        (false, true) => kinds.iter().map(|k| report::finding_text(k, style)).collect(),
        (false, false) => report::findings_text(&kinds, style),
    })?;
    Ok(Ending::Done)
}
