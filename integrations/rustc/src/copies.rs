//! Copies of small functions that other units of the crate define, for inlining (docs/inlining.md). A unit builds their
//! bodies on demand, as kept functions that are never emitted. rustc calls the library inside the unit's task, and so
//! records what the unit reads for a copy: an edit of a body compiles the units that have read it.

use rustc_data_structures::fx::FxHashMap;
use rustc_hir::def::DefKind;
use rustc_hir::def_id::{DefId, LocalDefId};
use rustc_interface::DEFAULT_QUERY_PROVIDERS;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrFlags;
use rustc_middle::mir::{BasicBlockData, Body, StatementKind, TerminatorKind};
use rustc_middle::mono::{InstantiationMode, MonoItem, MonoItemData, Visibility};
use rustc_middle::ty::{Instance, InstanceKind, ShimKind, TyCtxt};
use rustc_middle::util::Providers;
use rustc_session::Session;
use rustc_session::config::{OptLevel, Options};

use rustc_codegen_ssa::mono_item::MonoItemExt;

use crate::builder::Builder;
use crate::compat::attr_ir::{InlineAttr, Linkage, OptimizeAttr};
use crate::context::Context;
use crate::inlining::{self, Inlined, SMALL};
use crate::needs;
use crate::sys::*;
use crate::units;

/// Statements and terminators of an `#[inline]` function that may be copied, twice those of others, as Kiln's own limits
/// are (`kiln_inline_attrs`). Few of those that Kiln inlines are longer.
const MOST: usize = 60;
/// The same where foreign functions alone are inlined: longer ones cost a tenth of a cold build and gain nothing.
const MOST_FOREIGN: usize = 30;
/// Statements, terminators and calls of a function without `#[inline]` whose body other crates get: see `is_offered`.
const OFFERED: usize = 20;
const OFFERED_CALLS: usize = 2;

/// Functions of other units, while a unit is built.
#[derive(Default)]
pub struct Copies<'tcx> {
    /// Those that are declared, and that nothing calls so far.
    declared: FxHashMap<kiln_symbol, Instance<'tcx>>,
    /// Those that the functions being built call.
    called: Vec<(kiln_symbol, Instance<'tcx>)>,
    /// Those that are to be looked at.
    queue: Vec<(kiln_symbol, Instance<'tcx>)>,
    /// Those that are to be the unit's own.
    own: Vec<(kiln_symbol, Instance<'tcx>)>,
}

/// Are small functions inlined in a session, or those of them that are not the user's?
pub fn inlines(opts: &Options) -> bool {
    inlining::what() != Inlined::Nothing && opts.optimize == OptLevel::No && opts.unstable_opts.inline_llvm
}

/// Do units of a session take bodies of functions that others define?
pub fn wanted(sess: &Session) -> bool {
    inlines(&sess.opts) && sess.codegen_units().as_usize() > 1 && !sess.instrument_coverage()
}

fn most() -> usize {
    if inlining::what() == Inlined::Foreign { MOST_FOREIGN } else { MOST }
}

/// Changes rustc's answers to some queries. Whatever compiles a unit, Kiln or LLVM, sees the changed ones.
pub fn provide(providers: &mut Providers) {
    units::provide(providers);
    providers.queries.size_estimate = size_estimate;
    providers.queries.cross_crate_inlinable = cross_crate_inlinable;
}

/// The size of a function, which says whether it may be copied, too: what may not counts as large. rustc keeps the answer
/// from build to build, so that no body has to be loaded for it, and units read nothing else of what they do not copy.
/// Sizes of large functions are rounded: an edit seldom changes them. rustc's size counts what makes no code, too, which
/// is seldom as much again: of larger functions, no body is looked at.
fn size_estimate<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> usize {
    let size = (DEFAULT_QUERY_PROVIDERS.queries.size_estimate)(tcx, instance);
    match wanted(tcx.sess) {
        true if size <= 2 * most() && may_be_copied(tcx, instance) => size.min(most()),
        true => size.max(most() + 1).next_power_of_two(),
        false => size,
    }
}

/// May a function be built in units that call it, if it is to be inlined?
fn may_be_copied<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> bool {
    let attrs = tcx.codegen_instance_attrs(instance.def);
    let most = if matches!(attrs.inline, InlineAttr::Hint) { most() } else { most() / 2 };
    !matches!(attrs.inline, InlineAttr::Never)
        && !matches!(attrs.optimize, OptimizeAttr::DoNotOptimize)
        && !attrs.flags.contains(CodegenFnAttrFlags::NAKED)
        && attrs.linkage.is_none()
        && !tcx.is_entrypoint(instance.def_id())
        && length(tcx.instance_mir(instance.def)) <= most
        && !has_assembly(tcx.instance_mir(instance.def))
        && needs::function(tcx, instance).is_none()
}

/// Do other crates get the body of a function, to compile it themselves?
fn cross_crate_inlinable(tcx: TyCtxt<'_>, id: LocalDefId) -> bool {
    (DEFAULT_QUERY_PROVIDERS.queries.cross_crate_inlinable)(tcx, id)
        || inlines(&tcx.sess.opts) && is_inlined(tcx, id.to_def_id()) && is_offered(tcx, id)
}

/// May a function be inlined, if it is small?
fn is_inlined(tcx: TyCtxt<'_>, id: DefId) -> bool {
    inlining::what() == Inlined::Small || inlining::is_foreign(tcx, id)
}

/// Is it a small function without `#[inline]`? rustc tells such functions by their size only if it optimizes. All for
/// which it says no for another reason stay as they are.
fn is_offered(tcx: TyCtxt<'_>, id: LocalDefId) -> bool {
    let attrs = tcx.codegen_fn_attrs(id);
    if !matches!(tcx.def_kind(id), DefKind::Fn | DefKind::AssocFn)
        || attrs.contains_extern_indicator()
        || attrs.linkage.is_some()
        || attrs.link_section.is_some()
        || attrs.flags.contains(CodegenFnAttrFlags::NAKED)
        || !matches!(attrs.inline, InlineAttr::None)
        || !attrs.target_features.is_empty()
        || tcx.is_entrypoint(id.to_def_id())
        || !tcx.is_mir_available(id)
    {
        return false;
    }
    let body = tcx.optimized_mir(id);
    let calls = blocks(body).filter(|block| matches!(block.terminator().kind, TerminatorKind::Call { .. })).count();
    length(body) <= OFFERED && calls <= OFFERED_CALLS && !has_assembly(body)
}

/// The blocks that run unless something panics.
fn blocks<'a, 'tcx>(body: &'a Body<'tcx>) -> impl Iterator<Item = &'a BasicBlockData<'tcx>> {
    body.basic_blocks.iter().filter(|block| !block.is_cleanup)
}

/// Statements and terminators, without those that make no code.
fn length(body: &Body<'_>) -> usize {
    let is_code = |kind: &StatementKind<'_>| {
        !matches!(kind, StatementKind::StorageLive(_) | StatementKind::StorageDead(_) | StatementKind::Nop)
    };
    blocks(body).map(|block| 1 + block.statements.iter().filter(|statement| is_code(&statement.kind)).count()).sum()
}

fn has_assembly(body: &Body<'_>) -> bool {
    body.basic_blocks.iter().any(|block| matches!(block.terminator().kind, TerminatorKind::InlineAsm { .. }))
}

/// Has each unit that refers to the function its own, to which only that unit refers? Those that are `#[inline(always)]`,
/// by rustc's rule, and small ones that no other crate calls here.
pub fn is_per_unit<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> bool {
    !matches!(instance.def, InstanceKind::Virtual(..) | InstanceKind::Intrinsic(..))
        && tcx.should_codegen_locally(instance)
        && match MonoItem::Fn(instance).instantiation_mode(tcx) {
            InstantiationMode::LocalCopy => true,
            InstantiationMode::GloballyShared { may_conflict } => {
                (may_conflict || matches!(instance.def, InstanceKind::Shim(ShimKind::DropGlue(..))))
                    && !tcx.sess.opts.share_generics()
                    && !tcx.sess.link_dead_code()
                    && is_copied(tcx, instance)
            }
        }
}

/// May a unit have the body of a function that another one defines, to inline it?
fn is_copied<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> bool {
    tcx.should_codegen_locally(instance)
        // Before the size: else an edit of a function that is not inlined could compile the units that call it.
        && is_inlined(tcx, instance.def_id())
        && tcx.size_estimate(instance) <= most()
}

impl<'tcx> Context<'tcx> {
    /// Notes that `symbol` is declared, and not defined by the unit so far.
    pub fn note_declared(&self, symbol: kiln_symbol, instance: Instance<'tcx>, own: bool) {
        let Some(copies) = &self.copies else { return };
        let mut copies = copies.borrow_mut();
        match own {
            true => copies.own.push((symbol, instance)),
            false => drop(copies.declared.insert(symbol, instance)),
        }
    }

    /// Is the unit to have a function of its own, to which only it refers?
    pub fn has_own(&self, instance: Instance<'tcx>) -> bool {
        self.copies.is_some() && is_per_unit(self.tcx, instance)
    }

    /// Notes that a function being built calls `symbol`.
    pub fn note_call(&self, symbol: kiln_symbol) {
        let Some(copies) = &self.copies else { return };
        let mut copies = copies.borrow_mut();
        if let Some(instance) = copies.declared.remove(&symbol) {
            copies.called.push((symbol, instance));
        }
    }

    /// Builds what the unit's functions refer to, and what that refers to in turn.
    pub fn build_copies(&mut self, unit: &str) {
        while let Some((symbol, instance, own)) = self.next_copy() {
            let linkage = if own { Linkage::Internal } else { Linkage::External };
            self.note_inlining(instance, symbol, linkage);
            self.defined.borrow_mut().insert(symbol, instance);
            self.defer_debug();
            let data = MonoItemData { inlined: own, linkage, visibility: Visibility::Default, size_estimate: 0 };
            MonoItem::Fn(instance).define::<Builder<'_, '_>>(self, unit, data);
            match own {
                true => self.keep_deferred(Some(symbol)),
                false => self.keep_copy(symbol),
            }
            self.compile_open();
        }
    }

    /// The next function to build, and whether it is the unit's own.
    fn next_copy(&self) -> Option<(kiln_symbol, Instance<'tcx>, bool)> {
        let mut copies = self.copies.as_ref()?.borrow_mut();
        let Copies { called, queue, .. } = &mut *copies;
        queue.append(called);
        if let Some((symbol, instance)) = copies.own.pop() {
            return Some((symbol, instance, true));
        }
        loop {
            let (symbol, instance) = copies.queue.pop()?;
            if is_copied(self.tcx, instance) {
                return Some((symbol, instance, false));
            }
        }
    }

    /// Keeps the function that was built last, or forgets it; if it will not be inlined, what it calls is not needed.
    fn keep_copy(&self, copy: kiln_symbol) {
        let mut open = self.open.borrow_mut();
        let at = open.iter().position(|&(symbol, _)| symbol == copy).expect("the copy was built");
        let (_, func) = open.remove(at);
        // SAFETY: the function is open, and nothing uses it afterwards.
        let kept = unsafe { kiln_func_next_inst(func) <= SMALL && kiln_func_keep(func) == KILN_OK };
        // SAFETY: the module is open.
        let useful = kept && unsafe { kiln_symbol_why_not_inlined(self.module.raw, copy).is_null() };
        self.keep_deferred(useful.then_some(copy));
        if kept {
            // SAFETY: the module is open.
            unsafe { kiln_symbol_set_inline_only(self.module.raw, copy) };
        }
        if useful {
            return;
        }
        if !kept {
            // SAFETY: the function is open, and nothing uses it afterwards.
            unsafe { kiln_func_discard(func) };
        }
        let mut copies = self.copies.as_ref().expect("there are copies").borrow_mut();
        let Copies { declared, called, .. } = &mut *copies;
        declared.extend(called.drain(..));
    }
}
