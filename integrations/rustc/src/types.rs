//! Types of values, as the code generator sees Rust's, and their layout.

use rustc_abi::{AddressSpace, BackendRepr, FieldsShape, Float, Primitive, Reg, RegKind, Scalar, Size};
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::Ty;
use rustc_middle::ty::layout::TyAndLayout;
use rustc_target::callconv::{CastTarget, FnAbi};

use crate::abi::Signature;
use crate::compat;
use crate::context::Context;
use crate::processor::Processor;
use crate::sys::*;

/// The type of a value.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    Void,
    /// A condition: an i8 that is 0 or 1.
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    F16,
    F32,
    F64,
    F128,
    Ptr,
    /// An f16 as one of several that are passed together, on processors that have a type for it.
    PassedHalf,
    /// So many bytes (3, 5, 6, 7) of an integer register, of which memory has no more.
    Bytes(u8),
    /// A vector: its lanes' type, and how many they are. Values of it are addresses of memory that nothing else writes.
    Vector(Lane, u32),
    /// What is in memory only: its size.
    Memory(u64),
    /// Several values: `Context::fields` has their types and offsets.
    Fields(u32),
}

/// The type of a vector's lanes.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Lane {
    I8,
    I16,
    I32,
    I64,
    I128,
    F16,
    F32,
    F64,
    F128,
    Ptr,
}

impl Lane {
    pub fn of(ty: Type) -> Option<Lane> {
        Some(match ty {
            Type::Bool | Type::I8 => Lane::I8,
            Type::I16 => Lane::I16,
            Type::I32 => Lane::I32,
            Type::I64 => Lane::I64,
            Type::I128 => Lane::I128,
            Type::F16 => Lane::F16,
            Type::F32 => Lane::F32,
            Type::F64 => Lane::F64,
            Type::F128 => Lane::F128,
            Type::Ptr => Lane::Ptr,
            _ => return None,
        })
    }

    pub fn ty(self) -> Type {
        match self {
            Lane::I8 => Type::I8,
            Lane::I16 => Type::I16,
            Lane::I32 => Type::I32,
            Lane::I64 => Type::I64,
            Lane::I128 => Type::I128,
            Lane::F16 => Type::F16,
            Lane::F32 => Type::F32,
            Lane::F64 => Type::F64,
            Lane::F128 => Type::F128,
            Lane::Ptr => Type::Ptr,
        }
    }
}

impl Type {
    /// Kiln's type of a value, if it is one value that a register may have.
    pub fn register(self, processor: &Processor) -> Option<kiln_type> {
        Some(match self {
            Type::Bool | Type::I8 => KILN_TYPE_I8,
            // Floats that Kiln has no operations for are their bits: `soft.rs` has the operations.
            Type::F16 => KILN_TYPE_I16,
            Type::F128 => processor.f128,
            Type::PassedHalf => KILN_TYPE_F16,
            Type::I16 => KILN_TYPE_I16,
            Type::I32 | Type::Bytes(3) => KILN_TYPE_I32,
            Type::I64 | Type::Ptr | Type::Bytes(_) => KILN_TYPE_I64,
            Type::I128 => KILN_TYPE_I128,
            Type::F32 => KILN_TYPE_F32,
            Type::F64 => KILN_TYPE_F64,
            Type::Vector(lane, 1) if !processor.short_vectors => return lane.ty().register(processor),
            // Narrow ones are the low bytes.
            Type::Vector(..) => match self.scalar_size() {
                0..=8 => KILN_TYPE_V64,
                9..=16 => KILN_TYPE_V128,
                _ => return None,
            },
            Type::Void | Type::Memory(_) | Type::Fields(_) => return None,
        })
    }

    /// Kiln's type of a value that is passed to or returned from a function.
    pub fn passed(self, processor: &Processor) -> Option<kiln_type> {
        match self {
            Type::F16 => Some(KILN_TYPE_F32),
            ty => ty.register(processor),
        }
    }

    /// Bytes in memory of a type that is not `Fields`.
    pub fn scalar_size(self) -> u64 {
        match self {
            Type::Void | Type::Fields(_) => 0,
            Type::Bool | Type::I8 => 1,
            Type::I16 | Type::F16 | Type::PassedHalf => 2,
            Type::I32 | Type::F32 => 4,
            Type::I64 | Type::F64 | Type::Ptr => 8,
            Type::I128 | Type::F128 => 16,
            Type::Bytes(n) => u64::from(n),
            Type::Vector(lane, n) => lane.ty().scalar_size() * u64::from(n),
            Type::Memory(n) => n,
        }
    }

    /// Bits of an integer, pointers not included.
    pub fn int_bits(self) -> Option<u32> {
        match self {
            Type::Bool => Some(1),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::I128 => Some(self.scalar_size() as u32 * 8),
            _ => None,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Type::F16 | Type::F32 | Type::F64 | Type::F128)
    }

    /// Floats that are their bits, an integer or a vector.
    pub fn is_soft(self) -> bool {
        matches!(self, Type::F16 | Type::F128)
    }

    /// The type of a scalar in memory, or of one that is a value.
    pub fn of_scalar(scalar: Scalar, immediate: bool) -> Type {
        match scalar.primitive() {
            _ if immediate && scalar.is_bool() => Type::Bool,
            Primitive::Int(integer, _) => Type::int(integer.size().bits()),
            Primitive::Float(Float::F16) => Type::F16,
            Primitive::Float(Float::F32) => Type::F32,
            Primitive::Float(Float::F64) => Type::F64,
            Primitive::Float(Float::F128) => Type::F128,
            // Those of other processors, which rustc has since 1.101.
            #[allow(unreachable_patterns)]
            Primitive::Float(float) => unreachable!("{float:?} is of another processor"),
            Primitive::Pointer(_) => Type::Ptr,
        }
    }

    /// The type of a scalar or a vector that is a value.
    pub fn of(repr: BackendRepr) -> Option<Type> {
        match repr {
            BackendRepr::Scalar(scalar) => Some(Type::of_scalar(scalar, true)),
            BackendRepr::SimdVector { element, count } => {
                let lane = Lane::of(Type::of_scalar(element, false)).expect("lanes are scalars");
                Some(Type::Vector(lane, compat::lanes(count)))
            }
            _ => None,
        }
    }

    /// A type as LLVM writes it; "void" for those that are no value.
    pub fn text(self) -> String {
        let name = match self {
            Type::Bool => "i1",
            Type::I8 => "i8",
            Type::I16 => "i16",
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::I128 => "i128",
            Type::F16 => "half",
            Type::F32 => "float",
            Type::F64 => "double",
            Type::F128 => "fp128",
            Type::Ptr => "ptr",
            Type::Vector(lane, n) => return format!("<{n} x {}>", lane.ty().text()),
            Type::Void | Type::PassedHalf | Type::Bytes(_) | Type::Memory(_) | Type::Fields(_) => "void",
        };
        name.to_string()
    }

    /// The integer type of that many bits.
    pub fn int(bits: u64) -> Type {
        match bits {
            8 => Type::I8,
            16 => Type::I16,
            32 => Type::I32,
            64 => Type::I64,
            128 => Type::I128,
            _ => Type::Memory(bits.div_ceil(8)),
        }
    }
}

impl<'tcx> Context<'tcx> {
    /// The type of several values, interned.
    pub fn fields_type(&self, fields: Vec<(Type, u64)>) -> Type {
        let mut table = self.field_lists.borrow_mut();
        let next = table.len() as u32;
        let (id, _) = table.insert_full(fields);
        debug_assert!(id as u32 <= next);
        Type::Fields(id as u32)
    }

    /// The types and offsets of a `Type::Fields`.
    pub fn fields(&self, id: u32) -> Vec<(Type, u64)> {
        self.field_lists.borrow()[id as usize].clone()
    }

    /// Bytes of an array's element of that type.
    pub fn size_of_type(&self, ty: Type) -> u64 {
        match ty {
            Type::Vector(..) => ty.scalar_size().next_power_of_two(),
            Type::Fields(id) => {
                self.field_lists.borrow()[id as usize].last().map_or(0, |&(ty, at)| at + self.size_of_type(ty))
            }
            ty => ty.scalar_size(),
        }
    }

    /// Kiln's type of a value, if it is one value that a register may have.
    pub fn register_of(&self, ty: Type) -> Option<kiln_type> {
        ty.register(self.module.processor)
    }

    /// Kiln's type of a value that must be in a register.
    pub fn register_type(&self, ty: Type) -> kiln_type {
        self.register_of(ty).unwrap_or_else(|| self.fatal(&format!("a value of {ty:?} where one register is needed")))
    }

    /// The same of one that is passed to or returned from a function.
    pub fn passed_type(&self, ty: Type) -> kiln_type {
        ty.passed(self.module.processor).unwrap_or_else(|| self.register_type(ty))
    }

    /// The values that `ty` consists of, in order.
    pub fn flat_types(&self, ty: Type, out: &mut Vec<Type>) {
        match ty {
            Type::Void => {}
            Type::Fields(id) => self.fields(id).iter().for_each(|&(ty, _)| self.flat_types(ty, out)),
            ty => out.push(ty),
        }
    }

    /// The type of an operand that is not in memory.
    pub fn immediate_type(&self, layout: TyAndLayout<'tcx>) -> Type {
        if let Some((a, b, b_offset)) = compat::scalar_pair(self, layout.backend_repr) {
            return self.fields_type(vec![(Type::of_scalar(a, true), 0), (Type::of_scalar(b, true), b_offset.bytes())]);
        }
        match layout.backend_repr {
            BackendRepr::Scalar(scalar) => Type::of_scalar(scalar, true),
            _ => self.backend_type(layout),
        }
    }

    fn reg_type(&self, reg: &Reg) -> Type {
        match (reg.kind, reg.size.bytes()) {
            (RegKind::Integer, n @ (3 | 5 | 6 | 7)) => Type::Bytes(n as u8),
            (RegKind::Integer, n) => Type::int(n * 8),
            (RegKind::Float, 2) => Type::F16,
            (RegKind::Float, 4) => Type::F32,
            (RegKind::Float, 8) => Type::F64,
            (RegKind::Float, _) => Type::F128,
            (_, n) => Type::Vector(Lane::I8, n as u32),
        }
    }

    pub fn cast_type(&self, cast: &CastTarget) -> Type {
        let mut unit = self.reg_type(&cast.rest.unit);
        let unit_bytes = cast.rest.unit.size.bytes();
        let n = if cast.rest.total == Size::ZERO { 0 } else { cast.rest.total.bytes().div_ceil(unit_bytes) };
        if cast.prefix.is_empty() && n == 1 {
            return unit;
        }
        if unit == Type::F16 && is_array(cast) && self.module.processor.short_vectors {
            unit = Type::PassedHalf;
        }
        let mut at = 0;
        let mut fields = Vec::new();
        for reg in &cast.prefix {
            fields.push((self.reg_type(reg), at));
            at += reg.size.bytes();
        }
        if let Some(offset) = cast.rest_offset {
            at = offset.bytes();
        }
        for _ in 0..n {
            at = at.next_multiple_of(unit_bytes.next_power_of_two());
            fields.push((unit, at));
            at += unit_bytes;
        }
        self.fields_type(fields)
    }
}

impl<'tcx> BaseTypeCodegenMethods for Context<'tcx> {
    compat::base_type_methods!();
    compat::bf16_methods!();

    fn type_i8(&self) -> Type {
        Type::I8
    }
    fn type_i16(&self) -> Type {
        Type::I16
    }
    fn type_i32(&self) -> Type {
        Type::I32
    }
    fn type_i64(&self) -> Type {
        Type::I64
    }
    fn type_i128(&self) -> Type {
        Type::I128
    }
    fn type_isize(&self) -> Type {
        Type::I64
    }
    fn type_f16(&self) -> Type {
        Type::F16
    }
    fn type_f32(&self) -> Type {
        Type::F32
    }
    fn type_f64(&self) -> Type {
        Type::F64
    }
    fn type_f128(&self) -> Type {
        Type::F128
    }
    fn type_func(&self, params: &[Type], result: Type) -> Signature {
        self.plain_signature(0, params, result)
    }
    fn type_ptr(&self) -> Type {
        Type::Ptr
    }
    fn type_ptr_ext(&self, _: AddressSpace) -> Type {
        Type::Ptr
    }
    fn val_ty(&self, v: crate::values::Value) -> Type {
        v.ty()
    }
}

/// Whether a value is passed as several of one type, which some ABIs pass together.
pub fn is_array(cast: &CastTarget) -> bool {
    cast.prefix.is_empty() && cast.rest.total > cast.rest.unit.size
}

/// What the interface asks about types by names that differ from version to version.
pub fn float_kind(ty: Type) -> Option<Float> {
    match ty {
        Type::F16 => Some(Float::F16),
        Type::F32 => Some(Float::F32),
        Type::F64 => Some(Float::F64),
        Type::F128 => Some(Float::F128),
        _ => None,
    }
}

impl<'tcx> LayoutTypeCodegenMethods<'tcx> for Context<'tcx> {
    compat::layout_methods!();

    fn backend_type(&self, layout: TyAndLayout<'tcx>) -> Type {
        if let Some((a, b, b_offset)) = compat::scalar_pair(self, layout.backend_repr) {
            // The size includes padding, since it is the stride of arrays.
            return self.fields_type(vec![
                (Type::of_scalar(a, false), 0),
                (Type::of_scalar(b, false), b_offset.bytes()),
                (Type::Void, layout.size.bytes()),
            ]);
        }
        match layout.backend_repr {
            BackendRepr::Scalar(scalar) => Type::of_scalar(scalar, false),
            repr @ BackendRepr::SimdVector { .. } => Type::of(repr).expect("it is a vector"),
            _ => match layout.fields {
                FieldsShape::Array { .. } if layout.is_unsized() => Type::Memory(layout.field(self, 0).size.bytes()),
                _ => Type::Memory(layout.size.bytes()),
            },
        }
    }
    fn cast_backend_type(&self, cast: &CastTarget) -> Type {
        self.cast_type(cast)
    }
    fn fn_decl_backend_type(&self, abi: &FnAbi<'tcx, Ty<'tcx>>) -> Signature {
        self.abi_signature(abi)
    }
    fn fn_ptr_backend_type(&self, _: &FnAbi<'tcx, Ty<'tcx>>) -> Type {
        Type::Ptr
    }
    fn reg_backend_type(&self, reg: &Reg) -> Type {
        self.reg_type(reg)
    }
    fn immediate_backend_type(&self, layout: TyAndLayout<'tcx>) -> Type {
        self.immediate_type(layout)
    }
    fn scalar_pair_element_backend_type(&self, layout: TyAndLayout<'tcx>, index: usize, immediate: bool) -> Type {
        let Some((a, b, _)) = compat::scalar_pair(self, layout.backend_repr) else {
            unreachable!("{layout:?} is no scalar pair")
        };
        Type::of_scalar([a, b][index], immediate)
    }
}

impl<'tcx> TypeMembershipCodegenMethods<'tcx> for Context<'tcx> {}
