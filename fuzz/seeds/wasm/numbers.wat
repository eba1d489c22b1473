(module
  (memory (export "m") 1 3) (global $g (mut i32) (i32.const 5)) (global i64 (i64.const -7))
  (data (i32.const 8) "some bytes") (data $p "passive")
  (func (export "f") (param i32 i64 f32 f64) (result i64) (local i32 i64 f64)
    local.get 0 i32.const 3 i32.div_s local.get 0 i32.rem_u local.tee 4
    i32.const 65535 i32.and i64.load32_u offset=16 local.set 5
    local.get 2 f64.promote_f32 local.get 3 f64.min f64.sqrt local.tee 6 f64.floor i64.trunc_f64_s
    local.get 5 i64.add local.get 1 i64.shl
    local.get 4 i32.clz i64.extend_i32_u i64.xor
    (block (result i64) (loop (result i64)
      local.get 4 i32.eqz (if (then (i32.store8 offset=3 (global.get $g) (i32.const 9))) (else (global.set $g (i32.const 1))))
      (local.set 4 (i32.sub (local.get 4) (i32.const 1)))
      (br_if 0 (i32.gt_s (local.get 4) (i32.const 0)))
      (br_table 1 1 1 (i64.const 4) (local.get 4))))
    i64.mul)
  (func (param f32 f64) (result i32) local.get 0 i32.trunc_sat_f32_s local.get 1 i32.trunc_f64_u i32.rotl
    (memory.copy (i32.const 0) (i32.const 8) (i32.const 4)) (memory.fill (i32.const 0) (i32.const 8) (i32.const 4))
    (memory.init $p (i32.const 0) (i32.const 1) (i32.const 2)) (data.drop $p)
    (drop (memory.grow (i32.const 1))) memory.size i32.add
    local.get 0 f32.const 1.5 f32.copysign f32.nearest local.get 0 f32.lt i32.add
    ))
