//! Intrinsics of vectors: one instruction of Kiln's where it has one for vectors of 8 and 16 bytes, else lane by lane.

use rustc_codegen_ssa::common::{IntPredicate, RealPredicate};
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::{LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Instance, Ty, TyCtxt};

use crate::arith::int_condition;
use crate::builder::Builder;
use crate::intrinsics::float_function;
use crate::sys::*;
use crate::types::{Lane, Type};
use crate::values::Value;

/// What the lanes of a vector are.
#[derive(Copy, Clone)]
struct Lanes {
    ty: Type,
    n: u32,
    signed: bool,
}

impl Lanes {
    fn is_float(self) -> bool {
        self.ty.is_float()
    }
    fn vector(self) -> Type {
        Type::Vector(Lane::of(self.ty).expect("lanes are scalars"), self.n)
    }
}

/// Operations on lanes that are one of Kiln's: of unsigned integers, signed ones, floats (NONE: not for these).
const BY_LANE: &[(&str, [kiln_op; 3])] = &[
    ("simd_add", [KILN_OP_ADD, KILN_OP_ADD, KILN_OP_FADD]),
    ("simd_and", [KILN_OP_AND, KILN_OP_AND, KILN_OP_NONE]),
    ("simd_bitreverse", [KILN_OP_BITREV, KILN_OP_BITREV, KILN_OP_NONE]),
    ("simd_bswap", [KILN_OP_BSWAP, KILN_OP_BSWAP, KILN_OP_NONE]),
    ("simd_ceil", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FCEIL]),
    ("simd_ctlz", [KILN_OP_CLZ, KILN_OP_CLZ, KILN_OP_NONE]),
    ("simd_ctpop", [KILN_OP_POPCNT, KILN_OP_POPCNT, KILN_OP_NONE]),
    ("simd_cttz", [KILN_OP_CTZ, KILN_OP_CTZ, KILN_OP_NONE]),
    ("simd_div", [KILN_OP_UDIV, KILN_OP_SDIV, KILN_OP_FDIV]),
    ("simd_fabs", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FABS]),
    ("simd_floor", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FFLOOR]),
    ("simd_fma", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FMA]),
    ("simd_fsqrt", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FSQRT]),
    ("simd_funnel_shl", [KILN_OP_FSHL, KILN_OP_FSHL, KILN_OP_NONE]),
    ("simd_funnel_shr", [KILN_OP_FSHR, KILN_OP_FSHR, KILN_OP_NONE]),
    ("simd_maximum_number_nsz", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FMAX]),
    ("simd_minimum_number_nsz", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FMIN]),
    ("simd_mul", [KILN_OP_MUL, KILN_OP_MUL, KILN_OP_FMUL]),
    ("simd_neg", [KILN_OP_NEG, KILN_OP_NEG, KILN_OP_FNEG]),
    ("simd_or", [KILN_OP_OR, KILN_OP_OR, KILN_OP_NONE]),
    ("simd_relaxed_fma", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FMULADD]),
    ("simd_rem", [KILN_OP_UREM, KILN_OP_SREM, KILN_OP_FREM]),
    ("simd_round", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FROUND]),
    ("simd_round_ties_even", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FROUNDEVEN]),
    ("simd_saturating_add", [KILN_OP_UADDS, KILN_OP_SADDS, KILN_OP_NONE]),
    ("simd_saturating_sub", [KILN_OP_USUBS, KILN_OP_SSUBS, KILN_OP_NONE]),
    ("simd_shl", [KILN_OP_SHL, KILN_OP_SHL, KILN_OP_NONE]),
    ("simd_shr", [KILN_OP_LSHR, KILN_OP_ASHR, KILN_OP_NONE]),
    ("simd_sub", [KILN_OP_SUB, KILN_OP_SUB, KILN_OP_FSUB]),
    ("simd_trunc", [KILN_OP_NONE, KILN_OP_NONE, KILN_OP_FTRUNC]),
    ("simd_xor", [KILN_OP_XOR, KILN_OP_XOR, KILN_OP_NONE]),
];

/// Those that go from lane to lane, with the same operation columns.
const REDUCTIONS: &[(&str, [kiln_op; 3])] = &[
    ("simd_reduce_add_ordered", [KILN_OP_ADD, KILN_OP_ADD, KILN_OP_FADD]),
    ("simd_reduce_add_unordered", [KILN_OP_ADD, KILN_OP_ADD, KILN_OP_FADD]),
    ("simd_reduce_all", [KILN_OP_AND, KILN_OP_AND, KILN_OP_NONE]),
    ("simd_reduce_and", [KILN_OP_AND, KILN_OP_AND, KILN_OP_NONE]),
    ("simd_reduce_any", [KILN_OP_OR, KILN_OP_OR, KILN_OP_NONE]),
    ("simd_reduce_max", [KILN_OP_UMAX, KILN_OP_SMAX, KILN_OP_FMAX]),
    ("simd_reduce_min", [KILN_OP_UMIN, KILN_OP_SMIN, KILN_OP_FMIN]),
    ("simd_reduce_mul_ordered", [KILN_OP_MUL, KILN_OP_MUL, KILN_OP_FMUL]),
    ("simd_reduce_mul_unordered", [KILN_OP_MUL, KILN_OP_MUL, KILN_OP_FMUL]),
    ("simd_reduce_or", [KILN_OP_OR, KILN_OP_OR, KILN_OP_NONE]),
    ("simd_reduce_xor", [KILN_OP_XOR, KILN_OP_XOR, KILN_OP_NONE]),
];

/// Functions of C's library by lane.
const FUNCTIONS: &[(&str, &str)] = &[
    ("simd_fcos", "cos"),
    ("simd_fexp", "exp"),
    ("simd_fexp2", "exp2"),
    ("simd_flog", "log"),
    ("simd_flog10", "log10"),
    ("simd_flog2", "log2"),
    ("simd_fsin", "sin"),
];

/// Those with an arm of their own in `simd`.
const OTHERS: &[&str] = &[
    "simd_arith_offset",
    "simd_as",
    "simd_bitmask",
    "simd_cast",
    "simd_cast_ptr",
    "simd_eq",
    "simd_expose_provenance",
    "simd_extract",
    "simd_extract_dyn",
    "simd_gather",
    "simd_ge",
    "simd_gt",
    "simd_insert",
    "simd_insert_dyn",
    "simd_le",
    "simd_lt",
    "simd_masked_load",
    "simd_masked_store",
    "simd_ne",
    "simd_scatter",
    "simd_select",
    "simd_select_bitmask",
    "simd_shuffle",
    "simd_shuffle_const_generic",
    "simd_splat",
    "simd_with_exposed_provenance",
];

fn row<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// Whether a vector intrinsic is built.
pub fn is_known(name: &str) -> bool {
    row(BY_LANE, name).is_some()
        || row(REDUCTIONS, name).is_some()
        || row(FUNCTIONS, name).is_some()
        || OTHERS.contains(&name)
}

/// Whether lanes of that type are built: all but f16 and f128.
pub fn has_lanes<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> bool {
    let (_, lane) = ty.simd_size_and_type(tcx);
    !matches!(lane.kind(), ty::Float(ty::FloatTy::F16 | ty::FloatTy::F128))
}

fn op_of(ops: [kiln_op; 3], lanes: Lanes) -> kiln_op {
    ops[if lanes.is_float() { 2 } else { usize::from(lanes.signed) }]
}

type Operands<'a, 'tcx> = &'a [OperandRef<'tcx, Value>];

impl<'tcx> Builder<'_, 'tcx> {
    fn lanes_of(&self, ty: Ty<'tcx>) -> Option<Lanes> {
        if !ty.is_simd() {
            return None;
        }
        let (n, lane) = ty.simd_size_and_type(self.tcx);
        let layout = self.layout_of(lane);
        Some(Lanes { ty: self.backend_type(layout), n: n as u32, signed: lane.is_signed() })
    }

    /// An operand, which packed vectors are the address of.
    fn operand(&self, arg: &OperandRef<'tcx, Value>) -> Value {
        match (arg.val, self.lanes_of(arg.layout.ty)) {
            (OperandValue::Ref(place), Some(lanes)) => self.load_at(lanes.vector(), place.llval, 0, 0),
            (OperandValue::Ref(place), None) => {
                // A mask as an array of bytes.
                self.load_at(Type::int(arg.layout.size.bits()), place.llval, 0, 0)
            }
            _ => arg.immediate(),
        }
    }

    /// A vector intrinsic; its value may be a vector whose layout is that of memory.
    pub fn simd(
        &mut self,
        name: &str,
        instance: Instance<'tcx>,
        args: Operands<'_, 'tcx>,
        layout: TyAndLayout<'tcx>,
    ) -> Value {
        let values: Vec<Value> = if matches!(name, "simd_shuffle") {
            args[..2].iter().map(|arg| self.operand(arg)).collect()
        } else {
            args.iter().map(|arg| self.operand(arg)).collect()
        };
        let out = self.lanes_of(layout.ty);
        let Some(lanes) = self.lanes_of(args[0].layout.ty) else {
            // The two whose first operand is not a vector.
            let n = out.expect("both give vectors").n;
            if name == "simd_select_bitmask" {
                let conds: Vec<Value> = (0..n).map(|i| self.bit(values[0], i)).collect();
                return self.select_lanes(&conds, values[1], values[2]);
            }
            let lane = self.from_immediate(values[0]);
            return self.splat(n, lane);
        };
        if let Some(value) = self.whole(name, lanes, &values, out) {
            return value;
        }
        if let Some(ops) = row(BY_LANE, name) {
            return self.by_lane(op_of(ops, lanes), lanes, &values);
        }
        if let Some(ops) = row(REDUCTIONS, name) {
            return self.reduce(name, op_of(ops, lanes), lanes, &values, layout);
        }
        if let Some(function) = row(FUNCTIONS, name) {
            debug_assert!(float_function(function).is_some());
            let called: Vec<Value> = self
                .lanes(values[0])
                .into_iter()
                .map(|v| self.float_library_call(function, &[v]).expect("a function"))
                .collect();
            return self.vector_of(&called, lanes.vector());
        }
        let ty = self.immediate_type(layout);
        match name {
            "simd_eq" | "simd_ne" | "simd_lt" | "simd_le" | "simd_gt" | "simd_ge" => {
                self.compare_lanes(name, lanes, &values, out.expect("a mask"))
            }
            "simd_shuffle" | "simd_shuffle_const_generic" => {
                let picks = self.shuffle_indices(name, instance, args);
                let mut all = self.lanes(values[0]);
                all.extend(self.lanes(values[1]));
                let picked: Vec<Value> = picks.iter().map(|&i| all[i as usize]).collect();
                self.vector_of(&picked, Lanes { n: picked.len() as u32, ..lanes }.vector())
            }
            "simd_cast" | "simd_as" => self.cast_lanes(name, lanes, values[0], out.expect("a vector")),
            "simd_cast_ptr" | "simd_expose_provenance" | "simd_with_exposed_provenance" => {
                self.bit_cast(values[0], out.expect("a vector").vector())
            }
            "simd_arith_offset" => {
                let ty::RawPtr(pointee, _) = *args[0].layout.ty.simd_size_and_type(self.tcx).1.kind() else {
                    unreachable!("lanes are pointers")
                };
                let size = self.layout_of(pointee).size.bytes();
                let pairs = self.lanes(values[0]).into_iter().zip(self.lanes(values[1]));
                let sums: Vec<Value> = pairs.map(|(p, i)| self.address_add(p, i, size)).collect();
                self.vector_of(&sums, lanes.vector())
            }
            "simd_extract" | "simd_extract_dyn" => {
                let at = self.lane_address(self.vector_address(values[0]), lanes, values[1]);
                self.load_at(ty, at, 0, 0)
            }
            "simd_insert" | "simd_insert_dyn" => {
                let slot = self.load_at(lanes.vector(), Value::Built(self.vector_address(values[0]), Type::Ptr), 0, 0);
                let at = self.lane_address(self.vector_address(slot), lanes, values[1]);
                self.store_at(values[2], at, 0, 0);
                slot
            }
            "simd_bitmask" => {
                let mask = self.mask_bits(lanes, values[0]);
                if layout.size.bits() == u64::from(mask.ty().int_bits().unwrap_or(0)) {
                    return if matches!(ty, Type::Memory(_)) { mask } else { mask.retyped(ty) };
                }
                self.int_cast(mask, Type::int(layout.size.bits()), false)
            }
            "simd_select" => {
                let conds: Vec<Value> = self.lanes(values[0]).iter().map(|&v| self.is_set(v)).collect();
                self.select_lanes(&conds, values[1], values[2])
            }
            "simd_gather" => self.gather(&values, lanes),
            "simd_scatter" => {
                self.scatter(&values, lanes);
                Value::Undef(Type::Void)
            }
            "simd_masked_load" => self.masked_load(&values, out.expect("a vector")),
            "simd_masked_store" => {
                self.masked_store(&values, args);
                Value::Undef(Type::Void)
            }
            _ => self.fatal(&format!("intrinsic {name}")),
        }
    }

    /// One instruction of Kiln's for the whole vector, of 8 or 16 bytes.
    fn whole(&self, name: &str, lanes: Lanes, values: &[Value], out: Option<Lanes>) -> Option<Value> {
        let register = lanes.vector().register().filter(|&ty| matches!(ty, KILN_TYPE_V64 | KILN_TYPE_V128))?;
        let float = lanes.is_float();
        let bitwise = match name {
            "simd_and" => KILN_OP_VAND,
            "simd_or" => KILN_OP_VOR,
            "simd_xor" => KILN_OP_VXOR,
            _ => KILN_OP_NONE,
        };
        let narrow = matches!(lanes.ty, Type::I8 | Type::I16 | Type::I32);
        let arithmetic = match name {
            "simd_add" => Some((if float { KILN_OP_VFADD } else { KILN_OP_VADD }, 0)),
            "simd_sub" => Some((if float { KILN_OP_VFSUB } else { KILN_OP_VSUB }, 0)),
            "simd_mul" if float => Some((KILN_OP_VFMUL, 0)),
            "simd_mul" if matches!(lanes.ty, Type::I16 | Type::I32) => Some((KILN_OP_VMUL, 0)),
            "simd_div" if float => Some((KILN_OP_VFDIV, 0)),
            "simd_eq" | "simd_ne" | "simd_lt" | "simd_le" | "simd_gt" | "simd_ge" if narrow => {
                Some((KILN_OP_VICMP, int_condition(int_predicate(name, lanes.signed))))
            }
            "simd_eq" | "simd_ne" | "simd_lt" | "simd_le" | "simd_gt" | "simd_ge" if float => {
                Some((KILN_OP_VFCMP, crate::arith::float_condition(float_predicate(name)).ok()?))
            }
            _ => None,
        };
        if matches!(lanes.ty, Type::I128 | Type::F16 | Type::F128) {
            return None;
        }
        let operands = || (self.vector_register(values[0]), self.vector_register(values[1]));
        let lane = lanes.ty.register()?;
        // SAFETY: the function is open.
        let result = unsafe {
            if bitwise != KILN_OP_NONE {
                let (a, b) = operands();
                kiln_build_binary(self.func(), bitwise, register, a, b)
            } else {
                let (op, number) = arithmetic?;
                let (a, b) = operands();
                kiln_build_vector(self.func(), op, register, lane, number, a, b)
            }
        };
        Some(self.vector_from_register(result, out.unwrap_or(lanes).vector()))
    }

    fn by_lane(&mut self, op: kiln_op, lanes: Lanes, values: &[Value]) -> Value {
        let operands: Vec<Vec<Value>> = values.iter().map(|&v| self.lanes(v)).collect();
        let results: Vec<Value> = (0..lanes.n as usize)
            .map(|i| match operands[..] {
                [ref a] if op == KILN_OP_BSWAP && lanes.ty == Type::I8 => a[i],
                [ref a] => self.unary(op, a[i]),
                [ref a, ref b] => self.binary(op, a[i], b[i]),
                [ref a, ref b, ref c] => self.ternary(op, a[i], b[i], c[i]),
                _ => unreachable!("one to three operands"),
            })
            .collect();
        self.vector_of(&results, lanes.vector())
    }

    fn reduce(&mut self, name: &str, op: kiln_op, lanes: Lanes, values: &[Value], layout: TyAndLayout<'tcx>) -> Value {
        let all = self.lanes(values[0]);
        // The ordered ones of floats begin with an operand.
        let (first, rest) = if name.ends_with("_ordered") { (values[1], &all[..]) } else { (all[0], &all[1..]) };
        let result = rest.iter().fold(first, |sum, &v| self.binary(op, sum, v));
        match self.immediate_type(layout) {
            Type::Bool => self.compare_ints(IntPredicate::IntNE, result, Value::Const(lanes.ty, 0)),
            _ => result,
        }
    }

    fn compare_lanes(&mut self, name: &str, lanes: Lanes, values: &[Value], out: Lanes) -> Value {
        let pairs = self.lanes(values[0]).into_iter().zip(self.lanes(values[1]));
        let masks: Vec<Value> = pairs
            .map(|(a, b)| {
                let holds = if lanes.is_float() {
                    self.compare_floats(float_predicate(name), a, b)
                } else {
                    self.compare_ints(int_predicate(name, lanes.signed), a, b)
                };
                self.int_cast(holds, out.ty, true)
            })
            .collect();
        self.vector_of(&masks, out.vector())
    }

    fn cast_lanes(&mut self, name: &str, from: Lanes, v: Value, to: Lanes) -> Value {
        let cast = |bx: &Self, v: Value| match (from.is_float(), to.is_float()) {
            (false, false) => bx.int_cast(v, to.ty, from.signed),
            (false, true) => bx.convert(if from.signed { KILN_OP_SITOF } else { KILN_OP_UITOF }, v, to.ty),
            (true, false) => {
                // simd_cast is undefined out of range; simd_as saturates, as `as` does.
                let op = match (name, to.signed) {
                    ("simd_as", true) => KILN_OP_FTOSIS,
                    ("simd_as", false) => KILN_OP_FTOUIS,
                    (_, true) => KILN_OP_FTOSI,
                    (_, false) => KILN_OP_FTOUI,
                };
                bx.convert(op, v, to.ty)
            }
            (true, true) if from.ty == to.ty => v,
            (true, true) if from.ty == Type::F32 => bx.convert(KILN_OP_FPROMOTE, v, to.ty),
            (true, true) => bx.convert(KILN_OP_FDEMOTE, v, to.ty),
        };
        let lanes: Vec<Value> = self.lanes(v).into_iter().map(|v| cast(self, v)).collect();
        self.vector_of(&lanes, to.vector())
    }

    fn shuffle_indices(&self, name: &str, instance: Instance<'tcx>, args: Operands<'_, 'tcx>) -> Vec<u32> {
        if name == "simd_shuffle_const_generic" {
            let leaves = instance.args[2].expect_const().to_branch();
            return leaves.iter().map(|leaf| leaf.to_leaf().to_u32()).collect();
        }
        match args[2].val {
            OperandValue::Immediate(Value::VectorConst(symbol, _)) => {
                self.vectors.borrow()[&symbol].iter().map(|&lane| lane as u32).collect()
            }
            OperandValue::Immediate(Value::Const(Type::Vector(_, n), 0)) => vec![0; n as usize],
            _ => self.fatal("a shuffle whose indices are no constant vector"),
        }
    }

    /// The address of a lane of a vector that is at `vector`.
    fn lane_address(&self, vector: kiln_value, lanes: Lanes, index: Value) -> Value {
        let index = self.int_cast(index, Type::I64, false);
        self.address_add(Value::Built(vector, Type::Ptr), index, lanes.ty.scalar_size())
    }

    /// Whether the highest bit of a mask's lane is set.
    fn is_set(&self, v: Value) -> Value {
        self.compare_ints(IntPredicate::IntSLT, v, Value::Const(v.ty(), 0))
    }

    fn bit(&self, mask: Value, i: u32) -> Value {
        let shifted = self.binary(KILN_OP_LSHR, mask, Value::Const(mask.ty(), i.into()));
        self.int_cast(shifted, Type::Bool, false)
    }

    fn select_lanes(&self, conds: &[Value], a: Value, b: Value) -> Value {
        let pairs = self.lanes(a).into_iter().zip(self.lanes(b));
        let picked: Vec<Value> = conds.iter().zip(pairs).map(|(&cond, (a, b))| self.choose(cond, a, b)).collect();
        self.vector_of(&picked, a.ty())
    }

    /// The highest bits of the lanes as an integer of 8 bits or more.
    fn mask_bits(&self, lanes: Lanes, v: Value) -> Value {
        let ty = Type::int(u64::from(lanes.n.next_power_of_two().max(8)));
        let size = lanes.ty.scalar_size();
        let (chunk, chunk_bytes) = match size * u64::from(lanes.n) {
            _ if size > 8 => (KILN_TYPE_VOID, 0),
            8 => (KILN_TYPE_V64, 8),
            bytes if bytes % 16 == 0 => (KILN_TYPE_V128, 16),
            _ => (KILN_TYPE_VOID, 0),
        };
        let or = |all, bit| self.binary(KILN_OP_OR, all, bit);
        if chunk_bytes == 0 {
            let bits = self.lanes(v).into_iter().enumerate().map(|(i, lane)| {
                let bit = self.int_cast(self.is_set(lane), ty, false);
                self.binary(KILN_OP_SHL, bit, Value::Const(ty, i as u128))
            });
            return bits.reduce(or).expect("a vector has lanes");
        }
        let address = self.vector_address(v);
        let per_chunk = (chunk_bytes / size) as u32;
        let chunks = (0..lanes.n / per_chunk).map(|i| {
            let none = kiln_value::default();
            // SAFETY: the function is open, and the chunk is part of the vector.
            let signs = unsafe {
                let part = kiln_build_load(self.func(), chunk, address, (u64::from(i) * chunk_bytes) as i32, 0);
                kiln_build_vector(self.func(), KILN_OP_VSIGNS, KILN_TYPE_I32, chunk, size as u32, part, none)
            };
            let bits = self.int_cast(Value::Built(signs, Type::I32), ty, false);
            self.binary(KILN_OP_SHL, bits, Value::Const(ty, (i * per_chunk).into()))
        });
        chunks.reduce(or).expect("a vector has lanes")
    }

    /// Memory of a lane, that stands for the lanes of memory that a mask excludes.
    fn lane_slot(&self, ty: Type) -> Value {
        let size = ty.scalar_size();
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_slot_new(self.block.func, size, size.ilog2()) }, Type::Ptr)
    }

    /// simd_gather(default, addresses, mask)
    fn gather(&self, values: &[Value], lanes: Lanes) -> Value {
        let (addresses, masks) = (self.lanes(values[1]), self.lanes(values[2]));
        let loaded: Vec<Value> = (0..lanes.n as usize)
            .map(|i| self.load_if(masks[i], addresses[i], self.lane(values[0], lanes, i)))
            .collect();
        self.vector_of(&loaded, lanes.vector())
    }

    /// simd_scatter(values, addresses, mask)
    fn scatter(&self, values: &[Value], lanes: Lanes) {
        let (stored, addresses, masks) = (self.lanes(values[0]), self.lanes(values[1]), self.lanes(values[2]));
        for i in 0..lanes.n as usize {
            self.store_if(masks[i], addresses[i], stored[i]);
        }
    }

    /// simd_masked_load(mask, address, default)
    fn masked_load(&self, values: &[Value], lanes: Lanes) -> Value {
        let masks = self.lanes(values[0]);
        let size = lanes.ty.scalar_size();
        let loaded: Vec<Value> = (0..lanes.n as usize)
            .map(|i| {
                let address = self.address_add(values[1], Value::usize(i as u64), size);
                self.load_if(masks[i], address, self.lane(values[2], lanes, i))
            })
            .collect();
        self.vector_of(&loaded, lanes.vector())
    }

    /// simd_masked_store(mask, address, values)
    fn masked_store(&self, values: &[Value], args: Operands<'_, 'tcx>) {
        let lanes = self.lanes_of(args[2].layout.ty).expect("values are a vector");
        let (masks, stored) = (self.lanes(values[0]), self.lanes(values[2]));
        for (i, (&mask, &v)) in masks.iter().zip(&stored).enumerate() {
            self.store_if(mask, self.address_add(values[1], Value::usize(i as u64), lanes.ty.scalar_size()), v);
        }
    }

    fn lane(&self, v: Value, lanes: Lanes, i: usize) -> Value {
        self.load_at(lanes.ty, Value::Built(self.vector_address(v), Type::Ptr), i as u64 * lanes.ty.scalar_size(), 0)
    }

    fn load_if(&self, mask: Value, address: Value, or_else: Value) -> Value {
        let slot = self.lane_slot(or_else.ty());
        self.store_at(or_else, slot, 0, 0);
        self.load_at(or_else.ty(), self.choose(self.is_set(mask), address, slot), 0, 0)
    }

    fn store_if(&self, mask: Value, address: Value, v: Value) {
        let slot = self.lane_slot(v.ty());
        self.store_at(v, self.choose(self.is_set(mask), address, slot), 0, 0);
    }
}

fn int_predicate(name: &str, signed: bool) -> IntPredicate {
    match (name, signed) {
        ("simd_eq", _) => IntPredicate::IntEQ,
        ("simd_ne", _) => IntPredicate::IntNE,
        ("simd_lt", true) => IntPredicate::IntSLT,
        ("simd_le", true) => IntPredicate::IntSLE,
        ("simd_gt", true) => IntPredicate::IntSGT,
        ("simd_ge", true) => IntPredicate::IntSGE,
        ("simd_lt", false) => IntPredicate::IntULT,
        ("simd_le", false) => IntPredicate::IntULE,
        ("simd_gt", false) => IntPredicate::IntUGT,
        _ => IntPredicate::IntUGE,
    }
}

fn float_predicate(name: &str) -> RealPredicate {
    match name {
        "simd_eq" => RealPredicate::RealOEQ,
        "simd_ne" => RealPredicate::RealUNE,
        "simd_lt" => RealPredicate::RealOLT,
        "simd_le" => RealPredicate::RealOLE,
        "simd_gt" => RealPredicate::RealOGT,
        _ => RealPredicate::RealOGE,
    }
}
