/* Finds functions to which nothing in a module refers. Such a function need not be compiled if no other module can need
 * the function. No other module can need a static function. No other module can need a function if every module that
 * uses the function also defines the function. All of this works with and without inlining.
 *
 * A front end takes the following steps:
 * - Declare all functions. Define all data, aliases and constructors.
 * - Call kiln_module_track_reachability.
 * - Compile the functions that must exist in any case.
 * - Compile each function that kiln_module_is_reachable reports to be reachable. Repeat this step until no more
 *   functions become reachable. */
#ifndef KILN_REACHABLE_H
#define KILN_REACHABLE_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes the module record which of its symbols have references. The module records the references from its data,
 * aliases and constructors. It also records the references from code that is compiled after this call. Define all data,
 * aliases and constructors before this call. Make this call before you compile the first function, and before
 * kiln_module_freeze. Later calls do nothing. The record takes one byte for each symbol. Returns the module's
 * status. */
KILN_API kiln_status kiln_module_track_reachability(kiln_module *m);

/** Returns true if the module has recorded a reference to the symbol. The result may change from false to true as more
 * functions are compiled. The result never changes from true to false. Any number of threads may call this function.
 * The result is always true in the following cases:
 * - kiln_module_track_reachability has not been called, or was called before the symbol was declared;
 * - the symbol is in a section group with several symbols (a group is kept as a whole);
 * - the module is for the JIT and the symbol is not local. */
KILN_API bool kiln_module_is_reachable(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
