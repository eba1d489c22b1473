/* Sums of groups, by local memory and barriers. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void sums(global const uint *in, global long *out, const struct settings s) {
  local ulong part[64];
  size_t me = get_local_id(0);
  part[me] = in[get_global_id(0)];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (size_t n = get_local_size(0) / 2; n > 0; n /= 2) {
    if (me < n) part[me] += part[me + n];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (me == 0) out[get_group_id(0)] = part[0];
}
kernel void scan(global const uint *in, global long *out, const struct settings s) {
  local ulong part[2][64];
  size_t me = get_local_id(0);
  int from = 0;
  part[0][me] = in[get_global_id(0)] & 0xffff;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (size_t step = 1; step < 64; step *= 2) {
    part[1 - from][me] = part[from][me] + (me >= step ? part[from][me - step] : 0);
    from = 1 - from;
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  out[get_global_id(0)] = part[from][me];
}
