/* Which functions of a module nothing refers to, so that they need not be compiled if no other module may need them:
 * static ones, and those that each module that uses them defines. With and without inlining.
 *
 * A front end declares all functions and defines data, aliases and constructors, then calls
 * kiln_module_track_reachability. It compiles what must be there anyway, and then, as long as it finds any, the others
 * that kiln_module_is_reachable names. */
#ifndef KILN_REACHABLE_H
#define KILN_REACHABLE_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** From now on the module keeps which of its symbols something refers to: its data, aliases and constructors, and the
 * code that is compiled from now on. Before kiln_module_freeze, when all of these are defined, and before the first
 * function is compiled. Later calls do nothing. Takes one byte for each symbol. Returns the module's status. */
KILN_API kiln_status kiln_module_track_reachability(kiln_module *m);

/** Whether something refers to a symbol, as far as it is known by now; the answer becomes true as more is compiled, and
 * never false again. Members of a section group with several symbols always are, since groups are kept whole; so is all
 * that is not local in a module for the JIT. True for all symbols before kiln_module_track_reachability, and for those
 * declared after it. Any number of threads may ask. */
KILN_API bool kiln_module_is_reachable(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
