/*
 * How many clients a sketch stands for. Nothing that loads logs asks, the server answers that in
 * SQL: it is here to be compared with the server's answer, and in a file of its own because only
 * this needs libm.
 */
#include "hll_priv.h"

#include <math.h>

/*
 * Flajolet and others, "HyperLogLog" (2007), figure 3, as the server computes it: the same
 * operations in the same order give the same double. Above 2^L, L the bits that registers can tell
 * apart, the logarithm has no value: NaN, as there.
 */
double
hll_cardinality(const struct hll *h)
{
    const double m = HLL_REGISTERS, two_to_l = ldexp(1.0, REGISTER_MAX - 1 + HLL_LOG2M);
    double sum = 0, estimate;
    size_t n_zero;

    if (h->n != HLL_IN_REGISTERS)
        return h->n;
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        sum += ldexp(1.0, -h->u.registers[i]);
    n_zero = count_zero(h->u.registers);
    estimate = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
    if (n_zero > 0 && estimate < 2.5 * m)
        return m * log(m / (double)n_zero);
    if (estimate <= two_to_l / 30.0)
        return estimate;
    return -two_to_l * log(1.0 - estimate / two_to_l);
}
