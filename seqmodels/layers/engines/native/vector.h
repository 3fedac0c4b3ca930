// A register of floats, and the functions that recurrences need of it.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace seqmodels {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#elif defined(__AVX__)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif

typedef float Vec __attribute__((vector_size(4 * kWidth)));
typedef int32_t Bits __attribute__((vector_size(4 * kWidth)));

inline Vec broadcast(float x) { return Vec{} + x; }

// How much of a register lies inside a row: all of it, or its first few floats at the row's end.
struct Whole {};
struct Part {
  int count;
};

inline Vec load(const float* from, Whole) {
  Vec x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

inline void store(float* to, Vec x, Whole) { std::memcpy(to, &x, sizeof x); }

#ifdef __AVX512F__
inline __mmask16 first(Part part) { return static_cast<__mmask16>((1u << part.count) - 1); }
inline Vec load(const float* from, Part part) { return (Vec)_mm512_maskz_loadu_ps(first(part), from); }
inline void store(float* to, Vec x, Part part) { _mm512_mask_storeu_ps(to, first(part), (__m512)x); }
#else
inline Vec load(const float* from, Part part) {
  Vec x{};
  std::memcpy(&x, from, sizeof(float) * part.count);
  return x;
}
inline void store(float* to, Vec x, Part part) { std::memcpy(to, &x, sizeof(float) * part.count); }
#endif

// Calls f(j, Whole or Part) for each register of the columns begin to end.
template <class F>
inline void for_columns(int64_t begin, int64_t end, const F& f) {
  int64_t j = begin;
  for (; j + kWidth <= end; j += kWidth) f(j, Whole{});
  if (j < end) f(j, Part{static_cast<int>(end - j)});
}

// e^x as 2^n (1 + p). Kept in two parts, so that e^x - 1 loses no digit near zero.
struct Exponential {
  Vec scale, p;
};

inline Exponential exponential(Vec x) {
  const Vec low = broadcast(-87.0f), high = broadcast(88.0f);
  x = x < low ? low : x;  // in this order: NaN is not below, and stays
  x = x > high ? high : x;
  // Adding 1.5 * 2^23 rounds to an integer n and leaves it in the low bits, the exponent's bias already added.
  const Vec shift = broadcast(12582912.0f + 127.0f);
  const Vec shifted = x * 1.44269504f + shift;
  const Vec n = shifted - shift;
  const Vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts: n * 0.693359375 is exact
  // Taylor's series of e^r - 1: the first term left out is below 2e-8 of the sum for |r| <= ln(2) / 2.
  Vec p = broadcast(1.0f / 5040);
  for (const float c : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 1.0f / 2, 1.0f}) p = p * r + c;
  return {(Vec)((Bits)shifted << 23), p * r};
}

inline Vec sigmoid(Vec x) {
  const auto [scale, p] = exponential(-x);
  return 1.0f / (scale * p + (scale + 1.0f));
}

// (e^2x - 1) / (e^2x + 1)
inline Vec tanh(Vec x) {
  const auto [scale, p] = exponential(x + x);
  return (scale * p + (scale - 1.0f)) / (scale * p + (scale + 1.0f));
}

inline Vec relu(Vec x) { return x < Vec{} ? Vec{} : x; }  // NaN stays

}  // namespace seqmodels
