/* Traps. */
#include "body.h"

/* A block of its own, so that backtraces have the line. */
static kiln_block trap_site(struct kn_wasm_body *c, kiln_wasm_trap trap) {
  kiln_block b = kiln_block_new(c->f);
  KN_WASM_ROOM(c, trap_sites, c->n_trap_sites + UINT64_C(1));
  c->trap_sites[c->n_trap_sites++] = (struct kn_wasm_trap_site){b, trap, c->loc};
  return b;
}

/* The block that traps. */
static kiln_block trap_block(struct kn_wasm_body *c, kiln_wasm_trap trap) {
  if (KN_UNLIKELY(c->next_line != NULL) && c->f != NULL) return trap_site(c, trap);
  if (c->f != NULL && c->traps[trap].id == UINT32_MAX) c->traps[trap] = kiln_block_new(c->f);
  return c->traps[trap];
}

/* Without a branch: reads from an address that faults and says which trap it is, or else from the instance. A branch
 * would end the block, and with it the registers of all that is computed and not used yet. */
static void read_trap(struct kn_wasm_body *c, kiln_value condition, kiln_wasm_trap trap) {
  enum { AT = -8 }; /* the header's last field */
  kiln_value address = kiln_build_select(c->f, KILN_TYPE_I64, condition,
                                         kn_wasm_int(c, (int64_t)trap * KILN_WASM_TRAP_STEP - AT),
                                         kn_wasm_instance(c));
  kiln_build_load_ext(c->f, KILN_TYPE_I32, KILN_TYPE_I8, address, AT, KILN_MEM_VOLATILE);
}

void kn_wasm_trap_if(struct kn_wasm_body *c, kiln_value condition, kiln_wasm_trap trap) {
  if (c->f == NULL) return;
  if (!(c->w->options.flags & KILN_WASM_CHECKED)) {
    read_trap(c, condition, trap);
    return;
  }
  kiln_block next = kiln_block_new(c->f);
  kiln_build_brif(c->f, condition, trap_block(c, trap), NULL, 0, next, NULL, 0);
  kn_wasm_enter(c, next);
}

static void build_trap(struct kn_wasm_body *c, kiln_block block, uint32_t trap) {
  kn_wasm_enter(c, block);
  kiln_value code = kn_wasm_int(c, trap);
  kn_wasm_call_helper(c, KN_WASM_HELPER_TRAP, &code, 1);
  kiln_build_nullary(c->f, KILN_OP_UNREACHABLE);
}

void kn_wasm_build_traps(struct kn_wasm_body *c) {
  for (unsigned i = 0; i < KILN_WASM_TRAP_COUNT; i++)
    if (c->traps[i].id != UINT32_MAX) build_trap(c, c->traps[i], i);
  for (uint32_t i = 0; i < c->n_trap_sites; i++) {
    kiln_func_set_loc(c->f, c->trap_sites[i].loc);
    build_trap(c, c->trap_sites[i].block, c->trap_sites[i].trap);
  }
}

void kn_wasm_do_unreachable(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kn_wasm_discard(c);
  kiln_build_br(c->f, trap_block(c, KILN_WASM_TRAP_UNREACHABLE), NULL, 0);
  kn_wasm_dead(c);
}

/* ---- fuel and interruption ---- */

/* Offset of a field of the header from the instance's address. */
#define HEADER(field)                                                                              \
  ((int32_t)offsetof(kiln_wasm_header, field) - (int32_t)sizeof(kiln_wasm_header))

static void count_fuel(struct kn_wasm_body *c) {
  kiln_func *f = c->f;
  kiln_value instance = kn_wasm_instance(c),
             fuel = kiln_build_load(f, KILN_TYPE_I64, instance, HEADER(fuel), 0);
  fuel = kiln_build_binary(f, KILN_OP_SUB, KILN_TYPE_I64, fuel, kn_wasm_int(c, 1));
  kiln_build_store(f, KILN_TYPE_I64, instance, HEADER(fuel), fuel, 0);
  kiln_block empty = kiln_block_new_many(f, 2), next = {empty.id + 1};
  kiln_value less = kiln_build_icmp(f, KILN_ICOND_SLT, KILN_TYPE_I64, fuel, kn_wasm_int(c, 0));
  kiln_build_brif(f, less, empty, NULL, 0, next, NULL, 0);
  kn_wasm_enter(c, empty);
  kn_wasm_call_helper(c, KN_WASM_HELPER_OUT_OF_FUEL, NULL, 0);
  kiln_build_br(f, next, NULL, 0);
  kn_wasm_enter(c, next);
}

void kn_wasm_count(struct kn_wasm_body *c) {
  uint32_t flags = c->w->options.flags;
  if (KN_LIKELY(!(flags & (KILN_WASM_FUEL | KILN_WASM_INTERRUPT))) || c->f == NULL) return;
  if (flags & KILN_WASM_FUEL) count_fuel(c);
  if (flags & KILN_WASM_INTERRUPT) {
    kiln_value at = kiln_build_load(c->f, KILN_TYPE_I64, kn_wasm_instance(c), HEADER(interrupt), 0);
    kiln_build_load_ext(c->f, KILN_TYPE_I32, KILN_TYPE_I8, at, 0, KILN_MEM_VOLATILE);
  }
}
