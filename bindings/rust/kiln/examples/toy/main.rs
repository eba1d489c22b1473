//! toy [-g] [-o OBJECT] FILE: runs the function `main` of a program in the small language of `parse.rs`, or makes an
//! object, which `cc OBJECT` links to a program; -g: with debug information.

mod compile;
mod parse;

use std::error::Error;

use kiln::{AddFlags, Jit, Module};

fn run(words: Vec<String>) -> Result<i64, Box<dyn Error>> {
    let (mut object, mut debug, mut file) = (None, false, None);
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match &*word {
            "-g" => debug = true,
            "-o" => object = words.next(),
            _ => file = Some(word),
        }
    }
    let file = file.ok_or("usage: toy [-g] [-o OBJECT] FILE")?;
    let program = parse::parse(&std::fs::read_to_string(&file)?)?;
    let mut module = Module::new(&file)?;
    let functions = compile::compile(&module, &program, debug.then_some(&file))?;
    if let Some(object) = object {
        module.write_object(object)?;
        return Ok(0);
    }
    let at = program.iter().position(|f| f.name == "main" && f.n_params == 0).ok_or("there is no main()")?;
    let jit = Jit::new()?;
    let unit = jit.add(&mut module, AddFlags::NONE)?;
    let main = unit.function::<unsafe extern "C" fn() -> i64>(&module, functions[at])?;
    // SAFETY: the language has numbers alone, and printf is called with what its format says. A division by zero and
    // endless recursion end the process.
    Ok(unsafe { main.call() })
}

fn main() {
    match run(std::env::args().skip(1).collect()) {
        Ok(status) => std::process::exit(status as i32),
        Err(e) => {
            eprintln!("toy: {e}");
            std::process::exit(1);
        }
    }
}
