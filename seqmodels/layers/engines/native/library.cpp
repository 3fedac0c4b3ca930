// The operators torch sees: arguments checked and made contiguous, results allocated. The equations are in the headers.

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdint>
#include <optional>
#include <tuple>

#include "gru.h"
#include "lstm.h"
#include "rnn.h"
#include "weight_gradient.h"

namespace seqmodels {
namespace {

using at::Tensor;
using at::IntArrayRef;

Packing packing_of(IntArrayRef rows, int64_t batch) {
  int64_t before = batch;
  for (const int64_t now : rows) {
    TORCH_CHECK(
        0 <= now && now <= before, "rows must not grow, from at most ", batch, " down to at least 0, got ", rows);
    before = now;
  }
  return Packing(rows.vec());
}

void check(const char* name, const Tensor& tensor, IntArrayRef shape) {
  TORCH_CHECK(
      tensor.scalar_type() == at::kFloat && tensor.is_cpu(), name, " must be float32 on the CPU, got ",
      tensor.scalar_type(), " on ", tensor.device());
  TORCH_CHECK(tensor.sizes() == shape, name, " must have shape ", shape, ", got ", tensor.sizes());
}

Tensor checked(const char* name, const Tensor& tensor, IntArrayRef shape) {
  check(name, tensor, shape);
  return tensor.contiguous();
}

int64_t hidden_of(const Tensor& weight) {
  TORCH_CHECK(weight.dim() == 2, "weight_hh must have two dimensions, got ", weight.dim());
  return weight.size(1);
}

int64_t batch_of(const Tensor& state) {
  TORCH_CHECK(state.dim() == 2, "a state must have two dimensions, got ", state.dim());
  return state.size(0);
}

// Every new page costs an interrupt: with large ones, where the system offers them, a fifth of the time of the first
// writing (and a large tensor is always new, since its memory goes back to the system when it is freed).
Tensor empty(int64_t rows, int64_t columns) {
  const Tensor tensor = at::empty({rows, columns}, at::kFloat);
#ifdef __linux__
  constexpr uintptr_t page = 2 << 20;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(tensor.data_ptr()), end = begin + tensor.nbytes();
  const uintptr_t first = (begin + page - 1) / page * page, last = end / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);  // a hint: it may be refused
#endif
  return tensor;
}

// What is written while it is read: a copy of the caller's tensor, never the tensor itself.
Tensor copied(const char* name, const Tensor& tensor, IntArrayRef shape) {
  return checked(name, tensor, shape).clone();
}

const float* read(const Tensor& tensor) { return tensor.const_data_ptr<float>(); }
float* write(const Tensor& tensor) { return tensor.mutable_data_ptr<float>(); }

std::tuple<Tensor, Tensor> rnn_forward(
    const Tensor& drive_, const Tensor& h0_, const Tensor& weight_, IntArrayRef rows, bool relu) {
  const int64_t H = hidden_of(weight_), B = batch_of(h0_);
  const Packing packing = packing_of(rows, B);
  const int64_t N = packing.total();
  const Tensor drive = checked("drive", drive_, {N, H}), h0 = checked("h0", h0_, {B, H});
  const Tensor weight = checked("weight_hh", weight_, {H, H}), hs = empty(N, H), h_n = h0.clone();
  const rnn::Forward forward{packing, B, H, read(drive), read(h0), read(weight), write(hs)};
  if (relu)
    forward.run([](Vec x) { return seqmodels::relu(x); });
  else
    forward.run([](Vec x) { return tanh(x); });
  packing.last(read(hs), H, write(h_n));
  return {hs, h_n};
}

std::tuple<Tensor, Tensor> rnn_backward(
    const Tensor& grad_hs_, const Tensor& grad_h_n, const Tensor& hs_, const Tensor& weight_, IntArrayRef rows,
    bool relu) {
  const int64_t H = hidden_of(weight_), B = batch_of(grad_h_n);
  const Packing packing = packing_of(rows, B);
  const int64_t N = packing.total();
  const Tensor grad_hs = checked("grad_hs", grad_hs_, {N, H}), hs = checked("hs", hs_, {N, H});
  const Tensor weight = checked("weight_hh", weight_, {H, H});
  const Tensor d_drive = empty(N, H), dh = copied("grad_h_n", grad_h_n, {B, H});
  const rnn::Backward backward{packing, B, H, read(grad_hs), read(hs), read(weight), write(d_drive), write(dh)};
  if (relu)
    backward.run([](Vec h, Vec dh) { return h <= Vec{} ? Vec{} : dh; });
  else
    backward.run([](Vec h, Vec dh) { return dh * (1.0f - h * h); });
  return {d_drive, dh};
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> lstm_forward(
    const Tensor& drive_, const Tensor& h0_, const Tensor& c0_, const Tensor& weight_, IntArrayRef rows) {
  const int64_t H = hidden_of(weight_), B = batch_of(h0_);
  const Packing packing = packing_of(rows, B);
  const int64_t N = packing.total();
  const Tensor drive = checked("drive", drive_, {N, 4 * H}), weight = checked("weight_hh", weight_, {4 * H, H});
  const Tensor h0 = checked("h0", h0_, {B, H}), c0 = checked("c0", c0_, {B, H});
  const Tensor hs = empty(N, H), cs = empty(N, H), gates = empty(N, 4 * H), h_n = h0.clone(), c_n = c0.clone();
  lstm::Forward{packing,   B,         H,         read(drive),  read(h0), read(c0), read(weight),
                write(hs), write(cs), write(gates)}
      .run();
  packing.last(read(hs), H, write(h_n));
  packing.last(read(cs), H, write(c_n));
  return {hs, cs, gates, h_n, c_n};
}

std::tuple<Tensor, Tensor, Tensor> lstm_backward(
    const Tensor& grad_hs_, const Tensor& grad_h_n, const Tensor& grad_c_n, const Tensor& cs_, const Tensor& gates_,
    const Tensor& c0_, const Tensor& weight_, IntArrayRef rows) {
  const int64_t H = hidden_of(weight_), B = batch_of(c0_);
  const Packing packing = packing_of(rows, B);
  const int64_t N = packing.total();
  const Tensor grad_hs = checked("grad_hs", grad_hs_, {N, H}), weight = checked("weight_hh", weight_, {4 * H, H});
  const Tensor cs = checked("cs", cs_, {N, H}), gates = checked("gates", gates_, {N, 4 * H});
  const Tensor c0 = checked("c0", c0_, {B, H}), d_drive = empty(N, 4 * H);
  const Tensor dh = copied("grad_h_n", grad_h_n, {B, H}), dc = copied("grad_c_n", grad_c_n, {B, H});
  lstm::Backward{packing,      B,        H,        read(grad_hs),  read(cs), read(gates), read(c0),
                 read(weight), write(d_drive), write(dh), write(dc)}
      .run();
  return {d_drive, dh, dc};
}

std::tuple<Tensor, Tensor, Tensor> gru_forward(
    const Tensor& drive_, const Tensor& h0_, const Tensor& weight_, const std::optional<Tensor>& bias_n_,
    IntArrayRef rows) {
  const int64_t H = hidden_of(weight_), B = batch_of(h0_);
  const Packing packing = packing_of(rows, B);
  const int64_t N = packing.total();
  const Tensor drive = checked("drive", drive_, {N, 3 * H}), weight = checked("weight_hh", weight_, {3 * H, H});
  const Tensor h0 = checked("h0", h0_, {B, H}), bias_n = bias_n_ ? checked("bias_n", *bias_n_, {H}) : Tensor();
  const Tensor hs = empty(N, H), gates = empty(N, 4 * H), h_n = h0.clone();
  const float* b_n = bias_n.defined() ? read(bias_n) : nullptr;
  gru::Forward{packing, B, H, read(drive), read(h0), read(weight), b_n, write(hs), write(gates)}.run();
  packing.last(read(hs), H, write(h_n));
  return {hs, gates, h_n};
}

std::tuple<Tensor, Tensor, Tensor> gru_backward(
    const Tensor& grad_hs_, const Tensor& grad_h_n, const Tensor& hs_, const Tensor& gates_, const Tensor& h0_,
    const Tensor& weight_, IntArrayRef rows) {
  const int64_t H = hidden_of(weight_), B = batch_of(h0_);
  const Packing packing = packing_of(rows, B);
  const int64_t N = packing.total();
  const Tensor grad_hs = checked("grad_hs", grad_hs_, {N, H}), hs = checked("hs", hs_, {N, H});
  const Tensor gates = checked("gates", gates_, {N, 4 * H}), h0 = checked("h0", h0_, {B, H});
  const Tensor weight = checked("weight_hh", weight_, {3 * H, H});
  const Tensor d_recurrent = empty(N, 3 * H), d_n = empty(N, H), dh = copied("grad_h_n", grad_h_n, {B, H});
  gru::Backward{packing,   B,        H, read(grad_hs), read(hs), read(gates), read(h0), read(weight),
                write(d_recurrent), write(d_n), write(dh)}
      .run();
  return {d_recurrent, d_n, dh};
}

// Columns of a wider matrix are read where they lie.
Rows<const float> rows_of(const Tensor& matrix) { return {read(matrix), matrix.stride(0)}; }

Tensor weight_gradient(const Tensor& d_, const Tensor& x_) {
  TORCH_CHECK(d_.dim() == 2 && x_.dim() == 2, "d and x must have two dimensions, got ", d_.dim(), " and ", x_.dim());
  const int64_t N = d_.size(0), M = d_.size(1), K = x_.size(1);
  const Tensor d = d_.stride(1) == 1 ? d_ : d_.contiguous(), x = x_.stride(1) == 1 ? x_ : x_.contiguous();
  check("d", d, {N, M});
  check("x", x, {N, K});
  const Tensor gradient = empty(M, K);
  contract(N, M, K, rows_of(d), rows_of(x), write(gradient));
  return gradient;
}

}  // namespace

TORCH_LIBRARY(seqmodels_native, m) {
  m.def("rnn_forward(Tensor drive, Tensor h0, Tensor weight_hh, int[] rows, bool relu) -> (Tensor, Tensor)");
  m.def(
      "rnn_backward(Tensor grad_hs, Tensor grad_h_n, Tensor hs, Tensor weight_hh, int[] rows, bool relu)"
      " -> (Tensor, Tensor)");
  m.def(
      "lstm_forward(Tensor drive, Tensor h0, Tensor c0, Tensor weight_hh, int[] rows)"
      " -> (Tensor, Tensor, Tensor, Tensor, Tensor)");
  m.def(
      "lstm_backward(Tensor grad_hs, Tensor grad_h_n, Tensor grad_c_n, Tensor cs, Tensor gates, Tensor c0,"
      " Tensor weight_hh, int[] rows) -> (Tensor, Tensor, Tensor)");
  m.def(
      "gru_forward(Tensor drive, Tensor h0, Tensor weight_hh, Tensor? bias_n, int[] rows)"
      " -> (Tensor, Tensor, Tensor)");
  m.def(
      "gru_backward(Tensor grad_hs, Tensor grad_h_n, Tensor hs, Tensor gates, Tensor h0, Tensor weight_hh,"
      " int[] rows) -> (Tensor, Tensor, Tensor)");
  m.def("weight_gradient(Tensor d, Tensor x) -> Tensor");
}

TORCH_LIBRARY_IMPL(seqmodels_native, CPU, m) {
  m.impl("rnn_forward", rnn_forward);
  m.impl("rnn_backward", rnn_backward);
  m.impl("lstm_forward", lstm_forward);
  m.impl("lstm_backward", lstm_backward);
  m.impl("gru_forward", gru_forward);
  m.impl("gru_backward", gru_backward);
  m.impl("weight_gradient", weight_gradient);
}

}  // namespace seqmodels
