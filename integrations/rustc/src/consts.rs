//! Constants, and the data of statics and constant memory.

use rustc_abi::{Align, HasDataLayout, Scalar as ScalarLayout, Size};
use rustc_codegen_ssa::traits::*;
use rustc_hir::def_id::DefId;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrFlags;
use rustc_middle::mir::interpret::{Allocation, ConstAllocation, GlobalAlloc, Scalar};

use crate::compat::PointerAuth;
use crate::context::Context;
use crate::sys::*;
use crate::types::{Lane, Type};
use crate::values::{Value, low_bits, sign_extended};

/// What memory that a constant refers to is.
enum Base {
    Symbol(kiln_symbol),
    /// Nothing is there: the address is that number.
    Number(u64),
}

impl<'tcx> Context<'tcx> {
    /// Flags of private data: what only copies of functions need goes if they are inlined nowhere.
    fn private_flags(&self) -> u32 {
        if self.copies.is_some() { KILN_DATA_IF_REACHABLE } else { 0 }
    }

    /// Defines private data, which is never written.
    pub fn define_bytes(&self, bytes: &[u8], align_log2: u8) -> kiln_symbol {
        let private = kiln_symbol_desc { linkage: KILN_LINKAGE_PRIVATE, body: true, ..Default::default() };
        let desc = kiln_data_desc {
            bytes: bytes.as_ptr().cast(),
            size_bytes: bytes.len() as u64,
            align_log2,
            flags: KILN_DATA_READ_ONLY | self.private_flags(),
            ..Default::default()
        };
        // SAFETY: all is copied.
        unsafe {
            let symbol = kiln_data_declare(self.module.raw, &private);
            kiln_data_define(self.module.raw, symbol, &desc);
            symbol
        }
    }

    /// Defines `symbol` as the address of `target`.
    pub fn define_address(&self, symbol: kiln_symbol, target: kiln_symbol) {
        let reloc = kiln_reloc { symbol: target, size_bytes: 8, ..Default::default() };
        let desc = kiln_data_desc {
            bytes: [0u8; 8].as_ptr().cast(),
            size_bytes: 8,
            align_log2: 3,
            relocs: &reloc,
            n_relocs: 1,
            ..Default::default()
        };
        // SAFETY: all is copied.
        unsafe { kiln_data_define(self.module.raw, symbol, &desc) };
    }

    fn base(&self, alloc: GlobalAlloc<'tcx>) -> Base {
        let memory = match alloc {
            GlobalAlloc::Function { instance, .. } => return Base::Symbol(self.function(instance)),
            GlobalAlloc::Static(id) => return Base::Symbol(self.static_symbol(id).0),
            // Its address is the part of the hash that the allocation's bytes have.
            GlobalAlloc::TypeId { .. } => return Base::Number(0),
            GlobalAlloc::Memory(memory) => memory,
            GlobalAlloc::VTable(ty, dyn_ty) => {
                let principal = dyn_ty.principal().map(|p| self.tcx.instantiate_bound_regions_with_erased(p));
                self.tcx.global_alloc(self.tcx.vtable_allocation((ty, principal))).unwrap_memory()
            }
        };
        self.memory(memory)
    }

    fn memory(&self, memory: ConstAllocation<'tcx>) -> Base {
        if memory.inner().len() == 0 {
            return Base::Number(memory.inner().align.bytes());
        }
        if let Some(&symbol) = self.allocations.borrow().get(&memory) {
            return Base::Symbol(symbol);
        }
        let private = kiln_symbol_desc { linkage: KILN_LINKAGE_PRIVATE, body: true, ..Default::default() };
        // SAFETY: all is copied.
        let symbol = unsafe { kiln_data_declare(self.module.raw, &private) };
        // Before it is defined, since it may refer to itself.
        self.allocations.borrow_mut().insert(memory, symbol);
        self.define_data(symbol, memory.inner(), self.private_flags());
        Base::Symbol(symbol)
    }

    /// Defines `symbol` as what `alloc` has.
    fn define_data(&self, symbol: kiln_symbol, alloc: &Allocation, flags: u32) {
        let mut bytes = alloc.inspect_with_uninit_and_ptr_outside_interpreter(0..alloc.len()).to_vec();
        let mut relocs = Vec::new();
        for &(offset, provenance) in alloc.provenance().ptrs().iter() {
            let at = offset.bytes_usize();
            let field: &mut [u8; 8] = (&mut bytes[at..at + 8]).try_into().unwrap();
            let addend = u64::from_le_bytes(*field);
            match self.base(self.tcx.global_alloc(provenance.alloc_id())) {
                Base::Symbol(symbol) => relocs.push(kiln_reloc {
                    offset_bytes: offset.bytes(),
                    symbol,
                    addend: addend as i64,
                    size_bytes: 8,
                    ..Default::default()
                }),
                Base::Number(base) => *field = base.wrapping_add(addend).to_le_bytes(),
            }
        }
        let read_only = alloc.mutability.is_not();
        let zero = relocs.is_empty() && !read_only && bytes.iter().all(|&byte| byte == 0);
        let desc = kiln_data_desc {
            bytes: if zero { std::ptr::null() } else { bytes.as_ptr().cast() },
            size_bytes: bytes.len() as u64,
            align_log2: alloc.align.bytes().ilog2() as u8,
            flags: flags | if read_only { KILN_DATA_READ_ONLY } else { 0 },
            relocs: relocs.as_ptr(),
            n_relocs: relocs.len() as u32,
            ..Default::default()
        };
        // SAFETY: all is copied.
        unsafe { kiln_data_define(self.module.raw, symbol, &desc) };
    }

    fn const_bits(&self, ty: Type, bits: u128) -> Value {
        Value::Const(ty, low_bits(bits, ty.int_bits().unwrap_or(128)))
    }
}

impl<'tcx> ConstCodegenMethods for Context<'tcx> {
    fn const_null(&self, ty: Type) -> Value {
        match ty {
            Type::Fields(_) | Type::Memory(_) | Type::Void => Value::Undef(ty),
            ty => Value::Const(ty, 0),
        }
    }
    fn const_undef(&self, ty: Type) -> Value {
        Value::Undef(ty)
    }
    fn const_poison(&self, ty: Type) -> Value {
        Value::Undef(ty)
    }
    fn const_bool(&self, v: bool) -> Value {
        Value::Const(Type::Bool, v.into())
    }
    fn const_i8(&self, v: i8) -> Value {
        self.const_int(Type::I8, v.into())
    }
    fn const_i16(&self, v: i16) -> Value {
        self.const_int(Type::I16, v.into())
    }
    fn const_i32(&self, v: i32) -> Value {
        self.const_int(Type::I32, v.into())
    }
    fn const_i64(&self, v: i64) -> Value {
        self.const_int(Type::I64, v)
    }
    fn const_int(&self, ty: Type, v: i64) -> Value {
        self.const_bits(ty, i128::from(v) as u128)
    }
    fn const_u8(&self, v: u8) -> Value {
        Value::Const(Type::I8, v.into())
    }
    fn const_u32(&self, v: u32) -> Value {
        Value::Const(Type::I32, v.into())
    }
    fn const_u64(&self, v: u64) -> Value {
        Value::Const(Type::I64, v.into())
    }
    fn const_u128(&self, v: u128) -> Value {
        Value::Const(Type::I128, v)
    }
    fn const_usize(&self, v: u64) -> Value {
        Value::usize(v)
    }
    fn const_uint(&self, ty: Type, v: u64) -> Value {
        self.const_bits(ty, v.into())
    }
    fn const_uint_big(&self, ty: Type, v: u128) -> Value {
        self.const_bits(ty, v)
    }
    fn const_real(&self, ty: Type, v: f64) -> Value {
        match ty {
            Type::F32 => Value::Const(ty, (v as f32).to_bits().into()),
            Type::F64 => Value::Const(ty, v.to_bits().into()),
            ty => self.fatal(&format!("a constant of {ty:?}")),
        }
    }
    fn const_str(&self, s: &str) -> (Value, Value) {
        let known = self.strings.borrow().get(s).copied();
        let symbol = known.unwrap_or_else(|| {
            let symbol = self.define_bytes(s.as_bytes(), 0);
            self.strings.borrow_mut().insert(s.to_string(), symbol);
            symbol
        });
        (Value::Symbol(symbol, 0), Value::usize(s.len() as u64))
    }
    fn const_struct(&self, values: &[Value], packed: bool) -> Value {
        let mut at = 0u64;
        let mut fields = Vec::with_capacity(values.len());
        for value in values {
            let size = self.size_of_type(value.ty());
            let align = if packed { 1 } else { size.next_power_of_two().clamp(1, 16) };
            at = at.next_multiple_of(align);
            fields.push((value.ty(), at));
            at += size;
        }
        let ty = self.fields_type(fields);
        self.parts_value(values.to_vec(), ty)
    }
    fn const_vector(&self, values: &[Value]) -> Value {
        let lane = values[0].ty();
        let mut bytes = Vec::new();
        let mut lanes = Vec::new();
        for value in values {
            let bits = match *value {
                Value::Const(_, bits) => bits,
                Value::Undef(_) => 0,
                _ => self.fatal("a constant vector of addresses"),
            };
            bytes.extend_from_slice(&bits.to_le_bytes()[..lane.scalar_size() as usize]);
            lanes.push(bits);
        }
        // As slots of vectors are.
        bytes.resize(bytes.len().next_power_of_two().max(8), 0);
        let align = bytes.len().next_power_of_two().min(64).ilog2() as u8;
        let symbol = self.define_bytes(&bytes, align);
        self.vectors.borrow_mut().insert(symbol, lanes);
        let lane = Lane::of(lane).expect("lanes are scalars");
        Value::VectorConst(symbol, Type::Vector(lane, values.len() as u32))
    }
    fn const_to_opt_uint(&self, v: Value) -> Option<u64> {
        self.const_to_opt_u128(v, false).and_then(|bits| bits.try_into().ok())
    }
    fn const_to_opt_u128(&self, v: Value, sign: bool) -> Option<u128> {
        let Value::Const(ty, bits) = v else { return None };
        let width = ty.int_bits()?;
        Some(if sign { sign_extended(bits, width) } else { bits })
    }
    fn scalar_to_backend_with_pac(&self, scalar: Scalar, layout: ScalarLayout, ty: Type, _: PointerAuth<'_>) -> Value {
        match scalar {
            Scalar::Int(int) => Value::Const(ty, int.to_bits(layout.size(self.data_layout()))),
            Scalar::Ptr(pointer, _) => {
                let (provenance, offset) = pointer.prov_and_relative_offset();
                let alloc_id = provenance.alloc_id();
                match self.base(self.tcx.global_alloc(alloc_id)) {
                    Base::Symbol(symbol) => Value::Symbol(symbol, offset.bytes() as i64),
                    Base::Number(base) => Value::Const(ty, base.wrapping_add(offset.bytes()).into()),
                }
            }
        }
    }
    fn const_ptr_byte_offset(&self, v: Value, offset: Size) -> Value {
        match v {
            Value::Symbol(symbol, addend) => Value::Symbol(symbol, addend.wrapping_add(offset.bytes() as i64)),
            Value::Const(ty, bits) => Value::Const(ty, u128::from((bits as u64).wrapping_add(offset.bytes()))),
            v => unreachable!("{v:?} is no constant address"),
        }
    }
}

impl<'tcx> StaticCodegenMethods for Context<'tcx> {
    fn static_addr_of(&self, alloc: ConstAllocation<'_>, _: Option<&str>) -> Value {
        // SAFETY: allocations live in the arena of `tcx`; the interface has lost their lifetime.
        let alloc = unsafe { std::mem::transmute::<ConstAllocation<'_>, ConstAllocation<'tcx>>(alloc) };
        match self.memory(alloc) {
            Base::Symbol(symbol) => Value::Symbol(symbol, 0),
            Base::Number(address) => Value::Const(Type::Ptr, address.into()),
        }
    }

    fn codegen_static(&mut self, id: DefId) {
        // An error has been reported already.
        let Ok(alloc) = self.tcx.eval_static_initializer(id) else { return };
        let (symbol, _) = self.static_symbol(id);
        // #[used(compiler)] keeps it in the object only, where everything stays.
        let used = self.tcx.codegen_fn_attrs(id).flags.contains(CodegenFnAttrFlags::USED_LINKER);
        self.define_data(symbol, alloc.inner(), if used { KILN_DATA_USED } else { 0 });
        self.describe_static(id, symbol);
    }
}

/// The power of two that an alignment is.
pub fn log2(align: Align) -> u32 {
    align.bytes().ilog2()
}
