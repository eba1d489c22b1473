//! Debug information: units, files, functions, scopes, locations and variables; types are in `types.rs`. What it says
//! is what rustc's LLVM back end says: gdb and lldb have printers that look for it.

mod types;

use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::ops::Range;
use std::path::PathBuf;

use rustc_abi::Size;
use rustc_codegen_ssa::debuginfo::type_names;
use rustc_codegen_ssa::mir::debuginfo::VariableKind;
use rustc_codegen_ssa::traits::*;
use rustc_data_structures::fx::{FxHashMap, FxHashSet};
use rustc_hir::def::DefKind;
use rustc_hir::def_id::{DefId, LOCAL_CRATE};
use rustc_middle::mono::CodegenUnit;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf};
use rustc_middle::ty::{
    self, ExistentialTraitRef, GenericArgsRef, Instance, Ty, TyCtxt, TypeVisitableExt, Unnormalized,
};
use rustc_session::config::DebugInfo;
use rustc_span::{
    BytePos, FileName, Pos, RemapPathScopeComponents, SourceFile, SourceFileAndLine, SourceFileHashAlgorithm, Span,
    Symbol,
};
use rustc_target::callconv::FnAbi;

use crate::builder::Builder;
use crate::context::{Block, Context, Function};
use crate::declare::unmarked;
use crate::inlining::{self, Inlined};
use crate::module::Module;
use crate::show;
use crate::sys::*;
use crate::values::Value;

const NONE: kiln_die = kiln_die { id: 0 };

/// A source file: its entry, and its number in locations.
#[derive(Copy, Clone)]
struct File {
    die: kiln_die,
    number: u32,
}

/// A position in a source file; line 0: unknown.
#[derive(Copy, Clone)]
struct Place {
    file: File,
    line: u32,
    column: u32,
}

/// What an entry of a function is: all of it, in a namespace; its declaration, in a type; or the definition of what was
/// declared by that entry.
enum Part {
    Whole(kiln_die),
    Declaration(kiln_die),
    Definition(kiln_die),
}

/// An entry of a function that may be needed for inlining alone, or not at all.
enum Deferred<'tcx> {
    // The last field: is the entry in `Debug::shared`?
    Function(kiln_die, Instance<'tcx>, bool),
    Variable(kiln_die, Symbol, Ty<'tcx>, kiln_die, VariableKind, Span, bool),
    Vtable(Ty<'tcx>, Option<ExistentialTraitRef<'tcx>>, kiln_symbol),
}

/// What a function that rustc inlines is described by, once for all functions of the unit into which it is inlined. `waits`:
/// for all those whose entries wait.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
enum Shared<'tcx> {
    Function { waits: bool, of: Instance<'tcx> },
    Block { scope: kiln_die, at: BytePos },
    Variable { scope: kiln_die, name: Symbol, at: Span },
}

/// What both entries of a method have.
struct Described<'a> {
    place: Place,
    name: String,
    linkage_name: &'a str,
    ty: kiln_die,
    templates: kiln_die,
}

/// The debug information of a unit.
pub struct Debug<'tcx> {
    set: *mut kiln_debug,
    unit: kiln_die,
    /// With types and variables.
    full: bool,
    files: RefCell<FxHashMap<u32, File>>,
    /// Most positions are asked for often: generic functions are built many times.
    places: RefCell<FxHashMap<BytePos, Place>>,
    types: RefCell<FxHashMap<Ty<'tcx>, kiln_die>>,
    vtables: RefCell<FxHashSet<kiln_symbol>>,
    namespaces: RefCell<FxHashMap<DefId, kiln_die>>,
    /// The declarations of methods.
    declarations: RefCell<FxHashMap<Instance<'tcx>, kiln_die>>,
    shared: RefCell<FxHashMap<Shared<'tcx>, kiln_die>>,
    /// The functions and blocks among `shared`.
    shared_scopes: RefCell<FxHashSet<kiln_die>>,
    /// Those that are not made yet.
    unmade: RefCell<FxHashSet<kiln_die>>,
    /// Of locations in inlined functions: the locations of the calls.
    calls: RefCell<FxHashMap<u32, u32>>,
    /// Slots of the functions being built, which variables may live in; other addresses move.
    slots: RefCell<FxHashSet<(*mut kiln_func, u32)>>,
    uses_printers: Cell<bool>,
    /// Entries of the function that is being built, if they wait.
    deferred: RefCell<Option<Vec<Deferred<'tcx>>>>,
    /// Those of the functions that were built so.
    kept: RefCell<Vec<(kiln_symbol, Vec<Deferred<'tcx>>)>>,
}

fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "")).expect("NULs are gone")
}

impl<'tcx> Debug<'tcx> {
    /// None without `-Cdebuginfo`.
    pub fn new(tcx: TyCtxt<'tcx>, unit: &CodegenUnit<'tcx>, module: &Module) -> Option<Self> {
        let level = match tcx.sess.opts.debuginfo {
            // A breakpoint on a line of them would stop what shows a value.
            DebugInfo::Full if show::units::is_apart(unit.name().as_str()) => DebugInfo::None,
            level => level,
        };
        if level == DebugInfo::None {
            return None;
        }
        let source = tcx.sess.local_crate_source_file();
        let mut name = source
            .map(|source| source.path(RemapPathScopeComponents::DEBUGINFO).to_path_buf())
            .unwrap_or_else(|| PathBuf::from(tcx.crate_name(LOCAL_CRATE).as_str()));
        // Each unit has a name of its own.
        name.push("@");
        name.push(unit.name().as_str());
        let folder = tcx.sess.psess.source_map().working_dir().path(RemapPathScopeComponents::DEBUGINFO);
        let (name, folder) = (c_string(&name.to_string_lossy()), c_string(&folder.to_string_lossy()));
        // gdb takes what begins with "clang " for LLVM's, whose line tables tell where prologues end.
        let producer = c_string(&format!("clang LLVM (rustc version {}) (Kiln)", tcx.sess.cfg_version));
        // SAFETY: the set lives as long as the module; strings are copied.
        let (set, unit) = unsafe {
            let set = kiln_module_debug(module.raw);
            let file = kiln_die_new_file(set, folder.as_ptr(), name.as_ptr());
            let unit = kiln_die_new_unit(set, file, producer.as_ptr(), KILN_DW_LANG_Rust);
            if matches!(level, DebugInfo::LineTablesOnly | DebugInfo::LineDirectivesOnly) {
                kiln_debug_set_lines_only(set, unit);
            }
            (set, unit)
        };
        Some(Debug {
            set,
            unit,
            full: level == DebugInfo::Full,
            files: RefCell::default(),
            places: RefCell::default(),
            types: RefCell::default(),
            vtables: RefCell::default(),
            namespaces: RefCell::default(),
            declarations: RefCell::default(),
            shared: RefCell::default(),
            shared_scopes: RefCell::default(),
            unmade: RefCell::default(),
            calls: RefCell::default(),
            slots: RefCell::default(),
            uses_printers: Cell::new(false),
            deferred: RefCell::default(),
            kept: RefCell::default(),
        })
    }

    fn begin(&self, tag: u32, parent: kiln_die, name: &str) -> kiln_die {
        let die = self.next();
        self.begin_at(die, tag, parent, name);
        die
    }

    /// An entry that is not defined yet, and that `begin_at` has to define before any other entry is made.
    fn next(&self) -> kiln_die {
        // SAFETY: the set lives as long as the module.
        unsafe { kiln_die_at(self.set, kiln_debug_die_limit(self.set).max(1)) }
    }

    fn begin_at(&self, die: kiln_die, tag: u32, parent: kiln_die, name: &str) {
        // SAFETY: the set lives as long as the module; strings are copied.
        unsafe {
            kiln_die_begin(self.set, die, tag, parent);
            if !name.is_empty() {
                kiln_die_set_string(self.set, KILN_DW_AT_name, name.as_ptr().cast(), name.len());
            }
        }
    }

    /// An entry that `make` makes, at once or, if those of the function that is being built wait, later, as `entry` says.
    /// What is `shared` is made once.
    fn entry(
        &self,
        shared: Option<Shared<'tcx>>,
        entry: impl FnOnce(kiln_die) -> Deferred<'tcx>,
        make: impl FnOnce() -> kiln_die,
    ) -> kiln_die {
        let known = shared.and_then(|key| self.shared.borrow().get(&key).copied());
        let waits = self.deferred.borrow().is_some();
        // SAFETY: the set lives as long as the module.
        let die = known.unwrap_or_else(|| if waits { unsafe { kiln_die_reserve(self.set) } } else { make() });
        if let Some(list) = &mut *self.deferred.borrow_mut()
            && (known.is_none() || self.unmade.borrow().contains(&die))
        {
            list.push(entry(die));
        }
        if let (Some(key), None) = (shared, known) {
            self.shared.borrow_mut().insert(key, die);
            if waits {
                self.unmade.borrow_mut().insert(die);
            }
        }
        die
    }

    /// Is it a scope of a function that rustc inlines?
    fn is_shared(&self, scope: kiln_die) -> bool {
        self.shared_scopes.borrow().contains(&scope)
    }

    /// Begins an entry whose children are a list, defined later: the number before its own.
    fn begin_with_list(&self, tag: u32, parent: kiln_die, name: &str) -> (kiln_die, kiln_die) {
        // SAFETY: the set lives as long as the module; strings are copied.
        unsafe {
            let limit = kiln_debug_die_limit(self.set).max(1);
            let (list, die) = (kiln_die_at(self.set, limit), kiln_die_at(self.set, limit + 1));
            kiln_die_begin(self.set, die, tag, parent);
            if !name.is_empty() {
                kiln_die_set_string(self.set, KILN_DW_AT_name, name.as_ptr().cast(), name.len());
            }
            kiln_die_set_children(self.set, list);
            (die, list)
        }
    }

    fn begin_list(&self, list: kiln_die) {
        // SAFETY: the set lives as long as the module.
        unsafe { kiln_die_begin_list(self.set, list, std::ptr::null(), 0) };
    }

    /// Adds an entry to the list that was begun last.
    fn append(&self, die: kiln_die) {
        // SAFETY: as above.
        unsafe { kiln_die_append(self.set, die) };
    }

    // Attributes of the entry that was begun last.
    fn set_uint(&self, name: u32, value: u64) {
        // SAFETY: as above.
        unsafe { kiln_die_set_uint(self.set, name, value) };
    }
    fn set_ref(&self, name: u32, to: kiln_die) {
        // SAFETY: as above.
        unsafe { kiln_die_set_ref(self.set, name, to) };
    }
    fn set_flag(&self, name: u32) {
        // SAFETY: as above.
        unsafe { kiln_die_set_flag(self.set, name) };
    }
    fn set_string(&self, name: u32, text: &str) {
        // SAFETY: as above; strings are copied.
        unsafe { kiln_die_set_string(self.set, name, text.as_ptr().cast(), text.len()) };
    }
}

impl<'tcx> Context<'tcx> {
    fn file(&self, debug: &Debug<'tcx>, source: &SourceFile) -> File {
        let make = || {
            let scope = RemapPathScopeComponents::DEBUGINFO;
            let (folder, name) = match &source.name {
                FileName::Real(real) => {
                    let (folder, name) = real.embeddable_name(scope);
                    match name.strip_prefix(folder) {
                        Ok(relative) => (folder.to_string_lossy().into_owned(), relative.to_string_lossy()),
                        Err(_) => (String::new(), name.to_string_lossy()),
                    }
                }
                other => (String::new(), other.display(scope).to_string().into()),
            };
            let (folder, name) = (c_string(&folder), c_string(&name));
            // SAFETY: the set lives as long as the module; strings are copied.
            unsafe {
                let die = kiln_die_new_file(debug.set, folder.as_ptr(), name.as_ptr());
                if source.src_hash.kind == SourceFileHashAlgorithm::Md5 {
                    kiln_die_set_md5(debug.set, source.src_hash.hash_bytes().as_ptr());
                }
                File { die, number: kiln_file_new_die(self.module.session, die, name.as_ptr()) }
            }
        };
        *debug.files.borrow_mut().entry(source.start_pos.0).or_insert_with(make)
    }

    fn place(&self, debug: &Debug<'tcx>, pos: BytePos) -> Place {
        let find = || match self.tcx.sess.source_map().lookup_line(pos) {
            Ok(SourceFileAndLine { sf, line }) => {
                let column = (sf.relative_position(pos) - sf.lines()[line]).to_u32() + 1;
                Place { file: self.file(debug, &sf), line: line as u32 + 1, column }
            }
            Err(source) => Place { file: self.file(debug, &source), line: 0, column: 0 },
        };
        *debug.places.borrow_mut().entry(pos).or_insert_with(find)
    }

    fn namespace(&self, debug: &Debug<'tcx>, id: DefId) -> kiln_die {
        if let Some(&known) = debug.namespaces.borrow().get(&id) {
            return known;
        }
        let parent = self.parent_namespace(debug, id);
        let mut name = String::with_capacity(64);
        type_names::push_item_name(self.tcx, id, false, &mut name);
        let die = debug.begin(KILN_DW_TAG_namespace, parent, &name);
        debug.namespaces.borrow_mut().insert(id, die);
        die
    }

    fn parent_namespace(&self, debug: &Debug<'tcx>, id: DefId) -> kiln_die {
        let parent = self.tcx.def_key(id).parent;
        parent.map_or(NONE, |index| self.namespace(debug, DefId { krate: id.krate, index }))
    }

    /// The entry that has a function: its type's for methods of a type's own, else a namespace; and whether it is a
    /// type's.
    fn function_scope(&self, debug: &Debug<'tcx>, instance: Instance<'tcx>, full: bool) -> (kiln_die, bool) {
        if let Some(of) = self.tcx.inherent_impl_of_assoc(instance.def_id()) {
            let ty = self.tcx.instantiate_and_normalize_erasing_regions(
                instance.args,
                self.typing_env(),
                self.tcx.type_of(of),
            );
            if let ty::Adt(def, ..) = ty.kind()
                && !def.is_box()
            {
                if full && !ty.has_param() {
                    return (self.type_die(debug, ty), true);
                }
                return (self.namespace(debug, def.did()), false);
            }
        }
        (self.parent_namespace(debug, instance.def_id()), false)
    }

    /// A list of the types that a function or a type is an instance for; NONE if there are none.
    fn template_list(&self, debug: &Debug<'tcx>, of: DefId, args: GenericArgsRef<'tcx>) -> kiln_die {
        let params = self.template_params(debug, of, args);
        if params.is_empty() {
            return NONE;
        }
        // SAFETY: the set lives as long as the module; the items are copied.
        unsafe {
            let list = kiln_die_at(debug.set, kiln_debug_die_limit(debug.set).max(1));
            kiln_die_begin_list(debug.set, list, params.as_ptr(), params.len() as u32);
            list
        }
    }

    fn template_params(&self, debug: &Debug<'tcx>, of: DefId, args: GenericArgsRef<'tcx>) -> Vec<kiln_die> {
        if !debug.full {
            return Vec::new();
        }
        let names = self.generic_names(of);
        let params = args.iter().zip(names).filter_map(|(arg, name)| {
            let ty = self.type_die(debug, self.normalized(arg.as_type()?));
            let die = debug.begin(KILN_DW_TAG_template_type_parameter, NONE, name.as_str());
            debug.set_ref(KILN_DW_AT_type, ty);
            Some(die)
        });
        params.collect()
    }

    fn normalized(&self, ty: Ty<'tcx>) -> Ty<'tcx> {
        self.tcx.normalize_erasing_regions(self.typing_env(), Unnormalized::new_wip(ty))
    }

    fn generic_names(&self, of: DefId) -> Vec<Symbol> {
        let generics = self.tcx.generics_of(of);
        let mut names = generics.parent.map_or_else(Vec::new, |parent| self.generic_names(parent));
        names.extend(generics.own_params.iter().map(|param| param.name));
        names
    }

    /// Describes a static, which `symbol` is.
    pub fn describe_static(&self, id: DefId, symbol: kiln_symbol) {
        let Some(debug) = self.debug.as_ref().filter(|debug| debug.full) else { return };
        // Statics that are part of others have no type and no name.
        if !matches!(self.tcx.def_kind(id), DefKind::Static { nested: false, .. }) {
            return;
        }
        let instance = Instance::mono(self.tcx, id);
        let scope = self.parent_namespace(debug, id);
        let place = self.place(debug, self.tcx.def_span(id).lo());
        let ty = self.type_die(debug, instance.ty(self.tcx, self.typing_env()));
        let (item, name) = (self.tcx.item_name(id), unmarked(self.tcx.symbol_name(instance).name));
        let die = debug.begin(KILN_DW_TAG_variable, scope, item.as_str());
        if item.as_str() != name {
            debug.set_string(KILN_DW_AT_linkage_name, name);
        }
        debug.set_ref(KILN_DW_AT_type, ty);
        debug.set_ref(KILN_DW_AT_decl_file, place.file.die);
        debug.set_uint(KILN_DW_AT_decl_line, place.line.into());
        if self.tcx.is_reachable_non_generic(id) {
            debug.set_flag(KILN_DW_AT_external);
        }
        // SAFETY: the set lives as long as the module.
        unsafe {
            kiln_debug_set_global(debug.set, die, symbol, std::ptr::null(), 0);
            kiln_debug_keep(debug.set, debug.unit, die);
        }
    }

    /// Has the entries of the function that is built next wait until it is known whether the function is inlined.
    pub fn defer_debug(&self) {
        if let Some(debug) = &self.debug {
            *debug.deferred.borrow_mut() = Some(Vec::new());
        }
    }

    /// Ends that: the function was built as `symbol`, or is forgotten.
    pub fn keep_deferred(&self, symbol: Option<kiln_symbol>) {
        let Some(debug) = &self.debug else { return };
        let list = debug.deferred.borrow_mut().take();
        if let (Some(symbol), Some(list)) = (symbol, list) {
            debug.kept.borrow_mut().push((symbol, list));
        }
    }

    /// Makes the entries of the functions that were compiled or inlined.
    fn make_deferred(&self, debug: &Debug<'tcx>) {
        let mut functions = Vec::new();
        for (symbol, list) in debug.kept.take() {
            let compiled = self.was_compiled(symbol);
            // SAFETY: the module lives as long as `self`.
            if compiled || unsafe { kiln_symbol_is_inlined(self.module.raw, symbol) } {
                let foreign = !compiled && inlining::is_foreign(self.tcx, self.defined.borrow()[&symbol].def_id());
                functions.push((foreign, list));
            }
        }
        // Nobody asks for the types of a foreign function that is inlined everywhere; and nothing describes its variables,
        // if foreign functions alone are inlined. What it shares with another one is described for that.
        functions.sort_by_key(|&(foreign, _)| foreign);
        let mut unmade = debug.unmade.take();
        for (foreign, list) in functions {
            let described = debug.full && !(foreign && inlining::what() == Inlined::Foreign);
            for entry in list {
                match entry {
                    Deferred::Function(die, _, true) | Deferred::Variable(die, .., true) if !unmade.remove(&die) => {}
                    Deferred::Function(die, instance, _) => {
                        let abi = self.fn_abi_of_instance(instance, ty::List::empty());
                        self.function_die(debug, Some(die), instance, abi, debug.full && !foreign);
                    }
                    Deferred::Variable(..) if !described => {}
                    Deferred::Variable(die, name, ty, scope, kind, span, _) => {
                        self.variable_die(debug, Some(die), name, ty, scope, kind, span);
                    }
                    Deferred::Vtable(ty, of, symbol) => self.vtable_die(debug, ty, of, symbol),
                }
            }
        }
    }

    /// Adds what belongs to the unit as a whole.
    pub fn finish_debug(&self) {
        let Some(debug) = &self.debug else { return };
        self.make_deferred(debug);
        if !debug.uses_printers.get() {
            return;
        }
        // The script is loaded by name; each object has the section, and the linker keeps one of its strings.
        let name = c".debug_gdb_scripts";
        let section = kiln_section_desc {
            flags: KILN_SECTION_ALLOC | KILN_SECTION_MERGE | KILN_SECTION_STRINGS,
            entry_bytes: 1,
            ..Default::default()
        };
        let text = b"\x01gdb_load_rust_pretty_printers.py\0";
        let symbol = kiln_symbol_desc {
            linkage: KILN_LINKAGE_PRIVATE,
            section: name.as_ptr(),
            body: true,
            ..Default::default()
        };
        let data = kiln_data_desc {
            bytes: text.as_ptr().cast(),
            size_bytes: text.len() as u64,
            flags: KILN_DATA_READ_ONLY | KILN_DATA_USED,
            ..Default::default()
        };
        // SAFETY: everything is copied.
        unsafe {
            kiln_section_declare(self.module.raw, name.as_ptr(), &section);
            kiln_data_define(self.module.raw, kiln_data_declare(self.module.raw, &symbol), &data);
        }
    }
}

impl<'tcx> DebugInfoCodegenMethods<'tcx> for Context<'tcx> {
    fn create_vtable_debuginfo(&self, ty: Ty<'tcx>, of: Option<ExistentialTraitRef<'tcx>>, vtable: Value) {
        if let (Some(debug), Value::Symbol(symbol, 0)) = (&self.debug, vtable)
            && debug.full
        {
            match &mut *debug.deferred.borrow_mut() {
                Some(list) => list.push(Deferred::Vtable(ty, of, symbol)),
                None => self.vtable_die(debug, ty, of, symbol),
            }
        }
    }
}

/// The operations that make a variable's address of that of its memory.
fn address_expr(direct: Size, indirect: &[Size]) -> kiln_debug_expr {
    let mut expr = kiln_debug_expr::default();
    // SAFETY: the expression is this function's.
    unsafe {
        if direct.bytes() > 0 {
            kiln_debug_expr_uint(&mut expr, KILN_DW_OP_plus_uconst, direct.bytes());
        }
        for offset in indirect {
            kiln_debug_expr_op(&mut expr, KILN_DW_OP_deref);
            if offset.bytes() > 0 {
                kiln_debug_expr_uint(&mut expr, KILN_DW_OP_plus_uconst, offset.bytes());
            }
        }
    }
    expr
}

/// First bit and number of bits of a part of a variable; 0 bits: all of it.
fn part(fragment: &Option<Range<Size>>) -> (u32, u32) {
    fragment.as_ref().map_or((0, 0), |part| (part.start.bits() as u32, (part.end - part.start).bits() as u32))
}

impl<'tcx> Context<'tcx> {
    fn vtable_die(
        &self,
        debug: &Debug<'tcx>,
        ty: Ty<'tcx>,
        of: Option<ExistentialTraitRef<'tcx>>,
        symbol: kiln_symbol,
    ) {
        if debug.vtables.borrow_mut().insert(symbol) {
            self.describe_vtable(debug, ty, of, symbol);
        }
    }

    /// The entry of a function, which has a number already or gets one: in its scope if that is a namespace. If it is a
    /// type, the type has a declaration, to which the entry refers. It is `full`, or without types.
    fn function_die(
        &self,
        debug: &Debug<'tcx>,
        die: Option<kiln_die>,
        instance: Instance<'tcx>,
        abi: &FnAbi<'tcx, Ty<'tcx>>,
        full: bool,
    ) -> kiln_die {
        let (scope, is_type) = self.function_scope(debug, instance, full);
        let described = self.described(debug, instance, abi, full);
        let part = |die, part| self.function_part(debug, die, instance, abi, part, &described);
        if !is_type {
            return part(die, Part::Whole(scope));
        }
        let known = debug.declarations.borrow().get(&instance).copied();
        let declaration = known.unwrap_or_else(|| part(None, Part::Declaration(scope)));
        debug.declarations.borrow_mut().insert(instance, declaration);
        part(die, Part::Definition(declaration))
    }

    fn described(
        &self,
        debug: &Debug<'tcx>,
        instance: Instance<'tcx>,
        abi: &FnAbi<'tcx, Ty<'tcx>>,
        full: bool,
    ) -> Described<'tcx> {
        let id = instance.def_id();
        // Closures have the arguments of the function around them, and others.
        let of = self.tcx.typeck_root_def_id(id);
        let args = instance.args.truncate_to(self.tcx, self.tcx.generics_of(of));
        let mut name = String::with_capacity(64);
        type_names::push_item_name(self.tcx, id, false, &mut name);
        let normal = self.tcx.normalize_erasing_regions(self.typing_env(), Unnormalized::new_wip(args));
        type_names::push_generic_args(self.tcx, normal, &mut name);
        let (ty, templates) = match full {
            true => (self.function_type(debug, abi), self.template_list(debug, of, args)),
            false => (NONE, NONE),
        };
        let place = self.place(debug, self.tcx.def_span(id).lo());
        Described { place, name, linkage_name: unmarked(self.tcx.symbol_name(instance).name), ty, templates }
    }

    fn function_part(
        &self,
        debug: &Debug<'tcx>,
        die: Option<kiln_die>,
        instance: Instance<'tcx>,
        abi: &FnAbi<'tcx, Ty<'tcx>>,
        part: Part,
        described: &Described<'tcx>,
    ) -> kiln_die {
        let Described { place, name, linkage_name, ty, templates } = described;
        let die = die.unwrap_or_else(|| debug.next());
        match part {
            Part::Whole(scope) | Part::Declaration(scope) => debug.begin_at(die, KILN_DW_TAG_subprogram, scope, name),
            Part::Definition(_) => debug.begin_at(die, KILN_DW_TAG_subprogram, NONE, ""),
        }
        if name != linkage_name {
            debug.set_string(KILN_DW_AT_linkage_name, linkage_name);
        }
        debug.set_ref(KILN_DW_AT_decl_file, place.file.die);
        debug.set_uint(KILN_DW_AT_decl_line, place.line.into());
        match part {
            Part::Definition(declaration) => debug.set_ref(KILN_DW_AT_specification, declaration),
            Part::Declaration(_) => debug.set_flag(KILN_DW_AT_declaration),
            Part::Whole(_) => {}
        }
        if !matches!(part, Part::Definition(_)) {
            self.set_function_flags(debug, instance.def_id(), abi);
        }
        // SAFETY: the set lives as long as the module.
        unsafe {
            kiln_die_set_function_type(debug.set, *ty);
            if *templates != NONE {
                kiln_die_set_children(debug.set, *templates);
            }
        }
        die
    }

    fn set_function_flags(&self, debug: &Debug<'tcx>, id: DefId, abi: &FnAbi<'tcx, Ty<'tcx>>) {
        debug.set_flag(KILN_DW_AT_prototyped);
        if self.tcx.is_reachable_non_generic(id) {
            debug.set_flag(KILN_DW_AT_external);
        }
        if self.tcx.entry_fn(()).is_some_and(|(entry, _)| entry == id) {
            debug.set_flag(KILN_DW_AT_main_subprogram);
        }
        if abi.ret.layout.is_uninhabited() {
            debug.set_flag(KILN_DW_AT_noreturn);
        }
    }

    fn variable_die(
        &self,
        debug: &Debug<'tcx>,
        die: Option<kiln_die>,
        name: Symbol,
        ty: Ty<'tcx>,
        scope: kiln_die,
        kind: VariableKind,
        span: Span,
    ) -> kiln_die {
        let place = self.place(debug, span.lo());
        let nothing = show::is_wanted(self.tcx) && self.layout_of(ty).is_zst();
        let ty = self.type_die(debug, ty);
        let (tag, number) = match kind {
            VariableKind::ArgumentVariable(number) => (KILN_DW_TAG_formal_parameter, number as u32),
            VariableKind::LocalVariable => (KILN_DW_TAG_variable, 0),
        };
        let die = die.unwrap_or_else(|| debug.next());
        debug.begin_at(die, tag, scope, name.as_str());
        debug.set_ref(KILN_DW_AT_decl_file, place.file.die);
        debug.set_uint(KILN_DW_AT_decl_line, place.line.into());
        debug.set_ref(KILN_DW_AT_type, ty);
        if number != 0 {
            // SAFETY: the set lives as long as the module.
            unsafe { kiln_die_set_argument(debug.set, number) };
        }
        if nothing {
            // It is nowhere, but debuggers show what has an address only: the frame's.
            const ADDRESS: [u8; 1] = [KILN_DW_OP_call_frame_cfa as u8];
            // SAFETY: as above; the expression is copied.
            unsafe { kiln_die_set_expr(debug.set, KILN_DW_AT_location, ADDRESS.as_ptr().cast(), ADDRESS.len()) };
        }
        die
    }
}

impl<'tcx> Builder<'_, 'tcx> {
    /// Remembers a slot, in which variables may live.
    pub fn note_slot(&self, slot: kiln_value) {
        if let Some(debug) = &self.debug {
            debug.slots.borrow_mut().insert((self.block.func, slot.id));
        }
    }

    fn location(&self, scope: kiln_die, inlined: u32, place: &Place) -> u32 {
        let location = kiln_location {
            file: place.file.number,
            line: place.line,
            column: place.column,
            scope,
            inlined,
            ..Default::default()
        };
        // SAFETY: the session lives as long as the module.
        let id = unsafe { kiln_loc_new_full(self.module.session, &location) };
        if let (1.., Some(debug)) = (inlined, &self.debug) {
            debug.calls.borrow_mut().insert(id, inlined);
        }
        id
    }

    /// The location of the call that was inlined, if `location` is in an inlined function; else 0.
    fn call_of(&self, location: u32) -> u32 {
        self.debug.as_ref().and_then(|debug| debug.calls.borrow().get(&location).copied()).unwrap_or(0)
    }
}

// rustc asks for these in a unit without debug information, too, if its session has some.
impl<'tcx> DebugInfoBuilderMethods<'tcx> for Builder<'_, 'tcx> {
    fn dbg_scope_fn(
        &mut self,
        instance: Instance<'tcx>,
        abi: &FnAbi<'tcx, Ty<'tcx>>,
        definition: Option<Function>,
    ) -> kiln_die {
        let Some(debug) = &self.debug else { return NONE };
        let is_shared = definition.is_none();
        let die = debug.entry(
            is_shared.then(|| Shared::Function { waits: debug.deferred.borrow().is_some(), of: instance }),
            |die| Deferred::Function(die, instance, is_shared),
            || self.function_die(debug, None, instance, abi, debug.full),
        );
        if is_shared {
            debug.shared_scopes.borrow_mut().insert(die);
            return die;
        }
        let place = self.place(debug, self.tcx.def_span(instance.def_id()).lo());
        let begin = self.location(die, 0, &place);
        // SAFETY: the function is open.
        unsafe {
            kiln_func_set_debug(self.block.func, die, debug.unit, begin);
        }
        die
    }

    fn dbg_create_lexical_block(&mut self, at: BytePos, scope: kiln_die) -> kiln_die {
        let Some(debug) = &self.debug else { return NONE };
        // SAFETY: the set lives as long as the module.
        let make = || unsafe { kiln_die_new_block(debug.set, scope) };
        if !debug.is_shared(scope) {
            return make();
        }
        let block = *debug.shared.borrow_mut().entry(Shared::Block { scope, at }).or_insert_with(make);
        debug.shared_scopes.borrow_mut().insert(block);
        block
    }

    fn dbg_location_clone_with_discriminator(&mut self, location: u32, _: u32) -> Option<u32> {
        Some(location)
    }

    fn dbg_loc(&mut self, scope: kiln_die, inlined_at: Option<u32>, span: Span) -> u32 {
        let Some(debug) = &self.debug else { return 0 };
        let mut place = self.place(debug, span.lo());
        if span.is_dummy() {
            (place.line, place.column) = (0, 0);
        }
        self.location(scope, inlined_at.unwrap_or(0), &place)
    }

    // Locations name their files.
    fn extend_scope_to_file(&mut self, scope: kiln_die, _: &SourceFile) -> kiln_die {
        scope
    }

    fn create_dbg_var(
        &mut self,
        name: Symbol,
        ty: Ty<'tcx>,
        scope: kiln_die,
        kind: VariableKind,
        span: Span,
    ) -> kiln_die {
        let Some(debug) = self.debug.as_ref().filter(|debug| debug.full) else { return NONE };
        let is_shared = debug.is_shared(scope);
        debug.entry(
            is_shared.then_some(Shared::Variable { scope, name, at: span }),
            |die| Deferred::Variable(die, name, ty, scope, kind, span, is_shared),
            || self.variable_die(debug, None, name, ty, scope, kind, span),
        )
    }

    fn dbg_var_addr(
        &mut self,
        variable: kiln_die,
        location: u32,
        address: Value,
        direct: Size,
        indirect: &[Size],
        fragment: &Option<Range<Size>>,
    ) {
        if variable.id == NONE.id {
            return;
        }
        let (slot, offset) = match address {
            Value::Built(slot, _) => (slot, 0),
            Value::Offset(base, offset) if offset > 0 => (base, offset as u64),
            _ => return,
        };
        let expr = address_expr(direct + Size::from_bytes(offset), indirect);
        let (part_at, part_bits) = part(fragment);
        let key = (self.block.func, slot.id);
        let is_slot = self.debug.as_ref().is_some_and(|debug| debug.slots.borrow().contains(&key));
        let inlined = self.call_of(location);
        let func = self.func();
        // SAFETY: the function is open, and everything is copied.
        unsafe {
            if is_slot {
                let declared = kiln_debug_variable {
                    variable,
                    slot,
                    // Its address is read from the slot, which then has to stay in memory.
                    memory: !indirect.is_empty(),
                    expr: expr.bytes.as_ptr(),
                    expr_bytes: expr.size_bytes,
                    part_at,
                    part_bits,
                    inlined,
                    ..Default::default()
                };
                kiln_func_declare_variable(func, &declared);
            } else {
                let value = kiln_debug_value {
                    variable,
                    value: slot,
                    address: true,
                    expr: expr.bytes.as_ptr(),
                    expr_bytes: expr.size_bytes,
                    part_at,
                    part_bits,
                    inlined,
                    ..Default::default()
                };
                kiln_func_set_variable(func, &value);
            }
        }
    }

    fn dbg_var_value(
        &mut self,
        variable: kiln_die,
        location: u32,
        value: Value,
        direct: Size,
        indirect: &[Size],
        fragment: &Option<Range<Size>>,
    ) {
        if variable.id == NONE.id {
            return;
        }
        let value = match value {
            Value::Built(value, ty) if self.register_of(ty).is_some() => value,
            Value::Const(..) | Value::Symbol(..) => self.register(value),
            _ => return,
        };
        let expr = address_expr(direct, indirect);
        let (part_at, part_bits) = part(fragment);
        let set = kiln_debug_value {
            variable,
            value,
            expr: expr.bytes.as_ptr(),
            expr_bytes: expr.size_bytes,
            part_at,
            part_bits,
            inlined: self.call_of(location),
            // Through pointers, the expression gives where the variable is.
            address: !indirect.is_empty(),
            ..Default::default()
        };
        // SAFETY: the function is open, and everything is copied.
        unsafe { kiln_func_set_variable(self.func(), &set) };
    }

    fn set_dbg_loc(&mut self, location: u32) {
        self.location = location;
        let Block { func, block, .. } = self.block;
        // SAFETY: the function is open.
        unsafe {
            if kiln_block_current(func) == block {
                kiln_func_set_loc(func, location);
            }
        }
    }
    fn clear_dbg_loc(&mut self) {
        self.set_dbg_loc(0);
    }
    fn insert_reference_to_gdb_debug_scripts_section_global(&mut self) {
        if let Some(debug) = &self.debug
            && self.tcx.sess.target.emit_debug_gdb_scripts
        {
            debug.uses_printers.set(true);
        }
    }
    fn set_var_name(&mut self, _: Value, _: &str) {}
}
