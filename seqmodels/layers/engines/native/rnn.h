// h_t = f(drive_t + W h_{t-1}) with f = tanh or relu.
#pragma once

#include "sequence.h"

namespace seqmodels::rnn {

struct Forward {
  const Packing& packing;
  int64_t batch, hidden;
  const float *drive, *h0, *weight;
  float* hs;

  template <class F>
  void run(const F& f) const {
    const Packed w = Packed::transposed(weight, 1, hidden, hidden);
    through_time(packing.steps(), batch, w, [&](int64_t t, Share share, Columns columns) {
      const int64_t rows = share.count(packing.rows(t)), H = hidden, j = columns.begin;
      const float* before = t ? hs + packing.start(t - 1) * H : h0;
      const auto drive_t = share.of(drive + packing.start(t) * H, H, j);
      const auto h = share.of(hs + packing.start(t) * H, H, j);
      multiply(rows, H, share.of(before, H), w.panel(0, columns), columns, drive_t, h);
      for (int64_t b = 0; b < rows; ++b)
        for_columns(0, columns.end - j, [&](int64_t k, auto extent) {
          float* at = h.from(b).data + k;
          store(at, f(load(at, extent)), extent);
        });
    });
  }
};

// dh starts as the gradient of the last states and ends as that of the first ones. Step t counts the rows that have
// it, and the product those that also have step t + 1: a row joins where its sequence ends.
struct Backward {
  const Packing& packing;
  int64_t batch, hidden;
  const float *grad_hs, *hs, *weight;
  float *d_drive, *dh;

  template <class Slope>  // f' as a function of h = f(.) and dh
  void run(const Slope& slope) const {
    const Packed w = Packed::plain({weight, hidden}, hidden, hidden);
    through_time(packing.steps() + 1, batch, w, [&](int64_t i, Share share, Columns columns) {
      const int64_t t = packing.steps() - 1 - i, H = hidden, j = columns.begin;
      const auto dh_t = share.of(dh, H, j);
      const float* d_after = d_drive + (i ? packing.start(t + 1) * H : 0);
      multiply(share.count(packing.rows(t + 1)), H, share.of(d_after, H), w.panel(0, columns), columns, {}, dh_t);
      if (t < 0) return;
      const auto grad = share.of(grad_hs + packing.start(t) * H, H, j);
      const auto h_t = share.of(hs + packing.start(t) * H, H, j);
      const auto d_t = share.of(d_drive + packing.start(t) * H, H, j);
      for (int64_t b = 0; b < share.count(packing.rows(t)); ++b)
        for_columns(0, columns.end - j, [&](int64_t k, auto extent) {
          const auto at = [&](auto rows) { return load(rows.from(b).data + k, extent); };
          store(d_t.from(b).data + k, slope(at(h_t), at(dh_t) + at(grad)), extent);
        });
    });
  }
};

}  // namespace seqmodels::rnn
