/*
 * The engine's Math has every function of ECMAScript. The program uses none of these, of which musl
 * has 28 kB: code and tables.
 */
#include <math.h>
#include <stdlib.h>

#define ABSENT(name)                                                                               \
  double name(double number) {                                                                     \
    (void)number;                                                                                  \
    abort();                                                                                       \
  }
#define ABSENT_OF_TWO(name)                                                                        \
  double name(double one, double other) {                                                          \
    (void)one, (void)other;                                                                        \
    abort();                                                                                       \
  }

ABSENT(acos)
ABSENT(acosh)
ABSENT(asin)
ABSENT(asinh)
ABSENT(atan)
ABSENT_OF_TWO(atan2)
ABSENT(atanh)
ABSENT(cbrt)
ABSENT(cos)
ABSENT(cosh)
ABSENT(exp)
ABSENT(expm1)
ABSENT_OF_TWO(hypot)
ABSENT(log)
ABSENT(log10)
ABSENT(log1p)
ABSENT(log2)
ABSENT(sin)
ABSENT(sinh)
ABSENT(tan)
ABSENT(tanh)
