//! Work put together into batches, with the plans for the columns in use.

use super::*;

impl Collector {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn push(
        &mut self,
        plan: Arc<RecordPlan>,
        lists: Option<Arc<ListTemplates>>,
        buffer: &Arc<Vec<u8>>,
        start: u32,
        length: u32,
        rows: usize,
        context: Context,
        emit: &mut dyn FnMut(Work),
    ) {
        if self.options.records == Records::Options {
            return;
        }
        let widest = self.work.schema().columns().len().max(plan.layout.widths.len()).max(1);
        let most = (self.options.batch_cells / widest).clamp(1, self.options.batch_rows);
        if rows > most {
            let body = buffer.get(start as usize..start as usize + length as usize).unwrap_or(&[]);
            for (at, octets, records) in plan.layout.pieces(body, u32::try_from(most).unwrap_or(u32::MAX)) {
                self.push_piece(Arc::clone(&plan), lists.clone(), buffer, start + at, octets, records as usize, most, context, emit);
            }
        } else if rows > 0 {
            self.push_piece(plan, lists, buffer, start, length, rows, most, context, emit);
        }
        // Only now: the pieces of one Set share a plan, and a plan belongs to one schema.
        if self.parted.ends(self.work.rows()) {
            self.flush(emit);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn push_piece(
        &mut self,
        plan: Arc<RecordPlan>,
        lists: Option<Arc<ListTemplates>>,
        buffer: &Arc<Vec<u8>>,
        start: u32,
        length: u32,
        rows: usize,
        most: usize,
        context: Context,
        emit: &mut dyn FnMut(Work),
    ) {
        let buffer = self.work.buffer(buffer);
        self.work.push(plan, buffer, start, length, rows, context);
        if let Some(lists) = lists {
            self.work.with_lists(lists);
        }
        let octets = self.work.octets() >= self.options.batch_octets || self.work.list_octets() >= MOST_LIST_OCTETS;
        if self.work.rows() >= most || octets {
            self.give(emit);
        }
    }

    /// Gives out the work so far; more for the same columns follows.
    fn give(&mut self, emit: &mut dyn FnMut(Work)) {
        self.parted.given(self.work.rows());
        let next = self.work.next();
        emit(std::mem::replace(&mut self.work, next));
    }

    /// Gives out the work so far, and goes on with the columns whose turn it is.
    pub(super) fn flush(&mut self, emit: &mut dyn FnMut(Work)) {
        if !self.work.is_empty() {
            self.give(emit);
        }
        self.parted.turn(&mut self.plans);
        // Buffers are not kept for nothing: they are large.
        self.work = Work::new(Arc::clone(self.parted.schema(&self.options.schema)));
    }

    pub(super) fn plan_of(&mut self, definition: DefinitionId, version: Version) -> Option<Plan> {
        let index = definition.index();
        if let Some(Some(plan)) = self.plans.by_definition.get(index) {
            return Some(plan.clone());
        }
        let template = Arc::clone(&self.store.definition(definition)?.template);
        let plan = Plan::compile(version, &template, self.work.schema(), &self.elements)?;
        self.plans.fields += template.fields.len();
        if self.plans.fields > MOST_PLANNED_FIELDS {
            self.plans = Plans { fields: template.fields.len(), ..Plans::default() };
        }
        if self.plans.by_definition.len() <= index {
            self.plans.by_definition.resize(index + 1, None);
        }
        self.plans.by_definition[index] = Some(plan.clone());
        Some(plan)
    }

    pub(super) fn fixed_plan(&mut self, version: Version, stride: usize) -> Option<Arc<RecordPlan>> {
        if let Some((_, _, plan)) = self.plans.fixed.iter().find(|(v, s, _)| (*v, *s) == (version, stride)) {
            return Some(Arc::clone(&plan.plan));
        }
        let template = Template { id: 0, kind: Kind::Data, fields: plan::fixed_template(version, stride), scope_count: 0 };
        let plan = Plan::compile(version, &template, self.work.schema(), &self.elements)?;
        self.plans.fixed.push((version, stride, plan.clone()));
        Some(plan.plan)
    }
}
