// A ray tracer: a class of three doubles with operators, spheres behind a virtual function, optional hits.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

struct Vec {
  double x = 0, y = 0, z = 0;
  friend Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
  friend Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
  friend Vec operator*(Vec a, double f) { return {a.x * f, a.y * f, a.z * f}; }
  friend Vec operator*(Vec a, Vec b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
  Vec &operator+=(Vec b) { return *this = *this + b; }
};
double dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vec unit(Vec a) { return a * (1 / std::sqrt(dot(a, a))); }

struct Ray {
  Vec from, along;
  Vec at(double t) const { return from + along * t; }
};

struct Hit {
  double distance;
  Vec place, normal, color;
  double mirror;
};

class Shape {
public:
  virtual ~Shape() = default;
  virtual std::optional<Hit> hit(const Ray &ray) const = 0;
};

class Sphere : public Shape {
  Vec center, color;
  double radius, mirror;

public:
  Sphere(Vec center, double radius, Vec color, double mirror)
      : center(center), color(color), radius(radius), mirror(mirror) {}
  std::optional<Hit> hit(const Ray &ray) const override {
    Vec to = ray.from - center;
    double b = dot(to, ray.along), c = dot(to, to) - radius * radius, d = b * b - c;
    if (d < 0) return std::nullopt;
    for (double t : {-b - std::sqrt(d), -b + std::sqrt(d)})
      if (t > 1e-6) {
        Vec place = ray.at(t);
        return Hit{t, place, unit(place - center), color, mirror};
      }
    return std::nullopt;
  }
};

class Floor : public Shape {
public:
  std::optional<Hit> hit(const Ray &ray) const override {
    double t = (-1 - ray.from.y) / ray.along.y;
    if (!(t > 1e-6) || t > 100) return {};
    Vec place = ray.at(t);
    bool dark = (int(std::floor(place.x)) + int(std::floor(place.z))) & 1;
    return Hit{t, place, {0, 1, 0}, dark ? Vec{0.2, 0.2, 0.2} : Vec{0.9, 0.9, 0.8}, 0.1};
  }
};

class Scene {
  std::vector<std::unique_ptr<Shape>> shapes;
  std::array<Vec, 2> lights = {unit({1, 2, -1}), unit({-2, 1, -3})};

public:
  template <class T, class... A> void add(A... arguments) { shapes.push_back(std::make_unique<T>(arguments...)); }

  std::optional<Hit> nearest(const Ray &ray) const {
    std::optional<Hit> best;
    for (const auto &shape : shapes)
      if (auto hit = shape->hit(ray); hit && (!best || hit->distance < best->distance)) best = hit;
    return best;
  }

  Vec color(const Ray &ray, int depth) const {
    auto hit = nearest(ray);
    if (!hit) return Vec{0.3, 0.5, 0.8} * (0.5 + 0.5 * ray.along.y);
    Vec sum = hit->color * 0.1;
    for (const Vec &light : lights)
      if (double lit = dot(hit->normal, light); lit > 0 && !nearest({hit->place, light}))
        sum += hit->color * (lit * 0.6);
    if (hit->mirror > 0 && depth > 0) {
      Vec back = ray.along - hit->normal * (2 * dot(ray.along, hit->normal));
      sum += (color({hit->place, unit(back)}, depth - 1) - sum) * hit->mirror;
    }
    return sum;
  }
};

int main() {
  Scene scene;
  scene.add<Floor>();
  for (int i = 0; i < 7; i++) {
    double angle = i * 0.9;
    scene.add<Sphere>(Vec{2 * std::sin(angle), i * 0.2 - 0.6, 5 + 2 * std::cos(angle)}, 0.4 + i * 0.05,
                      Vec{0.3 + i * 0.1, 0.9 - i * 0.1, 0.5}, i % 3 * 0.3);
  }
  const int width = 560, height = 420;
  std::uint32_t hash = 0;
  double bright = 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      Vec c = scene.color({{0, 0.5, -2}, unit(Vec{(x - width / 2) / 280.0, (height / 2 - y) / 280.0, 1})}, 3);
      for (double part : {c.x, c.y, c.z}) hash = hash * 31 + std::uint32_t(std::min(part, 1.0) * 255);
      bright += dot(c, c * Vec{0.3, 0.6, 0.1});
    }
  std::printf("%08x %.6f\n", hash, bright);
}
