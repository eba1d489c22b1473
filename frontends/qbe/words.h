/* The words of the language: WORD(name, form, classes of the result, operands, op, fop), as struct word
 * explains them. body.c reads and builds by this table. Included by text.c. */
/* clang-format off */

#define BOTH(name, form, op, fop) WORD(name, form, W | L | S | D, "==", KILN_OP_##op, KILN_OP_##fop)
#define INT(name, op) WORD(name, BINARY, W | L, "==", KILN_OP_##op, 0)
#define SHIFT(name, op) WORD(name, SHIFT, W | L, "=w", KILN_OP_##op, 0)
#define IF(name, op) \
  WORD("c" name "w", COMPARE, W | L, "ww", KILN_ICOND_##op, 0) \
  WORD("c" name "l", COMPARE, W | L, "ll", KILN_ICOND_##op, 0)
#define IFF(name, op) \
  WORD("c" name "s", COMPARE, W | L, "ss", 0, KILN_FCOND_##op) \
  WORD("c" name "d", COMPARE, W | L, "dd", 0, KILN_FCOND_##op)
#define STORE(name, operands) WORD(name, STORE, NONE, operands, 0, 0)
#define LOAD(name, results, type, is_signed) WORD(name, LOAD, results, "a", KILN_TYPE_##type, is_signed)
#define ALLOC(name, log2) WORD(name, ALLOC, L, "l", log2, 0)
#define CONVERT(name, to, from, op) WORD(name, CONVERT, to, from, KILN_OP_##op, 0)
#define OTHER(name, form, to, operands) WORD(name, form, to, operands, 0, 0)
#define TYPE(name, type, size) WORD(name, TYPE_NAME, 0, "", type, size)
#define LATER(name, form) WORD(name, form, 0, "", 0, 0)

/* arithmetic and bits */
BOTH("add", BINARY, ADD, FADD) BOTH("sub", BINARY, SUB, FSUB) BOTH("mul", BINARY, MUL, FMUL)
BOTH("div", BINARY, SDIV, FDIV) INT("rem", SREM) INT("udiv", UDIV) INT("urem", UREM)
INT("and", AND) INT("or", OR) INT("xor", XOR) SHIFT("sar", ASHR) SHIFT("shr", LSHR) SHIFT("shl", SHL)
WORD("neg", UNARY, W | L | S | D, "=", KILN_OP_NEG, KILN_OP_FNEG)
/* comparisons */
IF("eq", EQ) IF("ne", NE) IF("sge", SGE) IF("sgt", SGT) IF("sle", SLE) IF("slt", SLT)
IF("uge", UGE) IF("ugt", UGT) IF("ule", ULE) IF("ult", ULT)
IFF("eq", OEQ) IFF("ne", UNE) IFF("ge", OGE) IFF("gt", OGT) IFF("le", OLE) IFF("lt", OLT)
IFF("o", ORD) IFF("uo", UNO)
/* memory; a type of VOID: that of the result */
STORE("storeb", "ba") STORE("storeh", "ha") STORE("storew", "wa")
STORE("storel", "la") STORE("stores", "sa") STORE("stored", "da")
LOAD("loadsb", W | L, I8, 1) LOAD("loadub", W | L, I8, 0) LOAD("loadsh", W | L, I16, 1)
LOAD("loaduh", W | L, I16, 0) LOAD("loadsw", W | L, I32, 1) LOAD("loaduw", W | L, I32, 0)
LOAD("loadw", W | L, I32, 1) LOAD("load", W | L | S | D, VOID, 0) LOAD("loadl", W | L | S | D, VOID, 0)
LOAD("loads", W | L | S | D, VOID, 0) LOAD("loadd", W | L | S | D, VOID, 0)
ALLOC("alloc1", 2) ALLOC("alloc2", 2) ALLOC("alloc4", 2) ALLOC("alloc8", 3) ALLOC("alloc16", 4)
OTHER("blit", BLIT, NONE, "ll")
/* conversions */
CONVERT("extsb", W | L, "b", SEXT) CONVERT("extub", W | L, "b", ZEXT) CONVERT("extsh", W | L, "h", SEXT)
CONVERT("extuh", W | L, "h", ZEXT) CONVERT("extsw", L, "w", SEXT) CONVERT("extuw", L, "w", ZEXT)
CONVERT("exts", D, "s", FPROMOTE) CONVERT("truncd", S, "d", FDEMOTE)
CONVERT("stosi", W | L, "s", FTOSI) CONVERT("stoui", W | L, "s", FTOUI)
CONVERT("dtosi", W | L, "d", FTOSI) CONVERT("dtoui", W | L, "d", FTOUI)
CONVERT("swtof", S | D, "w", SITOF) CONVERT("uwtof", S | D, "w", UITOF)
CONVERT("sltof", S | D, "l", SITOF) CONVERT("ultof", S | D, "l", UITOF)
CONVERT("cast", W | L | S | D, "x", BITCAST) CONVERT("copy", W | L | S | D, "=", NONE)
/* calls, phis, jumps */
OTHER("call", CALL, NONE | W | L | S | D, "l") OTHER("vastart", VASTART, NONE, "l")
OTHER("vaarg", VAARG, W | L | S | D, "l") OTHER("phi", PHI, W | L | S | D, "")
OTHER("dbgloc", DBGLOC, NONE, "") OTHER("jmp", JMP, NONE, "") OTHER("jnz", JNZ, NONE, "w")
OTHER("ret", RET, NONE, "") OTHER("hlt", HLT, NONE, "")
/* types and definitions */
TYPE("w", QW, 4) TYPE("l", QL, 8) TYPE("s", QS, 4) TYPE("d", QD, 8) TYPE("b", QUB, 1) TYPE("h", QUH, 2)
TYPE("sb", QSB, 0) TYPE("ub", QUB, 0) TYPE("sh", QSH, 0) TYPE("uh", QUH, 0) TYPE("env", QENV, 0)
LATER("z", ZERO) LATER("align", ALIGN) LATER("export", EXPORT) LATER("thread", THREAD) LATER("common", COMMON)
LATER("extern", EXTERN) LATER("section", SECTION) LATER("function", FUNCTION) LATER("data", DATA) LATER("type", TYPE)
LATER("dbgfile", DBGFILE)
