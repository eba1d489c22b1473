/* What compiled Clay programs call: strings, arrays, printing, errors at run time; and `main`. One
 * thread. Functions that can fail have their place in the program as the last argument. */
#include "runtime.h"
#include "system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
  int argc;
  char **argv;
} start;

/* ---- errors at run time ---- */

static void begin_failure(CLAY_PLACE) {
  fflush(stdout);
  fprintf(stderr, "%s:%d:%d: runtime error: ", file, (int)(place >> 32), (int)(place & 0xffffffff));
}

static _Noreturn void end_failure(void) {
  fputc('\n', stderr);
  if (clay_failed != NULL) clay_failed();
  exit(CLAY_STATUS_FAILED);
}

void clay_fail(const struct clay_str *message, CLAY_PLACE) {
  begin_failure(file, place);
  fwrite(message->bytes, 1, (size_t)message->size, stderr);
  end_failure();
}

void clay_fail_index(int64_t index, const int64_t *size, CLAY_PLACE) {
  begin_failure(file, place);
  fprintf(stderr, "index %lld is outside of 0..%lld", (long long)index, (long long)*size);
  end_failure();
}

void clay_fail_unset(CLAY_PLACE) {
  begin_failure(file, place);
  fputs("the variable has no value yet", stderr);
  end_failure();
}

void clay_fail_zero(CLAY_PLACE) {
  begin_failure(file, place);
  fputs("division by zero", stderr);
  end_failure();
}

static _Noreturn void fail_text(const char *what, const struct clay_str *s, CLAY_PLACE) {
  begin_failure(file, place);
  fprintf(stderr, "%s: \"%s\"", what, s->bytes);
  end_failure();
}

void clay_fail_thrown(clay_cell value, int64_t code, CLAY_PLACE) {
  begin_failure(file, place);
  fputs("nobody catches ", stderr);
  if (code < 0) fputs("the record", stderr);
  else fputs(clay_to_str(value, code)->bytes, stderr);
  end_failure();
}

void clay_exit(int64_t status) { exit((int)status); }

/* ---- strings ---- */

/* The bytes are copied by the caller, if they may be in an object that moves. */
static struct clay_str *new_str(size_t size, void **const *held) {
  struct clay_str *s = clay_heap_new(CLAY_PLAIN, sizeof *s + size + 1, NULL, held);
  s->size = (int64_t)size;
  return s;
}

static struct clay_str *copy_str(const char *bytes, size_t size) {
  struct clay_str *s = new_str(size, NULL);
  if (size > 0) memcpy(s->bytes, bytes, size);
  return s;
}

struct clay_str *clay_concat(const struct clay_str *a, const struct clay_str *b) {
  struct clay_str *s = new_str((size_t)(a->size + b->size), HELD(HOLD(a), HOLD(b)));
  memcpy(s->bytes, a->bytes, (size_t)a->size);
  memcpy(s->bytes + a->size, b->bytes, (size_t)b->size);
  return s;
}

int64_t clay_equal(const struct clay_str *a, const struct clay_str *b) {
  return a->size == b->size && memcmp(a->bytes, b->bytes, (size_t)a->size) == 0;
}

int64_t clay_compare(const struct clay_str *a, const struct clay_str *b) {
  int order = memcmp(a->bytes, b->bytes, (size_t)(a->size < b->size ? a->size : b->size));
  return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static void check_slice(int64_t from, int64_t to, int64_t size, CLAY_PLACE) {
  if (from >= 0 && from <= to && to <= size) return;
  begin_failure(file, place);
  fprintf(stderr, "slice %lld..%lld is outside of 0..%lld", (long long)from, (long long)to,
          (long long)size);
  end_failure();
}

struct clay_str *clay_slice_str(const struct clay_str *s, int64_t from, int64_t to, CLAY_PLACE) {
  check_slice(from, to, s->size, file, place);
  struct clay_str *slice = new_str((size_t)(to - from), HELD(HOLD(s)));
  memcpy(slice->bytes, s->bytes + from, (size_t)(to - from));
  return slice;
}

struct clay_str *clay_chr(int64_t byte, CLAY_PLACE) {
  if (byte < 0 || byte > 255) clay_fail_index(byte, &(int64_t){256}, file, place);
  return copy_str(&(char){(char)byte}, 1);
}

struct clay_str *clay_from_c(const char *s) {
  return s != NULL ? copy_str(s, strlen(s)) : copy_str("", 0);
}

/* ---- arrays ---- */

/* Gives an array room for `capacity` elements; returns where it is then. */
static struct clay_array *grow(struct clay_array *a, int64_t capacity, void **const *held) {
  size_t size = (size_t)capacity * sizeof *a->cells;
  enum clay_kind kind = a->references ? CLAY_REFS : CLAY_PLAIN;
  void **all[4] = {HOLD(a)};
  for (int i = 0; i < 2 && held != NULL && held[i] != NULL; i++) all[i + 1] = held[i];
  clay_cell *cells = clay_heap_new(kind, size, NULL, all);
  if (a->size > 0) memcpy(cells, a->cells, (size_t)a->size * sizeof *cells);
  a->cells = cells;
  a->capacity = capacity;
  return a;
}

static struct clay_array *new_array(int64_t capacity, bool references, void **const *held) {
  struct clay_array *a = clay_heap_new(CLAY_ARRAY, sizeof *a, NULL, held);
  a->references = references;
  return capacity > 0 ? grow(a, capacity, held) : a;
}

struct clay_array *clay_array_new(int64_t size, clay_cell value, int64_t references, CLAY_PLACE) {
  if (size < 0 || size > UINT32_MAX) {
    begin_failure(file, place);
    fprintf(stderr, "array of %lld elements", (long long)size);
    end_failure();
  }
  struct clay_array *a =
    new_array(size, references != 0, references != 0 ? HELD(HOLD(value)) : NULL);
  for (int64_t i = 0; i < size; i++) a->cells[i] = value;
  a->size = size;
  return a;
}

struct clay_array *clay_slice_array(const struct clay_array *a, int64_t from, int64_t to,
                                    CLAY_PLACE) {
  check_slice(from, to, a->size, file, place);
  struct clay_array *slice = new_array(to - from, a->references != 0, HELD(HOLD(a)));
  if (to > from) memcpy(slice->cells, a->cells + from, (size_t)(to - from) * sizeof *a->cells);
  slice->size = to - from;
  return slice;
}

void clay_push(struct clay_array *a, clay_cell value) {
  void **const *held = a->references ? HELD(HOLD(value)) : NULL;
  if (a->size == a->capacity) a = grow(a, a->capacity < 4 ? 4 : a->capacity * 2, held);
  a->cells[a->size++] = value;
}

clay_cell clay_pop(struct clay_array *a, CLAY_PLACE) {
  if (a->size == 0) {
    begin_failure(file, place);
    fputs("pop of an empty array", stderr);
    end_failure();
  }
  return a->cells[--a->size];
}

/* ---- records ---- */

clay_cell *clay_record_new(const struct clay_shape *shape) {
  return clay_heap_new(CLAY_RECORD, (size_t)shape->n_fields * sizeof(clay_cell), shape, NULL);
}

int64_t clay_find_field(struct clay_cache *cache, const clay_cell *record, const char *name) {
  const struct clay_shape *shape = ((const struct clay_shape *const *)record)[-1];
  int64_t i = 0;
  while (strcmp(shape->names[i], name) != 0)
    i++; /* the compiler has checked that the field is there */
  *cache = (struct clay_cache){shape, i * (int64_t)sizeof(clay_cell)};
  return cache->offset;
}

/* ---- values as text ---- */

/* The text reads back as the same number, and never looks like an int. Fifteen digits suffice for most. */
static size_t format_float(char out[32], double value) {
  int n = 0;
  for (int digits = 15; digits <= 17; digits++) {
    n = snprintf(out, 32, "%.*g", digits, value);
    if (strtod(out, NULL) == value) break;
  }
  if (strspn(out, "-0123456789") == (size_t)n) n += snprintf(out + n, 32 - (size_t)n, ".0");
  return (size_t)n;
}

/* Text that grows, or a stream. */
struct out {
  FILE *stream;
  char *bytes;
  size_t size, capacity;
};

static void put(struct out *o, const char *bytes, size_t size) {
  if (o->stream != NULL) {
    fwrite(bytes, 1, size, o->stream);
    return;
  }
  if (o->size + size > o->capacity) {
    o->capacity = (o->size + size) * 2;
    o->bytes = realloc(o->bytes, o->capacity);
    if (o->bytes == NULL) {
      fputs("clay: out of memory\n", stderr);
      exit(CLAY_STATUS_FAILED);
    }
  }
  memcpy(o->bytes + o->size, bytes, size);
  o->size += size;
}

/* Arrays nest as deep as their type does. */
static void put_value(struct out *o, clay_cell value, int64_t type) {
  char text[32];
  if (type >= 4) {
    const struct clay_array *a = (const struct clay_array *)value;
    put(o, "[", 1);
    for (int64_t i = 0; i < a->size; i++) {
      if (i > 0) put(o, ", ", 2);
      put_value(o, a->cells[i], type - 4);
    }
    put(o, "]", 1);
  } else if (type == CLAY_STR) {
    const struct clay_str *s = (const struct clay_str *)value;
    put(o, s->bytes, (size_t)s->size);
  } else if (type == CLAY_BOOL) {
    put(o, value != 0 ? "true" : "false", value != 0 ? 4 : 5);
  } else if (type == CLAY_FLOAT) {
    double number;
    memcpy(&number, &value, sizeof number);
    put(o, text, format_float(text, number));
  } else {
    put(o, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)value));
  }
}

void clay_write(clay_cell value, int64_t type) {
  put_value(&(struct out){.stream = stdout}, value, type);
}

void clay_write_byte(int64_t byte) { putchar((int)byte); }

struct clay_str *clay_to_str(clay_cell value, int64_t type) {
  struct out o = {0};
  put_value(&o, value, type);
  struct clay_str *s = copy_str(o.bytes, o.size);
  free(o.bytes);
  return s;
}

int64_t clay_parse_int(const struct clay_str *s, CLAY_PLACE) {
  char *end;
  errno = 0;
  long long value = strtoll(s->bytes, &end, 10);
  if (end == s->bytes || end != s->bytes + s->size || errno != 0)
    fail_text("not an int", s, file, place);
  return value;
}

clay_cell clay_parse_float(const struct clay_str *s, CLAY_PLACE) {
  char *end;
  double value = strtod(s->bytes, &end);
  if (end == s->bytes || end != s->bytes + s->size) fail_text("not a float", s, file, place);
  clay_cell cell;
  memcpy(&cell, &value, sizeof cell);
  return cell;
}

/* ---- the world outside ---- */

struct clay_str *clay_read_line(void) {
  char *line = NULL;
  size_t room = 0;
  const ptrdiff_t n = clay_get_line(&line, &room);
  struct clay_str *s = copy_str(line, n > 0 ? (size_t)n : 0);
  free(line);
  return s;
}

struct clay_array *clay_args(void) {
  struct clay_array *a = new_array(start.argc, true, NULL);
  for (int i = 1; i < start.argc; i++) {
    const char *arg = start.argv[i];
    struct clay_str *s = new_str(strlen(arg), HELD(HOLD(a)));
    memcpy(s->bytes, arg, strlen(arg));
    a->cells[a->size++] = (clay_cell)(uintptr_t)s;
  }
  return a;
}

const char *clay_take_argument(void) {
  const char *first = start.argc > 1 ? start.argv[1] : "";
  if (start.argc > 1) start.argc--;
  start.argv++;
  return first;
}

int main(int argc, char **argv) {
  start.argc = argc;
  start.argv = argv;
  clay_watch_stack((uintptr_t)__builtin_frame_address(0));
  clay_open_output();
  clay_heap_init();
  clay_program();
  return 0;
}
