/* Constants that a value is looked for among: the list of IN or of = ANY, and the tests of a CASE. PostgreSQL compares
 * with each in turn, or from nine on looks in a hash table through two function calls.
 *
 * Integers: few are compared in turn, without branches; where they are near each other, each is a bit of a word; else
 * they are in a hash table. A CASE becomes a switch. Texts are numbered: a function finds the number, and a CASE
 * becomes a switch of that. */
#include "kilnjit.h"

#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

enum {
  MAX_IN_TURN = 6,        /* integers that are compared in turn */
  MAX_TEXTS_IN_TURN = 12, /* texts */
  MIN_INT_ARMS = 100,     /* tests that are worth a switch: its jump is predicted less than they */
  MIN_NUMBERED_ARMS = 8   /* likewise, of what is numbered */
};

/* Whether the constants of an operator are numbered. */
static bool is_numbered(const kj_operator *op) {
  return op->kind == KJ_TEXT || op->kind == KJ_BPCHAR;
}

/* Whether an operator is one of those that values are looked for by. */
static bool is_searched(const kj_operator *op, kiln_icond cond) {
  return op != NULL && op->x == cond &&
         ((op->kind == KJ_COMPARE && op->a != KILN_TYPE_I8) || is_numbered(op));
}

/* ---- sets ---- */

/* Slots that are looked at for a hash. A query can have constants that share a place: where one finds none among these,
 * the whole set is in order instead, and searched in halves. */
enum { REACH = 64 };

/** Integers by hash, or in ascending order. */
typedef struct int_set {
  int shift;   /**< of a hash, to a slot's number */
  int n;       /**< integers */
  uint64 mask; /**< number of slots, less 1; 0: they are in order */
  int64 none;  /**< stands in empty slots; it is not in the set */
  int64 slots[FLEXIBLE_ARRAY_MEMBER];
} int_set;

/** Texts as they are listed, and by hash or in order if they are more than MAX_TEXTS_IN_TURN. */
typedef struct text_set {
  bool bpchar; /**< blanks at the end do not count */
  bool
    sorted; /**< slots are n texts by length and bytes, and by their numbers where they are equal */
  int n;    /**< texts */
  uint32 mask; /**< number of slots, less 1; 0: there are none */
  int *slots;  /**< numbers of texts; 0: none */
  kj_bytes texts[FLEXIBLE_ARRAY_MEMBER];
} text_set;

static uint64 first_slot(const int_set *s, int64 x) {
  return ((uint64)x * UINT64CONST(0x9e3779b97f4a7c15)) >> s->shift;
}

static bool has_ordered_int(const int_set *s, int64 x) {
  int low = 0, high = s->n;

  while (low < high) {
    int middle = low + (high - low) / 2;

    if (s->slots[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low < s->n && s->slots[low] == x;
}

static bool has_int(const int_set *s, int64 x) {
  uint64 at;

  if (unlikely(s->mask == 0)) return has_ordered_int(s, x);
  at = first_slot(s, x);
  for (int k = 0; k < REACH; k++, at = (at + 1) & s->mask) {
    if (s->slots[at] == x) return x != s->none;
    if (s->slots[at] == s->none) return false;
  }
  return false;
}

static int compare_bytes(const kj_bytes *a, const kj_bytes *b) {
  if (a->n != b->n) return a->n < b->n ? -1 : 1;
  return memcmp(a->at, b->at, (size_t)a->n);
}

static int number_of_ordered(const text_set *s, const kj_bytes *b) {
  int low = 0, high = s->n;

  while (low < high) {
    int middle = low + (high - low) / 2;

    if (compare_bytes(&s->texts[s->slots[middle] - 1], b) < 0) low = middle + 1;
    else high = middle;
  }
  return low < s->n && compare_bytes(&s->texts[s->slots[low] - 1], b) == 0 ? s->slots[low] : 0;
}

/* The slot that a text is in, or belongs in; -1: there is none among those that are looked at. */
static int64 slot_of_bytes(const text_set *s, const kj_bytes *b) {
  uint32 at = hash_bytes((const unsigned char *)b->at, b->n) & s->mask;

  for (int k = 0; k < REACH; k++, at = (at + 1) & s->mask)
    if (s->slots[at] == 0 || kj_same_bytes(&s->texts[s->slots[at] - 1], b)) return at;
  return -1;
}

static int number_of_bytes(const text_set *s, const kj_bytes *b) {
  int64 at;

  if (s->mask == 0) {
    for (int k = 0; k < s->n; k++)
      if (kj_same_bytes(&s->texts[k], b)) return k + 1;
    return 0;
  }
  if (unlikely(s->sorted)) return number_of_ordered(s, b);
  at = slot_of_bytes(s, b);
  return at >= 0 ? s->slots[at] : 0;
}

/* The number of a text from 1 on; 0: it isn't there. */
static int64 number_of_text(const text_set *s, Datum text) {
  struct varlena *p = PG_DETOAST_DATUM_PACKED(text);
  kj_bytes b = kj_bytes_of(PointerGetDatum(p), s->bpchar);
  int number = number_of_bytes(s, &b);

  if ((Pointer)p != DatumGetPointer(text)) pfree(p);
  return number;
}

/* Slots of a hash table for n: a power of 2, at most half of them full. */
static uint32 slots_for(int n, int *bits) {
  for (*bits = 2; (INT64CONST(1) << *bits) < 2 * (int64)n; ++*bits) {
  }
  return (uint32)1 << *bits;
}

/* Of integers in ascending order, all different. */
static int_set *make_int_set(kj_expr *e, const int64 *items, int n) {
  int bits;
  uint32 slots = slots_for(n, &bits);
  int_set *s = MemoryContextAllocHuge(e->batch->memory,
                                      offsetof(int_set, slots) + sizeof(int64) * (Size)slots);

  *s = (int_set){.shift = 64 - bits, .n = n, .mask = slots - 1, .none = PG_INT64_MIN};
  for (int k = 0; k < n && items[k] == s->none; k++) s->none++;
  for (uint32 k = 0; k < slots; k++) s->slots[k] = s->none;
  for (int k = 0; k < n; k++) {
    uint64 at = first_slot(s, items[k]);
    int tried = 0;

    for (; tried < REACH && s->slots[at] != s->none; tried++) at = (at + 1) & s->mask;
    if (tried == REACH) {
      memcpy(s->slots, items, sizeof(int64) * (Size)n);
      s->mask = 0;
      break;
    }
    s->slots[at] = items[k];
  }
  return s;
}

static int by_text(const void *a, const void *b, void *set) {
  const text_set *s = set;
  int x = *(const int *)a, y = *(const int *)b;
  int order = compare_bytes(&s->texts[x - 1], &s->texts[y - 1]);

  return order != 0 ? order : (x > y) - (x < y);
}

/* Puts the texts into slots. */
static void number_texts(text_set *s) {
  for (int k = 0; k < s->n && !s->sorted; k++) {
    int64 at = slot_of_bytes(s, &s->texts[k]);

    if (at < 0) s->sorted = true;
    else if (s->slots[at] == 0) s->slots[at] = k + 1;
  }
  if (!s->sorted) return;
  for (int k = 0; k < s->n; k++) s->slots[k] = k + 1;
  qsort_arg(s->slots, (size_t)s->n, sizeof(int), by_text, s);
}

/* Texts keep their numbers: of those that are equal, the first counts. */
static text_set *make_text_set(kj_expr *e, const Datum *items, int n, bool bpchar) {
  int bits;
  uint32 slots = n > MAX_TEXTS_IN_TURN ? slots_for(n, &bits) : 1;
  text_set *s = MemoryContextAllocHuge(e->batch->memory,
                                       offsetof(text_set, texts) + sizeof(kj_bytes) * (Size)n);

  *s = (text_set){.bpchar = bpchar, .n = n, .mask = slots - 1};
  if (s->mask != 0) {
    s->slots = MemoryContextAllocHuge(e->batch->memory, sizeof(int) * (Size)slots);
    memset(s->slots, 0, sizeof(int) * (Size)slots);
  }
  for (int k = 0; k < n; k++) {
    struct varlena *p = PG_DETOAST_DATUM_PACKED(items[k]);
    kj_bytes *b = &s->texts[k];
    char *copy;

    *b = kj_bytes_of(PointerGetDatum(p), bpchar);
    copy = MemoryContextAllocHuge(e->batch->memory, (Size)Max(b->n, 1));
    b->at = memcpy(copy, b->at, (size_t)b->n);
  }
  if (s->mask != 0) number_texts(s);
  return s;
}

/* The number of the constant that a value equals, from 1 on; 0: none. */
static kiln_value find_number(kj_expr *e, const kj_operator *op, const Datum *items, int n,
                              const kj_value *v, kj_value *any) {
  kiln_value args[2];

  args[0] = kj_address(e, make_text_set(e, items, n, op->kind == KJ_BPCHAR));
  args[1] = kj_as_datum(e, v);
  return kj_call_unless_null(e, any, (void *)number_of_text, KJ_SIG_I64_2, KILN_TYPE_I64, args);
}

/* The type that an operator compares integers as. */
static kiln_type type_of(const kj_operator *op) {
  return kiln_type_size(op->b) > kiln_type_size(op->a) ? op->b : op->a;
}

static int64 int_of(const kj_operator *op, Datum constant) {
  kj_value v = kj_const(constant);

  return kj_constant_int(&v, op->b);
}

/* ---- lists ---- */

/** The elements of an array. */
typedef struct list {
  int n;         /**< those that are not null */
  Datum *items;  /**< these */
  bool has_null; /**< there are others */
} list;

static list read_list(Datum array) {
  ArrayType *a = DatumGetArrayTypeP(array);
  list l = {0};
  int16 length;
  bool by_value, *nulls;
  char align;
  int n;

  get_typlenbyvalalign(ARR_ELEMTYPE(a), &length, &by_value, &align);
  deconstruct_array(a, ARR_ELEMTYPE(a), length, by_value, align, &l.items, &nulls, &n);
  for (int k = 0; k < n; k++) {
    if (nulls[k]) l.has_null = true;
    else l.items[l.n++] = l.items[k];
  }
  return l;
}

static int by_size(const void *a, const void *b) {
  int64 x = *(const int64 *)a, y = *(const int64 *)b;

  return x < y ? -1 : x > y;
}

/* The integers of a list, in ascending order, each once. */
static int64 *sort_ints(const kj_operator *op, list *l) {
  int64 *ints = palloc_extended(sizeof(int64) * (Size)Max(l->n, 1), MCXT_ALLOC_HUGE);
  int n = 0;

  for (int k = 0; k < l->n; k++) ints[k] = int_of(op, l->items[k]);
  qsort(ints, (size_t)l->n, sizeof(int64), by_size);
  for (int k = 0; k < l->n; k++)
    if (n == 0 || ints[k] != ints[n - 1]) ints[n++] = ints[k];
  l->n = n;
  return ints;
}

/* Whether a bit of a word is set, which stands for the difference to the least one. */
static kiln_value has_bit(kj_expr *e, const int64 *ints, int n, kiln_value x) {
  uint64 bits = 0;
  kiln_value d, near, bit;

  for (int k = 0; k < n; k++) bits |= UINT64CONST(1) << (uint64)(ints[k] - ints[0]);
  d = kiln_build_binary(e->f, KILN_OP_SUB, KILN_TYPE_I64, x, kiln_const_int(e->f, ints[0]));
  near = kiln_build_icmp(e->f, KILN_ICOND_ULE, KILN_TYPE_I64, d,
                         kiln_const_int(e->f, ints[n - 1] - ints[0]));
  bit = kiln_build_binary(e->f, KILN_OP_LSHR, KILN_TYPE_I64, kiln_const_int(e->f, (int64)bits), d);
  bit = kiln_build_convert(e->f, KILN_OP_TRUNC, KILN_TYPE_I8, KILN_TYPE_I64, bit);
  return kiln_build_binary(e->f, KILN_OP_AND, KILN_TYPE_I8, bit, near);
}

/* Whether an integer is in a list. */
static kiln_value is_in_ints(kj_expr *e, const kj_operator *op, list *l, const kj_value *v) {
  kiln_type type = type_of(op);
  int64 *ints = sort_ints(op, l);
  bool near = l->n > 2 && (uint64)ints[l->n - 1] - (uint64)ints[0] < 64;
  kiln_value r = kiln_const_int(e->f, 0), args[2];

  if (!near && l->n <= MAX_IN_TURN) {
    kiln_value x = kj_as_wider(e, v, op->a, type);

    for (int k = 0; k < l->n; k++) {
      kiln_value eq = kiln_build_icmp(e->f, KILN_ICOND_EQ, type, x, kiln_const_int(e->f, ints[k]));

      r = k == 0 ? eq : kiln_build_binary(e->f, KILN_OP_OR, KILN_TYPE_I8, r, eq);
    }
    return r;
  }
  args[1] = kj_as_wider(e, v, op->a, KILN_TYPE_I64);
  if (near) return has_bit(e, ints, l->n, args[1]);
  args[0] = kj_address(e, make_int_set(e, ints, l->n));
  return kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_I8_2), kj_address(e, (void *)has_int), args,
                         2);
}

static kiln_value is_in(kj_expr *e, const kj_operator *op, list *l, const kj_value *v,
                        kj_value *any) {
  if (l->n == 0) return kiln_const_int(e->f, 0);
  if (!is_numbered(op)) return is_in_ints(e, op, l, v);
  return kiln_build_icmp(e->f, KILN_ICOND_NE, KILN_TYPE_I64,
                         find_number(e, op, l->items, l->n, v, any), kiln_const_int(e->f, 0));
}

void kj_emit_in(kj_expr *e, int i, ExprEvalStep *op) {
  bool hashed = op->opcode == EEOP_HASHED_SCALARARRAYOP;
  bool in = hashed ? op->d.hashedscalararrayop.inclause : op->d.scalararrayop.useOr;
  const kj_operator *native = e->steps[i].native;
  kj_value array = kj_read_result(e, i), v, any = kj_const(0), r;
  kiln_value found, missing;
  list l;

  /* The operator of hashed ones is that of equality. */
  if (array.form != KJ_CONST || array.n_nulls != 0 ||
      !is_searched(native, in || hashed ? KILN_ICOND_EQ : KILN_ICOND_NE)) {
    kj_emit_helper(e, i, op);
    return;
  }
  l = read_list(array.constant);
  if (l.n == 0 && !l.has_null) { /* whatever the value is, if only null */
    kj_write_result(e, i, kj_const(!in));
    return;
  }
  v = kj_read_cell(e, e->steps[i].args);
  kj_add_nulls(e, &any, &v);
  if (any.n_nulls == KJ_ALWAYS_NULL) {
    kj_write_result(e, i, any);
    return;
  }
  found = is_in(e, native, &l, &v, &any);
  missing = kiln_build_binary(e->f, KILN_OP_XOR, KILN_TYPE_I8, found, kiln_const_int(e->f, 1));
  r = kj_make(KJ_BOOL, in ? found : missing);
  kj_add_nulls(e, &r, &any);
  if (l.has_null) { /* which may be equal to what is not found */
    any = kj_const(0);
    any.nulls[0] = missing;
    any.n_nulls = 1;
    kj_add_nulls(e, &r, &any);
  }
  kj_write_result(e, i, r);
}

/* ---- chains ---- */

/* Whether steps read the same value. */
static bool same_source(const ExprEvalStep *a, const ExprEvalStep *b) {
  if (a->opcode != b->opcode) return false;
  if (a->opcode == EEOP_CASE_TESTVAL)
    return a->d.casetest.value == b->d.casetest.value &&
           a->d.casetest.isnull == b->d.casetest.isnull;
  return a->opcode >= EEOP_INNER_VAR && a->opcode <= EEOP_SCAN_VAR &&
         a->d.var.attnum == b->d.var.attnum;
}

/* Whether step `i` reads a value, the next one compares it with a constant, and the next jumps if it is not equal. */
static bool is_test(const kj_expr *e, int i) {
  const ExprEvalStep *s = &e->state->steps[i];
  FunctionCallInfo fcinfo;
  int args;

  if (i + 2 >= e->state->steps_len || !kj_is_strict((ExprEvalOp)s[1].opcode) ||
      s[2].opcode != EEOP_JUMP_IF_NOT_TRUE || !is_searched(e->steps[i + 1].native, KILN_ICOND_EQ))
    return false;
  fcinfo = kj_step_fcinfo(&s[1]);
  args = e->steps[i + 1].args;
  return same_source(s, s) && s[0].resvalue == &fcinfo->args[0].value &&
         s[1].resvalue == s[2].resvalue && args >= 0 && e->cells[args + 1].n_writers == 0 &&
         !fcinfo->args[1].isnull;
}

/* The chain of the test at step `i`. That what follows a test jumps away, to after the CASE, makes the next one
 * reached from the test alone. */
static kj_chain find_chain(kj_expr *e, int i) {
  const ExprEvalStep *steps = e->state->steps;
  kj_chain c = {.first = i, .eq = e->steps[i + 1].native, .otherwise = i};

  do {
    int at = c.otherwise;

    KJ_ROOM(CurrentMemoryContext, c.arms, c.n_arms, c.max_arms);
    c.arms[c.n_arms++] = (kj_arm){kj_step_fcinfo(&steps[at + 1])->args[1].value, at + 3};
    e->steps[at].tests = true;
    c.otherwise = steps[at + 2].d.jump.jumpdone;
  } while (steps[c.otherwise - 1].opcode == EEOP_JUMP && is_test(e, c.otherwise) &&
           same_source(&steps[i], &steps[c.otherwise]) && e->steps[c.otherwise + 1].native == c.eq);
  return c;
}

void kj_find_chains(kj_expr *e) {
  for (int i = 0; i < e->state->steps_len; i++) {
    kj_chain c;

    if (e->steps[i].tests || !is_test(e, i)) continue;
    c = find_chain(e, i);
    if (c.n_arms < (is_numbered(c.eq) ? MIN_NUMBERED_ARMS : MIN_INT_ARMS)) continue;
    KJ_ROOM(CurrentMemoryContext, e->chains, e->n_chains, e->max_chains);
    e->steps[i].chain = e->n_chains;
    e->chains[e->n_chains++] = c;
  }
}

static int by_constant(const void *a, const void *b) {
  const kj_arm *x = a, *y = b;

  if (x->constant != y->constant) return (int64)x->constant < (int64)y->constant ? -1 : 1;
  return x->body - y->body;
}

/* Arms with the numbers that a switch is of. */
static kj_arm *number_arms(const kj_chain *c) {
  kj_arm *arms = palloc(sizeof(kj_arm) * (Size)c->n_arms);

  for (int k = 0; k < c->n_arms; k++) {
    arms[k] = c->arms[k];
    arms[k].constant =
      is_numbered(c->eq) ? (Datum)(k + 1) : (Datum)int_of(c->eq, c->arms[k].constant);
  }
  return arms;
}

/* The result's cell keeps what it has: a CASE writes it before it reads it. */
void kj_emit_chain(kj_expr *e, const kj_chain *c) {
  ExprEvalStep *op = &e->state->steps[c->first];
  kj_arm *arms = number_arms(c);
  kiln_type type = is_numbered(c->eq) ? KILN_TYPE_I64 : type_of(c->eq);
  kiln_value x;
  kj_value v;
  int n = 0;

  kj_step_kinds[op->opcode].emit(e, c->first, op);
  v = kj_read_result(e, c->first);
  if (v.n_nulls == KJ_ALWAYS_NULL) {
    kj_jump(e, c->otherwise);
    return;
  }
  if (v.n_nulls != 0) kj_jump_if(e, kj_null(e, &v), true, c->otherwise);
  kj_not_null(&v);
  if (is_numbered(c->eq)) {
    Datum *constants = palloc(sizeof(Datum) * (Size)c->n_arms);

    for (int k = 0; k < c->n_arms; k++) constants[k] = c->arms[k].constant;
    x = find_number(e, c->eq, constants, c->n_arms, &v, &(kj_value){.form = KJ_CONST});
  } else {
    x = kj_as_wider(e, &v, c->eq->a, type);
  }
  /* The first one of those that are equal counts. */
  qsort(arms, (size_t)c->n_arms, sizeof(kj_arm), by_constant);
  for (int k = 0; k < c->n_arms; k++)
    if (n == 0 || arms[k].constant != arms[n - 1].constant) arms[n++] = arms[k];
  kj_switch(e, type, x, arms, n, c->otherwise);
}
