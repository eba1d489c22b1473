/* The plan of a function as text, for people who look into the allocator: kiln_session_set_dump. Called by
 * lib/compile.c between planning and walking. Invariant: names of blocks and values are those of the text form
 * (ir/text/print.c). */
#include "lib/codegen/dump.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct dump {
  const kiln_func *f;
  const struct kn_plan *plan;
  kiln_buffer *out;
  uint32_t *value; /* number of a value, UINT32_MAX: it is not printed */
  bool full;       /* out of memory */
};

bool kn_print_line(kiln_buffer *out, const char *format, ...) {
  char line[160];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  size_t size = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
  return kiln_buffer_append(out, line, size) == KILN_OK;
}
#define put(d, ...) ((d)->full |= !kn_print_line((d)->out, __VA_ARGS__))

void kn_print_numbers(const kiln_func *f, uint32_t *value) {
  uint32_t n = 0;
  memset(value, 0xff, f->n * sizeof *value);
  for (uint32_t k = 0; k < f->order.n; k++) {
    const struct kn_block *b = &f->blocks.at[f->order.at[k]];
    for (uint32_t i = 0; i < b->n_params; i++) value[kn_block_param(f, b, i)] = n++;
    for (uint32_t i = kn_inst_settle(f, b->first); i != 0; i = kn_inst_settle(f, i + 1)) {
      value[i] = n;
      n += !kn_is_halved(f, i); /* two that were one have one number */
      if (i == b->term) break;
    }
  }
}

static void put_reg(struct dump *d, unsigned reg) {
  const char *name = kiln_register_name(d->f->module->options.target.processor, reg);
  if (name != NULL) put(d, "%s", name);
  else put(d, "r%u", reg);
}

static void put_regs(struct dump *d, const char *head, uint64_t regs) {
  if (regs == 0) return;
  put(d, "%s", head);
  for (; regs; regs &= regs - 1) {
    put(d, " ");
    put_reg(d, (unsigned)__builtin_ctzll(regs));
  }
}

static void put_plan(struct dump *d) {
  const struct kn_plan *plan = d->plan;
  put(d, "  order: %s\n", plan->in_order ? "of filling" : "depth first");
  for (uint32_t p = 0; p < plan->n_layout; p++) {
    const struct kn_block *b = &d->f->blocks.at[plan->layout[p]];
    uint32_t loop = plan->loops.n ? plan->loop_at[p] : 0;
    put(d, "    %" PRIu32 ": b%" PRIu32, p, plan->layout[p]);
    if (loop) put(d, "  loop %" PRIu32, loop - 1);
    if (b->calls) put(d, "  calls %" PRIu32, b->calls);
    if (b->address_taken) put(d, "  address taken");
    put_regs(d, "  homes", plan->occupied[p]);
    put(d, "\n");
  }
  for (uint32_t l = 0; l < plan->loops.n; l++) {
    const struct kn_loop *loop = &plan->loops.at[l];
    put(d, "  loop %" PRIu32 ": positions %" PRIu32 " to %" PRIu32 ", depth %" PRIu32, l,
        loop->header, loop->end, loop->depth);
    if (loop->parent) put(d, ", in loop %" PRIu32, loop->parent - 1);
    put(d, "\n");
  }
  put_regs(d, "  saved:", plan->saved);
  if (plan->saved) put(d, "\n");
}

/* Where a global lives, with its interval and weight if its function is planned. */
static void put_home(struct dump *d, uint32_t g, bool planned) {
  const kiln_func *f = d->f;
  const struct kn_range *r = planned ? &d->plan->ranges.at[g] : NULL;
  uint32_t handle = f->globals.at[g].handle;
  bool slot = kn_is_slot(handle);
  unsigned reg = slot ? d->plan->slots.at[kn_index(handle)].reg : f->val[handle].reg;
  unsigned type = slot ? f->slots.at[kn_index(handle)].type : f->val[handle].type;
  if (!slot && f->val[handle].uses == 0) return; /* a parameter that nobody reads */
  const struct kn_slot *s = slot ? &f->slots.at[kn_index(handle)] : NULL;
  if (slot) put(d, "    slot%" PRIu32, kn_slot_whole(f, kn_index(handle))->number);
  if (slot && s->parent != 0) put(d, " + %" PRIu32, s->offset);
  const bool upper = !slot && kn_is_upper(f, handle);
  if (!slot) put(d, "    v%" PRIu32 "%s", d->value[handle - upper], upper ? ".1" : "");
  if (type != KILN_TYPE_VOID) put(d, " %s", kiln_type_name((kiln_type)type));
  put(d, ": ");
  if (reg < 64) put_reg(d, reg);
  else put(d, reg == KN_UNREAD ? "none: it is not read" : "frame");
  if (r && r->first <= r->last && r->first != UINT32_MAX)
    put(d, "  positions %" PRIu32 " to %" PRIu32 "  weight %" PRIu32, r->first, r->last, r->weight);
  if (slot && s->memory)
    put(d, s->memory & KN_MEMORY_ESCAPES ? "  its address is taken" : "  accesses overlap");
  put(d, "\n");
}

bool kn_dump(const kiln_func *f, const struct kn_plan *plan, unsigned what, kiln_buffer *out) {
  kiln_module *m = f->module;
  struct dump d = {.f = f, .plan = plan, .out = out};
  if (what == 0 || (d.value = kn_realloc(m, NULL, f->n * sizeof *d.value)) == NULL)
    return what == 0;
  kn_print_numbers(f, d.value);
  const char *name = kn_symbol(m, f->symbol)->name;
  put(&d, "plan of @%.100s\n", name ? name : "");
  if (what & KILN_DUMP_PLAN) put_plan(&d);
  if (what & KILN_DUMP_HOMES) {
    bool planned = !kn_func_is_homeless(f);
    put(&d, planned ? "  homes:\n"
            : f->facts.returns_twice
              ? "  homes: none are registers, since setjmp returns twice\n"
              : "  homes: none are registers, since a call preserves none\n");
    for (uint32_t g = 0; g < f->globals.n; g++) put_home(&d, g, planned);
  }
  kn_realloc(m, d.value, 0);
  return !d.full;
}
