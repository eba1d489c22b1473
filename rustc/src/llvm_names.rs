//! Calls of LLVM's intrinsics by name, which std::arch makes: the rows of Kiln's table of machine instructions, for
//! whole vectors or for each 16 bytes of wide ones.

use rustc_abi::{BackendRepr, Primitive};
use rustc_codegen_ssa::mir::operand::OperandRef;
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::TyAndLayout;
use rustc_middle::ty::{Instance, Ty, TyCtxt, TypingEnv};

use crate::builder::Builder;
use crate::sys::*;
use crate::types::Type;
use crate::values::Value;

/// Bytes of the vectors that rows are about.
const ROW_BYTES: u64 = 16;

/// How an intrinsic is built.
pub enum Plan {
    /// A hint that a processor may ignore.
    Nothing,
    /// A row for each of so many parts of the operands.
    Row(kiln_machine_info, u64),
    /// Addition or subtraction with carry.
    Carry(kiln_op),
}

/// The parameters and the result of an intrinsic that is called by `instance`.
fn signature<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> (Vec<TyAndLayout<'tcx>>, TyAndLayout<'tcx>) {
    let env = TypingEnv::fully_monomorphized();
    let sig = tcx.instantiate_bound_regions_with_erased(instance.ty(tcx, env).fn_sig(tcx));
    let layout = |ty: Ty<'tcx>| tcx.layout_of(env.as_query_input(ty)).expect("intrinsics have types with layouts");
    (sig.inputs().iter().map(|&ty| layout(ty)).collect(), layout(sig.output()))
}

/// How the intrinsic of that name is built; None: it is not.
pub fn plan<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> Option<Plan> {
    let name = tcx.symbol_name(instance).name;
    let name = name.strip_prefix("llvm.x86.")?;
    let (params, result) = signature(tcx, instance);
    match name {
        "sse2.pause" => return Some(Plan::Nothing),
        "addcarry.32" | "addcarry.64" => return Some(Plan::Carry(KILN_OP_UADDO)),
        "subborrow.32" | "subborrow.64" => return Some(Plan::Carry(KILN_OP_USUBO)),
        _ => {}
    }
    if let Some(row) = find(name)
        && fits(&row, &params, result, 1)
    {
        return Some(Plan::Row(row, 1));
    }
    // Wide ones whose parts are those of a narrow one.
    let stem = name.strip_prefix("avx2.").or(name.strip_suffix(".256"))?;
    let parts = result.size.bytes() / ROW_BYTES;
    ["ssse3.STEM.128", "sse2.STEM.128", "sse2.STEM", "sse41.STEM", "sse42.STEM", "STEM"]
        .iter()
        .filter_map(|name| find(&name.replace("STEM", stem)))
        .find(|row| row.result == KILN_TYPE_V128 && parts > 1 && fits(row, &params, result, parts))
        .map(|row| Plan::Row(row, parts))
}

fn find(name: &str) -> Option<kiln_machine_info> {
    let mut info = kiln_machine_info::default();
    // SAFETY: the name is read during the call.
    unsafe { kiln_machine_find(KILN_TARGET_X86_64, name.as_ptr().cast(), name.len(), &mut info) }.then_some(info)
}

/// Whether the row takes and gives what the intrinsic takes and gives, in so many parts.
fn fits<'tcx>(row: &kiln_machine_info, params: &[TyAndLayout<'tcx>], result: TyAndLayout<'tcx>, parts: u64) -> bool {
    let fit = |layout: &TyAndLayout<'tcx>, ty: kiln_type| {
        // SAFETY: any number is allowed.
        let bytes = u64::from(unsafe { kiln_type_size(ty) });
        match layout.backend_repr {
            BackendRepr::SimdVector { .. } => {
                layout.size.bytes() == bytes * parts && matches!(ty, KILN_TYPE_V64 | KILN_TYPE_V128)
            }
            // Narrow integers are extended, and cut.
            BackendRepr::Scalar(scalar) => match scalar.primitive() {
                Primitive::Float(_) => layout.size.bytes() == bytes && matches!(ty, KILN_TYPE_F32 | KILN_TYPE_F64),
                _ => matches!(ty, KILN_TYPE_I8 | KILN_TYPE_I32 | KILN_TYPE_I64),
            },
            _ => false,
        }
    };
    params.len() == row.n_operands as usize
        && params.iter().zip(row.operands).all(|(layout, ty)| fit(layout, ty))
        && if result.is_zst() { row.result == KILN_TYPE_VOID } else { fit(&result, row.result) }
}

impl<'tcx> Builder<'_, 'tcx> {
    pub fn llvm_intrinsic(&mut self, instance: Instance<'tcx>, args: &[OperandRef<'tcx, Value>]) -> Value {
        let (_, result) = signature(self.tcx, instance);
        let ty = if result.is_zst() { Type::Void } else { self.immediate_type(result) };
        let args: Vec<Value> = args.iter().map(|arg| arg.immediate()).collect();
        match plan(self.tcx, instance) {
            Some(Plan::Nothing) => Value::Undef(Type::Void),
            Some(Plan::Row(row, 1)) => self.build_row(&row, &args, ty),
            Some(Plan::Row(row, parts)) => self.build_parts(&row, &args, ty, parts),
            Some(Plan::Carry(op)) => self.build_carry(op, &args, ty),
            None => self.fatal(&format!("LLVM's intrinsic {}", self.tcx.symbol_name(instance).name)),
        }
    }

    fn row_operand(&self, v: Value, ty: kiln_type) -> kiln_value {
        match v.ty() {
            Type::Vector(..) => self.vector_register(v),
            _ => match scalar_of(ty) {
                Some(ty) if v.ty().int_bits().is_some() => self.register(self.int_cast(v, ty, false)),
                _ => self.register(v),
            },
        }
    }

    fn build_row(&self, row: &kiln_machine_info, args: &[Value], ty: Type) -> Value {
        let operands: Vec<_> = args.iter().zip(row.operands).map(|(&v, want)| self.row_operand(v, want)).collect();
        // SAFETY: the function is open.
        let result = unsafe { kiln_build_machine(self.func(), row.row, operands.as_ptr(), operands.len() as u32) };
        match (ty, scalar_of(row.result)) {
            (Type::Void, _) => Value::Undef(ty),
            (Type::Vector(..), _) => self.vector_from_register(result, ty),
            (_, Some(gives)) if ty.int_bits().is_some() => self.int_cast(Value::Built(result, gives), ty, false),
            _ => Value::Built(result, ty),
        }
    }

    fn build_parts(&self, row: &kiln_machine_info, args: &[Value], ty: Type, parts: u64) -> Value {
        let slot = Value::Built(self.vector_slot(ty), Type::Ptr);
        let part_type = Type::Vector(crate::types::Lane::I8, ROW_BYTES as u32);
        let addresses: Vec<_> = args
            .iter()
            .map(|&v| match v.ty() {
                Type::Vector(..) => Some(Value::Built(self.vector_address(v), Type::Ptr)),
                _ => None,
            })
            .collect();
        for part in 0..parts {
            let of_part: Vec<Value> = args
                .iter()
                .zip(&addresses)
                .map(|(&v, address)| match address {
                    Some(address) => self.load_at(part_type, *address, part * ROW_BYTES, 0),
                    None => v,
                })
                .collect();
            let result = self.build_row(row, &of_part, part_type);
            self.store_at(result, slot, part * ROW_BYTES, 0);
        }
        let Value::Built(slot, _) = slot else { unreachable!("a slot") };
        Value::Built(slot, ty)
    }

    /// (carry, a, b) -> (carry, sum), or difference; any carry but 0 is 1.
    fn build_carry(&mut self, op: kiln_op, args: &[Value], ty: Type) -> Value {
        let [carry, a, b] = *args else { unreachable!("three operands") };
        let word = a.ty();
        let op = if op == KILN_OP_UADDO { OverflowOp::Add } else { OverflowOp::Sub };
        let set = self.icmp(rustc_codegen_ssa::common::IntPredicate::IntNE, carry, Value::Const(carry.ty(), 0));
        let carry = self.int_cast(set, word, false);
        let (first, over) = self.checked(op, false, a, b);
        let (result, again) = self.checked(op, false, first, carry);
        let carry = self.binary(KILN_OP_OR, over, again).retyped(Type::I8);
        self.parts_value(vec![carry, result], ty)
    }
}

fn scalar_of(ty: kiln_type) -> Option<Type> {
    match ty {
        KILN_TYPE_I8 => Some(Type::I8),
        KILN_TYPE_I16 => Some(Type::I16),
        KILN_TYPE_I32 => Some(Type::I32),
        KILN_TYPE_I64 => Some(Type::I64),
        _ => None,
    }
}
