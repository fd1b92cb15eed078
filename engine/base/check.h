/* Programmers' errors.  CHECK stays in release builds: a ledger that goes on after a broken invariant would
 * publish wrong alerts, which is worse than stopping.  DEBUG_CHECK is for the path of every event. */
#ifndef GW_BASE_CHECK_H
#define GW_BASE_CHECK_H

#include <stddef.h>

_Noreturn void check_failed(const char *what, const char *file, int line);

#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DEBUG_CHECK(condition) ((void)sizeof(condition))
#else
#define DEBUG_CHECK(condition) CHECK(condition)
#endif

/* Allocation that cannot fail: the engine bounds its memory by its own limits, so running out is a fault of
 * the machine's set-up, reported and final.  xcalloc returns zeroed memory; free with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);

/* cache-line aligned and zeroed; free with free() */
void *xaligned(size_t size);

#define GW_CACHE_LINE 64

#endif
