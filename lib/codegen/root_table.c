/* Tables of roots: see root_table.h. Called by the walk, as its observer. */
#include "lib/codegen/root_table.h"

#include "base/bytes.h"

static struct kn_root_observer *observer_of(struct kn_observer *o) {
  return (struct kn_root_observer *)o;
}

static void begin(struct kn_observer *o, const struct kn_walk *w) {
  (void)w;
  observer_of(o)->calls.n = 0;
  observer_of(o)->begun = false;
}

/* Only calls are of interest. */
static void inst(struct kn_observer *o, const struct kn_walk *w) {
  o->quiet = (struct kn_quiet){w->i, UINT32_MAX};
}

static void call(struct kn_observer *o, const struct kn_walk *w, bool own, unsigned reg) {
  (void)reg;
  observer_of(o)->begun = own && kn_inst_collects(w->f, &w->inst[w->i]);
}

static void returned(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_root_observer *r = observer_of(o);
  if (!r->begun) return;
  r->begun = false;
  const struct kn_note *id = kn_note_at(w->f, KN_NOTE_CALL_ID, w->i);
  struct kn_root_call row = {kn_request_mark(o->requests), id != NULL ? id->a : 0};
  KN_PUSH(w->f->module, r->calls, row);
}

/* Appends the distance of each root from the CFA. */
static void put_roots(struct kn_output *out, const struct kn_walk *w) {
  for (uint32_t i = 0; i < w->f->slots.n; i++) {
    const struct kn_slot *s = &w->f->slots.at[i];
    if (!(s->memory & KN_MEMORY_ROOT)) continue;
    int32_t at = w->slot_states.at[i].frame - w->frame.cfa + (s->size_bytes == 4);
    kn_put32(out->root_bytes.at + out->root_bytes.n, (uint32_t)at);
    out->root_bytes.n += 4;
  }
}

static void end(struct kn_observer *o, const struct kn_walk *w, struct kn_code_func *func) {
  const struct kn_root_observer *r = observer_of(o);
  const struct kn_code_facts *code = &w->target->code;
  const bool pointer = w->plan->frame.pointer, ids = w->f->notes[KN_NOTE_CALL_ID].n != 0;
  struct kn_output *out = w->out;
  kiln_module *m = w->f->module;
  uint32_t n = r->calls.n, n_roots = 0;
  for (uint32_t i = 0; i < w->f->slots.n; i++)
    n_roots += (w->f->slots.at[i].memory & KN_MEMORY_ROOT) != 0;
  const uint64_t size = KN_ROOTS_HEAD + 4 * ((uint64_t)n * (1u + ids) + n_roots);
  if ((n | n_roots) == 0 || w->plan->frame.naked) return;
  if (!KN_ROOM(m, out->root_bytes, size) || !KN_ROOM(m, out->root_tables, 1)) return;
  uint8_t *p = out->root_bytes.at + out->root_bytes.n;
  out->root_tables.at[out->root_tables.n++] =
    (struct kn_code_roots){out->root_bytes.n, (uint32_t)size};
  func->roots = out->root_tables.n;
  memset(p, 0, KN_ROOTS_HEAD);
  kn_put32(p + KN_ROOTS_SIZE, (uint32_t)size);
  p[KN_ROOTS_VERSION] = KN_ROOTS_VERSION_1;
  p[KN_ROOTS_FLAGS] = ids ? KN_ROOTS_IDS : 0;
  p[KN_ROOTS_REG] = code->frame_regs[pointer];
  kn_put32(p + KN_ROOTS_FUNC_SIZE, func->size);
  kn_put32(p + KN_ROOTS_CFA, (uint32_t)(w->frame.cfa - code->frame_from[pointer]));
  kn_put32(p + KN_ROOTS_N_CALLS, n);
  kn_put32(p + KN_ROOTS_N_ROOTS, n_roots);
  p += KN_ROOTS_HEAD;
  for (uint32_t k = 0; k < n; k++, p += 4)
    kn_put32(p, w->code.marks.at[r->calls.at[k].mark].at - func->start);
  for (uint32_t k = 0; ids && k < n; k++, p += 4) kn_put32(p, r->calls.at[k].id);
  out->root_bytes.n = (uint32_t)(p - out->root_bytes.at);
  put_roots(out, w);
}

static const struct kn_observer_events events = {
  .begin = begin, .inst = inst, .call = call, .returned = returned, .end = end};

void kn_roots_observe(struct kn_walk *w, kiln_func *f) {
  kiln_session *s = f->session;
  if (s->roots == NULL) {
    s->roots = kn_realloc(s->module, NULL, sizeof *s->roots);
    if (s->roots == NULL) {
      kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
      return;
    }
    *s->roots = (struct kn_root_observer){.observer.on = &events};
  }
  kn_observe(w, &s->roots->observer);
}

void kn_roots_observer_free(kiln_session *s) {
  if (s->roots != NULL) kn_realloc(s->module, s->roots->calls.at, 0);
  kn_realloc(s->module, s->roots, 0);
  s->roots = NULL;
}
