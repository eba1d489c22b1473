//! A unit of rustc: what Kiln or LLVM has made of it so far.

use std::time::Instant;

use rustc_hir::def_id::LOCAL_CRATE;
use rustc_middle::mono::MonoItem;

use rustc_ast::expand::allocator::*;
use rustc_codegen_llvm::{LlvmCodegenBackend, ModuleLlvm};
use rustc_codegen_ssa::ModuleCodegen;
use rustc_codegen_ssa::base::maybe_create_entry_wrapper;
use rustc_codegen_ssa::mono_item::MonoItemExt;
use rustc_codegen_ssa::traits::ExtraBackendMethods;
use rustc_middle::dep_graph;
use rustc_middle::ty::TyCtxt;
use rustc_span::Symbol;
use rustc_symbol_mangling::mangle_internal_symbol;

use crate::builder::Builder;
use crate::compat;
use crate::context::Context;
use crate::failing::{Failing, Place};
use crate::fallback;
use crate::module::{Module, Object};
use crate::sys::*;
use crate::{log, needs, units};

/// What a unit is being compiled by.
pub enum Unit {
    /// The object, which is not in its file yet.
    Kiln(Object),
    /// What LLVM's back end goes on with; and why Kiln failed, if it did.
    Llvm(ModuleLlvm, Option<String>),
    /// Its object has been written.
    Done,
}

/// LLVM's code generator, which rustc is made with.
pub fn llvm() -> LlvmCodegenBackend {
    const { assert!(size_of::<LlvmCodegenBackend>() == 0) };
    // SAFETY: it is a structure without content, whose only field is private.
    unsafe { std::mem::transmute::<(), LlvmCodegenBackend>(()) }
}

/// Builds a unit, or has LLVM build it. Gives an estimate of what is still to be done, as rustc wants it: nanoseconds.
pub fn compile(
    tcx: TyCtxt<'_>,
    name: Symbol,
    by_llvm: impl FnOnce(LlvmCodegenBackend, Symbol) -> (ModuleCodegen<ModuleLlvm>, u64),
) -> (ModuleCodegen<Unit>, u64) {
    let by_llvm = || {
        let (module, cost) = by_llvm(llvm(), units::name_for_llvm(tcx, name));
        (ModuleCodegen { name: name.to_string(), ..module }, cost)
    };
    let start = Instant::now();
    fallback::note(name.as_str());
    let attempt = fallback::attempt(|| {
        Failing::new(tcx.sess).at(Place::Check);
        if let Some(why) = needs::unit(tcx, tcx.codegen_unit(name)) {
            return Err(why);
        }
        let node = tcx.codegen_unit(name).codegen_dep_node(tcx);
        Ok(tcx.dep_graph.with_task(node, tcx, || build(tcx, name), Some(dep_graph::hash_result)).0)
    });
    let krate = tcx.crate_name(LOCAL_CRATE);
    match attempt {
        Ok(Ok(module)) => (module, start.elapsed().as_nanos() as u64),
        Ok(Err(why)) => {
            log::left(krate, name.as_str(), &why);
            let (module, cost) = by_llvm();
            (compat::map_module(module, |module| Unit::Llvm(module, None)), cost)
        }
        Err(failure) => {
            log::failed(krate, name.as_str(), &failure.why);
            let (module, cost) = failure.instead(by_llvm);
            (compat::map_module(module, |module| Unit::Llvm(module, Some(failure.why))), cost)
        }
    }
}

/// Everything but writing the file. What fails here is left to LLVM.
fn build(tcx: TyCtxt<'_>, name: Symbol) -> ModuleCodegen<Unit> {
    let _timer = tcx.prof.generic_activity_with_arg("kiln_build_unit", name.as_str());
    let start = log::cpu_time();
    let mut cx = Context::new(tcx, tcx.codegen_unit(name));
    let items = cx.unit.items_in_deterministic_order(tcx);
    for (item, data) in &items {
        item.predefine::<Builder<'_, '_>>(&mut cx, name.as_str(), data.linkage, data.visibility);
    }
    let is_function = |item: &&(MonoItem<'_>, _)| matches!(item.0, MonoItem::Fn(_));
    if items.iter().any(|item| is_function(&item)) {
        cx.module.failing.at(Place::First);
    }
    let last = items.iter().rposition(|item| is_function(&item));
    for (i, &(item, data)) in items.iter().enumerate() {
        item.define::<Builder<'_, '_>>(&mut cx, name.as_str(), data);
        if last == Some(i) {
            cx.module.failing.at(Place::Last);
        }
        cx.compile_open();
    }
    maybe_create_entry_wrapper::<Builder<'_, '_>>(&cx, cx.unit);
    cx.compile_open();
    cx.index_shown();
    cx.build_copies(name.as_str());
    cx.compile_waiting();
    cx.add_assembly();
    cx.compile_open();
    cx.finish_debug();
    let mut object = cx.module.emit().unwrap_or_else(|why| fallback::refuse(why));
    object.time = log::cpu_time().saturating_sub(start);
    ModuleCodegen::new_regular(name.to_string(), Unit::Kiln(object))
}

/// The functions that programs allocate by.
pub fn compile_allocator(tcx: TyCtxt<'_>, name: &str, methods: &[AllocatorMethod]) -> Unit {
    fallback::note(name);
    fallback::attempt(|| build_allocator(tcx, name, methods)).unwrap_or_else(|failure| {
        log::failed(tcx.crate_name(LOCAL_CRATE), name, &failure.why);
        let module = failure.instead(|| llvm().codegen_allocator(tcx, name, methods));
        Unit::Llvm(module, Some(failure.why))
    })
}

/// They call those of the chosen allocator.
fn build_allocator(tcx: TyCtxt<'_>, name: &str, methods: &[AllocatorMethod]) -> Unit {
    let module = Module::new(tcx, name);
    for method in methods {
        let words: usize =
            method.inputs.iter().map(|input| if let AllocatorTy::Layout = input.ty { 2 } else { 1 }).sum();
        let from = mangle_internal_symbol(tcx, &global_fn_name(method.name));
        let to = mangle_internal_symbol(tcx, &default_fn_name(method.name));
        build_forwarder(&module, tcx, &from, Some(&to), words, matches!(method.output, AllocatorTy::ResultPtr));
    }
    let marker = mangle_internal_symbol(tcx, NO_ALLOC_SHIM_IS_UNSTABLE);
    build_forwarder(&module, tcx, &marker, None, 0, false);
    Unit::Kiln(module.emit().unwrap_or_else(|why| fallback::refuse(why)))
}

/// A function `from` of so many words that calls `to`.
fn build_forwarder(module: &Module, tcx: TyCtxt<'_>, from: &str, to: Option<&str>, words: usize, has_result: bool) {
    let params = vec![kiln_param { r#type: KILN_TYPE_I64, ..Default::default() }; words];
    let result = [KILN_TYPE_I64];
    let n_results = u32::from(has_result);
    let visible = match tcx.sess.default_visibility() {
        rustc_target::spec::SymbolVisibility::Hidden => KILN_VISIBILITY_HIDDEN,
        rustc_target::spec::SymbolVisibility::Protected => KILN_VISIBILITY_PROTECTED,
        rustc_target::spec::SymbolVisibility::Interposable => KILN_VISIBILITY_DEFAULT,
    };
    let describe = |name: &str, visibility: kiln_visibility, body: bool| kiln_symbol_desc {
        name: name.as_ptr().cast(),
        name_length: name.len(),
        visibility,
        dso_local: visibility != KILN_VISIBILITY_DEFAULT,
        body,
        ..Default::default()
    };
    // SAFETY: everything is copied, and the function is compiled here.
    unsafe {
        let sig = kiln_sig_new(module.raw, KILN_CC_C, 0, params.as_ptr(), words as u32, result.as_ptr(), n_results);
        let func = module.begin(kiln_func_declare(module.raw, &describe(from, visible, true), sig), 0);
        let mut value = kiln_value::default();
        if let Some(to) = to {
            let callee = kiln_func_declare(module.raw, &describe(to, KILN_VISIBILITY_HIDDEN, false), sig);
            let args: Vec<_> = (0..words as u32).map(|i| kiln_func_param(func, i)).collect();
            value = kiln_build_call(func, sig, kiln_const_symbol(func, callee, 0), args.as_ptr(), words as u32);
        }
        kiln_build_ret(func, &value, n_results);
        kiln_func_compile(func);
    }
}
