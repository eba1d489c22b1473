/* The tables of support.def, and looking them up: by number, or by name in tables that are sorted by it. */
#include "support.h"

#include <stddef.h>
#include <string.h>

const char kn_bc_support_kinds[SUPPORT_KINDS][20] = {
  [SUPPORT_ATTRIBUTE] = "attribute",           [SUPPORT_FEATURE] = "target feature",
  [SUPPORT_CONVENTION] = "calling convention", [SUPPORT_FLAG] = "module flag",
  [SUPPORT_BUNDLE] = "operand bundle",         [SUPPORT_METADATA] = "metadata",
  [SUPPORT_NAMED] = "named metadata",
};

/* The text of UNLESS is the value that asks for nothing; other texts are for readers. */
#define VALUE_UNLESS(text) text
#define VALUE_DONE(text) ""
#define VALUE_IDLE(text) ""
#define VALUE_VALUE(text) ""
#define VALUE_REFUSED(text) ""
#define VALUE_CALLED(text) ""
#define VALUE_BOTH(text) ""
#define ROW(kind, name, verdict, text) {name, VALUE_##verdict(text), kind, SUPPORT_##verdict}

static const struct kn_bc_support attrs[] = {
#define ATTR(number, name, verdict, why) [number] = ROW(SUPPORT_ATTRIBUTE, name, verdict, why),
#include "support.def"
};
static const struct kn_bc_support strings[] = {
#define STRING(name, verdict, why) ROW(SUPPORT_ATTRIBUTE, name, verdict, why),
#include "support.def"
};
static const struct kn_bc_support features[] = {
#define FEATURE(name, verdict, why) ROW(SUPPORT_FEATURE, name, verdict, why),
#include "support.def"
};
static const struct kn_bc_support conventions[] = {
#define CONVENTION(number, name, verdict, why)                                                     \
  [number] = ROW(SUPPORT_CONVENTION, name, verdict, why),
#include "support.def"
};
static const struct kn_bc_support flags[] = {
#define FLAG(name, verdict, why) ROW(SUPPORT_FLAG, name, verdict, why),
#include "support.def"
};
static const struct kn_bc_support bundles[] = {
#define BUNDLE(name, verdict, why) ROW(SUPPORT_BUNDLE, name, verdict, why),
#include "support.def"
};
static const struct kn_bc_support metadata[] = {
#define METADATA(number, name, verdict, why) [number] = ROW(SUPPORT_METADATA, name, verdict, why),
#include "support.def"
};

static const struct kn_bc_support kinds[] = {
#define KIND(name, verdict, why) ROW(SUPPORT_METADATA, name, verdict, why),
#include "support.def"
};
static const struct kn_bc_support named[] = {
#define NAMED(name, verdict, why) ROW(SUPPORT_NAMED, name, verdict, why),
#include "support.def"
};

static const struct kn_bc_support *find(const struct kn_bc_support *rows, size_t n,
                                        const char *name) {
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

static const struct kn_bc_support *at(const struct kn_bc_support *rows, size_t n, uint64_t number) {
  return number < n && rows[number].name[0] != 0 ? &rows[number] : NULL;
}

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

const struct kn_bc_support *kn_bc_support_attr(uint64_t number) {
  return at(attrs, COUNT(attrs), number);
}

const struct kn_bc_support *kn_bc_support_convention(uint64_t number) {
  return at(conventions, COUNT(conventions), number);
}

const struct kn_bc_support *kn_bc_support_metadata(uint64_t number) {
  return at(metadata, COUNT(metadata), number);
}

const struct kn_bc_support *kn_bc_support_string(const char *name) {
  return find(strings, COUNT(strings), name);
}

const struct kn_bc_support *kn_bc_support_feature(const char *name) {
  return find(features, COUNT(features), name);
}

const struct kn_bc_support *kn_bc_support_flag(const char *name) {
  return find(flags, COUNT(flags), name);
}

const struct kn_bc_support *kn_bc_support_bundle(const char *name) {
  return find(bundles, COUNT(bundles), name);
}

uint32_t kn_bc_support_number(const struct kn_bc_support *row) {
  for (uint32_t i = 0; i < COUNT(metadata); i++)
    if (row == &metadata[i]) return i;
  return UINT32_MAX;
}

const struct kn_bc_support *kn_bc_support_kind(const char *name, uint64_t likely) {
  const struct kn_bc_support *row = kn_bc_support_metadata(likely);
  if (row != NULL && strcmp(row->name, name) == 0) return row;
  for (uint32_t i = 0; i < COUNT(metadata); i++)
    if (metadata[i].name[0] != 0 && strcmp(metadata[i].name, name) == 0) return &metadata[i];
  return find(kinds, COUNT(kinds), name);
}

const struct kn_bc_support *kn_bc_support_named(const char *name) {
  return find(named, COUNT(named), name);
}
