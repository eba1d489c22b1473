/* Types: the basic ones, aggregates and signatures. The ABI is that of C: <kiln/ctypes.h> knows it. */
#include "read.h"

/* Larger types cannot be passed. Sums of sizes that were compared with it do not overflow. */
#define MAX_SIZE INT32_MAX

static const struct {
  uint8_t kind, class, low; /* kiln_ckind; as in struct kn_qbe_type */
  bool is_signed;
} basic[KN_QBE_TYPES] = {
  [QVOID] = {KILN_C_VOID, KILN_TYPE_VOID, 0, false},
  [QW] = {KILN_C_INT, KILN_TYPE_I32, 0, true},
  [QL] = {KILN_C_LONG, KILN_TYPE_I64, 0, true},
  [QS] = {KILN_C_FLOAT, KILN_TYPE_F32, 0, true},
  [QD] = {KILN_C_DOUBLE, KILN_TYPE_F64, 0, true},
  [QSB] = {KILN_C_SCHAR, KILN_TYPE_I32, KILN_TYPE_I8, true},
  [QUB] = {KILN_C_UCHAR, KILN_TYPE_I32, KILN_TYPE_I8, false},
  [QSH] = {KILN_C_SHORT, KILN_TYPE_I32, KILN_TYPE_I16, true},
  [QUH] = {KILN_C_USHORT, KILN_TYPE_I32, KILN_TYPE_I16, false},
  [QENV] = {KILN_C_CHAIN, KILN_TYPE_I64, 0, false},
};

void kn_qbe_basic_types(struct kn_qbe *r) {
  for (uint32_t i = 0; i < KN_QBE_TYPES; i++)
    r->types.at[i] = (struct kn_qbe_type){.c = kiln_ctype_basic((kiln_ckind)basic[i].kind),
                                          .class = basic[i].class,
                                          .low = basic[i].low,
                                          .is_signed = basic[i].is_signed};
  r->types.t.n = KN_QBE_TYPES; /* their names are words */
}

uint32_t kn_qbe_align(struct kn_qbe *r, uint32_t otherwise) {
  static const char wanted[] = "a power of two of at most 65536";
  if (kn_qbe_past(r) != 'a') return otherwise;
  const char *at = r->p;
  if (kn_qbe_word(r)->form != QF_ALIGN) kn_qbe_wrong(r, at, "'align' is expected");
  kn_qbe_past(r);
  at = r->p;
  uint64_t n = kn_qbe_integer(r, 65536, wanted);
  if (__builtin_popcountll(n) != 1) kn_qbe_wrong(r, at, "%s is expected", wanted);
  return (uint32_t)n;
}

/* ---- aggregates ---- */

/* A record of the members from `first` on. */
static kiln_ctype record(struct kn_qbe *r, bool is_union, uint32_t first,
                         const kiln_clayout *layout) {
  const kiln_cfield *fields = r->fields.at != NULL ? r->fields.at + first : NULL;
  uint32_t n = r->fields.n - first;
  r->fields.n = first;
  return is_union ? kiln_ctype_union(r->c, fields, n, layout)
                  : kiln_ctype_struct(r->c, fields, n, layout);
}

static void add_member(struct kn_qbe *r, kiln_ctype type, uint64_t count, uint64_t *size,
                       const char *at) {
  kiln_ctype_info info = kiln_ctype_get(r->c, type);
  if ((*size += count * info.size_bytes + info.align_bytes) > MAX_SIZE)
    kn_qbe_fail(r, at, KILN_ERR_LIMIT, "a type of 2 GiB or more");
  if (count != 1) type = kiln_ctype_array(r->c, type, count);
  KN_QBE_PUSH(r, r->fields, (kiln_cfield){.type = type});
}

/* The type of a member. */
static kiln_ctype member(struct kn_qbe *r) {
  const char *at = r->p;
  if (*at == ':') return r->types.at[kn_qbe_type(r, false)].c;
  const struct kn_qbe_word *word = kn_qbe_word(r);
  if (word->form != QF_TYPE_NAME || word->fop == 0)
    kn_qbe_wrong(r, at, "the type of a member is expected");
  return r->types.at[word->op].c;
}

/* Members up to the closing brace; `*size` is at least the sum of their sizes. */
static void members(struct kn_qbe *r, uint64_t *size) {
  while (kn_qbe_past(r) != '}') {
    const char *at = r->p;
    kiln_ctype type = member(r);
    bool many = kn_qbe_past(r) == '-' || kn_qbe_is(r->p, KN_QBE_DIGIT);
    uint64_t count = many ? kn_qbe_integer(r, MAX_SIZE, "a count below 2^31") : 1;
    add_member(r, type, count, size, at);
    kn_qbe_past(r);
    if (!kn_qbe_take(r, ',')) break;
  }
  kn_qbe_want(r, '}');
}

void kn_qbe_aggregate(struct kn_qbe *r) {
  uint64_t size = 0;
  kn_qbe_past(r);
  const char *at = r->p;
  kn_qbe_expect(r, ':');
  kn_qbe_scan(r);
  struct kn_qbe_name name = r->name;
  if (KN_QBE_FIND(r, types) != 0)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "type :%.*s is defined twice", KN_QBE_SHOW(name));
  kn_qbe_want(r, '=');
  uint32_t aligned = kn_qbe_align(r, 0);
  kn_qbe_want(r, '{');
  r->fields.n = 0;
  bool is_union = kn_qbe_past(r) == '{', opaque = kn_qbe_is(r->p, KN_QBE_DIGIT);
  if (opaque && aligned == 0) kn_qbe_wrong(r, at, "an opaque type needs an alignment");
  if (opaque) {
    size = kn_qbe_integer(r, MAX_SIZE, "a size below 2^31");
    add_member(r, kiln_ctype_basic(KILN_C_UCHAR), size, &(uint64_t){0}, at);
    kn_qbe_want(r, '}');
  } else if (is_union) { /* its variants are structs */
    while (kn_qbe_past(r) == '{') {
      uint32_t first = r->fields.n;
      r->p++;
      members(r, &size);
      kiln_ctype type = record(r, false, first, NULL);
      KN_QBE_PUSH(r, r->fields, (kiln_cfield){.type = type});
    }
    kn_qbe_expect(r, '}');
  } else {
    members(r, &size);
  }
  kiln_clayout layout = {.align_bytes = aligned, .in_memory = opaque};
  r->name = name;
  uint32_t i = KN_QBE_ADD(r, types);
  r->types.at[i].c = record(r, is_union, 0, &layout);
  r->types.at[i].class = KILN_TYPE_PTR;
}

/* ---- types of values ---- */

uint32_t kn_qbe_other_type(struct kn_qbe *r, bool first) {
  const char *at = r->p;
  if (kn_qbe_take(r, ':')) {
    kn_qbe_scan(r);
    uint32_t i = KN_QBE_FIND(r, types);
    if (i != 0) return i;
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "type :%.*s is not defined above", KN_QBE_SHOW(r->name));
  }
  const struct kn_qbe_word *word = kn_qbe_is(at, KN_QBE_FIRST) ? kn_qbe_word(r) : NULL;
  if (word == NULL || word->form != QF_TYPE_NAME || word->fop != 0)
    kn_qbe_wrong(r, at, "a type is expected: w, l, s, d, sb, ub, sh, uh or an aggregate");
  if (word->op == QENV && !first) kn_qbe_wrong(r, at, "env is for a first parameter");
  return word->op;
}

kiln_csig kn_qbe_signature(struct kn_qbe *r, uint32_t result, bool variadic, uint32_t n_fixed,
                           const char *at) {
  enum { BITS = 5, MARK = (1 << BITS) - 1 };
  const kiln_ctype *params = r->ctypes.at;
  uint32_t n = r->ctypes.n, last = r->types.at[result].c.id;
  /* those of few basic types are made once: the ids of their types, with a mark before variadic ones, are the key */
  uint64_t key = 1;
  bool simple = n <= 9;
  for (uint32_t i = 0; i <= n && simple; i++) {
    uint32_t id = i < n ? params[i].id : last;
    if (i == n_fixed && variadic) key = key << BITS | MARK;
    key = key << BITS | id;
    simple = id < MARK;
  }
  struct kn_qbe_made *made = r->made + (simple ? key * UINT64_C(0x9e3779b97f4a7c15) >> 58 : 0);
  if (simple && made->key == key) return made->sig;
  if (n > 16383) kn_qbe_fail(r, at, KILN_ERR_LIMIT, "more than 16383 parameters");
  kiln_csig sig =
    kiln_csig_new(r->c, variadic ? KILN_SIG_VARIADIC : 0, r->types.at[result].c, params, n_fixed);
  if (n > n_fixed) sig = kiln_csig_variadic(r->c, sig, params + n_fixed, n - n_fixed);
  if (sig.id == 0) kn_qbe_fail(r, at, KILN_ERR_UNSUPPORTED, "a signature that cannot be passed");
  if (simple) *made = (struct kn_qbe_made){key, sig};
  return sig;
}
