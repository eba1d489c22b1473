//! MIR's intrinsics: those that rustc leaves to code generators. A row or an arm for each.

use rustc_abi::{Align, BackendRepr};
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::IntrinsicResult;
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::mir::place::{PlaceRef, PlaceValue};
use rustc_codegen_ssa::traits::*;
use rustc_codegen_ssa::{MemFlags, RetagInfo};
use rustc_middle::ty::Instance;
use rustc_middle::ty::layout::{LayoutOf, TyAndLayout};
use rustc_span::{Span, Symbol};
use rustc_target::spec::PanicStrategy;

use crate::builder::Builder;
use crate::compat;
use crate::operation::Machine;
use crate::soft;
use crate::sys::*;
use crate::types::Type;
use crate::values::Value;

/// Intrinsics without a body in Rust that are built here, or by rustc's own part of code generation: all of these but
/// the vectors' (`simd.rs`). A unit that calls another one goes to LLVM.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "abort", "abort_immediate", "add_with_overflow", "aggregate_raw_ptr", "align_of", "align_of_val", "arith_offset",
    "assert_inhabited", "assert_mem_uninitialized_valid", "assert_zero_valid", "atomic_and", "atomic_cxchg",
    "atomic_cxchgweak", "atomic_fence", "atomic_load", "atomic_max", "atomic_min", "atomic_nand", "atomic_or",
    "atomic_singlethreadfence", "atomic_store", "atomic_umax", "atomic_umin", "atomic_xadd", "atomic_xchg",
    "atomic_xor", "atomic_xsub", "bitreverse", "black_box", "breakpoint", "bswap", "caller_location", "catch_unwind",
    "ceil", "compare_bytes", "const_eval_select", "copy", "copy_nonoverlapping", "copysign", "cos", "ctlz",
    "ctlz_nonzero", "ctpop", "cttz", "cttz_nonzero", "discriminant_value", "exact_div", "exp", "exp2", "fabs",
    "fadd_algebraic", "fadd_fast", "fdiv_algebraic", "fdiv_fast", "field_offset", "float_to_int_unchecked", "floor",
    "fma", "fmul_algebraic", "fmul_fast", "fmuladd", "forget", "frem_algebraic", "frem_fast", "fsub_algebraic",
    "fsub_fast", "log", "log10", "log2", "maximum", "maxnum", "minimum", "minnum", "mul_with_overflow", "needs_drop",
    "nontemporal_store", "offset", "offset_of", "pow", "powf", "powi", "ptr_mask", "ptr_metadata", "ptr_offset_from",
    "ptr_offset_from_unsigned", "raw_eq", "read_via_copy", "round", "round_ties_even", "rustc_peek", "saturating_add",
    "saturating_sub", "sin", "size_of", "size_of_val", "slice_get_unchecked", "sqrt", "sub_with_overflow",
    "three_way_compare", "transmute", "transmute_unchecked", "trunc", "type_id", "type_name", "type_of",
    "unaligned_volatile_load", "unaligned_volatile_store", "unchecked_add", "unchecked_div", "unchecked_mul",
    "unchecked_rem", "unchecked_shl", "unchecked_shr", "unchecked_sub", "unreachable", "va_arg", "variant_count",
    "volatile_copy_memory", "volatile_copy_nonoverlapping_memory", "volatile_load", "volatile_set_memory",
    "volatile_store", "vtable_align", "vtable_size", "wrapping_add", "wrapping_mul", "wrapping_sub", "write_bytes",
    "write_via_move",
];

/// Intrinsics with a body in Rust, which LLVM does not use and the code here does: the bodies are needed.
const BY_BODY: &[&str] = &["carrying_mul_add", "carryless_mul"];

/// Whether an intrinsic without a body is built.
pub fn is_known(name: &str) -> bool {
    KNOWN.binary_search(&generic_name(name)).is_ok()
}

/// Those of LLVM's list of intrinsics whose bodies are not needed that are not needed here, either.
pub fn replaced(mut names: Vec<Symbol>) -> Vec<Symbol> {
    names.retain(|name| !BY_BODY.contains(&name.as_str()));
    names
}

/// An intrinsic's name without the type of a float, which older versions have.
fn generic_name(name: &str) -> &str {
    let stem = ["f16", "f32", "f64", "f128"].into_iter().find_map(|ty| name.strip_suffix(ty)).unwrap_or(name);
    stem.strip_suffix('_').unwrap_or(stem)
}

/// Floats' intrinsics that are one operation.
fn float_op(name: &str) -> Option<kiln_op> {
    Some(match name {
        "sqrt" => KILN_OP_FSQRT,
        "fabs" => KILN_OP_FABS,
        "floor" => KILN_OP_FFLOOR,
        "ceil" => KILN_OP_FCEIL,
        "trunc" => KILN_OP_FTRUNC,
        "round" => KILN_OP_FROUND,
        "round_ties_even" => KILN_OP_FROUNDEVEN,
        "copysign" => KILN_OP_FCOPYSIGN,
        "minnum" | "minimum_number_nsz" => KILN_OP_FMIN,
        "maxnum" | "maximum_number_nsz" => KILN_OP_FMAX,
        "minimum" => KILN_OP_FMINIMUM,
        "maximum" => KILN_OP_FMAXIMUM,
        "fma" => KILN_OP_FMA,
        "fmuladd" => KILN_OP_FMULADD,
        _ => return None,
    })
}

/// Whether an intrinsic of f16 or f128 with that many operands is built.
pub fn is_known_soft(machine: &Machine, name: &str, ty: Type, n: usize) -> bool {
    let name = generic_name(name);
    match float_op(name) {
        Some(op) => soft::is_known(machine, op, ty, n),
        None => float_function(name).is_none_or(|function| soft::function_is_known(machine, function, ty, n)),
    }
}

/// Floats' intrinsics that are functions of C's library, with `f` at the end for f32; `powi` is one of the compiler's.
pub fn float_function(name: &str) -> Option<&str> {
    match name {
        "powf" => Some("pow"),
        "powi" | "sin" | "cos" | "pow" | "exp" | "exp2" | "log" | "log2" | "log10" => Some(name),
        _ => None,
    }
}

type Operands<'a, 'tcx> = &'a [OperandRef<'tcx, Value>];

impl<'tcx> IntrinsicCallBuilderMethods<'tcx> for Builder<'_, 'tcx> {
    compat::intrinsic_methods!();

    fn codegen_intrinsic_call(
        &mut self,
        instance: Instance<'tcx>,
        args: Operands<'_, 'tcx>,
        layout: TyAndLayout<'tcx>,
        place: Option<PlaceValue<Value>>,
        _: Span,
    ) -> IntrinsicResult<'tcx, Value> {
        let symbol = self.tcx.item_name(instance.def_id());
        let name = symbol.as_str();
        if name.starts_with("simd_") {
            let value = self.simd(name, instance, args, layout);
            return self.result(value, layout, place);
        }
        let value = self
            .integer_intrinsic(name, args)
            .or_else(|| self.float_intrinsic(generic_name(name), args))
            .or_else(|| self.other_intrinsic(name, instance, args, layout));
        match value {
            Some(value) => self.result(value, layout, place),
            None => self.place_intrinsic(name, instance, args, layout, place),
        }
    }

    fn codegen_llvm_intrinsic_call(
        &mut self,
        instance: Instance<'tcx>,
        args: Operands<'_, 'tcx>,
        _is_cleanup: bool,
    ) -> Value {
        self.llvm_intrinsic(instance, args)
    }

    // Of use for optimization only.
    fn assume(&mut self, _: Value) {}
    fn expect(&mut self, cond: Value, _: bool) -> Value {
        cond
    }

    fn type_checked_load(&mut self, _: Value, _: u64, _: &[u8]) -> Value {
        self.unsupported("control flow integrity", Type::Ptr)
    }
    fn va_start(&mut self, list: Value) {
        let list = self.register(list);
        // SAFETY: the function is open.
        unsafe { kiln_build_unary(self.func(), KILN_OP_VA_START, KILN_TYPE_PTR, list) };
    }
    fn retag_mem(&mut self, _: Value, _: &RetagInfo<Value>) {}
    fn retag_reg(&mut self, pointer: Value, _: &RetagInfo<Value>) -> Value {
        pointer
    }
}

impl<'tcx> Builder<'_, 'tcx> {
    /// An intrinsic's value as rustc takes it.
    fn result(
        &mut self,
        value: Value,
        layout: TyAndLayout<'tcx>,
        place: Option<PlaceValue<Value>>,
    ) -> IntrinsicResult<'tcx, Value> {
        if layout.is_zst() {
            return IntrinsicResult::Operand(OperandValue::ZeroSized);
        }
        match layout.backend_repr {
            BackendRepr::Memory { .. } => {
                let to = place.unwrap_or_else(|| PlaceRef::alloca(self, layout).val);
                self.store_at(value, to.llval, 0, 0);
                match place {
                    Some(_) => IntrinsicResult::WroteIntoPlace,
                    None => IntrinsicResult::Operand(OperandValue::Ref(to)),
                }
            }
            _ => IntrinsicResult::Operand(OperandRef::from_immediate_or_packed_pair(self, value, layout).val),
        }
    }

    fn integer_intrinsic(&mut self, name: &str, args: Operands<'_, 'tcx>) -> Option<Value> {
        let first = args.first()?;
        if !first.layout.ty.is_integral() {
            return None;
        }
        let a = first.immediate();
        let ty = a.ty();
        let signed = first.layout.ty.is_signed();
        let counted = |bx: &Self, op| Some(bx.int_cast(bx.unary(op, a), Type::I32, false));
        let other = |i: usize| args[i].immediate();
        match name {
            "ctlz" | "ctlz_nonzero" => counted(self, KILN_OP_CLZ),
            "cttz" | "cttz_nonzero" => counted(self, KILN_OP_CTZ),
            "ctpop" => counted(self, KILN_OP_POPCNT),
            "bswap" if ty == Type::I8 => Some(a),
            "bswap" => Some(self.unary(KILN_OP_BSWAP, a)),
            "bitreverse" => Some(self.unary(KILN_OP_BITREV, a)),
            "rotate_left" | "rotate_right" => {
                let count = self.int_cast(other(1), ty, false);
                let op = if name == "rotate_left" { KILN_OP_ROTL } else { KILN_OP_ROTR };
                Some(self.binary(op, a, count))
            }
            "unchecked_funnel_shl" | "unchecked_funnel_shr" => {
                let count = self.int_cast(other(2), ty, false);
                let op = if name == "unchecked_funnel_shl" { KILN_OP_FSHL } else { KILN_OP_FSHR };
                Some(self.ternary(op, a, other(1), count))
            }
            "saturating_add" => Some(self.saturating(OverflowOp::Add, signed, a, other(1))),
            "saturating_sub" => Some(self.saturating(OverflowOp::Sub, signed, a, other(1))),
            "integer_max" => Some(self.binary(if signed { KILN_OP_SMAX } else { KILN_OP_UMAX }, a, other(1))),
            "integer_min" => Some(self.binary(if signed { KILN_OP_SMIN } else { KILN_OP_UMIN }, a, other(1))),
            _ => None,
        }
    }

    fn float_intrinsic(&mut self, name: &str, args: Operands<'_, 'tcx>) -> Option<Value> {
        let first = args.first()?;
        if !first.layout.ty.is_floating_point() {
            return None;
        }
        let values: Vec<Value> = args.iter().map(|arg| arg.immediate()).collect();
        if let Some(op) = float_op(name) {
            return Some(match values[..] {
                [a] => self.unary(op, a),
                [a, b] => self.binary(op, a, b),
                [a, b, c] => self.ternary(op, a, b, c),
                _ => unreachable!("{name} of {} operands", values.len()),
            });
        }
        self.float_library_call(name, &values)
    }

    /// A float's function of a library.
    pub fn float_library_call(&self, name: &str, values: &[Value]) -> Option<Value> {
        let function = float_function(name)?;
        let ty = values[0].ty();
        if ty.is_soft() {
            return Some(self.soft_function(function, values));
        }
        let single = ty == Type::F32;
        if function == "powi" {
            let function = if single { "__powisf2" } else { "__powidf2" };
            return Some(self.call_library(function, values, ty));
        }
        let suffix = if single { "f" } else { "" };
        Some(self.call_library(&format!("{function}{suffix}"), values, ty))
    }

    fn other_intrinsic(
        &mut self,
        name: &str,
        instance: Instance<'tcx>,
        args: Operands<'_, 'tcx>,
        layout: TyAndLayout<'tcx>,
    ) -> Option<Value> {
        let arg = |i: usize| args[i].immediate();
        Some(match name {
            "is_val_statically_known" => Value::Const(Type::Bool, 0),
            "catch_unwind" => {
                let ty = self.immediate_type(layout);
                if self.tcx.sess.panic_strategy() == PanicStrategy::Abort {
                    let signature = self.plain_signature(0, &[Type::Ptr], Type::Void);
                    self.build_call(signature, arg(0), compat::ReturnSlot::Direct, &[arg(1)]);
                    return Some(Value::Const(ty, 0));
                }
                let caught = self.catch_unwind(arg(0), arg(1), arg(2));
                self.int_cast(caught, ty, false)
            }
            "breakpoint" | "resumable_breakpoint" => {
                // SAFETY: the function is open.
                unsafe { kiln_build_nullary(self.func(), KILN_OP_DEBUG_TRAP) };
                Value::Undef(Type::Void)
            }
            "compare_bytes" => self.call_library("memcmp", &[arg(0), arg(1), arg(2)], Type::I32),
            "raw_eq" => {
                let size = self.layout_of(instance.args.type_at(0)).size;
                self.equal_bytes(arg(0), arg(1), size.bytes())
            }
            "ptr_mask" => {
                let address = self.ptrtoint(arg(0), Type::I64);
                self.binary(KILN_OP_AND, address, arg(1)).retyped(Type::Ptr)
            }
            "return_address" => {
                // SAFETY: the function is open.
                Value::Built(unsafe { kiln_build_level(self.func(), KILN_OP_RETURN_ADDR, 0) }, Type::Ptr)
            }
            "va_arg" => self.next_variadic(args[0], layout),
            "prefetch_read_data" | "prefetch_write_data" => {
                let address = self.register(arg(0));
                // SAFETY: the function is open.
                unsafe { kiln_build_unary(self.func(), KILN_OP_PREFETCH, KILN_TYPE_PTR, address) };
                Value::Undef(Type::Void)
            }
            _ => return None,
        })
    }

    fn equal_bytes(&mut self, a: Value, b: Value, size: u64) -> Value {
        match Type::int(size * 8) {
            _ if size == 0 => Value::Const(Type::Bool, 1),
            Type::Memory(_) => {
                let order = self.call_library("memcmp", &[a, b, Value::usize(size)], Type::I32);
                self.compare_ints(IntPredicate::IntEQ, order, Value::Const(Type::I32, 0))
            }
            ty => {
                let (a, b) = (self.load_at(ty, a, 0, 0), self.load_at(ty, b, 0, 0));
                self.compare_ints(IntPredicate::IntEQ, a, b)
            }
        }
    }

    /// `va_arg` of a list that is given by its address.
    fn next_variadic(&mut self, list: OperandRef<'tcx, Value>, layout: TyAndLayout<'tcx>) -> Value {
        let ty = self.immediate_type(layout);
        let list = self.register(list.immediate());
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_build_va_arg(self.func(), self.register_type(ty), list) }, ty)
    }

    /// Those whose values may be in memory; or a call of the body that an intrinsic has.
    fn place_intrinsic(
        &mut self,
        name: &str,
        instance: Instance<'tcx>,
        args: Operands<'_, 'tcx>,
        layout: TyAndLayout<'tcx>,
        place: Option<PlaceValue<Value>>,
    ) -> IntrinsicResult<'tcx, Value> {
        let to = |bx: &mut Self| PlaceRef { val: place.unwrap_or_else(|| PlaceRef::alloca(bx, layout).val), layout };
        let written = |bx: &mut Self, at: PlaceRef<'tcx, Value>| match place {
            Some(_) => IntrinsicResult::WroteIntoPlace,
            None => IntrinsicResult::Operand(bx.load_operand(at).val),
        };
        match name {
            // Its value goes through memory, which is enough without optimization.
            "black_box" => {
                let to = to(self);
                args[0].val.store(self, to);
                written(self, to)
            }
            "volatile_load" | "unaligned_volatile_load" => {
                if layout.is_zst() {
                    return IntrinsicResult::Operand(OperandValue::ZeroSized);
                }
                let from = args[0].immediate();
                if let BackendRepr::Scalar(scalar) = layout.backend_repr {
                    let value = self.load_at(Type::of_scalar(scalar, true), from, 0, KILN_MEM_VOLATILE);
                    return IntrinsicResult::Operand(OperandValue::Immediate(value));
                }
                let to = to(self);
                let size = Value::usize(layout.size.bytes());
                self.memcpy(to.val.llval, Align::ONE, from, Align::ONE, size, MemFlags::VOLATILE, None);
                written(self, to)
            }
            "select_unpredictable" => {
                let cond = args[0].immediate();
                match (args[1].val, args[2].val) {
                    (OperandValue::Immediate(a), OperandValue::Immediate(b)) => {
                        IntrinsicResult::Operand(OperandValue::Immediate(self.choose(cond, a, b)))
                    }
                    (OperandValue::Pair(a, c), OperandValue::Pair(b, d)) => {
                        let pair = OperandValue::Pair(self.choose(cond, a, b), self.choose(cond, c, d));
                        IntrinsicResult::Operand(pair)
                    }
                    (OperandValue::Ref(a), OperandValue::Ref(b)) => {
                        let from = self.choose(cond, a.llval, b.llval);
                        let to = to(self);
                        OperandValue::Ref(PlaceValue::new_sized(from, a.align)).store(self, to);
                        written(self, to)
                    }
                    _ => IntrinsicResult::Operand(OperandValue::ZeroSized),
                }
            }
            _ if self.tcx.intrinsic(instance.def_id()).is_some_and(|it| it.must_be_overridden) => {
                self.fatal(&format!("intrinsic {name}"))
            }
            _ => IntrinsicResult::Fallback(Instance::new_raw(instance.def_id(), instance.args)),
        }
    }
}
