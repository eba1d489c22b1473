/* Threads of the interpreter: each has a stack for frames, its thread-local data, and the chain of activations of the
 * loop, between which there are C frames. Faults and longjmp leave activations from here. Invariant: only the thread
 * itself reads or writes what is in its kn_thread. */
#include "interp.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { GUARD = 65536 }; /* unused at the end of a stack */

struct kn_thread *kn_interp_thread(kiln_interp *in) {
  struct kn_thread *t = pthread_getspecific(in->key);
  if (t) return t;
  uint64_t size = in->options.stack_bytes ? in->options.stack_bytes : UINT64_C(512) << 20;
  size = (size + 4 * GUARD) & ~(uint64_t)(GUARD - 1);
  void *stack =
    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  t = kn_interp_realloc(in, NULL, sizeof *t);
  if (!t || stack == MAP_FAILED || pthread_setspecific(in->key, t) != 0) {
    /* There is no way to return an error: C may be the caller. */
    fputs("kiln-interp: no memory for a thread\n", stderr);
    abort();
  }
  *t = (struct kn_thread){.in = in, .stack = stack, .sp = stack, .steps = in->options.max_steps};
  t->limit = t->stack + size - GUARD;
  if (t->steps == 0) t->steps = UINT64_MAX;
  return t;
}

void kn_interp_thread_free(void *thread) {
  struct kn_thread *t = thread;
  if (!t) return;
  munmap(t->stack, (size_t)(t->limit + GUARD - t->stack));
  kn_interp_realloc(t->in, t->tls, 0);
  kn_interp_realloc(t->in, t->thrown, 0);
  kn_interp_realloc(t->in, t, 0);
}

void kn_interp_place(const struct kn_frame *fr, kiln_diag *out) {
  const struct kn_ifunc *fn = fr->fn;
  kiln_symbol_info info = kiln_symbol_get(fn->in->m, (kiln_symbol){fn->symbol});
  memset(out, 0, sizeof *out);
  snprintf(out->module, sizeof out->module, "%s", kiln_module_name(fn->in->m));
  snprintf(out->function, sizeof out->function, "%s", info.desc.name ? info.desc.name : "");
  out->has = fn->n_blocks ? KILN_DIAG_INST | KILN_DIAG_BLOCK : KILN_DIAG_INST;
  out->inst = fr->pc->number;
  uint32_t at = (uint32_t)(fr->pc - fn->code), low = 0, high = fn->n_blocks;
  while (high - low > 1) {
    uint32_t mid = low + (high - low) / 2;
    if (fn->blocks[mid].start <= at) low = mid;
    else high = mid;
  }
  out->block = fn->n_blocks ? fn->blocks[low].id : 0;
}

void kn_interp_fault(struct kn_thread *t, kiln_status status, const char *format, ...) {
  va_list args;
  kiln_diag *d = &t->diag;
  if (t->frame) kn_interp_place(t->frame, d);
  d->status = status;
  va_start(args, format);
  vsnprintf(d->message, sizeof d->message, format, args);
  va_end(args);
  if (t->in->options.on_fault) t->in->options.on_fault(t->in->options.on_fault_user, d);
  struct kn_act *act = t->act;
  while (act && !act->from_api) act = act->outer;
  if (!act) abort();
  t->act = act;
  longjmp(act->jump, KN_BACK_FAULT);
}

/* ---- setjmp ---- */

/* What the interpreter stores in a jmp_buf, which has 200 bytes. */
struct kept {
  uint64_t magic;
  struct kn_thread *thread;
  struct kn_frame *frame;
  const struct kn_ins *call;
  uint8_t *sp;
  uint64_t serial, has_mask;
  sigset_t mask;
};
_Static_assert(sizeof(struct kept) <= sizeof(jmp_buf), "fits what C programs set aside");
#define MAGIC UINT64_C(0x6b696c6e6a6d7031)

void kn_interp_setjmp(struct kn_thread *t, uint64_t buffer, bool mask, const struct kn_ins *call) {
  struct kept k = {.magic = MAGIC,
                   .thread = t,
                   .frame = t->frame,
                   .call = call,
                   .sp = t->sp,
                   .serial = t->frame->serial,
                   .has_mask = mask};
  if (mask) pthread_sigmask(SIG_SETMASK, NULL, &k.mask);
  memcpy((void *)(uintptr_t)buffer, &k, sizeof k);
}

/* The frame of that address and number, which is one of the thread's; NULL: it has returned. */
static struct kn_frame *find_frame(struct kn_thread *t, const void *at, uint64_t serial) {
  struct kn_frame *fr = t->frame;
  while (fr && !(fr == at && fr->serial == serial)) fr = fr->caller;
  return fr;
}

void kn_interp_longjmp(struct kn_thread *t, uint64_t buffer, uint32_t value) {
  struct kept k;
  memcpy(&k, (const void *)(uintptr_t)buffer, sizeof k);
  if (k.magic != MAGIC) {
    /* Made by C: its frames lie below ours. */
    jmp_buf *native = (jmp_buf *)(uintptr_t)buffer;
    longjmp(*native, (int)value);
  }
  struct kn_frame *fr = k.thread == t ? find_frame(t, k.frame, k.serial) : NULL;
  if (!fr) kn_interp_fault(t, KILN_ERR_UNDEFINED, "longjmp to a call that has returned");
  t->frame = fr;
  t->sp = k.sp;
  while (fr->saves && (uint8_t *)fr->saves >= k.sp) fr->saves = fr->saves->older;
  fr->pc = k.call;
  uint64_t result[1] = {value ? value : 1};
  const struct kn_site *s = &fr->fn->sites[k.call->y];
  if (t->in->sigs[s->sig]->n_results) fr->regs[s->res[0]] = result[0];
  if (k.has_mask) pthread_sigmask(SIG_SETMASK, &k.mask, NULL);
  t->act = fr->act;
  longjmp(fr->act->jump, KN_BACK_LONGJMP);
}

/* What the words of a buffer are: the front end stores the first and the third one. */
enum { BUF_CODE = 1, BUF_STACK, BUF_FRAME, BUF_SERIAL };

void kn_interp_builtin_setjmp(struct kn_thread *t, uint64_t buffer, const struct kn_ins *i) {
  uint64_t words[BUF_SERIAL + 1] = {[BUF_CODE] = (uint64_t)(i - t->frame->fn->code),
                                    [BUF_FRAME] = (uint64_t)(uintptr_t)t->frame,
                                    [BUF_SERIAL] = t->frame->serial};
  uint8_t *to = (uint8_t *)(uintptr_t)buffer;
  memcpy(to + 8 * BUF_CODE, words + BUF_CODE, 8);
  memcpy(to + 8 * BUF_FRAME, words + BUF_FRAME, 16);
}

void kn_interp_builtin_longjmp(struct kn_thread *t, uint64_t buffer) {
  uint64_t words[BUF_SERIAL + 1];
  memcpy(words, (const void *)(uintptr_t)buffer, sizeof words);
  struct kn_frame *fr = find_frame(t, (const void *)(uintptr_t)words[BUF_FRAME], words[BUF_SERIAL]);
  uint64_t at = words[BUF_CODE];
  if (!fr || at >= fr->fn->n_code || fr->fn->code[at].op != KILN_OP_BUILTIN_SETJMP)
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "builtin_longjmp to a function that has returned");
  struct kn_save *s = fr->saves;
  while (s && (uint64_t)(uintptr_t)s != words[BUF_STACK]) s = s->older;
  if (!s)
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "builtin_longjmp to a stack that no stack_save gave");
  t->frame = fr;
  fr->saves = s;
  t->sp = (uint8_t *)(s + 1);
  fr->pc = fr->fn->code + at;
  fr->regs[fr->pc->dst] = 1;
  t->act = fr->act;
  longjmp(fr->act->jump, KN_BACK_LONGJMP);
}

bool kiln_interp_find_place(kiln_interp *in, kiln_diag *out) {
  struct kn_thread *t = in && in->keyed ? pthread_getspecific(in->key) : NULL;
  if (!t || !t->frame || !out) return false;
  kn_interp_place(t->frame, out);
  return true;
}

/* ---- roots ---- */

kiln_interp_point kiln_interp_get_point(const kiln_interp *in) {
  const struct kn_thread *t = in && in->keyed ? pthread_getspecific(in->key) : NULL;
  return (kiln_interp_point){t ? t->frame : NULL};
}

uint32_t kiln_interp_each_root(const kiln_interp *in, kiln_interp_point point,
                               kiln_interp_root_fn fn, void *user) {
  uint32_t n = 0;
  for (const struct kn_frame *fr = in != NULL ? point.frame : NULL; fr != NULL; fr = fr->caller) {
    for (uint32_t s = 0; s < fr->fn->n_slots; s++) {
      const struct kn_islot *slot = &fr->fn->slots[s];
      if (!slot->root) continue;
      if (fn != NULL) fn(user, (void *)(uintptr_t)fr->regs[slot->reg], (uint32_t)slot->size);
      n++;
    }
  }
  return n;
}
