//! The functions that are in the program only because values are to be shown. rustc's units know nothing of them: they are
//! in units of their own, without debug information. An edit of the user's functions, which refer to them by the index
//! alone, leaves these units as they are.

use std::hash::{Hash, Hasher};

use rustc_data_structures::fx::{FxHashSet, FxHasher};
use rustc_data_structures::unord::ExtendUnord;
use rustc_hir::def_id::{DefIdSet, LOCAL_CRATE};
use rustc_middle::mono::{
    CodegenUnit, CodegenUnitNameBuilder, InstantiationMode, MonoItem, MonoItemData, MonoItemPartitions, Visibility,
};
use rustc_middle::ty::TyCtxt;
use rustc_span::Symbol;

use super::{Crates, shown_by};
use crate::compat;
use crate::compat::attr_ir::Linkage;
use crate::units::Uses;

/// Ends the names of these units.
const APART: &str = ".show";
/// About so many functions are in one of them.
const FUNCTIONS: usize = 1024;

pub fn is_apart(name: &str) -> bool {
    name.ends_with(APART)
}

type Items<'tcx> = FxHashSet<MonoItem<'tcx>>;

/// What rustc has made, and what shows the variables of its functions. One unit stays one: its object may have a name that
/// the user gives.
pub fn add<'tcx>(tcx: TyCtxt<'tcx>, made: MonoItemPartitions<'tcx>) -> MonoItemPartitions<'tcx> {
    let more = Added::of(tcx, made.codegen_units);
    if more.shared.is_empty() && more.copied.is_empty() && more.referred.is_empty() {
        return made;
    }
    let mut units: Vec<_> = made.codegen_units.iter().map(|unit| more.seen_from(unit)).collect();
    for (unit, shown) in units.iter_mut().zip(&more.shown) {
        more.copy(tcx, unit, shown);
    }
    let first = if units.len() == 1 { 0 } else { units.len() };
    // A power of two, so that edits seldom change it.
    let n = if first == 0 { 1 } else { more.shared.len().div_ceil(FUNCTIONS).next_power_of_two() };
    if first > 0 && !more.shared.is_empty() {
        units.extend((0..n).map(|i| compat::empty_unit(name(tcx, i))));
    }
    // In an order and at places that do not change with the functions from which they are found.
    let mut shared: Vec<_> = more.shared.iter().map(|item| (item.symbol_name(tcx).name, *item)).collect();
    shared.sort_unstable_by_key(|&(name, _)| name);
    let indexed: Items<'_> = more.shown.iter().flatten().copied().collect();
    for (name, item) in shared {
        let (linkage, visibility) = match (indexed.contains(&item), n) {
            (true, _) => (Linkage::External, visibility(tcx, item)),
            (false, 1) => (Linkage::Internal, Visibility::Default),
            (false, _) => (Linkage::External, Visibility::Hidden),
        };
        units[first + place(name, n)].items_mut().insert(item, data(false, linkage, visibility));
    }
    for unit in &mut units[first..] {
        let items: Vec<_> = unit.items().keys().copied().collect();
        let mut uses = Uses::of(tcx, []);
        items.into_iter().for_each(|item| uses.used_by(item));
        more.copy(tcx, unit, &uses.items);
    }
    units.iter_mut().for_each(|unit| unit.compute_size_estimate());
    units.sort_by(|a, b| a.name().as_str().cmp(b.name().as_str()));
    let mut all = DefIdSet::default();
    all.extend_unord(made.all_mono_items.items().copied());
    all.extend(more.shared.iter().chain(&more.copied).map(|item| item.def_id()));
    MonoItemPartitions { codegen_units: tcx.arena.alloc_from_iter(units), all_mono_items: tcx.arena.alloc(all) }
}

/// What is added to rustc's units.
struct Added<'tcx> {
    /// Of each unit: what shows variables of its functions.
    shown: Vec<Vec<MonoItem<'tcx>>>,
    /// What the program has once.
    shared: Vec<MonoItem<'tcx>>,
    /// What each unit that refers to it has of its own: rustc's, too.
    copied: Items<'tcx>,
    /// What rustc has placed, and something refers to that rustc knows nothing of.
    referred: Items<'tcx>,
}

impl<'tcx> Added<'tcx> {
    fn of(tcx: TyCtxt<'tcx>, units: &[CodegenUnit<'tcx>]) -> Self {
        let mut crates = Crates::default();
        let mut shown_by = |item| shown_by(tcx, &mut crates, item).iter().map(|item| item.node);
        let shown = units.iter().map(|unit| unit.items().keys().copied().flat_map(&mut shown_by).collect()).collect();
        let of_units = |copied| {
            let items = units.iter().flat_map(|unit| unit.items());
            items.filter(move |(_, data)| data.inlined == copied).map(|(&item, _)| item)
        };
        let mut more =
            Added { shown, shared: Vec::new(), copied: of_units(true).collect(), referred: Items::default() };
        let placed: Items<'_> = of_units(false).collect();
        let mut uses = Uses::of(tcx, more.shown.iter().flatten().copied());
        let mut walked = Items::default();
        while let Some(item) = uses.items.pop() {
            if !walked.insert(item) {
                continue;
            }
            if placed.contains(&item) {
                more.referred.insert(item);
                continue;
            }
            uses.used_by(item);
            // In one unit, functions that are added are like all others.
            if units.len() == 1 {
                uses.items.extend(shown_by(item));
            }
            if more.copied.contains(&item) || !is_shared(tcx, item) {
                more.copied.insert(item);
            } else {
                more.shared.push(item);
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

    /// Adds the unit's own copies of what it must have a copy of, if it refers to these items.
    fn copy(&self, tcx: TyCtxt<'tcx>, unit: &mut CodegenUnit<'tcx>, items: &[MonoItem<'tcx>]) {
        let copied = Uses::of(tcx, items.iter().copied()).reach(|item| self.copied.contains(&item));
        let mut copied: Vec<_> = copied.into_iter().collect();
        copied.sort_unstable_by_key(|item| item.symbol_name(tcx).name);
        let data = data(true, Linkage::Internal, Visibility::Default);
        for item in copied {
            unit.items_mut().entry(item).or_insert(data);
        }
    }
}

fn is_shared<'tcx>(tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>) -> bool {
    item.instantiation_mode(tcx) != InstantiationMode::LocalCopy
}

/// The size matters to nothing but the order in which units are compiled.
fn data(inlined: bool, linkage: Linkage, visibility: Visibility) -> MonoItemData {
    MonoItemData { inlined, linkage, visibility, size_estimate: 1 }
}

/// As rustc has it: other crates may use instances of what is generic.
fn visibility<'tcx>(tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>) -> Visibility {
    let is_generic = item.is_generic_fn() && tcx.local_crate_exports_generics() && tcx.sess.opts.share_generics();
    let is_reached = || !item.def_id().as_local().is_some_and(|id| tcx.is_unreachable_local_definition(id));
    if is_generic && is_reached() { tcx.sess.default_visibility().into() } else { Visibility::Hidden }
}

fn name(tcx: TyCtxt<'_>, i: usize) -> Symbol {
    let base = CodegenUnitNameBuilder::new(tcx).build_cgu_name(LOCAL_CRATE, ["shown"], Some(i));
    Symbol::intern(&format!("{base}{APART}"))
}

/// In which of so many units the item of a name is.
fn place(name: &str, units: usize) -> usize {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish() as usize % units
}
