//! Sessions, which compile functions.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use kiln_sys as sys;

use crate::debug::DebugInfo;
use crate::error::{Error, Result};
use crate::func::Function;
use crate::module::{Frozen, Module, Open, Symbol, next_owner, of_owner};
use crate::types::c_string;

/// A source file of a session, for [`Location`](crate::Location)s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SourceFile {
    pub(crate) raw: u32,
    pub(crate) owner: u32,
}

/// Compiles functions of a [`Module`], one after the other or with several open at once. Its memory is reused from
/// function to function.
///
/// A session belongs to one thread. A session of an open module stays in the module's thread; of a frozen module, each
/// thread may have one.
pub struct Session<'m, S = Open> {
    raw: NonNull<sys::kiln_session>,
    module: &'m Module<S>,
    owner: u32,
}

// SAFETY: after the freeze the library lets any thread use a session, one at a time.
unsafe impl Send for Session<'_, Frozen> {}

/// A function under construction. Dropping it discards the function.
struct Building(NonNull<sys::kiln_func>);

impl Building {
    /// Passes the function to whatever ends it.
    fn release(self) -> *mut sys::kiln_func {
        ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // SAFETY: the function is open: what ends it takes it out of here first.
        unsafe { sys::kiln_func_discard(self.0.as_ptr()) }
    }
}

impl<'m, S> Session<'m, S> {
    pub(crate) fn new(raw: NonNull<sys::kiln_session>, module: &'m Module<S>) -> Session<'m, S> {
        Session { raw, module, owner: next_owner() }
    }

    pub(crate) fn raw(&self) -> *mut sys::kiln_session {
        self.raw.as_ptr()
    }

    /// Returns libkiln's session, for calls of `kiln_sys`. It lives at least as long as `self`.
    pub fn as_raw(&self) -> *mut sys::kiln_session {
        self.raw()
    }

    /// Returns the session's module.
    pub fn module(&self) -> &'m Module<S> {
        self.module
    }

    /// Builds the body of a function that was declared, and compiles it.
    ///
    /// `build` gets the [`Function`], whose entry block is current. Values and blocks belong to this function alone:
    /// the compiler refuses to use them in another function, or afterwards. Other functions may be built meanwhile, by
    /// calls of this function in `build`.
    ///
    /// The first mistake makes the function fail and is returned here; whatever is built after it does nothing. The
    /// module is then unchanged, and the function may be built again. If `build` panics, the function is discarded.
    pub fn define<R>(&self, symbol: Symbol, build: impl for<'id> FnOnce(&Function<'id>) -> R) -> Result<R> {
        self.try_define(symbol, |f| Ok(build(f)))
    }

    /// Does what [`Session::define`] does, for a body that may turn out to be impossible: the function is discarded if
    /// `build` returns an error.
    pub fn try_define<R, E: From<Error>>(
        &self,
        symbol: Symbol,
        build: impl for<'id> FnOnce(&Function<'id>) -> Result<R, E>,
    ) -> Result<R, E> {
        let (f, result) = self.build(symbol, build)?;
        let mut diag = sys::kiln_diag::default();
        // SAFETY: the function is open, and is freed in any case.
        let status = unsafe { sys::kiln_func_try_compile(f, &mut diag) };
        if status != sys::KILN_OK {
            diag.status = status;
            return Err(Error::from_diag(&diag).into());
        }
        Ok(result)
    }

    /// Returns a function that was built, to be compiled or discarded.
    pub(crate) fn build<R, E: From<Error>>(
        &self,
        symbol: Symbol,
        build: impl for<'id> FnOnce(&Function<'id>) -> Result<R, E>,
    ) -> Result<(*mut sys::kiln_func, R), E> {
        let symbol = of_owner(symbol, self.module.owner)?;
        // SAFETY: the session is alive, and this thread's.
        let raw = unsafe { sys::kiln_func_begin(self.raw(), symbol) };
        let Some(raw) = NonNull::new(raw) else {
            return Err(self.module.shared_error().into());
        };
        let building = Building(raw);
        let result = build(&Function::new(raw, self.module.owner, self.owner, self.module.raw()))?;
        Ok((building.release(), result))
    }

    /// Reads functions, data and declarations in Kiln's text form into the module, and compiles the functions.
    #[cfg(feature = "text")]
    pub fn read_text(&self, text: &str) -> Result<()> {
        // SAFETY: the session is alive, and the text so long. Without a sink the library compiles what it reads.
        let status =
            unsafe { sys::kiln_text_read(self.raw(), text.as_ptr().cast(), text.len(), None, std::ptr::null_mut()) };
        if status == sys::KILN_OK { Ok(()) } else { Err(self.module.shared_error()) }
    }

    /// Adds a source file for locations. Equal names get equal numbers.
    pub fn source_file(&self, name: &str) -> Result<SourceFile> {
        let name = c_string(name)?;
        // SAFETY: the session is alive; the name is copied.
        let raw = unsafe { sys::kiln_file_new(self.raw(), name.as_ptr()) };
        if raw == 0 { Err(self.module.shared_error()) } else { Ok(SourceFile { raw, owner: self.owner }) }
    }

    /// Returns the debug information of this session's functions alone: the functions, their variables and blocks.
    pub fn debug(&self) -> Result<DebugInfo<'_>> {
        // SAFETY: the session is alive.
        let raw = unsafe { sys::kiln_session_debug(self.raw()) };
        let raw = NonNull::new(raw).ok_or_else(|| self.module.shared_error())?;
        Ok(DebugInfo::new(raw, self.module, self.owner))
    }

    /// Returns what has been done so far.
    pub fn stats(&self) -> Stats {
        // SAFETY: the session is alive.
        let raw = unsafe { sys::kiln_session_get_stats(self.raw()) };
        Stats {
            functions: raw.functions,
            instructions: raw.instructions,
            code_bytes: raw.code_bytes,
            memory_bytes: raw.memory_bytes,
        }
    }

    /// Ends the session and drops its code: its functions are then undefined in the object.
    pub fn discard(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: the session is alive, has no open function, and is not used again.
        unsafe { sys::kiln_session_free(this.raw()) };
    }
}

impl<S> Drop for Session<'_, S> {
    fn drop(&mut self) {
        self.module.keep(self.raw);
    }
}

impl<S> std::fmt::Debug for Session<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

/// Statistics of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Functions compiled.
    pub functions: u64,
    /// IR instructions compiled.
    pub instructions: u64,
    /// Machine code, in bytes.
    pub code_bytes: u64,
    /// Memory of the session's tables, in bytes.
    pub memory_bytes: u64,
}

/// Makes a lifetime invariant, so that two different ones are never confused.
pub(crate) type Invariant<'id> = PhantomData<fn(&'id ()) -> &'id ()>;
