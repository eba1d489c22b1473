/* Signatures, interned by content: equal ones have equal ids, so that the rest of the library compares
 * ids. Called once per function type by front ends. Invariant: parameters are stored with their padding
 * bytes zero. */
#include "ir/module.h"

#include <string.h>

/* A parameter as one number; also what is hashed. */
static uint64_t pack(const kiln_param *p) {
  return p->type | (uint64_t)p->flags << 8 | (uint64_t)p->align_log2 << 16 |
         (uint64_t)p->size_bytes << 32;
}

static uint64_t mix(uint64_t h, uint64_t w) {
  h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ h >> 32;
}

static bool equal(const kiln_module *m, const struct kn_sig *s, uint32_t hash, kiln_callconv cc,
                  unsigned flags, const kiln_param *params, size_t n_params,
                  const uint8_t results[KILN_MAX_RESULTS], size_t n_results) {
  if (s->hash != hash || s->cc != cc || s->flags != flags || s->n_params != n_params ||
      s->n_results != n_results || memcmp(s->results, results, KILN_MAX_RESULTS) != 0)
    return false;
  for (size_t i = 0; i < n_params; i++)
    if (pack(&m->params[s->params + i]) != pack(&params[i])) return false;
  return true;
}

/* NULL, or what is wrong with a parameter. */
static const char *check_param(const kiln_param *p) {
  unsigned in_memory = p->flags & (KILN_PARAM_BYVAL | KILN_PARAM_SRET);
  if (p->type == KILN_TYPE_VOID || p->type >= KILN_TYPE_COUNT) return "parameter without a type";
  if (p->flags >= 2 * KILN_PARAM_JOIN) return "unknown parameter flag";
  if (in_memory != 0 && p->type != KILN_TYPE_PTR) return "byval or sret parameter that is no i64";
  if (in_memory == (KILN_PARAM_BYVAL | KILN_PARAM_SRET)) return "parameter both byval and sret";
  if (p->align_log2 > 16) return "parameter alignment above 2^16";
  return NULL;
}

/* Makes the table of signatures twice as large. */
static bool grow_table(kiln_module *m) {
  uint32_t size = m->sig_hash_size < 64 ? 64 : m->sig_hash_size * 2;
  uint32_t *table = kn_realloc(m, NULL, size * sizeof *table);
  if (table == NULL) {
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  memset(table, 0, size * sizeof *table);
  for (uint32_t id = 1; id < m->n_sigs; id++) {
    uint32_t *head = table + (m->sigs[id].hash & (size - 1));
    m->sigs[id].next = *head;
    *head = id;
  }
  if (m->sig_hash != NULL) kn_realloc(m, m->sig_hash, 0);
  m->sig_hash = table;
  m->sig_hash_size = size;
  return true;
}

kiln_sig kiln_sig_new(kiln_module *m, kiln_callconv cc, unsigned flags, const kiln_param *params,
                      size_t n_params, const kiln_type *results, size_t n_results) {
  const kiln_sig none = {0};
  if (m->diag.status != KILN_OK) return none;
  if ((unsigned)cc >= KILN_CC_COUNT ||
      flags > (KILN_SIG_VARIADIC | KILN_SIG_NORETURN | KILN_SIG_RETURNS_TWICE)) {
    kn_module_fail(m, KILN_ERR_ARGUMENT, "signature: unknown calling convention or flag");
    return none;
  }
  if (n_params > 65535 || n_results > KILN_MAX_RESULTS) {
    kn_module_fail(m, KILN_ERR_LIMIT, "signature: too many %s",
                   n_params > 65535 ? "parameters" : "results");
    return none;
  }
  uint64_t h = (uint64_t)cc | (uint64_t)flags << 8 | (uint64_t)n_params << 16;
  uint8_t types[KILN_MAX_RESULTS] = {0};
  for (size_t i = 0; i < n_results; i++) {
    if ((unsigned)results[i] - 1 >= KILN_TYPE_COUNT - 1) {
      kn_module_fail(m, KILN_ERR_TYPE, "signature: result %zu without a type", i);
      return none;
    }
    types[i] = (uint8_t)results[i];
  }
  uint64_t packed_results;
  memcpy(&packed_results, types, sizeof packed_results);
  h = mix(h, packed_results);
  for (size_t i = 0; i < n_params; i++) h = mix(h, pack(&params[i]));
  uint32_t hash = (uint32_t)h;

  if (m->sig_hash_size > 0) {
    uint32_t id = m->sig_hash[hash & (m->sig_hash_size - 1)];
    for (; id != 0; id = m->sigs[id].next)
      if (equal(m, m->sigs + id, hash, cc, flags, params, n_params, types, n_results))
        return (kiln_sig){id};
  }

  for (size_t i = 0; i < n_params; i++) {
    const char *wrong = check_param(&params[i]);
    if (params[i].flags & KILN_PARAM_JOIN && i + 1 == n_params) wrong = "nothing to join behind it";
    if (wrong == NULL) continue;
    kn_module_fail(m, KILN_ERR_TYPE, "signature: %s (number %zu)", wrong, i);
    return none;
  }
  if (n_params > UINT32_MAX - m->n_params || m->n_sigs == UINT32_MAX) {
    kn_module_fail(m, KILN_ERR_LIMIT, "too many signatures");
    return none;
  }
  if ((m->n_sigs >= m->sig_hash_size && !grow_table(m)) ||
      !kn_grow(m, &m->sigs, &m->cap_sigs, m->n_sigs + 1, sizeof *m->sigs) ||
      !kn_grow(m, &m->params, &m->cap_params, m->n_params + (uint32_t)n_params, sizeof *m->params))
    return none;
  for (size_t i = 0; i < n_params; i++) {
    kiln_param *p = m->params + m->n_params + i;
    memset(p, 0, sizeof *p);
    p->type = params[i].type;
    p->flags = params[i].flags;
    p->align_log2 = params[i].align_log2;
    p->size_bytes = params[i].size_bytes;
  }
  uint32_t id = m->n_sigs++;
  struct kn_sig *s = m->sigs + id;
  memset(s, 0, sizeof *s);
  s->params = m->n_params;
  s->n_params = (uint32_t)n_params;
  memcpy(s->results, types, sizeof types);
  s->n_results = (uint8_t)n_results;
  s->cc = (uint8_t)cc;
  s->flags = (uint8_t)flags;
  s->hash = hash;
  uint32_t *head = m->sig_hash + (hash & (m->sig_hash_size - 1));
  s->next = *head;
  *head = id;
  m->n_params += (uint32_t)n_params;
  return (kiln_sig){id};
}

kiln_sig_info kiln_sig_get(const kiln_module *m, kiln_sig sig) {
  kiln_sig_info info;
  memset(&info, 0, sizeof info);
  if (!kn_sig_valid(m, sig.id)) return info;
  const struct kn_sig *s = m->sigs + sig.id;
  info.cc = (kiln_callconv)s->cc;
  info.flags = s->flags;
  info.params = s->n_params > 0 ? m->params + s->params : NULL;
  info.n_params = s->n_params;
  info.results = s->results;
  info.n_results = s->n_results;
  return info;
}
