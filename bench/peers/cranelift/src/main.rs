//! `kiln-peers-cranelift LEVEL FILE.clif`: reads functions, compiles all into memory, runs the last.
//! Function u0:N of the text is the module's N-th; 0 and 1 are calloc and write. LEVEL: none or speed.

use cranelift_codegen::Context;
use cranelift_codegen::ir::{AbiParam, Signature, types::I64};
use cranelift_codegen::isa::CallConv;
use cranelift_codegen::settings::{Configurable, Flags, builder};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, default_libcall_names};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[2]).unwrap();
    let mut flags = builder();
    flags.set("opt_level", &args[1]).unwrap();
    if args[1] == "none" {
        flags.set("regalloc_algorithm", "single_pass").unwrap();
    }
    for (name, value) in [("enable_verifier", "false"), ("use_colocated_libcalls", "false"), ("is_pic", "false")] {
        flags.set(name, value).unwrap();
    }
    let isa = cranelift_native::builder().unwrap().finish(Flags::new(flags)).unwrap();
    let mut module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
    for (name, n) in [("calloc", 2), ("write", 3)] {
        let mut s = Signature::new(CallConv::SystemV);
        s.params.resize(n, AbiParam::new(I64));
        s.returns.push(AbiParam::new(I64));
        module.declare_function(name, Linkage::Import, &s).unwrap();
    }
    let functions = cranelift_reader::parse_functions(&text).unwrap();
    let ids: Vec<_> = (functions.iter().enumerate())
        .map(|(k, f)| module.declare_function(&format!("f{k}"), Linkage::Local, &f.signature).unwrap())
        .collect();
    for (&id, f) in ids.iter().zip(functions) {
        module.define_function(id, &mut Context::for_function(f)).unwrap();
    }
    module.finalize_definitions().unwrap();
    let main = module.get_finalized_function(*ids.last().unwrap());
    let main = unsafe { std::mem::transmute::<*const u8, extern "C" fn() -> i64>(main) };
    std::process::exit(main() as i32);
}
