/* What a running Clay program consists of: strings, arrays, their collector. The compiler (gen*.c)
 * knows the layout of the two structs and calls the functions of its table RUNTIME by name. Every
 * value fits a cell of 64 bits: ints, floats by their bits, bools as 0 or 1, strings and arrays by
 * address. */
#ifndef CLAY_RUNTIME_H
#define CLAY_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef _WIN32
#include <windows.h>
#endif
#include <unwind.h>

typedef int64_t clay_cell;

struct clay_str {
  int64_t size;
  char bytes[]; /* and a NUL, so that C can read it */
};

struct clay_array {
  int64_t size, capacity; /* in elements */
  clay_cell *cells;       /* an object of its own; NULL if the capacity is 0 */
  int64_t references;     /* 1: the elements are references; else 0 */
};

/* What all records of a type have in common. */
struct clay_shape {
  int64_t n_fields;
  const char *const *names;  /* of the fields */
  const uint8_t *references; /* for each field: 1 if it is a reference */
};

/* The last arguments of a function that can fail: where in the program it was called. */
#define CLAY_PLACE const char *file, int64_t place /* line << 32 | column */

/* Type of a value that is printed: its depth of arrays times 4, plus what is at the bottom. */
enum { CLAY_INT, CLAY_FLOAT, CLAY_BOOL, CLAY_STR };

/* ---- gc.c ---- */

enum clay_kind {
  CLAY_PLAIN, /* no references: the bytes of a string, the elements of an array */
  CLAY_REFS,  /* elements that are references */
  CLAY_ARRAY, /* struct clay_array */
  CLAY_RECORD /* a cell for each field */
};

void clay_heap_init(void);
/* A new object of `size` bytes, all 0. May move all others. `shape` is that of a record, else NULL. The caller's
 * variables that are references and are needed afterwards are in `held`, which ends in NULL and may be NULL. */
void *clay_heap_new(enum clay_kind kind, size_t size, const struct clay_shape *shape,
                    void **const *held);
#define HELD(...) ((void **const[]){__VA_ARGS__, NULL})
#define HOLD(variable) ((void **)(void *)&(variable))
/* A global variable that holds a reference. */
void clay_root(clay_cell *cell);
/* Returns `p`, but ends the program if it is NULL. */
void *clay_need(void *p);

struct clay_counts {
  uint64_t collections, moved, frames, roots;
};

/* An exception on its way, or kept for the end of a `finally`. */
struct clay_exception {
  struct _Unwind_Exception head; /* the first member: landing pads get its address */
  const char *type;
  clay_cell value;
  bool is_reference;    /* the value */
  bool needed, scanned; /* during a collection */
  struct clay_exception *next;
};
void clay_add_exception(struct clay_exception *e);

/* ---- unwind.c ---- */

/* What the unwinder asks about a frame of a function with a `try`. */
_Unwind_Reason_Code clay_find_handler(int version, _Unwind_Action actions,
                                      _Unwind_Exception_Class class, struct _Unwind_Exception *e,
                                      struct _Unwind_Context *context);

/* ---- system_*.c ---- */

/* The same as the system's unwinder asks it. */
#ifdef _WIN32
EXCEPTION_DISPOSITION clay_personality(PEXCEPTION_RECORD record, void *frame, PCONTEXT context,
                                       PDISPATCHER_CONTEXT dispatcher);
#else
_Unwind_Reason_Code clay_personality(int version, _Unwind_Action actions, uint64_t class,
                                     struct _Unwind_Exception *e, struct _Unwind_Context *context);
#endif

/* ---- walk.c ---- */

/* Calls `visit` with each root of each frame on the stack; returns the number of frames with a table. */
uint64_t clay_each_root(void (*visit)(clay_cell *root));

/* DWARF's number of the stack pointer. */
#ifdef __x86_64__
enum { CLAY_STACK_POINTER = 7 };
#else
enum { CLAY_STACK_POINTER = 31 };
#endif

/* ---- runtime.c: what the compiler calls ---- */

enum { CLAY_STATUS_FAILED = 101 }; /* the exit code after an error at run time */

_Noreturn void clay_fail(const struct clay_str *message, CLAY_PLACE);
/* `size`: of a string or an array, which begin with it. */
_Noreturn void clay_fail_index(int64_t index, const int64_t *size, CLAY_PLACE);
_Noreturn void clay_fail_unset(CLAY_PLACE);
_Noreturn void clay_fail_zero(CLAY_PLACE);
_Noreturn void clay_exit(int64_t status);

/* Throws a value of the type that `type` stands for; `code` is the type as clay_write gets it, -1 a record. */
_Noreturn void clay_throw(clay_cell value, const char *type, int64_t code, CLAY_PLACE);
/* The value of an exception that a landing pad got. */
clay_cell clay_caught(const struct clay_exception *e);
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
                                    CLAY_PLACE);
clay_cell *clay_record_new(const struct clay_shape *shape);
/* A cache of compiled code: where the field is in records of the shape that came last. */
struct clay_cache {
  const struct clay_shape *shape;
  int64_t offset; /* bytes */
};
/* Finds a field by its name. Fills the cache; returns the offset. */
int64_t clay_find_field(struct clay_cache *cache, const clay_cell *record, const char *name);
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
/* Removes the first argument of the program, and returns it. */
const char *clay_take_argument(void);
/* Optional: called after the message of an error; may leave by longjmp. */
void clay_failed(void) __attribute__((weak));

#endif
