t = {1, "two", 3.0, 'c'}
p t, t.size, t[1].upcase, t.map(&.to_s), t + {nil}, t.first, t.last, t.to_a.size
a, b, *d = 1, {2, 3}, 4, 5
p a, b, d
n = {name: "x", age: 3}
p n, n[:name], n.merge(age: 4, ok: true), n.keys, n.to_h, n.map { |k, v| "#{k}#{v}" }
def splat(*args, **opts) {args, opts} end
p splat(1, 2, x: 3), splat(*t), splat(**n), {1, 2} < {1, 3}, {1, 2} == {1, 2}
