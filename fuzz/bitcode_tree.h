/* A bitcode file as a tree of blocks, records and abbreviations, which can be changed and written again. For the
 * mutator of fuzz_bitcode; shares no code with the reader under test.
 * Invariant: all of a tree is in one arena, which the next tree of the same arena overwrites. */
#ifndef FUZZ_BITCODE_TREE_H
#define FUZZ_BITCODE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BT_END, BT_ENTER, BT_DEFINE, BT_UNABBREV, BT_FIRST_ABBREV }; /* ids of abbreviations */
enum { BT_FIXED = 1, BT_VBR, BT_ARRAY, BT_CHAR6, BT_BLOB };         /* encodings; 0: a literal */
enum { BT_BLOCKS = 64, BT_SCOPE = 64 };

struct bt_op {
  uint8_t kind;
  uint8_t width;  /* FIXED, VBR */
  uint64_t value; /* literal */
};

/* What an item is. */
enum bt_kind { BT_RECORD, BT_BLOCK, BT_ABBREV };

struct bt_item {
  enum bt_kind kind;
  uint32_t id;      /* RECORD: of its abbreviation; BLOCK: of the block */
  uint32_t width;   /* BLOCK: of abbreviation ids */
  bool force;       /* RECORD: write by its abbreviation even if it does not fit */
  uint32_t n, room; /* values, children or operands of the abbreviation */
  uint64_t *values; /* RECORD: the code first; a blob's bytes are values */
  struct bt_item **children;
  struct bt_op *ops; /* ABBREV */
};

struct bt_arena {
  uint8_t *bytes;
  size_t used, size;
};

/* Reads as much as possible; NULL if not even the magic number is there. The tree's root is a block whose children
 * are those of the file. */
struct bt_item *bt_parse(struct bt_arena *a, const uint8_t *data, size_t size);
/* Returns the number of bytes; 0 if it does not fit. */
size_t bt_write(struct bt_item *root, uint8_t *out, size_t room);

/* Memory of the arena; NULL if it is full. */
void *bt_alloc(struct bt_arena *a, size_t size);
/* Puts an item among an item's children, or a value among its values. False: no memory. */
bool bt_insert(struct bt_arena *a, struct bt_item *block, uint32_t at, struct bt_item *child);
bool bt_insert_value(struct bt_arena *a, struct bt_item *record, uint32_t at, uint64_t value);
/* A copy of an item and all below it. */
struct bt_item *bt_copy(struct bt_arena *a, const struct bt_item *item);

#endif
