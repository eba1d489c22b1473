//! Debug information: what in the source the code belongs to.

use std::ffi::CString;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use kiln_sys as sys;

use crate::error::{Error, Result};
use crate::module::{Module, Symbol, of_owner};
use crate::session::SourceFile;
use crate::types::{c_string, count};

/// An entry in a module's or session's debug information: a unit, file, type, function, variable or block.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    raw: sys::kiln_die,
    /// The owner of the set that contains it: a module or a session.
    owner: u32,
}

impl Entry {
    /// Returns the entry for C, if it belongs to that module or session.
    pub(crate) fn of(self, module: u32, session: u32) -> Result<sys::kiln_die> {
        if self.owner == module || self.owner == session {
            Ok(self.raw)
        } else {
            Err(Error::argument("an entry of debug information of another module or session"))
        }
    }
}

/// A record whose members have not been set yet: see [`DebugInfo::set_members`]. They may refer to the record, by
/// [`Record::entry`].
#[derive(Debug)]
pub struct Record(Entry);

impl Record {
    /// Returns the record's type.
    pub fn entry(&self) -> Entry {
        self.0
    }
}

/// How the bits of a base type encode a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
#[non_exhaustive]
pub enum Encoding {
    /// An address.
    Address = sys::KILN_DW_ATE_address,
    /// A truth value.
    Boolean = sys::KILN_DW_ATE_boolean,
    /// A floating-point number.
    Float = sys::KILN_DW_ATE_float,
    /// A signed integer.
    Signed = sys::KILN_DW_ATE_signed,
    /// A signed character.
    SignedChar = sys::KILN_DW_ATE_signed_char,
    /// An unsigned integer.
    Unsigned = sys::KILN_DW_ATE_unsigned,
    /// An unsigned character.
    UnsignedChar = sys::KILN_DW_ATE_unsigned_char,
    /// A Unicode character.
    Utf = sys::KILN_DW_ATE_UTF,
}

/// A kind of record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum RecordKind {
    /// A structure.
    Struct = sys::KILN_DW_TAG_structure_type,
    /// A union.
    Union = sys::KILN_DW_TAG_union_type,
    /// A class.
    Class = sys::KILN_DW_TAG_class_type,
}

/// What a modified type adds to another type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Modifier {
    /// C's `const`.
    Const = sys::KILN_DW_TAG_const_type,
    /// C's `volatile`.
    Volatile = sys::KILN_DW_TAG_volatile_type,
    /// A C++ reference.
    Reference = sys::KILN_DW_TAG_reference_type,
}

/// The language of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Language {
    /// A language that debuggers do not know.
    Other,
    /// C.
    C,
    /// C++.
    Cpp,
    /// Rust.
    Rust,
}

impl Language {
    fn raw(self) -> u32 {
        match self {
            Language::Other => sys::KILN_DW_LANG_lo_user,
            Language::C => sys::KILN_DW_LANG_C11,
            Language::Cpp => sys::KILN_DW_LANG_C_plus_plus_14,
            Language::Rust => sys::KILN_DW_LANG_Rust,
        }
    }
}

/// A member of a record.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its name; `""` for none, as for anonymous unions.
    pub name: &'a str,
    /// Its type.
    pub ty: Entry,
    /// Its offset from the start of the record.
    pub offset_bytes: u64,
}

/// A name and the place where it is declared.
#[derive(Clone, Copy, Debug)]
pub struct Declaration<'a> {
    name: &'a str,
    linkage: &'a str,
    at: Option<(Entry, u32)>,
    ty: Option<Entry>,
    external: bool,
}

impl<'a> Declaration<'a> {
    /// Makes a declaration with a name as in the source.
    pub fn new(name: &'a str) -> Self {
        Declaration { name, linkage: "", at: None, ty: None, external: false }
    }

    /// Sets the symbol of a function whose symbol has another name.
    pub fn linkage_name(mut self, name: &'a str) -> Self {
        self.linkage = name;
        self
    }

    /// Sets the file and the line, which counts from 1.
    pub fn at(mut self, file: Entry, line: u32) -> Self {
        self.at = Some((file, line));
        self
    }

    /// Sets the type; a function's comes from [`DebugInfo::function_type`].
    pub fn ty(mut self, ty: Entry) -> Self {
        self.ty = Some(ty);
        self
    }

    /// Allows other units to refer to it.
    pub fn external(mut self) -> Self {
        self.external = true;
        self
    }
}

/// A place in the source.
#[derive(Clone, Copy, Debug)]
pub struct Location {
    file: SourceFile,
    line: u32,
    column: u32,
    scope: Option<Entry>,
}

impl Location {
    /// Makes a location from a line and column of a file, which count from 1; 0 for none.
    pub fn new(file: SourceFile, line: u32, column: u32) -> Location {
        Location { file, line, column, scope: None }
    }

    /// Sets the function or block of debug information that contains it.
    pub fn scope(mut self, scope: Entry) -> Location {
        self.scope = Some(scope);
        self
    }

    pub(crate) fn raw(&self, module: u32, session: u32) -> Result<sys::kiln_location> {
        if self.file.owner != session {
            return Err(Error::argument("a source file of another session"));
        }
        let scope = self.scope.map_or(Ok(Default::default()), |s| s.of(module, session))?;
        Ok(sys::kiln_location {
            file: self.file.raw,
            line: self.line,
            column: self.column,
            scope,
            ..Default::default()
        })
    }
}

/// The debug information of a module or of a session.
///
/// What several functions share belongs to the module ([`Module::debug`]). Entries of a session
/// ([`Session::debug`](crate::Session::debug)) may refer to those of its module, but not the other way round. Entries
/// that nothing refers to are not written.
pub struct DebugInfo<'a> {
    raw: NonNull<sys::kiln_debug>,
    module: *mut sys::kiln_module,
    frozen: bool,
    module_owner: u32,
    owner: u32,
    of: PhantomData<&'a ()>,
}

impl std::fmt::Debug for DebugInfo<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DebugInfo")
    }
}

/// Converts a text that may be left out.
fn optional(text: &str) -> Result<Option<CString>> {
    if text.is_empty() { Ok(None) } else { c_string(text).map(Some) }
}

fn pointer(text: &Option<CString>) -> *const std::ffi::c_char {
    text.as_ref().map_or(ptr::null(), |t| t.as_ptr())
}

impl<'a> DebugInfo<'a> {
    /// Refers to the set `raw`, which lives as long as `'a`, of a module or of a session of it.
    pub(crate) fn new<S>(raw: NonNull<sys::kiln_debug>, module: &'a Module<S>, owner: u32) -> Self {
        let of = module.raw();
        // SAFETY: the module is alive.
        let frozen = unsafe { sys::kiln_module_is_frozen(of) };
        DebugInfo { raw, module: of, frozen, module_owner: module.owner, owner, of: PhantomData }
    }

    fn raw(&self) -> *mut sys::kiln_debug {
        self.raw.as_ptr()
    }

    fn error(&self) -> Error {
        // SAFETY: the module is alive; only the one thread reads the diagnostic, before the module is frozen.
        unsafe {
            if self.frozen {
                Error::from_status(sys::kiln_module_status(self.module))
            } else {
                Error::from_diag(&*sys::kiln_module_diag(self.module))
            }
        }
    }

    fn check(&self) -> Result<()> {
        // SAFETY: the module is alive; its status may be read at any time.
        if unsafe { sys::kiln_module_status(self.module) } == sys::KILN_OK { Ok(()) } else { Err(self.error()) }
    }

    fn entry(&self, raw: sys::kiln_die) -> Result<Entry> {
        self.check()?;
        if raw.id == 0 { Err(Error::memory()) } else { Ok(Entry { raw, owner: self.owner }) }
    }

    fn own(&self, entry: Entry) -> Result<sys::kiln_die> {
        entry.of(self.module_owner, self.owner)
    }

    fn optional(&self, entry: Option<Entry>) -> Result<sys::kiln_die> {
        entry.map_or(Ok(Default::default()), |e| self.own(e))
    }

    fn declare(
        &self,
        what: &Declaration<'_>,
        new: impl FnOnce(&sys::kiln_die_declaration) -> sys::kiln_die,
    ) -> Result<Entry> {
        let (name, linkage) = (optional(what.name)?, optional(what.linkage)?);
        let (file, line) = match what.at {
            Some((file, line)) => (self.own(file)?, line),
            None => Default::default(),
        };
        self.entry(new(&sys::kiln_die_declaration {
            name: pointer(&name),
            linkage: pointer(&linkage),
            file,
            line,
            r#type: self.optional(what.ty)?,
            external: what.external,
        }))
    }

    /// Adds a source file.
    pub fn file(&self, folder: &str, name: &str) -> Result<Entry> {
        let (folder, name) = (c_string(folder)?, c_string(name)?);
        // SAFETY: the set is alive; the names are copied.
        self.entry(unsafe { sys::kiln_die_new_file(self.raw(), folder.as_ptr(), name.as_ptr()) })
    }

    /// Adds a unit to the module's set: its source file, the name of the compiler, and the language.
    pub fn unit(&self, file: Entry, producer: &str, language: Language) -> Result<Entry> {
        let (file, producer) = (self.own(file)?, c_string(producer)?);
        // SAFETY: the set is alive; the name is copied.
        self.entry(unsafe { sys::kiln_die_new_unit(self.raw(), file, producer.as_ptr(), language.raw()) })
    }

    /// Adds a numeric type.
    pub fn base_type(&self, name: &str, encoding: Encoding, size_bytes: u64) -> Result<Entry> {
        let name = c_string(name)?;
        // SAFETY: the set is alive; the name is copied.
        self.entry(unsafe { sys::kiln_die_new_base_type(self.raw(), name.as_ptr(), encoding as u32, size_bytes) })
    }

    /// Adds a pointer; without a type, a pointer to anything.
    pub fn pointer_type(&self, to: Option<Entry>) -> Result<Entry> {
        let to = self.optional(to)?;
        // SAFETY: the set is alive, the entry its own or its module's.
        self.entry(unsafe { sys::kiln_die_new_pointer_type(self.raw(), to) })
    }

    /// Adds a type derived from another type.
    pub fn modified_type(&self, modifier: Modifier, ty: Entry) -> Result<Entry> {
        let ty = self.own(ty)?;
        // SAFETY: the set is alive, the entry its own or its module's.
        self.entry(unsafe { sys::kiln_die_new_modified_type(self.raw(), modifier as u32, ty) })
    }

    /// Adds another name for a type.
    pub fn typedef(&self, parent: Option<Entry>, name: &str, ty: Entry) -> Result<Entry> {
        let (parent, name, ty) = (self.optional(parent)?, c_string(name)?, self.own(ty)?);
        // SAFETY: the set is alive, the entries its own or its module's.
        self.entry(unsafe { sys::kiln_die_new_typedef(self.raw(), parent, name.as_ptr(), ty) })
    }

    /// Adds an array of `count` elements.
    pub fn array_type(&self, element: Entry, count: u64) -> Result<Entry> {
        let element = self.own(element)?;
        // SAFETY: the set is alive, the entry its own or its module's.
        self.entry(unsafe { sys::kiln_die_new_array_type(self.raw(), element, Default::default(), count) })
    }

    /// Adds a structure, union or class.
    pub fn record(&self, kind: RecordKind, parent: Option<Entry>, name: &str, size_bytes: u64) -> Result<Record> {
        let (parent, name) = (self.optional(parent)?, c_string(name)?);
        // SAFETY: the set is alive, the entry its own or its module's.
        let raw = unsafe { sys::kiln_die_new_record(self.raw(), kind as u32, parent, name.as_ptr(), size_bytes) };
        self.entry(raw).map(Record)
    }

    /// Sets the members of a record of this set, and returns its type.
    pub fn set_members(&self, record: Record, members: &[Member<'_>]) -> Result<Entry> {
        if record.0.owner != self.owner {
            return Err(Error::argument("a record of another module or session"));
        }
        let names = members.iter().map(|m| optional(m.name)).collect::<Result<Vec<_>>>()?;
        let mut list = Vec::with_capacity(members.len());
        for (m, name) in members.iter().zip(&names) {
            list.push(sys::kiln_die_member {
                name: pointer(name),
                r#type: self.own(m.ty)?,
                offset_bytes: m.offset_bytes,
                ..Default::default()
            });
        }
        // SAFETY: the set is alive, the record its own; there are so many members, and their names are copied.
        unsafe { sys::kiln_die_set_members(self.raw(), record.0.raw, list.as_ptr(), count(list.len())?) };
        self.check()?;
        Ok(record.0)
    }

    /// Adds an enumeration that is stored as integers of a type.
    pub fn enumeration(
        &self,
        parent: Option<Entry>,
        name: &str,
        ty: Entry,
        size_bytes: u64,
        items: &[(&str, i64)],
    ) -> Result<Entry> {
        let (parent, name, ty) = (self.optional(parent)?, c_string(name)?, self.own(ty)?);
        let names = items.iter().map(|item| c_string(item.0)).collect::<Result<Vec<_>>>()?;
        let list: Vec<_> = items
            .iter()
            .zip(&names)
            .map(|(item, name)| sys::kiln_die_enumerator { name: name.as_ptr(), value: item.1 })
            .collect();
        let n = count(list.len())?;
        // SAFETY: the set is alive, the entries its own or its module's; there are `n` items; names are copied.
        self.entry(unsafe {
            sys::kiln_die_new_enum(self.raw(), parent, name.as_ptr(), ty, size_bytes, list.as_ptr(), n)
        })
    }

    /// Adds the type of functions with the given parameters and result.
    pub fn function_type(&self, result: Option<Entry>, params: &[Entry]) -> Result<Entry> {
        let result = self.optional(result)?;
        let params = params.iter().map(|&p| self.own(p)).collect::<Result<Vec<_>>>()?;
        let n = count(params.len())?;
        // SAFETY: the set is alive, the entries its own or its module's; there are `n` parameters.
        self.entry(unsafe { sys::kiln_die_new_function_type(self.raw(), result, params.as_ptr(), n) })
    }

    /// Adds a function; [`Function::set_debug`](crate::Function::set_debug) assigns code to it.
    pub fn function(&self, parent: Option<Entry>, what: &Declaration<'_>) -> Result<Entry> {
        let parent = self.optional(parent)?;
        // SAFETY: the set is alive, the entries its own or its module's; names are copied.
        self.declare(what, |d| unsafe { sys::kiln_die_new_function(self.raw(), parent, d, false) })
    }

    /// Adds a parameter to a function, in the order of these calls.
    pub fn parameter(&self, function: Entry, what: &Declaration<'_>) -> Result<Entry> {
        let function = self.own(function)?;
        // SAFETY: as above.
        self.declare(what, |d| unsafe { sys::kiln_die_new_parameter(self.raw(), function, d) })
    }

    /// Adds a variable to a function or block.
    pub fn variable(&self, scope: Entry, what: &Declaration<'_>) -> Result<Entry> {
        let scope = self.own(scope)?;
        // SAFETY: as above.
        self.declare(what, |d| unsafe { sys::kiln_die_new_variable(self.raw(), scope, d) })
    }

    /// Adds a block: a part of a function or block with variables of its own. Its code is the code whose
    /// [locations](Location::scope) name it.
    pub fn block(&self, scope: Entry) -> Result<Entry> {
        let scope = self.own(scope)?;
        // SAFETY: the set is alive, the entry its own or its module's.
        self.entry(unsafe { sys::kiln_die_new_block(self.raw(), scope) })
    }

    /// Adds a global variable to a unit.
    pub fn global(&self, unit: Entry, what: &Declaration<'_>, symbol: Symbol) -> Result<Entry> {
        let (unit, symbol) = (self.own(unit)?, of_owner(symbol, self.module_owner)?);
        // SAFETY: as above.
        self.declare(what, |d| unsafe { sys::kiln_die_new_global(self.raw(), unit, d, symbol) })
    }
}
