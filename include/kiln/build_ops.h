/* Defines a function kiln_build_<name> for each operation of <kiln/ops.def> that has one of the shapes below, so that
 * code that builds instructions looks like the text form. The other operations (BR, LOAD, CALL, TRY, ...) are functions
 * of <kiln/build.h>, <kiln/asm.h> and <kiln/exceptions.h>; kiln_build_machine (<kiln/machine_ops.h>) builds MACHINE,
 * MACHINE_ACT and MACHINE_DO. The first argument is the kiln_func; the others depend on the shape:
 * - NULLARY, NULLARYV: nothing; kiln_build_unreachable(f)
 * - UN: type, a; kiln_build_ctz(f, type, a)
 * - BIN: type, a, b; kiln_build_add(f, type, a, b)
 * - TERN: type, a, b, c; kiln_build_fma(f, type, a, b, c)
 * - UNV, SLOTV: a, of the operation's type; kiln_build_resume(f, exception)
 * - BINV: a, b. MEM3, MEMSET: a, b, c; kiln_build_memcpy(f, to, from, size)
 * - CONV_...: to, from, a; kiln_build_zext(f, to, from, a)
 * - LEVEL: level; kiln_build_return_addr(f, level)
 * - VUN, VSPLAT: type, lane, a; kiln_build_vsplat(f, type, lane, a)
 * - VBIN: type, lane, a, b; kiln_build_vadd(f, type, lane, a, b)
 * - VSHIFT: type, lane, number, a; kiln_build_vshl(f, type, lane, count, a)
 * - VEXTRACT: type, from, number, a; kiln_build_vextract(f, type, from, index, a)
 * - VINSERT: type, lane, number, a, b; kiln_build_vinsert(f, type, lane, index, a, b)
 * - VICMP, VFCMP: type, lane, condition, a, b; kiln_build_vicmp(f, type, lane, cond, a, b) */
#ifndef KILN_BUILD_OPS_H
#define KILN_BUILD_OPS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/* There is one macro for each shape of operations. For each operation of its shape, a macro defines the function that
 * builds the operation. docs/doxygen_filter.sh generates the documentation of these functions from <kiln/ops.def>. */
#define KILN_OPS_NULLARY(op, name, only)                                                           \
  static inline kiln_value name(kiln_func *f) { return kiln_build_nullary(f, op); }
#define KILN_OPS_NULLARYV(op, name, only)                                                          \
  static inline void name(kiln_func *f) { kiln_build_nullary(f, op); }
#define KILN_OPS_UN(op, name, only)                                                                \
  static inline kiln_value name(kiln_func *f, kiln_type type, kiln_value a) {                      \
    return kiln_build_unary(f, op, type, a);                                                       \
  }
#define KILN_OPS_UNV(op, name, only)                                                               \
  static inline void name(kiln_func *f, kiln_value a) { kiln_build_unary(f, op, only, a); }
#define KILN_OPS_SLOTV(op, name, only) KILN_OPS_UNV(op, name, only)
#define KILN_OPS_BIN(op, name, only)                                                               \
  static inline kiln_value name(kiln_func *f, kiln_type type, kiln_value a, kiln_value b) {        \
    return kiln_build_binary(f, op, type, a, b);                                                   \
  }
#define KILN_OPS_BINV(op, name, only)                                                              \
  static inline void name(kiln_func *f, kiln_value a, kiln_value b) {                              \
    kiln_build_binary(f, op, only, a, b);                                                          \
  }
#define KILN_OPS_TERN(op, name, only)                                                              \
  static inline kiln_value name(kiln_func *f, kiln_type type, kiln_value a, kiln_value b,          \
                                kiln_value c) {                                                    \
    return kiln_build_ternary(f, op, type, a, b, c);                                               \
  }
#define KILN_OPS_MEM3(op, name, only)                                                              \
  static inline void name(kiln_func *f, kiln_value a, kiln_value b, kiln_value c) {                \
    kiln_build_ternary(f, op, only, a, b, c);                                                      \
  }
#define KILN_OPS_MEMSET(op, name, only) KILN_OPS_MEM3(op, name, only)
#define KILN_OPS_CONV_II(op, name, only)                                                           \
  static inline kiln_value name(kiln_func *f, kiln_type to, kiln_type from, kiln_value a) {        \
    return kiln_build_convert(f, op, to, from, a);                                                 \
  }
#define KILN_OPS_CONV_FF(op, name, only) KILN_OPS_CONV_II(op, name, only)
#define KILN_OPS_CONV_FI(op, name, only) KILN_OPS_CONV_II(op, name, only)
#define KILN_OPS_CONV_IF(op, name, only) KILN_OPS_CONV_II(op, name, only)
#define KILN_OPS_CONV_BITS(op, name, only) KILN_OPS_CONV_II(op, name, only)
#define KILN_OPS_LEVEL(op, name, only)                                                             \
  static inline kiln_value name(kiln_func *f, uint32_t level) {                                    \
    return kiln_build_level(f, op, level);                                                         \
  }
#define KILN_OPS_VUN(op, name, only)                                                               \
  static inline kiln_value name(kiln_func *f, kiln_type type, kiln_type lane, kiln_value a) {      \
    kiln_value none = {0};                                                                         \
    return kiln_build_vector(f, op, type, lane, 0, a, none);                                       \
  }
#define KILN_OPS_VSPLAT(op, name, only) KILN_OPS_VUN(op, name, only)
#define KILN_OPS_VBIN(op, name, only)                                                              \
  static inline kiln_value name(kiln_func *f, kiln_type type, kiln_type lane, kiln_value a,        \
                                kiln_value b) {                                                    \
    return kiln_build_vector(f, op, type, lane, 0, a, b);                                          \
  }
#define KILN_OPS_VSHIFT(op, name, only)                                                            \
  static inline kiln_value name(kiln_func *f, kiln_type type, kiln_type lane, uint32_t number,     \
                                kiln_value a) {                                                    \
    kiln_value none = {0};                                                                         \
    return kiln_build_vector(f, op, type, lane, number, a, none);                                  \
  }
#define KILN_OPS_VEXTRACT(op, name, only) KILN_OPS_VSHIFT(op, name, only)
#define KILN_OPS_LANES(op, name, number_type)                                                      \
  static inline kiln_value name(kiln_func *f, kiln_type type, kiln_type lane, number_type number,  \
                                kiln_value a, kiln_value b) {                                      \
    return kiln_build_vector(f, op, type, lane, (uint32_t)number, a, b);                           \
  }
#define KILN_OPS_VINSERT(op, name, only) KILN_OPS_LANES(op, name, uint32_t)
#define KILN_OPS_VICMP(op, name, only) KILN_OPS_LANES(op, name, kiln_icond)
#define KILN_OPS_VFCMP(op, name, only) KILN_OPS_LANES(op, name, kiln_fcond)

/* These are declared elsewhere. */
#define KILN_OPS_INTERNAL(op, name, only)
#define KILN_OPS_RESULT(op, name, only)
#define KILN_OPS_ICMP(op, name, only)
#define KILN_OPS_FCMP(op, name, only)
#define KILN_OPS_SELECT(op, name, only)
#define KILN_OPS_LOAD(op, name, only)
#define KILN_OPS_STORE(op, name, only)
#define KILN_OPS_ADDR(op, name, only)
#define KILN_OPS_SALLOC(op, name, only)
#define KILN_OPS_ATOMIC_LOAD(op, name, only)
#define KILN_OPS_ATOMIC_STORE(op, name, only)
#define KILN_OPS_ATOMIC_RMW(op, name, only)
#define KILN_OPS_ATOMIC_CAS(op, name, only)
#define KILN_OPS_FENCE(op, name, only)
#define KILN_OPS_CALL(op, name, only)
#define KILN_OPS_VA_ARG(op, name, only)
#define KILN_OPS_ASM(op, name, only)
#define KILN_OPS_MACHINE(op, name, only)
#define KILN_OPS_MACHINEV(op, name, only)
#define KILN_OPS_BR(op, name, only)
#define KILN_OPS_BRIF(op, name, only)
#define KILN_OPS_SWITCH(op, name, only)
#define KILN_OPS_BRIND(op, name, only)
#define KILN_OPS_RET(op, name, only)
#define KILN_OPS_TAILCALL(op, name, only)
#define KILN_OPS_TRY(op, name, only)

/* The type of operations that have only one. */
#define KILN_OPS_ONLY_PTR KILN_TYPE_PTR
#define KILN_OPS_ONLY_I32 KILN_TYPE_I32

#define KILN_OP(E, name, shape, types, effects, fact, cost, doc)                                   \
  KILN_OPS_##shape(KILN_OP_##E, kiln_build_##name, KILN_OPS_ONLY_##types)
#include <kiln/ops.def>

#ifdef __cplusplus
}
#endif
#endif
