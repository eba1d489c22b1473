/* What a module can ask of a code generator, and whether it gets it: the tables of support.def.
 * attrs.c looks up attributes and features, call.c conventions, flags.c the module's flags,
 * metadata and bundles; metadata.c named metadata.
 * Invariant: what the tables do not have and the file format numbers is refused. */
#ifndef KN_LLVM_SUPPORT_H
#define KN_LLVM_SUPPORT_H

#include <stdint.h>

/* The verdicts of support.def. */
enum kn_bc_verdict {
  SUPPORT_UNKNOWN,
  SUPPORT_DONE,
  SUPPORT_IDLE,
  SUPPORT_VALUE,
  SUPPORT_REFUSED,
  SUPPORT_UNLESS,
  SUPPORT_CALLED,
  SUPPORT_BOTH
};

/* What a row is about. */
enum kn_bc_support_kind {
  SUPPORT_ATTRIBUTE,
  SUPPORT_FEATURE,
  SUPPORT_CONVENTION,
  SUPPORT_FLAG,
  SUPPORT_BUNDLE,
  SUPPORT_METADATA,
  SUPPORT_NAMED,
  SUPPORT_KINDS
};
/* Their names, for errors. */
extern const char kn_bc_support_kinds[SUPPORT_KINDS][20];

/* A row of a table. There are no pointers in it, which the loader would have to relocate. */
struct kn_bc_support {
  char name[38];     /* "": the number has no row; of an UNKNOWN attribute what errors say of it */
  char harmless[12]; /* the value that asks for nothing; "": every value asks */
  uint8_t kind;      /* enum kn_bc_support_kind */
  uint8_t verdict;   /* enum kn_bc_verdict */
};

/* The row of an enum, integer or type attribute, of a convention, of a kind of metadata by LLVM's own number; NULL:
 * there is none. */
const struct kn_bc_support *kn_bc_support_attr(uint64_t number);
const struct kn_bc_support *kn_bc_support_convention(uint64_t number);
const struct kn_bc_support *kn_bc_support_metadata(uint64_t number);
/* LLVM's own number of the kind of metadata that row is about; UINT32_MAX: it has none. */
uint32_t kn_bc_support_number(const struct kn_bc_support *row);
/* The row of a string attribute, a feature ("+sse"), a module flag, a bundle, a kind of metadata, whose LLVM's own
 * number may be `likely`, or named metadata; NULL: there is none. */
const struct kn_bc_support *kn_bc_support_string(const char *name);
const struct kn_bc_support *kn_bc_support_feature(const char *name);
const struct kn_bc_support *kn_bc_support_flag(const char *name);
const struct kn_bc_support *kn_bc_support_bundle(const char *name);
const struct kn_bc_support *kn_bc_support_kind(const char *name, uint64_t likely);
const struct kn_bc_support *kn_bc_support_named(const char *name);

#endif
