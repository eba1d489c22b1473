/* A witness: what a function's machine code has to do with its IR, for a prover (docs/proof.md), which does not trust
 * it: a wrong one only makes proofs fail. An observer of the walk (lib/codegen/observe.h), as the map is
 * (lib/codegen/map.c). Invariant: it requests nothing, so the code is what it is without it.
 *
 * Version 3 of its form, for each function; names are those of the text form, offsets of code count from the function's
 * start, and frame offsets are those of the walk, at distance `cfa` below the CFA (on AArch64, an argument on the stack
 * is at its distance from the CFA less 2^29):
 *
 *   witness 3
 *   the text of the function as it is compiled, which ends with a line }
 *   fresh NUMBER N                     before instruction N, the content of a slot becomes any bits, as by life_start,
 *                                      since an inlined body begins there. Instructions and blocks' parameters count
 *                                      from 0, in the order of the text
 *   life NUMBER FIRST END              instructions FIRST to END, not included, are of this body or of one within it. A
 *                                      slot of a body has these lines together, and only then shares its memory
 *   slot NUMBER OFFSET SIZE reg R      a slot, or SIZE bytes of one at OFFSET, is in register R for life,
 *   slot NUMBER OFFSET SIZE frame F    in the frame,
 *   slot NUMBER OFFSET SIZE pointer F  where the pointer at F points, or
 *   slot NUMBER OFFSET SIZE none       nowhere: nothing reads it, or it has no code
 *   value NUMBER TYPE reg R [zx]       a value that several blocks read has a home; zx: the bits above it are 0
 *   value NUMBER TYPE frame F [zx]
 *   value NUMBER TYPE none             or its readers compute it. An i128 has two such lines, of types i128.0 and
 *                                      i128.1
 *   shadow NUMBER F                    where a parameter is when a jump to an address enters its block. Of the upper
 *                                      half of an i128, the number ends in .1
 *   save F                             of a variadic function: the argument registers' save area in the frame
 *   code START SIZE CFA                of .text
 *   block NUMBER OFFSET                in the order of the code
 *   end
 */
#include "lib/codegen/witness.h"

#include "lib/codegen/dump.h"
#include "lib/codegen/frame.h"

#include <inttypes.h>

#define put(x, ...) ((x)->full |= !kn_print_line((x)->out, __VA_ARGS__))

static void put_slot(struct kn_witness *x, const struct kn_walk *w, uint32_t i) {
  const kiln_func *f = w->f;
  const struct kn_slot *s = &f->slots.at[i];
  const struct kn_slot_place *at = &w->slots[i];
  int32_t frame = w->slot_states.at[i].frame;
  put(x, "slot %" PRIu32 " %" PRIu32 " %" PRIu32, kn_slot_whole(f, i)->number,
      s->parent ? s->offset : 0, s->size_bytes);
  if (at->reg < 64) put(x, " reg %u\n", at->reg);
  else if (frame == 0) put(x, " none\n");
  else
    put(x, " %s %" PRId32 "\n",
        kn_slot_align(w, i) > 4 && w->target->frame.aligned_by_pointer ? "pointer" : "frame",
        frame);
}

/* No instruction is of interest. */
static void inst(struct kn_observer *o, const struct kn_walk *w) {
  o->quiet = (struct kn_quiet){w->i, UINT32_MAX};
}

/* The last event at which values say where they are. */
static void blocks(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_witness *x = (struct kn_witness *)o;
  const kiln_func *f = w->f;
  for (uint32_t i = 0; i < f->slots.n; i++) put_slot(x, w, i);
  for (uint32_t g = 0; g < f->globals.n; g++) {
    uint32_t h = f->globals.at[g].handle;
    if (kn_is_slot(h)) continue;
    const struct kn_val *v = &w->val[h];
    const char *zx = v->flags & KN_VF_ZX ? " zx" : "";
    const bool upper = kn_is_upper(f, h);
    put(x, "value %" PRIu32 " %s", x->value[h - upper],
        upper              ? "i128.1"
        : kn_is_pair(f, h) ? "i128.0"
                           : kiln_type_name((kiln_type)v->type));
    if (v->flags & KN_VF_HOME && v->reg < 64) put(x, " reg %u%s\n", v->reg, zx);
    else if (v->flags & (KN_VF_SLOT_HOME | KN_VF_FRAME) && v->frame != 0)
      put(x, " frame %" PRId32 "%s\n", v->frame, zx);
    else put(x, " none\n");
  }
}

/* Numbers of values, which are freed when the function is complete, or the next one begins. */
static void drop_numbers(struct kn_witness *x, const kiln_module *m) {
  kn_realloc(m, x->value, 0);
  x->value = NULL;
}

static void end(struct kn_observer *o, const struct kn_walk *w, struct kn_code_func *func) {
  struct kn_witness *x = (struct kn_witness *)o;
  for (uint32_t i = 0; i < w->shadows.n; i++)
    if (w->shadows.at[i] != 0) {
      const bool upper = kn_is_upper(w->f, i);
      put(x, "shadow %" PRIu32 "%s %" PRId32 "\n", x->value[i - upper], upper ? ".1" : "",
          w->shadows.at[i]);
    }
  if (w->frame.va.save != 0) put(x, "save %" PRId32 "\n", w->frame.va.save);
  put(x, "code %" PRIu32 " %" PRIu32 " %" PRId32 "\n", func->start, func->size, w->frame.cfa);
  for (uint32_t p = 0; p < w->plan->n_layout; p++) {
    uint32_t block = w->plan->layout[p];
    put(x, "block %" PRIu32 " %" PRIu32 "\n", block, kn_label_at(w, block) - func->start);
  }
  put(x, "end\n");
  drop_numbers(x, w->f->module);
  if (x->full) kn_module_fail(w->f->module, KILN_ERR_MEMORY, "out of memory");
}

static const struct kn_observer_events events = {.inst = inst, .blocks = blocks, .end = end};

/* The instructions of a body, which were built one after the other: in the text they are a few runs. */
static void put_life(struct kn_witness *x, const struct kn_slot *s, const struct kn_scope *scope) {
  uint32_t first = 0, end = 0;
  for (uint32_t i = scope->first; i < scope->end; i++) {
    uint32_t at = x->value[i];
    if (at == UINT32_MAX) continue;
    if (at != end || first == end) {
      if (first < end) put(x, "life %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", s->number, first, end);
      first = at;
    }
    end = at + 1;
  }
  if (first < end) put(x, "life %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", s->number, first, end);
}

/* Slots of inlined bodies, which are in use from where the body begins. Where that has no instruction, they are not. */
static void put_fresh(struct kn_witness *x, const kiln_func *f) {
  for (uint32_t i = 0; i < f->slots.n; i++) {
    const struct kn_slot *s = &f->slots.at[i];
    if (s->scope == 0 || s->parent != 0) continue;
    const struct kn_scope *scope = &f->scopes.at[s->scope - 1];
    uint32_t first = scope->first < scope->end ? kn_inst_settle(f, scope->first) : 0;
    if (first == 0 || first >= f->n || x->value[first] == UINT32_MAX) continue;
    put(x, "fresh %" PRIu32 " %" PRIu32 "\n", s->number, x->value[first]);
    put_life(x, s, scope);
  }
}

kiln_status kn_witness_begin(kiln_func *f) {
  struct kn_witness *x = f->session->witness;
  if (x->out == NULL) return KILN_OK;
  drop_numbers(x, f->module); /* of a function that failed */
  x->full = false;
  put(x, "witness 3\n");
  kiln_status status = x->print(x->print_user, f, x->out);
  if (f->status != KILN_OK) return f->status;
  if (status != KILN_OK)
    return kn_func_fail(f, status, UINT32_MAX, 0, "the function was not printed");
  x->value = kn_realloc(f->module, NULL, (size_t)f->n * sizeof *x->value);
  if (x->value == NULL) return kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  kn_print_numbers(f, x->value);
  put_fresh(x, f);
  return KILN_OK;
}

void kn_witness_observe(struct kn_walk *w, struct kn_witness *x) {
  if (x->out != NULL) kn_observe(w, &x->observer);
}

kiln_status kiln_session_set_witness(kiln_session *s, kiln_print_fn print, void *user,
                                     kiln_buffer *out) {
  if (s == NULL || (out != NULL && print == NULL)) return KILN_ERR_ARGUMENT;
  if (s->witness == NULL) {
    if (out == NULL) return KILN_OK;
    if ((s->witness = kn_realloc(s->module, NULL, sizeof *s->witness)) == NULL)
      return KILN_ERR_MEMORY;
    *s->witness = (struct kn_witness){.observer.on = &events};
  }
  s->witness->print = print;
  s->witness->print_user = user;
  s->witness->out = out;
  return KILN_OK;
}

void kn_witness_free(kiln_session *s) {
  if (s->witness) drop_numbers(s->witness, s->module);
  kn_realloc(s->module, s->witness, 0);
  s->witness = NULL;
}
