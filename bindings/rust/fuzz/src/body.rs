//! Bodies of functions.

use kiln::{
    Attrs, Block, Data, Entry, FloatCond, Function, Guard, IntCond, Location, MemFlags, Ordering, Rmw, Sig, Slot,
    SourceFile, Symbol, Type, Value, sys,
};

use crate::bytes::Bytes;

type Unary = for<'f, 'id> fn(&'f Function<'id>, Type, Value<'id>) -> Value<'id>;
type Binary = for<'f, 'id> fn(&'f Function<'id>, Type, Value<'id>, Value<'id>) -> Value<'id>;
type Ternary = for<'f, 'id> fn(&'f Function<'id>, Type, Value<'id>, Value<'id>, Value<'id>) -> Value<'id>;
type Convert = for<'f, 'id> fn(&'f Function<'id>, Type, Type, Value<'id>) -> Value<'id>;
type Number = for<'f, 'id> fn(&'f Function<'id>, Type, Type, u32, Value<'id>) -> Value<'id>;
type Lanes = for<'f, 'id> fn(&'f Function<'id>, Type, Type, Value<'id>, Value<'id>) -> Value<'id>;

macro_rules! unary { ($($name:ident)*) => { &[$(|f, t, a| f.$name(t, a)),*] }; }
macro_rules! binary { ($($name:ident)*) => { &[$(|f, t, a, b| f.$name(t, a, b)),*] }; }
macro_rules! ternary { ($($name:ident)*) => { &[$(|f, t, a, b, c| f.$name(t, a, b, c)),*] }; }
macro_rules! number { ($($name:ident)*) => { &[$(|f, t, l, n, a| f.$name(t, l, n, a)),*] }; }

const INT_UNARY: &[Unary] = unary!(neg not abs clz ctz popcnt bitrev bswap copy);
const FLOAT_UNARY: &[Unary] = unary!(fneg fabs fsqrt ffloor fceil ftrunc fround froundeven frint fnearbyint copy);
const INT_BINARY: &[Binary] = binary!(add sub mul umulh smulh udiv sdiv urem srem and or xor shl lshr ashr rotl rotr
    smin smax umin umax saddo uaddo ssubo usubo smulo umulo sadds uadds ssubs usubs);
/// Those of them that have a second result.
const OVERFLOWS: std::ops::Range<usize> = 21..27;
const FLOAT_BINARY: &[Binary] = binary!(fadd fsub fmul fdiv frem fcopysign fmin fmax fminimum fmaximum);
const VECTOR_BINARY: &[Binary] = binary!(vand vor vxor vandn);
const INT_TERNARY: &[Ternary] = ternary!(fshl fshr);
const FLOAT_TERNARY: &[Ternary] = ternary!(fma fmuladd);
const VECTOR_TERNARY: &[Ternary] = ternary!(vselect vshuffle);
const CONVERT: &[Convert] = ternary_like();
const LANES_INT: &[Lanes] = ternary!(vadd vsub vmul);
const LANES_FLOAT: &[Lanes] = ternary!(vfadd vfsub vfmul vfdiv);
const LANES_ONE: &[Convert] = binary!(vsplat vresize vfsqrt vsitof vftosi);
const LANE_NUMBER: &[Number] = number!(vextract vsigns vshl vlshr vashr);

const fn ternary_like() -> &'static [Convert] {
    binary!(trunc zext sext fdemote fpromote ftosi ftoui ftosis ftouis sitof uitof bitcast)
}

/// What of the module a body may use.
pub struct World<'a> {
    pub functions: &'a [Symbol],
    pub symbols: &'a [Symbol],
    pub sigs: &'a [Sig],
    /// The type of each parameter and the results, by the index of the signature.
    pub shapes: &'a [(Vec<Type>, Vec<Type>)],
    /// The signature of each function.
    pub sig_of: &'a [usize],
    pub files: &'a [SourceFile],
    pub entries: &'a [Entry],
}

/// What is known while a body is built.
struct Body<'f, 'w, 'id> {
    f: &'f Function<'id>,
    w: &'w World<'w>,
    /// Values of the entry, which may be used anywhere; of the block; of all blocks.
    entry: Vec<(Value<'id>, Type)>,
    block: Vec<(Value<'id>, Type)>,
    all: Vec<(Value<'id>, Type)>,
    slots: Vec<Slot<'id>>,
    blocks: Vec<(Block<'id>, Vec<Type>)>,
    forwards: Vec<(Value<'id>, Type)>,
}

fn any_type(b: &mut Bytes) -> Type {
    const USUAL: [Type; 8] = [Type::I64, Type::I32, Type::I8, Type::I64, Type::F64, Type::F32, Type::I16, Type::V128];
    if b.chance(24) { Type::ALL[b.below(Type::ALL.len())] } else { USUAL[b.below(8)] }
}

fn int_type(b: &mut Bytes) -> Type {
    if b.is_wrong() { any_type(b) } else { [Type::I64, Type::I32, Type::I8, Type::I16, Type::I128][b.below(5)] }
}

fn float_type(b: &mut Bytes) -> Type {
    if b.is_wrong() { any_type(b) } else { [Type::F64, Type::F32][b.below(2)] }
}

impl<'id> Body<'_, '_, 'id> {
    fn keep(&mut self, v: Value<'id>) -> Value<'id> {
        if let Some(t) = self.f.value_type(v) {
            self.block.push((v, t));
            self.all.push((v, t));
        }
        v
    }

    /// An operand of a type: mostly a value that may be used here, or a constant.
    fn operand(&mut self, b: &mut Bytes, t: Type) -> Value<'id> {
        if b.is_wrong() {
            return self.wrong_operand(b, t);
        }
        let from = if b.chance(100) { &self.entry } else { &self.block };
        let fitting: Vec<_> = from.iter().filter(|v| v.1 == t).map(|v| v.0).collect();
        match b.pick(&fitting) {
            Some(v) => v,
            None if t.is_int() => self.f.int(b.number()),
            None => self.f.bits(t, b.number() as u128),
        }
    }

    fn wrong_operand(&mut self, b: &mut Bytes, t: Type) -> Value<'id> {
        let f = self.f;
        match b.below(8) {
            0 => b.pick(&self.all).map_or(f.int(0), |v| v.0),
            1 => f.value_from_raw(sys::kiln_value { id: b.number() as u32 }),
            2 => f.value_from_raw(sys::kiln_value::default()),
            3 => {
                let v = f.forward(t);
                self.forwards.push((v, t));
                v
            }
            4 => f.symbol(b.pick(self.w.symbols).unwrap_or(self.w.functions[0]), b.number()),
            5 => f.param(b.below(20) as u32),
            6 => f.bits(any_type(b), b.number() as u128),
            _ => b.pick(&self.slots).map_or(f.int(1), |s| f.value_from_raw(f.raw_value(s))),
        }
    }

    fn address(&mut self, b: &mut Bytes) -> Value<'id> {
        let f = self.f;
        match b.below(4) {
            0 if !self.w.symbols.is_empty() => f.symbol(self.w.symbols[b.below(self.w.symbols.len())], 8),
            1 => self.operand(b, Type::I64),
            _ => b.pick(&self.slots).map_or(f.int(64), |s| f.value_from_raw(f.raw_value(s))),
        }
    }

    fn flags(&mut self, b: &mut Bytes) -> MemFlags {
        let flags = [MemFlags::NONE, MemFlags::NONE, MemFlags::VOLATILE, MemFlags::NONTEMPORAL][b.below(4)];
        if b.chance(40) { flags.aligned(b.byte()) } else { flags }
    }

    fn of_table<T: Copy>(b: &mut Bytes, table: &[T]) -> T {
        table[b.below(table.len())]
    }

    fn arithmetic(&mut self, b: &mut Bytes) {
        let f = self.f;
        let v = match b.below(7) {
            0 | 1 => {
                let t = int_type(b);
                let (x, y) = (self.operand(b, t), self.operand(b, t));
                let at = b.below(INT_BINARY.len());
                let v = INT_BINARY[at](f, t, x, y);
                self.keep(v);
                if OVERFLOWS.contains(&at) && b.chance(128) || b.is_wrong() {
                    let flag = f.result(v, if b.is_wrong() { b.number() as u32 } else { 1 });
                    self.keep(flag);
                }
                return;
            }
            2 => {
                let t = int_type(b);
                let x = self.operand(b, t);
                Self::of_table(b, INT_UNARY)(f, t, x)
            }
            3 => {
                let t = float_type(b);
                let (x, y) = (self.operand(b, t), self.operand(b, t));
                Self::of_table(b, FLOAT_BINARY)(f, t, x, y)
            }
            4 => {
                let t = float_type(b);
                let x = self.operand(b, t);
                Self::of_table(b, FLOAT_UNARY)(f, t, x)
            }
            5 => {
                let (t, table) = match b.below(3) {
                    0 => (int_type(b), INT_TERNARY),
                    1 => (float_type(b), FLOAT_TERNARY),
                    _ => ([Type::V128, Type::V64][b.below(2)], VECTOR_TERNARY),
                };
                let (x, y, z) = (self.operand(b, t), self.operand(b, t), self.operand(b, t));
                Self::of_table(b, table)(f, t, x, y, z)
            }
            _ => self.conversion(b),
        };
        self.keep(v);
    }

    fn conversion(&mut self, b: &mut Bytes) -> Value<'id> {
        const FITTING: [(usize, Type, Type); 12] = [
            (0, Type::I8, Type::I64),
            (1, Type::I64, Type::I32),
            (2, Type::I32, Type::I8),
            (3, Type::F32, Type::F64),
            (4, Type::F64, Type::F32),
            (5, Type::I64, Type::F64),
            (6, Type::I32, Type::F32),
            (7, Type::I64, Type::F32),
            (8, Type::I16, Type::F64),
            (9, Type::F64, Type::I64),
            (10, Type::F32, Type::I128),
            (11, Type::I64, Type::F64),
        ];
        let (at, mut to, mut from) = FITTING[b.below(12)];
        if b.is_wrong() {
            (to, from) = (any_type(b), any_type(b));
        }
        let x = self.operand(b, from);
        CONVERT[at](self.f, to, from, x)
    }

    fn vector(&mut self, b: &mut Bytes) {
        let f = self.f;
        let t = if b.is_wrong() { any_type(b) } else { Type::V128 };
        let lane = if b.is_wrong() { any_type(b) } else { [Type::I32, Type::I8, Type::F64, Type::F32][b.below(4)] };
        let (x, y) = (self.operand(b, t), self.operand(b, t));
        let number = b.below(if b.wrong != 0 { 200 } else { 2 }) as u32;
        let v = match b.below(9) {
            0 => Self::of_table(b, LANES_INT)(f, t, [Type::I32, Type::I64, Type::I8][b.below(3)], x, y),
            1 => Self::of_table(b, LANES_FLOAT)(f, t, [Type::F32, Type::F64][b.below(2)], x, y),
            2 if b.chance(128) => Self::of_table(b, LANES_ONE)(f, t, lane, x),
            2 => {
                let s = self.operand(b, lane);
                f.vsplat(t, lane, s)
            }
            3 => Self::of_table(b, LANE_NUMBER)(f, t, lane, number, x),
            4 => f.vextract(lane, t, number, x),
            5 => {
                let s = self.operand(b, lane);
                f.vinsert(t, lane, number, x, s)
            }
            6 => f.vicmp(t, [Type::I32, lane][b.below(2)], IntCond::ALL[b.below(10)], x, y),
            7 => f.vfcmp(t, [Type::F32, lane][b.below(2)], FloatCond::ALL[b.below(14)], x, y),
            _ => Self::of_table(b, VECTOR_BINARY)(f, t, x, y),
        };
        self.keep(v);
    }

    fn memory(&mut self, b: &mut Bytes) {
        let f = self.f;
        let (t, at, flags) = (any_type(b), self.address(b), self.flags(b));
        let offset = if b.is_wrong() { b.number() as i32 } else { b.below(5) as i32 * 8 };
        match b.below(12) {
            0..=2 => {
                let v = f.load(t, at, offset, flags);
                self.keep(v);
            }
            3..=5 => {
                let v = self.operand(b, t);
                f.store(t, at, offset, v, flags);
            }
            6 => {
                let v = f.load_ext(Type::I64, [Type::I8, Type::I32, t][b.below(3)], b.chance(128), at, offset, flags);
                self.keep(v);
            }
            7 => {
                let v = self.operand(b, Type::I64);
                f.store_trunc(Type::I64, [Type::I8, Type::I16, t][b.below(3)], at, offset, v, flags);
            }
            8 => {
                let (base, index) = (self.operand(b, Type::I64), self.operand(b, Type::I64));
                let scale = if b.is_wrong() { b.number() as u32 } else { 1 + b.below(200) as u32 };
                let v = f.addr(base, index, scale, offset);
                self.keep(v);
            }
            9 => {
                let to = self.address(b);
                let n = if b.chance(128) { f.int(b.number()) } else { self.operand(b, Type::I64) };
                let flags = if b.chance(32) { MemFlags::VOLATILE } else { MemFlags::NONE };
                match b.below(3) {
                    0 => f.memcpy(to, at, n, flags),
                    1 => f.memmove(to, at, n, flags),
                    _ => f.memset(to, b.byte(), n, flags),
                }
            }
            10 => self.atomic(b, at),
            _ => {
                let size = self.operand(b, Type::I64);
                let v = match b.below(4) {
                    0 => f.salloc(size, b.below(if b.wrong != 0 { 64 } else { 5 }) as u32),
                    1 => f.stack_save(),
                    2 => f.frame_addr(b.below(3) as u32),
                    _ => f.return_addr(if b.is_wrong() { b.number() as u32 } else { 0 }),
                };
                self.keep(v);
            }
        }
    }

    fn atomic(&mut self, b: &mut Bytes, at: Value<'id>) {
        let f = self.f;
        let t = int_type(b);
        let order = Ordering::ALL[if b.is_wrong() { b.below(5) } else { 4 }];
        let (x, y) = (self.operand(b, t), self.operand(b, t));
        let v = match b.below(5) {
            0 => f.atomic_load(t, at, order),
            1 => return f.atomic_store(t, at, x, order),
            2 => f.atomic_rmw(Rmw::ALL[b.below(Rmw::ALL.len())], t, at, x, order),
            3 => f.atomic_cas(t, at, x, y, (order, order)),
            _ => return f.fence(order),
        };
        self.keep(v);
    }

    fn choice(&mut self, b: &mut Bytes) {
        let f = self.f;
        let (ti, tf, t) = (int_type(b), float_type(b), any_type(b));
        let v = match b.below(3) {
            0 => {
                let (x, y) = (self.operand(b, ti), self.operand(b, ti));
                f.icmp(IntCond::ALL[b.below(10)], ti, x, y)
            }
            1 => {
                let (x, y) = (self.operand(b, tf), self.operand(b, tf));
                f.fcmp(FloatCond::ALL[b.below(14)], tf, x, y)
            }
            _ => {
                let (c, x, y) = (self.operand(b, Type::I8), self.operand(b, t), self.operand(b, t));
                f.select(t, c, x, y)
            }
        };
        self.keep(v);
    }

    fn args(&mut self, b: &mut Bytes, types: &[Type]) -> Vec<Value<'id>> {
        let mut args: Vec<_> = types.iter().map(|&t| self.operand(b, t)).collect();
        if b.is_wrong() {
            args.truncate(b.below(args.len() + 1));
        }
        if b.is_wrong() {
            args.push(self.operand(b, Type::I64));
        }
        args
    }

    fn call(&mut self, b: &mut Bytes) {
        let (f, w) = (self.f, self.w);
        let at = b.below(w.functions.len());
        let shape = w.shapes.get(w.sig_of[at]);
        let args = self.args(b, &shape.map_or(Vec::new(), |s| s.0.clone()));
        let v = if b.chance(160) {
            f.call(w.functions[at], &args)
        } else {
            let callee = self.operand(b, Type::I64);
            let Some(sig) = w.sigs.get(if b.is_wrong() { b.below(w.sigs.len()) } else { w.sig_of[at] }) else { return };
            f.call_indirect(*sig, callee, &args)
        };
        self.keep(v);
        for i in 1..shape.map_or(0, |s| s.1.len()) as u32 {
            let more = f.result(v, i);
            self.keep(more);
        }
    }

    fn other(&mut self, b: &mut Bytes) {
        let (f, w) = (self.f, self.w);
        match b.below(14) {
            0 => self.slots.push(f.slot_of(any_type(b))),
            1 => {
                let size = if b.is_wrong() { b.number() as u64 } else { b.byte().into() };
                let slot = f.slot(size, b.below(if b.wrong != 0 { 40 } else { 8 }) as u32);
                f.set_array(slot);
                self.slots.push(slot);
            }
            2 if !self.slots.is_empty() => {
                let slot = self.slots[b.below(self.slots.len())];
                if b.chance(128) { f.life_start(slot) } else { f.life_end(slot) }
            }
            3 => {
                let mut attrs = Attrs::new().guard(Guard::ALL[b.below(4)]);
                if b.chance(128) {
                    attrs = attrs.frame_pointer().used();
                }
                if b.chance(128) {
                    attrs = attrs.probe_stack(if b.is_wrong() { b.number() as u32 } else { 4096 });
                }
                f.set_attrs(&attrs);
            }
            4 => {
                if let Some(file) = b.pick(w.files) {
                    let mut at = Location::new(file, b.number() as u32, b.byte().into());
                    if let Some(scope) = b.pick(w.entries) {
                        at = at.scope(scope);
                    }
                    f.set_location(&at);
                }
            }
            5 | 6 => {
                if let (Some(x), Some(y)) = (b.pick(w.entries), b.pick(w.entries)) {
                    match b.below(3) {
                        0 => f.set_debug(x, y),
                        1 => {
                            let v = self.operand(b, Type::I64);
                            f.set_variable(x, b.chance(200).then_some(v));
                        }
                        _ => {
                            if let Some(slot) = b.pick(&self.slots) {
                                f.declare_variable(x, slot);
                            }
                        }
                    }
                }
            }
            7 => {
                let bytes = vec![b.byte(); b.below(40)];
                let data = Data::bytes(&bytes).align_log2(b.below(if b.wrong != 0 { 30 } else { 5 }) as u8).read_only();
                if let Some(symbol) = f.data(&data) {
                    let v = f.symbol(symbol, 0);
                    self.entry.push((v, Type::I64));
                }
            }
            8 => {
                let at = self.address(b);
                match b.below(4) {
                    0 => f.va_start(at),
                    1 => f.va_copy(at, at),
                    2 => f.va_end(at),
                    _ => {
                        let v = f.va_arg(any_type(b), at);
                        self.keep(v);
                    }
                }
            }
            9 => {
                if let Some(symbol) = b.pick(w.symbols) {
                    let v = f.tls_addr(symbol);
                    self.keep(v);
                }
            }
            10 if b.is_wrong() => f.fail(&b.text()),
            11 if b.is_wrong() => {
                let at = self.address(b);
                let v = f.builtin_setjmp(at);
                self.keep(v);
            }
            12 => {
                let v = f.get_rounding();
                self.keep(v);
                f.set_rounding(v);
            }
            _ => {
                let v = self.operand(b, Type::I64);
                f.prefetch(v);
                f.debug_trap();
            }
        }
    }

    fn instruction(&mut self, b: &mut Bytes) {
        match b.below(16) {
            0..=4 => self.arithmetic(b),
            5 => self.vector(b),
            6..=9 => self.memory(b),
            10 | 11 => self.choice(b),
            12 | 13 => self.call(b),
            _ => self.other(b),
        }
    }

    /// An edge: mostly to a later block, with arguments for its parameters.
    fn edge(&mut self, b: &mut Bytes, from: usize) -> (Block<'id>, Vec<Value<'id>>) {
        let later = self.blocks.len() - 1 - from;
        let at = if later > 0 && b.chance(200) { from + 1 + b.below(later) } else { b.below(self.blocks.len()) };
        let at = if at == 0 && !b.is_wrong() && self.blocks.len() > 1 { 1 } else { at };
        let (block, types) = self.blocks[at].clone();
        (block, self.args(b, &types))
    }

    fn end(&mut self, b: &mut Bytes, from: usize, results: &[Type]) {
        let f = self.f;
        let kind = if self.blocks.len() == 1 && !b.is_wrong() { 0 } else { b.below(10) };
        match kind {
            1..=3 => {
                let (to, args) = self.edge(b, from);
                f.br(to, &args);
            }
            4..=6 => {
                let c = self.operand(b, Type::I8);
                let c = if f.value_type(c) == Some(Type::I8) {
                    c
                } else {
                    f.icmp(IntCond::Eq, Type::I8, f.copy(Type::I8, c), 1)
                };
                let ((x, xs), (y, ys)) = (self.edge(b, from), self.edge(b, from));
                f.brif(c, (x, &xs), (y, &ys));
            }
            7 => {
                let v = self.operand(b, Type::I64);
                let v = f.copy(Type::I64, v);
                let edges: Vec<_> = (0..1 + b.below(6)).map(|_| self.edge(b, from)).collect();
                let wrong = b.is_wrong();
                let cases: Vec<_> = edges
                    .iter()
                    .enumerate()
                    .skip(1)
                    .map(|(i, e)| (if wrong { b.number() } else { i as i64 * 100 }, e.0))
                    .collect();
                f.switch(Type::I64, v, edges[0].0, &cases);
                let pred = f.current_block();
                let mut given = Vec::new();
                for (to, args) in &edges {
                    if !given.contains(to) {
                        for (i, &arg) in args.iter().enumerate() {
                            f.set_edge_arg(pred, *to, i as u32, arg);
                        }
                        given.push(*to);
                    }
                }
            }
            8 => {
                let targets: Vec<_> = (0..b.below(4)).map(|_| self.edge(b, from)).collect();
                let list: Vec<_> = targets.iter().map(|t| t.0).collect();
                let at = match targets.first() {
                    Some(t) if b.chance(200) => f.block_address(t.0),
                    _ => self.operand(b, Type::I64),
                };
                f.brind(at, &list);
                let pred = f.current_block();
                for (to, args) in &targets {
                    for (i, &arg) in args.iter().enumerate() {
                        f.set_edge_arg(pred, *to, i as u32, arg);
                    }
                }
            }
            9 => match b.below(4) {
                0 => f.unreachable(),
                1 => f.trap(),
                2 => {
                    let at = b.below(self.w.functions.len());
                    let types = self.w.shapes.get(self.w.sig_of[at]).map_or(Vec::new(), |s| s.0.clone());
                    let args = self.args(b, &types);
                    if let Some(&sig) = self.w.sigs.get(self.w.sig_of[at]) {
                        f.tailcall(sig, self.w.functions[at], &args);
                    }
                }
                _ => {
                    let v = self.operand(b, Type::I64);
                    if b.chance(128) { f.resume(v) } else { f.builtin_longjmp(v) }
                }
            },
            _ => {
                let values = self.args(b, results);
                f.ret(&values);
            }
        }
    }
}

/// Builds a body for a function of these parameters and results.
pub fn build<'id>(f: &Function<'id>, b: &mut Bytes, w: &World<'_>, shape: &(Vec<Type>, Vec<Type>)) {
    let mut body = Body {
        f,
        w,
        entry: Vec::new(),
        block: Vec::new(),
        all: Vec::new(),
        slots: vec![f.slot(64, 4), f.slot(8, 3)],
        blocks: vec![(f.current_block(), Vec::new())],
        forwards: Vec::new(),
    };
    for (i, &t) in shape.0.iter().enumerate() {
        body.entry.push((f.param(i as u32), t));
    }
    for _ in 0..b.below(7) {
        let block = f.block();
        let types: Vec<_> = (0..b.below(4)).map(|_| any_type(b)).collect();
        body.blocks.push((block, types));
    }
    let params: Vec<Vec<_>> = body
        .blocks
        .iter()
        .skip(1)
        .map(|(block, types)| types.iter().map(|&t| (f.block_param(*block, t), t)).collect())
        .collect();
    for at in 0..body.blocks.len() {
        if at > 0 {
            f.switch_to(body.blocks[at].0);
            body.block = params[at - 1].clone();
        }
        for _ in 0..b.below(12) {
            body.instruction(b);
            if b.ended() {
                break;
            }
        }
        if b.is_wrong() {
            let other = body.blocks[b.below(body.blocks.len())].0;
            f.switch_to(other);
        }
        body.end(b, at, &shape.1);
        if at == 0 {
            body.entry.append(&mut body.block);
        }
    }
    for (forward, t) in std::mem::take(&mut body.forwards) {
        let v = body.operand(b, t);
        f.bind(forward, v);
    }
}
