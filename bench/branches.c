/* A plugin of QEMU's user emulation with a model of a branch predictor, for machines whose performance counters are
 * not accessible. Made by bench/branches.py, which reads what it prints.
 *
 * The model: conditional branches by TAGE (Seznec and Michaud, "A case for (partially) tagged geometric
 * history length branch prediction", 2006), targets of indirect jumps by the same with targets for
 * directions, returns always right; 32 KiB of instruction cache, eight ways, LRU replacement. It models no particular
 * processor: it tells which branches are hard to predict, not how many cycles they take.
 *
 * Prints a line for each block of instructions that ran. Addresses count from the program's entry: the block's,
 * the end's, its last instruction's. Then the number of instructions, of executions, of mispredictions at its end,
 * and of its cache misses. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

/* ---- blocks ---- */

enum kind { OTHER, CONDITIONAL, INDIRECT };
struct block {
  uint64_t start, end, last; /* last: of the instruction at the end */
  uint64_t runs, wrong, cold;
  unsigned n;
  enum kind kind;
  struct block *next;
};
static struct block *blocks, *before;
static uint64_t base; /* address of the first block, the program's entry */

/* What kind of branch the instruction is. SDM 2, table A-2 and on. */
static enum kind kind_of(const uint8_t *code) {
  while (*code == 0x3e || *code == 0x66 || *code == 0xf2 || *code == 0xf3 || (*code & 0xf0) == 0x40)
    code++;
  if ((*code & 0xf0) == 0x70 || (*code == 0x0f && (code[1] & 0xf0) == 0x80)) return CONDITIONAL;
  if (*code != 0xff) return OTHER;
  unsigned field = code[1] >> 3 & 7; /* of ModRM: 2 call, 4 jmp */
  return field == 2 || field == 4 ? INDIRECT : OTHER;
}

/* ---- history ---- */

enum { TABLES = 12, HISTORY = 1024, INDEX_BITS = 11, TARGET_BITS = 10 };
static const unsigned lengths[TABLES] = {4, 6, 10, 16, 25, 40, 64, 101, 160, 254, 403, 640};
static uint8_t history[HISTORY];
static unsigned newest;

/* The newest `length` bits of the history, folded to `bits`. */
struct fold {
  uint32_t value;
  unsigned bits, length;
};
static struct fold index_fold[TABLES], tag_fold[TABLES][2], target_fold[TABLES];

static void fold_in(struct fold *f, unsigned in, unsigned out) {
  f->value = f->value << 1 ^ in ^ out << f->length % f->bits;
  f->value = (f->value ^ f->value >> f->bits) & ((1u << f->bits) - 1);
}
static void remember(unsigned bit) {
  newest = (newest - 1) % HISTORY;
  history[newest] = (uint8_t)bit;
  for (unsigned k = 0; k < TABLES; k++) {
    unsigned out = history[(newest + lengths[k]) % HISTORY];
    fold_in(&index_fold[k], bit, out);
    fold_in(&tag_fold[k][0], bit, out);
    fold_in(&tag_fold[k][1], bit, out);
    fold_in(&target_fold[k], bit, out);
  }
}
static void start_history(void) {
  for (unsigned k = 0; k < TABLES; k++) {
    index_fold[k] = (struct fold){0, INDEX_BITS, lengths[k]};
    tag_fold[k][0] = (struct fold){0, 11, lengths[k]};
    tag_fold[k][1] = (struct fold){0, 10, lengths[k]};
    target_fold[k] = (struct fold){0, TARGET_BITS, lengths[k]};
  }
}
static uint16_t tag_of(uint64_t pc, unsigned k) {
  return (uint16_t)((pc ^ tag_fold[k][0].value ^ tag_fold[k][1].value << 1) & 0x7ff);
}
static uint32_t place_of(uint64_t pc, unsigned k, const struct fold *f) {
  return (uint32_t)(pc ^ pc >> (f->bits - k % 3) ^ f->value) & ((1u << f->bits) - 1);
}
/* A pseudo-random number, the same in each run. */
static unsigned chance(void) {
  static uint32_t state = 1;
  state = state * 1103515245 + 12345;
  return state >> 16;
}

/* ---- conditional branches ---- */

struct direction {
  uint16_t tag;
  int8_t count; /* -4 to 3; taken from 0 on */
  uint8_t useful;
};
static struct direction directions[TABLES][1 << INDEX_BITS];
static int8_t simple[1 << 15]; /* -2 to 1 */

static void count(int8_t *c, bool up, int least, int most) {
  if (up) *c = (int8_t)(*c + (*c < most));
  else *c = (int8_t)(*c - (*c > least));
}

/* Predicts the branch and learns; true if that was wrong. */
static bool conditional(uint64_t pc, bool taken) {
  struct direction *at[TABLES], *first = NULL, *second = NULL;
  unsigned longest = 0;
  for (unsigned k = 0; k < TABLES; k++) {
    at[k] = &directions[k][place_of(pc, k, &index_fold[k])];
    if (at[k]->tag != tag_of(pc, k)) continue;
    second = first;
    first = at[k];
    longest = k + 1;
  }
  int8_t *plain = &simple[(pc ^ pc >> 15) & 0x7fff];
  bool other = second ? second->count >= 0 : *plain >= 0;
  bool found = first ? first->count >= 0 : other;
  bool young = first && first->useful == 0 && (first->count == 0 || first->count == -1);
  bool predicted = young ? other : found;
  if (first) {
    if (found == taken && other != taken)
      first->useful = (uint8_t)(first->useful + (first->useful < 3));
    else if (found != taken && other == taken)
      first->useful = (uint8_t)(first->useful - (first->useful > 0));
    count(&first->count, taken, -4, 3);
  }
  if (!first || (first->useful == 0 && !second)) count(plain, taken, -2, 1);
  unsigned left = 2;
  for (unsigned k = longest + (chance() & 1); predicted != taken && left && k < TABLES; k++) {
    if (at[k]->useful == 0) {
      *at[k] = (struct direction){tag_of(pc, k), taken ? 0 : -1, 0};
      left--, k++;
    } else if ((chance() & 3) == 0) {
      at[k]->useful--;
    }
  }
  remember(taken);
  remember((pc >> 2 ^ pc) & 1);
  return predicted != taken;
}

/* ---- indirect jumps and calls ---- */

struct target {
  uint16_t tag;
  uint8_t count, useful;
  uint64_t to;
};
static struct target targets[TABLES][1 << TARGET_BITS];
static uint64_t last_target[4096];

static bool indirect(uint64_t pc, uint64_t to) {
  struct target *at[TABLES], *first = NULL;
  unsigned longest = 0;
  for (unsigned k = 0; k < TABLES; k++) {
    at[k] = &targets[k][place_of(pc, k, &target_fold[k])];
    if (at[k]->tag != tag_of(pc, k)) continue;
    first = at[k];
    longest = k + 1;
  }
  uint64_t *plain = &last_target[(pc ^ pc >> 12) % 4096];
  bool wrong = (first ? first->to : *plain) != to;
  *plain = to;
  if (first && first->to == to) {
    first->count = (uint8_t)(first->count + (first->count < 3));
    first->useful = 1;
  } else if (first && first->count) {
    first->count--;
  } else if (first) {
    first->to = to;
    first->count = 1;
  }
  unsigned left = 2;
  for (unsigned k = longest + (chance() & 1); wrong && left && k < TABLES; k++) {
    if (at[k]->useful == 0) {
      *at[k] = (struct target){tag_of(pc, k), 1, 0, to};
      left--, k++;
    } else if ((chance() & 7) == 0) {
      at[k]->useful = 0;
    }
  }
  for (unsigned k = 4; k < 9; k++) remember((to >> k ^ to >> (k + 5)) & 1);
  return wrong;
}

/* ---- instruction cache ---- */

enum { SETS = 64, WAYS = 8 };
static uint64_t lines[SETS][WAYS];

/* Accesses a cache line; true if it was not in the cache. */
static bool touch(uint64_t line) {
  uint64_t *set = lines[line % SETS];
  unsigned way = 0;
  while (way < WAYS - 1 && set[way] != line) way++;
  bool miss = set[way] != line;
  memmove(set + 1, set, way * sizeof *set);
  set[0] = line;
  return miss;
}

/* ---- the plugin ---- */

static void executed(unsigned cpu, void *user) {
  (void)cpu;
  struct block *b = user;
  if (before && before->kind == CONDITIONAL)
    before->wrong += conditional(before->last, b->start != before->end);
  else if (before && before->kind == INDIRECT) before->wrong += indirect(before->last, b->start);
  b->runs++;
  for (uint64_t line = b->start / 64; line <= (b->end - 1) / 64; line++) b->cold += touch(line);
  before = b;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb) {
  (void)id;
  struct block *b = calloc(1, sizeof *b);
  if (b == NULL) return;
  b->n = (unsigned)qemu_plugin_tb_n_insns(tb);
  const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, b->n - 1);
  b->start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
  b->last = qemu_plugin_insn_vaddr(last);
  b->end = b->last + qemu_plugin_insn_size(last);
  b->kind = kind_of(qemu_plugin_insn_data(last));
  if (blocks == NULL) base = b->start;
  b->next = blocks;
  blocks = b;
  qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, b);
}

static void at_exit(plugin_id id, void *user) {
  (void)id;
  FILE *out = fopen(user, "w");
  for (const struct block *b = blocks; out && b; b = b->next)
    if (b->runs)
      fprintf(out, "%ld %ld %ld %u %lu %lu %lu\n", (long)(b->start - base), (long)(b->end - base),
              (long)(b->last - base), b->n, b->runs, b->wrong, b->cold);
  if (out) fclose(out);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  (void)info;
  if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) return 1;
  start_history();
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, at_exit, strdup(argv[0] + 4));
  return 0;
}
