/* Shapes of modules: many functions, symbols, relocations, block symbols, strings and data. See
 * shapes.h. */
#include "shapes.h"

#include <stdio.h>
#include <string.h>

/* n functions that call the one before. */
static void functions(struct shape_run *r) {
  kiln_symbol last = r->callee;
  for (uint32_t i = 0; i < r->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    kiln_func *f = shape_begin(r, name);
    kiln_symbol self = kiln_func_symbol(f);
    kiln_value arg = bin(f, KILN_OP_MUL, kiln_func_param(f, 0), num(f, i));
    shape_end(r, f, kiln_build_call(f, r->sig, kiln_const_symbol(f, last, 0), &arg, 1));
    last = self;
  }
}

/* The same, each in a section of its own, in a group. */
static void groups(struct shape_run *r) {
  for (uint32_t i = 0; i < r->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    kiln_symbol_desc d = {.name = name, .linkage = KILN_LINKAGE_LINKONCE};
    kiln_func *f = kiln_func_begin(r->s, kiln_func_declare(r->m, &d, r->sig));
    shape_end(r, f, add(f, kiln_func_param(f, 0), num(f, i)));
  }
}

/* n functions with signatures of their own. */
static void signatures(struct shape_run *r) {
  for (uint32_t i = 0; i < r->n; i++) {
    static const uint8_t types[6] = {I8, KILN_TYPE_I16, I32, I64, KILN_TYPE_F32, F64};
    kiln_param p[8];
    uint32_t k = 0;
    for (uint32_t rest = i; k < 8; rest /= 6) p[k++] = (kiln_param){.type = types[rest % 6]};
    kiln_type result = I64;
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    kiln_sig sig = kiln_sig_new(r->m, KILN_CC_C, 0, p, k, &result, 1);
    kiln_func *f = shape_begin_sig(r, name, sig);
    shape_end(r, f, num(f, i));
  }
}

/* n functions with a label each whose address is taken. */
static void labels(struct shape_run *r) {
  for (uint32_t i = 0; i < r->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    kiln_func *f = shape_begin(r, name);
    kiln_value x = kiln_func_param(f, 0);
    kiln_block b = kiln_block_new(f);
    kiln_symbol s = kiln_block_symbol(r->m, kiln_func_symbol(f), b);
    kiln_build_brind(f, kiln_const_symbol(f, s, 0), &b, 1);
    kiln_block_switch(f, b);
    shape_end(r, f, x);
  }
}

/* n labels in one function, in a table of data. */
static void labels_of_one(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_block *targets = shape_alloc(r->n, sizeof *targets);
  kiln_reloc *relocs = shape_alloc(r->n, sizeof *relocs);
  kiln_block first = kiln_block_new_many(f, r->n);
  for (uint32_t i = 0; i < r->n; i++) {
    targets[i] = at(first, i);
    kiln_symbol s = kiln_block_symbol(r->m, kiln_func_symbol(f), (kiln_block){targets[i].id});
    relocs[i] = (kiln_reloc){.offset_bytes = i * 8, .symbol = s, .size_bytes = 8};
  }
  kiln_build_brind(f, x, targets, r->n);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block_switch(f, targets[i]);
    if (i + 1 < r->n) jump(f, targets[i + 1]);
  }
  shape_end(r, f, x);
  kiln_symbol table = kiln_data_declare(r->m, &(kiln_symbol_desc){.name = "table"});
  kiln_data_desc d = {
    .size_bytes = (uint64_t)r->n * 8, .align_log2 = 3, .relocs = relocs, .n_relocs = r->n};
  kiln_data_define(r->m, table, &d);
  r->items += 2 * r->n;
  free(targets);
  free(relocs);
}

/* A string of n bytes. */
static void string(struct shape_run *r) {
  char *bytes = shape_alloc(r->n + 1, 1);
  for (uint32_t i = 0; i < r->n; i++) bytes[i] = (char)(' ' + i % 90);
  kiln_symbol s = kiln_data_declare(r->m, &(kiln_symbol_desc){.name = "text"});
  kiln_data_desc d = {.bytes = bytes, .size_bytes = r->n + 1, .flags = KILN_DATA_MERGE_STRINGS};
  kiln_data_define(r->m, s, &d);
  free(bytes);
  kiln_func *f = shape_begin(r, "f");
  shape_end(r, f, kiln_const_symbol(f, s, 0));
  r->items += r->n;
}

/* n private strings, each with a function's use. */
static void strings(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    char text[24];
    int length = snprintf(text, sizeof text, "string %u", i);
    kiln_symbol_desc name = {.linkage = KILN_LINKAGE_PRIVATE};
    kiln_symbol s = kiln_data_declare(r->m, &name);
    kiln_data_desc d = {
      .bytes = text, .size_bytes = (uint64_t)length + 1, .flags = KILN_DATA_MERGE_STRINGS};
    kiln_data_define(r->m, s, &d);
    x = add(f, x, kiln_const_symbol(f, s, 0));
  }
  r->items += r->n;
  shape_end(r, f, x);
}

/* n private tables of one function. */
static void tables(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_data_desc d = {.bytes = &i, .size_bytes = sizeof i, .flags = KILN_DATA_READ_ONLY};
    x = add(f, x, kiln_const_symbol(f, kiln_func_add_data(f, &d), 0));
  }
  r->items += r->n;
  shape_end(r, f, x);
}

/* n functions with a private table each. */
static void tables_of_functions(struct shape_run *r) {
  for (uint32_t i = 0; i < r->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    kiln_func *f = shape_begin(r, name);
    kiln_data_desc d = {.bytes = &i, .size_bytes = sizeof i, .flags = KILN_DATA_READ_ONLY};
    shape_end(r, f, kiln_const_symbol(f, kiln_func_add_data(f, &d), 0));
  }
  r->items += r->n;
}

/* n data items with the address of the one before. */
static void data(struct shape_run *r) {
  kiln_symbol last = r->callee;
  for (uint32_t i = 0; i < r->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "d%u", i);
    kiln_symbol s = kiln_data_declare(r->m, &(kiln_symbol_desc){.name = name});
    uint64_t bytes[2] = {i, i};
    kiln_reloc reloc = {.offset_bytes = 8, .symbol = last, .size_bytes = 8};
    kiln_data_desc d = {
      .bytes = bytes, .size_bytes = 16, .align_log2 = 3, .relocs = &reloc, .n_relocs = 1};
    kiln_data_define(r->m, s, &d);
    last = s;
  }
  r->items += 2 * r->n;
}

/* One data item with n addresses. */
static void relocations(struct shape_run *r) {
  kiln_reloc *relocs = shape_alloc(r->n, sizeof *relocs);
  for (uint32_t i = 0; i < r->n; i++)
    relocs[i] = (kiln_reloc){
      .offset_bytes = (uint64_t)i * 8, .symbol = r->callee, .addend = i, .size_bytes = 8};
  kiln_symbol s = kiln_data_declare(r->m, &(kiln_symbol_desc){.name = "table"});
  kiln_data_desc d = {
    .size_bytes = (uint64_t)r->n * 8, .align_log2 = 3, .relocs = relocs, .n_relocs = r->n};
  kiln_data_define(r->m, s, &d);
  free(relocs);
  r->items += r->n;
}

/* n aliases of a function. */
static void names(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_symbol target = kiln_func_symbol(f);
  shape_end(r, f, kiln_func_param(f, 0));
  for (uint32_t i = 0; i < r->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "a%u", i);
    kiln_alias_define(r->m, &(kiln_symbol_desc){.name = name}, target, 0);
  }
  r->items += r->n;
}

/* n constructors. */
static void constructors(struct shape_run *r) {
  kiln_sig sig = kiln_sig_new(r->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  kiln_func *f = shape_begin_sig(r, "f", sig);
  kiln_symbol s = kiln_func_symbol(f);
  kiln_build_ret(f, NULL, 0);
  shape_done(r, f);
  for (uint32_t i = 0; i < r->n; i++)
    kiln_ctor_add(r->m, &(kiln_ctor_desc){.func = s,
                                          .has_priority = i % 16 == 0,
                                          .priority = i % 16 ? 0 : i % 60000,
                                          .at_exit = i & 1});
  r->items += r->n;
}

/* n functions open at once. */
static void open_functions(struct shape_run *r) {
  kiln_func **f = shape_alloc(r->n, sizeof(kiln_func *));
  for (uint32_t i = 0; i < r->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    f[i] = shape_begin(r, name);
  }
  for (uint32_t i = 0; i < r->n; i++)
    shape_end(r, f[i], add(f[i], kiln_func_param(f[i], 0), num(f[i], i)));
  free(f);
}

const struct shape shapes_module[] = {
  {"functions", "functions", functions, 1000, 100000, false},
  {"groups", "functions", groups, 1000, 100000, false},
  {"signatures", "functions", signatures, 1000, 100000, false},
  {"labels", "functions", labels, 1000, 100000, false},
  {"labels of one", "labels", labels_of_one, 1000, 100000, false},
  {"string", "bytes", string, 10000, 1000000, false},
  {"strings", "strings", strings, 1000, 100000, false},
  {"tables", "tables", tables, 1000, 100000, true},
  {"tables of functions", "functions", tables_of_functions, 1000, 100000, true},
  {"data", "items", data, 1000, 100000, false},
  {"relocations", "addresses", relocations, 1000, 100000, false},
  {"symbol aliases", "symbols", names, 1000, 100000, false},
  {"constructors", "constructors", constructors, 1000, 100000, false},
  {"open functions", "functions", open_functions, 1000, 10000, false},
  {0},
};
