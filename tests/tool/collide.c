/* collide HASH N BITS: N keys of a hash table of 2^BITS positions, one a line, that all belong to the first sixteenth
 * of them; with 0 bits, any. They are found by the hash function itself. */
#include "frontends/qbe/read.h"
#include "base/hash.h"
#include "base/names.h"

#include <stdio.h>
#include <stdlib.h>

/* Candidate `i` as text; its hash. */
static uint32_t name(uint64_t i, char text[32]) {
  return kn_hash_bytes(text, (size_t)snprintf(text, 32, "name%08llx", (unsigned long long)i));
}
static uint32_t number(uint64_t i, char text[32]) {
  const uint64_t v = i * UINT64_C(0xd6e8feb86659fd93) >> 1;
  snprintf(text, 32, "%llu", (unsigned long long)v);
  return (uint32_t)(kn_mix64(0, v) >> 32);
}
/* Groups of key instructions in frontends/llvm/debug/keys.c, not inlined. LLVM's writer gives them 32 bits. */
static uint32_t group(uint64_t i, char text[32]) {
  snprintf(text, 32, "%llu", (unsigned long long)i);
  return (uint32_t)(kn_mix64(i, 0) >> 32);
}
static uint32_t qbe(uint64_t i, char text[32]) {
  uint64_t key = 0;
  snprintf(text, 32, "t%08llx", (unsigned long long)i);
  for (const char *p = text; *p != 0; p++) key = (key << 7 | key >> 57) ^ (uint8_t)*p;
  return hash(key);
}
/* A value of the text form, whose sigil is a part of its name. */
static uint32_t value(uint64_t i, char text[32]) {
  return kn_hash_bytes(text, (size_t)snprintf(text, 32, "%%name%08llx", (unsigned long long)i));
}
/* A name in quotation marks, which are a part of it. */
static uint32_t quoted(uint64_t i, char text[32]) {
  return kn_hash_bytes(text, (size_t)snprintf(text, 32, "\"name%08llx\"", (unsigned long long)i));
}
/* Numbers of metadata in frontends/llvm/debug/loc.c, but for what the first one adds to all hashes. */
static uint32_t metadata(uint64_t i, char text[32]) {
  snprintf(text, 32, "%llu", (unsigned long long)i);
  return (uint32_t)(kn_mix64(0, i) >> 32);
}
/* Parameters, from 1, that are zero-extended, in frontends/llvm/attrs.c. */
static uint32_t parameter(uint64_t i, char text[32]) {
  snprintf(text, 32, "%llu", (unsigned long long)i);
  return (uint32_t)(kn_mix64(kn_mix64(UINT32_MAX, i | (uint64_t)KILN_PARAM_ZEXT << 32), 0) >> 32);
}
/* Lists there: of parameter k, from 0, the attribute 1 + k, or 16 + k if bit k is set. */
static uint32_t list(uint64_t i, char text[32]) {
  uint32_t hash = 15;
  snprintf(text, 32, "%llu", (unsigned long long)i);
  for (unsigned k = 0; k < 15; k++)
    hash = (uint32_t)(kn_mix64(hash, (i >> k & 1 ? 16 : 1) + k) >> 32);
  return hash;
}

static const struct {
  const char *name;
  uint32_t (*hash)(uint64_t i, char text[32]);
} hashes[] = {{"name", name},         {"number", number},       {"group", group},
              {"qbe", qbe},           {"value", value},         {"quoted", quoted},
              {"metadata", metadata}, {"parameter", parameter}, {"list", list}};

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const uint32_t mask = (UINT32_C(1) << atoi(argv[3])) - 1;
  long n = atol(argv[2]);
  for (size_t k = 0; k < sizeof hashes / sizeof *hashes; k++) {
    if (strcmp(argv[1], hashes[k].name) != 0) continue;
    char text[32];
    for (uint64_t i = 1; n > 0; i++)
      if ((hashes[k].hash(i, text) & mask) <= mask / 16 && puts(text) >= 0) n--;
    return 0;
  }
  return 2;
}
