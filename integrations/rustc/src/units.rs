//! Which functions a unit has, if it inlines those of others (`copies.rs`). rustc gives a function to one unit, which the
//! others call. A small one is taken away from there: each unit that refers to it builds its own, and leaves it out again
//! if all calls of it are inlined. LLVM compiles the units that `for_llvm` makes, which have these functions.

use rustc_data_structures::fx::FxHashSet;
use rustc_hir::{InlineAsmOperand, ItemKind};
use rustc_interface::DEFAULT_QUERY_PROVIDERS;
use rustc_middle::mir::interpret::{AllocId, GlobalAlloc};
use rustc_middle::mono::{CodegenUnit, CollectionMode, MonoItem, MonoItemData, MonoItemPartitions, Visibility};
use rustc_middle::ty::{Instance, TyCtxt, TypingEnv};
use rustc_middle::util::Providers;
use rustc_span::Symbol;

use crate::compat;
use crate::compat::attr_ir::Linkage;
use crate::{copies, needs, show};

/// Ends the name by which `codegen_unit` gives a unit as LLVM compiles it. By its own name, which rustc asks for before it
/// looks for units to reuse, it is as Kiln builds it.
const OF_LLVM: &str = ".llvm";

pub fn provide(providers: &mut Providers) {
    providers.queries.collect_and_partition_mono_items = partition;
    providers.queries.codegen_unit = codegen_unit;
}

/// Are units changed?
fn are_changed(tcx: TyCtxt<'_>) -> bool {
    copies::wanted(tcx.sess) && needs::session(tcx).is_none()
}

fn partition<'tcx>(tcx: TyCtxt<'tcx>, key: ()) -> MonoItemPartitions<'tcx> {
    let mut made = (DEFAULT_QUERY_PROVIDERS.queries.collect_and_partition_mono_items)(tcx, key);
    if show::is_wanted(tcx) {
        made = show::units::add(tcx, made);
    }
    if !are_changed(tcx) {
        return made;
    }
    let units = made.codegen_units.iter().map(|unit| changed(tcx, unit));
    let units: Vec<_> = units.filter(|unit| unit.is_primary() || !unit.items().is_empty()).collect();
    MonoItemPartitions { codegen_units: tcx.arena.alloc_from_iter(units), ..made }
}

/// A unit without the functions that each unit has of its own. What rustc made internal because only its own unit refers
/// to it is hidden: a copy in another unit may refer to it, too.
fn changed<'tcx>(tcx: TyCtxt<'tcx>, unit: &CodegenUnit<'tcx>) -> CodegenUnit<'tcx> {
    let mut copy = compat::empty_copy(unit);
    for (&item, &data) in unit.items() {
        let shared = !data.inlined && data.linkage == Linkage::Internal;
        let (linkage, visibility) =
            if shared { (Linkage::External, Visibility::Hidden) } else { (data.linkage, data.visibility) };
        let is_seen = !data.inlined && visibility != Visibility::Hidden;
        if is_seen || !matches!(item, MonoItem::Fn(instance) if copies::is_per_unit(tcx, instance)) {
            copy.items_mut().insert(item, MonoItemData { linkage, visibility, ..data });
        }
    }
    copy.compute_size_estimate();
    copy
}

fn codegen_unit<'tcx>(tcx: TyCtxt<'tcx>, name: Symbol) -> &'tcx CodegenUnit<'tcx> {
    let find = |name| (DEFAULT_QUERY_PROVIDERS.queries.codegen_unit)(tcx, name);
    match name.as_str().strip_suffix(OF_LLVM) {
        Some(name) => tcx.arena.alloc(for_llvm(tcx, find(Symbol::intern(name)))),
        None => find(name),
    }
}

/// By which name LLVM gets a unit.
pub fn name_for_llvm(tcx: TyCtxt<'_>, name: Symbol) -> Symbol {
    if are_changed(tcx) { Symbol::intern(&format!("{name}{OF_LLVM}")) } else { name }
}

/// A unit with the functions that it would have of its own.
fn for_llvm<'tcx>(tcx: TyCtxt<'tcx>, unit: &CodegenUnit<'tcx>) -> CodegenUnit<'tcx> {
    let mut copy = compat::empty_copy(unit);
    copy.items_mut().extend(unit.items().iter().map(|(&item, &data)| (item, data)));
    let mut uses = Uses::of(tcx, []);
    unit.items_in_deterministic_order(tcx).into_iter().for_each(|(item, _)| uses.used_by(item));
    while let Some(item) = uses.items.pop() {
        let per_unit = matches!(item, MonoItem::Fn(instance) if copies::is_per_unit(tcx, instance));
        if per_unit && !copy.items().contains_key(&item) {
            let (linkage, visibility) = (Linkage::Internal, Visibility::Default);
            copy.items_mut().insert(item, MonoItemData { inlined: true, linkage, visibility, size_estimate: 0 });
            uses.used_by(item);
        }
    }
    copy.compute_size_estimate();
    copy
}

/// What items refer to, as rustc's collector finds it: what a constant refers to once, all else as often as it is found.
pub struct Uses<'tcx> {
    tcx: TyCtxt<'tcx>,
    seen: FxHashSet<AllocId>,
    pub items: Vec<MonoItem<'tcx>>,
}

impl<'tcx> Uses<'tcx> {
    /// Begins with these items.
    pub fn of(tcx: TyCtxt<'tcx>, items: impl IntoIterator<Item = MonoItem<'tcx>>) -> Self {
        Uses { tcx, seen: FxHashSet::default(), items: items.into_iter().collect() }
    }

    /// Notes what an item refers to.
    pub fn used_by(&mut self, item: MonoItem<'tcx>) {
        let tcx = self.tcx;
        match item {
            MonoItem::Fn(instance) => {
                if let Ok((used, _)) = tcx.items_of_instance((instance, CollectionMode::UsedItems)) {
                    self.items.extend(used.iter().map(|item| item.node));
                }
            }
            MonoItem::Static(id) => {
                if let Ok(memory) = tcx.eval_static_initializer(id) {
                    memory.inner().provenance().ptrs().values().for_each(|of| self.used_by_memory(of.alloc_id()));
                }
            }
            MonoItem::GlobalAsm(id) => {
                let ItemKind::GlobalAsm { asm, .. } = tcx.hir_item(id).kind else { return };
                for (operand, _) in asm.operands {
                    if let InlineAsmOperand::SymFn { expr } = operand
                        && let Some((id, args)) = compat::function_item(tcx.typeck(id.owner_id).expr_ty(expr))
                        && let Ok(Some(instance)) =
                            Instance::try_resolve(tcx, TypingEnv::fully_monomorphized(), id, args)
                    {
                        self.items.push(MonoItem::Fn(instance));
                    }
                }
            }
        }
    }

    fn used_by_memory(&mut self, id: AllocId) {
        if !self.seen.insert(id) {
            return;
        }
        match self.tcx.global_alloc(id) {
            GlobalAlloc::Memory(memory) => {
                memory.inner().provenance().ptrs().values().for_each(|of| self.used_by_memory(of.alloc_id()));
            }
            GlobalAlloc::Function { instance, .. } => self.items.push(MonoItem::Fn(instance)),
            GlobalAlloc::VTable(ty, of) => {
                let of = of.principal().map(|of| self.tcx.instantiate_bound_regions_with_erased(of));
                self.used_by_memory(self.tcx.vtable_allocation((ty, of)));
            }
            GlobalAlloc::Static(id) => self.items.push(MonoItem::Static(id)),
            GlobalAlloc::TypeId { .. } => {}
        }
    }
}
