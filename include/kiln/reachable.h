/* Finds functions to which nothing in a module refers, and that need not be compiled if no other module can need them:
 * static functions, and functions that every module that uses them also defines. This works with and without inlining.
 * Steps:
 * - Declare all functions. Define all data, aliases and constructors.
 * - Call kiln_module_track_reachability.
 * - Compile the functions that must exist in any case.
 * - Compile each function that kiln_symbol_is_reachable reports to be reachable. Repeat this step until no more
 *   functions become reachable. */
#ifndef KILN_REACHABLE_H
#define KILN_REACHABLE_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes the module record which of its symbols have references, from its data, aliases and constructors, and from code
 * that is compiled after this call. The record takes one byte for each symbol. Later calls do nothing.
 * - Data with the flag KILN_DATA_IF_REACHABLE counts only if something refers to it.
 * - Call it after all data, aliases and constructors are defined, before the first function is compiled, and before
 *   kiln_module_freeze.
 * - Returns the module's status. */
KILN_API kiln_status kiln_module_track_reachability(kiln_module *m);

/** Returns true if the module has recorded a reference to the symbol. The result may change from false to true as more
 * functions are compiled. The result never changes from true to false. Any number of threads may call this function.
 * The result is always true in the following cases:
 * - kiln_module_track_reachability has not been called, or was called before the symbol was declared;
 * - the symbol is in a section group with several symbols (a group is kept as a whole);
 * - the module is for the JIT and the symbol is not local. */
KILN_API bool kiln_symbol_is_reachable(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
