//! LLVM's operations by name, which libkiln-llvm builds: types as LLVM writes them, values as its parts.

use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::ptr;

use rustc_abi::{BackendRepr, Float, Primitive, Scalar};
use rustc_data_structures::fx::FxHashMap;
use rustc_middle::ty::layout::{LayoutCx, TyAndLayout};
use rustc_middle::ty::{self, Instance, TyCtxt, TypingEnv};

use crate::builder::Builder;
use crate::context::{Block, Context};
use crate::sys::*;
use crate::types::{Lane, Type};
use crate::values::{Value, sign_extended};

/// The most parts that a value has.
const MOST_PARTS: usize = 256;

/// What a type consists of, in the order of memory: scalars and vectors, and their offsets.
pub type Elements = Vec<(BackendRepr, u64)>;

/// The elements of a type; None: it has others than scalars and vectors.
pub fn elements<'tcx>(tcx: TyCtxt<'tcx>, layout: TyAndLayout<'tcx>) -> Option<Elements> {
    match layout.backend_repr {
        _ if layout.is_zst() => Some(Vec::new()),
        repr @ (BackendRepr::Scalar(_) | BackendRepr::SimdVector { .. }) => Some(vec![(repr, 0)]),
        BackendRepr::ScalarPair { a, b, b_offset } => {
            Some(vec![(BackendRepr::Scalar(a), 0), (BackendRepr::Scalar(b), b_offset.bytes())])
        }
        _ if matches!(layout.ty.kind(), ty::Tuple(_)) || layout.ty.ty_adt_def().is_some_and(|def| def.is_struct()) => {
            let cx = LayoutCx::new(tcx, TypingEnv::fully_monomorphized());
            let fields = layout.fields.index_by_increasing_offset().map(|i| {
                let field = layout.field(&cx, i);
                match field.backend_repr {
                    repr @ (BackendRepr::Scalar(_) | BackendRepr::SimdVector { .. }) => {
                        Some((repr, layout.fields.offset(i).bytes()))
                    }
                    _ => None,
                }
            });
            fields.collect()
        }
        _ => None,
    }
}

fn scalar_text(scalar: Scalar, in_vector: bool) -> &'static str {
    match scalar.primitive() {
        Primitive::Int(..) if scalar.is_bool() && !in_vector => "i1",
        Primitive::Int(integer, _) => match integer.size().bits() {
            8 => "i8",
            16 => "i16",
            32 => "i32",
            64 => "i64",
            _ => "i128",
        },
        Primitive::Float(Float::F16) => "half",
        Primitive::Float(Float::F32) => "float",
        Primitive::Float(Float::F64) => "double",
        Primitive::Float(Float::F128) => "fp128",
        #[allow(unreachable_patterns)]
        Primitive::Float(_) => "bfloat",
        Primitive::Pointer(_) => "ptr",
    }
}

pub fn element_text(repr: BackendRepr) -> String {
    match repr {
        BackendRepr::Scalar(scalar) => scalar_text(scalar, false).to_string(),
        BackendRepr::SimdVector { element, count } => {
            format!("<{} x {}>", count.as_u64(), scalar_text(element, true))
        }
        _ => unreachable!("{repr:?} is no element"),
    }
}

/// A type as LLVM writes it.
pub fn text(elements: &Elements) -> String {
    match elements[..] {
        [] => "void".to_string(),
        [(one, _)] => element_text(one),
        _ => {
            let all: Vec<String> = elements.iter().map(|element| element_text(element.0)).collect();
            format!("{{ {} }}", all.join(", "))
        }
    }
}

/// An integer of `bits` bits as constants of operations are.
pub fn constant(bits: u128, width: u64) -> i64 {
    sign_extended(bits, width as u32) as i64
}

/// The features of the processor in a function, as LLVM's attribute target-features.
pub fn features<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> String {
    let attrs = tcx.codegen_instance_attrs(instance.def);
    let own = attrs.target_features.iter().map(|feature| feature.name);
    let all = tcx.sess.internal_target_features.iter().copied().chain(own).map(|name| {
        let llvms = match name.as_str() {
            "bmi1" => "bmi",
            "cmpxchg16b" => "cx16",
            "lahfsahf" => "sahf",
            "pclmulqdq" => "pclmul",
            "rdrand" => "rdrnd",
            name => name,
        };
        format!("+{llvms}")
    });
    all.collect::<Vec<_>>().join(",")
}

/// A builder of operations, with the features that it was given last.
pub struct Operations {
    raw: *mut kiln_llvm_builder,
    features: Option<String>,
}

impl Operations {
    /// SAFETY: the module lives longer.
    pub unsafe fn new(module: *mut kiln_module) -> Operations {
        // SAFETY: as the caller says.
        Operations { raw: unsafe { kiln_llvm_builder_new(module) }, features: None }
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

    fn parts(&self, ty: &CStr) -> Vec<kiln_type> {
        let mut types = vec![KILN_TYPE_VOID; MOST_PARTS];
        // SAFETY: there is room for as many as there may be.
        let n = unsafe { kiln_llvm_builder_list_parts(self.raw, ty.as_ptr(), MOST_PARTS as u32, types.as_mut_ptr()) };
        types.truncate(n as usize);
        types
    }
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
    known: FxHashMap<String, bool>,
}

impl Scratch {
    fn new() -> Scratch {
        let target = kiln_target { processor: KILN_PROCESSOR_X86_64, ..Default::default() };
        let options = kiln_module_options { target, ..Default::default() };
        // SAFETY: the module is freed after the builder.
        unsafe {
            let module = kiln_module_new(&options);
            Scratch { operations: Some(Operations::new(module)), module, known: FxHashMap::default() }
        }
    }

    fn check(&mut self, features: &str, name: &str, result: &str, operands: &[Operand]) -> bool {
        let Some(operations) = &mut self.operations else { return false };
        if operations.set_features(features) != KILN_OK {
            return false;
        }
        let texts = Texts::new(name, result, operands.iter().map(|operand| operand.0.as_str()));
        let some_value = kiln_value::default();
        let raw: Vec<_> = operands
            .iter()
            .zip(&texts.operands)
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
            let (name, result) = (texts.name.as_ptr(), texts.result.as_ptr());
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
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// Whether an operation can be built in a function with these features.
pub fn is_known(features: &str, name: &str, result: &str, operands: &[Operand]) -> bool {
    SCRATCH.with_borrow_mut(|scratch| {
        let key = format!("{features} {name} {result} {operands:?}");
        if let Some(&known) = scratch.known.get(&key) {
            return known;
        }
        let known = scratch.check(features, name, result, operands);
        scratch.known.insert(key, known);
        known
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

/// What the library is given as text.
struct Texts {
    name: CString,
    result: CString,
    operands: Vec<CString>,
}

impl Texts {
    fn new<'a>(name: &str, result: &str, operands: impl Iterator<Item = &'a str>) -> Texts {
        let text = |s: &str| CString::new(s).expect("names and types have no NUL");
        Texts { name: text(name), result: text(result), operands: operands.map(text).collect() }
    }
}

impl<'tcx> Context<'tcx> {
    fn element_type(&self, repr: BackendRepr) -> Type {
        match repr {
            BackendRepr::Scalar(scalar) => self.scalar_type(scalar, true),
            BackendRepr::SimdVector { element, count } => {
                let lane = Lane::of(self.scalar_type(element, false)).expect("lanes are scalars");
                Type::Vector(lane, count.as_u64() as u32)
            }
            _ => unreachable!("{repr:?} is no element"),
        }
    }
}

impl<'tcx> Builder<'_, 'tcx> {
    /// An operation of LLVM's, of operands that have one element each, which are of the types of the values.
    /// What is built afterwards belongs to the block that is the second result.
    pub fn operation(&self, name: &str, result: &Elements, operands: &[(BackendRepr, Value)]) -> (Value, kiln_block) {
        let types: Vec<String> = operands.iter().map(|operand| element_text(operand.0)).collect();
        let texts = Texts::new(name, &text(result), types.iter().map(String::as_str));
        let cx = self.cx;
        let mut guard = cx.module.operations.borrow_mut();
        // SAFETY: the module has the builder, and frees it first.
        let operations = guard.get_or_insert_with(|| unsafe { Operations::new(cx.module.raw) });
        let parts: Vec<Option<Vec<kiln_value>>> = operands
            .iter()
            .zip(&texts.operands)
            .map(|(&(_, v), ty)| constant_of(v).is_none().then(|| self.parts_of(operations, v, ty)))
            .collect();
        let raw: Vec<_> = operands
            .iter()
            .zip(&parts)
            .zip(&texts.operands)
            .map(|((&(_, v), parts), ty)| kiln_llvm_operand {
                r#type: ty.as_ptr(),
                parts: parts.as_ref().map_or(ptr::null(), |parts| parts.as_ptr()),
                constant: constant_of(v).unwrap_or(0),
                words: ptr::null(),
                ..Default::default()
            })
            .collect();
        let mut results = vec![kiln_value::default(); MOST_PARTS];
        operations.set_features(&self.function_features());
        let func = self.func();
        // SAFETY: the function is open, all is read during the call, and there is room for the results.
        let block = unsafe {
            let (name, result) = (texts.name.as_ptr(), texts.result.as_ptr());
            let n = raw.len() as u32;
            kiln_llvm_builder_build(operations.raw, func, name, result, raw.as_ptr(), n, results.as_mut_ptr());
            kiln_block_current(func)
        };
        let after = Builder { cx, block: Block { block, ..self.block } };
        (after.operation_result(operations, result, &results), block)
    }

    /// Inline assembly: its outputs, of those with an element, which way it went on, and the block that is the current
    /// one behind it.
    pub fn assembly(
        &self,
        statement: &Statement,
        elements: &[Option<BackendRepr>],
    ) -> (Vec<Option<Value>>, kiln_value, kiln_block) {
        let text = |s: &str| CString::new(s).unwrap_or_else(|_| self.fatal("inline assembly with a NUL"));
        let result = match &statement.outputs[..] {
            [] => "void".to_string(),
            [one] => one.clone(),
            all => format!("{{ {} }}", all.join(", ")),
        };
        let texts = Texts::new("", &result, statement.inputs.iter().map(|input| input.0.as_str()));
        let (template, constraints) = (text(&statement.text), text(&statement.constraints));
        let cx = self.cx;
        let mut guard = cx.module.operations.borrow_mut();
        // SAFETY: the module has the builder, and frees it first.
        let operations = guard.get_or_insert_with(|| unsafe { Operations::new(cx.module.raw) });
        let parts: Vec<Vec<kiln_value>> = statement
            .inputs
            .iter()
            .zip(&texts.operands)
            .map(|(&(_, v), ty)| self.parts_of(operations, v, ty))
            .collect();
        let operands: Vec<_> = parts
            .iter()
            .zip(&texts.operands)
            .map(|(parts, ty)| kiln_llvm_operand { r#type: ty.as_ptr(), parts: parts.as_ptr(), ..Default::default() })
            .collect();
        let desc = kiln_llvm_asm_desc {
            text: template.as_ptr(),
            constraints: constraints.as_ptr(),
            result: texts.result.as_ptr(),
            operands: operands.as_ptr(),
            n_operands: operands.len() as u32,
            flags: statement.flags,
            n_labels: statement.n_labels,
            clauses: statement.catch.map_or_else(Default::default, |block| self.pad(block).clauses),
            unwind: statement.catch.map_or_else(Default::default, |block| block.block),
            ..Default::default()
        };
        let mut results = vec![kiln_value::default(); MOST_PARTS];
        let mut taken = kiln_value::default();
        let func = self.func();
        // SAFETY: the function is open, all is read during the call, and there is room for the results.
        let block = unsafe {
            kiln_llvm_builder_build_asm(operations.raw, func, &desc, results.as_mut_ptr(), &mut taken);
            kiln_block_current(func)
        };
        let after = Builder { cx, block: Block { block, ..self.block } };
        let mut rest = &results[..];
        let values = statement.outputs.iter().zip(elements).map(|(ty, repr)| {
            let types = operations.parts(&text(ty));
            let (own, others) = rest.split_at(types.len());
            rest = others;
            repr.map(|repr| after.value_of_parts(own, &types, cx.element_type(repr)))
        });
        (values.collect(), taken, block)
    }

    /// The features of the function being built.
    fn function_features(&self) -> String {
        let instances = self.instances.borrow();
        let instance = instances.iter().find(|(_, symbol)| **symbol == self.block.symbol);
        instance.map_or(String::new(), |(&instance, _)| features(self.tcx, instance))
    }

    /// The parts of a value.
    fn parts_of(&self, operations: &Operations, v: Value, ty: &CStr) -> Vec<kiln_value> {
        let types = operations.parts(ty);
        if let Type::Vector(..) = v.ty() {
            let address = self.vector_address(v);
            let mut at = 0;
            return types
                .iter()
                .map(|&ty| {
                    // SAFETY: the function is open, and the memory of a vector has room for its parts.
                    unsafe {
                        let part = kiln_build_load(self.func(), ty, address, at, 0);
                        at += kiln_type_size(ty) as i32;
                        part
                    }
                })
                .collect();
        }
        vec![self.register(v)]
    }

    fn operation_result(&self, operations: &Operations, elements: &Elements, results: &[kiln_value]) -> Value {
        let mut rest = results;
        let mut values = elements.iter().map(|&(repr, _)| {
            let ty = CString::new(element_text(repr)).expect("types have no NUL");
            let types = operations.parts(&ty);
            let (own, others) = rest.split_at(types.len());
            rest = others;
            self.value_of_parts(own, &types, self.element_type(repr))
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
        match ty {
            Type::Vector(..) => {
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
            ty => Value::Built(parts[0], ty),
        }
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
