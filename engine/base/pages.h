/* Large tables that are read at random: memory straight from the system, zeroed, in pages of 2 MiB where the system has
 * them.  A look-up in a table of 4 KiB pages misses the TLB nearly every time, and under a hypervisor such a miss costs
 * more than the line it is for.  Pages come only when they are touched.  What is small is the heap's. */
#ifndef GW_BASE_PAGES_H
#define GW_BASE_PAGES_H

#include <stddef.h>

/* never NULL; aligned to a cache line */
void *pages_map(size_t bytes);
void pages_unmap(void *, size_t bytes); /* as many as were mapped; NULL: nothing */

/* As above, for tables that come and go: below 2 MiB it is the heap's, which keeps what one leaves for the next, while the
 * system would have to fault it in anew. */
void *pages_take(size_t bytes);
void pages_give(void *, size_t bytes);

#endif
