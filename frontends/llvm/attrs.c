/* Attribute groups and lists: only what changes code is kept. Read once per module; call.c asks by
 * list and index. Invariant: list 0 is empty, list n is the n-th of the file. */
#include "bc.h"

/* Skips one constant range from *i; false at the record's end. */
static bool skip_range(const struct kn_bc *r, uint32_t *i, uint64_t bits) {
  if (bits > 64) {
    if (*i >= r->ops.n) return false;
    uint64_t words = r->ops.at[(*i)++];
    uint64_t n = (words & UINT32_MAX) + (words >> 32);
    if (n > r->ops.n - *i) return false;
    *i += (uint32_t)n;
    return true;
  }
  if (r->ops.n - *i < 2) return false;
  *i += 2;
  return true;
}

static void enum_attr(struct kn_bc_attr *a, uint64_t key) {
  if (a->index == KN_BC_FUNC_INDEX) {
    if (key == ATTR_NO_RETURN) a->flags |= FA_NORETURN;
    if (key == ATTR_RETURNS_TWICE) a->flags |= FA_RETURNS_TWICE;
    if (key == ATTR_NAKED) a->flags |= FA_NAKED;
    return;
  }
  switch (key) {
  case ATTR_SEXT: a->flags |= PA_SEXT; break;
  case ATTR_ZEXT: a->flags |= PA_ZEXT; break;
  case ATTR_BYVAL: a->flags |= PA_BYVAL; break;
  case ATTR_STRUCT_RET: a->flags |= PA_SRET; break;
  case ATTR_NEST:
  case ATTR_INALLOCA:
  case ATTR_PREALLOCATED:
  case ATTR_SWIFT_SELF:
  case ATTR_SWIFT_ERROR:
  case ATTR_SWIFT_ASYNC: a->flags |= PA_BAD; break;
  default: break;
  }
}

/* One group: [id, index, attributes...]. */
static bool group(struct kn_bc *r) {
  const uint64_t *op = r->ops.at;
  uint32_t n = r->ops.n, i = 2;
  if (n < 2) return kn_bc_malformed(r, "bad attribute group");
  struct kn_bc_attr a = {.index = (uint32_t)op[1], .type = UINT32_MAX};
  while (i < n) {
    uint64_t kind = op[i++];
    if (kind <= 1 || kind == 5 || kind == 6) { /* enum, integer, type */
      if (i >= n) return kn_bc_malformed(r, "bad attribute");
      uint64_t key = op[i++];
      enum_attr(&a, key);
      if (kind == 1 || kind == 6) {
        if (i >= n) return kn_bc_malformed(r, "bad attribute");
        uint64_t v = op[i++];
        if (key == ATTR_ALIGNMENT && a.index != KN_BC_FUNC_INDEX && v && !(v & (v - 1)))
          a.align_log2 = (uint8_t)__builtin_ctzll(v);
        if (key == ATTR_BYVAL && kind == 6) {
          if (!kn_bc_sized(r, v > UINT32_MAX ? UINT32_MAX : (uint32_t)v)) return false;
          a.type = (uint32_t)v;
        }
      }
    } else if (kind == 3 || kind == 4) { /* strings, NUL-terminated */
      for (unsigned k = kind == 4 ? 2 : 1; k > 0; k--) {
        while (i < n && op[i]) i++;
        if (i++ >= n) return kn_bc_malformed(r, "bad string attribute");
      }
    } else if (kind == 7) { /* constant range */
      if (n - i < 2) return kn_bc_malformed(r, "bad range attribute");
      uint64_t bits = op[i + 1];
      i += 2;
      if (!skip_range(r, &i, bits)) return kn_bc_malformed(r, "bad range attribute");
    } else if (kind == 8) { /* list of ranges */
      if (n - i < 3) return kn_bc_malformed(r, "bad range attribute");
      uint64_t count = op[i + 1], bits = op[i + 2];
      i += 3;
      if (count > n) return kn_bc_malformed(r, "bad range attribute");
      for (; count > 0; count--)
        if (!skip_range(r, &i, bits)) return kn_bc_malformed(r, "bad range attribute");
    } else {
      return kn_bc_unsupported(r, "an attribute of unknown kind");
    }
  }
  /* Groups are numbered from 1 in order by LLVM's writer. */
  if (op[0] == 0 || op[0] > r->bits.end / 8)
    return kn_bc_malformed(r, "bad attribute group number");
  while (r->groups.n <= op[0])
    if (!KN_BC_PUSH(r, r->groups, (struct kn_bc_attr_list){0})) return false;
  r->groups.at[op[0]] = (struct kn_bc_attr_list){r->group_attrs.n, 1};
  return KN_BC_PUSH(r, r->group_attrs, a);
}

bool kn_bc_read_attr_groups(struct kn_bc *r) {
  struct kn_bc_saved saved;
  uint32_t block;
  if (!kn_bc_enter(r, BLOCK_PARAMATTR_GROUP, &saved)) return false;
  for (;;) {
    switch (kn_bc_next(r, &block)) {
    case ENTRY_ERROR: return false;
    case ENTRY_END: kn_bc_leave(r, &saved); return r->status == KILN_OK;
    case ENTRY_BLOCK:
      if (!kn_bc_skip(r)) return false;
      break;
    case ENTRY_RECORD:
      if (r->code == 3 && !group(r)) return false;
      break;
    }
  }
}

/* One list: the groups it is made of. Groups that say nothing of interest are left out. */
static bool list(struct kn_bc *r) {
  if (r->lists.n == 0 && !KN_BC_PUSH(r, r->lists, (struct kn_bc_attr_list){0})) return false;
  struct kn_bc_attr_list l = {r->list_attrs.n, 0};
  for (uint32_t i = 0; i < r->ops.n; i++) {
    uint64_t id = r->ops.at[i];
    if (id >= r->groups.n || !r->groups.at[id].n)
      return kn_bc_malformed(r, "attribute group out of range");
    struct kn_bc_attr a = r->group_attrs.at[r->groups.at[id].first];
    if (!a.flags && !a.align_log2) continue;
    if (!KN_BC_PUSH(r, r->list_attrs, a)) return false;
    l.n++;
  }
  return KN_BC_PUSH(r, r->lists, l);
}

bool kn_bc_read_attr_lists(struct kn_bc *r) {
  struct kn_bc_saved saved;
  uint32_t block;
  if (!kn_bc_enter(r, BLOCK_PARAMATTR, &saved)) return false;
  for (;;) {
    switch (kn_bc_next(r, &block)) {
    case ENTRY_ERROR: return false;
    case ENTRY_END: kn_bc_leave(r, &saved); return r->status == KILN_OK;
    case ENTRY_BLOCK:
      if (!kn_bc_skip(r)) return false;
      break;
    case ENTRY_RECORD:
      if (r->code == 1) return kn_bc_unsupported(r, "attributes in the form of LLVM before 3.3");
      if (r->code == 2 && !list(r)) return false;
      break;
    }
  }
}

const struct kn_bc_attr *kn_bc_attr(const struct kn_bc *r, uint32_t list_id, uint32_t index) {
  if (list_id >= r->lists.n) return NULL;
  const struct kn_bc_attr *a = r->list_attrs.at + r->lists.at[list_id].first;
  for (uint32_t i = 0; i < r->lists.at[list_id].n; i++)
    if (a[i].index == index) return &a[i];
  return NULL;
}
