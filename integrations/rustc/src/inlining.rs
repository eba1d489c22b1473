//! Inlining (`$KILN_INLINE`; docs/inlining.md). Functions wait until all of a unit are built, small ones as Kiln's kept
//! functions. Then they are compiled; those that other units cannot see, only if something refers to them.
//! By default, only `#[inline(always)]` functions are inlined, as LLVM does without optimization. Then only these
//! functions and those that refer to them wait; all others are compiled at once.

use std::cell::RefCell;
use std::ffi::CString;
use std::sync::OnceLock;

use crate::compat::attr_ir::{InlineAttr, Linkage, OptimizeAttr};
use rustc_data_structures::fx::{FxHashMap, FxHashSet, FxIndexSet};
use rustc_hir::def_id::{CrateNum, DefId, LOCAL_CRATE, StableCrateId};
use rustc_middle::ty::{Instance, TyCtxt};
use rustc_session::Session;
use rustc_span::{FileName, RealFileName, RemapPathScopeComponents, Symbol};

use crate::compat;
use crate::context::Context;
use crate::fallback;
use crate::module::Module;
use crate::sys::*;

/// Instructions of a function that may be small: docs/inlining.md does not count all of them.
pub const SMALL: u32 = 300;
/// The largest number that users may say instead.
const MOST: u32 = 10_000;

/// A function that waits: its body, unless it is kept.
type Waiting = (kiln_symbol, Option<*mut kiln_func>);

/// What inlining needs of a unit.
#[derive(Default)]
pub struct Inlining {
    what: Inlined,
    /// The functions that must be inlined.
    always: FxHashSet<kiln_symbol>,
    /// The functions being built that refer to one of `always`.
    referring: FxHashSet<*mut kiln_func>,
    /// What of a function's attributes is about inlining.
    attrs: FxHashMap<kiln_symbol, kiln_func_attrs>,
    /// The features of processors, by the number of their bits.
    features: FxIndexSet<Symbol>,
    waiting: Vec<Waiting>,
    /// Functions that assembly refers to.
    wanted: FxHashSet<kiln_symbol>,
    /// Those that waited, and were compiled.
    compiled: FxHashSet<kiln_symbol>,
}

/// What is inlined besides the functions of `always`.
#[derive(Copy, Clone, Default, PartialEq)]
pub enum Inlined {
    #[default]
    Nothing,
    /// Small functions whose source is not the user's.
    Foreign,
    /// Small functions.
    Small,
}

/// What `$KILN_INLINE` says (tools/inlining.c), and the most instructions of a small function; 0: the usual number.
/// None: it is a bad value.
fn said() -> Option<(Inlined, u32)> {
    static SAID: OnceLock<Option<(Inlined, u32)>> = OnceLock::new();
    *SAID.get_or_init(|| match &*fallback::variable("KILN_INLINE").unwrap_or_default() {
        "" | "must" => Some((Inlined::Nothing, 0)),
        "foreign" => Some((Inlined::Foreign, 0)),
        "small" => Some((Inlined::Small, 0)),
        size => size.parse().ok().filter(|size| (1..=MOST).contains(size)).map(|size| (Inlined::Small, size)),
    })
}

/// What is inlined. A bad value is an error elsewhere.
pub fn what() -> Inlined {
    said().map_or(Inlined::Nothing, |(what, _)| what)
}

/// Is the source of a function not the user's, but that of the standard library or of a package? The folder of the crate
/// decides.
pub fn is_foreign(tcx: TyCtxt<'_>, id: DefId) -> bool {
    thread_local! {
        static FOREIGN: RefCell<FxHashMap<StableCrateId, bool>> = RefCell::default();
    }
    let krate = tcx.stable_crate_id(id.krate);
    FOREIGN.with_borrow(|known| known.get(&krate).copied()).unwrap_or_else(|| {
        let found = is_foreign_crate(tcx, id.krate);
        FOREIGN.with_borrow_mut(|known| known.insert(krate, found));
        found
    })
}

fn is_foreign_crate(tcx: TyCtxt<'_>, krate: CrateNum) -> bool {
    let is_foreign = |name: &RealFileName| {
        let path = CString::new(name.path(RemapPathScopeComponents::DEBUGINFO).to_string_lossy().as_bytes());
        // SAFETY: the path ends with a NUL.
        path.is_ok_and(|path| unsafe { kiln_file_is_foreign(path.as_ptr()) })
    };
    if krate == LOCAL_CRATE {
        return tcx.sess.local_crate_source_file().is_some_and(|name| is_foreign(&name));
    }
    match &tcx.sess.source_map().lookup_source_file(tcx.def_span(krate.as_def_id()).lo()).name {
        FileName::Real(name) => is_foreign(name),
        _ => false,
    }
}

/// Sets what is inlined.
pub fn set_up(sess: &Session, module: &Module) -> Inlining {
    let Some((what, instructions)) = said() else {
        let word = fallback::variable("KILN_INLINE").unwrap_or_default();
        sess.dcx().fatal(format!(
            "KILN_INLINE: bad value '{word}': small, foreign, must, or the most instructions, up to {MOST}"
        ))
    };
    let inlining = match what {
        Inlined::Nothing => KILN_INLINING_MUST,
        Inlined::Foreign => KILN_INLINING_FOREIGN,
        Inlined::Small => KILN_INLINING_SMALL,
    };
    let variables = match &*fallback::variable("KILN_VARIABLES").unwrap_or_default() {
        "all" => KILN_VARIABLES_ALL,
        // Variables that debuggers show all the time would keep small functions slow.
        "" | "own" if what == Inlined::Small => KILN_VARIABLES_AS_IS,
        "" | "own" => KILN_VARIABLES_KEPT,
        word => sess.dcx().fatal(format!("KILN_VARIABLES: bad value '{word}': own or all")),
    };
    let limits = kiln_inline_attrs { instructions, ..Default::default() };
    // SAFETY: the module is open.
    unsafe {
        let attrs = kiln_module_attrs { inlining, variables, ..kiln_module_get_attrs(module.raw) };
        kiln_module_set_attrs(module.raw, &attrs);
        kiln_module_set_inline_attrs(module.raw, &limits);
    }
    Inlining { what, ..Default::default() }
}

impl<'tcx> Context<'tcx> {
    /// Notes what rustc says of a function's inlining, as its LLVM back end does.
    pub fn note_inlining(&self, instance: Instance<'tcx>, symbol: kiln_symbol, linkage: Linkage) {
        let mut state = self.inlining.borrow_mut();
        let attrs = self.tcx.codegen_instance_attrs(instance.def);
        let mut inlining = match attrs.inline {
            _ if !self.tcx.sess.opts.unstable_opts.inline_llvm => KILN_INLINE_NEVER,
            InlineAttr::Always | InlineAttr::Force { .. } => KILN_INLINE_ALWAYS,
            InlineAttr::Never => KILN_INLINE_NEVER,
            InlineAttr::Hint => KILN_INLINE_HINT,
            InlineAttr::None if instance.def.requires_inline(self.tcx) => KILN_INLINE_HINT,
            InlineAttr::None => KILN_INLINE_BY_SIZE,
        };
        let unoptimized = matches!(attrs.optimize, OptimizeAttr::DoNotOptimize);
        let mut inline_needs = 0;
        // A caller has what every function of the program has without naming it.
        let all_have = compat::target_features(self.tcx.sess);
        for feature in attrs.target_features.iter().filter(|feature| !all_have.contains(&feature.name)) {
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
            foreign: is_foreign(self.tcx, instance.def_id()),
            ..Default::default()
        };
        if inlining == KILN_INLINE_ALWAYS {
            state.always.insert(symbol);
        }
        state.attrs.insert(symbol, attrs);
    }

    /// Tells the function what was noted.
    pub fn set_inlining(&self, symbol: kiln_symbol, func: *mut kiln_func) {
        let Some(noted) = self.inlining.borrow().attrs.get(&symbol).copied() else { return };
        // SAFETY: the function is open.
        unsafe {
            let attrs = kiln_func_attrs {
                inlining: noted.inlining,
                inline_needs: noted.inline_needs,
                not_into: noted.not_into,
                r#final: noted.r#final,
                foreign: noted.foreign,
                ..kiln_func_get_attrs(func)
            };
            kiln_func_set_attrs(func, &attrs);
        }
    }

    /// Notes that assembly refers to a function.
    pub fn want(&self, symbol: kiln_symbol) {
        self.inlining.borrow_mut().wanted.insert(symbol);
    }

    /// Notes that a function being built refers to `symbol`.
    pub fn note_reference(&self, func: *mut kiln_func, symbol: kiln_symbol) {
        let mut state = self.inlining.borrow_mut();
        if state.always.contains(&symbol) {
            state.referring.insert(func);
        }
    }

    /// Has a function that is built wait. False: it is to be compiled now.
    pub fn waits(&self, symbol: kiln_symbol, func: *mut kiln_func) -> bool {
        let mut state = self.inlining.borrow_mut();
        let always = state.always.contains(&symbol);
        let refers = state.referring.remove(&func);
        if state.what == Inlined::Nothing && !always && !refers {
            return false;
        }
        let is_foreign = || state.attrs.get(&symbol).is_some_and(|attrs| attrs.foreign);
        let is_small = |func| match state.what {
            Inlined::Nothing => false,
            Inlined::Foreign if !is_foreign() => false,
            // SAFETY: the function is open.
            _ => unsafe { kiln_func_next_inst(func) <= SMALL },
        };
        // SAFETY: the function is open, and the module's if it is kept.
        let kept = (always || is_small(func)) && unsafe { kiln_func_keep(func) == KILN_OK };
        state.waiting.push((symbol, (!kept).then_some(func)));
        true
    }

    /// Compiles the functions that wait.
    pub fn compile_waiting(&self) {
        let mut waiting = std::mem::take(&mut self.inlining.borrow_mut().waiting);
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
                    self.inlining.borrow_mut().compiled.insert(symbol);
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

    /// Was a function that waited compiled?
    pub fn was_compiled(&self, symbol: kiln_symbol) -> bool {
        self.inlining.borrow().compiled.contains(&symbol)
    }

    fn is_wanted(&self, symbol: kiln_symbol) -> bool {
        let state = self.inlining.borrow();
        // What was compiled at once may refer to any function but those of `always`.
        if state.what == Inlined::Nothing && !state.always.contains(&symbol) || state.wanted.contains(&symbol) {
            return true;
        }
        // SAFETY: the module is open.
        unsafe {
            let linkage = kiln_symbol_get(self.module.raw, symbol).desc.linkage;
            let seen = !matches!(linkage, KILN_LINKAGE_INTERNAL | KILN_LINKAGE_PRIVATE | KILN_LINKAGE_LINKONCE);
            seen || kiln_symbol_is_reachable(self.module.raw, symbol)
        }
    }
}
