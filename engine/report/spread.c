#include "report/spread.h"

#include <math.h>
#include <stdlib.h>

static int by_number(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

int64_t quantile(const int64_t *sorted, size_t count, unsigned hundredths)
{
    size_t rank = (count * hundredths + 99) / 100;
    return count ? sorted[rank ? rank - 1 : 0] : 0;
}

struct spread spread_of(int64_t *times, size_t count)
{
    if (count)
        qsort(times, count, sizeof *times, by_number);
    return (struct spread){count, quantile(times, count, 50), quantile(times, count, 90)};
}

void wilson(size_t k, size_t n, double *low, double *high)
{
    const double z = 1.959963984540054;
    double p = n ? (double)k / (double)n : 0, under = 1 + z * z / (double)(n ? n : 1);
    double middle = p + z * z / (2 * (double)(n ? n : 1));
    double half = n ? z * sqrt(p * (1 - p) / (double)n + z * z / (4 * (double)n * (double)n)) : 0;
    *low = n && k ? (middle - half) / under : 0;
    *high = n && k < n ? (middle + half) / under : 1;
}
