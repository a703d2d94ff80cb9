//! Platforms: which one an exporter seems to be, and how a field is added there.
//!
//! Each platform is a data file: how it is recognised by templates, configuration lines by element, and what helps with refreshes,
//! sampling and versions. A guess follows from templates alone, and reports say that it is one.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::element::{self, ElementId};
use crate::message::{Role, Version};

use super::catalogue::{
    MISSING_ELEMENT, OPTIONS_MISSING, RECOMMENDED_MISSING, REFRESH_ABSENT, REFRESH_TOO_LONG, TEMPLATE_LATE, TEMPLATE_NEVER_SEEN,
    VERSION_NOT_TAKEN,
};
use super::finding::Finding;
use super::outcome::{ExporterAudit, LayoutAudit};
use super::profile::{Need, Profile};
use super::verdict::Judgement;

/// A platform.
#[derive(Debug)]
pub struct Family {
    /// The name for `--platform`.
    pub id: &'static str,
    /// As people call it.
    pub title: String,
    /// The document that the lines follow.
    pub source: String,
    general: Option<String>,
    refresh: Option<String>,
    sampling: Option<String>,
    version: Option<String>,
    signs: Vec<Sign>,
    hints: Vec<Hint>,
}

/// A platform, and what shows it; nothing shows one that the user named.
#[derive(Clone, Debug)]
pub struct Guess {
    /// Which.
    pub family: &'static Family,
    /// What in its templates shows it.
    pub evidence: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    source: String,
    general: Option<String>,
    refresh: Option<String>,
    sampling: Option<String>,
    version: Option<String>,
    recognise: Vec<Sign>,
    #[serde(default)]
    hint: Vec<Hint>,
}

/// One way to recognise a platform: all that it states must hold for one template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    /// Versions; all if empty.
    #[serde(default)]
    versions: Vec<String>,
    /// A field of one of these enterprises.
    #[serde(default)]
    pens: Vec<u32>,
    /// One of these elements as they stand on the wire.
    #[serde(default)]
    any: Vec<Wire>,
    /// All of these.
    #[serde(default)]
    all: Vec<Wire>,
    /// The template begins with one of these rows of elements.
    #[serde(default)]
    begins: Vec<Vec<u16>>,
}

/// An element as it stands in a template: `8`, `"6876/888"`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Wire {
    Number(u16),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hint {
    elements: Vec<u16>,
    lines: String,
}

macro_rules! files {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("platforms/", $name, ".toml")))),*] };
}

/// Those with the surest signs first: the first that fits is the guess.
const FILES: [(&str, &str); 19] = files! {
    "cisco-asa" "cisco-wlc" "palo-alto" "netscaler" "cisco-sd-wan" "vmware-vds" "yaf" "nprobe" "fortios" "huawei" "h3c" "mikrotik" "softflowd"
    "pmacct" "ipt-netflow" "open-vswitch" "junos" "cisco-flexible-netflow" "ulogd2"
};

/// All platforms.
pub fn families() -> &'static [Family] {
    static ALL: LazyLock<Vec<Family>> = LazyLock::new(|| FILES.iter().filter_map(|(id, text)| read(id, text).ok()).collect());
    &ALL
}

/// The platform of that name.
pub fn family(id: &str) -> Option<&'static Family> {
    families().iter().find(|f| f.id == id)
}

fn read(id: &'static str, text: &str) -> Result<Family, toml::de::Error> {
    let File { title, source, general, refresh, sampling, version, recognise, hint } = toml::from_str(text)?;
    Ok(Family { id, title, source, general, refresh, sampling, version, signs: recognise, hints: hint })
}

impl Family {
    /// Configuration lines that add an element, or why it can't be added.
    fn lines(&self, element: ElementId) -> Option<&str> {
        self.hints.iter().find(|h| element.pen == 0 && h.elements.contains(&element.id)).map(|h| h.lines.as_str())
    }
}

/// What an exporter seems to be, by its templates.
pub(super) fn guess(version: Version, layouts: &[LayoutAudit]) -> Option<Guess> {
    families().iter().find_map(|family| {
        let evidence = family.signs.iter().find_map(|sign| sign.shown_by(version, layouts))?;
        Some(Guess { family, evidence: Some(evidence) })
    })
}

impl Sign {
    fn shown_by(&self, version: Version, layouts: &[LayoutAudit]) -> Option<String> {
        let named = |v: &String| v.eq_ignore_ascii_case(&version.to_string());
        if !self.versions.is_empty() && !self.versions.iter().any(named) {
            return None;
        }
        layouts.iter().find_map(|l| {
            let (id, _) = l.template()?;
            let wire: Vec<(u32, u16)> = l.content.fields.iter().map(|f| (f.pen, f.id)).collect();
            let has = |w: &&Wire| w.element().is_some_and(|e| wire.contains(&e));
            if !self.all.iter().all(|w| has(&w)) {
                return None;
            }
            if let Some(pen) =
                self.pens.iter().find(|pen| l.content.fields.iter().any(|f| f.role == Role::Field && pen_of(version, f) == **pen))
            {
                let vendor = element::vendor(*pen).unwrap_or("a vendor");
                return Some(format!("template {id} has elements of {vendor} (PEN {pen})"));
            }
            if let Some(found) = self.any.iter().find(has) {
                return Some(format!("template {id} has element {}", found.text()));
            }
            if let Some(row) = self.begins.iter().find(|row| begins(&wire, row)) {
                let row: Vec<String> = row.iter().map(u16::to_string).collect();
                return Some(format!("template {id} begins with {}", row.join(" ")));
            }
            let only_all = self.pens.is_empty() && self.any.is_empty() && self.begins.is_empty() && !self.all.is_empty();
            only_all.then(|| format!("template {id} has elements {}", self.all.iter().map(Wire::text).collect::<Vec<_>>().join(" and ")))
        })
    }
}

/// The enterprise of a field; in v9 that of the element which a private number means.
fn pen_of(version: Version, field: &crate::message::FieldSpecifier) -> u32 {
    match version {
        Version::Ipfix => field.pen,
        _ => element::v9_element(field.id, field.length).map_or(0, |e| e.id.pen),
    }
}

fn begins(wire: &[(u32, u16)], row: &[u16]) -> bool {
    wire.len() >= row.len() && wire.iter().zip(row).all(|((pen, id), wanted)| *pen == 0 && id == wanted)
}

impl Wire {
    fn element(&self) -> Option<(u32, u16)> {
        match self {
            Self::Number(id) => Some((0, *id)),
            Self::Text(text) => text.split_once('/').and_then(|(pen, id)| Some((pen.parse().ok()?, id.parse().ok()?))),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Number(id) => id.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Adds to findings what to do about them on the exporter's platform.
pub(super) fn give_hints(findings: &mut [Finding], exporters: &[ExporterAudit], profiles: &[Arc<Profile>]) {
    for finding in findings {
        let Some(exporter) = finding.subject.exporter.and_then(|key| exporters.iter().find(|e| e.key == key)) else { continue };
        finding.hint = hint(finding, exporter, profiles);
    }
}

fn hint(finding: &Finding, exporter: &ExporterAudit, profiles: &[Arc<Profile>]) -> Option<String> {
    let code = finding.kind.code;
    let about_fields = [MISSING_ELEMENT.code, RECOMMENDED_MISSING.code].contains(&code);
    let about_refresh = [REFRESH_ABSENT.code, REFRESH_TOO_LONG.code, TEMPLATE_LATE.code, TEMPLATE_NEVER_SEEN.code].contains(&code);
    if !about_fields && !about_refresh && ![OPTIONS_MISSING.code, VERSION_NOT_TAKEN.code].contains(&code) {
        return None;
    }
    if exporter.key.version.is_fixed() && about_fields {
        return Some(format!("The records of {} are fixed: export v9 or IPFIX to send other fields.", exporter.key.version));
    }
    let Some(guess) = &exporter.platform else {
        let names: Vec<&str> = families().iter().map(|f| f.id).collect();
        return about_fields
            .then(|| format!("The platform was not recognised; --platform NAME tells how to add a field: {}.", names.join(", ")));
    };
    let family = guess.family;
    let text = match code {
        _ if about_fields => fields(finding, exporter, profiles, family),
        _ if about_refresh => family.refresh.clone(),
        c if c == OPTIONS_MISSING.code => family.sampling.clone(),
        _ => family.version.clone(),
    }?;
    let how = match &guess.evidence {
        Some(evidence) => format!("On {} (a guess: {evidence}):", family.title),
        None => format!("On {}:", family.title),
    };
    Some(format!("{how}\n{text}"))
}

/// Lines for what is missing, each once, and what holds for all.
fn fields(finding: &Finding, exporter: &ExporterAudit, profiles: &[Arc<Profile>], family: &Family) -> Option<String> {
    let at = profiles.iter().position(|p| Some(&p.name) == finding.subject.profile.as_ref())?;
    let profile = profiles.get(at)?;
    let subject = finding.subject.template_id.zip(finding.subject.definition);
    let layout = exporter.layouts.iter().find(|l| l.template() == subject)?;
    let verdict = layout.verdicts.get(at)?;
    let need = if finding.kind.code == MISSING_ELEMENT.code { Need::Required } else { Need::Recommended };
    let mut lines: Vec<&str> = Vec::new();
    let mut head = None;
    for demand in verdict.demands(profile, |j| *j == Judgement::Missing).filter(|d| d.need == need) {
        let groups = demand.any.iter().chain(&demand.plausible);
        let known = groups.flat_map(|g| &g.0).find_map(|id| family.lines(*id));
        for line in known.unwrap_or_default().lines() {
            // The same first line, as that of a record, is said once.
            if head == Some(line) || lines.contains(&line) {
                continue;
            }
            head = head.or(Some(line));
            lines.push(line);
        }
    }
    lines.extend(family.general.as_deref());
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_can_be_read() {
        for (id, text) in FILES {
            let family = read(id, text).unwrap_or_else(|e| panic!("{id}: {e}"));
            assert!(!family.signs.is_empty() && !family.source.is_empty(), "{id}");
            for hint in &family.hints {
                assert!(hint.elements.iter().all(|e| element::element(ElementId::iana(*e)).is_some()), "{id}: {:?}", hint.elements);
            }
        }
        assert_eq!(families().len(), FILES.len());
        assert!(family("softflowd").is_some() && family("abacus").is_none());
    }
}
