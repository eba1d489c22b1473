/* The mutator of fuzz_bitcode: changes records and blocks, so that the result is nearly always a well-formed
 * container, and inputs reach all parts of the reader. More rarely it changes bytes. Called by libFuzzer and
 * replay.c. */
#include "bitcode_tree.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 96 << 20, MAX_BLOCKS = 4096 };

static uint64_t state;
static struct bt_arena arena;
static struct bt_item *blocks[MAX_BLOCKS]; /* of the tree being changed */
static uint32_t n_blocks;

static uint32_t rnd(uint64_t below) {
  return below < 2 ? 0 : (uint32_t)((fz_random(&state) >> 16) % below);
}

static void collect(struct bt_item *block) {
  if (n_blocks < MAX_BLOCKS) blocks[n_blocks++] = block;
  for (uint32_t k = 0; k < block->n; k++) {
    if (block->children[k]->kind == BT_BLOCK) collect(block->children[k]);
  }
}

/* A block with children, chosen uniformly or weighted by its size. NULL if there is none. */
static struct bt_item *some_block(void) {
  struct bt_item *best = NULL;
  for (unsigned tries = 0; tries < 8; tries++) {
    struct bt_item *b = blocks[rnd(n_blocks)];
    if (b->n == 0) continue;
    if (best == NULL || (b->n > best->n && rnd(2))) best = b;
    if (rnd(2)) break;
  }
  return best;
}

static struct bt_item *some_record(const struct bt_item *block) {
  for (unsigned tries = 0; tries < 8; tries++) {
    struct bt_item *i = block->children[rnd(block->n)];
    if (i->kind == BT_RECORD) return i;
  }
  return NULL;
}

static uint64_t new_value(const struct bt_item *block, uint64_t old) {
  const struct bt_item *r;
  switch (rnd(10)) {
  case 0: return old + 1 + rnd(4);
  case 1: return old - 1 - rnd(4);
  case 2: return rnd(8);
  case 3: return rnd(256);
  case 4: return (UINT64_C(1) << rnd(64)) - rnd(2);
  case 5: return ~(uint64_t)rnd(4);
  case 6: return old ^ UINT64_C(1) << rnd(rnd(4) == 0 ? 64 : 12);
  case 7: return (uint64_t)rnd(64) << 1 | 1; /* a negative relative value */
  case 8: return (uint64_t)1 << 32 | rnd(1000);
  default: r = some_record(block); return r != NULL ? r->values[rnd(r->n)] : old;
  }
}

static void change_record(const struct bt_item *block, struct bt_item *r) {
  const struct bt_item *other;
  uint32_t at = rnd(r->n), from;
  switch (rnd(9)) {
  case 0: /* the code */
    other = some_record(block);
    r->values[0] = other != NULL && rnd(3) != 0 ? other->values[0] : rnd(64);
    break;
  case 1: bt_insert_value(&arena, r, at + 1, new_value(block, r->values[at])); break;
  case 2:
    if (r->n > 1) {
      if (at == 0) at = 1;
      memmove(r->values + at, r->values + at + 1, (r->n - at - 1) * sizeof *r->values);
      r->n--;
    }
    break;
  case 3: r->n = at + 1; break;
  case 4: /* another abbreviation, for the same values or in place of them */
    r->id = rnd(3) == 0 ? BT_UNABBREV : BT_FIRST_ABBREV + rnd(12);
    r->force = rnd(2);
    break;
  case 5:
    from = rnd(r->n);
    r->values[at] = r->values[from];
    break;
  default:
    if (at == 0) at = rnd(r->n);
    r->values[at] = new_value(block, r->values[at]);
  }
}

static void change_abbrev(struct bt_item *a) {
  struct bt_op *op = &a->ops[rnd(a->n)];
  switch (rnd(4)) {
  case 0: op->value = new_value(blocks[0], op->value); break;
  case 1: op->kind = (uint8_t)rnd(6); break;
  case 2: a->n = 1 + rnd(a->n); break;
  default: op->width = (uint8_t)rnd(rnd(4) == 0 ? 70 : 12); break;
  }
}

static void remove_child(struct bt_item *block, uint32_t at) {
  memmove(block->children + at, block->children + at + 1, (block->n - at - 1) * sizeof(void *));
  block->n--;
}

/* One change. */
static void change(void) {
  struct bt_item *block = some_block(), *to;
  if (block == NULL) return;
  uint32_t at = rnd(block->n), other = rnd(block->n);
  struct bt_item *item = block->children[at];
  switch (rnd(12)) {
  case 0: /* swap: neighbours or any two */
    if (rnd(2)) other = at + 1 < block->n ? at + 1 : 0;
    block->children[at] = block->children[other];
    block->children[other] = item;
    break;
  case 1: bt_insert(&arena, block, other, bt_copy(&arena, item)); break;
  case 2: remove_child(block, at); break;
  case 3: /* into another block */
    to = blocks[rnd(n_blocks)];
    if (to != item) bt_insert(&arena, to, rnd(to->n + 1), bt_copy(&arena, item));
    break;
  case 4:
    if (item->kind == BT_BLOCK && rnd(4) == 0) item->id = rnd(32);
    else if (item->kind == BT_BLOCK && rnd(4) == 0) item->width = 2 + rnd(10);
    else block->n = rnd(4) == 0 ? at + 1 : block->n;
    break;
  default:
    if (item->kind == BT_RECORD) change_record(block, item);
    else if (item->kind == BT_ABBREV && rnd(3) == 0) change_abbrev(item);
    else if ((item = some_record(block)) != NULL) change_record(block, item);
  }
}

static struct bt_item *start(const uint8_t *data, size_t size, unsigned seed) {
  state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  if (arena.bytes == NULL) {
    arena.bytes = malloc(ARENA_BYTES);
    arena.size = arena.bytes != NULL ? ARENA_BYTES : 0;
  }
  arena.used = 0;
  n_blocks = 0;
  struct bt_item *root = bt_parse(&arena, data, size);
  if (root != NULL) collect(root);
  return root;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  if (seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  struct bt_item *root = start(data, size, seed);
  if (root == NULL || root->n == 0) return LLVMFuzzerMutate(data, size, max_size);
  unsigned n = 1 + rnd(rnd(4) == 0 ? 16 : 3);
  while (n-- > 0) change();
  size_t written = bt_write(root, data, max_size);
  return written > 0 ? written
                     : LLVMFuzzerMutate(data, size < max_size ? size : max_size, max_size);
}

/* Replaces a block by one of `other` with the same id, or puts that among its children. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_out, unsigned seed) {
  struct bt_item *root = start(data, size, seed);
  struct bt_item *from = root != NULL ? bt_parse(&arena, other, other_size) : NULL;
  if (from == NULL) return 0;
  uint32_t mine = n_blocks;
  collect(from);
  if (n_blocks == mine) return 0;
  for (unsigned tries = 0; tries < 16; tries++) {
    struct bt_item *a = blocks[rnd(mine)], *b = blocks[mine + rnd(n_blocks - mine)];
    if (a->id != b->id || a == root || b->n == 0) continue;
    if (rnd(3) == 0) {
      *a = *b;
    } else {
      uint32_t first = rnd(b->n), n = 1 + rnd(rnd(2) ? 3 : b->n - first), at = rnd(a->n + 1);
      for (uint32_t k = 0; k < n && first + k < b->n; k++) {
        if (!bt_insert(&arena, a, at + k, bt_copy(&arena, b->children[first + k]))) break;
        if (rnd(2) && at + k + 1 < a->n) remove_child(a, at + k + 1);
      }
    }
    break;
  }
  return bt_write(root, out, max_out);
}
