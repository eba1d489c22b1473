; Registers that only compilers other than clang name as changed.
target triple = "x86_64-pc-linux-gnu"

@s = private unnamed_addr constant [4 x i8] c"%d\0A\00"

declare i32 @printf(ptr, ...)

define i32 @main() {
  call void asm sideeffect "fnclex", "~{fpsw}"()
  %r = call i32 (ptr, ...) @printf(ptr @s, i32 7)
  ret i32 0
}
