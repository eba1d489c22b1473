// Two adders, one of them written out bit by bit, and an assertion that they are the same.
module ripple(input [15:0] a, b, input carry, output [16:0] sum);
  wire [16:0] c;
  assign c[0] = carry;
  genvar i;
  generate
    for (i = 0; i < 16; i = i + 1) begin : bits
      assign sum[i] = a[i] ^ b[i] ^ c[i];
      assign c[i + 1] = (a[i] & b[i]) | (c[i] & (a[i] ^ b[i]));
    end
  endgenerate
  assign sum[16] = c[16];
endmodule

module miter(input [15:0] a, b, input carry, output same);
  wire [16:0] sum;
  ripple dut(a, b, carry, sum);
  assign same = sum == a + b + carry;
endmodule
