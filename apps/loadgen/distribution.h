// Probability distributions, drawn from by their inverse: Quantile(U), U
// uniform, is of the distribution.
//
// Cores: any; immutable. Blocks: no. Allocates: a table, for EtcValueBytes.
// Errors: none; parameters come checked (apps/loadgen/options.h).
// Source: the formulae of generalised Pareto and extreme value are those of
// Hosking, Wallis, 1987, with the sign of the shape as in mutilate.
#ifndef EBBRT_APPS_LOADGEN_DISTRIBUTION_H_
#define EBBRT_APPS_LOADGEN_DISTRIBUTION_H_

#include <algorithm>
#include <vector>

#include "core/base/random.h"

namespace ebbrt::loadgen {

class Distribution {
 public:
  static Distribution Fixed(double value);
  static Distribution Uniform(double min, double max);
  static Distribution Normal(double mean, double deviation);
  static Distribution Exponential(double mean);
  // location + scale * (U^-shape - 1) / shape; shape 0 is exponential.
  static Distribution Pareto(double location, double scale, double shape);
  // location + scale * (E^-shape - 1) / shape, E exponential with mean 1.
  static Distribution ExtremeValue(double location, double scale, double shape);

  // The three of the ETC workload.
  static Distribution EtcKeyBytes();
  static Distribution EtcValueBytes();
  static Distribution EtcGap();

  // The value that the part `u` of all is at most. REQUIRES: 0 < u < 1.
  double Quantile(double u) const;
  double Draw(Random& random) const {
    // Never zero, whose logarithm is not finite.
    return Quantile(std::max(random.Fraction(), 0x1p-53));
  }

  // Of Quantile with negative values counted as zero, by integration: within a
  // thousandth, if the tail is not heavier than ETC's.
  double MeanOfPositive() const;

 private:
  enum class Kind { kFixed, kUniform, kNormal, kPareto, kExtremeValue };

  Distribution(Kind kind, double location, double scale, double shape)
      : kind_(kind), location_(location), scale_(scale), shape_(shape) {}

  Kind kind_;
  double location_;
  double scale_;
  double shape_;
  // Where not empty: entry i is the probability of a value of at most i, and
  // what is above all of them is of the distribution above.
  std::vector<double> small_values_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_DISTRIBUTION_H_
