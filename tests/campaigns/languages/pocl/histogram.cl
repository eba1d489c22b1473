/* Counts by atomic operations, in global memory and in local. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void global_counts(global const uint *in, global long *out, const struct settings s) {
  atomic_inc((volatile global uint *)out + (in[get_global_id(0)] >> 24));
  atomic_max((volatile global uint *)out + 512 + in[get_global_id(0)] % 64, in[get_global_id(0)]);
}
kernel void local_counts(global const uint *in, global long *out, const struct settings s) {
  local uint counts[16];
  size_t me = get_local_id(0);
  if (me < 16) counts[me] = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  atomic_add(&counts[in[get_global_id(0)] >> 28], 1 + (in[get_global_id(0)] & 7));
  barrier(CLK_LOCAL_MEM_FENCE);
  if (me < 16) out[get_group_id(0) * 16 + me] = counts[me];
}
