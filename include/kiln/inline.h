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

/* ---- the policy ---- */

/** Most bodies that are nested within each other. */
#define KILN_INLINE_DEPTH_MOST 40

/** What is known of a call of a kept function when it may become a copy of the function's body. */
typedef struct kiln_inline_call_info {
  kiln_symbol caller; /**< the function that is built */
  kiln_symbol within; /**< the function whose body has the call: `caller`, or one that is inlined */
  kiln_symbol callee; /**< the function that is called */
  uint32_t depth;     /**< of bodies around the call that are inlined */
  /** Instructions of the callee as docs/inlining.md counts them, with what is inlined into it by the numbers. */
  uint32_t instructions;
  uint32_t frame_bytes; /**< of its slots, and those of what is inlined into it by the numbers */
  bool is_open;         /**< the answer counts: the call can be inlined, and need not be */
  /** Why the call is not inlined by the numbers, in a few words; NULL: it is. Static storage. */
  const char *why_not;
} kiln_inline_call_info;

/** Whether a call is inlined; without `is_open` the answer does not count, and the call is inlined exactly if `why_not`
 * is NULL. So that the same input gives the same code, the answer should follow from `call` alone. Sessions of several
 * threads call this at once; it may read the module, and not change it. */
typedef bool (*kiln_inline_fn)(void *user, const kiln_inline_call_info *call);

/** What is inlined of what can be. Zero-initialise for defaults. Instructions are counted as docs/inlining.md says. */
typedef struct kiln_inline_attrs {
  /** Most instructions of a small function, one more for each parameter; 0: 24. */
  uint32_t instructions;
  /** With KILN_INLINE_HINT, so many times that; 0: 2. */
  uint32_t hint_times;
  /** Most instructions of any function that is inlined; 0: 10,000. */
  uint32_t most_instructions;
  /** Most bodies within each other, up to KILN_INLINE_DEPTH_MOST; 0: that. */
  uint32_t depth;
  /** A caller grows by at most so many times its instructions and its tries; 0: 4. */
  uint32_t growth_times;
  /** And by so many instructions; 0: 2,000. */
  uint32_t growth_instructions;
  /** And by so many tries; 0: 200. */
  uint32_t growth_tries;
  /** Its slots grow by at most these bytes, or as much as they were; 0: 512. */
  uint32_t frame_bytes;
  /** In a function that calls itself they grow by at most one part in so many; 0: 8. */
  uint32_t frame_part;
  /** Decides on each call of a kept function, and learns why one is not inlined; NULL: the numbers decide. With it,
   * functions that could be inlined and call each other in a circle are not inlined, however large they are. The depth
   * is a bound all the same. */
  kiln_inline_fn decide;
  void *decide_user;    /**< borrowed for the module's life */
  uint64_t reserved[4]; /**< 0 */
} kiln_inline_attrs;

/** Sets the policy of a module, before kiln_module_settle_inlining. Which functions are inlined at all is
 * kiln_module_attrs.inlining. Returns the module's status. */
KILN_API kiln_status kiln_module_set_inline_attrs(kiln_module *m, const kiln_inline_attrs *attrs);

/** The policy of a module, with defaults in place of zeros. */
KILN_API kiln_inline_attrs kiln_module_get_inline_attrs(const kiln_module *m);

/* ---- functions ---- */

/** Finishes a function and keeps it in its module, which must not be frozen or settled. KILN_OK: it is the module's,
 * and its symbol has no body until kiln_session_begin_kept. KILN_ERR_UNSUPPORTED: it stays the caller's, who compiles
 * it as usual. That happens if out of memory, and for functions whose debugging information names entries of a session
 * (kiln_session_debug; those of the module are for all), that take addresses of blocks, that have data, names or labels
 * of their own, or that are naked: kiln_func_why_not_kept. */
KILN_API kiln_status kiln_func_keep(kiln_func *f);

/** Why a finished function cannot be kept, in a few words; NULL: it can. Static storage. */
KILN_API const char *kiln_func_why_not_kept(const kiln_func *f);

/** Decides which kept functions are inlined, by the module's kiln_module_attrs.inlining; before kiln_module_freeze. The
 * decision depends on the kept functions alone, not on their order. Returns the module's status. */
KILN_API kiln_status kiln_module_settle_inlining(kiln_module *m);

/** The function that was kept for `symbol`, finished, with calls in it inlined; the caller owns it, as if it came from
 * kiln_func_begin. NULL if there is none, without memory, or before kiln_module_settle_inlining. Any number of sessions
 * may do this at once. */
KILN_API kiln_func *kiln_session_begin_kept(kiln_session *s, kiln_symbol symbol);

/** Why no call of a kept function is inlined, in a few words; NULL: they may be, or the function was not kept. Static
 * storage. Why single calls are not: kiln_inline_attrs.decide. */
KILN_API const char *kiln_module_why_not_inlined(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
