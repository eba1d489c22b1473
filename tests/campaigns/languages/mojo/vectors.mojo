def main():
    var v = SIMD[DType.float32, 4](1, 2, 3, 4)
    print((v * v).reduce_add())
    var w = SIMD[DType.int16, 8](1, -2, 3, -4, 5, -6, 7, -8)
    print(w, w.reduce_max(), w.reduce_min(), (w * w).reduce_add())
    var m = w.lt(SIMD[DType.int16, 8](0))
    print(m.select(-w, w))
    var f = SIMD[DType.float64, 8](0.5)
    for i in range(8):
        f[i] = f[i] * Float64(i)
    print(f, f.reduce_add())
    print(w.cast[DType.int32]() << 2, (w >> 1))
    print(SIMD[DType.uint8, 16](200) + SIMD[DType.uint8, 16](100))
