//! Values: constants, which belong to a module, and Kiln's values, which belong to a function.

use crate::sys::*;
use crate::types::Type;

/// A value, of any function of a unit.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Value {
    /// Any bits.
    Undef(Type),
    /// An integer, a float's bits, an address that is a number; or a vector of zeros.
    Const(Type, u128),
    /// The address of a symbol plus a number.
    Symbol(kiln_symbol, i64),
    /// A value of the function being built; of a `Type::Vector` the address of memory that has it.
    Built(kiln_value, Type),
    /// The address that is a value of the function plus a number. It becomes an instruction only where loads and stores
    /// do not take it as it is: a slot whose address is computed is memory.
    Offset(kiln_value, i32),
    /// Several values: `Context::parts` has them.
    Parts(u32, Type),
    /// A constant vector: the data that has it.
    VectorConst(kiln_symbol, Type),
}

impl Value {
    pub fn ty(self) -> Type {
        match self {
            Value::Undef(ty)
            | Value::Const(ty, _)
            | Value::Built(_, ty)
            | Value::Parts(_, ty)
            | Value::VectorConst(_, ty) => ty,
            Value::Symbol(..) | Value::Offset(..) => Type::Ptr,
        }
    }

    /// The same bits as a value of another type of the same register.
    pub fn retyped(self, ty: Type) -> Value {
        match self {
            Value::Undef(_) => Value::Undef(ty),
            Value::Const(_, bits) => Value::Const(ty, bits),
            Value::Built(value, _) => Value::Built(value, ty),
            other => other,
        }
    }

    pub fn usize(n: u64) -> Value {
        Value::Const(Type::I64, u128::from(n))
    }
}

/// The low `bits` bits of `v`.
pub fn low_bits(v: u128, bits: u32) -> u128 {
    if bits >= 128 { v } else { v & ((1 << bits) - 1) }
}

/// `v`, a number of `bits` bits, with its sign above.
pub fn sign_extended(v: u128, bits: u32) -> u128 {
    let unused = 128 - bits;
    ((v << unused) as i128 >> unused) as u128
}
