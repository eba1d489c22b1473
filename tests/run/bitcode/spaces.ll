; Address spaces whose pointers are as those of space 0.
@far = addrspace(1) global [4 x i32] [i32 3, i32 5, i32 7, i32 9]
@farther = internal addrspace(7) global ptr addrspace(1) getelementptr (i8, ptr addrspace(1) @far, i64 8)
@cast = global ptr addrspacecast (ptr addrspace(1) @far to ptr)
@alias = alias i32, ptr addrspace(1) @far
%node = type { i32, ptr addrspace(1) }

define i32 @called(ptr addrspace(1) %p, i32 %k) addrspace(1) noinline {
  %q = getelementptr inbounds i32, ptr addrspace(1) %p, i32 %k
  %v = load i32, ptr addrspace(1) %q
  ret i32 %v
}

define i32 @walk(ptr addrspace(1) %n) noinline {
entry:
  br label %loop
loop:
  %p = phi ptr addrspace(1) [ %n, %entry ], [ %next, %more ]
  %sum = phi i32 [ 0, %entry ], [ %s, %more ]
  %end = icmp eq ptr addrspace(1) %p, null
  br i1 %end, label %done, label %more
more:
  %v = load i32, ptr addrspace(1) %p
  %s = add i32 %sum, %v
  %at = getelementptr %node, ptr addrspace(1) %p, i32 0, i32 1
  %next = load ptr addrspace(1), ptr addrspace(1) %at
  br label %loop
done:
  ret i32 %sum
}

define i32 @main() {
  %bytes = alloca [16 x i8], align 8
  %a = alloca %node
  %b = alloca %node
  %far = addrspacecast ptr %a to ptr addrspace(1)
  %farb = addrspacecast ptr %b to ptr addrspace(1)
  store i32 40, ptr %a
  store i32 2, ptr addrspace(1) %farb
  %an = getelementptr %node, ptr %a, i32 0, i32 1
  store ptr addrspace(1) %farb, ptr %an
  %bn = getelementptr %node, ptr addrspace(1) %farb, i32 0, i32 1
  store ptr addrspace(1) null, ptr addrspace(1) %bn
  %sum = call i32 @walk(ptr addrspace(1) %far)
  %f = load ptr addrspace(1), ptr addrspace(7) @farther
  %x = call addrspace(1) i32 @called(ptr addrspace(1) %f, i32 1)
  %c = load ptr, ptr @cast
  %y = load i32, ptr %c
  %al = load i32, ptr addrspace(1) @alias
  call void @llvm.memcpy.p0.p1.i64(ptr %bytes, ptr addrspace(1) @far, i64 16, i1 false)
  %at = getelementptr i8, ptr %bytes, i64 4
  %z = load i32, ptr %at
  %old = atomicrmw add ptr addrspace(1) @far, i32 100 seq_cst
  %new = load atomic i32, ptr addrspace(1) @far seq_cst, align 4
  %i = ptrtoint ptr addrspace(1) %far to i64
  %back = inttoptr i64 %i to ptr addrspace(3)
  %w = load i32, ptr addrspace(3) %back
  %v0 = insertelement <2 x ptr addrspace(1)> poison, ptr addrspace(1) %far, i32 0
  %v1 = insertelement <2 x ptr addrspace(1)> %v0, ptr addrspace(1) %farb, i32 1
  %v2 = addrspacecast <2 x ptr addrspace(1)> %v1 to <2 x ptr>
  %e = extractelement <2 x ptr> %v2, i32 1
  %u = load i32, ptr %e
  %sel = icmp sgt i32 %sum, 3
  %p = select i1 %sel, ptr addrspace(1) %far, ptr addrspace(1) null
  %t = load i32, ptr addrspace(1) %p
  call i32 (ptr, ...) @printf(ptr @format, i32 %sum, i32 %x, i32 %y, i32 %al, i32 %z, i32 %old, i32 %new, i32 %w, i32 %u, i32 %t)
  ret i32 0
}
@format = private constant [32 x i8] c"%d %d %d %d %d %d %d %d %d %d\0A\00\00"
declare i32 @printf(ptr, ...)
declare void @llvm.memcpy.p0.p1.i64(ptr, ptr addrspace(1), i64, i1)
