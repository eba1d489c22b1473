/* Operators of text and numeric, whose values are pointers: functions of C that code calls directly, without
 * PostgreSQL's interface, and without a copy of what is not aligned. What is compressed or stored elsewhere goes to
 * PostgreSQL's own function.
 *
 * Code branches around the call if an operand is null: then there is nothing where it points to. */
#include "kilnjit.h"

#include "catalog/pg_collation_d.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

bool kj_equal_by_bytes(Oid collation) {
  if (collation == DEFAULT_COLLATION_OID || collation == C_COLLATION_OID ||
      collation == POSIX_COLLATION_OID)
    return true;
  return OidIsValid(collation) && get_collation_isdeterministic(collation);
}

/* A part of a pattern begins with a character, and in UTF-8 no character has the first byte of one later on. */
bool kj_like_by_bytes(void) {
  return pg_database_encoding_max_length() == 1 || GetDatabaseEncoding() == PG_UTF8;
}

static bool is_plain(Datum d) {
  const void *p = DatumGetPointer(d);

  return !VARATT_IS_EXTERNAL(p) && !VARATT_IS_COMPRESSED(p);
}

/* ---- equality of text ---- */

static uint64 head_of(const char *s, int n) {
  const uint8 *u = (const uint8 *)s;
  uint32 low, high;
  uint64 all;

  if (n >= 8) return memcpy(&all, s, 8), all;
  if (n >= 4) { /* these four bytes and the last four overlap */
    memcpy(&low, s, 4);
    memcpy(&high, s + n - 4, 4);
    return low | (uint64)high << (8 * (n - 4));
  }
  return n == 0 ? 0 : u[0] | (uint64)u[n / 2] << 8 | (uint64)u[n - 1] << 16;
}

static bool same(const char *a, const char *b, int n) {
  return head_of(a, n) == head_of(b, n) && (n <= 8 || memcmp(a + 8, b + 8, (size_t)n - 8) == 0);
}

static int length_without_blanks(const char *s, int n) {
  while (n >= 8 && memcmp(s + n - 8, "        ", 8) == 0) n -= 8;
  while (n > 0 && s[n - 1] == ' ') n--;
  return n;
}

kj_bytes kj_bytes_of(Datum text, bool bpchar) {
  const char *p = DatumGetPointer(text);
  kj_bytes r = {.at = VARDATA_ANY(p), .n = (int)VARSIZE_ANY_EXHDR(p)};

  if (bpchar) r.n = length_without_blanks(r.at, r.n);
  r.head = head_of(r.at, r.n);
  return r;
}

bool kj_same_bytes(const kj_bytes *a, const kj_bytes *b) {
  return a->n == b->n && a->head == b->head &&
         (a->n <= 8 || memcmp(a->at + 8, b->at + 8, (size_t)a->n - 8) == 0);
}

static bool text_equal(Datum a, Datum b) {
  const char *pa = DatumGetPointer(a), *pb = DatumGetPointer(b);
  int n;

  if (!is_plain(a) || !is_plain(b))
    return DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, a, b));
  n = (int)VARSIZE_ANY_EXHDR(pa);
  return n == (int)VARSIZE_ANY_EXHDR(pb) && same(VARDATA_ANY(pa), VARDATA_ANY(pb), n);
}

/* What one has more than the other is blanks. */
static bool bpchar_equal(Datum a, Datum b) {
  const char *pa = DatumGetPointer(a), *pb = DatumGetPointer(b);
  int na, nb, n;

  if (!is_plain(a) || !is_plain(b))
    return DatumGetBool(DirectFunctionCall2Coll(bpchareq, C_COLLATION_OID, a, b));
  na = (int)VARSIZE_ANY_EXHDR(pa);
  nb = (int)VARSIZE_ANY_EXHDR(pb);
  n = Min(na, nb);
  pa = VARDATA_ANY(pa);
  pb = VARDATA_ANY(pb);
  return same(pa, pb, n) && length_without_blanks(pa + n, na - n) == 0 &&
         length_without_blanks(pb + n, nb - n) == 0;
}

/* ---- LIKE ---- */

enum { MAX_PARTS = 32 };

/** What stands between two % of a pattern. */
typedef struct like_part {
  const uint8 *bytes; /**< these are to be there */
  int n;              /**< number; at least 1 */
  uint8 skip[256];    /**< by the byte where the last one should be: how far on the next place is */
} like_part;

/** A pattern of % and other bytes. */
typedef struct like {
  int total;       /**< length of all parts */
  bool from_start; /**< the first part is at the start */
  bool to_end;     /**< the last one is at the end */
  int n_parts;
  like_part parts[FLEXIBLE_ARRAY_MEMBER];
} like;

static const uint8 *search(const like_part *p, const uint8 *s, const uint8 *end) {
  int last = p->n - 1;

  while (end - s > last) {
    if (s[last] == p->bytes[last] && memcmp(s, p->bytes, (size_t)last) == 0) return s;
    s += p->skip[s[last]];
  }
  return NULL;
}

/* The leftmost place of each part leaves most for the others. */
static bool matches(const like *l, const uint8 *s, int n) {
  const uint8 *end = s + n;
  int first = l->from_start ? 1 : 0, last = l->n_parts - (l->to_end ? 1 : 0);

  if (n < l->total) return false;
  if (l->from_start && l->to_end && l->n_parts < 2) /* no % */
    return n == l->total && (n == 0 || memcmp(s, l->parts[0].bytes, (size_t)n) == 0);
  if (l->from_start) {
    if (memcmp(s, l->parts[0].bytes, (size_t)l->parts[0].n) != 0) return false;
    s += l->parts[0].n;
  }
  if (l->to_end) {
    end -= l->parts[last].n;
    if (memcmp(end, l->parts[last].bytes, (size_t)l->parts[last].n) != 0) return false;
  }
  for (int k = first; k < last; k++) {
    s = search(&l->parts[k], s, end);
    if (s == NULL) return false;
    s += l->parts[k].n;
  }
  return true;
}

static bool text_like(Datum pattern, Datum text) {
  const like *l = (const like *)DatumGetPointer(pattern);
  struct varlena *p = PG_DETOAST_DATUM_PACKED(text);
  bool r = matches(l, (const uint8 *)VARDATA_ANY(p), (int)VARSIZE_ANY_EXHDR(p));

  if ((Pointer)p != DatumGetPointer(text)) pfree(p);
  return r;
}

static void add_part(like *l, const uint8 *bytes, int n) {
  like_part *p = &l->parts[l->n_parts++];

  p->bytes = bytes;
  p->n = n;
  l->total += n;
  memset(p->skip, Min(n, 255), sizeof(p->skip));
  for (int k = 0; k < n - 1; k++) p->skip[bytes[k]] = (uint8)Min(n - 1 - k, 255);
}

/* The pattern in memory that lives as long as the code; NULL: it has other wildcards, or is an error. */
static like *parse_like(kj_expr *e, Datum pattern) {
  kj_bytes p;
  uint8 *bytes;
  like *l;
  int at = 0, parts = 1;

  if (!is_plain(pattern)) return NULL;
  p = kj_bytes_of(pattern, false);
  for (int k = 0; k < p.n; k++) {
    if (p.at[k] == '_' || (p.at[k] == '\\' && ++k == p.n)) return NULL;
    parts += p.at[k] == '%';
  }
  if (parts > MAX_PARTS) return NULL;
  l = MemoryContextAlloc(e->batch->memory,
                         offsetof(like, parts) + sizeof(like_part) * (Size)parts + (Size)p.n);
  bytes = (uint8 *)&l->parts[parts];
  *l = (like){.from_start = p.n == 0 || p.at[0] != '%', .to_end = true};
  for (int k = 0; k < p.n; k++) {
    if (p.at[k] != '%') {
      if (p.at[k] == '\\') k++;
      bytes[at++] = (uint8)p.at[k];
      continue;
    }
    l->to_end = k + 1 < p.n && p.at[k + 1] != '%';
    if (at > l->total) add_part(l, bytes + l->total, at - l->total);
  }
  if (at > l->total) add_part(l, bytes + l->total, at - l->total);
  return l;
}

/* ---- numeric ---- */

/* The format of a numeric, which numeric.c knows and no header says. It is on disk, and so the same in all versions: a
 * header of 16 bits, the weight in 16 bits unless the header has it, and digits of base 10,000. */
enum {
  SIGN_MASK = 0xc000,
  SIGN_NEGATIVE = 0x4000,
  SIGN_SHORT = 0x8000,
  SIGN_SPECIAL = 0xc000,
  SPECIAL_NAN = 0xc000,
  SPECIAL_INFINITY = 0xd000,
  SHORT_NEGATIVE = 0x2000,
  SHORT_WEIGHT = 0x7f
};

/** A numeric, taken apart. */
typedef struct number {
  int rank;           /**< -2: -Infinity, -1: negative, 0, 1: positive, 2: Infinity, 3: NaN */
  int weight;         /**< of the first digit: its exponent in base 10,000 */
  int n;              /**< digits */
  const char *digits; /**< int16, not aligned */
} number;

static int digit(const char *digits, int i) {
  int16 d;

  memcpy(&d, digits + i * (int)sizeof(d), sizeof(d));
  return d;
}

static number number_of(const char *p) {
  number r = {.digits = VARDATA_ANY(p), .n = (int)VARSIZE_ANY_EXHDR(p)};
  uint16 header = (uint16)digit(r.digits, 0);

  if ((header & SIGN_MASK) == SIGN_SPECIAL) {
    r.rank = header == SPECIAL_NAN ? 3 : header == SPECIAL_INFINITY ? 2 : -2;
    return r;
  }
  if (header & SIGN_SHORT) {
    r.rank = header & SHORT_NEGATIVE ? -1 : 1;
    r.weight = (int)((header & SHORT_WEIGHT) ^ 0x40) - 0x40; /* a number of 7 bits with a sign */
    r.digits += 2;
    r.n = (r.n - 2) / 2;
  } else {
    r.rank = (header & SIGN_MASK) == SIGN_NEGATIVE ? -1 : 1;
    r.weight = digit(r.digits, 1);
    r.digits += 4;
    r.n = (r.n - 4) / 2;
  }
  for (; r.n > 0 && digit(r.digits, 0) == 0; r.n--, r.weight--) r.digits += 2;
  if (r.n == 0) r.rank = 0;
  return r;
}

static int compare_magnitudes(const number *a, const number *b) {
  if (a->weight != b->weight) return a->weight < b->weight ? -1 : 1;
  for (int i = 0; i < a->n || i < b->n; i++) {
    int difference = (i < a->n ? digit(a->digits, i) : 0) - (i < b->n ? digit(b->digits, i) : 0);

    if (difference != 0) return difference;
  }
  return 0;
}

static int32 compare_numerics(Datum a, Datum b) {
  number x, y;

  if (!is_plain(a) || !is_plain(b)) return DatumGetInt32(DirectFunctionCall2(numeric_cmp, a, b));
  x = number_of(DatumGetPointer(a));
  y = number_of(DatumGetPointer(b));
  if (x.rank != y.rank) return x.rank < y.rank ? -1 : 1;
  return x.rank == 1 ? compare_magnitudes(&x, &y) : x.rank == -1 ? compare_magnitudes(&y, &x) : 0;
}

/* ---- calls ---- */

kiln_value kj_call_unless_null(kj_expr *e, kj_value *any, void *function, int sig, kiln_type result,
                               const kiln_value *args) {
  kiln_value r, no = kiln_const_int(e->f, 0);
  kiln_block has, on;

  if (any->n_nulls == 0)
    return kiln_build_call(e->f, kj_sig(e->batch, sig), kj_address(e, function), args, 2);
  has = kiln_block_new(e->f);
  on = kiln_block_new(e->f);
  kj_settle(e, any, false);
  r = kiln_block_add_param(e->f, on, result);
  kiln_build_brif(e->f, kj_null(e, any), on, &no, 1, has, NULL, 0);
  kiln_block_switch(e->f, has);
  no = kiln_build_call(e->f, kj_sig(e->batch, sig), kj_address(e, function), args, 2);
  kiln_build_br(e->f, on, &no, 1);
  kiln_block_switch(e->f, on);
  return r;
}

kj_value kj_emit_varlena(kj_expr *e, const kj_operator *op, const kj_value *args, kj_value *any) {
  kj_value r = {.form = KJ_ICMP, .type = KILN_TYPE_I8, .cond = op->x, .b = kiln_const_int(e->f, 0)};
  kiln_value operands[2] = {kj_as_datum(e, &args[0]), kj_as_datum(e, &args[1])};
  void *function = op->kind == KJ_BPCHAR ? (void *)bpchar_equal : (void *)text_equal;
  like *l;

  switch ((kj_kind)op->kind) {
  case KJ_NUMERIC:
    r.type = KILN_TYPE_I32;
    r.a =
      kj_call_unless_null(e, any, (void *)compare_numerics, KJ_SIG_I32_2, KILN_TYPE_I32, operands);
    return r;
  case KJ_LIKE:
    l = args[1].form == KJ_CONST && args[1].n_nulls == 0 ? parse_like(e, args[1].constant) : NULL;
    if (l == NULL) return (kj_value){.form = KJ_NONE};
    operands[1] = operands[0];
    operands[0] = kj_address(e, l);
    function = (void *)text_like;
    break;
  default: break;
  }
  r.a = kj_call_unless_null(e, any, function, KJ_SIG_I8_2, KILN_TYPE_I8, operands);
  if (op->x == KILN_ICOND_EQ) return kj_make(KJ_BOOL, r.a);
  r.cond = KILN_ICOND_EQ; /* not equal: the function's result is 0 */
  return r;
}
