/* Calls that may unwind. The operation for such calls is TRY. Clauses select the exceptions that a TRY catches. The
 * landing pad of a TRY receives the exception and its selector. A function with a TRY needs a personality
 * (<kiln/attrs.h>). If a landing pad only cleans up, it ends with RESUME. */
#ifndef KILN_EXCEPTIONS_H
#define KILN_EXCEPTIONS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Selects the exceptions that a clause of a TRY catches. */
typedef enum kiln_clause_kind {
  /** Catches exceptions of a given type. The selector is the result of kiln_const_typeid for this type. */
  KILN_CLAUSE_CATCH,
  KILN_CLAUSE_CATCH_ALL, /**< all exceptions; the selector is the kiln_const_typeid of no symbol */
  /** Catches exceptions that have none of the given types. The selector is negative. */
  KILN_CLAUSE_FILTER,
  /** A cleanup: code that runs before an exception leaves the function. Execution enters the landing pad for every
   * exception that the frame of a direct or indirect caller will catch. The selector is 0. The code at the landing pad
   * usually ends with RESUME. */
  KILN_CLAUSE_CLEANUP,
  KILN_CLAUSE_KIND_COUNT
} kiln_clause_kind;

/** One clause of a TRY. The types of a clause are symbols, usually of data. The personality interprets these
 * symbols. */
typedef struct kiln_clause {
  kiln_clause_kind kind;    /**< which exceptions the clause catches */
  kiln_symbol type;         /**< CATCH: the type */
  const kiln_symbol *types; /**< For FILTER, the types. A symbol with id 0 stands for all types. */
  uint32_t n_types;         /**< FILTER: number of types, which may be 0 */
} kiln_clause;

/** A list of clauses that several TRYs of one function can share. Id 0 means none. */
typedef struct kiln_clauses {
  uint32_t id; /**< identifies the list in its function */
} kiln_clauses;

/** A TRY: a call and the two edges that follow the call. The fields of the call have the same meaning as the arguments
 * of kiln_build_call. */
typedef struct kiln_try_desc {
  kiln_sig sig;           /**< signature of the call */
  kiln_value callee;      /**< function to call */
  const kiln_value *args; /**< the call's arguments */
  uint32_t n_args;        /**< number of args */
  kiln_block normal;      /**< the block that is entered when the call returns */
  /** Arguments for the parameters of `normal`. These arguments may include results of the call (kiln_try_result). */
  const kiln_value *normal_args;
  /** Number of normal_args; further arguments may be set with kiln_edge_set_arg. */
  uint32_t n_normal_args;
  /** The landing pad. Execution enters this block when a clause catches an exception. */
  kiln_block unwind;
  /** Arguments for the parameters of `unwind`. These arguments may include the exception and its selector
   * (kiln_try_exception). */
  const kiln_value *unwind_args;
  /** Number of unwind_args; further arguments may be set with kiln_edge_set_arg. */
  uint32_t n_unwind_args;
  /** The clauses. The first clause that matches an exception catches the exception. CLEANUP must be the last clause. */
  const kiln_clause *clauses;
  uint32_t n_clauses; /**< number of clauses, at least 1 if `shared` is none */
  /** A list of clauses, or none. If there is a list, the TRY uses the list instead of `clauses`. You may set the
   * content of the list later (kiln_clauses_set). */
  kiln_clauses shared;
  uint64_t reserved[4]; /**< 0 */
} kiln_try_desc;

/** Builds a [TRY]. Everything in `t` is copied. */
KILN_API void kiln_build_try(kiln_func *f, const kiln_try_desc *t);

/** Returns a value that stands for result number `k` of a TRY with the signature `sig`. Results count from 0. Use the
 * value only as an argument on the normal edge of a TRY with this signature. */
KILN_API kiln_value kiln_try_result(kiln_func *f, kiln_sig sig, uint32_t k);

/** Returns the exception, an i64 that the landing pad of a TRY receives. Use the value only as an argument on the
 * unwind edge of a TRY. */
KILN_API kiln_value kiln_try_exception(kiln_func *f);

/** Returns the selector, an i32 that says which clause caught the exception of a TRY. Use the value only as an argument
 * on the unwind edge of a TRY. */
KILN_API kiln_value kiln_try_selector(kiln_func *f);

/** Returns the selector of the type `type` in the function `f`, as an integer constant. Compare this constant with the
 * selector that the landing pad receives. If `type` has id 0, this is the selector of KILN_CLAUSE_CATCH_ALL. */
KILN_API kiln_value kiln_const_typeid(kiln_func *f, kiln_symbol type);

/* ---- landing pads that several tries share ---- */

/** Makes a list of clauses. Use the list for TRYs of `f` that have the same landing pad. You can set the content of the
 * list with kiln_clauses_set at any time before the function is finished. */
KILN_API kiln_clauses kiln_clauses_new(kiln_func *f);

/** Sets the content of the list `to`. Call kiln_clauses_set only once for each list. The function copies everything. */
KILN_API void kiln_clauses_set(kiln_func *f, kiln_clauses to, const kiln_clause *clauses,
                               uint32_t n_clauses);

#ifdef __cplusplus
}
#endif
#endif
