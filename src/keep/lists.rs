//! Lists whose entries are checked one by one, and in which nothing may stand twice: the error of one that can't be has its line.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// An entry as it stands in the file.
pub(super) trait Entry {
    /// The value that it means.
    type Meaning;
    /// What one list has once.
    type Key: Eq + Hash;

    fn key(&self) -> Self::Key;

    /// As an error names it.
    fn name(&self) -> String;

    /// What it means, or what in it can't be.
    fn meaning(self) -> Result<Self::Meaning, String>;
}

/// Reads a list of different entries.
pub(super) fn once<'de, D: Deserializer<'de>, E: Entry + Deserialize<'de>>(deserializer: D) -> Result<Vec<E::Meaning>, D::Error> {
    deserializer.deserialize_seq(Once(PhantomData::<E>))
}

struct Once<E>(PhantomData<E>);

impl<'de, E: Entry + Deserialize<'de>> Visitor<'de> for Once<E> {
    type Value = Vec<E::Meaning>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut meanings = Vec::new();
        let mut keys = HashSet::new();
        while let Some(meaning) = list.next_element_seed(One::<E> { keys: &mut keys })? {
            meanings.push(meaning);
        }
        Ok(meanings)
    }
}

/// One entry. It is checked while its object is being read, so that an error has the line where it ends, not the one of what follows.
struct One<'a, E: Entry> {
    keys: &'a mut HashSet<E::Key>,
}

impl<'de, E: Entry + Deserialize<'de>> DeserializeSeed<'de> for One<'_, E> {
    type Value = E::Meaning;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<E::Meaning, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, E: Entry + Deserialize<'de>> Visitor<'de> for One<'_, E> {
    type Value = E::Meaning;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<E::Meaning, A::Error> {
        let entry = E::deserialize(MapAccessDeserializer::new(map))?;
        let name = entry.name();
        if !self.keys.insert(entry.key()) {
            return Err(A::Error::custom(format!("{name} stands there twice")));
        }
        entry.meaning().map_err(|what| A::Error::custom(format!("{name}: {what}")))
    }
}
