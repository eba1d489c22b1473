//! Calls, the landing pads of calls that may unwind, and the function by which `catch_unwind` calls.

use std::ptr;

use rustc_codegen_ssa::traits::*;

use crate::abi::Signature;
use crate::builder::Builder;
use crate::compat::ReturnSlot;
use crate::context::{Block, Function, Pad};
use crate::sys::*;
use crate::types::Type;
use crate::values::Value;

/// What a call is made of.
struct Call {
    sig: kiln_sig,
    result: Type,
    callee: kiln_value,
    args: Vec<kiln_value>,
}

impl<'tcx> Builder<'_, 'tcx> {
    fn prepare(&self, signature: Signature, callee: Value, slot: ReturnSlot<Value>, args: &[Value]) -> Call {
        let mut all = Vec::with_capacity(args.len() + 1);
        if let ReturnSlot::Indirect(address) = slot {
            all.push(self.register(address));
        }
        args.iter().for_each(|&arg| self.flatten(arg, &mut all));
        let signatures = self.signatures.borrow();
        let info = &signatures[signature.0 as usize];
        let callee = match callee {
            // A program may declare one function with several signatures.
            Value::Symbol(symbol, 0) if self.contradicts(symbol, info.sig) => {
                self.register(self.unary(KILN_OP_COPY, callee))
            }
            Value::Symbol(symbol, 0) => {
                self.note_call(symbol);
                self.register(callee)
            }
            callee => self.register(callee),
        };
        Call { sig: info.sig, result: info.result, callee, args: all }
    }

    /// Whether a call by this signature contradicts the function's declaration.
    fn contradicts(&self, function: kiln_symbol, sig: kiln_sig) -> bool {
        let Some(&declared) = self.function_signatures.borrow().get(&function) else { return false };
        let declared = self.signatures.borrow()[declared.0 as usize].sig;
        // SAFETY: both are signatures of the module.
        declared != sig && unsafe { !kiln_sig_is_compatible(self.module.raw, sig, declared) }
    }

    fn result_types(&self, ty: Type) -> Vec<Type> {
        let mut types = Vec::new();
        self.flat_types(ty, &mut types);
        types
    }

    /// A call that returns here.
    pub fn build_call(&self, signature: Signature, callee: Value, slot: ReturnSlot<Value>, args: &[Value]) -> Value {
        let call = self.prepare(signature, callee, slot, args);
        let func = self.func();
        // SAFETY: the function is open, and the arguments are copied.
        let values: Vec<_> = unsafe {
            let first = kiln_build_call(func, call.sig, call.callee, call.args.as_ptr(), call.args.len() as u32);
            let n = self.result_types(call.result).len() as u32;
            (0..n).map(|i| if i == 0 { first } else { kiln_build_result(func, first, i) }).collect()
        };
        self.unflatten(&values, call.result)
    }

    /// A call of a function of C's library.
    pub fn call_library(&self, name: &str, args: &[Value], result: Type) -> Value {
        let params: Vec<Type> = args.iter().map(|arg| arg.ty()).collect();
        let (symbol, signature) = self.library_function(name, &params, result);
        self.build_call(signature, Value::Symbol(symbol, 0), ReturnSlot::Direct, args)
    }

    /// A call that goes to `then` when it returns, with its results as parameters of that block, which has no other
    /// edge; and to `catch` when it unwinds.
    pub fn build_invoke(
        &self,
        signature: Signature,
        callee: Value,
        slot: ReturnSlot<Value>,
        args: &[Value],
        then: Block,
        catch: Block,
    ) -> Value {
        let call = self.prepare(signature, callee, slot, args);
        let pad = self.pad(catch);
        let func = self.func();
        // SAFETY: the function is open, and everything is copied.
        let results: Vec<_> = unsafe {
            let types = self.result_types(call.result);
            let params: Vec<_> =
                types.iter().map(|&ty| kiln_block_add_param(func, then.block, self.passed_type(ty))).collect();
            let normal: Vec<_> = (0..types.len() as u32).map(|i| kiln_try_result(func, call.sig, i)).collect();
            let unwind = [kiln_try_exception(func), kiln_try_selector(func)];
            let desc = kiln_try_desc {
                sig: call.sig,
                callee: call.callee,
                args: call.args.as_ptr(),
                n_args: call.args.len() as u32,
                normal: then.block,
                normal_args: normal.as_ptr(),
                n_normal_args: normal.len() as u32,
                unwind: catch.block,
                unwind_args: unwind.as_ptr(),
                n_unwind_args: unwind.len() as u32,
                shared: pad.clauses,
                ..Default::default()
            };
            kiln_build_try(func, &desc);
            params
        };
        // What a vector needs is built where the call returns to.
        Builder { block: then, ..*self }.unflatten(&results, call.result)
    }

    /// The landing pad that a block is, made by the first call that unwinds to it or by its own instructions.
    pub fn pad(&self, Block { func, block, .. }: Block) -> Pad {
        *self.pads.borrow_mut().entry((func, block.id)).or_insert_with(|| {
            // SAFETY: the function is open.
            unsafe {
                Pad {
                    exception: kiln_block_add_param(func, block, KILN_TYPE_PTR),
                    selector: kiln_block_add_param(func, block, KILN_TYPE_I32),
                    clauses: kiln_clauses_new(func),
                }
            }
        })
    }

    pub fn set_personality(&self, personality: Function) {
        // SAFETY: the function is open.
        unsafe {
            let attrs = kiln_func_attrs { personality, ..kiln_func_get_attrs(self.block.func) };
            kiln_func_set_attrs(self.block.func, &attrs);
        }
    }

    /// Makes this block a landing pad with one clause (a filter lets nothing through), and gives exception and selector.
    pub fn landing_pad(&self, personality: Function, kind: kiln_clause_kind) -> (Value, Value) {
        self.set_personality(personality);
        let pad = self.pad(self.block);
        let clause = kiln_clause { kind, ..Default::default() };
        // SAFETY: the function is open, and the clause is copied.
        unsafe { kiln_clauses_set(self.block.func, pad.clauses, &clause, 1) };
        (Value::Built(pad.exception, Type::Ptr), Value::Built(pad.selector, Type::I32))
    }

    /// `catch_unwind(try_fn, data, catch_fn)`: 1 if `try_fn(data)` unwound, after `catch_fn(data, exception)`.
    pub fn catch_unwind(&self, try_fn: Value, data: Value, catch_fn: Value) -> Value {
        let function = self.try_function();
        let signature = self.function_signatures.borrow()[&function];
        self.build_call(signature, Value::Symbol(function, 0), ReturnSlot::Direct, &[try_fn, data, catch_fn])
    }

    fn try_function(&self) -> kiln_symbol {
        if let Some(symbol) = self.try_function.get() {
            return symbol;
        }
        let signature = self.plain_signature(KILN_SIG_NOUNWIND, &[Type::Ptr; 3], Type::I32);
        let desc =
            kiln_symbol_desc { linkage: KILN_LINKAGE_INTERNAL, dso_local: true, body: true, ..Default::default() };
        let symbol = self.declare_function("__rust_try", signature, desc);
        self.try_function.set(Some(symbol));

        let mut bx = Builder { cx: self.cx, block: Self::open(self.cx, symbol), location: 0 };
        bx.set_personality(self.personality());
        let [try_fn, data, catch_fn] = std::array::from_fn(|i| bx.get_param(i));
        let [then, catch] = std::array::from_fn(|_| bx.append_sibling_block(""));
        let called = self.plain_signature(0, &[Type::Ptr], Type::Void);
        bx.build_invoke(called, try_fn, ReturnSlot::Direct, &[data], then, catch);

        bx.block = then;
        bx.ret(Value::Const(Type::I32, 0));

        bx.block = catch;
        let (exception, _) = bx.catch_all();
        let catcher = self.plain_signature(KILN_SIG_NOUNWIND, &[Type::Ptr; 2], Type::Void);
        bx.build_call(catcher, catch_fn, ReturnSlot::Direct, &[data, exception]);
        bx.ret(Value::Const(Type::I32, 1));
        symbol
    }

    /// A landing pad of this block for whatever is thrown.
    fn catch_all(&self) -> (Value, Value) {
        self.landing_pad(self.personality(), KILN_CLAUSE_CATCH_ALL)
    }

    /// Ends the program, and the block; what is built next is never reached.
    pub fn trap(&mut self) {
        // SAFETY: the function is open.
        unsafe { kiln_build_nullary(self.func(), KILN_OP_TRAP) };
        self.block = self.append_sibling_block("");
    }

    /// A call in place of this function's return, which `needs.rs` leaves to LLVM.
    pub fn build_tail_call(&self) {
        self.unsupported("a tail call", Type::Void);
        // SAFETY: the function is open.
        unsafe { kiln_build_ret(self.func(), ptr::null(), 0) }
    }
}
