/* Types of operations that are built by name: reads LLVM's text of a type, and makes it as its record in a file would
 * (types.c). A type is made once: the reader compares types by their number. Called by operation.c.
 * Invariant: an entry of `types` is a type of the reader's table, and no two have the same record. */
#include "operation.h"

/* ---- records ---- */

/* A vector of as many i1 as vector `id` has lanes: of its comparisons. */
static bool set_mask(struct kiln_llvm_builder *b, uint32_t id) {
  struct kn_bc *r = &b->bc;
  const struct kn_bc_type *t = &r->types.at[id];
  if (t->kind != TK_VECTOR || !t->lane) return true;
  uint32_t mask = id;
  if (!t->is_mask)
    mask = kn_operation_type(b, TYPE_VECTOR, (uint64_t[]){t->count, r->m->bool_type}, 2);
  if (mask == UINT32_MAX) return false;
  r->types.at[id].mask = mask;
  return true;
}

/* Adds the type of a record to the reader's table; what a failure leaves there is taken back. */
static bool add(struct kiln_llvm_builder *b, uint32_t code, const uint64_t *ops, uint32_t n) {
  struct kn_bc *r = &b->bc;
  const uint32_t elements = b->module.elems.n;
  if (!KN_BC_ROOM(r, r->in.ops, n)) return false;
  if (n) memcpy(r->in.ops.at, ops, n * sizeof *ops);
  r->in.ops.n = n;
  r->in.code = code;
  if (kn_bc_add_type(r)) return true;
  b->module.elems.n = elements;
  return false;
}

/* True if the record is after that of `t` in an order of all types. */
static KN_COLD bool after(const struct kiln_llvm_builder *b, uint32_t code, const uint64_t *ops,
                          uint32_t n, const struct kn_operation_type *t) {
  if (code != t->code) return code > t->code;
  return kn_bytes_after(ops, n * sizeof *ops, b->words.at + t->first, t->n * sizeof *ops);
}

uint32_t kn_operation_type(struct kiln_llvm_builder *b, uint32_t code, const uint64_t *ops,
                           uint32_t n) {
  struct kn_bc *r = &b->bc;
  const uint32_t hash = kn_hash_bytes(ops, n * sizeof *ops) ^ code;
  uint32_t at, i;
  KN_HASH_EACH(&b->type_hash, hash, at, i, after(b, code, ops, n, &b->types.at[i - 1])) {
    const struct kn_operation_type *t = &b->types.at[i - 1];
    if (t->code == code && t->n == n &&
        (n == 0 || memcmp(b->words.at + t->first, ops, n * sizeof *ops) == 0))
      return t->id;
  }
  if (!KN_BC_ROOM(r, b->types, (uint64_t)b->types.n + 1) ||
      !KN_BC_ROOM(r, b->words, (uint64_t)b->words.n + n) || !KN_BC_HASH_ROOM(r, &b->type_hash) ||
      !add(b, code, ops, n))
    return UINT32_MAX;
  const uint32_t id = r->types.n - 1;
  b->types.at[b->types.n++] = (struct kn_operation_type){b->words.n, n, code, id};
  kn_hash_put(&b->type_hash, at, hash, b->types.n);
  if (n) memcpy(b->words.at + b->words.n, ops, n * sizeof *ops);
  b->words.n += n;
  return set_mask(b, id) ? id : UINT32_MAX;
}

bool kn_operation_first_types(struct kiln_llvm_builder *b) {
  static const struct {
    uint8_t code, n, op;
  } first[] = {
    {TYPE_VOID, 0, 0}, {TYPE_OPAQUE_POINTER, 1, 0}, {TYPE_INTEGER, 1, 1}, {TYPE_INTEGER, 1, 64}};
  uint32_t id = 0;
  for (unsigned i = 0; i < sizeof first / sizeof *first && id != UINT32_MAX; i++)
    id = kn_operation_type(b, first[i].code, (uint64_t[]){first[i].op}, first[i].n);
  b->module.word_type = id; /* the last */
  return id != UINT32_MAX && kn_bc_add_chunk(&b->bc);
}

bool kn_operation_is_value(struct kiln_llvm_builder *b, uint32_t type) {
  struct kn_bc *r = &b->bc;
  const uint32_t pieces = r->type_pieces.n;
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->kind == TK_FUNC || t->kind == TK_VOID) return kn_bc_bad_type(r, type);
  if (kn_bc_is_large(r, type)) return kn_bc_unsupported(r, "an aggregate value of this many parts");
  if (kn_bc_split(r, type)) return true;
  r->type_pieces.n = pieces;
  return false;
}

/* ---- text ---- */

struct text {
  struct kiln_llvm_builder *b;
  const char *all, *at;
  unsigned depth;
};

static uint32_t bad(struct text *x, const char *wanted) {
  kn_bc_fail(&x->b->bc, KILN_ERR_SYNTAX, "type \"%.80s\": %s expected at character %zu", x->all,
             wanted, (size_t)(x->at - x->all) + 1);
  return UINT32_MAX;
}

static void skip_spaces(struct text *x) {
  while (*x->at == ' ' || *x->at == '\t') x->at++;
}

/* Takes `c` if it comes next. */
static bool take(struct text *x, char c) {
  skip_spaces(x);
  if (*x->at != c) return false;
  x->at++;
  return true;
}

static bool number(struct text *x, uint64_t *out) {
  skip_spaces(x);
  *out = 0;
  if (*x->at < '0' || *x->at > '9') return bad(x, "a number"), false;
  for (; *x->at >= '0' && *x->at <= '9'; x->at++) {
    if (*out > UINT32_MAX) return bad(x, "a number of 32 bits"), false;
    *out = *out * 10 + (uint64_t)(*x->at - '0');
  }
  return true;
}

static uint32_t type(struct text *x);

/* "4 x float", and `end` after it: an array or a vector. */
static uint32_t sequence(struct text *x, uint32_t code, char end) {
  uint64_t ops[2];
  if (!number(x, &ops[0])) return UINT32_MAX;
  if (!take(x, 'x')) return bad(x, "'x'");
  uint32_t element = type(x);
  if (element == UINT32_MAX) return element;
  ops[1] = element;
  if (!take(x, end)) return bad(x, end == ']' ? "']'" : "'>'");
  return kn_operation_type(x->b, code, ops, 2);
}

/* The elements of a struct, after its '{'. */
static uint32_t structure(struct text *x, bool packed) {
  struct kiln_llvm_builder *b = x->b;
  const uint32_t first = b->elements.n;
  if (!KN_BC_PUSH(&b->bc, b->elements, packed)) return UINT32_MAX;
  for (bool more = !take(x, '}'); more; more = take(x, ',')) {
    uint32_t element = type(x);
    if (element == UINT32_MAX || !KN_BC_PUSH(&b->bc, b->elements, element)) return UINT32_MAX;
  }
  skip_spaces(x);
  if (b->elements.n > first + 1 && !take(x, '}')) return bad(x, "',' or '}'");
  if (packed && !take(x, '>')) return bad(x, "'>'");
  uint32_t id =
    kn_operation_type(b, TYPE_STRUCT_ANON, b->elements.at + first, b->elements.n - first);
  b->elements.n = first;
  return id;
}

static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/* A type that is a word: "i32", "ptr addrspace(3)". */
static uint32_t word(struct text *x) {
  static const struct {
    const char *name;
    uint8_t code;
  } names[] = {{"void", TYPE_VOID},   {"half", TYPE_HALF},           {"bfloat", TYPE_BFLOAT},
               {"float", TYPE_FLOAT}, {"double", TYPE_DOUBLE},       {"x86_fp80", TYPE_X86_FP80},
               {"fp128", TYPE_FP128}, {"ppc_fp128", TYPE_PPC_FP128}, {"ptr", TYPE_OPAQUE_POINTER},
               {"token", TYPE_TOKEN}, {"metadata", TYPE_METADATA},   {"x86_amx", TYPE_X86_AMX}};
  const char *from = x->at;
  size_t n = 0;
  uint64_t op = 0;
  while (is_word(from[n])) n++;
  if (n > 1 && *from == 'i' && from[1] >= '0' && from[1] <= '9') {
    x->at++;
    if (!number(x, &op)) return UINT32_MAX;
    if (x->at != from + n) return bad(x, "the end of the type");
    return kn_operation_type(x->b, TYPE_INTEGER, &op, 1);
  }
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    if (strlen(names[i].name) != n || memcmp(names[i].name, from, n) != 0) continue;
    x->at += n;
    if (names[i].code != TYPE_OPAQUE_POINTER)
      return kn_operation_type(x->b, names[i].code, NULL, 0);
    skip_spaces(x);
    if (strncmp(x->at, "addrspace", 9) == 0) {
      x->at += 9;
      if (!take(x, '(')) return bad(x, "'('");
      if (!number(x, &op)) return UINT32_MAX;
      if (!take(x, ')')) return bad(x, "')'");
    }
    return kn_operation_type(x->b, TYPE_OPAQUE_POINTER, &op, 1);
  }
  return bad(x, "a type");
}

static uint32_t nested(struct text *x) {
  skip_spaces(x);
  if (take(x, '[')) return sequence(x, TYPE_ARRAY, ']');
  if (take(x, '{')) return structure(x, false);
  if (!take(x, '<')) return word(x);
  if (take(x, '{')) return structure(x, true);
  skip_spaces(x);
  if (strncmp(x->at, "vscale", 6) != 0) return sequence(x, TYPE_VECTOR, '>');
  kn_bc_unsupported(&x->b->bc, "scalable vectors");
  return UINT32_MAX;
}

/* The next type of the text. It recurs at most KN_OPERATION_NESTING times. */
static uint32_t type(struct text *x) {
  if (++x->depth > KN_OPERATION_NESTING) {
    kn_bc_fail(&x->b->bc, KILN_ERR_LIMIT, "types nested deeper than %d", KN_OPERATION_NESTING);
    return UINT32_MAX;
  }
  uint32_t id = nested(x);
  x->depth--;
  return id;
}

uint32_t kn_operation_read_type(struct kiln_llvm_builder *b, const char *text) {
  if (!text) {
    kn_bc_fail(&b->bc, KILN_ERR_ARGUMENT, "no type given");
    return UINT32_MAX;
  }
  struct text x = {.b = b, .all = text, .at = text};
  b->elements.n = 0;
  uint32_t id = type(&x);
  skip_spaces(&x);
  if (id != UINT32_MAX && *x.at) return bad(&x, "the end of the type");
  return id;
}
