/* With inlining, Kiln replaces a call to a small function with a copy of the function's body. docs/inlining.md
 * describes the benefits and costs of inlining. It also describes the functions that Kiln never inlines.
 *
 * A front end passes each function that may be inlined (an inline candidate) to kiln_func_keep instead of
 * kiln_func_compile. A kept function is a function that was passed to kiln_func_keep. After the last candidate, the
 * front end calls kiln_module_settle_inlining. This call decides which kept functions are inlined. When Kiln later
 * compiles a caller, Kiln replaces the calls to these kept functions with copies of their bodies. The front end must
 * compile the kept functions too. For this, it gets each of them from kiln_session_begin_kept. */
#ifndef KILN_INLINE_H
#define KILN_INLINE_H

#include <kiln/attrs.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the policy ---- */

/** The maximum depth of nested inlined bodies. */
#define KILN_INLINE_DEPTH_MOST 40

/** Describes a call to a kept function. Kiln may replace the call with a copy of the function's body. */
typedef struct kiln_inline_call_info {
  kiln_symbol caller; /**< the function being built */
  /** The function whose body contains the call. This is `caller`, or a function that is inlined into `caller`. */
  kiln_symbol within;
  kiln_symbol callee; /**< the function being called */
  uint32_t depth;     /**< number of inlined bodies around the call */
  /** Number of instructions of the callee, counted as in docs/inlining.md. The limits may allow Kiln to inline other
   * functions into the callee. The number includes the instructions of those functions. */
  uint32_t instructions;
  /** Size of the callee's slots. The limits may allow Kiln to inline other functions into the callee. The size includes
   * the slots of those functions. */
  uint32_t frame_bytes;
  /** True if the callback decides whether the call is inlined. Inlining the call is then possible, but not required. */
  bool is_open;
  /** The reason, in a few words, why the limits do not allow the call to be inlined. NULL if the limits allow the call
   * to be inlined. The string has static storage. */
  const char *why_not;
  uint64_t reserved[4]; /**< 0 */
} kiln_inline_call_info;

/** A callback that decides whether a call is inlined. The result should depend only on `call`, so that the same input
 * always gives the same code.
 * - Returns true to inline the call. If `call->is_open` is false, Kiln ignores the result, and inlines the call if
 *   `call->why_not` is NULL.
 * - May read the module. If it tries to change or free the module, to free the session, or to compile or discard a
 *   function of the session, the error is KILN_ERR_STRUCTURE.
 * - Threads: several threads, each with its own session, may call the callback at once. */
typedef bool (*kiln_inline_fn)(void *user, const kiln_inline_call_info *call);

/** The inlining policy. The policy consists of limits and a callback. Zero-initialise the struct for the defaults. Kiln
 * counts instructions as described in docs/inlining.md. */
typedef struct kiln_inline_attrs {
  /** The limit for small functions; 0 means 24. Kiln adds the number of a function's parameters to this limit. The
   * function is small if it has at most that many instructions. For a single call, Kiln adds 7 to the limit for each
   * argument that is a constant. */
  uint32_t instructions;
  /** For functions with KILN_INLINE_HINT, Kiln multiplies the limit for small functions by this factor; 0 means 2. */
  uint32_t hint_times;
  /** Maximum number of instructions of any function that is inlined; 0 means 10,000. */
  uint32_t most_instructions;
  /** Maximum depth of nested inlined bodies. It is at most KILN_INLINE_DEPTH_MOST; 0 means KILN_INLINE_DEPTH_MOST. */
  uint32_t depth;
  /** Limits what inlining may add to a caller. The limit is the caller's own size, multiplied by this factor; 0 means
   * 4. One such limit is for the number of instructions, and another one is for the number of TRYs. */
  uint32_t growth_times;
  /** Kiln adds this number to the limit that growth_times sets for instructions; 0 means 2,000. */
  uint32_t growth_instructions;
  /** Kiln adds this number to the limit that growth_times sets for TRYs; 0 means 200. */
  uint32_t growth_tries;
  /** Number of bytes of slots that inlining may add to a caller; 0 means 512. If the caller's own slots have more than
   * `frame_bytes` bytes, inlining may add as many bytes as the caller's own slots have. */
  uint32_t frame_bytes;
  /** For a caller that calls itself, this field replaces `frame_bytes`. Inlining may then add at most S / N bytes. S is
   * the size in bytes of the caller's own slots. N is the value of this field, where 0 stands for 8. */
  uint32_t frame_part;
  /** Decides for each call to a kept function whether the call is inlined, and receives the reason if it cannot be. If
   * NULL, the limits decide. Two rules always apply:
   * - Kiln does not exceed the depth limit.
   * - Kiln does not inline functions that call each other in a cycle: functions of any size if there is a callback;
   *   without it, a function that is too large to be inlined is not part of a cycle. */
  kiln_inline_fn decide;
  void *decide_user;    /**< passed to `decide`; borrowed for the module's lifetime */
  uint64_t reserved[8]; /**< 0 */
} kiln_inline_attrs;

/** Sets the inlining policy of the module `m`. Call this function before kiln_module_settle_inlining. The policy has an
 * effect only if kiln_module_attrs.inlining allows functions to be inlined. Returns the status of the module. */
KILN_API kiln_status kiln_module_set_inline_attrs(kiln_module *m, const kiln_inline_attrs *attrs);

/** Returns the inlining policy of a module. Fields that were 0 have their default values. To change one field,
 * change it in the result, and pass the result to kiln_module_set_inline_attrs. */
KILN_API kiln_inline_attrs kiln_module_get_inline_attrs(const kiln_module *m);

/* ---- functions ---- */

/** Finishes the function `f` and keeps it in its module, for inlining.
 * - Returns KILN_OK, and the module owns the function. Its symbol then has no body until you call
 *   kiln_session_begin_kept. If you never call it, the module cannot be emitted (KILN_ERR_STRUCTURE), unless
 *   kiln_symbol_is_reachable returns false for the symbol, or kiln_symbol_set_inline_only was called.
 * - Returns KILN_ERR_UNSUPPORTED if the function takes addresses of blocks, has data, names or labels of its own, has
 *   roots, is naked, or has debugging information that refers to entries of a session (kiln_session_debug).
 *   kiln_func_why_not_kept returns the reason. The front end must compile the function as usual.
 * - Fails with KILN_ERR_STRUCTURE, in the module, if the module is frozen, if kiln_module_settle_inlining has been
 *   called, or if a function was kept for the same symbol; and with KILN_ERR_MEMORY if memory runs out.
 * - Owns: if the result is not KILN_OK, the front end still owns the function. */
KILN_API kiln_status kiln_func_keep(kiln_func *f);

/** Returns the reason, in a few words, why a finished function cannot be kept. Returns NULL if the function can be
 * kept, as far as that depends on the function. The string has static storage. */
KILN_API const char *kiln_func_why_not_kept(const kiln_func *f);

/** Decides which kept functions are inlined, according to kiln_module_attrs.inlining. The decision depends on which
 * functions were kept, not on their order. Call this function before kiln_module_freeze. No function can be kept
 * afterwards, also if none was kept before.
 * - Returns the status of the module. */
KILN_API kiln_status kiln_module_settle_inlining(kiln_module *m);

/** Says that the kept function `symbol` is only there to be inlined, so that it need not be begun: another module
 * defines it, or the program does not need it.
 * - Fails with KILN_ERR_ARGUMENT if no function was kept for `symbol`. */
KILN_API kiln_status kiln_symbol_set_inline_only(kiln_module *m, kiln_symbol symbol);

/** Returns the finished function that was kept for `symbol`, into which calls are inlined already.
 * - Returns NULL if no function was kept for `symbol`, if memory runs out, or if kiln_module_settle_inlining has not
 *   been called.
 * - Owns: the front end owns the function, as if kiln_func_begin had made it.
 * - Threads: several threads, each with its own session, may call this function at once. */
KILN_API kiln_func *kiln_session_begin_kept(kiln_session *s, kiln_symbol symbol);

/** Returns the reason, in a few words, why Kiln never inlines calls to a kept function. Returns NULL if Kiln may inline
 * calls to the function, or if the function was not kept. The string has static storage. kiln_inline_attrs.decide
 * receives the reasons why Kiln does not inline individual calls.
 * - Before kiln_module_settle_inlining, the answer depends on the function's own instructions alone. */
KILN_API const char *kiln_symbol_why_not_inlined(const kiln_module *m, kiln_symbol symbol);

/** Returns true if a function that was compiled contains a copy of the body of the kept function `symbol`. A front end
 * may define the debugging entries of a kept function then: kiln_die_reserve.
 * - Threads: several threads may call this function at once. The result may change from false to true as more functions
 *   are compiled. */
KILN_API bool kiln_symbol_is_inlined(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
