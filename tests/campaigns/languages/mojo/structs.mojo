struct Point(Copyable, Movable):
    var x: Int
    var y: Int

    def __init__(out self, x: Int, y: Int):
        self.x = x
        self.y = y

    def __add__(self, other: Self) -> Self:
        return Self(self.x + other.x, self.y + other.y)

    def norm(self) -> Int:
        return self.x * self.x + self.y * self.y


struct Pair[A: Copyable & Deinitable, B: Copyable & Deinitable]:
    var first: Self.A
    var second: Self.B

    def __init__(out self, a: Self.A, b: Self.B):
        self.first = a.copy()
        self.second = b.copy()


def main():
    var p = Point(3, 4)
    var q = p + Point(1, 1)
    print(q.x, q.y, q.norm(), p.norm())
    var l = List[Point]()
    for i in range(5):
        l.append(Point(i, -i))
    var s = 0
    for i in range(len(l)):
        s += l[i].norm()
    print(s)
    var r = Pair[Int, String](7, "seven")
    print(r.first, r.second)
