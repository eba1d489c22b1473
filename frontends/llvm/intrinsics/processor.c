/* Calls of a processor's intrinsics, llvm.x86.* and llvm.aarch64.*: most are a row of the target's table of
 * instructions (kiln_machine_find). Vectors of several registers take the instruction once for each where it works
 * so. What is more than that is in x86_64.c and aarch64.c; code.c has those that are bytes. Called by intrinsic.c. */
#include "intrinsic.h"

bool kn_in_machine(const struct call *c, const char *row, kiln_machine_info *m) {
  return kiln_machine_find(c->r->target, row, strlen(row), m) ||
         kn_bc_unsupported(c->r, "this intrinsic");
}

bool kn_in_own_machine(const struct call *c, kiln_machine_info *m) {
  if (!c->g->machine) return kn_bc_unsupported(c->r, "this intrinsic");
  *m = c->r->m->machines.at[c->g->machine - 1];
  return true;
}

const char *kn_in_name(const struct call *c, size_t *length) {
  const char *end = c->g->name + c->g->name_length,
             *p = memchr(c->g->name + 5, '.', c->g->name_length - 5);
  *length = (size_t)(end - p) - 1;
  return p + 1;
}

/* Argument `i`, a scalar, as an operand of `type`: narrower integers, and halves, with zeros above. */
bool kn_in_scalar(const struct call *c, unsigned i, kiln_type type, kiln_value *out) {
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
bool kn_in_immediate(const struct call *c, unsigned i, const kiln_machine_info *m,
                     kiln_value *out) {
  int64_t v;
  uint64_t bits;
  if (arg_info(c, i)->kind == TK_VECTOR && kn_bc_vec_is_splat(c->r, arg_id(c, i), &bits))
    v = (int64_t)bits;
  else if (!kn_bc_is_int(c->r, arg_id(c, i), &v))
    return kn_bc_malformed(c->r, "an intrinsic's argument that is not constant");
  if (m->most == UINT8_MAX) v &= UINT8_MAX;
  if (v < m->least || v > m->most)
    return kn_bc_unsupported(c->r, "an immediate that is out of the instruction's range");
  *out = imm(c, v);
  return true;
}

/* Defines the result, a struct, of `n` pieces. */
void kn_in_define(const struct call *c, const kiln_value *v, unsigned n) {
  struct kn_bc *r = c->r;
  if (r->status != KILN_OK) return;
  if (!kn_bc_split(r, c->ret) || r->types.at[c->ret].n_pieces != n) return (void)bad(c);
  kn_bc_define(r, c->ret, v);
}

/* The operands of instruction `p` of several, from the vectors among the arguments. */
static bool operands(const struct call *c, const kiln_machine_info *m, unsigned how, uint32_t p,
                     const struct kn_bc_vec *x, kiln_value *v) {
  for (unsigned k = 0; k < m->n_operands; k++) {
    if (m->immediate && k + 1 == m->n_operands) {
      if (how == HALVES) {
        int64_t bits;
        if (!kn_bc_is_int(c->r, arg_id(c, k), &bits)) return bad(c);
        v[k] = imm(c, bits >> (3 * p) & 7);
      } else if (!kn_in_immediate(c, k, m, &v[k])) {
        return false;
      }
    } else if (arg_info(c, k)->kind == TK_VECTOR) {
      if (x[k].chunk != m->operands[k] || x[k].mask) return bad(c);
      v[k] = x[k].v[x[k].parts == 1 ? 0 : p]; /* a count is the same for all */
    } else {
      if (!kn_in_scalar(c, k, m->operands[k], &v[k])) return false;
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

/* An instruction; the row says how it becomes one of longer vectors. */
void kn_in_processor(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_machine_info own = {0};
  const kiln_machine_info *m = &own;
  struct kn_bc_vec x[KILN_MAX_MACHINE_OPERANDS], out;
  kiln_value v[KILN_MAX_MACHINE_OPERANDS], results[KN_BC_MAX_CHUNKS], all = {0};
  const struct kn_bc_type *rt = &r->types.at[c->ret];
  bool vector = rt->kind == TK_VECTOR;
  bool half = rt->ktype == KILN_TYPE_I16 && m->result == KILN_TYPE_I32; /* its lower bits */
  const unsigned how = c->row->op;
  uint32_t parts = 1;
  if (!kn_in_own_machine(c, &own)) return;
  if (c->n != m->n_operands) return (void)bad(c);
  for (unsigned k = 0; k < c->n; k++) {
    if (arg_info(c, k)->kind != TK_VECTOR) continue;
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x[k])) return;
    if (parts != 1 && x[k].parts != 1 && x[k].parts != parts) return (void)bad(c);
    if (x[k].parts != 1) parts = x[k].parts;
  }
  if (vector && !kn_bc_vec_shape(r, c->ret, &out)) return;
  if (vector && (how == MEMORY || how == AGAIN)) parts = out.parts;
  bool fits = m->result == KILN_TYPE_VOID ? rt->kind == TK_VOID
              : vector ? (how == NARROW ? out.parts * 2 == parts : out.parts == parts) &&
                           (how == NARROW || out.chunk == m->result) && !out.mask
                       : half || (rt->ktype == m->result && rt->fit == FIT_EXACT);
  if (!fits || (parts != 1 && !c->row->text)) return (void)bad(c);
  for (uint32_t p = 0; p < parts; p++) {
    if (!operands(c, m, how, p, x, v)) return;
    results[p] = kn_in_build(c, m, v);
    if (how == BITS && p)
      results[p] =
        kiln_build_binary(r->f, KILN_OP_SHL, KILN_TYPE_I32, results[p], imm(c, c->row->shift * p));
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
void kn_in_neither(const struct call *c) {
  struct kn_bc *r = c->r;
  const char *const row = c->row->text;
  struct kn_bc_vec x[2];
  kiln_value v[2], any = {0};
  if (c->n != 2 || r->types.at[c->ret].ktype != KILN_TYPE_I32) return (void)bad(c);
  for (unsigned k = 0; k < 2; k++)
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x[k])) return;
  for (unsigned i = 0; i < 2; i++) {
    char name[KILN_MAX_MACHINE_NAME] = {0};
    kiln_machine_info m;
    size_t n = strlen(row);
    memcpy(name, row, n);
    char *at = memchr(name, '?', n);
    *(at ? at : name + n) = i ? 'c' : 'z';
    if (!kn_in_machine(c, name, &m)) return;
    kiln_value all = {0};
    for (uint32_t p = 0; p < x[0].parts; p++) {
      if (!operands(c, &m, EACH, p, x, v)) return;
      kiln_value one = kn_in_build(c, &m, v);
      all = p ? kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I32, all, one) : one;
    }
    any = i ? kiln_build_binary(r->f, KILN_OP_OR, KILN_TYPE_I32, any, all) : all;
  }
  kn_bc_def(r, c->ret, kiln_build_binary(r->f, KILN_OP_XOR, KILN_TYPE_I32, any, imm(c, 1)));
}
