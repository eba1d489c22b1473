//! Symbols: functions and statics as they are declared, with linkage, visibility and what binds to this component.

use std::ffi::CString;

use crate::compat::attr_ir::{InlineAttr, Linkage};
use rustc_codegen_ssa::traits::*;
use rustc_hir::def_id::{DefId, LOCAL_CRATE};
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrFlags;
use rustc_middle::mono::Visibility;
use rustc_middle::ty::layout::{FnAbiOf, HasTypingEnv};
use rustc_middle::ty::{self, Instance};
use rustc_target::spec::{RelocModel, TlsModel};

use crate::abi::Signature;
use crate::compat::{self, CrateType};
use crate::context::Context;
use crate::show;
use crate::sys::*;
use crate::types::Type;

/// Kiln's linkage for one of rustc's.
fn linkage_of(linkage: Linkage) -> kiln_linkage {
    match linkage {
        Linkage::External | Linkage::AvailableExternally => KILN_LINKAGE_EXTERNAL,
        Linkage::Internal => KILN_LINKAGE_INTERNAL,
        Linkage::LinkOnceAny | Linkage::LinkOnceODR => KILN_LINKAGE_LINKONCE,
        other if compat::is_common(other) => KILN_LINKAGE_COMMON,
        _ => KILN_LINKAGE_WEAK,
    }
}

/// A name without the mark of LLVM's that says not to change it: a byte 1 at its begin, which `link_name` and `export_name`
/// may have.
pub fn unmarked(name: &str) -> &str {
    name.strip_prefix('\u{1}').unwrap_or(name)
}

/// What a declaration is for.
#[derive(Copy, Clone, PartialEq)]
enum What {
    Function,
    Static,
    ThreadLocal,
}

impl<'tcx> Context<'tcx> {
    /// Declares a function of that name, by a description without it. The first declaration holds: `prepare` in calls.rs
    /// calls the address if another one has another signature, which a module that is verified does not take.
    pub fn declare_function(&self, name: &str, signature: Signature, desc: kiln_symbol_desc) -> kiln_symbol {
        let name = unmarked(name);
        if self.tcx.sess.opts.unstable_opts.verify_llvm_ir
            && let Some(symbol) = self.declared_function(name)
        {
            return symbol;
        }
        let desc = kiln_symbol_desc { name: name.as_ptr().cast(), name_length: name.len(), ..desc };
        let sig = self.signatures.borrow()[signature.0 as usize].sig;
        // SAFETY: all is copied.
        let symbol = unsafe { kiln_func_declare(self.module.raw, &desc, sig) };
        self.function_signatures.borrow_mut().entry(symbol).or_insert(signature);
        symbol
    }

    /// The function of that name, if it is declared.
    fn declared_function(&self, name: &str) -> Option<kiln_symbol> {
        let name = CString::new(name).ok()?;
        // SAFETY: the name is NUL-terminated.
        let symbol = unsafe { kiln_symbol_lookup(self.module.raw, name.as_ptr()) };
        self.function_signatures.borrow().contains_key(&symbol).then_some(symbol)
    }

    fn declare_data(&self, name: &str, desc: kiln_symbol_desc) -> kiln_symbol {
        let name = unmarked(name);
        let desc = kiln_symbol_desc { name: name.as_ptr().cast(), name_length: name.len(), ..desc };
        // SAFETY: all is copied.
        unsafe { kiln_data_declare(self.module.raw, &desc) }
    }

    /// A function of a library, with C's convention; no exception leaves it.
    pub fn library_function(&self, name: &str, params: &[Type], result: Type) -> (kiln_symbol, Signature) {
        let signature = self.plain_signature(KILN_SIG_NOUNWIND, params, result);
        let desc = self.reference(What::Function, Visibility::Default);
        (self.declare_function(name, signature, desc), signature)
    }

    /// The function of an instance, which another unit defines if this one has not.
    pub fn function(&self, instance: Instance<'tcx>) -> kiln_symbol {
        if let Some(&symbol) = self.instances.borrow().get(&instance) {
            return symbol;
        }
        let abi = self.fn_abi_of_instance(instance, ty::List::empty());
        let visibility = if self.is_hidden(instance) { Visibility::Hidden } else { Visibility::Default };
        let own = self.has_own(instance);
        let desc = match own {
            true => self.describe(What::Function, Linkage::Internal, Visibility::Default, true),
            false => self.reference(What::Function, visibility),
        };
        let symbol = self.declare_function(self.tcx.symbol_name(instance).name, self.abi_signature(abi), desc);
        self.instances.borrow_mut().insert(instance, symbol);
        self.note_declared(symbol, instance, own);
        symbol
    }

    /// Whether the definition of an instance in another unit is hidden, as rustc's other back ends decide it.
    fn is_hidden(&self, instance: Instance<'tcx>) -> bool {
        let tcx = self.tcx;
        let id = instance.def_id();
        if instance.args.non_erasable_generics().next().is_none() {
            return tcx.is_codegened_item(id) && (!id.is_local() || !tcx.is_reachable_non_generic(id));
        }
        let never_inlined = tcx.codegen_instance_attrs(instance.def).inline == InlineAttr::Never;
        if !tcx.sess.opts.share_generics() && !never_inlined {
            return true;
        }
        match id.as_local() {
            Some(id) => tcx.is_unreachable_local_definition(id) || !tcx.local_crate_exports_generics(),
            None => instance.upstream_monomorphization(tcx).is_none() && !tcx.local_crate_exports_generics(),
        }
    }

    /// The symbol of a static, and whether it is thread-local.
    pub fn static_symbol(&self, id: DefId) -> (kiln_symbol, bool) {
        let attrs = self.tcx.codegen_fn_attrs(id);
        let thread_local = attrs.flags.contains(CodegenFnAttrFlags::THREAD_LOCAL);
        if let Some(&symbol) = self.statics.borrow().get(&id) {
            return (symbol, thread_local);
        }
        if let Some(linkage) = attrs.import_linkage {
            return (self.imported_static(id, linkage), false);
        }
        let own = id.is_local() && !self.tcx.is_foreign_item(id);
        let hidden = own && !self.tcx.is_reachable_non_generic(id);
        let visibility = if hidden { Visibility::Hidden } else { Visibility::Default };
        let desc = self.reference(if thread_local { What::ThreadLocal } else { What::Static }, visibility);
        let symbol = self.declare_data(self.tcx.symbol_name(Instance::mono(self.tcx, id)).name, desc);
        self.statics.borrow_mut().insert(id, symbol);
        (symbol, thread_local)
    }

    /// The static that `#[linkage]` makes of an external one: data with its address, which is 0 if it is weak and no one
    /// defines it.
    fn imported_static(&self, id: DefId, linkage: Linkage) -> kiln_symbol {
        let instance = Instance::mono(self.tcx, id);
        let name = self.tcx.symbol_name(instance).name;
        let function = self.weak_function(instance);
        let target = match function {
            Some(signature) => {
                let desc = self.describe(What::Function, linkage, Visibility::Default, false);
                self.declare_function(name, signature, desc)
            }
            None => self.declare_data(name, self.describe(What::Static, linkage, Visibility::Default, false)),
        };
        let krate = self.tcx.stable_crate_id(LOCAL_CRATE);
        let own_name = format!("_rust_extern_with_linkage_{krate:016x}_{name}");
        let symbol =
            self.declare_data(&own_name, self.describe(What::Static, Linkage::Internal, Visibility::Default, true));
        self.define_address(symbol, target);
        self.statics.borrow_mut().insert(id, symbol);
        symbol
    }

    /// The signature of a static that is an `Option` of a function.
    fn weak_function(&self, instance: Instance<'tcx>) -> Option<Signature> {
        let &ty::Adt(def, args) = instance.ty(self.tcx, self.typing_env()).kind() else { return None };
        if self.tcx.lang_items().option_type() != Some(def.did()) {
            return None;
        }
        let &ty::FnPtr(sig, header) = args.type_at(0).kind() else { return None };
        Some(self.abi_signature(self.fn_abi_of_fn_ptr(sig.with(header), ty::List::empty())))
    }

    fn reference(&self, what: What, visibility: Visibility) -> kiln_symbol_desc {
        self.describe(what, Linkage::External, visibility, false)
    }

    fn describe(&self, what: What, linkage: Linkage, visibility: Visibility, body: bool) -> kiln_symbol_desc {
        // Whatever is linked with compiler-builtins has its own copy, and must not export it. What it only refers to, such
        // as memcmp, is C's.
        let hidden = body && linkage != Linkage::Internal && self.tcx.is_compiler_builtins(LOCAL_CRATE);
        let visibility = match visibility {
            _ if hidden => KILN_VISIBILITY_HIDDEN,
            Visibility::Default => KILN_VISIBILITY_DEFAULT,
            Visibility::Hidden => KILN_VISIBILITY_HIDDEN,
            Visibility::Protected => KILN_VISIBILITY_PROTECTED,
        };
        let linkage_in_unit = match linkage {
            // Nobody looks for functions by name that only show values, and names are half of such an object.
            Linkage::Internal if show::units::is_apart(self.unit.name().as_str()) => KILN_LINKAGE_PRIVATE,
            _ => linkage_of(linkage),
        };
        kiln_symbol_desc {
            linkage: linkage_in_unit,
            visibility,
            tls: if what == What::ThreadLocal { self.tls() } else { KILN_TLS_NONE },
            dso_local: self.is_dso_local(what, linkage, visibility, body),
            body,
            no_plt: what == What::Function && !self.tcx.sess.needs_plt(),
            ..Default::default()
        }
    }

    fn tls(&self) -> kiln_tls {
        match self.tcx.sess.tls_model() {
            TlsModel::GeneralDynamic => KILN_TLS_GENERAL_DYNAMIC,
            TlsModel::LocalDynamic => KILN_TLS_LOCAL_DYNAMIC,
            TlsModel::InitialExec => KILN_TLS_INITIAL_EXEC,
            // The model that is not for ELF falls back to the general one.
            TlsModel::LocalExec => KILN_TLS_LOCAL_EXEC,
            TlsModel::Emulated => KILN_TLS_GENERAL_DYNAMIC,
        }
    }

    /// Whether a symbol is bound within what is linked together.
    fn is_dso_local(&self, what: What, linkage: Linkage, visibility: kiln_visibility, body: bool) -> bool {
        let sess = self.tcx.sess;
        if linkage == Linkage::Internal
            || visibility != KILN_VISIBILITY_DEFAULT && linkage != Linkage::ExternalWeak
            || body && self.tcx.crate_types().iter().all(|&ty| ty == CrateType::Executable)
            || body && sess.relocation_model() == RelocModel::Pie
        {
            return true;
        }
        what != What::ThreadLocal
            && sess.direct_access_external_data().unwrap_or(sess.relocation_model() == RelocModel::Static)
    }

    /// Declares a section by the name that an attribute gives, as LLVM finds out its kind.
    fn section(&self, id: DefId) -> Option<CString> {
        let name = self.tcx.codegen_fn_attrs(id).link_section?;
        if name.as_str() == ".comment" {
            self.module.in_comment.set(true);
        }
        Some(CString::new(name.as_str()).expect("rustc checks names of sections"))
    }
}

impl<'tcx> PreDefineCodegenMethods<'tcx> for Context<'tcx> {
    fn predefine_static(&mut self, id: DefId, linkage: Linkage, visibility: Visibility, name: &str) {
        let attrs = self.tcx.codegen_fn_attrs(id);
        let thread_local = attrs.flags.contains(CodegenFnAttrFlags::THREAD_LOCAL);
        let what = if thread_local { What::ThreadLocal } else { What::Static };
        let section = self.section(id);
        let desc = kiln_symbol_desc {
            section: section.as_ref().map_or(std::ptr::null(), |name| name.as_ptr()),
            ..self.describe(what, linkage, visibility, true)
        };
        let symbol = self.declare_data(name, desc);
        self.statics.borrow_mut().insert(id, symbol);
    }

    fn predefine_fn(&mut self, instance: Instance<'tcx>, linkage: Linkage, visibility: Visibility, name: &str) {
        let abi = self.fn_abi_of_instance(instance, ty::List::empty());
        let signature = self.abi_signature(abi);
        let section = self.section(instance.def_id());
        let mut desc = kiln_symbol_desc {
            section: section.as_ref().map_or(std::ptr::null(), |name| name.as_ptr()),
            ..self.describe(What::Function, linkage, visibility, true)
        };
        if matches!(linkage, Linkage::WeakODR) {
            // A section group of its own, as LLVM's comdat, whose name keeps the mark.
            desc.comdat = name.as_ptr().cast();
            desc.comdat_length = name.len();
        }
        let symbol = self.declare_function(name, signature, desc);
        self.note_inlining(instance, symbol, linkage);
        self.defined.borrow_mut().insert(symbol, instance);
        self.instances.borrow_mut().insert(instance, symbol);
    }
}
