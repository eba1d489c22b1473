//! Values in memory: loads, stores, copies, atomic operations; and the memory that vectors are in.

use rustc_codegen_ssa::MemFlags;
use rustc_codegen_ssa::common::{AtomicRmwBinOp, IntPredicate};
use rustc_codegen_ssa::mir::operand::OperandRef;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::AtomicOrdering;

use crate::builder::Builder;
use crate::sys::*;
use crate::types::{Lane, Type};
use crate::values::Value;

/// Copies of up to so many bytes to or from a slot are loads and stores.
const SMALL_COPY: u128 = 16;

pub fn ordering(order: AtomicOrdering) -> kiln_ordering {
    match order {
        AtomicOrdering::Relaxed => KILN_ORDERING_RELAXED,
        AtomicOrdering::Acquire => KILN_ORDERING_ACQUIRE,
        AtomicOrdering::Release => KILN_ORDERING_RELEASE,
        AtomicOrdering::AcqRel => KILN_ORDERING_ACQ_REL,
        AtomicOrdering::SeqCst => KILN_ORDERING_SEQ_CST,
    }
}

/// C's number of an ordering, as an argument.
fn c_ordering(order: AtomicOrdering) -> Value {
    let number = match order {
        AtomicOrdering::Relaxed => 0,
        AtomicOrdering::Acquire => 2,
        AtomicOrdering::Release => 3,
        AtomicOrdering::AcqRel => 4,
        AtomicOrdering::SeqCst => 5,
    };
    Value::Const(Type::I32, number)
}

/// The parts in which an integer of `bytes` bytes is loaded and stored: type, size and offset.
fn integer_parts(bytes: u8) -> impl Iterator<Item = (kiln_type, u8)> {
    let mut at = 0;
    [(KILN_TYPE_I32, 4), (KILN_TYPE_I16, 2), (KILN_TYPE_I8, 1)].into_iter().filter(move |part| bytes & part.1 != 0).map(
        move |(ty, size)| {
            at += size;
            (ty, at - size)
        },
    )
}

impl<'tcx> Builder<'_, 'tcx> {
    /// A value as an operand of Kiln's, which must be one value.
    pub fn register(&self, v: Value) -> kiln_value {
        let func = self.func();
        // SAFETY: the function is open.
        unsafe {
            match v {
                Value::Built(value, _) => value,
                Value::Const(ty, bits) => {
                    kiln_const_bits(func, self.register_type(ty), bits as u64, (bits >> 64) as u64)
                }
                Value::Undef(ty) => kiln_const_bits(func, self.register_type(ty), 0, 0),
                Value::Symbol(symbol, addend) => {
                    self.note_reference(func, symbol);
                    kiln_const_symbol(func, symbol, addend)
                }
                Value::Offset(base, offset) => kiln_fold_addr(func, base, kiln_value { id: 0 }, 0, offset),
                Value::Parts(..) | Value::VectorConst(..) => unreachable!("{v:?} is not in a register"),
            }
        }
    }

    /// The values that `v` is passed and returned as.
    pub fn flatten(&self, v: Value, out: &mut Vec<kiln_value>) {
        match (v, v.ty()) {
            (_, Type::Void) => {}
            (_, Type::Fields(_)) => self.parts(v).into_iter().for_each(|part| self.flatten(part, out)),
            (_, Type::Vector(..)) => out.push(self.vector_register(v)),
            (_, Type::F16) => out.push(self.passed_half(v)),
            _ => out.push(self.register(v)),
        }
    }

    /// The reverse of `flatten`.
    pub fn unflatten(&self, values: &[kiln_value], ty: Type) -> Value {
        match ty {
            Type::Void => Value::Undef(ty),
            Type::Vector(..) => self.vector_from_register(values[0], ty),
            Type::Fields(id) => {
                let mut rest = values;
                let parts = self.fields(id).into_iter().map(|(ty, _)| {
                    let mut flat = Vec::new();
                    self.flat_types(ty, &mut flat);
                    let (own, others) = rest.split_at(flat.len());
                    rest = others;
                    self.unflatten(own, ty)
                });
                let parts = parts.collect();
                self.parts_value(parts, ty)
            }
            Type::F16 => self.half_from_passed(values[0]),
            ty => Value::Built(values[0], ty),
        }
    }

    // Vectors.

    pub fn vector_slot(&self, ty: Type) -> kiln_value {
        // A register that is narrower than a vector register is loaded and stored as one.
        let size = ty.scalar_size().next_power_of_two().max(8);
        let align = size.min(64).ilog2();
        // SAFETY: the function is open.
        unsafe { kiln_slot_new(self.block.func, size, align) }
    }

    /// The address of memory that has a vector.
    pub fn vector_address(&self, v: Value) -> kiln_value {
        let ty = v.ty();
        match v {
            Value::Built(address, _) => address,
            // SAFETY: the function is open.
            Value::VectorConst(symbol, _) => unsafe { kiln_const_symbol(self.func(), symbol, 0) },
            Value::Undef(_) => self.vector_slot(ty),
            Value::Const(_, 0) => {
                let slot = self.vector_slot(ty);
                let size = Value::usize(ty.scalar_size());
                let (to, zero) = (Value::Built(slot, Type::Ptr), Value::Const(Type::I8, 0));
                self.memory_op(KILN_OP_MEMSET, to, zero, size, MemFlags::empty());
                slot
            }
            v => self.fatal(&format!("{v:?} where a vector is needed")),
        }
    }

    /// A vector as one value, of 16 bytes at most.
    pub fn vector_register(&self, v: Value) -> kiln_value {
        let ty = self.register_type(v.ty());
        let address = self.vector_address(v);
        // SAFETY: the function is open.
        unsafe { kiln_build_load(self.func(), ty, address, 0, 0) }
    }

    pub fn vector_from_register(&self, v: kiln_value, ty: Type) -> Value {
        let slot = self.vector_slot(ty);
        // SAFETY: the function is open.
        unsafe { kiln_build_store(self.func(), self.register_type(ty), slot, 0, v, 0) };
        Value::Built(slot, ty)
    }

    pub fn vector_of(&self, lanes: &[Value], ty: Type) -> Value {
        let Type::Vector(lane, _) = ty else { unreachable!("{ty:?} is no vector") };
        let slot = self.vector_slot(ty);
        for (i, &v) in lanes.iter().enumerate() {
            self.store_at(v, Value::Built(slot, Type::Ptr), i as u64 * lane.ty().scalar_size(), 0);
        }
        Value::Built(slot, ty)
    }

    /// A vector of equal lanes.
    pub fn splat(&self, n: u32, v: Value) -> Value {
        let ty = Type::Vector(Lane::of(v.ty()).expect("lanes are scalars"), n);
        let lane = self.register_of(v.ty());
        match (self.register_of(ty), lane) {
            (Some(whole @ (KILN_TYPE_V64 | KILN_TYPE_V128)), Some(lane)) if v.ty().scalar_size() <= 8 && n > 1 => {
                let none = kiln_value::default();
                let v = self.register(v);
                // SAFETY: the function is open.
                let splat = unsafe { kiln_build_vector(self.func(), KILN_OP_VSPLAT, whole, lane, 0, v, none) };
                self.vector_from_register(splat, ty)
            }
            _ => self.vector_of(&vec![v; n as usize], ty),
        }
    }

    // Loads and stores.

    /// `address` + `index` * `scale`.
    pub fn address_add(&self, address: Value, index: Value, scale: u64) -> Value {
        if scale == 0 {
            return address;
        }
        if let Value::Const(_, index) = index {
            let offset = (index as u64).wrapping_mul(scale);
            return match address {
                _ if offset == 0 => address,
                Value::Symbol(symbol, addend) => Value::Symbol(symbol, addend.wrapping_add(offset as i64)),
                Value::Const(ty, bits) => Value::Const(ty, (bits as u64).wrapping_add(offset).into()),
                address => self.offset(address, offset),
            };
        }
        let index = self.int_cast(index, Type::I64, true);
        let (index, scale) = match u16::try_from(scale) {
            Ok(scale) => (index, scale.into()),
            Err(_) => (self.binary(KILN_OP_MUL, index, Value::usize(scale)), 1),
        };
        let (address, offset) = self.place(address, 0);
        let index = self.register(index);
        // SAFETY: the function is open.
        Value::Built(unsafe { kiln_fold_addr(self.func(), address, index, scale, offset) }, Type::Ptr)
    }

    fn offset(&self, address: Value, offset: u64) -> Value {
        match self.place(address, offset) {
            (base, 0) => Value::Built(base, Type::Ptr),
            (base, offset) => Value::Offset(base, offset),
        }
    }

    /// Address and displacement of an access at `address` + `offset`.
    fn place(&self, address: Value, offset: u64) -> (kiln_value, i32) {
        let (base, before) = match address {
            Value::Offset(base, before) => (base, before),
            address => (self.register(address), 0),
        };
        let sum = i64::from(before).wrapping_add(offset as i64);
        let func = self.func();
        match i32::try_from(sum) {
            Ok(sum) => (base, sum),
            // SAFETY: the function is open.
            Err(_) => (unsafe { kiln_fold_addr(func, base, kiln_const_int(func, sum), 1, 0) }, 0),
        }
    }

    /// Loads a value from `address` + `offset`; `flags` are KILN_MEM_....
    pub fn load_at(&self, ty: Type, address: Value, offset: u64, flags: u32) -> Value {
        match ty {
            Type::Void => Value::Undef(ty),
            Type::Vector(..) => {
                let slot = self.vector_slot(ty);
                self.copy(slot, self.register(self.address_add(address, Value::usize(offset), 1)), ty, flags);
                Value::Built(slot, ty)
            }
            Type::Fields(id) => {
                let fields = self.fields(id);
                let parts = fields.iter().map(|&(ty, at)| self.load_at(ty, address, offset + at, flags)).collect();
                self.parts_value(parts, ty)
            }
            Type::Bytes(n) => self.load_bytes(n, address, offset, flags),
            ty => {
                let (address, offset) = self.place(address, offset);
                // SAFETY: the function is open.
                let value = unsafe { kiln_build_load(self.func(), self.register_type(ty), address, offset, flags) };
                Value::Built(value, ty)
            }
        }
    }

    /// Stores a value to `address` + `offset`; `flags` are KILN_MEM_....
    pub fn store_at(&self, v: Value, address: Value, offset: u64, flags: u32) {
        match (v, v.ty()) {
            (_, Type::Void) => {}
            (_, Type::Vector(..)) => {
                let from = self.vector_address(v);
                self.copy(self.register(self.address_add(address, Value::usize(offset), 1)), from, v.ty(), flags);
            }
            (_, Type::Fields(id)) => {
                for (part, (_, at)) in self.parts(v).into_iter().zip(self.fields(id)) {
                    self.store_at(part, address, offset + at, flags);
                }
            }
            (Value::Undef(_), _) => {}
            (_, Type::Bytes(n)) => self.store_bytes(n, v, address, offset, flags),
            (_, ty) => {
                let (address, offset) = self.place(address, offset);
                let v = self.register(v);
                // SAFETY: the function is open.
                unsafe { kiln_build_store(self.func(), self.register_type(ty), address, offset, v, flags) }
            }
        }
    }

    fn load_bytes(&self, n: u8, address: Value, offset: u64, flags: u32) -> Value {
        let whole = self.register_type(Type::Bytes(n));
        let func = self.func();
        let mut all = None;
        for (part, at) in integer_parts(n) {
            let (address, disp) = self.place(address, offset + u64::from(at));
            // SAFETY: the function is open.
            all = Some(unsafe {
                let value = if part == whole {
                    kiln_build_load(func, whole, address, disp, flags)
                } else {
                    kiln_build_load_ext(func, whole, part, address, disp, flags)
                };
                match all {
                    None => value,
                    Some(low) => {
                        let count = kiln_const_int(func, i64::from(at) * 8);
                        let high = kiln_build_binary(func, KILN_OP_SHL, whole, value, count);
                        kiln_build_binary(func, KILN_OP_OR, whole, low, high)
                    }
                }
            });
        }
        Value::Built(all.expect("at least one part"), Type::Bytes(n))
    }

    fn store_bytes(&self, n: u8, v: Value, address: Value, offset: u64, flags: u32) {
        let whole = self.register_type(Type::Bytes(n));
        let value = self.register(v);
        let func = self.func();
        for (part, at) in integer_parts(n) {
            let (address, disp) = self.place(address, offset + u64::from(at));
            // SAFETY: the function is open.
            unsafe {
                let count = kiln_const_int(func, i64::from(at) * 8);
                let v = if at == 0 { value } else { kiln_build_binary(func, KILN_OP_LSHR, whole, value, count) };
                if part == whole {
                    kiln_build_store(func, whole, address, disp, v, flags);
                } else {
                    kiln_build_store_trunc(func, whole, part, address, disp, v, flags);
                }
            }
        }
    }

    /// Copies a value of type `ty`.
    fn copy(&self, to: kiln_value, from: kiln_value, ty: Type, flags: u32) {
        let func = self.func();
        let register = match ty.scalar_size() {
            1 => Some(KILN_TYPE_I8),
            2 => Some(KILN_TYPE_I16),
            4 => Some(KILN_TYPE_I32),
            8 => Some(KILN_TYPE_V64),
            16 => Some(KILN_TYPE_V128),
            _ => None,
        };
        // SAFETY: the function is open.
        unsafe {
            match register {
                Some(register) => {
                    let value = kiln_build_load(func, register, from, 0, flags & KILN_MEM_VOLATILE);
                    kiln_build_store(func, register, to, 0, value, flags);
                }
                None => {
                    let size = kiln_const_int(func, ty.scalar_size() as i64);
                    kiln_build_memory(func, KILN_OP_MEMCPY, to, from, size, flags & KILN_MEM_VOLATILE);
                }
            }
        }
    }

    /// Copies memory that does not overlap, or is the same; or may overlap.
    pub fn copy_bytes(&self, op: kiln_op, to: Value, from: Value, size: Value, flags: MemFlags) {
        if !flags.contains(MemFlags::VOLATILE) && self.copy_words(to, from, size) {
            return;
        }
        self.memory_op(op, to, from, size, flags);
    }

    /// A small copy of constant size, to or from a slot: a load and a store for each word, the loads first, so that parts
    /// of the slot may be variables. False if it is no such copy.
    fn copy_words(&self, to: Value, from: Value, size: Value) -> bool {
        let Value::Const(_, size @ 1..=SMALL_COPY) = size else { return false };
        let is_slot = |address| {
            let (base, _) = self.place(address, 0);
            // SAFETY: the function is open.
            unsafe { kiln_operand_get(self.block.func, base).kind == KILN_OPERAND_SLOT }
        };
        if !is_slot(to) && !is_slot(from) {
            return false;
        }
        let (mut words, mut at) = (Vec::new(), 0);
        for ty in [Type::I64, Type::I64, Type::I32, Type::I16, Type::I8] {
            if at + ty.scalar_size() <= size as u64 {
                words.push((self.load_at(ty, from, at, 0), at));
                at += ty.scalar_size();
            }
        }
        for (word, at) in words {
            self.store_at(word, to, at, 0);
        }
        true
    }

    /// MEMCPY, MEMMOVE, MEMSET.
    pub fn memory_op(&self, op: kiln_op, to: Value, from: Value, size: Value, flags: MemFlags) {
        if let Value::Const(_, 0) = size {
            return;
        }
        let (to, from, size) = (self.register(to), self.register(from), self.register(size));
        let volatile = if flags.contains(MemFlags::VOLATILE) { KILN_MEM_VOLATILE } else { 0 };
        // SAFETY: the function is open.
        unsafe { kiln_build_memory(self.func(), op, to, from, size, volatile) };
    }

    /// Stores an operand to each element of an array: a loop.
    pub fn fill(&mut self, elem: OperandRef<'tcx, Value>, count: u64, to: PlaceRef<'tcx, Value>) {
        let start = to.project_index(self, Value::usize(0)).val.llval;
        let end = to.project_index(self, Value::usize(count)).val.llval;
        let [head, body, exit] = std::array::from_fn(|_| self.append_sibling_block(""));
        // SAFETY: the function is open.
        let current = unsafe { kiln_block_add_param(self.block.func, head.block, KILN_TYPE_PTR) };
        let current = Value::Built(current, Type::Ptr);
        let goto_head = |bx: &Self, at: Value| {
            let at = bx.register(at);
            // SAFETY: the function is open.
            unsafe { kiln_build_br(bx.func(), head.block, &at, 1) };
        };
        goto_head(self, start);

        self.block = head;
        let more = self.compare_ints(IntPredicate::IntNE, current, end);
        self.cond_br(more, body, exit);

        self.block = body;
        let align = to.val.align.restrict_for_offset(to.layout.field(self.cx, 0).size);
        elem.val.store(self, PlaceRef::new_sized_aligned(current, elem.layout, align));
        let next = self.address_add(current, Value::usize(elem.layout.size.bytes()), 1);
        goto_head(self, next);
        self.block = exit;
    }

    // Atomic operations.

    /// Whether an atomic operation is one of libatomic's functions, as in LLVM's code: that takes a lock, or the
    /// instruction, as all that access the same memory do.
    fn is_library_atomic(&self, ty: Type) -> bool {
        let needed = self.module.processor.wide_atomics;
        ty == Type::I128 && self.features_of(self.block.symbol) & needed != needed
    }

    pub fn load_atomic(&self, ty: Type, address: Value, order: AtomicOrdering) -> Value {
        if self.is_library_atomic(ty) {
            return self.call_library("__atomic_load_16", &[address, c_ordering(order)], ty);
        }
        let address = self.register(address);
        // SAFETY: the function is open.
        let value = unsafe { kiln_build_atomic_load(self.func(), self.register_type(ty), address, ordering(order)) };
        Value::Built(value, ty)
    }

    pub fn store_atomic(&self, v: Value, address: Value, order: AtomicOrdering) {
        if self.is_library_atomic(v.ty()) {
            self.call_library("__atomic_store_16", &[address, v, c_ordering(order)], Type::Void);
            return;
        }
        let ty = self.register_type(v.ty());
        let (v, address) = (self.register(v), self.register(address));
        // SAFETY: the function is open.
        unsafe { kiln_build_atomic_store(self.func(), ty, address, v, ordering(order)) }
    }

    pub fn compare_and_swap(
        &self,
        address: Value,
        expected: Value,
        desired: Value,
        success: AtomicOrdering,
        failure: AtomicOrdering,
    ) -> (Value, Value) {
        let ty = expected.ty();
        if self.is_library_atomic(ty) {
            let slot = Value::Built(self.vector_slot(ty), Type::Ptr);
            self.store_at(expected, slot, 0, 0);
            let args = [address, slot, desired, c_ordering(success), c_ordering(failure)];
            let stored = self.call_library("__atomic_compare_exchange_16", &args, Type::Bool);
            return (self.load_at(ty, slot, 0, 0), stored);
        }
        let (address, expected, desired) = (self.register(address), self.register(expected), self.register(desired));
        let (success, failure) = (ordering(success), ordering(failure));
        let func = self.func();
        // SAFETY: the function is open.
        unsafe {
            let register = self.register_type(ty);
            let old = kiln_build_atomic_cas(func, register, address, expected, desired, success, failure);
            let stored = kiln_build_result(func, old, 1);
            (Value::Built(old, ty), Value::Built(stored, Type::Bool))
        }
    }

    pub fn read_modify_write(&mut self, op: AtomicRmwBinOp, address: Value, v: Value, order: AtomicOrdering) -> Value {
        if self.is_library_atomic(v.ty()) {
            return self.library_read_modify_write(op, address, v, order);
        }
        let op = match op {
            AtomicRmwBinOp::AtomicXchg => KILN_RMW_XCHG,
            AtomicRmwBinOp::AtomicAdd => KILN_RMW_ADD,
            AtomicRmwBinOp::AtomicSub => KILN_RMW_SUB,
            AtomicRmwBinOp::AtomicAnd => KILN_RMW_AND,
            AtomicRmwBinOp::AtomicNand => KILN_RMW_NAND,
            AtomicRmwBinOp::AtomicOr => KILN_RMW_OR,
            AtomicRmwBinOp::AtomicXor => KILN_RMW_XOR,
            AtomicRmwBinOp::AtomicMax => KILN_RMW_SMAX,
            AtomicRmwBinOp::AtomicMin => KILN_RMW_SMIN,
            AtomicRmwBinOp::AtomicUMax => KILN_RMW_UMAX,
            AtomicRmwBinOp::AtomicUMin => KILN_RMW_UMIN,
        };
        let ty = v.ty();
        let (v, address) = (self.register(v), self.register(address));
        // SAFETY: the function is open.
        let old =
            unsafe { kiln_build_atomic_rmw(self.func(), op, self.register_type(ty), address, v, ordering(order)) };
        Value::Built(old, ty)
    }

    fn library_read_modify_write(
        &mut self,
        op: AtomicRmwBinOp,
        address: Value,
        v: Value,
        order: AtomicOrdering,
    ) -> Value {
        let (function, keeps) = match op {
            AtomicRmwBinOp::AtomicXchg => ("__atomic_exchange_16", None),
            AtomicRmwBinOp::AtomicAdd => ("__atomic_fetch_add_16", None),
            AtomicRmwBinOp::AtomicSub => ("__atomic_fetch_sub_16", None),
            AtomicRmwBinOp::AtomicAnd => ("__atomic_fetch_and_16", None),
            AtomicRmwBinOp::AtomicNand => ("__atomic_fetch_nand_16", None),
            AtomicRmwBinOp::AtomicOr => ("__atomic_fetch_or_16", None),
            AtomicRmwBinOp::AtomicXor => ("__atomic_fetch_xor_16", None),
            AtomicRmwBinOp::AtomicMax => ("", Some(IntPredicate::IntSGT)),
            AtomicRmwBinOp::AtomicMin => ("", Some(IntPredicate::IntSLE)),
            AtomicRmwBinOp::AtomicUMax => ("", Some(IntPredicate::IntUGT)),
            AtomicRmwBinOp::AtomicUMin => ("", Some(IntPredicate::IntULE)),
        };
        let Some(keeps) = keeps else {
            return self.call_library(function, &[address, v, c_ordering(order)], v.ty());
        };
        let [head, exit] = std::array::from_fn(|_| self.append_sibling_block(""));
        // SAFETY: the function is open.
        let current = unsafe { kiln_block_add_param(self.block.func, head.block, KILN_TYPE_I128) };
        let first = self.register(self.load_atomic(v.ty(), address, AtomicOrdering::Relaxed));
        // SAFETY: the function is open, and the value is copied.
        unsafe { kiln_build_br(self.func(), head.block, &first, 1) };
        self.block = head;
        let current = Value::Built(current, v.ty());
        let keep = self.compare_ints(keeps, current, v);
        let desired = self.choose(keep, current, v);
        let (old, stored) = self.compare_and_swap(address, current, desired, order, AtomicOrdering::Relaxed);
        let (again, stored) = (self.register(old), self.register(stored));
        // SAFETY: the function is open, and the value is copied.
        unsafe { kiln_build_brif(self.func(), stored, exit.block, std::ptr::null(), 0, head.block, &again, 1) };
        self.block = exit;
        old
    }

    pub fn fence(&self, order: AtomicOrdering) {
        // SAFETY: the function is open.
        unsafe { kiln_build_fence(self.func(), ordering(order)) }
    }
}
