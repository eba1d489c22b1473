/* Signatures and calls of generated programs: among themselves, to C and back. See gen.h. */
#include "gen.h"

#include "host.h"

#include <string.h>

static void add_param(struct gen_sig *s, unsigned type, kiln_param p) {
  s->types[s->n_params] = (uint8_t)type;
  s->params[s->n_params++] = p;
}

static void some_param(struct gen *g, struct gen_sig *s) {
  uint32_t k = gen_byte(g);
  if (k >= 200) {
    unsigned flags = k >= 248 ? KILN_PARAM_BYVAL : 0;
    kiln_param p = {.type = KILN_TYPE_I64, .flags = flags};
    if (flags != 0) {
      p.size_bytes = GEN_BYTES + gen_pick(g, GEN_OBJECT - GEN_BYTES + 1);
      p.align_log2 = (uint8_t)(gen_chance(g, 60) ? 4 : gen_pick(g, 4));
    }
    add_param(s, GEN_PTR, p);
    return;
  }
  kiln_type t = gen_type(g);
  kiln_param p = {.type = (uint8_t)t};
  if (t <= KILN_TYPE_I16 && k & 1) p.flags = k & 2 ? KILN_PARAM_SEXT : KILN_PARAM_ZEXT;
  else if (t <= KILN_TYPE_I32 && k & 4) p.flags = k & 2 ? KILN_PARAM_SEXT64 : KILN_PARAM_ZEXT64;
  add_param(s, t, p);
}

static void results(struct gen *g, struct gen_sig *s) {
  unsigned n = gen_chance(g, 60) ? gen_pick(g, KILN_MAX_RESULTS + 1) : gen_chance(g, 40) ? 0 : 1;
  while (s->n_results < n) s->results[s->n_results++] = gen_type(g);
}

static bool has_sret(const struct gen_sig *s) {
  return s->n_params != 0 && (s->params[0].flags & KILN_PARAM_SRET) != 0;
}

/* Makes the callee free its stack arguments, if it can; it then has the results of another such function. */
static void draw_convention(struct gen *g, struct gen_sig *s) {
  bool can = !s->variadic && !s->callback && s->n_results <= 1;
  for (unsigned k = 0; k < s->n_params; k++) can &= !(s->params[k].flags & KILN_PARAM_BYVAL);
  if (!can || !gen_chance(g, 110)) return;
  s->pops = true;
  for (const struct gen_sig *other = g->sigs; other < s && !has_sret(s); other++) {
    if (!other->pops || has_sret(other)) continue;
    s->n_results = other->n_results;
    memcpy(s->results, other->results, sizeof s->results);
    break;
  }
}

void gen_signature(struct gen *g, unsigned index) {
  struct gen_sig *s = &g->sigs[index];
  memset(s, 0, sizeof *s);
  unsigned flags = 0;
  s->callback = index == 0;
  if (s->callback) { /* a C function can call this one */
    add_param(s, KILN_TYPE_I64, (kiln_param){.type = KILN_TYPE_I64});
    add_param(s, KILN_TYPE_F64, (kiln_param){.type = KILN_TYPE_F64});
    s->results[s->n_results++] = KILN_TYPE_I64;
  } else {
    if (gen_chance(g, 20)) {
      add_param(s, GEN_PTR, (kiln_param){.type = KILN_TYPE_I64, .flags = KILN_PARAM_SRET});
    }
    unsigned n = gen_chance(g, 24) ? gen_pick(g, GEN_PARAMS - 2) : gen_pick(g, 6);
    for (unsigned i = 0; i < n; i++) some_param(g, s);
    if (gen_chance(g, 16))
      add_param(s, KILN_TYPE_I64, (kiln_param){.type = KILN_TYPE_I64, .flags = KILN_PARAM_CHAIN});
    if (s->n_params == 0 || !(s->params[0].flags & KILN_PARAM_SRET)) results(g, s);
    if (gen_chance(g, 30)) {
      s->variadic = true;
      flags = KILN_SIG_VARIADIC;
      for (unsigned k = gen_pick(g, 7); k > 0; k--) {
        unsigned t = gen_type(g);
        if (t < KILN_TYPE_I32) t = KILN_TYPE_I32;
        if (t == KILN_TYPE_F32) t = KILN_TYPE_F64;
        if (t == KILN_TYPE_I128) t = KILN_TYPE_I64; /* not lowered */
        s->extra[s->n_extra++] = (uint8_t)t;
      }
    }
  }
  static const char names[][8] = {"f0", "f1", "f2", "f3", "f4", "fz_main"};
  static const kiln_linkage linkages[] = {KILN_LINKAGE_EXTERNAL, KILN_LINKAGE_INTERNAL,
                                          KILN_LINKAGE_WEAK, KILN_LINKAGE_PRIVATE};
  draw_convention(g, s);
  s->sig = kiln_sig_new(g->m, s->pops ? KILN_CC_TAIL : KILN_CC_C, flags, s->params, s->n_params,
                        s->results, s->n_results);
  kiln_symbol_desc d = {.name = names[index],
                        .linkage = linkages[gen_pick(g, 4)],
                        .visibility = (kiln_visibility)(gen_chance(g, 40) ? gen_pick(g, 3) : 0),
                        .align_log2 = (uint8_t)(gen_chance(g, 20) ? gen_pick(g, 7) : 0)};
  s->symbol = kiln_func_declare(g->m, &d, s->sig);
  if (gen_chance(g, 40)) {
    static const char aliases[][4] = {"a0", "a1", "a2", "a3", "a4"};
    d = (kiln_symbol_desc){.name = aliases[index], .linkage = linkages[gen_pick(g, 3)]};
    s->alias = kiln_alias_define(g->m, &d, s->symbol, 0);
  }
}

void gen_declare_host(struct gen *g) {
  for (unsigned i = 0; i < n_host_funcs; i++) {
    const struct host_func *h = &host_funcs[i];
    if (h->long_double && g->weights[KILN_TYPE_F80] == 0) continue;
    kiln_type results[2] = {(kiln_type)h->results[0], (kiln_type)h->results[1]};
    g->host_sigs[i] =
      kiln_sig_new(g->m, KILN_CC_C, h->sig_flags, h->params, h->n_params, results, h->n_results);
    kiln_symbol_desc d = {.name = h->name};
    g->host[i] = kiln_func_declare(g->m, &d, g->host_sigs[i]);
  }
  kiln_param param = {.type = KILN_TYPE_I64};
  kiln_type result = KILN_TYPE_I64;
  kiln_symbol_desc d = {.name = "host_catch"};
  g->host_catch = kiln_func_declare(
    g->m, &d, kiln_sig_new(g->m, KILN_CC_C, KILN_SIG_NOUNWIND, &param, 1, &result, 1));
  d.name = "host_personality";
  g->personality =
    kiln_func_declare(g->m, &d, kiln_sig_new(g->m, KILN_CC_C, KILN_SIG_VARIADIC, NULL, 0, NULL, 0));
}

/* ---- calls ---- */

static void add_results(struct gen *g, kiln_value first, const kiln_type *types, unsigned n,
                        kiln_value *out) {
  for (unsigned i = 0; i < n; i++) {
    /* Most results are read; all of them if the caller of this function wants them. */
    if (i > 0 && out == NULL && gen_chance(g, 60)) break;
    kiln_value v = first;
    if (i > 0) {
      gen_used(g, KILN_OP_RESULT);
      v = kiln_build_result(g->f, first, i);
    }
    gen_add(g, types[i], v, false);
    if (out != NULL) out[i] = v;
  }
}

/* ---- calls that may unwind ---- */

/* What an exception may be of. */
static kiln_symbol exception_type(struct gen *g) {
  const kiln_symbol types[] = {g->a, g->b, g->data, g->part};
  return types[gen_pick(g, 4)];
}

/* Clauses, and the types of filters, four each. */
static unsigned draw_clauses(struct gen *g, kiln_clause *clauses, kiln_symbol *types,
                             bool catch_all) {
  unsigned n = gen_pick(g, 4);
  for (unsigned i = 0; i < n; i++) {
    clauses[i] = (kiln_clause){.kind = KILN_CLAUSE_CATCH, .type = exception_type(g)};
    if (!gen_chance(g, 90)) continue;
    clauses[i] =
      (kiln_clause){.kind = KILN_CLAUSE_FILTER, .types = types + 4 * i, .n_types = gen_pick(g, 4)};
    for (unsigned k = 0; k < clauses[i].n_types; k++) types[4 * i + k] = exception_type(g);
  }
  if (catch_all || gen_chance(g, 60)) clauses[n++] = (kiln_clause){.kind = KILN_CLAUSE_CATCH_ALL};
  if (n == 0 || gen_chance(g, 140)) clauses[n++] = (kiln_clause){.kind = KILN_CLAUSE_CLEANUP};
  return n;
}

/* At a landing pad: a number that tells which clause took the exception, and which exception it is. After a cleanup
 * unwinding goes on. */
static kiln_value at_pad(struct gen *g, kiln_value exception, kiln_value selector, bool cleanup) {
  if (cleanup) {
    kiln_block clean = kiln_block_new(g->f), caught = kiln_block_new(g->f);
    kiln_value none =
      kiln_build_icmp(g->f, KILN_ICOND_EQ, KILN_TYPE_I32, selector, kiln_const_int(g->f, 0));
    kiln_build_brif(g->f, none, clean, NULL, 0, caught, NULL, 0);
    kiln_block_switch(g->f, clean);
    kiln_value log = gen_symbol(g, g->out, 1000);
    kiln_value v = kiln_build_load(g->f, KILN_TYPE_I64, log, 0, 0);
    v = kiln_build_binary(g->f, KILN_OP_ADD, KILN_TYPE_I64, v, gen_operand(g, KILN_TYPE_I64));
    kiln_build_store(g->f, KILN_TYPE_I64, log, 0, v, 0);
    gen_used(g, KILN_OP_RESUME);
    kiln_build_unary(g->f, KILN_OP_RESUME, KILN_TYPE_I64, exception);
    kiln_block_switch(g->f, caught);
  }
  kiln_value is = kiln_const_typeid(g->f, gen_chance(g, 40) ? (kiln_symbol){0} : exception_type(g));
  is = kiln_build_icmp(g->f, KILN_ICOND_EQ, KILN_TYPE_I32, selector, is);
  is = kiln_build_convert(g->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I8, is);
  kiln_value sign =
    kiln_build_binary(g->f, KILN_OP_LSHR, KILN_TYPE_I32, selector, kiln_const_int(g->f, 31));
  sign = kiln_build_convert(g->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, sign);
  kiln_sig sig = kiln_symbol_get(g->m, g->host_catch).sig;
  kiln_value v = kiln_build_call(g->f, sig, gen_symbol(g, g->host_catch, 0), &exception, 1);
  v = kiln_build_addr(g->f, v, sign, 2, 0);
  return kiln_build_binary(g->f, KILN_OP_ADD, KILN_TYPE_I64, v, is);
}

/* A try: both ways come together in a block with the results, or other values in their place, and a number. */
static void try_call(struct gen *g, kiln_sig sig, kiln_value to, const kiln_value *args, unsigned n,
                     const kiln_type *results, unsigned n_results, kiln_value *out,
                     bool catch_all) {
  kiln_clause clauses[5];
  kiln_symbol types[16];
  kiln_value normal[KILN_MAX_RESULTS + 1], pad[KILN_MAX_RESULTS + 3], params[KILN_MAX_RESULTS + 1];
  kiln_block on = kiln_block_new(g->f), unwind = kiln_block_new(g->f);
  unsigned n_clauses = draw_clauses(g, clauses, types, catch_all);
  for (unsigned i = 0; i <= n_results; i++) {
    kiln_type t = i < n_results ? results[i] : KILN_TYPE_I64;
    params[i] = kiln_block_add_param(g->f, on, t);
    normal[i] = i < n_results ? kiln_try_result(g->f, sig, i) : gen_operand(g, t);
    pad[i] = gen_operand(g, t);
  }
  /* what comes to the pad by its parameters: the exception and the selector, in any order, and one value */
  bool swapped = gen_chance(g, 128), passes = n_results > 0 && gen_chance(g, 128);
  const kiln_value exception = kiln_try_exception(g->f), selector = kiln_try_selector(g->f);
  kiln_value unwind_args[3] = {swapped ? selector : exception, swapped ? exception : selector,
                               pad[0]};
  kiln_value first = kiln_block_add_param(g->f, unwind, swapped ? KILN_TYPE_I32 : KILN_TYPE_I64);
  kiln_value second = kiln_block_add_param(g->f, unwind, swapped ? KILN_TYPE_I64 : KILN_TYPE_I32);
  if (passes) pad[0] = kiln_block_add_param(g->f, unwind, results[0]);
  kiln_try_desc t = {
    .sig = sig,
    .callee = to,
    .args = args,
    .n_args = n,
    .normal = on,
    .normal_args = normal,
    .n_normal_args = n_results + 1,
    .unwind = unwind,
    .unwind_args = unwind_args,
    .n_unwind_args = 2 + passes,
    .clauses = clauses,
    .n_clauses = n_clauses,
  };
  gen_used(g, KILN_OP_TRY);
  kiln_func_attrs attrs = kiln_func_get_attrs(g->f);
  attrs.personality = g->personality;
  kiln_func_set_attrs(g->f, &attrs);
  kiln_build_try(g->f, &t);
  kiln_block_switch(g->f, unwind);
  bool cleanup = clauses[n_clauses - 1].kind == KILN_CLAUSE_CLEANUP;
  pad[n_results] = at_pad(g, swapped ? second : first, swapped ? first : second, cleanup);
  kiln_build_br(g->f, on, pad, n_results + 1);
  gen_go_to(g, on);
  for (unsigned i = 0; i <= n_results; i++)
    gen_add(g, i < n_results ? (unsigned)results[i] : KILN_TYPE_I64, params[i], false);
  if (out != NULL) memcpy(out, params, n_results * sizeof *out);
}

/* A call, sometimes as a try. `unwinds`: an exception may leave it. */
static void build_call(struct gen *g, kiln_sig sig, kiln_value to, const kiln_value *args,
                       unsigned n, const kiln_type *results, unsigned n_results, kiln_value *out,
                       bool unwinds, bool catch_all) {
  if ((catch_all || gen_chance(g, unwinds ? 130 : 10))) {
    try_call(g, sig, to, args, n, results, n_results, out, catch_all);
    return;
  }
  if (!unwinds && gen_chance(g, 80)) {
    kiln_sig_info info = kiln_sig_get(g->m, sig);
    sig = kiln_sig_new(g->m, KILN_CC_C, info.flags | KILN_SIG_NOUNWIND, info.params, info.n_params,
                       results, n_results);
  }
  add_results(g, kiln_build_call(g->f, sig, to, args, n), results, n_results, out);
}

static kiln_value argument(struct gen *g, unsigned type, const kiln_param *p) {
  if (p->flags & (KILN_PARAM_BYVAL | KILN_PARAM_SRET)) return gen_object(g, NULL);
  return gen_operand(g, type);
}

/* The function's address, in one of several ways. `index`: in the table of functions, or -1. */
static kiln_value callee(struct gen *g, kiln_symbol s, int index) {
  kiln_value v = gen_symbol(g, s, 0);
  uint32_t k = gen_byte(g);
  if (index >= 0 && k >= 240) {
    v = gen_symbol(g, g->functions, 0);
    return kiln_build_load(g->f, KILN_TYPE_I64, v, index * 8, 0);
  }
  if (k < 180) return v;
  v = kiln_build_unary(g->f, KILN_OP_COPY, KILN_TYPE_I64, v);
  if (k < 220) return v;
  kiln_value slot = kiln_slot_new(g->f, 8, 3);
  kiln_build_store(g->f, KILN_TYPE_I64, slot, 0, v, 0);
  return kiln_build_load(g->f, KILN_TYPE_I64, slot, 0, k & 1 ? KILN_MEM_VOLATILE : 0);
}

void gen_call_func(struct gen *g, unsigned index, kiln_value *out, bool catch_all) {
  const struct gen_sig *s = &g->sigs[index];
  kiln_value args[GEN_PARAMS + 8];
  unsigned n = 0;
  for (; n < s->n_params; n++) args[n] = argument(g, s->types[n], &s->params[n]);
  for (unsigned i = 0; i < s->n_extra; i++) {
    kiln_value v = gen_operand(g, s->extra[i]);
    if (kiln_value_type(g->f, v) == KILN_TYPE_VOID) v = gen_typed(g, s->extra[i]);
    args[n++] = v;
  }
  bool alias = s->alias.id != 0 && gen_chance(g, 128);
  kiln_value to = callee(g, alias ? s->alias : s->symbol, (int)index);
  build_call(g, s->sig, to, args, n, s->results, s->n_results, out, true, catch_all);
}

bool gen_tailcall(struct gen *g) {
  const unsigned here = (unsigned)(g->sig - g->sigs);
  kiln_value args[GEN_PARAMS];
  unsigned n = 0, index = gen_pick(g, g->n_funcs);
  const struct gen_sig *s = &g->sigs[index];
  if (!g->sig->pops || !s->pops || (g->acyclic && index <= here) ||
      has_sret(s) != has_sret(g->sig) || s->n_results != g->sig->n_results ||
      memcmp(s->results, g->sig->results, s->n_results * sizeof *s->results) != 0)
    return false;
  for (; n < s->n_params; n++) /* no addresses of the frame that ends */
    args[n] = s->types[n] == GEN_PTR ? gen_symbol(g, gen_chance(g, 128) ? g->a : g->data, 0)
                                     : argument(g, s->types[n], &s->params[n]);
  gen_used(g, KILN_OP_TAILCALL);
  kiln_build_tailcall(g->f, s->sig, callee(g, s->symbol, (int)index), args, n);
  return true;
}

static void call_variadic_host(struct gen *g, unsigned index) {
  static const uint8_t types[] = {0, KILN_TYPE_I32, KILN_TYPE_I64, KILN_TYPE_F64};
  kiln_value args[12];
  uint32_t kinds = 0;
  unsigned n = 1;
  for (unsigned k = gen_pick(g, 11); k > 0; k--) {
    unsigned kind = 1 + gen_pick(g, 3);
    kiln_value v = gen_operand(g, types[kind]);
    if (kiln_value_type(g->f, v) == KILN_TYPE_VOID) v = gen_typed(g, types[kind]);
    kinds |= kind << 2 * (n - 1);
    args[n++] = v;
  }
  args[0] = kiln_const_int(g->f, kinds);
  kiln_value v =
    kiln_build_call(g->f, g->host_sigs[index], gen_symbol(g, g->host[index], 0), args, n);
  gen_add(g, KILN_TYPE_I64, v, false);
}

static void call_host(struct gen *g) {
  unsigned index = gen_pick(g, n_host_funcs);
  if (gen_chance(g, 60)) /* one that throws */
    while (!host_funcs[index].throws) index = (index + 1) % n_host_funcs;
  const struct host_func *h = &host_funcs[index];
  if (h->long_double && g->weights[KILN_TYPE_F80] == 0) return;
  if (h->sig_flags & KILN_SIG_VARIADIC) {
    call_variadic_host(g, index);
    return;
  }
  kiln_value args[24];
  for (unsigned i = 0; i < h->n_params; i++) {
    if (h->callback && i == 0) args[i] = gen_symbol(g, g->sigs[0].symbol, 0);
    else if (h->throws && i == 0) args[i] = gen_symbol(g, exception_type(g), 0);
    else args[i] = argument(g, h->params[i].type, &h->params[i]);
  }
  kiln_value to = callee(g, g->host[index], -1);
  kiln_type results[2] = {(kiln_type)h->results[0], (kiln_type)h->results[1]};
  build_call(g, g->host_sigs[index], to, args, h->n_params, results, h->n_results, NULL,
             h->callback || h->throws, false);
}

void gen_call(struct gen *g) {
  if (gen_chance(g, 110)) call_host(g);
  else {
    unsigned index = gen_pick(g, g->n_funcs), here = (unsigned)(g->sig - g->sigs);
    if (g->acyclic && here + 1 >= g->n_funcs) return;
    if (g->acyclic) index = here + 1 + index % (g->n_funcs - here - 1);
    gen_call_func(g, index, NULL, false);
  }
}

void gen_read_extra(struct gen *g) {
  if (!g->sig->variadic) return;
  static const uint8_t sizes[] = {[KILN_PROCESSOR_X86_64] = 24, [KILN_PROCESSOR_AARCH64] = 32};
  _Static_assert(sizeof sizes == KILN_PROCESSOR_COUNT, "every target has a va_list");
  unsigned size = sizes[g->target];
  kiln_value list = kiln_slot_new(g->f, size, 3), copy = {0};
  gen_used(g, KILN_OP_VA_START);
  kiln_build_unary(g->f, KILN_OP_VA_START, KILN_TYPE_I64, list);
  for (unsigned i = 0; i < g->sig->n_extra; i++) {
    if (copy.id == 0 && gen_chance(g, 60)) {
      gen_used(g, KILN_OP_VA_COPY);
      copy = kiln_slot_new(g->f, size, 3);
      kiln_build_binary(g->f, KILN_OP_VA_COPY, KILN_TYPE_I64, copy, list);
      kiln_value other = copy;
      copy = list;
      list = other;
    }
    gen_used(g, KILN_OP_VA_ARG);
    kiln_type t = (kiln_type)g->sig->extra[i];
    gen_add(g, t, kiln_build_va_arg(g->f, t, list), false);
  }
  gen_used(g, KILN_OP_VA_END);
  kiln_build_unary(g->f, KILN_OP_VA_END, KILN_TYPE_I64, list);
  if (copy.id != 0) kiln_build_unary(g->f, KILN_OP_VA_END, KILN_TYPE_I64, copy);
}

/* The frame's addresses must not be observed; that they are not 0 may. */
void gen_level(struct gen *g, kiln_op op) {
  kiln_value v = kiln_build_level(g->f, op, 0);
  gen_add(g, KILN_TYPE_I8,
          kiln_build_icmp(g->f, KILN_ICOND_NE, KILN_TYPE_I64, v, kiln_const_int(g->f, 0)), false);
}
