/* The contract between lib/jit/ and a target: the code that the JIT writes itself, and the instructions that it
 * changes. Called by the linker (lib/jit/link) for the machine that it runs on; a target without (kn_target.jit) has
 * no JIT. The fields of relocations are lib/jit/link/reloc.c's, by the kinds' table (ir/reloc_kinds.h). */
#ifndef KN_TARGETS_JIT_H
#define KN_TARGETS_JIT_H

#include <stdbool.h>
#include <stdint.h>

enum { KN_JIT_STUB_BYTES = 32, KN_JIT_REGISTRAR_BYTES = 32, KN_JIT_TLS_BYTES = 40 };

/* Stubs lie in groups. The place of the first ones has the code for those whose functions have no definition: it leads
 * to code of the target's, which keeps all registers that may have arguments, or that the function has to preserve,
 * calls `find`, and jumps to what that returns. Exceptions and walks of the stack pass through. */
enum { KN_JIT_LATE_STUBS = 4 };
struct kn_jit_late_words {
  void (*code)(void); /* of the target */
  /* `number` is of the stub. While it runs, `*roots` is the table of the arguments of the call that are roots, or NULL
   * (KN_STACK_LATE_ROOTS). */
  uint64_t (*find)(void *group, uint64_t number, const uint8_t **roots);
  void *group;
  uint32_t
    vectors; /* the target's: which registers of vectors it saves, beyond those that each processor has, */
  uint32_t vector_bytes; /* and how much memory that takes */
};

struct kn_jit_machine {
  /* Whether another instruction was written in place of the one with the field at `to`, which is executed at `at`: one
   * that makes `value`, the symbol's address + the addend, without an entry of the table of addresses, or where no
   * distance reaches. `undefined`: the symbol is a weak one that nobody defines, of address 0. */
  bool (*rewrite)(uint32_t kind, uint8_t *to, uint64_t at, uint64_t value, bool undefined);
  /* A jump to the address in `slot`, of KN_JIT_STUB_BYTES. After it, at `stub_late`, is a jump to the code of its
   * group, which is at `group` and gets the number of the stub; or a trap if `group` is 0. Both begin with the
   * instruction that processors which check indirect jumps want there. The frame is as at a function's entry. */
  void (*write_stub)(uint8_t *to, uint64_t at, uint64_t slot, uint64_t group);
  uint8_t stub_late;
  /* The code of a group, of at most KN_JIT_LATE_STUBS * KN_JIT_STUB_BYTES, and the target's part of its words. */
  void (*write_late)(uint8_t *to, uint64_t at, struct kn_jit_late_words *words);
  uint8_t late_rows[8], n_late_rows; /* unwind rows of the group, which begins with that code */
  /* The target's code that calls `find`: its start, where `find` returns to, and where it saves the registers of
   * arguments, by register: the distance from the CFA, or 0. NULL: the library runs on another machine. */
  const char *late_start, *late_return;
  int16_t late_saved[32];
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
