/* Calls that may unwind: TRY, its clauses, and the values that its landing pad gets. A function with a TRY needs a
 * personality (<kiln/attrs.h>); RESUME ends a landing pad's cleanup. */
#ifndef KILN_EXCEPTIONS_H
#define KILN_EXCEPTIONS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a clause of a TRY takes. */
typedef enum kiln_clause_kind {
  KILN_CLAUSE_CATCH,     /**< exceptions of a type; the selector is its kiln_const_typeid */
  KILN_CLAUSE_CATCH_ALL, /**< all exceptions; the selector is the kiln_const_typeid of no symbol */
  KILN_CLAUSE_FILTER,    /**< exceptions of none of the types; the selector is negative */
  /** all exceptions that a frame further out takes; the selector is 0. The code at the pad usually ends with RESUME */
  KILN_CLAUSE_CLEANUP,
  KILN_CLAUSE_KIND_COUNT
} kiln_clause_kind;

/** One clause of a TRY. Types are symbols, usually of data, which the personality interprets. */
typedef struct kiln_clause {
  kiln_clause_kind kind;    /**< what it takes */
  kiln_symbol type;         /**< CATCH: the type */
  const kiln_symbol *types; /**< FILTER: the types; a symbol of id 0 is that of CATCH_ALL */
  uint32_t n_types;         /**< FILTER: their number, which may be 0 */
} kiln_clause;

/** A list of clauses that several tries share; id 0: none. It belongs to its function. */
typedef struct kiln_clauses {
  uint32_t id; /**< names it in its function */
} kiln_clauses;

/** A TRY: a call and the two edges after it. The call is as in kiln_build_call. */
typedef struct kiln_try_desc {
  kiln_sig sig;                  /**< of the call */
  kiln_value callee;             /**< of the call */
  const kiln_value *args;        /**< of the call */
  uint32_t n_args;               /**< number of args */
  kiln_block normal;             /**< where the call returns to */
  const kiln_value *normal_args; /**< for its parameters; kiln_try_result is one of the values */
  uint32_t n_normal_args; /**< number of normal_args; others may be given by kiln_edge_set_arg */
  kiln_block unwind;      /**< the landing pad, for exceptions that a clause takes */
  const kiln_value *unwind_args; /**< for its parameters; kiln_try_exception is one of the values */
  uint32_t n_unwind_args; /**< number of unwind_args; others may be given by kiln_edge_set_arg */
  const kiln_clause
    *clauses;         /**< the first one that fits takes an exception; CLEANUP is the last */
  uint32_t n_clauses; /**< number of clauses, at least 1 if `shared` is none */
  kiln_clauses
    shared; /**< not none: in place of `clauses`; set by kiln_clauses_set, perhaps later */
  uint64_t reserved[2]; /**< 0 */
} kiln_try_desc;

/** [TRY]. Everything in `t` is copied. */
KILN_API void kiln_build_try(kiln_func *f, const kiln_try_desc *t);

/** Result `k` (from 0) of a try by signature `sig`: an argument of such a try's normal edge, and nothing else. */
KILN_API kiln_value kiln_try_result(kiln_func *f, kiln_sig sig, uint32_t k);

/** What a try's landing pad gets: for k = 0 the exception, an i64; for k = 1 the selector, an i32, which says what
 * clause took it. An argument of a try's unwind edge, and nothing else. */
KILN_API kiln_value kiln_try_exception(kiln_func *f, uint32_t k);

/** The selector of `type` in this function, an integer constant to compare with exception 1. The symbol of id 0 is the
 * type of CATCH_ALL. */
KILN_API kiln_value kiln_const_typeid(kiln_func *f, kiln_symbol type);

/* ---- landing pads that several tries share ---- */

/** Makes a list of clauses, for tries of `f` that have the same landing pad. kiln_clauses_set gives its content, at any
 * time before the function is finished. */
KILN_API kiln_clauses kiln_clauses_new(kiln_func *f);

/** Gives list `to` its content, once. Everything is copied. */
KILN_API void kiln_clauses_set(kiln_func *f, kiln_clauses to, const kiln_clause *clauses,
                               uint32_t n_clauses);

#ifdef __cplusplus
}
#endif
#endif
