/* A ray tracer: spheres with reflection and shadows, a floor, one light. */
#include "demo.h"

#include <math.h>

typedef struct {
  double x, y, z;
} vec;

static vec add(vec a, vec b) { return (vec){a.x + b.x, a.y + b.y, a.z + b.z}; }
static vec sub(vec a, vec b) { return (vec){a.x - b.x, a.y - b.y, a.z - b.z}; }
static vec scale(vec a, double k) { return (vec){a.x * k, a.y * k, a.z * k}; }
static vec times(vec a, vec b) { return (vec){a.x * b.x, a.y * b.y, a.z * b.z}; }
static double dot(vec a, vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static vec unit(vec a) { return scale(a, 1 / sqrt(dot(a, a))); }

struct sphere {
  vec center;
  double radius;
  vec color;
  float shine; /* part of the light that is mirrored */
};

enum { SPHERES = 9, MAX_DEPTH = 4 };

struct scene {
  struct sphere sphere[SPHERES];
  vec light, eye;
};

struct hit {
  double distance;
  vec point, normal, color;
  float shine;
};

static void set_scene(struct scene *s, double time) {
  static const vec palette[] = {{.9, .3, .2}, {.2, .7, .3}, {.3, .4, .9}, {.9, .8, .3}};
  s->sphere[0] = (struct sphere){{0, 1.2, 0}, 1.2, {.9, .9, .95}, .6f};
  for (int i = 1; i < SPHERES; i++) {
    double angle = 6.283185307179586 * (i / (double)(SPHERES - 1) + time);
    double lift = fabs(sin(angle * 2 + time));
    s->sphere[i].center = (vec){2.4 * cos(angle), .45 + .5 * lift, 2.4 * sin(angle)};
    s->sphere[i].radius = .45;
    s->sphere[i].color = palette[i % 4];
    s->sphere[i].shine = (i & 1) ? .15f : .3f;
  }
  s->light = (vec){-4, 7, -5};
  s->eye = (vec){0, 2.2, -6.5};
}

/* Distance along the ray to a sphere, or a negative number. */
static double sphere_distance(const struct sphere *s, vec from, vec direction) {
  vec to = sub(from, s->center);
  double b = dot(to, direction);
  double d = b * b - dot(to, to) + s->radius * s->radius;
  if (d < 0) return -1;
  double root = sqrt(d);
  return -b - root > 1e-6 ? -b - root : -b + root > 1e-6 ? -b + root : -1;
}

static int trace(const struct scene *s, vec from, vec direction, struct hit *h) {
  int found = -1;
  h->distance = 1e30;
  for (int i = 0; i < SPHERES; i++) {
    double d = sphere_distance(&s->sphere[i], from, direction);
    if (d > 0 && d < h->distance) {
      h->distance = d;
      found = i;
    }
  }
  double floor_distance = direction.y < 0 ? -from.y / direction.y : -1;
  if (floor_distance > 1e-6 && floor_distance < h->distance) {
    h->distance = floor_distance;
    found = SPHERES;
  }
  if (found < 0) return 0;
  h->point = add(from, scale(direction, h->distance));
  if (found == SPHERES) {
    int dark = ((int)floor(h->point.x) + (int)floor(h->point.z)) & 1;
    h->normal = (vec){0, 1, 0};
    h->color = dark ? (vec){.15, .15, .2} : (vec){.85, .85, .8};
    h->shine = .1f;
  } else {
    const struct sphere *hit = &s->sphere[found];
    h->normal = unit(sub(h->point, hit->center));
    h->color = hit->color;
    h->shine = hit->shine;
  }
  return 1;
}

static vec sky(vec direction) {
  double up = .5 * (direction.y + 1);
  return add(scale((vec){1, 1, 1}, 1 - up), scale((vec){.35, .55, .95}, up));
}

static vec color_of(const struct scene *s, vec from, vec direction, int depth) {
  struct hit h, shadow;
  if (!trace(s, from, direction, &h)) return sky(direction);
  vec to_light = sub(s->light, h.point);
  double light_distance = sqrt(dot(to_light, to_light));
  to_light = scale(to_light, 1 / light_distance);
  double diffuse = dot(h.normal, to_light);
  if (diffuse < 0) diffuse = 0;
  if (diffuse > 0 && trace(s, h.point, to_light, &shadow) && shadow.distance < light_distance) {
    diffuse = 0;
  }
  vec c = scale(h.color, .2 + .8 * diffuse);
  if (diffuse > 0) {
    vec half = unit(sub(to_light, direction));
    double gloss = dot(h.normal, half);
    for (int i = 0; i < 6; i++) gloss *= gloss;
    c = add(c, scale((vec){1, 1, 1}, gloss * h.shine * 2));
  }
  if (depth < MAX_DEPTH && h.shine > 0) {
    vec mirrored = sub(direction, scale(h.normal, 2 * dot(direction, h.normal)));
    vec seen = times(color_of(s, h.point, mirrored, depth + 1), add(h.color, (vec){.2, .2, .2}));
    c = add(scale(c, 1 - h.shine), scale(seen, h.shine));
  }
  double fog = h.distance > 8 ? (h.distance - 8) / 24 : 0;
  if (fog > 1) fog = 1;
  return add(scale(c, 1 - fog), scale(sky(direction), fog));
}

static uint8_t to_byte(double v) {
  v = v <= 0 ? 0 : v >= 1 ? 1 : sqrt(v);
  return (uint8_t)(v * 255 + .5);
}

void render(struct image *out, double time, int samples) {
  struct scene s;
  set_scene(&s, time);
  uint8_t *p = out->rgb;
  for (int y = 0; y < out->height; y++) {
    for (int x = 0; x < out->width; x++) {
      vec sum = {0, 0, 0};
      for (int i = 0; i < samples * samples; i++) {
        double u = (x + (i % samples + .5) / samples) / out->width - .5;
        double v = .5 - (y + (i / samples + .5) / samples) / out->height;
        vec direction = unit((vec){u * .96, v * .6 - .22, 1});
        sum = add(sum, color_of(&s, s.eye, direction, 0));
      }
      sum = scale(sum, 1. / (samples * samples));
      *p++ = to_byte(sum.x);
      *p++ = to_byte(sum.y);
      *p++ = to_byte(sum.z);
    }
  }
}
