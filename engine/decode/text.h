/* Text as people and databases of the field write it: blanks that mean nothing, full-width characters, masks, phone
 * numbers.  Everything works on borrowed text; what must be written goes to the caller's buffer. */
#ifndef GW_DECODE_TEXT_H
#define GW_DECODE_TEXT_H

#include "base/str.h"

#include <stdbool.h>

/* without blanks at either end, the full-width one included */
struct str text_trim(struct str);

/* of a trimmed text: empty, "-", "null", "NULL", "无", "不详", "\N" */
bool text_blank(struct str);

/* of a trimmed text: true, yes, y, 1 (any case) or 是 */
bool text_true(struct str);

/* The text with full-width characters in place of ASCII ones made ASCII: in `buffer` if there are any, else, and
 * where it does not fit, as it is. */
struct str text_narrow(struct str, char *buffer, size_t size);

/* has a '*' or its full-width form: a person whom the source does not want told apart */
bool text_masked(struct str);

/* Has it a number that may be a person's: seven digits or masks in a row, blanks and hyphens between them left out?  So has
 * whatever holds a telephone or an identity card. */
bool text_numbered(struct str);

/* The digits of a phone number without country code, separators and extension, in `buffer`; empty if there are fewer
 * than seven, as in "110转". */
enum { PHONE_DIGITS_MAX = 20 };
struct str text_phone(struct str, char buffer[PHONE_DIGITS_MAX]);

#endif
