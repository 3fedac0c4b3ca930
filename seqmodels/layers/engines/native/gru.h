// r, z = sigmoid(.) of two blocks of drive_t + W h_{t-1}; a = W_n h_{t-1} + b_n; n = tanh(drive_n + r a);
// h_t = (1 - z) n + z h_{t-1}.
#pragma once

#include "sequence.h"

namespace seqmodels::gru {

struct Forward {
  const Packing& packing;
  int64_t batch, hidden;
  const float *drive, *h0, *weight, *bias_n;  // bias_n may be null
  float *hs, *gates;

  void run() const {
    const Packed w = Packed::transposed(weight, 3, hidden, hidden);
    through_time(packing.steps(), batch, w, [&](int64_t t, Share share, Columns columns) {
      const int64_t rows = share.count(packing.rows(t)), H = hidden, start = packing.start(t), j = columns.begin;
      const auto h_before = share.of(t ? hs + packing.start(t - 1) * H : h0, H);
      const auto drive_t = share.of(drive + start * 3 * H, 3 * H, j);
      const auto gates_t = share.of(gates + start * 4 * H, 4 * H, j);
      const Rows<const float> b_n{bias_n ? bias_n + j : nullptr, 0};
      multiply(rows, H, h_before, w.panel(0, columns), columns, drive_t, gates_t);
      multiply(rows, H, h_before, w.panel(1, columns), columns, drive_t.column(H), gates_t.column(H));
      multiply(rows, H, h_before, w.panel(2, columns), columns, b_n, gates_t.column(3 * H));
      pointwise(t, share, columns);
    });
  }

 private:
  void pointwise(int64_t t, Share share, Columns columns) const {
    const int64_t H = hidden, start = packing.start(t), j = columns.begin;
    const auto h_before = share.of(t ? hs + packing.start(t - 1) * H : h0, H, j);
    const auto h_t = share.of(hs + start * H, H, j);
    const auto drive_n = share.of(drive + start * 3 * H, 3 * H, 2 * H + j);
    const auto gates_t = share.of(gates + start * 4 * H, 4 * H, j);
    for (int64_t b = 0; b < share.count(packing.rows(t)); ++b)
      for_columns(0, columns.end - j, [&](int64_t k, auto extent) {
        float* gate = gates_t.from(b).data + k;
        const Vec r = sigmoid(load(gate, extent)), z = sigmoid(load(gate + H, extent));
        const Vec n = tanh(load(drive_n.from(b).data + k, extent) + r * load(gate + 3 * H, extent));
        store(gate, r, extent);
        store(gate + H, z, extent);
        store(gate + 2 * H, n, extent);
        store(h_t.from(b).data + k, (1.0f - z) * n + z * load(h_before.from(b).data + k, extent), extent);
      });
  }
};

// dh starts as the gradient of the last states and ends as that of the first ones. Step t counts the rows that have
// it, and the product those that also have step t + 1: a row joins where its sequence ends.
struct Backward {
  const Packing& packing;
  int64_t batch, hidden;
  const float *grad_hs, *hs, *gates, *h0, *weight;
  float *d_recurrent, *d_n, *dh;

  void run() const {
    const Packed w = Packed::plain({weight, hidden}, 3 * hidden, hidden);
    through_time(packing.steps() + 1, batch, w, [&](int64_t i, Share share, Columns columns) {
      const int64_t t = packing.steps() - 1 - i, H = hidden;
      const float* d_after = d_recurrent + (i ? packing.start(t + 1) * 3 * H : 0);
      const auto dh_t = share.of(dh, H, columns.begin);  // already holds what came past the product: z dh
      const Rows<const float> past{dh_t.data, dh_t.stride};
      multiply(
          share.count(packing.rows(t + 1)), 3 * H, share.of(d_after, 3 * H), w.panel(0, columns), columns, past, dh_t);
      if (t >= 0) pointwise(t, share, columns);
    });
  }

 private:
  void pointwise(int64_t t, Share share, Columns columns) const {
    const int64_t H = hidden, start = packing.start(t), j = columns.begin;
    const auto h_before = share.of(t ? hs + packing.start(t - 1) * H : h0, H, j);
    const auto grad = share.of(grad_hs + start * H, H, j);
    const auto dh_t = share.of(dh, H, j);
    const auto gates_t = share.of(gates + start * 4 * H, 4 * H, j);
    const auto d_t = share.of(d_recurrent + start * 3 * H, 3 * H, j);
    const auto d_n_t = share.of(d_n + start * H, H, j);
    for (int64_t b = 0; b < share.count(packing.rows(t)); ++b)
      for_columns(0, columns.end - j, [&](int64_t k, auto extent) {
        const auto at = [&](auto rows) { return load(rows.from(b).data + k, extent); };
        const float* gate = gates_t.from(b).data + k;
        const Vec r = load(gate, extent), z = load(gate + H, extent);
        const Vec n = load(gate + 2 * H, extent), a = load(gate + 3 * H, extent);
        const Vec dh = at(dh_t) + at(grad), dn = dh * (1.0f - z) * (1.0f - n * n);
        float* d = d_t.from(b).data + k;
        store(d, dn * a * r * (1.0f - r), extent);
        store(d + H, dh * (at(h_before) - n) * z * (1.0f - z), extent);
        store(d + 2 * H, dn * r, extent);
        store(d_n_t.from(b).data + k, dn, extent);
        store(dh_t.from(b).data + k, dh * z, extent);
      });
  }
};

}  // namespace seqmodels::gru
