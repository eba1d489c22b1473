/* The tables of asks.def, and looking them up: by number, or by name in tables that are sorted by it. */
#include "asks.h"

#include <stddef.h>
#include <string.h>

const char kn_bc_ask_kinds[ASK_KINDS][20] = {
  [ASK_ATTRIBUTE] = "attribute",           [ASK_FEATURE] = "target feature",
  [ASK_CONVENTION] = "calling convention", [ASK_FLAG] = "module flag",
  [ASK_BUNDLE] = "operand bundle",         [ASK_METADATA] = "metadata",
};

/* The text of UNLESS is the value that asks for nothing; other texts are for readers. */
#define VALUE_UNLESS(text) text
#define VALUE_DONE(text) ""
#define VALUE_IDLE(text) ""
#define VALUE_WAITS(text) ""
#define VALUE_VALUE(text) ""
#define VALUE_REFUSED(text) ""
#define VALUE_CALLED(text) ""
#define VALUE_BOTH(text) ""
#define ROW(kind, name, verdict, text) {name, VALUE_##verdict(text), kind, ASK_##verdict}

static const struct kn_bc_ask attrs[] = {
#define ATTR(number, name, verdict, why) [number] = ROW(ASK_ATTRIBUTE, name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask strings[] = {
#define STRING(name, verdict, why) ROW(ASK_ATTRIBUTE, name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask features[] = {
#define FEATURE(name, verdict, why) ROW(ASK_FEATURE, name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask conventions[] = {
#define CONVENTION(number, name, verdict, why) [number] = ROW(ASK_CONVENTION, name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask flags[] = {
#define FLAG(name, verdict, why) ROW(ASK_FLAG, name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask bundles[] = {
#define BUNDLE(name, verdict, why) ROW(ASK_BUNDLE, name, verdict, why),
#include "asks.def"
};
static const struct kn_bc_ask metadata[] = {
#define METADATA(number, name, verdict, why) [number] = ROW(ASK_METADATA, name, verdict, why),
#include "asks.def"
};

static const struct kn_bc_ask *find(const struct kn_bc_ask *rows, size_t n, const char *name) {
  while (n > 0) {
    size_t middle = n / 2;
    int order = (unsigned char)name[0] - (unsigned char)rows[middle].name[0];
    if (order == 0) order = strcmp(name, rows[middle].name);
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
  return number < n && rows[number].name[0] != 0 ? &rows[number] : NULL;
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
