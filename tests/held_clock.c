/* A clock in a test's hand.  Loaded before a program (LD_PRELOAD), it answers what the program asks of the wall clock from
 * a page that the test writes (held_clock.py): time goes on from a moment, so many times as fast as life, and stands still
 * at another.  All other clocks are the system's, and so is the wall clock where nobody holds one. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SECOND_NS = 1000000000 };

struct page {
    _Atomic uint64_t version; /* odd: it is being written */
    int64_t since_ns;         /* of the monotonic clock, when it was `from_ns` */
    int64_t from_ns, until_ns, rate;
};

static const struct page *page;

__attribute__((constructor)) static void open_page(void)
{
    const char *path = getenv("HELD_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *at = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *page, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0)
        close(file);
    if (path && at == MAP_FAILED)
        abort();
    page = path ? at : NULL;
}

static int64_t held_ns(void)
{
    struct timespec steady;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &steady);
    int64_t steady_ns = (int64_t)steady.tv_sec * SECOND_NS + steady.tv_nsec;
    for (;;) {
        uint64_t version = atomic_load(&page->version);
        int64_t now = page->from_ns + (steady_ns - page->since_ns) * page->rate, until = page->until_ns;
        atomic_thread_fence(memory_order_acquire);
        if (version % 2 == 0 && atomic_load(&page->version) == version)
            return now < until ? now : until;
    }
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME || !page)
        return (int)syscall(SYS_clock_gettime, clock, now);
    int64_t ns = held_ns();
    *now = (struct timespec){ns / SECOND_NS, ns % SECOND_NS};
    return 0;
}
