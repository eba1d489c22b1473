//! Hashes by 128-bit multiplication: FNV-1a of 128 bits, and a multiply-and-fold of 64 bits as wyhash has it.

const FNV_BASIS: u128 = 0x6c62272e07bb014262b821756295c58d;
const FNV_PRIME: u128 = 0x1000000000000000000013b;
const SECRETS: [u64; 3] = [0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3];

fn fnv(bytes: &[u8]) -> u128 {
    let mut hash = FNV_BASIS;
    for &byte in bytes {
        hash ^= byte as u128;
        hash = hash.wrapping_mul(FNV_PRIME);
    }
    hash
}

fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let mut value = 0;
    let mut k = 8;
    while k > 0 {
        k -= 1;
        value = value << 8 | bytes[at + k] as u64;
    }
    value
}

fn multiply_and_fold(bytes: &[u8], seed: u64) -> u64 {
    let mut hash = seed ^ SECRETS[0];
    let mut at = 0;
    while at + 16 <= bytes.len() {
        hash = fold(word(bytes, at) ^ SECRETS[1], word(bytes, at + 8) ^ hash);
        at += 16;
    }
    fold(hash ^ SECRETS[2], bytes.len() as u64)
}

fn main() {
    let mut bytes = [0u8; 4096];
    let mut state = 1u64;
    for byte in bytes.iter_mut() {
        state = fold(state ^ SECRETS[1], state.wrapping_add(SECRETS[2]));
        *byte = (state >> 32) as u8;
    }
    let (mut wide, mut narrow) = (0u128, 0u64);
    for round in 0..80 {
        wide = wide.rotate_left(1) ^ fnv(&bytes[round..]);
        narrow = multiply_and_fold(&bytes[round..], narrow);
        bytes[round * 16] = bytes[round * 16].wrapping_add(1);
    }
    println!("{wide:032x} {narrow:016x}");
}
