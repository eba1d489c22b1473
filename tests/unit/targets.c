/* The tables of the targets (struct kn_target): nothing that lib/ reads is missing or contradicts the rest. The
 * compiler cannot tell: what a row leaves out is 0, which is an empty set, a null pointer, or register 0. */
#include "unit.h"

#include "lib/codegen/walk.h"
#include "lib/object/elf.h"

#include <kiln/emit.h>

/* All pairs of a processor and a system, of which not all have a table. */
enum { N_SYSTEMS = KILN_SYSTEM_COUNT - 1, N_TARGETS = (KILN_PROCESSOR_COUNT - 1) * N_SYSTEMS };
static kiln_target name_at(unsigned i) {
  return (kiln_target){.processor = (kiln_processor)(1 + i / N_SYSTEMS),
                       .system = (kiln_system)(1 + i % N_SYSTEMS)};
}
static const struct kn_target *target_at(unsigned i) { return kn_target_at(name_at(i)); }

static const char *name_of(const struct kn_target *t) {
  static char name[64];
  unsigned i = 0;
  while (target_at(i) != t) i++;
  snprintf(name, sizeof name, "%s-%s", kiln_processor_name(name_at(i).processor),
           kiln_system_name(name_at(i).system));
  return name;
}

/* Fails with the names of the target and of what is wrong. */
#define CHECK(t, holds)                                                                            \
  do {                                                                                             \
    if (!(holds)) fail_msg("%s: not true: %s", name_of(t), #holds);                                \
  } while (0)

/* Unchecked, since 0 is right for some target: around_calls, tls_by_index, guard_variable, unwind_codes, runtime,
 * left_out, features, free; of ir reaches_zero, plt_is_address; of frame all but
 * probe_bytes; of code fill, indirect_types, branches_count, red_zone_bytes, frame_from; of ELF's numbers flags, large,
 * mapping_symbols, bound_early. A new field is checked below, or named here. */
_Static_assert(sizeof(struct kn_target) == 880 && sizeof(struct kn_ir_facts) == 48 &&
                 sizeof(struct kn_frame_facts) == 16 && sizeof(struct kn_call_ops) == 88 &&
                 sizeof(struct kn_code_facts) == 40 && sizeof(struct kn_elf_machine) == 96 &&
                 sizeof(struct kn_hooks) == 64 && sizeof(struct kn_type_facts) == 16,
               "a new field is checked below, or named above");

static uint64_t bank_mask(unsigned bank) { return bank == 0 ? KN_GP_MASK : ~KN_GP_MASK; }

CASE(test_functions) {
  for (unsigned i = 0; i < N_TARGETS; i++) {
    const struct kn_target *t = target_at(i);
    if (t == NULL) continue;
    CHECK(t, t->begin && t->enter && t->finish);
    CHECK(t, t->calls.call && t->calls.open_stack && t->calls.early_arg && t->calls.settle_args);
    CHECK(t, t->calls.call_jump && t->calls.tail_jump && t->calls.take_results &&
               t->calls.take_result);
    CHECK(t, t->jump && t->jump_back && t->bind_label && t->landing && t->calls.keep_result &&
               t->calls.free_stack);
    const struct kn_hooks *h = &t->hooks;
    CHECK(t, h->move && h->load && h->store && h->copy);
    CHECK(t, h->constant && h->store_constant && h->address && h->deferred);
    CHECK(t, t->align_code);
    CHECK(t, t->walk_size >= sizeof(struct kn_walk));
    CHECK(t, t->ir.clobbers && t->waiting && t->lowerings && t->ir.machine);
    for (unsigned op = 0; op < KILN_OP_COUNT; op++)
      for (unsigned type = 0; type < 16; type++)
        if (!t->lowerings[op][type][0] || !t->lowerings[op][type][1])
          fail_msg("%s: no lowering of %s for type %u", name_of(t), kn_op_info[op].name, type);
  }
}

CASE(test_names) {
  for (unsigned i = 1; i < KILN_PROCESSOR_COUNT; i++) {
    kiln_target found;
    assert_true(kiln_target_find(kiln_processor_name((kiln_processor)i), &found));
    assert_int_equal(found.processor, i);
    assert_non_null(kn_target_at(found));
  }
}

CASE(test_sets) {
  for (unsigned i = 0; i < N_TARGETS; i++) {
    const struct kn_target *t = target_at(i);
    if (t == NULL) continue;
    uint64_t all = t->temps | t->caller_homes | t->callee_homes;
    CHECK(t, !(t->temps & t->caller_homes));
    CHECK(t, !((t->temps | t->caller_homes) & t->callee_homes));
    CHECK(t, !(t->around_calls & ~t->caller_homes));
    CHECK(t, t->callee_homes && !(t->callee_homes & ~t->ir.library->preserved));
    CHECK(t, !((t->temps | t->caller_homes) & t->ir.library->preserved));
    /* a landing pad's moves read these, and reload no other home into them before */
    uint64_t caught = KN_BIT(t->exception[0] & 63) | KN_BIT(t->exception[1] & 63);
    CHECK(t, t->exception[0] != t->exception[1] && (caught & ~t->temps) == 0);
    for (unsigned bank = 0; bank < 2; bank++) {
      CHECK(t, t->temps & bank_mask(bank) && (t->caller_homes | t->callee_homes) & bank_mask(bank));
      CHECK(t, t->scratch[bank] < 64 && KN_BIT(t->scratch[bank]) & bank_mask(bank) & ~all);
      CHECK(t, t->types[t->whole[bank]].regs == bank_mask(bank));
      CHECK(t, t->reg_names && t->reg_names[t->scratch[bank]]);
      CHECK(t, t->exception[bank] < 64 &&
                 KN_BIT(t->exception[bank]) & all & KN_GP_MASK & ~t->ir.library->preserved);
    }
    for (unsigned reg = 0; reg < 64; reg++) CHECK(t, !(all >> reg & 1) || t->reg_names[reg]);
    /* lowerings hold so many at once: a division of an i128 by its magnitude, to name one */
    CHECK(t, __builtin_popcountll(t->temps & KN_GP_MASK) >= 5);
    CHECK(t, __builtin_popcountll(t->temps & ~KN_GP_MASK) >= 5);
    CHECK(t, !(t->stored_homes & ~(t->callee_homes & ~KN_GP_MASK)));
    CHECK(t, t->frame.probe_bytes == 0 || (t->frame.probes && t->frame.probe_bytes % 16 == 0));
    CHECK(t, t->ir.guard_regs && t->ir.guard_regs[0].name);
  }
}

/* Registers of one bank, each once. */
static void check_list(const struct kn_target *t, const struct kn_reg_list *l, unsigned bank) {
  uint64_t can = bank_mask(bank);
  CHECK(t, l->n <= sizeof l->reg);
  for (unsigned k = 0; k < l->n; k++) {
    CHECK(t, l->reg[k] < 64 && (can >> l->reg[k] & 1) && t->reg_names[l->reg[k]]);
    can &= ~KN_BIT(l->reg[k]);
  }
}

static uint64_t set_of(const struct kn_reg_list *l) {
  uint64_t set = 0;
  for (unsigned k = 0; k < l->n; k++) set |= KN_BIT(l->reg[k]);
  return set;
}

/* What the rows of a target's conventions say agrees with its registers. */
CASE(test_conventions) {
  for (unsigned i = 0; i < N_TARGETS; i++) {
    const struct kn_target *t = target_at(i);
    if (t == NULL) continue;
    uint64_t homes = t->caller_homes | t->callee_homes, all = t->temps | homes;
    CHECK(t, t->ir.conventions && t->ir.library && t->ir.library == t->ir.conventions[KILN_CC_C]);
    CHECK(t, !t->ir.library->loses_all && t->ir.library->keeps == 0);
    uint64_t callee = KN_BIT(t->callee[0] & 63) | KN_BIT(t->callee[1] & 63);
    for (unsigned cc = 0; cc < KILN_CC_COUNT; cc++) {
      const struct kn_convention *c = t->ir.conventions[cc];
      if (c == NULL) continue;
      uint64_t args = set_of(&c->args[0]) | set_of(&c->args[1]) | set_of(&c->narrow);
      uint64_t results = set_of(&c->results[0]) | set_of(&c->results[1]);
      check_list(t, &c->narrow, 0);
      for (unsigned bank = 0; bank < 2; bank++) {
        check_list(t, &c->args[bank], bank);
        check_list(t, &c->results[bank], bank);
        CHECK(t, c->args[bank].n && c->results[bank].n);
        /* they arrive where nothing else is that the caller keeps */
        CHECK(t, !((set_of(&c->args[bank]) | results) & ~all));
      }
      CHECK(t, !((args | results) & ~c->lost));
      /* else callers suppose more to be lost than is */
      CHECK(t, !(c->lost & c->preserved) || (c->loses_all && !c->keeps_none));
      CHECK(t, !(all & ~c->lost & ~c->preserved));
      CHECK(t, !(c->keeps & KN_GP_MASK & ~c->lost));
      CHECK(t, c->loses_all || !c->keeps_none);
      CHECK(t, c->loses_all ? !(homes & ~c->lost) : !(t->callee_homes & c->lost));
      CHECK(t, !(callee & ~(KN_GP_MASK & c->lost & ~args)) && c->chain != t->callee[1]);
      CHECK(t, c->chain < 64 && KN_BIT(c->chain) & KN_GP_MASK & c->lost & ~args);
      CHECK(t, c->sret == KN_NO_REG || KN_BIT(c->sret & 63) & KN_GP_MASK & c->lost & ~args);
      CHECK(t, c->max_align_log2 >= 3);
      CHECK(t,
            c->pairs <= KN_PAIRS_NONE && (c->pairs == KN_PAIRS_NONE) == (c->no_stack[0] != NULL));
      CHECK(t, c->upper == 0 || (c->upper >= KN_FP_BASE && c->upper + c->args[1].n <= 64));
      for (unsigned k = 0; k < c->wide_results; k++)
        CHECK(t, KN_BIT(c->results[1].reg[k] & 63) & ~KN_GP_MASK & c->lost);
      CHECK(t, !c->va_pointer || (c->by_position && c->shadow_bytes == 8 * c->args[0].n));
    }
  }
}

/* The hints name C's argument registers. */
CASE(test_args) {
  for (unsigned i = 0; i < N_TARGETS; i++) {
    const struct kn_target *t = target_at(i);
    if (t == NULL) continue;
    for (unsigned k = 0; k < 16; k++) {
      uint64_t want = 0;
      for (unsigned bank = 0; bank < 2; bank++)
        if (k < 8 && k < t->ir.library->args[bank].n)
          want |= KN_BIT(t->ir.library->args[bank].reg[k]);
      if (k == KN_HINT_SECOND) continue; /* by the ABI's documents: kir tests return two values */
      CHECK(t, t->hints[k] == want);
    }
  }
}

CASE(test_types) {
  for (unsigned i = 0; i < N_TARGETS; i++) {
    const struct kn_target *t = target_at(i);
    if (t == NULL) continue;
    CHECK(t, t->types[KILN_TYPE_VOID].lowered && t->types[KILN_TYPE_I64].lowered);
    for (unsigned type = 0; type < KILN_TYPE_COUNT; type++) {
      const struct kn_type_facts *facts = &t->types[type];
      CHECK(t, facts->bank < 2 && (facts->bytes == 8 || facts->bytes == 16));
      /* callee-saved registers keep at least 8 bytes over a call, some no more (AAPCS64, 6.1.2), those that prologues
       * store the whole */
      bool whole = t->stored_homes && !(t->callee_homes & facts->regs & ~t->stored_homes);
      CHECK(t, !facts->regs || facts->bytes == 8 || facts->cut || whole);
      CHECK(t, !facts->regs || facts->lowered);
      CHECK(t, facts->cut ? (facts->regs & ~bank_mask(facts->bank)) == 0
                          : !facts->regs || facts->regs == bank_mask(facts->bank));
    }
  }
}

CASE(test_objects) {
  for (unsigned i = 0; i < N_TARGETS; i++) {
    const struct kn_target *t = target_at(i);
    if (t == NULL) continue;
    const kiln_processor p = name_at(i).processor;
    const struct kn_code_facts *c = &t->code;
    const struct kn_elf_machine *e = kn_elf_machine(p);
    CHECK(t, e->number && t->reloc_first && t->reloc_first <= t->reloc_last);
    for (unsigned k = KILN_RELOC_ABS64; k < KILN_RELOC_KIND_COUNT; k++) {
      bool common = k <= KILN_RELOC_REL32 && k != KILN_RELOC_ABS32S;
      bool own = k >= t->reloc_first && k <= t->reloc_last;
      CHECK(t, e->relocs[k] != 0 || !(common || own));
      CHECK(t, e->relocs[k] == 0 || common || own || k <= KILN_RELOC_TLS64);
      if (e->relocs[k] != 0) CHECK(t, kiln_elf_reloc_kind(p, e->relocs[k]) == k);
      kiln_reloc_kind found;
      CHECK(t, kiln_reloc_find(kiln_reloc_name(k), &found) && found == k);
    }
    CHECK(t, c->nop && c->nop_bytes && c->dwarf_regs && c->frame_regs[0] && c->frame_regs[1]);
    CHECK(t, c->cie_code_align && c->cie_return && c->cie_rules[0]);
    /* protected branches and returns are said by a bit each */
    CHECK(t, e->property >> 30 == 3 && e->property_what[0] == KILN_PROTECT_BRANCH &&
               e->property_what[1] == KILN_PROTECT_RETURN);
    CHECK(t, c->align_log2 && (1u << c->align_log2) % c->cie_code_align == 0);
  }
}

/* Fields by kind. Words of AArch64: llvm-mc's encodings of the instruction with and without the value. */
CASE(test_fields) {
  static const struct {
    kiln_reloc_kind kind;
    uint32_t before, after; /* equal: it does not fit, and stays */
    uint64_t value, at;
  } rows[] = {
    {KILN_RELOC_A64_CALL, 0x94000000, 0x95ffffff, 0x10007fffffc, 0x10000000000},
    {KILN_RELOC_A64_CALL, 0x94000000, 0x96000000, 0x10000000000, 0x10008000000},
    {KILN_RELOC_A64_CALL, 0x94000000, 0x94000000, 0x10008000000, 0x10000000000},
    {KILN_RELOC_A64_CALL, 0x94000000, 0x94000000, 0x10000000002, 0x10000000000},
    {KILN_RELOC_A64_JUMP, 0x14000000, 0x14000002, 8, 0},
    {KILN_RELOC_A64_PAGE, 0x90000003, 0xb0091a23, 0x12345fff, 0xffc}, /* adrp x3, #0x12345000 */
    {KILN_RELOC_A64_GOT_PAGE, 0x90000010, 0xf0fffff0, 0x1fff, 0x2000},
    {KILN_RELOC_A64_PAGE, 0x90000000, 0x90800000, 0, 0x100000000},
    {KILN_RELOC_A64_PAGE, 0x90000000, 0xf07fffe0, 0xfffff123, 0},
    {KILN_RELOC_A64_PAGE, 0x90000000, 0x90000000, 0x100000000, 0},
    {KILN_RELOC_A64_PAGE, 0x90000000, 0x90000000, 0, 0x100001000},
    {KILN_RELOC_A64_LOW, 0x91000020, 0x912af020, 0x12345abc, 0},
    {KILN_RELOC_A64_LOW8, 0x39400062, 0x396af062, 0x12345abc, 0},
    {KILN_RELOC_A64_LOW16, 0x79400062, 0x79557862, 0x12345abc, 0},
    {KILN_RELOC_A64_LOW32, 0xb9400062, 0xb94abc62, 0x12345abc, 0},
    {KILN_RELOC_A64_LOW64, 0xf9400062, 0xf9455c62, 0x12345ab8, 0},
    {KILN_RELOC_A64_LOW128, 0x3dc00062, 0x3dc2ac62, 0x12345ab0, 0},
    {KILN_RELOC_A64_TLS_LE_HIGH, 0x91400020, 0x916af020, 0xabcdef, 0},
    {KILN_RELOC_A64_TLS_LE_HIGH, 0x91400020, 0x91400020, 0x1000000, 0},
    {KILN_RELOC_A64_TLSDESC_CALL, 0xd63f0020, 0xd63f0020, 0, 0},
    {KILN_RELOC_ABS32, 0, 0xfffffffe, 0xfffffffe, 0},
    {KILN_RELOC_ABS32, 7, 7, 0x100000000, 0},
    {KILN_RELOC_ABS32S, 0, 0x80000000, 0xffffffff80000000, 0},
    {KILN_RELOC_ABS32S, 7, 7, 0x80000000, 0},
    {KILN_RELOC_REL32, 0, 0x80000000, 0, 0x80000000},
    {KILN_RELOC_REL32, 7, 7, 0x80000000, 0},
    {KILN_RELOC_TLS64, 7, 7, 1, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t field[4];
    const struct kn_reloc_facts *facts = kn_reloc_facts(rows[i].kind);
    kn_put32(field, rows[i].before);
    bool fits = kn_reloc_put(facts, field, rows[i].value, rows[i].at);
    if (kn_get32(field) != rows[i].after)
      fail_msg("row %zu: %x, not %x", i, kn_get32(field), rows[i].after);
    assert_int_equal(fits, rows[i].before != rows[i].after || facts->field == KN_FIELD_NOTHING);
    kn_reloc_clear(facts, field);
    if (fits && kn_get32(field) != rows[i].before)
      fail_msg("row %zu: %x when it is cleared, not %x", i, kn_get32(field), rows[i].before);
    assert_int_equal(kn_reloc_bytes(facts), facts->field == KN_FIELD_NOTHING ? 0
                                            : facts->field == KN_FIELD_OTHER ? 1
                                                                             : 4);
  }
  uint8_t wide[8] = {0};
  const uint8_t distance[8] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  assert_true(kn_reloc_put(kn_reloc_facts(KILN_RELOC_REL64), wide, 1, 3));
  assert_memory_equal(wide, distance, 8);
  assert_null(kiln_reloc_name((kiln_reloc_kind)(KILN_RELOC_FORMAT + 4)));
  assert_false(kn_reloc_put(kn_reloc_facts(KILN_RELOC_FORMAT + 4), wide, 1, 3));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_functions),   cmocka_unit_test(test_names),  cmocka_unit_test(test_sets),
    cmocka_unit_test(test_conventions), cmocka_unit_test(test_args),   cmocka_unit_test(test_types),
    cmocka_unit_test(test_objects),     cmocka_unit_test(test_fields),
  };
  return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}
