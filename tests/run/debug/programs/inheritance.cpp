// Classes with virtual functions, several bases, a virtual base, and static and constant members.
#include <cstdio>

struct Counted {
  static int made;
  int number;
  Counted() : number(++made) {}
};
int Counted::made = 0;

class Shape : public virtual Counted {
public:
  virtual ~Shape() { std::printf("gone %d\n", number); }
  virtual double area() const = 0;
  int sides = 0;

protected:
  const char *name = "shape";
};

struct Named {
  const char *label;
  explicit Named(const char *text) : label(text) {}
  virtual const char *text() const { return label; }
};

class Square : public Shape, public Named {
  double side;

public:
  explicit Square(double length) : Named("square"), side(length) {
    sides = 4;
    name = "square";
  }
  double area() const override { return side * side; }
  const char *text() const override { return name; }
};

class Circle final : public Shape {
  double radius;

public:
  explicit Circle(double r) : radius(r) {}
  double area() const override {
    const double pi = 3.25;
    return pi * radius * radius;
  }
};

static double all(Shape *const *shapes, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    Shape *shape = shapes[i];
    sum += shape->area();
  }
  return sum;
}

int main() {
  Square square(3);
  Circle circle(2);
  Shape *shapes[] = {&square, &circle};
  double sum = all(shapes, 2);
  const Named &named = square;
  double Square::*none = nullptr;
  int Shape::*member = &Shape::sides;
  int sides = square.*member;
  std::printf("%g %s %d %d\n", sum, named.text(), sides, none == nullptr);
  return Counted::made - 2;
}
