/* What a function or an object needs of its target, which the target may lack. */
#ifndef KN_LIB_CODEGEN_SUPPORT_H
#define KN_LIB_CODEGEN_SUPPORT_H

#include "lib/codegen/walk.h"

/* True if the target has what the finished function needs; else the function failed. */
bool kn_supports_func(kiln_func *f, const struct kn_target *t);
/* True if objects of the module can be written; else it failed. */
bool kn_supports_objects(kiln_module *m, const struct kn_target *t);

#endif
