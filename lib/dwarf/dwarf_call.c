/* Entries of calls: DW_TAG_call_site (DWARF 5, 3.4), in version 4 GNU's forms of them. Debuggers compute from them
 * what parameters were when a function began, and which tail calls led to it. Called by lib/dwarf/dwarf.c,
 * lib/dwarf/dwarf_scope.c and lib/dwarf/dwarf_write.c. As by LLVM, a call has an entry if what it calls has one, or is
 * known at run time only. */
#include "lib/dwarf/dwarf_writer.h"

const struct kn_code_call *kn_dwarf_calls(const struct kn_dwarf *d, uint32_t func, uint32_t *n) {
  const struct kn_output *o = kn_image_output(d->image, d->image->funcs[func].session);
  const struct kn_code_func *f = kn_image_func(d->image, func);
  uint32_t end = f + 1 < o->funcs.at + o->funcs.n ? f[1].call_first : o->calls.n;
  *n = d->callees != NULL ? end - f->call_first : 0;
  return o->calls.at + f->call_first;
}

void kn_dwarf_callees(struct kn_dwarf *d) {
  const struct kiln_debug *in = d->module;
  bool any = false;
  for (uint32_t s = 0; s < d->image->n_sessions; s++)
    any |= kn_image_output(d->image, s)->calls.n != 0;
  if (!any || (d->func_node = kn_dwarf_zeros(d, d->image->n_funcs)) == NULL ||
      (d->callees = kn_dwarf_zeros(d, d->m->symbols.n)) == NULL)
    return;
  for (uint32_t k = 0; k < in->globals.n; k++) {
    uint32_t i = kn_dwarf_index(d, 0, in->globals.at[k].variable);
    if (i && kn_dwarf_entry(d, i)->tag == KILN_DW_TAG_subprogram)
      d->callees[in->globals.at[k].symbol] = i;
  }
  for (uint32_t i = 0; i < d->image->n_funcs; i++) {
    const struct kn_code_func *f = kn_image_func(d->image, i);
    uint32_t set = d->image->funcs[i].session + 1;
    d->callees[f->symbol] =
      f->subprogram && kn_dwarf_index(d, set, f->subprogram) ? (i + 1) | 1u << 31 : 0;
  }
}

void kn_dwarf_reach_callees(struct kn_dwarf *d, uint32_t func) {
  uint32_t n;
  const struct kn_code_call *call = kn_dwarf_calls(d, func, &n);
  for (; n > 0; n--, call++) {
    uint32_t to = d->callees[call->symbol];
    if (call->symbol && !(to >> 31)) kn_dwarf_reach(d, to);
  }
}

/* The entry of what is called; 0: it has none. */
static uint32_t origin(const struct kn_dwarf *d, const struct kn_code_call *call) {
  uint32_t to = d->callees[call->symbol];
  uint32_t i = to >> 31 ? d->func_node[(to & INT32_MAX) - 1] : to;
  return d->dies.at[i].unit ? i : 0;
}

/* Writes what a call in function i passes in registers. */
static void put_parameters(struct kn_dwarf_fields *f, uint32_t i, const uint8_t *p,
                           const uint8_t *end) {
  bool old = f->d->version < 5;
  (void)i; /* for checking builds */
  for (; p < end; p += 2 + p[1]) {
    uint8_t location[2] = {KILN_DW_OP_reg0 + p[0]};
    const bool link = kn_dwarf_is_link(p + 2, p[1]);
    if (link && f->d->image->places[kn_get32(p + 3)].section == 0) continue;
    kn_dwarf_begin(f);
    kn_dwarf_add_expr(f, KILN_DW_AT_location, location, 1);
    if (link) (void)KN_PUSH(f->d->m, f->d->links, 0);
    KN_DWARF_CHECK(value, f->d, i, p + 2, p[1]);
    kn_dwarf_add_expr(f, old ? KILN_DW_AT_GNU_call_site_value : KILN_DW_AT_call_value, p + 2, p[1]);
    kn_dwarf_put_entry(
      f, old ? KILN_DW_TAG_GNU_call_site_parameter : KILN_DW_TAG_call_site_parameter, false);
  }
}

void kn_dwarf_put_calls(struct kn_dwarf_fields *f, uint32_t func) {
  struct kn_dwarf *d = f->d;
  bool old = d->version < 5;
  const struct kn_output *o = kn_image_output(d->image, d->image->funcs[func].session);
  const struct kn_place *at = kn_dwarf_place(d, func);
  uint32_t n, start = kn_image_func(d->image, func)->start;
  const struct kn_code_call *call = kn_dwarf_calls(d, func, &n);
  for (; n > 0; n--, call++) {
    const uint8_t *p = o->exprs.at + call->expr, *end = p + call->n;
    uint32_t to = call->symbol ? origin(d, call) : 0;
    bool known = p < end && p[0] == KN_CALL_TARGET, lost = p < end && p[0] == KN_CALL_LOST;
    if (call->symbol ? to == 0 : !known && !lost) continue;
    kn_dwarf_begin(f);
    if (to) {
      kn_dwarf_add_ref(f, old ? KILN_DW_AT_abstract_origin : KILN_DW_AT_call_origin, to);
    } else {
      unsigned name =
        old ? known ? KILN_DW_AT_GNU_call_site_target : KILN_DW_AT_GNU_call_site_target_clobbered
        : known ? KILN_DW_AT_call_target
                : KILN_DW_AT_call_target_clobbered;
      kn_dwarf_add_expr(f, name, p + 2, p[1]);
      p += 2 + p[1];
    }
    if (call->tail)
      kn_dwarf_add(f, old ? KILN_DW_AT_GNU_tail_call : KILN_DW_AT_call_tail_call,
                   KILN_DW_FORM_flag_present, 0);
    /* of tail calls too: without it, gdb takes no notice of them */
    kn_dwarf_add_address(f, old ? KILN_DW_AT_low_pc : KILN_DW_AT_call_return_pc, at->section - 1,
                         (int64_t)at->value + call->at - start);
    kn_dwarf_put_entry(f, old ? KILN_DW_TAG_GNU_call_site : KILN_DW_TAG_call_site, p < end);
    if (p == end) continue;
    put_parameters(f, d->func_node[func], p, end);
    kn_dwarf_put(d, KN_DS_INFO, NULL, 1);
  }
}
