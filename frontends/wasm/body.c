/* A body: its memory, its operand stack, its local variables; from the first byte to the last.
 *
 * Local variables are slots of the builder, made when they are first named. The entry block stays open until the body
 * is complete, since only then is it known which variables may be read before they were assigned: those get their
 * first value there, parameters too. */
#include "body.h"

#include <kiln/attrs.h>
#include <stdio.h>

/* ---- memory ---- */

void kn_wasm_room(struct kn_wasm_body *c, void *at, uint32_t *cap, uint64_t n, size_t item_bytes) {
  if (n <= *cap) return;
  uint64_t more = n + n / 2 + 16;
  void *array;
  memcpy(&array, at, sizeof array); /* `at` is a pointer to a pointer of any type */
  if (more >= UINT32_MAX)
    kn_wasm_fail(&c->in, KILN_ERR_LIMIT, c->op_at, "the function is too large");
  array = kn_wasm_resize(&c->w->allocator, array, more * item_bytes);
  if (array == NULL) kn_wasm_fail(&c->in, KILN_ERR_MEMORY, c->op_at, "out of memory");
  memcpy(at, &array, sizeof array);
  *cap = (uint32_t)more;
}

enum { MAX_STACK = 1 << 24 };

void kn_wasm_stack_room(struct kn_wasm_body *c, uint32_t n) {
  uint64_t need = (uint64_t)(c->sp - c->stack) + (uint64_t)(c->in.end - c->in.p) + n + 4;
  if (KN_LIKELY(need <= (uint64_t)(c->stack_end - c->stack))) return;
  if (need > MAX_STACK) kn_wasm_fail(&c->in, KILN_ERR_LIMIT, c->op_at, "too many operands");
  uint32_t sp = (uint32_t)(c->sp - c->stack), floor = (uint32_t)(c->floor - c->stack),
           cap = (uint32_t)(c->stack_end - c->stack);
  kn_wasm_room(c, &c->stack, &cap, need, sizeof *c->stack);
  c->stack_end = c->stack + cap;
  c->sp = c->stack + sp;
  c->floor = c->stack + floor;
}

struct kn_wasm_body *kn_wasm_body_new(const kiln_wasm *w, kiln_session *s) {
  struct kn_wasm_body *c = kn_wasm_resize(&w->allocator, NULL, sizeof *c);
  if (c != NULL) *c = (struct kn_wasm_body){.w = w, .session = s};
  return c;
}

void kn_wasm_body_free(struct kn_wasm_body *c) {
  const kiln_allocator *a = &c->w->allocator;
  void *arrays[] = {c->stack,   c->controls, c->locals, c->trail,         c->args,
                    c->catches, c->saved,    c->cases,  c->session_files, c->trap_sites};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) kn_wasm_resize(a, arrays[i], 0);
  kn_wasm_resize(a, c, 0);
}

/* ---- operands ---- */

void kn_wasm_mismatch(struct kn_wasm_body *c, unsigned expected, unsigned found) {
  KN_WASM_INVALID(&c->in, c->op_at, "type mismatch: %s expects %s, not %s",
                  c->op != NULL ? c->op->name : "the function", kn_wasm_type_name(expected),
                  found == KILN_WASM_TYPE_COUNT ? "nothing" : kn_wasm_type_name(found));
}

/* Makes a condition a number. */
static void make_number(struct kn_wasm_body *c, struct kn_wasm_operand *e) {
  kiln_value v = {e->id};
  if (e->tag & KN_WASM_NEGATED)
    v = kiln_build_icmp(c->f, KILN_ICOND_EQ, KILN_TYPE_I8, v, kn_wasm_int(c, 0));
  e->id = kiln_build_convert(c->f, KILN_OP_ZEXT, KILN_TYPE_I32, KILN_TYPE_I8, v).id;
  e->tag = KILN_WASM_TYPE_I32;
}

struct kn_wasm_operand *kn_wasm_pop_other(struct kn_wasm_body *c, unsigned type) {
  if (c->sp <= c->floor) {
    if (!c->control->any) kn_wasm_mismatch(c, type, KILN_WASM_TYPE_COUNT);
    c->none = (struct kn_wasm_operand){.tag = type};
    return &c->none;
  }
  struct kn_wasm_operand *e = --c->sp;
  unsigned found = e->tag & KN_WASM_TYPE_MASK;
  if (found == KILN_WASM_TYPE_NONE || type == KILN_WASM_TYPE_NONE) return e;
  if (found != type) kn_wasm_mismatch(c, type, found);
  if (e->tag & KN_WASM_BOOL) make_number(c, e);
  return e;
}

void kn_wasm_keep(struct kn_wasm_body *c, const struct kn_wasm_operand *e) {
  unsigned type = e->tag & KN_WASM_TYPE_MASK;
  if (c->f == NULL || e->tag & (KN_WASM_CONST | KN_WASM_LOCAL) || e->id == 0) return;
  kiln_type t = e->tag & KN_WASM_BOOL ? KILN_TYPE_I8 : kn_wasm_builder_type(type);
  kiln_value *slot = e->tag & KN_WASM_BOOL ? &c->unread[0] : &c->unread[type];
  if (slot->id == 0)
    *slot = kiln_slot_new(c->f, kiln_type_size(t), (unsigned)__builtin_ctz(kiln_type_size(t)));
  kiln_build_store(c->f, t, *slot, 0, kn_wasm_value(e), 0);
}

void kn_wasm_discard(struct kn_wasm_body *c) {
  if (c->f == NULL) return;
  for (struct kn_wasm_operand *e = c->sp; e > c->stack && !(e[-1].tag & KN_WASM_KEPT); e--) {
    kn_wasm_keep(c, e - 1);
    e[-1].tag |= KN_WASM_KEPT;
  }
}

void kn_wasm_dead(struct kn_wasm_body *c) {
  c->f = NULL;
  c->control->any = true;
  c->sp = c->floor;
}

void kn_wasm_enter(struct kn_wasm_body *c, kiln_block b) {
  kiln_block_switch(c->f, b);
  c->instance.id = c->base.id = 0;
}

kiln_value kn_wasm_load_instance(struct kn_wasm_body *c) {
  if (c->f == NULL) return (kiln_value){0};
  c->instance = kiln_build_load(c->f, KILN_TYPE_I64, c->instance_slot, 0, 0);
  return c->instance;
}

kiln_value kn_wasm_load_base(struct kn_wasm_body *c) {
  if (c->f == NULL) return (kiln_value){0};
  if (c->base_slot.id == 0) c->base_slot = kiln_slot_new(c->f, 8, 3);
  c->base = kiln_build_load(c->f, KILN_TYPE_I64, c->base_slot, 0, 0);
  return c->base;
}

/* ---- local variables ---- */

static inline struct kn_wasm_local *local(struct kn_wasm_body *c) {
  uint32_t i = kn_wasm_u32(&c->in);
  if (KN_UNLIKELY(i >= c->n_locals)) KN_WASM_INVALID(&c->in, c->op_at, "unknown local %u", i);
  return &c->locals[i];
}

/* Gives the variable a slot. */
static __attribute__((noinline)) void make_slot(struct kn_wasm_body *c, struct kn_wasm_local *l) {
  unsigned size = kiln_type_size(kn_wasm_builder_type(l->type));
  l->slot = kiln_slot_new(c->f, size, (unsigned)__builtin_ctz(size));
}

void kn_wasm_do_local_get(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_local *l = local(c);
  kiln_value v = {0};
  if (KN_LIKELY(c->f != NULL)) {
    if (KN_UNLIKELY(l->slot.id == 0)) make_slot(c, l);
    if (!(l->state & KN_WASM_ASSIGNED)) l->state = KN_WASM_ASSIGNED | KN_WASM_FROM_START;
    v = kiln_build_load(c->f, kn_wasm_builder_type(l->type), l->slot, 0, 0);
  }
  kn_wasm_push_tag(c, l->type | KN_WASM_LOCAL, v);
}

/* Assigns the operand to the variable. */
static inline void assign(struct kn_wasm_body *c, struct kn_wasm_local *l, kiln_value v) {
  if (KN_UNLIKELY(c->f == NULL)) return;
  if (KN_UNLIKELY(l->slot.id == 0)) make_slot(c, l);
  if (KN_UNLIKELY(!(l->state & KN_WASM_ASSIGNED))) {
    l->state |= KN_WASM_ASSIGNED;
    KN_WASM_ROOM(c, trail, c->n_trail + UINT64_C(1));
    c->trail[c->n_trail++] = (uint32_t)(l - c->locals);
  }
  kiln_build_store(c->f, kn_wasm_builder_type(l->type), l->slot, 0, v, 0);
}

void kn_wasm_do_local_set(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_local *l = local(c);
  assign(c, l, kn_wasm_value(kn_wasm_pop(c, l->type)));
}

void kn_wasm_do_local_tee(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_local *l = local(c);
  struct kn_wasm_operand e = *kn_wasm_pop(c, l->type);
  assign(c, l, kn_wasm_value(&e));
  if (e.tag == KILN_WASM_TYPE_NONE) e.tag = l->type;
  *c->sp++ = e;
}

void kn_wasm_forget(struct kn_wasm_body *c, uint32_t length) {
  while (c->n_trail > length) {
    struct kn_wasm_local *l = &c->locals[c->trail[--c->n_trail]];
    if (!(l->state & KN_WASM_FROM_START)) l->state = 0;
  }
}

/* Reads the declarations of local variables after the parameters. */
static void read_locals(struct kn_wasm_body *c) {
  struct kn_wasm_in *in = &c->in;
  const struct kn_wasm_type *t = c->type;
  uint64_t n = t->n_params;
  KN_WASM_ROOM(c, locals, n + 1);
  for (uint32_t i = 0; i < t->n_params; i++)
    c->locals[i] = (struct kn_wasm_local){.type = t->types[i]};
  uint32_t groups = kn_wasm_u32(in);
  while (groups-- != 0) {
    const uint8_t *at = in->p;
    uint32_t more = kn_wasm_u32(in);
    if (n + more > KN_WASM_MAX_LOCALS || n + more > c->may_pass)
      kn_wasm_fail(in, KILN_ERR_LIMIT, at, "too many locals");
    KN_WASM_ROOM(c, locals, n + more);
    uint8_t type = kn_wasm_value_type(c->w, in);
    for (; more != 0; more--) c->locals[n++] = (struct kn_wasm_local){.type = type};
  }
  c->n_locals = (uint32_t)n;
}

/* ---- the entry ---- */

/* Stores the parameters that were read to their variables. */
static void store_params(struct kn_wasm_body *c) {
  const struct kn_wasm_type *t = c->type;
  uint32_t at = 1 + (t->n_results > 1), places[KN_WASM_MAX_PARAMS];
  kiln_value more = {0};
  kn_wasm_place_params(t, places);
  if (t->n_more != 0) more = kiln_func_param(c->f, at++);
  for (uint32_t i = 0; i < t->n_params; i++) {
    const struct kn_wasm_local *l = &c->locals[i];
    kiln_type type = kn_wasm_builder_type(l->type);
    bool needed = (l->state & KN_WASM_FROM_START) != 0;
    kiln_value v = {0};
    if (places[i] == 0) v = kiln_func_param(c->f, at++);
    else if (needed)
      v = kiln_build_load(c->f, type, more,
                          (int32_t)(places[i] - 1) * (int32_t)sizeof(kiln_wasm_value), 0);
    if (needed) kiln_build_store(c->f, type, l->slot, 0, v, 0);
  }
}

/* Builds what the entry sets: the instance first. */
static void build_entry(struct kn_wasm_body *c) {
  kiln_func *f = c->f = c->func;
  const struct kn_wasm_type *t = c->type;
  kiln_block_switch(f, c->entry);
  kiln_build_store(f, KILN_TYPE_I64, c->instance_slot, 0, kiln_func_param(f, 0), 0);
  if (t->n_results > 1)
    kiln_build_store(f, KILN_TYPE_I64, c->results_slot, 0, kiln_func_param(f, 1), 0);
  if (c->base_slot.id != 0)
    kiln_build_store(
      f, KILN_TYPE_I64, c->base_slot, 0,
      kiln_build_load(f, KILN_TYPE_I64, kiln_func_param(f, 0), c->w->memories[0].base_slot, 0), 0);
  store_params(c);
  for (uint32_t i = t->n_params; i < c->n_locals; i++) {
    const struct kn_wasm_local *l = &c->locals[i];
    if (!(l->state & KN_WASM_FROM_START)) continue;
    kiln_type type = kn_wasm_builder_type(l->type);
    kiln_build_store(f, type, l->slot, 0, kiln_const_bits(f, type, 0, 0), 0);
  }
  kiln_build_br(f, c->body, NULL, 0);
}

/* The body is complete: what the entry sets. */
static void finish(struct kn_wasm_body *c) {
  c->f = c->func;
  kn_wasm_build_traps(c);
  if (KN_UNLIKELY(c->next_line != NULL)) kiln_func_set_loc(c->f, c->begin_loc);
  build_entry(c);
}

/* ---- the body ---- */

static void begin(struct kn_wasm_body *c, uint32_t index) {
  const struct kn_wasm_func *func = &c->w->funcs[index];
  c->index = index;
  c->type = &c->w->types[func->type];
  c->f = c->func;
  c->in = (struct kn_wasm_in){.p = func->body,
                              .end = func->body + func->body_bytes,
                              .start = c->w->bytes,
                              .leave = c->in.leave};
  c->op_at = func->body;
  c->op = NULL;
  c->passed = 0;
  c->may_pass = KN_WASM_PASSED + KN_WASM_PASSED_PER_BYTE * (uint64_t)func->body_bytes;
  c->instance_slot = kiln_slot_new(c->f, 8, 3);
  c->results_slot.id = c->base_slot.id = c->values_slot.id = 0;
  if (c->type->n_results > 1) c->results_slot = kiln_slot_new(c->f, 8, 3);
  c->values_room = c->n_trail = c->n_catches = c->n_saved = c->innermost_try = 0;
  memset(c->unread, 0, sizeof c->unread);
  memset(c->traps, 0xff, sizeof c->traps);
  c->sp = c->floor = c->stack;
  c->control = c->controls;
  kn_wasm_stack_room(c, 16);
  kn_wasm_begin_lines(c);
}

/* Reads an operation. */
static inline void step(struct kn_wasm_body *c, const uint8_t *at) {
  c->op_at = at;
  if (KN_UNLIKELY(at >= c->in.end)) kn_wasm_at_end(&c->in);
  c->in.p = at + 1;
  const struct kn_wasm_op *o = c->op = &kn_wasm_main[*at];
  if (KN_UNLIKELY(o->build == NULL)) KN_WASM_BAD(&c->in, at, "illegal opcode 0x%02x", *at);
  o->build(c, o);
}

static void read_operations(struct kn_wasm_body *c) {
  while (c->control >= c->controls) step(c, c->in.p);
}

/* The same with lines: apart, since most functions have none. */
static void read_lined_operations(struct kn_wasm_body *c) {
  while (c->control >= c->controls) {
    const uint8_t *at = c->in.p;
    if (at >= c->next_line && at < c->in.end) kn_wasm_set_line(c, at);
    step(c, at);
  }
}

static void read_body(struct kn_wasm_body *c) {
  kiln_func_set_attrs(c->f, &(kiln_func_attrs){.probe_bytes = KN_WASM_PROBE_BYTES});
  read_locals(c);
  c->entry = kiln_block_current(c->f);
  c->body = kiln_block_new(c->f);
  kn_wasm_enter(c, c->body);
  kn_wasm_begin_function(c);
  if (KN_UNLIKELY(c->next_line != NULL)) read_lined_operations(c);
  else read_operations(c);
  if (c->in.p != c->in.end)
    KN_WASM_BAD(&c->in, c->in.p,
                "operators remaining after the end of a function: END opcode expected");
}

/* The function gets the error that the reader left with. */
static __attribute__((cold)) void fail(struct kn_wasm_body *c) {
  kiln_diag d;
  char message[256];
  kn_wasm_diag(&c->in, &d);
  snprintf(message, sizeof message, "%.190s, function %u", d.message, c->index);
  kiln_func_fail(c->func, d.status, message);
}

kiln_func *kn_wasm_build_body(struct kn_wasm_body *c, uint32_t index) {
  jmp_buf leave;
  c->func = kiln_func_begin(c->session, c->w->funcs[index].symbol);
  if (c->func == NULL) return NULL;
  c->in.leave = &leave;
  if (setjmp(leave) == 0) {
    begin(c, index);
    read_body(c);
    finish(c);
  } else {
    fail(c);
  }
  return c->func;
}
