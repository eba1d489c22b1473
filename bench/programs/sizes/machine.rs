//! Machine NUMBER: plain values, loops and branches.

/// Bits of the status word.
pub const CARRY: u32 = 1;
pub const ZERO: u32 = 2;
pub const SIGN: u32 = 4;

/// What an instruction does. Numbers of registers are 0 to 7.
#[derive(Clone, Copy)]
pub enum Op {
    Load(usize, u32),
    Add(usize, usize),
    Sub(usize, usize),
    Xor(usize, usize),
    Shift(usize, u32),
    /// Goes back by the second number of instructions, if a bit of the first is set in the status word.
    Back(u32, usize),
    Stop,
}

/// Eight registers, the status word, and the place in the program.
pub struct Machine {
    pub registers: [u32; 8],
    pub status: u32,
    pub at: usize,
}

impl Machine {
    pub fn new(seed: u32) -> Machine {
        let mut registers = [0; 8];
        for i in 0..8 {
            registers[i] = seed.rotate_left(i as u32 * 5) ^ NUMBER;
        }
        Machine { registers, status: 0, at: 0 }
    }

    fn set(&mut self, to: usize, value: u32, carry: bool) {
        self.registers[to] = value;
        self.status = if carry { CARRY } else { 0 };
        if value == 0 {
            self.status |= ZERO;
        }
        if value >> 31 != 0 {
            self.status |= SIGN;
        }
    }

    /// Does one instruction. False: it was the last one.
    pub fn step(&mut self, op: Op) -> bool {
        self.at += 1;
        match op {
            Op::Load(to, value) => self.set(to, value, false),
            Op::Add(to, from) => {
                let (value, carry) = self.registers[to].overflowing_add(self.registers[from]);
                self.set(to, value, carry);
            }
            Op::Sub(to, from) => {
                let (value, carry) = self.registers[to].overflowing_sub(self.registers[from]);
                self.set(to, value, carry);
            }
            Op::Xor(to, from) => self.set(to, self.registers[to] ^ self.registers[from], false),
            Op::Shift(to, by) => self.set(to, self.registers[to] >> (by & 31), false),
            Op::Back(bits, by) => {
                if self.status & bits != 0 {
                    self.at -= by;
                }
            }
            Op::Stop => return false,
        }
        true
    }
}

/// What a word means: the operation in its low bits, then a register, then the rest.
pub fn decode(word: u32) -> Op {
    let to = (word >> 3 & 7) as usize;
    let rest = word >> 6;
    match word & 7 {
        0 => Op::Load(to, rest),
        1 => Op::Add(to, (rest & 7) as usize),
        2 => Op::Sub(to, (rest & 7) as usize),
        3 => Op::Xor(to, (rest & 7) as usize),
        4 => Op::Shift(to, rest),
        _ => Op::Stop,
    }
}

pub fn run() -> String {
    let mut machine = Machine::new(STEP);
    let mut word = NUMBER;
    let mut steps = 0;
    while steps < 1000 && machine.step(decode(word)) {
        word = word.wrapping_mul(1664525).wrapping_add(1013904223) >> 1;
        steps += 1;
    }
    let sum = machine.registers.iter().fold(0u32, |sum, r| sum.wrapping_mul(31) ^ r);
    format!("NUMBER: {steps} steps, {sum:08x}, status {}", machine.status)
}
