/* Encoder of AArch64 against Capstone: every form of targets/aarch64/encode.h, each register operand
 * varied over all 32 registers and immediates over their boundaries; all bit-mask immediates. The
 * expected text is the manual's preferred disassembly, written by hand here. Run by the unit
 * suite; float is in a64_encode_fp.c. */
#include "a64_check.h"

static const char *const shift_names[] = {"lsl", "lsr", "asr", "ror"};
static const char *const extend_names[] = {"uxtb", "uxth", "uxtw", "uxtx",
                                           "sxtb", "sxth", "sxtw", "sxtx"};

/* ---- add and subtract ---- */

static const char *const addsub_names[] = {"add", "adds", "sub", "subs"};

static void addsub_imm_row(enum a64_addsub op, unsigned sf, unsigned d, unsigned n, unsigned imm,
                           unsigned sh) {
  uint32_t w = a64_addsub_imm(op, sf, d, n, imm, sh);
  char shift[16] = "";
  if (sh) strcpy(shift, ", lsl #12");
  if (op & 1 && d == 31)
    CHECK(w, "%s %s, #%u%s", op == A64_ADDS ? "cmn" : "cmp", S(sf, n), imm, shift);
  else if (op == A64_ADD && imm == 0 && !sh && (d == 31 || n == 31))
    CHECK(w, "mov %s, %s", S(sf, d), S(sf, n));
  else
    CHECK(w, "%s %s, %s, #%u%s", addsub_names[op], op & 1 ? R(sf, d) : S(sf, d), S(sf, n), imm,
          shift);
}
CASE(addsub_imm) {
  static const unsigned imms[] = {0, 1, 2, 127, 128, 255, 256, 2047, 2048, 4094, 4095};
  for (enum a64_addsub op = A64_ADD; op <= A64_SUBS; op++) EACH_SF {
      EACH_REGS(2, {
        addsub_imm_row(op, sf, D, N, 0, 0);
        addsub_imm_row(op, sf, D, N, 77, 0);
        addsub_imm_row(op, sf, D, N, 77, 1);
      })
      for (unsigned i = 0; i < COUNT(imms); i++) {
        addsub_imm_row(op, sf, 3, 4, imms[i], 0);
        addsub_imm_row(op, sf, 3, 4, imms[i], 1);
      }
      CHECK(a64_addsub_val(op, sf, 1, 2, 4095), "%s %s, %s, #4095", addsub_names[op], R(sf, 1),
            R(sf, 2));
      CHECK(a64_addsub_val(op, sf, 1, 2, 4096), "%s %s, %s, #1, lsl #12", addsub_names[op],
            R(sf, 1), R(sf, 2));
      CHECK(a64_addsub_val(op, sf, 1, 2, 0xfff000), "%s %s, %s, #4095, lsl #12", addsub_names[op],
            R(sf, 1), R(sf, 2));
    }
  EACH_SF EACH_REGS(2, {
    CHECK(a64_cmp_val(sf, N, 9), "cmp %s, #9", S(sf, N));
    CHECK(a64_cmn_val(sf, N, 0x5000), "cmn %s, #5, lsl #12", S(sf, N));
    CHECK(a64_mov_sp(sf, 31, N), "mov %s, %s", S(sf, 31), S(sf, N));
    CHECK(a64_mov_sp(sf, D, 31), "mov %s, %s", S(sf, D), S(sf, 31));
  }) assert_true(a64_addsub_imm_ok(0));
  assert_true(a64_addsub_imm_ok(4095));
  assert_true(a64_addsub_imm_ok(4096));
  assert_true(a64_addsub_imm_ok(0xfff000));
  assert_false(a64_addsub_imm_ok(4097));
  assert_false(a64_addsub_imm_ok(0xfff001));
  assert_false(a64_addsub_imm_ok(0x1000000));
  assert_false(a64_addsub_imm_ok(UINT64_MAX));
}

static void addsub_reg_row(enum a64_addsub op, unsigned sf, unsigned d, unsigned n, unsigned m,
                           enum a64_shift sh, unsigned amount) {
  uint32_t w = a64_addsub_reg(op, sf, d, n, m, sh, amount);
  char shift[24] = "";
  if (amount || sh != A64_LSL) snprintf(shift, sizeof shift, ", %s #%u", shift_names[sh], amount);
  if (op & 1 && d == 31)
    CHECK(w, "%s %s, %s%s", op == A64_ADDS ? "cmn" : "cmp", R(sf, n), R(sf, m), shift);
  else if (op >= A64_SUB && n == 31)
    CHECK(w, "%s %s, %s%s", op == A64_SUB ? "neg" : "negs", R(sf, d), R(sf, m), shift);
  else CHECK(w, "%s %s, %s, %s%s", addsub_names[op], R(sf, d), R(sf, n), R(sf, m), shift);
}
CASE(addsub_reg) {
  for (enum a64_addsub op = A64_ADD; op <= A64_SUBS; op++) EACH_SF {
      EACH_REGS(3, {
        addsub_reg_row(op, sf, D, N, M, A64_LSL, 0);
        addsub_reg_row(op, sf, D, N, M, A64_LSR, 7);
      })
      for (enum a64_shift sh = A64_LSL; sh <= A64_ASR; sh++)
        for (unsigned amount = 0; amount < (sf ? 64u : 32u); amount++)
          addsub_reg_row(op, sf, 1, 2, 3, sh, amount);
    }
  EACH_SF EACH_REGS(3, {
    if (D != 31 && N != 31) {
      CHECK(a64_add(sf, D, N, M), "add %s, %s, %s", R(sf, D), R(sf, N), R(sf, M));
      CHECK(a64_sub(sf, D, N, M), "sub %s, %s, %s", R(sf, D), R(sf, N), R(sf, M));
    }
    CHECK(a64_neg(sf, D, M), "neg %s, %s", R(sf, D), R(sf, M));
    CHECK(a64_cmp(sf, N, M), "cmp %s, %s", R(sf, N), R(sf, M));
  })
}

static void addsub_ext_row(enum a64_addsub op, unsigned sf, unsigned d, unsigned n, unsigned m,
                           enum a64_extend ext, unsigned amount) {
  uint32_t w = a64_addsub_ext(op, sf, d, n, m, ext, amount);
  char tail[24];
  const char *name = extend_names[ext];
  /* LSL is the preferred name next to sp, of the extension as wide as the form. */
  bool has_sp = n == 31 || (d == 31 && !(op & 1));
  bool plain = has_sp && ext == (sf ? A64_UXTX : A64_UXTW);
  if (plain) name = "lsl";
  if (amount) snprintf(tail, sizeof tail, ", %s #%u", name, amount);
  else snprintf(tail, sizeof tail, "%s%s", plain ? "" : ", ", plain ? "" : name);
  const char *rm = R(sf && (ext & 3) == 3, m);
  if (op & 1 && d == 31)
    CHECK(w, "%s %s, %s%s", op == A64_ADDS ? "cmn" : "cmp", S(sf, n), rm, tail);
  else
    CHECK(w, "%s %s, %s, %s%s", addsub_names[op], op & 1 ? R(sf, d) : S(sf, d), S(sf, n), rm, tail);
}
CASE(addsub_ext) {
  for (enum a64_addsub op = A64_ADD; op <= A64_SUBS; op++) EACH_SF {
      EACH_REGS(3, {
        addsub_ext_row(op, sf, D, N, M, A64_SXTW, 0);
        addsub_ext_row(op, sf, D, N, M, A64_UXTW, 2);
        addsub_ext_row(op, sf, D, N, M, A64_UXTX, 3);
      })
      for (enum a64_extend ext = A64_UXTB; ext <= A64_SXTX; ext++)
        for (unsigned amount = 0; amount <= 4; amount++)
          addsub_ext_row(op, sf, 1, 2, 3, ext, amount);
    }
}

CASE(addsub_carry) {
  static const char *const names[] = {"adc", "adcs", "sbc", "sbcs"};
  for (enum a64_addsub op = A64_ADD; op <= A64_SUBS; op++)
    EACH_SF EACH_REGS(3, {
      uint32_t w = a64_addsub_carry(op, sf, D, N, M);
      if (op >= A64_SUB && N == 31)
        CHECK(w, "%s %s, %s", op == A64_SUB ? "ngc" : "ngcs", R(sf, D), R(sf, M));
      else CHECK(w, "%s %s, %s, %s", names[op], R(sf, D), R(sf, N), R(sf, M));
      CHECK(a64_ngc(sf, D, M), "ngc %s, %s", R(sf, D), R(sf, M));
    })
}

/* ---- logical ---- */

static const char *const logic_names[] = {"and", "bic", "orr", "orn", "eor", "eon", "ands", "bics"};

static void logic_reg_row(enum a64_logic op, unsigned sf, unsigned d, unsigned n, unsigned m,
                          enum a64_shift sh, unsigned amount) {
  uint32_t w = a64_logic_reg(op, sf, d, n, m, sh, amount);
  char shift[24] = "";
  if (amount || sh != A64_LSL) snprintf(shift, sizeof shift, ", %s #%u", shift_names[sh], amount);
  if (op == A64_ANDS && d == 31) CHECK(w, "tst %s, %s%s", R(sf, n), R(sf, m), shift);
  else if (op == A64_ORR && n == 31 && !*shift) CHECK(w, "mov %s, %s", R(sf, d), R(sf, m));
  else if (op == A64_ORN && n == 31) CHECK(w, "mvn %s, %s%s", R(sf, d), R(sf, m), shift);
  else CHECK(w, "%s %s, %s, %s%s", logic_names[op], R(sf, d), R(sf, n), R(sf, m), shift);
}
CASE(logic_reg) {
  for (enum a64_logic op = A64_AND; op <= A64_BICS; op++) EACH_SF {
      EACH_REGS(3, {
        logic_reg_row(op, sf, D, N, M, A64_LSL, 0);
        logic_reg_row(op, sf, D, N, M, A64_ROR, 9);
      })
      for (enum a64_shift sh = A64_LSL; sh <= A64_ROR; sh++)
        for (unsigned amount = 0; amount < (sf ? 64u : 32u); amount++)
          logic_reg_row(op, sf, 1, 2, 3, sh, amount);
    }
  EACH_SF EACH_REGS(3, {
    CHECK(a64_and(sf, D, N, M), "and %s, %s, %s", R(sf, D), R(sf, N), R(sf, M));
    CHECK(a64_eor(sf, D, N, M), "eor %s, %s, %s", R(sf, D), R(sf, N), R(sf, M));
    if (N != 31) CHECK(a64_orr(sf, D, N, M), "orr %s, %s, %s", R(sf, D), R(sf, N), R(sf, M));
    CHECK(a64_tst(sf, N, M), "tst %s, %s", R(sf, N), R(sf, M));
    CHECK(a64_mov(sf, D, M), "mov %s, %s", R(sf, D), R(sf, M));
    CHECK(a64_mvn(sf, D, M), "mvn %s, %s", R(sf, D), R(sf, M));
  })
}

/* DecodeBitMasks of the manual, as in its pseudocode. False if reserved. */
static bool decode_bitmask(unsigned sf, unsigned field, uint64_t *out) {
  unsigned immn = field >> 12, immr = field >> 6 & 63, imms = field & 63;
  unsigned key = immn << 6 | (~imms & 63), len = 6;
  while (len > 0 && !(key >> len & 1)) len--;
  if (len < 1 || (!sf && immn)) return false;
  unsigned size = 1u << len, levels = size - 1;
  unsigned s = imms & levels, rot = immr & levels;
  if (s == levels) return false;
  uint64_t v = 0;
  for (unsigned bit = 0; bit < 64; bit++)
    if ((bit % size + rot) % size <= s) v |= UINT64_C(1) << bit;
  *out = sf ? v : v & 0xffffffffu;
  return true;
}
static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}
CASE(bitmask_all) {
  static uint64_t all[8192];
  for (unsigned sf = 0; sf < 2; sf++) {
    size_t n = 0, distinct = 0;
    for (unsigned field = 0; field < 8192; field++)
      if (decode_bitmask(sf, field, &all[n])) n++;
    qsort(all, n, sizeof *all, by_value);
    for (size_t i = 0; i < n; i++)
      if (i == 0 || all[i] != all[i - 1]) all[distinct++] = all[i];
    assert_int_equal(distinct, sf ? 5334 : 1302);
    for (size_t i = 0; i < distinct; i++) {
      uint32_t field = 0;
      uint64_t back;
      assert_true(a64_bitmask(sf, all[i], &field));
      assert_true(decode_bitmask(sf, field, &back));
      assert_true(back == all[i]);
      const long long shown = (long long)all[i];
      CHECK(a64_logic_imm(A64_AND, sf, 1, 2, field), "and %s, %s, #%lld", R(sf, 1), R(sf, 2),
            shown);
      /* Values next to encodable ones are encodable only if they are in the list. */
      for (int64_t delta = -1; delta <= 1; delta += 2) {
        uint64_t v = all[i] + (uint64_t)delta;
        if (!sf) v &= 0xffffffffu;
        bool listed = bsearch(&v, all, distinct, sizeof *all, by_value) != NULL;
        assert_int_equal(a64_bitmask(sf, v, &field), listed);
      }
    }
  }
  uint32_t field;
  assert_false(a64_bitmask(1, 0, &field));
  assert_false(a64_bitmask(0, 0, &field));
  assert_false(a64_bitmask(1, UINT64_MAX, &field));
  assert_false(a64_bitmask(0, 0xffffffffu, &field));
  assert_false(a64_bitmask(0, UINT64_MAX, &field));
  assert_true(a64_bitmask(0, UINT64_C(0xdead00000000ff), &field));
}
CASE(logic_imm) {
  EACH_SF {
    uint32_t f = 0;
    assert_true(a64_bitmask(sf, 0xff0, &f));
    EACH_REGS(2, {
      CHECK(a64_logic_imm(A64_AND, sf, D, N, f), "and %s, %s, #4080", S(sf, D), R(sf, N));
      CHECK(a64_logic_imm(A64_EOR, sf, D, N, f), "eor %s, %s, #4080", S(sf, D), R(sf, N));
      if (N != 31)
        CHECK(a64_logic_imm(A64_ORR, sf, D, N, f), "orr %s, %s, #4080", S(sf, D), R(sf, N));
      if (D != 31)
        CHECK(a64_logic_imm(A64_ANDS, sf, D, N, f), "ands %s, %s, #4080", R(sf, D), R(sf, N));
      CHECK(a64_tst_imm(sf, N, f), "tst %s, #4080", R(sf, N));
    })
  }
}

/* ---- constants and addresses ---- */

CASE(move_wide) {
  static const unsigned imms[] = {1, 0x7f, 0x80, 0x1234, 0x8000, 0xfffe};
  EACH_SF for (unsigned hw = 0; hw < (sf ? 4u : 2u); hw++) {
    EACH_REGS(1, {
      for (unsigned i = 0; i < COUNT(imms); i++) {
        char shift[16] = "";
        if (hw) snprintf(shift, sizeof shift, ", lsl #%u", 16 * hw);
        if (prints_aliases()) {
          const int64_t v = (int64_t)((uint64_t)imms[i] << (16 * hw));
          CHECK(a64_movw(A64_MOVZ, sf, D, imms[i], hw), "mov %s, #%" PRId64, R(sf, D),
                sf ? v : (int32_t)v);
          CHECK(a64_movw(A64_MOVN, sf, D, imms[i], hw), "mov %s, #%" PRId64, R(sf, D),
                sf ? ~v : (int32_t)~v);
        } else {
          CHECK(a64_movw(A64_MOVZ, sf, D, imms[i], hw), "movz %s, #%u%s", R(sf, D), imms[i], shift);
          CHECK(a64_movw(A64_MOVN, sf, D, imms[i], hw), "movn %s, #%u%s", R(sf, D), imms[i], shift);
        }
        CHECK(a64_movw(A64_MOVK, sf, D, imms[i], hw), "movk %s, #%u%s", R(sf, D), imms[i], shift);
      }
    })
  }
}

/* Runs the words of a64_mov_imm by their definition in the manual. */
static uint64_t run_mov(const uint32_t *w, unsigned n, unsigned sf, unsigned rd) {
  uint64_t v = 0;
  for (unsigned i = 0; i < n; i++) {
    assert_int_equal(w[i] & 31, rd);
    assert_int_equal(w[i] >> 31, sf);
    unsigned opc = w[i] >> 29 & 3, hw = w[i] >> 21 & 3;
    uint64_t imm = (uint64_t)(w[i] >> 5 & 0xffff) << 16 * hw;
    if ((w[i] >> 23 & 0x3f) == 0x24) {
      assert_int_equal(opc, 1);
      assert_int_equal(w[i] >> 5 & 31, 31);
      assert_true(decode_bitmask(sf, w[i] >> 10 & 0x1fff, &v));
    } else {
      assert_int_equal(w[i] >> 23 & 0x3f, 0x25);
      if (opc == 3) {
        assert_true(i > 0);
        v = (v & ~(UINT64_C(0xffff) << 16 * hw)) | imm;
      } else {
        assert_int_equal(i, 0);
        v = opc == 2 ? imm : ~imm;
      }
    }
    if (!sf) v &= 0xffffffffu;
  }
  return v;
}
CASE(mov_imm) {
  static const uint64_t halves[] = {0, 1, 0x5a5a, 0x7fff, 0x8000, 0xfffe, 0xffff};
  const unsigned h = COUNT(halves);
  for (unsigned i = 0; i < h * h * h * h; i++) {
    uint64_t v = halves[i % h] | halves[i / h % h] << 16 | halves[i / h / h % h] << 32 |
                 halves[i / h / h / h] << 48;
    uint32_t w[4];
    EACH_SF {
      unsigned n = a64_mov_imm(w, sf, 17, v), zeros = 0, ones = 0, parts = sf ? 4 : 2;
      uint64_t want = sf ? v : v & 0xffffffffu;
      assert_true(run_mov(w, n, sf, 17) == want);
      rows++;
      for (unsigned p = 0; p < parts; p++) {
        zeros += (want >> 16 * p & 0xffff) == 0;
        ones += (want >> 16 * p & 0xffff) == 0xffff;
      }
      unsigned most = zeros > ones ? zeros : ones, best = parts - most;
      uint32_t f = 0;
      if (best == 0 || a64_bitmask(sf, v, &f)) best = 1;
      assert_int_equal(n, best);
    }
  }
}

CASE(adr) {
  static const int32_t imms[] = {0, 1, 2, 3, 4, -1, -2, -4, 127, -128, 0xfffff, -0x100000};
  EACH_REGS(1, {
    for (unsigned i = 0; i < COUNT(imms); i++) {
      CHECK(a64_adr(D, imms[i]), "adr %s, #%lld", R(1, D), (long long)ADDRESS + imms[i]);
      CHECK(a64_adrp(D, imms[i]), "adrp %s, #%lld", R(1, D),
            (long long)ADDRESS + imms[i] * INT64_C(4096));
    }
  })
}

/* ---- bit fields ---- */

CASE(bit_fields) {
  EACH_SF {
    unsigned width = sf ? 64 : 32;
    EACH_REGS(2, {
      const char *d = R(sf, D), *n = R(sf, N);
      CHECK(a64_lsl_imm(sf, D, N, 5), "lsl %s, %s, #5", d, n);
      CHECK(a64_lsr_imm(sf, D, N, 5), "lsr %s, %s, #5", d, n);
      CHECK(a64_asr_imm(sf, D, N, 5), "asr %s, %s, #5", d, n);
      CHECK(a64_ubfx(sf, D, N, 3, 6), "ubfx %s, %s, #3, #6", d, n);
      CHECK(a64_sbfx(sf, D, N, 3, 6), "sbfx %s, %s, #3, #6", d, n);
      if (N != 31) CHECK(a64_bfi(sf, D, N, 3, 6), "bfi %s, %s, #3, #6", d, n);
      CHECK(a64_uxtb(D, N), "uxtb %s, %s", R(0, D), R(0, N));
      CHECK(a64_uxth(D, N), "uxth %s, %s", R(0, D), R(0, N));
      CHECK(a64_sxtw(D, N), "sxtw %s, %s", R(1, D), R(0, N));
      CHECK(a64_ror_imm(sf, D, N, 7), "ror %s, %s, #7", R(sf, D), R(sf, N));
    })
    EACH_REGS(3, {
      if (N != M)
        CHECK(a64_extr(sf, D, N, M, 11), "extr %s, %s, %s, #11", R(sf, D), R(sf, N), R(sf, M));
    })
    for (unsigned i = 0; i < width; i++) {
      const char *a = R(sf, 1), *b = R(sf, 2);
      if (i > 0) CHECK(a64_lsl_imm(sf, 1, 2, i), "lsl %s, %s, #%u", a, b, i);
      CHECK(a64_lsr_imm(sf, 1, 2, i), "lsr %s, %s, #%u", a, b, i);
      CHECK(a64_asr_imm(sf, 1, 2, i), "asr %s, %s, #%u", a, b, i);
      CHECK(a64_ror_imm(sf, 1, 2, i), "ror %s, %s, #%u", a, b, i);
      CHECK(a64_extr(sf, 1, 2, 3, i), "extr %s, %s, %s, #%u", a, b, R(sf, 3), i);
      for (unsigned k = 1; k + i <= width; k++) {
        if (i > 0 && i + k < width) {
          CHECK(a64_ubfx(sf, 1, 2, i, k), "ubfx %s, %s, #%u, #%u", a, b, i, k);
          CHECK(a64_sbfx(sf, 1, 2, i, k), "sbfx %s, %s, #%u, #%u", a, b, i, k);
          CHECK(a64_bfi(sf, 1, 2, i, k), "bfi %s, %s, #%u, #%u", a, b, i, k);
        }
      }
    }
  }
}

/* ---- one, two, three sources ---- */

CASE(sources) {
  static const struct {
    enum a64_op1 op;
    const char *name;
    int forms;
  } ones[] = {{A64_RBIT, "rbit", 3},
              {A64_REV16, "rev16", 3},
              {A64_REV_W, "rev", 1},
              {A64_REV64, "rev", 2},
              {A64_CLZ, "clz", 3}};
  static const struct {
    enum a64_op2 op;
    const char *name;
  } twos[] = {{A64_UDIV, "udiv"}, {A64_SDIV, "sdiv"}, {A64_LSLV, "lsl"},
              {A64_LSRV, "lsr"},  {A64_ASRV, "asr"},  {A64_RORV, "ror"}};
  static const struct {
    enum a64_mull op;
    const char *name, *zero;
  } mulls[] = {{A64_SMADDL, "smaddl", "smull"}, {A64_UMADDL, "umaddl", "umull"}};
  EACH_SF{EACH_REGS(2, {
    for (unsigned i = 0; i < COUNT(ones); i++)
      if (ones[i].forms >> sf & 1)
        CHECK(a64_op1(ones[i].op, sf, D, N), "%s %s, %s", ones[i].name, R(sf, D), R(sf, N));
    CHECK(a64_rev(sf, D, N), "rev %s, %s", R(sf, D), R(sf, N));
  }) EACH_REGS(3, {
    for (unsigned i = 0; i < COUNT(twos); i++)
      CHECK(a64_op2(twos[i].op, sf, D, N, M), "%s %s, %s, %s", twos[i].name, R(sf, D), R(sf, N),
            R(sf, M));
    CHECK(a64_mul(sf, D, N, M), "mul %s, %s, %s", R(sf, D), R(sf, N), R(sf, M));
  }) EACH_REGS(4, {
    if (A == 31) continue;
    CHECK(a64_madd(sf, D, N, M, A), "madd %s, %s, %s, %s", R(sf, D), R(sf, N), R(sf, M), R(sf, A));
    CHECK(a64_msub(sf, D, N, M, A), "msub %s, %s, %s, %s", R(sf, D), R(sf, N), R(sf, M), R(sf, A));
  })} EACH_REGS(4, {
    for (unsigned i = 0; i < COUNT(mulls); i++)
      if (A == 31)
        CHECK(a64_mull(mulls[i].op, D, N, M, A), "%s %s, %s, %s", mulls[i].zero, R(1, D), R(0, N),
              R(0, M));
      else
        CHECK(a64_mull(mulls[i].op, D, N, M, A), "%s %s, %s, %s, %s", mulls[i].name, R(1, D),
              R(0, N), R(0, M), R(1, A));
  }) EACH_REGS(3, {
    CHECK(a64_smull(D, N, M), "smull %s, %s, %s", R(1, D), R(0, N), R(0, M));
    CHECK(a64_umull(D, N, M), "umull %s, %s, %s", R(1, D), R(0, N), R(0, M));
    CHECK(a64_smulh(D, N, M), "smulh %s, %s, %s", R(1, D), R(1, N), R(1, M));
    CHECK(a64_umulh(D, N, M), "umulh %s, %s, %s", R(1, D), R(1, N), R(1, M));
  })
}

/* ---- conditional ---- */

static void csel_row(unsigned op, unsigned sf, unsigned d, unsigned n, unsigned m, unsigned c) {
  static const enum a64_csel ops[] = {A64_CSEL, A64_CSINC, A64_CSINV, A64_CSNEG};
  static const char *const names[] = {"csel", "csinc", "csinv", "csneg"};
  static const char *const same[] = {"", "cinc", "cinv", "cneg"};
  static const char *const zero[] = {"", "cset", "csetm", "cneg"};
  uint32_t w = a64_csel(ops[op], sf, d, n, m, (enum a64_cond)c);
  if (op > 0 && n == m && c < 14 && n == 31 && op < 3)
    CHECK(w, "%s %s, %s", zero[op], R(sf, d), cond_names[c ^ 1]);
  else if (op > 0 && n == m && c < 14)
    CHECK(w, "%s %s, %s, %s", same[op], R(sf, d), R(sf, n), cond_names[c ^ 1]);
  else CHECK(w, "%s %s, %s, %s, %s", names[op], R(sf, d), R(sf, n), R(sf, m), cond_names[c]);
}
CASE(conditional) {
  EACH_SF {
    for (unsigned op = 0; op < 4; op++) {
      EACH_REGS(3, csel_row(op, sf, D, N, M, A64_LT);)
      for (unsigned c = 0; c < 15; c++) {
        csel_row(op, sf, 1, 2, 3, c);
        if (c >= 14 && op > 0) continue; /* Capstone 4 makes an alias of "al" */
        csel_row(op, sf, 1, 2, 2, c);
        csel_row(op, sf, 1, 31, 31, c);
      }
    }
    for (unsigned c = 0; c < 14; c++)
      EACH_REGS(
        1, { CHECK(a64_cset(sf, D, (enum a64_cond)c), "cset %s, %s", R(sf, D), cond_names[c]); })
    for (unsigned c = 0; c < 15; c++)
      EACH_REGS(2, {
        enum a64_cond cond = (enum a64_cond)c;
        CHECK(a64_ccmp_reg(A64_CCMP, sf, D, N, c, cond), "ccmp %s, %s, #%u, %s", R(sf, D), R(sf, N),
              c, cond_names[c]);
        CHECK(a64_ccmp_reg(A64_CCMN, sf, D, N, 15 - c, cond), "ccmn %s, %s, #%u, %s", R(sf, D),
              R(sf, N), 15 - c, cond_names[c]);
        CHECK(a64_ccmp_imm(A64_CCMP, sf, D, N, c, cond), "ccmp %s, #%u, #%u, %s", R(sf, D), N, c,
              cond_names[c]);
        CHECK(a64_ccmp_imm(A64_CCMN, sf, D, N, c, cond), "ccmn %s, #%u, #%u, %s", R(sf, D), N, c,
              cond_names[c]);
      })
  }
}

/* ---- branches ---- */

CASE(branches) {
  static const int32_t ends26[] = {0, 4, -4, 0x7fffffc, -0x8000000, 0x40000};
  static const int32_t ends19[] = {0, 4, -4, 0xffffc, -0x100000, 0x1000};
  static const int32_t ends14[] = {0, 4, -4, 0x7ffc, -0x8000, 0x100};
  for (unsigned i = 0; i < 6; i++) {
    long long to26 = (long long)ADDRESS + ends26[i], to19 = (long long)ADDRESS + ends19[i],
              to14 = (long long)ADDRESS + ends14[i];
    CHECK(a64_b(ends26[i]), "b #%lld", to26);
    CHECK(a64_bl(ends26[i]), "bl #%lld", to26);
    for (unsigned c = 0; c < 15; c++)
      CHECK(a64_b_cond((enum a64_cond)c, ends19[i]), "b.%s #%lld", cond_names[c], to19);
    EACH_REGS(1, {
      EACH_SF {
        CHECK(a64_cbz(sf, D, ends19[i]), "cbz %s, #%lld", R(sf, D), to19);
        CHECK(a64_cbnz(sf, D, ends19[i]), "cbnz %s, #%lld", R(sf, D), to19);
      }
      for (unsigned bit = 0; bit < 64; bit++) {
        CHECK(a64_tbz(D, bit, ends14[i]), "tbz %s, #%u, #%lld", R(bit > 31, D), bit, to14);
      }
    })
  }
  EACH_REGS(1, {
    CHECK(a64_br(D), "br %s", R(1, D));
    CHECK(a64_blr(D), "blr %s", R(1, D));
    if (D == 30) CHECK(a64_ret(D), "ret");
    else CHECK(a64_ret(D), "ret %s", R(1, D));
  })
  assert_true(a64_reach_ok(0x7ffc, 14));
  assert_false(a64_reach_ok(0x8000, 14));
  assert_true(a64_reach_ok(-0x8000, 14));
  assert_false(a64_reach_ok(-0x8004, 14));
  assert_false(a64_reach_ok(2, 14));
  assert_true(a64_reach_ok(0xffffc, 19));
  assert_false(a64_reach_ok(0x100000, 19));
  assert_true(a64_reach_ok(-0x8000000, 26));
  assert_false(a64_reach_ok(0x8000000, 26));
}

/* ---- loads and stores ---- */

struct mem_row {
  enum a64_mem op;
  const char *name, *unscaled;
  char letter; /* of the data register */
  unsigned log2;
};
static const struct mem_row mems[] = {
  {A64_STRB, "strb", "sturb", 'w', 0},      {A64_LDRB, "ldrb", "ldurb", 'w', 0},
  {A64_LDRSB_X, "ldrsb", "ldursb", 'x', 0}, {A64_LDRSB_W, "ldrsb", "ldursb", 'w', 0},
  {A64_STRH, "strh", "sturh", 'w', 1},      {A64_LDRH, "ldrh", "ldurh", 'w', 1},
  {A64_LDRSH_X, "ldrsh", "ldursh", 'x', 1}, {A64_LDRSH_W, "ldrsh", "ldursh", 'w', 1},
  {A64_STR_W, "str", "stur", 'w', 2},       {A64_LDR_W, "ldr", "ldur", 'w', 2},
  {A64_LDRSW, "ldrsw", "ldursw", 'x', 2},   {A64_STR_X, "str", "stur", 'x', 3},
  {A64_LDR_X, "ldr", "ldur", 'x', 3},       {A64_STR_FB, "str", "stur", 'b', 0},
  {A64_LDR_FB, "ldr", "ldur", 'b', 0},      {A64_STR_FH, "str", "stur", 'h', 1},
  {A64_LDR_FH, "ldr", "ldur", 'h', 1},      {A64_STR_FS, "str", "stur", 's', 2},
  {A64_LDR_FS, "ldr", "ldur", 's', 2},      {A64_STR_FD, "str", "stur", 'd', 3},
  {A64_LDR_FD, "ldr", "ldur", 'd', 3},      {A64_STR_FQ, "str", "stur", 'q', 4},
  {A64_LDR_FQ, "ldr", "ldur", 'q', 4}};

static const char *data_reg(char letter, unsigned n) {
  return letter == 'w' ? R(0, n) : letter == 'x' ? R(1, n) : F(letter, n);
}
static void mem_row(const struct mem_row *m, unsigned t, unsigned n, int32_t off) {
  const char *rt = data_reg(m->letter, t), *base = S(1, n);
  char offset[24] = "";
  if (off) snprintf(offset, sizeof offset, ", #%d", off);
  bool scaled = off >= 0 && off % (1 << m->log2) == 0 && off >> m->log2 < 4096;
  bool simm9 = off >= -256 && off <= 255;
  assert_int_equal(a64_mem_scaled_ok(m->op, off), scaled);
  assert_int_equal(a64_mem_simm9_ok(off), simm9);
  assert_int_equal(a64_mem_offset_ok(m->op, off), scaled || simm9);
  if (scaled)
    CHECK(a64_mem_scaled(m->op, t, n, (uint32_t)off), "%s %s, [%s%s]", m->name, rt, base, offset);
  if (scaled || simm9)
    CHECK(a64_mem_offset(m->op, t, n, off), "%s %s, [%s%s]", scaled ? m->name : m->unscaled, rt,
          base, offset);
  if (!simm9) return;
  CHECK(a64_mem_unscaled(m->op, t, n, off), "%s %s, [%s%s]", m->unscaled, rt, base, offset);
  if (n == t) return; /* unpredictable with writeback */
  CHECK(a64_mem_post(m->op, t, n, off), "%s %s, [%s], #%d", m->name, rt, base, off);
}
CASE(memory) {
  for (unsigned i = 0; i < COUNT(mems); i++) {
    const struct mem_row *m = &mems[i];
    assert_int_equal(a64_mem_log2(m->op), m->log2);
    EACH_REGS(2, {
      mem_row(m, D, N, 0);
      mem_row(m, D, N, 64);
      mem_row(m, D, N, -5);
    })
    static const int32_t offs[] = {
      0,    1,    -1,    2,     3,     4,     7,     8,     15,        16,       127,  128,
      -128, -129, 255,   256,   -255,  -256,  -257,  257,   4095,      4096,     4097, 8190,
      8191, 8192, 16380, 16384, 32760, 32768, 65520, 65536, INT32_MAX, INT32_MIN};
    for (unsigned k = 0; k < COUNT(offs); k++) mem_row(m, 1, 2, offs[k]);
    static const enum a64_extend exts[] = {A64_UXTW, A64_UXTX, A64_SXTW, A64_SXTX};
    for (unsigned e = 0; e < 4; e++)
      for (unsigned s = 0; s < 2; s++)
        EACH_REGS(3, {
          enum a64_extend ext = exts[e];
          const char *rm = R((ext & 3) == 3, M), *rt = data_reg(m->letter, D), *base = S(1, N);
          char tail[24] = "";
          const char *name = ext == A64_UXTX ? "lsl" : extend_names[ext];
          if (s) snprintf(tail, sizeof tail, ", %s #%u", name, m->log2);
          else if (ext != A64_UXTX) snprintf(tail, sizeof tail, ", %s", name);
          CHECK(a64_mem_reg(m->op, D, N, M, ext, s), "%s %s, [%s, %s%s]", m->name, rt, base, rm,
                tail);
        })
  }
  static const int32_t offs[] = {0, 4, -4, 0xffffc, -0x100000};
  for (unsigned k = 0; k < COUNT(offs); k++)
    EACH_REGS(1, {
      const long long to = (long long)ADDRESS + offs[k];
      CHECK(a64_literal(A64_LIT_FD, D, offs[k]), "ldr %s, #%lld", data_reg('d', D), to);
      CHECK(a64_literal(A64_LIT_FQ, D, offs[k]), "ldr %s, #%lld", data_reg('q', D), to);
    })
  for (unsigned n = 0; n < 32; n++) {
    CHECK(a64_prfm(n, 0), "prfm pldl1keep, [%s]", S(1, n));
    CHECK(a64_prfm(n, 32760), "prfm pldl1keep, [%s, #32760]", S(1, n));
  }
}

CASE(pairs) {
  static const struct {
    enum a64_pair op;
    const char *name;
    char letter;
  } rows_[] = {{A64_STP_X, "stp", 'x'},
               {A64_LDP_X, "ldp", 'x'},
               {A64_STP_FD, "stp", 'd'},
               {A64_LDP_FD, "ldp", 'd'}};
  static const int32_t offs[] = {8, -8, 504, -512, 64};
  for (unsigned i = 0; i < COUNT(rows_); i++) {
    for (unsigned k = 0; k < COUNT(offs); k++)
      EACH_REGS(3, {
        const char *a = data_reg(rows_[i].letter, D), *b = data_reg(rows_[i].letter, M),
                   *base = S(1, N), *name = rows_[i].name;
        const bool gpr = rows_[i].letter == 'x';
        enum a64_pair op = rows_[i].op;
        if (D == M) continue;
        assert_true(a64_pair_ok(offs[k]));
        CHECK(a64_pair(op, A64_OFFSET, D, M, N, offs[k]), "%s %s, %s, [%s, #%d]", name, a, b, base,
              offs[k]);
        if (gpr && (N == D || N == M)) continue; /* unpredictable with writeback */
        CHECK(a64_pair(op, A64_POST, D, M, N, offs[k]), "%s %s, %s, [%s], #%d", name, a, b, base,
              offs[k]);
        CHECK(a64_pair(op, A64_PRE, D, M, N, offs[k]), "%s %s, %s, [%s, #%d]!", name, a, b, base,
              offs[k]);
      })
    CHECK(a64_pair(rows_[i].op, A64_OFFSET, 1, 2, 31, 0), "%s %s, %s, [sp]", rows_[i].name,
          data_reg(rows_[i].letter, 1), data_reg(rows_[i].letter, 2));
  }
  assert_false(a64_pair_ok(512));
  assert_false(a64_pair_ok(-520));
  assert_false(a64_pair_ok(4));
}

CASE(ordered) {
  static const char *const suffix[] = {"b", "h", "", ""};
  for (unsigned log2 = 0; log2 < 4; log2++) {
    const unsigned sf = log2 == 3;
    const char *s = suffix[log2];
    EACH_REGS(2, {
      const char *t = R(sf, D), *n = S(1, N);
      CHECK(a64_ldaxr(log2, D, N), "ldaxr%s %s, [%s]", s, t, n);
      CHECK(a64_ldar(log2, D, N), "ldar%s %s, [%s]", s, t, n);
      CHECK(a64_stlr(log2, D, N), "stlr%s %s, [%s]", s, t, n);
    })
    EACH_REGS(3, {
      if (D == M || D == N) continue; /* unpredictable */
      const char *st = R(0, D), *t = R(sf, M), *n = S(1, N);
      CHECK(a64_stlxr(log2, D, M, N), "stlxr%s %s, %s, [%s]", s, st, t, n);
    })
  }
  EACH_SF {
    EACH_REGS(3, {
      if (D == M) continue; /* unpredictable */
      CHECK(a64_ldxp(sf, D, M, N), "ldxp %s, %s, [%s]", R(sf, D), R(sf, M), S(1, N));
      CHECK(a64_ldaxp(sf, D, M, N), "ldaxp %s, %s, [%s]", R(sf, D), R(sf, M), S(1, N));
    })
    EACH_REGS(4, {
      if (D == M || D == N || D == A) continue; /* unpredictable */
      CHECK(a64_stxp(sf, D, M, A, N), "stxp %s, %s, %s, [%s]", R(0, D), R(sf, M), R(sf, A),
            S(1, N));
      CHECK(a64_stlxp(sf, D, M, A, N), "stlxp %s, %s, %s, [%s]", R(0, D), R(sf, M), R(sf, A),
            S(1, N));
    })
  }
  static const char *const names[] = {NULL, "oshld", "oshst", "osh", NULL, "nshld", "nshst", "nsh",
                                      NULL, "ishld", "ishst", "ish", NULL, "ld",    "st",    "sy"};
  for (unsigned b = 0; b < 16; b++)
    if (names[b]) {
      CHECK(a64_dmb((enum a64_barrier)b), "dmb %s", names[b]);
    }
}

CASE(system_words) {
  CHECK(a64_nop(), "nop");
  CHECK(a64_hint(34), prints_aliases() ? "bti c" : "hint #34");
  CHECK(a64_hint(127), "hint #127");
  CHECK(a64_brk(0), "brk #0");
  CHECK(a64_brk(1), "brk #1");
  CHECK(a64_brk(0xffff), "brk #65535");
  EACH_REGS(1, {
    CHECK(a64_mrs_tpidr(D), "mrs %s, tpidr_el0", R(1, D));
    CHECK(a64_mrs_fpcr(D), "mrs %s, fpcr", R(1, D));
    CHECK(a64_msr_fpcr(D), "msr fpcr, %s", R(1, D));
  })
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(addsub_imm),   cmocka_unit_test(addsub_reg), cmocka_unit_test(addsub_ext),
    cmocka_unit_test(addsub_carry), cmocka_unit_test(logic_reg),  cmocka_unit_test(bitmask_all),
    cmocka_unit_test(logic_imm),    cmocka_unit_test(move_wide),  cmocka_unit_test(mov_imm),
    cmocka_unit_test(adr),          cmocka_unit_test(bit_fields), cmocka_unit_test(sources),
    cmocka_unit_test(conditional),  cmocka_unit_test(branches),   cmocka_unit_test(memory),
    cmocka_unit_test(pairs),        cmocka_unit_test(ordered),    cmocka_unit_test(system_words)};
  return cmocka_run_group_tests_name("a64_encode", tests, setup, teardown);
}
