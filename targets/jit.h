/* The contract between jit/ and a target: what the relocations of code in memory need, how they are resolved, and the
 * code that the JIT writes itself. Called by the linker of jit/ for the machine that it runs on; a target without
 * (kn_target.jit) has no JIT.
 * Invariant: a field that does not reach its target is an error, never a wrong value. */
#ifndef KN_TARGETS_JIT_H
#define KN_TARGETS_JIT_H

#include <stdbool.h>
#include <stdint.h>

enum { KN_JIT_STUB_BYTES = 16, KN_JIT_REGISTRAR_BYTES = 32, KN_JIT_TLS_BYTES = 40 };

/* What a relocation needs of the unit besides its symbol's address. */
enum kn_jit_need {
  KN_JIT_NEEDS_UNKNOWN, /* the JIT does not know it */
  KN_JIT_NEEDS_NOTHING,
  KN_JIT_NEEDS_STUB, /* a call: a stub, if its target may be anywhere */
  KN_JIT_NEEDS_STUB_OF_CODE, /* an address: the same for functions, whose stub is their address as linkers have it */
  KN_JIT_NEEDS_ENTRY, /* an entry of the table of addresses */
  KN_JIT_NEEDS_TLS    /* an entry of the table of thread-local variables */
};

/* What a relocation may be resolved to. */
struct kn_jit_aim;
struct kn_jit_aims {
  /* The address that references to the symbol see, + the addend; that of its definition; of its stub, or 0. */
  uint64_t (*symbol)(const struct kn_jit_aim *a);
  uint64_t (*definition)(const struct kn_jit_aim *a);
  uint64_t (*stub)(const struct kn_jit_aim *a);
  /* Whether it is a weak symbol that nobody defines, whose address is 0, and may be out of reach. */
  bool (*undefined)(const struct kn_jit_aim *a);
  /* An address within reach that cannot be accessed: what such a symbol's content is. */
  uint64_t (*nowhere)(const struct kn_jit_aim *a);
  /* Of its entries in the tables. */
  uint64_t (*entry)(const struct kn_jit_aim *a);
  uint64_t (*tls)(const struct kn_jit_aim *a);
  /* The offset of a thread-local symbol of the process from the thread pointer; false, with an error, if it is none. */
  bool (*offset)(const struct kn_jit_aim *a, uint64_t *out);
  /* The same, written to the first word of its entry in the table, which nothing else uses: a symbol has one model. */
  bool (*offset_entry)(const struct kn_jit_aim *a);
  /* Reports that the field does not reach, if nothing was reported; false. */
  bool (*too_far)(const struct kn_jit_aim *a);
};

/* What one relocation is about. The functions come with it: a program that only writes objects has no JIT. */
struct kn_jit_aim {
  const struct kn_jit_aims *to;
  struct kn_jit_link *link;
  const struct kn_code_reloc *reloc;
  uint32_t in; /* input */
};

struct kn_jit_machine {
  enum kn_jit_need (*need)(uint32_t type);
  /* Writes the field at `to`, which is executed at `at`. False, with an error, if it does not reach. */
  bool (*reloc)(const struct kn_jit_aim *a, uint8_t *to, uint64_t at);
  /* A jump to the address in `slot`, of KN_JIT_STUB_BYTES. */
  void (*write_stub)(uint8_t *to, uint64_t at, uint64_t slot);
  /* A jump to the function whose address is in `slot`, with the same arguments, and `dso` as argument `number` from 0
   * (1 to 3). If that is 2, argument 1 is NULL: atexit becomes __cxa_atexit. */
  void (*write_registrar)(uint8_t *to, uint64_t at, uint64_t dso, uint64_t slot, unsigned number);
  /* int (*)(void): returns `number`. */
  void (*write_probe)(uint8_t *to, unsigned number);
  /* The entry of the table at `at` (KN_JIT_TLS_BYTES) by which code finds a thread-local variable. Code that calls for
   * its address ends in `get`, a C function that is given the address of `pair`. */
  void (*write_tls)(uint8_t *to, uint64_t at, const uint64_t pair[2], uint64_t get);
  bool sees_changes; /* processors notice by themselves that code has changed */
};

#endif
