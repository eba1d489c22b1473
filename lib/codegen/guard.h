/* Which functions keep a guard in their frame (kiln_func_guard). The guard value's location is in the module. */
#ifndef KN_LIB_CODEGEN_GUARD_H
#define KN_LIB_CODEGEN_GUARD_H

#include "ir/func.h"

/* Is a finished function to have a guard? */
bool kn_guard_needed(const kiln_func *f);

#endif
