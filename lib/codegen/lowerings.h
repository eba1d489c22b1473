/* What the rows of a target's table of lowerings are made of. Each type has two entries: how the operation is lowered,
 * and how if nobody reads its result, which follows from the operation's effects. Used by target.c of each target.
 *
 * Invariant: no table says by hand what an unread result means. */
#ifndef KN_LIB_CODEGEN_LOWERINGS_H
#define KN_LIB_CODEGEN_LOWERINGS_H

#include "lib/codegen/walk.h"

/* KN_EFFECTS_<op>: its effects as a constant. */
enum {
#define PURE KN_FX_PURE
#define WRITE KN_FX_WRITE
#define TRAP KN_FX_TRAP
#define TERM KN_FX_TERM
#define ONE KN_FX_ONE
#define FLAG KN_FX_FLAG
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KN_EFFECTS_##E = fx,
#include <kiln/ops.def>
#undef PURE
#undef WRITE
#undef TRAP
#undef TERM
#undef ONE
#undef FLAG
};

/* A row of a target's table of lowerings, by type: cell(type, ...) for each. */
#define KN_EACH_TYPE(cell, ...)                                                                    \
  cell(0, __VA_ARGS__), cell(1, __VA_ARGS__), cell(2, __VA_ARGS__), cell(3, __VA_ARGS__),          \
    cell(4, __VA_ARGS__), cell(5, __VA_ARGS__), cell(6, __VA_ARGS__), cell(7, __VA_ARGS__),        \
    cell(8, __VA_ARGS__), cell(9, __VA_ARGS__), cell(10, __VA_ARGS__), cell(11, __VA_ARGS__),      \
    cell(12, __VA_ARGS__), cell(13, __VA_ARGS__), cell(14, __VA_ARGS__), cell(15, __VA_ARGS__)
#define KN_BY_TYPE(cell, ...) {KN_EACH_TYPE(cell, __VA_ARGS__)}
_Static_assert(KILN_TYPE_COUNT <= 16, "KN_BY_TYPE");
/* row(operation, how) for each operation of a list, of which there are at most 11. */
#define KN_OPS(row, how, ...)                                                                      \
  KN_OPS_OF(__VA_ARGS__, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)(row, how, __VA_ARGS__)
#define KN_OPS_OF(E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, n, ...) KN_OPS_##n
#define KN_OPS_1(row, how, E) row(E, how)
#define KN_OPS_2(row, how, E, ...) row(E, how), KN_OPS_1(row, how, __VA_ARGS__)
#define KN_OPS_3(row, how, E, ...) row(E, how), KN_OPS_2(row, how, __VA_ARGS__)
#define KN_OPS_4(row, how, E, ...) row(E, how), KN_OPS_3(row, how, __VA_ARGS__)
#define KN_OPS_5(row, how, E, ...) row(E, how), KN_OPS_4(row, how, __VA_ARGS__)
#define KN_OPS_6(row, how, E, ...) row(E, how), KN_OPS_5(row, how, __VA_ARGS__)
#define KN_OPS_7(row, how, E, ...) row(E, how), KN_OPS_6(row, how, __VA_ARGS__)
#define KN_OPS_8(row, how, E, ...) row(E, how), KN_OPS_7(row, how, __VA_ARGS__)
#define KN_OPS_9(row, how, E, ...) row(E, how), KN_OPS_8(row, how, __VA_ARGS__)
#define KN_OPS_10(row, how, E, ...) row(E, how), KN_OPS_9(row, how, __VA_ARGS__)
#define KN_OPS_11(row, how, E, ...) row(E, how), KN_OPS_10(row, how, __VA_ARGS__)
/* What is in the parentheses of `how`. */
#define KN_OPEN(...) __VA_ARGS__
/* Rows of a table: `how`, CELL's arguments after the type, for each operation of a list. The target defines
 * CELL(type, ...), the lowering for a type, UNREAD(type), that of a result that nobody reads, and KEEPS(operation),
 * true if the operation is lowered in any case. */
#define LOWERS(how, ...) KN_OPS(ROW, how, __VA_ARGS__)
#define ALL_TYPES(fn, ...) LOWERS((fn, fn, fn), __VA_ARGS__)
#define ROW(E, how) [KILN_OP_##E] = KN_BY_TYPE(PAIR, KEEPS(E), KN_OPEN how)
#define PAIR(t, keeps, ...) {CELL(t, __VA_ARGS__), (keeps) ? CELL(t, __VA_ARGS__) : UNREAD(t)}
/* Both entries alike: of what makes no code anyway, and of what looks itself whether its result is read. */
#define TWICE(t, ...) {CELL(t, __VA_ARGS__), CELL(t, __VA_ARGS__)}
/* A table begins with this: what no row says is refused. */
#define KN_NO_ROW(t, fn) {fn, fn}
#define KN_UNSUPPORTED [0 ... KILN_OP_COUNT - 1] = KN_BY_TYPE(KN_NO_ROW, kn_lower_unsupported)
/* The rows that follow, which are the same for all targets. */
#define KN_ROWS_OF_ALL                                                                             \
  [KILN_OP_PARAM] = KN_BY_TYPE(TWICE, kn_lower_nothing, kn_lower_nothing, kn_lower_nothing),       \
  [KILN_OP_RESULT] = KN_BY_TYPE(TWICE, kn_lower_nothing, kn_lower_nothing, kn_lower_nothing),      \
  [KILN_OP_UPPER] = KN_BY_TYPE(TWICE, kn_lower_upper, kn_lower_upper, kn_lower_upper),             \
  ALL_TYPES(kn_lower_try, TRY), ALL_TYPES(kn_lower_library, RESUME),                               \
  LOWER(kn_lower_get_pinned, GET_PINNED), LOWER(kn_lower_set_pinned, SET_PINNED),                  \
  LOWER(kn_lower_tailcall, TAILCALL)
#endif
