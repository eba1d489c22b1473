//! Calls that may unwind, and what catches their exceptions.

use kiln_sys as sys;

use crate::func::{Block, Function, Operand, Value, raw_values};
use crate::module::{Sig, Symbol};

/// What catches an exception. The types are symbols, usually of data: the personality says what they mean. For
/// `kiln_personality`, the type is the symbol at the exception's tag.
#[derive(Clone, Copy, Debug)]
pub enum Clause<'a> {
    /// Catches exceptions of a type. The selector is its [`Function::type_id`].
    Catch(Symbol),
    /// Catches all exceptions. The selector is the [`Function::type_id`] of no type.
    CatchAll,
    /// Catches exceptions that have none of these types. The selector is negative.
    Filter(&'a [Symbol]),
    /// Runs code before an exception leaves the function. The code ends with [`Function::resume`]. The selector is 0.
    /// This is the last clause.
    Cleanup,
}

/// Where a call that may unwind goes on, with arguments for the blocks' parameters.
#[derive(Clone, Copy, Debug)]
pub struct Edges<'a, 'id> {
    /// The block after the call. Its arguments may be results of the call ([`Function::try_result`]).
    pub normal: (Block<'id>, &'a [Value<'id>]),
    /// The landing pad. Its arguments may be [`Function::try_exception`] and [`Function::try_selector`].
    pub unwind: (Block<'id>, &'a [Value<'id>]),
    /// What comes to the landing pad, at least one. The first clause that fits an exception catches it.
    pub clauses: &'a [Clause<'a>],
}

impl<'id> Function<'id> {
    /// Sets the function that the unwinder calls for frames of this function, such as `kiln_personality` or
    /// `__gxx_personality_v0`. A function with a [`Function::try_call`] needs one.
    pub fn set_personality(&self, personality: Symbol) {
        let Some(personality) = self.own_symbol(personality) else { return };
        // SAFETY: the function is alive; attributes are copied.
        unsafe {
            let mut attrs = sys::kiln_func_get_attrs(self.raw());
            attrs.personality = personality;
            sys::kiln_func_set_attrs(self.raw(), &attrs);
        }
    }

    /// Calls a function of the module, which may unwind, by its own signature. This ends the block.
    pub fn try_call(&self, function: Symbol, args: &[Value<'id>], edges: Edges<'_, 'id>) {
        let callee = self.symbol(function, 0);
        self.try_raw(self.sig_of(function), callee, args, edges);
    }

    /// Calls the function at an address, which may unwind, by a signature. This ends the block.
    pub fn try_indirect(&self, sig: Sig, callee: impl Operand<'id>, args: &[Value<'id>], edges: Edges<'_, 'id>) {
        let (sig, callee) = (self.own_sig(sig), callee.value(self));
        self.try_raw(sig, callee, args, edges);
    }

    fn try_raw(&self, sig: sys::kiln_sig, callee: Value<'id>, args: &[Value<'id>], edges: Edges<'_, 'id>) {
        let (normal, unwind) = (edges.normal, edges.unwind);
        let mut types = Vec::new();
        for clause in edges.clauses {
            let of = match clause {
                Clause::Catch(of) => std::slice::from_ref(of),
                Clause::Filter(of) => of,
                Clause::CatchAll | Clause::Cleanup => &[],
            };
            types.push(of.iter().filter_map(|&symbol| self.own_symbol(symbol)).collect::<Vec<_>>());
        }
        let clause = |(clause, types): (&Clause<'_>, &Vec<sys::kiln_symbol>)| {
            let (types_at, n_types) = (types.as_ptr(), self.count(types.len()));
            match clause {
                Clause::Catch(_) => sys::kiln_clause {
                    kind: sys::KILN_CLAUSE_CATCH,
                    r#type: types.first().copied().unwrap_or_default(),
                    ..Default::default()
                },
                Clause::Filter(_) => {
                    sys::kiln_clause { kind: sys::KILN_CLAUSE_FILTER, types: types_at, n_types, ..Default::default() }
                }
                Clause::CatchAll => sys::kiln_clause { kind: sys::KILN_CLAUSE_CATCH_ALL, ..Default::default() },
                Clause::Cleanup => sys::kiln_clause { kind: sys::KILN_CLAUSE_CLEANUP, ..Default::default() },
            }
        };
        let clauses: Vec<_> = edges.clauses.iter().zip(&types).map(clause).collect();
        let desc = sys::kiln_try_desc {
            sig,
            callee: callee.raw,
            args: raw_values(args),
            n_args: self.count(args.len()),
            normal: normal.0.raw,
            normal_args: raw_values(normal.1),
            n_normal_args: self.count(normal.1.len()),
            unwind: unwind.0.raw,
            unwind_args: raw_values(unwind.1),
            n_unwind_args: self.count(unwind.1.len()),
            clauses: clauses.as_ptr(),
            n_clauses: self.count(clauses.len()),
            ..Default::default()
        };
        // SAFETY: the function is alive, the lists have so many elements; all are checked and copied.
        unsafe { sys::kiln_build_try(self.raw(), &desc) }
    }

    /// Returns what stands for result `k` of a call of `function` by [`Function::try_call`], among the arguments of the
    /// normal edge alone.
    pub fn try_result(&self, function: Symbol, k: u32) -> Value<'id> {
        // SAFETY: the function is alive; all is checked.
        Value::new(unsafe { sys::kiln_try_result(self.raw(), self.sig_of(function), k) })
    }

    /// The same for [`Function::try_indirect`].
    pub fn try_indirect_result(&self, sig: Sig, k: u32) -> Value<'id> {
        // SAFETY: the function is alive; all is checked.
        Value::new(unsafe { sys::kiln_try_result(self.raw(), self.own_sig(sig), k) })
    }

    /// Returns what stands for the exception, an address as an integer of 64 bits, among the arguments of an unwind
    /// edge alone.
    pub fn try_exception(&self) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_try_exception(self.raw()) })
    }

    /// Returns what stands for the selector, an integer of 32 bits that says which clause has caught the exception,
    /// among the arguments of an unwind edge alone.
    pub fn try_selector(&self) -> Value<'id> {
        // SAFETY: the function is alive.
        Value::new(unsafe { sys::kiln_try_selector(self.raw()) })
    }

    /// Returns the selector of a type in this function, as a constant; without a type, that of [`Clause::CatchAll`].
    pub fn type_id(&self, of: Option<Symbol>) -> Value<'id> {
        let symbol = of.map_or(Some(Default::default()), |of| self.own_symbol(of)).unwrap_or_default();
        // SAFETY: the function is alive; the symbol is its module's, or none.
        Value::new(unsafe { sys::kiln_const_typeid(self.raw(), symbol) })
    }
}
