/* AArch64's intrinsics that are more than an instruction. Called by intrinsic.c. */
#include "intrinsic.h"

#include <stdio.h>

/* tbl and tbx: with several tables, one lookup in each, numbers of bytes counting from its first. */
void kn_in_lookup(const struct call *c) {
  const bool keeps = c->row->op;
  struct kn_bc *r = c->r;
  struct kn_bc_vec table, by, out;
  unsigned first = keeps ? 1 : 0, n = c->n - 1 - first;
  kiln_machine_info tbl, tbx;
  char name[2][KILN_MAX_MACHINE_NAME] = {"neon.tbl1", "neon.tbx1"};
  if (c->n < 2 + first || n > 4 || !kn_bc_vec_shape(r, c->ret, &out) || out.parts != 1) return;
  if (keeps && !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &out)) return;
  if (!kn_bc_vec_get(r, arg_id(c, c->n - 1), c->params[c->n - 1].type, &by) || by.parts != 1)
    return;
  kn_bc_row_type(name[0], by.n, by.lane);
  kn_bc_row_type(name[1], by.n, by.lane);
  if (!kn_in_machine(c, name[0], &tbl) || !kn_in_machine(c, name[1], &tbx)) return;
  for (unsigned k = 0; k < n; k++) {
    if (!kn_bc_vec_get(r, arg_id(c, first + k), c->params[first + k].type, &table)) return;
    if (table.parts != 1 || table.chunk != KILN_TYPE_V128 || by.chunk != out.chunk)
      return (void)bad(c);
    kiln_value i = by.v[0];
    if (k)
      i = kiln_build_vector(r->f, KILN_OP_VSUB, by.chunk, KILN_TYPE_I8, 0, i,
                            kn_bc_vec_splat(r, &by, 16 * k));
    if (k == 0 && !keeps) out.v[0] = kn_in_build(c, &tbl, (kiln_value[]){table.v[0], i});
    else out.v[0] = kn_in_build(c, &tbx, (kiln_value[]){out.v[0], table.v[0], i});
  }
  kn_bc_vec_def(r, &out);
}

/* A product with one lane: name.lane.TYPE.TYPE. */
void kn_in_by_lane(const struct call *c) {
  const char *const row = c->row->text;
  struct kn_bc *r = c->r;
  struct kn_bc_vec a, b;
  kiln_machine_info m;
  int64_t k;
  char name[KILN_MAX_MACHINE_NAME] = {0};
  if (c->n != 3 || !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &a) ||
      !kn_bc_vec_get(r, arg_id(c, 1), c->params[1].type, &b))
    return;
  if (!kn_bc_is_int(r, arg_id(c, 2), &k) || k < 0 || k >= b.n || a.parts != 1 || b.parts != 1 ||
      a.lane != b.lane || c->ret != a.type)
    return (void)bad(c);
  memcpy(name, row, strlen(row));
  kn_bc_row_type(name, a.n, a.lane);
  if (!kn_in_machine(c, name, &m)) return;
  kiln_value lane = lanes_op(c, KILN_OP_VEXTRACT, b.lane, b.chunk, (unsigned)k, b.v[0]);
  lane = lanes_op(c, KILN_OP_VSPLAT, a.chunk, a.lane, 0, lane);
  a.v[0] = kn_in_build(c, &m, (kiln_value[]){a.v[0], lane});
  kn_bc_vec_def(r, &a);
}

/* Loads and stores of `n` vectors, the elements of which alternate in memory. */
void kn_in_structures(const struct call *c) {
  const struct {
    unsigned n; /* vectors */
    bool load, plain, lane,
      all; /* one vector after the other; one lane of each; the same in all lanes */
  } s = {c->row->op & 7, c->row->op & LOAD, c->row->op & PLAIN, c->row->op & LANE,
         c->row->op & ALL};
  struct kn_bc *r = c->r;
  kiln_func *f = r->f;
  struct kn_bc_vec x[4];
  unsigned vectors = s.load && !s.lane ? 0 : s.n;
  kiln_value a, v[4], mem[4];
  int64_t at = 0;
  if (c->n != vectors + s.lane + 1) return (void)bad(c);
  for (unsigned i = 0; i < vectors; i++) {
    if (!kn_bc_vec_get(r, arg_id(c, i), c->params[i].type, &x[i])) return;
    v[i] = x[i].v[0];
  }
  if (vectors == 0) {
    const struct kn_bc_type *t = &r->types.at[c->ret];
    if (t->kind != TK_STRUCT || t->n != s.n ||
        !kn_bc_vec_shape(r, r->m->elems.at[t->first].type, &x[0]))
      return (void)bad(c);
  }
  if (x[0].parts != 1 || x[0].mask || !kn_in_scalar(c, c->n - 1, KILN_TYPE_I64, &a))
    return (void)bad(c);
  kiln_type chunk = x[0].chunk, lane = x[0].lane;
  unsigned size = kiln_type_size(chunk), es = kiln_type_size(lane);
  if (s.lane && (!kn_bc_is_int(r, arg_id(c, vectors), &at) || at < 0 || at >= x[0].n))
    return (void)bad(c);
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
    if (s.load) kn_in_define(c, v, s.n);
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
  if (s.load) kn_in_define(c, v, s.n);
  else
    for (unsigned i = 0; i < s.n; i++) kiln_build_store(f, chunk, a, (int32_t)(i * size), v[i], 0);
}

/* The sum of four lanes: of pairs, twice. */
void kn_in_add_across(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  kiln_machine_info pairs, last;
  if (c->n != 1 || !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &x) || x.parts != 1 ||
      !kn_in_machine(c, "neon.faddp.v4f32", &pairs) ||
      !kn_in_machine(c, "neon.faddv.f32.v2f32", &last))
    return;
  kiln_value v = kn_in_build(c, &pairs, (kiln_value[]){x.v[0], x.v[0]});
  v = lanes_op(c, KILN_OP_VRESIZE, KILN_TYPE_V64, KILN_TYPE_V128, 0, v);
  kn_bc_def(r, c->ret, kn_in_build(c, &last, &v));
}

/* The instruction `m` on the first three arguments, vectors of one register; the last one may be given as `last`. */
static void of_three(const struct call *c, const kiln_machine_info *m, const kiln_value *last) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x, out;
  kiln_value v[3];
  if (m->n_operands != 3 || !kn_bc_vec_shape(r, c->ret, &out) || out.parts != 1 || out.mask ||
      out.chunk != m->result)
    return (void)bad(c);
  for (unsigned k = 0; k < 3; k++) {
    if (k == 2 && last) {
      v[k] = *last;
      continue;
    }
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x)) return;
    if (x.parts != 1 || x.mask || x.chunk != m->operands[k]) return (void)bad(c);
    v[k] = x.v[0];
  }
  out.v[0] = kn_in_build(c, m, v);
  kn_bc_vec_def(r, &out);
}

/* SM3's rounds, and lookups in a table of two registers: the lane of the last vector, a constant, is in the row's name
 * after the row's. */
void kn_in_of_lane(const struct call *c) {
  const char *const own = c->row->name + sizeof "aarch64." - 1;
  const size_t length = strlen(own);
  kiln_machine_info m;
  int64_t lane;
  char name[KILN_MAX_MACHINE_NAME] = {0};
  if (c->n != 4 || !kn_bc_is_int(c->r, arg_id(c, 3), &lane) || lane < 0 || lane > 3 ||
      length + 3 > sizeof name)
    return (void)bad(c);
  memcpy(name, own, length);
  name[length] = '.';
  name[length + 1] = (char)('0' + lane);
  if (kn_in_machine(c, name, &m)) of_three(c, &m, NULL);
}

/* neon.fp8.NAME.lane.TYPE: a product of eight-bit floats with one of them, or two or four side by side, of the last
 * vector. Since the instruction with a lane has it in few registers only, the vector gets that lane everywhere. */
void kn_in_of_group(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  kiln_machine_info m;
  kiln_value last;
  int64_t k;
  uint16_t from[16];
  char name[KILN_MAX_MACHINE_NAME] = {0};
  size_t length, skip = strlen(".lane"), at = strlen(c->row->name + sizeof "aarch64." - 1) - skip;
  const char *const own = kn_in_name(c, &length);
  const unsigned size = c->row->op;
  if (c->n != 4 || length - skip >= sizeof name || !kn_bc_is_int(r, arg_id(c, 3), &k) || k < 0 ||
      k >= 16 / size)
    return (void)bad(c);
  memcpy(name, own, at);
  memcpy(name + at, own + at + skip, length - skip - at);
  if (!kn_in_machine(c, name, &m) || !kn_bc_vec_get(r, arg_id(c, 2), c->params[2].type, &x)) return;
  if (x.parts != 1 || x.mask || x.chunk != KILN_TYPE_V128 || m.n_operands != 3) return (void)bad(c);
  for (unsigned i = 0; i < 16; i++) from[i] = (uint16_t)(k * size + i % size);
  kn_bc_vec_bytes(r, x.v, 1, from, m.operands[2], 1, &last);
  of_three(c, &m, &last);
}

/* Exclusive accesses: how many bytes, an attribute of the address says, or its type; they are in the name of another
 * row, of code. */
void kn_in_exclusive(const struct call *c) {
  char name[24];
  const unsigned address = c->row->op;
  const struct kn_bc_attr *a = kn_bc_attr(c->r, c->attrs, 1 + address);
  if (c->n != address + 1) return (void)bad(c);
  uint32_t type = arg_info(c, address)->pointee; /* LLVM 13 and older */
  if (a != NULL && a->flags & PA_ELEMENT) type = a->type;
  if (type >= c->r->types.n) return (void)bad(c);
  const struct kn_bc_type *t = &c->r->types.at[type];
  if (t->kind != TK_PTR && (t->kind != TK_INT || t->fit != FIT_EXACT || t->bits > 64))
    return (void)kn_bc_unsupported(c->r, "an exclusive access of this type");
  const int n =
    snprintf(name, sizeof name, "aarch64.%s.%u", c->row->text, kiln_type_size((kiln_type)t->ktype));
  struct call of = *c;
  of.row = kn_in_find(name, (size_t)n);
  kn_in_code(&of);
}

/* [address, write, level, once, data] */
void kn_in_prefetch_aarch64(const struct call *c) {
  int64_t k[4] = {0};
  for (unsigned i = 1; i < 5; i++)
    if (c->n != 5 || !kn_bc_is_int(c->r, arg_id(c, i), &k[i - 1]) || k[i - 1] >> (i == 2 ? 2 : 1))
      return (void)bad(c);
  const struct kn_bc_prefetch how = {k[0] != 0, k[3] == 0, k[2] != 0, (uint8_t)k[1]};
  kn_bc_prefetch(c->r, kn_bc_use(c->r, arg_id(c, 0), c->params[0].type), &how);
}
