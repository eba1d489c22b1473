/* The targets of stub_target.c, for the registry of targets in the programs of tests/stub. */
#ifndef KN_TESTS_STUB_TARGET_H
#define KN_TESTS_STUB_TARGET_H

#include "targets/target.h"

extern const struct kn_target kn_target_stub, kn_target_bare;

#endif
