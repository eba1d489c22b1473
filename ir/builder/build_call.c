/* Calls, tail calls, tries and returns: the instructions whose operands follow a signature. Called by front ends. The
 * handles of a call are in kiln_func.lists, in order; they were checked against the types of the
 * signature's parameters; variadic ones may have any type. */
#include "ir/builder/builder.h"

/* Checks the callee, which is mostly a symbol. */
static inline bool callee_ok(kiln_func *f, uint32_t h) {
  uint32_t pool = h - kn_handle(KN_TAG_POOL, 0);
  if (KN_LIKELY(pool < f->pool.n)) {
    const struct kn_const *k = f->pool.at + pool;
    if (KN_LIKELY(k->symbol != 0 && k->low == 0 && !k->tls)) return true;
    if (k->symbol != 0 && !k->tls)
      return kn_build_fail(f, KILN_ERR_ARGUMENT, "the addend of a callee must be 0");
  }
  return kn_build_operand(f, h, KILN_TYPE_PTR, 2);
}

/* True if a variadic argument surely takes one register while there are any; others may go to the stack. */
static bool is_word(const kiln_func *f, uint32_t h) {
  if (!kn_is_value(h)) return kn_is_imm(h) || kn_is_slot(h);
  unsigned type = f->val[h].type;
  return type != KILN_TYPE_I128 && type != KILN_TYPE_F80;
}

/* Checks and counts the operands of a call and puts its arguments into lists, with room for `more` words after
 * them. Returns the signature; NULL if the function failed. Inlined: once per call. */
static inline __attribute__((always_inline)) const struct kn_sig *use_operands(
  kiln_func *f, kiln_sig sig, kiln_value callee, const kiln_value *args, uint32_t n,
  uint32_t more) {
  const kiln_module *m = f->module;
  if (KN_UNLIKELY(!kn_sig_valid(m, sig.id)))
    return KN_BUILD_FAIL(NULL, f, KILN_ERR_ARGUMENT, "no such signature");
  const struct kn_sig *s = kn_sig(m, sig.id);
  uint32_t n_params = s->n_params;
  if (KN_UNLIKELY(n != n_params && (n < n_params || !(s->flags & KILN_SIG_VARIADIC)))) {
    kn_build_bad_count(f, "argument", n, n_params);
    return NULL;
  }
  if (KN_UNLIKELY(args == NULL && n != 0)) {
    kn_build_no_list(f);
    return NULL;
  }
  if (KN_UNLIKELY(n > UINT16_MAX))
    return KN_BUILD_FAIL(NULL, f, KILN_ERR_LIMIT, "the call has more than 65535 arguments");
  if (KN_UNLIKELY(n + more > f->lists.cap - f->lists.n) && !KN_ROOM(f, f->lists, n + more))
    return NULL;
  if (!callee_ok(f, callee.id)) return NULL;

  uint32_t first = f->lists.n;
  uint32_t *list = f->lists.at + first;
  const kiln_param *params = s->params;
  unsigned next[2] = {0, 0}; /* arguments so far: general, float */
  for (uint32_t i = 0; i < n_params; i++) {
    uint32_t h = args[i].id;
    list[i] = h;
    unsigned type = params[i].type;
    unsigned k = next[kn_type_is_float(type)]++;
    if (KN_LIKELY(kn_build_is_local(f, h, kn_build_state(f, type)))) {
      f->val[h].uses++;
      f->val[h].hint =
        (uint8_t)(k < 8 ? k : KN_HINT_LATER); /* where the walk tries to compute it */
    } else if (!kn_build_use_at(f, h, type, f->current, 1, first + i)) return NULL;
  }
  for (uint32_t i = n_params; i < n; i++) {
    list[i] = args[i].id;
    if (!kn_build_use_at(f, list[i], KN_ANY_TYPE, f->current, 1, first + i)) return NULL;
    f->facts.stack_args |= !is_word(f, list[i]) | (i - n_params >= s->spare);
  }
  f->lists.n = first + n;
  if (n > f->facts.max_call_args) f->facts.max_call_args = n;
  if (KN_UNLIKELY(!s->usual)) {
    /* after a tail call it is another callee that returns: only a frame pointer finds this frame */
    f->facts.stack_args |= (s->stack_bytes != 0) | s->conv->pops;
    if (s->flags & KILN_SIG_RETURNS_TWICE) f->facts.returns_twice = true;
  }
  return s;
}

/* Notes a call by `s` that returns: no tail call. */
static inline void note_call(kiln_func *f, const struct kn_sig *s) {
  if (KN_UNLIKELY(!s->usual) && s->conv->loses_all) f->facts.loses_all = true;
  kn_build_count_call(f);
}

kiln_value kiln_build_call(kiln_func *f, kiln_sig sig, kiln_value callee, const kiln_value *args,
                           uint32_t n) {
  if (!kn_build_begun(f)) return KN_NONE;
  const struct kn_sig *s = use_operands(f, sig, callee, args, n, 0);
  if (KN_UNLIKELY(s == NULL)) return KN_NONE;
  note_call(f, s);
  uint32_t first = f->lists.n - n;
  unsigned result = s->n_results != 0 ? s->results[0] : KILN_TYPE_VOID;
  uint32_t v = kn_build_emit(f, KILN_OP_CALL, result, result, n, first, callee.id, sig.id);
  return result != KILN_TYPE_VOID ? (kiln_value){kn_build_made(f, result, v)} : KN_NONE;
}

void kiln_build_tailcall(kiln_func *f, kiln_sig sig, kiln_value callee, const kiln_value *args,
                         uint32_t n) {
  if (!kn_build_begun(f)) return;
  const struct kn_sig *s = use_operands(f, sig, callee, args, n, 0);
  if (s == NULL) return;
  const char *wrong = kn_tail_wrong(f, s);
  if (wrong == NULL && n != s->n_params)
    wrong = "a tail call passes the function's own variadic arguments only";
  if (wrong != NULL) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, wrong);
    return;
  }
  kn_build_end(f, KILN_OP_TAILCALL, KILN_TYPE_VOID, n, f->lists.n - n, callee.id, sig.id,
               f->edges.n, 0);
}

/* ---- try ---- */

/* Functions that name more types than this find them by f->type_hash. */
enum { FEW_TYPES = 16 };

static uint32_t hash_of(uint32_t type) { return type * UINT32_C(0x9e3779b1) >> 7; }

/* Index of a type in the table, from 1; or 0, with its position. */
static uint32_t find_type(const kiln_func *f, uint32_t type, uint32_t *at) {
  uint32_t hash = hash_of(type), i;
  KN_HASH_EACH(&f->type_hash, hash, *at, i, type > f->types.at[i - 1])
  if (f->types.at[i - 1] == type) break;
  return i;
}

/* Adds the newest type; at first all. */
static bool hash_type(kiln_func *f) {
  uint32_t n = f->types.n, at;
  for (uint32_t i = f->type_hash.n; i < n; i++) {
    if (!KN_HASH_ROOM(f->module, &f->type_hash))
      return kn_build_fail(f, KILN_ERR_MEMORY, "out of memory");
    if (find_type(f, f->types.at[i], &at) == 0)
      kn_hash_put(&f->type_hash, at, hash_of(f->types.at[i]), i + 1);
  }
  return true;
}

/* Index of a type in the function's table, from 1; 0: the function failed. */
static uint32_t type_index(kiln_func *f, kiln_symbol type) {
  const kiln_module *m = f->module;
  const bool known = type.id == 0 || kn_symbol_valid(m, type.id);
  if (!known || (type.id != 0 && kn_symbol(m, type.id)->tls != KILN_TLS_NONE))
    return KN_BUILD_FAIL(0, f, KILN_ERR_ARGUMENT,
                         known ? "the type in a clause is thread-local"
                               : "the type in a clause is not a symbol");
  if (!kn_build_may_use(f, type.id)) return 0;
  uint32_t at, i;
  if (f->types.n > FEW_TYPES) {
    if ((i = find_type(f, type.id, &at)) != 0) return i;
  } else {
    for (i = f->types.n; i != 0; i--)
      if (f->types.at[i - 1] == type.id) return i;
  }
  if (!KN_PUSH(f, f->types, type.id)) return 0;
  return f->types.n <= FEW_TYPES || hash_type(f) ? f->types.n : 0;
}

/* Words that the clauses take in lists; 0: they are wrong, and the function failed. */
static uint32_t count_clauses(kiln_func *f, const kiln_clause *clauses, uint32_t n) {
  const char *wrong = NULL;
  uint64_t words = 1;
  if (n == 0) wrong = "a try without a clause";
  else if (clauses == NULL) wrong = "a list is missing (NULL)";
  for (uint32_t i = 0; i < n && wrong == NULL; i++) {
    const kiln_clause *c = &clauses[i];
    words += 1;
    if ((unsigned)c->kind > KILN_CLAUSE_CLEANUP) wrong = "no such kind of clause";
    else if (c->kind == KILN_CLAUSE_CLEANUP && i + 1 < n)
      wrong = "a cleanup is a try's last clause";
    else if (c->kind == KILN_CLAUSE_CATCH && c->type.id == 0) wrong = "a catch without a type";
    else if (c->kind == KILN_CLAUSE_FILTER && c->types == NULL && c->n_types != 0)
      wrong = "a list is missing (NULL)";
    else words += c->kind == KILN_CLAUSE_FILTER ? c->n_types : c->kind != KILN_CLAUSE_CLEANUP;
  }
  if (wrong == NULL && words < KN_MAX_INDEX / 4) return (uint32_t)words;
  if (wrong != NULL) kn_build_fail(f, KILN_ERR_ARGUMENT, wrong);
  else kn_build_fail(f, KILN_ERR_LIMIT, "too many types in the clauses of a try");
  return 0;
}

/* True if there is such a list of clauses; else the function failed. */
static bool shared_ok(kiln_func *f, kiln_clauses c) {
  return c.id - 1 < f->shared_clauses.n ||
         kn_build_fail(f, KILN_ERR_ARGUMENT, "the list of clauses does not exist");
}

/* Appends the clauses to lists, where there is room. */
static bool put_clauses(kiln_func *f, const kiln_clause *clauses, uint32_t n) {
  uint32_t at = f->lists.n;
  f->lists.at[at++] = n;
  for (uint32_t i = 0; i < n; i++) {
    const kiln_clause *c = &clauses[i];
    const kiln_symbol *types = c->kind == KILN_CLAUSE_FILTER ? c->types : &c->type;
    const kiln_symbol all = {0};
    if (c->kind == KILN_CLAUSE_CATCH_ALL) types = &all;
    uint32_t n_types = c->kind == KILN_CLAUSE_FILTER ? c->n_types : c->kind != KILN_CLAUSE_CLEANUP;
    f->lists.at[at++] = (uint32_t)c->kind | n_types << KN_CLAUSE_TYPES_SHIFT;
    for (uint32_t k = 0; k < n_types; k++, at++)
      if ((f->lists.at[at] = type_index(f, types[k])) == 0) return false;
  }
  f->lists.n = at;
  return true;
}

void kiln_build_try(kiln_func *f, const kiln_try_desc *t) {
  if (!kn_build_begun(f)) return;
  if (t == NULL || !KN_UNRESERVED(t)) {
    kn_build_fail(f, KILN_ERR_ARGUMENT,
                  t == NULL ? "the try has no description (NULL)"
                            : "the field 'reserved' of the try is not 0");
    return;
  }
  uint32_t words =
    t->shared.id != 0 ? shared_ok(f, t->shared) : count_clauses(f, t->clauses, t->n_clauses);
  if (words == 0) return;
  const struct kn_sig *s = use_operands(f, t->sig, t->callee, t->args, t->n_args, words);
  if (s == NULL) return;
  note_call(f, s);
  uint32_t first = f->lists.n - t->n_args;
  if (t->shared.id != 0) f->lists.at[f->lists.n++] = KN_CLAUSES_SHARED | (t->shared.id - 1);
  else if (!put_clauses(f, t->clauses, t->n_clauses)) return;
  kn_build_try_end(f, t, first);
}

kiln_clauses kiln_clauses_new(kiln_func *f) {
  const kiln_clauses none = {0};
  if (!kn_build_open(f)) return none;
  if (!KN_PUSH(f, f->shared_clauses, 0)) return none;
  return (kiln_clauses){f->shared_clauses.n};
}

void kiln_clauses_set(kiln_func *f, kiln_clauses to, const kiln_clause *clauses, uint32_t n) {
  if (!kn_build_open(f)) return;
  if (!shared_ok(f, to)) return;
  if (f->shared_clauses.at[to.id - 1] != 0) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "the clauses are set already");
    return;
  }
  uint32_t words = count_clauses(f, clauses, n), first = f->lists.n;
  if (words == 0 || !KN_ROOM(f, f->lists, words)) return;
  if (put_clauses(f, clauses, n)) f->shared_clauses.at[to.id - 1] = first + 1;
}

kiln_value kiln_try_result(kiln_func *f, kiln_sig sig, unsigned k) {
  if (!kn_build_open(f)) return KN_NONE;
  const struct kn_sig *s = kn_sig_valid(f->module, sig.id) ? kn_sig(f->module, sig.id) : NULL;
  if (s != NULL && k < s->n_results) return (kiln_value){kn_tried(false, s->results[k], k)};
  return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_ARGUMENT, "the signature has no such result");
}

kiln_value kiln_try_exception(kiln_func *f) {
  return kn_build_open(f) ? (kiln_value){kn_tried(true, KILN_TYPE_PTR, 0)} : KN_NONE;
}
kiln_value kiln_try_selector(kiln_func *f) {
  return kn_build_open(f) ? (kiln_value){kn_tried(true, KILN_TYPE_I32, 1)} : KN_NONE;
}

kiln_value kiln_const_typeid(kiln_func *f, kiln_symbol type) {
  if (!kn_build_open(f)) return KN_NONE;
  uint32_t index = type_index(f, type), i = f->pool.n;
  if (index == 0) return KN_NONE;
  struct kn_const k = {.low = index, .is_typeid = 1};
  return KN_PUSH(f, f->pool, k) ? (kiln_value){kn_handle(KN_TAG_POOL, i)} : KN_NONE;
}

void kiln_build_ret(kiln_func *f, const kiln_value *values, uint32_t n) {
  if (!kn_build_begun(f)) return;
  if (KN_UNLIKELY(n != f->facts.n_results)) {
    kn_build_bad_count(f, "result", n, f->facts.n_results);
    return;
  }
  if (KN_UNLIKELY(values == NULL && n != 0)) {
    kn_build_no_list(f);
    return;
  }
  uint32_t v[3] = {0, 0, 0};
  if (n > 3) {
    if (!KN_ROOM(f, f->lists, n)) return;
    v[0] = f->lists.n;
    for (uint32_t i = 0; i < n; i++) {
      if (!kn_build_use_at(f, values[i].id, f->facts.result_types[i], f->current, 1, v[0] + i))
        return;
      f->lists.at[v[0] + i] = values[i].id;
    }
    f->lists.n += n;
  } else {
    for (uint32_t i = 0; i < n; i++) {
      v[i] = values[i].id;
      if (!kn_build_operand_imm(f, v[i], f->facts.result_types[i], i + 1)) return;
    }
    bool second = n == 2 && kn_type_is_float(f->facts.result_types[0]) ==
                              kn_type_is_float(f->facts.result_types[1]);
    if (second && kn_build_is_local(f, v[1], kn_build_state(f, f->facts.result_types[1])))
      f->val[v[1]].hint = KN_HINT_SECOND;
  }
  kn_build_end(f, KILN_OP_RET, KILN_TYPE_VOID, n, v[0], v[1], v[2], f->edges.n, 0);
}
