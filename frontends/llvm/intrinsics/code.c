/* Processors' intrinsics that are rare, and whose instructions have their operands in certain registers, or an address
 * in one: their rows have the code. Each becomes a piece of machine code with operands and results in these registers
 * (kiln_build_asm), as inline assembly does. Called by intrinsic.c.
 * Sources: Intel SDM volume 2, AMD APM volume 3, Arm Architecture Reference Manual C6.2; what LLVM makes of each. */
#include "intrinsic.h"

/* The operands of these rows: a letter for each parameter, then, after '>', for each result: of x86-64 the letters
 * of GCC's constraints (a, b, c, d, S, D), and xmm0 to xmm9 as digits, two of them for 256 bits; of AArch64 x0 to x9
 * as digits. *, as the first result: a byte that the code writes to [rsi]. Immediates: i: the last byte of the code;
 * j, k, o, p: bits 10 to 13, 5 to 20, 0, or 2, of its first word; l: the low bits of an opcode before a last byte;
 * m: the 4 bytes after the fifth; n: the low bits of the byte before APART_01. */
enum { MOST = 10, CODE_BYTES = 40 };

static bool is_vector(const struct kn_bc_row *row, char letter) {
  return letter >= '0' && letter <= '9' && row->name[0] == 'x';
}

/* The register of a letter. */
static uint8_t number(const struct kn_bc_row *row, char letter) {
  static const char x86[] = "acdb..SD"; /* in the order of their numbers */
  const char *at = strchr(x86, letter);
  unsigned digit = (unsigned)letter - '0';
  return (uint8_t)(at ? (unsigned)(at - x86) : is_vector(row, letter) ? 32 + digit : digit);
}

/* True of integers and pointers that a register has. */
static bool is_general(const struct kn_bc_type *t) {
  return t->kind == TK_PTR || (t->kind == TK_INT && (t->fit == FIT_EXACT || t->fit == FIT_BOOL));
}

static bool is_immediate(char letter) { return letter >= 'i' && letter <= 'p'; }

/* Puts a constant into the code of `n` bytes. */
static bool put(struct kn_bc *r, uint32_t id, char letter, uint8_t *code, unsigned n) {
  static const struct {
    uint8_t bits, shift;
    int8_t at; /* the byte that `shift` counts from; negative: from the end */
  } fields[] = {{8, 0, -1}, {4, 10, 0},  {16, 5, 0}, {4, 0, -2},
                {32, 0, 5}, {4, 0, -10}, {1, 0, 0},  {1, 2, 0}}; /* from 'i' */
  unsigned bits = fields[letter - 'i'].bits, shift = fields[letter - 'i'].shift;
  int at = fields[letter - 'i'].at;
  int64_t v;
  if (!kn_bc_is_int(r, id, &v))
    return kn_bc_malformed(r, "an intrinsic's argument that is not constant");
  if (letter == 'i') v &= UINT8_MAX;  /* an i8 */
  if (letter == 'm') v &= UINT32_MAX; /* an i32, or an i64 that is one */
  if (v < 0 || v >> bits)
    return kn_bc_unsupported(r, "an immediate that is out of the instruction's range");
  uint8_t *field = code + (at < 0 ? (int)n + at : at);
  for (unsigned k = 0; 8 * k < shift + bits; k++)
    field[k] |= (uint8_t)((uint64_t)v << shift >> 8 * k);
  return true;
}

/* A piece of code that is being built of a row and a call. */
struct piece {
  struct kn_bc *r;
  const struct kn_bc_row *row;
  uint32_t n_in, n_out;
  uint8_t in[MOST], out[MOST];
  kiln_param params[MOST];
  kiln_type results[MOST];
  kiln_value args[MOST];
  kiln_value byte; /* the slot of a first result, or none */
};

static bool add_operand(struct piece *p, char letter, kiln_type type, kiln_value v) {
  if (p->n_in == MOST) return false;
  p->in[p->n_in] = number(p->row, letter);
  p->params[p->n_in].type = (uint8_t)type;
  p->args[p->n_in++] = v;
  return true;
}
static bool add_result(struct piece *p, char letter, kiln_type type) {
  if (p->n_out == MOST) return false;
  p->out[p->n_out] = number(p->row, letter);
  p->results[p->n_out++] = type;
  return true;
}

/* Value `id` as operands in the registers from *regs on. False if it is not of their kind. */
static bool operand(struct piece *p, uint32_t id, uint32_t type, const char **regs) {
  const struct kn_bc_type *t = &p->r->types.at[type];
  struct kn_bc_vec x;
  if (!is_vector(p->row, **regs))
    return is_general(t) && add_operand(p, *(*regs)++, t->ktype, kn_bc_use(p->r, id, type));
  if (t->kind != TK_VECTOR || !kn_bc_vec_get(p->r, id, type, &x)) return false;
  if (x.chunk != KILN_TYPE_V128 || x.mask) return false;
  for (uint32_t k = 0; k < x.parts; k++)
    if (!is_vector(p->row, **regs) || !add_operand(p, *(*regs)++, x.chunk, x.v[k])) return false;
  return true;
}

/* The same of a result of `type`; *x: its shape, of a vector. */
static bool result(struct piece *p, uint32_t type, const char **regs, struct kn_bc_vec *x) {
  const struct kn_bc_type *t = &p->r->types.at[type];
  x->parts = 0;
  if (!is_vector(p->row, **regs))
    return **regs && is_general(t) && add_result(p, *(*regs)++, t->ktype);
  if (t->kind != TK_VECTOR || !kn_bc_vec_shape(p->r, type, x)) return false;
  if (x->chunk != KILN_TYPE_V128 || x->mask) return false;
  for (uint32_t k = 0; k < x->parts; k++)
    if (!is_vector(p->row, **regs) || !add_result(p, *(*regs)++, x->chunk)) return false;
  return true;
}

/* Defines the call's result, of `ret`: *x if it is a vector. */
static void define(struct piece *p, uint32_t ret, kiln_value v, struct kn_bc_vec *x) {
  struct kn_bc *r = p->r;
  if (r->types.at[ret].kind == TK_VECTOR) {
    for (uint32_t k = 0; k < x->parts; k++) x->v[k] = k ? kiln_build_result(r->f, v, k) : v;
    kn_bc_vec_def(r, x);
    return;
  }
  if (r->types.at[ret].kind != TK_STRUCT) {
    kn_bc_def(r, ret, v);
    return;
  }
  kiln_value parts[MOST + 1];
  const uint32_t byte = p->byte.id != 0;
  if (!kn_bc_split(r, ret)) return;
  if (r->types.at[ret].n_pieces != p->n_out + byte)
    return (void)kn_bc_unsupported(r, "an intrinsic with these types");
  for (unsigned k = 0; k < p->n_out; k++) parts[byte + k] = k ? kiln_build_result(r->f, v, k) : v;
  if (byte) parts[0] = kiln_build_load(r->f, KILN_TYPE_I8, p->byte, 0, 0);
  kn_bc_define(r, ret, parts);
}

/* Builds the code of a row. False if the call's types are not the row's, or if an error is reported. */
static bool build(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_row *row = c->row;
  struct piece p = {.r = r, .row = row};
  struct kn_bc_vec x;
  uint8_t code[CODE_BYTES];
  const char *regs = row->operands;
  memcpy(code, row->text, row->size);
  for (unsigned k = 0; k < c->n; k++) {
    uint32_t id = arg_id(c, k);
    if (is_immediate(*regs)) {
      if (!put(r, id, *regs++, code, row->size)) return false;
    } else if (*regs == '>' || !operand(&p, id, arg_type(c, k), &regs)) {
      return false;
    }
  }
  if (*regs++ != '>') return false;
  const struct kn_bc_type *t = &r->types.at[c->ret];
  if (t->kind == TK_STRUCT) {
    uint32_t first = *regs == '*';
    if (first) {
      const struct kn_bc_type *byte = t->n ? &r->types.at[r->m->elems.at[t->first].type] : NULL;
      if (!byte || byte->kind != TK_INT || byte->ktype != KILN_TYPE_I8) return false;
      p.byte = kiln_slot_new(r->f, 1, 0);
      if (!add_operand(&p, 'S', KILN_TYPE_I64, p.byte)) return false;
      regs++;
    }
    for (uint32_t k = first; k < t->n; k++)
      if (!result(&p, r->m->elems.at[t->first + k].type, &regs, &x)) return false;
  } else if (t->kind != TK_VOID && !result(&p, c->ret, &regs, &x)) {
    return false;
  }
  if (*regs) return false;
  kiln_sig sig = kiln_sig_new(r->module, KILN_CC_C, 0, p.params, p.n_in, p.results, p.n_out);
  const kiln_asm text = {.bytes = code, .size_bytes = row->size, .params = p.in, .results = p.out};
  kiln_value v = kiln_build_asm(r->f, sig, &text, p.args, p.n_in);
  if (r->status == KILN_OK && p.n_out != 0) define(&p, c->ret, v, &x);
  return true;
}

void kn_in_code(const struct call *c) {
  if (!build(c) && c->r->status == KILN_OK) bad(c);
}
