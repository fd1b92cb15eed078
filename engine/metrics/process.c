/* /proc and three system calls; a few tens of microseconds a scrape. */
#include "metrics/process.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifndef GRIDWARN_VERSION
#define GRIDWARN_VERSION "unversioned"
#endif

static void describe(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(FILE *out, const char *name, const char *help, double value)
{
    describe(out, name, "gauge", help);
    fprintf(out, "%s %.17g\n", name, value);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool memory_pages(unsigned long *virtual, unsigned long *resident)
{
    FILE *in = fopen("/proc/self/statm", "re");
    if (!in)
        return false;
    bool read = fscanf(in, "%lu %lu", virtual, resident) == 2;
    fclose(in);
    return read;
}

/* seconds from boot to the process's start: the 22nd field, the 20th after the name, which may hold anything */
static bool started_after_boot(double *after)
{
    char text[1024];
    FILE *in = fopen("/proc/self/stat", "re");
    if (!in)
        return false;
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    const char *field = strrchr(text, ')');
    unsigned long long ticks;
    for (int i = 0; field && i < 20; i++)
        field = strchr(field + 1, ' ');
    if (!field || sscanf(field, "%llu", &ticks) != 1)
        return false;
    *after = (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return true;
}

/* -1 if not known */
static int open_descriptors(void)
{
    DIR *all = opendir("/proc/self/fd");
    if (!all)
        return -1;
    int count = -1; /* the folder's own */
    for (const struct dirent *one; (one = readdir(all));)
        count += one->d_name[0] != '.';
    closedir(all);
    return count;
}

void process_metrics_write(FILE *out)
{
    struct rusage used;
    struct rlimit limit;
    unsigned long virtual, resident;
    double page = (double)sysconf(_SC_PAGESIZE), after;
    int descriptors = open_descriptors();

    describe(out, "gridwarn_build_info", "gauge", "1, with the version as its label.");
    fputs("gridwarn_build_info{version=\"" GRIDWARN_VERSION "\"} 1\n", out);
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        describe(out, "process_cpu_seconds_total", "counter", "Processor time of user and system.");
        fprintf(out, "process_cpu_seconds_total %.6f\n", seconds(used.ru_utime) + seconds(used.ru_stime));
    }
    if (memory_pages(&virtual, &resident)) {
        gauge(out, "process_virtual_memory_bytes", "Address space.", (double)virtual * page);
        gauge(out, "process_resident_memory_bytes", "Memory in RAM.", (double)resident * page);
    }
    if (descriptors >= 0)
        gauge(out, "process_open_fds", "Open file descriptors.", descriptors);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        gauge(out, "process_max_fds", "Most file descriptors that may be open.", (double)limit.rlim_cur);
    if (started_after_boot(&after))
        gauge(out, "process_start_time_seconds", "When the process started, since 1970.",
              now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME) + after);
}
