// d^T x, contracted over the rows of all steps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gemm.h"

namespace seqmodels {

// gradient (M, K) = d^T x of d (N, M) and x (N, K). The contraction is long: it is done slice by slice, such that the
// packed slices of both factors stay in the caches, and the products of the slices add up in `gradient`.
inline void contract(
    int64_t N, int64_t M, int64_t K, Rows<const float> d, Rows<const float> x, float* gradient) {
  constexpr int64_t slice = 512, group = 8 * kRows;
  std::fill_n(gradient, M * K, 0.0f);
  for (int64_t n = 0; n < N; n += slice) {
    const int64_t depth = std::min(slice, N - n);
    const Packed right = Packed::plain(x.from(n), depth, K);
    at::parallel_for(0, (M + group - 1) / group, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> left(depth * group);
      for (int64_t m = begin * group; m < std::min(end * group, M); m += group) {
        const int64_t rows = std::min(group, M - m);
        for (int64_t k = 0; k < depth; ++k) std::copy_n(d.from(n + k).data + m, rows, left.data() + k * group);
        for (int64_t p = 0; p < right.panels().count(); ++p) {
          const Columns columns = right.panels()[p];
          const Rows<float> c{gradient + m * K + columns.begin, K};
          const Rows<const float> sum{c.data, c.stride};
          multiply(rows, depth, {left.data(), 1, group}, right.panel(0, columns), columns, sum, c);
        }
      }
    });
  }
}

}  // namespace seqmodels
