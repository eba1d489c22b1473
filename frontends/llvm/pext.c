/* body.c, bits.c and debug/nodes.c for processors that have pext: decoder.h. Needs no flag of the compiler. */
#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("bmi,bmi2"))), apply_to = function)
#else
#pragma GCC target("bmi,bmi2")
#endif
#define KN_PEXT
#define kn_bc_body kn_bc_body_pext
#define kn_bc_declares kn_bc_declares_pext
#define kn_bc_nodes kn_bc_nodes_pext
#define kn_bits_vbr6s kn_bits_vbr6s_pext
#include "bits.c"
#include "body.c"
#include "debug/nodes.c"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
