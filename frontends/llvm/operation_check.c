/* The instructions that are built by name, and what their operands have to be: LLVM's verifier checks that before it
 * writes bitcode, and so the reader does not. Called by operation.c. Invariant: a record that is made of checked
 * operands is one that LLVM could have written. */
#include "operation.h"

/* ---- the instructions ---- */

#define BINARY(name, number, is_float) {name, FUNC_BINOP, number, SHAPE_BINARY, is_float},
#define CAST(name, number) {name, FUNC_CAST, number, SHAPE_CAST, false},
#define COMPARE(name, number) {name, FUNC_CMP2, number, SHAPE_COMPARE, (number) < 16},
static const struct kn_operation_row rows[] = {
  BINARY("add", BINOP_ADD, false) BINARY("sub", BINOP_SUB, false) BINARY("mul", BINOP_MUL, false)
    BINARY("udiv", BINOP_UDIV, false) BINARY("sdiv", BINOP_SDIV, false)
      BINARY("urem", BINOP_UREM, false) BINARY("srem", BINOP_SREM, false)
        BINARY("shl", BINOP_SHL, false) BINARY("lshr", BINOP_LSHR, false)
          BINARY("ashr", BINOP_ASHR, false) BINARY("and", BINOP_AND, false)
            BINARY("or", BINOP_OR, false) BINARY("xor", BINOP_XOR, false)
              BINARY("fadd", BINOP_ADD, true) BINARY("fsub", BINOP_SUB, true)
                BINARY("fmul", BINOP_MUL, true) BINARY("fdiv", BINOP_SDIV, true)
                  BINARY("frem", BINOP_SREM, true){"fneg", FUNC_UNOP, 0, SHAPE_NEGATE, true},
  CAST("trunc", CAST_TRUNC) CAST("zext", CAST_ZEXT) CAST("sext", CAST_SEXT)
    CAST("fptoui", CAST_FPTOUI) CAST("fptosi", CAST_FPTOSI) CAST("uitofp", CAST_UITOFP)
      CAST("sitofp", CAST_SITOFP) CAST("fptrunc", CAST_FPTRUNC) CAST("fpext", CAST_FPEXT)
        CAST("ptrtoint", CAST_PTRTOINT) CAST("inttoptr", CAST_INTTOPTR)
          CAST("bitcast", CAST_BITCAST) COMPARE("fcmp false", 0) COMPARE("fcmp oeq", 1)
            COMPARE("fcmp ogt", 2) COMPARE("fcmp oge", 3) COMPARE("fcmp olt", 4)
              COMPARE("fcmp ole", 5) COMPARE("fcmp one", 6) COMPARE("fcmp ord", 7)
                COMPARE("fcmp uno", 8) COMPARE("fcmp ueq", 9) COMPARE("fcmp ugt", 10)
                  COMPARE("fcmp uge", 11) COMPARE("fcmp ult", 12) COMPARE("fcmp ule", 13)
                    COMPARE("fcmp une", 14) COMPARE("fcmp true", 15) COMPARE("icmp eq", 32)
                      COMPARE("icmp ne", 33) COMPARE("icmp ugt", 34) COMPARE("icmp uge", 35)
                        COMPARE("icmp ult", 36) COMPARE("icmp ule", 37) COMPARE("icmp sgt", 38)
                          COMPARE("icmp sge", 39) COMPARE("icmp slt", 40)
                            COMPARE("icmp sle", 41){"select", FUNC_VSELECT, 0, SHAPE_SELECT, false},
  {"freeze", FUNC_FREEZE, 0, SHAPE_FREEZE, false},
  {"extractelement", FUNC_EXTRACTELT, 0, SHAPE_EXTRACT, false},
  {"insertelement", FUNC_INSERTELT, 0, SHAPE_INSERT, false},
  {"shufflevector", FUNC_SHUFFLEVEC, 0, SHAPE_SHUFFLE, false},
  {"extractvalue", FUNC_EXTRACTVAL, 0, SHAPE_EXTRACT_VALUE, false},
  {"insertvalue", FUNC_INSERTVAL, 0, SHAPE_INSERT_VALUE, false},
  {"load", FUNC_LOAD, 0, SHAPE_LOAD, false},
  {"store", FUNC_STORE, 0, SHAPE_STORE, false},
};

const struct kn_operation_row *kn_operation_find(const char *name) {
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i].name, name) == 0) return &rows[i];
  return NULL;
}

/* ---- types ---- */

static const struct kn_bc_type *info(const struct kiln_llvm_builder *b, uint32_t type) {
  return &b->bc.types.at[type];
}
/* The type of a vector's lanes, or a type itself. */
static uint32_t lane(const struct kiln_llvm_builder *b, uint32_t type) {
  const struct kn_bc_type *t = info(b, type);
  return t->kind == TK_VECTOR ? b->module.elems.at[t->first].type : type;
}
/* Number of lanes; 0: no vector. */
static uint64_t lanes(const struct kiln_llvm_builder *b, uint32_t type) {
  const struct kn_bc_type *t = info(b, type);
  return t->kind == TK_VECTOR ? t->count : 0;
}
static bool is_int(const struct kiln_llvm_builder *b, uint32_t type) {
  const struct kn_bc_type *t = info(b, lane(b, type));
  return t->kind == TK_INT || t->kind == TK_WIDE;
}
static bool is_float(const struct kiln_llvm_builder *b, uint32_t type) {
  const struct kn_bc_type *t = info(b, lane(b, type));
  return t->kind == TK_FLOAT || t->kind == TK_SOFT;
}
static bool is_pointer(const struct kiln_llvm_builder *b, uint32_t type) {
  return info(b, lane(b, type))->kind == TK_PTR;
}

/* ---- checks ---- */

static bool wrong(struct kiln_llvm_builder *b, const char *what) {
  return kn_bc_fail(&b->bc, KILN_ERR_TYPE, "%s", what);
}

/* What a cast is from and to, and how the widths compare. */
enum cast_class { INTS, FLOATS, POINTERS };
static const struct {
  uint8_t from, to;
  int8_t width; /* of the result against the operand's: 1: wider, -1: narrower, 0: any */
} casts[] = {
  [CAST_TRUNC] = {INTS, INTS, -1},       [CAST_ZEXT] = {INTS, INTS, 1},
  [CAST_SEXT] = {INTS, INTS, 1},         [CAST_FPTOUI] = {FLOATS, INTS, 0},
  [CAST_FPTOSI] = {FLOATS, INTS, 0},     [CAST_UITOFP] = {INTS, FLOATS, 0},
  [CAST_SITOFP] = {INTS, FLOATS, 0},     [CAST_FPTRUNC] = {FLOATS, FLOATS, -1},
  [CAST_FPEXT] = {FLOATS, FLOATS, 1},    [CAST_PTRTOINT] = {POINTERS, INTS, 0},
  [CAST_INTTOPTR] = {INTS, POINTERS, 0},
};

static bool is_of(const struct kiln_llvm_builder *b, unsigned class, uint32_t type) {
  return class == INTS     ? is_int(b, type)
         : class == FLOATS ? is_float(b, type)
                           : is_pointer(b, type);
}

static uint64_t bits(const struct kiln_llvm_builder *b, uint32_t type) {
  const uint64_t n = lanes(b, type);
  return info(b, lane(b, type))->bits * (n ? n : 1);
}

static bool check_cast(struct kiln_llvm_builder *b, unsigned number, uint32_t from, uint32_t to) {
  const char *bad = "a cast that cannot convert between its types";
  if (number == CAST_BITCAST) {
    const bool known = (is_int(b, from) || is_float(b, from) || is_pointer(b, from)) &&
                       (is_int(b, to) || is_float(b, to) || is_pointer(b, to));
    return (known && bits(b, from) == bits(b, to) && is_pointer(b, from) == is_pointer(b, to)) ||
           wrong(b, bad);
  }
  const uint32_t x = info(b, lane(b, from))->bits, y = info(b, lane(b, to))->bits;
  const int width = (y > x) - (y < x);
  return (is_of(b, casts[number].from, from) && is_of(b, casts[number].to, to) &&
          lanes(b, from) == lanes(b, to) &&
          (casts[number].width == 0 || casts[number].width == width)) ||
         wrong(b, bad);
}

/* Operand `i` is a constant; its value goes to *out. */
static bool index_of(struct kiln_llvm_builder *b, uint32_t i, uint64_t *out) {
  int64_t k;
  if (!kn_bc_is_int(&b->bc, b->ids.at[i], &k) || k < 0)
    return kn_bc_fail(&b->bc, KILN_ERR_ARGUMENT, "operand %u is not a constant index", i + 1);
  *out = (uint64_t)k;
  return true;
}

/* Operands from `from` on are indices into aggregate `type`, of which there is one at least. */
static bool check_indices(struct kiln_llvm_builder *b, uint32_t type, uint32_t from) {
  uint64_t k;
  if (from >= b->ids.n) return wrong(b, "no index into an aggregate");
  if (!kn_bc_is_aggregate(info(b, type))) return wrong(b, "the first operand is not an aggregate");
  for (uint32_t i = from; i < b->ids.n; i++)
    if (!index_of(b, i, &k)) return false;
  return true;
}

static bool check_select(struct kiln_llvm_builder *b, const uint32_t *type, uint32_t result) {
  const struct kn_bc_type *condition = info(b, lane(b, type[0]));
  if (condition->fit != FIT_BOOL) return wrong(b, "a condition that is not an i1");
  if (lanes(b, type[0]) != 0 && lanes(b, type[0]) != lanes(b, result))
    return wrong(b, "a condition of another number of lanes");
  return true;
}

static bool check_shuffle(struct kiln_llvm_builder *b, const uint32_t *type, uint32_t result) {
  if (lanes(b, type[0]) == 0 || lanes(b, type[2]) == 0)
    return wrong(b, "operands that are not vectors");
  if (b->ids.at[2] >= b->bc.inst_base || info(b, lane(b, type[2]))->bits != 32 ||
      !is_int(b, type[2]))
    return wrong(b, "a mask that is not a constant vector of i32");
  return (lane(b, result) == lane(b, type[0]) && lanes(b, result) == lanes(b, type[2])) ||
         wrong(b, "a result of another type");
}

/* What the shapes have in common: number of operands (0: some), the first and the second of the two that are the same
 * type, and whether the result is that of the first of these. */
static const struct {
  uint8_t n, same[2];
  bool result;
} shapes[SHAPE_COUNT] = {
  [SHAPE_BINARY] = {2, {0, 1}, true},       [SHAPE_NEGATE] = {1, {0, 0}, true},
  [SHAPE_CAST] = {1, {0, 0}, false},        [SHAPE_COMPARE] = {2, {0, 1}, false},
  [SHAPE_SELECT] = {3, {1, 2}, true},       [SHAPE_FREEZE] = {1, {0, 0}, true},
  [SHAPE_EXTRACT] = {2, {0, 0}, false},     [SHAPE_INSERT] = {3, {0, 0}, true},
  [SHAPE_SHUFFLE] = {3, {0, 1}, false},     [SHAPE_EXTRACT_VALUE] = {0, {0, 0}, false},
  [SHAPE_INSERT_VALUE] = {0, {0, 0}, true}, [SHAPE_LOAD] = {1, {0, 0}, false},
  [SHAPE_STORE] = {2, {0, 0}, false},
};

static bool check_common(struct kiln_llvm_builder *b, unsigned shape, uint32_t result) {
  const uint32_t n = shapes[shape].n, *type = b->id_types.at;
  if (n != 0 ? b->ids.n != n : b->ids.n == 0)
    return kn_bc_fail(&b->bc, KILN_ERR_ARGUMENT, "the operation has %u operands, but needs %s%u",
                      b->ids.n, n ? "" : "more than ", n);
  if (type[shapes[shape].same[0]] != type[shapes[shape].same[1]])
    return wrong(b, "operands of different types");
  return !shapes[shape].result || result == type[shapes[shape].same[0]] ||
         wrong(b, "a result of another type");
}

bool kn_operation_check(struct kiln_llvm_builder *b, const struct kn_operation_row *row,
                        uint32_t result) {
  const uint32_t *type = b->id_types.at;
  if (!check_common(b, row->shape, result)) return false;
  switch (row->shape) {
  case SHAPE_BINARY:
  case SHAPE_NEGATE:
    return (row->is_float ? is_float(b, *type) : is_int(b, *type)) ||
           wrong(b,
                 row->is_float ? "operands that are not floats" : "operands that are not integers");
  case SHAPE_COMPARE:
    return (row->is_float ? is_float(b, *type) : is_int(b, *type) || is_pointer(b, *type)) ||
           wrong(b,
                 row->is_float ? "operands that are not floats" : "operands that are not integers");
  case SHAPE_CAST: return check_cast(b, row->number, *type, result);
  case SHAPE_SELECT: return check_select(b, type, result);
  case SHAPE_EXTRACT:
  case SHAPE_INSERT:
    if (lanes(b, *type) == 0) return wrong(b, "the first operand is not a vector");
    if (row->shape == SHAPE_INSERT && type[1] != lane(b, *type))
      return wrong(b, "an element of another type");
    return (is_int(b, type[b->ids.n - 1]) && lanes(b, type[b->ids.n - 1]) == 0) ||
           wrong(b, "an index that is not an integer");
  case SHAPE_SHUFFLE: return check_shuffle(b, type, result);
  case SHAPE_EXTRACT_VALUE: return check_indices(b, *type, 1);
  case SHAPE_INSERT_VALUE: return check_indices(b, *type, 2);
  case SHAPE_LOAD:
  case SHAPE_STORE:
    return (is_pointer(b, type[row->shape == SHAPE_STORE]) &&
            lanes(b, type[row->shape == SHAPE_STORE]) == 0) ||
           wrong(b, "an address that is not a pointer");
  default: return true;
  }
}
