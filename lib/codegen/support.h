/* What a function needs of its target, which the target may lack. */
#ifndef KN_LIB_CODEGEN_SUPPORT_H
#define KN_LIB_CODEGEN_SUPPORT_H

#include "lib/codegen/walk.h"

/* The parts of it that the target leaves out, a bit each: kiln_session.lacks. */
uint32_t kn_target_lacks(const struct kn_target *t);
/* True if the finished function needs none of those; else it failed. */
bool kn_supports_func(kiln_func *f, uint32_t lacks);

#endif
