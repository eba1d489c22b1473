/* Encoder of AArch64 against Capstone: scalar float and the few Advanced SIMD forms. As
 * a64_encode.c, which has the rest. */
#include "a64_check.h"
#include "targets/aarch64/encode_vector.h"

/* ---- float ---- */

static const struct {
  enum a64_ftype type;
  char letter;
} ftypes[] = {{A64_S, 's'}, {A64_D, 'd'}};

CASE(float_ops) {
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
  } twos[] = {{A64_FMUL, "fmul"},     {A64_FDIV, "fdiv"},    {A64_FADD, "fadd"},
              {A64_FSUB, "fsub"},     {A64_FMAX, "fmax"},    {A64_FMIN, "fmin"},
              {A64_FMAXNM, "fmaxnm"}, {A64_FMINNM, "fminnm"}};
  for (unsigned k = 0; k < 2; k++) {
    const enum a64_ftype type = ftypes[k].type;
    const char c = ftypes[k].letter;
    EACH_REGS(2, {
      for (unsigned i = 0; i < COUNT(ones); i++)
        CHECK(a64_fop1(ones[i].op, type, D, N), "%s %s, %s", ones[i].name, F(c, D), F(c, N));
      CHECK(a64_fcmp(type, D, N), "fcmp %s, %s", F(c, D), F(c, N));
      CHECK(a64_fcmp_zero(type, D), "fcmp %s, #0.0", F(c, D));
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
      CHECK(a64_fmadd(type, D, N, M, A), "fmadd %s, %s, %s, %s", F(c, D), F(c, N), F(c, M),
            F(c, A));
    })
    EACH_REGS(1, CHECK(a64_fmov_imm(type, D, 0x70), "fmov %s, #1.0", F(c, D));)
  }
}

CASE(float_imm) {
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

CASE(float_convert) {
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
  } to_int[] = {{A64_FCVTZS, "fcvtzs"}, {A64_FCVTZU, "fcvtzu"}};
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
  }) EACH_REGS(2, { CHECK(a64_fmov_to_high(D, N), "fmov %s.d[1], %s", F('v', D), R(1, N)); })
}

CASE(simd) {
  static const struct {
    enum a64_vlogic op;
    const char *name;
  } logic[] = {
    {A64_VAND, "and"}, {A64_VBIC, "bic"}, {A64_VORR, "orr"}, {A64_VEOR, "eor"}, {A64_VBSL, "bsl"}};
  EACH_REGS(2, {
    CHECK(a64_cnt_8b(D, N), "cnt %s.8b, %s.8b", F('v', D), F('v', N));
    CHECK(a64_cnt_16b(D, N), "cnt %s.16b, %s.16b", F('v', D), F('v', N));
    CHECK(a64_addv_8b(D, N), "addv %s, %s.8b", F('b', D), F('v', N));
    CHECK(a64_addv_16b(D, N), "addv %s, %s.16b", F('b', D), F('v', N));
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

/* Vectors: all registers one after the other in each place, and all lanes. */
CASE(lanes) {
  static const char *const shapes[] = {"16b", "8h", "4s", "2d"}, *const low[] = {"8b", "4h", "2s"};
  static const char *const number[] = {
    "0", "1", "2",   "3",   "4",   "5",   "6",   "7",
    "8", "9", "0xa", "0xb", "0xc", "0xd", "0xe", "0xf"}; /* as Capstone */
  static const char letters[] = "bhsd";
  static const struct {
    enum a64_vlanes op;
    const char *name;
    unsigned most; /* log2 of the widest lane's bytes */
  } ints[] = {{A64_VADD, "add", 3},   {A64_VSUB, "sub", 3},  {A64_VMUL, "mul", 2},
              {A64_VADDP, "addp", 3}, {A64_CMEQ, "cmeq", 3}, {A64_CMGT, "cmgt", 3},
              {A64_CMGE, "cmge", 3},  {A64_CMHI, "cmhi", 3}, {A64_CMHS, "cmhs", 3}};
  static const struct {
    enum a64_vfloat op;
    const char *name;
  } floats[] = {{A64_VFADD, "fadd"}, {A64_VFSUB, "fsub"},  {A64_VFMUL, "fmul"},
                {A64_VFDIV, "fdiv"}, {A64_FCMEQ, "fcmeq"}, {A64_FCMGE, "fcmge"},
                {A64_FCMGT, "fcmgt"}};
  static const struct {
    enum a64_vone op;
    const char *name;
  } ones[] = {{A64_VFSQRT, "fsqrt"}, {A64_VFCVTZS, "fcvtzs"}, {A64_VSCVTF, "scvtf"}};
  static const struct {
    enum a64_vshift op;
    const char *name;
  } shifts[] = {{A64_VSHL, "shl"}, {A64_VUSHR, "ushr"}, {A64_VSSHR, "sshr"}};
  for (unsigned d = 0; d < 32; d++) {
    unsigned n = (d + 11) % 32, m = (d + 22) % 32;
    for (unsigned log2 = 0; log2 < 4; log2++) {
      const char *s = shapes[log2], c = letters[log2], *ins = prints_aliases() ? "mov" : "ins";
      const unsigned width = 8u << log2, x = log2 == 3;
      for (unsigned i = 0; i < COUNT(ints); i++)
        if (log2 <= ints[i].most)
          CHECK(a64_vlanes(ints[i].op, log2, d, n, m), "%s %s.%s, %s.%s, %s.%s", ints[i].name,
                F('v', d), s, F('v', n), s, F('v', m), s);
      for (unsigned i = 0; i < COUNT(floats) && log2 >= 2; i++)
        CHECK(a64_vfloat(floats[i].op, x, d, n, m), "%s %s.%s, %s.%s, %s.%s", floats[i].name,
              F('v', d), s, F('v', n), s, F('v', m), s);
      for (unsigned i = 0; i < COUNT(ones) && log2 >= 2; i++)
        CHECK(a64_vone(ones[i].op, x, d, n), "%s %s.%s, %s.%s", ones[i].name, F('v', d), s,
              F('v', n), s);
      if (log2 < 3)
        CHECK(a64_xtn(log2, d, n), "xtn %s.%s, %s.%s", F('v', d), low[log2], F('v', n),
              shapes[log2 + 1]);
      for (unsigned i = 0; i < COUNT(shifts); i++) {
        const unsigned by = i == 0 ? (d * 7) % width : 1 + (d * 7) % width;
        CHECK(a64_vshift(shifts[i].op, log2, d, n, by), "%s %s.%s, %s.%s, #%u", shifts[i].name,
              F('v', d), s, F('v', n), s, by);
      }
      CHECK(a64_dup(log2, d, n), "dup %s.%s, %s", F('v', d), s, R(x, n));
      for (unsigned k = 0; k < 16u >> log2; k++) {
        CHECK(a64_dup_lane(log2, d, n, k), "dup %s.%s, %s.%c[%s]", F('v', d), s, F('v', n), c,
              number[k]);
        CHECK(a64_umov(log2, d, n, k), "%s %s, %s.%c[%s]", log2 < 2 ? "umov" : "mov", R(x, d),
              F('v', n), c, number[k]);
        CHECK(a64_ins(log2, d, k, n), "%s %s.%c[%s], %s", ins, F('v', d), c, number[k], R(x, n));
        unsigned from = (k * 5 + 3) % (16u >> log2);
        CHECK(a64_ins_lane(log2, d, k, n, from), "%s %s.%c[%s], %s.%c[%s]", ins, F('v', d), c,
              number[k], F('v', n), c, number[from]);
      }
    }
    CHECK(a64_vone(A64_VMVN, 0, d, n), "mvn %s.16b, %s.16b", F('v', d), F('v', n));
    char hex[8], mask[24] = "0x";
    snprintf(hex, sizeof hex, "0x%x", 0x80 | n);
    for (unsigned i = 8; i-- > 0;) strcat(mask, (0x80 | n) >> i & 1 ? "ff" : "00");
    CHECK(a64_movi(A64_MOVI_16B, d, 0x80 | n), "movi %s.16b, #%s", F('v', d), hex);
    CHECK(a64_movi(A64_MOVI_4S, d, 0x80 | n), "movi %s.4s, #%s", F('v', d), hex);
    CHECK(a64_movi(A64_MOVI_4S + (3 << 13), d, 0x80 | n), "movi %s.4s, #%s, lsl #24", F('v', d),
          hex);
    CHECK(a64_movi(A64_MOVI_8H + (1 << 13), d, 0x80 | n), "movi %s.8h, #%s, lsl #8", F('v', d),
          hex);
    CHECK(a64_movi(A64_MOVI_2D, d, 0x80 | n), "movi %s.2d, #%s", F('v', d), mask);
    CHECK(a64_tbl_1(d, n, m), "tbl %s.16b, {%s.16b}, %s.16b", F('v', d), F('v', n), F('v', m));
    for (unsigned by = 0; by < 16; by++)
      CHECK(a64_ext(1, d, n, m, by), "ext %s.16b, %s.16b, %s.16b, #%s", F('v', d), F('v', n),
            F('v', m), number[by]);
    for (unsigned by = 0; by < 8; by++)
      CHECK(a64_ext(0, d, n, m, by), "ext %s.8b, %s.8b, %s.8b, #%s", F('v', d), F('v', n),
            F('v', m), number[by]);
    static const char *const arranged[4][2] = {
      {"8b", "16b"}, {"4h", "8h"}, {"2s", "4s"}, {"", "2d"}};
    static const struct {
      enum a64_permute op;
      const char *name;
    } permutes[] = {{A64_ZIP1, "zip1"}, {A64_ZIP2, "zip2"}, {A64_UZP1, "uzp1"},
                    {A64_UZP2, "uzp2"}, {A64_TRN1, "trn1"}, {A64_TRN2, "trn2"}};
    for (unsigned log2 = 0; log2 < 4; log2++) {
      for (unsigned q = log2 == 3; q < 2; q++) {
        const char *s = arranged[log2][q];
        for (unsigned p = 0; p < sizeof permutes / sizeof *permutes; p++)
          CHECK(a64_permute(permutes[p].op, q, log2, d, n, m), "%s %s.%s, %s.%s, %s.%s",
                permutes[p].name, F('v', d), s, F('v', n), s, F('v', m), s);
        for (unsigned container = log2 + 1; container < 4; container++)
          CHECK(a64_rev_lanes(container, q, log2, d, n), "rev%s %s.%s, %s.%s",
                container == 1   ? "16"
                : container == 2 ? "32"
                                 : "64",
                F('v', d), s, F('v', n), s);
      }
    }
    CHECK(a64_tbl_2(d, n, m), "tbl %s.16b, {%s.16b, %s.16b}, %s.16b", F('v', d), F('v', n),
          F('v', (n + 1) % 32), F('v', m));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(float_ops), cmocka_unit_test(float_imm),
                                     cmocka_unit_test(float_convert), cmocka_unit_test(simd),
                                     cmocka_unit_test(lanes)};
  return cmocka_run_group_tests_name("a64_encode_fp", tests, setup, teardown);
}
