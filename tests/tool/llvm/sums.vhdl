entity sums is end;
architecture a of sums is
  signal c : integer := 0;
begin
  process
    variable x : integer := 1;
  begin
    for i in 1 to 10 loop x := x * i mod 1009; wait for 1 ns; c <= c + x; end loop;
    wait for 1 ns;
    report "sum " & integer'image(c) & " x " & integer'image(x);
    assert c > 100000 report "small" severity note;
    wait;
  end process;
end;
