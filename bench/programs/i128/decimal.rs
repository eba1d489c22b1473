//! u128 and i128 as decimals and back: digit by digit, and by 19 digits at once, with checks for overflow.

const CHUNK: u128 = 10_000_000_000_000_000_000;

fn format_slowly(mut value: u128, text: &mut [u8; 40]) -> usize {
    let mut at = 40;
    loop {
        at -= 1;
        text[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return at;
        }
    }
}

fn format(mut value: u128, text: &mut [u8; 40]) -> usize {
    let mut at = 40;
    loop {
        let mut chunk = (value % CHUNK) as u64;
        value /= CHUNK;
        let end = at - 19 * (value != 0) as usize;
        while chunk != 0 || (value != 0 && at > end) {
            at -= 1;
            text[at] = b'0' + (chunk % 10) as u8;
            chunk /= 10;
        }
        if value == 0 {
            return at - (at == 40) as usize;
        }
    }
}

fn parse(text: &[u8]) -> Option<u128> {
    let mut value = 0u128;
    for &digit in text {
        value = value.checked_mul(10)?.checked_add((digit - b'0') as u128)?;
    }
    Some(value)
}

fn parse_signed(negative: bool, text: &[u8]) -> Option<i128> {
    let mut value = 0i128;
    for &digit in text {
        let digit = (digit - b'0') as i128;
        value = value.checked_mul(10)?;
        value = if negative { value.checked_sub(digit)? } else { value.checked_add(digit)? };
    }
    Some(value)
}

fn main() {
    let (mut state, mut sum, mut refused) = (0x0123456789abcdef0fedcba987654321u128, 0u128, 0);
    for round in 0..1500 {
        state = state.wrapping_mul(0xda942042e4dd58b5).wrapping_add(0x9e3779b97f4a7c15f39cc0605cedc835);
        let value = state >> (round % 128);
        let (mut slow, mut fast) = ([b'0'; 40], [b'0'; 40]);
        let (from, again) = (format_slowly(value, &mut slow), format(value, &mut fast));
        assert!(slow[from..] == fast[again..]);
        assert!(parse(&slow[from..]) == Some(value));
        match parse_signed(round & 1 != 0, &slow[from..]) {
            Some(value) => sum = sum.rotate_left(5) ^ value as u128,
            None => refused += 1,
        }
        slow[from] = b'9';
        match parse(&slow[from.saturating_sub(1)..]) {
            Some(value) => sum ^= value,
            None => refused += 1,
        }
    }
    println!("{sum:032x} {refused}");
}
