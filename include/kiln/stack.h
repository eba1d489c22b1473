/* Walks of a stack that find the roots of a garbage collector (kiln_slot_set_root). A walk begins where a thread has
 * stopped in a function of the host. It visits the frames from there to the thread's first function: those of Kiln's
 * code with their roots, and those of C and other languages between them. docs/roots.md has an example.
 * - Callers: the walk finds them by the unwind rows that compilers write to .eh_frame. C code needs no frame pointers.
 *   Frames may have a variable size, be entered by a tail call, or be in a landing pad.
 * - Threads: several may walk at once, the same stack or different ones. A thread that is walked must not return from
 *   the function that called kiln_stack_point_save.
 * - Locks and memory: none, if libkiln was built for a libc that has _dl_find_object, as glibc 2.35 and later versions
 *   do. Otherwise, as in the tarball's library, a walk takes the lock of the dynamic linker.
 * - Static programs: link with `-Wl,--eh-frame-hdr`, unless the compiler does. Without this table, a walk asks libgcc's
 *   unwinder, which takes a lock and may allocate memory. */
#ifndef KILN_STACK_H
#define KILN_STACK_H

#include <kiln/jit.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tables of linked objects ---- */

/** The tables of the objects that were linked into a program or a shared object. Any number of walks may use a map at
 * once. */
typedef struct kiln_root_map kiln_root_map;

/** Options of a map. */
typedef struct kiln_root_map_options {
  /** The first byte of a section `kiln_roots`, and the byte after its last one. The linker defines the symbols
   * `__start_kiln_roots` and `__stop_kiln_roots` for them, in each program and shared object. The tables must stay in
   * memory until the map is freed. */
  const void *start;
  const void *end;          /**< as `start` says */
  kiln_allocator allocator; /**< all zero for C's realloc */
  uint64_t reserved[4];     /**< 0 */
} kiln_root_map_options;

/** Makes a map of tables. Returns NULL if memory runs out, if `options` is NULL or has `reserved` set, or if the tables
 * are damaged or have another version than this library. */
KILN_API kiln_root_map *kiln_root_map_new(const kiln_root_map_options *options);

/** Frees a map. NULL is allowed. */
KILN_API void kiln_root_map_free(kiln_root_map *map);

/* ---- walks ---- */

/** Where a thread has stopped: what the registers hold at a call. */
typedef struct kiln_stack_point {
  uint64_t pc; /**< the address at which the caller continues */
  uint64_t sp; /**< the stack pointer when it continues */
  /** The registers that calls preserve. On x86-64: rbx, rbp, r12 to r15; on Windows rbx, rbp, rsi,
   * rdi, r12 to r15. On AArch64: x19 to x29. */
  uint64_t saved[11];
  uint64_t reserved[3]; /**< 0 */
} kiln_stack_point;

/** Writes where the calling thread is: after its call of kiln_stack_point_save. The point is valid until the function
 * that made this call returns or, in optimized code, makes a tail call: a walk as its last action, with a point that is
 * no local variable, may become one. Returns KILN_ERR_ARGUMENT if `point` is NULL, and KILN_ERR_UNSUPPORTED if Kiln has
 * no code generation for this machine, if this library was built without unwind rows, or if the program has neither the
 * table `.eh_frame_hdr` nor libgcc's unwinder: link a static program with `-Wl,--eh-frame-hdr`. */
KILN_API kiln_status kiln_stack_point_save(kiln_stack_point *point);

/** A walk. The caller supplies the memory: zero-initialise the struct, set the first fields, and call
 * kiln_stack_walk_begin. Nothing has to be freed. */
typedef struct kiln_stack_walk {
  kiln_jit *const *jits; /**< the JITs whose code can be on the stack */
  uint32_t n_jits;       /**< number of `jits` */
  uint32_t n_maps;       /**< number of `maps` */
  /** The tables of linked objects: one for the program, and one for each shared object whose frames have roots. The
   * roots of a frame whose object has no map are not found. */
  const kiln_root_map *const *maps;
  /** If not NULL, the walk ends before the first frame that ends above this address. To leave out the frames of the
   * host, pass `__builtin_frame_address(0)` of the function that called the first function with roots. (The address
   * sanitizer moves local variables to the heap.) */
  const void *end;
  /** The state of the walk. With the errors there may be roots that were not visited. After kiln_stack_walk_find_next
   * has returned false:
   * - KILN_OK: all frames were visited
   * - KILN_ERR_UNSUPPORTED: a frame has no unwind rows, or rows that Kiln cannot read
   * - KILN_ERR_STRUCTURE: a function with roots has stopped at a call that does not collect */
  kiln_status status;
  uint64_t state[64];   /**< belongs to the walk */
  uint64_t reserved[4]; /**< 0 */
} kiln_stack_walk;

/** A frame. */
typedef struct kiln_stack_frame {
  const void *pc;       /**< the address at which the frame continues */
  const void *end;      /**< the end of the frame: DWARF's canonical frame address */
  bool has_table;       /**< it is a frame of a function with roots or with ids */
  uint32_t call_id;     /**< the call's id (kiln_func_set_call_id) */
  uint32_t n_roots;     /**< number of roots of the frame */
  const int32_t *roots; /**< their places, for kiln_stack_frame_root */
  uint64_t reserved[4]; /**< 0 */
} kiln_stack_frame;

/** Begins a walk at the frame in which a thread has stopped. Returns KILN_ERR_ARGUMENT if an argument is NULL. */
KILN_API kiln_status kiln_stack_walk_begin(kiln_stack_walk *walk, const kiln_stack_point *point);

/** Finds the next frame, from the newest to the oldest one, and writes it to `frame`. Returns false at the end of the
 * walk (kiln_stack_walk.status). If the status is KILN_ERR_STRUCTURE, `frame->pc` is where the frame has stopped: after
 * a call that was declared as one that does not collect, or at an instruction that a signal interrupted. */
KILN_API bool kiln_stack_walk_find_next(kiln_stack_walk *walk, kiln_stack_frame *frame);

/** Returns the address of root number `i` of a frame. The collector reads and changes the word at this address. Writes
 * the size of the root, 8 or 4, to `size_bytes`, which may be NULL. Returns NULL if the frame has no such root. */
KILN_API void *kiln_stack_frame_root(const kiln_stack_frame *frame, uint32_t i,
                                     uint32_t *size_bytes);

#ifdef __cplusplus
}
#endif
#endif
