//! Inlining (`$KILN_INLINE`; docs/inlining.md): functions wait until all of a unit are built, small ones as Kiln's kept
//! functions. Then they are compiled, those that others cannot see only if something refers to them.

use std::env;

use rustc_attr_ir::{InlineAttr, Linkage, OptimizeAttr};
use rustc_data_structures::fx::{FxHashMap, FxHashSet, FxIndexSet};
use rustc_middle::ty::Instance;
use rustc_span::Symbol;

use crate::compat;
use crate::context::Context;
use crate::module::Module;
use crate::sys::*;

/// Instructions of a function that may be small: docs/inlining.md does not count all of them.
const SMALL: u32 = 300;

/// A function that waits: its body, unless it is kept.
type Waiting = (kiln_symbol, Option<*mut kiln_func>);

/// What inlining needs of a unit.
#[derive(Default)]
pub struct Inlining {
    /// What of a function's attributes is about inlining.
    attrs: FxHashMap<kiln_symbol, kiln_func_attrs>,
    /// The features of processors, by the number of their bits.
    features: FxIndexSet<Symbol>,
    waiting: Vec<Waiting>,
    /// Functions that assembly refers to.
    wanted: FxHashSet<kiln_symbol>,
}

/// Sets what is inlined, as the variable says: `small`, `must`, or the most instructions. None: nothing is.
pub fn set_up(module: &Module) -> Option<Inlining> {
    let word = env::var("KILN_INLINE").ok()?;
    let (inlining, instructions) = match &*word {
        "small" => (KILN_INLINING_SMALL, 0),
        "must" => (KILN_INLINING_MUST, 0),
        size => (KILN_INLINING_SMALL, size.parse().ok()?),
    };
    // SAFETY: the module is open.
    unsafe {
        let attrs = kiln_module_attrs { inlining, ..kiln_module_get_attrs(module.raw) };
        kiln_module_set_attrs(module.raw, &attrs);
        kiln_module_set_inline_attrs(module.raw, &kiln_inline_attrs { instructions, ..Default::default() });
    }
    Some(Inlining::default())
}

impl<'tcx> Context<'tcx> {
    /// Notes what rustc says of a function's inlining, as its LLVM back end does.
    pub fn note_inlining(&self, instance: Instance<'tcx>, symbol: kiln_symbol, linkage: Linkage) {
        let Some(state) = &self.inlining else { return };
        let mut state = state.borrow_mut();
        let attrs = self.tcx.codegen_instance_attrs(instance.def);
        let mut inlining = match attrs.inline {
            InlineAttr::Always | InlineAttr::Force { .. } => KILN_INLINE_ALWAYS,
            InlineAttr::Never => KILN_INLINE_NEVER,
            InlineAttr::Hint => KILN_INLINE_HINT,
            InlineAttr::None if instance.def.requires_inline(self.tcx) => KILN_INLINE_HINT,
            InlineAttr::None => KILN_INLINE_BY_SIZE,
        };
        let unoptimized = matches!(attrs.optimize, OptimizeAttr::DoNotOptimize);
        let mut inline_needs = 0;
        for feature in attrs.target_features.iter() {
            match 1u32.checked_shl(state.features.insert_full(feature.name).0 as u32) {
                Some(bit) => inline_needs |= bit,
                None => inlining = KILN_INLINE_NEVER,
            }
        }
        if unoptimized {
            inlining = KILN_INLINE_NEVER;
        }
        let any = matches!(linkage, Linkage::WeakAny | Linkage::LinkOnceAny | Linkage::ExternalWeak);
        let replaceable = any || compat::is_common(linkage);
        let attrs = kiln_func_attrs {
            inlining,
            inline_needs,
            not_into: unoptimized,
            r#final: !replaceable,
            ..Default::default()
        };
        state.attrs.insert(symbol, attrs);
    }

    /// Tells the function what was noted.
    pub fn set_inlining(&self, symbol: kiln_symbol, func: *mut kiln_func) {
        let Some(state) = &self.inlining else { return };
        let Some(noted) = state.borrow().attrs.get(&symbol).copied() else { return };
        // SAFETY: the function is open.
        unsafe {
            let attrs = kiln_func_attrs {
                inlining: noted.inlining,
                inline_needs: noted.inline_needs,
                not_into: noted.not_into,
                r#final: noted.r#final,
                ..kiln_func_get_attrs(func)
            };
            kiln_func_set_attrs(func, &attrs);
        }
    }

    /// Notes that assembly refers to a function.
    pub fn want(&self, symbol: kiln_symbol) {
        if let Some(state) = &self.inlining {
            state.borrow_mut().wanted.insert(symbol);
        }
    }

    /// Has a function that is built wait. False: it is to be compiled now.
    pub fn waits(&self, symbol: kiln_symbol, func: *mut kiln_func) -> bool {
        let Some(state) = &self.inlining else { return false };
        // SAFETY: the function is open, and the module's if it is kept.
        let kept = unsafe {
            let always = kiln_func_get_attrs(func).inlining == KILN_INLINE_ALWAYS;
            (always || kiln_func_next_inst(func) <= SMALL) && kiln_func_keep(func) == KILN_OK
        };
        state.borrow_mut().waiting.push((symbol, (!kept).then_some(func)));
        true
    }

    /// Compiles the functions that wait.
    pub fn compile_waiting(&self) {
        let Some(state) = &self.inlining else { return };
        let mut waiting = std::mem::take(&mut state.borrow_mut().waiting);
        // SAFETY: the module is open, and each function is compiled or discarded once.
        unsafe {
            kiln_module_settle_inlining(self.module.raw);
            kiln_module_track_reachability(self.module.raw);
        }
        loop {
            let before = waiting.len();
            waiting.retain(|&(symbol, func)| {
                let wanted = self.is_wanted(symbol);
                if wanted {
                    // SAFETY: as above.
                    unsafe {
                        let func = func.unwrap_or_else(|| kiln_session_begin_kept(self.module.session, symbol));
                        kiln_func_compile(func);
                    }
                }
                !wanted
            });
            if waiting.len() == before {
                break;
            }
        }
        for (_, func) in waiting {
            if let Some(func) = func {
                // SAFETY: as above.
                unsafe { kiln_func_discard(func) };
            }
        }
    }

    fn is_wanted(&self, symbol: kiln_symbol) -> bool {
        let Some(state) = &self.inlining else { return true };
        // SAFETY: the module is open.
        unsafe {
            let linkage = kiln_symbol_get(self.module.raw, symbol).desc.linkage;
            let seen = !matches!(linkage, KILN_LINKAGE_INTERNAL | KILN_LINKAGE_PRIVATE | KILN_LINKAGE_LINKONCE);
            seen || state.borrow().wanted.contains(&symbol) || kiln_module_is_reachable(self.module.raw, symbol)
        }
    }
}
