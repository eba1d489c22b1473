//! The functions that are in the program only because values are to be shown. rustc's units know nothing of them: they are
//! in a unit of their own, without debug information. An edit of the user's functions, which refer to them by the index
//! alone, leaves this unit as it is.

use rustc_data_structures::fx::{FxHashSet, FxIndexSet};
use rustc_data_structures::unord::ExtendUnord;
use rustc_hir::def_id::{DefIdSet, LOCAL_CRATE};
use rustc_middle::mono::{
    CodegenUnit, CodegenUnitNameBuilder, InstantiationMode, MonoItem, MonoItemData, MonoItemPartitions, Visibility,
};
use rustc_middle::ty::{Instance, InstanceKind, TyCtxt};
use rustc_span::Symbol;

use super::{Crates, USED, kept, shown_by};
use crate::compat;
use crate::compat::attr_ir::Linkage;
use crate::units::Uses;

/// Ends the unit's name.
const APART: &str = ".show";

pub fn is_apart(name: &str) -> bool {
    name.ends_with(APART)
}

type Items<'tcx> = FxHashSet<MonoItem<'tcx>>;

/// What rustc has made, and what shows the variables of its functions. One unit stays one: its object may have a name that
/// the user gives.
pub fn add<'tcx>(tcx: TyCtxt<'tcx>, made: MonoItemPartitions<'tcx>) -> MonoItemPartitions<'tcx> {
    let more = Added::of(tcx, made.codegen_units);
    if more.items.is_empty() && more.referred.is_empty() {
        return made;
    }
    let mut units: Vec<_> = made.codegen_units.iter().map(|unit| more.seen_from(unit)).collect();
    if units.len() > 1 && !more.items.is_empty() {
        units.push(compat::empty_unit(name(tcx)));
    }
    if let Some(last) = units.last_mut() {
        for &item in &more.items {
            last.items_mut().entry(item).or_insert_with(|| more.data(tcx, item));
        }
    }
    units.iter_mut().for_each(|unit| unit.compute_size_estimate());
    units.sort_by(|a, b| a.name().as_str().cmp(b.name().as_str()));
    let mut all = DefIdSet::default();
    all.extend_unord(made.all_mono_items.items().copied());
    all.extend(more.items.iter().map(|item| item.def_id()));
    MonoItemPartitions { codegen_units: tcx.arena.alloc_from_iter(units), all_mono_items: tcx.arena.alloc(all) }
}

/// What is added to rustc's units.
struct Added<'tcx> {
    /// What the index refers to.
    shown: FxIndexSet<MonoItem<'tcx>>,
    /// What the program has once, of functions that rustc would copy into each unit, too.
    items: FxIndexSet<MonoItem<'tcx>>,
    /// What rustc has placed, and something refers to that rustc knows nothing of.
    referred: Items<'tcx>,
}

impl<'tcx> Added<'tcx> {
    fn of(tcx: TyCtxt<'tcx>, units: &[CodegenUnit<'tcx>]) -> Self {
        let mut crates = Crates::default();
        let mut shown_by = |item| shown_by(tcx, &mut crates, item).iter().map(|item| item.node);
        let of_rustc = units.iter().flat_map(|unit| unit.items().keys().copied());
        let mut shown: FxIndexSet<_> = of_rustc.flat_map(&mut shown_by).collect();
        // Of edits that do not change the items, none changes their order, which is part of what rustc compares.
        shown.sort_by_cached_key(|item| item.symbol_name(tcx).name);
        let placed = units.iter().flat_map(|unit| unit.items()).filter(|(_, data)| !data.inlined);
        let placed: Items<'_> = placed.map(|(&item, _)| item).collect();
        let mut uses = Uses::of(tcx, shown.iter().copied());
        let mut more = Added { shown, items: FxIndexSet::default(), referred: Items::default() };
        while let Some(item) = uses.items.pop() {
            if placed.contains(&item) {
                more.referred.insert(item);
                continue;
            }
            if !more.items.insert(item) {
                continue;
            }
            match item {
                MonoItem::Fn(Instance { def: InstanceKind::Item(id), args }) => {
                    uses.items.extend(kept(tcx, id, USED, args).iter().map(|item| item.node));
                }
                _ => uses.used_by(item),
            }
            // In one unit, functions that are added are like all others.
            if units.len() == 1 {
                uses.items.extend(shown_by(item));
            }
        }
        more
    }

    /// A unit of rustc's, whose items can be referred to from others if they must.
    fn seen_from(&self, unit: &CodegenUnit<'tcx>) -> CodegenUnit<'tcx> {
        let mut copy = compat::empty_copy(unit);
        copy.items_mut().extend(unit.items().iter().map(|(&item, &data)| {
            let is_hidden = data.linkage == Linkage::Internal && self.referred.contains(&item);
            let hidden = MonoItemData { linkage: Linkage::External, visibility: Visibility::Hidden, ..data };
            (item, if is_hidden { hidden } else { data })
        }));
        copy
    }

    /// How an item is seen that is added. The size matters to nothing but the order in which units are compiled.
    fn data(&self, tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>) -> MonoItemData {
        let (linkage, visibility) = match self.shown.contains(&item) {
            true => (Linkage::External, visibility(tcx, item)),
            false => (Linkage::Internal, Visibility::Default),
        };
        MonoItemData { inlined: false, linkage, visibility, size_estimate: 1 }
    }
}

/// As rustc has it: other crates may use instances of what is generic.
fn visibility<'tcx>(tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>) -> Visibility {
    let is_copied = item.instantiation_mode(tcx) == InstantiationMode::LocalCopy;
    let is_generic =
        !is_copied && item.is_generic_fn() && tcx.local_crate_exports_generics() && tcx.sess.opts.share_generics();
    let is_reached = || !item.def_id().as_local().is_some_and(|id| tcx.is_unreachable_local_definition(id));
    if is_generic && is_reached() { tcx.sess.default_visibility().into() } else { Visibility::Hidden }
}

fn name(tcx: TyCtxt<'_>) -> Symbol {
    let base = CodegenUnitNameBuilder::new(tcx).build_cgu_name(LOCAL_CRATE, ["shown"], None::<&str>);
    Symbol::intern(&format!("{base}{APART}"))
}
