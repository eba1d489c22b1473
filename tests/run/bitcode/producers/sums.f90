! Arrays, allocation, characters, complex numbers and a recursive function; prints what it computes.
program sums
  implicit none
  integer :: i, n
  real(8) :: a(20), s
  complex(8) :: z
  character(len=12) :: word
  integer, allocatable :: v(:)
  n = 20
  do i = 1, n
    a(i) = sqrt(real(i, 8)) / 3
  end do
  s = sum(a)
  print '(a,f12.6)', 'sum ', s
  allocate(v(n))
  v = [(i * i, i = 1, n)]
  print '(a,10i5)', 'squares ', v(1:10)
  print *, 'largest', maxval(v), minloc(a)
  z = cmplx(1.5d0, -2.25d0, 8)
  z = z * z + 1
  print '(2f10.4)', real(z), aimag(z)
  word = 'fortran'
  print *, trim(word) // '!', len_trim(word), index(word, 'tran')
  select case (mod(v(7), 5))
  case (4)
    print *, 'four'
  case default
    print *, 'other'
  end select
  print *, fib(20)
contains
  recursive function fib(k) result(r)
    integer, intent(in) :: k
    integer :: r
    if (k < 2) then
      r = k
    else
      r = fib(k - 1) + fib(k - 2)
    end if
  end function
end program
