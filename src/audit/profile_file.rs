//! Profiles as TOML: what a user writes, and what the program carries.
//!
//! ```toml
//! name = "my-collector"            # for --profile: lower case, digits, hyphens
//! title = "My collector 2.1"
//! versions = ["v9", "ipfix"]       # those it takes: v1, v5, v7, v9, ipfix; left out: all
//! notes = ["Flows without a start time are dropped."]
//!
//! [source]
//! document = "My collector, administration guide, table 7"
//! url = "https://example.org/guide"   # may be left out
//! date = "2026-03"
//!
//! [[demand]]
//! name = "octets"                  # what it is for
//! any = ["1", "85", "231+232"]     # one of these is enough; + joins what is needed together
//! plausible = ["23"]               # says the same, but the document does not name it; may be left out
//! when = "always"                  # or "tcp": for TCP flows alone; "sampled": for exporters that sample; "template": for v9 and IPFIX alone
//! need = "required"                # or "recommended"
//! ```
//!
//! An element is a number (`8`), one with an enterprise number (`9/12235`), or any of its names (`sourceIPv4Address`,
//! `IPV4_SRC_ADDR`).

use std::ops::Range;

use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use crate::element::{ElementId, Elements};
use crate::message::Version;
use crate::plan;

use super::profile::{Condition, Demand, Group, Need, Profile, ProfileSource};

/// What is wrong with a profile, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{file}, line {line}, column {column}: {message}")]
pub struct ProfileError {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What was found, and what was expected.
    pub message: String,
}

/// Reads a profile; `file` is its name in errors.
///
/// # Errors
/// It is no TOML, has unknown keys or elements, or contradicts itself.
pub fn read_profile(text: &str, file: &str, elements: &Elements) -> Result<Profile, ProfileError> {
    let reader = Reader { text, file, elements };
    let raw: RawProfile = toml::from_str(text).map_err(|e| reader.error(e.span().unwrap_or_default(), tidy(e.message())))?;
    reader.profile(&raw)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    name: Spanned<String>,
    title: String,
    #[serde(default)]
    versions: Vec<Spanned<String>>,
    #[serde(default)]
    notes: Vec<String>,
    source: RawSource,
    #[serde(default)]
    demand: Vec<RawDemand>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    document: String,
    url: Option<String>,
    date: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDemand {
    name: Spanned<String>,
    any: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    plausible: Vec<Spanned<String>>,
    when: Option<Spanned<String>>,
    need: Option<Spanned<String>>,
}

struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    elements: &'a Elements,
}

impl Reader<'_> {
    fn profile(&self, raw: &RawProfile) -> Result<Profile, ProfileError> {
        let name = raw.name.get_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(self.error(raw.name.span(), format!("'{name}' is no name: expected lower case letters, digits and hyphens")));
        }
        let date = raw.source.date.get_ref();
        if !is_date(date) {
            return Err(self.error(raw.source.date.span(), format!("'{date}' is no date: expected 2026, 2026-03 or 2026-03-31")));
        }
        let demands = raw.demand.iter().map(|d| self.demand(d)).collect::<Result<Vec<_>, _>>()?;
        self.agree(raw, &demands)?;
        Ok(Profile {
            name: name.clone(),
            title: raw.title.clone(),
            source: ProfileSource { document: raw.source.document.clone(), url: raw.source.url.clone(), date: date.clone() },
            versions: raw.versions.iter().map(|v| self.version(v)).collect::<Result<_, _>>()?,
            demands,
            notes: raw.notes.clone(),
        })
    }

    fn version(&self, raw: &Spanned<String>) -> Result<Version, ProfileError> {
        let known = [("v1", Version::V1), ("v5", Version::V5), ("v7", Version::V7), ("v9", Version::V9), ("ipfix", Version::Ipfix)];
        let found = known.iter().find(|(name, _)| raw.get_ref().eq_ignore_ascii_case(name)).map(|(_, v)| *v);
        found.ok_or_else(|| self.error(raw.span(), format!("'{}' is no version: expected v1, v5, v7, v9 or ipfix", raw.get_ref())))
    }

    fn demand(&self, raw: &RawDemand) -> Result<Demand, ProfileError> {
        if raw.any.get_ref().is_empty() {
            return Err(self.error(raw.any.span(), format!("'{}' asks for nothing: expected one element at least", raw.name.get_ref())));
        }
        let when = match raw.when.as_ref().map(|w| (w.get_ref().as_str(), w.span())) {
            None | Some(("always", _)) => Condition::Always,
            Some(("tcp", _)) => Condition::Tcp,
            Some(("sampled", _)) => Condition::Sampled,
            Some(("template", _)) => Condition::Template,
            Some((other, span)) => {
                return Err(self.error(span, format!("'{other}' is no condition: expected always, tcp, sampled or template")));
            }
        };
        let need = match raw.need.as_ref().map(|n| (n.get_ref().as_str(), n.span())) {
            None | Some(("required", _)) => Need::Required,
            Some(("recommended", _)) => Need::Recommended,
            Some((other, span)) => return Err(self.error(span, format!("'{other}' is no need: expected required or recommended"))),
        };
        let mut seen: Vec<Group> = Vec::new();
        let mut groups = |list: &[Spanned<String>]| -> Result<Vec<Group>, ProfileError> {
            list.iter()
                .map(|raw| {
                    let group = self.group(raw)?;
                    if seen.contains(&group) {
                        return Err(self.error(raw.span(), format!("'{}' stands twice in this demand", raw.get_ref())));
                    }
                    seen.push(group.clone());
                    Ok(group)
                })
                .collect()
        };
        Ok(Demand { name: raw.name.get_ref().clone(), any: groups(raw.any.get_ref())?, plausible: groups(&raw.plausible)?, when, need })
    }

    fn group(&self, raw: &Spanned<String>) -> Result<Group, ProfileError> {
        raw.get_ref().split('+').map(|part| self.element(part.trim(), raw)).collect::<Result<_, _>>().map(Group)
    }

    fn element(&self, text: &str, raw: &Spanned<String>) -> Result<ElementId, ProfileError> {
        let number = |text: &str| text.parse::<u16>().ok();
        let id = match text.split_once('/') {
            Some((pen, id)) => pen.parse().ok().zip(number(id)).map(|(pen, id)| ElementId::enterprise(pen, id)),
            None => number(text).map(ElementId::iana),
        };
        let known = match id {
            Some(id) => self.elements.element(id),
            None => self.elements.by_name(text),
        };
        known.map(|e| e.id).ok_or_else(|| {
            let names = self.elements.all();
            let near = plan::nearest(text, names.iter().map(|e| e.name)).map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
            self.error(raw.span(), format!("no registry has an element '{text}': expected a number, pen/number or a name{near}"))
        })
    }

    /// No two demands of one name, and nothing that one requires and another only recommends.
    fn agree(&self, raw: &RawProfile, demands: &[Demand]) -> Result<(), ProfileError> {
        for (at, (demand, raw_demand)) in demands.iter().zip(&raw.demand).enumerate() {
            for earlier in demands.iter().take(at) {
                let span = raw_demand.name.span();
                if earlier.name == demand.name {
                    return Err(self.error(span, format!("a second demand '{}': expected another name, or one demand", demand.name)));
                }
                if earlier.any == demand.any && earlier.when == demand.when {
                    let same = earlier.need == demand.need;
                    let what = if same { "asks what" } else { "contradicts:" };
                    let rest = if same { "asks already" } else { "asks the same with another need" };
                    return Err(self.error(span, format!("'{}' {what} '{}' {rest}", demand.name, earlier.name)));
                }
            }
        }
        Ok(())
    }

    fn error(&self, span: Range<usize>, message: String) -> ProfileError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        ProfileError { file: self.file.to_owned(), line, column, message }
    }
}

/// The parser's words in one line.
fn tidy(message: &str) -> String {
    message.trim().replace('\n', "; ")
}

/// A year, a month or a day.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let digits = |part: Option<&str>, count: usize| part.is_none_or(|p| p.len() == count && p.bytes().all(|b| b.is_ascii_digit()));
    parts.clone().next().is_some_and(|year| !year.is_empty())
        && digits(parts.next(), 4)
        && digits(parts.next(), 2)
        && digits(parts.next(), 2)
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"name = "mine"
title = "Mine"
versions = ["v9", "IPFIX"]

[source]
document = "guide"
date = "2026-03"

[[demand]]
name = "octets"
any = ["1", "octetTotalCount", "231+232"]
plausible = ["OUT_BYTES"]

[[demand]]
name = "flags"
any = ["6"]
when = "tcp"
need = "recommended"
"#;

    fn read(text: &str) -> Result<Profile, ProfileError> {
        read_profile(text, "mine.toml", &Elements::default())
    }

    #[test]
    fn a_profile_of_all_parts() {
        let profile = read(GOOD).unwrap();
        let one = |id| Group(vec![ElementId::iana(id)]);
        assert_eq!((profile.name.as_str(), &profile.versions[..]), ("mine", &[Version::V9, Version::Ipfix][..]));
        assert_eq!(profile.source, ProfileSource { document: "guide".into(), url: None, date: "2026-03".into() });
        assert_eq!(
            profile.demands[0],
            Demand {
                name: "octets".into(),
                any: vec![one(1), one(85), Group(vec![ElementId::iana(231), ElementId::iana(232)])],
                plausible: vec![one(23)],
                when: Condition::Always,
                need: Need::Required,
            }
        );
        assert_eq!((profile.demands[1].when, profile.demands[1].need), (Condition::Tcp, Need::Recommended));
    }

    #[test]
    fn mistakes_have_their_place() {
        let says = |from: &str, to: &str, message: &str| {
            assert!(GOOD.contains(from), "{from}");
            let error = read(&GOOD.replacen(from, to, 1)).expect_err(to).to_string();
            assert_eq!(error, message);
        };
        says(
            "\"octetTotalCount\"",
            "\"octetTotalCnt\"",
            "mine.toml, line 11, column 13: no registry has an element 'octetTotalCnt': expected a number, pen/number or a name; did you mean 'octetTotalCount'?",
        );
        says(
            "\"6\"",
            "\"65000\"",
            "mine.toml, line 16, column 8: no registry has an element '65000': expected a number, pen/number or a name",
        );
        says("\"OUT_BYTES\"", "\"1\"", "mine.toml, line 12, column 14: '1' stands twice in this demand");
        says("[\"6\"]", "[]", "mine.toml, line 16, column 7: 'flags' asks for nothing: expected one element at least");
        says("\"flags\"", "\"octets\"", "mine.toml, line 15, column 8: a second demand 'octets': expected another name, or one demand");
        says("\"tcp\"", "\"udp\"", "mine.toml, line 17, column 8: 'udp' is no condition: expected always, tcp, sampled or template");
        says("\"recommended\"", "\"optional\"", "mine.toml, line 18, column 8: 'optional' is no need: expected required or recommended");
        says("\"v9\"", "\"9\"", "mine.toml, line 3, column 13: '9' is no version: expected v1, v5, v7, v9 or ipfix");
        says("\"mine\"", "\"My own\"", "mine.toml, line 1, column 8: 'My own' is no name: expected lower case letters, digits and hyphens");
        says("2026-03", "March", "mine.toml, line 7, column 8: 'March' is no date: expected 2026, 2026-03 or 2026-03-31");
        let error = read(&GOOD.replacen("when", "wenn", 1)).unwrap_err();
        assert_eq!((error.line, error.column), (17, 1));
        assert!(error.message.contains("unknown field `wenn`, expected one of `name`, `any`"), "{error}");
        let error = read(&GOOD.replacen("title = \"Mine\"", "title = ", 1)).unwrap_err();
        assert_eq!((error.line, error.column), (2, 9), "{error}");
        let error = read("name = \"x\"\n").unwrap_err();
        assert!(error.message.contains("missing field `title`"), "{error}");
        let twice = format!("{GOOD}\n[[demand]]\nname = \"again\"\nany = [\"6\"]\nwhen = \"tcp\"\n");
        assert_eq!(
            read(&twice).unwrap_err().to_string(),
            "mine.toml, line 21, column 8: 'again' contradicts: 'flags' asks the same with another need"
        );
    }
}
