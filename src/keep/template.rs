//! A template in the file.

use std::fmt;
use std::net::IpAddr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::element::Elements;
use crate::message::{self, FieldSpecifier, Role, VARIABLE_LENGTH};
use crate::summary;
use crate::template::{KeptHistory, KeptTemplate, Kind, Template};

use super::lists::Entry;
use super::session::{Session, Time, Version};

/// The lowest id of a template (RFC 3954 §5.2, RFC 7011 §3.4.1).
const LOWEST_ID: u16 = 256;
/// The highest element id in IPFIX: the bit above it is the enterprise bit (RFC 7011 §3.2).
const HIGHEST_ELEMENT: u16 = 0x7fff;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a template")]
pub(super) struct TemplateEntry {
    exporter: IpAddr,
    port: u16,
    version: Version,
    domain: u32,
    id: u16,
    kind: KindName,
    first_seen: Time,
    last_seen: Time,
    times_sent: u64,
    fields: Vec<FieldEntry>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Data,
    Options,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a field")]
struct FieldEntry {
    pen: u32,
    id: u16,
    length: Length,
    scope: bool,
    /// For people: whatever stands there is passed over.
    #[serde(default, deserialize_with = "passed_over")]
    name: Option<String>,
}

impl TemplateEntry {
    /// A template, its fields named as these elements have them.
    pub(super) fn of(kept: &KeptTemplate, elements: &Elements) -> Self {
        let Session { exporter, port, version, domain } = Session::of(&kept.key);
        let field = |f: &FieldSpecifier| FieldEntry {
            pen: f.pen,
            id: f.id,
            length: Length(f.length),
            scope: f.role != Role::Field,
            name: summary::field_name(kept.key.version, f, elements),
        };
        Self {
            exporter,
            port,
            version,
            domain,
            id: kept.template.id,
            kind: if kept.template.kind == Kind::Options { KindName::Options } else { KindName::Data },
            first_seen: Time(kept.history.first_seen),
            last_seen: Time(kept.history.last_seen),
            times_sent: kept.history.times_sent,
            fields: kept.template.fields.iter().map(field).collect(),
        }
    }

    fn session(&self) -> Session {
        Session { exporter: self.exporter, port: self.port, version: self.version, domain: self.domain }
    }

    fn specifiers(&self, version: message::Version) -> Result<Vec<FieldSpecifier>, String> {
        let v9 = version == message::Version::V9;
        let mut fields: Vec<FieldSpecifier> = Vec::with_capacity(self.fields.len());
        for (number, field) in (1..).zip(&self.fields) {
            let role = match (field.scope, v9) {
                (false, _) => Role::Field,
                (true, true) => Role::V9Scope,
                (true, false) => Role::Scope,
            };
            let refuse = |what: &str| Err(format!("field {number} ({}/{}) {what}", field.pen, field.id));
            match () {
                () if v9 && field.pen != 0 => return refuse("has an enterprise number, which v9 has not"),
                () if !v9 && field.id > HIGHEST_ELEMENT => return refuse("is beyond 32767"),
                () if field.scope && self.kind == KindName::Data => return refuse("is a scope field, which only options templates have"),
                () if field.scope && fields.last().is_some_and(|f| f.role == Role::Field) => {
                    return refuse("is a scope field behind one that is none");
                }
                () => fields.push(FieldSpecifier { pen: field.pen, id: field.id, length: field.length.0, role }),
            }
        }
        Ok(fields)
    }
}

impl Entry for TemplateEntry {
    type Meaning = KeptTemplate;
    type Key = (Session, u16);

    fn key(&self) -> Self::Key {
        (self.session(), self.id)
    }

    fn name(&self) -> String {
        format!("template {} of {}", self.id, self.session())
    }

    fn meaning(self) -> Result<KeptTemplate, String> {
        let key = self.session().key()?;
        if self.id < LOWEST_ID {
            return Err(format!("the id is below {LOWEST_ID}"));
        }
        if self.last_seen.0 < self.first_seen.0 {
            return Err("last_seen is before first_seen".to_owned());
        }
        let fields = self.specifiers(key.version)?;
        if fields.iter().all(|f| f.length == 0) {
            return Err("its fields have no octets, so that a record would be empty".to_owned());
        }
        let scope_count = fields.iter().filter(|f| f.role != Role::Field).count();
        let kind = if self.kind == KindName::Options { Kind::Options } else { Kind::Data };
        Ok(KeptTemplate {
            key,
            template: Template { id: self.id, kind, fields, scope_count },
            history: KeptHistory { first_seen: self.first_seen.0, last_seen: self.last_seen.0, times_sent: self.times_sent },
        })
    }
}

/// Octets of a field; `"variable"` in the file for 65535 (RFC 7011 §7).
struct Length(u16);

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            VARIABLE_LENGTH => serializer.serialize_str("variable"),
            octets => serializer.serialize_u16(octets),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Octets;

        impl Visitor<'_> for Octets {
            type Value = Length;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length from 0 to 65534, or \"variable\"")
            }

            fn visit_u64<E: Error>(self, octets: u64) -> Result<Length, E> {
                let length = u16::try_from(octets).ok().filter(|o| *o != VARIABLE_LENGTH);
                length.map(Length).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Unsigned(octets), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Length, E> {
                let variable = (text == "variable").then_some(Length(VARIABLE_LENGTH));
                variable.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Octets)
    }
}

fn passed_over<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| None)
}
