/* Signatures, interned by content: equal ones have equal ids, so that the rest of the library compares
 * ids. Called once per function type by front ends. Invariant: parameters are stored with their padding
 * bytes zero. */
#include "ir/module/module_state.h"

#include "base/arena.h"
#include "ir/lex/parse_read.h"
#include "ir/type_info.h"

#include <string.h>

/* A parameter as one number, all of whose flags are known; also what is hashed. */
static uint64_t pack(const kiln_param *p) {
  return p->type | (uint64_t)p->align_log2 << 8 | (uint64_t)p->flags << 16 |
         (uint64_t)p->size_bytes << 32;
}

static bool equal(const struct kn_sig *s, const struct kn_sig *t) {
  if (s->cc != t->cc || s->flags != t->flags || s->n_params != t->n_params ||
      s->n_results != t->n_results || memcmp(s->results, t->results, KILN_MAX_RESULTS) != 0)
    return false;
  for (size_t i = 0; i < s->n_params; i++)
    if (pack(&s->params[i]) != pack(&t->params[i])) return false;
  return true;
}

/* True if `s` is after `t` in an order of all signatures. */
static KN_COLD bool after(const struct kn_sig *s, const struct kn_sig *t) {
  if (s->n_params != t->n_params) return s->n_params > t->n_params;
  if (s->cc != t->cc) return s->cc > t->cc;
  if (s->flags != t->flags) return s->flags > t->flags;
  if (s->n_results != t->n_results) return s->n_results > t->n_results;
  for (size_t i = 0; i < s->n_params; i++)
    if (pack(&s->params[i]) != pack(&t->params[i]))
      return pack(&s->params[i]) > pack(&t->params[i]);
  return memcmp(s->results, t->results, KILN_MAX_RESULTS) > 0;
}

/* What is wrong with a parameter, or NULL. */
static const char *check_param(const kiln_param *p) {
  unsigned in_memory = p->flags & (KILN_PARAM_BYVAL | KILN_PARAM_SRET);
  unsigned to_64 = p->flags & (KILN_PARAM_SEXT64 | KILN_PARAM_ZEXT64);
  if (p->type == KILN_TYPE_VOID || p->type >= KILN_TYPE_COUNT) return "parameter without a type";
  if (p->flags >= 2 * KILN_PARAM_ZEXT64 || !KN_UNRESERVED(p)) return "unknown parameter flag";
  if (to_64 != 0 && (p->type > KILN_TYPE_I32 || (to_64 & (to_64 - 1)) != 0 ||
                     p->flags & (KILN_PARAM_SEXT | KILN_PARAM_ZEXT)))
    return "extension of a parameter that already has 64 bits, or two extensions of one parameter";
  if (p->flags & KILN_PARAM_CHAIN && (p->flags != KILN_PARAM_CHAIN || p->type != KILN_TYPE_PTR))
    return "static chain that is not a plain i64";
  if (in_memory != 0 && p->type != KILN_TYPE_PTR)
    return "byval or sret parameter that is not an i64";
  if (in_memory == (KILN_PARAM_BYVAL | KILN_PARAM_SRET)) return "parameter both byval and sret";
  if (p->align_log2 > 16) return "parameter alignment above 2^16";
  if (!(p->flags & KILN_PARAM_BYVAL) && p->align_log2 != 0 &&
      (p->align_log2 != 4 || p->flags & (KILN_PARAM_SRET | KILN_PARAM_CHAIN)))
    return "parameter alignment other than 16 bytes";
  return NULL;
}

/* What is wrong with vectors of 256 or 512 bits in registers; NULL: nothing. */
static const char *check_wide(const struct kn_convention *conv, unsigned flags,
                              const kiln_param *params, size_t n, const kiln_type *results,
                              size_t n_results) {
  const bool wide = (flags & KILN_SIG_WIDE_RESULTS) != 0;
  const bool wider = (flags & KILN_SIG_WIDER_RESULTS) != 0;
  bool any = wide;
  if (wider && !wide) return "wider results that are not wide";
  if (wide && n_results != 4 && n_results != 8 && (wider || n_results != 2))
    return "wide results that are not two, four or eight";
  for (size_t i = 0; i < n_results && wide; i++)
    if (results[i] != KILN_TYPE_V128) return "a wide result that is not a v128";
  for (size_t i = 0; i < n; i++) {
    if (!(params[i].flags & KILN_PARAM_UPPER)) continue;
    any = true;
    size_t first = i--;
    for (; i + 1 < n && params[i + 1].flags & KILN_PARAM_UPPER; i++)
      if (params[i + 1].flags != KILN_PARAM_UPPER || params[i + 1].type != KILN_TYPE_V128)
        return "an upper half that is not a v128";
    if (first == 0 || params[first - 1].type != KILN_TYPE_V128 || params[first - 1].flags != 0)
      return "an upper half without a v128 before it";
    if (i - first != 0 && i - first != 2) return "a vector of neither two nor four v128s";
  }
  if (any && conv->upper == 0)
    return "256-bit vectors with a target or calling convention other than x86-64's";
  return NULL;
}

/* The most bytes of arguments that a callee frees: x86-64's ret has 16 bits for the size of their area. */
enum { MAX_FREED = 65528 };

/* A new signature at the end of the array, zeroed; NULL if the module failed. */
static struct kn_sig *new_sig(kiln_module *m) {
  if (m->sigs.n >= UINT32_MAX / 2)
    return KN_MODULE_FAIL(NULL, m, KILN_ERR_LIMIT, "too many signatures");
  if (m->frozen)
    return kn_late_add(m, m->late_sigs, m->sigs.n - m->flat_sigs, sizeof(struct kn_sig));
  if (!KN_ROOM(m, m->sigs, 1)) return NULL;
  return m->sigs.at + m->sigs.n;
}

/* The id of a signature like `wanted`, which is copied if there is none; 0 if the module failed. The
 * module is locked. */
static uint32_t intern(kiln_module *m, const struct kn_sig *wanted, uint32_t hash) {
  uint32_t at, id;
  KN_HASH_EACH(&m->sig_hash, hash, at, id, after(wanted, kn_sig(m, id)))
  if (equal(kn_sig(m, id), wanted)) return id;
  struct kn_sig *s = new_sig(m);
  if (s == NULL || !KN_HASH_ROOM(m, &m->sig_hash)) return 0;
  const size_t of_params = wanted->n_params * sizeof *wanted->params,
               of_all = of_params + wanted->n_results * sizeof(kiln_type);
  char *all = of_all != 0 ? kn_arena_zero(m->arena, of_all, _Alignof(kiln_param)) : NULL;
  if (all == NULL && of_all != 0) return KN_MODULE_FAIL(0, m, KILN_ERR_MEMORY, "out of memory");
  kiln_param *params = of_params != 0 ? (kiln_param *)(void *)all : NULL;
  kiln_type *results = of_all != of_params ? (kiln_type *)(void *)(all + of_params) : NULL;
  for (size_t i = 0; i < wanted->n_params; i++) {
    params[i].type = wanted->params[i].type;
    params[i].flags = wanted->params[i].flags;
    params[i].align_log2 = wanted->params[i].align_log2;
    params[i].size_bytes = wanted->params[i].size_bytes;
  }
  for (size_t i = 0; i < wanted->n_results; i++) results[i] = (kiln_type)wanted->results[i];
  *s = *wanted;
  s->params = params;
  s->result_types = results;
  m->backend->assign_sig(m->target, s);
  if (KN_UNLIKELY(s->conv->pops) && (s->result_bytes != 0 || s->stack_bytes > MAX_FREED))
    return KN_MODULE_FAIL(0, m, s->result_bytes != 0 ? KILN_ERR_UNSUPPORTED : KILN_ERR_LIMIT,
                          "signature: %s with %s on the stack", kn_callconv_names[s->cc],
                          s->result_bytes != 0 ? "results" : "more than 65528 bytes of arguments");
  id = m->sigs.n;
  kn_hash_put(&m->sig_hash, at, hash, id);
  __atomic_store_n(&m->sigs.n, id + 1, __ATOMIC_RELAXED);
  return id;
}

/* What a convention has no location for in such a signature; NULL: nothing. */
static const char *check_convention(const struct kn_convention *conv, unsigned flags,
                                    const kiln_param *params, size_t n, const kiln_type *results,
                                    size_t n_results) {
  bool variadic = (flags & KILN_SIG_VARIADIC) != 0;
  unsigned types = conv->no_params | (variadic ? conv->no_variadic_params : 0);
  if (variadic && conv->no_variadic) return "variadic arguments";
  if (n_results > 1 && conv->one_result) return "more than one result";
  for (size_t i = 0; i < n_results; i++)
    if (conv->no_results >> results[i] & 1) return "a result of this type";
  for (size_t i = 0; i < n; i++)
    if (types >> params[i].type & 1 || params[i].flags & conv->no_flags)
      return "a parameter of this kind";
  return NULL;
}

kiln_sig kiln_sig_new(kiln_module *m, kiln_cc cc, unsigned flags, const kiln_param *params,
                      uint32_t n_params, const kiln_type *results, uint32_t n_results) {
  const kiln_sig none = {0};
  if (kn_module_failed(m)) return none;
  if ((unsigned)cc >= KILN_CC_COUNT ||
      flags > (KILN_SIG_VARIADIC | KILN_SIG_NORETURN | KILN_SIG_RETURNS_TWICE | KILN_SIG_NOUNWIND |
               KILN_SIG_WIDE_RESULTS | KILN_SIG_NOINLINE | KILN_SIG_ENTRY | KILN_SIG_NOCOLLECT |
               KILN_SIG_WIDER_RESULTS) ||
      ((flags & KILN_SIG_ENTRY) && n_results != 0))
    return KN_MODULE_FAIL(none, m, KILN_ERR_ARGUMENT,
                          "signature: unknown calling convention or flag");
  const struct kn_convention *conv = m->ir.conventions[cc];
  if (conv == NULL)
    return KN_MODULE_FAIL(none, m, KILN_ERR_UNSUPPORTED,
                          "signature: %s, which the target does not support",
                          kn_callconv_names[cc]);
  if (n_params > 65535 || n_results > KILN_MAX_RESULTS)
    return KN_MODULE_FAIL(none, m, KILN_ERR_LIMIT, "signature: too many %s",
                          n_params > 65535 ? "parameters" : "results");
  if ((params == NULL && n_params != 0) || (results == NULL && n_results != 0))
    return KN_MODULE_FAIL(none, m, KILN_ERR_ARGUMENT, "signature: the %s are missing (NULL)",
                          params == NULL && n_params != 0 ? "parameters" : "results");
  uint64_t h = (uint64_t)cc | (uint64_t)flags << 8 | (uint64_t)n_params << 16;
  uint8_t types[KILN_MAX_RESULTS] = {0};
  for (size_t i = 0; i < n_results; i++) {
    if ((unsigned)results[i] - 1 >= KILN_TYPE_COUNT - 1)
      return KN_MODULE_FAIL(none, m, KILN_ERR_TYPE, "signature: result %zu has no valid type", i);
    types[i] = (uint8_t)results[i];
  }
  uint64_t packed_results;
  memcpy(&packed_results, types, sizeof packed_results);
  h = kn_mix64(h, packed_results);
  unsigned chain = 0;
  unsigned seen = 0, seen_types = 0; /* flags, types of any parameter */
  for (size_t i = 0; i < n_params; i++) {
    h = kn_mix64(h, pack(&params[i]));
    seen |= params[i].flags;
    seen_types |= 1u << (params[i].type & 31);
  }
  if (KN_UNLIKELY((seen & KILN_PARAM_UPPER) ||
                  (flags & (KILN_SIG_WIDE_RESULTS | KILN_SIG_WIDER_RESULTS)))) {
    const char *wrong = check_wide(conv, flags, params, n_params, results, n_results);
    if (wrong) return KN_MODULE_FAIL(none, m, KILN_ERR_TYPE, "signature: %s", wrong);
  }
  for (size_t i = 0; i < n_params; i++) {
    const char *wrong = check_param(&params[i]);
    if (params[i].flags & KILN_PARAM_JOIN &&
        (i + 1 == n_params || params[i + 1].flags & KILN_PARAM_CHAIN))
      wrong = "nothing to join after it";
    if (params[i].flags & KILN_PARAM_CHAIN && chain++) wrong = "a second static chain";
    if (wrong == NULL) continue;
    return KN_MODULE_FAIL(none, m, KILN_ERR_TYPE, "signature: %s (number %zu)", wrong, i);
  }
  const char *has_not = check_convention(conv, flags, params, n_params, results, n_results);
  if (has_not)
    return KN_MODULE_FAIL(none, m, KILN_ERR_UNSUPPORTED, "signature: %s with %s",
                          *kn_callconv_names[cc] ? kn_callconv_names[cc] : "the C convention",
                          has_not);
  struct kn_sig wanted = {.params = params,
                          .n_params = (uint32_t)n_params,
                          .n_results = (uint8_t)n_results,
                          .cc = (uint8_t)cc,
                          .flags = (uint16_t)flags,
                          .has_pairs = (seen_types & KN_T(I128)) != 0,
                          .conv = conv};
  memcpy(wanted.results, types, sizeof types);
  kn_module_lock(m);
  uint32_t id = intern(m, &wanted, (uint32_t)(h >> 32));
  kn_module_unlock(m);
  return (kiln_sig){id};
}

/* True if the register that holds a value of type `from` holds one of type `to` in its lower bits. */
static bool narrows(unsigned from, unsigned to) {
  return from == to ||
         (kn_type_is_int(from) && kn_type_is_int(to) && to < from && from <= KILN_TYPE_I64);
}

/* True if an argument of a call is passed as parameter `p` says, and the function finds it as `q` says. */
static bool arrives(const kiln_param *p, const kiln_param *q) {
  const unsigned place =
    KILN_PARAM_BYVAL | KILN_PARAM_SRET | KILN_PARAM_JOIN | KILN_PARAM_UPPER | KILN_PARAM_CHAIN;
  const unsigned extends =
    KILN_PARAM_SEXT | KILN_PARAM_ZEXT | KILN_PARAM_SEXT64 | KILN_PARAM_ZEXT64;
  enum { USUAL = 3 }; /* alignments up to this one are the same */
  const unsigned a = p->align_log2 > USUAL ? p->align_log2 : USUAL,
                 b = q->align_log2 > USUAL ? q->align_log2 : USUAL;
  if (!narrows(p->type, q->type) || ((p->flags ^ q->flags) & place) ||
      p->size_bytes != q->size_bytes || a != b)
    return false;
  return p->type != q->type || (q->flags & ~p->flags & extends) == 0;
}

/* The number of the first parameter from `i` on that is not the static chain. */
static uint32_t past_chain(const struct kn_sig *s, uint32_t i) {
  return i < s->n_params && s->params[i].flags & KILN_PARAM_CHAIN ? i + 1 : i;
}

bool kn_sig_is_compatible(const struct kn_sig *s, const struct kn_sig *t) {
  const unsigned says = KILN_SIG_VARIADIC | KILN_SIG_WIDE_RESULTS | KILN_SIG_WIDER_RESULTS;
  uint32_t i = 0, k;
  if (s == t) return true;
  if (s->conv != t->conv || ((s->flags ^ t->flags) & says) || s->n_results > t->n_results)
    return false;
  while (i < s->n_params && i < t->n_params && pack(&s->params[i]) == pack(&t->params[i])) i++;
  i = past_chain(s, k = i), k = past_chain(t, k);
  for (; i < s->n_params && k < t->n_params; i = past_chain(s, i + 1), k = past_chain(t, k + 1))
    if (!arrives(&s->params[i], &t->params[k])) return false;
  /* a call may say how it passes its variadic arguments */
  if (k < t->n_params || (i < s->n_params && !(s->flags & KILN_SIG_VARIADIC))) return false;
  for (i = 0; i < s->n_results; i++)
    if (!narrows(t->results[i], s->results[i])) return false;
  /* what stays in the x87's registers or on the stack is in the way */
  for (; i < t->n_results; i++)
    if (t->results[i] == KILN_TYPE_F80 || t->result_bytes != 0) return false;
  return true;
}

bool kiln_sig_is_compatible(const kiln_module *m, kiln_sig call, kiln_sig function) {
  return m != NULL && kn_sig_valid(m, call.id) && kn_sig_valid(m, function.id) &&
         kn_sig_is_compatible(kn_sig(m, call.id), kn_sig(m, function.id));
}

kiln_sig_info kiln_sig_get(const kiln_module *m, kiln_sig sig) {
  kiln_sig_info info;
  memset(&info, 0, sizeof info);
  if (m == NULL || !kn_sig_valid(m, sig.id)) return info;
  const struct kn_sig *s = kn_sig(m, sig.id);
  info.cc = (kiln_cc)s->cc;
  info.flags = s->flags;
  info.params = s->params;
  info.n_params = s->n_params;
  info.results = s->result_types;
  info.n_results = s->n_results;
  return info;
}

kiln_sig kiln_sig_parse(kiln_module *m, const char *text) {
  const kiln_sig none = {0};
  kiln_sig sig = none;
  struct kn_parser p = {.module = m, .text = text};
  if (kn_module_failed(m)) return none;
  if (text == NULL) return KN_MODULE_FAIL(none, m, KILN_ERR_ARGUMENT, "signature: no text (NULL)");
  size_t length = strlen(text);
  if (length >= UINT32_MAX) {
    kn_parse_fail(&p, &(struct kn_token){0}, KILN_ERR_LIMIT, "the text has 4 GiB or more");
    return none;
  }
  kn_lex_start(&p.lx, text, length);
  kn_parse_skip_newlines(&p);
  kn_parse_sig(&p, &sig);
  if (sig.id == 0) return none;
  /* The parser stops at any error of the module, also at one of a function in another thread. */
  p.status = KILN_OK;
  kn_parse_skip_newlines(&p);
  if (p.lx.tok.kind != KN_TOK_EOF) {
    kn_parse_expected(&p, "the end of the signature");
    return none;
  }
  return sig;
}
