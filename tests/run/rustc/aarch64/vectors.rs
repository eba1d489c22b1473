//! Vectors of std::arch: NEON, and what processors have besides: CRC32, AES, SHA2, dot products, halves.
use std::arch::aarch64::*;
use std::hint::black_box;

fn integers() {
    // SAFETY: every AArch64 has NEON.
    unsafe {
        let bytes: [i8; 16] = black_box([0, -1, 2, -3, 4, 127, -128, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let (a, b) = (vld1q_s8(bytes.as_ptr()), vdupq_n_s8(5));
        println!("{:?} {:?}", vqaddq_s8(a, b), vhsubq_s8(a, b));
        println!("{:?} {:?} {}", vcgtq_s8(a, b), vqabsq_s8(a), vaddlvq_s8(a));
        println!("{:?} {:?}", vzip1q_s8(a, b), vextq_s8::<3>(a, b));
        println!("{:?} {:?}", vmull_s8(vget_low_s8(a), vget_high_s8(a)), vqmovn_s16(vmovl_s8(vget_low_s8(a))));
        println!("{:?} {:?}", vqtbl1q_s8(a, vdupq_n_u8(3)), vtbl2_s8(int8x8x2_t(vget_low_s8(a), vget_high_s8(a)), vdup_n_s8(12)));
        println!("{:?} {:?}", vcntq_s8(a), vclzq_s8(a));
        println!("{:?} {:?}", vrshrq_n_s8::<3>(a), vsliq_n_s8::<2>(a, b));
        println!("{:?} {:?}", vqshlq_n_s8::<4>(a), vqshrun_n_s16::<2>(vmovl_s8(vget_low_s8(a))));
        println!("{} {} {}", vmaxvq_s8(a), vgetq_lane_s8::<6>(a), vaddvq_s8(a));
        let words = vreinterpretq_s32_s8(a);
        println!("{:?} {:?}", vqdmulhq_s32(words, words), vmlal_s32(vdupq_n_s64(1), vget_low_s32(words), vget_high_s32(words)));
        println!("{:?} {:?}", vpadalq_s16(words, vreinterpretq_s16_s8(a)), vabdq_s32(words, vdupq_n_s32(9)));
        let polynomials = vreinterpretq_p8_s8(a);
        println!("{:?}", vreinterpretq_u16_p16(vmull_p8(vget_low_p8(polynomials), vget_high_p8(polynomials))));
    }
}

fn memory() {
    let mut numbers: [u16; 32] = std::array::from_fn(|i| i as u16 * 3);
    // SAFETY: the array has as many elements.
    unsafe {
        let (two, three, four) = (vld2q_u16(numbers.as_ptr()), vld3_u16(numbers.as_ptr()), vld4q_u16(numbers.as_ptr()));
        println!("{two:?} {three:?} {:?}", four.3);
        vst2q_u16(numbers.as_mut_ptr(), uint16x8x2_t(two.1, two.0));
        vst4_lane_u16::<2>(numbers.as_mut_ptr().add(16), uint16x4x4_t(three.0, three.1, three.2, three.0));
        println!("{:?} {numbers:?}", vld3q_dup_u16(numbers.as_ptr().add(5)).2);
        println!("{:?} {:?}", vld1_u16_x3(numbers.as_ptr()).1, vld1q_lane_u16::<3>(numbers.as_ptr().add(30), two.0));
    }
}

fn floats() {
    // SAFETY: every AArch64 has NEON.
    unsafe {
        let (x, y) = (vld1q_f32([1.5f32, -2.5, 0.0, f32::NAN].as_ptr()), black_box(vdupq_n_f32(0.75)));
        println!("{:?} {:?} {:?}", vfmaq_f32(x, y, y), vmaxnmq_f32(x, y), vmaxq_f32(x, y));
        println!("{:?} {:?} {:?}", vcvtnq_s32_f32(x), vrndaq_f32(x), vrecpeq_f32(y));
        println!("{:?} {:?} {:?}", vcageq_f32(x, y), vrsqrtsq_f32(x, y), vcvtq_n_s32_f32::<4>(x));
        println!("{:?} {:?}", vcvt_f64_f32(vget_low_f32(x)), vpaddq_f32(x, y));
        let z = black_box(vdupq_n_f64(2.25));
        println!("{:?} {:?} {}", vsqrtq_f64(z), vcvtq_u64_f64(z), vaddvq_f64(z));
        println!("{:?} {:?}", vmulx_f64(vdup_n_f64(0.0), vdup_n_f64(f64::INFINITY)), vcvt_f32_f64(z));
    }
}

#[target_feature(enable = "crc,aes,sha2,sha3,dotprod,rdm")]
fn others() {
    let (a, b) = (black_box(vdupq_n_u8(0x35)), black_box(vdupq_n_u8(0xa7)));
    println!("{:x} {:x} {:x}", __crc32b(1, 200), __crc32cd(2, 1 << 60 | 5), __crc32cw(3, 4));
    println!("{:?} {:?}", vaeseq_u8(a, b), vaesmcq_u8(a));
    println!("{:?}", vsha256hq_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b), vdupq_n_u32(7)));
    println!("{:x} {:?}", vmull_p64(0x1234_5678_9abc_def0, 77), veor3q_u8(a, b, a));
    println!("{:?} {:?}", vdotq_u32(vdupq_n_u32(1), a, b), vxarq_u64::<5>(vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b)));
    println!("{:?}", vqrdmlahq_s32(vdupq_n_s32(1), vreinterpretq_s32_u8(a), vreinterpretq_s32_u8(b)));
}

#[inline(never)]
extern "C" fn passed(a: int8x8_t, b: uint64x1_t, c: float64x2_t, d: float32x2_t, e: f32, f: float64x1_t) -> int8x8_t {
    println!("{a:?} {b:?} {c:?} {d:?} {e} {f:?}");
    // SAFETY: every AArch64 has NEON.
    unsafe { vneg_s8(a) }
}

fn main() {
    integers();
    memory();
    floats();
    // SAFETY: every AArch64 has NEON.
    let lanes = unsafe { (vdup_n_s8(3), vdup_n_u64(4), vdupq_n_f64(5.5), vdup_n_f32(6.5), vdup_n_f64(7.5)) };
    let through: extern "C" fn(_, _, _, _, _, _) -> _ = black_box(passed);
    println!("{:?}", through(lanes.0, lanes.1, lanes.2, lanes.3, 8.5, lanes.4));
    // SAFETY: qemu's processor, and those that rustc's list of features finds, have what the function needs.
    unsafe { others() };
}
