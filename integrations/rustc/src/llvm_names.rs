//! Calls of LLVM's intrinsics by name, which std::arch makes.

use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::traits::*;
use rustc_middle::mir::{BinOp, Body, CastKind, Const, ConstValue, Local, Operand, Rvalue, StatementKind};
use rustc_middle::ty::{self, Instance, Ty, TyCtxt, TypingEnv};
use rustc_span::{DUMMY_SP, Spanned};

use crate::builder::Builder;
use crate::operation::{self, Elements};
use crate::values::{Value, low_bits, sign_extended};

/// How many assignments a constant argument may have gone through.
const MOST_STEPS: u32 = 8;

/// What the parameters of an intrinsic that is called by `instance` consist of, and its result.
fn signature<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> Option<(Vec<Elements>, Elements)> {
    let env = TypingEnv::fully_monomorphized();
    let sig = tcx.instantiate_bound_regions_with_erased(instance.ty(tcx, env).fn_sig(tcx));
    let elements = |ty: Ty<'tcx>| operation::elements(tcx, tcx.layout_of(env.as_query_input(ty)).ok()?);
    let params = sig.inputs().iter().map(|&ty| elements(ty)).collect::<Option<Vec<_>>>()?;
    Some((params, elements(sig.output())?))
}

/// Whether a function's call of an intrinsic is built.
pub fn is_known<'tcx>(
    tcx: TyCtxt<'tcx>,
    caller: Instance<'tcx>,
    body: &Body<'tcx>,
    callee: Instance<'tcx>,
    args: &[Spanned<Operand<'tcx>>],
) -> bool {
    let Some((params, result)) = signature(tcx, callee) else { return false };
    // Pairs would be two arguments.
    if params.len() != args.len() || params.iter().any(|param| param.len() > 1) {
        return false;
    }
    let constants = Constants { tcx, instance: caller, body };
    let operands: Vec<operation::Operand> = params
        .iter()
        .zip(args)
        .filter(|(param, _)| !param.is_empty())
        .map(|(param, arg)| (operation::text(param), constants.operand(&arg.node, MOST_STEPS).map(|c| c.number())))
        .collect();
    let name = tcx.symbol_name(callee).name;
    operation::is_known(&operation::machine(tcx, caller), name, &operation::text(&result), &operands)
}

/// An integer that is known: its bits, their number, and whether it has a sign.
#[derive(Copy, Clone)]
struct Known {
    bits: u128,
    width: u32,
    signed: bool,
}

impl Known {
    fn extended(self) -> u128 {
        if self.signed { sign_extended(self.bits, self.width) } else { self.bits }
    }
    fn number(self) -> i64 {
        operation::constant(self.bits, self.width.into())
    }
}

/// Which arguments will be constants when the function is built.
struct Constants<'a, 'tcx> {
    tcx: TyCtxt<'tcx>,
    instance: Instance<'tcx>,
    body: &'a Body<'tcx>,
}

impl<'tcx> Constants<'_, 'tcx> {
    fn normal<T: ty::TypeFoldable<TyCtxt<'tcx>>>(&self, value: T) -> T {
        let env = TypingEnv::fully_monomorphized();
        self.instance.instantiate_mir_and_normalize_erasing_regions(
            self.tcx,
            env,
            ty::EarlyBinder::bind(self.tcx, value),
        )
    }

    fn of_type(&self, ty: Ty<'tcx>, bits: u128) -> Option<Known> {
        let query = TypingEnv::fully_monomorphized().as_query_input(ty);
        let width = self.tcx.layout_of(query).ok()?.size.bits() as u32;
        ty.is_integral().then(|| Known { bits: low_bits(bits, width), width, signed: ty.is_signed() })
    }

    fn operand(&self, operand: &Operand<'tcx>, steps: u32) -> Option<Known> {
        match operand {
            Operand::Constant(constant) => {
                let constant = self.normal(constant.const_);
                let ty = constant.ty();
                if ty.is_simd() {
                    return self.equal_lanes(constant);
                }
                if !ty.is_integral() {
                    return None;
                }
                self.of_type(ty, constant.try_eval_bits(self.tcx, TypingEnv::fully_monomorphized())?)
            }
            Operand::Copy(place) | Operand::Move(place) if steps > 0 => self.local(place.as_local()?, steps - 1),
            _ => None,
        }
    }

    /// The integer that all lanes of a constant vector are, as immediates of shifts are.
    fn equal_lanes(&self, vector: Const<'tcx>) -> Option<Known> {
        let (n, lane) = vector.ty().simd_size_and_type(self.tcx);
        let value = vector.eval(self.tcx, TypingEnv::fully_monomorphized(), DUMMY_SP).ok()?;
        let ConstValue::Indirect { alloc_id, offset } = value else { return None };
        let query = TypingEnv::fully_monomorphized().as_query_input(lane);
        let size = self.tcx.layout_of(query).ok()?.size.bytes_usize();
        let memory = self.tcx.global_alloc(alloc_id).unwrap_memory().inner();
        let range = offset.bytes_usize()..offset.bytes_usize() + n as usize * size;
        let mut lanes = memory.inspect_with_uninit_and_ptr_outside_interpreter(range).chunks(size);
        let first = lanes.next()?;
        let bits = first.iter().rev().fold(0u128, |bits, &byte| bits << 8 | u128::from(byte));
        lanes.all(|lane| lane == first).then(|| self.of_type(lane, bits)).flatten()
    }

    /// A variable that is assigned once.
    fn local(&self, local: Local, steps: u32) -> Option<Known> {
        let statements = self.body.basic_blocks.iter().flat_map(|block| &block.statements);
        let mut assigned = statements.filter_map(|statement| match &statement.kind {
            StatementKind::Assign(assigned) if assigned.0.as_local() == Some(local) => Some(&assigned.1),
            _ => None,
        });
        let value = assigned.next()?;
        if assigned.next().is_some() {
            return None;
        }
        match value {
            Rvalue::Use(operand, ..) => self.operand(operand, steps),
            Rvalue::Cast(CastKind::IntToInt, operand, ty) => {
                self.of_type(self.normal(*ty), self.operand(operand, steps)?.extended())
            }
            Rvalue::BinaryOp(op, operands) => {
                let (a, b) = (self.operand(&operands.0, steps)?, self.operand(&operands.1, steps)?);
                let bits = match op {
                    BinOp::BitAnd => a.bits & b.bits,
                    BinOp::BitOr => a.bits | b.bits,
                    BinOp::Shr | BinOp::ShrUnchecked if b.bits < u128::from(a.width) => a.extended() >> b.bits,
                    _ => return None,
                };
                Some(Known { bits: low_bits(bits, a.width), ..a })
            }
            _ => None,
        }
    }
}

impl<'tcx> Builder<'_, 'tcx> {
    pub fn llvm_intrinsic(&mut self, instance: Instance<'tcx>, args: &[OperandRef<'tcx, Value>]) -> Value {
        let name = self.tcx.symbol_name(instance).name;
        let Some((params, result)) = signature(self.tcx, instance) else {
            self.fatal(&format!("LLVM's intrinsic {name}"))
        };
        let operands: Vec<_> = params
            .iter()
            .zip(args)
            .filter(|(param, _)| !param.is_empty())
            .map(|(param, arg)| {
                let v = match arg.val {
                    OperandValue::Ref(place) => self.load_at(self.backend_type(arg.layout), place.llval, 0, 0),
                    _ => arg.immediate(),
                };
                (param[0].0, v)
            })
            .collect();
        let (value, block) = self.operation(name, &result, &operands);
        self.block.block = block;
        value
    }
}
