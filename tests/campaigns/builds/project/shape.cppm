export module shape;

export struct Square {
  int side;
  int area() const { return side * side; }
};
