/* The tables of operations, of opcodes.def. */
#include "body.h"

#define ROW(code, text, handler, i, r, o, t, f, n)                                                 \
  [code] = {.build = kn_wasm_do_##handler,                                                         \
            .in = KILN_WASM_TYPE_##i,                                                              \
            .out = KILN_WASM_TYPE_##r,                                                             \
            .op = o,                                                                               \
            .type = t,                                                                             \
            .from = f,                                                                             \
            .x = n,                                                                                \
            .name = text},
#define NO_ROW(...)
#define OP(table, ...) OP_##table(__VA_ARGS__)

#define OP_MAIN ROW
#define OP_MISC NO_ROW
#define OP_VECTOR NO_ROW
#define OP_ATOMIC NO_ROW
const struct kn_wasm_op kn_wasm_main[256] = {
#include "opcodes.def"
};
#undef OP_MAIN
#undef OP_MISC
#define OP_MAIN NO_ROW
#define OP_MISC ROW
static const struct kn_wasm_op misc[] = {
#include "opcodes.def"
};
#undef OP_MISC
#undef OP_VECTOR
#define OP_MISC NO_ROW
#define OP_VECTOR ROW
static const struct kn_wasm_op vector[] = {
#include "opcodes.def"
  {0}};
#undef OP_VECTOR
#undef OP_ATOMIC
#define OP_VECTOR NO_ROW
#define OP_ATOMIC ROW
static const struct kn_wasm_op atomic[] = {
#include "opcodes.def"
  {0}};

/* Operations after a prefix: `x` says which table. */
void kn_wasm_do_prefix(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  static const struct {
    const struct kn_wasm_op *rows;
    uint32_t n;
  } tables[] = {{misc, sizeof misc / sizeof *misc},
                {vector, sizeof vector / sizeof *vector},
                {atomic, sizeof atomic / sizeof *atomic}};
  uint32_t code = kn_wasm_u32(&c->in);
  const struct kn_wasm_op *row = code < tables[o->x].n ? &tables[o->x].rows[code] : NULL;
  if (row == NULL || row->build == NULL)
    KN_WASM_BAD(&c->in, c->op_at, "illegal opcode %s 0x%x", o->name, code);
  c->op = row;
  if (o->x == 1 && code >= 0x100) kn_wasm_need(c->w, &c->in, c->op_at, KILN_WASM_RELAXED_SIMD);
  if (o->x == 2) kn_wasm_need(c->w, &c->in, c->op_at, KILN_WASM_THREADS);
  row->build(c, row);
}
