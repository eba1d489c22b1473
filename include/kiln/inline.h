/* Inlining, which happens while functions are built: instead of a call to a small function, a copy of the function's
 * body is built. docs/inlining.md describes the benefits and costs of inlining, and the functions that are never
 * inlined.
 *
 * A front end passes the functions that may be inlined (the inline candidates) to kiln_func_keep instead of
 * kiln_func_compile. This header calls these functions kept functions. After the front end has passed all candidates,
 * it calls kiln_module_settle_inlining, which decides which kept functions are inlined. From then on, calls to these
 * functions are replaced by copies of their bodies when the callers are compiled. kiln_session_begin_kept returns each
 * kept function, so that the function itself can be compiled. */
#ifndef KILN_INLINE_H
#define KILN_INLINE_H

#include <kiln/attrs.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the policy ---- */

/** The maximum depth of nested inlined bodies. */
#define KILN_INLINE_DEPTH_MOST 40

/** Describes a call to a kept function, which may be replaced by a copy of the function's body. */
typedef struct kiln_inline_call_info {
  kiln_symbol caller; /**< the function being built */
  /** The function whose body contains the call: `caller`, or a function that is inlined into `caller`. */
  kiln_symbol within;
  kiln_symbol callee; /**< the function being called */
  uint32_t depth;     /**< number of inlined bodies around the call */
  /** Number of instructions of the callee, counted as in docs/inlining.md. This includes the instructions of the
   * functions that the limits allow to be inlined into the callee. */
  uint32_t instructions;
  /** Size of the callee's slots, including the slots of the functions that the limits allow to be inlined into it. */
  uint32_t frame_bytes;
  /** True if the callback decides: the call can be inlined, but need not be. */
  bool is_open;
  /** If the limits do not allow the call to be inlined: the reason, in a few words. NULL if they do. The string has
   * static storage. */
  const char *why_not;
} kiln_inline_call_info;

/** Callback that decides whether a call is inlined. Returns true to inline the call. If `is_open` is false, the result
 * is ignored: the call is then inlined if `why_not` is NULL, and not inlined otherwise. The result should depend only
 * on `call`, so that the same input results in the same code. The sessions of several threads may call the callback at
 * once. The callback may read the module, but must not change it. */
typedef bool (*kiln_inline_fn)(void *user, const kiln_inline_call_info *call);

/** The inlining policy: limits, and a callback. Zero-initialise the struct for the defaults. Instructions are counted
 * as in docs/inlining.md. */
typedef struct kiln_inline_attrs {
  /** A function is small if its number of instructions is at most this number plus the number of its parameters; 0 for
   * 24. */
  uint32_t instructions;
  /** For functions with KILN_INLINE_HINT, the limit for small functions is multiplied by this factor; 0 for 2. */
  uint32_t hint_times;
  /** Maximum number of instructions of any function that is inlined; 0 for 10,000. */
  uint32_t most_instructions;
  /** Maximum depth of nested inlined bodies, up to KILN_INLINE_DEPTH_MOST; 0 for KILN_INLINE_DEPTH_MOST. */
  uint32_t depth;
  /** Inlining adds to a caller at most this many times the caller's own number of instructions, and at most this many
   * times its own number of TRYs; 0 for 4. */
  uint32_t growth_times;
  /** The number of instructions that inlining may add to a caller beyond what growth_times allows; 0 for 2,000. */
  uint32_t growth_instructions;
  /** The number of TRYs that inlining may add to a caller beyond what growth_times allows; 0 for 200. */
  uint32_t growth_tries;
  /** Inlining adds at most this many bytes of slots to a caller, or as many bytes as the caller's own slots have if
   * that is more; 0 for 512. */
  uint32_t frame_bytes;
  /** To a function that calls itself, inlining adds at most the size of the function's own slots, divided by this
   * number; 0 for 8. */
  uint32_t frame_part;
  /** Callback that decides for each call to a kept function whether the call is inlined, and also receives the reason
   * why a call cannot be inlined. If NULL, the limits decide. If there is a callback, functions that could be inlined
   * but call each other in a cycle are not inlined, whatever their size. The depth limit still applies. */
  kiln_inline_fn decide;
  void *decide_user;    /**< passed to `decide`; borrowed for the module's lifetime */
  uint64_t reserved[4]; /**< 0 */
} kiln_inline_attrs;

/** Sets the inlining policy of a module. Call this function before kiln_module_settle_inlining. The policy has an
 * effect only if kiln_module_attrs.inlining allows functions to be inlined. Returns the module's status. */
KILN_API kiln_status kiln_module_set_inline_attrs(kiln_module *m, const kiln_inline_attrs *attrs);

/** Returns the inlining policy of a module. Fields that were 0 have their default values. */
KILN_API kiln_inline_attrs kiln_module_get_inline_attrs(const kiln_module *m);

/* ---- functions ---- */

/** Finishes a function and keeps it in its module. The module must not be frozen, and kiln_module_settle_inlining must
 * not have been called. If the result is KILN_OK, the module owns the function, and the function's symbol has no body
 * until kiln_session_begin_kept is called. If the result is KILN_ERR_UNSUPPORTED, the caller still owns the function,
 * and must compile it as usual.
 *
 * KILN_ERR_UNSUPPORTED is returned if memory runs out, and for functions of the following kinds (kiln_func_why_not_kept
 * returns the reason):
 * - functions whose debugging information refers to entries of a session (kiln_session_debug) and not only to entries
 *   of the module;
 * - functions that take addresses of blocks;
 * - functions that have data, names or labels of their own;
 * - naked functions. */
KILN_API kiln_status kiln_func_keep(kiln_func *f);

/** Returns why a finished function cannot be kept, in a few words; NULL if it can. The string has static storage. */
KILN_API const char *kiln_func_why_not_kept(const kiln_func *f);

/** Decides which kept functions are inlined, according to kiln_module_attrs.inlining. Call this function before
 * kiln_module_freeze. The decision depends only on the kept functions, not on the order in which they were kept.
 * Returns the module's status. */
KILN_API kiln_status kiln_module_settle_inlining(kiln_module *m);

/** Returns the finished function that was kept for `symbol`, with calls in it inlined. The caller owns the function, as
 * if it had been made by kiln_func_begin. Returns NULL if no function was kept for `symbol`, if memory runs out, or if
 * kiln_module_settle_inlining has not been called. Any number of sessions may call this function at once. */
KILN_API kiln_func *kiln_session_begin_kept(kiln_session *s, kiln_symbol symbol);

/** Returns the reason, in a few words, why no call to a kept function is inlined. Returns NULL if calls to the function
 * may be inlined, or if the function was not kept. The string has static storage. For the reasons why individual calls
 * are not inlined, see kiln_inline_attrs.decide. */
KILN_API const char *kiln_module_why_not_inlined(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
