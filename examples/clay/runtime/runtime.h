/* What a running Clay program consists of: strings, arrays, their collector. The compiler (gen*.c)
 * knows the layout of the two structs and calls the functions of its table RUNTIME by name. Every
 * value fits a cell of 64 bits: ints, floats by their bits, bools as 0 or 1, strings and arrays by
 * address. */
#ifndef CLAY_RUNTIME_H
#define CLAY_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t clay_cell;

struct clay_str {
  int64_t size;
  char bytes[]; /* and a NUL, so that C can read it */
};

struct clay_array {
  int64_t size, capacity; /* in elements */
  clay_cell *cells;
};

/* The last arguments of a function that can fail: where in the program it was called. */
#define CLAY_PLACE const char *file, int64_t place /* line << 32 | column */

/* Type of a value that is printed: its depth of arrays times 4, plus what is at the bottom. */
enum { CLAY_INT, CLAY_FLOAT, CLAY_BOOL, CLAY_STR };

/* ---- gc.c ---- */

enum clay_kind {
  CLAY_BYTES, /* nothing to follow */
  CLAY_CELLS, /* an array of plain values */
  CLAY_REFS,  /* an array of references */
  CLAY_RECORD /* cells, some of which may be references */
};

/* Starts the heap; `bottom` is where the stack of the program begins. */
void clay_heap_init(void *bottom);
/* Memory that lives as long as a word on the stack, in a register, in a root or in an array of
 * references holds its address. */
void *clay_heap_new(enum clay_kind kind, size_t size);
/* Space for `capacity` cells of an array. */
void clay_heap_grow(struct clay_array *a, int64_t capacity);
/* A global variable that holds a reference. */
void clay_root(clay_cell *cell);

/* ---- runtime.c: what the compiler calls ---- */

_Noreturn void clay_fail(const struct clay_str *message, CLAY_PLACE);
/* `size`: of a string or an array, which begin with it. */
_Noreturn void clay_fail_index(int64_t index, const int64_t *size, CLAY_PLACE);
_Noreturn void clay_fail_unset(CLAY_PLACE);
_Noreturn void clay_fail_zero(CLAY_PLACE);
_Noreturn void clay_exit(int64_t status);

/* Throws a value of the type that `type` stands for; `code` is the type as clay_write gets it, -1 a record. */
_Noreturn void clay_throw(clay_cell value, const char *type, int64_t code, CLAY_PLACE);
/* The value of an exception that a landing pad got. */
struct exception;
clay_cell clay_caught(const struct exception *e);
/* Nobody catches it. */
_Noreturn void clay_fail_thrown(clay_cell value, int64_t code, CLAY_PLACE);
extern const char clay_type_int, clay_type_float, clay_type_bool, clay_type_str;

struct clay_str *clay_concat(const struct clay_str *a, const struct clay_str *b);
int64_t clay_equal(const struct clay_str *a, const struct clay_str *b);
int64_t clay_compare(const struct clay_str *a, const struct clay_str *b);
struct clay_str *clay_slice_str(const struct clay_str *s, int64_t from, int64_t to, CLAY_PLACE);
struct clay_str *clay_chr(int64_t byte, CLAY_PLACE);
struct clay_str *clay_from_c(const char *s);

struct clay_array *clay_array_new(int64_t size, clay_cell value, int64_t references, CLAY_PLACE);
struct clay_array *clay_slice_array(const struct clay_array *a, int64_t from, int64_t to,
                                    int64_t references, CLAY_PLACE);
clay_cell *clay_record_new(int64_t n_fields);
void clay_push(struct clay_array *a, clay_cell value);
clay_cell clay_pop(struct clay_array *a, CLAY_PLACE);

struct clay_str *clay_to_str(clay_cell value, int64_t type);
int64_t clay_parse_int(const struct clay_str *s, CLAY_PLACE);
clay_cell clay_parse_float(const struct clay_str *s, CLAY_PLACE);

void clay_write(clay_cell value, int64_t type);
void clay_write_byte(int64_t byte);
struct clay_str *clay_read_line(void);
struct clay_array *clay_args(void);

/* The program's statements outside of functions; defined by compiled code. */
void clay_program(void);
/* Optional: called after the message of an error; may leave by longjmp. */
void clay_failed(void) __attribute__((weak));

#endif
