/* Finds functions that nothing in a module refers to, both with and without inlining. Such a function need not be
 * compiled if no other module can need it: if the function is static, or if every module that uses the function also
 * defines it.
 *
 * A front end declares all functions; defines all data, aliases and constructors; and then calls
 * kiln_module_track_reachability. Next, it compiles the functions that must exist in any case. After that, it compiles
 * each function that kiln_module_is_reachable reports to be reachable, until no more functions become reachable. */
#ifndef KILN_REACHABLE_H
#define KILN_REACHABLE_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes the module record which of its symbols are referred to by its data, aliases and constructors, and by the code
 * that is compiled from now on. Call this function after all data, aliases and constructors are defined, before the
 * first function is compiled, and before kiln_module_freeze. Later calls do nothing. The record takes one byte for each
 * symbol. Returns the module's status. */
KILN_API kiln_status kiln_module_track_reachability(kiln_module *m);

/** Returns true if a reference to the symbol is known. The result may change from false to true as more functions are
 * compiled, but never from true to false. Any number of threads may call this function. The result is always true in
 * the following cases:
 * - kiln_module_track_reachability has not been called, or was called before the symbol was declared;
 * - the symbol is in a section group with several symbols, since groups are kept as a whole;
 * - the module is for the JIT and the symbol is not local. */
KILN_API bool kiln_module_is_reachable(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
