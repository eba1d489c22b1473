/* Calls of a processor's intrinsics, llvm.x86.* and llvm.aarch64.*: most are a row of the
 * target's table of instructions by that name (kiln_machine_find). Vectors of several registers
 * take the instruction once for each where it works so. What is more than that is below: results
 * in structs, memory with several vectors, lookups in several tables; fixed.c has those that are bytes. Called by
 * intrinsics.c. */
#include "bc.h"

#include <string.h>

struct call {
  struct kn_bc *r;
  const struct kn_bc_elem *params;
  const uint64_t *ops;
  unsigned n;
  uint32_t ret;     /* type */
  uint32_t attrs;   /* list */
  const char *name; /* behind "llvm.TARGET.", without a NUL */
  size_t length;
};

static uint32_t arg_id(const struct call *c, unsigned i) {
  return c->r->vals.n - (uint32_t)c->ops[i];
}
static const struct kn_bc_type *arg_info(const struct call *c, unsigned i) {
  return &c->r->types.at[c->params[i].type];
}
static kiln_value imm(const struct call *c, int64_t v) { return kiln_const_int(c->r->f, v); }
static bool named(const struct call *c, const char *name) {
  return c->length == strlen(name) && memcmp(c->name, name, c->length) == 0;
}
static bool begins(const struct call *c, const char *name) {
  return c->length > strlen(name) && memcmp(c->name, name, strlen(name)) == 0;
}
/* Where `text` is in the name; 0: nowhere behind its beginning. */
static size_t within(const struct call *c, const char *text) {
  size_t n = strlen(text);
  for (size_t at = 1; at + n <= c->length; at++)
    if (memcmp(c->name + at, text, n) == 0) return at;
  return 0;
}
static bool bad(const struct call *c) {
  return kn_bc_malformed(c->r, "an intrinsic of a type that it cannot have");
}
static bool find(const struct call *c, const char *row, kiln_machine *m) {
  return kiln_machine_find(kiln_module_target(c->r->module), row, strlen(row), m) ||
         kn_bc_unsupported(c->r, "this intrinsic");
}
static kiln_value build(const struct call *c, const kiln_machine *m, const kiln_value *v) {
  return kiln_build_machine(c->r->f, m->row, v, m->n_operands);
}
static kiln_value lanes_op(const struct call *c, kiln_op op, kiln_type type, kiln_type lane,
                           unsigned number, kiln_value a) {
  return kiln_build_vector(c->r->f, op, type, lane, number, a, (kiln_value){0});
}

/* Argument `i`, a scalar, as an operand of `type`: narrower integers, and halves, with zeros above. */
static bool scalar(const struct call *c, unsigned i, kiln_type type, kiln_value *out) {
  const struct kn_bc_type *t = arg_info(c, i);
  if (t->kind == TK_INT && kiln_type_is_int(type) && t->ktype <= type) {
    *out = kn_bc_use_z(c->r, arg_id(c, i), c->params[i].type);
    int64_t known;
    if (t->ktype != type && !kn_bc_is_int(c->r, arg_id(c, i), &known))
      *out = kiln_build_convert(c->r->f, KILN_OP_ZEXT, type, (kiln_type)t->ktype, *out);
    return true;
  }
  if (t->kind == TK_SOFT && t->ktype == KILN_TYPE_I16 && type == KILN_TYPE_I32) {
    kiln_value half = kn_bc_use(c->r, arg_id(c, i), c->params[i].type);
    *out = kiln_build_convert(c->r->f, KILN_OP_ZEXT, type, KILN_TYPE_I16, half);
    return true;
  }
  if (t->ktype != type || (t->kind != TK_PTR && t->kind != TK_FLOAT)) return bad(c);
  *out = kn_bc_use(c->r, arg_id(c, i), c->params[i].type);
  return true;
}

/* The constant argument `i`, for an instruction with that immediate. */
static bool immediate(const struct call *c, unsigned i, const kiln_machine *m, kiln_value *out) {
  int64_t v;
  uint64_t bits;
  if (arg_info(c, i)->kind == TK_VECTOR && kn_bc_vec_is_splat(c->r, arg_id(c, i), &bits))
    v = (int64_t)bits;
  else if (!kn_bc_is_int(c->r, arg_id(c, i), &v))
    return kn_bc_malformed(c->r, "an intrinsic's argument that is not constant");
  if (m->most == UINT8_MAX) v &= UINT8_MAX;
  if (v < m->least || v > m->most)
    return kn_bc_unsupported(c->r, "an immediate that the instruction cannot have");
  *out = imm(c, v);
  return true;
}

/* Defines the result, a struct, of `n` pieces. */
static void define(const struct call *c, const kiln_value *v, unsigned n) {
  struct kn_bc *r = c->r;
  uint32_t first = r->fn.parts.n;
  if (r->status != KILN_OK) return;
  if (!kn_bc_split(r, c->ret) || r->types.at[c->ret].n_pieces != n) {
    bad(c);
    return;
  }
  if (!KN_BC_ROOM(r, r->fn.parts, (uint64_t)first + n)) return;
  for (unsigned i = 0; i < n; i++) r->fn.parts.at[first + i] = v[i].id;
  r->fn.parts.n += n;
  kn_bc_define_parts(r, c->ret, first);
}

/* ---- one instruction for each register ---- */

/* How an intrinsic of 256 or 512 bits becomes instructions of 128. */
enum how {
  EACH,    /* one for each register */
  MEMORY,  /* the same; the address is 16 bytes further for each */
  AGAIN,   /* the same, with the same operands */
  NARROW,  /* the same; of each result the lower half */
  BITS,    /* of i32, the first one's below: `shift` bits each */
  BOTH,    /* of i32, 0 or 1: and */
  NEITHER, /* of that row the results with z and with c: 1 if neither is */
  HALVES   /* EACH; the immediate has 3 bits for each */
};
static const struct split {
  const char *name, *row;
  uint8_t how, shift;
} splits[] = {
#include "vectors/splits.def"
};

/* The operands of instruction `p` of several, from the vectors among the arguments. */
static bool operands(const struct call *c, const kiln_machine *m, unsigned how, uint32_t p,
                     const struct kn_bc_vec *x, kiln_value *v) {
  for (unsigned k = 0; k < m->n_operands; k++) {
    if (m->immediate && k + 1 == m->n_operands) {
      if (how == HALVES) {
        int64_t bits;
        if (!kn_bc_is_int(c->r, arg_id(c, k), &bits)) return bad(c);
        v[k] = imm(c, bits >> (3 * p) & 7);
      } else if (!immediate(c, k, m, &v[k])) {
        return false;
      }
    } else if (arg_info(c, k)->kind == TK_VECTOR) {
      if (x[k].chunk != m->operands[k] || x[k].mask) return bad(c);
      v[k] = x[k].v[x[k].parts == 1 ? 0 : p]; /* a count is the same for all */
    } else {
      if (!scalar(c, k, m->operands[k], &v[k])) return false;
      if (how == MEMORY && p && arg_info(c, k)->kind == TK_PTR)
        v[k] = kiln_build_addr(c->r->f, v[k], (kiln_value){0}, 0, (int32_t)(16 * p));
    }
  }
  return true;
}

/* The lower halves of registers, one after the other. */
static void narrow(const struct call *c, const kiln_value *v, uint32_t n, struct kn_bc_vec *out) {
  uint16_t from[KN_BC_MAX_CHUNKS * 8];
  for (uint32_t i = 0; i < 8 * n; i++) from[i] = (uint16_t)(i / 8 * 16 + i % 8);
  kn_bc_vec_bytes(c->r, v, n, from, out->chunk, out->parts, out->v);
}

static void split(const struct call *c, const kiln_machine *m, const struct split *s) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[KILN_MACHINE_OPERANDS], out;
  kiln_value v[KILN_MACHINE_OPERANDS], results[KN_BC_MAX_CHUNKS], all = {0};
  const struct kn_bc_type *rt = &r->types.at[c->ret];
  bool vector = rt->kind == TK_VECTOR;
  bool half = rt->ktype == KILN_TYPE_I16 && m->result == KILN_TYPE_I32; /* its lower bits */
  unsigned how = s ? s->how : EACH;
  uint32_t parts = 1;
  if (c->n != m->n_operands) {
    bad(c);
    return;
  }
  for (unsigned k = 0; k < c->n; k++) {
    if (arg_info(c, k)->kind != TK_VECTOR) continue;
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x[k])) return;
    if (parts != 1 && x[k].parts != 1 && x[k].parts != parts) {
      bad(c);
      return;
    }
    if (x[k].parts != 1) parts = x[k].parts;
  }
  if (vector && !kn_bc_vec_shape(r, c->ret, &out)) return;
  if (vector && (how == MEMORY || how == AGAIN)) parts = out.parts;
  bool fits = m->result == KILN_TYPE_VOID ? rt->kind == TK_VOID
              : vector ? (how == NARROW ? out.parts * 2 == parts : out.parts == parts) &&
                           (how == NARROW || out.chunk == m->result) && !out.mask
                       : half || (rt->ktype == m->result && rt->fit == FIT_EXACT);
  if (!fits || (parts != 1 && !s)) {
    bad(c);
    return;
  }
  for (uint32_t p = 0; p < parts; p++) {
    if (!operands(c, m, how, p, x, v)) return;
    results[p] = build(c, m, v);
    if (how == BITS && p)
      results[p] =
        kiln_build_binary(r->f, KILN_OP_SHL, KILN_TYPE_I32, results[p], imm(c, s->shift * p));
    if (how == BITS || how == BOTH)
      all = p ? kiln_build_binary(r->f, how == BITS ? KILN_OP_OR : KILN_OP_AND, KILN_TYPE_I32, all,
                                  results[p])
              : results[p];
  }
  if (r->status != KILN_OK || m->result == KILN_TYPE_VOID) return;
  if (!vector) {
    if (half)
      results[0] =
        kiln_build_convert(r->f, KILN_OP_TRUNC, KILN_TYPE_I16, KILN_TYPE_I32, results[0]);
    kn_bc_def(r, c->ret, how == BITS || how == BOTH ? all : results[0]);
    return;
  }
  if (how == NARROW) narrow(c, results, parts, &out);
  else memcpy(out.v, results, parts * sizeof *results);
  kn_bc_vec_def(r, &out);
}

/* 1 if for neither condition all registers say 1: `row` has the condition's letter at its end, or for '?'. */
static void neither(const struct call *c, const char *row) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[2];
  kiln_value v[2], any = {0};
  if (c->n != 2 || r->types.at[c->ret].ktype != KILN_TYPE_I32) {
    bad(c);
    return;
  }
  for (unsigned k = 0; k < 2; k++)
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x[k])) return;
  for (unsigned i = 0; i < 2; i++) {
    char name[KILN_MACHINE_NAME] = {0};
    kiln_machine m;
    size_t n = strlen(row);
    memcpy(name, row, n);
    char *at = memchr(name, '?', n);
    *(at ? at : name + n) = i ? 'c' : 'z';
    if (!find(c, name, &m)) return;
    kiln_value all = {0};
    for (uint32_t p = 0; p < x[0].parts; p++) {
      if (!operands(c, &m, EACH, p, x, v)) return;
      kiln_value one = build(c, &m, v);
      all = p ? kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I32, all, one) : one;
    }
    any = i ? kiln_build_binary(r->f, KILN_OP_OR, KILN_TYPE_I32, any, all) : all;
  }
  kn_bc_def(r, c->ret, kiln_build_binary(r->f, KILN_OP_XOR, KILN_TYPE_I32, any, imm(c, 1)));
}

/* ---- x86-64 ---- */

/* {carry, a + b + carry}, or the difference. */
static void carry(const struct call *c, bool add) {
  kiln_func *f = c->r->f;
  if (c->n != 3 || arg_info(c, 0)->ktype != KILN_TYPE_I8) {
    bad(c);
    return;
  }
  kiln_type t = (kiln_type)arg_info(c, 1)->ktype;
  kiln_value in, a, b, v[2];
  if ((t != KILN_TYPE_I32 && t != KILN_TYPE_I64) || !scalar(c, 0, KILN_TYPE_I8, &in) ||
      !scalar(c, 1, t, &a) || !scalar(c, 2, t, &b)) {
    bad(c);
    return;
  }
  kiln_op op = add ? KILN_OP_UADDO : KILN_OP_USUBO;
  in = kiln_build_icmp(f, KILN_NE, KILN_TYPE_I8,
                       kiln_build_unary(f, KILN_OP_COPY, KILN_TYPE_I8, in), imm(c, 0));
  in = kiln_build_convert(f, KILN_OP_ZEXT, t, KILN_TYPE_I8, in);
  a = kiln_build_unary(f, KILN_OP_COPY, t, a);
  kiln_value s = kiln_build_binary(f, op, t, a, b), over = kiln_build_result(f, s, 1);
  v[1] = kiln_build_binary(f, op, t, s, in);
  v[0] = kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I8, over, kiln_build_result(f, v[1], 1));
  define(c, v, 2);
}

/* {value, i32}: one result is in memory: of rdtscp the second one, else the first one. */
static void by_memory(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_machine m;
  if (!kiln_machine_find(kiln_module_target(r->module), c->name, c->length, &m) || c->n) {
    bad(c);
    return;
  }
  bool second = named(c, "rdtscp");
  kiln_type t = second                          ? KILN_TYPE_I32
                : c->name[c->length - 1] == '6' ? KILN_TYPE_I16
                : c->name[c->length - 1] == '2' ? KILN_TYPE_I32
                                                : KILN_TYPE_I64;
  kiln_value slot = kiln_slot_new(r->f, 16, 4), v[2];
  v[!second] = build(c, &m, &slot);
  v[second] = kiln_build_load(r->f, t, slot, 0, 0);
  define(c, v, 2);
}

/* Comparisons of strings with lengths: the operands are in memory, as the row wants them. */
static void with_lengths(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  kiln_machine m;
  kiln_value slot = kiln_slot_new(r->f, 48, 4), v, operand[2] = {slot};
  if (!kiln_machine_find(kiln_module_target(r->module), c->name, c->length, &m) || c->n != 5) {
    bad(c);
    return;
  }
  for (unsigned k = 0; k < 2; k++) {
    if (!kn_bc_vec_get(r, arg_id(c, 2 * k), c->params[2 * k].type, &x) || x.parts != 1) return;
    kiln_build_store(r->f, x.chunk, slot, (int32_t)(16 * k), x.v[0], 0);
    if (!scalar(c, 2 * k + 1, KILN_TYPE_I32, &v)) return;
    kiln_build_store(r->f, KILN_TYPE_I32, slot, (int32_t)(32 + 4 * k), v, 0);
  }
  if (!immediate(c, 4, &m, &operand[1])) return;
  v = build(c, &m, operand);
  if (r->types.at[c->ret].kind != TK_VECTOR) {
    kn_bc_def(r, c->ret, v);
  } else if (kn_bc_vec_shape(r, c->ret, &x)) {
    x.v[0] = v;
    kn_bc_vec_def(r, &x);
  }
}

/* Lanes of 32 bits of a vector of 256 by number. */
static void permute(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x, by;
  kiln_func *f = r->f;
  if (c->n != 2 || !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &x) ||
      !kn_bc_vec_get(r, arg_id(c, 1), c->params[1].type, &by))
    return;
  if (x.parts != 2 || by.parts != 2 || by.lane != KILN_TYPE_I32 || c->ret != x.type) {
    bad(c);
    return;
  }
  kiln_value low = kn_bc_vec_splat(r, &by, 7), each = kn_bc_vec_splat(r, &by, 0x04040404),
             base = kn_bc_vec_splat(r, &by, 0x03020100), out[2];
  for (unsigned p = 0; p < 2; p++) {
    kiln_value k = kiln_build_binary(f, KILN_OP_VAND, KILN_TYPE_V128, by.v[p], low);
    k = kiln_build_vector(f, KILN_OP_VMUL, KILN_TYPE_V128, KILN_TYPE_I32, 0, k, each);
    k = kiln_build_binary(f, KILN_OP_VOR, KILN_TYPE_V128, k, base);
    out[p] = kiln_build_ternary(f, KILN_OP_VSHUFFLE, KILN_TYPE_V128, x.v[0], x.v[1], k);
  }
  memcpy(x.v, out, sizeof out);
  kn_bc_vec_def(r, &x);
}

/* Loads the lanes whose mask has its highest bit set; of those that are not, nothing is read. */
static void gather(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_func *f = r->f;
  struct kn_bc_vec x, by, mask;
  kiln_value base, lanes[KN_BC_MAX_LANES];
  int64_t scale;
  if (c->n != 5 || !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &x) ||
      !scalar(c, 1, KILN_TYPE_I64, &base) ||
      !kn_bc_vec_get(r, arg_id(c, 2), c->params[2].type, &by) ||
      !kn_bc_vec_get(r, arg_id(c, 3), c->params[3].type, &mask) ||
      !kn_bc_is_int(r, arg_id(c, 4), &scale))
    return;
  if (c->ret != x.type || mask.n != x.n || !kiln_type_is_int(by.lane) || (scale & ~15) ||
      kiln_type_size(mask.lane) != kiln_type_size(x.lane)) {
    bad(c);
    return;
  }
  kiln_value nowhere = kiln_slot_new(f, 16, 4);
  kiln_type it = kiln_type_size(mask.lane) == 8 ? KILN_TYPE_I64 : KILN_TYPE_I32;
  for (uint32_t k = 0; k < x.n; k++) {
    kiln_value old = kn_bc_vec_lane(r, &x, k), on = {0}, i = {0};
    if (k < by.n) {
      i = kn_bc_vec_lane(r, &by, k);
      if (by.lane == KILN_TYPE_I32)
        i = kiln_build_convert(f, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I32, i);
      on = kn_bc_vec_lane(r, &mask, k);
      if (mask.lane != it) on = kiln_build_convert(f, KILN_OP_BITCAST, it, mask.lane, on);
      on = kiln_build_icmp(f, KILN_SLT, it, on, imm(c, 0));
      kiln_value at = kiln_build_addr(f, base, i, (unsigned)scale, 0);
      at = kiln_build_select(f, KILN_TYPE_I64, on, at, nowhere);
      lanes[k] = kiln_build_select(f, x.lane, on, kiln_build_load(f, x.lane, at, 0, 0), old);
    } else { /* beyond the last index */
      lanes[k] = kiln_const_bits(f, x.lane, 0, 0);
    }
  }
  if (r->status != KILN_OK) return;
  kn_bc_vec_from_lanes(r, &x, lanes);
  kn_bc_vec_def(r, &x);
}

/* Bit 4a + 2b + c of the immediate for bits a, b and c of the vectors: the exclusive or of products (its algebraic
 * normal form), of which `terms` has a bit each. */
static void ternary_logic(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[3], out;
  int64_t table;
  if (c->n != 4 || !kn_bc_is_int(r, arg_id(c, 3), &table)) {
    bad(c);
    return;
  }
  for (unsigned k = 0; k < 3; k++) {
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x[k])) return;
    if (x[k].type != c->ret || x[k].chunk != KILN_TYPE_V128 || x[k].mask) {
      bad(c);
      return;
    }
  }
  unsigned terms = (unsigned)table & UINT8_MAX;
  terms ^= terms << 1 & 0xaa;
  terms ^= terms << 2 & 0xcc;
  terms ^= terms << 4 & 0xf0;
  out = x[0];
  for (uint32_t p = 0; p < out.parts; p++) {
    kiln_value sum = kn_bc_vec_splat(r, &out, terms & 1 ? UINT64_MAX : 0);
    for (unsigned i = 1; i < 8; i++) {
      kiln_value product = {0};
      if ((terms >> i & 1) == 0) continue;
      for (unsigned k = 0; k < 3; k++) {
        if ((i >> (2 - k) & 1) == 0) continue;
        product = product.id
                    ? kiln_build_binary(r->f, KILN_OP_VAND, KILN_TYPE_V128, product, x[k].v[p])
                    : x[k].v[p];
      }
      sum = kiln_build_binary(r->f, KILN_OP_VXOR, KILN_TYPE_V128, sum, product);
    }
    out.v[p] = sum;
  }
  kn_bc_vec_def(r, &out);
}

/* SSE4A: a field of the lower 64 bits, whose length and place are bytes of the last vector: of
 * extrq of its own, of insertq behind what is put in. Immediates are put there. */
static void fields(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[2];
  kiln_machine m;
  int64_t length, first;
  bool inserts = begins(c, "sse4a.insert"), given = c->name[c->length - 1] == 'i';
  unsigned vectors = inserts || !given ? 2 : 1;
  if (c->n != vectors + 2 * given || !find(c, inserts ? "sse4a.insertq" : "sse4a.extrq", &m)) {
    bad(c);
    return;
  }
  for (unsigned k = 0; k < vectors; k++) {
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x[k])) return;
    if (x[k].chunk != KILN_TYPE_V128 || x[k].parts != 1) {
      bad(c);
      return;
    }
  }
  if (c->ret != x[0].type) {
    bad(c);
    return;
  }
  kiln_value by = vectors == 2 ? x[1].v[0] : x[0].v[0];
  if (given) {
    if (!kn_bc_is_int(r, arg_id(c, vectors), &length) ||
        !kn_bc_is_int(r, arg_id(c, vectors + 1), &first)) {
      bad(c);
      return;
    }
    by = kiln_build_vector(r->f, KILN_OP_VINSERT, KILN_TYPE_V128, KILN_TYPE_I64, inserts ? 1 : 0,
                           by, imm(c, (length & 63) | (first & 63) << 8));
  }
  x[0].v[0] = build(c, &m, (kiln_value[]){x[0].v[0], by});
  kn_bc_vec_def(r, &x[0]);
}

static bool x86(const struct call *c) {
  if (begins(c, "addcarry.")) carry(c, true);
  else if (begins(c, "subborrow.")) carry(c, false);
  else if (begins(c, "rdrand.") || begins(c, "rdseed.") || named(c, "rdtscp")) by_memory(c);
  else if (begins(c, "sse42.pcmpestr")) with_lengths(c);
  else if (named(c, "avx2.permd") || named(c, "avx2.permps")) permute(c);
  else if (begins(c, "avx2.gather.")) gather(c);
  else if (begins(c, "avx512.pternlog.")) ternary_logic(c);
  else if (begins(c, "sse4a.")) fields(c);
  else if (begins(c, "avx512.vpdp") && !(c->r->fn.global->fn_flags & FA_AVX_VNNI))
    kn_bc_unsupported(c->r, "AVX-512's products of bytes and words, without AVX-VNNI");
  else if (begins(c, "avx512.vpmadd52") && !(c->r->fn.global->fn_flags & FA_AVX_IFMA))
    kn_bc_unsupported(c->r, "AVX-512's products of 52 bits, without AVX-IFMA");
  else return false;
  return true;
}

/* ---- AArch64 ---- */

/* tbl and tbx: with several tables, one lookup in each, numbers of bytes counting from its first. */
static void lookup(const struct call *c, bool keeps) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec table, by, out;
  unsigned first = keeps ? 1 : 0, n = c->n - 1 - first;
  kiln_machine tbl, tbx;
  char name[2][KILN_MACHINE_NAME] = {"neon.tbl1", "neon.tbx1"};
  if (c->n < 2 + first || n > 4 || !kn_bc_vec_shape(r, c->ret, &out) || out.parts != 1) return;
  if (keeps && !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &out)) return;
  if (!kn_bc_vec_get(r, arg_id(c, c->n - 1), c->params[c->n - 1].type, &by) || by.parts != 1)
    return;
  kn_bc_row_type(name[0], by.n, by.lane);
  kn_bc_row_type(name[1], by.n, by.lane);
  if (!find(c, name[0], &tbl) || !find(c, name[1], &tbx)) return;
  for (unsigned k = 0; k < n; k++) {
    if (!kn_bc_vec_get(r, arg_id(c, first + k), c->params[first + k].type, &table)) return;
    if (table.parts != 1 || table.chunk != KILN_TYPE_V128 || by.chunk != out.chunk) {
      bad(c);
      return;
    }
    kiln_value i = by.v[0];
    if (k)
      i = kiln_build_vector(r->f, KILN_OP_VSUB, by.chunk, KILN_TYPE_I8, 0, i,
                            kn_bc_vec_splat(r, &by, 16 * k));
    if (k == 0 && !keeps) out.v[0] = build(c, &tbl, (kiln_value[]){table.v[0], i});
    else out.v[0] = build(c, &tbx, (kiln_value[]){out.v[0], table.v[0], i});
  }
  kn_bc_vec_def(r, &out);
}

/* A product with one lane: name.lane.TYPE.TYPE. */
static void by_lane(const struct call *c, const char *row) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec a, b;
  kiln_machine m;
  int64_t k;
  char name[KILN_MACHINE_NAME] = {0};
  if (c->n != 3 || !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &a) ||
      !kn_bc_vec_get(r, arg_id(c, 1), c->params[1].type, &b))
    return;
  if (!kn_bc_is_int(r, arg_id(c, 2), &k) || k < 0 || k >= b.n || a.parts != 1 || b.parts != 1 ||
      a.lane != b.lane || c->ret != a.type) {
    bad(c);
    return;
  }
  memcpy(name, row, strlen(row));
  kn_bc_row_type(name, a.n, a.lane);
  if (!find(c, name, &m)) return;
  kiln_value lane = lanes_op(c, KILN_OP_VEXTRACT, b.lane, b.chunk, (unsigned)k, b.v[0]);
  lane = lanes_op(c, KILN_OP_VSPLAT, a.chunk, a.lane, 0, lane);
  a.v[0] = build(c, &m, (kiln_value[]){a.v[0], lane});
  kn_bc_vec_def(r, &a);
}

/* What a vector intrinsic of memory does: behind "neon.ld" or "neon.st". */
struct many {
  unsigned n; /* vectors */
  bool load, plain, lane,
    all; /* one vector behind the other; one lane of each; the same in all lanes */
};

/* Loads and stores of `n` vectors, the elements of which alternate in memory. */
static void structures(const struct call *c, struct many s) {
  struct kn_bc *r = c->r;
  kiln_func *f = r->f;
  struct kn_bc_vec x[4];
  unsigned vectors = s.load && !s.lane ? 0 : s.n;
  kiln_value a, v[4], mem[4];
  int64_t at = 0;
  if (c->n != vectors + s.lane + 1) {
    bad(c);
    return;
  }
  for (unsigned i = 0; i < vectors; i++) {
    if (!kn_bc_vec_get(r, arg_id(c, i), c->params[i].type, &x[i])) return;
    v[i] = x[i].v[0];
  }
  if (vectors == 0) {
    const struct kn_bc_type *t = &r->types.at[c->ret];
    if (t->kind != TK_STRUCT || t->n != s.n ||
        !kn_bc_vec_shape(r, r->m->elems.at[t->first].type, &x[0])) {
      bad(c);
      return;
    }
  }
  if (x[0].parts != 1 || x[0].mask || !scalar(c, c->n - 1, KILN_TYPE_I64, &a)) {
    bad(c);
    return;
  }
  kiln_type chunk = x[0].chunk, lane = x[0].lane;
  unsigned size = kiln_type_size(chunk), es = kiln_type_size(lane);
  if (s.lane && (!kn_bc_is_int(r, arg_id(c, vectors), &at) || at < 0 || at >= x[0].n)) {
    bad(c);
    return;
  }
  if (s.lane || s.all) { /* one element of each */
    for (unsigned i = 0; i < s.n; i++) {
      int32_t disp = (int32_t)(i * es);
      if (!s.load)
        kiln_build_store(f, lane, a, disp,
                         lanes_op(c, KILN_OP_VEXTRACT, lane, chunk, (unsigned)at, v[i]), 0);
      else mem[i] = kiln_build_load(f, lane, a, disp, 0);
    }
    for (unsigned i = 0; i < s.n && s.load; i++)
      v[i] = s.all ? lanes_op(c, KILN_OP_VSPLAT, chunk, lane, 0, mem[i])
                   : kiln_build_vector(f, KILN_OP_VINSERT, chunk, lane, (unsigned)at, v[i], mem[i]);
    if (s.load) define(c, v, s.n);
    return;
  }
  /* byte k of register i, and where it is in memory; registers count as 16 bytes */
  uint16_t from[64];
  for (unsigned i = 0; i < s.n; i++)
    for (unsigned k = 0; k < size; k++) {
      unsigned to = s.plain ? i * size + k : (k / es * s.n + i) * es + k % es;
      if (s.load) from[i * size + k] = (uint16_t)(to / size * 16 + to % size);
      else from[to] = (uint16_t)(16 * i + k);
    }
  for (unsigned i = 0; i < s.n; i++) {
    kiln_value one = s.load ? kiln_build_load(f, chunk, a, (int32_t)(i * size), 0) : v[i];
    mem[i] = size == 16 ? one : lanes_op(c, KILN_OP_VRESIZE, KILN_TYPE_V128, KILN_TYPE_V64, 0, one);
  }
  kn_bc_vec_bytes(r, mem, s.n, from, chunk, s.n, v);
  if (s.load) define(c, v, s.n);
  else
    for (unsigned i = 0; i < s.n; i++) kiln_build_store(f, chunk, a, (int32_t)(i * size), v[i], 0);
}

/* neon.ld1x2.TYPE, ld2, ld2r, ld2lane, and st. */
static bool of_memory(const struct call *c) {
  struct many s = {.load = c->name[5] == 'l'};
  const char *p = c->name + 7, *end = c->name + c->length;
  if (end - p < 4) return false;
  s.plain = *p == '1';
  if (s.plain) p += 2; /* 1x */
  s.n = (unsigned)(*p++ - '0');
  if (end - p > 4 && memcmp(p, "lane", 4) == 0) {
    s.lane = true;
    p += 4;
  } else if (*p == 'r') {
    s.all = true;
    p++;
  }
  if (s.n < 2 || s.n > 4 || *p != '.') return false;
  structures(c, s);
  return true;
}

/* The sum of four lanes: of pairs, twice. */
static void add_across(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  kiln_machine pairs, last;
  if (c->n != 1 || !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &x) || x.parts != 1 ||
      !find(c, "neon.faddp.v4f32", &pairs) || !find(c, "neon.faddv.f32.v2f32", &last))
    return;
  kiln_value v = build(c, &pairs, (kiln_value[]){x.v[0], x.v[0]});
  v = lanes_op(c, KILN_OP_VRESIZE, KILN_TYPE_V64, KILN_TYPE_V128, 0, v);
  kn_bc_def(r, c->ret, build(c, &last, &v));
}

/* The instruction `m` on the first three arguments, vectors of one register; the last one may be given as `last`. */
static void of_three(const struct call *c, const kiln_machine *m, const kiln_value *last) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x, out;
  kiln_value v[3];
  if (m->n_operands != 3 || !kn_bc_vec_shape(r, c->ret, &out) || out.parts != 1 || out.mask ||
      out.chunk != m->result) {
    bad(c);
    return;
  }
  for (unsigned k = 0; k < 3; k++) {
    if (k == 2 && last) {
      v[k] = *last;
      continue;
    }
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x)) return;
    if (x.parts != 1 || x.mask || x.chunk != m->operands[k]) {
      bad(c);
      return;
    }
    v[k] = x.v[0];
  }
  out.v[0] = build(c, m, v);
  kn_bc_vec_def(r, &out);
}

/* SM3's rounds, and lookups in a table of two registers: the lane of the last vector, a constant, is in the row's name
 * behind the first `length` bytes of the intrinsic's. */
static void of_lane(const struct call *c, size_t length) {
  kiln_machine m;
  int64_t lane;
  char name[KILN_MACHINE_NAME] = {0};
  if (c->n != 4 || !kn_bc_is_int(c->r, arg_id(c, 3), &lane) || lane < 0 || lane > 3 ||
      length + 3 > sizeof name) {
    bad(c);
    return;
  }
  memcpy(name, c->name, length);
  name[length] = '.';
  name[length + 1] = (char)('0' + lane);
  if (find(c, name, &m)) of_three(c, &m, NULL);
}

/* neon.fp8.NAME.lane.TYPE: a product of eight-bit floats with one of them, or two or four side by side, of the last
 * vector. Since the instruction with a lane has it in few registers only, the vector gets that lane everywhere. */
static void of_group(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  kiln_machine m;
  kiln_value last;
  int64_t k;
  uint16_t from[16];
  char name[KILN_MACHINE_NAME] = {0};
  size_t at = within(c, ".lane."), skip = strlen(".lane");
  unsigned size = begins(c, "neon.fp8.fdot2.") ? 2 : begins(c, "neon.fp8.fdot4.") ? 4 : 1;
  if (c->n != 4 || c->length - skip >= sizeof name || !kn_bc_is_int(r, arg_id(c, 3), &k) || k < 0 ||
      k >= 16 / size) {
    bad(c);
    return;
  }
  memcpy(name, c->name, at);
  memcpy(name + at, c->name + at + skip, c->length - skip - at);
  if (!find(c, name, &m) || !kn_bc_vec_get(r, arg_id(c, 2), c->params[2].type, &x)) return;
  if (x.parts != 1 || x.mask || x.chunk != KILN_TYPE_V128 || m.n_operands != 3) {
    bad(c);
    return;
  }
  for (unsigned i = 0; i < 16; i++) from[i] = (uint16_t)(k * size + i % size);
  kn_bc_vec_bytes(r, x.v, 1, from, m.operands[2], 1, &last);
  of_three(c, &m, &last);
}

/* Exclusive accesses: how many bytes, an attribute of the address says; they are in the name of fixed.c's row. */
static void exclusive(const struct call *c, const char *name, unsigned address) {
  static const char prefix[] = "llvm.aarch64.";
  char row[32] = {0};
  const struct kn_bc_attr *a = kn_bc_attr(c->r, c->attrs, 1 + address);
  size_t n = sizeof prefix - 1 + strlen(name);
  if (c->n != address + 1 || a == NULL || !(a->flags & PA_ELEMENT) || a->type >= c->r->types.n) {
    bad(c);
    return;
  }
  const struct kn_bc_type *t = &c->r->types.at[a->type];
  if (t->kind != TK_PTR && (t->kind != TK_INT || t->fit != FIT_EXACT || t->bits > 64)) {
    kn_bc_unsupported(c->r, "an exclusive access of this type");
    return;
  }
  memcpy(row, prefix, sizeof prefix);
  memcpy(row + sizeof prefix - 1, name, strlen(name));
  row[n] = '.';
  row[n + 1] = (char)('0' + kiln_type_size((kiln_type)t->ktype));
  kn_bc_fixed(c->r, row, n + 2, c->params, c->ret, c->ops, c->n);
}

/* [address, write, level, once, data] */
static void prefetch(const struct call *c) {
  int64_t k[4] = {0};
  for (unsigned i = 1; i < 5; i++)
    if (c->n != 5 || !kn_bc_is_int(c->r, arg_id(c, i), &k[i - 1]) || k[i - 1] >> (i == 2 ? 2 : 1)) {
      bad(c);
      return;
    }
  const struct kn_bc_prefetch how = {k[0] != 0, k[3] == 0, k[2] != 0, (uint8_t)k[1]};
  kn_bc_prefetch(c->r, kn_bc_use(c->r, arg_id(c, 0), c->params[0].type), &how);
}

static bool aarch64(const struct call *c) {
  if (begins(c, "neon.tbl")) lookup(c, false);
  else if (begins(c, "neon.tbx")) lookup(c, true);
  else if (begins(c, "neon.sqdmulh.lane")) by_lane(c, "neon.sqdmulh");
  else if (begins(c, "neon.sqrdmulh.lane")) by_lane(c, "neon.sqrdmulh");
  else if (begins(c, "neon.ld") || begins(c, "neon.st")) return of_memory(c);
  else if (named(c, "neon.faddv.f32.v4f32")) add_across(c);
  else if (begins(c, "crypto.sm3tt")) of_lane(c, c->length);
  else if (begins(c, "neon.vluti4q.lane.x2.")) of_lane(c, strlen("neon.vluti4q.lane.x2"));
  else if (begins(c, "neon.vluti4q.laneq.x2.")) of_lane(c, strlen("neon.vluti4q.laneq.x2"));
  else if (begins(c, "neon.fp8.") && within(c, ".lane.")) of_group(c);
  else if (named(c, "ldxr.p0")) exclusive(c, "ldxr", 0);
  else if (named(c, "ldaxr.p0")) exclusive(c, "ldaxr", 0);
  else if (named(c, "stxr.p0")) exclusive(c, "stxr", 1);
  else if (named(c, "stlxr.p0")) exclusive(c, "stlxr", 1);
  else if (named(c, "prefetch") && c->n > 0 && arg_info(c, 0)->kind == TK_PTR) prefetch(c);
  else return false;
  return true;
}

/* ---- all ---- */

/* By target: how its intrinsics' names begin, those that are no instruction or several, and those that are an
 * instruction under another name. */
static const struct {
  const char *prefix;
  bool (*special)(const struct call *c);
  unsigned n_splits;
} machines[KILN_TARGET_COUNT] = {
  [KILN_TARGET_X86_64] = {"llvm.x86.", x86, sizeof splits / sizeof *splits},
  [KILN_TARGET_AARCH64] = {"llvm.aarch64.", aarch64, 0},
};

bool kn_bc_machine(struct kn_bc *r, const char *name, size_t length,
                   const struct kn_bc_elem *params, uint32_t ret, uint32_t attrs,
                   const uint64_t *ops, unsigned n) {
  kiln_target target = kiln_module_target(r->module);
  const char *prefix = machines[target].prefix;
  size_t skip = strlen(prefix);
  if (length <= skip || memcmp(name, prefix, skip) != 0) return false;
  struct call call = {r, params, ops, n, ret, attrs, name + skip, length - skip}, *c = &call;
  kiln_machine m;
  if (machines[target].special(c)) return true;
  if (kiln_machine_find(target, c->name, c->length, &m)) {
    split(c, &m, NULL);
    return true;
  }
  for (unsigned i = 0; i < machines[target].n_splits; i++) {
    const struct split *s = &splits[i];
    if (!named(c, s->name)) continue;
    if (s->how == NEITHER) neither(c, s->row);
    else if (find(c, s->row, &m)) split(c, &m, s);
    return true;
  }
  return kn_bc_fixed(r, name, length, params, ret, ops, n);
}
