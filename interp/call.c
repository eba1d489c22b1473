/* Calls. Arguments are passed as by the host's C ABI (struct kn_host), so that calls with another signature, variadic
 * functions, C functions and callbacks all work alike. An image holds the argument registers and the stack area of
 * one call; host_*.c loads the registers from it, or stores them in one. Called by run.c. */
#include "interp.h"

/* ---- where arguments go ---- */

/* The registers of an argument of `words` general ones, if there are as many. */
static bool in_gp(struct kn_layout *l, struct kn_place *p) {
  const struct kn_host *h = &kn_interp_host;
  uint32_t at = h->even_pairs && p->words == 2 ? (l->gp + 1) & ~1u : l->gp;
  if (at + p->words > h->gp) {
    if (h->composites) l->gp = h->gp; /* what comes after it is on the stack, too */
    return false;
  }
  p->kind = KN_PLACE_GP;
  p->at = at;
  l->gp = at + p->words;
  return true;
}

/* The register of a float, if there is one. */
static bool in_fp(struct kn_layout *l, struct kn_place *p) {
  if (l->fp == 8) return false;
  p->kind = KN_PLACE_FP;
  p->at = l->fp++;
  return true;
}

/* `p` begins an argument of several parts, all of which are in registers, or none. */
static void begin_joined(struct kn_layout *l, const kiln_param *p) {
  uint32_t *used = kn_interp_in_fp(p->type) ? &l->fp : &l->gp;
  uint32_t limit = kn_interp_in_fp(p->type) ? 8 : kn_interp_host.gp;
  l->joined = 1;
  while (p[l->joined - 1].flags & KILN_PARAM_JOIN) l->joined++;
  if (*used + l->joined > limit) *used = limit;
}

struct kn_place kn_interp_next_place(struct kn_layout *l, const kiln_param *from) {
  const struct kn_host *h = &kn_interp_host;
  unsigned type = from->type, flags = from->flags;
  struct kn_place p = {.type = (uint8_t)type,
                       .words = kn_interp_is_wide(type) ? 2 : 1,
                       .flags = (uint16_t)flags,
                       .size_bytes = from->size_bytes,
                       .align = 8};
  bool inside = l->joined != 0;
  if (h->composites && !inside && flags & KILN_PARAM_JOIN) begin_joined(l, from);
  bool part = l->joined != 0;
  if (part) l->joined--;
  if (flags & KILN_PARAM_CHAIN) p.kind = KN_PLACE_CHAIN;
  if (flags & KILN_PARAM_SRET && h->sret_register) p.kind = KN_PLACE_SRET;
  if (p.kind != KN_PLACE_GP) return p;
  uint64_t size = 8;
  if (flags & KILN_PARAM_BYVAL) {
    unsigned log2 = from->align_log2 < h->max_align_log2 ? from->align_log2 : h->max_align_log2;
    size = ((uint64_t)from->size_bytes + 7) & ~UINT64_C(7);
    if (log2 > 3) p.align = 1u << log2;
  } else {
    if (kn_interp_in_fp(type) ? in_fp(l, &p) : type != KILN_TYPE_F80 && in_gp(l, &p)) return p;
    if (p.words == 2) size = p.align = 16;
    if (part && type == KILN_TYPE_F32) size = 4;
    if (inside && size < 16) p.align = 1; /* as in memory */
    else if (h->composites && from->align_log2 == 4) p.align = 16;
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
    memset(slots, t->in->undefined, fn->slot_bytes);
    for (uint32_t s = 0; s < fn->n_slots; s++) {
      fr->regs[fn->slots[s].reg] = (uint64_t)(uintptr_t)(slots + fn->slots[s].offset);
      if (fn->slots[s].root) memset(slots + fn->slots[s].offset, 0, fn->slots[s].size);
    }
  }
  if (t->in->observer != NULL) t->in->observer->entered(t->in->observer, t, fr);
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
  im->chain = im->sret = 0;
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
    } else if (p->kind == KN_PLACE_SRET) {
      im->sret = *v;
    } else if (p->kind == KN_PLACE_FP) {
      im->fp[p->at][0] = *v;
      im->fp[p->at][1] = p->words == 2 ? v[1] : 0;
    } else {
      uint64_t words[2] = {v[0], p->words == 2 ? v[1] : 0};
      unsigned bits = kn_interp_bits(p->type);
      unsigned to = p->flags & KILN_PARAM_SEXT64 ? 64 : p->flags & KILN_PARAM_SEXT ? 32 : 0;
      if (bits < to && words[0] >> (bits - 1))
        words[0] |= kn_interp_mask(to) & ~kn_interp_mask(bits);
      memcpy(p->kind == KN_PLACE_GP ? (uint8_t *)kn_interp_gp(im, p->at) : im->stack + p->at, words,
             8u * p->words); /* four bytes of it may be those of the next part */
    }
  }
}

void kn_interp_unpack(struct kn_frame *fr, const struct kn_isig *sig, struct kn_image *im) {
  for (uint32_t i = 0; i < sig->n_params; i++) {
    const struct kn_place *p = &sig->params[i];
    uint64_t *to = fr->regs + p->reg;
    uint8_t *stack = im->stack + p->at;
    if (p->flags & KILN_PARAM_BYVAL) *to = (uint64_t)(uintptr_t)stack;
    else if (p->kind == KN_PLACE_CHAIN) *to = im->chain;
    else if (p->kind == KN_PLACE_SRET) *to = im->sret;
    else if (p->kind == KN_PLACE_FP) memcpy(to, im->fp[p->at], 8u * p->words);
    else
      memcpy(to, p->kind == KN_PLACE_GP ? (void *)kn_interp_gp(im, p->at) : stack, 8u * p->words);
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

static void results_out(const struct kn_isig *sig, const kiln_interp_value *values,
                        struct kn_returned *r) {
  unsigned w = 0, f = 0, x = 0;
  for (uint32_t i = 0; i < sig->n_results; i++) {
    if (kn_interp_in_fp(sig->results[i])) {
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
                       const struct kn_returned *r) {
  unsigned w = 0, f = 0, x = 0;
  for (uint32_t i = 0; i < sig->n_results; i++) {
    uint64_t *to = fr->regs + s->res[i];
    unsigned type = sig->results[i];
    if (type == KILN_TYPE_F80) {
      to[0] = r->f80s[x][0];
      to[1] = r->f80s[x++][1] & UINT16_MAX;
      continue;
    }
    if (kn_interp_in_fp(type)) {
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
  struct kn_returned r = {0};
  const struct kn_site *s = &caller->fn->sites[caller->pc->y];
  results_out(t->in->sigs[fn->sig], values, &r);
  results_in(caller, s, t->in->sigs[s->sig], &r);
}

/* ---- calls to C and from C ---- */

/* Why C cannot call by the signature; NULL if it can. */
static const char *unlike_c(const struct kn_isig *sig) {
  const struct kn_host *h = &kn_interp_host;
  if (sig->int_words > h->gp_results || sig->floats > h->fp_results || sig->f80s > h->f80_results)
    return "results that a C function cannot return";
  return sig->halves ? "256-bit or 512-bit vectors" : NULL;
}

void kn_interp_native(struct kn_thread *t, struct kn_frame *fr, struct kn_site *s, void *address) {
  const struct kn_isig *sig = t->in->sigs[s->sig];
  const char *why = sig->by->calls ? unlike_c(sig) : "a calling convention other than C's";
  if (why) kn_interp_fault(t, KILN_ERR_UNSUPPORTED, "a call of C with %s", why);
  uint8_t *base = fr->top = t->sp;
  struct kn_image *im = (struct kn_image *)(void *)kn_interp_push(t, sizeof *im, 16);
  pack(t, fr, s, im);
  struct kn_returned r = {0};
  kn_interp_c_call(t, im, address, &r, sig->f80s);
  t->sp = base;
  if (sig->flags & KILN_SIG_NORETURN) {
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "a function that does not return has returned");
  }
  results_in(fr, s, sig, &r);
}

/* The address of the result's memory (KILN_PARAM_SRET), which the function also returns; 0: there is none. */
static uint64_t result_address(const struct kn_isig *sig, struct kn_image *im) {
  for (uint32_t i = 0; i < sig->n_params; i++) {
    const struct kn_place *p = &sig->params[i];
    if (p->flags & KILN_PARAM_SRET)
      return p->kind == KN_PLACE_SRET ? im->sret : *kn_interp_gp(im, p->at);
  }
  return 0;
}

unsigned kn_interp_from_c(struct kn_ifunc *fn, struct kn_image *im, struct kn_returned *results) {
  const struct kn_isig *sig = fn->in->sigs[fn->sig];
  struct kn_thread *t = kn_interp_thread(fn->in);
  struct kn_act act = {0};
  uint8_t *base = t->sp;
  const char *why = sig->by->is_called ? unlike_c(sig) : "a calling convention other than C's";
  if (why) kn_interp_fault(t, KILN_ERR_UNSUPPORTED, "a call from C with %s", why);
  im->n_gp = kn_interp_host.gp;
  im->n_fp = 8;
  im->stack_bytes = UINT64_MAX;
  struct kn_frame *fr = kn_interp_frame(t, fn, base, im);
  kn_interp_unpack(fr, sig, im);
  act.entry = link_frame(t, fr);
  kn_interp_run(t, &act);
  memset(results, 0, sizeof *results);
  results_out(sig, act.results, results);
  if (sig->n_results == 0) results->words[0] = result_address(sig, im);
  return sig->f80s;
}

/* ---- va_list ---- */

void kn_interp_va_start(struct kn_thread *t, struct kn_frame *fr, uint64_t list) {
  if (!fr->image) kn_interp_fault(t, KILN_ERR_UNDEFINED, "va_start without variadic arguments");
  kn_interp_start_list((void *)(uintptr_t)list, fr->image, &t->in->sigs[fr->fn->sig]->layout);
}

/* The image that a va_list of the interpreter's reads from; NULL if C made the va_list, or called the function. */
static const struct kn_image *list_image(const struct kn_thread *t, const void *list) {
  uintptr_t at = (uintptr_t)kn_interp_list_floats(list) - offsetof(struct kn_image, fp);
  uintptr_t begin = (uintptr_t)t->stack, end = (uintptr_t)t->sp;
  return at >= begin && at + sizeof(struct kn_image) <= end ? (const struct kn_image *)at : NULL;
}

uint64_t *kn_interp_va_arg(struct kn_thread *t, uint64_t list, unsigned type) {
  void *at = (void *)(uintptr_t)list;
  const struct kn_image *im = list_image(t, at);
  struct kn_taken a = kn_interp_take(at, type);
  bool beyond = false;
  if (im && a.kind == KN_PLACE_GP) beyond = a.count > im->n_gp;
  else if (im && a.kind == KN_PLACE_FP) beyond = a.count > im->n_fp;
  else if (im && im->stack_bytes != UINT64_MAX)
    beyond = (uint64_t)(a.from - im->stack) + (kn_interp_is_wide(type) ? 16 : 8) > im->stack_bytes;
  if (beyond) kn_interp_fault(t, KILN_ERR_UNDEFINED, "va_arg of what was not passed");
  return (uint64_t *)(void *)a.from;
}
