/* Inlines while functions are built: a call of a small function becomes a copy of its body. docs/inlining.md describes
 * the benefits and costs, and which functions are never inlined.
 *
 * A front end passes functions that may be inlined, the inline candidates, to kiln_func_keep instead of
 * kiln_func_compile; this header calls them kept functions. When it has passed all of them, kiln_module_settle_inlining
 * decides which are inlined. From then on, kiln_func_compile builds their bodies in place of calls, and
 * kiln_session_begin_kept returns each kept function, to be compiled itself. */
#ifndef KILN_INLINE_H
#define KILN_INLINE_H

#include <kiln/attrs.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the policy ---- */

/** The maximum depth of nested inlined bodies. */
#define KILN_INLINE_DEPTH_MOST 40

/** Describes a call of a kept function that may become a copy of the function's body. */
typedef struct kiln_inline_call_info {
  kiln_symbol caller; /**< the function being built */
  /** The function whose body contains the call: `caller`, or one inlined into it. */
  kiln_symbol within;
  kiln_symbol callee; /**< the function being called */
  uint32_t depth;     /**< number of inlined bodies around the call */
  /** Number of instructions of the callee as docs/inlining.md counts them, including what the limits inline into it. */
  uint32_t instructions;
  uint32_t frame_bytes; /**< size of its slots, and of those of what the limits inline into it */
  bool is_open;         /**< the answer matters: the call can be inlined, and need not be */
  /** Why the limits do not inline the call, in a few words; NULL if they do. The string has static storage. */
  const char *why_not;
} kiln_inline_call_info;

/** Returns whether to inline a call. Without `is_open` the answer is ignored, and the call is inlined exactly if
 * `why_not` is NULL. The answer should depend only on `call`, so that the same input gives the same code. Sessions of
 * several threads may call this at once. It may read the module, but not change it. */
typedef bool (*kiln_inline_fn)(void *user, const kiln_inline_call_info *call);

/** The policy for what to inline: its limits. Zero-initialise the struct for the defaults. Instructions are counted as
 * docs/inlining.md describes. */
typedef struct kiln_inline_attrs {
  /** Maximum instructions of a small function, plus one for each parameter; 0 for 24. */
  uint32_t instructions;
  /** Factor on that limit for KILN_INLINE_HINT; 0 for 2. */
  uint32_t hint_times;
  /** Maximum instructions of any function that is inlined; 0 for 10,000. */
  uint32_t most_instructions;
  /** Maximum depth of nested bodies, up to KILN_INLINE_DEPTH_MOST; 0 for that. */
  uint32_t depth;
  /** A caller grows by at most this many times its own instructions and its own tries; 0 for 4. */
  uint32_t growth_times;
  /** In addition, it may grow by this many instructions; 0 for 2,000. */
  uint32_t growth_instructions;
  /** In addition, it may grow by this many tries; 0 for 200. */
  uint32_t growth_tries;
  /** The caller's slots grow by at most this many bytes, or by their own size if that is larger; 0 for 512. */
  uint32_t frame_bytes;
  /** In a function that calls itself, the slots grow by at most their own size divided by this; 0 for 8. */
  uint32_t frame_part;
  /** Decides about each call of a kept function, and learns why a call is not inlined. If NULL, the limits decide.
   * With it, functions that could be inlined and that call each other in a cycle are not inlined, however large they
   * are. The depth limit still applies. */
  kiln_inline_fn decide;
  void *decide_user;    /**< passed to `decide`; borrowed for the module's lifetime */
  uint64_t reserved[4]; /**< 0 */
} kiln_inline_attrs;

/** Sets the inlining policy of a module. Call it before kiln_module_settle_inlining. kiln_module_attrs.inlining sets
 * which functions are inlined at all. Returns the module's status. */
KILN_API kiln_status kiln_module_set_inline_attrs(kiln_module *m, const kiln_inline_attrs *attrs);

/** Returns the policy of a module, with defaults in place of zeros. */
KILN_API kiln_inline_attrs kiln_module_get_inline_attrs(const kiln_module *m);

/* ---- functions ---- */

/** Finishes a function and keeps it in its module, which must not be frozen, and for which kiln_module_settle_inlining
 * must not have been called. On KILN_OK, the module owns the function, and its symbol has no body until
 * kiln_session_begin_kept. On KILN_ERR_UNSUPPORTED, the caller still owns it, and compiles it as usual. That happens if
 * memory runs out, and for functions whose debugging information names entries of a session (kiln_session_debug;
 * entries of the module may be shared), that take addresses of blocks, that have data, names or labels of their own, or
 * that are naked: see kiln_func_why_not_kept. */
KILN_API kiln_status kiln_func_keep(kiln_func *f);

/** Returns why a finished function cannot be kept, in a few words; NULL if it can. The string has static storage. */
KILN_API const char *kiln_func_why_not_kept(const kiln_func *f);

/** Decides which kept functions are inlined, by the module's kiln_module_attrs.inlining. Call it before
 * kiln_module_freeze. The decision depends only on the kept functions, not on their order. Returns the module's
 * status. */
KILN_API kiln_status kiln_module_settle_inlining(kiln_module *m);

/** Returns the finished function that was kept for `symbol`, with calls in it inlined. The caller owns it, as if it
 * came from kiln_func_begin. Returns NULL if there is none, if memory runs out, or before kiln_module_settle_inlining.
 * Any number of sessions may do this at once. */
KILN_API kiln_func *kiln_session_begin_kept(kiln_session *s, kiln_symbol symbol);

/** Returns why no call of a kept function is inlined, in a few words; NULL if calls may be inlined, or if the function
 * was not kept. The string has static storage. For the reasons of individual calls, see kiln_inline_attrs.decide. */
KILN_API const char *kiln_module_why_not_inlined(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
