/* Which functions keep a guard in their frame (kiln_func_guard). The guard value's place is in the module. */
#ifndef KN_LIB_CODEGEN_GUARD_H
#define KN_LIB_CODEGEN_GUARD_H

#include "ir/func.h"

/* Decides whether a finished function is guarded: sets `guarded`, and `has_calls` with it. */
void kn_guard_decide(kiln_func *f);

#endif
