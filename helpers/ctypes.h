/* The table of C types and signatures, shared by the files of helpers/ctypes*.c: layout (ctypes.c),
 * classification by the ABI (ctypes_abi.c), calls (ctypes_build.c). Invariant: a type refers to types with
 * smaller ids only, and carries all that the ABI asks of it, so that nothing here descends into types. */
#ifndef KN_HELPERS_CTYPES_H
#define KN_HELPERS_CTYPES_H

#include <kiln/ctypes.h>

#include "helpers/array.h"

/* Classes of psABI 3.2.3, of a byte. */
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
  uint64_t starts; /* where in the first 16 bytes scalars start, other than bit-fields: a lane of 16
                     * bits for each alignment by nature: 2, 4, 8, 16 */
  uint32_t align;  /* bytes */
  uint32_t natural; /* alignment without attributes of the type itself: AAPCS64 5.9 */
  uint32_t element; /* arrays */
  uint32_t fields, n_fields;
  uint8_t kind;  /* kiln_ckind */
  uint8_t value; /* kiln_type of scalars, else VOID */
  uint8_t hfa;   /* type of all members: kiln_type; VOID: none yet; or KN_CHFA_NOT */
  uint8_t n_hfa; /* members: at most 5 are counted */
  bool is_signed;
  bool flexible; /* ends in a flexible array */
};

struct kn_csig {
  kiln_sig sig;
  unsigned flags;
  uint32_t args, n; /* in kiln_ctypes.args */
  uint32_t n_fixed;
  kiln_carg result;
};

/* An argument and the type that it had before promotion. */
struct kn_carg {
  kiln_carg as;
  kiln_ctype given;
};

struct kiln_ctypes {
  kiln_module *m;
  kiln_allocator allocator;
  kiln_target target;
  KN_HELPER_ARRAY(struct kn_ctype) types; /* the basic ones first: index is id */
  KN_HELPER_ARRAY(kiln_cplace) fields;
  KN_HELPER_ARRAY(struct kn_csig) sigs; /* index 0 is none */
  KN_HELPER_ARRAY(struct kn_carg) args;
  KN_HELPER_ARRAY(kiln_param) params; /* of the signature being made */
};

static inline uint64_t kn_cround(uint64_t x, uint64_t align) {
  return (x + align - 1) & ~(align - 1);
}

/* The type; NULL for none. */
static inline const struct kn_ctype *kn_ctype_at(const kiln_ctypes *c, kiln_ctype t) {
  return t.id != 0 && t.id < c->types.n ? c->types.at + t.id : NULL;
}

/* The signature; NULL for none. */
static inline const struct kn_csig *kn_csig_at(const kiln_ctypes *c, kiln_csig s) {
  return s.id != 0 && s.id < c->sigs.n ? c->sigs.at + s.id : NULL;
}

/* Reports an error to the module; returns false. */
bool kn_ctypes_fail(kiln_ctypes *c, kiln_status status, const char *message);
/* The class of eightbyte k (0 or 1) of a type of at most 16 bytes: psABI 3.2.3, merging. */
enum kn_cclass kn_cclass_of(uint64_t classes, unsigned k);
/* Merges two classes. */
enum kn_cclass kn_cclass_merge(enum kn_cclass a, enum kn_cclass b);
/* How a value of type t goes as an argument while there are registers for it: VALUE, PIECES, ...; `param` is
 * not set. For va_arg. */
kiln_carg kn_carg_of(const kiln_ctypes *c, kiln_ctype t);

#endif
