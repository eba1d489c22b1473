/* How arguments and results are passed, by the ABI of the target: psABI 3.2.3 (classification, passing, returning),
 * AAPCS64 6.8.2 and 6.9; Microsoft's "x64 calling convention", as MinGW implements it. Called by front ends once
 * per C signature. On x86-64 an aggregate is passed either wholly in registers or wholly in memory; in memory, it
 * leaves the free registers to later arguments. So registers are counted here, over the whole signature. On AArch64
 * the library does that for arguments that are joined. Invariant: the parameters made here are what clang makes of
 * the same C. */
#include "lib/frontend/ctypes_state.h"

enum { X64_GP = 6, X64_FP = 8, A64_FP = 8 };

/* The integer type of a piece of `size` bytes, 1 to 8. */
static kiln_type int_type(uint64_t size) {
  return size > 4   ? KILN_TYPE_I64
         : size > 2 ? KILN_TYPE_I32
         : size > 1 ? KILN_TYPE_I16
                    : KILN_TYPE_I8;
}

static void add_piece(kiln_carg_info *a, kiln_type type, uint64_t offset, uint64_t size) {
  a->pass = KILN_CPASS_PIECES;
  a->pieces[a->n_pieces++] = (kiln_cpiece){type, (uint32_t)offset, (uint32_t)size};
}

/* ---- x86-64 ---- */

/* True if a scalar is not at a multiple of its size, the psABI's "has unaligned fields". */
static bool is_unaligned(const struct kn_ctype *t) {
  return (t->starts & UINT64_C(0xfffefefeeeeeaaaa)) != 0; /* lanes of 16, 8, 4, 2 */
}

/* Fills in an aggregate's pieces, by its eightbytes; one without pieces is passed in memory. */
static void x64_pieces(const struct kn_ctype *t, kiln_carg_info *a, bool result) {
  if (t->kind == KILN_CTYPE_COMPLEX_LDOUBLE && result) { /* COMPLEX_X87: st0, st1 */
    add_piece(a, KILN_TYPE_F80, 0, 16);
    add_piece(a, KILN_TYPE_F80, 16, 16);
    return;
  }
  if (t->size > 16 || t->in_memory || is_unaligned(t)) return;
  enum kn_cclass low = kn_cclass_of(t->classes, 0), high = kn_cclass_of(t->classes, 1);
  if (low == KN_CCLASS_MEMORY || high == KN_CCLASS_MEMORY) return;
  if (high == KN_CCLASS_X87UP && low != KN_CCLASS_X87) return;
  if (low == KN_CCLASS_X87) {
    if (result) add_piece(a, KILN_TYPE_F80, 0, 16);
    return;
  }
  a->pass = KILN_CPASS_NONE; /* if it is all padding */
  for (unsigned k = 0; k < 2; k++) {
    enum kn_cclass class = k == 0 ? low : high;
    uint64_t size = t->size - 8 * k < 8 ? t->size - 8 * k : 8;
    if (class == KN_CCLASS_INTEGER) add_piece(a, int_type(size), 8 * k, size);
    if (class == KN_CCLASS_SSE) add_piece(a, size > 4 ? KILN_TYPE_F64 : KILN_TYPE_F32, 8 * k, size);
  }
}

static kiln_carg_info x64_arg(const struct kn_ctype *t) {
  kiln_carg_info a = {.pass = KILN_CPASS_BYVAL};
  if (t->value != KILN_TYPE_VOID) a.pass = KILN_CPASS_VALUE;
  else if (t->size == 0 && !t->in_memory) a.pass = KILN_CPASS_NONE;
  else x64_pieces(t, &a, false);
  return a;
}

static void x64_result(const struct kn_ctype *t, kiln_carg_info *a) { x64_pieces(t, a, true); }

/* An argument that does not fit wholly into the free registers is passed in memory. */
static void x64_take(const struct kn_ctype *t, struct kn_cregs *r, kiln_carg_info *a) {
  struct kn_cregs need = {0, 0};
  if (t->kind == KILN_CTYPE_CHAIN) return; /* in a register of its own */
  if (a->pass == KILN_CPASS_VALUE) {
    if (t->value == KILN_TYPE_F32 || t->value == KILN_TYPE_F64) need.fp = 1;
    else if (t->value <= KILN_TYPE_I64) need.gp = 1;
    else if (t->value == KILN_TYPE_I128) need.gp = 2;
  }
  for (uint32_t i = 0; i < a->n_pieces; i++)
    kiln_type_is_float(a->pieces[i].type) ? need.fp++ : need.gp++;
  if (r->gp + need.gp <= X64_GP && r->fp + need.fp <= X64_FP) {
    r->gp += need.gp;
    r->fp += need.fp;
  } else if (a->pass == KILN_CPASS_PIECES) {
    a->pass = KILN_CPASS_BYVAL;
    a->n_pieces = 0;
  }
}

/* ---- AArch64 ---- */

/* The pieces of an aggregate that is passed in registers: a homogeneous aggregate's members; else up to 16 bytes
 * as integers. 16 bytes aligned to 16 are one i128, since it starts at an even register. */
static void a64_pieces(const struct kn_ctype *t, kiln_carg_info *a) {
  if (t->in_memory) return;
  if (t->hfa != KN_CHFA_NOT && t->hfa != KILN_TYPE_VOID && t->n_hfa <= 4) {
    uint32_t size = kiln_type_size((kiln_type)t->hfa);
    for (uint32_t k = 0; k < t->n_hfa; k++) add_piece(a, (kiln_type)t->hfa, k * size, size);
  } else if (t->size == 16 && t->natural >= 16) {
    add_piece(a, KILN_TYPE_I128, 0, 16);
  } else if (t->size <= 16) {
    for (uint64_t at = 0; at < t->size; at += 8) {
      uint64_t size = t->size - at < 8 ? t->size - at : 8;
      add_piece(a, int_type(size), at, size);
    }
  }
}

static kiln_carg_info a64_arg(const struct kn_ctype *t) {
  kiln_carg_info a = {.pass = KILN_CPASS_REFERENCE};
  if (t->value != KILN_TYPE_VOID) a.pass = KILN_CPASS_VALUE;
  else if (t->size == 0 && !t->in_memory) a.pass = KILN_CPASS_NONE;
  else a64_pieces(t, &a);
  return a;
}

/* ---- x86-64 on Windows ---- */

/* An aggregate of the size of an integer is passed as one. */
static void windows_pieces(const struct kn_ctype *t, kiln_carg_info *a) {
  if (t->size == 0 || t->size > 8 || (t->size & (t->size - 1))) return;
  add_piece(a, int_type(t->size), 0, t->size);
}

static kiln_carg_info windows_arg(const struct kn_ctype *t) {
  kiln_carg_info a = {.pass = KILN_CPASS_REFERENCE};
  if (t->value != KILN_TYPE_VOID) a.pass = KILN_CPASS_VALUE;
  else windows_pieces(t, &a);
  return a;
}

/* ---- the table ---- */

static const struct kn_cabi abis[][KILN_SYSTEM_COUNT] = {
  [KILN_PROCESSOR_X86_64] = {[KILN_SYSTEM_LINUX] = {.ldouble = KILN_TYPE_F80,
                                                    .long_bytes = 8,
                                                    .signed_char = true,
                                                    .extends_small = true,
                                                    .splits_i128 = true,
                                                    .arg = x64_arg,
                                                    .result = x64_result,
                                                    .take = x64_take,
                                                    .next_arg = kn_cva_arg_x64},
                             [KILN_SYSTEM_WINDOWS] = {.ldouble = KILN_TYPE_F80,
                                                      .long_bytes = 4,
                                                      .signed_char = true,
                                                      .partial = true,
                                                      .arg = windows_arg,
                                                      .result = windows_pieces,
                                                      .next_arg = kn_cva_arg_windows}},
  [KILN_PROCESSOR_AARCH64] = {[KILN_SYSTEM_LINUX] = {.ldouble = KILN_TYPE_F128,
                                                     .long_bytes = 8,
                                                     .unnamed_bits_align = true,
                                                     .joins_pieces = true,
                                                     .arg = a64_arg,
                                                     .result = a64_pieces,
                                                     .next_arg = kn_cva_arg_a64}},
};
_Static_assert(sizeof abis / sizeof *abis == KILN_PROCESSOR_COUNT,
               "every processor has an ABI of C");

const struct kn_cabi *kn_cabi_of(kiln_target target) {
  const struct kn_cabi *abi = &abis[target.processor][target.system];
  return abi->arg != NULL ? abi : NULL;
}

/* ---- signatures ---- */

kiln_carg_info kn_carg_of(const kiln_ctypes *c, kiln_ctype t) {
  const struct kn_ctype *type = kn_ctype_at(c, t);
  kiln_carg_info none = {.pass = KILN_CPASS_NONE};
  if (type == NULL) return none;
  kiln_carg_info a = c->abi->arg(type);
  a.type = t;
  return a;
}

static kiln_carg_info result_of(const kiln_ctypes *c, kiln_ctype t) {
  const struct kn_ctype *type = kn_ctype_at(c, t);
  kiln_carg_info a = {.type = t, .pass = KILN_CPASS_SRET};
  if (type->value != KILN_TYPE_VOID) a.pass = KILN_CPASS_VALUE;
  else if (type->size == 0 && !type->in_memory) a.pass = KILN_CPASS_NONE;
  else c->abi->result(type, &a);
  return a;
}

static bool add_param(kiln_ctypes *c, kiln_type type, unsigned flags) {
  if (!KN_ROOM(&c->allocator, c->params, 1))
    return kn_ctypes_fail(c, KILN_ERR_MEMORY, "out of memory");
  c->params.at[c->params.n++] = (kiln_param){.type = (kiln_type)type, .flags = flags};
  return true;
}

/* Flags of a scalar: which is the static chain; small integers are extended where compilers for the ABI rely on it. */
static unsigned scalar_flags(const kiln_ctypes *c, const struct kn_ctype *t) {
  if (t->kind == KILN_CTYPE_CHAIN) return KILN_PARAM_CHAIN;
  if (!c->abi->extends_small || t->value > KILN_TYPE_I16) return 0;
  return t->is_signed ? KILN_PARAM_SEXT : KILN_PARAM_ZEXT;
}

static bool add_params(kiln_ctypes *c, const struct kn_ctype *t, kiln_carg_info *a) {
  a->param = c->params.n;
  switch (a->pass) {
  case KILN_CPASS_NONE: return true;
  case KILN_CPASS_VALUE: return add_param(c, (kiln_type)t->value, scalar_flags(c, t));
  case KILN_CPASS_PIECES:
    for (uint32_t i = 0; i < a->n_pieces; i++) {
      bool join = c->abi->joins_pieces && i + 1 < a->n_pieces;
      if (!add_param(c, a->pieces[i].type, join ? KILN_PARAM_JOIN : 0)) return false;
    }
    if (c->abi->joins_pieces && t->natural >= 16 && kiln_type_is_float(a->pieces[0].type))
      c->params.at[a->param].align_log2 = 4;
    return true;
  case KILN_CPASS_BYVAL: {
    if (!add_param(c, KILN_TYPE_PTR, KILN_PARAM_BYVAL)) return false;
    kiln_param *p = &c->params.at[c->params.n - 1];
    if (t->size > INT32_MAX)
      return kn_ctypes_fail(c, KILN_ERR_LIMIT, "an argument of 2 GiB or more");
    p->size_bytes = (uint32_t)t->size;
    p->align_log2 = (uint8_t)__builtin_ctz(t->align < 8 ? 8 : t->align);
    return true;
  }
  case KILN_CPASS_SRET: return add_param(c, KILN_TYPE_PTR, KILN_PARAM_SRET);
  case KILN_CPASS_REFERENCE:
  case KILN_CPASS_COUNT: break;
  }
  return add_param(c, KILN_TYPE_PTR, 0);
}

/* False, and the table has failed, for a scalar that the ABI's row cannot pass. */
static bool possible(kiln_ctypes *c, const struct kn_ctype *t) {
  if (!c->abi->partial || (t->value != KILN_TYPE_I128 && t->value != KILN_TYPE_F80)) return true;
  return kn_ctypes_fail(c, KILN_ERR_UNSUPPORTED,
                        "a signature with long double or __int128 is not supported on Windows");
}

/* Adds an argument to the signature being made: its type is known, and how it is passed is found out. */
static bool add_arg(kiln_ctypes *c, struct kn_cregs *r, struct kn_carg *a) {
  const struct kn_ctype *t = kn_ctype_at(c, a->as.type);
  if (t == NULL || t->kind == KILN_CTYPE_VOID || t->kind == KILN_CTYPE_ARRAY)
    return kn_ctypes_fail(c, KILN_ERR_TYPE,
                          "the type of a parameter is void or an array, or does not exist");
  if (!possible(c, t)) return false;
  a->as = kn_carg_of(c, a->as.type);
  if (c->abi->take != NULL) c->abi->take(t, r, &a->as);
  return add_params(c, t, &a->as);
}

/* ---- interning ---- */

static uint32_t hash_sig(const kiln_ctypes *c, const struct kn_csig *s) {
  uint64_t h = kn_mix64(s->result.type.id, s->flags | (uint64_t)s->n_fixed << 32);
  for (uint32_t i = 0; i < s->n; i++) {
    const struct kn_carg *a = c->args.at + s->args + i;
    h = kn_mix64(h, a->given.id | (uint64_t)a->as.type.id << 32);
  }
  return (uint32_t)(h >> 32);
}

/* True if two signatures were made of the same flags, result and arguments. */
static bool same_sig(const kiln_ctypes *c, const struct kn_csig *s, const struct kn_csig *t) {
  if (s->flags != t->flags || s->n != t->n || s->n_fixed != t->n_fixed ||
      s->result.type.id != t->result.type.id)
    return false;
  const struct kn_carg *a = c->args.at + s->args, *b = c->args.at + t->args;
  for (uint32_t i = 0; i < s->n; i++)
    if (a[i].given.id != b[i].given.id || a[i].as.type.id != b[i].as.type.id) return false;
  return true;
}

/* True if `s` is after `t` in an order of all signatures. */
static KN_COLD bool sig_after(const kiln_ctypes *c, const struct kn_csig *s,
                              const struct kn_csig *t) {
  if (s->n != t->n) return s->n > t->n;
  if (s->flags != t->flags) return s->flags > t->flags;
  if (s->n_fixed != t->n_fixed) return s->n_fixed > t->n_fixed;
  if (s->result.type.id != t->result.type.id) return s->result.type.id > t->result.type.id;
  const struct kn_carg *a = c->args.at + s->args, *b = c->args.at + t->args;
  for (uint32_t i = 0; i < s->n; i++) {
    if (a[i].given.id != b[i].given.id) return a[i].given.id > b[i].given.id;
    if (a[i].as.type.id != b[i].as.type.id) return a[i].as.type.id > b[i].as.type.id;
  }
  return false;
}

/* Makes or finds a signature. Its arguments are those of signature `of`, if that is not none, and `n` more. */
static kiln_csig make_sig(kiln_ctypes *c, unsigned flags, kiln_ctype result, kiln_csig of,
                          const kiln_ctype *params, uint32_t n) {
  const kiln_csig none = {0};
  if (c == NULL) return none;
  if (params == NULL && n != 0)
    return KN_CTYPES_FAIL(none, c, KILN_ERR_ARGUMENT, "parameters are missing (NULL)");
  const struct kn_ctype *type = kn_ctype_at(c, result);
  if (type == NULL || type->kind == KILN_CTYPE_ARRAY)
    return KN_CTYPES_FAIL(none, c, KILN_ERR_TYPE,
                          "the type of the result is an array, or does not exist");
  if (!possible(c, type)) return none;
  uint32_t before = c->args.n, n_of = of.id != 0 ? c->sigs.at[of.id].n_fixed : 0;
  if (n > UINT32_MAX - n_of || !KN_ROOM(&c->allocator, c->args, n_of + n))
    return KN_CTYPES_FAIL(none, c, KILN_ERR_MEMORY, "out of memory");
  struct kn_carg *args = c->args.at + before;
  bool promoted = of.id != 0 && !c->as_given;
  for (uint32_t i = 0; i < n_of; i++)
    args[i].given = args[i].as.type = c->args.at[c->sigs.at[of.id].args + i].given;
  for (uint32_t i = 0; i < n; i++) {
    args[n_of + i].given = params[i];
    args[n_of + i].as.type = promoted ? kiln_ctype_promote(c, params[i]) : params[i];
  }
  struct kn_csig s = {.flags = flags,
                      .args = before,
                      .n = n_of + n,
                      .n_fixed = of.id != 0 ? n_of : n,
                      .result.type = result};
  uint32_t hash = hash_sig(c, &s), at, known;
  KN_HASH_EACH(&c->sig_hash, hash, at, known, sig_after(c, &s, c->sigs.at + known))
  if (same_sig(c, c->sigs.at + known, &s)) return (kiln_csig){known};
  struct kn_cregs r = {0, 0};
  s.result = result_of(c, result);
  c->params.n = 0;
  bool ok = true;
  if (s.result.pass == KILN_CPASS_SRET) {
    ok = add_param(c, KILN_TYPE_PTR, KILN_PARAM_SRET);
    r.gp = 1; /* AArch64: x8, but nothing is counted there */
  }
  for (uint32_t i = 0; ok && i < s.n; i++) ok = add_arg(c, &r, args + i);
  kiln_type results[KILN_MAX_CPIECES];
  uint32_t n_results = 0;
  if (s.result.pass == KILN_CPASS_VALUE) results[n_results++] = (kiln_type)type->value;
  for (uint32_t i = 0; i < s.result.n_pieces; i++) results[n_results++] = s.result.pieces[i].type;
  if (ok && (!KN_ROOM(&c->allocator, c->sigs, 1) || !KN_HASH_ROOM(&c->allocator, &c->sig_hash)))
    ok = kn_ctypes_fail(c, KILN_ERR_MEMORY, "out of memory");
  if (ok)
    s.sig = kiln_sig_new(c->m, KILN_CC_C, flags, c->params.at, c->params.n, results, n_results);
  if (!ok || s.sig.id == 0) return none;
  c->args.n = before + s.n;
  kn_hash_put(&c->sig_hash, at, hash, c->sigs.n);
  c->sigs.at[c->sigs.n] = s;
  return (kiln_csig){c->sigs.n++};
}

kiln_csig kiln_csig_new(kiln_ctypes *c, kiln_cc cc, unsigned flags, const kiln_ctype *params,
                        uint32_t n, kiln_ctype result) {
  if (c != NULL && cc != KILN_CC_C)
    return KN_CTYPES_FAIL((kiln_csig){0}, c, KILN_ERR_UNSUPPORTED,
                          "types of C with another calling convention than C's");
  return make_sig(c, flags, result, (kiln_csig){0}, params, n);
}

kiln_csig kiln_csig_new_variadic(kiln_ctypes *c, kiln_csig sig, const kiln_ctype *more,
                                 uint32_t n) {
  const kiln_csig none = {0};
  const struct kn_csig *s = kn_csig_at(c, sig);
  if (s == NULL || !(s->flags & KILN_SIG_VARIADIC))
    return KN_CTYPES_FAIL(none, c, KILN_ERR_ARGUMENT, "no variadic signature");
  return make_sig(c, s->flags, s->result.type, sig, more, n);
}

/* ---- reading ---- */

kiln_sig kiln_csig_sig(const kiln_ctypes *c, kiln_csig sig) {
  const kiln_sig none = {0};
  const struct kn_csig *s = kn_csig_at(c, sig);
  return s != NULL ? s->sig : none;
}

kiln_carg_info kiln_csig_get_arg(const kiln_ctypes *c, kiln_csig sig, uint32_t i) {
  const struct kn_csig *s = kn_csig_at(c, sig);
  kiln_carg_info none = {.pass = KILN_CPASS_NONE};
  return s != NULL && i < s->n ? c->args.at[s->args + i].as : none;
}

kiln_carg_info kiln_csig_get_result(const kiln_ctypes *c, kiln_csig sig) {
  const struct kn_csig *s = kn_csig_at(c, sig);
  kiln_carg_info none = {.pass = KILN_CPASS_NONE};
  return s != NULL ? s->result : none;
}
