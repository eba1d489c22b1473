/* Functions for the tests of kilnjit that SQL does not offer. */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(dirty);
PG_FUNCTION_INFO_V1(cancel_next);

/* dirty(anyelement, int8): the first argument, with the bits of the second one above those that its type has. A bool
 * that is false stays as it is, since DatumGetBool takes any bit for true. */
Datum dirty(PG_FUNCTION_ARGS) {
  int16 length;
  bool byval;
  char align;
  Datum value = PG_GETARG_DATUM(0);
  uint64 bits;

  get_typlenbyvalalign(get_fn_expr_rettype(fcinfo->flinfo), &length, &byval, &align);
  if (!byval || length >= 8 || (length == 1 && value == 0)) return value;
  bits = (uint64)8 * (uint64)length;
  return (value & ((UINT64CONST(1) << bits) - 1)) | ((uint64)PG_GETARG_INT64(1) << bits);
}

/* cancel_next(): a set of one number, 1. As soon as it has it, the query is cancelled where that is next looked for. */
Datum cancel_next(PG_FUNCTION_ARGS) {
  Datum one = Int32GetDatum(1);
  bool null = false;
  ReturnSetInfo *set = (ReturnSetInfo *)fcinfo->resultinfo;

  InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
  tuplestore_putvalues(set->setResult, set->setDesc, &one, &null);
  InterruptPending = QueryCancelPending = true;
  return (Datum)0;
}
