//! The processors that units are compiled for: a row for each.

use rustc_session::Session;
use rustc_target::spec::Arch;

use crate::sys::*;

pub struct Processor {
    arch: Arch,
    pub number: kiln_processor,
    /// As targets of the GNU tools begin.
    pub name: &'static str,
    /// LLVM's names of features that Rust names otherwise.
    features: &'static [(&'static str, &'static str)],
    /// The features (KILN_FEATURE_...) that instructions for atomic operations on 16 bytes need.
    pub wide_atomics: u64,
    /// The type of an f128: Kiln has operations for it, or it is its bits.
    pub f128: kiln_type,
    /// Vectors of 8 bytes have registers: vectors of one lane, too, and narrower integers are made wider.
    pub short_vectors: bool,
    /// How many general registers the operands of assembly can have; one more is for the address of what the code stores
    /// itself.
    pub asm_registers: usize,
    /// What assembly changes in any case, as LLVM's constraints.
    pub asm_clobbers: &'static [&'static str],
    /// The directives before and after text in the syntax that rustc assumes, if the assembler assumes another one.
    pub asm_syntax: Option<[&'static str; 2]>,
}

static PROCESSORS: [Processor; 2] = [
    Processor {
        arch: Arch::X86_64,
        number: KILN_PROCESSOR_X86_64,
        name: "x86_64",
        features: &[
            ("bmi1", "bmi"),
            ("cmpxchg16b", "cx16"),
            ("lahfsahf", "sahf"),
            ("pclmulqdq", "pclmul"),
            ("rdrand", "rdrnd"),
        ],
        wide_atomics: KILN_FEATURE_CX16 as u64,
        f128: KILN_TYPE_V128,
        short_vectors: false,
        asm_registers: 12,
        asm_clobbers: &["~{dirflag}", "~{fpsr}", "~{flags}"],
        asm_syntax: Some([".intel_syntax noprefix\n", ".att_syntax prefix\n"]),
    },
    Processor {
        arch: Arch::AArch64,
        number: KILN_PROCESSOR_AARCH64,
        name: "aarch64",
        features: &[
            ("dpb", "ccpp"),
            ("dpb2", "ccdp"),
            ("fcma", "complxnum"),
            ("fhm", "fp16fml"),
            ("flagm2", "altnzcv"),
            ("fp16", "fullfp16"),
            ("frintts", "fptoint"),
            ("paca", "pauth"),
            ("pacg", "pauth"),
            ("pmuv3", "perfmon"),
            ("rcpc2", "rcpc-immo"),
        ],
        wide_atomics: 0,
        f128: KILN_TYPE_F128,
        short_vectors: true,
        asm_registers: 25,
        asm_clobbers: &["~{cc}"],
        asm_syntax: None,
    },
];

impl Processor {
    /// That of a compilation; None: Kiln has none for it.
    pub fn find(sess: &Session) -> Option<&'static Processor> {
        PROCESSORS.iter().find(|processor| processor.arch == sess.target.arch)
    }

    /// That of a compilation of which a unit is Kiln's: `needs::session` leaves others to LLVM.
    pub fn of(sess: &Session) -> &'static Processor {
        Self::find(sess).expect("LLVM compiles for other processors")
    }

    /// LLVM's name of a feature.
    pub fn llvm_feature<'a>(&self, name: &'a str) -> &'a str {
        self.features.iter().find(|row| row.0 == name).map_or(name, |row| row.1)
    }

    /// Whether the compiler itself runs on it.
    pub fn is_host(&self) -> bool {
        self.name == std::env::consts::ARCH
    }
}
