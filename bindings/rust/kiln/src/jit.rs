//! Code in this process's memory.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::Mutex;

use kiln_sys as sys;

use crate::error::{Error, Result};
use crate::func::Function;
use crate::module::{Module, Open, Symbol};
use crate::session::Session;
use crate::signature::{FnType, UnsafeFn, callable};
use crate::types::c_string;

type Resolve = dyn Fn(&str) -> Option<*const ()> + Send + Sync;

/// Where to look up names that the JIT does not define.
#[derive(Default)]
struct Resolver {
    symbols: BTreeMap<String, usize>,
    resolve: Option<Box<Resolve>>,
}

thread_local! {
    /// A callback's panic, on its way through the library.
    static PANIC: RefCell<Option<Box<dyn Any + Send>>> = const { RefCell::new(None) };
}

/// The library's callback. A panic is kept, and the name is treated as one that nothing defines.
unsafe extern "C" fn resolve(user: *mut c_void, name: *const c_char) -> *mut c_void {
    // SAFETY: the resolver lives longer than the JIT; the name ends with a NUL.
    let (resolver, name) = unsafe { (&*user.cast::<Resolver>(), CStr::from_ptr(name)) };
    let Ok(name) = name.to_str() else { return ptr::null_mut() };
    if let Some(&address) = resolver.symbols.get(name) {
        return address as *mut c_void;
    }
    let Some(resolve) = &resolver.resolve else { return ptr::null_mut() };
    match catch_unwind(AssertUnwindSafe(|| resolve(name))) {
        Ok(address) => address.map_or(ptr::null_mut(), |a| a.cast_mut().cast()),
        Err(panic) => {
            PANIC.with(|p| *p.borrow_mut() = Some(panic));
            ptr::null_mut()
        }
    }
}

/// Resumes a callback's panic after the library has returned.
fn go_on() {
    if let Some(panic) = PANIC.with(|p| p.borrow_mut().take()) {
        resume_unwind(panic);
    }
}

type Compile = dyn Fn(&Jit, &str) -> Option<*const ()> + Send + Sync;

/// A lazy function. The library has its address.
struct Lazy {
    jit: NonNull<sys::kiln_jit>,
    state: NonNull<State>,
    compile: Box<Compile>,
}

// SAFETY: the callback is `Send` and `Sync`, and so is what the addresses are of.
unsafe impl Send for Lazy {}

/// The library's callback at the first call of a lazy function. A panic is like `None`.
unsafe extern "C" fn compile(user: *mut c_void, name: *const c_char) -> *mut c_void {
    // SAFETY: the callback lives as long as the JIT; the name ends with a NUL.
    let (lazy, name) = unsafe { (&*user.cast::<Lazy>(), CStr::from_ptr(name)) };
    let Ok(name) = name.to_str() else { return ptr::null_mut() };
    // The same JIT, which its owner drops.
    let jit = ManuallyDrop::new(Jit { raw: lazy.jit, state: lazy.state });
    let address = catch_unwind(AssertUnwindSafe(|| (lazy.compile)(&jit, name)));
    address.ok().flatten().map_or(ptr::null_mut(), |a| a.cast_mut().cast())
}

/// What the library has the addresses of, as long as the JIT exists.
struct State {
    resolver: Option<Resolver>,
    jitdump_folder: Option<CString>,
    /// Each was a box. Also those that were declared again: a thread may still be in the older callback.
    lazy: Mutex<Vec<NonNull<Lazy>>>,
}

impl Drop for State {
    fn drop(&mut self) {
        for lazy in self.lazy.get_mut().unwrap_or_else(|e| e.into_inner()) {
            // SAFETY: it was a box, and the library does not use it any more.
            drop(unsafe { Box::from_raw(lazy.as_ptr()) });
        }
    }
}

/// Options of a [`Jit`].
#[derive(Default)]
pub struct JitOptions {
    near_bytes: Option<u64>,
    switch: bool,
    no_process_symbols: bool,
    no_unwind: bool,
    gdb: bool,
    perf_map: bool,
    jitdump_folder: Option<String>,
    resolver: Resolver,
}

impl JitOptions {
    /// Makes the default options: memory is taken as needed, and names of the process are found.
    pub fn new() -> JitOptions {
        JitOptions::default()
    }

    /// Places code and data in one piece of address space, so that they reach each other directly; at most 1 GiB, 0 for
    /// 128 MiB. Without this call, memory is taken in pieces at any address.
    pub fn near(mut self, bytes: u64) -> JitOptions {
        self.near_bytes = Some(bytes);
        self
    }

    /// Makes pages writable first and executable afterwards, instead of mapping them twice. This is needed for children
    /// that are not made by `fork`, and for breakpoints.
    pub fn switch_protection(mut self) -> JitOptions {
        self.switch = true;
        self
    }

    /// Sets the address of a name, such as `sine as *const ()` for an `extern "C" fn sine(x: f64) -> f64`.
    pub fn symbol(mut self, name: &str, address: *const ()) -> JitOptions {
        self.resolver.symbols.insert(name.to_string(), address as usize);
        self
    }

    /// Sets a callback that returns the addresses of other names. It is called within [`Jit::add`], and may itself add
    /// to the JIT. If it panics, the name is treated as undefined, and the panic then continues.
    pub fn resolve(mut self, f: impl Fn(&str) -> Option<*const ()> + Send + Sync + 'static) -> JitOptions {
        self.resolver.resolve = Some(Box::new(f));
        self
    }

    /// Does not look up names in the process (`dlsym`).
    pub fn no_process_symbols(mut self) -> JitOptions {
        self.no_process_symbols = true;
        self
    }

    /// Does not register frames with the unwinder, which makes adding faster. Panics and exceptions must then not reach
    /// the code, and backtraces stop there.
    pub fn no_unwind(mut self) -> JitOptions {
        self.no_unwind = true;
        self
    }

    /// Makes each unit, and its debug information, known to gdb.
    pub fn gdb(mut self) -> JitOptions {
        self.gdb = true;
        self
    }

    /// Writes names of functions to `/tmp/perf-PID.map`, for `perf report`.
    pub fn perf_map(mut self) -> JitOptions {
        self.perf_map = true;
        self
    }

    /// Writes code and names to `jit-PID.dump` in this folder, for `perf inject --jit`.
    pub fn jitdump(mut self, folder: &str) -> JitOptions {
        self.jitdump_folder = Some(folder.to_string());
        self
    }
}

impl fmt::Debug for JitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitOptions").field("near_bytes", &self.near_bytes).finish_non_exhaustive()
    }
}

/// How a module is added to a [`Jit`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct AddFlags(u32);

impl AddFlags {
    /// Every name is defined exactly once.
    pub const NONE: AddFlags = AddFlags(0);
    /// External functions are reached through stubs, so that a later unit, which is also added with this flag, may
    /// define them again.
    pub const REDEFINABLE: AddFlags = AddFlags(sys::KILN_JIT_REDEFINABLE);
    /// Functions may be undefined. Calls of them trap until a unit that is redefinable or forward defines them.
    pub const FORWARD: AddFlags = AddFlags(sys::KILN_JIT_FORWARD);

    /// Combines both.
    pub const fn and(self, other: AddFlags) -> AddFlags {
        AddFlags(self.0 | other.0)
    }
}

/// Memory for code, in which modules are linked with each other and with this program. Threads may share it.
///
/// What is added stays until the JIT is dropped or [`Unit::remove`] removes it; a [`JitFn`] borrows the JIT. A JIT that
/// was forgotten ([`std::mem::forget`]) keeps its memory.
pub struct Jit {
    raw: NonNull<sys::kiln_jit>,
    /// Owned; freed after the library's JIT.
    state: NonNull<State>,
}

// SAFETY: the library takes a lock where threads share a JIT; callbacks are `Send` and `Sync`.
unsafe impl Send for Jit {}
// SAFETY: as above: every call but the last may come from any thread at any time.
unsafe impl Sync for Jit {}

impl Jit {
    /// Makes a JIT for this machine.
    pub fn new() -> Result<Jit> {
        Jit::with_options(JitOptions::new())
    }

    /// Makes a JIT with options.
    pub fn with_options(options: JitOptions) -> Result<Jit> {
        let needs = options.resolver.resolve.is_some() || !options.resolver.symbols.is_empty();
        let folder = options.jitdump_folder.as_deref().map(c_string).transpose()?;
        let resolver = needs.then_some(options.resolver);
        let owned = Box::leak(Box::new(State { resolver, jitdump_folder: folder, lazy: Mutex::default() }));
        let state = NonNull::from(owned);
        // SAFETY: it is freed below, or by the JIT's owner.
        let State { resolver, jitdump_folder, .. } = unsafe { state.as_ref() };
        let reach = if options.near_bytes.is_some() { sys::KILN_JIT_REACH_NEAR } else { sys::KILN_JIT_REACH_FAR };
        let raw = sys::kiln_jit_options {
            memory_bytes: options.near_bytes.unwrap_or(0),
            reach,
            protection: if options.switch { sys::KILN_JIT_PROTECTION_SWITCH } else { sys::KILN_JIT_PROTECTION_AUTO },
            resolve: if needs { Some(resolve) } else { None },
            resolve_user: resolver.as_ref().map_or(ptr::null_mut(), |r| ptr::from_ref(r).cast_mut().cast()),
            no_process_symbols: options.no_process_symbols,
            no_unwind: options.no_unwind,
            gdb: options.gdb,
            perf_map: options.perf_map,
            jitdump_folder: jitdump_folder.as_ref().map_or(ptr::null(), |f| f.as_ptr()),
            ..Default::default()
        };
        let mut error = JitError::new();
        // SAFETY: options are copied; the resolver lives as long as the JIT.
        let jit = unsafe { sys::kiln_jit_new(&raw, &mut error.0) };
        match NonNull::new(jit) {
            Some(raw) => Ok(Jit { raw, state }),
            None => {
                // SAFETY: it was a box, and nobody uses it.
                drop(unsafe { Box::from_raw(state.as_ptr()) });
                Err(error.get())
            }
        }
    }

    fn raw(&self) -> *mut sys::kiln_jit {
        self.raw.as_ptr()
    }

    /// Returns libkiln's JIT, for calls of `kiln_sys`. It lives as long as `self`.
    pub fn as_raw(&self) -> *mut sys::kiln_jit {
        self.raw()
    }

    /// Links a module's data and the functions that its sessions compiled, as one unit, with each other, with what was
    /// added before, and with this program. Either the whole unit is added, or nothing changes. The code is copied, so
    /// the module can be dropped.
    pub fn add<S>(&self, module: &mut Module<S>, flags: AddFlags) -> Result<Unit<'_>> {
        let (raw, owner) = (module.raw(), module.owner);
        let sessions = module.sessions();
        let input = sys::kiln_jit_input {
            module: raw,
            sessions: sessions.as_ptr().cast(),
            n_sessions: crate::types::count(sessions.len())?,
            ..Default::default()
        };
        let mut unit = sys::kiln_jit_unit::default();
        let mut error = JitError::new();
        // SAFETY: the JIT is alive; module and sessions are, and nobody else uses them.
        let status = unsafe { sys::kiln_jit_add(self.raw(), flags.0, &input, 1, &mut unit, &mut error.0) };
        go_on();
        if status == sys::KILN_OK {
            Ok(Unit { jit: self, raw: unit, owner, streamed: false })
        } else {
            Err(error.get())
        }
    }

    /// Begins to add a module's functions one by one, while others are still being built.
    pub fn stream<'a>(&'a self, module: &'a Module<Open>) -> Result<Stream<'a>> {
        let mut error = JitError::new();
        // SAFETY: JIT and module are alive, and live longer than the stream.
        let raw = unsafe { sys::kiln_jit_stream_new(self.raw(), module.raw(), std::ptr::null(), &mut error.0) };
        match NonNull::new(raw) {
            Some(raw) => Ok(Stream { raw, jit: self, module }),
            None => Err(error.get()),
        }
    }

    /// Returns the address of an external symbol of any unit: a function, or data (for thread-local data, this thread's
    /// copy). The address is valid as long as the unit exists.
    ///
    /// # Safety
    /// If it is thread-local data, this thread must not end while the JIT is dropped.
    pub unsafe fn lookup(&self, name: &str) -> Option<NonNull<c_void>> {
        let name = c_string(name).ok()?;
        // SAFETY: the JIT is alive; the name ends with a NUL; as the caller promises.
        NonNull::new(unsafe { sys::kiln_jit_lookup(self.raw(), name.as_ptr()) })
    }

    /// Declares a function that is compiled when it is called for the first time, and returns its stub. Modules that are
    /// added may refer to the name as to one that a unit defines. The first call runs `compile`, which adds a unit that
    /// defines the function, or returns the address of other code where the call goes on. If it does neither, or panics,
    /// the program ends with a message. Other threads that call the function meanwhile wait.
    ///
    /// `F` must be the type of the function that is compiled: this is part of the promise for calls ([`JitFn`]). The
    /// stub exists as long as the name is declared or a unit refers to it, and the callback as long as the JIT.
    pub fn declare_lazy<F: UnsafeFn>(
        &self,
        name: &str,
        compile_it: impl Fn(&Jit, &str) -> Option<*const ()> + Send + Sync + 'static,
    ) -> Result<JitFn<'_, F>> {
        let name = c_string(name)?;
        let lazy = Lazy { jit: self.raw, state: self.state, compile: Box::new(compile_it) };
        let lazy = NonNull::from(Box::leak(Box::new(lazy)));
        // SAFETY: the state lives as long as the JIT.
        let mut all = unsafe { self.state.as_ref() }.lazy.lock().unwrap_or_else(|e| e.into_inner());
        let mut error = JitError::new();
        let raw = self.raw();
        let desc = sys::kiln_jit_lazy_desc {
            name: name.as_ptr(),
            compile: Some(compile),
            compile_user: lazy.as_ptr().cast(),
            ..Default::default()
        };
        // SAFETY: the JIT is alive; the callback lives as long as it does.
        let stub = unsafe { sys::kiln_jit_declare_lazy(raw, &desc, &mut error.0) };
        all.push(lazy);
        if stub.is_null() {
            return Err(error.get());
        }
        // SAFETY: calls of it are unsafe, and whoever calls promises the type.
        Ok(JitFn { f: unsafe { F::from_address(stub) }, jit: PhantomData })
    }

    /// Ends what [`Jit::declare_lazy`] began. Code of the function stays; without code, calls of it end the program with
    /// a message.
    ///
    /// # Safety
    /// If no unit refers to the name or defines it, the function that `declare_lazy` returned must not be called any
    /// more.
    pub unsafe fn remove_lazy(&self, name: &str) -> Result<()> {
        let name = c_string(name)?;
        let mut error = JitError::new();
        // SAFETY: the JIT is alive.
        let status = unsafe { sys::kiln_jit_remove_lazy(self.raw(), name.as_ptr(), &mut error.0) };
        if status == sys::KILN_OK { Ok(()) } else { Err(error.get()) }
    }

    /// Returns which function has code at an address, and where in the source the code comes from. For a frame of a
    /// backtrace, pass the return address minus 1. Any thread may call this while others add and remove units. The
    /// result is allocated, so a signal handler calls `kiln_sys::kiln_jit_find_pc` instead, with memory of its own.
    pub fn find_pc(&self, pc: *const ()) -> Option<PcInfo> {
        let (mut frames, mut text) = (vec![sys::kiln_jit_frame::default(); 8], vec![0u8; 512]);
        loop {
            let mut info = sys::kiln_jit_pc_info {
                frames: frames.as_mut_ptr(),
                max_frames: crate::types::count(frames.len()).ok()?,
                text: text.as_mut_ptr().cast(),
                text_bytes: text.len(),
                ..Default::default()
            };
            // SAFETY: the JIT is alive; the library writes no more than there is room for.
            if !unsafe { sys::kiln_jit_find_pc(self.raw(), pc.cast(), &mut info) } {
                return None;
            }
            let n = info.n_frames as usize;
            if n > frames.len() || info.needed_bytes > text.len() {
                frames.resize(n.max(frames.len()), Default::default());
                text.resize(info.needed_bytes.max(text.len()), 0);
                continue;
            }
            // SAFETY: strings of frames that were found end with a NUL, and are in `text` or static.
            let string = |s: *const c_char| unsafe { CStr::from_ptr(s) }.to_string_lossy().into_owned();
            let frame = |f: &sys::kiln_jit_frame| Frame {
                function: string(f.function),
                file: string(f.file),
                line: f.line,
                column: f.column,
            };
            let frames = frames[..n].iter().map(frame).collect();
            return Some(PcInfo { address: info.address as usize, size: info.size_bytes, frames });
        }
    }
}

impl Drop for Jit {
    fn drop(&mut self) {
        // SAFETY: units, streams and functions borrow the JIT, so nobody uses it. Whoever called its code has promised
        // that none of it runs now.
        unsafe { sys::kiln_jit_free(self.raw()) }
        // SAFETY: it was a box, and the library does not use it any more.
        drop(unsafe { Box::from_raw(self.state.as_ptr()) });
    }
}

impl fmt::Debug for Jit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jit")
    }
}

/// What [`Jit::find_pc`] finds.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PcInfo {
    /// The address of the function's code.
    pub address: usize,
    /// The size of the function's code in bytes.
    pub size: usize,
    /// The function, after those that were inlined into it; the innermost is first.
    pub frames: Vec<Frame>,
}

/// A function that code at an address belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// The function's name; empty if it has none or the name is not known.
    pub function: String,
    /// The source file; empty if it is not known.
    pub file: String,
    /// The line, from 1; 0 if it is not known.
    pub line: u32,
    /// The column, from 1; 0 if it is not known.
    pub column: u32,
}

/// An error that the library fills in.
struct JitError(sys::kiln_jit_error);

impl JitError {
    fn new() -> JitError {
        JitError(Default::default())
    }

    fn get(&self) -> Error {
        Error::from_jit(&self.0)
    }
}

impl Drop for JitError {
    fn drop(&mut self) {
        // SAFETY: the library filled it in, or it is zero.
        unsafe { sys::kiln_jit_error_free(&mut self.0) }
    }
}

/// A function of a [`Jit`] with its type, which was compared with the function's signature. It cannot outlive the JIT.
///
/// As `unsafe extern "C" fn(..) -> ..` it has an `unsafe fn call`, whose caller promises that
///
/// - for these arguments, the code and whatever it calls do only what safe Rust may do: the code accesses no memory
///   that it must not access, it ends, and it neither unwinds into this program (unless the type is `"C-unwind"`) nor
///   leaves by `longjmp`; if it was redefined, or is [lazy](Jit::declare_lazy), the function that was compiled has the
///   same signature;
/// - its unit has not been [removed](Unit::remove), none of its code runs while the unit is removed or the JIT is
///   dropped, and no thread that used its thread-local data ends meanwhile;
/// - whatever it registers with the process (`atexit`, signal handlers, threads) may run, or is gone, by then.
///
/// [`JitFn::assume_safe`] makes this promise once, for all calls.
pub struct JitFn<'j, F> {
    pub(crate) f: F,
    jit: PhantomData<&'j Jit>,
}

impl<F: Copy> Clone for JitFn<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F: Copy> Copy for JitFn<'_, F> {}

impl<F> fmt::Debug for JitFn<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JitFn")
    }
}

impl<'j, F: UnsafeFn> JitFn<'j, F> {
    /// Returns the function at an address that a unit or stream returned, if it has that type.
    fn of<S>(module: &Module<S>, symbol: Symbol, address: *const c_void) -> Result<Self> {
        if address.is_null() {
            return Err(Error::new(crate::Status::Symbol, "the unit does not define the function"));
        }
        check_type::<F, S>(module, symbol)?;
        // SAFETY: code of this function, whose signature is the type's.
        Ok(JitFn { f: unsafe { F::from_address(address) }, jit: PhantomData })
    }

    /// Returns the same function as one that is safe to call.
    ///
    /// # Safety
    /// Every call of it that safe code can make, with any arguments of these types, must be sound: see [`JitFn`].
    pub unsafe fn assume_safe(self) -> JitFn<'j, F::Safe> {
        // SAFETY: as the caller promises.
        JitFn { f: unsafe { self.f.into_safe() }, jit: PhantomData }
    }

    /// Returns the function's pointer, which has no lifetime. Whoever calls it makes the promise of [`JitFn`], and also
    /// promises that the JIT still exists.
    pub fn as_fn(self) -> F {
        self.f
    }
}

/// Returns an error unless the symbol is a function of the module with the signature of `F`.
fn check_type<F: FnType, S>(module: &Module<S>, symbol: Symbol) -> Result<()> {
    let info = module.symbol_info(symbol)?;
    // SAFETY: the module is alive; a signature out of range gives zeros. Its lists live as long as the module.
    let sig = unsafe { sys::kiln_sig_get(module.raw(), info.sig) };
    if info.kind != sys::KILN_SYMBOL_FUNC || !callable(&sig, &F::signature()) {
        return Err(Error::new(crate::Status::Type, "the function's signature is not that of the type"));
    }
    Ok(())
}

/// The unit that one call of [`Jit::add`] added.
///
/// Dropping this handle does not remove the code.
pub struct Unit<'j> {
    jit: &'j Jit,
    raw: sys::kiln_jit_unit,
    /// The module that it was made from.
    owner: u32,
    /// True for a unit of a stream, whose functions may be built again.
    streamed: bool,
}

impl<'j> Unit<'j> {
    /// Returns a function of the unit by its symbol in the module that was added. The type is compared with the
    /// function's signature:
    ///
    /// `unit.function::<unsafe extern "C" fn(i64) -> i64>(&module, symbol)?`
    pub fn function<F: UnsafeFn>(&self, module: &Module<impl Sized>, symbol: Symbol) -> Result<JitFn<'j, F>> {
        if module.owner != self.owner {
            return Err(Error::argument("the unit is of another module"));
        }
        let name = module.symbol_name(symbol)?;
        if name.is_empty() || !(self.streamed || module.symbol_info(symbol)?.defined) {
            return Err(Error::argument("the function has no name or no body"));
        }
        let address = self.address(&name).map_or(ptr::null(), |a| a.as_ptr().cast_const());
        JitFn::of(module, symbol, address)
    }

    /// Returns the address of a function or data of the unit, including internal ones, but not thread-local data. The
    /// address is valid as long as the unit exists.
    pub fn address(&self, name: &str) -> Option<NonNull<c_void>> {
        let name = c_string(name).ok()?;
        // SAFETY: the JIT is alive; the name ends with a NUL; a unit that is gone gives none.
        NonNull::new(unsafe { sys::kiln_jit_address(self.jit.raw(), self.raw, name.as_ptr()) })
    }

    /// Calls the unit's constructors, once, without any program arguments.
    ///
    /// # Safety
    /// The same as for a call of any of its functions: see [`JitFn`].
    pub unsafe fn run_constructors(&self) -> Result<()> {
        let mut none = [ptr::null_mut::<c_char>()];
        let list = none.as_mut_ptr();
        // SAFETY: the JIT is alive; the lists end with NULL.
        let status = unsafe { sys::kiln_jit_run_constructors(self.jit.raw(), self.raw, 0, list, list) };
        if status == sys::KILN_OK { Ok(()) } else { Err(Error::from_status(status)) }
    }

    /// Calls what the code registered by `atexit`, and then its destructors, once.
    ///
    /// # Safety
    /// The same as for a call of any of its functions: see [`JitFn`].
    pub unsafe fn run_destructors(&self) -> Result<()> {
        // SAFETY: the JIT is alive.
        let status = unsafe { sys::kiln_jit_run_destructors(self.jit.raw(), self.raw) };
        if status == sys::KILN_OK { Ok(()) } else { Err(Error::from_status(status)) }
    }

    /// Removes the unit and reuses its memory; it then has no functions any more. Returns an error if other units refer
    /// to its definitions other than through stubs.
    ///
    /// # Safety
    /// No thread may be running its code or return to it, and no [`JitFn`], pointer or other code of it may be used
    /// afterwards.
    pub unsafe fn remove(&self) -> Result<()> {
        let mut error = JitError::new();
        // SAFETY: the JIT is alive; as the caller promises.
        let status = unsafe { sys::kiln_jit_remove(self.jit.raw(), self.raw, &mut error.0) };
        if status == sys::KILN_OK { Ok(()) } else { Err(error.get()) }
    }
}

impl fmt::Debug for Unit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unit({})", self.raw.id)
    }
}

/// A module whose functions are added to a [`Jit`] one by one while others are still being built. This is for
/// interactive prompts, and for functions that are compiled when they are first called.
pub struct Stream<'a> {
    raw: NonNull<sys::kiln_jit_stream>,
    jit: &'a Jit,
    module: &'a Module<Open>,
}

impl<'a> Stream<'a> {
    /// Builds a function as [`Session::define`] does, compiles it, and adds it together with the data that the module
    /// got since the last call. With [`AddFlags::REDEFINABLE`] it may be defined again, and calls of it then reach the
    /// new code; for an external function, so do calls through this [`JitFn`].
    pub fn define<F: UnsafeFn>(
        &self,
        session: &Session<'_>,
        symbol: Symbol,
        flags: AddFlags,
        build: impl for<'id> FnOnce(&Function<'id>),
    ) -> Result<JitFn<'a, F>> {
        if !ptr::eq(session.module(), self.module) {
            return Err(Error::argument("a session of another module"));
        }
        check_type::<F, Open>(self.module, symbol)?;
        let (f, ()) = session.build(symbol, |f| {
            build(f);
            Ok::<_, Error>(())
        })?;
        let mut error = JitError::new();
        // SAFETY: stream and function are alive; the function is freed in any case.
        let address =
            unsafe { sys::kiln_jit_stream_define(self.raw.as_ptr(), f, flags.0, ptr::null_mut(), &mut error.0) };
        go_on();
        if address.is_null() {
            return Err(error.get());
        }
        // SAFETY: code of this function, whose signature is the type's.
        Ok(JitFn { f: unsafe { F::from_address(address) }, jit: PhantomData })
    }

    /// Adds what the session has compiled since its code was last added, and the module's new data.
    pub fn add(&self, session: &Session<'_>, flags: AddFlags) -> Result<Unit<'a>> {
        if !ptr::eq(session.module(), self.module) {
            return Err(Error::argument("a session of another module"));
        }
        let mut unit = sys::kiln_jit_unit::default();
        let mut error = JitError::new();
        // SAFETY: stream and session are alive, and of this thread.
        let status =
            unsafe { sys::kiln_jit_stream_add(self.raw.as_ptr(), session.raw(), flags.0, &mut unit, &mut error.0) };
        go_on();
        let owner = self.module.owner;
        if status == sys::KILN_OK {
            Ok(Unit { jit: self.jit, raw: unit, owner, streamed: true })
        } else {
            Err(error.get())
        }
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        // SAFETY: the stream is alive; its JIT and module are.
        unsafe { sys::kiln_jit_stream_free(self.raw.as_ptr()) }
    }
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}
