//! What building a unit needs: Kiln's module, and tables of what was declared in it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use rustc_abi::{HasDataLayout, TargetDataLayout};
use rustc_codegen_ssa::traits::*;
use rustc_data_structures::fx::{FxHashMap, FxIndexSet};
use rustc_hir::def_id::DefId;
use rustc_middle::mir::interpret::ConstAllocation;
use rustc_middle::mono::CodegenUnit;
use rustc_middle::ty::layout::{
    FnAbiError, FnAbiOfHelpers, FnAbiRequest, HasTyCtxt, HasTypingEnv, LayoutError, LayoutOfHelpers,
};
use rustc_middle::ty::{self, ExistentialTraitRef, Instance, Ty, TyCtxt};
use rustc_session::Session;
use rustc_span::{Span, Symbol};
use rustc_target::callconv::FnAbi;
use rustc_target::spec::{HasTargetSpec, HasX86AbiOpt, Target, X86Abi};

use crate::abi::{Signature, SignatureInfo};
use crate::compat;
use crate::copies::{self, Copies};
use crate::debug::Debug;
use crate::fallback::{self, Refusal};
use crate::inlining::{self, Inlining};
use crate::module::Module;
use crate::operation::feature_flags;
use crate::sys::*;
use crate::types::Type;
use crate::values::Value;

/// A function of the module: its symbol.
pub type Function = kiln_symbol;

/// A block of a function that is being built.
#[derive(Copy, Clone)]
pub struct Block {
    pub func: *mut kiln_func,
    pub block: kiln_block,
    pub symbol: kiln_symbol,
}

/// A landing pad: its block's two parameters, and the clauses of the calls that unwind to it.
#[derive(Copy, Clone)]
pub struct Pad {
    pub exception: kiln_value,
    pub selector: kiln_value,
    pub clauses: kiln_clauses,
}

type Vtables<'tcx> = FxHashMap<(Ty<'tcx>, Option<ExistentialTraitRef<'tcx>>), Value>;

pub struct Context<'tcx> {
    pub tcx: TyCtxt<'tcx>,
    pub unit: &'tcx CodegenUnit<'tcx>,
    pub module: Module,
    pub debug: Option<Debug<'tcx>>,
    /// What is inlined.
    pub inlining: RefCell<Inlining>,
    /// Functions of other units, if their bodies are inlined.
    pub copies: Option<RefCell<Copies<'tcx>>>,

    pub instances: RefCell<FxHashMap<Instance<'tcx>, kiln_symbol>>,
    /// The instances that functions of this unit are.
    pub defined: RefCell<FxHashMap<kiln_symbol, Instance<'tcx>>>,
    pub statics: RefCell<FxHashMap<DefId, kiln_symbol>>,
    pub allocations: RefCell<FxHashMap<ConstAllocation<'tcx>, kiln_symbol>>,
    pub strings: RefCell<BTreeMap<String, kiln_symbol>>,
    /// The lanes of `Value::VectorConst`, whose bits shuffles need.
    pub vectors: RefCell<FxHashMap<kiln_symbol, Vec<u128>>>,
    vtables: RefCell<Vtables<'tcx>>,
    personality: Cell<Option<kiln_symbol>>,
    has_main: Cell<bool>,

    pub signatures: RefCell<Vec<SignatureInfo>>,
    /// By address of what rustc says about it, which is to be compared.
    pub abi_signatures: RefCell<FxHashMap<usize, (Signature, FnAbi<'tcx, Ty<'tcx>>)>>,
    pub function_signatures: RefCell<FxHashMap<kiln_symbol, Signature>>,
    pub field_lists: RefCell<FxIndexSet<Vec<(Type, u64)>>>,

    // Of the functions being built.
    pub open: RefCell<Vec<(kiln_symbol, *mut kiln_func)>>,
    pub pads: RefCell<FxHashMap<(*mut kiln_func, u32), Pad>>,
    part_lists: RefCell<Vec<Vec<Value>>>,
    /// Assembly of the module: all texts so far.
    pub assembly: RefCell<String>,
    /// The function by which `catch_unwind` calls, once there is one.
    pub try_function: Cell<Option<kiln_symbol>>,
}

impl<'tcx> Context<'tcx> {
    pub fn new(tcx: TyCtxt<'tcx>, unit: &'tcx CodegenUnit<'tcx>) -> Self {
        let module = Module::new(tcx, unit.name().as_str());
        let debug = Debug::new(tcx, unit, &module);
        let inlining = RefCell::new(inlining::set_up(tcx.sess, &module));
        Context {
            tcx,
            unit,
            module,
            debug,
            inlining,
            copies: copies::wanted(tcx.sess).then(RefCell::default),
            instances: RefCell::default(),
            defined: RefCell::default(),
            statics: RefCell::default(),
            allocations: RefCell::default(),
            strings: RefCell::default(),
            vectors: RefCell::default(),
            vtables: RefCell::default(),
            personality: Cell::new(None),
            has_main: Cell::new(false),
            signatures: RefCell::default(),
            abi_signatures: RefCell::default(),
            function_signatures: RefCell::default(),
            field_lists: RefCell::default(),
            open: RefCell::default(),
            pads: RefCell::default(),
            part_lists: RefCell::default(),
            assembly: RefCell::default(),
            try_function: Cell::new(None),
        }
    }

    /// Leaves the unit to LLVM after all: `needs.rs` did not know about this.
    pub fn fatal(&self, what: &str) -> ! {
        fallback::refuse(Refusal::Bug(what.to_string()))
    }

    /// Leaves the unit to LLVM for what only a walk over all of it finds.
    pub fn leave(&self, what: &str) -> ! {
        fallback::refuse(Refusal::Limit(what.to_string()))
    }

    /// Compiles the functions that were built since the last call, or has them wait (`inlining.rs`).
    pub fn compile_open(&self) {
        for (symbol, func) in self.open.borrow_mut().drain(..) {
            if !self.waits(symbol, func) {
                // SAFETY: the function is open, and nothing uses it afterwards.
                unsafe { kiln_func_compile(func) };
            }
        }
        if let Some(refusal) = self.module.error() {
            fallback::refuse(refusal);
        }
        self.pads.borrow_mut().clear();
        self.part_lists.borrow_mut().clear();
    }

    /// The features of the processor in a function of this unit (KILN_FEATURE_...).
    pub fn features_of(&self, symbol: kiln_symbol) -> u64 {
        let Some(&instance) = self.defined.borrow().get(&symbol) else { return 0 };
        let attrs = self.tcx.codegen_instance_attrs(instance.def);
        feature_flags(self.module.processor, attrs.target_features.iter().map(|feature| feature.name))
            | self.module.features
    }

    /// Several values as one of type `ty`, until `compile_open`.
    pub fn parts_value(&self, parts: Vec<Value>, ty: Type) -> Value {
        let mut lists = self.part_lists.borrow_mut();
        lists.push(parts);
        Value::Parts(lists.len() as u32 - 1, ty)
    }

    /// The values that `v` consists of.
    pub fn parts(&self, v: Value) -> Vec<Value> {
        match v {
            Value::Parts(id, _) => self.part_lists.borrow()[id as usize].clone(),
            Value::Undef(Type::Fields(id)) => self.fields(id).iter().map(|&(ty, _)| Value::Undef(ty)).collect(),
            v => vec![v],
        }
    }

    pub fn personality(&self) -> kiln_symbol {
        self.personality.get().unwrap_or_else(|| {
            let name = compat::personality_name(self.tcx);
            let (symbol, _) = self.library_function(&name, &[], Type::I32);
            self.personality.set(Some(symbol));
            symbol
        })
    }
}

impl<'tcx> BackendTypes for Context<'tcx> {
    type Function = Function;
    type BasicBlock = Block;
    type Funclet = ();
    type Value = Value;
    type Type = Type;
    type FunctionSignature = Signature;
    type DIScope = kiln_die;
    type DILocation = u32;
    type DIVariable = kiln_die;
}

impl<'tcx> MiscCodegenMethods<'tcx> for Context<'tcx> {
    fn vtables(&self) -> &RefCell<Vtables<'tcx>> {
        &self.vtables
    }
    fn get_fn(&self, instance: Instance<'tcx>) -> Function {
        self.function(instance)
    }
    fn get_fn_addr(&self, instance: Instance<'tcx>, _: compat::PointerAuth<'_>) -> Value {
        Value::Symbol(self.function(instance), 0)
    }
    fn eh_personality(&self) -> Function {
        self.personality()
    }
    fn sess(&self) -> &Session {
        self.tcx.sess
    }
    // All functions have the module's: `Module::begin`.
    fn set_frame_pointer_type(&self, _: Function) {}
    fn apply_target_cpu_attr(&self, _: Function) {}
    fn declare_c_main(&self, signature: Signature) -> Option<Function> {
        let desc = kiln_symbol_desc { body: true, ..Default::default() };
        (!self.has_main.replace(true)).then(|| self.declare_function("main", signature, desc))
    }
    fn intrinsic_call_expects_place_always(&self, _: Symbol) -> bool {
        false
    }
}

impl<'tcx> HasTyCtxt<'tcx> for Context<'tcx> {
    fn tcx(&self) -> TyCtxt<'tcx> {
        self.tcx
    }
}
impl HasDataLayout for Context<'_> {
    fn data_layout(&self) -> &TargetDataLayout {
        &self.tcx.data_layout
    }
}
impl HasTargetSpec for Context<'_> {
    fn target_spec(&self) -> &Target {
        &self.tcx.sess.target
    }
}
impl HasX86AbiOpt for Context<'_> {
    fn x86_abi_opt(&self) -> X86Abi {
        X86Abi { regparm: None, reg_struct_return: false }
    }
}
impl<'tcx> HasTypingEnv<'tcx> for Context<'tcx> {
    fn typing_env(&self) -> ty::TypingEnv<'tcx> {
        ty::TypingEnv::fully_monomorphized()
    }
}
impl<'tcx> LayoutOfHelpers<'tcx> for Context<'tcx> {
    // Errors of the user, which LLVM's back end reports.
    fn handle_layout_err(&self, err: LayoutError<'tcx>, _: Span, _: Ty<'tcx>) -> ! {
        self.fatal(&err.to_string())
    }
}
impl<'tcx> FnAbiOfHelpers<'tcx> for Context<'tcx> {
    fn handle_fn_abi_err(&self, err: FnAbiError<'tcx>, _: Span, request: FnAbiRequest<'tcx>) -> ! {
        self.fatal(&format!("no way to call {request:?}: {err:?}"))
    }
}
