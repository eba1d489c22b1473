//! Intrinsics of vectors, built as the operations of LLVM's that rustc's own back end makes of them.

use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::traits::*;
#[cfg(all(not(rustc_before_1_100), rustc_before_1_101))]
use rustc_middle::ty::consts::ConstExt;
use rustc_middle::ty::layout::{LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Instance, Ty, TyCtxt};

use crate::builder::Builder;
use crate::operation::Typed;
use crate::sys::*;
use crate::types::{Lane, Type};
use crate::values::Value;

/// The most lanes and bytes of a vector that operations take.
const MOST_LANES: u64 = 512;
const MOST_BYTES: u64 = 4096;

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
    fn text(self) -> String {
        self.vector().text()
    }
    /// The type of as many conditions.
    fn mask(self) -> String {
        format!("<{} x i1>", self.n)
    }
    /// The bits of a float lane of value -0 (which is neutral for sums) or 1.
    fn float_bits(self, one: bool) -> i64 {
        match (self.ty, one) {
            (Type::F32, true) => 1.0f32.to_bits().into(),
            (Type::F32, false) => (-0.0f32).to_bits().into(),
            (_, true) => 1.0f64.to_bits() as i64,
            (_, false) => (-0.0f64).to_bits() as i64,
        }
    }
}

/// Operations with a vector of the operands' type as the result, by LLVM's names: of unsigned integers, signed ones,
/// floats ("": not for these).
const BY_LANE: &[(&str, [&str; 3])] = &[
    ("simd_add", ["add", "add", "fadd"]),
    ("simd_and", ["and", "and", ""]),
    ("simd_bitreverse", ["llvm.bitreverse", "llvm.bitreverse", ""]),
    ("simd_bswap", ["llvm.bswap", "llvm.bswap", ""]),
    ("simd_carryless_mul", ["llvm.clmul", "llvm.clmul", ""]),
    ("simd_ceil", ["", "", "llvm.ceil"]),
    ("simd_ctlz", ["llvm.ctlz", "llvm.ctlz", ""]),
    ("simd_ctpop", ["llvm.ctpop", "llvm.ctpop", ""]),
    ("simd_cttz", ["llvm.cttz", "llvm.cttz", ""]),
    ("simd_div", ["udiv", "sdiv", "fdiv"]),
    ("simd_fabs", ["", "", "llvm.fabs"]),
    ("simd_fcos", ["", "", "llvm.cos"]),
    ("simd_fexp", ["", "", "llvm.exp"]),
    ("simd_fexp2", ["", "", "llvm.exp2"]),
    ("simd_flog", ["", "", "llvm.log"]),
    ("simd_flog10", ["", "", "llvm.log10"]),
    ("simd_flog2", ["", "", "llvm.log2"]),
    ("simd_floor", ["", "", "llvm.floor"]),
    ("simd_fma", ["", "", "llvm.fma"]),
    ("simd_fsin", ["", "", "llvm.sin"]),
    ("simd_fsqrt", ["", "", "llvm.sqrt"]),
    ("simd_funnel_shl", ["llvm.fshl", "llvm.fshl", ""]),
    ("simd_funnel_shr", ["llvm.fshr", "llvm.fshr", ""]),
    ("simd_maximum_number_nsz", ["", "", "llvm.maxnum"]),
    ("simd_minimum_number_nsz", ["", "", "llvm.minnum"]),
    ("simd_mul", ["mul", "mul", "fmul"]),
    ("simd_or", ["or", "or", ""]),
    ("simd_relaxed_fma", ["", "", "llvm.fmuladd"]),
    ("simd_rem", ["urem", "srem", "frem"]),
    ("simd_round", ["", "", "llvm.round"]),
    ("simd_round_ties_even", ["", "", "llvm.roundeven"]),
    ("simd_saturating_add", ["llvm.uadd.sat", "llvm.sadd.sat", ""]),
    ("simd_saturating_sub", ["llvm.usub.sat", "llvm.ssub.sat", ""]),
    ("simd_shl", ["shl", "shl", ""]),
    ("simd_shr", ["lshr", "ashr", ""]),
    ("simd_sub", ["sub", "sub", "fsub"]),
    ("simd_trunc", ["", "", "llvm.trunc"]),
    ("simd_xor", ["xor", "xor", ""]),
];

/// Comparisons, likewise.
const COMPARISONS: &[(&str, [&str; 3])] = &[
    ("simd_eq", ["icmp eq", "icmp eq", "fcmp oeq"]),
    ("simd_ge", ["icmp uge", "icmp sge", "fcmp oge"]),
    ("simd_gt", ["icmp ugt", "icmp sgt", "fcmp ogt"]),
    ("simd_le", ["icmp ule", "icmp sle", "fcmp ole"]),
    ("simd_lt", ["icmp ult", "icmp slt", "fcmp olt"]),
    ("simd_ne", ["icmp ne", "icmp ne", "fcmp une"]),
];

/// Those with a lane as the result, likewise, without "llvm.vector.reduce.".
const REDUCTIONS: &[(&str, [&str; 3])] = &[
    ("simd_reduce_add_ordered", ["add", "add", "fadd"]),
    ("simd_reduce_add_unordered", ["add", "add", "fadd"]),
    ("simd_reduce_all", ["and", "and", ""]),
    ("simd_reduce_and", ["and", "and", ""]),
    ("simd_reduce_any", ["or", "or", ""]),
    ("simd_reduce_max", ["umax", "smax", "fmax"]),
    ("simd_reduce_min", ["umin", "smin", "fmin"]),
    ("simd_reduce_mul_ordered", ["mul", "mul", "fmul"]),
    ("simd_reduce_mul_unordered", ["mul", "mul", "fmul"]),
    ("simd_reduce_or", ["or", "or", ""]),
    ("simd_reduce_xor", ["xor", "xor", ""]),
];

/// Those with an arm of their own in `simd`.
const OTHERS: &[&str] = &[
    "simd_arith_offset",
    "simd_as",
    "simd_bitmask",
    "simd_cast",
    "simd_cast_ptr",
    "simd_expose_provenance",
    "simd_extract",
    "simd_extract_dyn",
    "simd_gather",
    "simd_insert",
    "simd_insert_dyn",
    "simd_masked_load",
    "simd_masked_store",
    "simd_neg",
    "simd_scatter",
    "simd_select",
    "simd_select_bitmask",
    "simd_shuffle",
    "simd_shuffle_const_generic",
    "simd_splat",
    "simd_with_exposed_provenance",
];

fn row(table: &[(&str, [&'static str; 3])], name: &str) -> Option<[&'static str; 3]> {
    table.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// Whether a vector intrinsic is built.
pub fn is_known(name: &str) -> bool {
    [BY_LANE, COMPARISONS, REDUCTIONS].iter().any(|table| row(table, name).is_some()) || OTHERS.contains(&name)
}

/// Whether vectors of that type are built: all but those of f16 and f128, and very long ones.
pub fn has_lanes<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> bool {
    let (n, lane) = ty.simd_size_and_type(tcx);
    let size = tcx.layout_of(ty::TypingEnv::fully_monomorphized().as_query_input(ty)).map_or(0, |l| l.size.bytes());
    n <= MOST_LANES && size <= MOST_BYTES && !matches!(lane.kind(), ty::Float(ty::FloatTy::F16 | ty::FloatTy::F128))
}

fn of_class(names: [&'static str; 3], lanes: Lanes) -> &'static str {
    names[if lanes.is_float() { 2 } else { usize::from(lanes.signed) }]
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
            (OperandValue::Ref(place), None) => self.load_at(bytes(arg.layout.size.bytes()), place.llval, 0, 0),
            _ => arg.immediate(),
        }
    }

    /// An operation of which no other operation is an operand: it may end in another block.
    fn step(&mut self, name: &str, result: &str, operands: &[Typed]) -> Typed {
        let (typed, block) = self.build_operation(name, result, operands);
        self.block.block = block;
        typed
    }

    /// A vector intrinsic; its value may be a vector whose layout is that of memory.
    pub fn simd(
        &mut self,
        name: &str,
        instance: Instance<'tcx>,
        args: Operands<'_, 'tcx>,
        layout: TyAndLayout<'tcx>,
    ) -> Value {
        let n_values = if name == "simd_shuffle" { 2 } else { args.len() };
        let values: Vec<Value> = args[..n_values].iter().map(|arg| self.operand(arg)).collect();
        let out = self.lanes_of(layout.ty);
        let Some(lanes) = self.lanes_of(args[0].layout.ty) else {
            // The two whose first operand is not a vector.
            let out = out.expect("both give vectors");
            if name == "simd_select_bitmask" {
                let mask = self.mask_from_bits(args[0].layout.size.bits(), values[0], out);
                return self.select_lanes(mask, &values[1..], out);
            }
            let lane = self.from_immediate(values[0]);
            return self.splat(out.n, lane);
        };
        if let Some(names) = row(BY_LANE, name) {
            return self.by_lane(of_class(names, lanes), lanes, &values);
        }
        if let Some(names) = row(COMPARISONS, name) {
            let operands = [0, 1].map(|i| self.typed(values[i], &lanes.text()));
            let holds = self.step(of_class(names, lanes), &lanes.mask(), &operands);
            let out = out.expect("a mask");
            let mask = self.step("sext", &out.text(), &[holds]);
            return self.untyped(&mask, out.vector());
        }
        if let Some(names) = row(REDUCTIONS, name) {
            let result = self.reduce(name, of_class(names, lanes), lanes, &values);
            return match self.immediate_type(layout) {
                Type::Bool => self.compare_ints(IntPredicate::IntNE, result, Value::Const(lanes.ty, 0)),
                _ => result,
            };
        }
        let ty = self.immediate_type(layout);
        match name {
            "simd_neg" if !lanes.is_float() => {
                let operands = [self.typed_constant(0, &lanes.text()), self.typed(values[0], &lanes.text())];
                let result = self.step("sub", &lanes.text(), &operands);
                self.untyped(&result, lanes.vector())
            }
            "simd_neg" => self.by_lane("fneg", lanes, &values),
            "simd_shuffle" | "simd_shuffle_const_generic" => {
                let picks = self.shuffle_indices(name, instance, args);
                let out = out.expect("a vector");
                let picks = self.typed_lanes(picks, &format!("<{} x i32>", out.n));
                let [a, b] = [0, 1].map(|i| self.typed(values[i], &lanes.text()));
                let result = self.step("shufflevector", &out.text(), &[a, b, picks]);
                self.untyped(&result, out.vector())
            }
            "simd_cast" | "simd_as" => self.cast_lanes(name, lanes, values[0], out.expect("a vector")),
            "simd_cast_ptr" | "simd_expose_provenance" | "simd_with_exposed_provenance" => {
                self.bit_cast(values[0], out.expect("a vector").vector())
            }
            "simd_arith_offset" => {
                let ty::RawPtr(pointee, _) = *args[0].layout.ty.simd_size_and_type(self.tcx).1.kind() else {
                    unreachable!("lanes are pointers")
                };
                let size = self.layout_of(pointee).size.bytes() as i64;
                let words = Type::Vector(Lane::I64, lanes.n).text();
                let [addresses, offsets] = [0, 1].map(|i| self.typed(values[i], &words));
                let size = self.typed_constant(size, &words);
                let bytes = self.step("mul", &words, &[offsets, size]);
                let sums = self.step("add", &words, &[addresses, bytes]);
                self.untyped(&sums, lanes.vector())
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
            "simd_bitmask" => self.bits_of_mask(lanes, values[0], layout.size.bits(), ty),
            "simd_select" => {
                let mask = self.mask(lanes, values[0]);
                self.select_lanes(mask, &values[1..], out.expect("a vector"))
            }
            "simd_gather" => {
                let (pointers, mask) = (self.pointers(lanes, values[1]), self.lanes_of(args[2].layout.ty));
                let mask = self.mask(mask.expect("a mask"), values[2]);
                self.masked("llvm.masked.gather", pointers, mask, values[0], lanes)
            }
            "simd_masked_load" => {
                let (address, mask) = (self.typed(values[1], "ptr"), self.mask(lanes, values[0]));
                self.masked("llvm.masked.load", address, mask, values[2], out.expect("a vector"))
            }
            "simd_scatter" => {
                let (pointers, mask) = (self.pointers(lanes, values[1]), self.lanes_of(args[2].layout.ty));
                let mask = self.mask(mask.expect("a mask"), values[2]);
                let stored = self.typed(values[0], &lanes.text());
                self.step("llvm.masked.scatter", "void", &[stored, pointers, mask]);
                Value::Undef(Type::Void)
            }
            "simd_masked_store" => {
                let stored = self.lanes_of(args[2].layout.ty).expect("values are a vector").text();
                let (address, stored) = (self.typed(values[1], "ptr"), self.typed(values[2], &stored));
                let mask = self.mask(lanes, values[0]);
                self.step("llvm.masked.store", "void", &[stored, address, mask]);
                Value::Undef(Type::Void)
            }
            _ => self.fatal(&format!("intrinsic {name}")),
        }
    }

    fn by_lane(&mut self, name: &str, lanes: Lanes, values: &[Value]) -> Value {
        let text = lanes.text();
        let mut operands: Vec<Typed> = values.iter().map(|&v| self.typed(v, &text)).collect();
        match name {
            "llvm.bswap" if lanes.ty == Type::I8 => return values[0],
            // Zero has a number of zeros.
            "llvm.ctlz" | "llvm.cttz" => operands.push(self.typed_constant(0, "i1")),
            _ => {}
        }
        let result = self.step(name, &text, &operands);
        self.untyped(&result, lanes.vector())
    }

    fn reduce(&mut self, name: &str, by: &str, lanes: Lanes, values: &[Value]) -> Value {
        let mut operands = vec![self.typed(values[0], &lanes.text())];
        let lane = lanes.ty.text();
        let is_ordered = name.ends_with("_ordered");
        match by {
            "fadd" | "fmul" if is_ordered => operands.insert(0, self.typed(values[1], &lane)),
            "fadd" | "fmul" => operands.insert(0, self.typed_constant(lanes.float_bits(by == "fmul"), &lane)),
            _ => {}
        }
        let result = self.step(&format!("llvm.vector.reduce.{by}"), &lane, &operands);
        let result = self.untyped(&result, lanes.ty);
        match by {
            "add" if is_ordered => self.binary(KILN_OP_ADD, values[1], result),
            "mul" if is_ordered => self.binary(KILN_OP_MUL, values[1], result),
            _ => result,
        }
    }

    fn cast_lanes(&mut self, name: &str, from: Lanes, v: Value, to: Lanes) -> Value {
        let (from_size, to_size) = (from.ty.scalar_size(), to.ty.scalar_size());
        let cast = match (from.is_float(), to.is_float()) {
            (false, false) | (true, true) if from_size == to_size => return self.bit_cast(v, to.vector()),
            (false, false) if from_size > to_size => "trunc",
            (false, false) if from.signed => "sext",
            (false, false) => "zext",
            (false, true) if from.signed => "sitofp",
            (false, true) => "uitofp",
            // simd_cast is undefined out of range; simd_as saturates, as `as` does.
            (true, false) => match (name, to.signed) {
                ("simd_as", true) => "llvm.fptosi.sat",
                ("simd_as", false) => "llvm.fptoui.sat",
                (_, true) => "fptosi",
                (_, false) => "fptoui",
            },
            (true, true) if from_size > to_size => "fptrunc",
            (true, true) => "fpext",
        };
        let operand = self.typed(v, &from.text());
        let result = self.step(cast, &to.text(), &[operand]);
        self.untyped(&result, to.vector())
    }

    fn shuffle_indices(&self, name: &str, instance: Instance<'tcx>, args: Operands<'_, 'tcx>) -> Vec<i64> {
        if name == "simd_shuffle_const_generic" {
            let leaves = instance.args[2].expect_const().to_branch();
            return leaves.iter().map(|leaf| leaf.to_leaf().to_u32().into()).collect();
        }
        match args[2].val {
            OperandValue::Immediate(Value::VectorConst(symbol, _)) => {
                self.vectors.borrow()[&symbol].iter().map(|&lane| lane as i64).collect()
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

    /// Which lanes of a mask have their highest bit set.
    fn mask(&mut self, lanes: Lanes, v: Value) -> Typed {
        let operands = [self.typed(v, &lanes.text()), self.typed_constant(0, &lanes.text())];
        self.step("icmp slt", &lanes.mask(), &operands)
    }

    /// A mask as a number of `bits` bits, one for each lane and zeros; or as bytes of memory.
    fn bits_of_mask(&mut self, lanes: Lanes, v: Value, bits: u64, ty: Type) -> Value {
        let mask = self.mask(lanes, v);
        let mut number = self.step("bitcast", &format!("i{}", lanes.n), &[mask]);
        if bits > lanes.n.into() {
            number = self.step("zext", &format!("i{bits}"), &[number]);
        }
        self.untyped(&number, if matches!(ty, Type::Memory(_)) { bytes(bits / 8) } else { ty })
    }

    /// The reverse.
    fn mask_from_bits(&mut self, bits: u64, v: Value, lanes: Lanes) -> Typed {
        let mut number = self.typed(v, &format!("i{bits}"));
        if bits > lanes.n.into() {
            number = self.step("trunc", &format!("i{}", lanes.n), &[number]);
        }
        self.step("bitcast", &lanes.mask(), &[number])
    }

    fn select_lanes(&mut self, mask: Typed, values: &[Value], lanes: Lanes) -> Value {
        let [a, b] = [0, 1].map(|i| self.typed(values[i], &lanes.text()));
        let result = self.step("select", &lanes.text(), &[mask, a, b]);
        self.untyped(&result, lanes.vector())
    }

    fn pointers(&self, lanes: Lanes, v: Value) -> Typed {
        self.typed(v, &Type::Vector(Lane::Ptr, lanes.n).text())
    }

    /// A load of the lanes that a mask has; the others are those of `or_else`.
    fn masked(&mut self, name: &str, address: Typed, mask: Typed, or_else: Value, lanes: Lanes) -> Value {
        let or_else = self.typed(or_else, &lanes.text());
        let result = self.step(name, &lanes.text(), &[address, mask, or_else]);
        self.untyped(&result, lanes.vector())
    }
}

/// Bytes of memory, as a value that has memory of its own.
fn bytes(n: u64) -> Type {
    Type::Vector(Lane::I8, n as u32)
}
