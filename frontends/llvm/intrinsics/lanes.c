/* Intrinsics whose result has lanes of their arguments, in another order, or lanes that are counted. The former become
 * shuffles of bytes. Called by intrinsic.c. */
#include "intrinsic.h"

enum { MOST_VECTORS = 2, ANY = UINT16_MAX };

/* Vectors that lanes come from, one after the other: lane k of vector v is number k + the lanes before v's. */
struct source {
  unsigned n;
  struct kn_bc_vec x[MOST_VECTORS];
};

/* Argument `i` becomes the next vector. False (reported) if it is none, if there are too many lanes, or if they are of
 * another type than the first one's. */
static bool add(const struct call *c, unsigned i, struct source *s) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec *x = &s->x[s->n];
  uint32_t lanes = 0;
  if (i >= c->n || s->n == MOST_VECTORS) return kn_bc_malformed(r, "bad call");
  if (!kn_bc_vec_get(r, arg_id(c, i), arg_type(c, i), x)) return false;
  for (unsigned k = 0; k <= s->n; k++) lanes += s->x[k].n;
  if (lanes > 2 * KN_BC_MAX_LANES) return bad(c);
  s->n++;
  return x->elem == s->x[0].elem || kn_bc_malformed(r, "bad call");
}

/* Fills in the registers of *out, whose shape is there: its lane k is the source's lane lanes[k], or ANY. The lanes of
 * masks may be of another width. */
static void take(const struct call *c, const struct source *s, const uint16_t *lanes,
                 struct kn_bc_vec *out) {
  struct kn_bc *r = c->r;
  kiln_value in[MOST_VECTORS * KN_BC_MAX_CHUNKS];
  uint16_t from[KN_BC_MAX_CHUNKS * 16];
  uint32_t n = 0, first[MOST_VECTORS];
  bool later = false; /* as for a shuffle: perhaps an argument is not defined yet */
  for (unsigned v = 0; v < s->n; v++) {
    first[v] = 16 * n;
    kn_bc_vec_to_v128(r, &s->x[v], in + n);
    n += s->x[v].parts;
  }
  for (unsigned i = 0; i < c->n; i++) later |= arg_id(c, i) >= r->vals.n;
  unsigned size = kiln_type_size(out->lane);
  for (uint32_t b = 0; b < out->parts * kiln_type_size(out->chunk); b++) {
    uint32_t k = b / size, lane = k < out->n ? lanes[k] : ANY;
    unsigned v = 0;
    from[b] = KN_BC_ANY_BYTE;
    if (lane == ANY) continue;
    while (lane >= s->x[v].n) lane -= s->x[v++].n;
    unsigned own = kiln_type_size(s->x[v].lane);
    uint32_t start = first[v] + lane / s->x[v].per * 16 + lane % s->x[v].per * own;
    from[b] = (uint16_t)(start + (b % size < own ? b % size : own - 1));
  }
  kn_bc_vec_bytes(r, in, n, from, out->chunk, out->parts, out->v);
  for (uint32_t p = 0; p < out->parts && later; p++)
    out->v[p] = kiln_build_unary(r->f, KILN_OP_COPY, out->chunk, out->v[p]);
}

/* The call's result, which is one vector. */
static void define(const struct call *c, const struct source *s, const uint16_t *lanes) {
  struct kn_bc_vec out;
  if (!kn_bc_vec_shape(c->r, c->ret, &out)) return;
  if (out.elem != s->x[0].elem) return (void)bad(c);
  take(c, s, lanes, &out);
  kn_bc_vec_def(c->r, &out);
}

/* A shorter vector that is a part of a longer one, from a lane on, a constant: taken out, or put in (`op` 1). */
void kn_in_part(const struct call *c) {
  struct kn_bc *r = c->r;
  struct source s = {0};
  struct kn_bc_vec out;
  uint16_t lanes[KN_BC_MAX_LANES];
  const bool put = c->row->op;
  int64_t first;
  if (c->n != 2u + put || !kn_bc_is_int(r, arg_id(c, c->n - 1), &first))
    return (void)kn_bc_malformed(r, "bad call");
  if (!add(c, 0, &s) || (put && !add(c, 1, &s)) || !kn_bc_vec_shape(r, c->ret, &out)) return;
  const struct kn_bc_vec *x = &s.x[0], *less = put ? &s.x[1] : &out; /* the shorter one */
  if (less->elem != x->elem || (put && c->ret != x->type) || first < 0 || less->n > x->n ||
      first > x->n - less->n)
    return (void)kn_bc_malformed(r, "bad call");
  uint32_t id = arg_id(c, 0), at = (uint32_t)first;
  bool any = put && id < r->inst_base && r->csts.at[id].kind == CK_UNDEF;
  for (uint32_t k = 0; k < out.n; k++) {
    if (!put) lanes[k] = (uint16_t)(at + k);
    else if (k >= at && k - at < less->n) lanes[k] = (uint16_t)(x->n + k - at);
    else lanes[k] = any ? ANY : (uint16_t)k;
  }
  define(c, &s, lanes);
}

void kn_in_reverse(const struct call *c) {
  struct source s = {0};
  uint16_t lanes[KN_BC_MAX_LANES];
  if (c->n != 1 || !add(c, 0, &s)) return;
  for (uint32_t k = 0; k < s.x[0].n; k++) lanes[k] = (uint16_t)(s.x[0].n - 1 - k);
  define(c, &s, lanes);
}

/* Lanes of two vectors, one after the other. The first one is a constant. `op` 0: argument 2 is its number, or, if that
 * is negative, how many lanes of the first vector there are; 1: its number; 2: how many. */
void kn_in_splice(const struct call *c) {
  struct kn_bc *r = c->r;
  struct source s = {0};
  uint16_t lanes[KN_BC_MAX_LANES];
  int64_t by;
  if (c->n != 3 || !add(c, 0, &s) || !add(c, 1, &s)) return;
  const int64_t n = s.x[0].n;
  if (s.x[1].n != n || c->ret != s.x[0].type) return (void)kn_bc_malformed(r, "bad call");
  if (!kn_bc_is_int(r, arg_id(c, 2), &by))
    return (void)kn_bc_unsupported(r, "a splice of vectors by a number that is not constant");
  if (by < -n || by > n || (by < 0 && c->row->op)) return (void)kn_bc_malformed(r, "bad call");
  uint32_t first = (uint32_t)(c->row->op == 2 || by < 0 ? n - (by < 0 ? -by : by) : by);
  for (uint32_t k = 0; k < n; k++) lanes[k] = (uint16_t)(first + k);
  define(c, &s, lanes);
}

/* The first lanes of two vectors, then the second ones, and so on. */
void kn_in_interleave(const struct call *c) {
  struct source s = {0};
  uint16_t lanes[KN_BC_MAX_LANES];
  if (c->n != 2) return (void)kn_bc_malformed(c->r, "bad call");
  if (!add(c, 0, &s) || !add(c, 1, &s)) return;
  const uint32_t n = s.x[0].n;
  if (s.x[1].n != n || 2 * n > KN_BC_MAX_LANES) return (void)bad(c);
  for (uint32_t k = 0; k < 2 * n; k++) lanes[k] = (uint16_t)(k % 2 * n + k / 2);
  define(c, &s, lanes);
}

/* The reverse: a struct of two vectors. */
void kn_in_deinterleave(const struct call *c) {
  struct kn_bc *r = c->r;
  struct source s = {0};
  struct kn_bc_vec out;
  uint16_t lanes[KN_BC_MAX_LANES];
  kiln_value parts[2 * KN_BC_MAX_CHUNKS];
  uint32_t done = 0;
  if (c->n != 1 || !add(c, 0, &s)) return;
  if (c->rt->kind != TK_STRUCT || c->rt->n != 2) return (void)bad(c);
  for (uint32_t v = 0; v < 2; v++) {
    if (!kn_bc_vec_shape(r, r->m->elems.at[c->rt->first + v].type, &out)) return;
    if (out.elem != s.x[0].elem || 2 * out.n != s.x[0].n) return (void)bad(c);
    for (uint32_t k = 0; k < out.n; k++) lanes[k] = (uint16_t)(2 * k + v);
    take(c, &s, lanes, &out);
    for (uint32_t p = 0; p < out.parts; p++) parts[done++] = out.v[p];
  }
  kn_in_define(c, parts, done);
}

/* 0, 1, 2, ..., by the width of the lanes. */
void kn_in_steps(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  if (c->n != 0 || c->rt->kind != TK_VECTOR) return (void)bad(c);
  if (!kn_bc_vec_shape(r, c->ret, &x)) return;
  if (x.mask || !kiln_type_is_int(x.lane) || x.soft) return (void)bad(c);
  const unsigned bits = 8 * (unsigned)kiln_type_size(x.lane), words = bits > 64 ? 64 : bits;
  for (uint32_t p = 0; p < x.parts; p++) {
    uint64_t word[2] = {0, 0};
    for (uint32_t k = 0; k < x.per; k++) {
      uint64_t lane = p * x.per + k;
      if (words < 64) lane &= (UINT64_C(1) << words) - 1;
      word[k * bits / 64] |= lane << k * bits % 64;
    }
    x.v[p] = kiln_const_bits(r->f, x.chunk, word[0], word[1]);
  }
  kn_bc_vec_def(r, &x);
}

/* Lane k is true if argument 0 plus k, which is never taken to wrap, is less than argument 1. */
void kn_in_lane_mask(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  kiln_value lanes[KN_BC_MAX_LANES];
  if (c->n != 2 || c->rt->kind != TK_VECTOR || arg_info(c, 0)->kind != TK_INT ||
      arg_info(c, 0)->fit != FIT_EXACT || arg_type(c, 1) != arg_type(c, 0))
    return (void)bad(c);
  const kiln_type kt = (kiln_type)arg_info(c, 0)->ktype;
  if (!kn_bc_vec_shape(r, c->ret, &x)) return;
  if (!x.mask || kt == KILN_TYPE_I128 || (kt == KILN_TYPE_I8 && x.n > 256)) return (void)bad(c);
  kiln_value base = arg(c, 0), end = arg(c, 1);
  kiln_value rest = binary(c, KILN_OP_USUBS, kt, end, base);
  for (uint32_t k = 0; k < x.n; k++)
    lanes[k] = kiln_build_icmp(r->f, KILN_ICOND_UGT, kt, rest, imm(c, k));
  kn_bc_vec_from_lanes(r, &x, lanes);
  kn_bc_vec_def(r, &x);
}
