//! Modules: symbols, signatures and data.

use std::cell::Cell;
use std::ffi::CString;
use std::marker::PhantomData;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use kiln_sys as sys;

use crate::debug::DebugInfo;
use crate::error::{Error, Result};
use crate::object::Object;
use crate::session::Session;
use crate::signature::{FnType, Signature};
use crate::types::{Linkage, Pic, Target, Tls, Visibility, c_string, count};

/// Returns a number for an owner of handles, so that handles of another owner are recognised. The library itself checks
/// that handles are in range.
pub(crate) fn next_owner() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Relaxed)
}

/// A symbol of a module: a function, a piece of data, or another name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Symbol {
    pub(crate) raw: sys::kiln_symbol,
    pub(crate) owner: u32,
}

/// A signature that a module has interned: equal signatures compare equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sig {
    pub(crate) raw: sys::kiln_sig,
    pub(crate) owner: u32,
}

/// The properties of a symbol.
#[derive(Clone, Debug)]
pub struct SymbolDesc<'a> {
    name: &'a str,
    linkage: Linkage,
    visibility: Visibility,
    tls: Tls,
    section: Option<&'a str>,
    comdat: Option<&'a str>,
    dso_local: bool,
    no_plt: bool,
    body: bool,
    align_log2: u8,
}

impl<'a> SymbolDesc<'a> {
    /// Makes an external symbol. The name `""` is allowed only with internal or private linkage.
    pub fn new(name: &'a str) -> Self {
        SymbolDesc {
            name,
            linkage: Linkage::External,
            visibility: Visibility::Default,
            tls: Tls::None,
            section: None,
            comdat: None,
            dso_local: false,
            no_plt: false,
            body: false,
            align_log2: 0,
        }
    }

    /// Sets where the name is visible, and which definition takes effect.
    pub fn linkage(mut self, linkage: Linkage) -> Self {
        self.linkage = linkage;
        self
    }

    /// Sets which components see the name.
    pub fn visibility(mut self, visibility: Visibility) -> Self {
        self.visibility = visibility;
        self
    }

    /// Makes it thread-local data.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the section of its definition. Without this call, the content determines the section.
    pub fn section(mut self, name: &'a str) -> Self {
        self.section = Some(name);
        self
    }

    /// Sets the section group of its definition.
    pub fn comdat(mut self, name: &'a str) -> Self {
        self.comdat = Some(name);
        self
    }

    /// Binds the symbol in the component being linked, so that it needs no GOT and no PLT.
    pub fn dso_local(mut self) -> Self {
        self.dso_local = true;
        self
    }

    /// Makes calls of a function that may be defined elsewhere go through the GOT instead of the PLT.
    pub fn no_plt(mut self) -> Self {
        self.no_plt = true;
        self
    }

    /// States that a definition follows, on which code that is built before it may rely.
    pub fn body(mut self) -> Self {
        self.body = true;
        self
    }

    /// Sets a function's alignment, 2^`align_log2` bytes; 0 for the target's usual alignment.
    pub fn align_log2(mut self, align_log2: u8) -> Self {
        self.align_log2 = align_log2;
        self
    }

    /// Calls `then` with the description for C.
    fn with<R>(&self, then: impl FnOnce(&sys::kiln_symbol_desc) -> R) -> Result<R> {
        let name = c_string(self.name)?;
        let section = self.section.map(c_string).transpose()?;
        let comdat = self.comdat.map(c_string).transpose()?;
        let pointer = |s: &Option<CString>| s.as_ref().map_or(ptr::null(), |s| s.as_ptr());
        Ok(then(&sys::kiln_symbol_desc {
            name: name.as_ptr(),
            linkage: self.linkage as u32,
            visibility: self.visibility as u32,
            tls: self.tls as u32,
            section: pointer(&section),
            comdat: pointer(&comdat),
            dso_local: self.dso_local,
            no_plt: self.no_plt,
            body: self.body,
            align_log2: self.align_log2,
            ..Default::default()
        }))
    }
}

impl<'a> From<&'a str> for SymbolDesc<'a> {
    fn from(name: &'a str) -> Self {
        SymbolDesc::new(name)
    }
}

/// An address in data: the 8 bytes at `offset` take the address of `symbol` + `addend`.
#[derive(Clone, Copy, Debug)]
pub struct Reloc {
    /// The offset in the data, in bytes.
    pub offset: u64,
    /// The symbol whose address is stored.
    pub symbol: Symbol,
    /// Added to that address.
    pub addend: i64,
}

/// The content of a piece of data.
#[derive(Clone, Debug)]
pub struct Data<'a> {
    bytes: Option<&'a [u8]>,
    size: u64,
    align_log2: u8,
    flags: u32,
    relocs: &'a [Reloc],
}

impl<'a> Data<'a> {
    /// Makes data from a copy of these bytes.
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Data { bytes: Some(bytes), size: bytes.len() as u64, align_log2: 0, flags: 0, relocs: &[] }
    }

    /// Makes data that consists of zeros.
    pub fn zero(size_bytes: u64) -> Self {
        Data { bytes: None, size: size_bytes, align_log2: 0, flags: 0, relocs: &[] }
    }

    /// Aligns the data to a multiple of 2^`align_log2` bytes. `align_log2` is at most 16.
    pub fn align_log2(mut self, align_log2: u8) -> Self {
        self.align_log2 = align_log2;
        self
    }

    /// States that nothing writes to the data after relocation.
    pub fn read_only(mut self) -> Self {
        self.flags |= sys::KILN_DATA_READ_ONLY;
        self
    }

    /// Makes linkers keep the data even if nothing refers to it.
    pub fn used(mut self) -> Self {
        self.flags |= sys::KILN_DATA_USED;
        self
    }

    /// Sets the addresses in the data, in the order of their offsets.
    pub fn relocs(mut self, relocs: &'a [Reloc]) -> Self {
        self.relocs = relocs;
        self
    }

    /// Calls `then` with the data for C. Symbols must belong to `owner`.
    pub(crate) fn with<R>(&self, owner: u32, then: impl FnOnce(&sys::kiln_data_desc) -> R) -> Result<R> {
        let mut relocs = Vec::with_capacity(self.relocs.len());
        for r in self.relocs {
            relocs.push(sys::kiln_reloc {
                offset_bytes: r.offset,
                symbol: of_owner(r.symbol, owner)?,
                addend: r.addend,
                size_bytes: 8,
                ..Default::default()
            });
        }
        Ok(then(&sys::kiln_data_desc {
            bytes: self.bytes.map_or(ptr::null(), |b| b.as_ptr().cast()),
            size_bytes: self.size,
            align_log2: self.align_log2,
            flags: self.flags,
            relocs: relocs.as_ptr(),
            n_relocs: count(relocs.len())?,
            ..Default::default()
        }))
    }
}

/// Returns the symbol for C, if it belongs to that owner.
pub(crate) fn of_owner(symbol: Symbol, owner: u32) -> Result<sys::kiln_symbol> {
    if symbol.owner == owner { Ok(symbol.raw) } else { Err(Error::argument("a symbol of another module")) }
}

/// Options of a module.
#[derive(Clone, Debug)]
pub struct ModuleOptions {
    target: Option<Target>,
    pic: Pic,
    function_sections: bool,
    data_sections: bool,
    verify: bool,
    jit: bool,
    features: u64,
    dwarf_version: u32,
    pinned: Option<String>,
}

impl Default for ModuleOptions {
    fn default() -> Self {
        ModuleOptions::new()
    }
}

impl ModuleOptions {
    /// Makes the default options: for this machine, position-independent, and functions are verified.
    pub fn new() -> Self {
        ModuleOptions {
            target: None,
            pic: Pic::Full,
            function_sections: false,
            data_sections: false,
            verify: true,
            jit: false,
            features: 0,
            dwarf_version: 0,
            pinned: None,
        }
    }

    /// Selects another machine.
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Selects how position-independent the code is.
    pub fn pic(mut self, pic: Pic) -> Self {
        self.pic = pic;
        self
    }

    /// Selects whether each function is in a section of its own.
    pub fn function_sections(mut self, on: bool) -> Self {
        self.function_sections = on;
        self
    }

    /// Selects whether each piece of data is in a section of its own.
    pub fn data_sections(mut self, on: bool) -> Self {
        self.data_sections = on;
        self
    }

    /// Selects whether each function is checked against all rules of the IR before it is compiled. Checking takes a
    /// tenth to a third of the time. Without it, a function that breaks the rules becomes code that may do anything.
    /// Building and compiling are sound in both cases.
    pub fn verify(mut self, on: bool) -> Self {
        self.verify = on;
        self
    }

    /// Selects code for a [`Jit`](crate::Jit): thread-local data is accessed in the way that a JIT supports.
    pub fn jit(mut self, on: bool) -> Self {
        self.jit = on;
        self
    }

    /// Sets the features of every processor that runs the code: `kiln_sys::KILN_FEATURE_...`, combined by `|`.
    pub fn features(mut self, features: u64) -> Self {
        self.features = features;
        self
    }

    /// Sets the DWARF version of debug information, 4 or 5.
    pub fn dwarf_version(mut self, version: u32) -> Self {
        self.dwarf_version = version;
        self
    }

    /// Pins a register for the pointer to a thread or a heap: only [`Function::set_pinned`](crate::Function::set_pinned)
    /// changes it. On x86-64 it is `"rbx"` or one of `"r12"` to `"r15"`, on AArch64 one of `"x19"` to `"x28"`.
    pub fn pinned(mut self, register: &str) -> Self {
        self.pinned = Some(register.to_owned());
        self
    }
}

/// State of a [`Module`] that is not frozen: a single thread uses it.
#[derive(Debug)]
pub struct Open(PhantomData<Cell<()>>);

/// State of a [`Module`] after [`Module::freeze`]: threads share it, and each compiles in a session of its own.
#[derive(Debug)]
pub struct Frozen(());

/// Everything that goes into one object, or into one unit of a [`Jit`](crate::Jit).
///
/// A module declares functions and data; [sessions](Module::session) compile its functions. The first error of a call
/// that adds to the module sticks to it: later calls return it again. A function that fails does not affect other
/// functions.
pub struct Module<S = Open> {
    raw: NonNull<sys::kiln_module>,
    pub(crate) owner: u32,
    /// Sessions that were dropped, with their code.
    kept: Mutex<Vec<NonNull<sys::kiln_session>>>,
    state: PhantomData<S>,
}

// SAFETY: a module and the sessions that it keeps may go to another thread together; while a session is borrowed the
// module stays where it is. It has no state of a thread.
unsafe impl<S> Send for Module<S> {}
// SAFETY: of a frozen module the library allows what takes a shared reference to any thread: signatures, references,
// lookups, sessions. What needs the other threads to be done takes an exclusive one.
unsafe impl Sync for Module<Frozen> {}

impl Module<Open> {
    /// Makes a module for this machine. `name` is for diagnostics and the object's file symbol; `""` for none.
    pub fn new(name: &str) -> Result<Module> {
        Module::with_options(name, &ModuleOptions::new())
    }

    /// Makes a module with options.
    pub fn with_options(name: &str, options: &ModuleOptions) -> Result<Module> {
        let name = c_string(name)?;
        let Some(target) = options.target.map(Target::raw).or_else(Target::raw_host) else {
            return Err(Error::new(crate::Status::Unsupported, "this machine is not a target of Kiln"));
        };
        let raw = sys::kiln_module_options {
            target,
            pic: options.pic as u32,
            name: if name.is_empty() { ptr::null() } else { name.as_ptr() },
            function_sections: options.function_sections,
            data_sections: options.data_sections,
            verify: options.verify,
            jit: options.jit,
            features: options.features,
            ..Default::default()
        };
        // SAFETY: options are copied, with their strings.
        let raw = NonNull::new(unsafe { sys::kiln_module_new(&raw) }).ok_or_else(Error::memory)?;
        let module = Module { raw, owner: next_owner(), kept: Mutex::new(Vec::new()), state: PhantomData };
        let pinned = options.pinned.as_deref().map(c_string).transpose()?;
        if options.dwarf_version != 0 || pinned.is_some() {
            // SAFETY: the module is alive; attributes are copied.
            unsafe {
                let mut attrs = sys::kiln_module_get_attrs(module.raw());
                attrs.dwarf_version = options.dwarf_version;
                attrs.pinned = pinned.as_ref().map_or(ptr::null(), |p| p.as_ptr());
                sys::kiln_module_set_attrs(module.raw(), &attrs);
            }
            module.check()?;
        }
        Ok(module)
    }

    /// Ends the declarations, so that several threads may compile functions at once. Sessions that were made before
    /// must be dropped first; their code stays. Afterwards, declarations find what was declared before, or refer to
    /// external symbols.
    pub fn freeze(self) -> Result<Module<Frozen>> {
        // SAFETY: no session is borrowed, since that would borrow the module.
        let status = unsafe { sys::kiln_module_freeze(self.raw()) };
        if status != sys::KILN_OK {
            return Err(self.error());
        }
        // The parts of `self` pass to the frozen module.
        let mut this = std::mem::ManuallyDrop::new(self);
        let kept = std::mem::take(this.kept.get_mut().unwrap_or_else(PoisonError::into_inner));
        Ok(Module { raw: this.raw, owner: this.owner, kept: Mutex::new(kept), state: PhantomData })
    }

    /// Defines data that was declared. Each may be defined only once.
    pub fn define_data(&self, symbol: Symbol, data: &Data<'_>) -> Result<()> {
        let symbol = of_owner(symbol, self.owner)?;
        // SAFETY: the module is alive; all of the description is copied.
        data.with(self.owner, |d| unsafe { sys::kiln_data_define(self.raw(), symbol, d) })?;
        self.check()
    }

    /// Declares and defines data.
    pub fn data<'a>(&self, desc: impl Into<SymbolDesc<'a>>, data: &Data<'_>) -> Result<Symbol> {
        let symbol = self.declare_data(desc)?;
        self.define_data(symbol, data)?;
        Ok(symbol)
    }

    /// Defines private data: the text and a NUL. The linker may merge equal strings.
    pub fn string(&self, text: &str) -> Result<Symbol> {
        // SAFETY: the module is alive; the text is copied.
        let raw = unsafe { sys::kiln_data_define_string(self.raw(), text.as_ptr().cast(), text.len()) };
        self.symbol(raw)
    }

    /// Defines a symbol as another name for `target` + `offset` bytes.
    pub fn alias<'a>(&self, desc: impl Into<SymbolDesc<'a>>, target: Symbol, offset: i64) -> Result<Symbol> {
        let target = of_owner(target, self.owner)?;
        // SAFETY: the module is alive; the description is copied.
        let raw = desc.into().with(|d| unsafe { sys::kiln_alias_define(self.raw(), d, target, offset) })?;
        self.symbol(raw)
    }

    /// Registers a function without parameters and results to be called when the program starts, or ends (`at_exit`).
    /// Functions with a lower priority run first; the priority is at most 65535, and `None` runs last. In a [`Jit`](crate::Jit),
    /// [`Unit::run_constructors`](crate::Unit::run_constructors) calls them.
    pub fn constructor(&self, function: Symbol, priority: Option<u32>, at_exit: bool) -> Result<()> {
        let func = of_owner(function, self.owner)?;
        let desc = sys::kiln_ctor_desc {
            func,
            priority: priority.unwrap_or(0),
            has_priority: priority.is_some(),
            at_exit,
            ..Default::default()
        };
        // SAFETY: the module is alive; the description is copied.
        unsafe { sys::kiln_ctor_add(self.raw(), &desc) };
        self.check()
    }

    /// Sets the source file that the object's file symbol names in place of the module's name.
    pub fn set_source_file(&self, name: &str) -> Result<()> {
        let name = c_string(name)?;
        // SAFETY: the module is alive; the name is copied.
        unsafe { sys::kiln_module_set_source_file(self.raw(), name.as_ptr()) };
        self.check()
    }

    /// Returns the debug information that functions share: units, files, types.
    pub fn debug(&self) -> Result<DebugInfo<'_>> {
        // SAFETY: the module is alive, and not frozen.
        let raw = unsafe { sys::kiln_module_debug(self.raw()) };
        let raw = NonNull::new(raw).ok_or_else(|| self.error())?;
        Ok(DebugInfo::new(raw, self, self.owner))
    }

    pub(crate) fn check(&self) -> Result<()> {
        // SAFETY: the module is alive.
        if unsafe { sys::kiln_module_status(self.raw()) } == sys::KILN_OK { Ok(()) } else { Err(self.error()) }
    }

    /// Returns the module's complete error, which only the module's single thread may read.
    pub(crate) fn error(&self) -> Error {
        // SAFETY: the module is alive, and no other thread uses it.
        Error::from_diag(unsafe { &*sys::kiln_module_diag(self.raw()) })
    }
}

impl<S> Module<S> {
    pub(crate) fn raw(&self) -> *mut sys::kiln_module {
        self.raw.as_ptr()
    }

    /// Returns libkiln's module, for calls of `kiln_sys`. It lives as long as `self`.
    pub fn as_raw(&self) -> *mut sys::kiln_module {
        self.raw()
    }

    /// Returns the error that made a call return nothing, without reading the diagnostic of a frozen module, which
    /// other threads may be writing.
    pub(crate) fn shared_error(&self) -> Error {
        // SAFETY: the module is alive; its status may be read at any time.
        unsafe {
            if sys::kiln_module_is_frozen(self.raw()) {
                return Error::from_status(sys::kiln_module_status(self.raw()));
            }
            Error::from_diag(&*sys::kiln_module_diag(self.raw()))
        }
    }

    fn symbol(&self, raw: sys::kiln_symbol) -> Result<Symbol> {
        if raw.id == 0 { Err(self.shared_error()) } else { Ok(Symbol { raw, owner: self.owner }) }
    }

    fn sig(&self, raw: sys::kiln_sig) -> Result<Sig> {
        if raw.id == 0 { Err(self.shared_error()) } else { Ok(Sig { raw, owner: self.owner }) }
    }

    pub(crate) fn own_sig(&self, sig: Sig) -> Result<sys::kiln_sig> {
        if sig.owner == self.owner { Ok(sig.raw) } else { Err(Error::argument("a signature of another module")) }
    }

    /// Interns a signature.
    pub fn signature(&self, signature: &Signature) -> Result<Sig> {
        let params: Vec<_> = signature.params.iter().map(|p| p.raw()).collect();
        let results: Vec<_> = signature.results.iter().map(|&t| t as u32).collect();
        let (n_params, n_results) = (count(params.len())?, count(results.len())?);
        // SAFETY: the module is alive; the lists are copied.
        self.sig(unsafe {
            let cc = signature.cc as u32;
            sys::kiln_sig_new(self.raw(), cc, signature.flags, params.as_ptr(), n_params, results.as_ptr(), n_results)
        })
    }

    /// Parses a signature in Kiln's text form: `(i32, i64 zext, ...) -> i32`.
    pub fn parse_signature(&self, text: &str) -> Result<Sig> {
        let text = c_string(text)?;
        // SAFETY: the module is alive; the text ends with a NUL.
        self.sig(unsafe { sys::kiln_sig_parse(self.raw(), text.as_ptr()) })
    }

    /// Declares a function, whose body may follow by [`Session::define`]. A name stands for one symbol of the module.
    pub fn declare<'a>(&self, desc: impl Into<SymbolDesc<'a>>, sig: Sig) -> Result<Symbol> {
        let sig = self.own_sig(sig)?;
        // SAFETY: the module is alive; the description is copied.
        let raw = desc.into().with(|d| unsafe { sys::kiln_func_declare(self.raw(), d, sig) })?;
        self.symbol(raw)
    }

    /// Declares a function with the signature of a Rust function: `declare_fn::<unsafe extern "C" fn(i64) ->
    /// i64>("square")`.
    pub fn declare_fn<'a, F: FnType>(&self, desc: impl Into<SymbolDesc<'a>>) -> Result<Symbol> {
        let sig = self.signature(&F::signature())?;
        self.declare(desc, sig)
    }

    /// Declares data, whose definition may follow.
    pub fn declare_data<'a>(&self, desc: impl Into<SymbolDesc<'a>>) -> Result<Symbol> {
        // SAFETY: the module is alive; the description is copied.
        let raw = desc.into().with(|d| unsafe { sys::kiln_data_declare(self.raw(), d) })?;
        self.symbol(raw)
    }

    /// Finds a symbol by its name.
    pub fn lookup(&self, name: &str) -> Option<Symbol> {
        let name = c_string(name).ok()?;
        // SAFETY: the module is alive; the name ends with a NUL.
        let raw = unsafe { sys::kiln_symbol_lookup(self.raw(), name.as_ptr()) };
        (raw.id != 0).then_some(Symbol { raw, owner: self.owner })
    }

    /// Returns the name of a symbol; `""` if it has none.
    pub fn symbol_name(&self, symbol: Symbol) -> Result<String> {
        let info = self.symbol_info(symbol)?;
        // SAFETY: the name lives as long as the module.
        Ok(unsafe { crate::error::c_text(info.desc.name) }.into_owned())
    }

    pub(crate) fn symbol_info(&self, symbol: Symbol) -> Result<sys::kiln_symbol_info> {
        let symbol = of_owner(symbol, self.owner)?;
        // SAFETY: the module is alive; a symbol out of range gives zeros.
        Ok(unsafe { sys::kiln_symbol_get(self.raw(), symbol) })
    }

    /// Returns the machine that the module is for.
    pub fn target(&self) -> Target {
        // SAFETY: the module is alive.
        let raw = unsafe { sys::kiln_module_get_target(self.raw()) };
        Target::from_raw(raw.processor).unwrap_or(Target::X86_64)
    }

    /// Makes a session, which compiles functions. Dropping it ends it and keeps its code for [`Module::object`] and
    /// [`Jit::add`](crate::Jit::add).
    pub fn session(&self) -> Result<Session<'_, S>> {
        // SAFETY: the module is alive, and outlives the session by its lifetime.
        let raw = unsafe { sys::kiln_session_new(self.raw()) };
        Ok(Session::new(NonNull::new(raw).ok_or_else(|| self.shared_error())?, self))
    }

    pub(crate) fn keep(&self, session: NonNull<sys::kiln_session>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    /// Returns the sessions that were dropped.
    pub(crate) fn sessions(&mut self) -> &mut Vec<NonNull<sys::kiln_session>> {
        self.kept.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the object with the module's data and all functions that its sessions compiled. The functions of a
    /// frozen module are in the order of their declaration; otherwise, they are session by session, in the order in
    /// which the sessions were dropped.
    pub fn object(&mut self) -> Result<Object> {
        let mut object = Object::new();
        self.emit(|m, sessions, n| {
            // SAFETY: module and sessions are alive and nobody else uses them, since `self` is borrowed exclusively.
            unsafe { sys::kiln_emit_object(m, sessions, n, &mut object.0) }
        })?;
        Ok(object)
    }

    /// Writes the object of [`Module::object`] to a file, which is created or replaced.
    pub fn write_object(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = CString::new(path.as_ref().as_os_str().as_encoded_bytes());
        let path = path.map_err(|_| Error::argument("a path contains a NUL"))?;
        self.emit(|m, sessions, n| {
            // SAFETY: as above; the path ends with a NUL.
            unsafe { sys::kiln_emit_object_file(m, sessions, n, path.as_ptr()) }
        })
    }

    fn emit(
        &mut self,
        write: impl FnOnce(*mut sys::kiln_module, *const *mut sys::kiln_session, u32) -> sys::kiln_status,
    ) -> Result<()> {
        let raw = self.raw();
        let sessions = self.sessions();
        let n = count(sessions.len())?;
        match write(raw, sessions.as_ptr().cast(), n) {
            sys::KILN_OK => Ok(()),
            // SAFETY: the module is alive, and no other thread uses it.
            status => Err(match unsafe { &*sys::kiln_module_diag(raw) } {
                d if d.status != sys::KILN_OK => Error::from_diag(d),
                _ => Error::from_status(status),
            }),
        }
    }

    /// Returns the module in Kiln's text form, without the bodies of functions.
    #[cfg(feature = "text")]
    pub fn text(&mut self) -> Result<String> {
        let mut out = Object::new();
        // SAFETY: the module is alive, and no other thread uses it.
        let status = unsafe { sys::kiln_module_print(self.raw(), &mut out.0) };
        if status != sys::KILN_OK {
            return Err(Error::from_status(status));
        }
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

impl<S> Drop for Module<S> {
    fn drop(&mut self) {
        for session in std::mem::take(self.sessions()) {
            // SAFETY: the session is the module's, nobody borrows it, and it was made before the module goes.
            unsafe { sys::kiln_session_free(session.as_ptr()) };
        }
        // SAFETY: nothing borrows the module. A session that was forgotten is lost, and not used again.
        unsafe { sys::kiln_module_free(self.raw()) };
    }
}

impl<S> std::fmt::Debug for Module<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Module")
    }
}
