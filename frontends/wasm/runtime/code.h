/* Compiled code by its addresses, and walks through its frames: code.c. */
#ifndef KN_RUNTIME_CODE_H
#define KN_RUNTIME_CODE_H

#include <kiln/wasm_abi.h>

/* An image whose code is known. */
struct kn_code;

/* Registers of an interrupted function, or of one that called the runtime. */
struct kn_regs {
  uintptr_t pc, sp, fp;
  uintptr_t link; /* AArch64: the return address, where it is not on the stack */
};

/* A function of a module, and where in it. */
struct kn_place {
  const kiln_wasm_image *image;
  uint32_t function, offset;
};

/* Once per process. */
void kn_code_prepare(void);

/* Registers an image, or counts one more use of it; NULL: out of memory. */
struct kn_code *kn_code_use(const kiln_wasm_image *image);
void kn_code_release(struct kn_code *code);

/* What is below is called between these two. */
void kn_code_begin(void);
void kn_code_end(void);

/* Whether there is code at an address. */
bool kn_code_has(uintptr_t at);
/* Whether that is a function of the image's own, `entry` or `host`, and not one of the module. */
bool kn_code_has_own(uintptr_t at);

/* Finds the functions of modules that are active, from the innermost one: how many there are in `places`. `innermost`:
 * `regs.pc` is an instruction that was interrupted, not a return address. Frames end at `high`. */
uint32_t kn_code_walk(struct kn_regs regs, bool innermost, uintptr_t high, struct kn_place *places,
                      uint32_t room);

#endif
