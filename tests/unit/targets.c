/* The tables of the targets (struct kn_target): nothing that lib/ reads is missing or contradicts the rest. The
 * compiler cannot tell: what a row leaves out is 0, which is an empty set, a null pointer, or register 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/codegen/walk.h"

/* Fails with the names of the target and of what is wrong. */
#define CHECK(t, holds)                                                                            \
  do {                                                                                             \
    if (!(holds)) fail_msg("%s: not true: %s", (t)->name, #holds);                                 \
  } while (0)

/* Unchecked, since 0 is right for some target: around_calls, frame_up, beyond, without_pointer, general_only,
 * aligned_by_pointer, reaches_zero, own_convention, features; of elf flags, fill, mapping_symbols, call_field,
 * indirect_types, branches_count, dtprel64. A new field is checked below, or named here. */
_Static_assert(sizeof(struct kn_target) == 848 && sizeof(struct kn_elf_machine) == 80 &&
                 sizeof(struct kn_hooks) == 64 && sizeof(struct kn_type_facts) == 16,
               "all fields are known here");

static const struct kn_target *target_at(unsigned i) { return kn_target_at((kiln_target)i); }

static uint64_t bank_mask(unsigned bank) { return bank == 0 ? KN_GP_MASK : ~KN_GP_MASK; }

static void test_functions(void **state) {
  (void)state;
  for (unsigned i = 0; i < KILN_TARGET_COUNT; i++) {
    const struct kn_target *t = target_at(i);
    assert_non_null(t->name);
    CHECK(t, t->kept && t->begin && t->enter && t->finish);
    CHECK(t, t->place_arg && t->place_result && t->take_result);
    CHECK(t, t->jump && t->place_label && t->landing && t->keep_result && t->free_stack);
    const struct kn_hooks *h = &t->hooks;
    CHECK(t, h->move && h->load && h->store && h->copy);
    CHECK(t, h->constant && h->store_constant && h->address && h->deferred);
    CHECK(t, t->walk_size >= sizeof(struct kn_walk));
    CHECK(t, t->clobbers && t->lowerings && t->machine);
    for (unsigned op = 0; op < KILN_OP_COUNT; op++)
      for (unsigned type = 0; type < 16; type++)
        if (!t->lowerings[op][type][0] || !t->lowerings[op][type][1])
          fail_msg("%s: no lowering of %s for type %u", t->name, kn_op_info[op].name, type);
  }
}

static void test_names(void **state) {
  (void)state;
  for (unsigned i = 0; i < KILN_TARGET_COUNT; i++) {
    kiln_target found;
    assert_true(kiln_target_find(target_at(i)->name, &found));
    assert_int_equal(found, i);
  }
}

static void test_sets(void **state) {
  (void)state;
  for (unsigned i = 0; i < KILN_TARGET_COUNT; i++) {
    const struct kn_target *t = target_at(i);
    uint64_t all = t->temps | t->caller_homes | t->callee_homes;
    CHECK(t, !(t->temps & t->caller_homes));
    CHECK(t, !((t->temps | t->caller_homes) & t->callee_homes));
    CHECK(t, !(t->around_calls & ~t->caller_homes));
    CHECK(t, t->callee_homes && !(t->callee_homes & ~t->preserved));
    CHECK(t, !((t->temps | t->caller_homes) & t->preserved));
    /* a landing pad's moves read these, and reload no other home into them before */
    uint64_t caught = KN_BIT(t->exception[0] & 63) | KN_BIT(t->exception[1] & 63);
    CHECK(t, t->exception[0] != t->exception[1] && (caught & ~t->temps) == 0);
    for (unsigned bank = 0; bank < 2; bank++) {
      CHECK(t, t->temps & bank_mask(bank) && t->caller_homes & bank_mask(bank));
      CHECK(t, t->scratch[bank] < 64 && KN_BIT(t->scratch[bank]) & bank_mask(bank) & ~all);
      CHECK(t, t->types[t->whole[bank]].regs == bank_mask(bank));
      CHECK(t, t->reg_names && t->reg_names[t->scratch[bank]]);
      CHECK(t, t->exception[bank] < 64 &&
                 KN_BIT(t->exception[bank]) & all & KN_GP_MASK & ~t->preserved);
    }
    for (unsigned reg = 0; reg < 64; reg++) CHECK(t, !(all >> reg & 1) || t->reg_names[reg]);
    CHECK(t, t->chain_reg < 64 && KN_BIT(t->chain_reg) & KN_GP_MASK & ~t->preserved);
    CHECK(t, t->guard_regs && t->guard_regs[0].name);
    CHECK(t, t->none_args && !(t->none_args & ~KN_GP_MASK));
    CHECK(t, !(t->upper_args & ~(bank_mask(1) & (t->temps | t->caller_homes))));
  }
}

/* Argument registers of one bank: distinct ones that the allocator has, then KN_NO_REG. */
static void check_args(const struct kn_target *t, const uint8_t regs[8], unsigned bank) {
  uint64_t can = (t->temps | t->caller_homes) & bank_mask(bank);
  for (unsigned k = 0; k < 8; k++) {
    if (regs[k] == KN_NO_REG) {
      CHECK(t, k == 7 || regs[k + 1] == KN_NO_REG);
      continue;
    }
    CHECK(t, regs[k] < 64 && (can >> regs[k] & 1));
    can &= ~KN_BIT(regs[k]);
  }
}

static void test_args(void **state) {
  (void)state;
  for (unsigned i = 0; i < KILN_TARGET_COUNT; i++) {
    const struct kn_target *t = target_at(i);
    check_args(t, t->arg_regs, 0);
    check_args(t, t->fp_arg_regs, 1);
    for (unsigned k = 0; k < 16; k++) {
      uint64_t want = 0;
      if (k < 8 && t->arg_regs[k] != KN_NO_REG) want |= KN_BIT(t->arg_regs[k]);
      if (k < 8 && t->fp_arg_regs[k] != KN_NO_REG) want |= KN_BIT(t->fp_arg_regs[k]);
      if (k == KN_HINT_SECOND) continue; /* by the ABI's documents: kir tests return two values */
      CHECK(t, t->hints[k] == want);
    }
  }
}

static void test_types(void **state) {
  (void)state;
  for (unsigned i = 0; i < KILN_TARGET_COUNT; i++) {
    const struct kn_target *t = target_at(i);
    CHECK(t, t->types[KILN_TYPE_VOID].lowered && t->types[KILN_TYPE_I64].lowered);
    for (unsigned type = 0; type < KILN_TYPE_COUNT; type++) {
      const struct kn_type_facts *facts = &t->types[type];
      CHECK(t, facts->bank < 2 && (facts->bytes == 8 || facts->bytes == 16));
      /* callee-saved registers keep at least 8 bytes over a call, some no more: AAPCS64, 6.1.2 */
      CHECK(t, !facts->regs || facts->bytes == 8 || facts->cut);
      CHECK(t, !facts->regs || facts->lowered);
      CHECK(t, facts->cut ? (facts->regs & ~bank_mask(facts->bank)) == 0
                          : !facts->regs || facts->regs == bank_mask(facts->bank));
    }
  }
}

static void test_elf(void **state) {
  (void)state;
  for (unsigned i = 0; i < KILN_TARGET_COUNT; i++) {
    const struct kn_target *t = target_at(i);
    const struct kn_elf_machine *e = &t->elf;
    CHECK(t, e->number && e->sectional && e->calls);
    CHECK(t, e->abs64 && e->abs32 && e->rel64 && e->rel32);
    CHECK(t, e->nop && e->nop_bytes && e->dwarf_regs);
    CHECK(t, e->cie_code_align && e->cie_return && e->cie_rules[0]);
    /* protected branches and returns are said by a bit each */
    CHECK(t, e->property >> 30 == 3 && e->property_what[0] == KILN_PROTECT_BRANCH &&
               e->property_what[1] == KILN_PROTECT_RETURN);
    CHECK(t, e->align_log2 && (1u << e->align_log2) % e->cie_code_align == 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_functions), cmocka_unit_test(test_names), cmocka_unit_test(test_sets),
    cmocka_unit_test(test_args),      cmocka_unit_test(test_types), cmocka_unit_test(test_elf),
  };
  return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}
