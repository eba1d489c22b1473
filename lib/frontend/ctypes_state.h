/* The table of C types and signatures, shared by the files of lib/frontend/ctypes*.c: layout (ctypes.c),
 * classification by the ABI (ctypes_abi.c), calls (ctypes_build.c). Invariant: a type refers to types with
 * smaller ids only, and has all that the ABI needs to know of it, so that no code here recurses into types. */
#ifndef KN_LIB_FRONTEND_CTYPES_STATE_H
#define KN_LIB_FRONTEND_CTYPES_STATE_H

#include <kiln/ctypes.h>

#include "base/hash.h"

#include <string.h>

/* Class of a byte of an argument: psABI 3.2.3. */
enum kn_cclass {
  KN_CCLASS_NONE,
  KN_CCLASS_INTEGER,
  KN_CCLASS_SSE,
  KN_CCLASS_X87,
  KN_CCLASS_X87UP,
  KN_CCLASS_MEMORY
};

/* Of a type that cannot be a homogeneous floating-point aggregate. */
#define KN_CHFA_NOT 0xff

struct kn_ctype {
  uint64_t size; /* bytes */
  uint64_t count;
  uint64_t classes; /* x86-64: the class of each of the first 16 bytes, 4 bits each */
  uint64_t starts;  /* where in the first 16 bytes scalars start, except bit-fields: a lane of 16
                     * bits for each natural alignment: 2, 4, 8, 16 bytes */
  uint32_t align;   /* bytes */
  uint32_t natural; /* alignment without attributes of the type itself: AAPCS64 5.9 */
  uint32_t element; /* arrays */
  uint32_t fields, n_fields;
  uint16_t kind; /* kiln_ctype_kind */
  uint8_t value; /* kiln_type of scalars, else VOID */
  uint8_t hfa;   /* kiln_type of all members; VOID: no member yet; or KN_CHFA_NOT */
  uint8_t n_hfa; /* members: at most 5 are counted */
  bool is_signed;
  bool flexible;  /* ends in a flexible array */
  bool in_memory; /* never in registers: kiln_ctype_options.in_memory, or that of a member */
};

struct kn_csig {
  kiln_sig sig;
  unsigned flags;
  uint32_t args, n; /* in kiln_ctypes.args */
  uint32_t n_fixed;
  kiln_carg_info result;
};

/* An argument and the type that it had before promotion. */
struct kn_carg {
  kiln_carg_info as;
  kiln_ctype given;
};

/* Argument registers taken so far. */
struct kn_cregs {
  unsigned gp, fp;
};

/* What a target's ABI says about C: a row of the table in ctypes_abi.c. */
struct kn_cabi {
  kiln_type ldouble;       /* long double */
  uint8_t long_bytes;      /* of long */
  bool signed_char;        /* plain char is signed */
  bool unnamed_bits_align; /* bit-fields without a name count for the alignment of the whole */
  bool extends_small;      /* arguments of less than 32 bits are extended by the caller */
  /* the pieces of an argument are all in registers or all in memory: KILN_PARAM_JOIN */
  bool joins_pieces;
  bool splits_i128; /* an i128 is two integers to va_arg */
  /* The ABI has more rules than are implemented: scalars of 16 bytes in signatures, and bit-fields, are refused. */
  bool partial;
  /* How an argument of a type is passed while registers are free. */
  kiln_carg_info (*arg)(const struct kn_ctype *t);
  /* The pieces of a result, if it is returned in registers. */
  void (*result)(const struct kn_ctype *t, kiln_carg_info *a);
  /* Takes registers for an argument, or changes `a` to memory if there are not enough. NULL: the target's own
   * lowering of calls does that. */
  void (*take)(const struct kn_ctype *t, struct kn_cregs *r, kiln_carg_info *a);
  /* va_arg of an argument that is not a scalar, or is passed in memory: returns its address. */
  kiln_value (*next_arg)(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a,
                         kiln_value ap);
};

struct kiln_ctypes {
  kiln_module *m;
  kiln_allocator allocator;
  const struct kn_cabi *abi;
  KN_ARRAY(struct kn_ctype) types; /* the basic ones first: index is id */
  KN_ARRAY(kiln_cfield_info) fields;
  KN_ARRAY(struct kn_csig) sigs; /* index 0 is none */
  struct kn_hash sig_hash;       /* by content */
  bool as_given;                 /* variadic arguments are not promoted */
  KN_ARRAY(struct kn_carg) args;
  KN_ARRAY(kiln_param) params; /* of the signature being made */
};

static inline uint64_t kn_cround(uint64_t x, uint64_t align) {
  return (x + align - 1) & ~(align - 1);
}

/* Types are in the order of their ids; ids between those of basic types and KILN_CTYPE_ARRAY are not used yet. */
enum { KN_CTYPE_BASICS = KILN_CTYPE_COMPLEX_LDOUBLE + 1 };

/* The type; NULL for none. */
static inline const struct kn_ctype *kn_ctype_at(const kiln_ctypes *c, kiln_ctype t) {
  uint32_t at = t.id < KILN_CTYPE_ARRAY ? t.id : t.id - KILN_CTYPE_ARRAY + KN_CTYPE_BASICS;
  if (t.id >= KN_CTYPE_BASICS && t.id < KILN_CTYPE_ARRAY) return NULL;
  return c != NULL && t.id != 0 && at < c->types.n ? c->types.at + at : NULL;
}

/* The signature; NULL for none. */
static inline const struct kn_csig *kn_csig_at(const kiln_ctypes *c, kiln_csig s) {
  return c != NULL && s.id != 0 && s.id < c->sigs.n ? c->sigs.at + s.id : NULL;
}

/* Reports an error to the module; returns false. */
bool kn_ctypes_fail(kiln_ctypes *c, kiln_status status, const char *message);
/* The same, for functions that return `failed` when they fail. */
#define KN_CTYPES_FAIL(failed, ...) ((void)kn_ctypes_fail(__VA_ARGS__), (failed))
/* The class of eightbyte k (0 or 1) of a type of at most 16 bytes: psABI 3.2.3, merging. */
enum kn_cclass kn_cclass_of(uint64_t classes, unsigned k);
/* The ABI of a target; NULL if there is none. */
const struct kn_cabi *kn_cabi_of(kiln_target target);
/* kn_cabi.next_arg of both ABIs (ctypes_build.c). */
kiln_value kn_cva_arg_x64(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a,
                          kiln_value ap);
kiln_value kn_cva_arg_windows(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a,
                              kiln_value ap);
kiln_value kn_cva_arg_a64(kiln_func *f, const struct kn_ctype *t, const kiln_carg_info *a,
                          kiln_value ap);
/* How an argument of type t is passed while registers are free: VALUE, PIECES, ...; `param` is not set. For
 * va_arg. */
kiln_carg_info kn_carg_of(const kiln_ctypes *c, kiln_ctype t);

#endif
