/* Encoder of AArch64 against Capstone: scalar float and the few Advanced SIMD forms. As
 * a64_encode.c, which has the rest. */
#include "a64_check.h"

/* ---- float ---- */

static const struct {
  enum a64_ftype type;
  char letter;
} ftypes[] = {{A64_S, 's'}, {A64_D, 'd'}};

static void float_ops(void **state) {
  (void)state;
  static const struct {
    enum a64_fop1 op;
    const char *name;
  } ones[] = {{A64_FMOV, "fmov"},     {A64_FABS, "fabs"},     {A64_FNEG, "fneg"},
              {A64_FSQRT, "fsqrt"},   {A64_FRINTN, "frintn"}, {A64_FRINTP, "frintp"},
              {A64_FRINTM, "frintm"}, {A64_FRINTZ, "frintz"}, {A64_FRINTA, "frinta"},
              {A64_FRINTX, "frintx"}, {A64_FRINTI, "frinti"}};
  static const struct {
    enum a64_fop2 op;
    const char *name;
  } twos[] = {{A64_FMUL, "fmul"},     {A64_FDIV, "fdiv"},     {A64_FADD, "fadd"},
              {A64_FSUB, "fsub"},     {A64_FMAX, "fmax"},     {A64_FMIN, "fmin"},
              {A64_FMAXNM, "fmaxnm"}, {A64_FMINNM, "fminnm"}, {A64_FNMUL, "fnmul"}};
  static const struct {
    enum a64_fop3 op;
    const char *name;
  } threes[] = {
    {A64_FMADD, "fmadd"}, {A64_FMSUB, "fmsub"}, {A64_FNMADD, "fnmadd"}, {A64_FNMSUB, "fnmsub"}};
  for (unsigned k = 0; k < 2; k++) {
    const enum a64_ftype type = ftypes[k].type;
    const char c = ftypes[k].letter;
    EACH_REGS(2, {
      for (unsigned i = 0; i < COUNT(ones); i++)
        CHECK(a64_fop1(ones[i].op, type, D, N), "%s %s, %s", ones[i].name, F(c, D), F(c, N));
      CHECK(a64_fcmp(type, D, N), "fcmp %s, %s", F(c, D), F(c, N));
      CHECK(a64_fcmp_zero(type, D), "fcmp %s, #0.0", F(c, D));
      for (unsigned cond = 0; cond < 15; cond++)
        CHECK(a64_fccmp(type, D, N, cond, (enum a64_cond)cond), "fccmp %s, %s, #%u, %s", F(c, D),
              F(c, N), cond, cond_names[cond]);
    })
    EACH_REGS(3, {
      for (unsigned i = 0; i < COUNT(twos); i++)
        CHECK(a64_fop2(twos[i].op, type, D, N, M), "%s %s, %s, %s", twos[i].name, F(c, D), F(c, N),
              F(c, M));
      for (unsigned cond = 0; cond < 15; cond++)
        CHECK(a64_fcsel(type, D, N, M, (enum a64_cond)cond), "fcsel %s, %s, %s, %s", F(c, D),
              F(c, N), F(c, M), cond_names[cond]);
    })
    EACH_REGS(4, {
      for (unsigned i = 0; i < COUNT(threes); i++)
        CHECK(a64_fop3(threes[i].op, type, D, N, M, A), "%s %s, %s, %s, %s", threes[i].name,
              F(c, D), F(c, N), F(c, M), F(c, A));
    })
    EACH_REGS(1, CHECK(a64_fmov_imm(type, D, 0x70), "fmov %s, #1.0", F(c, D));)
  }
}

static void float_imm(void **state) {
  (void)state;
  /* VFPExpandImm: (-1)^a * 2^e * (16 + efgh) / 16, e from -3 to 4. */
  for (unsigned imm = 0; imm < 256; imm++) {
    const int e = (int)(imm >> 4 & 7);
    double v = (16 + (imm & 15)) / 16.0;
    for (int i = 0; i < (e < 4 ? e + 1 : 7 - e); i++) v = e < 4 ? v * 2 : v / 2;
    if (imm & 0x80) v = -v;
    uint64_t bits;
    uint32_t bits_s;
    float s = (float)v;
    memcpy(&bits, &v, 8);
    memcpy(&bits_s, &s, 4);
    unsigned got = 999;
    assert_true(a64_fp8_d(bits, &got));
    assert_int_equal(got, imm);
    got = 999;
    assert_true(a64_fp8_s(bits_s, &got));
    assert_int_equal(got, imm);
    CHECK(a64_fmov_imm(A64_D, 3, imm), "fmov d3, #%.8f", v);
    CHECK(a64_fmov_imm(A64_S, 3, imm), "fmov s3, #%.8f", v);
    assert_false(a64_fp8_d(bits | 1, &got));
    assert_false(a64_fp8_s(bits_s | 1, &got));
    assert_false(a64_fp8_d(bits | UINT64_C(1) << 47, &got));
    assert_false(a64_fp8_s(bits_s | 1u << 18, &got));
  }
  static const double none[] = {0.0, -0.0, 0.1, 32.0, 0.0625, 1e300, 1.03125};
  for (unsigned i = 0; i < COUNT(none); i++) {
    uint64_t bits;
    uint32_t bits_s;
    float s = (float)none[i];
    unsigned got;
    memcpy(&bits, &none[i], 8);
    memcpy(&bits_s, &s, 4);
    assert_false(a64_fp8_d(bits, &got));
    assert_false(a64_fp8_s(bits_s, &got));
  }
}

static void float_convert(void **state) {
  (void)state;
  EACH_REGS(2, {
    CHECK(a64_fcvt(A64_D, A64_S, D, N), "fcvt %s, %s", F('d', D), F('s', N));
    CHECK(a64_fcvt(A64_S, A64_D, D, N), "fcvt %s, %s", F('s', D), F('d', N));
    CHECK(a64_fcvt(A64_H, A64_S, D, N), "fcvt %s, %s", F('h', D), F('s', N));
    CHECK(a64_fcvt(A64_H, A64_D, D, N), "fcvt %s, %s", F('h', D), F('d', N));
    CHECK(a64_fcvt(A64_S, A64_H, D, N), "fcvt %s, %s", F('s', D), F('h', N));
    CHECK(a64_fcvt(A64_D, A64_H, D, N), "fcvt %s, %s", F('d', D), F('h', N));
  })
  static const struct {
    enum a64_fint op;
    const char *name;
  } to_int[] = {{A64_FCVTNS, "fcvtns"}, {A64_FCVTNU, "fcvtnu"}, {A64_FCVTAS, "fcvtas"},
                {A64_FCVTAU, "fcvtau"}, {A64_FCVTPS, "fcvtps"}, {A64_FCVTPU, "fcvtpu"},
                {A64_FCVTMS, "fcvtms"}, {A64_FCVTMU, "fcvtmu"}, {A64_FCVTZS, "fcvtzs"},
                {A64_FCVTZU, "fcvtzu"}};
  EACH_SF for (unsigned k = 0; k < 2; k++) EACH_REGS(2, {
    const char c = ftypes[k].letter;
    const enum a64_ftype type = ftypes[k].type;
    for (unsigned i = 0; i < COUNT(to_int); i++)
      CHECK(a64_fint(to_int[i].op, sf, type, D, N), "%s %s, %s", to_int[i].name, R(sf, D), F(c, N));
    CHECK(a64_fint(A64_SCVTF, sf, type, D, N), "scvtf %s, %s", F(c, D), R(sf, N));
    CHECK(a64_fint(A64_UCVTF, sf, type, D, N), "ucvtf %s, %s", F(c, D), R(sf, N));
    if (sf == k) {
      CHECK(a64_fint(A64_FMOV_TO_GPR, sf, type, D, N), "fmov %s, %s", R(sf, D), F(c, N));
      CHECK(a64_fint(A64_FMOV_FROM_GPR, sf, type, D, N), "fmov %s, %s", F(c, D), R(sf, N));
    }
  }) EACH_REGS(2, {
    CHECK(a64_fmov_to_high(D, N), "fmov %s.d[1], %s", F('v', D), R(1, N));
    CHECK(a64_fmov_from_high(D, N), "fmov %s, %s.d[1]", R(1, D), F('v', N));
  })
}

static void simd(void **state) {
  (void)state;
  static const struct {
    enum a64_vlogic op;
    const char *name;
  } logic[] = {{A64_VAND, "and"}, {A64_VBIC, "bic"}, {A64_VORR, "orr"}, {A64_VORN, "orn"},
               {A64_VEOR, "eor"}, {A64_VBSL, "bsl"}, {A64_VBIT, "bit"}, {A64_VBIF, "bif"}};
  EACH_REGS(2, {
    CHECK(a64_cnt_8b(D, N), "cnt %s.8b, %s.8b", F('v', D), F('v', N));
    CHECK(a64_cnt_16b(D, N), "cnt %s.16b, %s.16b", F('v', D), F('v', N));
    CHECK(a64_addv_8b(D, N), "addv %s, %s.8b", F('b', D), F('v', N));
    CHECK(a64_addv_16b(D, N), "addv %s, %s.16b", F('b', D), F('v', N));
    CHECK(a64_uaddlv_8b(D, N), "uaddlv %s, %s.8b", F('h', D), F('v', N));
    CHECK(a64_dup_2d(D, N), "dup %s.2d, %s", F('v', D), R(1, N));
    CHECK(a64_movi_zero(D), "movi %s, #0", F('d', D));
  })
  for (unsigned q = 0; q < 2; q++)
    EACH_REGS(3, {
      const char *s = q ? "16b" : "8b";
      for (unsigned i = 0; i < COUNT(logic); i++)
        if (logic[i].op == A64_VORR && N == M)
          CHECK(a64_vlogic(logic[i].op, q, D, N, M), "mov %s.%s, %s.%s", F('v', D), s, F('v', N),
                s);
        else
          CHECK(a64_vlogic(logic[i].op, q, D, N, M), "%s %s.%s, %s.%s, %s.%s", logic[i].name,
                F('v', D), s, F('v', N), s, F('v', M), s);
    })
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(float_ops), cmocka_unit_test(float_imm),
                                     cmocka_unit_test(float_convert), cmocka_unit_test(simd)};
  return cmocka_run_group_tests_name("a64_encode_fp", tests, setup, teardown);
}
