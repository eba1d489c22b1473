//! Random bytes are decoded, printed in four syntaxes, encoded and decoded again.
use iced_x86::{Decoder, DecoderOptions, Encoder, Formatter, GasFormatter, IntelFormatter, MasmFormatter, NasmFormatter};

const COUNT: usize = 60_000;

/// splitmix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut x = *state;
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// FNV-1a.
fn add(hash: &mut u64, text: &str) {
    for byte in text.bytes() {
        *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
}

fn go(bits: u32) {
    let (mut seed, mut valid, mut hashes) = (u64::from(bits), 0, [0xcbf2_9ce4_8422_2325; 4]);
    let mut formatters: [Box<dyn Formatter>; 4] = [
        Box::new(GasFormatter::new()),
        Box::new(IntelFormatter::new()),
        Box::new(MasmFormatter::new()),
        Box::new(NasmFormatter::new()),
    ];
    for _ in 0..COUNT {
        let bytes: Vec<u8> = (0..2).flat_map(|_| random(&mut seed).to_le_bytes()).collect();
        let first = Decoder::with_ip(bits, &bytes, 0x1000, DecoderOptions::NONE).decode();
        if first.is_invalid() {
            continue;
        }
        valid += 1;
        for (formatter, hash) in formatters.iter_mut().zip(&mut hashes) {
            let mut text = String::new();
            formatter.format(&first, &mut text);
            add(hash, &text);
        }
        let mut encoder = Encoder::new(bits);
        if encoder.encode(&first, 0x1000).is_ok() {
            let again = encoder.take_buffer();
            let second = Decoder::with_ip(bits, &again, 0x1000, DecoderOptions::NONE).decode();
            assert_eq!(first.code(), second.code(), "{bytes:02x?} and {again:02x?}");
            assert_eq!(first.op_kinds().collect::<Vec<_>>(), second.op_kinds().collect::<Vec<_>>());
        }
    }
    assert!(valid > COUNT / 2);
    println!("{bits} bits: {valid} instructions, {hashes:x?}");
}

#[test]
fn of_16_bits() {
    go(16);
}

#[test]
fn of_32_bits() {
    go(32);
}

#[test]
fn of_64_bits() {
    go(64);
}
