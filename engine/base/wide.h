/* Products of two 64-bit numbers, for exact fractions.  gcc and clang have the type on all 64-bit machines; ISO C has it
 * not, hence the extension's mark. */
#ifndef GW_BASE_WIDE_H
#define GW_BASE_WIDE_H

__extension__ typedef __int128 int128;

#endif
