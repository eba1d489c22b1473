/* Attribute groups and lists: only those that affect the code are kept, and the first that is not implemented
 * (support.def). Read once per module; call.c looks them up by list and index. Invariant: list 0 is empty, list n is
 * the n-th of the file. */
#include "decoder.h"

#include <stdio.h>
#include <stdlib.h>

/* What one block of groups remembers: most functions have the same features. */
struct features {
  char text[4096]; /* the processor's and those in the file; empty: none read yet */
  uint32_t flags;  /* what they add to FA_... */
  const struct kn_bc_support *refused;
};

/* The string attributes of a group and what they come to. Most groups have those of one before them, which are then
 * found by their bits. */
struct tail {
  uint64_t pos, bits;  /* after the first one's kind, 0: nowhere; what they take from there on */
  uint64_t left, kind; /* operands, kind of the first */
  struct kn_bc_attr is;
};

enum { TAILS = 4 /* definitions, declarations and calls have different ones */ };

/* What the groups of a block are read with. */
struct strings {
  struct features features;
  struct tail recent[TAILS];
  unsigned next; /* the one to replace */
};

/* Notes that the row's attribute is not implemented, for definitions and for calls: the first of each group counts. */
static void refuse(struct kn_bc_attr *a, const struct kn_bc_support *row) {
  const bool calls = row->verdict >= SUPPORT_CALLED || row->verdict == SUPPORT_UNKNOWN ||
                     a->index != KN_BC_FUNC_INDEX; /* a parameter or result is passed there, too */
  if (row->verdict != SUPPORT_CALLED && !a->refused) a->refused = row;
  if (calls && !a->refused_call) a->refused_call = row;
}

/* Notes an attribute that is not known. It is refused where it is used: where a function is defined or called. */
static KN_COLD bool unknown(struct kn_bc *r, struct kn_bc_attr *a, const char *name) {
  struct kn_bc_support row = {.kind = SUPPORT_ATTRIBUTE, .verdict = SUPPORT_UNKNOWN}, *kept;
  snprintf(row.name, sizeof row.name, "%s", name);
  const uint32_t hash = kn_hash_bytes(row.name, strlen(row.name));
  uint32_t at, i;
  KN_HASH_EACH(&r->m->unknown_hash, hash, at, i,
               strcmp(row.name, r->m->unknown_attrs.at[i - 1]->name) > 0)
  if (strcmp(r->m->unknown_attrs.at[i - 1]->name, row.name) == 0)
    return refuse(a, r->m->unknown_attrs.at[i - 1]), true;
  kept = kn_bc_keep(r, sizeof *kept);
  if (!kept || !KN_BC_HASH_ROOM(r, &r->open->unknown_hash)) return false;
  *kept = row;
  refuse(a, kept);
  if (!KN_BC_PUSH(r, r->open->unknown_attrs, kept)) return false;
  kn_hash_put(&r->open->unknown_hash, at, hash, r->m->unknown_attrs.n);
  return true;
}
static KN_COLD bool unknown_number(struct kn_bc *r, struct kn_bc_attr *a, const char *what,
                                   uint64_t number) {
  char name[32];
  snprintf(name, sizeof name, "%s %llu", what, (unsigned long long)number);
  return unknown(r, a, name);
}

static bool enum_attr(struct kn_bc *r, struct kn_bc_attr *a, uint64_t key, uint64_t value) {
  const struct kn_bc_support *row = kn_bc_support_attr(key);
  if (KN_UNLIKELY(!row)) return unknown_number(r, a, "number", key);
  if (row->verdict == SUPPORT_IDLE) return true;
  if (KN_UNLIKELY(row->verdict == SUPPORT_REFUSED)) refuse(a, row);
  if (a->index == KN_BC_FUNC_INDEX) {
    switch (key) {
    case ATTR_NO_RETURN: a->flags |= FA_NORETURN; break;
    case ATTR_NO_UNWIND: a->flags |= FA_NOUNWIND; break;
    case ATTR_RETURNS_TWICE: a->flags |= FA_RETURNS_TWICE; break;
    case ATTR_OPT_NONE: a->flags |= FA_OPT_NONE; break;
    case ATTR_ALWAYS_INLINE: a->flags |= FA_INLINE_ALWAYS; break;
    case ATTR_INLINE_HINT: a->flags |= FA_INLINE_HINT; break;
    case ATTR_NO_INLINE: a->flags |= FA_INLINE_NEVER; break;
    case ATTR_STRICT_FP: a->flags |= FA_STRICT_FP; break;
    case ATTR_SANITIZE_ADDRESS: a->flags |= FA_SANITIZE_ADDRESS; break;
    case ATTR_SANITIZE_THREAD: a->flags |= FA_SANITIZE_THREAD; break;
    case ATTR_SANITIZE_MEMORY: a->flags |= FA_SANITIZE_MEMORY; break;
    case ATTR_SANITIZE_HWADDRESS: a->flags |= FA_SANITIZE_HWADDRESS; break;
    case ATTR_SANITIZE_NUMERICAL:
    case ATTR_SANITIZE_REALTIME:
    case ATTR_SANITIZE_BLOCKING:
    case ATTR_SANITIZE_TYPE:
    case ATTR_SANITIZE_ALLOC: a->flags |= FA_SANITIZE_OTHER; break;
    case ATTR_NO_RED_ZONE: a->flags |= FA_NO_RED_ZONE; break;
    case ATTR_UNWIND_TABLE: a->flags |= FA_UNWIND_TABLE; break;
    case ATTR_STACK_ALIGNMENT:
      if (value > 16) refuse(a, row);
      break;
    default: kn_bc_harden_attr(a, key); break;
    }
    return true;
  }
  switch (key) {
  case ATTR_SEXT: a->flags |= PA_SEXT; break;
  case ATTR_ZEXT: a->flags |= PA_ZEXT; break;
  case ATTR_BYVAL: a->flags |= PA_BYVAL; break;
  case ATTR_STRUCT_RET: a->flags |= PA_SRET; break;
  case ATTR_NEST: a->flags |= PA_CHAIN; break;
  case ATTR_IN_REG: a->flags |= PA_IN_REG; break;
  case ATTR_STACK_ALIGNMENT: /* places in memory are aligned to 8 anyway */
    if (value > 8) a->stack_align_log2 = (uint8_t)__builtin_ctzll(value);
    break;
  default: break;
  }
  return true;
}

/* The operands of a group's record, read one at a time: most of them are strings that are skipped. */
struct group {
  struct kn_bits bits;
  uint64_t left;  /* operands */
  bool too_short; /* the record ended before all operands were read */
};

static uint64_t next(struct group *g) {
  if (g->left == 0) {
    g->too_short = true;
    return 0;
  }
  g->left--;
  return kn_bits_vbr6(&g->bits);
}

/* Skips `n` operands. */
static void skip_operands(struct group *g, uint64_t n) {
  if (n > g->left) {
    g->too_short = true;
    n = g->left;
  }
  g->left -= n;
  kn_bits_skip_vbr6(&g->bits, n);
}

/* Skips one constant range. */
static void skip_range(struct group *g, uint64_t bits) {
  if (bits <= 64) {
    skip_operands(g, 2);
    return;
  }
  uint64_t words = next(g);
  skip_operands(g, (words & UINT32_MAX) + (words >> 32));
}

/* Reads a string that ends with a NUL or with the record: stores its first size - 1 bytes and a NUL in `out`,
 * returns its full length. */
static size_t string(struct group *g, char *out, size_t size) {
  size_t n = 0;
  while (g->left > 0) {
    char c = (char)next(g);
    if (c == 0) break;
    if (n < size - 1) out[n] = c;
    n++;
  }
  out[n < size ? n : size - 1] = 0;
  return n;
}

/* Does a later entry of the list take entry `name` ("+a" or "-a") back? */
static bool taken_back(const char *name, const char *rest) {
  size_t n = strlen(name + 1);
  for (const char *p = rest; *p; p += *p == ',') {
    size_t length = strcspn(p, ",");
    if (length == n + 1 && *p != *name && memcmp(p + 1, name + 1, n) == 0) return true;
    p += length;
  }
  return false;
}

/* Flags of the features that need AVX2, AVX and SSE4.1: without the one, there are not the others, either. */
enum {
  FA_OVER_AVX2 = FA_AVX_VNNI | FA_AVX_IFMA,
  FA_OVER_AVX = FA_AVX2 | FA_FMA | FA_F16C | FA_OVER_AVX2,
  FA_OVER_SSSE3 = FA_SSE41 | FA_OVER_AVX
};

const struct kn_bc_support *kn_bc_features(kiln_processor target, char *list, uint32_t *out) {
  static const struct {
    const char *name;
    uint32_t flag, over; /* its own flag or 0; those of features that need it */
  } own[] = {{"sse3", 0, FA_SSSE3 | FA_OVER_SSSE3},
             {"ssse3", FA_SSSE3, FA_OVER_SSSE3},
             {"sse4.1", FA_SSE41, FA_OVER_AVX},
             {"sse4.2", 0, FA_OVER_AVX},
             {"avx", 0, FA_OVER_AVX},
             {"avx2", FA_AVX2, FA_OVER_AVX2},
             {"fma", FA_FMA, 0},
             {"f16c", FA_F16C, 0},
             {"fullfp16", FA_FULLFP16, 0},
             {"avxvnni", FA_AVX_VNNI, 0},
             {"avxifma", FA_AVX_IFMA, 0},
             {"prfchw", FA_PRFCHW, 0},
             {"bmi2", FA_BMI2, 0}};
  uint32_t has = 0;
  uint32_t flags = 0;
  const struct kn_bc_support *refused = NULL;
  for (char *p = list; *p;) {
    size_t length = strcspn(p, ",");
    char *next = p + length + (p[length] != 0);
    uint64_t feature;
    p[length] = 0;
    const char *name = p + (length != 0);
    if (kiln_feature_find(target, name, &feature))
      has = *p == '+' ? has | (uint32_t)feature : has & ~(uint32_t)feature;
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++) {
      if (own[i].name[0] != *name || strcmp(name, own[i].name) != 0) continue;
      flags = *p == '+' ? flags | own[i].flag : flags & ~(own[i].flag | own[i].over);
      if (*p != '+' && own[i].over & FA_FMA) has &= ~(uint32_t)KILN_FEATURE_FMA;
    }
    const struct kn_bc_support *row = refused || !length ? NULL : kn_bc_support_feature(p);
    if (row && row->verdict == SUPPORT_REFUSED && !taken_back(p, next)) refused = row;
    p = next;
  }
  *out = has << FA_FEATURES_SHIFT | flags;
  return refused;
}

/* Are the `n` bits at two places of the file the same? */
static bool same_bits(const struct kn_bits *b, uint64_t p, uint64_t q, uint64_t n) {
  enum { STEP = 56 };
  for (; n > STEP; n -= STEP, p += STEP, q += STEP)
    if ((kn_bits_peek(b, p) ^ kn_bits_peek(b, q)) << (64 - STEP)) return false;
  return n == 0 || !((kn_bits_peek(b, p) ^ kn_bits_peek(b, q)) << (64 - n));
}

/* Adds the features that code for `cpu` has, after which `list` adds some and takes some away. */
static bool add_features(struct kn_bc *r, struct kn_bc_attr *a, const char *cpu, const char *list,
                         struct features *f) {
  char all[sizeof f->text];
  const char *own = kn_bc_processor_features(kiln_module_processor(r->module), cpu);
  if (!own[0] && !list[0]) return true;
  const int size = snprintf(all, sizeof all, "%s%s%s", own, own[0] && list[0] ? "," : "", list);
  if (size < 0 || (size_t)size >= sizeof all)
    return kn_bc_unsupported(r, "this many target features");
  kn_bc_string_attr(a, "target-features", all);
  if (strcmp(all, f->text) != 0) {
    memcpy(f->text, all, (size_t)size + 1);
    f->refused = kn_bc_features(kiln_module_processor(r->module), all, &f->flags);
  }
  a->flags |= f->flags;
  if (f->refused) refuse(a, f->refused);
  return true;
}

/* Reads string attributes of which the first has `kind`, up to the record's end. */
static bool read_strings(struct kn_bc *r, struct group *g, struct kn_bc_attr *a, uint64_t kind,
                         struct features *f) {
  char cpu[64] = "", features[sizeof f->text] = "";
  for (bool more = true; more; kind = more ? next(g) : 0) {
    char key[64], value[sizeof f->text];
    value[0] = 0;
    size_t length = string(g, key, sizeof key);
    size_t size = kind == 4 ? string(g, value, sizeof value) : 0;
    more = g->left > 0;
    const struct kn_bc_support *row = length < sizeof key ? kn_bc_support_string(key) : NULL;
    if (KN_UNLIKELY(!row && r->m->is_newer)) { /* its code generators may look at it */
      char name[sizeof row->name];
      snprintf(name, sizeof name, "\"%.*s\"", (int)sizeof name - 3, key);
      if (!unknown(r, a, name)) return false;
    }
    if (!row || row->verdict == SUPPORT_IDLE) continue;
    switch (row->verdict) {
    case SUPPORT_DONE:
      if (strcmp(key, "target-features") == 0) {
        if (size >= sizeof value) return kn_bc_unsupported(r, "this many target features");
        memcpy(features, value, size + 1);
      } else if (strcmp(key, "target-cpu") == 0) {
        if (size < sizeof cpu) memcpy(cpu, value, size + 1); /* no processor's name is longer */
      } else if (!kn_bc_string_attr(a, key, value)) {
        refuse(a, row);
      }
      break;
    case SUPPORT_UNLESS:
      if (strcmp(value, row->harmless) != 0) refuse(a, row);
      else kn_bc_string_attr(a, key, value);
      break;
    default: refuse(a, row); break;
    }
  }
  return add_features(r, a, cpu, features, f);
}

/* Adds the string attributes, of which the first has `kind`, up to the record's end: LLVM sorts them after all
 * others. */
static bool strings(struct kn_bc *r, struct group *g, struct kn_bc_attr *a, uint64_t kind,
                    struct strings *s) {
  if (a->index != KN_BC_FUNC_INDEX) {
    skip_operands(g, g->left);
    return true;
  }
  struct tail *t = s->recent;
  const uint64_t pos = g->bits.pos;
  while (t < s->recent + TAILS && (t->left != g->left || t->kind != kind || t->pos == 0 ||
                                   !same_bits(&g->bits, t->pos, pos, t->bits)))
    t++;
  if (t < s->recent + TAILS) {
    g->bits.pos = pos + t->bits;
    g->left = 0;
  } else {
    t = &s->recent[s->next++ % TAILS];
    *t = (struct tail){.left = g->left, .kind = kind, .is.index = KN_BC_FUNC_INDEX};
    if (!read_strings(r, g, &t->is, kind, &s->features)) return false;
    if (!g->too_short) t->pos = pos, t->bits = g->bits.pos - pos;
  }
  /* every field that a string attribute may set */
  a->flags |= t->is.flags;
  a->harden.all |= t->is.harden.all;
  a->guard_buffer |= t->is.guard_buffer;
  if (!a->refused) a->refused = t->is.refused;
  if (!a->refused_call) a->refused_call = t->is.refused_call;
  return true;
}

/* Reads one attribute of `kind`; false if the kind is unknown. */
static bool attribute(struct kn_bc *r, struct group *g, struct kn_bc_attr *a, uint64_t kind,
                      struct strings *s) {
  if (kind <= 1 || kind == 5 || kind == 6) { /* enum, integer, type */
    uint64_t key = next(g), v = kind == 1 || kind == 6 ? next(g) : 0;
    if (!enum_attr(r, a, key, v)) return false;
    if (kind != 1 && kind != 6) return true;
    if (key == ATTR_ALIGNMENT && a->index != KN_BC_FUNC_INDEX && v && !(v & (v - 1)))
      a->align_log2 = (uint8_t)__builtin_ctzll(v);
    if (key == ATTR_BYVAL && kind == 6) {
      a->type = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
      return kn_bc_sized(r, a->type);
    }
    if (key == ATTR_ELEMENT_TYPE && kind == 6 && !(a->flags & PA_BYVAL)) {
      a->flags |= PA_ELEMENT;
      a->type = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
    }
  } else if (kind == 3 || kind == 4) {
    return strings(r, g, a, kind, s);
  } else if (kind == 7) { /* constant range: [key, bits, range] */
    if (!enum_attr(r, a, next(g), 0)) return false;
    skip_range(g, next(g));
  } else if (kind == 8) { /* list of constant ranges: [key, count, bits, ranges] */
    if (!enum_attr(r, a, next(g), 0)) return false;
    uint64_t count = next(g), bits = next(g);
    for (; count > 0 && !g->too_short; count--) skip_range(g, bits);
  } else { /* nobody knows how long it is */
    skip_operands(g, g->left);
    return unknown_number(r, a, "of kind", kind);
  }
  return true;
}

static uint32_t hash_of(const struct kn_bc_attr *a) {
  uint64_t h =
    kn_mix64(a->type, a->index ^ (uint64_t)a->flags << 32 ^ (uint64_t)a->align_log2 << 56);
  return (uint32_t)(kn_mix64(h, a->harden.all ^ a->guard_buffer) >> 32);
}

static bool equal(const struct kn_bc_attr *a, const struct kn_bc_attr *b) {
  return a->index == b->index && a->flags == b->flags && a->align_log2 == b->align_log2 &&
         a->type == b->type && a->stack_align_log2 == b->stack_align_log2 &&
         a->refused == b->refused && a->refused_call == b->refused_call &&
         a->harden.all == b->harden.all && a->guard_buffer == b->guard_buffer;
}

/* True if `p` is after `q`, either of which may be NULL. */
static bool name_after(const struct kn_bc_support *p, const struct kn_bc_support *q) {
  const int order = p && q ? strcmp(p->name, q->name) : (p != NULL) - (q != NULL);
  return order != 0 ? order > 0 : (uintptr_t)p > (uintptr_t)q;
}
/* True if `a` is after `b` in an order of all attributes. */
static KN_COLD bool after(const struct kn_bc_attr *a, const struct kn_bc_attr *b) {
  if (a->index != b->index) return a->index > b->index;
  if (a->flags != b->flags) return a->flags > b->flags;
  if (a->align_log2 != b->align_log2) return a->align_log2 > b->align_log2;
  if (a->type != b->type) return a->type > b->type;
  if (a->stack_align_log2 != b->stack_align_log2) return a->stack_align_log2 > b->stack_align_log2;
  if (a->harden.all != b->harden.all) return a->harden.all > b->harden.all;
  if (a->guard_buffer != b->guard_buffer) return a->guard_buffer > b->guard_buffer;
  return a->refused != b->refused ? name_after(a->refused, b->refused)
                                  : name_after(a->refused_call, b->refused_call);
}

/* Makes `a` the attributes of group `id`: number 0 if none of them matters here, else that of the first that were
 * equal. */
static bool add_group(struct kn_bc *r, uint64_t id, struct kn_bc_attr *a) {
  uint32_t number = 0;
  if (a->flags || a->align_log2 || a->stack_align_log2 || a->refused || a->refused_call ||
      a->harden.all || a->guard_buffer) {
    const uint32_t hash = hash_of(a);
    uint32_t at;
    KN_HASH_EACH(&r->m->attr_hash, hash, at, number, after(a, &r->m->attrs.at[number]))
    if (equal(&r->m->attrs.at[number], a)) break;
    if (!number) {
      number = r->m->attrs.n;
      if (!KN_BC_HASH_ROOM(r, &r->open->attr_hash) || !KN_BC_PUSH(r, r->open->attrs, *a))
        return false;
      kn_hash_put(&r->open->attr_hash, at, hash, number);
    }
  }
  while (r->m->groups.n <= id)
    if (!KN_BC_PUSH(r, r->open->groups, 0)) return false;
  r->open->groups.at[id] = number + 1;
  return true;
}

/* Reads one group: [id, index, attributes...], unabbreviated. */
static bool group(struct kn_bc *r, struct strings *s) {
  struct group g = {.bits = r->in.bits};
  uint64_t code = kn_bits_vbr6(&g.bits);
  g.left = kn_bits_vbr6(&g.bits);
  if (g.bits.pos > g.bits.end || g.left > (g.bits.end - g.bits.pos) / 6)
    return kn_bc_malformed(r, "the file ends in the middle of a record");
  if (code != 3) return kn_bc_unknown(r, "record of attributes,", code);
  uint64_t id = next(&g);
  struct kn_bc_attr a = {.index = (uint32_t)next(&g), .type = UINT32_MAX};
  while (g.left > 0 && !g.too_short)
    if (!attribute(r, &g, &a, next(&g), s)) return false;
  /* Groups are numbered in order, by LLVM's writer from 1, by Zig's from 0. */
  if (g.too_short || id > r->in.bits.end / 8) return kn_bc_malformed(r, "bad attribute group");
  kn_bc_harden_done(&a);
  r->open->no_x87 |= kn_bc_harden_no_x87(&a);
  if (!kn_bc_harden_x87(r)) return false;
  if (!add_group(r, id, &a)) return false;
  if (g.bits.bad || g.bits.pos > g.bits.end)
    return kn_bc_malformed(r, "the file ends in the middle of a record");
  r->in.bits.pos = g.bits.pos;
  return true;
}

bool kn_bc_read_attr_groups(struct kn_bc *r) {
  struct kn_bc_saved saved;
  struct kn_bits *b = &r->in.bits;
  struct strings s;
  s.features.text[0] = 0;
  s.features.flags = 0;
  s.features.refused = NULL;
  memset(s.recent, 0, sizeof s.recent);
  s.next = 0;
  if (!kn_bc_enter(r, BLOCK_PARAMATTR_GROUP, &saved)) return false;
  for (;;) {
    r->record_pos = b->pos;
    if (b->pos >= b->end) return kn_bc_malformed(r, "the file ends within attributes");
    unsigned id = (unsigned)kn_bits_fixed(b, r->in.width);
    if (id == BC_END_BLOCK) {
      kn_bits_align(b);
      kn_bc_leave(r, &saved);
      return r->status == KILN_OK;
    }
    bool ok = false;
    if (id == BC_ENTER_BLOCK) {
      kn_bc_unknown(r, "block", kn_bits_vbr(b, 8));
    } else if (id == BC_UNABBREV) {
      ok = group(r, &s);
    } else {
      kn_bc_unsupported(r, "abbreviated attribute groups");
    }
    if (!ok) return false;
  }
}

/* ---- lists ---- */

/* True if the `n` numbers at `of` are after a list in an order of all lists. */
static KN_COLD bool list_after(const struct kn_bc *r, const uint32_t *of, uint32_t n,
                               const struct kn_bc_attr_list *l) {
  return kn_bytes_after(of, n * sizeof *of, r->m->list_attrs.at + l->first, l->n * sizeof *of);
}

/* The number of the list that the newest of list_attrs are, from `first` on: if there was an equal one, of that. */
static bool intern(struct kn_bc *r, uint32_t first, uint32_t *number) {
  const uint32_t n = r->m->list_attrs.n - first, *of = r->m->list_attrs.at + first;
  *number = 0;
  if (n == 0) return true;
  uint32_t hash = n, next = r->m->attr_lists.n;
  for (uint32_t i = 0; i < n; i++) hash = (uint32_t)(kn_mix64(hash, of[i]) >> 32);
  uint32_t at, same;
  KN_HASH_EACH(&r->m->list_hash, hash, at, same, list_after(r, of, n, &r->m->attr_lists.at[same])) {
    const struct kn_bc_attr_list *o = &r->m->attr_lists.at[same];
    uint32_t i = 0;
    if (o->n != n) continue;
    while (i < n && r->m->list_attrs.at[o->first + i] == of[i]) i++;
    if (i < n) continue;
    r->open->list_attrs.n = first;
    *number = same;
    return true;
  }
  const struct kn_bc_attr_list l = {.first = first, .n = n, .sig = next};
  if (!KN_BC_HASH_ROOM(r, &r->open->list_hash) || !KN_BC_PUSH(r, r->open->attr_lists, l))
    return false;
  kn_hash_put(&r->open->list_hash, at, hash, next);
  *number = next;
  return true;
}

/* Does a signature depend on these attributes of a parameter or result? */
static bool in_signature(const struct kn_bc_attr *a) {
  return a->index != KN_BC_FUNC_INDEX &&
         (a->flags & ~(uint32_t)PA_ELEMENT || a->stack_align_log2 || a->refused);
}

/* The same; computes what is kept of a list that is new. The list that its signatures depend on may be new, too, but
 * depends on nothing else. */
static bool add_list(struct kn_bc *r, uint32_t begin, uint32_t *number) {
  const uint32_t known = r->m->attr_lists.n;
  if (!intern(r, begin, number)) return false;
  if (*number < known) return true;
  struct kn_bc_attr_list l = r->m->attr_lists.at[*number];
  const uint32_t first = r->m->list_attrs.n;
  for (uint32_t i = 0; i < l.n; i++) {
    const uint32_t item = r->m->list_attrs.at[l.first + i];
    const struct kn_bc_attr *a = &r->m->attrs.at[item];
    if (a->refused_call) l.refused_call = a->refused_call;
    if (a->index == KN_BC_FUNC_INDEX) l.sig_flags |= a->flags & KN_BC_SIG_FLAGS;
    if (a->index == KN_BC_FUNC_INDEX && a->flags & FA_INLINE_NEVER && r->m->inlining)
      l.sig_flags |= KN_BC_SIG_NOINLINE;
    if (a->index == 0 && a->flags & (PA_SEXT | PA_ZEXT)) l.extends = true;
    if (in_signature(a) && !KN_BC_PUSH(r, r->open->list_attrs, item)) return false;
  }
  if (!add_list(r, first, &l.sig)) return false;
  r->open->attr_lists.at[*number] = l;
  return true;
}

/* Lists of more attributes are sorted by what these belong to, so that kn_bc_attr need not look at all. */
enum { FEW_ATTRS = 16 };

static int by_index(const void *a, const void *b) {
  const uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
  return (p > q) - (p < q);
}

/* Sorts the newest of list_attrs, from `first` on. Several of one index keep their order. */
static KN_COLD bool sort_list(struct kn_bc *r, uint32_t first) {
  const uint32_t n = r->m->list_attrs.n - first;
  if (!KN_BC_ROOM(r, r->in.ops, n) ||
      !KN_BC_ROOM(r, r->open->list_attrs, (uint64_t)first + 2 * (uint64_t)n))
    return false;
  uint32_t *of = r->open->list_attrs.at + first;
  uint64_t *keys = r->in.ops.at;
  for (uint32_t i = 0; i < n; i++) keys[i] = (uint64_t)r->m->attrs.at[of[i]].index << 32 | i;
  qsort(keys, n, sizeof *keys, by_index);
  memcpy(of + n, of, n * sizeof *of);
  for (uint32_t i = 0; i < n; i++) of[i] = of[n + (uint32_t)keys[i]];
  return true;
}

/* Reads one list, of which the ids of its groups are in ops. Groups that do not matter here are left out; lists that
 * are then equal have one number, which keeps the cache of signatures small. */
static bool list(struct kn_bc *r) {
  const uint32_t first = r->m->list_attrs.n;
  if (!KN_BC_ROOM(r, r->open->list_attrs, (uint64_t)first + r->in.ops.n)) return false;
  uint32_t *to = r->m->list_attrs.at + first, number;
  for (uint32_t i = 0; i < r->in.ops.n; i++) {
    uint64_t id = r->in.ops.at[i];
    if (id >= r->m->groups.n || !r->m->groups.at[id])
      return kn_bc_malformed(r, "attribute group out of range");
    *to = r->m->groups.at[id] - 1;
    to += *to != 0;
  }
  r->open->list_attrs.n = (uint32_t)(to - r->m->list_attrs.at);
  if (KN_UNLIKELY(r->m->list_attrs.n - first > FEW_ATTRS) && !sort_list(r, first)) return false;
  return add_list(r, first, &number) && KN_BC_PUSH(r, r->open->lists, number);
}

enum { LIST_ENTRY_OLD = 1, LIST_ENTRY = 2 }; /* numbers of records */

/* Reads the usual lists after one. The first record that is not as expected is left to the general way, which reports
 * its errors. */
static bool more_lists(struct kn_bc *r) {
  const unsigned width = r->in.width;
  for (;;) {
    struct kn_bits b = r->in.bits;
    const uint64_t w = kn_bits_peek(&b, b.pos);
    const uint32_t n = w >> (width + 6) & 63;
    if ((w & ((1u << (width + 6)) - 1)) != (BC_UNABBREV | (uint64_t)LIST_ENTRY << width) ||
        n >= 32 || n > r->in.ops.cap)
      return true;
    b.pos += width + 12;
    r->in.decoder->vbr6s(&b, r->in.ops.at, n);
    if (b.bad || b.pos > b.end) return true;
    r->record_pos = r->in.bits.pos;
    r->in.bits.pos = b.pos;
    r->in.ops.n = n;
    if (!list(r)) return false;
  }
}

/* A record of the block of lists. */
static bool list_record(struct kn_bc *r) {
  if (r->in.code == LIST_ENTRY_OLD)
    return kn_bc_unsupported(r, "attributes in the form of LLVM before 3.3");
  if (r->in.code != LIST_ENTRY) return kn_bc_unknown(r, "record of attributes,", r->in.code);
  return list(r) && more_lists(r);
}

bool kn_bc_read_attr_lists(struct kn_bc *r) {
  return kn_bc_each(r, BLOCK_PARAMATTR, KN_BC_ANY_CODE, list_record);
}

const struct kn_bc_attr *kn_bc_attr(const struct kn_bc *r, uint32_t list_id, uint32_t index) {
  const struct kn_bc_attr_list *l = &r->m->attr_lists.at[list_id];
  const uint32_t *of = r->m->list_attrs.at + l->first;
  uint32_t n = l->n;
  while (
    KN_UNLIKELY(n > FEW_ATTRS)) { /* a half of the sorted ones that has the first of the index */
    if (r->m->attrs.at[of[n / 2 - 1]].index < index) of += n / 2;
    n -= n / 2;
  }
  for (uint32_t i = 0; i < n; i++)
    if (r->m->attrs.at[of[i]].index == index) return &r->m->attrs.at[of[i]];
  return NULL;
}
