//! brainfuck [-o OBJECT] FILE: runs a program, or makes an object, which `cc OBJECT` links to a program.

mod compile;

use std::error::Error;

use kiln::{AddFlags, Jit, Module};

fn run(words: &[String]) -> Result<(), Box<dyn Error>> {
    let (object, file) = match words {
        [file] => (None, file),
        [option, object, file] if option == "-o" => (Some(object), file),
        _ => return Err("usage: brainfuck [-o OBJECT] FILE".into()),
    };
    let mut module = Module::new(file)?;
    let run = compile::compile(&module, &std::fs::read_to_string(file)?)?;
    if let Some(object) = object {
        compile::add_main(&module, run)?;
        return Ok(module.write_object(object)?);
    }
    let jit = Jit::new()?;
    let run = jit.add(&mut module, AddFlags::NONE)?.function::<compile::Run>(&module, run)?;
    let mut tape = vec![0; compile::CELLS];
    // SAFETY: the program stays on the tape, and calls putchar and getchar as they are declared.
    unsafe { run.call(tape.as_mut_ptr()) };
    Ok(())
}

fn main() {
    if let Err(e) = run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        eprintln!("brainfuck: {e}");
        std::process::exit(1);
    }
}
