//! Errors: Kiln's diagnostics.

use std::ffi::{CStr, c_char};
use std::fmt;

use kiln_sys as sys;

/// The kind of an [`Error`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Status {
    /// Memory ran out.
    Memory,
    /// A handle or number is out of range or belongs to another module or function, or a name contains a NUL.
    Argument,
    /// An operand has the wrong type.
    Type,
    /// A block has no terminator, an edge lacks an argument, a forward value is not bound, or the like.
    Structure,
    /// A value is used where its definition does not dominate the use.
    Dominance,
    /// A symbol is defined twice, is missing, or is not what it was declared to be.
    Symbol,
    /// A text is malformed.
    Syntax,
    /// The input is valid, but not implemented for this target.
    Unsupported,
    /// Something is larger than Kiln can represent.
    Limit,
    /// A file could not be written.
    Io,
    /// There is a bug in Kiln.
    Internal,
    /// The operating system refused something that a [`Jit`](crate::Jit) needs.
    System,
}

impl Status {
    fn from_raw(raw: sys::kiln_status) -> Option<Status> {
        Some(match raw {
            sys::KILN_OK => return None,
            sys::KILN_ERR_MEMORY => Status::Memory,
            sys::KILN_ERR_ARGUMENT => Status::Argument,
            sys::KILN_ERR_TYPE => Status::Type,
            sys::KILN_ERR_STRUCTURE => Status::Structure,
            sys::KILN_ERR_DOMINANCE => Status::Dominance,
            sys::KILN_ERR_SYMBOL => Status::Symbol,
            sys::KILN_ERR_SYNTAX => Status::Syntax,
            sys::KILN_ERR_UNSUPPORTED => Status::Unsupported,
            sys::KILN_ERR_LIMIT => Status::Limit,
            sys::KILN_ERR_IO => Status::Io,
            sys::KILN_ERR_SYSTEM => Status::System,
            _ => Status::Internal,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Status::Memory => "out of memory",
            Status::Argument => "wrong argument",
            Status::Type => "wrong type",
            Status::Structure => "wrong structure",
            Status::Dominance => "a use that its definition does not dominate",
            Status::Symbol => "wrong symbol",
            Status::Syntax => "wrong syntax",
            Status::Unsupported => "not supported",
            Status::Limit => "too large",
            Status::Io => "input or output failed",
            Status::Internal => "internal error",
            Status::System => "refused by the system",
        }
    }
}

/// Says what went wrong, and where. Its [`Display`](fmt::Display) form is one line, which begins with the place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error(Box<Diagnostic>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Diagnostic {
    status: Status,
    message: String,
    module: String,
    function: String,
    block: Option<u32>,
    instruction: Option<u32>,
    line: u32,
    column: u32,
    source: String,
    source_line: u32,
    source_column: u32,
    missing: Vec<String>,
}

/// The result of an operation that may fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Returns the text in an array that ends with a NUL.
fn text(chars: &[c_char]) -> String {
    // SAFETY: a `c_char` and a `u8` have the same size, alignment and values.
    let bytes = unsafe { std::slice::from_raw_parts(chars.as_ptr().cast::<u8>(), chars.len()) };
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

impl Error {
    /// Makes an error of the caller's own, without a place.
    pub fn new(status: Status, message: impl Into<String>) -> Error {
        Error(Box::new(Diagnostic {
            status,
            message: message.into(),
            module: String::new(),
            function: String::new(),
            block: None,
            instruction: None,
            line: 0,
            column: 0,
            source: String::new(),
            source_line: 0,
            source_column: 0,
            missing: Vec::new(),
        }))
    }

    pub(crate) fn argument(message: &str) -> Error {
        Error::new(Status::Argument, message)
    }

    pub(crate) fn memory() -> Error {
        Error::new(Status::Memory, "out of memory")
    }

    /// Makes an error from a status alone. A status that is no error is taken to mean that memory ran out, because only
    /// then does a call return nothing without a status.
    pub(crate) fn from_status(raw: sys::kiln_status) -> Error {
        match Status::from_raw(raw) {
            None | Some(Status::Memory) => Error::memory(),
            Some(status) => Error::new(status, "the module has an error"),
        }
    }

    pub(crate) fn from_diag(d: &sys::kiln_diag) -> Error {
        Error(Box::new(Diagnostic {
            status: Status::from_raw(d.status).unwrap_or(Status::Memory),
            message: text(&d.message),
            module: text(&d.module),
            function: text(&d.function),
            block: (d.has & sys::KILN_DIAG_BLOCK != 0).then_some(d.block),
            instruction: (d.has & sys::KILN_DIAG_INST != 0).then_some(d.inst),
            line: d.line,
            column: d.column,
            source: text(&d.source),
            source_line: d.source_line,
            source_column: d.source_column,
            missing: Vec::new(),
        }))
    }

    /// Makes an error from one of the JIT, which has all names that nothing defines.
    pub(crate) fn from_jit(e: &sys::kiln_jit_error) -> Error {
        let mut error = Error::from_diag(&e.diag);
        if e.n_missing != 0 && !e.missing.data.is_null() {
            // SAFETY: the library's buffer has `size` bytes at `data`.
            let bytes = unsafe { std::slice::from_raw_parts(e.missing.data, e.missing.size) };
            let names = bytes.split(|&b| b == 0).take(e.n_missing as usize);
            error.0.missing = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        }
        error
    }

    /// Returns the kind of error.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// Returns what is wrong, in one line and without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the name of the module, or `""`.
    pub fn module(&self) -> &str {
        &self.0.module
    }

    /// Returns the name of the function, or `""`.
    pub fn function(&self) -> &str {
        &self.0.function
    }

    /// Returns the block, counted from 0 in the order in which the function's blocks were made.
    pub fn block(&self) -> Option<u32> {
        self.0.block
    }

    /// Returns the instruction's number in its function, as counted in Kiln's text form: parameters first, then
    /// instructions in the order in which they were built.
    pub fn instruction(&self) -> Option<u32> {
        self.0.instruction
    }

    /// Returns the line and column, from 1, in a text that was read.
    pub fn position(&self) -> Option<(u32, u32)> {
        (self.0.line != 0).then_some((self.0.line, self.0.column))
    }

    /// Returns the file, line and column of the instruction's source location.
    pub fn source_location(&self) -> Option<(&str, u32, u32)> {
        (self.0.source_line != 0).then_some((&*self.0.source, self.0.source_line, self.0.source_column))
    }

    /// Returns the names that nothing defines, in the order of their first use, after [`Jit::add`](crate::Jit::add).
    pub fn missing(&self) -> &[String] {
        &self.0.missing
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &*self.0;
        for name in [&d.module, &d.function].into_iter().filter(|name| !name.is_empty()) {
            write!(f, "{name}: ")?;
        }
        if d.line != 0 {
            write!(f, "{}:{}: ", d.line, d.column)?;
        } else {
            if let Some(block) = d.block {
                write!(f, "block {block}: ")?;
            }
            if let Some(instruction) = d.instruction {
                write!(f, "instruction {instruction}: ")?;
            }
        }
        f.write_str(if d.message.is_empty() { d.status.name() } else { &d.message })?;
        if d.source_line != 0 {
            write!(f, " ({}:{}:{})", d.source, d.source_line, d.source_column)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Returns the bytes of a C string as text.
///
/// # Safety
/// `p` is NULL, or a string that ends with a NUL and lives as long as `'a`.
pub(crate) unsafe fn c_text<'a>(p: *const c_char) -> std::borrow::Cow<'a, str> {
    if p.is_null() {
        return "".into();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(p) }.to_string_lossy()
}
