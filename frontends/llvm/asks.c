/* The tables of asks.def, and looking them up: by number, or by name in tables that are sorted by it. */
#include "asks.h"

#include <stddef.h>
#include <string.h>

#define ROW(kind, name, verdict, text)                                                             \
  {kind, name, ASK_##verdict == ASK_UNLESS ? (text) : NULL, ASK_##verdict}

static const struct kn_bc_ask attrs[] = {
#define ATTR(number, name, verdict, why) [number] = ROW("attribute", name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask strings[] = {
#define STRING(name, verdict, why) ROW("attribute", name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask features[] = {
#define FEATURE(name, verdict, why) ROW("target feature", name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask conventions[] = {
#define CONVENTION(number, name, verdict, why)                                                     \
  [number] = ROW("calling convention", name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask flags[] = {
#define FLAG(name, verdict, why) ROW("module flag", name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask bundles[] = {
#define BUNDLE(name, verdict, why) ROW("operand bundle", name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask metadata[] = {
#define METADATA(number, name, verdict, why) [number] = ROW("metadata", name, verdict, why),
#include "asks.def"
};

static const struct kn_bc_ask *find(const struct kn_bc_ask *rows, size_t n, const char *name) {
  while (n > 0) {
    size_t middle = n / 2;
    int order = strcmp(name, rows[middle].name);
    if (order == 0) return &rows[middle];
    if (order > 0) {
      rows += middle + 1;
      n -= middle + 1;
    } else {
      n = middle;
    }
  }
  return NULL;
}

static const struct kn_bc_ask *at(const struct kn_bc_ask *rows, size_t n, uint64_t number) {
  return number < n && rows[number].name != NULL ? &rows[number] : NULL;
}

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

const struct kn_bc_ask *kn_bc_ask_attr(uint64_t number) { return at(attrs, COUNT(attrs), number); }

const struct kn_bc_ask *kn_bc_ask_convention(uint64_t number) {
  return at(conventions, COUNT(conventions), number);
}

const struct kn_bc_ask *kn_bc_ask_metadata(uint64_t number) {
  return at(metadata, COUNT(metadata), number);
}

const struct kn_bc_ask *kn_bc_ask_string(const char *name) {
  return find(strings, COUNT(strings), name);
}

const struct kn_bc_ask *kn_bc_ask_feature(const char *name) {
  return find(features, COUNT(features), name);
}

const struct kn_bc_ask *kn_bc_ask_flag(const char *name) { return find(flags, COUNT(flags), name); }

const struct kn_bc_ask *kn_bc_ask_bundle(const char *name) {
  return find(bundles, COUNT(bundles), name);
}
