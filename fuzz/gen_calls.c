/* Signatures and calls of generated programs: among themselves, to C and back. See gen.h. */
#include "gen.h"

#include "host.h"

#include <string.h>

/* How many results of each kind fit the registers of both targets. */
enum { MAX_INT_RESULTS = 3, MAX_FLOAT_RESULTS = 4 };

static void add_param(struct gen_sig *s, unsigned type, kiln_param p) {
  s->types[s->n_params] = (uint8_t)type;
  s->params[s->n_params++] = p;
}

static void some_param(struct gen *g, struct gen_sig *s) {
  uint32_t k = gen_byte(g);
  if (k >= 200) {
    unsigned flags = k >= 248 ? KILN_PARAM_BYVAL : 0;
    kiln_param p = {.type = KILN_TYPE_I64, .flags = (uint8_t)flags};
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
  add_param(s, t, p);
}

static void results(struct gen *g, struct gen_sig *s) {
  unsigned n = gen_chance(g, 60) ? gen_pick(g, 7) : gen_chance(g, 40) ? 0 : 1;
  unsigned ints = 0, floats = 0, longs = 0;
  for (unsigned i = 0; i < n; i++) {
    kiln_type t = gen_type(g);
    unsigned *used = t == KILN_TYPE_F80                         ? &longs
                     : t == KILN_TYPE_F32 || t == KILN_TYPE_F64 ? &floats
                                                                : &ints;
    unsigned more = t == KILN_TYPE_I128 ? 2 : 1;
    unsigned most = used == &ints ? MAX_INT_RESULTS : used == &floats ? MAX_FLOAT_RESULTS : 2;
    if (*used + more > most) continue;
    *used += more;
    s->results[s->n_results++] = t;
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
  s->sig = kiln_sig_new(g->m, KILN_CC_C, flags, s->params, s->n_params, s->results, s->n_results);
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

void gen_call_func(struct gen *g, unsigned index, kiln_value *out) {
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
  kiln_value v = kiln_build_call(g->f, s->sig, to, args, n);
  add_results(g, v, s->results, s->n_results, out);
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
  const struct host_func *h = &host_funcs[index];
  if (h->long_double && g->weights[KILN_TYPE_F80] == 0) return;
  if (h->sig_flags & KILN_SIG_VARIADIC) {
    call_variadic_host(g, index);
    return;
  }
  kiln_value args[24];
  for (unsigned i = 0; i < h->n_params; i++) {
    if (h->callback && i == 0) args[i] = gen_symbol(g, g->sigs[0].symbol, 0);
    else args[i] = argument(g, h->params[i].type, &h->params[i]);
  }
  kiln_value to = callee(g, g->host[index], -1);
  kiln_value v = kiln_build_call(g->f, g->host_sigs[index], to, args, h->n_params);
  kiln_type results[2] = {(kiln_type)h->results[0], (kiln_type)h->results[1]};
  add_results(g, v, results, h->n_results, NULL);
}

void gen_call(struct gen *g) {
  if (gen_chance(g, 110)) call_host(g);
  else gen_call_func(g, gen_pick(g, g->n_funcs), NULL);
}

void gen_read_extra(struct gen *g) {
  if (!g->sig->variadic) return;
  static const uint8_t sizes[] = {[KILN_TARGET_X86_64] = 24, [KILN_TARGET_AARCH64] = 32};
  _Static_assert(sizeof sizes == KILN_TARGET_COUNT, "every target has a va_list");
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
