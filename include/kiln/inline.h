/* Inlining while functions are built: a call of a small function becomes a copy of its body.
 * docs/inlining.md says what that gives and costs, and which functions are never inlined.
 *
 * A front end gives functions that may be inlined to kiln_func_keep in place of kiln_func_compile. When it has given
 * all of them, kiln_module_settle_inlining decides which are. From then on kiln_func_compile builds their bodies where
 * calls of them stand, and kiln_session_begin_kept gives each kept function back, to be compiled itself. */
#ifndef KILN_INLINE_H
#define KILN_INLINE_H

#include <kiln/attrs.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Finishes a function and keeps it in its module, which must not be frozen or settled. KILN_OK: it is the module's,
 * and its symbol has no body until kiln_session_begin_kept. KILN_ERR_UNSUPPORTED: it stays the caller's, who compiles
 * it as usual. That happens if out of memory, and for functions whose debugging information names entries of a session
 * (kiln_session_debug; those of the module are for all), that take addresses of blocks, that have data, names or labels
 * of their own, or that are naked. */
KILN_API kiln_status kiln_func_keep(kiln_func *f);

/** Decides which kept functions are inlined, by the module's kiln_module_attrs.inlining; before kiln_module_freeze. The
 * decision depends on the kept functions alone, not on their order. Returns the module's status. */
KILN_API kiln_status kiln_module_settle_inlining(kiln_module *m);

/** The function that was kept for `symbol`, finished, with calls in it inlined; the caller owns it, as if it came from
 * kiln_func_begin. NULL if there is none, without memory, or before kiln_module_settle_inlining. Any number of sessions
 * may do this at once. */
KILN_API kiln_func *kiln_session_begin_kept(kiln_session *s, kiln_symbol symbol);

/** Whether something refers to a function: data, aliases, constructors, or code that was compiled since
 * kiln_module_settle_inlining. If not, its definition may be left out. True for all if no function was kept. The answer
 * may change when more is compiled. */
KILN_API bool kiln_module_is_wanted(const kiln_module *m, kiln_symbol symbol);

/** Why calls of a kept function are not inlined, in a few words; NULL: they are, or the function was not kept. Static
 * storage. */
KILN_API const char *kiln_module_why_not_inlined(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
