/* Calls of library functions: see library.h. Called by the targets' lowerings of what their machine does not have.
 * Invariant: the functions are called by C's convention, or that of compilers' libraries (kn_target.runtime), whatever
 * that of the function itself is. */
#include "lib/codegen/library.h"

/* By operation; of conversions by the type of the float and a range of the other type, which is an integer or a
 * narrower float; else the range is that of the operation's type. */
static const struct {
  uint8_t op, wide, least, most;
  const char *name;
} table[] = {
#define LIB(op, wide, least, most, name)                                                           \
  {KILN_OP_##op, KILN_TYPE_##wide, KILN_TYPE_##least, KILN_TYPE_##most, name},
#define MATH(op, name)                                                                             \
  LIB(op, VOID, F32, F32, name "f") LIB(op, VOID, F64, F64, name) LIB(op, VOID, F80, F128, name "l")
  /* clang-format off */
  LIB(MEMCPY, VOID, VOID, V128, "memcpy")
  LIB(MEMMOVE, VOID, VOID, V128, "memmove")
  LIB(MEMSET, VOID, VOID, V128, "memset")
  LIB(RESUME, VOID, VOID, V128, "_Unwind_Resume")
  MATH(FREM, "fmod")
  MATH(FMA, "fma")
  MATH(FMIN, "fmin")
  MATH(FMAX, "fmax")
  MATH(FMINIMUM, "fminimum")
  MATH(FMAXIMUM, "fmaximum")
  MATH(FSQRT, "sqrt")
  MATH(FFLOOR, "floor")
  MATH(FCEIL, "ceil")
  MATH(FTRUNC, "trunc")
  MATH(FROUND, "round")
  MATH(FROUNDEVEN, "roundeven")
  MATH(FRINT, "rint")
  MATH(FNEARBYINT, "nearbyint")
  LIB(SDIV, VOID, I128, I128, "__divti3")
  LIB(SREM, VOID, I128, I128, "__modti3")
  LIB(UDIV, VOID, I128, I128, "__udivti3")
  LIB(UREM, VOID, I128, I128, "__umodti3")
  LIB(FADD, VOID, F128, F128, "__addtf3")
  LIB(FSUB, VOID, F128, F128, "__subtf3")
  LIB(FMUL, VOID, F128, F128, "__multf3")
  LIB(FDIV, VOID, F128, F128, "__divtf3")
  LIB(SITOF, F32, I128, I128, "__floattisf")
  LIB(SITOF, F64, I128, I128, "__floattidf")
  LIB(SITOF, F80, I128, I128, "__floattixf")
  LIB(SITOF, F128, I8, I32, "__floatsitf")
  LIB(SITOF, F128, I64, I64, "__floatditf")
  LIB(SITOF, F128, I128, I128, "__floattitf")
  LIB(UITOF, F32, I128, I128, "__floatuntisf")
  LIB(UITOF, F64, I128, I128, "__floatuntidf")
  LIB(UITOF, F80, I128, I128, "__floatuntixf")
  LIB(UITOF, F128, I8, I32, "__floatunsitf")
  LIB(UITOF, F128, I64, I64, "__floatunditf")
  LIB(UITOF, F128, I128, I128, "__floatuntitf")
  LIB(FTOSI, F32, I128, I128, "__fixsfti")
  LIB(FTOSI, F64, I128, I128, "__fixdfti")
  LIB(FTOSI, F80, I128, I128, "__fixxfti")
  LIB(FTOSI, F128, I8, I32, "__fixtfsi")
  LIB(FTOSI, F128, I64, I64, "__fixtfdi")
  LIB(FTOSI, F128, I128, I128, "__fixtfti")
  LIB(FTOUI, F32, I128, I128, "__fixunssfti")
  LIB(FTOUI, F64, I128, I128, "__fixunsdfti")
  LIB(FTOUI, F80, I128, I128, "__fixunsxfti")
  LIB(FTOUI, F128, I8, I32, "__fixunstfsi")
  LIB(FTOUI, F128, I64, I64, "__fixunstfdi")
  LIB(FTOUI, F128, I128, I128, "__fixunstfti")
  LIB(FPROMOTE, F128, F32, F32, "__extendsftf2")
  LIB(FPROMOTE, F128, F64, F64, "__extenddftf2")
  LIB(FDEMOTE, F128, F32, F32, "__trunctfsf2")
  LIB(FDEMOTE, F128, F64, F64, "__trunctfdf2")
/* clang-format on */
#undef MATH
#undef LIB
};

const char *kn_library_name(unsigned op, unsigned type, unsigned from) {
  for (unsigned k = 0; k < sizeof table / sizeof *table; k++) {
    unsigned wide = table[k].wide, other = wide != 0 && type == wide ? from : type;
    if (table[k].op == op && (wide == 0 || type == wide || from == wide) &&
        other >= table[k].least && other <= table[k].most)
      return table[k].name;
  }
  return NULL;
}

static uint32_t checked(struct kn_walk *w, uint32_t symbol) {
  if (symbol == 0) kn_walk_fail(w, KILN_ERR_MEMORY, "out of memory for a symbol of the library");
  return symbol;
}

uint32_t kn_library_symbol(struct kn_walk *w, const char *name, const struct kn_sig *sig) {
  return checked(w, kn_symbol_library(w->f->module, name, sig));
}

uint32_t kn_library_variable(struct kn_walk *w, const char *name) {
  return checked(w, kn_symbol_reference(w->f->module, name));
}

/* The convention of a function: that of compilers' libraries if a value of 16 bytes is passed or returned. */
static const struct kn_convention *convention(struct kn_walk *w, const kiln_param *params,
                                              unsigned n, unsigned result) {
  const struct kn_target *t = w->target;
  bool large = kn_type_is_wide(result);
  if (KN_LIKELY(t->runtime == NULL)) return t->ir.library;
  for (unsigned k = 0; k < n; k++) large |= kn_type_is_wide(params[k].type);
  return large ? t->runtime : t->ir.library;
}

/* True if the convention returns the type in memory whose address is the first argument. */
static bool in_memory(const struct kn_convention *c, unsigned type) {
  return type == KILN_TYPE_F80 && (c->indirect >> type & 1) != 0;
}

enum { MOST_ARGS = 3 };

/* Calls a function that returns in memory: in the copy that is made of an argument more, a 0 of 16 bytes. */
static void call_with_memory(struct kn_walk *w, struct kn_call *c, struct kn_sig *sig) {
  const unsigned type = sig->results[0];
  kiln_param params[MOST_ARGS + 1] = {{.type = KILN_TYPE_I128}};
  uint32_t args[MOST_ARGS + 1] = {kn_handle(KN_TAG_IMM, 0)};
  memcpy(params + 1, sig->params, c->n * sizeof *params);
  memcpy(args + 1, c->args, c->n * sizeof *args);
  sig->params = params;
  sig->n_results = 0;
  c->args = args;
  c->n = sig->n_params = c->n + 1;
  w->target->calls.call(w, c);
  if (w->f->status != KILN_OK) return;
  struct kn_arg *a = &w->args.at[0];
  *a = (struct kn_arg){.type = (uint8_t)type,
                       .h = w->i,
                       .reg = KN_NO_REG,
                       .in_memory = true,
                       .indirect = true,
                       .memory = a->memory};
  w->args.n = 1;
  kn_take_assigned(w);
}

static void call(struct kn_walk *w, const char *name, const uint32_t *args,
                 const kiln_param *params, unsigned n, unsigned result) {
  struct kn_sig sig = {.params = params,
                       .n_params = n,
                       .results = {(uint8_t)result},
                       .n_results = result != KILN_TYPE_VOID,
                       .conv = convention(w, params, n, result)};
  struct kn_call c = {
    .sig = &sig, .args = args, .n = n, .symbol = kn_library_symbol(w, name, &sig), .library = true};
  if (c.symbol == 0 || w->f->status != KILN_OK) return;
  if (KN_UNLIKELY(in_memory(sig.conv, result))) {
    call_with_memory(w, &c, &sig);
    return;
  }
  w->target->calls.call(w, &c);
  if (w->f->status == KILN_OK && sig.n_results != 0) w->target->calls.take_results(w, &sig);
}

void kn_library_call(struct kn_walk *w, const char *name, const uint32_t *args,
                     const uint8_t *types, unsigned n, unsigned result) {
  kiln_param params[MOST_ARGS] = {{0}};
  for (unsigned k = 0; k < n; k++) params[k].type = types[k];
  call(w, name, args, params, n, result);
}

bool kn_library_op(struct kn_walk *w, const struct kn_inst *in) {
  const char *name = kn_library_name(in->op, in->type, in->x);
  const uint32_t args[3] = {in->a, in->b, in->c};
  kiln_param params[3] = {{.type = in->type}, {.type = in->type}, {.type = in->type}};
  unsigned n = 1, result = in->type;
  if (name == NULL) return false;
  switch (kn_op_info[in->op].shape) {
  case KN_SH_MEM3:
  case KN_SH_MEMSET:
    for (n = 0; n < 3; n++) params[n].type = KILN_TYPE_I64;
    if (in->op == KILN_OP_MEMSET) params[1].type = KILN_TYPE_I32;
    result = KILN_TYPE_VOID;
    break;
  case KN_SH_UNV: /* RESUME */
    params[0].type = KILN_TYPE_PTR;
    result = KILN_TYPE_VOID;
    break;
  case KN_SH_TERN: n = 3; break;
  case KN_SH_BIN: n = 2; break;
  case KN_SH_UN: break;
  default: /* conversions; narrow integers are passed as an int */
    params[0].type = (uint8_t)in->x;
    if (in->x < KILN_TYPE_I32)
      params[0].flags = in->op == KILN_OP_UITOF ? KILN_PARAM_ZEXT : KILN_PARAM_SEXT;
    break;
  }
  call(w, name, args, params, n, result);
  return true;
}

void kn_lower_library(struct kn_walk *w, const struct kn_inst *in) {
  if (!kn_library_op(w, in))
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "there is no library function for this operation");
}
