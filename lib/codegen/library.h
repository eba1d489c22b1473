/* Library functions that operations expand to: those of C's library and of the compilers' (libgcc, compiler-rt), and
 * what is common to calls of them. A target names one by its operation and types, and never by a string, unless it
 * knows the function alone. The functions are in lib/codegen/library.c. */
#ifndef KN_LIB_CODEGEN_LIBRARY_H
#define KN_LIB_CODEGEN_LIBRARY_H

#include "lib/codegen/walk.h"

/* The function that performs an operation of `type`, from values of type `from` if it is a conversion; NULL: none. */
const char *kn_library_name(unsigned op, unsigned type, unsigned from);
/* Its symbol, for calls by `sig` (NULL: not checked); 0, and the function failed, without memory. */
uint32_t kn_library_symbol(struct kn_walk *w, const char *name, const struct kn_sig *sig);
/* The symbol of a variable that the program has by a name, as the guard value. */
uint32_t kn_library_variable(struct kn_walk *w, const char *name);
/* Calls it by C's convention with operands `args` of `types`, which it drops; its result, of type `result` (VOID:
 * none), becomes that of the current instruction. */
void kn_library_call(struct kn_walk *w, const char *name, const uint32_t *args,
                     const uint8_t *types, unsigned n, unsigned result);
/* Lowers an instruction as a call of its library function; false, with nothing done, if there is none. */
bool kn_library_op(struct kn_walk *w, const struct kn_inst *in);
/* The same, where there is one for all types that come here. */
kn_lower kn_lower_library;

#endif
