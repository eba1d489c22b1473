typedef _BitInt(256) v2 __attribute__((ext_vector_type(2)));
void add(v2 *a, v2 *b) { *a = *a + *b; }
