// i, f, o = sigmoid(.), g = tanh(.) of the blocks of drive_t + W h_{t-1}; c_t = f c_{t-1} + i g; h_t = o tanh(c_t).
#pragma once

#include "sequence.h"

namespace seqmodels::lstm {

struct Forward {
  const Packing& packing;
  int64_t batch, hidden;
  const float *drive, *h0, *c0, *weight;
  float *hs, *cs, *gates;

  void run() const {
    const Packed w = Packed::transposed(weight, 4, hidden, hidden);
    through_time(packing.steps(), batch, w, [&](int64_t t, Share share, Columns columns) {
      const int64_t rows = share.count(packing.rows(t)), H = hidden, start = packing.start(t);
      const auto h_before = share.of(t ? hs + packing.start(t - 1) * H : h0, H);
      for (int64_t gate = 0; gate < 4; ++gate) {
        const int64_t j = gate * H + columns.begin;
        const auto from = share.of(drive + start * 4 * H, 4 * H, j);
        const auto to = share.of(gates + start * 4 * H, 4 * H, j);
        multiply(rows, H, h_before, w.panel(gate, columns), columns, from, to);
      }
      pointwise(t, share, columns);
    });
  }

 private:
  void pointwise(int64_t t, Share share, Columns columns) const {
    const int64_t H = hidden, start = packing.start(t), j = columns.begin;
    const auto c_before = share.of(t ? cs + packing.start(t - 1) * H : c0, H, j);
    const auto c_t = share.of(cs + start * H, H, j), h_t = share.of(hs + start * H, H, j);
    const auto gates_t = share.of(gates + start * 4 * H, 4 * H, j);
    for (int64_t b = 0; b < share.count(packing.rows(t)); ++b)
      for_columns(0, columns.end - j, [&](int64_t k, auto extent) {
        float* gate = gates_t.from(b).data + k;
        const Vec i = sigmoid(load(gate, extent)), f = sigmoid(load(gate + H, extent));
        const Vec g = tanh(load(gate + 2 * H, extent)), o = sigmoid(load(gate + 3 * H, extent));
        const Vec c = f * load(c_before.from(b).data + k, extent) + i * g;
        store(gate, i, extent);
        store(gate + H, f, extent);
        store(gate + 2 * H, g, extent);
        store(gate + 3 * H, o, extent);
        store(c_t.from(b).data + k, c, extent);
        store(h_t.from(b).data + k, o * tanh(c), extent);
      });
  }
};

// dh and dc start as the gradients of the last states and end as those of the first ones. Step t counts the rows that
// have it, and the product those that also have step t + 1: a row joins where its sequence ends.
struct Backward {
  const Packing& packing;
  int64_t batch, hidden;
  const float *grad_hs, *cs, *gates, *c0, *weight;
  float *d_drive, *dh, *dc;

  void run() const {
    const Packed w = Packed::plain({weight, hidden}, 4 * hidden, hidden);
    through_time(packing.steps() + 1, batch, w, [&](int64_t i, Share share, Columns columns) {
      const int64_t t = packing.steps() - 1 - i, H = hidden;
      const float* d_after = d_drive + (i ? packing.start(t + 1) * 4 * H : 0);
      multiply(
          share.count(packing.rows(t + 1)), 4 * H, share.of(d_after, 4 * H), w.panel(0, columns), columns, {},
          share.of(dh, H, columns.begin));
      if (t >= 0) pointwise(t, share, columns);
    });
  }

 private:
  void pointwise(int64_t t, Share share, Columns columns) const {
    const int64_t H = hidden, start = packing.start(t), j = columns.begin;
    const auto c_before = share.of(t ? cs + packing.start(t - 1) * H : c0, H, j);
    const auto c_t = share.of(cs + start * H, H, j), grad = share.of(grad_hs + start * H, H, j);
    const auto dh_t = share.of(dh, H, j), dc_t = share.of(dc, H, j);
    const auto gates_t = share.of(gates + start * 4 * H, 4 * H, j);
    const auto d_t = share.of(d_drive + start * 4 * H, 4 * H, j);
    for (int64_t b = 0; b < share.count(packing.rows(t)); ++b)
      for_columns(0, columns.end - j, [&](int64_t k, auto extent) {
        const auto at = [&](auto rows) { return load(rows.from(b).data + k, extent); };
        const float* gate = gates_t.from(b).data + k;
        const Vec i = load(gate, extent), f = load(gate + H, extent);
        const Vec g = load(gate + 2 * H, extent), o = load(gate + 3 * H, extent);
        const Vec u = tanh(at(c_t)), dh = at(dh_t) + at(grad);
        const Vec dc = at(dc_t) + dh * o * (1.0f - u * u);
        float* d = d_t.from(b).data + k;
        store(d, dc * g * i * (1.0f - i), extent);
        store(d + H, dc * at(c_before) * f * (1.0f - f), extent);
        store(d + 2 * H, dc * i * (1.0f - g * g), extent);
        store(d + 3 * H, dh * u * o * (1.0f - o), extent);
        store(dc_t.from(b).data + k, dc * f, extent);
      });
  }
};

}  // namespace seqmodels::lstm
