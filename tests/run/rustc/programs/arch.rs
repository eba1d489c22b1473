//! Functions of std::arch that call LLVM's intrinsics: wide vectors, immediates that are computed, several results, memory.
use std::arch::x86_64::*;

#[target_feature(enable = "avx2,f16c,fma,bmi2")]
fn wide(bytes: &[u8; 64]) {
    // SAFETY: there are 64 bytes, and the gathered lanes are among them.
    unsafe {
        let (a, b) = (_mm256_loadu_si256(bytes.as_ptr().cast()), _mm256_loadu_si256(bytes.as_ptr().add(32).cast()));
        println!("{:?} {:?}", _mm256_sad_epu8(a, b), _mm256_mpsadbw_epu8::<5>(a, b));
        println!("{:?} {:?}", _mm256_shuffle_epi8(a, b), _mm256_permutevar8x32_epi32(a, b));
        println!("{:?}", _mm256_i32gather_epi32::<4>(bytes.as_ptr().cast(), _mm256_set_epi32(3, 0, 9, 15, 1, 2, 7, 8)));
        let (x, y) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
        println!("{:?} {:?}", _mm256_round_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(x), _mm256_rsqrt_ps(y));
        println!("{:?} {:?}", _mm256_cmp_ps::<_CMP_NLE_UQ>(x, y), _mm256_dp_ps::<0x73>(x, y));
        println!("{} {}", _mm256_testc_si256(a, b), _mm256_movemask_epi8(a));
        let mut out = [1u32; 8];
        _mm256_maskstore_epi32(out.as_mut_ptr().cast(), b, a);
        println!("{out:?} {:x} {:x}", _pdep_u32(77, 0xf0f0_f0f0), _pext_u64(0x1234_5678_9abc_def0, 0xff00_ff00_ff00_ff00));
    }
}

#[target_feature(enable = "aes,pclmulqdq,sse4.2,sha")]
fn narrow(bytes: &[u8; 64]) {
    // SAFETY: there are 64 bytes.
    unsafe {
        let (a, b) = (_mm_loadu_si128(bytes.as_ptr().cast()), _mm_loadu_si128(bytes.as_ptr().add(16).cast()));
        println!("{:?} {:?}", _mm_clmulepi64_si128::<0x10>(a, b), _mm_aesenc_si128(a, b));
        println!("{:?}", _mm_aeskeygenassist_si128::<0x1b>(a));
        println!("{} {:?}", _mm_cmpestri::<0x18>(a, 5, b, 7), _mm_cmpistrm::<{ _SIDD_UWORD_OPS | _SIDD_UNIT_MASK }>(a, b));
        println!("{} {}", _mm_crc32_u64(3, 4), _mm_crc32_u8(!0, 200));
        println!("{:?} {:?}", _mm_minpos_epu16(a), _mm_packus_epi32(a, b));
        _mm_prefetch::<_MM_HINT_T1>(bytes.as_ptr().cast());
        _mm_stream_si32(&mut [0; 4][0], 5);
        _mm_mfence();
    }
}

fn plain() {
    for carry in [0, 1, 255] {
        let (mut sum, mut rest) = (0, 0);
        // SAFETY: every x86-64 has them.
        let flags = unsafe { (_addcarry_u64(carry, 5, u64::MAX - 5, &mut sum), _subborrow_u32(carry, 5, 5, &mut rest)) };
        println!("{flags:?} {sum} {rest}");
    }
    _mm_pause();
}

fn main() {
    let mut bytes = [0u8; 64];
    bytes.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 37 + 11) as u8);
    plain();
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has what it needs.
        unsafe { wide(&bytes) };
    }
    if is_x86_feature_detected!("aes") && is_x86_feature_detected!("pclmulqdq") && is_x86_feature_detected!("sha") {
        // SAFETY: the processor has what it needs.
        unsafe { narrow(&bytes) };
    }
}
