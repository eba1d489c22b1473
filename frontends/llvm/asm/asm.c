/* Calls of inline assembly: chooses a place for each operand, makes the text with these, and
 * builds the machine code that the text becomes. That is known for the few statements of
 * asm_table.c, and for texts that were met before; for all others the body is read to its end
 * without it, and again when the module's assembler has made the code of all that were met.
 * Called by call.c. */
#include "asm/asm.h"

#include <stdio.h>

/* ---- operands ---- */

bool kn_asm_wrong(struct kn_asm_call *a, const char *what) {
  return kn_bc_fail(a->r, KILN_ERR_UNSUPPORTED, "not implemented: inline assembly with %s", what);
}

/* True of vectors that are two registers of the IR. */
static bool is_ymm(struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  return t->kind == TK_VECTOR && t->ktype == KILN_TYPE_VOID && t->size == 32 && !t->is_mask &&
         t->lane && t->bits == 256 && !kn_bc_has_odd_lanes(r, t);
}

/* Gives each operand its type and value. `type`: of the function. */
static bool match(struct kn_asm_call *a, uint32_t type, const uint64_t *ops, unsigned n) {
  struct kn_bc *r = a->r;
  const struct kn_bc_type *ft = &r->types.at[type];
  uint32_t ret = r->m->elems.at[ft->first].type, outputs = 0, next_out = 0, next = 0;
  const struct kn_bc_type *rt = &r->types.at[ret];
  for (uint32_t i = 0; i < a->n; i++) outputs += a->op[i].output && !a->op[i].indirect;
  bool one = rt->kind != TK_STRUCT;
  if (outputs != (rt->kind == TK_VOID ? 0 : one ? 1 : rt->n))
    return kn_bc_malformed(r, "inline assembly whose number of outputs does not match its type");
  for (uint32_t i = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label) continue;
    if (o->output && !o->indirect) {
      o->type = one ? ret : r->m->elems.at[rt->first + next_out].type;
      next_out++;
    } else if (next >= n || next + 1 >= ft->n) {
      return kn_bc_malformed(r, "inline assembly with too few arguments");
    } else {
      o->type = r->m->elems.at[ft->first + 1 + next].type;
      o->id = r->vals.n - (uint32_t)ops[next++];
    }
    if (a->x86 && is_ymm(r, o->type)) {
      o->carried = 32;
      continue;
    }
    if (!kn_bc_scalar(r, o->type)) return false;
    o->pair = a->x86 && r->types.at[o->type].ktype == KILN_TYPE_I128;
    if (o->pair || r->types.at[o->type].ktype == KILN_TYPE_F128) o->carried = 16;
    if (r->types.at[o->type].kind == TK_INT && r->types.at[o->type].fit != FIT_EXACT &&
        r->types.at[o->type].fit != FIT_BOOL)
      return kn_asm_wrong(a, "an integer of that width");
  }
  return next == n || kn_bc_malformed(r, "inline assembly with too many arguments");
}

bool kn_asm_is_general(const struct kn_asm_call *a, const struct kn_asm_operand *o) {
  unsigned k = a->r->types.at[o->type].ktype;
  return (k >= KILN_TYPE_I8 && k <= KILN_TYPE_I64) || o->pair;
}

/* True if the operand's value may be an immediate of `l`; then it is in o->value. */
static bool immediate(struct kn_asm_call *a, struct kn_asm_operand *o,
                      const struct kn_asm_allows *l) {
  if (o->output || o->indirect || o->carried || (!l->number && !l->symbol)) return false;
  kiln_operand_info v = kiln_operand_get(a->r->f, kn_bc_use(a->r, o->id, o->type));
  o->value = v;
  if (v.kind == KILN_OPERAND_SYMBOL) return l->symbol;
  if (v.kind == KILN_OPERAND_BITS && v.type >= KILN_TYPE_I8 && v.type <= KILN_TYPE_I64)
    v.kind = KILN_OPERAND_INT;
  return v.kind == KILN_OPERAND_INT && l->number && (int64_t)v.low >= l->least &&
         (int64_t)v.low <= l->most;
}

/* True if an input is tied to the output `o`, so that this may be in a register though it belongs to memory. */
static bool goes_back(const struct kn_asm_call *a, const struct kn_asm_operand *o) {
  for (uint32_t i = 0; i < a->n; i++)
    if (!a->op[i].label && a->op[i].n_allows && a->op[i].allows[0].tie == o - a->op) return true;
  return false;
}

/* True if the operand can be as the alternative wants; decides where it is. */
static bool fits(struct kn_asm_call *a, struct kn_asm_operand *o, const struct kn_asm_allows *l) {
  o->is = l;
  bool reg = l->regs || l->any || l->tie >= 0;
  if (o->indirect) {
    o->place = AP_MEMORY;
    return l->memory || (reg && goes_back(a, o)); /* kn_asm_tie_memory */
  }
  if (l->flag) return o->place = AP_FLAG, o->output;
  if (immediate(a, o, l)) return o->place = AP_IMMEDIATE, true;
  if (reg) return o->place = AP_REG, true;
  if (l->x87) return o->place = AP_X87, true;
  if (l->memory && a->r->types.at[o->type].kind == TK_PTR && !o->output)
    return o->place = AP_MEMORY, true; /* `p`: an address */
  return false;
}

static bool choose_alternative(struct kn_asm_call *a) {
  uint32_t most = 1;
  for (uint32_t i = 0; i < a->n; i++)
    if (a->op[i].n_allows > most) most = a->op[i].n_allows;
  for (uint32_t k = 0; k < most; k++) {
    bool ok = true;
    for (uint32_t i = 0; i < a->n && ok; i++) {
      struct kn_asm_operand *o = &a->op[i];
      if (o->label) continue;
      ok = fits(a, o, &o->allows[o->n_allows == 1 ? 0 : k < o->n_allows ? k : o->n_allows - 1u]);
    }
    if (ok) return true;
    if (a->r->status != KILN_OK) return false;
  }
  return kn_asm_wrong(a, "an operand that does not match its constraint");
}

/* ---- the text ---- */

static void name(const struct kn_asm_call *a, unsigned reg, unsigned bytes, char out[8]) {
  kn_asm_register_name(a->x86, reg, bytes, out);
}

/* A move between two registers of one bank, in AT&T's syntax. */
static void put_move(struct kn_asm_call *a, unsigned to, unsigned from) {
  char t[8], f[8];
  unsigned bytes = to >= 32 ? 16 : 8;
  name(a, to, bytes, t), name(a, from, bytes, f);
  if (a->x86) kn_asm_putf(a, "%s %%%s, %%%s\n", to >= 32 ? "movaps" : "movq", f, t);
  else if (to < 32) kn_asm_putf(a, "mov %s, %s\n", t, f);
  else kn_asm_putf(a, "mov v%u.16b, v%u.16b\n", to - 32, from - 32);
}

/* Stores an output to its place in what `through` points to, or loads an input from there. */
static void put_access(struct kn_asm_call *a, const struct kn_asm_operand *o, bool load) {
  char r[8], t[8];
  unsigned bytes = o->pair ? 8 : o->carried ? o->carried : o->reg >= 32 ? 16 : 8;
  unsigned at = KN_ASM_PLACE * o->at;
  const char *move = bytes == 32 ? "vmovups" : bytes == 16 ? "movups" : "movq";
  name(a, o->through, 8, t);
  for (unsigned k = 0; k <= o->pair; k++, at += 8) {
    name(a, k ? o->high : o->reg, bytes, r);
    if (!a->x86) kn_asm_putf(a, "%s %s, [%s, #%u]\n", load ? "ldr" : "str", r, t, at);
    else if (load) kn_asm_putf(a, "%s %u(%%%s), %%%s\n", move, at, t, r);
    else kn_asm_putf(a, "%s %%%s, %u(%%%s)\n", move, r, at, t);
  }
}

/* Moves the value of an operand that belongs to the second byte of its register there from the lowest, or back. */
static void put_second(struct kn_asm_call *a, const struct kn_asm_operand *o, bool back) {
  char low[8], high[8];
  if (!kn_asm_is_second(a, o)) return;
  name(a, o->reg, 1, low);
  memcpy(high, low, sizeof high);
  high[1] = 'h';
  kn_asm_putf(a, "movb %%%s, %%%s\n", back ? high : low, back ? low : high);
}

static void put_flag(struct kn_asm_call *a, const struct kn_asm_operand *o) {
  char r[8];
  const char *c = o->is->condition;
  if (!a->x86) {
    name(a, o->reg, 8, r);
    kn_asm_putf(a, "cset %s, %s\n", r, c);
    return;
  }
  name(a, o->reg, 1, r);
  kn_asm_putf(a, "set%s %%%s\n", c, r);
}

/* The second part of a flag: bytes above it. */
static void put_flag_wide(struct kn_asm_call *a, const struct kn_asm_operand *o) {
  char r[8], w[8];
  if (!a->x86) return;
  name(a, o->reg, 1, r), name(a, o->reg, 4, w);
  kn_asm_putf(a, "movzbl %%%s, %%%s\n", r, w);
}

/* The suffix of loads and stores of the x87 stack. */
static char x87_suffix(const struct kn_asm_operand *o) {
  return o->ktype == KILN_TYPE_F80 ? 't' : o->ktype == KILN_TYPE_F64 ? 'l' : 's';
}

/* Where operands are on the x87 stack. False if that cannot be. */
static bool place_x87(struct kn_asm_call *a) {
  unsigned outs = 0, ins = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label) continue;
    if (o->place != AP_X87 &&
        !(o->place == AP_REG && o->is->tie >= 0 && a->op[o->is->tie].place == AP_X87))
      continue;
    if (o->place == AP_REG) {
      o->place = AP_X87;
      o->st = a->op[o->is->tie].st;
    } else {
      o->st = (uint8_t)(o->is->st >= 0 ? o->is->st
                        : o->output    ? (int)outs
                                       : (int)(ins > outs ? ins : outs));
    }
    if (o->output) outs++;
    else ins++;
  }
  return true;
}

static bool put_x87_before(struct kn_asm_call *a) {
  for (unsigned st = 8; st-- > 0;)
    for (uint32_t i = 0; i < a->n; i++) {
      struct kn_asm_operand *o = &a->op[i];
      if (o->label || o->place != AP_X87 || o->output || o->st != st) continue;
      char t[8];
      name(a, o->through, 8, t);
      kn_asm_putf(a, "fld%c (%%%s)\n", x87_suffix(o), t);
    }
  return true;
}

static void put_x87_behind(struct kn_asm_call *a) {
  unsigned left = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    const struct kn_asm_operand *o = &a->op[i];
    if (o->label || o->place != AP_X87 || o->output) continue;
    left += (a->st_clobbers >> o->st & 1) == 0 && o->is->tie < 0;
  }
  for (unsigned st = 0; st < 8; st++)
    for (uint32_t i = 0; i < a->n; i++) {
      const struct kn_asm_operand *o = &a->op[i];
      if (o->label || o->place != AP_X87 || !o->output || o->st != st) continue;
      char t[8];
      name(a, o->through, 8, t);
      kn_asm_putf(a, "fstp%c (%%%s)\n", x87_suffix(o), t);
    }
  for (; left; left--) kn_asm_putf(a, "fstp %%st(0)\n");
}

/* Makes the whole text: what puts operands where the template has them, the template, and what takes them away. */
static bool make_text(struct kn_asm_call *a) {
  const uint64_t frame = UINT64_C(1) << (a->x86 ? 5 : 29);
  a->out_n = 0;
  bool keeps = (a->clobbers & frame) != 0;
  for (uint32_t i = 0; i < a->n; i++)
    if ((a->op[i].place == AP_REG || a->op[i].place == AP_MEMORY) && frame >> a->op[i].reg & 1)
      keeps = true;
  if (a->sets_stack && (keeps || a->saved != 0))
    return kn_asm_wrong(a, "an operand in the stack pointer beside one that the stack must keep");
  if (keeps) kn_asm_putf(a, a->x86 ? "pushq %%rbp\n" : "str x29, [sp, #-16]!\n");
  for (uint32_t i = 0; i < a->n; i++) {
    const struct kn_asm_operand *o = &a->op[i];
    if (o->label || (o->place != AP_REG && o->place != AP_MEMORY) || (o->output && !o->indirect))
      continue;
    if (o->carried) put_access(a, o, true);
    else if (o->outside != o->reg) put_move(a, o->reg, o->outside);
    put_second(a, o, false);
  }
  put_x87_before(a);
  char saved[8] = "";
  if (a->saved != 0) name(a, a->saved, 8, saved);
  if (a->saved != 0) kn_asm_putf(a, "pushq %%%s\n", saved);
  if (a->intel) kn_asm_putf(a, ".intel_syntax noprefix\n");
  if (!kn_asm_expand(a)) return false;
  if (a->intel) kn_asm_putf(a, ".att_syntax\n");
  if (a->n_labels) {
    char s[8];
    name(a, a->selector, 4, s);
    for (uint32_t k = 0; k <= a->n_labels; k++) {
      if (k) kn_asm_putf(a, ".Lkiln_%u:\n", k - 1);
      if (a->x86) kn_asm_putf(a, "movl $%u, %%%s\n", k, s);
      else kn_asm_putf(a, "mov %s, #%u\n", s, k);
      if (k < a->n_labels) kn_asm_putf(a, a->x86 ? "jmp .Lkiln_end\n" : "b .Lkiln_end\n");
    }
    kn_asm_putf(a, ".Lkiln_end:\n");
  }
  if (a->saved != 0) kn_asm_putf(a, "popq %%%s\n", saved);
  for (uint32_t i = 0; i < a->n; i++)
    if (a->op[i].place == AP_FLAG) put_flag(a, &a->op[i]);
  for (uint32_t i = 0; i < a->n; i++)
    if (a->op[i].place == AP_FLAG) put_flag_wide(a, &a->op[i]);
  put_x87_behind(a);
  for (uint32_t i = 0; i < a->n; i++) {
    const struct kn_asm_operand *o = &a->op[i];
    if (o->label || o->place != AP_REG || !o->output || o->indirect) continue;
    put_second(a, o, true);
    if (o->outside != o->reg && !o->stored) put_move(a, o->outside, o->reg);
  }
  /* halves of registers, which make SSE's instructions slow as long as they are not zero */
  bool upper = false;
  for (uint32_t i = 0; i < a->n; i++) {
    if (a->op[i].stored) put_access(a, &a->op[i], false);
    upper |= a->op[i].carried == 32;
  }
  if (upper) kn_asm_putf(a, "vzeroupper\n");
  if (keeps) kn_asm_putf(a, a->x86 ? "popq %%rbp\n" : "ldr x29, [sp], #16\n");
  return a->r->status == KILN_OK;
}

/* True if the template says nothing: blanks and comments. */
static bool is_empty(const struct kn_asm_call *a) {
  const char *s = a->text;
  for (;;) {
    while (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r' || *s == ';') s++;
    if (*s == '#' || (s[0] == '/' && s[1] == '/')) {
      if (*s == '#' && !a->x86) return false;
      if (*s == '/' && a->x86) return false;
      while (*s && *s != '\n') s++;
    } else if (s[0] == '/' && s[1] == '*') {
      const char *e = strstr(s, "*/");
      if (!e) return false;
      s = e + 2;
    } else {
      return *s == 0;
    }
  }
}

/* True if an output is what a register has anyway, as the stack pointer: not tied, in a register that is said. */
static bool reads_register(const struct kn_asm_call *a) {
  for (uint32_t i = 0; i < a->n; i++) {
    const struct kn_asm_operand *o = &a->op[i];
    if (o->label || !o->output || o->indirect) continue;
    uint64_t regs = o->allows[0].regs;
    bool given = o->allows[0].flag || (regs && (regs & (regs - 1)) == 0);
    for (uint32_t j = i + 1; j < a->n; j++)
      if (a->op[j].n_allows &&
          (a->op[j].allows[0].tie == (int8_t)i || a->op[j].allows[0].regs == regs))
        given = false;
    if (given) return true;
  }
  return false;
}

/* ---- the call ---- */

/* Integers that are in the low bits of a float's register; an I16 may be a half. */
static bool is_narrow(kiln_type t) { return t == KILN_TYPE_I8 || t == KILN_TYPE_I16; }

/* The register's type of an operand. */
static bool register_type(struct kn_asm_call *a, struct kn_asm_operand *o) {
  unsigned k = a->r->types.at[o->type].ktype;
  o->ktype = (kiln_type)k;
  if (o->carried) return true;
  if (o->place == AP_X87) return k == KILN_TYPE_F80 || k == KILN_TYPE_F64 || k == KILN_TYPE_F32;
  if (o->place == AP_MEMORY) return o->ktype = KILN_TYPE_PTR, true;
  bool general = o->reg < 32;
  if (general == (k >= KILN_TYPE_I8 && k <= KILN_TYPE_I64))
    return general || k == KILN_TYPE_F32 || k == KILN_TYPE_F64 || k == KILN_TYPE_V64 ||
           k == KILN_TYPE_V128;
  if (k == KILN_TYPE_I32 || is_narrow(o->ktype)) o->ktype = KILN_TYPE_F32;
  else if (k == KILN_TYPE_F128 && !general) o->ktype = KILN_TYPE_V128;
  else if (k == KILN_TYPE_I64) o->ktype = KILN_TYPE_F64;
  else if (k == KILN_TYPE_F32) o->ktype = KILN_TYPE_I32;
  else if (k == KILN_TYPE_F64 || k == KILN_TYPE_V64) o->ktype = KILN_TYPE_I64;
  else return false;
  return true;
}

static kiln_value cast(struct kn_asm_call *a, kiln_type to, kiln_type from, kiln_value v) {
  kiln_func *f = a->r->f;
  if (is_narrow(from) && to == KILN_TYPE_F32)
    return cast(a, to, KILN_TYPE_I32, kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I32, from, v));
  if (from == KILN_TYPE_F32 && is_narrow(to))
    return kiln_build_convert(f, KILN_OP_TRUNC, to, KILN_TYPE_I32, cast(a, KILN_TYPE_I32, from, v));
  return to == from ? v : kiln_build_convert(a->r->f, KILN_OP_BITCAST, to, from, v);
}

struct built {
  kiln_param params[KN_ASM_MAX_OPERANDS];
  kiln_value args[KN_ASM_MAX_OPERANDS];
  uint8_t regs[KN_ASM_MAX_OPERANDS];
  kiln_type types[KILN_MAX_RESULTS];
  uint8_t results[KILN_MAX_RESULTS];
  uint32_t n, n_results;
};

static void add_input(struct built *b, kiln_type type, unsigned reg, kiln_value v) {
  for (uint32_t i = 0; i < b->n; i++)
    if (b->regs[i] == reg) return; /* the address of what the text stores */
  b->params[b->n] = (kiln_param){.type = (uint8_t)type};
  b->args[b->n] = v;
  b->regs[b->n++] = (uint8_t)reg;
}

/* Collects operands and results. */
static bool collect(struct kn_asm_call *a, struct built *b) {
  struct kn_bc *r = a->r;
  kiln_value excess = {0};
  for (uint32_t i = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label || o->place == AP_IMMEDIATE || o->place == AP_DIRECT || o->as_it_is) continue;
    if (!register_type(a, o))
      return kn_asm_wrong(a, "an operand of this type in a register of this kind");
    kiln_type kt = (kiln_type)r->types.at[o->type].ktype;
    if (o->place == AP_X87) {
      o->slot = kiln_slot_new(r->f, 16, 4);
      add_input(b, KILN_TYPE_PTR, o->through, o->slot);
      if (!o->output) kn_bc_store_scalar(r, o->slot, 0, kn_bc_use(r, o->id, o->type), o->type, 0);
    } else if (o->stored || (o->carried && o->place == AP_REG)) {
      if (!excess.id) excess = kiln_slot_new(r->f, KN_ASM_PLACE * a->n, 4);
      o->slot = excess;
      add_input(b, KILN_TYPE_PTR, o->through, excess);
      if (!o->stored) kn_asm_store_operand(a, o, excess, KN_ASM_PLACE * o->at);
    } else if (!o->output || o->indirect) {
      kiln_value v = kn_bc_use(r, o->id, o->type);
      add_input(b, o->ktype, o->outside, cast(a, o->ktype, kt, v));
    } else {
      b->types[b->n_results] = o->ktype;
      b->results[b->n_results++] = o->outside;
    }
  }
  if (a->n_labels) {
    b->types[b->n_results] = KILN_TYPE_I32;
    b->results[b->n_results++] = a->selector;
  }
  return r->status == KILN_OK;
}

/* Defines the call's value, of type `ret`, from what the outputs are: `n` values, of long vectors two each. */
static void define(struct kn_asm_call *a, uint32_t ret, const kiln_value *values, uint32_t n) {
  struct kn_bc *r = a->r;
  const struct kn_bc_type *rt = &r->types.at[ret];
  struct kn_bc_vec x;
  if (rt->kind == TK_VOID) return;
  if (rt->kind != TK_STRUCT && n == 1) {
    kn_bc_def(r, ret, values[0]);
    return;
  }
  if (rt->kind != TK_STRUCT) {
    if (!kn_bc_vec_shape(r, ret, &x)) return;
    memcpy(x.v, values, n * sizeof *values);
    kn_bc_vec_def(r, &x);
    return;
  }
  if (!kn_bc_split_plain(r, ret)) return;
  rt = &r->types.at[ret];
  if (rt->n_pieces != n) return (void)kn_asm_wrong(a, "outputs that are not scalars");
  kn_bc_define(r, ret, values);
}

/* The value of output `o` as the module has it, from what is in its register. */
static kiln_value output_value(struct kn_asm_call *a, const struct kn_asm_operand *o,
                               kiln_value v) {
  const struct kn_bc_type *t = &a->r->types.at[o->type];
  v = cast(a, (kiln_type)t->ktype, o->ktype, v);
  if (t->fit == FIT_BOOL)
    v = kiln_build_binary(a->r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(a->r->f, 1));
  return v;
}

/* The registers of output `i`, a long vector, of an empty template. */
static bool same_vector(struct kn_asm_call *a, uint32_t i, kiln_value out[2]) {
  struct kn_bc_vec x;
  if (!kn_bc_vec_shape(a->r, a->op[i].type, &x)) return false;
  out[0] = out[1] = kn_bc_vec_splat(a->r, &x, 0);
  for (uint32_t j = i + 1; j < a->n; j++) {
    const struct kn_asm_operand *p = &a->op[j];
    if (p->label || p->output || !p->is || p->is->tie != (int8_t)i) continue;
    if (!p->carried) return kn_asm_wrong(a, "an operand tied to one of another size");
    if (!kn_bc_vec_get(a->r, p->id, p->type, &x)) return false;
    memcpy(out, x.v, 2 * sizeof *out);
  }
  return true;
}

/* Stores an output that goes to memory; others stay among the `n` values. How many these are then. */
static uint32_t keep_output(struct kn_asm_call *a, const struct kn_asm_operand *o,
                            const kiln_value *values, uint32_t n, uint32_t more) {
  if (!o->goes_back) return n + more;
  kn_asm_store_back(a, o, values + n);
  return n;
}

/* An empty template: an output that is tied to an input is that input; others are any bits. */
static void nothing(struct kn_asm_call *a, uint32_t ret) {
  struct kn_bc *r = a->r;
  kiln_value values[2 * KN_ASM_MAX_OPERANDS];
  uint32_t n = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label || !o->output || o->indirect) continue;
    if (o->carried == 32) {
      if (!same_vector(a, i, values + n)) return;
      n = keep_output(a, o, values, n, 2);
      continue;
    }
    values[n] = kn_bc_zero(r, o->type);
    for (uint32_t j = i + 1; j < a->n; j++) {
      struct kn_asm_operand *p = &a->op[j];
      bool same_register = p->is && o->is && p->is->regs == o->is->regs && p->is->regs &&
                           (p->is->regs & (p->is->regs - 1)) == 0;
      if (p->label || p->output || !p->is || (p->is->tie != (int8_t)i && !same_register)) continue;
      if (p->carried == 32) return (void)kn_asm_wrong(a, "an operand tied to one of another size");
      p->ktype = (kiln_type)r->types.at[p->type].ktype;
      o->ktype = (kiln_type)r->types.at[o->type].ktype;
      kiln_value v = kn_bc_same(r, p->id, p->type);
      if (o->ktype == p->ktype) values[n] = v;
      else if (kiln_type_size(o->ktype) == kiln_type_size(p->ktype))
        values[n] = cast(a, o->ktype, p->ktype, v);
      else if (kn_asm_is_general(a, o) && kn_asm_is_general(a, p))
        values[n] = kiln_build_convert(r->f, o->ktype > p->ktype ? KILN_OP_ZEXT : KILN_OP_TRUNC,
                                       o->ktype, p->ktype, v);
    }
    n = keep_output(a, o, values, n, 1);
  }
  define(a, ret, values, n);
}

/* Has relocations of slots name these, in place of the values that are their addresses: code->relocs is to be freed. */
static bool add_slots(struct kn_asm_call *a, kiln_asm *code) {
  struct kn_bc *r = a->r;
  kiln_asm_reloc *relocs = kn_bc_resize(r, NULL, (code->n_relocs + (size_t)1) * sizeof *relocs);
  for (uint32_t k = 0; k < code->n_relocs && relocs != NULL; k++) {
    relocs[k] = code->relocs[k];
    for (uint32_t i = 0; i < a->n && relocs[k].slot != 0; i++) {
      const struct kn_asm_operand *o = &a->op[i];
      if (!o->label && o->place == AP_DIRECT && o->id + 1 == code->relocs[k].slot)
        relocs[k].slot = o->value.slot + 1;
    }
  }
  if (code->label.id) kn_bc_resize(r, (void *)(uintptr_t)code->relocs, 0);
  code->relocs = relocs;
  return relocs != NULL || kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
}

/* Builds the code of a text, with `args` as operands, in the function that is being built. */
static void instruction(struct kn_asm_call *a, const struct kn_asm_text *t, const struct built *b,
                        const kiln_value *args, kiln_value *results) {
  struct kn_bc *r = a->r;
  const struct kn_bc_asm_cache *c = r->assembly.texts;
  uint64_t lost = a->clobbers;
  for (uint32_t i = 0; i < a->n; i++) /* outputs that are no results */
    if (a->op[i].stored && !a->op[i].label) lost |= UINT64_C(1) << a->op[i].reg;
  lost &= kn_asm_saved(a);
  kiln_sig sig = kiln_sig_new(r->module, KILN_CC_C, 0, b->params, b->n, b->types, b->n_results);
  kiln_asm code = {.params = b->regs, .results = b->results, .lost = lost};
  if (t->known) {
    code.bytes = c->bytes.at + t->bytes;
    code.size_bytes = t->n_bytes;
    code.relocs = c->relocs.at + t->reloc;
    code.n_relocs = t->n_relocs;
    code.rows = code.bytes ? (const uint8_t *)code.bytes + t->n_bytes : NULL;
    code.rows_bytes = t->n_frame;
    code.align_log2 = t->align_log2;
    if (KN_UNLIKELY(t->has_parts) && !kn_asm_add_parts(r, t, &code)) return;
    if (KN_UNLIKELY(a->slots) && !add_slots(a, &code)) return;
  }
  /* rows of a naked function count whatever its attributes say */
  if (KN_UNLIKELY(code.rows_bytes != 0)) {
    kiln_func_attrs attrs = kiln_func_get_attrs(r->f);
    attrs.no_rows = false;
    kiln_func_set_attrs(r->f, &attrs);
  }
  kiln_value v = kiln_build_asm(r->f, sig, &code, args, b->n);
  if (code.label.id || a->slots) kn_bc_resize(r, (void *)(uintptr_t)code.relocs, 0);
  for (uint32_t k = 0; k < b->n_results; k++) results[k] = k ? kiln_build_result(r->f, v, k) : v;
}

/* The same as a function of its own, which is called. */
static void apart(struct kn_asm_call *a, const struct kn_asm_text *t, const struct built *b,
                  kiln_value *results) {
  struct kn_asm_apart x;
  kiln_value args[KN_ASM_MAX_OPERANDS];
  if (KN_UNLIKELY(a->r->keeping)) a->r->fn.asm_waits = true; /* it is not kept, but read again */
  if (!kn_asm_begin_apart(a, b->params, b->n, b->n_results, &x)) return;
  if (!a->r->fn.asm_waits) {
    for (uint32_t k = 0; k < b->n; k++) args[k] = kiln_func_param(a->r->f, k);
    instruction(a, t, b, args, results);
  }
  if (!kn_asm_end_apart(a, &x, b->types, results)) return;
  kn_asm_call_apart(a, &x, b->args, b->n);
  for (uint32_t k = 0; k < b->n_results; k++)
    results[k] = kiln_build_load(a->r->f, b->types[k], x.slot, 16 * (int32_t)k, 0);
}

/* Builds the code of a text that is known, and its values. */
static void build(struct kn_asm_call *a, const struct kn_asm_text *t, uint32_t ret,
                  kiln_value *taken) {
  struct kn_bc *r = a->r;
  struct built b = {.n = 0};
  kiln_value values[2 * KN_ASM_MAX_OPERANDS], results[KILN_MAX_RESULTS] = {{0}};
  if (!collect(a, &b)) return;
  if (t->error)
    return (void)kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "inline assembly: %s",
                            r->assembly.texts->chars.at + t->error - 1);
  if (KN_UNLIKELY(a->unwinds)) apart(a, t, &b, results);
  else instruction(a, t, &b, b.args, results);
  if (r->status != KILN_OK) return;
  uint32_t n = 0, next = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label || !o->output || o->indirect) continue;
    int32_t at = KN_ASM_PLACE * o->at;
    if (o->place == AP_X87) values[n] = kn_bc_load_scalar(r, o->slot, 0, o->type, 0);
    else if (o->carried == 32)
      for (uint32_t p = 0; p < 2; p++)
        values[n + p] = kiln_build_load(r->f, KILN_TYPE_V128, o->slot, at + 16 * (int32_t)p, 0);
    else if (o->carried) values[n] = kn_bc_load_scalar(r, o->slot, at, o->type, 0);
    else if (o->stored)
      values[n] = output_value(a, o, kiln_build_load(r->f, o->ktype, o->slot, at, 0));
    else values[n] = output_value(a, o, results[next++]);
    n = keep_output(a, o, values, n, o->carried == 32 ? 2 : 1);
  }
  if (taken && a->n_labels != 0) *taken = results[next];
  define(a, ret, values, n);
}

/* True if the text says how the frame changes. */
static bool has_rows(const struct kn_asm_call *a) {
  for (uint32_t i = 0; i + 5 <= a->out_n; i++)
    if (memcmp(a->out + i, ".cfi_", 5) == 0) return true;
  return false;
}

/* The entry of the text that was made, if its code is known or will be when the body is read again; else NULL
 * (reported). */
static struct kn_asm_text *find_text(struct kn_asm_call *a) {
  struct kn_bc *r = a->r;
  bool rows = kn_bc_harden_naked(r) && has_rows(a);
  struct kn_asm_text *t = kn_asm_text_of(r, a->out, a->out_n, rows);
  if (!t || t->known) return t;
  bool possible = !r->assembly.last && kiln_module_assemble(r->module, NULL, 0) == KILN_OK;
  if (!possible) {
    kn_bc_unsupported(r, "inline assembly without an assembler (kiln_module_options)");
    return NULL;
  }
  if (!r->operation) r->fn.asm_waits = true;
  else if (!kn_asm_assemble(r)) return NULL; /* no body is read again */
  return t;
}

static void call(struct kn_asm_call *a, uint32_t type, const uint64_t *ops, unsigned n,
                 kiln_value *taken) {
  struct kn_bc *r = a->r;
  uint32_t ret = r->m->elems.at[r->types.at[type].first].type;
  if (!kn_asm_cache(r) || !kn_asm_parse(a) || !match(a, type, ops, n)) return;
  if (is_empty(a) && !a->n_labels && !reads_register(a)) {
    for (uint32_t i = 0; i < a->n; i++)
      if (!a->op[i].label) a->op[i].is = &a->op[i].allows[0];
    kn_asm_tie_memory(a);
    nothing(a, ret);
    return;
  }
  if (!choose_alternative(a)) return;
  kn_asm_tie_memory(a);
  kn_asm_address_directly(a);
  if (!place_x87(a) || !kn_asm_allocate(a)) return;
  for (uint32_t i = 0; i < a->n; i++)
    if (!a->op[i].label && a->op[i].place != AP_IMMEDIATE && a->op[i].place != AP_DIRECT &&
        !register_type(a, &a->op[i]))
      return (void)kn_asm_wrong(a, "an operand of this type in a register of this kind");
  a->out = r->assembly.texts->out;
  a->out_cap = r->assembly.texts->out_cap;
  bool made = make_text(a);
  r->assembly.texts->out = a->out;
  r->assembly.texts->out_cap = a->out_cap;
  r->fn.asm_count++;
  if (!made) return;
  struct kn_asm_text *t = find_text(a);
  if (t) build(a, t, ret, taken);
}

void kn_bc_asm(struct kn_bc *r, const struct kn_bc_asm *s) {
  if (kn_asm_syntax[r->target] == KN_ASM_UNKNOWN) {
    kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: inline assembly for %s",
               kiln_processor_name(r->target));
    return;
  }
  struct kn_asm_call *a = kn_bc_resize(r, NULL, sizeof *a);
  if (!a) return (void)kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  memset(a, 0, sizeof *a);
  a->r = r;
  a->text = s->text;
  a->constraints = s->constraints;
  a->intel = (s->flags & KILN_LLVM_ASM_INTEL) != 0;
  a->unwinds = (s->flags & KILN_LLVM_ASM_UNWIND) != 0;
  a->of = s;
  a->x86 = kn_asm_syntax[r->target] == KN_ASM_X86;
  a->n_labels = s->n_labels;
  call(a, s->type, s->ops, s->n, s->taken);
  kn_bc_resize(r, a, 0);
}

void kn_bc_asm_constant(struct kn_bc *r, const struct kn_bc_cst *c, struct kn_bc_asm *s) {
  /* the constant's bytes may move while values are made */
  size_t size = c->n + 1;
  char *copy = kn_bc_resize(r, NULL, size);
  if (!copy) return (void)kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  memcpy(copy, kn_bc_bytes(r, c->index), size);
  s->text = copy;
  s->constraints = copy + strlen(copy) + 1;
  s->flags = c->x;
  kn_bc_asm(r, s);
  kn_bc_resize(r, copy, 0);
}

/* [attributes, cc, normal block, number of other blocks, these, type, callee, arguments...] */
void kn_bc_callbr(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  uint32_t callee, callee_type;
  if (kn_bc_take_bundles(r)) return kn_bc_refuse_bundle(r, r->fn.bundle);
  if (n > 1 && !kn_bc_flags(r, "a callbr", ops[1], 0x7ff | 15 << 14)) return;
  if (n < 6 || ops[3] > n - 6 || !(ops[1] >> 15 & 1)) return (void)kn_bc_malformed(r, "bad callbr");
  unsigned n_labels = (unsigned)ops[3], i = 5 + n_labels;
  for (unsigned k = 0; k <= n_labels; k++)
    if (ops[k ? 3 + k : 2] >= r->fn.n_bbs)
      return (void)kn_bc_malformed(r, "block number out of range");
  if (ops[i - 1] >= r->types.n || r->types.at[ops[i - 1]].kind != TK_FUNC)
    return (void)kn_bc_malformed(r, "bad callbr");
  if (!kn_bc_operand(r, ops, n, &i, &callee, &callee_type)) return;
  if (callee >= r->inst_base || r->csts.at[callee].kind != CK_ASM)
    return (void)kn_bc_unsupported(r, "callbr of something other than inline assembly");
  kiln_value taken = kiln_const_int(r->f, 0);
  kn_bc_asm_constant(r, &r->csts.at[callee],
                     &(struct kn_bc_asm){.type = (uint32_t)ops[4 + n_labels],
                                         .ops = ops + i,
                                         .n = n - i,
                                         .n_labels = n_labels,
                                         .taken = &taken});
  if (r->status != KILN_OK) return;
  r->tmp.cases.n = 0;
  for (unsigned k = 0; k < n_labels; k++)
    if (!KN_BC_PUSH(r, r->tmp.cases, (kiln_switch_case){k + 1, {(uint32_t)ops[4 + k]}})) return;
  kiln_build_switch(r->f, KILN_TYPE_I32, taken, (kiln_block){(uint32_t)ops[2]}, r->tmp.cases.at,
                    n_labels);
}
