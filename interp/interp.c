/* The public interface <kiln/interp.h>: makes an interpreter, gives it functions, calls them, frees it. */
#include "interp.h"

#include <stdio.h>
#include <stdlib.h>

void *kn_interp_realloc(const kiln_interp *in, void *old, size_t size) {
  if (in->allocator.realloc) return in->allocator.realloc(in->allocator.user, old, size);
  if (size > 0) return realloc(old, size);
  free(old);
  return NULL;
}

bool kn_interp_grow(const kiln_interp *in, void *array, uint32_t *cap, uint32_t n, size_t item) {
  if (n < *cap) return true;
  void *old;
  uint32_t more = *cap ? *cap * 2 : 8;
  memcpy(&old, array, sizeof old);
  if (more > UINT32_MAX / 4) return false;
  void *at = kn_interp_realloc(in, old, more * item);
  if (!at) return false;
  memcpy(array, &at, sizeof at);
  *cap = more;
  return true;
}

/* Conventions and C functions, which are called and call as C does. In interpreted code all conventions are the same.
 */
static const struct kn_iconvention conventions[] = {
  [KILN_CC_C] = {.calls = true, .is_called = true, .has_va_list = true},
  [KILN_CC_PRESERVE_MOST] = {.calls = true,
                             .has_va_list = true}, /* C's callees keep fewer registers */
  [KILN_CC_PRESERVE_ALL] = {.calls = true, .has_va_list = true},
  [KILN_CC_PRESERVE_NONE] = {.has_va_list = true},
  [KILN_CC_WIN64] = {0},
  [KILN_CC_VECTOR] = {.calls = true, .has_va_list = true},
  [KILN_CC_SYSV] = {.calls = true, .is_called = true, .has_va_list = true},
  [KILN_CC_TAIL] = {0},
};
_Static_assert(sizeof conventions / sizeof *conventions == KILN_CC_COUNT,
               "every convention has a row");

struct kn_isig *kn_interp_sig(kiln_interp *in, uint32_t id) {
  if (id >= in->n_sigs) {
    uint32_t n = id < 32 ? 64 : id * 2;
    struct kn_isig **sigs = kn_interp_realloc(in, in->sigs, n * sizeof *sigs);
    if (!sigs) return NULL;
    memset(sigs + in->n_sigs, 0, (n - in->n_sigs) * sizeof *sigs);
    in->sigs = sigs;
    in->n_sigs = n;
  }
  if (in->sigs[id]) return in->sigs[id];
  kiln_sig_info info = kiln_sig_get(in->m, (kiln_sig){id});
  struct kn_isig *s =
    kn_interp_realloc(in, NULL, sizeof *s + (info.n_params + 1) * sizeof s->params[0]);
  if (!s) return NULL;
  memset(s, 0, sizeof *s);
  s->flags = info.flags;
  s->halves = (info.flags & KILN_SIG_WIDE_RESULTS) != 0;
  s->by = &conventions[info.cc];
  s->n_params = info.n_params;
  s->n_results = info.n_results;
  for (uint32_t i = 0; i < info.n_params; i++) {
    const kiln_param *p = &info.params[i];
    s->params[i] = kn_interp_next_place(&s->layout, p);
    s->params[i].reg = 2 + s->regs;
    s->regs += s->params[i].words;
    s->halves |= (p->flags & KILN_PARAM_UPPER) != 0;
  }
  for (uint32_t i = 0; i < info.n_results; i++) {
    unsigned type = s->results[i] = (uint8_t)info.results[i];
    if (kn_interp_in_fp(type)) s->floats++;
    else if (type == KILN_TYPE_F80) s->f80s++;
    else s->int_words = (uint8_t)(s->int_words + (type == KILN_TYPE_I128 ? 2 : 1));
  }
  return in->sigs[id] = s;
}

/* The behaviour of operations that docs/ir.md leaves to the target. */
static const struct kn_imachine machines[] = {
  [KILN_PROCESSOR_X86_64] = {.fuses = false, .division_traps = true},
  [KILN_PROCESSOR_AARCH64] = {.fuses = true, .division_traps = false},
};
_Static_assert(sizeof machines / sizeof *machines == KILN_PROCESSOR_COUNT,
               "every target has a row");

kiln_interp *kiln_interp_new(kiln_module *m, const kiln_interp_options *options) {
  if (!m) return NULL;
  for (unsigned i = 0; options && i < sizeof options->reserved / sizeof *options->reserved; i++)
    if (options->reserved[i] != 0) return NULL;
  kiln_interp empty = {.m = m, .undefined = 0xa5, .allocator = kiln_module_get_allocator(m)};
  kiln_interp *in = kn_interp_realloc(&empty, NULL, sizeof *in);
  if (!in) return NULL;
  *in = empty;
  if (options) in->options = *options;
  in->machine = machines[kiln_module_processor(m)];
  in->keyed = pthread_key_create(&in->key, kn_interp_thread_free) == 0;
  if (in->keyed) return in;
  kn_interp_realloc(&empty, in, 0);
  return NULL;
}

void kiln_interp_free(kiln_interp *in) {
  if (!in) return;
  kn_interp_thread_free(pthread_getspecific(in->key));
  pthread_key_delete(in->key);
  for (uint32_t i = 0; i < in->n_funcs; i++) kn_interp_free_func(in, in->funcs[i]);
  kn_interp_unlink(in);
  for (uint32_t i = 0; i < in->n_sigs; i++) kn_interp_realloc(in, in->sigs[i], 0);
  kn_interp_realloc(in, in->sigs, 0);
  kn_interp_realloc(in, in->funcs, 0);
  kn_interp_realloc(in, in->by_symbol, 0);
  kiln_interp was = *in;
  kn_interp_realloc(&was, in, 0);
}

kiln_status kiln_interp_add(kiln_interp *in, kiln_func *f) {
  if (!in || !f) return KILN_ERR_ARGUMENT;
  kiln_status s = kiln_func_finish(f);
  if (s != KILN_OK) return s;
  uint32_t symbol = kiln_func_symbol(f).id;
  if (in->linked) return kiln_func_fail(f, KILN_ERR_ARGUMENT, "the interpreter is linked already");
  if (symbol >= in->n_by_symbol) {
    uint32_t n = symbol < 64 ? 128 : symbol * 2;
    struct kn_ifunc **at = kn_interp_realloc(in, in->by_symbol, n * sizeof *at);
    if (!at) return kiln_func_fail(f, KILN_ERR_MEMORY, "out of memory");
    memset(at + in->n_by_symbol, 0, (n - in->n_by_symbol) * sizeof *at);
    in->by_symbol = at;
    in->n_by_symbol = n;
  }
  if (in->by_symbol[symbol]) {
    return kiln_func_fail(f, KILN_ERR_SYMBOL, "the interpreter has this function already");
  }
  kiln_sig sig = kiln_symbol_get(in->m, kiln_func_symbol(f)).sig;
  struct kn_ifunc *fn = NULL;
  if (kn_interp_sig(in, sig.id) &&
      kn_interp_grow(in, &in->funcs, &in->cap_funcs, in->n_funcs, sizeof *in->funcs)) {
    fn = kn_interp_realloc(in, NULL, sizeof *fn);
  }
  if (!fn) return kiln_func_fail(f, KILN_ERR_MEMORY, "out of memory");
  *fn = (struct kn_ifunc){.in = in, .symbol = symbol, .sig = sig.id, .index = in->n_funcs};
  s = kn_interp_decode(in, f, fn);
  if (s != KILN_OK) {
    kn_interp_free_func(in, fn);
    return kiln_func_fail(f, s, "out of memory");
  }
  in->funcs[in->n_funcs++] = fn;
  in->by_symbol[symbol] = fn;
  return KILN_OK;
}

kiln_status kiln_interp_sink(void *interp, kiln_func *f) {
  kiln_status s = kiln_interp_add(interp, f);
  kiln_func_discard(f);
  return s;
}

static kiln_status refuse(kiln_diag *diag, const char *message) {
  if (diag) {
    memset(diag, 0, sizeof *diag);
    diag->status = KILN_ERR_ARGUMENT;
    strncat(diag->message, message, sizeof diag->message - 1);
  }
  return KILN_ERR_ARGUMENT;
}

kiln_status kiln_interp_call(kiln_interp *in, kiln_symbol function, const kiln_interp_value *args,
                             uint32_t n, kiln_interp_value *results, kiln_diag *diag) {
  struct kn_ifunc *fn = in && in->linked ? kn_interp_callee(in, function.id) : NULL;
  if (!fn) return refuse(diag, "a call of a symbol that is not a function of the module");
  const struct kn_isig *sig = in->sigs[fn->sig];
  if (n != sig->n_params) {
    char message[64];
    snprintf(message, sizeof message, "%u argument%s, the signature has %u", n, n == 1 ? "" : "s",
             (unsigned)sig->n_params);
    return refuse(diag, message);
  }
  if (!args && n) return refuse(diag, "a call without its arguments (NULL)");
  struct kn_thread *t = kn_interp_thread(in);
  struct kn_act act = {.from_api = true};
  uint8_t *base = t->sp;
  struct kn_frame *fr = kn_interp_frame(t, fn, base, NULL);
  for (uint32_t i = 0; i < n; i++) {
    const struct kn_place *p = &sig->params[i];
    uint64_t *to = fr->regs + p->reg;
    to[0] = p->words == 2 ? args[i].low : args[i].low & kn_interp_mask(kn_interp_bits(p->type));
    if (p->words == 2) to[1] = args[i].high & kn_interp_high_mask(p->type);
    if (p->flags & KILN_PARAM_BYVAL) {
      uint8_t *copy = kn_interp_push(t, p->size_bytes, p->align < 16 ? 16 : p->align);
      memcpy(copy, (const void *)(uintptr_t)args[i].low, p->size_bytes);
      to[0] = (uint64_t)(uintptr_t)copy;
    }
  }
  fr->caller = t->frame;
  t->frame = fr;
  act.entry = fr;
  if (!kn_interp_run(t, &act)) {
    if (diag) *diag = t->diag;
    return t->diag.status;
  }
  for (uint32_t i = 0; results && i < sig->n_results; i++) results[i] = act.results[i];
  return KILN_OK;
}

static bool is_defined(const kiln_module *m, kiln_symbol s) {
  kiln_symbol_info info = kiln_symbol_get(m, s);
  return info.defined || info.desc.body;
}

/* A constructor: where it is in the order of those of its kind. */
struct ctor {
  uint32_t priority, number;
};

static int by_order(const void *a, const void *b) {
  const struct ctor *x = a, *y = b;
  if (x->priority != y->priority) return x->priority < y->priority ? -1 : 1;
  return (x->number > y->number) - (x->number < y->number);
}

/* Constructors by ascending priority and order, destructors by descending. */
static kiln_status run_ctors(kiln_interp *in, bool at_exit, kiln_diag *diag) {
  uint32_t n = kiln_ctor_count(in->m), n_here = 0;
  kiln_status s = KILN_OK;
  struct ctor *list = kn_interp_realloc(in, NULL, ((size_t)n + 1) * sizeof *list);
  if (list == NULL) return refuse(diag, "out of memory");
  for (uint32_t k = 0; k < n; k++) {
    kiln_ctor_desc c = kiln_ctor_get(in->m, k);
    if (c.at_exit == at_exit && (c.with.id == 0 || is_defined(in->m, c.with)))
      list[n_here++] = (struct ctor){c.has_priority ? c.priority : UINT32_MAX, k};
  }
  if (n_here > 1) qsort(list, n_here, sizeof *list, by_order);
  for (uint32_t k = 0; k < n_here && s == KILN_OK; k++) {
    uint32_t number = list[at_exit ? n_here - 1 - k : k].number;
    s = kiln_interp_call(in, kiln_ctor_get(in->m, number).func, NULL, 0, NULL, diag);
  }
  kn_interp_realloc(in, list, 0);
  return s;
}

kiln_status kiln_interp_run_constructors(kiln_interp *in, kiln_diag *diag) {
  if (!in) return refuse(diag, "no interpreter");
  return run_ctors(in, false, diag);
}
kiln_status kiln_interp_run_destructors(kiln_interp *in, kiln_diag *diag) {
  if (!in) return refuse(diag, "no interpreter");
  return run_ctors(in, true, diag);
}
