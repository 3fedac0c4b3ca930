// C = D + A B, with B packed once and used at every step. Row-major matrices, register-blocked.
//
// B's columns are cut into panels of up to kVecs registers. A tile of up to kRows rows of A meets one panel: its sums
// stay in registers for the whole depth, each number of A is broadcast and each register of B loaded once.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "vector.h"

namespace seqmodels {

// Sums, one row of B and a broadcast must fit the register file: 32 registers with AVX-512 and on ARM, else 16.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRows = 6, kVecs = 4;
#else
constexpr int kRows = 4, kVecs = 3;
#endif

// The left factor: its numbers lie `row` apart from row to row, and `depth` apart along the contraction.
struct Factor {
  const float* data;
  int64_t row, depth;
};

// Rows of floats at a fixed distance; distance 0 repeats one row.
template <class T>
struct Rows {
  T* data;
  int64_t stride;
  Rows from(int64_t row) const { return {data + row * stride, stride}; }
  operator Factor() const { return {data, stride, 1}; }
  Rows column(int64_t j) const { return {data + j, stride}; }
};

// Neighbouring columns: `width` is their number rounded up to whole registers.
struct Columns {
  int64_t begin, end, width;
};

// The columns 0 to `columns`, cut into panels of nearly equal width.
struct Panels {
  int64_t columns;
  int64_t registers() const { return (columns + kWidth - 1) / kWidth; }
  int64_t count() const { return (registers() + kVecs - 1) / kVecs; }
  Columns operator[](int64_t p) const {
    const int64_t begin = p * registers() / count() * kWidth, end = (p + 1) * registers() / count() * kWidth;
    return {begin, std::min(end, columns), end - begin};
  }
};

// One or several matrices (depth, columns), panel after panel, and in a panel matrix after matrix.
class Packed {
 public:
  // The transposes of the matrices (columns, depth) that lie one below the other in `weight`.
  static Packed transposed(const float* weight, int64_t matrices, int64_t depth, int64_t columns) {
    Packed packed(matrices, depth, columns);
    packed.fill([=](float* to, int64_t matrix, Columns panel) {
      const float* from = weight + (matrix * columns + panel.begin) * depth;
      constexpr int64_t block = 16;  // one cache line of each row that is read, few of what is written
      for (int64_t k = 0; k < depth; k += block)
        for (int64_t j = 0; j < panel.end - panel.begin; ++j)
          for (int64_t l = k; l < std::min(k + block, depth); ++l) to[l * panel.width + j] = from[j * depth + l];
    });
    return packed;
  }

  // The matrix (depth, columns) as it is.
  static Packed plain(Rows<const float> matrix, int64_t depth, int64_t columns) {
    Packed packed(1, depth, columns);
    packed.fill([=](float* to, int64_t, Columns panel) {
      for (int64_t k = 0; k < depth; ++k)
        std::copy_n(matrix.from(k).data + panel.begin, panel.end - panel.begin, to + k * panel.width);
    });
    return packed;
  }

  int64_t depth() const { return depth_; }
  const Panels& panels() const { return panels_; }
  int64_t bytes() const { return sizeof(float) * matrices_ * depth_ * panels_.registers() * kWidth; }
  const float* panel(int64_t matrix, Columns columns) const {
    return data_.get() + depth_ * (matrices_ * columns.begin + matrix * columns.width);
  }

 private:
  Packed(int64_t matrices, int64_t depth, int64_t columns)
      : matrices_(matrices), depth_(depth), panels_{columns}, data_(allocate(bytes())) {}

  static float* allocate(int64_t bytes) {
    constexpr int64_t line = 64;
    return static_cast<float*>(std::aligned_alloc(line, (bytes + line) / line * line));
  }

  // f(to, matrix, columns) writes what lies inside the matrix; columns that round up a register are zero.
  template <class F>
  void fill(const F& f) {
    at::parallel_for(0, panels_.count(), bytes() < (1 << 17) ? panels_.count() : 1, [&](int64_t first, int64_t last) {
      for (int64_t p = first; p < last; ++p)
        for (int64_t matrix = 0; matrix < matrices_; ++matrix) {
          const Columns columns = panels_[p];
          float* to = const_cast<float*>(panel(matrix, columns));
          if (columns.end - columns.begin < columns.width) std::fill_n(to, depth_ * columns.width, 0.0f);
          f(to, matrix, columns);
        }
    });
  }

  struct Free {
    void operator()(float* data) const { std::free(data); }
  };
  int64_t matrices_, depth_;
  Panels panels_;
  std::unique_ptr<float[], Free> data_;
};

// R rows by V registers of C; D is left out where its data is null.
template <int R, int V>
void tile(int64_t depth, Factor a, const float* b, Rows<const float> d, Rows<float> c, int64_t columns) {
  // An addition waits for the one before it: with few sums, several partial ones over the depth fill the pipeline.
  constexpr int U = R * V >= 8 ? 1 : R * V >= 4 ? 2 : 4;
  Vec sum[U][R][V] = {};
  const auto add = [&](int u, int64_t k) __attribute__((always_inline)) {
    Vec row[V];
    for (int v = 0; v < V; ++v) row[v] = load(b + (k * V + v) * kWidth, Whole{});
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) sum[u][r][v] += a.data[r * a.row + k * a.depth] * row[v];
  };
  int64_t k = 0;
  for (; k + U <= depth; k += U)
    for (int u = 0; u < U; ++u) add(u, k + u);
  for (; k < depth; ++k) add(0, k);
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      for (int u = 1; u < U; ++u) sum[0][r][v] += sum[u][r][v];
      const auto finish = [&](auto extent) {
        const Vec start = d.data ? load(d.data + r * d.stride + v * kWidth, extent) : Vec{};
        store(c.data + r * c.stride + v * kWidth, start + sum[0][r][v], extent);
      };
      const int64_t left = columns - v * kWidth;
      left >= kWidth ? finish(Whole{}) : finish(Part{static_cast<int>(left)});
    }
  }
}

template <int... I>
constexpr auto tiles(std::integer_sequence<int, I...>) {
  return std::array{&tile<I / kVecs + 1, I % kVecs + 1>...};
}

// Rows 0 to `rows` of one panel: A (rows, depth), C and D (rows, columns of the panel).
inline void multiply(
    int64_t rows, int64_t depth, Factor a, const float* panel, Columns columns, Rows<const float> d, Rows<float> c) {
  static constexpr auto table = tiles(std::make_integer_sequence<int, kRows * kVecs>{});
  const int64_t blocks = (rows + kRows - 1) / kRows, vecs = columns.width / kWidth;
  for (int64_t i = 0; i < blocks; ++i) {  // blocks of nearly equal height: 4 and 5 of nine rows, not 8 and 1
    const int64_t begin = i * rows / blocks, end = (i + 1) * rows / blocks;
    const Factor block{a.data + begin * a.row, a.row, a.depth};
    table[(end - begin - 1) * kVecs + vecs - 1](
        depth, block, panel, d.from(begin), c.from(begin), columns.end - columns.begin);
  }
}

}  // namespace seqmodels
