//! Arithmetic, comparisons and conversions. What constants give is computed here, since rustc asks for constants' values
//! (sizes of copies, immediates of intrinsics); the rest is Kiln's builder that folds.

use rustc_codegen_ssa::common::{IntPredicate, RealPredicate};
use rustc_codegen_ssa::traits::*;

use crate::builder::Builder;
use crate::context::Block;
use crate::sys::*;
use crate::types::{Lane, Type};
use crate::values::{Value, low_bits, sign_extended};

/// Kiln's condition for one of rustc's.
pub fn int_condition(op: IntPredicate) -> kiln_icond {
    match op {
        IntPredicate::IntEQ => KILN_ICOND_EQ,
        IntPredicate::IntNE => KILN_ICOND_NE,
        IntPredicate::IntSLT => KILN_ICOND_SLT,
        IntPredicate::IntSGE => KILN_ICOND_SGE,
        IntPredicate::IntSLE => KILN_ICOND_SLE,
        IntPredicate::IntSGT => KILN_ICOND_SGT,
        IntPredicate::IntULT => KILN_ICOND_ULT,
        IntPredicate::IntUGE => KILN_ICOND_UGE,
        IntPredicate::IntULE => KILN_ICOND_ULE,
        IntPredicate::IntUGT => KILN_ICOND_UGT,
    }
}

/// Kiln's condition for one of rustc's; or what it always is.
pub fn float_condition(op: RealPredicate) -> Result<kiln_fcond, bool> {
    Ok(match op {
        RealPredicate::RealPredicateFalse => return Err(false),
        RealPredicate::RealPredicateTrue => return Err(true),
        RealPredicate::RealOEQ => KILN_FCOND_OEQ,
        RealPredicate::RealOGT => KILN_FCOND_OGT,
        RealPredicate::RealOGE => KILN_FCOND_OGE,
        RealPredicate::RealOLT => KILN_FCOND_OLT,
        RealPredicate::RealOLE => KILN_FCOND_OLE,
        RealPredicate::RealONE => KILN_FCOND_ONE,
        RealPredicate::RealORD => KILN_FCOND_ORD,
        RealPredicate::RealUNO => KILN_FCOND_UNO,
        RealPredicate::RealUEQ => KILN_FCOND_UEQ,
        RealPredicate::RealUGT => KILN_FCOND_UGT,
        RealPredicate::RealUGE => KILN_FCOND_UGE,
        RealPredicate::RealULT => KILN_FCOND_ULT,
        RealPredicate::RealULE => KILN_FCOND_ULE,
        RealPredicate::RealUNE => KILN_FCOND_UNE,
    })
}

/// What `op` gives for constants of `bits` bits, if it is one of those that rustc builds of constants.
fn fold(op: kiln_op, bits: u32, a: u128, b: u128) -> Option<u128> {
    let count = u32::try_from(b).ok().filter(|&count| count < bits);
    let result = match op {
        KILN_OP_ADD => a.wrapping_add(b),
        KILN_OP_SUB => a.wrapping_sub(b),
        KILN_OP_MUL => a.wrapping_mul(b),
        KILN_OP_AND => a & b,
        KILN_OP_OR => a | b,
        KILN_OP_XOR => a ^ b,
        KILN_OP_SHL => a << count?,
        KILN_OP_LSHR => a >> count?,
        KILN_OP_ASHR => (sign_extended(a, bits) as i128 >> count?) as u128,
        KILN_OP_UDIV => a.checked_div(b)?,
        KILN_OP_UREM => a.checked_rem(b)?,
        _ => return None,
    };
    Some(low_bits(result, bits))
}

/// Whether constants of `bits` bits compare so.
fn fold_comparison(op: IntPredicate, bits: u32, a: u128, b: u128) -> bool {
    let (x, y) = (sign_extended(a, bits) as i128, sign_extended(b, bits) as i128);
    match op {
        IntPredicate::IntEQ => a == b,
        IntPredicate::IntNE => a != b,
        IntPredicate::IntSLT => x < y,
        IntPredicate::IntSGE => x >= y,
        IntPredicate::IntSLE => x <= y,
        IntPredicate::IntSGT => x > y,
        IntPredicate::IntULT => a < b,
        IntPredicate::IntUGE => a >= b,
        IntPredicate::IntULE => a <= b,
        IntPredicate::IntUGT => a > b,
    }
}

impl<'tcx> Builder<'_, 'tcx> {
    pub fn unary(&self, op: kiln_op, v: Value) -> Value {
        let ty = v.ty();
        if ty.is_soft() {
            return self.soft(op, ty, &[v]);
        }
        let a = self.register(v);
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_fold_unary(self.func(), op, self.register_type(ty), a) }, ty)
    }

    pub fn binary(&self, op: kiln_op, a: Value, b: Value) -> Value {
        let ty = a.ty();
        if let (Value::Const(_, x), Value::Const(_, y), Some(bits)) = (a, b, ty.int_bits())
            && let Some(folded) = fold(op, bits, x, y)
        {
            return Value::Const(ty, folded);
        }
        if let Type::Vector(..) = ty {
            return self.unsupported("arithmetic on a vector", ty);
        }
        if ty.is_soft() {
            return self.soft(op, ty, &[a, b]);
        }
        let (x, y) = (self.register(a), self.register(b));
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_fold_binary(self.func(), op, self.register_type(ty), x, y) }, ty)
    }

    pub fn ternary(&self, op: kiln_op, a: Value, b: Value, c: Value) -> Value {
        let ty = a.ty();
        if ty.is_soft() {
            return self.soft(op, ty, &[a, b, c]);
        }
        let (a, b, c) = (self.register(a), self.register(b), self.register(c));
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_fold_ternary(self.func(), op, self.register_type(ty), a, b, c) }, ty)
    }

    /// An operation whose second result says whether it overflowed.
    pub fn checked(&self, op: OverflowOp, signed: bool, a: Value, b: Value) -> (Value, Value) {
        // A comparison is branched on without its result, and takes a constant.
        match (op, signed) {
            (OverflowOp::Sub, false) => {
                return (self.binary(KILN_OP_SUB, a, b), self.compare_ints(IntPredicate::IntULT, a, b));
            }
            (OverflowOp::Add, false) => {
                let sum = self.binary(KILN_OP_ADD, a, b);
                return (sum, self.compare_ints(IntPredicate::IntULT, sum, a));
            }
            _ => {}
        }
        let op = match (op, signed) {
            (OverflowOp::Add, true) => KILN_OP_SADDO,
            (OverflowOp::Add, false) => KILN_OP_UADDO,
            (OverflowOp::Sub, true) => KILN_OP_SSUBO,
            (OverflowOp::Sub, false) => KILN_OP_USUBO,
            (OverflowOp::Mul, true) => KILN_OP_SMULO,
            (OverflowOp::Mul, false) => KILN_OP_UMULO,
        };
        let ty = a.ty();
        let (x, y) = (self.register(a), self.register(b));
        // SAFETY: the function is open.
        unsafe {
            let result = kiln_build_binary(self.func(), op, self.register_type(ty), x, y);
            let overflow = kiln_build_result(self.func(), result, 1);
            (Value::Built(result, ty), Value::Built(overflow, Type::Bool))
        }
    }

    /// a + b or a - b, or the nearest number that the type has.
    pub fn saturating(&mut self, op: OverflowOp, signed: bool, a: Value, b: Value) -> Value {
        let is_add = op == OverflowOp::Add;
        let ty = a.ty();
        if ty != Type::I128 {
            let op = match (is_add, signed) {
                (true, true) => KILN_OP_SADDS,
                (true, false) => KILN_OP_UADDS,
                (false, true) => KILN_OP_SSUBS,
                (false, false) => KILN_OP_USUBS,
            };
            return self.binary(op, a, b);
        }
        let (result, overflow) = self.checked(op, signed, a, b);
        let limit = if signed {
            // Overflow is towards the sign of `a`.
            let negative = self.compare_ints(IntPredicate::IntSLT, a, Value::Const(ty, 0));
            self.choose(negative, Value::Const(ty, 1 << 127), Value::Const(ty, u128::MAX >> 1))
        } else {
            Value::Const(ty, if is_add { u128::MAX } else { 0 })
        };
        self.choose(overflow, limit, result)
    }

    pub fn convert(&self, op: kiln_op, v: Value, to: Type) -> Value {
        if let Type::Vector(..) = to {
            return self.unsupported("conversion of a vector", to);
        }
        if op == KILN_OP_BITCAST && self.register_type(v.ty()) == self.register_type(to) {
            return v.retyped(to);
        }
        if op == KILN_OP_BITCAST && (v.ty() == Type::F128 || to == Type::F128) {
            let slot = Value::Built(self.vector_slot(Type::Vector(Lane::I8, 16)), Type::Ptr);
            self.store_at(v, slot, 0, 0);
            return self.load_at(to, slot, 0, 0);
        }
        if v.ty().is_soft() || to.is_soft() {
            return self.soft(op, to, &[v]);
        }
        let from = self.register_type(v.ty());
        let v = self.register(v);
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_fold_convert(self.func(), op, self.register_type(to), from, v) }, to)
    }

    /// An integer as one of another width.
    pub fn int_cast(&self, v: Value, to: Type, signed: bool) -> Value {
        let from = v.ty();
        let bits_of = |ty: Type| ty.int_bits().unwrap_or(ty.scalar_size() as u32 * 8);
        let (from_bits, to_bits) = (bits_of(from), bits_of(to));
        if from_bits == to_bits {
            return v.retyped(to);
        }
        if let Value::Const(_, bits) = v {
            let bits = if signed { sign_extended(bits, from_bits) } else { bits };
            return Value::Const(to, low_bits(bits, to_bits));
        }
        if let Value::Undef(_) = v {
            return Value::Undef(to);
        }
        if to == Type::Bool {
            let byte = self.int_cast(v, Type::I8, false);
            return self.binary(KILN_OP_AND, byte, Value::Const(Type::I8, 1)).retyped(to);
        }
        if from == Type::Bool {
            let wide = self.int_cast(v.retyped(Type::I8), to, false);
            return if signed { self.unary(KILN_OP_NEG, wide) } else { wide };
        }
        let op = match (to_bits < from_bits, signed) {
            (true, _) => KILN_OP_TRUNC,
            (false, true) => KILN_OP_SEXT,
            (false, false) => KILN_OP_ZEXT,
        };
        self.convert(op, v, to)
    }

    /// The same bits as another type.
    pub fn bit_cast(&self, v: Value, to: Type) -> Value {
        let from = v.ty();
        let is_word = |ty: Type| matches!(ty, Type::I64 | Type::Ptr);
        if from == to || is_word(from) && is_word(to) {
            return v.retyped(to);
        }
        if self.size_of_type(from) != self.size_of_type(to) {
            return self.unsupported("bits of one type as a type of another size", to);
        }
        match (from, to) {
            (Type::Vector(..), Type::Vector(..)) => Value::Built(self.vector_address(v), to),
            (Type::Vector(..), _) => self.load_at(to, Value::Built(self.vector_address(v), Type::Ptr), 0, 0),
            (_, Type::Vector(..)) => {
                let slot = self.vector_slot(to);
                self.store_at(v, Value::Built(slot, Type::Ptr), 0, 0);
                Value::Built(slot, to)
            }
            _ if let Value::Const(_, bits) = v => Value::Const(to, bits),
            _ => self.convert(KILN_OP_BITCAST, v, to),
        }
    }

    pub fn compare_ints(&self, op: IntPredicate, a: Value, b: Value) -> Value {
        if let (Value::Const(ty, x), Value::Const(_, y)) = (a, b)
            && let Some(bits) = ty.int_bits()
        {
            return Value::Const(Type::Bool, fold_comparison(op, bits, x, y).into());
        }
        let ty = self.register_type(a.ty());
        let (a, b) = (self.register(a), self.register(b));
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_fold_icmp(self.func(), int_condition(op), ty, a, b) }, Type::Bool)
    }

    pub fn compare_floats(&self, op: RealPredicate, a: Value, b: Value) -> Value {
        let cond = match float_condition(op) {
            Ok(cond) => cond,
            Err(always) => return Value::Const(Type::Bool, always.into()),
        };
        if a.ty().is_soft() {
            return self.compare_soft(cond, a, b);
        }
        let ty = self.register_type(a.ty());
        let (a, b) = (self.register(a), self.register(b));
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_fold_fcmp(self.func(), cond, ty, a, b) }, Type::Bool)
    }

    /// The opposite of a truth value: of a comparison that was just made, the opposite comparison.
    fn opposite(&self, cond: Value) -> Value {
        let func = self.func();
        let v = self.register(cond);
        let at = kiln_inst { id: v.id };
        // SAFETY: the function is open, and the instruction is its last.
        unsafe {
            if v.id + 1 == kiln_func_value_limit(func) {
                let is = kiln_inst_get(func, at);
                if is.op == KILN_OP_ICMP {
                    let [x, y] = [0, 1].map(|i| kiln_inst_operand(func, at, i));
                    return Value::Built(kiln_build_icmp(func, u32::from(is.cond) ^ 1, is.r#type, x, y), Type::Bool);
                }
            }
        }
        self.binary(KILN_OP_XOR, cond, Value::Const(Type::Bool, 1))
    }

    pub fn choose(&self, cond: Value, a: Value, b: Value) -> Value {
        if let Value::Const(_, cond) = cond {
            return if cond & 1 != 0 { a } else { b };
        }
        match a.ty() {
            Type::Void => a,
            // A truth value as a number.
            ty if ty.int_bits().is_some_and(|bits| bits <= 64)
                && let (Value::Const(_, x @ 0..=1), Value::Const(_, y)) = (a, b)
                && x + y == 1 =>
            {
                let cond = if x == 1 { cond } else { self.opposite(cond) };
                self.int_cast(cond, ty, false)
            }
            Type::Fields(_) => {
                let pairs = self.parts(a).into_iter().zip(self.parts(b));
                let parts = pairs.map(|(a, b)| self.choose(cond, a, b)).collect();
                self.parts_value(parts, a.ty())
            }
            ty => {
                let is_vector = matches!(ty, Type::Vector(..));
                let operand = |v| if is_vector { self.vector_address(v) } else { self.register(v) };
                let register = if is_vector { KILN_TYPE_PTR } else { self.register_type(ty) };
                let (cond, a, b) = (self.register(cond), operand(a), operand(b));
                // SAFETY: the function is open.
                Value::Built(unsafe { kiln_fold_select(self.func(), register, cond, a, b) }, ty)
            }
        }
    }

    pub fn build_switch(&mut self, v: Value, or_else: Block, cases: impl Iterator<Item = (u128, Block)>) {
        let ty = v.ty();
        if ty == Type::I128 {
            for (case, block) in cases {
                let equal = self.compare_ints(IntPredicate::IntEQ, v, Value::Const(ty, case));
                let next = self.append_sibling_block("");
                self.cond_br(equal, block, next);
                self.block = next;
            }
            return self.br(or_else);
        }
        let cases: Vec<_> =
            cases.map(|(case, block)| kiln_switch_case { value: case as i64, target: block.block }).collect();
        let value = self.register(v);
        // SAFETY: the function is open, and the cases are copied.
        unsafe {
            kiln_build_switch(
                self.func(),
                self.register_type(ty),
                value,
                or_else.block,
                cases.as_ptr(),
                cases.len() as u32,
            );
        }
    }
}
