//! What differs between the versions of rustc that the sources fit: all of it, and nothing else.
//!
//! `rustc_before_1_99` is 1.98; `rustc_before_1_100` is 1.98 and 1.99; `rustc_before_1_101` is these and 1.100 (a beta);
//! without any, it is 1.101 (a nightly). Methods of rustc's traits whose signatures differ are macros, which the files of
//! their traits have; they only pass on to methods that do not differ.

use rustc_codegen_ssa::traits::{BackendTypes, GlobalAsmOperandRef, InlineAsmOperandRef};
use rustc_hir::def_id::DefId;
use rustc_middle::mir::interpret::Scalar;
use rustc_middle::mono::CodegenUnit;
use rustc_middle::ty::{GenericArgsRef, Instance, ScalarInt, Ty, TyKind};
use rustc_span::Symbol;

/// Attributes of functions and statics.
pub mod attr_ir {
    #[cfg(not(rustc_before_1_99))]
    pub use rustc_attr_ir::{InlineAttr, Linkage, OptimizeAttr};
    #[cfg(rustc_before_1_99)]
    pub use rustc_hir::attrs::{InlineAttr, Linkage, OptimizeAttr};
}

/// How a pointer is to be signed, on processors that Kiln does not have.
#[cfg(not(rustc_before_1_99))]
pub type PointerAuth<'a> = Option<&'a rustc_session::PointerAuthSchema>;
#[cfg(rustc_before_1_99)]
pub type PointerAuth<'a> = Option<rustc_codegen_ssa::traits::PacMetadata>;

/// The features of the processor that are on, with unstable ones.
pub fn target_features(sess: &rustc_session::Session) -> &rustc_data_structures::fx::FxIndexSet<rustc_span::Symbol> {
    #[cfg(rustc_before_1_99)]
    return &sess.unstable_target_features;
    #[cfg(not(rustc_before_1_99))]
    &sess.internal_target_features
}

/// A unit without items that is otherwise as `unit` is.
pub fn empty_copy<'tcx>(unit: &CodegenUnit<'tcx>) -> CodegenUnit<'tcx> {
    let mut copy = empty_unit(unit.name());
    #[cfg(not(rustc_before_1_99))]
    copy.set_symbol_name(unit.symbol_name());
    if unit.is_primary() {
        copy.make_primary();
    }
    if unit.is_code_coverage_dead_code_cgu() {
        copy.make_code_coverage_dead_code_cgu();
    }
    copy
}

/// A unit of this name without items.
pub fn empty_unit<'tcx>(name: Symbol) -> CodegenUnit<'tcx> {
    #[cfg_attr(rustc_before_1_99, allow(unused_mut))]
    let mut unit = CodegenUnit::new(name);
    #[cfg(not(rustc_before_1_99))]
    unit.set_symbol_name(name);
    unit
}

/// The function that a value of this type is, if it is one that is named.
pub fn function_item<'tcx>(ty: Ty<'tcx>) -> Option<(DefId, GenericArgsRef<'tcx>)> {
    let &TyKind::FnDef(id, args) = ty.kind() else { return None };
    #[cfg(rustc_before_1_99)]
    return Some((id, args));
    #[cfg(not(rustc_before_1_99))]
    Some((id, args.no_bound_vars()?))
}

/// What is wrong if the types of a function's body have no normal form.
pub type MonoError = rustc_middle::mono::NormalizationErrorInMono;

/// Two scalars, and where the second one is.
#[allow(unused_variables)]
pub fn scalar_pair(
    layout: &impl rustc_abi::HasDataLayout,
    repr: rustc_abi::BackendRepr,
) -> Option<(rustc_abi::Scalar, rustc_abi::Scalar, rustc_abi::Size)> {
    #[cfg(rustc_before_1_99)]
    return match repr {
        rustc_abi::BackendRepr::ScalarPair(a, b) => Some((a, b, a.size(layout).align_to(b.default_align(layout).abi))),
        _ => None,
    };
    #[cfg(not(rustc_before_1_99))]
    match repr {
        rustc_abi::BackendRepr::ScalarPair { a, b, b_offset } => Some((a, b, b_offset)),
        _ => None,
    }
}

/// A constant that assembly names.
pub enum AsmConst<'tcx> {
    #[allow(dead_code)]
    Text(String),
    #[allow(dead_code)]
    Number(ScalarInt, Ty<'tcx>),
    #[allow(dead_code)]
    Address(Scalar),
    #[allow(dead_code)]
    Function(Instance<'tcx>),
    Static(DefId),
}

/// That of an operand, of either kind.
macro_rules! asm_const {
    ($kind:ident, $operand:expr) => {
        match *$operand {
            #[cfg(rustc_before_1_99)]
            $kind::Const { ref string } => Some(AsmConst::Text(string.clone())),
            #[cfg(rustc_before_1_99)]
            $kind::SymFn { instance } => Some(AsmConst::Function(instance)),
            #[cfg(rustc_before_1_99)]
            $kind::SymStatic { def_id } => Some(AsmConst::Static(def_id)),
            #[cfg(not(rustc_before_1_99))]
            $kind::Const { value: Scalar::Int(int), ty } => Some(AsmConst::Number(int, ty)),
            #[cfg(not(rustc_before_1_99))]
            $kind::Const { value, .. } => Some(AsmConst::Address(value)),
            #[cfg(not(rustc_before_1_99))]
            $kind::SymThreadLocalStatic { def_id } => Some(AsmConst::Static(def_id)),
            #[allow(unreachable_patterns)]
            _ => None,
        }
    };
}

pub fn asm_const_of_module<'tcx>(operand: &GlobalAsmOperandRef<'tcx>) -> Option<AsmConst<'tcx>> {
    asm_const!(GlobalAsmOperandRef, operand)
}

pub fn asm_const<'tcx, B: BackendTypes + ?Sized>(operand: &InlineAsmOperandRef<'tcx, B>) -> Option<AsmConst<'tcx>> {
    asm_const!(InlineAsmOperandRef, operand)
}

/// How many lanes a vector has.
#[cfg(rustc_before_1_99)]
pub fn lanes(count: u64) -> u32 {
    count as u32
}
#[cfg(not(rustc_before_1_99))]
pub fn lanes(count: rustc_abi::BackendLaneCount) -> u32 {
    count.as_u64() as u32
}

#[cfg(rustc_before_1_99)]
macro_rules! layout_methods {
    () => {
        fn is_backend_immediate(&self, layout: TyAndLayout<'tcx>) -> bool {
            matches!(layout.backend_repr, BackendRepr::Scalar(_) | BackendRepr::SimdVector { .. })
        }
        fn is_backend_scalar_pair(&self, layout: TyAndLayout<'tcx>) -> bool {
            matches!(layout.backend_repr, BackendRepr::ScalarPair(..))
        }
    };
}
#[cfg(not(rustc_before_1_99))]
macro_rules! layout_methods {
    () => {};
}

#[cfg(rustc_before_1_99)]
macro_rules! join_methods {
    () => {
        fn join_codegen(
            &self,
            ongoing: Box<dyn Any>,
            sess: &Session,
            outputs: &OutputFilenames,
            info: &CrateInfo,
        ) -> (CompiledModules, WorkProductMap) {
            self.join(
                ongoing,
                |kilns| kilns.join(sess, info),
                |llvm, llvms| llvm.join_codegen(llvms, sess, outputs, info),
            )
        }
    };
}
#[cfg(not(rustc_before_1_99))]
macro_rules! join_methods {
    () => {
        fn join_codegen(
            &self,
            ongoing: Box<dyn Any>,
            sess: &Session,
            incremental: Option<&rustc_session::IncrCompSession>,
            outputs: &OutputFilenames,
            info: &CrateInfo,
        ) -> (CompiledModules, WorkProductMap) {
            self.join(
                ongoing,
                |kilns| kilns.join(sess, incremental, info),
                |llvm, llvms| llvm.join_codegen(llvms, sess, incremental, outputs, info),
            )
        }
    };
}
pub(crate) use {join_methods, layout_methods};

#[cfg(rustc_before_1_100)]
mod at_100 {
    use rustc_session::Session;
    use rustc_target::callconv::PassMode;

    pub use rustc_session::Session as EarlySession;
    pub use rustc_session::config::CrateType;

    /// Where the result of a call goes. In this version the address of memory for it is one of the arguments.
    #[derive(Copy, Clone)]
    pub enum ReturnSlot<V> {
        Direct,
        #[allow(dead_code)]
        Indirect(V),
    }

    pub fn has_sample_profile(sess: &Session) -> bool {
        sess.opts.unstable_opts.profile_sample_use.is_some()
    }

    pub fn indirect(mode: &PassMode) -> super::Indirect<'_> {
        match mode {
            PassMode::Indirect { on_stack: true, attrs, .. } => super::Indirect::Copied(attrs),
            PassMode::Indirect { meta_attrs: None, .. } => super::Indirect::Address,
            _ => super::Indirect::WideAddress,
        }
    }

    macro_rules! bf16_methods {
        () => {};
    }

    macro_rules! builder_methods {
        () => {
            fn invoke(
                &mut self,
                signature: Signature,
                _: Option<&CodegenFnAttrs>,
                _: Option<&FnAbi<'tcx, Ty<'tcx>>>,
                callee: Value,
                args: &[Value],
                then: Block,
                catch: Block,
                _: Option<&()>,
                _: Option<Instance<'tcx>>,
            ) -> Value {
                self.build_invoke(signature, callee, ReturnSlot::Direct, args, then, catch)
            }
            fn call(
                &mut self,
                signature: Signature,
                _: Option<&CodegenFnAttrs>,
                _: Option<&FnAbi<'tcx, Ty<'tcx>>>,
                callee: Value,
                args: &[Value],
                _: Option<&()>,
                _: Option<Instance<'tcx>>,
            ) -> Value {
                self.build_call(signature, callee, ReturnSlot::Direct, args)
            }
            fn tail_call(
                &mut self,
                _: Signature,
                _: Option<&CodegenFnAttrs>,
                _: &FnAbi<'tcx, Ty<'tcx>>,
                _: Value,
                _: &[Value],
                _: Option<&()>,
                _: Option<Instance<'tcx>>,
            ) {
                self.build_tail_call();
            }
            fn atomic_load(&mut self, ty: Type, address: Value, order: AtomicOrdering, _: Size) -> Value {
                self.load_atomic(ty, address, order)
            }
            fn atomic_store(&mut self, v: Value, address: Value, order: AtomicOrdering, _: Size) {
                self.store_atomic(v, address, order);
            }
        };
    }

    macro_rules! asm_codegen_methods {
        () => {
            fn codegen_global_asm(
                &mut self,
                template: &[InlineAsmTemplatePiece],
                operands: &[GlobalAsmOperandRef<'tcx>],
                options: InlineAsmOptions,
                _: &[Span],
            ) {
                self.global_assembly(template, operands, options);
            }
        };
    }

    macro_rules! codegen_backend_methods {
        () => {
            fn init(&self, sess: &Session) {
                llvm_backend().init(sess);
            }
            fn replaced_intrinsics(&self) -> Vec<Symbol> {
                replaced_intrinsics(llvm_backend().replaced_intrinsics())
            }
            fn fallback_intrinsics(&self) -> Vec<Symbol> {
                llvm_backend().fallback_intrinsics()
            }
            fn print_pass_timings(&self) {
                llvm_backend().print_pass_timings();
            }
            fn print_statistics(&self) {
                llvm_backend().print_statistics();
            }
        };
    }

    macro_rules! extra_backend_methods {
        () => {
            fn compile_codegen_unit(&self, tcx: TyCtxt<'_>, name: Symbol) -> (ModuleCodegen<Unit>, u64) {
                self.compile(tcx, name, |llvm, name| llvm.compile_codegen_unit(tcx, name))
            }
        };
    }

    macro_rules! target_machine_methods {
        () => {
            fn target_machine_factory(&self, _: &Session, _: OptLevel, _: &[String]) -> TargetMachineFactoryFn<Self> {
                Arc::new(|_, _| ())
            }
        };
    }

    pub(crate) use {
        asm_codegen_methods, bf16_methods, builder_methods, codegen_backend_methods, extra_backend_methods,
        target_machine_methods,
    };
}

#[cfg(not(rustc_before_1_100))]
mod at_100 {
    use rustc_session::Session;
    use rustc_target::callconv::{IndirectMode, PassMode};

    pub use rustc_codegen_ssa::traits::ReturnSlot;
    pub use rustc_session::EarlySession;
    pub use rustc_structures::CrateType;

    pub fn has_sample_profile(sess: &Session) -> bool {
        sess.opts.cg.profile_sample_use.is_some()
    }

    pub fn indirect(mode: &PassMode) -> super::Indirect<'_> {
        match mode {
            PassMode::Indirect { mode: IndirectMode::OnStack, attrs, .. } => super::Indirect::Copied(attrs),
            PassMode::Indirect { .. } => super::Indirect::Address,
            _ => super::Indirect::WideAddress,
        }
    }

    macro_rules! bf16_methods {
        () => {
            // Of processors that Kiln does not have.
            fn type_f16b(&self) -> Type {
                self.fatal("a value of type f16b")
            }
        };
    }

    macro_rules! builder_methods {
        () => {
            fn invoke(
                &mut self,
                signature: Signature,
                _: Option<&CodegenFnAttrs>,
                _: Option<&FnAbi<'tcx, Ty<'tcx>>>,
                callee: Value,
                slot: ReturnSlot<Value>,
                args: &[Value],
                then: Block,
                catch: Block,
                _: Option<&()>,
                _: Option<Instance<'tcx>>,
            ) -> Value {
                self.build_invoke(signature, callee, slot, args, then, catch)
            }
            fn call(
                &mut self,
                signature: Signature,
                _: Option<&CodegenFnAttrs>,
                _: Option<&FnAbi<'tcx, Ty<'tcx>>>,
                callee: Value,
                slot: ReturnSlot<Value>,
                args: &[Value],
                _: Option<&()>,
                _: Option<Instance<'tcx>>,
            ) -> Value {
                self.build_call(signature, callee, slot, args)
            }
            fn tail_call(
                &mut self,
                _: Signature,
                _: Option<&CodegenFnAttrs>,
                _: &FnAbi<'tcx, Ty<'tcx>>,
                _: Value,
                _: ReturnSlot<Value>,
                _: &[Value],
                _: Option<&()>,
                _: Option<Instance<'tcx>>,
            ) {
                self.build_tail_call();
            }
            fn atomic_load(
                &mut self,
                ty: Type,
                address: Value,
                order: AtomicOrdering,
                _volatile: bool,
                _: Size,
            ) -> Value {
                self.load_atomic(ty, address, order)
            }
            fn atomic_store(&mut self, v: Value, address: Value, order: AtomicOrdering, _volatile: bool, _: Size) {
                self.store_atomic(v, address, order);
            }
        };
    }

    macro_rules! asm_codegen_methods {
        () => {
            fn codegen_global_asm(
                &mut self,
                template: &[InlineAsmTemplatePiece],
                operands: &[GlobalAsmOperandRef<'tcx>],
                options: InlineAsmOptions,
                _: &[Span],
                _: &[String],
            ) {
                self.global_assembly(template, operands, options);
            }
        };
    }

    macro_rules! codegen_backend_methods {
        () => {
            fn init(&mut self, sess: &EarlySession) -> rustc_session::CodegenBackendInit {
                let mut init = llvm_backend().init(sess);
                init.replaced_intrinsics = replaced_intrinsics(init.replaced_intrinsics);
                init
            }
        };
    }

    macro_rules! extra_backend_methods {
        () => {
            fn compile_codegen_unit(&self, tcx: TyCtxt<'_>, name: Symbol, bitcode: bool) -> (ModuleCodegen<Unit>, u64) {
                self.compile(tcx, name, |llvm, name| llvm.compile_codegen_unit(tcx, name, bitcode))
            }
        };
    }

    macro_rules! target_machine_methods {
        () => {
            fn target_machine_factory(&self, _: &Session, _: OptLevel) -> TargetMachineFactoryFn<Self> {
                Arc::new(|_, _| ())
            }
        };
    }

    pub(crate) use {
        asm_codegen_methods, bf16_methods, builder_methods, codegen_backend_methods, extra_backend_methods,
        target_machine_methods,
    };
}

#[cfg(rustc_before_1_101)]
mod at_101 {
    use super::attr_ir::Linkage;
    use rustc_codegen_ssa::ModuleCodegen;
    use rustc_middle::ty::TyCtxt;

    pub fn personality_name(_: TyCtxt<'_>) -> String {
        "rust_eh_personality".to_string()
    }

    pub fn is_common(linkage: Linkage) -> bool {
        linkage == Linkage::Common
    }

    /// A module as another back end, or another state, has it.
    pub fn map_module<A, B>(module: ModuleCodegen<A>, map: impl FnOnce(A) -> B) -> ModuleCodegen<B> {
        let ModuleCodegen { name, module_llvm, kind, thin_lto_buffer } = module;
        ModuleCodegen { name, module_llvm: map(module_llvm), kind, thin_lto_buffer }
    }

    /// The module, in whose place `left` stays.
    pub fn take_module<M>(module: &mut ModuleCodegen<M>, left: M) -> ModuleCodegen<M> {
        let module_llvm = std::mem::replace(&mut module.module_llvm, left);
        ModuleCodegen { name: module.name.clone(), module_llvm, kind: module.kind, thin_lto_buffer: None }
    }

    macro_rules! base_type_methods {
        () => {
            fn type_array(&self, ty: Type, n: u64) -> Type {
                Type::Memory(self.size_of_type(ty) * n)
            }
            fn type_kind(&self, ty: Type) -> rustc_codegen_ssa::common::TypeKind {
                use rustc_codegen_ssa::common::TypeKind;
                match ty {
                    Type::Void => TypeKind::Void,
                    Type::F16 => TypeKind::Half,
                    Type::F32 => TypeKind::Float,
                    Type::F64 => TypeKind::Double,
                    Type::F128 => TypeKind::FP128,
                    Type::Ptr => TypeKind::Pointer,
                    Type::Vector(..) => TypeKind::Vector,
                    Type::Memory(_) | Type::Fields(_) => TypeKind::Struct,
                    _ => TypeKind::Integer,
                }
            }
            fn element_type(&self, ty: Type) -> Type {
                let Type::Vector(lane, _) = ty else { unreachable!("{ty:?} is no vector") };
                lane.ty()
            }
            fn vector_length(&self, ty: Type) -> usize {
                let Type::Vector(_, n) = ty else { unreachable!("{ty:?} is no vector") };
                n as usize
            }
            fn float_width(&self, ty: Type) -> usize {
                float_kind(ty).map_or(0, |_| ty.scalar_size() as usize * 8)
            }
            fn int_width(&self, ty: Type) -> u64 {
                ty.int_bits().unwrap_or(0).into()
            }
        };
    }

    macro_rules! splat_methods {
        () => {
            fn vector_splat(&mut self, n: usize, v: Value) -> Value {
                self.splat(n as u32, v)
            }
        };
    }

    macro_rules! intrinsic_methods {
        () => {
            fn abort(&mut self) {
                self.trap();
            }
        };
    }

    macro_rules! thin_lto_methods {
        () => {
            fn run_thin_lto(
                _: &CodegenContext,
                _: &SelfProfilerRef,
                _: DiagCtxtHandle<'_>,
                _: &[String],
                _: &[PathBuf],
                _: Vec<ThinLtoInput<Self>>,
            ) -> (Vec<ThinModule<Self>>, Vec<WorkProduct>) {
                unreachable!("{NO_LTO}")
            }
        };
    }

    pub(crate) use {base_type_methods, intrinsic_methods, splat_methods, thin_lto_methods};
}

#[cfg(not(rustc_before_1_101))]
mod at_101 {
    use super::attr_ir::Linkage;
    use rustc_codegen_ssa::ModuleCodegen;
    use rustc_middle::ty::TyCtxt;

    pub fn personality_name(tcx: TyCtxt<'_>) -> String {
        rustc_symbol_mangling::eh_personality_symbol(tcx).to_string()
    }

    pub fn is_common(_: Linkage) -> bool {
        false
    }

    /// A module as another back end, or another state, has it.
    pub fn map_module<A, B>(module: ModuleCodegen<A>, map: impl FnOnce(A) -> B) -> ModuleCodegen<B> {
        let ModuleCodegen { name, module_llvm, kind } = module;
        ModuleCodegen { name, module_llvm: map(module_llvm), kind }
    }

    /// The module, in whose place `left` stays.
    pub fn take_module<M>(module: &mut ModuleCodegen<M>, left: M) -> ModuleCodegen<M> {
        let module_llvm = std::mem::replace(&mut module.module_llvm, left);
        ModuleCodegen { name: module.name.clone(), module_llvm, kind: module.kind }
    }

    macro_rules! base_type_methods {
        () => {
            // Of processors that Kiln does not have.
            fn type_ppcf128(&self) -> Type {
                self.fatal("a value of type ppcf128")
            }
            fn vector_element_type_and_length(&self, ty: Type) -> Option<(Type, u64)> {
                let Type::Vector(lane, n) = ty else { return None };
                Some((lane.ty(), n.into()))
            }
            fn float_type(&self, ty: Type) -> Option<Float> {
                float_kind(ty)
            }
            fn int_width(&self, ty: Type) -> Option<u64> {
                ty.int_bits().map(u64::from)
            }
        };
    }

    macro_rules! splat_methods {
        () => {
            fn vector_splat(&mut self, n: u64, v: Value) -> Value {
                self.splat(n as u32, v)
            }
        };
    }

    macro_rules! intrinsic_methods {
        () => {
            fn abort_immediate(&mut self) {
                self.trap();
            }
            fn ctpop(&mut self, v: Value) -> Value {
                let bits = self.unary(KILN_OP_POPCNT, v);
                self.int_cast(bits, Type::I32, false)
            }
        };
    }

    macro_rules! thin_lto_methods {
        () => {
            fn run_thin_lto(
                _: &CodegenContext,
                _: &SelfProfilerRef,
                _: Option<&rustc_session::BorrowedIncrCompSession>,
                _: DiagCtxtHandle<'_>,
                _: &[String],
                _: &[PathBuf],
                _: Vec<ThinLtoInput<Self>>,
            ) -> (Vec<ThinModule<Self>>, Vec<WorkProduct>) {
                unreachable!("{NO_LTO}")
            }
        };
    }

    pub(crate) use {base_type_methods, intrinsic_methods, splat_methods, thin_lto_methods};
}

use rustc_target::callconv::ArgAttributes;

/// How an argument in memory is passed.
pub enum Indirect<'a> {
    /// As a copy in the argument area.
    Copied(&'a ArgAttributes),
    /// By its address.
    Address,
    /// By its address and its length or vtable.
    WideAddress,
}

pub use at_100::{CrateType, EarlySession, ReturnSlot, has_sample_profile, indirect};
pub(crate) use at_100::{
    asm_codegen_methods, bf16_methods, builder_methods, codegen_backend_methods, extra_backend_methods,
    target_machine_methods,
};
pub(crate) use at_101::{base_type_methods, intrinsic_methods, splat_methods, thin_lto_methods};
pub use at_101::{is_common, map_module, personality_name, take_module};
