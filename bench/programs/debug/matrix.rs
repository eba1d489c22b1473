//! Matrices and vectors with iterators and closures: products, a decomposition, power iteration, a convolution.
use std::iter::zip;
use std::ops::{Index, IndexMut, Mul};

#[derive(Clone, Debug, PartialEq)]
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    fn from_fn(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))).map(|(r, c)| value(r, c)).collect();
        Matrix { rows, columns, values }
    }

    fn row(&self, r: usize) -> &[f64] {
        &self.values[r * self.columns..][..self.columns]
    }

    fn column(&self, c: usize) -> impl Iterator<Item = f64> + Clone + '_ {
        self.values.iter().skip(c).step_by(self.columns).copied()
    }

    fn transposed(&self) -> Matrix {
        Matrix::from_fn(self.columns, self.rows, |r, c| self[(c, r)])
    }

    fn map(&self, f: impl FnMut(f64) -> f64) -> Matrix {
        Matrix { values: self.values.iter().copied().map(f).collect(), ..*self }
    }

    fn apply(&self, vector: &[f64]) -> Vec<f64> {
        self.values.chunks(self.columns).map(|row| dot(row.iter().copied(), vector.iter().copied())).collect()
    }

    /// Lower and upper factor; the rows' order is in the permutation. None: singular.
    fn decomposed(&self) -> Option<(Matrix, Vec<usize>, f64)> {
        let (mut lu, mut order, mut sign) = (self.clone(), (0..self.rows).collect::<Vec<_>>(), 1.0);
        for k in 0..self.rows {
            let (_, pivot) = (k..self.rows)
                .map(|r| (lu[(r, k)].abs(), r))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|p| p.0 > 1e-12)?;
            if pivot != k {
                (0..self.columns).for_each(|c| lu.values.swap(k * self.columns + c, pivot * self.columns + c));
                order.swap(k, pivot);
                sign = -sign;
            }
            let (above, below) = lu.values.split_at_mut((k + 1) * self.columns);
            let top = &above[k * self.columns..];
            for row in below.chunks_mut(self.columns) {
                let factor = row[k] / top[k];
                row[k] = factor;
                for (to, from) in zip(&mut row[k + 1..], &top[k + 1..]) {
                    *to -= factor * from;
                }
            }
        }
        let determinant = (0..self.rows).fold(sign, |product, i| product * lu[(i, i)]);
        Some((lu, order, determinant))
    }

    fn solve(&self, right: &[f64]) -> Option<Vec<f64>> {
        let (lu, order, _) = self.decomposed()?;
        let mut x: Vec<f64> = order.iter().map(|&i| right[i]).collect();
        for r in 0..x.len() {
            x[r] -= dot(lu.row(r)[..r].iter().copied(), x[..r].iter().copied());
        }
        for r in (0..x.len()).rev() {
            let known = dot(lu.row(r)[r + 1..].iter().copied(), x[r + 1..].iter().copied());
            x[r] = (x[r] - known) / lu[(r, r)];
        }
        Some(x)
    }
}

impl Index<(usize, usize)> for Matrix {
    type Output = f64;
    fn index(&self, (r, c): (usize, usize)) -> &f64 {
        &self.values[r * self.columns + c]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (r, c): (usize, usize)) -> &mut f64 {
        &mut self.values[r * self.columns + c]
    }
}

impl Mul for &Matrix {
    type Output = Matrix;
    fn mul(self, other: &Matrix) -> Matrix {
        Matrix::from_fn(self.rows, other.columns, |r, c| dot(self.row(r).iter().copied(), other.column(c)))
    }
}

fn dot(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> f64 {
    a.zip(b).map(|(x, y)| x * y).sum()
}

/// The largest eigenvalue of a symmetric matrix, and how often its vector was multiplied.
fn eigenvalue(a: &Matrix) -> (f64, usize) {
    let mut vector = vec![1.0; a.rows];
    let mut last = 0.0;
    for count in 1..=200 {
        let next = a.apply(&vector);
        let length = next.iter().map(|x| x * x).sum::<f64>().sqrt();
        vector = next.into_iter().map(|x| x / length).collect();
        if (length - last).abs() < 1e-9 {
            return (length, count);
        }
        last = length;
    }
    (last, 200)
}

fn blurred(image: &Matrix, kernel: &[[f64; 3]; 3]) -> Matrix {
    Matrix::from_fn(image.rows, image.columns, |r, c| {
        let near = |at: usize, d: usize, n: usize| (at + d).checked_sub(1).filter(|&i| i < n);
        let mut sum = 0.0;
        for (dr, row) in kernel.iter().enumerate() {
            for (dc, weight) in row.iter().enumerate() {
                if let (Some(r), Some(c)) = (near(r, dr, image.rows), near(c, dc, image.columns)) {
                    sum += weight * image[(r, c)];
                }
            }
        }
        sum
    })
}

fn main() {
    let a = Matrix::from_fn(150, 150, |r, c| ((r * 31 + c * 17) % 23) as f64 - 11.0 + if r == c { 40.0 } else { 0.0 });
    let square = &a * &a.transposed();
    println!("{:.3} {:.6}", square.values.iter().sum::<f64>(), square.column(7).fold(0.0, f64::max));
    println!("{:?}", a.decomposed().map(|(_, order, d)| (order[..5].to_vec(), format!("{:.6}", d.abs().ln()))));
    let right: Vec<f64> = (0..150).map(|i| (i as f64).sin()).collect();
    let x = a.solve(&right).expect("regular");
    let error = zip(a.apply(&x), &right).map(|(y, r)| (y - r).abs()).fold(0.0, f64::max);
    println!("{:.9} {}", x.iter().map(|v| v * v).sum::<f64>(), error < 1e-9);
    let (value, count) = eigenvalue(&square.map(|v| v / 1000.0));
    println!("{value:.6} after {count}");
    let mut image = Matrix::from_fn(160, 120, |r, c| ((r ^ c) & 15) as f64);
    image[(5, 5)] = 100.0;
    for _ in 0..6 {
        image = blurred(&image, &[[0.05, 0.1, 0.05], [0.1, 0.4, 0.1], [0.05, 0.1, 0.05]]);
    }
    println!("{:.6}", image.values.iter().zip(1..).map(|(v, i)| v * i as f64).sum::<f64>());
}
