/* The functions of <kiln/types.h>: version, type sizes and names, status names, formatting of
 * diagnostics, growing buffers. Called by everyone. Nothing here knows modules or functions. */
#include <kiln/types.h>

#include "base/array.h"
#include "ir/type_info.h"

#include <stdio.h>
#include <string.h>

uint32_t kiln_version(void) {
  return KILN_VERSION_MAJOR * 1000000u + KILN_VERSION_MINOR * 1000u + KILN_VERSION_PATCH;
}

/* ---- types ---- */

const uint8_t kn_type_log2[KILN_TYPE_COUNT] = {
#define TYPE(E, name, log2, is) log2,
  KN_TYPES(TYPE)
#undef TYPE
};

uint32_t kiln_type_size(kiln_type t) {
  return t != KILN_TYPE_VOID && (unsigned)t < KILN_TYPE_COUNT ? 1u << kn_type_log2[t] : 0;
}

bool kiln_type_is_int(kiln_type t) { return kn_type_is_int(t); }
bool kiln_type_is_float(kiln_type t) { return kn_type_is_float(t); }

const char *kiln_type_name(kiln_type t) {
  static const char names[KILN_TYPE_COUNT][6] = {
#define TYPE(E, name, log2, is) #name,
    KN_TYPES(TYPE)
#undef TYPE
  };
  return (unsigned)t < KILN_TYPE_COUNT ? names[t] : "?";
}

/* ---- statuses ---- */

static const char *const status_names[KILN_STATUS_COUNT] = {
  [KILN_OK] = "ok",
  [KILN_ERR_MEMORY] = "memory",
  [KILN_ERR_ARGUMENT] = "argument",
  [KILN_ERR_TYPE] = "type",
  [KILN_ERR_STRUCTURE] = "structure",
  [KILN_ERR_DOMINANCE] = "dominance",
  [KILN_ERR_SYMBOL] = "symbol",
  [KILN_ERR_SYNTAX] = "syntax",
  [KILN_ERR_UNSUPPORTED] = "unsupported",
  [KILN_ERR_LIMIT] = "limit",
  [KILN_ERR_IO] = "io",
  [KILN_ERR_UNDEFINED] = "undefined",
  [KILN_ERR_TRAP] = "trap",
  [KILN_ERR_INTERNAL] = "internal",
  [KILN_ERR_SYSTEM] = "system",
};

const char *kiln_status_name(kiln_status s) {
  return (unsigned)s < KILN_STATUS_COUNT ? status_names[s] : "?";
}

/* ---- diagnostics ---- */

/* The end of a line that is cut to fit; its length counts on when it is full. */
struct line {
  char *out;
  size_t size, length;
};

static void put(struct line *l, const char *text) {
  size_t n = strlen(text);
  if (l->length < l->size) {
    size_t room = l->size - l->length;
    memcpy(l->out + l->length, text, n < room ? n : room);
  }
  l->length += n;
}

static void put_number(struct line *l, const char *before, uint64_t n) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)n);
  put(l, before);
  put(l, text);
}

size_t kiln_diag_format(const kiln_diag *d, char *out, size_t size) {
  if (out == NULL) size = 0;
  if (d == NULL) {
    if (size > 0) out[0] = 0;
    return 0;
  }
  struct line l = {out, size, 0};
  if (d->module[0] != 0) {
    put(&l, d->module);
    put(&l, ":");
  }
  if (d->line != 0) {
    put_number(&l, "", d->line);
    put(&l, ":");
    if (d->column != 0) {
      put_number(&l, "", d->column);
      put(&l, ":");
    }
  } else {
    if (d->function[0] != 0) {
      put(&l, d->function);
      put(&l, ":");
    }
    if (d->has & KILN_DIAG_BLOCK) {
      put_number(&l, "b", d->block);
      put(&l, ":");
    }
    if (d->has & KILN_DIAG_INST) {
      put_number(&l, "", d->inst);
      put(&l, ":");
    }
  }
  put(&l, l.length > 0 ? " error: " : "error: ");
  put(&l, d->message);
  if (d->line == 0 && d->source[0] != 0) {
    put(&l, " (");
    put(&l, d->source);
    if (d->source_line != 0) put_number(&l, ":", d->source_line);
    if (d->source_line != 0 && d->source_column != 0) put_number(&l, ":", d->source_column);
    put(&l, ")");
  }
  if (d->has & KILN_DIAG_BIT_OFFSET) put_number(&l, " at bit ", d->bit_offset);
  if (size > 0) out[l.length < size ? l.length : size - 1] = 0;
  return l.length;
}

/* ---- buffers ---- */

void kiln_buffer_free(kiln_buffer *b) {
  if (b == NULL) return;
  if (b->data != NULL) kn_allocator_realloc(&b->allocator, b->data, 0);
  b->data = NULL;
  b->size = b->capacity = 0;
}

uint8_t *kiln_buffer_reserve(kiln_buffer *b, size_t more) {
  if (b == NULL) return NULL;
  if (b->capacity - b->size >= more && b->data != NULL) return b->data + b->size;
  if (more > SIZE_MAX / 2 - b->size) return NULL;
  size_t need = b->size + more;
  size_t capacity = b->capacity < SIZE_MAX / 4 ? b->capacity * 2 : need;
  if (capacity < need) capacity = need;
  if (capacity < 64) capacity = 64;
  uint8_t *data = kn_allocator_realloc(&b->allocator, b->data, capacity);
  if (data == NULL) return NULL;
  b->data = data;
  b->capacity = capacity;
  return data + b->size;
}

kiln_status kiln_buffer_append(kiln_buffer *b, const void *bytes, size_t size) {
  if (b == NULL || (bytes == NULL && size > 0)) return KILN_ERR_ARGUMENT;
  uint8_t *at = kiln_buffer_reserve(b, size);
  if (at == NULL) return KILN_ERR_MEMORY;
  if (size > 0) memcpy(at, bytes, size);
  b->size += size;
  return KILN_OK;
}
