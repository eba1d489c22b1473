//! Instructions: rustc's builder over Kiln's. The parts that are longer than a line have files of their own.

use std::ops::Deref;

use rustc_abi::{Align, BackendRepr, HasDataLayout, Scalar, Size, TargetDataLayout, WrappingRange};
use rustc_ast::expand::typetree::FncTree;
use rustc_codegen_ssa::MemFlags;
use rustc_codegen_ssa::common::*;
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_hir::def_id::DefId;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrs;
use rustc_middle::ty::layout::{
    FnAbiError, FnAbiOfHelpers, FnAbiRequest, HasTyCtxt, HasTypingEnv, LayoutError, LayoutOfHelpers, TyAndLayout,
};
use rustc_middle::ty::{self, AtomicOrdering, Instance, Ty, TyCtxt};
use rustc_span::Span;
use rustc_target::callconv::FnAbi;
use rustc_target::spec::{HasTargetSpec, HasX86AbiOpt, Target, X86Abi};

use crate::abi::Signature;
use crate::compat::{self, ReturnSlot};
use crate::consts::log2;
use crate::context::{Block, Context, Function};
use crate::sys::*;
use crate::types::Type;
use crate::values::Value;

/// Builds instructions at the end of a block.
pub struct Builder<'a, 'tcx> {
    pub cx: &'a Context<'tcx>,
    pub block: Block,
    /// Of what is built next: as LLVM's, a builder begins without one. A function has that of its current block's builder.
    pub location: u32,
}

impl<'a, 'tcx> Builder<'a, 'tcx> {
    /// The function, with this block as its current one.
    pub fn func(&self) -> *mut kiln_func {
        let Block { func, block, .. } = self.block;
        // SAFETY: the function is open.
        unsafe {
            if kiln_block_current(func) != block {
                kiln_block_switch(func, block);
                kiln_func_set_loc(func, self.location);
            }
        }
        func
    }

    /// Starts the body of a function, which `Context::compile_open` ends.
    pub fn open(cx: &Context<'tcx>, symbol: kiln_symbol) -> Block {
        let func = cx.module.begin(symbol, cx.features_of(symbol));
        cx.set_inlining(symbol, func);
        cx.open.borrow_mut().push((symbol, func));
        Block { func, block: kiln_block { id: 0 }, symbol }
    }

    /// Says that the function cannot be built, which leaves the unit to LLVM.
    pub fn unsupported(&self, what: &str, ty: Type) -> Value {
        self.fail(KILN_ERR_UNSUPPORTED, what, ty)
    }

    fn fail(&self, status: kiln_status, what: &str, ty: Type) -> Value {
        let what = std::ffi::CString::new(what).expect("no NUL");
        // SAFETY: the function is open, and the message is copied.
        unsafe { kiln_func_fail(self.block.func, status, what.as_ptr()) };
        Value::Undef(ty)
    }
}

/// The methods that build an operation of two operands.
macro_rules! binary {
    ($($name:ident => $op:ident),* $(,)?) => {
        $(fn $name(&mut self, a: Value, b: Value) -> Value {
            self.binary($op, a, b)
        })*
    };
}

/// The methods that build a conversion.
macro_rules! convert {
    ($($name:ident => $op:ident),* $(,)?) => {
        $(fn $name(&mut self, v: Value, to: Type) -> Value {
            self.convert($op, v, to)
        })*
    };
}

impl<'a, 'tcx> BuilderMethods<'a, 'tcx> for Builder<'a, 'tcx> {
    type CodegenCx = Context<'tcx>;

    compat::builder_methods!();
    compat::splat_methods!();

    fn build(cx: &'a Context<'tcx>, block: Block) -> Self {
        Builder { cx, block, location: 0 }
    }
    fn cx(&self) -> &Context<'tcx> {
        self.cx
    }
    fn llbb(&self) -> Block {
        self.block
    }
    fn set_span(&mut self, _: Span) {}
    fn append_block(cx: &'a Context<'tcx>, function: Function, _: &str) -> Block {
        let open = cx.open.borrow().iter().rev().find(|open| open.0 == function).copied();
        match open {
            // SAFETY: the function is open.
            Some((symbol, func)) => Block { func, block: unsafe { kiln_block_new(func) }, symbol },
            None => Self::open(cx, function),
        }
    }
    fn append_sibling_block(&mut self, _: &str) -> Block {
        // SAFETY: the function is open.
        Block { block: unsafe { kiln_block_new(self.block.func) }, ..self.block }
    }
    fn switch_to_block(&mut self, block: Block) {
        self.block = block;
    }

    fn ret_void(&mut self) {
        // SAFETY: the function is open.
        unsafe { kiln_build_ret(self.func(), std::ptr::null(), 0) }
    }
    fn ret(&mut self, v: Value) {
        let mut values = Vec::new();
        self.flatten(v, &mut values);
        // SAFETY: the function is open.
        unsafe { kiln_build_ret(self.func(), values.as_ptr(), values.len() as u32) }
    }
    fn br(&mut self, to: Block) {
        // SAFETY: the function is open.
        unsafe { kiln_build_br(self.func(), to.block, std::ptr::null(), 0) }
    }
    fn cond_br(&mut self, cond: Value, then: Block, or_else: Block) {
        if let Value::Const(_, cond) = cond {
            return self.br(if cond & 1 != 0 { then } else { or_else });
        }
        let (none, cond) = (std::ptr::null(), self.register(cond));
        // SAFETY: the function is open.
        unsafe { kiln_build_brif(self.func(), cond, then.block, none, 0, or_else.block, none, 0) }
    }
    fn switch(&mut self, v: Value, or_else: Block, cases: impl ExactSizeIterator<Item = (u128, Block)>) {
        self.build_switch(v, or_else, cases);
    }
    fn unreachable(&mut self) {
        // SAFETY: the function is open.
        unsafe { kiln_build_nullary(self.func(), KILN_OP_UNREACHABLE) };
    }
    fn unreachable_nonterminator(&mut self) {}

    binary! {
        add => KILN_OP_ADD, sub => KILN_OP_SUB, mul => KILN_OP_MUL,
        udiv => KILN_OP_UDIV, exactudiv => KILN_OP_UDIV, sdiv => KILN_OP_SDIV, exactsdiv => KILN_OP_SDIV,
        urem => KILN_OP_UREM, srem => KILN_OP_SREM,
        shl => KILN_OP_SHL, lshr => KILN_OP_LSHR, ashr => KILN_OP_ASHR,
        and => KILN_OP_AND, or => KILN_OP_OR, xor => KILN_OP_XOR,
        fadd => KILN_OP_FADD, fadd_fast => KILN_OP_FADD, fadd_algebraic => KILN_OP_FADD,
        fsub => KILN_OP_FSUB, fsub_fast => KILN_OP_FSUB, fsub_algebraic => KILN_OP_FSUB,
        fmul => KILN_OP_FMUL, fmul_fast => KILN_OP_FMUL, fmul_algebraic => KILN_OP_FMUL,
        fdiv => KILN_OP_FDIV, fdiv_fast => KILN_OP_FDIV, fdiv_algebraic => KILN_OP_FDIV,
        frem => KILN_OP_FREM, frem_fast => KILN_OP_FREM, frem_algebraic => KILN_OP_FREM,
    }
    fn neg(&mut self, v: Value) -> Value {
        self.unary(KILN_OP_NEG, v)
    }
    fn fneg(&mut self, v: Value) -> Value {
        self.unary(KILN_OP_FNEG, v)
    }
    fn not(&mut self, v: Value) -> Value {
        match v.ty() {
            Type::Bool => self.binary(KILN_OP_XOR, v, Value::Const(Type::Bool, 1)),
            _ => self.unary(KILN_OP_NOT, v),
        }
    }
    fn checked_binop(&mut self, op: OverflowOp, ty: Ty<'tcx>, a: Value, b: Value) -> (Value, Value) {
        self.checked(op, ty.is_signed(), a, b)
    }
    fn from_immediate(&mut self, v: Value) -> Value {
        if v.ty() == Type::Bool { v.retyped(Type::I8) } else { v }
    }
    fn to_immediate_scalar(&mut self, v: Value, scalar: Scalar) -> Value {
        if scalar.is_bool() { v.retyped(Type::Bool) } else { v }
    }

    fn alloca(&mut self, size: Size, align: Align) -> Value {
        if size.bytes() > i32::MAX as u64 {
            return self.fail(KILN_ERR_LIMIT, "a stack variable has 2 GiB or more", Type::Ptr);
        }
        // SAFETY: the function is open.
        let slot = unsafe { kiln_slot_new(self.block.func, size.bytes(), log2(align)) };
        self.note_slot(slot);
        Value::Built(slot, Type::Ptr)
    }
    fn alloca_with_ty(&mut self, layout: TyAndLayout<'tcx>) -> Value {
        self.alloca(layout.size, layout.align.abi)
    }
    fn load(&mut self, ty: Type, address: Value, _: Align) -> Value {
        self.load_at(ty, address, 0, 0)
    }
    fn volatile_load(&mut self, ty: Type, address: Value, _: Align) -> Value {
        self.load_at(ty, address, 0, KILN_MEM_VOLATILE)
    }
    fn load_operand(&mut self, place: PlaceRef<'tcx, Value>) -> OperandRef<'tcx, Value> {
        if place.layout.is_zst() {
            return OperandRef::zero_sized(place.layout);
        }
        let address = place.val.llval;
        let val = match place.layout.backend_repr {
            _ if place.val.llextra.is_some() => OperandValue::Ref(place.val),
            repr if let Some((a, b, b_offset)) = compat::scalar_pair(self.cx, repr) => OperandValue::Pair(
                self.load_at(Type::of_scalar(a, true), address, 0, 0),
                self.load_at(Type::of_scalar(b, true), address, b_offset.bytes(), 0),
            ),
            BackendRepr::Scalar(scalar) => {
                OperandValue::Immediate(self.load_at(Type::of_scalar(scalar, true), address, 0, 0))
            }
            BackendRepr::SimdVector { .. } => {
                OperandValue::Immediate(self.load_at(self.backend_type(place.layout), address, 0, 0))
            }
            _ => OperandValue::Ref(place.val),
        };
        OperandRef { val, layout: place.layout, move_annotation: None }
    }
    fn write_operand_repeatedly(&mut self, elem: OperandRef<'tcx, Value>, count: u64, to: PlaceRef<'tcx, Value>) {
        self.fill(elem, count, to);
    }
    // Of use for optimization only.
    fn range_metadata(&mut self, _: Value, _: WrappingRange) {}
    fn nonnull_metadata(&mut self, _: Value) {}
    fn assume_integer_range(&mut self, _: Value, _: Type, _: WrappingRange) {}
    fn assume_nonnull(&mut self, _: Value) {}
    fn set_invariant_load(&mut self, _: Value) {}
    fn apply_attrs_to_cleanup_callsite(&mut self, _: Value) {}
    // As LLVM without optimization: variables keep their memory for the whole function.
    fn lifetime_start(&mut self, _: Value, _: Size) {}
    fn lifetime_end(&mut self, _: Value, _: Size) {}

    fn store(&mut self, v: Value, address: Value, _: Align) -> Value {
        self.store_at(v, address, 0, 0);
        Value::Undef(Type::Void)
    }
    fn store_with_flags(&mut self, v: Value, address: Value, _: Align, flags: MemFlags) -> Value {
        let volatile = if flags.contains(MemFlags::VOLATILE) { KILN_MEM_VOLATILE } else { 0 };
        let nontemporal = if flags.contains(MemFlags::NONTEMPORAL) { KILN_MEM_NONTEMPORAL } else { 0 };
        self.store_at(v, address, 0, volatile | nontemporal);
        Value::Undef(Type::Void)
    }
    fn gep(&mut self, ty: Type, address: Value, indices: &[Value]) -> Value {
        let [index] = *indices else { unreachable!("one index, since there are no aggregates") };
        self.address_add(address, index, self.size_of_type(ty))
    }
    fn inbounds_gep(&mut self, ty: Type, address: Value, indices: &[Value]) -> Value {
        self.gep(ty, address, indices)
    }

    fn trunc(&mut self, v: Value, to: Type) -> Value {
        self.int_cast(v, to, false)
    }
    fn unchecked_utrunc(&mut self, v: Value, to: Type) -> Value {
        match to {
            // It is 0 or 1.
            Type::Bool => self.int_cast(v, Type::I8, false).retyped(to),
            to => self.trunc(v, to),
        }
    }
    fn sext(&mut self, v: Value, to: Type) -> Value {
        self.int_cast(v, to, true)
    }
    fn zext(&mut self, v: Value, to: Type) -> Value {
        self.int_cast(v, to, false)
    }
    fn intcast(&mut self, v: Value, to: Type, signed: bool) -> Value {
        self.int_cast(v, to, signed)
    }
    convert! {
        fptoui_sat => KILN_OP_FTOUIS, fptosi_sat => KILN_OP_FTOSIS, fptoui => KILN_OP_FTOUI, fptosi => KILN_OP_FTOSI,
        uitofp => KILN_OP_UITOF, sitofp => KILN_OP_SITOF, fptrunc => KILN_OP_FDEMOTE, fpext => KILN_OP_FPROMOTE,
    }
    fn ptrtoint(&mut self, v: Value, to: Type) -> Value {
        let v = match v {
            Value::Symbol(..) => self.unary(KILN_OP_COPY, v),
            Value::Offset(..) => Value::Built(self.register(v), Type::Ptr),
            v => v,
        };
        self.int_cast(v.retyped(Type::I64), to, false)
    }
    fn inttoptr(&mut self, v: Value, to: Type) -> Value {
        self.int_cast(v, Type::I64, false).retyped(to)
    }
    fn bitcast(&mut self, v: Value, to: Type) -> Value {
        self.bit_cast(v, to)
    }
    fn pointercast(&mut self, v: Value, _: Type) -> Value {
        v
    }

    fn icmp(&mut self, op: IntPredicate, a: Value, b: Value) -> Value {
        self.compare_ints(op, a, b)
    }
    fn fcmp(&mut self, op: RealPredicate, a: Value, b: Value) -> Value {
        self.compare_floats(op, a, b)
    }
    fn select(&mut self, cond: Value, a: Value, b: Value) -> Value {
        self.choose(cond, a, b)
    }

    fn memcpy(&mut self, to: Value, _: Align, from: Value, _: Align, n: Value, flags: MemFlags, _: Option<FncTree>) {
        self.copy_bytes(KILN_OP_MEMCPY, to, from, n, flags);
    }
    fn memmove(&mut self, to: Value, _: Align, from: Value, _: Align, n: Value, flags: MemFlags) {
        self.copy_bytes(KILN_OP_MEMMOVE, to, from, n, flags);
    }
    fn memset(&mut self, to: Value, byte: Value, n: Value, _: Align, flags: MemFlags) {
        self.memory_op(KILN_OP_MEMSET, to, byte, n, flags);
    }

    fn vscale(&mut self, ty: Type) -> Value {
        self.unsupported("a scalable vector", ty)
    }
    fn va_arg(&mut self, _: Value, ty: Type) -> Value {
        self.unsupported("va_arg", ty)
    }
    fn extract_element(&mut self, v: Value, index: Value) -> Value {
        let Type::Vector(lane, _) = v.ty() else { unreachable!("lanes are those of vectors") };
        let address = Value::Built(self.vector_address(v), Type::Ptr);
        let at = self.address_add(address, index, lane.ty().scalar_size());
        self.load_at(lane.ty(), at, 0, 0)
    }
    fn extract_value(&mut self, v: Value, index: u64) -> Value {
        self.parts(v)[index as usize]
    }
    fn insert_value(&mut self, v: Value, part: Value, index: u64) -> Value {
        let mut parts = self.parts(v);
        parts[index as usize] = part;
        self.parts_value(parts, v.ty())
    }

    fn set_personality_fn(&mut self, personality: Function) {
        self.set_personality(personality);
    }
    fn cleanup_landing_pad(&mut self, personality: Function) -> (Value, Value) {
        self.landing_pad(personality, KILN_CLAUSE_CLEANUP)
    }
    fn filter_landing_pad(&mut self, personality: Function) {
        self.landing_pad(personality, KILN_CLAUSE_FILTER);
    }
    fn resume(&mut self, exception: Value, _: Value) {
        let exception = self.register(exception);
        // SAFETY: the function is open.
        unsafe { kiln_build_unary(self.func(), KILN_OP_RESUME, KILN_TYPE_PTR, exception) };
    }
    // Of Windows and WebAssembly.
    fn cleanup_pad(&mut self, _: Option<Value>, _: &[Value]) {
        unreachable!()
    }
    fn cleanup_ret(&mut self, (): &(), _: Option<Block>) {
        unreachable!()
    }
    fn catch_pad(&mut self, _: Value, _: &[Value]) {
        unreachable!()
    }
    fn catch_switch(&mut self, _: Option<Value>, _: Option<Block>, _: &[Block]) -> Value {
        unreachable!()
    }
    fn get_funclet_cleanuppad(&self, (): &()) -> Value {
        unreachable!()
    }

    fn atomic_cmpxchg(
        &mut self,
        address: Value,
        expected: Value,
        desired: Value,
        order: AtomicOrdering,
        failure: AtomicOrdering,
        _weak: bool,
    ) -> (Value, Value) {
        self.compare_and_swap(address, expected, desired, order, failure)
    }
    fn atomic_rmw(
        &mut self,
        op: AtomicRmwBinOp,
        address: Value,
        operand: Value,
        order: AtomicOrdering,
        is_pointer: bool,
    ) -> Value {
        let old = self.read_modify_write(op, address, operand, order);
        if is_pointer { old.retyped(Type::Ptr) } else { old }
    }
    fn atomic_fence(&mut self, order: AtomicOrdering, scope: SynchronizationScope) {
        // Within a thread, the order of the code is that of the source.
        if let SynchronizationScope::CrossThread = scope {
            self.fence(order);
        }
    }
}

impl StaticBuilderMethods for Builder<'_, '_> {
    fn get_static(&mut self, id: DefId) -> Value {
        let (symbol, thread_local) = self.static_symbol(id);
        if !thread_local {
            return Value::Symbol(symbol, 0);
        }
        // SAFETY: the function is open.
        unsafe {
            let symbol = kiln_const_symbol(self.func(), symbol, 0);
            Value::Built(kiln_build_unary(self.func(), KILN_OP_TLS_ADDR, KILN_TYPE_PTR, symbol), Type::Ptr)
        }
    }
}

impl<'tcx> Deref for Builder<'_, 'tcx> {
    type Target = Context<'tcx>;
    fn deref(&self) -> &Context<'tcx> {
        self.cx
    }
}
impl<'tcx> BackendTypes for Builder<'_, 'tcx> {
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
impl<'tcx> HasTyCtxt<'tcx> for Builder<'_, 'tcx> {
    fn tcx(&self) -> TyCtxt<'tcx> {
        self.cx.tcx
    }
}
impl HasDataLayout for Builder<'_, '_> {
    fn data_layout(&self) -> &TargetDataLayout {
        self.cx.data_layout()
    }
}
impl HasTargetSpec for Builder<'_, '_> {
    fn target_spec(&self) -> &Target {
        self.cx.target_spec()
    }
}
impl HasX86AbiOpt for Builder<'_, '_> {
    fn x86_abi_opt(&self) -> X86Abi {
        self.cx.x86_abi_opt()
    }
}
impl<'tcx> HasTypingEnv<'tcx> for Builder<'_, 'tcx> {
    fn typing_env(&self) -> ty::TypingEnv<'tcx> {
        self.cx.typing_env()
    }
}
impl<'tcx> LayoutOfHelpers<'tcx> for Builder<'_, 'tcx> {
    fn handle_layout_err(&self, err: LayoutError<'tcx>, span: Span, ty: Ty<'tcx>) -> ! {
        self.cx.handle_layout_err(err, span, ty)
    }
}
impl<'tcx> FnAbiOfHelpers<'tcx> for Builder<'_, 'tcx> {
    fn handle_fn_abi_err(&self, err: FnAbiError<'tcx>, span: Span, request: FnAbiRequest<'tcx>) -> ! {
        self.cx.handle_fn_abi_err(err, span, request)
    }
}
