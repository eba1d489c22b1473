//! What is left to LLVM, found out before a unit is built: whole compilations by their options, units by what they
//! contain. `docs/rustc.md` lists it.

use rustc_abi::{BackendRepr, Size};
use rustc_hir::def_id::DefId;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrFlags;
use rustc_middle::mir::{Body, TerminatorKind};
use rustc_middle::mono::{CodegenUnit, MonoItem};
use rustc_middle::ty::{self, Instance, TyCtxt, TypingEnv};
use rustc_session::Session;
use rustc_session::config::{CFProtection, DebugInfo, InstrumentMcount, Lto, OptLevel, OutputType};
use rustc_target::callconv::PassMode;
use rustc_target::spec::{Os, SanitizerSet, SplitDebuginfo, StackProtector, TlsModel};

use crate::compat::CrateType;
use crate::processor::Processor;
use crate::types::Type;
use crate::{abi, asm, compat, fallback, intrinsics, llvm_names, operation, simd};

/// Why LLVM has to make all code of a compilation, if it has to.
pub fn session(tcx: TyCtxt<'_>) -> Option<String> {
    let bitcode = || embeds_bitcode(tcx).then_some("bitcode for the link-time optimization of another crate");
    fallback::left_to_llvm().or_else(|| options(tcx.sess).or_else(bitcode).map(str::to_string))
}

/// Whether the crate's objects contain bitcode: `need_bitcode_in_object` of `rustc_codegen_ssa`. A compilation with LTO
/// reads it in each rlib that it links, and fails if one of the objects has none. `-Cembed-bitcode=no`, which cargo
/// passes if no such compilation is planned, promises that.
fn embeds_bitcode(tcx: TyCtxt<'_>) -> bool {
    let opts = &tcx.sess.opts;
    opts.cg.embed_bitcode
        && tcx.crate_types().contains(&CrateType::Rlib)
        && opts.output_types.contains_key(&OutputType::Exe)
}

fn options(sess: &Session) -> Option<&'static str> {
    let (cg, unstable) = (&sess.opts.cg, &sess.opts.unstable_opts);
    let reasons = [
        (
            Processor::find(sess).is_none() || sess.target.os != Os::Linux,
            "the target is not Linux on x86-64 or AArch64",
        ),
        (features_are_refused(sess), "a feature of the processor"),
        (sess.opts.optimize != OptLevel::No, "optimization is on"),
        (!matches!(sess.lto(), Lto::No | Lto::ThinLocal) || cg.linker_plugin_lto.enabled(), "link-time optimization"),
        (sess.sanitizers() != SanitizerSet::empty(), "a sanitizer"),
        (sess.instrument_coverage(), "coverage"),
        (cg.profile_generate.enabled() || cg.profile_use.is_some(), "profile-guided optimization"),
        (compat::has_sample_profile(sess), "profile-guided optimization"),
        (makes_ir(sess), "an output that is LLVM's"),
        (
            unstable.split_dwarf_inlining
                && sess.split_debuginfo() != SplitDebuginfo::Off
                && sess.opts.debuginfo != DebugInfo::None,
            "inlined calls in objects beside split debug information",
        ),
        (sess.code_model().is_some(), "a code model"),
        (sess.tls_model() == TlsModel::Emulated, "emulated thread-local data"),
        (!cg.llvm_args.is_empty() || !cg.passes.is_empty(), "options of LLVM"),
        (!unstable.llvm_plugins.is_empty(), "options of LLVM"),
        (sess.stack_protector() != StackProtector::None, "a stack protector"),
        (unstable.cf_protection != CFProtection::None || unstable.branch_protection.is_some(), "protected branches"),
        (unstable.instrument_mcount != InstrumentMcount::Disabled, "instrumented functions"),
        (unstable.instrument_xray.is_some(), "instrumented functions"),
        (!unstable.autodiff.is_empty() || !unstable.offload.is_empty(), "automatic differentiation or offload"),
        (unstable.patchable_function_entry != Default::default(), "patchable functions"),
        (unstable.function_return != Default::default(), "thunks for returns"),
        (unstable.retpoline || unstable.retpoline_external_thunk, "thunks for returns"),
        (unstable.emit_stack_sizes || unstable.ehcont_guard, "tables of LLVM"),
        (unstable.virtual_function_elimination, "elimination of virtual functions"),
    ];
    reasons.iter().find(|reason| reason.0).map(|reason| reason.1)
}

/// Features by LLVM's names, of which rustc knows nothing: those of the target, and of the command line.
fn features_are_refused(sess: &Session) -> bool {
    let features = format!("{},{}", sess.target.features, sess.opts.cg.target_feature);
    Processor::find(sess).is_some_and(|processor| operation::refuses(processor, &features))
}

fn makes_ir(sess: &Session) -> bool {
    let types = &sess.opts.output_types;
    [OutputType::Assembly, OutputType::LlvmAssembly, OutputType::Bitcode, OutputType::ThinLinkBitcode]
        .iter()
        .any(|ty| types.contains_key(ty))
        || sess.opts.cg.save_temps
}

/// Why LLVM has to compile a unit, if it has to.
pub fn unit<'tcx>(tcx: TyCtxt<'tcx>, unit: &CodegenUnit<'tcx>) -> Option<String> {
    unit.items().keys().find_map(|item| match *item {
        MonoItem::GlobalAsm(_) => asm::lacks_assembler(Processor::of(tcx.sess)).map(str::to_string),
        MonoItem::Static(id) => attributes(tcx, ty::InstanceKind::Item(id)).map(|why| named(tcx, id, why)),
        MonoItem::Fn(instance) => function(tcx, instance).map(|why| named(tcx, instance.def_id(), &why)),
    })
}

fn named(tcx: TyCtxt<'_>, id: DefId, why: &str) -> String {
    format!("{why}, in {}", ty::print::with_no_trimmed_paths!(tcx.def_path_str(id)))
}

fn attributes(tcx: TyCtxt<'_>, kind: ty::InstanceKind<'_>) -> Option<&'static str> {
    let attrs = tcx.codegen_instance_attrs(kind);
    (!attrs.foreign_item_symbol_aliases.is_empty()).then_some("an externally implementable item")
}

pub fn function<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> Option<String> {
    if let Some(why) = attributes(tcx, instance.def) {
        return Some(why.to_string());
    }
    // It is assembly of a module.
    if tcx.codegen_instance_attrs(instance.def).flags.contains(CodegenFnAttrFlags::NAKED) {
        return asm::lacks_assembler(Processor::of(tcx.sess)).map(str::to_string);
    }
    let body = tcx.instance_mir(instance.def);
    convention(tcx, instance).map(str::to_string).or_else(|| calls(tcx, instance, body))
}

/// Whether an intrinsic takes f16 or f128 and does with them what is not built.
fn lacks_floats<'tcx>(tcx: TyCtxt<'tcx>, caller: Instance<'tcx>, name: &str, callee: Instance<'tcx>) -> bool {
    let sig = callee.ty(tcx, TypingEnv::fully_monomorphized()).fn_sig(tcx);
    let inputs = tcx.instantiate_bound_regions_with_erased(sig).inputs();
    let soft = match inputs.first().map(|ty| ty.kind()) {
        Some(ty::Float(ty::FloatTy::F16)) => Type::F16,
        Some(ty::Float(ty::FloatTy::F128)) => Type::F128,
        _ => return false,
    };
    !intrinsics::is_known_soft(&operation::machine(tcx, caller), name, soft, inputs.len())
}

fn convention<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> Option<&'static str> {
    let query = TypingEnv::fully_monomorphized().as_query_input((instance, ty::List::empty()));
    let abi = tcx.fn_abi_of_instance(query).ok()?;
    if abi::convention(abi.conv).is_none() {
        return Some("a calling convention");
    }
    let short_vectors = Processor::of(tcx.sess).short_vectors;
    abi.args.iter().chain([&abi.ret]).find_map(|arg| {
        let (PassMode::Direct(_), BackendRepr::SimdVector { element, .. }) = (&arg.mode, arg.layout.backend_repr)
        else {
            return None;
        };
        match arg.layout.size.bytes() {
            17.. => Some("a wide vector that is passed in registers"),
            8 | 16 if element.size(&tcx) <= Size::from_bits(64) => None,
            _ => short_vectors.then_some("a vector whose lanes are passed in other registers"),
        }
    })
}

/// What of the calls in a function is not built here.
fn calls<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>, body: &Body<'tcx>) -> Option<String> {
    body.basic_blocks.iter().find_map(|block| match &block.terminator().kind {
        TerminatorKind::InlineAsm { operands, .. } => {
            asm::refused(Processor::of(tcx.sess), operands).map(str::to_string)
        }
        TerminatorKind::TailCall { .. } => Some("a tail call".to_string()),
        TerminatorKind::Call { func, args: given, .. } => {
            let (id, args) = func.const_fn_def()?;
            let callee = || {
                let env = TypingEnv::fully_monomorphized();
                instance.instantiate_mir_and_normalize_erasing_regions(
                    tcx,
                    env,
                    ty::EarlyBinder::bind(tcx, Instance::new_raw(id, args)),
                )
            };
            if let Some(intrinsic) = tcx.intrinsic(id) {
                let name = intrinsic.name.as_str();
                let known = match name.starts_with("simd_") {
                    true => simd::is_known(name) && vectors_are_known(tcx, callee()),
                    false => {
                        (!intrinsic.must_be_overridden || intrinsics::is_known(name))
                            && !lacks_floats(tcx, instance, name, callee())
                    }
                };
                return (!known).then(|| format!("intrinsic {name}"));
            }
            let link_name = if tcx.is_foreign_item(id) { tcx.codegen_fn_attrs(id).symbol_name } else { None }?;
            let is_llvm = link_name.as_str().starts_with("llvm.");
            (is_llvm && !llvm_names::is_known(tcx, instance, body, callee(), given)).then(|| link_name.to_string())
        }
        _ => None,
    })
}

/// Whether the vectors that an intrinsic takes have lanes that are built.
fn vectors_are_known<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> bool {
    instance.args.types().filter(|ty| ty.is_simd()).all(|ty| simd::has_lanes(tcx, ty))
}
