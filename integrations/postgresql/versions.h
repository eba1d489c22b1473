/* What differs between PostgreSQL 15, 16, 17 and 18: names, and steps that not all of them have. The rest of the code
 * uses the names of the newest one. The rows of step kinds that only some versions have are in versions.def. */
#ifndef KILNJIT_VERSIONS_H
#define KILNJIT_VERSIONS_H

#include "postgres.h"

#if PG_VERSION_NUM / 10000 < 15 || PG_VERSION_NUM / 10000 > 18
#error "kilnjit is for PostgreSQL 15 to 18: steps of other versions differ"
#endif

#include "executor/execExpr.h"
#include "jit/jit.h"
#include "utils/resowner.h"

/* How many kinds of steps there are: a new one must be looked at. */
#define KJ_STEP_KINDS                                                                              \
  (PG_VERSION_NUM >= 180000   ? 120                                                                \
   : PG_VERSION_NUM >= 170000 ? 99                                                                 \
   : PG_VERSION_NUM >= 160000 ? 94                                                                 \
                              : 90)

#if PG_VERSION_NUM < 180000
#define EEOP_DONE_RETURN EEOP_DONE
#define COMPARE_LT ROWCOMPARE_LT
#define COMPARE_LE ROWCOMPARE_LE
#define COMPARE_GE ROWCOMPARE_GE
#define COMPARE_GT ROWCOMPARE_GT
#define kj_row_comparison(op) ((op)->d.rowcompare_final.rctype)
#define kj_never_null(desc, i) (TupleDescAttr(desc, i)->attnotnull)
#else
#define POSIX_COLLATION_OID 951 /* it is still there, but has no name */
#define kj_row_comparison(op) ((op)->d.rowcompare_final.cmptype)
/* A constraint may be invalid; a virtual column is null in each tuple. */
#define kj_never_null(desc, i)                                                                     \
  (TupleDescCompactAttr(desc, i)->attnullability == ATTNULLABLE_VALID &&                           \
   TupleDescAttr(desc, i)->attgenerated != 'v')
#endif

/* From 17 on EXPLAIN shows how much of the time of generation went into functions that deform. */
#if PG_VERSION_NUM < 170000
#define kj_add_deform_time(instrumentation, time) ((void)(time))
#else
#define kj_add_deform_time(instrumentation, time)                                                  \
  INSTR_TIME_ADD((instrumentation).deform_counter, time)
#endif

#if PG_VERSION_NUM < 160000
#define ExecAggCopyTransValue ExecAggTransReparent
#endif

/* Whether a step calls a function that is strict; and whether it checks arguments of an aggregate. */
static inline bool kj_is_strict(ExprEvalOp opcode) {
#if PG_VERSION_NUM >= 180000
  if (opcode == EEOP_FUNCEXPR_STRICT_1 || opcode == EEOP_FUNCEXPR_STRICT_2) return true;
#endif
  return opcode == EEOP_FUNCEXPR_STRICT;
}

/* Whether a step reads what is tested from the ExprContext, whatever else it says. */
static inline bool kj_is_external_test(ExprEvalOp opcode) {
#if PG_VERSION_NUM >= 180000
  return opcode == EEOP_CASE_TESTVAL_EXT || opcode == EEOP_DOMAIN_TESTVAL_EXT;
#else
  return false;
#endif
}

static inline bool kj_is_domain_test(ExprEvalOp opcode) {
#if PG_VERSION_NUM >= 180000
  if (opcode == EEOP_DOMAIN_TESTVAL_EXT) return true;
#endif
  return opcode == EEOP_DOMAIN_TESTVAL;
}

/* A context and the resource owner that it ends with. Before 17 PostgreSQL knew contexts itself. */
#if PG_VERSION_NUM < 170000
#include "utils/resowner_private.h"
#define KJ_OWNER_MEMBER
#define kj_owner_enlarge() ResourceOwnerEnlargeJIT(CurrentResourceOwner)
#define kj_owner_remember(context)                                                                 \
  ((context)->base.resowner = CurrentResourceOwner,                                                \
   ResourceOwnerRememberJIT(CurrentResourceOwner, PointerGetDatum(context)))
#define kj_owner_forget(context) ((void)(context))
#else
#define KJ_OWNER_MEMBER ResourceOwner owner;
extern const ResourceOwnerDesc kj_owner_kind;
#define kj_owner_enlarge() ResourceOwnerEnlarge(CurrentResourceOwner)
#define kj_owner_remember(context)                                                                 \
  ((context)->owner = CurrentResourceOwner,                                                        \
   ResourceOwnerRemember(CurrentResourceOwner, PointerGetDatum(context), &kj_owner_kind))
#define kj_owner_forget(context)                                                                   \
  ((context)->owner == NULL                                                                        \
     ? (void)0                                                                                     \
     : ResourceOwnerForget((context)->owner, PointerGetDatum(context), &kj_owner_kind))
#endif

#endif
