//! f16 and f128, for which Kiln has few operations or none: values are their bits, and libkiln-llvm builds operations by
//! LLVM's names.

use crate::builder::Builder;
use crate::operation::{self, Machine};
use crate::sys::*;
use crate::types::Type;
use crate::values::Value;

/// LLVM's names of operations whose operands and result are of one type.
const PLAIN: &[(kiln_op, &str)] = &[
    (KILN_OP_FADD, "fadd"),
    (KILN_OP_FSUB, "fsub"),
    (KILN_OP_FMUL, "fmul"),
    (KILN_OP_FDIV, "fdiv"),
    (KILN_OP_FREM, "frem"),
    (KILN_OP_FNEG, "fneg"),
    (KILN_OP_FABS, "llvm.fabs"),
    (KILN_OP_FSQRT, "llvm.sqrt"),
    (KILN_OP_FFLOOR, "llvm.floor"),
    (KILN_OP_FCEIL, "llvm.ceil"),
    (KILN_OP_FTRUNC, "llvm.trunc"),
    (KILN_OP_FROUND, "llvm.round"),
    (KILN_OP_FROUNDEVEN, "llvm.roundeven"),
    (KILN_OP_FCOPYSIGN, "llvm.copysign"),
    (KILN_OP_FMIN, "llvm.minnum"),
    (KILN_OP_FMAX, "llvm.maxnum"),
    (KILN_OP_FMINIMUM, "llvm.minimum"),
    (KILN_OP_FMAXIMUM, "llvm.maximum"),
    (KILN_OP_FMA, "llvm.fma"),
    (KILN_OP_FMULADD, "llvm.fmuladd"),
];

/// The names of conversions.
const CONVERSIONS: &[(kiln_op, &str)] = &[
    (KILN_OP_FPROMOTE, "fpext"),
    (KILN_OP_FDEMOTE, "fptrunc"),
    (KILN_OP_SITOF, "sitofp"),
    (KILN_OP_UITOF, "uitofp"),
    (KILN_OP_FTOSI, "fptosi"),
    (KILN_OP_FTOUI, "fptoui"),
    (KILN_OP_FTOSIS, "llvm.fptosi.sat"),
    (KILN_OP_FTOUIS, "llvm.fptoui.sat"),
];

const CONDITIONS: &[(kiln_fcond, &str)] = &[
    (KILN_FCOND_OEQ, "oeq"),
    (KILN_FCOND_OGT, "ogt"),
    (KILN_FCOND_OGE, "oge"),
    (KILN_FCOND_OLT, "olt"),
    (KILN_FCOND_OLE, "ole"),
    (KILN_FCOND_ONE, "one"),
    (KILN_FCOND_ORD, "ord"),
    (KILN_FCOND_UNO, "uno"),
    (KILN_FCOND_UEQ, "ueq"),
    (KILN_FCOND_UGT, "ugt"),
    (KILN_FCOND_UGE, "uge"),
    (KILN_FCOND_ULT, "ult"),
    (KILN_FCOND_ULE, "ule"),
    (KILN_FCOND_UNE, "une"),
];

fn named(table: &[(u32, &'static str)], number: u32) -> Option<&'static str> {
    table.iter().find(|row| row.0 == number).map(|row| row.1)
}

/// Whether an operation on operands of type `ty` (f16 or f128) is built.
pub fn is_known(machine: &Machine, op: kiln_op, ty: Type, n: usize) -> bool {
    named(PLAIN, op).is_some_and(|name| operation_is_known(machine, name, ty, &vec![ty; n]))
}

/// Whether one of C's functions of floats is built.
pub fn function_is_known(machine: &Machine, function: &str, ty: Type, n: usize) -> bool {
    let mut operands = vec![ty; n];
    if function == "powi" {
        operands[1] = Type::I32;
    }
    operation_is_known(machine, &intrinsic(function), ty, &operands)
}

fn operation_is_known(machine: &Machine, name: &str, result: Type, operands: &[Type]) -> bool {
    let operands: Vec<_> = operands.iter().map(|ty| (ty.text(), None)).collect();
    operation::is_known(machine, name, &result.text(), &operands)
}

/// LLVM's intrinsic that is a function of C's.
fn intrinsic(function: &str) -> String {
    format!("llvm.{function}")
}

impl<'tcx> Builder<'_, 'tcx> {
    /// An operation with a result of type `ty`.
    pub fn soft(&self, op: kiln_op, ty: Type, operands: &[Value]) -> Value {
        let Some(name) = named(PLAIN, op).or(named(CONVERSIONS, op)) else {
            return self.unsupported("an operation on f16 or f128", ty);
        };
        self.operation_here(name, ty, operands)
    }

    /// A call of one of C's functions; those of f32 stand in for those of f16.
    pub fn soft_function(&self, function: &str, operands: &[Value]) -> Value {
        self.operation_here(&intrinsic(function), operands[0].ty(), operands)
    }

    pub fn compare_soft(&self, cond: kiln_fcond, a: Value, b: Value) -> Value {
        let name = named(CONDITIONS, cond).expect("all conditions have names");
        self.operation_here(&format!("fcmp {name}"), Type::Bool, &[a, b])
    }

    fn operation_here(&self, name: &str, ty: Type, operands: &[Value]) -> Value {
        let operands: Vec<_> = operands.iter().map(|&v| (v.ty(), v)).collect();
        let (value, block) = self.operation(name, &vec![(ty, 0)], &operands);
        if block != self.block.block {
            return self.unsupported("an operation on f16 or f128 that takes several blocks", ty);
        }
        value
    }

    /// An f16 as it is passed: in the low bits of an f32's register.
    pub fn passed_half(&self, v: Value) -> kiln_value {
        let bits = self.int_cast(v.retyped(Type::I16), Type::I32, false);
        self.register(self.convert(KILN_OP_BITCAST, bits, Type::F32))
    }

    /// The reverse.
    pub fn half_from_passed(&self, v: kiln_value) -> Value {
        let bits = self.convert(KILN_OP_BITCAST, Value::Built(v, Type::F32), Type::I32);
        self.int_cast(bits, Type::I16, false).retyped(Type::F16)
    }
}
