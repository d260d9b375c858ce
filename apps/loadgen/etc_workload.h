// The ETC workload: the most representative pool of Facebook's memcached, in
// the form in which load generators use it.
//
// Source: Atikoglu, Xu, Frachtenberg, Jiang, Paleczny, "Workload analysis of a
// large-scale key-value store", SIGMETRICS 2012; the
// same figures are mutilate's fb_key, fb_value and fb_ia.
#ifndef EBBRT_APPS_LOADGEN_ETC_WORKLOAD_H_
#define EBBRT_APPS_LOADGEN_ETC_WORKLOAD_H_

namespace ebbrt::loadgen::etc {

// Key sizes are of the generalised extreme value distribution, in bytes.
inline constexpr double kKeyLocation = 30.7984;
inline constexpr double kKeyScale = 8.20449;
inline constexpr double kKeyShape = 0.078688;

// Small values have these probabilities, by their size in bytes ...
inline constexpr double kValueProbabilities[] = {
    0.00536, 0.00047, 0.17820, 0.09239, 0.00018, 0.02740, 0.00065, 0.00606,
    0.00023, 0.00837, 0.00837, 0.08989, 0.00092, 0.00326, 0.01980};
// ... and all others are of the generalised Pareto distribution, in bytes.
inline constexpr double kValueLocation = 15.0;
inline constexpr double kValueScale = 214.476;
inline constexpr double kValueShape = 0.348238;

// The time between requests is of the generalised Pareto distribution, in
// microseconds; a target rate scales it.
inline constexpr double kGapLocation = 0.0;
inline constexpr double kGapScale = 16.0292;
inline constexpr double kGapShape = 0.154971;

// The part of the requests that are sets.
inline constexpr double kSetFraction = 0.033;

}  // namespace ebbrt::loadgen::etc

#endif  // EBBRT_APPS_LOADGEN_ETC_WORKLOAD_H_
