/* The types of values as data: one list, from which every array and set of types here is made. Included by ir/ops.h,
 * and by everyone who asks what a type is. Which registers hold a type is in the target's table. */
#ifndef KN_IR_TYPE_INFO_H
#define KN_IR_TYPE_INFO_H

#include <kiln/types.h>

/* TYPE(ENUM, name, log2 of the bytes in memory, kind), in the order of kiln_type. F80 has 16 bytes, of which 10 are
 * used. */
#define KN_TYPES(TYPE)                                                                             \
  TYPE(VOID, void, 0, NONE)                                                                        \
  TYPE(I8, i8, 0, INT)                                                                             \
  TYPE(I16, i16, 1, INT)                                                                           \
  TYPE(I32, i32, 2, INT)                                                                           \
  TYPE(I64, i64, 3, INT)                                                                           \
  TYPE(I128, i128, 4, INT)                                                                         \
  TYPE(F16, f16, 1, FLT)                                                                           \
  TYPE(F32, f32, 2, FLT)                                                                           \
  TYPE(F64, f64, 3, FLT)                                                                           \
  TYPE(F80, f80, 4, FLT)                                                                           \
  TYPE(F128, f128, 4, FLT)                                                                         \
  TYPE(V64, v64, 3, VEC)                                                                           \
  TYPE(V128, v128, 4, VEC)

enum { KN_IS_NONE, KN_IS_INT, KN_IS_FLT, KN_IS_VEC };

/* The list has the types of <kiln/types.h>, all of them, in their order. */
enum {
#define TYPE(E, name, log2, is) KN_LISTED_##E,
  KN_TYPES(TYPE)
#undef TYPE
    KN_LISTED_COUNT
};
#define TYPE(E, name, log2, is)                                                                    \
  _Static_assert((int)KN_LISTED_##E == (int)KILN_TYPE_##E, "KN_TYPES is in the order of "          \
                                                           "kiln_type");
KN_TYPES(TYPE)
#undef TYPE
_Static_assert((int)KN_LISTED_COUNT == (int)KILN_TYPE_COUNT, "KN_TYPES has every type");
_Static_assert(KILN_TYPE_COUNT <= 16, "a set of types is 16 bits");

/* Sets of types: a bit each. */
#define KN_T(t) (1u << KILN_TYPE_##t)
enum {
#define TYPE(E, name, log2, is) | (KN_IS_##is == KN_IS_INT ? KN_T(E) : 0)
  KN_TS_INT = 0 KN_TYPES(TYPE),
#undef TYPE
#define TYPE(E, name, log2, is) | (KN_IS_##is == KN_IS_FLT ? KN_T(E) : 0)
  KN_TS_FLT = 0 KN_TYPES(TYPE),
#undef TYPE
#define TYPE(E, name, log2, is) | (KN_IS_##is == KN_IS_VEC ? KN_T(E) : 0)
  KN_TS_VEC = 0 KN_TYPES(TYPE),
#undef TYPE
#define TYPE(E, name, log2, is)                                                                    \
  | ((KN_IS_##is == KN_IS_INT || KN_IS_##is == KN_IS_FLT) && (log2) == 4 ? KN_T(E) : 0)
  KN_TS_WIDE = 0 KN_TYPES(TYPE), /* scalars of 16 bytes: they live in memory, as two halves */
#undef TYPE
  KN_TS_INT64 = KN_TS_INT & ~KN_TS_WIDE,
  KN_TS_SCALAR = KN_TS_INT | KN_TS_FLT,
  KN_TS_ANY = KN_TS_SCALAR | KN_TS_VEC,
  KN_TS_PTR = KN_T(I64),
  KN_TS_I32 = KN_T(I32),
  KN_TS_VOID = KN_T(VOID),
  /* of operations on lanes: the vectors, and what the lanes may be */
  KN_TS_VINT = KN_TS_VEC | KN_TS_INT64,
  KN_TS_VFLT = KN_TS_VEC | KN_T(F32) | KN_T(F64),
  KN_TS_VF32 = KN_TS_VEC | KN_T(F32),
  KN_TS_VI32 = KN_TS_VEC | KN_T(I32),
  KN_TS_VANY = KN_TS_VINT | KN_TS_VFLT,
  KN_TS_MACHINE = KN_TS_VEC | KN_T(I32) | KN_T(I64) | KN_T(F32) | KN_T(F64)
};

/* Log2 of the size of each type, by kiln_type; VOID 0. */
extern const uint8_t kn_type_log2[KILN_TYPE_COUNT];

/* One comparison each: integers are neighbours in the list, and so are floats. */
static inline bool kn_type_is_int(unsigned t) {
  return t - KILN_TYPE_I8 <= KILN_TYPE_I128 - KILN_TYPE_I8;
}
static inline bool kn_type_is_float(unsigned t) {
  return t - KILN_TYPE_F16 <= KILN_TYPE_F128 - KILN_TYPE_F16;
}
_Static_assert(KN_TS_INT == 2 * KN_T(I128) - KN_T(I8), "integers are in a row");
_Static_assert(KN_TS_FLT == 2 * KN_T(F128) - KN_T(F16), "floats are in a row");

static inline bool kn_type_is_vector(unsigned t) { return (KN_TS_VEC >> t & 1) != 0; }
static inline bool kn_type_is_wide(unsigned t) { return (KN_TS_WIDE >> t & 1) != 0; }

#endif
