/* Loops whose ends differ between work items, switches, barriers in loops. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void collatz(global const uint *in, global long *out, const struct settings s) {
  ulong x = in[get_global_id(0)] % 100000 + 1;
  int steps = 0;
  while (x != 1) x = x & 1 ? 3 * x + 1 : x / 2, steps++;
  out[get_global_id(0)] = steps;
}
kernel void machine(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  long a = in[i];
  for (int k = 0; k < 40; k++) switch ((a ^ k) & 7) {
      case 0: a += k; break;
      case 1: a = a * 5 + 1; break;
      case 2: a ^= a >> 11; break;
      case 3: a -= 77; /* falls through */
      case 4: a = ~a; break;
      case 6: a = a << 3 | (ulong)a >> 61; break;
      default: a++;
    }
  out[i] = a;
}
kernel void waves(global const uint *in, global long *out, const struct settings s) {
  local int cells[64];
  int me = get_local_id(0), group = get_group_id(0);
  cells[me] = in[get_global_id(0)] >> 16;
  for (int round = 0; round < s.rounds + group % 3; round++) {
    barrier(CLK_LOCAL_MEM_FENCE);
    int next = (cells[(me + 63) % 64] + 2 * cells[me] + cells[(me + 1) % 64]) / 4;
    barrier(CLK_LOCAL_MEM_FENCE);
    cells[me] = next + (me == round ? 1000 : 0);
  }
  out[get_global_id(0)] = cells[me];
}
