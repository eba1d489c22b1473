//! LLVM's operations by name, which libkiln-llvm builds: types as LLVM writes them, values as its parts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::ptr;
use std::rc::Rc;

use rustc_abi::BackendRepr;
use rustc_middle::ty::layout::{LayoutCx, TyAndLayout};
use rustc_middle::ty::{self, Instance, TyCtxt, TypingEnv};
use rustc_span::Symbol;

use crate::builder::Builder;
use crate::compat;
use crate::context::Block;
use crate::failing::Place;
use crate::processor::Processor;
use crate::sys::*;
use crate::types::Type;
use crate::values::{Value, sign_extended};

/// The most parts that a value has.
const MOST_PARTS: usize = 256;

/// What a type consists of, in the order of memory: scalars and vectors, and their offsets.
pub type Elements = Vec<(Type, u64)>;

/// The elements of a type; None: it has others than scalars and vectors.
pub fn elements<'tcx>(tcx: TyCtxt<'tcx>, layout: TyAndLayout<'tcx>) -> Option<Elements> {
    if let Some((a, b, b_offset)) = compat::scalar_pair(&tcx, layout.backend_repr) {
        return Some(vec![(Type::of_scalar(a, true), 0), (Type::of_scalar(b, true), b_offset.bytes())]);
    }
    match layout.backend_repr {
        _ if layout.is_zst() => Some(Vec::new()),
        repr @ (BackendRepr::Scalar(_) | BackendRepr::SimdVector { .. }) => Some(vec![(Type::of(repr)?, 0)]),
        _ if matches!(layout.ty.kind(), ty::Tuple(_)) || layout.ty.ty_adt_def().is_some_and(|def| def.is_struct()) => {
            let cx = LayoutCx::new(tcx, TypingEnv::fully_monomorphized());
            let fields = layout
                .fields
                .index_by_increasing_offset()
                .map(|i| Some((Type::of(layout.field(&cx, i).backend_repr)?, layout.fields.offset(i).bytes())));
            fields.collect()
        }
        _ => None,
    }
}

/// A type as LLVM writes it.
pub fn text(elements: &Elements) -> String {
    match elements[..] {
        [] => "void".to_string(),
        [(one, _)] => one.text(),
        _ => {
            let all: Vec<String> = elements.iter().map(|element| element.0.text()).collect();
            format!("{{ {} }}", all.join(", "))
        }
    }
}

/// An integer of `bits` bits as constants of operations are.
pub fn constant(bits: u128, width: u64) -> i64 {
    sign_extended(bits, width as u32) as i64
}

/// What a function's operations are for: the processor, and its features as LLVM's attribute target-features.
pub struct Machine {
    processor: &'static Processor,
    features: String,
}

/// That of a function.
pub fn machine<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> Machine {
    let attrs = tcx.codegen_instance_attrs(instance.def);
    let own = attrs.target_features.iter().map(|feature| feature.name);
    let all = compat::target_features(tcx.sess).iter().copied().chain(own);
    let processor = Processor::of(tcx.sess);
    let names = all.map(|name| format!("+{}", processor.llvm_feature(name.as_str())));
    Machine { processor, features: names.collect::<Vec<_>>().join(",") }
}

/// Those of the features that Kiln itself has (KILN_FEATURE_...).
pub fn feature_flags(processor: &Processor, names: impl Iterator<Item = Symbol>) -> u64 {
    names.fold(0, |flags, name| {
        let (name, mut flag) = (c_string(processor.llvm_feature(name.as_str())), 0);
        // SAFETY: the name is read during the call.
        let known = unsafe { kiln_feature_find(processor.number, name.as_ptr(), &mut flag) };
        if known { flags | flag } else { flags }
    })
}

/// One of LLVM's types: its text, and the parts that its values have.
pub struct Known {
    text: CString,
    parts: Vec<kiln_type>,
}

/// An operand or a result of operations.
#[derive(Clone)]
pub struct Typed {
    ty: Rc<Known>,
    bits: Bits,
}

#[derive(Clone)]
enum Bits {
    Parts(Vec<kiln_value>),
    /// A constant; of a vector, each lane's.
    Constant(i64),
    /// A constant vector's lanes.
    Lanes(Vec<i64>),
}

impl Typed {
    fn raw(&self) -> kiln_llvm_operand {
        let mut raw = kiln_llvm_operand { r#type: self.ty.text.as_ptr(), ..Default::default() };
        match &self.bits {
            Bits::Parts(parts) => raw.parts = parts.as_ptr(),
            Bits::Constant(constant) => raw.constant = *constant,
            Bits::Lanes(lanes) => raw.words = lanes.as_ptr(),
        }
        raw
    }
}

/// A builder of operations, with the features that it was given last.
pub struct Operations {
    raw: *mut kiln_llvm_builder,
    features: Option<String>,
    /// The function whose features these are.
    function: Option<kiln_symbol>,
    types: BTreeMap<String, Rc<Known>>,
}

impl Operations {
    /// SAFETY: the module lives longer.
    pub unsafe fn new(module: *mut kiln_module) -> Operations {
        // SAFETY: as the caller says.
        let raw = unsafe { kiln_llvm_builder_new(module) };
        Operations { raw, features: None, function: None, types: BTreeMap::new() }
    }

    fn set_features(&mut self, features: &str) -> kiln_status {
        if self.features.as_deref() == Some(features) {
            return KILN_OK;
        }
        let list = CString::new(features).expect("names of features have no NUL");
        // SAFETY: the list is read during the call.
        let status = unsafe { kiln_llvm_builder_set_features(self.raw, list.as_ptr()) };
        self.features = (status == KILN_OK).then(|| features.to_string());
        status
    }

    /// Has the module take over assembly.
    pub fn add_assembly(&self, session: *mut kiln_session, text: &CStr) {
        // SAFETY: the session is of the module, whose error is what is returned.
        unsafe { kiln_llvm_builder_add_assembly(self.raw, session, text.as_ptr()) };
    }

    fn known(&mut self, ty: &str) -> Rc<Known> {
        if let Some(known) = self.types.get(ty) {
            return known.clone();
        }
        let text = c_string(ty);
        let mut parts = vec![KILN_TYPE_VOID; MOST_PARTS];
        // SAFETY: there is room for as many as there may be.
        let n = unsafe { kiln_llvm_builder_parts(self.raw, text.as_ptr(), parts.as_mut_ptr(), MOST_PARTS as u32) };
        parts.truncate(n as usize);
        let known = Rc::new(Known { text, parts });
        self.types.insert(ty.to_string(), known.clone());
        known
    }
}

fn c_string(s: &str) -> CString {
    CString::new(s).expect("names and types have no NUL")
}

impl Drop for Operations {
    fn drop(&mut self) {
        // SAFETY: the module is still there.
        unsafe { kiln_llvm_builder_free(self.raw) };
    }
}

/// An operand's type, and its value if that is a constant.
pub type Operand = (String, Option<i64>);

/// Asks what can be built, with a module of its own; it keeps the answers.
struct Scratch {
    operations: Option<Operations>,
    module: *mut kiln_module,
    known: BTreeMap<String, bool>,
}

impl Scratch {
    fn new(processor: &Processor) -> Scratch {
        let target = kiln_target { processor: processor.number, ..Default::default() };
        let options = kiln_module_options { target, ..Default::default() };
        // SAFETY: the module is freed after the builder.
        unsafe {
            let module = kiln_module_new(&options);
            Scratch { operations: Some(Operations::new(module)), module, known: BTreeMap::new() }
        }
    }

    fn check(&mut self, features: &str, name: &str, result: &str, operands: &[Operand]) -> bool {
        let Some(operations) = &mut self.operations else { return false };
        if operations.set_features(features) != KILN_OK {
            return false;
        }
        let (name, result) = (c_string(name), c_string(result));
        let types: Vec<CString> = operands.iter().map(|operand| c_string(&operand.0)).collect();
        let some_value = kiln_value::default();
        let raw: Vec<_> = operands
            .iter()
            .zip(&types)
            .map(|(&(_, constant), ty)| kiln_llvm_operand {
                r#type: ty.as_ptr(),
                parts: if constant.is_some() { ptr::null() } else { &some_value },
                constant: constant.unwrap_or(0),
                words: ptr::null(),
                ..Default::default()
            })
            .collect();
        // SAFETY: all is read during the call, and the parts are not.
        let status = unsafe {
            let (name, result) = (name.as_ptr(), result.as_ptr());
            kiln_llvm_builder_check(operations.raw, name, result, raw.as_ptr(), raw.len() as u32)
        };
        status == KILN_OK
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.operations = None;
        // SAFETY: nothing refers to it any more.
        unsafe { kiln_module_free(self.module) };
    }
}

thread_local! {
    static SCRATCH: RefCell<Option<Scratch>> = const { RefCell::new(None) };
}

/// Whether an operation can be built in such a function. A process compiles for one processor.
pub fn is_known(machine: &Machine, name: &str, result: &str, operands: &[Operand]) -> bool {
    SCRATCH.with_borrow_mut(|scratch| {
        let scratch = scratch.get_or_insert_with(|| Scratch::new(machine.processor));
        let features = &machine.features;
        let key = format!("{features} {name} {result} {operands:?}");
        if let Some(&known) = scratch.known.get(&key) {
            return known;
        }
        let known = scratch.check(features, name, result, operands);
        scratch.known.insert(key, known);
        known
    })
}

/// Whether Kiln refuses code with one of these features, such as one that reserves a register.
pub fn refuses(processor: &'static Processor, features: &str) -> bool {
    SCRATCH.with_borrow_mut(|scratch| {
        let operations = &mut scratch.get_or_insert_with(|| Scratch::new(processor)).operations;
        operations.as_mut().is_some_and(|operations| operations.set_features(features) != KILN_OK)
    })
}

/// A statement of inline assembly, as LLVM has it.
pub struct Statement {
    pub text: String,
    pub constraints: String,
    /// Types as LLVM writes them.
    pub outputs: Vec<String>,
    pub inputs: Vec<(String, Value)>,
    /// KILN_LLVM_ASM_...
    pub flags: u32,
    pub n_labels: u32,
    /// The landing pad of exceptions that leave it.
    pub catch: Option<Block>,
}

impl<'tcx> Builder<'_, 'tcx> {
    fn with_operations<R>(&self, use_them: impl FnOnce(&mut Operations) -> R) -> R {
        let mut guard = self.cx.module.operations.borrow_mut();
        // SAFETY: the module has the builder, and frees it first.
        use_them(guard.get_or_insert_with(|| unsafe { Operations::new(self.cx.module.raw) }))
    }

    /// A value as one of the type that LLVM writes so.
    pub fn typed(&self, v: Value, ty: &str) -> Typed {
        let ty = self.with_operations(|operations| operations.known(ty));
        let bits = match (constant_of(v), v) {
            (Some(constant), _) => Bits::Constant(constant),
            // An immediate may be a vector.
            (None, Value::VectorConst(symbol, Type::Vector(lane, _))) if lane.ty().scalar_size() <= 8 => {
                let width = lane.ty().scalar_size() * 8;
                Bits::Lanes(self.vectors.borrow()[&symbol].iter().map(|&bits| constant(bits, width)).collect())
            }
            _ => Bits::Parts(self.parts_of(v, &ty)),
        };
        Typed { ty, bits }
    }

    /// A constant; of a vector, the one that all lanes have.
    pub fn typed_constant(&self, constant: i64, ty: &str) -> Typed {
        Typed { ty: self.with_operations(|operations| operations.known(ty)), bits: Bits::Constant(constant) }
    }

    /// A constant vector.
    pub fn typed_lanes(&self, lanes: Vec<i64>, ty: &str) -> Typed {
        Typed { ty: self.with_operations(|operations| operations.known(ty)), bits: Bits::Lanes(lanes) }
    }

    /// The value as one of Kiln's; a vector is all that has more than one part.
    pub fn untyped(&self, typed: &Typed, ty: Type) -> Value {
        match &typed.bits {
            Bits::Parts(parts) => self.value_of_parts(parts, &typed.ty.parts, ty),
            _ => unreachable!("results are parts"),
        }
    }

    /// An operation of LLVM's. What is built afterwards belongs to the block that is the second result.
    pub fn build_operation(&self, name: &str, result: &str, operands: &[Typed]) -> (Typed, kiln_block) {
        let name = c_string(name);
        let raw: Vec<_> = operands.iter().map(Typed::raw).collect();
        let func = self.func();
        self.with_operations(|operations| {
            let ty = operations.known(result);
            let mut results = vec![kiln_value::default(); ty.parts.len()];
            if operations.function != Some(self.block.symbol) {
                operations.set_features(&self.function_features());
                operations.function = Some(self.block.symbol);
            }
            // SAFETY: the function is open, all is read during the call, and there is room for the results.
            let block = unsafe {
                let (name, result) = (name.as_ptr(), ty.text.as_ptr());
                let (operands, n) = (raw.as_ptr(), raw.len() as u32);
                kiln_llvm_builder_build(operations.raw, func, name, result, operands, n, results.as_mut_ptr());
                kiln_block_current(func)
            };
            (Typed { ty, bits: Bits::Parts(results) }, block)
        })
    }

    /// The same of values that have one element each.
    pub fn operation(&self, name: &str, result: &Elements, operands: &[(Type, Value)]) -> (Value, kiln_block) {
        let operands: Vec<Typed> = operands.iter().map(|&(ty, v)| self.typed(v, &ty.text())).collect();
        let (results, block) = self.build_operation(name, &text(result), &operands);
        let after = Builder { block: Block { block, ..self.block }, ..*self };
        (after.operation_result(result, &results), block)
    }

    /// Inline assembly: its outputs, of those with an element, which way it went on, and the block that is the current
    /// one after it.
    pub fn assembly(
        &self,
        statement: &Statement,
        elements: &[Option<Type>],
    ) -> (Vec<Option<Value>>, kiln_value, kiln_block) {
        self.module.failing.at(Place::Assemble);
        let text =
            |s: &str| CString::new(s).unwrap_or_else(|_| self.leave("not implemented: a NUL in inline assembly"));
        let result = match &statement.outputs[..] {
            [] => "void".to_string(),
            [one] => one.clone(),
            all => format!("{{ {} }}", all.join(", ")),
        };
        let (template, constraints) = (text(&statement.text), text(&statement.constraints));
        let result = self.with_operations(|operations| operations.known(&result));
        let inputs: Vec<Typed> = statement
            .inputs
            .iter()
            .map(|(ty, v)| {
                let ty = self.with_operations(|operations| operations.known(ty));
                let bits = Bits::Parts(self.parts_of(*v, &ty));
                Typed { ty, bits }
            })
            .collect();
        let operands: Vec<_> = inputs.iter().map(Typed::raw).collect();
        let desc = kiln_llvm_asm_desc {
            text: template.as_ptr(),
            constraints: constraints.as_ptr(),
            result: result.text.as_ptr(),
            operands: operands.as_ptr(),
            n_operands: operands.len() as u32,
            flags: statement.flags,
            n_labels: statement.n_labels,
            clauses: statement.catch.map_or_else(Default::default, |block| self.pad(block).clauses),
            unwind: statement.catch.map_or_else(Default::default, |block| block.block),
            ..Default::default()
        };
        let mut results = vec![kiln_value::default(); result.parts.len()];
        let mut taken = kiln_value::default();
        let func = self.func();
        // SAFETY: the function is open, all is read during the call, and there is room for the results.
        let block = self.with_operations(|operations| unsafe {
            kiln_llvm_builder_build_asm(operations.raw, func, &desc, results.as_mut_ptr(), &mut taken);
            kiln_block_current(func)
        });
        let after = Builder { block: Block { block, ..self.block }, ..*self };
        let mut rest = &results[..];
        let values = statement.outputs.iter().zip(elements).map(|(ty, element)| {
            let known = self.with_operations(|operations| operations.known(ty));
            let (own, others) = rest.split_at(known.parts.len());
            rest = others;
            element.map(|ty| after.value_of_parts(own, &known.parts, ty))
        });
        (values.collect(), taken, block)
    }

    /// The features of the function being built.
    fn function_features(&self) -> String {
        let instance = self.defined.borrow().get(&self.block.symbol).copied();
        instance.map_or(String::new(), |instance| machine(self.tcx, instance).features)
    }

    /// The parts of a value.
    fn parts_of(&self, v: Value, ty: &Known) -> Vec<kiln_value> {
        let Type::Vector(..) = v.ty() else { return vec![self.register(v)] };
        let address = self.vector_address(v);
        let mut at = 0;
        let load = |&ty: &kiln_type| {
            // SAFETY: the function is open, and the memory of a vector has room for its parts.
            let part = unsafe { kiln_build_load(self.func(), ty, address, at, 0) };
            // SAFETY: as above.
            at += unsafe { kiln_type_size(ty) } as i32;
            part
        };
        ty.parts.iter().map(load).collect()
    }

    fn operation_result(&self, elements: &Elements, results: &Typed) -> Value {
        let Bits::Parts(parts) = &results.bits else { unreachable!("results are parts") };
        let mut rest = &parts[..];
        let mut values = elements.iter().map(|&(ty, _)| {
            let known = self.with_operations(|operations| operations.known(&ty.text()));
            let (own, others) = rest.split_at(known.parts.len());
            rest = others;
            self.value_of_parts(own, &known.parts, ty)
        });
        match elements[..] {
            [] => Value::Undef(Type::Void),
            [_] => values.next().expect("one element"),
            _ => {
                let values: Vec<Value> = values.collect();
                let fields = values.iter().zip(elements).map(|(v, element)| (v.ty(), element.1)).collect();
                self.parts_value(values, self.fields_type(fields))
            }
        }
    }

    fn value_of_parts(&self, parts: &[kiln_value], types: &[kiln_type], ty: Type) -> Value {
        let Type::Vector(..) = ty else { return Value::Built(parts[0], ty) };
        let slot = self.vector_slot(ty);
        let mut at = 0;
        for (&part, &ty) in parts.iter().zip(types) {
            // SAFETY: the function is open, and the slot has room for the parts.
            unsafe {
                kiln_build_store(self.func(), ty, slot, at, part, 0);
                at += kiln_type_size(ty) as i32;
            }
        }
        Value::Built(slot, ty)
    }
}

/// A value that operations take as a constant: what LLVM wants as an immediate has to be one.
fn constant_of(v: Value) -> Option<i64> {
    match v {
        Value::Const(Type::Vector(..), 0) | Value::Undef(_) => Some(0),
        Value::Const(Type::Bool, bits) => Some(-((bits & 1) as i64)),
        Value::Const(Type::Ptr, bits) if bits != 0 => None,
        Value::Const(ty, bits) if ty.int_bits().is_some_and(|bits| bits <= 64) => {
            Some(constant(bits, ty.scalar_size() * 8))
        }
        Value::Const(ty, bits) if ty.scalar_size() <= 8 => Some(bits as i64),
        _ => None,
    }
}
