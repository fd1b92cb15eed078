/* The line of the file that a problem is about, with a caret under its place:
 *
 *      12 |     时间窗: 24小时半
 *         |             ^
 *
 * for who mends a file in a terminal and not in an editor that jumps to it. */
#ifndef GW_CLI_EXCERPT_H
#define GW_CLI_EXCERPT_H

#include "base/problem.h"

/* Nothing if the problem has no line, the file can't be read again, or the line may hold a password. */
void excerpt_print(FILE *, const struct problem *);

#endif
