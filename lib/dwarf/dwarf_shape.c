/* What entries of the source share, prepared for the writer: shapes, and strings, which get their numbers here. Called
 * by lib/dwarf/dwarf.c and lib/dwarf/dwarf_attr.c. Invariant: strings have numbers in the order of their first use. */
#include "lib/dwarf/dwarf_writer.h"

/* ---- shapes ---- */

/* Which attributes are asked about, beyond what `put` decides. */
static const uint8_t asks[] = {
  [0] = KN_ASK_DECLARED, /* those that stand for others: KN_DA_TYPED */
  [KILN_DW_AT_prototyped] = KN_ASK_C,
  [KILN_DW_AT_lower_bound] = KN_ASK,
  [KILN_DW_AT_calling_convention] = KN_ASK,
  [KILN_DW_AT_decl_file] = KN_ASK_DECLARED,
  [KILN_DW_AT_decl_line] = KN_ASK_DECLARED,
  [KILN_DW_AT_linkage_name] = KN_ASK_DECLARED,
  [KILN_DW_AT_type] = KN_ASK_DECLARED,
};

/* The kinds of attributes that lead to other entries, but for DW_AT_decl_file, which leads to a file and
 * matters in units alone. */
#define REFERRING                                                                                  \
  (1u << KN_DA_REF | 1u << KN_DA_CHILDREN | 1u << KN_DA_RETAIN | 1u << KN_DA_SIGNATURE |           \
   1u << KN_DA_TYPED)

static void note(struct kn_dwarf_shape *s, const struct kn_dwarf_item *a) {
  bool first = true; /* of its name */
  for (const struct kn_dwarf_item *b = s->items; b < a; b++) first &= b->name != a->name;
  bool list = a->kind == KN_DA_SIGNATURE || a->kind == KN_DA_TYPED;
  if (list) s->list = a;
  if (s->type == NULL && (list || (a->kind == KN_DA_REF && a->name == KILN_DW_AT_type)))
    s->type = a;
  if (a->kind == KN_DA_ARGUMENT) s->argument = a;
  if (a->name == KILN_DW_AT_specification && a->kind == KN_DA_REF) s->specifies = true;
  if (a->name == KILN_DW_AT_declaration) s->declares = true;
  if (a->name == KILN_DW_AT_artificial) s->artificial = true;
  if (a->name == KILN_DW_AT_object_pointer && a->kind == KN_DA_FLAG && first) s->object = true;
  if (a->name == KILN_DW_AT_call_all_calls) s->calls = true;
}

/* Attributes that entries of a tag never have, whatever their source has. */
static const struct {
  uint16_t name, tag;
} never[] = {
  {KILN_DW_AT_artificial, KILN_DW_TAG_pointer_type},
  {KILN_DW_AT_artificial, KILN_DW_TAG_reference_type},
  {KILN_DW_AT_artificial, KILN_DW_TAG_rvalue_reference_type},
  {KILN_DW_AT_call_all_calls, KILN_DW_TAG_subprogram}, /* said where its code is */
  {KILN_DW_AT_discr_value, KILN_DW_TAG_member},
};

/* How an attribute is written; -1: never, in entries of `tag`. */
static int put(const struct kn_dwarf *d, const struct kn_dwarf_item *a, unsigned tag) {
  for (size_t k = 0; k < sizeof never / sizeof *never; k++)
    if (a->name == never[k].name && tag == never[k].tag) return -1;
  bool since_5 = a->name == KILN_DW_AT_deleted || a->name == KILN_DW_AT_default_value;
  if (since_5 && d->version < 5) return -1;
  switch ((enum kn_die_kind)a->kind) {
  case KN_DA_MD5:
  case KN_DA_ARGUMENT:
  case KN_DA_RETAIN:
  case KN_DA_CHILDREN: return -1;
  case KN_DA_FLAG: return a->name == KILN_DW_AT_object_pointer ? -1 : KN_PUT_FLAG;
  case KN_DA_STRING: return KN_PUT_TEXT;
  case KN_DA_REF:
    if (kn_dwarf_is_extent(a->name)) return KN_PUT_OTHER;
    return a->name == KILN_DW_AT_decl_file && tag != KILN_DW_TAG_compile_unit ? KN_PUT_FILE
                                                                              : KN_PUT_REF;
  case KN_DA_SIGNATURE:
  case KN_DA_TYPED: return KN_PUT_TYPE;
  case KN_DA_UINT: return a->name == KILN_DW_AT_const_value ? KN_PUT_OTHER : KN_PUT_NUMBER;
  case KN_DA_INT:
  case KN_DA_EXPR:
  case KN_DA_BLOCK:
  case KN_DA_SYMBOL:
  case KN_DA_WIDE: break;
  }
  return KN_PUT_OTHER;
}

static bool prepare(struct kn_dwarf *d, const struct kn_trie *shapes, uint32_t number,
                    struct kn_dwarf_shape *s) {
  const struct kn_trie_node *is = &shapes->nodes.at[number];
  uint32_t n = kn_shape_attrs(is);
  struct kn_dwarf_item *items = kn_arena_zero(d->arena, (3 * n + 1) * sizeof *items, 4);
  if (items == NULL) return false;
  s->items = items;
  s->refs = items + n;
  s->puts = items + 2 * n;
  s->n = (uint16_t)n;
  for (uint32_t k = n; k-- > 0; is = &shapes->nodes.at[is->up]) {
    unsigned name = is->key >> 8;
    items[k] = (struct kn_dwarf_item){.name = (uint16_t)name, .kind = (uint8_t)is->key};
    items[k].asks = name < sizeof asks ? asks[name] : 0;
    items[k].at = (uint16_t)kn_shape_words(&shapes->nodes.at[is->up]);
  }
  unsigned tag = is->key & ~KN_SHAPE_TAG;
  for (uint32_t k = 0; k < n; k++) {
    int how = put(d, &items[k], tag);
    note(s, &items[k]);
    if (how >= 0) {
      items[k].put = (uint8_t)how;
      items[2 * n + s->n_puts++] = items[k];
    }
    s->kinds |= 1u << items[k].kind;
    if (REFERRING >> items[k].kind & 1 &&
        (items[k].name != KILN_DW_AT_decl_file || tag == KILN_DW_TAG_compile_unit))
      items[n + s->n_refs++] = items[k];
  }
  s->plain = tag != KILN_DW_TAG_compile_unit &&
             !(s->specifies && (tag == KILN_DW_TAG_subprogram || tag == KILN_DW_TAG_variable));
  return true;
}

void *kn_dwarf_alloc(struct kn_dwarf *d, size_t size) {
  void *p = kn_arena_alloc(d->arena, size, 8);
  return p != NULL ? p : kn_dwarf_no_memory(d->m);
}

uint32_t *kn_dwarf_zeros(struct kn_dwarf *d, size_t n) {
  uint32_t *p = kn_realloc(d->m, NULL, (n + 1) * sizeof *p);
  return p != NULL ? memset(p, 0, (n + 1) * sizeof *p) : kn_dwarf_no_memory(d->m);
}

bool kn_dwarf_shapes(struct kn_dwarf *d) {
  struct kn_arena *arena = d->arena;
  uint32_t n_sets = d->image->n_sessions + 1, texts = 0;
  d->shapes = kn_arena_zero(arena, n_sets * sizeof *d->shapes, 8);
  d->texts = kn_arena_zero(arena, n_sets * sizeof *d->texts, 4);
  d->runs = kn_arena_zero(arena, KN_DWARF_RUNS * sizeof *d->runs, 8);
  if (d->shapes == NULL || d->texts == NULL || d->runs == NULL || !kn_trie_begin(d->m, &d->abbrevs))
    return false;
  for (uint32_t i = 0; i < n_sets; i++) {
    const struct kiln_debug *in = d->sets[i];
    uint32_t n = in && in->texts.n ? in->texts.n : 1;
    d->texts[i] = (struct kn_dwarf_set){texts, n};
    texts += n;
    if (in == NULL) continue;
    d->shapes[i] = kn_arena_zero(arena, in->shapes.nodes.n * sizeof **d->shapes, 8);
    if (d->shapes[i] == NULL) return false;
    for (uint32_t k = 0; k < in->shapes.nodes.n; k++)
      if (!prepare(d, &in->shapes, k, &d->shapes[i][k])) return false;
  }
  return (d->str_of = kn_dwarf_zeros(d, texts)) != NULL;
}

bool kn_dwarf_attr(const struct kn_dwarf *d, uint32_t i, unsigned name, struct kn_die_attr *a) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  for (uint32_t k = 0; k < v.shape->n; k++) {
    if (v.shape->items[k].name != name) continue;
    *a = kn_dwarf_value(&v, &v.shape->items[k]);
    return true;
  }
  return false;
}

uint32_t kn_dwarf_ref(const struct kn_dwarf *d, uint32_t i, unsigned name) {
  struct kn_die_attr a;
  if (!kn_dwarf_attr(d, i, name, &a) || a.kind != KN_DA_REF) return 0;
  return kn_dwarf_index(d, d->dies.at[i].set, (uint32_t)a.value);
}

/* ---- strings ---- */

uint32_t kn_dwarf_new_string(struct kn_dwarf *d, const char *text, uint32_t n) {
  uint32_t at = d->out[KN_DS_STR].bytes.n;
  if (n >= UINT32_MAX / 2 - at || !KN_PUSH(d->m, d->strs, (struct kn_dwarf_string){text, n, at}))
    return UINT32_MAX;
  d->out[KN_DS_STR].bytes.n += n + 1;
  if (d->dwo) kn_dwarf_put_number(d, KN_DS_STR_OFFSETS, at, 4);
  else if (d->version >= 5) kn_dwarf_relocated(d, KN_DS_STR_OFFSETS, KN_DR_DEBUG | KN_DS_STR, at);
  return d->strs.n - 1;
}

/* Number of a string that may have been added, or UINT32_MAX. `copied`: the text is the caller's. */
static uint32_t search_string(struct kn_dwarf *d, const char *text, uint32_t n, bool copied) {
  uint32_t hash = kn_hash_bytes(text, n), at, i;
  KN_HASH_EACH(&d->str_hash, hash, at, i,
               kn_bytes_after(text, n, d->strs.at[i - 1].text, d->strs.at[i - 1].n))
  if (d->strs.at[i - 1].n == n && kn_same_bytes(d->strs.at[i - 1].text, text, n)) return i - 1;
  if (!KN_HASH_ROOM(d->m, &d->str_hash)) return UINT32_MAX;
  char *copy = copied ? kn_dwarf_alloc(d, n) : NULL;
  if (copied && copy == NULL) return UINT32_MAX;
  i = kn_dwarf_new_string(d, copied ? memcpy(copy, text, n) : text, n);
  if (i != UINT32_MAX) kn_hash_put(&d->str_hash, at, hash, i + 1);
  return i;
}

uint32_t kn_dwarf_search_string(struct kn_dwarf *d, const char *text, uint32_t n) {
  return search_string(d, text, n, true);
}

uint32_t kn_dwarf_new_text(struct kn_dwarf *d, uint32_t set, uint32_t index) {
  const struct kiln_debug *in = d->sets[set];
  uint32_t n = 0, number;
  const char *text = "";
  bool apart = false;
  if (in != NULL && index < in->texts.n) {
    text = (const char *)kn_debug_characters(in, in, index, &n);
    apart = in->texts.at[index].apart;
  }
  number = apart ? kn_dwarf_new_string(d, text, n) : search_string(d, text, n, false);
  d->str_of[d->texts[set].base + index] = number + 1;
  return number;
}
