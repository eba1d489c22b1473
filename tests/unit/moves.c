/* Parallel moves (lib/codegen/moves.c): every assignment of up to five registers, in both banks, simulated and
 * compared with the semantics of a parallel move. */
#include "unit.h"

#include <kiln/kiln.h>

#include "lib/codegen/moves.h"
#include "lib/codegen/walk.h"

enum { PLACES = 5, NOT_MOVED = PLACES, BANK = 32 };
static const uint8_t scratch[2] = {11, 47};

/* The type of a move to `dst`: different for adjacent registers, to check that types are passed on. */
static uint8_t type_of(unsigned dst) { return (uint8_t)(1 + dst % 7); }

/* Cycles of the assignment src[dst] (dst itself: not moved): each needs one move more. */
static unsigned count_cycles(const uint8_t src[64]) {
  unsigned cycles = 0;
  for (unsigned first = 0; first < 64; first++) {
    unsigned r = first, length = 0;
    do {
      r = src[r];
      length++;
    } while (r > first && length <= 64); /* each cycle is counted from its least register */
    cycles += r == first && length > 1;
  }
  return cycles;
}

/* Orders the moves, performs the result, compares. */
static void check(const struct kn_reg_move *moves, unsigned n) {
  struct kn_reg_move out[2 * KN_MAX_REG_MOVES + 1];
  uint8_t reg[64], want[64], src[64];
  unsigned real = 0;
  memset(out, 0xee, sizeof out);
  for (unsigned r = 0; r < 64; r++) reg[r] = want[r] = src[r] = (uint8_t)r;
  for (unsigned i = 0; i < n; i++) {
    want[moves[i].dst] = src[moves[i].dst] = moves[i].src;
    real += moves[i].dst != moves[i].src;
  }
  unsigned k = kn_moves_order(moves, n, scratch, out);
  assert_true(k <= real + count_cycles(src));
  assert_int_equal(out[k].dst, 0xee); /* nothing after the end */
  bool full[2] = {false, false};
  for (unsigned i = 0; i < k; i++) {
    unsigned d = out[i].dst, s = out[i].src;
    assert_true(d < 64 && s < 64);
    assert_int_equal(d / BANK, s / BANK);
    if (d == scratch[0] || d == scratch[1]) full[d / BANK] = true;
    else assert_int_equal(out[i].type, type_of(d)); /* the move that it is part of */
    if (s == scratch[0] || s == scratch[1]) assert_true(full[s / BANK]);
    reg[d] = reg[s];
  }
  for (unsigned r = 0; r < 64; r++)
    if (r != scratch[0] && r != scratch[1]) assert_int_equal(reg[r], want[r]);
}

/* The moves of assignment number `code`: a digit of base `places` + 1 for each destination, the last
 * of them for "not moved". `keep` adds moves of a register to itself. */
static unsigned decode(unsigned code, unsigned places, unsigned base, bool keep,
                       struct kn_reg_move *moves) {
  unsigned n = 0;
  for (unsigned d = 0; d < places; d++, code /= places + 1) {
    unsigned s = code % (places + 1);
    if (s == places) continue;
    if (s == d && !keep) continue;
    moves[n++] = (struct kn_reg_move){(uint8_t)(base + d), (uint8_t)(base + s), type_of(base + d)};
  }
  return n;
}

static unsigned power(unsigned base, unsigned exponent) {
  unsigned p = 1;
  while (exponent-- > 0) p *= base;
  return p;
}

static void all_in_bank(unsigned base) {
  struct kn_reg_move moves[PLACES], turned[PLACES];
  for (unsigned code = 0; code < power(PLACES + 1, PLACES); code++) {
    unsigned n = decode(code, PLACES, base, true, moves);
    check(moves, n);
    for (unsigned i = 0; i < n; i++) turned[i] = moves[n - 1 - i];
    check(turned, n);
    check(moves, decode(code, PLACES, base, false, moves));
  }
}

CASE(test_general) {
  all_in_bank(0);
  all_in_bank(6); /* the scratch register's neighbours */
}

CASE(test_float) {
  all_in_bank(BANK);
  all_in_bank(BANK + 10);
}

/* Both banks at once: they do not affect each other, each has its own scratch register. */
CASE(test_both) {
  struct kn_reg_move moves[6];
  unsigned count = power(4, 3);
  for (unsigned code = 0; code < count * count; code++) {
    unsigned n = decode(code % count, 3, 0, true, moves);
    check(moves, n + decode(code / count, 3, BANK, true, moves + n));
  }
}

/* As many moves as possible: all registers but the scratch ones, as one cycle, as pairs, as a fan. */
CASE(test_full) {
  struct kn_reg_move moves[KN_MAX_REG_MOVES];
  uint8_t regs[2][31];
  unsigned counts[2] = {0, 0};
  for (unsigned r = 0; r < 64; r++)
    if (r != scratch[0] && r != scratch[1]) regs[r / BANK][counts[r / BANK]++] = (uint8_t)r;
  for (unsigned step = 0; step <= 31; step++) {
    unsigned n = 0;
    for (unsigned b = 0; b < 2; b++) {
      for (unsigned i = 0; i < 31; i++) {
        unsigned d = regs[b][i], s = step == 31 ? regs[b][0] : regs[b][(i + step) % 31];
        moves[n++] = (struct kn_reg_move){(uint8_t)d, (uint8_t)s, type_of(d)};
      }
    }
    check(moves, n);
  }
  for (unsigned b = 0, n = 0; b < 2; b++) {
    for (unsigned i = 0; i < 30; i++, n++)
      moves[n] = (struct kn_reg_move){regs[b][i], regs[b][i ^ 1], type_of(regs[b][i])};
    check(moves, n);
  }
}

/* Tests count_cycles, on which the bound above relies. */
CASE(test_cycles) {
  uint8_t src[64];
  for (unsigned r = 0; r < 64; r++) src[r] = (uint8_t)r;
  assert_int_equal(count_cycles(src), 0);
  src[1] = 2, src[2] = 3; /* a chain */
  assert_int_equal(count_cycles(src), 0);
  src[3] = 1;
  assert_int_equal(count_cycles(src), 1);
  src[0] = 1; /* another register reads it too */
  assert_int_equal(count_cycles(src), 1);
  src[40] = 41, src[41] = 40;
  assert_int_equal(count_cycles(src), 2);
}

/* A move beyond the bound is an error of its function, and none is left out: two moves write one register. */
CASE(test_twice) {
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64});
  kiln_session *s = kiln_session_new(m);
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"}, sig));
  struct kn_place_move at[] = {{.dst = 0, .src = 1}, {.dst = 0, .src = 2}};
  struct kn_walk w = {.f = f, .owner = f, .inst = f->inst, .moves = {at, 2, 2}};
  kn_run_moves(&w);
  assert_int_equal(kiln_func_status(f), KILN_ERR_INTERNAL);
  kiln_func_discard(f);
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_cycles), cmocka_unit_test(test_general), cmocka_unit_test(test_float),
    cmocka_unit_test(test_both),   cmocka_unit_test(test_full),    cmocka_unit_test(test_twice),
  };
  return cmocka_run_group_tests_name("moves", tests, NULL, NULL);
}
