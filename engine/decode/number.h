/* Numbers as sources write them, in integers only: a sum of fixed-point values does not depend on its order. */
#ifndef GW_DECODE_NUMBER_H
#define GW_DECODE_NUMBER_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* "-62.4" → -62400: exact, what lies beyond thousandths rounded half to even; exponents and thousands' commas are
 * understood.  false: not a number, or beyond 64 bits. */
bool number_thousandths(struct str text, int64_t *thousandths);

/* of a JSON number that has become a double; false beyond 15 significant digits' worth of thousandths, where the
 * double no longer tells which decimal was meant */
bool number_thousandths_of_double(double, int64_t *thousandths);

/* How many people a text speaks of: its first number ("约20人", "20.0", "1.2万", full-width digits); 0 if it has
 * none, since "many" is no mistake.  false: negative, or beyond 32 bits. */
bool number_of_people(struct str text, uint32_t *people);

#endif
