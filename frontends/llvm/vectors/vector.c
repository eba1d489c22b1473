/* Values of vectors. A vector of up to 8 bytes is in a v64, one of up to 16 in a v128, a longer
 * one in several v128, its first lanes in the first; pointers are lanes of 64 bits. A mask, a
 * vector of i1, has lanes of ones or zeros that fill a v128, or of bytes if there are more than
 * 8: comparisons make them so, and selections read them. In memory its lanes are bits. Lanes of
 * other odd integers are in those of the next type, whose upper bits are unspecified; in memory
 * they are packed, and operations on them go lane by lane, as those on i128 do. What is after
 * the last lane is unspecified. The operations are in vector_ops.c; those that no instruction
 * does for all lanes are done lane by lane, by the code for scalars. Invariant: no bytes of
 * memory are accessed but the vector's. */
#include "bc.h"

#include <string.h>

bool kn_bc_vec_shape(struct kn_bc *r, uint32_t type, struct kn_bc_vec *x) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->kind != TK_VECTOR || t->lane == KILN_TYPE_VOID) {
    if (t->kind == TK_VECTOR || t->kind == TK_OTHER) return kn_bc_bad_type(r, type);
    return kn_bc_malformed(r, "a vector is expected");
  }
  x->type = type;
  x->elem = r->m->elems.at[t->first].type;
  x->n = (uint32_t)t->count;
  x->lane = (kiln_type)t->lane;
  x->chunk = t->ktype ? (kiln_type)t->ktype : KILN_TYPE_V128;
  x->per = kiln_type_size(x->chunk) / kiln_type_size(x->lane);
  x->parts = (x->n + x->per - 1) / x->per;
  x->mask = t->is_mask;
  x->soft = r->types.at[x->elem].kind == TK_SOFT;
  x->odd = r->types.at[x->elem].fit == FIT_ODD;
  x->apart = x->odd || kiln_type_size(x->lane) == 16;
  return x->parts <= KN_BC_MAX_CHUNKS || kn_bc_unsupported(r, "vectors of that length");
}

bool kn_bc_vec_get(struct kn_bc *r, uint32_t id, uint32_t type, struct kn_bc_vec *x) {
  if (r->status != KILN_OK || !kn_bc_vec_shape(r, type, x)) return false;
  struct kn_bc_run parts;
  if (!kn_bc_run(r, id, type, &parts)) return false;
  for (uint32_t i = 0; i < x->parts; i++) x->v[i] = kn_bc_part(r, &parts, i);
  return true;
}

void kn_bc_vec_def(struct kn_bc *r, const struct kn_bc_vec *x) {
  if (r->status == KILN_OK) kn_bc_define(r, x->type, x->v);
}

/* ---- lanes ---- */

kiln_value kn_bc_vec_lane(struct kn_bc *r, const struct kn_bc_vec *x, uint32_t k) {
  if (x->lane == x->chunk) return x->v[k]; /* fp128, where it is a v128 */
  if (kiln_type_size(x->lane) == 16)
    return kiln_build_convert(r->f, KILN_OP_BITCAST, x->lane, x->chunk, x->v[k]);
  kiln_value v =
    kn_bc_vec_one(r, KILN_OP_VEXTRACT, x->lane, x->chunk, k % x->per, x->v[k / x->per]);
  if (!x->mask) return v;
  if (x->lane != KILN_TYPE_I8)
    v = kiln_build_convert(r->f, KILN_OP_TRUNC, KILN_TYPE_I8, x->lane, v);
  return kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
}

void kn_bc_vec_from_lanes(struct kn_bc *r, struct kn_bc_vec *x, const kiln_value *lanes) {
  kiln_func *f = r->f;
  uint32_t size = kiln_type_size(x->lane);
  if (r->fn.lane_slot.id == 0) r->fn.lane_slot = kiln_slot_new(f, 16, 4);
  for (uint32_t i = 0; i < x->parts; i++) {
    for (uint32_t k = 0; k < x->per && i * x->per + k < x->n; k++) {
      kiln_value v = lanes[i * x->per + k];
      if (x->mask) {
        v = kiln_build_unary(f, KILN_OP_NEG, KILN_TYPE_I8, v);
        if (x->lane != KILN_TYPE_I8)
          v = kiln_build_convert(f, KILN_OP_SEXT, x->lane, KILN_TYPE_I8, v);
      }
      kiln_build_store(f, x->lane, r->fn.lane_slot, (int32_t)(k * size), v, 0);
    }
    x->v[i] = kiln_build_load(f, x->chunk, r->fn.lane_slot, 0, 0);
  }
}

kiln_value kn_bc_vec_splat(struct kn_bc *r, const struct kn_bc_vec *x, uint64_t bits) {
  for (unsigned w = 8 * kiln_type_size(x->lane); w < 64; w *= 2)
    bits = (bits & ((UINT64_C(1) << w) - 1)) | bits << w;
  return kiln_const_bits(r->f, x->chunk, bits, bits);
}

uint32_t kn_bc_vec_enter(struct kn_bc *r) {
  uint32_t n = r->vals.n;
  if (r->vals.n < r->fn.zeroed) r->vals.n = r->fn.zeroed; /* entries that forward references have */
  return n;
}
uint32_t kn_bc_vec_value(struct kn_bc *r, uint32_t type, kiln_value v) {
  kn_bc_def(r, type, v);
  return r->vals.n - 1;
}
kiln_value kn_bc_vec_result(struct kn_bc *r) {
  if (r->status != KILN_OK) return (kiln_value){0};
  return kn_bc_use(r, r->vals.n - 1, kn_bc_type_of(r, r->vals.n - 1));
}
void kn_bc_vec_leave(struct kn_bc *r, uint32_t entered) { r->vals.n = entered; }
void kn_bc_vec_leave_with(struct kn_bc *r, uint32_t entered, struct kn_bc_vec *x,
                          const kiln_value *lanes) {
  kn_bc_vec_leave(r, entered);
  if (r->status != KILN_OK) return;
  kn_bc_vec_from_lanes(r, x, lanes);
  kn_bc_vec_def(r, x);
}

/* ---- bytes ---- */

void kn_bc_vec_to_v128(struct kn_bc *r, const struct kn_bc_vec *x, kiln_value *out) {
  for (uint32_t i = 0; i < x->parts; i++)
    out[i] = x->chunk == KILN_TYPE_V64
               ? kn_bc_vec_one(r, KILN_OP_VRESIZE, KILN_TYPE_V128, KILN_TYPE_V64, 0, x->v[i])
               : x->v[i];
}
void kn_bc_vec_from_v128(struct kn_bc *r, const kiln_value *in, struct kn_bc_vec *x) {
  for (uint32_t i = 0; i < x->parts; i++)
    x->v[i] = x->chunk == KILN_TYPE_V64
                ? kn_bc_vec_one(r, KILN_OP_VRESIZE, KILN_TYPE_V64, KILN_TYPE_V128, 0, in[i])
                : in[i];
}

void kn_bc_vec_bytes(struct kn_bc *r, const kiln_value *in, uint32_t n, const uint16_t *from,
                     kiln_type chunk, uint32_t parts, kiln_value *out) {
  unsigned size = kiln_type_size(chunk);
  for (uint32_t p = 0; p < parts; p++) {
    const uint16_t *k = from + (size_t)p * size;
    kiln_value v = {0};
    uint32_t first = UINT32_MAX;
    uint8_t control[16];
    for (uint32_t s = 0; s < n; s++) { /* adds the bytes of one register after the other */
      bool used = false, whole = true;
      for (unsigned b = 0; b < size; b++) {
        used |= k[b] != KN_BC_ANY_BYTE && k[b] / 16 == s;
        whole &= k[b] == KN_BC_ANY_BYTE || k[b] == 16 * s + b;
      }
      if (!used) continue;
      if (whole) {
        v = in[s];
        first = s;
        break;
      }
      if (first == UINT32_MAX) {
        first = s;
        continue;
      }
      memset(control, 0xff, sizeof control);
      for (unsigned b = 0; b < size; b++) {
        if (k[b] == KN_BC_ANY_BYTE || k[b] / 16 > s) continue;
        if (k[b] / 16 == s) control[b] = (uint8_t)(16 + k[b] % 16);
        else control[b] = (uint8_t)(v.id == 0 ? k[b] % 16 : b);
      }
      uint64_t c[2];
      memcpy(c, control, sizeof c);
      v = kiln_build_ternary(r->f, KILN_OP_VSHUFFLE, KILN_TYPE_V128, v.id ? v : in[first], in[s],
                             kiln_const_bits(r->f, KILN_TYPE_V128, c[0], c[1]));
    }
    if (first == UINT32_MAX) {
      out[p] = kiln_const_bits(r->f, chunk, 0, 0);
      continue;
    }
    if (v.id == 0) {
      memset(control, 0xff, sizeof control);
      for (unsigned b = 0; b < size; b++)
        if (k[b] != KN_BC_ANY_BYTE) control[b] = k[b] % 16;
      uint64_t c[2];
      memcpy(c, control, sizeof c);
      v = kiln_build_ternary(r->f, KILN_OP_VSHUFFLE, KILN_TYPE_V128, in[first], in[first],
                             kiln_const_bits(r->f, KILN_TYPE_V128, c[0], c[1]));
    }
    out[p] =
      chunk == KILN_TYPE_V64 ? kn_bc_vec_one(r, KILN_OP_VRESIZE, chunk, KILN_TYPE_V128, 0, v) : v;
  }
}

/* ---- masks ---- */

void kn_bc_vec_mask(struct kn_bc *r, const struct kn_bc_vec *from, struct kn_bc_vec *to) {
  unsigned a = kiln_type_size(from->lane), b = kiln_type_size(to->lane);
  if (a == b && from->chunk == to->chunk) {
    memcpy(to->v, from->v, from->parts * sizeof *to->v);
    return;
  }
  if (b <= 8 && kn_bc_vec_resize_mask(r, from, to)) return;
  kiln_value in[KN_BC_MAX_CHUNKS];
  kn_bc_vec_to_v128(r, from, in);
  uint16_t bytes[KN_BC_MAX_CHUNKS * 16];
  uint32_t total = to->parts * kiln_type_size(to->chunk);
  for (uint32_t i = 0; i < total; i++)
    bytes[i] =
      (uint16_t)(i / b < from->n ? i / b * a + (i % b < a ? i % b : a - 1) : KN_BC_ANY_BYTE);
  kn_bc_vec_bytes(r, in, from->parts, bytes, to->chunk, to->parts, to->v);
}

kiln_value kn_bc_vec_bits(struct kn_bc *r, const struct kn_bc_vec *x, uint32_t first) {
  kiln_func *f = r->f;
  kiln_value all = {0};
  for (uint32_t at = first; at < first + 64 && at < x->n; at += x->per) {
    kiln_value v = kn_bc_vec_one(r, KILN_OP_VSIGNS, KILN_TYPE_I32, x->chunk,
                                 kiln_type_size(x->lane), x->v[at / x->per]);
    if (x->n - at < x->per)
      v = kiln_build_binary(f, KILN_OP_AND, KILN_TYPE_I32, v,
                            kiln_const_int(f, (INT64_C(1) << (x->n - at)) - 1));
    v = kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, v);
    if (at > first)
      v = kiln_build_binary(f, KILN_OP_SHL, KILN_TYPE_I64, v, kiln_const_int(f, at - first));
    all = all.id ? kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I64, all, v) : v;
  }
  return all;
}

void kn_bc_vec_from_bits(struct kn_bc *r, struct kn_bc_vec *x, const kiln_value *words) {
  kiln_func *f = r->f;
  unsigned size = kiln_type_size(x->lane);
  uint8_t bits[16] = {0};
  for (unsigned k = 0; k < x->per; k++) bits[k * size] = (uint8_t)(1u << (k & 7));
  uint64_t c[2];
  memcpy(c, bits, sizeof c);
  kiln_value select = kiln_const_bits(f, x->chunk, c[0], c[1]);
  for (uint32_t i = 0; i < x->parts; i++) {
    uint32_t at = i * x->per;
    kiln_value v = words[at / 64];
    if (at % 64)
      v = kiln_build_binary(f, KILN_OP_LSHR, KILN_TYPE_I64, v, kiln_const_int(f, at % 64));
    kiln_type lane = size == 1 ? KILN_TYPE_I16 : x->lane;
    if (lane != KILN_TYPE_I64) v = kiln_build_convert(f, KILN_OP_TRUNC, lane, KILN_TYPE_I64, v);
    v = kn_bc_vec_one(r, KILN_OP_VSPLAT, x->chunk, lane, 0, v);
    if (size == 1) /* the first eight lanes look at the first byte */
      v = kiln_build_ternary(f, KILN_OP_VSHUFFLE, x->chunk, v, v,
                             kiln_const_bits(f, x->chunk, 0, UINT64_C(0x0101010101010101)));
    v = kiln_build_binary(f, KILN_OP_VAND, x->chunk, v, select);
    x->v[i] = kiln_build_vector(f, KILN_OP_VICMP, x->chunk, x->lane, KILN_ICOND_EQ, v, select);
  }
}

/* ---- constants ---- */

static bool constant_lane(struct kn_bc *r, uint32_t id, const struct kn_bc_vec *x, uint32_t k,
                          uint64_t bits[2], uint32_t *other);

static uint32_t lane_bits(const struct kn_bc *r, uint32_t elem) {
  return r->types.at[elem].kind == TK_PTR ? 64 : r->types.at[elem].bits;
}

/* Lane k of constant `id`, a vector or scalar, as one of `width` bits per lane. */
static bool constant_bits(struct kn_bc *r, uint32_t id, uint32_t width, uint32_t k,
                          uint64_t bits[2]) {
  /* a cast of a cast LLVM folds; in damaged files it may be its own */
  if (id >= r->inst_base || r->csts.at[id].kind == CK_CAST)
    return kn_bc_unsupported(r, "constant expressions of vectors");
  uint32_t type = kn_bc_type_of(r, id), other, now = UINT32_MAX;
  uint64_t from[2];
  struct kn_bc_vec y = {.n = 1, .elem = type};
  if (r->types.at[type].kind == TK_VECTOR && !kn_bc_vec_shape(r, type, &y)) return false;
  uint32_t own = lane_bits(r, y.elem);
  if (own == 0 || width > 128 || (uint64_t)own * y.n < (uint64_t)(k + 1) * width)
    return kn_bc_malformed(r, "bad vector constant");
  for (uint32_t b = 0; b < width; b++) {
    uint64_t at = (uint64_t)k * width + b;
    if (at / own != now) {
      now = (uint32_t)(at / own);
      if (!constant_lane(r, id, &y, now, from, &other)) return false;
      if (other != UINT32_MAX) return kn_bc_unsupported(r, "constant expressions of vectors");
    }
    uint32_t i = (uint32_t)(at % own);
    bits[b / 64] |= (from[i / 64] >> i % 64 & 1) << b % 64;
  }
  return true;
}

/* Lane k of constant vector `id`: the words of its bits, or, if it is no number, the constant's id in *other. */
static bool constant_lane(struct kn_bc *r, uint32_t id, const struct kn_bc_vec *x, uint32_t k,
                          uint64_t bits[2], uint32_t *other) {
  const struct kn_bc_cst *c = &r->csts.at[id];
  bits[0] = bits[1] = 0;
  *other = UINT32_MAX;
  switch (c->kind) {
  case CK_NULL:
  case CK_UNDEF:
  case CK_INT_UNDEF: return true;
  case CK_INT:
  case CK_FLOAT: *bits = c->v; return true;
  case CK_WIDE:
    for (uint32_t i = 0; i < c->n && i < 2; i++) bits[i] = kn_bc_words(r, c->index)[i];
    return true;
  case CK_DATA:
    if (c->n != x->n) break;
    *bits = kn_bc_words(r, c->index)[k];
    return true;
  case CK_BYTES:
    if (c->n + (uint64_t)c->x != x->n) break;
    *bits = k < c->n ? kn_bc_bytes(r, c->index)[k] : 0;
    return true;
  case CK_AGGREGATE: {
    if (c->n != x->n) break;
    uint32_t lane = kn_bc_list(r, c->index)[k];
    if (lane >= r->inst_base || kn_bc_type_of(r, lane) != x->elem) break;
    const struct kn_bc_cst *l = &r->csts.at[lane];
    if (l->kind == CK_INT && x->lane == KILN_TYPE_I128) bits[1] = 0 - (l->v >> 63);
    if (l->kind == CK_INT || l->kind == CK_FLOAT) *bits = l->v;
    else if (l->kind == CK_WIDE)
      for (uint32_t i = 0; i < l->n && i < 2; i++) bits[i] = kn_bc_words(r, l->index)[i];
    else if (l->kind != CK_INT_UNDEF && l->kind != CK_NULL && l->kind != CK_UNDEF) *other = lane;
    return true;
  }
  case CK_UNSUPPORTED: return kn_bc_bad_constant(r, c);
  case CK_CAST: /* one that LLVM leaves, since lanes are undefined */
    if (c->x == CAST_BITCAST && kn_bc_is_vector(r, id))
      return constant_bits(r, c->index, lane_bits(r, x->elem), k, bits);
    return kn_bc_unsupported(r, "constant expressions of vectors");
  case CK_BINOP:
  case CK_GEP:
  case CK_CMP:
  case CK_SELECT: return kn_bc_unsupported(r, "constant expressions of vectors");
  default: break;
  }
  return kn_bc_malformed(r, "bad vector constant");
}

bool kn_bc_vec_plain(struct kn_bc *r, uint32_t id) {
  struct kn_bc_vec x;
  uint64_t bits[2];
  uint32_t other;
  if (!kn_bc_vec_shape(r, kn_bc_type_of(r, id), &x)) return false;
  for (uint32_t k = 0; k < x.n && r->csts.at[id].kind == CK_AGGREGATE; k++)
    if (!constant_lane(r, id, &x, k, bits, &other) || other != UINT32_MAX) return false;
  return true;
}

/* Asks for the function to be read again, with constants that need code made in the entry, since here can be none. */
static bool make_in_entry(struct kn_bc *r) {
  if (r->again.hoist_module && !r->again.restart)
    return kn_bc_unsupported(r, "addresses in a constant vector here");
  r->again.restart = r->again.hoist_module = true;
  return true;
}

/* Lane k of constant `id`, an index: a vector's, or the same for all lanes. */
static bool constant_index(struct kn_bc *r, uint32_t id, uint32_t k, int64_t *out) {
  struct kn_bc_vec x;
  uint64_t bits[2];
  uint32_t other;
  if (!kn_bc_is_vector(r, id))
    return kn_bc_is_int(r, id, out) ||
           kn_bc_unsupported(r, "an index of a constant vector that is not a number");
  if (!kn_bc_vec_shape(r, kn_bc_type_of(r, id), &x) || !constant_lane(r, id, &x, k, bits, &other))
    return false;
  if (x.mask || x.apart || k >= x.n || other != UINT32_MAX || !kiln_type_is_int(x.lane))
    return kn_bc_unsupported(r, "an index of a constant vector that is not a number");
  unsigned unused = 64 - 8 * kiln_type_size(x.lane);
  *out = (int64_t)(bits[0] << unused) >> unused;
  return true;
}

/* A getelementptr as a constant. */
static bool constant_address(struct kn_bc *r, uint32_t id, struct kn_bc_vec *x) {
  const struct kn_bc_cst c = r->csts.at[id];
  uint32_t type = kn_bc_list(r, c.index)[0], base = kn_bc_list(r, c.index)[1];
  uint64_t disp[KN_BC_MAX_LANES] = {0};
  kiln_value lanes[KN_BC_MAX_LANES];
  int64_t k = 0;
  if (c.n < 2 || type >= r->types.n) return kn_bc_malformed(r, "bad vector constant");
  for (uint32_t i = 1; i < c.n; i++)
    if (kn_bc_list(r, c.index)[i] >= r->inst_base)
      return kn_bc_malformed(r, "value number out of range");
  for (uint32_t i = 2; i < c.n; i++) {
    uint32_t index = kn_bc_list(r, c.index)[i];
    const struct kn_bc_type *t = &r->types.at[type];
    bool field = i > 2 && t->kind == TK_STRUCT;
    if (i > 2 && !field && t->kind != TK_ARRAY)
      return kn_bc_unsupported(r, "getelementptr into a vector");
    if (i > 2 && !field) type = r->m->elems.at[t->first].type;
    if (!field && !kn_bc_sized(r, type)) return false;
    for (uint32_t lane = 0; lane < x->n; lane++) {
      if (!constant_index(r, index, lane, &k)) return false;
      if (field && (uint64_t)k >= t->n) return kn_bc_malformed(r, "struct index out of range");
      disp[lane] += field ? r->m->elems.at[t->first + (uint64_t)k].offset
                          : (uint64_t)k * r->types.at[type].size;
    }
    if (field) type = r->m->elems.at[t->first + (uint64_t)k].type;
  }
  struct kn_bc_vec from;
  bool many = kn_bc_is_vector(r, base);
  if (many && (!kn_bc_vec_shape(r, kn_bc_type_of(r, base), &from) || from.n != x->n))
    return kn_bc_malformed(r, "bad vector constant");
  for (uint32_t lane = 0; lane < x->n && r->status == KILN_OK; lane++) {
    uint64_t bits[2] = {0, 0};
    uint32_t other = base;
    if (many && !constant_lane(r, base, &from, lane, bits, &other)) return false;
    lanes[lane] =
      other == UINT32_MAX ? kiln_const_int(r->f, (int64_t)bits[0]) : kn_bc_const(r, other);
    if (disp[lane])
      lanes[lane] = kiln_build_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, lanes[lane],
                                      kiln_const_int(r->f, (int64_t)disp[lane]));
  }
  if (r->status == KILN_OK) kn_bc_vec_from_lanes(r, x, lanes);
  return r->status == KILN_OK;
}

/* The registers of constant `id`. */
static bool constant(struct kn_bc *r, uint32_t id, struct kn_bc_vec *x) {
  if (!kn_bc_vec_shape(r, kn_bc_type_of(r, id), x)) return false;
  if (r->csts.at[id].kind == CK_GEP) {
    if (!r->fn.no_code) return constant_address(r, id, x);
    for (uint32_t i = 0; i < x->parts; i++) x->v[i] = kn_bc_vec_splat(r, x, 0);
    return make_in_entry(r);
  }
  unsigned size = kiln_type_size(x->lane);
  kiln_value lanes[KN_BC_MAX_LANES];
  bool numbers = true;
  uint8_t bytes[KN_BC_MAX_LANES * 8 + 16] = {0};
  for (uint32_t k = 0; k < x->n; k++) {
    uint64_t bits[2];
    uint32_t other;
    if (!constant_lane(r, id, x, k, bits, &other)) return false;
    if (x->mask) bits[0] = 0 - (bits[0] & 1);
    memcpy(bytes + (size_t)k * size, bits, size);
    if (other == UINT32_MAX) {
      lanes[k] = x->lane == KILN_TYPE_I128 ? kiln_const_i128(r->f, bits[0], bits[1])
                 : kiln_type_is_int(x->lane)
                   ? kiln_const_int(r->f, (int64_t)bits[0])
                   : kiln_const_bits(r->f, x->lane, bits[0], size == 16 ? bits[1] : 0);
      continue;
    }
    numbers = false;
    if (r->fn.no_code) { /* made in the entry, then */
      if (!make_in_entry(r)) return false;
      lanes[k] = kiln_const_int(r->f, 0);
      continue;
    }
    lanes[k] = kn_bc_const(r, other);
    if (r->status != KILN_OK) return false;
  }
  if (!numbers && !r->fn.no_code) {
    kn_bc_vec_from_lanes(r, x, lanes);
    return true;
  }
  for (uint32_t i = 0; i < x->parts; i++) {
    uint64_t words[2];
    memcpy(words, bytes + (size_t)i * kiln_type_size(x->chunk), sizeof words);
    x->v[i] = kiln_const_bits(r->f, x->chunk, words[0], words[1]);
  }
  return true;
}

kiln_value kn_bc_vec_const(struct kn_bc *r, uint32_t id) {
  struct kn_bc_vec x;
  return constant(r, id, &x) ? x.v[0] : (kiln_value){0};
}

bool kn_bc_vec_const_parts(struct kn_bc *r, uint32_t id) {
  struct kn_bc_vec x;
  if (!constant(r, id, &x)) return false;
  for (uint32_t i = 0; i < x.parts; i++)
    if (!KN_BC_PUSH(r, r->fn.parts, x.v[i])) return false;
  return true;
}

/* Is lane k of constant `id` undefined, where others of it may not be? */
static bool undefined_lane(const struct kn_bc *r, uint32_t id, uint32_t k) {
  const struct kn_bc_cst *c = &r->csts.at[id];
  if (c->kind != CK_AGGREGATE) return false;
  unsigned kind = r->csts.at[kn_bc_list(r, c->index)[k]].kind;
  return kind == CK_INT_UNDEF || kind == CK_UNDEF;
}

bool kn_bc_vec_is_splat(struct kn_bc *r, uint32_t id, uint64_t *out) {
  struct kn_bc_vec x;
  bool found = false;
  if (id >= r->inst_base || r->csts.at[id].kind == CK_NONE) return false;
  if (!kn_bc_vec_shape(r, kn_bc_type_of(r, id), &x)) return false;
  for (uint32_t k = 0; k < x.n; k++) {
    uint64_t bits[2];
    uint32_t other;
    if (!constant_lane(r, id, &x, k, bits, &other) || other != UINT32_MAX) return false;
    if (kiln_type_size(x.lane) < 8) bits[0] &= (UINT64_C(1) << 8 * kiln_type_size(x.lane)) - 1;
    if (undefined_lane(r, id, k)) continue; /* may be what the others are */
    if (bits[1] || (found && bits[0] != *out)) return false;
    *out = bits[0];
    found = true;
  }
  if (!found) *out = 0;
  return true;
}

/* ---- memory ---- */

/* Bytes of register i that belong to the vector. */
static unsigned bytes_of(const struct kn_bc_vec *x, uint32_t i) {
  uint32_t size = kiln_type_size(x->chunk), all = x->n * kiln_type_size(x->lane);
  return all - i * size < size ? all - i * size : size;
}

void kn_bc_vec_pack(struct kn_bc *r, const struct kn_bc_vec *x, kiln_value *words) {
  kiln_func *f = r->f;
  unsigned bits = r->types.at[x->elem].bits;
  uint64_t used = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
  for (uint32_t k = 0, at = 0; k < x->n; k++, at += bits) {
    kiln_value v = kn_bc_vec_lane(r, x, k), *w = &words[at / 64];
    if (x->lane != KILN_TYPE_I64)
      v = kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I64, x->lane, v);
    v = kiln_build_binary(f, KILN_OP_AND, KILN_TYPE_I64, v, kiln_const_int(f, (int64_t)used));
    unsigned shift = at % 64;
    kiln_value low =
      shift ? kiln_build_binary(f, KILN_OP_SHL, KILN_TYPE_I64, v, kiln_const_int(f, shift)) : v;
    w[0] = shift ? kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I64, w[0], low) : low;
    if (shift + bits > 64) /* the lane goes on in the next word */
      w[1] = kiln_build_binary(f, KILN_OP_LSHR, KILN_TYPE_I64, v, kiln_const_int(f, 64 - shift));
  }
}

void kn_bc_vec_unpack(struct kn_bc *r, struct kn_bc_vec *x, const kiln_value *words) {
  kiln_func *f = r->f;
  kiln_value lanes[KN_BC_MAX_LANES];
  unsigned bits = r->types.at[x->elem].bits;
  for (uint32_t k = 0, at = 0; k < x->n; k++, at += bits) {
    unsigned shift = at % 64;
    kiln_value v = words[at / 64];
    if (shift) v = kiln_build_binary(f, KILN_OP_LSHR, KILN_TYPE_I64, v, kiln_const_int(f, shift));
    if (shift + bits > 64) {
      kiln_value more = kiln_build_binary(f, KILN_OP_SHL, KILN_TYPE_I64, words[at / 64 + 1],
                                          kiln_const_int(f, 64 - shift));
      v = kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I64, v, more);
    }
    lanes[k] = x->lane == KILN_TYPE_I64
                 ? v
                 : kiln_build_convert(f, KILN_OP_TRUNC, x->lane, KILN_TYPE_I64, v);
  }
  kn_bc_vec_from_lanes(r, x, lanes);
}

void kn_bc_vec_read(struct kn_bc *r, kiln_value a, int32_t offset, struct kn_bc_vec *x,
                    unsigned mem) {
  if (x->mask || x->odd) {
    kiln_value words[KN_BC_MAX_LANES];
    unsigned bytes = (r->types.at[x->type].bits + 7) / 8;
    for (unsigned i = 0; i < bytes; i += 8)
      words[i / 8] = kn_bc_load_bytes(r, a, offset + (int32_t)i, bytes - i < 8 ? bytes - i : 8,
                                      KILN_TYPE_I64, mem);
    if (x->odd) kn_bc_vec_unpack(r, x, words);
    else kn_bc_vec_from_bits(r, x, words);
    return;
  }
  for (uint32_t i = 0; i < x->parts; i++) {
    unsigned n = bytes_of(x, i), size = kiln_type_size(x->chunk);
    int32_t at = offset + (int32_t)(i * size);
    if (n == size) {
      x->v[i] = kiln_build_load(r->f, x->chunk, a, at, mem);
      continue;
    }
    if (n == 4) {
      kiln_value v = kiln_build_load(r->f, KILN_TYPE_F32, a, at, mem);
      x->v[i] = kn_bc_vec_one(r, KILN_OP_VSPLAT, x->chunk, KILN_TYPE_F32, 0, v);
      continue;
    }
    kiln_value low = kn_bc_load_bytes(r, a, at, n < 8 ? n : 8, KILN_TYPE_I64, mem);
    x->v[i] = kn_bc_vec_one(r, KILN_OP_VSPLAT, x->chunk, KILN_TYPE_I64, 0, low);
    if (n <= 8) continue;
    kiln_value high = kn_bc_load_bytes(r, a, at + 8, n - 8, KILN_TYPE_I64, mem);
    x->v[i] = kiln_build_vector(r->f, KILN_OP_VINSERT, x->chunk, KILN_TYPE_I64, 1, x->v[i], high);
  }
}

void kn_bc_vec_load(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem) {
  struct kn_bc_vec x;
  if (!kn_bc_vec_shape(r, type, &x)) return;
  kn_bc_vec_read(r, a, 0, &x, mem);
  kn_bc_vec_def(r, &x);
}

void kn_bc_vec_write(struct kn_bc *r, kiln_value a, int32_t offset, const struct kn_bc_vec *x,
                     unsigned mem) {
  if (x->mask || x->odd) {
    kiln_value words[KN_BC_MAX_LANES];
    unsigned bytes = (r->types.at[x->type].bits + 7) / 8;
    if (x->odd) kn_bc_vec_pack(r, x, words);
    for (unsigned i = 0; i < bytes; i += 8)
      kn_bc_store_bytes(r, a, offset + (int32_t)i,
                        x->odd ? words[i / 8] : kn_bc_vec_bits(r, x, 8 * i),
                        bytes - i < 8 ? bytes - i : 8, KILN_TYPE_I64, mem);
    return;
  }
  for (uint32_t i = 0; i < x->parts; i++) {
    unsigned n = bytes_of(x, i), size = kiln_type_size(x->chunk);
    int32_t at = offset + (int32_t)(i * size);
    if (n == size) {
      kiln_build_store(r->f, x->chunk, a, at, x->v[i], mem);
      continue;
    }
    if (n == 4) {
      kiln_value v = kn_bc_vec_one(r, KILN_OP_VEXTRACT, KILN_TYPE_F32, x->chunk, 0, x->v[i]);
      kiln_build_store(r->f, KILN_TYPE_F32, a, at, v, mem);
      continue;
    }
    for (unsigned k = 0; k < n; k += 8)
      kn_bc_store_bytes(r, a, at + (int32_t)k,
                        kn_bc_vec_one(r, KILN_OP_VEXTRACT, KILN_TYPE_I64, x->chunk, k / 8, x->v[i]),
                        n - k < 8 ? n - k : 8, KILN_TYPE_I64, mem);
  }
}

void kn_bc_vec_store(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem) {
  struct kn_bc_vec x;
  if (kn_bc_vec_get(r, id, type, &x)) kn_bc_vec_write(r, a, 0, &x, mem);
}
