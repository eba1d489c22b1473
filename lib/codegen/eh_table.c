/* Tables of exceptions: see eh_table.h. Called by lib/codegen/eh.c. Invariant: a chain is made from its end, so that
 * chains that end alike share their ends. */
#include "lib/codegen/eh_table.h"
#include "base/bytes.h"
#include "targets/target.h"

/* How far back equal actions and filters are looked for: those of neighbours are most often equal. */
enum { ACTIONS_BACK = 64, FILTER_BYTES_BACK = 1024 };

static unsigned uleb_size(uint32_t v) {
  uint8_t bytes[5];
  return (unsigned)(kn_put_uleb(bytes, v) - bytes);
}

/* ---- actions and filters ---- */

void kn_eh_actions_clear(struct kn_eh_actions *a) {
  a->list.n = a->bytes.n = a->filters.n = a->values.n = 0;
}

void kn_eh_actions_free(struct kn_eh_actions *a, kiln_module *m) {
  KN_FREE(&m->options.allocator, a->list.at, a->bytes.at, a->filters.at, a->values.at);
}

int32_t kn_eh_filter(struct kn_eh_actions *a, kiln_func *f, const uint32_t *types, uint32_t n) {
  uint32_t was = a->filters.n;
  uint8_t number[5];
  for (uint32_t k = 0; k <= n; k++) { /* 0 ends it */
    uint8_t *end = kn_put_uleb(number, k < n ? types[k] : 0);
    for (uint8_t *p = number; p < end; p++)
      if (!KN_PUSH(f, a->filters, *p)) return 0;
  }
  uint32_t size = a->filters.n - was;
  uint32_t first = was > FILTER_BYTES_BACK ? was - FILTER_BYTES_BACK : 0;
  for (uint32_t at = first; at + size <= was; at++) {
    if (memcmp(a->filters.at + at, a->filters.at + was, size) != 0) continue;
    a->filters.n = was;
    return -(int32_t)at - 1;
  }
  return -(int32_t)was - 1;
}

/* The action that goes on with `next`: 1 + its byte. 0 without memory. */
static uint32_t action(struct kn_eh_actions *a, kiln_func *f, int32_t value, uint32_t next) {
  for (uint32_t k = 0; k < ACTIONS_BACK && k < a->list.n; k++) {
    const struct kn_eh_action *was = &a->list.at[a->list.n - 1 - k];
    if (was->value == value && was->next == next) return was->at + 1;
  }
  struct kn_eh_action new = {value, next, a->bytes.n};
  uint8_t bytes[10], *p = kn_put_sleb(bytes, value);
  /* the distance to the next one counts from its own first byte */
  uint32_t field = a->bytes.n + (uint32_t)(p - bytes);
  p = kn_put_sleb(p, next ? (int32_t)(next - 1 - field) : 0);
  for (uint8_t *b = bytes; b < p; b++)
    if (!KN_PUSH(f, a->bytes, *b)) return 0;
  return KN_PUSH(f, a->list, new) ? new.at + 1 : 0;
}

uint32_t kn_eh_chain(struct kn_eh_actions *a, kiln_func *f) {
  uint32_t n = a->values.n, next = 0;
  if (n == 0 || (n == 1 && a->values.at[0] == 0)) return 0;
  for (uint32_t k = n; k-- > 0 && f->status == KILN_OK;) next = action(a, f, a->values.at[k], next);
  return next;
}

/* ---- the table ---- */

/* Fits n more bytes into the output's tables, of which the first is at a multiple of 4. */
static bool make_room(kiln_module *m, struct kn_output *out, uint64_t n) {
  if (!KN_ROOM(m, out->table_bytes, (-out->table_bytes.n & 3) + n)) return false;
  while (out->table_bytes.n & 3) out->table_bytes.at[out->table_bytes.n++] = 0;
  return true;
}

static bool add_types(kiln_module *m, struct kn_output *out, const uint32_t *types, uint32_t n) {
  if (!KN_ROOM(m, out->table_types, n)) return false;
  if (n > 0) memcpy(out->table_types.at + out->table_types.n, types, n * sizeof *types);
  return true;
}

bool kn_eh_indirect(const kiln_module *m) {
  return m->options.pic != KILN_PIC_STATIC || m->target->code.indirect_types;
}

bool kn_eh_write(kiln_module *m, struct kn_output *out, const struct kn_eh_site *sites, uint32_t n,
                 const struct kn_eh_actions *a, const uint32_t *types, uint32_t n_types,
                 uint32_t personality) {
  uint64_t most = (uint64_t)n * 20 + a->bytes.n + a->filters.n + 4 * (uint64_t)n_types + 32;
  if (!make_room(m, out, most) || !add_types(m, out, types, n_types)) return false;
  if (!KN_ROOM(m, out->tables, 1)) return false;
  uint32_t size = 0;
  for (uint32_t i = 0; i < n; i++)
    size += uleb_size(sites[i].start) + uleb_size(sites[i].end - sites[i].start) +
            uleb_size(sites[i].pad) + uleb_size(sites[i].action);
  uint8_t *start = out->table_bytes.at + out->table_bytes.n, *p = start;
  *p++ = KN_EH_OMIT; /* landing pads count from the function's start */
  uint32_t body = 1 + uleb_size(size) + size + a->bytes.n, padding = 0;
  bool typed = n_types > 0 || a->filters.n > 0;
  if (typed) {
    *p++ = kn_eh_indirect(m) ? KN_EH_INDIRECT_PCREL_SDATA4 : KN_EH_UDATA4;
    /* the distance to the end of the types; its own size is part of what aligns them */
    uint32_t distance, bytes = 0;
    do {
      bytes++;
      padding = (0 - (2 + bytes + body)) & 3;
      distance = body + padding + 4 * n_types;
    } while (uleb_size(distance) > bytes);
    for (; bytes > 1; bytes--, distance >>= 7) *p++ = (uint8_t)(distance | 0x80);
    *p++ = (uint8_t)distance;
  } else {
    *p++ = KN_EH_OMIT;
  }
  *p++ = KN_EH_ULEB128;
  p = kn_put_uleb(p, size);
  for (uint32_t i = 0; i < n; i++) {
    p = kn_put_uleb(p, sites[i].start);
    p = kn_put_uleb(p, sites[i].end - sites[i].start);
    p = kn_put_uleb(p, sites[i].pad);
    p = kn_put_uleb(p, sites[i].action);
  }
  if (a->bytes.n > 0) memcpy(p, a->bytes.at, a->bytes.n);
  p += a->bytes.n;
  memset(p, 0, padding + 4 * (size_t)n_types);
  p += padding + 4 * (size_t)n_types;
  struct kn_code_table table = {
    .personality = personality,
    .first = out->table_bytes.n,
    .type_first = out->table_types.n,
    .n_types = n_types,
    .type_end = (uint32_t)(p - start),
  };
  if (a->filters.n > 0) memcpy(p, a->filters.at, a->filters.n);
  p += a->filters.n;
  table.size = (uint32_t)(p - start);
  out->table_bytes.n += table.size;
  out->table_types.n += n_types;
  out->tables.at[out->tables.n++] = table;
  return true;
}
