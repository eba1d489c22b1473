/* Calls that may unwind: TRY, its clauses, and the values that its landing pad receives. A function with a TRY needs a
 * personality (<kiln/attrs.h>). RESUME ends a landing pad's cleanup. */
#ifndef KILN_EXCEPTIONS_H
#define KILN_EXCEPTIONS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Selects the exceptions that a clause of a TRY catches. */
typedef enum kiln_clause_kind {
  KILN_CLAUSE_CATCH,     /**< exceptions of a type; the selector is the type's kiln_const_typeid */
  KILN_CLAUSE_CATCH_ALL, /**< all exceptions; the selector is the kiln_const_typeid of no symbol */
  KILN_CLAUSE_FILTER,    /**< exceptions of none of the given types; the selector is negative */
  /** All exceptions that a frame further out catches; the selector is 0. The code at the landing pad usually ends with
   * RESUME. */
  KILN_CLAUSE_CLEANUP,
  KILN_CLAUSE_KIND_COUNT
} kiln_clause_kind;

/** One clause of a TRY. Types are symbols, usually of data, which the personality interprets. */
typedef struct kiln_clause {
  kiln_clause_kind kind;    /**< which exceptions it catches */
  kiln_symbol type;         /**< CATCH: the type */
  const kiln_symbol *types; /**< FILTER: the types; the symbol of id 0 is the type of CATCH_ALL */
  uint32_t n_types;         /**< FILTER: number of types, which may be 0 */
} kiln_clause;

/** A list of clauses that several tries share. It belongs to its function. Id 0 is none. */
typedef struct kiln_clauses {
  uint32_t id; /**< identifies the list in its function */
} kiln_clauses;

/** A TRY: a call and the two edges that follow it. The call is given as for kiln_build_call. */
typedef struct kiln_try_desc {
  kiln_sig sig;           /**< signature of the call */
  kiln_value callee;      /**< function to call */
  const kiln_value *args; /**< the call's arguments */
  uint32_t n_args;        /**< number of args */
  kiln_block normal;      /**< where the call returns to */
  /** For its parameters; a kiln_try_result may be among the values. */
  const kiln_value *normal_args;
  uint32_t n_normal_args; /**< number of normal_args; others may be given by kiln_edge_set_arg */
  kiln_block unwind;      /**< the landing pad, for exceptions that a clause catches */
  /** For its parameters; a kiln_try_exception may be among the values. */
  const kiln_value *unwind_args;
  uint32_t n_unwind_args; /**< number of unwind_args; others may be given by kiln_edge_set_arg */
  /** The first clause that matches catches an exception. CLEANUP must be the last. */
  const kiln_clause *clauses;
  uint32_t n_clauses; /**< number of clauses, at least 1 if `shared` is none */
  /** Unless none, used in place of `clauses`. kiln_clauses_set may set its content later. */
  kiln_clauses shared;
  uint64_t reserved[2]; /**< 0 */
} kiln_try_desc;

/** Builds a [TRY]. Everything in `t` is copied. */
KILN_API void kiln_build_try(kiln_func *f, const kiln_try_desc *t);

/** Returns a value for result `k` (from 0) of a try by signature `sig`. It may be used only as an argument on such a
 * try's normal edge. */
KILN_API kiln_value kiln_try_result(kiln_func *f, kiln_sig sig, uint32_t k);

/** Returns a value that a try's landing pad receives: the exception, an i64, for k = 0; the selector, an i32 that says
 * which clause caught the exception, for k = 1. It may be used only as an argument on a try's unwind edge. */
KILN_API kiln_value kiln_try_exception(kiln_func *f, uint32_t k);

/** Returns the selector of `type` in this function: an integer constant to compare with exception value 1. The symbol
 * of id 0 is the type of CATCH_ALL. */
KILN_API kiln_value kiln_const_typeid(kiln_func *f, kiln_symbol type);

/* ---- landing pads that several tries share ---- */

/** Makes a list of clauses, for tries of `f` that have the same landing pad. Set its content by kiln_clauses_set at any
 * time before the function is finished. */
KILN_API kiln_clauses kiln_clauses_new(kiln_func *f);

/** Sets the content of list `to`, once. Everything is copied. */
KILN_API void kiln_clauses_set(kiln_func *f, kiln_clauses to, const kiln_clause *clauses,
                               uint32_t n_clauses);

#ifdef __cplusplus
}
#endif
#endif
