/* Calls. Arguments are passed as by the x86-64 System V ABI, so that calls with another signature, variadic
 * functions, C functions and callbacks all work alike. An image holds the argument registers and the stack area of
 * one call. Calls to and from C go through libffi with one signature that covers all registers: six integers, eight
 * doubles, and a block on the stack. Called by run.c. */
#include "interp.h"

/* Elements of a struct that libffi passes on the stack whatever its size: a struct of more than four words is never
 * passed in registers, nor is one that contains it. */
static ffi_type *big_elements[] = {&ffi_type_uint64,
                                   &ffi_type_uint64,
                                   &ffi_type_uint64,
                                   &ffi_type_uint64,
                                   &ffi_type_uint64,
                                   &ffi_type_uint64,
                                   NULL};
static ffi_type big = {48, 8, FFI_TYPE_STRUCT, big_elements};

/* ---- where arguments go ---- */

/* Passed in an SSE register. */
static bool in_xmm(unsigned type) {
  return type == KILN_TYPE_F32 || type == KILN_TYPE_F64 || type == KILN_TYPE_F128 ||
         type == KILN_TYPE_V64 || type == KILN_TYPE_V128;
}

struct kn_place kn_interp_next_place(struct kn_layout *l, unsigned type, unsigned flags,
                                     uint32_t size_bytes, unsigned align_log2) {
  struct kn_place p = {.type = (uint8_t)type,
                       .words = kn_interp_is_wide(type) ? 2 : 1,
                       .flags = (uint16_t)flags,
                       .size_bytes = size_bytes,
                       .align = 8};
  uint64_t size = 8;
  if (flags & KILN_PARAM_CHAIN) {
    p.kind = KN_PLACE_CHAIN;
    l->chain = true;
    return p;
  }
  if (flags & KILN_PARAM_BYVAL) {
    size = ((uint64_t)size_bytes + 7) & ~UINT64_C(7);
    if (align_log2 > 3) p.align = 1u << align_log2;
  } else if (in_xmm(type)) {
    if (l->fp < 8) {
      p.kind = KN_PLACE_FP;
      p.at = l->fp++;
      return p;
    }
    if (type == KILN_TYPE_F128 || type == KILN_TYPE_V128) size = p.align = 16;
  } else if (type == KILN_TYPE_F80) { /* never in registers */
    size = p.align = 16;
  } else if (l->gp + p.words <= 6) {
    p.kind = KN_PLACE_GP;
    p.at = l->gp;
    l->gp += p.words;
    return p;
  } else if (p.words == 2) {
    size = p.align = 16;
  }
  p.kind = KN_PLACE_STACK;
  l->stack = (l->stack + p.align - 1) & ~((uint64_t)p.align - 1);
  p.at = (uint32_t)l->stack;
  l->stack += size;
  return p;
}

/* ---- frames ---- */

uint8_t *kn_interp_push(struct kn_thread *t, uint64_t bytes, uint64_t align) {
  uintptr_t at = ((uintptr_t)t->sp + align - 1) & ~((uintptr_t)align - 1);
  if (bytes > (uint64_t)(t->limit - t->stack) || at + bytes > (uintptr_t)t->limit) {
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "the stack is full");
  }
  t->sp = (uint8_t *)at + bytes;
  return (uint8_t *)at;
}

struct kn_frame *kn_interp_frame(struct kn_thread *t, struct kn_ifunc *fn, uint8_t *base,
                                 struct kn_image *image) {
  size_t head = sizeof(struct kn_frame) + (size_t)fn->n_regs * sizeof(uint64_t);
  struct kn_frame *fr = (struct kn_frame *)(void *)kn_interp_push(t, head, 16);
  fr->fn = fn;
  fr->pc = fn->code;
  fr->act = t->act;
  fr->image = image;
  fr->saves = NULL;
  fr->base = base;
  fr->serial = ++t->serial;
  fr->pinned = t->pinned;
  if (fn->n_slots > 0) {
    uint8_t *slots = kn_interp_push(t, fn->slot_bytes, fn->slot_align);
    memset(slots, 0xa5,
           fn->slot_bytes); /* undefined content; a pattern makes a dependence on it visible */
    for (uint32_t s = 0; s < fn->n_slots; s++) {
      fr->regs[fn->slots[s].reg] = (uint64_t)(uintptr_t)(slots + fn->slots[s].offset);
      if (fn->slots[s].root) memset(slots + fn->slots[s].offset, 0, fn->slots[s].size);
    }
  }
  return fr;
}

/* Puts the frame on top. */
static struct kn_frame *link_frame(struct kn_thread *t, struct kn_frame *fr) {
  fr->caller = t->frame;
  t->frame = fr;
  return fr;
}

/* ---- images ---- */

static void pack(struct kn_thread *t, struct kn_frame *fr, const struct kn_site *s,
                 struct kn_image *im) {
  im->n_gp = s->layout.gp;
  im->n_fp = s->layout.fp;
  im->chain = 0;
  im->stack_bytes = s->layout.stack;
  im->stack = kn_interp_push(t, s->layout.stack, 64);
  for (uint32_t i = 0; i < s->n; i++) {
    const struct kn_arg *arg = &fr->fn->args[s->first + i];
    const struct kn_place *p = &arg->place;
    const uint64_t *v = kn_interp_ref(fr, arg->ref);
    if (p->flags & KILN_PARAM_BYVAL) {
      memcpy(im->stack + p->at, (const void *)(uintptr_t)*v, p->size_bytes);
    } else if (p->kind == KN_PLACE_CHAIN) {
      im->chain = *v;
    } else if (p->kind == KN_PLACE_FP) {
      im->fp[p->at][0] = *v;
      im->fp[p->at][1] = p->words == 2 ? v[1] : 0;
    } else {
      uint64_t words[2] = {v[0], p->words == 2 ? v[1] : 0};
      unsigned bits = kn_interp_bits(p->type);
      unsigned to = p->flags & KILN_PARAM_SEXT64 ? 64 : p->flags & KILN_PARAM_SEXT ? 32 : 0;
      if (bits < to && words[0] >> (bits - 1))
        words[0] |= kn_interp_mask(to) & ~kn_interp_mask(bits);
      memcpy(p->kind == KN_PLACE_GP ? (uint8_t *)&im->gp[p->at] : im->stack + p->at, words,
             8u * p->words);
    }
  }
}

void kn_interp_unpack(struct kn_frame *fr, const struct kn_isig *sig, const struct kn_image *im) {
  for (uint32_t i = 0; i < sig->n_params; i++) {
    const struct kn_place *p = &sig->params[i];
    uint64_t *to = fr->regs + p->reg;
    uint8_t *stack = im->stack + p->at;
    if (p->flags & KILN_PARAM_BYVAL) *to = (uint64_t)(uintptr_t)stack;
    else if (p->kind == KN_PLACE_CHAIN) *to = im->chain;
    else if (p->kind == KN_PLACE_FP) memcpy(to, im->fp[p->at], 8u * p->words);
    else memcpy(to, p->kind == KN_PLACE_GP ? (void *)&im->gp[p->at] : stack, 8u * p->words);
    if (p->words == 1) *to &= kn_interp_mask(kn_interp_bits(p->type));
    else to[1] &= kn_interp_high_mask(p->type);
  }
}

/* True if a call that passes `have` gives all that `need` takes. */
static bool enough(const struct kn_layout *have, const struct kn_layout *need) {
  return have->gp >= need->gp && have->fp >= need->fp && have->stack >= need->stack;
}

/* A call by site `s` of a function with the signature `sig`: a fault if that cannot be right. */
static void check_fit(struct kn_thread *t, const struct kn_site *s, const struct kn_isig *sig) {
  if (!enough(&s->layout, &sig->layout)) {
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "a call by a signature that does not fit: arguments");
  }
  const struct kn_isig *mine = t->in->sigs[s->sig];
  if (mine->int_words > sig->int_words || mine->floats > sig->floats || mine->f80s > sig->f80s) {
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "a call by a signature that does not fit: results");
  }
}

struct kn_frame *kn_interp_replace(struct kn_thread *t, struct kn_frame *fr, struct kn_site *s,
                                   struct kn_ifunc *fn) {
  const struct kn_isig *sig = t->in->sigs[fn->sig];
  check_fit(t, s, sig);
  kn_interp_leave(t, fr);
  struct kn_image *packed = (struct kn_image *)(void *)kn_interp_push(t, sizeof *packed, 16);
  pack(t, fr, s, packed);
  /* what is packed goes to where the frame is */
  struct kn_image from = *packed;
  struct kn_frame *caller = fr->caller;
  struct kn_act *act = t->act;
  uint8_t *base = fr->base;
  bool entry = fr == act->entry;
  t->sp = base;
  struct kn_image *im = (struct kn_image *)(void *)kn_interp_push(t, sizeof *im, 16);
  uint8_t *stack = kn_interp_push(t, from.stack_bytes, 64);
  memmove(stack, from.stack, from.stack_bytes);
  *im = from;
  im->stack = stack;
  t->frame = caller;
  struct kn_frame *to = kn_interp_frame(t, fn, base, im);
  kn_interp_unpack(to, sig, im);
  if (entry) act->entry = to;
  return link_frame(t, to);
}

struct kn_frame *kn_interp_enter(struct kn_thread *t, struct kn_frame *fr, struct kn_site *s,
                                 struct kn_ifunc *fn) {
  uint8_t *base = t->sp;
  const struct kn_isig *sig = t->in->sigs[fn->sig];
  struct kn_frame *to;
  if (s->sig != fn->sig || sig->flags & KILN_SIG_VARIADIC) {
    check_fit(t, s, sig);
    struct kn_image *im = (struct kn_image *)(void *)kn_interp_push(t, sizeof *im, 16);
    pack(t, fr, s, im);
    to = kn_interp_frame(t, fn, base, im);
    kn_interp_unpack(to, sig, im);
    return link_frame(t, to);
  }
  to = kn_interp_frame(t, fn, base, NULL);
  const struct kn_arg *args = fr->fn->args + s->first;
  for (uint32_t i = 0; i < sig->n_params; i++) {
    const struct kn_place *p = &args[i].place;
    const uint64_t *v = kn_interp_ref(fr, args[i].ref);
    uint64_t *r = to->regs + p->reg;
    r[0] = v[0];
    if (p->words == 2) r[1] = v[1];
    if (p->flags & KILN_PARAM_BYVAL) {
      uint8_t *copy = kn_interp_push(t, p->size_bytes, p->align < 16 ? 16 : p->align);
      memcpy(copy, (const void *)(uintptr_t)v[0], p->size_bytes);
      r[0] = (uint64_t)(uintptr_t)copy;
    }
  }
  return link_frame(t, to);
}

/* ---- results ---- */

/* The result registers: integers, floats and the x87 stack, in order. */
struct result_regs {
  uint64_t words[2 * KILN_MAX_RESULTS], floats[KILN_MAX_RESULTS][2], f80s[KILN_MAX_RESULTS][2];
};

static void results_out(const struct kn_isig *sig, const kiln_interp_value *values,
                        struct result_regs *r) {
  unsigned w = 0, f = 0, x = 0;
  for (uint32_t i = 0; i < sig->n_results; i++) {
    if (in_xmm(sig->results[i])) {
      r->floats[f][0] = values[i].low;
      r->floats[f++][1] = values[i].high;
      continue;
    }
    if (sig->results[i] == KILN_TYPE_F80) {
      r->f80s[x][0] = values[i].low;
      r->f80s[x++][1] = values[i].high;
      continue;
    }
    r->words[w++] = values[i].low;
    if (sig->results[i] == KILN_TYPE_I128) r->words[w++] = values[i].high;
  }
}

static void results_in(struct kn_frame *fr, const struct kn_site *s, const struct kn_isig *sig,
                       const struct result_regs *r) {
  unsigned w = 0, f = 0, x = 0;
  for (uint32_t i = 0; i < sig->n_results; i++) {
    uint64_t *to = fr->regs + s->res[i];
    unsigned type = sig->results[i];
    if (type == KILN_TYPE_F80) {
      to[0] = r->f80s[x][0];
      to[1] = r->f80s[x++][1] & UINT16_MAX;
      continue;
    }
    if (in_xmm(type)) {
      to[0] = r->floats[f][0] & kn_interp_mask(kn_interp_bits(type));
      if (type == KILN_TYPE_F128 || type == KILN_TYPE_V128) to[1] = r->floats[f][1];
      f++;
      continue;
    }
    to[0] = r->words[w++] & kn_interp_mask(kn_interp_bits(type));
    if (type == KILN_TYPE_I128) to[1] = r->words[w++];
  }
}

void kn_interp_return(struct kn_thread *t, struct kn_frame *caller, const struct kn_ifunc *fn,
                      const kiln_interp_value *values) {
  struct result_regs r = {0};
  const struct kn_site *s = &caller->fn->sites[caller->pc->y];
  results_out(t->in->sigs[fn->sig], values, &r);
  results_in(caller, s, t->in->sigs[s->sig], &r);
}

/* ---- calls to C ---- */

/* Result types for libffi: rax, rdx, xmm0 and xmm1 are returned as structs of two words, st(0) as a long double,
 * st(0) and st(1) as a complex long double. */
static ffi_type *pair_types[4][3] = {
  {&ffi_type_uint64, &ffi_type_uint64, NULL},
  {&ffi_type_uint64, &ffi_type_double, NULL},
  {&ffi_type_double, &ffi_type_uint64, NULL},
  {&ffi_type_double, &ffi_type_double, NULL},
};
static ffi_type pairs[4] = {{16, 8, FFI_TYPE_STRUCT, pair_types[0]},
                            {16, 8, FFI_TYPE_STRUCT, pair_types[1]},
                            {16, 8, FFI_TYPE_STRUCT, pair_types[2]},
                            {16, 8, FFI_TYPE_STRUCT, pair_types[3]}};

/* The type for a signature's results; NULL if no C function returns so many. */
static ffi_type *result_type(const struct kn_isig *sig) {
  unsigned w = sig->int_words, f = sig->floats, x = sig->f80s;
  if (x > 0) {
    if (w + f > 0 || x > 2) return NULL;
    return x == 1 ? &ffi_type_longdouble : &ffi_type_complex_longdouble;
  }
  if (w + f == 0) return sig->sret ? &ffi_type_uint64 : &ffi_type_void;
  if (w + f == 1) return f ? &ffi_type_double : &ffi_type_uint64;
  if (w + f > 2) return NULL;
  return &pairs[w == 2 ? 0 : f == 2 ? 3 : 1];
}

static struct kn_cif *make_cif(kiln_interp *in, const struct kn_site *s) {
  ffi_type *result = result_type(in->sigs[s->sig]);
  struct kn_cif *c = result ? kn_interp_realloc(in, NULL, sizeof *c) : NULL;
  if (!c) return NULL;
  unsigned n = 0;
  for (unsigned i = 0; i < s->layout.gp; i++) c->types[n++] = &ffi_type_uint64;
  for (unsigned i = 0; i < s->layout.fp; i++) c->types[n++] = &ffi_type_double;
  if (s->layout.stack > 0) {
    c->stack_elements[0] = &big;
    c->stack_elements[1] = NULL;
    c->stack = (ffi_type){s->layout.stack, 16, FFI_TYPE_STRUCT, c->stack_elements};
    c->types[n++] = &c->stack;
  }
  if (ffi_prep_cif(&c->cif, FFI_UNIX64, n, result, c->types) == FFI_OK) return c;
  kn_interp_realloc(in, c, 0);
  return NULL;
}

void kn_interp_native(struct kn_thread *t, struct kn_frame *fr, struct kn_site *s, void *address) {
  const struct kn_isig *sig = t->in->sigs[s->sig];
  struct kn_cif *cif = __atomic_load_n(&s->cif, __ATOMIC_ACQUIRE);
  if (!cif) {
    pthread_mutex_lock(&t->in->lock);
    cif = s->cif;
    if (!cif) {
      cif = make_cif(t->in, s);
      __atomic_store_n(&s->cif, cif, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&t->in->lock);
    if (!cif) {
      kn_interp_fault(t, KILN_ERR_UNSUPPORTED,
                      "a call of C with results that a C function cannot return");
    }
  }
  if (s->quads || sig->quads || !sig->by->calls)
    kn_interp_fault(t, KILN_ERR_UNSUPPORTED,
                    "a call of C with a calling convention other than C's, or with f128, which "
                    "libffi cannot pass");
  uint8_t *base = fr->top = t->sp;
  struct kn_image *im = (struct kn_image *)(void *)kn_interp_push(t, sizeof *im, 16);
  pack(t, fr, s, im);
  void *values[15];
  unsigned n = 0;
  for (unsigned i = 0; i < s->layout.gp; i++) values[n++] = &im->gp[i];
  for (unsigned i = 0; i < s->layout.fp; i++) values[n++] = &im->fp[i];
  if (s->layout.stack > 0) values[n++] = im->stack;
  _Alignas(16) uint64_t back[4] = {0};
  void (*code)(void);
  memcpy(&code, &address, sizeof code);
  kn_interp_guarded(t, &cif->cif, code, back, values, s->layout.chain ? im->chain : 0);
  t->sp = base;
  if (sig->flags & KILN_SIG_NORETURN) {
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "a function that does not return has returned");
  }
  struct result_regs r = {0};
  unsigned k = 0;
  for (unsigned i = 0; i < sig->int_words; i++) r.words[i] = back[k++];
  for (unsigned i = 0; i < sig->floats; i++) r.floats[i][0] = back[k++];
  for (unsigned i = 0; i < sig->f80s; i++, k += 2) memcpy(r.f80s[i], back + k, 10);
  results_in(fr, s, sig, &r);
}

/* ---- calls from C ---- */

ffi_cif *kn_interp_entry_cif(kiln_interp *in, const struct kn_isig *sig) {
  static ffi_type *stack_elements[] = {&big, NULL};
  static ffi_type stack = {8, 8, FFI_TYPE_STRUCT, stack_elements};
  static ffi_type *types[15] = {
    &ffi_type_uint64, &ffi_type_uint64, &ffi_type_uint64, &ffi_type_uint64, &ffi_type_uint64,
    &ffi_type_uint64, &ffi_type_double, &ffi_type_double, &ffi_type_double, &ffi_type_double,
    &ffi_type_double, &ffi_type_double, &ffi_type_double, &ffi_type_double, &stack};
  ffi_type *result = result_type(sig);
  ffi_cif *cif = kn_interp_realloc(in, NULL, sizeof *cif);
  if (!cif) return NULL;
  if (!result) result = &ffi_type_void; /* the function has an address, but C cannot call it */
  if (ffi_prep_cif(cif, FFI_UNIX64, 15, result, types) == FFI_OK) return cif;
  kn_interp_realloc(in, cif, 0);
  return NULL;
}

void kn_interp_from_c(ffi_cif *cif, void *result, void **args, void *user) {
  struct kn_ifunc *fn = user;
  const struct kn_isig *sig = fn->in->sigs[fn->sig];
  struct kn_thread *t = kn_interp_thread(fn->in);
  (void)cif;
  struct kn_act act = {0};
  uint8_t *base = t->sp;
  if (!result_type(sig)) {
    kn_interp_fault(t, KILN_ERR_UNSUPPORTED, "a call from C with results that C cannot receive");
  }
  if (sig->quads || !sig->by->is_called)
    kn_interp_fault(t, KILN_ERR_UNSUPPORTED,
                    "a call from C with a calling convention other than C's, or with f128, which "
                    "libffi cannot pass");
  struct kn_image *im = (struct kn_image *)(void *)kn_interp_push(t, sizeof *im, 16);
  for (unsigned i = 0; i < 6; i++) memcpy(&im->gp[i], args[i], 8);
  for (unsigned i = 0; i < 8; i++) {
    memcpy(&im->fp[i][0], args[6 + i], 8);
    im->fp[i][1] = 0;
  }
  im->n_gp = 6;
  im->n_fp = 8;
  im->chain = 0; /* libffi's own code is called with one */
  im->stack = args[14];
  im->stack_bytes = UINT64_MAX;
  struct kn_frame *fr = kn_interp_frame(t, fn, base, im);
  kn_interp_unpack(fr, sig, im);
  act.entry = link_frame(t, fr);
  kn_interp_run(t, &act);
  struct result_regs r = {0};
  results_out(sig, act.results, &r);
  uint64_t out[4] = {0};
  unsigned k = 0;
  if (sig->int_words + sig->floats + sig->f80s == 0) {
    /* The ABI also returns the address of the result's memory (sret). */
    for (uint32_t i = 0; i < sig->n_params; i++) {
      if (sig->params[i].flags & KILN_PARAM_SRET) memcpy(result, &im->gp[sig->params[i].at], 8);
    }
    return;
  }
  for (unsigned i = 0; i < sig->int_words; i++) out[k++] = r.words[i];
  for (unsigned i = 0; i < sig->floats; i++) out[k++] = r.floats[i][0];
  for (unsigned i = 0; i < sig->f80s; i++, k += 2) memcpy(out + k, r.f80s[i], 16);
  memcpy(result, out, k * 8);
}

/* ---- va_list ---- */

/* The ABI's va_list. */
struct va_list_x64 {
  uint32_t gp, fp;
  uint8_t *stack, *save;
};

void kn_interp_va_start(struct kn_thread *t, struct kn_frame *fr, uint64_t list) {
  const struct kn_isig *sig = t->in->sigs[fr->fn->sig];
  if (!fr->image) kn_interp_fault(t, KILN_ERR_UNDEFINED, "va_start without variadic arguments");
  struct va_list_x64 v = {8 * sig->layout.gp, 48 + 16 * sig->layout.fp,
                          fr->image->stack + sig->layout.stack, (uint8_t *)fr->image->gp};
  memcpy((void *)(uintptr_t)list, &v, sizeof v);
}

/* The image that a va_list of the interpreter's reads from; NULL if C made the va_list. */
static const struct kn_image *list_image(const struct kn_thread *t, const struct va_list_x64 *v) {
  if (v->save < t->stack || v->save + sizeof(struct kn_image) > t->sp) return NULL;
  return (const struct kn_image *)(const void *)v->save;
}

uint64_t *kn_interp_va_arg(struct kn_thread *t, uint64_t list, unsigned type) {
  struct va_list_x64 v;
  void *at = (void *)(uintptr_t)list;
  memcpy(&v, at, sizeof v);
  const struct kn_image *im = list_image(t, &v);
  unsigned bytes = kn_interp_is_wide(type) ? 16 : 8;
  uint8_t *from;
  bool beyond = false;
  if (in_xmm(type) && v.fp < 176) {
    from = v.save + v.fp;
    beyond = im && (v.fp - 48) / 16 >= im->n_fp;
    v.fp += 16;
  } else if (!in_xmm(type) && type != KILN_TYPE_F80 && v.gp + bytes <= 48) {
    from = v.save + v.gp;
    beyond = im && (v.gp + bytes) / 8 > im->n_gp;
    v.gp += bytes;
  } else {
    if (bytes == 16) v.stack = (uint8_t *)(((uintptr_t)v.stack + 15) & ~(uintptr_t)15);
    from = v.stack;
    beyond =
      im && im->stack_bytes != UINT64_MAX && (uint64_t)(from + bytes - im->stack) > im->stack_bytes;
    v.stack += bytes;
  }
  if (beyond) kn_interp_fault(t, KILN_ERR_UNDEFINED, "va_arg of what was not passed");
  memcpy(at, &v, sizeof v);
  return (uint64_t *)(void *)from;
}
