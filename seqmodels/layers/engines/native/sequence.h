// Sequences of unequal length without padding, and who computes which part of a step.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "gemm.h"

namespace seqmodels {

// The rows of all steps, time first. The rows of step t are a block of `rows[t]`, a number that never grows; a row's
// predecessor is the row of the same number in the block before.
class Packing {
 public:
  explicit Packing(std::vector<int64_t> rows) : rows_(std::move(rows)), start_(rows_.size() + 1) {
    for (size_t t = 0; t < rows_.size(); ++t) start_[t + 1] = start_[t] + rows_[t];
  }
  int64_t steps() const { return static_cast<int64_t>(rows_.size()); }
  int64_t total() const { return start_.back(); }
  int64_t rows(int64_t t) const { return t < steps() ? rows_[t] : 0; }
  int64_t start(int64_t t) const { return start_[t]; }

  // Each sequence's last state: `final` holds the initial states.
  void last(const float* states, int64_t width, float* final) const {
    for (int64_t t = 0; t < steps(); ++t)
      std::copy(states + (start(t) + rows(t + 1)) * width, states + start(t + 1) * width, final + rows(t + 1) * width);
  }

 private:
  std::vector<int64_t> rows_, start_;
};

// Every `stride`-th sequence from `first` on. Sequences are sorted by length, so that shares interleaved like this
// have the same work at every step.
struct Share {
  int64_t first, stride;
  int64_t count(int64_t rows) const { return rows > first ? (rows - first + stride - 1) / stride : 0; }

  // This share's rows of a block, from column j on.
  template <class T>
  Rows<T> of(T* block, int64_t width, int64_t j = 0) const {
    return {block + first * width + j, stride * width};
  }
};

// Calls step(i, share, columns) for i = 0, 1, ... and all columns, i before i + 1 for every sequence.
//
// Normally each thread takes a share of the sequences through all steps and never waits for another. But then each
// reads the whole weight at every step: where that is larger than a core's own cache and only few rows make use of it,
// the threads take panels of columns instead and meet after every step.
template <class Step>
void through_time(int64_t steps, int64_t batch, const Packed& weight, const Step& step) {
  constexpr int64_t own_cache = 1 << 19, few_rows = 4, worth_threads = 1 << 20;
  const int64_t panels = weight.panels().count();
  const int64_t work = steps * batch * weight.bytes() / static_cast<int64_t>(sizeof(float));
  const int64_t threads = work < worth_threads ? 1 : at::get_num_threads();
  const auto columns = [&](int64_t i, Share share, int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) step(i, share, weight.panels()[p]);
  };
  if (threads > 1 && weight.bytes() > own_cache && batch <= few_rows * threads) {
    for (int64_t i = 0; i < steps; ++i)
      at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) { columns(i, {0, 1}, begin, end); });
    return;
  }
  const int64_t shares = std::min(threads, (batch + 1) / 2);  // two rows read the weight in the time of one
  at::parallel_for(0, shares, 1, [&](int64_t begin, int64_t end) {
    for (int64_t share = begin; share < end; ++share)
      for (int64_t i = 0; i < steps; ++i) columns(i, {share, shares}, 0, panels);
  });
}

}  // namespace seqmodels
