//! Kiln as rustc's code generator, for debug builds: `-Zcodegen-backend=.../librustc_codegen_kiln.so`.
//!
//! It implements the interface of `rustc_codegen_ssa`, which walks MIR, and on which rustc's own LLVM back end stands,
//! too: so layouts, calling conventions, drop flags, linking, and incremental builds are rustc's. What Kiln has not goes
//! to LLVM, which is part of rustc: `needs.rs` decides before a unit is built.

#![feature(rustc_private)]
// The interfaces of both sides have many parameters; unwrapped locks and calls of C are all over.
#![allow(clippy::too_many_arguments)]

extern crate rustc_abi;
extern crate rustc_ast;
#[cfg(not(rustc_before_1_99))]
extern crate rustc_attr_ir;
extern crate rustc_codegen_llvm;
extern crate rustc_codegen_ssa;
extern crate rustc_data_structures;
// What holds all of rustc, and must be linked as it is.
extern crate rustc_driver;
extern crate rustc_errors;
extern crate rustc_hir;
extern crate rustc_interface;
extern crate rustc_metadata;
extern crate rustc_middle;
extern crate rustc_session;
extern crate rustc_span;
#[cfg(not(rustc_before_1_100))]
extern crate rustc_structures;
extern crate rustc_symbol_mangling;
extern crate rustc_target;

/// Bindings of libkiln, made by `build.rs`.
#[allow(dead_code, unused_attributes)]
#[path = "../kiln-sys/src/lib.rs"]
mod sys;

mod abi;
mod arith;
mod asm;
mod asm_registers;
mod builder;
mod calls;
mod compat;
mod consts;
mod context;
mod copies;
mod debug;
mod declare;
mod failing;
mod fallback;
mod inlining;
mod intrinsics;
mod llvm_names;
mod log;
mod memory;
mod module;
mod needs;
mod operation;
mod processor;
mod show;
mod simd;
mod soft;
mod types;
mod unit;
mod units;
mod values;

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustc_ast::expand::allocator::AllocatorMethod;
use rustc_codegen_llvm::{LlvmCodegenBackend, ModuleLlvm};
use rustc_codegen_ssa::back::lto::ThinModule;
use rustc_codegen_ssa::back::write::*;
use rustc_codegen_ssa::base::codegen_crate;
use rustc_codegen_ssa::traits::*;
use rustc_codegen_ssa::{CompiledModule, CompiledModules, CrateInfo, ModuleCodegen, TargetConfig};
use rustc_data_structures::profiling::SelfProfilerRef;
use rustc_errors::{DiagCtxt, DiagCtxtHandle};
use rustc_hir::def_id::LOCAL_CRATE;
use rustc_metadata::EncodedMetadata;
use rustc_middle::dep_graph::{WorkProduct, WorkProductId, WorkProductMap};
use rustc_middle::ty::TyCtxt;
use rustc_middle::util::Providers;
use rustc_session::Session;
use rustc_session::config::{OptLevel, OutputFilenames, OutputType, PrintRequest};
use rustc_span::Symbol;

use compat::EarlySession;
use unit::Unit;

/// Kiln's code generator.
#[derive(Clone, Default)]
struct Kiln {
    /// The units that it failed to build.
    failed: Arc<Mutex<Vec<String>>>,
}

/// Link-time optimization makes all of a compilation LLVM's (`needs::session`).
const NO_LTO: &str = "no unit of Kiln's takes part in link-time optimization";

fn llvm_backend() -> Box<dyn CodegenBackend> {
    LlvmCodegenBackend::new()
}

/// What rustc asks of code generators as a whole: LLVM answers, since it may have to generate code.
impl CodegenBackend for Kiln {
    compat::codegen_backend_methods!();
    compat::join_methods!();

    fn name(&self) -> &'static str {
        "kiln"
    }
    fn print(&self, request: &PrintRequest, out: &mut String, sess: &Session) {
        llvm_backend().print(request, out, sess);
    }
    fn target_config(&self, sess: &EarlySession) -> TargetConfig {
        llvm_backend().target_config(sess)
    }
    fn print_passes(&self) {
        llvm_backend().print_passes();
    }
    fn print_version(&self) {
        println!("Kiln version: {}", env!("CARGO_PKG_VERSION"));
        llvm_backend().print_version();
    }
    /// Among them are the features of the processor that functions have besides their own.
    fn provide(&self, providers: &mut Providers) {
        llvm_backend().provide(providers);
        copies::provide(providers);
        show::provide(providers);
    }
    fn has_zstd(&self) -> bool {
        llvm_backend().has_zstd()
    }
    fn has_mnemonic(&self, sess: &Session, mnemonic: &str) -> bool {
        llvm_backend().has_mnemonic(sess, mnemonic)
    }
    fn target_cpu(&self, sess: &Session) -> String {
        llvm_backend().target_cpu(sess)
    }

    fn codegen_crate(&self, tcx: TyCtxt<'_>) -> Box<dyn Any> {
        match needs::session(tcx) {
            None => {
                fallback::crash_silently();
                Box::new(codegen_crate(self.clone(), tcx))
            }
            Some(why) => {
                log::left(tcx.crate_name(LOCAL_CRATE), "all units", &why);
                llvm_backend().codegen_crate(tcx)
            }
        }
    }
    fn link(
        &self,
        sess: &Session,
        mut modules: CompiledModules,
        info: CrateInfo,
        metadata: EncodedMetadata,
        outputs: &OutputFilenames,
    ) {
        show::add_runtime(sess, &mut modules, &info, outputs);
        llvm_backend().link(sess, modules, info, metadata, outputs);
    }
}

impl Kiln {
    /// Ends what `codegen_crate` has begun: Kiln's part by `by_kiln`, or LLVM's by `by_llvm`.
    fn join(
        &self,
        ongoing: Box<dyn Any>,
        by_kiln: impl FnOnce(OngoingCodegen<Kiln>) -> (CompiledModules, WorkProductMap),
        by_llvm: impl FnOnce(Box<dyn CodegenBackend>, Box<dyn Any>) -> (CompiledModules, WorkProductMap),
    ) -> (CompiledModules, WorkProductMap) {
        let ongoing = match ongoing.downcast::<OngoingCodegen<Kiln>>() {
            Ok(ongoing) => ongoing,
            Err(llvms) => return by_llvm(llvm_backend(), llvms),
        };
        let (modules, mut products) = by_kiln(*ongoing);
        fallback::note("");
        // Those are not reused as Kiln's: it will try again.
        for unit in self.failed.lock().unwrap().drain(..) {
            products.remove(&WorkProductId::from_cgu_name(&unit));
        }
        (modules, products)
    }

    fn compile(
        &self,
        tcx: TyCtxt<'_>,
        name: Symbol,
        by_llvm: impl FnOnce(LlvmCodegenBackend, Symbol) -> (ModuleCodegen<ModuleLlvm>, u64),
    ) -> (ModuleCodegen<Unit>, u64) {
        let (module, cost) = unit::compile(tcx, name, by_llvm);
        if let Unit::Llvm(_, Some(_)) = module.module_llvm {
            self.failed.lock().unwrap().push(name.to_string());
        }
        (module, cost)
    }
}

impl ExtraBackendMethods for Kiln {
    type Module = Unit;

    compat::extra_backend_methods!();

    fn codegen_allocator(&self, tcx: TyCtxt<'_>, name: &str, methods: &[AllocatorMethod]) -> Unit {
        unit::compile_allocator(tcx, name, methods)
    }
}

impl WriteBackendMethods for Kiln {
    type Module = Unit;
    type TargetMachine = ();
    type ModuleBuffer = std::convert::Infallible;
    type ThinData = ();

    compat::target_machine_methods!();
    compat::thin_lto_methods!();

    fn optimize_and_codegen_fat_lto(
        _: &Session,
        _: &CodegenContext,
        _: &SharedEmitter,
        _: TargetMachineFactoryFn<Self>,
        _: &[String],
        _: &[PathBuf],
        _: Vec<FatLtoInput<Self>>,
    ) -> CompiledModule {
        unreachable!("{NO_LTO}")
    }
    fn optimize_and_codegen_thin(
        _: &CodegenContext,
        _: &SelfProfilerRef,
        _: &SharedEmitter,
        _: TargetMachineFactoryFn<Self>,
        _: ThinModule<Self>,
    ) -> CompiledModule {
        unreachable!("{NO_LTO}")
    }
    fn serialize_module(_: Unit, _: bool) -> std::convert::Infallible {
        unreachable!("{NO_LTO}")
    }

    fn optimize(
        cgcx: &CodegenContext,
        prof: &SelfProfilerRef,
        emitter: &SharedEmitter,
        module: &mut ModuleCodegen<Unit>,
        config: &ModuleConfig,
    ) {
        if !matches!(module.module_llvm, Unit::Llvm(..)) {
            return;
        }
        let mut why = None;
        let taken = compat::take_module(module, Unit::Done);
        let mut llvms = compat::map_module(taken, |unit| llvms_module(unit, &mut why));
        LlvmCodegenBackend::optimize(cgcx, prof, emitter, &mut llvms, config);
        *module = compat::map_module(llvms, |llvms| Unit::Llvm(llvms, why));
    }

    fn codegen(
        cgcx: &CodegenContext,
        prof: &SelfProfilerRef,
        emitter: &SharedEmitter,
        mut module: ModuleCodegen<Unit>,
        config: &ModuleConfig,
    ) -> CompiledModule {
        let object = match std::mem::replace(&mut module.module_llvm, Unit::Done) {
            Unit::Kiln(object) => object,
            other => {
                module.module_llvm = other;
                return codegen_by_llvm(cgcx, prof, emitter, module, config);
            }
        };
        let _timer = prof.generic_activity_with_arg("kiln_write_object", &*module.name);
        let check = |path: &Path, result: io::Result<()>| {
            if let Err(error) = result {
                let dcx = DiagCtxt::new(Box::new(emitter.clone()));
                dcx.handle().fatal(format!("could not write {}: {error}", path.display()));
            }
        };
        let path = cgcx.output_filenames.temp_path_for_cgu(OutputType::Object, &module.name);
        check(&path, object.write(&path));
        if object.has_dwo() {
            let path = cgcx.output_filenames.temp_path_dwo_for_cgu(&module.name);
            check(&path, object.write_dwo(&path));
        }
        log::by_kiln(&module.name, &object);
        module.into_compiled_module(true, object.has_dwo(), false, false, false, &cgcx.output_filenames)
    }
}

fn codegen_by_llvm(
    cgcx: &CodegenContext,
    prof: &SelfProfilerRef,
    emitter: &SharedEmitter,
    module: ModuleCodegen<Unit>,
    config: &ModuleConfig,
) -> CompiledModule {
    let (mut why, name) = (None, module.name.clone());
    let llvms = compat::map_module(module, |unit| llvms_module(unit, &mut why));
    let compile = || LlvmCodegenBackend::codegen(cgcx, prof, emitter, llvms, config);
    let Some(why) = why else { return compile() };
    let start = log::cpu_time();
    let (compiled, said) = fallback::by_llvm_because(&why, compile);
    if !said {
        log::by_llvm(&name, &why, log::cpu_time().saturating_sub(start));
    }
    compiled
}

/// LLVM's part of a unit; `why` gets the rest.
fn llvms_module(unit: Unit, why: &mut Option<String>) -> ModuleLlvm {
    match unit {
        Unit::Llvm(module, reason) => {
            *why = reason;
            module
        }
        _ => unreachable!("the unit is LLVM's"),
    }
}

fn replaced_intrinsics(names: Vec<Symbol>) -> Vec<Symbol> {
    intrinsics::replaced(names)
}

pub use copies::inlines;

/// What rustc calls when it has loaded the library.
#[unsafe(no_mangle)]
pub fn __rustc_codegen_backend() -> Box<dyn CodegenBackend> {
    Box::new(Kiln::default())
}
