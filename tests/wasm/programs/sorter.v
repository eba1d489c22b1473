// Keeps the four largest numbers that came, in order, and counts what it was given.
module sorter(input clk, reset, valid, input [7:0] value, output reg [7:0] best, output reg [15:0] count);
  reg [7:0] kept [0:3];
  integer i;
  always @(posedge clk) begin
    if (reset) begin
      for (i = 0; i < 4; i = i + 1) kept[i] <= 0;
      count <= 0;
    end else if (valid) begin
      count <= count + 1;
      if (value > kept[0]) begin
        kept[0] <= value; kept[1] <= kept[0]; kept[2] <= kept[1]; kept[3] <= kept[2];
      end else if (value > kept[1]) begin
        kept[1] <= value; kept[2] <= kept[1]; kept[3] <= kept[2];
      end else if (value > kept[2]) begin
        kept[2] <= value; kept[3] <= kept[2];
      end else if (value > kept[3]) kept[3] <= value;
    end
    best <= kept[count[1:0]] * 3 + kept[0];
  end
endmodule
