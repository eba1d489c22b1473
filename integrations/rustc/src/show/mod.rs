//! Values as `{:?}` prints them, for debuggers (`$KILN_SHOW`; docs/showing-values.md). Of each type of a variable in the
//! user's crates, the program gets what implements `Debug`, as if something printed such a variable, and an entry of the
//! index: the type's name in the debug information, and its `fmt`. `runtime/show.rs` calls that; scripts of debuggers
//! (debuggers/) call `runtime/show.rs`.

pub mod units;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs};

use rustc_codegen_ssa::debuginfo::type_names::compute_debuginfo_type_name;
use rustc_codegen_ssa::{CompiledModules, CrateInfo, ModuleCodegen};
use rustc_data_structures::fx::{FxHashMap, FxHashSet, FxIndexMap};
use rustc_hir::def_id::{CrateNum, DefId, LOCAL_CRATE};
use rustc_interface::DEFAULT_QUERY_PROVIDERS;
use rustc_middle::mir::{Body, VarDebugInfoContents};
use rustc_middle::mono::{CollectionMode, MonoItem};
use rustc_middle::ty::{self, GenericArgsRef, Instance, InstanceKind, Ty, TyCtxt, TypingEnv};
use rustc_middle::util::Providers;
use rustc_session::Session;
use rustc_session::config::{DebugInfo, OptLevel, OutputFilenames, OutputType};
use rustc_span::{DUMMY_SP, DesugaringKind, ExpnKind, FileName, RemapPathScopeComponents, Span, Spanned, Symbol};

use crate::compat::{self, CrateType};
use crate::context::Context;
use crate::inlining::is_foreign;
use crate::sys::*;
use crate::unit::Unit;
use crate::{fallback, needs};

/// The section of the index; a name from which linkers make symbols.
const SECTION: &std::ffi::CStr = c"kiln_show";
/// The crate that `runtime/show.rs` is.
const RUNTIME: &str = "kiln_show_runtime";
const RUNTIME_SOURCE: &str = include_str!("../../runtime/show.rs");
/// Types within types without `Debug` are shown down to this depth.
const DEPTH: usize = 4;
/// Places in a table of methods, which no table has, that stand for what shows a function's variables, and for what a
/// function that is there for that uses.
const SHOWN: usize = usize::MAX;
const USED: usize = usize::MAX - 1;

fn is_asked() -> bool {
    static ASKED: OnceLock<bool> = OnceLock::new();
    *ASKED.get_or_init(|| fallback::variable("KILN_SHOW").is_some_and(|value| !matches!(&*value, "" | "0")))
}

/// Are values of a crate's variables to be shown? Not of those whose warnings cargo silences, which are not the user's.
/// The session decides, of which a process has one.
pub fn is_wanted(tcx: TyCtxt<'_>) -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    is_asked() && *WANTED.get_or_init(|| decide(tcx))
}

fn decide(tcx: TyCtxt<'_>) -> bool {
    let opts = &tcx.sess.opts;
    opts.debuginfo == DebugInfo::Full
        && opts.optimize == OptLevel::No
        && opts.lint_cap.is_none()
        && !tcx.crate_types().contains(&CrateType::ProcMacro)
        && !is_helper(tcx.crate_name(LOCAL_CRATE))
        && needs::session(tcx).is_none()
}

/// Nobody debugs build scripts, and the runtime is not to show itself.
fn is_helper(name: Symbol) -> bool {
    name.as_str().starts_with("build_script_") || name.as_str() == RUNTIME
}

pub fn provide(providers: &mut Providers) {
    if is_asked() {
        providers.queries.items_of_instance = items_of_instance;
    }
}

type Items<'tcx> = &'tcx [Spanned<MonoItem<'tcx>>];

/// Beside rustc's answers, what shows a function's variables, and what that uses, without places in the source: the query
/// keeps both from one build to the next. rustc never asks what a call by a table of methods uses, so that such keys are
/// free for it.
fn items_of_instance<'tcx>(
    tcx: TyCtxt<'tcx>,
    key: (Instance<'tcx>, CollectionMode),
) -> Result<(Items<'tcx>, Items<'tcx>), compat::MonoError> {
    let by_rustc = DEFAULT_QUERY_PROVIDERS.queries.items_of_instance;
    let items: Vec<_> = match key.0.def {
        InstanceKind::Virtual(id, SHOWN) => {
            let functions = functions_for(tcx, Instance::new_raw(id, key.0.args)).into_values();
            let functions = functions.map(|shown| shown.function).filter(|&f| tcx.should_codegen_locally(f));
            functions.map(MonoItem::Fn).collect()
        }
        InstanceKind::Virtual(id, USED) => {
            by_rustc(tcx, (Instance::new_raw(id, key.0.args), key.1))?.0.iter().map(|item| item.node).collect()
        }
        _ => return by_rustc(tcx, key),
    };
    let items = items.into_iter().map(|node| Spanned { node, span: DUMMY_SP });
    Ok((tcx.arena.alloc_from_iter(items.collect::<Vec<_>>()), &[]))
}

/// What the query keeps of a function.
fn kept<'tcx>(tcx: TyCtxt<'tcx>, id: DefId, what: usize, args: GenericArgsRef<'tcx>) -> Items<'tcx> {
    let key = Instance { def: InstanceKind::Virtual(id, what), args };
    tcx.items_of_instance((key, CollectionMode::UsedItems)).map_or(&[], |(items, _)| items)
}

/// The functions of this crate that show an item's variables.
fn shown_by<'tcx>(tcx: TyCtxt<'tcx>, crates: &mut Crates, item: MonoItem<'tcx>) -> Items<'tcx> {
    match item {
        MonoItem::Fn(Instance { def: InstanceKind::Item(id), args }) if crates.has_written(tcx, id) => {
            kept(tcx, id, SHOWN, args)
        }
        _ => &[],
    }
}

/// The crates asked about, and which are the user's.
#[derive(Default)]
struct Crates(FxHashMap<CrateNum, bool>);

impl Crates {
    /// Has the user written the function?
    fn has_written(&mut self, tcx: TyCtxt<'_>, id: DefId) -> bool {
        let is_users = || !is_foreign(tcx, id) && !is_in_std(tcx, id);
        *self.0.entry(id.krate).or_insert_with(is_users)
            && !tcx.is_automatically_derived(tcx.parent(tcx.typeck_root_def_id(id)))
    }
}

/// What shows values of a type.
#[derive(Clone, Copy)]
struct Shown<'tcx> {
    function: Instance<'tcx>,
    /// So many pointers are between a value and what the function takes: a reference prints as what it refers to does.
    pointers: u8,
}

/// Of the types that a function's variables have: what shows them.
fn functions_for<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> FxIndexMap<Ty<'tcx>, Shown<'tcx>> {
    let mut found = Found { tcx, seen: FxHashSet::default(), functions: FxIndexMap::default() };
    if matches!(instance.def, InstanceKind::Item(id) if Crates::default().has_written(tcx, id)) {
        let body = tcx.instance_mir(instance.def);
        for ty in variable_types(tcx, body) {
            let ty = ty::EarlyBinder::bind(tcx, ty);
            let env = TypingEnv::fully_monomorphized();
            found.visit(instance.instantiate_mir_and_normalize_erasing_regions(tcx, env, ty), 0);
        }
    }
    found.functions
}

/// Is it of a package that the standard library contains? Their paths differ from others'.
fn is_in_std(tcx: TyCtxt<'_>, id: DefId) -> bool {
    let span = || tcx.def_span(id.krate.as_def_id());
    !id.is_local()
        && match &tcx.sess.source_map().lookup_source_file(span().lo()).name {
            FileName::Real(name) => name.path(RemapPathScopeComponents::DEBUGINFO).starts_with("/rust/deps"),
            _ => false,
        }
}

fn variable_types<'tcx>(tcx: TyCtxt<'tcx>, body: &Body<'tcx>) -> impl Iterator<Item = Ty<'tcx>> {
    let named = body.var_debug_info.iter().filter(move |variable| is_named(tcx, variable.source_info.span));
    named.map(move |variable| match (&variable.composite, &variable.value) {
        (Some(whole), _) => whole.ty,
        (None, VarDebugInfoContents::Place(place)) => place.ty(&body.local_decls, tcx).ty,
        (None, VarDebugInfoContents::Const(value)) => value.ty(),
    })
}

/// Has the user given a variable, which is declared there, its name? Not those of macros of other crates, and not those of
/// what `for`, `?`, `.await` and formats stand for; but parameters of async functions are declared again.
fn is_named(tcx: TyCtxt<'_>, span: Span) -> bool {
    let made = span.ctxt().outer_expn_data();
    match made.kind {
        ExpnKind::Macro(..) => made.macro_def_id.is_some_and(|id| !is_foreign(tcx, id) && !is_in_std(tcx, id)),
        ExpnKind::Desugaring(kind) => kind == DesugaringKind::Async,
        ExpnKind::Root | ExpnKind::AstPass(_) => true,
    }
}

/// The types found so far.
struct Found<'tcx> {
    tcx: TyCtxt<'tcx>,
    seen: FxHashSet<Ty<'tcx>>,
    functions: FxIndexMap<Ty<'tcx>, Shown<'tcx>>,
}

impl<'tcx> Found<'tcx> {
    /// Notes a type, or what is shown of it in its place.
    fn visit(&mut self, ty: Ty<'tcx>, depth: usize) {
        if depth > DEPTH || is_plain(ty) || !self.seen.insert(ty) {
            return;
        }
        match shown(self.tcx, ty) {
            Some(shown) => {
                self.functions.insert(ty, shown);
                // What it refers to can be shown by name, too; its function is needed anyway.
                if let Some(to) = ty.builtin_deref(true) {
                    self.visit(to, depth + 1);
                }
            }
            None => self.visit_parts(ty, depth + 1),
        }
    }

    fn visit_parts(&mut self, ty: Ty<'tcx>, depth: usize) {
        let tcx = self.tcx;
        match *ty.kind() {
            ty::Tuple(parts) => parts.iter().for_each(|part| self.visit(part, depth)),
            ty::Array(part, _) | ty::Slice(part) | ty::Ref(_, part, _) => self.visit(part, depth),
            ty::Closure(_, args) => args.as_closure().upvar_tys().iter().for_each(|part| self.visit(part, depth)),
            ty::Adt(def, args) if is_foreign(tcx, def.did()) => args.types().for_each(|part| self.visit(part, depth)),
            ty::Adt(def, args) => {
                for field in def.all_fields() {
                    let env = TypingEnv::fully_monomorphized();
                    let part = tcx.instantiate_and_normalize_erasing_regions(args, env, tcx.type_of(field.did));
                    self.visit(part, depth);
                }
            }
            _ => {}
        }
    }
}

/// Do debuggers show values of the type as `{:?}` does, without a function?
fn is_plain(ty: Ty<'_>) -> bool {
    ty.is_integral() || ty.is_bool() || ty.is_unit() || ty.is_never()
}

/// What shows values of a type, if it implements `Debug`.
fn shown<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> Option<Shown<'tcx>> {
    let (mut of, mut pointers) = (ty, 0);
    while let Some(to) = pointed(tcx, of) {
        (of, pointers) = (to, u8::checked_add(pointers, 1)?);
    }
    let function = if is_sized(tcx, of) { debug_function(tcx, of)? } else { return None };
    Some(Shown { function, pointers })
}

fn is_sized<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> bool {
    ty.is_sized(tcx, TypingEnv::fully_monomorphized())
}

/// What a value prints of a type that is nothing but a pointer to it.
fn pointed<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> Option<Ty<'tcx>> {
    let to = match *ty.kind() {
        ty::Ref(_, to, _) => to,
        _ if ty.is_box_global(tcx) => ty.expect_boxed_ty(),
        _ => return None,
    };
    is_sized(tcx, to).then_some(to)
}

/// `<ty as Debug>::fmt`.
fn debug_function<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> Option<Instance<'tcx>> {
    let of: DefId = tcx.get_diagnostic_item(Symbol::intern("Debug"))?;
    let &method = tcx.associated_item_def_ids(of).first()?;
    let args = tcx.mk_args(&[ty.into()]);
    Instance::resolve_for_fn_ptr(tcx, TypingEnv::fully_monomorphized(), method, args)
}

/// The index of a unit.
#[derive(Default)]
struct Index {
    bytes: Vec<u8>,
    functions: Vec<kiln_reloc>,
}

impl<'tcx> Context<'tcx> {
    /// Writes the index's entries for the variables of the unit's functions, if it has variables. Other units may have the
    /// same entries: that costs less than a section for each entry, of which linkers keep one.
    pub fn index_shown(&self) {
        if !is_wanted(self.tcx) || units::is_apart(self.unit.name().as_str()) {
            return;
        }
        let mut functions = FxIndexMap::default();
        for (item, _) in self.unit.items_in_deterministic_order(self.tcx) {
            if let MonoItem::Fn(instance) = item {
                functions.extend(functions_for(self.tcx, instance));
            }
        }
        let mut index = Index::default();
        functions.into_iter().for_each(|(ty, shown)| self.index(&mut index, ty, shown));
        if !index.bytes.is_empty() {
            self.define_index(&index);
        }
    }

    fn define_index(&self, index: &Index) {
        let section = kiln_section_desc {
            kind: KILN_SECTION_CONTENT,
            flags: KILN_SECTION_ALLOC | KILN_SECTION_WRITE | KILN_SECTION_RETAIN,
            ..Default::default()
        };
        let symbol = kiln_symbol_desc {
            name: SECTION.as_ptr(),
            name_length: SECTION.count_bytes(),
            linkage: KILN_LINKAGE_INTERNAL,
            section: SECTION.as_ptr(),
            body: true,
            ..Default::default()
        };
        let data = kiln_data_desc {
            bytes: index.bytes.as_ptr().cast(),
            size_bytes: index.bytes.len() as u64,
            align_log2: 3,
            flags: KILN_DATA_USED,
            relocs: index.functions.as_ptr(),
            n_relocs: index.functions.len() as u32,
            ..Default::default()
        };
        // SAFETY: everything is copied.
        unsafe {
            kiln_section_declare(self.module.raw, SECTION.as_ptr(), &section);
            kiln_data_define(self.module.raw, kiln_data_declare(self.module.raw, &symbol), &data);
        }
    }

    /// Adds an entry: the function's address, the type's hash and size, the size of its name, which follows, and in the
    /// highest byte of that how many pointers there are.
    fn index(&self, index: &mut Index, ty: Ty<'tcx>, shown: Shown<'tcx>) {
        let hash = self.tcx.type_id_hash(ty).as_u128();
        let name = compute_debuginfo_type_name(self.tcx, ty, true);
        let size = rustc_middle::ty::layout::LayoutOf::layout_of(self, ty).size.bytes();
        let (Ok(size), 0..0x100_0000) = (u32::try_from(size), name.len()) else { return };
        let at = index.bytes.len();
        let function = self.function(shown.function);
        index.functions.push(kiln_reloc {
            offset_bytes: at as u64,
            symbol: function,
            size_bytes: 8,
            ..Default::default()
        });
        index.bytes.extend([0; 8]);
        index.bytes.extend((hash as u64).to_le_bytes());
        index.bytes.extend(size.to_le_bytes());
        index.bytes.extend((name.len() as u32 | u32::from(shown.pointers) << 24).to_le_bytes());
        index.bytes.extend(name.as_bytes());
        index.bytes.resize(index.bytes.len().next_multiple_of(8), 0);
    }
}

/// Adds the runtime to what is linked, if values of the program are shown.
pub fn add_runtime(sess: &Session, modules: &mut CompiledModules, info: &CrateInfo, outputs: &OutputFilenames) {
    let is_program = |kind: &CrateType| matches!(kind, CrateType::Executable | CrateType::Cdylib);
    let has_std = info.used_crates.iter().any(|krate| info.crate_name[krate].as_str() == "std");
    if !is_asked() || !has_std || !info.crate_types.iter().any(is_program) || is_helper(info.local_crate_name) {
        return;
    }
    // rustc removes what it has linked.
    let path = outputs.temp_path_for_cgu(OutputType::Object, RUNTIME);
    // The library's folder, where all projects find it, may be one that users cannot write to.
    let library = fallback::variable("KILN_BACKEND").map(|library| PathBuf::from(library).with_file_name(RUNTIME));
    let beside = || runtime(sess, path.with_file_name(RUNTIME));
    let made = library.map_or_else(beside, |base| runtime(sess, base).or_else(|_| beside())).and_then(|kept| {
        let _ = fs::remove_file(&path);
        fs::hard_link(&kept, &path).or_else(|_| fs::copy(&kept, &path).map(drop)).map_err(|e| e.to_string())?;
        let module = ModuleCodegen::new_regular(RUNTIME.to_string(), Unit::Done);
        Ok(module.into_compiled_module(true, false, false, false, false, outputs))
    });
    match made {
        Ok(object) => modules.modules.push(object),
        Err(why) => sess.dcx().warn(format!("values are not shown: {why}")),
    }
}

/// The runtime's object, whose name begins so, and which stays there for later links.
fn runtime(sess: &Session, base: PathBuf) -> Result<PathBuf, String> {
    let panics = sess.panic_strategy().desc();
    let (target, release) = (&sess.opts.target_triple, sess.cfg_version);
    let mut options = vec![format!("-Cpanic={panics}"), format!("--target={target}")];
    options.push(format!("--sysroot={}", sess.opts.sysroot.path().display()));
    let mut hash = DefaultHasher::new();
    for text in options.iter().map(|text| &**text).chain([RUNTIME_SOURCE, release]) {
        text.hash(&mut hash);
    }
    let hash = hash.finish();
    let path = base.with_extension(format!("{hash:016x}.o"));
    if path.exists() {
        return Ok(path);
    }
    let own = base.with_extension(format!("{hash:016x}.{}.o", std::process::id()));
    let source = own.with_extension("rs");
    let compiler = env::current_exe().map_err(|e| e.to_string())?;
    let failed = |e: std::io::Error| format!("{}: {e}", own.display());
    fs::write(&source, RUNTIME_SOURCE).map_err(failed)?;
    let done = Command::new(compiler)
        .args(["--edition=2024", "--crate-type=lib", "--emit=obj", "-Ccodegen-units=1", "-Cdebuginfo=0"])
        .args(["--crate-name", RUNTIME, "-o"])
        .args([&own, &source])
        .args(options)
        .env_remove("KILN_SHOW")
        // The runtime alone names what is not stable.
        .env("RUSTC_BOOTSTRAP", "1")
        .stdin(Stdio::null())
        .output();
    let _ = fs::remove_file(&source);
    let done = done.map_err(failed)?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned());
    }
    fs::rename(&own, &path).map_err(failed)?;
    Ok(path)
}
