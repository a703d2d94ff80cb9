//! Structured data on the walker's side (RFC 6313): looks the lists of a Set through, and gathers the templates that they name.
//!
//! The threads that decode have no templates, and a list has to be read with those of its moment. So the walker, which looks only at
//! the lists' headers, hands on a snapshot; Sets of templates without list fields never come here.

use std::collections::HashMap;
use std::sync::Arc;

use crate::column::{Context, FindTemplate, ListFault, check_list};
use crate::element::Elements;
use crate::message::Version;
use crate::plan::{ListTemplates, RecordPlan, SubTemplate};
use crate::template::{DefinitionId, DomainKey, TemplateStore};

use super::causes;
use super::ledger::Cause;

/// Compiled templates, and the last snapshot of each domain.
#[derive(Debug, Default)]
pub(super) struct Lists {
    compiled: HashMap<DefinitionId, Option<Arc<SubTemplate>>>,
    snapshots: HashMap<DomainKey, Snapshot>,
    /// How many lists hold records by each definition, since it was asked for.
    uses: HashMap<DefinitionId, u64>,
}

#[derive(Debug)]
struct Snapshot {
    templates: Arc<ListTemplates>,
    /// Which definition each template of the snapshot is.
    definitions: HashMap<u16, DefinitionId>,
}

impl Lists {
    /// Looks through the lists of a Set; gives the templates that they name.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn check(
        &mut self,
        plan: &RecordPlan,
        body: &[u8],
        key: DomainKey,
        context: &Context,
        store: &TemplateStore,
        elements: &Arc<Elements>,
        depth: u8,
        fault: &mut dyn FnMut(ListFault, u32),
    ) -> Arc<ListTemplates> {
        let snapshot = self.snapshots.entry(key).or_insert_with(|| Snapshot {
            templates: Arc::new(ListTemplates::none(context.version, Arc::clone(elements), depth)),
            definitions: HashMap::new(),
        });
        let known = Arc::clone(&snapshot.templates);
        let mut gather =
            Gather { compiled: &mut self.compiled, uses: &mut self.uses, snapshot, store, elements, key, version: context.version };
        let mut positions = Vec::with_capacity(plan.layout.widths.len());
        let (mut at, mut row) = (0usize, 0u32);
        while let Some(rest) = body.get(at..).filter(|r| r.len() >= plan.layout.shortest as usize) {
            positions.clear();
            let Some(length) = plan.layout.fields(rest, 0, &mut positions) else { break };
            for (field, form) in &plan.lists {
                let Some((start, length)) = positions.get(usize::from(*field)) else { continue };
                let cell = rest.get(*start as usize..(*start + *length) as usize).unwrap_or(&[]);
                if !cell.is_empty() {
                    check_list(*form, cell, &known, context, &mut gather, &mut |f| fault(f, row));
                }
            }
            at += length as usize;
            row += 1;
        }
        Arc::clone(&gather.snapshot.templates)
    }

    /// How many lists held records by each definition since this was asked last.
    pub(super) fn take_uses(&mut self) -> impl Iterator<Item = (DefinitionId, u64)> + '_ {
        self.uses.drain()
    }

    /// Forgets what a domain has told.
    pub(super) fn forget(&mut self, key: DomainKey, definitions: &[DefinitionId]) {
        self.snapshots.remove(&key);
        for definition in definitions {
            self.compiled.remove(definition);
        }
    }

    /// Forgets what was compiled: elements have other names or types from here on.
    pub(super) fn clear(&mut self) {
        self.compiled.clear();
        self.snapshots.clear();
    }
}

struct Gather<'a> {
    compiled: &'a mut HashMap<DefinitionId, Option<Arc<SubTemplate>>>,
    uses: &'a mut HashMap<DefinitionId, u64>,
    snapshot: &'a mut Snapshot,
    store: &'a TemplateStore,
    elements: &'a Elements,
    key: DomainKey,
    version: Version,
}

impl FindTemplate for Gather<'_> {
    fn find(&mut self, id: u16) -> Option<Arc<SubTemplate>> {
        let Some(definition) = self.store.lookup(self.key, id).map(|l| l.definition) else {
            if self.snapshot.definitions.remove(&id).is_some() {
                Arc::make_mut(&mut self.snapshot.templates).templates.remove(&id);
            }
            return None;
        };
        *self.uses.entry(definition).or_default() += 1;
        if self.snapshot.definitions.get(&id) == Some(&definition) {
            return self.snapshot.templates.templates.get(&id).cloned();
        }
        let (store, version, elements) = (self.store, self.version, self.elements);
        let compile = || SubTemplate::compile(version, &store.definition(definition)?.template.fields, elements).map(Arc::new);
        let template = self.compiled.entry(definition).or_insert_with(compile).clone()?;
        self.snapshot.definitions.insert(id, definition);
        Arc::make_mut(&mut self.snapshot.templates).templates.insert(id, Arc::clone(&template));
        Some(template)
    }
}

/// The cause of a fault, and what exactly it is.
pub(super) fn of_fault(fault: ListFault) -> (Cause, String) {
    match fault {
        ListFault::Header { form, had } => (causes::LIST_CUT, format!("a {} of {had} octets ends inside of its header", form.name())),
        ListFault::Cut { form, left } => {
            (causes::LIST_CUT, format!("the last {left} octets of a {} are no whole value or record", form.name()))
        }
        ListFault::Template { form, id } => (causes::LIST_TEMPLATE, format!("a {} has records of template {id}", form.name())),
        ListFault::Depth => (causes::LIST_DEPTH, "a list lies deeper than --max-nesting allows".to_owned()),
        ListFault::Semantic(number) => (causes::LIST_SEMANTIC, format!("semantic {number}")),
    }
}
