/* What a module can ask of a code generator, and whether it gets it: the tables of asks.def, and what is kept of
 * attributes. attrs.c looks up attributes and features, call.c conventions, flags.c the module's flags, metadata and
 * bundles.
 * Invariant: what the tables do not have and the file format numbers is refused. */
#ifndef KN_LLVM_ASKS_H
#define KN_LLVM_ASKS_H

#include <kiln/llvm.h>

/* The verdicts of asks.def. */
enum kn_bc_verdict {
  ASK_UNKNOWN,
  ASK_DONE,
  ASK_IDLE,
  ASK_WAITS,
  ASK_VALUE,
  ASK_REFUSED,
  ASK_UNLESS,
  ASK_CALLED,
  ASK_BOTH
};

/* What a row is about. */
enum kn_bc_ask_kind {
  ASK_ATTRIBUTE,
  ASK_FEATURE,
  ASK_CONVENTION,
  ASK_FLAG,
  ASK_BUNDLE,
  ASK_METADATA,
  ASK_KINDS
};
/* Their names, for errors. */
extern const char kn_bc_ask_kinds[ASK_KINDS][20];

/* A row of a table. There are no pointers in it, which the loader would have to relocate. */
struct kn_bc_ask {
  char name[38];     /* "": the number has no row */
  char harmless[12]; /* the value that asks for nothing; "": every value asks */
  uint8_t kind;      /* enum kn_bc_ask_kind */
  uint8_t verdict;   /* enum kn_bc_verdict */
};

/* The row of an enum, integer or type attribute, of a convention, of a kind of metadata; NULL: there is none. */
const struct kn_bc_ask *kn_bc_ask_attr(uint64_t number);
const struct kn_bc_ask *kn_bc_ask_convention(uint64_t number);
const struct kn_bc_ask *kn_bc_ask_metadata(uint64_t number);
/* The row of a string attribute, a feature ("+sse"), a module flag or a bundle; NULL: there is none. */
const struct kn_bc_ask *kn_bc_ask_string(const char *name);
const struct kn_bc_ask *kn_bc_ask_feature(const char *name);
const struct kn_bc_ask *kn_bc_ask_flag(const char *name);
const struct kn_bc_ask *kn_bc_ask_bundle(const char *name);

/* ---- attributes ---- */

enum {
  PA_SEXT = KILN_PARAM_SEXT,
  PA_ZEXT = KILN_PARAM_ZEXT,
  PA_BYVAL = KILN_PARAM_BYVAL,
  PA_SRET = KILN_PARAM_SRET,
  PA_IN_REG = 16
};
enum {
  FA_NORETURN = 1,
  FA_RETURNS_TWICE = 2,
  FA_CALL_REFUSED = 4, /* of a global only: kn_bc_attr.refused_call */
  FA_FEATURES = 3,     /* from this bit on: KILN_FEATURE_... */
  FA_NO_RED_ZONE = 32,
  KN_BC_SIG_DEFINITION = 128,
  FA_PROBE_STACK = 256, /* these wait until code generation has them */
  FA_SSP = 512,
  FA_SSP_STRONG = 1024,
  FA_SSP_REQ = 2048,
  FA_NON_LAZY_BIND = 4096
};
_Static_assert(1 << FA_FEATURES > FA_CALL_REFUSED &&
                 (KILN_FEATURE_LSE | KILN_FEATURE_CX16) << FA_FEATURES < FA_NO_RED_ZONE,
               "features are between the other flags");
/* What a function gives its signature. */
#define KN_BC_SIG_FLAGS (FA_NORETURN | FA_RETURNS_TWICE)

#define KN_BC_FUNC_INDEX 0xffffffffu

/* Attributes of one index (0 the result, 1.. the parameters, KN_BC_FUNC_INDEX the function). */
struct kn_bc_attr {
  uint32_t index;
  uint32_t type;            /* BYVAL */
  uint16_t flags;           /* PA_... or FA_... */
  uint8_t align_log2;       /* 0: not given */
  uint8_t stack_align_log2; /* of a parameter in memory; 0: 8 bytes or less */
  /* what a definition or a parameter, and what a call, asks for and cannot have; NULL: nothing */
  const struct kn_bc_ask *refused, *refused_call;
};

/* An attribute list: attrs in kn_bc.list_attrs. List 0 is the empty one. */
struct kn_bc_attr_list {
  uint32_t first, n;
  uint32_t same;                        /* the first list with the same attributes */
  uint32_t hash, next;                  /* first lists only: next one with the same hash; 0: none */
  const struct kn_bc_ask *refused_call; /* of one of its attributes */
};

#endif
