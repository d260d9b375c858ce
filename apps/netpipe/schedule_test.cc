#include "apps/netpipe/schedule.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace ebbrt::netpipe {
namespace {

std::vector<uint32_t> Sizes(uint32_t first, uint32_t last,
                            uint32_t perturbation) {
  std::vector<uint32_t> sizes;
  for (const Step& step : MakeSchedule(first, last, perturbation)) {
    sizes.push_back(step.bytes);
  }
  return sizes;
}

// What NPtcp 3.7.2 has printed, with -l, -u and -p.
TEST(Schedule, IsThatOfTheStockProgram) {
  EXPECT_EQ(
      Sizes(1, 3000, 3),
      (std::vector<uint32_t>{
          1,   2,   3,   4,   6,   8,    12,   13,   16,   19,   21,
          24,  27,  29,  32,  35,  45,   48,   51,   61,   64,   67,
          93,  96,  99,  125, 128, 131,  189,  192,  195,  253,  256,
          259, 381, 384, 387, 509, 512,  515,  765,  768,  771,  1021,
          1024, 1027, 1533, 1536, 1539, 2045, 2048, 2051}));
  EXPECT_EQ(Sizes(5, 400, 0),
            (std::vector<uint32_t>{5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129,
                                   193, 257, 385}));
  EXPECT_EQ(Sizes(64, 1024, 10),
            (std::vector<uint32_t>{54,  64,  74,  86,  96,  106, 118,
                                   128, 138, 182, 192, 202, 246, 256,
                                   266, 374, 384, 394, 502, 512, 522,
                                   758, 768, 778, 1014, 1024, 1034}));
}

TEST(Schedule, SaysWhereALengthBegins) {
  const std::vector<Step> steps = MakeSchedule(1, 16, 3);
  const std::vector<Step> expected = {
      {1, true}, {2, true},  {3, true},   {4, true},   {6, true},
      {8, true}, {12, true}, {13, true}, {16, false}, {19, false}};
  EXPECT_EQ(steps, expected);
}

TEST(Schedule, HasAnEnd) {
  EXPECT_EQ(Sizes(64, 64, 0), std::vector<uint32_t>{64});
  const std::vector<uint32_t> all = Sizes(1, (uint32_t{1} << 31) - 1, 0);
  EXPECT_EQ(all.back(), uint32_t{3} << 29);
  EXPECT_LT(all.size(), 100u);
}

}  // namespace
}  // namespace ebbrt::netpipe
