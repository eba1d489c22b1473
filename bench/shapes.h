/* Generated inputs of any size, for the bench of growth and for its tests: each shape builds, through the public API,
 * input that stresses one part of the library. It gets a context with the sink for finished functions. Invariant: the
 * same shape and size give the same calls. */
#ifndef KILN_BENCH_SHAPES_H
#define KILN_BENCH_SHAPES_H

#include <stdlib.h>

#include <kiln/kiln.h>

#define I8 KILN_TYPE_I8
#define I32 KILN_TYPE_I32
#define I64 KILN_TYPE_I64
#define I128 KILN_TYPE_I128
#define F64 KILN_TYPE_F64

/* One run of a shape. */
struct shape_run {
  kiln_module *m;
  kiln_session *s;
  kiln_sig sig;           /* i64 (i64) */
  kiln_symbol callee;     /* an undefined function of that signature */
  uint32_t n;             /* size */
  uint64_t items;         /* number of IR instructions, and of other items that the shape counts */
  uint64_t random;        /* state of shape_random */
  kiln_status status;     /* first failure */
  kiln_func_sink_fn sink; /* gets each function, finished */
  void *user;
};

struct shape {
  const char *name;
  const char *unit; /* what the size counts */
  void (*make)(struct shape_run *);
  uint32_t least, most; /* sizes measured: powers of ten times `least` up to `most` */
  bool no_text;         /* has data that goes with its function, which printing does not keep */
};

/* All shapes, by file; each list ends with a shape without name. */
extern const struct shape shapes_code[], shapes_debug[], shapes_live[], shapes_flow[],
  shapes_module[];

/* Starts function `name` of signature r->sig; r->items counts on. */
kiln_func *shape_begin(struct shape_run *r, const char *name);
kiln_func *shape_begin_sig(struct shape_run *r, const char *name, kiln_sig sig);
/* Returns `result` from the current block, and gives the function to the sink. */
void shape_end(struct shape_run *r, kiln_func *f, kiln_value result);
/* Gives the function to the sink. */
void shape_done(struct shape_run *r, kiln_func *f);
/* n items; ends the process without memory. */
void *shape_alloc(size_t n, size_t size);
/* A number below `limit`. */
uint32_t shape_random(struct shape_run *r, uint32_t limit);

/* Finds a shape; NULL if there is none. */
const struct shape *shape_find(const char *name);
/* Calls `each` for every shape of all files. */
void shape_each(void (*each)(void *user, const struct shape *s), void *user);

/* Sets a run up: module, session, signature. `options` may be NULL. False without memory. */
bool shape_open(struct shape_run *r, const kiln_module_options *options, uint32_t n);
/* Frees session and module. */
void shape_close(struct shape_run *r);

/* ---- short names ---- */

static inline kiln_value num(kiln_func *f, int64_t v) { return kiln_const_int(f, v); }
static inline kiln_value add(kiln_func *f, kiln_value a, kiln_value b) {
  return kiln_build_binary(f, KILN_OP_ADD, I64, a, b);
}
static inline kiln_value bin(kiln_func *f, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(f, op, I64, a, b);
}
static inline void jump(kiln_func *f, kiln_block to) { kiln_build_br(f, to, NULL, 0); }
static inline void jump1(kiln_func *f, kiln_block to, kiln_value v) { kiln_build_br(f, to, &v, 1); }
/* Ends the current block with a branch to a new one. */
static inline void cut(kiln_func *f) {
  kiln_block next = kiln_block_new(f);
  jump(f, next);
  kiln_block_switch(f, next);
}
static inline kiln_block at(kiln_block first, uint32_t i) { return (kiln_block){first.id + i}; }

#endif
