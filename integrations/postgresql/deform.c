/* From a tuple's bytes to the values of a slot, by a function made for one tuple description.
 *
 * It has two ways: of tuples without nulls, where the columns up to the first of variable length have fixed places,
 * and of tuples with nulls, which tests the bitmap. Either may begin at column 0 or where a slot has been deformed up
 * to by another expression of the batch. Everything else, and tuples that have fewer columns, is left to PostgreSQL's
 * slot_getsomeattrs_int. */
#include "kilnjit.h"

#include "access/htup_details.h"
#include "access/tupdesc_details.h"

enum { MAX_STARTS = 4 };

/** A function while it is made. */
typedef struct deform {
  kj_batch *batch;
  kiln_func *f;
  TupleDesc desc;
  int natts;
  kiln_value slot, values, nulls, data, bits;
  kiln_value nvalid;
  int32 off_at;           /**< of the slot's member `off` */
  kiln_block other;       /**< leaves it to PostgreSQL */
  int starts[MAX_STARTS]; /**< columns to begin at, ascending; the first is 0 */
  int n_starts;
} deform;

/** Where the next column is. */
typedef struct place {
  int64 fixed;    /**< its offset; -1: `off` has it */
  kiln_value off; /**< an i64 */
  int aligned;    /**< the offset is a multiple of this: 1, 2, 4 or 8 */
} place;

static kiln_value i64_const(deform *d, int64 v) { return kiln_const_int(d->f, v); }

static int alignment_of(Form_pg_attribute att) {
  switch (att->attalign) {
  case TYPALIGN_CHAR: return 1;
  case TYPALIGN_SHORT: return ALIGNOF_SHORT;
  case TYPALIGN_INT: return ALIGNOF_INT;
  default: return ALIGNOF_DOUBLE;
  }
}

static int power_in(int64 n) { return (int)Min(n & -n, MAXIMUM_ALIGNOF); }

static kiln_value offset_of(deform *d, const place *p) {
  return p->fixed >= 0 ? i64_const(d, p->fixed) : p->off;
}

static kiln_value address_of(deform *d, const place *p) {
  if (p->fixed >= 0) return kiln_build_addr(d->f, d->data, (kiln_value){0}, 0, (int32)p->fixed);
  return kiln_build_addr(d->f, d->data, p->off, 1, 0);
}

static kiln_value aligned_up(deform *d, kiln_value off, int to) {
  off = kiln_build_binary(d->f, KILN_OP_ADD, KILN_TYPE_I64, off, i64_const(d, to - 1));
  return kiln_build_binary(d->f, KILN_OP_AND, KILN_TYPE_I64, off, i64_const(d, -(int64)to));
}

/* Goes to where the column begins. One of variable length is aligned only if its first byte is padding: 0. */
static void align(deform *d, Form_pg_attribute att, place *p) {
  int to = alignment_of(att);

  if (p->fixed >= 0 && (att->attlen > 0 || p->fixed % to == 0)) {
    p->fixed = TYPEALIGN(to, p->fixed);
    return;
  }
  if (p->fixed < 0 && p->aligned >= to) return;
  if (att->attlen == -1) {
    kiln_value off = offset_of(d, p);
    kiln_value byte = kiln_build_load(d->f, KILN_TYPE_I8, address_of(d, p), 0, 0);
    kiln_value up = p->fixed >= 0 ? i64_const(d, TYPEALIGN(to, p->fixed)) : aligned_up(d, off, to);
    kiln_value padding = kiln_build_icmp(d->f, KILN_ICOND_EQ, KILN_TYPE_I8, byte, i64_const(d, 0));

    *p = (place){
      .fixed = -1, .off = kiln_build_select(d->f, KILN_TYPE_I64, padding, up, off), .aligned = 1};
    return;
  }
  *p = (place){.fixed = -1, .off = aligned_up(d, p->off, to), .aligned = to};
}

/* The size of what is of variable length at `at`, as varsize_any. */
static kiln_value variable_size(deform *d, kiln_value at) {
  kiln_block small = kiln_block_new(d->f), large = kiln_block_new(d->f),
             rare = kiln_block_new(d->f), is_small = kiln_block_new(d->f),
             on = kiln_block_new(d->f);
  kiln_value size = kiln_block_add_param(d->f, on, KILN_TYPE_I64), v;
  kiln_value head = kiln_build_load_ext(d->f, KILN_TYPE_I32, KILN_TYPE_I8, at, 0, 0);

  v = kiln_build_convert(d->f, KILN_OP_TRUNC, KILN_TYPE_I8, KILN_TYPE_I32, head);
  kiln_build_brif(d->f, v, small, NULL, 0, large, NULL,
                  0); /* the lowest bit: a header of one byte */
  kiln_block_switch(d->f, small);
  v = kiln_build_icmp(d->f, KILN_ICOND_EQ, KILN_TYPE_I32, head, i64_const(d, 1));
  kiln_build_brif(d->f, v, rare, NULL, 0, is_small, NULL, 0);
  kiln_block_switch(d->f, is_small);
  v = kiln_build_binary(d->f, KILN_OP_LSHR, KILN_TYPE_I32, head, i64_const(d, 1));
  v = kiln_build_convert(d->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, v);
  kiln_build_br(d->f, on, &v, 1);
  kiln_block_switch(d->f, large);
  v = kiln_build_load(d->f, KILN_TYPE_I32, at, 0, 0);
  v = kiln_build_binary(d->f, KILN_OP_LSHR, KILN_TYPE_I32, v, i64_const(d, 2));
  v = kiln_build_convert(d->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, v);
  kiln_build_br(d->f, on, &v, 1);
  kiln_block_switch(d->f, rare); /* a pointer to what is stored elsewhere */
  v = kiln_build_call(d->f, kj_sig(d->batch, KJ_SIG_I64_1),
                      i64_const(d, (int64)(uintptr_t)varsize_any), &at, 1);
  kiln_build_br(d->f, on, &v, 1);
  kiln_block_switch(d->f, on);
  return size;
}

static kiln_value load_byval(deform *d, int attlen, const place *p) {
  static const kiln_type types[] = {[1] = KILN_TYPE_I8, [2] = KILN_TYPE_I16, [4] = KILN_TYPE_I32};
  kiln_value base = p->fixed >= 0 ? d->data : kiln_build_addr(d->f, d->data, p->off, 1, 0);
  int32 disp = p->fixed >= 0 ? (int32)p->fixed : 0;
  uint32 flags = attlen > 1 || (char)-1 < 0 ? KILN_MEM_SEXT : 0; /* as the C type is */

  if (attlen == 8) return kiln_build_load(d->f, KILN_TYPE_I64, base, disp, 0);
  return kiln_build_load_ext(d->f, KILN_TYPE_I64, types[attlen], base, disp, flags);
}

/* Stores a column that is not null, and goes past it. */
static void column(deform *d, int number, place *p) {
  Form_pg_attribute att = TupleDescAttr(d->desc, number);
  kiln_value v, size;

  align(d, att, p);
  v = att->attbyval ? load_byval(d, att->attlen, p) : address_of(d, p);
  kiln_build_store(d->f, KILN_TYPE_I64, d->values, number * (int)sizeof(Datum), v, 0);
  if (att->attlen > 0) {
    if (p->fixed >= 0) {
      p->fixed += att->attlen;
      return;
    }
    *p = (place){
      .fixed = -1,
      .off = kiln_build_binary(d->f, KILN_OP_ADD, KILN_TYPE_I64, p->off, i64_const(d, att->attlen)),
      .aligned = Min(p->aligned, power_in(att->attlen))};
    return;
  }
  if (att->attlen == -1) {
    size = variable_size(d, v);
  } else { /* a C string */
    size = kiln_build_call(d->f, kj_sig(d->batch, KJ_SIG_I64_1),
                           i64_const(d, (int64)(uintptr_t)strlen), &v, 1);
    size = kiln_build_binary(d->f, KILN_OP_ADD, KILN_TYPE_I64, size, i64_const(d, 1));
  }
  *p = (place){.fixed = -1,
               .off = kiln_build_binary(d->f, KILN_OP_ADD, KILN_TYPE_I64, offset_of(d, p), size),
               .aligned = 1};
}

/* A column of a tuple with nulls. */
static void nullable_column(deform *d, int number, place *p) {
  Form_pg_attribute att = TupleDescAttr(d->desc, number);
  kiln_value one = i64_const(d, 1), zero = i64_const(d, 0), bit, off;
  kiln_block null, has, on;

  if (kj_never_null(d->desc, number) && !att->atthasmissing && !att->attisdropped) {
    kiln_build_store(d->f, KILN_TYPE_I8, d->nulls, number, zero, 0);
    column(d, number, p);
    return;
  }
  null = kiln_block_new(d->f);
  has = kiln_block_new(d->f);
  on = kiln_block_new(d->f);
  off = kiln_block_add_param(d->f, on, KILN_TYPE_I64);
  bit = kiln_build_load(d->f, KILN_TYPE_I8, d->bits, number >> 3, 0);
  bit = kiln_build_binary(d->f, KILN_OP_AND, KILN_TYPE_I8, bit, i64_const(d, 1 << (number & 7)));
  bit = kiln_build_icmp(d->f, KILN_ICOND_NE, KILN_TYPE_I8, bit, zero);
  kiln_build_brif(d->f, bit, has, NULL, 0, null, NULL, 0);
  kiln_block_switch(d->f, null);
  kiln_build_store(d->f, KILN_TYPE_I64, d->values, number * (int)sizeof(Datum), zero, 0);
  kiln_build_store(d->f, KILN_TYPE_I8, d->nulls, number, one, 0);
  bit = offset_of(d, p);
  kiln_build_br(d->f, on, &bit, 1);
  kiln_block_switch(d->f, has);
  kiln_build_store(d->f, KILN_TYPE_I8, d->nulls, number, zero, 0);
  column(d, number, p);
  bit = offset_of(d, p);
  kiln_build_br(d->f, on, &bit, 1);
  kiln_block_switch(d->f, on);
  *p = (place){.fixed = -1, .off = off, .aligned = 1};
}

static void finish(deform *d, const place *p) {
  kiln_value zero = offset_of(d, p), flags;

  kiln_build_store(d->f, KILN_TYPE_I16, d->slot, offsetof(TupleTableSlot, tts_nvalid),
                   i64_const(d, d->natts), 0);
  if (p->fixed >= 0) kiln_build_store(d->f, KILN_TYPE_I32, d->slot, d->off_at, zero, 0);
  else kiln_build_store_trunc(d->f, KILN_TYPE_I64, KILN_TYPE_I32, d->slot, d->off_at, zero, 0);
  flags = kiln_build_load(d->f, KILN_TYPE_I16, d->slot, offsetof(TupleTableSlot, tts_flags), 0);
  flags = kiln_build_binary(d->f, KILN_OP_OR, KILN_TYPE_I16, flags, i64_const(d, TTS_FLAG_SLOW));
  kiln_build_store(d->f, KILN_TYPE_I16, d->slot, offsetof(TupleTableSlot, tts_flags), flags, 0);
  kiln_build_ret(d->f, NULL, 0);
}

/* Goes to the block of the column that the slot was deformed up to. */
static void choose_start(deform *d, const kiln_block *blocks) {
  for (int i = 0; i < d->n_starts; i++) {
    kiln_value is =
      kiln_build_icmp(d->f, KILN_ICOND_EQ, KILN_TYPE_I16, d->nvalid, i64_const(d, d->starts[i]));
    kiln_block next = i + 1 < d->n_starts ? kiln_block_new(d->f) : d->other;

    kiln_build_brif(d->f, is, blocks[i], NULL, 0, next, NULL, 0);
    if (i + 1 < d->n_starts) kiln_block_switch(d->f, next);
  }
}

/* Another way arrives at this column: its offset is what the slot has. */
static void enter_at(deform *d, kiln_block from, place *p) {
  kiln_block on;
  kiln_value off, was;

  on = kiln_block_new(d->f);
  if (p->fixed >= 0) { /* without nulls it is the same on both ways */
    kiln_build_br(d->f, on, NULL, 0);
    kiln_block_switch(d->f, from);
    kiln_build_br(d->f, on, NULL, 0);
  } else {
    off = kiln_block_add_param(d->f, on, KILN_TYPE_I64);
    kiln_build_br(d->f, on, &p->off, 1);
    kiln_block_switch(d->f, from);
    was = kiln_build_load_ext(d->f, KILN_TYPE_I64, KILN_TYPE_I32, d->slot, d->off_at, 0);
    kiln_build_br(d->f, on, &was, 1);
    *p = (place){.fixed = -1, .off = off, .aligned = 1};
  }
  kiln_block_switch(d->f, on);
}

static void columns(deform *d, bool with_nulls) {
  kiln_block blocks[MAX_STARTS];
  place p = {.fixed = 0, .aligned = MAXIMUM_ALIGNOF};
  int next = 1;

  for (int i = 0; i < d->n_starts; i++) blocks[i] = kiln_block_new(d->f);
  choose_start(d, blocks);
  kiln_block_switch(d->f, blocks[0]);
  for (int i = 0; i < d->natts; i++) {
    if (next < d->n_starts && d->starts[next] == i) enter_at(d, blocks[next++], &p);
    if (with_nulls) nullable_column(d, i, &p);
    else column(d, i, &p);
  }
  finish(d, &p);
}

static void clear_nulls(deform *d) {
  kiln_value zero = i64_const(d, 0);
  int i = 0;

  for (; d->natts - i >= 8; i += 8) kiln_build_store(d->f, KILN_TYPE_I64, d->nulls, i, zero, 0);
  if (d->natts - i >= 4) kiln_build_store(d->f, KILN_TYPE_I32, d->nulls, i, zero, 0), i += 4;
  if (d->natts - i >= 2) kiln_build_store(d->f, KILN_TYPE_I16, d->nulls, i, zero, 0), i += 2;
  if (d->natts - i >= 1) kiln_build_store(d->f, KILN_TYPE_I8, d->nulls, i, zero, 0);
}

static void leave_to_postgres(deform *d) {
  kiln_value args[2] = {d->slot, i64_const(d, d->natts)};

  kiln_block_switch(d->f, d->other);
  kiln_build_call(d->f, kj_sig(d->batch, KJ_SIG_VOID_2),
                  i64_const(d, (int64)(uintptr_t)slot_getsomeattrs_int), args, 2);
  kiln_build_ret(d->f, NULL, 0);
}

static kiln_value load(deform *d, kiln_type type, kiln_value base, Size at) {
  return kiln_build_load(d->f, type, base, (int32)at, 0);
}

static void build(deform *d, bool minimal) {
  kiln_value tuple, header, mask, count, hoff, test;
  kiln_block enough = kiln_block_new(d->f), plain = kiln_block_new(d->f),
             nulls = kiln_block_new(d->f);

  d->other = kiln_block_new(d->f);
  d->off_at =
    (int32)(minimal ? offsetof(MinimalTupleTableSlot, off) : offsetof(HeapTupleTableSlot, off));
  d->slot = kiln_func_param(d->f, 0);
  d->values = load(d, KILN_TYPE_I64, d->slot, offsetof(TupleTableSlot, tts_values));
  d->nulls = load(d, KILN_TYPE_I64, d->slot, offsetof(TupleTableSlot, tts_isnull));
  tuple =
    load(d, KILN_TYPE_I64, d->slot,
         minimal ? offsetof(MinimalTupleTableSlot, tuple) : offsetof(HeapTupleTableSlot, tuple));
  header = load(d, KILN_TYPE_I64, tuple, offsetof(HeapTupleData, t_data));
  d->nvalid = load(d, KILN_TYPE_I16, d->slot, offsetof(TupleTableSlot, tts_nvalid));
  d->bits =
    kiln_build_addr(d->f, header, (kiln_value){0}, 0, offsetof(HeapTupleHeaderData, t_bits));
  hoff = kiln_build_load_ext(d->f, KILN_TYPE_I64, KILN_TYPE_I8, header,
                             offsetof(HeapTupleHeaderData, t_hoff), 0);
  d->data = kiln_build_addr(d->f, header, hoff, 1, 0);
  count = load(d, KILN_TYPE_I16, header, offsetof(HeapTupleHeaderData, t_infomask2));
  count = kiln_build_binary(d->f, KILN_OP_AND, KILN_TYPE_I16, count, i64_const(d, HEAP_NATTS_MASK));
  test = kiln_build_icmp(d->f, KILN_ICOND_ULT, KILN_TYPE_I16, count, i64_const(d, d->natts));
  kiln_build_brif(d->f, test, d->other, NULL, 0, enough, NULL, 0);
  kiln_block_switch(d->f, enough);
  mask = load(d, KILN_TYPE_I16, header, offsetof(HeapTupleHeaderData, t_infomask));
  mask = kiln_build_binary(d->f, KILN_OP_AND, KILN_TYPE_I16, mask, i64_const(d, HEAP_HASNULL));
  test = kiln_build_icmp(d->f, KILN_ICOND_NE, KILN_TYPE_I16, mask, i64_const(d, 0));
  kiln_build_brif(d->f, test, nulls, NULL, 0, plain, NULL, 0);
  kiln_block_switch(d->f, plain);
  clear_nulls(d);
  columns(d, false);
  kiln_block_switch(d->f, nulls);
  columns(d, true);
  leave_to_postgres(d);
}

void kj_note_fetch(kj_batch *b, int natts) {
  int at = 0;

  while (at < b->n_fetches && b->fetches[at] < natts) at++;
  if (at < b->n_fetches && b->fetches[at] == natts) return;
  KJ_ROOM(CurrentMemoryContext, b->fetches, b->n_fetches, b->max_fetches);
  memmove(&b->fetches[at + 1], &b->fetches[at], sizeof(int) * (Size)(b->n_fetches - at));
  b->fetches[at] = natts;
  b->n_fetches++;
}

static kiln_symbol declare(kj_batch *b) {
  static const kiln_param param = {.type = KILN_TYPE_I64};
  char name[32];

  snprintf(name, sizeof(name), "deform_%d", b->n_deforms);
  return kiln_func_declare(
    b->module, &(kiln_symbol_desc){.name = name, .linkage = KILN_LINKAGE_INTERNAL, .body = true},
    kiln_sig_new(b->module, KILN_CC_C, KILN_SIG_NOUNWIND, &param, 1, NULL, 0));
}

kiln_symbol kj_deform_function(kj_batch *b, TupleDesc desc, const TupleTableSlotOps *ops,
                               int natts) {
  bool minimal = ops == &TTSOpsMinimalTuple;
  deform d = {.batch = b, .desc = desc, .natts = natts, .n_starts = 1};
  kiln_diag diag = {0};
  kiln_symbol symbol;
  instr_time start, end;

  if (!minimal && ops != &TTSOpsHeapTuple && ops != &TTSOpsBufferHeapTuple) return (kiln_symbol){0};
  if (natts > desc->natts) return (kiln_symbol){0};
  for (int i = 0; i < b->n_deforms; i++) {
    const kj_deform *known = &b->deforms[i];

    if (known->desc == desc && known->ops == ops && known->natts == natts) return known->symbol;
  }
  for (int i = 0; i < b->n_fetches && b->fetches[i] < natts && d.n_starts < MAX_STARTS; i++)
    d.starts[d.n_starts++] = b->fetches[i];
  INSTR_TIME_SET_CURRENT(start);
  symbol = declare(b);
  d.f = kiln_func_begin(b->session, symbol);
  build(&d, minimal);
  if (kiln_func_try_compile(d.f, &diag) != KILN_OK) {
    elog(DEBUG1, "kilnjit: deforming of %d columns is not compiled: %s", natts, diag.message);
    symbol.id = 0;
  } else {
    b->n_functions++;
  }
  KJ_ROOM(CurrentMemoryContext, b->deforms, b->n_deforms, b->max_deforms);
  b->deforms[b->n_deforms++] =
    (kj_deform){.desc = desc, .ops = ops, .natts = natts, .symbol = symbol};
  INSTR_TIME_SET_CURRENT(end);
  INSTR_TIME_ACCUM_DIFF(b->deforming, end, start);
  return symbol;
}
