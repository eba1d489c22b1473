/* Planets that attract each other: doubles in an array of structs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct body {
  double x, y, z, vx, vy, vz, mass;
};

static struct body bodies[] = {
  {0, 0, 0, 0, 0, 0, 39.47},
  {4.84, -1.16, -0.10, 0.61, 2.81, -0.02, 0.037},
  {8.34, 4.12, -0.40, -1.01, 1.82, 0.008, 0.011},
  {12.89, -15.11, -0.22, 1.08, 0.86, -0.010, 0.0017},
  {15.37, -25.91, 0.17, 0.97, 0.59, -0.034, 0.0020},
};
enum { N_BODIES = sizeof bodies / sizeof bodies[0] };

static void advance(struct body *all, int n, double dt) {
  for (int i = 0; i < n; i++) {
    struct body *a = &all[i];
    for (int j = i + 1; j < n; j++) {
      struct body *b = &all[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz;
      double pull = dt / (square * sqrt(square));
      a->vx -= dx * b->mass * pull;
      a->vy -= dy * b->mass * pull;
      a->vz -= dz * b->mass * pull;
      b->vx += dx * a->mass * pull;
      b->vy += dy * a->mass * pull;
      b->vz += dz * a->mass * pull;
    }
  }
  for (int i = 0; i < n; i++) {
    all[i].x += dt * all[i].vx;
    all[i].y += dt * all[i].vy;
    all[i].z += dt * all[i].vz;
  }
}

static double energy(const struct body *all, int n) {
  double e = 0;
  for (int i = 0; i < n; i++) {
    const struct body *a = &all[i];
    e += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
    for (int j = i + 1; j < n; j++) {
      const struct body *b = &all[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      e -= a->mass * b->mass / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}

int main(int argc, char **argv) {
  int steps = argc > 1 ? atoi(argv[1]) : 1000;
  printf("%.9f\n", energy(bodies, N_BODIES));
  for (int i = 0; i < steps; i++) advance(bodies, N_BODIES, 0.01);
  printf("%.9f\n", energy(bodies, N_BODIES));
  return 0;
}
