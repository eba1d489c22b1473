/* Numbers of LLVM's own in debug metadata: operations of expressions, flags. Those of DWARF are in <kiln/dwarf.h>. */
#ifndef KN_LLVM_DEBUG_NUMBERS_H
#define KN_LLVM_DEBUG_NUMBERS_H

/* Operations that LLVM puts beside DWARF's. */
enum {
  OP_LLVM_FRAGMENT = 0x1000,
  OP_LLVM_CONVERT = 0x1001,
  OP_LLVM_TAG_OFFSET = 0x1002,
  OP_LLVM_ENTRY_VALUE = 0x1003,
  OP_LLVM_IMPLICIT_POINTER = 0x1004,
  OP_LLVM_ARG = 0x1005,
  OP_LLVM_EXTRACT_SEXT = 0x1006,
  OP_LLVM_EXTRACT_ZEXT = 0x1007,
};

/* DIFlags: LLVM's DebugInfoFlags.def. */
enum {
  FLAG_ACCESS = 3,
  FLAG_FWD_DECL = 1 << 2,
  FLAG_VIRTUAL = 1 << 5,
  FLAG_ARTIFICIAL = 1 << 6,
  FLAG_EXPLICIT = 1 << 7,
  FLAG_PROTOTYPED = 1 << 8,
  FLAG_OBJECT_POINTER = 1 << 10,
  FLAG_VECTOR = 1 << 11,
  FLAG_STATIC = 1 << 12,
  FLAG_LVALUE = 1 << 13,
  FLAG_RVALUE = 1 << 14,
  FLAG_EXPORT = 1 << 15,
  FLAG_BIT_FIELD = 1 << 19,
  FLAG_NORETURN = 1 << 20,
  FLAG_BY_VALUE = 1 << 22,
  FLAG_BY_REFERENCE = 1 << 23,
  FLAG_ENUM_CLASS = 1 << 24,
  FLAG_BIG_ENDIAN = 1 << 27,
  FLAG_LITTLE_ENDIAN = 1 << 28,
  FLAG_ALL_CALLS = 1 << 29,
};

/* DICompileUnit's emission kind; of directives only, which is less than line tables, those are made. */
enum { EMIT_NONE, EMIT_FULL, EMIT_LINES, EMIT_DIRECTIVES };

/* DISPFlags. */
enum {
  SP_VIRTUALITY = 3,
  SP_LOCAL = 1 << 2,
  SP_DEFINITION = 1 << 3,
  SP_PURE = 1 << 5,
  SP_ELEMENTAL = 1 << 6,
  SP_RECURSIVE = 1 << 7,
  SP_MAIN = 1 << 8,
  SP_DELETED = 1 << 9,
};

#endif
