/* The table of LLVM's intrinsics, and what is done with a call of one: its types are checked by the row's letters, and
 * the row's function builds it, of vectors lane by lane if it has to be. globals.c tells each declaration, whose row is
 * found once; call.c passes the calls. An intrinsic that is not in the table, or whose arguments are not supported, is
 * reported. Invariant: the table is sorted by name. */
#include "intrinsic.h"

static const struct kn_bc_row rows[] = {
  {.name = "",
   .operands = "",
   .how = ITSELF,
   .build = kn_in_processor},              /* an instruction of the target's table by that name */
#define SETB "\x0f\x92\xc0"                /* setb al */
#define SETE "\x0f\x94\xc0"                /* sete al */
#define SETE_MEMORY "\x0f\x94\x06"         /* sete byte ptr [rsi] */
#define JOIN_01 "\xc4\xe3\x7d\x18\xc1\x01" /* ymm0 of xmm0 and xmm1, */
#define JOIN_23 "\xc4\xe3\x6d\x18\xd3\x01" /* and ymm2 */
#define JOIN_45 "\xc4\xe3\x5d\x18\xe5\x01"
#define APART_01 "\xc4\xe3\x7d\x19\xc1\x01\xc5\xf8\x77" /* and back; vzeroupper */
/* XOP's map 10, edi as a second operand */
#define LWP(w_vvvv, modrm) "\x8f\xea" w_vvvv "\x12" modrm "\x00\x00\x00\x00"
#define ROW(called, types, when, function, ...)                                                    \
  {.name = called,                                                                                 \
   .operands = types,                                                                              \
   .n = (uint8_t)(sizeof types - 2),                                                               \
   .how = when,                                                                                    \
   .build = kn_in_##function,                                                                      \
   __VA_ARGS__},
#include "aarch64.def"
#include "generic.def"
#include "x86_64.def"
#undef ROW
};

const struct kn_bc_row *kn_in_find(const char *name, size_t length) {
  for (;;) { /* finds the longest row that is `name`, or a prefix of it that a '.' follows */
    size_t low = 0, high = sizeof rows / sizeof *rows;
    while (low < high) {
      size_t mid = (low + high) / 2, n = strlen(rows[mid].name);
      int c = memcmp(rows[mid].name, name, n < length ? n : length);
      if (c == 0) c = n < length ? -1 : n > length;
      if (c == 0) return &rows[mid];
      if (c < 0) low = mid + 1;
      else high = mid;
    }
    while (length && name[--length] != '.') {
    }
    if (!length) return NULL;
  }
}

/* By target: how the names of its intrinsics begin. */
static const char *const prefixes[] = {
  [KILN_PROCESSOR_X86_64] = "x86.",
  [KILN_PROCESSOR_AARCH64] = "aarch64.",
};
_Static_assert(sizeof prefixes / sizeof *prefixes == KILN_PROCESSOR_COUNT,
               "every target has a row");

void kn_bc_intrinsic_declare(struct kn_bc *r, struct kn_bc_global *g) {
  const char *name = g->name + 5; /* after "llvm." */
  const size_t length = g->name_length - 5;
  const struct kn_bc_row *row = kn_in_find(name, length);
  for (unsigned t = 1; t < KILN_PROCESSOR_COUNT; t++) {
    const size_t n = prefixes[t] ? strlen(prefixes[t]) : SIZE_MAX;
    if (length <= n || memcmp(name, prefixes[t], n) != 0) continue;
    if (t != (unsigned)r->target)
      return; /* no function of this module can be of the other processor */
    kiln_machine_info m;
    const bool other = row && row->text && row->build != kn_in_code;
    const char *as = other ? row->text : name + n;
    if (kiln_machine_find(r->target, as, other ? strlen(as) : length - n, &m)) {
      if (!KN_BC_PUSH(r, r->open->machines, m)) return;
      g->machine = r->open->machines.n;
      if (!row) row = rows;
    }
  }
  if (!row) return;
  g->intrinsic = (uint16_t)(1 + (row - rows));
  if (row->how & STRICT) r->open->has_strict = true;
  if (row->how & ON_STACK) {
    kiln_module_attrs attrs = kiln_module_get_attrs(r->module);
    attrs.exec_stack = true;
    kiln_module_set_attrs(r->module, &attrs);
  }
}

/* ---- checks ---- */

/* Is a type one that the letter stands for? */
static bool fits(const struct call *c, char letter, uint32_t type) {
  const struct kn_bc_type *t = &c->r->types.at[type];
  switch (letter) {
  case 'v': return t->kind == TK_VOID;
  case 'p': return t->kind == TK_PTR;
  case 'i': return t->kind == TK_INT;
  case 'I': return t->kind == TK_INT || t->kind == TK_WIDE;
  case 't': return t->kind == TK_INT && t->bits > 1;
  case 'n': return t->kind == TK_INT || t->kind == TK_PTR;
  case 'b': return t->fit == FIT_BOOL;
  case 'h': return t->ktype == KILN_TYPE_I16;
  case 'w': return t->kind == TK_INT && t->bits == 32;
  case 'l': return t->kind == TK_INT && t->bits == 64;
  case 'f': return t->kind == TK_FLOAT || t->kind == TK_SOFT;
  case 'F': return t->kind == TK_FLOAT;
  case 'a': return kn_bc_is_aggregate(t);
  case '=': return kn_bc_types_agree(c->r, type, arg_type(c, 0));
  default: return true;
  }
}

/* Are the result and the arguments what the row says, and no vectors? Reports otherwise. */
static bool check(const struct call *c) {
  struct kn_bc *r = c->r;
  const char *letter = c->row->operands;
  const unsigned n = c->row->n;
  const bool any_width = n && letter[1] == 'I';
  if (c->n < n) return kn_bc_malformed(r, "bad call");
  for (unsigned i = 0; i < n; i++) {
    const struct kn_bc_type *t = arg_info(c, i);
    if (kn_bc_is_aggregate(t)) return kn_bc_malformed(r, "bad intrinsic");
    if (!(any_width && t->kind == TK_WIDE) && !kn_bc_scalar(r, arg_type(c, i))) return false;
    if (t->kind == TK_VECTOR) return kn_bc_unsupported(r, "vector types");
  }
  if (c->rt->kind != TK_VOID && !kn_bc_is_aggregate(c->rt) &&
      !(any_width && c->rt->kind == TK_WIDE) && !kn_bc_scalar(r, c->ret))
    return false;
  if (!fits(c, letter[0], c->ret)) return bad(c);
  for (unsigned i = 0; i < n; i++)
    if (!fits(c, letter[1 + i], arg_type(c, i))) return bad(c);
  return true;
}

/* ---- vectors ---- */

/* What instructions for all lanes do: the operations whose arguments are vectors of the result's
 * type, and perhaps a flag after them. */
static bool whole_registers(const struct call *c, struct kn_bc_vec *out) {
  struct kn_bc_vec x[3];
  const struct kn_bc_vec *in[3] = {&x[0], &x[1], &x[2]};
  unsigned n = 0;
  uint64_t by;
  if (c->row->build == kn_in_funnel) {
    if (!kn_bc_vec_is_splat(c->r, arg_id(c, 2), &by)) return false;
    if (!kn_bc_vec_get(c->r, arg_id(c, 0), c->ret, &x[0]) ||
        !kn_bc_vec_get(c->r, arg_id(c, 1), c->ret, &x[1]))
      return true;
    if (x[0].mask || x[0].apart) return false;
    kn_bc_vec_funnel(c->r, c->row->op == KILN_OP_FSHL, in, by, out);
    kn_bc_vec_def(c->r, out);
    return true;
  }
  if ((c->row->how & WHOLE) != WHOLE) return false;
  for (; n < c->n && n < 3 && arg_type(c, n) == c->ret; n++)
    if (!kn_bc_vec_get(c->r, arg_id(c, n), c->ret, &x[n])) return true;
  if (n == 0 || n != c->row->n) return false;
  if (!kn_bc_vec_native(c->r, (kiln_op)c->row->op, in, n, out)) return false;
  kn_bc_vec_def(c->r, out);
  return true;
}

static void by_lanes(const struct call *c) {
  enum { MOST = 4 };
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[MOST], out;
  struct kn_bc_elem params[MOST];
  kiln_value lanes[KN_BC_MAX_LANES];
  uint64_t ops[MOST];
  uint32_t ids[MOST];
  if (!(c->row->how & LANES) || c->n > MOST || c->rt->kind != TK_VECTOR)
    return (void)kn_bc_unsupported(r, "this intrinsic of vectors");
  if (!kn_bc_vec_shape(r, c->ret, &out)) return;
  if (whole_registers(c, &out)) return;
  for (unsigned i = 0; i < c->n; i++) {
    params[i].type = arg_type(c, i);
    ids[i] = arg_id(c, i);
    if (arg_info(c, i)->kind != TK_VECTOR) continue;
    if (!kn_bc_vec_get(r, ids[i], arg_type(c, i), &x[i])) return;
    params[i].type = x[i].elem;
    if (x[i].n != out.n) return (void)kn_bc_malformed(r, "bad intrinsic");
  }
  struct call lane = *c;
  lane.ops = ops;
  lane.params = params;
  lane.ret = out.elem;
  lane.rt = &r->types.at[out.elem];
  uint32_t entered = kn_bc_vec_enter(r);
  for (uint32_t k = 0; k < out.n && r->status == KILN_OK; k++) {
    uint32_t of_lane[MOST];
    for (unsigned i = 0; i < c->n; i++)
      of_lane[i] = arg_info(c, i)->kind == TK_VECTOR
                     ? kn_bc_vec_value(r, params[i].type, kn_bc_vec_lane(r, &x[i], k))
                     : ids[i];
    for (unsigned i = 0; i < c->n; i++) ops[i] = r->vals.n - of_lane[i];
    if (check(&lane)) c->row->build(&lane);
    lanes[k] = kn_bc_vec_result(r);
  }
  kn_bc_vec_leave_with(r, entered, &out, lanes);
}

/* ---- calls ---- */

/* Builds a call of which nothing was checked but the number of its arguments. */
static void build(struct call *c, unsigned n) {
  const struct kn_bc_row *row = c->row;
  bool vectors = c->rt->kind == TK_VECTOR;
  for (unsigned i = 0; i < n && c->r->m->has_vectors; i++)
    vectors |= arg_info(c, i)->kind == TK_VECTOR;
  if (row->how & ITSELF || (vectors && row->how & VECTORS)) row->build(c);
  else if (vectors) by_lanes(c);
  else if (check(c)) row->build(c);
}

enum kn_bc_code_kind kn_bc_intrinsic_code(const struct kn_bc_global *g) {
  kn_bc_builder *by = g->intrinsic ? rows[g->intrinsic - 1].build : NULL;
  if (by == kn_in_nothing || by == kn_in_lifetime) return KN_BC_NO_CODE;
  if (by == kn_in_memory) return KN_BC_BYTES;
  return by == kn_in_library ? KN_BC_CALLS : KN_BC_CODE;
}

void kn_bc_intrinsic(struct kn_bc *r, const struct kn_bc_global *g, uint32_t type, uint32_t attrs,
                     const uint64_t *ops, unsigned n, bool bundles) {
  const struct kn_bc_type *ft = &r->types.at[type];
  const struct kn_bc_row *row = g->intrinsic ? &rows[g->intrinsic - 1] : NULL;
  if (!row || (row->need && !(r->fn.global->fn_flags & row->need)))
    return (void)kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: intrinsic %.*s%s",
                            g->name_length > 100 ? 100 : (int)g->name_length, g->name,
                            row ? " without a feature of the processor" : "");
  struct call c = {.r = r,
                   .row = row,
                   .g = g,
                   .ops = ops,
                   .n = n,
                   .ret = r->m->elems.at[ft->first].type,
                   .params = r->m->elems.at + ft->first + 1,
                   .attrs = attrs};
  c.rt = &r->types.at[c.ret];
  if (row->how & EARLY) {
    if (row->how & ASIDE) r->fn.others++;
    row->build(&c);
  } else if (bundles) {
    kn_bc_refuse_bundle(r, r->fn.bundle);
  } else if (n != ft->n - 1) {
    kn_bc_malformed(r, "bad call");
  } else if (KN_UNLIKELY((row->how & (STRICT | ITSELF)) == STRICT)) {
    if (!kn_in_read_constraints(&c)) return;
    c.n = row->n;
    build(&c, n);
    kn_in_keep_result(&c);
  } else {
    build(&c, n);
  }
}
