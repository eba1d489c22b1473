/* Parser and writer of the bitstream container for the mutator: see bitcode_tree.h. */
#include "bitcode_tree.h"

#include <string.h>

enum { MAX_DEPTH = 8 };

/* ---- memory ---- */

void *bt_alloc(struct bt_arena *a, size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (size > a->size - a->used) return NULL;
  void *p = a->bytes + a->used;
  a->used += size;
  return p;
}

/* Makes space for one more element of `size` bytes. */
static bool grow(struct bt_arena *a, void *array, struct bt_item *i, size_t size) {
  if (i->n < i->room) return true;
  uint32_t room = i->room < 4 ? 4 : i->room * 2;
  void *old, *p = bt_alloc(a, room * size);
  if (p == NULL) return false;
  memcpy(&old, array, sizeof old);
  if (i->n > 0) memcpy(p, old, i->n * size);
  memcpy(array, &p, sizeof p);
  i->room = room;
  return true;
}

bool bt_insert(struct bt_arena *a, struct bt_item *block, uint32_t at, struct bt_item *child) {
  if (child == NULL || !grow(a, &block->children, block, sizeof(void *))) return false;
  memmove(block->children + at + 1, block->children + at, (block->n - at) * sizeof(void *));
  block->children[at] = child;
  block->n++;
  return true;
}

bool bt_insert_value(struct bt_arena *a, struct bt_item *record, uint32_t at, uint64_t value) {
  if (!grow(a, &record->values, record, sizeof value)) return false;
  memmove(record->values + at + 1, record->values + at, (record->n - at) * sizeof value);
  record->values[at] = value;
  record->n++;
  return true;
}

static struct bt_item *new_item(struct bt_arena *a, enum bt_kind kind, uint32_t id) {
  struct bt_item *i = bt_alloc(a, sizeof *i);
  if (i != NULL) *i = (struct bt_item){.kind = kind, .id = id};
  return i;
}

struct bt_item *bt_copy(struct bt_arena *a, const struct bt_item *item) {
  struct bt_item *to = new_item(a, item->kind, item->id);
  if (to == NULL) return NULL;
  to->width = item->width;
  to->force = item->force;
  if (item->kind == BT_BLOCK) {
    for (uint32_t k = 0; k < item->n; k++) {
      if (!bt_insert(a, to, k, bt_copy(a, item->children[k]))) return NULL;
    }
    return to;
  }
  size_t size = item->n * (item->kind == BT_RECORD ? sizeof(uint64_t) : sizeof(struct bt_op));
  void *p = bt_alloc(a, size);
  if (p == NULL) return NULL;
  if (size > 0) memcpy(p, item->kind == BT_RECORD ? (void *)item->values : item->ops, size);
  if (item->kind == BT_RECORD) to->values = p;
  else to->ops = p;
  to->n = to->room = item->n;
  return to;
}

/* ---- abbreviations in scope ---- */

struct scope {
  const struct bt_item *abbrevs[BT_SCOPE];
  uint32_t n;
};

/* The abbreviations of BLOCKINFO, and the block that the next ones are for. */
struct info {
  struct scope of[BT_BLOCKS];
  uint64_t current;
};

static void define(struct scope *s, struct info *info, bool blockinfo, const struct bt_item *a) {
  if (blockinfo) s = info->current < BT_BLOCKS ? &info->of[info->current] : NULL;
  if (s != NULL && s->n < BT_SCOPE) s->abbrevs[s->n++] = a;
}

static const struct bt_item *find(const struct scope *s, uint32_t id) {
  return id >= BT_FIRST_ABBREV && id - BT_FIRST_ABBREV < s->n ? s->abbrevs[id - BT_FIRST_ABBREV]
                                                              : NULL;
}

/* ---- reading ---- */

struct reader {
  struct bt_arena *arena;
  const uint8_t *data;
  uint64_t pos, end; /* bits */
  bool bad;
  struct info info;
};

static const char char6[65] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";

static uint64_t fixed(struct reader *r, unsigned width) {
  uint64_t v = 0;
  if (width > r->end - r->pos) {
    r->bad = true;
    return 0;
  }
  uint64_t w;
  uint64_t byte = r->pos >> 3;
  if (byte + 9 <= r->end >> 3 && width <= 56) {
    memcpy(&w, r->data + byte, 8);
    v = w >> (r->pos & 7) & ((UINT64_C(1) << width) - 1);
    r->pos += width;
    return v;
  }
  for (unsigned k = 0; k < width; k++, r->pos++) {
    v |= (uint64_t)(r->data[r->pos >> 3] >> (r->pos & 7) & 1) << k;
  }
  return v;
}

static uint64_t vbr(struct reader *r, unsigned width) {
  uint64_t v = 0, more = UINT64_C(1) << (width - 1);
  for (unsigned shift = 0; !r->bad; shift += width - 1) {
    uint64_t part = fixed(r, width);
    if (shift < 64) v |= (part & (more - 1)) << shift;
    if (!(part & more)) break;
  }
  return v;
}

static void align(struct reader *r) {
  r->pos = (r->pos + 31) & ~UINT64_C(31);
  if (r->pos > r->end) r->bad = true, r->pos = r->end;
}

static uint64_t scalar(struct reader *r, const struct bt_op *op) {
  switch (op->kind) {
  case 0: return op->value;
  case BT_FIXED: return fixed(r, op->width);
  case BT_VBR: return op->width < 2 ? 0 : vbr(r, op->width);
  default: return (uint8_t)char6[fixed(r, 6)];
  }
}

static void push(struct reader *r, struct bt_item *record, uint64_t v) {
  if (!bt_insert_value(r->arena, record, record->n, v)) r->bad = true;
}

static struct bt_item *read_record(struct reader *r, uint32_t id, const struct scope *scope) {
  struct bt_item *record = new_item(r->arena, BT_RECORD, id);
  const struct bt_item *a = find(scope, id);
  if (record == NULL || (a == NULL && id != BT_UNABBREV)) return NULL;
  if (a == NULL) {
    push(r, record, vbr(r, 6));
    for (uint64_t n = vbr(r, 6); n > 0 && !r->bad; n--) push(r, record, vbr(r, 6));
  }
  for (uint32_t k = 0; a != NULL && k < a->n && !r->bad; k++) {
    const struct bt_op *op = &a->ops[k];
    if (op->kind == BT_ARRAY && k + 1 < a->n) {
      for (uint64_t n = vbr(r, 6); n > 0 && !r->bad; n--) push(r, record, scalar(r, op + 1));
      break;
    }
    if (op->kind == BT_BLOB) {
      uint64_t n = vbr(r, 6);
      align(r);
      for (; n > 0 && !r->bad; n--) push(r, record, fixed(r, 8));
      align(r);
      break;
    }
    push(r, record, scalar(r, op));
  }
  return r->bad || record->n == 0 ? NULL : record;
}

static struct bt_item *read_abbrev(struct reader *r) {
  struct bt_item *a = new_item(r->arena, BT_ABBREV, 0);
  uint64_t n = vbr(r, 5);
  if (a == NULL || n == 0 || n > 1000) return NULL;
  a->ops = bt_alloc(r->arena, n * sizeof *a->ops);
  if (a->ops == NULL) return NULL;
  for (; a->n < n && !r->bad; a->n++) {
    struct bt_op *op = &a->ops[a->n];
    *op = (struct bt_op){0};
    if (fixed(r, 1)) {
      op->value = vbr(r, 8);
      continue;
    }
    op->kind = (uint8_t)fixed(r, 3);
    if (op->kind == BT_FIXED || op->kind == BT_VBR) op->width = (uint8_t)vbr(r, 5);
    if (op->kind == 0 || op->kind > BT_BLOB || op->width > 64) return NULL;
  }
  a->room = a->n;
  return a;
}

/* Fills `block` to its end, or to where it cannot be read. */
static void read_block(struct reader *r, struct bt_item *block, unsigned depth) {
  struct scope scope = {.n = 0};
  bool root = depth == 0;
  if (!root && block->id < BT_BLOCKS) scope = r->info.of[block->id];
  while (!r->bad && (!root || r->end - r->pos >= 64)) {
    uint32_t id = (uint32_t)fixed(r, block->width);
    if (r->bad || id == BT_END) break;
    struct bt_item *item = NULL;
    if (id == BT_ENTER) {
      item = new_item(r->arena, BT_BLOCK, (uint32_t)vbr(r, 8));
      uint64_t width = vbr(r, 4);
      align(r);
      fixed(r, 32);
      if (item == NULL || width < 2 || width > 32 || depth == MAX_DEPTH) r->bad = true;
      else {
        item->width = (uint32_t)width;
        if (!bt_insert(r->arena, block, block->n, item)) r->bad = true;
        else read_block(r, item, depth + 1);
      }
      continue;
    }
    if (id == BT_DEFINE) {
      item = read_abbrev(r);
      if (item != NULL) define(&scope, &r->info, block->id == 0 && !root, item);
    } else {
      item = read_record(r, id, &scope);
      if (item != NULL && block->id == 0 && !root && item->values[0] == 1 && item->n > 1) {
        r->info.current = item->values[1];
      }
    }
    if (item == NULL || !bt_insert(r->arena, block, block->n, item)) r->bad = true;
  }
  if (!root) align(r);
}

struct bt_item *bt_parse(struct bt_arena *a, const uint8_t *data, size_t size) {
  if (size < 8 || memcmp(data, "BC\xC0\xDE", 4) != 0) return NULL;
  static struct reader r;
  memset(&r, 0, sizeof r);
  r.arena = a;
  r.data = data;
  r.pos = 32;
  r.end = (uint64_t)size * 8;
  r.info.current = BT_BLOCKS;
  struct bt_item *root = new_item(a, BT_BLOCK, UINT32_MAX);
  if (root == NULL) return NULL;
  root->width = 2;
  read_block(&r, root, 0);
  return root;
}

/* ---- writing ---- */

struct writer {
  uint8_t *out;
  uint64_t pos, end; /* bits */
  bool full;
  struct info info;
};

static void put(struct writer *w, uint64_t v, unsigned width) {
  if (width > w->end - w->pos) {
    w->full = true;
    return;
  }
  unsigned shift = (unsigned)(w->pos & 7);
  if (width <= 56 && w->end - w->pos >= 72) { /* those after it are written later */
    uint8_t *to = w->out + (w->pos >> 3);
    uint64_t word = (v & ((UINT64_C(1) << width) - 1)) << shift;
    word |= *to & ((1u << shift) - 1);
    memcpy(to, &word, 8);
    w->pos += width;
    return;
  }
  for (unsigned k = 0; k < width; k++, w->pos++) {
    uint8_t bit = (uint8_t)(1u << (w->pos & 7)), *to = &w->out[w->pos >> 3];
    *to = (uint8_t)((k < 64 && v >> k & 1) ? *to | bit : *to & ~bit);
  }
}

static void put_vbr(struct writer *w, uint64_t v, unsigned width) {
  if (width < 2) return;
  uint64_t more = UINT64_C(1) << (width - 1);
  for (; v >= more && !w->full; v >>= width - 1) put(w, (v & (more - 1)) | more, width);
  put(w, v, width);
}

static void put_align(struct writer *w) {
  while (w->pos & 31 && !w->full) put(w, 0, 1);
}

static bool fits(const struct bt_op *op, uint64_t v) {
  switch (op->kind) {
  case 0: return v == op->value;
  case BT_FIXED: return op->width >= 64 || v >> op->width == 0;
  case BT_VBR: return op->width >= 2 || v == 0;
  case BT_CHAR6: return v != 0 && v < 128 && strchr(char6, (int)v) != NULL;
  default: return false;
  }
}

static bool record_fits(const struct bt_item *a, const struct bt_item *record) {
  uint32_t at = 0;
  for (uint32_t k = 0; k < a->n; k++) {
    const struct bt_op *op = &a->ops[k];
    bool array = op->kind == BT_ARRAY && k + 1 < a->n;
    if (array || op->kind == BT_BLOB) {
      for (; at < record->n; at++) {
        if (array ? !fits(op + 1, record->values[at]) : record->values[at] > 255) return false;
      }
      break;
    }
    if (at == record->n || !fits(op, record->values[at])) return false;
    at++;
  }
  return at == record->n;
}

static void put_scalar(struct writer *w, const struct bt_op *op, uint64_t v) {
  const char *c;
  switch (op->kind) {
  case 0: break;
  case BT_FIXED: put(w, v, op->width); break;
  case BT_VBR: put_vbr(w, v, op->width); break;
  default:
    c = v != 0 && v < 128 ? strchr(char6, (int)v) : NULL;
    put(w, c != NULL ? (uint64_t)(c - char6) : v & 63, 6);
  }
}

static void put_record(struct writer *w, const struct bt_item *record, unsigned width,
                       const struct scope *scope) {
  const struct bt_item *a = find(scope, record->id);
  uint32_t at = 0, n = record->n;
  if (a == NULL || !(record->force || record_fits(a, record))) {
    put(w, BT_UNABBREV, width);
    put_vbr(w, n > 0 ? record->values[0] : 0, 6);
    put_vbr(w, n > 0 ? n - 1 : 0, 6);
    for (at = 1; at < n; at++) put_vbr(w, record->values[at], 6);
    return;
  }
  put(w, record->id, width);
  for (uint32_t k = 0; k < a->n && !w->full; k++) {
    const struct bt_op *op = &a->ops[k];
    if (op->kind == BT_ARRAY && k + 1 < a->n) {
      put_vbr(w, n > at ? n - at : 0, 6);
      for (; at < n; at++) put_scalar(w, op + 1, record->values[at]);
      break;
    }
    if (op->kind == BT_BLOB) {
      put_vbr(w, n > at ? n - at : 0, 6);
      put_align(w);
      for (; at < n; at++) put(w, record->values[at], 8);
      put_align(w);
      break;
    }
    put_scalar(w, op, at < n ? record->values[at] : 0);
    at++;
  }
}

static void put_abbrev(struct writer *w, const struct bt_item *a, unsigned width) {
  put(w, BT_DEFINE, width);
  put_vbr(w, a->n, 5);
  for (uint32_t k = 0; k < a->n; k++) {
    const struct bt_op *op = &a->ops[k];
    put(w, op->kind == 0, 1);
    if (op->kind == 0) {
      put_vbr(w, op->value, 8);
    } else {
      put(w, op->kind, 3);
      if (op->kind == BT_FIXED || op->kind == BT_VBR) put_vbr(w, op->width, 5);
    }
  }
}

static void put_children(struct writer *w, const struct bt_item *block, unsigned depth) {
  struct scope scope = {.n = 0};
  bool root = depth == 0;
  if (!root && block->id < BT_BLOCKS) scope = w->info.of[block->id];
  for (uint32_t k = 0; k < block->n && !w->full; k++) {
    const struct bt_item *i = block->children[k];
    if (i->kind == BT_RECORD) {
      put_record(w, i, block->width, &scope);
      if (block->id == 0 && i->n > 1 && i->values[0] == 1) w->info.current = i->values[1];
    } else if (i->kind == BT_ABBREV) {
      put_abbrev(w, i, block->width);
      define(&scope, &w->info, block->id == 0, i);
    } else if (depth < MAX_DEPTH) {
      put(w, BT_ENTER, block->width);
      put_vbr(w, i->id, 8);
      put_vbr(w, i->width, 4);
      put_align(w);
      uint64_t length_at = w->pos;
      put(w, 0, 32);
      put_children(w, i, depth + 1);
      put(w, BT_END, i->width);
      put_align(w);
      uint64_t behind = w->pos;
      if (w->full) return;
      uint32_t words = (uint32_t)((behind - length_at) / 32 - 1);
      memcpy(w->out + length_at / 8, &words, sizeof words);
    }
  }
}

size_t bt_write(struct bt_item *root, uint8_t *out, size_t room) {
  static struct writer w;
  if (room < 8) return 0;
  memset(&w, 0, sizeof w);
  w.out = out;
  w.pos = 32;
  w.end = (uint64_t)room * 8;
  w.info.current = BT_BLOCKS;
  memcpy(out, "BC\xC0\xDE", 4);
  put_children(&w, root, 0);
  return w.full ? 0 : (size_t)(w.pos / 8);
}
