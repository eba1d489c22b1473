//! Brainfuck by Kiln. Cells are bytes, 65536 of them; the position wraps around, so that no program leaves the tape.

use kiln::{Block, Function, IntCond, MemFlags, Module, Slot, Symbol, Type, Value};

/// The function that a program becomes: it gets the tape.
pub type Run = unsafe extern "C" fn(*mut u8);
pub const CELLS: usize = 1 << 16;

type Error = Box<dyn std::error::Error>;

/// Where the cells are.
struct Tape<'id> {
    start: Value<'id>,
    /// The position.
    at: Slot<'id>,
}

impl<'id> Tape<'id> {
    fn cell(&self, f: &Function<'id>) -> Value<'id> {
        f.addr(self.start, f.load(Type::I64, self.at, 0, MemFlags::NONE), 1, 0)
    }

    fn load(&self, f: &Function<'id>) -> Value<'id> {
        f.load(Type::I8, self.cell(f), 0, MemFlags::NONE)
    }

    fn store(&self, f: &Function<'id>, value: Value<'id>) {
        f.store(Type::I8, self.cell(f), 0, value, MemFlags::NONE);
    }
}

/// Commands of a program, equal ones that follow each other with their number.
pub fn commands(source: &str) -> Vec<(u8, i64)> {
    let mut out: Vec<(u8, i64)> = Vec::new();
    for command in source.bytes().filter(|c| b"+-<>.,[]".contains(c)) {
        match out.last_mut() {
            Some((last, n)) if *last == command && b"+-<>".contains(&command) => *n += 1,
            _ => out.push((command, 1)),
        }
    }
    out
}

/// Declares and defines the function `run`.
pub fn compile(module: &Module, source: &str) -> Result<Symbol, Error> {
    let run = module.declare_fn::<Run>("run")?;
    let put = module.declare_fn::<unsafe extern "C" fn(i32) -> i32>("putchar")?;
    let get = module.declare_fn::<unsafe extern "C" fn() -> i32>("getchar")?;
    let session = module.session()?;
    session.try_define(run, |f| {
        let tape = Tape { start: f.param(0), at: f.slot_of(Type::I64) };
        f.store(Type::I64, tape.at, 0, 0, MemFlags::NONE);
        let mut loops: Vec<(Block, Block)> = Vec::new();
        for (command, n) in commands(source) {
            match command {
                b'+' => tape.store(f, f.add(Type::I8, tape.load(f), n)),
                b'-' => tape.store(f, f.sub(Type::I8, tape.load(f), n)),
                b'>' | b'<' => {
                    let at = f.load(Type::I64, tape.at, 0, MemFlags::NONE);
                    let to = if command == b'>' { f.add(Type::I64, at, n) } else { f.sub(Type::I64, at, n) };
                    f.store(Type::I64, tape.at, 0, f.and(Type::I64, to, CELLS - 1), MemFlags::NONE);
                }
                b'.' => {
                    f.call(put, &[f.zext(Type::I32, Type::I8, tape.load(f))]);
                }
                b',' => tape.store(f, f.trunc(Type::I8, Type::I32, f.call(get, &[]))),
                b'[' => {
                    let (head, body, end) = (f.block(), f.block(), f.block());
                    f.br(head, &[]);
                    f.switch_to(head);
                    f.brif(f.icmp(IntCond::Ne, Type::I8, tape.load(f), 0), (body, &[]), (end, &[]));
                    f.switch_to(body);
                    loops.push((head, end));
                }
                _ => {
                    let (head, end) = loops.pop().ok_or("a ] without its [")?;
                    f.br(head, &[]);
                    f.switch_to(end);
                }
            }
        }
        f.ret(&[]);
        if loops.is_empty() { Ok(run) } else { Err(Error::from("a [ without its ]")) }
    })
}

/// Adds `main`, which runs the program on a tape of its own, for objects.
pub fn add_main(module: &Module, run: Symbol) -> Result<(), Error> {
    let tape =
        module.data(kiln::SymbolDesc::new("tape").linkage(kiln::Linkage::Internal), &kiln::Data::zero(CELLS as u64))?;
    let main = module.declare_fn::<unsafe extern "C" fn() -> i32>("main")?;
    module.session()?.define(main, |f| {
        f.call(run, &[f.symbol(tape, 0)]);
        f.ret(&[f.int(0)]);
    })?;
    Ok(())
}
