//! Enumerations of the API, which have the same values as in C.

use std::ffi::CString;

use kiln_sys as sys;

use crate::error::{Error, Result};

/// Declares enumerations whose variants are constants of C. `from` adds a conversion from C's number.
macro_rules! enums {
    ($($(#[$doc:meta])* $name:ident: $raw:ident { $($(#[$item_doc:meta])* $item:ident = $value:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$item_doc])* $item = sys::$value,)*
        }

        impl $name {
            /// All variants, in the order of their numbers in C.
            pub const ALL: &'static [$name] = &[$($name::$item),*];

            #[allow(dead_code)]
            pub(crate) fn from_raw(raw: sys::$raw) -> Option<$name> {
                $name::ALL.iter().copied().find(|&item| item as u32 == raw)
            }
        }
    )*};
}

enums! {
    /// The type of a value. A pointer is an [`I64`](Type::I64). The result of a comparison is an [`I8`](Type::I8), 0 or
    /// 1.
    Type: kiln_type {
        /// 8-bit integer; also a condition.
        I8 = KILN_TYPE_I8,
        /// 16-bit integer.
        I16 = KILN_TYPE_I16,
        /// 32-bit integer.
        I32 = KILN_TYPE_I32,
        /// 64-bit integer; also an address.
        I64 = KILN_TYPE_I64,
        /// 128-bit integer.
        I128 = KILN_TYPE_I128,
        /// IEEE 754 binary16, for conversions; AArch64 only.
        F16 = KILN_TYPE_F16,
        /// IEEE 754 binary32.
        F32 = KILN_TYPE_F32,
        /// IEEE 754 binary64.
        F64 = KILN_TYPE_F64,
        /// x87's extended format; x86-64 only.
        F80 = KILN_TYPE_F80,
        /// IEEE 754 binary128; AArch64 only.
        F128 = KILN_TYPE_F128,
        /// 8 bytes of lanes, whose type the instruction names.
        V64 = KILN_TYPE_V64,
        /// 16 bytes of lanes.
        V128 = KILN_TYPE_V128,
    }

    /// A condition between integers.
    IntCond: kiln_icond {
        /// `a == b`
        Eq = KILN_ICOND_EQ,
        /// `a != b`
        Ne = KILN_ICOND_NE,
        /// `a < b`, signed
        Slt = KILN_ICOND_SLT,
        /// `a >= b`, signed
        Sge = KILN_ICOND_SGE,
        /// `a <= b`, signed
        Sle = KILN_ICOND_SLE,
        /// `a > b`, signed
        Sgt = KILN_ICOND_SGT,
        /// `a < b`, unsigned
        Ult = KILN_ICOND_ULT,
        /// `a >= b`, unsigned
        Uge = KILN_ICOND_UGE,
        /// `a <= b`, unsigned
        Ule = KILN_ICOND_ULE,
        /// `a > b`, unsigned
        Ugt = KILN_ICOND_UGT,
    }

    /// A condition between floats. If an operand is NaN, conditions that begin with `O` are false, and those that begin
    /// with `U` are true.
    FloatCond: kiln_fcond {
        /// ordered and `a == b`
        Oeq = KILN_FCOND_OEQ,
        /// unordered or `a != b`
        Une = KILN_FCOND_UNE,
        /// ordered and `a < b`
        Olt = KILN_FCOND_OLT,
        /// unordered or `a >= b`
        Uge = KILN_FCOND_UGE,
        /// ordered and `a <= b`
        Ole = KILN_FCOND_OLE,
        /// unordered or `a > b`
        Ugt = KILN_FCOND_UGT,
        /// ordered and `a > b`
        Ogt = KILN_FCOND_OGT,
        /// unordered or `a <= b`
        Ule = KILN_FCOND_ULE,
        /// ordered and `a >= b`
        Oge = KILN_FCOND_OGE,
        /// unordered or `a < b`
        Ult = KILN_FCOND_ULT,
        /// ordered and `a != b`
        One = KILN_FCOND_ONE,
        /// unordered or `a == b`
        Ueq = KILN_FCOND_UEQ,
        /// no operand is NaN
        Ord = KILN_FCOND_ORD,
        /// an operand is NaN
        Uno = KILN_FCOND_UNO,
    }

    /// A memory ordering, as in C11.
    Ordering: kiln_ordering {
        /// Atomic, but orders no other access.
        Relaxed = KILN_ORDERING_RELAXED,
        /// Later accesses stay after it.
        Acquire = KILN_ORDERING_ACQUIRE,
        /// Earlier accesses stay before it.
        Release = KILN_ORDERING_RELEASE,
        /// Both.
        AcqRel = KILN_ORDERING_ACQ_REL,
        /// Both, in one total order of all such accesses.
        SeqCst = KILN_ORDERING_SEQ_CST,
    }

    /// The value that an atomic read-modify-write stores to memory.
    Rmw: kiln_rmw {
        /// the operand
        Xchg = KILN_RMW_XCHG,
        /// memory + operand
        Add = KILN_RMW_ADD,
        /// memory - operand
        Sub = KILN_RMW_SUB,
        /// memory & operand
        And = KILN_RMW_AND,
        /// !(memory & operand)
        Nand = KILN_RMW_NAND,
        /// memory | operand
        Or = KILN_RMW_OR,
        /// memory ^ operand
        Xor = KILN_RMW_XOR,
        /// the lesser, signed
        Smin = KILN_RMW_SMIN,
        /// the greater, signed
        Smax = KILN_RMW_SMAX,
        /// the lesser, unsigned
        Umin = KILN_RMW_UMIN,
        /// the greater, unsigned
        Umax = KILN_RMW_UMAX,
    }

    /// A processor that Kiln generates code for, with Linux and ELF. A module without a target is for the system that
    /// the program runs on.
    Target: kiln_processor {
        /// x86-64 with SSE2, System V ABI, ELF.
        X86_64 = KILN_PROCESSOR_X86_64,
        /// ARMv8.0-A, AAPCS64, ELF.
        AArch64 = KILN_PROCESSOR_AARCH64,
    }

    /// How position-independent code is.
    Pic: kiln_pic {
        /// For shared objects and everything else (`-fPIC`).
        Full = KILN_PIC_FULL,
        /// For executables: symbols defined here are not preempted.
        Pie = KILN_PIC_PIE,
        /// Like `Pie`, and undefined symbols are bound in the executable too.
        Static = KILN_PIC_STATIC,
    }

    /// Where a symbol's name is visible, and which of several definitions takes effect.
    Linkage: kiln_linkage {
        /// A global symbol.
        External = KILN_LINKAGE_EXTERNAL,
        /// A local symbol.
        Internal = KILN_LINKAGE_INTERNAL,
        /// A local symbol, omitted from the symbol table where possible.
        Private = KILN_LINKAGE_PRIVATE,
        /// A weak definition; or a weak reference, which is 0 if nothing defines it.
        Weak = KILN_LINKAGE_WEAK,
        /// Weak, in a section group named after it.
        Linkonce = KILN_LINKAGE_LINKONCE,
        /// Data only: merged by the linker, zero initially.
        Common = KILN_LINKAGE_COMMON,
    }

    /// The components that see an external name.
    Visibility: kiln_visibility {
        /// Other components see it, and may preempt it by a definition of their own.
        Default = KILN_VISIBILITY_DEFAULT,
        /// Only the component that it is linked into sees it.
        Hidden = KILN_VISIBILITY_HIDDEN,
        /// Other components see it; references from here are bound here.
        Protected = KILN_VISIBILITY_PROTECTED,
    }

    /// The access model of a thread-local symbol. General dynamic is always valid.
    Tls: kiln_tls {
        /// Not thread-local.
        None = KILN_TLS_NONE,
        /// Defined anywhere, loaded at any time.
        GeneralDynamic = KILN_TLS_GENERAL_DYNAMIC,
        /// Defined in the component being linked.
        LocalDynamic = KILN_TLS_LOCAL_DYNAMIC,
        /// Loaded at the program's start.
        InitialExec = KILN_TLS_INITIAL_EXEC,
        /// Defined in the executable.
        LocalExec = KILN_TLS_LOCAL_EXEC,
    }

    /// A calling convention.
    CallConv: kiln_cc {
        /// The target's C ABI.
        C = KILN_CC_C,
        /// The callee preserves all general registers that carry no result.
        PreserveMost = KILN_CC_PRESERVE_MOST,
        /// Like `PreserveMost`, and the callee also preserves vector registers.
        PreserveAll = KILN_CC_PRESERVE_ALL,
        /// The callee preserves no registers, and arguments are passed in the registers that C's callees preserve. It
        /// is for threaded interpreters.
        PreserveNone = KILN_CC_PRESERVE_NONE,
        /// The Windows convention, on x86-64 only.
        Win64 = KILN_CC_WIN64,
        /// The convention of vector math libraries, on AArch64 only.
        Vector = KILN_CC_VECTOR,
        /// System V's convention, on x86-64 only.
        SysV = KILN_CC_SYSV,
        /// The callee frees its stack arguments, so that a tail call may have any number of them.
        Tail = KILN_CC_TAIL,
    }

    /// The functions that have a guard value between their local memory and the return address.
    Guard: kiln_guard {
        /// No functions.
        None = KILN_GUARD_NONE,
        /// Functions with a slot that is an array, or with `salloc`.
        Arrays = KILN_GUARD_ARRAYS,
        /// Also functions that use the address of a slot other than by loads and stores within the slot.
        Addresses = KILN_GUARD_ADDRESSES,
        /// All functions.
        Always = KILN_GUARD_ALWAYS,
    }
}

impl Type {
    /// Returns the size of a value in memory, in bytes.
    pub fn size(self) -> u32 {
        // SAFETY: a type in range.
        unsafe { sys::kiln_type_size(self as u32) }
    }

    /// Returns true for the integer types.
    pub fn is_int(self) -> bool {
        self as u32 <= Type::I128 as u32
    }

    /// Returns true for the floating-point types.
    pub fn is_float(self) -> bool {
        (Type::F16 as u32..=Type::F128 as u32).contains(&(self as u32))
    }
}

impl Target {
    /// Returns the machine that this program runs on, if Kiln supports it.
    pub fn host() -> Option<Target> {
        Target::from_raw(Target::raw_host()?.processor)
    }

    pub(crate) fn raw_host() -> Option<sys::kiln_target> {
        let mut raw = sys::kiln_target::default();
        // SAFETY: it writes one target.
        unsafe { sys::kiln_target_find_host(&mut raw) }.then_some(raw)
    }

    pub(crate) fn raw(self) -> sys::kiln_target {
        sys::kiln_target {
            processor: self as u32,
            system: sys::KILN_SYSTEM_LINUX,
            format: sys::KILN_FORMAT_ELF,
            ..Default::default()
        }
    }
}

/// Converts a text for C.
pub(crate) fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::argument("a name contains a NUL"))
}

/// Converts a count for C, where it has 32 bits.
pub(crate) fn count(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| Error::argument("a list is too long"))
}
