/* Calls, parameters, results and variable arguments with C's types: between the memory of an aggregate and
 * the pieces that the ABI makes of it. Called by front ends while they build a function. Invariant: not a
 * byte beyond an aggregate of the front end is read or written; no blocks are made, and but for a try no edges, so that
 * the helper for variables (<kiln/ssa.h>) needs no calls for new ones. */
#include "lib/frontend/ctypes_state.h"

#include <stdio.h>

#define NO_VALUE ((kiln_value){0})

static kiln_value fail(kiln_func *f, kiln_status status, const char *message) {
  if (kiln_func_status(f) == KILN_OK) kiln_func_fail(f, status, message);
  return NO_VALUE;
}

/* ---- shorthands ---- */

static kiln_value number(kiln_func *f, int64_t v) { return kiln_const_int(f, v); }

static kiln_value binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a, kiln_value b) {
  return kiln_build_binary(f, op, type, a, b);
}

static kiln_value offset(kiln_func *f, kiln_value address, uint64_t by) {
  if (by == 0) return address;
  return kiln_build_addr(f, address, NO_VALUE, 0, (int32_t)by);
}

static void copy(kiln_func *f, kiln_value to, kiln_value from, uint64_t size) {
  kiln_build_ternary(f, KILN_OP_MEMCPY, KILN_TYPE_PTR, to, from, number(f, (int64_t)size));
}

/* A slot for an aggregate, at least `size` bytes. */
static kiln_value slot_for(kiln_func *f, const struct kn_ctype *t, uint64_t size) {
  if (t->size > size) size = t->size;
  uint32_t align = t->align < 8 ? 8 : t->align;
  return kiln_slot_new(f, size == 0 ? 1 : size, (unsigned)__builtin_ctz(align));
}

/* ---- pieces ---- */

/* The integer of `size` bytes (3, 5, 6, 7) at `a` + `at`, by two loads that overlap. */
static kiln_value load_odd(kiln_func *f, kiln_type type, kiln_value a, int32_t at, uint32_t size) {
  kiln_type part = size > 4 ? KILN_TYPE_I32 : KILN_TYPE_I16;
  int32_t rest = (int32_t)(size - kiln_type_size(part));
  kiln_value low = kiln_build_load_ext(f, type, part, a, at, 0);
  kiln_value high = kiln_build_load_ext(f, type, part, a, at + rest, 0);
  high = binary(f, KILN_OP_SHL, type, high, number(f, rest * 8));
  return binary(f, KILN_OP_OR, type, low, high);
}

static void store_odd(kiln_func *f, kiln_type type, kiln_value a, int32_t at, uint32_t size,
                      kiln_value v) {
  kiln_type part = size > 4 ? KILN_TYPE_I32 : KILN_TYPE_I16;
  int32_t rest = (int32_t)(size - kiln_type_size(part));
  kiln_value high = binary(f, KILN_OP_LSHR, type, v, number(f, rest * 8));
  high = kiln_build_convert(f, KILN_OP_TRUNC, part, type, high);
  kiln_value low = kiln_build_convert(f, KILN_OP_TRUNC, part, type, v);
  kiln_build_store(f, part, a, at, low, 0);
  kiln_build_store(f, part, a, at + rest, high, 0);
}

/* A piece that is shorter than its type is loaded as an integer, a float too: its eightbyte ends with padding that
 * is not all in memory. */
static kiln_value load_piece(kiln_func *f, const kiln_cpiece *p, kiln_value a) {
  int32_t at = (int32_t)p->offset_bytes;
  if (p->size_bytes == kiln_type_size(p->type)) return kiln_build_load(f, p->type, a, at, 0);
  if (p->type != KILN_TYPE_F64) return load_odd(f, p->type, a, at, p->size_bytes);
  kiln_value v = load_odd(f, KILN_TYPE_I64, a, at, p->size_bytes);
  return kiln_build_convert(f, KILN_OP_BITCAST, KILN_TYPE_F64, KILN_TYPE_I64, v);
}

static void store_piece(kiln_func *f, const kiln_cpiece *p, kiln_value a, kiln_value v) {
  int32_t at = (int32_t)p->offset_bytes;
  if (p->size_bytes == kiln_type_size(p->type)) {
    kiln_build_store(f, p->type, a, at, v, 0);
    return;
  }
  kiln_type type = p->type == KILN_TYPE_F64 ? KILN_TYPE_I64 : p->type;
  if (p->type != type) v = kiln_build_convert(f, KILN_OP_BITCAST, type, p->type, v);
  store_odd(f, type, a, at, p->size_bytes, v);
}

/* A slot that is large enough for whole pieces. */
static kiln_value slot_for_pieces(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a) {
  const kiln_cpiece *last = &a->pieces[a->n_pieces - 1];
  return slot_for(f, t, last->offset_bytes + (uint64_t)kiln_type_size(last->type));
}

/* ---- calls ---- */

/* A variadic argument as C's default promotions make it. */
static kiln_value promote(kiln_func *f, const struct kn_ctype *from, const struct kn_ctype *to,
                          kiln_value v) {
  if (from->value == to->value || kiln_value_type(f, v) != (kiln_type)from->value) return v;
  kiln_op op = from->value == KILN_TYPE_F32 ? KILN_OP_FPROMOTE
               : from->is_signed            ? KILN_OP_SEXT
                                            : KILN_OP_ZEXT;
  return kiln_build_convert(f, op, (kiln_type)to->value, (kiln_type)from->value, v);
}

/* Writes the values that are passed for an argument to `out`; returns their number. */
static uint32_t pass(kiln_func *f, const kiln_ctypes *c, const struct kn_carg *a, kiln_value v,
                     kiln_value *out) {
  const struct kn_ctype *t = kn_ctype_at(c, a->as.type);
  switch (a->as.pass) {
  case KILN_CPASS_NONE: return 0;
  case KILN_CPASS_VALUE: out[0] = promote(f, kn_ctype_at(c, a->given), t, v); return 1;
  case KILN_CPASS_PIECES:
    for (uint32_t i = 0; i < a->as.n_pieces; i++) out[i] = load_piece(f, &a->as.pieces[i], v);
    return a->as.n_pieces;
  case KILN_CPASS_REFERENCE:
    out[0] = slot_for(f, t, 0);
    copy(f, out[0], v, t->size);
    return 1;
  case KILN_CPASS_BYVAL:
  case KILN_CPASS_SRET:
  case KILN_CPASS_COUNT: break;
  }
  out[0] = v;
  return 1;
}

/* Writes the results `v` of a call to memory, if they are to go there; returns what kiln_build_ccall does. */
static kiln_value take_result(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *r,
                              const kiln_value *v, kiln_value to) {
  if (r->pass == KILN_CPASS_VALUE) return v[0];
  if (r->pass == KILN_CPASS_NONE) return t->kind == KILN_CTYPE_VOID ? NO_VALUE : to;
  if (r->pass == KILN_CPASS_SRET) return to;
  for (uint32_t i = 0; i < r->n_pieces; i++) store_piece(f, &r->pieces[i], to, v[i]);
  return to;
}

/* The call itself, by `values`, the arguments as they are passed; its results go to `v`. With
 * `t` it is a try, which goes on in block t->normal. */
static void call_or_try(kiln_func *f, const struct kn_csig *s, const struct kn_ctype *type,
                        kiln_value callee, const kiln_value *values, uint32_t n,
                        const kiln_try_desc *t, kiln_value *v) {
  const kiln_carg_info *r = &s->result;
  uint32_t n_results = r->pass == KILN_CPASS_VALUE ? 1 : r->n_pieces;
  if (t == NULL) {
    v[0] = kiln_build_call(f, s->sig, callee, values, n);
    for (uint32_t i = 1; i < n_results; i++) v[i] = kiln_build_result(f, v[0], i);
    return;
  }
  kiln_value gives[KILN_MAX_CPIECES];
  for (uint32_t i = 0; i < n_results; i++) {
    v[i] = kiln_block_add_param(
      f, t->normal, r->pass == KILN_CPASS_VALUE ? (kiln_type)type->value : r->pieces[i].type);
    gives[i] = kiln_try_result(f, s->sig, i);
  }
  kiln_try_desc full = *t;
  full.sig = s->sig;
  full.callee = callee;
  full.args = values;
  full.n_args = n;
  full.normal_args = gives;
  full.n_normal_args = n_results;
  kiln_build_try(f, &full);
  kiln_block_switch(f, t->normal);
}

/* kiln_build_ccall, or with `unwinding` kiln_build_ctry. */
static kiln_value build_call(kiln_func *f, const kiln_ctypes *c, kiln_csig sig, kiln_value callee,
                             const kiln_value *args, uint32_t n, kiln_value result,
                             const kiln_try_desc *unwinding) {
  const struct kn_csig *s = kn_csig_at(c, sig);
  if (s == NULL) return fail(f, KILN_ERR_ARGUMENT, "no such C signature");
  if (n != s->n) {
    char message[64];
    snprintf(message, sizeof message, "%u argument%s, the C signature has %u", n, n == 1 ? "" : "s",
             s->n);
    return fail(f, KILN_ERR_ARGUMENT, message);
  }
  if (args == NULL && n != 0) return fail(f, KILN_ERR_ARGUMENT, "arguments are missing (NULL)");
  if (f == NULL) return NO_VALUE;
  const struct kn_ctype *t = kn_ctype_at(c, s->result.type);
  if (t->value == KILN_TYPE_VOID && t->kind != KILN_CTYPE_VOID && result.id == 0)
    result = slot_for(f, t, 0);
  kiln_value few[64], *values = few;
  uint64_t room = (uint64_t)n * KILN_MAX_CPIECES + 1;
  if (room > sizeof few / sizeof few[0]) {
    values = kn_allocator_realloc(&c->allocator, NULL, room * sizeof *values);
    if (values == NULL) return fail(f, KILN_ERR_MEMORY, "out of memory");
  }
  uint32_t n_values = 0;
  if (s->result.pass == KILN_CPASS_SRET) values[n_values++] = result;
  for (uint32_t i = 0; i < n; i++)
    n_values += pass(f, c, c->args.at + s->args + i, args[i], values + n_values);
  kiln_value v[KILN_MAX_CPIECES] = {NO_VALUE};
  call_or_try(f, s, t, callee, values, n_values, unwinding, v);
  if (values != few) kn_allocator_realloc(&c->allocator, values, 0);
  return take_result(f, t, &s->result, v, result);
}

kiln_value kiln_build_ccall(kiln_func *f, const kiln_ctypes *c, kiln_csig sig, kiln_value callee,
                            kiln_value result, const kiln_value *args, uint32_t n) {
  return build_call(f, c, sig, callee, args, n, result, NULL);
}

kiln_value kiln_build_ctry(kiln_func *f, const kiln_ctypes *c, kiln_csig sig, kiln_value callee,
                           kiln_value result, const kiln_try_desc *t, const kiln_value *args,
                           uint32_t n) {
  if (t == NULL) return fail(f, KILN_ERR_ARGUMENT, "a try without a description (NULL)");
  if (t->args != NULL || t->n_args != 0 || t->normal_args != NULL || t->n_normal_args != 0)
    return fail(f, KILN_ERR_ARGUMENT, "the arguments of a try by a C signature are given apart");
  return build_call(f, c, sig, callee, args, n, result, t);
}

/* ---- definitions ---- */

kiln_value kiln_build_cparam(kiln_func *f, const kiln_ctypes *c, kiln_csig sig, uint32_t i) {
  const struct kn_csig *s = kn_csig_at(c, sig);
  if (s == NULL || i >= s->n) return fail(f, KILN_ERR_ARGUMENT, "no such C parameter");
  const kiln_carg_info *a = &c->args.at[s->args + i].as;
  const struct kn_ctype *t = kn_ctype_at(c, a->type);
  if (a->pass == KILN_CPASS_NONE) return slot_for(f, t, 0);
  if (a->pass == KILN_CPASS_VALUE) return kiln_func_param(f, a->param);
  if (a->pass == KILN_CPASS_PIECES) {
    kiln_value to = slot_for_pieces(f, t, a);
    for (uint32_t k = 0; k < a->n_pieces; k++)
      kiln_build_store(f, a->pieces[k].type, to, (int32_t)a->pieces[k].offset_bytes,
                       kiln_func_param(f, a->param + k), 0);
    return to;
  }
  kiln_value at = kiln_func_param(f, a->param);
  if (t->align <= 16) return at;
  kiln_value to = slot_for(f, t, 0); /* arguments are aligned to 16 bytes only: copy */
  copy(f, to, at, t->size);
  return to;
}

kiln_value kiln_build_cresult(kiln_func *f, const kiln_ctypes *c, kiln_csig sig) {
  const struct kn_csig *s = kn_csig_at(c, sig);
  if (s == NULL) return fail(f, KILN_ERR_ARGUMENT, "no such C signature");
  return s->result.pass == KILN_CPASS_SRET ? kiln_func_param(f, 0) : NO_VALUE;
}

void kiln_build_creturn(kiln_func *f, const kiln_ctypes *c, kiln_csig sig, kiln_value value) {
  const struct kn_csig *s = kn_csig_at(c, sig);
  if (s == NULL) {
    fail(f, KILN_ERR_ARGUMENT, "no such C signature");
    return;
  }
  const kiln_carg_info *r = &s->result;
  kiln_value v[KILN_MAX_CPIECES] = {value};
  uint32_t n = r->pass == KILN_CPASS_VALUE ? 1 : r->n_pieces;
  for (uint32_t i = 0; i < r->n_pieces; i++) v[i] = load_piece(f, &r->pieces[i], value);
  if (r->pass == KILN_CPASS_SRET) {
    kiln_value to = kiln_func_param(f, 0);
    if (to.id != value.id) copy(f, to, value, kn_ctype_at(c, r->type)->size);
  }
  kiln_build_ret(f, v, n);
}

/* ---- variable arguments ----
* Scalars are read by the operation va_arg; all other types by the functions here, with selects in place of
 * branches: they choose the argument's address between the area of saved registers and the stack. */

static kiln_value load32(kiln_func *f, kiln_value a, int32_t at) {
  return kiln_build_load(f, KILN_TYPE_I32, a, at, 0);
}

static kiln_value choose(kiln_func *f, kiln_value if_registers, kiln_value a, kiln_value b) {
  return kiln_build_select(f, KILN_TYPE_I64, if_registers, a, b);
}

static kiln_value round_up(kiln_func *f, kiln_type type, kiln_value v, int64_t align) {
  v = binary(f, KILN_OP_ADD, type, v, number(f, align - 1));
  return binary(f, KILN_OP_AND, type, v, number(f, -align));
}

/* Copies pieces from the addresses `from` to a new slot; the address of that. */
static kiln_value gather(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a,
                         const kiln_value *from) {
  kiln_value to = slot_for_pieces(f, t, a);
  for (uint32_t k = 0; k < a->n_pieces; k++) {
    kiln_value v = kiln_build_load(f, a->pieces[k].type, from[k], 0, 0);
    kiln_build_store(f, a->pieces[k].type, to, (int32_t)a->pieces[k].offset_bytes, v, 0);
  }
  return to;
}

/* psABI 3.5.7: gp_offset, fp_offset, overflow_arg_area, reg_save_area. */
kiln_value kn_cva_arg_x64(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a,
                          kiln_value ap) {
  enum { GP = 0, FP = 4, STACK = 8, SAVED = 16, GP_END = 48, FP_END = 176 };
  kiln_value stack = kiln_build_load(f, KILN_TYPE_I64, ap, STACK, 0), at = stack;
  if (t->align > 8) at = round_up(f, KILN_TYPE_I64, at, t->align);
  kiln_value end = offset(f, at, kn_cround(t->size, 8));
  if (a->pass != KILN_CPASS_PIECES) { /* always on the stack */
    kiln_build_store(f, KILN_TYPE_I64, ap, STACK, end, 0);
    return at;
  }
  uint32_t n[2] = {0, 0};
  for (uint32_t k = 0; k < a->n_pieces; k++) n[a->pieces[k].type >= KILN_TYPE_F32]++;
  static const int32_t fields[2] = {GP, FP}, ends[2] = {GP_END, FP_END}, steps[2] = {8, 16};
  kiln_value in_registers = NO_VALUE, used[2] = {NO_VALUE, NO_VALUE};
  for (unsigned b = 0; b < 2; b++) {
    if (n[b] == 0) continue;
    used[b] = load32(f, ap, fields[b]);
    kiln_value fits = kiln_build_icmp(f, KILN_ICOND_ULE, KILN_TYPE_I32, used[b],
                                      number(f, ends[b] - (int64_t)n[b] * steps[b]));
    in_registers =
      in_registers.id == 0 ? fits : binary(f, KILN_OP_AND, KILN_TYPE_I8, in_registers, fits);
  }
  kiln_value saved = kiln_build_load(f, KILN_TYPE_I64, ap, SAVED, 0), area[2],
             from[KILN_MAX_CPIECES];
  for (unsigned b = 0; b < 2; b++) {
    if (n[b] == 0) continue;
    kiln_value wide = kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, used[b]);
    area[b] = binary(f, KILN_OP_ADD, KILN_TYPE_I64, saved, wide);
    kiln_value more =
      binary(f, KILN_OP_ADD, KILN_TYPE_I32, used[b], number(f, (int64_t)n[b] * steps[b]));
    more = kiln_build_select(f, KILN_TYPE_I32, in_registers, more, used[b]);
    kiln_build_store(f, KILN_TYPE_I32, ap, fields[b], more, 0);
  }
  uint64_t next[2] = {0, 0};
  for (uint32_t k = 0; k < a->n_pieces; k++) {
    unsigned b = a->pieces[k].type >= KILN_TYPE_F32;
    kiln_value in_register = offset(f, area[b], next[b]);
    kiln_value in_memory = offset(f, at, a->pieces[k].offset_bytes);
    from[k] = choose(f, in_registers, in_register, in_memory);
    next[b] += (uint64_t)steps[b];
  }
  kiln_build_store(f, KILN_TYPE_I64, ap, STACK, choose(f, in_registers, stack, end), 0);
  return gather(f, t, a, from);
}

/* Each argument has 8 bytes: itself, or its address. */
kiln_value kn_cva_arg_windows(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a,
                              kiln_value ap) {
  (void)t;
  kiln_value at = kiln_build_load(f, KILN_TYPE_I64, ap, 0, 0);
  kiln_build_store(f, KILN_TYPE_I64, ap, 0, offset(f, at, 8), 0);
  return a->pass == KILN_CPASS_PIECES ? at : kiln_build_load(f, KILN_TYPE_I64, at, 0, 0);
}

/* AAPCS64, appendix B: stack, gr_top, vr_top, gr_offs, vr_offs. */
kiln_value kn_cva_arg_a64(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a,
                          kiln_value ap) {
  enum { STACK = 0, GR_TOP = 8, VR_TOP = 16, GR_OFFS = 24, VR_OFFS = 28 };
  bool fp = a->pieces[0].type >= KILN_TYPE_F32, even = !fp && t->natural >= 16;
  uint64_t stacked = kn_cround(t->size, 8), bytes = fp ? 16 * a->n_pieces : stacked;
  kiln_value old = load32(f, ap, fp ? VR_OFFS : GR_OFFS), offs = old;
  if (even) offs = round_up(f, KILN_TYPE_I32, offs, 16);
  kiln_value more = binary(f, KILN_OP_ADD, KILN_TYPE_I32, offs, number(f, (int64_t)bytes));
  kiln_value any = kiln_build_icmp(f, KILN_ICOND_SLT, KILN_TYPE_I32, old, number(f, 0));
  kiln_value fits = kiln_build_icmp(f, KILN_ICOND_SLE, KILN_TYPE_I32, more, number(f, 0));
  kiln_value in_registers = binary(f, KILN_OP_AND, KILN_TYPE_I8, any, fits);
  kiln_build_store(f, KILN_TYPE_I32, ap, fp ? VR_OFFS : GR_OFFS,
                   kiln_build_select(f, KILN_TYPE_I32, any, more, old), 0);
  kiln_value top = kiln_build_load(f, KILN_TYPE_I64, ap, fp ? VR_TOP : GR_TOP, 0);
  kiln_value wide = kiln_build_convert(f, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I32, offs);
  kiln_value saved = binary(f, KILN_OP_ADD, KILN_TYPE_I64, top, wide);
  kiln_value stack = kiln_build_load(f, KILN_TYPE_I64, ap, STACK, 0), at = stack;
  if (t->natural >= 16) at = round_up(f, KILN_TYPE_I64, at, 16);
  kiln_value end = offset(f, at, stacked);
  kiln_build_store(f, KILN_TYPE_I64, ap, STACK, choose(f, in_registers, stack, end), 0);
  if (!fp) return choose(f, in_registers, saved, at);
  kiln_value from[KILN_MAX_CPIECES];
  for (uint32_t k = 0; k < a->n_pieces; k++) {
    kiln_value in_register = offset(f, saved, 16 * k);
    kiln_value in_memory = offset(f, at, a->pieces[k].offset_bytes);
    from[k] = choose(f, in_registers, in_register, in_memory);
  }
  return gather(f, t, a, from);
}

kiln_value kiln_build_cva_arg(kiln_func *f, const kiln_ctypes *c, kiln_ctype type, kiln_value ap) {
  const struct kn_ctype *t = kn_ctype_at(c, type);
  if (t == NULL || t->kind == KILN_CTYPE_VOID || t->kind == KILN_CTYPE_ARRAY ||
      (!c->as_given && kiln_ctype_promote(c, type).id != type.id))
    return fail(f, KILN_ERR_TYPE, "a variadic argument never has this type");
  if (t->size > INT32_MAX) return fail(f, KILN_ERR_LIMIT, "an argument of 2 GiB or more");
  kiln_carg_info a = kn_carg_of(c, type);
  if (a.pass == KILN_CPASS_NONE) return slot_for(f, t, 0);
  if (a.pass == KILN_CPASS_REFERENCE) return kiln_build_va_arg(f, KILN_TYPE_PTR, ap);
  if (f == NULL) return NO_VALUE;
  if (a.pass != KILN_CPASS_VALUE) return c->abi->next_arg(f, t, &a, ap);
  if (t->value == KILN_TYPE_F32 || t->value == KILN_TYPE_F64 || t->value <= KILN_TYPE_I64)
    return kiln_build_va_arg(f, (kiln_type)t->value, ap);
  /* i128 as two integers or as itself; long double by memory, or one register */
  bool pair = c->abi->splits_i128 && t->value == KILN_TYPE_I128;
  a = (kiln_carg_info){.type = type,
                       .pass = t->value == KILN_TYPE_F80 ? KILN_CPASS_BYVAL : KILN_CPASS_PIECES};
  a.n_pieces = pair ? 2 : 1;
  for (uint32_t k = 0; k < a.n_pieces; k++)
    a.pieces[k] =
      pair ? (kiln_cpiece){KILN_TYPE_I64, 8 * k, 8} : (kiln_cpiece){(kiln_type)t->value, 0, 16};
  kiln_value at = c->abi->next_arg(f, t, &a, ap);
  return kiln_build_load(f, (kiln_type)t->value, at, 0, 0);
}
