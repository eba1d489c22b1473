/* Constant expressions, and the section of names. */
#include "module.h"

/* ---- constant expressions ---- */

enum { MAX_STACK = 64 }; /* deeper ones are refused */

/* An expression while it is read. */
struct expr {
  kiln_wasm_const_op *ops;
  uint32_t n_ops, cap, n, max;
  uint8_t stack[MAX_STACK];
};

static void push(struct kn_wasm_in *in, struct expr *e, uint8_t type) {
  if (e->n == MAX_STACK)
    kn_wasm_fail(in, KILN_ERR_LIMIT, in->p, "a constant expression has more than %u operands",
                 MAX_STACK);
  e->stack[e->n++] = type;
  if (e->n > e->max) e->max = e->n;
}

static void add(kiln_wasm *w, struct expr *e, kiln_wasm_const_op op) {
  if (e->n_ops == e->cap) {
    uint32_t cap = e->cap == 0 ? 1 : 2 * e->cap;
    kiln_wasm_const_op *ops = kn_wasm_alloc(w, cap * sizeof *ops);
    if (e->n_ops != 0) memcpy(ops, e->ops, e->n_ops * sizeof *ops);
    e->ops = ops;
    e->cap = cap;
  }
  e->ops[e->n_ops++] = op;
}

/* A sum, difference or product. */
static void binary(kiln_wasm *w, struct kn_wasm_in *in, struct expr *e, const uint8_t *at,
                   uint32_t kind, uint8_t type) {
  if (w->options.refuse & KILN_WASM_EXTENDED_CONST)
    KN_WASM_INVALID(in, at, "constant expression required");
  if (e->n < 2 || e->stack[e->n - 1] != type || e->stack[e->n - 2] != type)
    KN_WASM_INVALID(in, at, "type mismatch in a constant expression");
  e->n--;
  add(w, e, (kiln_wasm_const_op){.kind = kind});
}

static void get_global(kiln_wasm *w, struct kn_wasm_in *in, struct expr *e, const uint8_t *at) {
  uint32_t index = kn_wasm_u32(in);
  bool own = !(w->options.refuse & KILN_WASM_EXTENDED_CONST); /* of those read so far */
  if (index >= w->n_globals || !(own || w->globals[index].imported))
    KN_WASM_INVALID(in, at, "unknown global %u", index);
  if (w->globals[index].is_mutable)
    KN_WASM_INVALID(in, at, "constant expression required: global %u is mutable", index);
  push(in, e, w->globals[index].type);
  add(w, e, (kiln_wasm_const_op){.kind = KILN_WASM_CONST_GLOBAL, .index = index});
}

static void make_ref(kiln_wasm *w, struct kn_wasm_in *in, struct expr *e, const uint8_t *at) {
  uint32_t index = kn_wasm_u32(in);
  if (index >= w->n_funcs) KN_WASM_INVALID(in, at, "unknown function %u", index);
  w->funcs[index].referred = true;
  push(in, e, KILN_WASM_TYPE_FUNCREF);
  add(w, e, (kiln_wasm_const_op){.kind = KILN_WASM_CONST_FUNC, .index = index});
}

/* A constant of `type`, whose value follows. */
static void value(kiln_wasm *w, struct kn_wasm_in *in, struct expr *e, uint8_t type) {
  kiln_wasm_const_op op = {.kind = KILN_WASM_CONST_VALUE};
  switch (type) {
  case KILN_WASM_TYPE_I32: op.value.i64 = (uint32_t)kn_wasm_sleb(in, 32); break;
  case KILN_WASM_TYPE_I64: op.value.i64 = (uint64_t)kn_wasm_sleb(in, 64); break;
  case KILN_WASM_TYPE_F32: memcpy(&op.value, kn_wasm_bytes(in, 4), 4); break;
  case KILN_WASM_TYPE_F64: memcpy(&op.value, kn_wasm_bytes(in, 8), 8); break;
  case KILN_WASM_TYPE_V128: memcpy(&op.value, kn_wasm_bytes(in, 16), 16); break;
  default: break; /* null */
  }
  push(in, e, type);
  add(w, e, op);
}

kiln_wasm_const kn_wasm_read_const(kiln_wasm *w, struct kn_wasm_in *in, uint8_t type) {
  struct expr e = {0};
  for (;;) {
    const uint8_t *at = in->p;
    uint8_t op = kn_wasm_byte(in);
    if (op == 0x0b) break;
    switch (op) {
    case 0x41: value(w, in, &e, KILN_WASM_TYPE_I32); break;
    case 0x42: value(w, in, &e, KILN_WASM_TYPE_I64); break;
    case 0x43: value(w, in, &e, KILN_WASM_TYPE_F32); break;
    case 0x44: value(w, in, &e, KILN_WASM_TYPE_F64); break;
    case 0xd0: value(w, in, &e, kn_wasm_heap_type(w, in)); break;
    case 0xd2: make_ref(w, in, &e, at); break;
    case 0x23: get_global(w, in, &e, at); break;
    case 0x6a: binary(w, in, &e, at, KILN_WASM_CONST_I32_ADD, KILN_WASM_TYPE_I32); break;
    case 0x6b: binary(w, in, &e, at, KILN_WASM_CONST_I32_SUB, KILN_WASM_TYPE_I32); break;
    case 0x6c: binary(w, in, &e, at, KILN_WASM_CONST_I32_MUL, KILN_WASM_TYPE_I32); break;
    case 0x7c: binary(w, in, &e, at, KILN_WASM_CONST_I64_ADD, KILN_WASM_TYPE_I64); break;
    case 0x7d: binary(w, in, &e, at, KILN_WASM_CONST_I64_SUB, KILN_WASM_TYPE_I64); break;
    case 0x7e: binary(w, in, &e, at, KILN_WASM_CONST_I64_MUL, KILN_WASM_TYPE_I64); break;
    case 0xfd:
      if (kn_wasm_u32(in) == 12) {
        value(w, in, &e, KILN_WASM_TYPE_V128);
        break;
      }
      KN_WASM_INVALID(in, at, "constant expression required");
    default: KN_WASM_INVALID(in, at, "constant expression required");
    }
  }
  if (e.n != 1 || e.stack[0] != type)
    KN_WASM_INVALID(in, in->p - 1, "type mismatch: a constant expression of type %s is expected",
                    kn_wasm_type_name(type));
  return (kiln_wasm_const){.ops = e.ops, .n_ops = e.n_ops, .max_stack = e.max};
}

/* ---- names ---- */

/* Reads a name of the section of names. */
static kiln_wasm_name name_of(struct kn_wasm_in *in) {
  uint32_t n = kn_wasm_u32(in);
  const uint8_t *text = kn_wasm_bytes(in, n);
  return (kiln_wasm_name){(const char *)text, kn_wasm_is_utf8(text, n) ? n : 0};
}

enum { MODULE_NAME, FUNCTION_NAMES };

void kn_wasm_read_names(kiln_wasm *w, const kiln_wasm_custom *section) {
  jmp_buf leave;
  struct kn_wasm_in in = {.p = section->bytes,
                          .end = section->bytes + section->size_bytes,
                          .start = w->bytes,
                          .leave = &leave};
  if (setjmp(leave) != 0) return;
  const uint8_t *end = in.end;
  while (in.p < end) {
    uint8_t id = kn_wasm_byte(&in);
    uint32_t size = kn_wasm_u32(&in);
    if (size > (uint64_t)(end - in.p)) return;
    const uint8_t *next = in.p + size;
    in.end = next;
    if (id == MODULE_NAME) w->name = name_of(&in);
    uint32_t n = id == FUNCTION_NAMES ? kn_wasm_u32(&in) : 0;
    while (n-- != 0) {
      uint32_t index = kn_wasm_u32(&in);
      kiln_wasm_name name = name_of(&in);
      if (index < w->n_funcs) w->funcs[index].name = name;
    }
    in.p = next;
    in.end = end;
  }
}
