/* How times and shares are spread.  Pure functions; any thread. */
#ifndef GW_REPORT_SPREAD_H
#define GW_REPORT_SPREAD_H

#include <stddef.h>
#include <stdint.h>

/* Of times in seconds.  A quantile is one of them: the least that is not below so large a share of all. */
struct spread {
    size_t count;
    int64_t median, p90;
};

/* sorts them */
struct spread spread_of(int64_t *times, size_t count);
/* of sorted ones; 0 where there are none */
int64_t quantile(const int64_t *sorted, size_t count, unsigned hundredths);

/* the interval that holds the true share with 95 % chance, after k of n (Wilson); 0 to 1 where n is 0 */
void wilson(size_t k, size_t n, double *low, double *high);

#endif
