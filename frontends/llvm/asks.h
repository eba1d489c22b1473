/* What a module can ask of a code generator, and whether it gets it: the tables of asks.def.
 * attrs.c looks up attributes and features, call.c conventions, flags.c the module's flags,
 * metadata and bundles.
 * Invariant: what the tables do not have and the file format numbers is refused. */
#ifndef KN_LLVM_ASKS_H
#define KN_LLVM_ASKS_H

#include <stdint.h>

/* The verdicts of asks.def. */
enum kn_bc_verdict {
  ASK_UNKNOWN,
  ASK_DONE,
  ASK_IDLE,
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

#endif
