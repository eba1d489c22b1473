/* Intrinsics about memory, the stack, control, the processor's state, and those without an effect here. Called by
 * intrinsic.c, which checked the types. */
#include "debug/debug.h"
#include "frequent.h"
#include "intrinsic.h"

#include <kiln/inspect.h>

/* ---- values, hints, debuggers ---- */

/* The first argument is the result. */
void kn_in_first(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  if (c->n < 1 || c->ret != arg_type(c, 0)) {
    bad(c);
  } else if (c->rt->kind == TK_VECTOR) {
    if (kn_bc_vec_get(r, arg_id(c, 0), c->ret, &x)) kn_bc_vec_def(r, &x);
  } else if (kn_bc_is_aggregate(c->rt)) {
    kn_bc_malformed(r, "bad intrinsic");
  } else if (kn_bc_scalar(r, c->ret)) {
    def(c, kn_bc_same(r, arg_id(c, 0), c->ret));
  }
}

void kn_in_constant(const struct call *c) { def(c, imm(c, c->row->op)); }

void kn_in_nothing(const struct call *c) {
  if (c->rt->kind != TK_VOID) bad(c);
}

/* Variables before LLVM 19: the operands are numbers of metadata, relative as those of values: value, variable,
 * expression. */
static bool variable(const struct call *c, uint32_t *inlined, uint32_t of[3]) {
  struct kn_bc *r = c->r;
  if (!r->m->entries || c->n < 3 || !r->fn.at.any) return false;
  *inlined = r->fn.at.inlined ? kn_bc_call_loc(r, r->fn.at.inlined) : 0;
  for (unsigned i = 0; i < 3; i++) of[i] = arg_id(c, i);
  return true;
}
void kn_in_declare(const struct call *c) {
  uint32_t inlined, of[3];
  if (variable(c, &inlined, of)) kn_bc_debug_place(c->r, of[1], of[2], of[0], inlined);
}
void kn_in_becomes(const struct call *c) {
  uint32_t inlined, of[3];
  if (variable(c, &inlined, of)) kn_bc_debug_becomes(c->r, of[1], of[2], of[0], inlined);
}

/* The size is unknown: LLVM's answer is 0 or -1, as argument 1 says. */
void kn_in_object_size(const struct call *c) {
  int64_t k = 0;
  if (const_arg(c, 1, &k)) def(c, imm(c, k ? 0 : -1));
}

void kn_in_typeid(const struct call *c) { def(c, kn_bc_typeid(c->r, arg_id(c, 0))); }

/* ---- memory ---- */

/* Argument `i` as an i64, zero-extended. */
static kiln_value size_arg(const struct call *c, unsigned i) {
  kiln_value v = kn_bc_use_z(c->r, arg_id(c, i), arg_type(c, i));
  unsigned kt = arg_info(c, i)->ktype;
  int64_t k = 0;
  if (kt == KILN_TYPE_I64 || kn_bc_is_int(c->r, arg_id(c, i), &k)) return v;
  return kiln_build_convert(c->r->f, KILN_OP_ZEXT, KILN_TYPE_I64, (kiln_type)kt, v);
}

/* Copies up to so many bytes to or from a slot are loads and stores. */
enum { SMALL_COPY = 16 };

/* A small copy of constant size, to or from a slot: a load and a store for each word, the loads
 * first, so that parts of the slot may be variables. Not where a copy of a slot is a reason for
 * the frame to have a guard, nor where slots are taken apart, as their fields are and not by words. False if it is no
 * such copy. */
static bool copy_words(const struct call *c) {
  struct kn_bc *r = c->r;
  int64_t size, is_volatile;
  if (r->fn.splits || r->fn.harden.guard != KILN_GUARD_NONE ||
      !kn_bc_is_int(r, arg_id(c, 2), &size) || size < 1 || size > SMALL_COPY ||
      !kn_bc_is_int(r, arg_id(c, 3), &is_volatile) || is_volatile)
    return false;
  int32_t to_at, from_at;
  kiln_value to = kn_bc_address(r, arg_id(c, 0), &to_at);
  kiln_value from = kn_bc_address(r, arg_id(c, 1), &from_at), word[SMALL_COPY / 8 + 3];
  if (kiln_operand_get(r->f, to).kind != KILN_OPERAND_SLOT &&
      kiln_operand_get(r->f, from).kind != KILN_OPERAND_SLOT)
    return false;
  kiln_type types[SMALL_COPY / 8 + 3];
  unsigned n = 0;
  for (int64_t left = size; left > 0; left -= kiln_type_size(types[n++]))
    types[n] = left >= 8   ? KILN_TYPE_I64
               : left >= 4 ? KILN_TYPE_I32
               : left >= 2 ? KILN_TYPE_I16
                           : KILN_TYPE_I8;
  for (unsigned k = 0; k < n; from_at += (int32_t)kiln_type_size(types[k++]))
    word[k] = kiln_build_load(r->f, types[k], from, from_at, 0);
  for (unsigned k = 0; k < n; to_at += (int32_t)kiln_type_size(types[k++]))
    kiln_build_store(r->f, types[k], to, to_at, word[k], 0);
  return true;
}

void kn_in_memory(const struct call *c) {
  const kiln_op op = (kiln_op)c->row->op;
  if (op != KILN_OP_MEMSET && copy_words(c)) return;
  kiln_value to = arg(c, 0), from = arg(c, 1), size = size_arg(c, 2);
  int64_t is_volatile = 0;
  bool known = kn_bc_is_int(c->r, arg_id(c, 3), &is_volatile);
  kiln_build_memory(c->r->f, op, to, from, size, known && is_volatile ? KILN_MEM_VOLATILE : 0);
}

void kn_in_pointer_mask(const struct call *c) {
  if (arg_info(c, 1)->ktype != KILN_TYPE_I64) kn_bc_unsupported(c->r, "a mask of this type");
  else def(c, binary_args(c, KILN_OP_AND, KILN_TYPE_I64));
}

void kn_in_lifetime(const struct call *c) {
  uint32_t id = arg_id(c, c->n - 1); /* the last argument; in older versions the size precedes it */
  if (id < c->r->vals.n && c->r->vals.at[id].t >> 24 == VS_SLOT)
    kiln_build_unary(c->r->f, (kiln_op)c->row->op, KILN_TYPE_PTR,
                     (kiln_value){c->r->vals.at[id].h});
}

void kn_in_level(const struct call *c) {
  int64_t n = 0;
  if (!const_arg(c, 0, &n)) return;
  if (n < 0 || n > 255) kn_bc_unsupported(c->r, "this number of frames");
  else def(c, kiln_build_level(c->r->f, (kiln_op)c->row->op, (unsigned)n));
}

/* An address from a table of 32-bit offsets that count from the table's start. */
void kn_in_load_relative(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_type kt = (kiln_type)arg_info(c, 1)->ktype;
  kiln_value table = arg(c, 0), offset = kn_bc_use_s(r, arg_id(c, 1), arg_type(c, 1));
  int64_t k = 0;
  if (kt == KILN_TYPE_I128) return (void)kn_bc_unsupported(r, "an offset of this type");
  if (kt != KILN_TYPE_I64 && !kn_bc_is_int(r, arg_id(c, 1), &k))
    offset = kiln_build_convert(r->f, KILN_OP_SEXT, KILN_TYPE_I64, kt, offset);
  kiln_value at = kiln_build_addr(r->f, table, offset, 1, 0);
  kiln_value v = kiln_build_load_ext(r->f, KILN_TYPE_I64, KILN_TYPE_I32, at, 0, KILN_MEM_SEXT);
  def(c, binary(c, KILN_OP_ADD, KILN_TYPE_I64, table, v));
}

void kn_in_prefetch(const struct call *c) {
  struct kn_bc_prefetch how;
  int64_t k[3];
  for (unsigned i = 0; i < 3; i++)
    if (!kn_bc_is_int(c->r, arg_id(c, i + 1), &k[i])) k[i] = -1;
  if (kn_bc_prefetch_as(&how, k[0], k[1], k[2])) kn_bc_prefetch(c->r, arg(c, 0), &how);
  else kn_bc_malformed(c->r, "a prefetch of an unknown kind");
}

/* ---- the stack, control ---- */

/* An operation on a pointer that has no result. */
void kn_in_effect(const struct call *c) {
  kiln_build_unary(c->r->f, (kiln_op)c->row->op, KILN_TYPE_PTR, arg(c, 0));
}
void kn_in_va_copy(const struct call *c) { binary_args(c, KILN_OP_VA_COPY, KILN_TYPE_PTR); }
void kn_in_stack_save(const struct call *c) {
  def(c, kiln_build_nullary(c->r->f, KILN_OP_STACK_SAVE));
}
void kn_in_trap(const struct call *c) {
  kiln_build_nullary(c->r->f, KILN_OP_TRAP);
  kn_bc_split_block(c->r);
}
/* A trap whose instruction says which check failed. Handlers of signals read the kind. */
void kn_in_trap_of(const struct call *c) {
  struct kn_bc *r = c->r;
  uint8_t bytes[8];
  int64_t kind;
  if (!const_arg(c, 0, &kind)) return;
  const kiln_asm code = {.bytes = bytes,
                         .size_bytes = kn_bc_targets[r->target].trap(bytes, (uint8_t)kind)};
  kiln_build_asm(r->f, kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, NULL, 0), &code, NULL, 0);
  kn_bc_unreachable(r);
  kn_bc_split_block(r);
}
void kn_in_debug_trap(const struct call *c) { kiln_build_nullary(c->r->f, KILN_OP_DEBUG_TRAP); }

void kn_in_setjmp(const struct call *c) {
  kiln_value v = kiln_build_unary(c->r->f, KILN_OP_BUILTIN_SETJMP, KILN_TYPE_PTR, arg(c, 0));
  def(c, kiln_build_convert(c->r->f, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, v));
}
void kn_in_longjmp(const struct call *c) {
  kiln_build_unary(c->r->f, KILN_OP_BUILTIN_LONGJMP, KILN_TYPE_PTR, arg(c, 0));
  kn_bc_split_block(c->r);
}

/* ---- the processor ---- */

void kn_in_get_rounding(const struct call *c) {
  def(c, kiln_build_nullary(c->r->f, KILN_OP_GET_ROUNDING));
}

/* Rounding modes that Kiln's IR lacks, such as 4 (to nearest, ties away from zero), exist on no target. */
void kn_in_set_rounding(const struct call *c) {
  kiln_value mode = arg(c, 0);
  int64_t k = 0;
  if (kn_bc_is_int(c->r, arg_id(c, 0), &k) && (k < 0 || k > 3))
    kn_bc_unsupported(c->r, "this rounding mode");
  else kiln_build_unary(c->r->f, KILN_OP_SET_ROUNDING, KILN_TYPE_I32, mode);
}

static void flush(const struct call *c, kiln_value from, kiln_value to) {
  kn_bc_library(c->r, "__clear_cache", (kiln_type[]){KILN_TYPE_PTR, KILN_TYPE_PTR},
                (kiln_value[]){from, to}, 2, KILN_TYPE_VOID);
}

/* Writes code to the stack which jumps to a nested function with its static chain. */
void kn_in_trampoline(const struct call *c) {
  kiln_func *f = c->r->f;
  const struct kn_bc_trampoline *t = &kn_bc_targets[c->r->target].trampoline;
  kiln_value at = arg(c, 0), function = arg(c, 1), chain = arg(c, 2);
  for (unsigned k = 0; k < t->n; k++)
    kiln_build_store(f, (kiln_type)t->code[k].type, at, t->code[k].at,
                     kiln_const_int(f, t->code[k].bits), 0);
  kiln_build_store(f, KILN_TYPE_I64, at, t->function, function, 0);
  kiln_build_store(f, KILN_TYPE_I64, at, t->chain, chain, 0);
  if (t->flushed != 0) flush(c, at, kiln_build_addr(f, at, (kiln_value){0}, 0, t->flushed));
}

/* A few instructions without operands: `t->fixed`, or none, which change the registers that callees save. */
static void instructions(const struct call *c, bool save_all) {
  struct kn_bc *r = c->r;
  const struct kn_bc_target *t = &kn_bc_targets[r->target];
  static const uint8_t first = 0;
  kiln_type type = KILN_TYPE_I64;
  kiln_asm code = {.bytes = t->fixed[c->row->op].bytes,
                   .size_bytes = save_all ? 0 : t->fixed[c->row->op].n,
                   .results = &first,
                   .lost = save_all ? t->saved : 0};
  kiln_sig sig = kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, &type, !save_all);
  kiln_value v = kiln_build_asm(r->f, sig, &code, NULL, 0);
  if (!save_all) def(c, v);
}

/* llvm.eh.return(offset, handler): goes to the handler with the stack pointer of the caller, moved by the offset. All
 * registers that calls preserve are in the frame, where an unwinder has changed them. */
void kn_in_eh_return(const struct call *c) {
  kiln_func *f = c->r->f;
  enum { RETURN_ADDRESS = 8 }; /* from what frame_addr gives */
  if (!kn_bc_targets[c->r->target].eh_return)
    return (void)kn_bc_unsupported(c->r, "llvm.eh.return, which LLVM leaves out for this target");
  instructions(c, true);
  kiln_value at =
    binary(c, KILN_OP_ADD, KILN_TYPE_I64, kiln_build_level(f, KILN_OP_FRAME_ADDR, 0), arg(c, 0));
  at = binary(c, KILN_OP_ADD, KILN_TYPE_I64, at, kiln_const_int(f, RETURN_ADDRESS));
  kiln_build_store(f, KILN_TYPE_PTR, at, 0, arg(c, 1), 0);
  kiln_build_unary(f, KILN_OP_EH_RETURN, KILN_TYPE_PTR, at);
  kn_bc_split_block(c->r);
}

void kn_in_clear_cache(const struct call *c) {
  kiln_value from = arg(c, 0), to = arg(c, 1);
  flush(c, from, to);
}
void kn_in_counter(const struct call *c) {
  if (c->row->op == KN_BC_THREAD && !kn_bc_format_of(c->r)->thread_pointer)
    return (void)kn_bc_unsupported(c->r,
                                   "llvm.thread.pointer, which LLVM does not have for this system");
  instructions(c, false);
}
void kn_in_save_all(const struct call *c) { instructions(c, true); }
