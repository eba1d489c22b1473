/* Finds functions that nothing in a module refers to, with and without inlining. They need not be compiled if no other
 * module may need them: static functions, and those that every module using them defines.
 *
 * A front end declares all functions, defines data, aliases and constructors, and then calls
 * kiln_module_track_reachability. It first compiles the functions that must exist anyway. Then, as long as
 * kiln_module_is_reachable reports more functions, it compiles these. */
#ifndef KILN_REACHABLE_H
#define KILN_REACHABLE_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes the module record which of its symbols are referred to by its data, aliases and constructors, and by the code
 * that is compiled from now on. Call it before kiln_module_freeze, when all of these are defined, and before the first
 * function is compiled; later calls do nothing. Takes one byte for each symbol. Returns the module's status. */
KILN_API kiln_status kiln_module_track_reachability(kiln_module *m);

/** Returns true if any reference to the symbol is known so far. The answer may become true as more is compiled, and
 * never becomes false again. It is always true for members of a section group with several symbols, since groups are
 * kept whole; for every symbol that is not local in a module for the JIT; for all symbols before
 * kiln_module_track_reachability; and for symbols declared after it. Any number of threads may call it. */
KILN_API bool kiln_module_is_reachable(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
