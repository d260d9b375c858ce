#include "apps/loadgen/distribution.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "apps/loadgen/etc_workload.h"

namespace ebbrt::loadgen {
namespace {

// (x^-shape - 1) / shape, continued to shape 0.
double PowerTail(double x, double shape) {
  return shape == 0 ? -std::log(x) : std::expm1(-shape * std::log(x)) / shape;
}

// The standard normal quantile, by bisection of its complement: far from fast,
// and exact to the last digits.
double NormalQuantile(double u) {
  double low = -40;
  double high = 40;
  for (int i = 0; i < 64; ++i) {
    double middle = (low + high) / 2;
    double below = std::erfc(-middle / std::numbers::sqrt2) / 2;
    (below < u ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

Distribution Distribution::Fixed(double value) {
  return Distribution(Kind::kFixed, value, 0, 0);
}
Distribution Distribution::Uniform(double min, double max) {
  return Distribution(Kind::kUniform, min, max - min, 0);
}
Distribution Distribution::Normal(double mean, double deviation) {
  return Distribution(Kind::kNormal, mean, deviation, 0);
}
Distribution Distribution::Exponential(double mean) {
  return Pareto(0, mean, 0);
}
Distribution Distribution::Pareto(double location, double scale,
                                  double shape) {
  return Distribution(Kind::kPareto, location, scale, shape);
}
Distribution Distribution::ExtremeValue(double location, double scale,
                                        double shape) {
  return Distribution(Kind::kExtremeValue, location, scale, shape);
}

Distribution Distribution::EtcKeyBytes() {
  return ExtremeValue(etc::kKeyLocation, etc::kKeyScale, etc::kKeyShape);
}
Distribution Distribution::EtcValueBytes() {
  Distribution values =
      Pareto(etc::kValueLocation, etc::kValueScale, etc::kValueShape);
  double sum = 0;
  for (double probability : etc::kValueProbabilities) {
    values.small_values_.push_back(sum += probability);
  }
  return values;
}
Distribution Distribution::EtcGap() {
  return Pareto(etc::kGapLocation, etc::kGapScale, etc::kGapShape);
}

double Distribution::Quantile(double u) const {
  if (!small_values_.empty()) {
    double small = small_values_.back();
    if (u <= small) {
      auto found =
          std::lower_bound(small_values_.begin(), small_values_.end(), u);
      return static_cast<double>(found - small_values_.begin());
    }
    u = (u - small) / (1 - small);
  }
  switch (kind_) {
    case Kind::kFixed:
      return location_;
    case Kind::kUniform:
      return location_ + scale_ * u;
    case Kind::kNormal:
      return location_ + scale_ * NormalQuantile(u);
    case Kind::kPareto:
      return location_ + scale_ * PowerTail(1 - u, shape_);
    case Kind::kExtremeValue:
      return location_ + scale_ * PowerTail(-std::log(u), shape_);
  }
  return location_;
}

double Distribution::MeanOfPositive() const {
  // The midpoint rule, with the topmost slice cut again and again, because a
  // tail keeps much of its mean there.
  constexpr int kSlices = 1024;
  constexpr int kCuts = 4;
  double sum = 0;
  double width = 1;  // Of what is not yet summed: (1 - width, 1).
  for (int cut = 0; cut < kCuts; ++cut) {
    double slice = width / kSlices;
    int slices = cut + 1 < kCuts ? kSlices - 1 : kSlices;
    for (int i = 0; i < slices; ++i) {
      double u = 1 - width + (i + 0.5) * slice;
      sum += slice * std::max(0.0, Quantile(std::min(u, 1 - 0x1p-53)));
    }
    width = slice;
  }
  return sum;
}

}  // namespace ebbrt::loadgen
