/* The format of tables of roots: for each call that may collect, where it returns to and its id; and where the roots of
 * the function are in its frame. docs/roots.md describes it. lib/codegen/root_table.c makes the tables, objects and
 * units of a JIT have them, stack.c reads them; it finds the CFA by the rows of unwinding (cfi.c), so that REG and CFA
 * are for the walks of others.
 *
 * All roots of a function are in its frame from the entry on, so one list of them serves all its calls. What differs by
 * call (roots of bodies that were inlined, values of a statepoint, states to go back to) would be another column, and a
 * flag. Invariant: calls are in ascending order of their return addresses. */
#ifndef KN_RUNTIME_STACK_ROOT_FORMAT_H
#define KN_RUNTIME_STACK_ROOT_FORMAT_H

/* Where the fields of a table are. After them: a return address for each call, 4 bytes, from the function's start; with
 * KN_ROOTS_IDS an id for each call, 4 bytes; 4 bytes for each root: its distance from the CFA, + 1 if it has 4 bytes.
 * */
enum {
  KN_ROOTS_SIZE = 0, /* of the table, 4 bytes; a multiple of 4 */
  KN_ROOTS_VERSION = 4,
  KN_ROOTS_FLAGS = 5,
  KN_ROOTS_REG = 6,  /* the CFA is this register, by DWARF's number, */
  KN_ROOTS_FUNC = 8, /* signed distance from here to the function */
  KN_ROOTS_FUNC_SIZE = 12,
  KN_ROOTS_CFA = 16, /* + this, at each call */
  KN_ROOTS_N_CALLS = 20,
  KN_ROOTS_N_ROOTS = 24,
  KN_ROOTS_HEAD = 28,
  KN_ROOTS_ALIGN = 4
};
enum { KN_ROOTS_VERSION_1 = 1, KN_ROOTS_IDS = 1 /* a flag */ };

#endif
