// What Zig's types and checks become, without its start code: errors, unions, slices, packed structs, odd integers,
// 128-bit ones, overflow, atomics, thread-local data. Called by features_main.c, which prints.
const std = @import("std");
pub const panic = std.debug.no_panic;

extern fn show(tag: [*:0]const u8, v: u64) void;
extern fn showd(tag: [*:0]const u8, v: f64) void;

const E = error{ Small, Big };
const Shape = union(enum) { circle: f64, rect: struct { w: f64, h: f64 }, none };
const P = packed struct { a: u3, b: u7, c: bool, d: i21 };
const S = struct { x: i32, y: u16, z: [3]u8, p: ?*const S };

fn check(v: i64) E!i64 {
    if (v < 0) return E.Small;
    if (v > 1000) return E.Big;
    return v * 2;
}
fn area(s: Shape) f64 {
    return switch (s) {
        .circle => |r| 3.25 * r * r,
        .rect => |q| q.w * q.h,
        .none => 0,
    };
}
fn fib(n: u32) u64 {
    return if (n < 2) n else fib(n - 1) + fib(n - 2);
}
fn find(h: []const u8, c: u8) ?usize {
    for (h, 0..) |b, i| if (b == c) return i;
    return null;
}
fn sort(comptime T: type, a: []T) void {
    var i: usize = 1;
    while (i < a.len) : (i += 1) {
        const v = a[i];
        var j = i;
        while (j > 0 and a[j - 1] > v) : (j -= 1) a[j] = a[j - 1];
        a[j] = v;
    }
}
threadlocal var tls: u32 = 7;
var global: [4]i64 = .{ 1, -2, 3, -4 };

export fn run(seed: u32) u32 {
    show("fib", fib(20));
    for ([_]i64{ -5, 7, 5000 }) |v| {
        if (check(v)) |r| show("ok", @bitCast(r)) else |e| show("err", @intFromError(e));
    }
    showd("circle", area(.{ .circle = 1.5 }));
    showd("rect", area(.{ .rect = .{ .w = 2, .h = 4.5 } }));
    showd("none", area(.none));
    if (find("hello world", 'w')) |i| show("at", i);
    show("none", if (find("abc", 'z') == null) 1 else 0);
    var a = [_]u32{ seed, 3, 99, 1, seed *% 7, 4 };
    sort(u32, &a);
    for (a) |v| show("a", v);
    var f = [_]f32{ 2.5, -1, 0.25 };
    sort(f32, &f);
    for (f) |v| showd("f", v);
    var p: P = .{ .a = 5, .b = 100, .c = true, .d = -77 };
    p.b +%= @truncate(seed);
    show("packed", @as(u32, @bitCast(p)));
    show("d", @bitCast(@as(i64, p.d)));
    const inner: S = .{ .x = -3, .y = 9, .z = .{ 1, 2, 3 }, .p = null };
    const outer: S = .{ .x = 4, .y = 8, .z = .{ 4, 5, 6 }, .p = &inner };
    show("x", @bitCast(@as(i64, outer.p.?.x + outer.x)));
    const w: u128 = @as(u128, 0x123456789abcdef0) * (seed | 1) * 0xfedcba987;
    show("wide", @truncate(w >> 40));
    show("div", @truncate(w / 12345));
    const odd: i37 = @truncate(@as(i64, seed) *% -1234567);
    show("odd", @bitCast(@as(i64, odd)));
    const ov = @addWithOverflow(@as(u8, 200), @as(u8, @truncate(seed)));
    show("ov", @as(u64, ov[0]) * 2 + ov[1]);
    show("sat", @as(u8, 250) +| @as(u8, @truncate(seed)));
    show("clz", @clz(seed));
    show("pop", @popCount(seed));
    show("swap", @byteSwap(seed));
    showd("conv", @floatFromInt(seed));
    showd("sqrt", @sqrt(@as(f64, @floatFromInt(seed))));
    tls += seed;
    show("tls", tls);
    var sum: i64 = 0;
    for (&global) |*g| {
        g.* *= 3;
        sum += g.*;
    }
    show("sum", @bitCast(sum));
    var atomic: u32 = 5;
    _ = @atomicRmw(u32, &atomic, .Add, seed, .seq_cst);
    show("atomic", @atomicLoad(u32, &atomic, .acquire));
    return @as(u32, @truncate(a.len)) + seed;
}
