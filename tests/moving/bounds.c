/* Linked to a program's object: where its tables of roots begin and end. */
extern const char __start_kiln_roots[], __stop_kiln_roots[];

void moving_bounds(const void **of);

void moving_bounds(const void **of) {
  of[0] = __start_kiln_roots;
  of[1] = __stop_kiln_roots;
}
