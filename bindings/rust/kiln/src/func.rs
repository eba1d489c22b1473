//! Functions under construction: values, blocks, instructions.

use std::ffi::CString;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use kiln_sys as sys;

use crate::debug::{Entry, Location};
use crate::error::Result;
use crate::module::{Data, Sig, Symbol, of_owner};
use crate::session::Invariant;
use crate::types::{FloatCond, Guard, IntCond, Ordering, Rmw, Type, count};

/// A value of the function of lifetime `'id`: the result of an instruction, a parameter, or a constant. If no
/// instruction produced it (after a call without a result, or after a mistake), it is none, which every call passes
/// through.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Value<'id> {
    pub(crate) raw: sys::kiln_value,
    id: Invariant<'id>,
}

/// A block of the function of lifetime `'id`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Block<'id> {
    pub(crate) raw: sys::kiln_block,
    id: Invariant<'id>,
}

/// A part of the frame of the function of lifetime `'id`. As an operand, it is its address.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Slot<'id> {
    pub(crate) raw: sys::kiln_value,
    id: Invariant<'id>,
}

impl<'id> Value<'id> {
    pub(crate) fn new(raw: sys::kiln_value) -> Self {
        Value { raw, id: PhantomData }
    }

    /// Returns true if there is no value.
    pub fn is_none(self) -> bool {
        self.raw.id == 0
    }
}

impl<'id> Block<'id> {
    fn new(raw: sys::kiln_block) -> Self {
        Block { raw, id: PhantomData }
    }

    /// Returns the block's number, counting from 0 in the order in which blocks were made, as in an
    /// [`Error`](crate::Error).
    pub fn number(self) -> u32 {
        self.raw.id
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}
impl Eq for Value<'_> {}
impl PartialEq for Block<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}
impl Eq for Block<'_> {}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.raw.id)
    }
}
impl fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({})", self.raw.id)
    }
}
impl fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({})", self.raw.id)
    }
}

/// An operand of an instruction: a [`Value`]; a [`Slot`] or a [`Symbol`], for its address; or a number. An integer
/// takes the type that its use requires; an `f32` or `f64` is of [`Type::F32`] or [`Type::F64`].
pub trait Operand<'id> {
    /// Returns the operand as a value of `f`.
    fn value(self, f: &Function<'id>) -> Value<'id>;
}

impl<'id> Operand<'id> for Value<'id> {
    #[inline]
    fn value(self, _: &Function<'id>) -> Value<'id> {
        self
    }
}

impl<'id> Operand<'id> for Slot<'id> {
    #[inline]
    fn value(self, _: &Function<'id>) -> Value<'id> {
        Value::new(self.raw)
    }
}

impl<'id> Operand<'id> for Symbol {
    fn value(self, f: &Function<'id>) -> Value<'id> {
        f.symbol(self, 0)
    }
}

macro_rules! integer_operands {
    ($($ty:ty)*) => {$(
        impl<'id> Operand<'id> for $ty {
            #[inline]
            fn value(self, f: &Function<'id>) -> Value<'id> {
                f.int(self as i64)
            }
        }
    )*};
}
integer_operands!(i8 u8 i16 u16 i32 u32 i64 u64 isize usize);

impl<'id> Operand<'id> for f32 {
    fn value(self, f: &Function<'id>) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_const_f32(f.raw(), self) })
    }
}

impl<'id> Operand<'id> for f64 {
    fn value(self, f: &Function<'id>) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_const_f64(f.raw(), self) })
    }
}

/// Flags of a load or store. A copy or fill of memory takes `NONE` or `VOLATILE` alone.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct MemFlags(u32);

impl MemFlags {
    /// No flags: any alignment, not volatile.
    pub const NONE: MemFlags = MemFlags(0);
    /// The access is not removed, repeated, or merged with another access.
    pub const VOLATILE: MemFlags = MemFlags(sys::KILN_MEM_VOLATILE);
    /// A hint: the memory is not needed again soon.
    pub const NONTEMPORAL: MemFlags = MemFlags(sys::KILN_MEM_NONTEMPORAL);

    /// States that the address is a multiple of 2^`log2` bytes. More than 15 counts as 15.
    pub const fn aligned(self, log2: u8) -> MemFlags {
        let log2 = if log2 > 15 { 15 } else { log2 };
        MemFlags(self.0 & !sys::KILN_MEM_ALIGN(15) | sys::KILN_MEM_ALIGN(log2 as u32))
    }

    /// Combines both.
    pub const fn and(self, other: MemFlags) -> MemFlags {
        MemFlags(self.0 | other.0)
    }
}

/// Attributes of a function.
#[derive(Clone, Copy, Debug)]
pub struct Attrs {
    guard: Guard,
    frame_pointer: bool,
    probe_bytes: u32,
    used: bool,
    keeps_pinned: bool,
    no_jump_tables: bool,
}

impl Default for Attrs {
    fn default() -> Self {
        Attrs::new()
    }
}

impl Attrs {
    /// Makes the default attributes.
    pub fn new() -> Attrs {
        Attrs {
            guard: Guard::None,
            frame_pointer: false,
            probe_bytes: 0,
            used: false,
            keeps_pinned: false,
            no_jump_tables: false,
        }
    }

    /// Selects whether a guard value stands between the function's local memory and its return address (stack
    /// protector).
    pub fn guard(mut self, guard: Guard) -> Attrs {
        self.guard = guard;
        self
    }

    /// Makes the frame pointer the head of a list of frames, for profilers.
    pub fn frame_pointer(mut self) -> Attrs {
        self.frame_pointer = true;
        self
    }

    /// Makes the function touch its stack at least once in this many bytes, so that a stack overflow faults on the
    /// guard page. The number is at least 16, and usually 4096.
    pub fn probe_stack(mut self, bytes: u32) -> Attrs {
        self.probe_bytes = bytes;
        self
    }

    /// Makes linkers keep the function even if nothing refers to it.
    pub fn used(mut self) -> Attrs {
        self.used = true;
        self
    }

    /// Makes the function save and restore the register that its module pins, for callers outside of the module.
    pub fn keeps_pinned(mut self) -> Attrs {
        self.keeps_pinned = true;
        self
    }

    /// Makes each switch a tree of comparisons, without a jump table.
    pub fn no_jump_tables(mut self) -> Attrs {
        self.no_jump_tables = true;
        self
    }
}

/// A function under construction, within [`Session::define`](crate::Session::define).
///
/// Instructions are appended to the current block, which is initially the entry. The first mistake sticks to the
/// function: later calls return nothing and do nothing, and `define` returns the error with function, block and
/// instruction.
pub struct Function<'id> {
    raw: NonNull<sys::kiln_func>,
    module: u32,
    session: u32,
    of: *const sys::kiln_module,
    id: Invariant<'id>,
}

impl<'id> Function<'id> {
    /// Refers to a function that stays open as long as the result lives, and to the owners of its module and session.
    pub(crate) fn new(raw: NonNull<sys::kiln_func>, module: u32, session: u32, of: *const sys::kiln_module) -> Self {
        Function { raw, module, session, of, id: PhantomData }
    }

    #[inline]
    pub(crate) fn raw(&self) -> *mut sys::kiln_func {
        self.raw.as_ptr()
    }

    /// Returns libkiln's function, for calls of `kiln_sys`, which may build in it but must not end it.
    pub fn as_raw(&self) -> *mut sys::kiln_func {
        self.raw()
    }

    /// Converts a value that a call of `kiln_sys` returned. One that does not belong to this function is a mistake, or
    /// another value.
    pub fn value_from_raw(&self, raw: sys::kiln_value) -> Value<'id> {
        Value::new(raw)
    }

    /// Returns libkiln's handle of a value.
    pub fn raw_value(&self, value: impl Operand<'id>) -> sys::kiln_value {
        value.value(self).raw
    }

    // ---- errors ----

    /// Reports a mistake in the front end's program at the current place. It sticks, as the library's own errors do.
    pub fn fail(&self, message: &str) {
        self.fail_with(sys::KILN_ERR_ARGUMENT, message);
    }

    fn fail_with(&self, status: sys::kiln_status, message: &str) {
        let message = CString::new(message.replace('\0', " ")).unwrap_or_default();
        // SAFETY: the function is alive; the message is copied.
        unsafe { sys::kiln_func_fail(self.raw(), status, message.as_ptr()) };
    }

    /// Returns true after a mistake.
    pub fn has_failed(&self) -> bool {
        // SAFETY: the function is alive.
        unsafe { sys::kiln_func_status(self.raw()) != sys::KILN_OK }
    }

    /// Returns the content of `result`; an error becomes the function's.
    fn take<T>(&self, result: Result<T>) -> Option<T> {
        result.map_err(|e| self.fail(e.message())).ok()
    }

    /// Returns the symbol for C. One of another module is a mistake.
    pub(crate) fn own_symbol(&self, symbol: Symbol) -> Option<sys::kiln_symbol> {
        self.take(of_owner(symbol, self.module))
    }

    pub(crate) fn count(&self, n: usize) -> u32 {
        self.take(count(n)).unwrap_or(0)
    }

    // ---- attributes ----

    /// Sets all attributes, replacing earlier ones.
    pub fn set_attrs(&self, attrs: &Attrs) {
        // SAFETY: the function is alive; attributes are copied.
        unsafe {
            let mut raw = sys::kiln_func_get_attrs(self.raw());
            raw.guard = attrs.guard as u32;
            raw.frame_pointer = attrs.frame_pointer;
            raw.probe_bytes = attrs.probe_bytes;
            raw.used = attrs.used;
            raw.keeps_pinned = attrs.keeps_pinned;
            raw.no_jump_tables = attrs.no_jump_tables;
            sys::kiln_func_set_attrs(self.raw(), &raw);
        }
    }

    // ---- blocks ----

    /// Returns the `i`-th parameter of the function.
    #[inline]
    pub fn param(&self, i: u32) -> Value<'id> {
        // SAFETY: the function is alive; an index out of range is a mistake.
        Value::new(unsafe { sys::kiln_func_param(self.raw(), i) })
    }

    /// Makes a block. Branches to it may be built at any time, and instructions in it after [`Function::switch_to`].
    #[inline]
    pub fn block(&self) -> Block<'id> {
        // SAFETY: the function is alive.
        Block::new(unsafe { sys::kiln_block_new(self.raw()) })
    }

    /// Makes a block current, so that instructions are appended to its end.
    #[inline]
    pub fn switch_to(&self, block: Block<'id>) {
        // SAFETY: the function is alive, the block its own or none.
        unsafe { sys::kiln_block_switch(self.raw(), block.raw) }
    }

    /// Returns the current block.
    pub fn current_block(&self) -> Block<'id> {
        // SAFETY: the function is alive.
        Block::new(unsafe { sys::kiln_block_current(self.raw()) })
    }

    /// Appends a parameter to any block but the entry.
    #[inline]
    pub fn block_param(&self, block: Block<'id>, ty: Type) -> Value<'id> {
        // SAFETY: the function is alive, the block its own or none.
        Value::new(unsafe { sys::kiln_block_add_param(self.raw(), block.raw, ty as u32) })
    }

    /// Returns true if the block has its terminator.
    pub fn is_terminated(&self, block: Block<'id>) -> bool {
        // SAFETY: the function is alive; a block out of range has none.
        unsafe { sys::kiln_block_is_terminated(self.raw(), block.raw) }
    }

    /// Passes the argument for parameter `index` of `target` on every edge from `pred` to it, whether or not `pred` has
    /// its terminator already.
    pub fn set_edge_arg(&self, pred: Block<'id>, target: Block<'id>, index: u32, value: impl Operand<'id>) {
        let value = value.value(self);
        // SAFETY: the function is alive; what is out of range is a mistake.
        unsafe { sys::kiln_edge_set_arg(self.raw(), pred.raw, target.raw, index, value.raw) }
    }

    // ---- operands ----

    /// Returns the type of a value; none for no value, and for an integer constant, which takes the type of its use.
    pub fn value_type(&self, value: Value<'id>) -> Option<Type> {
        // SAFETY: the function is alive; a value out of range has no type.
        Type::from_raw(unsafe { sys::kiln_value_type(self.raw(), value.raw) })
    }

    /// Returns an integer constant, which takes the type of its use. It is sign-extended for an `i128`.
    #[inline]
    pub fn int(&self, value: i64) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_const_int(self.raw(), value) })
    }

    /// Returns a constant of a type, given its bits.
    pub fn bits(&self, ty: Type, bits: u128) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_const_bits(self.raw(), ty as u32, bits as u64, (bits >> 64) as u64) })
    }

    /// Returns the address of a symbol plus `addend`. The address of a thread-local symbol is allowed only as the
    /// operand of `tls_addr`.
    pub fn symbol(&self, symbol: Symbol, addend: i64) -> Value<'id> {
        let Some(symbol) = self.own_symbol(symbol) else { return Value::new(Default::default()) };
        // SAFETY: the function is alive; a symbol out of range is a mistake.
        Value::new(unsafe { sys::kiln_const_symbol(self.raw(), symbol, addend) })
    }

    /// Makes a slot of less than 2 GiB in the frame. A slot that is only loaded and stored, whole and as a single type,
    /// costs no more than a register. Its initial content is unspecified.
    #[inline]
    pub fn slot(&self, size_bytes: u64, align_log2: u32) -> Slot<'id> {
        // SAFETY: the function is alive; what is out of range is a mistake.
        Slot { raw: unsafe { sys::kiln_slot_new(self.raw(), size_bytes, align_log2) }, id: PhantomData }
    }

    /// Makes a slot for a value of a type.
    pub fn slot_of(&self, ty: Type) -> Slot<'id> {
        self.slot(u64::from(ty.size()), ty.size().trailing_zeros())
    }

    /// Marks the slot as being or containing an array: see [`Guard`].
    pub fn set_array(&self, slot: Slot<'id>) {
        // SAFETY: the function is alive, the slot its own or none.
        unsafe { sys::kiln_slot_set_array(self.raw(), slot.raw) }
    }

    /// Makes the slot a root, a word that a moving garbage collector reads and changes at calls that collect. It has 8
    /// bytes, or 4, and the same alignment, and has not been used yet. See the chapter on roots in `docs/ir.md`.
    pub fn set_root(&self, slot: Slot<'id>) {
        // SAFETY: the function is alive, the slot its own or none.
        unsafe { sys::kiln_slot_set_root(self.raw(), slot.raw) }
    }

    /// Gives the instruction that is built next, a call or try that collects, an id for the tables of roots. See
    /// `docs/roots.md`.
    pub fn set_call_id(&self, id: u32) {
        // SAFETY: the function is alive.
        unsafe { sys::kiln_func_set_call_id(self.raw(), id) }
    }

    /// Says whether a value is a reference, which must not be used after a call that collects. If `is_reference` is
    /// false, the value must be the result of a copy: a tagged integer that was loaded from a root.
    pub fn set_reference(&self, value: Value<'id>, is_reference: bool) {
        // SAFETY: the function is alive, the value its own or none.
        unsafe { sys::kiln_func_set_reference(self.raw(), value.raw, is_reference) }
    }

    /// Makes a value that is bound later, by [`Function::bind`].
    pub fn forward(&self, ty: Type) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_forward_new(self.raw(), ty as u32) })
    }

    /// Binds a forward value, once, to a value of the same type.
    pub fn bind(&self, forward: Value<'id>, value: impl Operand<'id>) {
        let value = value.value(self);
        // SAFETY: the function is alive; what is no forward value is a mistake.
        unsafe { sys::kiln_forward_bind(self.raw(), forward.raw, value.raw) }
    }

    /// Returns the address of a block other than the entry, for [`Function::brind`].
    pub fn block_address(&self, block: Block<'id>) -> Value<'id> {
        // SAFETY: the function is alive, the block its own or none.
        Value::new(unsafe { sys::kiln_block_address(self.raw(), block.raw) })
    }

    /// Defines private data that belongs to this function. Only the function's code and data may use the symbol.
    pub fn data(&self, data: &Data<'_>) -> Option<Symbol> {
        // SAFETY: the function is alive; all of the description is copied.
        let raw = self.take(data.with(self.module, |d| unsafe { sys::kiln_func_add_data(self.raw(), d) }))?;
        (raw.id != 0).then_some(Symbol { raw, owner: self.module })
    }

    // ---- instructions by shape: what `ops.def` names is in the part that is made of it ----

    #[inline]
    pub(crate) fn unary(&self, op: u32, ty: u32, a: impl Operand<'id>) -> Value<'id> {
        let a = a.value(self);
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_unary(self.raw(), op, ty, a.raw) })
    }

    #[inline]
    pub(crate) fn binary(&self, op: u32, ty: u32, a: impl Operand<'id>, b: impl Operand<'id>) -> Value<'id> {
        let (a, b) = (a.value(self), b.value(self));
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_binary(self.raw(), op, ty, a.raw, b.raw) })
    }

    pub(crate) fn ternary(
        &self,
        op: u32,
        ty: u32,
        a: impl Operand<'id>,
        b: impl Operand<'id>,
        c: impl Operand<'id>,
    ) -> Value<'id> {
        let (a, b, c) = (a.value(self), b.value(self), c.value(self));
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_ternary(self.raw(), op, ty, a.raw, b.raw, c.raw) })
    }

    pub(crate) fn memory(
        &self,
        op: u32,
        a: impl Operand<'id>,
        b: impl Operand<'id>,
        c: impl Operand<'id>,
        flags: MemFlags,
    ) {
        let (a, b, c) = (a.value(self), b.value(self), c.value(self));
        // SAFETY: the function is alive; operands are checked.
        unsafe { sys::kiln_build_memory(self.raw(), op, a.raw, b.raw, c.raw, flags.0) }
    }

    pub(crate) fn convert(&self, op: u32, to: Type, from: Type, a: impl Operand<'id>) -> Value<'id> {
        let a = a.value(self);
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_convert(self.raw(), op, to as u32, from as u32, a.raw) })
    }

    pub(crate) fn nullary(&self, op: u32) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_build_nullary(self.raw(), op) })
    }

    pub(crate) fn level(&self, op: u32, level: u32) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_build_level(self.raw(), op, level) })
    }

    pub(crate) fn vector(
        &self,
        op: u32,
        types: (Type, Type),
        number: u32,
        a: impl Operand<'id>,
        b: Option<Value<'id>>,
    ) -> Value<'id> {
        let (a, b) = (a.value(self), b.map_or(Default::default(), |b| b.raw));
        // SAFETY: the function is alive; types, number and operands are checked.
        Value::new(unsafe { sys::kiln_build_vector(self.raw(), op, types.0 as u32, types.1 as u32, number, a.raw, b) })
    }

    /// Returns result `index`, from 1, of the call or operation `of`. It must directly follow that operation, or
    /// another of its results.
    pub fn result(&self, of: Value<'id>, index: u32) -> Value<'id> {
        // SAFETY: the function is alive; what has no such result is a mistake.
        Value::new(unsafe { sys::kiln_build_result(self.raw(), of.raw, index) })
    }

    /// Compares integers of a type: the result is an `i8`, 1 if the condition holds, else 0.
    #[inline]
    pub fn icmp(&self, cond: IntCond, ty: Type, a: impl Operand<'id>, b: impl Operand<'id>) -> Value<'id> {
        let (a, b) = (a.value(self), b.value(self));
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_icmp(self.raw(), cond as u32, ty as u32, a.raw, b.raw) })
    }

    /// Compares floats of a type: the result is an `i8`, 1 if the condition holds, else 0.
    pub fn fcmp(&self, cond: FloatCond, ty: Type, a: impl Operand<'id>, b: impl Operand<'id>) -> Value<'id> {
        let (a, b) = (a.value(self), b.value(self));
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_fcmp(self.raw(), cond as u32, ty as u32, a.raw, b.raw) })
    }

    /// Selects `a` if the low bit of `cond`, an `i8`, is 1, and otherwise `b`.
    pub fn select(&self, ty: Type, cond: Value<'id>, a: impl Operand<'id>, b: impl Operand<'id>) -> Value<'id> {
        let (a, b) = (a.value(self), b.value(self));
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_select(self.raw(), ty as u32, cond.raw, a.raw, b.raw) })
    }

    // ---- memory ----

    /// Loads the value at `address` + `offset` bytes.
    #[inline]
    pub fn load(&self, ty: Type, address: impl Operand<'id>, offset: i32, flags: MemFlags) -> Value<'id> {
        let a = address.value(self);
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_load(self.raw(), ty as u32, a.raw, offset, flags.0) })
    }

    /// Loads the narrower integer `mem` and extends it to `ty`.
    pub fn load_ext(
        &self,
        ty: Type,
        mem: Type,
        signed: bool,
        address: impl Operand<'id>,
        offset: i32,
        flags: MemFlags,
    ) -> Value<'id> {
        let a = address.value(self);
        let flags = flags.0 | if signed { sys::KILN_MEM_SEXT } else { 0 };
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_load_ext(self.raw(), ty as u32, mem as u32, a.raw, offset, flags) })
    }

    /// Stores a value at `address` + `offset` bytes.
    #[inline]
    pub fn store(&self, ty: Type, address: impl Operand<'id>, offset: i32, value: impl Operand<'id>, flags: MemFlags) {
        let (a, v) = (address.value(self), value.value(self));
        // SAFETY: the function is alive; operands are checked.
        unsafe { sys::kiln_build_store(self.raw(), ty as u32, a.raw, offset, v.raw, flags.0) }
    }

    /// Stores the low bits of an integer of type `ty` as the narrower `mem`.
    pub fn store_trunc(
        &self,
        ty: Type,
        mem: Type,
        address: impl Operand<'id>,
        offset: i32,
        value: impl Operand<'id>,
        flags: MemFlags,
    ) {
        let (a, v) = (address.value(self), value.value(self));
        // SAFETY: the function is alive; operands are checked.
        unsafe { sys::kiln_build_store_trunc(self.raw(), ty as u32, mem as u32, a.raw, offset, v.raw, flags.0) }
    }

    /// Computes `base` + `index` * `scale` + `offset`; `scale` is 1 to 65535.
    pub fn addr(&self, base: impl Operand<'id>, index: impl Operand<'id>, scale: u32, offset: i32) -> Value<'id> {
        let (base, index) = (base.value(self), index.value(self));
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_addr(self.raw(), base.raw, index.raw, scale, offset) })
    }

    /// Allocates `size` bytes of stack, aligned to 2^`align_log2`, until the function returns.
    pub fn salloc(&self, size: impl Operand<'id>, align_log2: u32) -> Value<'id> {
        let size = size.value(self);
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_salloc(self.raw(), size.raw, align_log2) })
    }

    /// Loads atomically. The ordering is relaxed, acquire or sequentially consistent.
    pub fn atomic_load(&self, ty: Type, address: impl Operand<'id>, order: Ordering) -> Value<'id> {
        let a = address.value(self);
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_atomic_load(self.raw(), ty as u32, a.raw, order as u32) })
    }

    /// Stores atomically. The ordering is relaxed, release or sequentially consistent.
    pub fn atomic_store(&self, ty: Type, address: impl Operand<'id>, value: impl Operand<'id>, order: Ordering) {
        let (a, v) = (address.value(self), value.value(self));
        // SAFETY: the function is alive; operands are checked.
        unsafe { sys::kiln_build_atomic_store(self.raw(), ty as u32, a.raw, v.raw, order as u32) }
    }

    /// Changes memory atomically and returns the old value.
    pub fn atomic_rmw(
        &self,
        op: Rmw,
        ty: Type,
        address: impl Operand<'id>,
        value: impl Operand<'id>,
        order: Ordering,
    ) -> Value<'id> {
        let (a, v) = (address.value(self), value.value(self));
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_atomic_rmw(self.raw(), op as u32, ty as u32, a.raw, v.raw, order as u32) })
    }

    /// Stores `desired` if memory equals `expected`. Returns the old value; [`Function::result`] 1 says whether
    /// `desired` was stored. `orders` are those of success and failure.
    pub fn atomic_cas(
        &self,
        ty: Type,
        address: impl Operand<'id>,
        expected: impl Operand<'id>,
        desired: impl Operand<'id>,
        orders: (Ordering, Ordering),
    ) -> Value<'id> {
        let (a, old, new) = (address.value(self), expected.value(self), desired.value(self));
        let (success, failure) = (orders.0 as u32, orders.1 as u32);
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe {
            sys::kiln_build_atomic_cas(self.raw(), ty as u32, a.raw, old.raw, new.raw, success, failure)
        })
    }

    /// Orders memory accesses. The ordering is not relaxed.
    pub fn fence(&self, order: Ordering) {
        // SAFETY: the function is alive.
        unsafe { sys::kiln_build_fence(self.raw(), order as u32) }
    }

    // ---- calls ----

    pub(crate) fn own_sig(&self, sig: Sig) -> sys::kiln_sig {
        if sig.owner == self.module {
            return sig.raw;
        }
        self.fail("a signature of another module");
        Default::default()
    }

    /// Calls a function of the module by its own signature. Returns result 0, or no value.
    pub fn call(&self, function: Symbol, args: &[Value<'id>]) -> Value<'id> {
        let callee = self.symbol(function, 0);
        self.call_raw(self.sig_of(function), callee, args)
    }

    /// Returns a function's signature, or none after a mistake.
    pub(crate) fn sig_of(&self, function: Symbol) -> sys::kiln_sig {
        let Some(symbol) = self.own_symbol(function) else { return Default::default() };
        // SAFETY: module and function are alive; a symbol out of range gives zeros.
        unsafe { sys::kiln_symbol_get(self.of, symbol) }.sig
    }

    /// Calls the function at an address, by a signature. Returns result 0, or no value.
    pub fn call_indirect(&self, sig: Sig, callee: impl Operand<'id>, args: &[Value<'id>]) -> Value<'id> {
        let (sig, callee) = (self.own_sig(sig), callee.value(self));
        self.call_raw(sig, callee, args)
    }

    fn call_raw(&self, sig: sys::kiln_sig, callee: Value<'id>, args: &[Value<'id>]) -> Value<'id> {
        let n = self.count(args.len());
        // SAFETY: the function is alive, `args` has `n` values; all are checked.
        Value::new(unsafe { sys::kiln_build_call(self.raw(), sig, callee.raw, raw_values(args), n) })
    }

    /// Leaves the function and calls another one in its place, by a signature with the same results and convention.
    /// This ends the block.
    pub fn tailcall(&self, sig: Sig, callee: impl Operand<'id>, args: &[Value<'id>]) {
        let (sig, callee, n) = (self.own_sig(sig), callee.value(self), self.count(args.len()));
        // SAFETY: the function is alive, `args` has `n` values; all are checked.
        unsafe { sys::kiln_build_tailcall(self.raw(), sig, callee.raw, raw_values(args), n) }
    }

    /// Returns the next variadic argument of the `va_list` at an address.
    pub fn va_arg(&self, ty: Type, list: impl Operand<'id>) -> Value<'id> {
        let list = list.value(self);
        // SAFETY: the function is alive; operands are checked.
        Value::new(unsafe { sys::kiln_build_va_arg(self.raw(), ty as u32, list.raw) })
    }

    // ---- the ends of blocks ----

    /// Branches to a block, with arguments for its parameters.
    #[inline]
    pub fn br(&self, target: Block<'id>, args: &[Value<'id>]) {
        let n = self.count(args.len());
        // SAFETY: the function is alive, `args` has `n` values; all are checked.
        unsafe { sys::kiln_build_br(self.raw(), target.raw, raw_values(args), n) }
    }

    /// Branches to the first block if the low bit of `cond`, an `i8`, is 1, and otherwise to the second.
    #[inline]
    pub fn brif(&self, cond: Value<'id>, then: (Block<'id>, &[Value<'id>]), or: (Block<'id>, &[Value<'id>])) {
        let (n_then, n_or) = (self.count(then.1.len()), self.count(or.1.len()));
        // SAFETY: the function is alive, the lists have so many values; all are checked.
        unsafe {
            let (a, b) = (raw_values(then.1), raw_values(or.1));
            sys::kiln_build_brif(self.raw(), cond.raw, then.0.raw, a, n_then, or.0.raw, b, n_or)
        }
    }

    /// Branches to the block of the case that equals an integer of up to 64 bits, or to `default`. Pass arguments by
    /// [`Function::set_edge_arg`].
    pub fn switch(&self, ty: Type, value: impl Operand<'id>, default: Block<'id>, cases: &[(i64, Block<'id>)]) {
        let value = value.value(self);
        let cases: Vec<_> = cases.iter().map(|&(value, b)| sys::kiln_switch_case { value, target: b.raw }).collect();
        let n = self.count(cases.len());
        // SAFETY: the function is alive, there are `n` cases; all are checked.
        unsafe { sys::kiln_build_switch(self.raw(), ty as u32, value.raw, default.raw, cases.as_ptr(), n) }
    }

    /// Branches to an address, which is that of one of these blocks.
    pub fn brind(&self, address: impl Operand<'id>, targets: &[Block<'id>]) {
        let (address, n) = (address.value(self), self.count(targets.len()));
        // SAFETY: the function is alive, there are `n` blocks, which are C's in memory; all are checked.
        unsafe { sys::kiln_build_brind(self.raw(), address.raw, targets.as_ptr().cast(), n) }
    }

    /// Returns the signature's results.
    #[inline]
    pub fn ret(&self, values: &[Value<'id>]) {
        let n = self.count(values.len());
        // SAFETY: the function is alive, there are `n` values; all are checked.
        unsafe { sys::kiln_build_ret(self.raw(), raw_values(values), n) }
    }

    // ---- debug information ----

    /// Sets the location of the instructions from here on.
    pub fn set_location(&self, at: &Location) {
        let Some(raw) = self.take(at.raw(self.module, self.session)) else { return };
        // SAFETY: the function is alive, file and scope its session's.
        unsafe { sys::kiln_func_set_location(self.raw(), &raw) };
    }

    fn entry(&self, entry: Entry) -> Option<sys::kiln_die> {
        self.take(entry.of(self.module, self.session))
    }

    /// Sets the entry that describes the function: `function`, an entry of `unit`.
    pub fn set_debug(&self, function: Entry, unit: Entry) {
        let (Some(function), Some(unit)) = (self.entry(function), self.entry(unit)) else { return };
        // SAFETY: the function is alive, the entries its session's or module's.
        unsafe { sys::kiln_func_set_debug(self.raw(), function, unit, 0) }
    }

    /// Declares that the variable or parameter lives in a slot.
    pub fn declare_variable(&self, variable: Entry, slot: Slot<'id>) {
        let Some(variable) = self.entry(variable) else { return };
        let raw = sys::kiln_debug_variable { variable, slot: slot.raw, expr: ptr::null(), ..Default::default() };
        // SAFETY: the function is alive; the description is copied.
        unsafe { sys::kiln_func_declare_variable(self.raw(), &raw) }
    }

    /// Sets the value of the variable or parameter from here on; none if it is no longer known. Debuggers show the
    /// variable where the value still exists: this does not change the code.
    pub fn set_variable(&self, variable: Entry, value: Option<Value<'id>>) {
        let Some(variable) = self.entry(variable) else { return };
        let value = value.map_or(Default::default(), |v| v.raw);
        let raw = sys::kiln_debug_value { variable, value, expr: ptr::null(), ..Default::default() };
        // SAFETY: the function is alive; the description is copied.
        unsafe { sys::kiln_func_set_variable(self.raw(), &raw) }
    }
}

/// Converts a list for C, where a `Value` is a `kiln_value`.
pub(crate) fn raw_values(values: &[Value<'_>]) -> *const sys::kiln_value {
    values.as_ptr().cast()
}

impl fmt::Debug for Function<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

include!(concat!(env!("OUT_DIR"), "/operations.rs"));
