//! Units of the functions that are in the program only because values are to be shown. They have no variables in the
//! debug information, and an edit of the user's functions, which refer to them by the index alone, leaves them as they
//! are.

use rustc_data_structures::fx::FxHashSet;
use rustc_middle::mono::{CodegenUnit, CollectionMode, MonoItem, MonoItemData, Visibility};
use rustc_middle::ty::{InstanceKind, TyCtxt};

use crate::compat;
use crate::compat::attr_ir::Linkage;
use crate::units::Uses;

/// Ends the names of these units: each has functions of one of rustc's.
const APART: &str = ".show";

pub fn is_apart(name: &str) -> bool {
    name.ends_with(APART)
}

/// rustc's units, and beside each one that has such functions, a unit of them. One unit stays one: its object may have a
/// name that the user gives.
pub fn split<'tcx>(tcx: TyCtxt<'tcx>, units: &'tcx [CodegenUnit<'tcx>]) -> &'tcx [CodegenUnit<'tcx>] {
    let apart = if units.len() == 1 { FxHashSet::default() } else { apart(tcx, units) };
    if apart.is_empty() {
        return units;
    }
    let referred = referred(tcx, units, &apart);
    let mut all = Vec::with_capacity(2 * units.len());
    for unit in units {
        let mut parts = [compat::empty_copy(unit), compat::empty_beside(unit, APART)];
        for (&item, &data) in unit.items() {
            let is_apart = apart.contains(&item);
            let shared = !data.inlined && data.linkage == Linkage::Internal && (is_apart || referred.contains(&item));
            let (linkage, visibility) =
                if shared { (Linkage::External, Visibility::Hidden) } else { (data.linkage, data.visibility) };
            // The first part keeps the unit's own copies of functions, which are not compiled if nothing refers to them.
            parts[usize::from(is_apart)].items_mut().insert(item, MonoItemData { linkage, visibility, ..data });
        }
        copy_inlined(tcx, unit, &mut parts[1]);
        for mut part in parts {
            part.compute_size_estimate();
            if part.is_primary() || part.items().values().any(|data| !data.inlined) {
                all.push(part);
            }
        }
    }
    all.sort_by(|a, b| a.name().as_str().cmp(b.name().as_str()));
    tcx.arena.alloc_from_iter(all)
}

type Items<'tcx> = FxHashSet<MonoItem<'tcx>>;

/// The functions that nothing refers to but what shows variables.
fn apart<'tcx>(tcx: TyCtxt<'tcx>, units: &[CodegenUnit<'tcx>]) -> Items<'tcx> {
    let all = || units.iter().flat_map(|unit| unit.items().keys().copied());
    let shown: Items<'_> = all().flat_map(|item| shown_by(tcx, item)).collect();
    let placed: Items<'_> = all().collect();
    // Nothing need refer to an item that is no instance of something generic, for it to be there.
    let may_be = |item| if shown.contains(&item) { !is_exported(tcx, item) } else { !is_named(item) };
    let mut found = Uses::of(tcx, shown.iter().copied()).reach(|item| placed.contains(&item) && may_be(item));
    let mut others = Uses::of(tcx, []);
    all().filter(|item| !found.contains(item)).for_each(|item| others.used_by(item));
    let needed = others.reach(|item| found.contains(&item));
    let copied = units.iter().flat_map(|unit| unit.items()).filter(|(_, data)| data.inlined).map(|(item, _)| item);
    for item in needed.iter().chain(copied) {
        found.remove(item);
    }
    found
}

/// What functions that are apart refer to.
fn referred<'tcx>(tcx: TyCtxt<'tcx>, units: &[CodegenUnit<'tcx>], apart: &Items<'tcx>) -> Items<'tcx> {
    let copied = units.iter().flat_map(|unit| unit.items()).filter(|(_, data)| data.inlined).map(|(&item, _)| item);
    let copied: Items<'_> = copied.collect();
    let from = Uses::of(tcx, apart.iter().copied()).reach(|item| apart.contains(&item) || copied.contains(&item));
    let mut uses = Uses::of(tcx, []);
    from.into_iter().for_each(|item| uses.used_by(item));
    uses.items.into_iter().collect()
}

/// Adds the copies of functions that are the unit's own, and that the part needs, too.
fn copy_inlined<'tcx>(tcx: TyCtxt<'tcx>, unit: &CodegenUnit<'tcx>, part: &mut CodegenUnit<'tcx>) {
    let is_copied = |item| unit.items().get(&item).is_some_and(|data| data.inlined);
    let mut uses = Uses::of(tcx, []);
    part.items().keys().for_each(|&item| uses.used_by(item));
    let copied = uses.reach(is_copied);
    // In the unit's order.
    part.items_mut()
        .extend(unit.items().iter().filter(|(item, _)| copied.contains(item)).map(|(&item, &data)| (item, data)));
}

/// The functions that show an item's variables.
fn shown_by<'tcx>(tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>) -> impl Iterator<Item = MonoItem<'tcx>> {
    let used = match item {
        MonoItem::Fn(instance) => tcx.items_of_instance((instance, CollectionMode::UsedItems)).ok(),
        _ => None,
    };
    used.map_or(&[][..], |(used, _)| super::divide(tcx, item, used).1).iter().map(|item| item.node)
}

/// Is it one item of the user's, not an instance of something generic?
fn is_named(item: MonoItem<'_>) -> bool {
    match item {
        MonoItem::Fn(instance) => {
            matches!(instance.def, InstanceKind::Item(id) if id.is_local())
                && instance.args.non_erasable_generics().next().is_none()
        }
        MonoItem::Static(_) | MonoItem::GlobalAsm(_) => true,
    }
}

/// May another crate refer to a function that is no instance of something generic?
fn is_exported<'tcx>(tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>) -> bool {
    is_named(item) && (tcx.sess.link_dead_code() || tcx.is_reachable_non_generic(item.def_id()))
}
