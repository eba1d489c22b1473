/* Expressions of debugging metadata become DWARF's. Called by the other files that read it. Operations that LLVM has
 * of its own, and what it does for them: its DwarfExpression.cpp. Invariant: what is not known here gives no
 * expression, so that a debugger shows nothing rather than what is wrong. */
#include "debug/debug_node.h"

/* How many operands an operation has; UINT32_MAX if it is not known. */
static uint32_t operands(uint64_t op) {
  switch (op) {
  case KILN_DW_OP_plus_uconst:
  case KILN_DW_OP_constu:
  case KILN_DW_OP_consts:
  case KILN_DW_OP_deref_size:
  case OP_LLVM_TAG_OFFSET:
  case OP_LLVM_ENTRY_VALUE:
  case OP_LLVM_ARG: return 1;
  case OP_LLVM_FRAGMENT:
  case OP_LLVM_CONVERT:
  case OP_LLVM_EXTRACT_SEXT:
  case OP_LLVM_EXTRACT_ZEXT: return 2;
  case KILN_DW_OP_deref:
  case KILN_DW_OP_stack_value:
  case KILN_DW_OP_push_object_address:
  case KILN_DW_OP_over:
  case KILN_DW_OP_dup:
  case KILN_DW_OP_swap:
  case KILN_DW_OP_drop: return 0;
  default:
    if ((op >= KILN_DW_OP_abs && op <= KILN_DW_OP_xor) ||
        (op >= KILN_DW_OP_eq && op <= KILN_DW_OP_lit31))
      return 0;
    return UINT32_MAX;
  }
}

static uint8_t *put_number(uint8_t *p, uint64_t v) {
  if (v < 32) *p++ = (uint8_t)(KILN_DW_OP_lit0 + v);
  else p = kn_put_constu(p, v);
  return p;
}

/* Extends what is on the stack from its lowest `bits` bits, above which are zeros. */
static uint8_t *put_extended(uint8_t *p, uint64_t bits, bool is_signed) {
  if (is_signed) { /* x | (x >> (bits - 1)) * ~0 << (bits - 1) */
    *p++ = KILN_DW_OP_dup;
    p = put_number(p, bits - 1);
    *p++ = KILN_DW_OP_shr;
    *p++ = KILN_DW_OP_lit0;
    *p++ = KILN_DW_OP_not;
    *p++ = KILN_DW_OP_mul;
    p = put_number(p, bits - 1);
    *p++ = KILN_DW_OP_shl;
    *p++ = KILN_DW_OP_or;
  } else {
    p = put_number(p, (UINT64_C(1) << bits) - 1);
    *p++ = KILN_DW_OP_and;
  }
  return p;
}

static uint8_t *put_bits(uint8_t *p, uint64_t from, uint64_t bits, bool is_signed) {
  if (64 - from - bits) {
    p = put_number(p, 64 - from - bits);
    *p++ = KILN_DW_OP_shl;
  }
  if (64 - bits) {
    p = put_number(p, 64 - bits);
    *p++ = is_signed ? KILN_DW_OP_shra : KILN_DW_OP_shr;
  }
  return p;
}

/* What an expression has done so far. */
struct progress {
  bool address;   /* it began with the variable's address */
  bool loads;     /* DW_OP_deref is among its operations; */
  bool at_once;   /* it is the last one */
  bool extracted; /* bits were extracted: what is on the stack is a value */
};

/* Extracts bits: of what is on the stack, or of the memory that it is the address of, of which no byte after the last
 * of these bits is loaded. False if it is not known which of the two it is. */
static bool extract(uint8_t **to, struct progress *so_far, uint64_t from, uint64_t bits,
                    bool is_signed) {
  uint8_t *p = *to;
  const bool in_memory = so_far->address && !so_far->extracted;
  if (bits == 0 || from > 64 || bits > 64 - from) return false;
  if (!so_far->address && so_far->loads && !so_far->at_once) return false;
  if (!in_memory && so_far->at_once) p--;
  if (in_memory || so_far->at_once) {
    *p++ = KILN_DW_OP_deref_size;
    *p++ = (uint8_t)((from + bits + 7) / 8);
  }
  so_far->extracted = true;
  *to = put_bits(p, from, bits, is_signed);
  return true;
}

/* Argument `a` of a list is on the stack at the beginning, or to be pushed at byte `at`. */
static bool take_argument(const struct kn_bc_args *args, uint64_t a, bool first, uint32_t at,
                          struct kn_bc_expr *is) {
  if (a >= args->n) return false;
  if (first) {
    is->first = (uint32_t)a;
  } else if (!args->is_number[a]) {
    if (is->n_others == KILN_MAX_OTHER_VALUES) return false;
    is->other[is->n_others] = (uint32_t)a;
    is->other_at[is->n_others++] = at;
  }
  return true;
}

/* The operations of a record's operands from the second on. `address`: they begin with the variable's address. */
static bool convert(const uint64_t *op, uint32_t n, const struct kn_bc_args *args, bool address,
                    uint8_t *bytes, struct kn_bc_expr *is) {
  uint8_t *p = bytes;
  struct progress so_far = {.address = address};
  if (args && (n < 2 || op[1] != OP_LLVM_ARG)) return false; /* does not begin with one of them */
  uint64_t from = 0; /* bits of a conversion whose second half is to come */
  for (uint32_t i = 1; i < n;) {
    uint64_t code = op[i], a = i + 1 < n ? op[i + 1] : 0, b = i + 2 < n ? op[i + 2] : 0;
    uint32_t more = operands(code);
    if (more == UINT32_MAX || more >= n - i || p - bytes > KN_BC_EXPR_BYTES - 32) return false;
    if (is->value || is->part_bits) /* nothing but these may be after them */
      if (code != OP_LLVM_FRAGMENT || is->part_bits) return false;
    if (code == KILN_DW_OP_deref && so_far.extracted) return false;
    i += 1 + more;
    is->last_deref = code == KILN_DW_OP_deref || (is->last_deref && code == OP_LLVM_FRAGMENT);
    switch (code) {
    case KILN_DW_OP_plus_uconst:
      if (a == 0) break;
      *p++ = KILN_DW_OP_plus_uconst;
      for (; a > 0x7f; a >>= 7) *p++ = (uint8_t)(a | 0x80);
      *p++ = (uint8_t)a;
      break;
    case KILN_DW_OP_constu: p = put_number(p, a); break;
    case KILN_DW_OP_consts: { /* the operand is in two's complement */
      int64_t v = (int64_t)a;
      *p++ = KILN_DW_OP_consts;
      for (; v > 63 || v < -64; v >>= 7) *p++ = (uint8_t)(v | 0x80);
      *p++ = v & 0x7f;
      break;
    }
    case KILN_DW_OP_deref_size:
      if (a == 0 || a > 8) return false;
      *p++ = KILN_DW_OP_deref_size;
      *p++ = (uint8_t)a;
      break;
    case OP_LLVM_TAG_OFFSET: break;
    case OP_LLVM_ARG:
      if (args) {
        if (!take_argument(args, a, i == 3, (uint32_t)(p - bytes), is)) return false;
        if (i != 3 && args->is_number[a]) p = put_number(p, args->number[a]);
      } else if (a != 0 || p != bytes) {
        return false;
      }
      break;
    case OP_LLVM_FRAGMENT:
      if (b == 0 || a > INT32_MAX || b > INT32_MAX) return false;
      is->part_at = (uint32_t)a;
      is->part_bits = (uint32_t)b;
      break;
    case OP_LLVM_CONVERT:
      if (a == 0 || a > 64) return false;
      if (from && from < a) {
        p = put_extended(p, from, b == KILN_DW_ATE_signed);
        from = 0;
      } else {
        from = a;
      }
      break;
    case OP_LLVM_EXTRACT_SEXT:
    case OP_LLVM_EXTRACT_ZEXT:
      if (!extract(&p, &so_far, a, b, code == OP_LLVM_EXTRACT_SEXT)) return false;
      break;
    case KILN_DW_OP_stack_value: is->value = true; break;
    case OP_LLVM_ENTRY_VALUE: /* a parameter's value does not change */
      if (a != 1 || p != bytes || args) return false;
      break;
    default: *p++ = (uint8_t)code;
    }
    so_far.loads |= so_far.at_once = code == KILN_DW_OP_deref;
    is->derives |= code == KILN_DW_OP_div || code == KILN_DW_OP_mod || code == KILN_DW_OP_shra ||
                   code == KILN_DW_OP_shr || (code >= KILN_DW_OP_eq && code <= KILN_DW_OP_ne);
  }
  is->value |= so_far.extracted;
  is->n = (uint32_t)(p - bytes);
  is->plain = !is->value && is->part_bits == 0;
  return true;
}

/* Operands of an expression's record; variables with longer ones have no value. */
enum { MOST_OPS = 512 };

/* What both functions below do. `address`: it is one of the variable's address. */
static bool read_expr(struct kn_bc *r, uint32_t id, const struct kn_bc_args *args, bool address,
                      uint8_t *bytes, struct kn_bc_expr *is) {
  const struct kn_bc_md *m = kn_bc_md(r, id);
  *is = (struct kn_bc_expr){.plain = true};
  if (!m || m->kind != MDK_EXPR) return false;
  if (m->n == 0) return args == NULL;
  if (m->n == KN_BC_EXPR_DEREF) {
    if (args) return false;
    bytes[0] = KILN_DW_OP_deref;
    is->n = 1;
    is->last_deref = true;
    return true;
  }
  struct kn_bc_ops ops = r->in.ops; /* of the record that refers to it: kept */
  r->in.ops = r->in.md_ops;
  bool ok = kn_bc_md_record(r, id, MOST_OPS + 1) && r->in.code == MD_EXPRESSION &&
            r->in.ops.n > 0 && r->in.ops.n <= MOST_OPS && r->in.ops.at[0] >> 1 == 3 &&
            convert(r->in.ops.at, r->in.ops.n, args, address, bytes, is);
  r->in.md_ops = r->in.ops;
  r->in.ops = ops;
  return ok;
}

bool kn_bc_debug_expr(struct kn_bc *r, uint32_t id, uint8_t *bytes, struct kn_bc_expr *is) {
  return read_expr(r, id, NULL, true, bytes, is);
}

bool kn_bc_debug_expr_of(struct kn_bc *r, uint32_t id, const struct kn_bc_args *args,
                         uint8_t *bytes, struct kn_bc_expr *is) {
  return read_expr(r, id, args, false, bytes, is);
}
