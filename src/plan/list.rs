//! What is needed to read structured data (RFC 6313): which fields are lists, and the templates that lists may name.
//!
//! Templates come and go while a capture is read, and the threads that decode have none. So the walker, which does, looks through each
//! list once and hands on a snapshot of the templates that the lists of a Set name, as they were when the Set came. Snapshots are
//! shared: one is made anew only when a list names a template that the last one lacks, or has in another content.

use std::collections::HashMap;
use std::sync::Arc;

use super::compile::list_fields;
use super::extent::Layout;
use super::steps::Convert;
use crate::element::Elements;
use crate::message::{FieldSpecifier, Version};

/// A kind of list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListForm {
    /// Values of one element (RFC 6313 §4.5.1).
    Basic,
    /// Records of one template (RFC 6313 §4.5.2).
    SubTemplate,
    /// Records of several templates (RFC 6313 §4.5.3).
    SubTemplateMulti,
}

impl ListForm {
    /// The name of the data type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "basicList",
            Self::SubTemplate => "subTemplateList",
            Self::SubTemplateMulti => "subTemplateMultiList",
        }
    }
}

/// A template as the records of a list use it.
#[derive(Clone, Debug)]
pub struct SubTemplate {
    /// The extent of the records.
    pub layout: Layout,
    /// Its fields in wire order.
    pub fields: Vec<SubField>,
}

impl SubTemplate {
    /// Compiles a template; `None` if its records could be empty.
    pub fn compile(version: Version, fields: &[FieldSpecifier], elements: &Elements) -> Option<Self> {
        Some(Self { layout: Layout::of(fields)?, fields: list_fields(version, fields, elements) })
    }

    /// Whether records of it can hold lists themselves.
    pub fn has_lists(&self) -> bool {
        self.fields.iter().any(|f| matches!(f.how, Convert::List(_)))
    }
}

/// A field of a list's records, or the element of a basicList.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubField {
    /// The name of its column; `None` for padding and for fields of no octets, which are left out.
    pub name: Option<String>,
    /// How its octets become a value.
    pub how: Convert,
}

/// The templates that the lists of a Set name, and the elements by which a basicList names its own.
#[derive(Clone, Debug)]
pub struct ListTemplates {
    /// The version of the messages: IPFIX has lists, v9 has none of its own.
    pub version: Version,
    /// The elements of the run.
    pub elements: Arc<Elements>,
    /// How many lists may lie one in the other.
    pub depth: u8,
    /// Templates by id.
    pub templates: HashMap<u16, Arc<SubTemplate>>,
}

impl ListTemplates {
    /// No templates: lists of records stay octets, basicLists can be read.
    pub fn none(version: Version, elements: Arc<Elements>, depth: u8) -> Self {
        Self { version, elements, depth, templates: HashMap::new() }
    }

    /// The element of a basicList.
    pub fn element(&self, specifier: FieldSpecifier) -> Option<SubField> {
        list_fields(self.version, &[specifier], &self.elements).pop()
    }
}
