/* Which functions keep a guard in their frame (kiln_func_guard). The guard value's location is in the module. */
#ifndef KN_LIB_CODEGEN_GUARD_H
#define KN_LIB_CODEGEN_GUARD_H

#include "ir/func.h"

/* Is a finished function to have a guard? */
bool kn_guard_needed(const kiln_func *f);

/* The location of the guard value as code generation wants it, and its register's number; KILN_ERR_UNSUPPORTED,
 * reported, if the target does not have it. */
kiln_status kn_guard_resolve(kiln_module *m, const kiln_guard_location *said,
                             kiln_guard_location *out, uint16_t *code);

#endif
