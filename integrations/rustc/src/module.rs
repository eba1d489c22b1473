//! Kiln's module and session, as a unit of rustc has them.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::time::Duration;
use std::{fs, io, slice};

use rustc_hir::def_id::LOCAL_CRATE;
use rustc_middle::ty::TyCtxt;
use rustc_session::Session;
use rustc_session::config::SplitDwarfKind;
use rustc_span::RemapPathScopeComponents;
use rustc_target::spec::{FramePointer, RelocModel, SplitDebuginfo, StackProbeType};

use crate::compat::{self, CrateType};
use crate::copies;
use crate::failing::{Failing, Place};
use crate::fallback::{self, Refusal};
use crate::operation::{Operations, feature_flags};
use crate::processor::Processor;
use crate::show;
use crate::sys::*;

/// Bytes of the stack's guard page: functions with larger frames touch each page.
const GUARD_PAGE: u32 = 4096;

/// A module with the one session that builds its functions.
pub struct Module {
    pub raw: *mut kiln_module,
    pub session: *mut kiln_session,
    pub processor: &'static Processor,
    /// Where it is to fail.
    pub failing: Failing,
    /// What builds LLVM's operations, once there is one.
    pub operations: RefCell<Option<Operations>>,
    assembler: *mut kiln_as,
    /// Where the larger part of the debug information goes.
    split: Split,
    /// Features of the processor that all functions have (KILN_FEATURE_...).
    pub features: u64,
    attrs: kiln_func_attrs,
    /// Who made the object: the strings of `.comment`.
    origin: String,
    /// A static or function has an attribute that puts it there.
    pub in_comment: Cell<bool>,
}

/// The seed that `$KILN_STRESS` gives the register allocator, for tests (tools/settings.c); 0: none.
fn stress_seed(sess: &Session) -> u64 {
    match fallback::variable("KILN_STRESS").unwrap_or_default().as_str() {
        "" => 0,
        word => match word.parse() {
            Ok(seed @ 1..) if !word.starts_with('+') => seed,
            _ => sess.dcx().fatal(format!("KILN_STRESS: bad value '{word}': a decimal number other than 0")),
        },
    }
}

/// Where the larger part of the debug information goes: nowhere else, to a .dwo file, or to the object, in sections that
/// linkers leave out.
#[derive(Copy, Clone, PartialEq)]
enum Split {
    Off,
    File,
    Single,
}

impl Split {
    fn of(sess: &Session) -> Split {
        match (sess.split_debuginfo(), sess.opts.unstable_opts.split_dwarf_kind) {
            (SplitDebuginfo::Off, _) => Split::Off,
            (_, SplitDwarfKind::Split) => Split::File,
            (_, SplitDwarfKind::Single) => Split::Single,
        }
    }
}

/// The name of a unit's .dwo file, as debuggers look for it.
fn dwo_name(tcx: TyCtxt<'_>, unit: &str) -> Option<CString> {
    let (sess, outputs) = (tcx.sess, tcx.output_filenames(()));
    let path = outputs.split_dwarf_path(sess.split_debuginfo(), sess.opts.unstable_opts.split_dwarf_kind, unit)?;
    let map = sess.psess.source_map();
    let name = map.path_mapping().to_real_filename(map.working_dir(), path);
    CString::new(name.path(RemapPathScopeComponents::DEBUGINFO).to_string_lossy().as_bytes()).ok()
}

impl Module {
    pub fn new(tcx: TyCtxt<'_>, name: &str) -> Module {
        let (sess, dwo_name) = (tcx.sess, dwo_name(tcx, name));
        let is_shown = show::units::is_apart(name);
        let name = CString::new(name).expect("names of units have no NUL");
        let pic = match sess.relocation_model() {
            RelocModel::Static => KILN_PIC_STATIC,
            RelocModel::Pie => KILN_PIC_PIE,
            _ => KILN_PIC_FULL,
        };
        let processor = Processor::of(sess);
        let features = feature_flags(processor, compat::target_features(sess).iter().copied());
        let sections = sess.opts.unstable_opts.function_sections;
        let sections = sections.unwrap_or_else(|| sess.target.function_sections && !is_shown && !is_closed(tcx));
        let mut options = kiln_module_options {
            target: kiln_target { processor: processor.number, ..Default::default() },
            pic,
            name: name.as_ptr(),
            function_sections: sections,
            data_sections: sections,
            verify: sess.opts.unstable_opts.verify_llvm_ir,
            features,
            stress_seed: stress_seed(sess),
            ..Default::default()
        };
        // SAFETY: all is copied.
        let (assembler, raw, session) = unsafe {
            let assembler = kiln_as_new(std::ptr::null());
            options.assemble = Some(kiln_as_assemble);
            options.assemble_user = assembler.cast();
            let raw = kiln_module_new(&options);
            (assembler, raw, kiln_session_new(raw))
        };
        assert!(!session.is_null(), "kiln: out of memory");
        let attrs = kiln_module_attrs {
            dwarf_version: sess.dwarf_version(),
            dwo_name: dwo_name.as_ref().map_or(std::ptr::null(), |name| name.as_ptr()),
            no_plt: !sess.needs_plt(),
            no_red_zone: sess.opts.cg.no_redzone.unwrap_or(sess.target.disable_redzone),
            own_library: true,
            ..Default::default()
        };
        // SAFETY: the module is new.
        unsafe { kiln_module_set_attrs(raw, &attrs) };
        Module {
            raw,
            session,
            processor,
            failing: Failing::new(sess),
            split: Split::of(sess),
            operations: RefCell::default(),
            assembler,
            features,
            attrs: function_attrs(sess),
            origin: format!("\0rustc version {}\0Kiln {}\0", sess.cfg_version, env!("CARGO_PKG_VERSION")),
            in_comment: Cell::new(false),
        }
    }

    /// Writes who made the object into `.comment`, as LLVM does, unless the crate has something else there.
    fn define_origin(&self) {
        let name = c".comment";
        let section = kiln_section_desc {
            kind: KILN_SECTION_CONTENT,
            flags: KILN_SECTION_MERGE | KILN_SECTION_STRINGS,
            entry_bytes: 1,
            ..Default::default()
        };
        let symbol = kiln_symbol_desc {
            linkage: KILN_LINKAGE_PRIVATE,
            section: name.as_ptr(),
            body: true,
            ..Default::default()
        };
        let data = kiln_data_desc {
            bytes: self.origin.as_ptr().cast(),
            size_bytes: self.origin.len() as u64,
            flags: KILN_DATA_READ_ONLY,
            ..Default::default()
        };
        let mut said = kiln_section_desc::default();
        // SAFETY: everything is copied.
        unsafe {
            let other = self.in_comment.get()
                || kiln_section_find(self.raw, name.as_ptr(), &mut said)
                    && (said.kind, said.flags, said.entry_bytes) != (section.kind, section.flags, section.entry_bytes);
            if !other {
                kiln_section_declare(self.raw, name.as_ptr(), &section);
                kiln_data_define(self.raw, kiln_data_declare(self.raw, &symbol), &data);
            }
        }
    }

    /// Starts the body of a function that has these features of the processor beside the module's.
    pub fn begin(&self, symbol: kiln_symbol, features: u64) -> *mut kiln_func {
        let attrs = kiln_func_attrs { features, ..self.attrs };
        // SAFETY: the session lives as long as `self`.
        unsafe {
            let func = kiln_func_begin(self.session, symbol);
            kiln_func_set_attrs(func, &attrs);
            func
        }
    }

    /// Takes assembly over, as if it were a file of its own. What fails is an error of the module.
    pub fn add_assembly(&self, text: &CStr) {
        let mut guard = self.operations.borrow_mut();
        // SAFETY: the module frees the builder first.
        guard.get_or_insert_with(|| unsafe { Operations::new(self.raw) }).add_assembly(self.session, text);
    }

    /// The first error, with its place in the source.
    pub fn error(&self) -> Option<Refusal> {
        // SAFETY: the module lives as long as `self`, and its diagnostic as long as it; its texts end in NULs.
        unsafe {
            let status = kiln_module_status(self.raw);
            if status == KILN_OK {
                return None;
            }
            let diag = &*kiln_module_diag(self.raw);
            let text = |text: &[c_char]| CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned();
            let message = text(&diag.message);
            let message = match diag.source_line {
                0 => message,
                line => format!("{message} ({}:{line})", text(&diag.source)),
            };
            let is_limit = [KILN_ERR_UNSUPPORTED, KILN_ERR_LIMIT, KILN_ERR_MEMORY, KILN_ERR_IO].contains(&status);
            Some(if is_limit { Refusal::Limit(message) } else { Refusal::Bug(message) })
        }
    }

    /// Makes the object.
    pub fn emit(self) -> Result<Object, Refusal> {
        self.failing.at(Place::Emit);
        self.define_origin();
        let mut object = Object {
            bytes: kiln_buffer::default(),
            dwo: kiln_buffer::default(),
            functions: 0,
            instructions: 0,
            time: Duration::ZERO,
        };
        // SAFETY: no function is open, and no other thread uses the module; the buffer of the .dwo file may be missing.
        let (status, stats) = unsafe {
            let (out, dwo) = (&raw mut object.bytes, &raw mut object.dwo);
            let status = match self.split {
                Split::Off => kiln_emit_elf(self.raw, &self.session, 1, out),
                Split::File => kiln_emit_elf_split(self.raw, &self.session, 1, out, dwo),
                Split::Single => kiln_emit_elf_split(self.raw, &self.session, 1, out, std::ptr::null_mut()),
            };
            (status, kiln_session_get_stats(self.session))
        };
        (object.functions, object.instructions) = (stats.functions, stats.instructions);
        if status == KILN_OK {
            Ok(object)
        } else {
            Err(self.error().unwrap_or_else(|| Refusal::Bug("no object".to_string())))
        }
    }
}

/// What a unit was compiled to.
pub struct Object {
    bytes: kiln_buffer,
    /// The .dwo file; empty: there is none.
    dwo: kiln_buffer,
    pub functions: u64,
    pub instructions: u64,
    /// The processor time that it took.
    pub time: Duration,
}

// SAFETY: the buffer is memory of the C library's.
unsafe impl Send for Object {}
// SAFETY: shared references to it only read; rustc before 1.101 asks for this.
unsafe impl Sync for Object {}

impl Object {
    /// Writes the file, of which nothing is left if that fails.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write(&self.bytes, path)
    }

    pub fn has_dwo(&self) -> bool {
        self.dwo.size != 0
    }

    /// The same of the .dwo file, which there is.
    pub fn write_dwo(&self, path: &Path) -> io::Result<()> {
        write(&self.dwo, path)
    }
}

fn write(buffer: &kiln_buffer, path: &Path) -> io::Result<()> {
    // SAFETY: so many bytes are in use, and there are some.
    let bytes = unsafe { slice::from_raw_parts(buffer.data, buffer.size) };
    fs::write(path, bytes).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: nothing refers to the bytes any more.
        unsafe {
            kiln_buffer_free(&mut self.bytes);
            kiln_buffer_free(&mut self.dwo);
        }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        *self.operations.get_mut() = None;
        // SAFETY: nothing refers to them any more.
        unsafe {
            kiln_session_free(self.session);
            kiln_module_free(self.raw);
            kiln_as_free(self.assembler);
        }
    }
}

/// Is it a program whose own source names no foreign function, and has nothing that is there without being called
/// (`#[no_mangle]`)? All that rustc makes for it is what `main` reaches, or what linkers keep (`#[used]`), so that a
/// linker would drop little, and what it kept needs nothing that is not there. If units inline functions of others, a
/// linker drops what is inlined everywhere.
fn is_closed(tcx: TyCtxt<'_>) -> bool {
    let program = tcx.crate_types().iter().all(|kind| *kind == CrateType::Executable);
    // The session's own answers first: a unit that reads the crate's is compiled again when these change.
    program
        && !tcx.sess.link_dead_code()
        && !copies::wanted(tcx.sess)
        && tcx.foreign_modules(LOCAL_CRATE).is_empty()
        && tcx.reachable_non_generics(LOCAL_CRATE).is_empty()
}

fn function_attrs(sess: &Session) -> kiln_func_attrs {
    let mut frame_pointer = sess.target.frame_pointer;
    frame_pointer.ratchet(sess.opts.cg.force_frame_pointers);
    kiln_func_attrs {
        probe_bytes: if matches!(sess.target.stack_probes, StackProbeType::None) { 0 } else { GUARD_PAGE },
        frame_pointer: !matches!(frame_pointer, FramePointer::MayOmit),
        blocks_as_made: true,
        no_jump_tables: !sess.opts.cg.jump_tables,
        ..Default::default()
    }
}
